//! The report as one HTML file without a script. The policy in its head lets nothing be loaded.

use super::{IncidentReport, Line, ReportSection};
use crate::text::Safe;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <title>Incident report</title>\n<style>\n\
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1em }\n\
    pre { overflow-x: auto; padding: 1em; border: 1px solid #999 }\n\
    dt { float: left; clear: left; min-width: 9em; color: #666 }\n\
    dd { margin-left: 9em; font-family: ui-monospace, monospace }\n\
    @media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } dt { color: #999 } }\n\
    </style>\n</head>\n<body>\n<h1>Incident report</h1>\n";

pub(super) fn render(report: &IncidentReport<'_>) -> String {
    let mut page = HEAD.to_owned();
    for sentence in report.sentences() {
        paragraph(&mut page, sentence.as_str());
    }
    for (title, content) in report.sections() {
        page.push_str(&format!("<h2>{title}</h2>\n"));
        section(&mut page, &content);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn section(page: &mut String, content: &ReportSection) {
    match content {
        ReportSection::Lines(own) => lines(page, own),
        ReportSection::Block { lines, nothing } => block(page, lines, nothing),
        ReportSection::Paragraphs(words) => words.iter().for_each(|words| paragraph(page, words)),
        ReportSection::Foreign(text) => paragraph(page, text.as_str()),
    }
}

fn paragraph(page: &mut String, text: &str) {
    page.push_str(&format!("<p>{}</p>\n", escaped(text)));
}

fn lines(page: &mut String, lines: &[Line]) {
    page.push_str("<dl>\n");
    for Line { label, value } in lines {
        page.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escaped(label), escaped(value.as_str())));
    }
    page.push_str("</dl>\n");
}

fn block(page: &mut String, lines: &[Safe], nothing: &str) {
    if lines.is_empty() {
        page.push_str(&format!("<p>{nothing}</p>\n"));
        return;
    }
    page.push_str("<pre>");
    lines.iter().for_each(|line| page.push_str(&format!("{}\n", escaped(line.as_str()))));
    page.push_str("</pre>\n");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
