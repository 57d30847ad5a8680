//! Who gives a role to whom: `helen promoted mira to admin`, `mira was made an admin by helen`, `role admin granted to mira`.
//!
//! Elsewhere the name that opens a sentence is who acts. Here it is as often who receives, and an innocent account must not
//! stand there as the one that makes administrators.

use std::ops::Range;

use super::{Opening, Reader, last_word};

/// Who gives, who receives, and what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grant {
    pub by: Option<Range<usize>>,
    pub to: Option<Range<usize>>,
    pub role: Option<Range<usize>>,
}

/// Looks for who gives and who receives in what a sentence was found in.
pub(super) struct Giving<'g, 'r> {
    reader: &'g Reader<'r>,
}

impl<'g, 'r> Giving<'g, 'r> {
    pub(super) fn in_words_of(reader: &'g Reader<'r>) -> Self {
        Self { reader }
    }

    pub(super) fn grant(&self, pair: &[Range<usize>; 2]) -> Grant {
        let by = self.reader.somebody(&self.reader.table.actors);
        let role = self.role(pair);
        let receiver = || {
            let person = self.recipient().or_else(|| self.reader.somebody(&self.reader.table.people));
            person.or_else(|| self.reader.after_colon(pair)).or_else(|| self.reader.owner(pair))
        };
        let is_other = |place: &Range<usize>| Some(place) != role.as_ref();
        let is_name = |opening: &Opening| {
            !opening.name.is_empty()
                && !self.reader.table.titles.contains(&self.reader.text(&opening.name).to_lowercase())
        };
        let Some(opening) = self.reader.opening().filter(is_name) else {
            return Grant { by, to: receiver().filter(is_other), role };
        };
        let behind = self.deed_end(opening.deed);
        if self.is_passive(opening.name.end..opening.deed, behind) {
            return Grant { by, to: Some(opening.name), role };
        }
        let object = self.reader.name_at(behind).filter(|place| self.is_person(place));
        let role = role.or_else(|| self.raised_to(pair).filter(|_| object.is_some()));
        let is_other = |place: &Range<usize>| Some(place) != role.as_ref() && *place != opening.name;
        match object.or_else(receiver).filter(is_other) {
            Some(to) => Grant { by: by.or(Some(opening.name)), to: Some(to), role },
            // `user mira granted role admin`
            None => Grant { by, to: Some(opening.name), role },
        }
    }

    /// To whom who opens the sentence did it: `helen unlocked mira`.
    pub(super) fn object(&self) -> Option<Range<usize>> {
        let opening = self.reader.opening().filter(|opening| !opening.name.is_empty())?;
        let behind = self.deed_end(opening.deed);
        let is_done_to = self.is_passive(opening.name.end..opening.deed, behind);
        self.reader.name_at(behind).filter(|_| !is_done_to)
    }

    /// Where the object of a deed begins.
    fn deed_end(&self, deed: usize) -> usize {
        let rest = self.reader.lower.get(deed..).unwrap_or_default();
        let longest =
            self.reader.table.deeds.iter().filter(|text| rest.starts_with(text.as_str())).map(String::len);
        deed + longest.max().unwrap_or_default()
    }

    /// Whether it is done to who opens the clause: `was promoted`, `promoted to`.
    fn is_passive(&self, between: Range<usize>, behind: usize) -> bool {
        let mut before = self.reader.text(&between).split_whitespace();
        let next = self.reader.lower.get(behind..).unwrap_or_default().split(' ').next().unwrap_or_default();
        before.any(|word| self.reader.table.passives.contains(&word.to_lowercase()))
            || self.reader.table.passives.contains(next)
    }

    /// The name behind `to`.
    fn recipient(&self) -> Option<Range<usize>> {
        self.reader.table.recipients.iter().find_map(|word| {
            let mut places = self.reader.behind(word).filter_map(|place| self.reader.name_at(place.end));
            places.find(|place| self.is_person(place))
        })
    }

    /// Whether a name is not that of a role, which many an account is called like.
    fn is_person(&self, place: &Range<usize>) -> bool {
        !self.reader.table.accounts.contains(&self.reader.text(place).to_lowercase())
    }

    /// What is given: behind `role`, or before `rights`.
    fn role(&self, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        let named = || self.reader.table.roles.iter().find_map(|word| self.role_behind(word, pair));
        let titled = || self.reader.table.titles.iter().find_map(|word| self.role_before(word, pair));
        titled().or_else(named)
    }

    /// `promoted mira to admin`
    fn raised_to(&self, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        self.reader.table.recipients.iter().find_map(|word| self.role_behind(word, pair))
    }

    fn role_behind(&self, word: &str, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        self.reader.behind(word).find_map(|place| {
            if let Some(quoted) = self.reader.quoted.iter().find(|part| part.start == place.end + 1) {
                return Some(quoted.clone());
            }
            let rest = self.reader.message.get(place.end..)?;
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
            self.role_at(place.end..place.end + end, pair)
        })
    }

    fn role_before(&self, word: &str, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        self.reader.behind(word).find_map(|place| {
            let before = self.reader.message.get(..place.start)?.trim_end();
            if let Some(quoted) = self.reader.quoted.iter().find(|part| part.end + 1 == before.len()) {
                return Some(quoted.clone());
            }
            let start = before.len() - last_word(before)?.len();
            self.role_at(start..before.len(), pair)
        })
    }

    /// A place that holds a word, and not one that stands anywhere.
    fn role_at(&self, place: Range<usize>, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        let lower = self.reader.text(&place).to_lowercase();
        let is_role = !lower.is_empty()
            && place.start != pair[1].start
            && !self.reader.table.words.contains(&lower)
            && !self.reader.table.titles.contains(&lower);
        is_role.then_some(place)
    }
}
