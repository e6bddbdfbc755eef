//! Roles, members, deny policies and boundaries of Google Cloud IAM, asked of a bucket. Each test names the rules of
//! `shared/analysis/semantics/gcp.md` that decide it; the expectation is the vendor's.

use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Write};
use keyfence_analysis::model::Verdict::{No, Unknown, Yes};
use keyfence_tests::gcp_world::{
    ALL, ANNA, ANYBODY, BEN, BUCKET, CRYPT, CUSTOM, FOLDER, GET, INNER, KEY, OBJECT_ADMIN,
    ORGANIZATION, OTHER_PROJECT, OUTER, OUTER_SET, OUTSIDER, PROJECT, PUBLIC, ROBOT, ROBOT_SUBJECT,
    SECOND, STORAGE_ADMIN, UNTIL_2027, VIEWER, WORKER, World, acl_bucket, check, check_all, denied,
    read, subject,
};
use keyfence_tests::with;
use serde_json::{Value, json};

// --- what is certain and what is not

/// GCP-001: an unknown role beside a known one: what is certain stays certain, in both directions.
#[test]
fn what_is_certain_stays_certain_beside_an_unknown() {
    let world = World::new().bind(BUCKET, CUSTOM, ANNA);
    read(&world, ANNA, Unknown);
    // Yes or unknown.
    read(&world.clone().bind(PROJECT, VIEWER, ANNA), ANNA, Yes);
    // No and unknown.
    let refused = world.clone().deny(PROJECT, &denied(&[&subject(ANNA)], &[GET]));
    read(&refused, ANNA, No);
    // A condition or unknown is not known.
    read(&world.bind_if(PROJECT, VIEWER, ANNA, UNTIL_2027), ANNA, Unknown);
}

/// GCP-002: without deny policies a grant may be taken away.
#[test]
fn without_the_deny_policies_a_grant_is_unknown() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA).without("deny-policies");
    check_all(&world, [Unknown, No, No, No]);
}

/// GCP-002, GCP-016: predefined roles are shipped, so that their definitions may be missing; custom roles are not.
#[test]
fn without_the_roles_predefined_ones_are_still_known() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA).bind(BUCKET, CUSTOM, BEN).without("roles");
    read(&world, ANNA, Yes);
    read(&world, BEN, Unknown);
}

/// GCP-002, GCP-024: what somebody has by himself stays certain.
#[test]
fn without_the_groups_membership_is_unknown() {
    let world = World::new().bind(BUCKET, VIEWER, OUTER).bind(BUCKET, VIEWER, BEN);
    read(&world, ANNA, No);
    let world = world.without("groups");
    read(&world, ANNA, Unknown);
    read(&world, ROBOT, Unknown);
    read(&world, BEN, Yes);
    // Everyone is in no group.
    read(&world, PUBLIC, No);
}

/// GCP-024: a denial, or an exception from one, may hang on a group.
#[test]
fn without_the_groups_a_denial_of_a_group_is_unknown() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA).without("groups");
    read(&world.clone().deny(PROJECT, &denied(&[OUTER_SET], &[GET])), ANNA, Unknown);
    let rule = with(denied(&[ALL], &[GET]), &json!({"exceptionPrincipals": [OUTER_SET]}));
    read(&world.deny(PROJECT, &rule), ANNA, Unknown);
}

/// GCP-024: so may a basic role that a convenience value stands for.
#[test]
fn without_the_groups_a_basic_role_by_group_is_unknown() {
    let world = World::new()
        .bind(BUCKET, "roles/storage.legacyObjectReader", "projectViewer:records-prod")
        .bind(PROJECT, "roles/viewer", OUTER)
        .bind(PROJECT, "roles/viewer", BEN);
    read(&world, ANNA, No);
    let world = world.without("groups");
    read(&world, ANNA, Unknown);
    read(&world, BEN, Yes);
}

// --- roles

/// GCP-019: a role that neither the estate nor the table knows may give anything.
#[test]
fn an_unknown_role_is_unknown() {
    let world = World::new().bind(BUCKET, CUSTOM, ANNA);
    check_all(&world, [Unknown, Unknown, Unknown, Unknown]);
    check_all(&world.bind(BUCKET, VIEWER, ANNA), [Yes, Unknown, Unknown, Unknown]);
}

