//! What can go wrong with a trail.

use crate::record::Malformed;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Try again later: the store did not answer as it should.
    Retry,
    /// This will not work, whatever one tries; others may.
    GiveUp,
    /// Stop everything: the trail is not what it should be.
    Stop,
}

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed, and it is not known whether what was asked was done.
    #[error("`{place}` could not be written or read")]
    Store {
        /// The object.
        place: String,
        /// What the store said.
        #[source]
        source: object_store::Error,
    },
    /// The store refuses.
    #[error("the store refuses access to `{place}`")]
    Refused {
        /// The object.
        place: String,
        /// What the store said.
        #[source]
        source: object_store::Error,
    },
    /// An object that is created once has another content than the one that belongs there.
    #[error("`{place}` has another content than the one that belongs there")]
    Taken {
        /// The object.
        place: String,
    },
    /// An object that should be there is not.
    #[error("`{place}` is not there")]
    Missing {
        /// The object.
        place: String,
    },
    /// An object cannot be read as what it should be.
    #[error("`{place}`: {problem}")]
    Damaged {
        /// The object.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What was to be recorded cannot be a record.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The key cannot sign.
    #[error("key: {0}")]
    Key(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Store { .. } => Class::Retry,
            Self::Refused { .. } | Self::Malformed(_) | Self::Key(_) | Self::Random(_) => {
                Class::GiveUp
            }
            Self::Taken { .. } | Self::Missing { .. } | Self::Damaged { .. } => Class::Stop,
        }
    }

    pub(crate) fn damaged(place: impl ToString, problem: impl ToString) -> Self {
        Self::Damaged { place: place.to_string(), problem: problem.to_string() }
    }
}
