//! What happened, for somebody else: one incident with its evidence, what was decided about it, and how much
//! of it is known. Markdown and HTML for people, OCSF for machines.
//!
//! Text of logs and of people is made safe ([`Safe`]) and then escaped for the form that it stands in: Markdown
//! gets it as code, HTML as entities, JSON as strings.

mod case;
mod export;
mod html;
mod markdown;
mod ocsf;

use std::collections::BTreeSet;
use std::fmt;

pub use case::{Case, CaseError, MOST_CASE_EVENTS, RuleText};
pub use export::{ExportForm, export};

use crate::alert::{Alert, AlertStatus, RuleNote};
use crate::event::{Record, Timestamp};
use crate::text::{Safe, plural};
use crate::triage::{Entry, sentence};

/// Everything that a report is made of.
#[derive(Clone, Debug)]
pub struct IncidentReport<'a> {
    /// The newest state of the incident.
    pub alert: &'a Alert,
    /// The events that are stored with it and could be found, oldest first.
    pub records: &'a [Record],
    /// What people decided about it, oldest first.
    pub decisions: Vec<&'a Entry>,
    /// What the rule says of itself, where it is still loaded.
    pub rule: Option<&'a RuleNote>,
    /// When the report was made, and by whom.
    pub made_at: Timestamp,
    pub made_by: &'a str,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportForm {
    #[default]
    Markdown,
    Html,
    Ocsf,
}

impl ReportForm {
    /// The end of a file name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            ReportForm::Markdown => "md",
            ReportForm::Html => "html",
            ReportForm::Ocsf => "json",
        }
    }
}

/// Writes the report in a form.
#[must_use]
pub fn render(report: &IncidentReport<'_>, form: ReportForm) -> String {
    match form {
        ReportForm::Markdown => markdown::render(report),
        ReportForm::Html => html::render(report),
        ReportForm::Ocsf => ocsf::render(report),
    }
}

/// A name and what stands beside it.
struct Line {
    label: &'static str,
    /// Of logs or people: to be escaped.
    value: Safe,
}

/// What stands under a title.
enum ReportSection {
    Lines(Vec<Line>),
    /// Text as it was written; where there is none, what to say.
    Block {
        lines: Vec<Safe>,
        nothing: &'static str,
    },
    /// Our own words.
    Paragraphs([String; 2]),
    /// Words that others may have chosen.
    Foreign(Safe),
}

