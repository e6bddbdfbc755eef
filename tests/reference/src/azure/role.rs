//! Role and deny assignments.

use super::condition::{self, Attributes};
use super::{Estate, Request, account, blob, items, resource, same, text};
use crate::answer::Answer;
use serde_json::Value;
use std::collections::BTreeSet;

const ALL_PRINCIPALS: &str = "00000000-0000-0000-0000-000000000000";

/// Whether roles allow the operation at the scope.
///
/// `role-based-access-control/overview`, "How Azure RBAC determines if a user has access to a resource": a deny assignment
/// that applies blocks; else a role assignment must include the action; else access is not allowed.
pub(super) fn may(estate: &Estate, request: &Request, data: bool, scope: &str) -> Answer {
    if request.principal == "public" {
        return Answer::Refused;
    }
    let who = identities(estate, &request.principal);
    if denied(estate, &who, &request.action, data, scope) {
        return Answer::Refused;
    }
    let attributes = attributes(estate, request);
    let assignments = items(estate, "role-assignments").into_iter();
    Answer::any(
        assignments
            .filter(|a| who.contains(&text(a, "/properties/principalId").to_lowercase()))
            .filter(|a| reaches(estate, &assigned_at(a), scope))
            .map(|a| {
                Answer::all([
                    granted(estate, a, &request.action, data, &attributes),
                    condition_of(a.pointer("/properties/condition"), &request.action, &attributes),
                ])
            }),
    )
}

/// The principal and the groups it is in.
///
/// `role-based-access-control/overview`, "Groups": role assignments are transitive for groups.
pub(super) fn identities(estate: &Estate, principal: &str) -> BTreeSet<String> {
    let mut known = BTreeSet::from([principal.to_lowercase()]);
    loop {
        let before = known.len();
        for (path, groups) in estate {
            if !path.ends_with("/groups.json") {
                continue;
            }
            for (group, members) in groups.as_object().into_iter().flatten() {
                let members = members.as_array().into_iter().flatten().filter_map(Value::as_str);
                if members.map(str::to_lowercase).any(|m| known.contains(&m)) {
                    known.insert(group.to_lowercase());
                }
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

/// Where an assignment stands: `scope`, or its own id up to the assignment.
///
/// `role-based-access-control/role-assignments-rest`: the id is `{scope}/providers/Microsoft.Authorization/roleAssignments/…`.
fn assigned_at(assignment: &Value) -> String {
    let given = text(assignment, "/properties/scope");
    if !given.is_empty() {
        return given.to_lowercase();
    }
    let id = text(assignment, "/id").to_lowercase();
    let end = id.rfind("/providers/microsoft.authorization/roleassignments/").unwrap_or(id.len());
    let scope = id.get(..end).unwrap_or_default().to_owned();
    if scope.is_empty() { "/".to_owned() } else { scope }
}

/// Whether a scope is the target or above it.
///
/// `role-based-access-control/scope-overview`: management group, subscription, resource group, resource; "lower levels
/// inherit role permissions from higher levels". `elevate-access-global-admin`: `/` is above all.
pub(super) fn reaches(estate: &Estate, scope: &str, target: &str) -> bool {
    let scope = scope.trim_end_matches('/').to_lowercase();
    let target = target.to_lowercase();
    if scope.is_empty() || target == scope || target.starts_with(&format!("{scope}/")) {
        return true;
    }
    let subscription: String = target.split('/').take(3).collect::<Vec<_>>().join("/");
    groups_above(estate, &subscription).contains(&scope)
}

/// The management groups above a subscription.
///
/// `governance/management-groups/overview`: a tree of management groups, subscriptions below.
fn groups_above(estate: &Estate, subscription: &str) -> BTreeSet<String> {
    let mut pairs = Vec::new();
    for group in items(estate, "management-groups") {
        parents(group, &mut pairs);
    }
    let mut above = BTreeSet::new();
    let mut at = vec![subscription.to_owned()];
    while let Some(child) = at.pop() {
        for (of, parent) in &pairs {
            if *of == child && above.insert(parent.clone()) {
                at.push(parent.clone());
            }
        }
    }
    above
}

/// (child, parent) for a management group and all that it lists below.
fn parents(group: &Value, into: &mut Vec<(String, String)>) {
    let id = text(group, "/id").to_lowercase();
    let parent = text(group, "/properties/details/parent/id").to_lowercase();
    if !parent.is_empty() {
        into.push((id.clone(), parent));
    }
    let children = group.pointer("/properties/children").or_else(|| group.get("children"));
    for child in children.and_then(Value::as_array).into_iter().flatten() {
        into.push((text(child, "/id").to_lowercase(), id.clone()));
        parents(child, into);
    }
}

/// Whether a deny assignment applies.
///
/// `role-based-access-control/deny-assignments`: principals (the zero id with type `SystemDefined` is all), excluded
/// principals, permissions, scope, `DoNotApplyToChildScopes`.
fn denied(estate: &Estate, who: &BTreeSet<String>, action: &str, data: bool, scope: &str) -> bool {
    items(estate, "deny-assignments").into_iter().any(|deny| {
        let at = text(deny, "/properties/scope");
        let here_only = deny.pointer("/properties/doNotApplyToChildScopes") == Some(&true.into());
        let applies = if here_only { same(at, scope) } else { reaches(estate, at, scope) };
        let ids = |list: &str| -> Vec<String> {
            let listed = deny.pointer(&format!("/properties/{list}")).and_then(Value::as_array);
            listed.into_iter().flatten().map(|p| text(p, "/id").to_lowercase()).collect()
        };
        let meant = ids("principals").iter().any(|p| p == ALL_PRINCIPALS || who.contains(p));
        let spared = ids("excludePrincipals").iter().any(|p| who.contains(p));
        let blocks = deny.pointer("/properties/permissions").and_then(Value::as_array);
        let named = blocks.into_iter().flatten().any(|b| names(b, action, data));
        applies && meant && !spared && named
    })
}

/// Whether the assigned role includes the operation.
///
/// `role-based-access-control/role-definitions`: each block of permissions grants `Actions` minus `NotActions`, and
/// `DataActions` minus `NotDataActions`; a block may carry a condition of its own.
fn granted(
    estate: &Estate,
    assignment: &Value,
    action: &str,
    data: bool,
    attributes: &Attributes,
) -> Answer {
    let role = text(assignment, "/properties/roleDefinitionId").to_lowercase();
    let role = role.rsplit('/').next().unwrap_or_default().to_owned();
    let definitions = items(estate, "role-definitions").into_iter();
    let blocks = definitions
        .filter(|d| text(d, "/id").to_lowercase().ends_with(&format!("/{role}")))
        .filter_map(|d| d.pointer("/properties/permissions").and_then(Value::as_array))
        .flatten();
    Answer::any(
        blocks
            .filter(|b| names(b, action, data))
            .map(|b| condition_of(b.get("condition"), action, attributes)),
    )
}

/// Whether a block of permissions names the operation and does not leave it out.
fn names(block: &Value, action: &str, data: bool) -> bool {
    let any = |list: &str| {
        let listed = block.get(list).and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).any(|p| matches(p, action))
    };
    if data {
        any("dataActions") && !any("notDataActions")
    } else {
        any("actions") && !any("notActions")
    }
}

/// `role-based-access-control/role-definitions`: "the wildcard (`*`) … grants all operations that match the string"; names
/// of operations have no case.
pub(super) fn matches(pattern: &str, action: &str) -> bool {
    wildcard(&pattern.trim().to_lowercase(), &action.to_lowercase())
}

fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(i, _)| i).chain([text.len()]);
            ends.filter_map(|i| text.get(i..)).any(|tail| wildcard(rest, tail))
        }),
    }
}

