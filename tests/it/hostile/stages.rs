//! The pure half as one engine over lines, stage by stage.

use std::path::Path;
use std::sync::Arc;

use soctop::correlate::{Correlator, CorrelatorOptions, Output};
use soctop::decode::Decoder;
use soctop::detect::{Extractor, MatchRecord, Matcher, MatcherOptions};
use soctop::event::{Event, Outcome, Paths, Redact, Timestamp};
use soctop::normalize::{Normalizer, Options, Redaction, Redactor};
use soctop::sigma::{LoadOptions, RuleIndex, RuleSet, assemble, parse_documents};

/// Rules that look at everything an input may choose, in every way.
const RULES: &str = r"
title: wildcards
logsource: {category: any}
detection:
  many: {a: ['*a*a*a*a*b', '*?a?a?a*b*', 'a*b*c*d']}
  affixes: {a|endswith: [aaaaaaaaab, ab], a|startswith: [aaaaaaaac]}
  substrings: {a|contains: [aaaaaaaab, abababac, aaaa, aa, a]}
  all: {a|contains|all: [ab, ba, aab]}
  condition: 1 of them
---
title: expressions
logsource: {category: any}
detection:
  a: {a|re: '(a+)+$'}
  m: {message|re: '(?i)(union|select).*(from|where)'}
  condition: a or m
---
title: keywords
logsource: {category: any}
detection:
  words: ['*a*a*b', sqlmap, '4111*1112']
  condition: words
---
title: fields
logsource: {category: any}
detection:
  same: {a|fieldref: b}
  inside: {a|fieldref|contains: b}
  address: {source.ip|cidr: 203.0.113.0/24}
  condition: 1 of them
---
title: failed
name: failed
logsource: {category: any}
detection:
  login: {a: login_failed}
  condition: login
---
title: lockout
correlation:
  type: event_count
  rules: [failed]
  group-by: [user.name]
  timespan: 5m
  condition: {gte: 5}
---
title: spraying
correlation:
  type: value_count
  rules: [failed]
  timespan: 5m
  condition: {gte: 10, field: user.name}
---
title: in order
correlation:
  type: temporal_ordered
  rules: [failed, failed]
  group-by: [user.name]
  timespan: 5m
";

/// The rules above and the bundled ones.
pub fn rules() -> RuleSet {
    let (mut documents, diagnostics) = parse_documents("hostile.yml", RULES);
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_error()), "{diagnostics:?}");
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("queries")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder of rules") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("a rule file");
                documents.extend(parse_documents(&path.to_string_lossy(), &text).0);
            }
        }
    }
    assemble(documents, &LoadOptions::default()).0
}

/// All stages, fresh.
pub struct Stages {
    decoder: Decoder,
    normalizer: Normalizer,
    matcher: Matcher,
    extractor: Extractor,
    redactor: Redactor,
    correlator: Correlator,
    matched: Vec<RuleIndex>,
    record: MatchRecord,
    outputs: Vec<Output>,
    source: Arc<str>,
    event: Event,
}

impl Stages {
    pub fn new(rules: &RuleSet) -> Self {
        let paths = Paths::new();
        let (correlator, _) = Correlator::new(rules, CorrelatorOptions::default());
        Self {
            decoder: Decoder::new(paths.clone()),
            normalizer: Normalizer::new(paths.clone(), Options::default()),
            redactor: Redactor::new(&paths, Redaction::default()),
            matcher: Matcher::compile(rules, &paths, MatcherOptions { routing: false }),
            extractor: Extractor::new(&paths, correlator.needed_fields()),
            correlator,
            matched: Vec::new(),
            record: MatchRecord::default(),
            outputs: Vec::new(),
            source: "hostile.log".into(),
            event: Event::default(),
        }
    }

    /// Takes a line through the first `stages` of decode, normalise, match, correlate and redact.
    pub fn line(&mut self, line: &str, number: usize, stages: usize) -> Outcome {
        let event = &mut self.event;
        let outcome = self.decoder.decode(line.as_bytes(), false, event);
        if stages > 1 && outcome != Outcome::Blank {
            event.meta.offset = number as u64;
            event.meta.seq = number as u64;
            self.normalizer.translate(event, Timestamp::MAX);
            self.normalizer.join(event);
        }
        if stages > 2 {
            self.matcher.matches(event, &mut self.matched);
        }
        if stages > 3 && !self.matched.is_empty() {
            self.extractor.fill(event, &self.matched, &self.source, &mut self.record);
            self.correlator.observe(&self.record, &mut self.outputs);
            self.outputs.clear();
        }
        if stages > 4 && outcome != Outcome::Blank {
            self.redactor.redact(event);
        }
        outcome
    }
}
