//! Who may reach a bucket of Cloud Storage, case by case: verbs, the hierarchy above it, managed folders, ACLs, public access
//! prevention and networks. Each test names the rules of `shared/analysis/semantics/gcp.md` that decide it; the expectation
//! is the vendor's.

use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict;
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::gcp_world::{
    ANNA, ANYBODY, BEN, BUCKET, CRYPT, CUSTOM, FOLDER, KEY, OBJECT_ADMIN, ORGANIZATION,
    OTHER_PROJECT, OUTER, OUTSIDER, PROJECT, PUBLIC, REPORTS, ROBOT, VIEWER, WORKER, World,
    acl_bucket, bucket, check, check_all, iam, prevented_bucket, prevention_constraint, read,
    widens,
};
use serde_json::{Value, json};

// --- verbs

/// GCP-004: each verb has its own permissions; GCP-016.
#[test]
fn each_role_gives_its_permissions() {
    let cases = [
        (VIEWER, [Yes, No, No, No]),
        ("roles/storage.objectCreator", [No, Yes, No, No]),
        ("roles/storage.objectUser", [Yes, Yes, Yes, No]),
        (OBJECT_ADMIN, [Yes, Yes, Yes, No]),
        ("roles/storage.admin", [Yes, Yes, Yes, Yes]),
        ("roles/storage.legacyObjectReader", [Yes, No, No, No]),
        ("roles/storage.legacyBucketReader", [No, No, No, No]),
        ("roles/storage.legacyBucketWriter", [No, Yes, Yes, No]),
        ("roles/storage.legacyBucketOwner", [No, Yes, Yes, Yes]),
        ("roles/browser", [No, No, No, No]),
    ];
    for (role, expected) in cases {
        check_all(&World::new().bind(BUCKET, role, ANNA), expected);
    }
}

/// GCP-004, GCP-017: listing and reading the bucket's metadata is no access.
#[test]
fn a_custom_role_gives_what_it_lists() {
    let cases: [(&[&str], [Verdict; 4]); 6] = [
        (&["storage.objects.get"], [Yes, No, No, No]),
        (&["storage.objects.list", "storage.buckets.get"], [No, No, No, No]),
        (&["storage.objects.update"], [No, Yes, No, No]),
        (&["storage.objects.delete"], [No, No, Yes, No]),
        (&["storage.buckets.setIamPolicy"], [No, No, No, Yes]),
        (&["storage.buckets.update"], [No, No, No, Yes]),
    ];
    for (permissions, expected) in cases {
        let world = World::new().role(CUSTOM, permissions).bind(PROJECT, CUSTOM, ANNA);
        check_all(&world, expected);
    }
}

/// GCP-005: a key is no store, a store is no key.
#[test]
fn verbs_of_the_other_kind_of_resource_are_never_allowed() {
    let world = World::under_key().bind(ORGANIZATION, "roles/owner", ANNA).bind(
        ORGANIZATION,
        "roles/storage.admin",
        ANNA,
    );
    check(&world, ANNA, Decrypt, BUCKET, No);
    check(&world, ANNA, KeyAdminister, BUCKET, No);
    check(&world, ANNA, Read, KEY, No);
    check(&world, ANNA, Administer, KEY, No);
}

/// GCP-006: a principal of another organisation is one all the same.
#[test]
fn a_principal_outside_the_organisation_has_what_it_is_given() {
    let world = World::new().bind(PROJECT, VIEWER, OUTSIDER);
    read(&world, OUTSIDER, Yes);
    let robot = "serviceAccount:x@elsewhere.iam.gserviceaccount.com";
    let world = World::new().bucket(acl_bucket(
        &json!([{"entity": "user-x@elsewhere.iam.gserviceaccount.com", "role": "WRITER"}]),
        &json!([]),
    ));
    check(&world, robot, Write, BUCKET, Yes);
}

// --- networks

