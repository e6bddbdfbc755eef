//! Trails for tests: stores that fail, lie and die, and trails as maps of objects that can be tampered with.

mod conformance;
mod objects;
mod store;

pub use conformance::conforms;
pub use objects::{Objects, of, trail_on};
pub use store::{Fault, Faults, Plan};
