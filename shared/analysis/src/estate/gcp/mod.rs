//! The Google Cloud part of the estate.

mod edit;
mod index;
mod load;
mod roles;

pub use edit::target_of;
pub use index::Grants;
pub use roles::shipped_role;

use crate::model::gcp::{Asset, AssetKind, Boundary, DenyPolicy, FullName, Policy, Tag};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All organisations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gcp {
    /// Whether an asset export was loaded.
    pub assets_known: bool,
    /// Whether the export held any allow policy: exports are made by content type.
    pub policies_known: bool,
    /// Whether groups were loaded.
    pub groups_known: bool,
    /// Whether deny policies were loaded.
    pub denies_known: bool,
    /// Resources by name.
    pub assets: BTreeMap<FullName, Asset>,
    /// Allow policies by resource. A known resource without an entry has an empty policy.
    pub policies: BTreeMap<FullName, Policy>,
    /// Constraints by resource, as exported; `None`: changed since, unknown how.
    pub org_policies: BTreeMap<FullName, Option<Vec<Value>>>,
    /// Permissions by role.
    pub roles: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Direct members by the group's e-mail address.
    pub groups: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Deny policies by name.
    pub denies: BTreeMap<Arc<str>, DenyPolicy>,
    /// Principal access boundaries; none where no file says so.
    pub boundaries: Vec<Boundary>,
    /// Service perimeters, as exported.
    pub perimeters: Vec<Value>,
    /// Tags by the resource that they are attached to, where the export lists effective tags.
    pub tags: BTreeMap<FullName, BTreeSet<Tag>>,
    /// Names by other names: projects by id, service accounts by e-mail address.
    aliases: BTreeMap<Arc<str>, FullName>,
    /// Reverse indexes; [`Gcp::reindex`] builds them after loading, edits keep them current.
    index: index::Index,
}

impl Gcp {
    /// Builds the index of other names.
    fn name(&mut self) {
        let entries: Vec<(String, FullName)> = self.assets.values().flat_map(other_names).collect();
        self.aliases = entries.into_iter().map(|(other, name)| (other.into(), name)).collect();
    }

    /// The name that the estate uses for a resource: projects by number, service accounts by numeric id.
    #[must_use]
    pub fn canonical(&self, name: &FullName) -> FullName {
        if self.assets.contains_key(name) {
            return name.clone();
        }
        let key = match name.service() {
            "cloudresourcemanager.googleapis.com" => {
                name.segment("projects").map(|p| format!("project {p}"))
            }
            "iam.googleapis.com" => name.segment("serviceAccounts").map(|a| format!("account {a}")),
            _ => None,
        };
        key.and_then(|k| self.aliases.get(k.as_str())).cloned().unwrap_or_else(|| name.clone())
    }

    /// The service account with this e-mail address.
    #[must_use]
    pub fn service_account(&self, email: &str) -> Option<&FullName> {
        self.aliases.get(format!("account {email}").as_str())
    }

    /// The project with this id or number.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<&Asset> {
        let by_number =
            FullName::of("cloudresourcemanager.googleapis.com", &format!("projects/{id}"));
        self.assets
            .get(&by_number)
            .or_else(|| self.assets.get(self.aliases.get(format!("project {id}").as_str())?))
    }

    fn line_of(&self, name: &FullName) -> Vec<FullName> {
        let mut line = vec![name.clone()];
        while let Some(parent) = line.last().and_then(|last| self.parent(last)) {
            if line.contains(&parent) {
                break;
            }
            line.push(parent);
        }
        line
    }

    /// The parent as exported; for keys and versions also by name, so that a version is below its key.
    fn parent(&self, name: &FullName) -> Option<FullName> {
        let asset = self.assets.get(name);
        let exported = asset.and_then(|a| a.parent.clone());
        let by_number = || {
            let number = asset.filter(|a| a.kind() == AssetKind::Bucket)?.bucket().project_number?;
            Some(self.project(&number)?.name.clone())
        };
        exported.or_else(by_number).or_else(|| {
            let up = |child: &str, collection: &str| {
                name.segment(child).and_then(|_| name.up_to(collection)).filter(|p| p != name)
            };
            // A managed folder stands in its bucket, other folders between: the bucket's line is its line.
            let folder = name.segment("managedFolders").and_then(|_| name.up_to("buckets"));
            folder
                .or_else(|| up("cryptoKeyVersions", "cryptoKeys"))
                .or_else(|| up("cryptoKeys", "keyRings"))
                .or_else(|| {
                    let project = name
                        .segment("projects")
                        .filter(|_| name.service() != "storage.googleapis.com")?;
                    Some(self.project(project)?.name.clone()).filter(|p| p != name)
                })
        })
    }

    /// The project of a resource.
    #[must_use]
    pub fn project_of(&self, name: &FullName) -> Option<&Asset> {
        self.lineage(name)
            .iter()
            .filter_map(|n| self.assets.get(n))
            .find(|a| a.kind() == AssetKind::Project)
    }

    /// The groups that a member is in, transitively, as IAM members.
    #[must_use]
    pub fn groups_of(&self, member: &str) -> BTreeSet<Arc<str>> {
        let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut todo: Vec<Arc<str>> = vec![member.into()];
        while let Some(one) = todo.pop() {
            for group in self.direct_groups(&one) {
                let member: Arc<str> = format!("group:{group}").into();
                if found.insert(member.clone()) {
                    todo.push(member);
                }
            }
        }
        found
    }

    /// A member with, when it is a group, all its members transitively.
    #[must_use]
    pub fn expand(&self, member: &str) -> BTreeSet<Arc<str>> {
        let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut todo: Vec<Arc<str>> = vec![member.into()];
        while let Some(one) = todo.pop() {
            if !found.insert(one.clone()) {
                continue;
            }
            if let Some(members) = one.strip_prefix("group:").and_then(|g| self.groups.get(g)) {
                todo.extend(members.iter().cloned());
            }
        }
        found
    }

    /// The permissions of a role: from the estate, else one that keyfence ships.
    #[must_use]
    pub fn role(&self, role: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.roles.get(role).or_else(|| shipped_role(role))
    }

    /// The domain of the organisation above a resource, which is its display name.
    #[must_use]
    pub fn domain_of(&self, name: &FullName) -> Option<&str> {
        let above = self.lineage(name);
        above
            .iter()
            .filter_map(|n| self.assets.get(n))
            .find(|a| a.kind() == AssetKind::Organization)?
            .text("displayName")
    }
}

fn other_names(asset: &Asset) -> Vec<(String, FullName)> {
    let named =
        |kind: &str, text: Option<&str>| text.map(|t| (format!("{kind} {t}"), asset.name.clone()));
    match asset.kind() {
        AssetKind::Project => named("project", asset.text("projectId")).into_iter().collect(),
        AssetKind::ServiceAccount => {
            let names = [
                named("account", asset.text("email")),
                named("account", asset.text("uniqueId")),
                named("account", Some(asset.name.name())),
            ];
            names.into_iter().flatten().collect()
        }
        AssetKind::Organization
        | AssetKind::Folder
        | AssetKind::Bucket
        | AssetKind::ManagedFolder
        | AssetKind::KeyRing
        | AssetKind::CryptoKey
        | AssetKind::CryptoKeyVersion
        | AssetKind::Other => Vec::new(),
    }
}
