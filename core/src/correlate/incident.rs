//! Incidents: what an analyst sees of a thousand firings.
//!
//! One per rule and group. It opens with the first firing, says so again at 10, 100, ... times its
//! first count, when its level rises and when a detail changes that the rule names, closes after a quiet time and
//! may open again, with another id. What comes after a quiet time in the time of the events is another incident,
//! however late the quiet is noticed: it waits until nothing can come that lies between, and opens then. Counts are exact between reports. Its id is a hash of (rule, rule text, group,
//! stretch of time in which it opened), so that the same input gives the same ids in every run, whatever order it comes
//! in. A stretch is as long as the quiet time: two incidents of a group never open in one, as long as events come within
//! the lateness. One that opens with an event that is later than that may find another of its stretch over and told;
//! what tells it apart is the event itself. What remains: where the event that opens an incident comes late and across
//! the border of two stretches, the id is that of the later one.
//! States, risks and absences end for other reasons than quiet; theirs is a hash of the triggering event.

mod details;
mod firing;
pub(crate) mod register;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::details::TOLD_SINGLY;
pub(crate) use self::details::{Details, StateLeftFor, StateTold};
use self::firing::identity;
pub(crate) use self::firing::{AlertSink, Context, Effect, Facet, Firing, IncidentPlace};
use super::entry::Position;
use super::evidence::Evidence;
use super::plan::RulePlan;
use crate::alert;
use crate::alert::{Alert, AlertId, AlertKind, AlertStatus, RuleSummary};
use crate::detect::record::FieldNumber;
use crate::event::number::to_u16;
use crate::event::veil::shown;
use crate::event::{EventId, Timestamp};
use crate::sigma::Level;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incident {
    id: u128,
    pub(crate) kind: AlertKind,
    pub(crate) open: bool,
    /// Position in the order of opening.
    ordinal: u64,
    /// When it opened: the time of the firing.
    opened_at: Timestamp,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) count: u64,
    /// The newest entry that has been counted.
    pub(crate) counted_to: Position,
    reported: u64,
    next_report: u64,
    level: Level,
    #[serde(with = "super::snapshot::exact")]
    value: f64,
    /// The value was below `rearm_below` since the last firing.
    below: bool,
    pub(crate) closed_at: Timestamp,
    group: Arc<BTreeMap<String, String>>,
    pub(crate) details: Details,
    approximate: bool,
    openings: VecDeque<Timestamp>,
    /// A timer for it is pending.
    pub(crate) timed: bool,
    /// What followed after a quiet time, while an event between may still come.
    next: Option<Box<Incident>>,
}

/// What an alert lists.
struct Listed {
    events: Vec<EventId>,
    correlation_ids: Vec<String>,
}

impl Incident {
    /// Open from this firing on.
    fn new(
        id: u128,
        ordinal: u64,
        rule: &RulePlan,
        firing: Firing,
        group: Arc<BTreeMap<String, String>>,
    ) -> Self {
        Self {
            id,
            kind: firing.kind,
            open: true,
            ordinal,
            opened_at: firing.time,
            first: firing.first,
            last: firing.time,
            count: firing.events.max(1),
            counted_to: firing.newest,
            reported: 0,
            next_report: firing.events.max(1).saturating_mul(10),
            level: rule.summary.level,
            value: firing.value,
            below: false,
            closed_at: Timestamp::MIN,
            group,
            details: Details::default(),
            approximate: firing.approximate,
            openings: VecDeque::new(),
            timed: false,
            next: None,
        }
    }

    fn collect(&mut self, collect: impl FnOnce(&mut Details, Effect), effect: Effect) {
        collect(&mut self.details, effect);
        if effect == Effect::Opened {
            // What it opens with is no change.
            self.details.news.clear();
            if let Some(trigger) = self.details.latest.clone() {
                self.details.trigger_at(&trigger.path, trigger.line);
            }
        }
    }

