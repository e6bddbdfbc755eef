//! Google Cloud: allow policies inherited down the hierarchy, deny policies, convenience members, impersonation, and the
//! service agent on the key.
//! <https://cloud.google.com/iam/docs/resource-hierarchy-access-control>
//!
//! Cloud Storage en- and decrypts as the project's service agent, whoever asks: the key is a switch for all
//! ([`key::service_opens`]), no lock for the reader. Permission sets are evaluated, never role names.
//!
//! Not modelled yet, and therefore a residue or an unknown fact where it may matter: the CEL of conditions, object ACLs,
//! principal access boundaries, VPC Service Controls, keys of single objects.

mod allow;
mod deny;
mod key;
mod storage;

pub(super) use key::service_agent;

use super::{Answer, Decrypts, Trace, Tracer};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{AssetKind, Binding, FullName};
use crate::model::{Access, Formula, Principal, Resource};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Steps of impersonation that are followed.
const IMPERSONATION_STEPS: usize = 3;

/// Permissions that let a principal act as a service account.
/// <https://cloud.google.com/iam/docs/service-account-impersonation>
const IMPERSONATE: [&str; 4] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccountKeys.create",
];

pub(super) fn evaluate(
    gcp: &Gcp,
    principal: &Principal,
    access: Access,
    resource: &Resource,
    mut trace: Trace<'_>,
) -> Answer {
    let name = FullName::new(resource.name());
    let Some(asset) = gcp.assets.get(&name) else { return Answer::never() };
    let kind = asset.kind();
    let direct = |principal: &Principal, trace: &mut Trace<'_>| match kind {
        AssetKind::Bucket => storage::allowed(gcp, principal, access, &name, trace),
        AssetKind::CryptoKey => key::allowed(gcp, principal, access, &name, trace),
        AssetKind::Organization
        | AssetKind::Folder
        | AssetKind::Project
        | AssetKind::ManagedFolder
        | AssetKind::KeyRing
        | AssetKind::CryptoKeyVersion
        | AssetKind::ServiceAccount
        | AssetKind::Other => Formula::never(),
    };
    let mut path = direct(principal, &mut trace);
    for (account, via) in impersonated(gcp, principal) {
        let mut found = Tracer::default();
        let as_account = direct(&account, &mut trace.is_some().then_some(&mut found));
        if let Some(trace) = trace.as_mut() {
            trace.join_as(&format!("acting as {account}:"), found);
        }
        path = path.or(via.and(as_account));
    }
    match access {
        // Reading needs the service agent's right to decrypt, writing its right to encrypt.
        Access::Read | Access::Write if kind == AssetKind::Bucket => Answer {
            allowed: path.clone().and(key::service_opens(gcp, &name, access)),
            storage: path,
            key: None,
        },
        Access::Read
        | Access::Write
        | Access::Delete
        | Access::Administer
        | Access::Decrypt
        | Access::KeyAdminister => Answer::of(path),
    }
}

/// The service accounts that a principal can act as, in up to three steps, and under which condition.
fn impersonated(gcp: &Gcp, principal: &Principal) -> Vec<(Principal, Formula)> {
    let mut found: Vec<(Principal, Formula)> = Vec::new();
    let mut seen: BTreeSet<Principal> = BTreeSet::from([principal.clone()]);
    let mut last = vec![(principal.clone(), Formula::always())];
    for _ in 0..IMPERSONATION_STEPS {
        let mut next = Vec::new();
        for (actor, via) in &last {
            for account in gcp.of_kind(AssetKind::ServiceAccount) {
                let Some(email) = account.text("email") else { continue };
                let target = Principal::Named(format!("serviceAccount:{email}").into());
                if seen.contains(&target) {
                    continue;
                }
                let may = Formula::any(IMPERSONATE.iter().map(|p| {
                    allow::permitted(gcp, actor, p, &account.name, super::Lock::Storage, &mut None)
                }));
                if !may.is_never() {
                    seen.insert(target.clone());
                    next.push((target, via.clone().and(may)));
                }
            }
        }
        found.extend(next.iter().cloned());
        last = next;
    }
    found
}

/// Who can act as a service account, in up to three steps: then its access counts as theirs.
pub(super) fn actors_of(gcp: &Gcp, account: &FullName) -> BTreeSet<Arc<str>> {
    let mut actors = BTreeSet::new();
    let mut todo = vec![account.clone()];
    for _ in 0..IMPERSONATION_STEPS {
        let direct: BTreeSet<Arc<str>> = todo.iter().flat_map(|a| direct_actors(gcp, a)).collect();
        todo = direct
            .iter()
            .filter_map(|m| gcp.service_account(m.strip_prefix("serviceAccount:")?).cloned())
            .collect();
        actors.extend(direct);
    }
    actors
}

fn direct_actors(gcp: &Gcp, account: &FullName) -> BTreeSet<Arc<str>> {
    let line = gcp.lineage(account);
    let bindings = line.iter().filter_map(|n| gcp.policies.get(n)).flat_map(|p| &p.bindings);
    bindings.filter(|b| lets_act(gcp, b)).flat_map(|b| gcp.expand(&b.member)).collect()
}

/// Whether a binding lets its member act as the service accounts below it.
pub(super) fn lets_act(gcp: &Gcp, binding: &Binding) -> bool {
    gcp.role(&binding.role).is_none_or(|p| IMPERSONATE.iter().any(|i| p.contains(*i)))
}

pub(super) fn decrypts(gcp: &Gcp, store: &Resource) -> Decrypts {
    key::decrypts(gcp, &FullName::new(store.name()))
}

/// What becomes of one concrete request.
pub(super) fn can(_: &Gcp, call: &super::Call, _: &mut Tracer) -> Answer {
    Answer::of(Formula::unknown(format!("requests like {} are not evaluated yet", call.action)))
}
