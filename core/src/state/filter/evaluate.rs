//! A query put to one event in memory. It must say what the index would say of the same event: what of
//! an event is found by its value, by its words or by its time is decided here as in `index::document`.

use std::cell::OnceCell;

use crate::event::{EventId, LogLevel, Record, RecordField, SEARCHED_FIELDS};
use crate::query::name::{self, CORRELATION_ID, EVENT_ID, MESSAGE, OUTCOME, SOURCE, TIME, is_repeated};
use crate::query::value::{TimeTest, ValueTest, WordsTest, event_ids, is_time_of};
use crate::query::words::{
    VALUE_BYTES, WORDS_BYTES, clean_name, comparable, head, is_wordy, push_value, words,
};
use crate::query::{Clause, Expression, Test};

/// Canonical fields whose values others repeat are looked for among this many.
const HOMES: usize = 64;

/// A query, ready to be put to events.
#[derive(Clone, Debug)]
pub(super) enum Program {
    Always,
    All(Vec<Program>),
    Any(Vec<Program>),
    Not(Box<Program>),
    Anywhere(Anywhere),
    Named(Vec<Named>),
    Level(Vec<LogLevel>),
}

/// A condition without a field.
#[derive(Clone, Debug)]
pub(super) struct Anywhere {
    words: WordsTest,
    /// The whole text as an id, where it may be one.
    id: Option<(ValueTest, Vec<EventId>)>,
}

/// A condition on the values under one name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    name: String,
    value: ValueTest,
    words: WordsTest,
    /// None where the condition cannot be put to a time.
    time: Option<TimeTest>,
    events: Vec<EventId>,
    is_range: bool,
}

impl Program {
    pub(super) fn of(expression: &Expression) -> Self {
        match expression {
            Expression::All => Self::Always,
            Expression::And(members) => Self::All(members.iter().map(Self::of).collect()),
            Expression::Or(members) => Self::Any(members.iter().map(Self::of).collect()),
            Expression::Not(inner) => Self::Not(Box::new(Self::of(inner))),
            Expression::Clause(clause) => Self::of_clause(clause),
        }
    }

    fn of_clause(clause: &Clause) -> Self {
        let Some(field) = clause.field.as_deref() else {
            return Anywhere::new(&clause.test).map_or(Self::Any(Vec::new()), Self::Anywhere);
        };
        match name::levels(&clause.test) {
            Ok(Some(levels)) if name::is_level(field) => Self::Level(levels),
            _ => {
                Self::Named(name::meanings(field).filter_map(|name| Named::new(name, &clause.test)).collect())
            }
        }
    }

    pub(super) fn holds(&self, record: &Record) -> bool {
        self.holds_for(&Subject::of(record))
    }

    fn holds_for(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::All(members) => members.iter().all(|member| member.holds_for(subject)),
            Self::Any(members) => members.iter().any(|member| member.holds_for(subject)),
            Self::Not(inner) => !inner.holds_for(subject),
            Self::Anywhere(anywhere) => anywhere.holds_for(subject),
            Self::Named(names) => names.iter().any(|named| named.holds_for(subject)),
            Self::Level(levels) => levels.contains(&subject.record.level),
        }
    }
}

impl Anywhere {
    fn new(test: &Test) -> Option<Self> {
        let id = match test {
            Test::Is(_) | Test::Phrase { prefix: false, .. } => {
                Some((ValueTest::new(test).ok()?, event_ids(test)))
            }
            _ => None,
        };
        Some(Self { words: WordsTest::new(test).ok()?, id })
    }

    fn holds_for(&self, subject: &Subject<'_>) -> bool {
        if subject.words_hold(&self.words) {
            return true;
        }
        let Some((value, events)) = &self.id else { return false };
        let is_id = |field: &&RecordField| subject.has_name(field, CORRELATION_ID) && !is_null(field);
        events.contains(&subject.record.event_id)
            || subject.fields().filter(is_id).any(|field| value.holds(&comparable(&field.value)))
    }
}

impl Named {
    fn new(name: &str, test: &Test) -> Option<Self> {
        Some(Self {
            name: clean_name(name).into_owned(),
            value: ValueTest::new(test).ok()?,
            words: WordsTest::new(test).ok()?,
            time: TimeTest::new(test).ok(),
            events: if name == EVENT_ID { event_ids(test) } else { Vec::new() },
            is_range: matches!(test, Test::Range { .. }),
        })
    }

    fn holds_for(&self, subject: &Subject<'_>) -> bool {
        let record = subject.record;
        match self.name.as_str() {
            MESSAGE => return self.words.holds(subject.message()),
            TIME => return self.time.is_some_and(|test| test.holds(record.time)),
            SOURCE if self.value.holds(&comparable(&record.source)) => return true,
            OUTCOME if self.value.holds(record.outcome.word()) => return true,
            EVENT_ID if matches!(self.value, ValueTest::Any) => return true,
            EVENT_ID if self.events.contains(&record.event_id) => return true,
            _ => {}
        }
        let named = subject.fields().filter(|field| subject.has_name(field, &self.name));
        named.into_iter().any(|field| self.field_holds(subject, field))
    }

