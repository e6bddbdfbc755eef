//! AWS: S3 objects and buckets, and the KMS keys that encrypt them.
//!
//! Left out, because the estates that [`generate`] makes do not have them: access points, access control lists (every
//! bucket is `BucketOwnerEnforced`), VPC endpoint policies, federated users.

mod condition;
mod context;
mod decide;
mod document;
mod estate;
pub mod generate;
mod pattern;
mod policies;
mod principal;
mod public;
mod question;

pub use context::Context;
pub use decide::{Decision, kms, s3};
pub use estate::Estate;
pub use policies::{Policies, on_bucket, on_key};
pub use question::{Caller, Question, Request, to_kms, to_kms_through_s3, to_s3};

use serde_json::Value;

/// What the rules say about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The whole request.
    pub allowed: Decision,
    /// S3's part; none when KMS is asked directly.
    pub storage: Option<Decision>,
    /// The key's part; none when no key is needed.
    pub key: Option<Decision>,
}

/// The answer to one request.
#[must_use]
pub fn answer(estate: &Estate, request: &Request) -> Answer {
    if request.action.to_lowercase().starts_with("kms:") {
        let key = opens(estate, &to_kms(estate, request), &request.session_policies);
        return Answer { allowed: key, storage: None, key: Some(key) };
    }
    let question = to_s3(estate, request);
    let storage = s3(estate, &question, &on_bucket(estate, &question, &request.session_policies));
    let key = key_question(estate, request)
        .map(|question| opens(estate, &question, &request.session_policies));
    let allowed = key.map_or(storage, |key| storage.and(key));
    Answer { allowed, storage: Some(storage), key }
}

/// What S3 asks KMS for a request, when the object is encrypted with a key of KMS: Decrypt to read, `GenerateDataKey` to
/// write. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms>
#[must_use]
pub fn key_question(estate: &Estate, request: &Request) -> Option<Question> {
    let action = match request.action.to_lowercase().as_str() {
        "s3:getobject" | "s3:getobjectversion" => "kms:Decrypt",
        "s3:putobject" => "kms:GenerateDataKey",
        _ => return None,
    };
    let bucket = estate::bucket(estate, estate::bucket_name(&request.resource))?;
    let key = estate::encryption_key(bucket)?;
    Some(to_kms_through_s3(estate, request, &key, action))
}

fn opens(estate: &Estate, question: &Question, session: &[Value]) -> Decision {
    if !is_usable(estate, question) {
        return Decision::Denied;
    }
    kms(estate, question, &on_key(estate, question, session))
}

/// A key that is disabled, pending deletion or pending import encrypts and decrypts nothing.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
fn is_usable(estate: &Estate, question: &Question) -> bool {
    let operation = question.action.to_lowercase();
    let cryptographic =
        ["kms:decrypt", "kms:encrypt", "kms:generatedatakey"].contains(&operation.as_str());
    let state = estate::key(estate, &question.resource)
        .and_then(|k| k.get("KeyMetadata"))
        .and_then(|m| estate::text(m, "KeyState"));
    !cryptographic || state.as_deref() == Some("Enabled")
}
