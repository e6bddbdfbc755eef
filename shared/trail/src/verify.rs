//! Verifying a trail: everything, in the order of `FORMAT.md`, naming the first thing that is wrong.

use crate::checkpoint::{self, Checkpoint};
use crate::error::Error;
use crate::key::{KeyIndex, KeyRing};
use crate::layout::Place;
use crate::read::{get_all, parse_pending, parse_segment};
use crate::record::{Id, Kind, Moment, Record};
use crate::sha256_hex;
use crate::store::Trail;
use crate::tree::{Tree, WIDTH, bundle, bundle_of, new_tiles};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

/// What is said of a checkpoint that does not fit the entries.
const OTHER_ROOT: &str = "the entries have another root hash";

/// How long a record may wait to be sealed while sealers live.
const PATIENCE_MILLIS: i64 = 2 * 3600 * 1000;

/// What to verify against.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Checkpoints that were kept elsewhere: a name for each, and the checkpoint as it was written.
    pub against: Vec<(String, Vec<u8>)>,
    /// The verifier key of the first key, if it is known from elsewhere.
    pub vkey: Option<String>,
    /// The time now: answers that are due are asked for.
    pub now: Moment,
}

impl VerifyOptions {
    /// The trail by itself.
    #[must_use]
    pub const fn at(now: Moment) -> Self {
        Self { against: Vec::new(), vkey: None, now }
    }
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The entries of the log that the newest checkpoint proves.
    pub entries: u64,
    /// The records that no checkpoint proves yet.
    pub unsealed: u64,
    /// The checkpoints.
    pub checkpoints: usize,
    /// The keys.
    pub keys: usize,
    /// The verifier key of the first key, on which all rests.
    pub vkey: String,
    /// The writers.
    pub instances: usize,
    /// Records that wait for an answer, and whose time has not come.
    pub open: usize,
    /// Blobs that no record names: a writer died between the two, or is about to.
    pub loose_blobs: usize,
    /// When a sealer last lived, as far as the log says.
    pub heartbeat: Option<Moment>,
    /// When the first and the last record were made.
    pub span: Option<(Moment, Moment)>,
}

/// The first thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The object, or what else it is about.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// Why a trail could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something is wrong with it.
    #[error("the trail is broken: {0}")]
    Broken(Broken),
    /// The store failed: nothing can be said.
    #[error(transparent)]
    Failed(Error),
}

impl From<Error> for VerifyError {
    fn from(error: Error) -> Self {
        match error {
            Error::Damaged { place, problem } => Self::Broken(Broken { place, problem }),
            Error::Missing { place } => broken(place, "is not there"),
            Error::Taken { place } => broken(place, "has another content than belongs there"),
            failed @ (Error::Store { .. }
            | Error::Refused { .. }
            | Error::Malformed(_)
            | Error::Key(_)
            | Error::Random(_)) => Self::Failed(failed),
        }
    }
}

