//! Allowed or not: the evaluation logic.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
//! (below: *evaluation*),
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
//! (below: *cross-account*).

use super::document::{Effect, any_applies};
use super::estate::{self, Estate};
use super::policies::Policies;
use super::principal::{self, Named};
use super::public;
use super::question::{Caller, Question};
use serde_json::Value;

/// What the rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// Not allowed, for whatever reason.
    Denied,
    /// The documentation does not say.
    Undocumented,
}

impl Decision {
    const fn of(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Denied }
    }

    /// Both must allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            (Self::Undocumented, _) | (_, Self::Undocumented) => Self::Undocumented,
            (Self::Allowed, Self::Allowed) => Self::Allowed,
        }
    }
}

/// What S3 answers.
#[must_use]
pub fn s3(estate: &Estate, question: &Question, policies: &Policies) -> Decision {
    if is_denied_explicitly(estate, question, policies)
        || !every_level_allows(&policies.service, question)
        || is_restricted_to_owner(question, policies)
    {
        return Decision::Denied;
    }
    let granted = granted_by(policies, question);
    let allowed = if is_same_account(question) {
        granted_within_account(granted, question, policies)
            || identity_side_allows(question, policies)
    } else {
        granted_across_accounts(granted, question, policies)
    };
    Decision::of(allowed)
}

/// What KMS answers, the key's state aside.
///
/// "No AWS principal, including the account root user or key creator, has any permissions to a KMS key unless they are
/// explicitly allowed, and never denied, in a key policy, IAM policy, or grant"; "Unless the key policy explicitly allows
/// it, you cannot use IAM policies to allow access to a KMS key."
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
#[must_use]
pub fn kms(estate: &Estate, question: &Question, policies: &Policies) -> Decision {
    if question.caller == Caller::Anonymous
        || is_denied_explicitly(estate, question, policies)
        || !every_level_allows(&policies.service, question)
    {
        return Decision::Denied;
    }
    let granted = granted_by(policies, question);
    let by_policies = if is_same_account(question) {
        granted_within_account(granted, question, policies)
            || granted.is_some() && identity_side_allows(question, policies)
    } else {
        granted_across_accounts(granted, question, policies)
    };
    match (by_policies, has_grant(estate, question)) {
        (true, _) => Decision::Allowed,
        (false, false) => Decision::Denied,
        // Grants are "considered along with key policies and IAM policies"; whether an implicit deny of a boundary or of a
        // session policy limits them is said nowhere.
        (false, true) if is_limited(question, policies) => Decision::Undocumented,
        (false, true) => Decision::Allowed,
    }
}

/// "An explicit deny in any of these policies overrides the allow." (evaluation)
fn is_denied_explicitly(estate: &Estate, question: &Question, policies: &Policies) -> bool {
    let without_principal: Vec<Value> = policies
        .identity
        .iter()
        .chain(&policies.boundary)
        .chain(&policies.session)
        .chain(policies.service.iter().flatten())
        .cloned()
        .collect();
    let mut with_principal =
        policies.resource.iter().chain(policies.resource_control.iter().flatten());
    any_applies(&without_principal, Effect::Deny, question)
        || with_principal.any(|policy| principal::denies(policy, question, estate))
}

/// Service control policies. Of resource control policies only the denies matter: "RCPFullAWSAccess cannot be detached, so
/// there will always be an Allow statement." (evaluation)
///
/// "For a permission to be allowed for a specific account, there must be an explicit Allow statement at every level from
/// the root through each OU in the direct path to the account."
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
fn every_level_allows(levels: &[Vec<Value>], question: &Question) -> bool {
    levels.iter().all(|policies| any_applies(policies, Effect::Allow, question))
}

/// "Setting this option to TRUE restricts access to an access point or bucket with a public policy to only AWS service
/// principals and authorized users within the bucket owner's account."
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
fn is_restricted_to_owner(question: &Question, policies: &Policies) -> bool {
    policies.restrict_public
        && !is_same_account(question)
        && policies.resource.as_ref().is_some_and(public::is_public)
}

fn is_same_account(question: &Question) -> bool {
    question.caller.account() == Some(question.account.as_str())
}

