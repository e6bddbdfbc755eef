//! `keyfence trail seal` and `keyfence trail rotate`.

use super::{KeyArgument, Where, key_file, make_key, open, read_key, run};
use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{named, safe, safe_json};
use anyhow::{Context as _, bail};
use keyfence_trail::{KeyRing, Moment, SealOptions, Sealed, Signer as _, Writer, seal};
use serde_json::json;
use std::io::Write;
use std::path::Path;

pub(super) fn tell(sealed: &Sealed, out: &mut dyn Write) -> anyhow::Result<()> {
    match sealed.new {
        0 => writeln!(out, "  nothing to seal; {} entries are sealed", sealed.size)?,
        new => writeln!(out, "  {new} entries sealed, {} in all", sealed.size)?,
    }
    for (path, problem) in &sealed.refused {
        writeln!(out, "  left alone: {}: {}", safe(path), safe(problem))?;
    }
    if sealed.early > 0 {
        writeln!(out, "  {} records are dated later than now", sealed.early)?;
    }
    Ok(())
}

/// `keyfence trail seal`.
///
/// # Errors
/// When it cannot be sealed.
pub fn show_seal(
    at: &Where,
    key: &KeyArgument,
    copy: Option<&Path>,
    format: Format,
    now: Moment,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    let key = read_key(&key_file(&at.trail, key)?)?;
    if let Some(copy) = copy {
        // What was kept is not replaced: it is what a rewritten history does not fit.
        if copy.exists() {
            bail!(
                "{}: is there already; name another file, and verify --against this one",
                named(copy)
            );
        }
        let folder = copy.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let inside = |trail: &Path| folder.canonicalize().is_ok_and(|f| f.starts_with(trail));
        if at.trail.canonicalize().is_ok_and(|trail| inside(&trail)) {
            bail!("{}: lies in the trail; keep the copy in another place", named(copy));
        }
    }
    let sealed = run(async {
        let writer = Writer::new(trail.clone(), now)?;
        Ok(seal(&trail, &key, &writer, now, &SealOptions::default()).await?)
    })?;
    if let (Some(copy), Some(checkpoint)) = (copy, &sealed.checkpoint) {
        std::fs::write(copy, checkpoint).with_context(|| named(copy))?;
    }
    match format {
        Format::Json => {
            let checkpoint = sealed.checkpoint.as_deref().map(String::from_utf8_lossy);
            let line = json!({
                "size": sealed.size, "new": sealed.new, "checkpoint": checkpoint,
                "refused": sealed.refused, "early": sealed.early,
            });
            writeln!(out, "{}", safe_json(&line.to_string()))?;
        }
        Format::Text => {
            writeln!(out, "trail")?;
            tell(&sealed, out)?;
            if let Some(checkpoint) = &sealed.checkpoint {
                writeln!(out, "\n{}", String::from_utf8_lossy(checkpoint).trim_end())?;
            }
        }
    }
    Ok(if sealed.refused.is_empty() { Exit::Quiet } else { Exit::Failed })
}

/// `keyfence trail rotate`.
///
/// # Errors
/// When the keys cannot be used.
pub fn rotate(
    at: &Where,
    key: &KeyArgument,
    new_key: &Path,
    now: Moment,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    let old = read_key(&key_file(&at.trail, key)?)?;
    let number = run(async {
        let ring = KeyRing::of(&trail).await?;
        ring.may_sign(old.vkey())?;
        let writer = Writer::new(trail.clone(), now)?;
        seal(&trail, &old, &writer, now, &SealOptions::default()).await?;
        let new = make_key(new_key, ring.origin())?;
        Ok(KeyRing::rotate(&trail, &old, &new, now).await?)
    })?;
    writeln!(out, "key {number} signs from now on: --key {}", named(new_key))?;
    Ok(Exit::Quiet)
}