/// GCP-016, GCP-017: what a role is called says nothing.
#[test]
fn the_name_of_a_role_says_nothing() {
    let named = "projects/records-prod/roles/storage.objectViewer";
    let world = World::new().role(named, &["storage.objects.list"]).bind(BUCKET, named, ANNA);
    check_all(&world, [No, No, No, No]);
    let plain = "organizations/483920175523/roles/billingClerk";
    let world = World::new().role(plain, &["storage.objects.get"]).bind(FOLDER, plain, ANNA);
    check_all(&world, [Yes, No, No, No]);
    // A predefined role of another service that reads objects.
    let world = World::new().bind(PROJECT, "roles/iam.supportUser", ANNA);
    check_all(&world, [Yes, No, No, No]);
}

/// GCP-018: the bindings of a disabled role are inactive, and so are those of a deleted one.
#[test]
fn a_disabled_or_deleted_role_gives_nothing() {
    let permissions = ["storage.objects.get"];
    let cases = [
        (json!({"includedPermissions": permissions, "stage": "GA"}), Yes),
        (json!({"includedPermissions": permissions, "stage": "DEPRECATED"}), Yes),
        (json!({"includedPermissions": permissions, "stage": "DISABLED"}), No),
        (json!({"includedPermissions": permissions, "stage": "GA", "deleted": true}), No),
        (json!({"includedPermissions": permissions, "stage": "GA", "deleted": false}), Yes),
    ];
    for (entry, expected) in cases {
        let world = World::new().role_entry(CUSTOM, entry).bind(BUCKET, CUSTOM, ANNA);
        read(&world, ANNA, expected);
    }
}

/// GCP-020: basic roles hold no object permissions; Owner holds the project's `setIamPolicy`.
#[test]
fn basic_roles_alone_read_no_objects() {
    for (role, administers) in [("roles/viewer", No), ("roles/editor", No), ("roles/owner", Yes)] {
        for on in [ORGANIZATION, FOLDER, PROJECT] {
            let world = World::new().bind(on, role, ANNA);
            check_all(&world, [No, No, No, administers]);
        }
    }
}

/// GCP-021: the convenience values stand for who has the basic role on the project.
#[test]
fn convenience_values_stand_for_the_basic_roles_of_the_project() {
    let cases = [
        ("projectViewer:records-prod", "roles/viewer"),
        ("projectEditor:records-prod", "roles/editor"),
        ("projectOwner:records-prod", "roles/owner"),
    ];
    for (member, _) in cases {
        for (_, role) in cases {
            let world = World::new()
                .bind(BUCKET, "roles/storage.legacyObjectReader", member)
                .bind(PROJECT, role, ANNA);
            let fits = cases.contains(&(member, role));
            read(&world, ANNA, if fits { Yes } else { No });
            read(&world, BEN, No);
        }
    }
}

/// GCP-021: the roles that new buckets give to the convenience values.
#[test]
fn the_default_bindings_of_a_bucket_give_owners_and_editors_write_and_viewers_read() {
    let world = World::new()
        .bind(BUCKET, "roles/storage.legacyBucketOwner", "projectEditor:records-prod")
        .bind(BUCKET, "roles/storage.legacyBucketOwner", "projectOwner:records-prod")
        .bind(BUCKET, "roles/storage.legacyBucketReader", "projectViewer:records-prod")
        .bind(BUCKET, "roles/storage.legacyObjectReader", "projectViewer:records-prod")
        .bind(BUCKET, "roles/storage.legacyObjectOwner", "projectEditor:records-prod");
    check_all(&world.clone().bind(PROJECT, "roles/viewer", ANNA), [Yes, No, No, No]);
    check_all(&world.clone().bind(PROJECT, "roles/editor", ANNA), [Yes, Yes, Yes, Yes]);
    // Groups and service accounts hold basic roles too.
    let grouped = world.clone().group(OUTER, &[ANNA]).bind(PROJECT, "roles/viewer", OUTER);
    check_all(&grouped, [Yes, No, No, No]);
    read(&world.bind(PROJECT, "roles/editor", ROBOT), ROBOT, Yes);
}

/// GCP-021: the value names its project, and only the project of the bucket may be named.
#[test]
fn the_basic_role_on_another_project_is_none_on_this() {
    let world = World::new()
        .bind(BUCKET, "roles/storage.legacyObjectReader", "projectViewer:records-prod")
        .bind(OTHER_PROJECT, "roles/viewer", ANNA);
    read(&world, ANNA, No);
}

// --- members

