//! Lines for standard output. stdout is data, stderr is talk; everything that came from a log or a
//! rule passes through `Safe`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};

use super::storm::HeldBack;
use crate::alert::{Alert, AlertStatus, RuleSummary};
use crate::cli::RecordFormat;
use crate::event::{LogLevel, Nanos, Record, Timestamp, file_with_folder};
use crate::sigma::Level;
use crate::text::{self, Safe, plural};

/// Writes to standard output, buffered and flushed on drop; knows whether colour is welcome.
pub struct Out {
    writer: io::BufWriter<io::StdoutLock<'static>>,
    colour: bool,
    is_terminal: bool,
}

/// JSON leaves control characters beyond ASCII, and those that turn the direction of text, as they are;
/// written as escapes they are the same data.
struct Printable;

impl serde_json::ser::Formatter for Printable {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut chars = fragment.chars();
        let mut plain = fragment;
        while let Some(c) = chars.next() {
            if text::is_plain(c) {
                continue;
            }
            let length = plain.len() - chars.as_str().len() - c.len_utf8();
            writer.write_all(&plain.as_bytes()[..length])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = chars.as_str();
        }
        writer.write_all(plain.as_bytes())
    }
}

/// A value as JSON with everything escaped that a terminal could obey.
pub fn json(value: &impl serde::Serialize) -> serde_json::Result<String> {
    let mut text = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Printable))?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

impl Default for Out {
    fn default() -> Self {
        Self::new()
    }
}

impl Out {
    pub fn new() -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let colour = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { writer: io::BufWriter::new(stdout.lock()), colour, is_terminal }
    }

    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.writer.write_all(line.as_bytes())?;
        self.writer.write_all(b"\n")
    }

    /// One value as one line of JSON, with everything escaped that a terminal could obey.
    pub fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut self.writer, Printable))?;
        self.writer.write_all(b"\n")
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// The level as a word of four letters with a rising bar, in colour where that is welcome.
    pub fn level(&self, level: Level) -> String {
        let (shape, word, colour) = match level {
            Level::Critical => ('█', "CRIT", "1;7;31"),
            Level::High => ('▅', "HIGH", "1;31"),
            Level::Medium => ('▃', "MED ", "33"),
            Level::Low => ('▁', "LOW ", "34"),
            Level::Informational => (' ', "INFO", "2"),
        };
        self.paint(&format!("{shape} {word}"), colour)
    }

    pub fn log_level(&self, level: LogLevel) -> String {
        let word = format!("{:<8}", level.word());
        match level {
            LogLevel::Critical => self.paint(&word, "1;31"),
            LogLevel::Error => self.paint(&word, "31"),
            LogLevel::Warn => self.paint(&word, "33"),
            _ => word,
        }
    }

    /// A log level as it stands in a table, in its colour.
    pub fn level_word(&self, level: LogLevel, word: &str) -> String {
        match level {
            LogLevel::Critical => self.paint(word, "1;31"),
            LogLevel::Error => self.paint(word, "31"),
            LogLevel::Warn => self.paint(word, "33"),
            _ => word.to_owned(),
        }
    }

    /// What a query asked for.
    pub fn mark(&self, text: &str) -> String {
        self.paint(text, "1;4")
    }

    /// Cells of the terminal, if the output is one.
    pub fn width(&self) -> Option<usize> {
        if !self.is_terminal {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|width| *width > 0)
    }

    pub fn dim(&self, text: &str) -> String {
        self.paint(text, "2")
    }

    /// An alert between the events of a trace.
    pub fn alert_in_timeline(&mut self, alert: &Alert, first: Timestamp) -> io::Result<()> {
        let line = format!(
            "{:>12}  {}  {} {}",
            delta(alert.time.since(first)),
            time(alert.time),
            self.level(alert.rule.level),
            Safe::new(&alert.summary),
        );
        self.line(&line)
    }

    fn paint(&self, text: &str, colour: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// `2026-03-01 09:30:00.123Z`: sortable, and as wide for every value. A recording may have no time at all.
pub fn time(time: Timestamp) -> String {
    if time == Timestamp::MIN {
        return format!("{:<24}", "no time");
    }
    time.to_datetime().format("%Y-%m-%d %H:%M:%S%.3fZ").to_string()
}

/// One event as one line: time, level, service, message.
pub fn record(out: &Out, record: &Record) -> String {
    let service = if record.service.is_empty() { file_with_folder(&record.source) } else { &record.service };
    format!(
        "{}  {} {:<16} {}",
        time(record.time),
        out.log_level(record.level),
        Safe::new(service).as_str(),
        Safe::new(&record.message).as_str(),
    )
}

/// An incident as one line: time, level, what happened, which rule says so.
pub fn alert(out: &mut Out, alert: &Alert) -> io::Result<()> {
    let state = match alert.status {
        AlertStatus::Open => "",
        AlertStatus::Update => " (update)",
        AlertStatus::Close => " (over)",
    };
    let line = format!(
        "{}  {}  {}{state}  {}",
        time(alert.time),
        out.level(alert.rule.level),
        Safe::new(&alert.summary),
        out.dim(Safe::new(&alert.rule.title).as_str()),
    );
    out.line(&line)
}

/// What a rule has said beside the lines that were printed of it.
pub fn held_back(out: &mut Out, held: &HeldBack) -> io::Result<()> {
    let line = format!(
        "{:23}  {}  {} more line{} in {} s, not printed one by one; all are in the index  {}",
        "",
        out.level(held.level),
        count(held.lines),
        plural(held.lines),
        super::storm::PERIOD_SECONDS,
        out.dim(Safe::new(&held.title).as_str()),
    );
    out.line(&line)
}

/// Events in the form that was asked for.
pub fn records(out: &mut Out, records: &[Record], format: RecordFormat) -> io::Result<()> {
    for item in records {
        match format {
            RecordFormat::Table => {
                let line = record(out, item);
                out.line(&line)?;
            }
            RecordFormat::Ndjson => out.json(&WithValues::of(item))?,
            // A pipe gets the bytes, a terminal only what is safe to show.
            RecordFormat::Raw if out.is_terminal => {
                let line = Safe::with_limit(&item.raw, usize::MAX);
                out.line(line.as_str())?;
            }
            RecordFormat::Raw => out.line(&item.raw)?,
        }
    }
    Ok(())
}

/// An event with its values by name beside the list of fields.
#[derive(serde::Serialize)]
struct WithValues<'r> {
    #[serde(flatten)]
    record: &'r Record,
    values: BTreeMap<&'r str, Vec<Typed<'r>>>,
}

