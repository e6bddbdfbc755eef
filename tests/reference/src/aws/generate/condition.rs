//! Conditions: every operator, on keys of its type.

use super::policy::Topic;
use super::world::{ORGANIZATION, REGION, ROOT, World};
use crate::random::Random;
use serde_json::{Map, Value, json};

/// What a key's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Arn,
    Number,
    Date,
    Boolean,
    Address,
    Binary,
}

struct Key {
    name: &'static str,
    kind: Kind,
    multivalued: bool,
    values: Vec<String>,
}

/// A random condition with one or two operators.
pub(super) fn any(random: &mut Random, world: &World, topic: Topic) -> Value {
    let mut condition = Map::new();
    for _ in 0..=random.below(2) {
        let keys = keys(world, topic);
        let Some(key) = random.pick(&keys) else { continue };
        let (operator, values) = test(random, key);
        let block = condition.entry(operator).or_insert_with(|| json!({}));
        if let Some(block) = block.as_object_mut() {
            block.insert(in_some_case(random, key.name), values);
        }
    }
    Value::Object(condition)
}

/// For a grant to everyone on a bucket whose public policies are restricted: nothing that leaves open whether the policy
/// is public.
pub(super) fn clearly_public_or_not(random: &mut Random) -> Option<Value> {
    let choices = [
        json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/app"}}),
        json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8::/32"]}}),
        json!({"IpAddress": {"aws:SourceIp": "192.0.0.0/2"}}),
        json!({"StringLike": {"aws:SourceVpc": "vpc-*"}}),
        json!({"StringNotEquals": {"aws:SourceVpce": "vpce-2"}}),
        json!({"DateGreaterThan": {"aws:CurrentTime": "2024-01-01"}}),
    ];
    if random.chance(25) { None } else { random.pick(&choices).cloned() }
}

fn in_some_case(random: &mut Random, key: &str) -> String {
    match random.below(12) {
        0 => key.to_lowercase(),
        1 => key.replace("aws:", "AWS:"),
        _ => key.to_owned(),
    }
}

/// The operator and the values to hold a key against.
fn test(random: &mut Random, key: &Key) -> (String, Value) {
    if random.chance(8) {
        return ("Null".to_owned(), json!(random.word(&["true", "false"])));
    }
    let base = random.word(operators(key.kind));
    let set = if key.multivalued || random.chance(6) {
        random.word(&["ForAllValues:", "ForAnyValue:"])
    } else {
        String::new()
    };
    // For an absent key one page says true (IfExists) and another says false (ForAnyValue): that is left out.
    let if_exists = if random.chance(15) && set != "ForAnyValue:" { "IfExists" } else { "" };
    let mut values = random.some(&key.values, 2);
    values.extend(pattern_or_variable(random, key.kind, &base));
    values.dedup();
    (format!("{set}{base}{if_exists}"), as_json(random, key.kind, values))
}

/// ARN operators are given ARNs only: what they make of other text is said nowhere.
fn pattern_or_variable(random: &mut Random, kind: Kind, base: &str) -> Vec<String> {
    let mut values = Vec::new();
    if matches!(kind, Kind::Text | Kind::Arn) && random.chance(12) {
        values.push("arn:aws:iam::${aws:PrincipalAccount}:role/app".to_owned());
        if !base.starts_with("Arn") {
            values.push(random.word(&[
                "${aws:PrincipalTag/team}",
                "${aws:username}",
                "${aws:PrincipalTag/team, 'red'}",
                "${aws:PrincipalAccount}",
            ]));
        }
    }
    if base.contains("Like") && random.chance(40) {
        values.push(random.word(&["arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:*"]));
        if !base.starts_with("Arn") {
            values.push(random.word(&["*", "r?d", "*e*"]));
        }
    }
    values
}

/// One value alone or a list; numbers and booleans as such or as text.
fn as_json(random: &mut Random, kind: Kind, values: Vec<String>) -> Value {
    let natural = random.chance(40);
    let mut values: Vec<Value> = values
        .into_iter()
        .map(|text| match kind {
            Kind::Boolean | Kind::Number if natural => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            Kind::Text
            | Kind::Arn
            | Kind::Number
            | Kind::Date
            | Kind::Boolean
            | Kind::Address
            | Kind::Binary => Value::String(text),
        })
        .collect();
    match values.len() {
        1 if random.chance(70) => values.pop().unwrap_or_default(),
        _ => Value::Array(values),
    }
}

const fn operators(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &[
            "StringEquals",
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        Kind::Arn => {
            &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringNotEquals"]
        }
        Kind::Number => &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        Kind::Date => &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        Kind::Boolean => &["Bool"],
        Kind::Address => &["IpAddress", "NotIpAddress"],
        Kind::Binary => &["BinaryEquals"],
    }
}

fn keys(world: &World, topic: Topic) -> Vec<Key> {
    let mut keys = about_callers(world);
    keys.extend(about_resources(world, topic));
    keys.extend(about_time());
    match topic {
        Topic::Storage => keys.extend(about_storage(world)),
        Topic::Key => keys.extend(about_keys(world)),
        Topic::Both => {}
    }
    if world.options.invented_keys {
        keys.push(Key::new("example:digest", Kind::Binary, &["QUI=", "QUJD"]));
    }
    keys
}

impl Key {
    fn new(name: &'static str, kind: Kind, values: &[&str]) -> Self {
        Self {
            name,
            kind,
            multivalued: false,
            values: values.iter().map(ToString::to_string).collect(),
        }
    }

    fn owned(name: &'static str, kind: Kind, values: Vec<String>) -> Self {
        Self { name, kind, multivalued: false, values }
    }