    /// As far as it matters for opening.
    fn opening(&self) -> Firing {
        Firing {
            kind: self.kind,
            time: self.opened_at,
            first: self.first,
            events: self.count,
            value: self.value,
            approximate: self.approximate,
            newest: self.counted_to,
            trigger: EventId::default(),
            overdue: false,
        }
    }

    /// Whether a firing at this time came after it had been quiet for as long as closes it.
    fn is_apart(&self, rule: &RulePlan, facet: Facet, time: Timestamp) -> bool {
        facet == Facet::Firing && self.kind != AlertKind::Absence && time > self.last.plus(rule.close_after)
    }

    /// Counts a firing, here or in what followed after a quiet time.
    fn take(
        &mut self,
        firing: Firing,
        collect: impl FnOnce(&mut Details, Effect),
        facet: Facet,
        buffer: &mut Vec<u8>,
        mut report: AlertSink<'_>,
    ) -> Effect {
        let rule = report.rule;
        if !self.is_apart(rule, facet, firing.time) {
            let effect = self.count(firing, collect, &mut report);
            self.join(facet, &mut report);
            return effect;
        }
        match &mut self.next {
            // Nobody has heard of it yet: it tells when it opens.
            Some(next) => {
                next.take(firing, collect, facet, buffer, AlertSink { out: &mut Vec::new(), ..report })
            }
            None => {
                let id = identity(rule, facet, &self.group, firing, buffer);
                let mut next = Self::new(id, self.ordinal, rule, firing, Arc::clone(&self.group));
                next.collect(collect, Effect::Opened);
                self.next = Some(Box::new(next));
                Effect::Counted
            }
        }
    }

    /// Takes in what seemed to follow after a quiet time, when an event between has come.
    fn join(&mut self, facet: Facet, report: &mut AlertSink<'_>) {
        let rule = report.rule;
        while let Some(next) = &self.next
            && !self.is_apart(rule, facet, next.opened_at)
            && let Some(next) = self.next.take()
        {
            let more = Firing { time: next.last, trigger: EventId::default(), ..next.opening() };
            let parts = *next;
            self.count(more, |details, _| details.absorb(parts.details), report);
            self.next = parts.next;
        }
    }

    /// Replaces what it holds of events and fields, for other field numbers.
    pub(crate) fn renumber(
        &mut self,
        evidence: &impl Fn(&Arc<Evidence>) -> Arc<Evidence>,
        number: &impl Fn(FieldNumber) -> Option<FieldNumber>,
    ) {
        self.details.renumber(evidence, number);
        let mut next = self.next.as_deref_mut();
        while let Some(incident) = next {
            incident.details.renumber(evidence, number);
            next = incident.next.as_deref_mut();
        }
    }

    /// What followed it, when it is over.
    pub(crate) fn take_next(&mut self) -> Option<Box<Incident>> {
        self.next.take()
    }

    /// The newest entry counted, here or in what followed.
    pub(crate) fn newest_counted(&self) -> Position {
        self.next.as_ref().map_or(self.counted_to, |next| next.newest_counted())
    }

    /// Counts a firing while it is open.
    fn count(
        &mut self,
        firing: Firing,
        collect: impl FnOnce(&mut Details, Effect),
        report: &mut AlertSink<'_>,
    ) -> Effect {
        let AlertSink { rule, context, .. } = *report;
        self.count = self.count.saturating_add(firing.events);
        self.first = self.first.min(firing.first);
        if self.reported == 0 {
            // Nobody has heard of it yet: it opens with its earliest firing.
            self.opened_at = self.opened_at.min(firing.time);
        }
        self.last = self.last.max(firing.time);
        self.counted_to = self.counted_to.max(firing.newest);
        self.value = firing.value;
        self.below = false;
        self.approximate |= firing.approximate;
        self.collect(collect, Effect::Counted);
        let mut words = self.changes(context);
        if firing.kind != self.kind {
            self.kind = firing.kind;
            words.push(format!("now by {}", kind_in_words(self.kind)));
        }
        if self.count >= self.next_report {
            words.push(format!("now {} events", self.count));
            while self.count >= self.next_report {
                self.next_report = self.next_report.saturating_mul(10);
            }
        }
        if !words.is_empty() {
            let mut alert = self.report(AlertStatus::Update, firing.time, rule, context);
            alert.summary = format!("{} ({})", alert.summary, words.join(", "));
            report.out.push(alert);
        }
        Effect::Counted
    }

