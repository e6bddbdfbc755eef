//! Opens envelopes down to single records.
//!
//! Known: `{"Records":[…]}`, `{"records":[…]}`, `{"value":[…]}` and arrays; EventBridge events; SQS messages (also with
//! an SNS notification inside); S3 notifications that name a log file; `LookupEvents` items; Event Grid; the payload of
//! an Azure Functions custom handler; Pub/Sub push; CloudEvents in structured mode, and in binary mode as a recorded
//! HTTP request. Contents that are base64 or gzip are decoded on the way.

use crate::model::json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::io::Read as _;

/// Envelopes within envelopes beyond this are an attack.
const DEEPEST: usize = 12;

/// Largest content of one message after decompression: no event is above 256 KiB, and JSON takes many times its size in
/// memory. A gzip bomb ends here.
const LARGEST_CONTENT: u64 = 4 * 1024 * 1024;

/// What was found in an envelope.
#[derive(Debug, Clone, PartialEq)]
pub enum Unwrapped {
    /// A record, to be read by [`super::decode`].
    Record(Value),
    /// A notification that names a log file: the events are in that object.
    LogFile(LogObject),
    /// An envelope with a content that cannot be read; what is wrong.
    Malformed(String),
}

/// An object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogObject {
    /// The bucket.
    pub bucket: String,
    /// The key, as the notification writes it (URL-encoded).
    pub key: String,
}

/// The record forms that [`super::decode`] tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    CloudTrail,
    AzureActivity,
    LogEntry,
    Other,
}

/// Opens all envelopes around and within a value.
#[must_use]
pub fn unwrap(value: Value) -> Vec<Unwrapped> {
    let mut found = Vec::new();
    open(value, 0, &mut found);
    found
}

/// Opens an HTTP request: CloudEvents binary mode (`ce-*` headers, the body is the data), structured mode, or any other
/// envelope as body. Header names are compared without case.
#[must_use]
pub fn unwrap_http<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Vec<Unwrapped> {
    let encoding =
        headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let zipped = encoding.is_some_and(|(_, value)| value.eq_ignore_ascii_case("gzip"));
    if zipped && !body.starts_with(b"\x1f\x8b") {
        return vec![Unwrapped::Malformed("the body is said to be gzip and is not".to_owned())];
    }
    match content(body) {
        Ok(value) => unwrap(value),
        Err(problem) => vec![Unwrapped::Malformed(problem)],
    }
}

fn open(value: Value, depth: usize, found: &mut Vec<Unwrapped>) {
    if depth > DEEPEST {
        found.push(Unwrapped::Malformed(format!("envelopes nest deeper than {DEEPEST} levels")));
        return;
    }
    match inner(value) {
        Opened::Inside(values) => values.into_iter().for_each(|v| open(v, depth + 1, found)),
        Opened::Done(unwrapped) => found.push(unwrapped),
    }
}

enum Opened {
    Inside(Vec<Value>),
    Done(Unwrapped),
}

fn inner(value: Value) -> Opened {
    let inside = |result: Result<Value, String>| match result {
        Ok(value) => Opened::Inside(vec![value]),
        Err(problem) => Opened::Done(Unwrapped::Malformed(problem)),
    };
    match value {
        Value::Array(items) => Opened::Inside(items),
        Value::Object(_) if form(&value) != Form::Other => Opened::Done(Unwrapped::Record(value)),
        Value::Object(_) => {
            if let Some(items) = ["Records", "records", "value", "Events", "entries"]
                .iter()
                .find_map(|k| value.get(k)?.as_array())
            {
                Opened::Inside(items.clone())
            } else if let Some(values) = custom_handler(&value) {
                Opened::Inside(values)
            } else if let Some(object) = s3_notification(&value) {
                Opened::Done(Unwrapped::LogFile(object))
            } else if let Some(text) = json::text(&value, "CloudTrailEvent") {
                inside(parse(text.as_bytes(), "CloudTrailEvent"))
            } else if let Some(detail) = event_bridge(&value) {
                Opened::Inside(vec![detail])
            } else if let Some(result) =
                message(&value).or_else(|| cloud_event(&value)).or_else(|| http_request(&value))
            {
                inside(result)
            } else {
                Opened::Done(Unwrapped::Record(value))
            }
        }
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            inside(parse(text.as_bytes(), "a string"))
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Opened::Done(Unwrapped::Record(other))
        }
    }
}

/// Which kind of record an object is, by the members that only this kind has.
pub(super) fn form(value: &Value) -> Form {
    let has = |key: &str| value.get(key).is_some_and(Value::is_string);
    if has("eventSource") && has("eventName") && value.get("s3").is_none() {
        return Form::CloudTrail;
    }
    if json::any_case(value, "protoPayload").is_some_and(Value::is_object) {
        return Form::LogEntry;
    }
    let operation = value.get("operationName").or_else(|| value.get("operation_name"));
    let operation_named =
        operation.is_some_and(|o| o.is_string() || o.get("value").is_some_and(Value::is_string));
    let azure_member = [
        "category",
        "resultType",
        "resourceId",
        "resourceUri",
        "correlationId",
        "correlation_id",
        "status",
        "properties",
    ];
    if operation_named && azure_member.iter().any(|k| value.get(k).is_some()) {
        return Form::AzureActivity;
    }
    let grid =
        has("eventType") && value.get("data").is_some_and(|d| d.get("operationName").is_some());
    let cloud_event = has("specversion")
        && value
            .get("data")
            .is_some_and(|d| d.get("operationName").is_some() && d.get("resourceUri").is_some());
    if grid || cloud_event { Form::AzureActivity } else { Form::Other }
}

