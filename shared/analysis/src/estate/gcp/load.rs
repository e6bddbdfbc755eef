//! Loads Google Cloud from an asset export and the files beside it.

use super::Gcp;
use crate::estate::files::{self, FileError};
use crate::model::gcp::{Asset, Boundary, Condition, DenyPolicy, DenyRule, FullName, Policy, Tag};
use crate::model::json;
use serde_json::Value;
use std::sync::Arc;

impl Gcp {
    pub(in crate::estate) fn load(
        &mut self,
        path: &str,
        file: &str,
        content: &[u8],
    ) -> Result<(), FileError> {
        match file {
            "assets.jsonl" => self.load_assets(path, content),
            "roles.json" => self.load_roles(path, &files::json(path, content)?),
            "groups.json" => self.load_groups(path, &files::json(path, content)?),
            "deny-policies.json" => self.load_denies(path, content),
            "principal-access-boundaries.json" => self.load_boundaries(path, content),
            _ => Ok(()),
        }
    }

    /// One asset has up to three lines: resource, IAM policy, org policy.
    fn load_assets(&mut self, path: &str, content: &[u8]) -> Result<(), FileError> {
        self.assets_known = true;
        for (i, line) in content.split(|b| *b == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let error =
                |problem: String| FileError::new(path, format!("line {}: {problem}", i + 1));
            let value: Value =
                serde_json::from_slice(line).map_err(|e| error(format!("not JSON: {e}")))?;
            self.load_asset(&value)
                .ok_or_else(|| error("an asset needs a `name` and an `asset_type`".to_owned()))?;
        }
        Ok(())
    }

    fn load_asset(&mut self, value: &Value) -> Option<()> {
        let name = FullName::new(json::text(value, "name")?);
        let asset_type = json::first(value, &["asset_type", "assetType"])?.as_str()?;
        if let Some(policy) = json::first(value, &["iam_policy", "iamPolicy"]) {
            self.policies_known = true;
            self.policies.insert(name.clone(), Policy::parse(policy));
        }
        if let Some(constraints) = json::first(value, &["org_policy", "orgPolicy"]) {
            let constraints = json::list(constraints).into_iter().cloned().collect();
            self.org_policies.insert(name.clone(), Some(constraints));
        }
        if let Some(perimeter) = json::first(value, &["service_perimeter", "servicePerimeter"]) {
            self.perimeters.push(perimeter.clone());
        }
        for detail in json::first(value, &["effective_tags", "effectiveTags"])
            .map(json::list)
            .unwrap_or_default()
        {
            self.load_tags(detail);
        }
        if let Some(resource) = value.get("resource") {
            let ancestors = value.get("ancestors").map(json::list).unwrap_or_default();
            let parent = json::text(resource, "parent").map(FullName::new).or_else(|| {
                // `ancestors` begins with the resource itself for projects and above.
                let own = name.relative();
                let above = ancestors.into_iter().filter_map(Value::as_str).find(|a| *a != own)?;
                Some(FullName::of("cloudresourcemanager.googleapis.com", above))
            });
            let data = resource.get("data").cloned().unwrap_or(Value::Null);
            self.assets.insert(
                name.clone(),
                Asset { name, asset_type: asset_type.into(), parent, data: data.into() },
            );
        }
        Some(())
    }

