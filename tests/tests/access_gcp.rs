//! Who may read, write, delete, administer and decrypt in Google Cloud, case by case: each organisation holds only what the
//! case needs, and the expected verdict follows from the documentation, not from what the evaluator prints. The comments
//! name the rule: the GCP part of the design note on access (`access.md`), or a page of the vendor, below
//! <https://cloud.google.com/>:
//!
//! * *hierarchy*: `iam/docs/resource-hierarchy-access-control`
//! * *members*: `iam/docs/principal-identifiers`
//! * *deny*: `iam/docs/deny-overview`
//! * *conditions*: `iam/docs/conditions-overview`
//! * *impersonation*: `iam/docs/service-account-impersonation`; *account keys*: `iam/docs/keys-create-delete`
//! * *storage roles*: `storage/docs/access-control/iam-roles`
//! * *uniform*: `storage/docs/uniform-bucket-level-access`; *ACLs*: `storage/docs/access-control/lists`
//! * *prevention*: `storage/docs/public-access-prevention`; *constraints*: `resource-manager/docs/organization-policy/understanding-hierarchy`
//! * *folders*: `storage/docs/managed-folders`
//! * *cmek*: `storage/docs/encryption/customer-managed-keys`
//! * *kms roles*: `kms/docs/reference/permissions-and-roles`; *key states*: `kms/docs/key-states`

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_analysis::model::{Access, Cloud, Resource, Verdict};
use keyfence_tests::{assert_verdict, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ORGANIZATION: &str = "//cloudresourcemanager.googleapis.com/organizations/483920175523";
const FOLDER: &str = "//cloudresourcemanager.googleapis.com/folders/719045528812";
const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/604172938815";
const KEYS_PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/731946205518";
const OTHER_PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/555000555000";
const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/records";
const REPORTS: &str = "//storage.googleapis.com/projects/_/buckets/records/managedFolders/reports/";
const RING: &str =
    "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage";
const KEY: &str = "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/records";
const OTHER_KEY: &str = "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/other";
const ROBOT_RESOURCE: &str =
    "//iam.googleapis.com/projects/records-prod/serviceAccounts/108832190445127700341";
const SECOND_RESOURCE: &str =
    "//iam.googleapis.com/projects/records-prod/serviceAccounts/117712345678901234567";

const ANNA: &str = "user:anna@lindenbank.example";
const BEN: &str = "user:ben@lindenbank.example";
const OUTSIDER: &str = "user:temp@outsider.example";
const ROBOT: &str = "serviceAccount:robot@records-prod.iam.gserviceaccount.com";
const SECOND: &str = "serviceAccount:second@records-prod.iam.gserviceaccount.com";
/// The Cloud Storage service agent of the bucket's project.
const AGENT: &str =
    "serviceAccount:service-604172938815@gs-project-accounts.iam.gserviceaccount.com";
const OUTER: &str = "group:outer@lindenbank.example";
const INNER: &str = "group:inner@lindenbank.example";
const PUBLIC: &str = "public";
const ANYBODY: &str = "any-authenticated";

const VIEWER: &str = "roles/storage.objectViewer";
const OBJECT_ADMIN: &str = "roles/storage.objectAdmin";
const CRYPT: &str = "roles/cloudkms.cryptoKeyEncrypterDecrypter";
const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const CUSTOM: &str = "projects/records-prod/roles/own";

// --- the check

/// Asks one question; the resource is a key when its name is that of a key.
#[track_caller]
fn check(world: &World, principal: &str, access: Access, resource: &str, expected: Verdict) {
    let what = if resource.contains("/cryptoKeys/") {
        Resource::key(Cloud::Gcp, resource)
    } else {
        Resource::store(Cloud::Gcp, resource)
    };
    assert_verdict(&world.estate(), principal, access, &what, expected);
}

/// The question asked most: who may read the bucket's objects.
#[track_caller]
fn read(world: &World, principal: &str, expected: Verdict) {
    check(world, principal, Read, BUCKET, expected);
}

/// Anna's accesses to the bucket, in the order read, write, delete, administer.
#[track_caller]
fn check_all(world: &World, expected: [Verdict; 4]) {
    for (access, expected) in [Read, Write, Delete, Administer].into_iter().zip(expected) {
        check(world, ANNA, access, BUCKET, expected);
    }
}

// --- the estates

/// An export of one organisation, with the files beside it; all are there at first.
#[derive(Clone)]
struct World {
    /// Resources by name.
    resources: BTreeMap<String, Value>,
    /// Bindings by resource.
    policies: BTreeMap<String, Vec<Value>>,
    /// Constraints by resource.
    constraints: BTreeMap<String, Value>,
    files: BTreeMap<&'static str, Value>,
}

impl World {
    /// Organisation, folder, project, bucket; another project for keys. The bucket has uniform access and Google's key.
    fn new() -> Self {
        Self {
            resources: BTreeMap::new(),
            policies: BTreeMap::from([(ORGANIZATION.to_owned(), Vec::new())]),
            constraints: BTreeMap::new(),
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
    fn under_key_without_right() -> Self {
        Self::new()
            .bucket(bucket(&json!({"encryption": {"defaultKmsKeyName": relative(KEY)}})))
            .put(RING, Some(KEYS_PROJECT), json!({}))
            .put(KEY, Some(RING), json!({"purpose": "ENCRYPT_DECRYPT"}))
            .put(OTHER_KEY, Some(RING), json!({"purpose": "ENCRYPT_DECRYPT"}))
            .version("1", "ENABLED")
    }

    /// The same; the service agent may use the key.
    fn under_key() -> Self {
        Self::under_key_without_right().bind(KEY, CRYPT, AGENT)
    }

    /// With two service accounts.
    fn with_robots() -> Self {
        let account = |member: &str, id: &str| {
            let email = member.strip_prefix("serviceAccount:").unwrap();
            json!({"email": email, "uniqueId": id, "name": format!("projects/records-prod/serviceAccounts/{email}")})
        };
        Self::new().put(ROBOT_RESOURCE, Some(PROJECT), account(ROBOT, "108832190445127700341")).put(
            SECOND_RESOURCE,
            Some(PROJECT),
            account(SECOND, "117712345678901234567"),
        )
    }

    fn put(mut self, name: &str, parent: Option<&str>, data: Value) -> Self {
        let line = json!({
            "name": name,
            "asset_type": asset_type(name),
            "resource": {"version": "v1", "parent": parent, "data": data},
        });
        self.resources.insert(name.to_owned(), line);
        self
    }

    fn bucket(self, data: Value) -> Self {
        self.put(BUCKET, Some(PROJECT), data)
    }

    fn version(self, number: &str, state: &str) -> Self {
        let name = format!("{KEY}/cryptoKeyVersions/{number}");
        let data = json!({"name": relative(&name), "state": state});
        self.put(&name, Some(KEY), data)
    }

    fn lacking(mut self, name: &str) -> Self {
        self.resources.remove(name).unwrap();
        self
    }

    fn bind(self, on: &str, role: &str, member: &str) -> Self {
        self.push(on, json!({"role": role, "members": [member]}))
    }

    fn bind_if(self, on: &str, role: &str, member: &str, expression: &str) -> Self {
        let condition = json!({"title": "some", "expression": expression});
        self.push(on, json!({"role": role, "members": [member], "condition": condition}))
    }

    fn push(mut self, on: &str, binding: Value) -> Self {
        self.policies.entry(on.to_owned()).or_default().push(binding);
        self
    }

    fn role(mut self, name: &str, permissions: &[&str]) -> Self {
        self.files.get_mut("roles").unwrap()[name] = json!({"includedPermissions": permissions});
        self
    }

    fn group(mut self, group: &str, members: &[&str]) -> Self {
        let email = group.strip_prefix("group:").unwrap();
        self.files.get_mut("groups").unwrap()[email] = json!(members);
        self
    }

    /// One deny policy with one rule.
    fn deny(mut self, on: &str, rule: &Value) -> Self {
        let relative = on.strip_prefix("//").unwrap().replace('/', "%2F");
        let denies = self.files.get_mut("deny-policies").unwrap().as_array_mut().unwrap();
        let name = format!("policies/{relative}/denypolicies/d{}", denies.len());
        denies.push(json!({"name": name, "rules": [{"denyRule": rule}]}));
        self
    }

    fn constraint(mut self, on: &str, constraint: Value) -> Self {
        self.constraints.insert(on.to_owned(), json!([constraint]));
        self
    }

    fn without(mut self, file: &str) -> Self {
        self.files.remove(file).unwrap();
        self
    }

    fn estate(&self) -> Estate {
        let mut lines: Vec<String> = self.resources.values().map(Value::to_string).collect();
        lines.extend(self.policies.iter().map(|(name, bindings)| {
            json!({"name": name, "asset_type": asset_type(name), "iam_policy": {"bindings": bindings}})
                .to_string()
        }));
        lines.extend(self.constraints.iter().map(|(name, constraints)| {
            json!({"name": name, "asset_type": asset_type(name), "org_policy": constraints})
                .to_string()
        }));
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

/// The name without its service.
fn relative(name: &str) -> &str {
    name.trim_start_matches('/').split_once('/').unwrap().1
}

fn bucket(changes: &Value) -> Value {
    let base = json!({
        "name": "records",
        "projectNumber": 604_172_938_815_u64,
        "acl": [],
        "defaultObjectAcl": [],
        "iamConfiguration": iam(true, "inherited"),
    });
    with(base, changes)
}

fn iam(uniform: bool, prevention: &str) -> Value {
    json!({
        "uniformBucketLevelAccess": {"enabled": uniform},
        "publicAccessPrevention": prevention,
    })
}

/// A bucket whose ACLs count, with these entries in its own list and in that of new objects.
fn acl_bucket(acl: Value, objects: Value) -> Value {
    bucket(
        &json!({"iamConfiguration": iam(false, "inherited"), "acl": acl, "defaultObjectAcl": objects}),
    )
}

fn denied(principals: &[&str], permissions: &[&str]) -> Value {
    json!({"deniedPrincipals": principals, "deniedPermissions": permissions})
}

const ALL: &str = "principalSet://goog/public:all";
const GET: &str = "storage.googleapis.com/objects.get";

/// How a deny policy writes a user.
fn subject(member: &str) -> String {
    format!("principal://goog/subject/{}", member.strip_prefix("user:").unwrap())
}

fn prevention_constraint(enforced: bool) -> Value {
    json!({"constraint": "constraints/storage.publicAccessPrevention", "boolean_policy": {"enforced": enforced}})
}

// --- the key is no fence, but a switch

/// access.md, GCP, CMEK; *cmek*: the service agent en- and decrypts, the reader needs no permission on the key.
#[test]
fn a_storage_role_alone_reads_what_a_customers_key_encrypts() {
    let world = World::under_key().bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [Yes, Yes, Yes, No]);
    check(&world, ANNA, Decrypt, KEY, No);
}

/// access.md, GCP, CMEK: a right on the key is no right on the data.
#[test]
fn a_key_role_alone_reads_no_data() {
    let world = World::under_key().bind(KEY, CRYPT, ANNA);
    check_all(&world, [No, No, No, No]);
    check(&world, ANNA, Decrypt, KEY, Yes);
}

/// *cmek*: without its role on the key the service agent can neither read nor write for anybody. access.md: delete keeps
/// working.
#[test]
fn nobody_reads_or_writes_once_the_service_agent_has_lost_the_key() {
    let world = World::under_key_without_right().bind(BUCKET, OBJECT_ADMIN, ANNA);
    check_all(&world, [No, No, Yes, No]);
    // The reader's own right on the key changes nothing.
    read(&world.bind(KEY, CRYPT, ANNA), ANNA, No);
}

/// *cmek*: the agent needs `cryptoKeyEncrypterDecrypter`; half of it is half of the access.
#[test]
fn reading_needs_the_agents_right_to_decrypt_and_writing_its_right_to_encrypt() {
    let cases = [
        (CRYPT, Yes, Yes),
        ("roles/cloudkms.cryptoKeyDecrypter", Yes, No),
        ("roles/cloudkms.cryptoKeyEncrypter", No, Yes),
        ("roles/cloudkms.viewer", No, No),
        ("roles/cloudkms.admin", No, No),
    ];
    for (role, reads, writes) in cases {
        let world = World::under_key_without_right().bind(KEY, role, AGENT).bind(
            BUCKET,
            OBJECT_ADMIN,
            ANNA,
        );
        read(&world, ANNA, reads);
        check(&world, ANNA, Write, BUCKET, writes);
    }
}

/// access.md, GCP: KMS inherits project > key ring > key.
#[test]
fn the_agents_role_may_stand_above_the_key() {
    for (on, expected) in [
        (KEY, Yes),
        (RING, Yes),
        (KEYS_PROJECT, Yes),
        (FOLDER, Yes),
        (ORGANIZATION, Yes),
        (OTHER_KEY, No),
        // The project of the bucket is not that of the key.
        (PROJECT, No),
    ] {
        let world =
            World::under_key_without_right().bind(on, CRYPT, AGENT).bind(BUCKET, VIEWER, ANNA);
        read(&world, ANNA, expected);
    }
}

/// *cmek*: it is the agent of the bucket's own project that needs the key.
#[test]
fn the_agent_of_another_project_does_not_count() {
    let other = "serviceAccount:service-731946205518@gs-project-accounts.iam.gserviceaccount.com";
    let world = World::under_key_without_right().bind(KEY, CRYPT, other).bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, No);
}

/// *key states*: only an enabled version decrypts.
#[test]
fn nobody_reads_while_the_key_version_is_not_enabled() {
    let cases = [
        ("ENABLED", Yes),
        ("DISABLED", No),
        ("DESTROY_SCHEDULED", No),
        ("DESTROYED", No),
        ("PENDING_GENERATION", No),
        ("IMPORT_FAILED", No),
    ];
    for (state, expected) in cases {
        let world = World::under_key()
            .version("1", state)
            .bind(BUCKET, OBJECT_ADMIN, ANNA)
            .bind(KEY, CRYPT, BEN);
        check_all(&world, [expected, expected, Yes, No]);
        check(&world, BEN, Decrypt, KEY, expected);
    }
}

/// *key states*; access.md, all clouds: only some objects is *conditional*. Objects keep the version that encrypted them.
#[test]
fn one_disabled_version_of_two_darkens_its_objects_only() {
    let world = World::under_key().version("2", "DISABLED").bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, Conditional);
}

/// *key states*: what a destroyed version encrypted is lost to all; the rest lives on.
#[test]
fn a_destroyed_version_beside_an_enabled_one_darkens_nothing_that_is_left() {
    let world = World::under_key()
        .version("1", "DESTROYED")
        .version("2", "ENABLED")
        .bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, Yes);
}

/// *cmek*: where the export shows the key with its primary version only, its state counts.
#[test]
fn the_state_of_the_primary_version_is_read_from_the_key_too() {
    for (state, expected) in [("ENABLED", Yes), ("DISABLED", No)] {
        let version = format!("{KEY}/cryptoKeyVersions/1");
        let primary = json!({"name": relative(&version), "state": state});
        let world = World::under_key()
            .lacking(&version)
            .put(KEY, Some(RING), json!({"primary": primary}))
            .bind(BUCKET, VIEWER, ANNA);
        read(&world, ANNA, expected);
    }
}

/// access.md, all clouds: what the export does not show is unknown.
#[test]
fn a_key_or_version_that_is_not_listed_leaves_reading_unknown() {
    let version = format!("{KEY}/cryptoKeyVersions/1");
    let world = World::under_key().bind(BUCKET, OBJECT_ADMIN, ANNA);
    read(&world.clone().lacking(&version), ANNA, Unknown);
    let without = world.lacking(&version).lacking(KEY);
    check_all(&without, [Unknown, Unknown, Yes, No]);
    read(&without, BEN, No);
}

/// access.md, GCP, CMEK: a deny policy reaches the agent like everybody.
#[test]
fn a_deny_policy_on_the_keys_project_takes_the_key_from_the_agent() {
    let rule = denied(&[ALL], &["cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt"]);
    let world = World::under_key().bind(BUCKET, OBJECT_ADMIN, ANNA).deny(KEYS_PROJECT, &rule);
    check_all(&world, [No, Yes, Yes, No]);
}

// --- the hierarchy

/// *hierarchy*: "the effective allow policy for a resource is the union of the allow policy set at that resource and the
/// allow policy inherited from higher up".
#[test]
fn bindings_are_inherited_from_every_level_above() {
    for on in [ORGANIZATION, FOLDER, PROJECT, BUCKET] {
        let world = World::new().bind(on, VIEWER, ANNA);
        check_all(&world, [Yes, No, No, No]);
        read(&world, BEN, No);
    }
    read(&World::new().bind(OTHER_PROJECT, VIEWER, ANNA), ANNA, No);
}

/// *folders*: a managed folder's policy opens the objects below it; access.md: that is *conditional* for the bucket.
#[test]
fn a_binding_on_a_managed_folder_opens_a_part_of_the_bucket() {
    let world = World::new().put(REPORTS, Some(BUCKET), json!({})).bind(REPORTS, VIEWER, ANNA);
    check_all(&world, [Conditional, No, No, No]);
    read(&world, BEN, No);
    read(&world.bind(BUCKET, VIEWER, ANNA), ANNA, Yes);
}

/// *cmek*: the key's switch is for managed folders too.
#[test]
fn a_managed_folder_is_dark_without_the_key() {
    let world = World::under_key_without_right()
        .put(REPORTS, Some(BUCKET), json!({}))
        .bind(REPORTS, VIEWER, ANNA);
    read(&world, ANNA, No);
}

/// access.md, GCP: evaluate permission sets, never role names.
#[test]
fn each_role_gives_its_permissions() {
    let cases = [
        (VIEWER, [Yes, No, No, No]),
        ("roles/storage.objectCreator", [No, Yes, No, No]),
        ("roles/storage.objectUser", [Yes, Yes, Yes, No]),
        (OBJECT_ADMIN, [Yes, Yes, Yes, No]),
        ("roles/storage.admin", [Yes, Yes, Yes, Yes]),
        ("roles/storage.legacyObjectReader", [Yes, No, No, No]),
        ("roles/storage.legacyBucketReader", [No, No, No, No]),
        ("roles/storage.legacyBucketWriter", [No, Yes, Yes, No]),
        ("roles/storage.legacyBucketOwner", [No, Yes, Yes, Yes]),
        ("roles/browser", [No, No, No, No]),
    ];
    for (role, expected) in cases {
        check_all(&World::new().bind(BUCKET, role, ANNA), expected);
    }
}

/// access.md, GCP: custom roles are those of the estate.
#[test]
fn a_custom_role_gives_what_it_lists() {
    let cases: [(&[&str], [Verdict; 4]); 6] = [
        (&["storage.objects.get"], [Yes, No, No, No]),
        (&["storage.objects.list", "storage.buckets.get"], [No, No, No, No]),
        (&["storage.objects.update"], [No, Yes, No, No]),
        (&["storage.objects.delete"], [No, No, Yes, No]),
        (&["storage.buckets.setIamPolicy"], [No, No, No, Yes]),
        (&["storage.buckets.update"], [No, No, No, Yes]),
    ];
    for (permissions, expected) in cases {
        let world = World::new().role(CUSTOM, permissions).bind(PROJECT, CUSTOM, ANNA);
        check_all(&world, expected);
    }
}

/// access.md, all clouds: a role that neither the estate nor the table knows may give anything.
#[test]
fn an_unknown_role_is_unknown() {
    let world = World::new().bind(BUCKET, CUSTOM, ANNA);
    check_all(&world, [Unknown, Unknown, Unknown, Unknown]);
    check_all(&world.bind(BUCKET, VIEWER, ANNA), [Yes, Unknown, Unknown, Unknown]);
}

// --- members

/// *members*; access.md: groups count transitively.
#[test]
fn members_of_nested_groups_have_what_the_outer_group_has() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA, ROBOT])
        .bind(BUCKET, VIEWER, OUTER);
    for who in [ANNA, ROBOT, INNER, OUTER] {
        read(&world, who, Yes);
    }
    read(&world, BEN, No);
    let other_way =
        World::new().group(OUTER, &[INNER, ANNA]).group(INNER, &[BEN]).bind(BUCKET, VIEWER, INNER);
    read(&other_way, ANNA, No);
}

