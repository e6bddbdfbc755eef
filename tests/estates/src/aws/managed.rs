//! Policies that are the same in every account: those that AWS manages, and the permissions boundaries that a stack set
//! puts everywhere.

use super::document;
use serde_json::{Value, json};

/// Policies that AWS manages: path and name behind `arn:aws:iam::aws:policy/`, version, document. Long ones are excerpts.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/>
pub(super) fn of_aws() -> Vec<(&'static str, Value)> {
    let allow = |actions: &[&str]| {
        document(vec![json!({"Effect": "Allow", "Action": actions, "Resource": "*"})])
    };
    let not = json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"});
    let own = json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles", "organizations:DescribeOrganization"],
    });
    vec![
        ("AdministratorAccess", allow(&["*"])),
        ("PowerUserAccess", document(vec![not, own])),
        (
            "ReadOnlyAccess",
            allow(&[
                "s3:Get*",
                "s3:List*",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "iam:Get*",
                "iam:List*",
                "ec2:Describe*",
            ]),
        ),
        (
            "SecurityAudit",
            allow(&[
                "s3:GetBucket*",
                "s3:ListAllMyBuckets",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "iam:Get*",
                "iam:List*",
            ]),
        ),
        (
            "AmazonS3ReadOnlyAccess",
            allow(&[
                "s3:Get*",
                "s3:List*",
                "s3:Describe*",
                "s3-object-lambda:Get*",
                "s3-object-lambda:List*",
            ]),
        ),
        ("AmazonS3FullAccess", allow(&["s3:*", "s3-object-lambda:*"])),
        (
            "service-role/AWSLambdaBasicExecutionRole",
            allow(&["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
        ),
        (
            "AmazonSSMManagedInstanceCore",
            allow(&[
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ec2messages:GetMessages",
            ]),
        ),
        (
            "CloudWatchAgentServerPolicy",
            allow(&["cloudwatch:PutMetricData", "ec2:DescribeTags", "logs:PutLogEvents"]),
        ),
        (
            "service-role/AWSGlueServiceRole",
            document(vec![
                json!({"Effect": "Allow", "Action": ["glue:*", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListAllMyBuckets", "s3:GetBucketAcl"], "Resource": ["*"]}),
                json!({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": ["arn:aws:s3:::aws-glue-*/*", "arn:aws:s3:::*/*aws-glue-*/*"]}),
            ]),
        ),
    ]
}

/// Names of the boundaries, below the path `/boundary/`.
const BOUNDARIES: [&str; 10] = [
    "developer",
    "pipeline",
    "data-engineer",
    "lambda",
    "analyst",
    "read-only",
    "regional",
    "no-keys",
    "vendor",
    "sandbox",
];

/// A permissions boundary by its number.
pub(super) fn boundary(number: usize, region: &str) -> (String, Value) {
    let allow = |actions: &[&str]| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let deny = |actions: &[&str]| json!({"Effect": "Deny", "Action": actions, "Resource": "*"});
    let kind = number % BOUNDARIES.len();
    let statements = match kind {
        0 => vec![
            allow(&["*"]),
            deny(&["iam:*User*", "iam:DeleteRolePermissionsBoundary", "organizations:*"]),
        ],
        1 => {
            vec![allow(&["s3:*", "kms:*", "lambda:*", "ecs:*", "ecr:*", "logs:*", "iam:PassRole"])]
        }
        2 => vec![allow(&[
            "s3:*",
            "kms:Decrypt",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
            "glue:*",
            "athena:*",
        ])],
        3 => vec![allow(&[
            "s3:GetObject",
            "s3:PutObject",
            "s3:ListBucket",
            "kms:Decrypt",
            "logs:*",
            "sqs:*",
            "dynamodb:*",
        ])],
        4 => vec![allow(&["s3:Get*", "s3:List*", "kms:Decrypt", "athena:*", "glue:Get*"])],
        5 => vec![allow(&["*:Get*", "*:List*", "*:Describe*", "kms:Decrypt"])],
        6 => vec![
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": [region, "us-east-1"]}}}),
        ],
        7 => vec![
            allow(&["*"]),
            deny(&["kms:PutKeyPolicy", "kms:CreateGrant", "kms:ScheduleKeyDeletion"]),
        ],
        8 => vec![allow(&["s3:GetObject", "s3:ListBucket", "cloudwatch:*", "ec2:Describe*"])],
        _ => vec![
            json!({"Effect": "Allow", "NotAction": ["iam:*", "kms:*", "organizations:*"], "Resource": "*"}),
        ],
    };
    let name = BOUNDARIES.get(kind).copied().unwrap_or_default();
    let round = number / BOUNDARIES.len();
    let name = if round == 0 { name.to_owned() } else { format!("{name}-{round}") };
    (name, document(statements))
}
