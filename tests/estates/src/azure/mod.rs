//! An Azure tenant: management groups, subscriptions, storage accounts with containers, vaults with keys, role assignments.

mod access;
mod condition;
mod people;
mod resources;
mod roles;

use crate::draw::Draw;
use crate::{AzureSize, EstateFiles, TEAMS, bytes};
use people::People;
use resources::Resources;
use roles::Roles;
use serde_json::{Value, json};

/// Management groups below the tenant's root, with their parents.
const GROUPS: [(&str, &str); 6] = [
    ("platform", ""),
    ("landing-zones", ""),
    ("corp", "landing-zones"),
    ("online", "landing-zones"),
    ("sandbox", ""),
    ("decommissioned", ""),
];

/// The tenant, its hierarchy down to resource groups.
#[derive(Debug)]
struct Tenant {
    id: String,
    subscriptions: Vec<Subscription>,
    /// Ids of resource groups.
    resource_groups: Vec<String>,
}

#[derive(Debug)]
struct Subscription {
    id: String,
    name: String,
    group: &'static str,
}

impl Tenant {
    fn management_group(&self, name: &str) -> String {
        let name = if name.is_empty() { self.id.as_str() } else { name };
        format!("/providers/Microsoft.Management/managementGroups/{name}")
    }
}

pub(crate) fn estate(size: &AzureSize, seed: u64) -> EstateFiles {
    let mut draw = Draw::new(seed ^ 0x000A_2042);
    let tenant = tenant(&mut draw, size);
    let people = People::of(&mut draw, size);
    let resources = Resources::of(&mut draw, &tenant, &people, size);
    let roles = Roles::of(&mut draw, &tenant, size.definitions);
    let assignments =
        access::assignments(&mut draw, &tenant, &people, &resources, &roles, size.assignments);
    let denies = access::denies(&mut draw, &tenant, &people, size.denies);
    let files = [
        ("management-groups.json", management_groups(&tenant)),
        ("resources.json", Value::Array(resources.listed)),
        ("groups.json", people.groups()),
        ("role-definitions.json", Value::Array(roles.definitions)),
        ("role-assignments.json", Value::Array(assignments)),
        ("deny-assignments.json", Value::Array(denies)),
    ];
    let path = |file: &str| format!("azure/{}/{file}", tenant.id);
    files.into_iter().map(|(file, value)| (path(file), bytes(&value))).collect()
}

fn tenant(draw: &mut Draw, size: &AzureSize) -> Tenant {
    let id = draw.uuid();
    let subscription = |i: usize| {
        let group = match i {
            0 => "platform",
            1 => "corp",
            _ => draw.weighted(&[
                (10, "platform"),
                (45, "corp"),
                (30, "online"),
                (12, "sandbox"),
                (3, "decommissioned"),
            ]),
        };
        Subscription { id: draw.uuid(), name: format!("sub-{}-{i:02}", draw.one(&TEAMS)), group }
    };
    let subscriptions: Vec<Subscription> = (0..size.subscriptions).map(subscription).collect();
    let resource_group = |i: usize| {
        // Each subscription has one at least.
        let at = if i < subscriptions.len() { i } else { draw.below(subscriptions.len()) };
        let subscription = subscriptions.get(at).map_or("", |s| s.id.as_str());
        format!("/subscriptions/{subscription}/resourceGroups/rg-{}-{i:03}", draw.one(&TEAMS))
    };
    let resource_groups = (0..size.resource_groups).map(resource_group).collect();
    Tenant { id, subscriptions, resource_groups }
}

/// One list entry a management group, each with its children, as `az account management-group show --expand` gives it.
fn management_groups(tenant: &Tenant) -> Value {
    let shown = std::iter::once(("", None)).chain(GROUPS.iter().map(|(n, p)| (*n, Some(*p))));
    shown.map(|(name, parent)| management_group(tenant, name, parent)).collect()
}

fn management_group(tenant: &Tenant, name: &str, parent: Option<&str>) -> Value {
    let below = GROUPS.iter().filter(|(_, p)| *p == name);
    let groups = below.map(|(child, _)| {
        json!({"id": tenant.management_group(child), "type": "Microsoft.Management/managementGroups", "name": child})
    });
    let subscriptions = tenant.subscriptions.iter().filter(|s| s.group == name).map(|s| {
        json!({"id": format!("/subscriptions/{}", s.id), "type": "/subscriptions", "name": s.id, "displayName": s.name})
    });
    let last = if name.is_empty() { tenant.id.as_str() } else { name };
    json!({
        "id": tenant.management_group(name),
        "type": "Microsoft.Management/managementGroups",
        "name": last,
        "properties": {
            "tenantId": tenant.id,
            "displayName": if name.is_empty() { "Tenant Root Group" } else { name },
            "details": {"parent": parent.map(|p| json!({"id": tenant.management_group(p)}))},
            "children": groups.chain(subscriptions).collect::<Vec<_>>(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_those_asked_for() {
        let size = AzureSize::default();
        let files = estate(&size, 5);
        let read = |name: &str| -> Value {
            let (_, content) = files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
            serde_json::from_slice(content).unwrap()
        };
        let resources = read("resources.json");
        let of =
            |kind: &str| resources.as_array().unwrap().iter().filter(|r| r["type"] == kind).count();
        assert_eq!(of("Microsoft.Storage/storageAccounts"), size.storage_accounts);
        assert_eq!(
            of("Microsoft.Storage/storageAccounts/blobServices/containers"),
            size.containers
        );
        assert_eq!(of("Microsoft.KeyVault/vaults"), size.vaults);
        assert_eq!(of("Microsoft.KeyVault/vaults/keys"), size.keys);
        let assignments = read("role-assignments.json");
        let assignments = assignments.as_array().unwrap();
        assert_eq!(assignments.len(), size.assignments);
        let conditional =
            assignments.iter().filter(|a| a["properties"]["condition"].is_string()).count();
        assert!((140..=260).contains(&conditional), "{conditional}");
        assert_eq!(read("deny-assignments.json").as_array().unwrap().len(), size.denies);
        assert_eq!(read("groups.json").as_object().unwrap().len(), size.groups);
    }
}
