//! Who may read, write, delete, administer and decrypt in AWS, case by case: each estate holds only what the case needs, and
//! the expected verdict follows from the documentation, not from what the evaluator prints. The comments name the rule: the
//! AWS part of the design note on access (`access.md`), or a page of the vendor:
//!
//! * *evaluation*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//! * *cross-account*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
//! * *boundaries*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
//! * *principal*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
//! * *notprincipal*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
//! * *action*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
//! * *notaction*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
//! * *resource*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
//! * *notresource*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
//! * *operators*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! * *condition keys*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
//! * *multi-valued*: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
//! * *scp*: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
//! * *rcp*: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
//! * *sse-kms*: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>
//! * *sse-s3*: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingServerSideEncryption.html>
//! * *block public access*: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
//! * *acl*: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
//! * *ownership*: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
//! * *key policies*: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
//! * *default key policy*: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
//! * *kms cross-account*: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
//! * *kms access*: <https://docs.aws.amazon.com/kms/latest/developerguide/determining-access.html>
//! * *kms conditions*: <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
//! * *grants*: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
//! * *key state*: <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::Access::{Administer, Decrypt, Delete, KeyAdminister, Read, Write};
use keyfence_analysis::model::Verdict::{Conditional, No, Unknown, Yes};
use keyfence_analysis::model::{Access, Cloud, Resource, Verdict};
use keyfence_tests::{assert_verdict, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Owns the bucket and the key.
const OWN: &str = "111122223333";
/// Another account of the estate.
const OTHER: &str = "444455556666";
/// The organisation's management account.
const MANAGEMENT: &str = "123456789012";
/// An account that the estate does not know.
const STRANGER: &str = "999988887777";

const BUCKET: &str = "arn:aws:s3:::data";
const OBJECTS: &str = "arn:aws:s3:::data/*";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d";
const FORMER_KEY: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a";

const READER: &str = "arn:aws:iam::111122223333:role/reader";
const ANNA: &str = "arn:aws:iam::111122223333:user/anna";
const GUEST: &str = "arn:aws:iam::444455556666:role/guest";
const OUTSIDER: &str = "arn:aws:iam::999988887777:role/outsider";
const PUBLIC: &str = "public";
const ANYBODY: &str = "any-authenticated";

// --- the check

/// Asks one question; the resource is a key when its name is that of a key.
#[track_caller]
fn check(world: &World, principal: &str, access: Access, resource: &str, expected: Verdict) {
    let what = if resource.starts_with("arn:aws:kms:") {
        Resource::key(Cloud::Aws, resource)
    } else {
        Resource::store(Cloud::Aws, resource)
    };
    assert_verdict(&world.estate(), principal, access, &what, expected);
}

/// The question asked most: who may read the bucket's objects.
#[track_caller]
fn read(world: &World, principal: &str, expected: Verdict) {
    check(world, principal, Read, BUCKET, expected);
}

// --- the estates

/// Estate files by path. An account that is mentioned has all its files, empty ones at first.
#[derive(Clone, Default)]
struct World(BTreeMap<String, Value>);

impl World {
    fn new() -> Self {
        Self::default().account(OWN)
    }

    fn account(mut self, account: &str) -> Self {
        let files = [
            (
                "authorization-details",
                json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}),
            ),
            ("buckets", json!([])),
            ("keys", json!([])),
            ("account", json!({"AccountId": account, "PublicAccessBlock": null})),
        ];
        for (file, content) in files {
            self.0.entry(format!("aws/{account}/{file}.json")).or_insert(content);
        }
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.0.remove(path).unwrap();
        self
    }

    fn push(self, account: &str, file: &str, list: Option<&str>, item: Value) -> Self {
        let mut world = self.account(account);
        let content = world.0.get_mut(&format!("aws/{account}/{file}.json")).unwrap();
        let items = match list {
            Some(list) => &mut content[list],
            None => content,
        };
        items.as_array_mut().unwrap().push(item);
        world
    }

    /// Adds a role or user by ARN, with one inline policy when there are statements.
    fn iam(self, arn: &str, statements: &[Value]) -> Self {
        self.iam_with(arn, statements, &json!({}))
    }

    fn iam_with(self, arn: &str, statements: &[Value], more: &Value) -> Self {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let (account, path) = (fields[4], fields[5]);
        let name = path.rsplit('/').next().unwrap();
        let inline = match statements {
            [] => json!([]),
            some => json!([{"PolicyName": "own", "PolicyDocument": policy(some)}]),
        };
        let (list, entity) = match path.split('/').next().unwrap() {
            "role" => (
                "RoleDetailList",
                json!({"RoleName": name, "RoleId": "AROAEXAMPLEROLE000001", "RolePolicyList": inline}),
            ),
            "user" => (
                "UserDetailList",
                json!({"UserName": name, "UserId": "AIDAEXAMPLEUSER000001", "UserPolicyList": inline}),
            ),
            _ => (
                "GroupDetailList",
                json!({"GroupName": name, "GroupId": "AGPAEXAMPLEGROUP00001", "GroupPolicyList": inline}),
            ),
        };
        let entity = with(entity, &json!({"Arn": arn, "AttachedManagedPolicies": []}));
        self.push(account, "authorization-details", Some(list), with(entity, more))
    }

    /// Adds a customer-managed policy of the own account.
    fn managed(self, name: &str, statements: &[Value]) -> Self {
        let item = json!({
            "PolicyName": name,
            "Arn": format!("arn:aws:iam::{OWN}:policy/{name}"),
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": policy(statements)}],
        });
        self.push(OWN, "authorization-details", Some("Policies"), item)
    }

    fn bucket(self, bucket: Value) -> Self {
        self.push(OWN, "buckets", None, bucket)
    }

    fn key(self, key: Value) -> Self {
        self.push(OWN, "keys", None, key)
    }

    /// Sets fields of the own account's file.
    fn own_account(mut self, fields: &Value) -> Self {
        let content = self.0.get_mut(&format!("aws/{OWN}/account.json")).unwrap();
        *content = with(content.clone(), fields);
        self
    }

    /// An organisation: root, one unit with the own account, the other account directly below the root.
    fn organization(mut self, policies: Value) -> Self {
        let organization = json!({
            "Organization": {"Id": "o-fence", "MasterAccountId": MANAGEMENT},
            "Roots": [{"Id": "r-ab12", "Name": "Root"}],
            "OrganizationalUnits": [{"Id": "ou-ab12-prod", "Name": "prod", "ParentId": "r-ab12"}],
            "Accounts": [
                {"Id": MANAGEMENT, "ParentId": "r-ab12"},
                {"Id": OWN, "ParentId": "ou-ab12-prod"},
                {"Id": OTHER, "ParentId": "r-ab12"},
            ],
            "Policies": policies,
        });
        self.0.insert("aws/organization.json".to_owned(), organization);
        self
    }

    fn estate(&self) -> Estate {
        let mut files = Files::new();
        for (path, content) in &self.0 {
            files.insert(path.as_str(), content.to_string());
        }
        Estate::load(&files).unwrap()
    }
}

/// A field left out: what the export does not say.
fn lacking(mut base: Value, field: &str) -> Value {
    base.as_object_mut().unwrap().remove(field).unwrap();
    base
}

/// A bucket of which everything is known: closed, SSE-S3, ACLs off.
fn bucket() -> Value {
    json!({
        "Name": "data",
        "Region": "eu-west-1",
        "Policy": null,
        "PublicAccessBlock": null,
        "Encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        "Acl": {"Owner": {"ID": "c0ffee"}, "Grants": []},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    })
}

fn bucket_saying(statements: &[Value]) -> Value {
    with(bucket(), &json!({"Policy": policy(statements)}))
}

/// Encrypted with a key by default.
fn under(key: &str, bucket: Value) -> Value {
    let default = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key});
    let encryption = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": true}]});
    with(bucket, &json!({"Encryption": encryption}))
}

/// Encrypted with the AWS-managed key `aws/s3` by default.
fn under_managed_key(bucket: Value) -> Value {
    let encryption =
        json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]});
    with(bucket, &json!({"Encryption": encryption}))
}

/// ACLs on, with these grants.
fn acl_bucket(grants: &Value) -> Value {
    with(
        bucket(),
        &json!({
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            "Acl": {"Owner": {"ID": "c0ffee"}, "Grants": grants},
        }),
    )
}

fn acl_group(group: &str, permission: &str) -> Value {
    let uri = format!("http://acs.amazonaws.com/groups/global/{group}");
    json!({"Grantee": {"Type": "Group", "URI": uri}, "Permission": permission})
}

/// Block Public Access with these flags on, the others off.
fn block(flags: &[&str]) -> Value {
    let all = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let set: BTreeMap<&str, bool> = all.iter().map(|f| (*f, flags.contains(f))).collect();
    json!({"PublicAccessBlock": set})
}

/// An enabled customer-managed key.
fn key_saying(statements: &[Value]) -> Value {
    key_named(KEY, statements)
}

fn key_named(arn: &str, statements: &[Value]) -> Value {
    let (_, id) = arn.split_once("key/").unwrap();
    json!({
        "KeyMetadata": {"KeyId": id, "Arn": arn, "KeyState": "Enabled", "KeyManager": "CUSTOMER"},
        "Policy": policy(statements),
        "Grants": [],
        "Aliases": [],
    })
}

fn in_state(state: &str, key: Value) -> Value {
    let metadata = with(key["KeyMetadata"].clone(), &json!({"KeyState": state}));
    with(key, &json!({"KeyMetadata": metadata}))
}

fn granting(grantee: &str, operations: &[&str], more: &Value) -> Value {
    let grant = json!({
        "GrantId": "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60",
        "GranteePrincipal": grantee,
        "IssuingAccount": format!("arn:aws:iam::{OWN}:root"),
        "Operations": operations,
    });
    // Nobody but an administrator by key policy.
    with(key_saying(&[]), &json!({"Grants": [with(grant, more)]}))
}

/// A service or resource control policy.
fn organization_policy(kind: &str, id: &str, targets: &[&str], statements: &[Value]) -> Value {
    let targets: Vec<Value> = targets.iter().map(|t| json!({"TargetId": t})).collect();
    json!({
        "PolicySummary": {"Id": id, "Name": id, "Type": kind},
        "Content": policy(statements),
        "Targets": targets,
    })
}

fn scp(id: &str, targets: &[&str], statements: &[Value]) -> Value {
    organization_policy("SERVICE_CONTROL_POLICY", id, targets, statements)
}

fn rcp(id: &str, targets: &[&str], statements: &[Value]) -> Value {
    organization_policy("RESOURCE_CONTROL_POLICY", id, targets, statements)
}

