//! What one line states. One reader a thread.
//!
//! The first that speaks ends the search: an entry for fields, a phrase of a product, the name of an
//! event, a sentence, an answer to a login.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::breaker::{self, BreakerChange, BreakerSentence, FieldStates};
use super::fact::{Confidence, Fact};
use super::file::{Condition, Entry, Mapping, Reason};
use super::names::Named;
use super::scan::{Hits, PhraseHit};
use super::signs::Signs;
use super::template::{Found, Template};
use super::vocabulary::{Marks, Vocabulary};
use crate::event::address::{address, is_placeholder};
use crate::event::number::{offset_in, to_u32};
use crate::event::wildcard::fits_stars_caseless;
use crate::event::{Event, Field, Format, Kind, Origin, PathId, Paths, Span, canonical};

/// Longest message that entries are tried on, in bytes: a template is about all of it.
const MESSAGE_LIMIT: usize = 8 << 10;
/// Longest message of several words that may be the name of an event, in bytes.
const SHORT_LIMIT: usize = 40;
/// Names of events that are remembered; then all are forgotten, because log content chooses them.
const NAME_CACHE: usize = 512;

/// A value of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It stands in the event.
    Part(Span),
    Text(String),
}

/// One fact, who said it, and what was said beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub fact: Fact,
    pub confidence: Confidence,
    /// `sshd.yml:8`.
    pub entry: Arc<str>,
    pub reason: Option<String>,
    /// The address had two readings.
    pub contested: bool,
    /// How often it happened.
    pub count: Option<Value>,
    /// Another line of the same attempt tells it again.
    pub echo: bool,
}

/// A field that a statement brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    pub path: PathId,
    pub value: Value,
    /// It is what the field means, whatever its name made of it before.
    pub overrules: bool,
}

/// What a line states, kept from line to line.
#[derive(Debug, Default)]
pub struct Stated {
    pub statements: Vec<Statement>,
    pub brought: Vec<Brought>,
    /// Who speaks is known: general phrases say nothing of people and addresses.
    pub is_known_speaker: bool,
    pub hits: Hits,
}

impl Stated {
    fn clear(&mut self) {
        self.statements.clear();
        self.brought.clear();
        self.is_known_speaker = false;
        self.hits.clear();
    }

    /// Phrases of the message that introduce something.
    #[must_use]
    pub fn phrases(&self) -> &[PhraseHit] {
        &self.hits.phrases
    }
}

/// Paths that say who wrote a line, and what they call it.
struct SpeakerPaths {
    program: PathId,
    comm: PathId,
    unit: PathId,
    transport: PathId,
    identifier: PathId,
    /// What a line of CEF says in its head that happened.
    title: PathId,
}

/// A field that a template takes off the text: its path, kind and place.
type Captured = (PathId, Kind, Span);

/// Reads what lines state.
pub struct Reader {
    vocabulary: Arc<Vocabulary>,
    paths: Paths,
    /// Paths of the fields that entries name.
    known: HashMap<String, PathId, RandomState>,
    speakers: SpeakerPaths,
    /// Names of events that were met (with a verdict beside them), and what they state.
    names: HashMap<String, Option<Named>, RandomState>,
    /// The name that is looked up; kept for its room.
    key: String,
    /// Files that are asked last, each with the paths of which one set must be there; none: whatever is.
    last: Vec<(usize, Vec<Vec<PathId>>)>,
    /// The file whose head the line had.
    head: Option<usize>,
    stated: Stated,
}

impl Reader {
    #[must_use]
    pub fn new(paths: &Paths, vocabulary: Arc<Vocabulary>) -> Self {
        let speakers = SpeakerPaths {
            program: paths.intern("program"),
            comm: paths.intern("_COMM"),
            unit: paths.intern("_SYSTEMD_UNIT"),
            transport: paths.intern("_TRANSPORT"),
            identifier: paths.intern("SYSLOG_IDENTIFIER"),
            title: paths.intern("cef.name"),
        };
        let last = vocabulary.last().iter().map(|number| {
            let whens = vocabulary.file(*number).map(|file| file.when.as_slice()).unwrap_or_default();
            let paths = |names: &[String]| names.iter().map(|name| paths.intern(name)).collect();
            (*number, whens.iter().map(|when| paths(&when.paths)).collect())
        });
        Self {
            last: last.collect(),
            vocabulary,
            paths: paths.clone(),
            known: HashMap::default(),
            speakers,
            names: HashMap::default(),
            key: String::new(),
            head: None,
            stated: Stated::default(),
        }
    }

