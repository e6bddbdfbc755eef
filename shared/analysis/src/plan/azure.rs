//! The calls that make an edit in Azure.

use super::Draft;
use crate::change::{AzureEdit, Edit};
use crate::estate::azure::Azure;
use crate::model::azure::{ArmId, ArmKind, ArmResource, Condition, RoleAssignment, RoleDefinition};
use crate::model::json as read;
use serde_json::{Map, Value, json};

/// Properties that the service sets by itself.
const VOLATILE: [&str; 8] = [
    "provisioningState",
    "creationTime",
    "lastModifiedTime",
    "statusOfPrimary",
    "primaryEndpoints",
    "secondaryEndpoints",
    "etag",
    "keyCreationTime",
];

pub(super) fn drafts(now: &Azure, edit: &AzureEdit) -> Option<Vec<Draft>> {
    let one = |call: &str, target: &ArmId, change: Value| {
        Some(vec![draft(call, target, change, edit.clone())])
    };
    match edit {
        AzureEdit::Assignment { id, state: None } => {
            // The id as the estate has it: events write it in upper case.
            let id = now.assignments.get(id).map_or(id, |a| &a.id);
            one("DELETE Microsoft.Authorization/roleAssignments", id, json!({}))
        }
        AzureEdit::Assignment { id, state: Some(state) } => {
            one("PUT Microsoft.Authorization/roleAssignments", id, assignment(state))
        }
        AzureEdit::Definition { id, state: Some(state) } => {
            one("PUT Microsoft.Authorization/roleDefinitions", id, definition(state))
        }
        AzureEdit::Resource { id, state: Some(was) } => resource(now, id, was, edit),
        AzureEdit::Resource { .. }
        | AzureEdit::Definition { state: None, .. }
        | AzureEdit::Deny { .. }
        | AzureEdit::Patch { .. }
        | AzureEdit::AccessPolicies { .. }
        | AzureEdit::Member { .. } => None,
    }
}

fn draft(call: &str, target: &ArmId, change: Value, effect: AzureEdit) -> Draft {
    Draft {
        call: call.to_owned(),
        target: target.as_str().to_owned(),
        change,
        effects: vec![Edit::Azure(effect)],
    }
}

fn assignment(state: &RoleAssignment) -> Value {
    let mut change = Map::new();
    let mut put = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            change.insert(key.to_owned(), Value::from(value));
        }
    };
    put("roleDefinitionId", Some(state.role.as_str()));
    put("principalId", Some(&state.principal));
    put("principalType", state.principal_type.as_deref());
    put("condition", state.condition.as_ref().map(Condition::text));
    put("conditionVersion", state.condition_version.as_deref());
    Value::Object(change)
}

fn definition(state: &RoleDefinition) -> Value {
    let texts = |patterns: &[crate::model::Pattern]| {
        patterns.iter().map(|p| Value::from(p.as_str())).collect::<Vec<_>>()
    };
    let blocks: Vec<Value> = state
        .permissions
        .iter()
        .map(|b| {
            json!({"actions": texts(&b.actions), "notActions": texts(&b.not_actions), "dataActions": texts(&b.data_actions), "notDataActions": texts(&b.not_data_actions)})
        })
        .collect();
    json!({"roleName": &*state.role_name, "permissions": blocks})
}

fn resource(now: &Azure, id: &ArmId, was: &ArmResource, edit: &AzureEdit) -> Option<Vec<Draft>> {
    let call = match was.kind() {
        ArmKind::Lock => {
            let level = was.lock_level()?;
            return Some(vec![draft(
                "PUT Microsoft.Authorization/locks",
                &was.id,
                json!({"level": level}),
                edit.clone(),
            )]);
        }
        ArmKind::StorageAccount => "PATCH Microsoft.Storage/storageAccounts",
        ArmKind::Container => "PATCH Microsoft.Storage/storageAccounts/blobServices/containers",
        ArmKind::EncryptionScope => "PATCH Microsoft.Storage/storageAccounts/encryptionScopes",
        ArmKind::Vault => "PATCH Microsoft.KeyVault/vaults",
        // A key's attributes are written through the vault; what was deleted is recovered by a person.
        ArmKind::Key | ArmKind::Identity | ArmKind::Other => return None,
    };
    let is = now.resources.get(id)?;
    let properties = |r: &ArmResource| {
        read::any_case(&r.body, "properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let earlier = properties(was);
    let mut change = Map::new();
    for name in changed_properties(is, was) {
        // A property that was absent before cannot be made absent again by a PATCH.
        let value =
            earlier.iter().find(|(k, _)| k.eq_ignore_ascii_case(&name)).map(|(_, v)| v.clone())?;
        change.insert(name, value);
    }
    if change.is_empty() {
        return None;
    }
    // The call writes these properties and nothing else: whatever else differs stays as it is, and the proof sees that.
    let effect =
        AzureEdit::Resource { id: is.id.clone(), state: Some(with_properties(is, &change)?) };
    Some(vec![draft(call, &was.id, Value::Object(change), effect)])
}

/// The resource with some of its properties replaced.
fn with_properties(is: &ArmResource, change: &Map<String, Value>) -> Option<ArmResource> {
    let mut body = (*is.body).clone();
    let object = body.as_object_mut()?;
    let name = object.keys().find(|k| k.eq_ignore_ascii_case("properties")).cloned()?;
    let properties = object.get_mut(&name)?.as_object_mut()?;
    for (key, value) in change {
        let own = properties.keys().find(|k| k.eq_ignore_ascii_case(key)).cloned();
        properties.insert(own.unwrap_or_else(|| key.clone()), value.clone());
    }
    let mut next = ArmResource::parse(&body)?;
    next.type_name = is.type_name.clone();
    Some(next)
}

/// How many settings differ: properties in full, and whatever else of the resource.
pub(super) fn differing_settings(is: &ArmResource, was: &ArmResource) -> usize {
    let property =
        |r: &ArmResource, name: &str| read::any_case_path(&r.body, &["properties", name]).cloned();
    let names = changed_properties(is, was);
    let inside: usize = names
        .iter()
        .map(|n| read::differences(property(is, n).as_ref(), property(was, n).as_ref()))
        .sum();
    let beside = ["identity", "tags", "sku", "kind"];
    let other = beside
        .iter()
        .filter(|k| read::any_case(&is.body, k) != read::any_case(&was.body, k))
        .count();
    inside + other
}

/// Names of properties that differ between two states of a resource, those that the service sets by itself left out.
pub(super) fn changed_properties(is: &ArmResource, was: &ArmResource) -> Vec<String> {
    let properties = |r: &ArmResource| {
        read::any_case(&r.body, "properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let (is, was) = (properties(is), properties(was));
    let get = |map: &Map<String, Value>, key: &str| {
        map.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v.clone())
    };
    let mut names: Vec<String> = Vec::new();
    for key in was.keys().chain(is.keys()) {
        let known = names
            .iter()
            .chain(VOLATILE.map(str::to_owned).iter())
            .any(|n| n.eq_ignore_ascii_case(key));
        if !known && get(&is, key) != get(&was, key) {
            names.push(key.clone());
        }
    }
    names
}
