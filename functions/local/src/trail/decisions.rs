//! `keyfence trail list` and `keyfence trail export`: recorded decisions, filtered.

use super::{Where, open, run};
use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{safe, safe_json};
use keyfence_analysis::model::Timestamp;
use keyfence_response::record::{self, Decided, Difference, Part, Plan, RecordError};
use keyfence_response::{csv, ocsf};
use keyfence_trail::{Entry, Error, Moment, Place, Record, Trail, entries, sha256_hex};
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
    #[arg(long, value_parser = ["aws", "azure", "gcp"])]
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
    #[arg(long, value_parser = ["ignore", "record", "alert", "ask", "remediate"])]
    decision: Option<String>,
    /// Who made the change; a part of the name is enough
    #[arg(long)]
    actor: Option<String>,
}

/// How decisions are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportForm {
    /// The decisions with all their parts, one a line
    Jsonl,
    /// One line a decision, for spreadsheets
    Csv,
    /// Events of OCSF 1.8: Detection Finding and Remediation Activity, one a line
    Ocsf,
}

/// Reads a date, or a time of RFC 3339.
fn moment(text: &str) -> Result<Moment, String> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let (seconds, nanos) = Timestamp::parse(&full)
        .map_err(|_| "expected a time like 2026-11-24T14:07:28Z".to_owned())?
        .to_unix();
    Ok(Moment::from_millis(seconds * 1000 + i64::from(nanos / 1_000_000)))
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
    record: &Record,
    part: &Part<T>,
) -> anyhow::Result<T> {
    let Some(blob) = part.blob() else { return Ok(part.get(None)?) };
    let place = Place::Blob(blob.sha256.clone());
    let damaged = |problem: &str| Error::Damaged {
        place: place.to_string(),
        problem: format!("{problem} (record {})", record.id),
    };
    if !record.blobs.contains(&blob.sha256) {
        return Err(damaged("the record does not say that the blob belongs to it").into());
    }
    let content = trail.get(&place).await?.ok_or_else(|| damaged("is not there"))?;
    if sha256_hex(&content) != blob.sha256 {
        return Err(damaged("has another hash than its name says").into());
    }
    Ok(part.get(Some(&content))?)
}

async fn whole(trail: &Trail, entry: Entry) -> anyhow::Result<Option<Whole>> {
    let Some(decided) = Decided::of(&entry.record)? else { return Ok(None) };
    let difference = part(trail, &entry.record, &decided.difference).await?;
    let plan = match &decided.plan {
        Some(plan) => Some(part(trail, &entry.record, plan).await?),
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

    /// All decisions that pass, one after another; which records cannot be read as decisions.
    pub(super) async fn each(
        &self,
        trail: &Trail,
        mut each: impl FnMut(Whole) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<String>> {
        let (mut found, mut unreadable) = (Vec::new(), Vec::new());
        entries(trail, |entry| {
            if entry.record.kind.as_str() == record::KIND && self.keeps_record(&entry.record) {
                found.push(entry);
            }
            Ok(())
        })
        .await?;
        for entry in found {
            let id = entry.record.id;
            match whole(trail, entry).await {
                Ok(Some(whole)) if self.keeps(&whole) => each(whole)?,
                Ok(_) => {}
                // Another version, or a body that is none: the others are read all the same.
                Err(error) if error.downcast_ref::<RecordError>().is_some() => {
                    unreadable.push(format!("record {id}: {error:#}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(unreadable)
    }
}

/// Says which records cannot be read as decisions.
pub(super) fn told(unreadable: &[String], talk: &mut dyn Write) -> Exit {
    for problem in unreadable {
        let _ = writeln!(talk, "keyfence: {}", safe(problem));
    }
    if unreadable.is_empty() { Exit::Quiet } else { Exit::Failed }
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
    talk: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    let unreadable = run(filter.each(&trail, |whole| {
        let decided = &whole.decided;
        match format {
            Format::Json => writeln!(out, "{}", safe_json(&line_of(&whole).to_string()))?,
            Format::Text => {
                let severity = decided.worst().map_or("quiet", |f| &f.severity);
                writeln!(
                    out,
                    "{}  {}  {:<9} {:<8} {:<5}  {}  {}",
                    whole.entry.record.id,
                    safe(decided.event.time.as_deref().unwrap_or("no time")),
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
    Ok(told(&unreadable, talk))
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
    talk: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    if form == ExportForm::Csv {
        writeln!(out, "{}", csv::header())?;
    }
    let unreadable = run(filter.each(&trail, |whole| {
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
    Ok(told(&unreadable, talk))
}
