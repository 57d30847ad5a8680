//! What a line states becomes fields of it.

use super::{Found, Normalizer, Role, has_value, put};
use crate::event::{Event, Field, Kind, Origin, PathId, Span, canonical};
use crate::facts::echo::{Telling, Whom};
use crate::facts::{Brought, Fact, Statement, Value, names};

impl Normalizer {
    /// One pass over the message for all that looks for words in it.
    pub(super) fn scan_message(&mut self, event: &Event, found: &Found) {
        let message = found.has(Role::Message).then(|| self.best[Role::Message.index()].field.span);
        self.facts.scan(message.map_or("", |span| event.text(span)));
    }

    /// Adds what the line states: its facts, and who and what they are about.
    pub(super) fn state_facts(&mut self, event: &mut Event, found: &Found) {
        self.facts.read(event, &found.products);
        self.add_stated(event, found);
    }

    /// Adds what the answer alone states, where nothing else has.
    pub(super) fn state_answer(&mut self, event: &mut Event, found: &Found) {
        if self.facts.stated().statements.is_empty() {
            self.facts.read_answer(event);
            self.add_stated(event, found);
        }
    }

    fn add_stated(&self, event: &mut Event, found: &Found) {
        let stated = self.facts.stated();
        if stated.statements.is_empty() {
            return;
        }
        for brought in &stated.brought {
            bring(brought, event, found);
        }
        keep_original_action(event);
        for statement in stated.statements.iter().rev() {
            say(statement, event, found);
        }
        name_breaker(&stated.statements, event, found);
    }

    /// Says of a line that tells an attempt again for how many it counts. In the order of the events.
    pub(super) fn count_attempts(&mut self, event: &mut Event) {
        let text = |path: PathId| event.all(path).next().unwrap_or_default();
        let confidence = text(canonical::FACT_CONFIDENCE);
        let (Some(fact), Some(time)) = (Fact::named(text(canonical::EVENT_ACTION)), event.meta.time) else {
            return;
        };
        if confidence.is_empty() {
            return;
        }
        let telling = Telling {
            fact,
            time,
            entry: text(canonical::FACT_ENTRY).into(),
            echo: text(canonical::FACT_ECHO) == "true",
            times: text(canonical::FACT_COUNT).parse().unwrap_or(1),
        };
        let pair = |a: PathId, b: PathId| {
            let (a, b) = (text(a), text(b));
            (!a.is_empty() && !b.is_empty()).then(|| format!("{a}\0{b}"))
        };
        let somebody = pair(canonical::SOURCE_IP, canonical::USER_NAME).map(Whom::Somebody);
        // An application serves many in one process; a program of syslog has one for each.
        // Of one su, its own line names root and PAM's whoever became root before: both are told.
        let has_own_process = confidence == "phrase" && fact.name() != "privilege_used";
        let process = pair(canonical::HOST_NAME, canonical::PROCESS_PID).filter(|_| has_own_process);
        let process = process.map(Whom::Process);
        let requests = event.all(canonical::CORRELATION_ID).map(|id| Whom::Request(id.to_owned()));
        let whom: Vec<Whom> = somebody.into_iter().chain(process).chain(requests).collect();
        let counted = self.attempts.count(&whom, &telling);
        if counted != telling.times {
            overrule(event, canonical::FACT_COUNT, &counted.to_string());
        }
    }
}

/// Adds a field that a statement brings. A field of the line beats the text; what a structured product means by
/// its fields beats what their names made of them.
fn bring(brought: &Brought, event: &mut Event, found: &Found) {
    if !brought.overrules && has_value(event, brought.path) {
        return;
    }
    let span = match &brought.value {
        Value::Part(span) => *span,
        Value::Text(text) => event.append_text(text),
    };
    if brought.overrules {
        forget_canonical(event, brought.path);
    }
    let kind = match brought.path {
        canonical::SOURCE_PORT | canonical::PROCESS_PID => Kind::Number,
        _ => Kind::String,
    };
    if brought.overrules {
        event.push(brought.path, kind, span, Origin::Canonical);
        move_first(event, brought.path);
    } else {
        put(event, found, brought.path, kind, span);
    }
}

/// Takes away what the names of fields made of a canonical field.
fn forget_canonical(event: &mut Event, path: PathId) {
    event.fields_mut().retain(|field| field.path != path || field.origin != Origin::Canonical);
}