/// GCP-008: "conditional, never no"; what is denied stays so.
#[test]
fn a_service_perimeter_around_the_project_makes_access_conditional() {
    let project = "projects/604172938815";
    let storage = ["storage.googleapis.com", "bigquery.googleapis.com"];
    let world = World::new().bind(BUCKET, OBJECT_ADMIN, ANNA).bind(BUCKET, VIEWER, "allUsers");
    let status = |resources: &[&str], services: &[&str]| json!({"status": {"resources": resources, "restrictedServices": services}});
    let inside = world.clone().perimeter(&status(&[project], &storage));
    check_all(&inside, [Conditional, Conditional, Conditional, No]);
    read(&inside, PUBLIC, Conditional);
    read(&World::new().perimeter(&status(&[project], &storage)), ANNA, No);
    for elsewhere in [
        status(&["projects/555000555000"], &storage),
        status(&[project], &["bigquery.googleapis.com"]),
        json!({"useExplicitDryRunSpec": true, "spec": status(&[project], &storage)["status"]}),
    ] {
        read(&world.clone().perimeter(&elsewhere), ANNA, Yes);
    }
}

/// GCP-009: only from the listed networks.
#[test]
fn an_ip_filter_on_the_bucket_makes_access_conditional() {
    let filter = |mode: &str| {
        let source = json!({"allowedIpCidrRanges": ["203.0.113.0/24"]});
        let filter = json!({"mode": mode, "publicNetworkSource": source});
        World::new().bucket(bucket(&json!({"ipFilter": filter}))).bind(BUCKET, VIEWER, ANNA)
    };
    read(&filter("Enabled"), ANNA, Conditional);
    read(&filter("Enabled"), BEN, No);
    read(&filter("Disabled"), ANNA, Yes);
}

// --- the hierarchy

/// GCP-010: "the effective allow policy for a resource is the union of the allow policy set at that resource and the
/// allow policy inherited from higher up".
#[test]
fn bindings_are_inherited_from_every_level_above() {
    for on in [ORGANIZATION, FOLDER, PROJECT, BUCKET] {
        let world = World::new().bind(on, VIEWER, ANNA);
        check_all(&world, [Yes, No, No, No]);
        read(&world, BEN, No);
    }
    read(&World::new().bind(OTHER_PROJECT, VIEWER, ANNA), ANNA, No);
}

/// GCP-012, GCP-078: a narrower binding below takes nothing away.
#[test]
fn a_narrower_binding_below_does_not_restrict() {
    let world = World::new().bind(FOLDER, OBJECT_ADMIN, ANNA);
    check_all(&world, [Yes, Yes, Yes, No]);
    let with_viewer = world.clone().bind(BUCKET, VIEWER, ANNA);
    check_all(&with_viewer, [Yes, Yes, Yes, No]);
    let with_condition = world.bind_if(
        BUCKET,
        OBJECT_ADMIN,
        ANNA,
        "resource.name.startsWith('projects/_/buckets/records/objects/reports/')",
    );
    check_all(&with_condition, [Yes, Yes, Yes, No]);
}

/// GCP-013, GCP-003: a managed folder's policy opens the objects below it, which is a part of the bucket.
#[test]
fn a_binding_on_a_managed_folder_opens_a_part_of_the_bucket() {
    let world = World::new().put(REPORTS, Some(BUCKET), json!({})).bind(REPORTS, VIEWER, ANNA);
    check_all(&world, [Conditional, No, No, No]);
    read(&world, BEN, No);
    read(&world.bind(BUCKET, VIEWER, ANNA), ANNA, Yes);
}

/// GCP-013: "When you nest managed folders, the permissions … are applied additively"; GCP-003: the outer folder is the
/// larger class.
#[test]
fn nested_managed_folders_add() {
    let inner = format!("{REPORTS}2026/");
    let both =
        World::new().put(REPORTS, Some(BUCKET), json!({})).put(&inner, Some(BUCKET), json!({}));
    let within = both.clone().bind(&inner, VIEWER, ANNA);
    read(&within, ANNA, Conditional);
    let around = both.bind(REPORTS, VIEWER, ANNA);
    read(&around, ANNA, Conditional);
    let together = around.clone().bind(&inner, VIEWER, ANNA);
    assert!(widens(&within, &around, ANNA, Read, BUCKET));
    assert!(!widens(&around, &together, ANNA, Read, BUCKET));
    assert!(!widens(&together, &around, ANNA, Read, BUCKET));
}

/// GCP-013: the key's switch is for managed folders too.
#[test]
fn a_managed_folder_is_dark_without_the_key() {
    let world = World::under_key_without_right()
        .put(REPORTS, Some(BUCKET), json!({}))
        .bind(REPORTS, VIEWER, ANNA);
    read(&world, ANNA, No);
}

