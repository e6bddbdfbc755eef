//! Who may read, write, delete, administer and decrypt in Azure, case by case: each tenant holds only what the case needs,
//! and the expected verdict follows from the documentation, not from what the evaluator prints. The comments name the rule:
//! the Azure part of the design note on access (`access.md`), or a page of the vendor, below
//! <https://learn.microsoft.com/azure/>:
//!
//! * *rbac*: `role-based-access-control/overview`; *role definitions*: `role-based-access-control/role-definitions`;
//!   *scope*: `role-based-access-control/scope-overview`
//! * *deny*: `role-based-access-control/deny-assignments`
//! * *conditions*: `role-based-access-control/conditions-format`
//! * *elevate*: `role-based-access-control/elevate-access-global-admin`
//! * *data roles*: `storage/blobs/assign-azure-role-data-access`
//! * *shared key*: `storage/common/shared-key-authorization-prevent`
//! * *locks*: `azure-resource-manager/management/lock-resources`; *account locks*: `storage/common/lock-account-resource`
//! * *anonymous*: `storage/blobs/anonymous-read-access-configure`
//! * *network*: `storage/common/storage-network-security`
//! * *path ACLs*: `storage/blobs/data-lake-storage-access-control-model`
//! * *cmk*: `storage/common/customer-managed-keys-overview`
//! * *vault rbac*: `key-vault/general/rbac-guide`; *vault policies*: `key-vault/general/assign-access-policy`;
//!   *keys*: `key-vault/keys/about-keys-details`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_analysis::model::{Access, Cloud, Resource, Verdict};
use keyfence_tests::{assert_verdict, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ROOT_GROUP: &str = "/providers/Microsoft.Management/managementGroups/root";
const TEAM_GROUP: &str = "/providers/Microsoft.Management/managementGroups/team";
const SUBSCRIPTION: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28";
const GROUP: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data";
const ACCOUNT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake";
const OTHER_ACCOUNT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake2";
const REPORTS: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/reports";
const PAYROLL: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/payroll";
const VAULT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv-data";
const KEY: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv-data/keys/cmk";

const ANNA: &str = "22e3ad2e-dede-4da4-a605-a01bf0746895";
const BEN: &str = "0eba3d13-79e7-4188-a77b-2c06cd24c9bc";
/// The identity of the storage account.
const IDENTITY: &str = "18cbb004-3ade-431c-bf55-1d5f798ed85c";
const INNER: &str = "efbc648b-a4cf-48f9-93af-55d78b42c83c";
const OUTER: &str = "19b652d6-6e7e-44e5-95c0-3659ef2e55b2";
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";
const PUBLIC: &str = "public";

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const BLOB_CONTRIBUTOR: &str = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const BLOB_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
const DELEGATOR: &str = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a";
const KEY_OPERATOR: &str = "81a9662b-bebf-436f-a333-f67b29880f12";
const ACCOUNT_CONTRIBUTOR: &str = "17d1049b-9a84-46fb-8f53-869881c3d3ab";
const QUEUE_CONTRIBUTOR: &str = "974c5e8b-45b9-4653-ba55-5f855dd0fb88";
const VAULT_ADMINISTRATOR: &str = "00482a5a-887f-4fb3-b363-3b7fe8e74483";
const VAULT_CONTRIBUTOR: &str = "f25e0fa2-a7c8-4377-a976-54943a77a395";
const VAULT_READER: &str = "21090545-7ca7-4776-b22c-e363652d74d2";
const VAULT_DATA_ACCESS: &str = "8b54135c-b56d-4d72-a534-26097cfdc8d8";
const CRYPTO_USER: &str = "12338af0-0e69-4776-bea7-57ae8d297424";
const CRYPTO_OFFICER: &str = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603";
const SERVICE_ENCRYPTION: &str = "e147488a-f6f5-4113-8e2d-b22465e65bf6";
const CUSTOM: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

// --- the check

/// Asks one question; the resource is a key when its id is that of a key.
#[track_caller]
fn check(tenant: &Tenant, principal: &str, access: Access, resource: &str, expected: Verdict) {
    let what = if resource.to_lowercase().contains("/vaults/") {
        Resource::key(Cloud::Azure, resource)
    } else {
        Resource::store(Cloud::Azure, resource)
    };
    assert_verdict(&tenant.estate(), principal, access, &what, expected);
}

/// Anna's accesses to the account, in the order read, write, delete, administer.
#[track_caller]
fn check_all(tenant: &Tenant, expected: [Verdict; 4]) {
    for (access, expected) in [Read, Write, Delete, Administer].into_iter().zip(expected) {
        check(tenant, ANNA, access, ACCOUNT, expected);
    }
}

// --- the tenants

/// Estate files by name; all are there and empty at first.
#[derive(Clone)]
struct Tenant(BTreeMap<&'static str, Value>);

impl Tenant {
    fn new() -> Self {
        let management = json!([{
            "id": ROOT_GROUP,
            "properties": {"details": {"parent": null}, "children": [
                {"id": TEAM_GROUP, "children": [{"id": SUBSCRIPTION, "type": "/subscriptions"}]},
            ]},
        }]);
        Self(BTreeMap::from([
            ("resources", json!([])),
            ("role-assignments", json!([])),
            ("role-definitions", json!([])),
            ("deny-assignments", json!([])),
            ("groups", json!({})),
            ("management-groups", management),
        ]))
    }

    /// With one account: provider's key, no shared keys, nothing public, no network rules.
    fn plain() -> Self {
        Self::new().resource(account(&json!({})))
    }

    /// With an account under a customer's key in an RBAC vault, which its identity may use.
    fn under_key() -> Self {
        Self::under_key_without_right().assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
    }

    fn under_key_without_right() -> Self {
        Self::new()
            .resource(cmk_account(&json!({})))
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": true})))
    }

    /// The same with a vault of access policies.
    fn under_policy_key(policies: &Value) -> Self {
        Self::new()
            .resource(cmk_account(&json!({})))
            .resource(policy_vault(policies))
            .resource(key(&json!({"enabled": true})))
    }

    fn without(mut self, file: &str) -> Self {
        self.0.remove(file).unwrap();
        self
    }

    fn push(mut self, file: &str, item: Value) -> Self {
        self.0.get_mut(file).unwrap().as_array_mut().unwrap().push(item);
        self
    }

    fn resource(self, resource: Value) -> Self {
        self.push("resources", resource)
    }

    fn assign(self, principal: &str, role: &str, scope: &str) -> Self {
        self.assign_if(principal, role, scope, None)
    }

    fn assign_if(self, principal: &str, role: &str, scope: &str, condition: Option<&str>) -> Self {
        let count = self.0["role-assignments"].as_array().unwrap().len();
        let below = scope.trim_end_matches('/');
        let item = json!({
            "id": format!("{below}/providers/Microsoft.Authorization/roleAssignments/{count:08}-0000-4000-8000-000000000000"),
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
                "principalId": principal,
                "principalType": "User",
                "scope": scope,
                "condition": condition,
                "conditionVersion": condition.map(|_| "2.0"),
            },
        });
        self.push("role-assignments", item)
    }

    /// A custom role that Anna has on the account.
    fn anna_may(self, blocks: &Value) -> Self {
        self.role(blocks).assign(ANNA, CUSTOM, ACCOUNT)
    }

    fn role(self, blocks: &Value) -> Self {
        let item = json!({
            "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM}"),
            "name": CUSTOM,
            "properties": {"roleName": "Own role", "type": "CustomRole", "permissions": blocks},
        });
        self.push("role-definitions", item)
    }

    /// A deny assignment; `more` sets further properties.
    fn deny(self, principal: &str, scope: &str, permission: Value, more: &Value) -> Self {
        let properties = json!({
            "denyAssignmentName": "a deny",
            "permissions": [permission],
            "scope": scope,
            "doNotApplyToChildScopes": false,
            "principals": [{"id": principal, "type": if principal == EVERYONE { "SystemDefined" } else { "User" }}],
            "excludePrincipals": [],
        });
        let id = format!("{scope}/providers/Microsoft.Authorization/denyAssignments/d1");
        self.push("deny-assignments", json!({"id": id, "properties": with(properties, more)}))
    }

    fn group(mut self, group: &str, members: &[&str]) -> Self {
        self.0.get_mut("groups").unwrap()[group] = json!(members);
        self
    }

    fn lock(self, scope: &str, level: &str) -> Self {
        self.resource(json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/locks/l1"),
            "type": "Microsoft.Authorization/locks",
            "properties": {"level": level},
        }))
    }

    fn estate(&self) -> Estate {
        let mut files = Files::new();
        for (name, content) in &self.0 {
            files.insert(
                format!("azure/ccfef6bd-963d-468e-97b7-7529e3eaba5d/{name}.json"),
                content.to_string(),
            );
        }
        Estate::load(&files).unwrap()
    }
}

