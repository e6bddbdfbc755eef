//! Whose key encrypts an account or container, and whether the account's identity can still use it.
//! <https://learn.microsoft.com/azure/storage/common/customer-managed-keys-overview>

use super::Asked;
use super::key::{enabled, may_use};
use crate::access::{Decrypts, Lock, Trace};
use crate::estate::azure::Azure;
use crate::model::azure::{ArmId, ArmResource, EncryptionScope, KeyReference, KeySource};
use crate::model::{Formula, Principal};

/// Who decrypts the blobs of an account or of one of its containers.
pub(super) fn decrypts(
    azure: &Azure,
    account: &ArmResource,
    container: Option<&ArmResource>,
) -> Decrypts {
    let view = account.storage_account();
    if let Some(Ok(scope)) = container.and_then(|c| default_scope(azure, account, c)) {
        let customers = scope.unclear || scope.key.is_some();
        return match (customers, account.encryption_identity()) {
            (false, _) => Decrypts::ProviderKey,
            (true, Some(identity)) => Decrypts::AsService(Principal::Named(identity)),
            (true, None) => Decrypts::Unknown,
        };
    }
    match view.key_source {
        KeySource::Microsoft => Decrypts::ProviderKey,
        KeySource::Customer { identity: Some(identity), .. } => {
            Decrypts::AsService(Principal::Named(identity))
        }
        KeySource::Customer { identity: None, .. } | KeySource::Unclear => Decrypts::Unknown,
    }
}

/// The references of the keys that encrypt an account, or one of its containers.
pub(in crate::access) fn keys_of(
    azure: &Azure,
    account: &ArmResource,
    container: Option<&ArmResource>,
) -> Vec<KeyReference> {
    let own = match account.storage_account().key_source {
        KeySource::Customer { key, .. } => Some(key),
        KeySource::Microsoft | KeySource::Unclear => None,
    };
    match container.and_then(|c| Some((c.container(), default_scope(azure, account, c)?))) {
        Some((view, Ok(scope))) if view.scope_enforced => scope.key.into_iter().collect(),
        Some((_, Ok(scope))) => scope.key.into_iter().chain(own).collect(),
        Some((_, Err(_))) | None => own.into_iter().collect(),
    }
}

/// The default encryption scope of a container: `None` when it has none, an error with its name when it is not listed.
fn default_scope(
    azure: &Azure,
    account: &ArmResource,
    container: &ArmResource,
) -> Option<Result<EncryptionScope, String>> {
    let name = container.container().default_scope?;
    let id = ArmId::new(&format!("{}/encryptionScopes/{name}", account.id));
    Some(azure.resources.get(&id).map(ArmResource::scope).ok_or_else(|| name.to_string()))
}

/// Whether the account's identity can still unwrap the key of the account, or of the container's encryption scope.
pub(super) fn service_opens(
    asked: &Asked<'_, '_>,
    account: &ArmResource,
    container: Option<&ArmResource>,
) -> Formula {
    let own = || account_opens(asked, account);
    let Some(container) = container else { return own() };
    let scope = match default_scope(asked.azure, account, container) {
        None => return own(),
        Some(Err(name)) => {
            return Formula::unknown(format!("encryption scope `{name}` is not in the estate"));
        }
        Some(Ok(scope)) => scope,
    };
    let name = container.container().default_scope.unwrap_or_default();
    let by_scope = scope_opens(asked, account, &scope);
    let own = own();
    // Whether a scope's data stays readable once the account's own key is lost is not documented.
    let by_scope = if own.is_never() && !by_scope.is_never() {
        by_scope.and(Formula::unknown("whether an encryption scope outlives the account's own key"))
    } else {
        by_scope
    };
    if container.container().scope_enforced {
        return by_scope;
    }
    if by_scope == own {
        return own;
    }
    // Clients may have named another scope, whose key nobody knows; the account's own is one of them.
    let within = Formula::class(format!("only blobs under encryption scope `{name}`"));
    let beside = Formula::class(format!("only blobs under another scope than `{name}`"));
    within.and(by_scope).or(beside.and(own))
}

/// Keeps as a step why the key of an account does not open for the service.
pub(super) fn tell_closed(asked: &Asked<'_, '_>, account: &ArmResource, trace: &mut Trace<'_>) {
    let Some(trace) = trace else { return };
    let KeySource::Customer { key, identity } = account.storage_account().key_source else {
        trace.step(Lock::Key, "key of the encryption scope", "does not open for the service");
        return;
    };
    let found = asked.azure.find_key(&key);
    let disabled = found.filter(|k| enabled(k).is_never() || !k.key_permits("unwrapkey"));
    let (looked_at, said) = match (disabled, identity) {
        (Some(key), _) => (format!("key {}", key.id), "is disabled, or unwraps nothing".to_owned()),
        (None, Some(identity)) => (
            format!("identity {identity}"),
            format!("has no right to unwrap key `{}`", key.key_name),
        ),
        (None, None) => {
            (format!("account {}", account.id), "has no identity on its key".to_owned())
        }
    };
    trace.step(Lock::Key, looked_at, said);
}

fn scope_opens(asked: &Asked<'_, '_>, account: &ArmResource, scope: &EncryptionScope) -> Formula {
    if !scope.enabled {
        return Formula::never();
    }
    match (&scope.key, scope.unclear) {
        (Some(key), _) => opens(asked, account, key, account.encryption_identity().as_deref()),
        (None, true) => Formula::unknown("the key of the encryption scope is not in the estate"),
        (None, false) => Formula::always(),
    }
}

fn account_opens(asked: &Asked<'_, '_>, account: &ArmResource) -> Formula {
    match account.storage_account().key_source {
        KeySource::Microsoft => Formula::always(),
        KeySource::Unclear => {
            Formula::unknown("the key of the account is not clear from the estate")
        }
        KeySource::Customer { key, identity } => opens(asked, account, &key, identity.as_deref()),
    }
}

/// Judged by the three operations, not by a role's name: custom roles are usual.
fn opens(
    asked: &Asked<'_, '_>,
    account: &ArmResource,
    key: &KeyReference,
    identity: Option<&str>,
) -> Formula {
    let azure = asked.azure;
    // An account without any identity has nobody to unwrap its key.
    if account.has_no_identity() {
        return Formula::never();
    }
    if key.is_in_hsm() {
        return Formula::unknown("roles local to a managed HSM are not in the estate");
    }
    let Some(found) = azure.find_key(key) else {
        return Formula::unknown(format!(
            "key `{}` of {} is not in the estate",
            key.key_name, key.vault_host
        ));
    };
    let usable = enabled(found);
    if usable.is_never() || !found.key_permits("unwrapkey") {
        return Formula::never();
    }
    let Some(identity) = identity else {
        return usable.and(Formula::unknown("the identity that uses the key is not in the estate"));
    };
    let service = Asked::by(azure, &Principal::named(identity), asked.memory);
    let vault = azure.vault_of(&found.id).map(ArmResource::vault);
    let passes = match vault {
        // Storage is a trusted service: only a firewall without that exception may stop it.
        Some(vault) if vault.network_restricted && !vault.trusts_services => {
            Formula::condition("the storage account passes the vault's firewall")
        }
        Some(_) | None => Formula::always(),
    };
    let may = may_use(
        &service,
        &found.id,
        &["keys/read", "keys/wrap/action", "keys/unwrap/action"],
        &["get", "wrapkey", "unwrapkey"],
        true,
        &mut None,
    );
    usable.and(passes).and(may)
}
