//! Google Cloud, read literally: one request, all attributes known, yes or no.
//!
//! The pages are below <https://cloud.google.com/>; each rule is one function that names its page.
//!
//! ```
//! use keyfence_reference::answer::Answer;
//! use keyfence_reference::gcp::{Request, decide};
//! let nobody = Request { principal: "public".into(), ..Request::default() };
//! assert_eq!(decide(&Default::default(), &nobody), Answer::Refused);
//! ```

mod account;
mod acl;
pub mod condition;
mod deny;
pub mod generate;
mod key;
mod member;
mod policy;
mod tag;
mod target;

use crate::answer::Answer;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use target::Target;

/// The files of an estate folder, by path; the lines of `gcp/assets.jsonl` are a list.
pub type Estate = BTreeMap<String, Value>;

/// One concrete request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A member (`user:…`, `serviceAccount:…`), `public`, or `any-authenticated`.
    pub principal: String,
    /// The permission that the request needs, such as `storage.objects.get`.
    pub action: String,
    /// The full name of an object (`//storage.googleapis.com/projects/_/buckets/b/objects/o`), bucket or key.
    pub resource: String,
    /// `request.time`, in RFC 3339.
    pub time: String,
}

/// Whether Google Cloud lets the request through: as the principal itself, or as a service account that it can become.
#[must_use]
pub fn decide(estate: &Estate, request: &Request) -> Answer {
    let target = Target::of(estate, &request.resource);
    let accounts = account::accounts(estate);
    let door = account::reaches(estate, &accounts, request, &target, &[]);
    Answer::all([door, key::serves(estate, request, &target)])
}

/// Whether the principal itself has a permission on the target.
///
/// `iam/docs/policy-types`, "Policy evaluation": deny policies first, then allow policies. `storage/docs/access-control/lists`:
/// a user only needs the permission from either IAM or an ACL.
fn has(estate: &Estate, request: &Request, permission: &str, target: &Target) -> Answer {
    let roles = policy::allows(estate, request, permission, target);
    let lists = acl::allows(estate, &request.principal, permission, target);
    if Answer::any([roles, lists]) == Answer::Refused {
        return Answer::Refused;
    }
    match deny::applies(estate, request, permission, target) {
        Answer::Refused => Answer::any([roles, lists]),
        // "regardless of the IAM roles they've been granted": of ACLs no page speaks.
        Answer::Allowed if lists != Answer::Refused => Answer::Undecided("a deny policy on an ACL"),
        denied @ (Answer::Allowed | Answer::Undecided(_)) => denied.opposite(),
    }
}

/// The lines of the export.
fn assets(estate: &Estate) -> impl Iterator<Item = &Value> {
    estate.get("gcp/assets.jsonl").and_then(Value::as_array).into_iter().flatten()
}

/// The resource line of an asset.
fn asset<'a>(estate: &'a Estate, name: &str) -> Option<&'a Value> {
    assets(estate).find(|a| canonical(text(a, "/name")) == name && a.get("resource").is_some())
}

/// The asset inventory writes `//storage.googleapis.com/BUCKET` (`asset-inventory/docs/asset-names`), other services
/// `//storage.googleapis.com/projects/_/buckets/BUCKET`.
fn canonical(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("//storage.googleapis.com/") {
        Some(rest) if !rest.starts_with("projects/") => {
            format!("//storage.googleapis.com/projects/_/buckets/{rest}").into()
        }
        _ => name.into(),
    }
}

/// The text at a JSON pointer, or nothing.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a list at a JSON pointer.
fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}
