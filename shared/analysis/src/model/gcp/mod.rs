//! Google Cloud's own words: full resource names, members, bindings, policies.

mod name;
mod policy;
mod resource;

pub use name::FullName;
pub use policy::{Binding, Condition, DenyPolicy, DenyRule, Policy, PolicyDelta};
pub use resource::{Asset, AssetKind, Bucket, KeyVersionState};
