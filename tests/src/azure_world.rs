//! A small world in Azure for the tests of access: one tenant, one storage account, one vault with one key. Each tenant
//! holds only what the case needs, in the shapes in which Azure Resource Manager and Resource Graph list it.
//!
//! The numbers in the tests (`AZURE-001`) are those of the rules in `shared/analysis/semantics/azure.md`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use crate::{assert_verdict, with};
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::Access::{Administer, Delete, Read, Write};
use keyfence_analysis::model::{Access, Cloud, Resource, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const TENANT: &str = "ccfef6bd-963d-468e-97b7-7529e3eaba5d";
pub const ROOT_GROUP: &str = "/providers/Microsoft.Management/managementGroups/root";
pub const TEAM_GROUP: &str = "/providers/Microsoft.Management/managementGroups/team";
pub const SUBSCRIPTION: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28";
pub const GROUP: &str =
    "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data";
pub const ACCOUNT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake";
pub const OTHER_ACCOUNT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake2";
pub const REPORTS: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/reports";
pub const PAYROLL: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/payroll";
pub const VAULT: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv-data";
pub const KEY: &str = "/subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv-data/keys/cmk";

pub const ANNA: &str = "22e3ad2e-dede-4da4-a605-a01bf0746895";
pub const BEN: &str = "0eba3d13-79e7-4188-a77b-2c06cd24c9bc";
/// The identity of the storage account.
pub const IDENTITY: &str = "18cbb004-3ade-431c-bf55-1d5f798ed85c";
/// A group within [`OUTER`], where a case says so.
pub const INNER: &str = "efbc648b-a4cf-48f9-93af-55d78b42c83c";
pub const OUTER: &str = "19b652d6-6e7e-44e5-95c0-3659ef2e55b2";
/// The id that stands for all principals in deny assignments.
pub const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";
/// Without identity.
pub const PUBLIC: &str = "public";

pub const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
pub const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
pub const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
pub const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
pub const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
pub const BLOB_CONTRIBUTOR: &str = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
pub const BLOB_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
pub const DELEGATOR: &str = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a";
pub const KEY_OPERATOR: &str = "81a9662b-bebf-436f-a333-f67b29880f12";
pub const ACCOUNT_CONTRIBUTOR: &str = "17d1049b-9a84-46fb-8f53-869881c3d3ab";
pub const QUEUE_CONTRIBUTOR: &str = "974c5e8b-45b9-4653-ba55-5f855dd0fb88";
pub const VAULT_ADMINISTRATOR: &str = "00482a5a-887f-4fb3-b363-3b7fe8e74483";
pub const VAULT_CONTRIBUTOR: &str = "f25e0fa2-a7c8-4377-a976-54943a77a395";
pub const VAULT_READER: &str = "21090545-7ca7-4776-b22c-e363652d74d2";
pub const VAULT_DATA_ACCESS: &str = "8b54135c-b56d-4d72-a534-26097cfdc8d8";
pub const CRYPTO_USER: &str = "12338af0-0e69-4776-bea7-57ae8d297424";
pub const CRYPTO_OFFICER: &str = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603";
pub const SERVICE_ENCRYPTION: &str = "e147488a-f6f5-4113-8e2d-b22465e65bf6";
/// A role that a case defines itself ([`Tenant::role`]).
pub const CUSTOM: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// What the data actions on blobs begin with.
pub const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/// Asks one question; the resource is a key when its id is that of one.
///
/// # Panics
/// When the verdict is another one.
#[track_caller]
pub fn check(tenant: &Tenant, principal: &str, access: Access, resource: &str, expected: Verdict) {
    let what = if resource.to_lowercase().contains("microsoft.keyvault") {
        Resource::key(Cloud::Azure, resource)
    } else {
        Resource::store(Cloud::Azure, resource)
    };
    assert_verdict(&tenant.estate(), principal, access, &what, expected);
}

/// Anna's accesses to the account, in the order read, write, delete, administer.
///
/// # Panics
/// When one of the verdicts is another one.
#[track_caller]
pub fn check_all(tenant: &Tenant, expected: [Verdict; 4]) {
    for (access, expected) in [Read, Write, Delete, Administer].into_iter().zip(expected) {
        check(tenant, ANNA, access, ACCOUNT, expected);
    }
}

/// Estate files by name; all are there and empty at first.
#[derive(Debug, Clone)]
pub struct Tenant(BTreeMap<&'static str, Value>);

impl Default for Tenant {
    fn default() -> Self {
        Self::new()
    }
}

impl Tenant {
    /// Nothing but the management groups: root above team above the subscription.
    #[must_use]
    pub fn new() -> Self {
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
    #[must_use]
    pub fn plain() -> Self {
        Self::new().resource(account(&json!({})))
    }

    /// The same with account keys.
    #[must_use]
    pub fn with_account_keys() -> Self {
        Self::new().resource(account(&json!({"allowSharedKeyAccess": true})))
    }

    /// With an account under a customer's key in an RBAC vault, which its identity may use.
    #[must_use]
    pub fn under_key() -> Self {
        Self::under_key_without_right().assign(IDENTITY, SERVICE_ENCRYPTION, KEY)
    }

    /// The same, but the identity may not use the key.
    #[must_use]
    pub fn under_key_without_right() -> Self {
        Self::new()
            .resource(cmk_account(&json!({})))
            .resource(rbac_vault())
            .resource(key(&json!({"enabled": true})))
    }

    /// The same with a vault of access policies.
    #[must_use]
    pub fn under_policy_key(policies: &Value) -> Self {
        Self::new()
            .resource(cmk_account(&json!({})))
            .resource(policy_vault(policies))
            .resource(key(&json!({"enabled": true})))
    }

    /// Without one of the files.
    #[must_use]
    pub fn without(mut self, file: &str) -> Self {
        self.0.remove(file).unwrap();
        self
    }

    /// With another content of a file.
    #[must_use]
    pub fn file(mut self, file: &str, content: Value) -> Self {
        *self.0.get_mut(file).unwrap() = content;
        self
    }

    fn push(mut self, file: &str, item: Value) -> Self {
        self.0.get_mut(file).unwrap().as_array_mut().unwrap().push(item);
        self
    }

    #[must_use]
    pub fn resource(self, resource: Value) -> Self {
        self.push("resources", resource)
    }

    /// The two containers, not public.
    #[must_use]
    pub fn containers(self) -> Self {
        self.resource(container(REPORTS, &json!({"publicAccess": "None"})))
            .resource(container(PAYROLL, &json!({"publicAccess": "None"})))
    }

    #[must_use]
    pub fn assign(self, principal: &str, role: &str, scope: &str) -> Self {
        self.assign_with(principal, role, scope, &json!({}))
    }

    /// An assignment with a condition.
    #[must_use]
    pub fn assign_if(self, principal: &str, role: &str, scope: &str, condition: &str) -> Self {
        let properties = json!({"condition": condition, "conditionVersion": "2.0"});
        self.assign_with(principal, role, scope, &properties)
    }

    /// An assignment with further properties.
    #[must_use]
    pub fn assign_with(self, principal: &str, role: &str, scope: &str, more: &Value) -> Self {
        let count = self.0["role-assignments"].as_array().unwrap().len();
        let below = scope.trim_end_matches('/');
        let properties = json!({
            "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal,
            "principalType": kind(principal),
            "scope": scope,
            "condition": null,
            "conditionVersion": null,
        });
        let item = json!({
            "id": format!("{below}/providers/Microsoft.Authorization/roleAssignments/{count:08}-0000-4000-8000-000000000000"),
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": with(properties, more),
        });
        self.push("role-assignments", item)
    }

    /// A custom role that Anna has on the account.
    #[must_use]
    pub fn anna_may(self, blocks: &Value) -> Self {
        self.role(blocks).assign(ANNA, CUSTOM, ACCOUNT)
    }

    /// The definition of [`CUSTOM`].
    #[must_use]
    pub fn role(self, blocks: &Value) -> Self {
        self.definition(CUSTOM, blocks)
    }

    /// The definition of a role in the estate's own file.
    #[must_use]
    pub fn definition(self, role: &str, blocks: &Value) -> Self {
        let item = json!({
            "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "name": role,
            "properties": {"roleName": "Own role", "type": "CustomRole", "permissions": blocks},
        });
        self.push("role-definitions", item)
    }

    /// A deny assignment; `more` sets further properties.
    #[must_use]
    pub fn deny(self, principal: &str, scope: &str, permission: Value, more: &Value) -> Self {
        let properties = json!({
            "denyAssignmentName": "a deny",
            "permissions": [permission],
            "scope": scope,
            "doNotApplyToChildScopes": false,
            "principals": [{"id": principal, "type": kind(principal)}],
            "excludePrincipals": [],
        });
        let id = format!("{scope}/providers/Microsoft.Authorization/denyAssignments/d1");
        self.push("deny-assignments", json!({"id": id, "properties": with(properties, more)}))
    }

    #[must_use]
    pub fn group(mut self, group: &str, members: &[&str]) -> Self {
        self.0.get_mut("groups").unwrap()[group] = json!(members);
        self
    }

    #[must_use]
    pub fn lock(self, scope: &str, level: &str) -> Self {
        self.resource(json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/locks/l1"),
            "type": "Microsoft.Authorization/locks",
            "properties": {"level": level},
        }))
    }

    /// The tenant as an estate.
    ///
    /// # Panics
    /// When a file does not load.
    #[must_use]
    pub fn estate(&self) -> Estate {
        let mut files = Files::new();
        for (name, content) in &self.0 {
            files.insert(format!("azure/{TENANT}/{name}.json"), content.to_string());
        }
        Estate::load(&files).unwrap()
    }
}

/// The type of a principal, as role and deny assignments name it.
fn kind(principal: &str) -> &'static str {
    match principal {
        EVERYONE => "SystemDefined",
        INNER | OUTER => "Group",
        IDENTITY => "ServicePrincipal",
        _ => "User",
    }
}