fn account(changes: &Value) -> Value {
    let properties = json!({
        "allowBlobPublicAccess": false,
        "allowSharedKeyAccess": false,
        "isHnsEnabled": false,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
        "encryption": {"keySource": "Microsoft.Storage"},
    });
    json!({
        "id": ACCOUNT,
        "type": "Microsoft.Storage/storageAccounts",
        "identity": {"type": "SystemAssigned", "principalId": IDENTITY},
        "properties": with(properties, changes),
    })
}

fn cmk_account(changes: &Value) -> Value {
    let encryption = json!({
        "keySource": "Microsoft.Keyvault",
        "keyvaultproperties": {"keyname": "cmk", "keyvaulturi": "https://kv-data.vault.azure.net", "keyversion": ""},
    });
    account(&with(json!({"encryption": encryption}), changes))
}

fn container(id: &str, properties: &Value) -> Value {
    json!({
        "id": id,
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
        "properties": properties,
    })
}

fn vault(changes: &Value) -> Value {
    let properties = json!({
        "vaultUri": "https://kv-data.vault.azure.net/",
        "accessPolicies": [],
        "enableRbacAuthorization": true,
        "enableSoftDelete": true,
        "enablePurgeProtection": true,
    });
    json!({"id": VAULT, "type": "Microsoft.KeyVault/vaults", "properties": with(properties, changes)})
}

fn rbac_vault() -> Value {
    vault(&json!({}))
}

fn policy_vault(policies: &Value) -> Value {
    vault(&json!({"enableRbacAuthorization": false, "accessPolicies": policies}))
}

fn policy(principal: &str, keys: &[&str]) -> Value {
    json!({
        "tenantId": "ccfef6bd-963d-468e-97b7-7529e3eaba5d",
        "objectId": principal,
        "permissions": {"keys": keys, "secrets": [], "certificates": []},
    })
}

