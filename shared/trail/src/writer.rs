//! Writing records: each is one object, created once.

use crate::error::Error;
use crate::layout::Place;
use crate::record::{Author, Draft, Id, Moment, Record, random};
use crate::sha256_hex;
use crate::store::{Created, Trail};
use bytes::Bytes;
use std::fmt::Write as _;
use tokio::sync::Mutex;

/// One instance that writes: a process, or one life of a function. It numbers and chains its own records.
#[derive(Debug)]
pub struct Writer {
    trail: Trail,
    instance: Id,
    chain: Mutex<Chain>,
}

#[derive(Debug, Default)]
struct Chain {
    number: u64,
    previous: Option<String>,
    last: Option<Id>,
    /// A record of which it is not known whether it is there. The next one names its hash, so it has to be settled first.
    unsettled: Option<(Id, Place, Bytes)>,
    /// Whether it was tried to write it before.
    tried: bool,
}

impl Writer {
    /// A new instance.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(trail: Trail, at: Moment) -> Result<Self, Error> {
        Ok(Self { trail, instance: Id::new(at)?, chain: Mutex::default() })
    }

    /// The instance's name.
    #[must_use]
    pub const fn instance(&self) -> Id {
        self.instance
    }

    /// Records. When this returns, the record is durable.
    ///
    /// # Errors
    /// When the draft cannot be a record; or the store fails, and it is not known whether the record is there. The next call then
    /// settles it first: an instance leaves no gap.
    pub async fn append(&self, draft: Draft, at: Moment) -> Result<Record, Error> {
        let mut blobs = Vec::new();
        for content in &draft.blobs {
            blobs.push(sha256_hex(content));
            let place = Place::Blob(sha256_hex(content));
            self.trail.create_exactly(&place, content.clone().into()).await?;
        }
        blobs.sort();
        blobs.dedup();
        let mut chain = self.chain.lock().await;
        self.settle(&mut chain).await?;
        // Names are in the order of the chain, whatever the clock does.
        let id = match chain.last {
            Some(last) if last.moment() >= at => last.next(),
            Some(_) | None => Id::new(at)?,
        };
        let record = Record {
            v: 1,
            id,
            kind: draft.kind,
            at,
            by: Author {
                instance: self.instance,
                number: chain.number + 1,
                previous: chain.previous.clone(),
            },
            nonce: random::<16>()?.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            }),
            blobs,
            opens: draft.opens,
            closes: draft.closes,
            body: draft.body,
        };
        let bytes = Bytes::from(record.to_bytes()?);
        // What is read back must be what was written: the same text for every number.
        let record = Record::parse(&bytes)?;
        // From here on the record may be there, whatever happens, this call being dropped included.
        let place = Place::Pending(record.id, record.kind.clone());
        chain.unsettled = Some((record.id, place, bytes));
        chain.tried = false;
        self.settle(&mut chain).await?;
        Ok(record)
    }

    async fn settle(&self, chain: &mut Chain) -> Result<(), Error> {
        let Some((id, place, bytes)) = &chain.unsettled else { return Ok(()) };
        match self.trail.create(place, bytes.clone()).await {
            Ok(Created::Here) => {
                chain.number += 1;
                chain.previous = Some(Record::hash(bytes));
                chain.last = Some(*id);
                chain.unsettled = None;
                Ok(())
            }
            // Eighty random bits do not meet: somebody took the name.
            Ok(Created::Taken(_)) => {
                let place = place.to_string();
                chain.unsettled = None;
                Err(Error::Taken { place })
            }
            Err(error) => {
                // A refusal at the first attempt is an answer: the record is not there.
                if matches!(error, Error::Refused { .. }) && !chain.tried {
                    chain.unsettled = None;
                }
                chain.tried = true;
                Err(error)
            }
        }
    }
}
