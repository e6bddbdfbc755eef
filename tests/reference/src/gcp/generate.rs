//! Small estates of one organisation, and requests on them.

#![expect(clippy::indexing_slicing, reason = "the tables are this file's own")]

use super::{Estate, Request};
use crate::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An estate and requests that are asked of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The files.
    pub estate: Estate,
    /// Concrete requests.
    pub requests: Vec<Request>,
}

const ORGANIZATION: &str = "//cloudresourcemanager.googleapis.com/organizations/483920175523";
const FOLDER: &str = "//cloudresourcemanager.googleapis.com/folders/719045528812";
const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/604172938815";
const KEYS_PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/731946205518";
const RING: &str =
    "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage";
const KEY: &str = "//cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/records";
/// The bucket that most requests are about, as requests name it.
pub const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/records";
const ROBOTS: [(&str, &str); 3] = [
    ("108832190445127700341", "robot@records-prod.iam.gserviceaccount.com"),
    ("117712345678901234567", "second@records-prod.iam.gserviceaccount.com"),
    ("117712345678901234999", "third@records-prod.iam.gserviceaccount.com"),
];
const AGENT: &str =
    "serviceAccount:service-604172938815@gs-project-accounts.iam.gserviceaccount.com";

const PRINCIPALS: [&str; 7] = [
    "user:anna@lindenbank.example",
    "user:ben@lindenbank.example",
    "user:temp@outsider.example",
    "serviceAccount:robot@records-prod.iam.gserviceaccount.com",
    "serviceAccount:second@records-prod.iam.gserviceaccount.com",
    "public",
    "any-authenticated",
];
const MEMBERS: [&str; 14] = [
    "user:anna@lindenbank.example",
    "user:anna@lindenbank.example",
    "user:ben@lindenbank.example",
    "serviceAccount:robot@records-prod.iam.gserviceaccount.com",
    "serviceAccount:second@records-prod.iam.gserviceaccount.com",
    "group:outer@lindenbank.example",
    "group:inner@lindenbank.example",
    "domain:lindenbank.example",
    "allUsers",
    "allAuthenticatedUsers",
    "projectViewer:records-prod",
    "projectEditor:records-prod",
    "projectOwner:records-prod",
    "deleted:user:anna@lindenbank.example?uid=123456789012345678901",
];
const STORAGE: [&str; 7] = [
    "storage.objects.get",
    "storage.objects.get",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.update",
    "storage.objects.list",
    "storage.buckets.setIamPolicy",
];
const ACTING: [&str; 6] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.get",
];
const OBJECTS: [&str; 8] = [
    "reports/a.csv",
    "reports/2026/q1.csv",
    "reports/2026/q1.txt",
    "payroll/x.csv",
    "day=2026-03-01/data.csv",
    "day=soon/data.csv",
    "reports",
    "a.txt",
];
const TIMES: [&str; 4] = [
    "2026-03-01T09:30:00Z",
    "2026-06-30T23:59:59.999Z",
    "2027-01-01T00:00:00Z",
    "2025-12-31T08:00:00Z",
];
const TAGS: [(&str, &str, &str, &str); 4] = [
    ("483920175523/env", "tagKeys/1001", "prod", "tagValues/2001"),
    ("483920175523/env", "tagKeys/1001", "dev", "tagValues/2002"),
    ("483920175523/team", "tagKeys/1002", "prod", "tagValues/2003"),
    ("records-prod/env", "tagKeys/1003", "prod", "tagValues/2004"),
];

/// The case of a seed.
#[must_use]
pub fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let mut world = World::default();
    let uniform = random.chance(75);
    let under_key = random.chance(40);
    world.skeleton(&mut random, uniform, under_key);
    world.roles(&mut random);
    world.bindings(&mut random, uniform);
    if under_key {
        world.key(&mut random);
    }
    world.groups(&mut random);
    world.tags(&mut random);
    world.denies(&mut random);
    let requests = (0..6).map(|_| request(&mut random)).collect();
    Case { estate: world.files(), requests }
}

