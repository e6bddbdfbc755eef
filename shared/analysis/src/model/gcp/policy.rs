//! Allow policies as sets of (role, member, condition), their deltas, and deny rules.
//! <https://cloud.google.com/iam/docs/policies>

use super::{Cel, FullName};
use crate::model::json;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The condition of a binding: CEL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    /// The expression; it alone decides.
    pub expression: Cel,
    /// The title; part of the binding's identity.
    pub title: Arc<str>,
    /// The description.
    pub description: Arc<str>,
}

/// One member with one role, perhaps under a condition. Two bindings of one role and member with different conditions
/// are different.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binding {
    /// The role (`roles/storage.objectViewer`, `projects/p/roles/custom`).
    pub role: Arc<str>,
    /// The member (`user:…`, `group:…`, `allUsers`, …).
    pub member: Arc<str>,
    /// The condition.
    pub condition: Option<Condition>,
}

/// An allow policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// One entry per role, member and condition.
    pub bindings: BTreeSet<Binding>,
    /// `auditConfigs` as written: which data access is logged.
    pub audit_configs: Option<Arc<Value>>,
}

/// What a policy write added and removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyDelta {
    /// Bindings that were added.
    pub added: BTreeSet<Binding>,
    /// Bindings that were removed.
    pub removed: BTreeSet<Binding>,
}

/// One rule of a deny policy (IAM v2).
/// <https://cloud.google.com/iam/docs/deny-overview>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DenyRule {
    /// Whom it denies (`principalSet://goog/public:all`, `principal://…`).
    pub principals: Vec<Arc<str>>,
    /// Whom it does not deny.
    pub excepted_principals: Vec<Arc<str>>,
    /// Permissions in v2 form (`storage.googleapis.com/objects.get`, `*` at the end of a service allowed).
    pub permissions: Vec<Arc<str>>,
    /// Permissions that are not denied.
    pub excepted_permissions: Vec<Arc<str>>,
    /// A condition, when there is one.
    pub condition: Option<Condition>,
}

/// A principal access boundary, bound to a set of principals: they are eligible for these resources only.
/// <https://cloud.google.com/iam/docs/principal-access-boundary-policies>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// The set of principals, as the binding writes it.
    pub principals: Arc<str>,
    /// The resources, with everything below each.
    pub resources: Vec<FullName>,
}

/// A deny policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyPolicy {
    /// Where it is attached: it reaches this resource and all below.
    pub attachment: FullName,
    /// Its rules.
    pub rules: Vec<DenyRule>,
}

impl Condition {
    /// Reads `{expression, title, description}`; an empty expression is no condition.
    #[must_use]
    pub fn parse(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let expression = text("expression");
        (!expression.is_empty()).then(|| Self {
            expression: Cel::new(expression),
            title: text("title").into(),
            description: text("description").into(),
        })
    }

    /// As the API writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = serde_json::Map::new();
        for (key, text) in [
            ("expression", self.expression.text()),
            ("title", &self.title),
            ("description", &self.description),
        ] {
            if !text.is_empty() {
                object.insert(key.to_owned(), Value::from(text));
            }
        }
        Value::Object(object)
    }
}

impl Binding {
    /// Whether the member stands for whoever holds a basic role on a project (`projectViewer:<project id>`).
    #[must_use]
    pub fn is_of_basic_role(&self) -> bool {
        ["projectViewer:", "projectEditor:", "projectOwner:"]
            .iter()
            .any(|kind| self.member.starts_with(kind))
    }

    /// As plans and the contract write it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("role".to_owned(), Value::from(&*self.role));
        object.insert("member".to_owned(), Value::from(&*self.member));
        if let Some(condition) = &self.condition {
            object.insert("condition".to_owned(), condition.to_json());
        }
        Value::Object(object)
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.role, self.member)?;
        match &self.condition {
            Some(condition) => write!(f, " if {}", condition.expression),
            None => Ok(()),
        }
    }
}

impl Policy {
    /// Reads a policy as `getIamPolicy` returns it; absent bindings are none.
    #[must_use]
    pub fn parse(value: &Value) -> Self {
        let mut bindings = BTreeSet::new();
        for binding in value.get("bindings").map(json::list).unwrap_or_default() {
            let Some(role) = binding.get("role").and_then(Value::as_str) else { continue };
            let condition = binding.get("condition").and_then(Condition::parse);
            for member in binding.get("members").map(json::list).unwrap_or_default() {
                if let Some(member) = member.as_str() {
                    bindings.insert(Binding {
                        role: role.into(),
                        member: member.into(),
                        condition: condition.clone(),
                    });
                }
            }
        }
        Self {
            bindings,
            audit_configs: json::first(value, &["auditConfigs", "audit_configs"])
                .cloned()
                .map(Arc::new),
        }
    }

    /// The policy after a delta.
    #[must_use]
    pub fn with(&self, delta: &PolicyDelta) -> Self {
        let bindings =
            self.bindings.difference(&delta.removed).chain(&delta.added).cloned().collect();
        Self { bindings, audit_configs: self.audit_configs.clone() }
    }

    /// What leads from this policy to the other.
    #[must_use]
    pub fn delta_to(&self, other: &Self) -> PolicyDelta {
        PolicyDelta {
            added: other.bindings.difference(&self.bindings).cloned().collect(),
            removed: self.bindings.difference(&other.bindings).cloned().collect(),
        }
    }
}

impl PolicyDelta {
    /// Reads `policyDelta.bindingDeltas`.
    #[must_use]
    pub fn parse(value: &Value) -> Self {
        let mut delta = Self::default();
        for entry in json::first(value, &["bindingDeltas", "binding_deltas"])
            .map(json::list)
            .unwrap_or_default()
        {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let (Some(action), Some(role), Some(member)) =
                (text("action"), text("role"), text("member"))
            else {
                continue;
            };
            let binding = Binding {
                role: role.into(),
                member: member.into(),
                condition: entry.get("condition").and_then(Condition::parse),
            };
            match action {
                "ADD" => delta.added.insert(binding),
                "REMOVE" => delta.removed.insert(binding),
                _ => false,
            };
        }
        delta
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// The delta that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { added: self.removed.clone(), removed: self.added.clone() }
    }
}
