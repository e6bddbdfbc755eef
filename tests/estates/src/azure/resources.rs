//! Vaults with keys, storage accounts with containers and encryption scopes, identities and locks.

use super::people::People;
use super::{TEAMS, Tenant};
use crate::AzureSize;
use crate::draw::Draw;
use serde_json::{Map, Value, json};

/// What role assignments name, and everything as it is listed.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) accounts: Vec<String>,
    pub(super) containers: Vec<String>,
    pub(super) vaults: Vec<Vault>,
    pub(super) keys: Vec<Key>,
    /// Identities of storage accounts that use a key of a vault with role assignments: object id and key.
    pub(super) uses: Vec<(String, String)>,
    pub(super) listed: Vec<Value>,
}

#[derive(Debug)]
pub(super) struct Vault {
    pub(super) id: String,
    name: String,
    rbac: bool,
    policies: Vec<Value>,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: String,
    name: String,
    vault: usize,
}

impl Resources {
    pub(super) fn of(draw: &mut Draw, tenant: &Tenant, people: &People, size: &AzureSize) -> Self {
        let mut resources = Self::default();
        resources.add_vaults(draw, tenant, people, size);
        resources.add_accounts(draw, tenant, size);
        resources.add_locks(draw, tenant);
        // Accounts have put their identities into the access policies by now.
        let vaults: Vec<Value> = resources.vaults.iter().map(|v| v.listed(draw, tenant)).collect();
        resources.listed.extend(vaults);
        resources
    }

    fn add_vaults(&mut self, draw: &mut Draw, tenant: &Tenant, people: &People, size: &AzureSize) {
        for index in 0..size.vaults {
            let name = format!("kv-{}-{index:03}", draw.one(&TEAMS));
            let group = draw.one(&tenant.resource_groups);
            let rbac = draw.percent(65);
            let mut policies = Vec::new();
            for _ in 0..draw.between(1, 4) {
                let (who, _) = people.any(draw);
                let keys = draw.weighted::<&[&str]>(&[
                    (40, &["get", "list"]),
                    (25, &["get", "wrapKey", "unwrapKey"]),
                    (
                        20,
                        &[
                            "get", "list", "create", "update", "delete", "recover", "backup",
                            "restore",
                        ],
                    ),
                    (10, &["get", "decrypt", "encrypt", "sign", "verify"]),
                    (5, &["all"]),
                ]);
                policies.push(policy(tenant, &who, keys));
            }
            // Left over from before the vault went over to role assignments.
            if rbac && !draw.percent(20) {
                policies.clear();
            }
            let id = format!("{group}/providers/Microsoft.KeyVault/vaults/{name}");
            self.vaults.push(Vault { id, name, rbac, policies });
        }
        for index in 0..size.keys {
            let vault =
                if index < self.vaults.len() { index } else { draw.below(self.vaults.len()) };
            let Some(home) = self.vaults.get(vault) else { continue };
            let name = format!("cmk-{index:03}");
            let uri = format!("https://{}.vault.azure.net/keys/{name}", home.name);
            let id = format!("{}/keys/{name}", home.id);
            self.listed.push(json!({
                "id": id,
                "type": "Microsoft.KeyVault/vaults/keys",
                "name": name,
                "location": "westeurope",
                "tags": {},
                "properties": {
                    "attributes": {"enabled": !draw.percent(3), "created": 1_719_830_400, "updated": 1_719_830_400, "exportable": false},
                    "kty": "RSA",
                    "keySize": 3072,
                    "keyUri": uri,
                    "keyUriWithVersion": format!("{uri}/{}", draw.hex(32)),
                },
            }));
            self.keys.push(Key { id, name, vault });
        }
    }