    /// What has changed in the details that the rule names, in words.
    fn changes(&mut self, context: Context<'_>) -> Vec<String> {
        let name = |field: FieldNumber| context.fields.get(usize::from(field)).map_or("", String::as_str);
        let news = mem::take(&mut self.details.news);
        let count = |field| self.details.met.iter().filter(|(other, _)| *other == field).count();
        let words = news.iter().map(|(field, value)| match count(*field) {
            0..=TOLD_SINGLY => format!("also {} {value}", called(name(*field), false)),
            many => format!("{many} {}, now {value}", called(name(*field), true)),
        });
        words.collect()
    }

    /// Goes on as the incident that stood at the same place for an earlier text of the rule: under its
    /// id, so that whoever has heard of it hears no more than what is new.
    pub(crate) fn continue_as(&mut self, before: &Incident) {
        self.id = before.id;
        self.first = self.first.min(before.first);
        self.count = self.count.max(before.count);
        self.reported = self.count;
        self.next_report = self.next_report.max(before.next_report);
    }

    fn is_held_back(&self, rule: &RulePlan, firing: &Firing) -> bool {
        let alert = &rule.extension.alert;
        let suppressed = alert.suppress.is_some_and(|suppress| firing.time < self.closed_at.plus(suppress));
        let armed =
            alert.rearm_below.is_none() || self.below || firing.time.since(self.last) > rule.calm_after;
        suppressed || !armed
    }

    /// Raises the level; true when it was lower.
    pub(crate) fn raise(&mut self, level: Level) -> bool {
        let raised = level > self.level;
        self.level = self.level.max(level);
        raised
    }

    pub(crate) fn report(
        &mut self,
        status: AlertStatus,
        time: Timestamp,
        rule: &RulePlan,
        context: Context<'_>,
    ) -> Alert {
        self.reported = self.count;
        let listed = Listed {
            events: self.details.events.clone(),
            correlation_ids: self.details.correlation_ids.clone(),
        };
        self.tell(status, time, rule, context, listed)
    }

    /// The last report of an incident that is remembered no longer.
    fn end(&mut self, time: Timestamp, rule: &RulePlan, context: Context<'_>) -> Alert {
        let listed = Listed {
            events: mem::take(&mut self.details.events),
            correlation_ids: mem::take(&mut self.details.correlation_ids),
        };
        self.tell(AlertStatus::Close, time, rule, context, listed)
    }

    fn tell(
        &self,
        status: AlertStatus,
        time: Timestamp,
        rule: &RulePlan,
        context: Context<'_>,
        listed: Listed,
    ) -> Alert {
        let summary = Arc::clone(&rule.summary);
        let leveled = if summary.level == self.level {
            summary
        } else {
            Arc::new(RuleSummary { level: self.level, ..RuleSummary::clone(&summary) })
        };
        let trigger = self.details.path.as_ref();
        Alert {
            status,
            alert_id: AlertId(self.id),
            time,
            kind: self.kind,
            group: Arc::clone(&self.group),
            count: self.count,
            window: alert::Window { start: self.first, end: self.last },
            summary: self.summary(rule, context),
            events: listed.events,
            events_omitted: self.details.omitted,
            correlation_ids: listed.correlation_ids,
            source: trigger.map(|(path, line)| alert::Evidence { path: Arc::clone(path), line: *line }),
            approximate: self.approximate,
            replayed: context.replayed,
            rule: leveled,
        }
    }