    /// The mark that a path of this name is, if any.
    #[must_use]
    pub fn mark_of(&self, path: &str) -> Marks {
        self.vocabulary.mark_of(path)
    }

    /// What the last line stated.
    #[must_use]
    pub fn stated(&self) -> &Stated {
        &self.stated
    }

    /// Takes the head off a line that no format knows or that only looked like one: its time, level, logger
    /// and message become fields. Call it before anything else looks at the fields.
    pub fn take_head(&mut self, event: &mut Event) {
        self.head = None;
        let known = match event.meta.format {
            Format::Plain => false,
            Format::TextLog | Format::Logfmt => true,
            _ => return,
        };
        let Some((file, captures)) = self.find_head(event, known) else { return };
        self.head = Some(file);
        event.meta.format = Format::TextLog;
        if known && self.has_context(event) {
            return;
        }
        if known {
            let kept = pairs_of_message(event, &captures);
            *event.fields_mut() = kept;
        } else {
            event.fields_mut().retain(|field| field.path != canonical::MESSAGE);
        }
        for (path, kind, span) in captures {
            event.push(path, kind, span, Origin::Line);
        }
    }

    /// Whether a reader has taken objects off the end of the line that its writer puts there: of such a line a head
    /// says who speaks, and the reader knows the rest better.
    fn has_context(&self, event: &Event) -> bool {
        let names = self.paths.read();
        let is_in = |name: &str| name.starts_with("context.") || name.starts_with("extra.");
        (0..event.fields().len()).any(|index| is_in(event.name(index, &names)))
    }

    /// The file whose head stands before the text, and what the head captures.
    fn find_head(&mut self, event: &Event, known: bool) -> Option<(usize, Vec<Captured>)> {
        let span = if known { event.raw_span() } else { first_span(event, canonical::MESSAGE)? };
        let text = event.text(span);
        if text.len() > MESSAGE_LIMIT {
            return None;
        }
        let vocabulary = Arc::clone(&self.vocabulary);
        let signs = Signs::of(text);
        vocabulary.heads(&signs).find_map(|(file, template)| {
            let found = template.find(text)?;
            let fields = found.captures.into_iter().filter_map(|(field, place)| {
                let (name, _) = template.fields().get(field)?;
                let is_number =
                    text.get(place.clone())?.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                let counts = matches!(name.as_str(), "process.pid" | "@timestamp" | "source.port");
                let kind = if counts && is_number { Kind::Number } else { Kind::String };
                Some((self.path(name), kind, part_of(span, &place)))
            });
            Some((file, fields.collect()))
        })
    }

    /// Looks through a message, before anything is read.
    pub fn scan(&mut self, message: &str) {
        self.stated.clear();
        self.vocabulary.scanner().read(message, &mut self.stated.hits);
    }

    /// Reads what the line states whose message was scanned. `marks` are those of its paths.
    pub fn read(&mut self, event: &Event, marks: &Marks) {
        let message = first_span(event, canonical::MESSAGE).map(|span| trimmed(event, span));
        let line = Line::of(event, message.unwrap_or_default(), None);
        let owned = self.structured(&line, marks);
        if self.has_spoken() || self.phrases(&line) {
            return;
        }
        self.name(&line);
        if self.has_spoken() || self.stated.is_known_speaker || self.breaker(&line) || owned {
            return;
        }
        self.sentence(&line);
    }

    /// What a message says of a circuit breaker.
    #[must_use]
    pub fn breaker_in(&self, message: &str) -> Option<BreakerSentence> {
        let sentences = self.vocabulary.sentences();
        if !sentences.mentions_breaker(&self.stated.hits) {
            return None;
        }
        sentences.breaker(message, &self.stated.hits, false)
    }

