//! Messages that are written as templates, beside the values that fill them: Serilog's `@mt`, .NET's `{OriginalFormat}`.
//!
//! What such a line states, it states with its values: `Account {Email} locked out`. They are put in as the library itself
//! prints them, texts in quotes: what somebody has chosen does not speak.

use crate::event::{Event, Field, Kind, Origin, PathNames};

/// Names of fields that hold a template.
const TEMPLATES: [&str; 4] = ["@mt", "MessageTemplate", "messageTemplate", "{OriginalFormat}"];
/// Longest value that is put in, in bytes; a longer one stays a hole.
const LONGEST_VALUE: usize = 256;

/// The message whose template the field holds; `None` where it is no template.
pub(super) fn message(event: &Event, names: &PathNames, field: Field) -> Option<String> {
    let name = names.name(field.path);
    let leaf = name.rsplit_once('.').map_or(name, |(_, leaf)| leaf);
    TEMPLATES.contains(&leaf).then(|| rendered(event, names, event.text(field.span)))
}

fn rendered(event: &Event, names: &PathNames, template: &str) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, hole)) = rest.split_once('{') {
        out.push_str(before);
        rest = hole;
        let Some((inside, behind)) = hole.split_once('}') else {
            out.push('{');
            break;
        };
        let name = inside.trim_start_matches(['@', '$']).split([':', ',']).next().unwrap_or_default();
        match value(event, names, name) {
            Some(value) => out.push_str(&value),
            None => {
                out.push('{');
                out.push_str(inside);
                out.push('}');
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// The value of a property: a field of its name, at the top or in the object of them.
fn value(event: &Event, names: &PathNames, wanted: &str) -> Option<String> {
    let (index, field) = event.fields().iter().enumerate().find(|(index, field)| {
        let name = event.name(*index, names);
        let leaf = name.strip_prefix("Properties.").or(name.strip_prefix("State.")).unwrap_or(name);
        field.origin == Origin::Line && !wanted.is_empty() && leaf == wanted
    })?;
    let text = event.text(event.fields().get(index)?.span);
    if text.len() > LONGEST_VALUE {
        return None;
    }
    Some(if field.kind == Kind::String { format!("\"{}\"", text.replace('"', "'")) } else { text.to_owned() })
}
