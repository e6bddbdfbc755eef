//! ARM resource ids and scopes.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An ARM resource id or scope. Compared without case; shown as written. `/` is the root scope of a tenant.
#[derive(Debug, Clone)]
pub struct ArmId {
    text: Arc<str>,
    folded: Arc<str>,
}

impl ArmId {
    /// Any text: ids in events are often damaged, and a damaged id is still a name.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let trimmed = text.trim();
        let trimmed = if trimmed.len() > 1 { trimmed.trim_end_matches('/') } else { trimmed };
        Self { text: trimmed.into(), folded: trimmed.to_lowercase().into() }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In lower case.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The last segment, as written.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The resource without its last type and name: `…/containers/c` -> `…`; for an extension resource
    /// (`…/providers/Microsoft.Authorization/roleAssignments/x`) the scope that it stands on.
    #[must_use]
    pub fn scope_of_extension(&self) -> Option<Self> {
        let at = self.folded.rfind("/providers/microsoft.authorization/")?;
        Some(Self::new(if at == 0 { "/" } else { self.text.get(..at)? }))
    }

    /// The resource of the given nesting above: `…/storageAccounts/a/blobServices/default/containers/c` has the
    /// ancestor of type `storageaccounts` `…/storageAccounts/a`.
    #[must_use]
    pub fn ancestor(&self, segment: &str) -> Option<Self> {
        let marker = format!("/{}/", segment.to_lowercase());
        let start = self.folded.find(&marker)? + marker.len();
        let end = self.folded.get(start..)?.find('/').map_or(self.folded.len(), |i| start + i);
        Some(Self::new(self.text.get(..end)?))
    }

    /// The subscription id, in lower case.
    #[must_use]
    pub fn subscription(&self) -> Option<&str> {
        self.folded.strip_prefix("/subscriptions/")?.split('/').next().filter(|s| !s.is_empty())
    }

    /// Whether this scope is the other one or stands above it *by path*; management groups are a matter of the estate.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        &*self.folded == "/"
            || other
                .folded
                .strip_prefix(&*self.folded)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// How many levels deep: to order scopes from wide to narrow.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.folded.split('/').filter(|s| !s.is_empty()).count()
    }
}

impl PartialEq for ArmId {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for ArmId {}

impl PartialOrd for ArmId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ArmId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for ArmId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for ArmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_contains_what_is_below_it_whatever_the_case() {
        let group = ArmId::new("/subscriptions/S1/resourceGroups/RG");
        let account = ArmId::new(
            "/SUBSCRIPTIONS/s1/RESOURCEGROUPS/rg/PROVIDERS/Microsoft.Storage/storageAccounts/a",
        );
        assert!(group.contains(&account) && group.contains(&group) && !account.contains(&group));
        assert!(!ArmId::new("/subscriptions/s1/resourceGroups/r").contains(&account));
        assert!(ArmId::new("/").contains(&group));
    }

    #[test]
    fn the_scope_of_an_assignment_is_the_id_without_its_last_part() {
        let id = ArmId::new("/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/x");
        assert_eq!(id.scope_of_extension(), Some(ArmId::new("/subscriptions/s")));
        let root = ArmId::new("/providers/Microsoft.Authorization/roleAssignments/x");
        assert_eq!(root.scope_of_extension(), Some(ArmId::new("/")));
    }

    #[test]
    fn ancestors_by_type() {
        let id = ArmId::new(
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
        );
        assert_eq!(
            id.ancestor("storageAccounts").map(|a| a.name().to_owned()),
            Some("a".to_owned())
        );
        assert_eq!(id.ancestor("vaults"), None);
    }
}
