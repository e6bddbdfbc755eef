//! Azure, read literally: one request, all attributes known, yes or no.
//!
//! The pages are below <https://learn.microsoft.com/azure/>; each rule is one function that names its page.
//!
//! ```
//! use keyfence_reference::answer::Answer;
//! use keyfence_reference::azure::{Request, decide};
//! let nobody = Request { principal: "public".into(), ..Request::default() };
//! assert_eq!(decide(&Default::default(), &nobody), Answer::Refused);
//! ```

pub mod condition;
pub mod generate;
mod key;
mod role;
mod storage;

use crate::answer::Answer;
use serde_json::Value;
use std::collections::BTreeMap;

/// The files of an estate folder, by path.
pub type Estate = BTreeMap<String, Value>;

/// One concrete request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Object id, or `public` for a request without identity.
    pub principal: String,
    /// The operation, such as `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`.
    pub action: String,
    /// The ARM id of an account or container, for a blob with `/blobs/<path>` behind it.
    pub resource: String,
    /// Attributes as conditions write them (`@Request[…]`), and `suboperation`. What is not here is absent.
    pub attributes: BTreeMap<String, Vec<String>>,
}

const BLOBS: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/";

/// Whether Azure lets the request through.
///
/// `storage/blobs/authorize-data-access`: a blob is reached by Microsoft Entra ID, by the account's keys (and what they
/// sign), or anonymously. Operations on the account itself are authorized by roles alone.
#[must_use]
pub fn decide(estate: &Estate, request: &Request) -> Answer {
    let action = request.action.to_lowercase();
    if !action.starts_with(BLOBS) {
        return storage::control(estate, request);
    }
    let door = Answer::any([
        role::may(estate, request, true, scope(&request.resource)),
        storage::by_account_key(estate, request),
        storage::anonymously(estate, request),
    ]);
    match key::needed(&action, request) {
        key::Needed::Yes => Answer::all([door, key::opens(estate, account(&request.resource))]),
        key::Needed::No => door,
        key::Needed::Open(why) => match key::opens(estate, account(&request.resource)) {
            Answer::Allowed => door,
            Answer::Refused | Answer::Undecided(_) => Answer::all([door, Answer::Undecided(why)]),
        },
    }
}

/// The scope of a resource: `role-based-access-control/scope-overview` knows containers, but no blobs.
fn scope(resource: &str) -> &str {
    blob(resource).map_or(resource, |(container, _)| container)
}

/// Container and path of a blob.
fn blob(resource: &str) -> Option<(&str, &str)> {
    let containers = resource.to_lowercase().find("/containers/")? + "/containers/".len();
    let at = resource.get(containers..)?.find("/blobs/")? + containers;
    Some((resource.get(..at)?, resource.get(at + "/blobs/".len()..)?))
}

/// The account that a container or blob lies in.
fn account(resource: &str) -> &str {
    let end = resource.to_lowercase().find("/blobservices/");
    end.and_then(|at| resource.get(..at)).unwrap_or(resource)
}

/// All items of one file, whatever the tenant.
fn items<'a>(estate: &'a Estate, file: &str) -> Vec<&'a Value> {
    let ending = format!("/{file}.json");
    let files = estate.iter().filter(|(path, _)| path.ends_with(&ending));
    files.filter_map(|(_, content)| content.as_array()).flatten().collect()
}

/// The resource with this id.
fn resource<'a>(estate: &'a Estate, id: &str) -> Option<&'a Value> {
    items(estate, "resources").into_iter().find(|r| same(text(r, "/id"), id))
}

/// The text at a JSON pointer, or nothing.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// ARM compares ids without case.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
