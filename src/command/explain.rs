//! `soctop explain`: what is made of a line before anybody counts it: its format, its fields and how each
//! was found, its time and ids, what is redacted, and which rules match.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::live;
use super::print::{self, Out};
use super::settings::CliOverrides;
use crate::cli::{AlertFormat, ExplainArgs};
use crate::config::Config;
use crate::detect::{Matcher, MatcherOptions};
use crate::event::{
    Event, Field, Format, LogSource, Origin, Outcome, PathNames, Paths, Redacted, TimeQuality, Timestamp,
    canonical,
};
use crate::exit::{Exit, Hinted};
use crate::facts::Fact;
use crate::pipeline::{self, IngestStage, Line};
use crate::sigma::{Level, RuleSet};
use crate::source::Input;
use crate::text::{Safe, plural};

/// The source of a line that was given on the command line.
const COMMAND_LINE: &str = "-";

pub fn run(args: &ExplainArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.rules(&args.rules).resolve()?;
    let loaded = live::load_rules(&config)?;
    live::report_rule_problems(&loaded);
    let mut reader = LineExplainer::new(&config, &loaded.rules, args)?;
    match subject(args.subject.as_deref())? {
        Subject::Line(line) => {
            reader.line(&Line::alone(line.as_bytes(), &COMMAND_LINE.into(), live::wall_clock()))?;
        }
        Subject::Input(input) => reader.input(&input)?,
    }
    reader.out.flush()?;
    if reader.said == 0 {
        print::talk("it has no line, only white space");
    }
    Ok(Exit::Fine)
}

/// What is to be explained.
enum Subject {
    Line(String),
    Input(Input),
}

/// A word is a file if there is one of that name, else the line itself.
fn subject(word: Option<&str>) -> anyhow::Result<Subject> {
    match word {
        None if io::stdin().is_terminal() => {
            Err(Hinted::error("there is nothing to explain", "soctop explain LINE, FILE or `-`"))
        }
        None | Some("-") => Ok(Subject::Input(Input::Stdin)),
        // As every other command reads the word, where it is not the line itself.
        Some(word) if Path::new(word).exists() || is_name(word) => match Input::parse(word)? {
            Input::Path(path) if !path.exists() => Err(Hinted::error(
                format!("there is no file `{word}`"),
                "name one, or write the line itself in quotes; `-` reads it from standard input",
            )),
            input => Ok(Subject::Input(input)),
        },
        Some(word) => Ok(Subject::Line(word.to_owned())),
    }
}

/// Whether a word is meant as the name of a file: a line has more than one word, or is an object.
fn is_name(word: &str) -> bool {
    let looks_so = word.contains('/') || Path::new(word).extension().is_some();
    looks_so && !word.contains(|c: char| c.is_whitespace() || "{}[]<>=\"|,;".contains(c))
}

/// The stages up to matching, and where their result is written.
struct LineExplainer<'r> {
    paths: Paths,
    ingest: IngestStage,
    matcher: Matcher,
    rules: &'r RuleSet,
    format: AlertFormat,
    /// The source as which everything is read, if one was named.
    source: Option<Arc<str>>,
    out: Out,
    said: u64,
}

impl<'r> LineExplainer<'r> {
    fn new(config: &Config, rules: &'r RuleSet, args: &ExplainArgs) -> anyhow::Result<Self> {
        let paths = Paths::new();
        let routing = config.rules.routing.value;
        Ok(Self {
            ingest: IngestStage::new(&paths, &live::recorded(config)?, &config.sources),
            matcher: Matcher::compile(rules, &paths, MatcherOptions { routing }),
            rules,
            format: args.format,
            source: args.source.as_deref().map(|path| path.to_string_lossy().into()),
            out: Out::new(),
            said: 0,
            paths,
        })
    }