/// GCP-014: what is above a resource and not in the export may give anything.
#[test]
fn a_level_above_that_is_not_in_the_export_is_unknown() {
    for missing in [ORGANIZATION, FOLDER, PROJECT] {
        let world =
            World::new().lacking(missing).without_policy(missing).bind(BUCKET, VIEWER, ANNA);
        read(&world, ANNA, Yes);
        read(&world, BEN, Unknown);
    }
}

/// GCP-014: exports are made by content type; one without any policy knows none.
#[test]
fn an_export_without_policies_knows_nobody() {
    let world = World::new().without_policies();
    check_all(&world, [Unknown, Unknown, Unknown, Unknown]);
}

/// GCP-015: the permission to set a project's policy is used on projects.
#[test]
fn a_permission_of_the_project_gives_nothing_on_the_bucket() {
    let permission = "resourcemanager.projects.setIamPolicy";
    for (on, expected) in [(BUCKET, No), (PROJECT, Yes), (FOLDER, Yes), (ORGANIZATION, Yes)] {
        let world = World::new().role(CUSTOM, &[permission]).bind(on, CUSTOM, ANNA);
        check(&world, ANNA, Administer, BUCKET, expected);
    }
}

// --- ACLs

/// GCP-032: "disables ACLs": only bindings count.
#[test]
fn acls_do_not_count_with_uniform_access() {
    let entry = json!([{"entity": "user-anna@lindenbank.example", "role": "OWNER"}, {"entity": "allUsers", "role": "READER"}]);
    let world = World::new().bucket(bucket(&json!({"acl": entry, "defaultObjectAcl": entry})));
    check_all(&world, [No, No, No, No]);
    read(&world, PUBLIC, No);
}

/// GCP-032: where the export does not say whether ACLs count, what they give is unknown.
#[test]
fn acls_of_a_bucket_that_does_not_say_whether_they_count_are_unknown() {
    let acl = json!([{"entity": "user-anna@lindenbank.example", "role": "WRITER"}]);
    let silent =
        bucket(&json!({"acl": acl, "iamConfiguration": {"publicAccessPrevention": "inherited"}}));
    let world = World::new().bucket(silent).bind(BUCKET, OBJECT_ADMIN, BEN);
    check(&world, ANNA, Write, BUCKET, Unknown);
    check(&world, BEN, Write, BUCKET, Yes);
}

/// GCP-033: a binding or an entry, either is enough.
#[test]
fn acls_add_to_bindings() {
    let acl = json!([{"entity": "user-anna@lindenbank.example", "role": "WRITER"}]);
    let world = World::new().bucket(acl_bucket(&acl, &json!([]))).bind(PROJECT, VIEWER, ANNA);
    check_all(&world, [Yes, Yes, Yes, No]);
}

/// GCP-034, GCP-035: WRITER of a bucket lists, creates, overwrites and deletes objects; OWNER also sets its
/// permissions; READER lists.
#[test]
fn acls_of_a_bucket_count_without_uniform_access() {
    let cases = [("READER", No, No), ("WRITER", Yes, No), ("OWNER", Yes, Yes)];
    for (role, writes, administers) in cases {
        for (entity, members) in [
            ("user-anna@lindenbank.example", &[][..]),
            ("group-outer@lindenbank.example", &[ANNA][..]),
        ] {
            let acl = json!([{"entity": entity, "role": role}]);
            let world = World::new().bucket(acl_bucket(&acl, &json!([]))).group(OUTER, members);
            check(&world, ANNA, Write, BUCKET, writes);
            check(&world, ANNA, Delete, BUCKET, writes);
            check(&world, ANNA, Administer, BUCKET, administers);
            check(&world, BEN, Write, BUCKET, No);
        }
    }
}

/// GCP-035, GCP-007: domains and everyone, each for each of its members.
#[test]
fn entries_for_a_domain_or_everyone_count_for_each_member() {
    let cases = [
        ("domain-lindenbank.example", [Yes, No, No, No, No, No]),
        ("allAuthenticatedUsers", [Yes, Yes, Yes, No, Yes, No]),
        ("allUsers", [Yes, Yes, Yes, Yes, Yes, Yes]),
        ("user-anna@lindenbank.example", [Yes, No, No, No, No, No]),
    ];
    for (entity, expected) in cases {
        let acl = json!([{"entity": entity, "role": "WRITER"}]);
        let world = World::new().bucket(acl_bucket(&acl, &json!([])));
        for (who, expected) in
            [ANNA, OUTSIDER, ROBOT, WORKER, ANYBODY, PUBLIC].into_iter().zip(expected)
        {
            check(&world, who, Write, BUCKET, expected);
        }
    }
}

