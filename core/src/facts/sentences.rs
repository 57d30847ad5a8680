//! What people write by hand: a subject and a verdict close to each other, near the beginning.
//!
//! Five laws keep talk about logins apart from logins. Sentences are read only in the message of an
//! application, and only where the line does not name its own event (both decided by the caller). A word
//! of another world outside of quotes (negation, hypothesis, tests, templates, counters) ends it.
//! Quoted text holds no verdict, but may be the name. Without somebody or an address, or for a few
//! facts the subject itself, nothing is stated.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::breaker::{BreakerSentence, BreakerWords};
use super::fact::Fact;
use super::file::{fixed, list, texts};
use super::own::{Own, own_address};
use super::quotes;
use super::scan::{Hits, StemHit, head};
use crate::event::address::{self, is_placeholder};
use crate::event::number::{offset_in, to_u32, to_usize};
use crate::yaml::{self, Diagnostic, Node};

mod grant;

use self::grant::{Giving, Grant};

/// Most bytes between subject and verdict, and where the name of a thing may stand between them.
const DISTANCE: usize = 28;
const DISTANCE_WITH_NAME: usize = 48;
/// Most bytes between both and the colon before a name.
const COLON_DISTANCE: usize = 48;
/// Where the first of the two begins at the latest, counted from the first word of prose.
const BEGINNING: usize = 80;
/// Most bytes before the first word of prose: times, threads and loggers that no format knows.
const HEAD_LIMIT: usize = 200;
/// Longest name of a user, in bytes.
const NAME_LIMIT: usize = 128;
/// Shortest word of another world that may be the name of a thing, in bytes: `search`, and neither `no` nor `if`.
const NAME_LEAST: usize = 5;
/// Most words before the name that opens a sentence: `the user`.
const OPENINGS: usize = 2;
/// Words behind a number that may be what it counts.
const COUNTED: usize = 2;
/// Words before `of` that give a reason.
const REASONS: [&str; 4] = ["because", "on account", "result", "reason"];
/// Behind these a clause begins.
const CLAUSES: [&str; 3] = [", ", "; ", ": "];
/// Words between a deed and the address that it is done to.
const UPON_WORDS: usize = 4;
/// Rows that fit into a set of bits.
const ROW_LIMIT: usize = 128;

/// The table of `sentences.yml`.
#[derive(Debug, Default)]
pub struct Sentences {
    rows: Vec<Row>,
    stems: Vec<Stem>,
    by_text: HashMap<String, usize>,
    /// Rows about a thing with a name, as a set.
    with_names: u128,
    /// Words that end it.
    veto: HashSet<String>,
    /// Before the name of who acts or whom it is about, best first.
    actors: Vec<String>,
    people: Vec<String>,
    /// Before an address.
    origins: Vec<String>,
    /// What somebody does whose name opens the sentence, and what may stand between.
    deeds: Vec<String>,
    auxiliaries: HashSet<String>,
    /// What may stand before that name.
    openings: HashSet<String>,
    /// Before a deed: it is done to whose name opens the sentence. Behind one: the same.
    passives: HashSet<String>,
    /// Before the name of who receives something.
    recipients: Vec<String>,
    /// Before the name of a role, and behind it.
    roles: Vec<String>,
    titles: Vec<String>,
    /// Before who sent something, for rows of which that is who acts.
    senders: Vec<String>,
    /// What may stand between a deed and the address that it is done to.
    hosts: HashSet<String>,
    /// Words that are nobody's name.
    words: HashSet<String>,
    /// Words that are the names of accounts all the same.
    accounts: HashSet<String>,
    /// What has a number for a name.
    numbered: HashSet<String>,
    /// What somebody sent stands behind one of these and a sign, right behind one and a sign, right behind one.
    contents: HashSet<String>,
    values: HashSet<String>,
    spellings: HashSet<String>,
    breakers: BreakerWords,
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
struct Row {
    /// The row itself, as a set.
    bit: u128,
    /// None: the sentence is known, and states nothing.
    fact: Option<Fact>,
    reason: Option<String>,
    /// The fact stands without anybody.
    alone: bool,
    /// A name stands before the subject or after it.
    names: bool,
    /// The subject opens the message, and the verdict follows.
    first: bool,
    /// Who sent it is who it is about: `wrong code from mira`.
    sent: bool,
    /// Fields with a fixed value.
    set: Vec<(String, String)>,
    entry: String,
}

#[derive(Debug)]
struct Stem {
    text: String,
    subject: u128,
    verdict: u128,
    /// Rows whose subject is the name that opens the sentence.
    deed: u128,
    /// Rows that it says without another.
    whole: u128,
    /// Rows that it says where an address follows: `banned 203.0.113.9`.
    upon: u128,
}

/// A sentence that states something, with the places of who and where from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence<'s> {
    pub fact: Fact,
    pub reason: Option<&'s str>,
    pub entry: &'s str,
    pub set: &'s [(String, String)],
    pub user: Option<Range<usize>>,
    pub target: Option<Range<usize>>,
    pub source: Option<Range<usize>>,
    /// The sentence names several addresses, and nobody can tell which is whose.
    pub contested: bool,
    /// What the sentence is about: the name of a breaker.
    pub name: Option<Range<usize>>,
    /// What somebody is given or loses.
    pub role: Option<Range<usize>>,
}