/// GCP-023: groups count transitively.
#[test]
fn members_of_nested_groups_have_what_the_outer_group_has() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA, ROBOT])
        .bind(BUCKET, VIEWER, OUTER);
    for who in [ANNA, ROBOT, INNER, OUTER] {
        read(&world, who, Yes);
    }
    read(&world, BEN, No);
    let other_way =
        World::new().group(OUTER, &[INNER, ANNA]).group(INNER, &[BEN]).bind(BUCKET, VIEWER, INNER);
    read(&other_way, ANNA, No);
}

/// GCP-023: groups may contain each other.
#[test]
fn a_circle_of_groups_does_no_harm() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[OUTER, ANNA])
        .bind(BUCKET, VIEWER, OUTER);
    read(&world, ANNA, Yes);
}

/// GCP-025: all users of that domain, not of one below it, and no service account.
#[test]
fn a_domain_is_its_users() {
    let world = World::new().bind(BUCKET, VIEWER, "domain:lindenbank.example");
    read(&world, ANNA, Yes);
    read(&world, OUTSIDER, No);
    read(&world, "user:x@sub.lindenbank.example", No);
    read(&world, "user:x@evil-lindenbank.example", No);
    read(&world, ROBOT, No);
    read(&world, "group:staff@lindenbank.example", No);
    read(&world, ANYBODY, No);
}

/// GCP-031: nobody, and a new account of the same name is somebody else.
#[test]
fn deleted_members_are_nobody() {
    let world = World::new()
        .bind(BUCKET, VIEWER, "deleted:user:anna@lindenbank.example?uid=123456789012345678901")
        .bind(
            PROJECT,
            OBJECT_ADMIN,
            "deleted:serviceAccount:robot@records-prod.iam.gserviceaccount.com?uid=1",
        );
    read(&world, ANNA, No);
    read(&world, ROBOT, No);
    read(&world, "deleted:user:anna@lindenbank.example?uid=123456789012345678901", No);
}

/// GCP-022: a user and a service account of one address are two.
#[test]
fn the_kind_of_a_member_counts() {
    let world = World::new().bind(BUCKET, VIEWER, "serviceAccount:anna@lindenbank.example");
    read(&world, ANNA, No);
}

/// GCP-022: a single federated identity.
#[test]
fn a_federated_identity_is_a_member_by_its_own_name() {
    let someone = "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/x";
    let world = World::new().bind(BUCKET, VIEWER, someone);
    read(&world, someone, Yes);
    read(&world, ANNA, No);
}

/// GCP-026: `allUsers` is anyone on the internet, with and without identity; `allAuthenticatedUsers` whoever has one.
#[test]
fn everyone_and_everyone_with_an_identity() {
    let world = World::new().bind(BUCKET, VIEWER, "allUsers");
    for who in [PUBLIC, ANYBODY, ANNA, OUTSIDER, ROBOT] {
        read(&world, who, Yes);
        check(&world, who, Write, BUCKET, No);
    }
    let world = World::new().bind(BUCKET, VIEWER, "allAuthenticatedUsers");
    read(&world, PUBLIC, No);
    for who in [ANYBODY, ANNA, OUTSIDER, ROBOT] {
        read(&world, who, Yes);
    }
}

/// GCP-027: "This principal type doesn't include identities that come from external identity providers"; `allUsers` does.
#[test]
fn federated_identities_are_in_all_users_only() {
    let workload = "principal://iam.googleapis.com/projects/604172938815/locations/global/workloadIdentityPools/ci/subject/x";
    for who in [WORKER, workload] {
        read(&World::new().bind(BUCKET, VIEWER, "allAuthenticatedUsers"), who, No);
        read(&World::new().bind(BUCKET, VIEWER, "allUsers"), who, Yes);
    }
}

/// GCP-028: all identities of a workforce pool, or of a workload identity pool.
#[test]
fn a_whole_pool_is_each_of_its_identities() {
    let pools = [
        "iam.googleapis.com/locations/global/workforcePools/staff",
        "iam.googleapis.com/projects/604172938815/locations/global/workloadIdentityPools/ci",
    ];
    for pool in pools {
        let world = World::new().bind(BUCKET, VIEWER, &format!("principalSet://{pool}/*"));
        read(&world, &format!("principal://{pool}/subject/x"), Yes);
        read(&world, &format!("principalSet://{pool}/*"), Yes);
        read(&world, &format!("principal://{pool}2/subject/x"), No);
        read(&world, ANNA, No);
        read(&world, PUBLIC, No);
    }
}

