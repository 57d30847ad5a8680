//! Every rule is shown in both directions: a sample in which it speaks, and one that holds its near miss and in
//! which it stays silent.
//!
//! A near miss is
//! - of a correlation: something that it counts happens, and not often enough;
//! - of a rule that adds up points or knows what is usual: it matches, and that is not enough;
//! - of any rule: a line of a harmless sample that is written to resemble what it looks for
//!   (`samples::LookAlike`). The rule looks at that line, and neither it nor what it counts matches.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::samples::{LookAlike, Sample};
use soctop::detect::{Matcher, MatcherOptions};
use soctop::event::{Event, Outcome, Paths, Timestamp};
use soctop::normalize::Options;
use soctop::pipeline::{IngestStage, Line};
use soctop::sigma::extension::Extension;
use soctop::sigma::rule::{Header, Node, NodeValue};
use soctop::sigma::scan::needs_something;
use soctop::sigma::{Level, RuleIndex, RuleSet};

use super::queries;
use super::sample_logs::{self, Incident};

/// What one sample holds for each rule, by its place.
struct Evidence {
    name: &'static str,
    /// How many events a detection matches.
    matched: BTreeMap<usize, u32>,
    /// Rules that look at a line which resembles what they look for, and do not match it.
    resembled: BTreeSet<usize>,
    /// Rules that take their look-alike for the real thing, or do not look at it.
    deceived: Vec<String>,
    /// Names of the rules that raise an incident, informational ones included.
    alerted: BTreeSet<String>,
    /// Those incidents and the level at which each ends.
    levels: Vec<(String, Level)>,
}

impl Evidence {
    fn of(
        rules: &RuleSet,
        matcher: &mut Matcher,
        paths: &Paths,
        sample: &Sample,
        found: &[Incident],
    ) -> Self {
        let mut evidence = Self {
            name: sample.name,
            matched: BTreeMap::new(),
            resembled: BTreeSet::new(),
            deceived: Vec::new(),
            alerted: found.iter().map(|found| found.alert.rule.reference().to_owned()).collect(),
            levels: found
                .iter()
                .map(|found| (found.alert.rule.reference().to_owned(), found.alert.rule.level))
                .collect(),
        };
        evidence.look_at(rules, matcher, paths, sample);
        evidence
    }

    fn look_at(&mut self, rules: &RuleSet, matcher: &mut Matcher, paths: &Paths, sample: &Sample) {
        let mut ingest = IngestStage::new(paths, &Options::default(), &[]);
        let (mut event, mut matched) = (Event::default(), Vec::new());
        let source: Arc<str> = sample.name.into();
        for line in sample.text.lines() {
            let read = Line::alone(line.as_bytes(), &source, Timestamp::default());
            if ingest.prepare(&read, &mut event) == Outcome::Blank {
                continue;
            }
            ingest.join(&mut event);
            matcher.matches(&event, &mut matched);
            for rule in &matched {
                *self.matched.entry(rule.index()).or_default() += 1;
            }
            for look_alike in sample.look_alikes.iter().filter(|like| like.line == line) {
                self.judge(rules, look_alike, &event, &matched);
            }
        }
    }

    fn judge(&mut self, rules: &RuleSet, like: &LookAlike, event: &Event, matched: &[RuleIndex]) {
        let rule = rules.find(like.rule).unwrap_or_else(|| panic!("no rule is called {}", like.rule));
        let detections = detections_of(rules, rule);
        let looks = |index: &RuleIndex| {
            let rule = &rules.detections[index.index()];
            rule.logsource.admits(&event.meta.logsource, needs_something(rule))
        };
        if detections.iter().any(looks) && !detections.iter().any(|index| matched.contains(index)) {
            self.resembled.insert(rule.index());
        } else {
            self.deceived.push(format!("{}: {}: {}", self.name, like.rule, like.line));
        }
    }
}

/// The detections that a rule is made of.
fn detections_of(rules: &RuleSet, rule: RuleIndex) -> Vec<RuleIndex> {
    match rules.correlations.get(rule.index().wrapping_sub(rules.detections.len())) {
        Some(correlation) => {
            correlation.inputs.iter().flat_map(|input| detections_of(rules, *input)).collect()
        }
        None => vec![rule],
    }
}

static EVIDENCE: LazyLock<(RuleSet, Vec<Evidence>)> = LazyLock::new(|| {
    let (rules, _) = queries::load();
    let paths = Paths::new();
    let mut matcher = Matcher::compile(&rules, &paths, MatcherOptions { routing: true });
    let of =
        |(sample, found): &(Sample, Vec<Incident>)| Evidence::of(&rules, &mut matcher, &paths, sample, found);
    let evidence = sample_logs::FOUND.iter().map(of).collect();
    (rules, evidence)
});

/// The samples that hold a near miss of the rule of this name, and in which it stays silent: harmless ones first, and
/// those with most of what it counts.
pub fn silent_in(name: &str) -> Vec<&'static str> {
    let (rules, evidence) = &*EVIDENCE;
    let rule = rules.find(name).unwrap();
    let counts = rules.detections.len() <= rule.index() || wants_more(rules, rule);
    let inputs = detections_of(rules, rule);
    // How many of the things that it counts, and how often.
    let counted = |sample: &Evidence| -> (usize, u32) {
        let matched = inputs.iter().filter_map(|input| sample.matched.get(&input.index())).filter(|_| counts);
        matched.fold((0, 0), |(kinds, sum), times| (kinds + 1, sum + times))
    };
    let tempted = |sample: &Evidence| sample.resembled.contains(&rule.index()) || counted(sample).0 > 0;
    let silent = |sample: &&Evidence| !sample.alerted.contains(name) && tempted(sample);
    let mut samples: Vec<&Evidence> = evidence.iter().filter(silent).collect();
    samples.sort_by_key(|sample| (!sample.name.ends_with(".benign"), Reverse(counted(sample))));
    samples.iter().map(|sample| sample.name).collect()
}

