//! The Merkle tree over the entries, and its tiles.

use crate::error::Error;
use crate::layout::{HEIGHT, Place};
use std::collections::HashMap;
use tlog_tiles::{Hash, HashReader, Tile, record_hash, stored_hashes_for_record_hash, tree_hash};

/// The width of a full tile.
pub(crate) const WIDTH: u64 = 1 << HEIGHT;

/// The hashes of a tree, whole from its beginning or grown from the tiles at the edge of a smaller one.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    size: u64,
    /// Where the tree was grown: from here on all hashes are held.
    hashes: HashMap<u64, Hash>,
    /// Tiles at the edge of the tree that this one grew from.
    edge: Vec<(Tile, Vec<u8>)>,
}

/// A hash that is not held was asked for.
fn not_held() -> tlog_tiles::Error {
    tlog_tiles::Error::InvalidTile
}

impl HashReader for Tree {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let edge = |index: u64| {
            self.edge.iter().find_map(|(tile, data)| tile.hash_at_index(data, index).ok())
        };
        indexes
            .iter()
            .map(|index| self.hashes.get(index).copied().or_else(|| edge(*index)))
            .map(|found| found.ok_or_else(not_held))
            .collect()
    }
}

/// The tiles at the edge of a tree: they hold all hashes that a larger tree is made of.
pub(crate) fn edge(size: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut level = 0;
    let mut hashes = size;
    while hashes > 0 {
        if let Ok(width @ 1..) = u32::try_from(hashes % WIDTH) {
            tiles.push(Tile::new(HEIGHT, level, hashes / WIDTH, width, false));
        }
        hashes /= WIDTH;
        level += 1;
    }
    tiles
}

impl Tree {
    /// A tree grown from the edge of a smaller one.
    pub(crate) fn from_edge(size: u64, edge: Vec<(Tile, Vec<u8>)>) -> Self {
        Self { size, hashes: HashMap::new(), edge }
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, entry: &[u8]) -> Result<(), Error> {
        let broken = |_| Error::damaged("trail/tile", "the hashes of the tree are not complete");
        let index = self.size;
        let new = stored_hashes_for_record_hash(index, record_hash(entry), self).map_err(broken)?;
        let first = tlog_tiles::stored_hash_index(0, index);
        for (at, hash) in (first..).zip(new) {
            self.hashes.insert(at, hash);
        }
        self.size += 1;
        Ok(())
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The root over the first entries.
    pub(crate) fn root(&self, size: u64) -> Result<Hash, Error> {
        tree_hash(size, self)
            .map_err(|_| Error::damaged("trail/tile", "the hashes of the tree are not complete"))
    }

    /// The content of a hash tile.
    pub(crate) fn tile(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        tile.read_data(self)
            .map_err(|_| Error::damaged(Place::Tile(*tile), "the hashes of it are not complete"))
    }
}

/// The hash tiles and bundles that a tree of one size needs beyond those of a smaller one.
pub(crate) fn new_tiles(from: u64, to: u64) -> Vec<Tile> {
    Tile::new_tiles(HEIGHT, from, to)
}

/// The bundle of entries that belongs to a tile of level 0.
pub(crate) fn bundle_of(tile: &Tile) -> Tile {
    Tile::new(HEIGHT, 0, tile.level_index(), tile.width(), true)
}

/// Entries as a bundle: each behind its length.
pub(crate) fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

/// The entries of a bundle; `None` when it is none.
pub(crate) fn unbundle(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(entries: u64) -> Tree {
        let mut tree = Tree::default();
        (0..entries).for_each(|i| tree.push(&i.to_be_bytes()).unwrap());
        tree
    }

    #[test]
    fn roots_of_rfc_6962() {
        // The tree of one entry is its leaf hash; of none, the hash of nothing.
        let one = whole(1);
        assert_eq!(one.root(1).unwrap(), record_hash(&0_u64.to_be_bytes()));
        assert_eq!(one.root(0).unwrap(), tlog_tiles::EMPTY_HASH);
        let three = whole(3);
        let leaf = |i: u64| record_hash(&i.to_be_bytes());
        let two = tlog_tiles::node_hash(leaf(0), leaf(1));
        assert_eq!(three.root(2).unwrap(), two);
        assert_eq!(three.root(3).unwrap(), tlog_tiles::node_hash(two, leaf(2)));
    }

    proptest! {
        #[test]
        fn a_tree_grows_from_its_edge(from in 0_u64..1500, more in 1_u64..600) {
            let all = whole(from + more);
            let before = whole(from);
            let edge = edge(from).into_iter().map(|t| (t, before.tile(&t).unwrap())).collect();
            let mut grown = Tree::from_edge(from, edge);
            (from..from + more).for_each(|i| grown.push(&i.to_be_bytes()).unwrap());
            prop_assert_eq!(grown.root(from + more).unwrap(), all.root(from + more).unwrap());
            for tile in new_tiles(from, from + more) {
                prop_assert_eq!(grown.tile(&tile).unwrap(), all.tile(&tile).unwrap());
            }
        }

        #[test]
        fn bundles_hold_their_entries(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let bytes = bundle(entries.iter().map(Vec::as_slice));
            prop_assert_eq!(unbundle(&bytes), Some(entries));
            prop_assert_eq!(unbundle(&[bytes.as_slice(), &[0]].concat()), None);
        }
    }
}
