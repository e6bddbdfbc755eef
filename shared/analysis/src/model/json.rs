//! Reading JSON that others wrote: one fallible door each, no panics, and keys without case where a cloud writes them
//! in several.

use serde_json::{Map, Value};

/// The first of `keys` that the object has with a value other than `null`.
#[must_use]
pub fn first<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().filter_map(|k| value.get(k)).find(|v| !v.is_null())
}

/// A member of an object whatever the case of its name; `null` counts as absent.
#[must_use]
pub fn any_case<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object
        .get(key)
        .or_else(|| object.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
        .filter(|v| !v.is_null())
}

/// Walks `any_case` along a path.
#[must_use]
pub fn any_case_path<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |v, key| any_case(v, key))
}

/// A string at a path, whatever the case of the names.
#[must_use]
pub fn any_case_str<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    any_case_path(value, path)?.as_str()
}

/// A string member, or the one string of its list: CloudTrail alternates between the two. Empty counts as absent.
#[must_use]
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    scalar(value.get(key)?).filter(|s| !s.is_empty())
}

/// A string, or the single string of a one-element list: CloudTrail alternates between the two.
#[must_use]
pub fn scalar(value: &Value) -> Option<&str> {
    match value {
        Value::String(s) => Some(s),
        Value::Array(items) => match items.as_slice() {
            [one] => scalar(one),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// A value or list of values as a list; `null` is none.
#[must_use]
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            vec![one]
        }
    }
}

/// The strings of a string or list of strings; `None` when something else is among them.
#[must_use]
pub fn strings(value: &Value) -> Option<Vec<&str>> {
    list(value).into_iter().map(Value::as_str).collect()
}

/// A boolean that may be written as a string.
#[must_use]
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// Parses a string that holds JSON again; anything else is returned as it is.
#[must_use]
pub fn unstrung(value: &Value) -> Option<Value> {
    match value {
        Value::String(s) => serde_json::from_str(s).ok(),
        Value::Null => None,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some(other.clone())
        }
    }
}

/// How many values two JSON texts differ in: members of objects and entries of lists count one by one.
#[must_use]
pub fn differences(a: Option<&Value>, b: Option<&Value>) -> usize {
    match (a, b) {
        (Some(a), Some(b)) if a == b => 0,
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let others = b.keys().filter(|k| !a.contains_key(*k));
            a.keys().chain(others).map(|k| differences(a.get(k), b.get(k))).sum()
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            let gone = b.iter().filter(|v| !a.contains(v)).count();
            let come = a.iter().filter(|v| !b.contains(v)).count();
            gone.max(come).max(1)
        }
        (None, None) => 0,
        (_, _) => 1,
    }
}

/// Writes the members of `patch` over those of `base`, object by object (JSON merge patch, RFC 7386, but `null` is
/// kept as `null`: that is how ARM bodies unset a property).
pub fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => merge_objects(base, patch),
        (base, patch) => *base = patch.clone(),
    }
}

fn merge_objects(base: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        // ARM property names come in several cases; the name that is there stays.
        let name = base
            .keys()
            .find(|k| k.eq_ignore_ascii_case(key))
            .cloned()
            .unwrap_or_else(|| key.clone());
        merge(base.entry(name).or_insert(Value::Null), value);
    }
}