fn block(rules: &RuleSet, rule: RuleIndex) -> &Extension {
    let block = match rules.detections.get(rule.index()) {
        Some(rule) => &rule.extension,
        None => &rules.correlations[rule.index() - rules.detections.len()].extension,
    };
    block.as_ref().unwrap()
}

/// Whether the rule alerts on a sum of points.
fn adds_up(rules: &RuleSet, rule: RuleIndex) -> bool {
    block(rules, rule).risk.as_ref().is_some_and(|risk| risk.alert_at.is_some())
}

/// Whether a match alone does not make the detection alert.
fn wants_more(rules: &RuleSet, rule: RuleIndex) -> bool {
    adds_up(rules, rule) || block(rules, rule).first_seen.is_some()
}

/// Whether matches or firings of a rule are reported by themselves: one that a correlation refers to is silent, unless one
/// such correlation or the rule itself says `generate: true`.
fn is_reported(rules: &RuleSet, rule: RuleIndex) -> bool {
    let mut above = rules.correlations.iter().filter(|it| it.inputs.contains(&rule)).peekable();
    let own = rules.detections.get(rule.index()).is_some_and(|it| it.generate == Some(true));
    own || above.peek().is_none() || above.any(|it| it.correlation.generate)
}

/// The rules of a lower level that begin the incidents with which this one goes on: its word is their level.
fn raised_by(rules: &RuleSet, rule: RuleIndex) -> BTreeSet<&str> {
    let joined = block(rules, rule).joins.iter().filter_map(|name| rules.header(rules.find(&name.value)?));
    let level = rules.header(rule).unwrap().level;
    joined.filter(|begun| begun.level < level).filter_map(|begun| begun.name.as_deref()).collect()
}

/// Rules that raise incidents, of themselves or by points.
fn speaking(rules: &RuleSet) -> Vec<(RuleIndex, &Header)> {
    let all = (0..rules.len()).map(|index| RuleIndex(index as u32));
    let headers = all.map(|rule| (rule, rules.header(rule).unwrap()));
    let speaks = |rule: RuleIndex, header: &Header| {
        let alerts = is_reported(rules, rule) && block(rules, rule).alert.enabled;
        (alerts && header.level > Level::Informational) || adds_up(rules, rule)
    };
    headers.filter(|(rule, header)| speaks(*rule, header)).collect()
}

#[test]
fn every_rule_speaks_in_a_sample_and_stays_silent_in_another() {
    let (rules, evidence) = &*EVIDENCE;
    let mut wrong = String::new();
    for (rule, header) in speaking(rules) {
        let name = header.name.as_deref().unwrap();
        let raised = raised_by(rules, rule);
        let is_raised =
            |(begun, level): &(String, Level)| *level >= header.level && raised.contains(&**begun);
        let speaks = |sample: &Evidence| sample.alerted.contains(name) || sample.levels.iter().any(is_raised);
        if !evidence.iter().any(speaks) {
            wrong += &format!("{name}: no sample in which it alerts\n");
        }
        if silent_in(name).is_empty() {
            wrong += &format!("{name}: no sample that holds its near miss and in which it stays silent\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn look_alikes_are_looked_at_and_match_nothing() {
    let deceived: Vec<&String> = EVIDENCE.1.iter().flat_map(|sample| &sample.deceived).collect();
    assert!(deceived.is_empty(), "{deceived:#?}");
}

#[test]
fn every_detection_matches_something_in_a_sample() {
    let (rules, evidence) = &*EVIDENCE;
    let unseen: Vec<&str> = (0..rules.detections.len())
        .filter(|index| !evidence.iter().any(|sample| sample.matched.contains_key(index)))
        .filter_map(|index| rules.detections[index].header.name.as_deref())
        .collect();
    assert!(unseen.is_empty(), "in no sample: {unseen:?}");
}

#[test]
fn every_rule_has_tests_of_its_own_in_both_directions() {
    let (rules, _) = &*EVIDENCE;
    let mut wrong = String::new();
    for (rule, header) in speaking(rules) {
        let tests = &block(rules, rule).tests;
        let expects = |test: &Node, something: bool| match test.get("expect").map(|node| &node.value) {
            Some(NodeValue::List(expected)) => expected.is_empty() != something,
            _ => false,
        };
        let raised = raised_by(rules, rule).into_iter().filter_map(|begun| rules.find(begun));
        let mut of_raised = raised.flat_map(|begun| &block(rules, begun).tests);
        let is_of_level = |test: &Node| match test.get("expect").map(|node| &node.value) {
            Some(NodeValue::List(expected)) => expected.iter().any(|incident| {
                incident.get("level").and_then(Node::scalar_text).as_deref() == Some(header.level.word())
            }),
            _ => false,
        };
        let raises = of_raised.any(is_of_level);
        for (something, what) in [(true, "an alert"), (false, "silence")] {
            let is_shown = tests.iter().any(|test| expects(test, something)) || something && raises;
            if !is_shown {
                wrong += &format!("{:?}: no test expects {what}\n", header.name);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
