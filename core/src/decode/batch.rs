//! One line that holds many events: batches of collectors, arrays of records, objects glued together.
//!
//! Each event becomes a line of its own, which reads the same when it is read again alone: a record of a batch
//! takes along what its batch says about it (resource and scope of OpenTelemetry, group and stream of a log
//! service). Looks at brackets and quotes only; costs time by the length of the line.

use std::ops::Range;

use super::json::skip_container;
use super::packed;
use super::walk::{elements, member, members, value_end};
use crate::event::number::to_u32;

/// Members that hold the records of a container, and what else a container may say without being an event
/// itself.
const RECORDS: [&str; 7] = ["Records", "records", "value", "logEvents", "events", "Events", "logs"];
const ENVELOPE: [&str; 16] = [
    "messageType",
    "owner",
    "logGroup",
    "logStream",
    "subscriptionFilters",
    "@odata.context",
    "@odata.nextLink",
    "@odata.count",
    "nextToken",
    "nextForwardToken",
    "nextBackwardToken",
    "nextPageToken",
    "next",
    "kind",
    "etag",
    "searchedLogStreams",
];
/// Batches of OpenTelemetry: names of their three levels, and of what stands beside the lists.
const TELEMETRY: [[&str; 5]; 2] = [
    ["resourceLogs", "resource", "scopeLogs", "scope", "logRecords"],
    ["resourceSpans", "resource", "scopeSpans", "scope", "spans"],
];
/// What batches say of their records is repeated for each; of all of it together at most this many bytes.
const REPEATED_BYTES: usize = 8 << 20;

/// Names of lists at the top of a line that may hold events.
pub(super) const LISTS: [&str; 10] = [
    "Records",
    "records",
    "value",
    "logEvents",
    "events",
    "Events",
    "logs",
    "resourceLogs",
    "resourceSpans",
    "streams",
];

/// The events of a line.
#[derive(Debug, Default)]
pub(super) struct Batch {
    line: String,
    pieces: Vec<BatchPiece>,
    next: usize,
    kind: Kind,
    /// Lines that were unpacked, the last one first.
    unpacked: Vec<String>,
    /// Bytes of repeated text so far.
    repeated: usize,
}

/// One event: its record, and what the batch says of it, outermost first.
#[derive(Clone, Debug, Default)]
struct BatchPiece {
    record: Range<usize>,
    around: [Range<usize>; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// Records stand by themselves.
    #[default]
    Plain,
    /// `around[0]`: members of the container, which belong to each of its records.
    Contained,
    /// Of [`TELEMETRY`]; `around`: resource and scope.
    Telemetry(usize),
    /// Lines as they are pushed to Loki; `around`: labels and time.
    Stream,
}

/// What is to be said of an event of a batch.
pub(super) struct Next {
    /// Its place in the line, from 0.
    pub(super) part: u32,
    /// False: without what the batch says of all its events, which was too much.
    pub(super) whole: bool,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.next = 0;
        self.repeated = 0;
        self.unpacked.clear();
        if self.line.capacity() > 1 << 16 {
            self.line = String::new();
        }
    }

    /// Whether the line holds more than one event, or one that is packed; they are given by [`Batch::next`].
    pub(super) fn open(&mut self, line: &str) -> bool {
        self.clear();
        self.unpacked = unpacked(line);
        self.unpacked.reverse();
        !self.unpacked.is_empty() || self.take(line)
    }

    /// Whether the line holds more than one event as it stands.
    fn take(&mut self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let (kind, pieces) = match bytes.first() {
            Some(b'[') => (Kind::Plain, listed(line).unwrap_or_default()),
            Some(b'{') => glued(bytes)
                .or_else(|| contained(line))
                .or_else(|| telemetry(line))
                .or_else(|| streams(line))
                .unwrap_or_default(),
            _ => Default::default(),
        };
        // A batch of one record reads as it stands.
        let single = pieces.len() == 1 && matches!(kind, Kind::Telemetry(_));
        if pieces.is_empty() || single {
            return false;
        }
        self.line.clear();
        self.line.push_str(line);
        (self.kind, self.pieces) = (kind, pieces);
        true
    }

    /// Puts the next event into `text` as a line.
    pub(super) fn next(&mut self, text: &mut String) -> Option<Next> {
        if let Some(line) = self.unpacked.pop() {
            *text = line;
            self.next += 1;
            return Some(Next { part: to_u32(self.next) - 1, whole: true });
        }
        let piece = self.pieces.get(self.next)?.clone();
        self.next += 1;
        let [first, second] = &piece.around;
        self.repeated += first.len() + second.len();
        let whole = self.repeated <= REPEATED_BYTES;
        let part = |range: &Range<usize>| self.line.get(range.clone()).unwrap_or_default();
        let record = part(&piece.record);
        text.clear();
        match self.kind {
            Kind::Contained if whole && !first.is_empty() => {
                let members = record.get(1..).unwrap_or_default();
                let comma = if members.trim_start().starts_with('}') { "" } else { "," };
                text.extend(["{", part(first), comma, members]);
            }
            Kind::Telemetry(which) if whole => {
                let [resources, resource, scopes, scope, records] =
                    TELEMETRY.get(which).copied().unwrap_or_default();
                let or_empty = |range| if Range::is_empty(range) { "{}" } else { part(range) };
                let (of_resource, of_scope) = (or_empty(first), or_empty(second));
                text.push_str(&format!(
                    r#"{{"{resources}":[{{"{resource}":{of_resource},"{scopes}":[{{"{scope}":{of_scope},"{records}":[{record}]}}]}}]}}"#
                ));
            }
            Kind::Stream => {
                let labels = if first.is_empty() || !whole { "{}" } else { part(first) };
                text.push_str(&format!(
                    r#"{{"timestamp":{},"line":{record},"labels":{labels}}}"#,
                    part(second)
                ));
            }
            _ => text.push_str(record),
        }
        Some(Next { part: to_u32(self.next) - 1, whole })
    }
}

