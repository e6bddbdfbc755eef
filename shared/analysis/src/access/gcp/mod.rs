//! Google Cloud: allow policies inherited down the hierarchy, deny policies, convenience members, impersonation, and the
//! service agent on the key. The rules are numbered in `semantics/gcp.md`.
//! <https://cloud.google.com/iam/docs/resource-hierarchy-access-control>
//!
//! Cloud Storage en- and decrypts as the project's service agent, whoever asks: the key is a switch for all
//! ([`key::service_opens`]), no lock for the reader. Permission sets are evaluated, never role names.
//!
//! [`allow`] decides bindings, [`member`] whom they name, [`condition`] their CEL, [`deny`] and [`boundary`] what limits them;
//! [`storage`] puts together what opens a bucket, with [`acl`] and [`power`]; [`impersonation`] follows service accounts.
//!
//! Answered as an unknown fact: ACLs and keys of single objects, tags where no export shows them, principal access boundaries
//! beyond their resources.

mod acl;
mod allow;
mod boundary;
mod condition;
mod deny;
mod impersonation;
mod key;
mod member;
mod memory;
mod power;
mod storage;
mod tags;

pub(super) use impersonation::{account_of, actors_of, lets_act};
pub(super) use key::service_agent;
pub(super) use memory::Memory;

use super::request::{Call, Context, NOTHING};
use super::{Answer, Decrypts, Lock, Trace, Tracer};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, FullName};
use crate::model::{Access, Formula, Principal, Resource};
use allow::{Permission, permitted};
use memory::Identity;
use std::sync::Arc;

/// Who asks, and what is known of the request.
pub(super) struct Asked<'a, 'm> {
    gcp: &'m Gcp,
    principal: &'a Principal,
    identity: Arc<Identity<'m>>,
    memory: &'a Memory<'m>,
    context: &'a Context,
    /// The object that is asked about; `None`: all objects.
    object: Option<&'a str>,
}

impl<'a, 'm> Asked<'a, 'm> {
    fn by(gcp: &'m Gcp, principal: &'a Principal, memory: &'a Memory<'m>) -> Self {
        let identity = memory.identity(principal);
        Self { gcp, principal, identity, memory, context: &NOTHING, object: None }
    }

    /// The same request, made by somebody else.
    fn made_by<'b>(&'b self, principal: &'b Principal) -> Asked<'b, 'm> {
        let identity = self.memory.identity(principal);
        let (gcp, memory, context, object) = (self.gcp, self.memory, self.context, self.object);
        Asked { gcp, principal, identity, memory, context, object }
    }
}

pub(super) fn evaluate<'m>(
    gcp: &'m Gcp,
    principal: &Principal,
    access: Access,
    resource: &Resource,
    memory: &Memory<'m>,
    mut trace: Trace<'_>,
) -> Answer {
    let name = FullName::new(resource.name());
    let Some(asset) = gcp.assets.get(&name) else {
        return if gcp.assets_known {
            Answer::never()
        } else {
            Answer::of(Formula::unknown(format!("{name} is not in the estate")))
        };
    };
    let asked = Asked::by(gcp, principal, memory);
    answer(&asked, access, storage::permissions(access), asset, &mut trace)
}

fn answer(
    asked: &Asked<'_, '_>,
    access: Access,
    wanted: &[&str],
    asset: &Asset,
    trace: &mut Trace<'_>,
) -> Answer {
    let kind = asset.kind();
    let by = |asked: &Asked<'_, '_>, trace: &mut Trace<'_>| match kind {
        AssetKind::Bucket => storage::allowed(asked, access, wanted, asset, trace),
        AssetKind::CryptoKey => key::allowed(asked, access, &asset.name, trace),
        AssetKind::Organization
        | AssetKind::Folder
        | AssetKind::Project
        | AssetKind::ManagedFolder
        | AssetKind::KeyRing
        | AssetKind::CryptoKeyVersion
        | AssetKind::ServiceAccount
        | AssetKind::Other => Formula::never(),
    };
    let path = with_ways(asked, kind == AssetKind::Bucket, trace, &|asked, trace| {
        if trace.is_some() {
            return by(asked, trace);
        }
        // Several principals can act as one account.
        let memory = asked.memory;
        memory.direct(&asset.name, access, asked.principal, || by(asked, trace))
    });
    match access {
        // Reading needs the service agent's right to decrypt, writing its right to encrypt.
        Access::Read | Access::Write if kind == AssetKind::Bucket && !path.is_never() => {
            let opens = asked
                .memory
                .opens(&asset.name, access, || key::service_opens(asked, asset, access));
            if opens.is_never() {
                key::tell_closed(asked, asset, access, trace);
            }
            Answer { allowed: path.clone().and(opens), storage: path, key: None }
        }
        Access::Read
        | Access::Write
        | Access::Delete
        | Access::Administer
        | Access::Decrypt
        | Access::KeyAdminister => Answer::of(path),
    }
}

