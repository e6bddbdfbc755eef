//! Statements of identity policies: what they allow on which resources.
//!
//! Of those about storage and keys 60 % name literal buckets, prefixes or keys, 15 % a name prefix, 5 % everything; the rest
//! have variables, inner wildcards or access points. A third speaks of unrelated services.

use super::condition;
use super::{Account, Plan, document};
use crate::draw::Draw;
use serde_json::{Value, json};

pub(super) const PREFIXES: [&str; 10] = [
    "reports",
    "incoming",
    "outgoing",
    "raw",
    "curated",
    "exports",
    "tmp",
    "archive",
    "year=2025",
    "models",
];

/// Lists of actions, as often as the weight says.
type Actions = &'static [(usize, &'static [&'static str])];

const S3: Actions = &[
    (20, &["s3:GetObject"]),
    (15, &["s3:GetObject", "s3:ListBucket"]),
    (12, &["s3:GetObject", "s3:PutObject"]),
    (10, &["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]),
    (10, &["s3:Get*", "s3:List*"]),
    (6, &["s3:ListBucket", "s3:GetBucketLocation"]),
    (6, &["s3:PutObject", "s3:AbortMultipartUpload"]),
    (5, &["s3:Get*"]),
    (4, &["s3:GetObject*"]),
    (3, &["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"]),
    (2, &["s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:PutEncryptionConfiguration"]),
    (2, &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    (1, &["s3:PutObjectAcl", "s3:PutBucketAcl"]),
    (1, &["s3:getobject", "S3:LISTBUCKET"]),
    (1, &["s3:Put*"]),
    (6, &["s3:*"]),
    (1, &["*"]),
];

const KMS: Actions = &[
    (25, &["kms:Decrypt"]),
    (25, &["kms:Decrypt", "kms:GenerateDataKey"]),
    (12, &["kms:Decrypt", "kms:DescribeKey"]),
    (
        16,
        &[
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        ],
    ),
    (10, &["kms:Describe*", "kms:List*", "kms:Get*"]),
    (4, &["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]),
    (2, &["kms:PutKeyPolicy", "kms:EnableKeyRotation"]),
    (2, &["kms:ScheduleKeyDeletion", "kms:DisableKey"]),
    (4, &["kms:*"]),
];

/// Services that have nothing to do with storage and keys.
const UNRELATED: [(&str, &[&str]); 14] = [
    ("logs", &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
    ("ec2", &["ec2:Describe*"]),
    ("ec2", &["ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances"]),
    (
        "dynamodb",
        &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
    ),
    ("sqs", &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
    ("sns", &["sns:Publish"]),
    ("cloudwatch", &["cloudwatch:PutMetricData", "cloudwatch:GetMetricStatistics"]),
    ("ecr", &["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]),
    ("ssm", &["ssm:GetParameter", "ssm:GetParametersByPath"]),
    ("secretsmanager", &["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]),
    ("lambda", &["lambda:InvokeFunction"]),
    ("xray", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
    ("glue", &["glue:GetTable", "glue:GetPartitions", "glue:GetDatabase"]),
    ("athena", &["athena:StartQueryExecution", "athena:GetQueryResults"]),
];

/// A policy of one to five statements.
pub(super) fn policy(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    let count = draw.weighted(&[(30, 1), (30, 2), (20, 3), (12, 4), (8, 5)]);
    let mut statements: Vec<Value> =
        (0..count).map(|i| statement(draw, plan, account, i)).collect();
    // A single statement need not stand in a list.
    if statements.len() == 1 && draw.percent(10) {
        return json!({"Version": "2012-10-17", "Statement": statements.pop()});
    }
    document(statements)
}

fn statement(draw: &mut Draw, plan: &Plan, account: &Account, index: usize) -> Value {
    if draw.percent(4) {
        return deny(draw, plan, account);
    }
    let (service, actions, resources) = match draw.below(100) {
        0..48 => ("s3", list(draw.weighted(S3)), buckets(draw, plan, account)),
        48..64 => ("kms", list(draw.weighted(KMS)), keys(draw, plan, account)),
        64..69 => {
            let (actions, resources) = identity(draw, plan, account);
            ("iam", actions, resources)
        }
        _ => {
            let (service, actions) = draw.any(&UNRELATED).copied().unwrap_or_default();
            (service, list(actions), unrelated(draw, account, service))
        }
    };
    let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    if let Some(object) = statement.as_object_mut() {
        if draw.percent(60) {
            object.insert("Sid".to_owned(), json!(format!("Allow{service}{index}")));
        }
        if draw.percent(25) {
            object.insert(
                "Condition".to_owned(),
                condition::of_identity(draw, plan, account, service),
            );
        }
    }
    statement
}

/// One text stands alone, several in a list, as people write it.
fn list(texts: &[&str]) -> Value {
    match texts {
        [one] => json!(one),
        _ => json!(texts),
    }
}

fn buckets(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    match draw.below(100) {
        0..60 => literal_buckets(draw, plan, account),
        60..75 => {
            let end = draw.one(&["-*", "-*/*", "-data-*/*", "-reports-*/*"]);
            json!(format!("arn:aws:s3:::{}{end}", account.team))
        }
        75..80 => json!(draw.one(&["*", "arn:aws:s3:::*"])),
        80..85 => {
            let bucket = plan.bucket_for(draw, account);
            json!(format!("arn:aws:s3:::{bucket}/home/${{aws:username}}/*"))
        }
        85..90 => json!("arn:aws:s3:::*-logs-*"),
        90..95 => {
            json!(format!("arn:aws:s3:::{}-data-0??/{}/*", account.team, draw.one(&PREFIXES)))
        }
        _ => json!(format!(
            "arn:aws:s3:{}:{}:accesspoint/{}-ap-*/object/*",
            account.region, account.id, account.team
        )),
    }
}

fn literal_buckets(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    let mut resources = Vec::new();
    for _ in 0..draw.weighted(&[(75, 1), (15, 2), (10, 3)]) {
        let bucket = plan.bucket_for(draw, account);
        match draw.below(100) {
            0..40 => {
                resources.push(format!("arn:aws:s3:::{bucket}"));
                resources.push(format!("arn:aws:s3:::{bucket}/*"));
            }
            40..65 => resources.push(format!("arn:aws:s3:::{bucket}/*")),
            _ => resources.push(format!("arn:aws:s3:::{bucket}/{}/*", draw.one(&PREFIXES))),
        }
    }
    json!(resources)
}

fn keys(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    match draw.below(100) {
        0..60 => json!(plan.key_for(draw, account)),
        60..80 => json!([plan.key_for(draw, account), plan.key_for(draw, account)]),
        80..87 => json!(format!("arn:aws:kms:{}:{}:key/*", account.region, account.id)),
        87..95 => json!(format!("arn:aws:kms:*:{}:key/*", account.id)),
        _ => json!("*"),
    }
}

/// Passing and assuming roles, and the rare right to change identities.
fn identity(draw: &mut Draw, plan: &Plan, account: &Account) -> (Value, Value) {
    let policies = format!("arn:aws:iam::{}:policy/{}-*", account.id, account.team);
    match draw.below(10) {
        0..4 => (json!("sts:AssumeRole"), json!(account.any_role(draw))),
        4..6 => {
            let other = plan.other_account(draw, account).unwrap_or(account);
            (json!("sts:AssumeRole"), json!(other.any_role(draw)))
        }
        6..8 => (json!("iam:PassRole"), json!(account.any_role(draw))),
        8 => (json!(["iam:Get*", "iam:List*"]), json!("*")),
        _ => (json!(["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"]), json!(policies)),
    }
}

fn unrelated(draw: &mut Draw, account: &Account, service: &str) -> Value {
    if draw.percent(35) {
        return json!("*");
    }
    let name = format!("{}-{}", account.team, draw.below(40));
    json!(match service {
        "dynamodb" => format!("arn:aws:dynamodb:{}:{}:table/{name}", account.region, account.id),
        "lambda" => format!("arn:aws:lambda:{}:{}:function:{name}", account.region, account.id),
        "logs" => format!("arn:aws:logs:{}:{}:log-group:/app/{name}:*", account.region, account.id),
        "ssm" => format!("arn:aws:ssm:{}:{}:parameter/{name}/*", account.region, account.id),
        _ => format!("arn:aws:{service}:{}:{}:{name}", account.region, account.id),
    })
}

fn deny(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    let bucket = plan.bucket_for(draw, account).to_owned();
    match draw.below(5) {
        0 => json!({
            "Sid": "NoPlainText", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }),
        1 => json!({
            "Sid": "KeepArchive", "Effect": "Deny", "Action": ["s3:DeleteObject*", "s3:PutBucketPolicy"],
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/archive/*")],
        }),
        2 => json!({
            "Sid": "MfaOrNothing", "Effect": "Deny", "NotAction": ["iam:*MFA*", "sts:GetSessionToken"], "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }),
        3 => json!({
            "Sid": "OwnBucketsOnly", "Effect": "Deny", "Action": "s3:*",
            "NotResource": [format!("arn:aws:s3:::{}-*", account.team), format!("arn:aws:s3:::{bucket}*")],
        }),
        _ => json!({
            "Sid": "KeepKeys", "Effect": "Deny", "Resource": "*",
            "Action": ["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"],
        }),
    }
}
