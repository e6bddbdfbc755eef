//! Built-in roles that keyfence ships, for estates without role definitions: those that matter for storage, keys,
//! identities and role assignments, with the operations of these providers.
//! <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>
//!
//! The table's form: `role <guid> <name>`, then `block`s of `+ action`, `- not action`, `+d data action`,
//! `-d not data action`, `if condition`.

use crate::model::Pattern;
use crate::model::azure::{ArmId, Condition, Permission, RoleDefinition};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static SHIPPED: LazyLock<BTreeMap<Arc<str>, RoleDefinition>> = LazyLock::new(|| {
    let mut roles: Vec<RoleDefinition> = Vec::new();
    for line in include_str!("roles.txt").lines() {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        if mark == "role" {
            let (guid, name) = rest.split_once(' ').unwrap_or((rest, rest));
            let id =
                ArmId::new(&format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"));
            roles.push(RoleDefinition { id, role_name: name.into(), permissions: Vec::new() });
            continue;
        }
        let Some(role) = roles.last_mut() else { continue };
        if mark == "block" {
            role.permissions.push(Permission::default());
            continue;
        }
        let Some(block) = role.permissions.last_mut() else { continue };
        match mark {
            "+" => block.actions.push(Pattern::new(rest)),
            "-" => block.not_actions.push(Pattern::new(rest)),
            "+d" => block.data_actions.push(Pattern::new(rest)),
            "-d" => block.not_data_actions.push(Pattern::new(rest)),
            _ => block.condition = Some(Condition::new(rest)),
        }
    }
    roles.into_iter().map(|r| (r.id.name().into(), r)).collect()
});

/// The shipped definition of a built-in role by its GUID in lower case.
#[must_use]
pub fn shipped_role(guid: &str) -> Option<&'static RoleDefinition> {
    SHIPPED.get(guid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_has_listkeys_and_no_data_action() {
        let owner = shipped_role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635").unwrap();
        let [block] = owner.permissions.as_slice() else { panic!("one block") };
        assert!(block.allows_action("microsoft.storage/storageaccounts/listkeys/action"));
        assert!(!block.allows_data_action(
            "microsoft.storage/storageaccounts/blobservices/containers/blobs/read"
        ));
    }
}
