//! Attribute conditions (ABAC, version 2.0) of role assignments, of role definitions and of deny assignments.
//! <https://learn.microsoft.com/azure/role-based-access-control/conditions-format>
//!
//! ```
//! use keyfence_analysis::model::azure::{Condition, Expression};
//! let condition = Condition::new(
//!     "(!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'}) OR \
//!      @Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'reports')",
//! );
//! assert!(matches!(condition.expression(), Some(Expression::Any(parts)) if parts.len() == 2));
//! ```
//!
//! The hard rule: a condition limits only the actions that it names. `!(ActionMatches{…read})` is true for a write.

use crate::model::{Pattern, Timestamp};
use std::cmp::Ordering;
use std::sync::Arc;

/// Parentheses and negations within each other beyond this are not parsed: event content is hostile.
const DEEPEST: usize = 64;

/// A condition: its text, and what it means where that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    text: Arc<str>,
    expression: Option<Arc<Expression>>,
}

/// A condition taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Every part.
    All(Vec<Self>),
    /// At least one part.
    Any(Vec<Self>),
    /// Not so.
    Not(Box<Self>),
    /// The operation matches (lower case).
    Action(Pattern),
    /// The sub-operation is this one, such as `Blob.List`.
    SubOperation(String),
    /// The attribute is there.
    Exists(Attribute),
    /// The attribute compares to a value.
    Compare(Comparison),
}

/// Where an attribute comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// What is accessed.
    Resource,
    /// What the request carries.
    Request,
    /// Who asks.
    Principal,
    /// Network and time.
    Environment,
}

/// An attribute, `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Where it comes from.
    pub source: Source,
    /// Its name in lower case.
    pub name: String,
}

/// What is compared how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// The whole text.
    Equals,
    /// `*` and `?` in the value are wildcards.
    Like,
    /// The beginning of the text.
    StartsWith,
    /// GUIDs, with or without dashes.
    Guid,
    /// Numbers.
    Numeric(Order),
    /// Dates.
    DateTime(Order),
    /// Lists, addresses, times of day: they depend on the request.
    Other,
}

/// Order of numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The same.
    Equals,
    /// Less.
    LessThan,
    /// Less or the same.
    LessThanEquals,
    /// More.
    GreaterThan,
    /// More or the same.
    GreaterThanEquals,
}

impl Order {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "equals" => Self::Equals,
            "lessthan" => Self::LessThan,
            "lessthanequals" => Self::LessThanEquals,
            "greaterthan" => Self::GreaterThan,
            "greaterthanequals" => Self::GreaterThanEquals,
            _ => return None,
        })
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

/// What an attribute is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// Values. `\*` and `\?` stand for themselves; they are kept as two characters that no name has.
    Values(Vec<String>),
    /// Another attribute.
    Attribute(Attribute),
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The left side.
    pub attribute: Attribute,
    /// What is compared.
    pub test: Test,
    /// Whether the operator is a `…Not…`.
    pub negated: bool,
    /// Whether cases do not count.
    pub fold: bool,
    /// Whether all values of the attribute must hold (`ForAllOf…`) rather than one.
    pub every_attribute: bool,
    /// Whether all values of the right side must hold (`For…OfAllValues`) rather than one.
    pub every_value: bool,
    /// The right side.
    pub right: Right,
    /// The comparison as it was written.
    pub text: Arc<str>,
}

/// Stand for a star and a question mark that are no wildcards.
const STAR: char = '\u{1}';
const QUESTION: char = '\u{2}';

impl Comparison {
    /// Whether a value of the attribute matches a value of the right side, the operator's negation put in. `None` when that
    /// cannot be decided here.
    #[must_use]
    pub fn holds(&self, given: &str, wanted: &str) -> Option<bool> {
        let folded = |text: &str| if self.fold { text.to_lowercase() } else { text.to_owned() };
        let letters = |text: &str| folded(&text.replace(STAR, "*").replace(QUESTION, "?"));
        let matched = match self.test {
            Test::Equals => folded(given) == letters(wanted),
            Test::StartsWith => folded(given).starts_with(&letters(wanted)),
            Test::Like => {
                let escaped = wanted.contains([STAR, QUESTION]);
                let given = folded(given);
                let given =
                    if escaped { given.replace('*', "\u{1}").replace('?', "\u{2}") } else { given };
                Pattern::new(folded(wanted)).matches(&given)
            }
            Test::Guid => {
                let bare = |text: &str| text.to_lowercase().replace(['-', '{', '}'], "");
                bare(given) == bare(wanted)
            }
            Test::Numeric(order) => {
                let number = |text: &str| text.trim().parse::<f64>().ok();
                number(given)?.partial_cmp(&number(wanted)?).is_some_and(|o| order.holds(o))
            }
            Test::DateTime(order) => {
                let (given, wanted) =
                    (Timestamp::parse(given).ok()?, Timestamp::parse(wanted).ok()?);
                order.holds(given.cmp(&wanted))
            }
            Test::Other => return None,
        };
        Some(matched != self.negated)
    }

