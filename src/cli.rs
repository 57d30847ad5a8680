//! The command line: types and help text, nothing that opens anything.

mod words;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::event::quantity;
use crate::sigma::Level;

pub use words::read_words;

/// top for your security operations
///
/// Tails structured logs, finds lockouts, abuse, injections and open circuit breakers with Sigma
/// rules, and shows how bad it is, live. Nothing to set up: point it at your logs.
#[derive(Debug, Parser)]
#[command(name = "soctop", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start here:\n  \
    soctop demo                        see it at work, no input needed\n  \
    soctop watch /var/log/app/*.log    live dashboard over your logs\n  \
    soctop trace req-7f3c2a90          everything with one correlation id\n  \
    soctop replay sample.log           what would the rules have said?\n\n\
    Flags of a command may stand before it as well: soctop --data-dir DIR search alice")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Configuration file [env: SOCTOP_CONFIG] [default: $XDG_CONFIG_HOME/soctop/config.toml, else
    /// /etc/soctop/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Watch(WatchArgs),
    Demo(DemoArgs),
    Replay(ReplayArgs),
    Ingest(IngestArgs),
    Search(SearchArgs),
    Trace(TraceArgs),
    Hunt(HuntArgs),
    Status(StatusArgs),
    Doctor(DoctorArgs),
    Report(ReportArgs),
    Case(CaseArgs),
    Decisions(DecisionsArgs),
    Explain(ExplainArgs),
    Rules(RulesArgs),
    Vocabulary(VocabularyArgs),
    Keys(KeysArgs),
    Config(ConfigArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Where the rules come from.
#[derive(Clone, Debug, Default, Args)]
pub struct RuleArgs {
    /// Rule file or folder (repeatable) that adds to the bundled ones
    #[arg(long = "rules", value_name = "PATH")]
    pub rules: Vec<PathBuf>,

    /// Rule file or folder (repeatable) instead of the bundled ones
    #[arg(long = "only-rules", value_name = "PATH")]
    pub only_rules: Vec<PathBuf>,

    /// Vocabulary file or folder (repeatable), asked before the bundled ones
    #[arg(long = "vocabulary", value_name = "PATH")]
    pub vocabulary: Vec<PathBuf>,

    /// Match rules whatever the logsource of the event
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_routing: Option<bool>,
}

/// Where the index lives.
#[derive(Clone, Debug, Default, Args)]
pub struct StoreArgs {
    /// Folder of the index and its cursors [env: SOCTOP_DATA_DIR] [default: $XDG_STATE_HOME/soctop]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// What of the index is kept, and how much disk and memory are left to others.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct KeepArgs {
    /// Remove what was read longer ago than this: `30d`, `12h`, `4w` [default: keep all]
    #[arg(long, value_name = "SPAN", value_parser = quantity::span)]
    pub retain: Option<i64>,

    /// Remove the oldest events when the data directory is larger: `20GB`, `500MB` [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub max_size: Option<u64>,

    /// Pause while less than this is free on the disk of the index: `512MB`, `5GB` [default: 5 %, at most 512 MiB]
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub keep_free: Option<u64>,

    /// Memory for everything that grows with what is read: `500MB`, `4GB` [default: 1 GiB, at most half of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub memory: Option<u64>,
}

/// How the dashboard draws.
#[derive(Clone, Debug, Default, Args)]
pub struct ScreenArgs {
    /// Most frames per second (keys are always answered at once) [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=30))]
    pub fps: Option<u16>,

    /// Letters and ASCII signs only
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub ascii: Option<bool>,

    /// No live clock and fewer repaints [env: NO_MOTION]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub no_motion: Option<bool>,

    /// Alerts as plain lines instead of the dashboard (also when the output is not a terminal)
    #[arg(long)]
    pub plain: bool,
}

/// Where reading begins in files that have not been read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// Everything in the files
    #[default]
    Start,
    /// Only what is written from now on
    End,
}

/// Watch logs live
///
/// Follows files, globs (expanded again as files appear), folders, or standard input (`-`) through
/// rotation and truncation. What has been read once is not read again after a restart.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Files, globs, folders, or `-`
    #[arg(value_name = "PATH|GLOB|-")]
    pub inputs: Vec<String>,

    /// Where to begin in files that have not been read before
    #[arg(long, value_enum, default_value_t)]
    pub from: From,

    /// Receive as well (repeatable): syslog by udp://, tcp:// or unix:///PATH, OpenTelemetry by http://
    #[arg(long, value_name = "URL")]
    pub listen: Vec<String>,

    /// Drop root once started and run as this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// File with the secret that senders over http:// give as `Authorization: Bearer`
    #[arg(long, value_name = "FILE")]
    pub listen_token_file: Option<PathBuf>,

    /// Read the systemd journal as well: of UNIT (repeatable), or all of it
    #[arg(long, value_name = "UNIT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub journald: Vec<String>,

    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub keep: KeepArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// Show the dashboard over a bundled story, no input needed
///
/// Ten minutes of five back ends under attack, replayed as if live, in a temporary folder.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many times faster than it happened
    #[arg(long, default_value_t = 4.0, value_name = "N")]
    pub speed: f64,

    /// Seed of the story: another number tells another one
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,

    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// Run the rules over recorded logs, with event time as the only clock
///
/// Deterministic: the same input gives the same output at any speed. Alerts go to standard output,
/// a summary comes last. Never touches the index.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Files, globs, folders, or `-`; or one case of `soctop case export`, which brings its rules
    #[arg(value_name = "PATH|GLOB|-", required = true)]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub rules: RuleArgs,

    /// As fast as possible, or N times as fast as it happened
    #[arg(long, value_name = "max|N", default_value = "max")]
    pub speed: Speed,

    #[arg(long, value_enum, default_value_t)]
    pub format: AlertFormat,

    /// Compare the incidents with FILE; exit 1 and show a diff when they differ
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,

    /// Print the incidents in the form that --expect reads
    #[arg(long, conflicts_with_all = ["expect", "conformance"])]
    pub print_expect: bool,

    /// Exit 1 when an incident of this level or higher is found
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    pub fail_on: Option<Level>,

    /// Raw matches and firings for test vectors: no routing, no incidents, unlimited lateness, no redaction
    #[arg(long, hide_short_help = true)]
    pub conformance: bool,
}

/// `--speed`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    Max,
    Times(f64),
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == "max" {
            return Ok(Speed::Max);
        }
        match word.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Speed::Times(times)),
            _ => Err("expected `max` or a number above 0".to_owned()),
        }
    }
}

/// How alerts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AlertFormat {
    /// A line for each, to read
    #[default]
    Table,
    /// One JSON object a line
    Ndjson,
}

/// Read files once into the index
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// Files, globs, folders, or `-`
    #[arg(value_name = "PATH|GLOB|-", required = true)]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub keep: KeepArgs,
}

/// Search the index
///
/// The language is that of the live filter, over short, canonical and original field names:
/// `user:alice status:>=500 level:>=warn -healthz`, `"connection refused"`, a correlation id.
/// Exits 1 when nothing is found.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Words, "phrases" and `field:value`, all required unless OR stands between; -word or NOT
    /// excludes; without a query, everything
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// Print only how many events match
    #[arg(long, conflicts_with_all = ["histogram", "top"])]
    pub count: bool,

    /// Print how many events match over time
    #[arg(long, conflicts_with = "top")]
    pub histogram: bool,

    /// Print the most frequent values of a field among the events that match
    #[arg(long, value_name = "FIELD")]
    pub top: Option<String>,

    /// Fields to print instead of the usual columns, separated by commas
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// From this time on: `2h`, `14:00`, `today`, RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Up to this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,

    /// Print at most this many events; the total is printed in any case
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,

    /// Which events come first, and which are left out by --limit
    #[arg(long, value_enum, default_value_t)]
    pub sort: Sort,

    /// How events are printed: for reading, for programs, or as they were written
    #[arg(long, value_enum, default_value_t)]
    pub format: RecordFormat,

    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Newest first
    #[default]
    Newest,
    /// Oldest first
    Oldest,
}

/// How events are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RecordFormat {
    /// In columns, with a line on standard error that says how complete it is
    #[default]
    Table,
    /// One JSON object a line, with every field by its name
    Ndjson,
    /// The lines as they were written
    Raw,
}

/// Show every event and alert that carries a correlation id
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// The id, or at least its first four characters where they are unique
    #[arg(value_name = "ID")]
    pub id: String,

    #[arg(long, value_enum, default_value_t)]
    pub format: RecordFormat,

    #[command(flatten)]
    pub store: StoreArgs,
}

/// Run rules over what is in the index
///
/// What would a rule have found? The index rules out most events, the others are examined as `replay` would examine
/// their lines, and correlated in the order of event time. What was masked before it was stored is masked for the rules,
/// too. Exits 1 when nothing is found.
#[derive(Debug, Args)]
pub struct HuntArgs {
    /// Rule files or folders, or rules by id, name or title [default: all that are configured]
    #[arg(value_name = "RULE|DIR")]
    pub wanted: Vec<String>,

    /// From this time on: `7d`, `14:00`, `today`, RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Up to this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,

    #[arg(long, value_enum, default_value_t)]
    pub format: AlertFormat,

    /// Print the incidents in the form that `replay --expect` reads
    #[arg(long)]
    pub print_expect: bool,

    #[command(flatten)]
    pub rules: RuleArgs,

    #[command(flatten)]
    pub store: StoreArgs,
}

/// Say in a few lines whether the logs are being read
///
/// Looks at the data directory alone, whether or not soctop is running. Exits 1 when something needs attention: a source
/// that is behind or gone, lost lines, nothing that reads.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Check the index: sizes, damage, how far each source was read
///
/// Compares every byte with its checksum, so it takes a while on a large index. Exits 1 when there is damage.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Skip the checksums: sizes and positions only
    #[arg(long)]
    pub quick: bool,

    /// Set damaged parts of the index aside, so that the rest works again
    #[arg(long)]
    pub quarantine: bool,

    #[command(flatten)]
    pub store: StoreArgs,
}

/// Report an incident for somebody else: its evidence and what was decided about it
///
/// Goes to standard output. Secrets were masked before anything was stored.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The id of the incident, or its beginning where that is unique; the dashboard shows it
    #[arg(value_name = "INCIDENT")]
    pub incident: String,

    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,

    #[command(flatten)]
    pub store: StoreArgs,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown
    #[default]
    Md,
    /// One HTML file, without a script
    Html,
    /// An OCSF Detection Finding, as JSON
    Ocsf,
}

/// Keep one incident in one file: its events, rules and decisions, to look at and replay elsewhere
#[derive(Debug, Args)]
pub struct CaseArgs {
    #[command(subcommand)]
    pub command: CaseCommand,
}

#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    Export(CaseExportArgs),
    Open(CaseOpenArgs),
}

/// Write an incident into a file
///
/// A text file: the incident, its rules as they are written, what was decided, its events as they are stored (secrets are
/// masked), a checksum. `soctop replay FILE` finds the same incident again; the export tries that and says whether it does.
#[derive(Debug, Args)]
pub struct CaseExportArgs {
    /// The id of the incident, or its beginning where that is unique; the dashboard shows it
    #[arg(value_name = "INCIDENT")]
    pub incident: String,

    /// The new file, or `-`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Look at a case: on the dashboard, or as a report where the output is not a terminal
///
/// Reads nothing but the file, and stores nothing.
#[derive(Debug, Args)]
pub struct CaseOpenArgs {
    /// The case, or `-`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// As a report, even on a terminal
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,

    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// List the actions of the dashboard, by the names that `[keys]` in the configuration takes, with their keys
#[derive(Debug, Args)]
pub struct KeysArgs {}

/// Show who decided what about incidents, oldest first
#[derive(Debug, Args)]
pub struct DecisionsArgs {
    #[arg(long, value_enum, default_value_t)]
    pub format: AlertFormat,

    #[command(flatten)]
    pub store: StoreArgs,
}

/// Show what soctop makes of a line: format, fields and how each was found, time, ids, matching rules
///
/// Reads a line given as one word, every line of a file, or standard input. Nothing is stored.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The line itself, a file, or `-` (the default)
    #[arg(value_name = "LINE|FILE|-")]
    pub subject: Option<String>,

    /// Read it as if it came from this file: its configuration applies
    #[arg(long, value_name = "PATH")]
    pub source: Option<PathBuf>,

    #[arg(long, value_enum, default_value_t)]
    pub format: AlertFormat,

    #[command(flatten)]
    pub rules: RuleArgs,
}

/// Check and test the vocabulary files, which say how products word what happened, or begin a new one
#[derive(Debug, Args)]
pub struct VocabularyArgs {
    #[command(subcommand)]
    pub command: VocabularyCommand,
}

#[derive(Debug, Subcommand)]
pub enum VocabularyCommand {
    /// Report everything that is wrong or doubtful, with the line and a hint
    Check {
        /// Vocabulary files or folders [default: the bundled ones]
        #[arg(value_name = "PATH")]
        files: Vec<PathBuf>,
    },
    /// Read the lines under `tests` and compare what they state
    Test {
        /// Vocabulary files or folders [default: the bundled ones]
        #[arg(value_name = "PATH")]
        files: Vec<PathBuf>,
    },
    /// List lines that matter and state no fact, by their shape: what a vocabulary still lacks
    Unknown {
        /// Vocabulary file or folder (repeatable), asked before the bundled ones
        #[arg(long = "vocabulary", value_name = "PATH")]
        vocabulary: Vec<PathBuf>,

        /// Shapes to list
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,

        /// Logs to look through; `-` is standard input
        #[arg(value_name = "LOG", required = true)]
        logs: Vec<PathBuf>,
    },
    /// Print a file with a guessed entry for a line
    New {
        /// The product that writes such lines
        #[arg(long, value_name = "NAME", default_value = "mine")]
        product: String,

        /// The fact that the line states
        #[arg(long, value_name = "FACT")]
        fact: String,

        /// The message, without its head
        line: String,
    },
}

/// Check, list, explain and test rules
#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    pub command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Report everything that is wrong or doubtful, with the line and a hint
    Check {
        #[command(flatten)]
        rules: RulePaths,
    },
    /// List rules with level, logsource and the literals they are indexed by
    List {
        #[command(flatten)]
        rules: RulePaths,

        /// Run the rules over this log and list how often each was evaluated and matched
        #[arg(long, value_name = "FILE")]
        events: Option<PathBuf>,

        #[arg(long, value_enum, default_value_t)]
        format: AlertFormat,
    },
    /// Explain one rule in words and in its compiled form
    Show {
        /// Id or name of the rule, or a part of its title
        rule: String,

        #[command(flatten)]
        rules: RulePaths,

        /// Say for each event of this log which parts of the rule match, and why the others do not
        #[arg(long, value_name = "FILE")]
        event: Option<PathBuf>,
    },
    /// Run the tests written in rules (`soctop: tests:`)
    Test {
        #[command(flatten)]
        rules: RulePaths,
    },
    Diff(DiffArgs),
    /// Propose filters for what recorded logs keep reporting, with what each would have hidden
    Tune {
        #[command(flatten)]
        rules: RuleArgs,

        /// How many incidents must share a value
        #[arg(long, value_name = "N", default_value_t = 3)]
        least: usize,

        /// Files, globs, folders, or `-`
        #[arg(value_name = "PATH|GLOB|-", required = true)]
        logs: Vec<String>,
    },
    /// Write the bundled rules into a folder, to read or to change them
    Export {
        /// A new or empty folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Say what an edit of rules would have changed
///
/// Runs both over what is in the index, as `hunt` does. Exits 1 when they do not find the same.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The rules before: a file or folder
    #[arg(value_name = "OLD")]
    pub old: PathBuf,

    /// The rules after
    #[arg(value_name = "NEW")]
    pub new: PathBuf,

    /// From this time on: `7d`, `14:00`, `today`, RFC 3339
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Up to this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,

    #[command(flatten)]
    pub store: StoreArgs,
}

/// Which rules a command is about, written either way.
#[derive(Debug, Args)]
pub struct RulePaths {
    /// Rule files or folders [default: those of the configuration, else the bundled rules]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The same, written as for other commands (repeatable)
    #[arg(long = "rules", alias = "only-rules", value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}

/// Print a configuration file to start from, or what is in force
///
/// Without flags: a template in which everything is commented out and explained.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The configuration in force, and who decided each value: flag, environment, file or default
    #[arg(long)]
    pub effective: bool,

    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub keep: KeepArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    pub shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
pub struct ManArgs {}

fn parse_level(word: &str) -> Result<Level, String> {
    Level::parse(word).ok_or_else(|| {
        let known: Vec<_> = Level::ALL.iter().map(|level| level.word()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn speed_takes_max_or_a_positive_number() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("2.5".parse(), Ok(Speed::Times(2.5)));
        for bad in ["", "0", "-1", "nan", "inf", "fast"] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }
}
