//! Azure Activity Log records in the forms of diagnostic settings, Event Grid, the REST API and its Python SDK; Entra
//! audit logs; resource logs of key vaults.
//! <https://learn.microsoft.com/azure/azure-monitor/essentials/activity-log-schema>
//!
//! The trap: each write has a Start and a Success record with one correlation id, and in recorded events the request
//! body stands on Start only. [`Bodies`] keeps it until the end is known.

use super::{Actor, Call as AnyCall, Event, Identity, Outcome, clip, fingerprint};
use crate::model::azure::ArmId;
use crate::model::{Cloud, Timestamp, json};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// How many bodies of unfinished writes are kept: those that never finish must not pile up.
const KEPT_BODIES: usize = 10_000;

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TENANT_ID: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";

/// A call as Azure logs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation in lower case (`microsoft.authorization/roleassignments/write`), or the sentence of an Entra log,
    /// or the name in a resource log (`keydelete`).
    pub operation: String,
    /// Which log.
    pub log: Log,
    /// The resource, in the best spelling that the record offers.
    pub resource: ArmId,
    /// The request body, parsed.
    pub body: Option<Value>,
    /// The response body, parsed.
    pub response: Option<Value>,
    /// `properties` as logged; `null` where absent.
    pub properties: Value,
    /// The tenant, in lower case.
    pub tenant: Option<String>,
    /// Ties the records of one call together.
    pub correlation: Option<String>,
}

/// Which log a record stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// The Activity Log, by diagnostic setting, REST or SDK: may carry bodies.
    Activity,
    /// The Activity Log by Event Grid: never carries bodies, only final outcomes.
    EventGrid,
    /// Entra's audit log.
    Entra,
    /// A resource's own log (Key Vault `AuditEvent`, storage).
    Resource,
}

/// Reads a record of form `AzureActivity`.
pub(super) fn decode(record: &Value) -> Option<Event> {
    let is_grid =
        record.get("operationName").is_none() && record.get("data").is_some_and(Value::is_object);
    let core = if is_grid { record.get("data")? } else { record };
    let operation = named(core, &["operationName", "operation_name"])?;
    let properties = core.get("properties").and_then(json::unstrung).unwrap_or(Value::Null);
    let log = log(core, is_grid);
    let body = any_body(&properties, "requestbody");
    let resource = resource(core, &properties);
    let correlation = named(core, &["correlationId", "correlation_id"]).filter(|c| !c.is_empty());
    let folded = normalised(&operation);
    let identity = match (log, json::text(&properties, "id")) {
        (Log::Entra, Some(id)) => id.to_owned(),
        _ => correlation
            .clone()
            .or_else(|| named(core, &["eventDataId", "event_data_id", "id"]))
            .unwrap_or_default(),
    };
    let outcome = outcome(record, core, &properties, log);
    let tenant = named(core, &["tenantId", "tenant_id"])
        .or_else(|| claim(core, TENANT_ID))
        .map(|t| t.to_lowercase());
    let time = time(record, core, &properties);
    Some(Event {
        cloud: Cloud::Azure,
        identity: Identity {
            id: identity,
            subject: format!("{folded} {}", resource.folded()),
            content: match (&body, log) {
                (Some(body), _) => Some(fingerprint([body])),
                (None, Log::Entra | Log::Resource) => Some(fingerprint([&properties])),
                (None, Log::Activity | Log::EventGrid) => None,
            },
            time,
        },
        name: clip(&operation, 200),
        time,
        actor: actor(core, &properties),
        outcome,
        call: AnyCall::Azure(Call {
            operation: folded,
            log,
            resource,
            body,
            response: any_body(&properties, "responseBody"),
            properties,
            tenant,
            correlation,
        }),
    })
}

/// A string, or the `value` of `{value, localizedValue}` as REST writes it.
fn named(core: &Value, keys: &[&str]) -> Option<String> {
    let value = json::first(core, keys)?;
    value.as_str().or_else(|| value.get("value")?.as_str()).map(str::to_owned)
}

/// Lower case, plain dashes, no stray blanks around `/`: names come in all spellings.
fn normalised(operation: &str) -> String {
    operation
        .trim()
        .to_lowercase()
        .replace(['\u{2013}', '\u{2014}'], "-")
        .replace(" /", "/")
        .replace("/ ", "/")
}

fn log(core: &Value, is_grid: bool) -> Log {
    if is_grid {
        return Log::EventGrid;
    }
    let category = named(core, &["category"]).unwrap_or_default();
    match category.as_str() {
        "AuditLogs" => Log::Entra,
        "AuditEvent" | "StorageRead" | "StorageWrite" | "StorageDelete" => Log::Resource,
        _ => Log::Activity,
    }
}

/// Bodies are JSON strings, sometimes objects, sometimes no JSON at all (then nothing is known of them).
fn any_body(properties: &Value, key: &str) -> Option<Value> {
    json::unstrung(json::any_case(properties, key)?).filter(|b| b.is_object() || b.is_array())
}

