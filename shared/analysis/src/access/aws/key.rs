//! The KMS side: the key policy has primacy.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
//!
//! Identity policies count only where the key policy hands the decision to the account (`Principal: …:root`). That
//! statement is delegation, not access for everybody in the account. Grants add to the key policy. A key that is not
//! enabled decrypts for nobody.

use super::identity::{Identity, identity, identity_beside, own_side_missing};
use super::organization::resource_control;
use super::policy::{ResourceSaid, arn_names, resource_says};
use super::subject::Subject;
use super::{Asked, EncryptionContext, Request, ResourceTags, Target, Via};
use crate::access::{Lock, Trace, Tracer, verb_if};
use crate::estate::aws::Aws;
use crate::model::aws::{AccountId, Action, Arn, Constraint, Key, KeyState, KmsGrant, Known};
use crate::model::{Access, Formula, Overlap, Pattern};

/// Direct use of a key or power over it, without any service in between.
pub(super) fn direct(
    aws: &Aws,
    subject: &Subject<'_>,
    access: Access,
    key: &Key,
    asked: Asked<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    let actions: &[Known] = match access {
        Access::Decrypt => &[Known::Decrypt, Known::ReEncryptFrom],
        Access::KeyAdminister => &[
            Known::PutKeyPolicy,
            Known::CreateGrant,
            Known::ScheduleKeyDeletion,
            Known::DisableKey,
        ],
        Access::Read | Access::Write | Access::Delete | Access::Administer => {
            return Formula::never();
        }
    };
    let usable = if access == Access::Decrypt { usable(key, trace) } else { Formula::always() };
    let mut any = Formula::never();
    for action in actions {
        if any.is_always() {
            break;
        }
        any = any.or(allowed(aws, subject, (*action).into(), key, None, asked, trace));
    }
    any.and(usable)
}

/// Use of a key by S3 on behalf of the subject.
pub(super) fn through_s3(
    aws: &Aws,
    subject: &Subject<'_>,
    action: Known,
    arn: &Arn,
    via: Via,
    asked: Asked<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    // KMS needs an identity: anonymous requests for SSE-KMS objects always fail.
    if matches!(subject, Subject::Anonymous | Subject::Federated(_) | Subject::Nobody) {
        return Formula::never();
    }
    let Some(key) = aws.keys.get(arn) else {
        return Formula::unknown(format!("key {arn} is not in the estate"));
    };
    allowed(aws, subject, action.into(), key, Some(via), asked, trace).and(usable(key, trace))
}

/// The policies of AWS-managed keys cannot be changed: they admit all principals of the account through their service and
/// nobody else. A Deny of the principal's own side still counts; resource control policies do not.
pub(super) fn managed(
    aws: &Aws,
    subject: &Subject<'_>,
    action: Action<'_>,
    owner: &AccountId,
    arn: &Arn,
    via: Option<Via>,
    asked: Asked<'_>,
) -> Formula {
    if via.is_none() || subject.account().as_ref() != Some(owner) {
        return Formula::never();
    }
    let request = Request {
        aws,
        subject,
        action,
        target: Target::One(arn.clone()),
        owner,
        region: arn.region(),
        tags: ResourceTags::Off,
        via,
        point: None,
        limits: None,
        asked,
    };
    let identity = identity(&request, Lock::Key, &mut None);
    // Their policies name everyone: no boundary limits what everyone has.
    identity.controlled().unless(identity.deny)
}

pub(super) fn usable(key: &Key, trace: &mut Trace<'_>) -> Formula {
    let why = match key.state {
        Some(KeyState::Enabled) => return Formula::always(),
        None => {
            let arn = &key.arn;
            return Formula::unknown(format!("the state of key {arn} is not in the estate"));
        }
        Some(KeyState::Disabled) => "is disabled: nobody decrypts",
        Some(KeyState::PendingDeletion) => "waits for its deletion: nobody decrypts",
        Some(KeyState::PendingImport) => "has no key material: nobody decrypts",
        Some(KeyState::Unavailable) => "is not available: nobody decrypts",
    };
    if let Some(trace) = trace {
        trace.step(Lock::Key, format!("state of key {}", key.arn), why);
    }
    Formula::never()
}

