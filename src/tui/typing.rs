//! What is typed or pasted: the line editor of a prompt, and where its text goes.

use tui_input::InputRequest;

use super::arranging;
use super::ask;
use super::commanding;
use super::completing;
use super::deciding;
use super::effect::Effect;
use super::hunts;
use super::keymap::{Code, Key};
use super::model::Model;
use super::question::Question;
use super::screens::events::change_filter;
use crate::view::scene::PromptPurpose;

/// Characters of a pasted text that are taken into a prompt.
const PASTE_LIMIT: usize = 64 * 1024;
/// A pasted text longer than this is no identifier.
const LONGEST_ID: usize = 200;

pub(super) fn on_prompt_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if commanding::on_key(model, key) {
        return Vec::new();
    }
    let purpose = model.prompt.as_ref().map(|prompt| prompt.purpose);
    let of_fields =
        matches!(purpose, Some(PromptPurpose::Search | PromptPurpose::Filter | PromptPurpose::Columns));
    if key.code == Code::Tab && of_fields {
        completing::complete(model);
        return Vec::new();
    }
    model.completion = None;
    match (key.code, key.control, key.alt) {
        (Code::Enter, ..) => return submit(model),
        (Code::Escape, ..) => model.prompt = None,
        (Code::Up, ..) => recall(model, -1),
        (Code::Down, ..) => recall(model, 1),
        _ => {
            if let Some(request) = edit_request(key) {
                let _unchanged = model.input.handle(request);
                model.renew_prompt();
                match purpose {
                    Some(PromptPurpose::Command) => commanding::renew(model),
                    Some(PromptPurpose::Search) => return ask::preview(model),
                    _ => {}
                }
            }
        }
    }
    Vec::new()
}

/// The keys of a line editor.
fn edit_request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.control, key.alt) {
        (Code::Char('a'), true, _) | (Code::Home, ..) => InputRequest::GoToStart,
        (Code::Char('e'), true, _) | (Code::End, ..) => InputRequest::GoToEnd,
        (Code::Char('w'), true, _) | (Code::Backspace, _, true) => InputRequest::DeletePrevWord,
        (Code::Char('u'), true, _) => InputRequest::DeleteFromStart,
        (Code::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        (Code::Char('b'), false, true) => InputRequest::GoToPrevWord,
        (Code::Char('f'), false, true) => InputRequest::GoToNextWord,
        (Code::Char('b'), true, _) | (Code::Left, ..) => InputRequest::GoToPrevChar,
        (Code::Char('f'), true, _) | (Code::Right, ..) => InputRequest::GoToNextChar,
        (Code::Char('d'), true, _) | (Code::Delete, ..) => InputRequest::DeleteNextChar,
        (Code::Backspace, ..) => InputRequest::DeletePrevChar,
        (Code::Char(c), false, false) if !c.is_control() => InputRequest::InsertChar(c),
        _ => return None,
    })
}

/// Earlier queries, with the arrow keys.
fn recall(model: &mut Model, step: isize) {
    let is_search = model.prompt.as_ref().is_some_and(|prompt| prompt.purpose == PromptPurpose::Search);
    if !is_search || model.queries.is_empty() {
        return;
    }
    model.recalled = model.recalled.saturating_add_signed(step).min(model.queries.len());
    let text = model.queries.get(model.recalled).cloned().unwrap_or_default();
    model.input = tui_input::Input::new(text);
    model.renew_prompt();
}

pub(super) fn submit(model: &mut Model) -> Vec<Effect> {
    let Some(prompt) = model.prompt.take() else { return Vec::new() };
    let text = prompt.text.trim().to_owned();
    match (prompt.purpose, prompt.filter) {
        (PromptPurpose::Filter, Ok(filter)) => {
            change_filter(model, |current| *current = filter);
            Vec::new()
        }
        (PromptPurpose::Filter, Err(error)) => {
            model.open_prompt(PromptPurpose::Filter, &prompt.text);
            model.say(error.to_string());
            Vec::new()
        }
        (PromptPurpose::Search, _) => ask::search(model, Question::typed(text)),
        (PromptPurpose::Acknowledge, _) => deciding::submit_note(model, text),
        (PromptPurpose::Judge, _) => deciding::submit_verdict(model, text),
        // The page keeps what was looked for until it is closed.
        (PromptPurpose::Help | PromptPurpose::Command, _) => Vec::new(),
        (PromptPurpose::HuntName, _) => {
            hunts::submit_name(model, &text);
            Vec::new()
        }
        (PromptPurpose::Columns, _) => {
            arranging::submit(model, &text);
            Vec::new()
        }
        (PromptPurpose::Mute, _) => deciding::submit_mute(model, &text),
        (PromptPurpose::Trace, _) if text.is_empty() => Vec::new(),
        (PromptPurpose::Trace, _) => ask::open_trace(model, text),
    }
}

/// Pasted text is never keys: in a prompt it is text, elsewhere one word is an id to go to.
pub(super) fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.prompt.is_some() {
        for c in text.chars().filter(|c| !c.is_control()).take(PASTE_LIMIT) {
            let _unchanged = model.input.handle(InputRequest::InsertChar(c));
        }
        model.renew_prompt();
        return Vec::new();
    }
    let word = text.trim();
    let is_id = !word.is_empty() && word.len() <= LONGEST_ID && !word.contains(char::is_whitespace);
    if is_id && !word.contains(char::is_control) {
        return ask::open_trace(model, word.to_owned());
    }
    model.say("paste one correlation id to open its trace");
    Vec::new()
}
