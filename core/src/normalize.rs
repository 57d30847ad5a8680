//! Canonical fields: whatever a source calls a thing, rules, index and screen find it under its
//! Elastic Common Schema name.
//!
//! Every field of the line keeps its own name. Beside it, a field with the canonical name and
//! [`Origin::Canonical`] is appended, which points at the same bytes wherever the value needs no
//! change. What a name means is looked up once per path and remembered ([`alias`]); per event there is
//! one array access a field. Ambiguous names are decided by their values ([`value`]).
//!
//! Units and words after this stage: `event.duration` is an integer in nanoseconds (ECS), `log.level` one of
//! [`LogLevel`]'s words, `event.outcome` is `success` or `failure`, `source.ip` has no port and is written
//! the usual way, `soctop.breaker.state` is `closed`, `open` or `half_open`.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod alias;
mod apply;
mod benign;
mod carry;
pub mod context;
mod id;
mod identity;
mod literal;
mod logsource;
mod message;
mod network;
mod overrides;
mod part;
mod redact;
mod rendered;
mod request;
mod stray;
mod until;
mod value;

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use alias::{Claim, ROLES, Role};
pub use benign::Benign;
use carry::Carry;
use context::{Context, Limits};
use logsource::LogSources;
use message::Fact;
pub use overrides::{FieldTarget, Overrides};
use part::Part;
pub use redact::{Class, Emails, Redaction, RedactionCounters, Redactor};
use request::RequestLine;
use stray::Strays;
use value::Scale;

use crate::attack::{Place, Scanner, Verdict};
use crate::event::address;
pub use crate::event::address::Network;
use crate::event::number::{offset_in, to_u8, to_u32, to_usize};
use crate::event::stamp::{self, Completion, Stamp};
use crate::event::{
    Event, Field, Flags, Format, Kind, LogLevel, Nanos, Origin, Outcome, PathId, Paths, SEARCHED_FIELDS,
    SourceId, Span, TimeQuality, Timestamp, Zone, canonical,
};
use crate::facts::echo::Echoes;
use crate::facts::ends::{Begin, Lasting};
use crate::facts::own::{Own, own_address};
use crate::facts::{BreakerChange, BreakerState, BreakerWords, Marks, Reader, Vocabulary};

/// How a [`Normalizer`] reads what the lines leave open.
#[derive(Clone, Debug)]
pub struct Options {
    /// Zone of timestamps that name none.
    pub zone: Zone,
    /// Year of the first timestamp of a source where they have none; `None`: the arrival gives it.
    pub year: Option<i32>,
    /// How far ahead of the arrival an event time may lie before it is `Future`; `None`: as far as it likes
    /// (replay, where the arrival says nothing).
    pub max_skew: Option<Nanos>,
    /// What the events lose on their way out, see [`Redactor`].
    pub redaction: Redaction,
    /// How much is remembered of a correlation id, to fill in what its other events lack.
    pub context: Limits,
    /// What is known to be harmless; the first that holds names an event.
    pub benign: Arc<[Benign]>,
    /// What is configured about single fields; `None` costs nothing.
    pub overrides: Option<Overrides>,
    /// How products say what happened.
    pub vocabulary: Arc<Vocabulary>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            zone: Zone::default(),
            year: None,
            max_skew: Some(5 * crate::event::MINUTE),
            redaction: Redaction::default(),
            context: Limits::default(),
            benign: Arc::default(),
            overrides: None,
            vocabulary: Vocabulary::bundled(),
        }
    }
}

impl Options {
    /// Whether what came before in a source tells what a timestamp means.
    #[must_use]
    pub fn needs_order(&self) -> bool {
        matches!(self.zone, Zone::Named(_)) || self.year.is_some()
    }
}

/// Gives events their canonical fields. One per thread.
pub struct Normalizer {
    paths: Paths,
    options: Options,
    /// By path: [`UNKNOWN`], [`NOTHING`], or [`FIRST_LIST`] plus an index of `known_paths`.
    known: Vec<u32>,
    known_paths: Vec<Meaning>,
    best: [Candidate; ROLES],
    /// Indexes of the fields that are named like an id.
    ids: Vec<u32>,
    /// What the message says, for canonical fields that the line itself leaves empty.
    said: Vec<(PathId, Said)>,
    /// Fields that hold parts of a request beside its target: body, cookies.
    request_parts: [PathId; REQUEST_PARTS.len()],
    /// [`OTHER_HEADERS`].
    other_headers: PathId,
    /// Fields of writers that take a time apart: date, clock, zone.
    date_and_clock: [PathId; 3],
    /// [`network::FIELD`].
    network: PathId,
    /// [`benign::FIELD`].
    benign: PathId,
    decoded: Vec<u8>,
    /// Paths of the event that are no text of the client's, but what servers read in it.
    plain_paths: usize,
    scanner: Scanner,
    logsources: LogSources,
    carry: Carry,
    strays: Strays,
    facts: Reader,
    attempts: Echoes,
    context: Context,
    /// Newest time by source, kept only where it decides what a timestamp means.
    latest: HashMap<SourceId, Timestamp>,
}

/// What the name of a path says.
struct Meaning {
    claims: Vec<Claim>,
    /// The bit of a canonical field, see [`Found::claimed`].
    canonical: u128,
    marks: u16,
    /// Products that are recognised by it.
    products: Marks,
    /// What the field holds of a request.
    part: Option<Part>,
}

impl Meaning {
    fn says_nothing(&self) -> bool {
        self.claims.is_empty()
            && self.canonical == 0
            && self.marks == 0
            && self.products.is_empty()
            && self.part.is_none()
    }
}

/// A fact of a message: a piece of it, or text of its own.
enum Said {
    Part(Span),
    Text(Cow<'static, str>),
    Number(i64),
}

/// Names under which proxies and applications log what a request carried.
const REQUEST_PARTS: [&str; 6] =
    ["request_body", "http.request.body.content", "http_cookie", "cookie", "cs-cookie", "request_headers"];

/// What else a server adds to its access log in quotes.
const OTHER_HEADERS: &str = "request_headers.other";

/// Headers that every access log has, and that applications copy into queries, pages and look-ups. The name of basic
/// authentication is one of them: nobody has to have it to send it.
const REQUEST_HEADERS: [(Role, PathId); 4] = [
    (Role::UserAgent, canonical::USER_AGENT),
    (Role::Referrer, canonical::HTTP_REFERRER),
    (Role::ForwardedFor, canonical::CLIENT_FORWARDED_FOR),
    (Role::UserName, canonical::USER_NAME),
];

/// The best field for a role so far.
#[derive(Clone, Copy)]
struct Candidate {
    /// Stands in the wrapper of a line: what the line itself says comes first.
    outer: bool,
    rank: u8,
    field: Field,
}

/// An address that was read.
#[derive(Clone, Copy)]
struct FoundAddress {
    ip: IpAddr,
    /// Where the address stands in its usual form.
    plain: Option<Span>,
    port: Option<Span>,
}

/// What one pass over the fields of an event found.
#[derive(Clone, Copy)]
struct Found {
    /// Bit set of [`Role`]s that have a candidate.
    roles: u64,
    /// Bit set of canonical fields that the line itself has.
    claimed: u128,
    /// Signs of a known writer, see [`logsource`].
    marks: u16,
    products: Marks,
    time: Option<Stamp>,
    /// Of [`Role::Level`].
    level: LogLevel,
    /// Of [`Role::SourceIp`].
    address: FoundAddress,
    /// The peer was a socket of this host.
    local_peer: bool,
    /// What a client sent instead of a request.
    odd_request: Option<Span>,
}

const NO_ADDRESS: FoundAddress =
    FoundAddress { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), plain: None, port: None };

