//! Constraints of the organisation, in both versions and both spellings.
//! <https://cloud.google.com/resource-manager/docs/organization-policy/understanding-hierarchy>

use crate::model::json;
use serde_json::Value;

/// What a policy of a constraint says at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforced {
    /// Enforced, or not.
    Known(bool),
    /// It depends on tags of the resource.
    ByTags,
}

/// Whether a constraint is enforced by one policy; `None` when the policy is of another constraint, or sets nothing.
#[must_use]
pub fn enforced(policy: &Value, constraint: &str) -> Option<Enforced> {
    let policy = Constraint::of(policy, constraint)?;
    if policy.is_reset() {
        return Some(Enforced::Known(false));
    }
    if let Some(boolean) = json::first(policy.0, &["boolean_policy", "booleanPolicy"]) {
        return Some(Enforced::Known(
            boolean.get("enforced").and_then(json::boolean) == Some(true),
        ));
    }
    let rules = policy.rules()?;
    let enforces = |rule: &&Value| rule.get("enforce").and_then(json::boolean) == Some(true);
    let tagged = |rule: &&Value| rule.get("condition").is_some_and(|c| !c.is_null());
    let enforced = rules.iter().any(enforces);
    // Where every rule waits for a tag, the rest is left to the default, which enforces nothing.
    let free = rules.iter().any(|rule| !enforces(rule)) || rules.iter().all(tagged);
    match (enforced, free) {
        (true, true) => Some(Enforced::ByTags),
        (enforced, _) => Some(Enforced::Known(enforced)),
    }
}

/// Whether a value is denied by the list of a constraint; `None` when the policy is of another constraint.
#[must_use]
pub fn denies(policy: &Value, constraint: &str, value: &str) -> Option<bool> {
    let policy = Constraint::of(policy, constraint)?;
    let listed = |list: Option<&Value>| {
        list.map(json::list).unwrap_or_default().iter().any(|v| v.as_str() == Some(value))
    };
    if let Some(list) = json::first(policy.0, &["list_policy", "listPolicy"]) {
        return Some(listed(json::first(list, &["denied_values", "deniedValues"])));
    }
    let rules = policy.rules()?;
    let values = rules.iter().filter_map(|rule| rule.get("values"));
    let denied = values.map(|v| json::first(v, &["denied_values", "deniedValues"]));
    Some(denied.into_iter().any(listed))
}

/// One policy of the constraint that is asked about.
struct Constraint<'a>(&'a Value);

impl<'a> Constraint<'a> {
    fn of(policy: &'a Value, constraint: &str) -> Option<Self> {
        let name = json::first(policy, &["constraint", "name"])?.as_str()?;
        name.ends_with(constraint).then_some(Self(policy))
    }

    /// Back to the constraint's default, whatever stands above.
    fn is_reset(&self) -> bool {
        json::first(self.0, &["restore_default", "restoreDefault"]).is_some()
            || self.0.get("spec").and_then(|s| s.get("reset")).and_then(json::boolean) == Some(true)
    }

    /// The live rules; a policy with a dry run alone has none.
    fn rules(&self) -> Option<Vec<&'a Value>> {
        self.0.get("spec")?.get("rules").map(json::list).filter(|rules| !rules.is_empty())
    }
}
