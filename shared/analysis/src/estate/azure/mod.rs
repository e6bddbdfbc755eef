//! The Azure part of the estate: all tenants in one, since every id names its subscription.

mod edit;
mod index;
mod load;
mod roles;

pub use edit::target_of;
pub use roles::shipped_role;

use crate::model::azure::{
    ArmId, ArmKind, ArmResource, DenyAssignment, KeyReference, RoleAssignment, RoleDefinition,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All tenants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Azure {
    /// Which of the files were loaded: what is not here is unknown.
    pub known: BTreeSet<Part>,
    /// Tenant ids, in lower case.
    pub tenants: BTreeSet<Arc<str>>,
    /// Resources by id.
    pub resources: BTreeMap<ArmId, ArmResource>,
    /// Role assignments by id.
    pub assignments: BTreeMap<ArmId, RoleAssignment>,
    /// Role definitions by the last segment of their id, in lower case.
    pub definitions: BTreeMap<Arc<str>, RoleDefinition>,
    /// Deny assignments by id.
    pub denies: BTreeMap<ArmId, DenyAssignment>,
    /// Direct members by group, object ids in lower case.
    pub groups: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Parent management group by management group or subscription.
    pub parents: BTreeMap<ArmId, ArmId>,
    /// Reverse indexes; [`Azure::reindex`] builds them after loading, edits keep them current.
    index: index::Index,
}

/// The files of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `resources.json`
    Resources,
    /// `role-assignments.json`
    Assignments,
    /// `role-definitions.json`
    Definitions,
    /// `deny-assignments.json`
    Denies,
    /// `groups.json`
    Groups,
    /// `management-groups.json`
    ManagementGroups,
}

impl Part {
    /// The name of the file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Resources => "resources.json",
            Self::Assignments => "role-assignments.json",
            Self::Definitions => "role-definitions.json",
            Self::Denies => "deny-assignments.json",
            Self::Groups => "groups.json",
            Self::ManagementGroups => "management-groups.json",
        }
    }
}

impl Azure {
    /// Whether a part was loaded.
    #[must_use]
    pub fn knows(&self, part: Part) -> bool {
        self.known.contains(&part)
    }

    /// Whether a scope is the resource itself or stands above it, by path or through management groups.
    #[must_use]
    pub fn scope_contains(&self, scope: &ArmId, resource: &ArmId) -> bool {
        scope.contains(resource)
            || self.is_root_group(scope)
            || self.management_groups(resource).any(|group| *scope == group)
    }

    /// Whether a scope is the root management group of a tenant: its id is the tenant's, and all subscriptions fold up to it.
    /// <https://learn.microsoft.com/azure/governance/management-groups/overview>
    #[must_use]
    pub fn is_root_group(&self, scope: &ArmId) -> bool {
        scope
            .folded()
            .strip_prefix("/providers/microsoft.management/managementgroups/")
            .is_some_and(|group| self.tenants.contains(group))
    }

    /// The scope right above a resource: its resource group, subscription, management group; `/` at last.
    #[must_use]
    pub fn above(&self, scope: &ArmId) -> ArmId {
        let by_group = || self.parents.get(scope).cloned().unwrap_or_else(|| ArmId::new("/"));
        let folded = scope.folded();
        let before = |marker: &str| {
            folded.find(marker).and_then(|i| scope.as_str().get(..i)).map(ArmId::new)
        };
        if let Some(account) = scope.ancestor("storageAccounts").filter(|a| a != scope) {
            return account;
        }
        match (before("/providers/"), before("/resourcegroups/")) {
            (Some(group), _) if group.folded().contains("/resourcegroups/") => group,
            (None, Some(subscription)) => subscription,
            (Some(subscription), _) if subscription.subscription().is_some() => subscription,
            (_, _) => by_group(),
        }
    }

    /// The management groups above a resource, from near to far.
    fn management_groups(&self, resource: &ArmId) -> impl Iterator<Item = ArmId> {
        let mut current =
            resource.subscription().map(|s| ArmId::new(&format!("/subscriptions/{s}")));
        let mut left = 32;
        std::iter::from_fn(move || {
            let next = self.parents.get(current.as_ref()?)?.clone();
            left -= 1;
            current = (left > 0).then(|| next.clone());
            Some(next)
        })
    }

    /// The principal and all groups that it is in, transitively.
    #[must_use]
    pub fn identities_of(&self, principal: &str) -> BTreeSet<Arc<str>> {
        let mut found: BTreeSet<Arc<str>> = BTreeSet::from([Arc::from(principal)]);
        let mut todo: Vec<Arc<str>> = vec![principal.into()];
        while let Some(member) = todo.pop() {
            for group in self.direct_groups(&member) {
                if found.insert(group.clone()) {
                    todo.push(group.clone());
                }
            }
        }
        found
    }

    /// A group with all its members, transitively; anybody else is alone.
    #[must_use]
    pub fn members_of(&self, principal: &str) -> BTreeSet<Arc<str>> {
        let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut todo: Vec<Arc<str>> = vec![principal.into()];
        while let Some(one) = todo.pop() {
            if found.insert(one.clone()) {
                todo.extend(self.groups.get(&one).into_iter().flatten().cloned());
            }
        }
        found
    }

    /// The definition of a role: from the estate, else one that keyfence ships.
    #[must_use]
    pub fn definition(&self, role: &ArmId) -> Option<&RoleDefinition> {
        let name = role.name().to_lowercase();
        self.definitions.get(name.as_str()).or_else(|| shipped_role(&name))
    }

    /// The key resource that a reference means.
    #[must_use]
    pub fn find_key(&self, key: &KeyReference) -> Option<&ArmResource> {
        let vault = self.vault_at(&key.vault_host)?;
        self.resources.get(&ArmId::new(&format!("{}/keys/{}", vault.id, key.key_name)))
    }

    /// The vault that a key stands in.
    #[must_use]
    pub fn vault_of(&self, key: &ArmId) -> Option<&ArmResource> {
        self.resources.get(&key.ancestor("vaults")?)
    }

    /// Containers of a storage account.
    pub fn containers_of<'a>(
        &'a self,
        account: &'a ArmId,
    ) -> impl Iterator<Item = &'a ArmResource> {
        self.of_kind(ArmKind::Container).filter(|c| account.contains(&c.id))
    }
}
