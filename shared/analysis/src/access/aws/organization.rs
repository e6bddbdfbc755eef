//! Limits of the organisation: service control policies on principals, resource control policies on resources.

use super::Request;
use super::own::Limits;
use super::policy::{Said, resource_says, says};
use super::subject::Subject;
use crate::access::Trace;
use crate::estate::aws::OrganizationPolicyKind;
use crate::model::Formula;

/// Service control policies of the requester's organisation: every level from the root to the account must allow, none
/// may deny. They do not bind the management account.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
pub(super) fn service_control(request: &Request<'_>, trace: &mut Trace<'_>) -> Said {
    if let Subject::Iam(iam) = request.subject {
        return by_services(&iam.own.control, request, trace);
    }
    let Some(account) = request.subject.account() else { return Said::everything() };
    if is_service_linked(request.subject) {
        return Said::everything();
    }
    let limits = Limits::of(request.aws, &account, OrganizationPolicyKind::Service);
    by_services(&limits, request, trace)
}

fn by_services(limits: &Limits<'_>, request: &Request<'_>, trace: &mut Trace<'_>) -> Said {
    let levels = match limits {
        Limits::Free => return Said::everything(),
        Limits::Unknown(because) => {
            return Said { allow: Formula::unknown(because.as_str()), deny: Formula::never() };
        }
        Limits::Levels(levels) => levels,
    };
    let mut left = Said::everything();
    for level in levels {
        let at = &level.name;
        let mut said = Said::nothing();
        for (name, document) in &level.policies {
            said = said.join(match document {
                Some(document) => {
                    let label = format_args!("service control policy `{name}` on {at}");
                    says(document, request, None, label, trace)
                }
                None => {
                    Said::unknown(&format!("the content of policy `{name}` is not in the estate"))
                }
            });
        }
        left.deny = left.deny.or(said.deny);
        left.allow = left.allow.and(said.allow);
    }
    left
}

/// Resource control policies of the owner's organisation: likewise, for whoever asks. `RCPFullAWSAccess` is attached everywhere
/// and cannot be detached: only a Deny limits. They do not bind service-linked roles.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
pub(super) fn resource_control(request: &Request<'_>, trace: &mut Trace<'_>) -> Formula {
    if is_service_linked(request.subject) {
        return Formula::always();
    }
    let limits;
    let limits = match request.limits {
        Some(limits) => limits,
        None => {
            limits = Limits::of(request.aws, request.owner, OrganizationPolicyKind::Resource);
            &limits
        }
    };
    let levels = match limits {
        Limits::Free => return Formula::always(),
        Limits::Unknown(because) => return Formula::unknown(because.as_str()),
        Limits::Levels(levels) => levels,
    };
    let mut deny = Formula::never();
    for level in levels {
        let at = &level.name;
        for (name, document) in &level.policies {
            deny = deny.or(match document {
                Some(document) => {
                    let label = format_args!("resource control policy `{name}` on {at}");
                    resource_says(document, request, None, label, trace).deny
                }
                None => {
                    let because = format!("the content of policy `{name}` is not in the estate");
                    Said::unknown(&because).deny
                }
            });
        }
    }
    deny.negated()
}

/// Roles that AWS services made for themselves.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
pub(super) fn is_service_linked(subject: &Subject<'_>) -> bool {
    subject.arn().is_some_and(|a| a.is_service_linked_role())
}
