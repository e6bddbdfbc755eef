//! Proofs that a record is in the log, for those who have only the record and the public key.

use crate::checkpoint;
use crate::error::Error;
use crate::key::KeyRing;
use crate::layout::Place;
use crate::record::{Id, Record};
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
    let ring = KeyRing::of(trail).await?;
    let Some(head) = checkpoint::newest(trail, &ring).await? else { return Ok(None) };
    let name = record.to_string();
    let mut tree = Tree::default();
    let mut found = None;
    while tree.size() < head.size {
        let place = Place::Segment(tree.size());
        let bytes = trail.needed(&place).await?;
        let before = tree.size();
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            // Only what may be the record is read: the root hash is what counts for the others.
            if is_named(line, &name) && Record::parse(line).is_ok_and(|r| r.id == record) {
                found = Some(tree.size());
            }
            tree.push(line)?;
        }
        if tree.size() == before {
            return Err(Error::damaged(place, "the segment is empty"));
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

/// Whether a line contains a name.
fn is_named(line: &[u8], name: &str) -> bool {
    line.windows(name.len()).any(|part| part == name.as_bytes())
}
