//! Basic and predefined roles that keyfence ships, for estates without role files: those of Cloud Storage, Cloud KMS, IAM
//! and Resource Manager, with the permissions that [`crate::access`] asks for.
//! <https://cloud.google.com/iam/docs/roles-permissions>
//!
//! The table's form: `role <name>`, then `+ permission` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

type Roles = BTreeMap<&'static str, BTreeSet<Arc<str>>>;

static SHIPPED: LazyLock<Roles> = LazyLock::new(|| {
    let mut roles = Roles::new();
    let mut current = "";
    for line in include_str!("roles.txt").lines() {
        if let Some(role) = line.strip_prefix("role ") {
            current = role;
            roles.insert(role, BTreeSet::new());
        } else if let (Some(permission), Some(role)) =
            (line.strip_prefix("+ "), roles.get_mut(current))
        {
            role.insert(permission.into());
        }
    }
    roles
});

/// The permissions of a shipped role, as far as keyfence asks for them.
#[must_use]
pub fn shipped_role(role: &str) -> Option<&'static BTreeSet<Arc<str>>> {
    SHIPPED.get(role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_roles_hold_no_object_access() {
        for role in ["roles/owner", "roles/editor", "roles/viewer"] {
            assert!(!shipped_role(role).unwrap().contains("storage.objects.get"), "{role}");
        }
        assert!(
            shipped_role("roles/storage.objectViewer").unwrap().contains("storage.objects.get")
        );
    }
}
