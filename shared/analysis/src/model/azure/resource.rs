//! ARM resources: the whole body as listed, with typed views of those that decide about access.

use super::ArmId;
use crate::model::json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A resource as ARM or Resource Graph lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmResource {
    /// Its id.
    pub id: ArmId,
    /// Its type in lower case (`microsoft.storage/storageaccounts`).
    pub type_name: Arc<str>,
    /// The whole body.
    pub body: Arc<Value>,
}

/// The types that keyfence reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArmKind {
    /// `Microsoft.Storage/storageAccounts`.
    StorageAccount,
    /// `Microsoft.Storage/storageAccounts/blobServices/containers`.
    Container,
    /// `Microsoft.Storage/storageAccounts/encryptionScopes`.
    EncryptionScope,
    /// `Microsoft.KeyVault/vaults`.
    Vault,
    /// `Microsoft.KeyVault/vaults/keys`, `Microsoft.KeyVault/managedHSMs/keys`.
    Key,
    /// `Microsoft.ManagedIdentity/userAssignedIdentities`.
    Identity,
    /// `Microsoft.Authorization/locks`.
    Lock,
    /// Anything else.
    Other,
}

/// What a storage account says about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageAccount {
    /// `allowBlobPublicAccess`; absent is unknown.
    pub allow_blob_public_access: Option<bool>,
    /// `allowSharedKeyAccess`; absent and `null` count as true.
    pub allow_shared_key_access: bool,
    /// `isHnsEnabled`: with it, POSIX ACLs stand beside role assignments.
    pub hierarchical_namespace: bool,
    /// Whether local users of SFTP are switched on: they log in beside roles.
    pub local_users: bool,
    /// Whether the network rules let in less than everybody.
    pub network_restricted: bool,
    /// Who encrypts.
    pub key_source: KeySource,
}

/// Where the encryption key of an account or scope comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// Microsoft-managed keys.
    Microsoft,
    /// A customer-managed key, used by an identity of the account.
    Customer {
        /// The key.
        key: KeyReference,
        /// Object id of the identity that unwraps, in lower case; `None` when it cannot be told.
        identity: Option<Arc<str>>,
    },
    /// A customer-managed key of which the reference is incomplete, or an export that does not tell.
    Unclear,
}

/// A key in a vault, by vault host and key name, both in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyReference {
    /// Host of the vault (`kv-finance.vault.azure.net`).
    pub vault_host: Arc<str>,
    /// Name of the key.
    pub key_name: Arc<str>,
}

/// What a blob container says about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// `publicAccess`: whether anonymous requests may read blobs; `None` when not known.
    pub public_access: Option<bool>,
    /// Whether they may list blobs as well.
    pub public_listing: bool,
    /// The encryption scope of blobs for which the client names none; `None`: the account's own key.
    pub default_scope: Option<Arc<str>>,
    /// Whether clients cannot name another scope.
    pub scope_enforced: bool,
}

/// What an encryption scope says.
/// <https://learn.microsoft.com/azure/storage/blobs/encryption-scope-overview>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionScope {
    /// While it is disabled nothing can be read or written with it.
    pub enabled: bool,
    /// Its key; `None`: Microsoft's.
    pub key: Option<KeyReference>,
    /// Whether it has a customer's key of which the reference is incomplete.
    pub unclear: bool,
}

/// How a vault decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultMode {
    /// Role assignments; access policies are ignored.
    Rbac,
    /// Access policies.
    AccessPolicies,
}

/// What a key vault says about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    /// Role assignments or access policies.
    pub mode: VaultMode,
    /// Host of the vault, in lower case.
    pub host: Arc<str>,
    /// Access policies.
    pub policies: Vec<AccessPolicy>,
    /// Whether its firewall lets in less than everybody.
    pub network_restricted: bool,
    /// Whether its firewall lets trusted services of Microsoft pass.
    pub trusts_services: bool,
}

/// One entry of a vault's access policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    /// Object id of the principal, in lower case.
    pub principal: Arc<str>,
    /// Key permissions, in lower case (`unwrapkey`, `all`).
    pub keys: Vec<Arc<str>>,
    /// The application through which alone it counts.
    pub application: Option<Arc<str>>,
}

