//! Judgements for people: aligned, one block a change. Colour is an extra; no meaning hangs on it.

use keyfence_analysis::diff::Question;
use keyfence_analysis::judge::{Conclusion, Judgement, Outcome};
use keyfence_analysis::model::Severity;
use std::fmt::Write as _;
use std::io::{Result, Write};

/// Entries of one kind that are shown; the rest is counted.
const SHOWN: usize = 12;

/// Text without characters that steer a terminal, break a line or turn its direction: event content is hostile.
#[must_use]
pub fn safe(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { '\u{FFFD}' } else { c }).collect()
}

/// A path, made safe: whoever names a file may be hostile too.
#[must_use]
pub fn named(path: &std::path::Path) -> String {
    safe(&path.to_string_lossy())
}

/// The same for keyfence's own messages of several lines.
#[must_use]
pub fn safe_lines(text: &str) -> String {
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

/// A line of JSON with such characters escaped: JSON leaves most of them as they are.
#[must_use]
pub fn safe_json(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Controls, line separators, marks of direction, characters without width, tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// Writes a judgement.
///
/// # Errors
/// When it cannot be written.
pub fn write(judgement: &Judgement, colour: bool, out: &mut dyn Write) -> Result<()> {
    let event = &judgement.event;
    let time = event.time.map_or_else(|| "no time".to_owned(), |t| t.to_string());
    let resource = match &judgement.outcome {
        Outcome::Judged(conclusion) => conclusion.change.resource.as_str(),
        Outcome::Dropped(_) => "",
    };
    writeln!(out, "{time}  {:<5}  {}  {}", event.cloud, safe(&event.name), safe(resource))?;
    match &judgement.outcome {
        Outcome::Dropped(dropped) => {
            writeln!(out, "  {:<9} {}", "dropped", safe(&dropped.to_string()))?
        }
        Outcome::Judged(conclusion) => {
            writeln!(out, "  {:<9} {}", "by", safe(&event.actor.to_string()))?;
            body(conclusion, colour, out)?;
        }
    }
    writeln!(out)
}

fn body(conclusion: &Conclusion, colour: bool, out: &mut dyn Write) -> Result<()> {
    for finding in &conclusion.findings {
        let severity = painted(finding.severity, colour);
        writeln!(out, "  {:<9} {severity} {}: {}", "finding", finding.rule, safe(&finding.why))?;
    }
    if conclusion.findings.is_empty() {
        writeln!(out, "  {:<9} {}", "quiet", conclusion.change.kind)?;
    }
    let d = &conclusion.difference;
    let gained = d.gained.iter().map(|g| {
        let conditions = g.after.conditions();
        let left = if conditions.is_empty() {
            String::new()
        } else {
            format!(": {}", conditions.join("; "))
        };
        let evidence: Vec<String> =
            g.evidence.iter().map(|e| format!("{} lock: {}", e.lock.word(), e.grant)).collect();
        (format!("{}  {}{left}", about(&g.question), g.after.verdict()), evidence)
    });
    entries("gained", gained, out)?;
    let lost = d.lost.iter().map(|l| (about(&l.question), Vec::new()));
    entries("lost", lost, out)?;
    let latent = d.latent.iter().map(|l| {
        (
            format!("{}  only the {} lock is closed", about(&l.question), l.missing.word()),
            Vec::new(),
        )
    });
    entries("latent", latent, out)?;
    if let Some(blind) = &conclusion.blind {
        writeln!(out, "  {:<9} {}", "unknown", safe(blind))?;
    }
    writeln!(
        out,
        "  {:<9} {} ({})",
        "decision",
        conclusion.decision.action.word(),
        safe(&conclusion.decision.reason)
    )?;
    plan(conclusion, out)
}

fn about(q: &Question) -> String {
    format!("{}  {}  {}", q.principal, q.access, q.resource)
}

fn entries(
    title: &str,
    items: impl Iterator<Item = (String, Vec<String>)>,
    out: &mut dyn Write,
) -> Result<()> {
    let mut count = 0;
    for (line, details) in items {
        count += 1;
        if count > SHOWN {
            continue;
        }
        writeln!(out, "  {:<9} {}", if count == 1 { title } else { "" }, safe(&line))?;
        for detail in details.iter().take(4) {
            writeln!(out, "  {:<9}   {}", "", safe(detail))?;
        }
    }
    if count > SHOWN {
        writeln!(out, "  {:<9} and {} more", "", count - SHOWN)?;
    }
    Ok(())
}

fn plan(conclusion: &Conclusion, out: &mut dyn Write) -> Result<()> {
    let Some((plan, proof)) = &conclusion.plan else { return Ok(()) };
    for (i, step) in plan.steps.iter().enumerate() {
        let title = if i == 0 { "plan" } else { "" };
        writeln!(
            out,
            "  {title:<9} {}. {} {} {}",
            i + 1,
            step.call.call,
            safe(&step.call.target),
            safe(&step.call.change.to_string())
        )?;
    }
    for doubt in &plan.doubts {
        writeln!(out, "  {:<9} not without asking: {}", "", safe(doubt))?;
    }
    let verdict = if proof.holds { "holds" } else { "does not hold" };
    writeln!(out, "  {:<9} {verdict}, {} questions asked again", "proof", proof.questions)?;
    for failure in &proof.failures {
        writeln!(out, "  {:<9}   {}", "", safe(failure))?;
    }
    if let Some(request) = &proof.witness {
        writeln!(
            out,
            "  {:<9}   allowed by the change, refused after the plan: {}",
            "",
            safe(request)
        )?;
    }
    Ok(())
}

fn painted(severity: Severity, colour: bool) -> String {
    let word = format!("{:<8}", severity.to_string().to_uppercase());
    if !colour {
        return word;
    }
    let code = match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low => "2",
    };
    format!("\u{1b}[{code}m{word}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(safe("a\u{1b}[2Jb\u{202E}c\nd"), "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d");
        assert_eq!(safe_json("\"\u{9b}\u{202E}\""), "\"\\u009b\\u202e\"");
    }
}
