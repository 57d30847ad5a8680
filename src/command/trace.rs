//! `soctop trace ID`: every event and alert with one correlation id, as a timeline.

use super::complete;
use super::live::index_error;
use super::print::{self, Out};
use super::search::open_reader;
use super::settings::CliOverrides;
use crate::cli::{RecordFormat, TraceArgs};
use crate::event::{Record, Timestamp};
use crate::exit::Exit;
use crate::query::Trace;
use crate::text::Safe;

pub fn run(args: &TraceArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.store(&args.store).resolve()?;
    let reader = open_reader(&config)?;
    let trace = reader.trace(&args.id).map_err(index_error)?;
    let mut out = Out::new();
    match args.format {
        RecordFormat::Table => print_timeline(&mut out, &trace)?,
        RecordFormat::Ndjson => {
            print::records(&mut out, &trace.records, args.format)?;
            for alert in &trace.alerts {
                out.json(&print::Tagged { kind: "alert", value: alert })?;
            }
        }
        RecordFormat::Raw => print::records(&mut out, &trace.records, args.format)?,
    }
    out.flush()?;
    say_what_is_missing(&trace);
    print::talk(&complete::of_trace(&reader));
    let found = !trace.records.is_empty() || !trace.alerts.is_empty();
    Ok(if found { Exit::Fine } else { Exit::Nothing })
}

/// Events with their distance from the first, alerts where they fell.
fn print_timeline(out: &mut Out, trace: &Trace) -> std::io::Result<()> {
    let Some(first) = trace.records.first().map(|record| record.time) else {
        return Ok(());
    };
    let mut alerts = trace.alerts.iter().peekable();
    for record in &trace.records {
        while let Some(alert) = alerts.next_if(|alert| alert.time < record.time) {
            out.alert_in_timeline(alert, first)?;
        }
        let line = format!("{:>12}  {}", since(first, record), print::record(out, record));
        out.line(&line)?;
    }
    for alert in alerts {
        out.alert_in_timeline(alert, first)?;
    }
    Ok(())
}

fn since(first: Timestamp, record: &Record) -> String {
    print::delta(record.time.since(first))
}

/// Where what is no id is looked for.
fn elsewhere(id: &str) -> String {
    let field = if id.parse::<std::net::IpAddr>().is_ok() { "source.ip" } else { "user" };
    let quoted = id.replace(['"', '\'', '\\'], "?");
    format!(
        "an id is what several lines of one request share; a user, an address or a word is found by `soctop search \
         '{field}:\"{}\"'` or `soctop search '\"{}\"'`",
        Safe::new(&quoted),
        Safe::new(&quoted)
    )
}

fn say_what_is_missing(trace: &Trace) {
    if trace.records.is_empty() {
        print::talk(&format!("nothing carries the id `{}`", Safe::new(&trace.id)));
        print::talk(&elsewhere(&trace.id));
    }
    if trace.omitted > 0 {
        let (noun, verb) = if trace.omitted == 1 { ("event", "carries") } else { ("events", "carry") };
        print::talk(&format!("{} more {noun} {verb} this id", print::count(trace.omitted)));
    }
    if let Some(doubt) = &trace.doubt {
        print::talk(&format!("not a trustworthy key: {}", Safe::new(doubt)));
    }
}