    fn field_holds(&self, subject: &Subject<'_>, field: &RecordField) -> bool {
        if is_null(field) {
            return false;
        }
        if matches!(self.value, ValueTest::Any) {
            return true;
        }
        let same = subject.same_elsewhere(field);
        if same.is_none() {
            return self.value_holds(subject, field);
        }
        if &*field.name == CORRELATION_ID && self.value_holds(subject, field) {
            return true;
        }
        same.message && !self.is_range && self.words.holds(subject.message())
            || same.time && self.time.is_some_and(|test| test.holds(subject.record.time))
            || same.canonical.is_some_and(|home| self.value_holds(subject, home))
    }

    /// A long text is found by its words, all other values as a whole.
    fn value_holds(&self, subject: &Subject<'_>, field: &RecordField) -> bool {
        match is_long(field) {
            true => !self.is_range && subject.words_hold(&self.words),
            false => self.value.holds(&comparable(&field.value)),
        }
    }
}

/// Where a value of the line stands once more.
struct SameElsewhere<'r> {
    message: bool,
    time: bool,
    canonical: Option<&'r RecordField>,
}

impl SameElsewhere<'_> {
    fn is_none(&self) -> bool {
        !self.message && !self.time && self.canonical.is_none()
    }
}

type Words = Vec<(usize, String)>;

/// One event, and what is worked out of it once however many conditions ask.
struct Subject<'r> {
    record: &'r Record,
    message: OnceCell<Words>,
    text: OnceCell<Words>,
}

impl<'r> Subject<'r> {
    fn of(record: &'r Record) -> Self {
        Self { record, message: OnceCell::new(), text: OnceCell::new() }
    }

    /// Canonical fields whose values others may repeat.
    fn homes(&self) -> impl Iterator<Item = &'r RecordField> {
        self.record.fields.iter().filter(|field| is_home(field)).take(HOMES)
    }

    /// Whether no other field has the name of this home.
    fn is_single(&self, home: &RecordField) -> bool {
        let rivals = self.record.fields.iter().filter(|field| field.name == home.name);
        rivals.filter(|field| !field.derived || is_home(field)).count() == 1
    }

    fn fields(&self) -> impl Iterator<Item = &'r RecordField> {
        let fields = self.record.fields.iter().enumerate();
        fields
            .filter(|(at, field)| *at < SEARCHED_FIELDS || field.derived || field.joined)
            .map(|(_, field)| field)
    }

    fn has_name(&self, field: &RecordField, name: &str) -> bool {
        let is_column = matches!(name, MESSAGE | TIME);
        !is_column && (&*field.name == name || clean_name(&field.name) == name)
    }

    fn message(&self) -> &Words {
        self.message.get_or_init(|| words(head(&self.record.message, WORDS_BYTES)))
    }

    /// The words of what the line says beside its message, its time, its ids and what is repeated.
    fn text(&self) -> &Words {
        self.text.get_or_init(|| {
            let mut text = String::new();
            let from_line = self.fields().filter(|field| !field.derived && !field.joined);
            for field in from_line {
                let is_elsewhere = field.value == self.record.message
                    || self.homes().any(|home| self.has_words_of(home, field))
                    || is_time_of(&field.value, self.record.time);
                if !is_elsewhere && is_wordy(field.is_string, &field.value) {
                    push_value(&mut text, 0, &field.value);
                }
            }
            words(&text)
        })
    }

    /// Whether the words of a field of the line are looked for at a canonical field.
    fn has_words_of(&self, home: &RecordField, field: &RecordField) -> bool {
        home.value == field.value
            && (matches!(&*home.name, TIME | CORRELATION_ID) || is_repeated(&home.name) && !is_long(home))
    }

    fn words_hold(&self, test: &WordsTest) -> bool {
        test.holds(self.message()) || test.holds(self.text()) || self.repeated_holds(test)
    }

    /// Whether a value of which many events have the same passes by its words.
    fn repeated_holds(&self, test: &WordsTest) -> bool {
        let is_one = |field: &&RecordField| {
            is_repeated(&field.name)
                && !is_null(field)
                && !is_long(field)
                && self.same_elsewhere(field).is_none()
        };
        self.fields().filter(is_one).any(|field| test.holds_value(&comparable(&field.value)))
    }

    /// Where the value of a field that is not canonical stands under a canonical name.
    fn same_elsewhere(&self, field: &RecordField) -> SameElsewhere<'r> {
        if field.derived {
            return SameElsewhere { message: false, time: false, canonical: None };
        }
        let homes: Vec<&RecordField> =
            self.homes().filter(|home| home.value == field.value && self.is_single(home)).collect();
        SameElsewhere {
            message: !field.value.is_empty() && field.value == self.record.message,
            time: homes.iter().any(|home| &*home.name == TIME) || is_time_of(&field.value, self.record.time),
            canonical: homes.into_iter().find(|home| !matches!(&*home.name, TIME | MESSAGE)),
        }
    }
}

/// Whether a value is so long that it is found by its words alone.
fn is_long(field: &RecordField) -> bool {
    field.is_string && field.value.len() > VALUE_BYTES && &*field.name != CORRELATION_ID && !field.joined
}

fn is_home(field: &RecordField) -> bool {
    field.derived && !field.value.is_empty()
}

/// JSON's null, which is no value.
fn is_null(field: &RecordField) -> bool {
    !field.is_string && matches!(field.value.as_str(), "" | "null" | "nil")
}
