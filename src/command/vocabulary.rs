//! `soctop vocabulary`: check and test vocabulary files, and begin a new one.

mod new;
mod unknown;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::live;
use super::print::{self, Out};
use crate::cli::{VocabularyArgs, VocabularyCommand};
use crate::config;
use crate::event::{Event, Outcome, PathId, Paths, canonical};
use crate::exit::{Exit, Hinted};
use crate::facts::file::{self, File, TestLine};
use crate::facts::{BUNDLED, Fact, Vocabulary};
use crate::normalize;
use crate::pipeline::{IngestStage, Line};
use crate::sigma::{Diagnostic, Severity};
use crate::text::{Safe, plural};

pub fn run(args: &VocabularyArgs) -> anyhow::Result<Exit> {
    match &args.command {
        VocabularyCommand::Check { files } => check(&Files::read(files)?),
        VocabularyCommand::Test { files } => test(&Files::read(files)?),
        VocabularyCommand::Unknown { vocabulary, limit, logs } => unknown::run(vocabulary, *limit, logs),
        VocabularyCommand::New { product, fact, line } => new::run(product, fact, line),
    }
}

/// Vocabulary files by name and text.
struct Files {
    texts: Vec<(String, String)>,
    /// They are the user's own, and come before the bundled ones.
    are_own: bool,
}

impl Files {
    fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        if paths.is_empty() {
            let texts = BUNDLED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            return Ok(Self { texts, are_own: false });
        }
        let texts = config::vocabulary_files(paths)?;
        if texts.is_empty() {
            return Err(Hinted::error(
                "there is no vocabulary file",
                "vocabulary files end in `.yml` or `.yaml`",
            ));
        }
        Ok(Self { texts, are_own: true })
    }

    fn vocabulary(&self) -> Arc<Vocabulary> {
        if self.are_own { Arc::new(Vocabulary::with(&self.texts)) } else { Vocabulary::bundled() }
    }

    /// The files of products, and what is wrong with any.
    fn parsed(&self) -> (Vec<File>, Vec<Diagnostic>) {
        let (mut files, mut diagnostics) = (Vec::new(), Vec::new());
        for (name, text) in self.texts.iter().filter(|(name, _)| !is_table(name)) {
            let (file, mut wrong) = file::read(name, text);
            files.extend(file);
            diagnostics.append(&mut wrong);
        }
        (files, diagnostics)
    }
}

/// `names.yml` and `sentences.yml` are tables, and no product.
fn is_table(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|name| name == "names.yml" || name == "sentences.yml")
}

