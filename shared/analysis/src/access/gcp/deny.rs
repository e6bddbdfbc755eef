//! Deny policies: checked before any allow policy, inherited by everything below their attachment.
//! <https://cloud.google.com/iam/docs/deny-overview>

use super::Asked;
use super::allow::Permission;
use super::condition::{Request, denial_holds};
use super::member::is_member;
use super::memory::Attached;
use crate::access::{Trace, verb_if};
use crate::model::gcp::{DenyRule, FullName};
use crate::model::{Formula, Pattern, Principal};
use std::sync::Arc;

pub(super) fn denied(
    asked: &Asked<'_, '_>,
    wanted: Permission<'_>,
    line: &[FullName],
    trace: &mut Trace<'_>,
) -> Formula {
    let (gcp, permission) = (asked.gcp, wanted.name);
    let unknown = if gcp.denies_known {
        Formula::never()
    } else {
        Formula::unknown("deny policies are not in the estate")
    };
    if gcp.denies.is_empty() {
        return unknown;
    }
    let mut attached = asked.memory.denies().iter().filter(|d| line.contains(&d.to)).peekable();
    if attached.peek().is_none() {
        return unknown;
    }
    let spelt = v2_name(permission);
    let request = Request { asked, permission, resource: wanted.on };
    let mut denied = unknown;
    for Attached { name, policy, .. } in attached {
        let one =
            Formula::any(policy.rules.iter().map(|rule| by_rule(rule, &request, &spelt, line)));
        if let (Some(trace), false) = (trace.as_mut(), one.is_never()) {
            let said = format!("{}: {permission}", verb_if("denies", &one));
            trace.step(wanted.lock, format!("deny policy {name}"), said);
        }
        denied = denied.or(one);
    }
    denied
}

/// `storage.objects.get` is `storage.googleapis.com/objects.get` in deny policies.
fn v2_name(permission: &str) -> String {
    match permission.split_once('.') {
        Some((service, rest)) => {
            let service = match service {
                "resourcemanager" => "cloudresourcemanager",
                other => other,
            };
            format!("{service}.googleapis.com/{rest}")
        }
        None => permission.to_owned(),
    }
}

fn by_rule(
    rule: &DenyRule,
    request: &Request<'_, '_>,
    permission: &str,
    line: &[FullName],
) -> Formula {
    let names = |patterns: &[Arc<str>]| {
        patterns.iter().any(|p| Pattern::new(p.clone()).matches(permission))
    };
    if !names(&rule.permissions) || names(&rule.excepted_permissions) {
        return Formula::never();
    }
    let any = |principals: &[Arc<str>]| {
        Formula::any(principals.iter().map(|p| speaks_of(p, request.asked, line)))
    };
    let denied = any(&rule.principals);
    if denied.is_never() {
        return denied;
    }
    denied
        .unless(any(&rule.excepted_principals))
        .and(denial_holds(rule.condition.as_ref(), request))
}

/// Whether a principal identifier of a deny policy means the principal.
/// <https://cloud.google.com/iam/docs/principal-identifiers#deny>
fn speaks_of(identifier: &str, asked: &Asked<'_, '_>, line: &[FullName]) -> Formula {
    if identifier == "principalSet://goog/public:all" {
        return Formula::always();
    }
    // Somebody who was there once.
    if identifier.starts_with("deleted:") {
        return Formula::never();
    }
    let Principal::Named(name) = asked.principal else { return Formula::never() };
    if let Some(email) = identifier.strip_prefix("principal://goog/subject/") {
        return is_member(asked, &format!("user:{email}"), line);
    }
    if let Some(email) = identifier.strip_prefix("principalSet://goog/group/") {
        return is_member(asked, &format!("group:{email}"), line);
    }
    if let Some((_, email)) = identifier.split_once("/serviceAccounts/") {
        return is_member(asked, &format!("serviceAccount:{email}"), line);
    }
    if identifier == &**name {
        return Formula::always();
    }
    if identifier.starts_with("principalSet://goog/cloudIdentityCustomerId/") {
        // Who belongs to a customer is not in the estate; identities of other providers do not.
        return if name.starts_with("principal") {
            Formula::never()
        } else {
            Formula::unknown(format!("whether {name} belongs to `{identifier}`"))
        };
    }
    is_member(asked, identifier, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_have_another_spelling_in_deny_policies() {
        assert_eq!(v2_name("storage.objects.get"), "storage.googleapis.com/objects.get");
        assert_eq!(
            v2_name("resourcemanager.projects.setIamPolicy"),
            "cloudresourcemanager.googleapis.com/projects.setIamPolicy"
        );
    }
}
