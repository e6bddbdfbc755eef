//! Recorded events of the three clouds: every file decodes, failed calls are dropped as failed, and what is watched agrees
//! with the manifest, except for the files listed here with the reason.
//!
//! The corpus is other people's data and stands beside the repository; without it the test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use keyfence_analysis::change::{self, Dropped};
use keyfence_analysis::event::{self, Decoded, Event, Outcome, Unwrapped};
use keyfence_tests::{beside, keyfence};
use serde_json::Value;
use std::path::Path;

/// Events on which this project and the manifest disagree about relevance: event name, and why.
const DISAGREEMENTS: [(&str, &str); 12] = [
    (
        "PutBucketTagging",
        "row 41: tags of a bucket decide where conditions use them, and they mark sensitive data",
    ),
    ("CreateTrustAnchor", "row 52: a certificate authority that may assume roles"),
    ("CreateProfile", "row 52: the roles that such a certificate may assume"),
    ("ModifyDBSnapshotAttribute", "row 63: data leaves by a shared snapshot"),
    ("ModifySnapshotAttribute", "row 63: data leaves by a shared snapshot"),
    ("keydelete", "row 89: the deletion of a key, from the vault's own log"),
    ("add owner to application", "row 93: an owner can add credentials"),
    ("GenerateAccessToken", "row 112: use of impersonation"),
    (
        "google.admin.AdminService.addGroupMember",
        "row 119: access by group without any project event",
    ),
    ("v1.compute.disks.setIamPolicy", "row 120: data leaves by disk"),
    ("v1.compute.images.setIamPolicy", "row 120: data leaves by image"),
    ("no-methodName", "row 120: the method stands only in the type of the request"),
];

struct Row {
    path: String,
    name: String,
    relevant: bool,
    outcome: String,
    grade: String,
}

fn manifest(corpus: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let rows = text.lines().skip(1).map(fields);
    rows.map(|f| Row {
        path: f[0].clone(),
        name: f[2].clone(),
        relevant: f[3] == "yes",
        outcome: f[5].clone(),
        grade: f[7].clone(),
    })
    .collect()
}

fn events(corpus: &Path, row: &Row) -> Vec<Event> {
    let value: Value =
        serde_json::from_slice(&std::fs::read(corpus.join(&row.path)).unwrap()).unwrap();
    let records = event::unwrap(value).into_iter().filter_map(|u| match u {
        Unwrapped::Record(record) => Some(record),
        Unwrapped::LogFile(_) | Unwrapped::Malformed(_) => None,
    });
    records
        .filter_map(|r| match event::decode(&r) {
            Decoded::Event(event) => Some(*event),
            Decoded::Unrecognised(_) => None,
        })
        .collect()
}

fn corpus() -> Option<std::path::PathBuf> {
    let corpus = beside("corpus");
    if corpus.is_none() {
        println!("the corpus is not there: nothing was checked");
    }
    corpus
}

#[test]
fn every_recorded_event_decodes() {
    let Some(corpus) = corpus() else { return };
    let recorded =
        |row: &&Row| row.grade.starts_with("recorded") && row.name != "GuardDuty Finding";
    let silent: Vec<String> = manifest(&corpus)
        .iter()
        .filter(recorded)
        .filter(|r| events(&corpus, r).is_empty())
        .map(|r| r.path.clone())
        .collect();
    assert_eq!(silent, [] as [String; 0]);
}

#[test]
fn failed_calls_are_dropped_as_failed() {
    let Some(corpus) = corpus() else { return };
    let mut failed = 0;
    for row in manifest(&corpus) {
        let says_failed = row.outcome.starts_with("error:") || row.outcome == "Failed";
        for event in events(&corpus, &row) {
            let dropped = matches!(change::recognise(&event), Err(Dropped::Failed(_)));
            assert_eq!(dropped, matches!(event.outcome, Outcome::Failed(_)), "{}", row.path);
            assert!(!says_failed || dropped, "{} failed and was not dropped as failed", row.path);
            failed += usize::from(says_failed);
        }
    }
    assert!(failed > 50, "{failed}");
}

#[test]
fn relevance_agrees_with_the_manifest() {
    let Some(corpus) = corpus() else { return };
    let mut unexplained = Vec::new();
    let mut explained = 0;
    for row in manifest(&corpus) {
        let watched = events(&corpus, &row).iter().any(change::is_watched);
        if watched != row.relevant {
            match DISAGREEMENTS.iter().find(|(name, _)| *name == row.name) {
                Some(_) => explained += 1,
                None => unexplained.push(format!("{} ({}): watched {watched}", row.path, row.name)),
            }
        }
    }
    println!("{explained} explained disagreements");
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

#[test]
fn a_replay_of_the_whole_corpus_ends_in_order() {
    let Some(corpus) = corpus() else { return };
    let ran = keyfence(["replay", &corpus.to_string_lossy(), "--format", "json", "--all"]);
    assert_eq!(ran.lines().len(), manifest(&corpus).len(), "one line for each event\n{}", ran.talk);
    assert_eq!(ran.exit.code(), 2, "{}", ran.talk);
    assert!(ran.lines().iter().all(|l| l["outcome"].is_string() && l["event"].is_object()));
}
