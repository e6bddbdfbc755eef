//! The ways to a blob beside roles, and operations on the account itself.

use super::role::{may, reaches};
use super::{Estate, Request, account, items, resource, same, scope, text};
use crate::answer::Answer;
use serde_json::Value;

/// What yields an account key, or a token that one signs: `rest/api/storagerp/storage-accounts` (List Keys, Regenerate Key,
/// List Account SAS, List Service SAS).
const YIELD_KEYS: [&str; 4] = [
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.Storage/storageAccounts/regenerateKey/action",
    "Microsoft.Storage/storageAccounts/ListAccountSas/action",
    "Microsoft.Storage/storageAccounts/ListServiceSas/action",
];

/// With the account's keys.
///
/// `storage/common/shared-key-authorization-prevent`: "permits requests that are authorized with Shared Key when the
/// property value is null or true"; a key opens all data of the account, and so does what it signs.
pub(super) fn by_account_key(estate: &Estate, request: &Request) -> Answer {
    let id = account(&request.resource);
    let Some(found) = resource(estate, id) else { return Answer::Refused };
    if found.pointer("/properties/allowSharedKeyAccess") == Some(&Value::Bool(false)) {
        return Answer::Refused;
    }
    Answer::any(YIELD_KEYS.map(|action| {
        control(estate, &Request { action: action.to_owned(), ..about_account(request) })
    }))
}

/// The request for keys is made of the account, not of the blob: what describes the blob is not there.
fn about_account(request: &Request) -> Request {
    let general =
        |name: &String| name.starts_with("@Principal") || name.starts_with("@Environment");
    let attributes = request.attributes.iter().filter(|(name, _)| general(name));
    Request {
        resource: account(&request.resource).to_owned(),
        attributes: attributes.map(|(n, v)| (n.clone(), v.clone())).collect(),
        ..request.clone()
    }
}

/// An operation of the control plane.
///
/// `azure-resource-manager/management/lock-resources`: "A read-only lock on a storage account protects … prevents all users
/// from listing the account keys"; `ReadOnly` leaves what the role Reader permits.
pub(super) fn control(estate: &Estate, request: &Request) -> Answer {
    let target = scope(&request.resource);
    let by_role = may(estate, request, false, target);
    let reads = request.action.to_lowercase().ends_with("/read");
    if reads || !locked(estate, target) {
        return by_role;
    }
    if YIELD_KEYS.iter().any(|a| same(a, &request.action)) {
        return Answer::Refused;
    }
    Answer::all([by_role, Answer::Undecided("a read-only lock on an operation that no page names")])
}

/// Whether a read-only lock stands on the resource or above.
fn locked(estate: &Estate, target: &str) -> bool {
    items(estate, "resources").into_iter().any(|r| {
        let id = text(r, "/id").to_lowercase();
        same(text(r, "/type"), "Microsoft.Authorization/locks")
            && same(text(r, "/properties/level"), "ReadOnly")
            && id
                .split_once("/providers/microsoft.authorization/locks/")
                .is_some_and(|(at, _)| reaches(estate, at, target))
    })
}

/// Without identity.
///
/// `storage/blobs/anonymous-read-access-configure`: the account must permit anonymous access and the container's level must
/// be `blob` or `container`; read-only; listing needs `container`. Whoever has an identity may leave it out.
pub(super) fn anonymously(estate: &Estate, request: &Request) -> Answer {
    let reads = request.action.to_lowercase().ends_with("/blobs/read");
    let permitted = resource(estate, account(&request.resource))
        .and_then(|a| a.pointer("/properties/allowBlobPublicAccess"));
    let level = resource(estate, scope(&request.resource))
        .map(|c| text(c, "/properties/publicAccess").to_lowercase())
        .unwrap_or_default();
    let lists = request.attributes.get("suboperation").is_some_and(|s| s == &["Blob.List"]);
    let open = level == "container" || (level == "blob" && !lists);
    Answer::of(reads && permitted == Some(&Value::Bool(true)) && open)
}
