//! Reports that the dashboard asks for, as files in the working directory.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use super::handle::ListedEvents;
use crate::alert::{Alert, RuleNote};
use crate::event::{Record, Timestamp};
use crate::index::{Error, Reader};
use crate::query::SearchRequest;
use crate::query::name::EVENT_ID;
use crate::report::{self, ExportForm, IncidentReport, ReportForm};
use crate::triage::Decisions;

/// What a report is to be about.
pub(super) struct WantedReport<'a> {
    pub alert: &'a Alert,
    pub rule: Option<&'a RuleNote>,
    pub made_by: &'a str,
    pub made_at: Timestamp,
}

/// Files of one incident; who wants more removes some.
const MOST_FILES: usize = 100;

/// The events that are stored with an alert, oldest first, as far as the index has them.
///
/// # Errors
/// The index cannot be read.
pub fn evidence(reader: &Reader, alert: &Alert) -> Result<Vec<Record>, Error> {
    if alert.events.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = alert.events.iter().map(ToString::to_string).collect();
    let query = format!("{EVENT_ID}: IN [{}]", ids.join(" "));
    let request = SearchRequest { query, limit: ids.len(), ascending: true, ..SearchRequest::default() };
    Ok(reader.search(&request)?.records)
}

/// Writes the report of an incident; returns the file. It is for its owner alone, and never takes the place of
/// another.
pub(super) fn write(
    records: &[Record],
    decisions: &Decisions,
    wanted: &WantedReport<'_>,
) -> Result<PathBuf, String> {
    let WantedReport { alert, rule, made_by, made_at } = *wanted;
    let decided = decisions.about(alert.alert_id).collect();
    let report = IncidentReport { alert, records, decisions: decided, rule, made_at, made_by };
    let text = report::render(&report, ReportForm::Markdown);
    let id = alert.alert_id.to_string();
    let name = format!("soctop-report-{}", id.get(..8).unwrap_or(&id));
    let (mut file, path) = create(&name, ReportForm::Markdown.extension())
        .map_err(|error| format!("the report could not be written: {error}"))?;
    file.write_all(text.as_bytes()).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(path)
}

/// Events that one export holds at most.
const MOST_EXPORTED: usize = 100_000;

/// Writes events into a file; returns how many, and the file.
pub(super) fn export(
    reader: &Reader,
    events: &ListedEvents,
    form: ExportForm,
) -> Result<(usize, String), String> {
    let (count, text) = match events {
        ListedEvents::Held(held) => (held.len(), report::export(held.iter().map(|row| &**row), form)),
        ListedEvents::Found(request) => {
            let request = SearchRequest { limit: MOST_EXPORTED, ..request.clone() };
            let found = reader.search(&request).map_err(|error| error.to_string())?.records;
            (found.len(), report::export(&found, form))
        }
    };
    let (mut file, path) = create("soctop-events", form.extension())
        .map_err(|error| format!("the events could not be written: {error}"))?;
    file.write_all(text.as_bytes()).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok((count, path.display().to_string()))
}

fn create(name: &str, extension: &str) -> io::Result<(File, PathBuf)> {
    let folder = std::env::current_dir()?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 1..=MOST_FILES {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{name}{number}.{extension}"));
        match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (file, path)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("there are {MOST_FILES} of this name")))
}