/// A case about tags alone: one condition of tag functions on one binding, and the tags that the bucket has. `Tags` is what
/// celgcp takes.
#[derive(Debug, Clone)]
pub struct TagCase {
    /// The estate with one conditional binding.
    pub estate: Estate,
    /// The request that the condition decides.
    pub request: Request,
    /// The condition.
    pub expression: String,
    /// Names and permanent ids of the effective tags: key to value.
    pub tags: Vec<(String, String)>,
}

/// The tag case of a seed.
#[must_use]
pub fn tag_case(seed: u64) -> TagCase {
    let mut random = Random::new(seed);
    let mut world = World::default();
    world.skeleton(&mut random, true, false);
    world.role("projects/records-prod/roles/reader", &["storage.objects.get"]);
    world.tags(&mut random);
    let expression = boolean(&mut random, 3, &tag_atom);
    let binding = json!({
        "role": "projects/records-prod/roles/reader",
        "members": [PRINCIPALS[0]],
        "condition": {"title": "tags", "expression": expression},
    });
    world.bind(PROJECT, binding);
    let request = Request {
        principal: PRINCIPALS[0].to_owned(),
        action: "storage.objects.get".to_owned(),
        resource: format!("{BUCKET}/objects/a.txt"),
        time: TIMES[0].to_owned(),
    };
    let tags = world.effective.iter().flat_map(|(key, key_id, value, value_id)| {
        [((*key).to_owned(), (*value).to_owned()), ((*key_id).to_owned(), (*value_id).to_owned())]
    });
    TagCase { tags: tags.collect(), estate: world.files(), request, expression }
}

fn request(random: &mut Random) -> Request {
    let action = random.word(&[
        "storage.objects.get",
        "storage.objects.get",
        "storage.objects.get",
        "storage.objects.create",
        "storage.objects.delete",
        "storage.objects.update",
        "storage.buckets.setIamPolicy",
    ]);
    let resource = if action.starts_with("storage.buckets") {
        BUCKET.to_owned()
    } else {
        format!("{BUCKET}/objects/{}", random.word(&OBJECTS))
    };
    let principal = random.word(&PRINCIPALS);
    Request { principal, action, resource, time: random.word(&TIMES) }
}

/// A condition: atoms under `&&`, `||` and `!`.
fn boolean(random: &mut Random, depth: usize, atom: &dyn Fn(&mut Random) -> String) -> String {
    if depth == 0 || random.chance(45) {
        return atom(random);
    }
    let left = boolean(random, depth - 1, atom);
    match random.below(5) {
        0 => format!("!({left})"),
        1 | 2 => format!("({left}) && ({})", boolean(random, depth - 1, atom)),
        _ => format!("({left}) || ({})", boolean(random, depth - 1, atom)),
    }
}

fn tag_atom(random: &mut Random) -> String {
    let (key, key_id, value, value_id) = TAGS[random.below(TAGS.len())];
    let (_, _, other, other_id) = TAGS[random.below(TAGS.len())];
    match random.below(8) {
        0 | 1 => format!("resource.matchTag('{key}', '{value}')"),
        2 => format!("resource.matchTag('{key}', '{other}')"),
        3 => format!("resource.matchTagId('{key_id}', '{value_id}')"),
        4 => format!("resource.matchTagId('{key_id}', '{other_id}')"),
        5 => format!("resource.hasTagKey('{key}')"),
        6 => format!("resource.hasTagKeyId('{key_id}')"),
        // Names for ids and ids for names fit nothing.
        _ => random.word(&[
            "resource.matchTag('tagKeys/1001', 'tagValues/2001')",
            "resource.matchTagId('483920175523/env', 'prod')",
            "resource.hasTagKeyId('483920175523/env')",
            "resource.matchTag('483920175523/env', 'tagValues/2001')",
        ]),
    }
}

