//! What a late event brings to the firings that go on over it, where rules above ask for the values behind them.

use std::ops::Range;

use super::entries::Entries;
use super::entry::{Entry, Position};
use super::evidence::Evidence;
use super::fire::is_behind;
use super::keys::is_same;
use super::plan::{Measure, RulePlan, WindowPlan};
use super::window::Change;
use crate::detect::record::FieldNumber;
use crate::sigma::extension::WindowKind;

/// The points of `changes` whose firings say to rules above what they said before the event at `late` came: they show
/// newer events, and newer events have its values. The last of them is told all the same, for what it has come to.
pub(super) fn points_that_go_on(
    entries: &Entries,
    rule: &RulePlan,
    window: &WindowPlan,
    changes: &[Change],
    late: Position,
) -> Range<usize> {
    let nothing = 0..0;
    let [first, .., last] = changes else { return nothing };
    // Windows of these kinds gain the event and lose nothing. A chain shows the steps that it is made of, which need not be
    // its newest events.
    let only_gains = matches!(window.kind, WindowKind::Sliding | WindowKind::Tumbling)
        && !matches!(window.measure, Measure::OrderedRules { .. });
    if !rule.carries_events || !only_gains || last.point - first.point <= Evidence::MOST_PARTS {
        return nothing;
    }
    let at = entries.partition_point(|entry| entry.key() < late);
    let Some(event) = entries.get(at).filter(|entry| entry.key() == late) else { return nothing };
    let after = (at.max(first.point) + 1)..last.point;
    let shown = entries.range(after.clone()).enumerate().filter(|(_, entry)| is_behind(entry, window));
    let Some((shown, _)) = shown.take(Evidence::MOST_PARTS).last() else { return nothing };
    let Some(repeated) = repeated_at(event, entries, after.clone(), rule) else { return nothing };
    (after.start + shown).max(repeated) + 1..last.point
}

/// The first place among those `after` an event up to which all its values that rules above need have come again.
fn repeated_at(event: &Entry, entries: &Entries, after: Range<usize>, rule: &RulePlan) -> Option<usize> {
    let mut left = values_of(event, rule);
    for (index, entry) in after.clone().zip(entries.range(after.clone())) {
        if left.is_empty() {
            return Some(index);
        }
        let Some(evidence) = &entry.evidence else { continue };
        left.retain(|(field, value)| !has_value(evidence, *field, value));
    }
    left.is_empty().then_some(after.end)
}

fn values_of<'e>(event: &'e Entry, rule: &RulePlan) -> Vec<(FieldNumber, &'e str)> {
    let fields = rule.carried.iter().filter(|field| !rule.group_numbers.contains(field));
    let mut values = Vec::new();
    for (field, evidence) in fields.flat_map(|field| Some((*field, event.evidence.as_ref()?))) {
        evidence.each_value(field, &mut |value| values.push((field, value)));
    }
    values
}

fn has_value(evidence: &Evidence, field: FieldNumber, wanted: &str) -> bool {
    let mut has = false;
    evidence.each_value(field, &mut |value| has |= is_same(value, wanted));
    has
}