    fn input(&mut self, input: &Input) -> anyhow::Result<()> {
        let (recordings, notes) = pipeline::recordings(std::slice::from_ref(input))?;
        for note in notes {
            print::talk(Safe::new(&note).as_str());
        }
        for recording in recordings {
            for chunk in recording.chunks {
                let mut chunk = chunk?;
                for group in pipeline::groups(&mut chunk) {
                    self.line(&Line::of(&chunk, &group, &recording.path))?;
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) -> anyhow::Result<()> {
        let path = self.source.clone().unwrap_or_else(|| Arc::clone(line.path));
        let mut event = Event::default();
        let line = Line { path: &path, ..*line };
        let outcome = self.ingest.prepare(&line, &mut event);
        let mut more = outcome != Outcome::Blank;
        while more {
            self.event(event, &path)?;
            event = Event::default();
            more = self.ingest.prepare_next(&line, &mut event);
        }
        Ok(())
    }

    fn event(&mut self, mut event: Event, path: &Arc<str>) -> anyhow::Result<()> {
        self.ingest.join(&mut event);
        let mut matched = Vec::new();
        self.matcher.matches(&event, &mut matched);
        let headers = matched.iter().filter_map(|rule| self.rules.header(*rule));
        let rules = headers.map(|header| Matched {
            name: header.name.as_deref().unwrap_or(header.reference()),
            title: &header.title,
            level: header.level,
        });
        self.ingest.take_hidden();
        let event = self.ingest.redact(event, path);
        let redacted = self.ingest.take_hidden();
        let explained = Explained { redacted, ..Explained::new(&event, &self.paths.read(), rules.collect()) };
        self.said += 1;
        match self.format {
            AlertFormat::Ndjson => self.out.json(&explained)?,
            AlertFormat::Table => print_table(&mut self.out, &explained)?,
        }
        Ok(())
    }
}

/// A rule that matches.
struct Matched<'r> {
    name: &'r str,
    title: &'r str,
    level: Level,
}

impl Serialize for Matched<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// A field in the order of the event.
struct Found {
    name: String,
    value: String,
    how: How,
}

/// How a field was found.
enum How {
    /// Under this name in the line.
    Written,
    /// In an object that a text of the line holds: data, not what the event says of itself.
    Quoted,
    /// The value of this field of the line, under the name that all sources share.
    Alias(String),
    /// A piece of this field of the line.
    PartOf(String),
    /// In words of the message.
    Message,
    /// Put together or translated from what the line says.
    Derived,
    /// In another event with the same correlation id.
    Joined,
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Written => f.write_str("as written"),
            Self::Quoted => f.write_str("quoted in a text"),
            Self::Alias(name) => write!(f, "alias of {name}"),
            Self::PartOf(name) => write!(f, "part of {name}"),
            Self::Message => f.write_str("from the message"),
            Self::Derived => f.write_str("derived"),
            Self::Joined => f.write_str("joined by correlation id"),
        }
    }
}

/// What is made of one event, as NDJSON has it.
#[derive(Serialize)]
struct Explained<'r> {
    line: u64,
    /// Place in a line that holds several events, from 0.
    part: u32,
    format: Format,
    /// What the line is wrapped in; absent if it stands alone.
    #[serde(skip_serializing_if = "str::is_empty")]
    wrapper: &'static str,
    outcome: Outcome,
    flags: Vec<&'static str>,
    /// `null`: none was found.
    time: Option<Timestamp>,
    time_quality: TimeQuality,
    logsource: Logsource,
    correlation_ids: Vec<String>,
    /// All values of every field, by name.
    fields: BTreeMap<String, Vec<String>>,
    /// How the first value of each field was found.
    found: BTreeMap<String, String>,
    facts: Vec<StatedFact>,
    rules: Vec<Matched<'r>>,
    /// Places with secrets in them.
    redacted: u64,
    #[serde(skip)]
    in_order: Vec<Found>,
}

/// A fact that the line states.
#[derive(Serialize)]
struct StatedFact {
    fact: &'static str,
    confidence: String,
    /// The entry of the vocabulary that says so.
    entry: String,
}

fn facts(event: &Event) -> Vec<StatedFact> {
    let said = |path| event.all(path).map(str::to_owned).collect::<Vec<_>>();
    let stated = event.all(canonical::EVENT_ACTION).filter_map(Fact::named);
    let by = said(canonical::FACT_CONFIDENCE).into_iter().zip(said(canonical::FACT_ENTRY));
    stated
        .zip(by)
        .map(|(fact, (confidence, entry))| StatedFact { fact: fact.name(), confidence, entry })
        .collect()
}

#[derive(Serialize)]
struct Logsource {
    category: Option<Arc<str>>,
    product: Option<Arc<str>>,
    service: Option<Arc<str>>,
}

impl From<&LogSource> for Logsource {
    fn from(source: &LogSource) -> Self {
        Self {
            category: source.category.clone(),
            product: source.product.clone(),
            service: source.service.clone(),
        }
    }
}

impl<'r> Explained<'r> {
    fn new(event: &Redacted, names: &PathNames, rules: Vec<Matched<'r>>) -> Self {
        let in_order: Vec<Found> = found(event, names);
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        let mut how = BTreeMap::new();
        for field in &in_order {
            let values = fields.entry(field.name.clone()).or_default();
            if !values.contains(&field.value) {
                values.push(field.value.clone());
            }
            how.entry(field.name.clone()).or_insert_with(|| field.how.to_string());
        }
        Self {
            line: event.meta.line,
            part: event.meta.part,
            format: event.meta.format,
            wrapper: event.meta.wrapper,
            outcome: event.meta.outcome,
            flags: event.meta.flags.words().collect(),
            time: event.meta.time,
            time_quality: event.meta.time_quality,
            logsource: (&event.meta.logsource).into(),
            correlation_ids: event.all(canonical::CORRELATION_ID).map(str::to_owned).collect(),
            fields,
            found: how,
            facts: facts(event),
            rules,
            redacted: 0,
            in_order,
        }
    }
}

