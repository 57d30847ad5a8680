//! Which columns events are listed in.

use super::model::Model;
use crate::query::name::{is_built_in, long_name};
use crate::sigma::diagnostic::did_you_mean;
use crate::view::scene::PromptPurpose;
use crate::view::{MOST_COLUMNS, USUAL_COLUMNS};

/// `C`: the columns as they are, to be typed anew.
pub(super) fn open(model: &mut Model) {
    let columns = match model.columns.is_empty() {
        true => USUAL_COLUMNS.join(" "),
        false => model.columns.join(" "),
    };
    model.open_prompt(PromptPurpose::Columns, &format!("{columns} "));
}

/// Names of fields, short or long; none are the usual columns.
pub(super) fn submit(model: &mut Model, text: &str) {
    let names = text.split([' ', ',', '\t']).filter(|name| !name.is_empty());
    let mut columns: Vec<String> = Vec::new();
    for name in names {
        let name = long_name(name).unwrap_or(name);
        if !is_built_in(name) && !model.snapshot.rows.has_field(name) {
            let known = model.snapshot.rows.field_names();
            let meant = did_you_mean(name, known.iter().map(String::as_str));
            let meant = meant.map(|meant| format!("; {meant}")).unwrap_or_default();
            model.open_prompt(PromptPurpose::Columns, text);
            model.say(format!("no event has a field {name}{meant}"));
            return;
        }
        if !columns.iter().any(|known| known == name) && columns.len() < MOST_COLUMNS {
            columns.push(name.to_owned());
        }
    }
    let usual: Vec<&str> = USUAL_COLUMNS.iter().map(|name| long_name(name).unwrap_or(name)).collect();
    if columns == usual {
        columns.clear();
    }
    model.say(match columns.is_empty() {
        true => "the usual columns, as many as fit".to_owned(),
        false => format!("columns: {}; without any the usual ones come back", columns.join(" ")),
    });
    model.columns = columns;
}
