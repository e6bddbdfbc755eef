//! Condition operators: what each makes of a value of the policy and a value of the request.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::variable;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

/// An operator taken apart: `ForAnyValue:StringNotEqualsIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) comparison: Comparison,
    /// The opposite of the comparison, for every value.
    pub(super) negated: bool,
    pub(super) if_exists: bool,
    pub(super) set: Set,
}

/// How several values of a request are taken together.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// No qualifier: keys of one value.
    One,
    /// `ForAnyValue`: false for an absent key.
    Any,
    /// `ForAllValues`: true for an absent key.
    All,
}

/// The kinds of comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    /// `ArnLike` and `ArnEquals` behave identically: each of the six parts is a glob of its own.
    ArnLike,
    Bool,
    Binary,
    Numeric(Order),
    Date(Order),
    IpAddress,
    /// `Null`: whether the key is absent.
    Null,
}

/// Order of numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl Operator {
    /// Reads an operator, whatever its case; `None` for a word that is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => (Set::All, rest),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => (Set::Any, rest),
            Some(_) => return None,
            None => (Set::One, text),
        };
        let lower = rest.to_ascii_lowercase();
        let (base, if_exists) =
            lower.strip_suffix("ifexists").map_or((lower.as_str(), false), |base| (base, true));
        let (comparison, negated) = match base {
            "stringequals" => (Comparison::StringEquals, false),
            "stringnotequals" => (Comparison::StringEquals, true),
            "stringequalsignorecase" => (Comparison::StringEqualsIgnoreCase, false),
            "stringnotequalsignorecase" => (Comparison::StringEqualsIgnoreCase, true),
            "stringlike" => (Comparison::StringLike, false),
            "stringnotlike" => (Comparison::StringLike, true),
            "arnlike" | "arnequals" => (Comparison::ArnLike, false),
            "arnnotlike" | "arnnotequals" => (Comparison::ArnLike, true),
            "bool" => (Comparison::Bool, false),
            "binaryequals" => (Comparison::Binary, false),
            "ipaddress" => (Comparison::IpAddress, false),
            "notipaddress" => (Comparison::IpAddress, true),
            "numericnotequals" => (Comparison::Numeric(Order::Equals), true),
            "datenotequals" => (Comparison::Date(Order::Equals), true),
            "null" => (Comparison::Null, false),
            other => (order(other)?, false),
        };
        Some(Self { comparison, negated, if_exists, set })
    }
}

fn order(base: &str) -> Option<Comparison> {
    let (of, rest): (fn(Order) -> Comparison, &str) = match base.strip_prefix("numeric") {
        Some(rest) => (Comparison::Numeric, rest),
        None => (Comparison::Date, base.strip_prefix("date")?),
    };
    Some(of(match rest {
        "equals" => Order::Equals,
        "lessthan" => Order::LessThan,
        "lessthanequals" => Order::LessThanEquals,
        "greaterthan" => Order::GreaterThan,
        "greaterthanequals" => Order::GreaterThanEquals,
        _ => return None,
    }))
}

impl Comparison {
    /// The word of the operator, not negated, for people.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::StringEquals => "is",
            Self::StringEqualsIgnoreCase => "is, in any case,",
            Self::StringLike | Self::ArnLike => "is like",
            Self::Bool => "is",
            Self::Binary => "is, in base 64,",
            Self::Numeric(Order::Equals) | Self::Date(Order::Equals) => "equals",
            Self::Numeric(Order::LessThan) => "is less than",
            Self::Numeric(Order::LessThanEquals) => "is at most",
            Self::Numeric(Order::GreaterThan) => "is more than",
            Self::Numeric(Order::GreaterThanEquals) => "is at least",
            Self::Date(Order::LessThan) => "is before",
            Self::Date(Order::LessThanEquals) => "is no later than",
            Self::Date(Order::GreaterThan) => "is after",
            Self::Date(Order::GreaterThanEquals) => "is no earlier than",
            Self::IpAddress => "is in",
            Self::Null => "is absent",
        }
    }

    /// Whether a value of the request (`given`) matches a value of the policy. What cannot be read as a number, date or
    /// address matches nothing.
    pub(super) fn matches(self, wanted: &variable::Resolved, given: &str) -> bool {
        let text = wanted.text.as_str();
        match self {
            Self::StringEquals => text == given,
            Self::StringEqualsIgnoreCase => text.to_lowercase() == given.to_lowercase(),
            Self::StringLike => wanted.matches(given),
            Self::ArnLike => arn_like(&wanted.pattern, given),
            Self::Bool => text.eq_ignore_ascii_case(given),
            Self::Binary => {
                let bytes = |text: &str| STANDARD.decode(text).ok();
                bytes(text).is_some_and(|b| bytes(given).as_ref() == Some(&b))
            }
            Self::Numeric(order) => {
                let number = |text: &str| text.trim().parse::<f64>().ok();
                match (number(given), number(text)) {
                    (Some(given), Some(wanted)) => order.holds(given.partial_cmp(&wanted)),
                    (None, _) | (_, None) => false,
                }
            }
            Self::Date(order) => match (date(given), date(text)) {
                (Some(given), Some(wanted)) => order.holds(Some(given.cmp(&wanted))),
                (None, _) | (_, None) => false,
            },
            Self::IpAddress => in_range(text, given),
            Self::Null => false,
        }
    }
}