    fn add_accounts(&mut self, draw: &mut Draw, tenant: &Tenant, size: &AzureSize) {
        for index in 0..size.storage_accounts {
            let group = draw.one(&tenant.resource_groups);
            let name = format!("st{}{index:04}", draw.one(&TEAMS));
            let id = format!("{group}/providers/Microsoft.Storage/storageAccounts/{name}");
            let (encryption, identity) = if draw.percent(50) {
                self.customer_key(draw, tenant, &group, index)
            } else {
                (
                    json!({"services": services(), "keySource": "Microsoft.Storage"}),
                    json!({"type": "None"}),
                )
            };
            self.listed.push(json!({
                "id": id,
                "type": "Microsoft.Storage/storageAccounts",
                "name": name,
                "location": "westeurope",
                "kind": "StorageV2",
                "sku": {"name": "Standard_ZRS", "tier": "Standard"},
                "tags": {"data": draw.weighted(&[(60, "internal"), (30, "confidential"), (10, "public")])},
                "identity": identity,
                "properties": properties(draw, &name, encryption),
            }));
            self.accounts.push(id);
        }
        let mut scopes: Vec<Option<String>> = Vec::new();
        for account in self.accounts.clone() {
            let scope = if draw.percent(10) { self.encryption_scope(draw, &account) } else { None };
            scopes.push(scope);
        }
        for index in 0..size.containers {
            let at =
                if index < self.accounts.len() { index } else { draw.below(self.accounts.len()) };
            let Some(account) = self.accounts.get(at) else { continue };
            let scope = scopes.get(at).cloned().flatten().filter(|_| draw.percent(50));
            let name = draw.one(&[
                "reports", "incoming", "raw", "curated", "exports", "images", "backup", "logs",
            ]);
            let id = format!("{account}/blobServices/default/containers/{name}-{index}");
            self.listed.push(container(draw, &id, scope.as_deref()));
            self.containers.push(id);
        }
    }

    /// A customer-managed key, used by an identity of the account's own.
    fn customer_key(
        &mut self,
        draw: &mut Draw,
        tenant: &Tenant,
        group: &str,
        index: usize,
    ) -> (Value, Value) {
        let (principal, client) = (draw.uuid(), draw.uuid());
        let name = format!("id-storage-{index:03}");
        let identity =
            format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
        self.listed.push(json!({
            "id": identity,
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "name": name,
            "location": "westeurope",
            "tags": {},
            "properties": {"tenantId": tenant.id, "principalId": principal, "clientId": client},
        }));
        let (mut key_name, mut host) = ("cmk", "kv-elsewhere");
        // The key of one in thirty stands in a vault that nobody may list.
        if !draw.percent(3)
            && let Some(key) = draw.any(&self.keys)
            && let Some(vault) = self.vaults.get_mut(key.vault)
        {
            key_name = &key.name;
            // One in fifty has lost its right: an outage.
            match (draw.percent(2), vault.rbac) {
                (true, _) => {}
                (false, true) => self.uses.push((principal.clone(), key.id.clone())),
                (false, false) => vault.policies.push(policy(
                    tenant,
                    &principal,
                    &["get", "wrapKey", "unwrapKey"],
                )),
            }
            host = &vault.name;
        }
        let mut used_by = json!({"userAssignedIdentity": identity});
        if draw.percent(2)
            && let Some(object) = used_by.as_object_mut()
        {
            object.insert("federatedIdentityClientId".to_owned(), json!(draw.uuid()));
        }
        let encryption = json!({
            "services": services(),
            // Both spellings are met.
            "keySource": draw.one(&["Microsoft.Keyvault", "Microsoft.KeyVault"]),
            "keyvaultproperties": {"keyname": key_name, "keyvaulturi": format!("https://{host}.vault.azure.net"), "keyversion": ""},
            "identity": used_by,
        });
        let mut assigned = Map::new();
        assigned.insert(identity, json!({"principalId": principal, "clientId": client}));
        (encryption, json!({"type": "UserAssigned", "userAssignedIdentities": assigned}))
    }

    fn encryption_scope(&mut self, draw: &mut Draw, account: &str) -> Option<String> {
        let key = draw.any(&self.keys)?;
        let vault = self.vaults.get(key.vault)?;
        let name = format!("scope-{}", draw.one(&TEAMS));
        self.listed.push(json!({
            "id": format!("{account}/encryptionScopes/{name}"),
            "type": "Microsoft.Storage/storageAccounts/encryptionScopes",
            "name": name,
            "properties": {
                "source": "Microsoft.KeyVault",
                "state": "Enabled",
                "keyVaultProperties": {"keyUri": format!("https://{}.vault.azure.net/keys/{}", vault.name, key.name)},
            },
        }));
        Some(name)
    }

