//! What `watch` and `demo` share: a running engine, shown as a dashboard or as plain lines.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, never, select, tick};

use super::print::{self, Out};
use super::session;
use super::settings;
use super::storm::{self, Storm};
use crate::alert::Alert;
use crate::cli::ScreenArgs;
use crate::config::{self, Config, LoadedRules};
use crate::correlate::CorrelatorOptions;
use crate::event::{Cause, Timestamp};
use crate::exit::{Exit, Hinted};
use crate::facts::Vocabulary;
use crate::index;
use crate::normalize;
use crate::pipeline::{
    self, Clock, EngineOptions, Live, LiveError, LiveOptions, NO_RULES_HINT, PLAIN_ALERTS,
};
use crate::sigma::Severity;
use crate::state::{KnownNetworks, Snapshot, SourceRow, Trouble};
use crate::text::Safe;
use crate::tui;
use crate::view::Palette;
use crate::view::scene::Stream;

/// Now.
pub fn wall_clock() -> Timestamp {
    Clock::Wall.now()
}

/// Loads the rules that are configured; what is wrong with others is part of the result.
pub fn load_rules(config: &Config) -> anyhow::Result<LoadedRules> {
    Ok(config::configured_rules(config)?)
}

/// How events of recordings are normalised: the time of reading says nothing about them.
pub fn recorded(config: &Config) -> anyhow::Result<normalize::Options> {
    let redaction = config.redaction.applied(normalize::Redaction::default());
    let vocabulary = load_vocabulary(config)?;
    let benign = known_benign(config);
    Ok(normalize::Options { max_skew: None, redaction, benign, vocabulary, ..normalize::Options::default() })
}

/// What is configured to be harmless.
pub fn known_benign(config: &Config) -> Arc<[normalize::Benign]> {
    config.benign.iter().map(|known| known.benign.clone()).collect()
}

/// How an engine goes over recordings as configured.
pub fn replaying(config: &Config) -> anyhow::Result<EngineOptions> {
    Ok(EngineOptions {
        routing: config.rules.routing.value,
        correlate: CorrelatorOptions { replayed: true, ..CorrelatorOptions::default() },
        normalize: recorded(config)?,
        sources: config.sources.clone(),
        workers: None,
    })
}

/// Loads the vocabulary that is configured; what is wrong in the user's files is said on standard error.
pub fn load_vocabulary(config: &Config) -> anyhow::Result<Arc<Vocabulary>> {
    let vocabulary = config::load_vocabulary(&config.rules.vocabulary.value)?;
    let errors = vocabulary.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    for diagnostic in errors {
        print::talk(Safe::new(&format!("{}: {}", diagnostic.at, diagnostic.message)).as_str());
    }
    Ok(vocabulary)
}

/// An error of the index with its next step, where it knows one.
pub fn index_error(error: index::Error) -> anyhow::Error {
    match error.hint() {
        Some(hint) => Hinted::error(error.to_string(), hint),
        None => error.into(),
    }
}

/// Starts the engine.
pub fn start(options: LiveOptions) -> anyhow::Result<Live> {
    pipeline::start(options).map_err(|error| match error {
        LiveError::Index(error) => index_error(error),
        LiveError::ReadsItself { .. } => Hinted::error(
            error.to_string(),
            "name another with `--data-dir`, or a pattern that does not reach it",
        ),
        other => other.into(),
    })
}

/// Whether alerts go to standard output as lines instead of the dashboard.
pub fn is_plain(screen: &ScreenArgs) -> bool {
    screen.plain || !io::stdout().is_terminal()
}

/// Says on standard error what is wrong with rules; the dashboard shows it by itself.
pub fn report_rule_problems(loaded: &LoadedRules) {
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    for diagnostic in errors {
        print::talk(&format!("{}", Safe::new(&format!("{}: {}", diagnostic.at, diagnostic.message))));
    }
}

/// Runs the dashboard until its user leaves it, then stops the engine. A recorded story says when it ends.
pub fn show(
    live: Live,
    config: &Config,
    stream: Stream,
    story_ends: Option<Timestamp>,
) -> anyhow::Result<Exit> {
    let screen = &config.screen;
    let user = user_name();
    // What was looked at in a story or a case is over with it.
    let data_dir = if stream == Stream::Live { Some(settings::data_dir(config)?) } else { None };
    let session = data_dir.as_deref().map(|folder| session::read(folder, &user)).unwrap_or_default();
    let options = tui::Options {
        frames_per_second: screen.frames_per_second.value,
        ascii: screen.ascii.value,
        color: allows_color(),
        stream,
        story_ends,
        clock: crate::view::Clock {
            local_offset_seconds: local_offset_seconds(),
            ..crate::view::Clock::default()
        },
        host: host_name(),
        user: user.clone(),
        session,
        keymap: settings::keymap(config).unwrap_or_default(),
        palette: Palette::named(&screen.theme.value).unwrap_or_default(),
        mouse: screen.mouse.value,
        networks: known_networks(config),
        reduced_motion: screen.no_motion.value,
        ..tui::Options::default()
    };
    let mut kept = Ok(());
    let mut keep = |left: &tui::LeftOff| {
        kept = data_dir.as_deref().map_or(Ok(()), |folder| session::write(folder, &user, left));
    };
    let shown = tui::run(live.handle(), options, &mut keep);
    let stopped = live.stop();
    shown?;
    if let Err(error) = kept {
        print::talk(&format!("what was on the screen could not be remembered: {error}"));
    }
    stopped?;
    Ok(Exit::Fine)
}

/// `NO_COLOR` with any value but the empty one, and terminals that have none.
fn allows_color() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    !is_set("NO_COLOR") && !is_dumb
}

