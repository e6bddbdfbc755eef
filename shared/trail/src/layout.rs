//! Where things are: names of objects to places and back. A name that is no place does not belong into a trail.

use crate::record::{Id, Kind};
use object_store::path::Path;
use std::fmt;
use tlog_tiles::Tile;

/// The height of tiles, as C2SP tlog-tiles has it.
pub(crate) const HEIGHT: u8 = 8;

/// A place in a trail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The text for people.
    Readme,
    /// The statement of a key.
    Key(u32),
    /// One record as it was written.
    Pending(Id, Kind),
    /// Content by its hash (hex).
    Blob(String),
    /// The segment that begins with an entry.
    Segment(u64),
    /// A hash tile or an entry bundle.
    Tile(Tile),
    /// The checkpoint of a size.
    Checkpoint(u64),
    /// The hint at the newest checkpoint; outside of what is created once.
    Head,
}

impl Place {
    /// The folder of what is created once.
    pub(crate) fn all() -> Path {
        Path::from("trail")
    }

    /// The folder of one kind of objects.
    pub(crate) fn folder(name: &str) -> Path {
        Path::from("trail").join(name)
    }

    /// The folder of the records of one hour.
    pub(crate) fn hour(hour: &str) -> Path {
        Self::folder("pending").join(hour)
    }

    /// The most bytes that the object can have.
    #[must_use]
    pub fn most_bytes(&self) -> u64 {
        const RECORD: u64 = crate::MOST_BYTES as u64;
        match self {
            Self::Pending(..) => RECORD,
            Self::Segment(_) => crate::MOST_SEGMENT_BYTES,
            Self::Tile(tile) if tile.is_data() => 256 * (RECORD + 2),
            Self::Tile(_) => 256 * 32,
            Self::Blob(_) => crate::MOST_BLOB_BYTES,
            Self::Readme | Self::Key(_) | Self::Checkpoint(_) => RECORD,
            Self::Head => 64,
        }
    }

    /// The path of the object.
    #[must_use]
    pub fn path(&self) -> Path {
        Path::from(self.to_string())
    }

    /// The place of a path; `None` for what does not belong into a trail.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let place = Self::read(path)?;
        // One place, one name: no further zeros, signs, or other case.
        (place.to_string() == path).then_some(place)
    }

    fn read(path: &str) -> Option<Self> {
        match path {
            "trail/README.txt" => return Some(Self::Readme),
            "state/trail-head" => return Some(Self::Head),
            _ => {}
        }
        let (folder, name) = path.strip_prefix("trail/")?.split_once('/')?;
        match folder {
            "keys" => name.strip_suffix(".json")?.parse().ok().map(Self::Key),
            "pending" => {
                let (_, name) = name.split_once('/')?;
                let (id, kind) = name.strip_suffix(".json")?.split_once('-')?;
                Some(Self::Pending(Id::parse(id)?, Kind::new(kind).ok()?))
            }
            "blob" => {
                let hash = name.strip_prefix("sha256/")?;
                crate::is_hex(hash, 64).then(|| Self::Blob(hash.to_owned()))
            }
            "seq" => name.strip_suffix(".jsonl")?.parse().ok().map(Self::Segment),
            "checkpoints" => name.parse().ok().map(Self::Checkpoint),
            "tile" => tile(name).map(Self::Tile),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readme => f.write_str("trail/README.txt"),
            Self::Key(number) => write!(f, "trail/keys/{number}.json"),
            Self::Pending(id, kind) => {
                write!(f, "trail/pending/{}/{id}-{kind}.json", id.moment().hour())
            }
            Self::Blob(hash) => write!(f, "trail/blob/sha256/{hash}"),
            Self::Segment(start) => write!(f, "trail/seq/{start:020}.jsonl"),
            Self::Tile(tile) => {
                // The library writes an older layout (`tile/8/0/…`, `tile/8/data/…`).
                let path = tile.path();
                let path = path.strip_prefix("tile/8/").unwrap_or(&path);
                match path.strip_prefix("data/") {
                    Some(entries) => write!(f, "trail/tile/entries/{entries}"),
                    None => write!(f, "trail/tile/{path}"),
                }
            }
            Self::Checkpoint(size) => write!(f, "trail/checkpoints/{size:020}"),
            Self::Head => f.write_str("state/trail-head"),
        }
    }
}

/// The tile of a path below `tile/`. The library's own reader does not take a hostile name.
fn tile(name: &str) -> Option<Tile> {
    let (level, rest) = name.split_once('/')?;
    let is_data = level == "entries";
    let level: u8 = if is_data { 0 } else { level.parse().ok().filter(|l| *l < 64)? };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|w| (1..256).contains(w))?),
        None => (rest, 256),
    };
    let mut index: u64 = 0;
    for part in number.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        let three = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        let digits: u64 = digits.parse().ok().filter(|_| three)?;
        index = index.checked_mul(1000)?.checked_add(digits)?;
    }
    Some(Tile::new(HEIGHT, level, index, width, is_data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_places() {
        for path in [
            "trail/README.txt",
            "trail/keys/1.json",
            "trail/pending/20160730T23/01ARZ3NDEKTSV4RRFFQ69G5FAV-decision.json",
            "trail/seq/00000000000000000256.jsonl",
            "trail/checkpoints/00000000000000070000",
            "trail/tile/0/x001/x234/067",
            "trail/tile/0/273.p/112",
            "trail/tile/2/000.p/1",
            "trail/tile/entries/x001/x234/067",
            "trail/tile/entries/000.p/5",
            "state/trail-head",
        ] {
            let place = Place::parse(path);
            assert_eq!(place.map(|p| p.to_string()).as_deref(), Some(path));
        }
    }

    #[test]
    fn other_names_are_none() {
        for path in [
            "trail/readme.txt",
            "trail/keys/01.json",
            "trail/keys/+1.json",
            "trail/pending/20160731T00/01ARZ3NDEKTSV4RRFFQ69G5FAV-decision.json",
            "trail/pending/20160730T23/01arz3ndektsv4rrffq69g5fav-decision.json",
            "trail/pending/20160730T23/01ARZ3NDEKTSV4RRFFQ69G5FAV-Decision.json",
            "trail/seq/256.jsonl",
            "trail/tile/0/1",
            "trail/tile/0/000.p/0",
            "trail/tile/0/000.p/256",
            "trail/tile/00/000",
            "trail/tile/64/000",
            "trail/tile/8/data/000",
            "trail/tile/entries/000.p/",
            "trail/blob/sha256/00",
            "trail/other",
            "other",
        ] {
            assert_eq!(Place::parse(path), None, "{path}");
        }
    }
}