fn granted_by(policies: &Policies, question: &Question) -> Option<Named> {
    policies.resource.as_ref().and_then(|policy| principal::allowed_as(policy, question))
}

/// What a policy on a resource gives to callers of the same account without an identity policy. (evaluation, the table
/// "Resource-based policies and implicit denies in other policy types")
fn granted_within_account(
    granted: Option<Named>,
    question: &Question,
    policies: &Policies,
) -> bool {
    match granted {
        None | Some(Named::AsAccount) => false,
        Some(Named::AsRole) => limits_allow(question, policies),
        Some(Named::Itself) => true,
    }
}

/// "A request is allowed only if both evaluations return a decision of Allow": the policy on the resource, and the
/// caller's own side. (cross-account) Nobody stands for an anonymous caller's own side.
fn granted_across_accounts(
    granted: Option<Named>,
    question: &Question,
    policies: &Policies,
) -> bool {
    granted.is_some()
        && (question.caller == Caller::Anonymous || identity_side_allows(question, policies))
}

/// Identity policies, within boundary and session policies. "By default, all requests are implicitly denied with the
/// exception of the AWS account root user, which has full access." (evaluation)
fn identity_side_allows(question: &Question, policies: &Policies) -> bool {
    match question.caller {
        Caller::Anonymous => false,
        Caller::Root { .. } => true,
        Caller::User { .. } | Caller::Session { .. } => {
            any_applies(&policies.identity, Effect::Allow, question)
                && limits_allow(question, policies)
        }
    }
}

/// Boundary and session policies, where there are any, must allow. (evaluation)
fn limits_allow(question: &Question, policies: &Policies) -> bool {
    let boundary = policies.boundary.as_ref().map(std::slice::from_ref);
    boundary.is_none_or(|b| any_applies(b, Effect::Allow, question))
        && (policies.session.is_empty() || any_applies(&policies.session, Effect::Allow, question))
}

fn is_limited(question: &Question, policies: &Policies) -> bool {
    !limits_allow(question, policies)
}

/// "The grantee principal can use the permissions that the grant gives them without specifying the grant, just as they
/// would if the permissions came from a key policy or IAM policy"; users of another account "cannot use the KMS key until
/// you attach IAM policies that delegate those permissions, or use grants".
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
fn has_grant(estate: &Estate, question: &Question) -> bool {
    let Some(key) = estate::key(estate, &question.resource) else { return false };
    let operation = question.action.rsplit(':').next().unwrap_or_default();
    estate::list(key, "Grants").iter().any(|grant| {
        let operations = estate::list(grant, "Operations");
        operations.iter().any(|o| o.as_str() == Some(operation))
            && estate::text(grant, "GranteePrincipal")
                .is_some_and(|g| is_grantee(&g, &question.caller))
            && grant.get("Constraints").is_none_or(|c| constraints_hold(c, question))
    })
}

/// "The grantee principal can be any AWS principal": here a user, a role or a session.
fn is_grantee(grantee: &str, caller: &Caller) -> bool {
    match caller {
        Caller::Anonymous | Caller::Root { .. } => false,
        Caller::User { arn, .. } => grantee == arn,
        Caller::Session { role, session, .. } => {
            grantee == role || session.as_deref() == Some(grantee)
        }
    }
}

/// `EncryptionContextEquals`: the request's encryption context is exactly this one; `EncryptionContextSubset`: it holds at
/// least these pairs. Both are case-sensitive.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
fn constraints_hold(constraints: &Value, question: &Question) -> bool {
    let context = &question.context;
    let has = |(name, value): (&String, &Value)| {
        let names = context.values("kms:EncryptionContextKeys").unwrap_or_default();
        let found = context.values(&format!("kms:EncryptionContext:{name}"));
        names.contains(name)
            && found.and_then(<[String]>::first).map(String::as_str) == value.as_str()
    };
    let size = context.values("kms:EncryptionContextKeys").map_or(0, <[String]>::len);
    let pairs = |kind: &str| constraints.get(kind).and_then(Value::as_object);
    pairs("EncryptionContextEquals").is_none_or(|p| p.len() == size && p.iter().all(has))
        && pairs("EncryptionContextSubset").is_none_or(|p| p.iter().all(has))
}
