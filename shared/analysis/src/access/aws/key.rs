//! The KMS side: the key policy has primacy.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
//!
//! Identity policies count only where the key policy hands the decision to the account (`Principal: …:root`). That
//! statement is delegation, not access for everybody in the account. Grants add to the key policy. A key that is not
//! enabled decrypts for nobody.

use super::policy::{Said, Side, arn_names, says};
use super::storage::{Identity, identity, resource_control};
use super::subject::Subject;
use super::{Request, Target};
use crate::access::{Evidence, Lock, Trace};
use crate::estate::aws::Aws;
use crate::model::aws::{AccountId, Arn, Key, KeyState};
use crate::model::{Access, Formula};

/// Direct use of a key or power over it, without any service in between.
pub(super) fn direct(
    aws: &Aws,
    subject: &Subject<'_>,
    access: Access,
    key: &Key,
    mut trace: Trace<'_>,
) -> Formula {
    let actions: &[&str] = match access {
        Access::Decrypt => &["kms:decrypt", "kms:reencryptfrom"],
        Access::KeyAdminister => {
            &["kms:putkeypolicy", "kms:creategrant", "kms:schedulekeydeletion", "kms:disablekey"]
        }
        Access::Read | Access::Write | Access::Delete | Access::Administer => {
            return Formula::never();
        }
    };
    let usable = if access == Access::Decrypt { usable(key) } else { Formula::always() };
    let allowed = actions.iter().map(|action| allowed(aws, subject, action, key, None, &mut trace));
    Formula::any(allowed).and(usable)
}

/// Use of a key by S3 on behalf of the subject.
pub(super) fn through_s3(
    aws: &Aws,
    subject: &Subject<'_>,
    action: &str,
    arn: &Arn,
    region: &str,
    trace: &mut Trace<'_>,
) -> Formula {
    // KMS needs an identity: anonymous requests for SSE-KMS objects always fail.
    if matches!(subject, Subject::Anonymous | Subject::Nobody) {
        return Formula::never();
    }
    let Some(key) = aws.keys.get(arn) else {
        return Formula::unknown(format!("key {arn} is not in the estate"));
    };
    let region = if region.is_empty() { arn.region() } else { region };
    let via = Some(format!("s3.{region}.amazonaws.com"));
    allowed(aws, subject, action, key, via, trace).and(usable(key))
}

/// Use of the AWS-managed key `aws/s3` by S3 on behalf of the subject.
pub(super) fn managed_through_s3(
    aws: &Aws,
    subject: &Subject<'_>,
    action: &str,
    owner: &AccountId,
    region: &str,
) -> Formula {
    let Ok(arn) = Arn::parse(&format!("arn:aws:kms:{region}:{owner}:key/aws-s3")) else {
        return Formula::never();
    };
    managed(aws, subject, action, owner, arn, Some(format!("s3.{region}.amazonaws.com")))
}

/// The policies of AWS-managed keys cannot be changed: they admit all principals of the account through their service and
/// nobody else. A Deny of the principal's own side still counts; resource control policies do not.
fn managed(
    aws: &Aws,
    subject: &Subject<'_>,
    action: &str,
    owner: &AccountId,
    arn: Arn,
    via: Option<String>,
) -> Formula {
    if via.is_none() || subject.account().as_ref() != Some(owner) {
        return Formula::never();
    }
    let request = Request { aws, subject, action, target: Target::One(arn), owner, via };
    let identity = identity(&request, Lock::Key, &mut None);
    identity.unlimited().unless(identity.deny)
}

fn usable(key: &Key) -> Formula {
    match key.state {
        Some(KeyState::Enabled) => Formula::always(),
        Some(
            KeyState::Disabled
            | KeyState::PendingDeletion
            | KeyState::PendingImport
            | KeyState::Unavailable,
        ) => Formula::never(),
        None => Formula::unknown(format!("the state of key {} is not in the estate", key.arn)),
    }
}

