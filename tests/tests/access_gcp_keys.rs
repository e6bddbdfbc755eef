//! What a customer's key means for the objects that it encrypts, and who uses and administers keys of Cloud KMS. Each test
//! names the rules of `shared/analysis/semantics/gcp.md` that decide it; the expectation is the vendor's.

use keyfence_analysis::model::Access::{Decrypt, KeyAdminister, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::gcp_world::{
    AGENT, ALL, ANNA, BEN, BUCKET, CRYPT, CUSTOM, FOLDER, KEY, KEYS_PROJECT, OBJECT_ADMIN,
    ORGANIZATION, OTHER_KEY, PROJECT, RING, VIEWER, World, bucket, check, check_all, denied, read,
    relative,
};
use serde_json::json;

// --- the key is no fence, but a switch

/// GCP-060: the service agent en- and decrypts, the reader needs no permission on the key.
#[test]
fn a_storage_role_alone_reads_what_a_customers_key_encrypts() {
    let world = World::under_key().bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [Yes, Yes, Yes, No]);
    check(&world, ANNA, Decrypt, KEY, No);
}

/// GCP-061: a right on the key is no right on the data.
#[test]
fn a_key_role_alone_reads_no_data() {
    let world = World::under_key().bind(KEY, CRYPT, ANNA);
    check_all(&world, [No, No, No, No]);
    check(&world, ANNA, Decrypt, KEY, Yes);
}

/// GCP-060, GCP-064: without its role on the key the service agent can neither read nor write for anybody; deleting works.
#[test]
fn nobody_reads_or_writes_once_the_service_agent_has_lost_the_key() {
    let world = World::under_key_without_right().bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [No, No, Yes, No]);
    // The reader's own right on the key changes nothing.
    read(&world.bind(KEY, CRYPT, ANNA), ANNA, No);
}

/// GCP-063: the agent needs `cryptoKeyEncrypterDecrypter`; half of it is half of the access.
#[test]
fn reading_needs_the_agents_right_to_decrypt_and_writing_its_right_to_encrypt() {
    let cases = [
        (CRYPT, Yes, Yes),
        ("roles/cloudkms.cryptoKeyDecrypter", Yes, No),
        ("roles/cloudkms.cryptoKeyEncrypter", No, Yes),
        ("roles/cloudkms.viewer", No, No),
        ("roles/cloudkms.admin", No, No),
    ];
    for (role, reads, writes) in cases {
        let world = World::under_key_without_right().bind(KEY, role, AGENT).bind(
            BUCKET,
            OBJECT_ADMIN,
            ANNA,
        );
        read(&world, ANNA, reads);
        check(&world, ANNA, Write, BUCKET, writes);
    }
}

/// GCP-011: project > key ring > key.
#[test]
fn the_agents_role_may_stand_above_the_key() {
    for (on, expected) in [
        (KEY, Yes),
        (RING, Yes),
        (KEYS_PROJECT, Yes),
        (FOLDER, Yes),
        (ORGANIZATION, Yes),
        (OTHER_KEY, No),
        // The project of the bucket is not that of the key.
        (PROJECT, No),
    ] {
        let world =
            World::under_key_without_right().bind(on, CRYPT, AGENT).bind(BUCKET, VIEWER, ANNA);
        read(&world, ANNA, expected);
    }
}

/// GCP-062: it is the agent of the bucket's own project that needs the key.
#[test]
fn the_agent_of_another_project_does_not_count() {
    let other = "serviceAccount:service-731946205518@gs-project-accounts.iam.gserviceaccount.com";
    let world = World::under_key_without_right().bind(KEY, CRYPT, other).bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, No);
}

/// GCP-057: a deny policy reaches the agent like everybody.
#[test]
fn a_deny_policy_on_the_keys_project_takes_the_key_from_the_agent() {
    let rule = denied(&[ALL], &["cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt"]);
    let world = World::under_key().bind(BUCKET, OBJECT_ADMIN, ANNA).deny(KEYS_PROJECT, &rule);
    check_all(&world, [No, Yes, Yes, No]);
}

/// GCP-063: a condition on the agent's role is one for everybody.
#[test]
fn a_condition_on_the_agents_role_makes_reading_conditional() {
    let world = World::under_key_without_right()
        .bind_if(KEY, CRYPT, AGENT, "request.time < timestamp('2027-01-01T00:00:00Z')")
        .bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, Conditional);
}

/// GCP-064: administration does not need the key.
#[test]
fn administration_goes_on_without_the_key() {
    let world = World::under_key_without_right().bind(BUCKET, "roles/storage.admin", ANNA);
    check_all(&world, [No, No, Yes, Yes]);
}

/// GCP-069: without a default key nobody needs one, and customer-supplied keys give nobody anything.
#[test]
fn without_a_default_key_nobody_needs_a_key() {
    let world = World::new().bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [Yes, Yes, Yes, No]);
    read(&world, BEN, No);
    let supplied = json!({"encryption": {"customerSuppliedEncryptionEnforcementConfig": {"restrictionMode": "NotRestricted"}}});
    let world = World::new().bucket(bucket(&supplied)).bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [Yes, Yes, Yes, No]);
}

