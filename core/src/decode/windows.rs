//! Events of Windows: the XML that its own tools and collectors write, and objects made of that XML.
//!
//! `<Event><System><EventID>4625</EventID>..</System><EventData><Data Name='TargetUserName'>mona</Data></EventData></Event>`
//! gives `EventID`, `TargetUserName` and so on, which is what other collectors write and what rules ask for.
//!
//! <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema>

use crate::event::{Event, Kind, PathNames, Span};

/// What every such document names near its beginning.
const NAMESPACE: &str = "schemas.microsoft.com/win/2004/08/events/event";
const HEAD_BYTES: usize = 256;
/// Members of one event that are read.
const MEMBER_LIMIT: usize = 256;

/// A member of an event: its name, and its value as it is written.
pub(super) struct XmlMember<'t> {
    pub(super) name: &'t str,
    pub(super) value: &'t str,
}

/// The members of a document; `None`: it is none.
pub(super) fn members(text: &str) -> Option<Vec<XmlMember<'_>>> {
    let head = text.get(..HEAD_BYTES).unwrap_or(text);
    if !text.starts_with("<Event") || !head.contains(NAMESPACE) {
        return None;
    }
    let mut members = Vec::new();
    for piece in text.split('<').skip(2).filter(|piece| !piece.starts_with(['/', '!', '?'])) {
        let (tag, value) = piece.split_once('>')?;
        let (element, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        let attribute = |name: &str| attribute(attributes, name);
        let named = match element {
            "Data" => attribute("Name").map(|name| (name, value)),
            "Provider" => attribute("Name").map(|name| ("SourceName", name)),
            "TimeCreated" => attribute("SystemTime").map(|time| ("TimeCreated", time)),
            "Security" => attribute("UserID").map(|user| ("UserID", user)),
            "Execution" => attribute("ProcessID").map(|process| ("ExecutionProcessID", process)),
            // Numbers that mean something else where others write these names.
            "Level" | "Version" => None,
            _ => Some((element, value)),
        };
        if let Some((name, value)) = named.filter(|(_, value)| !value.trim().is_empty()) {
            members.push(XmlMember { name, value: value.trim() });
        }
        if members.len() == MEMBER_LIMIT {
            break;
        }
    }
    Some(members)
}

/// The value of an attribute, in quotes of either kind.
fn attribute<'t>(attributes: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = attributes;
    loop {
        let (key, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, left) = after.get(1..)?.split_once(quote)?;
        if key.trim() == name {
            return Some(value);
        }
        rest = left;
    }
}

/// A value without the entities of XML; `None`: it has none.
pub(super) fn unescaped(value: &str) -> Option<String> {
    if !value.contains('&') {
        return None;
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let entity = after.split_once(';').and_then(|(name, left)| Some((entity(name)?, left)));
        let (character, left) = entity.unwrap_or(('&', after));
        text.push(character);
        rest = left;
    }
    text.push_str(rest);
    Some(text)
}

fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => char::from_u32(match number?.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number?.parse().ok()?,
        }),
    }
}

/// What objects made of such a document put before the names.
const LEVELS: [&str; 4] = ["Event.EventData.Data.", "Event.EventData.", "Event.UserData.", "Event.System."];

/// A field to add to an object made of such a document.
pub(super) struct PlainMember {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// The members of an object made of a document, under their plain names.
pub(super) fn plain_fields(event: &Event, names: &PathNames) -> Vec<PlainMember> {
    let fields = event.fields().iter().enumerate().take(MEMBER_LIMIT);
    let scalars = fields.filter(|(_, field)| !field.kind.is_container());
    let plain = scalars.filter_map(|(index, field)| {
        let name = event.name(index, names);
        let (prefix, member) = LEVELS.iter().find_map(|prefix| Some((prefix, name.strip_prefix(prefix)?)))?;
        let last = member.rsplit('.').next().filter(|_| prefix.contains("UserData")).unwrap_or(member);
        let name = match last {
            "EventID.#text" => "EventID",
            "Provider.#attributes.Name" | "Provider.Name" | "Provider_attributes.Name" => "SourceName",
            _ if last.contains("SystemTime") => "TimeCreated",
            "Level" | "Version" => return None,
            _ if last.contains(['.', '#']) => return None,
            _ => last,
        };
        Some(PlainMember { name: name.to_owned(), kind: field.kind, span: field.span })
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let value = |value: &str| unescaped(value).unwrap_or_else(|| value.to_owned());
        let members = members(text).unwrap_or_default().into_iter();
        members.map(|member| (member.name.to_owned(), value(member.value))).collect()
    }

    #[test]
    fn a_document_is_its_members() {
        let text = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
            <Provider Name=\"Microsoft-Windows-Security-Auditing\" Guid=\"{1}\"/><EventID>4625</EventID><Level>0</Level>\
            <TimeCreated SystemTime='2026-11-26T10:00:00.1234567Z'/><Channel>Security</Channel><Security/></System>\
            <EventData><Data Name='TargetUserName'>o&apos;neil &lt;x&gt;</Data><Data Name='IpAddress'>203.0.113.9</Data>\
            <Data Name='Empty'></Data></EventData></Event>";
        let expect = [
            ("SourceName", "Microsoft-Windows-Security-Auditing"),
            ("EventID", "4625"),
            ("TimeCreated", "2026-11-26T10:00:00.1234567Z"),
            ("Channel", "Security"),
            ("TargetUserName", "o'neil <x>"),
            ("IpAddress", "203.0.113.9"),
        ];
        assert_eq!(read(text), expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn other_documents_are_left_alone() {
        for text in [
            "<Event>x</Event>",
            "<Events/>",
            "<14>1 - - - -",
            "<Event xmlns='http://example.org/'><a>1</a></Event>",
        ] {
            assert!(members(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_entity_stays() {
        assert_eq!(unescaped("a & b &x; &#65;&#x42;").as_deref(), Some("a & b &x; AB"));
        assert_eq!(unescaped("plain"), None);
    }
}
