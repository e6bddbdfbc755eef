//! `keyfence trail`: sealing, verifying, showing, listing and exporting; and what `replay --trail` writes.

use crate::cli::Exit;
use crate::replay::Format;
use crate::text::{named, safe, safe_json};
use anyhow::{Context as _, bail};
use keyfence_analysis::judge::Judgement;
use keyfence_response::record::{self, Decided, Difference, Part, Plan, Versions};
use keyfence_response::{csv, ocsf};
use keyfence_trail::{
    Entry, FileKey, Id, KeyRing, Moment, Place, Record, SealOptions, Sealed, Trail, VerifyError,
    VerifyOptions, Writer, entries, prove, seal, sha256_hex, verify,
};
use object_store::local::LocalFileSystem;
use serde_json::{Value, json};
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Runs what waits for the store.
fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("no runtime")?
        .block_on(work)
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
fn key_file(folder: &Path, key: &KeyArgument) -> PathBuf {
    key.key.clone().unwrap_or_else(|| {
        let mut name = folder.components().as_path().as_os_str().to_owned();
        name.push(".key");
        PathBuf::from(name)
    })
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

fn tell(sealed: &Sealed, out: &mut dyn Write) -> anyhow::Result<()> {
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
    let key = read_key(&key_file(&at.trail, key))?;
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
    let old = read_key(&key_file(&at.trail, key))?;
    let number = run(async {
        let ring = KeyRing::load(&trail).await?.context("the trail has no key")?;
        let new = make_key(new_key, ring.origin())?;
        let writer = Writer::new(trail.clone(), now)?;
        let size = seal(&trail, &old, &writer, now, &SealOptions::default()).await?.size;
        Ok(KeyRing::rotate(&trail, &old, &new, size, now).await?)
    })?;
    writeln!(out, "key {number} signs from now on: {}", named(new_key))?;
    Ok(Exit::Quiet)
}

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
    let kept = against.iter().map(|file| std::fs::read(file).with_context(|| named(file)));
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
                Format::Text => {
                    writeln!(
                        out,
                        "the trail holds: {} entries, {} checkpoints",
                        report.entries, report.checkpoints
                    )?;
                    if let Some((first, last)) = report.span {
                        writeln!(out, "  from {first} to {last}")?;
                    }
                    if report.unsealed > 0 {
                        writeln!(out, "  {} records are not sealed yet", report.unsealed)?;
                    }
                    if report.open > 0 {
                        writeln!(out, "  {} records wait for an answer", report.open)?;
                    }
                    writeln!(out, "  key {}", safe(&report.vkey))?;
                    if against.is_empty() && options.vkey.is_none() {
                        writeln!(
                            out,
                            "  by itself alone: a history rewritten with its key is found with --against CHECKPOINT"
                        )?;
                    }
                }
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

/// A decision with all its parts, those that lie in blobs included.
struct Whole {
    entry: Entry,
    decided: Decided,
    difference: Difference,
    plan: Option<Plan>,
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
    async fn each(
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
fn line_of(whole: &Whole) -> Value {
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
) -> anyhow::Result<Exit> {
    let trail = open(&at.trail)?;
    let mut found = run(async {
        let mut found = Vec::new();
        Filter::default()
            .each(&trail, |whole| {
                let id = whole.entry.record.id.to_string();
                let names = [&id, &whole.decided.change_key, &whole.decided.event.id];
                let begins = names.into_iter().any(|n| {
                    wanted.len() >= 6 && n.to_lowercase().starts_with(&wanted.to_lowercase())
                });
                if begins {
                    found.push(whole);
                }
                Ok(())
            })
            .await?;
        Ok(found)
    })?;
    let Some(whole) = found.pop() else {
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
    row("decided", &format!("{} in mode {}: {}", decision.action, decision.mode, decision.reason))?;
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
