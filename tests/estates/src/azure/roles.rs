//! Role definitions: the built-in ones that are assigned, and custom ones.

use super::{TEAMS, Tenant};
use crate::draw::Draw;
use serde_json::{Value, json};

/// Built-in roles, copied from Microsoft's own list.
/// <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>
const BUILT_IN: &str = include_str!("roles.json");

pub(super) const CRYPTO_SERVICE: &str = "e147488a-f6f5-4113-8e2d-b22465e65bf6";
pub(super) const ACCESS_ADMINISTRATOR: &str = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
pub(super) const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
pub(super) const BLOB_CONTRIBUTOR: &str = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
pub(super) const BLOB_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";

#[derive(Debug)]
pub(super) struct Roles {
    /// GUIDs of custom roles with data actions on blobs.
    pub(super) custom_data: Vec<String>,
    /// GUIDs of the other custom roles.
    pub(super) custom: Vec<String>,
    pub(super) definitions: Vec<Value>,
}

impl Roles {
    pub(super) fn of(draw: &mut Draw, tenant: &Tenant, count: usize) -> Self {
        let mut roles =
            Self { custom_data: Vec::new(), custom: Vec::new(), definitions: built_in() };
        for index in 0..count {
            let guid = draw.uuid();
            let data = draw.percent(40);
            let block = if data { data_block(draw) } else { control_block(draw) };
            roles.definitions.push(definition(draw, tenant, index, &guid, &block));
            if data { roles.custom_data.push(guid) } else { roles.custom.push(guid) }
        }
        roles
    }
}

fn built_in() -> Vec<Value> {
    let table: Value = serde_json::from_str(BUILT_IN).unwrap_or_default();
    let roles = table.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |role: &Value, key: &str| role.get(key).cloned().unwrap_or_default();
    let one = |role: &Value| {
        let guid = role.get("name").and_then(Value::as_str).unwrap_or_default();
        json!({
            "id": format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"),
            "type": "Microsoft.Authorization/roleDefinitions",
            "name": guid,
            "properties": {
                "roleName": text(role, "roleName"),
                "type": "BuiltInRole",
                "description": text(role, "description"),
                "assignableScopes": ["/"],
                "permissions": text(role, "permissions"),
            },
        })
    };
    roles.iter().map(one).collect()
}

fn definition(draw: &mut Draw, tenant: &Tenant, index: usize, guid: &str, block: &Value) -> Value {
    let subscription = draw.any(&tenant.subscriptions).map_or("", |s| s.id.as_str());
    let scope = if draw.percent(50) {
        tenant.management_group("")
    } else {
        format!("/subscriptions/{subscription}")
    };
    json!({
        "id": format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}"),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid,
        "properties": {
            "roleName": format!("{} role {index}", draw.one(&TEAMS)),
            "type": "CustomRole",
            "description": "",
            "assignableScopes": [scope],
            "permissions": [block],
        },
    })
}

fn data_block(draw: &mut Draw) -> Value {
    let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
    let verbs = draw.weighted::<&[&str]>(&[
        (50, &["read"]),
        (25, &["read", "write", "add/action"]),
        (15, &["*"]),
        (10, &["delete"]),
    ]);
    let not: Vec<String> =
        if draw.percent(30) { vec![format!("{blobs}/delete")] } else { Vec::new() };
    json!({
        "actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        "notActions": [],
        "dataActions": verbs.iter().map(|v| format!("{blobs}/{v}")).collect::<Vec<_>>(),
        "notDataActions": not,
    })
}

/// Most custom roles are about operating other services; some list keys or use those of vaults.
fn control_block(draw: &mut Draw) -> Value {
    let (actions, not, data) = draw.weighted::<(&[&str], &[&str], &[&str])>(&[
        (
            30,
            (
                &[
                    "*/read",
                    "Microsoft.Compute/virtualMachines/start/action",
                    "Microsoft.Compute/virtualMachines/restart/action",
                ],
                &[],
                &[],
            ),
        ),
        (
            20,
            (
                &["Microsoft.Insights/*", "Microsoft.OperationalInsights/*", "*/read"],
                &["Microsoft.Insights/diagnosticSettings/delete"],
                &[],
            ),
        ),
        (
            15,
            (
                &["Microsoft.Storage/storageAccounts/*"],
                &[
                    "Microsoft.Storage/storageAccounts/listKeys/action",
                    "Microsoft.Storage/storageAccounts/regenerateKey/action",
                ],
                &[],
            ),
        ),
        (
            10,
            (
                &[
                    "Microsoft.Storage/storageAccounts/read",
                    "Microsoft.Storage/storageAccounts/listKeys/action",
                ],
                &[],
                &[],
            ),
        ),
        (
            10,
            (
                &["*"],
                &[
                    "Microsoft.Authorization/*/Write",
                    "Microsoft.Authorization/*/Delete",
                    "Microsoft.Network/*/write",
                ],
                &[],
            ),
        ),
        (
            10,
            (
                &[],
                &[],
                &[
                    "Microsoft.KeyVault/vaults/keys/read",
                    "Microsoft.KeyVault/vaults/keys/wrap/action",
                    "Microsoft.KeyVault/vaults/keys/unwrap/action",
                ],
            ),
        ),
        (
            5,
            (
                &[
                    "Microsoft.KeyVault/vaults/read",
                    "Microsoft.KeyVault/vaults/accessPolicies/write",
                ],
                &[],
                &[],
            ),
        ),
    ]);
    json!({"actions": actions, "notActions": not, "dataActions": data, "notDataActions": []})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roles_are_read() {
        let roles = built_in();
        assert!(roles.len() > 20);
        for guid in
            [CRYPTO_SERVICE, ACCESS_ADMINISTRATOR, BLOB_READER, BLOB_CONTRIBUTOR, BLOB_OWNER]
        {
            assert!(roles.iter().any(|r| r["name"] == guid), "{guid}");
        }
    }
}
