//! A stream by hand: which rule matched when, with which fields.

use crate::alert::{Alert, AlertStatus, Transition};
use crate::correlate::{Correlator, CorrelatorOptions, Output};
use crate::detect::MatchRecord;
use crate::event::{EventId, Timestamp};
use crate::sigma::{LoadOptions, RuleSet, assemble, parse_documents};

pub(super) struct Stream {
    pub(super) rules: RuleSet,
    pub(super) correlator: Correlator,
    pub(super) out: Vec<Output>,
    pub(super) seq: u64,
}

/// A detection rule of this name and level.
pub(super) fn detection(name: &str, level: &str) -> String {
    format!(
        "title: {name}\nname: {name}\nlogsource: {{product: app}}\ndetection:\n  s: {{e: {name}}}\n  condition: s\nlevel: {level}\n"
    )
}

pub(super) fn rule_set(documents: &[String]) -> RuleSet {
    let (documents, diagnostics) = parse_documents("rules.yml", &documents.join("---\n"));
    assert_eq!(diagnostics, []);
    let (rules, diagnostics) = assemble(documents, &LoadOptions::default());
    assert_eq!(diagnostics, []);
    rules
}

impl Stream {
    pub(super) fn new(documents: &[String]) -> Self {
        Self::with(documents, CorrelatorOptions { seed: Some(7), ..CorrelatorOptions::default() })
    }

    pub(super) fn with(documents: &[String], options: CorrelatorOptions) -> Self {
        let rules = rule_set(documents);
        let (correlator, diagnostics) = Correlator::new(&rules, options);
        assert_eq!(diagnostics, []);
        Self { rules, correlator, out: Vec::new(), seq: 0 }
    }

    /// A match of `rule` at `seconds` with fields written `name=value name=value`.
    pub(super) fn record(&mut self, rule: &str, seconds: f64, fields: &str) -> MatchRecord {
        self.seq += 1;
        let mut record = MatchRecord::at(at(seconds), self.seq);
        record.event_id = EventId(u128::from(self.seq));
        record.ingested = at(seconds);
        record.path = "app.log".into();
        record.line = self.seq;
        record.rules.extend(self.rules.find(rule));
        for pair in fields.split_whitespace() {
            let (name, value) = pair.split_once('=').expect("name=value");
            let number = self.correlator.needed_fields().iter().position(|field| field == name);
            if let Some(number) = number {
                record.push_value(number as u16, value);
            }
        }
        record
    }

    pub(super) fn event(&mut self, rule: &str, seconds: f64, fields: &str) -> &mut Self {
        let record = self.record(rule, seconds, fields);
        self.correlator.observe(&record, &mut self.out);
        self
    }

    /// The same event in several streams.
    pub(super) fn copies(&mut self, rule: &str, seconds: f64, streams: &[&str], fields: &str) -> &mut Self {
        for stream in streams {
            let mut record = self.record(rule, seconds, fields);
            record.path = (*stream).into();
            self.correlator.observe(&record, &mut self.out);
        }
        self
    }

    pub(super) fn events(&mut self, rule: &str, seconds: &[f64], fields: &str) -> &mut Self {
        for second in seconds {
            self.event(rule, *second, fields);
        }
        self
    }

    pub(super) fn finish(&mut self) -> &mut Self {
        self.correlator.finish(&mut self.out);
        self
    }

    /// The state as it would be stored.
    pub(super) fn saved(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.correlator.freeze().write(&mut bytes).expect("memory takes all");
        bytes
    }

    pub(super) fn alerts(&self) -> Vec<&Alert> {
        let alerts = self.out.iter().filter_map(|output| match output {
            Output::Alert(alert) => Some(alert),
            _ => None,
        });
        alerts.collect()
    }

    /// Alerts as `status time count level summary`.
    pub(super) fn told(&self) -> Vec<String> {
        self.alerts().into_iter().map(tell).collect()
    }

    /// Transitions as `time entity from>to until inferred`.
    pub(super) fn moves(&self) -> Vec<String> {
        let moves = self.out.iter().filter_map(|output| match output {
            Output::Transition(transition) => Some(tell_move(transition)),
            _ => None,
        });
        moves.collect()
    }
}

pub(super) const START: i64 = 1_700_000_000;

pub(super) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_seconds(START).plus((seconds * 1e9).round() as i64)
}

fn offset(time: Timestamp) -> f64 {
    time.since(Timestamp::from_seconds(START)) as f64 / 1e9
}

fn tell(alert: &Alert) -> String {
    let status = match alert.status {
        AlertStatus::Open => "open",
        AlertStatus::Update => "update",
        AlertStatus::Close => "close",
    };
    format!("{status} {} x{} {} {}", offset(alert.time), alert.count, alert.rule.level, alert.summary)
}

fn tell_move(moved: &Transition) -> String {
    let until = moved.until.map_or("-".to_owned(), |until| offset(until).to_string());
    let origin = if moved.inferred { "inferred" } else { "logged" };
    format!("{} {} {}>{} {until} {origin}", offset(moved.time), moved.entity, moved.from, moved.to)
}
