//! The classes of `tests/iam-simulate/disagreements.md`, recognised.

use super::simulation::{Asked, principal};
use super::simulator::Simulator;
use keyfence_reference::aws::{Caller, Decision};
use serde_json::{Map, Value, json};

/// Asks a question so that a known disagreement does not matter; none where it is no matter.
type Rewrite = fn(&Asked, &Value) -> Option<Value>;

/// The classes of `tests/iam-simulate/disagreements.md`. A difference belongs to a class if the question, rewritten for the
/// class, gets the reference's answer.
pub(super) const KNOWN: [(&str, Rewrite); 9] = [
    ("root user", with_full_access_for_root),
    ("moment in two notations", with_seconds),
    ("account in NotPrincipal", without_accounts_in_not_principal),
    ("variables before 2012", with_literal_variables),
    ("variable without value in NotResource", with_nothing_excepted),
    ("negated operator and variable without value", with_no_equal_value),
    ("variable in the account of an ARN", with_account_in_place),
    ("all addresses", with_half_of_all_addresses),
    ("session policy and direct grant", with_open_session_policy),
];

fn with_full_access_for_root(asked: &Asked, simulation: &Value) -> Option<Value> {
    let Caller::Root { account } = &asked.question.caller else { return None };
    let mut simulation = simulation.clone();
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [everything]});
    simulation["identityPolicies"] = json!([{"name": "root", "policy": policy}]);
    // A policy that names the account names its root user.
    let user = format!("arn:aws:iam::{account}:user/root");
    simulation["request"]["principal"] = json!(user);
    Some(simulation)
}

fn with_seconds(_: &Asked, simulation: &Value) -> Option<Value> {
    let text = simulation.to_string();
    let noon = r#""2024-06-01T12:00:00Z""#;
    text.to_lowercase()
        .contains("aws:epochtime")
        .then(|| serde_json::from_str(&text.replace(noon, r#""1717243200""#)).unwrap())
}

/// The principals of Deny statements with `NotPrincipal` in the policy on the resource.
fn not_principals(simulation: &mut Value) -> Vec<&mut Map<String, Value>> {
    let statements = match simulation.pointer_mut("/resourcePolicy/Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let objects = statements.into_iter().filter_map(Value::as_object_mut);
    objects.filter(|s| s.contains_key("NotPrincipal")).collect()
}

fn without_accounts_in_not_principal(asked: &Asked, simulation: &Value) -> Option<Value> {
    let mut simulation = simulation.clone();
    let caller = principal(&asked.question.caller);
    let mut changed = false;
    for statement in not_principals(&mut simulation) {
        if let Some(names) = statement["NotPrincipal"]["AWS"].as_array_mut() {
            names.retain(|n| *n == caller || !n.as_str().is_some_and(|n| n.ends_with(":root")));
            changed = true;
        }
    }
    changed.then_some(simulation)
}

/// Changes the strings of policies. The change is told the language of the document, and under which names the string
/// stands in its statement.
fn strings_changed(
    value: &Value,
    change: &impl Fn(&str, bool, &[&str]) -> String,
) -> Option<Value> {
    fn walk<'a>(
        value: &'a Value,
        modern: bool,
        names: &mut Vec<&'a str>,
        change: &impl Fn(&str, bool, &[&str]) -> String,
    ) -> Value {
        match value {
            Value::Object(object) => {
                let modern = match object.contains_key("Statement") {
                    true => object.get("Version") == Some(&json!("2012-10-17")),
                    false => modern,
                };
                let mut members = Map::new();
                for (name, v) in object {
                    names.push(name);
                    members.insert(name.clone(), walk(v, modern, names, change));
                    names.pop();
                }
                Value::Object(members)
            }
            Value::Array(items) => items.iter().map(|v| walk(v, modern, names, change)).collect(),
            Value::String(text) if names.contains(&"Statement") => {
                json!(change(text, modern, names))
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
    let rewritten = walk(value, false, &mut Vec::new(), change);
    (rewritten != *value).then_some(rewritten)
}

/// Breaks the variables in documents of which the language has none.
fn with_literal_variables(_: &Asked, simulation: &Value) -> Option<Value> {
    strings_changed(simulation, &|text, modern, _| {
        if modern { text.to_owned() } else { text.replace("${", "$-{") }
    })
}

/// Breaks a variable that has neither value nor default, so that nothing is equal to the text.
fn without_absent_variable(asked: &Asked, text: &str) -> String {
    let variable = text.split_once("${").and_then(|(_, rest)| rest.split_once('}'));
    let absent = variable.is_some_and(|(key, _)| asked.question.context.values(key).is_none());
    if absent { text.replace("${", "$-{") } else { text.to_owned() }
}

fn with_nothing_excepted(asked: &Asked, simulation: &Value) -> Option<Value> {
    strings_changed(simulation, &|text, _, names| match names.contains(&"NotResource") {
        true => without_absent_variable(asked, text),
        false => text.to_owned(),
    })
}

fn with_no_equal_value(asked: &Asked, simulation: &Value) -> Option<Value> {
    strings_changed(simulation, &|text, _, names| {
        let negated = names.iter().any(|n| n.contains("StringNot") || n.contains("ArnNot"));
        if negated { without_absent_variable(asked, text) } else { text.to_owned() }
    })
}

fn with_account_in_place(asked: &Asked, simulation: &Value) -> Option<Value> {
    let account = asked.question.context.values("aws:PrincipalAccount")?.first()?;
    strings_changed(simulation, &|text, modern, names| match modern
        && names.contains(&"Condition")
        && text.starts_with("arn:")
    {
        true => text.replace("${aws:PrincipalAccount}", account),
        false => text.to_owned(),
    })
}

/// All addresses, as the half of them that the request's is in.
fn with_half_of_all_addresses(asked: &Asked, simulation: &Value) -> Option<Value> {
    let address = asked.question.context.values("aws:SourceIp")?.first()?;
    let first = address.split('.').next()?.parse::<u8>().unwrap_or_default();
    let half = if first < 128 { "0.0.0.0/1" } else { "128.0.0.0/1" };
    strings_changed(simulation, &|text, _, names| match names.contains(&"Condition") {
        true => text.replace("0.0.0.0/0", half),
        false => text.to_owned(),
    })
}

/// Explicit denies of the session policy stay.
fn with_open_session_policy(_: &Asked, simulation: &Value) -> Option<Value> {
    let mut simulation = simulation.clone();
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let statement = simulation.pointer_mut("/sessionPolicy/Statement")?;
    *statement = match statement.take() {
        Value::Array(mut statements) => {
            statements.push(everything);
            Value::Array(statements)
        }
        one @ (Value::Object(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)) => json!([one, everything]),
    };
    Some(simulation)
}

/// The class that explains a difference, or all classes together.
pub(super) fn class(
    simulator: &mut Simulator,
    asked: &Asked,
    simulation: &Value,
) -> Option<&'static str> {
    let mut agrees = |rewritten: &Value| {
        (simulator.ask(rewritten)["result"] == "Allowed") == (asked.expected == Decision::Allowed)
    };
    let mut together = simulation.clone();
    for (class, rewrite) in KNOWN {
        if rewrite(asked, simulation).is_some_and(|rewritten| agrees(&rewritten)) {
            return Some(class);
        }
        together = rewrite(asked, &together).unwrap_or(together);
    }
    agrees(&together).then_some("several classes")
}