fn key(attributes: &Value) -> Value {
    json!({
        "id": KEY,
        "type": "Microsoft.KeyVault/vaults/keys",
        "properties": {"attributes": attributes, "kty": "RSA", "keyUri": "https://kv-data.vault.azure.net/keys/cmk"},
    })
}

fn data(action: &str) -> Value {
    json!({"actions": [], "notActions": [], "dataActions": [action], "notDataActions": []})
}

fn control(action: &str) -> Value {
    json!({"actions": [action], "notActions": [], "dataActions": [], "notDataActions": []})
}

// --- the key is no fence, but a switch

/// access.md, Azure, CMK; *cmk*: the account's identity wraps and unwraps, the reader needs nothing on the key.
#[test]
fn a_data_role_alone_reads_what_a_customers_key_encrypts() {
    let tenant = Tenant::under_key().assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT);
    check_all(&tenant, [Yes, Yes, Yes, No]);
    check(&tenant, ANNA, Decrypt, KEY, No);
}

/// access.md, Azure, CMK: a right on the key is no right on the data.
#[test]
fn a_key_role_alone_reads_no_data() {
    let tenant = Tenant::under_key().assign(ANNA, VAULT_ADMINISTRATOR, KEY);
    check_all(&tenant, [No, No, No, No]);
    check(&tenant, ANNA, Decrypt, KEY, Yes);
}