/// GCP-029: who carries an attribute is decided at sign-in.
#[test]
fn a_set_by_attribute_leaves_one_subject_unknown() {
    let pool = "iam.googleapis.com/locations/global/workforcePools/staff";
    for part in ["group/finance", "attribute.department/finance"] {
        let set = format!("principalSet://{pool}/{part}");
        let world = World::new().bind(BUCKET, VIEWER, &set);
        read(&world, &set, Yes);
        read(&world, WORKER, Unknown);
        read(&world, &format!("principal://{pool}2/subject/x"), No);
        read(&world, ANNA, No);
    }
}

/// GCP-030: all service accounts of a project, bound or denied.
#[test]
fn the_service_accounts_of_a_project_are_a_set() {
    let set = |number: &str| {
        format!(
            "principalSet://cloudresourcemanager.googleapis.com/projects/{number}/type/ServiceAccount"
        )
    };
    let world = World::with_robots().bind(BUCKET, VIEWER, &set("604172938815"));
    read(&world, ROBOT, Yes);
    read(&world, SECOND, Yes);
    read(&world, ANNA, No);
    read(&World::with_robots().bind(BUCKET, VIEWER, &set("555000555000")), ROBOT, No);
    let world = World::with_robots()
        .bind(BUCKET, VIEWER, ROBOT)
        .bind(BUCKET, VIEWER, ANNA)
        .deny(PROJECT, &denied(&[&set("604172938815")], &[GET]));
    read(&world, ROBOT, No);
    read(&world, ANNA, Yes);
}

/// GCP-007: what everyone may, each principal may.
#[test]
fn whatever_everyone_may_each_may() {
    let world = World::new().bind(BUCKET, OBJECT_ADMIN, "allUsers");
    for who in [ANYBODY, ANNA, OUTSIDER, ROBOT, WORKER, OUTER] {
        for access in [Write, Delete] {
            check(&world, who, access, BUCKET, Yes);
        }
        read(&world, who, Yes);
    }
    read(&World::new().bind(BUCKET, CUSTOM, "allUsers"), ANNA, Unknown);
}

// --- deny policies

/// GCP-048, GCP-049: "IAM always checks relevant deny policies before checking relevant allow policies"; inherited.
#[test]
fn a_deny_policy_beats_every_role() {
    let world = World::new().bind(BUCKET, "roles/storage.admin", ANNA).bind(BUCKET, VIEWER, BEN);
    for on in [ORGANIZATION, FOLDER, PROJECT] {
        let denied = world.clone().deny(on, &denied(&[&subject(ANNA)], &[GET]));
        check_all(&denied, [No, Yes, Yes, Yes]);
        read(&denied, BEN, Yes);
    }
    read(&world.deny(OTHER_PROJECT, &denied(&[ALL], &[GET])), ANNA, Yes);
}

/// GCP-049: a project may be named by its id in the attachment point.
#[test]
fn a_deny_policy_names_its_project_by_id_or_number() {
    let by_id = "//cloudresourcemanager.googleapis.com/projects/records-prod";
    let world = World::new().bind(BUCKET, VIEWER, ANNA).deny(by_id, &denied(&[ALL], &[GET]));
    read(&world, ANNA, No);
}

/// GCP-052: exception principals keep what their roles give, by group too.
#[test]
fn exception_principals_are_not_denied() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .bind(BUCKET, VIEWER, ANNA)
        .bind(BUCKET, VIEWER, BEN)
        .bind(BUCKET, VIEWER, ROBOT);
    let except = |principal: &str| {
        let rule = with(denied(&[ALL], &[GET]), &json!({"exceptionPrincipals": [principal]}));
        world.clone().deny(PROJECT, &rule)
    };
    for principal in
        [subject(ANNA), "principalSet://goog/group/outer@lindenbank.example".to_owned()]
    {
        read(&except(&principal), ANNA, Yes);
        read(&except(&principal), BEN, No);
        read(&except(&principal), ROBOT, No);
    }
    let robot = ROBOT_SUBJECT;
    read(&except(robot), ROBOT, Yes);
    read(&except(robot), ANNA, No);
}

