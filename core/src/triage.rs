//! What people decided about incidents: seen, true, harmless, put off, muted.
//!
//! Decisions are entries of a journal that is only ever appended to: who, when, what, why. [`Decisions`] is
//! what they amount to. An undone decision stays in the journal together with the entry that undid it.
//! A decision never removes anything: what is quiet is counted, and what was called true is never quiet.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod decisions;
mod filter_file;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use decisions::Decisions;
pub use filter_file::FilterFile;
pub use words::{mute_span, sentence};

use crate::alert::{Alert, AlertId};
use crate::event::Timestamp;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    /// Who decided, as their system names them.
    pub by: String,
    /// What it was about, in words, for whoever reads the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    #[serde(flatten)]
    pub act: Act,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Somebody has seen it and is on it.
    Acknowledge {
        incidents: Vec<AlertId>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    Judge {
        incidents: Vec<AlertId>,
        verdict: Judgement,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// Quiet until then.
    Snooze { incidents: Vec<AlertId>, until: Timestamp },
    /// What fits is quiet until then, also what is still to come.
    Mute(Mute),
    /// The entry of this number (the line of the journal, from 1) holds no longer.
    Undo { entry: usize },
    /// This person had the dashboard open until now.
    Looked,
}

/// What an incident was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It is what the rule says.
    True,
    /// The rule is wrong about it.
    False,
    /// The rule is right and nothing bad happened.
    Benign,
}

impl Judgement {
    /// As it is said everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Judgement::True => "true positive",
            Judgement::False => "false positive",
            Judgement::Benign => "benign",
        }
    }
}

/// Which incidents are not to be shown for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mute {
    /// Ids of the rules.
    pub rules: Vec<String>,
    /// Fields of the group and the values they must have; empty is every incident of the rule.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group: BTreeMap<String, String>,
    pub until: Timestamp,
    pub reason: String,
}

/// Field of a group that names where something came from.
pub const ADDRESS: &str = "source.ip";

/// An incident as decisions look at it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub alert: &'a Alert,
    /// Where its events came from, as far as that is known.
    pub addresses: &'a [Arc<str>],
    /// When it last opened: what was acknowledged before is new again.
    pub opened: Timestamp,
}

/// Why an incident is not among those that want attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quiet {
    Snoozed {
        until: Timestamp,
    },
    /// Judged to be false or benign.
    Harmless(Judgement),
    /// Muted by the entry of this number.
    Muted {
        entry: usize,
        until: Timestamp,
    },
}

/// Where an incident stands with the people who look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Who has seen it.
    pub acknowledged: Option<String>,
    pub judgement: Option<Judgement>,
    pub quiet: Option<Quiet>,
}

impl Standing {
    /// Nobody has seen it yet, and nothing keeps it quiet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.acknowledged.is_none() && self.judgement.is_none() && self.quiet.is_none()
    }

    /// Counts towards the threat level.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(self.quiet, Some(Quiet::Harmless(_) | Quiet::Muted { .. }))
    }
}

impl Entry {
    /// What somebody has typed, and what it is about.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let typed = match &mut self.act {
            Act::Acknowledge { note, .. } | Act::Judge { note, .. } => Some(note),
            Act::Mute(mute) => Some(&mut mute.reason),
            Act::Snooze { .. } | Act::Undo { .. } | Act::Looked => None,
        };
        typed.into_iter().chain([&mut self.about])
    }
}

impl Act {
    /// The incidents that it names.
    #[must_use]
    pub fn incidents(&self) -> &[AlertId] {
        match self {
            Act::Acknowledge { incidents, .. }
            | Act::Judge { incidents, .. }
            | Act::Snooze { incidents, .. } => incidents,
            Act::Mute(_) | Act::Undo { .. } | Act::Looked => &[],
        }
    }
}

impl Mute {
    /// Whether the incident is one of those that are meant.
    #[must_use]
    pub fn fits(&self, subject: Subject<'_>) -> bool {
        let has = |(field, value): (&String, &String)| match subject.alert.group.get(field) {
            Some(known) => known == value,
            // An incident that names no address is meant if all of it came from there.
            None => field == ADDRESS && matches!(subject.addresses, [only] if **only == **value),
        };
        self.rules.contains(&subject.alert.rule.id) && self.group.iter().all(has)
    }
}
