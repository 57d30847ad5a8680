//! A case: one incident with all that is needed to look at it elsewhere, in one file.
//!
//! NDJSON in ASCII, a thing a line: the head, the alert, the texts of its rules, the lists they name, the decisions,
//! the events as they are stored, and at the end how many lines there are and their BLAKE3 hash. It is text because a
//! case is kept for years and read by people, `grep` and `jq`; it is one file and not an archive because then nothing
//! is unpacked: no name in it is ever a path. What is read may come from anybody: its size and all numbers are bounded,
//! and nothing in it is run but rules, which cannot do anything but match.

use std::collections::BTreeSet;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::ocsf::ascii;
use crate::alert::Alert;
use crate::event::number::to_u64;
use crate::event::{EventId, Record, Timestamp};
use crate::sigma::Placeholders;
use crate::triage::Entry;

/// How every case begins.
const MAGIC: &[u8] = b"{\"soctop_case\":";
/// The form that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Bytes of a case.
const MOST_BYTES: u64 = 64 << 20;
/// Events of a case.
pub const MOST_CASE_EVENTS: usize = 20_000;
/// Rules, lists and decisions of a case, each.
const MOST_OTHERS: usize = 2_000;

/// One incident and what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub made_at: Timestamp,
    /// Who made it, as their system names them.
    pub made_by: String,
    /// The newest state of the incident.
    pub alert: Alert,
    /// Its rule, those that it is made of, and their filters.
    pub rules: Vec<RuleText>,
    /// The lists that the rules name, with their values.
    pub lists: Placeholders,
    /// What people decided about it, oldest first.
    pub decisions: Vec<Entry>,
    /// Its events as they are stored: secrets are masked. In the order of their times.
    pub records: Vec<Record>,
}

/// A rule as it is written. The name of its file is for reading only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleText {
    pub file: String,
    pub text: String,
}

