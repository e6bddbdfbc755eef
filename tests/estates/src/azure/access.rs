//! Role assignments on five levels of scope, and deny assignments.

use super::people::People;
use super::resources::Resources;
use super::roles::{self, Roles};
use super::{GROUPS, Tenant, condition};
use crate::draw::Draw;
use serde_json::{Value, json};

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const CRYPTO_USER: &str = "12338af0-0e69-4776-bea7-57ae8d297424";
const CRYPTO_OFFICER: &str = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603";
const KEY_ADMINISTRATOR: &str = "00482a5a-887f-4fb3-b363-3b7fe8e74483";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Level {
    #[default]
    ManagementGroup,
    Subscription,
    ResourceGroup,
    Account,
    Container,
    Vault,
    Key,
}

/// So many role assignments: first those by which storage accounts use their keys, then everybody else's.
pub(super) fn assignments(
    draw: &mut Draw,
    tenant: &Tenant,
    people: &People,
    resources: &Resources,
    roles: &Roles,
    count: usize,
) -> Vec<Value> {
    let mut all = Vec::with_capacity(count);
    for (identity, key) in resources.uses.iter().take(count) {
        // Granted on the key, or on its whole vault.
        let vault = key.rsplit_once("/keys/").map_or(key.as_str(), |(vault, _)| vault);
        let scope = if draw.percent(70) { key } else { vault };
        all.push(assignment(
            draw,
            scope,
            roles::CRYPTO_SERVICE,
            (identity, "ServicePrincipal"),
            None,
        ));
    }
    while all.len() < count {
        let level = draw.weighted(&[
            (3, Level::ManagementGroup),
            (17, Level::Subscription),
            (30, Level::ResourceGroup),
            (27, Level::Account),
            (15, Level::Container),
            (5, Level::Vault),
            (3, Level::Key),
        ]);
        let scope = scope(draw, tenant, resources, level);
        let (role, condition) = role(draw, roles, level);
        // What reaches far is given to few.
        let far = matches!(level, Level::ManagementGroup | Level::Subscription) && role != READER;
        let (who, kind) = if far { people.few(draw) } else { people.any(draw) };
        all.push(assignment(draw, &scope, &role, (&who, kind), condition));
    }
    all
}

fn scope(draw: &mut Draw, tenant: &Tenant, resources: &Resources, level: Level) -> String {
    match level {
        Level::ManagementGroup => {
            let (name, _) = draw.any(&GROUPS).copied().unwrap_or_default();
            tenant.management_group(if draw.percent(20) { "" } else { name })
        }
        Level::Subscription => {
            let subscription = draw.any(&tenant.subscriptions).map_or("", |s| s.id.as_str());
            format!("/subscriptions/{subscription}")
        }
        Level::ResourceGroup => draw.one(&tenant.resource_groups),
        Level::Account => draw.one(&resources.accounts),
        Level::Container => draw.one(&resources.containers),
        Level::Vault => draw.any(&resources.vaults).map(|v| v.id.clone()).unwrap_or_default(),
        Level::Key => draw.any(&resources.keys).map(|k| k.id.clone()).unwrap_or_default(),
    }
}

