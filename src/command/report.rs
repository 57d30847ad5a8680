//! `soctop report INCIDENT`: what happened, for somebody else.

use std::io::Write;

use super::live::{self, index_error};
use super::search::open_reader;
use super::settings::{self, CliOverrides};
use crate::alert::{Alert, RuleBook};
use crate::cli::{ReportArgs, ReportFormat};
use crate::exit::{Exit, Hinted};
use crate::pipeline::{Journal, evidence};
use crate::report::{IncidentReport, ReportForm, render};

/// Ids that are listed where several incidents are meant.
const FEW: usize = 10;

pub fn run(args: &ReportArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let config = overrides.store(&args.store).resolve()?;
    let reader = open_reader(&config)?;
    let alert = only(reader.incidents(&args.incident).map_err(index_error)?, &args.incident)?;
    let records = evidence(&reader, &alert).map_err(index_error)?;
    let journal = Journal::of(&settings::data_dir(&config)?).read()?;
    // A rule that is no longer loaded, or not loadable, takes nothing from what happened.
    let book = live::load_rules(&config).map(|loaded| RuleBook::of(&loaded.rules)).unwrap_or_default();
    let user = live::user_name();
    let report = IncidentReport {
        alert: &alert,
        records: &records,
        decisions: journal.decisions.about(alert.alert_id).collect(),
        rule: book.get(&alert.rule.id),
        made_at: live::wall_clock(),
        made_by: &user,
    };
    print(&report, args.format)?;
    Ok(Exit::Fine)
}

/// Writes a report to standard output.
pub fn print(report: &IncidentReport<'_>, format: ReportFormat) -> std::io::Result<()> {
    let form = match format {
        ReportFormat::Md => ReportForm::Markdown,
        ReportFormat::Html => ReportForm::Html,
        ReportFormat::Ocsf => ReportForm::Ocsf,
    };
    let mut out = std::io::stdout().lock();
    out.write_all(render(report, form).as_bytes())?;
    out.flush()
}

/// The incident that is meant.
pub fn only(mut found: Vec<Alert>, beginning: &str) -> anyhow::Result<Alert> {
    if found.len() > 1 {
        let ids = found.iter().take(FEW).map(|alert| alert.alert_id.to_string());
        let ids = ids.collect::<Vec<_>>().join(", ");
        let message = format!("{} incidents begin with `{beginning}`: {ids}", found.len());
        return Err(Hinted::error(message, "write more of the id"));
    }
    found.pop().ok_or_else(|| {
        Hinted::error(
            format!("no incident has an id that begins with `{beginning}`"),
            "the dashboard shows the id of each incident: 5, then Enter",
        )
    })
}