/// access.md, GCP: groups may contain each other.
#[test]
fn a_circle_of_groups_does_no_harm() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[OUTER, ANNA])
        .bind(BUCKET, VIEWER, OUTER);
    read(&world, ANNA, Yes);
}

/// *members*: `domain:` is all users of that domain, not of one below it, and no service account.
#[test]
fn a_domain_is_its_users() {
    let world = World::new().bind(BUCKET, VIEWER, "domain:lindenbank.example");
    read(&world, ANNA, Yes);
    read(&world, OUTSIDER, No);
    read(&world, "user:x@sub.lindenbank.example", No);
    read(&world, "user:x@evil-lindenbank.example", No);
    read(&world, ROBOT, No);
    read(&world, "group:staff@lindenbank.example", No);
    read(&world, ANYBODY, No);
}

/// access.md, GCP: `deleted:` is nobody, and a new account of the same name is somebody else.
#[test]
fn deleted_members_are_nobody() {
    let world = World::new()
        .bind(BUCKET, VIEWER, "deleted:user:anna@lindenbank.example?uid=123456789012345678901")
        .bind(
            PROJECT,
            OBJECT_ADMIN,
            "deleted:serviceAccount:robot@records-prod.iam.gserviceaccount.com?uid=1",
        );
    read(&world, ANNA, No);
    read(&world, ROBOT, No);
    read(&world, "deleted:user:anna@lindenbank.example?uid=123456789012345678901", No);
}

