//! Tags of a resource: `resource-manager/docs/tags/tags-overview`.
//!
//! An export of the asset inventory lists tags as resources (`cloudresourcemanager.googleapis.com/TagKey`, `TagValue`,
//! `TagBinding`: `asset-inventory/docs/asset-types`); a search lists the effective tags with each resource
//! (`asset-inventory/docs/reference/rest/v1/TopLevel/searchAllResources`). Either is read.

use super::target::Target;
use super::{Estate, asset, assets, canonical, text};
use serde_json::Value;

/// One tag, by its names and permanent ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tag {
    /// Namespaced name of the key: `123456789012/env`.
    pub(super) key: String,
    /// `tagKeys/…`.
    pub(super) key_id: String,
    /// Short name of the value: `prod`.
    pub(super) value: String,
    /// `tagValues/…`.
    pub(super) value_id: String,
}

/// The effective tags. "Tag inheritance": tags are inherited from all above; a value set below replaces that of the same key
/// from above.
pub(super) fn effective(estate: &Estate, target: &Target) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for at in &target.chain {
        for tag in attached(estate, at) {
            if !tags.iter().any(|known| known.key_id == tag.key_id) {
                tags.push(tag);
            }
        }
    }
    tags
}

/// The tags attached to one resource itself.
fn attached(estate: &Estate, at: &str) -> Vec<Tag> {
    let bindings = assets(estate).filter(|a| {
        text(a, "/asset_type") == "cloudresourcemanager.googleapis.com/TagBinding"
            && canonical(text(a, "/resource/data/parent")) == at
    });
    let bound = bindings.filter_map(|b| bound(estate, text(b, "/resource/data/tagValue")));
    let line = asset(estate, at);
    let searched = line.and_then(|a| a.get("effectiveTags")).and_then(Value::as_array);
    let searched = searched
        .into_iter()
        .flatten()
        .filter(|d| canonical(text(d, "/attachedResource")) == at)
        .filter_map(|d| d.get("effectiveTags").and_then(Value::as_array))
        .flatten()
        .map(searched_tag);
    bound.chain(searched).collect()
}

/// `TagValue` and `TagKey`: `resource-manager/reference/rest/v3/tagValues`.
fn bound(estate: &Estate, value_id: &str) -> Option<Tag> {
    let named = |id: &str| assets(estate).find(|a| text(a, "/resource/data/name") == id);
    let value = named(value_id)?;
    let key = named(text(value, "/resource/data/parent"))?;
    Some(Tag {
        key: text(key, "/resource/data/namespacedName").to_owned(),
        key_id: text(key, "/resource/data/name").to_owned(),
        value: text(value, "/resource/data/shortName").to_owned(),
        value_id: value_id.to_owned(),
    })
}

/// `asset-inventory/docs/reference/rest/v1/Tag`: `tagValue` is namespaced, `ORG_ID/KEY/VALUE`.
fn searched_tag(tag: &Value) -> Tag {
    Tag {
        key: text(tag, "/tagKey").to_owned(),
        key_id: text(tag, "/tagKeyId").to_owned(),
        value: text(tag, "/tagValue").rsplit('/').next().unwrap_or_default().to_owned(),
        value_id: text(tag, "/tagValueId").to_owned(),
    }
}
