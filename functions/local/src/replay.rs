//! `keyfence replay`: recorded events in, decisions out.
//!
//! Files are streamed one after another; what is no change is counted and forgotten at once. The rest is put in the order
//! of time, on disk where it is much, and judged within one estate: memory does not grow with the size of the input.

use crate::cli::Exit;
use crate::input::{self, Found};
use crate::order::{Sorter, Waiting};
use crate::summary::Summary;
use crate::text;
use crate::trail::Recorder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keyfence_analysis::change::{self, Dropped};
use keyfence_analysis::decision::Config;
use keyfence_analysis::estate::Estate;
use keyfence_analysis::event::{self, Decoded, Event, Outcome, Piece, Unwrapped};
use keyfence_analysis::judge::{self, Judge, Judgement, LiveStates};
use keyfence_analysis::model::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How a replay prints.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The format of results.
    pub format: Format,
    /// Whether dropped events are printed.
    pub all: bool,
    /// Whether colour may be used.
    pub colour: bool,
    /// Whether progress is shown.
    pub progress: bool,
}

/// What events are judged by.
#[derive(Debug)]
pub struct Given {
    /// What is known of the accounts.
    pub estate: Estate,
    /// The states after the events.
    pub live: LiveStates,
    /// The operator's configuration.
    pub config: Config,
}

/// Reads, judges, records, prints.
///
/// # Errors
/// When results cannot be written or an argument does not exist. Broken input is no error here: it is named on `talk`
/// and makes the exit *failed*.
pub fn run(
    found: &Found,
    given: Given,
    options: &Options,
    mut recorder: Option<&mut Recorder>,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut reading =
        Reading { summary: Summary::default(), sorter: Ok(Sorter::default()), options, last: None };
    reading.summary.skipped_files = found.skipped;
    let bar = progress(options.progress);
    for file in &found.files {
        reading.file(file, &bar, talk);
        if reading.sorter.is_err() {
            break;
        }
    }
    bar.finish_and_clear();
    let Reading { mut summary, sorter, .. } = reading;
    let mut judge = Judge::new(given.estate, given.live, given.config);
    let (mut heard, mut failed) = (true, false);
    for waiting in sorter?.finish()? {
        match waiting? {
            Waiting::Line(line) => match options.format {
                Format::Json => writeln!(out, "{}", text::safe_json(&line.to_string()))?,
                Format::Text => {
                    let detail = line.get("detail").and_then(Value::as_str).unwrap_or_default();
                    writeln!(out, "no event\n  dropped   {}\n", text::safe(detail))?;
                }
            },
            Waiting::Record(record, number) => {
                // Only what decoded as an event was kept.
                let Decoded::Event(event) = event::decode(&record) else { continue };
                let judgement = judge.judge(*event, number);
                summary.count(&judgement);
                // Recorded before it is told.
                if let Some(recorder) = &mut recorder
                    && let Some(problem) = recorder.record(&judgement)?
                {
                    let _ = writeln!(talk, "keyfence: {}", text::safe(&problem));
                    failed = true;
                }
                if heard {
                    heard = match print(&judgement, options, out) {
                        // Nobody reads any more (`| head`): what is recorded is recorded to the end.
                        Err(error) if recorder.is_some() && is_closed(&error) => false,
                        other => other.map(|()| true)?,
                    };
                }
            }
        }
    }
    if heard {
        out.flush()?;
    }
    summary.write(talk)?;
    if let Some(recorder) = recorder {
        recorder.finish(talk)?;
    }
    Ok(if failed { Exit::Failed } else { summary.exit() })
}

/// Whether whoever reads has heard enough.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let closed = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|e| e.downcast_ref()).any(closed)
}

fn print(judgement: &Judgement, options: &Options, out: &mut dyn Write) -> anyhow::Result<()> {
    let dropped = matches!(judgement.outcome, judge::Outcome::Dropped(_));
    if dropped && !options.all {
        return Ok(());
    }
    match options.format {
        Format::Json => writeln!(out, "{}", text::safe_json(&judgement.to_json().to_string()))?,
        Format::Text => text::write(judgement, options.colour, out)?,
    }
    Ok(())
}

