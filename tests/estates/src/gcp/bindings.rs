//! Allow policies: who is bound to what on which level.

use super::people::People;
use super::roles::Roles;
use super::{Bucket, Plan, TEAMS};
use crate::draw::Draw;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Roles with their weights.
type Choice = &'static [(usize, &'static str)];

const ABOVE: Choice = &[
    (24, "roles/browser"),
    (20, "roles/viewer"),
    (14, "roles/iam.securityReviewer"),
    (14, "roles/logging.viewer"),
    (10, "roles/compute.viewer"),
    (6, "roles/resourcemanager.folderAdmin"),
    (5, "roles/storage.objectViewer"),
    (3, "roles/resourcemanager.projectIamAdmin"),
    (2, "roles/storage.admin"),
    (2, "roles/iam.securityAdmin"),
];

const PROJECT: Choice = &[
    (12, "roles/viewer"),
    (9, "roles/editor"),
    (3, "roles/owner"),
    (8, "roles/logging.logWriter"),
    (7, "roles/monitoring.metricWriter"),
    (6, "roles/monitoring.viewer"),
    (6, "roles/logging.viewer"),
    (6, "roles/bigquery.dataViewer"),
    (6, "roles/bigquery.jobUser"),
    (5, "roles/pubsub.publisher"),
    (5, "roles/secretmanager.secretAccessor"),
    (5, "roles/run.invoker"),
    (4, "roles/compute.instanceAdmin.v1"),
    (4, "roles/artifactregistry.reader"),
    (3, "roles/cloudsql.client"),
    (3, "roles/storage.objectViewer"),
    (3, "roles/storage.objectAdmin"),
    (2, "roles/storage.admin"),
    (2, "roles/dataflow.worker"),
    (1, "roles/dataproc.worker"),
    (1, "roles/cloudkms.admin"),
    (1, "roles/iam.serviceAccountTokenCreator"),
    (1, "roles/iam.serviceAccountUser"),
    (1, "roles/iam.serviceAccountAdmin"),
];

const BUCKET: Choice = &[
    (40, "roles/storage.objectViewer"),
    (18, "roles/storage.objectAdmin"),
    (14, "roles/storage.objectCreator"),
    (12, "roles/storage.objectUser"),
    (6, "roles/storage.legacyBucketReader"),
    (4, "roles/storage.legacyObjectReader"),
    (3, "roles/storage.legacyBucketWriter"),
    (3, "roles/storage.admin"),
];

const KEY: Choice = &[
    (40, "roles/cloudkms.cryptoKeyEncrypterDecrypter"),
    (20, "roles/cloudkms.cryptoKeyDecrypter"),
    (15, "roles/cloudkms.cryptoKeyEncrypter"),
    (15, "roles/cloudkms.viewer"),
    (10, "roles/cloudkms.admin"),
];

