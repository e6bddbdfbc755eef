//! Power: the ways to give oneself access.

use super::Asked;
use super::allow::{Permission, permitted};
use super::storage::folders;
use crate::access::{Lock, Trace};
use crate::model::gcp::{Asset, AssetKind, FullName};
use crate::model::{Formula, Pattern};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Beside the bucket's own settings: policies above it, its managed folders, ACLs of objects, roles that are bound.
pub(super) fn over_bucket(asked: &Asked<'_, '_>, bucket: &Asset, trace: &mut Trace<'_>) -> Formula {
    let mut ways = above(asked, &bucket.name, trace);
    if !ways.is_always() {
        ways = ways.or(of_roles(asked, &bucket.name, trace));
    }
    if bucket.bucket().uniform_access != Some(true) {
        let acls = Permission::new("storage.objects.setIamPolicy", &bucket.name, Lock::Storage);
        ways = ways.or(permitted(asked, acls, trace));
    }
    for (folder, below) in folders(asked, &bucket.name).iter() {
        let wanted = Permission::new("storage.managedFolders.setIamPolicy", folder, Lock::Storage);
        let given = permitted(asked, wanted, trace);
        if !given.is_never() {
            ways = ways.or(given.and(Formula::objects(Pattern::new(below.as_str()))));
        }
    }
    ways
}

/// Who may write the policy of a project, folder or organisation above can give himself anything below.
pub(super) fn above(asked: &Asked<'_, '_>, resource: &FullName, trace: &mut Trace<'_>) -> Formula {
    let mut ways = Formula::never();
    for name in asked.gcp.lineage(resource).iter() {
        let permission = match asked.gcp.assets.get(name).map(Asset::kind) {
            Some(AssetKind::Project) => "resourcemanager.projects.setIamPolicy",
            Some(AssetKind::Folder) => "resourcemanager.folders.setIamPolicy",
            Some(AssetKind::Organization) => "resourcemanager.organizations.setIamPolicy",
            Some(AssetKind::KeyRing) => "cloudkms.keyRings.setIamPolicy",
            Some(
                AssetKind::Bucket
                | AssetKind::ManagedFolder
                | AssetKind::CryptoKey
                | AssetKind::CryptoKeyVersion
                | AssetKind::ServiceAccount
                | AssetKind::Other,
            )
            | None => continue,
        };
        ways = ways.or(permitted(asked, Permission::new(permission, name, Lock::Storage), trace));
        if ways.is_always() {
            break;
        }
    }
    ways
}

/// Who may change a custom role that is bound on the resource or above gives its holders, and himself among them, anything.
pub(super) fn of_roles(
    asked: &Asked<'_, '_>,
    resource: &FullName,
    trace: &mut Trace<'_>,
) -> Formula {
    let gcp = asked.gcp;
    let line = gcp.lineage(resource);
    let bindings = line.iter().filter_map(|n| gcp.policies.get(n)).flat_map(|p| &p.bindings);
    let roles: BTreeSet<&Arc<str>> =
        bindings.map(|b| &b.role).filter(|role| !role.starts_with("roles/")).collect();
    let owner = |role: &str| {
        let (owner, _) = role.split_once("/roles/")?;
        let name = FullName::of("cloudresourcemanager.googleapis.com", owner);
        Some(gcp.canonical(&name))
    };
    let owners: BTreeSet<FullName> = roles.into_iter().filter_map(|role| owner(role)).collect();
    let each = owners.iter().map(|owner| {
        permitted(asked, Permission::new("iam.roles.update", owner, Lock::Storage), trace)
    });
    Formula::any(each.collect::<Vec<_>>())
}
