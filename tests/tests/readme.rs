//! The README shows real output: every line of its blocks is a line that the command writes.

use keyfence_tests::{files, keyfence, own, root};
use std::collections::BTreeSet;
use std::path::Path;

const RUNNER: &str = "arn:aws:iam::111122223333:role/report-runner";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d";

#[test]
fn output_in_the_readme_is_real() {
    let estate = own("examples/estate").to_string_lossy().into_owned();
    let events = own("examples/events").to_string_lossy().into_owned();
    // The same estate, its key policy delegating to the account.
    let opened = tempfile::tempdir().unwrap();
    for from in files(Path::new(&estate), &["json", "jsonl"]) {
        let to = opened.path().join(from.strip_prefix(&estate).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
    let keys = opened.path().join("aws/111122223333/keys.json");
    let mut content: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&keys).unwrap()).unwrap();
    content[0]["Policy"]["Statement"].as_array_mut().unwrap().push(serde_json::json!({
        "Sid": "EnableIAMPolicies",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "kms:*",
        "Resource": "*",
    }));
    std::fs::write(&keys, content.to_string()).unwrap();
    let opened = opened.path().to_string_lossy().into_owned();
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit").to_string_lossy().into_owned();
    let runs = [
        vec!["replay", &events, "--estate", &estate, "--trail", &trail],
        vec!["trail", "verify", "--trail", &trail],
        vec!["trail", "show", "0b1f0d3e-6d0e-4a5e-9a59-0d3f4f0c7a04", "--trail", &trail],
        vec!["fences", "--estate", &estate],
        vec!["who-can", "read", "arn:aws:s3:::ledger-archive", "--estate", &estate],
        vec!["can", RUNNER, "kms:Decrypt", KEY, "--estate", &estate],
        vec!["diff", &estate, &opened],
    ];
    let written: BTreeSet<String> = runs
        .into_iter()
        .flat_map(|run| keyfence(run).out.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown: Vec<&str> = blocks
        .flat_map(str::lines)
        .filter(|l| !matches!(l.trim(), "" | "…") && !l.starts_with('$'))
        .collect();
    assert!(shown.len() > 50, "the README shows output");
    let other: Vec<&str> = shown.into_iter().filter(|l| !written.contains(*l)).collect();
    assert!(other.is_empty(), "nobody writes: {other:#?}");
}
