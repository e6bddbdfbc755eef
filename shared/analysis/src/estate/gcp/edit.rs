//! Edits of the Google Cloud part: apply one and get its inverse; compare a touched resource with the live state.

use super::{Gcp, other_names};
use crate::change::{GcpEdit, Target};
use crate::model::gcp::{Asset, FullName, Policy};
use crate::model::json;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What has to be read to see whether an edit came about.
#[must_use]
pub fn target_of(edit: &GcpEdit) -> Option<Target> {
    match edit {
        GcpEdit::Policy { resource: name, .. }
        | GcpEdit::Delta { resource: name, .. }
        | GcpEdit::Asset { name, .. }
        | GcpEdit::Data { name, .. } => Some(Target::Asset(name.clone())),
        GcpEdit::Role { role, .. } | GcpEdit::RoleDelta { role, .. } => {
            Some(Target::Role(role.clone()))
        }
        GcpEdit::OrgPolicies { resource, .. } => Some(Target::OrgPolicies(resource.clone())),
        GcpEdit::Deny { name, .. } => Some(Target::DenyPolicy(name.clone())),
        GcpEdit::Member { .. } => None,
    }
}

impl Gcp {
    /// Applies an edit; returns its inverse.
    pub fn apply(&mut self, edit: &GcpEdit) -> GcpEdit {
        self.index_touched(edit, false);
        let inverse = self.set(edit);
        self.index_touched(edit, true);
        inverse
    }

    /// Takes what an edit touches out of the indexes, or puts it in.
    fn index_touched(&mut self, edit: &GcpEdit, there: bool) {
        match edit {
            GcpEdit::Policy { resource, .. } | GcpEdit::Delta { resource, .. } => {
                let resource = self.canonical(resource);
                if let Some(policy) = self.policies.get(&resource) {
                    self.index.policy(&resource, policy, there);
                }
            }
            GcpEdit::Asset { name, .. } | GcpEdit::Data { name, .. } => {
                self.index.lines.forget();
                let name = self.canonical(name);
                if let Some(asset) = self.assets.get(&name) {
                    self.index.asset(asset, there);
                }
            }
            GcpEdit::Member { group, member, .. } => {
                if self.groups.get(group).is_some_and(|g| g.contains(member)) {
                    self.index.member(group, member, there);
                }
            }
            GcpEdit::Role { .. }
            | GcpEdit::RoleDelta { .. }
            | GcpEdit::OrgPolicies { .. }
            | GcpEdit::Deny { .. } => {}
        }
    }

    fn set(&mut self, edit: &GcpEdit) -> GcpEdit {
        match edit {
            GcpEdit::Policy { resource, policy } => self.set_policy(resource, policy.clone()),
            GcpEdit::OrgPolicies { resource, constraints } => {
                let resource = self.canonical(resource);
                let was = self.org_policies.get(&resource).cloned();
                match constraints {
                    // No constraint at all is no entry, so that restoring restores.
                    Some(none) if none.is_empty() => self.org_policies.remove(&resource),
                    some => self.org_policies.insert(resource.clone(), some.clone()),
                };
                GcpEdit::OrgPolicies {
                    resource,
                    constraints: was.unwrap_or_else(|| Some(Vec::new())),
                }
            }
            GcpEdit::Deny { name, policy } => {
                let was = put(&mut self.denies, name.clone(), policy.clone());
                GcpEdit::Deny { name: name.clone(), policy: was }
            }
            GcpEdit::Delta { resource, delta } => {
                let resource = self.canonical(resource);
                // A delta on a policy that is not known leaves it as unknown as it was.
                let known = self.policies.contains_key(&resource)
                    || self.policies_known && self.assets.contains_key(&resource);
                // Managed folders are in no file of assets.
                if !known && !resource.as_str().contains("/managedFolders/") {
                    return edit.clone();
                }
                let was = self.policies.get(&resource).cloned().unwrap_or_default();
                self.set_policy(&resource, Some(was.with(delta)))
            }
            GcpEdit::Asset { name, state } => self.set_asset(name, state.clone()),
            GcpEdit::Data { name, patch } => {
                let name = self.canonical(name);
                let mut next = self.assets.get(&name).cloned().unwrap_or_else(|| Asset {
                    asset_type: type_of(&name).into(),
                    name: name.clone(),
                    parent: None,
                    data: Value::Null.into(),
                });
                let mut data = (*next.data).clone();
                json::merge(&mut data, patch);
                next.data = data.into();
                self.set_asset(&name, Some(next))
            }
            GcpEdit::Role { role, permissions } => self.set_role(role, permissions.clone()),
            GcpEdit::RoleDelta { role, added, removed } => {
                // A delta on a role that is not known leaves it unknown.
                let Some(was) = self.role(role).cloned() else { return edit.clone() };
                let next = was.difference(removed).chain(added).cloned().collect();
                self.set_role(role, Some(next))
            }
            GcpEdit::Member { group, member, present } => {
                let members = self.groups.entry(group.clone()).or_default();
                let was =
                    if *present { !members.insert(member.clone()) } else { members.remove(member) };
                if self.groups.get(group).is_some_and(BTreeSet::is_empty) {
                    self.groups.remove(group);
                }
                GcpEdit::Member { group: group.clone(), member: member.clone(), present: was }
            }
        }
    }

