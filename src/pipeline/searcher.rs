//! The thread that answers the dashboard's questions. A newer question replaces those that still
//! wait, for whoever types has moved on.

use crossbeam_channel::{Receiver, Sender};

use super::handle::{Notice, Request};
use crate::index::Reader;

/// Answers until the dashboard has hung up.
pub(super) fn run(reader: &Reader, requests: &Receiver<Request>, notices: &Sender<Notice>) {
    while let Ok(first) = requests.recv() {
        let request = requests.try_iter().last().unwrap_or(first);
        if notices.send(answer(reader, request)).is_err() {
            return;
        }
    }
}

fn answer(reader: &Reader, request: Request) -> Notice {
    match request {
        Request::Search { ticket, request } => {
            Notice::Search { ticket, result: reader.search(&request).map_err(|error| error.to_string()) }
        }
        Request::Trace { ticket, id } => {
            Notice::Trace { ticket, result: reader.trace(&id).map_err(|error| error.to_string()) }
        }
    }
}
