//! The thread that answers the dashboard's questions and keeps its journal. A newer question replaces those of
//! its kind that still wait, for whoever types has moved on; every decision is written.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::clock::Clock;
use super::handle::{Notice, Request};
use super::journal::Journal;
use super::mutes::MuteFolder;
use super::reporter;
use crate::event::Timestamp;
use crate::event::number::to_u64;
use crate::index::{Error, Histogram, Reader};
use crate::normalize::Redactor;
use crate::query::{FrequentValues, OverTime, SearchFailure, SearchRequest};
use crate::triage::{Decisions, Entry};

/// How often it is looked whether somebody else has decided something.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the thread works on.
pub(super) struct Searcher {
    pub reader: Reader,
    pub journal: Journal,
    /// Of what people type: a note may quote a log.
    pub redactor: Redactor,
    /// Where the mutes lie as files.
    pub mutes: MuteFolder,
    pub clock: Clock,
    /// Where the worker finds what holds.
    pub decisions: Arc<ArcSwap<Decisions>>,
    pub notices: Sender<Notice>,
}

impl Searcher {
    /// Answers until the dashboard has hung up.
    pub fn run(mut self, requests: &Receiver<Request>) {
        self.renew();
        loop {
            let first = match requests.recv_timeout(LOOK_EVERY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.look();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for request in newest_of_each_kind(first, requests.try_iter()) {
                let answer = self.answer(request);
                if self.notices.send(answer).is_err() {
                    return;
                }
            }
        }
    }

    fn look(&mut self) {
        match self.journal.has_changed() {
            true => self.renew(),
            // A mute may have come to its end.
            false => self.write_mutes(),
        }
    }

    /// A journal that cannot be read now leaves what held before.
    fn renew(&mut self) {
        if let Ok(read) = self.journal.read() {
            self.decisions.store(Arc::new(read.decisions));
        }
        self.write_mutes();
    }

    /// The files are for others to read; what holds, holds without them, and they are tried again.
    fn write_mutes(&mut self) {
        drop(self.mutes.mirror(&self.decisions.load(), self.clock.now()));
    }

    fn answer(&mut self, request: Request) -> Notice {
        let reader = &self.reader;
        match request {
            Request::Search { ticket, request } => {
                Notice::Search { ticket, result: reader.search(&request).map_err(|error| error.failure()) }
            }
            Request::Trace { ticket, id } => {
                Notice::Trace { ticket, result: reader.trace(&id).map_err(|error| error.failure()) }
            }
            Request::OverTime { ticket, request, intervals } => {
                let result = reader.histogram(&request, intervals).map_err(|error| error.failure());
                Notice::OverTime { ticket, result: result.map(over_time) }
            }
            Request::Facets { ticket, request, fields, values } => {
                Notice::Facets { ticket, result: facets(reader, &request, &fields, values) }
            }
            Request::Export { events, form } => Notice::Exported(reporter::export(reader, &events, form)),
            Request::Decide { entry } => Notice::Decided(self.decide(entry)),
            Request::Report { alert, rule, by, at } => {
                let wanted = reporter::WantedReport {
                    alert: &alert,
                    rule: rule.as_deref(),
                    made_by: &by,
                    made_at: at,
                };
                let records = reporter::evidence(reader, &alert).map_err(|error| error.to_string());
                let written =
                    records.and_then(|records| reporter::write(&records, &self.decisions.load(), &wanted));
                Notice::Reported(written.map(|path| path.display().to_string()))
            }
        }
    }

    fn decide(&mut self, mut entry: Entry) -> Result<Entry, String> {
        hide_secrets(&mut entry, &mut self.redactor);
        self.journal.append(&entry).map_err(|error| format!("the decision could not be written: {error}"))?;
        self.renew();
        Ok(entry)
    }
}

/// What somebody has typed may quote a secret.
fn hide_secrets(entry: &mut Entry, redactor: &mut Redactor) {
    for text in entry.texts_mut() {
        if let Some(hidden) = redactor.text(text) {
            *text = hidden;
        }
    }
}

fn facets(
    reader: &Reader,
    request: &SearchRequest,
    fields: &[String],
    values: usize,
) -> Result<Vec<FrequentValues>, SearchFailure> {
    let mut facets = Vec::new();
    for field in fields {
        match reader.top(request, field) {
            Ok(mut top) if !top.values.is_empty() => {
                top.values.truncate(values);
                facets.push(FrequentValues {
                    field: field.clone(),
                    values: top.values,
                    distinct: to_u64(top.distinct),
                });
            }
            // A field that no event has; a query that cannot be understood was said when it was asked.
            Ok(_) | Err(Error::Query(_)) => {}
            Err(error) => return Err(error.failure()),
        }
    }
    Ok(facets)
}

fn over_time(histogram: Histogram) -> OverTime {
    let all = |(start, levels): (Timestamp, [u64; 8])| (start, levels.iter().sum());
    OverTime { buckets: histogram.buckets.into_iter().map(all).collect(), width: histogram.width }
}

/// What is still to be answered, in order.
fn newest_of_each_kind(first: Request, waiting: impl Iterator<Item = Request>) -> Vec<Request> {
    let mut newest = vec![first];
    for request in waiting {
        newest.retain(|older| !request.replaces(older));
        newest.push(request);
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_keeps_its_people_and_loses_its_secrets() {
        use crate::triage::{Act, Judgement};
        let paths = crate::event::Paths::new();
        let options = crate::normalize::Redaction {
            emails: crate::normalize::Emails::Keep,
            ..crate::normalize::Redaction::default()
        };
        let mut entry = Entry {
            at: crate::event::Timestamp::default(),
            by: "kim".to_owned(),
            about: "curl -u bob:Canary4711xyz https://h.example".to_owned(),
            act: Act::Judge {
                incidents: Vec::new(),
                verdict: Judgement::True,
                note: "asked bob@shop.example: his password is Canary4711xyz".to_owned(),
            },
        };
        hide_secrets(&mut entry, &mut Redactor::new(&paths, options));
        let line = serde_json::to_string(&entry).expect("an entry");
        assert!(
            !line.contains("Canary") && line.contains("asked bob@shop.example: his password is "),
            "{line}"
        );
    }

    #[test]
    fn a_newer_question_replaces_only_those_of_its_kind() {
        let search = |ticket| Request::Search { ticket, request: crate::query::SearchRequest::default() };
        let trace = |ticket| Request::Trace { ticket, id: String::new() };
        let decide = || Request::Decide {
            entry: Entry {
                at: crate::event::Timestamp::default(),
                by: String::new(),
                about: String::new(),
                act: crate::triage::Act::Looked,
            },
        };
        let asked = [decide(), trace(2), search(3), decide(), search(4)];
        let tickets: Vec<u64> = newest_of_each_kind(search(1), asked.into_iter())
            .iter()
            .map(|request| match request {
                Request::Search { ticket, .. } | Request::Trace { ticket, .. } => *ticket,
                _ => 0,
            })
            .collect();
        assert_eq!(tickets, [0, 2, 0, 4]);
    }
}
