//! Small AWS estates for tests: what one case needs, and nothing else. An account that is mentioned has all its files,
//! empty ones at first, so that what a case does not say is *none* and not *unknown*.
//!
//! ```
//! use keyfence_tests::aws_world::{READER, World, bucket, get_objects, read};
//! let world = World::new().iam(READER, &[get_objects()]).bucket(bucket());
//! read(&world, READER, keyfence_analysis::model::Verdict::Yes);
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "helpers of tests may fail like tests"
)]

use crate::{assert_verdict, with};
use keyfence_analysis::access;
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::Access::Read;
use keyfence_analysis::model::{Access, Cloud, Principal, Resource, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Owns the bucket and the key.
pub const OWN: &str = "111122223333";
/// Another account of the estate.
pub const OTHER: &str = "444455556666";
/// The organisation's management account.
pub const MANAGEMENT: &str = "123456789012";
/// An account that the estate does not know.
pub const STRANGER: &str = "999988887777";

/// The bucket asked about.
pub const BUCKET: &str = "arn:aws:s3:::data";
/// Its objects.
pub const OBJECTS: &str = "arn:aws:s3:::data/*";
/// The customer key.
pub const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d";
/// The key before it.
pub const FORMER_KEY: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a";

/// A role of the owner.
pub const READER: &str = "arn:aws:iam::111122223333:role/reader";
/// A user of the owner.
pub const ANNA: &str = "arn:aws:iam::111122223333:user/anna";
/// Another user of the owner.
pub const BEN: &str = "arn:aws:iam::111122223333:user/ben";
/// A role of the other account.
pub const GUEST: &str = "arn:aws:iam::444455556666:role/guest";
/// A role of the stranger.
pub const OUTSIDER: &str = "arn:aws:iam::999988887777:role/outsider";
/// Everyone without identity.
pub const PUBLIC: &str = "public";
/// Every identity.
pub const ANYBODY: &str = "any-authenticated";

// --- the check

/// Asks one question; the resource is a key when its name is that of a key.
#[track_caller]
pub fn check(world: &World, principal: &str, access: Access, resource: &str, expected: Verdict) {
    let what = if resource.starts_with("arn:aws:kms:") {
        Resource::key(Cloud::Aws, resource)
    } else {
        Resource::store(Cloud::Aws, resource)
    };
    assert_verdict(&world.estate(), principal, access, &what, expected);
}

/// The question asked most: who may read the bucket's objects.
#[track_caller]
pub fn read(world: &World, principal: &str, expected: Verdict) {
    check(world, principal, Read, BUCKET, expected);
}

/// Neither *yes* nor *no*: the facts that are there do not decide, and which word is right for that is not the case's point.
#[track_caller]
pub fn undecided(world: &World, principal: &str, access: Access, resource: &str) {
    let what = Resource::store(Cloud::Aws, resource);
    let answer = access::evaluate(&world.estate(), &Principal::named(principal), access, &what);
    let verdict = answer.verdict();
    assert!(
        matches!(verdict, Verdict::Conditional | Verdict::Unknown),
        "{principal}: {access} {resource} is {verdict}: {}",
        answer.allowed
    );
}

// --- the estates

/// Estate files by path. An account that is mentioned has all its files, empty ones at first.
#[derive(Debug, Clone, Default)]
pub struct World(pub BTreeMap<String, Value>);

impl World {
    /// The own account with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default().account(OWN)
    }

    /// An account with empty files, if it is not there already.
    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
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

    /// Without one file.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.0.remove(path).unwrap();
        self
    }

    /// Adds an item to a file of an account, or to a list within it.
    #[must_use]
    pub fn push(self, account: &str, file: &str, list: Option<&str>, item: Value) -> Self {
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
    #[must_use]
    pub fn iam(self, arn: &str, statements: &[Value]) -> Self {
        self.iam_with(arn, statements, &json!({}))
    }

    /// The same with more fields. A role is trusted by a service alone unless they say otherwise.
    #[must_use]
    pub fn iam_with(self, arn: &str, statements: &[Value], more: &Value) -> Self {
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
                json!({
                    "RoleName": name,
                    "RoleId": "AROAEXAMPLEROLE000001",
                    "RolePolicyList": inline,
                    "AssumeRolePolicyDocument": policy(&[trusts(&json!({"Service": "ec2.amazonaws.com"}))]),
                }),
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

    /// Adds a role with its trust policy.
    #[must_use]
    pub fn role(self, arn: &str, statements: &[Value], trust: &[Value]) -> Self {
        self.iam_with(arn, statements, &json!({"AssumeRolePolicyDocument": policy(trust)}))
    }

    /// Adds a customer-managed policy of the own account.
    #[must_use]
    pub fn managed(self, name: &str, statements: &[Value]) -> Self {
        self.managed_in(OWN, name, statements)
    }

    /// Adds a customer-managed policy of an account.
    #[must_use]
    pub fn managed_in(self, account: &str, name: &str, statements: &[Value]) -> Self {
        let item = json!({
            "PolicyName": name,
            "Arn": format!("arn:aws:iam::{account}:policy/{name}"),
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": policy(statements)}],
        });
        self.push(account, "authorization-details", Some("Policies"), item)
    }

    /// Adds a bucket of the own account.
    #[must_use]
    pub fn bucket(self, bucket: Value) -> Self {
        self.push(OWN, "buckets", None, bucket)
    }

    /// Adds a key of the own account.
    #[must_use]
    pub fn key(self, key: Value) -> Self {
        self.push(OWN, "keys", None, key)
    }

    /// Sets fields of the own account's file.
    #[must_use]
    pub fn own_account(self, fields: &Value) -> Self {
        self.account_with(OWN, fields)
    }

    /// Sets fields of an account's file.
    #[must_use]
    pub fn account_with(self, account: &str, fields: &Value) -> Self {
        let mut world = self.account(account);
        let content = world.0.get_mut(&format!("aws/{account}/account.json")).unwrap();
        *content = with(content.clone(), fields);
        world
    }

    /// An organisation: root, one unit with the own account, the other account directly below the root.
    #[must_use]
    pub fn organization(mut self, policies: Value) -> Self {
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

    /// The estate, loaded from the files.
    #[must_use]
    pub fn estate(&self) -> Estate {
        let mut files = Files::new();
        for (path, content) in &self.0 {
            files.insert(path.as_str(), content.to_string());
        }
        Estate::load(&files).unwrap()
    }
}

/// A field left out: what the export does not say.
#[must_use]
pub fn lacking(mut base: Value, field: &str) -> Value {
    base.as_object_mut().unwrap().remove(field).unwrap();
    base
}

/// A bucket of which everything is known: closed, SSE-S3, ACLs off.
#[must_use]
pub fn bucket() -> Value {
    json!({
        "Name": "data",
        "Region": "eu-west-1",
        "Policy": null,
        "PublicAccessBlock": null,
        "Encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        "Acl": {"Owner": {"ID": "c0ffee"}, "Grants": []},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "Abac": {"Status": "Disabled"},
        "AccessPoints": [],
    })
}

/// With this bucket policy.
#[must_use]
pub fn bucket_saying(statements: &[Value]) -> Value {
    with(bucket(), &json!({"Policy": policy(statements)}))
}

/// Encrypted with a key by default.
#[must_use]
pub fn under(key: &str, bucket: Value) -> Value {
    let default = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key});
    let encryption = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": true}]});
    with(bucket, &json!({"Encryption": encryption}))
}