/// `{"Data": {name: …}, "Metadata": {…}}`: objects stay objects, strings arrive JSON-encoded again, arrays as a string
/// that holds a JSON array (<https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers>).
fn custom_handler(value: &Value) -> Option<Vec<Value>> {
    value.get("Metadata")?;
    let data = value.get("Data")?.as_object()?;
    Some(data.values().map(unstring).collect())
}

/// Decodes a string that holds JSON, again and again, also through one layer of base64 (binary triggers).
fn unstring(value: &Value) -> Value {
    let mut current = value.clone();
    for _ in 0..DEEPEST {
        let Value::String(text) = &current else { break };
        let next = serde_json::from_str(text)
            .ok()
            .or_else(|| BASE64.decode(text.trim()).ok().and_then(|bytes| content(&bytes).ok()));
        match next {
            Some(next) => current = next,
            None => break,
        }
    }
    match current {
        Value::Array(items) => Value::Array(items.iter().map(unstring).collect()),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => other,
    }
}

fn s3_notification(value: &Value) -> Option<LogObject> {
    // CloudTrail's own notification by SNS: `{"s3Bucket": …, "s3ObjectKey": [one]}`.
    if let (Some(bucket), Some(key)) =
        (json::text(value, "s3Bucket"), value.get("s3ObjectKey").and_then(json::scalar))
    {
        return Some(LogObject { bucket: bucket.to_owned(), key: key.to_owned() });
    }
    let (bucket, key) = match value.get("s3") {
        Some(s3) => (s3.get("bucket")?.get("name")?, s3.get("object")?.get("key")?),
        None if value.get("source")?.as_str() == Some("aws.s3") => {
            let detail = value.get("detail")?;
            (detail.get("bucket")?.get("name")?, detail.get("object")?.get("key")?)
        }
        None => return None,
    };
    Some(LogObject { bucket: bucket.as_str()?.to_owned(), key: key.as_str()?.to_owned() })
}

/// The record in `detail`, with account, region and id of the envelope where the record lacks them. The envelope is
/// recognised by its content, not by `detail-type`: published fixtures mask that.
fn event_bridge(value: &Value) -> Option<Value> {
    let mut detail = value.get("detail").filter(|d| form(d) == Form::CloudTrail)?.clone();
    let record = detail.as_object_mut()?;
    for (theirs, ours) in [
        ("recipientAccountId", "account"),
        ("awsRegion", "region"),
        ("eventID", "id"),
        ("eventTime", "time"),
    ] {
        if let Some(value) = value.get(ours).filter(|v| v.is_string()) {
            record.entry(theirs).or_insert_with(|| value.clone());
        }
    }
    Some(detail)
}

/// SQS (`body`), SNS (`Message`), Pub/Sub push (`message.data`).
fn message(value: &Value) -> Option<Result<Value, String>> {
    let is_sqs = value.get("messageId").is_some() || value.get("receiptHandle").is_some();
    if let Some(body) = value.get("body").and_then(Value::as_str).filter(|_| is_sqs) {
        return Some(parse(body.as_bytes(), "the body of an SQS message"));
    }
    // Lambda's own wrapping of SNS.
    if let Some(notification) = value.get("Sns").filter(|n| n.is_object()) {
        return Some(Ok(notification.clone()));
    }
    if let Some(text) =
        value.get("Message").and_then(Value::as_str).filter(|_| value.get("Type").is_some())
    {
        return Some(parse(text.as_bytes(), "the message of an SNS notification"));
    }
    let data = value.get("message")?.get("data")?.as_str()?;
    Some(base64_content(data, "`message.data`"))
}

/// CloudEvents in structured mode: `data` may be an object, a JSON string, or `data_base64`.
fn cloud_event(value: &Value) -> Option<Result<Value, String>> {
    value.get("specversion")?;
    if let Some(text) = value.get("data_base64").and_then(Value::as_str) {
        return Some(base64_content(text, "`data_base64`"));
    }
    value.get("data").filter(|d| d.is_object() || d.is_string()).map(|d| match d.as_str() {
        Some(text) => parse(text.as_bytes(), "`data` of a CloudEvent"),
        None => Ok(d.clone()),
    })
}

