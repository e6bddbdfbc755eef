//! The command line.

use crate::replay::{self, Format, Options};
use crate::{estate, text};
use clap::{Parser, Subcommand};
use keyfence_analysis::decision::Config;
use keyfence_analysis::model::Timestamp;
use keyfence_analysis::rule::Rule;
use serde_json::json;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the process finds around itself.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// Whether colour may be written to stdout.
    pub colour: bool,
    /// Whether progress may be written to stderr.
    pub progress: bool,
    /// The time of the start.
    pub now: Timestamp,
}

/// The time now. A clock before 1970 counts as 1970.
#[must_use]
pub fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    i64::try_from(seconds).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::EPOCH)
}

/// How a run ended. The first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing was found.
    Quiet,
    /// Something failed, or some input could not be read; there may be findings as well.
    Failed,
    /// There are findings.
    Findings,
    /// The command line was wrong.
    Usage,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Quiet => 0,
            Self::Failed => 1,
            Self::Findings => 2,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Who can now reach which protected data that they could not reach before, in three clouds.
#[derive(Debug, Parser)]
#[command(name = "keyfence", version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge recorded audit events
    Replay(ReplayArguments),
    /// List the rules
    Rules {
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Look after the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, clap::Args)]
struct ReplayArguments {
    /// Event files, folders (walked), or `-` for standard input; JSON or JSON lines, gzipped or not
    #[arg(required = true)]
    events: Vec<PathBuf>,
    /// What is known of the accounts before the first event
    #[arg(long, value_name = "DIR")]
    estate: Option<PathBuf>,
    /// The state after the events, for changes whose events do not carry it
    #[arg(long, value_name = "DIR")]
    after: Option<PathBuf>,
    /// The operator's configuration; without one the mode is observe
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print dropped events too
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check a configuration file and explain what is wrong, by line
    Check {
        /// The file
        file: PathBuf,
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// Runs a command line. Results go to `out`, talk to `talk`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    around: &Surroundings,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            let _ = write!(talk, "{error}");
            return Exit::Usage;
        }
        // `--help` and `--version` are results.
        Err(help) => {
            let _ = write!(out, "{help}");
            return Exit::Quiet;
        }
    };
    let done = match arguments.command {
        Command::Replay(arguments) => replay(arguments, around, out, talk),
        Command::Rules { format } => rules(format, out),
        Command::Config { command: ConfigCommand::Check { file, format } } => {
            check_config(&file, format, around, out)
        }
    };
    done.unwrap_or_else(|error| {
        // Whoever reads has heard enough (`| head`): no failure of ours.
        let closed = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
        if error.chain().filter_map(|e| e.downcast_ref()).any(closed) {
            return Exit::Quiet;
        }
        let _ = writeln!(talk, "keyfence: {}", text::safe_lines(&format!("{error:#}")));
        Exit::Failed
    })
}

fn replay(
    arguments: ReplayArguments,
    around: &Surroundings,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let estate = arguments.estate.as_deref().map(estate::load).transpose()?.unwrap_or_default();
    let live =
        arguments.after.as_deref().map(estate::load_overlay).transpose()?.unwrap_or_default();
    let config =
        arguments.config.as_deref().map(estate::load_config).transpose()?.unwrap_or_default();
    let options = Options {
        format: arguments.format,
        all: arguments.all,
        colour: around.colour,
        progress: around.progress,
    };
    replay::run(&arguments.events, estate, live, config, &options, out, talk)
}

fn rules(format: Format, out: &mut dyn Write) -> anyhow::Result<Exit> {
    for rule in Rule::ALL {
        match format {
            Format::Text => writeln!(out, "{:<18} {}", rule.id(), rule.title())?,
            Format::Json => writeln!(out, "{}", json!({"rule": rule.id(), "title": rule.title()}))?,
        }
    }
    Ok(Exit::Quiet)
}

fn check_config(
    file: &std::path::Path,
    format: Format,
    around: &Surroundings,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let content = estate::read_text(file)?;
    let name = file.display();
    let (errors, warnings) = match Config::parse(&content) {
        Ok(config) => (Vec::new(), config.warnings(around.now)),
        Err(errors) => (errors, Vec::new()),
    };
    for error in &errors {
        match format {
            Format::Text => {
                writeln!(out, "{name}:{}: error: {}", error.line, text::safe(&error.problem))?
            }
            Format::Json => writeln!(
                out,
                "{}",
                json!({"level": "error", "line": error.line, "problem": error.problem})
            )?,
        }
    }
    for warning in &warnings {
        match format {
            Format::Text => writeln!(out, "{name}: warning: {}", text::safe(warning))?,
            Format::Json => writeln!(out, "{}", json!({"level": "warning", "problem": warning}))?,
        }
    }
    if errors.is_empty() && format == Format::Text {
        writeln!(out, "{name}: ok")?;
    }
    Ok(if errors.is_empty() { Exit::Quiet } else { Exit::Failed })
}
