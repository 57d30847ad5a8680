//! `soctop replay`: recorded logs through the rules, deterministic.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::print::{self, Out, Tagged};
use super::settings::CliOverrides;
use super::{case, expect, live};
use crate::alert::Alert;
use crate::cli::{AlertFormat, ReplayArgs, Speed};
use crate::correlate::{CorrelationCounters, Output};
use crate::event::number::{to_f64, to_u32};
use crate::event::{Chunk, Event, PathId, Timestamp};
use crate::exit::Exit;
use crate::pipeline::{
    Chunks, Engine, Next, Recorded, Recording, RecordingError, recordings, replay, replay_case,
};
use crate::sigma::{Diagnostic, Level, RuleIndex, RuleSet, Severity};
use crate::source::Input;
use crate::state::{Ledger, ThreatLevel};
use crate::text::{Safe, plural};

pub fn run(args: &ReplayArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.rules(&args.rules).resolve()?;
    let case = case::among(&args.inputs)?;
    let names_rules = !args.rules.rules.is_empty() || !args.rules.only_rules.is_empty();
    let loaded = match &case {
        Some(case) if !names_rules => case::rules(case),
        _ => live::load_rules(&config)?,
    };
    if loaded.rules.is_empty() && !args.conformance {
        live::report_rule_problems(&loaded);
        anyhow::bail!("no rule runs, so nothing can be found");
    }
    let mut options = live::replaying(&config)?;
    // Vectors hold nobody's secrets, and what is printed is compared with what others found in the same text.
    // What is in a case is masked already.
    options.normalize.redaction.enabled = !args.conformance && case.is_none();
    options.routing &= !args.conformance;
    options.correlate.conformance = args.conformance;
    let mut engine = Engine::new(&loaded.rules, &options);
    let mut report = Report::new(args, &loaded.rules, &engine);
    if args.conformance {
        report.load_errors(&loaded.diagnostics)?;
    } else {
        live::report_rule_problems(&loaded);
    }
    let started = Instant::now();
    let mut pace = Pace::new(args.speed);
    let broken = Broken::default();
    let mut take = |outputs, event: Option<&Event>| report.take(outputs, event);
    match &case {
        Some(case) => {
            replay_case(&case.records, &mut engine, |time| pace.wait(time), |outputs| take(outputs, None))?;
        }
        None => replay(recorded(args, &broken)?, &mut engine, |time| pace.wait(time), take)?,
    }
    report.close(&mut engine, started.elapsed(), &broken.borrow())?;
    match broken.borrow().first() {
        Some(broken) => Err(anyhow::anyhow!("{broken}")),
        None => report.verdict(args),
    }
}

/// What could not be read to its end, in words.
type Broken = Rc<RefCell<Vec<String>>>;

/// A recording that ends where it cannot be read any further: what was read of it until then is told.
struct UpToFault {
    chunks: Chunks,
    broken: Broken,
}

impl Recorded for UpToFault {
    type Error = RecordingError;

    fn next_chunk(&mut self, wait: bool) -> Next<Result<Chunk, RecordingError>> {
        loop {
            match self.chunks.next_chunk(wait) {
                Next::Ready(Err(RecordingError::Trouble { message })) => {
                    self.broken.borrow_mut().push(message)
                }
                other => return other,
            }
        }
    }
}

/// What the inputs name, opened.
fn recorded(args: &ReplayArgs, broken: &Broken) -> anyhow::Result<Vec<Recording<UpToFault>>> {
    let inputs = args.inputs.iter().map(Input::parse).collect::<Result<Vec<_>, _>>()?;
    let (recordings, notes) = recordings(&inputs)?;
    for note in notes {
        print::talk(Safe::new(&note).as_str());
    }
    let up_to_fault = |chunks| UpToFault { chunks, broken: Rc::clone(broken) };
    let recording = |it: Recording<Chunks>| Recording { path: it.path, chunks: up_to_fault(it.chunks) };
    Ok(recordings.into_iter().map(recording).collect())
}

/// A slower replay than this between the first event and another is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Waits so that events are looked at as far apart as they happened, or `speed` times closer.
struct Pace {
    speed: Option<f64>,
    first: Option<(Timestamp, Instant)>,
}