/// *members*: a user and a service account of one address are two.
#[test]
fn the_kind_of_a_member_counts() {
    let world = World::new().bind(BUCKET, VIEWER, "serviceAccount:anna@lindenbank.example");
    read(&world, ANNA, No);
}

/// *members*: a single federated identity.
#[test]
fn a_federated_identity_is_a_member_by_its_own_name() {
    let someone = "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/x";
    let world = World::new().bind(BUCKET, VIEWER, someone);
    read(&world, someone, Yes);
    read(&world, ANNA, No);
}

// --- everyone

/// *members*: `allUsers` is anyone on the internet, with and without identity; `allAuthenticatedUsers` whoever has one.
#[test]
fn everyone_and_everyone_with_an_identity() {
    let world = World::new().bind(BUCKET, VIEWER, "allUsers");
    for who in [PUBLIC, ANYBODY, ANNA, OUTSIDER, ROBOT] {
        read(&world, who, Yes);
        check(&world, who, Write, BUCKET, No);
    }
    let world = World::new().bind(BUCKET, VIEWER, "allAuthenticatedUsers");
    read(&world, PUBLIC, No);
    for who in [ANYBODY, ANNA, OUTSIDER, ROBOT] {
        read(&world, who, Yes);
    }
}

/// *prevention*: "When enforced, … `allUsers` and `allAuthenticatedUsers` … won't be able to access"; others are not
/// affected.
#[test]
fn prevention_on_the_bucket_stops_everyone_but_nobody_by_name() {
    for member in ["allUsers", "allAuthenticatedUsers"] {
        let world = World::new()
            .bucket(bucket(&json!({"iamConfiguration": iam(true, "enforced")})))
            .bind(BUCKET, VIEWER, member)
            .bind(BUCKET, VIEWER, BEN);
        for who in [PUBLIC, ANYBODY, ANNA, OUTSIDER] {
            read(&world, who, No);
        }
        read(&world, BEN, Yes);
    }
}