const EVERY_LEVEL: [&str; 5] = ["r-ab12", "ou-ab12-prod", OWN, OTHER, MANAGEMENT];

fn full_scp(targets: &[&str]) -> Value {
    scp("p-FullAWSAccess", targets, &[allow("*", "*")])
}

fn full_rcp() -> Value {
    rcp("p-RCPFullAWSAccess", &EVERY_LEVEL, &[to("*", allow("*", "*"))])
}

// --- the statements

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

/// For a principal: `*`, or an AWS principal.
fn to(principal: &str, statement: Value) -> Value {
    let principal = if principal == "*" { json!("*") } else { json!({ "AWS": principal }) };
    with(statement, &json!({ "Principal": principal }))
}

fn when(condition: &Value, statement: Value) -> Value {
    with(statement, &json!({ "Condition": condition }))
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// The default key policy: the account's identity policies decide.
fn delegation() -> Value {
    to(&root(OWN), allow("kms:*", "*"))
}

/// A condition of one operator and one key.
fn cond(operator: &str, key: &str, value: impl Into<Value>) -> Value {
    json!({ operator: { key: value.into() } })
}

fn get_objects() -> Value {
    allow("s3:GetObject", OBJECTS)
}

fn decrypt() -> Value {
    allow("kms:Decrypt", KEY)
}

/// The reader with `s3:GetObject` and `kms:Decrypt`, the bucket under the key, the key policy delegating.
fn open_world() -> World {
    World::new()
        .iam(READER, &[get_objects(), decrypt()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation()]))
}

/// A world with one bucket policy (SSE-S3) and nobody in it.
fn bucket_world(statements: &[Value]) -> World {
    World::new().bucket(bucket_saying(statements))
}

/// A world with one role, whose identity policy is all there is (SSE-S3).
fn reader_world(statements: &[Value]) -> World {
    World::new().iam(READER, statements).bucket(bucket())
}

/// Bucket and key both open to everyone, unless the key's statement has a condition.
fn key_for_all_when(condition: &Value) -> World {
    World::new()
        .bucket(under(KEY, bucket_saying(&[to("*", get_objects())])))
        .key(key_saying(&[to("*", when(condition, allow("kms:Decrypt", "*")))]))
}

// --- the two locks

/// sse-kms: to read an object under a customer key the caller needs `s3:GetObject` and `kms:Decrypt` himself.
#[test]
fn reading_under_a_customer_key_needs_both_locks() {
    read(&open_world(), READER, Yes);
    let of = |statements: &[Value]| {
        World::new()
            .iam(READER, statements)
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[get_objects()]), READER, No);
    read(&of(&[decrypt()]), READER, No);
    read(&of(&[]), READER, No);
    // Direct use of the key needs no right on the bucket.
    check(&of(&[decrypt()]), READER, Decrypt, KEY, Yes);
    check(&of(&[get_objects()]), READER, Decrypt, KEY, No);
}

/// access.md (eight mistakes, 8): DSSE-KMS asks the caller for the key as SSE-KMS does.
#[test]
fn two_layers_need_the_key_like_one() {
    let dual = json!({"Encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault":
        {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": KEY}}]}});
    let of = |statements: &[Value]| {
        World::new()
            .iam(READER, statements)
            .bucket(with(bucket(), &dual))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[get_objects()]), READER, No);
    read(&of(&[get_objects(), decrypt()]), READER, Yes);
}

/// sse-s3: S3 decrypts for whoever may get the object.
#[test]
fn sse_s3_needs_no_key() {
    let world = reader_world(&[get_objects()]);
    read(&world, READER, Yes);
    check(&world, READER, Write, BUCKET, No);
    // S3 encrypts with SSE-S3 where a bucket has no configuration of its own.
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(with(bucket(), &json!({"Encryption": null})));
    read(&world, READER, Yes);
}

/// sse-kms: uploading needs `kms:GenerateDataKey`, not `kms:Decrypt`.
#[test]
fn writing_under_a_customer_key_needs_a_data_key() {
    let of = |kms: &str| {
        World::new()
            .iam(READER, &[allow("s3:*", "*"), allow(kms, KEY)])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    check(&of("kms:GenerateDataKey"), READER, Write, BUCKET, Yes);
    read(&of("kms:GenerateDataKey"), READER, No);
    check(&of("kms:Decrypt"), READER, Write, BUCKET, No);
    check(&of("kms:GenerateDataKey*"), READER, Write, BUCKET, Yes);
}

/// access.md (SSE-KMS): deleting objects and changing the bucket touch no key.
#[test]
fn deleting_and_administering_need_no_key() {
    let world = World::new()
        .iam(READER, &[allow("s3:*", "*")])
        .bucket(under(KEY, bucket()))
        .key(in_state("Disabled", key_saying(&[])));
    check(&world, READER, Delete, BUCKET, Yes);
    check(&world, READER, Administer, BUCKET, Yes);
    read(&world, READER, No);
    check(&world, READER, Write, BUCKET, No);
}

/// access.md (verbs): each kind of access has its own action, and object actions need an object ARN.
#[test]
fn each_access_has_its_own_action() {
    check(&reader_world(&[allow("s3:PutObject", OBJECTS)]), READER, Write, BUCKET, Yes);
    read(&reader_world(&[allow("s3:PutObject", OBJECTS)]), READER, No);
    check(&reader_world(&[allow("s3:DeleteObject", OBJECTS)]), READER, Delete, BUCKET, Yes);
    check(&reader_world(&[allow("s3:DeleteObject", OBJECTS)]), READER, Write, BUCKET, No);
    check(&reader_world(&[allow("s3:PutBucketPolicy", BUCKET)]), READER, Administer, BUCKET, Yes);
    check(&reader_world(&[allow("s3:PutBucketAcl", BUCKET)]), READER, Administer, BUCKET, Yes);
    read(&reader_world(&[allow("s3:ListBucket", BUCKET)]), READER, No);
    // The bucket's ARN is no object's, and the other way round.
    read(&reader_world(&[allow("s3:*", BUCKET)]), READER, No);
    check(&reader_world(&[allow("s3:*", OBJECTS)]), READER, Administer, BUCKET, No);
}

/// access.md (SSE-KMS): anonymous requests for SSE-KMS objects always fail: they carry no identity for KMS.
#[test]
fn anonymous_never_reads_under_a_key() {
    let everyone = [to("*", allow("s3:*", "*"))];
    let open_key = key_saying(&[to("*", allow("kms:*", "*"))]);
    let world = World::new().bucket(under(KEY, bucket_saying(&everyone))).key(open_key);
    read(&world, PUBLIC, No);
    check(&world, PUBLIC, Write, BUCKET, No);
    check(&world, PUBLIC, Decrypt, KEY, No);
    check(&world, PUBLIC, Delete, BUCKET, Yes);
    // access.md: with bucket and key open to `*`, anybody with an identity does.
    read(&world, ANYBODY, Yes);
    check(&world, ANYBODY, Decrypt, KEY, Yes);
    let world = World::new().bucket(under_managed_key(bucket_saying(&everyone)));
    read(&world, PUBLIC, No);
}

/// access.md (S3): a changed default encrypts new objects only; existing ones keep their key.
#[test]
fn a_former_key_still_locks_the_older_objects() {
    let of = |keys: &[&str]| {
        let uses = keys.iter().map(|k| allow("kms:*", k));
        let own: Vec<Value> = [allow("s3:*", "*")].into_iter().chain(uses).collect();
        World::new()
            .iam(READER, &own)
            .bucket(with(under(KEY, bucket()), &json!({"FormerKeys": [FORMER_KEY]})))
            .key(key_saying(&[delegation()]))
            .key(key_named(FORMER_KEY, &[delegation()]))
    };
    read(&of(&[KEY, FORMER_KEY]), READER, Yes);
    read(&of(&[KEY]), READER, Conditional);
    read(&of(&[FORMER_KEY]), READER, Conditional);
    read(&of(&[]), READER, No);
    check(&of(&[KEY]), READER, Write, BUCKET, Yes);
    check(&of(&[FORMER_KEY]), READER, Write, BUCKET, No);
}

/// access.md (KMS): an alias means the key that it points to.
#[test]
fn an_alias_means_its_key() {
    let alias = json!({"Aliases": [{"AliasName": "alias/data", "AliasArn":
        format!("arn:aws:kms:eu-west-1:{OWN}:alias/data"), "TargetKeyId": KEY.split_once("key/").unwrap().1}]});
    let of = |name: &str, statements: &[Value]| {
        World::new()
            .iam(READER, statements)
            .bucket(under(name, bucket()))
            .key(with(key_saying(&[delegation()]), &alias))
    };
    for name in ["alias/data", &format!("arn:aws:kms:eu-west-1:{OWN}:alias/data")] {
        read(&of(name, &[get_objects(), decrypt()]), READER, Yes);
        read(&of(name, &[get_objects()]), READER, No);
    }
    read(&of("alias/other", &[get_objects(), decrypt()]), READER, Unknown);
}

// --- the AWS-managed key aws/s3

/// access.md (SSE-KMS): aws/s3 is usable by all principals of the account through S3; its policy cannot be changed, so no
/// identity policy has to repeat `kms:Decrypt`.
#[test]
fn the_managed_key_opens_for_its_own_account() {
    let of = |statements: &[Value]| {
        World::new().iam(READER, statements).bucket(under_managed_key(bucket()))
    };
    read(&of(&[get_objects()]), READER, Yes);
    check(&of(&[allow("s3:PutObject", OBJECTS)]), READER, Write, BUCKET, Yes);
    read(&of(&[get_objects(), deny("kms:Decrypt", "*")]), READER, No);
    let named = World::new().iam(READER, &[get_objects()]).bucket(under("alias/aws/s3", bucket()));
    read(&named, READER, Yes);
}

/// sse-kms: the AWS-managed key is not for cross-account access: other accounts are out whatever the bucket says.
#[test]
fn the_managed_key_opens_for_no_other_account() {
    let everyone = bucket_saying(&[to("*", allow("s3:*", "*"))]);
    let world = World::new()
        .iam(GUEST, &[allow("s3:*", "*"), allow("kms:*", "*")])
        .bucket(under_managed_key(everyone));
    read(&world, GUEST, No);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, &root(STRANGER), No);
    check(&world, GUEST, Delete, BUCKET, Yes);
}

/// kms conditions (kms:ViaService): the policy of aws/s3 admits requests through S3 only, so nobody uses it directly.
#[test]
fn the_managed_key_is_not_used_directly() {
    let managed = json!({"Arn": KEY, "KeyState": "Enabled", "KeyManager": "AWS"});
    let world = World::new()
        .iam(READER, &[get_objects(), allow("kms:*", "*")])
        .iam(GUEST, &[get_objects(), allow("kms:*", "*")])
        .bucket(under(KEY, bucket_saying(&[to("*", get_objects())])))
        .key(with(key_saying(&[]), &json!({ "KeyMetadata": managed })));
    check(&world, READER, Decrypt, KEY, No);
    read(&world, READER, Yes);
    read(&world, GUEST, No);
}

// --- the key policy

/// key policies: "Without permission from the key policy, IAM policies that allow permissions have no effect."
#[test]
fn without_delegation_identity_policies_open_no_key() {
    let admin = to("arn:aws:iam::111122223333:role/admin", allow("kms:*", "*"));
    let world = World::new()
        .iam(READER, &[allow("s3:*", "*"), allow("kms:*", "*")])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[admin]));
    read(&world, READER, No);
    check(&world, READER, Write, BUCKET, No);
    check(&world, READER, Decrypt, KEY, No);
    check(&world, READER, KeyAdminister, KEY, No);
}

