//! Reading records: what is sealed in its order, then what is not sealed yet.

use crate::error::Error;
use crate::layout::Place;
use crate::record::{Id, Kind, Malformed, Record};
use crate::store::Trail;
use bytes::Bytes;
use futures::StreamExt as _;
use std::collections::HashSet;

/// How many objects are read at a time.
pub(crate) const AT_A_TIME: usize = 64;

/// A record with its place in the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number in the log; none while it is not sealed.
    pub index: Option<u64>,
    /// The record.
    pub record: Record,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The records of a segment.
pub(crate) fn parse_segment(place: &Place, bytes: &Bytes) -> Result<Vec<(Record, Bytes)>, Error> {
    let mut records = Vec::new();
    let mut at = 0;
    for (number, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let damaged =
            |problem: &str| Error::damaged(place, format!("line {}: {problem}", number + 1));
        let Some((b'\n', line)) = line.split_last() else {
            return Err(damaged("the line is cut off"));
        };
        let record = Record::parse(line).map_err(|e| damaged(&e.0))?;
        records.push((record, bytes.slice(at..at + line.len())));
        at += line.len() + 1;
    }
    if records.is_empty() {
        return Err(Error::damaged(place, "the segment is empty"));
    }
    Ok(records)
}

/// Records as a segment.
pub(crate) fn segment<'a>(records: impl IntoIterator<Item = &'a Bytes>) -> Bytes {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(record);
        bytes.push(b'\n');
    }
    bytes.into()
}

/// One record as it was written; its name must be its own.
pub(crate) fn parse_pending(id: Id, kind: &Kind, bytes: &Bytes) -> Result<Record, Malformed> {
    let record = Record::parse(bytes)?;
    if record.id == id && record.kind == *kind {
        Ok(record)
    } else {
        Err(Malformed("the record has another name than its object".to_owned()))
    }
}

/// What became of reading objects: each with its content, or without when it is gone. Ends with the first error of `each`.
pub(crate) async fn get_all<T, E: From<Error>>(
    trail: &Trail,
    wanted: Vec<(Place, T)>,
    mut each: impl FnMut(Place, T, Option<Bytes>) -> Result<(), E>,
) -> Result<(), E> {
    let one = |(place, with): (Place, T)| async move {
        let content = trail.get(&place).await;
        (place, with, content)
    };
    let mut all = futures::stream::iter(wanted).map(one).buffered(AT_A_TIME);
    while let Some((place, with, content)) = all.next().await {
        each(place, with, content?)?;
    }
    Ok(())
}

/// Goes through all records: those that are sealed in their order, then the others in the order of their names.
///
/// # Errors
/// When the store fails, a segment is damaged, or `each` fails. Nothing is verified.
pub async fn entries(
    trail: &Trail,
    mut each: impl FnMut(Entry) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut ids = HashSet::new();
    let mut index = 0;
    loop {
        let place = Place::Segment(index);
        let Some(bytes) = trail.get(&place).await? else { break };
        for (record, bytes) in parse_segment(&place, &bytes)? {
            ids.insert(record.id);
            each(Entry { index: Some(index), record, bytes })?;
            index += 1;
        }
    }
    let pending = trail.list(&Place::folder("pending")).await?;
    let mut left: Vec<(Id, Kind)> = Vec::new();
    for path in pending {
        if let Some(Place::Pending(id, kind)) = Place::parse(&path)
            && !ids.contains(&id)
        {
            left.push((id, kind));
        }
    }
    left.sort();
    let wanted = left.into_iter().map(|(id, kind)| (Place::Pending(id, kind.clone()), (id, kind)));
    get_all(trail, wanted.collect(), |place, (id, kind), content| {
        let Some(bytes) = content else { return Ok(()) };
        let record = parse_pending(id, &kind, &bytes).map_err(|e| Error::damaged(&place, e))?;
        each(Entry { index: None, record, bytes })
    })
    .await
}
