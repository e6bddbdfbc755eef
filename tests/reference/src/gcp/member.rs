//! Who a policy means.

use super::{Estate, assets, canonical, text, texts};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether a member of a binding is the principal.
///
/// `iam/docs/principal-identifiers` and `iam/docs/principals-overview`: `allUsers` is anyone, `allAuthenticatedUsers` whoever
/// has an identity, `domain:` all users of the domain, `deleted:` nobody that exists.
pub(super) fn is(estate: &Estate, member: &str, principal: &str) -> bool {
    match member {
        "allUsers" => true,
        "allAuthenticatedUsers" => principal != "public",
        _ => match member.split_once(':') {
            Some(("deleted", _)) => false,
            Some(("group", _)) => groups(estate, principal).contains(member),
            Some(("domain", domain)) => {
                principal.strip_prefix("user:").and_then(|u| u.split_once('@')).map(|(_, d)| d)
                    == Some(domain)
            }
            _ => member == principal,
        },
    }
}

/// Whether a member of a binding on a bucket is the principal by its basic role on the project.
///
/// `storage/docs/access-control/iam`, "Convenience values": `projectOwner:`, `projectEditor:`, `projectViewer:` with a project
/// id, for whoever has that basic role on the project.
pub(super) fn is_by_project(estate: &Estate, member: &str, principal: &str) -> bool {
    let Some((value, project)) = member.split_once(':') else { return false };
    let role = match value {
        "projectOwner" => "roles/owner",
        "projectEditor" => "roles/editor",
        "projectViewer" => "roles/viewer",
        _ => return false,
    };
    let named = |a: &&Value| {
        text(a, "/resource/data/projectId") == project
            || text(a, "/name").ends_with(&format!("/projects/{project}"))
    };
    let Some(project) = assets(estate).find(named).map(|a| canonical(text(a, "/name"))) else {
        return false;
    };
    assets(estate)
        .filter(|a| canonical(text(a, "/name")) == project)
        .filter_map(|a| a.pointer("/iam_policy/bindings").and_then(Value::as_array))
        .flatten()
        .filter(|b| text(b, "/role") == role)
        .any(|b| texts(b, "/members").iter().any(|m| is(estate, m, principal)))
}

/// The groups that the principal is in, as members: `iam/docs/groups-in-cloud-console`, members of nested groups too.
pub(super) fn groups(estate: &Estate, principal: &str) -> BTreeSet<String> {
    let mut known = BTreeSet::from([principal.to_owned()]);
    loop {
        let before = known.len();
        for (group, members) in
            estate.get("gcp/groups.json").and_then(Value::as_object).into_iter().flatten()
        {
            if texts(members, "").iter().any(|m| known.contains(*m)) {
                known.insert(format!("group:{group}"));
            }
        }
        if known.len() == before {
            return known;
        }
    }
}
