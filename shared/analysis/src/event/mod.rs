//! From bytes to events: what a cloud logged, whatever the envelope it came in.
//!
//! The way: [`Splitter`] cuts a stream of bytes into JSON values without holding the whole of it; [`unwrap`] opens the
//! envelopes (EventBridge, SQS, Event Hub, Event Grid, Pub/Sub, CloudEvents, custom handler, …) down to single records;
//! [`decode`] reads a record into an [`Event`].
//!
//! Event content is hostile and often damaged: a field of another type than documented counts as absent, nothing
//! panics, and what is no event says so.
//!
//! The hard rule that readers get wrong: an event is a *trigger*. Nothing in it is the state of a resource; what it says
//! about the state is a claim, kept apart in [`crate::change`].

pub mod aws;
pub mod azure;
mod envelope;
pub mod gcp;
mod split;

pub use envelope::{LogObject, Unwrapped, unwrap, unwrap_http};
pub use split::{Piece, Position, SplitError, Splitter};

use crate::model::{Cloud, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// One logged call.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The cloud that logged it.
    pub cloud: Cloud,
    /// What identifies the change: two deliveries of one change have the same identity.
    pub identity: Identity,
    /// The name of the call as the cloud writes it.
    pub name: String,
    /// When; `None` when the event does not say or says nonsense.
    pub time: Option<Timestamp>,
    /// By whom.
    pub actor: Actor,
    /// How it ended.
    pub outcome: Outcome,
    /// The call itself.
    pub call: Call,
}

/// The call in its cloud's own terms.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A CloudTrail record.
    Aws(aws::Call),
    /// An Azure Activity Log record, or an Entra or Key Vault log record.
    Azure(azure::Call),
    /// A Google Cloud audit log entry.
    Gcp(gcp::Call),
}

/// What identifies a change across deliveries and feeds.
///
/// Ids alone do not: recorded archives hold different calls under one id. So the id goes with what was called, and with
/// a fingerprint of the content where the feed carries content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The id that people see.
    pub id: String,
    /// What was called on what.
    pub subject: String,
    /// Fingerprint of the content; `None` where this feed carries none (Event Grid).
    pub content: Option<u64>,
    /// When it happened: callers choose their correlation ids, so that one id alone proves nothing about a later change.
    pub time: Option<Timestamp>,
}

/// Who made a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Actor {
    /// The principal, in the vocabulary of the estate where that can be told (role ARN rather than session ARN, object
    /// id, member); `None` when the event names nobody.
    pub principal: Option<String>,
    /// How people know it (user name, UPN, e-mail).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address the call came from, as logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The service that called on the principal's behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.principal, &self.name) {
            // The name is often the end of the principal: `user:dana@example.com`.
            (Some(p), Some(n)) if !p.ends_with(n.as_str()) => write!(f, "{p} ({n})"),
            (Some(p), _) => f.write_str(p),
            (None, Some(n)) => f.write_str(n),
            (None, None) => f.write_str("somebody the event does not name"),
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Succeeded,
    /// It was refused or failed, with the cloud's code.
    Failed(String),
    /// It has begun; a later record tells the end.
    Started,
    /// The record is no call at all (a health notice, a recommendation).
    NoCall,
}

/// What a record turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A logged call.
    Event(Box<Event>),
    /// Valid JSON that is no audit event of the three clouds.
    Unrecognised(String),
}

/// Reads one unwrapped record.
#[must_use]
pub fn decode(record: &Value) -> Decoded {
    let event = match envelope::form(record) {
        envelope::Form::CloudTrail => Some(aws::decode(record)),
        envelope::Form::AzureActivity => azure::decode(record),
        envelope::Form::LogEntry => gcp::decode(record),
        envelope::Form::Other => None,
    };
    event.map_or_else(|| Decoded::Unrecognised(shape(record)), |e| Decoded::Event(Box::new(e)))
}

/// The first few member names of a record: enough to recognise it, none of its content.
fn shape(record: &Value) -> String {
    match record {
        Value::Object(object) => {
            let names: Vec<String> =
                object.keys().take(5).map(|k| format!("`{}`", clip(k, 30))).collect();
            format!("an object with {}", names.join(", "))
        }
        Value::Array(_) => "an array".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => "a plain value".to_owned(),
    }
}

/// At most `limit` characters, without control characters: event content may end up on a terminal or in a message.
#[must_use]
pub fn clip(text: &str, limit: usize) -> String {
    let clean = |c: char| if c.is_control() || is_bidi(c) { '\u{FFFD}' } else { c };
    let mut out: String = text.chars().take(limit).map(clean).collect();
    if text.chars().nth(limit).is_some() {
        out.push('…');
    }
    out
}

/// Characters that turn the direction of text and so can make a name read as another.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

/// FNV-1a over the canonical JSON text: stable across runs and platforms, enough to tell contents apart. It is no
/// defence against somebody who wants two contents to collide: that can only make keyfence drop a *duplicate id with
/// the same call on the same resource*, and such events are judged against the live state anyway.
fn fingerprint<'a>(values: impl IntoIterator<Item = &'a Value>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for b in bytes {
            hash = (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for value in values {
        feed(value, &mut eat);
        eat(b"\x1e");
    }
    hash
}

/// Feeds a value with object members in the order of their names: member order is not content.
fn feed(value: &Value, eat: &mut impl FnMut(&[u8])) {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            eat(b"{");
            for (k, v) in members {
                eat(k.as_bytes());
                eat(b"\x1f");
                feed(v, eat);
            }
        }
        Value::Array(items) => {
            eat(b"[");
            for item in items {
                feed(item, eat);
                eat(b",");
            }
        }
        Value::String(s) => eat(s.as_bytes()),
        Value::Null | Value::Bool(_) | Value::Number(_) => eat(value.to_string().as_bytes()),
    }
}
