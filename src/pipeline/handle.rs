//! What a dashboard holds of a running engine: snapshots in, requests out. Everything that crosses
//! is data that could be serialised, so that the same dashboard can attach through a socket.

use std::mem::discriminant;
use std::sync::Arc;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};

use crate::alert::{Alert, RuleNote};
use crate::event::{Record, Timestamp};
use crate::query::{FrequentValues, OverTime, SearchFailure, SearchRequest, SearchResponse, Trace};
use crate::report::ExportForm;
use crate::state::Snapshot;
use crate::triage::Entry;

/// A question of the dashboard. `ticket` comes back with the answer; a late answer to an older
/// ticket is dropped by the asker.
#[derive(Clone, Debug)]
pub enum Request {
    Search {
        ticket: u64,
        request: SearchRequest,
    },
    /// How the answer to a search lies in time, in at most this many intervals.
    OverTime {
        ticket: u64,
        request: SearchRequest,
        intervals: usize,
    },
    /// The most frequent values of these fields among what a search finds, this many of each.
    Facets {
        ticket: u64,
        request: SearchRequest,
        fields: Vec<String>,
        values: usize,
    },
    Trace {
        ticket: u64,
        id: String,
    },
    /// Write what is listed into a file.
    Export {
        events: ListedEvents,
        form: ExportForm,
    },
    /// Write this into the journal of decisions.
    Decide {
        entry: Entry,
    },
    /// Write a report of an incident into a file.
    Report {
        alert: Box<Alert>,
        /// What its rule says of itself, if it still runs.
        rule: Option<Box<RuleNote>>,
        by: String,
        at: Timestamp,
    },
}

impl Request {
    /// Whether it asks for something to be shown: an older one of the same kind is then of no use. A decision, a report
    /// and an export are each carried out.
    #[must_use]
    pub fn is_question(&self) -> bool {
        matches!(self, Self::Search { .. } | Self::OverTime { .. } | Self::Facets { .. } | Self::Trace { .. })
    }

    /// Whether nobody waits for the answer to `older` any more.
    #[must_use]
    pub fn replaces(&self, older: &Self) -> bool {
        self.is_question() && discriminant(self) == discriminant(older)
    }
}

/// Events that are listed.
#[derive(Clone, Debug)]
pub enum ListedEvents {
    Held(Vec<Arc<Record>>),
    /// Those that a question finds.
    Found(SearchRequest),
}

/// What the engine tells the dashboard.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A newer snapshot is published.
    Changed,
    Search {
        ticket: u64,
        result: Result<SearchResponse, SearchFailure>,
    },
    OverTime {
        ticket: u64,
        result: Result<OverTime, SearchFailure>,
    },
    /// A field that no event has is left out.
    Facets {
        ticket: u64,
        result: Result<Vec<FrequentValues>, SearchFailure>,
    },
    Trace {
        ticket: u64,
        result: Result<Trace, SearchFailure>,
    },
    /// This many events are in this file; or why not.
    Exported(Result<(usize, String), String>),
    /// A decision is on disk and holds; or why not.
    Decided(Result<Entry, String>),
    /// The report is in this file; or why not.
    Reported(Result<String, String>),
    /// The engine ended; `Err` says why in words.
    Stopped(Result<(), String>),
}

/// The dashboard's end of the engine.
#[derive(Clone)]
pub struct Handle {
    /// The newest snapshot; a frame loads it once.
    pub snapshots: Arc<ArcSwap<Snapshot>>,
    /// Bounded: when full the dashboard says so instead of waiting.
    pub requests: Sender<Request>,
    pub notices: Receiver<Notice>,
}
