//! A mute as a Sigma filter: what is kept quiet here can be read, kept and used elsewhere. The journal decides what
//! holds; the file says it.

use super::{Act, Entry, Mute};
use crate::event::Timestamp;

/// A file of the folder of mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFile {
    pub name: String,
    pub text: String,
}

impl FilterFile {
    /// The file of entry `number` of the journal, if that mutes.
    #[must_use]
    pub fn of(number: usize, entry: &Entry) -> Option<Self> {
        let Act::Mute(mute) = &entry.act else { return None };
        let name = format!("mute-{number:05}.yml");
        Some(Self { text: text(number, entry, mute), name })
    }
}

/// Text of people and logs stands in quotes as JSON has them, which YAML reads the same.
fn quoted(text: &str) -> String {
    // A newline or a bidirectional override in a value must not act on who reads the file.
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A value that must be equal: what Sigma has for wildcards stands for itself.
fn exactly(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    quoted(&out)
}

fn text(number: usize, entry: &Entry, mute: &Mute) -> String {
    let Entry { at, by, about, .. } = entry;
    let mut text = format!(
        "# Entry {number} of decisions.ndjson: soctop removes this file when it ends or is undone.\n"
    );
    text.push_str(&format!("title: {}\n", quoted(&format!("Muted until {}: {about}", mute.until))));
    text.push_str(&format!("id: {}\n", id(number, *at)));
    text.push_str(&format!("description: {}\n", quoted(&mute.reason)));
    text.push_str(&format!("author: {}\n", quoted(by)));
    text.push_str(&format!("date: {}\n", day(*at)));
    text.push_str(&format!("until: {}\n", mute.until));
    text.push_str("logsource: {}\nfilter:\n  rules:\n");
    for rule in &mute.rules {
        text.push_str(&format!("    - {}\n", quoted(rule)));
    }
    if mute.group.is_empty() {
        text.push_str("  everything:\n    - '*'\n");
    } else {
        text.push_str("  muted:\n");
    }
    for (field, value) in &mute.group {
        text.push_str(&format!("    {}: {}\n", quoted(field), exactly(value)));
    }
    let name = if mute.group.is_empty() { "everything" } else { "muted" };
    text.push_str(&format!("  condition: not {name}\n"));
    text
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The same for the same entry, different from those of others.
fn id(number: usize, at: Timestamp) -> String {
    let bits = u128::from(at.0.unsigned_abs()) << 64 | number as u128;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sigma::parse::parse_documents;
    use crate::sigma::rule::Document;

    fn file(group: &[(&str, &str)], reason: &str) -> FilterFile {
        let group: BTreeMap<String, String> =
            group.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mute = Mute {
            rules: vec!["scan-of-paths".to_owned()],
            group,
            until: Timestamp::from_seconds(1_772_443_400),
            reason: reason.to_owned(),
        };
        let at = Timestamp::from_seconds(1_772_357_000);
        let entry = Entry { at, by: "kim".to_owned(), about: reason.to_owned(), act: Act::Mute(mute) };
        FilterFile::of(7, &entry).expect("a file")
    }

    #[test]
    fn a_mute_is_a_filter_that_sigma_reads() {
        let hostile = ["our scanner", "a\"b: c", "one\ntwo", "\u{202e}x", "# no comment", "C:\\*"];
        for value in hostile {
            for group in [&[("source.ip", value)][..], &[]] {
                let file = file(group, value);
                let (documents, diagnostics) = parse_documents(&file.name, &file.text);
                assert!(diagnostics.is_empty(), "{diagnostics:?}\n{}", file.text);
                let [Document::Filter(filter)] = documents.as_slice() else { panic!("{}", file.text) };
                assert_eq!(
                    filter.rules.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(),
                    ["scan-of-paths"]
                );
                assert_eq!(filter.header.description, value.trim());
                assert!(filter.detection.condition_text.starts_with("not "));
                assert!(file.text.chars().all(|c| c == '\n' || !c.is_control()), "{}", file.text);
            }
        }
        assert!(file(&[("source.ip", "203.0.113.9")], "x").text.contains("\"source.ip\": \"203.0.113.9\""));
    }

    #[test]
    fn what_mutes_nothing_has_no_file() {
        let entry =
            Entry { at: Timestamp::default(), by: String::new(), about: String::new(), act: Act::Looked };
        assert_eq!(FilterFile::of(1, &entry), None);
    }
}
