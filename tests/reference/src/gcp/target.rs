//! What a request is made on, and what stands above it.

use super::{Estate, asset, assets, canonical, text};

/// What conditions see of it: `iam/docs/conditions-resource-attributes`.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Full name.
    pub(super) full: String,
    /// `resource.name`, where the resource type provides it.
    pub(super) name: Option<String>,
    pub(super) kind: &'static str,
    pub(super) service: &'static str,
    /// The resources whose allow policies count.
    pub(super) chain: Vec<String>,
}

impl Target {
    pub(super) fn of(estate: &Estate, full: &str) -> Self {
        let relative = full.strip_prefix("//").and_then(|f| f.split_once('/')).map(|(_, r)| r);
        let (kind, service) = if full.contains("/serviceAccounts/") {
            ("iam.googleapis.com/ServiceAccount", "iam.googleapis.com")
        } else if full.contains("/cryptoKeys/") {
            ("cloudkms.googleapis.com/CryptoKey", "cloudkms.googleapis.com")
        } else if full.contains("/objects/") {
            ("storage.googleapis.com/Object", "storage.googleapis.com")
        } else {
            ("storage.googleapis.com/Bucket", "storage.googleapis.com")
        };
        // `iam/docs/conditions-attribute-reference`: "IAM resources don't provide the resource name".
        let named = kind != "iam.googleapis.com/ServiceAccount";
        let mut target = Self {
            full: full.to_owned(),
            name: relative.filter(|_| named).map(str::to_owned),
            kind,
            service,
            chain: Vec::new(),
        };
        target.chain = chain(estate, &target);
        target
    }

    /// The bucket of a bucket or object.
    pub(super) fn bucket(&self) -> Option<&str> {
        let rest = self.full.strip_prefix("//storage.googleapis.com/projects/_/buckets/")?;
        let end = self.full.len() - rest.len() + rest.find('/').unwrap_or(rest.len());
        self.full.get(..end)
    }

    /// The object's name within its bucket.
    fn object(&self) -> Option<&str> {
        self.full.strip_prefix(self.bucket()?)?.strip_prefix("/objects/")
    }
}

/// The resources whose allow policies count: `iam/docs/resource-hierarchy-access-control`, the resource and all above it;
/// `storage/docs/managed-folders`: those that are a prefix of the object's name, "applied additively", in buckets with
/// uniform bucket-level access.
fn chain(estate: &Estate, target: &Target) -> Vec<String> {
    let start = target.bucket().unwrap_or(&target.full).to_owned();
    let mut chain = Vec::new();
    if let (Some(bucket), Some(object)) = (target.bucket(), target.object()) {
        let folders = format!("{bucket}/managedFolders/");
        for name in assets(estate).map(|a| canonical(text(a, "/name")).into_owned()) {
            let within = name.strip_prefix(&folders).is_some_and(|f| object.starts_with(f));
            if within && !chain.contains(&name) {
                chain.push(name);
            }
        }
    }
    chain.extend(above(estate, start));
    chain
}

/// A resource and all above it.
fn above(estate: &Estate, name: String) -> Vec<String> {
    let mut chain = vec![name];
    while let Some(parent) = chain
        .last()
        .and_then(|name| asset(estate, name))
        .map(|a| canonical(text(a, "/resource/parent")).into_owned())
        .filter(|p| !p.is_empty() && !chain.contains(p))
    {
        chain.push(parent);
    }
    chain
}
