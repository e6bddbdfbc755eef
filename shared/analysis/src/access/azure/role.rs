//! What role assignments allow at a scope, deny assignments taken off.

use super::memory::Reaching;
use super::{Asked, condition};
use crate::access::{Lock, Trace, verb_if};
use crate::estate::azure::{Azure, Part};
use crate::model::Formula;
use crate::model::azure::{ArmId, DenyAssignment, Permission, RoleAssignment};
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
    asked: &Asked<'_, '_>,
    operation: Operation<'_>,
    at: &ArmId,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    let azure = asked.azure;
    let Some(principal) = &asked.id else { return Formula::never() };
    let mut allow = Formula::never();
    for reaching in asked.memory.assigned(at, principal, || reaching(asked, at)).iter() {
        let assignment = reaching.assignment;
        let one = by_assignment(asked, reaching, operation, at);
        if one.is_never() {
            if let (Some(trace), Some(condition)) = (trace.as_mut(), &assignment.condition) {
                let bare = RoleAssignment { condition: None, ..assignment.clone() };
                let bare = Reaching { assignment: &bare, how: reaching.how.clone() };
                if !by_assignment(asked, &bare, operation, at).is_never() {
                    let said = format!("does not apply: {} does not hold", condition.text());
                    trace.step(lock, described(azure, assignment, principal), said);
                }
            }
            continue;
        }
        if let Some(trace) = trace {
            let grant = described(azure, assignment, principal);
            trace.step(lock, grant.clone(), verb_if("allows", &one));
            trace.evidence(lock, grant, assignment.scope != *at);
        }
        allow = allow.or(one);
    }
    if !allow.is_always() {
        allow = allow.or(unseen(asked, operation, at));
    }
    if allow.is_never() {
        return allow;
    }
    let denied = denied(asked, operation, at, lock, trace);
    allow.unless(denied)
}

/// The assignments of the principal and his groups that reach a resource.
fn reaching<'m>(asked: &Asked<'_, 'm>, at: &ArmId) -> Vec<Reaching<'m>> {
    let azure = asked.azure;
    let own = asked.identities.iter().flat_map(|identity| azure.assignments_of(identity));
    own.filter_map(|assignment| reaches_by(asked, assignment, at)).collect()
}

fn reaches_by<'r>(
    asked: &Asked<'_, '_>,
    assignment: &'r RoleAssignment,
    at: &ArmId,
) -> Option<Reaching<'r>> {
    let scope = &assignment.scope;
    let how = asked.memory.reached(at, scope, || reaches(asked.azure, scope, at));
    (!how.is_never()).then_some(Reaching { assignment, how })
}

/// What may be allowed by what the estate does not hold.
fn unseen(asked: &Asked<'_, '_>, operation: Operation<'_>, at: &ArmId) -> Formula {
    let azure = asked.azure;
    let mut unseen = Formula::never();
    for (part, what) in
        [(Part::Assignments, "role assignments"), (Part::Groups, "group memberships")]
    {
        if !azure.knows(part) {
            unseen = unseen.or(Formula::unknown(format!("{what} are not in the estate")));
        }
    }
    // Who is in a group of another directory, that directory alone knows.
    for assignment in azure.foreign_assignments() {
        if asked.identities.contains(&assignment.principal) {
            continue;
        }
        let Some(reaching) = reaches_by(asked, assignment, at) else { continue };
        let one = by_assignment(asked, &reaching, operation, at);
        if !one.is_never() {
            let group = &assignment.principal;
            let member = Formula::unknown(format!(
                "the members of the foreign group {group} are not in the estate"
            ));
            unseen = unseen.or(one.and(member));
        }
    }
    unseen
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
        // However the assignments spell it, it is one class.
        Formula::class(format!("only what is below {}", scope.folded()))
    } else {
        Formula::never()
    }
}

fn by_assignment(
    asked: &Asked<'_, '_>,
    reaching: &Reaching<'_>,
    operation: Operation<'_>,
    at: &ArmId,
) -> Formula {
    let azure = asked.azure;
    let (assignment, reached) = (reaching.assignment, reaching.how.clone());
    let Some(definition) = azure.definition(&assignment.role) else {
        return reached.and(Formula::unknown(format!(
            "role {} is neither in the estate nor in the table",
            assignment.role.name()
        )));
    };
    let blocks = definition.permissions.iter().filter(|b| operation.allowed_by(b));
    let inside =
        Formula::any(blocks.map(|b| condition::holds(b.condition.as_ref(), operation, at, asked)));
    if inside.is_never() {
        return inside;
    }
    reached.and(inside).and(condition::holds(assignment.condition.as_ref(), operation, at, asked))
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
    asked: &Asked<'_, '_>,
    operation: Operation<'_>,
    at: &ArmId,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    let azure = asked.azure;
    let unknown = if azure.knows(Part::Denies) {
        Formula::never()
    } else {
        Formula::unknown("deny assignments are not in the estate")
    };
    let one = |deny: &DenyAssignment| {
        if deny.audits_only || !deny.permissions.iter().any(|b| operation.allowed_by(b)) {
            return Formula::never();
        }
        let reached = if deny.only_this_scope {
            Formula::known(deny.scope == *at)
        } else {
            asked.memory.reached(at, &deny.scope, || reaches(azure, &deny.scope, at))
        };
        if reached.is_never() {
            return reached;
        }
        let everyone = deny.principals.iter().any(|p| &**p == DenyAssignment::EVERYONE);
        let named = if everyone { Formula::always() } else { among(asked, &deny.principals) };
        named.unless(among(asked, &deny.excluded)).and(reached).and(condition::holds(
            deny.condition.as_ref(),
            operation,
            at,
            asked,
        ))
    };
    let mut all = unknown;
    for deny in azure.denies.values() {
        let denied = one(deny);
        if let (Some(trace), false) = (trace.as_mut(), denied.is_never()) {
            let said = verb_if("denies", &denied);
            trace.step(lock, format!("deny assignment `{}` at {}", deny.name, deny.scope), said);
        }
        all = all.or(denied);
    }
    all
}

/// Whether the principal, or a group of his, is among some; without the groups anybody else there may be a group of his.
fn among(asked: &Asked<'_, '_>, principals: &[Arc<str>]) -> Formula {
    if principals.iter().any(|p| asked.identities.contains(p)) {
        Formula::always()
    } else if principals.is_empty() || asked.azure.knows(Part::Groups) {
        Formula::never()
    } else {
        Formula::unknown(
            "whether a deny assignment names a group of the principal is not in the estate",
        )
    }
}
