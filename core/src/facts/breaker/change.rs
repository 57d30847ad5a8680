//! What a sentence says that a breaker did.

use std::ops::Range;

use super::tokens::{BreakerToken, Piece};
use super::{BreakerChange, BreakerState, BreakerWords, WordClass};
use crate::facts::ends;

/// Most pieces between the word *breaker* and what it does, behind it and before it.
const BEHIND: usize = 9;
const BEFORE: usize = 4;
/// Most pieces at the beginning in which a line that is known to be about a breaker says what it does.
const BEGINNING: usize = 4;
/// Most words between `to` and the state that it leads to, or the word that moved.
const NEAR: usize = 2;

/// Shortest word of another world that may be a name, in bytes: `search`, and not `race`.
const NAME_LEAST: usize = 5;

/// A message in its pieces.
pub(super) struct Course<'c> {
    pub words: &'c BreakerWords,
    pub tokens: &'c [BreakerToken<'c>],
    pub message: &'c str,
    /// Known from a field.
    pub is_about_one: bool,
    /// Where calls are said to be refused, and where one is said to be let through.
    pub refused: Option<Range<usize>>,
    pub probed: Option<Range<usize>>,
}

/// What is claimed, and the pieces that say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BreakerClaim {
    pub change: BreakerChange,
    /// From the first piece to behind the last.
    pub at: Range<usize>,
    /// It is said where the change leads to, which nobody says by chance.
    is_sure: bool,
}

