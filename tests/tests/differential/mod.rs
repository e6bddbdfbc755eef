//! What the differential tests of Azure and Google Cloud share: counting, and cutting a disagreement down.

use keyfence_analysis::model::Verdict;
use keyfence_reference::answer::Answer;
use keyfence_tests::Sources;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Whether a verdict on one concrete request is the reference's answer.
pub(crate) const fn agree(engine: Verdict, reference: Answer) -> bool {
    match reference {
        Answer::Allowed => matches!(engine, Verdict::Yes),
        Answer::Refused => matches!(engine, Verdict::No),
        Answer::Undecided(_) => true,
    }
}

/// Disagreements by kind, each with its number and the smallest estate of its first case.
#[derive(Default)]
pub(crate) struct Report {
    kinds: BTreeMap<String, (usize, String)>,
    /// Comparisons made.
    pub(crate) compared: usize,
    /// Comparisons left out because the reference does not decide.
    pub(crate) undecided: usize,
    /// Of those compared, how many the reference allows.
    pub(crate) allowed: usize,
}

impl Report {
    /// Counts one comparison.
    pub(crate) fn compare(&mut self, reference: Answer) {
        match reference {
            Answer::Undecided(_) => self.undecided += 1,
            Answer::Allowed | Answer::Refused => self.compared += 1,
        }
        self.allowed += usize::from(reference == Answer::Allowed);
    }

    /// Adds a disagreement; `still` tells whether it is there in a smaller estate. An estate without a resource that it
    /// should hold is unknown for that reason: then resources stay.
    pub(crate) fn add(
        &mut self,
        kind: String,
        what: &str,
        sources: &Sources,
        still: &dyn Fn(&Sources) -> bool,
    ) {
        if !self.kinds.contains_key(&kind) {
            let whole = kind.contains("engine unknown");
            let small = smallest(sources, &|smaller| {
                (!whole || resources(smaller) == resources(sources)) && still(smaller)
            });
            let mut text = format!("{what}\n");
            for (path, content) in small {
                let _ = writeln!(text, "--- {path}\n{content:#}");
            }
            self.kinds.insert(kind.clone(), (0, text));
        }
        let (count, _) = self.kinds.entry(kind).or_default();
        *count += 1;
    }

    /// # Panics
    /// When there are disagreements, or the cases decide nothing.
    pub(crate) fn finish(&self, subject: &str) {
        println!(
            "{subject}: {} compared, {} of them allowed, {} undecided",
            self.compared, self.allowed, self.undecided
        );
        let mut text = String::new();
        for (kind, (count, first)) in &self.kinds {
            let _ = writeln!(text, "\n=== {count} times: {kind}\n{first}");
        }
        assert!(self.kinds.is_empty(), "{subject}: disagreements{text}");
    }
}

/// How many resources, policies and roles an estate holds.
fn resources(sources: &Sources) -> usize {
    let facts = ["resources.json", "assets.jsonl", "roles.json", "role-definitions.json"];
    let files = sources.iter().filter(|(path, _)| facts.iter().any(|f| path.ends_with(f)));
    let many = |content: &Value| {
        content.as_array().map(Vec::len).or_else(|| content.as_object().map(serde_json::Map::len))
    };
    files.filter_map(|(_, content)| many(content)).sum()
}

/// Takes away items of lists and fields of objects, whatever they are, as long as the disagreement stays.
fn smallest(sources: &Sources, still: &dyn Fn(&Sources) -> bool) -> Sources {
    let mut small = sources.clone();
    let mut shrunk = true;
    while shrunk {
        shrunk = false;
        for path in sources.keys() {
            let mut pointers = Vec::new();
            small.get(path).inspect(|content| removable(content, "", &mut pointers));
            // Later items first, so that the pointers of earlier ones stay right.
            for pointer in pointers.iter().rev() {
                let mut fewer = small.clone();
                let removed = fewer.get_mut(path).is_some_and(|content| remove(content, pointer));
                if removed && still(&fewer) {
                    small = fewer;
                    shrunk = true;
                }
            }
        }
    }
    small
}

/// Pointers to all items of lists, and to optional fields.
fn removable(value: &Value, at: &str, into: &mut Vec<String>) {
    const OPTIONAL: [&str; 8] = [
        "condition",
        "denialCondition",
        "exceptionPrincipals",
        "exceptionPermissions",
        "notActions",
        "notDataActions",
        "encryption",
        "effectiveTags",
    ];
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                into.push(format!("{at}/{i}"));
                removable(item, &format!("{at}/{i}"), into);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                if OPTIONAL.contains(&name.as_str()) || at.is_empty() {
                    into.push(pointer.clone());
                }
                removable(field, &pointer, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn remove(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return false };
    let last = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(i) if i < items.len() => {
                items.remove(i);
                true
            }
            Ok(_) | Err(_) => false,
        },
        Some(Value::Object(fields)) => fields.remove(&last).is_some(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => false,
    }
}
