//! AWS: identity and resource policies, limits, keys and grants.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! A question is put as a [`Request`]: who, which action, on what, in which context. [`policy`] decides statements,
//! [`context`] conditions, [`storage`] the S3 side, [`key`] the KMS side.
//!
//! Not modelled yet, and therefore an unknown fact where it may matter: session policies, object ACLs (a public one
//! may stand on any object while ACLs count), role assumption chains, policy variables.

mod context;
mod key;
mod policy;
mod storage;
mod subject;

pub(crate) use subject::Subject;

use super::{Answer, Decrypts, Trace};
use crate::estate::aws::Aws;
use crate::model::aws::{AccountId, Arn, Bucket, Encryption};
use crate::model::{Access, Formula, Pattern, Principal, Resource, ResourceKind};

/// What an action is done to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// One resource by ARN.
    One(Arn),
    /// All objects of a bucket, as a class.
    Objects(Pattern),
}

/// One question to the policies.
pub(crate) struct Request<'a> {
    aws: &'a Aws,
    subject: &'a Subject<'a>,
    /// In lower case (`s3:getobject`).
    action: &'a str,
    target: Target,
    /// The account that owns the resource.
    owner: &'a AccountId,
    /// For a key: the service through which it is used (`s3.eu-west-1.amazonaws.com`), if any.
    via: Option<String>,
}

pub(super) fn evaluate(
    aws: &Aws,
    principal: &Principal,
    access: Access,
    resource: &Resource,
    trace: Trace<'_>,
) -> Answer {
    let subject = Subject::of(aws, principal);
    match resource.kind {
        ResourceKind::Store => match bucket(aws, resource) {
            Some((account, bucket)) => {
                storage::evaluate(aws, &subject, access, account, bucket, trace)
            }
            None => absent(
                resource,
                !aws.accounts.is_empty() && aws.accounts.values().all(|a| a.buckets_known),
            ),
        },
        ResourceKind::Key => {
            let arn = Arn::parse(resource.name()).ok();
            match arn.as_ref().and_then(|arn| aws.keys.get(arn)) {
                Some(found) => Answer::of(key::direct(aws, &subject, access, found, trace)),
                None => {
                    let account = arn.and_then(|a| a.account()).and_then(|a| aws.accounts.get(&a));
                    absent(resource, account.is_some_and(|a| a.keys_known))
                }
            }
        }
    }
}

/// What is not in the estate does not exist where the list is known, and is unknown where it is not.
fn absent(resource: &Resource, listed: bool) -> Answer {
    if listed {
        Answer::never()
    } else {
        Answer::of(Formula::unknown(format!("{resource} is not in the estate")))
    }
}

/// The bucket of a store, with its account.
pub(super) fn bucket<'a>(aws: &'a Aws, store: &Resource) -> Option<(&'a AccountId, &'a Bucket)> {
    let name = store.name().strip_prefix("arn:aws:s3:::")?;
    aws.buckets.get(name).map(|(account, bucket)| (account, bucket))
}

pub(super) fn decrypts(aws: &Aws, store: &Resource) -> Decrypts {
    match bucket(aws, store).and_then(|(_, b)| b.encryption.as_ref()).map(|e| &e.current) {
        Some(Encryption::Kms { .. } | Encryption::AwsManagedKey) => Decrypts::AsCaller,
        Some(Encryption::S3Managed) => Decrypts::ProviderKey,
        None => Decrypts::Unknown,
    }
}
