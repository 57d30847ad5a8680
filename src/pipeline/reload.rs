//! The thread that keeps the running rules as their files are.
//!
//! All that takes time happens here: reading, parsing, compiling, and looking again at recent events for the
//! rules that start anew. The engine only exchanges one program for another, between two events:
//!
//! ```text
//! files ─change─► compile ─"others will come"─► engine: from event n on, keep a copy of what is read
//!                    │ ◄──────── n ─────────────┘
//!                    ▼
//!                 recall the index up to n ─► engine: recall the copies, exchange
//! ```
//!
//! So every event is seen by exactly one program, and by the memory of every rule.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::clock::Clock;
use super::engine::{Engine, EngineOptions};
use super::signals::Hangups;
use crate::alert::RuleBook;
use crate::config::{LoadedRules, Look, RuleFiles, VocabularyFiles};
use crate::correlate::{HotReload, Output, Seeds};
use crate::event::number::to_u64;
use crate::event::{Event, Paths};
use crate::facts::Vocabulary;
use crate::index;
use crate::sigma::{Diagnostic, RuleSet, Severity};
use crate::source::{Changes, Stop, Woken};
use crate::state::{State, Update};

/// Events that are looked at again, at most: those of the index, and those that are copied meanwhile.
pub(super) const RECALLED_EVENTS: usize = 20_000;
/// What the copies among them may take together.
const RECALLED_BYTES: usize = 64 << 20;
/// As many of the index are asked for at once.
pub(super) const RECALLED_PAGE: usize = 1_000;
/// The index may be so far behind before the rules change without what it has not committed.
const PATIENCE: Duration = Duration::from_secs(10);
/// A commit is looked for this often.
const LOOK_FOR_COMMIT_EVERY: Duration = Duration::from_millis(20);

/// What this thread tells the engine.
pub(super) enum RuleNews {
    /// Other rules are being prepared. The answer is the number of the next event; from it on the engine
    /// keeps copies.
    Announced {
        next_seq: Sender<u64>,
    },
    Prepared(Box<Prepared>),
    /// The rules that run are those that ran.
    Standing(RuleReport),
    /// Other words for facts, and the sentence that says so.
    Vocabulary(Arc<Vocabulary>, String),
}

/// Rules that are ready to take over.
pub(super) struct Prepared {
    pub engine: Engine,
    /// Events before this one have been looked at.
    pub recalled_to: u64,
    pub fingerprint: String,
    pub report: RuleReport,
    /// What is left afterwards; it is thrown away where nobody waits.
    pub done: Sender<(Engine, Vec<String>)>,
}

/// How the rules stand, for people.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleReport {
    pub loaded: usize,
    pub problems: Vec<String>,
    /// What has changed about the problems.
    pub remarks: Vec<String>,
    /// What the rules that run now say of themselves.
    pub book: Arc<RuleBook>,
}

impl RuleReport {
    pub fn show(self, state: &mut State, clock: Clock) {
        state.apply(Update::Rules { loaded: self.loaded, problems: self.problems });
        state.apply(Update::RuleBook(self.book));
        for message in self.remarks {
            state.apply(Update::Notice { time: clock.now(), message, hint: None });
        }
    }
}

/// What keeps the rules as their files are.
pub(super) struct Reloader {
    pub files: RuleFiles,
    pub vocabulary: VocabularyFiles,
    /// Of the rules that run.
    pub fingerprint: String,
    /// What was wrong when they were loaded.
    pub problems: Vec<String>,
    pub changes: Changes,
    /// Asked to reload by signal.
    pub hangups: Hangups,
    pub stop: Stop,
    pub reader: index::Reader,
    pub paths: Paths,
    /// Those of the running [`Engine`].
    pub options: EngineOptions,
    pub seeds: Seeds,
    pub engine: Sender<RuleNews>,
    /// Where the same is said that the dashboard shows, if anywhere.
    pub remarks: Option<Sender<String>>,
}

/// The engine has left.
struct Gone;

