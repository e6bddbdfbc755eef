//! Loads tenants from what Resource Graph and ARM list.

use super::{Azure, Part};
use crate::estate::files::{self, FileError};
use crate::model::azure::{ArmId, ArmResource, DenyAssignment, RoleAssignment, RoleDefinition};
use crate::model::json;
use serde_json::Value;

impl Azure {
    pub(in crate::estate) fn load(
        &mut self,
        path: &str,
        tenant: &str,
        file: &str,
        content: &[u8],
    ) -> Result<(), FileError> {
        let parts = [
            Part::Resources,
            Part::Assignments,
            Part::Definitions,
            Part::Denies,
            Part::Groups,
            Part::ManagementGroups,
        ];
        let Some(part) = parts.into_iter().find(|p| p.file() == file) else { return Ok(()) };
        self.tenants.insert(tenant.to_lowercase().into());
        if part == Part::Groups {
            self.load_groups(path, &files::json(path, content)?)?;
        } else {
            for (i, item) in files::json_list(path, content)?.iter().enumerate() {
                let error = |problem: &str| FileError::new(path, format!("`[{i}]`: {problem}"));
                self.load_item(part, item).ok_or_else(|| error(needs(part)))?;
            }
        }
        self.known.insert(part);
        Ok(())
    }

    fn load_item(&mut self, part: Part, item: &Value) -> Option<()> {
        match part {
            Part::Resources => {
                let resource = ArmResource::parse(item)?;
                self.resources.insert(resource.id.clone(), resource);
            }
            Part::Assignments => {
                let id = ArmId::new(json::any_case_str(item, &["id"])?);
                let assignment = RoleAssignment::parse(&id, item)?;
                self.assignments.insert(id, assignment);
            }
            Part::Definitions => {
                let id = ArmId::new(json::any_case_str(item, &["id"])?);
                let definition = RoleDefinition::parse(&id, item)?;
                self.definitions.insert(id.name().to_lowercase().into(), definition);
            }
            Part::Denies => {
                let deny = DenyAssignment::parse(item)?;
                self.denies.insert(deny.id.clone(), deny);
            }
            Part::ManagementGroups => self.load_management_group(item)?,
            Part::Groups => {}
        }
        Some(())
    }

    fn load_management_group(&mut self, item: &Value) -> Option<()> {
        let id = ArmId::new(json::any_case_str(item, &["id"])?);
        if let Some(parent) = json::any_case_path(item, &["properties", "details", "parent"])
            .and_then(|p| json::any_case_str(p, &["id"]))
        {
            self.parents.insert(id.clone(), ArmId::new(parent));
        }
        let children = json::any_case_path(item, &["properties", "children"])
            .or_else(|| json::any_case(item, "children"));
        for child in children.map(json::list).unwrap_or_default() {
            self.parents.insert(ArmId::new(json::any_case_str(child, &["id"])?), id.clone());
            self.load_management_group(child)?;
        }
        Some(())
    }

    /// `{group object id: [member object ids]}`.
    fn load_groups(&mut self, path: &str, value: &Value) -> Result<(), FileError> {
        let wrong =
            |group: &str| FileError::new(path, format!("`{group}`: expected a list of object ids"));
        let groups = value
            .as_object()
            .ok_or_else(|| FileError::new(path, "expected an object: group -> members"))?;
        for (group, members) in groups {
            let members = members.as_array().ok_or_else(|| wrong(group))?;
            let ids = members
                .iter()
                .map(|m| Some(m.as_str()?.to_lowercase().into()))
                .collect::<Option<_>>();
            self.groups.insert(group.to_lowercase().into(), ids.ok_or_else(|| wrong(group))?);
        }
        // A group without members is as good as none.
        self.groups.retain(|_, members| !members.is_empty());
        Ok(())
    }
}

const fn needs(part: Part) -> &'static str {
    match part {
        Part::Resources => "a resource needs an `id`",
        Part::Assignments => {
            "a role assignment needs `id`, `properties.roleDefinitionId` and `properties.principalId`"
        }
        Part::Definitions => "a role definition needs `id` and `properties.permissions`",
        Part::Denies => "a deny assignment needs `id` and `properties.scope`",
        Part::ManagementGroups => "a management group needs an `id`, its children too",
        Part::Groups => "a group needs a list of members",
    }
}
