//! Requests that have a chance of being allowed on an estate.

use super::super::estate::Estate;
use super::super::question::Request;
use super::policy::{self, Place};
use super::world::{Identity, World};
use crate::random::Random;
use std::collections::BTreeMap;

const OBJECTS: [&str; 8] = [
    "a.txt",
    "b.txt",
    "team/red/x.csv",
    "team/blue/x.csv",
    "team/alice/x.csv",
    "alice/z.csv",
    "reports/2024/q1.pdf",
    "prod/x",
];

pub(super) fn request(random: &mut Random, world: &World, estate: &Estate) -> Request {
    let (principal, role) = principal(random, world, estate);
    let (action, resource) = target(random, world);
    let mut context = context(random, world, &action);
    if let Some(role) = role {
        // The name of the session is not in the principal: the request brings it.
        context.insert("aws:userid".to_owned(), vec![format!("{}:unnamed", role.id())]);
    }
    let is_session = principal.contains(":assumed-role/") && !principal.contains("AWSServiceRole");
    let sessions = if is_session && random.chance(35) { 1 + random.below(2) } else { 0 };
    let session_policies =
        (0..sessions).map(|_| policy::document(random, world, &Place::Session)).collect();
    Request { principal, action, resource, context, session_policies }
}

/// The principal's name, and the role when it is one without a session.
fn principal<'a>(
    random: &mut Random,
    world: &'a World,
    estate: &Estate,
) -> (String, Option<&'a Identity>) {
    if random.chance(8) {
        return ("public".to_owned(), None);
    }
    if random.chance(6)
        && let Some(account) = random.pick(&world.accounts)
    {
        return (format!("arn:aws:iam::{}:root", account.id), None);
    }
    match random.pick(&world.identities) {
        Some(user) if user.user => (user.arn(), None),
        Some(role) if random.chance(30) && !mentions_sessions(estate, role) => {
            (role.arn(), Some(role))
        }
        Some(role) => (role.session(&random.word(&["s1", "s1", "s2"])), None),
        None => ("public".to_owned(), None),
    }
}

/// Where a policy names a session of a role, the role alone is no complete request.
fn mentions_sessions(estate: &Estate, role: &Identity) -> bool {
    let session = role.session("");
    estate.values().any(|file| file.to_string().contains(&session))
}

fn target(random: &mut Random, world: &World) -> (String, String) {
    let bucket = random.pick(&world.buckets).map_or("data", |b| b.name);
    match random.below(10) {
        0 | 1 => {
            let action = random.word(&["s3:ListBucket", "s3:ListBucket", "s3:GetBucketLocation"]);
            (action, format!("arn:aws:s3:::{bucket}"))
        }
        2 | 3 => {
            let action = random.word(&[
                "kms:Decrypt",
                "kms:Decrypt",
                "kms:GenerateDataKey",
                "kms:Encrypt",
                "kms:DescribeKey",
            ]);
            let key = random.pick(&world.keys).map(|k| (k.arn.clone(), k.enabled));
            let (arn, enabled) = key.unwrap_or_default();
            (if enabled { action } else { "kms:Decrypt".to_owned() }, arn)
        }
        _ => {
            let action = random.word(&[
                "s3:GetObject",
                "s3:GetObject",
                "s3:GetObject",
                "s3:PutObject",
                "s3:PutObject",
                "s3:DeleteObject",
            ]);
            (action, format!("arn:aws:s3:::{bucket}/{}", random.word(&OBJECTS)))
        }
    }
}

fn context(random: &mut Random, world: &World, action: &str) -> BTreeMap<String, Vec<String>> {
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut maybe = |percent: usize, key: &str, values: &[&str]| {
        if random.chance(percent) {
            context.insert(key.to_owned(), vec![random.word(values)]);
        }
    };
    maybe(
        80,
        "aws:CurrentTime",
        &["2024-06-01T12:00:00Z", "2024-06-15T08:30:00Z", "2025-03-01T00:00:00Z"],
    );
    maybe(80, "aws:EpochTime", &["1717243200", "1718000000", "1600000000"]);
    maybe(50, "aws:MultiFactorAuthPresent", &["true", "false"]);
    maybe(50, "aws:TokenIssueTime", &["2024-06-01T11:00:00Z", "2024-04-01T00:00:00Z"]);
    maybe(50, "aws:UserAgent", &["aws-cli/2", "aws-cli/1", "boto3"]);
    let storage = action.starts_with("s3:");
    if storage {
        maybe(
            75,
            "aws:SourceIp",
            &["203.0.113.7", "203.0.114.1", "10.1.2.3", "2001:db8:1234:5678::9", "2001:db9::1"],
        );
        maybe(40, "aws:SourceVpc", &["vpc-1", "vpc-2", "vpc-9"]);
        maybe(40, "aws:SourceVpce", &["vpce-1", "vpce-2", "vpce-9"]);
        // "This key is always included in the request context."
        maybe(100, "aws:SecureTransport", &["true", "true", "false"]);
        maybe(70, "s3:TlsVersion", &["1.2", "1.3", "1.1"]);
        maybe(50, "s3:authType", &["REST-HEADER", "REST-QUERY-STRING"]);
    }
    if action == "s3:ListBucket" && world.options.beyond_policies {
        maybe(60, "s3:prefix", &["team/red/", "reports/", ""]);
        maybe(60, "s3:max-keys", &["10", "1000"]);
    }
    if !storage && action != "kms:DescribeKey" && world.options.beyond_policies {
        maybe(
            40,
            "kms:EncryptionContext:aws:s3:arn",
            &["arn:aws:s3:::data", "arn:aws:s3:::data/a.txt"],
        );
        maybe(40, "kms:EncryptionContext:purpose", &["ledger", "other"]);
    }
    if world.options.invented_keys {
        maybe(50, "example:digest", &["QUI=", "QUJD", "AAAA"]);
    }
    let prefix = "kms:EncryptionContext:";
    let names: Vec<String> =
        context.keys().filter_map(|key| key.strip_prefix(prefix).map(str::to_owned)).collect();
    if !names.is_empty() {
        context.insert("kms:EncryptionContextKeys".to_owned(), names);
    }
    if random.chance(50) {
        let mut keys = random
            .some(&["team", "stage", "cost"], 3)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        keys.sort();
        keys.dedup();
        context.insert("aws:TagKeys".to_owned(), keys);
    }
    context
}
