//! `keyfence trail show`: one decision.

use super::decisions::{self, Filter, Whole, line_of};
use super::{Where, open, run};
use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{named, safe, safe_json};
use anyhow::{Context as _, bail};
use keyfence_trail::prove;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `keyfence trail show`: one decision, by the id of its record, its change key or its event's id; the beginning is enough where
/// it is the only one.
///
/// # Errors
/// When there is none, or more than one.
pub fn show(
    at: &Where,
    wanted: &str,
    proof: Option<&Path>,
    format: Format,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    if wanted.len() < 6 {
        bail!("`{}` is too short: at least six characters say which decision", safe(wanted));
    }
    let mut found = Vec::new();
    let unreadable = run(Filter::default().each(&trail, |whole| {
        let id = whole.entry.record.id.to_string();
        let names = [&id, &whole.decided.change_key, &whole.decided.event.id];
        let begins = |n: &&String| n.to_lowercase().starts_with(&wanted.to_lowercase());
        if names.iter().any(begins) {
            found.push(whole);
        }
        Ok(())
    }))?;
    // The id of a record means that record, whatever events call themselves.
    if let Some(exact) = found.iter().position(|w| w.entry.record.id.to_string() == wanted) {
        found = vec![found.swap_remove(exact)];
    }
    let Some(whole) = found.pop() else {
        decisions::told(&unreadable, talk);
        bail!("no decision `{}` is in the trail; `keyfence trail list` names all", safe(wanted));
    };
    if !found.is_empty() {
        let mut ids: Vec<String> = found.iter().map(|w| w.entry.record.id.to_string()).collect();
        ids.push(whole.entry.record.id.to_string());
        bail!("`{}` means more than one decision: {}", safe(wanted), ids.join(", "));
    }
    if let Some(file) = proof {
        let id = whole.entry.record.id;
        let text = run(async { Ok(prove(&trail, id).await?) })?;
        let text = text.context("the record is not sealed yet; `keyfence trail seal` seals it")?;
        std::fs::write(file, text).with_context(|| named(file))?;
        // The record's own bytes are the other half of the proof.
        let mut record = file.as_os_str().to_owned();
        record.push(".record.json");
        let record = PathBuf::from(record);
        std::fs::write(&record, &whole.entry.bytes).with_context(|| named(&record))?;
    }
    match format {
        Format::Json => writeln!(out, "{}", safe_json(&line_of(&whole).to_string()))?,
        Format::Text => explain(&whole, out)?,
    }
    Ok(Exit::Quiet)
}

/// One decision for people.
fn explain(whole: &Whole, out: &mut dyn Write) -> anyhow::Result<()> {
    let (record, decided) = (&whole.entry.record, &whole.decided);
    let mut row = |name: &str, text: &str| writeln!(out, "{name:<11} {}", safe(text));
    row("decision", &record.id.to_string())?;
    let place =
        whole.entry.index.map_or_else(|| "not sealed yet".to_owned(), |i| format!("entry {i}"));
    row("recorded", &format!("{}, {place}", record.at))?;
    row("change key", &decided.change_key)?;
    let event = &decided.event;
    row("event", &format!("{} {} {}", event.cloud, event.name, event.id))?;
    row("at", event.time.as_deref().unwrap_or("no time"))?;
    let actor = [event.actor.principal.as_deref(), event.actor.name.as_deref()];
    let actor: Vec<&str> = actor.into_iter().flatten().collect();
    let nobody = "somebody the event does not name".to_owned();
    row("by", &if actor.is_empty() { nobody } else { actor.join(", ") })?;
    let origin = [&decided.origin.account, &decided.origin.region];
    let origin: Vec<&str> = origin.into_iter().flatten().map(String::as_str).collect();
    row("in", &origin.join(", "))?;
    row("changed", &format!("{} {}", decided.change.kind, decided.change.resource))?;
    for finding in &decided.findings {
        row("finding", &format!("{} {}: {}", finding.severity, finding.rule, finding.why))?;
    }
    for gained in &whole.difference.gained {
        let text = format!("{}: {} {}", gained.principal, gained.access, gained.resource);
        row("before", &format!("{} {text}", gained.before))?;
        row("after", &format!("{} {text}", gained.verdict))?;
        for condition in &gained.conditions {
            row("", &format!("only if {condition}"))?;
        }
        for evidence in &gained.evidence {
            row("", &format!("{} lock: {}", evidence.lock, evidence.grant))?;
        }
    }
    for lost in &whole.difference.lost {
        row("lost", &format!("{}: {} {}", lost.principal, lost.access, lost.resource))?;
    }
    for latent in &whole.difference.latent {
        let text = format!("{}: {} {}", latent.principal, latent.access, latent.resource);
        row("latent", &format!("{text}, only the {} lock is closed", latent.missing))?;
    }
    if let Some(unknown) = &decided.unknown {
        row("unknown", unknown)?;
    }
    let decision = &decided.decision;
    row("decided", &format!("{} ({})", decision.action, decision.reason))?;
    if let Some(plan) = &whole.plan {
        row(
            "plan",
            if plan.auto { "may be carried out without asking" } else { "a person must judge" },
        )?;
        for step in &plan.steps {
            row("", &format!("{} {}", step.call, step.target))?;
            row("", &format!("  writes  {}", step.change))?;
            row("", &format!("  expects {}", step.expects))?;
            row("", &format!("  undo    {}", step.undo))?;
        }
        for doubt in &plan.doubts {
            row("", &format!("doubt: {doubt}"))?;
        }
        let holds = plan.proof.get("holds").and_then(Value::as_bool);
        row(
            "proof",
            match holds {
                Some(true) => "holds",
                Some(false) => "does not hold",
                None => "",
            },
        )?;
    }
    let config = decided.versions.config.as_deref().unwrap_or("none");
    row("judged by", &format!("keyfence {}, configuration {config}", decided.versions.keyfence))?;
    Ok(())
}