    /// Reads what an answer says where nothing else has spoken, once all of the line's fields are there.
    pub fn read_answer(&mut self, event: &Event) {
        if self.has_spoken() {
            return;
        }
        let line = Line::of(event, Span::default(), None);
        let last = std::mem::take(&mut self.last);
        for (number, whens) in &last {
            let has_all = |paths: &Vec<PathId>| paths.iter().all(|path| !line.lacks(*path));
            if whens.is_empty() || whens.iter().any(has_all) {
                self.entries(*number, &line, Confidence::Sentence);
            }
        }
        self.last = last;
    }

    fn has_spoken(&self) -> bool {
        !self.stated.statements.is_empty()
    }

    /// The path of a field; looked up once.
    fn path(&mut self, name: &str) -> PathId {
        if let Some(path) = self.known.get(name) {
            return *path;
        }
        let path = self.paths.intern(name);
        self.known.insert(name.to_owned(), path);
        path
    }

    /// Products that are known by their paths. True when one of them is.
    fn structured(&mut self, line: &Line<'_>, marks: &Marks) -> bool {
        let vocabulary = Arc::clone(&self.vocabulary);
        let mut owned = false;
        for file in vocabulary.structured(marks) {
            owned = true;
            if self.entries(file, line, Confidence::Field) {
                break;
            }
        }
        owned
    }

    /// Phrases of the product that speaks, then those that hold whoever speaks. True when the line is known,
    /// also where it states nothing.
    fn phrases(&mut self, line: &Line<'_>) -> bool {
        let vocabulary = Arc::clone(&self.vocabulary);
        let line = &line.without_repetition();
        let program = self.program(line);
        let logger = line.text(canonical::LOG_LOGGER);
        let behind_head = line.behind_boot_head();
        let (logger, line) = behind_head.as_ref().map_or((logger, line), |(logger, line)| (*logger, line));
        let by_head = self.head.into_iter();
        let by_program = vocabulary.of_program(program);
        let by_logger = vocabulary.of_logger(logger);
        let by_format = vocabulary.of_format(line.event.meta.format);
        let is_product = |file| vocabulary.file(file).is_some_and(|file| !file.application);
        self.stated.is_known_speaker = self.head.is_some_and(is_product)
            || vocabulary.of_program(program).next().is_some()
            || imitates_head(line.event.text(line.message));
        for file in by_head.chain(by_program).chain(by_logger).chain(by_format) {
            if self.entries(file, line, Confidence::Phrase) {
                self.stated.is_known_speaker = true;
                return true;
            }
        }
        let numbers = std::mem::take(&mut self.stated.hits.entries);
        let found = is_prose(line.event) && numbers.iter().any(|number| self.anywhere(*number, line));
        self.stated.hits.entries = numbers;
        self.stated.is_known_speaker |= found;
        found
    }

    fn anywhere(&mut self, number: u32, line: &Line<'_>) -> bool {
        let vocabulary = Arc::clone(&self.vocabulary);
        let Some((file, entry)) = vocabulary.anywhere(number) else { return false };
        let Some(entry) = vocabulary.entry(file, entry) else { return false };
        let map = vocabulary.file(file).map(|file| file.map.as_slice()).unwrap_or_default();
        self.entry(entry, map, line, Confidence::Phrase)
    }

