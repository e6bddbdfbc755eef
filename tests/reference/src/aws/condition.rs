//! The `Condition` element.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! (below: *operators*) and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
//! (below: *multivalued*).

use super::context::Context;
use super::document::{Language, strings};
use super::pattern::{Reading, Sign, pattern, text_fits};
use serde_json::Value;
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// All operators and all keys of the element must match (a logical AND).
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
pub(super) fn all_match(condition: &Value, language: Language, context: &Context) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |k| (operator, k))
        })
        .all(|(operator, (key, values))| {
            one_matches(operator, key, &strings(values), language, context)
        })
}

fn one_matches(
    operator: &str,
    key: &str,
    wanted: &[String],
    language: Language,
    context: &Context,
) -> bool {
    let given = context.values(key);
    if operator == "Null" {
        return null_matches(given, wanted);
    }
    let (set, operator) = set_operator(operator);
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (operator, false),
    };
    let (base, negated) = positive(operator);
    // "If the key is not present, evaluate the condition element as true." (operators, ...IfExists)
    if given.is_none() && if_exists {
        return true;
    }
    // "If you specify multiple values for a negated operator, none of them may match": a logical NOR.
    let value_matches = |value: &String| {
        wanted.iter().any(|w| compare(base, value, w, language, context)) != negated
    };
    match (set, given) {
        // "If the key that you specify in a policy condition is not present in the request context, the values do not
        // match and the condition is false. If the policy condition requires that the key is not matched, such as
        // StringNotLike or ArnNotLike, and the right key is not present, the condition is true." (operators)
        (SetOperator::None, None) => negated,
        (SetOperator::None, Some(values)) => values.iter().all(value_matches),
        // "It also returns true if there are no context keys in the request." (multivalued, ForAllValues)
        (SetOperator::All, None) => true,
        (SetOperator::All, Some(values)) => values.iter().all(value_matches),
        // "For no matching context key or if the key does not exist, the condition returns false."
        // (multivalued, ForAnyValue)
        (SetOperator::Any, None) => false,
        (SetOperator::Any, Some(values)) => values.iter().any(value_matches),
    }
}

/// "Use either true (the key doesn't exist - it is null) or false (the key exists and its value is not null)."
/// (operators, Null)
fn null_matches(given: Option<&[String]>, wanted: &[String]) -> bool {
    wanted.iter().any(|w| w.eq_ignore_ascii_case(if given.is_none() { "true" } else { "false" }))
}

#[derive(Clone, Copy)]
enum SetOperator {
    None,
    All,
    Any,
}

fn set_operator(operator: &str) -> (SetOperator, &str) {
    if let Some(rest) = operator.strip_prefix("ForAllValues:") {
        (SetOperator::All, rest)
    } else if let Some(rest) = operator.strip_prefix("ForAnyValue:") {
        (SetOperator::Any, rest)
    } else {
        (SetOperator::None, operator)
    }
}

/// An operator without its negation, and whether it had one.
fn positive(operator: &str) -> (&str, bool) {
    match operator {
        "StringNotEquals" => ("StringEquals", true),
        "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
        "StringNotLike" => ("StringLike", true),
        "NumericNotEquals" => ("NumericEquals", true),
        "DateNotEquals" => ("DateEquals", true),
        "NotIpAddress" => ("IpAddress", true),
        "ArnNotEquals" | "ArnNotLike" => ("ArnLike", true),
        "ArnEquals" => ("ArnLike", false),
        other => (other, false),
    }
}

/// Whether one value of the request matches one value of the policy.
fn compare(base: &str, value: &str, wanted: &str, language: Language, context: &Context) -> bool {
    // "You can use a policy variable for Condition values in any condition that involves the string operators or the ARN
    // operators." (the page on variables)
    let variables = language == Language::Variables;
    let read = |wildcards| pattern(wanted, Reading { wildcards, variables }, context);
    match base {
        "StringEquals" => read(false).is_some_and(|p| text_fits(&p, value)),
        "StringEqualsIgnoreCase" => read(false).is_some_and(|p| fits_in_any_case(&p, value)),
        "StringLike" => read(true).is_some_and(|p| text_fits(&p, value)),
        "ArnLike" => read(true).is_some_and(|p| arn_fits(&p, value)),
        "Bool" => value.eq_ignore_ascii_case(wanted),
        "BinaryEquals" => base64(wanted).is_some_and(|w| base64(value).is_some_and(|v| v == w)),
        "IpAddress" => in_range(value, wanted),
        _ => ordered(base, value, wanted),
    }
}

