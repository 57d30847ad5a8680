//! The thread that answers the dashboard's questions. A newer question replaces those of its kind
//! that still wait, for whoever types has moved on.

use std::mem::discriminant;

use crossbeam_channel::{Receiver, Sender};

use super::handle::{Notice, Request};
use crate::index::Reader;

/// Answers until the dashboard has hung up.
pub(super) fn run(reader: &Reader, requests: &Receiver<Request>, notices: &Sender<Notice>) {
    while let Ok(first) = requests.recv() {
        for request in newest_of_each_kind(first, requests.try_iter()) {
            if notices.send(answer(reader, request)).is_err() {
                return;
            }
        }
    }
}

/// A question of another kind is not replaced: its screen waits for its own answer.
fn newest_of_each_kind(first: Request, waiting: impl Iterator<Item = Request>) -> Vec<Request> {
    let mut newest = vec![first];
    for request in waiting {
        newest.retain(|other| discriminant(other) != discriminant(&request));
        newest.push(request);
    }
    newest
}

fn answer(reader: &Reader, request: Request) -> Notice {
    match request {
        Request::Search { ticket, request } => {
            Notice::Search { ticket, result: reader.search(&request).map_err(|error| error.failure()) }
        }
        Request::Trace { ticket, id } => {
            Notice::Trace { ticket, result: reader.trace(&id).map_err(|error| error.failure()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_question_replaces_only_those_of_its_kind() {
        let search = |ticket| Request::Search { ticket, request: crate::query::SearchRequest::default() };
        let trace = |ticket| Request::Trace { ticket, id: String::new() };
        let asked = [trace(2), search(3), search(4)];
        let tickets: Vec<u64> = newest_of_each_kind(search(1), asked.into_iter())
            .iter()
            .map(|request| match request {
                Request::Search { ticket, .. } | Request::Trace { ticket, .. } => *ticket,
            })
            .collect();
        assert_eq!(tickets, [2, 4]);
    }
}
