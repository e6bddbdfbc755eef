//! An append-only log of records over plain object storage, that anyone can verify.
//!
//! Many short-lived processes write at once ([`Writer`]): each record is one object that is created and never changed. Any number of sealers
//! ([`seal()`]) race to put them into an order and to prove it: segments give the order, tiles and signed checkpoints give the proof.
//! [`verify()`] checks all of it and names the first thing that is wrong. The store must be able to create an object only if its name is
//! free, and nothing more.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use keyfence_trail::{Draft, FileKey, Kind, SealOptions, Trail, VerifyOptions, Writer, now, seal, verify};
//! use serde_json::json;
//! use std::sync::Arc;
//!
//! let trail = Trail::new(Arc::new(object_store::memory::InMemory::new()));
//! let key = FileKey::generate("example.org/audit")?;
//! trail.found(&key, now()).await?;
//! let writer = Writer::new(trail.clone(), now())?;
//! writer.append(Draft::new(Kind::new("decision")?, json!({"what": "nothing"})), now()).await?;
//! seal(&trail, &key, &writer, now(), &SealOptions::default()).await?;
//! assert_eq!(verify(&trail, &VerifyOptions::at(now())).await?.entries, 3);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! The hard rule: an answer *already exists* may speak of one's own write, and a failed write may have landed. So every write is read
//! back unless it was confirmed ([`Trail::create`]).
#![doc = include_str!("../FORMAT.md")]

mod checkpoint;
mod error;
mod key;
mod layout;
mod proof;
mod read;
mod record;
mod seal;
mod store;
mod tree;
mod verify;
mod writer;

pub use checkpoint::is_checkpoint;
pub use error::{Class, Error};
pub use key::{FileKey, KeyRing, Signer, Statement, is_vkey};
pub use layout::Place;
pub use proof::prove;
pub use read::{Entry, entries};
pub use record::{Author, Draft, Id, Kind, MOST_BYTES, Malformed, Moment, Record, now};
pub use seal::{SealOptions, Sealed, seal};
pub use store::{Created, Trail};
pub use verify::{Broken, Report, VerifyError, VerifyOptions, verify};
pub use writer::Writer;

/// The most bytes of a segment.
pub(crate) const MOST_SEGMENT_BYTES: u64 = 64 << 20;
/// The most bytes of a blob.
pub const MOST_BLOB_BYTES: u64 = 256 << 20;

/// The text for people that lies in every trail.
const README: &str = include_str!("../README.txt");

/// Whether a text is so many digits of lower-case hexadecimal.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == digits && text.bytes().all(hex)
}

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