/// Everything that is wrong or doubtful.
fn check(files: &Files) -> anyhow::Result<Exit> {
    let (parsed, mut diagnostics) = files.parsed();
    diagnostics.extend(parsed.iter().flat_map(untested));
    if files.are_own {
        let own = files.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let tables = Vocabulary::read(own.filter(|(name, _)| is_table(name)));
        diagnostics.extend(tables.diagnostics);
    } else {
        diagnostics.extend(
            Vocabulary::bundled().diagnostics.iter().filter(|wrong| is_table(&wrong.at.file)).cloned(),
        );
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    say(&diagnostics)?;
    let entries: usize = parsed.iter().map(|file| file.entries.len()).sum();
    print::talk(&format!(
        "{} of {} file{}, {errors} error{}, {} warning{}",
        entries_word(entries),
        files.texts.len(),
        plural(files.texts.len() as u64),
        plural(errors as u64),
        diagnostics.len() - errors,
        plural((diagnostics.len() - errors) as u64),
    ));
    Ok(if errors == 0 { Exit::Fine } else { Exit::Mistakes })
}

fn entries_word(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{} entries", print::count(count as u64)) }
}

/// What tests a file lacks: a line that states nothing, and where a client chooses names, a forged one.
fn untested(file: &File) -> Option<Diagnostic> {
    let first = file.entries.first()?;
    let is_none = |test: &TestLine| test.fact.as_deref() == Some("none");
    let captures_names = file.entries.iter().flat_map(|entry| &entry.say).any(|template| {
        let fields = template.fields().iter().map(|(name, _)| name.as_str());
        let fields: Vec<&str> = fields.collect();
        fields.contains(&"user.name") && fields.contains(&"source.ip")
    });
    let lacks = if file.tests.is_empty() {
        "a test for each entry"
    } else if !file.tests.iter().any(is_none) {
        "a near miss: a test line with `fact: none`"
    } else if captures_names && !file.tests.iter().any(|test| !test.never.is_empty()) {
        "a forged line: a test with `never`, in which a name imitates the rest of the line"
    } else {
        return None;
    };
    Some(Diagnostic::error(&first.at, format!("`{}` lacks {lacks}", file.name)))
}

/// Runs all test lines through the stages that a line of a log goes through.
fn test(files: &Files) -> anyhow::Result<Exit> {
    let (parsed, diagnostics) = files.parsed();
    let mut bench = VocabularyBench::new(files.vocabulary());
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in &parsed {
        for line in &file.tests {
            count += 1;
            wrong.extend(bench.try_line(file, line));
        }
    }
    let broken: Vec<Diagnostic> = diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    say(&broken)?;
    say(&wrong)?;
    print::talk(&format!("{count} line{}, {} wrong", plural(count), wrong.len()));
    Ok(if wrong.is_empty() && broken.is_empty() { Exit::Fine } else { Exit::Mistakes })
}

fn say(diagnostics: &[Diagnostic]) -> anyhow::Result<()> {
    let mut out = Out::new();
    for diagnostic in diagnostics {
        for line in diagnostic.to_string().lines() {
            out.line(Safe::new(line).as_str())?;
        }
        out.line("")?;
    }
    Ok(out.flush()?)
}

/// Reads lines as a log's.
struct VocabularyBench {
    paths: Paths,
    ingest: IngestStage,
}

impl VocabularyBench {
    fn new(vocabulary: Arc<Vocabulary>) -> Self {
        let paths = Paths::new();
        // Wherever a secret is masked, what was said is another question.
        let options = normalize::Options { max_skew: None, vocabulary, ..normalize::Options::default() };
        Self { ingest: IngestStage::new(&paths, &options, &[]), paths }
    }

    fn read(&mut self, line: &str) -> Event {
        let mut event = Event::default();
        let path: Arc<str> = "test".into();
        let line = Line::alone(line.as_bytes(), &path, live::wall_clock());
        let outcome = self.ingest.prepare(&line, &mut event);
        if outcome == Outcome::Blank { Event::default() } else { event }
    }

    /// What is wrong with the reading of one line, if anything.
    fn try_line(&mut self, file: &File, test: &TestLine) -> Option<Diagnostic> {
        let line = if test.is_message { behind_head(file, &test.line) } else { test.line.clone() };
        let event = self.read(&line);
        let facts: Vec<&str> =
            event.all(canonical::EVENT_ACTION).filter_map(Fact::named).map(Fact::name).collect();
        let facts = if event.get(canonical::FACT_ENTRY).is_none() { Vec::new() } else { facts };
        let entry = event.get(canonical::FACT_ENTRY).unwrap_or("no entry").to_owned();
        let mut mistakes = Vec::new();
        match test.fact.as_deref() {
            Some("none") if !facts.is_empty() => {
                mistakes.push(format!("states {} ({entry})", facts.join(", ")))
            }
            Some(fact) if fact != "none" && !facts.contains(&fact) => {
                let said = if facts.is_empty() { "nothing".to_owned() } else { facts.join(", ") };
                mistakes.push(format!("states {said} ({entry}), expected {fact}"));
            }
            _ => {}
        }
        mistakes.extend(test.fields.iter().filter_map(|(name, value)| self.differs(&event, name, value)));
        for (name, forbidden) in &test.never {
            let have: Vec<String> = match name.as_str() {
                "fact" => facts.iter().map(|fact| (*fact).to_owned()).collect(),
                name => self.values(&event, name),
            };
            mistakes.extend(
                have.iter()
                    .filter(|value| forbidden.contains(value))
                    .map(|value| format!("`{name}` is {value}")),
            );
        }
        (!mistakes.is_empty()).then(|| Diagnostic::error(&test.at, mistakes.join("; ")).with_hint(line))
    }

    fn values(&self, event: &Event, name: &str) -> Vec<String> {
        let path = self.paths.read().find(name).unwrap_or(PathId::OVERFLOW);
        event.all(path).map(str::to_owned).collect()
    }

    fn differs(&self, event: &Event, name: &str, value: &str) -> Option<String> {
        let have = self.values(event, name);
        match have.first() {
            None if value == "none" => None,
            None => Some(format!("`{name}` is absent, expected {value}")),
            Some(_) if value == "none" => Some(format!("`{name}` is {}, expected none", have.join(", "))),
            Some(first) if first == value => None,
            Some(first) => Some(format!("`{name}` is {first}, expected {value}")),
        }
    }
}

/// A message behind the head that its program's lines have in syslog, or in JSON by its logger.
fn behind_head(file: &File, message: &str) -> String {
    let when = file.when.iter();
    let program = when.clone().flat_map(|when| &when.programs).next();
    if let Some(program) = program {
        return format!("Nov 28 09:00:01 web1 {}[812]: {message}", program.trim_end_matches('*'));
    }
    let logger =
        when.flat_map(|when| &when.loggers).next().map_or("app", |logger| logger.trim_end_matches('*'));
    let time = "2026-11-28T09:00:01Z";
    serde_json::json!({"timestamp": time, "level": "INFO", "logger": logger, "message": message}).to_string()
}