const ACCOUNT: Choice = &[
    (45, "roles/iam.serviceAccountUser"),
    (25, "roles/iam.serviceAccountTokenCreator"),
    (20, "roles/iam.workloadIdentityUser"),
    (6, "roles/iam.serviceAccountKeyAdmin"),
    (4, "roles/iam.serviceAccountAdmin"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Level {
    #[default]
    Organization,
    Folder,
    Project,
    Bucket,
    KeyRing,
    Key,
    Account,
}

/// Role, title of the condition, expression of the condition; the last two empty where there is none.
type Terms = (String, String, String);

/// Allow policies by full resource name.
#[derive(Debug, Default)]
pub(super) struct Policies {
    by_name: BTreeMap<String, BTreeMap<Terms, BTreeSet<String>>>,
    count: usize,
}

impl Policies {
    fn add(&mut self, name: &str, role: &str, condition: Option<(String, String)>, member: &str) {
        let (title, expression) = condition.unwrap_or_default();
        let terms = (role.to_owned(), title, expression);
        let members = self.by_name.entry(name.to_owned()).or_default().entry(terms).or_default();
        self.count += usize::from(members.insert(member.to_owned()));
    }

    /// As `getIamPolicy` gives it; `None` where nothing is bound.
    pub(super) fn of(&self, draw: &mut Draw, name: &str) -> Option<Value> {
        let bindings = self.by_name.get(name)?;
        let conditional = bindings.keys().any(|(_, _, expression)| !expression.is_empty());
        let written = bindings.iter().map(|((role, title, expression), members)| {
            if expression.is_empty() {
                json!({"role": role, "members": members})
            } else {
                let condition = json!({"title": title, "expression": expression});
                json!({"role": role, "members": members, "condition": condition})
            }
        });
        let version = if conditional { 3 } else { 1 };
        Some(json!({
            "version": version,
            "etag": format!("B{}=", draw.hex(10)),
            "bindings": written.collect::<Vec<_>>(),
        }))
    }
}

/// So many bindings: first those that the services themselves need, then everybody else's.
pub(super) fn policies(
    draw: &mut Draw,
    plan: &Plan,
    people: &People,
    roles: &Roles,
    count: usize,
) -> Policies {
    let mut policies = Policies::default();
    let root = format!("//cloudresourcemanager.googleapis.com/{}", plan.organization);
    let administrators = format!("group:cloud-admins@{}", super::DOMAIN);
    policies.add(&root, "roles/resourcemanager.organizationAdmin", None, &administrators);
    policies.add(
        &root,
        "roles/iam.securityReviewer",
        None,
        &format!("group:security@{}", super::DOMAIN),
    );
    bind_agents(draw, plan, &mut policies);
    for bucket in &plan.buckets {
        if policies.count < count / 2 && draw.percent(40) {
            bind_project(plan, bucket, &mut policies);
        }
    }
    // A member may be drawn twice for the same: then it counts once.
    for _ in 0..count * 4 {
        if policies.count >= count {
            break;
        }
        bind(draw, plan, people, roles, &mut policies);
    }
    policies
}

/// The storage agents of projects on the keys of their buckets. One in thirty is missing: those buckets are dark.
fn bind_agents(draw: &mut Draw, plan: &Plan, policies: &mut Policies) {
    let role = "roles/cloudkms.cryptoKeyEncrypterDecrypter";
    for bucket in &plan.buckets {
        let Some(key) = bucket.key.and_then(|k| plan.keys.get(k)) else { continue };
        let on_ring = draw.percent(10);
        let ring = plan.rings.get(key.ring).map_or("", |r| r.relative.as_str());
        let on = if on_ring { ring } else { &key.relative };
        if !draw.percent(3) {
            let name = format!("//cloudkms.googleapis.com/{on}");
            policies.add(&name, role, None, &plan.storage_agent(bucket.project));
        }
    }
}

/// The convenience members that Cloud Storage puts on a new bucket.
fn bind_project(plan: &Plan, bucket: &Bucket, policies: &mut Policies) {
    let id = plan.project(bucket.project).map_or("", |p| p.id.as_str());
    let name = format!("//storage.googleapis.com/{}", bucket.name);
    for (role, kind) in [
        ("roles/storage.legacyBucketOwner", "projectEditor"),
        ("roles/storage.legacyBucketOwner", "projectOwner"),
        ("roles/storage.legacyBucketReader", "projectViewer"),
    ] {
        policies.add(&name, role, None, &format!("{kind}:{id}"));
    }
}

fn bind(draw: &mut Draw, plan: &Plan, people: &People, roles: &Roles, policies: &mut Policies) {
    let level = draw.weighted(&[
        (3, Level::Organization),
        (30, Level::Folder),
        (450, Level::Project),
        (380, Level::Bucket),
        (20, Level::KeyRing),
        (50, Level::Key),
        (67, Level::Account),
    ]);
    let place = match level {
        Level::Organization => Place::above(&plan.organization),
        Level::Folder => Place::above(draw.any(&plan.folders).map_or("", |f| f.relative.as_str())),
        Level::Project => {
            let index = draw.low(plan.projects.len());
            let number = plan.project(index).map_or("0", |p| p.number.as_str());
            Place { project: Some(index), ..Place::above(&format!("projects/{number}")) }
        }
        Level::Bucket => {
            let Some(bucket) = draw.any(&plan.buckets) else { return };
            Place::of_bucket(bucket)
        }
        Level::KeyRing | Level::Key => {
            let Some(key) = draw.any(&plan.keys) else { return };
            let Some(ring) = plan.rings.get(key.ring) else { return };
            let relative = if level == Level::Key { &key.relative } else { &ring.relative };
            Place::of(format!("//cloudkms.googleapis.com/{relative}"), ring.project)
        }
        Level::Account => {
            let Some(account) = draw.any(&plan.accounts) else { return };
            let id = plan.project(account.project).map_or("", |p| p.id.as_str());
            let name =
                format!("//iam.googleapis.com/projects/{id}/serviceAccounts/{}", account.unique_id);
            Place::of(name, account.project)
        }
    };
    let choice = match level {
        Level::Organization | Level::Folder => ABOVE,
        Level::Project => PROJECT,
        Level::Bucket => BUCKET,
        Level::KeyRing | Level::Key => KEY,
        Level::Account => ACCOUNT,
    };
    let own = level != Level::Account && draw.percent(10);
    let custom = if own { roles.custom(draw, place.project) } else { None };
    let role = custom.unwrap_or_else(|| draw.weighted(choice));
    let everyone = level == Level::Bucket && draw.below(200) == 0;
    let basic = matches!(role, "roles/owner" | "roles/editor" | "roles/viewer");
    let conditional = !basic && !everyone && !place.by_acl && draw.percent(13);
    let condition = conditional.then(|| condition(draw, plan, level, place.bucket));
    let high = matches!(level, Level::Organization | Level::Folder);
    let member = if everyone {
        draw.one(&["allUsers", "allUsers", "allAuthenticatedUsers"]).to_owned()
    } else if high && draw.percent(85) {
        people.group(draw)
    } else {
        people.member(draw, plan, level == Level::Bucket || role == "roles/browser")
    };
    policies.add(&place.name, role, condition, &member);
}

/// What a binding is put on.
struct Place<'a> {
    name: String,
    project: Option<usize>,
    bucket: Option<&'a str>,
    /// A bucket without uniform access: its bindings have no conditions.
    by_acl: bool,
}

impl<'a> Place<'a> {
    fn above(relative: &str) -> Self {
        let name = format!("//cloudresourcemanager.googleapis.com/{relative}");
        Self { name, project: None, bucket: None, by_acl: false }
    }

    fn of(name: String, project: usize) -> Self {
        Self { name, project: Some(project), bucket: None, by_acl: false }
    }

    fn of_bucket(bucket: &'a Bucket) -> Self {
        Self {
            bucket: Some(&bucket.name),
            by_acl: !bucket.uniform,
            ..Self::of(format!("//storage.googleapis.com/{}", bucket.name), bucket.project)
        }
    }
}

/// Title and expression.
fn condition(draw: &mut Draw, plan: &Plan, level: Level, bucket: Option<&str>) -> (String, String) {
    let until =
        format!("request.time < timestamp(\"{}-12-31T23:59:59Z\")", draw.between(2024, 2028));
    let number = plan.organization.rsplit('/').next().unwrap_or_default();
    let tagged = format!("resource.matchTag(\"{number}/env\", \"{}\")", draw.one(&["prod", "dev"]));
    let (title, expression) = match (level, bucket) {
        (_, Some(bucket)) => {
            let prefix = draw.one(&["reports", "incoming", "raw", "curated", "exports"]);
            let below = format!(
                "resource.name.startsWith(\"projects/_/buckets/{bucket}/objects/{prefix}/\")"
            );
            match draw.below(10) {
                0..6 => ("prefix", below),
                6..8 => ("expiry", until),
                8 => ("prefix and expiry", format!("{below} && {until}")),
                _ => ("tag", tagged),
            }
        }
        (Level::Organization | Level::Folder | Level::Project, None) => {
            let team = draw.one(&TEAMS);
            let buckets = format!(
                "resource.type == \"storage.googleapis.com/Object\" && resource.name.startsWith(\"projects/_/buckets/ec-{team}-\")"
            );
            match draw.below(3) {
                0 => ("team buckets", buckets),
                1 => ("expiry", until),
                _ => ("tag", tagged),
            }
        }
        (Level::Bucket | Level::KeyRing | Level::Key | Level::Account, None) => ("expiry", until),
    };
    (title.to_owned(), expression)
}
