//! The calls that make an edit in Google Cloud.

use super::Draft;
use crate::change::{Edit, GcpEdit};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, FullName, KeyVersionState, PolicyDelta};
use serde_json::{Map, Value, json};

pub(super) fn drafts(now: &Gcp, edit: &GcpEdit) -> Option<Vec<Draft>> {
    match edit {
        GcpEdit::Policy { resource, policy: Some(was) } => {
            let empty = crate::model::gcp::Policy::default();
            let is = now.policies.get(resource).unwrap_or(&empty);
            let mut draft = set_policy(resource, &is.delta_to(was), edit.clone())?;
            let bindings = !is.delta_to(was).is_empty();
            if is.audit_configs == was.audit_configs || is.audit_configs.is_none() {
                return bindings.then(|| vec![draft]);
            }
            let earlier = was.audit_configs.as_ref().map_or_else(|| json!([]), |a| (**a).clone());
            if let Some(change) = draft.change.as_object_mut() {
                change.insert("auditConfigs".to_owned(), earlier);
            }
            Some(vec![draft])
        }
        // No policy line means an empty policy.
        GcpEdit::Policy { resource, policy: None } => {
            let is = now.policies.get(resource)?;
            let delta = is.delta_to(&crate::model::gcp::Policy::default());
            Some(vec![set_policy(resource, &delta, edit.clone())?])
        }
        GcpEdit::Asset { name, state: Some(was) } => asset(now, name, was, edit),
        GcpEdit::Role { role, permissions: Some(permissions) } => {
            let listed: Vec<Value> = permissions.iter().map(|p| Value::from(&**p)).collect();
            let target = format!("//iam.googleapis.com/{role}");
            Some(vec![draft(
                "iam.roles.patch",
                &target,
                json!({"includedPermissions": listed}),
                edit.clone(),
            )])
        }
        GcpEdit::Asset { state: None, .. }
        | GcpEdit::Delta { .. }
        | GcpEdit::Data { .. }
        | GcpEdit::Role { .. }
        | GcpEdit::RoleDelta { .. }
        | GcpEdit::OrgPolicies { .. }
        | GcpEdit::Deny { .. }
        | GcpEdit::Member { .. } => None,
    }
}

fn draft(call: &str, target: &str, change: Value, effect: GcpEdit) -> Draft {
    Draft {
        call: call.to_owned(),
        target: target.to_owned(),
        change,
        effects: vec![Edit::Gcp(effect)],
    }
}

fn set_policy(resource: &FullName, delta: &PolicyDelta, effect: GcpEdit) -> Option<Draft> {
    let has = |collection: &str| resource.segment(collection).is_some();
    let call = match resource.service() {
        "storage.googleapis.com" if has("managedFolders") => "storage.managedFolders.setIamPolicy",
        "storage.googleapis.com" => "storage.buckets.setIamPolicy",
        "cloudresourcemanager.googleapis.com" if has("projects") => {
            "cloudresourcemanager.projects.setIamPolicy"
        }
        "cloudresourcemanager.googleapis.com" if has("folders") => {
            "cloudresourcemanager.folders.setIamPolicy"
        }
        "cloudresourcemanager.googleapis.com" if has("organizations") => {
            "cloudresourcemanager.organizations.setIamPolicy"
        }
        "cloudkms.googleapis.com" if has("cryptoKeys") => "cloudkms.cryptoKeys.setIamPolicy",
        "cloudkms.googleapis.com" if has("keyRings") => "cloudkms.keyRings.setIamPolicy",
        "iam.googleapis.com" if has("serviceAccounts") => "iam.serviceAccounts.setIamPolicy",
        _ => return None,
    };
    let list = |bindings: &std::collections::BTreeSet<crate::model::gcp::Binding>| {
        bindings.iter().map(crate::model::gcp::Binding::to_json).collect::<Vec<_>>()
    };
    let change = json!({"remove": list(&delta.removed), "add": list(&delta.added)});
    Some(draft(call, resource.as_str(), change, effect))
}

