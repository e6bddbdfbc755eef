//! Google Cloud audit log entries.
//! <https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog>

use super::{Actor, Call as AnyCall, Event, Identity, Outcome, clip, fingerprint};
use crate::model::{Cloud, Timestamp, json};
use serde_json::Value;

/// A call as Cloud Audit Logs write it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `storage.googleapis.com`.
    pub service: String,
    /// The method as written.
    pub method: String,
    /// `resource.type` (`gcs_bucket`); empty where absent.
    pub resource_type: String,
    /// `resource.labels`; `null` where absent.
    pub labels: Value,
    /// `resourceName`; empty where absent.
    pub resource_name: String,
    /// `request`; `null` where absent.
    pub request: Value,
    /// `response`; `null` where absent.
    pub response: Value,
    /// `serviceData`; `null` where absent.
    pub service_data: Value,
    /// `metadata`; `null` where absent.
    pub metadata: Value,
    /// Whether the entry is in the data access log.
    pub data_access: bool,
    /// Whether the entry is one part of a larger one: its content is not all.
    pub split: bool,
    /// For a long operation: its id, and whether this entry is the last.
    pub operation: Option<(String, bool)>,
}

/// Reads a record of form `LogEntry`. Vendors' copies rename members (`insertid`, `callerIP`) and put `"..."` where an
/// object stood: names are read without case, and what is no object counts as absent.
pub(super) fn decode(record: &Value) -> Option<Event> {
    let payload = json::any_case(record, "protoPayload")?;
    let text = |value: &Value, key: &str| {
        json::any_case(value, key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let object = |value: &Value, key: &str| {
        json::any_case(value, key).filter(|v| v.is_object()).cloned().unwrap_or(Value::Null)
    };
    let request = object(payload, "request");
    let method = match text(payload, "methodName") {
        m if m.is_empty() => method_of_type(&request).unwrap_or_default(),
        m => m,
    };
    let resource = object(record, "resource");
    let log_name = text(record, "logName");
    let insert_id = text(record, "insertId");
    let time_text = [text(record, "timestamp"), text(record, "receiveTimestamp")]
        .into_iter()
        .find(|t| !t.is_empty())
        .unwrap_or_default();
    let resource_name = text(payload, "resourceName");
    let call = Call {
        service: text(payload, "serviceName").to_lowercase(),
        resource_type: text(&resource, "type"),
        labels: object(&resource, "labels"),
        response: object(payload, "response"),
        service_data: object(payload, "serviceData"),
        metadata: object(payload, "metadata"),
        data_access: log_name.ends_with("data_access"),
        split: json::any_case(record, "split").is_some_and(Value::is_object),
        operation: operation(record),
        method: method.clone(),
        resource_name: resource_name.clone(),
        request,
    };
    let time = Timestamp::parse(&time_text).ok();
    let subject = format!("{} {} {resource_name}", call.service, method.to_lowercase());
    let identity = match &call.operation {
        // A long operation gives a first and a last entry: one change, told by whichever comes first.
        Some((id, _)) => Identity { id: id.clone(), subject, content: Some(0), time: None },
        None => Identity {
            id: if insert_id.is_empty() { clip(&log_name, 200) } else { insert_id },
            subject: format!("{log_name} {time_text} {subject}"),
            content: Some(fingerprint([&call.request, &call.service_data])),
            time,
        },
    };
    Some(Event {
        cloud: Cloud::Gcp,
        identity,
        name: clip(&method, 200),
        time,
        actor: actor(payload),
        outcome: outcome(payload),
        call: AnyCall::Gcp(call),
    })
}

/// `type.googleapis.com/compute.disks.setIamPolicy`: some entries name their method nowhere else.
fn method_of_type(request: &Value) -> Option<String> {
    let name = json::text(request, "@type")?.rsplit('/').next()?;
    name.contains('.').then(|| name.to_owned())
}

fn operation(record: &Value) -> Option<(String, bool)> {
    let operation = json::any_case(record, "operation").filter(|o| o.is_object())?;
    let last = operation.get("last").and_then(json::boolean) == Some(true);
    Some((json::text(operation, "id")?.to_owned(), last))
}

/// `status` absent, empty, or with code 0 is success; any other code is a failure.
fn outcome(payload: &Value) -> Outcome {
    let code = json::any_case_path(payload, &["status", "code"]);
    match code.map(|c| c.as_i64().map_or_else(|| c.to_string(), |n| n.to_string())).as_deref() {
        None | Some("0") => Outcome::Succeeded,
        Some(code) => Outcome::Failed(clip(code, 20)),
    }
}

/// The caller as an IAM member. Federated callers have a subject and no e-mail.
fn actor(payload: &Value) -> Actor {
    let info = json::any_case(payload, "authenticationInfo").unwrap_or(&Value::Null);
    let email =
        json::any_case(info, "principalEmail").and_then(Value::as_str).filter(|s| !s.is_empty());
    let subject =
        json::any_case(info, "principalSubject").and_then(Value::as_str).filter(|s| !s.is_empty());
    let member = |email: &str| {
        let kind = if email.ends_with(".gserviceaccount.com") { "serviceAccount" } else { "user" };
        format!("{kind}:{email}")
    };
    let principal = subject.map(str::to_owned).or_else(|| email.map(member));
    let address = json::any_case_str(payload, &["requestMetadata", "callerIp"]);
    Actor {
        principal: principal.map(|p| clip(&p, 300)),
        name: email.map(|e| clip(e, 200)),
        address: address.map(|a| clip(a, 100)),
        via: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(payload: Value) -> Event {
        decode(
            &json!({"protoPayload": payload, "insertId": "i", "timestamp": "2026-05-12T10:02:55Z"}),
        )
        .unwrap()
    }

    #[test]
    fn success_is_no_status_an_empty_one_or_code_zero() {
        for status in [json!(null), json!({}), json!({"code": 0}), json!({"message": "OK"})] {
            assert_eq!(
                event(json!({"methodName": "m", "status": status})).outcome,
                Outcome::Succeeded
            );
        }
        assert_eq!(event(json!({"status": {"code": 7}})).outcome, Outcome::Failed("7".to_owned()));
    }

    #[test]
    fn renamed_members_and_placeholders_are_read() {
        let entry = json!({"protopayload": {"at_sign_type": "x", "methodName": "SetIamPolicy", "request": "...", "requestMetadata": {"callerIP": "1.2.3.4"}},
            "insertid": "i", "resource": "..."});
        let event = decode(&entry).unwrap();
        assert_eq!(event.actor.address.as_deref(), Some("1.2.3.4"));
        assert_eq!(event.identity.id, "i");
    }

    #[test]
    fn a_federated_caller_is_its_subject() {
        let subject = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s";
        let event = event(json!({"authenticationInfo": {"principalSubject": subject}}));
        assert_eq!(event.actor.principal.as_deref(), Some(subject));
    }
}
