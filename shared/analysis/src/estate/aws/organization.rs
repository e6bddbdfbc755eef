//! The organisation: accounts, units, service and resource control policies with their attachments.

use crate::model::aws::{AccountId, Document, PublicAccessBlock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An AWS organisation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Organization {
    /// Its id (`o-…`).
    pub id: Arc<str>,
    /// The management account: service control policies do not bind it.
    pub management: Option<AccountId>,
    /// Parent (root or unit) by unit or account id.
    pub parents: BTreeMap<Arc<str>, Arc<str>>,
    /// Member accounts, the management account included.
    pub accounts: BTreeSet<AccountId>,
    /// Whether the policies are known.
    pub policies_known: bool,
    /// Policies by id.
    pub policies: BTreeMap<Arc<str>, OrganizationPolicy>,
}

/// A service or resource control policy.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationPolicy {
    /// Whether it limits principals or resources.
    pub kind: OrganizationPolicyKind,
    /// Its display name.
    pub name: Arc<str>,
    /// Its document; `None`: not known.
    pub document: Option<Document>,
    /// For an S3 policy: the settings of Block Public Access; `None`: not known.
    pub block: Option<PublicAccessBlock>,
    /// Roots, units and accounts that it is attached to.
    pub targets: BTreeSet<Arc<str>>,
}

/// Which side a policy of the organisation limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrganizationPolicyKind {
    /// Service control policy: the principals of member accounts.
    Service,
    /// Resource control policy: the resources of member accounts.
    Resource,
    /// S3 policy: Block Public Access for the accounts below.
    Storage,
    /// Any other type: says nothing about access.
    Other,
}

impl Organization {
    /// Whether an account belongs to it.
    #[must_use]
    pub fn contains(&self, account: &AccountId) -> bool {
        self.accounts.contains(account)
    }

    /// From the account up to the root: every level whose policies must all allow.
    #[must_use]
    pub fn path(&self, account: &AccountId) -> Vec<Arc<str>> {
        let mut path: Vec<Arc<str>> = vec![account.as_str().into()];
        while let Some(parent) = path.last().and_then(|last| self.parents.get(last)) {
            // A damaged file may hold a circle.
            if path.contains(parent) {
                break;
            }
            path.push(parent.clone());
        }
        path
    }

    /// `o-1/r-1/ou-1/` as in aws:PrincipalOrgPaths.
    #[must_use]
    pub fn path_text(&self, account: &AccountId) -> String {
        let mut levels = self.path(account);
        levels.reverse();
        let units = levels
            .iter()
            .take(levels.len().saturating_sub(1))
            .fold(String::new(), |all, level| format!("{all}{level}/"));
        format!("{}/{units}", self.id)
    }

    /// What S3 policies set for an account: the nearest level that says something decides. `None`: not known.
    #[must_use]
    pub fn public_access_block(&self, account: &AccountId) -> Option<PublicAccessBlock> {
        if !self.contains(account) {
            return Some(PublicAccessBlock::default());
        }
        for level in self.path(account) {
            if let Some((_, policy)) = self.attached(OrganizationPolicyKind::Storage, &level).next()
            {
                return policy.block;
            }
        }
        Some(PublicAccessBlock::default())
    }

    /// The policies of one kind that are attached to one level.
    pub fn attached(
        &self,
        kind: OrganizationPolicyKind,
        level: &str,
    ) -> impl Iterator<Item = (&Arc<str>, &OrganizationPolicy)> {
        self.policies.iter().filter(move |(_, p)| p.kind == kind && p.targets.contains(level))
    }
}