fn progress(show: bool) -> ProgressBar {
    let target = if show { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {bytes} read, {bytes_per_sec}  {msg}")
    {
        bar.set_style(style);
    }
    bar
}

struct Reading<'a> {
    summary: Summary,
    /// Broken when no temporary file could be written.
    sorter: anyhow::Result<Sorter>,
    options: &'a Options,
    last: Option<Timestamp>,
}

impl Reading<'_> {
    fn file(&mut self, file: &Path, bar: &ProgressBar, talk: &mut dyn Write) {
        self.last = None;
        bar.set_message(file.display().to_string());
        let outcome =
            input::stream(file, |piece| self.piece(file, piece, talk), |bytes| bar.inc(bytes));
        if let Err(error) = outcome {
            self.malformed(&format!("{error:#}"), talk);
        }
    }

    fn piece(&mut self, file: &Path, piece: Piece, talk: &mut dyn Write) {
        let place = format!("{}: {}", file.display(), piece.position);
        match piece.value {
            Err(error) => self.malformed(&format!("{place}: {error}"), talk),
            Ok(value) => {
                for unwrapped in event::unwrap(value) {
                    self.unwrapped(unwrapped, piece.position.number, &place, talk);
                }
            }
        }
    }

    fn unwrapped(
        &mut self,
        unwrapped: Unwrapped,
        number: usize,
        place: &str,
        talk: &mut dyn Write,
    ) {
        match unwrapped {
            Unwrapped::Malformed(problem) => self.malformed(&format!("{place}: {problem}"), talk),
            Unwrapped::LogFile(object) => {
                self.summary.log_files += 1;
                self.drop_line(
                    &Dropped::Unrelated,
                    &format!("names the log file s3://{}/{}", object.bucket, object.key),
                );
            }
            Unwrapped::Record(record) => match event::decode(&record) {
                Decoded::Unrecognised(shape) => {
                    self.summary.drop(None, &Dropped::Unrelated);
                    self.drop_line(&Dropped::Unrelated, &format!("no audit event: {shape}"));
                }
                Decoded::Event(event) => self.event(&event, record, number),
            },
        }
    }

    /// What is no change is counted and forgotten, unless everything is to be printed. A started write is kept: the end
    /// of it may carry no body.
    fn event(&mut self, event: &Event, record: Value, number: usize) {
        self.last = event.time.or(self.last);
        let keep = match change::recognise(event) {
            Ok(_) | Err(Dropped::StartOnly) => true,
            Err(dropped) => {
                if !self.options.all {
                    self.summary.drop(Some(event.cloud), &dropped);
                }
                self.options.all
            }
        };
        if keep {
            let is_start = matches!(event.outcome, Outcome::Started);
            self.keep(is_start, &Waiting::Record(record, number));
        }
    }

    fn keep(&mut self, is_start: bool, waiting: &Waiting) {
        if let Ok(sorter) = &mut self.sorter
            && let Err(error) = sorter.push(self.last, is_start, waiting)
        {
            self.sorter = Err(error);
        }
    }

    fn malformed(&mut self, problem: &str, talk: &mut dyn Write) {
        let _ = writeln!(talk, "keyfence: {}", text::safe(problem));
        let dropped = Dropped::Malformed(problem.to_owned());
        self.summary.drop(None, &dropped);
        self.drop_line(&dropped, problem);
    }

    /// With `--all`, a line for what was no event at all.
    fn drop_line(&mut self, dropped: &Dropped, detail: &str) {
        if self.options.all {
            let event =
                json!({"cloud": null, "id": null, "name": null, "time": null, "actor": null});
            let line = json!({"event": event, "outcome": "dropped", "reason": dropped.reason(), "detail": detail});
            self.keep(false, &Waiting::Line(line));
        }
    }
}
