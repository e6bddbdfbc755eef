//! Full resource names.

use std::fmt;
use std::sync::Arc;

/// A full resource name: `//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k`. A bucket is always
/// `//storage.googleapis.com/projects/_/buckets/b`, whichever of its spellings was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FullName(Arc<str>);

impl FullName {
    /// From a full name, as Asset Inventory or an event writes it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bucket = text
            .strip_prefix("//storage.googleapis.com/")
            .filter(|rest| !rest.contains('/') && !rest.is_empty());
        bucket.map_or_else(|| Self(text.into()), Self::bucket)
    }

    /// A bucket by its name.
    #[must_use]
    pub fn bucket(name: &str) -> Self {
        Self(format!("//storage.googleapis.com/projects/_/buckets/{name}").into())
    }

    /// A resource of a service by its relative name (`projects/p/…`).
    #[must_use]
    pub fn of(service: &str, relative: &str) -> Self {
        Self::new(&format!("//{service}/{}", relative.trim_start_matches('/')))
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without `//service/`.
    #[must_use]
    pub fn relative(&self) -> &str {
        self.0
            .strip_prefix("//")
            .and_then(|rest| rest.split_once('/'))
            .map_or(&*self.0, |(_, relative)| relative)
    }

    /// The service that it belongs to (`storage.googleapis.com`).
    #[must_use]
    pub fn service(&self) -> &str {
        self.0.strip_prefix("//").and_then(|rest| rest.split('/').next()).unwrap_or_default()
    }

    /// The segment after `collection`: `segment("cryptoKeys")` is the key's name.
    #[must_use]
    pub fn segment(&self, collection: &str) -> Option<&str> {
        let mut parts = self.relative().split('/');
        parts.find(|p| *p == collection)?;
        parts.next()
    }

    /// The last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The name up to and including a collection's segment: the key of a key version, the ring of a key.
    #[must_use]
    pub fn up_to(&self, collection: &str) -> Option<Self> {
        let marker = format!("/{collection}/");
        let start = self.0.find(&marker)? + marker.len();
        let end = self.0.get(start..)?.find('/').map_or(self.0.len(), |i| start + i);
        self.0.get(..end).map(|t| Self(t.into()))
    }
}

impl fmt::Display for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_bucket_are_one_name() {
        assert_eq!(FullName::new("//storage.googleapis.com/b"), FullName::bucket("b"));
        assert_eq!(
            FullName::of("storage.googleapis.com", "projects/_/buckets/b"),
            FullName::bucket("b")
        );
    }

    #[test]
    fn parts_of_a_key_version() {
        let v = FullName::of(
            "cloudkms.googleapis.com",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
        );
        assert_eq!(v.segment("keyRings"), Some("r"));
        assert_eq!(v.up_to("cryptoKeys").map(|k| k.name().to_owned()), Some("k".to_owned()));
        assert_eq!(v.service(), "cloudkms.googleapis.com");
    }
}
