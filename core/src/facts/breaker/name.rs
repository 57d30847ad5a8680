//! Which breaker a sentence is about.

use std::ops::Range;

use super::change::BreakerClaim;
use super::tokens::{BreakerToken, Piece};
use super::{BreakerWords, WordClass};
use crate::event::address::is_placeholder;

/// Keys of a pair that name it, best first.
const KEYS: [&str; 13] = [
    "breaker",
    "circuit",
    "circuitbreaker",
    "cb",
    "breakername",
    "circuitname",
    "name",
    "dependency",
    "upstream",
    "target",
    "resource",
    "command",
    "service",
];
/// What may stand between `for` and the name.
const SKIPPED: [WordClass; 5] =
    [WordClass::Idle, WordClass::Thing, WordClass::Noun, WordClass::Of, WordClass::Towards];
/// Longest name, in bytes.
const LONGEST: usize = 128;

/// Looks for the name.
pub(super) struct Names<'n> {
    pub words: &'n BreakerWords,
    pub tokens: &'n [BreakerToken<'n>],
    pub claim: Option<&'n BreakerClaim>,
}

impl Names<'_> {
    /// In quotes or brackets behind the word *breaker*, as a pair, behind `for`, right before or behind that word, else as the label
    /// of the sentence or the thing that it speaks of.
    pub fn find(&self) -> Option<Range<usize>> {
        let nouns = || (0..self.tokens.len()).filter(|at| self.is(*at, WordClass::Noun));
        nouns()
            .find_map(|noun| self.marked(noun))
            .or_else(|| self.pair())
            .or_else(|| nouns().find_map(|noun| self.behind(noun).filter(|_| self.acts(noun + 2))))
            .or_else(|| self.introduced())
            .or_else(|| nouns().find_map(|noun| self.behind(noun).or_else(|| self.before(noun))))
            .or_else(|| self.called())
            .or_else(|| self.thing(0..self.tokens.len()))
            .or_else(|| self.label())
    }

    fn is(&self, at: usize, class: WordClass) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(class))
    }

    fn sign(&self, at: usize) -> Option<char> {
        match self.tokens.get(at)?.piece {
            Piece::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// `breaker 'payments'`, `CB[ldap]`, `circuit breaker (search)`, `breaker=ldap`
    fn marked(&self, noun: usize) -> Option<Range<usize>> {
        let mut at = noun + 1;
        while self.is(at, WordClass::Idle)
            || self.is(at, WordClass::Of)
            || matches!(self.sign(at), Some(':' | '=' | '-'))
        {
            at += 1;
        }
        let first = self.tokens.get(at)?;
        if first.piece == Piece::Quoted {
            return self.usable(at, true);
        }
        let closing = match self.sign(at).or_else(|| self.sign(at - 1))? {
            '[' => ']',
            '(' => ')',
            '<' => '>',
            '=' => return self.usable(at, false),
            _ => return None,
        };
        (self.sign(at + 2) == Some(closing)).then(|| self.usable(at + 1, false))?
    }

    /// `name=redis`
    fn pair(&self) -> Option<Range<usize>> {
        KEYS.iter().find_map(|key| {
            (0..self.tokens.len()).find_map(|at| {
                let is_key = self.tokens.get(at).is_some_and(|token| super::fold(token.text) == *key);
                let is_pair = is_key && self.sign(at + 1) == Some('=');
                is_pair.then(|| self.usable(at + 2, self.is_quoted(at + 2)))?
            })
        })
    }

    fn is_quoted(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.piece == Piece::Quoted)
    }

    /// `for payments`, `calls to the service ldap`
    fn introduced(&self) -> Option<Range<usize>> {
        (0..self.tokens.len()).filter(|at| self.is(*at, WordClass::Of)).find_map(|of| {
            let skipped = (of + 1..self.tokens.len())
                .find(|at| !SKIPPED.into_iter().any(|class| self.is(*at, class)))?;
            self.usable(skipped, self.is_quoted(skipped))
        })
    }

    /// `talking to ldap`, `ldap call rejected`
    fn called(&self) -> Option<Range<usize>> {
        let calls = || (0..self.tokens.len()).filter(|at| self.is(*at, WordClass::Calls));
        let callee = calls().filter(|at| self.is(at + 1, WordClass::Towards)).find_map(|at| {
            let place = (at + 2..self.tokens.len())
                .find(|at| !SKIPPED.into_iter().any(|class| self.is(*at, class)))?;
            self.usable(place, self.is_quoted(place))
        });
        callee.or_else(|| calls().find_map(|at| self.usable(at.checked_sub(1).filter(|at| *at == 0)?, false)))
    }

    /// Whether what stands there is what a breaker does, or how it stands.
    fn acts(&self, at: usize) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| {
            token.state().is_some() || token.is(WordClass::Stands) || token.is(WordClass::Moves)
        })
    }

    /// `breaker payments opened`: a word that looks like a name, or one that does something.
    fn behind(&self, noun: usize) -> Option<Range<usize>> {
        let token = self.tokens.get(noun + 1)?;
        let follows = self.tokens.get(noun + 2);
        let acts = follows.is_none_or(|next| {
            matches!(next.piece, Piece::Word(Some(_)) | Piece::Sign(':' | '-') | Piece::Arrow)
        });
        let is_verb = token.text.ends_with("ed") || token.text.ends_with("ing");
        let is_verb =
            is_verb && !follows.is_some_and(|next| next.state().is_some() || next.is(WordClass::Stands));
        // `Reset circuit breaker redis by hand`
        let is_object = self.claim.is_none_or(|claim| claim.at.start < noun);
        let is_known = acts || is_object || looks_like_name(token.text);
        self.usable(noun + 1, false).filter(|_| is_known && !is_verb && !token.text.ends_with("ly"))
    }

    /// `the payments breaker`
    fn before(&self, noun: usize) -> Option<Range<usize>> {
        let at = (0..noun).rev().find(|at| !self.is(*at, WordClass::Thing))?;
        match self.tokens.get(at)?.piece {
            Piece::Quoted => self.usable(at, true),
            // `[payments] breaker opened`
            Piece::Sign(']') => self.usable(at.checked_sub(1)?, false),
            _ => self.usable(at, false),
        }
    }

    /// `Dependency kafka is failing fast (breaker tripped)`
    fn thing(&self, places: Range<usize>) -> Option<Range<usize>> {
        places
            .filter(|at| self.is(*at, WordClass::Thing))
            .find_map(|at| self.usable(at + 1, self.is_quoted(at + 1)))
    }

    /// `db: closed -> open`, `[ldap] opened`: not the name of an exception.
    fn label(&self) -> Option<Range<usize>> {
        let in_brackets =
            |at: usize| at > 0 && self.sign(at - 1) == Some('[') && self.sign(at + 1) == Some(']');
        let is_label = |at: usize| matches!(self.sign(at + 1), Some(':' | '|'));
        let is_of_program = |text: &str| super::may_mention(text);
        (0..self.tokens.len()).filter(|at| in_brackets(*at) || is_label(*at)).find_map(|at| {
            self.usable(at, false)
                .filter(|_| !self.tokens.get(at).is_some_and(|token| is_of_program(token.text)))
        })
    }

    fn usable(&self, at: usize, is_quoted: bool) -> Option<Range<usize>> {
        let token = self.tokens.get(at)?;
        let is_word = match token.piece {
            Piece::Quoted => is_quoted,
            Piece::Word(None) => !self.words.ordinary.contains(&token.text.to_lowercase()),
            _ => false,
        };
        let is_free = !(token.text.is_empty() || token.text.len() > LONGEST || is_placeholder(token.text));
        let has_letter = token.text.chars().any(char::is_alphabetic);
        let is_name = is_quoted || has_letter && (looks_like_name(token.text) || !token.is_number());
        (is_word && is_free && is_name).then(|| token.place.clone())
    }
}

/// Whether nobody writes a word of the language like this: `payments-api`, `db2`, `shop.cart`.
fn looks_like_name(text: &str) -> bool {
    let has_sign = text.contains(['-', '_', '.', '/', ':']);
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    let has_letter = text.chars().any(char::is_alphabetic);
    has_letter && (has_sign || has_digit && !text.starts_with(|c: char| c.is_ascii_digit()))
}
