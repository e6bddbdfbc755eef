//! Deny policies: `iam/docs/deny-overview`.

use super::target::Target;
use super::{Estate, Request, asset, assets, canonical, condition, member, text, texts};
use crate::answer::Answer;
use serde_json::Value;

/// Whether a deny rule applies: attached to the project, folder or organisation of the target or above it.
pub(super) fn applies(
    estate: &Estate,
    request: &Request,
    permission: &str,
    target: &Target,
) -> Answer {
    let policies = estate.get("gcp/deny-policies.json").and_then(Value::as_array);
    let mut answers = Vec::new();
    for policy in policies.into_iter().flatten() {
        let rules = policy.get("rules").and_then(Value::as_array);
        for rule in rules.into_iter().flatten().filter_map(|r| r.get("denyRule")) {
            let attached = || attachment(estate, text(policy, "/name"));
            if permission_is(rule, "/deniedPermissions", permission)
                && attached().is_some_and(|at| target.chain.contains(&at))
                && !permission_is(rule, "/exceptionPermissions", permission)
                && principal_is(estate, rule, "/deniedPrincipals", &request.principal)
                && !principal_is(estate, rule, "/exceptionPrincipals", &request.principal)
            {
                answers.push(condition_of(estate, rule, request, target));
            }
        }
    }
    Answer::any(answers)
}

/// `policies/cloudresourcemanager.googleapis.com%2Fprojects%2F…/denypolicies/…`; "for projects, you can use the alphanumeric
/// or the numeric ID" (`iam/docs/reference/rpc/google.iam.v2`).
fn attachment(estate: &Estate, name: &str) -> Option<String> {
    let encoded = name.strip_prefix("policies/")?.split('/').next()?;
    let full = format!("//{}", encoded.replace("%2F", "/"));
    if asset(estate, &full).is_some() {
        return Some(full);
    }
    let id = full.strip_prefix("//cloudresourcemanager.googleapis.com/projects/")?;
    let project = assets(estate).find(|a| text(a, "/resource/data/projectId") == id)?;
    Some(canonical(text(project, "/name")).into_owned())
}

/// `SERVICE_FQDN/RESOURCE.VERB`, and the permission groups `SERVICE_FQDN/RESOURCE.*`, `SERVICE_FQDN/*.VERB`,
/// `SERVICE_FQDN/*.*`.
fn permission_is(rule: &Value, list: &str, permission: &str) -> bool {
    let Some((service, rest)) = permission.split_once('.') else { return false };
    let Some((resource, verb)) = rest.split_once('.') else { return false };
    texts(rule, list).into_iter().any(|denied| {
        let Some((of, rest)) = denied.split_once(".googleapis.com/") else { return false };
        let Some((r, v)) = rest.split_once('.') else { return false };
        of == service && (r == resource || r == "*") && (v == verb || v == "*")
    })
}

/// `iam/docs/principal-identifiers`, v2 identifiers.
fn principal_is(estate: &Estate, rule: &Value, list: &str, principal: &str) -> bool {
    texts(rule, list).into_iter().any(|denied| {
        if denied == "principalSet://goog/public:all" {
            return true;
        }
        let named = |prefix: &str, kind: &str| {
            denied.strip_prefix(prefix).map(|email| format!("{kind}:{email}"))
        };
        if let Some(group) = named("principalSet://goog/group/", "group") {
            return member::groups(estate, principal).contains(&group);
        }
        let one = named("principal://goog/subject/", "user").or_else(|| {
            named("principal://iam.googleapis.com/projects/-/serviceAccounts/", "serviceAccount")
        });
        one.as_deref() == Some(principal)
    })
}

/// `iam/docs/reference/rest/v2/policies`, `denialCondition`: "If the condition expression evaluates to true, then the deny
/// rule is applied; otherwise, the deny rule is not applied."
fn condition_of(estate: &Estate, rule: &Value, request: &Request, target: &Target) -> Answer {
    match rule.pointer("/denialCondition/expression").and_then(Value::as_str) {
        None => Answer::Allowed,
        Some(expression) => condition::holds(estate, expression, &request.time, target),
    }
}
