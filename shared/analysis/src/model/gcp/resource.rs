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
    /// Default keys that the bucket had before, as far as known: objects already stored keep their key.
    pub former_keys: Vec<FullName>,
    /// Whether an IP filter lets in less than everybody.
    pub ip_filtered: bool,
    /// Uniform bucket-level access: ACLs do not count. `None` when not said.
    pub uniform_access: Option<bool>,
    /// Public access prevention enforced on the bucket itself. `None` when not said.
    pub public_access_prevented: Option<bool>,
}

/// A tag of a resource, by its names and permanent ids.
/// <https://cloud.google.com/resource-manager/docs/tags/tags-overview>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Tag {
    /// Namespaced name of the key (`123456789012/env`).
    pub key: Arc<str>,
    /// `tagKeys/…`.
    pub key_id: Arc<str>,
    /// Short name of the value (`prod`).
    pub value: Arc<str>,
    /// `tagValues/…`.
    pub value_id: Arc<str>,
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

    /// Whether it is disabled: a service account that cannot authenticate.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.data.get("disabled").and_then(json::boolean) == Some(true)
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
        let former = self.data.get("encryption").and_then(|e| e.get("formerKmsKeyNames"));
        let former = former.map(json::list).unwrap_or_default();
        let filter = self.data.get("ipFilter").and_then(|f| json::text(f, "mode"));
        Bucket {
            project_number: self.data.get("projectNumber").and_then(|n| match n {
                Value::Number(n) => Some(n.to_string().into()),
                Value::String(s) => Some(s.as_str().into()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            }),
            default_key: key.map(|k| FullName::of("cloudkms.googleapis.com", k)),
            former_keys: former
                .into_iter()
                .filter_map(|k| Some(FullName::of("cloudkms.googleapis.com", k.as_str()?)))
                .collect(),
            ip_filtered: filter.is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")),
            uniform_access: uniform.and_then(|u| u.get("enabled")).and_then(json::boolean),
            public_access_prevented: prevention.map(|p| p.eq_ignore_ascii_case("enforced")),
        }
    }
}
