//! One event under evaluation: which slots it fills, which rules are candidates, which items are
//! settled. All of it is stamped with the number of the event, so that nothing has to be cleared.

use std::borrow::Cow;
use std::ops::Range;

use crate::detect::compile::{ItemProgram, Node, Program, Target, Value};
use crate::detect::prefilter::{Index, Posting, Sink};
use crate::event::number::{to_u32, to_usize};
use crate::event::{Event, Field, Format, Kind, Origin, PathId, Paths};
use crate::sigma::matcher::fold;
use crate::sigma::scan::value_text;
use crate::sigma::taxonomy::FieldSlot;

const NONE: u32 = u32::MAX;

/// A path that some rule's field name stands for.
struct LocalPath {
    /// The slot whose name this is.
    primary: u32,
    /// Slots that ask this (canonical) path when their own is absent.
    fallbacks: Vec<u32>,
    /// Event that last had the path, and its first and last field there.
    epoch: u32,
    first: u32,
    last: u32,
}

pub(super) struct Scratch {
    /// Path id → place in `locals`, or [`NONE`].
    by_path: Vec<u32>,
    locals: Vec<LocalPath>,
    /// Slot → place of its own path in `locals`.
    slot_local: Vec<u32>,
    /// Names that found no room in the table of paths, with their places in `locals`.
    overflow: Vec<(String, u32)>,
    paths: Paths,
    epoch: u32,
    /// Field → next field with the same path.
    next: Vec<u32>,
    /// Paths that the event has.
    touched: Vec<u32>,
    /// Slot → (epoch, local path it reads from).
    slots: Vec<(u32, u32)>,
    active: Vec<u32>,
    /// The buffer of the event in lower case (ASCII), at the same offsets.
    lower: String,
    /// The event has other letters than ASCII: `lower` is not the whole truth.
    foreign: bool,
    marks: Marks,
    pub(super) candidates: Vec<u32>,
}

/// What the prefilter says.
struct Marks {
    epoch: u32,
    /// Rule → event for which it is a candidate.
    rules: Vec<u32>,
    /// Item → twice the event for which it is settled, plus its value.
    items: Vec<u64>,
    candidates: Vec<u32>,
}

impl Marks {
    fn settle(&mut self, item: u32, value: bool) {
        if let Some(mark) = self.items.get_mut(to_usize(item)) {
            *mark = u64::from(self.epoch) << 1 | u64::from(value);
        }
    }

    fn settled(&self, item: u32) -> Option<bool> {
        let mark = *self.items.get(to_usize(item))?;
        (mark >> 1 == u64::from(self.epoch)).then_some(mark & 1 != 0)
    }

    fn candidate(&mut self, rule: u32) {
        if let Some(mark) = self.rules.get_mut(to_usize(rule))
            && *mark != self.epoch
        {
            *mark = self.epoch;
            self.candidates.push(rule);
        }
    }
}

impl Sink for Marks {
    fn hit(&mut self, postings: &[Posting]) {
        for posting in postings {
            self.candidate(posting.rule);
            self.settle(posting.item, true);
        }
    }

    fn maybe(&mut self, postings: &[Posting]) {
        for posting in postings {
            self.candidate(posting.rule);
        }
    }
}

impl Scratch {
    pub(super) fn new(program: &Program, paths: &Paths) -> Self {
        let mut scratch = Self {
            by_path: Vec::new(),
            locals: Vec::new(),
            slot_local: Vec::new(),
            overflow: Vec::new(),
            paths: paths.clone(),
            epoch: 0,
            next: Vec::new(),
            touched: Vec::new(),
            slots: vec![(0, NONE); program.fields.slot_count()],
            active: Vec::new(),
            lower: String::new(),
            foreign: false,
            marks: Marks {
                epoch: 0,
                rules: vec![0; program.rules.len()],
                items: vec![0; program.items.len()],
                candidates: Vec::new(),
            },
            candidates: Vec::new(),
        };
        for slot in 0..to_u32(program.fields.slot_count()) {
            scratch.add_slot(program, slot);
        }
        scratch
    }

    fn add_slot(&mut self, program: &Program, slot: u32) {
        let (primary, fallback) = program.fields.paths_of(FieldSlot(slot));
        let own = if primary == PathId::OVERFLOW {
            self.locals.push(LocalPath::new());
            let own = to_u32(self.locals.len()) - 1;
            self.overflow.push((program.fields.name(FieldSlot(slot)).to_owned(), own));
            own
        } else {
            self.local(primary)
        };
        self.slot_local.push(own);
        if let Some(local) = self.locals.get_mut(to_usize(own)) {
            local.primary = slot;
        }
        if let Some(fallback) = fallback {
            let local = self.local(fallback);
            if let Some(local) = self.locals.get_mut(to_usize(local)) {
                local.fallbacks.push(slot);
            }
        }
    }