/// GCP-051: groups, service accounts and everyone are denied under these names.
#[test]
fn whom_a_deny_policy_means() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .bind(BUCKET, VIEWER, ANNA)
        .bind(BUCKET, VIEWER, ROBOT)
        .bind(BUCKET, VIEWER, "allUsers");
    let robot = ROBOT_SUBJECT;
    let group = "principalSet://goog/group/outer@lindenbank.example";
    let cases = [(ALL, No, No, No), (group, No, Yes, Yes), (robot, Yes, No, Yes)];
    for (principal, anna, of_robot, public) in cases {
        let world = world.clone().deny(FOLDER, &denied(&[principal], &[GET]));
        read(&world, ANNA, anna);
        read(&world, ROBOT, of_robot);
        read(&world, PUBLIC, public);
    }
}

/// GCP-050, GCP-052: permission groups end in `.*`; exception permissions are spared.
#[test]
fn permissions_of_a_deny_policy() {
    let world = World::new().bind(BUCKET, "roles/storage.admin", ANNA);
    let of = |rule: Value| world.clone().deny(PROJECT, &rule);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/objects.*"])), [No, No, No, Yes]);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/*.*"])), [No, No, No, No]);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/objects.delete"])), [Yes, Yes, No, Yes]);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/objects.list"])), [Yes, Yes, Yes, Yes]);
    let spared = with(
        denied(&[ALL], &["storage.googleapis.com/objects.*"]),
        &json!({"exceptionPermissions": [GET]}),
    );
    check_all(&of(spared), [Yes, No, No, Yes]);
}

/// GCP-050: `SERVICE/*.VERB` is each permission of the service with that verb; another service keeps its own.
#[test]
fn permissions_by_verb_and_of_other_services() {
    let world = World::new().bind(BUCKET, STORAGE_ADMIN, ANNA);
    let of = |permission: &str| world.clone().deny(PROJECT, &denied(&[ALL], &[permission]));
    check_all(&of("storage.googleapis.com/*.get"), [No, Yes, Yes, Yes]);
    check_all(&of("storage.googleapis.com/*.delete"), [Yes, Yes, No, Yes]);
    check_all(&of("cloudkms.googleapis.com/*.*"), [Yes, Yes, Yes, Yes]);
    // The version 1 name is none of version 2.
    check_all(&of("storage.objects.get"), [Yes, Yes, Yes, Yes]);
    let above = World::new().bind(PROJECT, "roles/resourcemanager.projectIamAdmin", ANNA);
    let rule = denied(&[ALL], &["cloudresourcemanager.googleapis.com/projects.setIamPolicy"]);
    check(&above, ANNA, Administer, BUCKET, Yes);
    check(&above.deny(ORGANIZATION, &rule), ANNA, Administer, BUCKET, No);
}

/// GCP-053: a rule with a condition denies where it holds; tags are not in the estate.
#[test]
fn a_deny_policy_under_a_condition_on_tags_is_unknown() {
    let condition =
        json!({"denialCondition": {"expression": "resource.matchTag('1/env', 'prod')"}});
    let world = World::new()
        .bind(BUCKET, VIEWER, ANNA)
        .deny(PROJECT, &with(denied(&[ALL], &[GET]), &condition));
    read(&world, ANNA, Unknown);
    read(&world, BEN, No);
}

/// GCP-053: each of the four functions.
#[test]
fn each_function_of_tags_in_a_denial_condition() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA);
    for expression in [
        "!resource.matchTag('483920175523/env', 'test')",
        "resource.matchTagId('tagKeys/1', 'tagValues/2')",
        "resource.hasTagKey('483920175523/env')",
        "resource.hasTagKeyId('tagKeys/1')",
    ] {
        let rule =
            with(denied(&[ALL], &[GET]), &json!({"denialCondition": {"expression": expression}}));
        read(&world.clone().deny(FOLDER, &rule), ANNA, Unknown);
        read(&world.clone().deny(FOLDER, &rule), BEN, No);
    }
}

/// GCP-054: "If the condition evaluates to true or cannot be evaluated, the deny rule applies."
#[test]
fn a_denial_condition_that_cannot_be_evaluated_denies() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA);
    for (expression, expected) in [
        ("'accessPolicies/1/accessLevels/corp' in request.auth.access_levels", No),
        ("resource.matchTag(", No),
        ("true", No),
        ("false", Yes),
    ] {
        let rule =
            with(denied(&[ALL], &[GET]), &json!({"denialCondition": {"expression": expression}}));
        read(&world.clone().deny(PROJECT, &rule), ANNA, expected);
    }
}

