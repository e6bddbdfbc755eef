//! What questions of one context share, worked out once: who somebody is, what reaches where, which keys open.

use crate::access::kept::{Kept, KeptFor};
use crate::model::Formula;
use crate::model::azure::{ArmId, RoleAssignment};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Answers that do not depend on who asks, or on what he asks about. They hold for one context of requests.
#[derive(Default)]
pub(in crate::access) struct Memory<'m> {
    identities: Kept<Arc<str>, Arc<BTreeSet<Arc<str>>>>,
    assigned: KeptFor<ArmId, Arc<str>, Arc<[Reaching<'m>]>>,
    opens: Kept<(ArmId, Option<ArmId>), Formula>,
    locks: Kept<ArmId, Arc<[(ArmId, ArmId)]>>,
    reached: KeptFor<ArmId, ArmId, Formula>,
}

/// An assignment that reaches a resource.
#[derive(Clone)]
pub(super) struct Reaching<'m> {
    pub(super) assignment: &'m RoleAssignment,
    /// How far it reaches.
    pub(super) how: Formula,
}

impl<'m> Memory<'m> {
    /// A principal and all groups that it is in.
    pub(super) fn identities(
        &self,
        id: &Arc<str>,
        find: impl FnOnce() -> BTreeSet<Arc<str>>,
    ) -> Arc<BTreeSet<Arc<str>>> {
        self.identities.of(id, || Arc::new(find()))
    }

    /// Whether the key of an account, or of a container's scope, opens for the service.
    pub(super) fn opens(
        &self,
        account: &ArmId,
        container: Option<&ArmId>,
        find: impl FnOnce() -> Formula,
    ) -> Formula {
        self.opens.of(&(account.clone(), container.cloned()), find)
    }

    /// The ReadOnly locks on a resource or above it, each with the scope it stands on.
    pub(super) fn locks(
        &self,
        on: &ArmId,
        find: impl FnOnce() -> Vec<(ArmId, ArmId)>,
    ) -> Arc<[(ArmId, ArmId)]> {
        self.locks.of(on, || find().into())
    }

    /// The assignments of a principal that reach a resource; kept for a few resources at a time.
    pub(super) fn assigned(
        &self,
        at: &ArmId,
        to: &Arc<str>,
        find: impl FnOnce() -> Vec<Reaching<'m>>,
    ) -> Arc<[Reaching<'m>]> {
        self.assigned.of(at, to, || find().into())
    }

    /// Whether what is assigned at a scope reaches a resource; kept for a few resources at a time.
    pub(super) fn reached(
        &self,
        at: &ArmId,
        scope: &ArmId,
        find: impl FnOnce() -> Formula,
    ) -> Formula {
        self.reached.of(at, scope, find)
    }
}
