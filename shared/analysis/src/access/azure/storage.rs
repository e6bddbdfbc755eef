//! Storage accounts and containers.

use super::key;
use super::object_id;
use super::role::{Operation, allowed};
use crate::access::{Answer, Lock, Trace, Tracer};
use crate::estate::azure::Azure;
use crate::model::azure::{ArmKind, ArmResource, StorageAccount};
use crate::model::{Access, Formula, Principal};

const BLOBS: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs";

pub(super) fn evaluate(
    azure: &Azure,
    principal: &Principal,
    access: Access,
    account: &ArmResource,
    container: Option<&ArmResource>,
    mut trace: Trace<'_>,
) -> Answer {
    let view = account.storage_account();
    let path = match access {
        Access::Read | Access::Write | Access::Delete => {
            data(azure, principal, access, account, container, &view, &mut trace)
        }
        Access::Administer => {
            return Answer::of(administer(azure, principal, account, container, &mut trace));
        }
        Access::Decrypt | Access::KeyAdminister => return Answer::never(),
    };
    // Without its key the account answers 403 to everyone.
    Answer {
        allowed: path.clone().and(key::service_opens(azure, account)),
        storage: path,
        key: None,
    }
}

/// The ways to the data: data actions, account keys, anonymous access. Network rules leave a residue, never a no.
fn data(
    azure: &Azure,
    principal: &Principal,
    access: Access,
    account: &ArmResource,
    container: Option<&ArmResource>,
    view: &StorageAccount,
    trace: &mut Trace<'_>,
) -> Formula {
    let ways = match object_id(principal) {
        None => anonymous(azure, principal, access, account, container, view, trace),
        Some(id) => by_role(azure, id, access, account, container, trace)
            .or(by_account_key(azure, id, account, view, trace))
            .or(by_path_acl(view)),
    };
    if view.network_restricted && !ways.is_never() {
        ways.and(Formula::condition("the request passes the account's network rules"))
    } else {
        ways
    }
}

fn by_role(
    azure: &Azure,
    id: &str,
    access: Access,
    account: &ArmResource,
    container: Option<&ArmResource>,
    trace: &mut Trace<'_>,
) -> Formula {
    let verbs: &[&str] = match access {
        Access::Read => &["/read"],
        Access::Write => &["/write", "/add/action"],
        Access::Delete => &["/delete"],
        Access::Administer | Access::Decrypt | Access::KeyAdminister => &[],
    };
    let at = &container.unwrap_or(account).id;
    let mut one = |verb: &&str| {
        allowed(azure, id, Operation::Data(&format!("{BLOBS}{verb}")), at, Lock::Storage, trace)
    };
    Formula::any(verbs.iter().map(&mut one).collect::<Vec<_>>())
}

/// Account keys and account SAS open everything, unless the account refuses shared keys or a ReadOnly lock stops the
/// listing (a POST): <https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources>
fn by_account_key(
    azure: &Azure,
    id: &str,
    account: &ArmResource,
    view: &StorageAccount,
    trace: &mut Trace<'_>,
) -> Formula {
    if !view.allow_shared_key_access || locked(azure, account) {
        return Formula::never();
    }
    let operations = [
        "microsoft.storage/storageaccounts/listkeys/action",
        "microsoft.storage/storageaccounts/listaccountsas/action",
        "microsoft.storage/storageaccounts/listservicesas/action",
        // The answer to a regeneration holds the new keys.
        "microsoft.storage/storageaccounts/regeneratekey/action",
    ];
    let mut found = Tracer::default();
    let mut inner = trace.is_some().then_some(&mut found);
    let ways: Vec<Formula> = operations
        .iter()
        .map(|o| allowed(azure, id, Operation::Action(o), &account.id, Lock::Storage, &mut inner))
        .collect();
    if let Some(trace) = trace {
        trace.join_as("account keys by", found);
    }
    Formula::any(ways)
}

fn locked(azure: &Azure, account: &ArmResource) -> bool {
    azure.of_kind(ArmKind::Lock).any(|lock| {
        let read_only = lock.lock_level().is_some_and(|l| l.eq_ignore_ascii_case("readonly"));
        read_only
            && lock
                .id
                .scope_of_extension()
                .is_some_and(|scope| azure.scope_contains(&scope, &account.id))
    })
}

/// With a hierarchical namespace POSIX ACLs stand beside role assignments, and no export shows them.
/// <https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control-model>
fn by_path_acl(view: &StorageAccount) -> Formula {
    if view.hierarchical_namespace {
        Formula::unknown("the path ACLs of the account are not in the estate")
    } else {
        Formula::never()
    }
}

/// Anonymous read needs both: the account allows it, and the container asks for it. Of an account as a whole nobody
/// reads anonymously, its containers answer for themselves; where none is listed (Resource Graph lists none), whether one
/// asks is unknown.
fn anonymous(
    azure: &Azure,
    principal: &Principal,
    access: Access,
    account: &ArmResource,
    container: Option<&ArmResource>,
    view: &StorageAccount,
    trace: &mut Trace<'_>,
) -> Formula {
    if *principal != Principal::Public || access != Access::Read {
        return Formula::never();
    }
    let Some(container) = container else {
        let listed = azure.containers_of(&account.id).next().is_some();
        return if listed || view.allow_blob_public_access == Some(false) {
            Formula::never()
        } else {
            Formula::unknown(format!("the containers of {} are not in the estate", account.id))
        };
    };
    let asked = match container.container().public_access {
        Some(public) => Formula::known(public),
        None => {
            Formula::unknown(format!("`publicAccess` of {} is not in the estate", container.id))
        }
    };
    let open = match view.allow_blob_public_access {
        Some(allowed) => Formula::known(allowed),
        None => Formula::unknown("`allowBlobPublicAccess` of the account is not in the estate"),
    };
    let both = asked.and(open);
    if let (Some(trace), false) = (trace, both.is_never()) {
        let grant = format!("anonymous access of container {}", container.id.name());
        trace.evidence(Lock::Storage, grant, false);
    }
    both
}

/// Changing who has access. Listing keys stands under *read*: it is access to the data, not to the rules.
fn administer(
    azure: &Azure,
    principal: &Principal,
    account: &ArmResource,
    container: Option<&ArmResource>,
    trace: &mut Trace<'_>,
) -> Formula {
    let Some(id) = object_id(principal) else { return Formula::never() };
    let at = &container.unwrap_or(account).id;
    // Who may write the account decides about its containers too.
    let operations = [
        "microsoft.authorization/roleassignments/write",
        "microsoft.storage/storageaccounts/write",
        "microsoft.storage/storageaccounts/blobservices/containers/write",
    ];
    let ways: Vec<Formula> = operations
        .iter()
        .filter(|o| container.is_some() || !o.ends_with("containers/write"))
        .map(|o| allowed(azure, id, Operation::Action(o), at, Lock::Storage, trace))
        .collect();
    Formula::any(ways)
}
