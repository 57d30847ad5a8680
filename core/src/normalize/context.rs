//! What other events of the same request know: the context of a correlation id.
//!
//! Real alert lines often lack the address or the user that another line with the same id carries.
//! [`Context`] remembers five values per id and fills what is missing, marked [`Origin::Joined`]. Nothing
//! is filled in backwards, and joined values are never passed on.
//!
//! Ids are claims, and on real systems many are wrong: one constant for the whole process, an id sent by the
//! client, one that wraps around. An id stops being a key, for good, when it is seen with two clients, with
//! too many events or over too long a time ([`Reason`]). That is counted, and the event that showed it
//! gets `soctop.correlation.rejected`, so that a rule can say so. An id that comes back after a pause is a new
//! request; one that does so again and again is rejected as well.
//!
//! Memory is bounded by [`Limits::ids`]: ids live in sets of [`WAYS`], and within a set the oldest gives its
//! place to the newest. What is known of the ids lies in one ring, in the order in which they came, and the
//! oldest gives its slot (and its buffer) to the newest. Most ids of a busy stream are new: these touch one cache
//! line of hashes and the next slot, which the processor has fetched already. Time is event time and is only
//! compared within an id, so that a line from the far future expires nothing.

use std::hash::BuildHasher;

use super::value;
use crate::event::number::{to_u16, to_u32, to_u64, to_usize};
use crate::event::{Event, Kind, MINUTE, Nanos, Origin, PathId, Span, TimeQuality, Timestamp, canonical};

/// The fields that are remembered and filled in.
pub const JOINED: [PathId; 5] = [
    canonical::SOURCE_IP,
    canonical::USER_NAME,
    canonical::URL_PATH,
    canonical::USER_AGENT,
    canonical::SERVICE_NAME,
];
const ADDRESS: usize = 0;

/// By canonical path: the place in [`JOINED`], [`IS_ID`], or [`OTHER`].
#[expect(clippy::cast_possible_truncation, reason = "there are five")]
const PLACES: [u8; canonical::NAMES.len()] = {
    let mut places = [OTHER; canonical::NAMES.len()];
    let mut index = 0;
    while index < JOINED.len() {
        places[JOINED[index].0 as usize] = index as u8;
        index += 1;
    }
    places[canonical::CORRELATION_ID.0 as usize] = IS_ID;
    places
};
const IS_ID: u8 = 254;
const OTHER: u8 = 255;

/// Ids in one set: as many hashes as fit in a cache line.
const WAYS: usize = 8;

/// How much is remembered, and how far an id is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ids remembered at the same time; 0 switches the context off.
    pub ids: usize,
    /// Events of one id: a request has a few dozen at most.
    pub events: u32,
    /// From the first to the last event of one id.
    pub lifetime: Nanos,
    /// An id that was quiet for this long starts anew.
    pub pause: Nanos,
    /// How often it may do so.
    pub returns: u8,
    /// Longest value, in bytes; longer ones are not remembered.
    pub value_length: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ids: 16_384,
            events: 200,
            lifetime: 10 * MINUTE,
            pause: 2 * MINUTE,
            returns: 3,
            value_length: 512,
        }
    }
}

/// Why an id is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Seen with two client addresses: a constant, or chosen by clients.
    SeveralClients,
    TooManyEvents,
    /// In use for longer than any request lasts.
    TooLong,
    /// Came back too often after pauses.
    Reused,
}

impl Reason {
    /// The word in `soctop.correlation.rejected`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Reason::SeveralClients => "several_clients",
            Reason::TooManyEvents => "too_many_events",
            Reason::TooLong => "too_long",
            Reason::Reused => "reused",
        }
    }
}

/// The memory of one stream of events.
pub struct Context {
    limits: Limits,
    /// Hashes of the ids, by set; 0 = free. Empty until the first id.
    sets: Vec<[u64; WAYS]>,
    /// Where in `slots` the ids of a set are; stale when the slot there has another hash.
    places: Vec<[u32; WAYS]>,
    /// Which place of each set is given away next.
    next: Vec<u8>,
    /// A ring in the order of arrival.
    slots: Vec<Slot>,
    /// The slot that is given away next.
    oldest: usize,
    hasher: foldhash::fast::RandomState,
}

/// What is known of one id.
#[derive(Clone, Debug, Default)]
struct Slot {
    hash: u64,
    first: Timestamp,
    last: Timestamp,
    events: u32,
    returns: u8,
    rejected: bool,
    /// Bits of the values that were seen with different texts.
    ambiguous: u8,
    /// Values one after the other; 0 = not known.
    lengths: [u16; JOINED.len()],
    text: String,
}

