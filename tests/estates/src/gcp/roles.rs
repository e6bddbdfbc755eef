//! Roles: the predefined ones that are bound, and custom ones of projects and of the organisation.

use super::{Plan, TEAMS};
use crate::draw::Draw;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Basic and predefined roles. Long ones are excerpts: the permissions on storage, keys, identities and the hierarchy.
/// <https://cloud.google.com/iam/docs/roles-permissions>
const PREDEFINED: &str = include_str!("roles.json");

/// Permissions that custom roles are made of.
const STORAGE: [&[&str]; 7] = [
    &["storage.objects.get", "storage.objects.list"],
    &["storage.objects.create"],
    &[
        "storage.objects.get",
        "storage.objects.create",
        "storage.objects.update",
        "storage.objects.list",
    ],
    &["storage.objects.delete"],
    &["storage.buckets.get", "storage.buckets.list", "storage.buckets.getIamPolicy"],
    &["storage.buckets.update"],
    &["storage.buckets.setIamPolicy", "storage.buckets.getIamPolicy"],
];

const OTHER: [&[&str]; 10] = [
    &[
        "compute.instances.get",
        "compute.instances.list",
        "compute.instances.start",
        "compute.instances.stop",
    ],
    &["logging.logEntries.list", "logging.logs.list"],
    &["bigquery.tables.getData", "bigquery.jobs.create", "bigquery.datasets.get"],
    &["run.services.get", "run.services.update", "run.routes.invoke"],
    &["pubsub.topics.publish", "pubsub.subscriptions.consume"],
    &["container.clusters.get", "container.pods.list", "container.pods.getLogs"],
    &["monitoring.timeSeries.list", "monitoring.alertPolicies.list"],
    &["cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt"],
    &["cloudkms.cryptoKeys.get", "cloudkms.cryptoKeys.list", "cloudkms.keyRings.list"],
    &["iam.serviceAccounts.actAs", "iam.serviceAccounts.list"],
];

#[derive(Debug)]
pub(super) struct Roles {
    /// Custom roles of the organisation.
    organization: Vec<String>,
    /// Custom roles by the place of their project.
    projects: BTreeMap<usize, Vec<String>>,
    pub(super) table: Value,
}

impl Roles {
    pub(super) fn of(draw: &mut Draw, plan: &Plan, count: usize) -> Self {
        let table = serde_json::from_str(PREDEFINED).unwrap_or_default();
        let mut roles = Self { organization: Vec::new(), projects: BTreeMap::new(), table };
        for index in 0..count {
            let last = format!("{}Role{index}", draw.one(&TEAMS));
            let name = if draw.percent(20) {
                let name = format!("{}/roles/{last}", plan.organization);
                roles.organization.push(name.clone());
                name
            } else {
                let project = draw.low(plan.projects.len());
                let id = plan.project(project).map_or("", |p| p.id.as_str());
                let name = format!("projects/{id}/roles/{last}");
                roles.projects.entry(project).or_default().push(name.clone());
                name
            };
            if let Some(table) = roles.table.as_object_mut() {
                table.insert(
                    name,
                    json!({"includedPermissions": permissions(draw), "stage": "GA", "title": last}),
                );
            }
        }
        roles
    }

    /// A custom role that may be bound within a project, or above all projects.
    pub(super) fn custom(&self, draw: &mut Draw, project: Option<usize>) -> Option<&str> {
        let own =
            project.and_then(|p| self.projects.get(&p)).map(Vec::as_slice).unwrap_or_default();
        let from = if own.is_empty() { &self.organization } else { own };
        draw.any(from).map(String::as_str)
    }
}

fn permissions(draw: &mut Draw) -> Vec<&'static str> {
    let storage = if draw.percent(40) { draw.between(1, 2) } else { 0 };
    let other = draw.between(1, 3);
    let parts = [draw.some(&STORAGE, storage), draw.some(&OTHER, other)].concat();
    let mut all: Vec<&str> = parts.into_iter().flatten().copied().collect();
    all.push("resourcemanager.projects.get");
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predefined_roles_are_read() {
        let table: Value = serde_json::from_str(PREDEFINED).unwrap();
        for role in [
            "roles/storage.objectViewer",
            "roles/owner",
            "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        ] {
            assert!(table[role]["includedPermissions"].is_array(), "{role}");
        }
    }
}
