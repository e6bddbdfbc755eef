//! Buckets.

use super::allow::{Permission, Through, bound_at, permitted};
use super::{Asked, acl, boundary, power};
use crate::access::{Lock, Trace};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, Enforced, FullName, enforced};
use crate::model::{Access, Formula, Pattern};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Any one of these permissions is enough.
pub(super) const fn permissions(access: Access) -> &'static [&'static str] {
    match access {
        Access::Read => &["storage.objects.get"],
        Access::Write => &["storage.objects.create", "storage.objects.update"],
        Access::Delete => &["storage.objects.delete"],
        Access::Administer => &["storage.buckets.setIamPolicy", "storage.buckets.update"],
        Access::Decrypt | Access::KeyAdminister => &[],
    }
}

/// One permission on a bucket itself: public access prevention counts, and the bucket's own list for its policy.
pub(super) fn permitted_on(
    asked: &Asked<'_, '_>,
    permission: &str,
    bucket: &Asset,
    trace: &mut Trace<'_>,
) -> Formula {
    let by = |through: Through, trace: &mut Trace<'_>| {
        let wanted =
            Permission { name: permission, on: &bucket.name, through, lock: Lock::Storage };
        permitted(asked, wanted, trace)
    };
    let mut by_name = by(Through::Name, trace);
    let mut as_everyone = by(Through::Everyone, trace);
    if permission == "storage.buckets.setIamPolicy" {
        let acl = acl::gives(asked, Access::Administer, permission, bucket, trace);
        by_name = by_name.or(acl.by_name);
        as_everyone = as_everyone.or(acl.as_everyone);
    }
    by_name.or(unprevented(asked, bucket, as_everyone, trace))
}

/// What everyone has, but for public access prevention.
fn unprevented(
    asked: &Asked<'_, '_>,
    bucket: &Asset,
    as_everyone: Formula,
    trace: &mut Trace<'_>,
) -> Formula {
    if as_everyone.is_never() {
        return as_everyone;
    }
    let prevented = prevented(asked, bucket);
    if let (Some(trace), true) = (trace, prevented.is_always()) {
        trace.step(
            Lock::Storage,
            "public access prevention",
            "is enforced: nobody reads as everyone",
        );
    }
    as_everyone.unless(prevented)
}

/// What a principal may do himself.
pub(super) fn allowed(
    asked: &Asked<'_, '_>,
    access: Access,
    wanted: &[&str],
    bucket: &Asset,
    trace: &mut Trace<'_>,
) -> Formula {
    let name = &bucket.name;
    let by = |through: Through, trace: &mut Trace<'_>| {
        let one = |p: &&str| {
            let wanted = Permission { name: p, on: name, through, lock: Lock::Storage };
            permitted(asked, wanted, trace).or(in_folders(asked, wanted, trace))
        };
        Formula::any(wanted.iter().map(one).collect::<Vec<_>>())
    };
    let mut by_name = by(Through::Name, trace);
    if access == Access::Administer && !by_name.is_always() {
        by_name = by_name.or(power::over_bucket(asked, bucket, trace));
    }
    let permission = wanted.first().copied().unwrap_or_default();
    let acl = acl::gives(asked, access, permission, bucket, trace);
    by_name = by_name.or(acl.by_name);
    // What everyone has is overridden by public access prevention; what a principal has by his own name is not.
    let as_everyone = by(Through::Everyone, trace).or(acl.as_everyone);
    let all = by_name.or(unprevented(asked, bucket, as_everyone, trace));
    if all.is_never() {
        return all;
    }
    let filter = if bucket.bucket().ip_filtered {
        Formula::condition("the request passes the bucket's IP filter")
    } else {
        Formula::always()
    };
    all.and(boundary::within_perimeter(asked, name)).and(filter)
}

/// A managed folder has a policy of its own: it opens the objects below it.
/// <https://cloud.google.com/storage/docs/managed-folders>
fn in_folders(asked: &Asked<'_, '_>, wanted: Permission<'_>, trace: &mut Trace<'_>) -> Formula {
    let mut found = Formula::never();
    for (folder, below) in folders(asked, wanted.on).iter() {
        let on_folder = Permission { on: folder, ..wanted };
        let given = bound_at(asked, on_folder, trace);
        if given.is_never() {
            continue;
        }
        let class = match asked.object {
            Some(object) => Formula::known(Pattern::new(below.as_str()).matches(object)),
            None => Formula::objects(Pattern::new(below.as_str())),
        };
        found = found.or(given.and(class));
    }
    found
}

/// The managed folders of a bucket that are listed or have a policy, each with the pattern of its objects.
pub(super) fn folders(asked: &Asked<'_, '_>, bucket: &FullName) -> Arc<[(FullName, String)]> {
    asked.memory.folders(bucket, || folders_of(asked.gcp, bucket))
}

fn folders_of(gcp: &Gcp, bucket: &FullName) -> Vec<(FullName, String)> {
    let prefix = format!("{bucket}/managedFolders/");
    let from = FullName::new(&prefix);
    let below = |name: &&FullName| name.as_str().starts_with(&prefix);
    let policies = gcp.policies.range(from.clone()..);
    let bound = policies.take_while(|(n, _)| below(n)).filter(|(_, p)| !p.bindings.is_empty());
    let listed = gcp.assets.range(from..).map(|(name, _)| name).take_while(below);
    let all: BTreeSet<&FullName> = bound.map(|(name, _)| name).chain(listed).collect();
    all.into_iter()
        .map(|name| {
            let path = name.as_str().get(prefix.len()..).unwrap_or_default();
            (name.clone(), format!("{}/*", path.trim_end_matches('/')))
        })
        .collect()
}

/// Whether public access prevention is enforced: on the bucket, or by the constraint of the nearest level above.
/// `inherited` prevents nothing by itself. <https://cloud.google.com/storage/docs/public-access-prevention>
fn prevented(asked: &Asked<'_, '_>, bucket: &Asset) -> Formula {
    debug_assert_eq!(bucket.kind(), AssetKind::Bucket);
    let own = match bucket.bucket().public_access_prevented {
        Some(true) => return Formula::always(),
        Some(false) => Formula::never(),
        None => Formula::unknown(format!(
            "public access prevention of {} is not in the estate",
            bucket.name
        )),
    };
    own.or(constrained(asked, "storage.publicAccessPrevention", &bucket.name))
}

/// Whether a boolean constraint is enforced for a resource.
pub(super) fn constrained(asked: &Asked<'_, '_>, constraint: &str, on: &FullName) -> Formula {
    nearest(asked.gcp, on, |policy| {
        enforced(policy, constraint).map(|said| match said {
            Enforced::Known(enforced) => Formula::known(enforced),
            Enforced::ByTags => {
                Formula::unknown(format!("{constraint} is enforced under a condition on tags"))
            }
        })
    })
}

/// What the organisation policies on the line of a resource say. The nearest level that says something decides; a level whose
/// constraints are unknown may say anything.
pub(super) fn nearest(
    gcp: &Gcp,
    on: &FullName,
    says: impl Fn(&Value) -> Option<Formula>,
) -> Formula {
    let said = gcp.lineage(on).iter().find_map(|level| match gcp.org_policies.get(level)? {
        Some(policies) => policies.iter().find_map(&says),
        None => Some(Formula::unknown(format!("the constraints of {level} are not in the estate"))),
    });
    said.unwrap_or_else(Formula::never)
}