/// *constraints*: the constraint is inherited; the policy of the nearest level that has one decides.
#[test]
fn prevention_is_inherited_by_constraint() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    for on in [ORGANIZATION, FOLDER, PROJECT] {
        read(&open.clone().constraint(on, prevention_constraint(true)), PUBLIC, No);
        read(&open.clone().constraint(on, prevention_constraint(false)), PUBLIC, Yes);
    }
    let lifted = open
        .clone()
        .constraint(ORGANIZATION, prevention_constraint(true))
        .constraint(PROJECT, prevention_constraint(false));
    read(&lifted, PUBLIC, Yes);
    let tightened = open
        .constraint(ORGANIZATION, prevention_constraint(false))
        .constraint(FOLDER, prevention_constraint(true));
    read(&tightened, PUBLIC, No);
}

/// *constraints*: a reset goes back to the constraint's default, which prevents nothing; other constraints say nothing.
#[test]
fn a_reset_constraint_prevents_nothing() {
    let open = World::new()
        .bind(BUCKET, VIEWER, "allUsers")
        .constraint(ORGANIZATION, prevention_constraint(true));
    let reset =
        json!({"constraint": "constraints/storage.publicAccessPrevention", "restore_default": {}});
    read(&open.clone().constraint(PROJECT, reset), PUBLIC, Yes);
    let other = json!({"constraint": "constraints/storage.uniformBucketLevelAccess", "boolean_policy": {"enforced": true}});
    read(&open.constraint(PROJECT, other), PUBLIC, No);
}

