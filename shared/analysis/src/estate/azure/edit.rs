//! Edits of the Azure part: apply one and get its inverse; compare a touched id with the live state.

use super::{Azure, Part};
use crate::change::{AzureEdit, Target};
use crate::model::azure::{ArmId, ArmResource};
use crate::model::json;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What has to be read to see whether an edit came about.
#[must_use]
pub fn target_of(edit: &AzureEdit) -> Option<Target> {
    match edit {
        AzureEdit::Assignment { id, .. }
        | AzureEdit::Definition { id, .. }
        | AzureEdit::Deny { id, .. }
        | AzureEdit::Resource { id, .. }
        | AzureEdit::Patch { id, .. } => Some(Target::Arm(id.clone())),
        AzureEdit::Member { .. } => None,
    }
}

impl Azure {
    /// Applies an edit; returns its inverse.
    pub fn apply(&mut self, edit: &AzureEdit) -> AzureEdit {
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
