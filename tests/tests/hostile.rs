//! Damaged and hostile events: whatever comes in, nothing panics and nothing is swallowed in silence.
//!
//! Seeds are the scenarios and, when it stands beside the repository, the corpus. Each is mutated as bytes and as JSON, and
//! goes all the way from the splitter to the judge. `KEYFENCE_FUZZ_SECONDS` sets the time for each cloud (a few seconds by
//! default; the nightly run takes 600).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use keyfence_analysis::decision::Config;
use keyfence_analysis::estate::Estate;
use keyfence_analysis::event::{self, Decoded, Splitter, Unwrapped};
use keyfence_analysis::judge::{Judge, LiveStates};
use keyfence_tests::{beside, files, own};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A small generator of numbers (xorshift64*): the same seed gives the same run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % n.max(1)
    }
}

fn seeds(cloud: &str) -> Vec<Value> {
    let folders = [Some(own("scenarios").join(cloud)), beside("corpus").map(|c| c.join(cloud))];
    let mut found = Vec::new();
    for folder in folders.into_iter().flatten() {
        for file in files(&folder, &["events.jsonl", ".json"]) {
            if file.to_string_lossy().contains("estate/") || file.ends_with("expected.json") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            match serde_json::from_str(&text) {
                Ok(value) => found.push(value),
                Err(_) => {
                    found.extend(text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()))
                }
            }
        }
    }
    found
}

fn estates(cloud: &str) -> Vec<Estate> {
    let entries = std::fs::read_dir(own("scenarios").join(cloud)).unwrap();
    let folders = entries.map(|e| e.unwrap().path().join("estate")).filter(|p| p.is_dir());
    folders.map(|f| keyfence::estate::load(&f).unwrap()).collect()
}

/// Replaces one node somewhere in the value.
fn mutate(value: &mut Value, dice: &mut Dice, other: &Value) {
    let mut nodes = Vec::new();
    paths(value, String::new(), &mut nodes);
    let path = nodes[dice.below(nodes.len())].clone();
    let mut donors = Vec::new();
    paths(other, String::new(), &mut donors);
    let donor = other.pointer(&donors[dice.below(donors.len())]).cloned().unwrap_or(Value::Null);
    let Some(node) = value.pointer_mut(&path) else { return };
    *node = match dice.below(14) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(1e308),
        3 => json!(""),
        4 => json!({}),
        5 => json!([]),
        6 => json!("\u{0}\u{1b}[2J\u{202e}%zz${aws:username}"),
        7 => json!("x".repeat(3_000)),
        8 => json!([[[[{"a": [null, {"Statement": [[]]}]}]]]]),
        9 => Value::String(node.to_string()),
        10 => json!([node.clone(), node.clone()]),
        11 => json!("arn:aws:iam::111122223333:role/../../x/"),
        12 => json!("/subscriptions//providers/Microsoft.Authorization/roleAssignments/"),
        _ => donor,
    };
}

fn paths(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                paths(inner, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                paths(inner, format!("{at}/{i}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    into.push(at);
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(bytes.len());
    match dice.below(5) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
        2 => bytes[at] ^= 1 << dice.below(8),
        3 => bytes.insert(at, [b'{', b'[', b'"', b'\\', b'\n'][dice.below(5)]),
        _ => {
            let end = (at + dice.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
    }
}

/// All the way; returns how many values came out.
fn digest(bytes: &[u8], judge: &mut Judge, chunk: usize) -> usize {
    let mut splitter = Splitter::new();
    let mut pieces: Vec<_> = bytes.chunks(chunk).flat_map(|c| splitter.push(c)).collect();
    pieces.extend(splitter.finish());
    for value in pieces.iter().filter_map(|p| p.value.as_ref().ok()) {
        for unwrapped in event::unwrap(value.clone()) {
            let Unwrapped::Record(record) = unwrapped else { continue };
            if let Decoded::Event(event) = event::decode(&record) {
                let line = judge.judge(*event, 1).to_json();
                assert!(line["outcome"].is_string());
            }
        }
    }
    pieces.len()
}

/// Whether a page of results without results: a list that is empty, or a wrapper of one, whatever follows.
fn is_empty_list(bytes: &[u8]) -> bool {
    ["[]", "{\"Records\":[]", "{\"records\":[]", "{\"value\":[]"]
        .iter()
        .any(|list| bytes.starts_with(list.as_bytes()))
}

fn survive(cloud: &str) {
    let seconds =
        std::env::var("KEYFENCE_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(4);
    let (seeds, estates) = (seeds(cloud), estates(cloud));
    assert!(seeds.len() > 10, "{}", seeds.len());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ cloud.len() as u64);
    let (mut executions, start) = (0_usize, Instant::now());
    let mut judge = Judge::default();
    while start.elapsed() < Duration::from_secs(seconds) {
        // A fresh estate now and then: hostile edits pile up in it meanwhile.
        if executions.is_multiple_of(50) {
            let estate = estates[dice.below(estates.len())].clone();
            let live = LiveStates {
                common: Some(estates[dice.below(estates.len())].clone()),
                ..LiveStates::default()
            };
            judge = Judge::new(estate, live, Config::default());
        }
        let mut value = seeds[dice.below(seeds.len())].clone();
        for _ in 0..dice.below(4) {
            let other = seeds[dice.below(seeds.len())].clone();
            mutate(&mut value, &mut dice, &other);
        }
        let mut bytes = value.to_string().into_bytes();
        for _ in 0..dice.below(3) {
            damage(&mut bytes, &mut dice);
        }
        let chunk = 1 + dice.below(8_192);
        let pieces = digest(&bytes, &mut judge, chunk);
        let blank =
            bytes.iter().all(|b| b.is_ascii_whitespace() || matches!(b, b'[' | b']' | b',' | 0x1e));
        assert!(
            pieces > 0 || blank || is_empty_list(&bytes) || bytes.len() < 40,
            "swallowed: {}",
            String::from_utf8_lossy(&bytes)
        );
        executions += 1;
    }
    println!("{cloud}: {executions} executions in {seconds} s");
}

#[test]
fn damaged_cloudtrail_records_do_no_harm() {
    survive("aws");
}

#[test]
fn damaged_activity_log_records_do_no_harm() {
    survive("azure");
}

#[test]
fn damaged_audit_log_entries_do_no_harm() {
    survive("gcp");
}

#[test]
fn bombs_are_refused() {
    use base64::Engine as _;
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    (0..80).for_each(|_| gzip.write_all(&zeros).unwrap());
    let data = base64::engine::general_purpose::STANDARD.encode(gzip.finish().unwrap());
    let found = event::unwrap(json!({"message": {"data": data}}));
    assert!(
        matches!(found.as_slice(), [Unwrapped::Malformed(problem)] if problem.contains("larger than")),
        "{found:?}"
    );
}

#[test]
fn a_value_without_end_costs_bounded_work() {
    // Each line opens what no line closes: reading must not start over from each line to the end.
    let line = b"{\"a\":[\n";
    let mut splitter = Splitter::new();
    let start = Instant::now();
    let pieces: usize =
        (0..40_000).map(|_| splitter.push(line).len()).sum::<usize>() + splitter.finish().len();
    assert!(pieces > 0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
