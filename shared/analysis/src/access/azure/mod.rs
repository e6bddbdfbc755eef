//! Azure: role assignments and deny assignments, ways around identity, and the account's own identity on the key. The rules
//! are numbered in `semantics/azure.md`.
//! <https://learn.microsoft.com/azure/role-based-access-control/overview>
//!
//! The storage account unwraps its key with its own identity, whoever asks. So the key is no lock for the caller; it is
//! a switch for all ([`encryption::service_opens`]).
//!
//! A question is put as an [`Asked`]: who, with which groups, in which context. [`role`] decides assignments,
//! [`condition`] their conditions, [`storage`] accounts and containers with [`lock`]s, [`encryption`] whose key opens them, [`key`]
//! who uses keys himself.
//!
//! Answered as a residue or an unknown fact: what only the request or the principal's attributes tell an attribute condition,
//! network rules, ADLS ACLs, who holds credentials of local users, groups of other directories.

mod condition;
mod encryption;
mod key;
mod lock;
mod memory;
mod role;
mod storage;

pub(super) use encryption::keys_of;
pub(super) use memory::Memory;

use super::request::{Call, Context, NOTHING};
use super::{Answer, Decrypts, Lock, Trace, Tracer};
use crate::estate::azure::{Azure, Part};
use crate::model::azure::{ArmId, ArmKind, ArmResource};
use crate::model::{Access, Formula, Principal, Resource};
use role::Operation;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who asks, and what is known of the request.
pub(super) struct Asked<'a, 'm> {
    azure: &'m Azure,
    /// The object id in lower case; everyone has none.
    id: Option<Arc<str>>,
    /// Whether any identity is asked about, none in particular.
    any_identity: bool,
    /// The principal and all groups that it is in, transitively.
    identities: Arc<BTreeSet<Arc<str>>>,
    memory: &'a Memory<'m>,
    context: &'a Context,
    /// The path of the blob that is asked about; `None`: all blobs.
    path: Option<&'a str>,
}

impl<'a, 'm> Asked<'a, 'm> {
    /// Whether the request lists blobs.
    fn lists(&self) -> bool {
        let given = self.context.get("suboperation");
        given.is_some_and(|given| given.iter().any(|g| g.eq_ignore_ascii_case("Blob.List")))
    }

    fn by(azure: &'m Azure, principal: &Principal, memory: &'a Memory<'m>) -> Self {
        let id = match principal {
            Principal::Named(name) => Some(Arc::from(name.to_lowercase())),
            Principal::Public | Principal::AnyAuthenticated => None,
        };
        let known = |id: &Arc<str>| memory.identities(id, || azure.identities_of(id));
        let identities = id.as_ref().map(known).unwrap_or_default();
        let any_identity = *principal == Principal::AnyAuthenticated;
        Self { azure, id, any_identity, identities, memory, context: &NOTHING, path: None }
    }
}

pub(super) fn evaluate<'m>(
    azure: &'m Azure,
    principal: &Principal,
    access: Access,
    resource: &Resource,
    memory: &Memory<'m>,
    mut trace: Trace<'_>,
) -> Answer {
    let asked = Asked::by(azure, principal, memory);
    answer(&asked, access, &ArmId::new(resource.name()), &mut trace)
}

fn answer(asked: &Asked<'_, '_>, access: Access, id: &ArmId, trace: &mut Trace<'_>) -> Answer {
    let azure = asked.azure;
    let Some(found) = azure.resources.get(id) else {
        return if azure.knows(Part::Resources) {
            Answer::never()
        } else {
            Answer::of(Formula::unknown(format!("{id} is not in the estate")))
        };
    };
    match found.kind() {
        ArmKind::StorageAccount => storage::Store::new(found, None).evaluate(asked, access, trace),
        ArmKind::Container => match account_of(azure, id) {
            Some(account) => {
                storage::Store::new(account, Some(found)).evaluate(asked, access, trace)
            }
            None => Answer::never(),
        },
        ArmKind::Key => Answer::of(key::evaluate(asked, access, found, trace)),
        ArmKind::EncryptionScope
        | ArmKind::Vault
        | ArmKind::Identity
        | ArmKind::Lock
        | ArmKind::Other => Answer::never(),
    }
}

/// What becomes of one concrete request: by the kind of access where keys, anonymity and network rules count, by roles alone
/// for any other operation.
pub(super) fn can(azure: &Azure, call: &Call, tracer: &mut Tracer) -> Answer {
    // What is remembered holds for this request alone.
    let memory = Memory::default();
    let mut asked = Asked::by(azure, &call.principal, &memory);
    asked.context = &call.context;
    let (id, path) = match call.resource.split_once("/blobs/") {
        Some((container, path)) => (ArmId::new(container), Some(path)),
        None => (ArmId::new(&call.resource), None),
    };
    asked.path = path;
    let mut trace = Some(tracer);
    let name = call.action.to_lowercase();
    let verb = name.strip_prefix(storage::BLOBS).and_then(|verb| match verb {
        "/read" => Some(Access::Read),
        "/write" | "/add/action" => Some(Access::Write),
        "/delete" => Some(Access::Delete),
        _ => None,
    });
    let store = account_of(azure, &id).map(|account| {
        let container = azure.resources.get(&id).filter(|r| r.kind() == ArmKind::Container);
        storage::Store::new(account, container)
    });
    match (store, verb) {
        (Some(store), Some(access)) => store.by_operation(&asked, access, &name, &mut trace),
        (_, _) => {
            let data =
                name.contains("/blobs/") || name.starts_with("microsoft.keyvault/vaults/keys/");
            let operation = if data { Operation::Data(&name) } else { Operation::Action(&name) };
            // A ReadOnly lock stops the listing of keys, a POST.
            if storage::KEYS.contains(&name.as_str()) && !lock::read_only(&asked, &id).is_empty() {
                if let Some(trace) = &mut trace {
                    let said = "stops the listing of keys".to_owned();
                    trace.step(Lock::Storage, "ReadOnly lock", said);
                }
                return Answer::never();
            }
            let vault = name.starts_with("microsoft.keyvault/");
            let lock = if vault { Lock::Key } else { Lock::Storage };
            Answer::of(role::allowed(&asked, operation, &id, lock, &mut trace))
        }
    }
}

/// The storage account of a container, or the account itself.
pub(super) fn account_of<'a>(azure: &'a Azure, id: &ArmId) -> Option<&'a ArmResource> {
    azure.resources.get(&id.ancestor("storageAccounts")?)
}

pub(super) fn decrypts(azure: &Azure, store: &Resource) -> Decrypts {
    let id = ArmId::new(store.name());
    match account_of(azure, &id) {
        Some(account) => encryption::decrypts(azure, account, azure.resources.get(&id)),
        None => Decrypts::Unknown,
    }
}
