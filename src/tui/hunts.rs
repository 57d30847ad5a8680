//! Saved hunts: questions with a name, kept with the data.

use super::ask;
use super::effect::Effect;
use super::keymap::{Code, Key};
use super::model::Model;
use super::question::Question;
use super::screens::events::change_filter;
use crate::state::Filter;
use crate::view::scene::{ListState, Overlay, PromptPurpose, SavedHunt, Tab};

/// Hunts that are kept.
pub(super) const MOST_HUNTS: usize = 200;

/// `H`: the list of them.
pub(super) fn open(model: &mut Model) {
    model.overlay = match model.overlay {
        Some(Overlay::Hunts { .. }) => None,
        _ => Some(Overlay::Hunts { list: ListState::default() }),
    };
}

/// The keys that the list has beside those of every list; true where one was for it.
pub(super) fn on_key(model: &mut Model, key: Key) -> bool {
    let Some(Overlay::Hunts { list }) = model.overlay else { return false };
    match key.code {
        Code::Char('n') => name(model),
        Code::Delete | Code::Char('d') if !key.control => delete(model, list),
        _ => return false,
    }
    true
}

fn asked(model: &Model) -> String {
    match model.tab {
        Tab::Search => model.screens.search.query.clone(),
        _ => model.screens.events.filter.text(),
    }
}

fn name(model: &mut Model) {
    if asked(model).is_empty() {
        model.say_keyed("there is no query here to save: <Esc>, then </> types one");
        return;
    }
    model.overlay = None;
    model.open_prompt(PromptPurpose::HuntName, "");
}

fn delete(model: &mut Model, mut list: ListState) {
    if list.selected < model.hunts.len() {
        let hunt = model.hunts.remove(list.selected);
        model.say(format!("{} is deleted", hunt.name));
    }
    list.select(list.selected, model.hunts.len(), model.page);
    model.overlay = Some(Overlay::Hunts { list });
}

/// The name is typed. One that is there already stands for the new question.
pub(super) fn submit_name(model: &mut Model, name: &str) {
    if name.is_empty() {
        model.say("a hunt needs a name");
        return;
    }
    let query = asked(model);
    model.hunts.retain(|known| known.name != name);
    if model.hunts.len() >= MOST_HUNTS {
        model.say(format!("{MOST_HUNTS} hunts are saved: delete one first"));
        return;
    }
    model.hunts.push(SavedHunt { name: name.to_owned(), query });
    model.hunts.sort_by(|one, other| one.name.cmp(&other.name));
    model.say_keyed("saved: <H> lists all hunts, Enter runs one");
}

/// Enter: asks for it where one is.
pub(super) fn run(model: &mut Model, list: ListState) -> Vec<Effect> {
    model.overlay = None;
    let Some(hunt) = model.hunts.get(list.selected).cloned() else { return Vec::new() };
    if model.tab == Tab::Search {
        return ask::search(model, Question::typed(hunt.query));
    }
    match Filter::parse(&hunt.query) {
        Ok(filter) => change_filter(model, |current| *current = filter),
        Err(error) => model.say(error.to_string()),
    }
    Vec::new()
}
