//! What is listed, for other programs: a file, or the command that gives the same answer.

use super::ask::search_request;
use super::deciding::leave_choice;
use super::effect::Effect;
use super::keymap::{Code, Key};
use super::model::Model;
use crate::event::Timestamp;
use crate::pipeline::{ListedEvents, Request};
use crate::report::ExportForm;
use crate::view::scene::Tab;

/// The letter behind `S` where events are listed.
pub(super) fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    let form = match key.code {
        Code::Char('n') => ExportForm::Ndjson,
        Code::Char('c') => ExportForm::Csv,
        Code::Char('l') => {
            model.overlay = None;
            return copy_command(model);
        }
        _ => {
            leave_choice(model, key, "n, c or l says in which form; Esc leaves it");
            return Vec::new();
        }
    };
    model.overlay = None;
    let events = match model.tab {
        Tab::Search => ListedEvents::Found(search_request(model)),
        _ => ListedEvents::Held(model.screens.events.rows.iter().cloned().collect()),
    };
    vec![Effect::Request(Request::Export { events, form })]
}

fn copy_command(model: &mut Model) -> Vec<Effect> {
    if !model.clipboard {
        model.say("copying is switched off");
        return Vec::new();
    }
    let (query, range) = match model.tab {
        Tab::Search => (model.screens.search.query.clone(), model.screens.search.range),
        _ => (model.screens.events.filter.text(), None),
    };
    let command = command(&query, range);
    model.say(format!("copied: {command}"));
    vec![Effect::Copy(command)]
}

/// `soctop search` as a shell takes it.
fn command(query: &str, range: Option<(Timestamp, Timestamp)>) -> String {
    let times = range.map(|(from, to)| format!(" --since {from} --until {to}")).unwrap_or_default();
    format!("soctop search --format ndjson --limit 100000{times} -- '{}'", query.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_one_word_of_query_for_a_shell() {
        assert_eq!(
            command("user:\"o'neil\" $(id)", None),
            "soctop search --format ndjson --limit 100000 -- 'user:\"o'\\''neil\" $(id)'"
        );
        let range = Some((Timestamp::from_seconds(0), Timestamp::from_seconds(60)));
        assert!(command("", range).contains("--since 1970-01-01T00:00:00Z --until 1970-01-01T00:01:00Z"));
    }
}
