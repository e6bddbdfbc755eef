//! Edits of the Azure part: apply one and get its inverse; compare a touched id with the live state.

use super::{Azure, Part};
use crate::change::{AccessPolicyUpdate, AzureEdit, Target};
use crate::model::azure::{ArmId, ArmResource};
use crate::model::json;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What has to be read to see whether an edit came about.
#[must_use]
pub fn target_of(edit: &AzureEdit) -> Option<Target> {
    match edit {
        AzureEdit::Assignment { id, .. }
        | AzureEdit::Definition { id, .. }
        | AzureEdit::Deny { id, .. }
        | AzureEdit::Resource { id, .. }
        | AzureEdit::Patch { id, .. }
        | AzureEdit::AccessPolicies { vault: id, .. } => Some(Target::Arm(id.clone())),
        AzureEdit::Member { .. } => None,
    }
}

impl Azure {
    /// Applies an edit; returns its inverse.
    pub fn apply(&mut self, edit: &AzureEdit) -> AzureEdit {
        self.index_touched(edit, false);
        let inverse = self.set(edit);
        self.index_touched(edit, true);
        inverse
    }

    /// Takes what an edit touches out of the indexes, or puts it in.
    fn index_touched(&mut self, edit: &AzureEdit, there: bool) {
        match edit {
            AzureEdit::Assignment { id, .. } => {
                if let Some(assignment) = self.assignments.get(id) {
                    self.index.assignment(assignment, there);
                }
            }
            AzureEdit::Resource { id, .. }
            | AzureEdit::Patch { id, .. }
            | AzureEdit::AccessPolicies { vault: id, .. } => {
                if let Some(resource) = self.resources.get(id) {
                    self.index.resource(resource, there);
                }
            }
            AzureEdit::Member { group, member, .. } => {
                if self.groups.get(group).is_some_and(|g| g.contains(member)) {
                    self.index.member(group, member, there);
                }
            }
            AzureEdit::Definition { .. } | AzureEdit::Deny { .. } => {}
        }
    }

    fn set(&mut self, edit: &AzureEdit) -> AzureEdit {
        match edit {
            AzureEdit::Assignment { id, state } => {
                let was = put(&mut self.assignments, id.clone(), state.as_deref().cloned());
                AzureEdit::Assignment {
                    id: was.as_ref().map_or_else(|| id.clone(), |w| w.id.clone()),
                    state: was.map(Box::new),
                }
            }
            AzureEdit::Definition { id, state } => {
                let was = put(
                    &mut self.definitions,
                    id.name().to_lowercase().into(),
                    state.as_deref().cloned(),
                );
                AzureEdit::Definition { id: id.clone(), state: was.map(Box::new) }
            }
            AzureEdit::Deny { id, state } => {
                let was = put(&mut self.denies, id.clone(), state.as_deref().cloned());
                AzureEdit::Deny { id: id.clone(), state: was.map(Box::new) }
            }
            AzureEdit::Resource { id, state } => AzureEdit::Resource {
                id: id.clone(),
                state: put(&mut self.resources, id.clone(), state.clone()),
            },
            AzureEdit::Patch { id, body } => self.patch(id, body),
            AzureEdit::AccessPolicies { vault, how, policies } => {
                // Policies of a vault that the estate does not hold cannot be placed.
                let Some(was) = self.resources.get(vault) else { return edit.clone() };
                let property = was.property(&["accessPolicies"]).map(json::list);
                let earlier = property.unwrap_or_default().into_iter().cloned().collect();
                let next = updated_policies(earlier, *how, policies);
                self.patch(vault, &json!({"properties": {"accessPolicies": next}}))
            }
            AzureEdit::Member { group, member, present } => {
                let members = self.groups.entry(group.clone()).or_default();
                let was =
                    if *present { !members.insert(member.clone()) } else { members.remove(member) };
                if self.groups.get(group).is_some_and(std::collections::BTreeSet::is_empty) {
                    self.groups.remove(group);
                }
                AzureEdit::Member { group: group.clone(), member: member.clone(), present: was }
            }
        }
    }

    fn patch(&mut self, id: &ArmId, patch: &Value) -> AzureEdit {
        let was = self.resources.get(id).cloned();
        let mut body =
            was.as_ref().map_or_else(|| json!({"id": id.as_str()}), |w| (*w.body).clone());
        json::merge(&mut body, patch);
        if let Some(mut next) = ArmResource::parse(&body) {
            if let Some(was) = &was {
                next.type_name = was.type_name.clone();
            }
            self.resources.insert(next.id.clone(), next);
        }
        AzureEdit::Resource { id: id.clone(), state: was }
    }

