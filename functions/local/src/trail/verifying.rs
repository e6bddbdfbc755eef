//! `keyfence trail verify`.

use super::{Where, open, run};
use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{named, safe, safe_json};
use anyhow::{Context as _, bail};
use keyfence_trail::{Moment, Report, VerifyError, VerifyOptions, is_checkpoint, is_vkey, verify};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// `keyfence trail verify`.
///
/// # Errors
/// When the store fails or an argument cannot be read.
pub fn show_verify(
    at: &Where,
    against: &[PathBuf],
    vkey: Option<String>,
    format: Format,
    now: Moment,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    let kept = against.iter().map(|file| {
        let content = std::fs::read(file).with_context(|| named(file))?;
        if !is_checkpoint(&content) {
            bail!("{}: holds no checkpoint", named(file));
        }
        Ok((named(file), content))
    });
    if let Some(vkey) = vkey.as_ref().filter(|vkey| !is_vkey(vkey)) {
        bail!("`{}` is no verifier key (`name+id+base64`, as `verify` prints it)", safe(vkey));
    }
    let options = VerifyOptions { against: kept.collect::<Result<_, _>>()?, vkey, now };
    match run(async { Ok(verify(&trail, &options).await) })? {
        Ok(report) => {
            match format {
                Format::Json => {
                    let line = json!({
                        "broken": null, "entries": report.entries, "unsealed": report.unsealed,
                        "checkpoints": report.checkpoints, "keys": report.keys, "vkey": report.vkey,
                        "instances": report.instances, "open": report.open, "loose_blobs": report.loose_blobs,
                        "first": report.span.map(|s| s.0), "last": report.span.map(|s| s.1),
                    });
                    writeln!(out, "{}", safe_json(&line.to_string()))?;
                }
                Format::Text => holds(&report, against.is_empty() && options.vkey.is_none(), out)?,
            }
            Ok(Exit::Quiet)
        }
        Err(VerifyError::Broken(broken)) => {
            match format {
                Format::Json => {
                    let line =
                        json!({"broken": {"place": broken.place, "problem": broken.problem}});
                    writeln!(out, "{}", safe_json(&line.to_string()))?;
                }
                Format::Text => {
                    writeln!(out, "the trail is broken\n  {}", safe(&broken.to_string()))?
                }
            }
            Ok(Exit::Broken)
        }
        Err(VerifyError::Failed(error)) => Err(error.into()),
    }
}

fn holds(report: &Report, by_itself: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut row = |name: &str, text: &str| writeln!(out, "  {name:<12} {}", safe(text));
    row("entries", &report.entries.to_string())?;
    row("checkpoints", &report.checkpoints.to_string())?;
    if let Some((first, last)) = report.span {
        row("first", &first.to_string())?;
        row("last", &last.to_string())?;
    }
    if let Some(beat) = report.heartbeat {
        row("last sealed", &beat.to_string())?;
    }
    for (name, count) in [("not sealed", report.unsealed), ("unanswered", report.open as u64)] {
        if count > 0 {
            row(name, &count.to_string())?;
        }
    }
    row("key", &report.vkey)?;
    if by_itself {
        row(
            "against",
            "nothing: a history rewritten with its own key is found by --against CHECKPOINT",
        )?;
    }
    writeln!(out, "the trail holds")?;
    Ok(())
}