/// Diagnostic settings write ids in upper case; `authorization.scope` and `properties.entity` keep the true spelling.
fn resource(core: &Value, properties: &Value) -> ArmId {
    let listed = named(core, &["resourceId", "resourceUri", "resource_id"]).unwrap_or_default();
    let authorization = json::any_case_path(core, &["identity", "authorization"])
        .or_else(|| core.get("authorization"));
    let scope = authorization.and_then(|a| json::text(a, "scope"));
    let entity = json::text(properties, "entity");
    let spelled = [scope, entity].into_iter().flatten().find(|s| s.eq_ignore_ascii_case(&listed));
    let fallback = if listed.is_empty() { entity } else { None };
    ArmId::new(&clip(spelled.or(fallback).unwrap_or(&listed), 2_000))
}

fn time(record: &Value, core: &Value, properties: &Value) -> Option<Timestamp> {
    let keys = ["time", "eventTimestamp", "event_timestamp", "eventTime"];
    let text = named(core, &keys)
        .or_else(|| named(record, &keys))
        .or_else(|| named(properties, &["activityDateTime"]))?;
    // A recorded event has blanks inside: `2021-02-04T07: 45: 44.5864815Z`.
    Timestamp::parse(&text).or_else(|_| Timestamp::parse(&text.replace(": ", ":"))).ok()
}

fn outcome(record: &Value, core: &Value, properties: &Value, log: Log) -> Outcome {
    if log == Log::Entra {
        let result = json::any_case_str(properties, &["result"])
            .or_else(|| core.get("resultSignature")?.as_str());
        return match result.map(str::to_lowercase).as_deref() {
            Some("failure" | "timeout") => Outcome::Failed(clip(result.unwrap_or_default(), 80)),
            Some(_) | None => Outcome::Succeeded,
        };
    }
    let code = properties.get("httpStatusCode").or_else(|| core.get("statusCode"));
    // Forwarders write numbers as strings.
    let http = code.and_then(|c| c.as_u64().or_else(|| c.as_str()?.trim().parse().ok()));
    if let Some(code) = http.filter(|c| *c >= 400) {
        return Outcome::Failed(code.to_string());
    }
    let grid = json::text(record, "eventType")
        .or_else(|| json::text(record, "type"))
        .filter(|_| log == Log::EventGrid);
    let stated = named(core, &["resultType", "status"]).or_else(|| grid.map(str::to_owned));
    let word = stated.as_deref().unwrap_or_default().trim_end_matches('.').to_lowercase();
    match word.as_str() {
        "success" | "succeeded" => Outcome::Succeeded,
        "start" | "started" | "accept" | "accepted" | "in progress" | "inprogress" => {
            Outcome::Started
        }
        "active" | "resolved" | "updated" | "available" => Outcome::NoCall,
        w if w.ends_with("success") => Outcome::Succeeded,
        w if w.starts_with("fail")
            || w.starts_with("cancel")
            || w.ends_with("failure")
            || w.ends_with("cancel") =>
        {
            Outcome::Failed(clip(json::text(properties, "statusCode").unwrap_or(w), 80))
        }
        "" => unstated(properties, http),
        other => Outcome::Failed(clip(other, 80)),
    }
}

/// Without a result the status code of the response decides; without that as well the record is taken for the final
/// one: resource logs and excerpts have nothing else, and a change too many is judged, one too few is missed.
fn unstated(properties: &Value, http: Option<u64>) -> Outcome {
    match (json::text(properties, "statusCode"), http) {
        (Some("Accepted"), _) => Outcome::Started,
        (Some("OK" | "Created" | "NoContent") | None, _) | (Some(_), Some(_)) => Outcome::Succeeded,
        (Some(other), None) => Outcome::Failed(clip(other, 80)),
    }
}

fn claims(core: &Value) -> Option<&Value> {
    let identity = core.get("identity");
    identity.and_then(|i| json::first(i, &["claims", "claim"])).or_else(|| core.get("claims"))
}

fn claim(core: &Value, name: &str) -> Option<String> {
    claims(core)?.get(name)?.as_str().map(str::to_owned)
}