impl Sentence<'_> {
    fn names_somebody(&self) -> bool {
        self.user.is_some() || self.target.is_some() || self.source.is_some()
    }
}

impl Sentences {
    /// Reads the table.
    #[must_use]
    pub fn read(file: &str, text: &str) -> Self {
        let mut sentences = Self::default();
        let (documents, diagnostics) = yaml::read(&file.into(), text);
        sentences.diagnostics = diagnostics;
        for document in &documents {
            sentences.take(&document.root);
        }
        sentences
    }

    fn take(&mut self, root: &Node) {
        let phrases = |key: &str| root.get(key).map(texts).unwrap_or_default();
        self.veto.extend(phrases("veto"));
        self.actors.extend(phrases("actors"));
        self.people.extend(phrases("people"));
        self.origins.extend(phrases("origins"));
        self.deeds.extend(phrases("deeds"));
        self.auxiliaries.extend(phrases("auxiliaries"));
        self.openings.extend(phrases("openings"));
        self.passives.extend(phrases("passives"));
        self.recipients.extend(phrases("recipients"));
        self.roles.extend(phrases("roles"));
        self.titles.extend(phrases("titles"));
        self.senders.extend(phrases("senders"));
        self.hosts.extend(phrases("hosts"));
        self.words.extend(phrases("words"));
        self.accounts.extend(phrases("accounts"));
        self.numbered.extend(phrases("numbered"));
        self.contents.extend(phrases("contents"));
        self.values.extend(phrases("values"));
        self.spellings.extend(phrases("spellings"));
        self.breakers.take(root, &self.veto, &self.words);
        for row in root.get("sentences").into_iter().flat_map(list) {
            self.row(row);
        }
    }

    /// The words about circuit breakers.
    #[must_use]
    pub fn breakers(&self) -> &BreakerWords {
        &self.breakers
    }

    /// What the message says of a circuit breaker, but for what somebody sent.
    #[must_use]
    pub fn breaker(&self, message: &str, hits: &Hits, is_about_one: bool) -> Option<BreakerSentence> {
        let sentence = self.breakers.read(message, is_about_one)?;
        let message = head(message);
        let quoted = quotes::quoted(message);
        let reader = Reader::new(self, message, &quoted);
        let start = sentence.place.start;
        let before: Vec<StemHit> = hits.stems.iter().filter(|hit| hit.end <= start).copied().collect();
        let is_sent = reader.is_content(&[sentence.place.clone(), sentence.place.clone()]);
        let is_name = reader.is_introduced(start) && self.has_pair(&before);
        (!(is_sent || is_name)).then_some(sentence)
    }

    fn row(&mut self, node: &Node) {
        let text = |key: &str| node.get(key).and_then(Node::scalar_text);
        let word = text("fact").unwrap_or_default();
        let fact = Fact::named(&word);
        if (fact.is_none() && word != "none") || self.rows.len() >= ROW_LIMIT {
            self.diagnostics.push(Diagnostic::error(&node.at, format!("no fact is called `{word}`")));
            return;
        }
        let bit = 1 << self.rows.len();
        self.with_names |= if is_true(node, "names") { bit } else { 0 };
        let entry = format!("sentences.yml:{}", node.at.line);
        self.rows.push(Row {
            bit,
            fact,
            reason: text("reason"),
            alone: is_true(node, "alone"),
            names: is_true(node, "names"),
            first: is_true(node, "first"),
            sent: is_true(node, "sent"),
            set: fixed(node),
            entry,
        });
        for stem in node.get("subject").map(texts).unwrap_or_default() {
            self.stem(&stem).subject |= bit;
        }
        for stem in node.get("verdict").map(texts).unwrap_or_default() {
            self.stem(&stem).verdict |= bit;
        }
        for stem in node.get("deed").map(texts).unwrap_or_default() {
            self.stem(&stem).deed |= bit;
        }
        for stem in node.get("whole").map(texts).unwrap_or_default() {
            self.stem(&stem).whole |= bit;
        }
        for stem in node.get("upon").map(texts).unwrap_or_default() {
            self.stem(&stem).upon |= bit;
        }
    }

    fn stem(&mut self, text: &str) -> &mut Stem {
        let next = self.stems.len();
        let index = *self.by_text.entry(text.to_owned()).or_insert(next);
        if index == next {
            self.stems.push(Stem {
                text: text.to_owned(),
                subject: 0,
                verdict: 0,
                deed: 0,
                whole: 0,
                upon: 0,
            });
        }
        &mut self.stems[index]
    }

    /// What the scanner looks for. It ignores the case of ASCII letters only, therefore stems that begin
    /// with another letter are given in both.
    pub(super) fn patterns(&self) -> Vec<(u32, String)> {
        let mut patterns = Vec::new();
        for (index, stem) in self.stems.iter().enumerate() {
            let index = to_u32(index);
            patterns.push((index, stem.text.clone()));
            let mut characters = stem.text.chars();
            if let Some(first) = characters.next().filter(|first| !first.is_ascii()) {
                patterns.push((index, first.to_uppercase().chain(characters).collect()));
            }
        }
        patterns.extend(self.breakers.nouns().iter().map(|noun| (to_u32(self.stems.len()), noun.clone())));
        patterns
    }

    /// Whether a word for a circuit breaker was met.
    #[must_use]
    pub fn mentions_breaker(&self, hits: &Hits) -> bool {
        hits.stems.iter().any(|hit| to_usize(hit.stem) == self.stems.len())
    }

