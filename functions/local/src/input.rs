//! Finds event files and streams their values.

use crate::text::named;
use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;
use keyfence_analysis::event::{Piece, Splitter};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// Endings of files that are taken from folders; a file named on the command line is always read.
const ENDINGS: [&str; 6] = [".json", ".jsonl", ".ndjson", ".gz", ".log", ".json.log"];

/// What there is to read.
#[derive(Debug, Default)]
pub struct Found {
    /// Files in the order of their names; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Files of folders that are no event files by their ending.
    pub skipped: usize,
}

/// Walks the arguments.
///
/// # Errors
/// When one of them does not exist or a folder cannot be listed.
pub fn find(arguments: &[PathBuf]) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for argument in arguments {
        if argument.as_os_str() == "-" || argument.is_file() {
            found.files.push(argument.clone());
            continue;
        }
        if !argument.exists() {
            anyhow::bail!("{}: there is no such file or folder", named(argument));
        }
        for entry in walkdir::WalkDir::new(argument).sort_by_file_name() {
            let entry = entry.with_context(|| named(argument))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let name = entry.file_name().to_string_lossy().to_lowercase();
            if ENDINGS.iter().any(|e| name.ends_with(e)) {
                found.files.push(entry.into_path());
            } else {
                found.skipped += 1;
            }
        }
    }
    Ok(found)
}

/// Streams the values of a file, gzipped or not, without holding more than one of them.
///
/// # Errors
/// When the file cannot be read or its compression is broken; what was read before has been passed on.
pub fn stream(
    file: &Path,
    mut each: impl FnMut(Piece),
    mut progress: impl FnMut(u64),
) -> anyhow::Result<()> {
    let raw: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| named(file))?)
    };
    let mut buffered = BufReader::with_capacity(CHUNK, raw);
    let zipped = buffered.fill_buf().with_context(|| named(file))?.starts_with(b"\x1f\x8b");
    let mut reader: Box<dyn Read> =
        if zipped { Box::new(MultiGzDecoder::new(buffered)) } else { Box::new(buffered) };
    let mut splitter = Splitter::new();
    let mut chunk = vec![0; CHUNK];
    let read = loop {
        let length = match reader.read(&mut chunk) {
            Ok(0) => break Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => break Err(error),
        };
        progress(length as u64);
        splitter.push(chunk.get(..length).unwrap_or_default()).into_iter().for_each(&mut each);
    };
    splitter.finish().into_iter().for_each(&mut each);
    read.with_context(|| format!("{}: reading stopped", named(file)))
}
