//! The report as Markdown. Foreign text stands in code only, where nothing in it means anything.

use super::{IncidentReport, Line, ReportSection};
use crate::text::Safe;

pub(super) fn render(report: &IncidentReport<'_>) -> String {
    let mut page = String::from("# Incident report\n\n");
    for sentence in report.sentences() {
        page.push_str(&format!("- {}\n", code(&sentence)));
    }
    for (title, content) in report.sections() {
        page.push_str(&format!("\n## {title}\n\n"));
        section(&mut page, &content);
    }
    page
}

fn section(page: &mut String, content: &ReportSection) {
    match content {
        ReportSection::Lines(own) => lines(page, own),
        ReportSection::Block { lines, nothing } => block(page, lines, nothing),
        ReportSection::Paragraphs(words) => page.push_str(&(words.join("\n\n") + "\n")),
        ReportSection::Foreign(text) => page.push_str(&(code(text) + "\n")),
    }
}

fn lines(page: &mut String, lines: &[Line]) {
    for Line { label, value } in lines {
        page.push_str(&format!("- {label}: {}\n", code(value)));
    }
}

fn block(page: &mut String, lines: &[Safe], nothing: &str) {
    if lines.is_empty() {
        page.push_str(nothing);
        page.push('\n');
        return;
    }
    // No run of backticks in the text may be as long as the fence.
    let longest = lines.iter().map(|line| backticks(line.as_str())).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    page.push_str(&format!("{fence}text\n"));
    lines.iter().for_each(|line| page.push_str(&format!("{line}\n")));
    page.push_str(&format!("{fence}\n"));
}

/// A code span that the text cannot end.
fn code(text: &Safe) -> String {
    let fence = "`".repeat(backticks(text.as_str()) + 1);
    let is_blank = text.as_str().trim().is_empty();
    if is_blank { "(nothing)".to_owned() } else { format!("{fence} {text} {fence}") }
}

/// The longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