    /// What the message states, if anything.
    #[must_use]
    ///
    /// `is_about_somebody`: the line names a user or an address beside the message.
    pub fn find(&self, message: &str, hits: &Hits, is_about_somebody: bool) -> Option<Sentence<'_>> {
        if !self.may_state(&hits.stems) {
            return None;
        }
        let message = head(message);
        let quoted = quotes::quoted(message);
        let hits: Vec<StemHit> =
            hits.stems.iter().filter(|hit| !quotes::is_inside(&quoted, hit.start)).copied().collect();
        let reader = Reader::new(self, message, &quoted);
        // What somebody sent begins here: behind it nothing is the writer's.
        let mut sent = usize::MAX;
        for (row, pair) in self.pairs(&hits, &reader) {
            let begins = pair[0].start.min(pair[1].start);
            if begins < sent && reader.is_content(&pair) {
                sent = begins;
            }
            if pair[0].end.max(pair[1].end) > sent {
                continue;
            }
            let sentence = reader.read(row, row.fact?, &pair);
            if row.alone || is_about_somebody || sentence.names_somebody() {
                let hits = reader.own(&hits, row);
                if let Some(name) = reader.name_that_states(&hits, row) {
                    sent = sent.min(name);
                    continue;
                }
                let claim = reader.claim(row, &pair);
                let is_vetoed = reader.is_vetoed(&hits, &pair, claim, sentence.name.as_ref());
                return (!is_vetoed).then_some(sentence);
            }
        }
        None
    }

    /// Quickly: a sentence of one row is there at all.
    fn may_state(&self, hits: &[StemHit]) -> bool {
        self.rows_of(hits, |stem| stem.deed | stem.whole | stem.upon) != 0 || self.has_pair(hits)
    }

    /// Whether a subject and a verdict of one row are there.
    fn has_pair(&self, hits: &[StemHit]) -> bool {
        let rows = |set| self.rows_of(hits, set);
        hits.len() > 1 && rows(|stem| stem.subject) & rows(|stem| stem.verdict) != 0
    }

    /// The rows for which one of the stems is there.
    fn rows_of(&self, hits: &[StemHit], set: fn(&Stem) -> u128) -> u128 {
        let stems = hits.iter().filter_map(|hit| self.stems.get(to_usize(hit.stem)));
        stems.fold(0, |bits, stem| bits | set(stem))
    }

    /// The rows of which subject and verdict are close to each other, in their order, and where both stand.
    fn pairs(&self, hits: &[StemHit], reader: &Reader<'_>) -> Vec<(&Row, [Range<usize>; 2])> {
        let mut found: Vec<(u32, [Range<usize>; 2])> = Vec::new();
        let rows_of = |subject: &StemHit, verdict: &StemHit| {
            let of = |hit: &StemHit| self.stems.get(to_usize(hit.stem));
            Some(of(subject)?.subject & of(verdict)?.verdict).filter(|rows| *rows != 0)
        };
        let opening = reader.opening();
        for (hit, stem) in hits.iter().filter_map(|hit| Some((hit, self.stems.get(to_usize(hit.stem))?))) {
            let place = hit.start..hit.end;
            if reader.is_early(hit.start) {
                found.extend(bits(stem.whole).map(|row| (row, [place.clone(), place.clone()])));
            }
            if stem.upon != 0 && reader.is_early(hit.start) && reader.is_upon_address(hit.end) {
                found.extend(bits(stem.upon).map(|row| (row, [place.clone(), place.clone()])));
            }
            if let Some(opening) = opening.as_ref().filter(|opening| opening.deed == hit.start) {
                found.extend(bits(stem.deed).map(|row| (row, [opening.name.clone(), place.clone()])));
            }
        }
        for (subject, verdict) in hits.iter().flat_map(|subject| hits.iter().map(move |hit| (subject, hit))) {
            let Some(mut rows) = rows_of(subject, verdict) else { continue };
            if reader.is_for_somebody(subject, verdict) {
                continue;
            }
            if !reader.is_close(subject, verdict, DISTANCE) {
                let is_near = reader.is_close(subject, verdict, DISTANCE_WITH_NAME);
                rows &= if is_near { self.with_names } else { 0 };
            }
            let place = [subject.start..subject.end, verdict.start..verdict.end];
            found.extend(bits(rows).map(|row| (row, place.clone())));
        }
        found.retain(|(row, pair)| {
            let row = self.rows.get(to_usize(*row));
            row.is_some_and(|row| !row.first || reader.opens(&pair[0]) && pair[1].start > pair[0].start)
        });
        // Of `circuit` and `circuit breaker` at one place the longer one is meant.
        // What stands in the prose is meant before the name of a logger in front of it.
        let is_of_head = |pair: &[Range<usize>; 2]| {
            let before = reader.message.get(..pair[0].start).unwrap_or_default();
            pair[0].start < reader.beginning && before.ends_with('.')
        };
        found.sort_by_key(|(row, pair)| {
            (*row, is_of_head(pair), pair[0].start, std::cmp::Reverse(pair[0].end))
        });
        found.dedup_by_key(|(row, _)| *row);
        found.into_iter().filter_map(|(row, pair)| Some((self.rows.get(to_usize(row))?, pair))).collect()
    }
}

