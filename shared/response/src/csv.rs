//! Recorded decisions as comma-separated values (RFC 4180), one line a decision, for spreadsheets.

use crate::record::Decided;
use keyfence_trail::Record;

/// The names of the columns.
const COLUMNS: [&str; 20] = [
    "id",
    "recorded",
    "index",
    "cloud",
    "account",
    "region",
    "event_time",
    "event",
    "event_id",
    "actor",
    "resource",
    "change",
    "outcome",
    "severity",
    "rules",
    "action",
    "mode",
    "reason",
    "keyfence",
    "config",
];

/// The first line.
#[must_use]
pub fn header() -> String {
    COLUMNS.join(",")
}

/// The line of a decision.
#[must_use]
pub fn line(record: &Record, index: Option<u64>, decided: &Decided) -> String {
    let rules: Vec<&str> = decided.findings.iter().map(|f| f.rule.as_str()).collect();
    let actor = &decided.event.actor;
    let word = if decided.findings.is_empty() { "quiet" } else { "finding" };
    let (id, at) = (record.id.to_string(), record.at.to_string());
    let index = index.map(|i| i.to_string()).unwrap_or_default();
    let rules = rules.join(" ");
    let cells: [&str; COLUMNS.len()] = [
        &id,
        &at,
        &index,
        &decided.event.cloud,
        decided.origin.account.as_deref().unwrap_or_default(),
        decided.origin.region.as_deref().unwrap_or_default(),
        decided.event.time.as_deref().unwrap_or_default(),
        &decided.event.name,
        &decided.event.id,
        actor.principal.as_deref().or(actor.name.as_deref()).unwrap_or_default(),
        &decided.change.resource,
        &decided.change.kind,
        word,
        decided.worst().map_or("", |f| &f.severity),
        &rules,
        &decided.decision.action,
        &decided.decision.mode,
        &decided.decision.reason,
        &decided.versions.keyfence,
        decided.versions.config.as_deref().unwrap_or_default(),
    ];
    cells.map(cell).join(",")
}

/// A cell. Names come from events, which are hostile: what a spreadsheet would take for a formula is text.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) || formula {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("@sum", "\"'@sum\""),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