    fn local(&mut self, path: PathId) -> u32 {
        if self.by_path.len() <= path.index() {
            self.by_path.resize(path.index() + 1, NONE);
        }
        if self.by_path[path.index()] == NONE {
            self.by_path[path.index()] = to_u32(self.locals.len());
            self.locals.push(LocalPath::new());
        }
        self.by_path[path.index()]
    }

    /// Takes up an event and finds the candidates for it.
    pub(super) fn begin(&mut self, event: &Event, index: &Index) {
        self.advance();
        self.lower.clear();
        self.lower.push_str(event.buffer());
        self.lower.make_ascii_lowercase();
        self.foreign = !event.buffer().is_ascii();
        self.link_fields(event);
        self.fill_slots();
        for at in 0..self.active.len() {
            let slot = self.active[at];
            let Some(index) = index.slot(to_usize(slot)) else { continue };
            index.present(&mut self.marks);
            let mut at = self.first_field(slot);
            while let Some(field) = event.fields().get(to_usize(at)) {
                if let Some(range) = plain(field, &self.lower, self.foreign) {
                    index.value(&self.lower, range, &mut self.marks);
                } else if let Some(folded) = folded(event, field, &self.lower, self.foreign) {
                    index.value(&folded, 0..folded.len(), &mut self.marks);
                }
                at = self.next.get(to_usize(at)).copied().unwrap_or(NONE);
            }
        }
        if index.has_keywords() {
            self.find_keywords(event, index);
        }
        self.candidates.clear();
        self.candidates.append(&mut self.marks.candidates);
    }

    /// Keywords are looked for in values only; where the line itself counts, in everything at once.
    fn find_keywords(&mut self, event: &Event, index: &Index) {
        if self.foreign {
            let text = fold(event.buffer());
            index.keywords(text.as_bytes(), 0..text.len(), &mut self.marks);
        } else if event.meta.format == Format::Json {
            for field in event.fields().iter().filter(|field| is_searched(field)) {
                index.keywords(self.lower.as_bytes(), range_of(field), &mut self.marks);
            }
        } else {
            index.keywords(self.lower.as_bytes(), 0..self.lower.len(), &mut self.marks);
        }
    }

    /// The number of the next event; after four billion of them all stamps start over.
    fn advance(&mut self) {
        if self.epoch == u32::MAX {
            self.epoch = 0;
            self.locals.iter_mut().for_each(|local| local.epoch = 0);
            self.slots.iter_mut().for_each(|slot| slot.0 = 0);
            self.marks.rules.fill(0);
            self.marks.items.fill(0);
        }
        self.epoch += 1;
        self.marks.epoch = self.epoch;
    }

    /// Chains the fields of each path that rules ask for.
    fn link_fields(&mut self, event: &Event) {
        self.touched.clear();
        self.next.clear();
        self.next.resize(event.fields().len(), NONE);
        for (at, field) in event.fields().iter().enumerate() {
            let local = match self.by_path.get(field.path.index()) {
                Some(local) => *local,
                None if field.path == PathId::OVERFLOW && !self.overflow.is_empty() => {
                    self.overflow_local(event, at)
                }
                None => NONE,
            };
            if local != NONE {
                self.link(local, to_u32(at));
            }
        }
    }

    fn link(&mut self, local: u32, field: u32) {
        let Some(path) = self.locals.get_mut(to_usize(local)) else { return };
        if path.epoch == self.epoch {
            self.next[to_usize(path.last)] = field;
            path.last = field;
        } else {
            (path.epoch, path.first, path.last) = (self.epoch, field, field);
            self.touched.push(local);
        }
    }

    #[cold]
    fn overflow_local(&self, event: &Event, at: usize) -> u32 {
        let paths = self.paths.read();
        let name = event.name(at, &paths);
        self.overflow.iter().find(|(known, _)| known == name).map_or(NONE, |(_, local)| *local)
    }

    /// Which slots have values: by their own path, else by the canonical one.
    fn fill_slots(&mut self) {
        self.active.clear();
        for local in &self.touched {
            let Some(path) = self.locals.get(to_usize(*local)) else { continue };
            if path.primary != NONE {
                self.slots[to_usize(path.primary)] = (self.epoch, *local);
                self.active.push(path.primary);
            }
        }
        for local in &self.touched {
            let Some(path) = self.locals.get(to_usize(*local)) else { continue };
            for slot in &path.fallbacks {
                let own = to_usize(self.slot_local[to_usize(*slot)]);
                if self.locals[own].epoch != self.epoch {
                    self.slots[to_usize(*slot)] = (self.epoch, *local);
                    self.active.push(*slot);
                }
            }
        }
    }