/// Attributes of the resource, where it has them.
fn atom(random: &mut Random) -> String {
    if random.chance(25) {
        return tag_atom(random);
    }
    if random.chance(30) {
        return time_atom(random);
    }
    random.word(&[
        "resource.name.startsWith('projects/_/buckets/records/objects/reports/')",
        "resource.name.startsWith('projects/_/buckets/records/objects/reports/')",
        "resource.name.startsWith(\"projects/_/buckets/records\")",
        "resource.name.startsWith('projects/_/buckets/other/')",
        "resource.name.endsWith('.csv')",
        "resource.name == 'projects/_/buckets/records/objects/a.txt'",
        "resource.name == 'projects/_/buckets/records'",
        "resource.name != 'projects/_/buckets/records'",
        "resource.type == 'storage.googleapis.com/Object'",
        "resource.type == 'storage.googleapis.com/Bucket'",
        "resource.type != 'storage.googleapis.com/Bucket'",
        "resource.service == 'storage.googleapis.com'",
        "resource.service != 'cloudkms.googleapis.com'",
        "resource.name.extract('/objects/{top}/') == 'reports'",
        "resource.name.extract('buckets/{bucket}/') == 'records'",
        "resource.name.extract('/objects/{rest}') == 'a.txt'",
        "resource.name.extract('{start}/objects/') != ''",
        "date(resource.name.extract('/day={day}/')) < request.time",
        "timestamp(resource.name.extract('/day={day}/')) < request.time",
    ])
}

/// What every request has.
fn time_atom(random: &mut Random) -> String {
    random.word(&[
        "request.time < timestamp('2026-06-30T00:00:00Z')",
        "request.time < timestamp('2027-01-01T00:00:00Z')",
        "request.time >= timestamp('2026-01-01T00:00:00.00Z')",
        "request.time <= timestamp('2027-01-01T00:00:00Z') - duration('1s')",
        "request.time > timestamp('2026-02-28T09:30:00Z') + duration('86400s')",
        "request.time.getHours() >= 9",
        "request.time.getFullYear() == 2026",
    ])
}

/// On a service account or key: time, tags and the kind of resource.
fn plain_atom(random: &mut Random) -> String {
    match random.below(3) {
        0 => tag_atom(random),
        1 => random.word(&[
            "resource.service == 'storage.googleapis.com'",
            "resource.service != 'storage.googleapis.com'",
        ]),
        _ => time_atom(random),
    }
}

#[derive(Default)]
struct World {
    lines: Vec<Value>,
    policies: BTreeMap<String, Vec<Value>>,
    roles: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    denies: Vec<Value>,
    effective: Vec<(&'static str, &'static str, &'static str, &'static str)>,
}

impl World {
    fn put(&mut self, name: &str, kind: &str, parent: &str, data: &Value) {
        let mut resource = json!({"version": "v1", "data": data});
        if !parent.is_empty() {
            resource["parent"] = json!(parent);
        }
        self.lines.push(json!({"name": name, "asset_type": kind, "resource": resource}));
    }

    fn bind(&mut self, on: &str, binding: Value) {
        self.policies.entry(on.to_owned()).or_default().push(binding);
    }

    fn role(&mut self, name: &str, permissions: &[&str]) {
        self.roles.insert(name.to_owned(), json!({"includedPermissions": permissions}));
    }

