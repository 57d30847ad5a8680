//! The command palette: everything that keys do, by name, and a few things that have no key.

use super::ask;
use super::effect::Effect;
use super::keymap::{self, Action, Code, Key};
use super::model::Model;
use super::question::Question;
use crate::view::Palette;
use crate::view::scene::{NamedAction, Overlay, PromptPurpose};

/// Opens the palette over the screen.
pub(super) fn open(model: &mut Model) {
    model.open_prompt(PromptPurpose::Command, "");
    model.overlay = Some(Overlay::Commands { selected: 0 });
    renew(model);
}

/// What can be done here, the best match for what is typed first.
pub(super) fn renew(model: &mut Model) {
    let typed = model.prompt.as_ref().map(|prompt| prompt.text.to_lowercase()).unwrap_or_default();
    let words: Vec<&str> = typed.split_whitespace().collect();
    // Who types a name learns where it works, if not here.
    let others = if words.is_empty() { Vec::new() } else { model.keymap.commands_elsewhere(model.tab) };
    let mut found: Vec<(usize, NamedAction)> = model
        .keymap
        .commands(model.tab)
        .into_iter()
        .chain(themes())
        .chain(others)
        .filter_map(|command| Some((rank(command.text, &words)?, command)))
        .collect();
    found.sort_by_key(|(rank, command)| (!command.only_on.is_empty(), *rank));
    model.commands = found.into_iter().map(|(_, command)| command).collect();
    if let Some(Overlay::Commands { selected }) = &mut model.overlay {
        *selected = 0;
    }
}

/// Where the first word stands; none where one of the words is not there.
fn rank(text: &str, words: &[&str]) -> Option<usize> {
    let text = text.to_lowercase();
    let places: Option<Vec<usize>> = words.iter().map(|word| text.find(word)).collect();
    Some(places?.first().copied().unwrap_or(0))
}

/// Looks that can be chosen while it runs.
fn themes() -> impl Iterator<Item = NamedAction> {
    Palette::NAMED.iter().map(|(_, _, text)| NamedAction { text, keys: "".into(), only_on: &[] })
}

/// The keys of the palette; true where one was for it.
pub(super) fn on_key(model: &mut Model, key: Key) -> bool {
    let last = model.commands.len().saturating_sub(1);
    let Some(Overlay::Commands { selected }) = &mut model.overlay else { return false };
    match key.code {
        Code::Down => *selected = (*selected + 1).min(last),
        Code::Up => *selected = selected.saturating_sub(1),
        Code::Escape => {
            model.overlay = None;
            model.prompt = None;
        }
        _ => return false,
    }
    true
}

/// Where something works that does not work here.
pub(super) fn say_where(model: &mut Model, command: &NamedAction) {
    let NamedAction { text, keys, .. } = command;
    model.say(format!("{keys} ({text}) works on {}", command.places()));
}

/// What was chosen: a command, or what the text asks for.
pub(super) enum Choice {
    Act(Action),
    Effects(Vec<Effect>),
}

/// Enter. `trace ID` and `search QUERY` go there; what is no command is searched for.
pub(super) fn submit(model: &mut Model, text: &str) -> Choice {
    let selected = match model.overlay.take() {
        Some(Overlay::Commands { selected }) => selected,
        _ => 0,
    };
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    match (verb, rest.trim()) {
        ("trace", id) if !id.is_empty() => {
            return Choice::Effects(ask::open_trace(model, id.to_owned()));
        }
        ("search", query) if !query.is_empty() => {
            return Choice::Effects(ask::search(model, Question::typed(query.to_owned())));
        }
        _ => {}
    }
    let Some(chosen) = model.commands.get(selected).cloned() else {
        return Choice::Effects(ask::search(model, Question::typed(text.to_owned())));
    };
    if !chosen.only_on.is_empty() {
        say_where(model, &chosen);
        return Choice::Effects(Vec::new());
    }
    if let Some((palette, ..)) = Palette::NAMED.iter().find(|(_, _, text)| *text == chosen.text) {
        model.paint(*palette);
        return Choice::Effects(Vec::new());
    }
    match keymap::action_of(chosen.text, model.tab) {
        Some(action) => Choice::Act(action),
        None => Choice::Effects(Vec::new()),
    }
}