    /// Who wrote a line of syslog or the journal, by whoever vouches for it.
    fn program<'e>(&self, line: &Line<'e>) -> &'e str {
        if line.event.meta.format == Format::Syslog {
            return line.text(self.speakers.program);
        }
        let SpeakerPaths { comm, unit, transport, .. } = self.speakers;
        if [comm, unit, transport].into_iter().all(|path| line.lacks(path)) {
            return "";
        }
        let comm = line.text(comm);
        let unit = line.text(unit);
        if !comm.is_empty() {
            comm
        } else if line.text(transport) == "kernel" {
            line.text(self.speakers.identifier)
        } else {
            unit.strip_suffix(".service").unwrap_or(unit)
        }
    }

    /// Tries the entries of a file in their order. True when one held.
    fn entries(&mut self, file: usize, line: &Line<'_>, confidence: Confidence) -> bool {
        let vocabulary = Arc::clone(&self.vocabulary);
        let Some(file) = vocabulary.file(file) else { return false };
        file.entries.iter().any(|entry| self.entry(entry, &file.map, line, confidence))
    }

    fn entry(&mut self, entry: &Entry, map: &[Mapping], line: &Line<'_>, confidence: Confidence) -> bool {
        if !entry.conditions.iter().all(|condition| self.holds(condition, line.event)) {
            return false;
        }
        let said = if entry.say.is_empty() { None } else { Some(self.said(entry, line)) };
        let found = match said {
            Some(None) => return false,
            Some(Some(found)) => Some(found),
            None => None,
        };
        if let Some(fact) = entry.fact {
            self.state(
                entry,
                fact,
                line,
                confidence,
                found.as_ref().is_some_and(|said| said.found.contested),
            );
            // Fields of a structured product are what its entry says they are.
            let overrules = confidence == Confidence::Field;
            self.bring_captures(found.as_ref(), overrules, line.event);
            self.bring_mapped(entry.map.iter().chain(map), line.event);
            self.bring_fixed(&entry.set);
        }
        true
    }

    fn said<'t>(&mut self, entry: &'t Entry, line: &Line<'_>) -> Option<Said<'t>> {
        let span = match &entry.inside {
            Some(name) => {
                let path = self.path(name);
                trimmed(line.event, first_span(line.event, path)?)
            }
            None => line.message,
        };
        let text = line.event.text(span);
        if text.is_empty() || text.len() > MESSAGE_LIMIT {
            return None;
        }
        let signs = if entry.inside.is_none() { *line.signs() } else { Signs::of(text) };
        let mut templates = entry.say.iter().filter(|template| template.may_match(&signs));
        templates.find_map(|template| Some(Said { template, found: template.find(text)?, span }))
    }

    fn holds(&mut self, condition: &Condition, event: &Event) -> bool {
        let path = self.path(&condition.path);
        let mut values = event.all(path);
        if condition.values.is_empty() {
            return values.all(is_placeholder);
        }
        values.any(|value| condition.values.iter().any(|pattern| fits_stars_caseless(pattern, value)))
    }

    fn state(&mut self, entry: &Entry, fact: Fact, line: &Line<'_>, confidence: Confidence, contested: bool) {
        let counted = entry.count.as_ref().map(|name| self.path(name));
        let count = counted.and_then(|path| first_span(line.event, path)).or(line.repeated).map(Value::Part);
        let reason = entry.reason.as_ref().and_then(|reason| self.reason(reason, line.event));
        for fact in std::iter::once(&fact).chain(&entry.also) {
            self.stated.statements.push(Statement {
                fact: *fact,
                confidence,
                entry: Arc::clone(&entry.place),
                reason: reason.clone(),
                contested,
                count: count.clone(),
                echo: entry.echo,
            });
        }
    }

    fn reason(&mut self, reason: &Reason, event: &Event) -> Option<String> {
        match reason {
            Reason::Word(word) => Some(word.clone()),
            Reason::From { path, words } => {
                let path = self.path(path);
                let mut values = event.all(path);
                values
                    .find_map(|value| words.iter().find(|(pattern, _)| fits_stars_caseless(pattern, value)))
                    .map(|(_, word)| word.clone())
            }
        }
    }

    fn bring_captures(&mut self, said: Option<&Said<'_>>, overrules: bool, event: &Event) {
        let Some(said) = said else { return };
        for (field, place) in &said.found.captures {
            let Some((name, _)) = said.template.fields().get(*field) else { continue };
            let span = part_of(said.span, place);
            if name == "count" {
                let last = self.stated.statements.last_mut();
                last.into_iter().for_each(|statement| statement.count = Some(Value::Part(span)));
            } else {
                let path = self.path(name);
                // What a program says about a service is not about itself.
                let overrules = overrules || path == canonical::SERVICE_NAME;
                self.bring(path, span, overrules, event);
            }
        }
    }

    fn bring_mapped<'m>(&mut self, map: impl Iterator<Item = &'m Mapping>, event: &Event) {
        for mapping in map {
            let target = self.path(&mapping.field);
            if self.stated.brought.iter().any(|brought| brought.path == target) {
                continue;
            }
            let span = mapping.from.iter().find_map(|name| {
                let path = self.path(name);
                spans(event, path).find(|span| !is_placeholder(event.text(*span)))
            });
            if let Some(span) = span {
                self.bring(target, span, true, event);
            }
        }
    }

    fn bring_fixed(&mut self, fixed: &[(String, String)]) {
        for (name, text) in fixed {
            let path = self.path(name);
            self.stated.brought.push(Brought { path, value: Value::Text(text.clone()), overrules: true });
        }
    }

    /// The name of a breaker in the message. False where it has none.
    fn bring_named_breaker(&mut self, line: &Line<'_>) -> bool {
        let name = self.breaker_in(line.event.text(line.message)).and_then(|sentence| sentence.name);
        name.is_some_and(|place| {
            self.bring(canonical::BREAKER_NAME, part_of(line.message, &place), false, line.event);
            true
        })
    }

    /// Of an event about a breaker, plain names are the breaker's.
    fn bring_breaker(&mut self, event: &Event) {
        const NAMES: [&str; 10] = [
            "circuit",
            "fuse",
            "dependency",
            "upstream",
            "name",
            "target",
            "resource",
            "command",
            "backend",
            "downstream",
        ];
        let span = NAMES.iter().find_map(|name| {
            let path = self.path(name);
            first_span(event, path).filter(|span| !is_placeholder(event.text(*span)))
        });
        if let Some(span) = span {
            self.bring(canonical::BREAKER_NAME, span, false, event);
        }
    }

    /// A value that names somebody or something; addresses are written the usual way.
    fn bring(&mut self, path: PathId, span: Span, overrules: bool, event: &Event) {
        let text = event.text(span);
        let value = match path {
            canonical::SOURCE_IP => match address(text) {
                Some(found) if found.plain == Some(text) => Value::Part(span),
                Some(found) => Value::Text(found.ip.to_string()),
                None => return,
            },
            _ if is_placeholder(text) || text.trim().is_empty() => return,
            // Products log the whole target; its query has a field of its own.
            canonical::URL_PATH => Value::Part(part_of(span, &(0..text.find('?').unwrap_or(text.len())))),
            _ => Value::Part(span),
        };
        self.stated.brought.push(Brought { path, value, overrules });
    }

    /// The name of the event: a field that holds one, or a message of one word.
    fn name(&mut self, line: &Line<'_>) {
        let message = line.event.text(line.message);
        let outcome = match line.text(canonical::EVENT_OUTCOME) {
            "failure" => "failed",
            "success" => "succeeded",
            _ => "",
        };
        let state = line.text(canonical::BREAKER_STATE);
        let verdict = if state.is_empty() { outcome } else { state };
        let is_short = !message.contains(' ') || self.is_name(line, message);
        let before_pairs = name_before_pairs(message);
        // `Security violation: excessive_headers`
        let fields =
            [canonical::EVENT_ACTION, canonical::RULE_NAME, self.speakers.title, canonical::EVENT_CODE];
        let names = fields.into_iter().map(|path| line.text(path)).chain(before_pairs);
        let mut names = names.chain(is_short.then_some(message)).filter(|name| !name.is_empty());
        let named =
            names.find_map(|name| self.named(name, verdict).or_else(|| self.named_by_state(line, name)));
        let category = line.text(canonical::EVENT_CATEGORY);
        let named = named.or_else(|| self.named(category, ""));
        let Some(named) = named.filter(|_| !self.vocabulary.names().is_passed_on(message)) else { return };
        self.stated.statements.push(Statement {
            fact: named.fact,
            confidence: Confidence::Field,
            entry: "names.yml".into(),
            reason: named.reason,
            contested: false,
            count: None,
            echo: false,
        });
        self.bring_fixed(&named.set);
        if named.fact.is_about_breaker() && !self.bring_named_breaker(line) {
            self.bring_breaker(line.event);
        }
        if named.fact.is_done_to_somebody() {
            self.bring_parties(line.event);
        }
    }

    /// What a change of state is, by the field that says what the state is now.
    fn named_by_state(&mut self, line: &Line<'_>, name: &str) -> Option<Named> {
        const STATES: [&str; 7] = ["to", "to_state", "new_state", "newState", "new_role", "newRole", "role"];
        const CHANGES: [&str; 4] = ["tate", "tatus", "ransition", "ole"];
        if !CHANGES.iter().any(|word| name.contains(word)) {
            return None;
        }
        let state = STATES.iter().find_map(|state| {
            let path = self.path(state);
            Some(line.text(path).to_lowercase()).filter(|text| !text.is_empty())
        })?;
        self.named(name, &state)
    }

    /// Who did it and whom it was done to, where the line has a field for each.
    fn bring_parties(&mut self, event: &Event) {
        let vocabulary = Arc::clone(&self.vocabulary);
        let (actors, targets) = vocabulary.names().parties();
        let mut first = |names: &[String]| {
            names.iter().find_map(|name| {
                let path = self.path(name);
                first_span(event, path).filter(|span| !is_placeholder(event.text(*span)))
            })
        };
        let (actor, target) = (first(actors), first(targets));
        if let Some(target) = target {
            self.bring(canonical::USER_TARGET_NAME, target, true, event);
            if let Some(actor) = actor {
                self.bring(canonical::USER_NAME, actor, true, event);
            }
        }
    }

    /// Whether a message of a few words may be the name of an event: an application says it of somebody, and the
    /// rest of what it says stands in fields.
    fn is_name(&self, line: &Line<'_>, message: &str) -> bool {
        let is_told = |path| !line.text(path).is_empty();
        let is_about = [canonical::USER_NAME, canonical::SOURCE_IP, canonical::BREAKER_NAME];
        message.len() <= SHORT_LIMIT
            && matches!(line.event.meta.format, Format::Json | Format::Logfmt | Format::TextLog)
            && !self.stated.is_known_speaker
            && is_about.into_iter().any(is_told)
    }

    fn named(&mut self, name: &str, verdict: &str) -> Option<Named> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.push_str(name);
        key.push('\0');
        key.push_str(verdict);
        let known = self.names.get(&key).cloned();
        let named = known.unwrap_or_else(|| self.learn_name(&key, name, verdict));
        self.key = key;
        named
    }

    #[cold]
    fn learn_name(&mut self, key: &str, name: &str, verdict: &str) -> Option<Named> {
        let folded = verdict.replace('_', " ");
        let named = self.vocabulary.names().find(name, &folded);
        if self.names.len() >= NAME_CACHE {
            self.names.clear();
        }
        self.names.insert(key.to_owned(), named.clone());
        named
    }

    /// A change of a circuit breaker, as a sentence or as its states in fields. True where the line is about one.
    fn breaker(&mut self, line: &Line<'_>) -> bool {
        let vocabulary = Arc::clone(&self.vocabulary);
        let is_mentioned = vocabulary.sentences().mentions_breaker(&self.stated.hits)
            || breaker::may_mention(line.event.text(line.event.raw_span()));
        if !is_mentioned || !is_prose(line.event) {
            return false;
        }
        let words = vocabulary.sentences().breakers();
        let message = line.event.text(line.message);
        let is_about_one = self.is_about_breaker(line);
        let action = line.text(canonical::EVENT_ACTION);
        let is_read = action.is_empty() || breaker::tells_of_change(words, action);
        let sentence =
            vocabulary.sentences().breaker(message, &self.stated.hits, is_about_one).filter(|_| is_read);
        let said = sentence.as_ref().and_then(|sentence| sentence.change);
        let states = || FieldStates::read(words, line.event, &self.paths.read());
        let told = [action, message].into_iter().any(|text| breaker::tells_of_change(words, text));
        let change = said.or_else(|| is_about_one.then(|| states().change(told)).flatten());
        let Some(fact) = change.and_then(BreakerChange::fact) else { return false };
        let confidence = if said.is_some() { Confidence::Sentence } else { Confidence::Field };
        self.stated.statements.push(Statement {
            fact,
            confidence,
            entry: "sentences.yml:breakers".into(),
            reason: None,
            contested: false,
            count: None,
            echo: false,
        });
        match sentence.and_then(|sentence| sentence.name) {
            Some(place) => {
                self.bring(canonical::BREAKER_NAME, part_of(line.message, &place), false, line.event)
            }
            None => self.bring_breaker(line.event),
        }
        true
    }

    /// Whether a field says that the line is about a circuit breaker.
    fn is_about_breaker(&mut self, line: &Line<'_>) -> bool {
        const SUBJECTS: [&str; 6] = ["component", "module", "type", "kind", "source", "subsystem"];
        let is_named = !line.text(canonical::BREAKER_NAME).is_empty();
        let named = [canonical::LOG_LOGGER, canonical::EVENT_ACTION, canonical::EVENT_CATEGORY];
        let subjects = SUBJECTS.map(|name| self.path(name));
        let mut paths = named.into_iter().chain(subjects);
        is_named || paths.any(|path| breaker::may_mention(line.text(path)))
    }

    /// What somebody wrote by hand, where a line does not name its own event.
    fn sentence(&mut self, line: &Line<'_>) {
        if !is_prose(line.event) || !line.text(canonical::EVENT_ACTION).is_empty() {
            return;
        }
        let vocabulary = Arc::clone(&self.vocabulary);
        let message = line.event.text(line.message);
        let names_somebody = |path| !line.text(path).is_empty();
        let is_about_somebody = names_somebody(canonical::USER_NAME) || names_somebody(canonical::SOURCE_IP);
        let Some(sentence) = vocabulary.sentences().find(message, &self.stated.hits, is_about_somebody)
        else {
            return;
        };
        self.stated.statements.push(Statement {
            fact: sentence.fact,
            confidence: Confidence::Sentence,
            entry: sentence.entry.into(),
            reason: sentence.reason.map(str::to_owned),
            contested: sentence.contested,
            count: None,
            echo: false,
        });
        self.bring_fixed(sentence.set);
        if sentence.fact.is_about_breaker() && sentence.name.is_none() {
            self.bring_breaker(line.event);
        }
        for (path, place) in [
            (canonical::USER_NAME, sentence.user),
            (canonical::USER_TARGET_NAME, sentence.target),
            (canonical::SOURCE_IP, sentence.source),
            (canonical::BREAKER_NAME, sentence.name),
            (self.path("user.roles"), sentence.role),
        ] {
            if let Some(place) = place {
                self.bring(path, part_of(line.message, &place), false, line.event);
            }
        }
    }
}