impl ArmResource {
    /// Reads a resource: it needs an `id`; its type is the one it names or the one that its id shows.
    #[must_use]
    pub fn parse(body: &Value) -> Option<Self> {
        let id = ArmId::new(json::any_case_str(body, &["id"])?);
        let type_name =
            json::any_case_str(body, &["type"]).map_or_else(|| type_of(&id), str::to_lowercase);
        Some(Self { id, type_name: type_name.into(), body: Arc::new(body.clone()) })
    }

    /// Which of the types that keyfence reads.
    #[must_use]
    pub fn kind(&self) -> ArmKind {
        match &*self.type_name {
            "microsoft.storage/storageaccounts" => ArmKind::StorageAccount,
            "microsoft.storage/storageaccounts/blobservices/containers" => ArmKind::Container,
            "microsoft.storage/storageaccounts/encryptionscopes" => ArmKind::EncryptionScope,
            "microsoft.keyvault/vaults" => ArmKind::Vault,
            "microsoft.keyvault/vaults/keys" | "microsoft.keyvault/managedhsms/keys" => {
                ArmKind::Key
            }
            "microsoft.managedidentity/userassignedidentities" => ArmKind::Identity,
            "microsoft.authorization/locks" => ArmKind::Lock,
            _ => ArmKind::Other,
        }
    }

    pub(crate) fn property(&self, path: &[&str]) -> Option<&Value> {
        json::any_case_path(json::any_case(&self.body, "properties")?, path)
    }

