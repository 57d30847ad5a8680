//! Which of several addresses in a text its writer put there, and which one came with what a client typed in.
//!
//! What stands before the name of a user is the writer's. A name may hold anything that the rest of the line may, so
//! behind it only the last address is the writer's; if what somebody sent (an agent, a query) stands before that one too,
//! nobody can tell, and nobody is accused.

use std::ops::Range;

/// Words behind which stands what a client sent.
const SENT: [&str; 18] = [
    "agent",
    "user-agent",
    "useragent",
    "user_agent",
    "ua",
    "referer",
    "referrer",
    "query",
    "q",
    "url",
    "uri",
    "path",
    "body",
    "comment",
    "title",
    "subject",
    "message",
    "text",
];

/// Which address counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    None,
    /// Its index.
    This(usize),
    Contested,
}

/// Chooses among addresses, given by where they stand in `text` and how they are written the usual way. `name`: where the
/// name of a user begins.
#[must_use]
pub fn own_address(text: &str, addresses: &[(Range<usize>, String)], name: Option<usize>) -> Own {
    let Some(first) = addresses.first() else { return Own::None };
    if addresses.iter().all(|(_, address)| *address == first.1) {
        return Own::This(0);
    }
    let mut in_order: Vec<usize> = (0..addresses.len()).collect();
    in_order.sort_by_key(|index| addresses[*index].0.start);
    let Some(name) = name else { return Own::Contested };
    let before: Vec<usize> =
        in_order.iter().copied().filter(|index| addresses[*index].0.end <= name).collect();
    if let Some(first) = before.first() {
        let is_one = before.iter().all(|index| addresses[*index].1 == addresses[*first].1);
        return if is_one { Own::This(*first) } else { Own::Contested };
    }
    let (Some(first), Some(last)) = (in_order.first(), in_order.last()) else { return Own::None };
    let between = text.get(addresses[*first].0.end..addresses[*last].0.start).unwrap_or_default();
    if names_what_was_sent(between) { Own::Contested } else { Own::This(*last) }
}

/// Whether a label stands in the text behind which is what a client sent.
fn names_what_was_sent(text: &str) -> bool {
    text.match_indices(['=', ':']).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let word = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).next();
        word.is_some_and(|word| SENT.iter().any(|sent| sent.eq_ignore_ascii_case(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::address::address;
    use crate::event::number::offset_in;

    fn chosen(text: &str) -> String {
        let pieces = text.split(' ').flat_map(|piece| piece.rsplit('='));
        let addresses: Vec<_> = pieces
            .filter(|piece| address(piece).is_some())
            .map(|piece| (offset_in(piece, text)..offset_in(piece, text) + piece.len(), piece.to_owned()))
            .collect();
        match own_address(text, &addresses, text.find("mallory")) {
            Own::This(index) => addresses[index].1.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn behind_a_name_the_last_address_is_the_writers() {
        for (text, expect) in [
            ("login failed for mallory from 203.0.113.9", "203.0.113.9"),
            ("login failed user=mallory ip=198.51.100.77 ip=203.0.113.9", "203.0.113.9"),
            ("203.0.113.9 login failed for mallory from 198.51.100.77", "203.0.113.9"),
            ("login failed for mallory ip=203.0.113.9 agent=x from 198.51.100.77", "Contested"),
            ("login failed from 198.51.100.77 from 203.0.113.9", "Contested"),
            ("login failed for mallory", "None"),
        ] {
            assert_eq!(chosen(text), expect, "{text}");
        }
    }
}