/// *cmk*, "Revoke access": 403 "for all users" when the account has lost its key; Get Blob and Put Blob are in the list.
#[test]
fn nobody_reads_once_the_accounts_identity_has_lost_its_role_on_the_key() {
    let tenant = Tenant::under_key_without_right().assign(ANNA, BLOB_OWNER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
    check(&tenant, ANNA, Write, ACCOUNT, No);
    // The reader's own right on the key changes nothing.
    let tenant = tenant.assign(ANNA, VAULT_ADMINISTRATOR, VAULT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// *cmk*: for all users, so for holders of account keys and for the anonymous too.
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

/// access.md, Azure, CMK; *vault policies*: get, wrapKey and unwrapKey, all three.
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

/// *vault rbac*: with access policies Azure RBAC on the data plane does not count, and the other way round.
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

/// access.md, Azure, CMK: null on an existing vault means that access policies count.
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

/// access.md, Azure, CMK: judged by the three data actions, not by the role's name.
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

/// *cmk*, "Revoke access": "after the key has been disabled".
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

/// *keys*, "Date-time controlled operations": expired keys "will work for decrypt, unwrap, and verify operations".
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

/// access.md, all clouds: the address of a vault does not tell its subscription, so one that is not listed may be gone
/// or stand elsewhere: unknown, not no, and not yes.
#[test]
fn a_key_that_is_not_listed_leaves_reading_unknown() {
    let gone = Tenant::new().resource(cmk_account(&json!({}))).assign(ANNA, BLOB_READER, ACCOUNT);
    check(&gone, ANNA, Read, ACCOUNT, Unknown);
    check(&gone, BEN, Read, ACCOUNT, No);
    check(&gone.resource(rbac_vault()), ANNA, Read, ACCOUNT, Unknown);
}

/// *cmk*: the identity may be a user-assigned one; then the account's own does not count.
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

/// *cmk*: an account across tenants uses an application there, whose rights this tenant does not show.
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

/// access.md, Azure, CMK: `keySource` in any case.
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

/// *deny*: deny assignments block users (and identities) even if a role assignment grants them access.
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

// --- actions and data actions

/// *data roles*: "Azure roles such as Owner, Contributor … don't provide access to the blob data via Microsoft Entra ID".
#[test]
fn control_roles_read_no_data_without_account_keys() {
    for role in [OWNER, CONTRIBUTOR, READER, ACCOUNT_CONTRIBUTOR, KEY_OPERATOR, DELEGATOR] {
        let tenant = Tenant::plain().assign(ANNA, role, SUBSCRIPTION);
        for access in [Read, Write, Delete] {
            check(&tenant, ANNA, access, ACCOUNT, No);
        }
    }
}

/// access.md, Azure: "`*` roles reach data through listKeys even without data actions; Reader does not"; null counts as
/// true (*shared key*: "not set by default … permitted when null or true").
#[test]
fn who_may_list_account_keys_reads_writes_and_deletes() {
    for shared in [json!(true), json!(null)] {
        let tenant = Tenant::new().resource(account(&json!({"allowSharedKeyAccess": shared})));
        for role in [OWNER, CONTRIBUTOR, ACCOUNT_CONTRIBUTOR, KEY_OPERATOR] {
            let tenant = tenant.clone().assign(ANNA, role, GROUP);
            for access in [Read, Write, Delete] {
                check(&tenant, ANNA, access, ACCOUNT, Yes);
            }
        }
        for role in [READER, USER_ACCESS_ADMINISTRATOR, DELEGATOR, VAULT_CONTRIBUTOR] {
            let tenant = tenant.clone().assign(ANNA, role, GROUP);
            check(&tenant, ANNA, Read, ACCOUNT, No);
        }
    }
}

/// access.md, Azure: an account key opens every container; the operation is one of the account.
#[test]
fn account_keys_open_containers_but_not_from_the_scope_of_one() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .resource(container(REPORTS, &json!({"publicAccess": "None"})));
    check(&tenant.clone().assign(ANNA, OWNER, ACCOUNT), ANNA, Read, REPORTS, Yes);
    check(&tenant.assign(ANNA, OWNER, REPORTS), ANNA, Read, REPORTS, No);
}

/// access.md, Azure: listKeys, ListAccountSas and regenerateKey each open everything.
#[test]
fn each_operation_that_yields_a_key_or_an_account_sas_is_a_way() {
    let cases = [
        ("Microsoft.Storage/storageAccounts/listKeys/action", Yes),
        ("Microsoft.Storage/storageAccounts/ListAccountSas/action", Yes),
        ("Microsoft.Storage/storageAccounts/regeneratekey/action", Yes),
        ("Microsoft.Storage/storageAccounts/*", Yes),
        ("*/action", Yes),
        ("Microsoft.Storage/storageAccounts/read", No),
        ("Microsoft.Storage/storageAccounts/listKeys/read", No),
    ];
    for (action, expected) in cases {
        let tenant = Tenant::new()
            .resource(account(&json!({"allowSharedKeyAccess": true})))
            .anna_may(&json!([control(action)]));
        check(&tenant, ANNA, Read, ACCOUNT, expected);
    }
}

/// *role definitions*: `DataActions` and `Actions` are never each other's.
#[test]
fn an_action_is_no_data_action() {
    let read = format!("{BLOBS}/read");
    check(&Tenant::plain().anna_may(&json!([control(&read)])), ANNA, Read, ACCOUNT, No);
    check(&Tenant::plain().anna_may(&json!([control("*")])), ANNA, Read, ACCOUNT, No);
    check(&Tenant::plain().anna_may(&json!([data(&read)])), ANNA, Read, ACCOUNT, Yes);
    check(&Tenant::plain().anna_may(&json!([data("*")])), ANNA, Administer, ACCOUNT, No);
}

/// *data roles*: what the data roles allow.
#[test]
fn each_data_role_gives_its_verbs() {
    let cases = [
        (BLOB_READER, [Yes, No, No, No]),
        (BLOB_CONTRIBUTOR, [Yes, Yes, Yes, No]),
        (BLOB_OWNER, [Yes, Yes, Yes, No]),
        (QUEUE_CONTRIBUTOR, [No, No, No, No]),
        (READER, [No, No, No, No]),
    ];
    for (role, expected) in cases {
        check_all(&Tenant::plain().assign(ANNA, role, ACCOUNT), expected);
    }
}

/// access.md, table of verbs: write is `blobs/write` or `blobs/add/action`.
#[test]
fn wildcards_span_segments_and_case() {
    let cases = [
        ("*", [Yes, Yes, Yes]),
        ("Microsoft.Storage/*", [Yes, Yes, Yes]),
        ("MICROSOFT.STORAGE/storageaccounts/*/READ", [Yes, No, No]),
        ("*/read", [Yes, No, No]),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*", [Yes, Yes, Yes]),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*/action", [No, Yes, No]),
        (
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
            [No, Yes, No],
        ),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete", [No, No, Yes]),
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/rea", [No, No, No]),
        ("Microsoft.Storage/storageAccounts/queueServices/*", [No, No, No]),
        (" Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read ", [Yes, No, No]),
    ];
    for (action, expected) in cases {
        let tenant = Tenant::plain().anna_may(&json!([data(action)]));
        for (access, expected) in [Read, Write, Delete].into_iter().zip(expected) {
            check(&tenant, ANNA, access, ACCOUNT, expected);
        }
    }
}

/// *role definitions*: "NotDataActions … subtracted from DataActions"; "not a deny rule".
#[test]
fn what_a_role_leaves_out_another_role_may_give() {
    let blocks = json!([{"dataActions": [format!("{BLOBS}/*")], "notDataActions": [format!("{BLOBS}/delete")]}]);
    let tenant = Tenant::plain().anna_may(&blocks);
    check_all(&tenant, [Yes, Yes, No, No]);
    check_all(&tenant.assign(ANNA, BLOB_CONTRIBUTOR, GROUP), [Yes, Yes, Yes, No]);
}

/// access.md, Azure: "each permission block on its own".
#[test]
fn what_a_block_leaves_out_another_block_of_the_role_may_give() {
    let blocks = json!([
        {"dataActions": [format!("{BLOBS}/*")], "notDataActions": [format!("{BLOBS}/delete")]},
        {"dataActions": [format!("{BLOBS}/delete")]},
    ]);
    check_all(&Tenant::plain().anna_may(&blocks), [Yes, Yes, Yes, No]);
}

/// *role definitions*: `NotActions` take from `Actions`, here the listing of keys.
#[test]
fn not_actions_take_the_listing_of_keys_away() {
    let not = [
        "listKeys/action",
        "regenerateKey/action",
        "ListAccountSas/action",
        "ListServiceSas/action",
    ]
    .map(|o| format!("Microsoft.Storage/storageAccounts/{o}"));
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .anna_may(&json!([{"actions": ["*"], "notActions": not}]));
    check(&tenant, ANNA, Read, ACCOUNT, No);
    check(&tenant.assign(ANNA, KEY_OPERATOR, ACCOUNT), ANNA, Read, ACCOUNT, Yes);
}

/// access.md, all clouds: a role that no file and no table knows may give anything.
#[test]
fn an_unknown_role_is_unknown() {
    let tenant = Tenant::plain().assign(ANNA, "bbbbbbbb-0000-4000-8000-000000000009", ACCOUNT);
    check_all(&tenant, [Unknown, Unknown, Unknown, Unknown]);
    check_all(&tenant.assign(ANNA, BLOB_READER, ACCOUNT), [Yes, Unknown, Unknown, Unknown]);
}

// --- locks

/// *locks*: "a read-only lock on a storage account prevents users from listing the account keys"; inherited from above.
#[test]
fn a_read_only_lock_stops_the_listing_of_keys() {
    let tenant = Tenant::new().resource(account(&json!({"allowSharedKeyAccess": true}))).assign(
        ANNA,
        CONTRIBUTOR,
        SUBSCRIPTION,
    );
    for scope in [SUBSCRIPTION, GROUP, ACCOUNT] {
        check(&tenant.clone().lock(scope, "ReadOnly"), ANNA, Read, ACCOUNT, No);
    }
    check(&tenant.lock(OTHER_ACCOUNT, "ReadOnly"), ANNA, Read, ACCOUNT, Yes);
}

/// *locks*: CanNotDelete lets everything but deletion of the resource pass; POST is none.
#[test]
fn a_delete_lock_does_not_stop_reading() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .assign(ANNA, CONTRIBUTOR, SUBSCRIPTION)
        .lock(ACCOUNT, "CanNotDelete");
    for access in [Read, Write, Delete] {
        check(&tenant, ANNA, access, ACCOUNT, Yes);
    }
}

