//! Ways to data in Google Cloud over something else: acting as a service account, and the power to give oneself access. Each
//! test names the rules of `shared/analysis/semantics/gcp.md` that decide it; the expectation is the vendor's.

use keyfence_analysis::access::evaluate;
use keyfence_analysis::model::Access::{Administer, Decrypt, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_analysis::model::{Cloud, Principal, Resource};
use keyfence_tests::gcp_world::{
    ANNA, BEN, BUCKET, CRYPT, CUSTOM, FOLDER, GET, KEY, KEYS_PROJECT, OBJECT_ADMIN, ORGANIZATION,
    OTHER_KEY, OTHER_PROJECT, PROJECT, REPORTS, RING, ROBOT, ROBOT_RESOURCE, ROBOT_SUBJECT, SECOND,
    SECOND_RESOURCE, TOKEN_CREATOR, VIEWER, World, check, check_all, denied, read, subject,
};
use serde_json::json;

// --- acting as a service account

/// GCP-092: who can get a token, a signature or a key of a service account, at any level, has its access.
#[test]
fn who_can_act_as_a_service_account_has_its_access() {
    let cases = [
        (TOKEN_CREATOR, Yes),
        ("roles/iam.serviceAccountKeyAdmin", Yes),
        ("roles/iam.workloadIdentityUser", Yes),
        ("roles/iam.serviceAccountViewer", No),
        ("roles/iam.roleViewer", No),
    ];
    for (role, expected) in cases {
        for on in [ROBOT_RESOURCE, PROJECT, FOLDER, ORGANIZATION] {
            let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind(on, role, ANNA);
            read(&world, ANNA, expected);
            check(&world, ANNA, Write, BUCKET, No);
        }
    }
}

/// GCP-092: each of the permissions by itself; identity tokens are no credential here.
#[test]
fn each_permission_to_act_as_a_service_account_is_a_way() {
    let cases = [
        ("iam.serviceAccounts.getAccessToken", Yes),
        ("iam.serviceAccounts.signBlob", Yes),
        ("iam.serviceAccounts.signJwt", Yes),
        ("iam.serviceAccountKeys.create", Yes),
        ("iam.serviceAccounts.getOpenIdToken", No),
        ("iam.serviceAccounts.get", No),
        ("iam.serviceAccountKeys.list", No),
    ];
    for (permission, expected) in cases {
        let world = World::with_robots()
            .role(CUSTOM, &[permission])
            .bind(BUCKET, VIEWER, ROBOT)
            .bind(ROBOT_RESOURCE, CUSTOM, ANNA);
        read(&world, ANNA, expected);
    }
}

/// GCP-092: keys are reached as well.
#[test]
fn who_can_act_as_a_service_account_decrypts_as_it() {
    let world = World::under_key()
        .account(ROBOT_RESOURCE, ROBOT, &json!({}))
        .bind(KEY, CRYPT, ROBOT)
        .bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA);
    check(&world, ANNA, Decrypt, KEY, Yes);
    check(&world, BEN, Decrypt, KEY, No);
}

/// GCP-093: from one service account to the next.
#[test]
fn impersonation_is_followed_from_account_to_account() {
    let world = World::with_robots()
        .bind(BUCKET, VIEWER, SECOND)
        .bind(SECOND_RESOURCE, TOKEN_CREATOR, ROBOT)
        .bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA);
    read(&world, ANNA, Yes);
    read(&world, ROBOT, Yes);
    read(&world, BEN, No);
}

/// GCP-094: the account in the middle needs the token, the caller only the delegation.
#[test]
fn implicit_delegation_is_a_step_to_the_next_account() {
    let permission = "iam.serviceAccounts.implicitDelegation";
    let world = World::with_robots().role(CUSTOM, &[permission]).bind(ROBOT_RESOURCE, CUSTOM, ANNA);
    // No token of the account itself.
    read(&world.clone().bind(BUCKET, VIEWER, ROBOT), ANNA, No);
    let next = world.bind(BUCKET, VIEWER, SECOND);
    read(&next, ANNA, No);
    let token = "projects/records-prod/roles/token";
    let next = next.role(token, &["iam.serviceAccounts.getAccessToken"]).bind(
        SECOND_RESOURCE,
        token,
        ROBOT,
    );
    read(&next, ANNA, Yes);
    read(&next, BEN, No);
}

