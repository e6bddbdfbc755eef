//! Records: what is written, once, by one of many.

use crate::{Error, is_hex, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The most bytes that a record can have: an entry of C2SP tlog-tiles.
pub const MOST_BYTES: usize = 65_535;

/// A moment, in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// The moment now, by the clock of the machine. A clock before 1970 counts as 1970.
#[must_use]
pub fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Moment::from_millis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or_default()))
}

impl Moment {
    /// From milliseconds since 1970; what lies before counts as 1970, what lies after the year 9999 as its end.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, 253_402_300_799_999))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment some milliseconds later (or earlier).
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Reads `2026-11-24T14:07:28.123Z`, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let form = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        let read = PrimitiveDateTime::parse(text, form).ok()?.assume_utc();
        let millis = i64::try_from(read.unix_timestamp_nanos() / 1_000_000).ok()?;
        let moment = Self::from_millis(millis);
        (moment.to_string() == text).then_some(moment)
    }

    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The hour: `20261124T14`.
    #[must_use]
    pub fn hour(self) -> String {
        let form = format_description!("[year][month][day]T[hour]");
        self.date_time().format(form).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        f.write_str(&self.date_time().format(form).unwrap_or_default())
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no time of a trail")))
    }
}

/// The name of a record or of an instance: a ULID, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(ulid::Ulid);

impl Id {
    /// A new one at a moment.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(at: Moment) -> Result<Self, Error> {
        Ok(Self::from_parts(at, u128::from_be_bytes(random()?)))
    }

    /// From its time and its random bits (80 of them count).
    #[must_use]
    pub fn from_parts(at: Moment, random: u128) -> Self {
        Self(ulid::Ulid::from_parts(u64::try_from(at.0).unwrap_or_default(), random))
    }

    /// The one after it, of the same millisecond.
    #[must_use]
    pub fn next(self) -> Self {
        self.0.increment().map_or(self, Self)
    }

    /// Reads the 26 characters, in upper case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let read = Self(ulid::Ulid::from_string(text).ok()?);
        (read.to_string() == text).then_some(read)
    }

    /// The moment in it.
    #[must_use]
    pub fn moment(self) -> Moment {
        Moment::from_millis(i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no name of a record")))
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
}

/// What a record is: a word of small letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(Arc<str>);

impl Kind {
    /// By its name.
    ///
    /// # Errors
    /// When the name has another form.
    pub fn new(name: &str) -> Result<Self, Malformed> {
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if first && rest && name.len() <= 32 {
            Ok(Self(name.into()))
        } else {
            Err(Malformed(format!("`{name}` is no kind of a record")))
        }
    }

    /// What shows that the sealer lives.
    #[must_use]
    pub fn heartbeat() -> Self {
        Self("heartbeat".into())
    }

    /// That a key was made.
    #[must_use]
    pub fn key() -> Self {
        Self("key".into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Who wrote a record: a process, and the how manieth record of it this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// The process.
    pub instance: Id,
    /// 1, 2, 3, …
    pub number: u64,
    /// The hash of the record before it (hex); none for the first.
    pub previous: Option<String>,
}

/// A record. The members stand in the order of their names, as they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When it was recorded.
    pub at: Moment,
    /// The hashes of the blobs that belong to it.
    pub blobs: Vec<String>,
    /// What the application says.
    pub body: Value,
    /// Who wrote it.
    pub by: Author,
    /// The record that it answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closes: Option<Id>,
    /// The name.
    pub id: Id,
    /// What it is.
    pub kind: Kind,
    /// By which a writer tells its own object from another's (hex).
    pub nonce: String,
    /// Until when another record must answer it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opens: Option<Moment>,
    /// The version of the format.
    pub v: u8,
}

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub(crate) kind: Kind,
    pub(crate) body: Value,
    pub(crate) blobs: Vec<Vec<u8>>,
    pub(crate) opens: Option<Moment>,
    pub(crate) closes: Option<Id>,
}

impl Draft {
    /// A record of a kind with a body, which must be an object.
    #[must_use]
    pub const fn new(kind: Kind, body: Value) -> Self {
        Self { kind, body, blobs: Vec::new(), opens: None, closes: None }
    }

    /// Adds content that is too large for the record, or worth to be shared. The body names it by [`sha256_hex`].
    #[must_use]
    pub fn with_blob(mut self, content: Vec<u8>) -> Self {
        self.blobs.push(content);
        self
    }

    /// Another record must answer this one, until then.
    #[must_use]
    pub const fn to_be_answered_until(mut self, moment: Moment) -> Self {
        self.opens = Some(moment);
        self
    }

    /// This one answers another.
    #[must_use]
    pub const fn answers(mut self, record: Id) -> Self {
        self.closes = Some(record);
        self
    }
}

/// What cannot be a record, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Record {
    /// The bytes: canonical JSON.
    ///
    /// # Errors
    /// When there are too many of them, or the body is no object.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        if !self.body.is_object() {
            return Err(Malformed("the body of a record must be an object".to_owned()));
        }
        let bytes = if is_plain(&self.body) {
            serde_json::to_vec(self).map_err(|e| Malformed(format!("no JSON: {e}")))?
        } else {
            canonical(self)?
        };
        if bytes.len() > MOST_BYTES {
            return Err(Malformed(format!(
                "the record has {} bytes, more than {MOST_BYTES}: put large parts into blobs",
                bytes.len()
            )));
        }
        Ok(bytes)
    }

    /// Reads a record, which must be in canonical form.
    ///
    /// # Errors
    /// When it is none, or not in that form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|e| Malformed(format!("no record: {e}")))?;
        let sound = record.v == 1
            && is_hex(&record.nonce, 32)
            && record.blobs.iter().all(|b| is_hex(b, 64))
            && record.blobs.is_sorted_by(|a, b| a < b)
            && record.by.previous.as_ref().is_none_or(|p| is_hex(p, 64))
            && (record.by.number == 1) == record.by.previous.is_none()
            && record.by.number > 0;
        if !sound {
            return Err(Malformed("a member of the record has another form".to_owned()));
        }
        if record.to_bytes()? != bytes {
            return Err(Malformed("the record is not in canonical form".to_owned()));
        }
        Ok(record)
    }

    /// The hash by which the next record of the instance names this one.
    #[must_use]
    pub fn hash(bytes: &[u8]) -> String {
        sha256_hex(bytes)
    }
}

