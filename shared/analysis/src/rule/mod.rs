//! Rules: each looks at a change and its difference of access, and speaks up or stays silent.
//!
//! One rule a file. Severity of what was gained follows [`severity`], the design's one table; rules about keys, guards and
//! keyfence itself say theirs.

mod access_elevated;
mod access_gained;
mod control_gained;
mod credential_changed;
mod data_darkened;
mod data_moved;
mod feed_weakened;
mod guard_removed;
mod hygiene_weakened;
mod key_at_risk;
mod key_opened;
mod key_ungoverned;
mod keyfence_touched;
mod one_grant_short;
mod other_door;
mod public_exposure;
mod request_hidden;
pub mod severity;
mod state_unread;
mod trust_opened;

use crate::change::{Change, Edit};
use crate::diff::Difference;
use crate::estate::Estate;
use crate::model::Severity;
use serde::{Serialize, Serializer};
use std::fmt;

/// All that a rule may look at.
#[derive(Debug)]
pub struct Case<'a> {
    /// The change.
    pub change: &'a Change,
    /// The edits that led from the known to the new state.
    pub edits: &'a [Edit],
    /// The edits that would lead back.
    pub inverse: &'a [Edit],
    /// What the change did to access.
    pub difference: &'a Difference,
    /// The estate after the change.
    pub after: &'a Estate,
    /// Whether the change was made by keyfence's own identity.
    pub by_own_identity: bool,
    /// Why the difference is not all there is to know; `None` when it is.
    pub blind: Option<&'a str>,
}

/// What a rule has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How bad.
    pub severity: Severity,
    /// Why, in one sentence.
    pub why: String,
}

macro_rules! rules {
    ($($variant:ident $module:ident $id:literal $title:literal;)*) => {
        /// A rule by name. Its id is stable: operators' configuration uses it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $title] $variant,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The id.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The title, for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What the rule says about a case.
            #[must_use]
            pub fn judge(self, case: &Case<'_>) -> Option<Remark> {
                match self { $(Self::$variant => $module::judge(case),)* }
            }
        }
    };
}

rules! {
    KeyfenceTouched keyfence_touched "keyfence-touched" "keyfence itself was touched";
    PublicExposure public_exposure "public-exposure" "Data or keys opened to everyone";
    AccessGained access_gained "access-gained" "Access to stored data gained";
    ControlGained control_gained "control-gained" "Power over access gained";
    KeyOpened key_opened "key-opened" "A key that protects data opened";
    OneGrantShort one_grant_short "one-grant-short" "One lock opened, one still closed";
    DataDarkened data_darkened "data-darkened" "The storage service lost its key";
    DataMoved data_moved "data-moved" "Data moved to a key of somebody else";
    KeyUngoverned key_ungoverned "key-ungoverned" "Nobody can administer a key any more";
    KeyAtRisk key_at_risk "key-at-risk" "A key was disabled or will be destroyed";
    GuardRemoved guard_removed "guard-removed" "A protection was taken away";
    AccessElevated access_elevated "access-elevated" "Somebody took over the tenant's access";
    TrustOpened trust_opened "trust-opened" "A role can be assumed from outside";
    RequestHidden request_hidden "request-hidden" "The request was kept out of the log";
    CredentialChanged credential_changed "credential-changed" "A credential or a federation was changed";
    FeedWeakened feed_weakened "feed-weakened" "Logs that changes are seen by were touched";
    OtherDoor other_door "other-door" "Data can leave by another door";
    HygieneWeakened hygiene_weakened "hygiene-weakened" "A setting of good order was loosened";
    StateUnread state_unread "state-unread" "What the change did to access cannot be told";
}

impl Rule {
    /// Whether the rule speaks of who gained what: then exemptions are compared with each gain.
    #[must_use]
    pub const fn is_about_access(self) -> bool {
        match self {
            Self::PublicExposure
            | Self::AccessGained
            | Self::ControlGained
            | Self::KeyOpened
            | Self::OneGrantShort => true,
            Self::KeyfenceTouched
            | Self::DataDarkened
            | Self::DataMoved
            | Self::KeyUngoverned
            | Self::KeyAtRisk
            | Self::GuardRemoved
            | Self::AccessElevated
            | Self::TrustOpened
            | Self::RequestHidden
            | Self::CredentialChanged
            | Self::FeedWeakened
            | Self::OtherDoor
            | Self::HygieneWeakened
            | Self::StateUnread => false,
        }
    }

    /// The rule with this id.
    #[must_use]
    pub fn by_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.id() == id)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// Names a few and counts the rest.
fn few<T: fmt::Display + PartialEq>(items: impl IntoIterator<Item = T>) -> String {
    let mut distinct: Vec<T> = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    let named: Vec<String> = distinct.iter().take(3).map(ToString::to_string).collect();
    match distinct.len().saturating_sub(3) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