impl Course<'_> {
    /// Whether the message has a word for a breaker, outside of quotes.
    pub fn speaks_of_one(&self) -> bool {
        self.nouns().next().is_some()
    }

    fn nouns(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.tokens.len()).filter(|at| self.is(*at, WordClass::Noun))
    }

    fn is(&self, at: usize, class: WordClass) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(class))
    }

    fn state(&self, at: usize) -> Option<BreakerState> {
        self.tokens.get(at)?.state().filter(|state| !self.is_planned(at, *state))
    }

    pub fn claim(&self) -> Option<BreakerClaim> {
        let states = || (0..self.tokens.len()).filter_map(|at| Some((at, self.state(at)?)));
        let last_target = states().rfind(|(at, _)| self.is_target(*at));
        if let Some((at, state)) = last_target {
            return Some(BreakerClaim {
                change: BreakerChange::Becomes(state),
                at: at..at + 1,
                is_sure: true,
            });
        }
        let beside = || states().filter(|(at, _)| self.is_beside_noun(*at));
        let does = |at: usize, state: BreakerState| self.is(at, WordClass::Does(state));
        let turned = beside().find(|(at, state)| !does(*at, *state) && self.turns(*at));
        let done = turned.or_else(|| beside().find(|(at, state)| does(*at, *state)));
        if let Some((at, state)) = done {
            return Some(self.claim_of(at, BreakerChange::Becomes(state)));
        }
        let stands = beside().find_map(|(at, state)| Some(self.claim_of(at, self.standing(at, state)?)));
        stands.or_else(|| self.probe()).or_else(|| self.refusal())
    }

    fn claim_of(&self, at: usize, change: BreakerChange) -> BreakerClaim {
        let noun = self.noun_of(at).unwrap_or(at);
        BreakerClaim { change, at: noun.min(at)..noun.max(at) + 1, is_sure: false }
    }

    /// Where a claim stands in the message, from the first word for a breaker on.
    pub fn place(&self, claim: &BreakerClaim) -> Range<usize> {
        let first = self.nouns().next().unwrap_or(claim.at.start).min(claim.at.start);
        let pieces = self.tokens.get(first..claim.at.end).unwrap_or_default();
        let start = pieces.first().map_or(0, |piece| piece.place.start);
        start..pieces.last().map_or(start, |piece| piece.place.end)
    }

    /// `half-open in 20s`: it is not there yet.
    fn is_planned(&self, at: usize, state: BreakerState) -> bool {
        let next = self.tokens.get(at + 1).map_or("", |token| token.text);
        let after = self.tokens.get(at + 2);
        let is_delay = after.is_some_and(BreakerToken::is_number)
            && matches!(next, "in" | "after")
            && self.is_length(at + 2);
        let is_setting =
            matches!(next, "timeout" | "interval" | "window" | "attempt" | "threshold" | "delay");
        is_setting || is_delay && (state != BreakerState::Open) && (next == "in" || !self.is_target(at))
    }

    /// `20s`, `30 seconds`, and not `3 calls`.
    fn is_length(&self, at: usize) -> bool {
        let text = |at: usize| self.tokens.get(at).map_or("", |token| token.text);
        let unit = text(at).trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        ends::unit(if unit.is_empty() { text(at + 1) } else { unit }).is_some()
    }

    /// Whether what stands before a state says that a change leads to it.
    fn is_target(&self, at: usize) -> bool {
        let before = |from: usize| (1..=NEAR + 1).filter_map(move |back| from.checked_sub(back));
        let is_filler = |token: &BreakerToken<'_>| {
            token.is(WordClass::Label)
                || token.is(WordClass::Turns)
                || matches!(token.text, "the" | "a" | "an" | "\"" | "'" | "[" | "(")
        };
        let lead = before(at).find_map(|at| {
            let token = self.tokens.get(at)?;
            (!is_filler(token)).then_some((at, token))
        });
        let Some((lead, token)) = lead else { return false };
        match token.piece {
            Piece::Arrow | Piece::Word(Some(WordClass::Enters)) => true,
            Piece::Sign('=') if self.is_behind_towards(lead) => true,
            Piece::Sign(':' | '=') => self.state(at) != Some(BreakerState::Closed) && self.is_label(lead),
            Piece::Word(Some(WordClass::Towards)) => {
                let moved = before(lead)
                    .find_map(|at| self.tokens.get(at).filter(|token| !token.is(WordClass::Turns)));
                moved.is_some_and(|token| self.may_move(token))
            }
            _ => false,
        }
    }

    /// Whether a piece may stand before `to OPEN`: `from CLOSED`, `switched`, `state`, a breaker.
    fn may_move(&self, token: &BreakerToken<'_>) -> bool {
        token.state().is_some()
            || [WordClass::Moves, WordClass::Label, WordClass::Noun].into_iter().any(|class| token.is(class))
            || matches!(token.piece, Piece::Sign('"' | '\'' | ']' | ')'))
    }

    /// `to=`
    fn is_behind_towards(&self, sign: usize) -> bool {
        sign.checked_sub(1).is_some_and(|at| self.is(at, WordClass::Towards))
    }

    /// `state: `, `new_state=`
    fn is_label(&self, sign: usize) -> bool {
        let label = sign.checked_sub(1).and_then(|at| self.tokens.get(at));
        label.is_some_and(|token| {
            token.is(WordClass::Label) || token.text.to_ascii_lowercase().ends_with("state")
        })
    }

    /// The nearest word for a breaker that a piece belongs to.
    fn noun_of(&self, at: usize) -> Option<usize> {
        let is_one_clause = |from: usize, to: usize| {
            let between = self.tokens.get(from + 1..to).unwrap_or_default();
            let has_other =
                between.iter().any(|token| matches!(token.piece, Piece::Word(Some(WordClass::Does(_)))));
            !has_other
                && !between
                    .iter()
                    .any(|token| token.ends_clause() && !matches!(token.piece, Piece::Sign('(' | ')' | '|')))
        };
        let behind =
            self.nouns().filter(|noun| *noun < at && at - noun <= BEHIND && is_one_clause(*noun, at)).last();
        let before =
            || self.nouns().find(|noun| *noun > at && noun - at <= BEFORE && is_one_clause(at, *noun));
        behind.or_else(before)
    }

    /// Whether a state belongs to a word for a breaker: the value of a pair speaks for itself.
    fn is_beside_noun(&self, at: usize) -> bool {
        let is_value = at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.piece == Piece::Sign('='));
        !is_value && self.noun_of(at).is_some() || self.is_about_one && at < BEGINNING
    }

    /// `now open`, `closed again`
    fn turns(&self, at: usize) -> bool {
        let near = self.tokens.get(at.saturating_sub(NEAR)..self.tokens.len().min(at + NEAR + 1));
        near.unwrap_or_default().iter().any(|token| token.is(WordClass::Turns)) && !self.lasts(at)
    }

    fn lasts(&self, at: usize) -> bool {
        self.leads(at).any(|token| token.is(WordClass::Lasts))
    }

    /// The words right before a piece.
    fn leads(&self, at: usize) -> impl Iterator<Item = &BreakerToken<'_>> {
        self.tokens.get(at.saturating_sub(NEAR)..at).unwrap_or_default().iter()
    }

    /// What it means that one stands like this. That one is closed is how it should be.
    fn standing(&self, at: usize, state: BreakerState) -> Option<BreakerChange> {
        let is_told = self.leads(at).any(|token| token.is(WordClass::Stands) || token.is(WordClass::Lasts));
        // `an open circuit`, and not `Closed circuit for ldap`.
        let begins =
            at.checked_sub(1).and_then(|at| self.tokens.get(at)).is_none_or(BreakerToken::ends_clause);
        let is_noun_next = self.is(at + 1, WordClass::Noun) && !begins;
        match state {
            BreakerState::HalfOpen => Some(BreakerChange::Becomes(state)),
            BreakerState::Closed => (!is_told && !is_noun_next).then_some(BreakerChange::Becomes(state)),
            BreakerState::Open if self.has_end(at) => Some(BreakerChange::Becomes(state)),
            BreakerState::Open if is_told || self.refused.is_some() => Some(BreakerChange::RefusesCall),
            BreakerState::Open if is_noun_next => None,
            BreakerState::Open => Some(BreakerChange::Becomes(state)),
        }
    }

    /// `until 10:00:30`, `for 30s`
    fn has_end(&self, at: usize) -> bool {
        let behind = self.tokens.get(at + 1..).unwrap_or_default();
        behind.windows(2).any(|pair| {
            let [word, value] = pair else { return false };
            value.is_number() && matches!(word.text, "for" | "until")
        })
    }

    /// The pieces that a place of the message is made of.
    fn pieces(&self, place: &Range<usize>) -> Option<Range<usize>> {
        let start = self.tokens.iter().position(|token| token.place.end > place.start)?;
        let end = self.tokens.iter().rposition(|token| token.place.start < place.end)? + 1;
        Some(start..end)
    }

    /// A call that is let through to see whether all is well again.
    fn probe(&self) -> Option<BreakerClaim> {
        let at = self.pieces(self.probed.as_ref()?)?;
        Some(BreakerClaim { change: BreakerChange::Becomes(BreakerState::HalfOpen), at, is_sure: false })
    }

    /// A call that was refused, in one clause with the word *breaker*.
    fn refusal(&self) -> Option<BreakerClaim> {
        let Range { start: at, end } = self.pieces(self.refused.as_ref()?)?;
        let noun = self.noun_of(at)?;
        Some(BreakerClaim {
            change: BreakerChange::RefusesCall,
            at: noun.min(at)..end.max(noun + 1),
            is_sure: false,
        })
    }

    /// Whether the claim is denied or supposed: a word of another world in its clause, but for its own words.
    pub fn is_vetoed(&self, claim: &BreakerClaim, name: Option<&Range<usize>>) -> bool {
        let start = self.tokens.get(..claim.at.start).unwrap_or_default();
        let start = start
            .iter()
            .rposition(|token| token.ends_clause() || self.introduces(token))
            .map_or(0, |at| at + 1);
        let behind = self.tokens.get(claim.at.end..).unwrap_or_default();
        let ends = |token: &&BreakerToken<'_>| token.ends_clause() || token.piece == Piece::Sign(':');
        let clause = behind.iter().take_while(|token| !ends(token));
        let is_question = behind.iter().find(ends).is_some_and(|token| token.piece == Piece::Sign('?'));
        let supposed = clause.clone().any(|token| token.is(WordClass::Supposes));
        let before_cause = clause.take_while(|token| !token.is(WordClass::Cause));
        let own = self.tokens.get(start..claim.at.end).unwrap_or_default();
        let is_own = |token: &BreakerToken<'_>| {
            [&self.refused, &self.probed]
                .into_iter()
                .flatten()
                .any(|place| place.contains(&token.place.start))
        };
        let mut claimed = own.iter().chain(before_cause);
        is_question || supposed || claimed.any(|token| self.is_foreign(token, claim, name) && !is_own(token))
    }

    /// `will stay open`: it is open already.
    fn goes_on(&self, supposing: Option<usize>) -> bool {
        supposing.is_some_and(|at| self.is(at + 1, WordClass::Lasts))
    }

    /// A sign behind which another sentence begins.
    fn introduces(&self, token: &BreakerToken<'_>) -> bool {
        let rest = self.message.get(token.place.end..).unwrap_or_default();
        matches!(token.piece, Piece::Sign(':')) && rest.starts_with(' ') && !self.names_before(token)
    }

    /// Whether the label before a colon is the breaker itself: `Circuit breaker payments: OPEN`.
    fn names_before(&self, colon: &BreakerToken<'_>) -> bool {
        let before = self.tokens.iter().take_while(|token| token.place.end <= colon.place.start);
        before.into_iter().any(|token| token.is(WordClass::Noun))
    }

    /// Whether a word of another world says that there was no change. The name of a breaker may be such a word.
    fn is_foreign(
        &self,
        token: &BreakerToken<'_>,
        claim: &BreakerClaim,
        name: Option<&Range<usize>>,
    ) -> bool {
        let at = self.tokens.iter().position(|other| other.place == token.place);
        let is_bare = at.and_then(|at| at.checked_sub(1)).is_some_and(|at| self.is(at, WordClass::Noun));
        let may_be_name = token.text.len() >= NAME_LEAST && (claim.is_sure || !is_bare);
        let is_name = may_be_name && name.is_some_and(|name| name.contains(&token.place.start));
        match token.piece {
            Piece::Word(Some(WordClass::Supposes)) => !self.goes_on(at),
            Piece::Word(None | Some(WordClass::Idle)) => {
                !is_name && self.words.veto.contains(&token.text.to_lowercase())
            }
            _ => false,
        }
    }
}

/// The first of several texts in a message of small letters.
pub(super) fn place_of(lower: &str, texts: &[String]) -> Option<Range<usize>> {
    let places = texts.iter().filter_map(|text| {
        let start = lower.find(text.as_str())?;
        let before = lower.get(..start)?.chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric()).then_some(start..start + text.len())
    });
    places.min_by_key(|place| place.start)
}
