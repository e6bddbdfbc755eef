//! AWS: identity and resource policies, limits, keys and grants. The rules are numbered in `semantics/aws.md`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! A question is put as a [`Request`]: who, which action, on what, in which context. [`policy`] decides statements,
//! [`context`] conditions, [`identity`] the requester's own side, [`organization`] the limits of the organisation,
//! [`storage`] the S3 side with [`public_access`], [`acl`] and access points ([`point`]), [`key`] the KMS side with grants. [`indirect`]
//! follows the ways around: roles that can be assumed, and power over principals.

mod acl;
mod context;
mod identity;
pub(super) mod indirect;
mod key;
mod operator;
mod organization;
mod own;
mod point;
mod policy;
pub(super) mod power;
mod public_access;
mod request;
mod storage;
mod subject;
mod variable;

pub(crate) use subject::Subject;

use super::request::{Context, NOTHING};
use super::{Answer, Decrypts, Trace};
use crate::estate::aws::Aws;
use crate::model::aws::{AccessPoint, AccountId, Action, Arn, Bucket, Document, Encryption};
use crate::model::{Access, Formula, Pattern, Resource, ResourceKind};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use indirect::{Memory, evaluate};
pub(super) use request::can;

/// What an action is done to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// One resource by ARN.
    One(Arn),
    /// All objects of a bucket, as a class.
    Objects(Pattern),
}

/// What a request carries beside who, what and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    context: &'a Context,
    /// Session policies; empty for none.
    sessions: &'a [Document],
}

/// A request of which nothing more is known.
const PLAIN: Asked<'static> = Asked { context: &NOTHING, sessions: &[] };

/// One question to the policies.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    aws: &'a Aws,
    subject: &'a Subject<'a>,
    action: Action<'a>,
    target: Target,
    /// The account that owns the resource.
    owner: &'a AccountId,
    /// The region of the resource; empty when it is not known, or there is none.
    region: &'a str,
    /// The tags of the resource, as far as conditions may see them.
    tags: ResourceTags<'a>,
    /// For a key: the service through which it is used, if any.
    via: Option<Via>,
    /// Resource control policies of the owner, where they were looked up before.
    limits: Option<&'a own::Limits<'a>>,
    /// The access point through which a bucket is used, if any.
    point: Option<&'a AccessPoint>,
    asked: Asked<'a>,
}

/// Tags of a resource in conditions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ResourceTags<'a> {
    /// They count.
    Count(&'a BTreeMap<Arc<str>, Arc<str>>),
    /// They do not count: a bucket without attribute-based access control, or no resource with tags.
    Off,
    /// Whether they count is not known.
    Perhaps(&'a BTreeMap<Arc<str>, Arc<str>>),
    /// They are not known.
    Unknown,
}

/// A service that uses a key for the requester.
#[derive(Debug, Clone)]
struct Via {
    /// `s3.eu-west-1.amazonaws.com`.
    service: Arc<str>,
    context: EncryptionContext,
}

/// What S3 gives KMS as `aws:s3:arn`: the bucket with a bucket key, the object without one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context>
#[derive(Debug, Clone)]
enum EncryptionContext {
    Bucket(Arn),
    Objects(Pattern),
    Object(Arn),
    /// Whether there is a bucket key is not known.
    Unknown,
}

/// What the principal may do himself, without becoming anybody else.
fn direct(
    aws: &Aws,
    subject: &Subject<'_>,
    access: Access,
    resource: &Resource,
    asked: Asked<'_>,
    trace: &mut Trace<'_>,
) -> Answer {
    match resource.kind {
        ResourceKind::Store => match bucket(aws, resource) {
            Some((account, bucket)) => storage::Store::of(aws, account, bucket, asked)
                .evaluate(subject, access, true, trace),
            None => absent(
                resource,
                !aws.accounts.is_empty() && aws.accounts.values().all(|a| a.buckets_known),
            ),
        },
        ResourceKind::Key => {
            let arn = Arn::parse(resource.name()).ok();
            match arn.as_ref().and_then(|arn| aws.keys.get(arn)) {
                Some(found) => Answer::of(key::direct(aws, subject, access, found, asked, trace)),
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
    // A bucket is known by its name alone, whatever the partition that its ARN was written with.
    let arn = Arn::parse(store.name()).ok().filter(|arn| arn.service() == "s3")?;
    aws.buckets.get(arn.resource()).map(|(account, bucket)| (account, bucket))
}

pub(super) fn decrypts(aws: &Aws, store: &Resource) -> Decrypts {
    match bucket(aws, store).and_then(|(_, b)| b.encryption.as_ref()).map(|e| &e.current) {
        Some(Encryption::Kms { .. } | Encryption::AwsManagedKey) => Decrypts::AsCaller,
        Some(Encryption::S3Managed) => Decrypts::ProviderKey,
        None => Decrypts::Unknown,
    }
}
