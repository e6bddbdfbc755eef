//! Whole-system tests of keyfence stand in `tests/`; this library finds and runs things for them.

pub mod aws_world;
pub mod azure_world;
pub mod emulator;
pub mod fakes;
pub mod gcp_world;
pub mod tools;
pub mod trail;

use keyfence::cli::{Exit, Surroundings, run};
use keyfence_analysis::access;
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::model::{Access, Principal, Resource, Timestamp, Verdict};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// A folder or file of this package.
#[must_use]
pub fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Other people's data beside the repository (`../shared/<name>`), when it is there.
#[must_use]
pub fn beside(name: &str) -> Option<PathBuf> {
    let path = root().parent()?.join("shared").join(name);
    path.exists().then_some(path)
}

/// What a run of the command line gave.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub talk: String,
}

impl Ran {
    /// The lines of standard output as JSON; a line that is none becomes `null`.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or(Value::Null)).collect()
    }
}

/// A clock that stands, for what the command line records.
fn clock() -> keyfence_trail::Moment {
    keyfence_trail::Moment::from_millis(1_795_521_600_000)
}

/// Runs the command line within this process, at the same time on every machine.
pub fn keyfence<I: Into<OsString>>(arguments: impl IntoIterator<Item = I>) -> Ran {
    let around = Surroundings { colour: false, progress: false, now: Timestamp::EPOCH, clock };
    let arguments =
        std::iter::once(OsString::from("keyfence")).chain(arguments.into_iter().map(Into::into));
    let (mut out, mut talk) = (Vec::new(), Vec::new());
    let exit = run(arguments, &around, &mut out, &mut talk);
    Ran {
        exit,
        out: String::from_utf8_lossy(&out).into_owned(),
        talk: String::from_utf8_lossy(&talk).into_owned(),
    }
}

/// All files below a folder with one of these endings, by name.
#[must_use]
pub fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for path in entries.filter_map(Result::ok).map(|e| e.path()) {
            if path.is_dir() {
                // The build folder holds other people's manifests.
                if !path.ends_with("target") {
                    todo.push(path);
                }
            } else if endings.iter().any(|e| path.to_string_lossy().ends_with(e)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Asks one question of access.
///
/// # Panics
/// When the verdict is another one; the message shows both locks.
#[track_caller]
pub fn assert_verdict(
    estate: &Estate,
    principal: &str,
    access: Access,
    resource: &Resource,
    expected: Verdict,
) {
    let answer = access::evaluate(estate, &Principal::named(principal), access, resource);
    assert_eq!(
        answer.verdict(),
        expected,
        "{principal}: {access} {resource}\n  allowed: {}\n  storage: {}\n  key: {:?}",
        answer.allowed,
        answer.storage,
        answer.key.map(|k| k.to_string()),
    );
}

/// The fields of `changes` set in `base`; `null` is a value.
///
/// # Panics
/// When one of the two is no object.
#[must_use]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]
pub fn with(mut base: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// The files of an estate by path; content with the ending `.jsonl` has a line for each item.
pub type Sources = BTreeMap<String, Value>;

/// The estate of some files; nothing when one of them is refused.
#[must_use]
pub fn load(sources: &Sources) -> Option<Estate> {
    let mut files = Files::new();
    for (path, content) in sources {
        let content = match content.as_array() {
            Some(lines) if path.ends_with(".jsonl") => {
                lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
            }
            Some(_) | None => content.to_string(),
        };
        files.insert(path.as_str(), content);
    }
    Estate::load(&files).ok()
}

/// Whether the long runs are asked for.
#[must_use]
pub fn is_nightly() -> bool {
    std::env::var_os("KEYFENCE_CASES_NIGHTLY").is_some()
}

/// How many cases a comparison has: 5,000, or 100,000 in the long runs.
#[must_use]
pub fn cases() -> u64 {
    if is_nightly() { 100_000 } else { 5_000 }
}

/// Whether other evaluators may not be left out where they are absent.
#[must_use]
pub fn tools_are_required() -> bool {
    std::env::var_os("KEYFENCE_REQUIRE_TOOLS").is_some()
}
