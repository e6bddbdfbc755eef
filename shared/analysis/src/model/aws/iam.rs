//! IAM entities in the shape of `aws iam get-account-authorization-details`.

use super::{Arn, Document};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What kind of IAM entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IamKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group: holds policies for its members and is nobody itself.
    Group,
}

/// A user, role or group with what is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamPrincipal {
    /// Its ARN, path included.
    pub arn: Arn,
    /// User, role or group.
    pub kind: IamKind,
    /// Its unique id (`AROA…`, `AIDA…`, `AGPA…`), when known.
    pub unique_id: Option<Arc<str>>,
    /// Inline policies by name.
    pub inline: BTreeMap<Arc<str>, Document>,
    /// ARNs of attached managed policies.
    pub attached: BTreeSet<Arn>,
    /// ARN of the permissions boundary.
    pub boundary: Option<Arn>,
    /// The trust policy, of a role.
    pub trust: Option<Document>,
    /// Names of the groups that a user is in.
    pub groups: BTreeSet<Arc<str>>,
    /// Tags.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// Whether this is all there is; false for one that an event named and no file holds.
    pub complete: bool,
}

impl IamPrincipal {
    /// An entity that holds nothing yet, as right after its creation.
    #[must_use]
    pub const fn new(arn: Arn, kind: IamKind) -> Self {
        Self {
            arn,
            kind,
            unique_id: None,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            trust: None,
            groups: BTreeSet::new(),
            tags: BTreeMap::new(),
            complete: true,
        }
    }

    /// The name without type and path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.name()
    }
}

/// A managed policy with its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Arn,
    /// The version that is in force.
    pub default_version: Arc<str>,
    /// Documents by version id.
    pub versions: BTreeMap<Arc<str>, Document>,
}

impl ManagedPolicy {
    /// The document in force; `None` when the estate lacks that version.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.versions.get(&self.default_version)
    }
}