/// What a principal may do himself, or as a service account that he can act as.
fn with_ways(
    asked: &Asked<'_, '_>,
    on_storage: bool,
    trace: &mut Trace<'_>,
    direct: &dyn Fn(&Asked<'_, '_>, &mut Trace<'_>) -> Formula,
) -> Formula {
    let disabled = |principal: &Principal| {
        let email = principal.name().strip_prefix("serviceAccount:");
        let account = email.and_then(|e| asked.gcp.service_account(e));
        account.and_then(|name| asked.gcp.assets.get(name)).is_some_and(Asset::is_disabled)
    };
    if disabled(asked.principal) {
        return Formula::never();
    }
    let mut path = direct(asked, trace);
    if path.is_always() {
        return path;
    }
    let ways = asked.memory.ways(asked.principal, || impersonation::ways(asked));
    for way in ways.iter() {
        if way.storage_only && !on_storage || path.is_always() && trace.is_none() {
            continue;
        }
        if let Some(trace) = trace.as_mut() {
            trace.becoming(&way.path);
        }
        let as_account = asked.made_by(&way.account);
        path = path.or(way.condition.clone().and(direct(&as_account, trace)));
    }
    if let Some(trace) = trace.as_mut() {
        trace.becoming(&[]);
    }
    path
}

/// What becomes of one concrete request: a permission on an object, a bucket, a key or any other resource.
pub(super) fn can(gcp: &Gcp, call: &Call, tracer: &mut Tracer) -> Answer {
    // What is remembered holds for this request alone.
    let memory = Memory::of(gcp);
    let mut asked = Asked::by(gcp, &call.principal, &memory);
    asked.context = &call.context;
    let (name, object) = match call.resource.split_once("/objects/") {
        Some((bucket, object)) => (FullName::new(bucket), Some(object)),
        None => (gcp.canonical(&FullName::new(&call.resource)), None),
    };
    asked.object = object;
    let mut trace = Some(tracer);
    let permission: &str = &call.action;
    let access = match permission {
        "storage.objects.get" => Access::Read,
        "storage.objects.create" | "storage.objects.update" => Access::Write,
        "storage.objects.delete" => Access::Delete,
        "storage.buckets.setIamPolicy" | "storage.buckets.update" | "storage.buckets.get"
            if gcp.assets.get(&name).is_some_and(|a| a.kind() == AssetKind::Bucket) =>
        {
            let Some(bucket) = gcp.assets.get(&name) else { return Answer::never() };
            return Answer::of(with_ways(&asked, true, &mut trace, &|asked, trace| {
                storage::permitted_on(asked, permission, bucket, trace)
            }));
        }
        _ => {
            let on_storage = permission.starts_with("storage.");
            let lock = match gcp.assets.get(&name).map(Asset::kind) {
                Some(AssetKind::CryptoKey | AssetKind::CryptoKeyVersion) => Lock::Key,
                _ => Lock::Storage,
            };
            return Answer::of(with_ways(&asked, on_storage, &mut trace, &|asked, trace| {
                permitted(asked, Permission::new(permission, &name, lock), trace)
            }));
        }
    };
    match gcp.assets.get(&name) {
        Some(bucket) => answer(&asked, access, &[permission], bucket, &mut trace),
        None => Answer::of(Formula::unknown(format!("{name} is not in the estate"))),
    }
}

pub(super) fn decrypts(gcp: &Gcp, store: &Resource) -> Decrypts {
    key::decrypts(gcp, &FullName::new(store.name()))
}
