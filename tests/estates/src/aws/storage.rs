//! Buckets with their policies.

use super::{Account, Bucket, Encryption, Plan, condition, document, statement, tags};
use crate::draw::Draw;
use serde_json::{Value, json};

/// The buckets of an account. Of one in fifty the policy could not be read, as a snapshot meets it where a policy denies
/// even the reader: the field is missing.
pub(super) fn buckets(draw: &mut Draw, plan: &Plan, account: &Account) -> Value {
    let own = account.buckets.iter().filter_map(|i| plan.buckets.get(*i));
    own.map(|b| bucket(draw, plan, account, b)).collect()
}

fn bucket(draw: &mut Draw, plan: &Plan, account: &Account, bucket: &Bucket) -> Value {
    let class =
        draw.weighted(&[(50, "internal"), (30, "confidential"), (15, "public"), (5, "restricted")]);
    let mut value = json!({
        "Name": bucket.name,
        "Region": account.region,
        "PublicAccessBlock": block(draw),
        "Encryption": {"Rules": [rule(&bucket.encryption)]},
        "Acl": acl(draw, account),
        "OwnershipControls": ownership(draw),
        "Tags": tags(&[("team", bucket.team), ("classification", class)]),
        "AccessPoints": access_points(draw, account, bucket),
        "Abac": if draw.percent(15) { json!({"Status": "Enabled"}) } else { Value::Null },
    });
    let Some(object) = value.as_object_mut() else { return value };
    if let Some(former) = &bucket.former {
        object.insert("FormerKeys".to_owned(), json!([former]));
    }
    if !draw.percent(2) {
        let policy =
            if bucket.has_policy { policy(draw, plan, account, bucket) } else { Value::Null };
        object.insert("Policy".to_owned(), policy);
    }
    value
}

