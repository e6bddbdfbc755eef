//! Proofs that a record is in the log, for those who have only the record and the public key.

use crate::checkpoint;
use crate::error::Error;
use crate::key::KeyRing;
use crate::layout::Place;
use crate::read::parse_segment;
use crate::record::Id;
use crate::store::Trail;
use crate::tree::Tree;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::fmt::Write as _;

/// A C2SP tlog-proof that a record is in the log, by the newest checkpoint; `None` when it is not sealed yet.
///
/// # Errors
/// When the store fails or the trail is not what it should be.
pub async fn prove(trail: &Trail, record: Id) -> Result<Option<String>, Error> {
    let missing = || Error::Missing { place: Place::Key(1).to_string() };
    let ring = KeyRing::load(trail).await?.ok_or_else(missing)?;
    let Some(head) = checkpoint::newest(trail, &ring).await? else { return Ok(None) };
    let mut tree = Tree::default();
    let mut found = None;
    while tree.size() < head.size {
        let place = Place::Segment(tree.size());
        let bytes = trail.get(&place).await?;
        let bytes = bytes.ok_or_else(|| Error::Missing { place: place.to_string() })?;
        for (one, bytes) in parse_segment(&place, &bytes)? {
            if one.id == record {
                found = Some(tree.size());
            }
            tree.push(&bytes)?;
        }
    }
    let place = Place::Checkpoint(head.size);
    if tree.root(head.size)? != head.root {
        return Err(Error::damaged(place, "the entries have another root hash"));
    }
    let Some(index) = found.filter(|index| *index < head.size) else { return Ok(None) };
    let hashes = tlog_tiles::prove_record(head.size, index, &tree)
        .map_err(|_| Error::damaged(&place, "the hashes of the tree are not complete"))?;
    let mut text = format!("c2sp.org/tlog-proof@v1\nindex {index}\n");
    for hash in hashes {
        let _ = writeln!(text, "{}", BASE64_STANDARD.encode(hash.0));
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(&head.note));
    Ok(Some(text))
}
