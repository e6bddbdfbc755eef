//! The KMS side: the key policy has primacy.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
//!
//! Identity policies count only where the key policy hands the decision to the account (`Principal: …:root`). That
//! statement is delegation, not access for everybody in the account. Grants add to the key policy. A key that is not
//! enabled decrypts for nobody.

use super::policy::{Said, Side, says};
use super::storage::{identity, resource_control};
use super::subject::Subject;
use super::{Request, Target, whole};
use crate::access::{Evidence, Lock, Trace};
use crate::estate::aws::Aws;
use crate::model::aws::{Arn, Key, KeyState};
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
    let through_service = via.is_some();
    // The policies of AWS-managed keys cannot be changed; they admit the account through their service only.
    if key.aws_managed {
        return Formula::known(through_service && subject.account().as_ref() == Some(&owner));
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
    let by_grant = grants(key, &request, &identity.unlimited(), trace);
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

/// What grants give. The grant operation is the action without its prefix. How limits on the grantee (service control
/// policies, boundaries) apply to a grant is not documented well enough to decide: then it is an unknown fact.
fn grants(key: &Key, request: &Request<'_>, unlimited: &Formula, trace: &mut Trace<'_>) -> Formula {
    let unknown =
        whole(key.grants_known, || format!("the grants of key {} are not in the estate", key.arn));
    let operation = request.action.strip_prefix("kms:").unwrap_or(request.action);
    let mut given = Formula::never();
    for grant in key.grants.values().filter(|g| !g.for_service) {
        let for_me = match (request.subject, Arn::parse(&grant.grantee).ok()) {
            (Subject::Account(account), Some(grantee)) => {
                grantee.resource() == "root" && grantee.account().as_ref() == Some(account)
            }
            (_, Some(grantee)) => request.subject.arn() == Some(&grantee),
            (_, None) => false,
        };
        if !for_me || !grant.operations.iter().any(|o| o.eq_ignore_ascii_case(operation)) {
            continue;
        }
        if let Some(trace) = trace.as_mut() {
            trace.push(Evidence {
                lock: Lock::Key,
                grant: format!("KMS grant {}", grant.id),
                broad: false,
            });
        }
        let constrained = grant
            .constraints
            .iter()
            .map(|c| Formula::condition(format!("encryption context: {c}")));
        given = given.or(Formula::all(constrained));
    }
    let limited = if unlimited.is_always() || given.is_never() {
        Formula::always()
    } else {
        Formula::unknown("how the limits on the grantee apply to a KMS grant")
    };
    given.and(limited).or(unknown)
}