/// *constraints*: policies of version 2 have rules; one on tags leaves it open for this project.
#[test]
fn prevention_by_a_policy_with_rules() {
    let open = World::new().bind(BUCKET, VIEWER, "allUsers");
    let rules = |rules: Value| {
        let name = "organizations/483920175523/policies/storage.publicAccessPrevention";
        open.clone().constraint(ORGANIZATION, json!({"name": name, "spec": {"rules": rules}}))
    };
    read(&rules(json!([{"enforce": true}])), PUBLIC, No);
    read(&rules(json!([{"enforce": false}])), PUBLIC, Yes);
    let tagged = json!([{"enforce": true, "condition": {"expression": "resource.matchTag('1/env', 'prod')"}}]);
    read(&rules(tagged), PUBLIC, Unknown);
}

/// access.md: unknown, where the export does not say it.
#[test]
fn a_bucket_that_does_not_say_its_prevention_is_unknown_to_everyone() {
    let world = World::new()
        .bucket(bucket(
            &json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}),
        ))
        .bind(BUCKET, VIEWER, "allUsers")
        .bind(BUCKET, VIEWER, BEN);
    read(&world, PUBLIC, Unknown);
    read(&world, BEN, Yes);
}

/// *prevention*: whatever the role, also one that administers.
#[test]
fn prevention_stops_everyone_from_administering() {
    let world = World::new().bind(BUCKET, "roles/storage.admin", "allUsers");
    check(&world, PUBLIC, Administer, BUCKET, Yes);
    let closed = world.bucket(bucket(&json!({"iamConfiguration": iam(true, "enforced")})));
    check(&closed, PUBLIC, Administer, BUCKET, No);
}

/// *prevention* and *folders*: it counts for managed folders too.
#[test]
fn prevention_counts_for_managed_folders() {
    let world =
        World::new().put(REPORTS, Some(BUCKET), json!({})).bind(REPORTS, VIEWER, "allUsers");
    read(&world, PUBLIC, Conditional);
    let prevented = world.bucket(bucket(&json!({"iamConfiguration": iam(true, "enforced")})));
    read(&prevented, PUBLIC, No);
}

// --- basic roles and convenience values

/// access.md, GCP: basic roles hold no object permissions; Owner holds the project's `setIamPolicy`.
#[test]
fn basic_roles_alone_read_no_objects() {
    for (role, administers) in [("roles/viewer", No), ("roles/editor", No), ("roles/owner", Yes)] {
        for on in [ORGANIZATION, FOLDER, PROJECT] {
            let world = World::new().bind(on, role, ANNA);
            check_all(&world, [No, No, No, administers]);
        }
    }
}

/// *storage roles*, basic roles: the convenience values stand for who has the basic role on the project.
#[test]
fn convenience_values_stand_for_the_basic_roles_of_the_project() {
    let cases = [
        ("projectViewer:records-prod", "roles/viewer"),
        ("projectEditor:records-prod", "roles/editor"),
        ("projectOwner:records-prod", "roles/owner"),
    ];
    for (member, _) in cases {
        for (_, role) in cases {
            let world = World::new()
                .bind(BUCKET, "roles/storage.legacyObjectReader", member)
                .bind(PROJECT, role, ANNA);
            let fits = cases.contains(&(member, role));
            read(&world, ANNA, if fits { Yes } else { No });
            read(&world, BEN, No);
        }
    }
}

/// *storage roles*: the roles that new buckets give to the convenience values.
#[test]
fn the_default_bindings_of_a_bucket_give_owners_and_editors_write_and_viewers_read() {
    let world = World::new()
        .bind(BUCKET, "roles/storage.legacyBucketOwner", "projectEditor:records-prod")
        .bind(BUCKET, "roles/storage.legacyBucketOwner", "projectOwner:records-prod")
        .bind(BUCKET, "roles/storage.legacyBucketReader", "projectViewer:records-prod")
        .bind(BUCKET, "roles/storage.legacyObjectReader", "projectViewer:records-prod")
        .bind(BUCKET, "roles/storage.legacyObjectOwner", "projectEditor:records-prod");
    check_all(&world.clone().bind(PROJECT, "roles/viewer", ANNA), [Yes, No, No, No]);
    check_all(&world.clone().bind(PROJECT, "roles/editor", ANNA), [Yes, Yes, Yes, Yes]);
    // Groups and service accounts hold basic roles too.
    let grouped = world.clone().group(OUTER, &[ANNA]).bind(PROJECT, "roles/viewer", OUTER);
    check_all(&grouped, [Yes, No, No, No]);
    read(&world.bind(PROJECT, "roles/editor", ROBOT), ROBOT, Yes);
}

/// *storage roles*: the value names its project, and only the project of the bucket may be named.
#[test]
fn the_basic_role_on_another_project_is_none_on_this() {
    let world = World::new()
        .bind(BUCKET, "roles/storage.legacyObjectReader", "projectViewer:records-prod")
        .bind(OTHER_PROJECT, "roles/viewer", ANNA);
    read(&world, ANNA, No);
}

// --- ACLs

/// *uniform*: "disables ACLs": only bindings count.
#[test]
fn acls_do_not_count_with_uniform_access() {
    let entry = json!([{"entity": "user-anna@lindenbank.example", "role": "OWNER"}, {"entity": "allUsers", "role": "READER"}]);
    let world = World::new().bucket(bucket(&json!({"acl": entry, "defaultObjectAcl": entry})));
    check_all(&world, [No, No, No, No]);
    read(&world, PUBLIC, No);
}

/// *ACLs*: WRITER of a bucket lists, creates, overwrites and deletes objects; OWNER also sets its permissions; READER
/// lists. What single objects carry is not in the estate: unknown.
#[test]
fn acls_of_a_bucket_count_without_uniform_access() {
    let cases = [("READER", No, No), ("WRITER", Yes, No), ("OWNER", Yes, Yes)];
    for (role, writes, administers) in cases {
        for (entity, members) in [
            ("user-anna@lindenbank.example", &[][..]),
            ("group-outer@lindenbank.example", &[ANNA][..]),
        ] {
            let acl = json!([{"entity": entity, "role": role}]);
            let world = World::new().bucket(acl_bucket(acl, json!([]))).group(OUTER, members);
            check(&world, ANNA, Write, BUCKET, writes);
            check(&world, ANNA, Delete, BUCKET, writes);
            check(&world, ANNA, Administer, BUCKET, administers);
            check(&world, BEN, Write, BUCKET, No);
        }
    }
}

