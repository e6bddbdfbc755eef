//! Who and what is there, and the files that tell it.

use super::super::estate::Estate;
use super::Options;
use super::policy::{self, Place};
use crate::random::Random;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
const MANAGEMENT: &str = "123456789012";
pub(super) const ORGANIZATION: &str = "o-a1b2c3d4e5";
pub(super) const ROOT: &str = "r-ab12";
const UNIT: &str = "ou-ab12-11111111";
const INNER_UNIT: &str = "ou-ab12-22222222";
const BUCKETS: [&str; 3] = ["data", "logs", "datalake"];
const KEYS: [&str; 2] =
    ["1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d", "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a"];
pub(super) const REGION: &str = "eu-west-1";

#[derive(Debug, Clone)]
pub(super) struct Account {
    pub id: String,
    /// The root or unit that it stands below; none when it is in no organisation.
    pub parent: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub account: String,
    pub user: bool,
    pub path: &'static str,
    pub name: &'static str,
    pub tags: Vec<(&'static str, String)>,
}

impl Identity {
    pub(super) fn arn(&self) -> String {
        let kind = if self.user { "user" } else { "role" };
        format!("arn:aws:iam::{}:{kind}{}{}", self.account, self.path, self.name)
    }

    pub(super) fn session(&self, name: &str) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{name}", self.account, self.name)
    }

    /// As IAM makes them: a prefix that tells the kind, then capital letters and digits.
    pub(super) fn id(&self) -> String {
        let prefix = if self.user { "AIDA" } else { "AROA" };
        format!("{prefix}{}{}", self.name.to_uppercase().replace('-', ""), self.account)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub account: String,
    pub name: &'static str,
    pub restricted: bool,
    pub key: Option<String>,
    pub bucket_key: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub account: String,
    pub arn: String,
    pub enabled: bool,
    pub managed_by_aws: bool,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub options: Options,
    pub accounts: Vec<Account>,
    /// The account that manages the organisation, when there is one.
    pub management: Option<String>,
    pub identities: Vec<Identity>,
    pub buckets: Vec<Bucket>,
    pub keys: Vec<Key>,
}

impl World {
    pub(super) fn new(random: &mut Random, options: &Options) -> Self {
        let organized = random.chance(65);
        let parents = [ROOT, UNIT, INNER_UNIT];
        let accounts: Vec<Account> = ACCOUNTS
            .iter()
            .take(1 + random.below(ACCOUNTS.len()))
            .map(|id| Account {
                id: (*id).to_owned(),
                parent: (organized && random.chance(80))
                    .then(|| random.pick(&parents).copied())
                    .flatten(),
            })
            .collect();
        let manager = accounts.iter().find(|a| a.parent.is_some() && random.chance(15));
        let management =
            organized.then(|| manager.map_or_else(|| MANAGEMENT.to_owned(), |a| a.id.clone()));
        let mut world = Self {
            options: options.clone(),
            accounts,
            management,
            identities: Vec::new(),
            buckets: Vec::new(),
            keys: Vec::new(),
        };
        world.people(random);
        world.data(random);
        world
    }

    fn people(&mut self, random: &mut Random) {
        let kinds = [
            (true, "/", "alice"),
            (false, "/", "app"),
            (true, "/team/", "bob"),
            (false, "/team/", "batch"),
        ];
        for account in &self.accounts {
            let first = random.below(2);
            let many = 1 + random.below(kinds.len() - first);
            let kinds = kinds.iter().skip(first).take(many);
            self.identities.extend(kinds.map(|(user, path, name)| Identity {
                account: account.id.clone(),
                user: *user,
                path,
                name,
                tags: tags(random),
            }));
            if self.options.beyond_policies && random.chance(8) {
                self.identities.push(Identity {
                    account: account.id.clone(),
                    user: false,
                    path: "/aws-service-role/backup.amazonaws.com/",
                    name: "AWSServiceRoleForBackup",
                    tags: Vec::new(),
                });
            }
        }
    }

    fn data(&mut self, random: &mut Random) {
        for id in KEYS.iter().take(1 + random.below(KEYS.len())) {
            let Some(account) = random.pick(&self.accounts).map(|a| a.id.clone()) else { return };
            self.keys.push(Key {
                arn: format!("arn:aws:kms:{REGION}:{account}:key/{id}"),
                account,
                enabled: random.chance(93),
                managed_by_aws: self.options.beyond_policies && random.chance(6),
            });
        }
        for name in BUCKETS.iter().take(1 + random.below(BUCKETS.len())) {
            let Some(account) = random.pick(&self.accounts).map(|a| a.id.clone()) else { return };
            let encrypted = random.chance(60);
            self.buckets.push(Bucket {
                account,
                name,
                restricted: random.chance(30),
                key: encrypted.then(|| random.pick(&self.keys).map(|k| k.arn.clone())).flatten(),
                bucket_key: random.chance(50),
            });
        }
    }