/// GCP-095: it also needs a resource to attach the account to.
#[test]
fn act_as_alone_is_unknown() {
    for on in [ROBOT_RESOURCE, PROJECT] {
        let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind(
            on,
            "roles/iam.serviceAccountUser",
            ANNA,
        );
        check_all(&world, [Unknown, No, No, No]);
        read(&world, BEN, No);
    }
}

/// GCP-096: "the project that owns the service account"; for Cloud Storage only.
#[test]
fn hmac_keys_act_as_the_accounts_of_the_project() {
    let world = World::under_key()
        .account(ROBOT_RESOURCE, ROBOT, &json!({}))
        .role(CUSTOM, &["storage.hmacKeys.create"])
        .bind(BUCKET, OBJECT_ADMIN, ROBOT)
        .bind(KEY, CRYPT, ROBOT);
    for on in [PROJECT, FOLDER, ORGANIZATION] {
        let bound = world.clone().bind(on, CUSTOM, ANNA);
        check_all(&bound, [Yes, Yes, Yes, No]);
        check(&bound, ANNA, Decrypt, KEY, No);
    }
    let elsewhere = world.bind(OTHER_PROJECT, CUSTOM, ANNA);
    check_all(&elsewhere, [No, No, No, No]);
}

/// GCP-097: the first closes new account keys and new HMAC keys, the second requests signed with HMAC keys.
#[test]
fn constraints_close_the_ways_over_keys() {
    let creation = json!({
        "constraint": "constraints/iam.disableServiceAccountKeyCreation",
        "boolean_policy": {"enforced": true},
    });
    let types = json!({
        "constraint": "constraints/storage.restrictAuthTypes",
        "list_policy": {"denied_values": ["in:ALL_HMAC_SIGNED_REQUESTS"]},
    });
    let by = |permission: &str| {
        World::with_robots()
            .role(CUSTOM, &[permission])
            .bind(BUCKET, VIEWER, ROBOT)
            .bind(PROJECT, CUSTOM, ANNA)
    };
    for on in [PROJECT, ORGANIZATION] {
        let keys = by("iam.serviceAccountKeys.create");
        read(&keys.clone().constraint(on, creation.clone()), ANNA, No);
        read(&keys.constraint(on, types.clone()), ANNA, Yes);
        let hmac = by("storage.hmacKeys.create");
        read(&hmac.clone().constraint(on, creation.clone()), ANNA, No);
        read(&hmac.constraint(on, types.clone()), ANNA, No);
        let tokens = by("iam.serviceAccounts.getAccessToken");
        read(&tokens.constraint(on, creation.clone()), ANNA, Yes);
    }
}

/// GCP-098: who sets the account's policy makes himself a creator of tokens.
#[test]
fn power_over_the_policy_of_an_account_is_a_way() {
    for on in [ROBOT_RESOURCE, PROJECT, FOLDER] {
        let world = World::with_robots()
            .role(CUSTOM, &["iam.serviceAccounts.setIamPolicy"])
            .bind(BUCKET, VIEWER, ROBOT)
            .bind(on, CUSTOM, ANNA);
        check_all(&world, [Yes, No, No, No]);
        read(&world, BEN, No);
    }
}

/// GCP-099: under a condition it is one; denied it is none.
#[test]
fn impersonation_has_conditions_and_denials() {
    let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT);
    let conditional = world.clone().bind_if(
        ROBOT_RESOURCE,
        TOKEN_CREATOR,
        ANNA,
        "request.time < timestamp('2027-01-01T00:00:00Z')",
    );
    read(&conditional, ANNA, Conditional);
    let rule = denied(&[&subject(ANNA)], &["iam.googleapis.com/serviceAccounts.*"]);
    let refused = world.bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA).deny(PROJECT, &rule);
    read(&refused, ANNA, No);
}

