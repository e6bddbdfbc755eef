//! Counts by cloud, rule and reason, told at the end of a run.

use crate::cli::Exit;
use keyfence_analysis::change::Dropped;
use keyfence_analysis::decision::Action;
use keyfence_analysis::judge::{Judgement, Outcome};
use keyfence_analysis::model::{Cloud, Severity};
use keyfence_analysis::rule::Rule;
use std::collections::BTreeMap;
use std::io::Write;

/// What a run saw.
#[derive(Debug, Default)]
pub struct Summary {
    clouds: BTreeMap<Cloud, PerCloud>,
    rules: BTreeMap<(Severity, Rule), usize>,
    decisions: BTreeMap<Action, usize>,
    dropped: BTreeMap<&'static str, usize>,
    malformed: usize,
    /// Notifications that name a log file which is not read here.
    pub log_files: usize,
    /// Files of folders that are no event files by their ending.
    pub skipped_files: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct PerCloud {
    events: usize,
    changes: usize,
    findings: usize,
}

impl Summary {
    /// Counts a judged event.
    pub fn count(&mut self, judgement: &Judgement) {
        match &judgement.outcome {
            Outcome::Dropped(dropped) => self.drop(Some(judgement.event.cloud), dropped),
            Outcome::Judged(conclusion) => {
                let cloud = self.clouds.entry(judgement.event.cloud).or_default();
                cloud.events += 1;
                cloud.changes += 1;
                cloud.findings += usize::from(!conclusion.findings.is_empty());
                for finding in &conclusion.findings {
                    *self.rules.entry((finding.severity, finding.rule)).or_default() += 1;
                }
                *self.decisions.entry(conclusion.decision.action).or_default() += 1;
            }
        }
    }

    /// Counts a dropped event.
    pub fn drop(&mut self, cloud: Option<Cloud>, dropped: &Dropped) {
        if let Some(cloud) = cloud {
            self.clouds.entry(cloud).or_default().events += 1;
        }
        *self.dropped.entry(dropped.reason()).or_default() += 1;
        self.malformed += usize::from(matches!(dropped, Dropped::Malformed(_)));
    }

    /// How the run ended.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.malformed > 0 {
            Exit::Failed
        } else if self.clouds.values().any(|c| c.findings > 0) {
            Exit::Findings
        } else {
            Exit::Quiet
        }
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out)?;
        writeln!(out, "{:<8} {:>9} {:>9} {:>9}", "cloud", "events", "changes", "findings")?;
        for (cloud, c) in &self.clouds {
            writeln!(out, "{cloud:<8} {:>9} {:>9} {:>9}", c.events, c.changes, c.findings)?;
        }
        table(
            out,
            "rule",
            self.rules
                .iter()
                .rev()
                .map(|((severity, rule), n)| (format!("{severity:<8} {rule}"), *n)),
        )?;
        table(
            out,
            "decision",
            self.decisions.iter().rev().map(|(action, n)| (action.word().to_owned(), *n)),
        )?;
        table(out, "dropped", self.dropped.iter().map(|(reason, n)| ((*reason).to_owned(), *n)))?;
        if self.log_files > 0 {
            writeln!(
                out,
                "\n{} notifications name log files; give those files as EVENTS to have them read",
                self.log_files
            )?;
        }
        if self.skipped_files > 0 {
            writeln!(
                out,
                "\n{} files in the folders are no event files by their ending and were not read",
                self.skipped_files
            )?;
        }
        Ok(())
    }
}

fn table(
    out: &mut dyn Write,
    title: &str,
    rows: impl Iterator<Item = (String, usize)>,
) -> std::io::Result<()> {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        writeln!(out, "\n{title}")?;
    }
    for (name, count) in rows {
        writeln!(out, "  {name:<30} {count:>6}")?;
    }
    Ok(())
}