/// GCP-036: the holders of the basic role on the project.
#[test]
fn project_teams_in_an_acl_are_the_holders_of_the_basic_roles() {
    for (team, role) in
        [("owners", "roles/owner"), ("editors", "roles/editor"), ("viewers", "roles/viewer")]
    {
        let acl = json!([{"entity": format!("project-{team}-604172938815"), "role": "WRITER"}]);
        let world = World::new().bucket(acl_bucket(&acl, &json!([]))).group(OUTER, &[BEN]);
        check(&world, ANNA, Write, BUCKET, No);
        check(&world.clone().bind(PROJECT, role, ANNA), ANNA, Write, BUCKET, Yes);
        check(&world.clone().bind(PROJECT, role, OUTER), BEN, Write, BUCKET, Yes);
        check(&world.bind(OTHER_PROJECT, role, ANNA), ANNA, Write, BUCKET, No);
    }
}

/// GCP-037: the list of new objects says what most objects carry, not what all do.
#[test]
fn who_stands_in_the_default_acl_of_objects_may_read_or_not() {
    let objects = json!([{"entity": "user-anna@lindenbank.example", "role": "READER"}]);
    let world = World::new().bucket(acl_bucket(&json!([]), &objects));
    check_all(&world, [Unknown, No, No, No]);
}

/// GCP-037, GCP-039: "An object uploaded with predefinedAcl=publicRead leaves no admin event"; prevention stops
/// those.
#[test]
fn single_objects_may_be_public_unless_prevented() {
    let world = World::new().bucket(acl_bucket(&json!([]), &json!([])));
    read(&world, PUBLIC, Unknown);
    read(&world, ANYBODY, Unknown);
    let mut closed = acl_bucket(&json!([]), &json!([]));
    closed["iamConfiguration"]["publicAccessPrevention"] = json!("enforced");
    read(&World::new().bucket(closed), PUBLIC, No);
    read(&world.constraint(PROJECT, prevention_constraint(true)), PUBLIC, No);
}

/// GCP-037, GCP-007: an object may name anybody, or everyone.
#[test]
fn single_objects_may_name_anybody() {
    let world = World::new().bucket(acl_bucket(&json!([]), &json!([])));
    for who in [ANNA, OUTSIDER, ROBOT] {
        read(&world, who, Unknown);
        check(&world, who, Delete, BUCKET, No);
    }
    read(&world.bind(BUCKET, VIEWER, ANNA), ANNA, Yes);
    let mut closed = acl_bucket(&json!([]), &json!([]));
    closed["iamConfiguration"]["publicAccessPrevention"] = json!("enforced");
    read(&World::new().bucket(closed), ANNA, Unknown);
}

/// GCP-038: where ACLs count, whoever sets those of the objects opens them.
#[test]
fn setting_the_acls_of_objects_is_administration_where_they_count() {
    let world =
        World::new().role(CUSTOM, &["storage.objects.setIamPolicy"]).bind(BUCKET, CUSTOM, ANNA);
    check(&world, ANNA, Administer, BUCKET, No);
    let fine = world.bucket(acl_bucket(&json!([]), &json!([])));
    check(&fine, ANNA, Administer, BUCKET, Yes);
    check(&fine, BEN, Administer, BUCKET, No);
}

/// GCP-039: `allUsers` with WRITER; prevention stops it.
#[test]
fn everyone_may_write_by_acl() {
    let acl = json!([{"entity": "allUsers", "role": "WRITER"}]);
    let world = World::new().bucket(acl_bucket(&acl, &json!([])));
    check(&world, PUBLIC, Write, BUCKET, Yes);
    let mut closed = acl_bucket(&acl, &json!([]));
    closed["iamConfiguration"]["publicAccessPrevention"] = json!("enforced");
    check(&World::new().bucket(closed), PUBLIC, Write, BUCKET, No);
}

// --- public access prevention

/// GCP-039: "When enforced, … `allUsers` and `allAuthenticatedUsers` … won't be able to access"; others are not
/// affected.
#[test]
fn prevention_on_the_bucket_stops_everyone_but_nobody_by_name() {
    for member in ["allUsers", "allAuthenticatedUsers"] {
        let world = World::new()
            .bucket(bucket(&json!({"iamConfiguration": iam(true, "enforced")})))
            .bind(BUCKET, VIEWER, member)
            .bind(BUCKET, VIEWER, BEN);
        for who in [PUBLIC, ANYBODY, ANNA, OUTSIDER] {
            read(&world, who, No);
        }
        read(&world, BEN, Yes);
    }
}

