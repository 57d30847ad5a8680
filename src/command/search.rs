//! `soctop search QUERY`: ask the index.

use std::path::PathBuf;

use super::complete;
use super::live::index_error;
use super::print::{self, Out};
use super::settings::{self, CliOverrides};
use super::table;
use crate::cli::{RecordFormat, SearchArgs, Sort};
use crate::config::Config;
use crate::event::number::to_u64;
use crate::event::{SECOND, Timestamp};
use crate::exit::{Exit, Hinted};
use crate::index;
use crate::query::marks::Marks;
use crate::query::{self, SearchRequest, SearchResponse};
use crate::text::{Safe, plural};

pub fn run(args: &SearchArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.store(&args.store).resolve()?;
    let now = super::live::wall_clock();
    let request = SearchRequest {
        query: args.query.join(" "),
        since: time(args.since.as_deref(), now)?,
        until: time(args.until.as_deref(), now)?,
        limit: args.limit,
        ascending: args.sort == Sort::Oldest,
    };
    let reader = open_reader(&config)?;
    if args.histogram {
        return print_histogram(&reader, &request);
    }
    if let Some(field) = &args.top {
        return print_top(&reader, &request, field);
    }
    for column in args.columns.iter().filter(|column| !table::is_own(column)) {
        let exists =
            SearchRequest { query: format!("{}:*", query::name::typed(column)), ..Default::default() };
        reader.search(&exists).map_err(index_error)?;
    }
    let limit = if args.count { 0 } else { request.limit };
    let response = reader.search(&SearchRequest { limit, ..request.clone() }).map_err(index_error)?;
    match args.count {
        true => print_lines(&[response.total.to_string()])?,
        false => print_response(&response, &request, args)?,
    }
    if response.total > 0 {
        if args.format == RecordFormat::Table {
            print::talk(&complete::of_search(&reader, &request));
        }
        return Ok(Exit::Fine);
    }
    print::talk(&nothing_found(&reader, &request, &response)?);
    Ok(Exit::Nothing)
}

/// What was looked at, and until when, where nothing was found.
fn nothing_found(
    reader: &index::Reader,
    request: &SearchRequest,
    response: &SearchResponse,
) -> anyhow::Result<String> {
    if response.indexed == 0 {
        return Ok(
            "nothing is indexed yet: `soctop watch PATH` or `soctop ingest PATH` reads logs".to_owned()
        );
    }
    let names = query::looked_at(&query::parse(&request.query)?).join(", ");
    let looked_at = if names.is_empty() { "every event".to_owned() } else { names };
    let events = print::count(response.indexed);
    let others = match noun(request)? {
        "event" => "",
        _ => " and no other record",
    };
    Ok(format!(
        "none of {events} indexed event{}{others} matches; looked at {}; {}",
        plural(response.indexed),
        Safe::new(&looked_at),
        complete::of_search(reader, request)
    ))
}

fn print_lines(lines: &[String]) -> anyhow::Result<()> {
    let mut out = Out::new();
    for line in lines {
        out.line(line)?;
    }
    Ok(out.flush()?)
}

/// Intervals of a histogram.
const INTERVALS: usize = 24;
/// Cells of the longest bar.
const BAR_CELLS: u64 = 40;

fn print_histogram(reader: &index::Reader, request: &SearchRequest) -> anyhow::Result<Exit> {
    let histogram = reader.histogram(request, INTERVALS).map_err(index_error)?;
    let counts: Vec<(Timestamp, u64)> =
        histogram.buckets.iter().map(|(start, levels)| (*start, levels.iter().sum())).collect();
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let bar = |count: u64| "█".repeat(usize::try_from(count * BAR_CELLS / most.max(1)).unwrap_or_default());
    let line = |(start, count): &(Timestamp, u64)| {
        format!("{}  {:>10}  {}", print::time(*start), print::count(*count), bar(*count))
    };
    print_lines(&counts.iter().map(line).collect::<Vec<_>>())?;
    print::talk(&format!(
        "{} {}{} in intervals of {} s",
        print::count(histogram.total),
        noun(request)?,
        plural(histogram.total),
        histogram.width / SECOND
    ));
    print::talk(&complete::of_search(reader, request));
    Ok(if histogram.total > 0 { Exit::Fine } else { Exit::Nothing })
}

fn print_top(reader: &index::Reader, request: &SearchRequest, field: &str) -> anyhow::Result<Exit> {
    let top = reader.top(request, field).map_err(index_error)?;
    let line = |(value, count): &(String, u64)| format!("{:>10}  {}", print::count(*count), Safe::new(value));
    print_lines(&top.values.iter().map(line).collect::<Vec<_>>())?;
    let name = query::name::long_name(field).unwrap_or(field);
    let distinct = print::count(to_u64(top.distinct));
    print::talk(&format!("{distinct} value{} of {}", plural(top.distinct as u64), Safe::new(name)));
    if top.longer > 0 {
        print::talk(&format!("{} longer texts are not counted", print::count(top.longer)));
    }
    print::talk(&complete::of_search(reader, request));
    Ok(if top.values.is_empty() { Exit::Nothing } else { Exit::Fine })
}

/// What a search finds: also other records than events where it asks for them.
fn noun(request: &SearchRequest) -> anyhow::Result<&'static str> {
    let is_about_events = query::kinds_asked_for(&query::parse(&request.query)?).is_empty();
    Ok(if is_about_events { "event" } else { "record" })
}

/// The data directory, where there is one.
pub fn existing_data_dir(config: &Config) -> anyhow::Result<PathBuf> {
    let folder = settings::data_dir(config)?;
    if !folder.exists() {
        return Err(Hinted::error(
            format!("there is no index in `{}`", folder.display()),
            "`soctop watch PATH` or `soctop ingest PATH` makes one; --data-dir names another",
        ));
    }
    Ok(folder)
}

/// Opens the index for reading; another process may be writing to it.
pub fn open_reader(config: &Config) -> anyhow::Result<index::Reader> {
    index::Reader::open(&existing_data_dir(config)?).map_err(index_error)
}

/// A time as it is typed.
pub fn time(word: Option<&str>, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    word.map(|word| {
        query::parse_time(word, now, 0).map_err(|error| Hinted::error(error.to_string(), error.hint()))
    })
    .transpose()
}

fn print_response(
    response: &SearchResponse,
    request: &SearchRequest,
    args: &SearchArgs,
) -> anyhow::Result<()> {
    let mut out = Out::new();
    if args.format == RecordFormat::Table {
        let marks = Marks::of(&query::parse(&request.query)?);
        table::print(&mut out, &response.records, &args.columns, &marks)?;
    } else {
        print::records(&mut out, &response.records, args.format)?;
    }
    out.flush()?;
    let shown = to_u64(response.records.len());
    if args.format == RecordFormat::Table {
        print::talk(&format!(
            "{} of {} {}{} in {:.1} ms",
            print::count(shown),
            print::count(response.total),
            noun(request)?,
            plural(response.total),
            response.elapsed_micros as f64 / 1_000.0
        ));
    }
    Ok(())
}
