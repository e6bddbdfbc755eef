//! What: a store of objects, or a key, named as the estate names it.

use super::{Access, Cloud};
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What kind of resource access is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A bucket, a storage account or a container.
    Store,
    /// An encryption key.
    Key,
}

impl ResourceKind {
    /// The kinds of access that such a resource has.
    #[must_use]
    pub const fn accesses(self) -> &'static [Access] {
        match self {
            Self::Store => &Access::STORE,
            Self::Key => &Access::KEY,
        }
    }
}

/// A store or key by name: an AWS ARN, an ARM resource id or a GCP full resource name. ARM ids are compared without
/// case, as ARM does; the name is shown as the estate has it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its cloud.
    pub cloud: Cloud,
    /// Store or key.
    pub kind: ResourceKind,
    name: Arc<str>,
    folded: Arc<str>,
}

impl Resource {
    /// A store.
    pub fn store(cloud: Cloud, name: impl Into<Arc<str>>) -> Self {
        Self::new(cloud, ResourceKind::Store, name.into())
    }

    /// A key.
    pub fn key(cloud: Cloud, name: impl Into<Arc<str>>) -> Self {
        Self::new(cloud, ResourceKind::Key, name.into())
    }

    /// A store or key by its name alone, in the vocabulary of the command line; `None` for a name that is neither an ARN, an ARM id
    /// nor a full resource name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let cloud = if name.starts_with("arn:") {
            Cloud::Aws
        } else if name.starts_with("//") {
            Cloud::Gcp
        } else if name.starts_with('/') {
            Cloud::Azure
        } else {
            return None;
        };
        let lower = name.to_lowercase();
        let key = match cloud {
            Cloud::Aws => lower.split(':').nth(2) == Some("kms"),
            Cloud::Azure => lower.contains("/providers/microsoft.keyvault/"),
            Cloud::Gcp => lower.contains("/cryptokeys/"),
        };
        Some(if key { Self::key(cloud, name) } else { Self::store(cloud, name) })
    }

    fn new(cloud: Cloud, kind: ResourceKind, name: Arc<str>) -> Self {
        let folded = match cloud {
            Cloud::Azure if name.chars().any(char::is_uppercase) => name.to_lowercase().into(),
            Cloud::Azure | Cloud::Aws | Cloud::Gcp => name.clone(),
        };
        Self { cloud, kind, name, folded }
    }

    /// The name as the estate has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn comparable(&self) -> (Cloud, ResourceKind, &str) {
        (self.cloud, self.kind, &self.folded)
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.comparable() == other.comparable()
    }
}

impl Eq for Resource {}

impl PartialOrd for Resource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Resource {
    fn cmp(&self, other: &Self) -> Ordering {
        self.comparable().cmp(&other.comparable())
    }
}

impl Hash for Resource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.comparable().hash(state);
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}
