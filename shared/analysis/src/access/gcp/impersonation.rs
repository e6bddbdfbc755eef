//! Acting as a service account: tokens, signatures, keys, and power over its policy.
//! <https://cloud.google.com/iam/docs/service-account-impersonation>

use super::Asked;
use super::allow::{Permission, permitted};
use super::member::project_in_address;
use super::storage::{constrained, nearest};
use crate::access::Lock;
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, Binding, FullName, denies};
use crate::model::{Formula, Principal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Steps of impersonation that are followed.
const STEPS: usize = 3;

const DELEGATE: &str = "iam.serviceAccounts.implicitDelegation";
const HMAC: &str = "storage.hmacKeys.create";
const NEW_KEY: &str = "iam.serviceAccountKeys.create";
const ATTACH: &str = "iam.serviceAccounts.actAs";

/// Permissions by which a principal acts as a service account without further ado.
const FULL: [&str; 4] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    // Who sets the account's policy makes himself a creator of tokens.
    "iam.serviceAccounts.setIamPolicy",
];

/// How somebody can act as a service account.
#[derive(Debug, Clone)]
pub(in crate::access) struct Way {
    pub(super) account: Principal,
    pub(super) condition: Formula,
    /// By HMAC keys: requests to Cloud Storage only.
    pub(super) storage_only: bool,
    /// The accounts on the way, in order; the last one is this account.
    pub(super) path: Vec<Arc<str>>,
}

/// One step: what is known of acting as an account.
#[derive(Debug, Clone)]
pub(super) struct Step {
    full: Formula,
    storage: Formula,
    /// What the account may do to *others* can be used, and nothing else.
    delegated: Formula,
}

/// The service accounts that a principal can act as, in up to three steps, and under which condition.
pub(super) fn ways(asked: &Asked<'_, '_>) -> Vec<Way> {
    let mut found: BTreeMap<(Arc<str>, bool), Way> = BTreeMap::new();
    let mut todo: Vec<(Principal, Formula, Vec<Arc<str>>)> =
        vec![(asked.principal.clone(), Formula::always(), Vec::new())];
    for _ in 0..STEPS {
        let mut next = Vec::new();
        for (actor, condition, path) in std::mem::take(&mut todo) {
            let mut as_actor = asked.made_by(&actor);
            as_actor.object = None;
            let steps = asked.memory.steps(&actor, || steps(&as_actor));
            for (member, step) in steps.iter() {
                if asked.principal.name() == &**member {
                    continue;
                }
                let mut path = path.clone();
                path.push(member.clone());
                let account = Principal::Named(member.clone());
                let ways = [(step.full.clone(), false), (step.storage.clone(), true)];
                for (one, storage_only) in ways {
                    let reached = condition.clone().and(one);
                    let key = (member.clone(), storage_only);
                    let known = found.get(&key);
                    if reached.is_never() || known.is_some_and(|w| reached.implies(&w.condition)) {
                        continue;
                    }
                    let all =
                        known.map_or_else(Formula::never, |w| w.condition.clone()).or(reached);
                    let path = known.map_or_else(|| path.clone(), |w| w.path.clone());
                    let way = Way { account: account.clone(), condition: all, storage_only, path };
                    found.insert(key, way);
                }
                let onward = condition.clone().and(step.full.clone().or(step.delegated.clone()));
                if !onward.is_never() && path.len() < STEPS {
                    next.push((account, onward, path));
                }
            }
        }
        todo = next;
    }
    found.into_values().collect()
}