impl Found {
    fn has(&self, role: Role) -> bool {
        self.roles & role.bit() != 0
    }

    /// Whether the line itself has the canonical field.
    fn claims(&self, path: PathId) -> bool {
        1u128.checked_shl(path.0).is_some_and(|bit| self.claimed & bit != 0)
    }
}

const NO_FIELD: Field =
    Field { path: PathId::OVERFLOW, span: Span { start: 0, len: 0 }, kind: Kind::Null, origin: Origin::Line };

impl Normalizer {
    #[must_use]
    pub fn new(paths: Paths, options: Options) -> Self {
        let request_parts = REQUEST_PARTS.map(|name| paths.intern(name));
        let other_headers = paths.intern(OTHER_HEADERS);
        let date_and_clock = ["date", "time", "tz"].map(|name| paths.intern(name));
        let network = paths.intern(network::FIELD);
        let benign = paths.intern(benign::FIELD);
        Self {
            facts: Reader::new(&paths, Arc::clone(&options.vocabulary)),
            attempts: Echoes::default(),
            paths,
            context: Context::new(options.context),
            carry: Carry::default(),
            strays: Strays::default(),
            options,
            request_parts,
            other_headers,
            date_and_clock,
            network,
            benign,
            said: Vec::new(),
            decoded: Vec::new(),
            plain_paths: 0,
            scanner: Scanner::default(),
            known: Vec::new(),
            known_paths: Vec::new(),
            logsources: LogSources::default(),
            best: [Candidate { outer: false, rank: 0, field: NO_FIELD }; ROLES],
            ids: Vec::new(),
            latest: HashMap::new(),
        }
    }

    /// Reads what lines state by other words from now on.
    pub fn exchange_vocabulary(&mut self, vocabulary: &Arc<Vocabulary>) {
        self.options.vocabulary = Arc::clone(vocabulary);
        self.facts = Reader::new(&self.paths, Arc::clone(vocabulary));
        // Which products a path is a sign of is known anew.
        self.known.clear();
        self.known_paths.clear();
    }

    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Both steps at once, for events that come in their final order.
    #[cfg(test)]
    pub(crate) fn normalize(&mut self, event: &mut Event, arrival: Timestamp) {
        self.translate(event, arrival);
        self.join(event);
    }

    /// Fills in what other events with the same correlation id know. Call it in the order of the events.
    pub fn join(&mut self, event: &mut Event) {
        self.context.join(event);
        identity::relate(event, self.options.redaction.emails != Emails::Pseudonyms);
        network::relate(event, self.network);
        benign::mark(event, self.benign, &self.options.benign);
        self.count_attempts(event);
    }

    /// [`Normalizer::read`] and [`Normalizer::follow`] at once, for events of a source that come in their order.
    pub fn translate(&mut self, event: &mut Event, arrival: Timestamp) {
        self.read(event, arrival);
        self.follow(event);
    }

    /// Says what is remarkable about an event after those before it in its source. Call it once for each event, in their
    /// order.
    pub fn follow(&mut self, event: &mut Event) {
        self.carry.follow(event);
        self.strays.follow(event);
        push_flags(event);
    }

    /// A source has ended: nothing of it is remembered.
    pub fn forget(&mut self, source: SourceId) {
        self.strays.forget(source);
    }

    /// Adds the canonical fields, `meta.time` and `meta.time_quality`; what was read stays as it is, but for the fields of a
    /// line whose head the vocabulary knows better. `arrival` (UTC)
    /// completes timestamps without a year and bounds those of the future. Looks at nothing but
    /// this event, unless [`Options::needs_order`].
    pub fn read(&mut self, event: &mut Event, arrival: Timestamp) {
        event.meta.flags.set_if(event.fields().len() > SEARCHED_FIELDS, Flags::UNSEARCHED);
        let completion = self.completion(event.meta.source, arrival);
        self.facts.take_head(event);
        if let Some(overrides) = &self.options.overrides {
            overrides.hide_ids(event);
        }
        let mut found = self.survey(event, completion);
        self.leave_to_client(&mut found);
        if found.has(Role::Message) {
            self.render_message(event);
        }
        self.set_time(event, found.time, arrival);
        self.set_ids(event, &found);
        self.scan_message(event, &found);
        self.read_message(event, &found);
        let mut roles = found.roles;
        while roles != 0 {
            if let Some(role) = Role::ALL.get(to_usize(roles.trailing_zeros())) {
                self.fill(*role, event, &found);
            }
            roles &= roles - 1;
        }
        if event.meta.flags.has(Flags::DUPLICATE_KEYS) {
            self.fill_again(event, &found);
        }
        self.fill_from_message(event, &found, false);
        self.state_facts(event, &found);
        self.fill_from_message(event, &found, true);
        let from_message = self.said.iter().any(|(path, _)| *path == canonical::URL_PATH);
        let has_target = from_message || found.roles & REQUEST_ROLES != 0;
        self.plain_paths = if has_target { add_plain_paths(event) } else { 0 };
        self.state_answer(event, &found);
        self.state_end(event, &found, arrival);
        set_silent_level(event, &found);
        if has_target || found.odd_request.is_some() || found.marks & logsource::REQUEST_PART != 0 {
            self.decode_request(event, &found);
            self.scan_request(event, &found);
        }
        let is_answered = found.roles & REQUEST_ROLES != 0 && found.has(Role::Status);
        self.logsources.assign(event, found.marks, is_answered);
        if let Some(overrides) = &self.options.overrides {
            overrides.complete(event);
        }
    }

    /// Adds when a lock, block, limit or open breaker ends, where the line says so of one that it states.
    fn state_end(&self, event: &mut Event, found: &Found, arrival: Timestamp) {
        let mut facts = self.facts.stated().statements.iter().map(|statement| statement.fact);
        let Some(what) = facts.find_map(Lasting::begun_by) else { return };
        let time = event.meta.time.filter(|_| event.meta.time_quality != TimeQuality::Future);
        let time = time.unwrap_or(arrival);
        let written = found.has(Role::Time).then(|| event.text(self.best[Role::Time.index()].field.span));
        let zone = written.and_then(until::written_zone).unwrap_or(self.options.zone);
        let completion = Completion { zone, year: None, arrival: time, latest: None };
        let end = until::stated(event, &self.paths.read(), Begin { what, time, completion });
        if let Some(end) = end {
            let span = event.append_text(&end.to_string());
            put(event, found, canonical::FACT_UNTIL, Kind::String, span);
        }
    }