    pub(super) fn estate(&self, random: &mut Random) -> Estate {
        let mut estate = Estate::new();
        for account in &self.accounts {
            let at = |file: &str| format!("aws/{}/{file}.json", account.id);
            estate.insert(at("account"), self.account(random, account));
            estate.insert(at("authorization-details"), self.iam(random, &account.id));
            estate.insert(at("buckets"), self.bucket_list(random, &account.id));
            estate.insert(at("keys"), self.key_list(random, &account.id));
        }
        if let Some(management) = &self.management {
            let organization = self.organization(random, management);
            estate.insert("aws/organization.json".to_owned(), organization);
        }
        estate
    }

    fn account(&self, random: &mut Random, account: &Account) -> Value {
        // A flag of the account counts for all its buckets: it is set where all of them are restricted anyway.
        let restricted =
            self.buckets.iter().filter(|b| b.account == account.id).all(|b| b.restricted);
        let mut file = json!({
            "AccountId": account.id,
            "PublicAccessBlock": block(random, restricted),
        });
        if account.parent.is_some()
            && let Some(object) = file.as_object_mut()
        {
            object.insert("OrganizationId".to_owned(), json!(ORGANIZATION));
        }
        file
    }

    fn iam(&self, random: &mut Random, account: &str) -> Value {
        let mut managed = Vec::new();
        let group = json!({
            "Path": "/",
            "GroupName": "team",
            "GroupId": format!("AGPATEAM{account}"),
            "Arn": format!("arn:aws:iam::{account}:group/team"),
            "GroupPolicyList": self.inline(random, 1),
            "AttachedManagedPolicies": self.attached(random, account, "group", &mut managed),
        });
        let own: Vec<&Identity> = self.identities.iter().filter(|i| i.account == account).collect();
        let mut list = |user: bool| -> Vec<Value> {
            let chosen = own.iter().filter(|i| i.user == user);
            chosen.map(|i| self.identity(random, i, &mut managed)).collect()
        };
        let (users, roles) = (list(true), list(false));
        json!({
            "UserDetailList": users,
            "GroupDetailList": [group],
            "RoleDetailList": roles,
            "Policies": managed,
        })
    }

    fn identity(
        &self,
        random: &mut Random,
        identity: &Identity,
        managed: &mut Vec<Value>,
    ) -> Value {
        let account = &identity.account;
        let tags: Vec<Value> =
            identity.tags.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect();
        let kind = if identity.user { "User" } else { "Role" };
        let mut value = json!({
            "Path": identity.path,
            format!("{kind}Name"): identity.name,
            format!("{kind}Id"): identity.id(),
            "Arn": identity.arn(),
            format!("{kind}PolicyList"): self.inline(random, 2),
            "AttachedManagedPolicies": self.attached(random, account, identity.name, managed),
            "Tags": tags,
        });
        let Some(object) = value.as_object_mut() else { return value };
        if identity.user {
            let groups = if random.chance(30) { json!(["team"]) } else { json!([]) };
            object.insert("GroupList".to_owned(), groups);
        } else {
            object.insert("AssumeRolePolicyDocument".to_owned(), json!({
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
            }));
        }
        if random.chance(30) && !identity.path.starts_with("/aws-service-role/") {
            let document = policy::document(random, self, &Place::Boundary);
            let policy = managed_policy(account, &format!("{}-boundary", identity.name), &document);
            object.insert(
                "PermissionsBoundary".to_owned(),
                json!({
                    "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": policy.get("Arn"),
                }),
            );
            managed.push(policy);
        }
        value
    }

    fn inline(&self, random: &mut Random, most: usize) -> Vec<Value> {
        (0..random.below(most + 1))
            .map(|i| {
                let place = Place::Identity;
                json!({"PolicyName": format!("inline-{i}"), "PolicyDocument": policy::document(random, self, &place)})
            })
            .collect()
    }

    fn attached(
        &self,
        random: &mut Random,
        account: &str,
        owner: &str,
        managed: &mut Vec<Value>,
    ) -> Vec<Value> {
        if !random.chance(75) {
            return Vec::new();
        }
        let document = policy::document(random, self, &Place::Identity);
        let policy = managed_policy(account, &format!("{owner}-rights"), &document);
        let reference =
            json!({"PolicyName": policy.get("PolicyName"), "PolicyArn": policy.get("Arn")});
        managed.push(policy);
        vec![reference]
    }

