//! The customer's key: a switch for everybody.

use super::role::{identities, may};
use super::{Estate, Request, items, resource, same, text};
use crate::answer::Answer;
use serde_json::Value;

/// Whether an operation needs the key.
pub(super) enum Needed {
    Yes,
    No,
    Open(&'static str),
}

/// `storage/common/customer-managed-keys-overview`, "Blob Storage operations that fail after a key is revoked": Get Blob, Put
/// Blob, Append Block and their like; List Blobs with `include=metadata`. "All data operations that aren't listed … may
/// proceed": Delete Blob is not listed.
pub(super) fn needed(action: &str, request: &Request) -> Needed {
    let lists = request.attributes.get("suboperation").is_some_and(|s| s == &["Blob.List"]);
    if action.ends_with("/delete") {
        Needed::No
    } else if lists {
        Needed::Open("listing fails without the key with `include=metadata` only")
    } else {
        Needed::Yes
    }
}

/// Whether the account's identity can use the key, where there is one.
///
/// `storage/common/customer-managed-keys-overview`: the managed identity needs get, wrapkey and unwrapkey; a disabled key
/// fails "with error code 403 (Forbidden) for all users".
pub(super) fn opens(estate: &Estate, account: &str) -> Answer {
    let Some(account) = resource(estate, account) else { return Answer::Allowed };
    if !same(text(account, "/properties/encryption/keySource"), "Microsoft.Keyvault") {
        return Answer::Allowed;
    }
    let uri = text(account, "/properties/encryption/keyvaultproperties/keyvaulturi");
    let name = text(account, "/properties/encryption/keyvaultproperties/keyname");
    let Some(vault) = vault(estate, uri) else {
        return Answer::Undecided("the vault is not in the estate");
    };
    let key = format!("{}/keys/{name}", text(vault, "/id"));
    let Some(found) = resource(estate, &key) else {
        return Answer::Undecided("the key is not in the estate");
    };
    let enabled = found.pointer("/properties/attributes/enabled") == Some(&Value::Bool(true));
    Answer::all([Answer::of(enabled), allows(estate, vault, &key, identity(account))])
}

/// The vault with this address.
fn vault<'a>(estate: &'a Estate, uri: &str) -> Option<&'a Value> {
    let address = |uri: &str| uri.trim_end_matches('/').to_owned();
    items(estate, "resources").into_iter().find(|r| {
        let own = text(r, "/properties/vaultUri");
        !own.is_empty() && same(&address(own), &address(uri))
    })
}

/// The identity that uses the key: the user-assigned one that the encryption settings name, else the account's own
/// (`storage/common/customer-managed-keys-overview`).
fn identity(account: &Value) -> &str {
    let named = text(account, "/properties/encryption/identity/userAssignedIdentity");
    if named.is_empty() {
        return text(account, "/identity/principalId");
    }
    let assigned = account.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    let found = assigned.into_iter().flatten().find(|(id, _)| same(id, named));
    found.map_or("", |(_, identity)| text(identity, "/principalId"))
}

/// What the vault says.
///
/// `key-vault/general/rbac-guide`: with `enableRbacAuthorization` roles decide and access policies are ignored; else the
/// policies decide.
fn allows(estate: &Estate, vault: &Value, key: &str, identity: &str) -> Answer {
    if vault.pointer("/properties/enableRbacAuthorization") == Some(&Value::Bool(true)) {
        return Answer::all(["read", "wrap/action", "unwrap/action"].map(|operation| {
            let request = Request {
                principal: identity.to_owned(),
                action: format!("Microsoft.KeyVault/vaults/keys/{operation}"),
                resource: key.to_owned(),
                ..Request::default()
            };
            may(estate, &request, true, key)
        }));
    }
    let who = identities(estate, identity);
    let policies = vault.pointer("/properties/accessPolicies").and_then(Value::as_array);
    let permissions: Vec<String> = policies
        .into_iter()
        .flatten()
        .filter(|p| who.contains(&text(p, "/objectId").to_lowercase()))
        .filter_map(|p| p.pointer("/permissions/keys").and_then(Value::as_array))
        .flatten()
        .filter_map(|k| Some(k.as_str()?.to_lowercase()))
        .collect();
    // `key-vault/general/assign-access-policy`: `all`, or one by one.
    let has = |name: &str| permissions.iter().any(|p| p == name || p == "all");
    Answer::of(["get", "wrapkey", "unwrapkey"].into_iter().all(has))
}
