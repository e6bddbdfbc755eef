//! The request context: what is known about a request, by key.

use std::collections::BTreeMap;

/// Values by key. "Context key names are not case-sensitive."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// The values of a key; none when the key is absent.
    #[must_use]
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_lowercase()).map(Vec::as_slice)
    }

    /// Sets a key.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        self.0.insert(key.to_lowercase(), values);
    }

    /// Sets a key to one value, when there is one.
    pub fn set_one(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(key, vec![value.to_owned()]);
        }
    }

    /// All keys, in lower case, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}