impl Reloader {
    /// Runs until the engine stops.
    pub fn run(mut self) {
        // The files may have changed since they were loaded.
        let mut woken = Woken::Changed;
        loop {
            let watched = self.files.paths().chain(self.vocabulary.paths());
            self.changes.watch(watched, self.files.settings());
            if self.look_at_vocabulary().and_then(|()| self.look(woken)).is_err() {
                return;
            }
            woken = self.changes.wait(&self.stop, self.hangups.fd());
            match woken {
                Woken::Stopped => return,
                Woken::Asked if self.hangups.take_terminal_lost() => return self.stop.stop(),
                Woken::Asked | Woken::Changed | Woken::Elapsed => {}
            }
        }
    }

    /// Lines that come from now on are read by the words that the files have now.
    fn look_at_vocabulary(&mut self) -> Result<(), Gone> {
        let vocabulary = match self.vocabulary.reload() {
            Ok(Some(vocabulary)) => vocabulary,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.say(vec![format!("vocabulary: {error}")]);
                return Ok(());
            }
        };
        let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
        let wrong: Vec<Diagnostic> = vocabulary.diagnostics.iter().filter(is_error).cloned().collect();
        let mut remarks = problems(&wrong);
        let count = self.vocabulary.count();
        let sentence = format!("vocabulary reloaded: {count} {}", if count == 1 { "file" } else { "files" });
        remarks.push(sentence.clone());
        self.options.normalize.vocabulary = Arc::clone(&vocabulary);
        self.engine.send(RuleNews::Vocabulary(vocabulary, sentence)).map_err(|_| Gone)?;
        self.say(remarks);
        Ok(())
    }

    fn look(&mut self, woken: Woken) -> Result<(), Gone> {
        let look = if woken == Woken::Elapsed { Look::Briefly } else { Look::Closely };
        let Some(loaded) = self.files.reload(look) else {
            if woken == Woken::Asked {
                self.say(vec!["rules: nothing has changed".to_owned()]);
            }
            return Ok(());
        };
        let report = self.report(&loaded);
        let remarks = report.remarks.clone();
        if loaded.fingerprint == self.fingerprint {
            self.engine.send(RuleNews::Standing(report)).map_err(|_| Gone)?;
            self.say(remarks);
        } else {
            self.exchange(loaded, report)?;
        }
        Ok(())
    }

    /// Problems that are new, or that all are solved.
    fn report(&mut self, loaded: &LoadedRules) -> RuleReport {
        let problems = problems(&loaded.diagnostics);
        let mut remarks: Vec<String> =
            problems.iter().filter(|problem| !self.problems.contains(problem)).cloned().collect();
        if problems.is_empty() && !self.problems.is_empty() {
            remarks.push("rules: nothing is wrong any more".to_owned());
        }
        self.problems.clone_from(&problems);
        let book = Arc::new(RuleBook::of(&loaded.rules));
        RuleReport { loaded: loaded.rules.len(), problems, remarks, book }
    }

    fn exchange(&mut self, loaded: LoadedRules, mut report: RuleReport) -> Result<(), Gone> {
        let mut engine = self.compile(&loaded.rules);
        let (recalled_to, missed) = self.recall(&mut engine)?;
        if missed > 0 {
            let sentence = "rules: the index is behind; new rules have not seen";
            report.remarks.push(format!("{sentence} the last {missed} events"));
        }
        self.fingerprint.clone_from(&loaded.fingerprint);
        let (done, is_done) = bounded(1);
        let fingerprint = loaded.fingerprint;
        let prepared = Prepared { engine, recalled_to, fingerprint, report, done };
        self.engine.send(RuleNews::Prepared(Box::new(prepared))).map_err(|_| Gone)?;
        let (_, remarks) = is_done.recv().map_err(|_| Gone)?;
        self.say(remarks);
        Ok(())
    }

    fn compile(&self, rules: &RuleSet) -> Engine {
        Engine::hot_reloaded(rules, &self.options, self.paths.clone(), self.seeds)
    }

    /// Shows the new rules the recent events; returns up to where, and how many are missing between
    /// there and the first that the engine copies.
    fn recall(&self, engine: &mut Engine) -> Result<(u64, u64), Gone> {
        let (answer, next_seq) = bounded(1);
        self.engine.send(RuleNews::Announced { next_seq: answer }).map_err(|_| Gone)?;
        let next_seq = next_seq.recv().map_err(|_| Gone)?;
        let began = Instant::now();
        let mut event = Event::default();
        let mut from = next_seq.saturating_sub(to_u64(RECALLED_EVENTS));
        loop {
            let recalled = self.reader.replay(from, RECALLED_PAGE, |record| {
                from = record.seq + 1;
                engine.recall(&record, &mut event);
                Ok(())
            });
            // An index that cannot be read must not keep a correction from taking effect.
            let is_over = from >= next_seq || recalled.is_err() || began.elapsed() > PATIENCE;
            if is_over || self.stop.is_stopped() {
                return Ok((from, next_seq.saturating_sub(from)));
            }
            thread::park_timeout(LOOK_FOR_COMMIT_EVERY);
        }
    }

    /// Nobody may listen, or not any more.
    fn say(&self, remarks: Vec<String>) {
        for remark in remarks {
            drop(self.remarks.as_ref().map(|to| to.send(remark)));
        }
    }
}

