//! An organisation of Google Cloud to ask questions of: each test puts in what its case needs, and the estate is loaded from
//! the same files that an operator would export.
//!
//! ```
//! use keyfence_analysis::model::Verdict::{No, Yes};
//! use keyfence_tests::gcp_world::{ANNA, BEN, BUCKET, VIEWER, World, read};
//! let world = World::new().bind(BUCKET, VIEWER, ANNA);
//! read(&world, ANNA, Yes);
//! read(&world, BEN, No);
//! ```

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use crate::{assert_verdict, with};
use keyfence_analysis::access;
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::Access::{Administer, Delete, Read, Write};
use keyfence_analysis::model::{Access, Cloud, Principal, Resource, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;

// --- names

pub const ORGANIZATION: &str = "//cloudresourcemanager.googleapis.com/organizations/483920175523";
pub const FOLDER: &str = "//cloudresourcemanager.googleapis.com/folders/719045528812";
pub const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/604172938815";
pub const KEYS_PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/731946205518";
pub const OTHER_PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/555000555000";
pub const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/records";
pub const REPORTS: &str =
    "//storage.googleapis.com/projects/_/buckets/records/managedFolders/reports/";
pub const RING: &str =
    "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage";
pub const KEY: &str = "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/records";
pub const OTHER_KEY: &str = "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/other";
pub const ROBOT_RESOURCE: &str =
    "//iam.googleapis.com/projects/records-prod/serviceAccounts/108832190445127700341";
pub const SECOND_RESOURCE: &str =
    "//iam.googleapis.com/projects/records-prod/serviceAccounts/117712345678901234567";

pub const ANNA: &str = "user:anna@lindenbank.example";
pub const BEN: &str = "user:ben@lindenbank.example";
pub const OUTSIDER: &str = "user:temp@outsider.example";
pub const ROBOT: &str = "serviceAccount:robot@records-prod.iam.gserviceaccount.com";
pub const SECOND: &str = "serviceAccount:second@records-prod.iam.gserviceaccount.com";
/// The Cloud Storage service agent of the bucket's project.
pub const AGENT: &str =
    "serviceAccount:service-604172938815@gs-project-accounts.iam.gserviceaccount.com";
pub const OUTER: &str = "group:outer@lindenbank.example";
pub const INNER: &str = "group:inner@lindenbank.example";
/// One identity of a workforce pool.
pub const WORKER: &str =
    "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/x";
pub const PUBLIC: &str = "public";
pub const ANYBODY: &str = "any-authenticated";

pub const VIEWER: &str = "roles/storage.objectViewer";
pub const OBJECT_ADMIN: &str = "roles/storage.objectAdmin";
pub const STORAGE_ADMIN: &str = "roles/storage.admin";
pub const CRYPT: &str = "roles/cloudkms.cryptoKeyEncrypterDecrypter";
pub const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
pub const PROJECT_IAM_ADMIN: &str = "roles/resourcemanager.projectIamAdmin";
/// A custom role of the bucket's project.
pub const CUSTOM: &str = "projects/records-prod/roles/own";

/// Everyone, as a deny policy writes it.
pub const ALL: &str = "principalSet://goog/public:all";
/// Reading objects, as a deny policy writes it.
pub const GET: &str = "storage.googleapis.com/objects.get";
/// [`ROBOT`], as a deny policy writes it.
pub const ROBOT_SUBJECT: &str = "principal://iam.googleapis.com/projects/-/serviceAccounts/robot@records-prod.iam.gserviceaccount.com";
/// [`OUTER`], as a deny policy writes it.
pub const OUTER_SET: &str = "principalSet://goog/group/outer@lindenbank.example";

/// A condition that nobody can decide without the time of the request.
pub const UNTIL_2027: &str = "request.time < timestamp('2027-01-01T00:00:00Z')";

// --- the check

fn resource(name: &str) -> Resource {
    if name.contains("/cryptoKeys/") {
        Resource::key(Cloud::Gcp, name)
    } else {
        Resource::store(Cloud::Gcp, name)
    }
}

/// Asks one question; the resource is a key when its name is that of a key.
#[track_caller]
pub fn check(world: &World, principal: &str, access: Access, name: &str, expected: Verdict) {
    assert_verdict(&world.estate(), principal, access, &resource(name), expected);
}

/// The question asked most: who may read the bucket's objects.
#[track_caller]
pub fn read(world: &World, principal: &str, expected: Verdict) {
    check(world, principal, Read, BUCKET, expected);
}

/// Who may read under a condition that some documentation leaves open: neither *yes* nor *no*.
#[track_caller]
pub fn read_is_undecided(world: &World, principal: &str) {
    let answer =
        access::evaluate(&world.estate(), &Principal::named(principal), Read, &resource(BUCKET));
    match answer.verdict() {
        Verdict::Conditional | Verdict::Unknown => {}
        decided @ (Verdict::No | Verdict::Yes) => {
            panic!("{principal} reads {BUCKET}: {decided}, from {}", answer.allowed)
        }
    }
}

/// Anna's accesses to the bucket, in the order read, write, delete, administer.
#[track_caller]
pub fn check_all(world: &World, expected: [Verdict; 4]) {
    for (access, expected) in [Read, Write, Delete, Administer].into_iter().zip(expected) {
        check(world, ANNA, access, BUCKET, expected);
    }
}

/// Whether the later world gives more: what access may be where it could not be before.
#[must_use]
pub fn widens(before: &World, after: &World, principal: &str, access: Access, name: &str) -> bool {
    let ask = |world: &World| {
        access::evaluate(&world.estate(), &Principal::named(principal), access, &resource(name))
            .allowed
    };
    !ask(after).implies(&ask(before))
}

// --- the estate

/// An export of one organisation, with the files beside it; all are there at first.
#[derive(Debug, Clone)]
pub struct World {
    /// Resources by name.
    resources: BTreeMap<String, Value>,
    /// Bindings by resource.
    policies: BTreeMap<String, Vec<Value>>,
    /// Constraints by resource, under the field that the export uses.
    constraints: BTreeMap<String, Value>,
    /// Lines of other content types.
    lines: Vec<Value>,
    files: BTreeMap<&'static str, Value>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Organisation, folder, project, bucket; another project for keys. The bucket has uniform access and Google's key.
    #[must_use]
    pub fn new() -> Self {
        Self {
            resources: BTreeMap::new(),
            policies: BTreeMap::from([(ORGANIZATION.to_owned(), Vec::new())]),
            constraints: BTreeMap::new(),
            lines: Vec::new(),
            files: BTreeMap::from([
                ("roles", json!({})),
                ("groups", json!({})),
                ("deny-policies", json!([])),
            ]),
        }
        .put(ORGANIZATION, None, json!({"displayName": "lindenbank.example"}))
        .put(FOLDER, Some(ORGANIZATION), json!({"displayName": "production"}))
        .put(PROJECT, Some(FOLDER), json!({"projectId": "records-prod"}))
        .put(KEYS_PROJECT, Some(FOLDER), json!({"projectId": "keys-prod"}))
        .put(OTHER_PROJECT, Some(FOLDER), json!({"projectId": "other-prod"}))
        .bucket(bucket(&json!({})))
    }

    /// With the bucket under a customer's key that nobody may use.
    #[must_use]
    pub fn under_key_without_right() -> Self {
        Self::new()
            .bucket(bucket(&json!({"encryption": {"defaultKmsKeyName": relative(KEY)}})))
            .put(RING, Some(KEYS_PROJECT), json!({}))
            .put(KEY, Some(RING), json!({"purpose": "ENCRYPT_DECRYPT"}))
            .put(OTHER_KEY, Some(RING), json!({"purpose": "ENCRYPT_DECRYPT"}))
            .version("1", "ENABLED")
    }

    /// The same; the service agent may use the key.
    #[must_use]
    pub fn under_key() -> Self {
        Self::under_key_without_right().bind(KEY, CRYPT, AGENT)
    }

    /// With two service accounts.
    #[must_use]
    pub fn with_robots() -> Self {
        Self::new().account(ROBOT_RESOURCE, ROBOT, &json!({})).account(
            SECOND_RESOURCE,
            SECOND,
            &json!({}),
        )
    }

    /// A service account of the bucket's project.
    #[must_use]
    pub fn account(self, name: &str, member: &str, changes: &Value) -> Self {
        let email = member.strip_prefix("serviceAccount:").unwrap();
        let id = name.rsplit('/').next().unwrap();
        let data = json!({"email": email, "uniqueId": id, "name": format!("projects/records-prod/serviceAccounts/{email}")});
        self.put(name, Some(PROJECT), with(data, changes))
    }

    /// A resource.
    #[must_use]
    pub fn put(mut self, name: &str, parent: Option<&str>, data: Value) -> Self {
        let line = json!({
            "name": name,
            "asset_type": asset_type(name),
            "resource": {"version": "v1", "parent": parent, "data": data},
        });
        self.resources.insert(name.to_owned(), line);
        self
    }

    /// The bucket, with other data.
    #[must_use]
    pub fn bucket(self, data: Value) -> Self {
        self.put(BUCKET, Some(PROJECT), data)
    }

    /// A version of the key.
    #[must_use]
    pub fn version(self, number: &str, state: &str) -> Self {
        self.version_of(KEY, number, state)
    }

    /// A version of another key.
    #[must_use]
    pub fn version_of(self, key: &str, number: &str, state: &str) -> Self {
        let name = format!("{key}/cryptoKeyVersions/{number}");
        let data = json!({"name": relative(&name), "state": state});
        self.put(&name, Some(key), data)
    }

    /// The key names its primary version.
    #[must_use]
    pub fn primary(self, number: &str, state: &str) -> Self {
        let version = format!("{}/cryptoKeyVersions/{number}", relative(KEY));
        let primary = json!({"name": version, "state": state});
        self.put(KEY, Some(RING), json!({"purpose": "ENCRYPT_DECRYPT", "primary": primary}))
    }

    /// Without a resource.
    #[must_use]
    pub fn lacking(mut self, name: &str) -> Self {
        self.resources.remove(name).unwrap();
        self
    }

    /// Without what is set on a resource.
    #[must_use]
    pub fn without_policy(mut self, on: &str) -> Self {
        self.policies.remove(on);
        self
    }

    /// Without any policy, as in an export of resources.
    #[must_use]
    pub fn without_policies(mut self) -> Self {
        self.policies.clear();
        self
    }

    /// A binding.
    #[must_use]
    pub fn bind(self, on: &str, role: &str, member: &str) -> Self {
        self.push(on, json!({"role": role, "members": [member]}))
    }

    /// A binding under a condition.
    #[must_use]
    pub fn bind_if(self, on: &str, role: &str, member: &str, expression: &str) -> Self {
        let condition = json!({"title": "some", "expression": expression});
        self.push(on, json!({"role": role, "members": [member], "condition": condition}))
    }

    fn push(mut self, on: &str, binding: Value) -> Self {
        self.policies.entry(on.to_owned()).or_default().push(binding);
        self
    }

    /// A custom role.
    #[must_use]
    pub fn role(self, name: &str, permissions: &[&str]) -> Self {
        self.role_entry(name, json!({"includedPermissions": permissions}))
    }

    /// A role as `roles.json` writes it.
    #[must_use]
    pub fn role_entry(mut self, name: &str, entry: Value) -> Self {
        self.files.get_mut("roles").unwrap()[name] = entry;
        self
    }

    /// A group with its direct members.
    #[must_use]
    pub fn group(mut self, group: &str, members: &[&str]) -> Self {
        let email = group.strip_prefix("group:").unwrap();
        self.files.get_mut("groups").unwrap()[email] = json!(members);
        self
    }

    /// One deny policy with one rule.
    #[must_use]
    pub fn deny(mut self, on: &str, rule: &Value) -> Self {
        let relative = on.strip_prefix("//").unwrap().replace('/', "%2F");
        let denies = self.files.get_mut("deny-policies").unwrap().as_array_mut().unwrap();
        let name = format!("policies/{relative}/denypolicies/d{}", denies.len());
        denies.push(json!({"name": name, "rules": [{"denyRule": rule}]}));
        self
    }

    /// The organisation policies of a resource, one of them.
    #[must_use]
    pub fn constraint(self, on: &str, constraint: Value) -> Self {
        self.constraint_as(on, "org_policy", constraint)
    }

    /// The same under another spelling of the field.
    #[must_use]
    pub fn constraint_as(mut self, on: &str, field: &str, constraint: Value) -> Self {
        self.constraints.insert(
            on.to_owned(),
            json!({"name": on, "asset_type": asset_type(on), field: [constraint]}),
        );
        self
    }

    /// A regular service perimeter.
    #[must_use]
    pub fn perimeter(mut self, content: &Value) -> Self {
        let relative = format!("accessPolicies/1/servicePerimeters/p{}", self.lines.len());
        let base =
            json!({"name": relative, "title": "some", "perimeterType": "PERIMETER_TYPE_REGULAR"});
        self.lines.push(json!({
            "name": format!("//accesscontextmanager.googleapis.com/{relative}"),
            "asset_type": "accesscontextmanager.googleapis.com/ServicePerimeter",
            "service_perimeter": with(base, content),
        }));
        self
    }

    /// A principal access boundary on the whole organisation, with the resources that it makes eligible.
    #[must_use]
    pub fn boundary(mut self, eligible: &[&str]) -> Self {
        let policy =
            "organizations/483920175523/locations/global/principalAccessBoundaryPolicies/b";
        let rule = json!({"description": "some", "resources": eligible, "effect": "ALLOW"});
        let content = json!([
            {"name": policy, "details": {"rules": [rule], "enforcementVersion": "4"}},
            {
                "name": "organizations/483920175523/locations/global/policyBindings/b",
                "target": {"principalSet": ORGANIZATION},
                "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                "policy": policy,
            },
        ]);
        self.files.insert("principal-access-boundaries", content);
        self
    }

    /// Without a file.
    #[must_use]
    pub fn without(mut self, file: &str) -> Self {
        self.files.remove(file).unwrap();
        self
    }

    /// Loads it.
    #[must_use]
    pub fn estate(&self) -> Estate {
        let mut lines: Vec<String> = self.resources.values().map(Value::to_string).collect();
        lines.extend(self.policies.iter().map(|(name, bindings)| {
            json!({"name": name, "asset_type": asset_type(name), "iam_policy": {"bindings": bindings}})
                .to_string()
        }));
        lines.extend(self.constraints.values().chain(&self.lines).map(Value::to_string));
        let mut files = Files::new();
        files.insert("gcp/assets.jsonl", lines.join("\n"));
        for (name, content) in &self.files {
            files.insert(format!("gcp/{name}.json"), content.to_string());
        }
        Estate::load(&files).unwrap()
    }
}

fn asset_type(name: &str) -> &'static str {
    let types = [
        ("/cryptoKeyVersions/", "cloudkms.googleapis.com/CryptoKeyVersion"),
        ("/cryptoKeys/", "cloudkms.googleapis.com/CryptoKey"),
        ("/keyRings/", "cloudkms.googleapis.com/KeyRing"),
        ("/serviceAccounts/", "iam.googleapis.com/ServiceAccount"),
        ("/managedFolders/", "storage.googleapis.com/ManagedFolder"),
        ("/buckets/", "storage.googleapis.com/Bucket"),
        ("/projects/", "cloudresourcemanager.googleapis.com/Project"),
        ("/folders/", "cloudresourcemanager.googleapis.com/Folder"),
    ];
    let found = types.iter().find(|(part, _)| name.contains(part));
    found.map_or("cloudresourcemanager.googleapis.com/Organization", |(_, kind)| kind)
}