/// The accounts that one principal may act as in one step.
fn steps(asked: &Asked<'_, '_>) -> Vec<(Arc<str>, Step)> {
    let mut found = Vec::new();
    let levels = levels(asked);
    if levels.is_empty() {
        return found;
    }
    for account in accounts_below(asked, &levels) {
        let Some(email) = account.text("email") else { continue };
        // It cannot authenticate.
        if account.is_disabled() {
            continue;
        }
        let step = step(asked, account);
        if !(step.full.is_never() && step.storage.is_never() && step.delegated.is_never()) {
            found.push((format!("serviceAccount:{email}").into(), step));
        }
    }
    // Who may act as all accounts of a project may act as those that are not listed.
    if levels.iter().any(|on| on.segment("serviceAccounts").is_none()) {
        found.extend(unlisted(asked));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

fn step(asked: &Asked<'_, '_>, account: &Asset) -> Step {
    let may = |name: &str, on: &FullName| {
        permitted(asked, Permission::new(name, on, Lock::Storage), &mut None)
    };
    let name = &account.name;
    let mut full = Formula::any(FULL.iter().map(|p| may(p, name)));
    if !full.is_always() {
        let keys = may(NEW_KEY, name);
        if !keys.is_never() {
            full = full.or(keys.unless(no_new_keys(asked, name)));
        }
        let attaches = may(ATTACH, name);
        if !attaches.is_never() {
            let runs = Formula::unknown(format!("whether a workload can be made to run as {name}"));
            full = full.or(attaches.and(runs));
        }
    }
    let project = asked.gcp.project_of(name);
    let storage = project.map_or_else(Formula::never, |project| {
        let hmac = may(HMAC, &project.name);
        if hmac.is_never() {
            return hmac;
        }
        hmac.unless(no_new_keys(asked, name)).unless(no_hmac(asked, &project.name))
    });
    Step { full, storage, delegated: may(DELEGATE, name) }
}

fn no_new_keys(asked: &Asked<'_, '_>, account: &FullName) -> Formula {
    constrained(asked, "iam.disableServiceAccountKeyCreation", account)
}

/// Whether requests that are signed with HMAC keys are refused.
/// <https://cloud.google.com/storage/docs/org-policy-constraints#restrict-auth>
fn no_hmac(asked: &Asked<'_, '_>, project: &FullName) -> Formula {
    let values = ["in:ALL_HMAC_SIGNED_REQUESTS", "SERVICE_ACCOUNT_HMAC_SIGNED_REQUESTS"];
    nearest(asked.gcp, project, |policy| {
        let refused = values.iter().map(|v| denies(policy, "storage.restrictAuthTypes", v));
        refused.collect::<Option<Vec<_>>>().map(|r| Formula::known(r.contains(&true)))
    })
}

/// The resources whose policies may let the principal act as the accounts below them.
fn levels<'m>(asked: &Asked<'_, 'm>) -> BTreeSet<&'m FullName> {
    let lets = |bindings: &BTreeSet<Binding>| bindings.iter().any(|b| lets_act(asked.gcp, b));
    asked.identity.places().filter(|(_, given)| lets(given)).map(|(on, _)| on).collect()
}

fn accounts_below<'m>(asked: &Asked<'_, 'm>, levels: &BTreeSet<&FullName>) -> Vec<&'m Asset> {
    let below = levels.iter().flat_map(|level| asked.memory.accounts_below(level));
    let by_name: BTreeMap<&FullName, &Asset> = below.map(|a| (&a.name, *a)).collect();
    by_name.into_values().collect()
}

/// Accounts that have access and are not listed: whoever could act as the accounts of their project may have it.
fn unlisted(asked: &Asked<'_, '_>) -> Vec<(Arc<str>, Step)> {
    let mut found = Vec::new();
    for (project, members) in asked.memory.unlisted() {
        let may = Formula::any(
            FULL.iter()
                .map(|p| permitted(asked, Permission::new(p, project, Lock::Storage), &mut None)),
        );
        if may.is_never() {
            continue;
        }
        for member in members {
            let there = Formula::unknown(format!("{member} is not in the estate"));
            let full = may.clone().and(there);
            let (storage, delegated) = (Formula::never(), Formula::never());
            found.push(((*member).clone(), Step { full, storage, delegated }));
        }
    }
    found
}

/// Where those stand who can act as a member: at the service account, or at its project when it is not listed.
pub(in crate::access) fn account_of<'a>(gcp: &'a Gcp, member: &str) -> Option<&'a FullName> {
    let email = member.strip_prefix("serviceAccount:")?;
    let project = || Some(&gcp.project(project_in_address(email)?)?.name);
    gcp.service_account(email).or_else(project)
}

/// Who can act as a service account, in up to three steps: then its access counts as theirs.
pub(in crate::access) fn actors_of(gcp: &Gcp, account: &FullName) -> BTreeSet<Arc<str>> {
    let mut actors = BTreeSet::new();
    let mut todo = vec![account.clone()];
    for _ in 0..STEPS {
        let direct: BTreeSet<Arc<str>> = todo.iter().flat_map(|a| direct_actors(gcp, a)).collect();
        todo = direct.iter().filter_map(|m| account_of(gcp, m).cloned()).collect();
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
pub(in crate::access) fn lets_act(gcp: &Gcp, binding: &Binding) -> bool {
    let all = FULL.iter().chain(&[NEW_KEY, ATTACH, DELEGATE, HMAC]);
    let mut all = all.copied();
    gcp.role(&binding.role).is_none_or(|p| all.any(|wanted| p.contains(wanted)))
}
