//! One change in every wire form of its cloud gives one and the same judgement.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use keyfence_tests::{keyfence, own};
use serde_json::{Value, json};
use std::io::Write as _;

/// The last event of a scenario, with the scenario's estate.
fn scenario(name: &str) -> (Vec<Value>, String) {
    let folder = own("scenarios").join(name);
    let text = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let events = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    (events, folder.join("estate").to_string_lossy().into_owned())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a file with this content leads to: findings, difference, plan.
fn judged(name: &str, content: &[u8], estate: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let ran = keyfence(["replay", &file.to_string_lossy(), "--estate", estate, "--format", "json"]);
    let lines = ran.lines();
    assert_eq!(lines.len(), 1, "{name}: {} {}", ran.out, ran.talk);
    let line = &lines[0];
    json!([line["change"], line["difference"], line["findings"], line["decision"], line["plan"]])
}

#[track_caller]
fn check(forms: &[(&str, Vec<u8>)], estate: &str) {
    let expect = judged(forms[0].0, &forms[0].1, estate);
    assert!(expect[1]["gained"].as_array().is_some_and(|g| !g.is_empty()), "{expect}");
    for (name, content) in forms {
        assert_eq!(judged(name, content, estate), expect, "{name}");
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[test]
fn cloudtrail() {
    let (events, estate) = scenario("aws/bucket-policy-external-sse-s3");
    let record = &events[0];
    let records = json!({"Records": [record]});
    let bridge = json!({"version": "0", "id": "e", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
        "account": "111122223333", "time": "2026-10-06T09:12:44Z", "region": "us-east-1", "detail": record});
    let queue = json!({"Records": [{"messageId": "m", "receiptHandle": "r", "body": bridge.to_string(), "eventSource": "aws:sqs"}]});
    let topic = json!({"Type": "Notification", "MessageId": "n", "Message": bridge.to_string()})
        .to_string();
    let queued_topic = json!({"Messages": [], "messageId": "m", "body": topic});
    let pretty = serde_json::to_vec_pretty(&json!([record])).unwrap();
    check(
        &[
            ("record.json", bytes(record)),
            ("lines.jsonl", format!("\n{record}\n\n").into_bytes()),
            ("records.json", bytes(&records)),
            ("records.json.gz", gzip(&bytes(&records))),
            ("two-members.gz", [gzip(b"\n"), gzip(&bytes(&records))].concat()),
            ("array.json", pretty),
            ("eventbridge.json", bytes(&bridge)),
            ("sqs.json", bytes(&queue)),
            ("sns-in-sqs.json", bytes(&queued_topic)),
            (
                "lookup-events.json",
                bytes(&json!({"Events": 1, "EventId": "e", "CloudTrailEvent": record.to_string()})),
            ),
            ("twice.jsonl", format!("{record}\n{bridge}\n{records}\n").into_bytes()),
        ],
        &estate,
    );
}

#[test]
fn activity_log() {
    let (events, estate) = scenario("azure/blob-reader-one-container-cli");
    let (start, success) = (&events[0], &events[1]);
    let hub = json!({"records": [start, success]});
    let handler_queue =
        json!({"Data": {"item": hub.to_string()}, "Metadata": {"DequeueCount": "1"}});
    let handler_hub = json!({"Data": {"events": json!([hub.to_string()]).to_string()}, "Metadata": {"PartitionContext": {}}});
    // REST writes `{value, localizedValue}` where diagnostic settings write strings.
    let rest = |record: &Value, status: &str| {
        json!({
            "operationName": {"value": record["operationName"], "localizedValue": "Create role assignment"},
            "status": {"value": status, "localizedValue": status},
            "eventTimestamp": record["time"], "correlationId": record["correlationId"], "resourceId": record["identity"]["authorization"]["scope"],
            "claims": record["identity"]["claims"], "caller": "platform.admin", "properties": record["properties"],
        })
    };
    let rest = json!({"value": [rest(start, "Started"), rest(success, "Succeeded")]});
    // The body on Success, as vendors' made-up events have it.
    let mut whole = success.clone();
    whole["properties"]["requestbody"] = start["properties"]["requestbody"].clone();
    check(
        &[
            ("lines.jsonl", format!("{start}\n{success}").into_bytes()),
            ("hub.json", bytes(&hub)),
            ("hub.json.gz", gzip(&bytes(&hub))),
            ("queue-trigger.json", bytes(&handler_queue)),
            ("event-hub-trigger.json", bytes(&handler_hub)),
            ("rest.json", bytes(&rest)),
            ("body-on-success.json", bytes(&whole)),
            ("both-feeds.jsonl", format!("{start}\n{success}\n{rest}").into_bytes()),
        ],
        &estate,
    );
}

#[test]
fn event_grid_and_cloud_events() {
    let folder = own("scenarios/azure/crypto-user-for-a-person");
    let text = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let grid: Value = serde_json::from_str(&text).unwrap();
    let cloud_event = json!({"specversion": "1.0", "id": "e", "source": grid["topic"], "type": grid["eventType"],
        "time": grid["eventTime"], "subject": grid["subject"], "data": grid["data"]});
    let trigger = json!({"Data": {"eventGridEvent": grid}, "Metadata": {"data": grid["data"]}});
    let mut outcomes = Vec::new();
    for form in [&grid, &json!([grid]), &cloud_event, &trigger] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), form.to_string()).unwrap();
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let (events, estate, after) =
            (file.path().to_string_lossy().into_owned(), path("estate"), path("after"));
        let ran = keyfence([
            "replay", &events, "--estate", &estate, "--after", &after, "--format", "json",
        ]);
        outcomes.push(ran.lines()[0]["difference"].clone());
    }
    assert!(outcomes[0]["gained"].as_array().is_some_and(|g| !g.is_empty()));
    assert!(outcomes.windows(2).all(|w| w[0] == w[1]), "{outcomes:?}");
}

