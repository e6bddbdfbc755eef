//! Keys in vaults: who may use them himself, and who has power over them.
//! <https://learn.microsoft.com/azure/key-vault/general/rbac-guide>

use super::role::{Operation, allowed};
use super::{Asked, lock};
use crate::access::{Lock, Trace};
use crate::estate::azure::{Azure, Part};
use crate::model::azure::{ArmId, ArmResource, Vault, VaultMode};
use crate::model::{Access, Formula};

/// A disabled key is used by nobody.
pub(super) fn enabled(key: &ArmResource) -> Formula {
    match key.key_enabled() {
        Some(enabled) => Formula::known(enabled),
        None => Formula::unknown(format!("whether key {} is enabled is not in the estate", key.id)),
    }
}

/// Access of a principal to a key.
pub(super) fn evaluate(
    asked: &Asked<'_, '_>,
    access: Access,
    key: &ArmResource,
    trace: &mut Trace<'_>,
) -> Formula {
    if asked.id.is_none() {
        return Formula::never();
    }
    match access {
        Access::Decrypt if key.id.ancestor("managedHSMs").is_some() => {
            Formula::unknown("roles local to a managed HSM are not in the estate")
        }
        Access::Decrypt => decrypts(asked, key, trace),
        Access::KeyAdminister => key_administer(asked, &key.id, trace),
        Access::Read | Access::Write | Access::Delete | Access::Administer => Formula::never(),
    }
}

fn decrypts(asked: &Asked<'_, '_>, key: &ArmResource, trace: &mut Trace<'_>) -> Formula {
    let ways = [("keys/decrypt/action", "decrypt"), ("keys/unwrap/action", "unwrapkey")];
    let mut may = Formula::never();
    for (action, permission) in ways.into_iter().filter(|(_, p)| key.key_permits(p)) {
        may = may.or(may_use(asked, &key.id, &[action], &[permission], false, trace));
    }
    let vault = asked.azure.vault_of(&key.id).map(ArmResource::vault);
    // The exception for trusted services is none for people.
    let passes = if vault.is_some_and(|v| v.network_restricted) {
        Formula::condition("the request passes the vault's firewall")
    } else {
        Formula::always()
    };
    if may.is_never() { may } else { may.and(passes).and(enabled(key)) }
}

/// By data actions in an RBAC vault, by access policies otherwise: one mode ignores the other.
pub(super) fn may_use(
    asked: &Asked<'_, '_>,
    key: &ArmId,
    data_actions: &[&str],
    permissions: &[&str],
    all: bool,
    trace: &mut Trace<'_>,
) -> Formula {
    let join = |parts: Vec<Formula>| if all { Formula::all(parts) } else { Formula::any(parts) };
    let Some(vault) = asked.azure.vault_of(key).map(ArmResource::vault) else {
        return without_vault(asked.azure, key);
    };
    match vault.mode {
        VaultMode::Rbac => {
            let one = |action: &&str| {
                let name = format!("microsoft.keyvault/vaults/{action}");
                allowed(asked, Operation::Data(&name), key, Lock::Key, trace)
            };
            join(data_actions.iter().map(one).collect())
        }
        VaultMode::AccessPolicies => {
            join(permissions.iter().map(|p| by_policy(asked, &vault, p, trace)).collect())
        }
    }
}

fn by_policy(
    asked: &Asked<'_, '_>,
    vault: &Vault,
    permission: &str,
    trace: &mut Trace<'_>,
) -> Formula {
    let mut found = Formula::never();
    for policy in vault.policies.iter().filter(|p| p.has(permission)) {
        let mine = if asked.identities.contains(&policy.principal) {
            Formula::always()
        } else if asked.azure.knows(Part::Groups) {
            continue;
        } else {
            Formula::unknown(format!(
                "whether {} is a group of the principal is not in the estate",
                policy.principal
            ))
        };
        if let (Some(trace), true) = (trace.as_mut(), mine.is_always()) {
            let grant = format!("access policy of vault {} for {}", vault.host, policy.principal);
            trace.evidence(Lock::Key, grant, true);
        }
        // A policy for a principal through one application counts for nothing else.
        let through = policy.application.as_ref().map_or_else(Formula::always, |application| {
            Formula::condition(format!("the request is made through application {application}"))
        });
        found = found.or(mine.and(through));
    }
    found
}

/// Without its vault a key is gone, where the resources are known.
fn without_vault(azure: &Azure, key: &ArmId) -> Formula {
    if key.ancestor("managedHSMs").is_some() {
        Formula::unknown("roles local to a managed HSM are not in the estate")
    } else if azure.knows(Part::Resources) {
        Formula::never()
    } else {
        Formula::unknown(format!("the vault of {key} is not in the estate"))
    }
}

/// Power over the key: role assignments on it; the vault's own settings where access policies decide; the key's life. Locks stop
/// the control plane, not the operations on keys.
fn key_administer(asked: &Asked<'_, '_>, key: &ArmId, trace: &mut Trace<'_>) -> Formula {
    let Some(vault) = asked.azure.vault_of(key) else {
        return without_vault(asked.azure, key);
    };
    let mut by_action =
        |operation: &str| allowed(asked, Operation::Action(operation), key, Lock::Key, trace);
    let mut writes = by_action("microsoft.keyvault/vaults/write")
        .or(by_action("microsoft.keyvault/vaults/delete"));
    if vault.vault().mode == VaultMode::AccessPolicies {
        writes = writes.or(by_action("microsoft.keyvault/vaults/accesspolicies/write"));
    }
    let writes =
        if writes.is_never() { writes } else { writes.and(lock::passes(asked, key, trace)) };
    let roles = lock::assigns_roles(asked, key, Lock::Key, trace);
    let life = may_use(
        asked,
        key,
        &["keys/delete", "keys/update/action"],
        &["delete", "update"],
        false,
        trace,
    );
    roles.or(writes).or(life)
}