/// *account locks*: "does not protect containers or blobs within that account from being deleted or overwritten".
#[test]
fn a_read_only_lock_does_not_stop_data_roles() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_CONTRIBUTOR, ACCOUNT).lock(ACCOUNT, "ReadOnly");
    check_all(&tenant, [Yes, Yes, Yes, No]);
}

// --- scopes

/// *scope*: "lower levels inherit role permissions from higher levels".
#[test]
fn assignments_are_inherited_from_every_level_above() {
    for scope in ["/", ROOT_GROUP, TEAM_GROUP, SUBSCRIPTION, GROUP, ACCOUNT] {
        let tenant = Tenant::plain()
            .resource(container(REPORTS, &json!({"publicAccess": "None"})))
            .assign(ANNA, BLOB_READER, scope);
        check(&tenant, ANNA, Read, ACCOUNT, Yes);
        check(&tenant, ANNA, Read, REPORTS, Yes);
    }
}

/// *scope*: siblings inherit nothing, and a name is no prefix of another.
#[test]
fn assignments_reach_no_siblings() {
    let sibling = format!("{GROUP}-2");
    let scopes = [
        OTHER_ACCOUNT,
        &sibling,
        "/subscriptions/17522aa9-82a2-4fb0-9593-6db2b571c539",
        "/providers/Microsoft.Management/managementGroups/elsewhere",
        VAULT,
    ];
    for scope in scopes {
        check(&Tenant::plain().assign(ANNA, BLOB_READER, scope), ANNA, Read, ACCOUNT, No);
    }
}

/// access.md, Azure: matching is case-insensitive.
#[test]
fn ids_are_compared_without_regard_to_case() {
    let tenant = Tenant::plain().assign(
        &ANNA.to_uppercase(),
        &BLOB_READER.to_uppercase(),
        &GROUP.to_uppercase(),
    );
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    check(&tenant, ANNA, Read, &ACCOUNT.to_uppercase(), Yes);
}

/// *data roles*: a role may be assigned at one container.
#[test]
fn an_assignment_at_a_container_opens_that_container_alone() {
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .resource(container(PAYROLL, &json!({"publicAccess": "None"})))
        .assign(ANNA, BLOB_READER, REPORTS);
    check(&tenant, ANNA, Read, REPORTS, Yes);
    check(&tenant, ANNA, Read, PAYROLL, No);
}

/// access.md, all clouds: only some classes of objects is *conditional*; here a container that no file lists.
#[test]
fn a_container_that_is_not_listed_is_a_part_of_its_account() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, REPORTS);
    check_all(&tenant, [Conditional, No, No, No]);
}

/// *elevate*: User Access Administrator at scope `/` may assign roles in all subscriptions.
#[test]
fn an_elevated_administrator_administers_everything() {
    let tenant = Tenant::under_key().assign(ANNA, USER_ACCESS_ADMINISTRATOR, "/");
    check_all(&tenant, [No, No, No, Yes]);
    check(&tenant, ANNA, KeyAdminister, KEY, Yes);
}

// --- groups

/// access.md, Azure: "Groups are transitive".
#[test]
fn members_of_nested_groups_have_what_the_outer_group_has() {
    let tenant = Tenant::plain().group(OUTER, &[INNER]).group(INNER, &[ANNA]).assign(
        OUTER,
        BLOB_READER,
        ACCOUNT,
    );
    for who in [ANNA, INNER, OUTER] {
        check(&tenant, who, Read, ACCOUNT, Yes);
    }
    check(&tenant, BEN, Read, ACCOUNT, No);
    let other_way =
        Tenant::plain().group(OUTER, &[INNER, ANNA]).assign(INNER, BLOB_READER, ACCOUNT);
    check(&other_way, ANNA, Read, ACCOUNT, No);
}

/// access.md, Azure: groups may contain each other.
#[test]
fn a_circle_of_groups_does_no_harm() {
    let tenant = Tenant::plain().group(OUTER, &[INNER]).group(INNER, &[OUTER, ANNA]).assign(
        OUTER,
        BLOB_READER,
        ACCOUNT,
    );
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
}

/// *vault policies*: an access policy may name a group.
#[test]
fn an_access_policy_may_name_a_group() {
    let tenant = Tenant::under_policy_key(&json!([policy(OUTER, &["decrypt"])]))
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA]);
    check(&tenant, ANNA, Decrypt, KEY, Yes);
    check(&tenant, BEN, Decrypt, KEY, No);
}

