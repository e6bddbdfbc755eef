//! One concrete request: on an object, a bucket, or a key.

use super::storage::{Part, Store};
use super::subject::Subject;
use super::{Asked, key};
use crate::access::{Answer, Call, Tracer};
use crate::estate::aws::Aws;
use crate::model::aws::{Action, Arn};
use crate::model::{Access, Formula};

/// What becomes of a request. An object that is read or written is asked at both locks.
pub(in crate::access) fn can(aws: &Aws, call: &Call, tracer: &mut Tracer) -> Answer {
    let subject = Subject::of(aws, &call.principal);
    let name = call.action.to_lowercase();
    let action = Action::new(&name);
    let asked = Asked { context: &call.context, sessions: &call.session_policies };
    let mut trace = Some(tracer);
    let unknown = |what: &str| Answer::of(Formula::unknown(format!("{what} is not in the estate")));
    let Ok(arn) = Arn::parse(&call.resource) else {
        return unknown(&call.resource);
    };
    if arn.service() == "kms" {
        let Some(found) = aws.keys.get(&arn) else { return unknown(arn.as_str()) };
        let mut allowed = key::allowed(aws, &subject, action, found, None, asked, &mut trace);
        if matches!(
            action.name(),
            "kms:decrypt"
                | "kms:encrypt"
                | "kms:generatedatakey"
                | "kms:reencryptfrom"
                | "kms:reencryptto"
        ) {
            allowed = allowed.and(key::usable(found, &mut trace));
        }
        return Answer::of(allowed);
    }
    let (bucket, object) = match arn.resource().split_once('/') {
        Some((bucket, _)) => (bucket, true),
        None => (arn.resource(), false),
    };
    let Some((owner, bucket)) = aws.buckets.get(bucket) else { return unknown(arn.as_str()) };
    let store = Store::of(aws, owner, bucket, asked);
    let part = if object { Part::Object(&arn) } else { Part::Bucket };
    // What ACLs allow goes by the kind of access.
    let access = match action.name() {
        "s3:getobject" | "s3:getobjectversion" => Access::Read,
        "s3:putobject" => Access::Write,
        "s3:deleteobject" | "s3:deleteobjectversion" => Access::Delete,
        _ => Access::Administer,
    };
    let storage = store.allowed(&subject, action, part, access, &mut trace);
    if object {
        store.with_key(&subject, access, part, storage, &mut trace)
    } else {
        Answer::of(storage)
    }
}