    /// Makes the message of a line that has but the template of one.
    fn render_message(&mut self, event: &mut Event) {
        let field = self.best[Role::Message.index()].field;
        // Nearly no message is a template; of those the name is not asked for.
        if !event.text(field.span).contains('{') {
            return;
        }
        let rendered = rendered::message(event, &self.paths.read(), field);
        if let Some(rendered) = rendered {
            let span = event.append_text(&rendered);
            self.best[Role::Message.index()].field = Field { span, origin: Origin::Canonical, ..field };
        }
    }

    fn completion(&self, source: SourceId, arrival: Timestamp) -> Completion {
        let latest = if self.options.needs_order() { self.latest.get(&source).copied() } else { None };
        Completion { zone: self.options.zone, year: self.options.year, arrival, latest }
    }

    /// Remembers what the message says.
    fn read_message(&mut self, event: &Event, found: &Found) {
        self.said.clear();
        if !found.has(Role::Message) {
            return;
        }
        let span = self.best[Role::Message.index()].field.span;
        let text = event.text(span);
        // An object is data, and so is one at the end of a sentence.
        let text =
            memchr::memmem::find(text.as_bytes(), b"{\"").and_then(|at| text.get(..at)).unwrap_or(text);
        let logger_span = found.has(Role::Logger).then(|| self.best[Role::Logger.index()].field.span);
        let logger = logger_span.map_or("", |span| event.text(span));
        let said = &mut self.said;
        message::read(text, self.facts.stated().phrases(), logger, |fact| {
            said.push(match fact {
                Fact::Word(path, word) => (path, Said::Text(Cow::Borrowed(word))),
                Fact::Text(path, text) => (path, Said::Text(Cow::Owned(text))),
                Fact::Number(path, number) => (path, Said::Number(number)),
                Fact::Part(path, piece) => {
                    let inside = part(text, span, piece);
                    let outside = logger_span.map(|span| part(logger, span, piece));
                    let span = if inside.len > 0 { inside } else { outside.unwrap_or_default() };
                    (path, Said::Part(span))
                }
            });
        });
        self.say_breaker(span, text);
    }

    /// What the message says of a circuit breaker.
    fn say_breaker(&mut self, span: Span, text: &str) {
        let Some(sentence) = self.facts.breaker_in(text) else { return };
        if let Some(name) = sentence.name {
            let name = Span { start: span.start + to_u32(name.start), len: to_u32(name.len()) };
            self.said.push((canonical::BREAKER_NAME, Said::Part(name)));
        }
        if let Some(state) = sentence.change.and_then(BreakerChange::state) {
            self.said.push((canonical::BREAKER_STATE, Said::Text(Cow::Borrowed(state.word()))));
        }
    }

    /// Adds what only the message says. The first mention counts. A line of no known format may have been
    /// forged whole, by a newline in somebody's input: it says nothing about who did something.
    /// People and addresses come apart and last: the words of a product know them better.
    fn fill_from_message(&self, event: &mut Event, found: &Found, whom: bool) {
        let trusted = event.meta.format != Format::Plain;
        let is_contested = self.facts.stated().statements.iter().any(|statement| statement.contested);
        for (path, said) in &self.said {
            let breaker = matches!(*path, canonical::BREAKER_NAME | canonical::BREAKER_STATE);
            let is_whom = matches!(*path, canonical::USER_NAME | canonical::SOURCE_IP);
            let is_known =
                whom && self.facts.stated().is_known_speaker || is_contested && *path == canonical::SOURCE_IP;
            if is_whom != whom || is_known || !(trusted || breaker) || has_value(event, *path) {
                continue;
            }
            let kind = match *path {
                canonical::HTTP_STATUS | canonical::EVENT_DURATION => Kind::Number,
                _ => Kind::String,
            };
            let span = match said {
                Said::Part(span) => *span,
                Said::Text(text) => event.append_text(text),
                Said::Number(number) => append_number(event, *number),
            };
            put(event, found, *path, kind, span);
        }
    }

    /// Adds the decoded request where there is anything in it that could be a payload.
    fn decode_request(&mut self, event: &mut Event, found: &Found) {
        self.decoded.clear();
        self.decode_targets(event);
        if let Some(odd) = found.odd_request {
            self.decoded.push(b'\n');
            request::decode(event.text(odd), &mut self.decoded);
        }
        for (role, header) in REQUEST_HEADERS {
            if found.has(role)
                && let Some(text) = event.get(header).filter(|text| request::is_strange_header(text))
            {
                self.decoded.push(b'\n');
                request::decode(text, &mut self.decoded);
            }
        }
        let has_parts = found.marks & logsource::REQUEST_PART != 0;
        if has_parts {
            for text in event.all(self.other_headers).filter(|text| request::is_strange_header(text)) {
                self.decoded.push(b'\n');
                request::decode(text, &mut self.decoded);
            }
        }
        for part in self.request_parts.into_iter().filter(|_| has_parts) {
            if let Some(text) = event.get(part).filter(|text| text.len() > 1 && *text != "null") {
                self.decoded.push(b'\n');
                request::decode(text, &mut self.decoded);
            }
        }
        if !self.decoded.is_empty() {
            let text = String::from_utf8_lossy(&self.decoded);
            event.push_text(canonical::REQUEST_DECODED, Kind::String, &text, Origin::Canonical);
        }
    }

    /// Path and query, decoded; where a key stood twice, all of them.
    fn decode_targets(&mut self, event: &Event) {
        let values = |path| event.fields().iter().rev().filter(move |field| field.path == path);
        let (path, query) = self.target(event);
        if !request::is_plain(path, query) {
            request::decode(path, &mut self.decoded);
            if !query.is_empty() {
                self.decoded.push(b'?');
                request::decode(query, &mut self.decoded);
            }
        }
        if event.meta.flags.has(Flags::DUPLICATE_KEYS) {
            for path in [canonical::URL_PATH, canonical::URL_QUERY] {
                for field in values(path).skip(1) {
                    self.decoded.push(b'\n');
                    request::decode(event.text(field.span), &mut self.decoded);
                }
            }
        }
    }