// --- versions

/// GCP-065, GCP-066: only an enabled version decrypts or encrypts.
#[test]
fn nobody_reads_while_the_key_version_is_not_enabled() {
    let cases = [
        ("ENABLED", Yes),
        ("DISABLED", No),
        ("DESTROY_SCHEDULED", No),
        ("DESTROYED", No),
        ("PENDING_GENERATION", No),
        ("IMPORT_FAILED", No),
    ];
    for (state, expected) in cases {
        let world = World::under_key()
            .version("1", state)
            .bind(BUCKET, OBJECT_ADMIN, ANNA)
            .bind(KEY, CRYPT, BEN);
        check_all(&world, [expected, expected, Yes, No]);
        check(&world, BEN, Decrypt, KEY, expected);
    }
}

/// GCP-065, GCP-003: objects keep the version that encrypted them.
#[test]
fn one_disabled_version_of_two_darkens_its_objects_only() {
    let world = World::under_key().version("2", "DISABLED").bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, Conditional);
}

/// GCP-065: what a destroyed version encrypted is lost to all; the rest lives on.
#[test]
fn a_destroyed_version_beside_an_enabled_one_darkens_nothing_that_is_left() {
    let world = World::under_key()
        .version("1", "DESTROYED")
        .version("2", "ENABLED")
        .bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, Yes);
}

/// GCP-066: where the export shows the key with its primary version only, its state counts.
#[test]
fn the_state_of_the_primary_version_is_read_from_the_key_too() {
    for (state, expected) in [("ENABLED", Yes), ("DISABLED", No)] {
        let version = format!("{KEY}/cryptoKeyVersions/1");
        let primary = json!({"name": relative(&version), "state": state});
        let world = World::under_key()
            .lacking(&version)
            .put(KEY, Some(RING), json!({"primary": primary}))
            .bind(BUCKET, VIEWER, ANNA);
        read(&world, ANNA, expected);
    }
}

/// GCP-066: the primary version encrypts; older versions do not matter for new objects.
#[test]
fn writing_asks_for_the_primary_version_only() {
    let cases = [
        ("DISABLED", "ENABLED", Yes),
        ("ENABLED", "DISABLED", No),
        ("ENABLED", "DESTROY_SCHEDULED", No),
        ("ENABLED", "ENABLED", Yes),
    ];
    for (older, primary, writes) in cases {
        let world = World::under_key()
            .version("1", older)
            .version("2", primary)
            .primary("2", primary)
            .bind(BUCKET, OBJECT_ADMIN, ANNA);
        check(&world, ANNA, Write, BUCKET, writes);
    }
}

/// GCP-066, GCP-065: reads go by the version that encrypted, whichever is primary.
#[test]
fn reading_does_not_ask_which_version_is_primary() {
    let world = World::under_key()
        .version("1", "ENABLED")
        .version("2", "DISABLED")
        .bind(BUCKET, VIEWER, ANNA);
    for number in ["1", "2"] {
        let state = if number == "1" { "ENABLED" } else { "DISABLED" };
        read(&world.clone().primary(number, state), ANNA, Conditional);
    }
}

/// GCP-066: which version is primary is not said.
#[test]
fn writing_is_unknown_where_the_primary_version_is() {
    let world = World::under_key().version("1", "ENABLED").version("2", "DISABLED").bind(
        BUCKET,
        OBJECT_ADMIN,
        ANNA,
    );
    check(&world, ANNA, Write, BUCKET, Unknown);
    check(&world.version("2", "ENABLED"), ANNA, Write, BUCKET, Yes);
}

/// GCP-067: what the export does not show is unknown.
#[test]
fn a_key_or_version_that_is_not_listed_leaves_reading_unknown() {
    let version = format!("{KEY}/cryptoKeyVersions/1");
    let world = World::under_key().bind(BUCKET, OBJECT_ADMIN, ANNA);
    read(&world.clone().lacking(&version), ANNA, Unknown);
    let without = world.lacking(&version).lacking(KEY);
    check_all(&without, [Unknown, Unknown, Yes, No]);
    read(&without, BEN, No);
}

/// GCP-068, GCP-003: each key opens the objects that were written under it.
#[test]
fn objects_keep_a_former_default_key() {
    let encryption = json!({"encryption": {
        "defaultKmsKeyName": relative(KEY),
        "formerKmsKeyNames": [relative(OTHER_KEY)],
    }});
    let world = World::under_key()
        .bucket(bucket(&encryption))
        .version_of(OTHER_KEY, "1", "ENABLED")
        .bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [Conditional, Yes, Yes, No]);
    let both = world.bind(OTHER_KEY, CRYPT, AGENT);
    check_all(&both, [Yes, Yes, Yes, No]);
    read(&both.version_of(OTHER_KEY, "1", "DISABLED"), ANNA, Conditional);
}

// --- rights on keys

