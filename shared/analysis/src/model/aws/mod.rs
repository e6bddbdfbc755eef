//! AWS's own words: ARNs, policy documents, principals, buckets and keys in the shapes of the IAM, S3 and KMS APIs.

mod action;
mod arn;
mod iam;
mod operator;
mod policy;
mod storage;

pub use action::{Action, Known};
pub use arn::{AccountId, Arn, ArnError};
pub use iam::{IamKind, IamPrincipal, ManagedPolicy};
pub use operator::{Comparison, Operator, Order, Set};
pub use policy::{
    ActionMatch, Clause, Document, Effect, PolicyError, PrincipalMatch, PrincipalPattern,
    ResourceMatch, Statement,
};
pub use storage::{
    AccessPoint, Acl, AclGrant, AclGrantee, Bucket, BucketEncryption, Constraint, Encryption, Key,
    KeyState, KmsGrant, Ownership, PublicAccessBlock, partition,
};