    fn with_many(self) -> Self {
        Self { multivalued: true, ..self }
    }
}

fn account_ids(world: &World) -> Vec<String> {
    world.accounts.iter().map(|a| a.id.clone()).collect()
}

fn organization_paths() -> Vec<String> {
    [
        format!("{ORGANIZATION}/{ROOT}/ou-ab12-11111111/"),
        format!("{ORGANIZATION}/*"),
        format!("{ORGANIZATION}/{ROOT}/"),
    ]
    .into()
}

fn about_callers(world: &World) -> Vec<Key> {
    let arns = world.identities.iter().map(super::world::Identity::arn).collect();
    let ids =
        world.identities.iter().map(|i| if i.user { i.id() } else { format!("{}:s1", i.id()) });
    vec![
        Key::owned("aws:PrincipalArn", Kind::Arn, arns),
        Key::owned("aws:PrincipalAccount", Kind::Text, account_ids(world)),
        Key::new("aws:PrincipalOrgID", Kind::Text, &[ORGANIZATION, "o-other12345"]),
        Key::owned("aws:PrincipalOrgPaths", Kind::Text, organization_paths()).with_many(),
        Key::new("aws:PrincipalTag/team", Kind::Text, &["red", "blue", "RED"]),
        Key::new("aws:PrincipalTag/stage", Kind::Text, &["prod", "test"]),
        Key::new("aws:PrincipalType", Kind::Text, &["User", "AssumedRole", "Anonymous", "Account"]),
        Key::new("aws:username", Kind::Text, &["alice", "bob", "Alice"]),
        Key::owned("aws:userid", Kind::Text, ids.collect()),
        Key::new("aws:MultiFactorAuthPresent", Kind::Boolean, &["true", "false"]),
        Key::new("aws:TokenIssueTime", Kind::Date, &["2024-05-01T00:00:00Z", "2024-07-01"]),
        Key::new("aws:UserAgent", Kind::Text, &["aws-cli/2", "Boto3"]),
        Key::new("aws:TagKeys", Kind::Text, &["team", "stage", "cost"]).with_many(),
    ]
}

fn about_resources(world: &World, topic: Topic) -> Vec<Key> {
    let mut keys = vec![
        Key::owned("aws:ResourceAccount", Kind::Text, account_ids(world)),
        Key::new("aws:ResourceOrgID", Kind::Text, &[ORGANIZATION, "o-other12345"]),
        Key::owned("aws:ResourceOrgPaths", Kind::Text, organization_paths()).with_many(),
        Key::new("aws:ResourceTag/team", Kind::Text, &["red", "blue", "RED"]),
    ];
    if topic == Topic::Storage {
        keys.push(Key::new("s3:BucketTag/team", Kind::Text, &["red", "blue"]));
        keys.push(Key::owned("s3:ResourceAccount", Kind::Text, account_ids(world)));
    }
    keys
}

fn about_time() -> Vec<Key> {
    vec![
        Key::new(
            "aws:CurrentTime",
            Kind::Date,
            &["2024-06-01T12:00:00Z", "2024-06-01", "2025-01-01T00:00:00Z"],
        ),
        Key::new(
            "aws:EpochTime",
            Kind::Date,
            &["1717243200", "2024-06-01T12:00:00Z", "1700000000"],
        ),
    ]
}

fn about_storage(world: &World) -> Vec<Key> {
    let mut keys = vec![
        Key::new(
            "aws:SourceIp",
            Kind::Address,
            &[
                "203.0.113.0/24",
                "203.0.113.7/32",
                "2001:DB8:1234:5678::/64",
                "10.0.0.0/8",
                "0.0.0.0/0",
            ],
        ),
        Key::new("aws:SourceVpc", Kind::Text, &["vpc-1", "vpc-2"]),
        Key::new("aws:SourceVpce", Kind::Text, &["vpce-1", "vpce-2"]),
        Key::new("aws:SecureTransport", Kind::Boolean, &["true", "false"]),
        Key::new("s3:TlsVersion", Kind::Number, &["1.2", "1.3", "1.1"]),
        Key::new("s3:authType", Kind::Text, &["REST-HEADER", "REST-QUERY-STRING"]),
    ];
    if world.options.beyond_policies {
        keys.push(Key::new("s3:prefix", Kind::Text, &["team/red/", "reports/", ""]));
        keys.push(Key::new("s3:max-keys", Kind::Number, &["10", "100"]));
    }
    keys
}

fn about_keys(world: &World) -> Vec<Key> {
    let service = |region: &str| format!("s3.{region}.amazonaws.com");
    let mut keys = vec![
        Key::owned(
            "kms:ViaService",
            Kind::Text,
            vec![service(REGION), service(REGION), service("us-east-1")],
        ),
        Key::owned("kms:CallerAccount", Kind::Text, account_ids(world)),
        Key::new("kms:ResourceAliases", Kind::Text, &["alias/ledger", "alias/other"]).with_many(),
    ];
    if world.options.beyond_policies {
        let arns = world.buckets.iter();
        let arns = arns.flat_map(|b| {
            ["", "/*", "/a.txt"].map(|rest| format!("arn:aws:s3:::{}{rest}", b.name))
        });
        keys.push(Key::owned("kms:EncryptionContext:aws:s3:arn", Kind::Arn, arns.collect()));
        keys.push(Key::new("kms:EncryptionContext:purpose", Kind::Text, &["ledger", "other"]));
        keys.push(
            Key::new("kms:EncryptionContextKeys", Kind::Text, &["aws:s3:arn", "purpose"])
                .with_many(),
        );
    }
    keys
}
