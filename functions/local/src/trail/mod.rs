//! `keyfence trail`: sealing, verifying, showing, listing and exporting; and what `replay --trail` writes.

mod decisions;
mod recorder;
mod sealing;
mod show;
mod verifying;

pub use decisions::{ExportForm, Filter, export, list};
pub use recorder::Recorder;
pub use sealing::{rotate, show_seal};
pub use show::show;
pub use verifying::show_verify;

use crate::text::named;
use anyhow::{Context as _, bail};
use keyfence_trail::{FileKey, Trail};
use object_store::local::LocalFileSystem;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Which trail, and with which key it is sealed.
#[derive(Debug, Clone, clap::Args)]
pub struct Where {
    /// The folder of the trail
    #[arg(long, value_name = "DIR")]
    pub trail: PathBuf,
}

/// The signing key of a trail.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyArgument {
    /// The file with the signing key; without one it is DIR.key, beside the folder of the trail, and is made when it is not there
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// Runs what waits for the store.
fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    runtime()?.block_on(work)
}

fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().build().context("no runtime")
}

/// A trail that is there.
fn open(folder: &Path) -> anyhow::Result<Trail> {
    if !folder.join("trail").is_dir() {
        bail!("{}: no trail is there; `keyfence replay --trail` begins one", named(folder));
    }
    on(folder)
}

fn on(folder: &Path) -> anyhow::Result<Trail> {
    let store = LocalFileSystem::new_with_prefix(folder).with_context(|| named(folder))?;
    // Acknowledged is durable.
    Ok(Trail::new(Arc::new(store.with_fsync(true))))
}

/// The key file: beside the trail, not in it.
fn key_file(folder: &Path, key: &KeyArgument) -> anyhow::Result<PathBuf> {
    if let Some(key) = &key.key {
        return Ok(key.clone());
    }
    // As people write it, if its last part is a name; `.` and `..` are none.
    let whole = match folder.file_name() {
        Some(_) => folder.components().as_path().to_owned(),
        None => folder.canonicalize().with_context(|| named(folder))?,
    };
    let Some(name) = whole.file_name() else {
        bail!("{}: has no name to put the key beside it; `--key FILE` names one", named(folder));
    };
    let mut name = name.to_owned();
    name.push(".key");
    Ok(whole.with_file_name(name))
}

/// A folder inside of a trail is no place for another one.
fn refuse_nested(folder: &Path) -> anyhow::Result<()> {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let inside = whole.ancestors().any(|above| {
        matches!(above.file_name().and_then(|n| n.to_str()), Some("trail" | "state"))
            && above.with_file_name("trail").join("keys").is_dir()
    });
    if inside {
        bail!("{}: lies in a trail; name the folder above", named(folder));
    }
    Ok(())
}

fn read_key(file: &Path) -> anyhow::Result<FileKey> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("{}: the signing key cannot be read (`--key FILE` names it)", named(file))
    })?;
    FileKey::parse(&text).with_context(|| named(file))
}

/// Makes a key and writes it where nobody else reads it. A file that is there is not overwritten.
fn make_key(file: &Path, origin: &str) -> anyhow::Result<FileKey> {
    let key = FileKey::generate(origin)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(file).with_context(|| named(file))?;
    writeln!(out, "{}", key.to_secret_text()).with_context(|| named(file))?;
    out.sync_all().with_context(|| named(file))?;
    Ok(key)
}
