//! Management locks: ReadOnly stops the writes and the POSTs of the control plane.
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources>

use super::Asked;
use super::role::{Operation, allowed};
use crate::access::{Lock, Trace};
use crate::estate::azure::Azure;
use crate::model::Formula;
use crate::model::azure::{ArmId, ArmKind};
use std::sync::Arc;

/// The ReadOnly locks on a resource or above it, each with the scope it stands on.
pub(super) fn read_only(asked: &Asked<'_, '_>, on: &ArmId) -> Arc<[(ArmId, ArmId)]> {
    asked.memory.locks(on, || read_only_on(asked.azure, on))
}

fn read_only_on(azure: &Azure, on: &ArmId) -> Vec<(ArmId, ArmId)> {
    let locks = azure
        .of_kind(ArmKind::Lock)
        .filter(|lock| lock.lock_level().is_some_and(|l| l.eq_ignore_ascii_case("readonly")));
    locks
        .filter_map(|lock| Some((lock.id.clone(), lock.id.scope_of_extension()?)))
        .filter(|(_, scope)| azure.scope_contains(scope, on))
        .collect()
}

/// What locks leave of a write on the control plane: all of it for who may delete them.
pub(super) fn passes(asked: &Asked<'_, '_>, on: &ArmId, trace: &mut Trace<'_>) -> Formula {
    let deletes = |(lock, _): &(ArmId, ArmId)| {
        let operation = Operation::Action("microsoft.authorization/locks/delete");
        allowed(asked, operation, lock, Lock::Storage, trace)
    };
    Formula::all(read_only(asked, on).iter().map(deletes).collect::<Vec<_>>())
}

/// Power to assign roles at a resource: there, where no lock stops it, or at a scope above every lock.
pub(super) fn assigns_roles(
    asked: &Asked<'_, '_>,
    on: &ArmId,
    lock: Lock,
    trace: &mut Trace<'_>,
) -> Formula {
    let azure = asked.azure;
    let operation = Operation::Action("microsoft.authorization/roleassignments/write");
    let here = allowed(asked, operation, on, lock, trace);
    if here.is_never() {
        return here;
    }
    let locks = read_only(asked, on);
    if locks.is_empty() {
        return here;
    }
    let highest = locks.iter().map(|(_, scope)| scope).min_by_key(|scope| scope.depth());
    let above = highest.map_or_else(Formula::never, |scope| {
        allowed(asked, operation, &azure.above(scope), lock, trace)
    });
    above.or(here.and(passes(asked, on, trace)))
}
