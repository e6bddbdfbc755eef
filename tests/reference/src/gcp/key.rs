//! The customer's key: a switch for everybody. `storage/docs/encryption/customer-managed-keys`.

use super::target::Target;
use super::{Estate, Request, asset, assets, canonical, has, text};
use crate::answer::Answer;

/// Whether the service can de- or encrypt for the request: reading needs `useToDecrypt` of the project's Cloud Storage
/// service agent, writing `useToEncrypt`; listing and deletion need no key.
pub(super) fn serves(estate: &Estate, request: &Request, target: &Target) -> Answer {
    if target.full.contains("/cryptoKeys/") {
        return enabled(estate, &target.full);
    }
    let permission = match request.action.as_str() {
        "storage.objects.get" => "cloudkms.cryptoKeyVersions.useToDecrypt",
        "storage.objects.create" => "cloudkms.cryptoKeyVersions.useToEncrypt",
        "storage.objects.update" => return metadata(estate, request, target),
        _ => return Answer::Allowed,
    };
    let Some(bucket) = target.bucket().and_then(|b| asset(estate, b)) else {
        return Answer::Allowed;
    };
    let key = text(bucket, "/resource/data/encryption/defaultKmsKeyName");
    if key.is_empty() {
        return Answer::Allowed;
    }
    let key = format!("//cloudkms.googleapis.com/{key}");
    if asset(estate, &key).is_none() {
        return Answer::Undecided("the key is not in the estate");
    }
    let number = bucket.pointer("/resource/data/projectNumber").map(ToString::to_string);
    let number = number.unwrap_or_default().replace('"', "");
    let agent = Request {
        principal: format!(
            "serviceAccount:service-{number}@gs-project-accounts.iam.gserviceaccount.com"
        ),
        ..request.clone()
    };
    Answer::all([enabled(estate, &key), has(estate, &agent, permission, &Target::of(estate, &key))])
}

/// No page tells whether metadata can be changed while the key is shut; what is allowed with the key is allowed.
fn metadata(estate: &Estate, request: &Request, target: &Target) -> Answer {
    let written = Request { action: "storage.objects.create".to_owned(), ..request.clone() };
    match serves(estate, &written, target) {
        Answer::Allowed => Answer::Allowed,
        Answer::Refused | Answer::Undecided(_) => Answer::Undecided("metadata without the key"),
    }
}

/// `kms/docs/key-states`: only an enabled version can be used. Which version holds an object is in no export.
fn enabled(estate: &Estate, key: &str) -> Answer {
    let versions = format!("{key}/cryptoKeyVersions/");
    let states: Vec<&str> = assets(estate)
        .filter(|a| canonical(text(a, "/name")).starts_with(&versions))
        .map(|a| text(a, "/resource/data/state"))
        .collect();
    let open = states.iter().filter(|s| **s == "ENABLED").count();
    if states.is_empty() {
        Answer::Undecided("no version of the key is in the estate")
    } else if open == states.len() {
        Answer::Allowed
    } else if open == 0 {
        Answer::Refused
    } else {
        Answer::Undecided("which version of the key holds the object")
    }
}