/// A value as the log wrote it: a number stays a number, with all of its digits.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Typed<'r> {
    Text(&'r str),
    Plain(&'r serde_json::value::RawValue),
}

impl<'r> WithValues<'r> {
    fn of(record: &'r Record) -> Self {
        let mut values: BTreeMap<&str, Vec<Typed<'_>>> = BTreeMap::new();
        for field in &record.fields {
            let plain = (!field.is_string).then(|| serde_json::from_str(&field.value).ok()).flatten();
            let value = plain.filter(is_scalar).map_or(Typed::Text(&field.value), Typed::Plain);
            values.entry(&field.name).or_default().push(value);
        }
        Self { record, values }
    }
}

/// A number, a boolean or null: nothing that a terminal could obey.
fn is_scalar(value: &&serde_json::value::RawValue) -> bool {
    value.get().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// A value with its kind in front, as the NDJSON contract has it.
#[derive(serde::Serialize)]
pub struct Tagged<'a, T> {
    pub kind: &'static str,
    #[serde(flatten)]
    pub value: &'a T,
}

/// Rules that had more to follow than their budget: said once for all of them, at the end.
#[derive(Default)]
pub struct OverBudget(BTreeSet<String>);

impl OverBudget {
    /// How many are named.
    const NAMED: usize = 3;

    pub fn note(&mut self, rule: &RuleSummary) {
        self.0.insert(rule.title.clone());
    }

    pub fn say(&self) {
        let count = self.0.len();
        if count > 0 {
            let named: Vec<&str> = self.0.iter().take(Self::NAMED).map(String::as_str).collect();
            let more = count.saturating_sub(Self::NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let line = format!(
                "{count} rule{} had more groups than they have room for and may have missed something: {}{more}",
                plural(count as u64),
                named.join(", "),
            );
            talk(Safe::new(&line).as_str());
        }
    }
}

/// Talk for people, on standard error. Where that cannot be written nobody listens, and nothing ends for it.
pub fn talk(line: &str) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}

/// Time after the first event: `+0.123s`, `+2m05s`.
pub fn delta(nanos: Nanos) -> String {
    let millis = nanos / 1_000_000;
    let sign = if millis < 0 { '-' } else { '+' };
    let millis = millis.unsigned_abs();
    if millis < 60_000 {
        return format!("{sign}{}.{:03}s", millis / 1_000, millis % 1_000);
    }
    let seconds = millis / 1_000;
    if seconds < 3_600 {
        return format!("{sign}{}m{:02}s", seconds / 60, seconds % 60);
    }
    format!("{sign}{}h{:02}m", seconds / 3_600, seconds / 60 % 60)
}

/// `1,234,567`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `812 B`, `1.2 KB`, `88 MB`, as on the screen.
pub fn bytes(n: u64) -> String {
    crate::view::format::bytes(n).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_grow_from_milliseconds_to_hours() {
        let text = |millis: i64| delta(millis * 1_000_000);
        assert_eq!(
            [text(0), text(123), text(125_000), text(-5)],
            ["+0.000s", "+0.123s", "+2m05s", "-0.005s"]
        );
        assert_eq!(text(3_725_000), "+1h02m");
    }

    #[test]
    fn values_keep_their_kind() {
        let plain =
            |text| serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok_and(|it| is_scalar(&it));
        assert!(["12", "-1.5e+30", "true", "null", "123456789012345678901234567890"].into_iter().all(plain));
        assert!(!["\"a\"", "{}", "[1]", "nothing", "\"\\u001b\""].into_iter().any(plain));
    }

    #[test]
    fn counts_have_separators() {
        let text = |n| count(n);
        assert_eq!([text(0), text(999), text(1_000), text(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
    }
}