/// Encrypted with the AWS-managed key `aws/s3` by default.
#[must_use]
pub fn under_managed_key(bucket: Value) -> Value {
    let encryption =
        json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]});
    with(bucket, &json!({"Encryption": encryption}))
}

/// ACLs on, with these grants.
#[must_use]
pub fn acl_bucket(grants: &Value) -> Value {
    with(
        bucket(),
        &json!({
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            "Acl": {"Owner": {"ID": "c0ffee"}, "Grants": grants},
        }),
    )
}

/// A grant of an ACL to a predefined group.
#[must_use]
pub fn acl_group(group: &str, permission: &str) -> Value {
    let uri = format!("http://acs.amazonaws.com/groups/global/{group}");
    json!({"Grantee": {"Type": "Group", "URI": uri}, "Permission": permission})
}

/// Block Public Access with these flags on, the others off.
#[must_use]
pub fn block(flags: &[&str]) -> Value {
    let all = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let set: BTreeMap<&str, bool> = all.iter().map(|f| (*f, flags.contains(f))).collect();
    json!({"PublicAccessBlock": set})
}

/// An enabled customer-managed key.
#[must_use]
pub fn key_saying(statements: &[Value]) -> Value {
    key_named(KEY, statements)
}

/// The same under another ARN.
#[must_use]
pub fn key_named(arn: &str, statements: &[Value]) -> Value {
    let (_, id) = arn.split_once("key/").unwrap();
    json!({
        "KeyMetadata": {"KeyId": id, "Arn": arn, "KeyState": "Enabled", "KeyManager": "CUSTOMER"},
        "Policy": policy(statements),
        "Grants": [],
        "Aliases": [],
    })
}

/// In another state.
#[must_use]
pub fn in_state(state: &str, key: Value) -> Value {
    let metadata = with(key["KeyMetadata"].clone(), &json!({"KeyState": state}));
    with(key, &json!({"KeyMetadata": metadata}))
}

