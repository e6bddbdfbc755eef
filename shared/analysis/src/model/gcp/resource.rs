//! Assets as Cloud Asset Inventory exports them, with typed views of those that decide about access.

use super::FullName;
use crate::model::json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A resource with its place in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its name.
    pub name: FullName,
    /// Its type (`storage.googleapis.com/Bucket`).
    pub asset_type: Arc<str>,
    /// Its parent.
    pub parent: Option<FullName>,
    /// `resource.data`.
    pub data: Arc<Value>,
}

/// The types that keyfence reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssetKind {
    /// An organisation.
    Organization,
    /// A folder.
    Folder,
    /// A project.
    Project,
    /// A bucket.
    Bucket,
    /// A managed folder.
    ManagedFolder,
    /// A key ring.
    KeyRing,
    /// A key.
    CryptoKey,
    /// A version of a key.
    CryptoKeyVersion,
    /// A service account.
    ServiceAccount,
    /// Anything else.
    Other,
}

/// What a bucket says about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Number of its project.
    pub project_number: Option<Arc<str>>,
    /// The default key; objects may have others.
    pub default_key: Option<FullName>,
    /// Uniform bucket-level access: ACLs do not count. `None` when not said.
    pub uniform_access: Option<bool>,
    /// Public access prevention enforced on the bucket itself. `None` when not said.
    pub public_access_prevented: Option<bool>,
}

/// The state of a key version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyVersionState {
    /// Usable.
    Enabled,
    /// Not usable until enabled.
    Disabled,
    /// Will be destroyed; not usable.
    DestroyScheduled,
    /// Gone.
    Destroyed,
    /// Not usable (pending generation, import failed, …).
    Other,
}

impl KeyVersionState {
    /// Reads the state as Cloud KMS writes it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "ENABLED" => Self::Enabled,
            "DISABLED" => Self::Disabled,
            "DESTROY_SCHEDULED" => Self::DestroyScheduled,
            "DESTROYED" => Self::Destroyed,
            _ => Self::Other,
        }
    }
}

impl Asset {
    /// Which of the types that keyfence reads.
    #[must_use]
    pub fn kind(&self) -> AssetKind {
        match &*self.asset_type {
            "cloudresourcemanager.googleapis.com/Organization" => AssetKind::Organization,
            "cloudresourcemanager.googleapis.com/Folder" => AssetKind::Folder,
            "cloudresourcemanager.googleapis.com/Project" => AssetKind::Project,
            "storage.googleapis.com/Bucket" => AssetKind::Bucket,
            "storage.googleapis.com/ManagedFolder" => AssetKind::ManagedFolder,
            "cloudkms.googleapis.com/KeyRing" => AssetKind::KeyRing,
            "cloudkms.googleapis.com/CryptoKey" => AssetKind::CryptoKey,
            "cloudkms.googleapis.com/CryptoKeyVersion" => AssetKind::CryptoKeyVersion,
            "iam.googleapis.com/ServiceAccount" => AssetKind::ServiceAccount,
            _ => AssetKind::Other,
        }
    }

    /// A string of the data.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key)?.as_str()
    }

    /// The labels.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let object = self.data.get("labels").and_then(Value::as_object);
        object
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.as_str().into(), v.as_str()?.into())))
            .collect()
    }

    /// The view of a bucket.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        let iam = self.data.get("iamConfiguration");
        let uniform = iam
            .and_then(|c| c.get("uniformBucketLevelAccess").or_else(|| c.get("bucketPolicyOnly")));
        let prevention = iam.and_then(|c| c.get("publicAccessPrevention")).and_then(Value::as_str);
        let key = self.data.get("encryption").and_then(|e| json::text(e, "defaultKmsKeyName"));
        Bucket {
            project_number: self.data.get("projectNumber").and_then(|n| match n {
                Value::Number(n) => Some(n.to_string().into()),
                Value::String(s) => Some(s.as_str().into()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            }),
            default_key: key.map(|k| FullName::of("cloudkms.googleapis.com", k)),
            uniform_access: uniform.and_then(|u| u.get("enabled")).and_then(json::boolean),
            public_access_prevented: prevention.map(|p| p.eq_ignore_ascii_case("enforced")),
        }
    }
}
