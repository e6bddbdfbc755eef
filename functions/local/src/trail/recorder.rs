//! What `replay --trail` writes to.

use super::sealing::tell;
use super::{KeyArgument, key_file, make_key, on, read_key, refuse_nested, runtime};
use crate::text::named;
use anyhow::Context as _;
use keyfence_analysis::judge::Judgement;
use keyfence_response::record::{self, Versions};
use keyfence_trail::{
    Error as TrailError, FileKey, Id, KeyRing, Malformed, Moment, SealOptions, Signer as _, Trail,
    Writer, seal, sha256_hex,
};
use std::io::Write;
use std::path::Path;
use tokio::runtime::Runtime;

/// What `replay --trail` writes to.
#[derive(Debug)]
pub struct Recorder {
    /// One for all records.
    runtime: Runtime,
    trail: Trail,
    key: FileKey,
    writer: Writer,
    versions: Versions,
    now: fn() -> Moment,
    recorded: usize,
}

impl Recorder {
    /// Opens a trail, or begins one.
    ///
    /// # Errors
    /// When the folder or the key cannot be used.
    pub fn open(
        folder: &Path,
        key: &KeyArgument,
        config: Option<&str>,
        now: fn() -> Moment,
    ) -> anyhow::Result<Self> {
        refuse_nested(folder)?;
        let is_new = !folder.join("trail").is_dir();
        // `.` at the end is the folder itself.
        let folder = folder.components().as_path();
        std::fs::create_dir_all(folder).with_context(|| named(folder))?;
        let file = key_file(folder, key)?;
        let key = if is_new && !file.exists() {
            make_key(&file, &format!("keyfence/{}", Id::new(now())?))?
        } else {
            read_key(&file)?
        };
        let trail = on(folder)?;
        let runtime = runtime()?;
        let begun: anyhow::Result<()> = runtime.block_on(async {
            trail.found(&key, now()).await?;
            Ok(KeyRing::of(&trail).await?.may_sign(key.vkey())?)
        });
        begun.with_context(|| format!("{} with {} (`--key FILE`)", named(folder), named(&file)))?;
        let writer = Writer::new(trail.clone(), now())?;
        let versions = Versions {
            keyfence: env!("CARGO_PKG_VERSION").to_owned(),
            config: config.map(|text| sha256_hex(text.as_bytes())),
        };
        Ok(Self { runtime, trail, key, writer, versions, now, recorded: 0 })
    }

    /// Records a judgement, if it is one of a change. Says what could not be recorded whole.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn record(&mut self, judgement: &Judgement) -> anyhow::Result<Option<String>> {
        let drafted = record::draft(judgement, &self.versions);
        let appended = match drafted {
            Ok(None) => return Ok(None),
            Ok(Some(draft)) => self.runtime.block_on(self.writer.append(draft, (self.now)())),
            Err(error) => Err(TrailError::Malformed(Malformed(error.to_string()))),
        };
        self.recorded += 1;
        match appended {
            Ok(_) => Ok(None),
            // What cannot be recorded whole is recorded in short, so that nothing is lost and the next one is.
            Err(TrailError::Malformed(why)) => {
                let short = record::in_short(judgement, &self.versions, &why.0)?;
                self.runtime.block_on(self.writer.append(short, (self.now)()))?;
                let id = &judgement.event.identity.id;
                let id: String = id.chars().take(80).collect();
                Ok(Some(format!("event `{id}` is recorded in short: {why}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Seals what was recorded, and says so.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn finish(&self, talk: &mut dyn Write) -> anyhow::Result<()> {
        let options = SealOptions::default();
        let now = (self.now)();
        let sealing = seal(&self.trail, &self.key, &self.writer, now, &options);
        let sealed = self.runtime.block_on(sealing)?;
        writeln!(talk, "\ntrail\n  {} decisions recorded", self.recorded)?;
        tell(&sealed, talk)
    }
}