/// Problems as they are shown.
pub(super) fn problems(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|diagnostic| format!("{}: {}", diagnostic.at, diagnostic.message)).collect()
}

/// What the engine keeps while other rules are being prepared: the newest events, in order.
#[derive(Default)]
pub(super) struct Tail {
    kept: Option<VecDeque<(Event, Arc<str>)>>,
    /// Of the events kept.
    bytes: usize,
    /// The newest that there was no room for.
    dropped: Option<u64>,
}

impl Tail {
    pub fn begin(&mut self) {
        *self = Self { kept: Some(VecDeque::new()), ..Self::default() };
    }

    pub fn keep(&mut self, events: &[Event], source: &Arc<str>) {
        let Some(kept) = &mut self.kept else { return };
        for event in events {
            kept.push_back((event.clone(), Arc::clone(source)));
            self.bytes += event.size();
            while kept.len() > RECALLED_EVENTS || self.bytes > RECALLED_BYTES {
                let Some((oldest, _)) = kept.pop_front() else { break };
                self.bytes -= oldest.size();
                self.dropped = Some(oldest.meta.seq);
            }
        }
    }

    /// Shows `engine` what the index did not have yet, and returns how many events of that were not kept.
    /// Nothing is kept any more.
    fn recall(&mut self, engine: &mut Engine, from: u64) -> u64 {
        let Self { kept, dropped, .. } = std::mem::take(self);
        for (mut event, source) in kept.into_iter().flatten() {
            if event.meta.seq >= from {
                engine.recall_prepared(&mut event, &source);
            }
        }
        dropped.map_or(0, |dropped| (dropped + 1).saturating_sub(from))
    }
}

/// Exchanges the rules of `engine`; returns what follows and the sentence that says so.
pub(super) fn exchange(engine: &mut Engine, prepared: &mut Prepared, tail: &mut Tail) -> (HotReload, String) {
    let unseen = tail.recall(&mut prepared.engine, prepared.recalled_to);
    let change = engine.exchange(&mut prepared.engine);
    let counts = [(change.changed, "changed"), (change.added, "added"), (change.removed, "removed")];
    let parts = counts.iter().filter(|(count, _)| *count > 0);
    let mut words: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() {
        words.push("same texts".to_owned());
    }
    let running = change.kept + change.changed + change.added;
    let mut sentence = format!("rules reloaded: {}; {running} run", words.join(", "));
    if unseen > 0 {
        sentence.push_str(&format!("; new rules have not seen the {unseen} events that came in between"));
    }
    (change, sentence)
}

/// Nothing to reload: a channel that never says anything.
pub(super) fn never() -> Receiver<RuleNews> {
    crossbeam_channel::never()
}

/// How the rules that start anew stand, without news: for whoever shows it.
pub(super) fn show_standing(standing: Vec<Output>, state: &mut State) {
    for output in standing {
        match output {
            Output::Alert(alert) => state.apply(Update::Alert(alert)),
            Output::Transition(transition) => state.apply(Update::Transition(transition)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