/// Why a file is no case that can be opened.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("this is not a case file: it does not begin like one")]
    NoCase,
    #[error(
        "the case was made by another version of soctop: its format is {found}, this program reads {VERSION}"
    )]
    Version { found: u32 },
    #[error("the case has more than {most} {what}")]
    TooLarge { most: u64, what: &'static str },
    #[error("the case is cut off: its last line is missing")]
    CutOff,
    #[error("the case was changed after it was made: its checksum does not match")]
    Changed,
    #[error("line {line} of the case cannot be understood")]
    Line { line: usize, source: serde_json::Error },
    #[error("the case has {found} incidents instead of one")]
    Incidents { found: usize },
    #[error("cannot read the case")]
    Read(#[from] std::io::Error),
}

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CaseLine {
    SoctopCase(CaseHead),
    Alert(Box<Alert>),
    Rule(RuleText),
    List { name: String, values: Vec<String> },
    Decision(Box<Entry>),
    Event(Box<Record>),
    End { lines: u64, blake3: String },
}

#[derive(Serialize, Deserialize)]
struct CaseHead {
    version: u32,
    made_at: Timestamp,
    made_by: String,
    /// Version of the program.
    soctop: String,
}

impl Case {
    /// Whether a file that begins so is a case.
    #[must_use]
    pub fn begins_with(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Bytes that [`begins_with`](Self::begins_with) looks at.
    pub const BEGINNING: usize = MAGIC.len();

    /// The case as a file holds it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let lines = self.lines();
        for line in &lines {
            text.push_str(&written(line));
        }
        let blake3 = blake3::hash(text.as_bytes()).to_hex().to_string();
        let end = CaseLine::End { lines: to_u64(lines.len()), blake3 };
        text + &written(&end)
    }

    fn lines(&self) -> Vec<CaseLine> {
        let head = CaseHead {
            version: VERSION,
            made_at: self.made_at,
            made_by: self.made_by.clone(),
            soctop: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut lines = vec![CaseLine::SoctopCase(head), CaseLine::Alert(Box::new(self.alert.clone()))];
        lines.extend(self.rules.iter().cloned().map(CaseLine::Rule));
        let lists = self.lists.iter();
        lines.extend(
            lists.map(|(name, values)| CaseLine::List { name: name.clone(), values: values.clone() }),
        );
        lines.extend(self.decisions.iter().map(|entry| CaseLine::Decision(Box::new(entry.clone()))));
        lines.extend(self.records.iter().map(|record| CaseLine::Event(Box::new(record.clone()))));
        lines
    }

    /// Reads a case to its end.
    ///
    /// # Errors
    /// It is none, it is damaged, or it is larger than what is read.
    pub fn read(input: impl Read) -> Result<Self, CaseError> {
        let mut bytes = Vec::new();
        input.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        if to_u64(bytes.len()) > MOST_BYTES {
            return Err(CaseError::TooLarge { most: MOST_BYTES, what: "bytes" });
        }
        if !Self::begins_with(&bytes) {
            return Err(CaseError::NoCase);
        }
        let lines = checked(&bytes)?;
        let mut case = Unfinished::default();
        for (number, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            let failed = |source| CaseError::Line { line: number + 1, source };
            case.take(serde_json::from_slice(line).map_err(failed)?)?;
        }
        case.finished()
    }

    /// The texts of the rules, each with a name that says where it comes from and is no path.
    pub fn rule_texts(&self) -> impl Iterator<Item = (String, &str)> {
        let numbered = self.rules.iter().enumerate();
        numbered
            .map(|(number, rule)| (format!("rule {} of the case: {}", number + 1, rule.file), &*rule.text))
    }

    /// The events that are stored with the incident. What else is in the case led to it, and is there for a replay.
    pub fn evidence(&self) -> impl Iterator<Item = &Record> {
        let stored: BTreeSet<EventId> = self.alert.events.iter().copied().collect();
        self.records.iter().filter(move |record| stored.contains(&record.event_id))
    }
}

/// A line with its end. Everything that a case is made of can be written as JSON.
fn written(line: &CaseLine) -> String {
    ascii(&serde_json::to_string(line).unwrap_or_default()) + "\n"
}

/// All lines but the last, which says whether the others are whole.
fn checked(bytes: &[u8]) -> Result<&[u8], CaseError> {
    let whole = bytes.strip_suffix(b"\n").ok_or(CaseError::CutOff)?;
    let at = memchr::memrchr(b'\n', whole).ok_or(CaseError::CutOff)?;
    let (before, last) = whole.split_at_checked(at + 1).ok_or(CaseError::CutOff)?;
    let Ok(CaseLine::End { lines, blake3 }) = serde_json::from_slice(last) else {
        return Err(CaseError::CutOff);
    };
    let counted = to_u64(memchr::memchr_iter(b'\n', before).count());
    if counted != lines || *blake3::hash(before).to_hex() != *blake3 {
        return Err(CaseError::Changed);
    }
    Ok(before.strip_suffix(b"\n").unwrap_or(before))
}

/// A case while it is read.
#[derive(Default)]
struct Unfinished {
    head: Option<CaseHead>,
    alerts: Vec<Alert>,
    rules: Vec<RuleText>,
    lists: Placeholders,
    decisions: Vec<Entry>,
    records: Vec<Record>,
}

impl Unfinished {
    fn take(&mut self, line: CaseLine) -> Result<(), CaseError> {
        match line {
            CaseLine::SoctopCase(head) if head.version != VERSION => {
                return Err(CaseError::Version { found: head.version });
            }
            CaseLine::SoctopCase(head) => self.head = Some(head),
            CaseLine::Alert(alert) => self.alerts.push(*alert),
            CaseLine::Rule(rule) => self.rules.push(rule),
            CaseLine::List { name, values } => drop(self.lists.insert(name, values)),
            CaseLine::Decision(entry) => self.decisions.push(*entry),
            CaseLine::Event(record) => self.records.push(*record),
            CaseLine::End { .. } => return Err(CaseError::Changed),
        }
        let others = [self.alerts.len(), self.rules.len(), self.lists.len(), self.decisions.len()];
        let bounds = [(self.records.len(), MOST_CASE_EVENTS, "events")]
            .into_iter()
            .chain(others.map(|count| (count, MOST_OTHERS, "rules, lists or decisions")));
        match bounds.into_iter().find(|(count, most, _)| count > most) {
            Some((_, most, what)) => Err(CaseError::TooLarge { most: to_u64(most), what }),
            None => Ok(()),
        }
    }

    fn finished(mut self) -> Result<Case, CaseError> {
        let found = self.alerts.len();
        let (Some(head), Some(alert), 1) = (self.head, self.alerts.pop(), found) else {
            return Err(CaseError::Incidents { found });
        };
        // Whoever shows them goes by these numbers; what the file says of them may be anything.
        self.records.sort_by_key(|record| (record.time, record.seq));
        for (number, record) in self.records.iter_mut().enumerate() {
            record.seq = to_u64(number + 1);
        }
        Ok(Case {
            made_at: head.made_at,
            made_by: head.made_by,
            alert,
            rules: self.rules,
            lists: self.lists,
            decisions: self.decisions,
            records: self.records,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::tests::{HOSTILE, alert, record};

    fn case(text: &str) -> Case {
        Case {
            made_at: Timestamp::from_seconds(5),
            made_by: text.to_owned(),
            alert: alert(text),
            rules: vec![RuleText { file: "../../etc/passwd".to_owned(), text: text.to_owned() }],
            lists: Placeholders::from([(text.to_owned(), vec![text.to_owned()])]),
            decisions: Vec::new(),
            records: vec![Record { seq: 1, ..record(text) }],
        }
    }

    #[test]
    fn a_case_comes_back_as_it_was_whatever_the_log_holds() {
        for text in HOSTILE {
            let written = case(text).to_text();
            assert!(written.chars().all(|c| matches!(c, ' '..='~' | '\n')), "{written}");
            assert!(Case::begins_with(written.as_bytes()));
            assert_eq!(Case::read(written.as_bytes()).expect("a case"), case(text));
        }
    }

    #[test]
    fn what_is_no_whole_case_is_refused_with_the_reason() {
        let text = case("a").to_text();
        let refused = |text: &str| Case::read(text.as_bytes()).expect_err("not a case file").to_string();
        assert!(refused("{\"level\":\"info\"}\n").contains("not a case file"));
        assert!(refused(text.trim_end()).contains("cut off"));
        let lines: Vec<&str> = text.lines().collect();
        let without_end = lines[..lines.len() - 1].join("\n") + "\n";
        assert!(refused(&without_end).contains("cut off"));
        assert!(refused(&text.replace("\"message\":\"a\"", "\"message\":\"b\"")).contains("changed"));
        let of_lines = |lines: &[&str]| {
            let text = lines.join("\n") + "\n";
            let end = CaseLine::End {
                lines: to_u64(lines.len()),
                blake3: blake3::hash(text.as_bytes()).to_hex().to_string(),
            };
            text + &written(&end)
        };
        assert!(refused(&of_lines(&[lines[0]])).contains("0 incidents"));
        assert!(refused(&of_lines(&[lines[0], lines[1], lines[1]])).contains("2 incidents"));
        assert!(refused(&of_lines(&[lines[0], lines[1], "{\"other\":1}"])).contains("line 3"));
        let newer = lines[0].replace("\"version\":1", "\"version\":9");
        assert!(refused(&of_lines(&[&newer, lines[1]])).contains("its format is 9"));
        let rule = lines[2];
        let many: Vec<&str> = lines[..2].iter().copied().chain([rule; MOST_OTHERS + 1]).collect();
        assert!(refused(&of_lines(&many)).contains("more than 2000"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(place in 0.0..1.0f64, byte in any::<u8>(), cut in 0.0..1.0f64) {
            let mut bytes = case("a").to_text().into_bytes();
            let at = |share: f64, length: usize| (share * length as f64) as usize;
            let changed = at(place, bytes.len());
            let was = std::mem::replace(&mut bytes[changed], byte);
            if was != byte {
                prop_assert!(Case::read(&bytes[..]).is_err(), "byte {changed}");
            }
            bytes.truncate(at(cut, bytes.len()));
            prop_assert!(Case::read(&bytes[..]).is_err());
        }
    }
}