/// The lines that are packed into a line, each as one event; none if there are none.
fn unpacked(line: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for text in packed::texts(line) {
        let mut batch = Batch::default();
        if !batch.take(&text) {
            lines.push(text);
            continue;
        }
        let mut event = String::new();
        while batch.next(&mut event).is_some() {
            lines.push(std::mem::take(&mut event));
        }
    }
    lines
}

/// Whether a line is an array of objects.
pub(super) fn is_list(line: &str) -> bool {
    listed(line).is_some()
}

/// The objects of an array that is all of the line.
fn listed(line: &str) -> Option<Vec<BatchPiece>> {
    let bytes = line.as_bytes();
    if value_end(bytes, 0) == bytes.len() { records(bytes, 0) } else { None }
}

/// `{...}{...}`: objects, and text between or behind them.
fn glued(bytes: &[u8]) -> Option<(Kind, Vec<BatchPiece>)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while bytes.get(at) == Some(&b'{') {
        let end = skip_container(bytes, at).unwrap_or(bytes.len());
        pieces.push(BatchPiece { record: at..end, ..BatchPiece::default() });
        let rest = bytes.get(end..).unwrap_or_default();
        let gap = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b',' | b'\r' | b'\n' | b'\x1e'));
        at = end + gap.unwrap_or(rest.len());
    }
    // What is left belongs to the last object.
    if let Some(last) = pieces.last_mut() {
        last.record.end = bytes.len();
    }
    (pieces.len() > 1).then_some((Kind::Plain, pieces))
}

/// A list of records in an object that says nothing of its own.
fn contained(line: &str) -> Option<(Kind, Vec<BatchPiece>)> {
    let bytes = line.as_bytes();
    let mut list = None;
    let mut own: Option<Range<usize>> = None;
    for (key, value) in members(bytes, 0) {
        let name = line.get(key.clone())?;
        if RECORDS.contains(&name) && bytes.get(value.start) == Some(&b'[') && list.is_none() {
            list = Some((key.start - 1, value));
        } else if ENVELOPE.contains(&name) {
            own = Some(own.map_or(key.start - 1, |own| own.start)..value.end);
        } else {
            return None;
        }
    }
    let (key, list) = list?;
    let mut pieces = records(bytes, list.start)?;
    if let Some(own) = own {
        // The list may stand between what belongs to it: then only the longer side is taken along.
        let (before, after) = (own.start..own.end.min(key), own.start.max(list.end)..own.end);
        let side = if before.len() >= after.len() { before } else { after };
        let text = line.get(side.clone())?.trim_end_matches([',', ' ', '\t', '\n']);
        let side = side.start..side.start + text.len();
        pieces.iter_mut().for_each(|piece| piece.around[0] = side.clone());
    }
    Some((Kind::Contained, pieces))
}

fn telemetry(line: &str) -> Option<(Kind, Vec<BatchPiece>)> {
    let which = TELEMETRY.iter().position(|names| member(line, 0, names[0]).is_some())?;
    let [resources, resource, scopes, scope, list] = *TELEMETRY.get(which)?;
    let bytes = line.as_bytes();
    let mut pieces = Vec::new();
    for of_resource in elements(bytes, member(line, 0, resources)?.start) {
        let resource = member(line, of_resource.start, resource).unwrap_or_default();
        let scopes = member(line, of_resource.start, scopes).unwrap_or_default();
        for of_scope in elements(bytes, scopes.start) {
            let scope = member(line, of_scope.start, scope).unwrap_or_default();
            let list = member(line, of_scope.start, list).unwrap_or_default();
            let around = [resource.clone(), scope];
            pieces.extend(
                elements(bytes, list.start).map(|record| BatchPiece { record, around: around.clone() }),
            );
        }
    }
    Some((Kind::Telemetry(which), pieces))
}

/// `{"streams":[{"stream":{...},"values":[["1795858200000000000","text"],...]}]}`
fn streams(line: &str) -> Option<(Kind, Vec<BatchPiece>)> {
    let bytes = line.as_bytes();
    let mut pieces = Vec::new();
    for stream in elements(bytes, member(line, 0, "streams")?.start) {
        let labels = member(line, stream.start, "stream").unwrap_or_default();
        let values = member(line, stream.start, "values").unwrap_or_default();
        for value in elements(bytes, values.start) {
            let mut pair = elements(bytes, value.start);
            let (time, record) = (pair.next()?, pair.next()?);
            pieces.push(BatchPiece { record, around: [labels.clone(), time] });
        }
    }
    Some((Kind::Stream, pieces))
}

/// The elements of the array at `at`, if they are objects.
fn records(bytes: &[u8], at: usize) -> Option<Vec<BatchPiece>> {
    let pieces: Vec<BatchPiece> =
        elements(bytes, at).map(|record| BatchPiece { record, ..BatchPiece::default() }).collect();
    let objects = pieces.iter().all(|piece| bytes.get(piece.record.start) == Some(&b'{'));
    (objects && !pieces.is_empty()).then_some(pieces)
}