fn local_offset_seconds() -> i32 {
    chrono::Local::now().offset().local_minus_utc()
}

fn known_networks(config: &Config) -> KnownNetworks {
    let named = config
        .networks
        .iter()
        .flat_map(|named| named.networks.iter().map(|network| (named.name.clone(), *network)));
    KnownNetworks::new(named)
}

/// Who looks, as the system names them; without a name the number.
pub fn user_name() -> String {
    let said = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let user = rustix::process::getuid().as_raw();
    let known = || nix::unistd::User::from_uid(user.into()).ok().flatten().map(|user| user.name);
    said.filter(|name| !name.is_empty()).or_else(known).unwrap_or_else(|| format!("uid {user}"))
}

/// The name of this machine, without its domain; empty when the system does not tell.
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Remarks about rules on their way to standard error. Full: whoever says them waits.
const PLAIN_REMARKS: usize = 64;

/// The other end of [`pipeline::PlainOutput`].
pub struct Lines {
    alerts: Receiver<Alert>,
    remarks: Receiver<String>,
}

/// Both ends of what is said where there is no dashboard.
pub fn plain_lines() -> (pipeline::PlainOutput, Lines) {
    let (alerts, printed) = bounded(PLAIN_ALERTS);
    let (remarks, said) = bounded(PLAIN_REMARKS);
    (pipeline::PlainOutput { alerts, remarks }, Lines { alerts: printed, remarks: said })
}

/// Prints alerts as they are committed, until the input ends, a signal comes or nobody reads them any
/// more.
pub fn print_alerts(live: Live, lines: Lines) -> anyhow::Result<Exit> {
    let interrupted = pipeline::stop_on_signal(live.stopper())?;
    let snapshots = live.handle().snapshots;
    let printed = print_lines(&lines);
    // The committer waits for a printer that is still there, and stopping waits for the committer.
    drop(lines);
    live.stop()?;
    printed?;
    refuse_blindness(&snapshots.load())?;
    Ok(if interrupted.load(Ordering::Relaxed) { Exit::Interrupted } else { Exit::Fine })
}

/// Where nothing but alerts is shown, a run without rules does nothing.
///
/// # Errors
/// Then.
pub fn refuse_without_rules(loaded: &LoadedRules) -> anyhow::Result<()> {
    match loaded.rules.is_empty() {
        true => Err(Hinted::error("no rule is loaded, so nothing would be detected", NO_RULES_HINT)),
        false => Ok(()),
    }
}

/// A run that could read none of its inputs did not do its work.
///
/// # Errors
/// Then, with what stood in the way.
pub fn refuse_blindness(end: &Snapshot) -> anyhow::Result<()> {
    let was_read = |row: &SourceRow| row.status.trouble.is_none() || row.status.read_bytes > 0;
    if end.ledger.lines() > 0 || end.sources.iter().any(was_read) {
        return Ok(());
    }
    let blinding = |trouble: &&Trouble| {
        !matches!(trouble.cause, Cause::Store | Cause::DiskFull | Cause::Memory | Cause::NoRules)
    };
    match end.troubles.iter().find(blinding) {
        Some(trouble) => {
            // What appears later is read only by who still runs.
            let hint = trouble.hint.clone().filter(|_| trouble.cause != Cause::Missing);
            let hint = hint.unwrap_or_else(|| "name files that are there and can be read".to_owned());
            Err(Hinted::error(format!("nothing could be read: {}", trouble.message), hint))
        }
        None => Ok(()),
    }
}

fn print_lines(lines: &Lines) -> io::Result<()> {
    let mut printer = Printer::default();
    let mut remarks = lines.remarks.clone();
    let mut storm = Storm::new(wall_clock());
    let periods = tick(Duration::from_secs(storm::PERIOD_SECONDS));
    loop {
        select! {
            recv(lines.alerts) -> alert => match alert {
                Ok(alert) => {
                    print_held_back(&mut printer, &mut storm)?;
                    if storm.admits(&alert) {
                        printer.print(|out| print::alert(out, &alert))?;
                    }
                }
                Err(_) => break,
            },
            recv(periods) -> _ => print_held_back(&mut printer, &mut storm)?,
            recv(remarks) -> remark => match remark {
                Ok(remark) => print::talk(Safe::new(&remark).as_str()),
                Err(_) => remarks = never(),
            },
        }
    }
    for remark in lines.remarks.try_iter() {
        print::talk(Safe::new(&remark).as_str());
    }
    Ok(())
}

/// Prints what is told. Where that cannot be written for a while, as on a full disk, the watch goes on: all is in the index.
#[derive(Default)]
struct Printer {
    out: Out,
    /// It has failed since the last time that it did not.
    fails: bool,
}

impl Printer {
    /// # Errors
    /// When nobody reads any more.
    fn print(&mut self, write: impl FnOnce(&mut Out) -> io::Result<()>) -> io::Result<()> {
        match write(&mut self.out).and_then(|()| self.out.flush()) {
            Ok(()) => {
                if std::mem::take(&mut self.fails) {
                    print::talk("alerts can be printed again");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
            Err(error) => {
                if !std::mem::replace(&mut self.fails, true) {
                    print::talk(&format!(
                        "alerts cannot be printed: {error}; reading goes on, and all of them are in the index"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Says, when a period is over, how many lines of which rules were not printed in it.
fn print_held_back(printer: &mut Printer, storm: &mut Storm) -> io::Result<()> {
    let (held, others) = storm.over(wall_clock());
    for held in &held {
        printer.print(|out| print::held_back(out, held))?;
    }
    if others > 0 {
        let line = format!("{others} more rules have more alerts than are printed; all are in the index");
        printer.print(|out| out.line(&line))?;
    }
    Ok(())
}
