//! The questions of the command line, as a user meets them: `fences`, `who-can`, `can`, `diff`. Whole runs on small estates;
//! a snapshot shows standard output, then standard error, then the exit code.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use expect_test::{Expect, expect};
use keyfence_tests::aws_world::{self as aws, World};
use keyfence_tests::{Ran, azure_world as azure, gcp_world as gcp, keyfence, with};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

// --- estates on disk

fn lay<P: AsRef<str>, C: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, C)>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path.as_ref());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn in_aws(world: &World) -> TempDir {
    lay(world.0.iter().map(|(path, content)| (path, content.to_string())))
}

/// A role assignment in Azure: principal, role, scope, condition.
type Assigned<'a> = (&'a str, &'a str, &'a str, Option<String>);

/// One tenant: resources, role assignments, groups, deny assignments.
struct Tenant<'a> {
    resources: Vec<Value>,
    assigned: Vec<Assigned<'a>>,
    groups: Value,
    denied: Value,
}

/// The account under the customer's key; its identity may use the key.
fn tenant<'a>(assigned: &[Assigned<'a>]) -> Tenant<'a> {
    let service = (azure::IDENTITY, azure::SERVICE_ENCRYPTION, azure::KEY, None);
    Tenant {
        resources: vec![
            azure::cmk_account(&json!({})),
            azure::rbac_vault(),
            azure::key(&json!({"enabled": true})),
        ],
        assigned: [service].into_iter().chain(assigned.iter().cloned()).collect(),
        groups: json!({}),
        denied: json!([]),
    }
}

fn in_azure(tenant: &Tenant<'_>) -> TempDir {
    let assignment = |(i, (principal, role, scope, condition)): (usize, &Assigned<'_>)| {
        json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{i:08}-0000-4000-8000-000000000000"),
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/{role}", azure::SUBSCRIPTION),
                "principalId": principal,
                "principalType": if [azure::INNER, azure::OUTER].contains(principal) { "Group" } else { "User" },
                "scope": scope,
                "condition": condition,
                "conditionVersion": condition.as_ref().map(|_| "2.0"),
            },
        })
    };
    let assignments: Vec<Value> = tenant.assigned.iter().enumerate().map(assignment).collect();
    let file = |name: &str, content: &Value| {
        (format!("azure/{}/{name}.json", azure::TENANT), content.to_string())
    };
    lay([
        file("resources", &json!(tenant.resources)),
        file("role-assignments", &json!(assignments)),
        file("role-definitions", &json!([])),
        file("deny-assignments", &tenant.denied),
        file("groups", &tenant.groups),
        file("management-groups", &json!([])),
    ])
}

/// A binding in Google Cloud: resource, role, member, condition.
type Bound<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

/// One project with the bucket under a key of another one; the service agent may use the key.
struct Project<'a> {
    bucket: Value,
    version: &'a str,
    bound: Vec<Bound<'a>>,
    groups: Value,
    denied: Value,
    more: Vec<Value>,
}

fn project<'a>(bound: &[Bound<'a>]) -> Project<'a> {
    let agent = (gcp::KEY, gcp::CRYPT, gcp::AGENT, None);
    Project {
        bucket: gcp::bucket(&json!({"encryption": {"defaultKmsKeyName": gcp::relative(gcp::KEY)}})),
        version: "ENABLED",
        bound: [agent].into_iter().chain(bound.iter().copied()).collect(),
        groups: json!({}),
        denied: json!([]),
        more: Vec::new(),
    }
}

fn asset(name: &str, kind: &str, parent: Option<&str>, data: &Value) -> Value {
    json!({"name": name, "asset_type": kind, "resource": {"version": "v1", "parent": parent, "data": data}})
}

/// A service account of the bucket's project.
fn robot(name: &str, member: &str) -> Value {
    let email = member.strip_prefix("serviceAccount:").unwrap();
    let data = json!({
        "email": email,
        "uniqueId": name.rsplit('/').next(),
        "name": format!("projects/records-prod/serviceAccounts/{email}"),
    });
    asset(name, "iam.googleapis.com/ServiceAccount", Some(gcp::PROJECT), &data)
}

