//! Makes an example of a disagreement small enough to read.

use serde_json::Value;

/// Attempts after which what is left is taken as it is.
const ATTEMPTS: usize = 20_000;

/// Takes members of objects and items of lists away, as long as `still` holds of what is left.
pub fn shrink(mut value: Value, mut still: impl FnMut(&Value) -> bool) -> Value {
    let mut attempts = 0;
    loop {
        let mut smaller = false;
        // Large parts first: what stands at a shorter path.
        let mut parts = parts(&value);
        parts.sort_by_key(|pointer| pointer.matches('/').count());
        // Later items of a list first: taking one away moves those behind it.
        parts.reverse();
        parts.sort_by_key(|pointer| pointer.matches('/').count());
        for pointer in parts {
            attempts += 1;
            if attempts > ATTEMPTS {
                return value;
            }
            if let Some(candidate) = without(&value, &pointer)
                && still(&candidate)
            {
                value = candidate;
                smaller = true;
            }
        }
        if !smaller {
            return value;
        }
    }
}

/// The JSON pointers of everything below a value.
fn parts(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        Value::Object(members) => {
            members.iter().map(|(k, v)| (k.replace('~', "~0").replace('/', "~1"), v)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, child) in children {
        found.push(format!("/{name}"));
        found.extend(parts(child).into_iter().map(|below| format!("/{name}{below}")));
    }
    found
}

fn without(value: &Value, pointer: &str) -> Option<Value> {
    let mut copy = value.clone();
    let (parent, name) = pointer.rsplit_once('/')?;
    match copy.pointer_mut(parent)? {
        Value::Array(items) => {
            let index: usize = name.parse().ok()?;
            if index >= items.len() {
                return None;
            }
            items.remove(index);
        }
        Value::Object(members) => {
            members.remove(&name.replace("~1", "/").replace("~0", "~"))?;
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    }
    Some(copy)
}

#[cfg(test)]
mod tests {
    use super::shrink;
    use serde_json::json;

    #[test]
    fn only_what_matters_is_left() {
        let value = json!({"a/b": [1, 2, {"x": true, "y": 3}], "c": {"d": []}});
        let small =
            shrink(value, |v| v["a/b"].as_array().is_some_and(|l| l.iter().any(|i| i["y"] == 3)));
        assert_eq!(small, json!({"a/b": [{"y": 3}]}));
    }
}
