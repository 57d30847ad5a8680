//! What must hold for any input: one function a fuzz target, each panics when it does not.
//!
//! libFuzzer calls them with inputs of its own (`just fuzz`), the tests with the committed `seeds`.

#![allow(clippy::unwrap_used, reason = "a check fails by panicking")]

use serde_json::Value;
use soctop::correlate::{Correlator, CorrelatorOptions, Output};
use soctop::decode::{Decoder, LINE_LIMIT};
use soctop::detect::explain;
use soctop::detect::{MatchRecord, Matcher, MatcherOptions};
use soctop::event::{
    Event, Flags, Format, Kind, LogSource, Origin, Outcome, Paths, Redact, TimeQuality, Timestamp,
};
use soctop::facts::Vocabulary;
use soctop::normalize::{Normalizer, Options, Redaction, Redactor};
use soctop::query;
use soctop::report::{Case, ExportForm, export};
use soctop::sigma::condition;
use soctop::sigma::lint::lint;
use soctop::sigma::{Diagnostic, LoadOptions, RuleIndex, RuleSet, assemble, parse_documents};

#[path = "../tests/oracle/scan.rs"]
mod scan;

use scan::Scan;

/// Panics when something does not hold for an input.
pub type Check = fn(&[u8]);

/// All checks, by the name of their target and of the folder of their seeds.
pub const CHECKS: [(&str, Check); 8] = [
    ("rule_text", rule_text),
    ("condition", rule_condition),
    ("event_line", event_lines),
    ("rule_event", rule_and_events),
    ("query", query_text),
    ("stored_state", stored_state),
    ("vocabulary", vocabulary_and_lines),
    ("case_file", case_file),
];

/// Between the rules and the events of an input of [`rule_and_events`], and the file and the lines of one of
/// [`vocabulary_and_lines`].
const EVENTS_FOLLOW: &str = "\n=====\n";

/// Text of a rule file: what loads can be compiled, explained and linted; what does not is reported
/// with a place that exists, in characters that do nothing to a terminal.
pub fn rule_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (documents, mut diagnostics) = parse_documents("rules.yml", &text);
    assert_eq!(documents, parse_documents("rules.yml", &text).0);
    let (rules, more) = assemble(documents, &LoadOptions::default());
    diagnostics.extend(more);
    let paths = Paths::new();
    let matcher = Matcher::compile(&rules, &paths, MatcherOptions::default());
    let (_, more) = Correlator::new(&rules, CorrelatorOptions::default());
    diagnostics.extend(more);
    diagnostics.extend(lint(&rules));
    for (index, rule) in rules.detections.iter().enumerate() {
        assert!(!explain::detection(rule, None).is_empty());
        assert!(!explain::required_atoms(matcher.program(), index).is_empty());
    }
    for rule in &rules.correlations {
        assert!(!explain::correlation(rule, &rules).is_empty());
    }
    for diagnostic in &mut diagnostics {
        check_diagnostic(diagnostic, &text);
    }
}

fn check_diagnostic(diagnostic: &mut Diagnostic, text: &str) {
    let lines = text.split(['\n', '\r']).count();
    assert!((diagnostic.at.line as usize) <= lines, "{diagnostic}");
    diagnostic.quote(text);
    let shown = diagnostic.to_string();
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    assert!(!diagnostic.message.is_empty());
}

