//! What the keys behind `y` copy.

use super::deciding::leave_choice;
use super::effect::Effect;
use super::keymap::{Code, Key};
use super::model::Model;
use super::screen::{Screen, focused_detail};
use super::screens;
use crate::text::Safe;
use crate::view::detail;

/// Bytes that are copied at most; terminals refuse more.
const COPY_LIMIT: usize = 64 * 1024;

/// The letter behind `y`. What is copied is the safe form, except for the raw line: pasting a line
/// break into a shell would run what stands before it.
pub(super) fn on_copy_key(model: &mut Model, key: Key) -> Vec<Effect> {
    let screen = screens::of(model.tab);
    let text = match key.code {
        Code::Char('v') => value(screen, model).map(|value| Safe::with_limit(&value, COPY_LIMIT).to_string()),
        Code::Char('r') => screen.record(model).map(|record| record.raw.clone()),
        Code::Char('c') => screen.correlation_id(model).map(|id| Safe::new(&id).to_string()),
        Code::Char('j') => screen.json(model),
        _ => {
            leave_choice(model, key, "v, r, c or j says what to copy; Esc leaves it");
            return Vec::new();
        }
    };
    model.overlay = None;
    let Some(text) = text else {
        model.say("there is nothing of that kind here");
        return Vec::new();
    };
    if !model.clipboard {
        model.say("copying is switched off");
        return Vec::new();
    }
    let Some(kept) = (text.len() <= COPY_LIMIT).then_some(text) else {
        model.say("more than 64 KiB: not copied");
        return Vec::new();
    };
    model.say(format!("copied {} bytes", kept.len()));
    vec![Effect::Copy(kept)]
}

/// The field under the cursor of the detail pane, else what the screen has for a value.
fn value(screen: &dyn Screen, model: &Model) -> Option<String> {
    if let (Some((pane, _)), Some(record)) = (focused_detail(screen, model), screen.record(model)) {
        return detail::items(&record).get(pane.selected).map(|item| item.value(&record));
    }
    screen.value(model)
}