fn fits_in_any_case(pattern: &[Sign], value: &str) -> bool {
    let lower: Vec<Sign> = pattern
        .iter()
        .flat_map(|sign| match sign {
            Sign::Is(c) => c.to_lowercase().map(Sign::Is).collect(),
            Sign::One | Sign::Many => vec![*sign],
        })
        .collect();
    text_fits(&lower, &value.to_lowercase())
}

/// "Each of the six colon-delimited components of the ARN is checked separately and each can include multi-character
/// match wildcards (*) or single-character match wildcards (?)." (operators, ARN)
fn arn_fits(pattern: &[Sign], value: &str) -> bool {
    let wanted: Vec<&[Sign]> = pattern.splitn(6, |sign| *sign == Sign::Is(':')).collect();
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    wanted.len() == 6
        && parts.len() == 6
        && parts.first() == Some(&"arn")
        && wanted.iter().zip(parts).all(|(pattern, part)| text_fits(pattern, part))
}

/// "The value must be in the standard CIDR format (for example, 203.0.113.0/24 or 2001:DB8:1234:5678::/64)."
fn in_range(value: &str, range: &str) -> bool {
    let Ok(address) = value.parse::<IpAddr>() else { return false };
    let (base, length) = match range.split_once('/') {
        Some((base, length)) => (base, length.parse::<u32>().ok()),
        None => (range, Some(if range.contains(':') { 128 } else { 32 })),
    };
    let (Ok(base), Some(length)) = (base.parse::<IpAddr>(), length) else { return false };
    match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            length <= 32
                && high_bits(u128::from(a.to_bits()) << 96, u128::from(b.to_bits()) << 96, length)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            length <= 128 && high_bits(a.to_bits(), b.to_bits(), length)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn high_bits(a: u128, b: u128, length: u32) -> bool {
    (0..length).all(|bit| (a >> (127 - bit)) & 1 == (b >> (127 - bit)) & 1)
}

/// The numeric and date operators. <https://www.w3.org/TR/NOTE-datetime> or seconds since 1970 for dates.
fn ordered(base: &str, value: &str, wanted: &str) -> bool {
    let (comparison, pair) = if let Some(comparison) = base.strip_prefix("Numeric") {
        (comparison, value.parse::<f64>().ok().zip(wanted.parse::<f64>().ok()))
    } else if let Some(comparison) = base.strip_prefix("Date") {
        (comparison, seconds(value).zip(seconds(wanted)))
    } else {
        return false;
    };
    let Some((value, wanted)) = pair else { return false };
    match comparison {
        "Equals" => value.total_cmp(&wanted).is_eq(),
        "LessThan" => value < wanted,
        "LessThanEquals" => value <= wanted,
        "GreaterThan" => value > wanted,
        "GreaterThanEquals" => value >= wanted,
        _ => false,
    }
}

fn seconds(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds);
    }
    let full = match text.len() {
        // 2024-06-01
        10 => format!("{text}T00:00:00Z"),
        // 2024-06-01T12:00Z
        17 => format!("{}:00Z", text.strip_suffix('Z')?),
        _ => text.to_owned(),
    };
    let nanoseconds = OffsetDateTime::parse(&full, &Rfc3339).ok()?.unix_timestamp_nanos();
    #[expect(clippy::cast_precision_loss, reason = "dates of policies are whole seconds")]
    Some(nanoseconds as f64 / 1e9)
}

/// The bytes of a text in base 64; none when it is not.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = Vec::new();
    for c in text.trim_end_matches('=').chars() {
        let value = ALPHABET.find(c)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let bytes = bits.chunks_exact(8);
    Some(bytes.map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect())
}