/// A condition: whoever reads it, it is accepted or refused alike, and it holds for the same events.
pub fn rule_condition(data: &[u8]) {
    const NAMES: [&str; 5] = ["a", "b", "c_1", "c_2", "_d"];
    let Ok(text) = std::str::from_utf8(data) else { return };
    let resolved = condition::parse(text).and_then(|parsed| condition::resolve(&parsed.syntax, &NAMES));
    let searches: String = NAMES.iter().map(|name| format!("  {name}: {{{name}: 1}}\n")).collect();
    let quoted = serde_json::to_string(text).unwrap();
    let rule = format!("title: T\nlogsource: {{product: p}}\ndetection:\n{searches}  condition: {quoted}\n");
    let (documents, _) = parse_documents("rule.yml", &rule);
    let (rules, _) = assemble(documents, &LoadOptions::default());
    assert_eq!(resolved.is_ok(), !rules.is_empty(), "{text:?}");
    let Some(rule) = rules.detections.first() else { return };
    assert_eq!(resolved.unwrap(), rule.detection.condition);
    drop(lint(&rules));
    let paths = Paths::new();
    let mut both = Both::new(&rules, &paths);
    for present in 0..1_u32 << NAMES.len() {
        let mut event = Event::default();
        event.reset("");
        for (index, name) in NAMES.iter().enumerate().filter(|(index, _)| present >> index & 1 != 0) {
            let value = if index % 2 == 0 { "1" } else { "2" };
            event.push_text(paths.intern(name), Kind::Number, value, Origin::Line);
            event.push_text(paths.intern(name), Kind::Number, "1", Origin::Line);
        }
        event.meta.logsource = LogSource { product: Some("p".into()), ..LogSource::default() };
        both.check(&event, &rules);
    }
}

/// Lines of a log: each has one outcome, the outcomes add up to the lines, fields lie inside the text,
/// a decoder that has learned from other lines reads the same as a new one, and strict JSON is read as
/// a strict parser reads it.
pub fn event_lines(data: &[u8]) {
    let paths = Paths::new();
    let mut decoder = Decoder::new(paths.clone());
    let mut normalizer = Normalizer::new(paths.clone(), Options::default());
    let mut redactor = Redactor::new(&paths, Redaction::default());
    let mut event = Event::default();
    let mut again = Event::default();
    let mut outcomes = [0_usize; 5];
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    for line in &lines {
        let outcome = decoder.decode(line, false, &mut event);
        outcomes[outcome as usize] += 1;
        assert_eq!(outcome, event.meta.outcome);
        check_event(&event);
        assert_eq!(outcome, Decoder::new(paths.clone()).decode(line, false, &mut again));
        assert_eq!(listed(&event, &paths), listed(&again, &paths), "{}", event.raw());
        check_against_strict_parser(line, &event, &paths);
        decoder.decode(line, true, &mut again);
        check_event(&again);
        if outcome == Outcome::Blank {
            assert!(event.fields().is_empty());
            continue;
        }
        normalizer.translate(&mut event, Timestamp::default());
        normalizer.join(&mut event);
        check_event(&event);
        redactor.redact(&mut event);
        check_event(&event);
        assert_eq!(event.meta.time.is_none(), event.meta.time_quality == soctop::event::TimeQuality::Absent);
    }
    assert_eq!(outcomes.iter().sum::<usize>(), lines.len());
}

fn check_event(event: &Event) {
    check_spans(event);
    // `{"":0,` is the shortest member; the name of an array and its elements are fields too.
    let from_line = event.fields().iter().filter(|field| field.origin == Origin::Line).count();
    assert!(from_line <= event.raw().len().max(1));
}

/// Every span lies inside the text, between characters.
fn check_spans(event: &Event) {
    for field in event.fields() {
        let (start, end) = (field.span.start as usize, (field.span.start + field.span.len) as usize);
        assert!(event.buffer().get(start..end).is_some(), "{field:?} in {:?}", event.buffer());
    }
}

/// Names, kinds and texts.
fn listed<'a>(event: &'a Event, paths: &Paths) -> Vec<(String, Kind, &'a str)> {
    let names = paths.read();
    let field = |(index, field): (usize, &soctop::event::Field)| {
        (event.name(index, &names).to_owned(), field.kind, event.text(field.span))
    };
    event.fields().iter().enumerate().map(field).collect()
}

fn check_against_strict_parser(line: &[u8], event: &Event, paths: &Paths) {
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(line) else { return };
    if line.len() > LINE_LIMIT {
        return;
    }
    assert!(matches!(event.meta.outcome, Outcome::Parsed | Outcome::Repaired), "{}", event.raw());
    if event.meta.flags.has(Flags::DUPLICATE_KEYS) {
        return;
    }
    let fields = listed(event, paths);
    for (key, value) in members.iter().filter(|(key, _)| is_plain(key)) {
        let Value::String(text) = value else { continue };
        let found = fields.iter().any(|(name, _, found)| name == key && found == text);
        assert!(found, "{key:?} is {text:?} in {}", event.raw());
    }
}

