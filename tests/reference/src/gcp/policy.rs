//! Allow policies.

use super::target::Target;
use super::{Estate, Request, asset, assets, canonical, condition, member, text, texts};
use crate::answer::Answer;
use serde_json::Value;

/// Whether a role binding on the resource or above gives the permission.
///
/// `iam/docs/resource-hierarchy-access-control`: "the effective allow policy for a resource is the union of the allow policy
/// set at that resource and the allow policy inherited from higher up in the hierarchy".
pub(super) fn allows(
    estate: &Estate,
    request: &Request,
    permission: &str,
    target: &Target,
) -> Answer {
    let mut answers = Vec::new();
    for line in assets(estate) {
        let Some(bindings) = line.pointer("/iam_policy/bindings").and_then(Value::as_array) else {
            continue;
        };
        let at = canonical(text(line, "/name"));
        if !target.chain.iter().any(|c| *c == at) {
            continue;
        }
        for binding in bindings {
            let gives = permissions(estate, text(binding, "/role")).contains(&permission);
            let means = || {
                texts(binding, "/members").into_iter().any(|m| {
                    let on_bucket = target.bucket() == Some(&at);
                    let meant = member::is(estate, m, &request.principal)
                        || (on_bucket && member::is_by_project(estate, m, &request.principal));
                    meant && !(everyone(m) && prevented(estate, target))
                })
            };
            if gives && means() {
                answers.push(holds(estate, request, binding, target));
            }
        }
    }
    Answer::any(answers)
}

/// The permissions of a role: `iam/docs/roles-overview`.
fn permissions<'a>(estate: &'a Estate, role: &str) -> Vec<&'a str> {
    let roles = estate.get("gcp/roles.json");
    roles.and_then(|r| r.get(role)).map(|r| texts(r, "/includedPermissions")).unwrap_or_default()
}

/// `iam/docs/conditions-overview`: "If the condition expression evaluates to `true`", the binding is in effect.
fn holds(estate: &Estate, request: &Request, binding: &Value, target: &Target) -> Answer {
    match binding.pointer("/condition/expression").and_then(Value::as_str) {
        None => Answer::Allowed,
        Some(expression) => condition::holds(estate, expression, &request.time, target),
    }
}

/// `allUsers` and `allAuthenticatedUsers`.
pub(super) fn everyone(member: &str) -> bool {
    matches!(member, "allUsers" | "allAuthenticatedUsers")
}

/// Whether public access prevention stops `allUsers` and `allAuthenticatedUsers`.
///
/// `storage/docs/public-access-prevention`: enforced on the bucket, or by the constraint
/// `storage.publicAccessPrevention`; `resource-manager/docs/organization-policy/understanding-hierarchy`: the nearest policy
/// of a boolean constraint decides.
pub(super) fn prevented(estate: &Estate, target: &Target) -> bool {
    let Some(bucket) = target.bucket() else { return false };
    let setting = "/resource/data/iamConfiguration/publicAccessPrevention";
    if asset(estate, bucket).is_some_and(|b| text(b, setting) == "enforced") {
        return true;
    }
    for at in &target.chain {
        let policies = assets(estate)
            .filter(|a| canonical(text(a, "/name")) == *at)
            .filter_map(|a| a.get("org_policy").and_then(Value::as_array))
            .flatten();
        for policy in policies {
            if text(policy, "/constraint") == "constraints/storage.publicAccessPrevention" {
                return policy.pointer("/boolean_policy/enforced") == Some(&Value::Bool(true));
            }
        }
    }
    false
}