#[test]
fn audit_log_entries() {
    let (events, estate) = scenario("gcp/project-object-viewer-reads-cmek");
    let entry = &events[0];
    let encoded = BASE64.encode(entry.to_string());
    let push = json!({"message": {"attributes": {}, "data": encoded, "messageId": "1", "publishTime": "2026-05-12T09:41:08Z"}, "subscription": "projects/p/subscriptions/s"});
    let zipped = json!({"message": {"data": BASE64.encode(gzip(&bytes(entry))), "messageId": "1"}, "subscription": "s"});
    let structured = json!({"specversion": "1.0", "type": "google.cloud.audit.log.v1.written", "source": "//cloudaudit.googleapis.com/projects/p/logs/activity",
        "id": "x", "data": entry});
    let base64 = json!({"specversion": "1.0", "type": "google.cloud.audit.log.v1.written", "id": "x", "data_base64": encoded});
    let binary = json!({"headers": {"ce-specversion": "1.0", "ce-type": "google.cloud.audit.log.v1.written", "Content-Type": "application/json"}, "body": entry});
    let binary_text = json!({"headers": {"ce-type": "google.cloud.audit.log.v1.written"}, "body": entry.to_string()});
    check(
        &[
            ("entry.json", bytes(entry)),
            ("export.jsonl", format!("{entry}\n").into_bytes()),
            ("push.json", bytes(&push)),
            ("push-zipped.json", bytes(&zipped)),
            ("structured.json", bytes(&structured)),
            ("structured-base64.json", bytes(&base64)),
            ("binary.json", bytes(&binary)),
            ("binary-text.json", bytes(&binary_text)),
            ("all.jsonl", format!("{entry}\n{push}\n{structured}\n{binary}").into_bytes()),
        ],
        &estate,
    );
}

#[test]
fn a_notification_of_a_log_file_is_recognised_and_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let notification = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "trail"}, "object": {"key": "AWSLogs/1/CloudTrail/x.json.gz"}}}]});
    std::fs::write(file.path(), notification.to_string()).unwrap();
    let ran = keyfence(["replay", &file.path().to_string_lossy()]);
    assert_eq!(ran.exit.code(), 0);
    assert!(ran.talk.contains("1 notifications name log files"), "{}", ran.talk);
}