/// GCP-085, GCP-099: what asks for the name of an account is an error; beside what is false it decides nothing.
#[test]
fn a_condition_on_the_name_of_an_account_is_an_error_that_absorbs() {
    let name = "resource.name.startsWith('projects/_/buckets/records')";
    let (never, always) =
        ("resource.type == 'storage.googleapis.com/Object'", "resource.type != ''");
    for (expression, expected) in [
        (name.to_owned(), No),
        (format!("!({name})"), No),
        (format!("{name} && {never}"), No),
        (format!("!({name} && {never})"), Yes),
        (format!("{name} || {never}"), No),
        (format!("{name} || {always}"), Yes),
        (format!("!({name} || {always})"), No),
        (format!("{never} ? {name} : {always}"), Yes),
    ] {
        let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind_if(
            ROBOT_RESOURCE,
            TOKEN_CREATOR,
            ANNA,
            &expression,
        );
        let answer = world.estate();
        let question = (Principal::named(ANNA), Resource::store(Cloud::Gcp, BUCKET));
        let verdict = evaluate(&answer, &question.0, Read, &question.1).verdict();
        assert_eq!(verdict, expected, "{expression}");
    }
}

/// GCP-099: as the account, so a denial of the account's access counts, not one of the caller's.
#[test]
fn whoever_acts_as_a_service_account_is_denied_what_it_is_denied() {
    let world =
        World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA);
    let robot = ROBOT_SUBJECT;
    read(&world.clone().deny(PROJECT, &denied(&[robot], &[GET])), ANNA, No);
    read(&world.deny(PROJECT, &denied(&[&subject(ANNA)], &[GET])), ANNA, Yes);
}

/// GCP-100: it cannot authenticate.
#[test]
fn a_disabled_account_has_nothing_to_act_as() {
    for (disabled, expected) in [(false, Yes), (true, No)] {
        let world = World::new()
            .account(ROBOT_RESOURCE, ROBOT, &json!({"disabled": disabled}))
            .bind(BUCKET, VIEWER, ROBOT)
            .bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA);
        read(&world, ROBOT, expected);
        read(&world, ANNA, expected);
    }
}

/// GCP-101: its project is known from its address, its state is not.
#[test]
fn an_account_that_is_not_listed_may_be_acted_as() {
    let world = World::new().bind(BUCKET, VIEWER, ROBOT);
    read(&world, ROBOT, Yes);
    for on in [PROJECT, FOLDER] {
        let world = world.clone().bind(on, TOKEN_CREATOR, ANNA);
        read(&world, ANNA, Unknown);
        read(&world, BEN, No);
    }
    read(&world.bind(OTHER_PROJECT, TOKEN_CREATOR, ANNA), ANNA, No);
}

/// GCP-102: a set of outside identities may be a user of an account.
#[test]
fn federated_identities_act_as_accounts() {
    let set = "principalSet://iam.googleapis.com/projects/604172938815/locations/global/workloadIdentityPools/ci/attribute.repository/lindenbank/records";
    let one = "principal://iam.googleapis.com/projects/604172938815/locations/global/workloadIdentityPools/ci/subject/x";
    for member in [set, one] {
        let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind(
            ROBOT_RESOURCE,
            "roles/iam.workloadIdentityUser",
            member,
        );
        read(&world, member, Yes);
        read(&world, ANNA, No);
    }
}

// --- the power to give oneself access