fn block(draw: &mut Draw) -> Value {
    match draw.below(100) {
        0..93 => json!({
            "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }),
        93..96 => json!({
            "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": false,
        }),
        _ => Value::Null,
    }
}

fn rule(encryption: &Encryption) -> Value {
    match encryption {
        Encryption::S3Managed => {
            json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
        }
        Encryption::AwsManagedKey => {
            json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": true})
        }
        Encryption::Kms { key, dual_layer } => json!({
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": if *dual_layer { "aws:kms:dsse" } else { "aws:kms" },
                "KMSMasterKeyID": key,
            },
            "BucketKeyEnabled": !dual_layer,
        }),
    }
}

fn acl(draw: &mut Draw, account: &Account) -> Value {
    let owner = json!({"ID": account.canonical_id, "Type": "CanonicalUser"});
    let mut grants = vec![json!({"Grantee": owner, "Permission": "FULL_CONTROL"})];
    let group = match draw.below(200) {
        0..6 => Some(("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE")),
        6 => Some(("http://acs.amazonaws.com/groups/global/AllUsers", "READ")),
        7 => Some(("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "READ")),
        _ => None,
    };
    grants.extend(group.map(|(uri, permission)| {
        json!({"Grantee": {"Type": "Group", "URI": uri}, "Permission": permission})
    }));
    json!({"Owner": {"ID": account.canonical_id}, "Grants": grants})
}

fn ownership(draw: &mut Draw) -> Value {
    let kinds =
        [(85, "BucketOwnerEnforced"), (10, "BucketOwnerPreferred"), (3, "ObjectWriter"), (2, "")];
    match draw.weighted(&kinds) {
        "" => Value::Null,
        kind => json!({"Rules": [{"ObjectOwnership": kind}]}),
    }
}

fn access_points(draw: &mut Draw, account: &Account, bucket: &Bucket) -> Value {
    let Some(name) = &bucket.access_point else { return json!([]) };
    let resource =
        format!("arn:aws:s3:{}:{}:accesspoint/{name}/object/*", account.region, account.id);
    let reader = account.any_role(draw);
    json!([{
        "Name": name,
        "NetworkOrigin": "Internet",
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        },
        "Policy": document(vec![
            json!({"Effect": "Allow", "Principal": {"AWS": reader}, "Action": "s3:GetObject", "Resource": resource}),
        ]),
    }])
}

/// A bucket policy: most refuse plain HTTP, then come one to three more statements.
fn policy(draw: &mut Draw, plan: &Plan, account: &Account, bucket: &Bucket) -> Value {
    let both =
        json!([format!("arn:aws:s3:::{}", bucket.name), format!("arn:aws:s3:::{}/*", bucket.name)]);
    let mut statements = Vec::new();
    if draw.percent(55) {
        statements.push(json!({
            "Sid": "DenyPlainText", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }));
    }
    if bucket.access_point.is_some() {
        statements.push(json!({
            "Sid": "DelegateToAccessPoints", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": both,
            "Condition": {"StringEquals": {"s3:DataAccessPointAccount": account.id}},
        }));
    }
    let more = draw.weighted(&[(20, 0), (50, 1), (20, 2), (10, 3)]);
    let more = if statements.is_empty() { more.max(1) } else { more };
    for _ in 0..more {
        statements.push(one_more(draw, plan, account, bucket, &both));
    }
    document(statements)
}

fn one_more(
    draw: &mut Draw,
    plan: &Plan,
    account: &Account,
    bucket: &Bucket,
    both: &Value,
) -> Value {
    let objects = format!("arn:aws:s3:::{}/*", bucket.name);
    let below = format!("arn:aws:s3:::{}/{}/*", bucket.name, draw.one(&statement::PREFIXES));
    match draw.below(100) {
        0..22 => {
            let other = plan.other_account(draw, account).unwrap_or(account);
            let resource = if draw.percent(50) { objects } else { below };
            json!({
                "Sid": "OtherAccount", "Effect": "Allow", "Principal": {"AWS": other.root()},
                "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [format!("arn:aws:s3:::{}", bucket.name), resource],
            })
        }
        22..40 => {
            let other = plan.other_account(draw, account).unwrap_or(account);
            let action = draw.one(&["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*"]);
            json!({"Effect": "Allow", "Principal": {"AWS": [other.any_role(draw)]}, "Action": action, "Resource": objects})
        }
        40..58 => {
            let (first, second) = (account.any_role(draw), account.any_role(draw));
            json!({
                "Sid": "OwnRoles", "Effect": "Allow", "Principal": {"AWS": [first, second]},
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": below,
            })
        }
        58..70 => json!({
            "Sid": "Organisation", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": objects,
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": plan.organization}},
        }),
        70..76 => json!({
            "Effect": "Allow", "Principal": {"AWS": account.root()}, "Action": "s3:GetObject*", "Resource": objects,
            "Condition": condition::of_resource(draw, plan),
        }),
        76..82 => json!({
            "Sid": "FromNetwork", "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": both,
            "Condition": {"StringNotEquals": {"aws:SourceVpce": format!("vpce-{}", draw.hex(17))}},
        }),
        82..86 => {
            let reader = account.any_role(draw);
            let keepers: Vec<&str> =
                account.administrators().into_iter().chain([reader.as_str()]).collect();
            json!({
                "Sid": "OnlyThese", "Effect": "Deny", "Principal": "*", "Action": "s3:*Object*", "Resource": both,
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": keepers}},
            })
        }
        86..93 => {
            let service = draw.one(&["cloudtrail", "logging.s3", "delivery.logs", "cloudfront"]);
            let action = if service == "cloudfront" { "s3:GetObject" } else { "s3:PutObject" };
            json!({
                "Effect": "Allow", "Principal": {"Service": format!("{service}.amazonaws.com")}, "Action": action, "Resource": objects,
                "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
            })
        }
        93..97 => {
            let vendor = draw.one(&plan.vendors);
            json!({
                "Sid": "Vendor", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{vendor}:root")},
                "Action": "s3:GetObject", "Resource": below,
            })
        }
        97 => json!({
            "Sid": "NobodyElse", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": objects,
            "NotPrincipal": {"AWS": [account.any_role(draw), account.root()]},
        }),
        _ => {
            json!({"Sid": "Website", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": objects})
        }
    }
}