    /// Locks on accounts and resource groups: most keep from deletion, some from every change.
    fn add_locks(&mut self, draw: &mut Draw, tenant: &Tenant) {
        let accounts = self.accounts.iter().map(|a| (a, 10));
        let groups = tenant.resource_groups.iter().map(|g| (g, 5));
        let mut locks = Vec::new();
        for (scope, percent) in accounts.chain(groups) {
            if draw.percent(percent) {
                let level = draw.weighted(&[(70, "CanNotDelete"), (30, "ReadOnly")]);
                locks.push(json!({
                    "id": format!("{scope}/providers/Microsoft.Authorization/locks/keep"),
                    "type": "Microsoft.Authorization/locks",
                    "name": "keep",
                    "properties": {"level": level, "notes": ""},
                }));
            }
        }
        self.listed.extend(locks);
    }
}

impl Vault {
    fn listed(&self, draw: &mut Draw, tenant: &Tenant) -> Value {
        // Before the switch to role assignments the field was not there, or null.
        let mode = match (self.rbac, draw.percent(30)) {
            (true, _) => json!(true),
            (false, true) => Value::Null,
            (false, false) => json!(false),
        };
        let action = draw.weighted(&[(70, "Allow"), (30, "Deny")]);
        json!({
            "id": self.id,
            "type": "Microsoft.KeyVault/vaults",
            "name": self.name,
            "location": "westeurope",
            "tags": {},
            "properties": {
                "tenantId": tenant.id,
                "sku": {"family": "A", "name": "premium"},
                "vaultUri": format!("https://{}.vault.azure.net/", self.name),
                "accessPolicies": self.policies,
                "enableRbacAuthorization": mode,
                "enableSoftDelete": true,
                "softDeleteRetentionInDays": 90,
                "enablePurgeProtection": true,
                "publicNetworkAccess": "Enabled",
                "networkAcls": {"bypass": "AzureServices", "defaultAction": action, "ipRules": [], "virtualNetworkRules": []},
                "provisioningState": "Succeeded",
            },
        })
    }
}

fn policy(tenant: &Tenant, principal: &str, keys: &[&str]) -> Value {
    json!({
        "tenantId": tenant.id,
        "objectId": principal,
        "permissions": {"keys": keys, "secrets": [], "certificates": []},
    })
}

fn services() -> Value {
    json!({"blob": {"enabled": true, "keyType": "Account"}, "file": {"enabled": true, "keyType": "Account"}})
}

fn properties(draw: &mut Draw, name: &str, encryption: Value) -> Value {
    let action = draw.weighted(&[(65, "Allow"), (35, "Deny")]);
    let mut value = json!({
        "provisioningState": "Succeeded",
        "primaryLocation": "westeurope",
        "accessTier": "Hot",
        "isHnsEnabled": draw.percent(15),
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": true,
        "publicNetworkAccess": if draw.percent(10) { "Disabled" } else { "Enabled" },
        "networkAcls": {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": action},
        "primaryEndpoints": {"blob": format!("https://{name}.blob.core.windows.net/")},
        "encryption": encryption,
    });
    let Some(object) = value.as_object_mut() else { return value };
    // Both flags are absent or null on old accounts.
    let shared = match draw.below(100) {
        0..50 => Some(json!(false)),
        50..80 => Some(json!(true)),
        80..90 => Some(Value::Null),
        _ => None,
    };
    let public = match draw.below(100) {
        0..85 => Some(json!(false)),
        85..95 => Some(json!(true)),
        _ => None,
    };
    object.extend(shared.map(|v| ("allowSharedKeyAccess".to_owned(), v)));
    object.extend(public.map(|v| ("allowBlobPublicAccess".to_owned(), v)));
    value
}

fn container(draw: &mut Draw, id: &str, scope: Option<&str>) -> Value {
    let public = draw.weighted(&[(96, "None"), (3, "Blob"), (1, "Container")]);
    json!({
        "id": id,
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
        "name": id.rsplit('/').next(),
        "properties": {
            "publicAccess": public,
            "hasImmutabilityPolicy": false,
            "defaultEncryptionScope": scope.unwrap_or("$account-encryption-key"),
            "denyEncryptionScopeOverride": false,
            "leaseStatus": "Unlocked",
        },
    })
}
