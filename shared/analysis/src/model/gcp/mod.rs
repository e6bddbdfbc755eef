//! Google Cloud's own words: full resource names, members, bindings, policies.

mod constraint;
mod expression;
mod name;
mod policy;
mod resource;

pub use constraint::{Enforced, denies, enforced};
pub use expression::Cel;
pub(crate) use expression::written;
pub use name::FullName;
pub use policy::{Binding, Boundary, Condition, DenyPolicy, DenyRule, Policy, PolicyDelta};
pub use resource::{Asset, AssetKind, Bucket, KeyVersionState, Tag};
