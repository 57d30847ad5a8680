//! `soctop search QUERY`: ask the index.

use super::live::index_error;
use super::print::{self, Out};
use super::settings::{self, Asked};
use crate::cli::{RecordFormat, SearchArgs, Sort};
use crate::config::Config;
use crate::event::Timestamp;
use crate::exit::{Exit, Hinted};
use crate::index;
use crate::query::{self, SearchRequest, SearchResponse};
use crate::text::plural;

pub fn run(args: &SearchArgs, asked: Asked) -> anyhow::Result<Exit> {
    let config = asked.store(&args.store).resolve()?;
    let now = super::live::wall_clock();
    let request = SearchRequest {
        query: args.query.join(" "),
        since: time(args.since.as_deref(), now)?,
        until: time(args.until.as_deref(), now)?,
        limit: args.limit,
        ascending: args.sort == Sort::Oldest,
    };
    let reader = open_reader(&config)?;
    let response = reader.search(&request).map_err(index_error)?;
    print_response(&response, args.format)?;
    Ok(Exit::Fine)
}

/// Opens the index for reading; another process may be writing to it.
pub fn open_reader(config: &Config) -> anyhow::Result<index::Reader> {
    let folder = settings::data_dir(config)?;
    if !folder.exists() {
        return Err(Hinted::error(
            format!("there is no index in `{}`", folder.display()),
            "`soctop watch PATH` or `soctop ingest PATH` makes one; --data-dir names another",
        ));
    }
    index::Reader::open(&folder).map_err(index_error)
}

fn time(word: Option<&str>, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    word.map(|word| {
        query::parse_time(word, now, 0).map_err(|error| {
            Hinted::error(error.to_string(), "for example `2h`, `14:00`, `today` or `2026-03-01T09:30:00Z`")
        })
    })
    .transpose()
}

fn print_response(response: &SearchResponse, format: RecordFormat) -> anyhow::Result<()> {
    let mut out = Out::new();
    print::records(&mut out, &response.records, format)?;
    out.flush()?;
    let shown = response.records.len() as u64;
    if format == RecordFormat::Table {
        print::talk(&format!(
            "{} of {} event{} in {:.1} ms",
            print::count(shown),
            print::count(response.total),
            plural(response.total),
            response.elapsed_micros as f64 / 1_000.0
        ));
    }
    Ok(())
}
