//! Keys in vaults: who may use them, and whether the storage account's own identity may.
//! <https://learn.microsoft.com/azure/storage/common/customer-managed-keys-overview>

use super::object_id;
use super::role::{Operation, allowed};
use crate::access::{Decrypts, Lock, Trace};
use crate::estate::azure::{Azure, Part};
use crate::model::azure::{ArmId, ArmResource, KeySource, Vault, VaultMode};
use crate::model::{Access, Formula, Principal};

/// Who decrypts the blobs of an account.
pub(super) fn decrypts(account: &ArmResource) -> Decrypts {
    match account.storage_account().key_source {
        KeySource::Microsoft => Decrypts::ProviderKey,
        KeySource::Customer { identity: Some(identity), .. } => {
            Decrypts::AsService(Principal::Named(identity))
        }
        KeySource::Customer { identity: None, .. } | KeySource::Unclear => Decrypts::Unknown,
    }
}

/// Whether the account's identity can still unwrap its key. Judged by the three operations, not by a role's name: custom
/// roles are usual.
pub(super) fn service_opens(azure: &Azure, account: &ArmResource) -> Formula {
    let (key, identity) = match account.storage_account().key_source {
        KeySource::Microsoft => return Formula::always(),
        KeySource::Unclear => {
            return Formula::unknown("the key of the account is not clear from the estate");
        }
        KeySource::Customer { key, identity } => (key, identity),
    };
    let Some(found) = azure.find_key(&key) else {
        return Formula::unknown(format!(
            "key `{}` of {} is not in the estate",
            key.key_name, key.vault_host
        ));
    };
    let enabled = enabled(found);
    // An account without any identity has nobody to unwrap its key.
    if account.has_no_identity() {
        return Formula::never();
    }
    let Some(identity) = identity else {
        return enabled
            .and(Formula::unknown("the identity that uses the key is not in the estate"));
    };
    enabled.and(may_use(
        azure,
        &identity,
        &found.id,
        &["keys/read", "keys/wrap/action", "keys/unwrap/action"],
        &["get", "wrapkey", "unwrapkey"],
        true,
        &mut None,
    ))
}

/// A disabled key is used by nobody.
fn enabled(key: &ArmResource) -> Formula {
    match key.key_enabled() {
        Some(enabled) => Formula::known(enabled),
        None => Formula::unknown(format!("whether key {} is enabled is not in the estate", key.id)),
    }
}

/// Access of a principal to a key.
pub(super) fn evaluate(
    azure: &Azure,
    principal: &Principal,
    access: Access,
    key: &ArmId,
    mut trace: Trace<'_>,
) -> Formula {
    let Some(id) = object_id(principal) else { return Formula::never() };
    match access {
        Access::Decrypt => {
            let operations = ["keys/decrypt/action", "keys/unwrap/action"];
            let permissions = ["decrypt", "unwrapkey"];
            let usable = azure.resources.get(key).map_or_else(Formula::never, enabled);
            may_use(azure, id, key, &operations, &permissions, false, &mut trace).and(usable)
        }
        Access::KeyAdminister => key_administer(azure, id, key, &mut trace),
        Access::Read | Access::Write | Access::Delete | Access::Administer => Formula::never(),
    }
}

/// By data actions in an RBAC vault, by access policies otherwise: one mode ignores the other.
fn may_use(
    azure: &Azure,
    id: &str,
    key: &ArmId,
    data_actions: &[&str],
    permissions: &[&str],
    all: bool,
    trace: &mut Trace<'_>,
) -> Formula {
    let join = |parts: Vec<Formula>| if all { Formula::all(parts) } else { Formula::any(parts) };
    let Some(vault) = azure.vault_of(key).map(ArmResource::vault) else {
        return without_vault(azure, key);
    };
    match vault.mode {
        VaultMode::Rbac => join(
            data_actions
                .iter()
                .map(|a| {
                    allowed(
                        azure,
                        id,
                        Operation::Data(&format!("microsoft.keyvault/vaults/{a}")),
                        key,
                        Lock::Key,
                        trace,
                    )
                })
                .collect(),
        ),
        VaultMode::AccessPolicies => {
            join(permissions.iter().map(|p| by_policy(azure, &vault, id, p, trace)).collect())
        }
    }
}

fn by_policy(
    azure: &Azure,
    vault: &Vault,
    id: &str,
    permission: &str,
    trace: &mut Trace<'_>,
) -> Formula {
    let identities = azure.identities_of(id);
    let found =
        vault.policies.iter().find(|p| identities.contains(&p.principal) && p.has(permission));
    if let (Some(policy), Some(trace)) = (found, trace) {
        let grant = format!("access policy of vault {} for {}", vault.host, policy.principal);
        trace.evidence(Lock::Key, grant, true);
    }
    Formula::known(found.is_some())
}

/// Without its vault a key is gone, where the resources are known.
fn without_vault(azure: &Azure, key: &ArmId) -> Formula {
    if azure.knows(Part::Resources) {
        Formula::never()
    } else {
        Formula::unknown(format!("the vault of {key} is not in the estate"))
    }
}

/// Power over the key: role assignments on it; the vault's own settings where access policies decide; the key's life.
fn key_administer(azure: &Azure, id: &str, key: &ArmId, trace: &mut Trace<'_>) -> Formula {
    let Some(vault) = azure.vault_of(key) else {
        return without_vault(azure, key);
    };
    let mut by_action =
        |operation: &str| allowed(azure, id, Operation::Action(operation), key, Lock::Key, trace);
    let roles = by_action("microsoft.authorization/roleassignments/write")
        .or(by_action("microsoft.keyvault/vaults/write"));
    let policies = match vault.vault().mode {
        VaultMode::Rbac => Formula::never(),
        VaultMode::AccessPolicies => by_action("microsoft.keyvault/vaults/accesspolicies/write"),
    };
    let life = may_use(
        azure,
        id,
        key,
        &["keys/delete", "keys/update/action"],
        &["delete", "update"],
        false,
        trace,
    );
    roles.or(policies).or(life)
}
