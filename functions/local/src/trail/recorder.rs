//! What `replay --trail` writes to.

use super::sealing::tell;
use super::{KeyArgument, key_file, make_key, on, read_key, run};
use crate::text::named;
use anyhow::Context as _;
use keyfence_analysis::judge::Judgement;
use keyfence_response::record::{self, Versions};
use keyfence_trail::{FileKey, Id, Moment, SealOptions, Trail, Writer, seal, sha256_hex};
use std::io::Write;
use std::path::Path;

/// What `replay --trail` writes to.
#[derive(Debug)]
pub struct Recorder {
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
        let is_new = !folder.join("trail").is_dir();
        std::fs::create_dir_all(folder).with_context(|| named(folder))?;
        let file = key_file(folder, key);
        let key = if is_new && !file.exists() {
            make_key(&file, &format!("keyfence/{}", Id::new(now())?))?
        } else {
            read_key(&file)?
        };
        let trail = on(folder)?;
        run(async { Ok(trail.found(&key, now()).await?) }).with_context(|| named(folder))?;
        let writer = Writer::new(trail.clone(), now())?;
        let versions = Versions {
            keyfence: env!("CARGO_PKG_VERSION").to_owned(),
            config: config.map(|text| sha256_hex(text.as_bytes())),
        };
        Ok(Self { trail, key, writer, versions, now, recorded: 0 })
    }

    /// Records a judgement, if it is one of a change.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn record(&mut self, judgement: &Judgement) -> anyhow::Result<()> {
        let Some(draft) = record::draft(judgement, &self.versions)? else { return Ok(()) };
        run(async { Ok(self.writer.append(draft, (self.now)()).await?) })?;
        self.recorded += 1;
        Ok(())
    }

    /// Seals what was recorded, and says so.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn finish(&self, talk: &mut dyn Write) -> anyhow::Result<()> {
        let options = SealOptions::default();
        let sealed = run(async {
            Ok(seal(&self.trail, &self.key, &self.writer, (self.now)(), &options).await?)
        })?;
        writeln!(talk, "\ntrail\n  {} decisions recorded", self.recorded)?;
        tell(&sealed, talk)
    }
}
