//! Allow policies: bindings on the resource and everything above it.

use super::condition::{Request, holds};
use super::member::is_member;
use super::{Asked, boundary, deny};
use crate::access::{Lock, Trace, verb_if};
use crate::estate::gcp::Gcp;
use crate::model::Formula;
use crate::model::gcp::{Asset, AssetKind, Binding, FullName};

/// Which of a principal's members count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// All.
    Any,
    /// Those that do not stand for everyone.
    Name,
    /// `allUsers` and `allAuthenticatedUsers`.
    Everyone,
}

impl Through {
    fn counts(self, member: &str) -> bool {
        let everyone = matches!(member, "allUsers" | "allAuthenticatedUsers");
        match self {
            Self::Any => true,
            Self::Name => !everyone,
            Self::Everyone => everyone,
        }
    }
}

/// One question to policies: a permission on a resource.
#[derive(Clone, Copy)]
pub(super) struct Permission<'a> {
    pub(super) name: &'a str,
    pub(super) on: &'a FullName,
    pub(super) through: Through,
    pub(super) lock: Lock,
}

impl<'a> Permission<'a> {
    pub(super) const fn new(name: &'a str, on: &'a FullName, lock: Lock) -> Self {
        Self { name, on, through: Through::Any, lock }
    }
}

/// Whether a principal has a permission on a resource: a binding on the line above it allows, no deny policy denies, no
/// boundary stands in the way.
pub(super) fn permitted(
    asked: &Asked<'_, '_>,
    wanted: Permission<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    let gcp = asked.gcp;
    let line = gcp.lineage(wanted.on);
    let mut allow = Formula::never();
    for name in line.iter() {
        match gcp.policies.get(name) {
            Some(_) => allow = allow.or(given(asked, wanted, name, &line, trace)),
            // A listed resource without a policy has an empty one, where policies were exported at all.
            None if gcp.assets.contains_key(name) && gcp.policies_known => {}
            None if allow.is_always() => {}
            None => {
                allow = allow
                    .or(Formula::unknown(format!("the policy of {name} is not in the estate")));
            }
        }
    }
    // A bucket always stands in a project.
    let alone = line.len() == 1 && wanted.on.service() == "storage.googleapis.com";
    if alone {
        let on = wanted.on;
        allow = allow.or(Formula::unknown(format!("the project of {on} is not in the estate")));
    }
    limited(asked, wanted, allow, &line, trace)
}

/// What the own policy of one resource gives, without what is above it.
pub(super) fn bound_at(
    asked: &Asked<'_, '_>,
    wanted: Permission<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    let line = asked.gcp.lineage(wanted.on);
    let allow = given(asked, wanted, wanted.on, &line, trace);
    limited(asked, wanted, allow, &line, trace)
}

/// What deny policies and boundaries leave of an allow.
fn limited(
    asked: &Asked<'_, '_>,
    wanted: Permission<'_>,
    allow: Formula,
    line: &[FullName],
    trace: &mut Trace<'_>,
) -> Formula {
    if allow.is_never() {
        return allow;
    }
    let denied = deny::denied(asked, wanted, line, trace);
    allow.unless(denied).and(boundary::eligible(asked, line))
}

fn given(
    asked: &Asked<'_, '_>,
    wanted: Permission<'_>,
    on: &FullName,
    line: &[FullName],
    trace: &mut Trace<'_>,
) -> Formula {
    let mut allow = Formula::never();
    let by_identity = asked.identity.given_on(on);
    let by_basic_role =
        asked.gcp.given_to_basic_roles(on).map(|b| (b, is_member(asked, &b.member, line)));
    let mut given: Vec<(&Binding, Formula)> = by_identity.chain(by_basic_role).collect();
    if trace.is_some() {
        given.sort_by_key(|(binding, _)| *binding);
    }
    for (binding, member) in given {
        if !wanted.through.counts(&binding.member) || member.is_never() {
            continue;
        }
        let one = gives(asked, binding, wanted, on).and(member);
        if one.is_never() {
            let gives = !includes(asked.gcp, &binding.role, wanted.name).is_never();
            if let (Some(trace), true, Some(_)) = (trace.as_mut(), gives, &binding.condition) {
                let said = "does not apply: its condition does not hold";
                trace.step(wanted.lock, format!("{binding} on {on}"), said);
            }
            continue;
        }
        if let Some(trace) = trace {
            let grant = format!("{binding} on {on}");
            let said = format!("{}: {}", verb_if("allows", &one), wanted.name);
            trace.step(wanted.lock, grant.clone(), said);
            trace.evidence(wanted.lock, grant, on != wanted.on);
        }
        allow = allow.or(one);
    }
    allow
}

fn gives(
    asked: &Asked<'_, '_>,
    binding: &Binding,
    wanted: Permission<'_>,
    on: &FullName,
) -> Formula {
    let has = includes(asked.gcp, &binding.role, wanted.name);
    if has.is_never() || binding.condition.is_none() {
        return has;
    }
    if may_not_have_condition(asked.gcp, binding, on) {
        return has.and(Formula::unknown(format!("{on} has a condition where none is allowed")));
    }
    let request = Request { asked, permission: wanted.name, resource: wanted.on };
    has.and(holds(binding.condition.as_ref(), &request))
}

/// Whether a role includes a permission. `<role>_withcond_<hash>` is what a read of version 1 shows of a conditional binding.
fn includes(gcp: &Gcp, role: &str, permission: &str) -> Formula {
    let (role, hidden) = match role.split_once("_withcond_") {
        Some((role, _)) => (role, true),
        None => (role, false),
    };
    match gcp.role(role) {
        Some(permissions) if !permissions.contains(permission) => Formula::never(),
        Some(_) if hidden => {
            Formula::unknown(format!("the condition of {role} is not in the estate"))
        }
        Some(_) => Formula::always(),
        None => Formula::unknown(format!("role {role} is neither in the estate nor in the table")),
    }
}

/// Buckets take conditions with uniform access only; basic roles and everyone take none.
/// <https://cloud.google.com/iam/docs/conditions-overview#limitations>
fn may_not_have_condition(gcp: &Gcp, binding: &Binding, on: &FullName) -> bool {
    let bucket = gcp.assets.get(on).filter(|a| a.kind() == AssetKind::Bucket).map(Asset::bucket);
    bucket.is_some_and(|b| b.uniform_access != Some(true))
        || matches!(&*binding.member, "allUsers" | "allAuthenticatedUsers")
        || matches!(&*binding.role, "roles/viewer" | "roles/editor" | "roles/owner")
}