/// default key policy: the statement for the account enables identity policies and opens for none of its users and roles.
#[test]
fn delegation_alone_opens_for_nobody_in_the_account() {
    let world = World::new()
        .iam(READER, &[get_objects()])
        .iam(ANNA, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation()]));
    read(&world, READER, No);
    check(&world, READER, Decrypt, KEY, No);
    read(&world, ANNA, No);
    // The account itself may: its administrators decide.
    check(&world, &root(OWN), Decrypt, KEY, Yes);
}

/// default key policy: root ARN and account id are the same principal; the delegation hands on the actions that it lists.
#[test]
fn delegation_hands_on_what_it_lists() {
    let of = |principal: &str, action: &str| {
        World::new()
            .iam(READER, &[get_objects(), allow("kms:*", "*")])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[to(principal, allow(action, "*"))]))
    };
    read(&of(OWN, "kms:*"), READER, Yes);
    read(&of(&root(OWN), "kms:Decrypt"), READER, Yes);
    read(&of(&root(OWN), "kms:Describe*"), READER, No);
    check(&of(&root(OWN), "kms:Decrypt"), READER, KeyAdminister, KEY, No);
    check(&of(&root(OWN), "kms:PutKeyPolicy"), READER, KeyAdminister, KEY, Yes);
    read(&of(&root(OTHER), "kms:*"), READER, No);
}

/// key policies: within the account a statement that names the role needs no identity policy beside it.
#[test]
fn a_key_policy_that_names_the_role_is_enough_in_its_account() {
    let of = |principal: &str, iam: &str| {
        World::new()
            .iam(iam, &[get_objects()])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[to(principal, allow("kms:Decrypt", "*"))]))
    };
    read(&of(READER, READER), READER, Yes);
    check(&of(READER, READER), READER, Decrypt, KEY, Yes);
    read(&of(ANNA, ANNA), ANNA, Yes);
    read(&of(ANNA, READER), READER, No);
    check(&of(READER, READER), READER, KeyAdminister, KEY, No);
    // Everyone is everybody in the account too.
    read(&of("*", READER), READER, Yes);
}

/// access.md (verbs): re-encrypting away from a key shows the plaintext to another key, and granting is administering.
#[test]
fn re_encrypting_is_decrypting_and_granting_is_administering() {
    let of = |action: &str| {
        World::new().iam(READER, &[]).key(key_saying(&[to(READER, allow(action, "*"))]))
    };
    check(&of("kms:ReEncryptFrom"), READER, Decrypt, KEY, Yes);
    check(&of("kms:ReEncryptTo"), READER, Decrypt, KEY, No);
    check(&of("kms:Encrypt"), READER, Decrypt, KEY, No);
    check(&of("kms:CreateGrant"), READER, KeyAdminister, KEY, Yes);
    check(&of("kms:ScheduleKeyDeletion"), READER, KeyAdminister, KEY, Yes);
    check(&of("kms:DescribeKey"), READER, KeyAdminister, KEY, No);
}

/// key state: a key that is not enabled decrypts and encrypts for nobody; its policy can still be changed.
#[test]
fn a_key_that_is_not_enabled_decrypts_for_nobody() {
    for state in ["Disabled", "PendingDeletion", "PendingImport", "Unavailable"] {
        let world = World::new()
            .iam(READER, &[allow("s3:*", "*"), allow("kms:*", "*")])
            .bucket(under(KEY, bucket()))
            .key(in_state(state, key_saying(&[delegation(), to(READER, allow("kms:*", "*"))])));
        read(&world, READER, No);
        check(&world, READER, Write, BUCKET, No);
        check(&world, READER, Decrypt, KEY, No);
        read(&world, &root(OWN), No);
    }
    let grant = granting(READER, &["Decrypt"], &json!({}));
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(in_state("Disabled", grant));
    read(&world, READER, No);
    let disabled = in_state("Disabled", key_saying(&[to(READER, allow("kms:*", "*"))]));
    let world = World::new().iam(READER, &[]).key(disabled);
    check(&world, READER, KeyAdminister, KEY, Yes);
}

/// kms conditions: `kms:ViaService` is S3 of the bucket's region when an object is read, and absent in a direct call.
#[test]
fn via_service_holds_through_s3_and_not_directly() {
    let of = |service: &str| {
        let via = cond("StringEquals", "kms:ViaService", service);
        World::new()
            .iam(READER, &[get_objects()])
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[when(&via, to(READER, allow("kms:Decrypt", "*")))]))
    };
    read(&of("s3.eu-west-1.amazonaws.com"), READER, Yes);
    check(&of("s3.eu-west-1.amazonaws.com"), READER, Decrypt, KEY, No);
    read(&of("s3.us-east-1.amazonaws.com"), READER, No);
    read(&of("ebs.eu-west-1.amazonaws.com"), READER, No);
    let like = cond("StringLike", "kms:ViaService", "s3.*.amazonaws.com");
    let world = World::new()
        .iam(READER, &[get_objects(), when(&like, decrypt())])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation()]));
    read(&world, READER, Yes);
    check(&world, READER, Decrypt, KEY, No);
    // A Deny for what does not come through S3 leaves reading open and direct use closed.
    let not_via = cond("StringNotEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com");
    let world = World::new()
        .iam(READER, &[get_objects(), decrypt()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation(), when(&not_via, to("*", deny("kms:Decrypt", "*")))]));
    read(&world, READER, Yes);
    check(&world, READER, Decrypt, KEY, No);
}

/// access.md (eight mistakes, 1): `Principal: *` with `kms:ViaService` alone is open to every account through S3.
#[test]
fn a_key_for_everyone_through_s3_is_open_to_every_account() {
    let via = cond("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com");
    read(&key_for_all_when(&via), ANYBODY, Yes);
    check(&key_for_all_when(&via), ANYBODY, Decrypt, KEY, No);
    read(&key_for_all_when(&via), OUTSIDER, Yes);
    read(&key_for_all_when(&via), PUBLIC, No);
    // With the caller's account beside it, as in the policy of aws/s3, it is the account's own.
    let own = json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": OWN}});
    read(&key_for_all_when(&own), ANYBODY, No);
    read(&key_for_all_when(&own), OUTSIDER, No);
    let with_reader = key_for_all_when(&own).iam(READER, &[]);
    read(&with_reader, READER, Yes);
    check(&with_reader, READER, Decrypt, KEY, No);
}

// --- KMS grants

/// grants: a grant allows the grantee the listed operations, without key policy or identity policy.
#[test]
fn a_grant_opens_the_key_for_its_grantee_and_operations() {
    let of = |grantee: &str, operations: &[&str]| {
        World::new().iam(READER, &[allow("s3:*", "*")]).bucket(under(KEY, bucket())).key(granting(
            grantee,
            operations,
            &json!({}),
        ))
    };
    read(&of(READER, &["Decrypt"]), READER, Yes);
    check(&of(READER, &["Decrypt"]), READER, Decrypt, KEY, Yes);
    check(&of(READER, &["Decrypt"]), READER, Write, BUCKET, No);
    check(&of(READER, &["ReEncryptFrom"]), READER, Decrypt, KEY, Yes);
    read(&of(READER, &["ReEncryptFrom"]), READER, No);
    read(&of(READER, &["GenerateDataKey", "DescribeKey"]), READER, No);
    check(&of(READER, &["GenerateDataKey", "DescribeKey"]), READER, Write, BUCKET, Yes);
    check(&of(READER, &["CreateGrant"]), READER, KeyAdminister, KEY, Yes);
    read(&of(ANNA, &["Decrypt"]), READER, No);
    // The grant opens the key, not the bucket.
    let world = World::new().iam(READER, &[]).bucket(under(KEY, bucket())).key(granting(
        READER,
        &["Decrypt"],
        &json!({}),
    ));
    read(&world, READER, No);
}

/// access.md (KMS): grants that AWS services hold for their own use open nothing for people.
#[test]
fn a_grant_of_an_aws_service_is_nobodys() {
    let service = format!("{OWN}:aws:ec2-infrastructure:i-0abcd1234efgh5678");
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(granting(&service, &["Decrypt"], &json!({})));
    read(&world, READER, No);
    read(&world, &root(OWN), No);
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(granting("rds.eu-west-1.amazonaws.com", &["Decrypt"], &json!({})));
    read(&world, READER, No);
}

/// grants: a grant constraint asks for an encryption context, which the caller gives.
#[test]
fn a_constrained_grant_is_conditional() {
    let constraint = json!({"Constraints": {"EncryptionContextSubset": {"department": "finance"}}});
    let world = World::new().iam(READER, &[]).key(granting(READER, &["Decrypt"], &constraint));
    check(&world, READER, Decrypt, KEY, Conditional);
}

/// kms access: an explicit Deny in the key policy or in the grantee's own policies beats a grant.
#[test]
fn a_deny_in_the_key_policy_beats_a_grant() {
    let key = granting(READER, &["Decrypt"], &json!({}));
    let denying = policy(&[to("*", deny("kms:Decrypt", "*"))]);
    let world = World::new()
        .iam(READER, &[get_objects()])
        .bucket(under(KEY, bucket()))
        .key(with(key.clone(), &json!({ "Policy": denying })));
    read(&world, READER, No);
    check(&world, READER, Decrypt, KEY, No);
    let world = World::new()
        .iam(READER, &[get_objects(), deny("kms:*", "*")])
        .bucket(under(KEY, bucket()))
        .key(key);
    read(&world, READER, No);
}

