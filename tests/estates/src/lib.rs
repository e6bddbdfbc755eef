//! Estates of realistic shape and size, generated from a seed, for benchmarks and tests.
//!
//! ```
//! use keyfence_estates::{Size, aws};
//! let small = Size::default().scale(0.02);
//! let files = aws(&small, 7);
//! assert!(files.contains_key("aws/organization.json"));
//! assert_eq!(files, aws(&small, 7));
//! ```
//!
//! The files are those of an estate folder, by path, in the shapes that the vendors' own APIs and exports give. An estate
//! holds what it needs to be judged: the documents of managed policies and the definitions of built-in roles are in it.
//! One seed gives the same bytes on every machine; another version of this crate may give others.

mod aws;
mod azure;
mod draw;
mod gcp;
mod size;

pub use size::{AwsSize, AzureSize, GcpSize, Size};

use serde_json::Value;
use std::collections::BTreeMap;

/// The files of an estate folder: path, with `/` between the parts, and content.
pub type EstateFiles = BTreeMap<String, Vec<u8>>;

/// Accounts of one AWS organisation.
#[must_use]
pub fn aws(size: &Size, seed: u64) -> EstateFiles {
    aws::estate(&size.aws, seed)
}

/// Subscriptions of one Azure tenant.
#[must_use]
pub fn azure(size: &Size, seed: u64) -> EstateFiles {
    azure::estate(&size.azure, seed)
}

/// Projects of one Google Cloud organisation.
#[must_use]
pub fn gcp(size: &Size, seed: u64) -> EstateFiles {
    gcp::estate(&size.gcp, seed)
}

/// Teams of a company whose names begin those of subscriptions, projects and what is in them.
const TEAMS: [&str; 16] = [
    "payments",
    "ledger",
    "fraud",
    "risk",
    "lending",
    "claims",
    "pricing",
    "search",
    "orders",
    "identity",
    "support",
    "marketing",
    "analytics",
    "ml",
    "platform",
    "finance",
];

/// The bytes of a JSON file.
fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