// --- parts of it

/// The name without its service.
#[must_use]
pub fn relative(name: &str) -> &str {
    name.trim_start_matches('/').split_once('/').unwrap().1
}

/// The data of the bucket.
#[must_use]
pub fn bucket(changes: &Value) -> Value {
    let base = json!({
        "name": "records",
        "projectNumber": 604_172_938_815_u64,
        "acl": [],
        "defaultObjectAcl": [],
        "iamConfiguration": iam(true, "inherited"),
    });
    with(base, changes)
}

/// Uniform access and public access prevention of a bucket.
#[must_use]
pub fn iam(uniform: bool, prevention: &str) -> Value {
    json!({
        "uniformBucketLevelAccess": {"enabled": uniform},
        "publicAccessPrevention": prevention,
    })
}

/// A bucket on which prevention is enforced.
#[must_use]
pub fn prevented_bucket() -> Value {
    bucket(&json!({"iamConfiguration": iam(true, "enforced")}))
}

/// A bucket whose ACLs count, with these entries in its own list and in that of new objects.
#[must_use]
pub fn acl_bucket(acl: &Value, objects: &Value) -> Value {
    bucket(
        &json!({"iamConfiguration": iam(false, "inherited"), "acl": acl, "defaultObjectAcl": objects}),
    )
}

/// A rule of a deny policy.
#[must_use]
pub fn denied(principals: &[&str], permissions: &[&str]) -> Value {
    json!({"deniedPrincipals": principals, "deniedPermissions": permissions})
}

/// How a deny policy writes a user.
#[must_use]
pub fn subject(member: &str) -> String {
    format!("principal://goog/subject/{}", member.strip_prefix("user:").unwrap())
}

/// The constraint of public access prevention, as version 1 writes it.
#[must_use]
pub fn prevention_constraint(enforced: bool) -> Value {
    json!({"constraint": "constraints/storage.publicAccessPrevention", "boolean_policy": {"enforced": enforced}})
}
