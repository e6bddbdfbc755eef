//! The questions that a request leads to, in the words of iam-simulate.

use keyfence_reference::aws::{self, Caller, Decision, Estate, Policies, Question, Request};
use serde_json::{Value, json};

/// One question to one service, with all that bears on it.
pub(super) struct Asked {
    pub(super) part: &'static str,
    pub(super) question: Question,
    pub(super) policies: Policies,
    pub(super) expected: Decision,
}

/// The questions that a request leads to.
pub(super) fn questions(estate: &Estate, request: &Request) -> Vec<Asked> {
    let session = &request.session_policies;
    let mut asked = Vec::new();
    let kms = if request.action.starts_with("kms:") {
        Some(aws::to_kms(estate, request))
    } else {
        let question = aws::to_s3(estate, request);
        let policies = aws::on_bucket(estate, &question, session);
        let expected = aws::s3(estate, &question, &policies);
        asked.push(Asked { part: "storage", question, policies, expected });
        aws::key_question(estate, request)
    };
    // S3 turns an anonymous caller away before KMS is asked.
    if let Some(question) = kms.filter(|q| q.caller != Caller::Anonymous) {
        let policies = aws::on_key(estate, &question, session);
        let expected = aws::kms(estate, &question, &policies);
        asked.push(Asked { part: "key", question, policies, expected });
    }
    asked
}

/// The `Simulation` of iam-simulate's interface.
pub(super) fn simulation(question: &Question, policies: &Policies) -> Value {
    let named = |list: &[Value]| -> Vec<Value> {
        list.iter()
            .enumerate()
            .map(|(i, p)| json!({"name": format!("p{i}"), "policy": p}))
            .collect()
    };
    let levels = |levels: &[Vec<Value>]| -> Vec<Value> {
        let level = |(i, l): (usize, &Vec<Value>)| json!({"orgIdentifier": format!("l{i}"), "policies": named(l)});
        levels.iter().enumerate().map(level).collect()
    };
    let mut context = serde_json::Map::new();
    for (key, values) in question.context.iter().filter(|(key, _)| !is_dropped(key)) {
        let value = match values {
            [one] if !is_multivalued(key) => json!(one),
            many => json!(many),
        };
        context.insert(key.to_owned(), value);
    }
    let mut simulation = json!({
        "request": {
            "principal": principal(&question.caller),
            "action": question.action,
            "resource": {"resource": question.resource, "accountId": question.account},
            "contextVariables": context,
        },
        "identityPolicies": named(&policies.identity),
        "serviceControlPolicies": levels(&policies.service),
        "resourceControlPolicies": levels(&without_full_access(&policies.resource_control)),
        "additionalSettings": {"s3": {
            "bucketAbacEnabled": policies.abac,
            "blockPublicAccess": policies.restrict_public,
        }},
    });
    let boundary = policies.boundary.as_ref().map(|b| json!(named(std::slice::from_ref(b))));
    let optional = [
        ("resourcePolicy", policies.resource.clone()),
        ("permissionBoundaryPolicies", boundary),
        ("sessionPolicy", policies.session.first().cloned()),
    ];
    for (name, value) in optional {
        if let (Some(value), Some(object)) = (value, simulation.as_object_mut()) {
            object.insert(name.to_owned(), value);
        }
    }
    simulation
}

/// iam-simulate adds `RCPFullAWSAccess` to every level itself, and takes no other policy that allows.
fn without_full_access(levels: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let is_full = |policy: &&Value| !policy.to_string().contains(r#""Effect":"Allow""#);
    levels.iter().map(|level| level.iter().filter(is_full).cloned().collect()).collect()
}

/// Keys that iam-simulate takes out of the context, and that no generated condition is about here.
fn is_dropped(key: &str) -> bool {
    key.starts_with("kms:encryptioncontext")
}

fn is_multivalued(key: &str) -> bool {
    ["aws:principalorgpaths", "aws:resourceorgpaths", "aws:tagkeys", "kms:resourcealiases"]
        .contains(&key)
}

pub(super) fn principal(caller: &Caller) -> Value {
    match caller {
        Caller::Anonymous => json!({"type": "Anonymous"}),
        Caller::Root { account } => json!(format!("arn:aws:iam::{account}:root")),
        Caller::User { arn, .. } => json!(arn),
        Caller::Session { role, session, .. } => json!(session.as_ref().unwrap_or(role)),
    }
}
