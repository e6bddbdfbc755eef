//! The S3 side: bucket policy and the requester's own side, access points, ACL, and both locks together.

use super::identity::{identity, identity_beside, own_side_missing};
use super::organization::resource_control;
use super::own::Limits;
use super::policy::{ResourceSaid, resource_says};
use super::subject::Subject;
use super::{
    Asked, EncryptionContext, Request, ResourceTags, Target, Via, acl, key, point, public_access,
};
use crate::access::{Answer, Lock, Trace};
use crate::estate::aws::{Aws, OrganizationPolicyKind};
use crate::model::aws::{
    AccountId, Action, Arn, Bucket, BucketEncryption, Effect, Encryption, Known, Ownership,
    PrincipalMatch, PrincipalPattern,
};
use crate::model::{Access, Formula, Pattern};
use std::sync::Arc;

/// A bucket that is asked about, with all that the answers need.
pub(super) struct Store<'a> {
    pub(super) aws: &'a Aws,
    pub(super) owner: &'a AccountId,
    pub(super) bucket: &'a Bucket,
    pub(super) asked: Asked<'a>,
    arn: Arn,
    objects: Pattern,
    /// `s3.eu-west-1.amazonaws.com`.
    service: Arc<str>,
    limits: Limits<'a>,
    /// The keys behind the default encryptions, resolved.
    keys: Vec<(&'a str, Option<Arn>)>,
}

/// What of a bucket an action is done to.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// All objects, as a class.
    Objects,
    /// One object.
    Object(&'a Arn),
    /// The bucket itself.
    Bucket,
}

/// The S3 actions behind a kind of access; any one is enough.
const fn actions(access: Access) -> &'static [Known] {
    match access {
        Access::Read => &[Known::GetObject],
        Access::Write => &[Known::PutObject],
        Access::Delete => &[Known::DeleteObject],
        Access::Administer => &[
            Known::PutBucketPolicy,
            Known::PutBucketAcl,
            Known::PutBucketPublicAccessBlock,
            Known::PutBucketOwnershipControls,
        ],
        Access::Decrypt | Access::KeyAdminister => &[],
    }
}

impl<'a> Store<'a> {
    pub(super) fn of(
        aws: &'a Aws,
        owner: &'a AccountId,
        bucket: &'a Bucket,
        asked: Asked<'a>,
    ) -> Self {
        let arn = bucket.arn();
        let texts = bucket.encryption.iter().flat_map(BucketEncryption::keys).map(|key| &**key);
        Self {
            aws,
            owner,
            bucket,
            asked,
            objects: Pattern::new(format!("{arn}/*")),
            arn,
            service: format!("s3.{}.amazonaws.com", bucket.region).into(),
            limits: Limits::of(aws, owner, OrganizationPolicyKind::Resource),
            keys: texts.map(|key| (key, aws.resolve_key(key, owner, &bucket.region))).collect(),
        }
    }

    pub(super) fn evaluate(
        &self,
        subject: &Subject<'_>,
        access: Access,
        both_locks: bool,
        trace: &mut Trace<'_>,
    ) -> Answer {
        let part = match access {
            Access::Read | Access::Write | Access::Delete => Part::Objects,
            Access::Administer | Access::Decrypt | Access::KeyAdminister => Part::Bucket,
        };
        let mut storage = Formula::never();
        for action in actions(access) {
            if storage.is_always() {
                break;
            }
            storage = storage.or(self.allowed(subject, (*action).into(), part, access, trace));
        }
        if access == Access::Administer && !storage.is_always() {
            storage = storage
                .or(point::administer(self, subject, trace))
                .or(self.by_root(subject, trace));
        }
        if storage.is_never() && !both_locks {
            return Answer::of(storage);
        }
        self.with_key(subject, access, part, storage, trace)
    }

    /// The owner's root user keeps the bucket policy whatever it says; only the organisation can stop him.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
    fn by_root(&self, subject: &Subject<'_>, trace: &mut Trace<'_>) -> Formula {
        match subject {
            Subject::Account(account) if account == self.owner => {
                let request = self.request(subject, Known::PutBucketPolicy.into(), Part::Bucket);
                let own = identity(&request, Lock::Storage, trace);
                own.unlimited().and(resource_control(&request, trace)).unless(own.deny)
            }
            Subject::Account(_)
            | Subject::Anonymous
            | Subject::AnyAccount
            | Subject::Iam(_)
            | Subject::Outside(_)
            | Subject::Federated(_)
            | Subject::Nobody => Formula::never(),
        }
    }

