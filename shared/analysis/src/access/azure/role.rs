//! What role assignments allow at a scope, deny assignments taken off.

use crate::access::{Evidence, Lock, Trace};
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
    if !azure.knows(Part::Assignments) && azure.assignments.is_empty() {
        return Formula::unknown("role assignments are not in the estate");
    }
    let identities = azure.identities_of(principal);
    let given = azure
        .assignments
        .values()
        .filter(|a| identities.contains(&a.principal) && azure.scope_contains(&a.scope, at));
    let mut allow = Formula::never();
    for assignment in given {
        let one = by_assignment(azure, assignment, operation);
        if one.is_never() {
            continue;
        }
        if let Some(trace) = trace {
            trace.push(evidence(azure, assignment, at, principal, lock));
        }
        allow = allow.or(one);
    }
    if !azure.knows(Part::Groups) {
        allow = allow.or(Formula::unknown("group memberships are not in the estate"));
    }
    if allow.is_never() { allow } else { allow.unless(denied(azure, &identities, operation, at)) }
}

fn by_assignment(azure: &Azure, assignment: &RoleAssignment, operation: Operation<'_>) -> Formula {
    let Some(definition) = azure.definition(&assignment.role) else {
        return Formula::unknown(format!(
            "role {} is neither in the estate nor in the table",
            assignment.role.name()
        ));
    };
    let blocks = definition.permissions.iter().filter(|b| operation.allowed_by(b));
    let inside = Formula::any(blocks.map(|b| condition(b.condition.as_ref())));
    inside.and(condition(assignment.condition.as_ref()))
}

/// A condition is a residue: it is shown, not decided.
fn condition(text: Option<&Arc<str>>) -> Formula {
    text.map_or_else(Formula::always, |text| Formula::condition(text.clone()))
}

fn evidence(
    azure: &Azure,
    assignment: &RoleAssignment,
    at: &ArmId,
    principal: &str,
    lock: Lock,
) -> Evidence {
    let role = azure
        .definition(&assignment.role)
        .map_or_else(|| assignment.role.name().to_owned(), |d| d.role_name.to_string());
    let through = if &*assignment.principal == principal {
        String::new()
    } else {
        format!(" through group {}", assignment.principal)
    };
    Evidence {
        lock,
        grant: format!("role `{role}` at {}{through} ({})", assignment.scope, assignment.id.name()),
        broad: assignment.scope != *at,
    }
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
    let applies = |deny: &&DenyAssignment| {
        let reached =
            deny.reaches(at) || !deny.only_this_scope && azure.scope_contains(&deny.scope, at);
        let everyone = deny.principals.iter().any(|p| &**p == DenyAssignment::EVERYONE);
        let named = everyone || deny.principals.iter().any(|p| identities.contains(p));
        let excluded = deny.excluded.iter().any(|p| identities.contains(p));
        reached && named && !excluded && deny.permissions.iter().any(|b| operation.allowed_by(b))
    };
    Formula::any(azure.denies.values().filter(applies).map(|d| condition(d.condition.as_ref())))
        .or(unknown)
}