/// GCP-070, GCP-071, GCP-011: `useToDecrypt` is decryption, `setIamPolicy` and the life of versions are power over
/// the key.
#[test]
fn roles_on_a_key() {
    let cases = [
        (CRYPT, Yes, No),
        ("roles/cloudkms.cryptoKeyDecrypter", Yes, No),
        ("roles/cloudkms.cryptoKeyEncrypter", No, No),
        ("roles/cloudkms.cryptoOperator", Yes, No),
        ("roles/cloudkms.admin", No, Yes),
        ("roles/cloudkms.viewer", No, No),
        ("roles/iam.securityAdmin", No, Yes),
        ("roles/storage.admin", No, No),
    ];
    for (role, decrypts, administers) in cases {
        for on in [KEY, RING, KEYS_PROJECT, FOLDER, ORGANIZATION] {
            let world = World::under_key().bind(on, role, ANNA);
            check(&world, ANNA, Decrypt, KEY, decrypts);
            check(&world, ANNA, KeyAdminister, KEY, administers);
        }
        for on in [OTHER_KEY, PROJECT] {
            let world = World::under_key().bind(on, role, ANNA);
            check(&world, ANNA, Decrypt, KEY, No);
            check(&world, ANNA, KeyAdminister, KEY, No);
        }
    }
}

/// GCP-070: these roles let other services of Google Cloud decrypt.
#[test]
fn decryption_by_delegation_is_none_by_oneself() {
    for role in [
        "roles/cloudkms.cryptoKeyDecrypterViaDelegation",
        "roles/cloudkms.cryptoKeyEncrypterDecrypterViaDelegation",
    ] {
        check(&World::under_key().bind(KEY, role, ANNA), ANNA, Decrypt, KEY, No);
    }
}

/// GCP-070: any enabled version decrypts what it encrypted.
#[test]
fn decryption_goes_by_the_version_of_the_ciphertext() {
    let world = World::under_key().version("2", "DISABLED").bind(KEY, CRYPT, BEN);
    check(&world, BEN, Decrypt, KEY, Conditional);
    check(&world.version("1", "DISABLED"), BEN, Decrypt, KEY, No);
}

/// GCP-020: Owner holds `useToDecrypt` and `setIamPolicy` of keys; Editor and Viewer do not decrypt.
#[test]
fn basic_roles_on_the_keys_project() {
    for (role, decrypts) in [("roles/owner", Yes), ("roles/editor", No), ("roles/viewer", No)] {
        let world = World::under_key().bind(KEYS_PROJECT, role, ANNA);
        check(&world, ANNA, Decrypt, KEY, decrypts);
    }
    let owner = World::under_key().bind(KEYS_PROJECT, "roles/owner", ANNA);
    check(&owner, ANNA, KeyAdminister, KEY, Yes);
    // Editor may update the key and its versions.
    let editor = World::under_key().bind(KEYS_PROJECT, "roles/editor", ANNA);
    check(&editor, ANNA, KeyAdminister, KEY, Yes);
    let viewer = World::under_key().bind(KEYS_PROJECT, "roles/viewer", ANNA);
    check(&viewer, ANNA, KeyAdminister, KEY, No);
}

/// GCP-071, GCP-015: each permission by itself, on the resource that it is about.
#[test]
fn each_power_over_a_key() {
    let cases = [
        ("cloudkms.cryptoKeys.setIamPolicy", Yes, Yes),
        ("cloudkms.keyRings.setIamPolicy", No, Yes),
        ("cloudkms.cryptoKeys.update", Yes, Yes),
        ("cloudkms.cryptoKeyVersions.update", Yes, Yes),
        ("cloudkms.cryptoKeyVersions.destroy", Yes, Yes),
        ("cloudkms.cryptoKeyVersions.restore", Yes, Yes),
        ("cloudkms.cryptoKeys.getIamPolicy", No, No),
        ("cloudkms.cryptoKeyVersions.useToDecrypt", No, No),
        ("cloudkms.cryptoKeyVersions.list", No, No),
        ("storage.buckets.setIamPolicy", No, No),
    ];
    for (permission, on_key, on_ring) in cases {
        let world = World::under_key().role(CUSTOM, &[permission]);
        let bound = world.clone().bind(KEY, CUSTOM, ANNA);
        check(&bound, ANNA, KeyAdminister, KEY, on_key);
        for on in [RING, KEYS_PROJECT] {
            let bound = world.clone().bind(on, CUSTOM, ANNA);
            check(&bound, ANNA, KeyAdminister, KEY, on_ring);
        }
    }
}

/// GCP-072: whoever sets the policy of the key's project has power over the key.
#[test]
fn the_power_over_the_keys_project_is_power_over_the_key() {
    let world =
        World::under_key().bind(KEYS_PROJECT, "roles/resourcemanager.projectIamAdmin", ANNA);
    check(&world, ANNA, KeyAdminister, KEY, Yes);
    check(&world, ANNA, Decrypt, KEY, No);
    let elsewhere = World::under_key().bind(PROJECT, "roles/resourcemanager.projectIamAdmin", ANNA);
    check(&elsewhere, ANNA, KeyAdminister, KEY, No);
}
