//! AWS: from a CloudTrail call to a change.
//!
//! Matched on eventSource *and* eventName: names collide between services (`DeleteRule` in events and waf, `CreateUser` in
//! iam and sso-directory). Names that the catalogue marks with ° were looked up in the S3, KMS, Lambda, Organizations
//! and Identity Center CloudTrail pages where those list them; the rest follow the API reference, whose operation names
//! CloudTrail uses unless told otherwise (`PutBucketEncryption`, `PutBucketLifecycle`, `PutBucketReplication`).

mod iam;
mod kind;
mod kms;
mod s3;

use super::edit::{AwsEdit, Edit};
use super::{Change, Claim, Dropped, Kind, names};
use crate::event::aws::Call;
use crate::event::clip;
use crate::model::aws::Document;
use crate::model::json;
use serde_json::Value;
use std::sync::Arc;

/// The change that a call makes, whether or not it succeeded.
pub(super) fn recognise(call: &Call) -> Result<Change, Dropped> {
    let kind = kind(call)?;
    let mut doubt = call.omitted.then(|| {
        "the request was left out of the record as too large: a way to hide a change".to_owned()
    });
    let (claim, resource) = claim(kind, call, &mut doubt);
    let resource = resource.unwrap_or_else(|| {
        target(&claim).or_else(|| call.resources.first().cloned()).unwrap_or_default()
    });
    Ok(Change { kind, resource: clip(&resource, 2_000), claim, doubt })
}

fn kind(call: &Call) -> Result<Kind, Dropped> {
    let service = call.source.strip_suffix(".amazonaws.com").unwrap_or(&call.source);
    if let Some(kind) = kind::listed(service, &call.name, call) {
        return Ok(kind);
    }
    let reads = call.read_only.unwrap_or_else(|| names::only_reads(&call.name))
        || names::only_reads(&call.name);
    let kind = match service {
        "iam" => Kind::IamOther,
        "kms" if !names::only_uses(&call.name) => Kind::KmsOther,
        "s3" if !call.data_event => Kind::S3Other,
        "cloudtrail" => Kind::TrailChanged,
        "events" => Kind::EventRuleChanged,
        _ if reads => return Err(Dropped::ReadOnly),
        _ => return Err(Dropped::Unrelated),
    };
    if reads { Err(Dropped::ReadOnly) } else { Ok(kind) }
}

/// The claim, and the resource's name where it is not the target of the claim.
fn claim(kind: Kind, call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let service = call.source.strip_suffix(".amazonaws.com").unwrap_or(&call.source);
    match service {
        "s3" => s3::claim(kind, call, doubt),
        "kms" => kms::claim(call, doubt),
        "iam" => iam::claim(call, doubt),
        "organizations" => organizations_claim(call, doubt),
        _ => (Claim::Outside, name_in_request(call)),
    }
}

/// A document of a request; one that cannot be read puts the whole claim in doubt.
fn document(value: Option<&Value>, doubt: &mut Option<String>) -> Option<Document> {
    match Document::parse(value?) {
        Ok(document) => Some(document),
        Err(error) => {
            doubt.get_or_insert_with(|| format!("the event's policy cannot be read: {error}"));
            None
        }
    }
}

fn aws(edit: AwsEdit) -> Claim {
    Claim::Edits(vec![Edit::Aws(edit)])
}

fn organizations_claim(call: &Call, doubt: &mut Option<String>) -> (Claim, Option<String>) {
    let text = |key: &str| json::text(&call.request, key);
    let Some(policy) = text("policyId").map(Arc::<str>::from) else {
        return (Claim::Outside, name_in_request(call));
    };
    let claim = match call.name.as_str() {
        "AttachPolicy" | "DetachPolicy" => text("targetId").map_or(Claim::Outside, |target| {
            let attached = call.name == "AttachPolicy";
            aws(AwsEdit::OrganizationAttachment {
                policy: policy.clone(),
                target: target.into(),
                attached,
            })
        }),
        "UpdatePolicy" => document(call.request.get("content"), doubt)
            .map_or(Claim::Outside, |d| {
                aws(AwsEdit::OrganizationPolicy { id: policy.clone(), document: Some(d) })
            }),
        // A policy can only be deleted once it is attached nowhere: nothing changes any more.
        _ => Claim::Outside,
    };
    (claim, Some(policy.to_string()))
}

/// The first member of the request that names something, for people.
fn name_in_request(call: &Call) -> Option<String> {
    const NAMES: [&str; 22] = [
        "functionName",
        "name",
        "rule",
        "trailName",
        "queueUrl",
        "tableName",
        "roleArn",
        "openIDConnectProviderArn",
        "sAMLProviderArn",
        "instanceProfileName",
        "userName",
        "policyArn",
        "resourceShareArn",
        "permissionSetArn",
        "targetId",
        "snapshotId",
        "dBSnapshotIdentifier",
        "secretId",
        "repositoryName",
        "backupVaultName",
        "keyId",
        "customKeyStoreId",
    ];
    // An event source mapping is named by a UUID; the answer says whose it is.
    let answered = json::text(&call.response, "functionArn");
    let text = NAMES.iter().find_map(|name| json::text(&call.request, name)).or(answered)?;
    // Rules and functions go by ARN in keyfence's own list.
    let built = match (call.source.as_str(), &call.account) {
        ("events.amazonaws.com", Some(account)) if !text.starts_with("arn:") => {
            let bus = json::text(&call.request, "eventBusName")
                .filter(|b| *b != "default")
                .map_or_else(String::new, |b| format!("{b}/"));
            Some(format!("arn:aws:events:{}:{account}:rule/{bus}{text}", call.region))
        }
        ("lambda.amazonaws.com", Some(account)) => {
            // A name, a partial ARN (`<account>:function:<name>`) or an ARN, each perhaps with `:<alias or version>`.
            let parts: Vec<&str> = text.split(':').collect();
            let name = match parts.iter().position(|p| *p == "function") {
                Some(i) => parts.get(i + 1),
                None => parts.first(),
            };
            name.map(|name| format!("arn:aws:lambda:{}:{account}:function:{name}", call.region))
        }
        (_, _) => None,
    };
    Some(built.unwrap_or_else(|| text.to_owned()))
}

fn target(claim: &Claim) -> Option<String> {
    match claim {
        Claim::Touched(target) => Some(target.to_string()),
        Claim::Edits(_) | Claim::Outside => None,
    }
}
