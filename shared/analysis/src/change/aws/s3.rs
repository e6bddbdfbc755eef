//! What calls of S3 claim.

use super::{aws, document};
use crate::change::edit::{AwsEdit, BucketEdit, Target};
use crate::change::{Claim, Kind};
use crate::event::aws::Call;
use crate::model::aws::{
    AccountId, Acl, AclGrant, AclGrantee, Arn, Encryption, Ownership, PublicAccessBlock,
};
use crate::model::json;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn claim(
    kind: Kind,
    call: &Call,
    doubt: &mut Option<String>,
) -> (Claim, Option<String>) {
    if kind == Kind::AccountPublicAccessBlockChanged {
        let account = control_account(call).or_else(|| call.account.clone());
        let block = if call.name.starts_with("Delete") {
            Some(PublicAccessBlock::default())
        } else {
            block(&call.request)
        };
        let resource = account.as_ref().map(|a| a.root().as_str().to_owned());
        let claim = match (account, block) {
            (Some(account), Some(block)) => {
                aws(AwsEdit::AccountBlock { account, block: Some(block) })
            }
            (_, _) => Claim::Outside,
        };
        return (claim, resource);
    }
    let listed = || call.resources.iter().find_map(|r| r.strip_prefix("arn:aws:s3:::"));
    let named = json::text(&call.request, "bucketName").or_else(listed);
    let Some(bucket) = named.filter(|b| !b.contains('/')).map(Arc::<str>::from) else {
        return (Claim::Outside, None);
    };
    let touched = || Claim::Touched(Target::Bucket(bucket.clone()));
    let edit = |edit: BucketEdit| aws(AwsEdit::Bucket(bucket.clone(), edit));
    let claim = match call.name.as_str() {
        // Recorded events hold `{}` for a policy that was too much: that is no empty policy.
        "PutBucketPolicy" => {
            let policy = call
                .request
                .get("bucketPolicy")
                .filter(|p| p.get("Statement").is_some() || p.is_string());
            document(policy, doubt)
                .map_or_else(touched, |d| edit(BucketEdit::Policy(Some(Some(d)))))
        }
        "DeleteBucketPolicy" => edit(BucketEdit::Policy(Some(None))),
        "PutBucketPublicAccessBlock" => {
            block(&call.request).map_or_else(touched, |b| edit(BucketEdit::Block(Some(b))))
        }
        "DeleteBucketPublicAccessBlock" => {
            edit(BucketEdit::Block(Some(PublicAccessBlock::default())))
        }
        "PutBucketEncryption" => encryption(&call.request)
            .map_or_else(touched, |to| edit(BucketEdit::DefaultEncryption(to))),
        // Since January 2023 a bucket without a configuration encrypts with SSE-S3.
        "DeleteBucketEncryption" => edit(BucketEdit::DefaultEncryption(Encryption::S3Managed)),
        "PutBucketAcl" => {
            acl(&call.request).map_or_else(touched, |acl| edit(BucketEdit::Acl(Some(acl))))
        }
        "PutBucketOwnershipControls" => {
            ownership(&call.request).map_or_else(touched, |o| edit(BucketEdit::Ownership(Some(o))))
        }
        // Without ownership controls the object writer owns, and ACLs count.
        "DeleteBucketOwnershipControls" => {
            edit(BucketEdit::Ownership(Some(Ownership::ObjectWriter)))
        }
        "DeleteBucket" => edit(BucketEdit::Whole(None)),
        "CreateBucket" | "PutObjectAcl" | "PutBucketTagging" | "DeleteBucketTagging" => touched(),
        _ => Claim::Outside,
    };
    (claim, Some(Arn::bucket(&bucket).as_str().to_owned()))
}

/// `<account>.s3-control.<region>.amazonaws.com`: account-level calls name their account nowhere else.
fn control_account(call: &Call) -> Option<AccountId> {
    let host = json::first(&call.request, &["Host", "host"]).and_then(json::scalar)?;
    let (account, _) = host.split_once(".s3-control.")?;
    AccountId::parse(account)
}

fn block(request: &Value) -> Option<PublicAccessBlock> {
    let flags = request.get("PublicAccessBlockConfiguration")?;
    let flag = |name: &str| flags.get(name).and_then(json::boolean).unwrap_or(false);
    Some(PublicAccessBlock {
        block_public_acls: flag("BlockPublicAcls"),
        ignore_public_acls: flag("IgnorePublicAcls"),
        block_public_policy: flag("BlockPublicPolicy"),
        restrict_public_buckets: flag("RestrictPublicBuckets"),
    })
}

fn encryption(request: &Value) -> Option<Encryption> {
    let configuration = request.get("ServerSideEncryptionConfiguration")?;
    let rules = json::first(configuration, &["Rule", "Rules"]).map(json::list)?;
    Encryption::of_rule(rules.first()?)
}

fn ownership(request: &Value) -> Option<Ownership> {
    let controls = request.get("OwnershipControls")?;
    let rules = json::first(controls, &["Rule", "Rules"]).map(json::list)?;
    let word = rules.first()?.get("ObjectOwnership")?;
    serde_json::from_value(word.clone()).ok()
}

/// Three shapes: a canned ACL, an access control policy, and grant headers. Scalars and one-element lists alternate.
fn acl(request: &Value) -> Option<Acl> {
    if let Some(canned) = request.get("x-amz-acl").and_then(json::scalar) {
        return canned_acl(canned);
    }
    if let Some(policy) = request.get("AccessControlPolicy") {
        return Acl::parse(policy);
    }
    let headers = request.get("accessControlList").unwrap_or(request).as_object()?;
    let mut grants = Vec::new();
    for (name, value) in headers {
        let Some(permission) = name.strip_prefix("x-amz-grant-") else { continue };
        let permission = permission.to_uppercase().replace('-', "_");
        for grantee in json::scalar(value)?.split(',') {
            let grantee = match grantee.trim().split_once('=') {
                Some((kind, name)) => grantee_of(kind, name.trim_matches('"')),
                None => AclGrantee::Other(grantee.trim().into()),
            };
            grants.push(AclGrant { grantee, permission: permission.as_str().into() });
        }
    }
    (!grants.is_empty()).then_some(Acl { owner: None, grants })
}

fn grantee_of(kind: &str, name: &str) -> AclGrantee {
    match kind {
        "uri" => AclGrantee::of_group(name),
        "id" => AclGrantee::CanonicalUser(name.into()),
        _ => AclGrantee::Other(name.into()),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
fn canned_acl(name: &str) -> Option<Acl> {
    let grant =
        |grantee: AclGrantee, permission: &str| AclGrant { grantee, permission: permission.into() };
    let grants = match name {
        "private"
        | "bucket-owner-read"
        | "bucket-owner-full-control"
        | "log-delivery-write"
        | "aws-exec-read" => Vec::new(),
        "public-read" => vec![grant(AclGrantee::AllUsers, "READ")],
        "public-read-write" => {
            vec![grant(AclGrantee::AllUsers, "READ"), grant(AclGrantee::AllUsers, "WRITE")]
        }
        "authenticated-read" => vec![grant(AclGrantee::AuthenticatedUsers, "READ")],
        _ => return None,
    };
    Some(Acl { owner: None, grants })
}