impl From<Broken> for VerifyError {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

fn broken(place: impl ToString, problem: impl ToString) -> VerifyError {
    VerifyError::Broken(Broken { place: place.to_string(), problem: problem.to_string() })
}

/// What is under `trail/`, by place.
struct Listed {
    places: BTreeSet<String>,
}

/// The log, read from its segments.
#[derive(Default)]
struct Log {
    tree: Tree,
    entries: Vec<Bytes>,
    /// Number in the log, and kind, by name.
    ids: HashMap<Id, (usize, Kind)>,
    /// What the records say to each other.
    links: Links,
    heartbeat: Option<Moment>,
    /// The checkpoints that heartbeats name, each with the record that does.
    named: BTreeMap<u64, Id>,
    keys: Vec<(u64, String)>,
}

/// What records say of other records.
#[derive(Default)]
struct Links {
    /// By instance: number, hash of the one before, own hash, name.
    chains: BTreeMap<Id, BTreeMap<u64, Link>>,
    opens: BTreeMap<Id, Moment>,
    closes: BTreeMap<Id, Vec<Id>>,
    blobs: BTreeMap<String, Id>,
    span: Option<(Moment, Moment)>,
}

struct Link {
    previous: Option<String>,
    hash: String,
    id: Id,
}

impl Links {
    fn note(&mut self, record: &Record, bytes: &[u8]) -> Result<(), VerifyError> {
        let link =
            Link { previous: record.by.previous.clone(), hash: Record::hash(bytes), id: record.id };
        let chain = self.chains.entry(record.by.instance).or_default();
        if let Some(other) = chain.insert(record.by.number, link) {
            let (instance, number) = (record.by.instance, record.by.number);
            let problem = format!("number {number} stands in {} and in {}", other.id, record.id);
            return Err(broken(format!("instance {instance}"), problem));
        }
        if let Some(until) = record.opens {
            self.opens.insert(record.id, until);
        }
        if record.closes == Some(record.id) {
            return Err(broken(format!("record {}", record.id), "answers itself"));
        }
        if let Some(of) = record.closes {
            self.closes.entry(of).or_default().push(record.id);
        }
        for blob in &record.blobs {
            self.blobs.entry(blob.clone()).or_insert(record.id);
        }
        let (first, last) = self.span.unwrap_or((record.at, record.at));
        self.span = Some((first.min(record.at), last.max(record.at)));
        Ok(())
    }

    /// The records of each instance are numbered from 1 without a gap, each with the hash of the one before.
    fn check_chains(&self) -> Result<(), VerifyError> {
        for (instance, chain) in &self.chains {
            let mut before: Option<&Link> = None;
            for (expected, (number, link)) in (1_u64..).zip(chain) {
                let place = format!("instance {instance}");
                if *number != expected {
                    return Err(broken(place, format!("record number {expected} is missing")));
                }
                if link.previous.as_ref() != before.map(|b| &b.hash) {
                    let problem = format!("record {} does not follow the one before it", link.id);
                    return Err(broken(place, problem));
                }
                before = Some(link);
            }
        }
        Ok(())
    }

    /// Each record that opens something is answered once, if its time has come; each answer has something to answer.
    fn check_answers(&self, now: Moment) -> Result<usize, VerifyError> {
        for (of, answers) in &self.closes {
            if !self.opens.contains_key(of) {
                let by = answers.first().map(ToString::to_string).unwrap_or_default();
                return Err(broken(format!("record {of}"), format!("is missing: {by} answers it")));
            }
            if let [first, second, ..] = answers.as_slice() {
                let problem = format!("is answered twice, by {first} and by {second}");
                return Err(broken(format!("record {of}"), problem));
            }
        }
        let mut open = 0;
        for (id, until) in &self.opens {
            if self.closes.contains_key(id) {
                continue;
            }
            if *until < now {
                let problem = format!("was to be answered by {until}, and no record answers it");
                return Err(broken(format!("record {id}"), problem));
            }
            open += 1;
        }
        Ok(open)
    }
}

/// Verifies a whole trail.
///
/// # Errors
/// With the first thing that is wrong, or when the store fails.
pub async fn verify(trail: &Trail, options: &VerifyOptions) -> Result<Report, VerifyError> {
    // The hint first: a sealer may be at work.
    let hinted = checkpoint::hinted(trail).await?;
    let listed = Listed::of(trail).await?;
    let ring = keys(trail, &listed, options.vkey.as_deref()).await?;
    let mut log = segments(trail, &listed).await?;
    let checkpoints = match checkpoints(trail, &listed, &ring, &log).await {
        Err(VerifyError::Broken(broken)) if broken.problem == OTHER_ROOT => {
            return Err(changed_entry(trail, &listed, &log).await?.unwrap_or(broken).into());
        }
        other => other?,
    };
    let sizes: HashSet<u64> = checkpoints.iter().map(|c| c.size).collect();
    for (size, by) in &log.named {
        if !sizes.contains(size) {
            let problem = format!("is not there; record {by} names it");
            return Err(broken(Place::Checkpoint(*size), problem));
        }
    }
    tiles(trail, &listed, &log, &checkpoints).await?;
    let unsealed = pending(trail, &listed, &mut log).await?;
    log.links.check_chains()?;
    let open = log.links.check_answers(options.now)?;
    let loose_blobs = blobs(trail, &listed, &log.links).await?;
    recorded_keys(&ring, &log, &checkpoints)?;
    let size = checkpoints.last().map_or(0, |c| c.size);
    hint(hinted, size)?;
    for (name, note) in &options.against {
        against(name, note, &ring, &log)?;
    }
    Ok(Report {
        entries: size,
        unsealed: unsealed + (log.entries.len() as u64).saturating_sub(size),
        checkpoints: checkpoints.len(),
        keys: ring.statements().len(),
        vkey: ring.statements().first().map(|s| s.vkey.clone()).unwrap_or_default(),
        instances: log.links.chains.len(),
        open,
        loose_blobs,
        heartbeat: log.heartbeat,
        span: log.links.span,
    })
}

impl Listed {
    /// What does not belong into a trail is wrong at once.
    async fn of(trail: &Trail) -> Result<Self, VerifyError> {
        let paths = trail.list(&Place::all()).await?;
        for path in &paths {
            if Place::parse(path).is_none() {
                return Err(broken(path, "does not belong into a trail"));
            }
        }
        Ok(Self { places: paths.into_iter().collect() })
    }

