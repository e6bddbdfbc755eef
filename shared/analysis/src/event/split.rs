//! Cuts a stream of bytes into JSON values: JSON lines, pretty-printed values one after another, and the elements of
//! `{"Records":[…]}`, `{"records":[…]}`, `{"value":[…]}` or a bare array, without holding more than one element.
//!
//! ```
//! use keyfence_analysis::event::Splitter;
//! let mut splitter = Splitter::new();
//! let mut pieces = splitter.push(br#"{"Records":[{"a":1},{"a"#);
//! pieces.extend(splitter.push(br#"":2}]}"#));
//! pieces.extend(splitter.finish());
//! let values: Vec<_> = pieces.into_iter().map(|p| p.value.unwrap().to_string()).collect();
//! assert_eq!(values, [r#"{"a":1}"#, r#"{"a":2}"#]);
//! ```
//!
//! The hard part is damage. A value that does not parse, never ends, or nests too deeply is reported with its position,
//! and reading goes on at the next line after its start: in a file of JSON lines one damaged line costs that line alone.

use memchr::{memchr, memchr3};
use serde_json::Value;
use std::fmt;

/// No event of any cloud is larger (CloudTrail 256 KiB, Activity Log and `LogEntry` 256 KiB each); a value that has not
/// ended after this many bytes is reported and skipped.
const LARGEST_VALUE: usize = 16 * 1024 * 1024;

/// Nesting beyond this is damage or an attack; `serde_json` refuses at the same depth.
const DEEPEST: usize = 128;

/// Within an array an element may nest deeper while its end is looked for: the elements behind it are not its fault.
const DEEPEST_ELEMENT: usize = 1_000;

/// A wrapper shows itself within this many bytes.
const LONGEST_PREFIX: usize = 4_096;

/// Where a value begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Number of the outermost value in the stream, from 1: the line, in a file of JSON lines.
    pub number: usize,
    /// Line, from 1.
    pub line: usize,
    /// Byte offset, from 0.
    pub offset: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, byte {}", self.line, self.offset)
    }
}

/// One value, or what stands in its place.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins.
    pub position: Position,
    /// The value, or why there is none.
    pub value: Result<Value, SplitError>,
}

/// Why a value could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The stream ends within the value.
    #[error("the value has no end")]
    Unfinished,
    /// The value is larger than any event.
    #[error("the value is larger than {} MiB", LARGEST_VALUE / 1024 / 1024)]
    TooLarge,
    /// The value nests too deeply.
    #[error("the value nests deeper than {DEEPEST} levels")]
    TooDeep,
}

/// The state of cutting. Feed it with [`Splitter::push`], then call [`Splitter::finish`].
#[derive(Debug, Default)]
pub struct Splitter {
    /// Bytes as they came; those before `start` are cut already and go with the next push.
    bytes: Vec<u8>,
    start: usize,
    /// How far the rest has been scanned for the end of the current value.
    scanned: usize,
    scan: Scan,
    /// Offset and line of `start` in the stream.
    offset: usize,
    line: usize,
    number: usize,
    /// Within an array whose elements are cut one by one.
    within: Option<Within>,
    resync: Resync,
}

/// Looking for a place to go on after damage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Resync {
    #[default]
    No,
    /// The rest of the current line belongs to the damage.
    RestOfLine,
    /// At the start of a line: go on if it begins with a bracket.
    LineStart,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Scan {
    depth: usize,
    in_string: bool,
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A bare array.
    Array,
    /// The array of a wrapper object.
    WrapperArray,
    /// Behind that array, before the wrapper's closing brace.
    WrapperTail,
}

enum Step {
    Piece(Piece),
    Again,
    NeedMore,
}

impl Splitter {
    /// Before the first byte.
    #[must_use]
    pub fn new() -> Self {
        Self { line: 1, ..Self::default() }
    }

