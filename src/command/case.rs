//! `soctop case`: one incident in one file, and such a file on the screen.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;

use super::live::{self, index_error};
use super::print;
use super::report;
use super::search::open_reader;
use super::settings::{self, CliOverrides};
use crate::alert::{Alert, AlertKind, RuleBook};
use crate::cli::{CaseArgs, CaseCommand, CaseExportArgs, CaseOpenArgs};
use crate::config::{self, LoadedRules};
use crate::correlate::Output;
use crate::event::Record;
use crate::event::number::to_u64;
use crate::exit::{Exit, Hinted};
use crate::pipeline::{self, Engine, EngineOptions, Journal, case_records, replay_case};
use crate::report::{Case, IncidentReport, RuleText};
use crate::sigma::rule::Header;
use crate::sigma::{Placeholders, RuleSet};
use crate::text::{Safe, plural};
use crate::triage::Decisions;
use crate::view::scene::Stream;

pub fn run(args: &CaseArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    match &args.command {
        CaseCommand::Export(args) => export(args, overrides),
        CaseCommand::Open(args) => open(args, overrides),
    }
}

fn export(args: &CaseExportArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.rules(&args.rules).store(&args.store).resolve()?;
    let reader = open_reader(&config)?;
    let alert = report::only(reader.incidents(&args.incident).map_err(index_error)?, &args.incident)?;
    let loaded = live::load_rules(&config)?;
    let journal = Journal::of(&settings::data_dir(&config)?).read()?;
    let records = case_records(&reader, &alert).map_err(index_error)?;
    let options = masked(live::replaying(&config)?);
    let names = needed(&alert, &records, Engine::new(&loaded.rules, &options))?;
    let needed = names.iter().filter_map(|name| loaded.rules.find(name));
    let rules = texts(&loaded.rules.only(&loaded.rules.with_all_they_name(needed)));
    let case = Case {
        made_at: live::wall_clock(),
        made_by: live::user_name(),
        records,
        lists: named_lists(&rules, config.lists.placeholders()),
        decisions: journal.decisions.about(alert.alert_id).cloned().collect(),
        rules,
        alert,
    };
    let said = in_words(&case, &options)?;
    write(&args.file, &case.to_text())?;
    print::talk(&said);
    Ok(Exit::Fine)
}

/// What is stored is masked already.
fn masked(mut options: EngineOptions) -> EngineOptions {
    options.normalize.redaction.enabled = false;
    options
}

/// The rules that an incident rests on: its own, and where that adds up risk, all that find something in its events.
fn needed(alert: &Alert, records: &[Record], mut engine: Engine) -> anyhow::Result<Vec<String>> {
    let mut names = vec![alert.rule.id.clone()];
    if alert.kind == AlertKind::Risk {
        replay_case(records, &mut engine, |_| anyhow::Ok(()), |_| Ok(()))?;
        let hits = engine.rule_hits().into_iter().filter(|hits| hits.matches + hits.alerts > 0);
        names.extend(hits.map(|hits| hits.rule.id.clone()));
    }
    Ok(names)
}