impl Slot {
    fn restart(&mut self, time: Timestamp) {
        self.first = time;
        self.last = time;
        self.events = 0;
        self.ambiguous = 0;
        self.lengths = [0; JOINED.len()];
        self.text.clear();
    }

    fn value(&self, index: usize) -> &str {
        let start: usize = self.lengths.iter().take(index).map(|length| usize::from(*length)).sum();
        let length = self.lengths.get(index).copied().map_or(0, usize::from);
        self.text.get(start..start + length).unwrap_or_default()
    }

    fn set(&mut self, index: usize, value: &str) {
        let start: usize = self.lengths.iter().take(index).map(|length| usize::from(*length)).sum();
        if let Some(length) = self.lengths.get_mut(index) {
            // Values mostly come in their order; putting one in between is far dearer.
            if start == self.text.len() {
                self.text.push_str(value);
            } else {
                self.text.replace_range(start..start + usize::from(*length), value);
            }
            *length = to_u16(value.len());
        }
    }

    fn is_ambiguous(&self, index: usize) -> bool {
        self.ambiguous & 1 << index != 0
    }

    /// Remembers the first values of an id.
    fn learn_all(&mut self, event: &Event, own: &[Span; JOINED.len()], usable: &[bool; JOINED.len()]) {
        let length = own.iter().zip(usable).map(|(span, usable)| if *usable { span.len } else { 0 }).sum();
        let length: u32 = length;
        self.text.reserve(to_usize(length));
        for ((span, usable), length) in own.iter().zip(usable).zip(&mut self.lengths) {
            if *usable {
                self.text.push_str(event.text(*span));
                *length = to_u16(span.len);
            }
        }
    }

    /// Remembers a value; false when it proves that the id has two clients.
    fn learn(&mut self, index: usize, value: &str) -> bool {
        let known = self.value(index);
        if known.is_empty() {
            self.set(index, value);
        } else if known != value {
            if index == ADDRESS {
                return self.learn_address(value);
            }
            self.ambiguous |= 1 << index;
        }
        true
    }

    /// A proxy's own address beside the client's is normal, two clients are not.
    fn learn_address(&mut self, value: &str) -> bool {
        match (is_internal(self.value(ADDRESS)), is_internal(value)) {
            (false, true) => true,
            (true, false) => {
                self.set(ADDRESS, value);
                true
            }
            _ => false,
        }
    }
}

/// Loopback and private addresses: proxies, sidecars, people inside.
fn is_internal(address: &str) -> bool {
    address.parse().is_ok_and(|address| match address {
        std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        std::net::IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    })
}

impl Context {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            sets: Vec::new(),
            places: Vec::new(),
            next: Vec::new(),
            slots: Vec::new(),
            oldest: 0,
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    /// Fills what the event lacks from other events with one of its ids, and remembers what it has.
    /// Events without a usable time neither give nor take.
    pub fn join(&mut self, event: &mut Event) {
        let usable = !matches!(event.meta.time_quality, TimeQuality::Absent | TimeQuality::Future);
        let (Some(time), true) = (event.meta.time, usable && self.limits.ids > 0) else { return };
        let mut own = [Span::default(); JOINED.len()];
        let mut ids = [Span::default(); 4];
        let mut count = 0;
        for field in event.fields() {
            let place = PLACES.get(field.path.index()).copied().unwrap_or(OTHER);
            if place == OTHER {
                continue;
            }
            if place == IS_ID {
                if field.kind == Kind::String
                    && let Some(id) = ids.get_mut(count)
                {
                    *id = field.span;
                    count += 1;
                }
            } else if let Some(span) = own.get_mut(usize::from(place))
                && span.len == 0
                && matches!(field.kind, Kind::String | Kind::Number)
            {
                *span = field.span;
            }
        }
        if count == 0 {
            return;
        }
        let usable = own.map(|span| {
            let value = event.text(span);
            span.len > 0 && value.len() <= self.limits.value_length && !value::is_placeholder(value)
        });
        for id in ids.iter().take(count) {
            self.join_id(event, *id, &own, &usable, time);
        }
    }

