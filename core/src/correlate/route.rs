//! The way of a signal to the groups that it belongs to.

use std::sync::Arc;

use super::Names;
use super::evidence::{Evidence, cut};
use super::field_set::FieldSet;
use super::hashes::GroupKey;
use super::keys::Subject;
use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::Timestamp;

/// A signal on its way: a record at its place in time.
pub(super) struct Signal<'r> {
    pub(super) of: Subject<'r>,
    pub(super) time: Timestamp,
    pub(super) order: u64,
    /// Made when the first window asks for it.
    evidence: Option<Arc<Evidence>>,
    /// Fields that somebody may ask for afterwards.
    asked: FieldSet,
    /// Events behind it, when it is a firing.
    parts: Vec<Arc<Evidence>>,
}

impl<'r> Signal<'r> {
    /// An event.
    pub(super) fn of_event(of: Subject<'r>, time: Timestamp, order: u64, asked: FieldSet) -> Self {
        Self { of, time, order, evidence: None, asked, parts: Vec::new() }
    }

    /// A firing with these events behind it.
    pub(super) fn of_firing(
        of: Subject<'r>,
        time: Timestamp,
        order: u64,
        asked: FieldSet,
        parts: Vec<Arc<Evidence>>,
    ) -> Self {
        Self { of, time, order, evidence: None, asked, parts }
    }

    /// Something that shows as `evidence`, if as anything.
    pub(super) fn shown_as(
        of: Subject<'r>,
        time: Timestamp,
        order: u64,
        evidence: Option<Arc<Evidence>>,
    ) -> Self {
        Self { of, time, order, evidence, asked: FieldSet::default(), parts: Vec::new() }
    }

    pub(super) fn record(&self) -> &'r MatchRecord {
        self.of.record
    }

    pub(super) fn evidence(&mut self) -> Arc<Evidence> {
        let (record, parts, asked) = (self.of.record, &mut self.parts, &self.asked);
        let made = || Arc::new(Evidence::of(record, std::mem::take(parts), asked));
        Arc::clone(self.evidence.get_or_insert_with(made))
    }
}

/// A group that a record belongs to; its names are made only when it is new.
pub(super) struct GroupRef<'r> {
    pub(super) key: GroupKey,
    pub(super) fields: &'r [FieldNumber],
    pub(super) record: &'r MatchRecord,
    /// Where it has several values for one of the fields.
    pub(super) names: Option<Names>,
}

impl GroupRef<'_> {
    pub(super) fn names(&self) -> Names {
        let of_record = || {
            let values = self.fields.iter().map(|field| self.record.value(*field).unwrap_or_default());
            values.map(|value| cut(value).into()).collect()
        };
        self.names.clone().unwrap_or_else(of_record)
    }
}
