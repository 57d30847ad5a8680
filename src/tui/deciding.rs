//! What people decide about incidents: the keys for it, what is asked on the way, and the entry that is
//! written. Every act says first how many incidents it is about.

use std::sync::Arc;

use super::effect::Effect;
use super::keymap::{Code, Key};
use super::model::{Meant, Model};
use super::screens;
use crate::event::SECOND;
use crate::event::number::to_u64;
use crate::pipeline::Request;
use crate::state::Incident;
use crate::text::plural;
use crate::triage::{Act, Entry, Judgement, Mute, mute_span, sentence};
use crate::view::scene::{AskedAbout, Overlay, PromptPurpose};
use crate::view::{about_incidents, asked_about, mute_rows};

/// What the keys after `z` mean, in seconds.
const SNOOZES: [(char, i64); 4] = [('1', 15 * 60), ('2', 3600), ('3', 4 * 3600), ('4', 86_400)];

/// Takes the selected incidents; says so where there are none.
fn take_meant(model: &mut Model, verb: &'static str) -> bool {
    let incidents = screens::of(model.tab).meant(model);
    if incidents.is_empty() {
        model.say_keyed("choose an incident first: <1> or <5> lists them");
        return false;
    }
    let (about, asked) = (about_incidents(&incidents), asked_about(verb, &incidents));
    model.meant = Meant { about, asked, incidents, ..Meant::default() };
    screens::hold(model);
    true
}

/// `a`
pub(super) fn acknowledge(model: &mut Model) {
    if take_meant(model, "acknowledge") {
        model.open_prompt(PromptPurpose::Acknowledge, "");
    }
}

/// `V` and `z`: a letter says the rest.
pub(super) fn ask_letter(model: &mut Model, overlay: Overlay) {
    let verb = if overlay == Overlay::Judge { "verdict on" } else { "snooze" };
    if take_meant(model, verb) {
        model.overlay = Some(overlay);
    }
}

/// `M`
pub(super) fn mute(model: &mut Model) {
    let screen = screens::of(model.tab);
    let Some(mute) = screen.mute(model) else {
        model.say_keyed("choose an incident first: <1> or <5> lists them");
        return;
    };
    let fits = |incident: &&Arc<Incident>| incident.is_listed() && mute.fits(incident.subject());
    let hidden = model.snapshot.incidents.iter().filter(fits).count();
    let title = |id: &String| model.snapshot.rules.book.get(id).map(|note| note.rule.title.clone());
    let of_incident = || screen.incident(model).map(|first| first.alert.rule.title.clone());
    let only_title = match mute.rules.as_slice() {
        [only] => title(only).or_else(of_incident).unwrap_or_else(|| only.clone()),
        _ => String::new(),
    };
    let rules = to_u64(mute.rules.len());
    let rules = format!("{rules} rule{}", plural(rules));
    let what = if only_title.is_empty() { rules.clone() } else { format!("`{only_title}`") };
    let values: Vec<&str> = mute.group.values().map(String::as_str).collect();
    let whom =
        if values.is_empty() { " for everybody".to_owned() } else { format!(" for {}", values.join(" ")) };
    let about = format!("{what}{whom}");
    let asked = AskedAbout { verb: "mute", whom: format!("{rules}{whom} ({hidden} open)"), what: only_title };
    screens::hold(model);
    model.meant = Meant { about, asked, mute: Some(mute), ..Meant::default() };
    model.open_prompt(PromptPurpose::Mute, "1d ");
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
    let (span, missing) = match (mute_span(span), reason.is_empty()) {
        (Some(nanos), false) => (nanos, String::new()),
        (Some(_), true) => (0, format!("say why after it: {span} planned work")),
        (None, _) => (0, "say for how long first: 1d planned work (m, h, d or w)".to_owned()),
    };
    if !missing.is_empty() {
        let typed = if reason.is_empty() { format!("{text} ") } else { text.to_owned() };
        model.open_prompt(PromptPurpose::Mute, &typed);
        model.say(missing);
        return Vec::new();
    }
    let Some(mute) = model.meant.mute.take() else { return Vec::new() };
    let until = model.snapshot.now.plus(span);
    decide(model, Act::Mute(Mute { until, reason: reason.to_owned(), ..mute }))
}

