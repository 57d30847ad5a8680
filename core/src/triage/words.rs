//! Decisions in words.

use super::{Act, Entry, Judgement};
use crate::event::{Nanos, SECOND, Timestamp, quantity};

/// Nothing is muted for longer than this: who wants that changes the rule.
const LONGEST: Nanos = 366 * 86_400 * SECOND;

/// How long a mute holds, as it is typed: `30m`, `2h`, `1d`, `7d`.
#[must_use]
pub fn mute_span(word: &str) -> Option<Nanos> {
    quantity::span(word).ok().filter(|span| *span <= LONGEST)
}

/// What an entry says, without who and when.
#[must_use]
pub fn sentence(entry: &Entry) -> String {
    let about = &entry.about;
    let with = |text: String, note: &str| if note.is_empty() { text } else { format!("{text}: {note}") };
    match &entry.act {
        Act::Acknowledge { note, .. } => with(format!("acknowledged {about}"), note),
        Act::Judge { incidents, verdict, note } => {
            with(format!("marked {about} as {}", found_to_be(*verdict, incidents.len() > 1)), note)
        }
        Act::Snooze { until, .. } => format!("snoozed {about} until {}", to_minute(*until)),
        Act::Mute(mute) => with(format!("muted {about} until {}", to_minute(mute.until)), &mute.reason),
        Act::Undo { entry } => format!("undid entry {entry}"),
        Act::Looked => "left the dashboard".to_owned(),
    }
}

/// `a false positive`, or of several `false positives`.
fn found_to_be(verdict: Judgement, is_several: bool) -> String {
    match (verdict, is_several) {
        (Judgement::Benign, _) => verdict.word().to_owned(),
        (_, true) => format!("{}s", verdict.word()),
        (_, false) => format!("a {}", verdict.word()),
    }
}

/// `2026-12-01 02:08 UTC`: whoever decides for an hour or a day thinks in minutes.
fn to_minute(time: Timestamp) -> String {
    let text = time.to_string();
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_told_as_a_sentence_of_one_and_of_several() {
        let said = |count: u128, verdict| {
            let incidents = (0..count).map(crate::alert::AlertId).collect();
            let act = Act::Judge { incidents, verdict, note: String::new() };
            let entry = Entry { at: Timestamp::default(), by: "kim".to_owned(), about: "X".to_owned(), act };
            sentence(&entry)
        };
        assert_eq!(said(3, Judgement::False), "marked X as false positives");
        assert_eq!(said(1, Judgement::True), "marked X as a true positive");
        assert_eq!(said(2, Judgement::Benign), "marked X as benign");
    }

    #[test]
    fn spans_are_a_number_and_a_unit() {
        let spans = ["30m", "2h", "1d", "1w"].map(|word| mute_span(word).map(|span| span / SECOND));
        assert_eq!(spans, [Some(1800), Some(7200), Some(86_400), Some(604_800)]);
        for wrong in ["", "m", "1", "-1d", "0h", "1y", "99999999999999999w", "9000d", "1é"] {
            assert_eq!(mute_span(wrong), None, "{wrong}");
        }
    }
}