/// access.md (KMS): how grants interact with boundaries and service control policies is not documented: *unknown*.
#[test]
fn a_grant_behind_a_limit_is_unknown() {
    let bounded = json!({"PermissionsBoundary": {"PermissionsBoundaryArn": format!("arn:aws:iam::{OWN}:policy/edge")}});
    let world = World::new()
        .managed("edge", &[allow("s3:*", "*")])
        .iam_with(READER, &[get_objects()], &bounded)
        .bucket(under(KEY, bucket()))
        .key(granting(READER, &["Decrypt"], &json!({})));
    read(&world, READER, Unknown);
}

/// access.md (KMS): a grant of another account's key, or to an account as a whole, leaves the grantee's own side to decide.
#[test]
fn a_grant_to_another_account_leaves_its_own_side_to_decide() {
    let of = |grantee: &str, statements: &[Value]| {
        World::new().iam(GUEST, statements).key(granting(grantee, &["Decrypt"], &json!({})))
    };
    check(&of(GUEST, &[decrypt()]), GUEST, Decrypt, KEY, Yes);
    check(&of(&root(OTHER), &[decrypt()]), GUEST, Decrypt, KEY, Yes);
    check(&of(&root(OTHER), &[]), GUEST, Decrypt, KEY, No);
    check(&of(&root(OTHER), &[]), &root(OTHER), Decrypt, KEY, Yes);
    check(&of(OUTSIDER, &[]), OUTSIDER, Decrypt, KEY, Yes);
}

// --- identity and resource

/// evaluation: in one account an allow of the identity policy or of the bucket policy is enough.
#[test]
fn one_side_is_enough_in_one_account() {
    read(&reader_world(&[get_objects()]), READER, Yes);
    let by_bucket = bucket_world(&[to(READER, get_objects())]);
    read(&by_bucket.clone().iam(READER, &[]), READER, Yes);
    read(&by_bucket.clone().iam(ANNA, &[]), ANNA, No);
    check(&by_bucket.iam(READER, &[]), READER, Write, BUCKET, No);
    read(&reader_world(&[]), READER, No);
}

/// principal: an account in a bucket policy hands on to the account's identity policies, which decide anyway.
#[test]
fn a_bucket_policy_for_the_own_account_adds_nothing() {
    for account in [OWN.to_owned(), root(OWN)] {
        let world = bucket_world(&[to(&account, allow("s3:*", "*"))]);
        let world = world.iam(READER, &[]).iam(ANNA, &[get_objects()]);
        read(&world, READER, No);
        read(&world, ANNA, Yes);
        read(&world, &root(OWN), Yes);
        read(&world, &root(OTHER), No);
    }
}

/// principal: an account in a Deny means all principals of the account.
#[test]
fn a_deny_for_an_account_means_all_its_principals() {
    let world = bucket_world(&[to(&root(OWN), deny("s3:*", "*"))]).iam(READER, &[get_objects()]);
    read(&world, READER, No);
    let world = bucket_world(&[to(&root(OTHER), deny("s3:*", "*"))]).iam(READER, &[get_objects()]);
    read(&world, READER, Yes);
}

/// cross-account: the owner's bucket policy and the requester's identity policy must both allow.
#[test]
fn another_account_needs_both_sides_for_the_bucket() {
    let of = |principal: &str, statements: &[Value]| {
        bucket_world(&[to(principal, get_objects())]).iam(GUEST, statements)
    };
    for principal in [GUEST, &root(OTHER), OTHER, "*"] {
        read(&of(principal, &[get_objects()]), GUEST, Yes);
        read(&of(principal, &[]), GUEST, No);
        read(&of(principal, &[allow("s3:GetObject", "arn:aws:s3:::other/*")]), GUEST, No);
    }
    read(&of(READER, &[get_objects()]), GUEST, No);
    read(&of(&root(STRANGER), &[get_objects()]), GUEST, No);
    let closed = World::new().iam(GUEST, &[allow("*", "*")]).bucket(bucket());
    read(&closed, GUEST, No);
    check(&closed, GUEST, Administer, BUCKET, No);
}

/// kms cross-account: key policy and the other account's identity policy; and the same for the bucket, with both locks.
#[test]
fn another_account_needs_both_sides_for_the_key() {
    let of = |principal: &str, statements: &[Value]| {
        World::new()
            .iam(GUEST, statements)
            .bucket(under(KEY, bucket_saying(&[to(GUEST, get_objects())])))
            .key(key_saying(&[delegation(), to(principal, allow("kms:Decrypt", "*"))]))
    };
    for principal in [GUEST, &root(OTHER)] {
        read(&of(principal, &[get_objects(), decrypt()]), GUEST, Yes);
        read(&of(principal, &[get_objects()]), GUEST, No);
        read(&of(principal, &[decrypt()]), GUEST, No);
        check(&of(principal, &[decrypt()]), GUEST, Decrypt, KEY, Yes);
        check(&of(principal, &[]), GUEST, Decrypt, KEY, No);
    }
    read(&of(READER, &[get_objects(), decrypt()]), GUEST, No);
    check(&of(READER, &[get_objects(), decrypt()]), GUEST, Decrypt, KEY, No);
}

/// access.md (all clouds): a principal outside the estate is a principal all the same; his own side is his administrators'.
#[test]
fn an_account_outside_of_the_estate_is_taken_to_allow_its_own() {
    let of = |principal: &str| {
        World::new()
            .bucket(under(KEY, bucket_saying(&[to(principal, get_objects())])))
            .key(key_saying(&[to(principal, allow("kms:Decrypt", "*"))]))
    };
    read(&of(OUTSIDER), OUTSIDER, Yes);
    read(&of(&root(STRANGER)), OUTSIDER, Yes);
    read(&of(&root(STRANGER)), &root(STRANGER), Yes);
    read(&of(&root(STRANGER)), ANYBODY, No);
    read(&of(&root(STRANGER)), PUBLIC, No);
    read(&of(GUEST), OUTSIDER, No);
}

/// principal: service, federated and deleted principals (unique ids) are none of the estate's users and roles.
#[test]
fn services_providers_and_deleted_principals_are_nobody_here() {
    for principal in [
        json!({"Service": "cloudfront.amazonaws.com"}),
        json!({"Federated": "cognito-identity.amazonaws.com"}),
        json!({"AWS": "AROADELETEDROLE000042"}),
    ] {
        let statement = with(get_objects(), &json!({ "Principal": principal }));
        let world = bucket_world(&[statement]).iam(READER, &[]).iam(GUEST, &[get_objects()]);
        read(&world, READER, No);
        read(&world, GUEST, No);
        read(&world, ANYBODY, No);
        read(&world, PUBLIC, No);
    }
}

/// principal: a statement that names a session of a role is for that session; a session has what its role has.
#[test]
fn a_session_is_its_role_and_less_than_its_role() {
    let session = "arn:aws:sts::111122223333:assumed-role/reader/dana";
    read(&reader_world(&[get_objects()]), session, Yes);
    read(&reader_world(&[]), session, No);
    let world = bucket_world(&[to(session, get_objects())]).iam(READER, &[]);
    read(&world, READER, Conditional);
    let other = "arn:aws:sts::111122223333:assumed-role/writer/dana";
    let world = bucket_world(&[to(other, get_objects())]).iam(READER, &[]);
    read(&world, READER, No);
}

/// evaluation: identity policies are inline, managed (with the default version), and those of the user's groups.
#[test]
fn inline_managed_and_group_policies_count_alike() {
    let attached = json!({"AttachedManagedPolicies": [{"PolicyName": "read", "PolicyArn": format!("arn:aws:iam::{OWN}:policy/read")}]});
    let world = World::new().managed("read", &[get_objects()]).iam_with(READER, &[], &attached);
    read(&world.bucket(bucket()), READER, Yes);

    let mut later = World::new().managed("read", &[get_objects()]);
    let versions = json!([
        {"VersionId": "v1", "IsDefaultVersion": false, "Document": policy(&[get_objects()])},
        {"VersionId": "v2", "IsDefaultVersion": true, "Document": policy(&[])},
    ]);
    let details = later.0.get_mut("aws/111122223333/authorization-details.json").unwrap();
    details["Policies"][0]["PolicyVersionList"] = versions;
    details["Policies"][0]["DefaultVersionId"] = json!("v2");
    let world = later.iam_with(READER, &[], &attached).bucket(bucket());
    read(&world, READER, No);

    let shipped = json!({"AttachedManagedPolicies": [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]});
    let world = World::new().iam_with(READER, &[], &shipped).bucket(bucket());
    read(&world, READER, Yes);
    check(&world, READER, Write, BUCKET, No);
}

/// evaluation: a user has the policies of the groups that it is in, denies included.
#[test]
fn group_policies_count_for_members_only() {
    let group = "arn:aws:iam::111122223333:group/analysts";
    let member = json!({"GroupList": ["analysts"]});
    let world = World::new().iam(group, &[get_objects()]).iam_with(ANNA, &[], &member);
    read(&world.bucket(bucket()), ANNA, Yes);
    let world = World::new().iam(group, &[get_objects()]).iam(ANNA, &[]).bucket(bucket());
    read(&world, ANNA, No);
    let world =
        World::new().iam(group, &[deny("s3:*", "*")]).iam_with(ANNA, &[get_objects()], &member);
    read(&world.bucket(bucket()), ANNA, No);
}

// --- explicit denies

/// evaluation: an explicit deny in any policy overrides every allow.
#[test]
fn a_deny_wins_wherever_it_stands() {
    let world = open_world();
    read(&world, READER, Yes);
    let of = |identity: &[Value], bucket_says: &[Value], key_says: &[Value]| {
        let own: Vec<Value> = [get_objects(), decrypt()].iter().chain(identity).cloned().collect();
        let key: Vec<Value> = [delegation()].iter().chain(key_says).cloned().collect();
        World::new()
            .iam(READER, &own)
            .bucket(under(KEY, bucket_saying(bucket_says)))
            .key(key_saying(&key))
    };
    read(&of(&[deny("s3:GetObject", "*")], &[], &[]), READER, No);
    read(&of(&[deny("kms:Decrypt", "*")], &[], &[]), READER, No);
    read(&of(&[], &[to("*", deny("s3:*", "*"))], &[]), READER, No);
    read(&of(&[], &[to(READER, deny("s3:GetObject", OBJECTS))], &[]), READER, No);
    read(&of(&[], &[], &[to("*", deny("kms:*", "*"))]), READER, No);
    read(&of(&[], &[], &[to(READER, deny("kms:Decrypt", "*"))]), READER, No);
    // Somebody else's, or another action's, does not matter.
    read(&of(&[deny("s3:PutObject", "*")], &[], &[]), READER, Yes);
    read(&of(&[], &[to(ANNA, deny("s3:*", "*"))], &[]), READER, Yes);
    read(&of(&[], &[], &[to(ANNA, deny("kms:*", "*"))]), READER, Yes);
}

