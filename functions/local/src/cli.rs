//! The command line.

use crate::question::{self, Senseless};
use crate::replay::{self, Format, Options};
use crate::{ask, estate, input, text, trail};
use clap::{Parser, Subcommand};
use keyfence_analysis::decision::Config;
use keyfence_analysis::model::{Access, Timestamp};
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
    /// The clock.
    pub clock: fn() -> keyfence_trail::Moment,
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
    /// A trail is broken.
    Broken,
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
            Self::Broken => 3,
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
    /// For every protected store: is its key a fence, and who reads it with no right on the key
    Fences {
        #[command(flatten)]
        of: EstateArguments,
    },
    /// Who has a kind of access to a store or key, directly and indirectly
    WhoCan {
        /// read, write, delete, administer, decrypt or key-administer
        #[arg(value_parser = access)]
        access: Access,
        /// An ARN, an ARM resource id or a full resource name
        resource: String,
        #[command(flatten)]
        of: EstateArguments,
    },
    /// Explain one request: may the principal do this to that
    Can(CanArguments),
    /// Access gained and lost between two estates
    Diff {
        /// The estate before
        before: PathBuf,
        /// The estate after
        after: PathBuf,
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// The audit trail: seal it, verify it, show what is in it
    Trail {
        #[command(subcommand)]
        command: TrailCommand,
    },
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

#[derive(Debug, Subcommand)]
enum TrailCommand {
    /// Put what was recorded into an order and prove it by a signed checkpoint
    Seal {
        #[command(flatten)]
        at: trail::Where,
        #[command(flatten)]
        key: trail::KeyArgument,
        /// Write a copy of the checkpoint, to be kept in another place
        #[arg(long, value_name = "FILE")]
        copy: Option<PathBuf>,
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Check everything while nobody writes; name the first thing that is wrong (exit code 3)
    Verify {
        #[command(flatten)]
        at: trail::Where,
        /// A checkpoint that was kept elsewhere: a history that was rewritten does not fit it
        #[arg(long, value_name = "CHECKPOINT")]
        against: Vec<PathBuf>,
        /// The first key's verifier key, known from elsewhere
        #[arg(long)]
        vkey: Option<String>,
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Explain one decision
    Show {
        /// The decision: the id of its record, its change key, or its event's id; the beginning is enough
        decision: String,
        #[command(flatten)]
        at: trail::Where,
        /// Write a proof that it is in the trail (C2SP tlog-proof), and beside it the record that it proves
        #[arg(long, value_name = "FILE")]
        proof: Option<PathBuf>,
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// List decisions
    List {
        #[command(flatten)]
        at: trail::Where,
        #[command(flatten)]
        filter: trail::Filter,
        /// How results are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write decisions for other tools
    Export {
        #[command(flatten)]
        at: trail::Where,
        #[command(flatten)]
        filter: trail::Filter,
        /// The form
        #[arg(long = "as", value_enum, default_value = "jsonl")]
        form: trail::ExportForm,
    },
    /// Let a new key follow the one that signs
    Rotate {
        #[command(flatten)]
        at: trail::Where,
        #[command(flatten)]
        key: trail::KeyArgument,
        /// The file of the new key, which is made
        #[arg(long, value_name = "FILE")]
        new_key: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct EstateArguments {
    /// What is known of the accounts
    #[arg(long, value_name = "DIR")]
    estate: PathBuf,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct CanArguments {
    /// An ARN, an object id, a member (`user:…`), `public` or `any-authenticated`
    principal: String,
    /// A kind of access (read, …) or an action of the cloud (`s3:GetObject`, `storage.objects.get`, …)
    action: String,
    /// An ARN, an ARM resource id or a full resource name; for an action also of a single object
    resource: String,
    #[command(flatten)]
    of: EstateArguments,
    /// What the request carries: a condition key with a value; again for further values
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// The request carries nothing else: condition keys that are not given are absent
    #[arg(long)]
    closed: bool,
    /// A session policy of AWS, as a JSON file
    #[arg(long, value_name = "FILE")]
    session_policy: Vec<PathBuf>,
}

fn access(word: &str) -> Result<Access, String> {
    Access::parse(word).ok_or_else(|| format!("expected one of {}", question::words()))
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
    /// Record every judged change in the trail in this folder, which is begun if it is not there, and seal it
    #[arg(long, value_name = "DIR")]
    trail: Option<PathBuf>,
    #[command(flatten)]
    key: trail::KeyArgument,
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
    let words: Vec<OsString> = arguments.into_iter().collect();
    // What is wrong is told with the words themselves: without what steers a terminal.
    let safe_words = || words.iter().map(|w| text::safe(&w.to_string_lossy()).into());
    let parsed = Arguments::try_parse_from(&words).map_err(|error| {
        Arguments::try_parse_from(safe_words().collect::<Vec<OsString>>()).err().unwrap_or(error)
    });
    let arguments = match parsed {
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
        Command::Fences { of } => {
            estate::load(&of.estate).and_then(|estate| ask::show_fences(&estate, of.format, out))
        }
        Command::WhoCan { access, resource, of } => estate::load(&of.estate)
            .and_then(|estate| ask::who_can(&estate, access, &resource, of.format, out)),
        Command::Can(arguments) => can(&arguments, out),
        Command::Diff { before, after, format } => estate::load(&before)
            .and_then(|before| ask::diff(&before, &estate::load(&after)?, format, out)),
        Command::Trail { command } => trail_command(command, (around.clock)(), out, talk),
        Command::Rules { format } => rules(format, out),
        Command::Config { command: ConfigCommand::Check { file, format } } => {
            check_config(&file, format, around, out)
        }
    };
    done.unwrap_or_else(|error| {
        // Whoever reads has heard enough (`| head`): no failure of ours.
        if replay::is_closed(&error) {
            return Exit::Quiet;
        }
        let _ = writeln!(talk, "keyfence: {}", text::safe_lines(&format!("{error:#}")));
        let stops = |e: &keyfence_trail::Error| e.class() == keyfence_trail::Class::Stop;
        if error.chain().filter_map(|e| e.downcast_ref()).any(stops) {
            return Exit::Broken;
        }
        let senseless = error.chain().any(|e| e.downcast_ref::<Senseless>().is_some());
        if senseless { Exit::Usage } else { Exit::Failed }
    })
}

fn trail_command(
    command: TrailCommand,
    now: keyfence_trail::Moment,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match command {
        TrailCommand::Seal { at, key, copy, format } => {
            trail::show_seal(&at, &key, copy.as_deref(), format, now, out)
        }
        TrailCommand::Verify { at, against, vkey, format } => {
            trail::show_verify(&at, &against, vkey, format, now, out)
        }
        TrailCommand::Show { decision, at, proof, format } => {
            trail::show(&at, &decision, proof.as_deref(), format, out, talk)
        }
        TrailCommand::List { at, filter, format } => trail::list(&at, &filter, format, out, talk),
        TrailCommand::Export { at, filter, form } => trail::export(&at, &filter, form, out, talk),
        TrailCommand::Rotate { at, key, new_key } => trail::rotate(&at, &key, &new_key, now, out),
    }
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
    let config = arguments.config.as_deref().map(estate::load_config).transpose()?;
    let (config, config_text) = config.unzip();
    // No trail is begun for events that are not there.
    let events = input::find(&arguments.events)?;
    let open = |folder: &PathBuf| {
        trail::Recorder::open(folder, &arguments.key, config_text.as_deref(), around.clock)
    };
    let mut recorder = arguments.trail.as_ref().map(open).transpose()?;
    let options = Options {
        format: arguments.format,
        all: arguments.all,
        colour: around.colour,
        progress: around.progress,
    };
    let given = replay::Given { estate, live, config: config.unwrap_or_default() };
    replay::run(&events, given, &options, recorder.as_mut(), out, talk)
}

fn can(arguments: &CanArguments, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let estate = estate::load(&arguments.of.estate)?;
    let policies = arguments
        .session_policy
        .iter()
        .map(|file| Ok((text::named(file), estate::read_text(file)?)));
    let given = question::Given {
        context: arguments.context.clone(),
        closed: arguments.closed,
        session_policies: policies.collect::<anyhow::Result<_>>()?,
    };
    let asked = (&*arguments.principal, &*arguments.action, &*arguments.resource);
    ask::can(&estate, asked, &given, arguments.of.format, out)
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
    let name = text::named(file);
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