/// A condition that is absent or null holds.
fn condition_of(condition: Option<&Value>, action: &str, attributes: &Attributes) -> Answer {
    match condition.and_then(Value::as_str) {
        None => Answer::Allowed,
        Some(text) => condition::holds(text, action, attributes),
    }
}

/// The attributes of the request, with those that the resource itself has.
///
/// `storage/blobs/storage-auth-abac-attributes`: account name, container name, blob path, hierarchical namespace.
fn attributes(estate: &Estate, request: &Request) -> Attributes {
    let mut all = Attributes::new(&request.attributes);
    let of_account = account(&request.resource);
    if of_account.to_lowercase().contains("/storageaccounts/") {
        let name = of_account.rsplit('/').next().unwrap_or_default();
        all.resource("Microsoft.Storage/storageAccounts:name", name);
        let hns = resource(estate, of_account).and_then(|a| a.pointer("/properties/isHnsEnabled"));
        if let Some(Value::Bool(hns)) = hns {
            all.resource("Microsoft.Storage/storageAccounts:isHnsEnabled", &hns.to_string());
        }
    }
    let (container, path) = blob(&request.resource)
        .map_or((request.resource.as_str(), None), |(container, path)| (container, Some(path)));
    if container.to_lowercase().contains("/containers/") {
        let name = container.rsplit('/').next().unwrap_or_default();
        all.resource("Microsoft.Storage/storageAccounts/blobServices/containers:name", name);
    }
    if let Some(path) = path {
        all.resource("Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path", path);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_spans_segments() {
        assert!(matches("*", "a/b/c"));
        assert!(matches("A/*/c", "a/b/x/c"));
        assert!(matches("*/read", "a/b/READ"));
        assert!(!matches("a/b", "a/b/c"));
        assert!(!matches("*/read", "a/reads"));
    }
}
