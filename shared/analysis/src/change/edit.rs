//! Edits: one slot of the estate gets a new value.
//!
//! Every edit can be applied to an estate, which gives back the edit that undoes it. That is what plans and proofs are
//! made of.

use crate::model::aws::{
    AccountId, Acl, Arn, Bucket, BucketEncryption, Document, Encryption, IamKind, IamPrincipal,
    Key, KeyState, KmsGrant, ManagedPolicy, Ownership, PublicAccessBlock,
};
use crate::model::azure::{ArmId, ArmResource, DenyAssignment, RoleAssignment, RoleDefinition};
use crate::model::gcp::{Asset, DenyPolicy, FullName, Policy, PolicyDelta};
use crate::model::json;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// One slot of the estate gets a new value.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// In AWS.
    Aws(AwsEdit),
    /// In Azure.
    Azure(AzureEdit),
    /// In Google Cloud.
    Gcp(GcpEdit),
}

/// A user, role or group by account and name: events do not carry the path that its ARN has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IamRef {
    /// The account.
    pub account: AccountId,
    /// User, role or group.
    pub kind: IamKind,
    /// The name.
    pub name: Arc<str>,
}

impl AzureEdit {
    /// The resource that the edit leaves, given what it was; `None` when it is no edit of one resource's body.
    #[must_use]
    pub fn resource_after(&self, was: &ArmResource) -> Option<ArmResource> {
        match self {
            Self::Resource { state, .. } => state.clone(),
            Self::Patch { body, .. } => {
                let mut next = (*was.body).clone();
                json::merge(&mut next, body);
                ArmResource::parse(&next)
            }
            Self::Assignment { .. }
            | Self::Definition { .. }
            | Self::Deny { .. }
            | Self::AccessPolicies { .. }
            | Self::Member { .. } => None,
        }
    }
}

impl IamRef {
    /// The ARN as far as it can be told without the path.
    #[must_use]
    pub fn arn_without_path(&self) -> Arn {
        let kind = match self.kind {
            IamKind::User => "user",
            IamKind::Role => "role",
            IamKind::Group => "group",
        };
        Arn::iam(&self.account, kind, &self.name)
    }
}

/// An edit in AWS. `None` in a slot that the estate may not know means *unknown*; it occurs in inverses only.
#[derive(Debug, Clone, PartialEq)]
pub enum AwsEdit {
    /// Something about a user, role or group.
    Principal(IamRef, PrincipalEdit),
    /// Something about a managed policy.
    Policy(Arn, PolicyEdit),
    /// Something about a bucket, by its name.
    Bucket(Arc<str>, BucketEdit),
    /// Something about a key.
    Key(Arn, KeyEdit),
    /// Block Public Access of an account.
    AccountBlock {
        /// Of which account.
        account: AccountId,
        /// The flags.
        block: Option<PublicAccessBlock>,
    },
    /// An alias points to a key, or is gone.
    Alias {
        /// The alias ARN.
        alias: Arn,
        /// The key id it points to.
        target: Option<Arc<str>>,
    },
    /// The content of a service or resource control policy.
    OrganizationPolicy {
        /// Its id.
        id: Arc<str>,
        /// The document; `None`: unknown.
        document: Option<Document>,
    },
    /// A service or resource control policy is attached or detached.
    OrganizationAttachment {
        /// The id of the policy.
        policy: Arc<str>,
        /// Root, unit or account.
        target: Arc<str>,
        /// Whether it is attached now.
        attached: bool,
    },
}

/// An edit of a user, role or group.
#[derive(Debug, Clone, PartialEq)]
pub enum PrincipalEdit {
    /// It appears, disappears (`None`) or is replaced whole.
    Whole(Option<Box<IamPrincipal>>),
    /// A managed policy is attached or detached.
    Attachment {
        /// The policy.
        policy: Arn,
        /// Whether it is attached now.
        attached: bool,
    },
    /// An inline policy is written or deleted.
    Inline {
        /// Its name.
        name: Arc<str>,
        /// The document; `None`: it is gone.
        document: Option<Document>,
    },
    /// A permissions boundary is set or removed.
    Boundary(Option<Arn>),
    /// The trust policy of a role is written.
    Trust(Option<Document>),
    /// A user joins or leaves a group.
    Membership {
        /// The name of the group.
        group: Arc<str>,
        /// Whether the user is a member now.
        member: bool,
    },
}

/// An edit of a managed policy.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyEdit {
    /// It appears, disappears (`None`) or is replaced whole.
    Whole(Option<Box<ManagedPolicy>>),
    /// A version is made or deleted, without coming into force.
    Version {
        /// The version.
        version: Arc<str>,
        /// Its document; `None`: it is gone.
        document: Option<Document>,
    },
    /// Another version is in force.
    DefaultVersion {
        /// The version.
        version: Arc<str>,
        /// Its document, when the edit brings it along.
        document: Option<Document>,
    },
}

/// An edit of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub enum BucketEdit {
    /// It appears, disappears (`None`) or is replaced whole, with its account.
    Whole(Option<Box<(AccountId, Bucket)>>),
    /// The bucket policy is written or deleted; inner `None`: there is none.
    Policy(Option<Option<Document>>),
    /// Block Public Access.
    Block(Option<PublicAccessBlock>),
    /// The default encryption is changed; what it was before stays possible for older objects.
    DefaultEncryption(Encryption),
    /// The default encryption and its history, as a whole.
    EncryptionState(Option<BucketEncryption>),
    /// The ACL.
    Acl(Option<Acl>),
    /// Object ownership.
    Ownership(Option<Ownership>),
}