    /// Path and query as the client sent them.
    fn target<'e>(&self, event: &'e Event) -> (&'e str, &'e str) {
        let last = |path, skip| {
            let field = event.fields().iter().rev().filter(|field| field.path == path).nth(skip);
            field.map_or("", |field| event.text(field.span))
        };
        (last(canonical::URL_PATH, self.plain_paths), last(canonical::URL_QUERY, 0))
    }

    /// Looks for attacks in what the request carried, value by value, and says what was found.
    fn scan_request(&mut self, event: &mut Event, found: &Found) {
        let (path, query) = self.target(event);
        let scanner = &mut self.scanner;
        scanner.path(path);
        scanner.parameters(Place::Query, query);
        if let Some(odd) = found.odd_request {
            scanner.body(event.text(odd));
        }
        if event.meta.flags.has(Flags::DUPLICATE_KEYS) {
            for field in event.fields() {
                match field.path {
                    canonical::URL_PATH => scanner.path(event.text(field.span)),
                    canonical::URL_QUERY => scanner.parameters(Place::Query, event.text(field.span)),
                    _ => {}
                }
            }
        }
        if let Some(agent) = event.get(canonical::USER_AGENT).filter(|text| request::is_strange_header(text))
        {
            scanner.named(Place::Agent, "", agent);
        }
        if found.has(Role::ForwardedFor) {
            for text in
                event.all(canonical::CLIENT_FORWARDED_FOR).filter(|text| !request::is_address_list(text))
            {
                scanner.named(Place::Header, "x-forwarded-for", text);
            }
        }
        if found.has(Role::UserName)
            && let Some(user) =
                event.get(canonical::USER_NAME).filter(|text| request::is_strange_header(text))
        {
            scanner.named(Place::Header, "user", user);
        }
        if let Some(referer) = event.get(canonical::HTTP_REFERRER) {
            match referer.split_once('?') {
                Some((_, query)) => scanner.parameters(Place::Referer, query),
                None if request::is_strange_header(referer) => scanner.named(Place::Referer, "", referer),
                None => {}
            }
        }
        if found.marks & logsource::REQUEST_PART != 0 {
            let is_request = found.roles & (REQUEST_ROLES | Role::Method.bit()) != 0;
            for field in event.fields() {
                let list = self.known.get(field.path.index()).copied().unwrap_or(UNKNOWN);
                let meaning = self.known_paths.get(to_usize(list.wrapping_sub(FIRST_LIST)));
                if let Some(part) = meaning.and_then(|meaning| meaning.part.as_ref())
                    && (field.kind == Kind::String || part.is_operator())
                {
                    part.scan(event.text(field.span), is_request, scanner);
                }
            }
        }
        event.meta.flags.set_if(scanner.is_partial(), Flags::OUT_OF_BOUNDS);
        if let Some(verdict) = scanner.finish() {
            push_verdict(event, &verdict);
        }
    }

    /// One pass over the fields of the line: the best candidate for every role.
    fn survey(&mut self, event: &Event, completion: Completion) -> Found {
        let mut found = Found {
            roles: 0,
            claimed: 0,
            marks: 0,
            products: Marks::default(),
            time: None,
            level: LogLevel::Unknown,
            address: NO_ADDRESS,
            local_peer: false,
            odd_request: None,
        };
        let mut calendar_end = 0;
        self.ids.clear();
        let inner_fields = to_usize(event.meta.inner_fields);
        for (index, field) in event.fields().iter().enumerate() {
            let outer = inner_fields != 0 && index >= inner_fields;
            let list = match self.known.get(field.path.index()) {
                Some(&NOTHING) => continue,
                Some(&UNKNOWN) | None => self.learn(field.path),
                Some(list) => *list,
            };
            let Some(list) = self.known_paths.get(to_usize(list.wrapping_sub(FIRST_LIST))) else { continue };
            if field.origin == Origin::Quoted {
                continue;
            }
            let breakers = self.options.vocabulary.sentences().breakers();
            found.claimed |= list.canonical;
            found.marks |= list.marks;
            found.products.add(&list.products);
            for claim in &list.claims {
                if claim.role == Role::Id {
                    self.ids.push(to_u32(index));
                    continue;
                }
                let slot = &mut self.best[claim.role.index()];
                if found.has(claim.role) && (slot.outer, slot.rank) <= (outer, claim.rank) {
                    continue;
                }
                let text = event.text(field.span);
                match claim.role {
                    // What stands in an array of calendar fields is no time of its own.
                    Role::Time if field.span.start < calendar_end => continue,
                    Role::Time => {
                        if field.kind == Kind::Array {
                            calendar_end = field.span.start + field.span.len;
                        }
                        let Some(stamp) = read_time(text, field.kind, completion) else { continue };
                        found.time = Some(stamp);
                    }
                    Role::Level => {
                        let Some(level) = read_level(text, field.kind) else { continue };
                        found.level = level;
                    }
                    Role::SourceIp => {
                        let Some(address) = read_address(text, field) else {
                            found.local_peer |= field.kind == Kind::String && address::is_local_peer(text);
                            continue;
                        };
                        found.address = address;
                    }
                    Role::RequestLine if !accepts(*claim, field.kind, text, breakers) => {
                        found.odd_request = found.odd_request.or_else(|| odd_request(text, field));
                        continue;
                    }
                    _ if accepts(*claim, field.kind, text, breakers) => {}
                    _ => continue,
                }
                found.roles |= claim.role.bit();
                *slot = Candidate { outer, rank: claim.rank, field: *field };
            }
        }
        if found.time.is_none() {
            found.time = self.date_and_clock(event, completion);
        }
        found
    }

    /// The time of writers that put date and clock, and perhaps the zone, into a field each.
    fn date_and_clock(&self, event: &Event, completion: Completion) -> Option<Stamp> {
        let [date, clock, zone] = self.date_and_clock.map(|path| event.get(path));
        let (date, clock) = (date.filter(|text| text.len() <= 16)?, clock.filter(|text| text.len() <= 24)?);
        let zone = zone.filter(|text| text.len() <= 6).unwrap_or_default();
        stamp::parse(&format!("{date} {clock}{zone}"), completion)
    }

    /// Looks a path up for the first time; returns its entry in `known`.
    #[cold]
    fn learn(&mut self, path: PathId) -> u32 {
        if path == PathId::OVERFLOW {
            return NOTHING;
        }
        let names = self.paths.read();
        let name = names.name(path);
        let is_canonical = path.index() < canonical::NAMES.len();
        let mut claims = alias::claims(name);
        if let Some(overrides) = &self.options.overrides {
            overrides.apply(name, &mut claims);
        }
        let part = part::of(name);
        let mark = if part.is_some() { logsource::REQUEST_PART } else { 0 };
        let meaning = Meaning {
            claims,
            canonical: if is_canonical { 1 << path.index() } else { 0 },
            marks: logsource::marks(name) | mark,
            products: self.facts.mark_of(name),
            part,
        };
        drop(names);
        let list = if meaning.says_nothing() {
            NOTHING
        } else {
            self.known_paths.push(meaning);
            to_u32(self.known_paths.len()) - 1 + FIRST_LIST
        };
        if self.known.len() <= path.index() {
            self.known.resize(path.index() + 1, UNKNOWN);
        }
        if let Some(known) = self.known.get_mut(path.index()) {
            *known = list;
        }
        list
    }

    fn set_time(&mut self, event: &mut Event, stamp: Option<Stamp>, arrival: Timestamp) {
        let Some(stamp) = stamp else {
            event.meta.time = None;
            event.meta.time_quality = TimeQuality::Absent;
            return;
        };
        event.meta.time = Some(stamp.time);
        if self.options.needs_order() {
            self.remember_time(event.meta.source, stamp.time);
        }
        let ahead = self.options.max_skew.is_some_and(|skew| stamp.time.since(arrival) > skew);
        event.meta.time_quality = if ahead { TimeQuality::Future } else { stamp.quality };
    }

    #[cold]
    fn remember_time(&mut self, source: SourceId, time: Timestamp) {
        if self.latest.len() >= SOURCES_IN_ORDER && !self.latest.contains_key(&source) {
            self.latest.clear();
        }
        let latest = self.latest.entry(source).or_insert(time);
        *latest = (*latest).max(time);
    }

    /// Whether the configuration says that the field holds ids, not only its name.
    fn is_configured_id(&self, path: PathId) -> bool {
        let configured = Claim { role: Role::Id, rank: alias::CONFIGURED };
        let list = self.known.get(path.index()).copied().unwrap_or(UNKNOWN);
        let meaning = self.known_paths.get(to_usize(list.wrapping_sub(FIRST_LIST)));
        meaning.is_some_and(|meaning| meaning.claims.contains(&configured))
    }

    /// Every id that the event carries, once each: from the fields named like one, then from the message.
    fn set_ids(&mut self, event: &mut Event, found: &Found) {
        let from = event.fields().len();
        let named = found.claimed & 1 << canonical::CORRELATION_ID.index() != 0;
        for index in self.ids.iter().take(ID_FIELD_LIMIT) {
            let index = to_usize(*index);
            let Some(field) = event.fields().get(index).copied() else { continue };
            let text = event.text(field.span);
            let numbers = field.kind == Kind::Number
                && (text.len() >= NUMERIC_ID_LENGTH || self.is_configured_id(field.path));
            let usable = field.kind == Kind::String || numbers;
            let id = if usable { id::of_value(text) } else { None };
            let own = field.path == canonical::CORRELATION_ID;
            match id {
                Some(Cow::Borrowed(id)) if own && id.len() == text.len() => {}
                Some(Cow::Borrowed(id)) => {
                    let span = part(text, field.span, id);
                    add_id(event, from, span, named);
                }
                Some(Cow::Owned(id)) => {
                    let span = event.append_text(&id);
                    add_id(event, from, span, named);
                }
                // A placeholder under the canonical name must not become a key.
                None if own => event.shadow(index, "correlation.id"),
                None => {}
            }
        }
        let trusts_messages = self.options.overrides.as_ref().is_none_or(|known| !known.distrusts_messages());
        if found.has(Role::Message) && trusts_messages {
            let message = self.best[Role::Message.index()].field.span;
            let mut spans = [Span::default(); 4];
            let mut count = 0;
            let text = event.text(message);
            let sentence = text.as_bytes().iter().any(|byte| matches!(byte, b' ' | b'[' | b'='));
            id::in_message(if sentence { text } else { "" }, |id| {
                if let Some(slot) = spans.get_mut(count) {
                    *slot = part(text, message, id);
                    count += 1;
                }
            });
            for span in spans.iter().take(count) {
                let span = match id::of_value(event.text(*span)) {
                    Some(Cow::Owned(id)) => event.append_text(&id),
                    Some(Cow::Borrowed(id)) => part(event.text(*span), *span, id),
                    None => continue,
                };
                add_id(event, from, span, named);
            }
        }
    }

    /// Gives the event the canonical field for a role that has a candidate.
    fn fill(&mut self, role: Role, event: &mut Event, found: &Found) {
        let field = self.best[role.index()].field;
        match role {
            Role::Time | Role::Id => {}
            Role::Level => set_word(event, found, canonical::LOG_LEVEL, field, found.level.word()),
            Role::SyslogLevel if !found.has(Role::Level) => set_level(event, found, field, Scale::Syslog),
            Role::OtelLevel if !found.has(Role::Level) => {
                set_level(event, found, field, Scale::OpenTelemetry)
            }
            Role::PythonLevel if !found.has(Role::Level) => set_level(event, found, field, Scale::Python),
            Role::SyslogLevel | Role::OtelLevel | Role::PythonLevel => {}
            Role::Outcome => set_outcome(event, found, field),
            Role::Milliseconds => set_duration(event, found, field, value::MILLISECOND),
            Role::Seconds if !found.has(Role::Milliseconds) => {
                set_duration(event, found, field, value::SECOND);
            }
            Role::Microseconds => set_duration(event, found, field, value::MICROSECOND),
            Role::Nanoseconds => set_duration(event, found, field, value::NANOSECOND),
            Role::Seconds => {}
            Role::SourceIp if event.meta.format == Format::Logfmt => self.set_written_address(event, found),
            Role::SourceIp => self.set_address(event, found, field, found.address),
            Role::Path => set_path(event, found, field),
            Role::RequestLine => set_request_line(event, found, field),
            Role::UserName if self.is_named_by_message() => {}
            Role::BreakerName => self.set_breaker_name(event, found),
            Role::BreakerState => self.set_breaker_state(event, found),
            _ => {
                if let Some(target) = target(role) {
                    set(event, found, target, field.kind, field.span, field.path);
                }
            }
        }
    }

    /// Of pairs a value may hold what looks like the next ones, so that a client's own address stands there twice.
    fn set_written_address(&self, event: &mut Event, found: &Found) {
        let field = self.best[Role::SourceIp.index()].field;
        let named = event.fields().iter().filter(|other| other.path == field.path);
        let told: Vec<Field> =
            named.filter(|field| read_address(event.text(field.span), field).is_some()).copied().collect();
        if told.len() < 2 {
            return self.set_address(event, found, field, found.address);
        }
        let line = event.raw_span();
        let place = |span: Span| {
            let start = to_usize(span.start.saturating_sub(line.start));
            start..start + to_usize(span.len)
        };
        let usual =
            |field: &Field| address::address(event.text(field.span)).map(|found| found.ip.to_string());
        let written: Vec<_> =
            told.iter().filter_map(|field| Some((place(field.span), usual(field)?))).collect();
        let name = found.has(Role::UserName).then(|| self.best[Role::UserName.index()].field.span);
        let own = own_address(event.text(line), &written, name.map(|span| place(span).start));
        let chosen = match own {
            Own::Contested => return mark_contested(event),
            Own::This(index) => told.get(index).copied().unwrap_or(field),
            Own::None => field,
        };
        let address = read_address(event.text(chosen.span), &chosen).unwrap_or(found.address);
        self.set_address(event, found, chosen, address);
    }

    /// The client: the peer, or behind proxies of one's own the nearest foreign address that they forwarded.
    fn set_address(&self, event: &mut Event, found: &Found, field: Field, address: FoundAddress) {
        let behind_proxy = found.local_peer || !self.is_foreign(address.ip);
        if behind_proxy
            && found.has(Role::ForwardedFor)
            && let Some(client) = self.forwarded_client(event)
            && client != address.ip
        {
            let span = event.append_text(&client.to_string());
            put(event, found, canonical::SOURCE_IP, Kind::String, span);
            return;
        }
        match address.plain {
            Some(span) if span == field.span => {
                set(event, found, canonical::SOURCE_IP, Kind::String, span, field.path);
            }
            Some(span) => put(event, found, canonical::SOURCE_IP, Kind::String, span),
            None => set_word(event, found, canonical::SOURCE_IP, field, &address.ip.to_string()),
        }
        if let Some(port) = address.port
            && !found.has(Role::SourcePort)
        {
            put(event, found, canonical::SOURCE_PORT, Kind::Number, port);
        }
    }

    /// A header that came in several lines is several fields of one name.
    fn forwarded_client(&self, event: &Event) -> Option<IpAddr> {
        let path = self.best[Role::ForwardedFor.index()].field.path;
        let lines = event.fields().iter().filter(|field| field.path == path && field.kind == Kind::String);
        address::client_of(lines.map(|field| event.text(field.span)), |ip| self.is_foreign(ip))
    }

    fn is_foreign(&self, ip: IpAddr) -> bool {
        let listed = |overrides: &Overrides| overrides.proxies.iter().any(|proxy| proxy.contains(ip));
        !address::is_inner(ip) && !self.options.overrides.as_ref().is_some_and(listed)
    }

    /// A key that stands twice has two values, and readers of the line disagree about which one counts: both do.
    #[cold]
    fn fill_again(&mut self, event: &mut Event, found: &Found) {
        let roles = Role::ALL.iter().filter(|role| found.has(**role));
        let line = event.fields().len();
        let breakers = self.options.vocabulary.sentences().breakers();
        for role in roles {
            let first = self.best[role.index()];
            for index in 0..line {
                let Some(field) = event.fields().get(index).copied() else { break };
                let other =
                    field.origin == Origin::Line && field.path == first.field.path && field != first.field;
                let claim = Claim { role: *role, rank: first.rank };
                if other && accepts(claim, field.kind, event.text(field.span), breakers) {
                    add_value(event, *role, field);
                }
            }
        }
    }

    /// Of a logged request, what its client sent does not say what happened.
    fn leave_to_client(&self, found: &mut Found) {
        let is_own = |role: Role| found.has(role) && self.best[role.index()].rank < alias::WRAPPED;
        let is_request = is_own(Role::RequestLine) || is_own(Role::Method) && is_own(Role::Path);
        for role in [Role::Action, Role::Message].into_iter().filter(|_| is_request) {
            let best = &self.best[role.index()];
            if found.has(role)
                && best.rank >= alias::WRAPPED
                && alias::may_be_sent(self.paths.read().name(best.field.path))
            {
                found.roles &= !role.bit();
            }
        }
    }

    /// Whether the event speaks of a circuit breaker at all: `state` and `service` alone mean anything.
    fn is_about_breaker(&self, event: &Event, found: &Found) -> bool {
        [Role::Action, Role::Message, Role::Logger].into_iter().filter(|role| found.has(*role)).any(|role| {
            let text = event.text(self.best[role.index()].field.span);
            contains_ignoring_case(text, b"circuit") || contains_ignoring_case(text, b"breaker")
        })
    }

    /// Whether the fields have but the user's id, and the message has the name.
    fn is_named_by_message(&self) -> bool {
        let rank = self.best[Role::UserName.index()].rank % alias::WRAPPED;
        rank >= alias::ONLY_USER_IDS && self.said.iter().any(|(path, _)| *path == canonical::USER_NAME)
    }

    /// A name that can only be a breaker's counts by itself; `service`, `component` and the like only when the
    /// line gives the state of a breaker and its message does not name it.
    fn set_breaker_name(&self, event: &mut Event, found: &Found) {
        let candidate = self.best[Role::BreakerName.index()];
        if candidate.rank % alias::WRAPPED > alias::PLAIN_BREAKER_NAMES {
            let says = |path| self.said.iter().any(|(said, _)| *said == path);
            let has_state = found.has(Role::BreakerState) || says(canonical::BREAKER_STATE);
            if !has_state || says(canonical::BREAKER_NAME) || !self.is_about_breaker(event, found) {
                return;
            }
        }
        let field = candidate.field;
        set(event, found, canonical::BREAKER_NAME, Kind::String, field.span, field.path);
    }

    fn set_breaker_state(&self, event: &mut Event, found: &Found) {
        let candidate = self.best[Role::BreakerState.index()];
        if candidate.rank % alias::WRAPPED <= alias::PLAIN_BREAKER_STATES
            || self.is_about_breaker(event, found)
        {
            let breakers = self.options.vocabulary.sentences().breakers();
            let state = breakers.state(event.text(candidate.field.span)).map_or("", BreakerState::word);
            set_word(event, found, canonical::BREAKER_STATE, candidate.field, state);
        }
    }
}

