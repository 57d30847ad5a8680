//! `soctop rules diff OLD NEW`: what an edit of rules would have changed in what is in the index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::{DiffArgs, RuleArgs};
use crate::command::complete;
use crate::command::hunt::{self, Found, HuntedRules, Span};
use crate::command::live;
use crate::command::print::{self, Out};
use crate::command::search::open_reader;
use crate::command::settings::CliOverrides;
use crate::exit::{Exit, Hinted};
use crate::index::Reader;
use crate::query::SearchRequest;
use crate::text::Safe;

pub fn run(args: &DiffArgs, overrides: &CliOverrides) -> anyhow::Result<Exit> {
    let span = Span::of(args.since.as_deref(), args.until.as_deref())?;
    let store = overrides.clone().store(&args.store);
    let reader = open_reader(&store.resolve()?)?;
    let before = found(&reader, &store, &args.old, span)?;
    let after = found(&reader, &store, &args.new, span)?;
    let mut out = Out::new();
    let changed = counts(&before, &after);
    for (title, counts) in &changed {
        let [matches, alerts] = [counts.matches, counts.alerts].map(in_words);
        out.line(&format!("{}: matches {matches}, incidents {alerts}", Safe::new(title)))?;
    }
    let differences = after.incidents.compare(&before.incidents.lines().join("\n"))?;
    for difference in &differences {
        out.line(Safe::with_limit(difference, usize::MAX).as_str())?;
    }
    out.flush()?;
    if changed.is_empty() && differences.is_empty() {
        print::talk("both find the same");
    } else if !differences.is_empty() {
        print::talk("`-` is what only the old rules find, `+` what only the new ones do");
    }
    let request = SearchRequest { since: span.since, until: span.until, ..SearchRequest::default() };
    print::talk(&complete::of_search(&reader, &request));
    Ok(if changed.is_empty() && differences.is_empty() { Exit::Fine } else { Exit::Findings })
}

fn found(reader: &Reader, overrides: &CliOverrides, path: &Path, span: Span) -> anyhow::Result<Found> {
    let only_rules: Vec<PathBuf> = vec![path.to_owned()];
    let config = overrides.clone().rules(&RuleArgs { only_rules, ..RuleArgs::default() }).resolve()?;
    let loaded = live::load_rules(&config)?;
    live::report_rule_problems(&loaded);
    if loaded.rules.is_empty() {
        let message = format!("no rule of `{}` runs", path.display());
        return Err(Hinted::error(message, "`soctop rules check` says why"));
    }
    hunt::hunt(reader, &HuntedRules::all(loaded.rules), &config, span, |_| Ok(()))
}

/// Before and after.
#[derive(Default)]
struct BeforeAfter {
    matches: [u64; 2],
    alerts: [u64; 2],
}

/// The rules, by title, that matched or alerted more or less often.
fn counts(before: &Found, after: &Found) -> BTreeMap<String, BeforeAfter> {
    let mut rules: BTreeMap<String, BeforeAfter> = BTreeMap::new();
    for (at, found) in [before, after].into_iter().enumerate() {
        for hits in &found.hits {
            let counts = rules.entry(hits.rule.title.clone()).or_default();
            counts.matches[at] += hits.matches;
            counts.alerts[at] += hits.alerts;
        }
    }
    let differ = |[before, after]: [u64; 2]| before != after;
    rules.retain(|_, counts| differ(counts.matches) || differ(counts.alerts));
    rules
}

fn in_words([before, after]: [u64; 2]) -> String {
    format!("{} → {}", print::count(before), print::count(after))
}