/// Fewer are words that happen to be fields.
const LEAST_PAIRS: usize = 3;

/// The fields that a reader found in what is the message by a head: pairs, which the head says nothing of.
fn pairs_of_message(event: &Event, captures: &[Captured]) -> Vec<Field> {
    let message = captures.iter().find(|(path, ..)| *path == canonical::MESSAGE).map(|(.., span)| *span);
    let Some(message) = message else { return Vec::new() };
    let is_inside =
        |span: Span| span.start >= message.start && span.start + span.len <= message.start + message.len;
    let fields = event.fields().iter().filter(|field| {
        is_inside(field.span) && !matches!(field.path, canonical::MESSAGE | PathId::OVERFLOW)
    });
    let pairs: Vec<Field> = fields.copied().collect();
    if pairs.len() < LEAST_PAIRS { Vec::new() } else { pairs }
}

/// The name of an event before nothing but pairs: `admin.auth.error ip=203.0.113.9`; or as a label of what follows:
/// `user_login_failed: alice from 203.0.113.9`.
fn name_before_pairs(message: &str) -> Option<&str> {
    let (name, rest) = message.split_once(' ')?;
    let next = rest.split(' ').next().unwrap_or_default();
    let label = name.strip_suffix(':');
    let name = label.unwrap_or(name);
    let is_name = name.contains(['.', '_', '-']) && !name.contains(['=', ':']);
    (is_name && (label.is_some() || next.contains('='))).then_some(name)
}

