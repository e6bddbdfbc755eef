//! CloudTrail records.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::{Actor, Call as AnyCall, Event, Identity, Outcome, clip, fingerprint};
use crate::model::aws::{AccountId, Arn};
use crate::model::{Cloud, Timestamp, json};
use serde_json::Value;

/// A call as CloudTrail logs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `iam.amazonaws.com`.
    pub source: String,
    /// The operation without the API date that Lambda's names carry.
    pub name: String,
    /// `requestParameters`; `null` where absent.
    pub request: Value,
    /// `responseElements`; `null` where absent.
    pub response: Value,
    /// ARNs of `resources`.
    pub resources: Vec<String>,
    /// The account whose trail logged it, else the caller's.
    pub account: Option<AccountId>,
    /// The region.
    pub region: String,
    /// Whether CloudTrail says that the call only reads.
    pub read_only: Option<bool>,
    /// Whether it is a data event (objects, not buckets).
    pub data_event: bool,
    /// Whether the request was left out of the record because it was too large: a way to hide a change.
    pub omitted: bool,
}

/// Reads a record of form `CloudTrail`.
pub(super) fn decode(record: &Value) -> Event {
    let text = |key: &str| json::text(record, key);
    let source = text("eventSource").unwrap_or_default().to_lowercase();
    let name = text("eventName").unwrap_or_default().to_owned();
    let request = record.get("requestParameters").cloned().unwrap_or(Value::Null);
    let response = record.get("responseElements").cloned().unwrap_or(Value::Null);
    let identity = record.get("userIdentity").unwrap_or(&Value::Null);
    let account = text("recipientAccountId")
        .and_then(AccountId::parse)
        .or_else(|| json::text(identity, "accountId").and_then(AccountId::parse));
    let resources = record.get("resources").map(json::list).unwrap_or_default();
    let arn =
        |r: &&Value| json::first(r, &["ARN", "arn"]).and_then(Value::as_str).map(str::to_owned);
    let time =
        text("eventTime").or_else(|| text("@timestamp")).and_then(|t| Timestamp::parse(t).ok());
    Event {
        cloud: Cloud::Aws,
        identity: Identity {
            id: text("sharedEventID").or_else(|| text("eventID")).unwrap_or_default().to_owned(),
            subject: format!("{source} {name}"),
            // One shared id is one change, however the accounts' copies differ.
            content: match text("sharedEventID") {
                Some(_) => Some(0),
                None => {
                    Some(fingerprint([&request, record.get("eventTime").unwrap_or(&Value::Null)]))
                }
            },
            time,
        },
        name: clip(&name, 200),
        time,
        actor: actor(record, identity),
        outcome: text("errorCode")
            .map_or(Outcome::Succeeded, |code| Outcome::Failed(clip(code, 80))),
        call: AnyCall::Aws(Call {
            name: without_api_date(&source, &name),
            region: text("awsRegion").unwrap_or_default().to_owned(),
            read_only: record.get("readOnly").and_then(json::boolean),
            data_event: text("eventCategory") == Some("Data")
                || record.get("managementEvent") == Some(&Value::Bool(false)),
            omitted: omitted(&request),
            resources: resources.iter().filter_map(arn).collect(),
            source,
            request,
            response,
            account,
        }),
    }
}

/// Lambda's event names carry the date of the API (`AddPermission20150331v2`).
fn without_api_date(source: &str, name: &str) -> String {
    if source != "lambda.amazonaws.com" {
        return name.to_owned();
    }
    let versionless = match name.rfind('v') {
        Some(i)
            if name
                .get(i + 1..)
                .is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit())) =>
        {
            name.get(..i).unwrap_or(name)
        }
        Some(_) | None => name,
    };
    let digits = versionless.bytes().rev().take_while(u8::is_ascii_digit).count();
    if digits == 8 {
        versionless.get(..versionless.len() - 8).unwrap_or(name).to_owned()
    } else {
        name.to_owned()
    }
}

