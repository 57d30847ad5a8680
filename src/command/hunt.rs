//! `soctop hunt`: rules over what is in the index already.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::complete;
use super::expect::Incidents;
use super::live::{self, index_error};
use super::named::find;
use super::print::{self, Out, Tagged};
use super::search::{self, open_reader};
use super::settings::CliOverrides;
use crate::alert::{Alert, AlertStatus, RuleSummary};
use crate::cli::{AlertFormat, HuntArgs, RuleArgs};
use crate::config::Config;
use crate::correlate::Output;
use crate::event::Timestamp;
use crate::event::number::to_u64;
use crate::exit::{Exit, Hinted};
use crate::index::Reader;
use crate::pipeline::{self, Engine, Hunted};
use crate::query::SearchRequest;
use crate::sigma::{RuleIndex, RuleSet};
use crate::state::RuleHits;
use crate::text::{Safe, plural};

/// Rules that are named when they look at every event.
const NAMED: usize = 3;

pub fn run(args: &HuntArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let (paths, names) = paths_and_names(&args.wanted)?;
    let only = RuleArgs { only_rules: paths, ..args.rules.clone() };
    let named = if only.only_rules.is_empty() { &args.rules } else { &only };
    let config = overrides.rules(named).store(&args.store).resolve()?;
    let loaded = live::load_rules(&config)?;
    live::report_rule_problems(&loaded);
    let chosen = HuntedRules::of(loaded.rules, &names)?;
    if chosen.rules.is_empty() {
        return Err(Hinted::error("no rule runs, so nothing can be found", "`soctop rules check` says why"));
    }
    let span = Span::of(args.since.as_deref(), args.until.as_deref())?;
    let reader = open_reader(&config)?;
    let mut out = Out::new();
    let each = |alert: &Alert| match args.format {
        _ if args.print_expect => Ok(()),
        AlertFormat::Ndjson => out.json(&Tagged { kind: "alert", value: alert }),
        AlertFormat::Table if alert.status == AlertStatus::Open => print::alert(&mut out, alert),
        AlertFormat::Table => Ok(()),
    };
    let found = hunt(&reader, &chosen, &config, span, each)?;
    if args.print_expect {
        found.incidents.lines().iter().try_for_each(|line| out.line(line))?;
    } else if args.format == AlertFormat::Table {
        print_rules(&mut out, &found, &chosen)?;
    }
    out.flush()?;
    say_what_was_looked_at(&found, &chosen.rules);
    let request = SearchRequest { since: span.since, until: span.until, ..SearchRequest::default() };
    print::talk(&complete::of_search(&reader, &request));
    Ok(if found.is_empty() { Exit::Nothing } else { Exit::Fine })
}

/// Which event times a hunt is about.
#[derive(Clone, Copy, Default)]
pub struct Span {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Span {
    /// As it is typed.
    pub fn of(since: Option<&str>, until: Option<&str>) -> anyhow::Result<Self> {
        let now = live::wall_clock();
        Ok(Self { since: search::time(since, now)?, until: search::time(until, now)? })
    }
}

/// What a hunt found.
pub struct Found {
    pub incidents: Incidents,
    /// How often each rule that was asked for, or that one of these counts, matched and alerted.
    pub hits: Vec<RuleHits>,
    hunted: Hunted,
    /// For each detection rule whether it looked at every event.
    looks_at_all: Vec<bool>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.hits.iter().all(|hits| hits.matches == 0)
    }
}

/// Hunts; `each` is shown every alert in turn.
pub fn hunt(
    reader: &Reader,
    chosen: &HuntedRules,
    config: &Config,
    span: Span,
    mut each: impl FnMut(&Alert) -> std::io::Result<()>,
) -> anyhow::Result<Found> {
    let mut options = live::replaying(config)?;
    // What is stored is hidden already.
    options.normalize.redaction.enabled = false;
    let mut engine = Engine::new(&chosen.rules, &options);
    let mut incidents = Incidents::default();
    let mut over_budget = print::OverBudget::default();
    let mut hunt = reader.hunt(&chosen.rules, span.since, span.until);
    let hunted = pipeline::hunt(&mut hunt, &mut engine, |outputs| {
        for output in outputs {
            match output {
                Output::Alert(mut alert) if chosen.tells_of(&alert.rule) => {
                    alert.replayed = true;
                    each(&alert)?;
                    incidents.take(alert);
                }
                Output::Degraded { rule, .. } => over_budget.note(&rule),
                _ => {}
            }
        }
        anyhow::Ok(())
    });
    over_budget.say();
    let hunted = hunted.map_err(|error| error.downcast().map_or_else(|error| error, index_error))?;
    let hits = engine.rule_hits().into_iter().filter(|hits| chosen.counts(&hits.rule)).collect();
    Ok(Found { incidents, hits, hunted, looks_at_all: hunt.looks_at_all() })
}