/// A template, what it found, and the text that it was tried on.
struct Said<'t> {
    template: &'t Template,
    found: Found,
    span: Span,
}

/// Which of the first paths, to which all canonical ones belong, a line has: most that are asked for are not there.
#[derive(Clone, Copy)]
struct Present(u128);

impl Present {
    fn of(event: &Event) -> Self {
        Self(event.fields().iter().fold(0, |bits, field| bits | Self::bit(field.path).unwrap_or_default()))
    }

    fn bit(path: PathId) -> Option<u128> {
        1_u128.checked_shl(path.0)
    }
}

/// The line that is being read.
struct Line<'e> {
    event: &'e Event,
    present: Present,
    /// The message without white space around it.
    message: Span,
    /// How often it was said, as the collector counted.
    repeated: Option<Span>,
    /// Of the message: most entries are asked about it.
    signs: OnceCell<Signs>,
}

impl<'e> Line<'e> {
    fn of(event: &'e Event, message: Span, repeated: Option<Span>) -> Self {
        Self { event, present: Present::of(event), message, repeated, signs: OnceCell::new() }
    }

    /// Another message of the same line.
    fn saying(&self, message: Span, repeated: Option<Span>) -> Self {
        Self { message, repeated, signs: OnceCell::new(), ..*self }
    }

