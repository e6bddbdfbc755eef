//! The contract of behaviour: each folder of `scenarios/` must come out as its `expected.json` says.
//!
//! A scenario that needs later work stands in [`KNOWN_GAPS`]; the test fails when one of those passes (strike it), and
//! when one outside fails.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use keyfence_analysis::model::Severity;
use keyfence_tests::{beside, keyfence, own};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Scenario and what it waits for.
const KNOWN_GAPS: [(&str, &str); 0] = [];

#[test]
fn scenarios_come_out_as_expected() {
    let mut wrong = Vec::new();
    let mut counts = std::collections::BTreeMap::<String, (usize, usize)>::new();
    for (name, folder) in scenarios() {
        let problems = check(&folder);
        let gap = KNOWN_GAPS.iter().find(|(gap, _)| *gap == name);
        let cloud = name.split('/').next().unwrap_or_default().to_owned();
        let count = counts.entry(cloud).or_default();
        count.1 += 1;
        match (problems.is_empty(), gap) {
            (true, None) => count.0 += 1,
            (false, Some(_)) => {}
            (true, Some(_)) => wrong.push(format!("{name} passes: strike it from the known gaps")),
            (false, None) => wrong.push(format!("{name}:\n    {}", problems.join("\n    "))),
        }
    }
    println!("passed of all, by cloud: {counts:?}");
    assert!(
        counts.values().map(|(_, all)| all).sum::<usize>() >= 39,
        "scenarios are missing: {counts:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn known_gaps_exist() {
    let names: BTreeSet<String> = scenarios().into_iter().map(|(name, _)| name).collect();
    for (gap, _) in KNOWN_GAPS {
        assert!(names.contains(gap), "{gap}");
    }
}

/// The project's own scenarios, and those beside the repository that it does not have.
fn scenarios() -> Vec<(String, PathBuf)> {
    let mut found = std::collections::BTreeMap::new();
    let folders = [beside("scenarios"), Some(own("scenarios"))];
    for folder in folders.into_iter().flatten() {
        for cloud in ["aws", "azure", "gcp"] {
            let Ok(entries) = std::fs::read_dir(folder.join(cloud)) else { continue };
            for path in entries
                .filter_map(Result::ok)
                .map(|e| e.path())
                .filter(|p| p.join("expected.json").exists())
            {
                let name = format!("{cloud}/{}", path.file_name().unwrap().to_string_lossy());
                found.insert(name, path);
            }
        }
    }
    found.into_iter().collect()
}

fn check(folder: &Path) -> Vec<String> {
    let expected: Value =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let text = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut arguments = vec![
        "replay".to_owned(),
        text("events.jsonl"),
        "--estate".to_owned(),
        text("estate"),
        "--format".to_owned(),
        "json".to_owned(),
        "--all".to_owned(),
    ];
    if folder.join("after").is_dir() {
        arguments.extend(["--after".to_owned(), text("after")]);
    }
    let ran = keyfence(arguments);
    match ran.lines().last() {
        Some(last) => compare(&expected, last),
        None => vec![format!("no output: {}", ran.talk)],
    }
}

fn compare(expected: &Value, got: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if expected.get("outcome") != got.get("outcome") {
        problems.push(format!(
            "outcome {} instead of {} ({})",
            got["outcome"], expected["outcome"], got["reason"]
        ));
    }
    let difference = |list: &str| {
        got.get("difference")
            .and_then(|d| d.get(list))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let listed =
        |list: &str| expected.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let gained = difference("gained");
    for entry in listed("gained") {
        match gained.iter().find(|g| same(g, &entry)) {
            None => problems.push(format!("not gained: {entry}")),
            Some(g) if entry.get("verdict").is_some_and(|v| *v != g["verdict"]) => {
                problems.push(format!("verdict {} {}: {entry}", g["verdict"], g["conditions"]));
            }
            Some(_) => {}
        }
    }
    problems.extend(
        listed("not_gained")
            .iter()
            .filter(|e| gained.iter().any(|g| same(g, e)))
            .map(|e| format!("wrongly gained: {e}")),
    );
    for list in ["lost", "latent"] {
        let found = difference(list);
        let missing = |e: &Value| {
            !found.iter().any(|f| same(f, e) && e.get("missing").is_none_or(|m| *m == f["missing"]))
        };
        problems
            .extend(listed(list).iter().filter(|e| missing(e)).map(|e| format!("not {list}: {e}")));
    }
    if let Some(least) = expected.get("severity_at_least") {
        let least: Severity = serde_json::from_value(least.clone()).unwrap();
        let found = got["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|f| serde_json::from_value::<Severity>(f["severity"].clone()).unwrap())
            .max();
        if found.is_none_or(|f| f < least) {
            problems.push(format!("severity {found:?}, at least {least} expected"));
        }
    }
    if let Some(plan) = expected.get("plan") {
        problems.extend(compare_plan(plan, &got["plan"]));
    }
    if let Some(auto) = expected.get("auto") {
        let found = got["plan"].get("auto").cloned().unwrap_or(Value::Bool(false));
        if found != *auto {
            problems
                .push(format!("auto {found}: {} {}", got["plan"]["doubts"], got["plan"]["proof"]));
        }
    }
    problems
}

/// Each listed step must be in the plan, in this order, with at least this change.
fn compare_plan(expected: &Value, got: &Value) -> Option<String> {
    let Some(steps) = expected.as_array() else {
        return (!got.is_null())
            .then(|| format!("a plan where none is expected: {}", got["steps"]));
    };
    let Some(found) = got["steps"].as_array() else { return Some("no plan".to_owned()) };
    let mut rest = found.iter();
    for step in steps {
        let is = |f: &&Value| {
            f["call"] == step["call"]
                && folded(&f["target"]) == folded(&step["target"])
                && step.get("change").is_none_or(|c| within(c, &f["change"]))
        };
        if !rest.any(|f| is(&f)) {
            return Some(format!("step {step} is not in {}", got["steps"]));
        }
    }
    None
}

fn same(a: &Value, b: &Value) -> bool {
    ["principal", "access", "resource"].iter().all(|k| folded(&a[*k]) == folded(&b[*k]))
}

/// ARM ids are compared without case.
fn folded(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    if text.starts_with('/') && !text.starts_with("//") {
        text.to_lowercase()
    } else {
        text.to_owned()
    }
}

/// Whether every member of the first is in the second.
fn within(small: &Value, large: &Value) -> bool {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => {
            small.iter().all(|(k, v)| large.get(k).is_some_and(|l| within(v, l)))
        }
        (small, large) => small == large,
    }
}
