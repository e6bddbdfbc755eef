//! Role assignments, role definitions, deny assignments.
//! <https://learn.microsoft.com/azure/role-based-access-control/overview>

use super::{ArmId, Condition};
use crate::model::{Pattern, json};
use serde_json::Value;
use std::sync::Arc;

/// Somebody has a role at a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its resource id.
    pub id: ArmId,
    /// The role: only the last segment (a GUID) identifies it, the path before varies by scope.
    pub role: ArmId,
    /// Object id of the principal, in lower case.
    pub principal: Arc<str>,
    /// `User`, `Group`, `ServicePrincipal`, …, when known.
    pub principal_type: Option<Arc<str>>,
    /// Where it applies, and below.
    pub scope: ArmId,
    /// The ABAC condition, when there is one.
    pub condition: Option<Condition>,
    /// Version of the condition language.
    pub condition_version: Option<Arc<str>>,
}

/// A role: what its permission blocks allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its resource id.
    pub id: ArmId,
    /// Its display name.
    pub role_name: Arc<str>,
    /// Permission blocks; each counts by itself.
    pub permissions: Vec<Permission>,
}

/// One permission block; patterns in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permission {
    /// Control-plane operations.
    pub actions: Vec<Pattern>,
    /// Control-plane operations taken out of `actions`.
    pub not_actions: Vec<Pattern>,
    /// Data-plane operations.
    pub data_actions: Vec<Pattern>,
    /// Data-plane operations taken out of `data_actions`.
    pub not_data_actions: Vec<Pattern>,
    /// A condition inside the definition.
    pub condition: Option<Condition>,
}

impl Permission {
    /// Whether the block allows a control-plane operation (lower case).
    #[must_use]
    pub fn allows_action(&self, operation: &str) -> bool {
        allowed(&self.actions, &self.not_actions, operation)
    }

    /// Whether the block allows a data-plane operation (lower case).
    #[must_use]
    pub fn allows_data_action(&self, operation: &str) -> bool {
        allowed(&self.data_actions, &self.not_data_actions, operation)
    }
}

/// On the allow side `/*/` also matches no segment (Microsoft's own role `Managed Identity Operator` needs it); on the
/// Not side it does not, so that an exception is never taken to be wider than written.
fn allowed(yes: &[Pattern], no: &[Pattern], operation: &str) -> bool {
    let loosely = |p: &Pattern| {
        p.matches(operation)
            || p.as_str().contains("/*/")
                && Pattern::new(p.as_str().replacen("/*/", "/", 1)).matches(operation)
    };
    yes.iter().any(loosely) && !no.iter().any(|p| p.matches(operation))
}

/// Takes operations away from principals, whatever their roles.
/// <https://learn.microsoft.com/azure/role-based-access-control/deny-assignments>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyAssignment {
    /// Its resource id.
    pub id: ArmId,
    /// Its display name.
    pub name: Arc<str>,
    /// What is denied.
    pub permissions: Vec<Permission>,
    /// Where it applies.
    pub scope: ArmId,
    /// Whether scopes below are not affected.
    pub only_this_scope: bool,
    /// Object ids (lower case) of those who are denied; the id of zeros is everyone.
    pub principals: Vec<Arc<str>>,
    /// Object ids (lower case) of those who are not denied.
    pub excluded: Vec<Arc<str>>,
    /// A condition, when there is one.
    pub condition: Option<Condition>,
    /// Whether it only logs (`denyAssignmentEffect` `audit`).
    pub audits_only: bool,
}

impl DenyAssignment {
    /// The principal id that means everyone (type `SystemDefined`).
    pub const EVERYONE: &'static str = "00000000-0000-0000-0000-000000000000";

    /// Whether the deny assignment reaches a scope by path.
    #[must_use]
    pub fn reaches(&self, scope: &ArmId) -> bool {
        if self.only_this_scope { self.scope == *scope } else { self.scope.contains(scope) }
    }
}