#[cfg(test)]
mod tests {
    use super::all_match;
    use crate::aws::context::Context;
    use crate::aws::document::Language;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(given: &[(&str, &[&str])], condition: Value, expected: bool) {
        let mut context = Context::default();
        for (key, values) in given {
            context.set(key, values.iter().map(ToString::to_string).collect());
        }
        let found = all_match(&condition, Language::Variables, &context);
        assert_eq!(found, expected, "{condition} on {given:?}");
    }

    #[test]
    fn an_absent_key_matches_negated_operators_only() {
        check(&[], json!({"StringEquals": {"k": "a"}}), false);
        check(&[], json!({"StringNotEquals": {"k": "a"}}), true);
        check(&[], json!({"StringEqualsIfExists": {"k": "a"}}), true);
        check(&[], json!({"ForAllValues:StringEquals": {"k": "a"}}), true);
        check(&[], json!({"ForAnyValue:StringNotEquals": {"k": "a"}}), false);
        check(&[], json!({"Null": {"k": "true"}}), true);
        check(&[], json!({"Bool": {"k": "false"}}), false);
    }

    #[test]
    fn several_values_are_or_and_nor() {
        check(&[("K", &["b"])], json!({"StringEquals": {"k": ["a", "b"]}}), true);
        check(&[("k", &["b"])], json!({"StringNotEquals": {"k": ["a", "b"]}}), false);
        check(
            &[("k", &["a", "c"])],
            json!({"ForAllValues:StringEquals": {"k": ["a", "b"]}}),
            false,
        );
        check(&[("k", &["a", "c"])], json!({"ForAnyValue:StringEquals": {"k": ["a", "b"]}}), true);
        check(&[("k", &["a", "c"])], json!({"ForAnyValue:StringNotEquals": {"k": "a"}}), true);
        check(&[("k", &["a", "c"])], json!({"ForAllValues:StringNotEquals": {"k": "a"}}), false);
    }

    #[test]
    fn each_type_compares_in_its_own_way() {
        check(&[("k", &["A*"])], json!({"StringEquals": {"k": "a*"}}), false);
        check(&[("k", &["A*"])], json!({"StringEqualsIgnoreCase": {"k": "a*"}}), true);
        check(&[("k", &["abc"])], json!({"StringLike": {"k": "a*"}}), true);
        check(&[("k", &["10"])], json!({"NumericLessThanEquals": {"k": 10}}), true);
        check(
            &[("k", &["2024-06-01T12:00:00Z"])],
            json!({"DateGreaterThan": {"k": "2024-06-01"}}),
            true,
        );
        check(&[("k", &["1717243200"])], json!({"DateEquals": {"k": "2024-06-01T12:00Z"}}), true);
        check(&[("k", &["true"])], json!({"Bool": {"k": true}}), true);
        check(&[("k", &["QUI="])], json!({"BinaryEquals": {"k": "QUI="}}), true);
        check(&[("k", &["QUM="])], json!({"BinaryEquals": {"k": "QUI="}}), false);
        check(&[("k", &["203.0.113.9"])], json!({"IpAddress": {"k": "203.0.113.0/24"}}), true);
        check(
            &[("k", &["2001:db8::1"])],
            json!({"IpAddress": {"k": ["203.0.113.0/24", "2001:DB8::/32"]}}),
            true,
        );
        check(&[("k", &["2001:db9::1"])], json!({"NotIpAddress": {"k": "2001:DB8::/32"}}), true);
    }

    #[test]
    fn an_arn_is_compared_part_by_part() {
        let value: &[(&str, &[&str])] =
            &[("k", &["arn:aws:x:us-east-2:999999999999:store/abc:111122223333:finance/doc"])];
        check(value, json!({"ArnLike": {"k": "arn:aws:x:*:111122223333:finance/*"}}), false);
        check(value, json!({"StringLike": {"k": "arn:aws:x:*:111122223333:finance/*"}}), true);
        check(value, json!({"ArnEquals": {"k": "arn:aws:x:*:*:store/*"}}), true);
    }
}
