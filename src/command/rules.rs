//! `soctop rules`: check, list, explain and test rules.

mod diff;
mod test;
mod tune;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;

use super::named::find;
use super::print::{self, Out};
use super::settings::CliOverrides;
use crate::cli::{AlertFormat, RuleArgs, RulesArgs, RulesCommand};
use crate::config::{Config, LoadedRules, bundled_rules, read_text};
use crate::detect::explain;
use crate::detect::explain::Line;
use crate::detect::matcher::RuleCounter;
use crate::detect::{Matcher, MatcherOptions};
use crate::event::number::to_f64;
use crate::event::{Event, Outcome, Paths, Timestamp};
use crate::exit::{Exit, Hinted};
use crate::pipeline::{self, IngestStage};
use crate::sigma::rule::{Header, LogSourcePattern, Severity};
use crate::sigma::{Diagnostic, Level, RuleIndex, RuleSet, lint};
use crate::text::{Safe, plural};

pub fn run(args: &RulesArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let rules = match &args.command {
        RulesCommand::Check { rules }
        | RulesCommand::List { rules, .. }
        | RulesCommand::Show { rules, .. }
        | RulesCommand::Test { rules } => rules,
        RulesCommand::Export { folder } => return export(folder),
        RulesCommand::Diff(args) => return diff::run(args, &overrides),
        RulesCommand::Tune { rules, least, logs } => return tune::run(rules, *least, logs, overrides),
    };
    // A command about rules is about those that are named, and no others.
    let paths = [&rules.paths[..], &rules.rules].concat();
    let config = overrides.rules(&RuleArgs { only_rules: paths, ..RuleArgs::default() }).resolve()?;
    match &args.command {
        RulesCommand::Check { .. } => check(&config),
        RulesCommand::List { events, format, .. } => list(&config, events.as_deref(), *format),
        RulesCommand::Show { rule, event, .. } => show(&config, rule, event.as_deref()),
        RulesCommand::Test { .. }
        | RulesCommand::Export { .. }
        | RulesCommand::Diff(_)
        | RulesCommand::Tune { .. } => test::run(&config),
    }
}

/// Writes the bundled rules into a folder that holds nothing yet.
fn export(folder: &Path) -> anyhow::Result<Exit> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let mut there = fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    if there.next().is_some() {
        let message = format!("`{}` is not empty, and nothing is overwritten", folder.display());
        return Err(Hinted::error(message, "name a folder that is new"));
    }
    let mut count = 0;
    for (name, text) in bundled_rules() {
        let file = folder.join(name);
        let within = file.parent().unwrap_or(folder);
        fs::create_dir_all(within).with_context(|| format!("cannot make `{}`", within.display()))?;
        fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))?;
        count += 1;
    }
    print::talk(&format!("{} written; run them alone with --only-rules", counted(count, "file")));
    Ok(Exit::Fine)
}

/// Everything that is wrong or doubtful, in the order of the files.
fn check(config: &Config) -> anyhow::Result<Exit> {
    let mut loaded = super::live::load_rules(config)?;
    if loaded.files == 0 {
        return Err(Hinted::error("there is no rule file to check", "rule files end in `.yml` or `.yaml`"));
    }
    loaded.diagnostics.extend(lint::lint(&loaded.rules));
    let mut diagnostics = loaded.diagnostics;
    diagnostics.sort_by(|a, b| (&a.at, a.severity, &a.message).cmp(&(&b.at, b.severity, &b.message)));
    diagnostics.dedup_by(|a, b| a.at == b.at && a.message == b.message);
    let mut out = Out::new();
    for diagnostic in &mut diagnostics {
        quote(diagnostic);
        for line in diagnostic.to_string().lines() {
            out.line(Safe::new(line).as_str())?;
        }
        out.line("")?;
    }
    out.flush()?;
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    let (rules, files) = (loaded.rules.len(), loaded.files);
    let loads = if rules == 1 { "s" } else { "" };
    print::talk(&format!(
        "{} of {} load{loads}, {}, {}",
        counted(rules, "rule"),
        counted(files, "file"),
        counted(errors, "error"),
        counted(warnings, "warning"),
    ));
    Ok(if errors == 0 { Exit::Fine } else { Exit::Mistakes })
}

/// `1 rule`, `2 rules`.
fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", print::count(count as u64), plural(count as u64))
}

/// Diagnostics of later stages do not know the text; the file does, if there is one.
fn quote(diagnostic: &mut Diagnostic) {
    if diagnostic.excerpt.is_none()
        && let Ok(text) = read_text(Path::new(&*diagnostic.at.file))
    {
        diagnostic.quote(&text);
    }
}