/// *ACLs*: the list of new objects says what most objects carry, not what all do.
#[test]
fn who_stands_in_the_default_acl_of_objects_may_read_or_not() {
    let objects = json!([{"entity": "user-anna@lindenbank.example", "role": "READER"}]);
    let world = World::new().bucket(acl_bucket(json!([]), objects));
    check_all(&world, [Unknown, No, No, No]);
}

/// access.md, GCP: "An object uploaded with predefinedAcl=publicRead leaves no admin event"; *prevention* stops those.
#[test]
fn single_objects_may_be_public_unless_prevented() {
    let world = World::new().bucket(acl_bucket(json!([]), json!([])));
    read(&world, PUBLIC, Unknown);
    read(&world, ANYBODY, Unknown);
    let mut closed = acl_bucket(json!([]), json!([]));
    closed["iamConfiguration"]["publicAccessPrevention"] = json!("enforced");
    read(&World::new().bucket(closed), PUBLIC, No);
    read(&world.constraint(PROJECT, prevention_constraint(true)), PUBLIC, No);
}

/// *ACLs*: `allUsers` with WRITER; *prevention* stops it.
#[test]
fn everyone_may_write_by_acl() {
    let acl = json!([{"entity": "allUsers", "role": "WRITER"}]);
    let world = World::new().bucket(acl_bucket(acl.clone(), json!([])));
    check(&world, PUBLIC, Write, BUCKET, Yes);
    let mut closed = acl_bucket(acl, json!([]));
    closed["iamConfiguration"]["publicAccessPrevention"] = json!("enforced");
    check(&World::new().bucket(closed), PUBLIC, Write, BUCKET, No);
}

// --- deny policies

/// *deny*: "IAM always checks relevant deny policies before checking relevant allow policies"; inherited.
#[test]
fn a_deny_policy_beats_every_role() {
    let world = World::new().bind(BUCKET, "roles/storage.admin", ANNA).bind(BUCKET, VIEWER, BEN);
    for on in [ORGANIZATION, FOLDER, PROJECT] {
        let denied = world.clone().deny(on, &denied(&[&subject(ANNA)], &[GET]));
        check_all(&denied, [No, Yes, Yes, Yes]);
        read(&denied, BEN, Yes);
    }
    read(&world.deny(OTHER_PROJECT, &denied(&[ALL], &[GET])), ANNA, Yes);
}

/// *deny*: a project may be named by its id in the attachment point.
#[test]
fn a_deny_policy_names_its_project_by_id_or_number() {
    let by_id = "//cloudresourcemanager.googleapis.com/projects/records-prod";
    let world = World::new().bind(BUCKET, VIEWER, ANNA).deny(by_id, &denied(&[ALL], &[GET]));
    read(&world, ANNA, No);
}

/// *deny*: exception principals keep what their roles give, by group too.
#[test]
fn exception_principals_are_not_denied() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .bind(BUCKET, VIEWER, ANNA)
        .bind(BUCKET, VIEWER, BEN)
        .bind(BUCKET, VIEWER, ROBOT);
    let except = |principal: &str| {
        let rule = with(denied(&[ALL], &[GET]), &json!({"exceptionPrincipals": [principal]}));
        world.clone().deny(PROJECT, &rule)
    };
    for principal in
        [subject(ANNA), "principalSet://goog/group/outer@lindenbank.example".to_owned()]
    {
        read(&except(&principal), ANNA, Yes);
        read(&except(&principal), BEN, No);
        read(&except(&principal), ROBOT, No);
    }
    let robot = "principal://iam.googleapis.com/projects/-/serviceAccounts/robot@records-prod.iam.gserviceaccount.com";
    read(&except(robot), ROBOT, Yes);
    read(&except(robot), ANNA, No);
}

/// *deny*: groups, service accounts and everyone are denied under these names.
#[test]
fn whom_a_deny_policy_means() {
    let world = World::new()
        .group(OUTER, &[INNER])
        .group(INNER, &[ANNA])
        .bind(BUCKET, VIEWER, ANNA)
        .bind(BUCKET, VIEWER, ROBOT)
        .bind(BUCKET, VIEWER, "allUsers");
    let robot = "principal://iam.googleapis.com/projects/-/serviceAccounts/robot@records-prod.iam.gserviceaccount.com";
    let group = "principalSet://goog/group/outer@lindenbank.example";
    let cases = [(ALL, No, No, No), (group, No, Yes, Yes), (robot, Yes, No, Yes)];
    for (principal, anna, of_robot, public) in cases {
        let world = world.clone().deny(FOLDER, &denied(&[principal], &[GET]));
        read(&world, ANNA, anna);
        read(&world, ROBOT, of_robot);
        read(&world, PUBLIC, public);
    }
}

/// *deny*: permission groups end in `.*`; exception permissions are spared.
#[test]
fn permissions_of_a_deny_policy() {
    let world = World::new().bind(BUCKET, "roles/storage.admin", ANNA);
    let of = |rule: Value| world.clone().deny(PROJECT, &rule);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/objects.*"])), [No, No, No, Yes]);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/*.*"])), [No, No, No, No]);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/objects.delete"])), [Yes, Yes, No, Yes]);
    check_all(&of(denied(&[ALL], &["storage.googleapis.com/objects.list"])), [Yes, Yes, Yes, Yes]);
    let spared = with(
        denied(&[ALL], &["storage.googleapis.com/objects.*"]),
        &json!({"exceptionPermissions": [GET]}),
    );
    check_all(&of(spared), [Yes, No, No, Yes]);
}

/// *deny*: a rule with a condition (on tags) denies where it holds.
#[test]
fn a_deny_policy_under_a_condition_makes_the_verdict_conditional() {
    let condition =
        json!({"denialCondition": {"expression": "resource.matchTag('1/env', 'prod')"}});
    let world = World::new()
        .bind(BUCKET, VIEWER, ANNA)
        .deny(PROJECT, &with(denied(&[ALL], &[GET]), &condition));
    read(&world, ANNA, Conditional);
    read(&world, BEN, No);
}

