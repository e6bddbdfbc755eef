//! From an event to the change that it tells of: which resource, which edit, and what the event *claims* about the new
//! state.
//!
//! [`recognise`] matches an event against the catalogue ([`Kind`]) or says why it is no change ([`Dropped`]). The claim is
//! kept as typed [`Edit`]s; it is never taken for the live state. Relative edits (a policy delta, a patch) become
//! absolute when the estate applies them.

mod aws;
mod azure;
mod edit;
mod gcp;
mod kind;
mod names;

pub use edit::{
    AccessPolicyUpdate, AwsEdit, AzureEdit, BucketEdit, Edit, GcpEdit, IamRef, KeyEdit, PolicyEdit,
    PrincipalEdit, Target,
};
pub use kind::{Answer, Kind, Nature};

use crate::event::{Call, Event, Outcome};
use serde::{Serialize, Serializer};
use std::fmt;

/// A change that keyfence knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its row in the catalogue.
    pub kind: Kind,
    /// The changed resource, as the event names it in the vocabulary of the estate; empty when the event does not say.
    pub resource: String,
    /// What the event says about the new state.
    pub claim: Claim,
    /// Why the claim is not to be trusted at all, when that is so (padding, a split entry, an unreadable document).
    pub doubt: Option<String>,
}

/// What an event says about the new state.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The event carries the edits.
    Edits(Vec<Edit>),
    /// The event says which resource was written, not what stands there now.
    Touched(Target),
    /// The change is of a kind that the estate does not hold.
    Outside,
}

/// Why an event is not a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// The call was refused or failed.
    Failed(String),
    /// The call only reads.
    ReadOnly,
    /// The call has nothing to do with storage, identity or keys.
    Unrelated,
    /// The call has begun; its end is not known yet.
    StartOnly,
    /// keyfence made the change itself.
    Own,
    /// The change was seen already.
    Duplicate,
    /// What was logged cannot be read.
    Malformed(String),
}

impl Dropped {
    /// The words by which the summary counts.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed call",
            Self::ReadOnly => "read-only",
            Self::Unrelated => "unrelated",
            Self::StartOnly => "start-only record",
            Self::Own => "own change",
            Self::Duplicate => "duplicate",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(detail) | Self::Malformed(detail) => {
                write!(f, "{}: {detail}", self.reason())
            }
            Self::ReadOnly | Self::Unrelated | Self::StartOnly | Self::Own | Self::Duplicate => {
                f.write_str(self.reason())
            }
        }
    }
}

impl Serialize for Dropped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The change that an event tells of.
///
/// The order of the checks is part of the contract: a failed call is reported as failed whatever it was, so that nobody
/// has to wonder whether it was looked at.
///
/// # Errors
/// The reason why the event is no change.
pub fn recognise(event: &Event) -> Result<Change, Dropped> {
    match &event.outcome {
        Outcome::Failed(code) => return Err(Dropped::Failed(code.clone())),
        Outcome::NoCall => return Err(Dropped::Unrelated),
        Outcome::Succeeded | Outcome::Started => {}
    }
    let change = match &event.call {
        Call::Aws(call) => aws::recognise(call),
        Call::Azure(call) => azure::recognise(call, &event.actor),
        Call::Gcp(call) => gcp::recognise(call),
    }?;
    match event.outcome {
        Outcome::Started => Err(Dropped::StartOnly),
        Outcome::Succeeded | Outcome::Failed(_) | Outcome::NoCall => Ok(change),
    }
}

/// Whether the event is of a kind that keyfence watches wherever it happens, however the call ended. Kinds that matter
/// only on keyfence's own resources do not count.
#[must_use]
pub fn is_watched(event: &Event) -> bool {
    let change = match &event.call {
        Call::Aws(call) => aws::recognise(call),
        Call::Azure(call) => azure::recognise(call, &event.actor),
        Call::Gcp(call) => gcp::recognise(call),
    };
    change.is_ok_and(|c| c.kind.nature() != Nature::OwnOnly)
}
