//! Keys with their policies and grants.

use super::{Account, Key, Plan, document};
use crate::draw::Draw;
use serde_json::{Value, json};

/// The grants, each with the place of its key.
pub(super) type Grants = Vec<Vec<Value>>;

const USE: [&str; 5] =
    ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

const ADMINISTER: [&str; 12] = [
    "kms:Create*",
    "kms:Describe*",
    "kms:Enable*",
    "kms:List*",
    "kms:Put*",
    "kms:Update*",
    "kms:Revoke*",
    "kms:Disable*",
    "kms:Get*",
    "kms:Delete*",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
];

/// The keys of an account. Of one in fifty the grants could not be listed.
pub(super) fn keys(draw: &mut Draw, plan: &Plan, account: &Account, grants: &mut Grants) -> Value {
    let one = |index: &usize| {
        let grants = grants.get_mut(*index).map(std::mem::take).unwrap_or_default();
        plan.keys.get(*index).map(|k| key(draw, plan, account, k, grants))
    };
    account.keys.iter().filter_map(one).collect()
}

fn key(draw: &mut Draw, plan: &Plan, account: &Account, key: &Key, grants: Vec<Value>) -> Value {
    let state = draw.weighted(&[
        (94, "Enabled"),
        (3, "Disabled"),
        (2, "PendingDeletion"),
        (1, "PendingImport"),
    ]);
    let alias_arn = format!("arn:aws:kms:{}:{}:{}", account.region, account.id, key.alias);
    let mut value = json!({
        "KeyMetadata": {
            "AWSAccountId": account.id,
            "KeyId": key.id,
            "Arn": key.arn,
            "CreationDate": draw.time(),
            "Enabled": state == "Enabled",
            "Description": format!("data of {}", key.team),
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": state,
            "Origin": if state == "PendingImport" { "EXTERNAL" } else { "AWS_KMS" },
            "KeyManager": "CUSTOMER",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "MultiRegion": key.id.starts_with("mrk-"),
        },
        "Policy": policy(draw, plan, account, key),
        "Aliases": [{"AliasName": key.alias, "AliasArn": alias_arn, "TargetKeyId": key.id}],
        "Tags": [{"TagKey": "team", "TagValue": key.team}],
        "KeyRotationEnabled": draw.percent(80),
    });
    if !draw.percent(2)
        && let Some(object) = value.as_object_mut()
    {
        object.insert("Grants".to_owned(), Value::Array(grants));
    }
    value
}

/// Seven in ten hand the decision to the account's identity policies, the others name their principals.
fn policy(draw: &mut Draw, plan: &Plan, account: &Account, key: &Key) -> Value {
    let delegates = draw.percent(70);
    let administrators = account.administrators();
    let mut statements = Vec::new();
    if delegates {
        statements.push(json!({
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": account.root()},
            "Action": "kms:*", "Resource": "*",
        }));
    }
    statements.push(json!({
        "Sid": "Allow access for Key Administrators", "Effect": "Allow", "Principal": {"AWS": administrators},
        "Action": ADMINISTER, "Resource": "*",
    }));
    let users = if delegates { draw.below(2) } else { draw.between(1, 4) };
    if users > 0 {
        statements.extend(for_users(draw, plan, account, users));
    }
    let guests = key.guests.iter().filter_map(|i| plan.account(*i));
    statements.extend(guests.map(|guest| for_guest(draw, account, guest)));
    statements.extend(seldom(draw, plan, account));
    document(statements)
}

/// The two statements that the console writes for the users of a key; some through S3 only.
fn for_users(draw: &mut Draw, plan: &Plan, account: &Account, count: usize) -> Vec<Value> {
    let mut users: Vec<String> = Vec::new();
    for _ in 0..count {
        let other = if draw.percent(10) { plan.other_account(draw, account) } else { None };
        users.push(other.unwrap_or(account).any_role(draw));
    }
    users.dedup();
    let mut using = json!({
        "Sid": "Allow use of the key", "Effect": "Allow", "Principal": {"AWS": users}, "Action": USE, "Resource": "*",
    });
    if draw.percent(25)
        && let Some(object) = using.as_object_mut()
    {
        object.insert("Condition".to_owned(), via_s3(account));
    }
    let granting = json!({
        "Sid": "Allow attachment of persistent resources", "Effect": "Allow", "Principal": {"AWS": users},
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    });
    if draw.percent(60) { vec![using, granting] } else { vec![using] }
}