/// The numbers of the rows of a set.
fn bits(mut rows: u128) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let row = rows.trailing_zeros();
        let is_one = rows != 0;
        rows &= rows.wrapping_sub(1);
        is_one.then_some(row)
    })
}

/// Whether a number is none.
fn is_nought(word: &str) -> bool {
    matches!(word, "0") || word.eq_ignore_ascii_case("zero")
}

fn is_true(row: &Node, key: &str) -> bool {
    row.get(key).and_then(Node::scalar_text).as_deref() == Some("true")
}

/// The words of a text and where they begin; signs at their ends are no part of them.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    words_of(text, |_| true)
}

/// The words that are no part of a path or an address of the web.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    words_of(text, |piece| !piece.starts_with('/') && !piece.contains("://"))
}

/// The words of those pieces between white space that `is_read` takes.
fn words_of(text: &str, is_read: fn(&str) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let is_sign = |c: char| !c.is_alphanumeric();
    let pieces = text.split([' ', '\t', '\n']).filter(move |piece| is_read(piece));
    pieces.flat_map(|piece| piece.split(['/', '='])).filter_map(move |piece| {
        let start = offset_in(piece, text);
        let trimmed = piece.trim_start_matches(is_sign);
        let start = start + (piece.len() - trimmed.len());
        let trimmed = trimmed.trim_end_matches(is_sign);
        (!trimmed.is_empty()).then_some((start, trimmed))
    })
}

/// The word at the end of a text, of letters, `-` and `_`.
fn last_word(text: &str) -> Option<&str> {
    let is_sign = |c: char| !(c.is_alphabetic() || c == '-' || c == '_');
    text.rsplit(is_sign).next().filter(|word| !word.is_empty())
}

/// The address that a piece between white space is: with a port, in brackets, or behind a name and `@`.
fn address_in(piece: &str) -> Option<&str> {
    let piece = piece.trim_end_matches(['.', ':', '!', ',']);
    let bare = piece.trim_start_matches('[').trim_end_matches(']');
    let host = piece.rsplit_once('@').map_or(piece, |(_, host)| host);
    [piece, bare, host].into_iter().find(|text| address::address(text).is_some())
}

/// `{UserName}`: a message that was not filled in.
fn is_of_template(word: &str) -> bool {
    word.starts_with('{') && word.ends_with('}')
}