    /// Both locks: the storage side is known, the key is asked for what reads and writes.
    pub(super) fn with_key(
        &self,
        subject: &Subject<'_>,
        access: Access,
        part: Part<'_>,
        storage: Formula,
        trace: &mut Trace<'_>,
    ) -> Answer {
        let action = match access {
            Access::Read => Known::Decrypt,
            Access::Write => Known::GenerateDataKey,
            // Deleting objects and changing the bucket touch no key.
            Access::Delete | Access::Administer | Access::Decrypt | Access::KeyAdminister => {
                return Answer::of(storage);
            }
        };
        let needs_no_key = |e: &Encryption| matches!(e, Encryption::S3Managed);
        match &self.bucket.encryption {
            None => Answer::of_locks(
                storage,
                Formula::unknown(format!(
                    "the encryption of {} is not in the estate",
                    self.bucket.arn()
                )),
            ),
            // New objects get the current default; objects already stored keep their key.
            Some(encryption) if access == Access::Write => {
                match needs_no_key(&encryption.current) {
                    true => Answer::of(storage),
                    false => Answer::of_locks(
                        storage,
                        self.opens(&encryption.current, subject, action, part, trace),
                    ),
                }
            }
            Some(encryption)
                if needs_no_key(&encryption.current)
                    && encryption.former.iter().all(needs_no_key) =>
            {
                Answer::of(storage)
            }
            Some(encryption) => {
                Answer::of_locks(storage, self.any_key(encryption, subject, action, part, trace))
            }
        }
    }

    /// Objects stored under a former default keep their key, so each default opens a class of objects. All of them together
    /// are all objects.
    fn any_key(
        &self,
        encryption: &BucketEncryption,
        subject: &Subject<'_>,
        action: Known,
        part: Part<'_>,
        trace: &mut Trace<'_>,
    ) -> Formula {
        let mut current = self.opens(&encryption.current, subject, action, part, trace);
        if !current.is_never() && self.may_hold_foreign_keys(&encryption.current) {
            let others = Formula::unknown("whose key encrypts objects that another account wrote");
            current = Formula::class("only objects written from the bucket's own account")
                .and(current)
                .or(Formula::class("only objects written from another account").and(others));
        }
        let former: Vec<(&Encryption, Formula)> = encryption
            .former
            .iter()
            .map(|e| (e, self.opens(e, subject, action, part, trace)))
            .collect();
        if former.iter().all(|(_, f)| *f == current) {
            return current;
        }
        let newer =
            Formula::class("only objects stored under the current default encryption").and(current);
        let older = former.into_iter().map(|(e, f)| {
            Formula::class(format!("only objects stored under {}", described(e))).and(f)
        });
        Formula::any(older).or(newer)
    }

    /// Whether one kind of encryption lets the subject through.
    fn opens(
        &self,
        encryption: &Encryption,
        subject: &Subject<'_>,
        action: Known,
        part: Part<'_>,
        trace: &mut Trace<'_>,
    ) -> Formula {
        let region = &self.bucket.region;
        let use_of = |arn: &Arn, bucket_key: Option<bool>| Via {
            service: if region.is_empty() {
                format!("s3.{}.amazonaws.com", arn.region()).into()
            } else {
                self.service.clone()
            },
            context: self.encryption_context(bucket_key, part),
        };
        match encryption {
            Encryption::S3Managed => Formula::always(),
            // Usable by all principals of the account through S3, by none outside of it.
            Encryption::AwsManagedKey => {
                let Ok(arn) =
                    Arn::parse(&format!("arn:aws:kms:{region}:{}:key/aws-s3", self.owner))
                else {
                    return Formula::never();
                };
                let via = use_of(&arn, None);
                key::managed(
                    self.aws,
                    subject,
                    action.into(),
                    self.owner,
                    &arn,
                    Some(via),
                    self.asked,
                )
            }
            Encryption::Kms { key: text, bucket_key, .. } => {
                let known = self.keys.iter().find(|(key, _)| **key == **text);
                let Some(arn) = known.and_then(|(_, arn)| arn.clone()) else {
                    return Formula::unknown(format!("`{text}` cannot be resolved to a key"));
                };
                key::through_s3(
                    self.aws,
                    subject,
                    action,
                    &arn,
                    use_of(&arn, *bucket_key),
                    self.asked,
                    trace,
                )
            }
        }
    }

    /// An alias, or an id without account, is resolved in the account of whoever writes.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html>
    fn may_hold_foreign_keys(&self, encryption: &Encryption) -> bool {
        let Encryption::Kms { key, .. } = encryption else { return false };
        if key.contains(":key/") {
            return false;
        }
        let foreign = |p: &PrincipalPattern| match p {
            PrincipalPattern::Everyone | PrincipalPattern::CanonicalUser(_) => true,
            PrincipalPattern::Account(account) => account != self.owner,
            PrincipalPattern::Arn(arn) => {
                Arn::parse(arn).ok().and_then(|a| a.account()).as_ref() != Some(self.owner)
            }
            PrincipalPattern::UniqueId(_)
            | PrincipalPattern::Service(_)
            | PrincipalPattern::Federated(_) => false,
        };
        let puts = Action::from(Known::PutObject).bit().unwrap_or_default();
        self.bucket.policy.iter().flatten().flat_map(|p| p.statements()).any(|s| {
            let named = match &s.principal {
                PrincipalMatch::Is(patterns) => patterns.iter().any(foreign),
                PrincipalMatch::Not(_) => true,
                PrincipalMatch::Attached => false,
            };
            s.effect == Effect::Allow && s.actions & puts != 0 && named
        })
    }

