//! Access control lists: `storage/docs/access-control/lists`.

use super::target::Target;
use super::{Estate, asset, member, policy, text};
use crate::answer::Answer;
use serde_json::Value;

/// Whether the bucket's list gives the permission; the lists of single objects are in no export.
///
/// `storage/docs/uniform-bucket-level-access`: with uniform bucket-level access "ACLs are disabled".
/// `storage/docs/access-control/iam`, "ACLs and IAM": `READER`, `WRITER` and `OWNER` of a bucket are
/// `legacyBucketReader`, `legacyBucketWriter` and `legacyBucketOwner`; of an object `legacyObjectReader`,
/// `legacyObjectOwner`.
pub(super) fn allows(
    estate: &Estate,
    principal: &str,
    permission: &str,
    target: &Target,
) -> Answer {
    let Some(bucket) = target.bucket().and_then(|b| asset(estate, b)) else {
        return Answer::Refused;
    };
    let uniform = "/resource/data/iamConfiguration/uniformBucketLevelAccess/enabled";
    if bucket.pointer(uniform) == Some(&Value::Bool(true)) {
        return Answer::Refused;
    }
    let entries = bucket.pointer("/resource/data/acl").and_then(Value::as_array);
    let by_bucket = entries.into_iter().flatten().any(|entry| {
        let gives = match text(entry, "/role") {
            "WRITER" => ["storage.objects.create", "storage.objects.delete"].contains(&permission),
            "OWNER" => [
                "storage.objects.create",
                "storage.objects.delete",
                "storage.buckets.setIamPolicy",
                "storage.buckets.update",
            ]
            .contains(&permission),
            _ => false,
        };
        gives && is(estate, text(entry, "/entity"), principal, target)
    });
    let of_objects = ["storage.objects.get", "storage.objects.update"].contains(&permission);
    let nameless = ["public", "any-authenticated"].contains(&principal);
    if by_bucket {
        Answer::Allowed
    } else if of_objects && !(nameless && policy::prevented(estate, target)) {
        Answer::Undecided("the lists of single objects")
    } else {
        Answer::Refused
    }
}

/// Scopes of entries: `user-EMAIL`, `group-EMAIL`, `domain-DOMAIN`, `allUsers`, `allAuthenticatedUsers`,
/// `project-owners-NUMBER` and its like (`storage/docs/json_api/v1/bucketAccessControls`).
fn is(estate: &Estate, entity: &str, principal: &str, target: &Target) -> bool {
    if policy::everyone(entity) {
        return !policy::prevented(estate, target) && member::is(estate, entity, principal);
    }
    let Some((kind, name)) = entity.split_once('-') else { return false };
    match kind {
        "user" => ["user", "serviceAccount"].iter().any(|k| principal == format!("{k}:{name}")),
        "group" | "domain" => member::is(estate, &format!("{kind}:{name}"), principal),
        "project" => {
            let Some((team, project)) = name.split_once('-') else { return false };
            let value = match team {
                "owners" => "projectOwner",
                "editors" => "projectEditor",
                "viewers" => "projectViewer",
                _ => return false,
            };
            member::is_by_project(estate, &format!("{value}:{project}"), principal)
        }
        _ => false,
    }
}