// --- deny assignments

/// *deny*: "block users from performing specified actions even if a role assignment grants them access".
#[test]
fn a_deny_assignment_beats_every_role() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_OWNER, ACCOUNT).assign(BEN, BLOB_OWNER, ACCOUNT);
    for scope in [SUBSCRIPTION, GROUP, ACCOUNT] {
        let denied = tenant.clone().deny(ANNA, scope, data(&format!("{BLOBS}/read")), &json!({}));
        check_all(&denied, [No, Yes, Yes, No]);
        check(&denied, BEN, Read, ACCOUNT, Yes);
    }
    let elsewhere = tenant.deny(ANNA, OTHER_ACCOUNT, data(&format!("{BLOBS}/read")), &json!({}));
    check(&elsewhere, ANNA, Read, ACCOUNT, Yes);
}

/// *deny*: the all-zero id is all principals; `excludePrincipals` are spared, groups too.
#[test]
fn the_excluded_are_not_denied() {
    let tenant = Tenant::plain()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .assign(ANNA, BLOB_READER, ACCOUNT)
        .assign(BEN, BLOB_READER, ACCOUNT);
    let everyone = |excluded: Value| {
        tenant.clone().deny(EVERYONE, GROUP, data("*"), &json!({"excludePrincipals": excluded}))
    };
    let nobody_spared = everyone(json!([]));
    check(&nobody_spared, ANNA, Read, ACCOUNT, No);
    check(&nobody_spared, BEN, Read, ACCOUNT, No);
    for spared in [ANNA, OUTER] {
        let tenant = everyone(json!([{"id": spared, "type": "Group"}]));
        check(&tenant, ANNA, Read, ACCOUNT, Yes);
        check(&tenant, BEN, Read, ACCOUNT, No);
    }
}

/// *deny*: a group that is denied denies its members.
#[test]
fn members_of_a_denied_group_are_denied() {
    let tenant = Tenant::plain()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .assign(ANNA, BLOB_READER, ACCOUNT)
        .deny(OUTER, ACCOUNT, data(&format!("{BLOBS}/read")), &json!({}));
    check(&tenant, ANNA, Read, ACCOUNT, No);
}

/// *deny*: `doNotApplyToChildScopes`.
#[test]
fn a_deny_assignment_may_spare_the_scopes_below() {
    let only = json!({"doNotApplyToChildScopes": true});
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .assign(ANNA, BLOB_READER, SUBSCRIPTION);
    let at = |scope: &str| tenant.clone().deny(ANNA, scope, data("*"), &only);
    check(&at(GROUP), ANNA, Read, ACCOUNT, Yes);
    check(&at(ACCOUNT), ANNA, Read, ACCOUNT, No);
    check(&at(ACCOUNT), ANNA, Read, REPORTS, Yes);
    check(&at(REPORTS), ANNA, Read, REPORTS, No);
}

/// *deny*: a deny assignment has actions and data actions apart, and leaves out its own `Not…`.
#[test]
fn a_deny_assignment_denies_what_it_names_and_no_more() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowSharedKeyAccess": true})))
        .assign(ANNA, OWNER, GROUP);
    let keys = control("Microsoft.Storage/storageAccounts/*/action");
    check(&tenant.clone().deny(ANNA, GROUP, keys, &json!({})), ANNA, Read, ACCOUNT, No);
    check(&tenant.clone().deny(ANNA, GROUP, data("*"), &json!({})), ANNA, Read, ACCOUNT, Yes);
    let all_but = json!({"actions": ["*"], "notActions": ["*/action"]});
    let tenant = tenant.deny(ANNA, GROUP, all_but, &json!({}));
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    check(&tenant, ANNA, Administer, ACCOUNT, No);
}

// --- anonymous access

/// *anonymous*: both the account and the container must say so. access.md: null of the account is unknown.
#[test]
fn everyone_reads_a_container_only_where_account_and_container_allow_it() {
    let cases = [
        (json!(true), json!("Blob"), Yes),
        (json!(true), json!("Container"), Yes),
        (json!(true), json!("None"), No),
        (json!(false), json!("Blob"), No),
        (json!(false), json!("Container"), No),
        (json!(null), json!("Blob"), Unknown),
        (json!(null), json!("None"), No),
    ];
    for (account_allows, level, expected) in cases {
        let tenant = Tenant::new()
            .resource(account(&json!({"allowBlobPublicAccess": account_allows})))
            .resource(container(REPORTS, &json!({"publicAccess": level})));
        check(&tenant, PUBLIC, Read, REPORTS, expected);
        for access in [Write, Delete, Administer] {
            check(&tenant, PUBLIC, access, REPORTS, No);
        }
    }
}

/// access.md, all clouds: what the export does not say is unknown.
#[test]
fn a_container_that_does_not_say_whether_it_is_public_is_unknown() {
    let tenant = Tenant::new()
        .resource(account(&json!({"allowBlobPublicAccess": true})))
        .resource(container(REPORTS, &json!({})));
    check(&tenant, PUBLIC, Read, REPORTS, Unknown);
}

/// *anonymous*: the setting of the account rules over all its containers, listed or not.
#[test]
fn containers_that_are_not_listed_may_be_public_unless_the_account_forbids_it() {
    let at = |allowed: Value| {
        Tenant::new().resource(account(&json!({"allowBlobPublicAccess": allowed})))
    };
    check(&at(json!(true)), PUBLIC, Read, ACCOUNT, Unknown);
    check(&at(json!(false)), PUBLIC, Read, ACCOUNT, No);
}

