//! Service accounts that a principal can act as.

use super::target::Target;
use super::{Estate, Request, assets, has, text};
use crate::answer::Answer;
use serde_json::Value;

/// What gives the credentials of a service account, or signs as one: `iam/docs/service-account-permissions` and
/// `iam/docs/keys-create-delete`.
const ACT: [&str; 4] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccountKeys.create",
];
const TOKEN: &str = "iam.serviceAccounts.getAccessToken";
const DELEGATE: &str = "iam.serviceAccounts.implicitDelegation";

/// A service account.
pub(super) struct Account {
    target: Target,
    member: String,
    disabled: bool,
}

/// The service accounts of the export.
pub(super) fn accounts(estate: &Estate) -> Vec<Account> {
    let kind = |a: &&Value| text(a, "/asset_type") == "iam.googleapis.com/ServiceAccount";
    let listed = assets(estate).filter(kind).filter(|a| a.get("resource").is_some());
    listed
        .map(|a| Account {
            target: Target::of(estate, text(a, "/name")),
            member: format!("serviceAccount:{}", text(a, "/resource/data/email")),
            disabled: a.pointer("/resource/data/disabled") == Some(&Value::Bool(true)),
        })
        .collect()
}

/// Whether the principal has the permission, or can become somebody who has it.
///
/// `iam/docs/service-account-impersonation`: the impersonator acts with the service account's permissions, from account to
/// account. `iam/docs/reference/rest/v1/projects.serviceAccounts/disable`: once disabled, "existing access tokens
/// … are rejected, and requests for new access tokens will fail".
pub(super) fn reaches(
    estate: &Estate,
    accounts: &[Account],
    request: &Request,
    target: &Target,
    been: &[String],
) -> Answer {
    let disabled = accounts.iter().any(|a| a.disabled && a.member == request.principal);
    if been.contains(&request.principal) || disabled {
        return Answer::Refused;
    }
    let been = [been, std::slice::from_ref(&request.principal)].concat();
    let itself = has(estate, request, &request.action, target);
    let as_others = accounts.iter().map(|account| {
        let becomes = becomes(estate, accounts, request, account);
        if becomes == Answer::Refused {
            return becomes;
        }
        let then = reaches(estate, accounts, &as_account(request, account), target, &been);
        Answer::all([becomes, then])
    });
    Answer::any(std::iter::once(itself).chain(as_others))
}

/// The same request, made as the account.
fn as_account(request: &Request, account: &Account) -> Request {
    Request { principal: account.member.clone(), ..request.clone() }
}

/// Whether the principal can get credentials of the account. No page tells whether `allUsers` gives them to a caller
/// without identity, who has nothing to authenticate with.
fn becomes(estate: &Estate, accounts: &[Account], request: &Request, account: &Account) -> Answer {
    let direct = ACT.iter().map(|permission| has(estate, request, permission, &account.target));
    let delegated = std::iter::once_with(|| delegated(estate, accounts, request, account, &[]));
    match Answer::any(direct.chain(delegated)) {
        Answer::Allowed if request.principal == "public" => {
            Answer::Undecided("credentials for a caller without identity")
        }
        answer @ (Answer::Allowed | Answer::Refused | Answer::Undecided(_)) => answer,
    }
}

/// Whether the principal can get a token of the account through delegates.
///
/// `iam/docs/create-short-lived-credentials-delegated`: with `iam.serviceAccounts.implicitDelegation` on one account, a
/// principal gets what that account may get a token for, or what it may delegate in turn.
fn delegated(
    estate: &Estate,
    accounts: &[Account],
    request: &Request,
    account: &Account,
    been: &[String],
) -> Answer {
    if been.contains(&request.principal) {
        return Answer::Refused;
    }
    let been = [been, std::slice::from_ref(&request.principal)].concat();
    let through = accounts.iter().filter(|t| !t.disabled && t.member != account.member);
    Answer::any(through.map(|through| {
        let may = has(estate, request, DELEGATE, &through.target);
        if may == Answer::Refused {
            return may;
        }
        let as_delegate = as_account(request, through);
        let token = has(estate, &as_delegate, TOKEN, &account.target);
        let further = delegated(estate, accounts, &as_delegate, account, &been);
        Answer::all([may, Answer::any([token, further])])
    }))
}
