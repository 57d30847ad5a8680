//! A value becomes a part of what is asked: with it, without it, or nothing but it. From the fields of an event, or
//! from the most frequent values.

use std::collections::{BTreeSet, HashMap};

use super::ask;
use super::effect::Effect;
use super::model::Model;
use super::question::Question;
use super::screen::selected_field;
use super::screens;
use super::screens::events::change_filter;
use crate::event::Record;
use crate::event::number::to_u64;
use crate::pipeline::Request;
use crate::query::name::{CORRELATION_ID, MESSAGE, SOURCE, TIME};
use crate::query::{FrequentValues, SearchFailure};
use crate::state::{Filter, Narrowing};
use crate::text::Safe;
use crate::view::scene::{DetailPane, ListState, Overlay, Tab, ValuesScreen};

const LEVEL: &str = "log.level";
const SERVICE: &str = "service.name";

/// Fields whose values are listed, beside those of chosen columns.
const FIELDS: [&str; 8] = [
    LEVEL,
    SERVICE,
    "user.name",
    "source.ip",
    "event.action",
    "http.response.status_code",
    "url.path",
    SOURCE,
];
/// Fields that are listed at most, and values of each.
const MOST_FIELDS: usize = 16;
pub const MOST_VALUES: usize = 6;

/// `+`, `-` and `=`: by the chosen value of the list of values, or of the detail pane. Where none is chosen, the pane
/// opens for it.
pub(super) fn narrow(model: &mut Model, narrowing: Narrowing) -> Vec<Effect> {
    if model.overlay == Some(Overlay::Values) {
        let values = &model.screens.values;
        let chosen =
            values.rows().get(values.list.selected).map(|row| (row.field.to_owned(), row.value.to_owned()));
        model.overlay = None;
        return chosen.map(|(field, value)| by(model, narrowing, &field, &value)).unwrap_or_default();
    }
    let screen = screens::of(model.tab);
    let field = || selected_field(screen.detail_state(model)?, &*screen.record(model)?);
    if let Some((field, value)) = field() {
        return by(model, narrowing, &field, &value);
    }
    match screen.record(model) {
        Some(_) => {
            if let Some(pane) = screen.detail(model) {
                *pane = DetailPane { open: true, focused: true, selected: pane.selected };
            }
            model.say_keyed("choose a value: <+> with it, <-> without it, <=> nothing but it");
        }
        None => model.say("there is no event here to take a value from"),
    }
    Vec::new()
}

fn by(model: &mut Model, narrowing: Narrowing, field: &str, value: &str) -> Vec<Effect> {
    if value.trim().is_empty() {
        model.say("there is no value here to filter by: choose another line");
        return Vec::new();
    }
    let words = format!("{} {field} {}", verb(narrowing), Safe::new(value).truncate(40, "…"));
    if model.tab == Tab::Search {
        return search_by(model, narrowing, (field, value), &words);
    }
    let mut narrowed = Ok(());
    change_filter(model, |filter| narrowed = filter.narrow(field, value, narrowing));
    match narrowed {
        Ok(()) => {
            model.say(format!("events {words}"));
            model.screens.events.detail.focused = false;
            model.show(Tab::Events);
        }
        Err(error) => model.say(error.kind.to_string()),
    }
    Vec::new()
}

fn verb(narrowing: Narrowing) -> &'static str {
    match narrowing {
        Narrowing::With => "with",
        Narrowing::Without => "without",
        Narrowing::Only => "with nothing but",
    }
}

/// The question of the search screen with the value in it; the time that was asked for stays.
fn search_by(model: &mut Model, narrowing: Narrowing, field: (&str, &str), words: &str) -> Vec<Effect> {
    let screen = &model.screens.search;
    let mut filter = Filter::parse(&screen.query).unwrap_or_default();
    if let Err(error) = filter.narrow(field.0, field.1, narrowing) {
        model.say(error.kind.to_string());
        return Vec::new();
    }
    let about = screen.about.as_ref().filter(|_| narrowing != Narrowing::Only);
    let about = about.map(|about| format!("{about}, {words}"));
    let range = screen.range;
    model.say(format!("events {words}"));
    ask::search_within(model, Question { query: filter.text(), about }, range)
}

/// `F`: what is listed, by its most frequent values.
pub(super) fn open_values(model: &mut Model) -> Vec<Effect> {
    if model.overlay == Some(Overlay::Values) {
        model.overlay = None;
        return Vec::new();
    }
    model.overlay = Some(Overlay::Values);
    if model.tab != Tab::Search {
        let facets = fields(model).iter().filter_map(|field| counted(model, field)).collect();
        model.screens.values = ValuesScreen { facets, ..ValuesScreen::default() };
        return Vec::new();
    }
    let ticket = model.next_ticket();
    model.screens.values = ValuesScreen { waiting: true, ticket, ..ValuesScreen::default() };
    let (request, fields) = (ask::search_request(model), fields(model));
    vec![Effect::Request(Request::Facets { ticket, request, fields, values: MOST_VALUES })]
}

/// The answer to the newest question for values.
pub(super) fn take_values(model: &mut Model, result: Result<Vec<FrequentValues>, SearchFailure>) {
    let values = &mut model.screens.values;
    values.waiting = false;
    values.list = ListState::default();
    match result {
        Ok(facets) => values.facets = facets,
        Err(failure) => values.problem = Some(failure.message),
    }
}

fn fields(model: &Model) -> Vec<String> {
    let mut fields: Vec<String> = FIELDS.map(str::to_owned).to_vec();
    for column in &model.columns {
        let is_listed = fields.contains(column) || [TIME, MESSAGE, CORRELATION_ID].contains(&&**column);
        if !is_listed && fields.len() < MOST_FIELDS {
            fields.push(column.clone());
        }
    }
    fields
}

/// The values of a field among the events that are listed.
fn counted(model: &Model, field: &str) -> Option<FrequentValues> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for row in &model.screens.events.rows {
        let own: BTreeSet<&str> =
            values_of(row, field).into_iter().filter(|value| !value.is_empty()).collect();
        own.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
    }
    let distinct = to_u64(counts.len());
    let mut values: Vec<(String, u64)> =
        counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
    values.sort_by(|(one, often), (other, seldom)| seldom.cmp(often).then_with(|| one.cmp(other)));
    values.truncate(MOST_VALUES);
    (!values.is_empty()).then(|| FrequentValues { field: field.to_owned(), values, distinct })
}

fn values_of<'r>(row: &'r Record, field: &str) -> Vec<&'r str> {
    match field {
        LEVEL => vec![row.level.word()],
        SERVICE => vec![&row.service],
        SOURCE => vec![&row.source],
        _ => row.fields.iter().filter(|own| &*own.name == field).map(|own| own.value.as_str()).collect(),
    }
}