/// access.md, GCP: where a deny may apply but cannot be told, *unknown*.
#[test]
fn a_deny_policy_for_a_customer_id_leaves_it_unknown() {
    let world = World::new()
        .bind(BUCKET, VIEWER, ANNA)
        .deny(PROJECT, &denied(&["principalSet://goog/cloudIdentityCustomerId/C03kq81tz"], &[GET]));
    read(&world, ANNA, Unknown);
    read(&world, BEN, No);
}

/// *deny*: it takes away the power to administer and to use keys too.
#[test]
fn deny_policies_reach_administration_and_keys() {
    let rule = denied(
        &[&subject(ANNA)],
        &[
            "storage.googleapis.com/buckets.setIamPolicy",
            "storage.googleapis.com/buckets.update",
            "cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt",
        ],
    );
    let world = World::under_key()
        .bind(BUCKET, "roles/storage.admin", ANNA)
        .bind(KEY, CRYPT, ANNA)
        .deny(ORGANIZATION, &rule);
    check(&world, ANNA, Administer, BUCKET, No);
    check(&world, ANNA, Decrypt, KEY, No);
    read(&world, ANNA, Yes);
}

// --- conditions

/// *conditions*: a conditional binding gives its role where the condition holds.
#[test]
fn a_conditional_binding_is_conditional() {
    let expressions = [
        "request.time < timestamp('2027-01-01T00:00:00Z')",
        "resource.name.startsWith('projects/_/buckets/records/objects/reports/')",
        "resource.matchTag('483920175523/env', 'prod')",
    ];
    for expression in expressions {
        for on in [BUCKET, PROJECT, ORGANIZATION] {
            let world = World::new().bind_if(on, VIEWER, ANNA, expression);
            check_all(&world, [Conditional, No, No, No]);
            read(&world.bind(FOLDER, VIEWER, ANNA), ANNA, Yes);
        }
    }
}

/// *conditions* on the agent's role: reading hangs on it for everybody.
#[test]
fn a_condition_on_the_agents_role_makes_reading_conditional() {
    let world = World::under_key_without_right()
        .bind_if(KEY, CRYPT, AGENT, "request.time < timestamp('2027-01-01T00:00:00Z')")
        .bind(BUCKET, VIEWER, ANNA);
    read(&world, ANNA, Conditional);
}

// --- impersonation

/// *impersonation*; *account keys*; access.md: who can get a token, a signature or a key of a service account has its
/// access.
#[test]
fn who_can_act_as_a_service_account_has_its_access() {
    let cases = [
        (TOKEN_CREATOR, Yes),
        ("roles/iam.serviceAccountKeyAdmin", Yes),
        ("roles/iam.workloadIdentityUser", Yes),
        ("roles/iam.serviceAccountViewer", No),
        ("roles/iam.roleViewer", No),
    ];
    for (role, expected) in cases {
        for on in [ROBOT_RESOURCE, PROJECT, FOLDER, ORGANIZATION] {
            let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind(on, role, ANNA);
            read(&world, ANNA, expected);
            check(&world, ANNA, Write, BUCKET, No);
        }
    }
}

/// *impersonation*: each of the permissions by itself.
#[test]
fn each_permission_to_act_as_a_service_account_is_a_way() {
    let cases = [
        ("iam.serviceAccounts.getAccessToken", Yes),
        ("iam.serviceAccounts.signBlob", Yes),
        ("iam.serviceAccounts.signJwt", Yes),
        ("iam.serviceAccountKeys.create", Yes),
        ("iam.serviceAccounts.get", No),
        ("iam.serviceAccountKeys.list", No),
    ];
    for (permission, expected) in cases {
        let world = World::with_robots()
            .role(CUSTOM, &[permission])
            .bind(BUCKET, VIEWER, ROBOT)
            .bind(ROBOT_RESOURCE, CUSTOM, ANNA);
        read(&world, ANNA, expected);
    }
}

/// *impersonation*: from one service account to the next.
#[test]
fn impersonation_is_followed_from_account_to_account() {
    let world = World::with_robots()
        .bind(BUCKET, VIEWER, SECOND)
        .bind(SECOND_RESOURCE, TOKEN_CREATOR, ROBOT)
        .bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA);
    read(&world, ANNA, Yes);
    read(&world, ROBOT, Yes);
    read(&world, BEN, No);
}

/// *impersonation*: under a condition it is one; denied it is none.
#[test]
fn impersonation_has_conditions_and_denials() {
    let world = World::with_robots().bind(BUCKET, VIEWER, ROBOT);
    let conditional = world.clone().bind_if(
        ROBOT_RESOURCE,
        TOKEN_CREATOR,
        ANNA,
        "request.time < timestamp('2027-01-01T00:00:00Z')",
    );
    read(&conditional, ANNA, Conditional);
    let rule = denied(&[&subject(ANNA)], &["iam.googleapis.com/serviceAccounts.*"]);
    let refused = world.bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA).deny(PROJECT, &rule);
    read(&refused, ANNA, No);
}

/// *impersonation*: as the account, so a denial of the account's access counts, not one of the caller's.
#[test]
fn whoever_acts_as_a_service_account_is_denied_what_it_is_denied() {
    let world =
        World::with_robots().bind(BUCKET, VIEWER, ROBOT).bind(ROBOT_RESOURCE, TOKEN_CREATOR, ANNA);
    let robot = "principal://iam.googleapis.com/projects/-/serviceAccounts/robot@records-prod.iam.gserviceaccount.com";
    read(&world.clone().deny(PROJECT, &denied(&[robot], &[GET])), ANNA, No);
    read(&world.deny(PROJECT, &denied(&[&subject(ANNA)], &[GET])), ANNA, Yes);
}

// --- administration