/// A row of `rules list`.
#[derive(Serialize)]
struct Row {
    rule: String,
    title: String,
    level: Level,
    #[serde(rename = "type")]
    kind: &'static str,
    logsource: String,
    /// Facts without which the rule is not looked at.
    looked_up_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluated: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<u64>,
}

fn list(config: &Config, events: Option<&Path>, format: AlertFormat) -> anyhow::Result<Exit> {
    let loaded = load(config)?;
    let mut bench = Bench::new(config, &loaded.rules, true)?;
    let mut seen = 0;
    if let Some(path) = events {
        bench.each_event(path, |matcher, event| {
            seen += 1;
            matcher.matches(event, &mut Vec::new());
            Ok(())
        })?;
    }
    let counters = bench.matcher.counters();
    let counters = events.map(|_| (seen, counters.as_slice()));
    let mut out = Out::new();
    if format == AlertFormat::Table && !loaded.rules.is_empty() {
        out.line(&out.dim(&list_heading(events.is_some())))?;
    }
    for row in rows(&loaded.rules, &bench.matcher, counters) {
        match format {
            AlertFormat::Ndjson => out.json(&row)?,
            AlertFormat::Table => print_row(&mut out, &row)?,
        }
    }
    out.flush()?;
    Ok(Exit::Fine)
}

fn rows<'a>(
    rules: &'a RuleSet,
    matcher: &'a Matcher,
    counters: Option<(u64, &'a [RuleCounter])>,
) -> impl Iterator<Item = Row> {
    let row = |header: &Header, kind, logsource| Row {
        rule: header.reference().to_owned(),
        title: header.title.clone(),
        level: header.level,
        kind,
        logsource,
        looked_up_by: Vec::new(),
        events: None,
        evaluated: None,
        matched: None,
    };
    let detections = rules.detections.iter().enumerate().map(move |(index, rule)| {
        let counter = counters.and_then(|(_, counters)| counters.get(index));
        Row {
            looked_up_by: explain::required_atoms(matcher.program(), index),
            events: counters.map(|(events, _)| events),
            evaluated: counter.map(|counter| counter.evaluated),
            matched: counter.map(|counter| counter.matched),
            ..row(&rule.header, "detection", rule.logsource.to_string())
        }
    });
    let correlations = rules.correlations.iter();
    detections.chain(correlations.map(move |rule| Row {
        events: counters.map(|(events, _)| events),
        ..row(&rule.header, rule.correlation.kind.word(), "-".to_owned())
    }))
}

/// Names of the columns of [`print_row`].
fn list_heading(counted: bool) -> String {
    let counts = if counted { format!("{:>10}  {:>10}  ", "hits", "cost/event") } else { String::new() };
    format!("{:<6}  {:<16} {:<34} {counts}rule", "level", "type", "product/category/service")
}

/// Level, what it is, where it looks, then the name. With a log between them: how often it matched, and
/// how often an event made soctop look at it at all, which is what a rule costs. A correlation costs its
/// inputs.
fn print_row(out: &mut Out, row: &Row) -> anyhow::Result<()> {
    let counts = match (row.matched, row.evaluated, row.events) {
        (Some(matched), Some(evaluated), Some(events)) => {
            let cost = to_f64(evaluated) / to_f64(events.max(1));
            format!("{:>10}  {cost:>10.3}  ", print::count(matched))
        }
        (_, _, Some(_)) => format!("{:>10}  {:>10}  ", "-", "-"),
        _ => String::new(),
    };
    let line = format!(
        "{}  {:<16} {:<34} {counts}{}  {}",
        out.level(row.level),
        row.kind,
        Safe::new(&row.logsource),
        Safe::new(&row.title),
        out.dim(Safe::new(&row.rule).as_str()),
    );
    out.line(&line)?;
    Ok(())
}

fn show(config: &Config, wanted: &str, event: Option<&Path>) -> anyhow::Result<Exit> {
    let loaded = load(config)?;
    let rules = &loaded.rules;
    let index = find(rules, wanted)?;
    let mut out = Out::new();
    let Some(header) = rules.header(index) else { return Ok(Exit::Fine) };
    print_header(&mut out, header)?;
    match event {
        Some(path) => show_events(&mut out, config, rules, index, path)?,
        None => show_rule(&mut out, config, rules, index)?,
    }
    out.flush()?;
    Ok(Exit::Fine)
}