/// The level of writers that leave it out: Serilog's compact format means information, and what a web server
/// answered is as bad as its status.
fn set_silent_level(event: &mut Event, found: &Found) {
    const LEVELS: u64 =
        Role::Level.bit() | Role::PythonLevel.bit() | Role::OtelLevel.bit() | Role::SyslogLevel.bit();
    if found.roles & LEVELS != 0 {
        return;
    }
    let served =
        matches!(event.meta.format, Format::Nginx | Format::Access) || logsource::is_nginx(found.marks);
    let status = if served {
        event.get(canonical::HTTP_STATUS).and_then(|status| status.bytes().next())
    } else {
        None
    };
    let level = match status {
        Some(b'5') => LogLevel::Error,
        Some(b'4') => LogLevel::Warn,
        _ if logsource::is_compact(found.marks) => LogLevel::Info,
        _ => return,
    };
    let span = event.append_text(level.word());
    put(event, found, canonical::LOG_LEVEL, Kind::String, span);
}

/// Adds to each path that servers read otherwise than it is written what they read: rules know one spelling of
/// `/login`, clients many. How many were added.
fn add_plain_paths(event: &mut Event) -> usize {
    let written = event.fields().len();
    for index in 0..written {
        let Some(field) = event.fields().get(index).filter(|field| field.path == canonical::URL_PATH) else {
            continue;
        };
        if let Some(plain) = request::plain_path(event.text(field.span)) {
            event.push_text(canonical::URL_PATH, Kind::String, &plain, Origin::Canonical);
        }
    }
    event.fields().len() - written
}

