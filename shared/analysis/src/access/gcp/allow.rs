//! Allow policies: bindings on the resource and everything above it.

use super::deny;
use crate::access::{Lock, Trace};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Binding, FullName, Policy};
use crate::model::{Formula, Principal};
use std::collections::BTreeSet;
use std::sync::Arc;

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

/// Whether a principal has a permission on a resource: a binding on the line above it allows, no deny policy denies.
pub(super) fn permitted(
    gcp: &Gcp,
    principal: &Principal,
    permission: &str,
    resource: &FullName,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    permitted_through(gcp, principal, Through::Any, permission, resource, lock, trace)
}

/// The same, counting only some of the principal's members.
pub(super) fn permitted_through(
    gcp: &Gcp,
    principal: &Principal,
    through: Through,
    permission: &str,
    resource: &FullName,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    let line = gcp.lineage(resource);
    let members = members_for(gcp, principal, &line);
    let asked = Asked { gcp, principal, members: &members, through, permission, lock };
    let mut allow = Formula::never();
    for name in &line {
        match gcp.policies.get(name) {
            Some(policy) => allow = allow.or(asked.of(policy, name, resource, trace)),
            // A listed resource without a policy has an empty one, where policies were exported at all.
            None if gcp.assets.contains_key(name) && gcp.policies_known => {}
            None => {
                allow =
                    allow.or(Formula::unknown(format!("the policy of {name} is not in the estate")))
            }
        }
    }
    // A bucket always stands in a project.
    let alone = line.len() == 1 && resource.service() == "storage.googleapis.com";
    if alone {
        allow =
            allow.or(Formula::unknown(format!("the project of {resource} is not in the estate")));
    }
    asked.unless_denied(allow, &line)
}

/// What the own policy of one resource gives, without what is above it.
pub(super) fn bound_at(
    gcp: &Gcp,
    principal: &Principal,
    through: Through,
    permission: &str,
    resource: &FullName,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    let line = gcp.lineage(resource);
    let members = members_for(gcp, principal, &line);
    let asked = Asked { gcp, principal, members: &members, through, permission, lock };
    let policy = gcp.policies.get(resource);
    let allow = policy.map_or_else(Formula::never, |p| asked.of(p, resource, resource, trace));
    asked.unless_denied(allow, &line)
}

/// One question to the bindings of policies.
struct Asked<'a> {
    gcp: &'a Gcp,
    principal: &'a Principal,
    members: &'a BTreeSet<Arc<str>>,
    through: Through,
    permission: &'a str,
    lock: Lock,
}

impl Asked<'_> {
    fn of(
        &self,
        policy: &Policy,
        on: &FullName,
        resource: &FullName,
        trace: &mut Trace<'_>,
    ) -> Formula {
        let mut allow = Formula::never();
        for binding in policy.bindings.iter().filter(|b| self.through.counts(&b.member)) {
            let member = self.is_member(&binding.member);
            if member.is_never() {
                continue;
            }
            let given = gives(self.gcp, binding, self.permission).and(member);
            if given.is_never() {
                continue;
            }
            if let Some(trace) = trace {
                let grant = format!("{binding} on {on}");
                trace.evidence(self.lock, grant, on != resource);
            }
            allow = allow.or(given);
        }
        allow
    }

    /// What deny policies on the line leave of an allow.
    fn unless_denied(&self, allow: Formula, line: &[FullName]) -> Formula {
        if allow.is_never() {
            return allow;
        }
        allow.unless(deny::denied(self.gcp, self.principal, self.members, self.permission, line))
    }

    /// Whether a member stands for the principal. Of a group that no file lists nobody knows who is in it.
    fn is_member(&self, member: &Arc<str>) -> Formula {
        if self.members.contains(member) {
            return Formula::known(!member.starts_with("deleted:"));
        }
        let could_join = self.principal.name().starts_with("user:")
            || self.principal.name().starts_with("serviceAccount:")
            || self.principal.name().starts_with("group:");
        match member.strip_prefix("group:") {
            Some(group)
                if could_join && !self.gcp.groups_known && !self.gcp.groups.contains_key(group) =>
            {
                Formula::unknown(format!("the members of {member} are not in the estate"))
            }
            Some(_) | None => Formula::never(),
        }
    }
}

/// A condition is a residue: it is shown, not decided.
fn gives(gcp: &Gcp, binding: &Binding, permission: &str) -> Formula {
    let has = match gcp.role(&binding.role) {
        Some(permissions) => Formula::known(permissions.contains(permission)),
        None => Formula::unknown(format!(
            "role {} is neither in the estate nor in the table",
            binding.role
        )),
    };
    match &binding.condition {
        Some(condition) => has.and(Formula::condition(condition.expression.clone())),
        None => has,
    }
}

/// All members that stand for a principal: himself, his groups, his domain, everyone, and the convenience members of the
/// project when he has the basic role there.
pub(super) fn members_for(
    gcp: &Gcp,
    principal: &Principal,
    line: &[FullName],
) -> BTreeSet<Arc<str>> {
    let mut members: BTreeSet<Arc<str>> = BTreeSet::from(["allUsers".into()]);
    match principal {
        Principal::Public => return members,
        Principal::AnyAuthenticated => {
            members.insert("allAuthenticatedUsers".into());
            return members;
        }
        Principal::Named(member) => {
            members.insert("allAuthenticatedUsers".into());
            members.insert(member.clone());
            members.extend(gcp.groups_of(member));
            if let Some((_, domain)) =
                member.strip_prefix("user:").and_then(|email| email.rsplit_once('@'))
            {
                members.insert(format!("domain:{domain}").into());
            }
        }
    }
    let convenience: Vec<Arc<str>> = convenience_members(gcp, &members, line);
    members.extend(convenience);
    members
}

/// `projectViewer:<project id>` and its kin stand for whoever holds the basic role on the project.
/// <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles>
fn convenience_members(
    gcp: &Gcp,
    members: &BTreeSet<Arc<str>>,
    line: &[FullName],
) -> Vec<Arc<str>> {
    let project = line
        .iter()
        .filter_map(|n| gcp.assets.get(n))
        .find(|a| a.kind() == crate::model::gcp::AssetKind::Project);
    let Some(project) = project else { return Vec::new() };
    let above = gcp.lineage(&project.name);
    let bindings = || above.iter().filter_map(|n| gcp.policies.get(n)).flat_map(|p| &p.bindings);
    let holds = |role: &str| {
        bindings().any(|b| &*b.role == role && b.condition.is_none() && members.contains(&b.member))
    };
    let mut found = Vec::new();
    for (role, kind) in [
        ("roles/viewer", "projectViewer"),
        ("roles/editor", "projectEditor"),
        ("roles/owner", "projectOwner"),
    ] {
        if holds(role) {
            let ids = [project.text("projectId"), Some(project.name.name())];
            found.extend(ids.into_iter().flatten().map(|id| Arc::from(format!("{kind}:{id}"))));
        }
    }
    found
}
