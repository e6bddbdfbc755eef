//! Loads estates, overlays and configurations from disk.

use crate::text::named;
use anyhow::{Context as _, bail};
use keyfence_analysis::decision::Config;
use keyfence_analysis::estate::{Estate, Files};
use keyfence_analysis::judge::LiveStates;
use std::fmt::Write as _;
use std::path::Path;

/// Loads an estate folder.
///
/// # Errors
/// When the folder cannot be read, or a file in it is broken: each with its place.
pub fn load(folder: &Path) -> anyhow::Result<Estate> {
    let files = files(folder)?;
    if files.is_empty() {
        bail!("{}: no estate files (`aws/`, `azure/`, `gcp/`) in this folder", named(folder));
    }
    parse(folder, &files)
}

/// Loads an overlay: the folder itself, or a folder per event by its number.
///
/// # Errors
/// As [`load`].
pub fn load_overlay(folder: &Path) -> anyhow::Result<LiveStates> {
    let mut live = LiveStates::default();
    let entries = std::fs::read_dir(folder).with_context(|| named(folder))?;
    for entry in entries {
        let path = entry.with_context(|| named(folder))?.path();
        let number =
            path.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse::<usize>().ok());
        if let Some(number) = number.filter(|_| path.is_dir()) {
            live.numbered.insert(number, parse(&path, &files(&path)?)?);
        }
    }
    let common = files(folder)?;
    if !common.is_empty() {
        live.common = Some(parse(folder, &common)?);
    }
    Ok(live)
}

fn parse(folder: &Path, files: &Files) -> anyhow::Result<Estate> {
    Estate::load(files).map_err(|errors| {
        let mut text = format!("{}: the estate cannot be used", named(folder));
        for error in &errors {
            let _ = write!(text, "\n  {error}");
        }
        anyhow::anyhow!(text)
    })
}

/// The files that make an estate: below `aws`, `azure` and `gcp`, and those of keyfence itself.
fn files(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let context = || named(folder);
    if !folder.is_dir() {
        bail!("{}: not a folder", named(folder));
    }
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.with_context(context)?;
        let relative = entry.path().strip_prefix(folder).with_context(context)?;
        let parts: Vec<&str> = relative.iter().filter_map(|p| p.to_str()).collect();
        let wanted = match parts.as_slice() {
            ["aws" | "azure" | "gcp", ..] => true,
            [file] => *file == "keyfence.json",
            _ => false,
        };
        let data =
            parts.last().is_some_and(|name| name.ends_with(".json") || name.ends_with(".jsonl"));
        if wanted && data && entry.file_type().is_file() {
            let content = std::fs::read(entry.path()).with_context(|| named(entry.path()))?;
            files.insert(parts.join("/"), content);
        }
    }
    Ok(files)
}

/// Loads a configuration, with the text that it was read from.
///
/// # Errors
/// When the file cannot be read or is broken: each error with its line.
pub fn load_config(file: &Path) -> anyhow::Result<(Config, String)> {
    let text = read_text(file)?;
    let config = Config::parse(&text).map_err(|errors| {
        let mut text = format!("{}: the configuration cannot be used", named(file));
        for error in &errors {
            let _ = write!(text, "\n  {error}");
        }
        anyhow::anyhow!(text)
    })?;
    Ok((config, text))
}

/// Reads a text file.
///
/// # Errors
/// When it cannot be read or is not UTF-8.
pub fn read_text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| named(file))
}
