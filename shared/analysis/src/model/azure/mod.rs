//! Azure's own words: ARM resource ids, role assignments and definitions, deny assignments, and resources as Resource
//! Graph lists them.

mod condition;
mod id;
mod resource;
mod role;

pub use condition::{Attribute, Comparison, Condition, Expression, Order, Right, Source, Test};
pub use id::ArmId;
pub use resource::{
    AccessPolicy, ArmKind, ArmResource, Container, EncryptionScope, KeyReference, KeySource,
    StorageAccount, Vault, VaultMode,
};
pub use role::{DenyAssignment, Permission, RoleAssignment, RoleDefinition};