    /// The edits that lead to the live state of an id; `None` when the live estate does not know its part.
    #[must_use]
    pub fn towards(&self, live: &Self, id: &ArmId) -> Option<Vec<AzureEdit>> {
        let part = part_of(id);
        if !live.knows(part) {
            return None;
        }
        let edits = match part {
            Part::Assignments => {
                let (was, is) = (self.assignments.get(id), live.assignments.get(id));
                (was != is).then(|| AzureEdit::Assignment {
                    id: id.clone(),
                    state: is.cloned().map(Box::new),
                })
            }
            Part::Definitions => {
                let name: Arc<str> = id.name().to_lowercase().into();
                let (was, is) = (self.definitions.get(&name), live.definitions.get(&name));
                (was != is).then(|| AzureEdit::Definition {
                    id: id.clone(),
                    state: is.cloned().map(Box::new),
                })
            }
            Part::Denies => {
                let (was, is) = (self.denies.get(id), live.denies.get(id));
                (was != is)
                    .then(|| AzureEdit::Deny { id: id.clone(), state: is.cloned().map(Box::new) })
            }
            Part::Resources | Part::Groups | Part::ManagementGroups => {
                let (was, is) = (self.resources.get(id), live.resources.get(id));
                let id = is.or(was).map_or_else(|| id.clone(), |r| r.id.clone());
                (was != is).then(|| AzureEdit::Resource { id, state: is.cloned() })
            }
        };
        Some(edits.into_iter().collect())
    }
}

fn part_of(id: &ArmId) -> Part {
    let folded = id.folded();
    let is = |kind: &str| folded.contains(&format!("/providers/microsoft.authorization/{kind}/"));
    if is("roleassignments") {
        Part::Assignments
    } else if is("roledefinitions") {
        Part::Definitions
    } else if is("denyassignments") {
        Part::Denies
    } else {
        Part::Resources
    }
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

/// The access policies of a vault after an update.
fn updated_policies(
    mut policies: Vec<Value>,
    how: AccessPolicyUpdate,
    update: &[Value],
) -> Vec<Value> {
    let holder = |p: &Value| json::any_case_str(p, &["objectId"]).map(str::to_lowercase);
    for listed in update {
        let place = policies.iter().position(|p| holder(p) == holder(listed));
        let earlier = place.map(|i| policies.remove(i));
        let next = match (how, earlier) {
            (AccessPolicyUpdate::Add, None) => Some(listed.clone()),
            (AccessPolicyUpdate::Add, Some(earlier)) => {
                Some(with_permissions(&earlier, listed, |mut had, more| {
                    had.extend(more);
                    had
                }))
            }
            (AccessPolicyUpdate::Remove, None) => None,
            (AccessPolicyUpdate::Remove, Some(earlier)) => {
                let left = with_permissions(&earlier, listed, |mut had, less| {
                    had.retain(|p| !less.contains(p));
                    had
                });
                let any = json::any_case(&left, "permissions")
                    .and_then(Value::as_object)
                    .is_some_and(|o| o.values().any(|v| !json::list(v).is_empty()));
                any.then_some(left)
            }
        };
        policies.extend(next);
    }
    policies
}

/// A policy with its permissions joined to those of another, kind by kind (keys, secrets, …).
fn with_permissions(
    policy: &Value,
    other: &Value,
    join: impl Fn(BTreeSet<String>, BTreeSet<String>) -> BTreeSet<String>,
) -> Value {
    let kinds = |p: &Value| -> BTreeMap<String, BTreeSet<String>> {
        let object = json::any_case(p, "permissions").and_then(Value::as_object);
        let texts = |v: &Value| {
            json::list(v).into_iter().filter_map(Value::as_str).map(str::to_lowercase).collect()
        };
        object.into_iter().flatten().map(|(k, v)| (k.to_lowercase(), texts(v))).collect()
    };
    let (mut mine, mut theirs) = (kinds(policy), kinds(other));
    let names: BTreeSet<String> = mine.keys().chain(theirs.keys()).cloned().collect();
    let joined: BTreeMap<String, BTreeSet<String>> = names
        .into_iter()
        .map(|name| {
            let had = mine.remove(&name).unwrap_or_default();
            let listed = theirs.remove(&name).unwrap_or_default();
            (name, join(had, listed))
        })
        .collect();
    let mut next = policy.clone();
    if let Some(object) = next.as_object_mut() {
        object.retain(|k, _| !k.eq_ignore_ascii_case("permissions"));
        object.insert("permissions".to_owned(), json!(joined));
    }
    next
}

#[cfg(test)]
mod access_policy_tests {
    use super::*;

    fn policy(who: &str, keys: &[&str]) -> Value {
        json!({"objectId": who, "permissions": {"keys": keys}})
    }

    #[test]
    fn policies_are_added_and_removed_by_principal_and_permission() {
        use AccessPolicyUpdate::{Add, Remove};
        let had = || vec![policy("a", &["get", "unwrapkey"])];
        let cases = [
            (
                Add,
                policy("b", &["get"]),
                vec![policy("a", &["get", "unwrapkey"]), policy("b", &["get"])],
            ),
            (Add, policy("A", &["List"]), vec![policy("a", &["get", "list", "unwrapkey"])]),
            (Remove, policy("a", &["unwrapKey"]), vec![policy("a", &["get"])]),
            (Remove, policy("a", &["get", "unwrapKey"]), vec![]),
            (Remove, policy("b", &["get"]), had()),
        ];
        for (how, update, expect) in cases {
            assert_eq!(
                updated_policies(had(), how, std::slice::from_ref(&update)),
                expect,
                "{how:?} {update}"
            );
        }
    }
}
