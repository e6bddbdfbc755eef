//! What an edit can touch, how far principals stand from resources, and what protects a resource.

mod aws;
mod azure;
mod gcp;

use super::{Decrypts, decrypts};
use crate::change::Edit;
use crate::estate::Estate;
use crate::model::aws::Arn;
use crate::model::azure::ArmId;
use crate::model::gcp::FullName;
use crate::model::{Cloud, Principal, Reach, Resource, ResourceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Principals and resources that an edit can touch: each principal of a block with each resource of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slice {
    pairs: BTreeMap<Resource, BTreeSet<Principal>>,
}

impl Slice {
    /// Adds every principal with every resource.
    pub(crate) fn add(
        &mut self,
        principals: &BTreeSet<Principal>,
        resources: impl IntoIterator<Item = Resource>,
    ) {
        for resource in resources {
            self.pairs.entry(resource).or_default().extend(principals.iter().cloned());
        }
    }

    /// Keeps the pairs that a test lets pass.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Resource, &Principal) -> bool) {
        for (resource, principals) in &mut self.pairs {
            principals.retain(|principal| keep(resource, principal));
        }
        self.pairs.retain(|_, principals| !principals.is_empty());
    }

    /// Adds all of another slice.
    pub fn join(&mut self, other: Self) {
        for (resource, principals) in other.pairs {
            self.pairs.entry(resource).or_default().extend(principals);
        }
    }

    /// All pairs, by resource.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, &Principal)> {
        self.pairs
            .iter()
            .flat_map(|(resource, principals)| principals.iter().map(move |p| (resource, p)))
    }

    /// The principals of each resource.
    pub(crate) fn by_resource(&self) -> impl Iterator<Item = (&Resource, &BTreeSet<Principal>)> {
        self.pairs.iter()
    }

    /// The resources.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.pairs.keys()
    }
}

/// What an edit can touch in this state of the estate. Called on the state before and on the state after, since an edit
/// may bring in or take away principals.
#[must_use]
pub fn slice(estate: &Estate, edit: &Edit) -> Slice {
    let mut slice = Slice::default();
    match edit {
        Edit::Aws(edit) => aws::slice(&estate.aws, edit, &mut slice),
        Edit::Azure(edit) => azure::slice(&estate.azure, edit, &mut slice),
        Edit::Gcp(edit) => gcp::slice(&estate.gcp, edit, &mut slice),
    }
    slice
}

/// Every resource with everybody who may have access to it: for bulk questions, not for judging a change.
#[must_use]
pub fn everything(estate: &Estate) -> Slice {
    let mut slice = Slice::default();
    for resource in resources(estate) {
        slice.add(&candidates(estate, &resource), [resource]);
    }
    slice
}

/// All stores and keys.
pub fn resources(estate: &Estate) -> impl Iterator<Item = Resource> {
    aws::resources(&estate.aws)
        .chain(azure::resources(&estate.azure))
        .chain(gcp::resources(&estate.gcp))
}

/// Whether a store or key is listed.
pub(super) fn is_listed(estate: &Estate, resource: &Resource) -> bool {
    match resource.cloud {
        Cloud::Aws => match resource.kind {
            ResourceKind::Store => super::aws::bucket(&estate.aws, resource).is_some(),
            ResourceKind::Key => {
                Arn::parse(resource.name()).is_ok_and(|arn| estate.aws.keys.contains_key(&arn))
            }
        },
        Cloud::Azure => estate.azure.resources.contains_key(&ArmId::new(resource.name())),
        Cloud::Gcp => estate.gcp.assets.contains_key(&FullName::new(resource.name())),
    }
}

/// The customer-managed keys that may encrypt what is in a store, as far as they can be told.
#[must_use]
pub fn keys_of(estate: &Estate, store: &Resource) -> BTreeSet<Resource> {
    match store.cloud {
        Cloud::Aws => aws::keys_of_store(&estate.aws, store),
        Cloud::Azure => azure::keys_of_store(&estate.azure, store),
        Cloud::Gcp => gcp::keys_of_store(&estate.gcp, store),
    }
}

/// Everybody who may have access to a resource, as far as the estate names them.
#[must_use]
pub fn candidates(estate: &Estate, resource: &Resource) -> BTreeSet<Principal> {
    match resource.cloud {
        Cloud::Aws => aws::candidates(&estate.aws, resource),
        Cloud::Azure => azure::candidates(&estate.azure, &ArmId::new(resource.name())),
        Cloud::Gcp => gcp::candidates(&estate.gcp, &FullName::new(resource.name())),
    }
}