/// `identity.authorization.evidence` is the caller's own role, never the grant: only its principal id helps, as a last
/// resort and without dashes.
fn actor(core: &Value, properties: &Value) -> Actor {
    let evidence =
        json::any_case_path(core, &["identity", "authorization", "evidence", "principalId"])
            .and_then(Value::as_str);
    let initiated = |path: &[&str]| {
        json::any_case_path(properties, &["initiatedBy"]).and_then(|i| json::any_case_str(i, path))
    };
    let requester =
        json::any_case_path(core, &["identity", "requester", "objectId"]).and_then(Value::as_str);
    let principal = claim(core, OBJECT_ID)
        .or_else(|| {
            initiated(&["user", "id"])
                .or_else(|| initiated(&["app", "servicePrincipalId"]))
                .map(str::to_owned)
        })
        .or_else(|| requester.map(str::to_owned))
        .or_else(|| evidence.map(dashed))
        .or_else(|| claim(core, "appid"));
    let name = claim(core, UPN)
        .or_else(|| {
            initiated(&["user", "userPrincipalName"])
                .or_else(|| initiated(&["app", "displayName"]))
                .map(str::to_owned)
        })
        .or_else(|| named(core, &["caller"]))
        .or_else(|| claim(core, "name"))
        .or_else(|| core.get("identity")?.as_str().map(str::to_owned));
    let http = json::first(core, &["httpRequest", "http_request"]);
    let address = named(core, &["callerIpAddress"])
        .or_else(|| http.and_then(|h| named(h, &["clientIpAddress", "client_ip_address"])))
        .or_else(|| claim(core, "ipaddr"));
    Actor {
        principal: principal.map(|p| clip(&p.to_lowercase(), 100)),
        name: name.map(|n| clip(&n, 200)),
        address: address.map(|a| clip(&a, 100)),
        via: None,
    }
}

/// A GUID without dashes gets them back.
fn dashed(id: &str) -> String {
    match [id.get(..8), id.get(8..12), id.get(12..16), id.get(16..20), id.get(20..)] {
        [Some(a), Some(b), Some(c), Some(d), Some(e)] if id.len() == 32 => {
            format!("{a}-{b}-{c}-{d}-{e}")
        }
        _ => id.to_owned(),
    }
}

/// The request bodies of writes that have begun, by correlation id, operation and resource.
#[derive(Debug, Default)]
pub struct Bodies {
    kept: HashMap<String, Value>,
    order: VecDeque<String>,
}

impl Bodies {
    /// Keeps the body of a started write, or gives a finished one the body that was kept.
    pub fn join(&mut self, event: &mut Event) {
        let AnyCall::Azure(call) = &mut event.call else { return };
        let Some(correlation) = &call.correlation else { return };
        let key = format!("{correlation} {} {}", call.operation, call.resource.folded());
        match (&event.outcome, &call.body) {
            (Outcome::Started, Some(body)) => self.keep(key, body.clone()),
            (Outcome::Succeeded, None) => {
                // Given out once: a later write under the same correlation id has a body of its own.
                if let Some(body) = self.kept.remove(&key) {
                    event.identity.content = Some(fingerprint([&body]));
                    call.body = Some(body);
                }
            }
            (Outcome::Started, None)
            | (Outcome::Succeeded, Some(_))
            | (Outcome::Failed(_) | Outcome::NoCall, _) => {}
        }
    }

    fn keep(&mut self, key: String, body: Value) {
        if self.kept.insert(key.clone(), body).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > KEPT_BODIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(record: &Value) -> Event {
        decode(record).unwrap()
    }

    fn record(result: &str) -> Value {
        json!({"operationName": "MICROSOFT.X/Y/WRITE", "category": "Administrative", "resourceId": "/A", "resultType": result, "correlationId": "c"})
    }

    #[track_caller]
    fn check_outcome(result: &str, expect: &Outcome) {
        assert_eq!(event(&record(result)).outcome, *expect, "{result}");
    }

    #[test]
    fn outcomes_in_all_their_spellings() {
        for word in ["Success", "Succeeded", "Succeeded."] {
            check_outcome(word, &Outcome::Succeeded);
        }
        for word in ["Start", "Started", "Accepted"] {
            check_outcome(word, &Outcome::Started);
        }
        check_outcome("Failure", &Outcome::Failed("failure".to_owned()));
        check_outcome("Active", &Outcome::NoCall);
    }

    #[test]
    fn event_grid_carries_its_claims_in_data() {
        let grid = json!({"eventType": "Microsoft.Resources.ResourceWriteSuccess", "eventTime": "2026-01-01T00:00:00Z", "subject": "/s",
            "data": {"operationName": "Microsoft.X/y/write", "resourceUri": "/s", "status": "Succeeded", "claims": {OBJECT_ID: "OID"}}});
        let event = event(&grid);
        assert_eq!(event.outcome, Outcome::Succeeded);
        assert_eq!(event.actor.principal.as_deref(), Some("oid"));
        assert!(event.time.is_some());
    }

    #[test]
    fn a_refused_key_vault_call_says_success_and_403() {
        let mut log = record("Success");
        json::merge(
            &mut log,
            &json!({"category": "AuditEvent", "properties": {"httpStatusCode": 403}}),
        );
        assert_eq!(event(&log).outcome, Outcome::Failed("403".to_owned()));
    }

    #[test]
    fn the_body_of_the_start_reaches_the_success() {
        let mut start = record("Start");
        json::merge(&mut start, &json!({"properties": {"requestbody": "{\"a\":1}"}}));
        let mut bodies = Bodies::default();
        bodies.join(&mut event(&start));
        let mut done = event(&record("Success"));
        bodies.join(&mut done);
        let AnyCall::Azure(call) = done.call else { panic!("azure") };
        assert_eq!(call.body, Some(json!({"a": 1})));
    }
}