    /// The tags.
    #[must_use]
    pub fn tags(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let object = json::any_case(&self.body, "tags").and_then(Value::as_object);
        object
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.as_str().into(), v.as_str()?.into())))
            .collect()
    }

    /// The view of a storage account.
    #[must_use]
    pub fn storage_account(&self) -> StorageAccount {
        let flag = |name: &str| self.property(&[name]).and_then(json::boolean);
        let public_network = self.property(&["publicNetworkAccess"]).and_then(Value::as_str);
        let default_action =
            self.property(&["networkAcls", "defaultAction"]).and_then(Value::as_str);
        StorageAccount {
            allow_blob_public_access: flag("allowBlobPublicAccess"),
            allow_shared_key_access: flag("allowSharedKeyAccess").unwrap_or(true),
            hierarchical_namespace: flag("isHnsEnabled").unwrap_or(false),
            local_users: flag("isSftpEnabled") == Some(true)
                && flag("isLocalUserEnabled") == Some(true),
            network_restricted: public_network.is_some_and(|p| !p.eq_ignore_ascii_case("enabled"))
                || default_action.is_some_and(|a| a.eq_ignore_ascii_case("deny")),
            key_source: self.key_source(),
        }
    }

    fn key_source(&self) -> KeySource {
        match self.property(&["encryption", "keySource"]).and_then(Value::as_str) {
            Some(source) if source.eq_ignore_ascii_case("microsoft.keyvault") => {}
            Some(source) if source.eq_ignore_ascii_case("microsoft.storage") => {
                return KeySource::Microsoft;
            }
            Some(_) | None => return KeySource::Unclear,
        }
        let text = |name: &str| {
            self.property(&["encryption", "keyvaultproperties", name]).and_then(Value::as_str)
        };
        match (text("keyvaulturi"), text("keyname")) {
            (Some(uri), Some(name)) if !name.is_empty() => KeySource::Customer {
                key: KeyReference { vault_host: host(uri), key_name: name.to_lowercase().into() },
                identity: self.encryption_identity(),
            },
            (_, _) => KeySource::Unclear,
        }
    }

    /// Object id of the identity that unwraps: the user-assigned one that `encryption.identity` names, else the
    /// system-assigned one. Cross-tenant keys (`federatedIdentityClientId`) are unwrapped by an application that the
    /// estate does not show.
    #[must_use]
    pub fn encryption_identity(&self) -> Option<Arc<str>> {
        if self.property(&["encryption", "identity", "federatedIdentityClientId"]).is_some() {
            return None;
        }
        let identity = json::any_case(&self.body, "identity")?;
        match self
            .property(&["encryption", "identity", "userAssignedIdentity"])
            .and_then(Value::as_str)
        {
            Some(wanted) => {
                let assigned = json::any_case(identity, "userAssignedIdentities")?.as_object()?;
                let (_, found) = assigned.iter().find(|(id, _)| id.eq_ignore_ascii_case(wanted))?;
                Some(json::any_case_str(found, &["principalId"])?.to_lowercase().into())
            }
            None => Some(json::any_case_str(identity, &["principalId"])?.to_lowercase().into()),
        }
    }

    /// Whether the resource says that it has no identity.
    #[must_use]
    pub fn has_no_identity(&self) -> bool {
        let kind =
            json::any_case(&self.body, "identity").and_then(|i| json::any_case_str(i, &["type"]));
        kind.is_some_and(|k| k.eq_ignore_ascii_case("none"))
    }

    /// The view of an encryption scope.
    #[must_use]
    pub fn scope(&self) -> EncryptionScope {
        let text = |path: &[&str]| self.property(path).and_then(Value::as_str);
        let customers =
            text(&["source"]).is_some_and(|s| s.eq_ignore_ascii_case("microsoft.keyvault"));
        let uri = text(&["keyVaultProperties", "keyUri"]).filter(|_| customers);
        let key = uri.and_then(KeyReference::from_uri);
        EncryptionScope {
            enabled: !text(&["state"]).is_some_and(|s| s.eq_ignore_ascii_case("disabled")),
            unclear: customers && key.is_none(),
            key,
        }
    }

    /// The view of a blob container.
    #[must_use]
    pub fn container(&self) -> Container {
        let public_access = match self.property(&["publicAccess"]) {
            None => None,
            Some(value) => value.as_str().map(|p| !p.is_empty() && !p.eq_ignore_ascii_case("none")),
        };
        let scope = self.property(&["defaultEncryptionScope"]).and_then(Value::as_str);
        let level = self.property(&["publicAccess"]).and_then(Value::as_str);
        Container {
            public_access,
            public_listing: level.is_some_and(|l| l.eq_ignore_ascii_case("container")),
            default_scope: scope
                .filter(|s| !s.is_empty() && !s.eq_ignore_ascii_case("$account-encryption-key"))
                .map(Into::into),
            scope_enforced: self
                .property(&["denyEncryptionScopeOverride"])
                .and_then(json::boolean)
                .unwrap_or(false),
        }
    }

    /// The view of a key vault. `enableRbacAuthorization` absent or `null` on an existing vault means access policies.
    #[must_use]
    pub fn vault(&self) -> Vault {
        let rbac =
            self.property(&["enableRbacAuthorization"]).and_then(json::boolean).unwrap_or(false);
        let uri = self.property(&["vaultUri"]).and_then(Value::as_str);
        let text = |path: &[&str]| self.property(path).and_then(Value::as_str);
        let public_network = text(&["publicNetworkAccess"]);
        let default_action = text(&["networkAcls", "defaultAction"]);
        let bypass = text(&["networkAcls", "bypass"]);
        let by_name = format!("{}.vault.azure.net", self.id.name().to_lowercase());
        let policies = self.property(&["accessPolicies"]).map(json::list).unwrap_or_default();
        Vault {
            mode: if rbac { VaultMode::Rbac } else { VaultMode::AccessPolicies },
            host: uri.map_or_else(|| by_name.into(), host),
            policies: policies.into_iter().filter_map(AccessPolicy::parse).collect(),
            network_restricted: public_network.is_some_and(|p| !p.eq_ignore_ascii_case("enabled"))
                || default_action.is_some_and(|a| a.eq_ignore_ascii_case("deny")),
            trusts_services: !bypass.is_some_and(|b| b.eq_ignore_ascii_case("none")),
        }
    }

    /// Whether a key is enabled; `None` when not said.
    #[must_use]
    pub fn key_enabled(&self) -> Option<bool> {
        self.property(&["attributes", "enabled"]).and_then(json::boolean)
    }

    /// Whether a key permits an operation (lower case): a key that lists its operations permits only those.
    #[must_use]
    pub fn key_permits(&self, operation: &str) -> bool {
        self.property(&["keyOps"]).map(json::list).is_none_or(|listed| {
            listed.iter().any(|o| o.as_str().is_some_and(|o| o.eq_ignore_ascii_case(operation)))
        })
    }

    /// The level of a lock.
    #[must_use]
    pub fn lock_level(&self) -> Option<&str> {
        self.property(&["level"])?.as_str()
    }
}

