//! Sealing: putting records into an order and proving it. Any number of sealers may race, and each may die after any write.
//!
//! What a death leaves, and who repairs it:
//!
//! | died after | is left | repaired by |
//! |---|---|---|
//! | its own records | some more pending records | the next seal, which takes it up |
//! | a segment | entries beyond the newest checkpoint | the next seal: it goes on from the newest *checkpoint* and reads the segments beyond |
//! | some tiles | tiles of a size without a checkpoint | the next seal writes the same tiles, or larger ones |
//! | the checkpoint | an old hint | whoever lists |

use crate::checkpoint::{self, Checkpoint};
use crate::error::Error;
use crate::key::{KeyRing, Signer};
use crate::layout::Place;
use crate::read::{AT_A_TIME, get_all, parse_pending, parse_segment, segment};
use crate::record::{Draft, Id, Kind, Moment, Record};
use crate::store::{Created, Trail};
use crate::tree::{Tree, WIDTH, bundle, bundle_of, edge, new_tiles, unbundle};
use crate::writer::Writer;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tlog_tiles::record_hash;

/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(30 * 60);
/// A segment with more than one record has no more bytes than this.
const SPLIT_BYTES: usize = 4 << 20;

/// How to seal.
#[derive(Debug, Clone)]
pub struct SealOptions {
    /// How far back pending records are looked for; `None`: all of them. A record that came later than that is found by a seal that
    /// looks for all, which reads the whole log.
    pub lookback: Option<Duration>,
    /// After how long a heartbeat is sealed though nothing else is pending.
    pub heartbeat: Duration,
    /// The most records of a segment.
    pub segment: usize,
}

impl Default for SealOptions {
    fn default() -> Self {
        Self { lookback: None, heartbeat: Duration::from_secs(3600), segment: 512 }
    }
}

/// What was sealed.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    /// The size of the newest checkpoint.
    pub size: u64,
    /// The newest checkpoint; none in a trail in which nothing was sealed yet. A copy in another place shows a rewritten history.
    pub checkpoint: Option<Bytes>,
    /// How many entries are new since the checkpoint before.
    pub new: u64,
    /// Objects in `pending/` that are no records, each with why. They are left where they are.
    pub refused: Vec<(String, String)>,
    /// Records whose time has not come, by the sealer's clock.
    pub early: usize,
}

/// The log as far as a sealer has to know it.
struct Log {
    /// The size of the newest checkpoint.
    base: u64,
    /// The entries beyond it.
    fresh: Vec<Bytes>,
    /// The records that stand in the log, as far as they may be pending as well.
    ids: HashSet<Id>,
    /// When the sealer last lived.
    heartbeat: Option<Moment>,
}

impl Log {
    fn end(&self) -> u64 {
        self.base + self.fresh.len() as u64
    }

    fn note(&mut self, record: &Record) {
        self.ids.insert(record.id);
        if record.kind == Kind::heartbeat() {
            self.heartbeat = self.heartbeat.max(Some(record.at));
        }
    }

    fn take(&mut self, records: Vec<(Record, Bytes)>) {
        for (record, bytes) in records {
            self.note(&record);
            self.fresh.push(bytes);
        }
    }
}