    fn join_id(
        &mut self,
        event: &mut Event,
        id: Span,
        own: &[Span; JOINED.len()],
        usable: &[bool; JOINED.len()],
        time: Timestamp,
    ) {
        let index = self.slot(event.text(id), time);
        let limits = self.limits;
        let Some(slot) = self.slots.get_mut(index) else { return };
        if slot.rejected {
            return;
        }
        let mut reason = None;
        if time.since(slot.last) > limits.pause {
            slot.restart(time);
            slot.returns = slot.returns.saturating_add(1);
            reason = (slot.returns > limits.returns).then_some(Reason::Reused);
        }
        slot.events += 1;
        slot.last = slot.last.max(time);
        slot.first = slot.first.min(time);
        let is_new = slot.text.is_empty();
        if is_new {
            slot.learn_all(event, own, usable);
        } else {
            for (index, (span, usable)) in own.iter().zip(usable).enumerate() {
                if *usable && !slot.learn(index, event.text(*span)) {
                    reason = Some(Reason::SeveralClients);
                }
            }
        }
        if slot.events > limits.events {
            reason = Some(Reason::TooManyEvents);
        } else if slot.last.since(slot.first) > limits.lifetime {
            reason = Some(Reason::TooLong);
        }
        if let Some(reason) = reason {
            slot.rejected = true;
            slot.restart(time);
            event.push_text(canonical::CORRELATION_REJECTED, Kind::String, reason.word(), Origin::Canonical);
            return;
        }
        if is_new {
            return;
        }
        for (index, (span, path)) in own.iter().zip(JOINED).enumerate() {
            let value = slot.value(index);
            let joined =
                || event.fields().iter().any(|field| field.path == path && field.origin == Origin::Joined);
            if span.len == 0 && !value.is_empty() && !slot.is_ambiguous(index) && !joined() {
                event.push_text(path, Kind::String, value, Origin::Joined);
            }
        }
    }