impl AccessPolicy {
    fn parse(value: &Value) -> Option<Self> {
        let keys = json::any_case_path(value, &["permissions", "keys"])
            .map(json::list)
            .unwrap_or_default();
        Some(Self {
            principal: json::any_case_str(value, &["objectId"])?.to_lowercase().into(),
            keys: keys
                .into_iter()
                .filter_map(|k| Some(k.as_str()?.to_lowercase().into()))
                .collect(),
            application: json::any_case_str(value, &["applicationId"])
                .filter(|a| !a.is_empty() && *a != "00000000-0000-0000-0000-000000000000")
                .map(Into::into),
        })
    }

    /// Whether the entry has a key permission (lower case).
    #[must_use]
    pub fn has(&self, permission: &str) -> bool {
        self.keys.iter().any(|k| &**k == "all" || &**k == permission)
    }
}

impl KeyReference {
    /// Whether it stands in a managed HSM, which has roles of its own.
    #[must_use]
    pub fn is_in_hsm(&self) -> bool {
        self.vault_host.contains(".managedhsm.")
    }

    /// From a key identifier `https://<vault host>/keys/<name>[/<version>]`.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        let (_, after) = uri.split_once("/keys/")?;
        let name = after.split('/').next().filter(|n| !n.is_empty())?;
        Some(Self { vault_host: host(uri), key_name: name.to_lowercase().into() })
    }
}

fn host(uri: &str) -> Arc<str> {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default().to_lowercase().into()
}

/// `…/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c` is of type
/// `microsoft.storage/storageaccounts/blobservices/containers`.
fn type_of(id: &ArmId) -> String {
    let Some((_, after)) = id.folded().rsplit_once("/providers/") else { return String::new() };
    let mut parts = after.split('/');
    let namespace = parts.next().unwrap_or_default();
    let types = parts.step_by(2).fold(String::new(), |all, t| format!("{all}/{t}"));
    format!("{namespace}{types}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shared_key_access_that_is_absent_or_null_counts_as_allowed() {
        for properties in [
            json!({}),
            json!({"allowSharedKeyAccess": null}),
            json!({"allowSharedKeyAccess": true}),
        ] {
            let account =
                ArmResource::parse(&json!({"id": "/x", "properties": properties})).unwrap();
            assert!(account.storage_account().allow_shared_key_access);
        }
        let off =
            ArmResource::parse(&json!({"id": "/x", "properties": {"allowSharedKeyAccess": false}}))
                .unwrap();
        assert!(!off.storage_account().allow_shared_key_access);
    }

    #[test]
    fn the_type_follows_from_the_id() {
        let id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c";
        assert_eq!(ArmResource::parse(&json!({"id": id})).unwrap().kind(), ArmKind::Container);
    }

    #[test]
    fn a_customer_key_with_its_identity() {
        let account = ArmResource::parse(&json!({
            "id": "/x",
            "identity": {"userAssignedIdentities": {"/ID/one": {"principalId": "AB"}}},
            "properties": {"encryption": {
                "keySource": "Microsoft.KeyVault",
                "keyVaultProperties": {"keyName": "Cmk", "keyVaultUri": "https://Kv.vault.azure.net/"},
                "identity": {"userAssignedIdentity": "/id/ONE"},
            }},
        }))
        .unwrap();
        let key = KeyReference { vault_host: "kv.vault.azure.net".into(), key_name: "cmk".into() };
        assert_eq!(
            account.storage_account().key_source,
            KeySource::Customer { key, identity: Some("ab".into()) }
        );
    }
}