    fn skeleton(&mut self, random: &mut Random, uniform: bool, under_key: bool) {
        const MANAGER: &str = "cloudresourcemanager.googleapis.com";
        let kind = |k: &str| format!("{MANAGER}/{k}");
        self.put(
            ORGANIZATION,
            &kind("Organization"),
            "",
            &json!({"displayName": "lindenbank.example"}),
        );
        self.put(FOLDER, &kind("Folder"), ORGANIZATION, &json!({"displayName": "production"}));
        for (name, id) in [(PROJECT, "records-prod"), (KEYS_PROJECT, "keys-prod")] {
            self.put(name, &kind("Project"), FOLDER, &json!({"projectId": id}));
        }
        self.policies.insert(ORGANIZATION.to_owned(), Vec::new());
        let prevention = random.word(&["inherited", "inherited", "inherited", "enforced"]);
        let mut bucket = json!({
            "name": "records",
            "projectNumber": 604_172_938_815_u64,
            "acl": [],
            "defaultObjectAcl": [],
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": uniform},
                "publicAccessPrevention": prevention,
            },
        });
        if !uniform {
            bucket["acl"] = acl(random);
        }
        if under_key {
            let (_, key) = KEY.trim_start_matches('/').split_once('/').unwrap_or_default();
            bucket["encryption"] = json!({"defaultKmsKeyName": key});
        }
        self.put(&bucket_asset(), "storage.googleapis.com/Bucket", PROJECT, &bucket);
        if uniform {
            for folder in ["reports/", "reports/2026/"] {
                let name = format!("{BUCKET}/managedFolders/{folder}");
                self.put(
                    &name,
                    "storage.googleapis.com/ManagedFolder",
                    BUCKET,
                    &json!({"name": folder}),
                );
            }
        }
        for (id, email) in ROBOTS {
            let name = format!("//iam.googleapis.com/projects/records-prod/serviceAccounts/{id}");
            let mut data = json!({"email": email, "uniqueId": id});
            if random.chance(5) {
                data["disabled"] = json!(true);
            }
            self.put(&name, "iam.googleapis.com/ServiceAccount", PROJECT, &data);
        }
        if random.chance(20) {
            let on = random.word(&[ORGANIZATION, FOLDER, PROJECT]);
            let policy = json!({
                "constraint": "constraints/storage.publicAccessPrevention",
                "boolean_policy": {"enforced": random.chance(60)},
            });
            self.lines
                .push(json!({"name": on, "asset_type": kind_of(&on), "org_policy": [policy]}));
        }
    }

    /// Custom roles of one to three permissions; the basic roles without any that is asked for.
    fn roles(&mut self, random: &mut Random) {
        for name in ["one", "two", "three"] {
            let permissions = random.some(&STORAGE, 3);
            self.role(&format!("projects/records-prod/roles/{name}"), &permissions);
        }
        let mut mixed = random.some(&ACTING, 2);
        self.role("projects/records-prod/roles/acting", &mixed);
        mixed.extend(random.some(&STORAGE, 2));
        self.role("organizations/483920175523/roles/mixed", &mixed);
        for (role, permission) in [
            ("roles/viewer", "storage.buckets.list"),
            ("roles/editor", "storage.buckets.create"),
            ("roles/owner", "resourcemanager.projects.setIamPolicy"),
        ] {
            self.role(role, &[permission]);
        }
    }

    fn bindings(&mut self, random: &mut Random, uniform: bool) {
        const ROLES: [&str; 4] = [
            "projects/records-prod/roles/one",
            "projects/records-prod/roles/two",
            "projects/records-prod/roles/three",
            "organizations/483920175523/roles/mixed",
        ];
        let folders = [
            format!("{BUCKET}/managedFolders/reports/"),
            format!("{BUCKET}/managedFolders/reports/2026/"),
        ];
        for _ in 0..=random.below(6) {
            let mut on =
                random.word(&[ORGANIZATION, FOLDER, PROJECT, PROJECT, BUCKET, BUCKET, BUCKET]);
            if uniform && random.chance(15) {
                on = random.pick(&folders).cloned().unwrap_or(on);
            }
            let role = random.word(&ROLES);
            let members = members(random, &on);
            // `iam/docs/conditions-overview`, "Limitations": no conditions for everyone.
            let everyone = members.iter().any(|m| m.starts_with("all"));
            let conditional = (uniform || on != BUCKET) && !everyone && random.chance(60);
            let mut binding = json!({"role": role, "members": members});
            if conditional {
                binding["condition"] =
                    json!({"title": "some", "expression": boolean(random, 2, &atom)});
            }
            self.bind(&on, binding);
        }
        if random.chance(50) {
            let role = random.word(&["roles/viewer", "roles/editor", "roles/owner"]);
            let on = random.word(&[PROJECT, PROJECT, KEYS_PROJECT]);
            let members = random.some(&MEMBERS[..7], 2);
            self.bind(&on, json!({"role": role, "members": members}));
        }
        for _ in 0..random.below(4) {
            let (id, _) = ROBOTS[random.below(ROBOTS.len())];
            let on = if random.chance(70) {
                format!("//iam.googleapis.com/projects/records-prod/serviceAccounts/{id}")
            } else {
                PROJECT.to_owned()
            };
            let members = random.some(&MEMBERS[..8], 2);
            let mut binding =
                json!({"role": "projects/records-prod/roles/acting", "members": members});
            if random.chance(25) {
                binding["condition"] =
                    json!({"title": "some", "expression": boolean(random, 1, &plain_atom)});
            }
            self.bind(&on, binding);
        }
        if random.chance(60) {
            let member = random.word(&MEMBERS[3..5]);
            self.bind(BUCKET, json!({"role": ROLES[0], "members": [member]}));
        }
    }

    fn key(&mut self, random: &mut Random) {
        self.put(RING, "cloudkms.googleapis.com/KeyRing", KEYS_PROJECT, &json!({}));
        let version = format!("{KEY}/cryptoKeyVersions/1");
        let relative = version.trim_start_matches("//cloudkms.googleapis.com/").to_owned();
        let state =
            random.word(&["ENABLED", "ENABLED", "ENABLED", "DISABLED", "DESTROY_SCHEDULED"]);
        let primary = json!({"name": relative, "state": state});
        self.put(
            KEY,
            "cloudkms.googleapis.com/CryptoKey",
            RING,
            &json!({"purpose": "ENCRYPT_DECRYPT", "primary": primary}),
        );
        self.put(&version, "cloudkms.googleapis.com/CryptoKeyVersion", KEY, &primary);
        let all =
            ["cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt"];
        self.role("projects/keys-prod/roles/crypt", &all);
        self.role("projects/keys-prod/roles/decrypt", &all[..1]);
        if random.chance(90) {
            let on = random.word(&[KEY, KEY, RING, KEYS_PROJECT, FOLDER, PROJECT]);
            let role = random.word(&[
                "projects/keys-prod/roles/crypt",
                "projects/keys-prod/roles/crypt",
                "projects/keys-prod/roles/decrypt",
            ]);
            let mut binding = json!({"role": role, "members": [AGENT]});
            if random.chance(20) {
                binding["condition"] =
                    json!({"title": "some", "expression": boolean(random, 1, &plain_atom)});
            }
            self.bind(&on, binding);
        }
    }

    fn groups(&mut self, random: &mut Random) {
        let pool =
            ["user:anna@lindenbank.example", "user:ben@lindenbank.example", MEMBERS[3], MEMBERS[4]];
        let mut inner: Vec<&str> = random.some(&pool, 2);
        if random.chance(20) {
            inner.push("group:outer@lindenbank.example");
        }
        let mut outer = vec!["group:inner@lindenbank.example"];
        if random.chance(40) {
            outer.extend(random.some(&pool, 1));
        }
        self.groups.insert("inner@lindenbank.example".to_owned(), json!(inner));
        self.groups.insert("outer@lindenbank.example".to_owned(), json!(outer));
    }

    /// Keys, values and where they are bound; at random as an export of resources lists them, or as a search does.
    fn tags(&mut self, random: &mut Random) {
        let levels = [BUCKET, PROJECT, FOLDER, ORGANIZATION];
        let mut bound: Vec<(&str, usize)> = Vec::new();
        for level in levels {
            let many = if random.chance(50) { random.below(3) } else { 0 };
            for _ in 0..many {
                let tag = random.below(TAGS.len());
                let same_key = |(l, t): &(&str, usize)| *l == level && TAGS[*t].1 == TAGS[tag].1;
                if !bound.iter().any(same_key) {
                    bound.push((level, tag));
                }
            }
        }
        for (_, tag) in &bound {
            if !self.effective.iter().any(|known| known.1 == TAGS[*tag].1) {
                self.effective.push(TAGS[*tag]);
            }
        }
        if random.chance(50) {
            self.exported_tags(&bound);
        } else {
            self.searched_tags(&bound);
        }
    }

    fn exported_tags(&mut self, bound: &[(&str, usize)]) {
        const MANAGER: &str = "cloudresourcemanager.googleapis.com";
        for (key, key_id, value, value_id) in TAGS {
            let (parent, short) = key.split_once('/').unwrap_or_default();
            let parent = if parent == "records-prod" {
                "projects/604172938815".to_owned()
            } else {
                format!("organizations/{parent}")
            };
            let data = json!({"name": key_id, "parent": parent, "shortName": short, "namespacedName": key});
            let above = format!("//{MANAGER}/{parent}");
            let name = format!("//{MANAGER}/{key_id}");
            if !self.lines.iter().any(|l| l["name"] == json!(name)) {
                self.put(&name, &format!("{MANAGER}/TagKey"), &above, &data);
            }
            let namespaced = format!("{key}/{value}");
            let data = json!({"name": value_id, "parent": key_id, "shortName": value, "namespacedName": namespaced});
            self.put(
                &format!("//{MANAGER}/{value_id}"),
                &format!("{MANAGER}/TagValue"),
                &name,
                &data,
            );
        }
        for (level, tag) in bound {
            let value_id = TAGS[*tag].3;
            let encoded = level.replace('/', "%2F");
            let binding = format!("tagBindings/{encoded}/{value_id}");
            let data = json!({"name": binding, "parent": level, "tagValue": value_id});
            self.put(
                &format!("//{MANAGER}/{binding}"),
                &format!("{MANAGER}/TagBinding"),
                level,
                &data,
            );
        }
    }

    fn searched_tags(&mut self, bound: &[(&str, usize)]) {
        let rank = |level: &str| {
            [BUCKET, PROJECT, FOLDER, ORGANIZATION].iter().position(|l| *l == level).unwrap_or(0)
        };
        let asset = bucket_asset();
        for line in &mut self.lines {
            let name = line["name"].as_str().unwrap_or_default().to_owned();
            if line.get("resource").is_none() {
                continue;
            }
            let at = match name.as_str() {
                own if own == asset => 0,
                ORGANIZATION => 3,
                FOLDER => 2,
                other if other == KEYS_PROJECT || other.contains("/cryptoKeys") => 2,
                other if other.ends_with("/keyRings/storage") => 2,
                other if other.contains("/managedFolders/") => 0,
                _ => 1,
            };
            let mut seen: Vec<&str> = Vec::new();
            let mut details: Vec<Value> = Vec::new();
            for (level, tag) in bound {
                let (key, key_id, value, value_id) = TAGS[*tag];
                if rank(level) < at || seen.contains(&key_id) {
                    continue;
                }
                seen.push(key_id);
                let tag = json!({
                    "tagKey": key,
                    "tagKeyId": key_id,
                    "tagValue": format!("{key}/{value}"),
                    "tagValueId": value_id,
                });
                let attached = if *level == BUCKET { asset.as_str() } else { level };
                match details.iter_mut().find(|d| d["attachedResource"] == json!(attached)) {
                    Some(detail) => {
                        if let Some(tags) = detail["effectiveTags"].as_array_mut() {
                            tags.push(tag);
                        }
                    }
                    None => {
                        details.push(json!({"attachedResource": attached, "effectiveTags": [tag]}))
                    }
                }
            }
            line["effectiveTags"] = json!(details);
        }
    }

    fn denies(&mut self, random: &mut Random) {
        const WHO: [&str; 7] = [
            "principalSet://goog/public:all",
            "principal://goog/subject/anna@lindenbank.example",
            "principal://goog/subject/ben@lindenbank.example",
            "principalSet://goog/group/inner@lindenbank.example",
            "principalSet://goog/group/outer@lindenbank.example",
            "principal://iam.googleapis.com/projects/-/serviceAccounts/robot@records-prod.iam.gserviceaccount.com",
            "principal://iam.googleapis.com/projects/-/serviceAccounts/service-604172938815@gs-project-accounts.iam.gserviceaccount.com",
        ];
        const WHAT: [&str; 8] = [
            "storage.googleapis.com/objects.get",
            "storage.googleapis.com/objects.*",
            "storage.googleapis.com/*.*",
            "storage.googleapis.com/*.get",
            "storage.googleapis.com/objects.delete",
            "iam.googleapis.com/serviceAccounts.getAccessToken",
            "iam.googleapis.com/serviceAccounts.*",
            "cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt",
        ];
        let many = if random.chance(30) { 1 + random.below(2) } else { 0 };
        for i in 0..many {
            let on = random.word(&[
                "organizations/483920175523",
                "folders/719045528812",
                "projects/604172938815",
                "projects/records-prod",
                "projects/731946205518",
            ]);
            let mut rule = json!({
                "deniedPrincipals": random.some(&WHO, 2),
                "deniedPermissions": random.some(&WHAT, 2),
            });
            if random.chance(40) {
                rule["exceptionPrincipals"] = json!(random.some(&WHO[1..], 2));
            }
            if random.chance(20) {
                rule["exceptionPermissions"] = json!(random.some(&WHAT, 1));
            }
            if random.chance(30) {
                rule["denialCondition"] =
                    json!({"title": "some", "expression": boolean(random, 1, &tag_atom)});
            }
            let on = on.replace('/', "%2F");
            let name =
                format!("policies/cloudresourcemanager.googleapis.com%2F{on}/denypolicies/d{i}");
            self.denies.push(json!({"name": name, "rules": [{"denyRule": rule}]}));
        }
    }

    fn files(self) -> Estate {
        let mut lines = self.lines;
        for (name, bindings) in self.policies {
            let name = if name == BUCKET { bucket_asset() } else { name };
            lines.push(json!({"name": name, "asset_type": kind_of(&name), "iam_policy": {"bindings": bindings}}));
        }
        BTreeMap::from([
            ("gcp/assets.jsonl".to_owned(), Value::Array(lines)),
            ("gcp/roles.json".to_owned(), json!(self.roles)),
            ("gcp/groups.json".to_owned(), json!(self.groups)),
            ("gcp/deny-policies.json".to_owned(), Value::Array(self.denies)),
        ])
    }
}