/// What stands for a file or a folder, and what names a rule.
fn paths_and_names(words: &[String]) -> anyhow::Result<(Vec<PathBuf>, Vec<&str>)> {
    let (paths, names): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| Path::new(word.as_str()).exists());
    if let (Some(path), Some(name)) = (paths.first(), names.first()) {
        let message = format!("`{path}` is a file and `{name}` is not");
        return Err(Hinted::error(message, "name rules by their files, or by id, name or title"));
    }
    Ok((paths.into_iter().map(PathBuf::from).collect(), names.into_iter().map(String::as_str).collect()))
}

/// The rules that run, and which of them are told of.
pub struct HuntedRules {
    rules: RuleSet,
    /// By reference; empty where all are.
    told: BTreeSet<String>,
    /// Those that are told of, and what they count.
    counted: BTreeSet<String>,
}

impl HuntedRules {
    pub fn all(rules: RuleSet) -> Self {
        Self { rules, told: BTreeSet::new(), counted: BTreeSet::new() }
    }

    /// The rules with these names, or all, with everything that what they tell depends on: a hunt then finds of them
    /// what one of all rules finds.
    fn of(rules: RuleSet, names: &[&str]) -> anyhow::Result<Self> {
        let named: BTreeSet<RuleIndex> =
            names.iter().map(|name| find(&rules, name)).collect::<Result<_, _>>()?;
        if named.is_empty() {
            return Ok(Self::all(rules));
        }
        let called = |rules: &RuleSet, chosen: &BTreeSet<RuleIndex>| -> BTreeSet<String> {
            chosen.iter().filter_map(|rule| rules.header(*rule)).map(|it| it.reference().to_owned()).collect()
        };
        let reaching = rules.reaching_into(&named);
        let wanted = rules.with_all_they_name(named.iter().copied().chain(reaching));
        let counted = called(&rules, &rules.with_all_they_count(named.iter().copied()));
        Ok(Self { told: called(&rules, &named), counted, rules: rules.only(&wanted) })
    }

    fn tells_of(&self, rule: &RuleSummary) -> bool {
        self.told.is_empty() || self.told.contains(&rule.id)
    }

    /// Whether its matches say something about what was asked for.
    fn counts(&self, rule: &RuleSummary) -> bool {
        self.told.is_empty() || self.counted.contains(&rule.id)
    }
}

fn print_rules(out: &mut Out, found: &Found, chosen: &HuntedRules) -> std::io::Result<()> {
    let hits = found.hits.iter().filter(|hits| hits.matches + hits.alerts > 0);
    let mut hits: Vec<&RuleHits> = hits.collect();
    hits.sort_by_key(|hits| Reverse((hits.rule.level, hits.alerts, hits.matches)));
    if !hits.is_empty() && !found.incidents.is_empty() {
        out.line("")?;
    }
    for hits in hits {
        let incidents = match chosen.tells_of(&hits.rule) {
            true => format!("{:>6} incident{:1}", print::count(hits.alerts), plural(hits.alerts)),
            false => " ".repeat("123456 incidents".len()),
        };
        let line = format!(
            "{}  {incidents}  {:>9} match{:2}  {}",
            out.level(hits.rule.level),
            print::count(hits.matches),
            if hits.matches == 1 { "" } else { "es" },
            Safe::new(&hits.rule.title)
        );
        out.line(&line)?;
    }
    Ok(())
}

fn say_what_was_looked_at(found: &Found, rules: &RuleSet) {
    let Hunted { events, looked_at } = found.hunted;
    print::talk(&format!(
        "{} of {} event{} read: the index rules out the others",
        print::count(looked_at),
        print::count(events),
        plural(events)
    ));
    let all = rules.detections.iter().zip(&found.looks_at_all).filter(|(_, all)| **all);
    let titles: Vec<&str> = all.map(|(rule, _)| rule.header.title.as_str()).collect();
    if titles.is_empty() {
        return;
    }
    let named: Vec<String> =
        titles.iter().take(NAMED).map(|title| format!("`{}`", Safe::new(title))).collect();
    let more = titles.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {} more", print::count(to_u64(more))) } else { String::new() };
    print::talk(&format!(
        "nothing that {}{more} ask{} for is indexed: every event was read",
        named.join(", "),
        if titles.len() == 1 { "s" } else { "" }
    ));
}