    fn lacks(&self, path: PathId) -> bool {
        match Present::bit(path) {
            Some(bit) => self.present.0 & bit == 0,
            None => !self.event.fields().iter().any(|field| field.path == path),
        }
    }

    /// The text of a field that names somebody or something; empty where there is none.
    fn text(&self, path: PathId) -> &'e str {
        if self.lacks(path) { "" } else { text_of(self.event, path) }
    }

    fn signs(&self) -> &Signs {
        self.signs.get_or_init(|| Signs::of(self.event.text(self.message)))
    }

    /// `812 --- [shop] [main] o.s.s.Auth : ..`, as Spring Boot begins what it prints: the logger, and what it says.
    fn behind_boot_head(&self) -> Option<(&'e str, Self)> {
        let text = self.event.text(self.message);
        let mut rest = behind_number(text)?.strip_prefix(" --- ")?.trim_start();
        while let Some(inside) = rest.strip_prefix('[') {
            rest = inside.split_once(']')?.1.trim_start();
        }
        let (logger, said) = rest.split_once(' ')?;
        let said = said.trim_start().strip_prefix(": ")?.trim_start();
        let start = offset_in(said, text);
        let message = part_of(self.message, &(start..text.len()));
        Some((logger, self.saying(message, self.repeated)))
    }

    /// `message repeated 4 times: [ Failed password ..]`: what was repeated, and how often.
    fn without_repetition(&self) -> Self {
        let unwrapped = || {
            let text = self.event.text(self.message);
            let rest = text.strip_prefix("message repeated ")?;
            let (count, rest) = rest.split_once(" times: [")?;
            let inside = rest.strip_suffix(']')?.trim();
            let is_number =
                !count.is_empty() && count.len() < 8 && count.bytes().all(|byte| byte.is_ascii_digit());
            let place = |part: &str| {
                let start = offset_in(part, text);
                part_of(self.message, &(start..start + part.len()))
            };
            is_number.then(|| (place(inside), place(count)))
        };
        match unwrapped() {
            Some((message, count)) => self.saying(message, Some(count)),
            None => self.saying(self.message, self.repeated),
        }
    }
}