/// Adds another value of a canonical field.
fn add_value(event: &mut Event, role: Role, field: Field) {
    let text = event.text(field.span);
    let canonical = |event: &mut Event, target, kind, span| event.push(target, kind, span, Origin::Canonical);
    match role {
        Role::SourceIp => match read_address(text, &field) {
            Some(FoundAddress { plain: Some(span), .. }) => {
                canonical(event, canonical::SOURCE_IP, Kind::String, span);
            }
            Some(address) => {
                event.push_text(
                    canonical::SOURCE_IP,
                    Kind::String,
                    &address.ip.to_string(),
                    Origin::Canonical,
                );
            }
            None => {}
        },
        Role::Path | Role::RequestLine => {
            let line = RequestLine::read(text).filter(|_| role == Role::RequestLine);
            let (method, target) = line.map_or(("", text), |line| (line.method, line.target));
            let (_, path, query) = split_url(target);
            let [method, path, query] = [method, path, query].map(|piece| part(text, field.span, piece));
            for (name, span) in
                [(canonical::HTTP_METHOD, method), (canonical::URL_PATH, path), (canonical::URL_QUERY, query)]
            {
                if span.len > 0 {
                    canonical(event, name, Kind::String, span);
                }
            }
        }
        _ => {
            if let Some(target) = target(role) {
                canonical(event, target, field.kind, field.span);
            }
        }
    }
}

/// What was out of the ordinary about reading the line, as a field: a rule may ask for it. Most lines have none.
fn push_flags(event: &mut Event) {
    let raw = (event.meta.outcome == Outcome::Raw).then_some("raw");
    for word in event.meta.flags.words().chain(raw) {
        event.push_text(canonical::READING_FLAGS, Kind::String, word, Origin::Canonical);
    }
}