/// A role that is given on this level, perhaps under a condition: one in ten of all has one, and only those that reach
/// blob data or assign roles can.
fn role(draw: &mut Draw, roles: &Roles, level: Level) -> (String, Option<String>) {
    let custom = draw.percent(12);
    let data = match level {
        Level::Container => true,
        Level::Account => draw.percent(65),
        Level::ResourceGroup => draw.percent(35),
        Level::Subscription => draw.percent(20),
        Level::ManagementGroup => draw.percent(10),
        Level::Vault | Level::Key => false,
    };
    if data {
        let built_in = draw.weighted(&[
            (55, roles::BLOB_READER),
            (35, roles::BLOB_CONTRIBUTOR),
            (10, roles::BLOB_OWNER),
        ]);
        let own = if custom { draw.any(&roles.custom_data).cloned() } else { None };
        let condition = draw.percent(21).then(|| condition::of_data(draw));
        return (own.unwrap_or_else(|| built_in.to_owned()), condition);
    }
    if custom && let Some(own) = draw.any(&roles.custom) {
        return (own.clone(), None);
    }
    let role = match level {
        Level::Vault | Level::Key => draw.weighted(&[
            (30, CRYPTO_USER),
            (30, "21090545-7ca7-4776-b22c-e363652d74d2"),
            (25, CRYPTO_OFFICER),
            (15, KEY_ADMINISTRATOR),
        ]),
        Level::Account | Level::Container => draw.weighted(&[
            (40, "17d1049b-9a84-46fb-8f53-869881c3d3ab"),
            (25, READER),
            (15, "c12c1c16-33a1-487b-954d-41c89c60f349"),
            (10, "81a9662b-bebf-436f-a333-f67b29880f12"),
            (10, "db58b8e5-c6ad-4a2a-8342-4190687cbf4a"),
        ]),
        Level::ManagementGroup | Level::Subscription => draw.weighted(&[
            (55, READER),
            (14, "92aaf0da-9dab-42b6-94a3-d43ce8d16293"),
            (12, "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
            (8, CONTRIBUTOR),
            (4, OWNER),
            (2, "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
            (5, roles::ACCESS_ADMINISTRATOR),
        ]),
        Level::ResourceGroup => draw.weighted(&[
            (40, READER),
            (22, CONTRIBUTOR),
            (5, OWNER),
            (10, "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
            (5, "f25e0fa2-a7c8-4377-a976-54943a77a395"),
            (4, "f1a07417-d97a-45cb-824c-7a7467783830"),
            (5, CRYPTO_USER),
            (4, CRYPTO_OFFICER),
            (2, KEY_ADMINISTRATOR),
            (3, roles::ACCESS_ADMINISTRATOR),
        ]),
    };
    let delegated = role == roles::ACCESS_ADMINISTRATOR && draw.percent(60);
    (role.to_owned(), delegated.then(|| condition::of_delegation(roles::BLOB_READER)))
}

fn assignment(
    draw: &mut Draw,
    scope: &str,
    role: &str,
    (who, kind): (&str, &str),
    condition: Option<String>,
) -> Value {
    let name = draw.uuid();
    // The role's path is that of the subscription, where there is one.
    let subscription =
        scope.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    let path = subscription.map_or_else(String::new, |s| format!("/subscriptions/{s}"));
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
        "properties": {
            "roleDefinitionId": format!("{path}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": who,
            "principalType": kind,
            "scope": scope,
            "condition": condition,
            "conditionVersion": condition.is_some().then_some("2.0"),
            "createdOn": draw.time(),
        },
    })
}

/// Deny assignments as managed applications and deployment stacks make them.
pub(super) fn denies(
    draw: &mut Draw,
    tenant: &Tenant,
    people: &People,
    count: usize,
) -> Vec<Value> {
    (0..count).map(|_| deny(draw, tenant, people)).collect()
}

fn deny(draw: &mut Draw, tenant: &Tenant, people: &People) -> Value {
    let (scope, name) = (draw.one(&tenant.resource_groups), draw.uuid());
    let (title, block) = match draw.below(3) {
        0 => (
            "Managed application resources",
            json!({
                "actions": ["*"], "notActions": ["*/read"], "dataActions": ["*"], "notDataActions": [],
            }),
        ),
        1 => (
            "Deny assignment of a deployment stack: deny delete",
            json!({
                "actions": ["*/delete"], "notActions": [], "dataActions": [], "notDataActions": [],
            }),
        ),
        _ => (
            "Deny assignment of a deployment stack: deny write and delete",
            json!({
                "actions": ["*/write", "*/delete"], "notActions": ["Microsoft.Resources/deployments/write"], "dataActions": [], "notDataActions": [],
            }),
        ),
    };
    let excluded = draw.one(&people.services);
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/{name}"),
        "type": "Microsoft.Authorization/denyAssignments",
        "name": name,
        "properties": {
            "denyAssignmentName": title,
            "description": "",
            "scope": scope,
            "doNotApplyToChildScopes": draw.percent(15),
            "permissions": [block],
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
            "excludePrincipals": [
                {"id": excluded, "type": "ServicePrincipal"},
                {"id": people.group(draw), "type": "Group"},
            ],
            "isSystemProtected": true,
        },
    })
}