fn omitted(request: &Value) -> bool {
    let flagged = request.get("omitted").and_then(json::boolean) == Some(true);
    let told = |v: &Value| {
        v.as_str().is_some_and(|s| s.to_lowercase().contains("requestparameters too large"))
    };
    flagged || told(request) || request.as_object().is_some_and(|o| o.values().any(told))
}

/// The role behind a session rather than the session: that is what policies and the estate name.
fn actor(record: &Value, identity: &Value) -> Actor {
    let issuer = identity.get("sessionContext").and_then(|c| c.get("sessionIssuer"));
    let issuer_arn = issuer.and_then(|i| json::text(i, "arn")).map(str::to_owned);
    let arn = json::text(identity, "arn");
    let session = arn.and_then(|a| Arn::parse(a).ok());
    let role = session
        .as_ref()
        .and_then(Arn::session_role)
        .map(|(account, role)| Arn::iam(&account, "role", role).as_str().to_owned());
    let account = json::text(identity, "accountId")
        .and_then(AccountId::parse)
        .map(|a| a.root().as_str().to_owned());
    let via = json::text(identity, "invokedBy").map(|s| clip(s, 100));
    let session_name =
        session.as_ref().filter(|a| a.session_role().is_some()).map(|a| a.name().to_owned());
    let name = json::text(identity, "userName").map(str::to_owned).or(session_name);
    Actor {
        principal: issuer_arn
            .or(role)
            .or_else(|| arn.map(str::to_owned))
            .or(account)
            .or_else(|| via.clone())
            .map(|p| clip(&p, 300)),
        name: name.map(|n| clip(&n, 100)),
        address: json::text(record, "sourceIPAddress").map(|a| clip(a, 100)),
        via,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(extra: Value) -> Event {
        let mut record =
            json!({"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventID": "e"});
        json::merge(&mut record, &extra);
        decode(&record)
    }

    #[test]
    fn an_empty_error_code_is_success() {
        assert_eq!(event(json!({"errorCode": ""})).outcome, Outcome::Succeeded);
        assert_eq!(
            event(json!({"errorCode": "AccessDenied"})).outcome,
            Outcome::Failed("AccessDenied".to_owned())
        );
    }

    #[test]
    fn the_actor_of_a_session_is_the_role_with_its_path() {
        let session = json!({"userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/dana",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/ops/Admin"}}}});
        let actor = event(session).actor;
        assert_eq!(actor.principal.as_deref(), Some("arn:aws:iam::111122223333:role/ops/Admin"));
        assert_eq!(actor.name.as_deref(), Some("dana"));
        let bare = json!({"userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/Admin/dana", "sessionContext": {"sessionIssuer": {}}}});
        assert_eq!(
            event(bare).actor.principal.as_deref(),
            Some("arn:aws:iam::111122223333:role/Admin")
        );
    }

    #[test]
    fn lambda_names_lose_their_api_date_and_only_those() {
        assert_eq!(
            without_api_date("lambda.amazonaws.com", "UpdateFunctionCode20150331v2"),
            "UpdateFunctionCode"
        );
        assert_eq!(
            without_api_date("lambda.amazonaws.com", "PutFunctionConcurrency20171031"),
            "PutFunctionConcurrency"
        );
        assert_eq!(without_api_date("lambda.amazonaws.com", "Invoke"), "Invoke");
        assert_eq!(without_api_date("s3.amazonaws.com", "X20150331v2"), "X20150331v2");
    }

    #[test]
    fn same_id_with_other_parameters_is_another_change() {
        let (a, b) = (
            event(json!({"requestParameters": {"x": 1}})),
            event(json!({"requestParameters": {"x": 2}})),
        );
        assert_ne!(a.identity, b.identity);
        assert_eq!(
            a.identity,
            event(json!({"requestParameters": {"x": 1}, "userAgent": "other"})).identity
        );
    }
}
