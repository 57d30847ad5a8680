//! By what groups and counted values are known: keyed hashes of what stands in an event.
//!
//! Each field of an event is looked at once, whatever number of rules groups by it or counts it.

use std::sync::Arc;

use smallvec::SmallVec;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::Names;
use super::entry::Values;
use super::evidence::cut;
use super::hashes::{GroupKey, OccurrenceKey, SketchKey, StreamKey};
use super::likeness::usual;
use super::plan::{OncePlan, Route};
use crate::detect::record::{FieldNumber, MatchRecord};
use crate::event::number::to_u32;
use crate::event::veil::compared;

/// Groups that one record can belong to at once.
const MOST_GROUPS: usize = 16;

/// Values, or tuples of values, that one event counts with.
const MOST_TUPLES: usize = 1_024;

/// A record whose fields are remembered as long as no other record is asked for.
#[derive(Clone, Copy)]
pub(super) struct Subject<'r> {
    pub(super) record: &'r MatchRecord,
    number: u64,
}

/// What is known of a field of a subject.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Of the subject.
    number: u64,
    /// Different values.
    values: Different,
    /// Of the first value, or of none.
    key: GroupKey,
    /// The same for counting.
    counted: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Different {
    #[default]
    None,
    One,
    Several,
}

/// By what an event is recognised that several streams write.
#[derive(Clone, Default)]
pub(super) struct OccurrenceKeys {
    /// For each of its ids: the key of the occurrence, and that of the request with it.
    pub(super) of: SmallVec<[(OccurrenceKey, OccurrenceKey); 2]>,
    pub(super) file: StreamKey,
    /// Of a request that names its path and status.
    pub(super) logger: Option<StreamKey>,
}

/// The request that a record tells of, whatever its id.
#[derive(Clone, Copy, Default)]
struct RequestKeys {
    file: StreamKey,
    /// Path, status and file.
    key: u64,
    /// Where it names its path and status.
    logger: Option<StreamKey>,
}

/// The keys of a correlator's hashes. What one remembers means nothing to another with other keys.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    pub(super) maps: u64,
    pub(super) sketches: u64,
}

/// Finds the keys, and remembers those of the newest subject.
pub(super) struct GroupKeys {
    /// Key of the maps. Nothing that is said depends on it.
    seed: u64,
    /// Key of the sketches and of counted values.
    sketch_seed: u64,
    /// Of the newest subject.
    number: u64,
    fields: Vec<Known>,
    /// What is known of a field without a value.
    nothing: Known,
    /// By grouping: the subject that was asked for, and its group.
    groupings: Vec<(u64, Option<GroupKey>)>,
    /// By what copies are recognised by: the subject that was asked for, and its keys.
    onces: Vec<(u64, OccurrenceKeys)>,
    /// The subject that was asked for, and its request.
    request: (u64, RequestKeys),
    /// The last file, by its key.
    file: (Arc<str>, StreamKey),
    /// By field: the key of its name, once it was asked for.
    names: Vec<Option<GroupKey>>,
    buffer: Vec<u8>,
}

impl GroupKeys {
    pub(super) fn new(seeds: Seeds) -> Self {
        let Seeds { maps, sketches } = seeds;
        let mut keys = Self {
            seed: maps,
            sketch_seed: sketches,
            number: 0,
            fields: Vec::new(),
            nothing: Known::default(),
            groupings: Vec::new(),
            onces: Vec::new(),
            request: Default::default(),
            file: ("".into(), StreamKey::default()),
            names: Vec::new(),
            buffer: Vec::new(),
        };
        let key = keys.of_value("");
        // What `of_value` left in the buffer.
        let counted = xxh3_64_with_seed(&keys.buffer, sketches);
        keys.nothing = Known { number: 0, values: Different::None, key, counted };
        keys.file.1 = StreamKey(key.short());
        keys
    }

    pub(super) fn seeds(&self) -> Seeds {
        Seeds { maps: self.seed, sketches: self.sketch_seed }
    }