/// Names with dots may be shadowed, long ones are shortened, some are soctop's own.
fn is_plain(key: &str) -> bool {
    key.len() < 100 && !key.contains('.') && key != "soctop"
}

/// Rules, then events, one a line: the compiled matcher finds what the plain evaluator finds, and an
/// explanation says the same.
pub fn rule_and_events(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((rules, lines)) = text.split_once(EVENTS_FOLLOW) else { return };
    let (rules, _) = assemble(parse_documents("rules.yml", rules).0, &LoadOptions::default());
    if rules.detections.is_empty() {
        return;
    }
    let paths = Paths::new();
    let mut both = Both::new(&rules, &paths);
    let mut decoder = Decoder::new(paths.clone());
    let mut normalizer = Normalizer::new(paths.clone(), Options::default());
    let mut event = Event::default();
    for line in lines.lines() {
        if decoder.decode(line.as_bytes(), false, &mut event) == Outcome::Blank {
            continue;
        }
        both.check(&event, &rules);
        normalizer.translate(&mut event, Timestamp::default());
        normalizer.join(&mut event);
        both.check(&event, &rules);
        event.meta.format = Format::Plain;
        both.check(&event, &rules);
    }
}

/// A query: what is read as a whole is read in parts, and a mistake has a place in the text and words that do nothing
/// to a terminal.
pub fn query_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match (query::parse(&text), query::parse_parts(&text)) {
        (Ok(whole), Ok(parts)) => {
            let names = parts.iter().flat_map(|(_, part)| query::looked_at(part)).collect::<Vec<_>>();
            let known = query::looked_at(&whole);
            assert!(names.iter().all(|name| known.contains(name)), "{text:?}: {names:?} of {known:?}");
        }
        (Err(error), _) | (_, Err(error)) => {
            assert!(error.at <= error.query.len() && error.query.is_char_boundary(error.at), "{error:?}");
        }
    }
}

/// Rules that keep what a snapshot can hold: counts, values, order, states.
const STATEFUL: &str = "title: A\nname: a\nlogsource: {product: p}\ndetection: {s: {e: a}, condition: s}\n---\n\
    title: B\nname: b\nlogsource: {product: p}\ndetection: {s: {e: b}, condition: s}\n---\n\
    title: C\nname: c\ncorrelation: {type: event_count, rules: [a], group-by: [u], timespan: 5m, condition: {gte: 3}}\n---\n\
    title: D\nname: d\ncorrelation: {type: value_count, rules: [a, b], group-by: [u], timespan: 5m, condition: {field: v, gte: 3}}\n---\n\
    title: E\nname: f\ncorrelation: {type: temporal_ordered, rules: [a, b], group-by: [u], timespan: 5m}\n";

/// A saved state in which bytes were exchanged (three of the input name a place and a byte): it is refused, or taken
/// over by a correlator that then goes on.
pub fn stored_state(data: &[u8]) {
    let (rules, _) = assemble(parse_documents("rules.yml", STATEFUL).0, &LoadOptions::default());
    let new =
        || Correlator::new(&rules, CorrelatorOptions { seed: Some(7), ..CorrelatorOptions::default() }).0;
    let mut correlator = new();
    observe(&mut correlator, &rules, 0..40);
    let mut saved = Vec::new();
    correlator.freeze().write(&mut saved).expect("memory takes all");
    for change in data.chunks_exact(3) {
        let [low, high, byte] = *change else { continue };
        let at = usize::from(u16::from_le_bytes([low, high])) % saved.len();
        saved[at] = byte;
    }
    let mut restored = new();
    if restored.restore(&saved).is_ok() {
        observe(&mut restored, &rules, 40..60);
        restored.finish(&mut Vec::new());
    }
}

