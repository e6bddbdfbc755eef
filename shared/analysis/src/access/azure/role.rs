//! What role assignments allow at a scope, deny assignments taken off.

use super::condition;
use crate::access::{Lock, Trace};
use crate::estate::azure::{Azure, Part};
use crate::model::Formula;
use crate::model::azure::{ArmId, DenyAssignment, Permission, RoleAssignment};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An operation, in lower case.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation<'a> {
    /// Control plane.
    Action(&'a str),
    /// Data plane.
    Data(&'a str),
}

impl Operation<'_> {
    /// The operation, in lower case.
    pub(super) const fn name(&self) -> &str {
        match self {
            Self::Action(name) | Self::Data(name) => name,
        }
    }

    fn allowed_by(self, block: &Permission) -> bool {
        match self {
            Self::Action(name) => block.allows_action(name),
            Self::Data(name) => block.allows_data_action(name),
        }
    }
}

/// Whether a principal may do an operation at a scope: a role assignment at the scope or above allows it, and no deny
/// assignment that applies takes it away.
pub(super) fn allowed(
    azure: &Azure,
    principal: &str,
    operation: Operation<'_>,
    at: &ArmId,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    let identities = azure.identities_of(principal);
    let mut allow = Formula::never();
    for assignment in azure.assignments.values().filter(|a| identities.contains(&a.principal)) {
        let reached = reaches(azure, &assignment.scope, at);
        if reached.is_never() {
            continue;
        }
        let one = by_assignment(azure, assignment, operation, at);
        if one.is_never() {
            continue;
        }
        if let Some(trace) = trace {
            let told = described(azure, assignment, principal);
            trace.evidence(lock, told, assignment.scope != *at);
        }
        allow = allow.or(reached.and(one));
    }
    for (part, what) in
        [(Part::Assignments, "role assignments"), (Part::Groups, "group memberships")]
    {
        if !azure.knows(part) {
            allow = allow.or(Formula::unknown(format!("{what} are not in the estate")));
        }
    }
    if allow.is_never() { allow } else { allow.unless(denied(azure, &identities, operation, at)) }
}

/// Whether a scope is the resource or stands above it. What is below a management group is unknown without the file that
/// says so. A scope *inside* the resource (a container that the estate does not list) reaches a part of it.
fn reaches(azure: &Azure, scope: &ArmId, at: &ArmId) -> Formula {
    if azure.scope_contains(scope, at) {
        return Formula::always();
    }
    if scope.folded().contains("/managementgroups/") && !azure.knows(Part::ManagementGroups) {
        return Formula::unknown(format!("what is below {scope} is not in the estate"));
    }
    let inside = at.contains(scope) && at.ancestor("storageAccounts").as_ref() == Some(at);
    let listed = scope.ancestor("containers").is_some_and(|c| azure.resources.contains_key(&c));
    if inside && !listed {
        Formula::class(format!("only what is below {scope}"))
    } else {
        Formula::never()
    }
}

fn by_assignment(
    azure: &Azure,
    assignment: &RoleAssignment,
    operation: Operation<'_>,
    at: &ArmId,
) -> Formula {
    let Some(definition) = azure.definition(&assignment.role) else {
        return Formula::unknown(format!(
            "role {} is neither in the estate nor in the table",
            assignment.role.name()
        ));
    };
    let blocks = definition.permissions.iter().filter(|b| operation.allowed_by(b));
    let inside =
        Formula::any(blocks.map(|b| condition::holds(b.condition.as_ref(), operation, at)));
    inside.and(condition::holds(assignment.condition.as_ref(), operation, at))
}

fn described(azure: &Azure, assignment: &RoleAssignment, principal: &str) -> String {
    let role = azure
        .definition(&assignment.role)
        .map_or_else(|| assignment.role.name().to_owned(), |d| d.role_name.to_string());
    let through = if &*assignment.principal == principal {
        String::new()
    } else {
        format!(" through group {}", assignment.principal)
    };
    format!("role `{role}` at {}{through} ({})", assignment.scope, assignment.id.name())
}

fn denied(
    azure: &Azure,
    identities: &BTreeSet<Arc<str>>,
    operation: Operation<'_>,
    at: &ArmId,
) -> Formula {
    let unknown = if azure.knows(Part::Denies) {
        Formula::never()
    } else {
        Formula::unknown("deny assignments are not in the estate")
    };
    let one = |deny: &DenyAssignment| {
        let everyone = deny.principals.iter().any(|p| &**p == DenyAssignment::EVERYONE);
        let named = everyone || deny.principals.iter().any(|p| identities.contains(p));
        let excluded = deny.excluded.iter().any(|p| identities.contains(p));
        if !named || excluded || !deny.permissions.iter().any(|b| operation.allowed_by(b)) {
            return Formula::never();
        }
        let reached = if deny.only_this_scope {
            Formula::known(deny.scope == *at)
        } else {
            reaches(azure, &deny.scope, at)
        };
        reached.and(condition::holds(deny.condition.as_ref(), operation, at))
    };
    Formula::any(azure.denies.values().map(one)).or(unknown)
}