/// Whether compact JSON of a value is canonical as it stands: members in the order of their names, no fractions, no integers
/// that a double cannot hold. So it is for nearly all bodies that are read; the others take the long way.
fn is_plain(value: &Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => {
            number.as_i64().is_some_and(|number| number.unsigned_abs() <= EXACT)
        }
        Value::Array(list) => list.iter().all(is_plain),
        // Plain names are in the same order by bytes and by UTF-16.
        Value::Object(object) => {
            object.keys().is_sorted_by(|a, b| a < b)
                && object.iter().all(|(name, value)| name.is_ascii() && is_plain(value))
        }
    }
}

/// Canonical JSON of a value.
pub(crate) fn canonical(value: &impl Serialize) -> Result<Vec<u8>, Malformed> {
    serde_json_canonicalizer::to_vec(value).map_err(|e| Malformed(format!("no JSON: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn record() -> Record {
        let at = Moment::parse("2026-11-24T14:07:28.120Z").unwrap();
        Record {
            v: 1,
            id: Id::from_parts(at, 7),
            kind: Kind::new("decision").unwrap(),
            at,
            by: Author { instance: Id::from_parts(at, 1), number: 1, previous: None },
            nonce: "0".repeat(32),
            blobs: Vec::new(),
            opens: None,
            closes: None,
            body: json!({"b": 1, "a": "ü"}),
        }
    }

    #[test]
    fn a_record_is_canonical_json() {
        let bytes = record().to_bytes().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with(
            r#"{"at":"2026-11-24T14:07:28.120Z","blobs":[],"body":{"a":"ü","b":1},"by":"#
        ));
        assert_eq!(Record::parse(&bytes).unwrap(), record());
    }

    #[test]
    fn another_form_is_no_record() {
        let good = String::from_utf8(record().to_bytes().unwrap()).unwrap();
        for (from, to) in [
            (",\"v\":1", ", \"v\":1"),
            (",\"v\":1", ",\"v\":2"),
            (",\"v\":1", ",\"v\":1,\"w\":1"),
            ("\"number\":1", "\"number\":0"),
            ("\"number\":1", "\"number\":2"),
            (".120Z", ".12Z"),
            ("\"decision\"", "\"Decision\""),
            ("\"b\":1", "\"b\":1.0"),
        ] {
            assert!(good.contains(from), "{from}");
            assert!(Record::parse(good.replace(from, to).as_bytes()).is_err(), "{to}");
        }
        assert!(Record::parse(format!("{good}\n").as_bytes()).is_err());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1000_i64..1000).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[\\PC\n\u{7f}\u{1}]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[a-c\u{e9}\u{1f600}\u{fb33}]{0,2}", inner), 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_short_way_writes_what_the_long_one_does(value in values()) {
            if is_plain(&value) {
                prop_assert_eq!(serde_json::to_vec(&value).unwrap(), canonical(&value).unwrap());
            }
            // Canonical is canonical again, whatever way it goes.
            let written = canonical(&value).unwrap();
            let again: Value = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(canonical(&again).unwrap(), written);
        }

        #[test]
        fn a_record_with_any_body_is_read_as_it_was_written(body in values()) {
            let body = json!({"body": body});
            let written = Record { body, ..record() }.to_bytes().unwrap();
            prop_assert_eq!(Record::parse(&written).unwrap().to_bytes().unwrap(), written);
        }
    }

    #[test]
    fn a_record_has_an_end() {
        let mut large = record();
        large.body = json!({"text": "x".repeat(MOST_BYTES)});
        assert!(large.to_bytes().unwrap_err().0.contains("blobs"));
        large.body = json!([1]);
        assert!(large.to_bytes().is_err());
    }

    #[test]
    fn moments_have_one_form() {
        for text in ["2026-11-24T14:07:28.120Z", "1970-01-01T00:00:00.000Z"] {
            assert_eq!(Moment::parse(text).unwrap().to_string(), text);
        }
        for text in ["2026-11-24T14:07:28Z", "2026-11-24 14:07:28.120Z", "1969-01-01T00:00:00.000Z"]
        {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(Moment::from_millis(0).hour(), "19700101T00");
    }
}
