//! What a word of a query could go on with: names of fields, and the values that the newest events have, the most
//! frequent first.

use std::collections::{BTreeSet, HashMap};

use super::model::{Model, WordChoices};
use crate::event::Record;
use crate::query::name::{CORRELATION_ID, KIND, KINDS, OUTCOME, SHORT_NAMES, SOURCE, meanings, term};
use crate::state::Snapshot;
use crate::view::scene::PromptPurpose;

/// Candidates that Tab goes through.
const MOST: usize = 8;

/// Tab: the word before the cursor becomes the next candidate; says them all with how often they occur.
pub(super) fn complete(model: &mut Model) {
    let is_new = model.completion.is_none();
    if is_new && let Err(why) = begin(model) {
        return model.say(why);
    }
    let Some(completion) = &mut model.completion else { return };
    let Some(candidate) = completion.candidates.get(completion.next) else { return };
    let text = format!("{}{candidate}", completion.before);
    let cursor = text.chars().count();
    completion.next = (completion.next + 1) % completion.candidates.len();
    let text = text + &completion.behind;
    let said = completion.said.clone();
    model.say(said);
    model.input = tui_input::Input::new(text).with_cursor(cursor);
    model.renew_prompt();
}

fn begin(model: &mut Model) -> Result<(), String> {
    let prompt = model.prompt.as_ref().ok_or_else(String::new)?;
    let before: String = prompt.text.chars().take(prompt.cursor).collect();
    let behind: String = prompt.text.chars().skip(prompt.cursor).collect();
    let start =
        before.rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '-' | '+')).map_or(0, |at| at + 1);
    let (before, word) = before.split_at(start);
    let (mut found, of) = match word.split_once(':') {
        Some((field, begun)) => (values(&model.snapshot, field, begun), format!("{field}:")),
        None => (fields(&model.snapshot, word), String::new()),
    };
    if prompt.purpose == PromptPurpose::Search {
        found.extend(beside_events(word));
    }
    if found.is_empty() {
        let held = model.snapshot.rows.count();
        return Err(format!("nothing in the {held} newest events begins with `{word}`"));
    }
    let shown = found.iter().map(|(text, count)| match count {
        0 => text.clone(),
        count => format!("{text} {count}"),
    });
    let shown: Vec<String> = shown.collect();
    // A column is a name only; a question goes on with a value.
    let is_column = prompt.purpose == PromptPurpose::Columns;
    let whole = |(text, _): (String, usize)| match text.strip_suffix(':') {
        Some(name) if is_column => name.to_owned(),
        _ => format!("{of}{text}"),
    };
    let candidates = found.into_iter().map(whole).collect();
    let (before, said) = (before.to_owned(), shown.join(" · "));
    model.completion = Some(WordChoices { before, behind, candidates, next: 0, said });
    Ok(())
}

/// Names of fields that begin so, each with `:` behind it, by how many events have them.
fn fields(snapshot: &Snapshot, begun: &str) -> Vec<(String, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for row in snapshot.rows.iter() {
        for field in row.fields.iter().filter(|field| begins(&field.name, begun)) {
            *counts.entry(&field.name).or_default() += 1;
        }
    }
    let known: HashMap<&str, usize> = counts.clone();
    for (short, long) in SHORT_NAMES.iter().filter(|(short, _)| begins(short, begun)) {
        let count = snapshot.rows.iter().filter(|row| row.get(long).is_some()).count();
        if count > 0 && !known.contains_key(short) {
            counts.insert(short, count);
        }
    }
    let named = counts.into_iter().map(|(name, count)| (format!("{name}:"), count));
    most_frequent(named.collect())
}

/// What the index holds beside events has no count here: `kind:` and its values.
fn beside_events(word: &str) -> Vec<(String, usize)> {
    let named: Vec<String> = match word.split_once(':') {
        Some((KIND, begun)) => {
            KINDS.iter().filter(|kind| begins(kind, begun)).map(|kind| (*kind).to_owned()).collect()
        }
        None if !word.is_empty() && begins(KIND, word) => vec![format!("{KIND}:")],
        _ => Vec::new(),
    };
    named.into_iter().map(|text| (text, 0)).collect()
}

/// Values of a field that begin so.
fn values(snapshot: &Snapshot, field: &str, begun: &str) -> Vec<(String, usize)> {
    let begun = begun.trim_start_matches('"');
    let names: Vec<&str> = meanings(field).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for row in snapshot.rows.iter() {
        let written =
            row.fields.iter().filter(|own| names.contains(&&*own.name)).map(|own| own.value.as_str());
        // A value that two fields have is one of the event.
        let own: BTreeSet<&str> = written.chain(of_event(row, &names)).collect();
        let fitting = own.into_iter().filter(|value| !value.is_empty() && begins(value, begun));
        fitting.for_each(|value| *counts.entry(value).or_default() += 1);
    }
    let quoted = counts.into_iter().map(|(value, count)| (term("", value), count));
    most_frequent(quoted.map(|(term, count)| (term.trim_start_matches(':').to_owned(), count)).collect())
}

/// What an event has beside its fields.
fn of_event<'r>(row: &'r Record, names: &[&str]) -> Vec<&'r str> {
    let asks_for = |name: &str| names.contains(&name);
    let mut values = Vec::new();
    if asks_for("log.level") {
        values.push(row.level.word());
    }
    if asks_for("service.name") {
        values.push(&row.service);
    }
    if asks_for(OUTCOME) {
        values.push(row.outcome.word());
    }
    if asks_for(SOURCE) {
        values.push(&row.source);
    }
    if asks_for(CORRELATION_ID) {
        values.extend(row.correlation_ids.iter().map(String::as_str));
    }
    values
}

fn begins(text: &str, begun: &str) -> bool {
    text.get(..begun.len()).is_some_and(|start| start.eq_ignore_ascii_case(begun))
}

fn most_frequent(mut counted: Vec<(String, usize)>) -> Vec<(String, usize)> {
    counted.sort_by(|(one, often), (other, seldom)| seldom.cmp(often).then_with(|| one.cmp(other)));
    counted.truncate(MOST);
    counted
}
