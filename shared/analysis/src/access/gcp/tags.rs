//! Tags that are in effect on a resource: its own and those of everything above; the nearest value of a key counts.
//! <https://cloud.google.com/resource-manager/docs/tags/tags-overview>

use crate::estate::gcp::Gcp;
use crate::model::gcp::{Asset, AssetKind, FullName, Tag};
use crate::model::json;

/// The effective tags; `None` where no export shows any tag: a listing without effective tags and without bindings.
pub(super) fn effective(gcp: &Gcp, resource: &FullName) -> Option<Vec<Tag>> {
    let bindings: Vec<&Asset> = of_type(gcp, "TagBinding").collect();
    let shown = ["TagKey", "TagValue"].into_iter().any(|kind| of_type(gcp, kind).next().is_some());
    if gcp.tags.is_empty() && bindings.is_empty() && !shown {
        return None;
    }
    let mut found: Vec<Tag> = Vec::new();
    for level in gcp.lineage(resource).iter().cloned() {
        let listed = gcp.tags.get(&level).into_iter().flatten().cloned();
        let bound = bindings.iter().filter(|b| {
            b.text("parent").is_some_and(|p| gcp.canonical(&FullName::new(p)) == level)
        });
        let bound = bound.filter_map(|b| named(gcp, b.text("tagValue")?));
        for tag in listed.chain(bound).collect::<Vec<_>>() {
            if !found.iter().any(|known| known.key_id == tag.key_id) {
                found.push(tag);
            }
        }
    }
    Some(found)
}

fn of_type<'a>(gcp: &'a Gcp, kind: &'static str) -> impl Iterator<Item = &'a Asset> {
    gcp.of_kind(AssetKind::Other).filter(move |a| {
        a.asset_type.strip_prefix("cloudresourcemanager.googleapis.com/") == Some(kind)
    })
}

/// The tag of a value's permanent id (`tagValues/…`).
fn named(gcp: &Gcp, id: &str) -> Option<Tag> {
    let value = of_type(gcp, "TagValue").find(|v| v.text("name") == Some(id))?;
    let key_id = value.text("parent")?;
    let key = of_type(gcp, "TagKey").find(|k| k.text("name") == Some(key_id))?;
    Some(Tag {
        key: json::text(&key.data, "namespacedName")?.into(),
        key_id: key_id.into(),
        value: json::text(&value.data, "shortName")?.into(),
        value_id: id.into(),
    })
}