pub(super) fn allowed(
    aws: &Aws,
    subject: &Subject<'_>,
    action: Action<'_>,
    key: &Key,
    via: Option<Via>,
    asked: Asked<'_>,
    trace: &mut Trace<'_>,
) -> Formula {
    if matches!(subject, Subject::Anonymous | Subject::Federated(_) | Subject::Nobody) {
        return Formula::never();
    }
    let Some(owner) = key.arn.account() else { return Formula::never() };
    if key.aws_managed {
        return managed(aws, subject, action, &owner, &key.arn, via, asked);
    }
    let request = Request {
        aws,
        subject,
        action,
        target: Target::One(key.arn.clone()),
        owner: &owner,
        region: key.arn.region(),
        tags: ResourceTags::Count(&key.tags),
        via,
        point: None,
        limits: None,
        asked,
    };
    let said = key_policy(key, &request, trace);
    let mut own = trace.is_some().then(Tracer::default);
    let granted = !key.grants_known || may_be_granted(key, &request);
    if said.any_allow().is_never() && !granted && trace.is_none() {
        return Formula::never();
    }
    let gives = granted || !said.direct.is_never() || !said.session.is_never();
    let identity = identity_beside(&request, Lock::Key, gives, &mut own.as_mut());
    if let (Some(trace), true) = (trace.as_mut(), said.any_allow().is_never()) {
        let why = "says nothing of him, and does not delegate to his account: what identity policies allow does not count";
        trace.explain_last("key policy", why);
    }
    let by_policy = if subject.account().as_ref() == Some(&owner) {
        let own = said.delegated.clone().and(identity.allow.clone());
        identity.limited(said.direct, said.session, own)
    } else {
        // From another account both sides must allow.
        own_side_missing(&request, Lock::Key, &said.any_allow(), &identity, trace);
        identity.with_consent_of(said.any_allow())
    };
    if let (Some(trace), Some(own)) = (trace.as_mut(), own) {
        let counts = !said.delegated.is_never();
        trace.join(own, counts);
    }
    let by_grant = grants(key, &request, &identity, trace);
    let allow = by_policy.or(by_grant);
    if allow.is_never() && trace.is_none() {
        return allow;
    }
    let deny = said.deny.or(identity.deny);
    allow.and(resource_control(&request, trace)).unless(deny)
}

/// What the key policy gives the subject by name, and what it hands on to his account.
fn key_policy(key: &Key, request: &Request<'_>, trace: &mut Trace<'_>) -> ResourceSaid {
    match &key.policy {
        Some(policy) => {
            resource_says(policy, request, Some(Lock::Key), format_args!("key policy"), trace)
        }
        None => {
            ResourceSaid::unknown(&format!("the policy of key {} is not in the estate", key.arn))
        }
    }
}

/// What grants give. The grant operation is the action without its prefix. A grantee of another account needs nothing on his
/// own side (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html> gives a key
/// of another account by a grant alone). Service control policies restrict grants too
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html>); how boundaries and session policies apply
/// is not documented: then it is an unknown fact. <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
fn grants(key: &Key, request: &Request<'_>, identity: &Identity, trace: &mut Trace<'_>) -> Formula {
    let unknown = if key.grants_known {
        Formula::never()
    } else {
        Formula::unknown(format!("the grants of key {} are not in the estate", key.arn))
    };
    let operation = request.action.name().strip_prefix("kms:").unwrap_or(request.action.name());
    let mut given = Formula::never();
    for grant in key.grants.values().filter(|g| is_ours(g, request)) {
        if !grant.operations.iter().any(|o| o.eq_ignore_ascii_case(operation)) {
            continue;
        }
        let for_me = is_grantee(&grant.grantee, request, identity);
        if for_me.is_never() {
            continue;
        }
        let constrained = Formula::all(grant.constraints.iter().map(|c| meets(c, grant, request)));
        if let (Some(trace), false) = (trace.as_mut(), constrained.is_never()) {
            trace.evidence(Lock::Key, format!("KMS grant {}", grant.id), false);
            let said = verb_if("allows", &constrained);
            trace.step(Lock::Key, format!("KMS grant {}", grant.id), said);
        }
        given = given.or(for_me.and(constrained));
    }
    if given.is_never() {
        return unknown;
    }
    let limited = if identity.unbounded().is_always() {
        Formula::always()
    } else {
        Formula::unknown("how the limits on the grantee apply to a KMS grant")
    };
    given.and(limited).and(identity.controlled()).or(unknown)
}

/// Whether a grant is none that a service made for itself; a role that a service made is the service's alone, and is asked about as
/// itself.
fn is_ours(grant: &KmsGrant, request: &Request<'_>) -> bool {
    !grant.for_service || request.subject.arn().is_some_and(|own| own.as_str() == &*grant.grantee)
}

/// Whether some grant is for the operation and may be for the subject.
fn may_be_granted(key: &Key, request: &Request<'_>) -> bool {
    let operation = request.action.name().strip_prefix("kms:").unwrap_or(request.action.name());
    let account = request.subject.account();
    key.grants.values().any(|grant| {
        is_ours(grant, request)
            && grant.operations.iter().any(|o| o.eq_ignore_ascii_case(operation))
            && account.as_ref().is_some_and(|a| grant.grantee.contains(a.as_str()))
    })
}