/// The account with some properties changed.
#[must_use]
pub fn account(changes: &Value) -> Value {
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

/// The account under the customer's key [`KEY`].
#[must_use]
pub fn cmk_account(changes: &Value) -> Value {
    let encryption = json!({
        "keySource": "Microsoft.Keyvault",
        "keyvaultproperties": {"keyname": "cmk", "keyvaulturi": "https://kv-data.vault.azure.net", "keyversion": ""},
    });
    account(&with(json!({"encryption": encryption}), changes))
}

#[must_use]
pub fn container(id: &str, properties: &Value) -> Value {
    json!({
        "id": id,
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
        "properties": properties,
    })
}

/// The vault, of roles, with some properties changed.
#[must_use]
pub fn vault(changes: &Value) -> Value {
    let properties = json!({
        "vaultUri": "https://kv-data.vault.azure.net/",
        "accessPolicies": [],
        "enableRbacAuthorization": true,
        "enableSoftDelete": true,
        "enablePurgeProtection": true,
    });
    json!({"id": VAULT, "type": "Microsoft.KeyVault/vaults", "properties": with(properties, changes)})
}

#[must_use]
pub fn rbac_vault() -> Value {
    vault(&json!({}))
}

#[must_use]
pub fn policy_vault(policies: &Value) -> Value {
    vault(&json!({"enableRbacAuthorization": false, "accessPolicies": policies}))
}

/// One access policy.
#[must_use]
pub fn policy(principal: &str, keys: &[&str]) -> Value {
    json!({
        "tenantId": TENANT,
        "objectId": principal,
        "permissions": {"keys": keys, "secrets": [], "certificates": []},
    })
}

/// The key [`KEY`] with these attributes.
#[must_use]
pub fn key(attributes: &Value) -> Value {
    json!({
        "id": KEY,
        "type": "Microsoft.KeyVault/vaults/keys",
        "properties": {"attributes": attributes, "kty": "RSA", "keyUri": "https://kv-data.vault.azure.net/keys/cmk"},
    })
}

/// A permission block of one data action.
#[must_use]
pub fn data(action: &str) -> Value {
    json!({"actions": [], "notActions": [], "dataActions": [action], "notDataActions": []})
}

/// A permission block of one action.
#[must_use]
pub fn control(action: &str) -> Value {
    json!({"actions": [action], "notActions": [], "dataActions": [], "notDataActions": []})
}

/// A condition that lets reading pass only where `expression` holds.
#[must_use]
pub fn read_only_if(expression: &str) -> String {
    format!("((!(ActionMatches{{'{BLOBS}/read'}})) OR ({expression}))")
}

/// The expression that the container has this name.
#[must_use]
pub fn container_is(name: &str) -> String {
    format!(
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals '{name}'"
    )
}