/// A key that nobody opens but this grant.
#[must_use]
pub fn granting(grantee: &str, operations: &[&str], more: &Value) -> Value {
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
#[must_use]
pub fn organization_policy(kind: &str, id: &str, targets: &[&str], statements: &[Value]) -> Value {
    let targets: Vec<Value> = targets.iter().map(|t| json!({"TargetId": t})).collect();
    json!({
        "PolicySummary": {"Id": id, "Name": id, "Type": kind},
        "Content": policy(statements),
        "Targets": targets,
    })
}

/// A service control policy.
#[must_use]
pub fn scp(id: &str, targets: &[&str], statements: &[Value]) -> Value {
    organization_policy("SERVICE_CONTROL_POLICY", id, targets, statements)
}

/// A resource control policy.
#[must_use]
pub fn rcp(id: &str, targets: &[&str], statements: &[Value]) -> Value {
    organization_policy("RESOURCE_CONTROL_POLICY", id, targets, statements)
}

/// All that policies can be attached to.
pub const EVERY_LEVEL: [&str; 5] = ["r-ab12", "ou-ab12-prod", OWN, OTHER, MANAGEMENT];

/// `FullAWSAccess`.
#[must_use]
pub fn full_scp(targets: &[&str]) -> Value {
    scp("p-FullAWSAccess", targets, &[allow("*", "*")])
}

/// `RCPFullAWSAccess`.
#[must_use]
pub fn full_rcp() -> Value {
    rcp("p-RCPFullAWSAccess", &EVERY_LEVEL, &[to("*", allow("*", "*"))])
}

// --- the statements

/// A policy document.
#[must_use]
pub fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// An Allow for an identity policy.
#[must_use]
pub fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// A Deny for an identity policy.
#[must_use]
pub fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

/// For a principal: `*`, or an AWS principal.
#[must_use]
pub fn to(principal: &str, statement: Value) -> Value {
    let principal = if principal == "*" { json!("*") } else { json!({ "AWS": principal }) };
    with(statement, &json!({ "Principal": principal }))
}

/// Under a condition.
#[must_use]
pub fn when(condition: &Value, statement: Value) -> Value {
    with(statement, &json!({ "Condition": condition }))
}

/// An account as a whole.
#[must_use]
pub fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// The default key policy: the account's identity policies decide.
#[must_use]
pub fn delegation() -> Value {
    to(&root(OWN), allow("kms:*", "*"))
}

/// A condition of one operator and one key.
#[must_use]
pub fn cond(operator: &str, key: &str, value: impl Into<Value>) -> Value {
    json!({ operator: { key: value.into() } })
}

/// A statement of a trust policy: these may assume the role.
#[must_use]
pub fn trusts(principal: &Value) -> Value {
    json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
}

/// Fields of a user or role of the own account: its permissions boundary.
#[must_use]
pub fn bounded(name: &str) -> Value {
    json!({"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": format!("arn:aws:iam::{OWN}:policy/{name}")}})
}

/// Fields of a user, role or group: an attached managed policy.
#[must_use]
pub fn attached(policy: &str) -> Value {
    let name = policy.rsplit('/').next().unwrap();
    json!({"AttachedManagedPolicies": [{"PolicyName": name, "PolicyArn": policy}]})
}

/// Allows reading the objects.
#[must_use]
pub fn get_objects() -> Value {
    allow("s3:GetObject", OBJECTS)
}

/// Allows decrypting with the key.
#[must_use]
pub fn decrypt() -> Value {
    allow("kms:Decrypt", KEY)
}

/// The reader with `s3:GetObject` and `kms:Decrypt`, the bucket under the key, the key policy delegating.
#[must_use]
pub fn open_world() -> World {
    World::new()
        .iam(READER, &[get_objects(), decrypt()])
        .bucket(under(KEY, bucket()))
        .key(key_saying(&[delegation()]))
}

/// A world with one bucket policy (SSE-S3) and nobody in it.
#[must_use]
pub fn bucket_world(statements: &[Value]) -> World {
    World::new().bucket(bucket_saying(statements))
}

/// A world with one role, whose identity policy is all there is (SSE-S3).
#[must_use]
pub fn reader_world(statements: &[Value]) -> World {
    World::new().iam(READER, statements).bucket(bucket())
}

/// Bucket and key both open to everyone, unless the key's statement has a condition.
#[must_use]
pub fn key_for_all_when(condition: &Value) -> World {
    World::new()
        .bucket(under(KEY, bucket_saying(&[to("*", get_objects())])))
        .key(key_saying(&[to("*", when(condition, allow("kms:Decrypt", "*")))]))
}
