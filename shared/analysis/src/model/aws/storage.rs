//! Buckets and keys in the shapes of the S3 and KMS APIs.

use super::{Arn, Document};
use crate::model::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A bucket and what decides about access to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: Arc<str>,
    /// Its region; empty when not known.
    pub region: Arc<str>,
    /// The bucket policy. `None` inside: there is none. Outer `None`: not known.
    pub policy: Option<Option<Document>>,
    /// Block Public Access of the bucket.
    pub block: Option<PublicAccessBlock>,
    /// Default encryption, now and formerly.
    pub encryption: Option<BucketEncryption>,
    /// The bucket's ACL.
    pub acl: Option<Acl>,
    /// Object ownership.
    pub ownership: Option<Ownership>,
    /// Tags.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// Whether attribute-based access control is enabled, so that tags count in conditions; `None` when not known.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html>
    pub abac: Option<bool>,
    /// Access points of the bucket.
    pub access_points: BTreeMap<Arc<str>, AccessPoint>,
}

impl Bucket {
    /// A bucket of which nothing is known but the name.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self {
            name: name.into(),
            region: "".into(),
            policy: None,
            block: None,
            encryption: None,
            acl: None,
            ownership: None,
            tags: BTreeMap::new(),
            abac: None,
            access_points: BTreeMap::new(),
        }
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> Arn {
        match partition(&self.region) {
            "aws" => Arn::bucket(&self.name),
            partition => Arn::parse(&format!("arn:{partition}:s3:::{}", self.name))
                .unwrap_or_else(|_| Arn::bucket(&self.name)),
        }
    }
}

/// The partition of a region.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[must_use]
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else if region.starts_with("cn-") {
        "aws-cn"
    } else {
        "aws"
    }
}

/// The four flags of Block Public Access. Absent flags are false, as S3 has it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the API's own four independent flags")]
pub struct PublicAccessBlock {
    /// New public ACLs are refused.
    pub block_public_acls: bool,
    /// Public ACLs have no effect.
    pub ignore_public_acls: bool,
    /// New public policies are refused.
    pub block_public_policy: bool,
    /// A public policy admits the owner's account and AWS services only.
    pub restrict_public_buckets: bool,
}
impl PublicAccessBlock {
    /// Whether every flag of `earlier` is still on.
    #[must_use]
    pub const fn holds(self, earlier: Self) -> bool {
        (self.block_public_acls || !earlier.block_public_acls)
            && (self.ignore_public_acls || !earlier.ignore_public_acls)
            && (self.block_public_policy || !earlier.block_public_policy)
            && (self.restrict_public_buckets || !earlier.restrict_public_buckets)
    }
}

/// How objects are encrypted at rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encryption {
    /// SSE-S3: S3 decrypts for whoever may get the object.
    S3Managed,
    /// SSE-KMS with the AWS-managed key `aws/s3`.
    AwsManagedKey,
    /// SSE-KMS or DSSE-KMS with a key by ARN, id or alias, as it was written.
    Kms {
        /// Key ARN, key id, alias name or alias ARN.
        key: Arc<str>,
        /// Dual-layer encryption (`aws:kms:dsse`).
        dual_layer: bool,
        /// Whether a bucket key is used; `None` when not said.
        bucket_key: Option<bool>,
    },
}

/// The default encryption of a bucket: what new objects get, and what earlier objects may still have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEncryption {
    /// What new objects get.
    pub current: Encryption,
    /// What the default was before, as far as known: objects already stored keep their key.
    pub former: BTreeSet<Encryption>,
}

impl BucketEncryption {
    /// A default that was never another.
    #[must_use]
    pub const fn only(current: Encryption) -> Self {
        Self { current, former: BTreeSet::new() }
    }

    /// The default, formerly and now.
    pub fn all(&self) -> impl Iterator<Item = &Encryption> {
        self.former.iter().chain([&self.current])
    }

    /// What names the keys of all of them: ARNs, ids, aliases.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all().filter_map(|encryption| match encryption {
            Encryption::Kms { key, .. } => Some(key),
            Encryption::S3Managed | Encryption::AwsManagedKey => None,
        })
    }

    /// The state after the default was changed to `next`.
    #[must_use]
    pub fn changed_to(&self, next: Encryption) -> Self {
        let mut former = self.former.clone();
        if self.current != next {
            former.insert(self.current.clone());
        }
        former.remove(&next);
        Self { current: next, former }
    }
}

