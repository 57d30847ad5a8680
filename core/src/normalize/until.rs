//! When what a line states is over, as it says itself: [`canonical::FACT_UNTIL`].

use crate::event::{End, Event, Field, Kind, Origin, PathId, PathNames, Zone, canonical};
use crate::facts::ends::{self, Begin, EndRank};

/// Texts that say it in words, the first that does counts.
const TEXTS: [PathId; 3] = [canonical::MESSAGE, canonical::EVENT_REASON, canonical::ERROR_MESSAGE];
/// Of whom and what a message speaks.
const NAMES: [PathId; 4] =
    [canonical::USER_NAME, canonical::USER_TARGET_NAME, canonical::USER_AGENT, canonical::BREAKER_NAME];
/// Longest text that is read for it, in bytes.
const TEXT_LIMIT: usize = 8 << 10;

/// The end that a line tells of what it states, by its fields, else by its words.
pub(super) fn stated(event: &Event, names: &PathNames, begin: Begin) -> Option<End> {
    end_by_fields(event, names, begin).or_else(|| end_by_words(event, begin))
}

/// The surest of the fields; of those that are equally sure the first, in the least deep object.
fn end_by_fields(event: &Event, names: &PathNames, begin: Begin) -> Option<End> {
    let is_told = |field: &Field| {
        field.origin == Origin::Line && !field.kind.is_container() && field.kind != Kind::Null
    };
    let fields = event.fields().iter().enumerate().filter(|(_, field)| is_told(field));
    let ends = fields.filter_map(|(index, field)| {
        let name = event.name(index, names);
        let (rank, end) = ends::of_field(begin, name, event.text(field.span))?;
        Some(((rank, name.matches('.').count(), index), end))
    });
    let best: Option<((EndRank, usize, usize), End)> = ends.min_by_key(|(order, _)| *order);
    best.map(|(_, end)| end)
}

fn end_by_words(event: &Event, begin: Begin) -> Option<End> {
    let names: Vec<&str> = NAMES.into_iter().flat_map(|path| event.all(path)).collect();
    let texts = TEXTS.into_iter().filter_map(|path| event.get(path));
    texts.filter(|text| text.len() <= TEXT_LIMIT).find_map(|text| ends::of_text(begin, text, &names))
}

/// The zone that stands at the end of a time: other times of the line are meant in it, too.
pub(super) fn written_zone(text: &str) -> Option<Zone> {
    if text.ends_with('Z') && text.contains(':') {
        return Some(Zone::Fixed(0));
    }
    let at = text.rfind(['+', '-']).filter(|at| text.get(..*at).is_some_and(|time| time.contains(':')))?;
    let (sign, digits) = text.get(at..)?.split_at_checked(1)?;
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    Zone::parse(&format!("{sign}{hours}:{minutes:0<2}"))
}