/// evaluation: a Deny of the requester's own side stops what the bucket policy gives him by name.
#[test]
fn an_identity_deny_stops_a_bucket_policys_allow() {
    let world = bucket_world(&[to(READER, get_objects())]).iam(READER, &[deny("s3:*", "*")]);
    read(&world, READER, No);
    let world = bucket_world(&[to(GUEST, get_objects())]);
    read(&world.iam(GUEST, &[get_objects(), deny("s3:GetObject", OBJECTS)]), GUEST, No);
    // A bucket policy's Deny stops the public too.
    let world = bucket_world(&[to("*", get_objects()), to("*", deny("s3:GetObject", OBJECTS))]);
    read(&world, PUBLIC, No);
    read(&world, ANYBODY, No);
}

// --- permissions boundary

fn bounded(name: &str) -> Value {
    json!({"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": format!("arn:aws:iam::{OWN}:policy/{name}")}})
}

/// boundaries: an entity may do what its identity policies and its boundary both allow; a boundary gives nothing.
#[test]
fn a_boundary_caps_identity_policies() {
    let of = |edge: &[Value], own: &[Value]| {
        World::new().managed("edge", edge).iam_with(READER, own, &bounded("edge")).bucket(bucket())
    };
    read(&of(&[allow("s3:*", "*")], &[get_objects()]), READER, Yes);
    read(&of(&[allow("ec2:*", "*")], &[get_objects()]), READER, No);
    read(&of(&[allow("s3:*", "*")], &[]), READER, No);
    read(&of(&[allow("s3:*", "*"), deny("s3:Get*", "*")], &[get_objects()]), READER, No);
    read(&of(&[allow("s3:*", "arn:aws:s3:::data/in/*")], &[get_objects()]), READER, Conditional);
}

/// boundaries: the key needs the boundary's allow as well.
#[test]
fn a_boundary_caps_the_key_too() {
    let of = |edge: &[Value]| {
        World::new()
            .managed("edge", edge)
            .iam_with(READER, &[get_objects(), decrypt()], &bounded("edge"))
            .bucket(under(KEY, bucket()))
            .key(key_saying(&[delegation()]))
    };
    read(&of(&[allow("s3:*", "*")]), READER, No);
    read(&of(&[allow("s3:*", "*"), allow("kms:*", "*")]), READER, Yes);
}

/// boundaries: a resource policy that names the user is not limited by an implicit deny of his boundary; one that names the
/// role is. An explicit Deny of the boundary stops both.
#[test]
fn a_boundary_limits_a_named_role_and_not_a_named_user() {
    let of = |who: &str, edge: &[Value]| {
        bucket_world(&[to(who, get_objects())]).managed("edge", edge).iam_with(
            who,
            &[],
            &bounded("edge"),
        )
    };
    read(&of(ANNA, &[allow("ec2:*", "*")]), ANNA, Yes);
    read(&of(READER, &[allow("ec2:*", "*")]), READER, No);
    read(&of(READER, &[allow("s3:*", "*")]), READER, Yes);
    read(&of(ANNA, &[deny("s3:*", "*")]), ANNA, No);
    read(&of(READER, &[deny("s3:*", "*")]), READER, No);
    let of = |who: &str| {
        World::new()
            .managed("edge", &[allow("ec2:*", "*")])
            .iam_with(who, &[], &bounded("edge"))
            .key(key_saying(&[to(who, allow("kms:Decrypt", "*"))]))
    };
    check(&of(ANNA), ANNA, Decrypt, KEY, Yes);
    check(&of(READER), READER, Decrypt, KEY, No);
}

// --- policies of the organisation

/// scp: every level from the root to the account must allow.
#[test]
fn service_control_policies_must_allow_on_each_level() {
    let of = |policies: Value| reader_world(&[get_objects()]).organization(policies);
    read(&of(json!([full_scp(&EVERY_LEVEL)])), READER, Yes);
    for missing in ["r-ab12", "ou-ab12-prod", OWN] {
        let rest: Vec<&str> = EVERY_LEVEL.into_iter().filter(|l| *l != missing).collect();
        read(&of(json!([full_scp(&rest)])), READER, No);
        let only_ec2 = scp("p-ec2only", &[missing], &[allow("ec2:*", "*")]);
        read(&of(json!([full_scp(&rest), only_ec2])), READER, No);
        let only_s3 = scp("p-s3only", &[missing], &[allow("s3:*", "*")]);
        read(&of(json!([full_scp(&rest), only_s3])), READER, Yes);
    }
    // A level that is not the account's does not matter.
    let rest: Vec<&str> = EVERY_LEVEL.into_iter().filter(|l| *l != OTHER).collect();
    read(&of(json!([full_scp(&rest)])), READER, Yes);
}

/// scp: they grant nothing.
#[test]
fn service_control_policies_grant_nothing() {
    let world = reader_world(&[]).organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, READER, No);
}

/// scp: a Deny on any level wins, for the bucket and for the key.
#[test]
fn a_service_control_policys_deny_wins_on_any_level() {
    for level in ["r-ab12", "ou-ab12-prod", OWN] {
        for action in ["s3:GetObject", "kms:Decrypt", "*"] {
            let denying = scp("p-deny", &[level], &[deny(action, "*")]);
            let world = open_world().organization(json!([full_scp(&EVERY_LEVEL), denying]));
            read(&world, READER, No);
        }
    }
    let elsewhere = scp("p-deny", &[OTHER], &[deny("*", "*")]);
    let world = open_world().organization(json!([full_scp(&EVERY_LEVEL), elsewhere]));
    read(&world, READER, Yes);
    // What a bucket policy gives the role by name is limited as well.
    let denying = scp("p-deny", &["r-ab12"], &[deny("s3:*", "*")]);
    let world = bucket_world(&[to(READER, get_objects())])
        .iam(READER, &[])
        .organization(json!([full_scp(&EVERY_LEVEL), denying]));
    read(&world, READER, No);
}

/// scp: they affect principals of member accounts, wherever the resource is, and nobody from outside.
#[test]
fn service_control_policies_bind_the_requesters_account() {
    let denying = |level: &str| {
        json!([full_scp(&EVERY_LEVEL), scp("p-deny", &[level], &[deny("s3:*", "*")])])
    };
    let world = bucket_world(&[to("*", get_objects())]).iam(GUEST, &[get_objects()]);
    read(&world.clone().organization(denying(OTHER)), GUEST, No);
    read(&world.clone().organization(denying(OWN)), GUEST, Yes);
    read(&world.clone().organization(denying(OWN)), OUTSIDER, Yes);
    read(&world.clone().organization(denying("r-ab12")), PUBLIC, Yes);
    read(&world.organization(denying("r-ab12")), OUTSIDER, Yes);
}

/// scp: they affect neither the management account nor service-linked roles.
#[test]
fn the_management_account_and_service_linked_roles_are_exempt() {
    let denying = json!([full_scp(&EVERY_LEVEL), scp("p-deny", &EVERY_LEVEL, &[deny("*", "*")])]);
    let manager = "arn:aws:iam::123456789012:role/manager";
    let world = bucket_world(&[to(manager, get_objects())])
        .iam(manager, &[get_objects()])
        .organization(denying.clone());
    read(&world, manager, Yes);
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie";
    let world = World::new()
        .iam(linked, &[get_objects()])
        .iam(READER, &[get_objects()])
        .bucket(bucket())
        .organization(denying);
    read(&world, linked, Yes);
    read(&world, READER, No);
}

/// access.md (all clouds): the organisation that the account names but the estate lacks may limit: *unknown*.
#[test]
fn an_organisation_that_is_not_in_the_estate_is_unknown() {
    let world = reader_world(&[get_objects()]).own_account(&json!({"OrganizationId": "o-fence"}));
    read(&world, READER, Unknown);
    let world = reader_world(&[get_objects()]).without("aws/111122223333/account.json");
    read(&world, READER, Unknown);
    // Nothing can open what nobody allows.
    let world = reader_world(&[]).own_account(&json!({"OrganizationId": "o-fence"}));
    read(&world, READER, No);
    // A policy whose content was not read.
    let unread = with(scp("p-x", &["r-ab12"], &[]), &json!({"Content": null}));
    let world =
        reader_world(&[get_objects()]).organization(json!([full_scp(&EVERY_LEVEL), unread]));
    read(&world, READER, Unknown);
}

