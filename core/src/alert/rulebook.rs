//! What the rules that run say of themselves: for whoever has an alert, which only names its rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::RuleSummary;
use crate::event::number::to_u32;
use crate::sigma::rule::{RuleIndex, RuleSet};

/// What one rule says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleNote {
    pub rule: Arc<RuleSummary>,
    pub description: String,
    pub false_positives: Vec<String>,
    /// Changes with any change of its text.
    pub version: u64,
    /// Where it is written; a bundled rule has the name of its file in the source.
    pub file: Arc<str>,
    pub line: u32,
}

/// Every rule that runs, by the id that alerts give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleBook {
    notes: BTreeMap<String, RuleNote>,
}

impl RuleBook {
    #[must_use]
    pub fn of(rules: &RuleSet) -> Self {
        let headers = (0..rules.len()).filter_map(|number| rules.header(RuleIndex(to_u32(number))));
        let notes = headers.map(|header| {
            let rule = Arc::new(RuleSummary::of(header));
            let note = RuleNote {
                description: header.description.trim().to_owned(),
                false_positives: header.false_positives.clone(),
                version: header.content_hash,
                file: Arc::clone(&header.at.file),
                line: header.at.line,
                rule: Arc::clone(&rule),
            };
            (rule.id.clone(), note)
        });
        Self { notes: notes.collect() }
    }

    /// The rule with this id, if it runs.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&RuleNote> {
        self.notes.get(id)
    }

    /// All of them, by id.
    pub fn notes(&self) -> impl Iterator<Item = &RuleNote> {
        self.notes.values()
    }
}