    pub(super) fn subject<'r>(&mut self, record: &'r MatchRecord) -> Subject<'r> {
        self.number += 1;
        Subject { record, number: self.number }
    }

    fn field(&mut self, of: Subject<'_>, field: FieldNumber) -> Known {
        let at = usize::from(field);
        if self.fields.len() <= at {
            self.fields.resize(at + 1, Known::default());
        }
        if self.fields[at].number != of.number {
            self.fields[at] = self.look_at(of, field);
        }
        self.fields[at]
    }

    fn look_at(&mut self, of: Subject<'_>, field: FieldNumber) -> Known {
        let mut values = of.record.values(field);
        let Some(first) = values.next() else {
            return Known { number: of.number, ..self.nothing };
        };
        let is_only = values.all(|other| is_same(other, first));
        let values = if is_only { Different::One } else { Different::Several };
        let key = self.of_value(first);
        // What `of_value` left in the buffer.
        let counted = xxh3_64_with_seed(&self.buffer, self.sketch_seed);
        Known { number: of.number, values, key, counted }
    }

    /// The key of a value, without ASCII case.
    fn of_value(&mut self, value: &str) -> GroupKey {
        self.buffer.clear();
        fold_into(&mut self.buffer, value);
        GroupKey(xxh3_128_with_seed(&self.buffer, self.seed))
    }

    /// The key of several keys in their order; of one it is that one.
    fn joined(&self, keys: impl Iterator<Item = GroupKey>) -> GroupKey {
        let keys: SmallVec<[GroupKey; 6]> = keys.collect();
        if let [only] = *keys {
            return only;
        }
        let bytes: SmallVec<[u8; 96]> = keys.iter().flat_map(|key| key.0.to_le_bytes()).collect();
        GroupKey(xxh3_128_with_seed(&bytes, self.seed))
    }

    /// The key of some values in their order.
    pub(super) fn of_values<'v>(&mut self, values: impl Iterator<Item = &'v str>) -> GroupKey {
        let keys: SmallVec<[GroupKey; 6]> = values.map(|value| self.of_value(value)).collect();
        self.joined(keys.into_iter())
    }

    /// The key of an entity: the `name` of a field, and a value of it.
    pub(super) fn of_entity(&mut self, field: FieldNumber, name: &str, value: &str) -> GroupKey {
        let at = usize::from(field);
        if self.names.len() <= at {
            self.names.resize(at + 1, None);
        }
        let name = match self.names[at] {
            Some(known) => known,
            None => {
                let key = self.of_value(name);
                *self.names[at].insert(key)
            }
        };
        let value = self.of_value(value);
        self.joined([name, value].into_iter())
    }

    /// The only group that a record belongs to by way of a route: looked for once, however many rules group by the
    /// same fields.
    pub(super) fn group_of_route(&mut self, of: Subject<'_>, route: &Route) -> Option<GroupKey> {
        if let [only] = route.group.as_slice() {
            let known = self.field(of, *only);
            return (known.values == Different::One).then_some(known.key);
        }
        let at = route.grouping;
        if self.groupings.len() <= at {
            self.groupings.resize(at + 1, (0, None));
        }
        if self.groupings[at].0 != of.number {
            self.groupings[at] = (of.number, self.only_group(of, &route.group));
        }
        self.groupings[at].1
    }

    /// The key of the group of a record whose group fields have one value each: the usual case.
    pub(super) fn only_group(&mut self, of: Subject<'_>, fields: &[FieldNumber]) -> Option<GroupKey> {
        if let [only] = fields {
            let known = self.field(of, *only);
            return (known.values == Different::One).then_some(known.key);
        }
        let mut keys: SmallVec<[GroupKey; 6]> = SmallVec::new();
        for field in fields {
            let known = self.field(of, *field);
            if known.values != Different::One {
                return None;
            }
            keys.push(known.key);
        }
        Some(self.joined(keys.into_iter()))
    }

    /// The groups a record belongs to when a group field has several values, or none.
    pub(super) fn groups_of(
        &mut self,
        record: &MatchRecord,
        fields: &[FieldNumber],
    ) -> Vec<(GroupKey, Names)> {
        let mut combinations: Vec<Vec<&str>> = vec![Vec::with_capacity(fields.len())];
        for field in fields {
            let mut values: Vec<&str> = Vec::new();
            for value in record.values(*field) {
                if !values.iter().any(|known| is_same(known, value)) {
                    values.push(value);
                }
            }
            combinations = combinations
                .iter()
                .flat_map(|left| values.iter().map(move |value| [left.as_slice(), &[*value]].concat()))
                .take(MOST_GROUPS)
                .collect();
        }
        let group = |values: Vec<&str>| {
            let key = self.of_values(values.iter().copied());
            (key, values.into_iter().map(|value| cut(value).into()).collect())
        };
        combinations.into_iter().map(group).collect()
    }

    /// What sketches know a group by.
    pub(super) fn sketch_key(&mut self, names: &Names) -> SketchKey {
        self.buffer.clear();
        names.iter().for_each(|name| fold_into(&mut self.buffer, name));
        SketchKey(xxh3_128_with_seed(&self.buffer, self.sketch_seed))
    }

    /// Hashes of all values of the fields, or of all tuples of several; none without one of the fields.
    pub(super) fn counted(&mut self, of: Subject<'_>, fields: &[FieldNumber]) -> Values {
        if let [only] = fields {
            let known = self.field(of, *only);
            match known.values {
                Different::None => return Values::None,
                Different::One => return Values::One(known.counted),
                Different::Several => {}
            }
        }
        let mut tuples: SmallVec<[SmallVec<[u8; 32]>; 2]> = SmallVec::new();
        tuples.push(SmallVec::new());
        for field in fields {
            let mut longer: SmallVec<[SmallVec<[u8; 32]>; 2]> = SmallVec::new();
            for value in of.record.values(*field) {
                self.buffer.clear();
                fold_into(&mut self.buffer, value);
                let room = MOST_TUPLES.saturating_sub(longer.len());
                longer.extend(tuples.iter().take(room).map(|tuple| {
                    let mut tuple = tuple.clone();
                    tuple.extend_from_slice(&self.buffer);
                    tuple
                }));
            }
            tuples = longer;
        }
        let mut hashes: SmallVec<[u64; 4]> =
            tuples.iter().map(|tuple| xxh3_64_with_seed(tuple, self.sketch_seed)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Values::of_fingerprints(&hashes)
    }

    /// By what the copies of a record are recognised: looked for once, however many rules ask for the same.
    pub(super) fn occurrence(&mut self, of: Subject<'_>, once: &OncePlan) -> &OccurrenceKeys {
        let at = once.number;
        if self.onces.len() <= at {
            self.onces.resize(at + 1, (0, OccurrenceKeys::default()));
        }
        if self.onces[at].0 != of.number {
            self.onces[at] = (of.number, self.look_for_occurrence(of, once));
        }
        &self.onces[at].1
    }

    fn look_for_occurrence(&mut self, of: Subject<'_>, once: &OncePlan) -> OccurrenceKeys {
        let ids = self.of_each(of, once.first);
        if ids.is_empty() {
            return OccurrenceKeys::default();
        }
        let mut others = 0;
        for field in &once.rest {
            let own = self.of_first(of, *field);
            others = self.pair(others, own);
        }
        let request = self.request(of, once.request);
        let keys = ids.into_iter().map(|id| {
            let key = self.pair(id, others);
            (OccurrenceKey(key), OccurrenceKey(self.pair(key, request.key)))
        });
        OccurrenceKeys { of: keys.collect(), file: request.file, logger: request.logger }
    }

    /// Looked for once, by whatever rules recognise copies: all of them ask for the same logger, path and status.
    fn request(&mut self, of: Subject<'_>, fields: [FieldNumber; 3]) -> RequestKeys {
        if self.request.0 == of.number {
            return self.request.1;
        }
        let file = self.of_file(of.record);
        let is_told = |field: FieldNumber| of.record.value(field).is_some_and(|value| !value.is_empty());
        let [_, path, status] = fields;
        let is_request = is_told(path) && is_told(status);
        let [logger, path, status] = fields.map(|field| self.of_first(of, field));
        let key = self.pair(self.pair(path, status), file.0);
        let request = RequestKeys { file, key, logger: is_request.then_some(StreamKey(logger)) };
        self.request = (of.number, request);
        request
    }

    /// The key of the file that a record stands in.
    fn of_file(&mut self, record: &MatchRecord) -> StreamKey {
        if !Arc::ptr_eq(&self.file.0, &record.path) {
            let key = StreamKey(self.of_value(&record.path).short());
            self.file = (Arc::clone(&record.path), key);
        }
        self.file.1
    }

    /// The key of the first value of a field, or of its absence.
    fn of_first(&mut self, of: Subject<'_>, field: FieldNumber) -> u64 {
        self.field(of, field).key.short()
    }

    /// The keys of all values of a field.
    fn of_each(&mut self, of: Subject<'_>, field: FieldNumber) -> SmallVec<[u64; 2]> {
        let known = self.field(of, field);
        match known.values {
            Different::None => SmallVec::new(),
            Different::One => std::iter::once(known.key.short()).collect(),
            Different::Several => of.record.values(field).map(|value| self.of_value(value).short()).collect(),
        }
    }

    /// One of two, in their order.
    fn pair(&self, first: u64, second: u64) -> u64 {
        let mut bytes = [0; 16];
        let (left, right) = bytes.split_at_mut(8);
        left.copy_from_slice(&first.to_le_bytes());
        right.copy_from_slice(&second.to_le_bytes());
        xxh3_64_with_seed(&bytes, self.seed)
    }
}

/// Appends a value for hashing: its length and its text without ASCII case. A whole number is one value, however
/// it is written, 27 and 27.0, and so is a name in all its spellings.
fn fold_into(buffer: &mut Vec<u8>, value: &str) {
    let value = usual(one_value(compared(value)));
    buffer.extend_from_slice(&to_u32(value.len()).to_le_bytes());
    let start = buffer.len();
    buffer.extend_from_slice(value.as_bytes());
    if let Some(folded) = buffer.get_mut(start..) {
        folded.make_ascii_lowercase();
    }
}

/// Whether two values are one to groups and counts.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|value| usual(one_value(compared(value))));
    one.eq_ignore_ascii_case(&other)
}

/// A whole number without a point, whatever it is written with.
pub(super) fn one_value(value: &str) -> &str {
    // Nearly nothing ends as such a number does.
    if !value.ends_with('0') {
        return value;
    }
    whole_number(value).unwrap_or(value)
}

/// The digits of a whole number that is written with a point.
fn whole_number(value: &str) -> Option<&str> {
    let (whole, zeros) = value.rsplit_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_whole = !zeros.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then_some(whole)
}