/// The fields of an attack: `soctop.attack.*`.
fn push_verdict(event: &mut Event, verdict: &Verdict) {
    let mut text = |path, text: &str| event.push_text(path, Kind::String, text, Origin::Canonical);
    verdict.families.iter().for_each(|family| text(canonical::ATTACK_FAMILIES, family));
    verdict.weak.iter().for_each(|family| text(canonical::ATTACK_WEAK, family));
    verdict.signals.iter().for_each(|signal| text(canonical::ATTACK_SIGNALS, signal));
    text(canonical::ATTACK_PLACE, &verdict.place);
    text(canonical::ATTACK_PAYLOAD, &verdict.payload);
    event.push_text(canonical::ATTACK_SCORE, Kind::Number, &verdict.score.to_string(), Origin::Canonical);
    if verdict.hidden {
        event.push_text(canonical::ATTACK_HIDDEN, Kind::True, "true", Origin::Canonical);
    }
}

/// Roles that say what was requested.
const REQUEST_ROLES: u64 = 1 << Role::Path as u8 | 1 << Role::Query as u8 | 1 << Role::RequestLine as u8;

const UNKNOWN: u32 = 0;
const NOTHING: u32 = 1;
const FIRST_LIST: u32 = 2;
/// Shorter numbers under an id's name are counters that start anew with every process.
const NUMERIC_ID_LENGTH: usize = 6;
/// Fields named like an id that are looked at.
const ID_FIELD_LIMIT: usize = 64;
/// Ids of one event that are kept.
const ID_LIMIT: usize = 16;
/// Sources whose newest time is remembered; more are not open at the same time.
const SOURCES_IN_ORDER: usize = 4_096;

fn read_time(text: &str, kind: Kind, completion: Completion) -> Option<Stamp> {
    match kind {
        Kind::String => stamp::parse(text.trim_ascii(), completion),
        Kind::Number => stamp::epoch(text),
        Kind::Array => stamp::calendar(text, completion),
        Kind::Object => stamp::object(text, completion),
        _ => None,
    }
}

fn read_level(text: &str, kind: Kind) -> Option<LogLevel> {
    matches!(kind, Kind::String | Kind::Number).then(|| value::level(text, Scale::Guess))?
}

fn read_address(text: &str, field: &Field) -> Option<FoundAddress> {
    if field.kind != Kind::String {
        return None;
    }
    let address = address::address(text)?;
    Some(FoundAddress {
        ip: address.ip,
        plain: address.plain.map(|plain| part(text, field.span, plain)),
        port: address.port.map(|port| part(text, field.span, port)),
    })
}

/// Where a request stands that is none: it may hold a payload for all that.
fn odd_request(text: &str, field: &Field) -> Option<Span> {
    (field.kind == Kind::String && !value::is_placeholder(text)).then_some(field.span)
}

/// Says that the address of the client has several readings, and that none is taken.
#[cold]
fn mark_contested(event: &mut Event) {
    let span = event.append_text("source.ip");
    event.push(canonical::FACT_CONTESTED, Kind::String, span, Origin::Canonical);
}

/// The number of whoever pays.
fn is_cloud_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a value can fill a role.
fn accepts(claim: Claim, kind: Kind, text: &str, breakers: &BreakerWords) -> bool {
    match (claim.role, kind) {
        (role, Kind::String | Kind::Number)
            if claim.rank == alias::CONFIGURED && overrides::is_text(role) =>
        {
            !value::is_placeholder(text)
        }
        (Role::StackTrace, Kind::Array | Kind::String) => text.len() > 2,
        (Role::Outcome, Kind::True | Kind::False | Kind::String) => value::outcome(text).is_some(),
        (_, Kind::Null | Kind::Object | Kind::Array | Kind::True | Kind::False) => false,
        (Role::PythonLevel, _) => value::level(text, Scale::Python).is_some(),
        (Role::OtelLevel, _) => value::level(text, Scale::OpenTelemetry).is_some(),
        (Role::SyslogLevel, _) => value::level(text, Scale::Syslog).is_some(),
        (Role::Status, _) => value::is_status(text),
        (Role::Milliseconds | Role::Seconds | Role::Microseconds | Role::Nanoseconds, Kind::Number) => true,
        (Role::Milliseconds | Role::Seconds | Role::Microseconds | Role::Nanoseconds, _) => {
            value::duration(text, value::NANOSECOND).is_some()
        }
        (Role::Pid | Role::Bytes | Role::SourcePort, _) => {
            !text.is_empty() && text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        (Role::Risk, _) => text.parse::<f64>().is_ok(),
        // A number for nobody: `userId=0` of a visitor.
        (Role::UserName, _) if text == "0" => false,
        (Role::UserName, _) if claim.rank == alias::ACCOUNT && is_cloud_account(text) => false,
        (Role::UserName | Role::UserId | Role::Session | Role::Organization | Role::Code, Kind::Number) => {
            true
        }
        (Role::ErrorType | Role::RuleName, Kind::Number) => true,
        (_, Kind::Number) => false,
        (Role::Message, _) => !text.trim_ascii().is_empty(),
        (Role::Host, _) => !value::is_placeholder(text) && address::address(text).is_none(),
        (Role::Method, _) => value::is_method(text),
        (Role::Path, _) => value::is_path(text),
        (Role::RequestLine, _) => RequestLine::read(text).is_some(),
        (Role::HttpVersion, _) => text.starts_with("HTTP/"),
        (Role::Query, _) => !value::is_placeholder(text) && !value::is_sql(text),
        (Role::Statement, _) => !value::is_placeholder(text) && (claim.rank <= 3 || value::is_sql(text)),
        (Role::Action, _) => {
            // Of a class the last part of its name is the event.
            let name = text.rsplit('\\').next().unwrap_or(text);
            value::is_identifier(name) && !value::is_generic(name)
        }
        (Role::ErrorType, _) => !value::is_placeholder(text) && text != "00000",
        (Role::Logger, _) => value::is_logger(text) && !value::is_status(text),
        (Role::Code, _) => value::is_identifier(text) && !value::is_status(text),
        (Role::BreakerState, _) => breakers.state(text).is_some(),
        _ => !value::is_placeholder(text),
    }
}

/// The canonical field of a role whose value is taken over unchanged.
fn target(role: Role) -> Option<PathId> {
    Some(match role {
        Role::Message => canonical::MESSAGE,
        Role::Logger => canonical::LOG_LOGGER,
        Role::Service => canonical::SERVICE_NAME,
        Role::Environment => canonical::SERVICE_ENVIRONMENT,
        Role::Host => canonical::HOST_NAME,
        Role::Action => canonical::EVENT_ACTION,
        Role::Category => canonical::EVENT_CATEGORY,
        Role::Code => canonical::EVENT_CODE,
        Role::Reason => canonical::EVENT_REASON,
        Role::UserName => canonical::USER_NAME,
        Role::UserId => canonical::USER_ID,
        Role::Email => canonical::USER_EMAIL,
        Role::SourcePort => canonical::SOURCE_PORT,
        Role::ForwardedFor => canonical::CLIENT_FORWARDED_FOR,
        Role::UserAgent => canonical::USER_AGENT,
        Role::Method => canonical::HTTP_METHOD,
        Role::Query => canonical::URL_QUERY,
        Role::Domain => canonical::URL_DOMAIN,
        Role::Status => canonical::HTTP_STATUS,
        Role::Bytes => canonical::HTTP_RESPONSE_BYTES,
        Role::Referrer => canonical::HTTP_REFERRER,
        Role::HttpVersion => canonical::HTTP_VERSION,
        Role::ErrorType => canonical::ERROR_TYPE,
        Role::ErrorMessage => canonical::ERROR_MESSAGE,
        Role::StackTrace => canonical::ERROR_STACK_TRACE,
        Role::Organization => canonical::ORGANIZATION_ID,
        Role::Session => canonical::SESSION_ID,
        Role::RuleName => canonical::RULE_NAME,
        Role::Risk => canonical::RISK_SCORE,
        Role::Pid => canonical::PROCESS_PID,
        Role::Process => canonical::PROCESS_NAME,
        Role::Statement => canonical::DB_STATEMENT,
        Role::Database => canonical::DB_NAME,
        Role::Tls => canonical::TLS_VERSION,
        _ => return None,
    })
}

/// Adds a canonical field, unless the field it comes from has that very name. When the line has the
/// name with another value (null, another spelling), the canonical value comes first.
#[inline]
fn set(event: &mut Event, found: &Found, target: PathId, kind: Kind, span: Span, from: PathId) {
    if from != target {
        put(event, found, target, kind, span);
    }
}

#[inline]
fn put(event: &mut Event, found: &Found, target: PathId, kind: Kind, span: Span) {
    event.push(target, kind, span, Origin::Canonical);
    if found.claimed != 0 && found.claims(target) {
        let fields = event.fields_mut();
        let last = fields.len() - 1;
        if let Some(first) = fields.iter().position(|field| field.path == target) {
            fields.swap(first, last);
        }
    }
}

/// Adds a canonical field whose value is one of our own words; the field's own text serves if it is the word.
fn set_word(event: &mut Event, found: &Found, target: PathId, field: Field, word: &str) {
    if event.text(field.span) == word {
        set(event, found, target, Kind::String, field.span, field.path);
    } else {
        let span = event.append_text(word);
        put(event, found, target, Kind::String, span);
    }
}

fn set_level(event: &mut Event, found: &Found, field: Field, scale: Scale) {
    let level = value::level(event.text(field.span), scale).map_or("", LogLevel::word);
    set_word(event, found, canonical::LOG_LEVEL, field, level);
}

fn set_outcome(event: &mut Event, found: &Found, field: Field) {
    let outcome = value::outcome(event.text(field.span)).unwrap_or_default();
    set_word(event, found, canonical::EVENT_OUTCOME, field, outcome);
}

fn set_duration(event: &mut Event, found: &Found, field: Field, unit: f64) {
    let text = event.text(field.span);
    // A proxy writes `Duration` in nanoseconds; nobody logs requests that take days.
    let unit = if unit == value::SECOND && text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        value::NANOSECOND
    } else {
        unit
    };
    if unit == value::NANOSECOND && field.path == canonical::EVENT_DURATION {
        return;
    }
    if let Some(nanos) = value::duration(text, unit) {
        let span = append_number(event, nanos);
        put(event, found, canonical::EVENT_DURATION, Kind::Number, span);
    }
}

