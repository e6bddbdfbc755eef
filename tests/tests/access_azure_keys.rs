//! Customer-managed keys, encryption scopes and vaults in Azure: whether an account can still use its key, who else can,
//! and who rules over it. The numbers are those of the rules in `shared/analysis/semantics/azure.md`.

use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict;
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_tests::azure_world::*;
use keyfence_tests::with;
use serde_json::{Value, json};

// --- the key is no fence, but a switch

/// AZURE-093, AZURE-096: the account's own identity wraps and unwraps, the reader needs nothing on the key.
#[test]
fn a_data_role_alone_reads_what_a_customers_key_encrypts() {
    let tenant = Tenant::under_key().assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT);
    check_all(&tenant, [Yes, Yes, Yes, No]);
    check(&tenant, ANNA, Decrypt, KEY, No);
}

/// AZURE-093: a right on the key is no right on the data.
#[test]
fn a_key_role_alone_reads_no_data() {
    let tenant = Tenant::under_key().assign(ANNA, VAULT_ADMINISTRATOR, KEY);
    check_all(&tenant, [No, No, No, No]);
    check(&tenant, ANNA, Decrypt, KEY, Yes);
}

/// AZURE-101: 403 "for all users" when the account has lost its key; Get Blob and Put Blob are in the list.
#[test]
fn nobody_reads_once_the_accounts_identity_has_lost_its_role_on_the_key() {
    let tenant = Tenant::under_key_without_right().assign(ANNA, BLOB_OWNER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
    check(&tenant, ANNA, Write, ACCOUNT, No);
    // The reader's own right on the key changes nothing.
    let tenant = tenant.assign(ANNA, VAULT_ADMINISTRATOR, VAULT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// AZURE-101: for all users, so for holders of account keys and for the anonymous too.
#[test]
fn a_lost_key_stops_account_keys_and_anonymous_readers_too() {
    let open = json!({"allowSharedKeyAccess": true, "allowBlobPublicAccess": true});
    let tenant = Tenant::new()
        .resource(cmk_account(&open))
        .resource(container(REPORTS, &json!({"publicAccess": "Blob"})))
        .resource(rbac_vault())
        .resource(key(&json!({"enabled": true})))
        .assign(ANNA, OWNER, SUBSCRIPTION);
    check(&tenant, ANNA, Read, ACCOUNT, No);
    check(&tenant, PUBLIC, Read, REPORTS, No);
    let tenant = tenant.assign(IDENTITY, SERVICE_ENCRYPTION, VAULT);
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    check(&tenant, PUBLIC, Read, REPORTS, Yes);
}

/// AZURE-100, AZURE-119: get, wrapKey and unwrapKey, all three.
#[test]
fn the_identity_needs_get_wrap_and_unwrap_in_a_policy_vault() {
    let cases: [(&[&str], Verdict); 5] = [
        (&["get", "wrapKey", "unwrapKey"], Yes),
        (&["Get", "WrapKey", "UnwrapKey", "List"], Yes),
        (&["all"], Yes),
        (&["get", "list"], No),
        (&[], No),
    ];
    for (keys, expected) in cases {
        let tenant = Tenant::under_policy_key(&json!([policy(IDENTITY, keys)]));
        check(&tenant.assign(ANNA, BLOB_READER, ACCOUNT), ANNA, Read, ACCOUNT, expected);
    }
    let removed = Tenant::under_policy_key(&json!([policy(BEN, &["all"])]));
    check(&removed.assign(ANNA, BLOB_READER, ACCOUNT), ANNA, Read, ACCOUNT, No);
}

/// AZURE-100: judged by the three data actions, not by the role's name.
#[test]
fn a_custom_role_of_the_three_operations_is_enough_for_the_identity() {
    let three = ["read", "wrap/action", "unwrap/action"]
        .map(|o| format!("Microsoft.KeyVault/vaults/keys/{o}"));
    let reading = |actions: &[String]| {
        Tenant::under_key_without_right()
            .role(&json!([{"dataActions": actions}]))
            .assign(IDENTITY, CUSTOM, VAULT)
            .assign(ANNA, BLOB_READER, ACCOUNT)
    };
    check(&reading(&three), ANNA, Read, ACCOUNT, Yes);
    check(&reading(&three[..2]), ANNA, Read, ACCOUNT, No);
}

/// AZURE-102: "after the key has been disabled".
#[test]
fn nobody_reads_while_the_key_is_disabled() {
    let tenant = |attributes: Value| {
        Tenant::new()
            .resource(cmk_account(&json!({})))
            .resource(rbac_vault())
            .resource(key(&attributes))
            .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
            .assign(ANNA, BLOB_READER, ACCOUNT)
            .assign(ANNA, CRYPTO_USER, KEY)
    };
    let disabled = tenant(json!({"enabled": false}));
    check(&disabled, ANNA, Read, ACCOUNT, No);
    check(&disabled, ANNA, Decrypt, KEY, No);
    // What the export does not say is unknown.
    check(&tenant(json!({})), ANNA, Read, ACCOUNT, Unknown);
}

/// AZURE-103: keys outside their dates "work for decrypt, release, unwrap, and verify operations".
#[test]
fn an_expired_key_still_decrypts() {
    let tenant = Tenant::new()
        .resource(cmk_account(&json!({})))
        .resource(rbac_vault())
        .resource(key(&json!({"enabled": true, "exp": 1_577_836_800})))
        .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
        .assign(ANNA, BLOB_READER, ACCOUNT)
        .assign(ANNA, CRYPTO_USER, KEY);
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    check(&tenant, ANNA, Decrypt, KEY, Yes);
}

/// AZURE-106: the address of a vault does not tell its subscription, so one that is not listed may be gone or stand
/// elsewhere: unknown, not no, and not yes.
#[test]
fn a_key_that_is_not_listed_leaves_reading_unknown() {
    let gone = Tenant::new().resource(cmk_account(&json!({}))).assign(ANNA, BLOB_READER, ACCOUNT);
    check(&gone, ANNA, Read, ACCOUNT, Unknown);
    check(&gone, BEN, Read, ACCOUNT, No);
    check(&gone.resource(rbac_vault()), ANNA, Read, ACCOUNT, Unknown);
}

/// AZURE-097: the identity may be a user-assigned one; then the account's own does not count.
#[test]
fn the_user_assigned_identity_is_the_one_that_needs_the_key() {
    let id = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-cmk");
    let mut account = cmk_account(&json!({}));
    account["identity"] = json!({
        "type": "SystemAssigned,UserAssigned",
        "principalId": IDENTITY,
        "userAssignedIdentities": {&id: {"principalId": BEN}},
    });
    account["properties"]["encryption"]["identity"] =
        json!({"userAssignedIdentity": id.to_uppercase()});
    let tenant = Tenant::new()
        .resource(account)
        .resource(rbac_vault())
        .resource(key(&json!({"enabled": true})))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    let own = tenant.clone().assign(IDENTITY, SERVICE_ENCRYPTION, KEY);
    check(&own, ANNA, Read, ACCOUNT, No);
    check(&tenant.assign(BEN, SERVICE_ENCRYPTION, KEY), ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-098: an account across tenants uses an application there, whose rights this tenant does not show.
#[test]
fn a_key_of_another_tenant_leaves_reading_unknown() {
    let mut account = cmk_account(&json!({}));
    account["properties"]["encryption"]["identity"] =
        json!({"federatedIdentityClientId": "94cf446f-c20f-4b6d-9940-a9b4ecaaca1e"});
    let tenant = Tenant::new()
        .resource(account)
        .resource(rbac_vault())
        .resource(key(&json!({"enabled": true})))
        .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
}

/// AZURE-094: `keySource` in any case.
#[test]
fn the_key_source_is_read_in_any_case() {
    let mut account = cmk_account(&json!({}));
    account["properties"]["encryption"]["keySource"] = json!("microsoft.keyvault");
    let tenant = Tenant::new()
        .resource(account)
        .resource(rbac_vault())
        .resource(key(&json!({"enabled": true})))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// AZURE-038: deny assignments block users (and identities) even if a role assignment grants them access.
#[test]
fn a_deny_assignment_on_the_vault_takes_the_key_from_the_account() {
    let tenant = Tenant::under_key().assign(ANNA, BLOB_READER, ACCOUNT).deny(
        EVERYONE,
        VAULT,
        data("Microsoft.KeyVault/vaults/keys/unwrap/action"),
        &json!({}),
    );
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// AZURE-093, AZURE-094: keys of Microsoft need no right of anybody, and no vault.
#[test]
fn under_a_key_of_microsoft_the_data_role_is_all() {
    for source in ["Microsoft.Storage", "microsoft.storage"] {
        let encryption = json!({"encryption": {"keySource": source}});
        let tenant =
            Tenant::new().resource(account(&encryption)).assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT);
        check_all(&tenant, [Yes, Yes, Yes, No]);
    }
}

/// AZURE-094: "If the key version is omitted" the newest is used; a version that is set changes nothing about rights.
#[test]
fn the_key_is_found_by_vault_and_name() {
    for (uri, name, version) in [
        ("https://kv-data.vault.azure.net", "cmk", ""),
        ("https://KV-Data.vault.azure.net/", "CMK", ""),
        ("https://kv-data.vault.azure.net:443/", "cmk", "1f2e3d4c5b6a49788796a5b4c3d2e1f0"),
    ] {
        let reference = json!({"keyvaulturi": uri, "keyname": name, "keyversion": version});
        let encryption =
            json!({"keySource": "Microsoft.Keyvault", "keyvaultproperties": reference});
        let tenant = Tenant::new()
            .resource(account(&json!({"encryption": encryption})))
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": true})))
            .assign(ANNA, BLOB_READER, ACCOUNT);
        check(&tenant, ANNA, Read, ACCOUNT, No);
        check(&tenant.assign(IDENTITY, SERVICE_ENCRYPTION, KEY), ANNA, Read, ACCOUNT, Yes);
    }
}

/// AZURE-095: what the export does not say is unknown.
#[test]
fn an_account_that_does_not_tell_its_key_is_unknown() {
    let unclear = [
        json!(null),
        json!({"keySource": "Microsoft.Keyvault"}),
        json!({"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyname": "cmk"}}),
        json!({"keySource": "Elsewhere"}),
    ];
    for encryption in unclear {
        let tenant = Tenant::new()
            .resource(account(&json!({"encryption": encryption})))
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": true})))
            .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
            .assign(ANNA, BLOB_READER, ACCOUNT);
        check(&tenant, ANNA, Read, ACCOUNT, Unknown);
        check(&tenant, BEN, Read, ACCOUNT, No);
    }
}

/// AZURE-099: "you must specify a managed identity that is to be used to authorize access to the key vault".
#[test]
fn an_account_without_identity_cannot_use_its_key() {
    let with_identity = |identity: Value| {
        let mut account = cmk_account(&json!({}));
        account["identity"] = identity;
        Tenant::new()
            .resource(account)
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": true})))
            .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
            .assign(ANNA, BLOB_READER, ACCOUNT)
    };
    check(&with_identity(json!({"type": "None"})), ANNA, Read, ACCOUNT, No);
    check(&with_identity(json!({"type": "SystemAssigned"})), ANNA, Read, ACCOUNT, Unknown);
    check(&with_identity(json!(null)), ANNA, Read, ACCOUNT, Unknown);
}

/// AZURE-105: "All data operations that aren't listed in the following sections may proceed after customer-managed keys are
/// revoked or after a key is disabled or deleted"; Delete Blob is not listed, Put Blob is.
#[test]
fn deleting_goes_on_when_the_key_is_lost() {
    let tenants = [
        Tenant::under_key_without_right(),
        Tenant::new()
            .resource(cmk_account(&json!({})))
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": false})))
            .assign(IDENTITY, SERVICE_ENCRYPTION, KEY),
        Tenant::under_policy_key(&json!([])),
    ];
    for tenant in tenants {
        let tenant = tenant.assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT);
        check_all(&tenant, [No, No, Yes, No]);
        check(&tenant, BEN, Delete, ACCOUNT, No);
    }
    // The same where the key cannot be judged.
    let elsewhere =
        Tenant::new().resource(cmk_account(&json!({}))).assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT);
    check_all(&elsewhere, [Unknown, Unknown, Yes, No]);
}

/// AZURE-104: "permitted JSON web key operations".
#[test]
fn a_key_permits_the_operations_that_it_lists() {
    let at = |operations: Value| {
        let mut key = key(&json!({"enabled": true}));
        key["properties"]["keyOps"] = operations;
        Tenant::new()
            .resource(cmk_account(&json!({})))
            .resource(rbac_vault())
            .resource(key)
            .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
            .assign(ANNA, BLOB_READER, ACCOUNT)
            .assign(ANNA, CRYPTO_USER, KEY)
    };
    let cases = [
        (json!(["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]), Yes, Yes),
        (json!(["wrapKey", "unwrapKey"]), Yes, Yes),
        (json!(["encrypt", "decrypt"]), No, Yes),
        (json!(["sign", "verify"]), No, No),
        (json!(null), Yes, Yes),
    ];
    for (operations, read, decrypt) in cases {
        check(&at(operations.clone()), ANNA, Read, ACCOUNT, read);
        check(&at(operations), ANNA, Decrypt, KEY, decrypt);
    }
}

/// AZURE-108: "If set to 'disabled' all traffic except private endpoint traffic and that that originates from trusted
/// services will be blocked"; Azure Storage is among the trusted services; the default of `bypass` is `AzureServices`.
#[test]
fn a_vault_firewall_with_the_exception_for_trusted_services_does_not_cut_the_account_off() {
    let rules = [
        json!({"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}),
        json!({"networkAcls": {"defaultAction": "Deny"}}),
        json!({"publicNetworkAccess": "Disabled", "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}),
        json!({"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow", "bypass": "None"}}),
    ];
    for rule in rules {
        check(&behind(&rule), ANNA, Read, ACCOUNT, Yes);
    }
}

/// AZURE-109: without the exception the account comes from no network that the vault knows.
#[test]
fn a_vault_firewall_without_the_exception_makes_reading_conditional() {
    let rules = [
        json!({"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}),
        json!({"publicNetworkAccess": "Disabled", "networkAcls": {"defaultAction": "Allow", "bypass": "None"}}),
    ];
    for rule in rules {
        check(&behind(&rule), ANNA, Read, ACCOUNT, Conditional);
        check(&behind(&rule), BEN, Read, ACCOUNT, No);
    }
}

/// An account under a key in a vault with these properties; Anna reads blobs and uses the key.
fn behind(vault_changes: &Value) -> Tenant {
    Tenant::new()
        .resource(cmk_account(&json!({})))
        .resource(vault(vault_changes))
        .resource(key(&json!({"enabled": true})))
        .assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
        .assign(ANNA, BLOB_READER, ACCOUNT)
        .assign(ANNA, CRYPTO_USER, KEY)
}

/// AZURE-107: "Managed HSM local RBAC"; Azure roles do not reach its data plane.
#[test]
fn a_key_of_a_managed_hsm_leaves_everything_about_it_unknown() {
    let hsm = format!("{GROUP}/providers/Microsoft.KeyVault/managedHSMs/hsm-data");
    let hsm_key = format!("{hsm}/keys/cmk");
    let reference =
        json!({"keyname": "cmk", "keyvaulturi": "https://hsm-data.managedhsm.azure.net"});
    let encryption = json!({"keySource": "Microsoft.Keyvault", "keyvaultproperties": reference});
    let tenant = Tenant::new()
        .resource(account(&json!({"encryption": encryption})))
        .resource(json!({
            "id": hsm,
            "type": "Microsoft.KeyVault/managedHSMs",
            "properties": {"hsmUri": "https://hsm-data.managedhsm.azure.net/"},
        }))
        .resource(json!({
            "id": hsm_key,
            "type": "Microsoft.KeyVault/managedHSMs/keys",
            "properties": {"attributes": {"enabled": true}},
        }))
        .assign(IDENTITY, SERVICE_ENCRYPTION, &hsm)
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
    check(&tenant, ANNA, Decrypt, &hsm_key, Unknown);
}

/// AZURE-110: "Data in Blob storage and Azure Files is always protected by customer-managed keys when customer-managed keys
/// are configured for the storage account", whatever holds of queues and tables.
#[test]
fn the_key_type_of_queues_and_tables_says_nothing_of_blobs() {
    for key_type in ["Service", "Account"] {
        let mut account = cmk_account(&json!({}));
        let service = json!({"keyType": key_type, "enabled": true});
        account["properties"]["encryption"]["services"] =
            json!({"queue": service, "table": service});
        let tenant = Tenant::new()
            .resource(account)
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": true})))
            .assign(ANNA, BLOB_READER, ACCOUNT);
        check(&tenant, ANNA, Read, ACCOUNT, No);
        check(&tenant.assign(IDENTITY, SERVICE_ENCRYPTION, KEY), ANNA, Read, ACCOUNT, Yes);
    }
}

// --- encryption scopes

/// An account with keys of Microsoft and a scope `hr` with these properties; the container of reports is under it, that
/// of the payroll is not. Anna reads, writes and deletes.
fn scoped(scope: &Value, overridable: bool) -> Tenant {
    Tenant::plain()
        .resource(json!({
            "id": format!("{ACCOUNT}/encryptionScopes/hr"),
            "type": "Microsoft.Storage/storageAccounts/encryptionScopes",
            "properties": scope,
        }))
        .resource(container(
            REPORTS,
            &json!({
                "publicAccess": "None",
                "defaultEncryptionScope": "hr",
                "denyEncryptionScopeOverride": !overridable,
            }),
        ))
        .resource(container(
            PAYROLL,
            &json!({
                "publicAccess": "None",
                "defaultEncryptionScope": "$account-encryption-key",
                "denyEncryptionScopeOverride": false,
            }),
        ))
        .resource(rbac_vault())
        .resource(key(&json!({"enabled": true})))
        .assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT)
}

fn customer_scope() -> Value {
    json!({
        "source": "Microsoft.KeyVault",
        "state": "Enabled",
        "keyVaultProperties": {"keyUri": "https://kv-data.vault.azure.net/keys/cmk"},
    })
}

/// AZURE-111: "every blob in the container is encrypted with the same key"; "if … you revoke the key in the key vault, the
/// data will become inaccessible".
#[test]
fn the_key_of_an_enforced_scope_decides_for_its_container() {
    let lost = scoped(&customer_scope(), false);
    check(&lost, ANNA, Read, REPORTS, No);
    check(&lost, ANNA, Write, REPORTS, No);
    check(&lost, ANNA, Delete, REPORTS, Yes);
    check(&lost, ANNA, Read, PAYROLL, Yes);
    let held = lost.assign(IDENTITY, SERVICE_ENCRYPTION, KEY);
    check(&held, ANNA, Read, REPORTS, Yes);
    check(&held, ANNA, Write, REPORTS, Yes);
}

/// AZURE-111, AZURE-106: the key of a scope may stand where the estate does not look.
#[test]
fn a_scope_whose_key_is_not_listed_is_unknown() {
    let scope = with(
        customer_scope(),
        &json!({"keyVaultProperties": {"keyUri": "https://kv-far.vault.azure.net/keys/cmk"}}),
    );
    check(&scoped(&scope, false), ANNA, Read, REPORTS, Unknown);
    check(&scoped(&scope, false), BEN, Read, REPORTS, No);
}

/// AZURE-112: "the blobs in the container may be encrypted with different keys".
#[test]
fn a_scope_that_clients_may_override_darkens_some_blobs_only() {
    let lost = scoped(&customer_scope(), true);
    check(&lost, ANNA, Read, REPORTS, Conditional);
    let held = lost.assign(IDENTITY, SERVICE_ENCRYPTION, KEY);
    check(&held, ANNA, Read, REPORTS, Yes);
}

/// AZURE-113: the word that the export shows for "no scope".
#[test]
fn the_accounts_own_key_is_no_scope() {
    for scope in [json!("$account-encryption-key"), json!(null)] {
        let tenant = Tenant::under_key_without_right()
            .resource(container(
                REPORTS,
                &json!({
                    "publicAccess": "None",
                    "defaultEncryptionScope": scope,
                    "denyEncryptionScopeOverride": false,
                }),
            ))
            .assign(ANNA, BLOB_READER, ACCOUNT);
        check(&tenant, ANNA, Read, REPORTS, No);
        check(&tenant.assign(IDENTITY, SERVICE_ENCRYPTION, KEY), ANNA, Read, REPORTS, Yes);
    }
}

/// AZURE-114: "When you disable an encryption scope, any subsequent read or write operations made with the encryption scope
/// will fail with HTTP error code 403".
#[test]
fn a_disabled_scope_stops_reading_and_writing() {
    for source in [json!({"source": "Microsoft.Storage"}), customer_scope()] {
        let at = |state: &str| {
            scoped(&with(source.clone(), &json!({"state": state})), false).assign(
                IDENTITY,
                SERVICE_ENCRYPTION,
                KEY,
            )
        };
        check(&at("Disabled"), ANNA, Read, REPORTS, No);
        check(&at("Disabled"), ANNA, Write, REPORTS, No);
        check(&at("Disabled"), ANNA, Read, PAYROLL, Yes);
        check(&at("Enabled"), ANNA, Read, REPORTS, Yes);
    }
}

/// AZURE-115: a scope that no list shows.
#[test]
fn a_container_under_a_scope_that_is_not_listed_is_unknown() {
    let tenant = Tenant::plain()
        .resource(container(
            REPORTS,
            &json!({
                "publicAccess": "None",
                "defaultEncryptionScope": "gone",
                "denyEncryptionScopeOverride": true,
            }),
        ))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, REPORTS, Unknown);
    check(&tenant, BEN, Read, REPORTS, No);
}

/// AZURE-116: the pages do not say whether a scope outlives the account's key.
#[test]
fn a_scope_in_an_account_that_lost_its_key_is_unknown() {
    let tenant = Tenant::under_key_without_right()
        .resource(json!({
            "id": format!("{ACCOUNT}/encryptionScopes/hr"),
            "type": "Microsoft.Storage/storageAccounts/encryptionScopes",
            "properties": {"source": "Microsoft.Storage", "state": "Enabled"},
        }))
        .resource(container(
            REPORTS,
            &json!({
                "publicAccess": "None",
                "defaultEncryptionScope": "hr",
                "denyEncryptionScopeOverride": true,
            }),
        ))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, REPORTS, Unknown);
    check(&tenant.assign(IDENTITY, SERVICE_ENCRYPTION, KEY), ANNA, Read, REPORTS, Yes);
}

// --- keys and vaults

/// AZURE-117, AZURE-125: what the key roles allow; decrypt is the data action decrypt or unwrap.
#[test]
fn roles_on_a_key_of_an_rbac_vault() {
    let cases = [
        (VAULT_ADMINISTRATOR, Yes, Yes),
        (CRYPTO_OFFICER, Yes, Yes),
        (SERVICE_ENCRYPTION, Yes, No),
        (VAULT_READER, No, No),
        (READER, No, No),
        // Data actions it has none, and an RBAC vault needs them.
        (OWNER, No, Yes),
        (BLOB_OWNER, No, No),
    ];
    for (role, decrypt, administer) in cases {
        for scope in [SUBSCRIPTION, VAULT, KEY] {
            let tenant = Tenant::under_key().assign(ANNA, role, scope);
            check(&tenant, ANNA, Decrypt, KEY, decrypt);
            check(&tenant, ANNA, KeyAdminister, KEY, administer);
        }
    }
    check(&Tenant::under_key().assign(ANNA, CRYPTO_USER, KEY), ANNA, Decrypt, KEY, Yes);
}

/// AZURE-118: a role on one key is none on another.
#[test]
fn a_role_on_another_key_is_none_on_this() {
    let tenant = Tenant::under_key().assign(ANNA, CRYPTO_USER, &format!("{VAULT}/keys/cmk2"));
    check(&tenant, ANNA, Decrypt, KEY, No);
}

/// AZURE-119, AZURE-121, AZURE-128: in a vault of access policies the policy decides, and data roles do not count.
#[test]
fn access_policies_decide_in_a_policy_vault() {
    let cases: [(&[&str], Verdict, Verdict); 5] = [
        (&["decrypt"], Yes, No),
        (&["unwrapKey"], Yes, No),
        (&["get", "list", "wrapKey", "encrypt"], No, No),
        (&["delete"], No, Yes),
        (&["all"], Yes, Yes),
    ];
    for (keys, decrypt, administer) in cases {
        let tenant = Tenant::under_policy_key(&json!([policy(ANNA, keys)]));
        check(&tenant, ANNA, Decrypt, KEY, decrypt);
        check(&tenant, ANNA, KeyAdminister, KEY, administer);
    }
    let role = Tenant::under_policy_key(&json!([])).assign(ANNA, CRYPTO_USER, KEY);
    check(&role, ANNA, Decrypt, KEY, No);
}

/// AZURE-126: with the access policy model Contributor and Key Vault Contributor "can grant themselves data plane access
/// by setting a Key Vault access policy".
#[test]
fn a_vault_contributor_can_give_himself_the_keys_of_a_policy_vault() {
    for role in [VAULT_CONTRIBUTOR, CONTRIBUTOR] {
        let tenant = Tenant::under_policy_key(&json!([])).assign(ANNA, role, VAULT);
        check(&tenant, ANNA, Decrypt, KEY, No);
        check(&tenant, ANNA, KeyAdminister, KEY, Yes);
        // It is power over the key, not over the data.
        check(&tenant, ANNA, Read, ACCOUNT, No);
        check(&tenant, ANNA, Administer, ACCOUNT, No);
    }
}

/// AZURE-127: in a vault of roles access policies are ignored, and so is the power to write them.
#[test]
fn the_power_over_access_policies_is_none_in_an_rbac_vault() {
    let only = json!([control("Microsoft.KeyVault/vaults/accessPolicies/write")]);
    let rbac = Tenant::under_key().role(&only).assign(ANNA, CUSTOM, VAULT);
    check(&rbac, ANNA, KeyAdminister, KEY, No);
    let policies = Tenant::under_policy_key(&json!([])).role(&only).assign(ANNA, CUSTOM, VAULT);
    check(&policies, ANNA, KeyAdminister, KEY, Yes);
}

/// AZURE-121: with access policies roles on the data plane do not count, and the other way round.
#[test]
fn one_permission_model_of_a_vault_ignores_the_other() {
    let policies = Tenant::under_policy_key(&json!([]))
        .assign(IDENTITY, SERVICE_ENCRYPTION, VAULT)
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&policies, ANNA, Read, ACCOUNT, No);
    let roles = Tenant::new()
        .resource(cmk_account(&json!({})))
        .resource(vault(&json!({"accessPolicies": [policy(IDENTITY, &["all"])]})))
        .resource(key(&json!({"enabled": true})))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&roles, ANNA, Read, ACCOUNT, No);
}

/// AZURE-120: null on an existing vault means that access policies count.
#[test]
fn a_vault_that_does_not_say_its_model_has_access_policies() {
    let tenant = Tenant::new()
        .resource(cmk_account(&json!({})))
        .resource(vault(&json!({
            "enableRbacAuthorization": null,
            "accessPolicies": [policy(IDENTITY, &["get", "wrapKey", "unwrapKey"])],
        })))
        .resource(key(&json!({"enabled": true})))
        .assign(ANNA, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
}

/// AZURE-122: an access policy may name a group.
#[test]
fn an_access_policy_may_name_a_group() {
    let tenant = Tenant::under_policy_key(&json!([policy(OUTER, &["decrypt"])]))
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA]);
    check(&tenant, ANNA, Decrypt, KEY, Yes);
    check(&tenant, BEN, Decrypt, KEY, No);
}

/// AZURE-005: a key is no store, a store is no key.
#[test]
fn verbs_of_the_other_kind_of_resource_are_never_allowed() {
    let tenant =
        Tenant::under_key().assign(ANNA, OWNER, "/").assign(ANNA, VAULT_ADMINISTRATOR, "/");
    check(&tenant, ANNA, Decrypt, ACCOUNT, No);
    check(&tenant, ANNA, KeyAdminister, ACCOUNT, No);
    check(&tenant, ANNA, Read, KEY, No);
    check(&tenant, ANNA, Administer, KEY, No);
}

/// AZURE-117: both operations by themselves; others give nothing.
#[test]
fn decrypt_and_unwrap_are_each_enough_in_a_vault_of_roles() {
    let cases = [
        ("keys/decrypt/action", Yes),
        ("keys/unwrap/action", Yes),
        ("keys/*", Yes),
        ("keys/read", No),
        ("keys/encrypt/action", No),
        ("keys/wrap/action", No),
        ("secrets/*", No),
    ];
    for (operation, expected) in cases {
        let tenant = Tenant::under_key()
            .role(&json!([data(&format!("Microsoft.KeyVault/vaults/{operation}"))]))
            .assign(ANNA, CUSTOM, VAULT);
        check(&tenant, ANNA, Decrypt, KEY, expected);
    }
}

/// AZURE-123: "Application ID of the client making request on behalf of a principal".
#[test]
fn an_access_policy_for_an_application_on_behalf_of_a_principal_is_conditional() {
    let compound = with(
        policy(ANNA, &["decrypt"]),
        &json!({"applicationId": "94cf446f-c20f-4b6d-9940-a9b4ecaaca1e"}),
    );
    let tenant = Tenant::under_policy_key(&json!([compound]));
    check(&tenant, ANNA, Decrypt, KEY, Conditional);
    check(&tenant, BEN, Decrypt, KEY, No);
    let both = Tenant::under_policy_key(&json!([compound, policy(ANNA, &["decrypt"])]));
    check(&both, ANNA, Decrypt, KEY, Yes);
}

/// AZURE-124: the exception for trusted services is for services; the control plane has no firewall of the vault.
#[test]
fn a_vault_firewall_makes_decrypting_conditional() {
    let rules = [
        json!({"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}),
        json!({"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}),
        json!({"publicNetworkAccess": "Disabled"}),
    ];
    for rule in rules {
        let tenant = behind(&rule).assign(ANNA, OWNER, VAULT);
        check(&tenant, ANNA, Decrypt, KEY, Conditional);
        check(&tenant, ANNA, KeyAdminister, KEY, Yes);
        check(&tenant, BEN, Decrypt, KEY, No);
    }
}

/// AZURE-125: role assignments on the key or above it.
#[test]
fn who_may_assign_roles_on_a_key_administers_it() {
    for scope in ["/", TEAM_GROUP, SUBSCRIPTION, GROUP, VAULT, KEY] {
        let tenant = Tenant::under_key().assign(ANNA, USER_ACCESS_ADMINISTRATOR, scope);
        check(&tenant, ANNA, KeyAdminister, KEY, Yes);
        check(&tenant, ANNA, Decrypt, KEY, No);
    }
    let elsewhere = format!("{VAULT}/keys/cmk2");
    let tenant = Tenant::under_key().assign(ANNA, USER_ACCESS_ADMINISTRATOR, &elsewhere);
    check(&tenant, ANNA, KeyAdminister, KEY, No);
}

/// AZURE-126: the vault's network rules and its life are properties that `vaults/write` sets, in either model.
#[test]
fn who_may_write_a_vault_administers_its_keys() {
    let only = json!([control("Microsoft.KeyVault/vaults/write")]);
    for tenant in [Tenant::under_key(), Tenant::under_policy_key(&json!([]))] {
        let tenant = tenant.role(&only).assign(ANNA, CUSTOM, VAULT);
        check(&tenant, ANNA, KeyAdminister, KEY, Yes);
        check(&tenant, ANNA, Decrypt, KEY, No);
        check(&tenant, BEN, KeyAdminister, KEY, No);
    }
}

/// AZURE-128: what ends a key or disables it.
#[test]
fn who_rules_over_the_life_of_a_key_administers_it() {
    let cases = [
        (data("Microsoft.KeyVault/vaults/keys/delete"), Yes),
        (data("Microsoft.KeyVault/vaults/keys/update/action"), Yes),
        (data("Microsoft.KeyVault/vaults/keys/sign/action"), No),
        (control("Microsoft.KeyVault/vaults/delete"), Yes),
        (control("Microsoft.KeyVault/vaults/read"), No),
    ];
    for (block, expected) in cases {
        let tenant = Tenant::under_key().role(&json!([block])).assign(ANNA, CUSTOM, VAULT);
        check(&tenant, ANNA, KeyAdminister, KEY, expected);
    }
    for (permission, expected) in [("delete", Yes), ("update", Yes), ("sign", No)] {
        let tenant = Tenant::under_policy_key(&json!([policy(ANNA, &[permission])]));
        check(&tenant, ANNA, KeyAdminister, KEY, expected);
    }
}

/// AZURE-129: ReadOnly means that "authorized users can only read a resource, but they can't delete or update it"; locks are
/// none on the data plane, and none for who may delete them.
#[test]
fn a_read_only_lock_on_the_vault_stops_its_writers() {
    let policies = |role: &str| Tenant::under_policy_key(&json!([])).assign(ANNA, role, VAULT);
    for role in [VAULT_CONTRIBUTOR, CONTRIBUTOR] {
        check(&policies(role), ANNA, KeyAdminister, KEY, Yes);
        check(&policies(role).lock(VAULT, "ReadOnly"), ANNA, KeyAdminister, KEY, No);
        check(&policies(role).lock(GROUP, "ReadOnly"), ANNA, KeyAdminister, KEY, No);
    }
    check(&policies(OWNER).lock(VAULT, "ReadOnly"), ANNA, KeyAdminister, KEY, Yes);
    let officer = Tenant::under_key().assign(ANNA, CRYPTO_OFFICER, VAULT).lock(VAULT, "ReadOnly");
    check(&officer, ANNA, KeyAdminister, KEY, Yes);
    check(&officer, ANNA, Decrypt, KEY, Yes);
}