/// Makes the newest field of a path the first of it.
fn move_first(event: &mut Event, path: PathId) {
    let fields = event.fields_mut();
    let last = fields.len().saturating_sub(1);
    if let Some(first) = fields.iter().position(|field| field.path == path) {
        fields.swap(first, last);
    }
}

/// What the source calls the event stays beside the fact.
fn keep_original_action(event: &mut Event) {
    let action = event.fields().iter().find(|field| field.path == canonical::EVENT_ACTION).copied();
    if let Some(Field { span, .. }) = action {
        event.push(canonical::ORIGINAL_ACTION, Kind::String, span, Origin::Canonical);
    }
}

fn say(statement: &Statement, event: &mut Event, found: &Found) {
    first(event, canonical::EVENT_ACTION, statement.fact.name());
    for category in statement.fact.categories() {
        first(event, canonical::EVENT_CATEGORY, category);
    }
    for kind in statement.fact.types() {
        first(event, canonical::EVENT_TYPE, kind);
    }
    if let Some(outcome) = statement.fact.outcome() {
        overrule(event, canonical::EVENT_OUTCOME, outcome);
    }
    if let Some(reason) = &statement.reason {
        overrule(event, canonical::EVENT_REASON, reason);
    }
    text(event, canonical::FACT_CONFIDENCE, statement.confidence.word());
    text(event, canonical::FACT_ENTRY, &statement.entry);
    if statement.contested && event.get(canonical::FACT_CONTESTED).is_none() {
        text(event, canonical::FACT_CONTESTED, "source.ip");
    }
    if statement.echo && event.get(canonical::FACT_ECHO).is_none() {
        let span = event.append_text("true");
        put(event, found, canonical::FACT_ECHO, Kind::True, span);
    }
    match &statement.count {
        Some(Value::Part(span)) => event.push(canonical::FACT_COUNT, Kind::Number, *span, Origin::Canonical),
        Some(Value::Text(count)) => overrule(event, canonical::FACT_COUNT, count),
        None => {}
    }
}

fn text(event: &mut Event, path: PathId, text: &str) -> Span {
    let span = event.append_text(text);
    event.push(path, Kind::String, span, Origin::Canonical);
    span
}

/// Adds a value and makes it the first; the others stay.
fn first(event: &mut Event, path: PathId, word: &str) {
    if event.get(path) != Some(word) {
        text(event, path, word);
        move_first(event, path);
    }
}

/// Sets a canonical field to a word of ours.
fn overrule(event: &mut Event, path: PathId, word: &str) {
    if event.get(path) == Some(word) {
        return;
    }
    forget_canonical(event, path);
    let span = event.append_text(word);
    let kind = if path == canonical::FACT_COUNT { Kind::Number } else { Kind::String };
    event.push(path, kind, span, Origin::Canonical);
    move_first(event, path);
}

/// A breaker without a name stands for the service that it guards: incidents must not be grouped by nothing. Two services
/// may have one of the same name, so it is known by both (where no service is named, by its own name twice); what it guards is told
/// by the words of its name.
fn name_breaker(statements: &[Statement], event: &mut Event, found: &Found) {
    if !statements.iter().any(|statement| statement.fact.is_about_breaker()) {
        return;
    }
    let span_of = |event: &Event, path: PathId| {
        let field =
            event.fields().iter().find(|field| field.path == path && !event.text(field.span).is_empty());
        field.map(|field| field.span)
    };
    let service = span_of(event, canonical::SERVICE_NAME);
    if !has_value(event, canonical::BREAKER_NAME)
        && let Some(span) = service
    {
        put(event, found, canonical::BREAKER_NAME, Kind::String, span);
    }
    let Some(name) = span_of(event, canonical::BREAKER_NAME).map(|span| event.text(span).to_owned()) else {
        return;
    };
    let service = service.map_or_else(|| name.clone(), |span| event.text(span).to_owned());
    let id = if service == name { name.clone() } else { format!("{service}/{name}") };
    text(event, canonical::BREAKER_SERVICE, &service);
    text(event, canonical::BREAKER_ID, &id);
    for word in names::words(&name).iter().take(BREAKER_WORDS) {
        text(event, canonical::BREAKER_WORD, word);
    }
}

/// Words of the name of a breaker that are told apart.
const BREAKER_WORDS: usize = 8;