/// How far a principal stands from the owner of a resource.
#[must_use]
pub fn reach(estate: &Estate, principal: &Principal, resource: &Resource) -> Reach {
    match (principal, resource.cloud) {
        (Principal::Public | Principal::AnyAuthenticated, _) => Reach::Public,
        (Principal::Named(_), Cloud::Aws) => aws::reach(&estate.aws, principal, resource),
        // Object ids are the tenant's own; the estate does not say which are guests.
        (Principal::Named(_), Cloud::Azure) => Reach::Internal,
        (Principal::Named(member), Cloud::Gcp) => gcp::reach(&estate.gcp, member, resource),
    }
}

/// What protects a resource, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protection {
    /// Whether a customer-managed key encrypts it (or, for a key, whether it is one). When it cannot be told: yes.
    pub customer_key: bool,
    /// Whether a tag, a label or the name marks the data as sensitive.
    pub sensitive: bool,
}

impl Protection {
    /// Before or after: what either says counts.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            customer_key: self.customer_key || other.customer_key,
            sensitive: self.sensitive || other.sensitive,
        }
    }
}

/// The protection of a resource.
#[must_use]
pub fn protection(estate: &Estate, resource: &Resource) -> Protection {
    let tags = match resource.cloud {
        Cloud::Aws => aws::tags(&estate.aws, resource),
        Cloud::Azure => azure::tags(&estate.azure, resource),
        Cloud::Gcp => gcp::tags(&estate.gcp, resource),
    };
    let customer_key = match (resource.kind, resource.cloud) {
        (ResourceKind::Key, _) => true,
        // SSE-KMS with aws/s3 has no customer's key behind it.
        (ResourceKind::Store, Cloud::Aws) => aws::has_customer_key(&estate.aws, resource),
        (ResourceKind::Store, Cloud::Azure | Cloud::Gcp) => match decrypts(estate, resource) {
            Decrypts::AsCaller | Decrypts::AsService(_) | Decrypts::Unknown => true,
            Decrypts::ProviderKey => false,
        },
    };
    let sensitive = tags.iter().any(|(name, value)| marks_sensitive(name, value))
        || names_sensitive(resource.name());
    Protection { customer_key, sensitive }
}

/// Words by which people mark data as sensitive, in the value of a tag or, for a tag that says yes, in its name.
fn marks_sensitive(name: &str, value: &str) -> bool {
    const WORDS: [&str; 9] = [
        "confidential",
        "restricted",
        "secret",
        "sensitive",
        "pii",
        "phi",
        "pci",
        "personal",
        "gdpr",
    ];
    let says = |text: &str| {
        let lower = text.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
    };
    let affirmed = matches!(value.to_lowercase().as_str(), "true" | "yes" | "1" | "high");
    // `secret` as a word of a value is common in names of secrets; a classification stands alone or with one more word.
    says(value) || affirmed && says(name)
}

/// Whether a resource is named after people's pay, health or identity. Untagged stores are common, and a bucket called
/// `payroll-exports` is no less sensitive for it; the last part of the name alone is looked at.
fn names_sensitive(resource: &str) -> bool {
    const WORDS: [&str; 14] = [
        "payroll",
        "salary",
        "salaries",
        "payslip",
        "payslips",
        "medical",
        "patient",
        "patients",
        "pii",
        "phi",
        "pci",
        "confidential",
        "ssn",
        "passports",
    ];
    let name = resource.rsplit(['/', ':']).next().unwrap_or_default().to_lowercase();
    name.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

type Tags = BTreeMap<Arc<str>, Arc<str>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_mark_sensitive_data() {
        assert!(marks_sensitive("data", "confidential"));
        assert!(marks_sensitive("classification", "Highly-Confidential"));
        assert!(marks_sensitive("pii", "true"));
        assert!(!marks_sensitive("pii", "false"));
        assert!(!marks_sensitive("team", "secretariat"));
    }

    #[test]
    fn names_that_mark_sensitive_data() {
        assert!(names_sensitive("arn:aws:s3:::payroll-exports"));
        assert!(!names_sensitive("arn:aws:s3:::app-config"));
        assert!(!names_sensitive(
            "/subscriptions/s/resourceGroups/payroll/providers/Microsoft.Storage/storageAccounts/stlogs"
        ));
    }
}