fn observe(correlator: &mut Correlator, rules: &RuleSet, numbers: std::ops::Range<u64>) {
    let mut out: Vec<Output> = Vec::new();
    let needed = correlator.needed_fields().to_vec();
    for number in numbers {
        let time = Timestamp::from_seconds(1_772_355_600 + number as i64);
        let mut record = MatchRecord::default();
        (record.seq, record.time, record.time_quality) = (number, Some(time), TimeQuality::Exact);
        record.path = "app.log".into();
        record.rules.extend(rules.find(if number % 3 == 2 { "b" } else { "a" }));
        for (field, name) in (0..).zip(&needed) {
            record.push_value(field, &format!("{name}{}", number % 5));
        }
        correlator.observe(&record, &mut out);
    }
}

/// A vocabulary file, then lines that it is to read: a mistake has a place that exists, in characters that do nothing to a
/// terminal, and whatever is left of the file reads every line without leaving its text.
pub fn vocabulary_and_lines(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (file, lines) = text.split_once(EVENTS_FOLLOW).unwrap_or((&text, ""));
    let vocabulary = Vocabulary::read([("own.yml", file)].into_iter());
    for mut diagnostic in vocabulary.diagnostics.clone() {
        check_diagnostic(&mut diagnostic, file);
    }
    let paths = Paths::new();
    let options = Options { vocabulary: vocabulary.into(), ..Options::default() };
    let mut normalizer = Normalizer::new(paths.clone(), options);
    let (mut decoder, mut event) = (Decoder::new(paths), Event::default());
    for line in lines.lines() {
        if decoder.decode(line.as_bytes(), false, &mut event) == Outcome::Blank {
            continue;
        }
        normalizer.translate(&mut event, Timestamp::default());
        normalizer.join(&mut event);
        check_spans(&event);
    }
}

/// A file that somebody sent as a case: refused, or one whose rules load or are complained about, whose events are shown in
/// every form, and which is read again as it was written. The seal of each is made good, so that what lies behind it is met.
pub fn case_file(data: &[u8]) {
    drop(Case::read(data));
    let Ok(case) = Case::read(sealed(data).as_slice()) else { return };
    assert_eq!(Case::read(case.to_text().as_bytes()).unwrap(), case);
    for (name, text) in case.rule_texts() {
        let (documents, diagnostics) = parse_documents(&name, text);
        drop(assemble(documents, &LoadOptions::default()));
        diagnostics.into_iter().for_each(|mut diagnostic| check_diagnostic(&mut diagnostic, text));
    }
    for form in [ExportForm::Ndjson, ExportForm::Csv] {
        let text = export(case.evidence(), form);
        assert!(text.chars().all(|c| matches!(c, '\n' | '\r') || !c.is_control()), "{text:?}");
    }
}

/// Lines under a seal that fits them, whatever theirs said.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    lines.pop();
    let mut text = lines.join(&b'\n');
    text.push(b'\n');
    let seal =
        serde_json::json!({"end": {"lines": lines.len(), "blake3": blake3::hash(&text).to_hex().as_str()}});
    text.extend(seal.to_string().bytes());
    text.push(b'\n');
    text
}

/// The compiled matcher and the plain evaluator, each with and without routing.
struct Both {
    pairs: [(Matcher, Scan); 2],
    paths: Paths,
}

impl Both {
    fn new(rules: &RuleSet, paths: &Paths) -> Self {
        let pair = |routing| {
            (Matcher::compile(rules, paths, MatcherOptions { routing }), Scan::new(rules, paths, routing))
        };
        Self { pairs: [pair(true), pair(false)], paths: paths.clone() }
    }

    fn check(&mut self, event: &Event, rules: &RuleSet) {
        let (mut found, mut expected): (Vec<RuleIndex>, Vec<RuleIndex>) = Default::default();
        for (matcher, scan) in &mut self.pairs {
            matcher.matches(event, &mut found);
            scan.matches(event, &mut expected);
            assert_eq!(found, expected, "{}", event.buffer());
        }
        for (index, rule) in rules.detections.iter().enumerate() {
            let lines = explain::detection(rule, Some((event, &self.paths)));
            let heads = lines.iter().filter(|line| line.depth == 0);
            let holds = heads.clone().count() > 0 && heads.clone().all(|line| line.holds == Some(true));
            assert_eq!(holds, found.contains(&RuleIndex(index as u32)), "{lines:?}");
        }
    }
}
