//! The words that every other module shares: clouds, principals, resources, access, verdicts, and each cloud's own
//! policy language as typed values.

pub mod aws;
pub mod azure;
mod formula;
pub mod gcp;
pub mod json;
mod pattern;
mod principal;
mod resource;
mod time;

pub use formula::{Atom, Formula, Verdict};
pub use pattern::{Overlap, Pattern};
pub use principal::{Principal, Reach};
pub use resource::{Resource, ResourceKind};
pub use time::{ParseTimeError, Timestamp};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The three clouds that keyfence knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
        })
    }
}

/// What a principal may do with a store or a key. What each means in a cloud's own actions is told in
/// [`crate::access`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read the content of stored objects.
    Read,
    /// Create or overwrite objects.
    Write,
    /// Delete objects.
    Delete,
    /// Change who has access to the storage.
    Administer,
    /// Use the key directly.
    Decrypt,
    /// Change who has access to the key, or its life.
    KeyAdminister,
}

impl Access {
    /// The kinds of access that a store can give.
    pub const STORE: [Self; 4] = [Self::Read, Self::Write, Self::Delete, Self::Administer];
    /// The kinds of access that a key can give.
    pub const KEY: [Self; 2] = [Self::Decrypt, Self::KeyAdminister];

    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::Delete,
        Self::Administer,
        Self::Decrypt,
        Self::KeyAdminister,
    ];

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.word() == word)
    }

    /// The word of the command line and of the JSON contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Administer => "administer",
            Self::Decrypt => "decrypt",
            Self::KeyAdminister => "key-administer",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How bad a finding is. The order is the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a line in the record.
    Low,
    /// Somebody should look.
    Medium,
    /// Somebody should look today.
    High,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// One step worse; critical stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }

    /// One step milder; low stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Low | Self::Medium => Self::Low,
            Self::High => Self::Medium,
            Self::Critical => Self::High,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}
