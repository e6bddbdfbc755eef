//! Checkpoints: so many entries, with this root hash, signed.

use crate::error::Error;
use crate::key::{KeyIndex, KeyRing, Public, Signer};
use crate::layout::Place;
use crate::store::Trail;
use bytes::Bytes;
use signed_note::{Note, Signature};
use tlog_tiles::Hash;

/// A checkpoint whose signature holds.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) key: KeyIndex,
    /// As it is written.
    pub(crate) note: Bytes,
}

/// A checkpoint, signed.
pub(crate) async fn sign(
    signer: &dyn Signer,
    origin: &str,
    size: u64,
    root: Hash,
) -> Result<Bytes, Error> {
    let unusable = |_| Error::Key("the name of the log cannot stand in a checkpoint".to_owned());
    let text = tlog_tiles::Checkpoint::new(origin, size, root, "")
        .map_err(|e| Error::Key(e.to_string()))?
        .to_bytes();
    let public = Public::parse(signer.vkey())
        .ok_or_else(|| Error::Key("the verifier key of the signer cannot be read".to_owned()))?;
    let signature = signer.sign(&text).await?;
    let signature =
        Signature::new(public.origin, public.id, signature.to_vec()).map_err(unusable)?;
    let note = Note::new(&text, &[signature]).map_err(unusable)?;
    Ok(note.to_bytes().into())
}

/// Whether a file holds a checkpoint, whoever signed it.
#[must_use]
pub fn is_checkpoint(content: &[u8]) -> bool {
    let note = Note::from_bytes(content);
    note.is_ok_and(|note| tlog_tiles::Checkpoint::from_bytes(note.text()).is_ok())
}

/// Reads a checkpoint that one of the keys signed.
///
/// # Errors
/// In words, when it is none.
pub(crate) fn parse(note: &Bytes, ring: &KeyRing) -> Result<Checkpoint, String> {
    let read = Note::from_bytes(note).map_err(|e| format!("no signed note: {e}"))?;
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(read.text())
        .map_err(|_| "the note holds no checkpoint".to_owned())?;
    if checkpoint.origin() != ring.origin() || !checkpoint.extension().is_empty() {
        return Err("the checkpoint is that of another log".to_owned());
    }
    if checkpoint.to_bytes() != read.text() {
        return Err("the checkpoint is not in the one form that it has".to_owned());
    }
    let (good, _) = read
        .verify(&ring.verifiers())
        .map_err(|e| format!("no key of the trail signed the checkpoint: {e}"))?;
    let signature = good.first().ok_or("no key of the trail signed the checkpoint")?;
    let key = ring.with_id(signature.id()).ok_or("no key of the trail signed the checkpoint")?;
    let only =
        Note::new(read.text(), std::slice::from_ref(signature)).map_err(|e| e.to_string())?;
    if only.to_bytes() != *note {
        return Err("the note is not in the one form that it has".to_owned());
    }
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    Ok(Checkpoint { size, root, key, note: note.clone() })
}

/// The sizes of all checkpoints, by their names.
async fn sizes(trail: &Trail, hinted: Option<u64>) -> Result<Vec<u64>, Error> {
    let folder = Place::folder("checkpoints");
    if let Some(hinted) = hinted {
        let names = trail.list_from(&folder, &Place::Checkpoint(hinted)).await?;
        // A hint at what is not there is none.
        if names.first().is_some_and(|name| *name == Place::Checkpoint(hinted).to_string()) {
            return Ok(sizes_of(&names));
        }
    }
    Ok(sizes_of(&trail.list(&folder).await?))
}

/// The size that the hint names; a hint that is no number is none.
pub(crate) async fn hinted(trail: &Trail) -> Result<Option<u64>, Error> {
    let hint = trail.get(&Place::Head).await?;
    let plain = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    Ok(hint.and_then(|h| std::str::from_utf8(&h).ok().filter(plain)?.parse().ok()))
}

fn sizes_of(names: &[String]) -> Vec<u64> {
    let size = |name: &String| match Place::parse(name) {
        Some(Place::Checkpoint(size)) => Some(size),
        _ => None,
    };
    names.iter().filter_map(size).collect()
}

/// The newest checkpoint.
pub(crate) async fn newest(trail: &Trail, ring: &KeyRing) -> Result<Option<Checkpoint>, Error> {
    // The hint first: others seal meanwhile.
    let hinted = hinted(trail).await?;
    let size = sizes(trail, hinted).await?.into_iter().max();
    // A hint at a checkpoint that is not there: the trail was set back. Nothing is built on that.
    if let Some(hinted) = hinted.filter(|hinted| *hinted > size.unwrap_or_default()) {
        return Err(Error::Missing { place: Place::Checkpoint(hinted).to_string() });
    }
    let Some(size) = size else { return Ok(None) };
    let place = Place::Checkpoint(size);
    let note = trail.needed(&place).await?;
    let found = parse(&note, ring).map_err(|problem| Error::damaged(&place, problem))?;
    if found.size != size {
        return Err(Error::damaged(&place, "the checkpoint has another size than its name says"));
    }
    Ok(Some(found))
}