fn found(event: &Redacted, names: &PathNames) -> Vec<Found> {
    let scalars = event.fields().iter().enumerate().filter(|(_, field)| !field.kind.is_container());
    let found = scalars.map(|(index, field)| Found {
        name: event.name(index, names).to_owned(),
        value: event.text(field.span).to_owned(),
        how: how(event, field, names),
    });
    found.collect()
}

fn how(event: &Event, field: &Field, names: &PathNames) -> How {
    match field.origin {
        Origin::Line => How::Written,
        Origin::Quoted => How::Quoted,
        Origin::Joined => How::Joined,
        Origin::Canonical => {
            let end = field.span.start + field.span.len;
            let holds = |other: &&Field| {
                other.origin == Origin::Line
                    && !other.kind.is_container()
                    && other.span.start <= field.span.start
                    && other.span.start + other.span.len >= end
            };
            let lines = event.fields().iter().filter(holds);
            let Some(from) = lines.min_by_key(|other| other.span.len) else { return How::Derived };
            let name = names.name(from.path).to_owned();
            match from {
                from if from.span == field.span => How::Alias(name),
                from if is_message(event, from) => How::Message,
                _ => How::PartOf(name),
            }
        }
    }
}

fn is_message(event: &Event, field: &Field) -> bool {
    event.fields().iter().any(|other| other.path == canonical::MESSAGE && other.span == field.span)
}

/// One event for people: a heading, then what is known of it, fields last.
fn print_table(out: &mut Out, explained: &Explained<'_>) -> io::Result<()> {
    let remarks: String = explained.flags.iter().map(|flag| format!(", {flag}")).collect();
    let (format, outcome) = (word(&explained.format), word(&explained.outcome));
    let within =
        if explained.wrapper.is_empty() { String::new() } else { format!(" in {}", explained.wrapper) };
    let part = if explained.part == 0 { String::new() } else { format!(", event {}", explained.part + 1) };
    let heading = format!("line {}{part}  {format}{within}, {outcome}{remarks}", explained.line);
    out.line(&heading)?;
    for (name, value) in headlines(explained) {
        out.line(&format!("  {name:<10} {}", Safe::new(&value)))?;
    }
    for stated in &explained.facts {
        let fact = format!("{}  {}  {}", stated.fact, stated.confidence, stated.entry);
        out.line(&format!("  {:<10} {}", "fact", Safe::new(&fact)))?;
    }
    if explained.facts.is_empty() {
        out.line(&format!("  {:<10} none; `soctop vocabulary new` writes an entry for it", "fact"))?;
    }
    for rule in &explained.rules {
        let level = out.level(rule.level);
        out.line(&format!("  {:<10} {level}  {}  {}", "rule", Safe::new(rule.title), Safe::new(rule.name)))?;
    }
    if explained.rules.is_empty() {
        out.line(&format!("  {:<10} none matches this line on its own", "rule"))?;
    }
    for field in &explained.in_order {
        let (name, value, how) = (Safe::new(&field.name), Safe::new(&field.value), field.how.to_string());
        let how = out.dim(Safe::new(&how).as_str());
        out.line(&format!("  {:<28} {value}  {how}", name.as_str()))?;
    }
    out.line("")
}

/// What is known of the event as a whole.
fn headlines(explained: &Explained<'_>) -> Vec<(&'static str, String)> {
    let time = match explained.time {
        Some(time) => format!("{}  {}", print::time(time), word(&explained.time_quality)),
        None => "none found: counted when it arrives, in old files with the line before it".to_owned(),
    };
    let mut lines = vec![("time", time)];
    if !explained.correlation_ids.is_empty() {
        lines.push(("ids", explained.correlation_ids.join("  ")));
    }
    let source = &explained.logsource;
    let parts = [("product", &source.product), ("category", &source.category), ("service", &source.service)];
    let named = parts.iter().filter_map(|(key, value)| Some(format!("{key}: {}", value.as_ref()?)));
    let logsource = named.collect::<Vec<_>>().join(", ");
    if !logsource.is_empty() {
        lines.push(("logsource", logsource));
    }
    if explained.redacted > 0 {
        let places = format!("{} place{}", print::count(explained.redacted), plural(explained.redacted));
        lines.push(("redacted", places));
    }
    lines
}

/// The word that serialisation has for a value.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
