//! One concrete request, with what is known of its context.

use super::{Answer, Evidence, Lock};
use crate::model::Principal;
use crate::model::aws::Document;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a request carries beside who, what and where, as condition keys of its cloud (AWS and Google Cloud) or attributes (Azure).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    values: BTreeMap<String, Vec<Arc<str>>>,
    closed: bool,
}

/// A context of which nothing is known.
pub(crate) static NOTHING: Context = Context { values: BTreeMap::new(), closed: false };

impl Context {
    /// These values are known; what is not named may have any value, so that conditions on it stay open.
    #[must_use]
    pub fn open(values: BTreeMap<String, Vec<String>>) -> Self {
        Self::new(values, false)
    }

    /// These values are all there is: a key that is neither named nor follows from the estate is absent.
    #[must_use]
    pub fn closed(values: BTreeMap<String, Vec<String>>) -> Self {
        Self::new(values, true)
    }

    fn new(values: BTreeMap<String, Vec<String>>, closed: bool) -> Self {
        let fold = |(key, values): (String, Vec<String>)| {
            (key.to_lowercase(), values.into_iter().map(Into::into).collect())
        };
        Self { values: values.into_iter().map(fold).collect(), closed }
    }

    /// The values of a key (lower case).
    pub(crate) fn get(&self, key: &str) -> Option<&[Arc<str>]> {
        self.values.get(key).map(Vec::as_slice)
    }

    /// Whether nothing is unknown.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The keys (lower case) that are known, with their values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[Arc<str>])> {
        self.values.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

/// One concrete request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who asks.
    pub principal: Principal,
    /// The cloud's own name of the operation: `s3:GetObject`,
    /// `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`, `storage.objects.get`.
    pub action: Arc<str>,
    /// On what: an ARN, an ARM id (a blob as `<container>/blobs/<path>`), a full resource name (an object as
    /// `<bucket>/objects/<name>`).
    pub resource: Arc<str>,
    /// What else the request carries.
    pub context: Context,
    /// Session policies of AWS, passed when the session was made: each must allow as well.
    pub session_policies: Vec<Document>,
}

/// What became of a request, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The answer, both locks apart.
    pub answer: Answer,
    /// What opens a lock.
    pub evidence: Vec<Evidence>,
    /// The way to the answer, policy by policy, in the order in which the cloud looks at them.
    pub steps: Vec<Step>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// At which lock.
    pub lock: Lock,
    /// What was looked at ("bucket policy", "permissions boundary", …).
    pub looked_at: String,
    /// What it said.
    pub said: String,
}
