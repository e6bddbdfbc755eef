//! Who: a principal, and how far away from the owner of the data it stands.

use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Somebody who may be allowed something, written in the vocabulary of the command line: an AWS ARN
/// (`arn:aws:iam::<account>:root` for a whole account), an Azure object id, a GCP member, or one of the two words for
/// everyone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// Everyone, without identity.
    Public,
    /// Every identity of the provider, whatever its account, tenant or organisation.
    AnyAuthenticated,
    /// One principal by name.
    Named(Arc<str>),
}

impl Principal {
    /// A principal by its name; `public` and `any-authenticated` are themselves.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "public" => Self::Public,
            "any-authenticated" => Self::AnyAuthenticated,
            other => Self::Named(other.into()),
        }
    }

    /// The name as the contract writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Public => "public",
            Self::AnyAuthenticated => "any-authenticated",
            Self::Named(name) => name,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How far a principal stands from the owner of a resource. The order is from near to far; severity follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The same account, project or tenant.
    Internal,
    /// Another account, project or subscription of the same organisation.
    OtherAccount,
    /// Another organisation or tenant, or one that cannot be told.
    OtherOrganisation,
    /// Everyone, with or without identity.
    Public,
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Internal => "internal principal",
            Self::OtherAccount => "other account of the same organisation",
            Self::OtherOrganisation => "other organisation",
            Self::Public => "everyone",
        })
    }
}