    /// The value as letters alone, where no wildcard is meant.
    #[must_use]
    pub fn is_escaped(value: &str) -> bool {
        value.contains([STAR, QUESTION])
    }
}

impl Condition {
    /// Reads a condition of version 2.0. What cannot be read keeps its text and has no expression.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self::versioned(text, None)
    }

    /// Reads a condition of a version; 2.0 is the only one that is documented.
    /// <https://learn.microsoft.com/azure/role-based-access-control/conditions-faq>
    pub fn versioned(text: impl Into<Arc<str>>, version: Option<&str>) -> Self {
        let text = text.into();
        let documented = version.is_none_or(|v| v.trim() == "2.0");
        let expression = documented.then(|| Reader { text: &text, at: 0 }.whole()).flatten();
        let expression = expression.map(Arc::new);
        Self { text, expression }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    #[must_use]
    pub fn expression(&self) -> Option<&Expression> {
        self.expression.as_deref()
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn whole(mut self) -> Option<Expression> {
        let expression = self.any(0)?;
        self.skip_blank();
        self.rest().is_empty().then_some(expression)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blank(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes a sign or a word, without regard to case.
    fn take(&mut self, token: &str) -> bool {
        self.skip_blank();
        let rest = self.rest();
        let fits = rest.get(..token.len()).is_some_and(|head| head.eq_ignore_ascii_case(token));
        let is_word = token.ends_with(char::is_alphanumeric);
        let goes_on = rest
            .get(token.len()..)
            .is_some_and(|after| after.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        let taken = fits && !(is_word && goes_on);
        if taken {
            self.at += token.len();
        }
        taken
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.find(end).map_or(rest, |i| rest.get(..i).unwrap_or_default());
        self.at += taken.len();
        taken
    }

    /// Parts between ANDs or ORs. Both side by side without parentheses have no documented order, and are not read.
    fn any(&mut self, depth: usize) -> Option<Expression> {
        let first = self.one(depth)?;
        if self.and() {
            let mut parts = vec![first, self.one(depth)?];
            while self.and() {
                parts.push(self.one(depth)?);
            }
            return (!self.or()).then_some(Expression::All(parts));
        }
        let mut parts = vec![first];
        while self.or() {
            parts.push(self.one(depth)?);
        }
        if self.and() {
            return None;
        }
        Some(match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                Expression::Any(parts)
            }
        })
    }

    fn and(&mut self) -> bool {
        self.take("&&") || self.take("AND")
    }

    fn or(&mut self) -> bool {
        self.take("||") || self.take("OR")
    }

    fn one(&mut self, depth: usize) -> Option<Expression> {
        if depth > DEEPEST {
            return None;
        }
        if self.take("!") || self.take("NOT") {
            return Some(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.any(depth + 1)?;
            return self.take(")").then_some(inner);
        }
        if self.take("ActionMatches") {
            return Some(Expression::Action(Pattern::new(self.argument()?.to_lowercase())));
        }
        if self.take("SubOperationMatches") {
            return Some(Expression::SubOperation(self.argument()?));
        }
        if self.take("NotExists") {
            return Some(Expression::Not(Box::new(Expression::Exists(self.attribute()?))));
        }
        if self.take("Exists") {
            return Some(Expression::Exists(self.attribute()?));
        }
        self.comparison()
    }

    /// `{'…'}`
    fn argument(&mut self) -> Option<String> {
        let value = self.take("{").then(|| self.literal())??;
        self.take("}").then_some(value)
    }

    fn attribute(&mut self) -> Option<Attribute> {
        let source = if self.take("@Resource") {
            Source::Resource
        } else if self.take("@Request") {
            Source::Request
        } else if self.take("@Principal") {
            Source::Principal
        } else if self.take("@Environment") {
            Source::Environment
        } else {
            return None;
        };
        let name = self.take("[").then(|| self.until(|c| c == ']').trim().to_lowercase())?;
        self.take("]").then_some(Attribute { source, name })
    }

    fn comparison(&mut self) -> Option<Expression> {
        self.skip_blank();
        let start = self.at;
        let attribute = self.attribute()?;
        self.skip_blank();
        let word = self.until(|c| !c.is_alphanumeric() && c != ':');
        let (quantifier, operator) = match word.split_once(':') {
            Some((quantifier, operator)) => (Some(quantifier.to_lowercase()), operator),
            None => (None, word),
        };
        let (every_attribute, every_value) = match quantifier.as_deref() {
            None | Some("foranyofanyvalues") => (false, false),
            Some("forallofanyvalues") => (true, false),
            Some("foranyofallvalues") => (false, true),
            Some("forallofallvalues") => (true, true),
            Some(_) => return None,
        };
        let (test, negated, fold) = operation(operator)?;
        let right = self.right()?;
        let text = self.text.get(start..self.at)?.into();
        Some(Expression::Compare(Comparison {
            attribute,
            test,
            negated,
            fold,
            every_attribute,
            every_value,
            right,
            text,
        }))
    }

    /// One value, a list in braces, or another attribute.
    fn right(&mut self) -> Option<Right> {
        self.skip_blank();
        if self.rest().starts_with('@') {
            return self.attribute().map(Right::Attribute);
        }
        if !self.take("{") {
            return Some(Right::Values(vec![self.literal()?]));
        }
        let mut values = vec![self.literal()?];
        while self.take(",") {
            values.push(self.literal()?);
        }
        self.take("}").then_some(Right::Values(values))
    }

    /// `'…'` with `\'` inside, or a bare word: a number, a truth value, a GUID.
    fn literal(&mut self) -> Option<String> {
        if !self.take("'") {
            self.skip_blank();
            let word = self.until(|c| c.is_whitespace() || matches!(c, ')' | '}' | ',' | '('));
            return (!word.is_empty()).then(|| word.to_owned());
        }
        let mut value = String::new();
        let mut escaped = false;
        for (i, c) in self.rest().char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                '\'' if !escaped => {
                    self.at += i + 1;
                    return Some(value);
                }
                other => {
                    value.push(match other {
                        '*' if escaped => STAR,
                        '?' if escaped => QUESTION,
                        other => other,
                    });
                    escaped = false;
                }
            }
        }
        None
    }
}

/// The test, whether it is negated, whether cases do not count. `None` for a word that is no operator.
fn operation(word: &str) -> Option<(Test, bool, bool)> {
    let lower = word.to_lowercase();
    let kinds = ["string", "bool", "numeric", "datetime", "guid", "list", "ip"];
    let (kind, rest) = kinds.iter().find_map(|k| Some((*k, lower.strip_prefix(k)?)))?;
    let (negated, rest) = rest.strip_prefix("not").map_or((false, rest), |rest| (true, rest));
    let (fold, rest) = rest.strip_suffix("ignorecase").map_or((false, rest), |rest| (true, rest));
    // GUIDs and truth values are written in any case, GUIDs also without dashes.
    let fold = fold || matches!(kind, "bool" | "guid");
    let test = match (kind, rest) {
        ("string" | "bool", "equals") => Test::Equals,
        ("guid", "equals") => Test::Guid,
        ("string", "like") => Test::Like,
        ("string", "startswith") => Test::StartsWith,
        ("numeric", order) => Order::parse(order).map_or(Test::Other, Test::Numeric),
        ("datetime", order) => Order::parse(order).map_or(Test::Other, Test::DateTime),
        _ => Test::Other,
    };
    Some((test, negated, fold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expect: bool) {
        assert_eq!(Condition::new(text).expression().is_some(), expect, "{text}");
    }

    #[test]
    fn what_microsoft_writes_is_read() {
        check("@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'", true);
        check("@Resource[HasObotoken] boolequals true", true);
        check("!(ActionMatches {'a/b/read'} AND NOT SubOperationMatches{'Blob.List'})", true);
        check("Exists @Resource[a/tags:p<$key_case_sensitive$>] && NotExists @Request[b]", true);
        check("@Request[a:id] ForAnyOfAnyValues:GuidNotEquals {8e3af657-a8ff, '1'}", true);
        check("@Resource[a:p] StringLike @Principal[b:p]", true);
        check("@Environment[UtcNow] DateTimeGreaterThan '2026-01-01T00:00:00.0Z'", true);
        check("@Resource[a] StringEquals 'it\\'s'", true);
        check("", false);
        check("(@Resource[a] StringEquals 'a'", false);
        check("@Resource[a] Resembles 'a'", false);
        check("@Resource[a] StringEquals 'a' trailing", false);
        check("@Resource[a] ForSome:StringEquals 'a'", false);
        check(&"(".repeat(100_000), false);
        check(&"!".repeat(100_000), false);
    }

    #[test]
    fn and_beside_or_has_no_documented_order() {
        check("Exists @Request[a] OR Exists @Request[b] AND Exists @Request[c]", false);
        check("Exists @Request[a] AND Exists @Request[b] OR Exists @Request[c]", false);
        check("Exists @Request[a] OR (Exists @Request[b] AND Exists @Request[c])", true);
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "[@!(){}'\\\\A-Za-zäß .:,|&\\[\\]]{0,60}") {
            let _ = Condition::new(text.as_str());
        }
    }
}