/// GCP-055: who belongs to a customer cannot be told.
#[test]
fn a_deny_policy_for_a_customer_id_leaves_it_unknown() {
    let world = World::new()
        .bind(BUCKET, VIEWER, ANNA)
        .deny(PROJECT, &denied(&["principalSet://goog/cloudIdentityCustomerId/C03kq81tz"], &[GET]));
    read(&world, ANNA, Unknown);
    read(&world, BEN, No);
}

/// GCP-056: a pool of identities is neither a Google account nor a service account.
#[test]
fn a_pool_in_a_deny_policy_means_its_identities() {
    let pool = "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*";
    let world = World::new().bind(BUCKET, VIEWER, "allUsers").bind(BUCKET, VIEWER, ROBOT);
    let world = world.deny(PROJECT, &denied(&[pool], &[GET]));
    read(&world, WORKER, No);
    read(&world, ANNA, Yes);
    read(&world, ROBOT, Yes);
    let single =
        World::new().bind(BUCKET, VIEWER, "allUsers").deny(PROJECT, &denied(&[WORKER], &[GET]));
    read(&single, WORKER, No);
    read(&single, ANNA, Yes);
}

/// GCP-031: a denial of somebody who is gone denies nobody.
#[test]
fn a_denial_of_deleted_principals_denies_nobody() {
    let gone = [
        "deleted:principal://goog/subject/anna@lindenbank.example?uid=123456789012345678901",
        "deleted:principalSet://goog/group/outer@lindenbank.example?uid=123456789012345678901",
        "deleted:principal://iam.googleapis.com/projects/-/serviceAccounts/robot@records-prod.iam.gserviceaccount.com?uid=1",
    ];
    let world = World::new()
        .group(OUTER, &[ANNA])
        .bind(BUCKET, VIEWER, ANNA)
        .bind(BUCKET, VIEWER, ROBOT)
        .deny(PROJECT, &denied(&gone, &[GET]));
    read(&world, ANNA, Yes);
    read(&world, ROBOT, Yes);
}

/// GCP-057: it takes away the power to administer and to use keys too.
#[test]
fn deny_policies_reach_administration_and_keys() {
    let rule = denied(
        &[&subject(ANNA)],
        &[
            "storage.googleapis.com/buckets.setIamPolicy",
            "storage.googleapis.com/buckets.update",
            "cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt",
        ],
    );
    let world = World::under_key()
        .bind(BUCKET, "roles/storage.admin", ANNA)
        .bind(KEY, CRYPT, ANNA)
        .deny(ORGANIZATION, &rule);
    check(&world, ANNA, Administer, BUCKET, No);
    check(&world, ANNA, Decrypt, KEY, No);
    read(&world, ANNA, Yes);
}

/// GCP-057: and power over keys.
#[test]
fn deny_policies_reach_power_over_keys() {
    let rule = denied(
        &[&subject(ANNA)],
        &[
            "cloudkms.googleapis.com/cryptoKeys.*",
            "cloudkms.googleapis.com/keyRings.*",
            "cloudkms.googleapis.com/cryptoKeyVersions.*",
        ],
    );
    let world = World::under_key().bind(KEY, "roles/cloudkms.admin", ANNA);
    check(&world, ANNA, KeyAdminister, KEY, Yes);
    check(&world.deny(ORGANIZATION, &rule), ANNA, KeyAdminister, KEY, No);
}

/// GCP-058: whether a denial reaches what an ACL gives is not said.
#[test]
fn a_deny_policy_against_an_acl_is_unknown() {
    let acl = json!([{"entity": "user-anna@lindenbank.example", "role": "WRITER"}]);
    let world = World::new().bucket(acl_bucket(&acl, &json!([])));
    check(&world, ANNA, Delete, BUCKET, Yes);
    let rule = denied(&[&subject(ANNA)], &["storage.googleapis.com/objects.delete"]);
    let denied = world.deny(PROJECT, &rule);
    check(&denied, ANNA, Delete, BUCKET, Unknown);
    check(&denied, ANNA, Write, BUCKET, Yes);
}

/// GCP-059: eligible within its rules; beyond them, which permissions it blocks depends.
#[test]
fn a_principal_access_boundary_leaves_what_is_beyond_it_unknown() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA);
    for eligible in [PROJECT, FOLDER, ORGANIZATION] {
        read(&world.clone().boundary(&[eligible]), ANNA, Yes);
    }
    let beyond = world.boundary(&[OTHER_PROJECT]);
    read(&beyond, ANNA, Unknown);
    read(&beyond, BEN, No);
}
