//! The asset export: one line for each resource, allow policy and set of constraints.

use super::bindings::Policies;
use super::people::People;
use super::{Bucket, DOMAIN, Plan, TEAMS};
use crate::draw::Draw;
use serde_json::{Value, json};

const HIERARCHY: &str = "cloudresourcemanager.googleapis.com";
const KMS: &str = "cloudkms.googleapis.com";

pub(super) fn lines(draw: &mut Draw, plan: &Plan, people: &People, policies: &Policies) -> Vec<u8> {
    let mut export = Export { draw, plan, people, policies, lines: Vec::new() };
    export.hierarchy();
    export.accounts();
    export.keys();
    for bucket in &plan.buckets {
        export.bucket(bucket);
    }
    export.lines
}

struct Export<'a> {
    draw: &'a mut Draw,
    plan: &'a Plan,
    people: &'a People,
    policies: &'a Policies,
    lines: Vec<u8>,
}

impl Export<'_> {
    fn line(&mut self, value: &Value) {
        self.lines.extend(value.to_string().into_bytes());
        self.lines.push(b'\n');
    }

    /// The line of a resource and, where it has one, that of its policy.
    fn asset(
        &mut self,
        name: &str,
        kind: &str,
        parent: Option<String>,
        data: Value,
        ancestors: &[&str],
    ) {
        let mut resource =
            json!({"version": "v1", "discovery_name": kind.rsplit('/').next(), "data": data});
        if let (Some(parent), Some(object)) = (parent, resource.as_object_mut()) {
            object.insert("parent".to_owned(), json!(parent));
        }
        let time = "2026-05-11T22:00:00Z";
        self.line(&json!({
            "name": name, "asset_type": kind, "resource": resource, "ancestors": ancestors, "update_time": time,
        }));
        if let Some(policy) = self.policies.of(self.draw, name) {
            self.line(&json!({
                "name": name, "asset_type": kind, "iam_policy": policy, "ancestors": ancestors, "update_time": time,
            }));
        }
    }

    fn constraint(&mut self, name: &str, kind: &str, constraint: &str, enforced: bool) {
        self.line(&json!({
            "name": name,
            "asset_type": kind,
            "org_policy": [{
                "constraint": format!("constraints/{constraint}"),
                "boolean_policy": if enforced { json!({"enforced": true}) } else { json!({}) },
                "update_time": "2025-02-11T09:00:00Z",
            }],
        }));
    }

    /// The tags of a project, as a search of assets lists them; of the other projects they are not known.
    fn tags(&mut self, name: &str, kind: &str) {
        let number = self.plan.organization.rsplit('/').next().unwrap_or_default();
        let value = self.draw.one(&["prod", "dev"]);
        let tag = json!({
            "tag_key": format!("{number}/env"),
            "tag_key_id": "tagKeys/281475012216835",
            "tag_value": format!("{number}/env/{value}"),
            "tag_value_id": if value == "prod" { "tagValues/281479442205542" } else { "tagValues/281479442205543" },
        });
        self.line(&json!({
            "name": name,
            "asset_type": kind,
            "effective_tags": [{"attached_resource": name, "effective_tags": [tag]}],
        }));
    }

    fn hierarchy(&mut self) {
        let plan = self.plan;
        let full = |relative: &str| format!("//{HIERARCHY}/{relative}");
        let (kind, root) = (format!("{HIERARCHY}/Organization"), &plan.organization);
        let data = json!({"name": root, "displayName": DOMAIN, "state": "ACTIVE"});
        self.asset(&full(root), &kind, None, data, &[root]);
        self.constraint(&full(root), &kind, "storage.uniformBucketLevelAccess", true);
        let kind = format!("{HIERARCHY}/Folder");
        for (index, folder) in plan.folders.iter().enumerate() {
            let line = plan.above_folder(index);
            let parent = line.get(1).copied().unwrap_or(root);
            let data = json!({"name": folder.relative, "displayName": folder.name, "parent": parent, "state": "ACTIVE"});
            let name = full(&folder.relative);
            self.asset(&name, &kind, Some(full(parent)), data, &line);
            // Production prevents public access; so do some others, and some folders below it are excepted.
            match self.draw.below(100) {
                _ if index == 0 => {
                    self.constraint(&name, &kind, "storage.publicAccessPrevention", true)
                }
                0..20 => self.constraint(&name, &kind, "storage.publicAccessPrevention", true),
                20..25 => self.constraint(&name, &kind, "storage.publicAccessPrevention", false),
                _ => {}
            }
        }
        let kind = format!("{HIERARCHY}/Project");
        for project in &plan.projects {
            let above = plan.above_folder(project.folder);
            let parent = above.first().copied().unwrap_or(root);
            let relative = format!("projects/{}", project.number);
            let data = json!({
                "name": relative, "displayName": project.id, "parent": parent, "projectId": project.id, "state": "ACTIVE",
            });
            let line: Vec<&str> = std::iter::once(relative.as_str()).chain(above).collect();
            self.asset(&full(&relative), &kind, Some(full(parent)), data, &line);
            if self.draw.percent(70) {
                self.tags(&full(&relative), &kind);
            }
        }
    }

    /// Full name and ancestors of a project.
    fn project(&self, index: usize) -> (String, Vec<String>) {
        let Some(project) = self.plan.project(index) else { return (String::new(), Vec::new()) };
        let relative = format!("projects/{}", project.number);
        let above = self.plan.above_folder(project.folder).into_iter().map(str::to_owned);
        (
            format!("//{HIERARCHY}/{relative}"),
            std::iter::once(relative.clone()).chain(above).collect(),
        )
    }

    fn in_project(
        &mut self,
        name: &str,
        kind: &str,
        project: usize,
        parent: Option<String>,
        data: Value,
    ) {
        let (of_project, line) = self.project(project);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        self.asset(name, kind, Some(parent.unwrap_or(of_project)), data, &line);
    }

    fn accounts(&mut self) {
        let plan = self.plan;
        for account in &plan.accounts {
            let id = plan.project(account.project).map_or("", |p| p.id.as_str());
            let data = json!({
                "name": format!("projects/{id}/serviceAccounts/{}", account.email),
                "email": account.email,
                "projectId": id,
                "uniqueId": account.unique_id,
                "oauth2ClientId": account.unique_id,
            });
            let name =
                format!("//iam.googleapis.com/projects/{id}/serviceAccounts/{}", account.unique_id);
            self.in_project(
                &name,
                "iam.googleapis.com/ServiceAccount",
                account.project,
                None,
                data,
            );
        }
    }

    fn keys(&mut self) {
        let plan = self.plan;
        for ring in &plan.rings {
            let data = json!({"name": ring.relative, "createTime": self.draw.time()});
            self.in_project(
                &format!("//{KMS}/{}", ring.relative),
                &format!("{KMS}/KeyRing"),
                ring.project,
                None,
                data,
            );
        }
        for key in &plan.keys {
            let Some(ring) = plan.rings.get(key.ring) else { continue };
            let versions = self.draw.weighted(&[(60, 1), (25, 2), (15, 4)]);
            let state =
                self.draw.weighted(&[(95, "ENABLED"), (3, "DISABLED"), (2, "DESTROY_SCHEDULED")]);
            let version = |number: usize| {
                json!({
                    "name": format!("{}/cryptoKeyVersions/{number}", key.relative),
                    "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
                    "protectionLevel": "SOFTWARE",
                    "state": if number == versions { state } else { "ENABLED" },
                })
            };
            let mut data = json!({
                "name": key.relative,
                "createTime": self.draw.time(),
                "purpose": "ENCRYPT_DECRYPT",
                "primary": version(versions),
                "versionTemplate": {"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protectionLevel": "SOFTWARE"},
                "destroyScheduledDuration": "2592000s",
            });
            if self.draw.percent(75)
                && let Some(object) = data.as_object_mut()
            {
                object.insert("rotationPeriod".to_owned(), json!("7776000s"));
            }
            let name = format!("//{KMS}/{}", key.relative);
            let parent = format!("//{KMS}/{}", ring.relative);
            self.in_project(&name, &format!("{KMS}/CryptoKey"), ring.project, Some(parent), data);
            for number in 1..=versions {
                let below = format!("{name}/cryptoKeyVersions/{number}");
                let kind = format!("{KMS}/CryptoKeyVersion");
                self.in_project(&below, &kind, ring.project, Some(name.clone()), version(number));
            }
        }
    }

    fn bucket(&mut self, bucket: &Bucket) {
        let plan = self.plan;
        let number = plan.project(bucket.project).map_or("0", |p| p.number.as_str());
        let prevention = self.draw.weighted(&[(35, "enforced"), (65, "inherited")]);
        let class = self.draw.weighted(&[(55, "internal"), (35, "confidential"), (10, "public")]);
        let mut data = json!({
            "id": bucket.name,
            "kind": "storage#bucket",
            "name": bucket.name,
            // The number is written as one, as in a real export.
            "projectNumber": number.parse::<u64>().unwrap_or_default(),
            "location": bucket.location.to_uppercase(),
            "locationType": "region",
            "storageClass": "STANDARD",
            "labels": {"team": self.draw.one(&TEAMS), "data-class": class},
            "iamConfiguration": {
                "bucketPolicyOnly": {"enabled": bucket.uniform},
                "uniformBucketLevelAccess": {"enabled": bucket.uniform},
                "publicAccessPrevention": prevention,
            },
            "acl": self.acl(bucket, number, "OWNER"),
            "defaultObjectAcl": self.acl(bucket, number, "READER"),
            "timeCreated": self.draw.time(),
        });
        if let (Some(key), Some(object)) =
            (bucket.key.and_then(|k| plan.keys.get(k)), data.as_object_mut())
        {
            object.insert("encryption".to_owned(), json!({"defaultKmsKeyName": key.relative}));
        }
        let name = format!("//storage.googleapis.com/{}", bucket.name);
        self.in_project(&name, "storage.googleapis.com/Bucket", bucket.project, None, data);
    }

    /// An ACL: the project's own groups, a user or group beside them, seldom everyone.
    fn acl(&mut self, bucket: &Bucket, number: &str, editors: &str) -> Value {
        if bucket.uniform {
            return json!([]);
        }
        let mut entries = vec![
            (format!("project-owners-{number}"), "OWNER"),
            (format!("project-editors-{number}"), editors),
            (format!("project-viewers-{number}"), "READER"),
        ];
        if self.draw.percent(40) {
            let user = self.draw.one(&self.people.users).replace("user:", "user-");
            entries.push((user, self.draw.one(&["READER", "WRITER", "OWNER"])));
        }
        if self.draw.percent(30) {
            entries.push((self.people.group(self.draw).replace("group:", "group-"), "READER"));
        }
        if self.draw.percent(3) {
            entries.push(("allUsers".to_owned(), "READER"));
        }
        entries.iter().map(|(entity, role)| json!({"entity": entity, "role": role})).collect()
    }
}