    fn encryption_context(&self, bucket_key: Option<bool>, part: Part<'_>) -> EncryptionContext {
        match (bucket_key, part) {
            (Some(true), _) => EncryptionContext::Bucket(self.arn.clone()),
            (Some(false), Part::Object(arn)) => EncryptionContext::Object(arn.clone()),
            (Some(false), Part::Objects | Part::Bucket) => {
                EncryptionContext::Objects(self.objects.clone())
            }
            (None, _) => EncryptionContext::Unknown,
        }
    }

    pub(super) fn request<'b>(
        &'b self,
        subject: &'b Subject<'b>,
        action: Action<'b>,
        part: Part<'_>,
    ) -> Request<'b>
    where
        'a: 'b,
    {
        Request {
            aws: self.aws,
            subject,
            action,
            target: match part {
                Part::Objects => Target::Objects(self.objects.clone()),
                Part::Object(arn) => Target::One(arn.clone()),
                Part::Bucket => Target::One(self.arn.clone()),
            },
            owner: self.owner,
            region: &self.bucket.region,
            // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html>
            tags: match self.bucket.abac {
                Some(true) => ResourceTags::Count(&self.bucket.tags),
                Some(false) => ResourceTags::Off,
                None => ResourceTags::Perhaps(&self.bucket.tags),
            },
            via: None,
            point: None,
            limits: Some(&self.limits),
            asked: self.asked,
        }
    }

    /// Whether the policies allow an action on the bucket or its objects: on the bucket directly, or through one of its access
    /// points.
    pub(super) fn allowed(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        part: Part<'_>,
        access: Access,
        trace: &mut Trace<'_>,
    ) -> Formula {
        let request = self.request(subject, action, part);
        let directly = self.directly(&request, access, trace);
        match part {
            Part::Objects | Part::Object(_) if !directly.is_always() => {
                directly.or(point::through_any(self, &request, part, trace))
            }
            Part::Objects | Part::Object(_) | Part::Bucket => directly,
        }
    }

    fn directly(&self, request: &Request<'_>, access: Access, trace: &mut Trace<'_>) -> Formula {
        let resource = self.bucket_policy(request, trace);
        let same_account = request.subject.account().as_ref() == Some(request.owner);
        let gives = !resource.any_allow().is_never();
        // From another account nothing goes without the bucket's side.
        if !same_account && !gives && self.acl_is_off() && trace.is_none() {
            return Formula::never();
        }
        let identity = identity_beside(request, Lock::Storage, gives || !self.acl_is_off(), trace);
        let blocked = if gives { public_access::blocked(self, request) } else { Formula::never() };
        if let (Some(trace), false) = (trace.as_mut(), blocked.is_never()) {
            let name = "Block Public Access, RestrictPublicBuckets";
            trace.step(Lock::Storage, name, "stops what the policy gives to the public");
        }
        let resource = resource.unless(&blocked);
        if !same_account {
            own_side_missing(request, Lock::Storage, &resource.any_allow(), &identity, trace);
        }
        let allow = if same_account {
            // A resource policy that names the principal is enough in its own account; an account's own statement adds
            // nothing to identity policies.
            identity.limited(resource.direct, resource.session, identity.allow.clone())
        } else {
            match request.subject {
                Subject::Anonymous => resource.direct,
                Subject::AnyAccount
                | Subject::Account(_)
                | Subject::Outside(_)
                | Subject::Iam(_) => identity.with_consent_of(resource.any_allow()),
                Subject::Federated(_) | Subject::Nobody => Formula::never(),
            }
        };
        let by_acl = acl::allows(self, request, access, trace);
        let by_acl = match request.subject {
            Subject::Iam(_) => identity.with_consent_of(by_acl),
            Subject::Anonymous
            | Subject::AnyAccount
            | Subject::Account(_)
            | Subject::Outside(_)
            | Subject::Federated(_)
            | Subject::Nobody => by_acl,
        };
        let allow = allow.or(by_acl);
        if allow.is_never() && trace.is_none() {
            return allow;
        }
        // An explicit Deny wins over policies and ACLs alike.
        let deny = resource.deny.or(identity.deny);
        allow.and(resource_control(request, trace)).unless(deny)
    }

    fn acl_is_off(&self) -> bool {
        self.bucket.ownership == Some(Ownership::BucketOwnerEnforced)
    }

    pub(super) fn bucket_policy(
        &self,
        request: &Request<'_>,
        trace: &mut Trace<'_>,
    ) -> ResourceSaid {
        match &self.bucket.policy {
            Some(Some(policy)) => resource_says(
                policy,
                request,
                Some(Lock::Storage),
                format_args!("bucket policy"),
                trace,
            ),
            Some(None) => ResourceSaid::nothing(),
            None => ResourceSaid::unknown(&format!(
                "the policy of {} is not in the estate",
                self.bucket.arn()
            )),
        }
    }
}

fn described(encryption: &Encryption) -> String {
    match encryption {
        Encryption::S3Managed => "SSE-S3".to_owned(),
        Encryption::AwsManagedKey => "the AWS-managed key aws/s3".to_owned(),
        Encryption::Kms { key, .. } => format!("key {key}"),
    }
}