fn in_gcp(project: &Project<'_>) -> TempDir {
    let kind = |name: &str| {
        let known = [
            ("/cryptoKeys/", "cloudkms.googleapis.com/CryptoKey"),
            ("/serviceAccounts/", "iam.googleapis.com/ServiceAccount"),
            ("/buckets/", "storage.googleapis.com/Bucket"),
            ("/organizations/", "cloudresourcemanager.googleapis.com/Organization"),
        ];
        let found = known.iter().find(|(part, _)| name.contains(part));
        found.map_or("cloudresourcemanager.googleapis.com/Project", |(_, kind)| *kind)
    };
    let at = |name: &str, parent: Option<&str>, data: Value| asset(name, kind(name), parent, &data);
    let version = format!("{}/cryptoKeyVersions/1", gcp::KEY);
    let state = json!({"name": gcp::relative(&version), "state": project.version});
    let mut lines = vec![
        at(gcp::ORGANIZATION, None, json!({"displayName": "lindenbank.example"})),
        at(gcp::PROJECT, Some(gcp::ORGANIZATION), json!({"projectId": "records-prod"})),
        at(gcp::KEYS_PROJECT, Some(gcp::ORGANIZATION), json!({"projectId": "keys-prod"})),
        asset(gcp::RING, "cloudkms.googleapis.com/KeyRing", Some(gcp::KEYS_PROJECT), &json!({})),
        at(gcp::KEY, Some(gcp::RING), json!({"purpose": "ENCRYPT_DECRYPT"})),
        asset(&version, "cloudkms.googleapis.com/CryptoKeyVersion", Some(gcp::KEY), &state),
        at(gcp::BUCKET, Some(gcp::PROJECT), project.bucket.clone()),
    ];
    lines.extend(project.more.iter().cloned());
    // A resource without bindings has an empty policy; a resource without a line would be unknown.
    let names: Vec<String> =
        lines.iter().filter_map(|l| Some(l.get("name")?.as_str()?.to_owned())).collect();
    for name in names.iter().filter(|n| !n.contains("cryptoKeyVersions")) {
        let bindings: Vec<Value> = project
            .bound
            .iter()
            .filter(|(on, ..)| on == name)
            .map(|(_, role, member, condition)| match condition {
                None => json!({"role": role, "members": [member]}),
                Some(expression) => json!({
                    "role": role,
                    "members": [member],
                    "condition": {"title": "some", "expression": expression},
                }),
            })
            .collect();
        lines.push(
            json!({"name": name, "asset_type": kind(name), "iam_policy": {"bindings": bindings}}),
        );
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lay([
        ("gcp/assets.jsonl", lines.join("\n")),
        ("gcp/roles.json", json!({}).to_string()),
        ("gcp/groups.json", project.groups.to_string()),
        ("gcp/deny-policies.json", project.denied.to_string()),
    ])
}

// --- runs

fn path(folder: &TempDir) -> String {
    folder.path().to_string_lossy().into_owned()
}

/// Asks one estate.
fn ask(estate: &TempDir, question: &[&str]) -> Ran {
    let estate = path(estate);
    keyfence(question.iter().copied().chain(["--estate", &estate]))
}

/// The same, as JSON lines.
#[track_caller]
fn ask_json(estate: &TempDir, question: &[&str]) -> Vec<Value> {
    let ran = ask(estate, &[question, &["--format", "json"]].concat());
    let lines = ran.lines();
    assert!(!lines.contains(&Value::Null), "a line is no JSON: {}", ran.out);
    assert_eq!(ran.talk, "");
    lines
}

fn differ(before: &TempDir, after: &TempDir) -> Ran {
    keyfence(["diff".to_owned(), path(before), path(after)])
}

/// A whole run; the places of estates are left out.
fn whole(ran: &Ran, folders: &[&TempDir]) -> String {
    let mut text = ran.out.clone();
    if !ran.talk.is_empty() {
        text = format!("{text}--- stderr\n{}", ran.talk);
    }
    for folder in folders {
        text = text.replace(&path(folder), "DIR");
    }
    format!("{text}--- exit {}\n", ran.exit.code())
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the one way in which `expect!` is written")]
fn check(estate: &TempDir, question: &[&str], expected: Expect) {
    expected.assert_eq(&whole(&ask(estate, question), &[estate]));
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the one way in which `expect!` is written")]
fn check_difference(before: &TempDir, after: &TempDir, expected: Expect) {
    expected.assert_eq(&whole(&differ(before, after), &[before, after]));
}

fn members(line: &Value) -> Vec<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

const OPERATOR: &str = "arn:aws:iam::111122223333:role/operator";
const CRYPTOGRAPHER: &str = "arn:aws:iam::111122223333:role/cryptographer";

// --- fences

/// One who reads, one with storage alone, one with the key alone, and a second bucket under the key.
fn fenced() -> World {
    let second = with(aws::under(aws::KEY, aws::bucket()), &json!({"Name": "copies"}));
    aws::open_world()
        .iam(OPERATOR, &[aws::get_objects()])
        .iam(CRYPTOGRAPHER, &[aws::decrypt()])
        .bucket(second)
}

#[test]
fn in_aws_the_key_is_a_fence() {
    check(
        &in_aws(&fenced()),
        &["fences"],
        expect![[r#"
        arn:aws:s3:::copies
          fence         the key is a fence: the caller decrypts
          key           arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d
          readers       0
          one short     arn:aws:iam::111122223333:role/cryptographer (the storage lock is closed)
                        arn:aws:iam::111122223333:role/reader (the storage lock is closed)
          dark with it  arn:aws:s3:::data

        arn:aws:s3:::data
          fence         the key is a fence: the caller decrypts
          key           arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d
          readers       1
          one short     arn:aws:iam::111122223333:role/cryptographer (the storage lock is closed)
                        arn:aws:iam::111122223333:role/operator (the key lock is closed)
          dark with it  arn:aws:s3:::copies

        2 protected stores, 0 of them without a fence
        --- exit 0
    "#]],
    );
}

#[test]
fn in_azure_the_key_is_no_fence() {
    let estate = in_azure(&tenant(&[
        (azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, None),
        (azure::BEN, azure::BLOB_READER, azure::ACCOUNT, None),
        (azure::BEN, azure::CRYPTO_USER, azure::KEY, None),
    ]));
    check(
        &estate,
        &["fences"],
        expect![[r#"
            /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake
              fence         the key is no fence: 18cbb004-3ade-431c-bf55-1d5f798ed85c decrypts for everybody
              key           /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/kv-data/keys/cmk
              readers       2
              without key   22e3ad2e-dede-4da4-a605-a01bf0746895

            1 protected store, 1 of them without a fence
            --- exit 0
        "#]],
    );
}

#[test]
fn in_google_cloud_the_key_is_no_fence() {
    let estate = in_gcp(&project(&[
        (gcp::BUCKET, gcp::VIEWER, gcp::ANNA, None),
        (gcp::BUCKET, gcp::VIEWER, gcp::BEN, None),
        (gcp::KEY, gcp::CRYPT, gcp::BEN, None),
    ]));
    check(
        &estate,
        &["fences"],
        expect![[r#"
            //storage.googleapis.com/projects/_/buckets/records
              fence         the key is no fence: serviceAccount:service-604172938815@gs-project-accounts.iam.gserviceaccount.com decrypts for everybody
              key           //cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/records
              readers       2
              without key   user:anna@lindenbank.example

            1 protected store, 1 of them without a fence
            --- exit 0
        "#]],
    );
}

#[test]
fn fences_are_lines_of_json() {
    let lines = ask_json(&in_aws(&fenced()), &["fences"]);
    assert_eq!(
        members(lines.last().unwrap()),
        [
            "store",
            "cloud",
            "fence",
            "decrypts",
            "keys",
            "readers",
            "reads_without_key",
            "dark_for",
            "one_grant_short",
            "dark_with_key"
        ]
    );
    let of = |name: &str| lines.iter().find(|l| l["store"] == name).unwrap();
    assert_eq!(
        *of(aws::BUCKET),
        json!({
            "store": aws::BUCKET,
            "cloud": "aws",
            "fence": true,
            "decrypts": {"who": "caller"},
            "keys": [aws::KEY],
            "readers": 1,
            "reads_without_key": [],
            "dark_for": [],
            "one_grant_short": [
                {"principal": CRYPTOGRAPHER, "missing": "storage"},
                {"principal": OPERATOR, "missing": "key"},
            ],
            "dark_with_key": ["arn:aws:s3:::copies"],
        })
    );
}

#[test]
fn in_google_cloud_fences_name_the_service_identity_in_json() {
    let estate = in_gcp(&project(&[(gcp::BUCKET, gcp::VIEWER, gcp::ANNA, None)]));
    assert_eq!(
        ask_json(&estate, &["fences"]),
        [json!({
            "store": gcp::BUCKET,
            "cloud": "gcp",
            "fence": false,
            "decrypts": {"who": "service", "identity": gcp::AGENT},
            "keys": [gcp::KEY],
            "readers": 1,
            "reads_without_key": [{"principal": gcp::ANNA, "verdict": "yes"}],
            "dark_for": [],
            "one_grant_short": [],
            "dark_with_key": [],
        })]
    );
}

#[test]
fn a_store_that_is_dark_is_told_apart_from_one_that_nobody_may_read() {
    let mut disabled = project(&[(gcp::BUCKET, gcp::VIEWER, gcp::ANNA, None)]);
    disabled.version = "DISABLED";
    let mut unbound = tenant(&[(azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, None)]);
    unbound.assigned.remove(0);
    for (case, dark, closed) in [
        ("the key is disabled", in_gcp(&disabled), in_gcp(&project(&[]))),
        ("the identity lost the key", in_azure(&unbound), in_azure(&tenant(&[]))),
    ] {
        let (dark, closed) = (ask(&dark, &["fences"]).out, ask(&closed, &["fences"]).out);
        assert_ne!(dark, closed, "{case}: an outage reads like a store that nobody may read");
    }
}

/// A bucket of which the encryption is not in the estate.
fn undecided() -> World {
    World::new()
        .iam(aws::READER, &[aws::get_objects()])
        .bucket(aws::lacking(aws::bucket(), "Encryption"))
        .key(aws::key_saying(&[aws::delegation()]))
}

#[test]
fn whether_a_key_is_a_fence_may_be_unknown() {
    let estate = in_aws(&undecided());
    let lines = ask_json(&estate, &["fences"]);
    assert_eq!(lines.len(), 1, "a bucket whose encryption is unknown may be protected");
    assert_eq!(lines[0]["decrypts"], json!({"who": "unknown"}));
    let out = ask(&estate, &["fences"]).out;
    assert!(out.contains("whether the key is a fence cannot be told from the estate"), "{out}");
}

#[test]
fn a_fence_that_is_unknown_is_not_counted_as_none() {
    let estate = in_aws(&undecided());
    let lines = ask_json(&estate, &["fences"]);
    assert_ne!(lines[0]["fence"], false, "unknown is never folded into no: {}", lines[0]);
    let out = ask(&estate, &["fences"]).out;
    assert!(!out.contains("1 of them without a fence"), "{out}");
}

/// A bucket that was under a customer's key and is under the provider's now; the reader has no right on a key.
fn left_its_key() -> TempDir {
    let bucket = with(aws::bucket(), &json!({"FormerKeys": [aws::FORMER_KEY]}));
    in_aws(
        &World::new()
            .iam(aws::READER, &[aws::get_objects()])
            .bucket(bucket)
            .key(aws::key_named(aws::FORMER_KEY, &[aws::delegation()])),
    )
}

#[test]
fn a_bucket_that_left_its_key_still_has_it() {
    let lines = ask_json(&left_its_key(), &["fences"]);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["keys"], json!([aws::FORMER_KEY]));
    assert_eq!(lines[0]["decrypts"], json!({"who": "provider"}));
    assert_eq!(lines[0]["readers"], 1);
}

#[test]
fn who_reads_what_came_after_the_key_reads_with_no_right_on_it() {
    let lines = ask_json(&left_its_key(), &["fences"]);
    let without = lines[0]["reads_without_key"].to_string();
    assert!(without.contains(aws::READER), "new objects need no key: {}", lines[0]);
}

#[test]
fn nobody_is_one_grant_short_of_a_lock_that_is_open_to_all() {
    let lines = ask_json(&left_its_key(), &["fences"]);
    let short = lines[0]["one_grant_short"].to_string();
    assert!(
        !short.contains("any-authenticated"),
        "nobody has a right on the former key, and the provider's key is no lock: {short}"
    );
}

#[test]
fn an_estate_without_protected_stores_has_no_fences() {
    check(
        &in_aws(&aws::reader_world(&[aws::get_objects()])),
        &["fences"],
        expect![[r#"
        0 protected stores, 0 of them without a fence
        --- exit 0
    "#]],
    );
}

#[test]
fn public_reads_with_no_right_on_a_key_that_is_no_fence() {
    let estate = in_gcp(&project(&[(gcp::BUCKET, gcp::VIEWER, "allUsers", None)]));
    check(
        &estate,
        &["fences"],
        expect![[r#"
            //storage.googleapis.com/projects/_/buckets/records
              fence         the key is no fence: serviceAccount:service-604172938815@gs-project-accounts.iam.gserviceaccount.com decrypts for everybody
              key           //cloudkms.googleapis.com/projects/keys-prod/locations/europe-west3/keyRings/storage/cryptoKeys/records
              readers       2
              without key   public
                            any-authenticated

            1 protected store, 1 of them without a fence
            --- exit 0
        "#]],
    );
}

// --- who-can

const FIRST: &str = "arn:aws:iam::111122223333:role/first";

fn assume(role: &str) -> Value {
    aws::allow("sts:AssumeRole", role)
}

/// Anna assumes the first role, which assumes the reader.
fn chain() -> World {
    World::new()
        .role(
            aws::READER,
            &[aws::get_objects(), aws::decrypt()],
            &[aws::trusts(&json!({"AWS": FIRST}))],
        )
        .role(FIRST, &[assume(aws::READER)], &[aws::trusts(&json!({"AWS": aws::ANNA}))])
        .iam(aws::ANNA, &[assume(FIRST)])
        .bucket(aws::under(aws::KEY, aws::bucket()))
        .key(aws::key_saying(&[aws::delegation()]))
}

#[test]
fn a_chain_of_roles_is_direct_one_step_and_two_steps() {
    let estate = in_aws(&chain());
    let out = ask(&estate, &["who-can", "read", aws::BUCKET]).out;
    let titles: Vec<&str> = out.lines().filter(|l| l.starts_with("  yes")).collect();
    assert_eq!(
        titles,
        [
            "  yes         arn:aws:iam::111122223333:role/reader  direct",
            "  yes         arn:aws:iam::111122223333:role/first  indirect, 1 step",
            "  yes         arn:aws:iam::111122223333:user/anna  indirect, 2 steps",
        ]
    );
    let way = "as arn:aws:iam::111122223333:role/first -> arn:aws:iam::111122223333:role/reader: ";
    assert!(out.contains(&format!("storage lock: {way}")), "{out}");
    assert!(out.contains(&format!("key lock: {way}")), "{out}");
    let lines = ask_json(&estate, &["who-can", "read", aws::BUCKET]);
    let of = |name: &str| lines.iter().find(|l| l["principal"] == name).unwrap();
    assert_eq!(
        [of(aws::READER), of(FIRST), of(aws::ANNA)]
            .map(|l| (l["direct"].clone(), l["steps"].clone())),
        [(json!(true), json!(0)), (json!(false), json!(1)), (json!(false), json!(2))]
    );
    assert_eq!(of(aws::ANNA)["evidence"][0]["via"], json!([FIRST, aws::READER]));
    assert_eq!(
        members(of(aws::ANNA)),
        [
            "principal",
            "access",
            "resource",
            "verdict",
            "conditions",
            "direct",
            "steps",
            "evidence",
            "witness"
        ]
    );
}

#[test]
fn evidence_is_of_the_way_that_opens() {
    let lines = ask_json(&in_aws(&chain()), &["who-can", "read", aws::BUCKET]);
    for line in lines.iter().filter(|l| l["direct"] == false) {
        for one in line["evidence"].as_array().unwrap() {
            assert!(
                one.get("via").is_some(),
                "{} opens nothing by itself: {one}",
                line["principal"]
            );
        }
    }
}

#[test]
fn evidence_that_is_left_out_is_counted() {
    let statements: Vec<Value> = (0..9).map(|_| aws::get_objects()).collect();
    let out = ask(&in_aws(&aws::reader_world(&statements)), &["who-can", "read", aws::BUCKET]).out;
    let shown = out.matches("statement").count();
    assert!(shown == 9 || out.contains(" more"), "{shown} of 9 are shown:\n{out}");
}

#[test]
fn impersonation_in_google_cloud_is_counted_in_steps() {
    let mut of = project(&[
        (gcp::BUCKET, gcp::VIEWER, gcp::ROBOT, None),
        (gcp::ROBOT_RESOURCE, gcp::TOKEN_CREATOR, gcp::SECOND, None),
        (gcp::SECOND_RESOURCE, gcp::TOKEN_CREATOR, gcp::ANNA, None),
    ]);
    of.more =
        vec![robot(gcp::ROBOT_RESOURCE, gcp::ROBOT), robot(gcp::SECOND_RESOURCE, gcp::SECOND)];
    check(
        &in_gcp(&of),
        &["who-can", "read", gcp::BUCKET],
        expect![[r#"
        read  //storage.googleapis.com/projects/_/buckets/records  3 principals

          yes         serviceAccount:robot@records-prod.iam.gserviceaccount.com  direct
            storage lock: roles/storage.objectViewer for serviceAccount:robot@records-prod.iam.gserviceaccount.com on //storage.googleapis.com/projects/_/buckets/records

          yes         serviceAccount:second@records-prod.iam.gserviceaccount.com  indirect, 1 step
            storage lock: as serviceAccount:robot@records-prod.iam.gserviceaccount.com: roles/storage.objectViewer for serviceAccount:robot@records-prod.iam.gserviceaccount.com on //storage.googleapis.com/projects/_/buckets/records

          yes         user:anna@lindenbank.example  indirect, 2 steps
            storage lock: as serviceAccount:second@records-prod.iam.gserviceaccount.com -> serviceAccount:robot@records-prod.iam.gserviceaccount.com: roles/storage.objectViewer for serviceAccount:robot@records-prod.iam.gserviceaccount.com on //storage.googleapis.com/projects/_/buckets/records
        --- exit 0
    "#]],
    );
}

/// Anna in the inner group, the inner group in the outer one, which reads.
fn nested_in_google_cloud() -> TempDir {
    let mut of = project(&[(gcp::BUCKET, gcp::VIEWER, gcp::OUTER, None)]);
    of.groups =
        json!({"outer@lindenbank.example": [gcp::INNER], "inner@lindenbank.example": [gcp::ANNA]});
    in_gcp(&of)
}

fn nested_in_azure() -> TempDir {
    let mut of = tenant(&[(azure::OUTER, azure::BLOB_READER, azure::ACCOUNT, None)]);
    of.groups = json!({azure::OUTER: [azure::INNER], azure::INNER: [azure::ANNA]});
    in_azure(&of)
}

#[test]
fn nested_groups_are_followed() {
    let of = |estate: &TempDir, on: &str| -> Vec<(Value, Value)> {
        let lines = ask_json(estate, &["who-can", "read", on]);
        lines.iter().map(|l| (l["principal"].clone(), l["verdict"].clone())).collect()
    };
    let yes = |name: &str| (json!(name), json!("yes"));
    let mut found = of(&nested_in_google_cloud(), gcp::BUCKET);
    found.sort_by_key(|(who, _)| who.to_string());
    assert_eq!(found, [yes(gcp::INNER), yes(gcp::OUTER), yes(gcp::ANNA)]);
    let mut found = of(&nested_in_azure(), azure::ACCOUNT);
    found.sort_by_key(|(who, _)| who.to_string());
    assert_eq!(found, [yes(azure::OUTER), yes(azure::ANNA), yes(azure::INNER)]);
}

#[test]
fn conditions_are_readable_in_every_cloud() {
    let prefix = World::new()
        .iam(aws::READER, &[aws::allow("s3:GetObject", "arn:aws:s3:::data/reports/*")])
        .iam(
            OPERATOR,
            &[aws::when(
                &aws::cond("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
                aws::get_objects(),
            )],
        )
        .bucket(aws::bucket());
    check(
        &in_aws(&prefix),
        &["who-can", "read", aws::BUCKET],
        expect![[r#"
        read  arn:aws:s3:::data  2 principals

          conditional arn:aws:iam::111122223333:role/operator  direct
            if        aws:SourceIp is in 203.0.113.0/24
            storage lock: inline policy `own` of arn:aws:iam::111122223333:role/operator, statement 1

          conditional arn:aws:iam::111122223333:role/reader  direct
            if        only objects matching arn:aws:s3:::data/reports/*
            storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 1
        --- exit 0
    "#]],
    );
    let condition = azure::read_only_if(&azure::container_is("reports"));
    let of = tenant(&[(azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, Some(condition))]);
    check(
        &in_azure(&of),
        &["who-can", "read", azure::ACCOUNT],
        expect![[r#"
            read  /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake  1 principal

              conditional 22e3ad2e-dede-4da4-a605-a01bf0746895  direct
                if        only objects with @Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'reports'
                storage lock: role `Storage Blob Data Reader` at /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake (00000001-0000-4000-8000-000000000000)
            --- exit 0
        "#]],
    );
    let of = project(&[
        (gcp::BUCKET, gcp::VIEWER, gcp::ANNA, Some(gcp::UNTIL_2027)),
        (
            gcp::BUCKET,
            gcp::VIEWER,
            gcp::BEN,
            Some("resource.name.startsWith('projects/_/buckets/records/objects/reports/')"),
        ),
    ]);
    check(
        &in_gcp(&of),
        &["who-can", "read", gcp::BUCKET],
        expect![[r#"
        read  //storage.googleapis.com/projects/_/buckets/records  2 principals

          conditional user:anna@lindenbank.example  direct
            if        request.time < timestamp('2027-01-01T00:00:00Z')
            storage lock: roles/storage.objectViewer for user:anna@lindenbank.example if request.time < timestamp('2027-01-01T00:00:00Z') on //storage.googleapis.com/projects/_/buckets/records

          conditional user:ben@lindenbank.example  direct
            if        only objects matching reports/*
            storage lock: roles/storage.objectViewer for user:ben@lindenbank.example if resource.name.startsWith('projects/_/buckets/records/objects/reports/') on //storage.googleapis.com/projects/_/buckets/records
        --- exit 0
    "#]],
    );
}

#[test]
fn what_the_estate_does_not_hold_is_unknown_and_named() {
    let world = aws::open_world().without("aws/111122223333/keys.json");
    let lines = ask_json(&in_aws(&world), &["who-can", "read", aws::BUCKET]);
    assert_eq!(lines[0]["verdict"], "unknown");
    assert_eq!(
        lines[0]["conditions"],
        json!([format!("unknown: key {} is not in the estate", aws::KEY)])
    );
    let world = World::new()
        .iam_with(aws::READER, &[aws::get_objects()], &aws::bounded("limits"))
        .bucket(aws::bucket());
    let lines = ask_json(&in_aws(&world), &["who-can", "read", aws::BUCKET]);
    assert_eq!(lines[0]["verdict"], "unknown");
    let conditions = lines[0]["conditions"].to_string();
    assert!(
        conditions.contains(
            "the permissions boundary arn:aws:iam::111122223333:policy/limits is not in the estate"
        ),
        "{conditions}"
    );
}

#[test]
fn what_is_unknown_is_said_once_and_without_negations() {
    let world = World::new()
        .iam_with(aws::READER, &[aws::get_objects()], &aws::bounded("limits"))
        .bucket(aws::bucket());
    let ran = ask(&in_aws(&world), &["who-can", "read", aws::BUCKET]);
    assert!(!ran.out.contains("not (unknown"), "{}", ran.out);
    assert_eq!(ran.out.matches("policy/limits").count(), 1, "{}", ran.out);
}

#[test]
fn a_witness_is_shown_only_where_the_cloud_would_allow_it() {
    let world = aws::open_world().without("aws/111122223333/keys.json");
    let estate = in_aws(&world);
    assert_eq!(ask_json(&estate, &["who-can", "read", aws::BUCKET])[0]["witness"], Value::Null);
    let can = ["can", aws::READER, "read", aws::BUCKET];
    assert_eq!(ask_json(&estate, &can)[0]["witness"], Value::Null);
}

#[test]
fn a_witness_names_an_object_that_the_condition_lets_pass() {
    let reports = aws::allow("s3:GetObject", "arn:aws:s3:::data/reports/*");
    let lines =
        ask_json(&in_aws(&aws::reader_world(&[reports])), &["who-can", "read", aws::BUCKET]);
    let witness = lines[0]["witness"].as_str().unwrap();
    assert!(witness.contains("arn:aws:s3:::data/reports/"), "{witness}");
}

#[test]
fn a_key_is_asked_for_decrypt_and_key_administer() {
    let world = fenced().iam(aws::BEN, &[aws::allow("kms:PutKeyPolicy", aws::KEY)]);
    let estate = in_aws(&world);
    check(
        &estate,
        &["who-can", "decrypt", aws::KEY],
        expect![[r#"
        decrypt  arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d  2 principals

          yes         arn:aws:iam::111122223333:role/cryptographer  direct
            key lock: key policy, statement 1
            key lock: inline policy `own` of arn:aws:iam::111122223333:role/cryptographer, statement 1

          yes         arn:aws:iam::111122223333:role/reader  direct
            key lock: key policy, statement 1
            key lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 2
        --- exit 0
    "#]],
    );
    check(
        &estate,
        &["who-can", "key-administer", aws::KEY],
        expect![[r#"
            key-administer  arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d  1 principal

              yes         arn:aws:iam::111122223333:user/ben  direct
                key lock: key policy, statement 1
                key lock: inline policy `own` of arn:aws:iam::111122223333:user/ben, statement 1
            --- exit 0
        "#]],
    );
}

#[test]
fn a_kms_grant_is_named() {
    let grant = aws::granting(aws::READER, &["Decrypt"], &json!({"Name": "friday"}));
    let world = World::new()
        .iam(aws::READER, &[aws::get_objects()])
        .bucket(aws::under(aws::KEY, aws::bucket()))
        .key(grant);
    check(
        &in_aws(&world),
        &["who-can", "read", aws::BUCKET],
        expect![[r#"
            read  arn:aws:s3:::data  1 principal

              yes         arn:aws:iam::111122223333:role/reader  direct
                storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 1
                key lock: KMS grant 0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60
            --- exit 0
        "#]],
    );
}

#[test]
fn everyone_is_named_first() {
    let statement = aws::to("*", aws::get_objects());
    let world = aws::bucket_world(&[statement]).iam(aws::READER, &[aws::get_objects()]);
    check(
        &in_aws(&world),
        &["who-can", "read", aws::BUCKET],
        expect![[r#"
        read  arn:aws:s3:::data  3 principals

          yes         public  direct
            storage lock: bucket policy, statement 1

          yes         any-authenticated  direct
            storage lock: bucket policy, statement 1

          yes         arn:aws:iam::111122223333:role/reader  direct
            storage lock: bucket policy, statement 1
            storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 1
        --- exit 0
    "#]],
    );
}

#[test]
fn nobody_is_an_answer() {
    check(
        &in_aws(&World::new().bucket(aws::bucket())),
        &["who-can", "read", aws::BUCKET],
        expect![[r#"
            read  arn:aws:s3:::data  0 principals
            --- exit 0
        "#]],
    );
    assert!(
        ask_json(&in_aws(&World::new().bucket(aws::bucket())), &["who-can", "read", aws::BUCKET])
            .is_empty()
    );
}

#[test]
fn an_access_that_the_kind_of_resource_does_not_have_is_no_question() {
    let estate = in_aws(&fenced());
    for (access, on) in [
        ("decrypt", aws::BUCKET),
        ("key-administer", aws::BUCKET),
        ("read", aws::KEY),
        ("administer", aws::KEY),
    ] {
        for question in [&["who-can", access, on][..], &["can", aws::READER, access, on]] {
            let ran = ask(&estate, question);
            assert_eq!(ran.out, "", "{question:?}: *nobody* would reassure");
            assert_eq!(ran.exit.code(), 64, "{question:?}");
        }
    }
}

// --- can

#[test]
fn a_kind_of_access_is_explained_lock_by_lock() {
    let estate = in_aws(&fenced());
    check(
        &estate,
        &["can", aws::READER, "read", aws::BUCKET],
        expect![[r#"
            arn:aws:iam::111122223333:role/reader  read  arn:aws:s3:::data
              verdict   yes
              storage   yes
              key       yes
              looked at storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader: allows
                        key lock: key policy: leaves it to the identity policies of the principal's account
                        key lock: inline policy `own` of arn:aws:iam::111122223333:role/reader: allows
              opened by storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 1
                        key lock: key policy, statement 1
                        key lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 2
            --- exit 0
        "#]],
    );
    let line = &ask_json(&estate, &["can", OPERATOR, "read", aws::BUCKET])[0];
    assert_eq!(
        (&line["verdict"], &line["storage"]["verdict"], &line["key"]["verdict"]),
        (&json!("no"), &json!("yes"), &json!("no"))
    );
}

#[test]
fn a_lock_that_is_closed_is_opened_by_nothing() {
    let estate = in_aws(&fenced());
    let deny = aws::to("*", aws::deny("s3:GetObject", aws::OBJECTS));
    let denied =
        World::new().iam(aws::READER, &[aws::get_objects()]).bucket(aws::bucket_saying(&[deny]));
    for (estate, who, lock) in
        [(&estate, OPERATOR, "key"), (&in_aws(&denied), aws::READER, "storage")]
    {
        let line = &ask_json(estate, &["can", who, "read", aws::BUCKET])[0];
        assert_eq!(line[lock]["verdict"], "no");
        let evidence = line["evidence"].as_array().unwrap();
        assert!(evidence.iter().all(|e| e["lock"] != lock), "{line}");
    }
}

#[test]
fn a_step_says_at_which_lock_it_stands() {
    let line = &ask_json(&in_aws(&fenced()), &["can", aws::READER, "read", aws::BUCKET])[0];
    let steps = line["steps"].as_array().unwrap();
    let distinct: std::collections::BTreeSet<String> = steps.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), steps.len(), "the same line twice means two things: {line}");
}

#[test]
fn an_action_on_a_key_opens_the_key_lock_in_every_cloud() {
    let estate = in_gcp(&project(&[]));
    let action = "cloudkms.cryptoKeyVersions.useToDecrypt";
    let line = &ask_json(&estate, &["can", gcp::AGENT, action, gcp::KEY])[0];
    assert_eq!(line["verdict"], "yes");
    assert_eq!(line["evidence"][0]["lock"], "key", "{line}");
    let estate = in_azure(&tenant(&[]));
    let action = "Microsoft.KeyVault/vaults/keys/unwrap/action";
    let line = &ask_json(&estate, &["can", azure::IDENTITY, action, azure::KEY])[0];
    assert_eq!(line["verdict"], "yes");
    assert_eq!(line["evidence"][0]["lock"], "key", "{line}");
}

#[test]
fn an_action_on_one_object_is_explained() {
    let estate = in_aws(&fenced());
    check(
        &estate,
        &["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"],
        expect![[r#"
            arn:aws:iam::111122223333:role/reader  s3:GetObject  arn:aws:s3:::data/a
              verdict   yes
              storage   yes
              key       yes
              looked at storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader: allows
                        key lock: key policy: leaves it to the identity policies of the principal's account
                        key lock: inline policy `own` of arn:aws:iam::111122223333:role/reader: allows
              opened by storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 1
                        key lock: key policy, statement 1
                        key lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 2
            --- exit 0
        "#]],
    );
}

#[test]
fn answers_are_lines_of_json() {
    let estate = in_aws(&fenced());
    for action in ["read", "s3:GetObject"] {
        let on = if action == "read" { aws::BUCKET } else { "arn:aws:s3:::data/a" };
        let lines = ask_json(&estate, &["can", aws::READER, action, on]);
        let [line] = &lines[..] else { panic!("one line") };
        assert_eq!(
            members(line),
            [
                "principal",
                "action",
                "resource",
                "verdict",
                "conditions",
                "storage",
                "key",
                "steps",
                "evidence",
                "witness"
            ]
        );
        assert_eq!(line["verdict"], "yes");
        assert_eq!(line["storage"], json!({"verdict": "yes", "conditions": []}));
        assert_eq!(line["key"], json!({"verdict": "yes", "conditions": []}));
        for step in line["steps"].as_array().unwrap() {
            assert_eq!(members(step), ["lock", "looked_at", "said"]);
        }
        for one in line["evidence"].as_array().unwrap() {
            assert_eq!(members(one), ["lock", "grant", "broad"]);
        }
        assert!(line["witness"].as_str().unwrap().contains("s3:GetObject"));
    }
    let lines = ask_json(&estate, &["can", aws::BEN, "read", aws::BUCKET]);
    assert_eq!(lines[0]["verdict"], "no");
    assert_eq!(lines[0]["witness"], Value::Null);
}

/// What was looked at, a line each, in small letters: `what: what it said`.
#[track_caller]
fn looked_at(estate: &TempDir, question: &[&str]) -> Vec<String> {
    let lines = ask_json(estate, question);
    assert_eq!(lines[0]["verdict"], "no", "{}", lines[0]);
    let line = |step: &Value| {
        let word = |member: &str| step[member].as_str().unwrap().to_lowercase();
        format!("{}: {}", word("looked_at"), word("said"))
    };
    lines[0]["steps"].as_array().unwrap().iter().map(line).collect()
}

/// One step names the limiter, and says one of these.
#[track_caller]
fn stopped_by(estate: &TempDir, question: &[&str], name: &str, said: &[&str]) {
    let steps = looked_at(estate, question);
    let named = |step: &&String| step.contains(name) && said.iter().any(|said| step.contains(said));
    assert!(steps.iter().any(|s| named(&s)), "no step names `{name}`, {said:?}: {steps:#?}");
}

const READS: [&str; 4] = ["can", aws::READER, "read", aws::BUCKET];

/// The reader with both rights; bucket and key as given.
fn both_rights(bucket: Value, key: Value) -> World {
    World::new()
        .iam(aws::READER, &[aws::get_objects(), aws::decrypt()])
        .bucket(aws::under(aws::KEY, bucket))
        .key(key)
}

#[test]
fn policies_that_limit_are_named() {
    let (bucket, key) = (aws::bucket, || aws::key_saying(&[aws::delegation()]));
    let deny_reading = aws::deny("s3:GetObject", aws::OBJECTS);
    let only_lists = [aws::allow("s3:ListBucket", "*")];
    let organization = |more: &[Value]| {
        let all = [aws::full_scp(&aws::EVERY_LEVEL), aws::full_rcp()];
        both_rights(bucket(), key()).organization(json!([&all[..], more].concat()))
    };
    let bounded = World::new()
        .iam_with(aws::READER, &[aws::get_objects(), aws::decrypt()], &aws::bounded("limits"))
        .managed("limits", &only_lists)
        .bucket(aws::under(aws::KEY, bucket()))
        .key(key());
    stopped_by(
        &in_aws(&bounded),
        &READS,
        "permissions boundary arn:aws:iam::111122223333:policy/limits",
        &["says nothing", "does not allow"],
    );
    let scp = organization(&[aws::scp("p-no-reading", &[aws::OWN], &[aws::deny("s3:*", "*")])]);
    stopped_by(
        &in_aws(&scp),
        &READS,
        "service control policy `p-no-reading` on 111122223333, statement 1",
        &["denies"],
    );
    let too_little = both_rights(bucket(), key()).organization(json!([
        aws::full_scp(&["r-ab12", aws::OWN, aws::OTHER, aws::MANAGEMENT]),
        aws::scp("p-lists", &["ou-ab12-prod"], &only_lists),
        aws::full_rcp(),
    ]));
    stopped_by(
        &in_aws(&too_little),
        &READS,
        "service control policy `p-lists` on ou-ab12-prod",
        &["says nothing", "does not allow"],
    );
    let no_decrypting = [aws::to("*", aws::deny("kms:Decrypt", "*"))];
    let rcp = organization(&[aws::rcp("p-no-decrypting", &[aws::OWN], &no_decrypting)]);
    stopped_by(
        &in_aws(&rcp),
        &READS,
        "resource control policy `p-no-decrypting` on 111122223333, statement 1",
        &["denies"],
    );
    let in_bucket = aws::bucket_saying(&[aws::to("*", deny_reading.clone())]);
    stopped_by(
        &in_aws(&both_rights(in_bucket, key())),
        &READS,
        "bucket policy, statement 1",
        &["denies"],
    );
    let in_identity = World::new()
        .iam(aws::READER, &[aws::get_objects(), aws::decrypt(), deny_reading])
        .bucket(aws::under(aws::KEY, bucket()))
        .key(key());
    stopped_by(
        &in_aws(&in_identity),
        &READS,
        "inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 3",
        &["denies"],
    );
    let in_key =
        aws::key_saying(&[aws::delegation(), aws::to(aws::READER, aws::deny("kms:Decrypt", "*"))]);
    stopped_by(
        &in_aws(&both_rights(bucket(), in_key)),
        &READS,
        "key policy, statement 2",
        &["denies"],
    );
}

#[test]
fn a_limiter_is_told_once() {
    let deny = aws::to("*", aws::deny("s3:GetObject", aws::OBJECTS));
    let world =
        World::new().iam(aws::READER, &[aws::get_objects()]).bucket(aws::bucket_saying(&[deny]));
    let steps = looked_at(&in_aws(&world), &READS);
    let denies = steps.iter().filter(|s| s.ends_with("denies")).count();
    assert_eq!(denies, 1, "{steps:#?}");
}

#[test]
fn the_state_of_a_key_is_named() {
    for (state, word) in [("PendingDeletion", "deletion"), ("Disabled", "disabled")] {
        let key = aws::in_state(state, aws::key_saying(&[aws::delegation()]));
        stopped_by(&in_aws(&both_rights(aws::bucket(), key)), &READS, "key", &[word]);
    }
}

#[test]
fn a_key_policy_that_delegates_is_told_from_one_that_does_not() {
    let estate = in_aws(&both_rights(aws::bucket(), aws::key_saying(&[])));
    stopped_by(&estate, &READS, "key policy", &["delegate"]);
    // The default key policy allows nobody by itself.
    let steps = looked_at(&in_aws(&fenced()), &["can", OPERATOR, "read", aws::BUCKET]);
    assert!(!steps.contains(&"key policy: allows".to_owned()), "{steps:#?}");
}

#[test]
fn block_public_access_is_named() {
    let opened = aws::bucket_saying(&[aws::to("*", aws::get_objects())]);
    let block = aws::block(&["RestrictPublicBuckets"]);
    let by_bucket = in_aws(&World::new().bucket(with(opened.clone(), &block)));
    stopped_by(
        &by_bucket,
        &["can", "public", "read", aws::BUCKET],
        "public",
        &["restrict", "block"],
    );
    let by_account = in_aws(&World::new().bucket(opened).own_account(&block));
    let outsider = ["can", aws::OUTSIDER, "read", aws::BUCKET];
    stopped_by(&by_account, &outsider, "public", &["restrict", "block"]);
}

#[test]
fn the_side_that_is_missing_in_the_other_account_is_named() {
    let opened = aws::bucket_saying(&[aws::to(aws::GUEST, aws::get_objects())]);
    let estate = in_aws(&World::new().account(aws::OTHER).iam(aws::GUEST, &[]).bucket(opened));
    let guest = ["can", aws::GUEST, "read", aws::BUCKET];
    stopped_by(&estate, &guest, aws::OTHER, &["no ", "nothing", "none", "not "]);
}

const ANNA_IN_AZURE: [&str; 4] = ["can", azure::ANNA, "read", azure::ACCOUNT];
const ANNA_IN_GOOGLE_CLOUD: [&str; 4] = ["can", gcp::ANNA, "read", gcp::BUCKET];

fn assigned<'a>() -> Assigned<'a> {
    (azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, None)
}

const BOUND: Bound<'static> = (gcp::BUCKET, gcp::VIEWER, gcp::ANNA, None);

/// Anna reads but for a deny assignment.
fn denied_in_azure<'a>() -> Tenant<'a> {
    let mut denied = tenant(&[assigned()]);
    denied.denied = json!([{
        "id": format!("{}/providers/Microsoft.Authorization/denyAssignments/d1", azure::ACCOUNT),
        "properties": {
            "denyAssignmentName": "stack lock",
            "permissions": [azure::data(&format!("{}/read", azure::BLOBS))],
            "scope": azure::ACCOUNT,
            "doNotApplyToChildScopes": false,
            "principals": [{"id": azure::ANNA, "type": "User"}],
            "excludePrincipals": [],
        },
    }]);
    denied
}

/// Anna has the account keys but for a lock.
fn locked_in_azure<'a>() -> Tenant<'a> {
    let mut locked = tenant(&[(azure::ANNA, azure::CONTRIBUTOR, azure::ACCOUNT, None)]);
    locked.resources[0] = azure::cmk_account(&json!({"allowSharedKeyAccess": true}));
    locked.resources.push(json!({
        "id": format!("{}/providers/Microsoft.Authorization/locks/l1", azure::ACCOUNT),
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": "ReadOnly"},
    }));
    locked
}

/// Anna reads but for a deny policy of the project.
fn denied_in_google_cloud() -> Project<'static> {
    let on = gcp::PROJECT.strip_prefix("//").unwrap().replace('/', "%2F");
    let mut denied = project(&[BOUND]);
    denied.denied = json!([{
        "name": format!("policies/{on}/denypolicies/no-reading"),
        "rules": [{"denyRule": gcp::denied(&[gcp::ALL], &[gcp::GET])}],
    }]);
    denied
}

/// Everyone reads but for public access prevention.
fn prevented_in_google_cloud() -> Project<'static> {
    let mut prevented = project(&[(gcp::BUCKET, gcp::VIEWER, "allUsers", None)]);
    prevented.bucket =
        with(prevented.bucket, &json!({"iamConfiguration": gcp::iam(true, "enforced")}));
    prevented
}

#[test]
fn a_deny_assignment_is_named() {
    let denies = ["deny", "denies"];
    stopped_by(&in_azure(&denied_in_azure()), &ANNA_IN_AZURE, "stack lock", &denies);
}

#[test]
fn a_deny_is_not_said_to_hold_if_always() {
    let steps = looked_at(&in_azure(&denied_in_azure()), &ANNA_IN_AZURE);
    assert!(!steps.iter().any(|s| s.contains("if always")), "{steps:#?}");
    let steps = looked_at(&in_gcp(&denied_in_google_cloud()), &ANNA_IN_GOOGLE_CLOUD);
    assert!(!steps.iter().any(|s| s.contains("if always")), "{steps:#?}");
}

#[test]
fn a_lock_of_azure_is_named() {
    stopped_by(&in_azure(&locked_in_azure()), &ANNA_IN_AZURE, "lock", &["readonly", "read-only"]);
}

#[test]
fn a_deny_policy_is_named() {
    let estate = in_gcp(&denied_in_google_cloud());
    stopped_by(&estate, &ANNA_IN_GOOGLE_CLOUD, "no-reading", &["deny", "denies"]);
}

#[test]
fn public_access_prevention_is_named() {
    let estate = in_gcp(&prevented_in_google_cloud());
    let question = ["can", "public", "read", gcp::BUCKET];
    stopped_by(&estate, &question, "public access prevention", &["enforced"]);
}

#[test]
fn a_service_identity_without_the_key_is_named() {
    let mut unbound = tenant(&[assigned()]);
    unbound.assigned.remove(0);
    stopped_by(&in_azure(&unbound), &ANNA_IN_AZURE, azure::IDENTITY, &["no", "not", "nothing"]);
    let mut unbound = project(&[BOUND]);
    unbound.bound.remove(0);
    let agent = gcp::AGENT.to_lowercase();
    stopped_by(&in_gcp(&unbound), &ANNA_IN_GOOGLE_CLOUD, &agent, &["no", "not", "nothing"]);
}

#[test]
fn a_disabled_key_is_named_where_the_service_decrypts() {
    let mut disabled = tenant(&[assigned()]);
    disabled.resources[2] = azure::key(&json!({"enabled": false}));
    stopped_by(&in_azure(&disabled), &ANNA_IN_AZURE, "keys/cmk", &["disabled", "not enabled"]);
    let mut disabled = project(&[BOUND]);
    disabled.version = "DISABLED";
    let key = "cryptokeys/records";
    stopped_by(&in_gcp(&disabled), &ANNA_IN_GOOGLE_CLOUD, key, &["disabled", "not enabled"]);
}

#[test]
fn that_nothing_was_found_is_said() {
    let cases = [
        (in_azure(&tenant(&[])), ANNA_IN_AZURE),
        (in_gcp(&project(&[])), ANNA_IN_GOOGLE_CLOUD),
        (in_aws(&World::new().iam(aws::READER, &[]).bucket(aws::bucket())), READS),
    ];
    for (estate, question) in &cases {
        let ran = ask(estate, question);
        assert!(
            !looked_at(estate, question).is_empty(),
            "a bare *no* explains nothing: {}",
            ran.out
        );
    }
}

fn from_the_office() -> World {
    aws::reader_world(&[aws::when(
        &aws::cond("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        aws::get_objects(),
    )])
}

#[test]
fn a_context_decides_a_condition() {
    let estate = in_aws(&from_the_office());
    let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"];
    let given = |more: &[&str]| {
        let ran = ask(&estate, &[&question, more, &["--format", "json"]].concat());
        assert_eq!(ran.exit.code(), 0, "{}", ran.talk);
        ran.lines()[0]["verdict"].clone()
    };
    assert_eq!(given(&[]), "conditional");
    assert_eq!(given(&["--closed"]), "no", "nothing else is given: the key is absent");
    assert_eq!(given(&["--context", "aws:SourceIp=203.0.113.7"]), "yes");
    assert_eq!(given(&["--context", "AWS:sourceip=203.0.113.7", "--closed"]), "yes");
    assert_eq!(given(&["--context", "aws:SourceIp=198.51.100.1"]), "no");
    check(
        &estate,
        &question,
        expect![[r#"
            arn:aws:iam::111122223333:role/reader  s3:GetObject  arn:aws:s3:::data/a
              verdict   conditional
              if        aws:SourceIp is in 203.0.113.0/24
              looked at storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader: allows if aws:SourceIp is in 203.0.113.0/24
              opened by storage lock: inline policy `own` of arn:aws:iam::111122223333:role/reader, statement 1
            --- exit 0
        "#]],
    );
}

#[test]
fn several_values_of_a_key_are_given_one_by_one() {
    let tags = aws::when(
        &json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
        aws::get_objects(),
    );
    let estate = in_aws(&aws::reader_world(&[tags]));
    let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"];
    let given = |values: &[&str]| {
        let context = values.iter().flat_map(|v| ["--context", v]);
        let all: Vec<&str> = question.iter().copied().chain(context).collect();
        ask_json(&estate, &all)[0]["verdict"].clone()
    };
    assert_eq!(given(&["aws:TagKeys=a", "aws:TagKeys=b"]), "yes");
    assert_eq!(given(&["aws:TagKeys=a", "aws:TagKeys=c"]), "no");
}

#[test]
fn a_condition_that_does_not_hold_is_named() {
    let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"];
    let outside = [&question[..], &["--context", "aws:SourceIp=198.51.100.1"]].concat();
    stopped_by(&in_aws(&from_the_office()), &outside, "", &["203.0.113.0/24"]);
    let (estate, read, blob) = one_container();
    let payroll = format!("{}/blobs/{blob}", azure::PAYROLL);
    stopped_by(&estate, &["can", azure::ANNA, &read, &payroll], "", &["stringequals 'reports'"]);
    let estate = in_gcp(&project(&[(gcp::BUCKET, gcp::VIEWER, gcp::ANNA, Some(gcp::UNTIL_2027))]));
    let object = format!("{}/objects/a", gcp::BUCKET);
    let late = "request.time=2027-06-01T00:00:00Z";
    let question = ["can", gcp::ANNA, "storage.objects.get", &object, "--context", late];
    stopped_by(&estate, &question, "", &["2027-01-01"]);
}

#[test]
fn a_context_decides_a_condition_in_google_cloud() {
    let estate = in_gcp(&project(&[(gcp::BUCKET, gcp::VIEWER, gcp::ANNA, Some(gcp::UNTIL_2027))]));
    let object = format!("{}/objects/a", gcp::BUCKET);
    let question = ["can", gcp::ANNA, "storage.objects.get", &object];
    check(
        &estate,
        &question,
        expect![[r#"
            user:anna@lindenbank.example  storage.objects.get  //storage.googleapis.com/projects/_/buckets/records/objects/a
              verdict   conditional
              if        request.time < timestamp('2027-01-01T00:00:00Z')
              looked at storage lock: roles/storage.objectViewer for user:anna@lindenbank.example if request.time < timestamp('2027-01-01T00:00:00Z') on //storage.googleapis.com/projects/_/buckets/records: allows if request.time < timestamp('2027-01-01T00:00:00Z'): storage.objects.get
              opened by storage lock: roles/storage.objectViewer for user:anna@lindenbank.example if request.time < timestamp('2027-01-01T00:00:00Z') on //storage.googleapis.com/projects/_/buckets/records
            --- exit 0
        "#]],
    );
    let at = |time: &str| {
        let time = format!("request.time={time}");
        ask_json(&estate, &[&question[..], &["--context", &time]].concat())[0]["verdict"].clone()
    };
    assert_eq!(at("2026-06-01T00:00:00Z"), "yes");
    assert_eq!(at("2027-06-01T00:00:00Z"), "no");
}

#[test]
fn a_value_that_its_key_cannot_have_is_refused() {
    let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"];
    let estate = in_aws(&from_the_office());
    let ran = ask(&estate, &[&question[..], &["--context", "aws:SourceIp=office"]].concat());
    assert_eq!((ran.exit.code(), &*ran.out), (64, ""), "no address: {}", ran.out);
    let estate = in_gcp(&project(&[(gcp::BUCKET, gcp::VIEWER, gcp::ANNA, Some(gcp::UNTIL_2027))]));
    let object = format!("{}/objects/a", gcp::BUCKET);
    let question = ["can", gcp::ANNA, "storage.objects.get", &object];
    let ran = ask(&estate, &[&question[..], &["--context", "request.time=tomorrow"]].concat());
    assert_eq!((ran.exit.code(), &*ran.out), (64, ""), "no time: {}", ran.out);
}

/// Anna reads the container of reports, not that of the payroll; the action and a blob's name.
fn one_container() -> (TempDir, String, &'static str) {
    let condition = azure::read_only_if(&azure::container_is("reports"));
    let mut of = tenant(&[(azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, Some(condition))]);
    of.resources.push(azure::container(azure::REPORTS, &json!({"publicAccess": "None"})));
    of.resources.push(azure::container(azure::PAYROLL, &json!({"publicAccess": "None"})));
    (in_azure(&of), format!("{}/read", azure::BLOBS), "a.pdf")
}

#[test]
fn an_action_of_azure_on_one_blob_is_explained() {
    let (estate, read, blob) = one_container();
    let reports = format!("{}/blobs/{blob}", azure::REPORTS);
    check(
        &estate,
        &["can", azure::ANNA, &read, &reports],
        expect![[r#"
            22e3ad2e-dede-4da4-a605-a01bf0746895  Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read  /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/reports/blobs/a.pdf
              verdict   yes
              looked at storage lock: role `Storage Blob Data Reader` at /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake (00000001-0000-4000-8000-000000000000): allows
              opened by storage lock: role `Storage Blob Data Reader` at /subscriptions/1120770f-cf5e-4c41-9230-9cf9c95ddc28/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/lake (00000001-0000-4000-8000-000000000000)
            --- exit 0
        "#]],
    );
    let payroll = format!("{}/blobs/{blob}", azure::PAYROLL);
    let lines = ask_json(&estate, &["can", azure::ANNA, &read, &payroll]);
    assert_eq!(lines[0]["verdict"], "no");
}

#[test]
fn a_session_policy_limits() {
    let estate = in_aws(&aws::reader_world(&[aws::get_objects()]));
    let policy = |object: &str| aws::policy(&[aws::allow("s3:GetObject", object)]).to_string();
    let session = lay([
        ("narrow.json", policy("arn:aws:s3:::data/b")),
        ("wide.json", policy("*")),
        ("refusing.json", aws::policy(&[aws::deny("s3:GetObject", "*")]).to_string()),
        ("broken.json", "{".to_owned()),
        ("none.json", json!({"Statement": [{"Effect": "Maybe"}]}).to_string()),
    ]);
    let file = |name: &str| session.path().join(name).to_string_lossy().into_owned();
    let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"];
    let (narrow, wide, refusing) = (file("narrow.json"), file("wide.json"), file("refusing.json"));
    let with_wide = [&question[..], &["--session-policy", &wide]].concat();
    assert_eq!(ask_json(&estate, &with_wide)[0]["verdict"], "yes");
    let with_narrow = [&question[..], &["--session-policy", &narrow]].concat();
    stopped_by(&estate, &with_narrow, "session policy", &["says nothing", "does not allow"]);
    // A Deny in one of several counts.
    let with_both = [&with_wide[..], &["--session-policy", &refusing]].concat();
    stopped_by(&estate, &with_both, "session policy", &["denies"]);
    for (name, why) in [
        ("broken.json", "not JSON: EOF while parsing an object at line 1 column 1"),
        ("none.json", "expected `Allow` or `Deny` at `Statement[0].Effect` of the policy document"),
        ("missing.json", "No such file"),
    ] {
        let ran = ask(&estate, &[&question[..], &["--session-policy", &file(name)]].concat());
        assert_eq!((ran.exit.code(), &*ran.out), (1, ""), "{name}");
        assert!(ran.talk.contains(why), "{}", ran.talk);
    }
}

#[test]
fn a_broken_session_policy_is_named_by_its_file() {
    let estate = in_aws(&aws::reader_world(&[aws::get_objects()]));
    let session = lay([("broken.json", "{"), ("none.json", "{\"Statement\": [{}]}")]);
    for name in ["broken.json", "none.json"] {
        let file = session.path().join(name).to_string_lossy().into_owned();
        let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a"];
        let ran = ask(&estate, &[&question[..], &["--session-policy", &file]].concat());
        assert!(ran.talk.contains(name), "{}", ran.talk);
    }
}

#[test]
fn a_way_over_roles_is_explained_without_contradiction() {
    let line = &ask_json(&in_aws(&chain()), &["can", aws::ANNA, "read", aws::BUCKET])[0];
    assert_eq!(line["verdict"], "yes");
    let evidence = line["evidence"].to_string();
    assert!(evidence.contains(FIRST) && evidence.contains(aws::READER), "{evidence}");
    for lock in ["storage", "key"] {
        assert_ne!(line[lock]["verdict"], "no", "both locks are open on that way: {line}");
    }
}

#[test]
fn a_principal_that_the_estate_does_not_hold_is_said_to_be_so() {
    let estate = in_aws(&aws::reader_world(&[aws::get_objects()]));
    for who in ["arn:aws:iam::111122223333:role/raeder", "reader", "reader@lindenbank.example", ""]
    {
        let ran = ask(&estate, &["can", who, "read", aws::BUCKET]);
        let text = format!("{}{}", ran.out, ran.talk);
        assert!(
            text.contains("not in the estate") || text.contains("no principal"),
            "*no* about a name that is misspelt would reassure: {text}"
        );
    }
}

#[test]
fn the_clouds_own_words_for_everyone_are_understood() {
    let open = in_aws(&aws::bucket_world(&[aws::to("*", aws::get_objects())]));
    for who in ["public", "any-authenticated", "*"] {
        let lines = ask_json(&open, &["can", who, "read", aws::BUCKET]);
        assert_eq!(lines[0]["verdict"], "yes", "{who}");
    }
    let open = in_gcp(&project(&[(gcp::BUCKET, gcp::VIEWER, "allAuthenticatedUsers", None)]));
    for (who, verdict) in [
        ("public", "no"),
        ("allUsers", "no"),
        ("any-authenticated", "yes"),
        ("allAuthenticatedUsers", "yes"),
    ] {
        let lines = ask_json(&open, &["can", who, "read", gcp::BUCKET]);
        assert_eq!(lines[0]["verdict"], verdict, "{who}");
    }
}

#[test]
fn a_session_of_a_role_is_asked_as_the_role() {
    let estate = in_aws(&aws::reader_world(&[aws::get_objects()]));
    let session = "arn:aws:sts::111122223333:assumed-role/reader/anna";
    assert_eq!(ask_json(&estate, &["can", session, "read", aws::BUCKET])[0]["verdict"], "yes");
}

// --- diff

#[test]
fn equal_estates_have_no_difference() {
    let (before, after) = (in_aws(&fenced()), in_aws(&fenced()));
    check_difference(
        &before,
        &after,
        expect![[r#"
        no difference in access
        --- exit 0
    "#]],
    );
}

#[test]
fn the_second_lock_opened_is_a_gain_and_the_first_is_latent() {
    let closed = || {
        World::new()
            .iam(aws::BEN, &[])
            .bucket(aws::under(aws::KEY, aws::bucket()))
            .key(aws::key_saying(&[aws::delegation()]))
    };
    let storage = World::new()
        .iam(aws::BEN, &[aws::get_objects()])
        .bucket(aws::under(aws::KEY, aws::bucket()))
        .key(aws::key_saying(&[aws::delegation()]));
    let both = World::new()
        .iam(aws::BEN, &[aws::get_objects(), aws::decrypt()])
        .bucket(aws::under(aws::KEY, aws::bucket()))
        .key(aws::key_saying(&[aws::delegation()]));
    let (closed, storage, both) = (in_aws(&closed()), in_aws(&storage), in_aws(&both));
    check_difference(
        &closed,
        &storage,
        expect![[r#"
        latent  arn:aws:iam::111122223333:user/ben  read  arn:aws:s3:::data  only the key lock is closed
        --- exit 2
    "#]],
    );
    check_difference(
        &storage,
        &both,
        expect![[r#"
            gained  arn:aws:iam::111122223333:user/ben  read  arn:aws:s3:::data  yes
                      storage lock: inline policy `own` of arn:aws:iam::111122223333:user/ben, statement 1
                      key lock: key policy, statement 1
                      key lock: inline policy `own` of arn:aws:iam::111122223333:user/ben, statement 2
                      before, inline policy `own` of arn:aws:iam::111122223333:user/ben: says nothing
            gained  arn:aws:iam::111122223333:user/ben  decrypt  arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d  yes
                      key lock: key policy, statement 1
                      key lock: inline policy `own` of arn:aws:iam::111122223333:user/ben, statement 2
                      before, inline policy `own` of arn:aws:iam::111122223333:user/ben: says nothing
                      before, inline policy `own` of arn:aws:iam::111122223333:user/ben: says nothing
            --- exit 2
        "#]],
    );
    check_difference(
        &both,
        &closed,
        expect![[r#"
        lost    arn:aws:iam::111122223333:user/ben  read  arn:aws:s3:::data  no
        lost    arn:aws:iam::111122223333:user/ben  decrypt  arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d  no
        --- exit 2
    "#]],
    );
}

#[test]
fn a_difference_is_one_line_of_json() {
    let without = || aws::open_world().iam(aws::BEN, &[]);
    let (before, after) = (
        in_aws(&without()),
        in_aws(&aws::open_world().iam(aws::BEN, &[aws::get_objects(), aws::decrypt()])),
    );
    let of = |before: &TempDir, after: &TempDir| {
        let ran =
            keyfence(["diff".into(), path(before), path(after), "--format".into(), "json".into()]);
        let lines = ran.lines();
        assert_eq!(lines.len(), 1, "{}", ran.out);
        (ran.exit.code(), lines[0].clone())
    };
    let (code, line) = of(&before, &after);
    assert_eq!(code, 2);
    assert_eq!(members(&line), ["gained", "lost", "latent"]);
    let read = line["gained"].as_array().unwrap().iter().find(|g| g["access"] == "read").unwrap();
    assert_eq!(
        members(read),
        ["principal", "access", "resource", "verdict", "before", "witness", "evidence"]
    );
    assert_eq!(read["principal"], aws::BEN);
    let (code, line) = of(&after, &before);
    assert_eq!(code, 2);
    assert_eq!(members(&line["lost"][0]), ["principal", "access", "resource"]);
    assert_eq!(of(&before, &before), (0, json!({"gained": [], "lost": [], "latent": []})));
}

fn open_in(state: &str) -> World {
    World::new()
        .iam(aws::READER, &[aws::get_objects(), aws::decrypt()])
        .bucket(aws::under(aws::KEY, aws::bucket()))
        .key(aws::in_state(state, aws::key_saying(&[aws::delegation()])))
}

/// A limiter, with and without it.
fn limiters() -> Vec<(&'static str, TempDir, TempDir)> {
    let lists = [aws::allow("s3:ListBucket", "*")];
    let world = || aws::reader_world(&[aws::get_objects()]);
    let organization = |more: &[Value]| {
        let all = [aws::full_scp(&aws::EVERY_LEVEL), aws::full_rcp()];
        world().organization(json!([&all[..], more].concat()))
    };
    let saying = |statements: &[Value]| {
        World::new().iam(aws::READER, &[aws::get_objects()]).bucket(aws::bucket_saying(statements))
    };
    let opened = || aws::bucket_saying(&[aws::to("*", aws::get_objects())]);
    let block = aws::block(&["RestrictPublicBuckets"]);
    let of = |name, before: &World, after: &World| (name, in_aws(before), in_aws(after));
    let mut unlocked = locked_in_azure();
    unlocked.resources.pop();
    let mut lifted = prevented_in_google_cloud();
    lifted.bucket = with(lifted.bucket, &json!({"iamConfiguration": gcp::iam(true, "inherited")}));
    vec![
        of(
            "bucket policy",
            &saying(&[aws::to(aws::READER, aws::deny("s3:GetObject", aws::OBJECTS))]),
            &saying(&[]),
        ),
        of(
            "statement 2",
            &aws::reader_world(&[aws::get_objects(), aws::deny("s3:GetObject", aws::OBJECTS)]),
            &world(),
        ),
        of(
            "p-no",
            &organization(&[aws::scp("p-no", &["ou-ab12-prod"], &[aws::deny("s3:*", "*")])]),
            &organization(&[]),
        ),
        of(
            "p-no",
            &organization(&[aws::rcp(
                "p-no",
                &["r-ab12"],
                &[aws::to("*", aws::deny("s3:*", "*"))],
            )]),
            &organization(&[]),
        ),
        of(
            "policy/limits",
            &World::new()
                .iam_with(aws::READER, &[aws::get_objects()], &aws::bounded("limits"))
                .managed("limits", &lists)
                .bucket(aws::bucket()),
            &world().managed("limits", &lists),
        ),
        of(
            "public access",
            &World::new().bucket(with(opened(), &block)),
            &World::new().bucket(opened()),
        ),
        of(
            "public access",
            &World::new().bucket(opened()).own_account(&block),
            &World::new().bucket(opened()),
        ),
        of("disabled", &open_in("Disabled"), &open_in("Enabled")),
        ("stack lock", in_azure(&denied_in_azure()), in_azure(&tenant(&[assigned()]))),
        ("readonly", in_azure(&locked_in_azure()), in_azure(&unlocked)),
        ("no-reading", in_gcp(&denied_in_google_cloud()), in_gcp(&project(&[BOUND]))),
        ("public access prevention", in_gcp(&prevented_in_google_cloud()), in_gcp(&lifted)),
    ]
}

#[test]
fn every_limiter_that_goes_is_a_gain_and_every_one_that_comes_a_loss() {
    for (name, before, after) in &limiters() {
        let gain = differ(before, after);
        assert_eq!(gain.exit.code(), 2, "{name}: {}", gain.out);
        let reads = |word: &str, out: &str| {
            out.lines().any(|l| l.starts_with(word) && l.contains("  read  "))
        };
        assert!(reads("gained", &gain.out), "{name}: {}", gain.out);
        assert!(!reads("lost", &gain.out), "{name}: {}", gain.out);
        let loss = differ(after, before);
        assert_eq!(loss.exit.code(), 2, "{name}: {}", loss.out);
        assert!(reads("lost", &loss.out), "{name}: {}", loss.out);
        assert!(!reads("gained", &loss.out), "{name}: {}", loss.out);
    }
}

#[test]
fn a_gain_names_the_limiter_that_went() {
    let silent: Vec<String> = limiters()
        .iter()
        .map(|(name, before, after)| (name, differ(before, after).out))
        .filter(|(name, out)| !out.to_lowercase().contains(*name))
        .map(|(name, out)| format!("`{name}` is not named:\n{out}"))
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// Before and after: a prefix that grew.
fn prefixes() -> (TempDir, TempDir) {
    let of = |objects: &str| in_aws(&aws::reader_world(&[aws::allow("s3:GetObject", objects)]));
    (of("arn:aws:s3:::data/x/*"), of("arn:aws:s3:::data/*"))
}

#[test]
fn a_prefix_that_grew_is_a_gain_and_one_that_shrank_a_loss() {
    let (narrow, wide) = prefixes();
    let gain = differ(&narrow, &wide);
    let title = format!("gained  {}  read  {}  yes (was conditional", aws::READER, aws::BUCKET);
    assert!(gain.out.starts_with(&title), "{}", gain.out);
    assert_eq!(gain.exit.code(), 2);
    let loss = differ(&wide, &narrow);
    let title = format!("lost    {}  read  {}  conditional\n", aws::READER, aws::BUCKET);
    assert!(loss.out.starts_with(&title), "{}", loss.out);
    assert_eq!(loss.exit.code(), 2);
}

#[test]
fn a_difference_says_what_was_and_what_is_left() {
    let (narrow, wide) = prefixes();
    for (before, after) in [(&narrow, &wide), (&wide, &narrow)] {
        let out = differ(before, after).out;
        assert!(out.contains("arn:aws:s3:::data/x/*"), "conditional, but how: {out}");
    }
}

#[test]
fn a_prefix_that_moved_is_a_gain_and_a_loss() {
    let of = |objects: &str| in_aws(&aws::reader_world(&[aws::allow("s3:GetObject", objects)]));
    let (before, after) = (of("arn:aws:s3:::data/x/*"), of("arn:aws:s3:::data/y/*"));
    let out = differ(&before, &after).out;
    assert!(out.contains("gained") && out.contains("lost"), "{out}");
}

#[test]
fn a_condition_that_was_dropped_is_a_gain() {
    let free = in_aws(&aws::reader_world(&[aws::get_objects()]));
    let ran = differ(&in_aws(&from_the_office()), &free);
    let title = format!("gained  {}  read  {}  yes (was conditional", aws::READER, aws::BUCKET);
    assert!(ran.out.starts_with(&title), "{}", ran.out);
}

/// The service identity loses the key, in Google Cloud and in Azure.
fn darkened() -> [(TempDir, TempDir, &'static str, &'static str); 2] {
    let mut without = project(&[BOUND]);
    without.bound.remove(0);
    let google = (in_gcp(&project(&[BOUND])), in_gcp(&without), gcp::ANNA, gcp::AGENT);
    let mut without = tenant(&[assigned()]);
    without.assigned.remove(0);
    let azure_estates = (in_azure(&tenant(&[assigned()])), in_azure(&without));
    [google, (azure_estates.0, azure_estates.1, azure::ANNA, azure::IDENTITY)]
}

#[test]
fn a_service_identity_that_loses_the_key_takes_the_data_from_all() {
    for (before, after, reader, identity) in &darkened() {
        let ran = differ(before, after);
        assert!(ran.out.contains(&format!("lost    {reader}  read  ")), "{}", ran.out);
        assert!(ran.out.contains(&format!("lost    {identity}  decrypt  ")), "{}", ran.out);
        assert_eq!(ran.exit.code(), 2);
    }
}

#[test]
fn data_that_went_dark_is_told_from_access_that_was_taken() {
    for (before, after, reader, _) in &darkened() {
        let out = differ(before, after).out;
        let line = out.lines().find(|l| l.starts_with(&format!("lost    {reader}"))).unwrap();
        assert!(line.contains("dark") || line.contains("key"), "an outage: {line}");
    }
}

#[test]
fn a_key_without_administrators_is_told() {
    let of = |statements: &[Value]| {
        in_aws(&World::new().iam(aws::BEN, &[]).key(aws::key_saying(statements)))
    };
    let (before, after) = (of(&[aws::to(aws::BEN, aws::allow("kms:*", "*"))]), of(&[]));
    let ran = differ(&before, &after);
    assert!(
        ran.out.contains("nobody") || ran.out.contains("ungoverned"),
        "a key that nobody can administer any more is worse than one administrator less: {}",
        ran.out
    );
}

#[test]
fn a_new_resource_and_a_new_principal_are_gains() {
    let before = in_aws(&World::new());
    let after = in_aws(&aws::open_world());
    let ran = differ(&before, &after);
    assert!(
        ran.out.contains(&format!("gained  {}  read  {}  yes\n", aws::READER, aws::BUCKET)),
        "{}",
        ran.out
    );
    assert_eq!(ran.exit.code(), 2);
}

/// The keys are no longer in the estate; nothing else changed.
fn forgotten() -> (TempDir, TempDir) {
    let world = || aws::open_world().iam(aws::BEN, &[aws::get_objects()]);
    (in_aws(&world()), in_aws(&world().without("aws/111122223333/keys.json")))
}

#[test]
fn a_file_that_went_missing_is_no_gain_that_is_sure() {
    let (before, after) = forgotten();
    let ran = differ(&before, &after);
    let gains: Vec<&str> = ran.out.lines().filter(|l| l.starts_with("gained")).collect();
    assert!(!gains.is_empty(), "unknown is never folded into no: {}", ran.out);
    assert!(gains.iter().all(|l| l.contains("  unknown")), "{}", ran.out);
}

// --- exit codes and errors

#[test]
fn exit_codes_of_questions_follow_the_contract() {
    let estate = in_aws(&fenced());
    let code = |question: &[&str]| ask(&estate, question).exit.code();
    assert_eq!(code(&["fences"]), 0);
    assert_eq!(code(&["who-can", "read", aws::BUCKET]), 0);
    assert_eq!(code(&["can", aws::READER, "read", aws::BUCKET]), 0, "yes");
    assert_eq!(code(&["can", aws::BEN, "read", aws::BUCKET]), 0, "no is an answer, not a failure");
    assert_eq!(code(&["who-can", "red", aws::BUCKET]), 64);
    assert_eq!(code(&["who-can", "read"]), 64);
    assert_eq!(code(&["can", aws::READER, "read"]), 64);
    assert_eq!(code(&["fences", "--format", "xml"]), 64);
    assert_eq!(keyfence(["fences"]).exit.code(), 64, "without an estate");
    assert_eq!(keyfence(["diff", "one-estate"]).exit.code(), 64);
}

#[test]
fn a_wrong_word_for_access_is_answered_with_the_words() {
    let estate = in_aws(&fenced());
    for question in
        [&["who-can", "red", aws::BUCKET][..], &["can", aws::READER, "red", aws::BUCKET]]
    {
        let ran = ask(&estate, question);
        assert_eq!(ran.out, "");
        assert!(
            ran.talk.contains("read, write, delete, administer, decrypt, key-administer"),
            "{}",
            ran.talk
        );
    }
}

#[test]
fn what_is_wrong_with_a_question_is_wrong_usage() {
    let estate = in_aws(&fenced());
    let other: Vec<(&[&str], u8)> = [
        &["can", aws::READER, "red", aws::BUCKET][..],
        &["can", aws::READER, "read", "data"],
        &["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a", "--context", "aws:SourceIp"],
        &["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a", "--context", "=10.0.0.1"],
        &["can", aws::READER, "read", aws::BUCKET, "--closed"],
        &["who-can", "read", "data"],
    ]
    .into_iter()
    .map(|question| (question, ask(&estate, question).exit.code()))
    .filter(|(_, code)| *code != 64)
    .collect();
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn a_broken_context_is_answered_with_an_example() {
    let estate = in_aws(&fenced());
    let question = ["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a", "--context"];
    let ran = ask(&estate, &[&question[..], &["aws:SourceIp"]].concat());
    assert_eq!(
        ran.talk,
        "keyfence: `aws:SourceIp`: expected `key=value`, such as `aws:SourceIp=10.1.2.3`\n"
    );
    let kind = ["can", aws::READER, "read", aws::BUCKET, "--context", "aws:SourceIp=10.0.0.1"];
    let ran = ask(&estate, &kind);
    assert_eq!(
        ran.talk,
        "keyfence: `read` is a kind of access, not one request: name an action of the cloud, such as `s3:GetObject`, to give a context\n"
    );
}

#[test]
fn resources_that_are_not_there_are_answered_with_a_remedy() {
    let estate = in_aws(&fenced());
    let absent = "is not in the estate: check its spelling, or add the file that lists it";
    let none = "is no resource: expected an ARN (`arn:aws:s3:::bucket`), an ARM id (`/subscriptions/…`) or a full resource name (`//storage.googleapis.com/…`)";
    for (name, expected) in [
        ("arn:aws:s3:::date", absent),
        ("/subscriptions/x", absent),
        ("//storage.googleapis.com/projects/_/buckets/data", absent),
        ("data", none),
        ("s3://data", none),
        ("", none),
    ] {
        for question in [&["who-can", "read", name][..], &["can", aws::READER, "read", name]] {
            let ran = ask(&estate, question);
            assert_eq!(ran.talk, format!("keyfence: `{name}` {expected}\n"));
            assert_eq!(ran.out, "");
            assert_ne!(ran.exit.code(), 0);
        }
    }
}

#[test]
fn an_object_is_answered_with_the_bucket_to_ask_for() {
    let ran = ask(&in_aws(&fenced()), &["who-can", "read", "arn:aws:s3:::data/a"]);
    assert_eq!(ran.out, "");
    assert!(ran.talk.contains("`arn:aws:s3:::data`"), "{}", ran.talk);
}

#[test]
fn a_damaged_resource_name_is_not_answered_for_another_resource() {
    let estate = in_aws(&fenced());
    let answered: Vec<String> = [
        "arn:x:::data",
        "arn:aws:s3:::data:::data",
        "arn:aws:s3:eu-west-1:5:::data",
        "arn:aws:iam:::data",
    ]
    .into_iter()
    .map(|name| format!("{name}: {}", ask(&estate, &["who-can", "read", name]).out))
    .filter(|told| !told.ends_with(": "))
    .collect();
    assert!(answered.is_empty(), "{answered:#?}");
}

#[test]
fn a_bucket_is_found_in_every_partition() {
    let lines = ask_json(&in_aws(&fenced()), &["who-can", "read", "arn:aws-cn:s3:::data"]);
    assert_eq!(lines[0]["resource"], aws::BUCKET, "in the estate's own spelling");
}

#[test]
fn an_alias_leads_to_its_key() {
    let name = "arn:aws:kms:eu-west-1:111122223333:alias/data";
    let alias = json!({"AliasName": "alias/data", "AliasArn": name});
    let key = with(aws::key_saying(&[aws::delegation()]), &json!({"Aliases": [alias]}));
    let world = World::new().iam(CRYPTOGRAPHER, &[aws::decrypt()]).key(key);
    let ran = ask(&in_aws(&world), &["who-can", "decrypt", name]);
    let text = format!("{}{}", ran.out, ran.talk);
    assert!(text.contains(aws::KEY), "the key that the alias points to: {text}");
}

#[test]
fn an_action_on_what_the_estate_does_not_hold_is_unknown() {
    let estate = in_aws(&fenced());
    for (action, on) in [
        ("s3:GetObject", "arn:aws:s3:::date/a"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/none"),
    ] {
        let line = &ask_json(&estate, &["can", aws::READER, action, on])[0];
        assert_eq!(line["verdict"], "unknown");
        assert_eq!(line["conditions"], json!([format!("unknown: {on} is not in the estate")]));
    }
}

#[test]
fn an_action_that_the_resource_does_not_have_is_no_question() {
    let estate = in_aws(&fenced());
    let answered: Vec<String> = [
        ("s3:GetObject", aws::BUCKET),
        ("kms:Decrypt", aws::BUCKET),
        ("s3:GetObject", aws::KEY),
        ("s3:*", "arn:aws:s3:::data/a"),
        ("read.x", "arn:aws:s3:::data/a"),
        ("storage.objects.get", "arn:aws:s3:::data/a"),
        ("Microsoft.Storage/storageAccounts/read", "arn:aws:s3:::data/a"),
        ("s3:GetObject", "//storage.googleapis.com/projects/_/buckets/records/objects/a"),
    ]
    .into_iter()
    .map(|(action, on)| {
        format!("{action} {on}: {}", ask(&estate, &["can", aws::READER, action, on]).out)
    })
    .filter(|told| !told.ends_with(": "))
    .collect();
    assert!(answered.is_empty(), "a *no* would reassure: {answered:#?}");
}

#[test]
fn an_action_that_nobody_knows_is_said_to_be_so() {
    let ran = ask(&in_aws(&fenced()), &["can", aws::READER, "s3:GetObjekt", "arn:aws:s3:::data/a"]);
    let text = format!("{}{}", ran.out, ran.talk);
    assert!(text.contains("`s3:GetObjekt`"), "*no* about a misspelt action would reassure: {text}");
}

#[test]
fn spelling_does_not_matter_where_the_cloud_does_not_mind() {
    let of = in_azure(&tenant(&[(azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, None)]));
    let upper = azure::ACCOUNT.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions");
    let lines = ask_json(&of, &["who-can", "read", &upper]);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["resource"], azure::ACCOUNT, "in the estate's own spelling");
    let shouted = azure::ANNA.to_uppercase();
    assert_eq!(
        ask_json(&of, &["can", &shouted, "read", azure::ACCOUNT])[0]["verdict"],
        "yes",
        "object ids are compared without case"
    );
}

#[test]
fn addresses_of_google_cloud_are_compared_without_case() {
    let estate = in_gcp(&project(&[BOUND]));
    let question = ["can", "user:Anna@Lindenbank.Example", "read", gcp::BUCKET];
    assert_eq!(ask_json(&estate, &question)[0]["verdict"], "yes");
}

#[test]
fn counts_agree_with_their_nouns() {
    let estate = in_aws(&aws::open_world());
    let out = ask(&estate, &["fences"]).out + &ask(&estate, &["who-can", "read", aws::BUCKET]).out;
    assert!(!out.contains("1 protected stores") && !out.contains("1 principals"), "{out}");
}

#[test]
fn a_broken_estate_is_a_failure_that_names_the_place() {
    let broken = lay([
        ("aws/111122223333/buckets.json", "[{\"Name\": \"data\", \"Policy\": {\"Statement\": 7}}]"),
        ("aws/111122223333/keys.json", "[{"),
    ]);
    check(
        &broken,
        &["fences"],
        expect![[r#"
        --- stderr
        keyfence: DIR: the estate cannot be used
          aws/111122223333/buckets.json: `[0]`: `Policy`: expected an object at `Statement[0]` of the policy document
          aws/111122223333/keys.json: not JSON: EOF while parsing an object at line 1 column 2
        --- exit 1
    "#]],
    );
    let good = in_aws(&fenced());
    for question in [
        &["fences"][..],
        &["who-can", "read", aws::BUCKET],
        &["can", aws::READER, "read", aws::BUCKET],
    ] {
        let ran = ask(&broken, question);
        assert_eq!((ran.exit.code(), &*ran.out), (1, ""), "{question:?}");
    }
    assert_eq!(differ(&broken, &good).exit.code(), 1);
    assert_eq!(differ(&good, &broken).exit.code(), 1);
}

#[test]
fn a_folder_that_is_no_estate_is_a_failure_with_a_remedy() {
    let empty = lay([("notes.md", "")]);
    check(
        &empty,
        &["fences"],
        expect![[r#"
        --- stderr
        keyfence: DIR: no estate files (`aws/`, `azure/`, `gcp/`) in this folder
        --- exit 1
    "#]],
    );
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("estate").to_string_lossy().into_owned();
    let ran = keyfence(["fences", "--estate", &missing]);
    expect![[r#"
        --- stderr
        keyfence: DIR/estate: not a folder
        --- exit 1
    "#]]
    .assert_eq(&whole(&ran, &[&folder]));
}

// --- hostile names

/// Clears the screen, sets the title, turns the direction, ends the line, and hides a letter.
const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{2066}\r\u{9b}31m\u{200b}\u{e0041}\u{2028}\nlmx";
const STEERING: &[char] = &[
    '\u{1b}',
    '\u{7}',
    '\u{202e}',
    '\u{2066}',
    '\r',
    '\u{9b}',
    '\u{200b}',
    '\u{e0041}',
    '\u{2028}',
];

#[track_caller]
fn is_harmless(ran: &Ran) {
    for (stream, text) in [("stdout", &ran.out), ("stderr", &ran.talk)] {
        assert!(!text.contains(STEERING), "{stream}: {text:?}");
        assert!(!text.lines().any(|l| l.starts_with("lmx")), "a forged line: {stream}: {text:?}");
    }
}

fn hostile_role() -> String {
    format!("arn:aws:iam::111122223333:role/x{HOSTILE}")
}

/// A role, its policy, a bucket, a statement, a tag and a key's statement that are named so.
fn hostile_in_aws() -> World {
    let named = |statement: Value| with(statement, &json!({"Sid": HOSTILE}));
    let policy = json!({
        "PolicyName": HOSTILE,
        "PolicyDocument": aws::policy(&[named(aws::allow("*", "*"))]),
    });
    let tag = format!("aws:PrincipalTag/{HOSTILE}");
    let tagged = aws::when(&aws::cond("StringEquals", &tag, HOSTILE), aws::get_objects());
    let bucket = aws::under(aws::KEY, aws::bucket_saying(&[named(aws::to("*", tagged))]));
    World::new()
        .iam_with(&hostile_role(), &[], &json!({"RolePolicyList": [policy]}))
        .bucket(with(bucket.clone(), &json!({"Name": format!("data{HOSTILE}")})))
        .bucket(bucket)
        .key(aws::key_saying(&[aws::delegation(), named(aws::to("*", aws::decrypt()))]))
}

#[test]
fn hostile_names_in_an_estate_cannot_steer_the_terminal() {
    let estate = in_aws(&hostile_in_aws());
    let empty = in_aws(&World::new());
    let role = hostile_role();
    for question in [
        &["fences"][..],
        &["who-can", "read", aws::BUCKET],
        &["who-can", "administer", aws::BUCKET],
        &["who-can", "key-administer", aws::KEY],
        &["can", &role, "read", aws::BUCKET],
        &["can", &role, "s3:GetObject", "arn:aws:s3:::data/\u{1b}[2J"],
    ] {
        let ran = ask(&estate, question);
        assert!(ran.out.contains('\u{fffd}'), "the name is shown: {question:?}: {}", ran.out);
        is_harmless(&ran);
        assert!(!ask_json(&estate, question).is_empty());
        is_harmless(&ask(&estate, &[question, &["--format", "json"]].concat()));
    }
    let ran = differ(&empty, &estate);
    assert_eq!(ran.exit.code(), 2);
    is_harmless(&ran);
    let json = ["diff".to_owned(), path(&empty), path(&estate), "--format".into(), "json".into()];
    is_harmless(&keyfence(json));
}

#[test]
fn hostile_names_of_azure_and_google_cloud_cannot_steer_the_terminal() {
    let condition = azure::read_only_if(&azure::container_is(HOSTILE));
    let mut of = tenant(&[
        (azure::ANNA, azure::BLOB_READER, azure::ACCOUNT, Some(condition)),
        (HOSTILE, azure::BLOB_READER, azure::ACCOUNT, None),
    ]);
    of.groups = json!({HOSTILE: [format!("{HOSTILE}x")]});
    let in_azure_estate = in_azure(&of);
    let member = format!("user:{HOSTILE}@x.example");
    let expression = format!("resource.name == '{}'", HOSTILE.escape_default());
    let in_google = in_gcp(&project(&[
        (gcp::BUCKET, gcp::VIEWER, &member, None),
        (gcp::BUCKET, gcp::VIEWER, gcp::ANNA, Some(&expression)),
        (gcp::BUCKET, gcp::VIEWER, gcp::BEN, Some(HOSTILE)),
    ]));
    for (estate, on) in [(&in_azure_estate, azure::ACCOUNT), (&in_google, gcp::BUCKET)] {
        for question in [&["fences"][..], &["who-can", "read", on]] {
            let ran = ask(estate, question);
            assert!(ran.out.contains('\u{fffd}'), "{}", ran.out);
            is_harmless(&ran);
            ask_json(estate, question);
            is_harmless(&ask(estate, &[question, &["--format", "json"]].concat()));
        }
    }
}

#[test]
fn json_keeps_a_hostile_name_as_it_is() {
    let role = hostile_role();
    let lines = ask_json(&in_aws(&hostile_in_aws()), &["who-can", "read", aws::BUCKET]);
    assert!(lines.iter().any(|l| l["principal"] == role), "escaped, not changed: {lines:?}");
}

#[test]
fn hostile_words_of_a_question_cannot_steer_the_terminal() {
    let estate = in_aws(&fenced());
    let name = format!("arn:aws:s3:::{HOSTILE}");
    let pair = format!("{HOSTILE}x");
    for question in [
        &["who-can", "read", &name][..],
        &["who-can", "read", HOSTILE],
        &["can", HOSTILE, "read", aws::BUCKET],
        &["can", aws::READER, HOSTILE, aws::BUCKET],
        &["can", aws::READER, "s3:GetObject", &name],
        &["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a", "--context", &pair],
        &["can", aws::READER, "s3:GetObject", "arn:aws:s3:::data/a", "--session-policy", &pair],
    ] {
        is_harmless(&ask(&estate, question));
    }
}

#[test]
fn wrong_usage_echoes_nothing_that_steers() {
    let estate = in_aws(&fenced());
    is_harmless(&ask(&estate, &["who-can", HOSTILE, aws::BUCKET]));
    is_harmless(&ask(&estate, &["fences", HOSTILE]));
    is_harmless(&keyfence([HOSTILE]));
}

#[test]
fn hostile_names_of_broken_estates_cannot_steer_the_terminal() {
    let bucket = json!([{"Name": HOSTILE, "Policy": {"Statement": [{"Effect": HOSTILE}]}}]);
    let broken = lay([("aws/111122223333/buckets.json", bucket.to_string())]);
    let ran = ask(&broken, &["fences"]);
    assert_eq!(ran.exit.code(), 1);
    is_harmless(&ran);
    let azure_name = json!([{"id": format!("/subscriptions/{HOSTILE}/resourceGroups/x"), "type": HOSTILE, "properties": 7}]);
    let path = format!("azure/{}/resources.json", azure::TENANT);
    is_harmless(&ask(&lay([(path, azure_name.to_string())]), &["fences"]));
    let line = json!({"name": HOSTILE, "asset_type": HOSTILE, "iam_policy": 7});
    is_harmless(&ask(&lay([("gcp/assets.jsonl", line.to_string())]), &["fences"]));
}

#[test]
fn the_shipped_estate_answers_every_question() {
    let estate = keyfence_tests::own("examples/estate");
    let run = |question: &[&str]| {
        let estate = Path::new(&estate).to_string_lossy().into_owned();
        keyfence(question.iter().copied().chain(["--estate", &estate]))
    };
    let fences = run(&["fences", "--format", "json"]);
    assert_eq!(fences.exit.code(), 0, "{}", fences.talk);
    for fence in fences.lines() {
        let store = fence["store"].as_str().unwrap();
        for access in ["read", "write", "delete", "administer"] {
            let ran = run(&["who-can", access, store, "--format", "json"]);
            assert_eq!((ran.exit.code(), &*ran.talk), (0, ""));
            for line in ran.lines() {
                let who = line["principal"].as_str().unwrap();
                let can = run(&["can", who, access, store, "--format", "json"]);
                assert_eq!(can.lines()[0]["verdict"], line["verdict"], "{who} {access} {store}");
            }
        }
        for key in fence["keys"].as_array().unwrap() {
            for access in ["decrypt", "key-administer"] {
                assert_eq!(run(&["who-can", access, key.as_str().unwrap()]).exit.code(), 0);
            }
        }
    }
}