    /// `{attachedResource, effectiveTags: [{tagKey, tagKeyId, tagValue, tagValueId}]}`, as a search of assets lists them.
    fn load_tags(&mut self, detail: &Value) {
        let attached = json::first(detail, &["attached_resource", "attachedResource"]);
        let Some(attached) = attached.and_then(Value::as_str).map(FullName::new) else { return };
        let listed = json::first(detail, &["effective_tags", "effectiveTags"]);
        let text = |tag: &Value, keys: [&str; 2]| {
            json::first(tag, &keys).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let tags = listed.map(json::list).unwrap_or_default().into_iter().map(|tag| Tag {
            key: text(tag, ["tag_key", "tagKey"]).into(),
            key_id: text(tag, ["tag_key_id", "tagKeyId"]).into(),
            // The value is namespaced: `<organisation>/<key>/<value>`.
            value: text(tag, ["tag_value", "tagValue"])
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .into(),
            value_id: text(tag, ["tag_value_id", "tagValueId"]).into(),
        });
        self.tags.entry(attached).or_default().extend(tags);
    }

    /// Policies and policy bindings of principal access boundaries in one list, in the shapes of the IAM v3 API.
    fn load_boundaries(&mut self, path: &str, content: &[u8]) -> Result<(), FileError> {
        let items = files::json_list(path, content)?;
        for (i, binding) in
            items.iter().enumerate().filter(|(_, item)| item.get("target").is_some())
        {
            let error = |problem: &str| FileError::new(path, format!("`[{i}]`: {problem}"));
            let principals = binding
                .get("target")
                .and_then(|t| json::first(t, &["principalSet", "principal_set"]))
                .and_then(Value::as_str)
                .ok_or_else(|| error("a binding needs `target.principalSet`"))?;
            let wanted =
                json::text(binding, "policy").ok_or_else(|| error("a binding needs a `policy`"))?;
            let policy = items.iter().find(|item| json::text(item, "name") == Some(wanted));
            let rules = policy.and_then(|p| p.get("details")?.get("rules")).map(json::list);
            let resources = rules
                .unwrap_or_default()
                .into_iter()
                .flat_map(|rule| rule.get("resources").map(json::list).unwrap_or_default())
                .filter_map(|r| r.as_str().map(FullName::new))
                .collect();
            self.boundaries.push(Boundary { principals: principals.into(), resources });
        }
        Ok(())
    }

    /// `{role: {includedPermissions: [...]}}` or a list of roles as `gcloud iam roles list` gives it.
    fn load_roles(&mut self, path: &str, value: &Value) -> Result<(), FileError> {
        let entries: Vec<(String, &Value)> = match value {
            Value::Object(roles) => roles.iter().map(|(name, role)| (name.clone(), role)).collect(),
            Value::Array(roles) => {
                let named = roles.iter().map(|r| Some((json::text(r, "name")?.to_owned(), r)));
                named
                    .collect::<Option<_>>()
                    .ok_or_else(|| FileError::new(path, "a role needs a `name`"))?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(FileError::new(path, "expected roles by name"));
            }
        };
        for (name, role) in entries {
            // A disabled or deleted role leaves its bindings in place, without effect.
            let idle = json::text(role, "stage") == Some("DISABLED")
                || role.get("deleted").and_then(json::boolean) == Some(true);
            if idle {
                self.roles.insert(name.as_str().into(), std::collections::BTreeSet::new());
                continue;
            }
            let listed = role.get("includedPermissions").unwrap_or(role);
            let permissions = listed.as_array().and_then(|_| json::strings(listed));
            let permissions = permissions.ok_or_else(|| {
                FileError::new(
                    path,
                    format!("`{name}`: `includedPermissions` is not a list of strings"),
                )
            })?;
            self.roles
                .insert(name.as_str().into(), permissions.into_iter().map(Into::into).collect());
        }
        Ok(())
    }

    /// `{group e-mail address: [members]}`.
    fn load_groups(&mut self, path: &str, value: &Value) -> Result<(), FileError> {
        let wrong =
            |group: &str| FileError::new(path, format!("`{group}`: expected a list of members"));
        let groups = value
            .as_object()
            .ok_or_else(|| FileError::new(path, "expected an object: group -> members"))?;
        for (group, members) in groups {
            let members = members
                .as_array()
                .and_then(|_| json::strings(members))
                .ok_or_else(|| wrong(group))?;
            self.groups
                .insert(group.as_str().into(), members.into_iter().map(Into::into).collect());
        }
        // A group without members is as good as none.
        self.groups.retain(|_, members| !members.is_empty());
        self.groups_known = true;
        Ok(())
    }

    fn load_denies(&mut self, path: &str, content: &[u8]) -> Result<(), FileError> {
        for (i, item) in files::json_list(path, content)?.iter().enumerate() {
            let error = |problem: &str| FileError::new(path, format!("`[{i}]`: {problem}"));
            let name =
                json::text(item, "name").ok_or_else(|| error("a deny policy needs a `name`"))?;
            let attachment = attachment(name).ok_or_else(|| {
                error("the `name` is not `policies/<attachment point>/denypolicies/<id>`")
            })?;
            let rules = item.get("rules").map(json::list).unwrap_or_default();
            let rules = rules
                .into_iter()
                .filter_map(|r| Some(deny_rule(r.get("denyRule").or_else(|| r.get("deny_rule"))?)))
                .collect();
            self.denies.insert(name.into(), DenyPolicy { attachment, rules });
        }
        self.denies_known = true;
        Ok(())
    }
}

/// `policies/cloudresourcemanager.googleapis.com%2Ffolders%2F1/denypolicies/x` is attached to the folder.
fn attachment(name: &str) -> Option<FullName> {
    let encoded = name.strip_prefix("policies/")?.split('/').next()?;
    let decoded = encoded.replace("%2F", "/").replace("%2f", "/");
    let (service, relative) = decoded.split_once('/')?;
    Some(FullName::of(service, relative))
}

fn deny_rule(value: &Value) -> DenyRule {
    let texts = |keys: [&str; 2]| -> Vec<Arc<str>> {
        let listed = json::first(value, &keys).map(json::list).unwrap_or_default();
        listed.into_iter().filter_map(Value::as_str).map(Into::into).collect()
    };
    DenyRule {
        principals: texts(["deniedPrincipals", "denied_principals"]),
        excepted_principals: texts(["exceptionPrincipals", "exception_principals"]),
        permissions: texts(["deniedPermissions", "denied_permissions"]),
        excepted_permissions: texts(["exceptionPermissions", "exception_permissions"]),
        condition: json::first(value, &["denialCondition", "denial_condition"])
            .and_then(Condition::parse),
    }
}
