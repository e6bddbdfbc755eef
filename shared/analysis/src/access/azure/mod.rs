//! Azure: role assignments and deny assignments, ways around identity, and the account's own identity on the key.
//! <https://learn.microsoft.com/azure/role-based-access-control/overview>
//!
//! The storage account unwraps its key with its own identity, whoever asks. So the key is no lock for the caller; it is
//! a switch for all ([`key::service_opens`]).
//!
//! Not modelled yet, and therefore a residue or an unknown fact where it may matter: what only the request or the
//! principal's attributes tell an attribute condition, network rules, ADLS ACLs, local users, user-delegation SAS.

mod condition;
mod key;
mod role;
mod storage;

use super::{Answer, Decrypts, Trace, Tracer};
use crate::estate::azure::{Azure, Part};
use crate::model::azure::{ArmId, ArmKind, ArmResource};
use crate::model::{Access, Formula, Principal, Resource};

pub(super) fn evaluate(
    azure: &Azure,
    principal: &Principal,
    access: Access,
    resource: &Resource,
    trace: Trace<'_>,
) -> Answer {
    let id = ArmId::new(resource.name());
    let Some(found) = azure.resources.get(&id) else {
        return if azure.knows(Part::Resources) {
            Answer::never()
        } else {
            Answer::of(Formula::unknown(format!("{id} is not in the estate")))
        };
    };
    match found.kind() {
        ArmKind::StorageAccount => storage::evaluate(azure, principal, access, found, None, trace),
        ArmKind::Container => match account_of(azure, &id) {
            Some(account) => {
                storage::evaluate(azure, principal, access, account, Some(found), trace)
            }
            None => Answer::never(),
        },
        ArmKind::Key => Answer::of(key::evaluate(azure, principal, access, &found.id, trace)),
        ArmKind::EncryptionScope
        | ArmKind::Vault
        | ArmKind::Identity
        | ArmKind::Lock
        | ArmKind::Other => Answer::never(),
    }
}

/// The storage account of a container, or the account itself.
pub(super) fn account_of<'a>(azure: &'a Azure, id: &ArmId) -> Option<&'a ArmResource> {
    azure.resources.get(&id.ancestor("storageAccounts")?)
}

pub(super) fn decrypts(azure: &Azure, store: &Resource) -> Decrypts {
    match account_of(azure, &ArmId::new(store.name())) {
        Some(account) => key::decrypts(account),
        None => Decrypts::Unknown,
    }
}

/// The object id of a principal; `public` has none.
fn object_id(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Named(name) => Some(name),
        Principal::Public | Principal::AnyAuthenticated => None,
    }
}

/// What becomes of one concrete request.
pub(super) fn can(_: &Azure, call: &super::Call, _: &mut Tracer) -> Answer {
    Answer::of(Formula::unknown(format!("requests like {} are not evaluated yet", call.action)))
}
