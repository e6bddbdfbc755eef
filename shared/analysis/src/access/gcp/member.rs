//! Whom a member of a policy stands for.
//! <https://cloud.google.com/iam/docs/principal-identifiers>

use super::Asked;
use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, FullName};
use crate::model::{Formula, Principal};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The members that stand for a principal for sure: himself, his groups, his domain, everyone.
pub(super) fn standing_for(gcp: &Gcp, principal: &Principal) -> BTreeSet<Arc<str>> {
    let mut members: BTreeSet<Arc<str>> = BTreeSet::from(["allUsers".into()]);
    match principal {
        Principal::Public => {}
        Principal::AnyAuthenticated => {
            members.insert("allAuthenticatedUsers".into());
        }
        Principal::Named(member) => {
            // Identities of other providers are no authenticated users.
            if !is_federated(member) {
                members.insert("allAuthenticatedUsers".into());
            }
            if !member.starts_with("deleted:") {
                members.insert(member.clone());
            }
            members.extend(gcp.groups_of(member));
            if let Some((_, domain)) =
                member.strip_prefix("user:").and_then(|email| email.rsplit_once('@'))
            {
                members.insert(format!("domain:{domain}").into());
            }
            if let Some((pool, _)) = member.strip_prefix("principal:").and_then(pool_of) {
                members.insert(format!("principalSet:{pool}/*").into());
            }
            if let Some(number) = project_of_account(gcp, member) {
                members.insert(
                    format!("principalSet://cloudresourcemanager.googleapis.com/projects/{number}/type/ServiceAccount").into(),
                );
            }
        }
    }
    members
}

/// The members of policies that stand for a principal perhaps, each with why that is open.
pub(super) fn perhaps_standing_for(
    gcp: &Gcp,
    principal: &Principal,
    sure: &BTreeSet<Arc<str>>,
) -> Vec<(Arc<str>, Formula)> {
    let Principal::Named(name) = principal else { return Vec::new() };
    let groups = gcp.members_from("group:").filter(|_| !gcp.groups_known);
    let all = groups.chain(gcp.members_from("principalSet:"));
    all.filter(|member| !sure.contains(*member))
        .map(|member| (member.clone(), perhaps_is(gcp, name, member)))
        .filter(|(_, when)| !when.is_never())
        .collect()
}

fn is_federated(member: &str) -> bool {
    member.starts_with("principal:") || member.starts_with("principalSet:")
}

/// `//iam.googleapis.com/…/workforcePools/p/subject/s` is of pool `…/workforcePools/p`.
fn pool_of(identifier: &str) -> Option<(&str, &str)> {
    ["/subject/", "/group/", "/attribute."]
        .iter()
        .find_map(|marker| identifier.split_once(marker))
        .filter(|(pool, _)| pool.contains("Pools/"))
}

/// The number of the project that a service account belongs to.
fn project_of_account(gcp: &Gcp, member: &str) -> Option<String> {
    let email = member.strip_prefix("serviceAccount:")?;
    let listed = gcp.service_account(email).and_then(|name| gcp.project_of(name));
    let by_address = || gcp.project(project_in_address(email)?);
    listed.or_else(by_address).map(|project| project.name.name().to_owned())
}

/// `robot@my-project.iam.gserviceaccount.com` belongs to `my-project`.
pub(super) fn project_in_address(email: &str) -> Option<&str> {
    let (_, host) = email.rsplit_once('@')?;
    host.strip_suffix(".iam.gserviceaccount.com")
}

/// Whether a member of a policy stands for the principal. `line` is the resource that is asked about and all above it.
pub(super) fn is_member(asked: &Asked<'_, '_>, member: &str, line: &[FullName]) -> Formula {
    if asked.identity.members.contains(member) {
        return Formula::always();
    }
    let Principal::Named(principal) = asked.principal else { return basic(asked, member, line) };
    match perhaps_is(asked.gcp, principal, member) {
        never if never.is_never() => basic(asked, member, line),
        perhaps => perhaps,
    }
}

/// Whether a member that does not stand for a principal for sure does so perhaps.
fn perhaps_is(gcp: &Gcp, principal: &str, member: &str) -> Formula {
    let could_join =
        ["user:", "serviceAccount:", "group:"].iter().any(|k| principal.starts_with(k));
    if let Some(group) = member.strip_prefix("group:") {
        let unlisted = !gcp.groups_known && !gcp.groups.contains_key(group);
        return if could_join && unlisted {
            Formula::unknown(format!("the members of {member} are not in the estate"))
        } else {
            Formula::never()
        };
    }
    // Which identities of a pool carry a group or attribute is decided by the provider at sign-in.
    if let Some(set) = member.strip_prefix("principalSet:")
        && let (Some((pool, _)), Some((own, _))) =
            (pool_of(set), principal.strip_prefix("principal:").and_then(pool_of))
        && pool == own
    {
        return Formula::unknown(format!("whether {principal} is in {member}"));
    }
    Formula::never()
}

/// `projectViewer:<project id>` and its kin stand for whoever holds the basic role on the project.
/// <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles>
fn basic(asked: &Asked<'_, '_>, member: &str, line: &[FullName]) -> Formula {
    let Some((kind, id)) = member.split_once(':') else { return Formula::never() };
    let role = match kind {
        "projectViewer" => "roles/viewer",
        "projectEditor" => "roles/editor",
        "projectOwner" => "roles/owner",
        _ => return Formula::never(),
    };
    let project = line
        .iter()
        .filter_map(|n| asked.gcp.assets.get(n))
        .find(|a| a.kind() == AssetKind::Project);
    let Some(project) = project else { return Formula::never() };
    if project.text("projectId") != Some(id) && project.name.name() != id {
        return Formula::never();
    }
    holds_basic_role(asked, role, project)
}

/// Whether the principal holds exactly a basic role on a project or above.
pub(super) fn holds_basic_role(asked: &Asked<'_, '_>, role: &str, project: &Asset) -> Formula {
    if !asked.identity.basic {
        return Formula::never();
    }
    let above = asked.gcp.lineage(&project.name);
    // A convenience member within a project's own policy stands for nobody.
    let given = above.iter().flat_map(|on| asked.identity.given_on(on));
    Formula::any(
        given
            .filter(|(b, _)| &*b.role == role && b.condition.is_none())
            .map(|(_, member)| member)
            .collect::<Vec<_>>(),
    )
}
