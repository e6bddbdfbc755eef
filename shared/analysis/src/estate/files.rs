//! The files of an estate folder, as bytes: who loads them from disk is not this crate's business.

use serde_json::Value;
use std::collections::BTreeMap;

/// Files by path relative to the estate folder, with `/` between the parts.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct FileError {
    /// The file.
    pub path: String,
    /// The place in it and what is wrong.
    pub problem: String,
}

impl FileError {
    pub(super) fn new(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }
}

impl Files {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), content.into());
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All files, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, content)| (path.as_str(), content.as_slice()))
    }
}

/// A JSON file.
pub(super) fn json(path: &str, content: &[u8]) -> Result<Value, FileError> {
    serde_json::from_slice(content).map_err(|e| FileError::new(path, format!("not JSON: {e}")))
}

/// A JSON file that holds a list.
pub(super) fn json_list(path: &str, content: &[u8]) -> Result<Vec<Value>, FileError> {
    match json(path, content)? {
        Value::Array(items) => Ok(items),
        // `az rest` and `gcloud` wrap lists.
        Value::Object(mut object) => match object.remove("value").or_else(|| object.remove("data"))
        {
            Some(Value::Array(items)) => Ok(items),
            Some(_) | None => Err(FileError::new(path, "expected a list")),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(FileError::new(path, "expected a list"))
        }
    }
}