/// GCP-040: the constraint is inherited; the policy of the nearest level that has one decides.
#[test]
fn prevention_is_inherited_by_constraint() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    for on in [ORGANIZATION, FOLDER, PROJECT] {
        read(&open.clone().constraint(on, prevention_constraint(true)), PUBLIC, No);
        read(&open.clone().constraint(on, prevention_constraint(false)), PUBLIC, Yes);
    }
    let lifted = open
        .clone()
        .constraint(ORGANIZATION, prevention_constraint(true))
        .constraint(PROJECT, prevention_constraint(false));
    read(&lifted, PUBLIC, Yes);
    let tightened = open
        .constraint(ORGANIZATION, prevention_constraint(false))
        .constraint(FOLDER, prevention_constraint(true));
    read(&tightened, PUBLIC, No);
}

/// GCP-040: the bucket's own setting and the constraint, either is enough.
#[test]
fn prevention_is_enforced_by_the_bucket_or_by_the_constraint() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    let closed = open.clone().bucket(prevented_bucket());
    read(&closed.constraint(PROJECT, prevention_constraint(false)), PUBLIC, No);
    read(&open.clone().constraint(PROJECT, prevention_constraint(true)), PUBLIC, No);
    let unspecified = bucket(&json!({"iamConfiguration": iam(true, "unspecified")}));
    read(&open.bucket(unspecified), PUBLIC, Yes);
}

/// GCP-041, GCP-042: a reset goes back to the constraint's default, which prevents nothing; other constraints say nothing.
#[test]
fn a_reset_constraint_prevents_nothing() {
    let open = World::new()
        .bind(BUCKET, VIEWER, "allUsers")
        .constraint(ORGANIZATION, prevention_constraint(true));
    let reset =
        json!({"constraint": "constraints/storage.publicAccessPrevention", "restore_default": {}});
    read(&open.clone().constraint(PROJECT, reset), PUBLIC, Yes);
    let other = json!({"constraint": "constraints/storage.uniformBucketLevelAccess", "boolean_policy": {"enforced": true}});
    read(&open.constraint(PROJECT, other), PUBLIC, No);
}

/// GCP-041: version 2 writes it as `spec.reset`.
#[test]
fn a_reset_in_version_2_prevents_nothing() {
    let name = "projects/604172938815/policies/storage.publicAccessPrevention";
    let world = World::new()
        .bind(BUCKET, VIEWER, "allUsers")
        .constraint(ORGANIZATION, prevention_constraint(true));
    read(&world, PUBLIC, No);
    let reset = world.constraint(PROJECT, json!({"name": name, "spec": {"reset": true}}));
    read(&reset, PUBLIC, Yes);
}

/// GCP-042: snake case or camel case, version 1 or 2; proto3 leaves out `false`.
#[test]
fn a_constraint_is_read_in_each_spelling() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    let name = "constraints/storage.publicAccessPrevention";
    let v2 = "organizations/483920175523/policies/storage.publicAccessPrevention";
    let cases = [
        ("org_policy", json!({"constraint": name, "boolean_policy": {"enforced": true}}), No),
        ("orgPolicy", json!({"constraint": name, "booleanPolicy": {"enforced": true}}), No),
        ("orgPolicy", json!({"constraint": name, "booleanPolicy": {}}), Yes),
        ("org_policy", json!({"name": v2, "spec": {"rules": [{"enforce": true}]}}), No),
    ];
    for (field, constraint, expected) in cases {
        read(&open.clone().constraint_as(FOLDER, field, constraint), PUBLIC, expected);
    }
    let lifted = open.constraint(ORGANIZATION, prevention_constraint(true)).constraint_as(
        PROJECT,
        "orgPolicy",
        json!({"constraint": name, "booleanPolicy": {}}),
    );
    read(&lifted, PUBLIC, Yes);
}

/// GCP-043: a level that only tries a policy out inherits what is above.
#[test]
fn a_dry_run_neither_prevents_nor_lifts() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    let dry = |enforce: bool| {
        let name = "projects/604172938815/policies/storage.publicAccessPrevention";
        json!({"name": name, "dryRunSpec": {"rules": [{"enforce": enforce}]}})
    };
    read(&open.clone().constraint(PROJECT, dry(true)), PUBLIC, Yes);
    let above = open.constraint(ORGANIZATION, prevention_constraint(true));
    read(&above.constraint(PROJECT, dry(false)), PUBLIC, No);
}

