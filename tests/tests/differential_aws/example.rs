//! An estate and a request as one value that can be made smaller.

use keyfence_reference::aws::{Caller, Estate, Request};
use serde_json::{Value, json};

/// An estate and a request as one value, for [`shrink`].
pub(super) fn example(estate: &Estate, request: &Request) -> Value {
    json!({"estate": estate, "request": request.to_json()})
}

pub(super) fn parts_of(example: &Value) -> Option<(Estate, Request)> {
    if !is_well_formed(example, false) {
        return None;
    }
    let estate = example.get("estate")?.as_object()?;
    let estate = estate.iter().map(|(path, content)| (path.clone(), content.clone())).collect();
    let request = Request::of_json(example.get("request")?)?;
    let caller = Caller::of(&estate, &request.principal);
    let exists = match &caller {
        Caller::Anonymous | Caller::Root { .. } => true,
        Caller::User { .. } | Caller::Session { .. } => caller.identity(&estate).is_some(),
    };
    exists.then_some((estate, request))
}

/// Whether every statement is still one: nobody has to agree on what half a statement means.
fn is_well_formed(value: &Value, on_resource: bool) -> bool {
    let one_of = |object: &serde_json::Map<String, Value>, names: [&str; 2]| {
        names.iter().any(|n| object.get(*n).is_some_and(|v| *v != json!([]) && *v != json!({})))
    };
    match value {
        Value::Array(items) => items.iter().all(|item| is_well_formed(item, on_resource)),
        Value::Object(object) => {
            let is_statement =
                ["Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"]
                    .iter()
                    .any(|n| object.contains_key(*n));
            let is_whole = object.contains_key("Effect")
                && one_of(object, ["Action", "NotAction"])
                && one_of(object, ["Resource", "NotResource"])
                && (!on_resource || one_of(object, ["Principal", "NotPrincipal"]));
            (!is_statement || is_whole && object.values().all(has_no_empty_list))
                && object.iter().all(|(name, v)| {
                    name == "AssumeRolePolicyDocument"
                        || (name != "context" || has_no_empty_list(v))
                            && is_well_formed(v, on_resource || name == "Policy")
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// A key of the context without a value is no key, and nobody writes a list of no principals.
fn has_no_empty_list(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(has_no_empty_list),
        Value::Object(object) => object.values().all(has_no_empty_list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// An example without what its policies and its request say.
pub(super) fn facts(example: &Value) -> Value {
    match example {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| {
                !["Statement", "context", "session_policies"].contains(&name.as_str())
            });
            kept.map(|(name, v)| (name.clone(), facts(v))).collect()
        }
        Value::Array(items) => items.iter().map(facts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => example.clone(),
    }
}
