//! `keyfence trail list` and `keyfence trail export`: recorded decisions, filtered.

use super::{Where, open, run};
use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{safe, safe_json};
use anyhow::Context as _;
use keyfence_response::record::{self, Decided, Difference, Part, Plan};
use keyfence_response::{csv, ocsf};
use keyfence_trail::{Entry, Moment, Place, Record, Trail, entries};
use serde_json::{Value, json};
use std::io::Write;

/// Which decisions.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Filter {
    /// Recorded at this time or later (RFC 3339, or a date)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Recorded before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,
    /// aws, azure or gcp
    #[arg(long)]
    cloud: Option<String>,
    /// The account, subscription or project
    #[arg(long)]
    account: Option<String>,
    /// The changed resource, or a resource to which access changed; a part of its name is enough
    #[arg(long)]
    resource: Option<String>,
    /// A rule that spoke up
    #[arg(long)]
    rule: Option<String>,
    /// What was done: ignore, record, alert, ask or remediate
    #[arg(long)]
    decision: Option<String>,
    /// Who made the change; a part of the name is enough
    #[arg(long)]
    actor: Option<String>,
}

/// How decisions are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportForm {
    /// The records as they are, one a line
    Jsonl,
    /// One line a decision, for spreadsheets
    Csv,
    /// Events of OCSF 1.8: Detection Finding and Remediation Activity, one a line
    Ocsf,
}

/// Reads `2026-11-24`, `2026-11-24T14:07:28Z` or the same with a fraction.
fn moment(text: &str) -> Result<Moment, String> {
    let full = match text.len() {
        10 => format!("{text}T00:00:00.000Z"),
        20 => text.strip_suffix('Z').map_or_else(String::new, |t| format!("{t}.000Z")),
        _ => text.to_owned(),
    };
    Moment::parse(&full).ok_or_else(|| "expected a time like 2026-11-24T14:07:28Z".to_owned())
}

/// A decision with all its parts, those that lie in blobs included.
pub(super) struct Whole {
    pub(super) entry: Entry,
    pub(super) decided: Decided,
    pub(super) difference: Difference,
    pub(super) plan: Option<Plan>,
}

async fn part<T: serde::de::DeserializeOwned + Clone>(
    trail: &Trail,
    part: &Part<T>,
) -> anyhow::Result<T> {
    let content = match part.blob() {
        Some(blob) => trail.get(&Place::Blob(blob.sha256.clone())).await?,
        None => None,
    };
    Ok(part.get(content.as_deref())?)
}

async fn whole(trail: &Trail, entry: Entry) -> anyhow::Result<Option<Whole>> {
    let decided =
        Decided::of(&entry.record).with_context(|| format!("record {}", entry.record.id))?;
    let Some(decided) = decided else { return Ok(None) };
    let difference = part(trail, &decided.difference).await?;
    let plan = match &decided.plan {
        Some(plan) => Some(part(trail, plan).await?),
        None => None,
    };
    Ok(Some(Whole { entry, decided, difference, plan }))
}

impl Filter {
    fn keeps_record(&self, record: &Record) -> bool {
        self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }

    fn keeps(&self, whole: &Whole) -> bool {
        let decided = &whole.decided;
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|w| found.is_some_and(|f| f.eq_ignore_ascii_case(w)))
        };
        let part_of =
            |wanted: &str, text: &str| text.to_lowercase().contains(&wanted.to_lowercase());
        let d = &whole.difference;
        let resources = std::iter::once(&decided.change.resource)
            .chain(d.gained.iter().map(|g| &g.resource))
            .chain(d.lost.iter().map(|l| &l.resource))
            .chain(d.latent.iter().map(|l| &l.resource));
        let actor = [&decided.event.actor.principal, &decided.event.actor.name];
        is(&self.cloud, Some(&decided.event.cloud))
            && is(&self.account, decided.origin.account.as_deref())
            && is(&self.decision, Some(&decided.decision.action))
            && self.rule.as_ref().is_none_or(|r| decided.findings.iter().any(|f| f.rule == *r))
            && self.resource.as_ref().is_none_or(|r| resources.into_iter().any(|n| part_of(r, n)))
            && self
                .actor
                .as_ref()
                .is_none_or(|a| actor.into_iter().flatten().any(|n| part_of(a, n)))
    }

    /// All decisions that pass, one after another.
    pub(super) async fn each(
        &self,
        trail: &Trail,
        mut each: impl FnMut(Whole) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut found = Vec::new();
        entries(trail, |entry| {
            if entry.record.kind.as_str() == record::KIND && self.keeps_record(&entry.record) {
                found.push(entry);
            }
            Ok(())
        })
        .await?;
        for entry in found {
            if let Some(whole) = whole(trail, entry).await?
                && self.keeps(&whole)
            {
                each(whole)?;
            }
        }
        Ok(())
    }
}

/// `keyfence trail list`.
///
/// # Errors
/// When the trail cannot be read.
pub fn list(
    at: &Where,
    filter: &Filter,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    run(filter.each(&trail, |whole| {
        let decided = &whole.decided;
        match format {
            Format::Json => writeln!(out, "{}", safe_json(&line_of(&whole).to_string()))?,
            Format::Text => {
                let severity = decided.worst().map_or("quiet", |f| &f.severity);
                writeln!(
                    out,
                    "{}  {}  {:<9} {:<8} {:<5}  {}  {}",
                    whole.entry.record.id,
                    decided.event.time.as_deref().unwrap_or("no time"),
                    safe(&decided.decision.action),
                    safe(severity),
                    safe(&decided.event.cloud),
                    safe(&decided.event.name),
                    safe(&decided.change.resource),
                )?;
            }
        }
        Ok(())
    }))?;
    Ok(Exit::Quiet)
}

/// A decision as one line of JSON: its record's header and its body, with the parts in it.
pub(super) fn line_of(whole: &Whole) -> Value {
    let record = &whole.entry.record;
    let mut body = record.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.insert("difference".to_owned(), json!(whole.difference));
        body.insert("plan".to_owned(), json!(whole.plan));
    }
    json!({"id": record.id, "index": whole.entry.index, "recorded": record.at, "decision": body})
}

/// `keyfence trail export`.
///
/// # Errors
/// When the trail cannot be read.
pub fn export(
    at: &Where,
    filter: &Filter,
    form: ExportForm,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    if form == ExportForm::Csv {
        writeln!(out, "{}", csv::header())?;
    }
    run(filter.each(&trail, |whole| {
        match form {
            ExportForm::Jsonl => writeln!(out, "{}", safe_json(&line_of(&whole).to_string()))?,
            ExportForm::Csv => {
                let line = csv::line(&whole.entry.record, whole.entry.index, &whole.decided);
                writeln!(out, "{}", safe(&line))?;
            }
            ExportForm::Ocsf => {
                let recorded = ocsf::Recorded {
                    record: &whole.entry.record,
                    index: whole.entry.index,
                    decided: &whole.decided,
                    difference: &whole.difference,
                    plan: whole.plan.as_ref(),
                };
                for event in ocsf::events(&recorded) {
                    writeln!(out, "{}", safe_json(&event.to_string()))?;
                }
            }
        }
        Ok(())
    }))?;
    Ok(Exit::Quiet)
}