    fn bucket_list(&self, random: &mut Random, account: &str) -> Value {
        self.buckets
            .iter()
            .filter(|b| b.account == account)
            .map(|b| self.bucket(random, b))
            .collect()
    }

    fn bucket(&self, random: &mut Random, bucket: &Bucket) -> Value {
        let place = Place::Bucket { name: bucket.name, restricted: bucket.restricted };
        let policy = random.chance(80).then(|| policy::document(random, self, &place));
        let rule = match &bucket.key {
            Some(key) => json!({
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
                "BucketKeyEnabled": bucket.bucket_key,
            }),
            None => json!({
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                "BucketKeyEnabled": false,
            }),
        };
        let tags: Vec<Value> =
            tags(random).iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect();
        let status = if random.chance(50) { "Enabled" } else { "Disabled" };
        json!({
            "Name": bucket.name,
            "Region": REGION,
            "Policy": policy,
            "PublicAccessBlock": block(random, bucket.restricted),
            "Encryption": {"Rules": [rule]},
            "Acl": null,
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "Tags": tags,
            "Abac": {"Status": status},
            "AccessPoints": [],
        })
    }

    fn key_list(&self, random: &mut Random, account: &str) -> Value {
        let own = self.keys.iter().filter(|k| k.account == account);
        own.enumerate().map(|(number, key)| self.key(random, key, number)).collect()
    }

    /// `number`: its place among the keys of its account, where an alias names one key only.
    fn key(&self, random: &mut Random, key: &Key, number: usize) -> Value {
        let id = key.arn.rsplit('/').next().unwrap_or_default();
        let place = Place::Key { arn: key.arn.clone(), account: key.account.clone() };
        let policy = if key.managed_by_aws {
            policy::of_managed_key(&key.account)
        } else {
            policy::document(random, self, &place)
        };
        let state = if key.enabled { "Enabled" } else { random_state(random) };
        let alias = match number {
            _ if key.managed_by_aws => "alias/aws/s3".to_owned(),
            0 => "alias/ledger".to_owned(),
            1 => "alias/other".to_owned(),
            more => format!("alias/key-{more}"),
        };
        let grants = if self.options.beyond_policies && !key.managed_by_aws && random.chance(40) {
            (0..=random.below(2)).map(|i| self.grant(random, key, i)).collect()
        } else {
            Vec::new()
        };
        let tags: Vec<Value> =
            tags(random).iter().map(|(k, v)| json!({"TagKey": k, "TagValue": v})).collect();
        json!({
            "KeyMetadata": {
                "AWSAccountId": key.account,
                "KeyId": id,
                "Arn": key.arn,
                "Enabled": key.enabled,
                "KeyUsage": "ENCRYPT_DECRYPT",
                "KeyState": state,
                "Origin": "AWS_KMS",
                "KeyManager": if key.managed_by_aws { "AWS" } else { "CUSTOMER" },
                "KeySpec": "SYMMETRIC_DEFAULT",
                "MultiRegion": false,
            },
            "Policy": policy,
            "Grants": grants,
            "Aliases": [{
                "AliasName": alias,
                "AliasArn": format!("arn:aws:kms:{REGION}:{}:{alias}", key.account),
                "TargetKeyId": id,
            }],
            "Tags": tags,
        })
    }

    fn grant(&self, random: &mut Random, key: &Key, number: usize) -> Value {
        let grantee = random
            .pick(&self.identities)
            .map(|i| if !i.user && random.chance(20) { i.session("s1") } else { i.arn() });
        let operations = random
            .some(&["Decrypt", "GenerateDataKey", "Encrypt", "DescribeKey", "CreateGrant"], 3);
        let mut grant = json!({
            "KeyId": key.arn,
            "GrantId": format!("{number:064x}"),
            "GranteePrincipal": grantee,
            "IssuingAccount": format!("arn:aws:iam::{}:root", key.account),
            "Operations": operations,
        });
        if random.chance(50)
            && let Some(object) = grant.as_object_mut()
        {
            let kind = random.word(&["EncryptionContextSubset", "EncryptionContextEquals"]);
            object.insert("Constraints".to_owned(), json!({kind: self.encryption_context(random)}));
        }
        grant
    }

    fn encryption_context(&self, random: &mut Random) -> Value {
        let bucket = random.pick(&self.buckets).map_or("data", |b| b.name);
        match random.below(4) {
            0 => json!({"aws:s3:arn": format!("arn:aws:s3:::{bucket}")}),
            1 => json!({"aws:s3:arn": format!("arn:aws:s3:::{bucket}/a.txt")}),
            2 => json!({"purpose": "ledger"}),
            _ => json!({"aws:s3:arn": format!("arn:aws:s3:::{bucket}"), "purpose": "ledger"}),
        }
    }

