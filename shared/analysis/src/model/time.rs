//! Points in time as the clouds write them.

use serde::{Serialize, Serializer};
use std::fmt;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// A point in time, UTC, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as `2026-03-19T07:48:00Z`")]
pub struct ParseTimeError(String);

impl Timestamp {
    /// The first second of 1970.
    pub const EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// Reads RFC 3339, and what recorded events really hold beside it: seven-digit fractions, a blank for the `T` or
    /// around the text, a missing zone (taken as UTC).
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, ParseTimeError> {
        let plain = text.trim().replacen(' ', "T", 1);
        let error = || ParseTimeError(text.chars().take(40).collect());
        let with_zone = OffsetDateTime::parse(&plain, &Rfc3339)
            .or_else(|_| OffsetDateTime::parse(&plain, &Iso8601::PARSING));
        if let Ok(t) = with_zone {
            // The end of year 9999 with a negative zone lies in a year that cannot be written.
            return t.checked_to_offset(time::UtcOffset::UTC).map(Self).ok_or_else(error);
        }
        PrimitiveDateTime::parse(&plain, &Iso8601::PARSING)
            .map(|t| Self(t.assume_utc()))
            .map_err(|_| error())
    }

    /// From seconds since 1970.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// Whole seconds since 1970, and nanoseconds of the second begun.
    #[must_use]
    pub const fn to_unix(self) -> (i64, u32) {
        (self.0.unix_timestamp(), self.0.nanosecond())
    }

    /// Whether the other time is at most this many seconds earlier or later.
    #[must_use]
    pub fn is_within(self, other: Self, seconds: i64) -> bool {
        (self.0 - other.0).abs() <= Duration::seconds(seconds)
    }

    /// This many days later; saturating at the end of time.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(Duration::days(days)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // INVARIANT: RFC 3339 cannot write years before 0 or after 9999; such a time shows its seconds instead.
        match self.0.format(&Rfc3339) {
            Ok(text) => f.pad(&text),
            Err(_) => write!(f, "@{}", self.0.unix_timestamp()),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(Timestamp::parse(text).map(|t| t.to_string()), Ok(expect.to_owned()), "{text}");
    }

    #[test]
    fn times_as_recorded_events_write_them() {
        check("2026-03-19T07:48:00Z", "2026-03-19T07:48:00Z");
        check("2026-03-19T07:48:00.5164122Z", "2026-03-19T07:48:00.5164122Z");
        check(" 2020-04-15 12:00:00.123", "2020-04-15T12:00:00.123Z");
        check("2023-07-10T14:00:00+02:00", "2023-07-10T12:00:00Z");
        check("2025-02-11T09:14:03+00:00", "2025-02-11T09:14:03Z");
    }

    #[test]
    fn what_is_no_time_says_so() {
        assert!(Timestamp::parse("yesterday").is_err());
        assert!(Timestamp::parse("").is_err());
        assert!(Timestamp::parse("9999-12-31T23:59:59-01:00").is_err());
    }
}