    /// The slot of an id; a new one takes the place of the oldest in its set, and the oldest slot.
    fn slot(&mut self, id: &str, time: Timestamp) -> usize {
        if self.sets.is_empty() {
            let sets = self.limits.ids.div_ceil(WAYS);
            self.sets.resize(sets, [0; WAYS]);
            self.places.resize(sets, [0; WAYS]);
            self.next.resize(sets, 0);
            self.slots.resize(sets * WAYS, Slot::default());
        }
        let hash = self.hasher.hash_one(id.as_bytes()).max(1);
        let set = to_usize((hash >> 7) % to_u64(self.sets.len().max(1)));
        let (Some(hashes), Some(places)) = (self.sets.get_mut(set), self.places.get_mut(set)) else {
            return 0;
        };
        let way = match hashes.iter().position(|known| *known == hash) {
            Some(way) => {
                let place = places.get(way).map_or(0, |place| to_usize(*place));
                if self.slots.get(place).is_some_and(|slot| slot.hash == hash) {
                    return place;
                }
                way
            }
            None => {
                let Some(next) = self.next.get_mut(set) else { return 0 };
                let way = usize::from(*next) % WAYS;
                *next = next.wrapping_add(1);
                way
            }
        };
        let place = self.oldest;
        self.oldest = if place + 1 < self.slots.len() { place + 1 } else { 0 };
        if let (Some(known), Some(slot)) = (hashes.get_mut(way), places.get_mut(way)) {
            *known = hash;
            *slot = to_u32(place);
        }
        if let Some(slot) = self.slots.get_mut(place) {
            slot.hash = hash;
            slot.returns = 0;
            slot.rejected = false;
            slot.restart(time);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Paths;

    /// An event at `seconds` with these canonical fields.
    fn event(seconds: i64, fields: &[(PathId, &str)]) -> Event {
        let mut event = Event::default();
        event.reset("line");
        event.meta.time = Some(Timestamp::from_seconds(1_700_000_000 + seconds));
        event.meta.time_quality = TimeQuality::Exact;
        for (path, text) in fields {
            event.push_text(*path, Kind::String, text, Origin::Canonical);
        }
        event
    }

    /// Joined fields as `name=value`, and the reason of a rejection.
    fn join(context: &mut Context, mut event: Event) -> String {
        context.join(&mut event);
        let paths = Paths::new();
        let names = paths.read();
        let mut joined: Vec<String> = event
            .fields()
            .iter()
            .filter(|field| field.origin == Origin::Joined || field.path == canonical::CORRELATION_REJECTED)
            .map(|field| format!("{}={}", names.name(field.path), event.text(field.span)))
            .collect();
        joined.sort();
        joined.join(" ")
    }

    const ID: PathId = canonical::CORRELATION_ID;
    const IP: PathId = canonical::SOURCE_IP;
    const USER: PathId = canonical::USER_NAME;
    const PATH: PathId = canonical::URL_PATH;

    #[test]
    fn what_an_event_lacks_comes_from_others_with_its_id() {
        let mut context = Context::new(Limits::default());
        assert_eq!(join(&mut context, event(0, &[(ID, "a-1"), (IP, "203.0.113.9"), (PATH, "/login")])), "");
        assert_eq!(join(&mut context, event(1, &[(ID, "b-2")])), "");
        assert_eq!(
            join(&mut context, event(1, &[(ID, "a-1"), (USER, "alice")])),
            "source.ip=203.0.113.9 url.path=/login"
        );
        assert_eq!(
            join(&mut context, event(2, &[(ID, "a-1")])),
            "source.ip=203.0.113.9 url.path=/login user.name=alice"
        );
    }

    #[test]
    fn any_of_several_ids_joins() {
        let mut context = Context::new(Limits::default());
        join(&mut context, event(0, &[(ID, "a-1"), (IP, "203.0.113.9")]));
        join(&mut context, event(0, &[(ID, "b-2"), (USER, "alice")]));
        assert_eq!(
            join(&mut context, event(1, &[(ID, "a-1"), (ID, "b-2")])),
            "source.ip=203.0.113.9 user.name=alice"
        );
    }

    #[test]
    fn an_id_of_two_clients_is_no_key() {
        let mut context = Context::new(Limits::default());
        join(&mut context, event(0, &[(ID, "constant"), (IP, "203.0.113.9")]));
        assert_eq!(
            join(&mut context, event(1, &[(ID, "constant"), (IP, "198.51.100.7")])),
            "soctop.correlation.rejected=several_clients"
        );
        assert_eq!(join(&mut context, event(2, &[(ID, "constant")])), "");
    }

    #[test]
    fn the_address_of_a_proxy_is_no_second_client() {
        let mut context = Context::new(Limits::default());
        join(&mut context, event(0, &[(ID, "a-1"), (IP, "10.0.0.1")]));
        join(&mut context, event(0, &[(ID, "a-1"), (IP, "203.0.113.9")]));
        join(&mut context, event(0, &[(ID, "a-1"), (IP, "127.0.0.1")]));
        assert_eq!(join(&mut context, event(1, &[(ID, "a-1")])), "source.ip=203.0.113.9");
    }

    #[test]
    fn ids_that_live_too_long_or_return_too_often_are_no_keys() {
        let limits = Limits { events: 3, ..Limits::default() };
        let mut context = Context::new(limits);
        let many: Vec<String> = (0..4).map(|n| join(&mut context, event(n, &[(ID, "a-1")]))).collect();
        assert_eq!(many.last().map(String::as_str), Some("soctop.correlation.rejected=too_many_events"));
        let mut context = Context::new(Limits { lifetime: 5 * MINUTE, ..Limits::default() });
        let long: Vec<String> = (0..5).map(|n| join(&mut context, event(n * 100, &[(ID, "a-1")]))).collect();
        assert_eq!(long.last().map(String::as_str), Some("soctop.correlation.rejected=too_long"));
        let mut context = Context::new(Limits::default());
        join(&mut context, event(0, &[(ID, "a-1"), (IP, "203.0.113.9")]));
        assert_eq!(join(&mut context, event(1000, &[(ID, "a-1")])), "", "a new request, not the old one");
        join(&mut context, event(2000, &[(ID, "a-1")]));
        join(&mut context, event(3000, &[(ID, "a-1")]));
        assert_eq!(join(&mut context, event(4000, &[(ID, "a-1")])), "soctop.correlation.rejected=reused");
    }

    #[test]
    fn different_values_are_not_guessed_between() {
        let mut context = Context::new(Limits::default());
        join(&mut context, event(0, &[(ID, "a-1"), (USER, "alice"), (PATH, "/x")]));
        join(&mut context, event(0, &[(ID, "a-1"), (USER, "bob")]));
        assert_eq!(join(&mut context, event(1, &[(ID, "a-1")])), "url.path=/x");
    }

    #[test]
    fn memory_is_bounded_and_old_ids_go_first() {
        let mut context = Context::new(Limits { ids: 100, ..Limits::default() });
        for n in 0..1_000 {
            join(&mut context, event(0, &[(ID, &format!("id-{n}")), (IP, "203.0.113.9")]));
        }
        assert_eq!(context.slots.len(), 104, "whole sets");
        assert_eq!(join(&mut context, event(1, &[(ID, "id-999")])), "source.ip=203.0.113.9");
        assert_eq!(join(&mut context, event(1, &[(ID, "id-0")])), "");
    }

    #[test]
    fn events_without_a_usable_time_neither_give_nor_take() {
        let mut context = Context::new(Limits::default());
        let mut future = event(0, &[(ID, "a-1"), (IP, "203.0.113.9")]);
        future.meta.time_quality = TimeQuality::Future;
        join(&mut context, future);
        assert_eq!(join(&mut context, event(1, &[(ID, "a-1")])), "");
        let mut off = Context::new(Limits { ids: 0, ..Limits::default() });
        join(&mut off, event(0, &[(ID, "a-1"), (IP, "203.0.113.9")]));
        assert_eq!(join(&mut off, event(1, &[(ID, "a-1")])), "");
    }
}
