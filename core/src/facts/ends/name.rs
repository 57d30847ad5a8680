//! Which names mean the end of a lock, block, limit or open breaker, or how long it lasts.

use super::value::{self, TimeTold};
use super::{Begin, EndRank, Lasting};
use crate::event::{End, MINUTE, Nanos};
use crate::facts::names::fold;

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EndName {
    form: EndForm,
    /// The name says what it is that ends.
    is_named: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum EndForm {
    /// `locked_until`
    End,
    /// `lockout_duration`, `open_seconds` with its unit.
    Span(Option<Nanos>),
    /// `retry_after`, `reset`: seconds or a moment.
    Either,
    /// `permanent`
    Never,
}

/// What a word in a name is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameWord {
    /// Of what ends: `lock`, `ban`.
    Subject,
    /// Both at once: `cooldown`.
    SubjectSpan,
    /// `until`, `unlock`
    End,
    /// An end that other things have, too: `expires`.
    LooseEnd,
    /// What is done at the end: `retry`.
    Again,
    /// `duration`
    Span,
    /// A length that other things have, too: `timeout`.
    LooseSpan,
    Unit(Nanos),
    /// `in`, `after`: a length follows.
    In,
    /// `at`: a moment follows.
    At,
    Permanent,
    Filler,
}

/// The meaning of a dotted name, for what is stated.
pub(super) fn meaning(what: Lasting, name: &str) -> Option<EndName> {
    let (parents, leaf) = name.rsplit_once('.').map_or(("", name), |(parents, leaf)| (parents, leaf));
    let mut is_below = false;
    for word in words(parents) {
        match word_of(what, &word) {
            Some(NameWord::Subject | NameWord::SubjectSpan) => is_below = true,
            Some(NameWord::Filler) => {}
            _ if is_container(&word) => {}
            _ => return None,
        }
    }
    of_words(what, &words(leaf), is_below)
}

/// The meaning of the words of a name, in lower case. `is_below`: it stands in an object named for what ends.
pub(super) fn of_words(what: Lasting, words: &[String], is_below: bool) -> Option<EndName> {
    let classes = words.iter().map(|word| word_of(what, word)).collect::<Option<Vec<NameWord>>>()?;
    let has = |wanted: NameWord| classes.contains(&wanted);
    let unit = classes.iter().find_map(|class| match class {
        NameWord::Unit(unit) => Some(*unit),
        _ => None,
    });
    let is_named = is_below || has(NameWord::Subject) || has(NameWord::SubjectSpan);
    let ends = has(NameWord::End) || has(NameWord::Again);
    let spans = has(NameWord::Span) || has(NameWord::SubjectSpan);
    let is_long = spans || is_named && has(NameWord::LooseSpan);
    let form = match unit {
        _ if has(NameWord::Permanent) => EndForm::Never,
        Some(_) if ends || is_named || is_long && what.may_last() => EndForm::Span(unit),
        Some(_) => return None,
        None if ends && (has(NameWord::LooseSpan) || spans) => EndForm::Span(None),
        None if ends && has(NameWord::At) => EndForm::End,
        None if ends && (has(NameWord::In) || has(NameWord::Again)) => EndForm::Either,
        None if ends => EndForm::End,
        None if has(NameWord::LooseEnd) && has(NameWord::In) && is_named => EndForm::Span(None),
        None if has(NameWord::LooseEnd) && !has(NameWord::In) && (is_named || what.may_last()) => {
            EndForm::End
        }
        None if is_long && (is_named || what.may_last() || has(NameWord::SubjectSpan)) => EndForm::Span(None),
        None => return None,
    };
    Some(EndName { form, is_named: is_named || ends })
}

impl EndName {
    pub(super) fn rank(self) -> EndRank {
        match (self.is_named, self.form) {
            (false, _) => EndRank::Likely,
            (true, EndForm::End) => EndRank::End,
            (true, _) => EndRank::Span,
        }
    }

    pub(super) fn is_named(self) -> bool {
        self.is_named
    }

    /// The end that a value under the name means.
    pub(super) fn end(self, begin: Begin, text: &str) -> Option<End> {
        if self.form == EndForm::Never {
            return if text.trim().eq_ignore_ascii_case("true") { begin.never() } else { None };
        }
        let told = value::read(text, begin.completion)?;
        self.told(begin, told)
    }

    pub(super) fn told(self, begin: Begin, told: TimeTold) -> Option<End> {
        match (self.form, told) {
            (EndForm::Never, _) => None,
            (_, TimeTold::Never) => begin.never(),
            (EndForm::End | EndForm::Either, TimeTold::Moment(time)) => begin.at(time),
            (EndForm::End, TimeTold::Clock(clock)) => {
                begin.at(value::next(clock, begin.time, begin.completion)?)
            }
            (EndForm::Span(None) | EndForm::Either, TimeTold::Clock(length)) => begin.after(length),
            (EndForm::Span(_) | EndForm::Either | EndForm::End, TimeTold::Span(span)) => {
                self.after(begin, span)
            }
            (EndForm::Span(Some(unit)), TimeTold::Number(number)) => {
                self.after(begin, value::nanos(number, unit)?)
            }
            // Some write how long as -1 where it has no end.
            (EndForm::Span(None), TimeTold::Number(number)) if number < 0.0 && self.is_named => begin.never(),
            // Of minutes or hours a unit would be written: an account is locked for no 15 seconds.
            (EndForm::Span(None), TimeTold::Number(number)) if begin.what.may_last() && number < 60.0 => None,
            (EndForm::Span(None) | EndForm::Either, TimeTold::Number(number)) if number > 0.0 => {
                begin.after_number(number)
            }
            _ => None,
        }
    }

