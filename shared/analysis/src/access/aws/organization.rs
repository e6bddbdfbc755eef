//! Limits of the organisation: service control policies on principals, resource control policies on resources.

use super::Request;
use super::policy::{Said, resource_says, says};
use super::subject::Subject;
use crate::access::Trace;
use crate::estate::aws::OrganizationPolicyKind;
use crate::model::Formula;
use crate::model::aws::AccountId;

/// Service control policies of the requester's organisation: every level from the root to the account must allow, none
/// may deny. They do not bind the management account.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
pub(super) fn service_control(request: &Request<'_>, trace: &mut Trace<'_>) -> Said {
    let Some(account) = request.subject.account() else { return Said::everything() };
    limit(request, &account, OrganizationPolicyKind::Service, trace)
}

/// Resource control policies of the owner's organisation: likewise, for whoever asks. `RCPFullAWSAccess` is attached everywhere
/// and cannot be detached: only a Deny limits.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
pub(super) fn resource_control(request: &Request<'_>, trace: &mut Trace<'_>) -> Formula {
    let said = limit(request, request.owner, OrganizationPolicyKind::Resource, trace);
    said.allow.unless(said.deny)
}

fn limit(
    request: &Request<'_>,
    account: &AccountId,
    kind: OrganizationPolicyKind,
    trace: &mut Trace<'_>,
) -> Said {
    let unknown = |because: &str| Said { allow: Formula::unknown(because), deny: Formula::never() };
    let Some(organization) = &request.aws.organization else {
        let ours = request.aws.accounts.get(account);
        return match ours {
            // The account's own file says that it is in no organisation.
            Some(a) if a.organization_id.is_none() && a.file_known => Said::everything(),
            Some(_) => unknown("the organisation's policies are not in the estate"),
            None => Said::everything(),
        };
    };
    if !organization.contains(account) || organization.management.as_ref() == Some(account) {
        return Said::everything();
    }
    // Service-linked roles are bound by neither kind.
    if is_service_linked(request.subject) {
        return Said::everything();
    }
    if !organization.policies_known {
        return unknown("the organisation's policies are not in the estate");
    }
    if !organization.policies.values().any(|p| p.kind == kind) {
        return Said::everything();
    }
    let path = organization.path(account);
    if !path.last().is_some_and(|root| root.starts_with("r-")) {
        return unknown(&format!(
            "the place of account {account} in the organisation is not in the estate"
        ));
    }
    let mut left = Said::everything();
    for level in &path {
        let mut said = Said::nothing();
        for (id, policy) in organization.attached(kind, level) {
            let name = &policy.name;
            said = said.join(match (&policy.document, kind) {
                (Some(document), OrganizationPolicyKind::Resource) => {
                    let label = format_args!("resource control policy `{name}` on {level}");
                    let said = resource_says(document, request, None, label, trace);
                    Said { allow: Formula::never(), deny: said.deny }
                }
                (
                    Some(document),
                    OrganizationPolicyKind::Service
                    | OrganizationPolicyKind::Storage
                    | OrganizationPolicyKind::Other,
                ) => {
                    let label = format_args!("service control policy `{name}` on {level}");
                    says(document, request, None, label, trace)
                }
                (None, _) => {
                    Said::unknown(&format!("the content of policy {id} is not in the estate"))
                }
            });
        }
        left.deny = left.deny.or(said.deny);
        left.allow = left.allow.and(match kind {
            OrganizationPolicyKind::Resource => Formula::always(),
            OrganizationPolicyKind::Service
            | OrganizationPolicyKind::Storage
            | OrganizationPolicyKind::Other => said.allow,
        });
    }
    left
}

/// Roles that AWS services made for themselves.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
pub(super) fn is_service_linked(subject: &Subject<'_>) -> bool {
    subject.arn().is_some_and(|a| a.resource().starts_with("role/aws-service-role/"))
}