/// A recorded HTTP request `{"headers": {…}, "body": …}`: CloudEvents binary mode, or an HTTP trigger.
fn http_request(value: &Value) -> Option<Result<Value, String>> {
    let headers = json::any_case(value, "headers")?;
    headers.as_object()?;
    match json::any_case(value, "body")? {
        Value::String(text) if value.get("isBase64Encoded") == Some(&json!(true)) => {
            Some(base64_content(text, "the body of a request"))
        }
        Value::String(text) => Some(parse(text.as_bytes(), "the body of a request")),
        other @ (Value::Object(_) | Value::Array(_)) => Some(Ok(other.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn base64_content(text: &str, place: &str) -> Result<Value, String> {
    let bytes = BASE64.decode(text.trim()).map_err(|_| format!("{place} is not base64"))?;
    content(&bytes).map_err(|problem| format!("{place}: {problem}"))
}

/// JSON, gzipped or not.
fn content(bytes: &[u8]) -> Result<Value, String> {
    if !bytes.starts_with(b"\x1f\x8b") {
        return parse(bytes, "the content");
    }
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(LARGEST_CONTENT + 1);
    reader.read_to_end(&mut plain).map_err(|e| format!("broken gzip: {e}"))?;
    if plain.len() as u64 > LARGEST_CONTENT {
        return Err(format!(
            "the content is larger than {} MiB when unpacked",
            LARGEST_CONTENT / 1024 / 1024
        ));
    }
    parse(&plain, "the content")
}

fn parse(bytes: &[u8], place: &str) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("{place} is not JSON: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Value {
        json!({"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventID": "e1"})
    }

    fn entry() -> Value {
        json!({"protoPayload": {"serviceName": "storage.googleapis.com"}, "insertId": "i"})
    }

    #[track_caller]
    fn check(envelope: Value, inside: &Value) {
        assert_eq!(unwrap(envelope), vec![Unwrapped::Record(inside.clone())]);
    }

    #[test]
    fn aws_envelopes() {
        check(json!({"Records": [record()]}), &record());
        check(json!({"detail-type": "AWS API Call via CloudTrail", "detail": record()}), &record());
        let bridge =
            json!({"detail-type": "AWS API Call via CloudTrail", "detail": record()}).to_string();
        check(json!({"messageId": "m", "body": bridge}), &record());
        let sns = json!({"Type": "Notification", "Message": bridge}).to_string();
        check(json!({"Records": [{"messageId": "m", "body": sns}]}), &record());
        check(json!({"EventId": "e1", "CloudTrailEvent": record().to_string()}), &record());
    }

    #[test]
    fn a_notification_names_its_log_file() {
        let notification = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "trail"}, "object": {"key": "AWSLogs/1.json.gz"}}}]});
        let object = LogObject { bucket: "trail".to_owned(), key: "AWSLogs/1.json.gz".to_owned() };
        assert_eq!(unwrap(notification), vec![Unwrapped::LogFile(object.clone())]);
        let by_bridge = json!({"source": "aws.s3", "detail": {"bucket": {"name": "trail"}, "object": {"key": "AWSLogs/1.json.gz"}}});
        assert_eq!(unwrap(by_bridge), vec![Unwrapped::LogFile(object)]);
    }

    #[test]
    fn gcp_envelopes() {
        let data = BASE64.encode(entry().to_string());
        check(json!({"message": {"data": data, "messageId": "1"}, "subscription": "s"}), &entry());
        check(
            json!({"specversion": "1.0", "type": "google.cloud.audit.log.v1.written", "data": entry()}),
            &entry(),
        );
        check(json!({"specversion": "1.0", "data": entry().to_string()}), &entry());
        check(
            json!({"specversion": "1.0", "type": "google.cloud.pubsub.topic.v1.messagePublished",
            "data": {"message": {"data": data}}}),
            &entry(),
        );
        check(
            json!({"headers": {"ce-type": "google.cloud.audit.log.v1.written"}, "body": entry()}),
            &entry(),
        );
        let http = unwrap_http([("ce-specversion", "1.0")], entry().to_string().as_bytes());
        assert_eq!(http, vec![Unwrapped::Record(entry())]);
    }

    #[test]
    fn azure_envelopes() {
        let activity =
            json!({"operationName": "X/write", "category": "Administrative", "resourceId": "/x"});
        check(json!({"records": [activity]}), &activity);
        check(json!({"value": [activity]}), &activity);
        check(json!({"Data": {"item": activity.to_string()}, "Metadata": {}}), &activity);
        let events = json!([json!({"records": [activity]}).to_string()]).to_string();
        check(json!({"Data": {"events": events}, "Metadata": {}}), &activity);
        check(
            json!({"Data": {"item": json!(activity.to_string()).to_string()}, "Metadata": {}}),
            &activity,
        );
    }

    #[test]
    fn gzip_within_base64() {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(entry().to_string().as_bytes()).unwrap();
        let data = BASE64.encode(gzip.finish().unwrap());
        check(json!({"message": {"data": data}}), &entry());
    }

    #[test]
    fn what_is_broken_says_so() {
        for broken in [json!({"message": {"data": "!!"}}), json!({"messageId": "m", "body": "{"})] {
            assert!(matches!(unwrap(broken).as_slice(), [Unwrapped::Malformed(_)]));
        }
        let mut nested = record();
        for _ in 0..20 {
            nested = json!([nested]);
        }
        assert!(matches!(unwrap(nested).as_slice(), [Unwrapped::Malformed(_)]));
    }
}
