//! Policy variables: `${aws:username}`, with a default `${aws:PrincipalTag/team, 'none'}`, and the three characters `${*}`,
//! `${?}`, `${$}`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::Request;
use super::context::{Given, lookup};
use crate::model::Pattern;

/// Stand for a star and a question mark that are no wildcards.
const STAR: char = '\u{1}';
const QUESTION: char = '\u{2}';

/// A text of a policy with its variables put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    /// To be compared letter by letter.
    pub(super) text: String,
    /// To be compared as a pattern: what came out of a variable is no wildcard.
    pub(super) pattern: String,
    /// Whether a variable may have any value: then the pattern has a wildcard in its place, and a match is only possible.
    pub(super) open: bool,
}

impl Resolved {
    /// A text without variables.
    pub(super) fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), pattern: text.to_owned(), open: false }
    }

    /// Whether a text matches as a pattern.
    pub(super) fn matches(&self, given: &str) -> bool {
        glob(&self.pattern, given)
    }
}

/// Whether a text matches a pattern in which stars may be escaped.
pub(super) fn glob(pattern: &str, given: &str) -> bool {
    let pattern_of = Pattern::new(pattern);
    if pattern.contains([STAR, QUESTION]) {
        pattern_of.matches(&escaped(given))
    } else {
        pattern_of.matches(given)
    }
}

fn escaped(text: &str) -> String {
    text.replace('*', "\u{1}").replace('?', "\u{2}")
}

/// Puts the variables of a text in; `None` when one has no value and no default: then nothing matches the text.
pub(super) fn resolve(text: &str, request: &Request<'_>) -> Option<Resolved> {
    let mut resolved = Resolved { text: String::new(), pattern: String::new(), open: false };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        resolved.text.push_str(before);
        resolved.pattern.push_str(before);
        let Some((inner, behind)) = after.split_once('}') else {
            // No variable: a text that looks like the beginning of one.
            resolved.text.push_str("${");
            resolved.pattern.push_str("${");
            rest = after;
            continue;
        };
        put_in(inner, request, &mut resolved)?;
        rest = behind;
    }
    resolved.text.push_str(rest);
    resolved.pattern.push_str(rest);
    Some(resolved)
}

fn put_in(inner: &str, request: &Request<'_>, into: &mut Resolved) -> Option<()> {
    if let "*" | "?" | "$" = inner {
        into.text.push_str(inner);
        into.pattern.push_str(&escaped(inner));
        return Some(());
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (inner.trim(), None),
    };
    match lookup(&key.to_lowercase(), request) {
        Given::One(value) => into.push(&value),
        Given::Usually(value) => into.push(value),
        // A variable stands for one value.
        Given::Many(values) => match values.as_ref() {
            [one] => into.push(one),
            _ => return None,
        },
        Given::Absent => into.push(default?),
        Given::Not(_)
        | Given::NotWithin(_)
        | Given::IfTagsCount(_)
        | Given::Like(_)
        | Given::Objects(_)
        | Given::ObjectTag(_)
        | Given::Open => {
            into.pattern.push('*');
            into.text.push_str("${");
            into.text.push_str(inner);
            into.text.push('}');
            into.open = true;
        }
    }
    Some(())
}

impl Resolved {
    fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.pattern.push_str(&escaped(value));
    }
}
