//! The pieces of a sentence about a breaker.

use std::ops::Range;

use super::{BreakerState, BreakerWords, WordClass, fold};

/// Most pieces that are looked at.
const MOST: usize = 120;
const ARROWS: [&str; 6] = ["-->", "->", "==>", "=>", "→", "➜"];
/// Before the state that a change leads to, within one word: `CLOSED_TO_OPEN`.
const INNER_TO: &str = "_to_";

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Word(Option<WordClass>),
    Arrow,
    /// Text in quotes that is no state.
    Quoted,
    Sign(char),
}

/// A piece, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BreakerToken<'m> {
    pub piece: Piece,
    pub text: &'m str,
    pub place: Range<usize>,
}

impl BreakerToken<'_> {
    /// The state that it names, as how one stands or what one does.
    pub fn state(&self) -> Option<BreakerState> {
        match self.piece {
            Piece::Word(Some(WordClass::Is(state) | WordClass::Does(state))) => Some(state),
            _ => None,
        }
    }

    pub fn is(&self, class: WordClass) -> bool {
        self.piece == Piece::Word(Some(class))
    }

    /// What follows is another clause.
    pub fn ends_clause(&self) -> bool {
        matches!(self.piece, Piece::Sign(',' | ';' | '.' | '!' | '?' | '(' | ')' | '-' | '|'))
    }

    /// `20s`, `5`
    pub fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// The pieces of a message, of which `quoted` are the quoted parts.
pub(super) fn tokens<'m>(
    words: &BreakerWords,
    message: &'m str,
    quoted: &[Range<usize>],
) -> Vec<BreakerToken<'m>> {
    let mut found: Vec<BreakerToken<'m>> = Vec::new();
    let mut at = 0;
    while let Some(first) = message.get(at..).and_then(|rest| rest.chars().next()) {
        if found.len() >= MOST {
            break;
        }
        let after = at + first.len_utf8();
        let rest = message.get(at..).unwrap_or_default();
        if let Some(part) = quoted.iter().find(|part| part.start == after) {
            push_quoted(&mut found, words, message, part);
            at = part.end
                + message.get(part.end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        } else if let Some(arrow) = ARROWS.iter().find(|arrow| rest.starts_with(**arrow)) {
            at += arrow.len();
            push(&mut found, Piece::Arrow, message, at - arrow.len()..at);
        } else if first.is_alphanumeric() {
            let end = at + word_length(rest);
            push_word(&mut found, words, message, at..end);
            at = end;
        } else {
            let is_dash = matches!(first, '-' | '–' | '—');
            let is_apart = !is_dash || stands_alone(message, at, after);
            if is_apart && (first.is_ascii_punctuation() || is_dash) {
                let sign = if is_dash { '-' } else { first };
                push(&mut found, Piece::Sign(sign), message, at..after);
            }
            at = after;
        }
    }
    found
}

/// Whether white space stands on both sides.
fn stands_alone(message: &str, start: usize, end: usize) -> bool {
    let before = message.get(..start).and_then(|text| text.chars().next_back());
    let after = message.get(end..).and_then(|text| text.chars().next());
    before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace)
}

/// Bytes of the word that a text begins with, with signs inside of it: `payments-api`, `10.0.0.7:8080`.
fn word_length(rest: &str) -> usize {
    let mut end = 0;
    for (index, character) in rest.char_indices() {
        let is_inner = "-_./@:".contains(character)
            && !ARROWS.iter().any(|arrow| rest.get(index..).is_some_and(|rest| rest.starts_with(arrow)))
            && rest.get(index + 1..).and_then(|rest| rest.chars().next()).is_some_and(|next| {
                if character == ':' { next.is_ascii_digit() } else { next.is_alphanumeric() || next == '_' }
            });
        if !(character.is_alphanumeric() || character == '_' || is_inner) {
            break;
        }
        end = index + character.len_utf8();
    }
    end
}

fn push<'m>(found: &mut Vec<BreakerToken<'m>>, piece: Piece, message: &'m str, place: Range<usize>) {
    found.push(BreakerToken { piece, text: message.get(place.clone()).unwrap_or_default(), place });
}

fn push_quoted<'m>(
    found: &mut Vec<BreakerToken<'m>>,
    words: &BreakerWords,
    message: &'m str,
    part: &Range<usize>,
) {
    let class = words.class(&fold(message.get(part.clone()).unwrap_or_default()));
    let state = class.filter(|class| matches!(class, WordClass::Is(_) | WordClass::Does(_)));
    push(found, state.map_or(Piece::Quoted, |state| Piece::Word(Some(state))), message, part.clone());
}

/// Adds a word. Two that are one thing become one: `half open`, `circuit breaker`.
fn push_word<'m>(
    found: &mut Vec<BreakerToken<'m>>,
    words: &BreakerWords,
    message: &'m str,
    place: Range<usize>,
) {
    let text = message.get(place.clone()).unwrap_or_default();
    if push_change(found, words, message, &place) {
        return;
    }
    let folded = fold(text);
    let class = words.class(&folded);
    // Several of them are none: `all circuit breakers closed`.
    let is_plural = folded.strip_suffix('s').is_some_and(|one| words.class(one) == Some(WordClass::Noun));
    let before = found.last_mut();
    match (before, class) {
        (Some(last), None) if is_plural && last.is(WordClass::Noun) => {
            last.piece = Piece::Word(None);
            last.place.end = place.end;
        }
        (Some(last), Some(WordClass::Noun)) if last.is(WordClass::Noun) => last.place.end = place.end,
        (Some(last), Some(WordClass::Is(BreakerState::Open))) if last.text.eq_ignore_ascii_case("half") => {
            last.piece = Piece::Word(Some(WordClass::Is(BreakerState::HalfOpen)));
            last.place.end = place.end;
        }
        (Some(last), Some(WordClass::Does(BreakerState::Open))) if last.text.eq_ignore_ascii_case("half") => {
            last.piece = Piece::Word(Some(WordClass::Does(BreakerState::HalfOpen)));
            last.place.end = place.end;
        }
        _ => push(found, Piece::Word(class), message, place),
    }
}

/// `CLOSED_TO_OPEN`
fn push_change<'m>(
    found: &mut Vec<BreakerToken<'m>>,
    words: &BreakerWords,
    message: &'m str,
    place: &Range<usize>,
) -> bool {
    let text = message.get(place.clone()).unwrap_or_default().to_ascii_lowercase();
    let Some(at) = text.find(INNER_TO) else { return false };
    let parts = [place.start..place.start + at, place.start + at + INNER_TO.len()..place.end];
    let [from, to] = parts.clone().map(|part| words.class(&fold(message.get(part).unwrap_or_default())));
    if !(is_state(from) && is_state(to)) {
        return false;
    }
    let [before, after] = parts;
    push(found, Piece::Word(from), message, before.clone());
    push(found, Piece::Arrow, message, before.end..after.start);
    push(found, Piece::Word(to), message, after);
    true
}

fn is_state(class: Option<WordClass>) -> bool {
    matches!(class, Some(WordClass::Is(_) | WordClass::Does(_)))
}