    /// The first field of a slot, or [`NONE`] if the event lacks it.
    fn first_field(&self, slot: u32) -> u32 {
        match self.slots.get(to_usize(slot)) {
            Some((epoch, local)) if *epoch == self.epoch => self.locals[to_usize(*local)].first,
            _ => NONE,
        }
    }

    pub(super) fn node(&mut self, node: &Node, items: &[ItemProgram], event: &Event) -> bool {
        match node {
            Node::Item(item) => self.item(*item, items, event),
            Node::Not(inner) => !self.node(inner, items, event),
            Node::And(nodes) => nodes.iter().all(|node| self.node(node, items, event)),
            Node::Or(nodes) => nodes.iter().any(|node| self.node(node, items, event)),
        }
    }

    fn item(&mut self, item: u32, items: &[ItemProgram], event: &Event) -> bool {
        if let Some(value) = self.marks.settled(item) {
            return value;
        }
        let value = items.get(to_usize(item)).is_some_and(|program| self.evaluate(program, event));
        self.marks.settle(item, value);
        value
    }

    fn evaluate(&self, item: &ItemProgram, event: &Event) -> bool {
        match item.target {
            Target::Keywords => {
                item.values.iter().all(|any| self.keywords(event).any(|value| any.passes(&value)))
            }
            Target::Field(slot) => {
                let first = self.first_field(slot.0);
                item.values.iter().all(|any| {
                    if first == NONE {
                        return any.null || any.absent;
                    }
                    any.exists
                        || any.null && self.chain(event, first).any(|field| field.kind == Kind::Null)
                        || self.values(event, first).any(|value| any.passes(&value))
                        || any.references.iter().any(|(other, reference)| {
                            let texts = |first| -> Vec<Cow<'_, str>> {
                                let values = self.values(event, first);
                                values
                                    .map(|value| if reference.cased { value.text } else { value.folded })
                                    .collect()
                            };
                            reference.any(&texts(first), &texts(self.first_field(other.0)))
                        })
                })
            }
        }
    }

    /// All fields from `first` on with the same path.
    fn chain<'a>(&'a self, event: &'a Event, first: u32) -> impl Iterator<Item = &'a Field> {
        let mut at = first;
        std::iter::from_fn(move || {
            let field = event.fields().get(to_usize(at))?;
            at = self.next.get(to_usize(at)).copied().unwrap_or(NONE);
            Some(field)
        })
    }

    fn values<'a>(&'a self, event: &'a Event, first: u32) -> impl Iterator<Item = Value<'a>> {
        self.chain(event, first).filter_map(|field| {
            let folded = folded(event, field, &self.lower, self.foreign)?;
            Some(Value { text: value_text(event, field)?, folded, kind: field.kind })
        })
    }

    /// What keywords are searched in; see [`crate::sigma::scan::keyword_texts`].
    fn keywords<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = Value<'a>> {
        let line = (event.meta.format != Format::Json).then(|| Value {
            text: event.raw().into(),
            folded: fold(event.raw()),
            kind: Kind::String,
        });
        let fields = event.fields().iter().filter(|field| is_searched(field)).filter_map(|field| {
            let folded = folded(event, field, &self.lower, self.foreign)?;
            Some(Value { text: event.text(field.span).into(), folded, kind: field.kind })
        });
        line.into_iter().chain(fields)
    }
}

impl LocalPath {
    fn new() -> Self {
        Self { primary: NONE, fallbacks: Vec::new(), epoch: 0, first: NONE, last: NONE }
    }
}

/// Keywords look at the values that stand in the line.
fn is_searched(field: &Field) -> bool {
    matches!(field.origin, Origin::Line | Origin::Quoted) && !field.kind.is_container()
}

fn range_of(field: &Field) -> Range<usize> {
    let start = to_usize(field.span.start);
    start..start + to_usize(field.span.len)
}

/// Where the folded text of a scalar stands in `lower`, if it is in ASCII.
#[inline]
fn plain(field: &Field, lower: &str, foreign: bool) -> Option<Range<usize>> {
    let range = range_of(field);
    let scalar = !matches!(field.kind, Kind::Null | Kind::Array | Kind::Object);
    (scalar && (!foreign || lower.get(range.clone()).is_some_and(str::is_ascii))).then_some(range)
}

/// The folded text of a value; `None` for what is no value (null, arrays).
fn folded<'a>(event: &'a Event, field: &Field, lower: &'a str, foreign: bool) -> Option<Cow<'a, str>> {
    match field.kind {
        Kind::Null | Kind::Array => None,
        Kind::Object => Some(fold(&value_text(event, field)?).into_owned().into()),
        _ => Some(match plain(field, lower, foreign) {
            Some(range) => lower.get(range).unwrap_or_default().into(),
            None => fold(event.text(field.span)),
        }),
    }
}
