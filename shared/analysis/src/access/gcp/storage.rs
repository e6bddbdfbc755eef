//! Buckets.

use super::allow::{Through, permitted_through};
use crate::access::{Evidence, Lock, Trace};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, FullName};
use crate::model::{Access, Formula, Principal, json};
use serde_json::Value;

/// Any one of these permissions is enough.
const fn permissions(access: Access) -> &'static [&'static str] {
    match access {
        Access::Read => &["storage.objects.get"],
        Access::Write => &["storage.objects.create", "storage.objects.update"],
        Access::Delete => &["storage.objects.delete"],
        Access::Administer => &["storage.buckets.setIamPolicy", "storage.buckets.update"],
        Access::Decrypt | Access::KeyAdminister => &[],
    }
}

pub(super) fn allowed(
    gcp: &Gcp,
    principal: &Principal,
    access: Access,
    bucket: &FullName,
    trace: &mut Trace<'_>,
) -> Formula {
    let Some(asset) = gcp.assets.get(bucket) else { return Formula::never() };
    let by = |through: Through, trace: &mut Trace<'_>| {
        let one =
            |p: &&str| permitted_through(gcp, principal, through, p, bucket, Lock::Storage, trace);
        Formula::any(permissions(access).iter().map(one).collect::<Vec<_>>())
    };
    let mut by_name = by(Through::Name, trace);
    if access == Access::Administer {
        by_name = by_name.or(super::key::power_above(gcp, principal, bucket, trace));
    }
    // What everyone has is overridden by public access prevention; what a principal has by his own name is not.
    let as_everyone = by(Through::Everyone, trace).or(by_acl(principal, access, asset, trace));
    if as_everyone.is_never() {
        by_name
    } else {
        by_name.or(as_everyone.unless(prevented(gcp, asset)))
    }
}

/// Whether public access prevention is enforced: on the bucket, or by the constraint of the nearest level above.
/// `inherited` prevents nothing by itself. <https://cloud.google.com/storage/docs/public-access-prevention>
fn prevented(gcp: &Gcp, bucket: &Asset) -> Formula {
    let own = match bucket.bucket().public_access_prevented {
        Some(true) => return Formula::always(),
        Some(false) => Formula::never(),
        None => Formula::unknown(format!(
            "public access prevention of {} is not in the estate",
            bucket.name
        )),
    };
    let by_constraint = gcp
        .lineage(&bucket.name)
        .iter()
        .find_map(|n| gcp.org_policies.get(n)?.iter().find_map(enforced));
    own.or(Formula::known(by_constraint.unwrap_or(false)))
}

/// What a constraint says about public access prevention; `None` when it is another one.
fn enforced(constraint: &Value) -> Option<bool> {
    let name = json::first(constraint, &["constraint", "name"])?.as_str()?;
    if !name.ends_with("storage.publicAccessPrevention") {
        return None;
    }
    let boolean = json::first(constraint, &["boolean_policy", "booleanPolicy"]);
    let rules =
        constraint.get("spec").and_then(|s| s.get("rules")).map(json::list).unwrap_or_default();
    boolean
        .map(|b| b.get("enforced").and_then(json::boolean).unwrap_or(false))
        .or_else(|| rules.iter().find_map(|r| r.get("enforce").and_then(json::boolean)))
}

/// ACLs count unless uniform bucket-level access is on. Whether single objects are public is not in the estate.
fn by_acl(principal: &Principal, access: Access, bucket: &Asset, trace: &mut Trace<'_>) -> Formula {
    let entities: &[&str] = match principal {
        Principal::Public => &["allUsers"],
        Principal::AnyAuthenticated => &["allUsers", "allAuthenticatedUsers"],
        Principal::Named(_) => return Formula::never(),
    };
    let count = match bucket.bucket().uniform_access {
        Some(true) => return Formula::never(),
        Some(false) => Formula::always(),
        None => Formula::unknown(format!(
            "uniform bucket-level access of {} is not in the estate",
            bucket.name
        )),
    };
    let has = |list: &str, roles: &[&str]| {
        let entries = bucket.data.get(list).map(json::list).unwrap_or_default();
        entries.into_iter().any(|e| {
            json::text(e, "entity").is_some_and(|x| entities.contains(&x))
                && json::text(e, "role").is_some_and(|r| roles.contains(&r))
        })
    };
    let given = match access {
        Access::Read => {
            Formula::unknown("whether single objects have a public ACL is not in the estate")
        }
        Access::Write | Access::Delete => Formula::known(has("acl", &["WRITER", "OWNER"])),
        Access::Administer => Formula::known(has("acl", &["OWNER"])),
        Access::Decrypt | Access::KeyAdminister => Formula::never(),
    };
    if let (Some(trace), true) = (trace, given.is_always()) {
        trace.push(Evidence {
            lock: Lock::Storage,
            grant: format!("ACL of {}", bucket.name),
            broad: false,
        });
    }
    given.and(count)
}