impl Pace {
    fn new(speed: Speed) -> Self {
        let speed = match speed {
            Speed::Max => None,
            Speed::Times(times) => Some(times),
        };
        Self { speed, first: None }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the replay asks for a step that may fail")]
    fn wait(&mut self, time: Timestamp) -> anyhow::Result<()> {
        let Some(speed) = self.speed else { return Ok(()) };
        if time == Timestamp::MIN {
            return Ok(());
        }
        let (first, started) = *self.first.get_or_insert_with(|| (time, Instant::now()));
        let wait = Duration::try_from_secs_f64(to_f64(time.since(first).max(0)) / 1e9 / speed);
        let due = started + wait.unwrap_or(Duration::MAX).min(LONGEST_WAIT);
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        Ok(())
    }
}

/// What is printed while the replay runs, and what is needed for the summary and the verdict.
struct Report {
    out: Out,
    format: AlertFormat,
    conformance: bool,
    quiet: bool,
    /// How rules are called, by index; and the field that names an event in test vectors.
    rules: Vec<String>,
    id_path: PathId,
    incidents: expect::Incidents,
    over_budget: print::OverBudget,
    /// Why nothing can be said about threats, if so.
    unjudged: Option<&'static str>,
}

/// The last line of `--format ndjson`.
#[derive(serde::Serialize)]
struct Summary {
    kind: &'static str,
    lines: u64,
    events: u64,
    #[serde(flatten)]
    ledger: Ledger,
    /// What rules that count left out, and why.
    left_out: CorrelationCounters,
    alerts: BTreeMap<Level, u64>,
    /// None: nothing was read that a rule could judge.
    threat_level: Option<ThreatLevel>,
    /// Recordings that could not be read to their end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incomplete: Vec<String>,
    elapsed_seconds: f64,
    events_per_second: u64,
}

impl Report {
    fn new(args: &ReplayArgs, rules: &RuleSet, engine: &Engine) -> Self {
        let headers = (0..rules.len()).filter_map(|index| rules.header(RuleIndex(to_u32(index))));
        Self {
            rules: headers.map(|header| header.reference().to_owned()).collect(),
            id_path: engine.paths().intern("_id"),
            out: Out::new(),
            format: args.format,
            conformance: args.conformance,
            quiet: args.print_expect || args.expect.is_some(),
            incidents: expect::Incidents::default(),
            over_budget: print::OverBudget::default(),
            unjudged: None,
        }
    }

    fn take(&mut self, outputs: Vec<Output>, event: Option<&Event>) -> anyhow::Result<()> {
        for output in outputs {
            match output {
                Output::Alert(mut alert) => {
                    alert.replayed = true;
                    self.alert(alert)?;
                }
                output if self.conformance => self.raw(&output, event)?,
                Output::Degraded { rule, .. } => self.over_budget.note(&rule),
                _ => {}
            }
        }
        Ok(())
    }

