//! What people decide about incidents: the keys for it, what is asked on the way, and the entry that is
//! written. Every act says first how many incidents it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::effect::Effect;
use super::keymap::{Code, Key};
use super::model::{Meant, Model};
use super::screens;
use crate::pipeline::Request;
use crate::state::{Incident, PartyKind, PartyName};
use crate::triage::{self, Act, Entry, Judgement, Mute, parse_span, sentence};
use crate::view::about_incidents;
use crate::view::scene::{Overlay, PromptPurpose};

const SECOND: i64 = 1_000_000_000;
/// What the keys after `z` mean, in seconds.
const SNOOZES: [(char, i64); 4] = [('1', 15 * 60), ('2', 3600), ('3', 4 * 3600), ('4', 86_400)];

/// Takes the selected incidents; says so where there are none.
fn take_meant(model: &mut Model) -> bool {
    let incidents = screens::of(model.tab).meant(model);
    if incidents.is_empty() {
        model.say("choose an alert first: 1 or 5 lists them");
        return false;
    }
    model.meant = Meant { about: about_incidents(&incidents), incidents };
    true
}

/// `a`
pub(super) fn acknowledge(model: &mut Model) {
    if take_meant(model) {
        model.open_prompt(PromptPurpose::Acknowledge, "");
    }
}

/// `V` and `z`: a letter says the rest.
pub(super) fn ask_letter(model: &mut Model, overlay: Overlay) {
    if take_meant(model) {
        model.overlay = Some(overlay);
    }
}

/// `M`
pub(super) fn mute(model: &mut Model) {
    if !take_meant(model) {
        return;
    }
    let mute = mute_of(&model.meant.incidents);
    let fits = |incident: &&Arc<Incident>| incident.is_listed() && mute.fits(incident.subject());
    let hidden = model.snapshot.incidents.iter().filter(fits).count();
    let rules = mute.rules.len();
    let title = model.meant.incidents.first().map(|first| first.alert.rule.title.clone()).unwrap_or_default();
    let what = if rules == 1 { format!("`{title}`") } else { format!("{rules} rules") };
    let values: Vec<&str> = mute.group.values().map(String::as_str).collect();
    let whom = if values.is_empty() { String::new() } else { format!(" for {}", values.join(" ")) };
    model.meant.about = format!("{hidden} open of {what}{whom}");
    model.open_prompt(PromptPurpose::Mute, "1d ");
}

/// The rules of the incidents, for the address if there is one, else for the group that all share.
fn mute_of(incidents: &[Arc<Incident>]) -> Mute {
    let rules: BTreeSet<String> = incidents.iter().map(|incident| incident.alert.rule.id.clone()).collect();
    let group = match incidents {
        [] => BTreeMap::new(),
        [first, ..] => match PartyName::of(first) {
            PartyName { kind: PartyKind::Address, value } => {
                BTreeMap::from([(triage::ADDRESS.to_owned(), value)])
            }
            _ => shared_group(incidents),
        },
    };
    let (until, reason) = (crate::event::Timestamp::default(), String::new());
    Mute { rules: rules.into_iter().collect(), group, until, reason }
}

fn shared_group(incidents: &[Arc<Incident>]) -> BTreeMap<String, String> {
    let mut incidents = incidents.iter().map(|incident| &incident.alert.group);
    let mut shared = incidents.next().map(|group| BTreeMap::clone(group)).unwrap_or_default();
    for group in incidents {
        shared.retain(|field, value| group.get(field) == Some(value));
    }
    shared
}

/// The note is typed: the acknowledgement is written.
pub(super) fn submit_note(model: &mut Model, note: String) -> Vec<Effect> {
    let incidents = ids(model);
    decide(model, Act::Acknowledge { incidents, note })
}

/// Time and reason are typed. Without a reason nothing is hidden.
pub(super) fn submit_mute(model: &mut Model, text: &str) -> Vec<Effect> {
    let (span, reason) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let reason = reason.trim();
    let Some(span) = parse_span(span).filter(|_| !reason.is_empty()) else {
        model.open_prompt(PromptPurpose::Mute, text);
        model.say("first for how long, then why: `1d our own scanner` (m, h, d, w)");
        return Vec::new();
    };
    let mute = mute_of(&model.meant.incidents);
    let until = model.snapshot.now.plus(span);
    decide(model, Act::Mute(Mute { until, reason: reason.to_owned(), ..mute }))
}

/// The letter after `V`.
pub(super) fn on_judge_key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.overlay = None;
    let verdict = match key.code {
        Code::Char('t') => Judgement::True,
        Code::Char('f') => Judgement::False,
        Code::Char('b') => Judgement::Benign,
        _ => return Vec::new(),
    };
    let incidents = ids(model);
    decide(model, Act::Judge { incidents, verdict, note: String::new() })
}

/// The digit after `z`.
pub(super) fn on_snooze_key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.overlay = None;
    let span = SNOOZES.iter().find(|(digit, _)| key.code == Code::Char(*digit)).map(|(_, seconds)| *seconds);
    let Some(seconds) = span else { return Vec::new() };
    let (incidents, until) = (ids(model), model.snapshot.now.plus(seconds * SECOND));
    decide(model, Act::Snooze { incidents, until })
}

/// `U`: what this person decided last holds no longer.
pub(super) fn undo(model: &mut Model) -> Vec<Effect> {
    let own = model.snapshot.decisions.last_of(&model.user).map(|(number, entry)| (number, sentence(entry)));
    let Some((entry, what)) = own else {
        model.say("you have decided nothing that could be undone");
        return Vec::new();
    };
    model.meant = Meant { about: what, ..Meant::default() };
    decide(model, Act::Undo { entry })
}

/// `S`: a report of the incident under the cursor, of the worst of a party.
pub(super) fn report(model: &mut Model) -> Vec<Effect> {
    let Some(incident) = screens::of(model.tab).incident(model) else {
        model.say("choose an alert first: 1 or 5 lists them");
        return Vec::new();
    };
    let (alert, by) = (Box::new(incident.alert.clone()), model.user.clone());
    vec![Effect::Request(Request::Report { alert, by, at: model.snapshot.now })]
}

fn ids(model: &Model) -> Vec<crate::alert::AlertId> {
    model.meant.incidents.iter().map(|incident| incident.alert.alert_id).collect()
}

fn decide(model: &mut Model, act: Act) -> Vec<Effect> {
    let entry =
        Entry { at: model.snapshot.now, by: model.user.clone(), about: model.meant.about.clone(), act };
    vec![Effect::Request(Request::Decide { entry })]
}

/// What leaving is remembered by.
pub(super) fn looked(model: &Model) -> Effect {
    let entry =
        Entry { at: model.snapshot.now, by: model.user.clone(), about: String::new(), act: Act::Looked };
    Effect::Request(Request::Decide { entry })
}

/// It is on disk, or could not be written.
pub(super) fn on_decided(model: &mut Model, result: Result<Entry, String>) {
    match result {
        Ok(Entry { act: Act::Looked, .. }) => {}
        Ok(entry @ Entry { act: Act::Undo { .. }, .. }) => model.say(format!("undone: {}", entry.about)),
        Ok(entry) => model.say(format!("U undoes: {}", sentence(&entry))),
        Err(message) => model.say(message),
    }
}