/// `<mallory>` at the end of a text: what follows somebody said. The number of a process, `<0.812.0>`, is nobody.
fn is_behind_nickname(text: &str) -> bool {
    let name = text.strip_suffix('>').and_then(|head| head.rsplit_once('<')).map(|(_, name)| name);
    name.is_some_and(|name| !name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// `1h`, `30min`, `15m`.
fn is_duration(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < word.len() && matches!(unit, "ms" | "s" | "sec" | "m" | "min" | "mins" | "h" | "hrs" | "d")
}

/// As they stand in times that no format knows.
const CALENDAR: [&str; 19] = [
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
    "Sep", "Oct", "Nov", "Dec",
];

/// Where prose begins, behind what programs put before it: times, threads, loggers, labels and parts in brackets.
fn beginning(message: &str) -> usize {
    let mut at = 0;
    while at < HEAD_LIMIT {
        let rest = message.get(at..).unwrap_or_default();
        let piece = rest.split(' ').next().unwrap_or_default();
        let closing = piece.starts_with('[').then(|| rest.find("] ")).flatten();
        let length = closing.map_or(piece.len(), |close| close + 1);
        if rest.len() <= length || closing.is_none() && !is_of_head(piece) {
            return at;
        }
        at += length + 1;
    }
    0
}

/// Whether a piece between white space is no word of a sentence.
fn is_of_head(piece: &str) -> bool {
    let has_digit = piece.bytes().any(|byte| byte.is_ascii_digit());
    let is_calendar = CALENDAR.iter().any(|name| piece.trim_end_matches([',', '.']) == *name);
    let is_shouted = piece.len() > 2 && piece.bytes().all(|byte| byte.is_ascii_uppercase());
    !piece.chars().any(char::is_alphabetic)
        || is_shouted
        || is_calendar
        || piece.contains('=')
        || piece.starts_with(|c: char| c.is_ascii_digit())
        || piece.ends_with([':', ']', '|'])
        || !piece.contains('@') && piece.trim_end_matches('.').contains(['.', '/'])
        || has_digit && piece.contains('-')
}

/// Who opens a clause, and what they did.
struct Opening {
    /// Empty where the name stands in a field.
    name: Range<usize>,
    /// Where the deed begins.
    deed: usize,
}

/// Looks for who, and where from.
struct Reader<'r> {
    table: &'r Sentences,
    message: &'r str,
    /// The message without the case of ASCII letters.
    lower: String,
    quoted: &'r [Range<usize>],
    /// Where prose begins.
    beginning: usize,
}

impl<'r> Reader<'r> {
    fn new(table: &'r Sentences, message: &'r str, quoted: &'r [Range<usize>]) -> Self {
        let beginning = beginning(message);
        Self { table, message, lower: message.to_ascii_lowercase(), quoted, beginning }
    }

    fn read<'s>(&self, row: &'s Row, fact: Fact, pair: &[Range<usize>; 2]) -> Sentence<'s> {
        let (user, target, role) = if fact.is_about_role() {
            let Grant { by, to, role } = Giving::in_words_of(self).grant(pair);
            (by, to, role)
        } else {
            let (user, target) = self.people(row, fact, pair);
            (user, target, None)
        };
        let name = if row.names { self.named(pair) } else { None };
        let (source, contested) = self.address(user.as_ref().map(|name| name.start));
        Sentence {
            fact,
            reason: row.reason.as_deref(),
            entry: &row.entry,
            set: &row.set,
            user: user.filter(|_| !row.names),
            target,
            source,
            contested,
            name,
            role,
        }
    }

    /// Who acts or tries, and whom it is done to where that is another.
    fn people(
        &self,
        row: &Row,
        fact: Fact,
        pair: &[Range<usize>; 2],
    ) -> (Option<Range<usize>>, Option<Range<usize>>) {
        let is_somebody =
            |name: &Range<usize>| !name.is_empty() && address::address(self.text(name)).is_none();
        let opening = || self.opening().map(|opening| opening.name).filter(is_somebody);
        let actor = self.somebody(&self.table.actors).or_else(opening);
        let person = self.somebody(&self.table.people).or_else(|| self.after_colon(pair));
        let person = person.or_else(|| self.owner(pair));
        let person =
            person.or_else(|| Giving::in_words_of(self).object().filter(|_| fact.is_done_to_somebody()));
        let sender = || if row.sent { self.somebody(&self.table.senders) } else { None };
        match (actor, person.or_else(sender)) {
            (Some(actor), Some(person)) if self.text(&actor) != self.text(&person) => {
                (Some(actor), Some(person))
            }
            (actor, person) => (actor.or(person), None),
        }
    }

    fn is_early(&self, place: usize) -> bool {
        place <= self.beginning + BEGINNING
    }

    /// Whether the sentence begins with this.
    fn opens(&self, stem: &Range<usize>) -> bool {
        stem.start == 0 || stem.start == self.beginning
    }

    /// Whether two stems stand near the beginning, and near each other but for names in quotes and paths.
    fn is_close(&self, a: &StemHit, b: &StemHit, distance: usize) -> bool {
        let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
        let Some(between) = self.message.get(first.end..second.start) else { return false };
        if between.len() <= distance || !self.is_early(first.start) {
            return self.is_early(first.start);
        }
        let in_quotes = self.quoted.iter().filter(|part| part.start >= first.end && part.end <= second.start);
        let in_quotes: usize = in_quotes.map(Range::len).sum();
        let is_no_word = |piece: &&str| piece.starts_with(['/', '[']) || address_in(piece).is_some();
        let in_paths: usize = between.split(' ').filter(is_no_word).map(str::len).sum();
        between.len() <= distance + in_quotes + in_paths
    }

    /// Whether the subject is but the person for whom something else was done: `order locked for user mona`.
    fn is_for_somebody(&self, subject: &StemHit, verdict: &StemHit) -> bool {
        let between = self.message.get(verdict.end..subject.start).unwrap_or_default();
        let before = self.message.get(..verdict.start).unwrap_or_default().trim_end();
        let thing = before.rsplit(' ').next().unwrap_or_default();
        between.trim() == "for" && thing.chars().any(char::is_alphabetic) && !self.is_ordinary(thing)
    }

    /// The stems that may hold a word of another world: a word that is a stem by itself is one for its rows only.
    fn own(&self, hits: &[StemHit], row: &Row) -> Vec<StemHit> {
        let is_own = |hit: &&StemHit| {
            let stem = self.table.stems.get(to_usize(hit.stem));
            let is_of_row = stem.is_some_and(|stem| {
                (stem.subject | stem.verdict | stem.deed | stem.whole | stem.upon) & row.bit != 0
            });
            is_of_row || !self.text(&(hit.start..hit.end)).ends_with(' ')
        };
        hits.iter().filter(is_own).copied().collect()
    }

    /// Who opens the message, or a clause of it, and what its bearer did: `alice has logged in`.
    fn opening(&self) -> Option<Opening> {
        let clauses = CLAUSES
            .iter()
            .flat_map(|sign| self.message.match_indices(sign).map(|(at, sign)| at + sign.len()));
        let beginning = Some(self.beginning).filter(|beginning| *beginning > 0);
        let mut starts: Vec<usize> = clauses.filter(|at| self.is_early(*at)).collect();
        starts.sort_unstable();
        [0].into_iter().chain(beginning).chain(starts).find_map(|start| self.opening_at(start))
    }

    fn opening_at(&self, start: usize) -> Option<Opening> {
        let mut pieces = self.message.get(start..)?.split(' ');
        let mut first = pieces.next()?;
        let mut at = start + first.len() + 1;
        for _ in 0..OPENINGS {
            if self.table.openings.contains(&first.to_lowercase()) {
                first = pieces.next()?;
                at += first.len() + 1;
            }
        }
        let name = self.opening_name(first)?;
        for piece in pieces {
            let rest = self.message.get(at..)?;
            let begins =
                |deed: &String| rest.get(..deed.len()).is_some_and(|text| text.eq_ignore_ascii_case(deed));
            if self.table.deeds.iter().any(begins) {
                return Some(Opening { name, deed: at });
            }
            if !self.table.auxiliaries.contains(&piece.to_lowercase()) {
                return None;
            }
            at += piece.len() + 1;
        }
        None
    }

    /// The name, or the address, that the first word of a clause is.
    fn opening_name(&self, first: &str) -> Option<Range<usize>> {
        let start = offset_in(first, self.message);
        // A template: the name stands in a field.
        if is_of_template(first) {
            return Some(start..start);
        }
        if let Some(address) = address_in(first) {
            let start = offset_in(address, self.message);
            let is_whole = address.len() == first.len();
            return (is_whole || first.contains('@')).then(|| start..start + address.len());
        }
        // `q=account unlocked for mona`: a label and its value are nobody.
        let name = self.name_at(start).filter(|name| !self.text(name).contains(['=', ':']))?;
        let ends_clause = first.ends_with([':', ',']);
        (name.len() + 2 >= first.len() && !ends_clause).then_some(name)
    }

    /// `mira's account`
    fn owner(&self, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        let before = self.message.get(..pair[0].start)?.trim_end();
        let name = before.strip_suffix("'s").or_else(|| before.strip_suffix("\u{2019}s"))?;
        let start = name.rfind(' ').map_or(0, |at| at + 1);
        self.name_at(start).filter(|place| place.end <= name.len() + 2).map(|_| start..name.len())
    }

    /// Whether an address follows, perhaps behind a word for what it is: `client 203.0.113.9`.
    fn is_upon_address(&self, place: usize) -> bool {
        let rest = self.message.get(place..).unwrap_or_default();
        let mut pieces = rest.split_whitespace().take(UPON_WORDS);
        let found =
            pieces.find(|piece| !self.table.hosts.contains(&piece.trim_end_matches(':').to_lowercase()));
        found.is_some_and(|piece| address_in(piece.trim_matches(['(', ')', ',', '"', '\''])).is_some())
    }

    /// Where the claim stands. Of a fact that stands without anybody it is the clause of subject and verdict: a
    /// statement, the text of an exception or the name of a step beside it claims nothing.
    fn claim(&self, row: &Row, pair: &[Range<usize>; 2]) -> Range<usize> {
        const SIGNS: [&str; 6] = [": ", "; ", ", and ", ", will ", " - ", "\n"];
        if !row.alone {
            return 0..self.message.len();
        }
        let (start, end) = (pair[0].start.min(pair[1].start), pair[0].end.max(pair[1].end));
        let before = self.message.get(..start).unwrap_or_default();
        let rest = self.message.get(end..).unwrap_or_default();
        let begin = SIGNS.iter().filter_map(|sign| Some(before.rfind(sign)? + sign.len())).max();
        let detail = SIGNS.iter().filter_map(|sign| rest.find(sign)).min();
        begin.unwrap_or(0)..detail.map_or(self.message.len(), |at| end + at)
    }

    /// Whether a word of another world stands in the claim outside of quotes, of the stems, of a name and of
    /// what introduces one.
    fn is_vetoed(
        &self,
        hits: &[StemHit],
        pair: &[Range<usize>; 2],
        claim: Range<usize>,
        name: Option<&Range<usize>>,
    ) -> bool {
        if self.text(&claim).trim_end().ends_with('?') {
            return true;
        }
        let introducing = self.table.people.iter().chain(&self.table.actors);
        let introduced: Vec<Range<usize>> = introducing.flat_map(|word| self.behind(word)).collect();
        let is_denial = |place: usize, word: &str| !is_nought(word) || self.counts(pair, place);
        prose(self.message).filter(|(place, _)| claim.contains(place)).any(|(place, word)| {
            let is_own = hits.iter().any(|hit| (hit.start..hit.end).contains(&place))
                || name.is_some_and(|name| name.contains(&place));
            !is_own
                && !quotes::is_inside(self.quoted, place)
                && !quotes::is_inside(&introduced, place)
                && self.table.veto.contains(&word.to_lowercase())
                && is_denial(place, word)
        })
    }

    /// Whether a nought says how many there are of what the sentence is about: `0 failed logins`, `accounts locked: 0`. Else it
    /// is somebody's number: `customer 0`, `worker-0`.
    fn counts(&self, pair: &[Range<usize>; 2], place: usize) -> bool {
        let is_stem = |at: usize| pair.iter().any(|stem| stem.contains(&at));
        let behind =
            prose(self.message).filter(|(at, _)| *at > place).take(COUNTED).any(|(at, _)| is_stem(at));
        let before = self.message.get(..place).unwrap_or_default().trim_end();
        let label = before.strip_suffix([':', '=']).unwrap_or(before).trim_end();
        let is_number =
            last_word(before).is_some_and(|word| self.table.numbered.contains(&word.to_lowercase()));
        behind && !is_number || label.len() < before.len() && is_stem(label.len().saturating_sub(1))
    }

    /// Whether what stands before the sentence says that somebody sent it: `query=`, `title: `, `<mallory> `. The
    /// service speaks with its own mouth; what it repeats of others states nothing.
    fn is_content(&self, pair: &[Range<usize>; 2]) -> bool {
        let before = self.message.get(..pair[0].start.min(pair[1].start)).unwrap_or_default();
        let has = |words: &HashSet<String>, word: &str| words.contains(&word.to_lowercase());
        let mut labels = before.match_indices(['=', ':']).filter_map(|(at, _)| last_word(before.get(..at)?));
        let direct = before.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '>');
        is_behind_nickname(direct)
            || labels.any(|word| has(&self.table.contents, word))
            || pair.iter().any(|stem| self.is_behind(&self.table.spellings, stem.start))
            || direct.len() < before.trim_end().len()
                && last_word(direct).is_some_and(|word| has(&self.table.values, word))
    }

    /// Whether a place is behind a word that introduces somebody: what stands there is their name.
    fn is_introduced(&self, place: usize) -> bool {
        let introducing = self.table.people.iter().chain(&self.table.actors);
        let mut places = introducing.flat_map(|word| self.behind(word));
        places.any(|found| found.start > 0 && found.end == place && !self.gives_a_reason(found.start))
    }

    /// Whether one of the words stands right before `place`.
    fn is_behind(&self, words: &HashSet<String>, place: usize) -> bool {
        let before = self.message.get(..place).unwrap_or_default();
        let direct = before.trim_end_matches(|c: char| !c.is_alphanumeric());
        last_word(direct).is_some_and(|word| words.contains(&word.to_lowercase()))
    }

    /// Where the sentence, or a second one, begins in place of a name: whoever is called `login successful` has not
    /// logged in.
    fn name_that_states(&self, hits: &[StemHit], row: &Row) -> Option<usize> {
        let of_row = |hit: &StemHit, of: fn(&Stem) -> u128| {
            self.table.stems.get(to_usize(hit.stem)).is_some_and(|stem| of(stem) & row.bit != 0)
        };
        let is_begun_at = |place: usize| {
            let mut own = hits.iter().filter(|hit| hit.start >= place);
            let begins =
                |hit: &StemHit| hit.start == place && of_row(hit, |stem| stem.subject | stem.verdict);
            let subject = own.clone().any(|hit| of_row(hit, |stem| stem.subject));
            let verdict = own.clone().any(|hit| of_row(hit, |stem| stem.verdict));
            subject && verdict && own.any(begins)
        };
        let is_stem = |place: usize| {
            hits.iter().any(|hit| {
                (hit.start..hit.end).contains(&place) && of_row(hit, |stem| stem.subject | stem.verdict)
            })
        };
        let introducing = self.table.people.iter().chain(&self.table.actors);
        introducing
            .flat_map(|word| self.behind(word))
            .filter(|place| place.start > 0 && !is_stem(place.start) && !self.gives_a_reason(place.start))
            .map(|place| place.end)
            .find(|place| is_begun_at(*place))
    }

    /// Whether what follows is why something happened: `because of wrong credentials`.
    fn gives_a_reason(&self, place: usize) -> bool {
        let before = self.lower.get(..place).unwrap_or_default().trim_end();
        REASONS.iter().any(|word| before.ends_with(word))
    }

    fn text(&self, place: &Range<usize>) -> &'r str {
        self.message.get(place.clone()).unwrap_or_default()
    }

    /// The name behind the first of the introducing words that has one. Why something happened is nobody: `because of repeated
    /// failures`.
    fn somebody(&self, introducing: &[String]) -> Option<Range<usize>> {
        introducing.iter().find_map(|word| {
            let mut places = self.behind(word).filter(|place| !self.gives_a_reason(place.start));
            places.find_map(|place| self.name_at(place.end))
        })
    }

    /// Each mention of `word` outside of quotes, up to where the text behind it begins. A label (`user=`) has a sign and
    /// perhaps blanks behind it, whichever the writer likes: `user = `, `User: `, `user[`.
    fn behind<'b>(&'b self, word: &'b str) -> impl Iterator<Item = Range<usize>> + 'b {
        let label = word.strip_suffix('=');
        let text = label.unwrap_or(word);
        let mut from = 0;
        std::iter::from_fn(move || {
            loop {
                let start = from + self.lower.get(from..)?.find(text)?;
                from = start + text.len();
                let before = self.message.get(..start)?.chars().next_back();
                let begins = before.is_none_or(|before| !before.is_alphanumeric() && before != '_');
                let end = if label.is_some() { self.behind_label(from) } else { Some(from) };
                if let Some(end) = end.filter(|_| begins && !quotes::is_inside(self.quoted, start)) {
                    return Some(start..end);
                }
            }
        })
    }

    /// Where the value of a label begins that ends at `place`.
    fn behind_label(&self, place: usize) -> Option<usize> {
        let rest = self.message.get(place..)?;
        let sign = rest.trim_start_matches(' ');
        let value = sign.strip_prefix(['=', ':', '['])?.trim_start_matches(' ');
        Some(place + (rest.len() - value.len()))
    }

    /// The name that begins at `place`: quoted, then it is whole, or a word.
    fn name_at(&self, place: usize) -> Option<Range<usize>> {
        if let Some(quoted) = self.quoted.iter().find(|part| part.start == place + 1) {
            return Some(quoted.clone()).filter(|part| self.is_name(self.text(part), true));
        }
        let rest = self.message.get(place..)?;
        let rest = rest.strip_prefix(['[', '(', '<']).unwrap_or(rest);
        let end = rest.find([' ', ',', ';', '(', ')', '[', ']', '<', '>', '\n', '\t']).unwrap_or(rest.len());
        let name = rest.get(..end)?.trim_end_matches(['.', ':', '!', '?', '"', '\'']);
        let name = name
            .split_once('@')
            .filter(|(_, host)| address_in(host).is_some())
            .map_or(name, |(name, _)| name);
        let name = name.strip_prefix("l'").or(name.strip_prefix("d'")).unwrap_or(name);
        let start = offset_in(name, self.message);
        self.is_name(name, false).then(|| start..start + name.len())
    }

    /// The name of a thing: what guards a database may be called like it.
    fn thing_at(&self, place: usize) -> Option<Range<usize>> {
        let rest = self.message.get(place..)?;
        let end = rest.find([' ', ',', ';', '(', ')', ':', '"', '\'']).unwrap_or(rest.len());
        let name = rest.get(..end)?;
        let is_word = self.table.words.contains(&name.to_lowercase()) || name.is_empty();
        if is_word || self.quoted.iter().any(|part| part.start == place + 1) {
            return self.name_at(place);
        }
        name.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c)).then(|| place..place + end)
    }

    fn is_name(&self, name: &str, quoted: bool) -> bool {
        let usable = !name.is_empty()
            && name.len() <= NAME_LIMIT
            && !is_placeholder(name)
            && !is_of_template(name)
            && (quoted || !name.contains(['{', '}']))
            && name.chars().any(char::is_alphanumeric)
            && address::address(name).is_none();
        usable && (quoted || !(name.contains('/') || self.is_ordinary(name)))
    }

    /// A word of the language, and nobody's name: listed, or one of our own stems.
    fn is_ordinary(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        if self.table.accounts.contains(&lower) {
            return false;
        }
        self.table.words.contains(&lower)
            || self.table.veto.contains(&lower)
            || is_duration(&lower)
            || self.table.stems.iter().any(|stem| lower.starts_with(&stem.text))
            || !lower.chars().any(char::is_alphabetic)
    }

    /// A word that is none of this sentence, and may be the name of a thing: `search circuit breaker is now open`.
    fn is_vetoed_name(&self, place: &Range<usize>) -> bool {
        let lower = self.text(place).to_lowercase();
        self.table.veto.contains(&lower) && lower.len() >= NAME_LEAST && place.start == 0
    }

    /// `Bad credentials: alice (203.0.113.9)`.
    fn after_colon(&self, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        let end = pair[0].end.max(pair[1].end);
        let rest = self.message.get(end..)?;
        let colon = rest.find(": ").filter(|at| *at <= COLON_DISTANCE)?;
        let place = end + colon + 2;
        self.name_at(place).filter(|name| {
            let after = self.message.get(name.end..).unwrap_or_default().trim_start_matches(['"', '\'']);
            let follows = [" (", ",", " from ", " after ", " until ", " due to ", " for "];
            after.is_empty() || follows.iter().any(|begins| after.starts_with(begins))
        })
    }

    /// The address behind a word that introduces one, else the only one outside of quotes; and whether several
    /// are there of which none is certain. `user`: where the name of somebody begins.
    fn address(&self, user: Option<usize>) -> (Option<Range<usize>>, bool) {
        let introduced = self.table.origins.iter().flat_map(|word| self.behind(word));
        let length = self.message.len();
        let mut found: Vec<_> = introduced
            .filter_map(|place| self.address_at(place.end))
            .filter(|place| !quotes::is_inside_unclosed(self.quoted, place.start, length))
            .collect();
        if found.is_empty() {
            let outside = words(self.message).filter(|(place, _)| !quotes::is_inside(self.quoted, *place));
            found.extend(outside.filter_map(|(place, _)| self.address_at(place)));
            // Without a word of what they are, several are nobody's.
            let is_one = found.windows(2).all(|pair| self.text(&pair[0]) == self.text(&pair[1]));
            return (found.into_iter().next().filter(|_| is_one), false);
        }
        let usual = |place: &Range<usize>| {
            address::address(self.text(place)).map(|address| address.ip.to_string()).unwrap_or_default()
        };
        let addresses: Vec<_> = found.into_iter().map(|place| (place.clone(), usual(&place))).collect();
        match own_address(self.message, &addresses, user) {
            Own::This(index) => (addresses.get(index).map(|(place, _)| place.clone()), false),
            own => (None, own == Own::Contested),
        }
    }

    fn address_at(&self, place: usize) -> Option<Range<usize>> {
        let rest = self.message.get(place..)?;
        let inside = rest.trim_start_matches(['(', '"', '\'', '`', '<', '/']);
        let end = inside
            .find([' ', ',', ';', ')', '(', '"', '\'', '`', '>', '|', '\n', '\t'])
            .unwrap_or(inside.len());
        let text = address_in(inside.get(..end)?)?;
        let start = offset_in(text, self.message);
        Some(start..start + text.len())
    }

    /// The name of what the sentence is about: behind the subject, quoted or not, else before it.
    fn named(&self, pair: &[Range<usize>; 2]) -> Option<Range<usize>> {
        let subject = &pair[0];
        let behind = self.message.get(subject.end..)?;
        let skipped = behind.len() - behind.trim_start_matches([' ', ':', '=', '(']).len();
        let place = subject.end + skipped;
        let after_word = || self.behind("for ").find_map(|place| self.thing_at(place.end));
        self.thing_at(place).filter(|name| !pair[1].contains(&name.start)).or_else(after_word).or_else(|| {
            let before = self.message.get(..subject.start)?.trim_end();
            let start = before.rfind(' ').map_or(0, |at| at + 1);
            let name = start..before.len();
            let is_thing = self.name_at(start).as_ref() == Some(&name) || self.is_vetoed_name(&name);
            is_thing.then_some(name)
        })
    }
}