impl IncidentReport<'_> {
    fn addresses(&self) -> BTreeSet<&str> {
        let group = self.alert.group.iter().filter(|(field, _)| field.as_str() == "source.ip");
        let of_events = self.records.iter().filter_map(|record| record.get("source.ip"));
        group.map(|(_, value)| value.as_str()).chain(of_events).collect()
    }

    fn users(&self) -> BTreeSet<&str> {
        let group = self.alert.group.iter().filter(|(field, _)| field.starts_with("user."));
        let of_events = self.records.iter().filter_map(|record| record.get("user.name"));
        group.map(|(_, value)| value.as_str()).chain(of_events).collect()
    }

    /// What follows the sentences, in every form for people, with the title of each.
    fn sections(&self) -> [(&'static str, ReportSection); 6] {
        let (timeline, decided) = (self.timeline(), self.decided());
        let masked = "Secrets were masked before anything was stored.".to_owned();
        [
            ("Facts", ReportSection::Lines(self.facts())),
            ("Timeline", ReportSection::Block { lines: timeline, nothing: "no event of it is in the index" }),
            ("Decisions", ReportSection::Block { lines: decided, nothing: "none" }),
            ("Rule", ReportSection::Lines(self.about_rule())),
            ("Completeness", ReportSection::Paragraphs([self.completeness(), masked])),
            ("How it was made", ReportSection::Foreign(Safe::new(&self.origin()))),
        ]
    }

    /// What happened, in three sentences: what and when, who and how often, where it stands.
    fn sentences(&self) -> [Safe; 3] {
        let alert = self.alert;
        let (level, title) = (alert.rule.level, &alert.rule.title);
        let what = format!("{}: the rule “{title}” ({level}) found: {}.", alert.window.end, alert.summary);
        let (count, about) = (alert.count, if alert.approximate { "about " } else { "" });
        let window = alert.window;
        let when = match window.start == window.end {
            true => format!("at {}", window.start),
            false => format!("between {} and {}", window.start, window.end),
        };
        let who = format!(
            "It counted {about}{count} event{} {when}, {}, {}.",
            plural(count),
            listed("from", "no address is known", &self.addresses()),
            listed("about", "no user is named", &self.users())
        );
        let stands = match alert.status {
            AlertStatus::Close => format!("It was closed at {}", alert.time),
            AlertStatus::Open | AlertStatus::Update => format!("It was open at {}", self.made_at),
        };
        let decided = match self.decisions.last() {
            Some(last) => format!("{} {}", last.by, sentence(last)),
            None => "nobody has decided anything about it".to_owned(),
        };
        [what, who, format!("{stands}; {decided}.")].map(|text| Safe::new(&text))
    }

    fn facts(&self) -> Vec<Line> {
        let alert = self.alert;
        let line = |label, value: &dyn fmt::Display| Line { label, value: Safe::new(&value.to_string()) };
        let mut lines = vec![
            line("incident", &alert.alert_id),
            line("level", &alert.rule.level),
            line("first event", &alert.window.start),
            line("last event", &alert.window.end),
        ];
        for (field, value) in alert.group.iter() {
            lines.push(line("group", &format!("{field} = {value}")));
        }
        if let Some(source) = &alert.source {
            lines.push(line("fired by", &format!("{}:{}", source.path, source.line)));
        }
        for id in &alert.correlation_ids {
            lines.push(line("correlation id", id));
        }
        lines
    }

    fn about_rule(&self) -> Vec<Line> {
        let rule = &self.alert.rule;
        let line = |label, value: &str| Line { label, value: Safe::new(value) };
        let mut lines = vec![line("rule", &rule.title), line("id", &rule.id)];
        if let Some(text) = &self.rule {
            lines.push(line("version", &format!("{:016x}", text.version)));
            lines.push(line("says", text.description.trim()));
            lines.extend(text.false_positives.iter().map(|it| line("may be wrong about", it)));
        }
        let attack: Vec<String> = attack(self.alert).map(str::to_uppercase).collect();
        if !attack.is_empty() {
            lines.push(line("ATT&CK", &attack.join(", ")));
        }
        if !rule.author.is_empty() {
            lines.push(line("author", &rule.author));
        }
        lines
    }

    fn timeline(&self) -> Vec<Safe> {
        let line = |record: &Record| {
            let who = [record.get("user.name"), record.get("source.ip")].map(Option::unwrap_or_default);
            let service = if record.service.is_empty() { &*record.source } else { record.service.as_str() };
            let level = record.level.word();
            Safe::new(&format!(
                "{}  {level:<8}  {service}  {}  {}",
                record.time,
                who.join(" "),
                record.message
            ))
        };
        self.records.iter().map(line).collect()
    }

    fn decided(&self) -> Vec<Safe> {
        let line = |entry: &&Entry| Safe::new(&format!("{}  {}  {}", entry.at, entry.by, sentence(entry)));
        self.decisions.iter().map(line).collect()
    }

    /// How much of the evidence is here, and what is not.
    fn completeness(&self) -> String {
        let stored = self.alert.events.len() as u64;
        let (found, more) = (self.records.len() as u64, self.alert.events_omitted);
        let missing = stored.saturating_sub(found);
        let mut text = match stored {
            0 => "This incident stores no events of its own.".to_owned(),
            _ => format!("Events stored with it: {stored}; found in the index: {found}."),
        };
        if missing > 0 {
            text.push_str(&format!(" No longer in the index: {missing}."));
        }
        if more > 0 {
            text.push_str(&format!(" Counted, but not stored with it: {more}."));
        }
        text
    }

    fn origin(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let id = self.alert.alert_id;
        format!("soctop {version}, `soctop report {id}`, at {}, by {}", self.made_at, self.made_by)
    }
}

/// The techniques among the tags, as `t1110`.
fn attack(alert: &Alert) -> impl Iterator<Item = &str> {
    let techniques = alert.rule.tags.iter().filter_map(|tag| tag.strip_prefix("attack."));
    techniques.filter(|tag| tag.starts_with('t') && tag.chars().nth(1).is_some_and(|c| c.is_ascii_digit()))
}

/// `from a, b and 3 more`.
fn listed(lead: &str, nothing: &str, values: &BTreeSet<&str>) -> String {
    const FEW: usize = 3;
    if values.is_empty() {
        return nothing.to_owned();
    }
    let few: Vec<&str> = values.iter().take(FEW).copied().collect();
    match values.len().saturating_sub(FEW) {
        0 => format!("{lead} {}", few.join(", ")),
        more => format!("{lead} {} and {more} more", few.join(", ")),
    }
}

#[cfg(test)]
mod tests;
