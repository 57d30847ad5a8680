//! Every bundled rule is complete, valid and unique.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use soctop::sigma::extension::Extension;
use soctop::sigma::rule::Header;
use soctop::sigma::{Diagnostic, Level, LoadOptions, RuleSet, assemble, lint, parse_documents};

use super::harness::TestEnv;
use super::sample_logs;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("queries")
}

/// All rule files, sorted by path.
pub fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

pub fn load() -> (RuleSet, Vec<Diagnostic>) {
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    for file in files() {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let (read, problems) = parse_documents(&name, &std::fs::read_to_string(&file).unwrap());
        documents.extend(read);
        diagnostics.extend(problems);
    }
    let (rules, problems) = assemble(documents, &LoadOptions::default());
    diagnostics.extend(problems);
    (rules, diagnostics)
}

/// Headers and `soctop:` blocks of all rules.
fn headers(rules: &RuleSet) -> Vec<(&Header, Option<&Extension>)> {
    let detections = rules.detections.iter().map(|rule| (&rule.header, rule.extension.as_ref()));
    let correlations = rules.correlations.iter().map(|rule| (&rule.header, rule.extension.as_ref()));
    detections.chain(correlations).collect()
}

fn describe(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|d| format!("{}: {} ({})\n", d.at, d.message, d.hint.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn all_rules_load_without_a_word() {
    let (rules, mut diagnostics) = load();
    diagnostics.extend(lint::lint(&rules));
    assert!(diagnostics.is_empty(), "{}", describe(&diagnostics));
    assert!(rules.detections.len() > 80 && rules.correlations.len() > 30);
}

#[test]
fn every_rule_is_complete() {
    let (rules, _) = load();
    for (header, block) in headers(&rules) {
        let name = header.name.as_deref().unwrap_or_default();
        let at = &header.at;
        let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(!name.is_empty() && name.chars().all(snake), "{at}: name `{name}`");
        let id = header.id.as_deref().unwrap_or_default();
        assert!(id.len() == 36 && id.split('-').count() == 5, "{at}: id `{id}`");
        assert!(header.description.len() > 20, "{at}: {name} lacks a description");
        assert!(!header.false_positives.is_empty(), "{at}: {name} names no false positives");
        assert!(header.level_given, "{at}: {name} has no level");
        assert_eq!(header.author, "soctop", "{at}: {name}");
        let known = |tag: &String| tag.starts_with("attack.") || tag.starts_with("owasp.");
        assert!(!header.tags.is_empty() && header.tags.iter().all(known), "{at}: {name}: {:?}", header.tags);
        let block = block.unwrap_or_else(|| panic!("{at}: {name}: no soctop block"));
        assert!(block.show.is_some(), "{at}: {name} shows nothing");
    }
}

/// Whether a rule raises incidents of its own.
fn speaks(header: &Header, block: &Extension) -> bool {
    block.alert.enabled && header.level > Level::Informational
}

#[test]
fn the_tests_in_rules_pass() {
    let folder = root();
    TestEnv::new().stdout_of(&["rules", "test", folder.to_str().unwrap()], 0);
}

/// `docs/rule-reference.md`, by subject.
fn reference(rules: &RuleSet) -> String {
    let mut subjects: BTreeMap<&str, Vec<&Header>> = BTreeMap::new();
    for (header, block) in headers(rules) {
        let block = block.unwrap();
        let (subject, _) = header.at.file.split_once('/').unwrap();
        if speaks(header, block) || block.risk.as_ref().is_some_and(|risk| risk.alert_at.is_some()) {
            subjects.entry(subject).or_default().push(header);
        }
    }
    let mut text = String::new();
    for (subject, mut list) in subjects {
        list.sort_by_key(|header| &header.name);
        text += &format!(
            "\n## {subject}\n\n| rule | level | what it means | harmless when | tags |\n|---|---|---|---|---|\n"
        );
        for header in list {
            let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            text += &format!(
                "| [`{name}`](../queries/{file}) | {level} | **{title}.** {about} | {harmless} | {tags} |\n",
                name = header.name.as_deref().unwrap(),
                file = header.at.file,
                level = header.level,
                title = line(&header.title),
                about = line(&header.description),
                harmless = line(&header.false_positives.join(" ")),
                tags = header.tags.join(", "),
            );
        }
    }
    text
}

#[test]
fn the_rule_reference_is_true() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rule-reference.md");
    sample_logs::check_section(&file, "rules", &reference(&load().0));
}

#[test]
fn ids_and_names_are_unique() {
    let (rules, _) = load();
    let mut seen = BTreeMap::new();
    for (header, _) in headers(&rules) {
        for key in [&header.id, &header.name].into_iter().flatten() {
            if let Some(other) = seen.insert(key.clone(), header.at.clone()) {
                panic!("{}: `{key}` is also at {other}", header.at);
            }
        }
    }
}

#[test]
fn a_file_is_called_like_its_first_rule() {
    for file in files() {
        let (documents, _) = parse_documents("rule", &std::fs::read_to_string(&file).unwrap());
        let first = documents.first().unwrap().header().name.clone().unwrap();
        assert_eq!(file.file_stem().unwrap().to_str(), Some(first.as_str()), "{}", file.display());
    }
}

#[test]
fn rules_without_their_block_are_still_rules() {
    let mut documents = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let plain: Vec<String> = text.split("\n---\n").map(without_block).collect();
        let (read, problems) = parse_documents("rule", &plain.join("\n---\n"));
        assert!(problems.is_empty(), "{}: {}", file.display(), describe(&problems));
        documents.extend(read);
    }
    let (rules, problems) = assemble(documents, &LoadOptions::default());
    assert!(problems.is_empty(), "{}", describe(&problems));
    assert_eq!(rules.detections.len() + rules.correlations.len(), headers(&load().0).len());
    assert!(headers(&rules).iter().all(|(_, block)| block.is_none()));
}

/// The text of one document without its `soctop:` key and everything indented below it.
fn without_block(document: &str) -> String {
    let mut inside = false;
    let mut kept = Vec::new();
    for line in document.lines() {
        if !line.starts_with(' ') {
            inside = line.starts_with("soctop:");
        }
        if !inside {
            kept.push(line);
        }
    }
    kept.join("\n")
}

#[test]
fn every_subject_has_rules() {
    let subjects: BTreeSet<String> = files()
        .iter()
        .filter_map(|file| file.strip_prefix(root()).ok()?.components().next())
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .collect();
    let expected = [
        "abuse",
        "authentication",
        "availability",
        "circuit-breakers",
        "configuration",
        "database",
        "filters",
        "host",
        "injection",
        "rate-limits",
        "secrets-and-encryption",
        "self",
        "sessions-and-tokens",
        "transport",
    ];
    assert_eq!(subjects, expected.map(str::to_owned).into());
}

/// How products say things stands in `vocabulary/`. What a statement of SQL looks like is no product's word.
#[test]
fn no_rule_looks_for_words_in_a_message() {
    let looks = |text: &str| {
        let in_detection = text.split("\nsoctop:\n").next().unwrap_or(text);
        in_detection.lines().any(|line| line.trim_start_matches([' ', '-']).starts_with("message"))
    };
    let wording: Vec<PathBuf> = files()
        .into_iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.split("\n---\n").any(looks) && !file.ends_with("suspicious_query.yml")
        })
        .collect();
    assert_eq!(wording, [] as [PathBuf; 0]);
}