    fn summary(&self, rule: &RulePlan, context: Context<'_>) -> String {
        if let Some(words) = &self.details.words {
            return words.clone();
        }
        let Some(template) = &rule.extension.show else {
            let title = &rule.summary.title;
            let length = self.group.values().fold(title.len(), |length, value| length + 2 + value.len());
            let mut text = String::with_capacity(length);
            text.push_str(title);
            for (n, value) in self.group.values().enumerate() {
                text.push_str(if n == 0 { ": " } else { ", " });
                text.push_str(value);
            }
            return text;
        };
        let sentence = template.fill(|name| {
            if let Some(text) = self.built_in(name, rule).or_else(|| self.group.get(name).cloned()) {
                return Some(text.into());
            }
            let number = context.fields.iter().position(|field| field == name)?;
            let latest = self.details.latest.as_ref()?;
            let mut found = None;
            if let Some(value) = latest.values(to_u16(number)).next() {
                found = Some(shown(value).to_owned());
            } else {
                latest.each_event(&mut |event| {
                    if let Some(value) = event.values(to_u16(number)).next() {
                        found = Some(shown(value).to_owned());
                    }
                });
            }
            found.map(Into::into)
        });
        let left = self.details.state.as_ref().and_then(|state| state.left_for.as_ref());
        let left =
            left.filter(|_| !template.names("state")).map(|left| format!("now {}", in_words(&left.name)));
        let notes: Vec<String> = self.details.flaps.iter().cloned().chain(left).collect();
        if notes.is_empty() { sentence } else { format!("{sentence} ({})", notes.join(", ")) }
    }

    /// Whether nobody logged the state that the sentence speaks of: the one that it was left for, where it names that.
    fn is_inferred(&self, rule: &RulePlan) -> bool {
        let names_state = rule.extension.show.as_ref().is_some_and(|template| template.names("state"));
        let left = self.details.state.as_ref().and_then(|state| state.left_for.as_ref());
        left.filter(|_| names_state).map_or(self.details.inferred, |left| left.inferred)
    }

    /// What stands for a name of [`Template::BUILT_IN`](crate::sigma::extension::Template::BUILT_IN).
    fn built_in(&self, name: &str, rule: &RulePlan) -> Option<String> {
        let state = self.details.state.as_ref();
        match name {
            "count" => Some(self.count.to_string()),
            "value" => Some(short_number(self.value)),
            "level" => Some(self.level.to_string()),
            "title" => Some(rule.summary.title.clone()),
            "state" => Some(in_words(state?.now())),
            "inferred" => state.filter(|_| self.is_inferred(rule)).map(|_| "inferred".into()),
            "logged" => state.filter(|_| !self.is_inferred(rule)).map(|_| "says the service".into()),
            "until" => state?.until.map(|until| until.to_string()),
            "said_until" => state?.said_end(),
            _ => None,
        }
    }
}

/// The name of a state in a sentence: `half open`.
fn in_words(state: &str) -> String {
    state.replace('_', " ")
}

fn kind_in_words(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Absence => "what did not come",
        AlertKind::State => "a state",
        AlertKind::Risk => "risk",
        AlertKind::Match | AlertKind::Correlation => "what came",
    }
}

/// At most two digits behind the point, none for whole numbers.
pub(crate) fn short_number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{rounded}")
}

/// What a detail is called in a sentence, one or many; a field that has no word for it stays what it is.
fn called(field: &str, many: bool) -> &str {
    let words = match field {
        "user.name" | "user.target.name" => ("user", "users"),
        "source.ip" => ("address", "addresses"),
        "url.path" => ("path", "paths"),
        "host.name" => ("host", "hosts"),
        "service.name" => ("service", "services"),
        _ => (field, field),
    };
    if many { words.1 } else { words.0 }
}
