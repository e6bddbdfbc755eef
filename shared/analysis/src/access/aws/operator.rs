//! What a comparison makes of a value of the policy and a value of the request.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::variable;
use crate::model::aws::{Comparison, Order};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

/// The word of a comparison, for people.
pub(super) const fn word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::StringEquals => "is",
        Comparison::StringEqualsIgnoreCase => "is, in any case,",
        Comparison::StringLike | Comparison::ArnLike => "is like",
        Comparison::Bool => "is",
        Comparison::Binary => "is, in base 64,",
        Comparison::Numeric(Order::Equals) | Comparison::Date(Order::Equals) => "equals",
        Comparison::Numeric(Order::LessThan) => "is less than",
        Comparison::Numeric(Order::LessThanEquals) => "is at most",
        Comparison::Numeric(Order::GreaterThan) => "is more than",
        Comparison::Numeric(Order::GreaterThanEquals) => "is at least",
        Comparison::Date(Order::LessThan) => "is before",
        Comparison::Date(Order::LessThanEquals) => "is no later than",
        Comparison::Date(Order::GreaterThan) => "is after",
        Comparison::Date(Order::GreaterThanEquals) => "is no earlier than",
        Comparison::IpAddress => "is in",
        Comparison::Null => "is absent",
    }
}

/// Whether a value of the request (`given`) matches a value of the policy. What cannot be read as a number, date or
/// address matches nothing.
pub(super) fn matches(comparison: Comparison, wanted: &variable::Resolved, given: &str) -> bool {
    let text = wanted.text.as_str();
    match comparison {
        Comparison::StringEquals => text == given,
        Comparison::StringEqualsIgnoreCase => text.to_lowercase() == given.to_lowercase(),
        Comparison::StringLike => wanted.matches(given),
        Comparison::ArnLike => arn_like(&wanted.pattern, given),
        Comparison::Bool => text.eq_ignore_ascii_case(given),
        Comparison::Binary => {
            let bytes = |text: &str| STANDARD.decode(text).ok();
            bytes(text).is_some_and(|b| bytes(given).as_ref() == Some(&b))
        }
        Comparison::Numeric(order) => {
            let number = |text: &str| text.trim().parse::<f64>().ok();
            match (number(given), number(text)) {
                (Some(given), Some(wanted)) => holds(order, given.partial_cmp(&wanted)),
                (None, _) | (_, None) => false,
            }
        }
        Comparison::Date(order) => match (date(given), date(text)) {
            (Some(given), Some(wanted)) => holds(order, Some(given.cmp(&wanted))),
            (None, _) | (_, None) => false,
        },
        Comparison::IpAddress => in_range(text, given),
        Comparison::Null => false,
    }
}

fn holds(order: Order, ordering: Option<std::cmp::Ordering>) -> bool {
    ordering.is_some_and(|ordering| match order {
        Order::Equals => ordering.is_eq(),
        Order::LessThan => ordering.is_lt(),
        Order::LessThanEquals => ordering.is_le(),
        Order::GreaterThan => ordering.is_gt(),
        Order::GreaterThanEquals => ordering.is_ge(),
    })
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
    use crate::model::aws::{Operator, Set};

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
            assert_eq!(matches(parsed.comparison, &wanted, given), expect, "{operator} {given}");
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
