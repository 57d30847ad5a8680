//! Events as rows: the same columns wherever events are listed.

use super::canvas::{Canvas, Part};
use super::format::Clock;
use super::table::{Column, Row};
use super::theme::{Role, Severity, log_level_word};
use crate::event::{Record, TimeQuality, Timestamp, file_with_folder};
use crate::query::name::{CORRELATION_ID, MESSAGE, SOURCE, TIME};
use crate::safe;
use crate::text::Safe;

/// What a row is drawn with.
#[derive(Clone, Copy)]
pub struct RowStyle<'a> {
    pub clock: Clock,
    pub now: Timestamp,
    /// The row does not match the filter that is being typed.
    pub faint: bool,
    /// The columns that were chosen; none are the usual ones.
    pub columns: &'a [String],
    /// Results of a search may be of any day.
    pub with_date: bool,
}

/// Cells for who and from where in one column: a short name and a whole IPv4 address.
const WHO: u16 = 24;
/// Cells of an address.
const ADDRESS: u16 = 15;
/// In narrower tables a level is its shape: the message needs the room.
const NARROW: u16 = 76;
/// From this width on name and address have a column each.
const WIDE: u16 = 140;

/// The usual columns, as they are typed.
pub const USUAL_COLUMNS: [&str; 7] = ["time", "level", "service", "user", "ip", "message", "corr"];
/// Columns that can be chosen.
pub const MOST_COLUMNS: usize = 20;
/// Cells of a chosen column that is nothing special.
const OTHER: u16 = 18;

/// Cells of a service among chosen columns.
const SERVICE: u16 = 14;

/// Cells of a service among the usual columns.
fn service_cells(width: u16) -> u16 {
    if width < WIDE { SERVICE } else { 20 }
}

/// The columns for a table of this width: those that were chosen, else the usual ones, and only what fits.
pub fn columns(chosen: &[String], width: u16, with_date: bool) -> Vec<Column<'_>> {
    let time = match (with_date, width) {
        (true, _) => Column::fixed("time", 14),
        (false, 100..) => Column::fixed("time", 12),
        _ => Column::fixed("time", 8),
    };
    match chosen.split_last() {
        Some((last, _)) => chosen_columns(chosen, last, time),
        None => usual_columns(width, time),
    }
}

/// One of the two time columns, and only what fits. Who and from where are there at every width, since they are what one
/// looks for.
fn usual_columns(width: u16, time: Column<'static>) -> Vec<Column<'static>> {
    vec![
        time,
        if width < NARROW { Column::fixed("", 1) } else { Column::fixed("level", 7) },
        Column::fixed("service", service_cells(width)).from(100),
        if width < WIDE { Column::fixed("who", WHO) } else { Column::fixed("user", 24) },
        Column::fixed("address", ADDRESS).from(WIDE),
        Column::flexible("message"),
        Column::fixed("corr", 9).from(92),
    ]
}

/// In the order that was chosen; from the right they make room. Without the message the last one takes what is left.
fn chosen_columns<'n>(chosen: &'n [String], last: &str, time: Column<'n>) -> Vec<Column<'n>> {
    let has_message = chosen.iter().any(|name| name == MESSAGE);
    let mut used = 2 * OTHER;
    let column = |name: &'n String| {
        let column = match name.as_str() {
            TIME => time,
            "log.level" => Column::fixed(name, 7),
            "service.name" => Column::fixed(name, SERVICE),
            "user.name" => Column::fixed(name, 24),
            "source.ip" => Column::fixed(name, 15),
            MESSAGE => Column::flexible(name),
            name if !has_message && name == last => Column::flexible(name),
            CORRELATION_ID => Column::fixed("corr", 9),
            _ => Column::fixed(name, OTHER),
        };
        if column.flexible {
            return column;
        }
        used += column.width + 2;
        column.from(used)
    };
    chosen.iter().map(column).collect()
}

/// The cells of [`columns`].
pub fn row(canvas: &Canvas<'_>, record: &Record, width: u16, style: RowStyle<'_>) -> Row {
    let time = match (style.with_date, width) {
        (true, _) => style.clock.day_and_seconds(record.time, style.now),
        (false, 100..) => style.clock.millis(record.time, style.now),
        _ => style.clock.cell(record.time, style.now),
    };
    let time_role = match record.time_quality {
        TimeQuality::Exact | TimeQuality::Zoneless | TimeQuality::Completed => Role::Text,
        TimeQuality::Future | TimeQuality::Absent | TimeQuality::Arrival => Role::Muted,
    };
    let time = canvas.part(time, time_role);
    let mut cells = match style.columns {
        [] => usual_cells(canvas, record, width, time),
        chosen => chosen.iter().map(|name| chosen_cell(canvas, record, name, &time)).collect(),
    };
    if style.faint {
        cells.iter_mut().for_each(|(_, style)| *style = canvas.style(Role::Muted));
    }
    cells
}

