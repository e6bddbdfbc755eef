//! Deny policies: checked before any allow policy, inherited by everything below their attachment.
//! <https://cloud.google.com/iam/docs/deny-overview>

use crate::estate::gcp::Gcp;
use crate::model::gcp::{DenyRule, FullName};
use crate::model::{Formula, Pattern, Principal};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn denied(
    gcp: &Gcp,
    principal: &Principal,
    members: &BTreeSet<Arc<str>>,
    permission: &str,
    line: &[FullName],
) -> Formula {
    let unknown = if gcp.denies_known {
        Formula::never()
    } else {
        Formula::unknown("deny policies are not in the estate")
    };
    let attached = gcp.denies.values().filter(|d| line.contains(&gcp.canonical(&d.attachment)));
    let wanted = v2_name(permission);
    Formula::any(
        attached.flat_map(|d| &d.rules).map(|rule| by_rule(rule, principal, members, &wanted)),
    )
    .or(unknown)
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
    principal: &Principal,
    members: &BTreeSet<Arc<str>>,
    permission: &str,
) -> Formula {
    let names = |patterns: &[Arc<str>]| {
        patterns.iter().any(|p| Pattern::new(p.clone()).matches(permission))
    };
    if !names(&rule.permissions) || names(&rule.excepted_permissions) {
        return Formula::never();
    }
    let any = |principals: &[Arc<str>]| {
        Formula::any(principals.iter().map(|p| speaks_of(p, principal, members)))
    };
    let condition = rule
        .condition
        .as_ref()
        .map_or_else(Formula::always, |c| Formula::condition(c.expression.clone()));
    any(&rule.principals).unless(any(&rule.excepted_principals)).and(condition)
}

/// Whether a principal identifier of a deny policy means the principal.
/// <https://cloud.google.com/iam/docs/principal-identifiers#deny>
fn speaks_of(identifier: &str, principal: &Principal, members: &BTreeSet<Arc<str>>) -> Formula {
    if identifier == "principalSet://goog/public:all" {
        return Formula::always();
    }
    let member = if let Some(email) = identifier.strip_prefix("principal://goog/subject/") {
        Some(format!("user:{email}"))
    } else if let Some(email) = identifier.strip_prefix("principalSet://goog/group/") {
        Some(format!("group:{email}"))
    } else {
        identifier
            .split_once("/serviceAccounts/")
            .map(|(_, email)| format!("serviceAccount:{email}"))
    };
    match member {
        Some(member) => Formula::known(members.contains(member.as_str())),
        None if principal.name() == identifier => Formula::always(),
        // Customers, workforce and workload pools: who belongs to them is not in the estate.
        None if matches!(principal, Principal::Public) => Formula::never(),
        None => {
            Formula::unknown(format!("whether `{identifier}` of a deny policy means {principal}"))
        }
    }
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
