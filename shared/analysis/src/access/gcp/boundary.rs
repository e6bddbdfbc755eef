//! Boundaries around principals (principal access boundaries) and around services (service perimeters).

use super::Asked;
use crate::model::gcp::{AssetKind, FullName};
use crate::model::{Formula, Principal, json};

/// Whether a principal is eligible for a resource. Beyond the resources of a boundary that may be his it is unknown: which
/// permissions a boundary blocks depends on its version. Service agents have none.
/// <https://cloud.google.com/iam/docs/principal-access-boundary-policies>
pub(super) fn eligible(asked: &Asked<'_, '_>, line: &[FullName]) -> Formula {
    let gcp = asked.gcp;
    if gcp.boundaries.is_empty() {
        return Formula::always();
    }
    let Principal::Named(name) = asked.principal else { return Formula::always() };
    if name.ends_with("@gs-project-accounts.iam.gserviceaccount.com") {
        return Formula::always();
    }
    let stopped = gcp
        .boundaries
        .iter()
        .find(|boundary| !boundary.resources.iter().any(|r| line.contains(&gcp.canonical(r))));
    stopped.map_or_else(Formula::always, |boundary| {
        Formula::unknown(format!(
            "whether a principal access boundary on {} stops it",
            boundary.principals
        ))
    })
}

/// What service perimeters leave of requests to Cloud Storage in the project of a bucket.
/// <https://cloud.google.com/vpc-service-controls/docs/overview>
pub(super) fn within_perimeter(asked: &Asked<'_, '_>, bucket: &FullName) -> Formula {
    let Some(project) = asked.gcp.project_of(bucket) else { return Formula::always() };
    debug_assert_eq!(project.kind(), AssetKind::Project);
    let own = format!("projects/{}", project.name.name());
    let closes = |perimeter: &&serde_json::Value| {
        let Some(status) = perimeter.get("status") else { return false };
        let listed = |keys: [&str; 2], wanted: &str| {
            let list = json::first(status, &keys).map(json::list).unwrap_or_default();
            list.iter().any(|v| v.as_str() == Some(wanted))
        };
        listed(["resources", "resources"], &own)
            && listed(["restrictedServices", "restricted_services"], "storage.googleapis.com")
    };
    match asked.gcp.perimeters.iter().find(closes) {
        Some(perimeter) => {
            let title = json::text(perimeter, "title").unwrap_or("?");
            Formula::condition(format!("the request passes service perimeter `{title}`"))
        }
        None => Formula::always(),
    }
}