fn allowed(
    aws: &Aws,
    subject: &Subject<'_>,
    action: &str,
    key: &Key,
    via: Option<String>,
    trace: &mut Trace<'_>,
) -> Formula {
    if matches!(subject, Subject::Anonymous | Subject::Nobody) {
        return Formula::never();
    }
    let Some(owner) = key.arn.account() else { return Formula::never() };
    if key.aws_managed {
        return managed(aws, subject, action, &owner, key.arn.clone(), via);
    }
    let request =
        Request { aws, subject, action, target: Target::One(key.arn.clone()), owner: &owner, via };
    let (direct, delegated) = key_policy(key, &request, trace);
    let mut own = Vec::new();
    let identity = identity(&request, Lock::Key, &mut trace.is_some().then_some(&mut own));
    let by_policy = if subject.account().as_ref() == Some(&owner) {
        identity.limited(direct.allow, delegated.allow.clone().and(identity.allow.clone()))
    } else {
        // From another account both sides must allow.
        let theirs = direct.allow.or(delegated.allow.clone());
        identity.limited(Formula::never(), theirs.and(identity.allow.clone()))
    };
    if let (Some(trace), false) = (trace.as_mut(), delegated.allow.is_never()) {
        trace.append(&mut own);
    }
    let by_grant = grants(key, &request, &identity, trace);
    let deny = direct.deny.or(identity.deny);
    by_policy.or(by_grant).and(resource_control(&request)).unless(deny)
}

/// What the key policy gives the subject by name, and what it hands on to his account.
fn key_policy(key: &Key, request: &Request<'_>, trace: &mut Trace<'_>) -> (Said, Said) {
    match &key.policy {
        Some(policy) => {
            let direct = says(policy, Side::Resource, request, Lock::Key, "key policy", trace);
            let delegated = says(
                policy,
                Side::Delegation,
                request,
                Lock::Key,
                "key policy (delegates to the account)",
                trace,
            );
            (direct, delegated)
        }
        None => (
            Said::unknown(&format!("the policy of key {} is not in the estate", key.arn)),
            Said::nothing(),
        ),
    }
}

/// What grants give. The grant operation is the action without its prefix. A grantee of another account also needs his
/// own side; how limits on the grantee (service control policies, boundaries) apply to a grant is not documented well
/// enough to decide: then it is an unknown fact. <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
fn grants(key: &Key, request: &Request<'_>, identity: &Identity, trace: &mut Trace<'_>) -> Formula {
    let unknown = if key.grants_known {
        Formula::never()
    } else {
        Formula::unknown(format!("the grants of key {} are not in the estate", key.arn))
    };
    let operation = request.action.strip_prefix("kms:").unwrap_or(request.action);
    let own_account = request.subject.account() == key.arn.account();
    let mut given = Formula::never();
    for grant in key.grants.values().filter(|g| !g.for_service) {
        if !grant.operations.iter().any(|o| o.eq_ignore_ascii_case(operation)) {
            continue;
        }
        let for_me = is_grantee(&grant.grantee, request, identity);
        if for_me.is_never() {
            continue;
        }
        if let Some(trace) = trace.as_mut() {
            let told = format!("KMS grant {}", grant.id);
            trace.push(Evidence { lock: Lock::Key, grant: told, broad: false });
        }
        let constrained = grant
            .constraints
            .iter()
            .map(|c| Formula::condition(format!("encryption context: {c}")));
        let own_side = if own_account { Formula::always() } else { identity.allow.clone() };
        given = given.or(for_me.and(own_side).and(Formula::all(constrained)));
    }
    let unlimited = identity.unlimited();
    let limited = if unlimited.is_always() || given.is_never() {
        Formula::always()
    } else {
        Formula::unknown("how the limits on the grantee apply to a KMS grant")
    };
    given.and(limited).or(unknown)
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
        (_, _) => request.subject.arn().map_or_else(Formula::never, |own| arn_names(grantee, own)),
    }
}