    /// Takes the next bytes and returns the values that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
        self.cut(false)
    }

    /// Says that no more bytes come and returns what is left.
    pub fn finish(&mut self) -> Vec<Piece> {
        self.cut(true)
    }

    /// What is not cut yet.
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn cut(&mut self, last: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        loop {
            match self.step(last) {
                Step::Piece(piece) => pieces.push(piece),
                Step::Again => {}
                Step::NeedMore => return pieces,
            }
        }
    }

    fn step(&mut self, last: bool) -> Step {
        if !self.scan.begun {
            if self.resync != Resync::No && !self.resynced() {
                return Step::NeedMore;
            }
            self.skip_blanks();
            let Some(first) = self.rest().first().copied() else { return Step::NeedMore };
            match (self.within, first) {
                (Some(Within::Array), b']') => return self.leave(None),
                (Some(Within::WrapperArray), b']') => return self.leave(Some(Within::WrapperTail)),
                (Some(Within::WrapperTail), b'}') => return self.leave(None),
                (None, b'[') => return self.enter(1, Within::Array),
                (None, b'{') => match wrapper_prefix(self.rest()) {
                    Prefix::Wrapper(length) => return self.enter(length, Within::WrapperArray),
                    Prefix::Undecided if !last && self.rest().len() < LONGEST_PREFIX => {
                        return Step::NeedMore;
                    }
                    Prefix::Undecided | Prefix::Plain => {}
                },
                (Some(_) | None, _) => {}
            }
            self.scan = Scan { begun: true, ..Scan::default() };
            self.scanned = 0;
            if self.within.is_none() {
                self.number += 1;
            }
        }
        match self.find_end() {
            End::At(end) => self.take(end),
            End::TooDeep => self.give_up(SplitError::TooDeep),
            End::BrokenString => self
                .give_up(SplitError::NotJson("a string runs over the end of its line".to_owned())),
            End::NotYet if self.rest().len() > LARGEST_VALUE => self.give_up(SplitError::TooLarge),
            End::NotYet if last => self.at_end_of_stream(),
            End::NotYet => Step::NeedMore,
        }
    }

    /// A plain value at the very end (a number, say) ends with the stream; anything else is unfinished.
    fn at_end_of_stream(&mut self) -> Step {
        if self.scan.depth == 0 && !self.scan.in_string {
            self.take(self.rest().len())
        } else {
            self.give_up(SplitError::Unfinished)
        }
    }

    fn enter(&mut self, length: usize, within: Within) -> Step {
        self.number += 1;
        self.consume(length);
        self.within = Some(within);
        Step::Again
    }

    fn leave(&mut self, to: Option<Within>) -> Step {
        self.consume(1);
        self.within = to;
        Step::Again
    }

    fn position(&self) -> Position {
        Position { number: self.number.max(1), line: self.line, offset: self.offset }
    }

    fn take(&mut self, end: usize) -> Step {
        let position = self.position();
        let bytes = self.rest().get(..end).unwrap_or_default();
        let value = serde_json::from_slice(bytes).map_err(|e| SplitError::NotJson(e.to_string()));
        match (self.within, value) {
            // The other members of a wrapper (`nextToken`, …) are no events.
            (Some(Within::WrapperTail), _) => {
                self.consume(end);
                self.scan = Scan::default();
                Step::Again
            }
            // A damaged element of an array ends where its brackets do: the next element is not its fault.
            (Some(Within::Array | Within::WrapperArray), value) | (None, value @ Ok(_)) => {
                self.consume(end);
                self.scan = Scan::default();
                Step::Piece(Piece { position, value })
            }
            // Damage within one line ends where its brackets do; over several lines those brackets prove nothing.
            (None, Err(error)) if bytes.contains(&b'\n') => self.give_up(error),
            (None, Err(error)) => {
                self.consume(end);
                self.scan = Scan::default();
                Step::Piece(Piece { position, value: Err(error) })
            }
        }
    }

    /// Reports the value and goes on at the next line that begins with a bracket.
    fn give_up(&mut self, error: SplitError) -> Step {
        let position = self.position();
        match memchr(b'\n', self.rest()) {
            Some(i) => {
                self.consume(i + 1);
                self.resync = Resync::LineStart;
            }
            None => {
                self.consume(self.rest().len());
                self.resync = Resync::RestOfLine;
            }
        }
        self.scan = Scan::default();
        self.within = None;
        Step::Piece(Piece { position, value: Err(error) })
    }

    /// Drops lines until one begins with a bracket, without a blank before it: what is indented belongs to the damaged
    /// value, and its content must not be read as events of its own. False when more bytes are needed to tell.
    fn resynced(&mut self) -> bool {
        loop {
            if self.resync == Resync::LineStart {
                match self.rest().first() {
                    None => return false,
                    Some(b'{' | b'[') => {
                        self.resync = Resync::No;
                        return true;
                    }
                    Some(_) => self.resync = Resync::RestOfLine,
                }
            }
            match memchr(b'\n', self.rest()) {
                Some(i) => {
                    self.consume(i + 1);
                    self.resync = Resync::LineStart;
                }
                None => {
                    self.consume(self.rest().len());
                    return false;
                }
            }
        }
    }

    fn consume(&mut self, length: usize) {
        let gone = self.rest().get(..length).unwrap_or_default();
        let length = gone.len();
        self.line += memchr::memchr_iter(b'\n', gone).count();
        self.offset += length;
        self.start += length;
        self.scanned = 0;
    }

    /// Blanks, separators between values, and a byte order mark at the start.
    fn skip_blanks(&mut self) {
        let mut length =
            if self.offset == 0 && self.rest().starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let within = self.within.is_some();
        let blank =
            |b: &u8| b.is_ascii_whitespace() || matches!(b, 0x1e | b',') || within && *b == b':';
        length +=
            self.rest().get(length..).unwrap_or_default().iter().take_while(|b| blank(b)).count();
        if length > 0 {
            self.consume(length);
        }
    }

    /// Scans on for the end of the value that begins the buffer.
    fn find_end(&mut self) -> End {
        let deepest = if self.within.is_some() { DEEPEST_ELEMENT } else { DEEPEST };
        loop {
            let Some(rest) = self.rest().get(self.scanned..) else { return End::NotYet };
            if self.scan.in_string {
                match memchr3(b'"', b'\\', b'\n', rest) {
                    None => {
                        self.scanned = self.rest().len();
                        return End::NotYet;
                    }
                    Some(i) if rest.get(i) == Some(&b'\n') && self.within.is_none() => {
                        return End::BrokenString;
                    }
                    Some(i) if rest.get(i) == Some(&b'\n') => self.scanned += i + 1,
                    Some(i) if rest.get(i) == Some(&b'\\') => {
                        if i + 1 >= rest.len() {
                            self.scanned += i;
                            return End::NotYet;
                        }
                        self.scanned += i + 2;
                    }
                    Some(i) => {
                        self.scanned += i + 1;
                        self.scan.in_string = false;
                        if self.scan.depth == 0 {
                            return End::At(self.scanned);
                        }
                    }
                }
                continue;
            }
            let Some(i) = structural(rest, self.scan.depth) else {
                self.scanned = self.rest().len();
                return End::NotYet;
            };
            let byte = rest.get(i).copied().unwrap_or_default();
            match byte {
                b'"' => self.scan.in_string = true,
                b'{' | b'[' => {
                    self.scan.depth += 1;
                    if self.scan.depth > deepest {
                        return End::TooDeep;
                    }
                }
                b'}' | b']' if self.scan.depth > 0 => {
                    self.scan.depth -= 1;
                    if self.scan.depth == 0 {
                        return End::At(self.scanned + i + 1);
                    }
                }
                // Outside of any bracket: a plain value ends before a blank, a comma or a closing bracket.
                _ => return End::At((self.scanned + i).max(1)),
            }
            self.scanned += i + 1;
        }
    }
}

