//! Reverse indexes of the Azure part: whose assignments, which groups somebody is in, resources by kind. They follow from
//! the state and are kept current with each edit.

use super::Azure;
use crate::estate::sets::{Sets, put};
use crate::model::azure::{ArmId, ArmKind, ArmResource, RoleAssignment};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Index {
    assigned: Sets<Arc<str>, ArmId>,
    groups_of: Sets<Arc<str>, Arc<str>>,
    kinds: Sets<ArmKind, ArmId>,
    vaults: Sets<Arc<str>, ArmId>,
    foreign: BTreeSet<ArmId>,
}

impl Index {
    pub(super) fn assignment(&mut self, assignment: &RoleAssignment, there: bool) {
        put(&mut self.assigned, assignment.principal.clone(), assignment.id.clone(), there);
        let kind = assignment.principal_type.as_deref();
        if kind.is_some_and(|k| k.eq_ignore_ascii_case("ForeignGroup")) {
            if there {
                self.foreign.insert(assignment.id.clone());
            } else {
                self.foreign.remove(&assignment.id);
            }
        }
    }

    pub(super) fn member(&mut self, group: &Arc<str>, member: &Arc<str>, there: bool) {
        put(&mut self.groups_of, member.clone(), group.clone(), there);
    }

    pub(super) fn resource(&mut self, resource: &ArmResource, there: bool) {
        put(&mut self.kinds, resource.kind(), resource.id.clone(), there);
        if resource.kind() == ArmKind::Vault {
            put(&mut self.vaults, resource.vault().host, resource.id.clone(), there);
        }
    }
}

impl Azure {
    /// Builds the indexes from the state.
    pub fn reindex(&mut self) {
        let mut index = Index::default();
        self.assignments.values().for_each(|a| index.assignment(a, true));
        self.resources.values().for_each(|r| index.resource(r, true));
        for (group, members) in &self.groups {
            members.iter().for_each(|member| index.member(group, member, true));
        }
        self.index = index;
    }

    /// Whether the indexes are those of the state: a law that tests hold.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        let mut fresh = self.clone();
        fresh.reindex();
        fresh.index == self.index
    }

    /// The role assignments of one principal, its groups left out.
    pub fn assignments_of(&self, principal: &str) -> impl Iterator<Item = &RoleAssignment> {
        let ids = self.index.assigned.get(principal).into_iter().flatten();
        ids.filter_map(|id| self.assignments.get(id))
    }

    /// Assignments to groups of other directories.
    pub fn foreign_assignments(&self) -> impl Iterator<Item = &RoleAssignment> {
        self.index.foreign.iter().filter_map(|id| self.assignments.get(id))
    }

    /// The groups that somebody is a direct member of.
    pub(super) fn direct_groups(&self, member: &str) -> impl Iterator<Item = &Arc<str>> {
        self.index.groups_of.get(member).into_iter().flatten()
    }

    /// Resources of one kind.
    pub fn of_kind(&self, kind: ArmKind) -> impl Iterator<Item = &ArmResource> {
        let ids = self.index.kinds.get(&kind).into_iter().flatten();
        ids.filter_map(|id| self.resources.get(id))
    }

    /// The vault with this host name.
    #[must_use]
    pub fn vault_at(&self, host: &str) -> Option<&ArmResource> {
        self.index.vaults.get(host)?.iter().find_map(|id| self.resources.get(id))
    }
}