/// The letter after `V`; what stands behind it is a note.
pub(super) fn on_judge_key(model: &mut Model, key: Key) {
    let verdict = match key.code {
        Code::Char('t') => Judgement::True,
        Code::Char('f') => Judgement::False,
        Code::Char('b') => Judgement::Benign,
        _ => return leave_choice(model, key, "t, f or b says which; Esc leaves it"),
    };
    model.overlay = None;
    model.meant.asked.verb = match verdict {
        Judgement::True => "true positive:",
        Judgement::False => "false positive:",
        Judgement::Benign => "benign:",
    };
    model.meant.verdict = Some(verdict);
    model.open_prompt(PromptPurpose::Judge, "");
}

/// The note to it is typed: the verdict is written.
pub(super) fn submit_verdict(model: &mut Model, note: String) -> Vec<Effect> {
    let Some(verdict) = model.meant.verdict.take() else { return Vec::new() };
    let incidents = ids(model);
    decide(model, Act::Judge { incidents, verdict, note })
}

/// A key that is none of the choices. Only Esc and `q` leave them: what somebody goes on typing are no commands.
pub(super) fn leave_choice(model: &mut Model, key: Key, choices: &'static str) {
    if matches!(key.code, Code::Escape | Code::Char('q')) {
        model.overlay = None;
        return;
    }
    model.say(choices);
}

/// The digit after `z`.
pub(super) fn on_snooze_key(model: &mut Model, key: Key) -> Vec<Effect> {
    let span = SNOOZES.iter().find(|(digit, _)| key.code == Code::Char(*digit)).map(|(_, seconds)| *seconds);
    let Some(seconds) = span else {
        leave_choice(model, key, "1, 2, 3 or 4 says for how long; Esc leaves it");
        return Vec::new();
    };
    model.overlay = None;
    let (incidents, until) = (ids(model), model.snapshot.now.plus(seconds * SECOND));
    decide(model, Act::Snooze { incidents, until })
}

/// `U`: what this person decided last holds no longer; where the mutes are listed, the chosen one.
pub(super) fn undo(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Mutes { list }) = model.overlay {
        return end_mute(model, list.selected);
    }
    let own = model.snapshot.decisions.last_of(&model.user).map(|(number, entry)| (number, sentence(entry)));
    let Some((entry, what)) = own else {
        model.say("you have decided nothing that could be undone");
        return Vec::new();
    };
    model.meant = Meant { about: what, ..Meant::default() };
    decide(model, Act::Undo { entry })
}

fn end_mute(model: &mut Model, row: usize) -> Vec<Effect> {
    let rows = mute_rows(&model.snapshot);
    let number = rows.get(row.min(rows.len().saturating_sub(1))).map(|(number, _)| *number);
    let entry = number.and_then(|number| Some((number, sentence(model.snapshot.decisions.entry(number)?))));
    let Some((entry, what)) = entry else {
        model.say("nothing is muted");
        return Vec::new();
    };
    model.meant = Meant { about: what, ..Meant::default() };
    decide(model, Act::Undo { entry })
}

/// `S`: a report of the incident under the cursor, of the worst of a party; which one it is of is said.
pub(super) fn report(model: &mut Model) -> Vec<Effect> {
    let Some(incident) = screens::of(model.tab).incident(model) else {
        model.say_keyed("choose an incident first: <1> or <5> lists them");
        return Vec::new();
    };
    let all = screens::of(model.tab).meant(model).len();
    screens::hold(model);
    // A later key may move the cursor before the report is written.
    let asked = asked_about("", std::slice::from_ref(&incident));
    let one = asked.whom.trim_start_matches("1 incident of ").to_owned();
    let about = match all {
        0 | 1 => format!("the incident of {one}"),
        all => format!("the worst of {all} incidents of {one}"),
    };
    model.meant = Meant { about, ..Meant::default() };
    let (alert, by) = (Box::new(incident.alert.clone()), model.user.clone());
    let rule = model.snapshot.rules.book.get(&alert.rule.id).cloned().map(Box::new);
    vec![Effect::Request(Request::Report { alert, rule, by, at: model.snapshot.now })]
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
        Ok(entry) => {
            let undo = model.keys.get("U").to_owned();
            model.say(format!("{undo} undoes: {}", sentence(&entry)));
        }
        Err(message) => model.say(message),
    }
}