/// GCP-042, GCP-044: policies of version 2 have rules; one on tags leaves it open for this project.
#[test]
fn prevention_by_a_policy_with_rules() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    let rules = |rules: Value| {
        let name = "organizations/483920175523/policies/storage.publicAccessPrevention";
        open.clone().constraint(ORGANIZATION, json!({"name": name, "spec": {"rules": rules}}))
    };
    read(&rules(json!([{"enforce": true}])), PUBLIC, No);
    read(&rules(json!([{"enforce": false}])), PUBLIC, Yes);
    let tagged = json!([{"enforce": true, "condition": {"expression": "resource.matchTag('1/env', 'prod')"}}]);
    read(&rules(tagged), PUBLIC, Unknown);
}

/// GCP-044: where all rules say the same, the tags do not matter.
#[test]
fn rules_under_tags_that_all_enforce_prevent() {
    let name = "organizations/483920175523/policies/storage.publicAccessPrevention";
    let rules = |tagged: bool, otherwise: bool| {
        let condition = json!({"expression": "resource.matchTag('483920175523/env', 'prod')"});
        let rules = json!([{"enforce": tagged, "condition": condition}, {"enforce": otherwise}]);
        World::new()
            .bind(BUCKET, VIEWER, "allUsers")
            .constraint(ORGANIZATION, json!({"name": name, "spec": {"rules": rules}}))
    };
    read(&rules(true, true), PUBLIC, No);
    read(&rules(false, false), PUBLIC, Yes);
    read(&rules(true, false), PUBLIC, Unknown);
    read(&rules(false, true), PUBLIC, Unknown);
}

/// GCP-045: unknown, where the export does not say it.
#[test]
fn a_bucket_that_does_not_say_its_prevention_is_unknown_to_everyone() {
    let world = World::new()
        .bucket(bucket(
            &json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}),
        ))
        .bind(BUCKET, VIEWER, "allUsers")
        .bind(BUCKET, VIEWER, BEN);
    read(&world, PUBLIC, Unknown);
    read(&world, BEN, Yes);
}

/// GCP-046: whatever the role, also one that administers.
#[test]
fn prevention_stops_everyone_from_administering() {
    let world = World::new().bind(BUCKET, "roles/storage.admin", "allUsers");
    check(&world, PUBLIC, Administer, BUCKET, Yes);
    let closed = world.bucket(bucket(&json!({"iamConfiguration": iam(true, "enforced")})));
    check(&closed, PUBLIC, Administer, BUCKET, No);
}

/// GCP-046: it counts for managed folders too.
#[test]
fn prevention_counts_for_managed_folders() {
    let world =
        World::new().put(REPORTS, Some(BUCKET), json!({})).bind(REPORTS, VIEWER, "allUsers");
    read(&world, PUBLIC, Conditional);
    let prevented = world.bucket(bucket(&json!({"iamConfiguration": iam(true, "enforced")})));
    read(&prevented, PUBLIC, No);
}

/// GCP-046: it is a constraint of Cloud Storage.
#[test]
fn prevention_does_not_count_for_keys() {
    let world = World::under_key()
        .bind(KEY, CRYPT, "allUsers")
        .constraint(ORGANIZATION, prevention_constraint(true));
    check(&world, PUBLIC, Decrypt, KEY, Yes);
    check(&world, PUBLIC, KeyAdminister, KEY, No);
}

/// GCP-047: what was set before stays in force.
#[test]
fn constraints_on_new_settings_leave_the_old_ones() {
    let domains = json!({
        "constraint": "constraints/iam.allowedPolicyMemberDomains",
        "list_policy": {"allowed_values": ["C03kq81tz"]},
    });
    let world = World::new().bind(BUCKET, VIEWER, OUTSIDER).constraint(ORGANIZATION, domains);
    read(&world, OUTSIDER, Yes);
    let uniform = json!({
        "constraint": "constraints/storage.uniformBucketLevelAccess",
        "boolean_policy": {"enforced": true},
    });
    let acl = json!([{"entity": "user-anna@lindenbank.example", "role": "WRITER"}]);
    let world = World::new().bucket(acl_bucket(&acl, &json!([]))).constraint(ORGANIZATION, uniform);
    check(&world, ANNA, Write, BUCKET, Yes);
}