/// *rbac*: the anonymous hold no roles.
#[test]
fn everyone_has_no_roles() {
    let tenant = Tenant::under_key().assign(EVERYONE, OWNER, SUBSCRIPTION);
    check(&tenant, PUBLIC, Read, ACCOUNT, No);
    check(&tenant, PUBLIC, Administer, ACCOUNT, No);
    check(&tenant, PUBLIC, Decrypt, KEY, No);
    check(&tenant, PUBLIC, KeyAdminister, KEY, No);
}

// --- network, path ACLs

/// access.md, all clouds: "Network rules … make a verdict conditional, never no"; *network*.
#[test]
fn network_rules_make_reading_conditional() {
    let rules = [
        json!({"publicNetworkAccess": "Disabled"}),
        json!({"publicNetworkAccess": "SecuredByPerimeter"}),
        json!({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.7"}]}}),
    ];
    for rule in rules {
        let tenant = Tenant::new().resource(account(&rule)).assign(ANNA, BLOB_READER, ACCOUNT);
        check(&tenant, ANNA, Read, ACCOUNT, Conditional);
        check(&tenant, BEN, Read, ACCOUNT, No);
    }
}

/// *network*: firewall rules of the data plane do not touch the control plane.
#[test]
fn network_rules_do_not_touch_administration() {
    let tenant = Tenant::new()
        .resource(account(&json!({"publicNetworkAccess": "Disabled"})))
        .assign(ANNA, OWNER, ACCOUNT);
    check(&tenant, ANNA, Administer, ACCOUNT, Yes);
}

/// *path ACLs*: roles are evaluated first and suffice; ACLs may give more, and no export shows them (access.md).
#[test]
fn a_hierarchical_namespace_leaves_unknown_who_has_no_role() {
    let tenant = Tenant::new().resource(account(&json!({"isHnsEnabled": true}))).assign(
        ANNA,
        BLOB_READER,
        ACCOUNT,
    );
    check_all(&tenant, [Yes, Unknown, Unknown, No]);
    check(&tenant, BEN, Read, ACCOUNT, Unknown);
}

// --- conditions

fn only_container(name: &str) -> String {
    format!(
        "((!(ActionMatches{{'{BLOBS}/read'}})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals '{name}'))"
    )
}

/// *conditions*; access.md: "A condition narrows only the actions that it names".
#[test]
fn a_condition_on_the_container_is_decided_for_a_container() {
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .resource(container(PAYROLL, &json!({"publicAccess": "None"})))
        .assign_if(ANNA, BLOB_CONTRIBUTOR, ACCOUNT, Some(&only_container("reports")));
    check(&tenant, ANNA, Read, REPORTS, Yes);
    check(&tenant, ANNA, Read, PAYROLL, No);
    check(&tenant, ANNA, Read, ACCOUNT, Conditional);
    check(&tenant, ANNA, Write, PAYROLL, Yes);
    check(&tenant, ANNA, Delete, ACCOUNT, Yes);
}

/// *conditions*: attributes of request, principal and environment are known at the request only.
#[test]
fn a_condition_on_the_request_makes_the_verdict_conditional() {
    let conditions = [
        "@Environment[isPrivateLink] BoolEquals true",
        "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project] StringEquals 'x'",
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project<$key_case_sensitive$>] StringEquals 'x'",
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike 'public/*'",
        "@Environment[UtcNow] DateTimeGreaterThan '2026-05-01T13:00:00.000Z'",
        "what nobody can read",
    ];
    for condition in conditions {
        let tenant = Tenant::plain().assign_if(ANNA, BLOB_READER, ACCOUNT, Some(condition));
        check(&tenant, ANNA, Read, ACCOUNT, Conditional);
        let free = tenant.assign(ANNA, BLOB_READER, GROUP);
        check(&free, ANNA, Read, ACCOUNT, Yes);
    }
}

/// access.md, Azure: conditions inside role definitions limit their block.
#[test]
fn a_condition_inside_a_role_counts_for_its_block() {
    let blocks = json!([
        {"dataActions": [format!("{BLOBS}/read")], "condition": only_container("payroll"), "conditionVersion": "2.0"},
        {"dataActions": [format!("{BLOBS}/write")]},
    ]);
    let tenant = Tenant::plain()
        .resource(container(REPORTS, &json!({"publicAccess": "None"})))
        .anna_may(&blocks);
    check(&tenant, ANNA, Read, REPORTS, No);
    check(&tenant, ANNA, Write, REPORTS, Yes);
}

/// *conditions*, delegation: who may assign some roles only administers under that condition. The built-in role *Key
/// Vault Data Access Administrator* carries such a condition.
#[test]
fn delegated_assignment_of_some_roles_is_conditional() {
    let some = format!(
        "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{BLOB_READER}}}))"
    );
    let tenant = Tenant::plain().assign_if(ANNA, USER_ACCESS_ADMINISTRATOR, ACCOUNT, Some(&some));
    check(&tenant, ANNA, Administer, ACCOUNT, Conditional);
    let tenant = Tenant::under_key().assign(ANNA, VAULT_DATA_ACCESS, VAULT);
    check(&tenant, ANNA, KeyAdminister, KEY, Conditional);
}

// --- administration

/// access.md, table of verbs: roleAssignments/write at or above, storageAccounts/write.
#[test]
fn who_may_assign_roles_or_write_the_account_administers() {
    let cases = [
        (OWNER, Yes),
        (USER_ACCESS_ADMINISTRATOR, Yes),
        // Not by assigning roles (its NotActions), but by writing the account.
        (CONTRIBUTOR, Yes),
        (ACCOUNT_CONTRIBUTOR, Yes),
        (READER, No),
        (BLOB_OWNER, No),
        (VAULT_CONTRIBUTOR, No),
    ];
    for (role, expected) in cases {
        for scope in [TEAM_GROUP, SUBSCRIPTION, GROUP, ACCOUNT] {
            let tenant = Tenant::plain().assign(ANNA, role, scope);
            check(&tenant, ANNA, Administer, ACCOUNT, expected);
        }
    }
}

/// *role definitions*: a role without `roleAssignments/write` assigns none; here only that operation is asked of.
#[test]
fn a_custom_role_administers_by_the_operation_alone() {
    let cases = [
        (json!([control("Microsoft.Authorization/roleAssignments/write")]), Yes),
        (json!([control("Microsoft.Authorization/*/Write")]), Yes),
        (json!([control("Microsoft.Authorization/roleAssignments/read")]), No),
        (json!([control("Microsoft.Storage/storageAccounts/write")]), Yes),
        (json!([{"actions": ["*"], "notActions": ["*/write"]}]), No),
    ];
    for (blocks, expected) in cases {
        check(&Tenant::plain().anna_may(&blocks), ANNA, Administer, ACCOUNT, expected);
    }
}

// --- keys

/// *vault rbac*: what the key roles allow; access.md: decrypt is the data action decrypt or unwrap.
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

/// *vault rbac*: a role on one key is none on another.
#[test]
fn a_role_on_another_key_is_none_on_this() {
    let tenant = Tenant::under_key().assign(ANNA, CRYPTO_USER, &format!("{VAULT}/keys/cmk2"));
    check(&tenant, ANNA, Decrypt, KEY, No);
}

/// *vault policies*: in a vault of access policies the policy decides, and data roles do not count.
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

/// *vault rbac*, warning: with the access policy model Contributor and Key Vault Contributor "can grant themselves data
/// plane access by setting a Key Vault access policy".
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

/// access.md, Azure, CMK: in an RBAC vault access policies are ignored, and so is the power to write them.
#[test]
fn the_power_over_access_policies_is_none_in_an_rbac_vault() {
    let only = json!([control("Microsoft.KeyVault/vaults/accessPolicies/write")]);
    let rbac = Tenant::under_key().role(&only).assign(ANNA, CUSTOM, VAULT);
    check(&rbac, ANNA, KeyAdminister, KEY, No);
    let policies = Tenant::under_policy_key(&json!([])).role(&only).assign(ANNA, CUSTOM, VAULT);
    check(&policies, ANNA, KeyAdminister, KEY, Yes);
}

/// *rbac*: a key is no store, a store is no key.
#[test]
fn verbs_of_the_other_kind_of_resource_are_never_allowed() {
    let tenant =
        Tenant::under_key().assign(ANNA, OWNER, "/").assign(ANNA, VAULT_ADMINISTRATOR, "/");
    check(&tenant, ANNA, Decrypt, ACCOUNT, No);
    check(&tenant, ANNA, KeyAdminister, ACCOUNT, No);
    check(&tenant, ANNA, Read, KEY, No);
    check(&tenant, ANNA, Administer, KEY, No);
}

// --- what no file says

/// access.md: a missing file means *unknown*, an empty one *none*.
#[test]
fn without_the_assignments_nothing_is_known() {
    check_all(&Tenant::plain(), [No, No, No, No]);
    check_all(&Tenant::plain().without("role-assignments"), [Unknown, Unknown, Unknown, Unknown]);
    let key = Tenant::under_key_without_right().without("role-assignments");
    check(&key, ANNA, Decrypt, KEY, Unknown);
}

/// access.md: the same for groups: what somebody has by himself stays certain.
#[test]
fn without_the_groups_membership_is_unknown() {
    let tenant =
        Tenant::plain().assign(OUTER, BLOB_READER, ACCOUNT).assign(BEN, BLOB_READER, ACCOUNT);
    check(&tenant, ANNA, Read, ACCOUNT, No);
    let tenant = tenant.without("groups");
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
    check(&tenant, BEN, Read, ACCOUNT, Yes);
}

/// access.md: without deny assignments a grant may be taken away.
#[test]
fn without_the_deny_assignments_a_grant_is_unknown() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).without("deny-assignments");
    check_all(&tenant, [Unknown, No, No, No]);
}

/// access.md: what stands below a management group is told by its file.
#[test]
fn without_the_management_groups_their_assignments_are_unknown() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ROOT_GROUP).without("management-groups");
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
    check(&tenant, BEN, Read, ACCOUNT, No);
    check(&tenant.assign(ANNA, BLOB_READER, GROUP), ANNA, Read, ACCOUNT, Yes);
}

/// README: built-in roles are shipped, so that their definitions may be missing.
#[test]
fn without_the_role_definitions_built_in_roles_are_still_known() {
    let tenant = Tenant::plain().assign(ANNA, BLOB_READER, ACCOUNT).without("role-definitions");
    check(&tenant, ANNA, Read, ACCOUNT, Yes);
    let tenant = Tenant::plain().assign(ANNA, CUSTOM, ACCOUNT).without("role-definitions");
    check(&tenant, ANNA, Read, ACCOUNT, Unknown);
}
