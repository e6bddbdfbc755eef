//! The `Principal` and `NotPrincipal` elements of policies on resources.

use super::document::{Effect, Statement, statements, strings};
use super::estate::Estate;
use super::question::{Caller, Question};
use serde_json::Value;

/// How a policy on a resource names a caller. The order is that of strength: a permission given to an account must be
/// handed on by an identity policy, one given to a role is limited by boundary and session policy, one given to the user
/// or session itself is limited by neither.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// The caller's account: "this delegates authority to the account".
    AsAccount,
    /// The role that the caller is a session of: "Resource-based policies that grant permissions to an IAM role ARN are
    /// limited by an implicit deny in a permissions boundary or session policy."
    AsRole,
    /// The user, the session, the root user, or everyone. "For IAM users and role principals within your account, no
    /// other permissions are required", and boundaries or session policies do not limit what a `*` gives.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    Itself,
}

/// How the value of a `Principal` element names the caller, the strongest way; none when it does not.
fn named(principal: &Value, caller: &Caller) -> Option<Named> {
    if principal.as_str() == Some("*") {
        return Some(Named::Itself);
    }
    // `Service`, `Federated` and `CanonicalUser` name nobody that the estates of these tests have.
    let list = principal.get("AWS").map(strings).unwrap_or_default();
    list.iter().filter_map(|entry| entry_names(entry, caller)).max()
}

/// One entry of the list under `AWS`.
fn entry_names(entry: &str, caller: &Caller) -> Option<Named> {
    let is_account =
        |account: &str| entry == account || entry == format!("arn:aws:iam::{account}:root");
    match caller {
        _ if entry == "*" => Some(Named::Itself),
        Caller::Anonymous => None,
        Caller::Root { account } => is_account(account).then_some(Named::Itself),
        Caller::User { arn, .. } if entry == arn => Some(Named::Itself),
        Caller::Session { session: Some(session), .. } if entry == session => Some(Named::Itself),
        Caller::Session { role, .. } if entry == role => Some(Named::AsRole),
        Caller::User { account, .. } | Caller::Session { account, .. } => {
            is_account(account).then_some(Named::AsAccount)
        }
    }
}

/// The strongest way in which an Allow of the policy that applies names the caller. `NotPrincipal` "must be used with
/// Effect: Deny".
pub(super) fn allowed_as(policy: &Value, question: &Question) -> Option<Named> {
    statements(policy)
        .into_iter()
        .filter(|statement| statement.applies(Effect::Allow, question))
        .filter_map(|statement| named(statement.element("Principal")?, &question.caller))
        .max()
}

/// Whether a Deny of the policy applies to the caller.
pub(super) fn denies(policy: &Value, question: &Question, estate: &Estate) -> bool {
    statements(policy).into_iter().any(|statement| {
        statement.applies(Effect::Deny, question) && deny_names(statement, question, estate)
    })
}

fn deny_names(statement: Statement<'_>, question: &Question, estate: &Estate) -> bool {
    match (statement.element("Principal"), statement.element("NotPrincipal")) {
        (Some(principal), _) => named(principal, &question.caller).is_some(),
        (None, Some(others)) => !excepted(others, &question.caller, estate),
        (None, None) => false,
    }
}

/// `NotPrincipal` with Deny: everyone but the user, role or session listed (with its account, which is not what excepts
/// the account's other principals). "The NotPrincipal element with a Deny effect will always deny any IAM principal that
/// has a permissions boundary policy attached, regardless of the values specified in the NotPrincipal element."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn excepted(others: &Value, caller: &Caller, estate: &Estate) -> bool {
    let bounded = caller.identity(estate).is_some_and(|i| i.get("PermissionsBoundary").is_some());
    !bounded && named(others, caller).is_some_and(|named| named > Named::AsAccount)
}