    fn set_policy(&mut self, resource: &FullName, policy: Option<Policy>) -> GcpEdit {
        let resource = self.canonical(resource);
        let was = put(&mut self.policies, resource.clone(), policy);
        GcpEdit::Policy { resource, policy: was }
    }

    fn set_asset(&mut self, name: &FullName, state: Option<Asset>) -> GcpEdit {
        let name = self.canonical(name);
        for (other, _) in self.assets.get(&name).into_iter().flat_map(other_names) {
            self.aliases.remove(other.as_str());
        }
        let others = state.iter().flat_map(other_names);
        self.aliases.extend(others.map(|(other, name)| (Arc::from(other), name)));
        let was = put(&mut self.assets, name.clone(), state);
        GcpEdit::Asset { name, state: was }
    }

    fn set_role(&mut self, role: &Arc<str>, permissions: Option<BTreeSet<Arc<str>>>) -> GcpEdit {
        let was = put(&mut self.roles, role.clone(), permissions);
        GcpEdit::Role { role: role.clone(), permissions: was }
    }

    /// The edits that lead to the live state of a resource and its policy; `None` when the live estate has no assets.
    #[must_use]
    pub fn towards(&self, live: &Self, name: &FullName) -> Option<Vec<GcpEdit>> {
        if !live.assets_known {
            return None;
        }
        let name = self.canonical(name);
        let mut edits = Vec::new();
        let (was, is) = (self.assets.get(&name), live.assets.get(&name));
        if was.map(settings) != is.map(settings) {
            edits.push(GcpEdit::Asset { name: name.clone(), state: is.cloned() });
        }
        let empty = Policy::default();
        let policy = |g: &Self| g.policies.get(&name).unwrap_or(&empty).clone();
        if policy(self) != policy(live) {
            let policy = Some(policy(live));
            edits.push(GcpEdit::Policy { resource: name.clone(), policy });
        }
        Some(edits)
    }

    /// The edit that leads to the live constraints of a resource; `None` when the live estate has none at all.
    #[must_use]
    pub fn org_policies_towards(&self, live: &Self, resource: &FullName) -> Option<Vec<GcpEdit>> {
        if !live.assets_known {
            return None;
        }
        let resource = self.canonical(resource);
        let of =
            |g: &Self| g.org_policies.get(&resource).cloned().unwrap_or_else(|| Some(Vec::new()));
        let constraints = of(live);
        let edit = || {
            vec![GcpEdit::OrgPolicies {
                resource: resource.clone(),
                constraints: constraints.clone(),
            }]
        };
        Some(if of(self) == constraints { Vec::new() } else { edit() })
    }

    /// The edit that leads to the live state of a deny policy.
    #[must_use]
    pub fn deny_towards(&self, live: &Self, name: &Arc<str>) -> Option<Vec<GcpEdit>> {
        if !live.denies_known {
            return None;
        }
        let policy = live.denies.get(name).cloned();
        let same = self.denies.get(name) == policy.as_ref();
        Some(if same { Vec::new() } else { vec![GcpEdit::Deny { name: name.clone(), policy }] })
    }

    /// The edit that leads to the live permissions of a role.
    #[must_use]
    pub fn role_towards(&self, live: &Self, role: &Arc<str>) -> Option<Vec<GcpEdit>> {
        let is = live.roles.get(role)?;
        let same = self.roles.get(role) == Some(is);
        Some(if same {
            Vec::new()
        } else {
            vec![GcpEdit::Role { role: role.clone(), permissions: Some(is.clone()) }]
        })
    }
}

/// The data without what every write changes: times, generation and etag are no settings.
fn settings(asset: &Asset) -> Value {
    let mut data = (*asset.data).clone();
    if let Some(object) = data.as_object_mut() {
        object.retain(|k, _| {
            !["etag", "metageneration", "updated", "updateTime", "generation"].contains(&k.as_str())
        });
    }
    data
}

fn type_of(name: &FullName) -> &'static str {
    match name.service() {
        "storage.googleapis.com" => "storage.googleapis.com/Bucket",
        "cloudkms.googleapis.com" if name.segment("cryptoKeyVersions").is_some() => {
            "cloudkms.googleapis.com/CryptoKeyVersion"
        }
        "cloudkms.googleapis.com" => "cloudkms.googleapis.com/CryptoKey",
        _ => "",
    }
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}