    /// A raw match or firing, for test vectors.
    fn raw(&mut self, output: &Output, event: Option<&Event>) -> anyhow::Result<()> {
        match output {
            Output::Match { rule, event: id } => {
                let named = event.and_then(|event| event.get(self.id_path)).map(str::to_owned);
                let event = named.unwrap_or_else(|| id.to_string());
                let line = json!({"kind": "match", "rule": self.rules.get(rule.index()), "event": event});
                self.out.json(&line)?;
            }
            Output::Firing { rule, group, time, value } => {
                let rule = self.rules.get(rule.index());
                let line =
                    json!({"kind": "firing", "rule": rule, "group": group, "time": time, "value": value});
                self.out.json(&line)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Every state as NDJSON; in a table what is new, or worse than it was.
    fn alert(&mut self, alert: Alert) -> anyhow::Result<()> {
        let is_shown = !self.quiet && !self.conformance;
        if is_shown && self.format == AlertFormat::Ndjson {
            self.out.json(&Tagged { kind: "alert", value: &alert })?;
        }
        let news = self.incidents.take(alert);
        if let Some(alert) = news.filter(|_| is_shown && self.format == AlertFormat::Table) {
            print::alert(&mut self.out, alert)?;
        }
        Ok(())
    }

    fn load_errors(&mut self, diagnostics: &[Diagnostic]) -> anyhow::Result<()> {
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
            let rule = diagnostic.rule.as_deref().unwrap_or_default();
            let message = format!("{}: {}", diagnostic.at, diagnostic.message);
            self.out.json(&json!({"kind": "load_error", "rule": rule, "message": message}))?;
        }
        Ok(())
    }

    fn close(&mut self, engine: &mut Engine, elapsed: Duration, broken: &[String]) -> anyhow::Result<()> {
        engine.take_ledger();
        self.over_budget.say();
        let ledger = engine.total_ledger();
        let seconds = elapsed.as_secs_f64();
        self.unjudged =
            why_unjudged(&ledger).filter(|_| self.incidents.by_level().values().all(|count| *count == 0));
        let summary = Summary {
            kind: "summary",
            lines: ledger.lines(),
            events: ledger.events(),
            ledger,
            left_out: engine.correlator().counters(),
            alerts: self.incidents.by_level(),
            threat_level: self.unjudged.is_none().then(|| self.incidents.worst_threat()),
            incomplete: broken.to_vec(),
            elapsed_seconds: (seconds * 1e3).round() / 1e3,
            events_per_second: (to_f64(ledger.events()) / seconds.max(1e-9)) as u64,
        };
        if self.quiet || self.conformance {
            return Ok(self.out.flush()?);
        }
        match self.format {
            AlertFormat::Ndjson => self.out.json(&summary)?,
            AlertFormat::Table => self.print_summary(&summary)?,
        }
        Ok(self.out.flush()?)
    }

    fn print_summary(&mut self, summary: &Summary) -> std::io::Result<()> {
        print_rules(&mut self.out, &self.incidents)?;
        print_ledger(&mut self.out, summary)?;
        if let Some(why) = self.unjudged {
            return self.out.line(&format!("threat level NOT KNOWN   {why}"));
        }
        let all = summary.alerts.values().sum();
        let line = format!(
            "threat level {}   {} incident{}   {:.2} s   {} events/s",
            summary.threat_level.map_or("", ThreatLevel::word),
            print::count(all),
            plural(all),
            summary.elapsed_seconds,
            print::count(summary.events_per_second),
        );
        self.out.line(&line)
    }

    fn verdict(mut self, args: &ReplayArgs) -> anyhow::Result<Exit> {
        if args.print_expect {
            for line in self.incidents.lines() {
                self.out.line(&line)?;
            }
            self.out.flush()?;
        }
        if let Some(file) = &args.expect
            && !self.as_expected(file)?
        {
            return Ok(Exit::Findings);
        }
        // Whoever asks whether something was found must not be told no.
        if args.fail_on.is_some() && self.unjudged.is_some() {
            return Ok(Exit::Mistakes);
        }
        let found = args.fail_on.is_some_and(|level| self.incidents.any_at_least(level));
        Ok(if found { Exit::Findings } else { Exit::Fine })
    }

    fn as_expected(&mut self, file: &Path) -> anyhow::Result<bool> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let differences =
            self.incidents.compare(&text).with_context(|| format!("in `{}`", file.display()))?;
        for difference in &differences {
            self.out.line(Safe::new(difference).as_str())?;
        }
        self.out.flush()?;
        Ok(differences.is_empty())
    }
}

/// Why nothing can be said about what was read, if so: silence about lines that no rule understands is no good news.
fn why_unjudged(ledger: &Ledger) -> Option<&'static str> {
    if ledger.lines() == 0 {
        return Some("there was nothing to read");
    }
    let is_known = ledger.parsed + ledger.repaired > 0;
    (!is_known).then_some(
        "no line has a format that soctop knows (`soctop explain FILE` shows what is read of a line)",
    )
}

/// The incidents of each rule.
fn print_rules(out: &mut Out, incidents: &expect::Incidents) -> std::io::Result<()> {
    let rules = incidents.by_rule();
    if !rules.is_empty() {
        out.line("")?;
        for (rule, incidents, events) in &rules {
            let line = format!(
                "{}  {:>6} incident{:1}  {:>9} event{:1}  {}",
                out.level(rule.level),
                print::count(*incidents),
                plural(*incidents),
                print::count(*events),
                plural(*events),
                Safe::new(&rule.title)
            );
            out.line(&line)?;
        }
    }
    Ok(())
}

/// What became of the lines.
fn print_ledger(out: &mut Out, summary: &Summary) -> std::io::Result<()> {
    let ledger = &summary.ledger;
    out.line("")?;
    let outcomes = ledger.outcomes();
    let [usual @ .., continued] = &outcomes;
    let named = usual.iter().chain(Some(continued).filter(|(number, _)| *number > 0));
    let named: Vec<String> =
        named.map(|(number, word)| format!("{} {word}", print::count(*number))).collect();
    let lines = print::count(summary.lines);
    out.line(&format!("{lines} line{} = {}", plural(summary.lines), named.join(" + ")))?;
    for broken in &summary.incomplete {
        out.line(&format!("incomplete: {}; what follows there is missing here", Safe::new(broken)))?;
    }
    if ledger.padding_bytes > 0 {
        let bytes = print::count(ledger.padding_bytes);
        out.line(&format!("{bytes} bytes belong to no line: zeros, or the mark of an encoding"))?;
    }
    if ledger.late + ledger.future > 0 {
        let (late, future) = (print::count(ledger.late), print::count(ledger.future));
        out.line(&format!(
            "times: {late} far behind the lines before them (counted apart), {future} from the future"
        ))?;
    }
    if ledger.timeless > 0 {
        let timeless = print::count(ledger.timeless);
        out.line(&format!(
            "without time: {timeless}; no rule that counts sees them \
             (`soctop explain FILE` shows what is read of a line)"
        ))?;
    }
    Ok(())
}