fn usual_cells(canvas: &Canvas<'_>, record: &Record, width: u16, time: Part) -> Row {
    let level = match level(canvas, record) {
        (_, style) if width < NARROW => (Safe::literal(Severity::from(record.level).shape()), style),
        level => level,
    };
    let who = if width < WIDE { who(canvas, record) } else { user(canvas, record) };
    vec![
        time,
        level,
        service_within(canvas, record, service_cells(width)),
        canvas.part(who, Role::Text),
        canvas.part(address(canvas, record), Role::Text),
        canvas.part(message(canvas, record), Role::Text),
        canvas.part(correlation_id(canvas, record), Role::Muted),
    ]
}

fn chosen_cell(canvas: &Canvas<'_>, record: &Record, name: &str, time: &Part) -> Part {
    match name {
        TIME => time.clone(),
        "log.level" => level(canvas, record),
        "service.name" => service_within(canvas, record, SERVICE),
        MESSAGE => canvas.part(message(canvas, record), Role::Text),
        CORRELATION_ID => canvas.part(correlation_id(canvas, record), Role::Muted),
        SOURCE => canvas.part(canvas.safe(&record.source), Role::Text),
        _ => canvas.part(canvas.safe(record.get(name).unwrap_or_default()), Role::Text),
    }
}

fn user(canvas: &Canvas<'_>, record: &Record) -> Safe {
    canvas.safe(record.get("user.name").unwrap_or_default())
}

fn address(canvas: &Canvas<'_>, record: &Record) -> Safe {
    canvas.safe(record.get("source.ip").unwrap_or_default())
}

/// `alice 203.0.113.9`: the address stays whole, the name takes what it leaves.
fn who(canvas: &Canvas<'_>, record: &Record) -> Safe {
    let (user, address) = (user(canvas, record), address(canvas, record));
    if user.is_empty() || address.is_empty() {
        return safe!("{}{}", user, address);
    }
    let room = usize::from(WHO).saturating_sub(address.width() + 1).max(8);
    safe!("{} {}", user.truncate(room, "…"), address)
}

/// `▅ ERROR`.
pub fn level(canvas: &Canvas<'_>, record: &Record) -> Part {
    let severity = Severity::from(record.level);
    (safe!("{} {}", severity.shape(), log_level_word(record.level)), canvas.theme.severity(severity))
}

/// The service that spoke; where the line does not say, the file with its folder, as everywhere.
pub fn service(canvas: &Canvas<'_>, record: &Record) -> Part {
    if record.service.is_empty() {
        return canvas.part(canvas.safe(file_with_folder(&record.source)), Role::Muted);
    }
    canvas.part(canvas.safe(&record.service), Role::Text)
}

/// The same in a column of so many cells.
pub fn service_within(canvas: &Canvas<'_>, record: &Record, cells: u16) -> Part {
    let (name, style) = service(canvas, record);
    if record.service.is_empty() { (file_within(name, cells), style) } else { (name, style) }
}

/// The name of a file in so many cells: its end says more than its beginning.
pub fn file_within(name: Safe, cells: u16) -> Safe {
    let cells = usize::from(cells);
    if name.width() > cells { safe!("…{}", name.keep_end(cells.saturating_sub(1))) } else { name }
}

/// The message, or what the event is about where it has none; `!` in front when something in it
/// had to be made visible, because such a line may be an attack on its reader.
pub fn message(canvas: &Canvas<'_>, record: &Record) -> Safe {
    let text = if has_message(record) { canvas.safe(&record.message) } else { substitute(canvas, record) };
    if Safe::new(&record.message).is_altered() { safe!("! {}", text) } else { text }
}

/// A structured line without a message has itself for one, which nobody can read.
fn has_message(record: &Record) -> bool {
    let is_itself = record.message == record.raw && record.raw.starts_with('{');
    !record.message.is_empty() && !is_itself
}

/// The request, or the action, or the line itself.
fn substitute(canvas: &Canvas<'_>, record: &Record) -> Safe {
    let field =
        |name: &str| record.get(name).filter(|value| !value.is_empty()).map(|value| canvas.safe(value));
    match (field("http.request.method"), field("url.path")) {
        (Some(method), Some(path)) => {
            let status = field("http.response.status_code").unwrap_or_default();
            let client = field("source.ip").unwrap_or_default();
            safe!("{} {} {}  {}", method, path, status, client)
        }
        _ => field("event.action").unwrap_or_else(|| canvas.safe(&record.raw)),
    }
}

/// The first id, shortened in the middle: identifiers differ at both ends.
pub fn correlation_id(canvas: &Canvas<'_>, record: &Record) -> Safe {
    let id = record.correlation_ids.first().map_or("", String::as_str);
    canvas.safe(id).shorten_middle(9, "…")
}