impl RoleAssignment {
    /// Reads an assignment from its body as ARM lists it, as a request carries it, or as the portal writes it (names in
    /// another case, no scope).
    #[must_use]
    pub fn parse(id: &ArmId, body: &Value) -> Option<Self> {
        let properties = json::any_case(body, "properties").unwrap_or(body);
        let text = |key: &str| json::any_case_str(properties, &[key]).filter(|s| !s.is_empty());
        let scope = text("scope").map(ArmId::new).or_else(|| id.scope_of_extension())?;
        Some(Self {
            id: id.clone(),
            role: ArmId::new(text("roleDefinitionId")?),
            principal: text("principalId")?.to_lowercase().into(),
            principal_type: text("principalType").map(Into::into),
            scope,
            condition: text("condition").map(|c| Condition::versioned(c, text("conditionVersion"))),
            condition_version: text("conditionVersion").map(Into::into),
        })
    }
}

impl RoleDefinition {
    /// Reads a definition as ARM lists it or as a request carries it.
    #[must_use]
    pub fn parse(id: &ArmId, body: &Value) -> Option<Self> {
        let properties = json::any_case(body, "properties").unwrap_or(body);
        let blocks = json::any_case(properties, "permissions").map(json::list)?;
        let name = json::any_case_str(properties, &["roleName"]).unwrap_or_else(|| id.name());
        Some(Self {
            id: id.clone(),
            role_name: name.into(),
            permissions: blocks.into_iter().map(Permission::parse).collect(),
        })
    }
}

impl Permission {
    /// Reads a permission block. Names come with stray blanks and in mixed case in Microsoft's own data.
    #[must_use]
    pub fn parse(block: &Value) -> Self {
        let patterns = |key: &str| {
            let texts = json::any_case(block, key).map(json::list).unwrap_or_default();
            texts
                .into_iter()
                .filter_map(Value::as_str)
                .map(|t| Pattern::new(t.trim().to_lowercase()))
                .collect()
        };
        Self {
            actions: patterns("actions"),
            not_actions: patterns("notActions"),
            data_actions: patterns("dataActions"),
            not_data_actions: patterns("notDataActions"),
            condition: json::any_case_str(block, &["condition"]).filter(|c| !c.is_empty()).map(
                |c| {
                    let version = json::any_case_str(block, &["conditionVersion"]);
                    Condition::versioned(c, version.filter(|v| !v.is_empty()))
                },
            ),
        }
    }
}

impl DenyAssignment {
    /// Reads a deny assignment as ARM lists it.
    #[must_use]
    pub fn parse(body: &Value) -> Option<Self> {
        let id = ArmId::new(json::any_case_str(body, &["id"])?);
        let properties = json::any_case(body, "properties").unwrap_or(body);
        let ids = |key: &str| {
            let listed = json::any_case(properties, key).map(json::list).unwrap_or_default();
            listed
                .into_iter()
                .filter_map(|p| Some(json::any_case_str(p, &["id"])?.to_lowercase().into()))
                .collect()
        };
        let blocks = json::any_case(properties, "permissions").map(json::list).unwrap_or_default();
        Some(Self {
            name: json::any_case_str(properties, &["denyAssignmentName"])
                .unwrap_or_else(|| id.name())
                .into(),
            permissions: blocks.into_iter().map(Permission::parse).collect(),
            scope: json::any_case_str(properties, &["scope"])
                .map(ArmId::new)
                .or_else(|| id.scope_of_extension())?,
            only_this_scope: json::any_case(properties, "doNotApplyToChildScopes")
                .and_then(json::boolean)
                == Some(true),
            principals: ids("principals"),
            excluded: ids("excludePrincipals"),
            audits_only: json::any_case_str(properties, &["denyAssignmentEffect"])
                .is_some_and(|effect| effect.eq_ignore_ascii_case("audit")),
            condition: json::any_case_str(properties, &["condition"])
                .filter(|c| !c.is_empty())
                .map(Condition::new),
            id,
        })
    }
}