/// access.md, table of verbs: `setIamPolicy` at or above, `buckets.update`.
#[test]
fn who_may_set_policies_at_or_above_administers() {
    let cases = [
        ("roles/resourcemanager.projectIamAdmin", [No, Yes, Yes, Yes]),
        ("roles/resourcemanager.folderIamAdmin", [No, No, Yes, Yes]),
        ("roles/resourcemanager.folderAdmin", [No, Yes, Yes, Yes]),
        ("roles/resourcemanager.organizationAdmin", [No, Yes, Yes, Yes]),
        ("roles/iam.securityAdmin", [Yes, Yes, Yes, Yes]),
        ("roles/storage.admin", [Yes, Yes, Yes, Yes]),
        ("roles/storage.legacyBucketOwner", [Yes, Yes, Yes, Yes]),
        ("roles/cloudkms.admin", [No, No, No, No]),
        (OBJECT_ADMIN, [No, No, No, No]),
    ];
    for (role, expected) in cases {
        for (on, expected) in [BUCKET, PROJECT, FOLDER, ORGANIZATION].into_iter().zip(expected) {
            let world = World::new().bind(on, role, ANNA);
            check(&world, ANNA, Administer, BUCKET, expected);
            check(&world, ANNA, Decrypt, BUCKET, No);
        }
    }
}

/// *cmek*: administration does not need the key.
#[test]
fn administration_goes_on_without_the_key() {
    let world = World::under_key_without_right().bind(BUCKET, "roles/storage.admin", ANNA);
    check_all(&world, [No, No, Yes, Yes]);
}

// --- keys

/// *kms roles*; access.md: `useToDecrypt` is decryption, `setIamPolicy` and the life of versions are power over the key.
#[test]
fn roles_on_a_key() {
    let cases = [
        (CRYPT, Yes, No),
        ("roles/cloudkms.cryptoKeyDecrypter", Yes, No),
        ("roles/cloudkms.cryptoKeyEncrypter", No, No),
        ("roles/cloudkms.cryptoOperator", Yes, No),
        ("roles/cloudkms.admin", No, Yes),
        ("roles/cloudkms.viewer", No, No),
        ("roles/iam.securityAdmin", No, Yes),
        ("roles/storage.admin", No, No),
    ];
    for (role, decrypts, administers) in cases {
        for on in [KEY, RING, KEYS_PROJECT, FOLDER, ORGANIZATION] {
            let world = World::under_key().bind(on, role, ANNA);
            check(&world, ANNA, Decrypt, KEY, decrypts);
            check(&world, ANNA, KeyAdminister, KEY, administers);
        }
        for on in [OTHER_KEY, PROJECT] {
            let world = World::under_key().bind(on, role, ANNA);
            check(&world, ANNA, Decrypt, KEY, No);
            check(&world, ANNA, KeyAdminister, KEY, No);
        }
    }
}

/// access.md, GCP: "Owner does hold KMS setIamPolicy, useToDecrypt"; Editor and Viewer do not decrypt.
#[test]
fn basic_roles_on_the_keys_project() {
    for (role, decrypts) in [("roles/owner", Yes), ("roles/editor", No), ("roles/viewer", No)] {
        let world = World::under_key().bind(KEYS_PROJECT, role, ANNA);
        check(&world, ANNA, Decrypt, KEY, decrypts);
    }
    let owner = World::under_key().bind(KEYS_PROJECT, "roles/owner", ANNA);
    check(&owner, ANNA, KeyAdminister, KEY, Yes);
    // Editor may update the key and its versions.
    let editor = World::under_key().bind(KEYS_PROJECT, "roles/editor", ANNA);
    check(&editor, ANNA, KeyAdminister, KEY, Yes);
    let viewer = World::under_key().bind(KEYS_PROJECT, "roles/viewer", ANNA);
    check(&viewer, ANNA, KeyAdminister, KEY, No);
}

/// access.md, table of verbs: whoever sets the policy of the key's project has power over the key.
#[test]
fn the_power_over_the_keys_project_is_power_over_the_key() {
    let world =
        World::under_key().bind(KEYS_PROJECT, "roles/resourcemanager.projectIamAdmin", ANNA);
    check(&world, ANNA, KeyAdminister, KEY, Yes);
    check(&world, ANNA, Decrypt, KEY, No);
    let elsewhere = World::under_key().bind(PROJECT, "roles/resourcemanager.projectIamAdmin", ANNA);
    check(&elsewhere, ANNA, KeyAdminister, KEY, No);
}

/// *hierarchy*: a key is no store, a store is no key.
#[test]
fn verbs_of_the_other_kind_of_resource_are_never_allowed() {
    let world = World::under_key().bind(ORGANIZATION, "roles/owner", ANNA).bind(
        ORGANIZATION,
        "roles/storage.admin",
        ANNA,
    );
    check(&world, ANNA, Decrypt, BUCKET, No);
    check(&world, ANNA, KeyAdminister, BUCKET, No);
    check(&world, ANNA, Read, KEY, No);
    check(&world, ANNA, Administer, KEY, No);
}

// --- what no file says

/// access.md: a missing file means *unknown*, an empty one *none*; what somebody has by himself stays certain.
#[test]
fn without_the_groups_membership_is_unknown() {
    let world = World::new().bind(BUCKET, VIEWER, OUTER).bind(BUCKET, VIEWER, BEN);
    read(&world, ANNA, No);
    let world = world.without("groups");
    read(&world, ANNA, Unknown);
    read(&world, ROBOT, Unknown);
    read(&world, BEN, Yes);
    // Everyone is in no group.
    read(&world, PUBLIC, No);
}

/// access.md: without deny policies a grant may be taken away.
#[test]
fn without_the_deny_policies_a_grant_is_unknown() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA).without("deny-policies");
    check_all(&world, [Unknown, No, No, No]);
}

/// README: predefined roles are shipped, so that their definitions may be missing; custom roles are not.
#[test]
fn without_the_roles_predefined_ones_are_still_known() {
    let world = World::new().bind(BUCKET, VIEWER, ANNA).bind(BUCKET, CUSTOM, BEN).without("roles");
    read(&world, ANNA, Yes);
    read(&world, BEN, Unknown);
}

/// access.md: what is above a resource and not in the export may give anything.
#[test]
fn a_level_above_that_is_not_in_the_export_is_unknown() {
    for missing in [ORGANIZATION, FOLDER, PROJECT] {
        let mut world = World::new().lacking(missing).bind(BUCKET, VIEWER, ANNA);
        world.policies.remove(missing);
        read(&world, ANNA, Yes);
        read(&world, BEN, Unknown);
    }
}

/// access.md: exports are made by content type; one without any policy knows none.
#[test]
fn an_export_without_policies_knows_nobody() {
    let mut world = World::new();
    world.policies.clear();
    check_all(&world, [Unknown, Unknown, Unknown, Unknown]);
}
