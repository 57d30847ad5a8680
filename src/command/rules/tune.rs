//! `soctop rules tune`: filters for what keeps being told, with what each would have hidden.
//!
//! A proposal and no decision: the output is a rule file with the evidence as comments, for a person to cut down.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::cli::RuleArgs;
use crate::command::expect::Incidents;
use crate::command::live;
use crate::command::print::{self, Out};
use crate::command::settings::CliOverrides;
use crate::correlate::Output;
use crate::exit::Exit;
use crate::pipeline::{Engine, RecordingError, recordings, replay};
use crate::sigma::{Level, RuleIndex, RuleSet};
use crate::source::Input;
use crate::text::{Safe, plural};

/// Summaries that are shown of what a filter would hide.
const SHOWN: usize = 3;

pub fn run(rules: &RuleArgs, least: usize, logs: &[String], overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.rules(rules).resolve()?;
    let loaded = live::load_rules(&config)?;
    live::report_rule_problems(&loaded);
    let incidents = incidents(&mut Engine::new(&loaded.rules, &live::replaying(&config)?), logs)?;
    let proposals = proposals(&loaded.rules, &incidents, least);
    let mut out = Out::new();
    for proposal in &proposals {
        for line in proposal.page(&loaded.rules).lines() {
            out.line(Safe::new(line).as_str())?;
        }
    }
    out.flush()?;
    let hidden: usize = proposals.iter().map(|proposal| proposal.hides.len()).sum();
    print::talk(&format!(
        "{} incident{}; {} filter{} would hide {hidden} of them. Keep those whose reason you know, in a folder for --rules",
        incidents.len(),
        plural(incidents.len() as u64),
        proposals.len(),
        plural(proposals.len() as u64),
    ));
    Ok(Exit::Fine)
}

/// All incidents from low on, in their last state, in order.
fn incidents(engine: &mut Engine, logs: &[String]) -> anyhow::Result<Vec<Alert>> {
    let inputs = logs.iter().map(Input::parse).collect::<Result<Vec<_>, _>>()?;
    let (recordings, notes) = recordings(&inputs)?;
    notes.iter().for_each(|note| print::talk(Safe::new(note).as_str()));
    let mut incidents = Incidents::default();
    replay(
        recordings,
        engine,
        |_| Ok::<(), RecordingError>(()),
        |outputs, _| {
            for output in outputs {
                if let Output::Alert(alert) = output {
                    incidents.take(alert);
                }
            }
            Ok(())
        },
    )?;
    let told = incidents.into_last_states().into_iter();
    Ok(told.filter(|alert| alert.rule.level > Level::Informational).collect())
}

/// One value that a rule keeps telling of.
struct Proposal<'a> {
    rule: RuleIndex,
    field: &'a str,
    value: &'a str,
    /// All incidents of the rule.
    of: usize,
    hides: Vec<&'a Alert>,
}

/// Values that at least `least` incidents of a rule share, most incidents first.
fn proposals<'a>(rules: &RuleSet, incidents: &'a [Alert], least: usize) -> Vec<Proposal<'a>> {
    let mut by_rule: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for alert in incidents {
        by_rule.entry(alert.rule.reference()).or_default().push(alert);
    }
    let mut proposals = Vec::new();
    for (name, alerts) in by_rule {
        let Some(rule) = rules.find(name) else { continue };
        let mut by_value: BTreeMap<(&str, &str), Vec<&Alert>> = BTreeMap::new();
        for alert in &alerts {
            for (field, value) in alert.group.iter() {
                by_value.entry((field, value)).or_default().push(alert);
            }
        }
        let often = by_value.into_iter().filter(|(_, hides)| hides.len() >= least);
        proposals.extend(often.map(|((field, value), hides)| Proposal {
            rule,
            field,
            value,
            of: alerts.len(),
            hides,
        }));
    }
    proposals.sort_by_key(|proposal| std::cmp::Reverse(proposal.hides.len()));
    proposals
}

impl Proposal<'_> {
    /// A filter as a document of a rule file, behind what it would have hidden.
    fn page(&self, rules: &RuleSet) -> String {
        let Some(header) = rules.header(self.rule) else { return String::new() };
        let mut page = format!(
            "# {} of {} incidents of {} ({}); among them:\n",
            self.hides.len(),
            self.of,
            header.reference(),
            header.level,
        );
        for alert in self.hides.iter().take(SHOWN) {
            page += &format!("#   {}  {}\n", alert.window.start, alert.summary.replace('\n', " "));
        }
        let mut detections = Vec::new();
        detections_of(rules, self.rule, &mut detections);
        page += &format!(
            "title: Known, {} of {}\nlogsource: {{definition: of the rules}}\nfilter:\n  rules: [{}]\n  known:\n    {}: {}\n  condition: not known\n---\n",
            self.field,
            header.reference(),
            detections.join(", "),
            self.field,
            quoted(self.value),
        );
        page
    }
}

/// Filters apply to detections: those that a rule is made of.
fn detections_of(rules: &RuleSet, rule: RuleIndex, into: &mut Vec<String>) {
    match rules.correlations.get(rule.index().wrapping_sub(rules.detections.len())) {
        Some(correlation) => correlation.inputs.iter().for_each(|input| detections_of(rules, *input, into)),
        None => into.extend(rules.header(rule).map(|header| header.reference().to_owned())),
    }
}

/// A value that a client may have chosen, as YAML and for a matcher that knows wildcards.
fn quoted(value: &str) -> String {
    let plain = value.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
    format!("'{}'", plain.replace('\'', "''").replace(['\n', '\r'], " "))
}