/// Whether the encryption context of a request meets a constraint. `EncryptionContextEquals` wants exactly its pairs,
/// `EncryptionContextSubset` all of them. Through S3 the context is `aws:s3:arn`, and what the writer of an object added.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
fn meets(constraint: &Constraint, grant: &KmsGrant, request: &Request<'_>) -> Formula {
    let residue = || {
        Formula::condition(format!(
            "the encryption context meets {constraint} of grant {}",
            grant.id
        ))
    };
    let Some(via) = &request.via else {
        return directly_meets(constraint, request).map_or_else(residue, Formula::known);
    };
    let arn = constraint.pairs.iter().find(|(key, _)| &***key == "aws:s3:arn").map(|(_, v)| v);
    let of_arn = match (arn, &via.context) {
        // Only what the writer added can meet a constraint without the ARN; S3 always sends the ARN.
        (None, _) if constraint.exact => return Formula::never(),
        (None, _) => Formula::always(),
        (Some(wanted), EncryptionContext::Bucket(bucket)) => {
            Formula::known(&**wanted == bucket.as_str())
        }
        (Some(wanted), EncryptionContext::Object(object)) => {
            Formula::known(&**wanted == object.as_str())
        }
        (Some(wanted), EncryptionContext::Objects(objects)) => {
            let wanted = Pattern::new(wanted.clone());
            match wanted.overlap(objects) {
                Overlap::Whole => Formula::always(),
                Overlap::Part => Formula::objects(wanted),
                Overlap::None => Formula::never(),
            }
        }
        (Some(_), EncryptionContext::Unknown) => return residue(),
    };
    // Further pairs: whoever stored the object may have added them.
    let added = constraint.pairs.len() > usize::from(arn.is_some());
    if added && request.asked.context.is_closed() {
        return directly_meets_others(constraint, request)
            .map_or_else(residue, |m| of_arn.and(Formula::known(m)));
    }
    if added { of_arn.and(residue()) } else { of_arn }
}

/// The context that a caller gives himself, when it is known.
fn directly_meets(constraint: &Constraint, request: &Request<'_>) -> Option<bool> {
    if !request.asked.context.is_closed() {
        return None;
    }
    let all = constraint.pairs.iter().all(|(key, value)| pair_is(key, value, request));
    let sent = request
        .asked
        .context
        .iter()
        .filter(|(k, _)| k.starts_with("kms:encryptioncontext:"))
        .count();
    Some(all && (!constraint.exact || sent == constraint.pairs.len()))
}

fn directly_meets_others(constraint: &Constraint, request: &Request<'_>) -> Option<bool> {
    let others = constraint.pairs.iter().filter(|(key, _)| &***key != "aws:s3:arn");
    Some(others.into_iter().all(|(key, value)| pair_is(key, value, request)))
}

fn pair_is(key: &str, value: &str, request: &Request<'_>) -> bool {
    let name = format!("kms:encryptioncontext:{}", key.to_lowercase());
    request.asked.context.get(&name).is_some_and(|v| v.iter().any(|v| &**v == value))
}

/// Whether a grantee is the subject: himself, one session of his, or his account, which hands on to identity policies.
fn is_grantee(grantee: &str, request: &Request<'_>, identity: &Identity) -> Formula {
    let Ok(arn) = Arn::parse(grantee) else { return Formula::never() };
    match (request.subject, arn.resource()) {
        (Subject::Account(account), "root") => {
            Formula::known(arn.account().as_ref() == Some(account))
        }
        (Subject::Iam(_) | Subject::Outside(_), "root")
            if arn.account() == request.subject.account() =>
        {
            identity.allow.clone()
        }
        (_, _) => arn_names(grantee, request.subject),
    }
}

/// Whether the key policy hands an action on to identity policies, and the limits on the subject leave it.
pub(super) fn delegates(aws: &Aws, subject: &Subject<'_>, action: Known, key: &Key) -> Formula {
    let Some(owner) = key.arn.account() else { return Formula::never() };
    let request = Request {
        aws,
        subject,
        action: action.into(),
        target: Target::One(key.arn.clone()),
        owner: &owner,
        region: key.arn.region(),
        tags: ResourceTags::Count(&key.tags),
        via: None,
        point: None,
        limits: None,
        asked: super::PLAIN,
    };
    let said = key_policy(key, &request, &mut None);
    if said.delegated.is_never() {
        return said.delegated;
    }
    let identity = identity(&request, Lock::Key, &mut None);
    said.delegated
        .and(identity.unlimited())
        .and(resource_control(&request, &mut None))
        .unless(said.deny)
}