    fn organization(&self, random: &mut Random, management: &str) -> Value {
        let account = |id: &str, parent: &str| json!({"Id": id, "Name": id, "Status": "ACTIVE", "ParentId": parent});
        let mut accounts: Vec<Value> =
            self.accounts.iter().filter_map(|a| a.parent.map(|p| account(&a.id, p))).collect();
        if management == MANAGEMENT {
            accounts.push(account(MANAGEMENT, ROOT));
        }
        let mut levels = vec![ROOT.to_owned(), UNIT.to_owned(), INNER_UNIT.to_owned()];
        levels.extend(accounts.iter().filter_map(|a| a.get("Id")?.as_str().map(str::to_owned)));
        json!({
            "Organization": {"Id": ORGANIZATION, "FeatureSet": "ALL", "MasterAccountId": management},
            "Roots": [{
                "Id": ROOT,
                "Name": "Root",
                "PolicyTypes": [
                    {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"},
                    {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"},
                ],
            }],
            "OrganizationalUnits": [
                {"Id": UNIT, "Name": "Workloads", "ParentId": ROOT},
                {"Id": INNER_UNIT, "Name": "Ledger", "ParentId": UNIT},
            ],
            "Accounts": accounts,
            "Policies": self.organization_policies(random, &levels),
        })
    }

    fn organization_policies(&self, random: &mut Random, levels: &[String]) -> Vec<Value> {
        let full = |principal: bool| {
            let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            if principal && let Some(object) = statement.as_object_mut() {
                object.insert("Principal".to_owned(), json!("*"));
            }
            json!({"Version": "2012-10-17", "Statement": [statement]})
        };
        // At a level without FullAWSAccess only what another policy allows is allowed.
        let open: Vec<String> = levels.iter().filter(|_| !random.chance(8)).cloned().collect();
        let mut policies = vec![
            organization_policy("p-FullAWSAccess", "SERVICE_CONTROL_POLICY", &full(false), &open),
            organization_policy(
                "p-RCPFullAWSAccess",
                "RESOURCE_CONTROL_POLICY",
                &full(true),
                levels,
            ),
        ];
        for (i, level) in levels.iter().enumerate() {
            if random.chance(20) || !open.contains(level) {
                let document = policy::document(random, self, &Place::Service);
                let id = format!("p-scp{i}");
                policies.push(organization_policy(
                    &id,
                    "SERVICE_CONTROL_POLICY",
                    &document,
                    std::slice::from_ref(level),
                ));
            }
            if random.chance(12) {
                let document = policy::document(random, self, &Place::ResourceControl);
                let id = format!("p-rcp{i}");
                policies.push(organization_policy(
                    &id,
                    "RESOURCE_CONTROL_POLICY",
                    &document,
                    std::slice::from_ref(level),
                ));
            }
        }
        policies
    }
}

fn organization_policy(id: &str, kind: &str, document: &Value, levels: &[String]) -> Value {
    let targets: Vec<Value> = levels.iter().map(|l| json!({"TargetId": l})).collect();
    json!({
        "PolicySummary": {"Id": id, "Name": id, "Type": kind, "AwsManaged": !id.contains("cp")},
        "Content": document,
        "Targets": targets,
    })
}

fn managed_policy(account: &str, name: &str, document: &Value) -> Value {
    json!({
        "PolicyName": name,
        "PolicyId": format!("ANPA{}{account}", name.to_uppercase().replace('-', "")),
        "Arn": format!("arn:aws:iam::{account}:policy/{name}"),
        "Path": "/",
        "DefaultVersionId": "v2",
        "PolicyVersionList": [
            {"VersionId": "v2", "IsDefaultVersion": true, "Document": document},
            {"VersionId": "v1", "IsDefaultVersion": false, "Document": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            }},
        ],
    })
}

fn block(random: &mut Random, restricted: bool) -> Value {
    if !restricted && random.chance(30) {
        return Value::Null;
    }
    json!({
        "BlockPublicAcls": random.chance(50),
        "IgnorePublicAcls": random.chance(50),
        "BlockPublicPolicy": random.chance(50),
        "RestrictPublicBuckets": restricted && random.chance(70),
    })
}

fn tags(random: &mut Random) -> Vec<(&'static str, String)> {
    let mut tags = Vec::new();
    if random.chance(65) {
        tags.push(("team", random.word(&["red", "blue", "alice"])));
    }
    if random.chance(30) {
        tags.push(("Stage", random.word(&["prod", "Prod", "test"])));
    }
    tags
}

fn random_state(random: &mut Random) -> &'static str {
    random.pick(&["Disabled", "PendingDeletion", "PendingImport"]).copied().unwrap_or("Disabled")
}
