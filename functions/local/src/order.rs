//! Putting records in the order of their times, in bounded memory.
//!
//! What is small stays in memory. When more than [`HELD_BYTES`] wait, they are sorted and written to a temporary file,
//! a *run*; at the end all runs are merged. One file is open per run.

use anyhow::Context;
use keyfence_analysis::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};

/// Bytes of JSON text that wait in memory.
const HELD_BYTES: usize = 64 << 20;

/// The place in the order. At one time a start comes before its end, since exports list the newest first; then counts
/// the order of reading. What has no time and nothing before it comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    time: Option<(i64, u32)>,
    after_start: bool,
    sequence: u64,
}

/// What waits for its turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Waiting {
    /// The record of an event, and its number in its file.
    Record(Value, usize),
    /// A line about something that was no event.
    Line(Value),
}

/// The line before the JSON text in a run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Head {
    key: Key,
    /// `None` for a line.
    number: Option<usize>,
}

/// Takes what comes in any order.
#[derive(Debug)]
pub struct Sorter {
    limit: usize,
    sequence: u64,
    held: Vec<(Head, String)>,
    bytes: usize,
    runs: Vec<File>,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::with_limit(HELD_BYTES)
    }
}

impl Sorter {
    fn with_limit(limit: usize) -> Self {
        Self { limit, sequence: 0, held: Vec::new(), bytes: 0, runs: Vec::new() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// When no temporary file can be written.
    pub fn push(
        &mut self,
        time: Option<Timestamp>,
        is_start: bool,
        waiting: &Waiting,
    ) -> anyhow::Result<()> {
        let key = Key {
            time: time.map(Timestamp::to_unix),
            after_start: !is_start,
            sequence: self.sequence,
        };
        self.sequence += 1;
        let (number, text) = match waiting {
            Waiting::Record(record, number) => (Some(*number), record.to_string()),
            Waiting::Line(line) => (None, line.to_string()),
        };
        self.bytes += text.len();
        self.held.push((Head { key, number }, text));
        if self.bytes > self.limit {
            self.spill().context(
                "cannot write a temporary file for sorting; TMPDIR names the folder for it",
            )?;
        }
        Ok(())
    }

    fn spill(&mut self) -> anyhow::Result<()> {
        self.held.sort_by_key(|(head, _)| head.key);
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for (head, text) in self.held.drain(..) {
            serde_json::to_writer(&mut out, &head)?;
            writeln!(out, "\n{text}")?;
        }
        let mut file = out.into_inner()?;
        file.rewind()?;
        self.runs.push(file);
        self.bytes = 0;
        Ok(())
    }

    /// Everything in order.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn finish(mut self) -> anyhow::Result<Sorted> {
        self.held.sort_by_key(|(head, _)| head.key);
        let mut runs: Vec<Run> =
            self.runs.into_iter().map(|file| Run::File(BufReader::new(file))).collect();
        runs.push(Run::Memory(self.held.into_iter()));
        let mut heap = BinaryHeap::new();
        for (place, run) in runs.iter_mut().enumerate() {
            if let Some((head, text)) = run.next()? {
                heap.push(Reverse((head.key, place, head.number, text)));
            }
        }
        Ok(Sorted { runs, heap })
    }
}

#[derive(Debug)]
enum Run {
    File(BufReader<File>),
    Memory(std::vec::IntoIter<(Head, String)>),
}

impl Run {
    fn next(&mut self) -> anyhow::Result<Option<(Head, String)>> {
        match self {
            Self::Memory(items) => Ok(items.next()),
            Self::File(file) => {
                let (mut head, mut text) = (String::new(), String::new());
                if file.read_line(&mut head)? == 0 {
                    return Ok(None);
                }
                file.read_line(&mut text)?;
                Ok(Some((serde_json::from_str(&head)?, text)))
            }
        }
    }
}

type Next = Reverse<(Key, usize, Option<usize>, String)>;

/// Gives back what was taken, in order.
#[derive(Debug)]
pub struct Sorted {
    runs: Vec<Run>,
    heap: BinaryHeap<Next>,
}

impl Sorted {
    fn take(&mut self) -> anyhow::Result<Option<Waiting>> {
        let Some(Reverse((_, place, number, text))) = self.heap.pop() else { return Ok(None) };
        if let Some(run) = self.runs.get_mut(place)
            && let Some((head, text)) = run.next()?
        {
            self.heap.push(Reverse((head.key, place, head.number, text)));
        }
        let value = serde_json::from_str(&text)?;
        Ok(Some(match number {
            Some(number) => Waiting::Record(value, number),
            None => Waiting::Line(value),
        }))
    }
}

impl Iterator for Sorted {
    type Item = anyhow::Result<Waiting>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take().context("cannot read back a temporary file").transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(limit: usize, times: &[(Option<i64>, bool)]) -> Vec<usize> {
        let mut sorter = Sorter::with_limit(limit);
        for (i, (time, start)) in times.iter().enumerate() {
            let time = time.and_then(Timestamp::from_unix);
            sorter
                .push(time, *start, &Waiting::Record(json!({"n": i, "text": "a\nb"}), i))
                .unwrap();
        }
        sorter
            .finish()
            .unwrap()
            .map(|w| match w.unwrap() {
                Waiting::Record(record, number) => {
                    assert_eq!(record, json!({"n": number, "text": "a\nb"}));
                    number
                }
                Waiting::Line(line) => panic!("{line}"),
            })
            .collect()
    }

    #[test]
    fn the_order_is_the_same_in_memory_and_on_disk() {
        let times: Vec<(Option<i64>, bool)> =
            (0..200).map(|i| ((i % 7 != 0).then_some(i * 7919 % 101), i % 5 == 0)).collect();
        let mut expect: Vec<usize> = (0..times.len()).collect();
        expect.sort_by_key(|i| (times[*i].0, !times[*i].1));
        assert_eq!(order(usize::MAX, &times), expect);
        assert_eq!(order(100, &times), expect);
        assert_eq!(order(0, &times), expect);
    }
}