/// A guest account whose buckets use the key.
fn for_guest(draw: &mut Draw, account: &Account, guest: &Account) -> Value {
    let mut statement = json!({
        "Sid": format!("Allow use by {}", guest.name), "Effect": "Allow", "Principal": {"AWS": guest.root()},
        "Action": USE, "Resource": "*",
    });
    if draw.percent(40)
        && let Some(object) = statement.as_object_mut()
    {
        object.insert("Condition".to_owned(), via_s3(account));
    }
    statement
}

fn via_s3(account: &Account) -> Value {
    json!({"StringEquals": {"kms:ViaService": format!("s3.{}.amazonaws.com", account.region)}})
}

fn seldom(draw: &mut Draw, plan: &Plan, account: &Account) -> Option<Value> {
    Some(match draw.below(100) {
        0..6 => json!({
            "Sid": "Organisation", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": plan.organization}},
        }),
        6..12 => json!({
            "Sid": "Trail", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:GenerateDataKey*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
        }),
        12..15 => json!({
            "Sid": "NoDeletion", "Effect": "Deny", "Principal": "*", "Action": "kms:ScheduleKeyDeletion", "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": account.administrators()}},
        }),
        15..18 => json!({
            "Sid": "Team", "Effect": "Allow", "Principal": {"AWS": account.root()}, "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": account.team}},
        }),
        18 => {
            let vendor = draw.one(&plan.vendors);
            json!({"Sid": "Vendor", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{vendor}:root")}, "Action": "kms:Decrypt", "Resource": "*"})
        }
        _ => return None,
    })
}

/// So many grants over all keys, a few keys having most of them.
pub(super) fn grants(draw: &mut Draw, plan: &Plan, count: usize) -> Grants {
    let mut grants: Grants = plan.keys.iter().map(|_| Vec::new()).collect();
    for _ in 0..count {
        let index = draw.low(plan.keys.len());
        let (Some(key), Some(list)) = (plan.keys.get(index), grants.get_mut(index)) else {
            continue;
        };
        let Some(account) = plan.account(key.account) else { continue };
        list.push(grant(draw, plan, account, key));
    }
    grants
}

fn grant(draw: &mut Draw, plan: &Plan, account: &Account, key: &Key) -> Value {
    let for_service = draw.percent(30);
    let grantee = if for_service { service(draw, account) } else { person(draw, plan, account) };
    let operations = draw.weighted::<&[&str]>(&[
        (40, &["Decrypt"]),
        (25, &["Decrypt", "GenerateDataKey"]),
        (
            20,
            &[
                "Encrypt",
                "Decrypt",
                "GenerateDataKeyWithoutPlaintext",
                "ReEncryptFrom",
                "ReEncryptTo",
                "CreateGrant",
                "DescribeKey",
            ],
        ),
        (10, &["Encrypt", "GenerateDataKey"]),
        (5, &["DescribeKey", "RetireGrant"]),
    ]);
    let mut value = json!({
        "KeyId": key.arn,
        "GrantId": draw.hex(64),
        "Name": "",
        "CreationDate": draw.time(),
        "GranteePrincipal": grantee,
        "IssuingAccount": account.root(),
        "Operations": operations,
    });
    let Some(object) = value.as_object_mut() else { return value };
    if draw.percent(40) {
        let bucket = plan.bucket_for(draw, account);
        let context = json!({"aws:s3:arn": format!("arn:aws:s3:::{bucket}")});
        object.insert("Constraints".to_owned(), json!({"EncryptionContextSubset": context}));
    }
    if draw.percent(30) {
        object.insert("RetiringPrincipal".to_owned(), json!(account.any_role(draw)));
    }
    value
}

fn person(draw: &mut Draw, plan: &Plan, account: &Account) -> String {
    match draw.below(100) {
        0..80 => account.any_role(draw),
        80..93 => plan.other_account(draw, account).unwrap_or(account).any_role(draw),
        93..97 => plan.other_account(draw, account).unwrap_or(account).root(),
        _ => format!("arn:aws:iam::{}:role/integration", draw.one(&plan.vendors)),
    }
}

/// The spellings of a service that made the grant for itself.
fn service(draw: &mut Draw, account: &Account) -> String {
    let (id, region) = (&account.id, account.region);
    match draw.below(4) {
        0 => format!(
            "arn:aws:iam::{id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        ),
        1 => format!("{id}:aws:ec2-infrastructure:i-{}", draw.hex(17)),
        2 => format!("rds.{region}.amazonaws.com"),
        _ => format!("dynamodb.{region}.amazonaws.com"),
    }
}
