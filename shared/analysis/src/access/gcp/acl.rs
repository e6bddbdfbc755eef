//! ACLs count unless uniform bucket-level access is on. What single objects carry is not in the estate: reading stays an
//! unknown fact for everybody. <https://cloud.google.com/storage/docs/access-control/lists>

use super::allow::Permission;
use super::member::{holds_basic_role, is_member};
use super::{Asked, deny};
use crate::access::{Lock, Trace};
use crate::model::gcp::{Asset, FullName};
use crate::model::{Access, Formula, Principal, json};
use serde_json::Value;

/// What ACLs give: by name, and as everyone.
pub(super) struct Given {
    pub(super) by_name: Formula,
    pub(super) as_everyone: Formula,
}

pub(super) fn gives(
    asked: &Asked<'_, '_>,
    access: Access,
    permission: &str,
    bucket: &Asset,
    trace: &mut Trace<'_>,
) -> Given {
    let count = match bucket.bucket().uniform_access {
        Some(true) => return Given { by_name: Formula::never(), as_everyone: Formula::never() },
        Some(false) => Formula::always(),
        None => Formula::unknown(format!(
            "uniform bucket-level access of {} is not in the estate",
            bucket.name
        )),
    };
    let roles: &[&str] = match access {
        // The bucket's list says nothing of reading: each object has a list of its own, which may name anybody.
        Access::Read => {
            let unknown = || {
                Formula::unknown("which ACLs single objects carry is not in the estate")
                    .and(count.clone())
            };
            let by_name = match asked.principal {
                Principal::Named(_) => unknown(),
                Principal::Public | Principal::AnyAuthenticated => Formula::never(),
            };
            return Given { by_name, as_everyone: unknown() };
        }
        Access::Write | Access::Delete => &["WRITER", "OWNER"],
        Access::Administer => &["OWNER"],
        Access::Decrypt | Access::KeyAdminister => &[],
    };
    let line = asked.gcp.lineage(&bucket.name);
    let entries = bucket.data.get("acl").map(json::list).unwrap_or_default();
    let (mut by_name, mut as_everyone) = (Formula::never(), Formula::never());
    for entry in entries {
        let entity = json::text(entry, "entity").unwrap_or_default();
        if !json::text(entry, "role").is_some_and(|r| roles.contains(&r)) {
            continue;
        }
        let mine = names(asked, entity, entry, &line);
        if let (Some(trace), false) = (trace.as_mut(), mine.is_never()) {
            trace.evidence(Lock::Storage, format!("ACL of {} for {entity}", bucket.name), false);
        }
        if matches!(entity, "allUsers" | "allAuthenticatedUsers") {
            as_everyone = as_everyone.or(mine);
        } else {
            by_name = by_name.or(mine);
        }
    }
    let mut limited = |given: Formula| {
        if given.is_never() {
            return given;
        }
        let wanted = Permission::new(permission, &bucket.name, Lock::Storage);
        let denied = deny::denied(asked, wanted, &line, trace);
        let left = if denied.is_never() {
            Formula::always()
        } else {
            // A deny rule counts "regardless of the IAM roles"; of ACLs nothing is said.
            denied.negated().or(Formula::unknown("whether a deny policy stops what an ACL gives"))
        };
        given.and(count.clone()).and(left)
    };
    Given { by_name: limited(by_name), as_everyone: limited(as_everyone) }
}

/// Whether an entity means the principal: `user-<e-mail>` (service accounts too), `group-<e-mail>`, `domain-<domain>`,
/// `project-owners-<number>` and its kin, or a word for everyone.
fn names(asked: &Asked<'_, '_>, entity: &str, entry: &Value, line: &[FullName]) -> Formula {
    if matches!(entity, "allUsers" | "allAuthenticatedUsers") {
        return is_member(asked, entity, line);
    }
    let Some((kind, address)) = entity.split_once('-') else { return Formula::never() };
    let member = |kind: &str| is_member(asked, &format!("{kind}:{address}"), line);
    match kind {
        "user" => member("user").or(member("serviceAccount")),
        "group" => member("group"),
        "domain" => member("domain"),
        "project" => team(asked, address, entry),
        _ => Formula::never(),
    }
}

/// `owners-<number>`, `editors-<number>`, `viewers-<number>`: the holders of the basic role on the project.
fn team(asked: &Asked<'_, '_>, team: &str, entry: &Value) -> Formula {
    let listed = entry.get("projectTeam").and_then(|t| json::text(t, "projectNumber"));
    let (kind, number) = match team.split_once('-') {
        Some((kind, number)) => (kind, listed.unwrap_or(number)),
        None => return Formula::never(),
    };
    let role = match kind {
        "owners" => "roles/owner",
        "editors" => "roles/editor",
        "viewers" => "roles/viewer",
        _ => return Formula::never(),
    };
    match asked.gcp.project(number) {
        Some(project) => holds_basic_role(asked, role, project),
        None => Formula::unknown(format!("project {number} is not in the estate")),
    }
}