enum End {
    At(usize),
    NotYet,
    TooDeep,
    BrokenString,
}

/// The next byte that matters. At depth 0 blanks and commas matter as well.
fn structural(rest: &[u8], depth: usize) -> Option<usize> {
    let bracket = |b: &u8| matches!(b, b'"' | b'{' | b'[' | b'}' | b']');
    if depth == 0 {
        return rest.iter().position(|b| bracket(b) || *b == b',' || b.is_ascii_whitespace());
    }
    rest.iter().position(bracket)
}

enum Prefix {
    /// The buffer begins with a wrapper up to and including its `[`: this many bytes.
    Wrapper(usize),
    Plain,
    Undecided,
}

/// Whether an object begins with `"Records": [`, `"records": [` or `"value": [`: only a wrapper whose array comes first
/// is cut while it streams; any other object is read whole, and its envelope opened later.
fn wrapper_prefix(buffer: &[u8]) -> Prefix {
    let mut at = 1;
    let blanks = |at: usize| {
        buffer.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count()
    };
    at += blanks(at);
    let rest = buffer.get(at..).unwrap_or_default();
    let names: [&[u8]; 5] =
        [b"\"Records\"", b"\"records\"", b"\"value\"", b"\"Events\"", b"\"entries\""];
    let Some(name) = names.iter().find(|n| rest.starts_with(n)) else {
        let may_become = names.iter().any(|n| n.starts_with(rest));
        return if may_become { Prefix::Undecided } else { Prefix::Plain };
    };
    at += name.len();
    for wanted in [b':', b'['] {
        at += blanks(at);
        match buffer.get(at) {
            None => return Prefix::Undecided,
            Some(b) if *b == wanted => at += 1,
            Some(_) => return Prefix::Plain,
        }
    }
    Prefix::Wrapper(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &[u8], chunk: usize) -> Vec<String> {
        let mut splitter = Splitter::new();
        let mut pieces = Vec::new();
        for bytes in text.chunks(chunk) {
            pieces.extend(splitter.push(bytes));
        }
        pieces.extend(splitter.finish());
        pieces
            .into_iter()
            .map(|p| match p.value {
                Ok(value) => format!("{} {value}", p.position.line),
                Err(error) => format!("{} ! {error}", p.position.line),
            })
            .collect()
    }

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        for chunk in [1, 2, 3, 7, 4096] {
            assert_eq!(split(text.as_bytes(), chunk), expect, "in chunks of {chunk}");
        }
    }

    #[test]
    fn json_lines_and_pretty_values_mix() {
        check(
            "{\"a\":1}\n{\"b\":[1,\n2]}\n\n3 \"x\"",
            &["1 {\"a\":1}", "2 {\"b\":[1,2]}", "5 3", "5 \"x\""],
        );
    }

    #[test]
    fn a_wrapper_gives_its_elements_and_its_tail_is_no_event() {
        check(
            "{ \"Records\" : [ {\"a\":\"}\\\"\"} ,{\"b\":2}], \"next\": {\"x\":1} }\n{\"c\":3}",
            &["1 {\"a\":\"}\\\"\"}", "1 {\"b\":2}", "2 {\"c\":3}"],
        );
    }

    #[test]
    fn a_bare_array_gives_its_elements() {
        check("[{\"a\":1},\n{\"b\":2}]", &["1 {\"a\":1}", "2 {\"b\":2}"]);
    }

    #[test]
    fn one_damaged_line_costs_that_line_alone() {
        let pieces = split(b"{\"a\":1}\n{\"b\": nonsense}\n{\"c\":3}\n", 5);
        assert_eq!(pieces.len(), 3, "{pieces:?}");
        assert!(pieces[1].starts_with("2 ! not JSON"), "{pieces:?}");
        assert_eq!(pieces[2], "3 {\"c\":3}");
    }

    #[test]
    fn a_value_without_end_does_not_swallow_what_follows() {
        let pieces = split(b"{\"a\":1}\n{\"b\": [1, \n{\"c\":3}\n", 4);
        assert_eq!(pieces, ["1 {\"a\":1}", "2 ! the value has no end", "3 {\"c\":3}"]);
    }

    #[test]
    fn too_deep_is_told_at_once() {
        let text = format!("{}\n{{\"c\":3}}", "[".repeat(300).replace('[', "[{\"a\":"));
        let pieces = split(text.as_bytes(), 4096);
        assert_eq!(pieces.last().map(String::as_str), Some("2 {\"c\":3}"), "{pieces:?}");
    }

    #[test]
    fn damage_in_one_element_costs_that_element_alone() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let text = format!(
            "{{\"Records\":[{{\"a\":1}},{{\"b\":{deep}}},{{\"c\": nonsense}},{{\"d\":4}}]}}"
        );
        let pieces = split(text.as_bytes(), 64);
        let good: Vec<&String> = pieces.iter().filter(|p| !p.contains('!')).collect();
        assert_eq!(good, ["1 {\"a\":1}", "1 {\"d\":4}"], "{pieces:?}");
        assert_eq!(pieces.len(), 4);
    }

    #[test]
    fn what_a_damaged_value_holds_is_not_read_as_a_value_of_its_own() {
        let text = "{\"a\": [\n  {\"eventName\": \"Forged\"}\n\n{\"c\":3}\n";
        assert_eq!(split(text.as_bytes(), 7), ["1 ! the value has no end", "4 {\"c\":3}"]);
    }

    #[test]
    fn hostile_shapes_are_read_in_one_pass() {
        let brackets = format!("{{\"a\":[{}[]]}}", "[],".repeat(300_000));
        let blanks = format!("{{{}", " ".repeat(4_000_000));
        let open = "[\n".repeat(300_000);
        for text in [brackets, blanks, open] {
            assert!(!split(text.as_bytes(), 65_536).is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_chunks_give_the_same_values(text in "[\\[\\]{}:,\"ab1\\\\ \n]{0,40}", chunk in 1_usize..9) {
            let whole = split(text.as_bytes(), 4096);
            prop_assert_eq!(split(text.as_bytes(), chunk), whole);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), chunk in 1_usize..50) {
            let mut splitter = Splitter::new();
            for piece in bytes.chunks(chunk) {
                splitter.push(piece);
            }
            splitter.finish();
        }
    }
}