/// The rules as they are written, each once.
fn texts(rules: &RuleSet) -> Vec<RuleText> {
    let filters = rules.detections.iter().flat_map(|rule| &rule.filters).map(|filter| &filter.header);
    let detections = rules.detections.iter().map(|rule| &rule.header);
    let correlations = rules.correlations.iter().map(|rule| &rule.header);
    let mut texts: Vec<RuleText> = Vec::new();
    for header in detections.chain(correlations).chain(filters) {
        let text = text(header);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Only the name of the file: where it lies says more about a machine than about a rule.
fn text(header: &Header) -> RuleText {
    let name = Path::new(&*header.at.file).file_name().unwrap_or_default();
    RuleText { file: name.to_string_lossy().into_owned(), text: header.text.to_string() }
}

/// The lists that the texts name.
fn named_lists(rules: &[RuleText], mut lists: Placeholders) -> Placeholders {
    lists.retain(|name, _| rules.iter().any(|rule| rule.text.contains(&format!("%{name}%"))));
    lists
}

/// The rules of a case.
pub fn rules(case: &Case) -> LoadedRules {
    config::rules_of_texts(case.rule_texts(), case.lists.clone())
}

/// What is in the case, and whether a replay of it finds the incident again.
fn in_words(case: &Case, options: &EngineOptions) -> anyhow::Result<String> {
    let (events, rules) = (to_u64(case.records.len()), to_u64(case.rules.len()));
    let decisions = to_u64(case.decisions.len());
    let held = format!(
        "{events} event{}, {rules} rule{}, {decisions} decision{}",
        plural(events),
        plural(rules),
        plural(decisions)
    );
    let found = match finds_itself(case, options)? {
        true => "a replay of the case finds the incident again".to_owned(),
        false if case.rules.is_empty() => {
            format!("its rule `{}` is no longer loaded, so a replay finds nothing", case.alert.rule.title)
        }
        false => {
            "a replay of the case does not find the incident: it rests on more than the events of its group, \
                  or its rule has changed since"
                .to_owned()
        }
    };
    Ok(Safe::new(&format!("{held}; {found}")).to_string())
}

fn finds_itself(case: &Case, options: &EngineOptions) -> anyhow::Result<bool> {
    let mut engine = Engine::new(&rules(case).rules, options);
    let mut is_found = false;
    let is_it =
        |output: &Output| matches!(output, Output::Alert(alert) if alert.alert_id == case.alert.alert_id);
    replay_case(
        &case.records,
        &mut engine,
        |_| anyhow::Ok(()),
        |outputs| {
            is_found |= outputs.iter().any(is_it);
            Ok(())
        },
    )?;
    Ok(is_found)
}

/// A new file for its owner alone; what is there already stays as it is.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if path == Path::new("-") {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Hinted::error(format!("`{}` exists already", path.display()), "name another file")
        }
        _ => anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())),
    })
}

fn open(args: &CaseOpenArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.screen(&args.screen).resolve()?;
    let case = read(&args.file)?;
    let loaded = rules(&case);
    if args.format.is_none() && !live::is_plain(&args.screen) {
        return live::show(pipeline::open_case(case, &loaded.rules)?, &config, Stream::Case, None);
    }
    let records: Vec<_> = case.evidence().cloned().collect();
    let decisions = Decisions::new(case.decisions.clone());
    let book = RuleBook::of(&loaded.rules);
    let report = IncidentReport {
        alert: &case.alert,
        records: &records,
        decisions: decisions.about(case.alert.alert_id).collect(),
        rule: book.get(&case.alert.rule.id),
        made_at: case.made_at,
        made_by: &case.made_by,
    };
    report::print(&report, args.format.unwrap_or_default())?;
    Ok(Exit::Fine)
}

fn read(path: &Path) -> anyhow::Result<Case> {
    let case = match path == Path::new("-") {
        true => Case::read(io::stdin().lock())?,
        false => {
            let file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            Case::read(file).with_context(|| format!("`{}`", path.display()))?
        }
    };
    Ok(case)
}

/// The case that the inputs of a replay name, if they name one.
///
/// # Errors
/// It is damaged, or something else is named beside it.
pub fn among(inputs: &[String]) -> anyhow::Result<Option<Case>> {
    let Some(named) = inputs.iter().find(|input| is_case(Path::new(input))) else { return Ok(None) };
    if inputs.len() > 1 {
        let message = format!("`{named}` is a case, but there are other inputs");
        return Err(Hinted::error(message, "replay a case on its own"));
    }
    read(Path::new(named)).map(Some)
}

/// Whether there is a file of this name that begins as a case. What cannot be read is left to who reports it.
fn is_case(path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let mut beginning = Vec::new();
    is_file
        && File::open(path)
            .is_ok_and(|file| file.take(to_u64(Case::BEGINNING)).read_to_end(&mut beginning).is_ok())
        && Case::begins_with(&beginning)
}
