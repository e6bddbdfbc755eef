//! The organisation: its units, and the policies on root, units and accounts.

use super::{Account, Plan, UNITS, document};
use crate::draw::Draw;
use serde_json::{Value, json};

struct Ids {
    root: String,
    /// Unit names with their ids.
    units: Vec<(&'static str, String)>,
}

impl Ids {
    fn unit(&self, name: &str) -> &str {
        self.units.iter().find(|(n, _)| *n == name).map_or(&self.root, |(_, id)| id)
    }

    /// Production and NonProduction stand below Workloads.
    fn parent(&self, name: &str) -> &str {
        if matches!(name, "Production" | "NonProduction") {
            self.unit("Workloads")
        } else {
            &self.root
        }
    }
}

pub(super) fn organization(draw: &mut Draw, plan: &Plan) -> Value {
    let stem = draw.hex(4);
    let mut unit = |name| (name, format!("ou-{stem}-{}", draw.hex(8)));
    let units = std::iter::once("Workloads").chain(UNITS.iter().map(|(_, name)| *name));
    let ids = Ids { units: units.map(&mut unit).collect(), root: format!("r-{stem}") };
    let management = plan.account(0).map_or("", |a| a.id.as_str());
    let prefix = format!("arn:aws:organizations::{management}");
    let within = &plan.organization;
    json!({
        "Organization": {
            "Id": within,
            "Arn": format!("{prefix}:organization/{within}"),
            "FeatureSet": "ALL",
            "MasterAccountId": management,
        },
        "Roots": [{
            "Id": ids.root,
            "Arn": format!("{prefix}:root/{within}/{}", ids.root),
            "Name": "Root",
            "PolicyTypes": [
                {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"},
                {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"},
            ],
        }],
        "OrganizationalUnits": ids.units.iter().map(|(name, id)| json!({
            "Id": id, "Arn": format!("{prefix}:ou/{within}/{id}"), "Name": name, "ParentId": ids.parent(name),
        })).collect::<Vec<_>>(),
        "Accounts": plan.accounts.iter().map(|a| json!({
            "Id": a.id,
            "Arn": format!("{prefix}:account/{within}/{}", a.id),
            "Name": a.name,
            "Status": "ACTIVE",
            "ParentId": ids.unit(a.unit),
        })).collect::<Vec<_>>(),
        "Policies": policies(draw, plan, &ids),
    })
}

fn policies(draw: &mut Draw, plan: &Plan, ids: &Ids) -> Vec<Value> {
    let everywhere = || {
        let units = ids.units.iter().map(|(_, id)| id.as_str());
        // A sandbox has an allow list in place of everything.
        let units = units.filter(|id| *id != ids.unit("Sandbox"));
        let accounts = plan.accounts.iter().map(|a| a.id.as_str());
        std::iter::once(ids.root.as_str()).chain(units).chain(accounts).collect::<Vec<_>>()
    };
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let full = document(vec![all]);
    let mut policies = vec![policy(
        "SERVICE_CONTROL_POLICY",
        "p-FullAWSAccess",
        "FullAWSAccess",
        true,
        &full,
        &everywhere(),
    )];
    for (name, targets, statement) in service_control(plan, ids) {
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        let id = format!("p-{}", draw.hex(8));
        policies.push(policy(
            "SERVICE_CONTROL_POLICY",
            &id,
            name,
            false,
            &document(vec![statement]),
            &targets,
        ));
    }
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let full = document(vec![all]);
    let mut with_sandbox = everywhere();
    with_sandbox.push(ids.unit("Sandbox"));
    policies.push(policy(
        "RESOURCE_CONTROL_POLICY",
        "p-RCPFullAWSAccess",
        "RCPFullAWSAccess",
        true,
        &full,
        &with_sandbox,
    ));
    for (name, target, statement) in resource_control(plan, ids) {
        let id = format!("p-{}", draw.hex(8));
        policies.push(policy(
            "RESOURCE_CONTROL_POLICY",
            &id,
            name,
            false,
            &document(vec![statement]),
            &[target],
        ));
    }
    policies
}

/// Twelve service control policies: name, where they are attached, their statement.
fn service_control(plan: &Plan, ids: &Ids) -> Vec<(&'static str, Vec<String>, Value)> {
    let root = || vec![ids.root.clone()];
    let unit = |name: &str| vec![ids.unit(name).to_owned()];
    let deny = |actions: &[&str]| json!({"Effect": "Deny", "Action": actions, "Resource": "*"});
    let unless_platform = |actions: &[&str]| {
        let keepers = [
            "arn:aws:iam::*:role/PlatformAdministrator",
            "arn:aws:iam::*:role/OrganizationAccountAccessRole",
        ];
        json!({
            "Effect": "Deny", "Action": actions, "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": keepers}},
        })
    };
    let account = |index: usize| {
        plan.account(index)
            .or(plan.accounts.last())
            .map_or_else(String::new, |a: &Account| a.id.clone())
    };
    vec![
        (
            "regions",
            unit("Workloads"),
            json!({
                "Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "route53:*", "cloudfront:*", "support:*", "sts:*"], "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1", "us-east-1"]}},
            }),
        ),
        (
            "stay-in-organisation",
            root(),
            deny(&["organizations:LeaveOrganization", "account:CloseAccount"]),
        ),
        (
            "no-root",
            root(),
            json!({
                "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
            }),
        ),
        (
            "keep-trails",
            root(),
            unless_platform(&[
                "cloudtrail:StopLogging",
                "cloudtrail:DeleteTrail",
                "cloudtrail:PutEventSelectors",
            ]),
        ),
        (
            "keep-public-access-block",
            unit("Production"),
            unless_platform(&["s3:PutAccountPublicAccessBlock", "s3:PutBucketPublicAccessBlock"]),
        ),
        (
            "keep-keys",
            unit("Production"),
            unless_platform(&["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"]),
        ),
        ("no-new-users", unit("Workloads"), deny(&["iam:CreateUser", "iam:CreateAccessKey"])),
        (
            "encrypted-uploads",
            unit("NonProduction"),
            json!({
                "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
                "Condition": {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": ["aws:kms", "AES256"]}},
            }),
        ),
        (
            "sandbox-services",
            unit("Sandbox"),
            json!({
                "Effect": "Allow", "Resource": "*",
                "Action": ["s3:*", "kms:*", "ec2:*", "lambda:*", "logs:*", "iam:*", "sts:*", "dynamodb:*", "glue:*", "athena:*"],
            }),
        ),
        ("suspended", unit("Suspended"), deny(&["*"])),
        (
            "keep-logs",
            vec![account(1)],
            deny(&["s3:DeleteObject*", "s3:DeleteBucket", "s3:PutLifecycleConfiguration"]),
        ),
        (
            "no-shared-snapshots",
            vec![account(2), account(3)],
            deny(&["ec2:ModifySnapshotAttribute", "rds:ModifyDBSnapshotAttribute"]),
        ),
    ]
}

/// Two resource control policies: nobody from outside, nothing in plain text.
fn resource_control<'a>(plan: &Plan, ids: &'a Ids) -> Vec<(&'static str, &'a str, Value)> {
    vec![
        (
            "own-identities",
            ids.unit("Production"),
            json!({
                "Effect": "Deny", "Principal": "*", "Action": ["s3:*", "kms:*", "secretsmanager:*"], "Resource": "*",
                "Condition": {
                    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": plan.organization},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                },
            }),
        ),
        (
            "secure-transport",
            ids.root.as_str(),
            json!({
                "Effect": "Deny", "Principal": "*", "Action": ["s3:*", "sqs:*", "kms:*"], "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}},
            }),
        ),
    ]
}

fn policy(
    kind: &str,
    id: &str,
    name: &str,
    of_aws: bool,
    content: &Value,
    targets: &[&str],
) -> Value {
    let target = |id: &&str| {
        let kind = match id.split('-').next() {
            Some("r") => "ROOT",
            Some("ou") => "ORGANIZATIONAL_UNIT",
            Some(_) | None => "ACCOUNT",
        };
        json!({"TargetId": id, "Type": kind})
    };
    let owner = if of_aws { "aws" } else { "management" };
    json!({
        "PolicySummary": {
            "Id": id,
            "Arn": format!("arn:aws:organizations::{owner}:policy/{}/{id}", kind.to_lowercase()),
            "Name": name,
            "Type": kind,
            "AwsManaged": of_aws,
        },
        "Content": content,
        "Targets": targets.iter().map(target).collect::<Vec<_>>(),
    })
}
