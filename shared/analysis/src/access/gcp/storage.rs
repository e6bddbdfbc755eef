//! Buckets.

use super::allow::{Through, bound_at, permitted_through};
use crate::access::{Lock, Trace};
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, FullName};
use crate::model::{Access, Formula, Pattern, Principal, json};
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
        let one = |p: &&str| {
            let whole = permitted_through(gcp, principal, through, p, bucket, Lock::Storage, trace);
            whole.or(in_folders(gcp, principal, through, p, bucket, trace))
        };
        Formula::any(permissions(access).iter().map(one).collect::<Vec<_>>())
    };
    let mut by_name = by(Through::Name, trace);
    if access == Access::Administer {
        by_name = by_name.or(super::key::power_above(gcp, principal, bucket, trace));
    }
    let by_acl = by_acl(gcp, principal, access, asset, trace);
    let (by_name, acl_of_everyone) = match principal {
        Principal::Named(_) => (by_name.or(by_acl), Formula::never()),
        Principal::Public | Principal::AnyAuthenticated => (by_name, by_acl),
    };
    // What everyone has is overridden by public access prevention; what a principal has by his own name is not.
    let as_everyone = by(Through::Everyone, trace).or(acl_of_everyone);
    if as_everyone.is_never() {
        by_name
    } else {
        by_name.or(as_everyone.unless(prevented(gcp, asset)))
    }
}

/// A managed folder has a policy of its own: it opens the objects below it.
/// <https://cloud.google.com/storage/docs/managed-folders>
fn in_folders(
    gcp: &Gcp,
    principal: &Principal,
    through: Through,
    permission: &str,
    bucket: &FullName,
    trace: &mut Trace<'_>,
) -> Formula {
    let prefix = format!("{bucket}/managedFolders/");
    let mut found = Formula::never();
    for (folder, policy) in
        gcp.policies.iter().filter(|(name, _)| name.as_str().starts_with(&prefix))
    {
        if policy.bindings.is_empty() {
            continue;
        }
        let below = folder.as_str().get(prefix.len()..).unwrap_or_default().trim_end_matches('/');
        let given = bound_at(gcp, principal, through, permission, folder, Lock::Storage, trace);
        if !given.is_never() {
            found = found.or(given.and(Formula::objects(Pattern::new(format!("{below}/*")))));
        }
    }
    found
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
    // The nearest level that says something decides; a level whose constraints are unknown may say anything.
    let by_constraint =
        gcp.lineage(&bucket.name).iter().find_map(|n| match gcp.org_policies.get(n)? {
            Some(constraints) => constraints.iter().find_map(enforced),
            None => Some(Formula::unknown(format!("the constraints of {n} are not in the estate"))),
        });
    own.or(by_constraint.unwrap_or_else(Formula::never))
}

/// What a constraint says about public access prevention; `None` when it is another one.
fn enforced(constraint: &Value) -> Option<Formula> {
    let name = json::first(constraint, &["constraint", "name"])?.as_str()?;
    if !name.ends_with("storage.publicAccessPrevention") {
        return None;
    }
    // Back to the constraint's default, which prevents nothing.
    let reset = json::first(constraint, &["restore_default", "restoreDefault"]).is_some()
        || constraint.get("spec").and_then(|s| s.get("reset")).and_then(json::boolean)
            == Some(true);
    if reset {
        return Some(Formula::never());
    }
    let rules =
        constraint.get("spec").and_then(|s| s.get("rules")).map(json::list).unwrap_or_default();
    if rules.iter().any(|r| r.get("condition").is_some_and(|c| !c.is_null())) {
        return Some(Formula::unknown(
            "public access prevention is enforced under a condition on tags",
        ));
    }
    let boolean = json::first(constraint, &["boolean_policy", "booleanPolicy"]);
    let flag = boolean
        .map(|b| b.get("enforced").and_then(json::boolean).unwrap_or(false))
        .or_else(|| rules.iter().find_map(|r| r.get("enforce").and_then(json::boolean)));
    Some(Formula::known(flag.unwrap_or(false)))
}

/// ACLs count unless uniform bucket-level access is on. What single objects carry is not in the estate: reading stays an
/// unknown fact for everyone, and for a named principal that the bucket's lists mention.
/// <https://cloud.google.com/storage/docs/access-control/lists>
fn by_acl(
    gcp: &Gcp,
    principal: &Principal,
    access: Access,
    bucket: &Asset,
    trace: &mut Trace<'_>,
) -> Formula {
    let count = match bucket.bucket().uniform_access {
        Some(true) => return Formula::never(),
        Some(false) => Formula::always(),
        None => Formula::unknown(format!(
            "uniform bucket-level access of {} is not in the estate",
            bucket.name
        )),
    };
    let entities = acl_entities(gcp, principal);
    let has = |list: &str, roles: &[&str]| {
        let entries = bucket.data.get(list).map(json::list).unwrap_or_default();
        entries.into_iter().any(|e| {
            json::text(e, "entity").is_some_and(|x| entities.iter().any(|own| own == x))
                && (roles.is_empty() || json::text(e, "role").is_some_and(|r| roles.contains(&r)))
        })
    };
    let everyone = !matches!(principal, Principal::Named(_));
    let given = match access {
        Access::Read if everyone || has("acl", &[]) || has("defaultObjectAcl", &[]) => {
            Formula::unknown("which ACLs single objects carry is not in the estate")
        }
        Access::Read => Formula::never(),
        Access::Write | Access::Delete => Formula::known(has("acl", &["WRITER", "OWNER"])),
        Access::Administer => Formula::known(has("acl", &["OWNER"])),
        Access::Decrypt | Access::KeyAdminister => Formula::never(),
    };
    if let (Some(trace), true) = (trace, given.is_always()) {
        let grant = format!("ACL of {}", bucket.name);
        trace.evidence(Lock::Storage, grant, false);
    }
    given.and(count)
}

/// How ACLs write a principal: `user-<e-mail>` (service accounts too), `group-<e-mail>`, or a word for everyone.
fn acl_entities(gcp: &Gcp, principal: &Principal) -> Vec<String> {
    let spelled = |member: &str| {
        let (kind, address) = member.split_once(':')?;
        match kind {
            "user" | "serviceAccount" => Some(format!("user-{address}")),
            "group" => Some(format!("group-{address}")),
            "domain" => Some(format!("domain-{address}")),
            _ => None,
        }
    };
    match principal {
        Principal::Public => vec!["allUsers".to_owned()],
        Principal::AnyAuthenticated => {
            vec!["allUsers".to_owned(), "allAuthenticatedUsers".to_owned()]
        }
        Principal::Named(member) => {
            let groups = gcp.groups_of(member);
            groups.iter().map(|g| &**g).chain([&**member]).filter_map(spelled).collect()
        }
    }
}