    fn below(&self, folder: &str) -> impl Iterator<Item = Place> {
        let prefix = format!("trail/{folder}/");
        let from = self.places.range(prefix.clone()..);
        from.take_while(move |path| path.starts_with(&prefix)).filter_map(|p| Place::parse(p))
    }
}

async fn keys(trail: &Trail, listed: &Listed, vkey: Option<&str>) -> Result<KeyRing, VerifyError> {
    let ring = KeyRing::of(trail).await?;
    for place in listed.below("keys") {
        if let Place::Key(number) = place
            && (number == 0 || number as usize > ring.statements().len())
        {
            return Err(broken(Place::Key(number), "the key before it is not there"));
        }
    }
    let first = ring.statements().first().ok_or_else(|| broken(Place::Key(1), "is not there"))?;
    if vkey.is_some_and(|known| known != first.vkey) {
        return Err(broken(
            Place::Key(1),
            "is another key than the one that is known from elsewhere",
        ));
    }
    let readme = trail.needed(&Place::Readme).await?;
    if first.readme.as_deref() != Some(sha256_hex(&readme).as_str()) {
        return Err(broken(Place::Readme, "has another content than keys/1.json says"));
    }
    Ok(ring)
}

async fn segments(trail: &Trail, listed: &Listed) -> Result<Log, VerifyError> {
    let mut log = Log::default();
    let wanted = listed.below("seq").map(|place| (place, ())).collect();
    get_all(trail, wanted, |place, (), content| log.take(&place, content)).await?;
    Ok(log)
}

impl Log {
    fn take(&mut self, place: &Place, content: Option<Bytes>) -> Result<(), VerifyError> {
        let expected = Place::Segment(self.entries.len() as u64);
        if *place != expected {
            return Err(broken(expected, format!("is not there, and {place} is")));
        }
        let bytes = content.ok_or_else(|| broken(place, "is not there"))?;
        for (record, bytes) in parse_segment(place, &bytes)? {
            let index = self.entries.len();
            let here = (index, record.kind.clone());
            if let Some((other, _)) = self.ids.insert(record.id, here) {
                let problem = format!("record {} is entry {index} and entry {other}", record.id);
                return Err(broken(place, problem));
            }
            self.links.note(&record, &bytes)?;
            if record.kind == Kind::heartbeat() {
                self.heartbeat = self.heartbeat.max(Some(record.at));
                let size = record.body.get("checkpoint").and_then(serde_json::Value::as_u64);
                if let Some(size @ 1..) = size {
                    self.named.entry(size).or_insert(record.id);
                }
            }
            if record.kind == Kind::key()
                && let (Some(number), Some(hash)) = (
                    record.body.get("number").and_then(serde_json::Value::as_u64),
                    record.body.get("sha256").and_then(serde_json::Value::as_str),
                )
            {
                self.keys.push((number, hash.to_owned()));
            }
            self.tree.push(&bytes)?;
            self.entries.push(bytes);
        }
        Ok(())
    }
}

/// The checkpoints, the smallest first.
async fn checkpoints(
    trail: &Trail,
    listed: &Listed,
    ring: &KeyRing,
    log: &Log,
) -> Result<Vec<Checkpoint>, VerifyError> {
    let wanted = listed.below("checkpoints").map(|place| (place, ())).collect();
    let mut found: Vec<Checkpoint> = Vec::new();
    get_all(trail, wanted, |place, (), content| {
        checked(&place, content, ring, log, found.last()).map(|checkpoint| found.push(checkpoint))
    })
    .await?;
    Ok(found)
}

fn checked(
    place: &Place,
    content: Option<Bytes>,
    ring: &KeyRing,
    log: &Log,
    before: Option<&Checkpoint>,
) -> Result<Checkpoint, VerifyError> {
    let note = content.ok_or_else(|| broken(place, "is not there"))?;
    let checkpoint = checkpoint::parse(&note, ring).map_err(|problem| broken(place, problem))?;
    let size = checkpoint.size;
    if Place::Checkpoint(size) != *place || size == 0 {
        return Err(broken(place, format!("is the checkpoint of size {size}")));
    }
    if size > log.tree.size() {
        let problem = format!("the segments hold {} entries only", log.tree.size());
        return Err(broken(place, problem));
    }
    if log.tree.root(size)? != checkpoint.root {
        return Err(broken(place, OTHER_ROOT));
    }
    reigns(place, &checkpoint, ring, before.map(|b| b.key))?;
    Ok(checkpoint)
}

/// The first entry whose hash is not the one in the tiles: then a segment was changed, not the checkpoint.
async fn changed_entry(
    trail: &Trail,
    listed: &Listed,
    log: &Log,
) -> Result<Option<Broken>, VerifyError> {
    let mut found: Option<(u64, String)> = None;
    let level_0 = |place: &Place| matches!(place, Place::Tile(t) if t.level() == 0 && !t.is_data());
    let wanted = listed.below("tile").filter(level_0).map(|place| (place, ())).collect();
    get_all(trail, wanted, |place, (), content| {
        let (Place::Tile(tile), Some(content)) = (place, content) else {
            return Ok::<(), VerifyError>(());
        };
        let Some(first) = tile.level_index().checked_mul(WIDTH) else { return Ok(()) };
        for (index, hash) in (first..).zip(content.chunks(tlog_tiles::HASH_SIZE)) {
            let entry = usize::try_from(index).ok().and_then(|i| log.entries.get(i));
            let is = entry.is_none_or(|entry| tlog_tiles::record_hash(entry).0 == hash);
            if !is && found.as_ref().is_none_or(|(known, _)| index < *known) {
                let id = log.ids.iter().find(|(_, (at, _))| *at as u64 == index);
                let id = id.map(|(id, _)| id.to_string()).unwrap_or_default();
                found = Some((index, id));
            }
        }
        Ok(())
    })
    .await?;
    Ok(found.map(|(index, id)| {
        let before = Place::Segment(index).to_string();
        let segments = listed.below("seq").map(|place| place.to_string());
        let place = segments.filter(|place| *place <= before).max().unwrap_or(before.clone());
        let problem = format!("entry {index}, record {id}, is not the one that was sealed");
        Broken { place, problem }
    }))
}

/// Whether a key may have signed: later keys than the one of a smaller checkpoint only, each beyond its beginning.
fn reigns(
    place: &Place,
    checkpoint: &Checkpoint,
    ring: &KeyRing,
    before: Option<KeyIndex>,
) -> Result<(), VerifyError> {
    let number = checkpoint.key.0 + 1;
    if before.is_some_and(|before| checkpoint.key < before) {
        return Err(broken(place, format!("key {number} signed it after its reign had ended")));
    }
    if checkpoint.key.0 > 0 && checkpoint.size <= ring.begins(checkpoint.key) {
        return Err(broken(place, format!("key {number} signed it before its reign began")));
    }
    let begun = (0..ring.statements().len())
        .filter(|key| *key == 0 || ring.begins(KeyIndex(*key)) < checkpoint.size)
        .max();
    if begun.is_some_and(|newest| checkpoint.key.0 + 1 < newest) {
        return Err(broken(place, format!("key {number} signed it after its reign had ended")));
    }
    Ok(())
}

/// Hash tiles and bundles: those that must be there are there, and all that are there are right.
async fn tiles(
    trail: &Trail,
    listed: &Listed,
    log: &Log,
    checkpoints: &[Checkpoint],
) -> Result<(), VerifyError> {
    let mut from = 0;
    for checkpoint in checkpoints {
        for tile in new_tiles(from, checkpoint.size) {
            let bundle = (tile.level() == 0).then(|| Place::Tile(bundle_of(&tile)));
            for place in [Some(Place::Tile(tile)), bundle].into_iter().flatten() {
                if !listed.places.contains(&place.to_string()) {
                    return Err(broken(place, "is not there"));
                }
            }
        }
        from = checkpoint.size;
    }
    let wanted = listed.below("tile").map(|place| (place, ())).collect();
    get_all(trail, wanted, |place, (), content| tile_is_right(&place, content, log)).await
}

fn tile_is_right(place: &Place, content: Option<Bytes>, log: &Log) -> Result<(), VerifyError> {
    let Place::Tile(tile) = place else { return Ok(()) };
    let content = content.ok_or_else(|| broken(place, "is not there"))?;
    // The entries that it reaches over: none where there are more than can be counted.
    let reach = tile.level_index().checked_mul(WIDTH);
    let reach = reach.and_then(|first| first.checked_add(u64::from(tile.width())));
    let leaves = WIDTH.checked_pow(u32::from(tile.level()));
    let end = reach.zip(leaves).and_then(|(reach, leaves)| reach.checked_mul(leaves));
    if end.is_none_or(|end| end > log.tree.size()) {
        return Err(broken(place, "reaches beyond the entries"));
    }
    let expected = if tile.is_data() {
        let from = usize::try_from(tile.level_index() * WIDTH).unwrap_or(usize::MAX);
        bundle(log.entries.iter().skip(from).take(tile.width() as usize).map(|e| &**e))
    } else {
        log.tree.tile(tile)?
    };
    if expected == content { Ok(()) } else { Err(broken(place, "is not that of the entries")) }
}

/// The objects in `pending/`: those of the log, byte by byte, and those that wait.
async fn pending(trail: &Trail, listed: &Listed, log: &mut Log) -> Result<u64, VerifyError> {
    let mut wanted = Vec::new();
    let mut there = HashSet::new();
    for place in listed.below("pending") {
        if let Place::Pending(id, kind) = &place {
            there.insert(*id);
            let with = (*id, kind.clone());
            wanted.push((place, with));
        }
    }
    let gone = log.ids.iter().filter(|(id, _)| !there.contains(id));
    let gone = gone.map(|(id, (index, _))| (index, id));
    if let Some((index, id)) = gone.min() {
        let problem = format!("its object in pending/ is not there; it is entry {index}");
        return Err(broken(format!("record {id}"), problem));
    }
    let mut waiting = 0;
    get_all(trail, wanted, |place, (id, kind), content| {
        let waits = is_right_pending(&place, id, &kind, content, log)?;
        waiting += u64::from(waits);
        Ok::<(), VerifyError>(())
    })
    .await?;
    Ok(waiting)
}

fn is_right_pending(
    place: &Place,
    id: Id,
    kind: &Kind,
    content: Option<Bytes>,
    log: &mut Log,
) -> Result<bool, VerifyError> {
    let bytes = content.ok_or_else(|| broken(place, "is not there"))?;
    if let Some((index, of_log)) = log.ids.get(&id) {
        return if log.entries.get(*index) == Some(&bytes) && of_log == kind {
            Ok(false)
        } else {
            Err(broken(place, "is not the entry that stands in the log"))
        };
    }
    let record = parse_pending(id, kind, &bytes).map_err(|e| broken(place, e.0))?;
    if log.heartbeat.is_some_and(|h| record.at.plus_millis(PATIENCE_MILLIS) < h) {
        return Err(broken(place, "was never put into the log, though sealers lived since"));
    }
    log.links.note(&record, &bytes)?;
    Ok(true)
}

async fn blobs(trail: &Trail, listed: &Listed, links: &Links) -> Result<usize, VerifyError> {
    for (hash, by) in &links.blobs {
        let place = Place::Blob(hash.clone());
        if !listed.places.contains(&place.to_string()) {
            return Err(broken(place, format!("is not there; record {by} names it")));
        }
    }
    let mut loose = 0;
    let wanted = listed.below("blob").map(|place| (place, ())).collect();
    get_all(trail, wanted, |place, (), content| {
        if let (Place::Blob(hash), Some(content)) = (&place, content) {
            if sha256_hex(&content) != *hash {
                return Err(broken(&place, "has another hash than its name says"));
            }
            loose += usize::from(!links.blobs.contains_key(hash));
        }
        Ok(())
    })
    .await?;
    Ok(loose)
}

/// The log names the statements of its keys; the newest may not have been recorded yet.
fn recorded_keys(ring: &KeyRing, log: &Log, checkpoints: &[Checkpoint]) -> Result<(), VerifyError> {
    for statement in ring.statements() {
        let begins = statement.from.unwrap_or_default();
        if begins > 0 && !checkpoints.iter().any(|c| c.size == begins) {
            let problem = format!("is not there; keys/{}.json names it", statement.number);
            return Err(broken(Place::Checkpoint(begins), problem));
        }
        let signed = checkpoints.iter().any(|c| c.key.0 + 1 == statement.number as usize);
        let recorded = log.keys.iter().any(|(number, _)| *number == u64::from(statement.number));
        if signed && !recorded {
            return Err(broken(Place::Key(statement.number), "no record in the log names it"));
        }
    }
    for (number, hash) in &log.keys {
        let at = usize::try_from(*number).ok().and_then(|n| n.checked_sub(1));
        if at.and_then(|at| ring.hashes.get(at)) != Some(hash) {
            let place = u32::try_from(*number)
                .map(Place::Key)
                .map_or_else(|_| format!("key {number}"), |place| place.to_string());
            return Err(broken(place, "is not the statement that the log names"));
        }
    }
    Ok(())
}

/// A hint that is no number is lost, no more.
fn hint(hinted: Option<u64>, size: u64) -> Result<(), VerifyError> {
    match hinted.filter(|head| *head > size) {
        Some(head) => {
            Err(broken(Place::Checkpoint(head), "is not there, and state/trail-head names it"))
        }
        None => Ok(()),
    }
}

/// A checkpoint that was kept elsewhere.
fn against(place: &str, note: &[u8], ring: &KeyRing, log: &Log) -> Result<(), VerifyError> {
    let kept = checkpoint::parse(&Bytes::copy_from_slice(note), ring)
        .map_err(|problem| broken(place, format!("is not of this trail: {problem}")))?;
    if kept.size > log.tree.size() {
        let problem = format!("has {} entries, and the trail only {}", kept.size, log.tree.size());
        return Err(broken(place, problem));
    }
    if log.tree.root(kept.size)? != kept.root {
        let problem = format!("the first {} entries are not those that it proves", kept.size);
        return Err(broken(place, format!("the history was rewritten: {problem}")));
    }
    Ok(())
}