/// Seals what is pending. `writer` is the sealer's own: it records that the sealer lives.
///
/// # Errors
/// When the store fails, the key is not the trail's newest, or the trail is not what it should be: nothing is signed that does not
/// follow from the newest checkpoint.
pub async fn seal(
    trail: &Trail,
    signer: &dyn Signer,
    writer: &Writer,
    now: Moment,
    options: &SealOptions,
) -> Result<Sealed, Error> {
    let ring = KeyRing::of(trail).await?;
    ring.may_sign(signer.vkey())?;
    let head = checkpoint::newest(trail, &ring).await?;
    let since = options.lookback.map(|back| now.plus_millis(-millis(back)));
    let mut log = log_beyond(trail, head.as_ref(), since).await?;
    let mut sealed = Sealed::default();
    let mut todo = pending(trail, &log, now, since, &mut sealed).await?;
    // One that is older than the newest heartbeat is late, or stands in the log further back: then all of it is read.
    let late = |id: &Id| log.heartbeat.is_some_and(|beat| id.moment() <= beat);
    if since.is_some() && todo.keys().any(late) {
        log = log_beyond(trail, head.as_ref(), None).await?;
        todo.retain(|id, _| !log.ids.contains(id));
    }
    let idle = todo.is_empty() && log.fresh.is_empty();
    let alive = log.heartbeat.is_some_and(|h| h.plus_millis(millis(options.heartbeat)) > now);
    if idle && alive {
        sealed.size = log.base;
        sealed.checkpoint = head.map(|h| h.note);
        return Ok(sealed);
    }
    let mut own = Vec::new();
    // A key that begins to sign is named by the log itself.
    let key = ring.index_of(signer.vkey())?;
    if let Some(hash) = ring.hashes.get(key.0)
        && head.as_ref().is_none_or(|h| h.key != key)
    {
        let body = json!({"number": key.0 + 1, "sha256": hash});
        own.push(Draft::new(Kind::key(), body));
    }
    let body = json!({"checkpoint": log.base, "pending": todo.len()});
    own.push(Draft::new(Kind::heartbeat(), body));
    for draft in own {
        let record = writer.append(draft, now).await?;
        let bytes = record.to_bytes()?.into();
        todo.insert(record.id, (record, bytes));
    }
    order(trail, &mut log, todo, options.segment).await?;
    let checkpoint = publish(trail, signer, &ring, head.as_ref(), &log).await?;
    trail.hint(checkpoint.size).await;
    sealed.new = checkpoint.size - log.base;
    sealed.size = checkpoint.size;
    sealed.checkpoint = Some(checkpoint.note);
    Ok(sealed)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The entries beyond the newest checkpoint, and which records before it may still be listed as pending.
async fn log_beyond(
    trail: &Trail,
    head: Option<&Checkpoint>,
    since: Option<Moment>,
) -> Result<Log, Error> {
    let base = head.map_or(0, |h| h.size);
    let mut log = Log { base, fresh: Vec::new(), ids: HashSet::new(), heartbeat: None };
    let beyond = trail.get(&Place::Segment(base)).await?;
    // What another sealer left is compared with the whole log.
    let since = since.filter(|_| beyond.is_none());
    let start = |name: &String| match Place::parse(name) {
        Some(Place::Segment(start)) => Some(start),
        _ => None,
    };
    let names = trail.list(&Place::folder("seq")).await?;
    let mut starts: Vec<u64> = names.iter().filter_map(start).filter(|s| *s < base).collect();
    starts.sort_unstable();
    // What was sealed before an old segment with a heartbeat is older than it, as far as clocks agree.
    let enough = since.map(|since| since.plus_millis(-2 * millis(SKEW)));
    while let Some(start) = starts.pop() {
        let place = Place::Segment(start);
        let records = parse_segment(&place, &trail.needed(&place).await?)?;
        records.iter().for_each(|(record, _)| log.note(record));
        let old = |r: &Record| enough.is_some_and(|enough| r.id.moment() < enough);
        let beats = records.iter().any(|(r, _)| r.kind == Kind::heartbeat());
        if beats && records.iter().all(|(r, _)| old(r)) {
            break;
        }
    }
    // From the newest checkpoint and not from the last segment: there may be segments that nothing was derived from.
    let mut next = beyond;
    while let Some(bytes) = next {
        let place = Place::Segment(log.end());
        let records = parse_segment(&place, &bytes)?;
        genuine(trail, &log, &place, &records).await?;
        log.take(records);
        next = trail.get(&Place::Segment(log.end())).await?;
    }
    Ok(log)
}

/// Whether somebody else's segment holds what was recorded, and nothing that stands in the log already: it is not signed
/// unseen.
async fn genuine(
    trail: &Trail,
    log: &Log,
    place: &Place,
    records: &[(Record, Bytes)],
) -> Result<(), Error> {
    let mut here = HashSet::new();
    for (record, _) in records {
        if log.ids.contains(&record.id) || !here.insert(record.id) {
            let problem = format!("record {} stands in the log already", record.id);
            return Err(Error::damaged(place, problem));
        }
    }
    let wanted = records.iter().map(|(record, bytes)| {
        (Place::Pending(record.id, record.kind.clone()), (record.id, bytes.clone()))
    });
    get_all(trail, wanted.collect(), |_, (id, bytes), content| {
        if content.as_ref() == Some(&bytes) {
            Ok(())
        } else {
            Err(Error::damaged(place, format!("record {id} is not the one that was recorded")))
        }
    })
    .await
}

/// The records that are pending and stand in no segment, by name.
async fn pending(
    trail: &Trail,
    log: &Log,
    now: Moment,
    since: Option<Moment>,
    sealed: &mut Sealed,
) -> Result<BTreeMap<Id, (Record, Bytes)>, Error> {
    let folder = Place::folder("pending");
    let mut names = Vec::new();
    match since {
        None => names = trail.list(&folder).await?,
        Some(since) => {
            for hour in trail.folders(&folder).await? {
                if hour >= since.hour() {
                    names.extend(trail.list(&Place::hour(&hour)).await?);
                }
            }
        }
    }
    let mut wanted = Vec::new();
    for name in names {
        match Place::parse(&name) {
            Some(Place::Pending(id, _)) if log.ids.contains(&id) => {}
            Some(Place::Pending(id, _)) if id.moment() > now.plus_millis(millis(SKEW)) => {
                sealed.early += 1;
            }
            Some(Place::Pending(id, kind)) => {
                wanted.push((Place::Pending(id, kind.clone()), (id, kind)));
            }
            _ => sealed.refused.push((name, "the name is not that of a record".to_owned())),
        }
    }
    let mut found = BTreeMap::new();
    get_all(trail, wanted, |place, (id, kind), content| {
        match content.map(|bytes| (parse_pending(id, &kind, &bytes), bytes)) {
            // Listed, and gone: a store that deletes. Verifying tells.
            None => {}
            Some((Ok(record), bytes)) => {
                found.insert(id, (record, bytes));
            }
            Some((Err(malformed), _)) => sealed.refused.push((place.to_string(), malformed.0)),
        }
        Ok::<(), Error>(())
    })
    .await?;
    Ok(found)
}

/// Puts records into an order: whoever creates the segment at the end of the log has decided. The loser takes what the winner
/// wrote and goes on behind it.
async fn order(
    trail: &Trail,
    log: &mut Log,
    mut todo: BTreeMap<Id, (Record, Bytes)>,
    most: usize,
) -> Result<(), Error> {
    while !todo.is_empty() {
        let mut bytes = 0;
        let fits = |(_, record): &&(Record, Bytes)| {
            bytes += record.len() + 1;
            bytes <= SPLIT_BYTES
        };
        let mut next: Vec<(Record, Bytes)> =
            todo.values().take(most.max(1)).take_while(fits).cloned().collect();
        if next.is_empty() {
            next.extend(todo.values().next().cloned());
        }
        let place = Place::Segment(log.end());
        let content = segment(next.iter().map(|(_, bytes)| bytes));
        if let Created::Taken(there) = trail.create(&place, content).await? {
            next = parse_segment(&place, &there)?;
            genuine(trail, log, &place, &next).await?;
        }
        next.iter().for_each(|(record, _)| drop(todo.remove(&record.id)));
        log.take(next);
    }
    Ok(())
}

/// Tiles, bundles and checkpoint for the log as it is now. All that is written follows from the newest checkpoint and the
/// segments: writing it twice writes the same.
async fn publish(
    trail: &Trail,
    signer: &dyn Signer,
    ring: &KeyRing,
    head: Option<&Checkpoint>,
    log: &Log,
) -> Result<Checkpoint, Error> {
    let (mut tree, mut entries) = resume(trail, head).await?;
    let first = log.base - entries.len() as u64;
    for entry in &log.fresh {
        tree.push(entry)?;
        entries.push(entry.clone());
    }
    let mut objects = Vec::new();
    for tile in new_tiles(log.base, tree.size()) {
        objects.push((Place::Tile(tile), Bytes::from(tree.tile(&tile)?)));
        if tile.level() == 0 {
            let from = usize::try_from(tile.level_index() * WIDTH - first).unwrap_or(usize::MAX);
            let these = entries.iter().skip(from).take(tile.width() as usize);
            objects.push((Place::Tile(bundle_of(&tile)), bundle(these.map(|e| &**e)).into()));
        }
    }
    let write = |(place, content): (Place, Bytes)| async move {
        trail.create_exactly(&place, content).await
    };
    futures::stream::iter(objects)
        .map(write)
        .buffer_unordered(AT_A_TIME)
        .try_collect::<()>()
        .await?;
    // A key may have followed in the meantime.
    KeyRing::of(trail).await?.may_sign(signer.vkey())?;
    let (size, root) = (tree.size(), tree.root(tree.size())?);
    let note = checkpoint::sign(signer, ring.origin(), size, root).await?;
    let place = Place::Checkpoint(size);
    let note = match trail.create(&place, note.clone()).await? {
        Created::Here => note,
        // Another sealer was as far, with the same root or else there are two histories.
        Created::Taken(there) => there,
    };
    let published =
        checkpoint::parse(&note, ring).map_err(|problem| Error::damaged(&place, problem))?;
    if published.size != size || published.root != root {
        return Err(Error::Taken { place: place.to_string() });
    }
    Ok(published)
}

/// The tree of the newest checkpoint as far as it is needed to grow it, and the entries of its partial bundle. Both are checked
/// against the checkpoint: what was tampered with is not signed again.
async fn resume(trail: &Trail, head: Option<&Checkpoint>) -> Result<(Tree, Vec<Bytes>), Error> {
    let Some(head) = head else { return Ok((Tree::default(), Vec::new())) };
    let mut tiles = Vec::new();
    let mut entries = Vec::new();
    for tile in edge(head.size) {
        let data = trail.needed(&Place::Tile(tile)).await?;
        if tile.level() == 0 {
            let place = Place::Tile(bundle_of(&tile));
            let bundle = trail.needed(&place).await?;
            let found = unbundle(&bundle).filter(|e| e.len() == tile.width() as usize);
            let found = found.ok_or_else(|| Error::damaged(&place, "no bundle of entries"))?;
            let hashes: Vec<u8> = found.iter().flat_map(|e| record_hash(e).0).collect();
            if hashes != data {
                return Err(Error::damaged(&place, "the entries are not those of the tile"));
            }
            entries = found.into_iter().map(Bytes::from).collect();
        }
        tiles.push((tile, data.to_vec()));
    }
    let tree = Tree::from_edge(head.size, tiles);
    if tree.root(head.size)? != head.root {
        let place = Place::Checkpoint(head.size);
        return Err(Error::damaged(&place, "the tiles are not those of the checkpoint"));
    }
    Ok((tree, entries))
}
