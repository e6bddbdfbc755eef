//! When Amazon S3 considers a bucket policy public, which is when `RestrictPublicBuckets` takes effect.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use super::document::{Statement, statements, strings};
use serde_json::Value;
use std::net::IpAddr;

/// Keys of which a fixed value makes a grant non-public.
const KEYS: [&str; 14] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// "Amazon S3 begins by assuming that the policy is public. It then evaluates the policy to determine whether it qualifies
/// as non-public": every grant of it must go to fixed values only.
pub(super) fn is_public(policy: &Value) -> bool {
    statements(policy)
        .into_iter()
        .filter(|s| s.element("Effect").and_then(Value::as_str) == Some("Allow"))
        .any(|statement| !names_fixed_principals(statement) && !has_fixed_condition(statement))
}

/// "An AWS principal, user, role, or service principal".
fn names_fixed_principals(statement: Statement<'_>) -> bool {
    let Some(Value::Object(kinds)) = statement.element("Principal") else { return false };
    kinds
        .iter()
        .all(|(kind, names)| kind != "Federated" && strings(names).iter().all(|n| is_fixed(n)))
}

/// "Values that don't contain a wildcard or an AWS Identity and Access Management Policy Variable".
fn is_fixed(value: &str) -> bool {
    !value.contains(['*', '?']) && !value.contains("${")
}

fn has_fixed_condition(statement: Statement<'_>) -> bool {
    let operators = statement.element("Condition").and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |k| (operator, k))
        })
        .any(|(operator, (key, values))| {
            let key = key.to_lowercase();
            let values = strings(values);
            match operator.as_str() {
                "StringEquals"
                | "StringEqualsIgnoreCase"
                | "StringLike"
                | "ArnEquals"
                | "ArnLike" => KEYS.contains(&key.as_str()) && values.iter().all(|v| is_fixed(v)),
                "IpAddress" => key == "aws:sourceip" && values.iter().all(|v| is_narrow(v)),
                _ => false,
            }
        })
}

/// "This includes values broader than /8 for IPv4 and /32 for IPv6 (excluding RFC1918 private ranges)."
fn is_narrow(range: &str) -> bool {
    let Some((base, length)) = range.split_once('/') else { return true };
    let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u8>()) else {
        return false;
    };
    match base {
        IpAddr::V4(_) => length >= 8,
        IpAddr::V6(_) => length >= 32,
    }
}