/// The asset type of a name.
fn kind_of(name: &str) -> &'static str {
    let kinds = [
        ("/cryptoKeys/", "cloudkms.googleapis.com/CryptoKey"),
        ("/keyRings/", "cloudkms.googleapis.com/KeyRing"),
        ("/serviceAccounts/", "iam.googleapis.com/ServiceAccount"),
        ("/managedFolders/", "storage.googleapis.com/ManagedFolder"),
        ("//storage.", "storage.googleapis.com/Bucket"),
        ("/projects/", "cloudresourcemanager.googleapis.com/Project"),
        ("/folders/", "cloudresourcemanager.googleapis.com/Folder"),
    ];
    let found = kinds.iter().find(|(part, _)| name.contains(part));
    found.map_or("cloudresourcemanager.googleapis.com/Organization", |(_, kind)| kind)
}

/// The bucket as the asset inventory names it.
fn bucket_asset() -> String {
    BUCKET.replace("projects/_/buckets/", "")
}

fn members(random: &mut Random, on: &str) -> Vec<&'static str> {
    // The convenience values stand in policies of buckets only.
    let most = if on == BUCKET { MEMBERS.len() } else { 10 };
    let mut pool: Vec<&str> = MEMBERS[..most].to_vec();
    pool.push(MEMBERS[13]);
    random.some(&pool, 2)
}

fn acl(random: &mut Random) -> Value {
    const ENTITIES: [&str; 9] = [
        "user-anna@lindenbank.example",
        "user-robot@records-prod.iam.gserviceaccount.com",
        "group-outer@lindenbank.example",
        "domain-lindenbank.example",
        "allUsers",
        "allAuthenticatedUsers",
        "project-owners-604172938815",
        "project-editors-604172938815",
        "project-viewers-604172938815",
    ];
    let many = random.below(3);
    let entry = |random: &mut Random| json!({"entity": random.word(&ENTITIES), "role": random.word(&["READER", "WRITER", "OWNER"])});
    Value::Array((0..many).map(|_| entry(random)).collect())
}