/// GCP-073, GCP-074: `setIamPolicy` at or above, `buckets.update`.
#[test]
fn who_may_set_policies_at_or_above_administers() {
    let cases = [
        ("roles/resourcemanager.projectIamAdmin", [No, Yes, Yes, Yes]),
        ("roles/resourcemanager.folderIamAdmin", [No, No, Yes, Yes]),
        ("roles/resourcemanager.folderAdmin", [No, Yes, Yes, Yes]),
        ("roles/resourcemanager.organizationAdmin", [No, Yes, Yes, Yes]),
        ("roles/iam.securityAdmin", [Yes, Yes, Yes, Yes]),
        ("roles/storage.admin", [Yes, Yes, Yes, Yes]),
        ("roles/storage.legacyBucketOwner", [Yes, Yes, Yes, Yes]),
        ("roles/cloudkms.admin", [No, No, No, No]),
        (OBJECT_ADMIN, [No, No, No, No]),
    ];
    for (role, expected) in cases {
        for (on, expected) in [BUCKET, PROJECT, FOLDER, ORGANIZATION].into_iter().zip(expected) {
            let world = World::new().bind(on, role, ANNA);
            check(&world, ANNA, Administer, BUCKET, expected);
            check(&world, ANNA, Decrypt, BUCKET, No);
        }
    }
}

/// GCP-073: each permission by itself.
#[test]
fn each_power_over_a_bucket() {
    for (permission, expected) in [
        ("storage.buckets.setIamPolicy", Yes),
        ("storage.buckets.update", Yes),
        ("storage.buckets.getIamPolicy", No),
        ("storage.buckets.delete", No),
        ("storage.objects.setIamPolicy", No),
    ] {
        for on in [BUCKET, PROJECT] {
            let world = World::new().role(CUSTOM, &[permission]).bind(on, CUSTOM, ANNA);
            check_all(&world, [No, No, No, expected]);
        }
    }
}

/// GCP-075: conditional, as what the folder opens.
#[test]
fn power_over_managed_folders_is_conditional_administration() {
    let world = World::new()
        .put(REPORTS, Some(BUCKET), json!({}))
        .role(CUSTOM, &["storage.managedFolders.setIamPolicy"]);
    for on in [REPORTS, BUCKET, PROJECT] {
        let world = world.clone().bind(on, CUSTOM, ANNA);
        check(&world, ANNA, Administer, BUCKET, Conditional);
        check(&world, BEN, Administer, BUCKET, No);
    }
    check(&world.lacking(REPORTS).bind(BUCKET, CUSTOM, ANNA), ANNA, Administer, BUCKET, No);
}

/// GCP-076: who may change a role that is bound changes what its members may.
#[test]
fn power_over_a_bound_custom_role_is_administration() {
    let clerk = "organizations/483920175523/roles/clerk";
    let cases = [
        (CUSTOM, PROJECT, Yes),
        (CUSTOM, FOLDER, Yes),
        (CUSTOM, OTHER_PROJECT, No),
        (clerk, ORGANIZATION, Yes),
        (clerk, PROJECT, No),
    ];
    for (role, on, expected) in cases {
        let world = World::new().role(role, &["storage.buckets.list"]).bind(
            on,
            "roles/iam.organizationRoleAdmin",
            ANNA,
        );
        check(&world, ANNA, Administer, BUCKET, No);
        for (level, member) in [(BUCKET, BEN), (PROJECT, ANNA)] {
            let bound = world.clone().bind(level, role, member);
            check(&bound, ANNA, Administer, BUCKET, expected);
            check(&bound, BEN, Administer, BUCKET, No);
            check(&bound, ANNA, Write, BUCKET, No);
        }
        // Bound elsewhere it reaches nothing here.
        check(&world.bind(OTHER_PROJECT, role, BEN), ANNA, Administer, BUCKET, No);
    }
}

/// GCP-076: the same for keys; predefined roles cannot be changed.
#[test]
fn power_over_a_bound_custom_role_is_power_over_the_key() {
    let role = "projects/keys-prod/roles/own";
    let world = World::under_key().role(role, &["cloudkms.cryptoKeys.get"]).bind(
        KEYS_PROJECT,
        "roles/iam.roleAdmin",
        ANNA,
    );
    check(&world, ANNA, KeyAdminister, KEY, No);
    check(&world.clone().bind(RING, role, BEN), ANNA, KeyAdminister, KEY, Yes);
    check(&world.bind(OTHER_KEY, role, BEN), ANNA, KeyAdminister, KEY, No);
}
