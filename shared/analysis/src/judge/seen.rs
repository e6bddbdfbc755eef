//! Recognising a change that was judged before: deliveries come more than once, and by more than one feed.

use crate::event::Identity;
use crate::model::Timestamp;
use std::collections::{HashMap, VecDeque};

/// Identities of changes that are remembered to recognise duplicates.
const REMEMBERED: usize = 200_000;

/// Contents that are remembered under one id: archives that mask ids hold many events under one.
const CONTENTS_PER_ID: usize = 64;

/// Two records of one change, from two feeds, are this many seconds apart at most.
const SAME_CHANGE_SECONDS: i64 = 120;

/// An id with what was called on what.
type Named = (String, String);

/// The content, where the feed carries it, and the time.
type Told = (Option<u64>, Option<Timestamp>);

/// Identities of changes that were seen: contents and times by id and subject.
#[derive(Debug, Default)]
pub(super) struct Seen {
    contents: HashMap<Named, Vec<Told>>,
    order: VecDeque<Named>,
}

impl Seen {
    /// Whether a change is new. A feed without content (Event Grid) that comes later tells nothing new of a change that was
    /// judged; one that came first does not silence the feed that has the content. What happened much later under the same
    /// id is another change: callers choose their correlation ids.
    pub(super) fn is_new(&mut self, identity: &Identity) -> bool {
        if identity.id.is_empty() {
            return true;
        }
        let key = (identity.id.clone(), identity.subject.clone());
        let known = self.contents.entry(key.clone()).or_default();
        let same = |(content, time): &Told| {
            let near = match (time, identity.time) {
                (Some(a), Some(b)) => a.is_within(b, SAME_CHANGE_SECONDS),
                (None, _) | (_, None) => true,
            };
            near && (identity.content.is_none() || *content == identity.content)
        };
        if known.iter().any(same) {
            return false;
        }
        if known.is_empty() {
            self.order.push_back(key);
        }
        known.push((identity.content, identity.time));
        if known.len() > CONTENTS_PER_ID {
            known.remove(0);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.contents.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(id: &str, content: Option<u64>, second: i64) -> Identity {
        Identity {
            id: id.to_owned(),
            subject: "write on x".to_owned(),
            content,
            time: Timestamp::from_unix(second),
        }
    }

    #[test]
    fn which_deliveries_are_new() {
        let cases = [
            ("delivered twice", [("a", Some(1), 0), ("a", Some(1), 0)], false),
            ("one id for two contents", [("a", Some(1), 0), ("a", Some(2), 0)], true),
            ("content first, then a feed without", [("a", Some(1), 0), ("a", None, 3)], false),
            ("a feed without content first", [("a", None, 0), ("a", Some(1), 3)], true),
            ("the same id much later", [("a", Some(1), 0), ("a", Some(1), 3_600)], true),
            ("no content and much later", [("a", Some(1), 0), ("a", None, 3_600)], true),
            ("no id", [("", Some(1), 0), ("", Some(1), 0)], true),
        ];
        for (name, [first, second], expect) in cases {
            let mut seen = Seen::default();
            assert!(seen.is_new(&identity(first.0, first.1, first.2)), "{name}");
            assert_eq!(seen.is_new(&identity(second.0, second.1, second.2)), expect, "{name}");
        }
    }

    #[test]
    fn memory_of_one_id_is_bounded() {
        let mut seen = Seen::default();
        for content in 0..1_000 {
            seen.is_new(&identity("a", Some(content), 0));
        }
        assert_eq!(seen.contents.values().map(Vec::len).max(), Some(CONTENTS_PER_ID));
    }
}