/// Who owns new objects, and so whether ACLs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ownership {
    /// ACLs are off.
    BucketOwnerEnforced,
    /// ACLs count.
    BucketOwnerPreferred,
    /// ACLs count.
    ObjectWriter,
}

impl Ownership {
    /// The word of the S3 API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BucketOwnerEnforced => "BucketOwnerEnforced",
            Self::BucketOwnerPreferred => "BucketOwnerPreferred",
            Self::ObjectWriter => "ObjectWriter",
        }
    }
}

/// A bucket's access control list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acl {
    /// Canonical user id of the owner.
    pub owner: Option<Arc<str>>,
    /// Its grants.
    pub grants: Vec<AclGrant>,
}

/// One grant of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclGrant {
    /// To whom.
    pub grantee: AclGrantee,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: Arc<str>,
}

/// The grantee of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AclGrantee {
    /// The group AllUsers.
    AllUsers,
    /// The group AuthenticatedUsers.
    AuthenticatedUsers,
    /// An account by canonical user id.
    CanonicalUser(Arc<str>),
    /// Log delivery, or an account by e-mail address: nobody that reads.
    Other(Arc<str>),
}

/// An access point of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// Its ARN (`arn:aws:s3:region:account:accesspoint/name`).
    pub arn: Arn,
    /// Whether it takes requests from one VPC only.
    pub vpc_only: bool,
    /// Its policy; outer `None`: not known.
    pub policy: Option<Option<Document>>,
    /// Its Block Public Access.
    pub block: Option<PublicAccessBlock>,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its ARN.
    pub arn: Arn,
    /// Its state; `None` when not known.
    pub state: Option<KeyState>,
    /// Whether AWS manages it.
    pub aws_managed: bool,
    /// The key policy; `None` when not known.
    pub policy: Option<Document>,
    /// Grants by id, as far as known.
    pub grants: BTreeMap<Arc<str>, KmsGrant>,
    /// Whether those are all grants.
    pub grants_known: bool,
    /// Whether automatic rotation is on; `None` when not known.
    pub rotation: Option<bool>,
    /// Tags.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl Key {
    /// A key of which nothing is known but the ARN.
    #[must_use]
    pub const fn unknown(arn: Arn) -> Self {
        Self {
            arn,
            state: None,
            aws_managed: false,
            policy: None,
            grants: BTreeMap::new(),
            grants_known: false,
            rotation: None,
            tags: BTreeMap::new(),
        }
    }
}

/// The state of a KMS key.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Usable by nobody until it is enabled.
    Disabled,
    /// Usable by nobody; gone when the window ends.
    PendingDeletion,
    /// No key material.
    PendingImport,
    /// Any other state, in which nothing can be decrypted (creating, updating, unavailable).
    Unavailable,
}

impl KeyState {
    /// Reads the state's name as KMS writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Enabled" => Some(Self::Enabled),
            "Disabled" => Some(Self::Disabled),
            "PendingDeletion" | "PendingReplicaDeletion" => Some(Self::PendingDeletion),
            "PendingImport" => Some(Self::PendingImport),
            "Creating" | "Updating" | "Unavailable" => Some(Self::Unavailable),
            _ => None,
        }
    }

    /// The state's name as KMS writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::PendingImport => "PendingImport",
            Self::Unavailable => "Unavailable",
        }
    }
}

/// A KMS grant: an allow of its own, whatever the key policy says.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsGrant {
    /// Its id.
    pub id: Arc<str>,
    /// Who is allowed: an ARN, an account, or an AWS service's own principal.
    pub grantee: Arc<str>,
    /// The allowed operations, as the API writes them (`Decrypt`).
    pub operations: BTreeSet<Arc<str>>,
    /// Encryption context constraints; empty when there are none.
    pub constraints: Vec<Constraint>,
    /// Who may retire it.
    pub retiring: Option<Arc<str>>,
    /// Whether an AWS service made it for its own use of the key.
    pub for_service: bool,
}

/// A constraint of a grant on the encryption context.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constraint {
    /// `EncryptionContextEquals`: exactly these pairs; else `EncryptionContextSubset`: at least these.
    pub exact: bool,
    /// Pairs of the encryption context.
    pub pairs: BTreeMap<Arc<str>, Arc<str>>,
}