/// An edit of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyEdit {
    /// It appears, disappears (`None`) or is replaced whole.
    Whole(Option<Box<Key>>),
    /// The key policy is written.
    Policy(Option<Document>),
    /// Enabled, disabled, pending deletion.
    State(Option<KeyState>),
    /// A grant is made, revoked or retired.
    Grant {
        /// Its id.
        id: Arc<str>,
        /// The grant; `None`: it is gone.
        grant: Option<Box<KmsGrant>>,
    },
    /// Automatic rotation, on or off.
    Rotation(Option<bool>),
}

/// What an update does with the access policies that it lists, per principal.
/// <https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/update-access-policy>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessPolicyUpdate {
    /// Their permissions come on top.
    Add,
    /// Their permissions are taken away.
    Remove,
}

/// An edit in Azure.
#[derive(Debug, Clone, PartialEq)]
pub enum AzureEdit {
    /// A role assignment is written or deleted.
    Assignment {
        /// Which.
        id: ArmId,
        /// Its state.
        state: Option<Box<RoleAssignment>>,
    },
    /// A role definition is written or deleted.
    Definition {
        /// Which.
        id: ArmId,
        /// Its state.
        state: Option<Box<RoleDefinition>>,
    },
    /// A deny assignment is written or deleted.
    Deny {
        /// Which.
        id: ArmId,
        /// Its state.
        state: Option<Box<DenyAssignment>>,
    },
    /// A resource is written whole or deleted.
    Resource {
        /// Which.
        id: ArmId,
        /// Its state.
        state: Option<ArmResource>,
    },
    /// Some members of a resource's body are written.
    Patch {
        /// Which.
        id: ArmId,
        /// The members.
        body: Value,
    },
    /// Access policies of a vault are added or removed.
    AccessPolicies {
        /// Which vault.
        vault: ArmId,
        /// What is done with them.
        how: AccessPolicyUpdate,
        /// The policies as the request carries them.
        policies: Vec<Value>,
    },
    /// A principal joins or leaves a group.
    Member {
        /// The group's object id, in lower case.
        group: Arc<str>,
        /// The member's object id, in lower case.
        member: Arc<str>,
        /// Whether it is a member now.
        present: bool,
    },
}

/// An edit in Google Cloud.
#[derive(Debug, Clone, PartialEq)]
pub enum GcpEdit {
    /// The allow policy of a resource as a whole; `None`: unknown.
    Policy {
        /// Of which resource.
        resource: FullName,
        /// The policy.
        policy: Option<Policy>,
    },
    /// Bindings are added to or removed from the allow policy of a resource.
    Delta {
        /// Of which resource.
        resource: FullName,
        /// What was added and removed.
        delta: PolicyDelta,
    },
    /// A resource appears, disappears or is replaced whole.
    Asset {
        /// Which.
        name: FullName,
        /// Its state.
        state: Option<Asset>,
    },
    /// Some members of a resource's data are written.
    Data {
        /// Which.
        name: FullName,
        /// The members.
        patch: Value,
    },
    /// The permissions of a role; `None`: it is gone.
    Role {
        /// Which.
        role: Arc<str>,
        /// The permissions.
        permissions: Option<BTreeSet<Arc<str>>>,
    },
    /// Permissions are added to or taken from a role.
    RoleDelta {
        /// Which.
        role: Arc<str>,
        /// Added permissions.
        added: BTreeSet<Arc<str>>,
        /// Removed permissions.
        removed: BTreeSet<Arc<str>>,
    },
    /// The constraints of a resource as a whole; `None`: changed, unknown how.
    OrgPolicies {
        /// Of which resource.
        resource: FullName,
        /// The constraints.
        constraints: Option<Vec<Value>>,
    },
    /// A deny policy is written or deleted.
    Deny {
        /// Its name (`policies/…/denypolicies/…`).
        name: Arc<str>,
        /// Its state.
        policy: Option<DenyPolicy>,
    },
    /// A member joins or leaves a group.
    Member {
        /// E-mail address of the group.
        group: Arc<str>,
        /// The member, as IAM writes it.
        member: Arc<str>,
        /// Whether it is a member now.
        present: bool,
    },
}

/// Which part of the estate an event without content has touched.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// An AWS bucket.
    Bucket(Arc<str>),
    /// An AWS key.
    Key(Arn),
    /// An AWS user, role or group.
    Iam(IamRef),
    /// An AWS managed policy.
    ManagedPolicy(Arn),
    /// An Azure resource, role assignment, role definition or deny assignment.
    Arm(ArmId),
    /// A GCP resource and its policy.
    Asset(FullName),
    /// A GCP role.
    Role(Arc<str>),
    /// The constraints of a GCP resource.
    OrgPolicies(FullName),
    /// A GCP deny policy.
    DenyPolicy(Arc<str>),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name) => write!(f, "{}", Arn::bucket(name)),
            Self::Key(arn) | Self::ManagedPolicy(arn) => write!(f, "{arn}"),
            Self::Iam(who) => write!(f, "{}", who.arn_without_path()),
            Self::Arm(id) => write!(f, "{id}"),
            Self::Asset(name) => write!(f, "{name}"),
            Self::Role(name) | Self::DenyPolicy(name) => f.write_str(name),
            Self::OrgPolicies(resource) => write!(f, "the constraints of {resource}"),
        }
    }
}
