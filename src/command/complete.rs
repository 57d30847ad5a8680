//! How complete an answer is: until when everything was read, what is not read yet, and what could not be read.

use super::live::wall_clock;
use super::print;
use super::standing::{self, ReadSource};
use crate::index::Reader;
use crate::query::SearchRequest;
use crate::text::plural;

/// Sources that are named; of more only the number.
const NAMED: usize = 3;

/// For an answer about the events of `request`, in which lines may have been unreadable, or lost.
pub fn of_search(reader: &Reader, request: &SearchRequest) -> String {
    let count = |query: &str| {
        let asked = SearchRequest { query: query.to_owned(), limit: 0, ..request.clone() };
        // In an index without an event nobody has such a field.
        reader.search(&asked).map_or(0, |found| found.total)
    };
    let (raw, gaps) = (count("soctop.outcome:(raw OR cut)"), count("kind:gap"));
    let mut parts = of_sources(reader);
    if raw > 0 {
        parts.push(format!(
            "{} line{} of this time in no known format, or cut",
            print::count(raw),
            plural(raw)
        ));
    }
    if gaps > 0 {
        parts.push(format!(
            "{} gap{} in this time (`kind:gap` lists them)",
            print::count(gaps),
            plural(gaps)
        ));
    }
    parts.join("; ")
}

/// For an answer that does not look at all events.
pub fn of_trace(reader: &Reader) -> String {
    of_sources(reader).join("; ")
}

/// Until when everything was read, and the sources of which something is left to read.
fn of_sources(reader: &Reader) -> Vec<String> {
    let payload = reader.payload();
    let mut parts = vec![payload.read_to.map_or_else(
        || "nothing has been read yet".to_owned(),
        |time| format!("complete to {}", print::time(time)),
    )];
    let sources = standing::of(&payload.cursors, wall_clock());
    let behind: Vec<&ReadSource<'_>> = sources.iter().filter(|it| it.state.is_trouble()).collect();
    parts.extend(behind.iter().take(NAMED).map(|it| format!("{}: {}", it.name(), it.state.in_words())));
    if behind.len() > NAMED {
        parts.push(format!("{} more sources are not read to their end", behind.len() - NAMED));
    }
    if let Some(gone) = payload.retired.read_to {
        parts.push(format!("what was read until {} was removed", print::time(gone)));
    }
    parts
}