impl Constraint {
    /// Reads the `constraints` of a grant, in the API's or in CloudTrail's spelling.
    #[must_use]
    pub fn parse(constraints: &Value) -> Vec<Self> {
        let pairs = |value: &Value| {
            let pairs = value.as_object().into_iter().flatten();
            pairs.filter_map(|(k, v)| Some((k.as_str().into(), v.as_str()?.into()))).collect()
        };
        let constraints = constraints.as_object().into_iter().flatten();
        constraints
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| Self {
                // What is neither is taken for the narrower one.
                exact: !name.eq_ignore_ascii_case("EncryptionContextSubset"),
                pairs: pairs(value),
            })
            .collect()
    }
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.exact {
            "EncryptionContextEquals {"
        } else {
            "EncryptionContextSubset {"
        })?;
        for (i, (key, value)) in self.pairs.iter().enumerate() {
            write!(f, "{}{key}: {value}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}

impl KmsGrant {
    /// Whether the grantee is an AWS service's own infrastructure: a service name, a service-linked role, or a principal
    /// of the form `<account>:aws:<service>-infrastructure:<resource>` that no person can be.
    #[must_use]
    pub fn grantee_is_service(grantee: &str) -> bool {
        grantee.ends_with(".amazonaws.com")
            || grantee.contains(":aws:") && !grantee.starts_with("arn:")
            || grantee.contains(":role/aws-service-role/")
            // ListGrants shows the same principal as a session of a role that no account has.
            || grantee.contains(":assumed-role/aws:")
    }
}

impl Encryption {
    /// Reads one rule of a server-side encryption configuration.
    #[must_use]
    pub fn of_rule(rule: &Value) -> Option<Self> {
        let default = rule.get("ApplyServerSideEncryptionByDefault")?;
        let bucket_key = rule.get("BucketKeyEnabled").and_then(json::boolean);
        match json::text(default, "SSEAlgorithm")? {
            "AES256" => Some(Self::S3Managed),
            algorithm @ ("aws:kms" | "aws:kms:dsse") => {
                Some(match json::text(default, "KMSMasterKeyID") {
                    None => Self::AwsManagedKey,
                    Some(key) if key.ends_with("alias/aws/s3") => Self::AwsManagedKey,
                    Some(key) => Self::Kms {
                        key: key.into(),
                        dual_layer: algorithm == "aws:kms:dsse",
                        bucket_key,
                    },
                })
            }
            _ => None,
        }
    }
}

impl Acl {
    /// Reads an access control policy in the API's XML-as-JSON or JSON shape.
    #[must_use]
    pub fn parse(policy: &Value) -> Option<Self> {
        let owner = policy.get("Owner").and_then(|o| json::text(o, "ID")).map(Into::into);
        let list = json::first(policy, &["AccessControlList", "Grants"]);
        let grants = match list {
            Some(Value::Object(wrapped)) => {
                wrapped.get("Grant").map(json::list).unwrap_or_default()
            }
            Some(list) => json::list(list),
            None => Vec::new(),
        };
        let grants = grants.into_iter().map(AclGrant::parse).collect::<Option<Vec<_>>>()?;
        Some(Self { owner, grants })
    }
}

impl AclGrant {
    fn parse(grant: &Value) -> Option<Self> {
        let grantee = grant.get("Grantee")?;
        let grantee = match (json::text(grantee, "URI"), json::text(grantee, "ID")) {
            (Some(uri), _) => AclGrantee::of_group(uri),
            (None, Some(id)) => AclGrantee::CanonicalUser(id.into()),
            (None, None) => {
                AclGrantee::Other(json::text(grantee, "EmailAddress").unwrap_or_default().into())
            }
        };
        Some(Self { grantee, permission: json::text(grant, "Permission")?.into() })
    }
}

impl AclGrantee {
    /// The predefined group of a URI.
    #[must_use]
    pub fn of_group(uri: &str) -> Self {
        match uri.rsplit('/').next() {
            Some("AllUsers") => Self::AllUsers,
            Some("AuthenticatedUsers") => Self::AuthenticatedUsers,
            Some(_) | None => Self::Other(uri.into()),
        }
    }
}