/// rcp: they bind the resources of member accounts, also for principals outside of the organisation.
#[test]
fn resource_control_policies_bind_outside_callers() {
    let foreign = json!({
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-fence"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    });
    let perimeter = rcp("p-perimeter", &["r-ab12"], &[to("*", when(&foreign, deny("s3:*", "*")))]);
    let world = bucket_world(&[to("*", allow("s3:*", "*"))])
        .iam(READER, &[])
        .iam(GUEST, &[allow("s3:*", "*")])
        .organization(json!([full_scp(&EVERY_LEVEL), full_rcp(), perimeter]));
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, PUBLIC, No);
    check(&world, PUBLIC, Delete, BUCKET, No);
    read(&world, READER, Yes);
    read(&world, GUEST, Yes);
}

/// rcp: an RCP's Deny wins on any level above the owner, for buckets and keys, whoever asks; it grants nothing.
#[test]
fn a_resource_control_policys_deny_wins_on_any_level_of_the_owner() {
    let of = |level: &str, action: &str| {
        let denying = rcp("p-deny", &[level], &[to("*", deny(action, "*"))]);
        open_world().organization(json!([full_scp(&EVERY_LEVEL), full_rcp(), denying]))
    };
    for level in ["r-ab12", "ou-ab12-prod", OWN] {
        read(&of(level, "s3:GetObject"), READER, No);
        read(&of(level, "kms:Decrypt"), READER, No);
        check(&of(level, "kms:Decrypt"), READER, Decrypt, KEY, No);
        read(&of(level, "s3:PutObject"), READER, Yes);
    }
    read(&of(OTHER, "s3:*"), READER, Yes);
    let world = reader_world(&[]).organization(json!([full_scp(&EVERY_LEVEL), full_rcp()]));
    read(&world, READER, No);
    read(&world, PUBLIC, No);
}

/// rcp: they affect neither service-linked roles nor AWS-managed keys nor resources of the management account.
#[test]
fn what_resource_control_policies_do_not_bind() {
    let denying = |action: &str| {
        json!([
            full_scp(&EVERY_LEVEL),
            full_rcp(),
            rcp("p-deny", &EVERY_LEVEL, &[to("*", deny(action, "*"))])
        ])
    };
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie";
    let world = World::new().iam(linked, &[get_objects()]).bucket(bucket());
    read(&world.organization(denying("*")), linked, Yes);
    let world = World::new().iam(READER, &[get_objects()]).bucket(under_managed_key(bucket()));
    read(&world.organization(denying("kms:*")), READER, Yes);
    let manager = "arn:aws:iam::123456789012:role/manager";
    let world = World::new()
        .iam(manager, &[get_objects()])
        .push(MANAGEMENT, "buckets", None, bucket())
        .organization(denying("*"));
    read(&world, manager, Yes);
}

// --- actions, resources, principals

/// action: names are not case-sensitive, `*` and `?` stand anywhere.
#[test]
fn actions_match_without_case_and_with_wildcards() {
    for action in [
        "s3:getobject",
        "S3:GETOBJECT",
        "s3:Get*",
        "s3:*Object",
        "s3:G?tObject",
        "s3:*",
        "*",
        "s*:GetObject",
    ] {
        read(&reader_world(&[allow(action, OBJECTS)]), READER, Yes);
    }
    for action in [
        "s3:GetObjectVersion",
        "s3:Get?Object",
        "s3:Put*",
        "s3express:*",
        "GetObject",
        "s3:GetObjec",
    ] {
        read(&reader_world(&[allow(action, OBJECTS)]), READER, No);
    }
    let several = json!({"Effect": "Allow", "Action": ["ec2:*", "s3:getObject"], "Resource": ["arn:aws:s3:::x/*", OBJECTS]});
    read(&reader_world(&[several]), READER, Yes);
    let denied = [get_objects(), deny("S3:getOBJECT", "*")];
    read(&reader_world(&denied), READER, No);
}

/// resource: case-sensitive, wildcards within names; a grant for some objects only is conditional (access.md, all clouds).
#[test]
fn resources_match_with_case_and_a_prefix_is_conditional() {
    for resource in [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::data/*",
        "arn:aws:s3:::da?a/*",
        "arn:aws:s3:::d*",
        "arn:*:s3:::data/*",
    ] {
        read(&reader_world(&[allow("s3:GetObject", resource)]), READER, Yes);
    }
    for resource in [
        "arn:aws:s3:::DATA/*",
        "arn:aws:s3:::data",
        "arn:aws:s3:::data2/*",
        "arn:aws:s3:::database/*",
        "arn:aws:s3:::dat/*",
    ] {
        read(&reader_world(&[allow("s3:GetObject", resource)]), READER, No);
    }
    for resource in [
        "arn:aws:s3:::data/reports/*",
        "arn:aws:s3:::data/*.csv",
        "arn:aws:s3:::data/readme",
        "arn:aws:s3:::*/reports/*",
    ] {
        read(&reader_world(&[allow("s3:GetObject", resource)]), READER, Conditional);
        read(&bucket_world(&[to("*", allow("s3:GetObject", resource))]), PUBLIC, Conditional);
    }
    for resource in
        ["*", KEY, "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:*:key/1a2b*"]
    {
        let world = World::new().iam(READER, &[allow("kms:Decrypt", resource)]);
        check(&world.key(key_saying(&[delegation()])), READER, Decrypt, KEY, Yes);
    }
    for resource in [
        FORMER_KEY,
        "arn:aws:kms:us-east-1:*:key/*",
        "arn:aws:kms:*:444455556666:key/*",
        "arn:aws:kms:*:*:alias/*",
    ] {
        let world = World::new().iam(READER, &[allow("kms:Decrypt", resource)]);
        check(&world.key(key_saying(&[delegation()])), READER, Decrypt, KEY, No);
    }
}

/// resource: a Deny on a prefix leaves the other objects; access.md (all clouds): then it is conditional.
#[test]
fn a_deny_on_a_prefix_leaves_the_rest() {
    let secret = "arn:aws:s3:::data/secret/*";
    read(&reader_world(&[get_objects(), deny("s3:*", secret)]), READER, Conditional);
    read(&reader_world(&[get_objects(), deny("s3:*", "arn:aws:s3:::other/*")]), READER, Yes);
    read(&reader_world(&[get_objects(), deny("s3:*", "arn:aws:s3:::data*")]), READER, No);
    // All that is allowed is denied.
    read(&reader_world(&[allow("s3:GetObject", secret), deny("s3:*", secret)]), READER, No);
}

/// notaction: everything but what is listed, of every service.
#[test]
fn not_action_is_everything_else() {
    let statement = |effect: &str, actions: Value| json!({"Effect": effect, "NotAction": actions, "Resource": "*"});
    read(&reader_world(&[statement("Allow", json!(["iam:*", "s3:PutObject"]))]), READER, Yes);
    check(
        &reader_world(&[statement("Allow", json!(["iam:*", "s3:PutObject"]))]),
        READER,
        Write,
        BUCKET,
        No,
    );
    read(&reader_world(&[statement("Allow", json!("s3:get*"))]), READER, No);
    let all_but = |listed: Value| reader_world(&[allow("s3:*", "*"), statement("Deny", listed)]);
    read(&all_but(json!(["s3:GetObject"])), READER, Yes);
    check(&all_but(json!(["s3:GetObject"])), READER, Write, BUCKET, No);
    read(&all_but(json!("kms:*")), READER, No);
}

/// notresource: everything but what is listed.
#[test]
fn not_resource_is_everything_else() {
    let statement = |effect: &str, resources: Value| json!({"Effect": effect, "Action": "s3:GetObject", "NotResource": resources});
    read(&reader_world(&[statement("Allow", json!("arn:aws:s3:::other/*"))]), READER, Yes);
    read(
        &reader_world(&[statement("Allow", json!(["arn:aws:s3:::other/*", OBJECTS]))]),
        READER,
        No,
    );
    read(
        &reader_world(&[statement("Allow", json!("arn:aws:s3:::data/secret/*"))]),
        READER,
        Conditional,
    );
    // The bucket itself is no object.
    read(&reader_world(&[statement("Allow", json!(BUCKET))]), READER, Yes);
    let all_but = |listed: Value| reader_world(&[get_objects(), statement("Deny", listed)]);
    read(&all_but(json!([OBJECTS])), READER, Yes);
    read(&all_but(json!("arn:aws:s3:::other/*")), READER, No);
    read(&all_but(json!("arn:aws:s3:::data/open/*")), READER, Conditional);
}

/// notprincipal: an Allow lets in everyone else, "including anonymous (unauthenticated) users".
#[test]
fn an_allow_with_not_principal_lets_everyone_else_in() {
    let statement = with(get_objects(), &json!({"NotPrincipal": {"AWS": ANNA}}));
    let world = bucket_world(&[statement]).iam(ANNA, &[]).iam(READER, &[]);
    read(&world, PUBLIC, Yes);
    read(&world, ANYBODY, Yes);
    read(&world, READER, Yes);
    read(&world, ANNA, No);
}

/// notprincipal: a Deny spares those listed (with their account) and stops all others; it allows nobody.
#[test]
fn a_deny_with_not_principal_spares_those_listed() {
    let statement = with(deny("s3:*", "*"), &json!({"NotPrincipal": {"AWS": [ANNA, root(OWN)]}}));
    let world = bucket_world(&[statement.clone(), to("*", get_objects())])
        .iam(ANNA, &[])
        .iam(GUEST, &[get_objects()]);
    read(&world, ANNA, Yes);
    read(&world, GUEST, No);
    read(&world, PUBLIC, No);
    read(&world, ANYBODY, No);
    read(&bucket_world(&[statement]).iam(ANNA, &[]), ANNA, No);
}

// --- open to everyone

/// principal: `"*"` and `{"AWS": "*"}` are everyone, with and without identity.
#[test]
fn both_spellings_of_everyone_are_everyone() {
    for principal in [json!("*"), json!({"AWS": "*"}), json!({"AWS": [READER, "*"]})] {
        let world = bucket_world(&[with(get_objects(), &json!({ "Principal": principal }))]);
        read(&world, PUBLIC, Yes);
        read(&world, ANYBODY, Yes);
        read(&world, OUTSIDER, Yes);
        check(&world, PUBLIC, Write, BUCKET, No);
        read(&world.iam(READER, &[]), READER, Yes);
    }
}

/// condition keys (aws:PrincipalOrgID): the organisation's own principals only; absent for the anonymous.
#[test]
fn a_policy_for_the_organisation_is_not_for_the_public() {
    let pinned = cond("StringEquals", "aws:PrincipalOrgID", "o-fence");
    let world = bucket_world(&[when(&pinned, to("*", get_objects()))])
        .iam(READER, &[])
        .iam(GUEST, &[get_objects()])
        .iam("arn:aws:iam::444455556666:role/idle", &[])
        .organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, READER, Yes);
    read(&world, GUEST, Yes);
    read(&world, "arn:aws:iam::444455556666:role/idle", No);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, PUBLIC, No);
    read(&world, &root(STRANGER), No);
}

/// access.md (conditions): SourceVpce, SourceIp and their like are unknown unless given: the condition stays as a residue.
#[test]
fn a_policy_for_a_network_is_conditional() {
    for condition in [
        cond("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d"),
        cond("StringEquals", "aws:SourceVpc", "vpc-111bbb22"),
        cond("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        cond("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z"),
        cond("NumericGreaterThanEquals", "s3:TlsVersion", "1.2"),
        cond("StringLike", "aws:Referer", "https://www.example.com/*"),
    ] {
        let world = bucket_world(&[when(&condition, to("*", get_objects()))]);
        read(&world, PUBLIC, Conditional);
        read(&world, ANYBODY, Conditional);
        check(&world, PUBLIC, Write, BUCKET, No);
        let own = reader_world(&[when(&condition, get_objects())]);
        read(&own, READER, Conditional);
        // A Deny under it leaves the rest open.
        let denied = reader_world(&[get_objects(), when(&condition, deny("s3:*", "*"))]);
        read(&denied, READER, Conditional);
    }
    let outside = cond("StringNotEquals", "aws:SourceVpce", "vpce-1a2b3c4d");
    let world = bucket_world(&[to("*", get_objects()), to("*", when(&outside, deny("s3:*", "*")))]);
    read(&world, PUBLIC, Conditional);
}

/// access.md (eight mistakes, 2): every address is no limit.
#[test]
fn every_address_is_no_limit() {
    for range in ["0.0.0.0/0", "::/0"] {
        let condition = cond("IpAddress", "aws:SourceIp", range);
        read(&bucket_world(&[when(&condition, to("*", get_objects()))]), PUBLIC, Yes);
    }
}

// --- Block Public Access

/// block public access (RestrictPublicBuckets): a public policy admits only the owner's account, and AWS services.
#[test]
fn restrict_public_buckets_stops_a_public_policy_at_either_level() {
    let public = bucket_saying(&[to("*", get_objects())]);
    let on = block(&["RestrictPublicBuckets"]);
    let of = |account: &Value, bucket: &Value| {
        World::new()
            .own_account(account)
            .iam(READER, &[])
            .iam(GUEST, &[get_objects()])
            .bucket(with(public.clone(), bucket))
    };
    let off = block(&[]);
    for world in [of(&on, &off), of(&off, &on), of(&on, &on)] {
        read(&world, PUBLIC, No);
        read(&world, ANYBODY, No);
        read(&world, OUTSIDER, No);
        read(&world, GUEST, No);
        read(&world, READER, Yes);
    }
    read(&of(&off, &off), PUBLIC, Yes);
    read(&of(&off, &off), GUEST, Yes);
    // The other flags stop new grants or ACLs, not a policy that is there.
    let others = block(&["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy"]);
    read(&of(&others, &others), PUBLIC, Yes);
}

/// block public access: where the policy is public, even a statement for one role of another account has no effect; where it
/// is not, RestrictPublicBuckets changes nothing.
#[test]
fn restrict_public_buckets_takes_cross_account_access_with_it() {
    let on = block(&["RestrictPublicBuckets"]);
    let of = |statements: &[Value]| {
        World::new().iam(GUEST, &[allow("s3:*", "*")]).bucket(with(bucket_saying(statements), &on))
    };
    let named = to(GUEST, get_objects());
    let listing = to("*", allow("s3:ListBucket", BUCKET));
    read(&of(std::slice::from_ref(&named)), GUEST, Yes);
    read(&of(&[named.clone(), listing.clone()]), GUEST, No);
    let pinned =
        when(&cond("StringEquals", "aws:PrincipalAccount", [OTHER, STRANGER]), listing.clone());
    read(&of(&[named.clone(), pinned]), GUEST, Yes);
    // A Deny for everyone makes no policy public.
    read(&of(&[named.clone(), to("*", deny("s3:DeleteBucket", "*"))]), GUEST, Yes);
    // A wildcard pins nobody.
    let wild = when(&cond("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/guest"), listing);
    read(&of(&[named, wild]), GUEST, No);
}

/// block public access ("the meaning of public"): pinned to fixed values, a policy for everyone is not public.
#[test]
fn a_pinned_policy_is_not_public() {
    let on = block(&["RestrictPublicBuckets"]);
    let of = |condition: &Value| {
        World::new()
            .iam(GUEST, &[get_objects()])
            .bucket(with(bucket_saying(&[when(condition, to("*", get_objects()))]), &on))
            .organization(json!([full_scp(&EVERY_LEVEL)]))
    };
    read(&of(&cond("StringEquals", "aws:PrincipalOrgID", "o-fence")), GUEST, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalAccount", OTHER)), GUEST, Yes);
    read(&of(&cond("ArnEquals", "aws:PrincipalArn", GUEST)), GUEST, Yes);
    read(&of(&cond("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d")), PUBLIC, Conditional);
    read(&of(&cond("IpAddress", "aws:SourceIp", "203.0.113.0/24")), PUBLIC, Conditional);
    // No key of the list, or no fixed value: public, and stopped.
    read(&of(&cond("Bool", "aws:SecureTransport", "true")), PUBLIC, No);
    read(&of(&cond("StringLike", "aws:SourceVpc", "vpc-*")), PUBLIC, No);
    read(&of(&cond("IpAddress", "aws:SourceIp", "0.0.0.0/0")), PUBLIC, No);
    read(&of(&cond("StringNotEquals", "aws:SourceVpc", "vpc-1")), PUBLIC, No);
}

/// access.md (all clouds): Block Public Access that the estate does not tell leaves a public policy unknown.
#[test]
fn block_public_access_that_is_not_told_is_unknown() {
    let public = bucket_saying(&[to("*", get_objects())]);
    let world = World::new().bucket(lacking(public.clone(), "PublicAccessBlock"));
    read(&world, PUBLIC, Unknown);
    let world = World::new().bucket(public).without("aws/111122223333/account.json");
    read(&world, PUBLIC, Unknown);
    let world = World::new().bucket(lacking(bucket(), "PublicAccessBlock"));
    read(&world, PUBLIC, No);
}

// --- ACLs

/// acl: WRITE on the bucket lets the grantee create objects, WRITE_ACP change the ACL; READ lists names only.
#[test]
fn a_bucket_acl_lets_the_public_write_and_administer() {
    let of = |group: &str, permission: &str| {
        World::new().bucket(acl_bucket(&json!([acl_group(group, permission)])))
    };
    check(&of("AllUsers", "WRITE"), PUBLIC, Write, BUCKET, Yes);
    check(&of("AllUsers", "WRITE"), ANYBODY, Write, BUCKET, Yes);
    check(&of("AllUsers", "WRITE"), PUBLIC, Administer, BUCKET, No);
    check(&of("AllUsers", "WRITE_ACP"), PUBLIC, Administer, BUCKET, Yes);
    check(&of("AllUsers", "FULL_CONTROL"), PUBLIC, Administer, BUCKET, Yes);
    check(&of("AllUsers", "READ_ACP"), PUBLIC, Administer, BUCKET, No);
    check(&of("AuthenticatedUsers", "WRITE"), ANYBODY, Write, BUCKET, Yes);
    check(&of("AuthenticatedUsers", "WRITE"), PUBLIC, Write, BUCKET, No);
    check(&of("AllUsers", "READ"), PUBLIC, Write, BUCKET, No);
}

/// ownership: with BucketOwnerEnforced ACLs are disabled and affect no permission.
#[test]
fn owner_enforced_buckets_have_no_acls() {
    let all = json!([
        acl_group("AllUsers", "FULL_CONTROL"),
        acl_group("AuthenticatedUsers", "FULL_CONTROL")
    ]);
    let enforced =
        json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}});
    let preferred =
        json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}});
    for access in Access::STORE {
        let world = World::new().bucket(with(acl_bucket(&all), &enforced));
        check(&world, PUBLIC, access, BUCKET, No);
        check(&world, ANYBODY, access, BUCKET, No);
    }
    check(&World::new().bucket(with(acl_bucket(&all), &preferred)), PUBLIC, Write, BUCKET, Yes);
    // No ownership controls at all: ACLs count, as before there were any.
    let none = json!({"OwnershipControls": null});
    check(&World::new().bucket(with(acl_bucket(&all), &none)), PUBLIC, Write, BUCKET, Yes);
    check(
        &World::new().bucket(lacking(acl_bucket(&all), "OwnershipControls")),
        PUBLIC,
        Write,
        BUCKET,
        Unknown,
    );
    check(&World::new().bucket(lacking(acl_bucket(&all), "Acl")), PUBLIC, Write, BUCKET, Unknown);
}

/// block public access (IgnorePublicAcls): public ACLs have no effect, at either level; a public policy still counts.
#[test]
fn ignore_public_acls_ignores_them_at_either_level() {
    let on = block(&["IgnorePublicAcls"]);
    let off = block(&[]);
    let of = |account: &Value, bucket: &Value| {
        let open = acl_bucket(&json!([acl_group("AllUsers", "FULL_CONTROL")]));
        World::new().own_account(account).bucket(with(open, bucket))
    };
    for world in [of(&on, &off), of(&off, &on)] {
        check(&world, PUBLIC, Write, BUCKET, No);
        check(&world, ANYBODY, Administer, BUCKET, No);
        read(&world, PUBLIC, No);
    }
    check(&of(&off, &off), PUBLIC, Write, BUCKET, Yes);
    // Refusing new public ACLs leaves those that are there.
    let refusing = block(&["BlockPublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]);
    check(&of(&refusing, &refusing), PUBLIC, Write, BUCKET, Yes);
    let public = bucket_saying(&[to("*", get_objects())]);
    read(&World::new().bucket(with(public, &on)), PUBLIC, Yes);
}

/// access.md (S3): objects have ACLs of their own, which the estate does not hold: while ACLs count, a public read is unknown.
#[test]
fn object_acls_leave_a_public_read_unknown() {
    read(&World::new().bucket(acl_bucket(&json!([]))), PUBLIC, Unknown);
    read(&World::new().bucket(under(KEY, acl_bucket(&json!([])))), PUBLIC, No);
    read(&World::new().bucket(bucket()), PUBLIC, No);
}

/// evaluation: an explicit Deny of the bucket policy beats an ACL.
#[test]
fn a_bucket_policys_deny_beats_an_acl() {
    let open = acl_bucket(&json!([acl_group("AllUsers", "FULL_CONTROL")]));
    let denying = policy(&[to("*", deny("s3:*", "*"))]);
    let world = World::new().bucket(with(open, &json!({ "Policy": denying })));
    check(&world, PUBLIC, Write, BUCKET, No);
    check(&world, ANYBODY, Administer, BUCKET, No);
}

/// acl: a grant to another account's canonical id, whose own identity policies then decide about its principals.
#[test]
fn an_acl_for_another_account_needs_its_own_side() {
    let grant =
        json!([{"Grantee": {"Type": "CanonicalUser", "ID": "feed0042"}, "Permission": "WRITE"}]);
    let of = |statements: &[Value]| {
        let mut world = World::new().iam(GUEST, statements).bucket(acl_bucket(&grant));
        let account = world.0.get_mut("aws/444455556666/account.json").unwrap();
        account["CanonicalUserId"] = json!("feed0042");
        world
    };
    check(&of(&[allow("s3:PutObject", OBJECTS)]), GUEST, Write, BUCKET, Yes);
    check(&of(&[]), GUEST, Write, BUCKET, No);
    check(&of(&[]), &root(OTHER), Write, BUCKET, Yes);
    check(&of(&[]), PUBLIC, Write, BUCKET, No);
    check(&of(&[allow("s3:*", "*")]), GUEST, Delete, BUCKET, No);
}

// --- conditions

/// operators: a negated operator is true when the key is absent, a positive one false.
#[test]
fn a_negated_operator_is_true_for_an_absent_key() {
    let of = |condition: &Value| bucket_world(&[when(condition, to("*", get_objects()))]);
    read(&of(&cond("StringNotEquals", "aws:PrincipalOrgID", "o-evil")), PUBLIC, Yes);
    read(&of(&cond("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::999988887777:*")), PUBLIC, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalOrgID", "o-evil")), PUBLIC, No);
    read(&of(&cond("ArnLike", "aws:PrincipalArn", "*")), PUBLIC, No);
    // So a Deny for whoever is not of the organisation stops the anonymous as well.
    let foreign = cond("StringNotEquals", "aws:PrincipalOrgID", "o-fence");
    let world = bucket_world(&[to("*", get_objects()), to("*", when(&foreign, deny("s3:*", "*")))])
        .iam(READER, &[])
        .organization(json!([full_scp(&EVERY_LEVEL)]));
    read(&world, PUBLIC, No);
    read(&world, OUTSIDER, No);
    read(&world, ANYBODY, No);
    read(&world, READER, Yes);
}

/// operators (…IfExists), multi-valued (ForAllValues): both are true for an absent key, ForAnyValue is false.
#[test]
fn if_exists_and_for_all_values_are_no_limit_on_the_anonymous() {
    let of = |condition: &Value| bucket_world(&[when(condition, to("*", get_objects()))]);
    read(&of(&cond("StringEqualsIfExists", "aws:PrincipalOrgID", "o-fence")), PUBLIC, Yes);
    read(&of(&cond("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-fence")), PUBLIC, Yes);
    read(&of(&cond("ForAnyValue:StringEquals", "aws:PrincipalOrgID", "o-fence")), PUBLIC, No);
    let via = cond("StringEqualsIfExists", "kms:ViaService", "s3.us-east-1.amazonaws.com");
    check(&key_for_all_when(&via), ANYBODY, Decrypt, KEY, Yes);
    read(&key_for_all_when(&via), ANYBODY, No);
}

/// operators (Null): `true` holds for an absent key, `false` for a present one.
#[test]
fn null_asks_whether_a_key_is_there() {
    let of = |wanted: &Value| {
        bucket_world(&[when(
            &cond("Null", "aws:PrincipalArn", wanted.clone()),
            to("*", get_objects()),
        )])
        .iam(READER, &[])
    };
    read(&of(&json!("true")), PUBLIC, Yes);
    read(&of(&json!("false")), PUBLIC, No);
    read(&of(&json!(true)), READER, No);
    read(&of(&json!(false)), READER, Yes);
}

/// operators: several operators and keys are AND, several values OR, several values of a negated operator NOR.
#[test]
fn keys_are_and_values_or_and_negated_values_nor() {
    let of = |condition: &Value| {
        bucket_world(&[when(condition, to("*", get_objects()))]).iam(READER, &[])
    };
    read(&of(&cond("StringEquals", "aws:PrincipalAccount", [STRANGER, OWN])), READER, Yes);
    read(&of(&cond("StringNotEquals", "aws:PrincipalAccount", [STRANGER, OWN])), READER, No);
    read(&of(&cond("StringNotEquals", "aws:PrincipalAccount", [STRANGER, OTHER])), READER, Yes);
    let both = json!({"StringEquals": {"aws:PrincipalAccount": OWN, "aws:PrincipalType": "User"}});
    read(&of(&both), READER, No);
    let two = json!({"StringEquals": {"aws:PrincipalAccount": OWN}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r*"}});
    read(&of(&two), READER, Yes);
    let one_open =
        json!({"StringEquals": {"aws:PrincipalAccount": OWN, "aws:SourceVpce": "vpce-1a2b3c4d"}});
    read(&of(&one_open), READER, Conditional);
    let one_false =
        json!({"StringEquals": {"aws:PrincipalAccount": OTHER, "aws:SourceVpce": "vpce-1a2b3c4d"}});
    read(&of(&one_false), READER, No);
}

/// operators: key names are not case-sensitive; values are, unless the operator says so; `*` is a wildcard in Like only.
#[test]
fn names_fold_and_values_do_not() {
    let of = |condition: &Value| reader_world(&[when(condition, get_objects())]);
    read(&of(&cond("StringEquals", "AWS:principalARN", READER)), READER, Yes);
    read(&of(&cond("StringEquals", "aws:PrincipalArn", READER.to_uppercase())), READER, No);
    read(
        &of(&cond("StringEqualsIgnoreCase", "aws:PrincipalArn", READER.to_uppercase())),
        READER,
        Yes,
    );
    read(&of(&cond("StringEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, No);
    read(&of(&cond("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, Yes);
    read(&of(&cond("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, Yes);
    read(&of(&cond("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")), READER, No);
}

/// condition keys: what the witness request carries is known (TLS, made by the principal himself, resource of the owner).
#[test]
fn what_every_request_carries_is_known() {
    let of = |condition: &Value| reader_world(&[when(condition, get_objects())]);
    read(&of(&cond("Bool", "aws:SecureTransport", "true")), READER, Yes);
    read(&of(&cond("Bool", "aws:SecureTransport", "false")), READER, No);
    read(&of(&cond("Bool", "aws:PrincipalIsAWSService", "false")), READER, Yes);
    read(&of(&cond("Bool", "aws:ViaAWSService", "true")), READER, No);
    read(&of(&cond("StringEquals", "aws:ResourceAccount", OWN)), READER, Yes);
    read(&of(&cond("StringNotEquals", "aws:ResourceAccount", OWN)), READER, No);
    // The usual "TLS only" statement takes nothing away.
    let plain = cond("Bool", "aws:SecureTransport", "false");
    let world = bucket_world(&[to("*", get_objects()), to("*", when(&plain, deny("s3:*", "*")))]);
    read(&world, PUBLIC, Yes);
}

/// condition keys (aws:PrincipalTag): the principal's tags are known from the estate; a role's session may add others.
#[test]
fn principal_tags_are_known_from_the_estate() {
    let team = cond("StringEquals", "aws:PrincipalTag/team", "finance");
    let of = |who: &str, tags: Value| {
        World::new()
            .iam_with(who, &[when(&team, get_objects())], &json!({ "Tags": tags }))
            .bucket(bucket())
    };
    read(&of(ANNA, json!([{"Key": "team", "Value": "finance"}])), ANNA, Yes);
    read(&of(ANNA, json!([{"Key": "team", "Value": "sales"}])), ANNA, No);
    read(&of(ANNA, json!([])), ANNA, No);
    read(&of(READER, json!([{"Key": "team", "Value": "finance"}])), READER, Yes);
}

/// access.md (conditions): what only the object, the session or the request tells stays as a residue.
#[test]
fn tags_of_objects_and_variables_stay_conditional() {
    let of = |statement: Value| reader_world(&[statement]);
    let tagged = cond("StringEquals", "s3:ExistingObjectTag/class", "public");
    read(&of(when(&tagged, get_objects())), READER, Conditional);
    let mfa = cond("Bool", "aws:MultiFactorAuthPresent", "true");
    read(&of(when(&mfa, get_objects())), READER, Conditional);
    let own_folder = allow("s3:GetObject", "arn:aws:s3:::data/home/${aws:username}/*");
    let world = World::new().iam(ANNA, &[own_folder]).bucket(bucket());
    read(&world, ANNA, Conditional);
    let without_mfa = cond("BoolIfExists", "aws:MultiFactorAuthPresent", "false");
    let world = reader_world(&[get_objects(), when(&without_mfa, deny("*", "*"))]);
    read(&world, READER, Conditional);
}

// --- known and not known

/// README ("a missing file means unknown, an empty list means none"): neither *no* nor *yes* without the file.
#[test]
fn a_missing_file_is_unknown_and_an_empty_one_none() {
    read(&World::new().bucket(bucket()), READER, No);
    let world =
        World::new().bucket(bucket()).without("aws/111122223333/authorization-details.json");
    read(&world, READER, Unknown);
    check(&world, ANNA, Administer, BUCKET, Unknown);
    // The other account's file is the one that matters for its principals.
    let world = bucket_world(&[to(&root(OTHER), get_objects())]).account(OTHER);
    read(&world, GUEST, No);
    let world = world.without("aws/444455556666/authorization-details.json");
    read(&world, GUEST, Unknown);
    // No keys: the key of the bucket is somewhere, but its policy is not known.
    let world = World::new().iam(READER, &[get_objects(), decrypt()]).bucket(under(KEY, bucket()));
    read(&world, READER, Unknown);
    read(&world.without("aws/111122223333/keys.json"), READER, Unknown);
}

/// README: a field that the export does not hold is unknown as well; `null` is none.
#[test]
fn a_missing_field_is_unknown() {
    let reader = World::new().iam(READER, &[get_objects(), decrypt()]);
    let of = |bucket: Value| reader.clone().bucket(bucket);
    read(&of(lacking(bucket(), "Policy")), READER, Unknown);
    read(&of(lacking(bucket(), "Encryption")), READER, Unknown);
    check(&of(lacking(bucket(), "Encryption")), READER, Delete, BUCKET, No);

    let of = |key: Value| reader.clone().bucket(under(KEY, bucket())).key(key);
    let delegating = key_saying(&[delegation()]);
    read(&of(delegating.clone()), READER, Yes);
    let stateless = lacking(delegating["KeyMetadata"].clone(), "KeyState");
    read(&of(with(delegating, &json!({ "KeyMetadata": stateless }))), READER, Unknown);
    // Without the list of grants a closed key may be open by one.
    read(&of(key_saying(&[])), READER, No);
    read(&of(lacking(key_saying(&[]), "Grants")), READER, Unknown);
    // An unknown lock behind a closed one changes nothing.
    let world = World::new().iam(READER, &[decrypt()]).bucket(under(KEY, bucket()));
    read(&world, READER, No);
}

/// access.md (all clouds): what may hold a Deny makes a *yes* unknown.
#[test]
fn a_policy_that_is_not_known_leaves_no_yes() {
    let attached = json!({"AttachedManagedPolicies": [{"PolicyName": "own", "PolicyArn": format!("arn:aws:iam::{OWN}:policy/own")}]});
    let world = World::new().iam_with(READER, &[get_objects()], &attached).bucket(bucket());
    read(&world, READER, Unknown);
    let member = json!({"GroupList": ["analysts"]});
    let world = World::new().iam_with(ANNA, &[get_objects()], &member).bucket(bucket());
    read(&world, ANNA, Unknown);
    // A Deny that is known needs no more knowledge.
    let world = World::new().iam_with(READER, &[deny("s3:*", "*")], &attached).bucket(bucket());
    read(&world, READER, No);
    let world = World::new().iam(READER, &[get_objects(), deny("s3:*", "*")]);
    read(&world.bucket(lacking(bucket(), "Policy")), READER, No);
}
