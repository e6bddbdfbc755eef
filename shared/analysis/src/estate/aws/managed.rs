//! AWS-managed policies that keyfence ships, for estates that leave them out.
//!
//! `get-account-authorization-details` omits AWS-managed policies that are attached nowhere, so a fresh attachment names a
//! document that the estate does not hold. The documents follow the AWS Managed Policy Reference
//! (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/>, read 2026-11). Those marked as excerpts hold
//! only the statements that speak of storage, keys and identity. Evidence says when one of these was used.

use crate::model::aws::{Arn, Document};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static SHIPPED: LazyLock<BTreeMap<&'static str, Document>> = LazyLock::new(|| {
    let policies = [
        ("AdministratorAccess", vec![allow(&["*"])]),
        ("AmazonS3FullAccess", vec![allow(&["s3:*", "s3-object-lambda:*"])]),
        (
            "AmazonS3ReadOnlyAccess",
            vec![allow(&[
                "s3:Get*",
                "s3:List*",
                "s3:Describe*",
                "s3-object-lambda:Get*",
                "s3-object-lambda:List*",
            ])],
        ),
        (
            "AWSKeyManagementServicePowerUser",
            vec![allow(&[
                "kms:CreateAlias",
                "kms:CreateKey",
                "kms:DeleteAlias",
                "kms:Describe*",
                "kms:GenerateRandom",
                "kms:Get*",
                "kms:List*",
                "kms:TagResource",
                "kms:UntagResource",
                "iam:ListGroups",
                "iam:ListRoles",
                "iam:ListUsers",
            ])],
        ),
        (
            "IAMFullAccess",
            vec![allow(&["iam:*", "organizations:DescribeAccount", "organizations:ListPolicies"])],
        ),
        (
            "PowerUserAccess",
            vec![
                json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}),
                allow(&[
                    "iam:CreateServiceLinkedRole",
                    "iam:DeleteServiceLinkedRole",
                    "iam:ListRoles",
                    "organizations:DescribeOrganization",
                ]),
            ],
        ),
        // Excerpts.
        (
            "ReadOnlyAccess",
            vec![allow(&[
                "s3:DescribeJob",
                "s3:Get*",
                "s3:List*",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "iam:Get*",
                "iam:List*",
            ])],
        ),
        (
            "SecurityAudit",
            vec![allow(&[
                "s3:GetBucket*",
                "s3:GetAccountPublicAccessBlock",
                "s3:ListAllMyBuckets",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "iam:Get*",
                "iam:List*",
            ])],
        ),
        (
            "job-function/ViewOnlyAccess",
            vec![allow(&[
                "s3:ListAllMyBuckets",
                "s3:ListBucket",
                "kms:ListAliases",
                "kms:ListKeys",
                "iam:Get*",
                "iam:List*",
            ])],
        ),
    ];
    let parsed = policies.into_iter().filter_map(|(name, statements)| {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Some((name, Document::parse(&document).ok()?))
    });
    parsed.collect()
});

fn allow(actions: &[&str]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

/// The shipped document of an AWS-managed policy (`arn:aws:iam::aws:policy/…`).
#[must_use]
pub fn shipped_policy(policy: &Arn) -> Option<&'static Document> {
    let name = policy.as_str().strip_prefix("arn:aws:iam::aws:policy/")?;
    SHIPPED.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_policies_parse() {
        assert_eq!(SHIPPED.len(), 9);
        assert!(
            shipped_policy(&Arn::parse("arn:aws:iam::aws:policy/AmazonS3FullAccess").unwrap())
                .is_some()
        );
        assert!(
            shipped_policy(
                &Arn::parse("arn:aws:iam::111122223333:policy/AmazonS3FullAccess").unwrap()
            )
            .is_none()
        );
    }
}