/// Whether the message is what an application says, and not what a client asked or a statement holds.
fn is_prose(event: &Event) -> bool {
    let is_told = !matches!(
        event.meta.format,
        Format::Access | Format::Nginx | Format::NginxError | Format::PostgresCsv
    );
    is_told && event.get(canonical::DB_STATEMENT).is_none()
}

/// Whether a message begins as the line of another program would: `sshd[812]: Accepted ..`.
fn imitates_head(message: &str) -> bool {
    let word = message.find(|c: char| c == '[' || c.is_whitespace()).unwrap_or(message.len());
    let Some(behind) = message.get(word..).and_then(|rest| rest.strip_prefix('[')) else { return false };
    word > 0 && behind_number(behind).is_some_and(|rest| rest.starts_with("]: "))
}

/// What stands behind the digits that a text begins with.
fn behind_number(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(digits..).filter(|_| digits > 0)
}

fn spans(event: &Event, path: PathId) -> impl Iterator<Item = Span> + '_ {
    let scalars = event.fields().iter().filter(move |field| field.path == path && !field.kind.is_container());
    scalars.filter(|field| field.kind != Kind::Null).map(|field| field.span)
}

fn first_span(event: &Event, path: PathId) -> Option<Span> {
    spans(event, path).next()
}

fn text_of(event: &Event, path: PathId) -> &str {
    first_span(event, path)
        .map(|span| event.text(span))
        .filter(|text| !is_placeholder(text))
        .unwrap_or_default()
}

fn trimmed(event: &Event, span: Span) -> Span {
    let text = event.text(span);
    let start = text.len() - text.trim_start().len();
    part_of(span, &(start..start + text.trim().len()))
}

fn part_of(span: Span, place: &std::ops::Range<usize>) -> Span {
    Span { start: span.start + to_u32(place.start), len: to_u32(place.len()) }
}