fn asset(now: &Gcp, name: &FullName, was: &Asset, edit: &GcpEdit) -> Option<Vec<Draft>> {
    let is = now.assets.get(name)?;
    match was.kind() {
        AssetKind::Bucket => patch("storage.buckets.patch", name, is, was, edit),
        AssetKind::CryptoKey => patch("cloudkms.cryptoKeys.patch", name, is, was, edit),
        AssetKind::CryptoKeyVersion => version(name, is, was),
        AssetKind::Organization
        | AssetKind::Folder
        | AssetKind::Project
        | AssetKind::ManagedFolder
        | AssetKind::KeyRing
        | AssetKind::ServiceAccount
        | AssetKind::Other => None,
    }
}

/// The settings that differ, as they were; a setting that was not there is set to null.
fn patch(
    call: &str,
    name: &FullName,
    is: &Asset,
    was: &Asset,
    edit: &GcpEdit,
) -> Option<Vec<Draft>> {
    let change: Map<String, Value> = changed_settings(is, was)
        .into_iter()
        .map(|key| {
            let earlier = was.data.get(&key).unwrap_or(&Value::Null);
            let value = smallest(is.data.get(&key), earlier);
            (key, value)
        })
        .collect();
    let draft = || draft(call, name.as_str(), Value::Object(change.clone()), edit.clone());
    (!change.is_empty()).then(|| vec![draft()])
}

/// A version scheduled for destruction is disabled when it is restored; it is enabled only when it was enabled before.
/// <https://cloud.google.com/kms/docs/destroy-restore>
fn version(name: &FullName, is: &Asset, was: &Asset) -> Option<Vec<Draft>> {
    let state = |asset: &Asset| asset.text("state").map(KeyVersionState::parse);
    let to = |state: &str| GcpEdit::Data { name: name.clone(), patch: json!({"state": state}) };
    let restore =
        || draft("cloudkms.cryptoKeyVersions.restore", name.as_str(), json!({}), to("DISABLED"));
    let enable = || {
        draft(
            "cloudkms.cryptoKeyVersions.patch",
            name.as_str(),
            json!({"state": "ENABLED"}),
            to("ENABLED"),
        )
    };
    match (state(is)?, state(was)?) {
        (KeyVersionState::DestroyScheduled, KeyVersionState::Enabled) => {
            Some(vec![restore(), enable()])
        }
        (KeyVersionState::DestroyScheduled, KeyVersionState::Disabled) => Some(vec![restore()]),
        (KeyVersionState::Disabled, KeyVersionState::Enabled) => Some(vec![enable()]),
        (_, _) => None,
    }
}

/// Names of settings that differ, those that every write changes left out.
pub(super) fn changed_settings(is: &Asset, was: &Asset) -> Vec<String> {
    const VOLATILE: [&str; 5] = ["etag", "metageneration", "updated", "generation", "timeCreated"];
    let keys = |a: &Asset| {
        a.data.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let mut names = keys(was);
    names.extend(keys(is).into_iter().filter(|k| was.data.get(k).is_none()));
    names.retain(|k| !VOLATILE.contains(&k.as_str()) && is.data.get(k) != was.data.get(k));
    names
}

/// How many settings differ, counted in nested objects.
pub(super) fn differing_settings(is: &Asset, was: &Asset) -> usize {
    let one = |key: String| crate::model::json::differences(is.data.get(&key), was.data.get(&key));
    changed_settings(is, was).into_iter().map(one).sum()
}

/// The members of an object that differ; any other value whole.
fn smallest(is: Option<&Value>, was: &Value) -> Value {
    match (is, was) {
        (Some(Value::Object(is)), Value::Object(was)) => {
            let differing = was.iter().filter(|(k, v)| is.get(*k) != Some(v));
            let earlier = differing.map(|(k, v)| (k.clone(), smallest(is.get(k), v)));
            let added = is.keys().filter(|k| !was.contains_key(*k));
            Value::Object(earlier.chain(added.map(|k| (k.clone(), Value::Null))).collect())
        }
        (_, was) => was.clone(),
    }
}