impl Order {
    fn holds(self, ordering: Option<std::cmp::Ordering>) -> bool {
        ordering.is_some_and(|ordering| match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanEquals => ordering.is_ge(),
        })
    }
}

/// "Each of the six colon-delimited components of the ARN is checked separately and each can include multi-character match
/// wildcards (*) or single-character match wildcards (?)."
fn arn_like(pattern: &str, value: &str) -> bool {
    let mut values = value.splitn(6, ':');
    let mut patterns = pattern.splitn(6, ':');
    loop {
        match (patterns.next(), values.next()) {
            (None, None) => return true,
            (Some(pattern), Some(value)) if variable::glob(pattern, value) => {}
            (Some(_), Some(_)) | (None, Some(_)) | (Some(_), None) => return false,
        }
    }
}

/// A date of W3C's ISO 8601 profile, a date alone, or seconds since 1970.
fn date(text: &str) -> Option<OffsetDateTime> {
    if let Ok(seconds) = text.parse::<i64>() {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let full = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    OffsetDateTime::parse(&full, &Iso8601::DEFAULT).ok()
}

/// Whether an address is within `address[/bits]`.
fn in_range(range: &str, address: &str) -> bool {
    let (network, bits) = match range.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (range, Some(128)),
    };
    let shift = |bits: u32, width: u32| width.saturating_sub(bits.min(width));
    match (network.parse(), address.parse(), bits) {
        (Ok(IpAddr::V4(a)), Ok(IpAddr::V4(b)), Some(bits)) => {
            let shift = shift(bits, 32);
            u32::from(a).checked_shr(shift) == u32::from(b).checked_shr(shift)
        }
        (Ok(IpAddr::V6(a)), Ok(IpAddr::V6(b)), Some(bits)) => {
            let shift = shift(bits, 128);
            u128::from(a).checked_shr(shift) == u128::from(b).checked_shr(shift)
        }
        (_, _, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_comparison_makes_of_two_values() {
        // operator, value of the policy, value of the request, whether they match
        let cases = [
            ("StringEquals", "a*", "a*", true),
            ("StringEquals", "a", "A", false),
            ("StringEqualsIgnoreCase", "a", "A", true),
            ("StringLike", "a*", "abc", true),
            ("ArnLike", "arn:aws:iam::*:role/*", "arn:aws:iam::1:role/a/b", true),
            ("ArnEquals", "arn:aws:*:role/x", "arn:aws:iam::1:role/x", false),
            ("Bool", "TRUE", "true", true),
            ("BinaryEquals", "QUI=", "QUI=", true),
            ("NumericLessThan", "10", "9.5", true),
            ("NumericLessThanEquals", "10", "10", true),
            ("NumericGreaterThan", "10", "nine", false),
            ("NumericEquals", "3600", "3600.0", true),
            ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02", true),
            ("DateLessThan", "2026-01-01T00:00:00Z", "1767225600", false),
            ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", true),
            ("IpAddress", "10.0.0.0/8", "10.20.30.40", true),
            ("IpAddress", "10.0.0.0/8", "11.0.0.1", false),
            ("IpAddress", "203.0.113.7", "203.0.113.7", true),
            ("IpAddress", "0.0.0.0/0", "203.0.113.7", true),
            ("IpAddress", "2001:db8::/32", "2001:db8:1::1", true),
            ("IpAddress", "10.0.0.0/8", "2001:db8:1::1", false),
        ];
        for (operator, wanted, given, expect) in cases {
            let parsed = Operator::parse(operator).unwrap();
            let wanted = variable::Resolved::literal(wanted);
            assert_eq!(parsed.comparison.matches(&wanted, given), expect, "{operator} {given}");
        }
    }

    #[test]
    fn an_operator_is_taken_apart_whatever_its_case() {
        let parsed = Operator::parse("forallvalues:STRINGNOTLIKEIFEXISTS").unwrap();
        assert_eq!(
            parsed,
            Operator {
                comparison: Comparison::StringLike,
                negated: true,
                if_exists: true,
                set: Set::All
            }
        );
        assert_eq!(Operator::parse("StringMatches"), None);
        assert_eq!(Operator::parse("ForSomeValues:StringEquals"), None);
    }
}