/// A rule in words, then as it is compiled.
fn show_rule(out: &mut Out, config: &Config, rules: &RuleSet, index: RuleIndex) -> anyhow::Result<()> {
    let Some(rule) = rules.detections.get(index.index()) else {
        out.line("")?;
        if let Some(rule) = rules.correlations.get(index.index() - rules.detections.len()) {
            print_lines(out, &explain::correlation(rule, rules))?;
        }
        return Ok(());
    };
    out.line(&format!("logsource  {}", Safe::new(&logsource_words(&rule.logsource))))?;
    out.line("")?;
    print_lines(out, &explain::detection(rule, None))?;
    let bench = Bench::new(config, rules, false)?;
    let program = bench.matcher.program();
    out.line("")?;
    out.line(&format!("compiled to  {}", explain::compiled(program, index.index())))?;
    out.line("looked at only when one of these holds")?;
    for words in explain::required_atoms(program, index.index()) {
        out.line(&format!("  {}", Safe::new(&words)))?;
    }
    Ok(())
}

/// What a logsource names, as it is written in rules.
fn logsource_words(logsource: &LogSourcePattern) -> String {
    let parts =
        [("product", &logsource.product), ("category", &logsource.category), ("service", &logsource.service)];
    let named = parts.iter().filter_map(|(key, value)| Some(format!("{key}: {}", value.as_ref()?)));
    let words = named.collect::<Vec<_>>().join(", ");
    if words.is_empty() { "any".to_owned() } else { words }
}

/// For every event of a log which parts of a rule hold, and why the others do not.
fn show_events(
    out: &mut Out,
    config: &Config,
    rules: &RuleSet,
    index: RuleIndex,
    log: &Path,
) -> anyhow::Result<()> {
    let mut bench = Bench::new(config, rules, false)?;
    let paths = bench.paths.clone();
    bench.each_event(log, |_, event| {
        out.line("")?;
        out.line(Safe::new(event.raw()).as_str())?;
        print_lines(out, &explain::event(rules, index, event, &paths))
    })
}

fn print_header(out: &mut Out, header: &Header) -> anyhow::Result<()> {
    let level = out.level(header.level);
    out.line(&format!("{level}  {}", Safe::new(&header.title)))?;
    let labels = [
        ("id", header.id.clone().unwrap_or_default()),
        ("name", header.name.clone().unwrap_or_default()),
        ("status", header.status.clone().unwrap_or_default()),
        ("author", header.author.clone()),
        ("tags", header.tags.join(", ")),
        ("file", header.at.to_string()),
    ];
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        out.line(&format!("{name:<9}  {}", Safe::new(value)))?;
    }
    for line in header.description.lines() {
        out.line(&format!("{:<9}  {}", "", Safe::new(line)))?;
    }
    Ok(())
}

fn print_lines(out: &mut Out, lines: &[Line]) -> anyhow::Result<()> {
    for line in lines {
        let mark = match line.holds {
            Some(true) => "✓ ",
            Some(false) => "✗ ",
            None => "",
        };
        let note =
            line.note.as_deref().map(|note| out.dim(&format!("   {}", Safe::new(note)))).unwrap_or_default();
        out.line(&format!("{}{mark}{}{note}", "  ".repeat(line.depth), Safe::new(&line.text)))?;
    }
    Ok(())
}

/// Rules for which errors are said on standard error.
fn load(config: &Config) -> anyhow::Result<LoadedRules> {
    let loaded = super::live::load_rules(config)?;
    super::live::report_rule_problems(&loaded);
    Ok(loaded)
}

/// The ingest stage and the matcher that belong together.
struct Bench {
    paths: Paths,
    ingest: IngestStage,
    matcher: Matcher,
}

impl Bench {
    fn new(config: &Config, rules: &RuleSet, routing: bool) -> anyhow::Result<Self> {
        let paths = Paths::new();
        let ingest = IngestStage::new(&paths, &super::live::recorded(config)?, &config.sources);
        let matcher = Matcher::compile(rules, &paths, MatcherOptions { routing });
        Ok(Self { paths, ingest, matcher })
    }

    /// Every event of a file, as the rules of a live soctop would see it.
    fn each_event(
        &mut self,
        path: &Path,
        mut each: impl FnMut(&mut Matcher, &Event) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let text = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let source: Arc<str> = path.to_string_lossy().into();
        let mut event = Event::default();
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = pipeline::Line::alone(line, &source, Timestamp::default());
            let mut more = self.ingest.prepare(&line, &mut event) != Outcome::Blank;
            while more {
                self.ingest.join(&mut event);
                each(&mut self.matcher, &event)?;
                more = self.ingest.prepare_next(&line, &mut event);
            }
        }
        Ok(())
    }
}