    /// A length that is named for nothing may be that of a request, unless no request lasts as long.
    fn after(self, begin: Begin, span: Nanos) -> Option<End> {
        if self.is_named || span >= MINUTE { begin.after(span) } else { None }
    }
}

/// Objects that writers put their fields into. What a client sends is none of them.
fn is_container(word: &str) -> bool {
    const WORDS: [&str; 37] = [
        "attributes",
        "attrs",
        "audit",
        "context",
        "ctx",
        "custom",
        "data",
        "detail",
        "details",
        "entry",
        "error",
        "event",
        "exception",
        "extra",
        "extras",
        "fields",
        "header",
        "headers",
        "info",
        "json",
        "labels",
        "log",
        "meta",
        "metadata",
        "policy",
        "props",
        "properties",
        "reason",
        "record",
        "resource",
        "response",
        "res",
        "result",
        "security",
        "state",
        "status",
        "structured",
    ];
    WORDS.contains(&word)
}

fn word_of(what: Lasting, word: &str) -> Option<NameWord> {
    let of_all = match word {
        "until" | "till" | "bis" | "hasta" | "unlock" | "unlocks" | "unblock" | "unblocks" | "unban"
        | "unbans" | "release" | "releases" | "lift" | "lifts" | "lifted" | "resume" | "resumes" => {
            NameWord::End
        }
        "retry" | "next" | "try" | "again" | "wait" => NameWord::Again,
        "expires" | "expire" | "expiry" | "expiration" | "end" | "ends" => NameWord::LooseEnd,
        "duration" | "period" | "length" | "ttl" | "remaining" | "left" => NameWord::Span,
        "timeout" | "time" | "delay" | "for" | "für" | "pendant" | "pour" | "durante" | "por" => {
            NameWord::LooseSpan
        }
        "in" | "after" | "before" => NameWord::In,
        "at" | "on" | "date" | "ts" | "timestamp" => NameWord::At,
        "cooldown" | "cooloff" | "penalty" => NameWord::SubjectSpan,
        "permanent" | "permanently" | "indefinite" | "indefinitely" => NameWord::Permanent,
        "is" | "the" | "current" | "temporary" | "temp" | "x" | "down" | "off" => NameWord::Filler,
        word if is_spelled_out(word) => NameWord::Unit(value::unit(word)?),
        _ => return of_kind(what, word),
    };
    Some(of_all)
}

/// Units as they stand in names; a single letter only where it is one by itself.
fn is_spelled_out(word: &str) -> bool {
    value::unit(word).is_some() && !matches!(word, "d" | "w" | "us" | "ns")
}

/// Words that mean it for one of them only.
fn of_kind(what: Lasting, word: &str) -> Option<NameWord> {
    let is_barred = matches!(
        word,
        "lock"
            | "locked"
            | "locks"
            | "lockout"
            | "locking"
            | "lockedout"
            | "block"
            | "blocked"
            | "blocking"
            | "ban"
            | "banned"
            | "jail"
            | "jailed"
            | "suspend"
            | "suspended"
            | "suspension"
            | "throttle"
            | "throttled"
            | "quarantine"
            | "quarantined"
            | "disabled"
            | "limited"
            | "restriction"
            | "restricted"
            | "cool"
            | "gesperrt"
            | "blockiert"
            | "verrouillé"
            | "verrouillée"
            | "bloqué"
            | "bloquée"
            | "banni"
            | "bloqueado"
            | "bloqueada"
            | "bloccato"
            | "bloccata"
    );
    match (what, word) {
        (Lasting::Breaker, "breaker" | "circuit" | "cb" | "open" | "opened" | "break" | "cool") => {
            Some(NameWord::Subject)
        }
        (
            Lasting::Breaker,
            "reset" | "resets" | "recovery" | "recover" | "half" | "halfopen" | "probe" | "attempt",
        ) => Some(NameWord::Again),
        (Lasting::Limit, "reset" | "resets") => Some(NameWord::Again),
        (Lasting::Limit, "rate" | "limit" | "ratelimit") => Some(NameWord::Filler),
        (Lasting::Breaker, _) => None,
        (_, "bantime" | "banduration" | "blocktime" | "locktime") => Some(NameWord::SubjectSpan),
        (_, _) if is_barred => Some(NameWord::Subject),
        (_, "out" | "account" | "user" | "login" | "ip" | "address" | "client" | "attempt") => {
            Some(NameWord::Filler)
        }
        _ => None,
    }
}

/// Whether a word means what lasts.
pub(super) fn is_subject(what: Lasting, word: &str) -> bool {
    matches!(word_of(what, word), Some(NameWord::Subject | NameWord::SubjectSpan))
}

/// `LockoutEnd`, `lock-out_end`: the words of a name in lower case.
pub(super) fn words(name: &str) -> Vec<String> {
    fold(name).split_whitespace().map(str::to_owned).collect()
}