fn append_number(event: &mut Event, number: i64) -> Span {
    let start = event.begin_text();
    let mut digits = [0; 20];
    let mut rest = number.unsigned_abs();
    let mut at = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + to_u8(rest % 10);
        rest /= 10;
        at = index;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        event.text_mut().push('-');
    }
    let digits = digits.get(at..).unwrap_or_default();
    event.text_mut().push_str(std::str::from_utf8(digits).unwrap_or_default());
    Span { start: to_u32(start), len: to_u32(event.buffer().len() - start) }
}

/// Whether a field has a value that says something.
fn has_value(event: &Event, path: PathId) -> bool {
    event.fields().iter().any(|field| {
        field.path == path
            && !matches!(field.kind, Kind::Null | Kind::Object | Kind::Array)
            && !value::is_placeholder(event.text(field.span))
    })
}

/// Splits what may be a URL into domain, path and query.
fn set_path(event: &mut Event, found: &Found, field: Field) {
    let text = event.text(field.span);
    let (domain, path, query) = split_url(text);
    let [domain, path, query] = [domain, path, query].map(|piece| part(text, field.span, piece));
    if path == field.span {
        set(event, found, canonical::URL_PATH, Kind::String, path, field.path);
    } else {
        put(event, found, canonical::URL_PATH, Kind::String, path);
    }
    if query.len > 0 && !found.has(Role::Query) {
        put(event, found, canonical::URL_QUERY, Kind::String, query);
    }
    if domain.len > 0 && !found.has(Role::Domain) {
        put(event, found, canonical::URL_DOMAIN, Kind::String, domain);
    }
}

/// Domain, path and query; empty where there is none. The fragment belongs to neither.
fn split_url(text: &str) -> (&str, &str, &str) {
    let (domain, rest) = match value::behind_scheme(text) {
        Some(rest) => rest.find(['/', '?']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "")),
        None => ("", text),
    };
    let Some((path, query)) = memchr::memchr(b'?', rest.as_bytes()).and_then(|at| rest.split_at_checked(at))
    else {
        return (domain, rest, "");
    };
    let query = query.get(1..).unwrap_or_default();
    (domain, path, query.split('#').next().unwrap_or_default())
}

fn set_request_line(event: &mut Event, found: &Found, field: Field) {
    let text = event.text(field.span);
    let Some(line) = RequestLine::read(text) else { return };
    let pieces = [line.method, line.target, line.protocol];
    let [method, target, protocol] = pieces.map(|piece| part(text, field.span, piece));
    if !found.has(Role::Method) {
        put(event, found, canonical::HTTP_METHOD, Kind::String, method);
    }
    if !found.has(Role::HttpVersion) && protocol.len > 0 {
        put(event, found, canonical::HTTP_VERSION, Kind::String, protocol);
    }
    if !found.has(Role::Path) {
        set_path(event, found, Field { path: PathId::OVERFLOW, span: target, ..field });
    }
}

fn add_id(event: &mut Event, from: usize, span: Span, named: bool) {
    let id = event.text(span);
    let known = if named {
        event.all(canonical::CORRELATION_ID).any(|known| known == id)
    } else {
        let added = event.fields().get(from..).unwrap_or_default();
        added.iter().any(|known| event.text(known.span) == id)
    };
    if !known && event.fields().len() - from < ID_LIMIT {
        event.push(canonical::CORRELATION_ID, Kind::String, span, Origin::Canonical);
    }
}

/// The span of a part of a text, which itself has `span`.
#[inline]
fn part(text: &str, span: Span, part: &str) -> Span {
    let offset = offset_in(part, text);
    if offset.saturating_add(part.len()) > text.len() {
        return Span { start: span.start, len: 0 };
    }
    Span { start: span.start + to_u32(offset), len: to_u32(part.len()) }
}

fn contains_ignoring_case(text: &str, word: &[u8]) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
