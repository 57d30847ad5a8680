//! The list of incidents, grouped by who: one party is one row that unfolds into its incidents. A party of one
//! incident is that incident.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::canvas::{Canvas, Part};
use super::format;
use super::scene::{AskedAbout, ChosenRow, HeldParty, IncidentsShown, Scene, Screens};
use super::theme::{Role, Severity};
use crate::event::number::to_u64;
use crate::safe;
use crate::state::{Incident, Party, PartyKind, PartyName, Snapshot, parties};
use crate::text::{Safe, plural};
use crate::triage::{Judgement, Quiet};

/// The rows of the list.
#[derive(Debug, Default)]
pub struct Feed {
    parties: Vec<Party>,
    rows: Vec<FeedRow>,
}

/// A row, by the numbers of its party and of its incident there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FeedRow {
    Folded(usize),
    Unfolded(usize),
    /// A party of one.
    Single(usize),
    Member(usize, usize),
}

/// What a row stands for.
#[derive(Clone, Copy, Debug)]
pub enum FeedItem<'a> {
    Party { party: &'a Party, is_folded: bool },
    Incident { incident: &'a Arc<Incident>, is_member: bool },
}

impl Feed {
    /// The incidents that are to be shown, worst first.
    #[must_use]
    pub fn of(snapshot: &Snapshot, shown: IncidentsShown, unfolded: &BTreeSet<PartyName>) -> Self {
        Self::of_rule(snapshot, shown, unfolded, None)
    }

    /// Those of one rule, by its id.
    #[must_use]
    pub fn of_rule(
        snapshot: &Snapshot,
        shown: IncidentsShown,
        unfolded: &BTreeSet<PartyName>,
        rule: Option<&str>,
    ) -> Self {
        let wanted = |incident: &&Arc<Incident>| {
            let is_of_rule = rule.is_none_or(|rule| incident.alert.rule.id == rule);
            is_of_rule && (shown == IncidentsShown::All || incident.is_listed())
        };
        Self::with(parties(snapshot.incidents.iter().filter(wanted)), unfolded)
    }

    /// The rows of the overview.
    #[must_use]
    pub fn of_overview(snapshot: &Snapshot, screens: &Screens) -> Self {
        let feed = Self::of(snapshot, IncidentsShown::Open, &screens.unfolded);
        feed.holding(screens.overview.held.as_ref(), &screens.unfolded)
    }

    /// The rows of the list of incidents.
    #[must_use]
    pub fn of_list(snapshot: &Snapshot, screens: &Screens) -> Self {
        let screen = &screens.incidents;
        let feed = Self::of_rule(snapshot, screen.shown, &screens.unfolded, screen.rule.as_deref());
        feed.holding(screen.held.as_ref(), &screens.unfolded)
    }

    /// The same with one party left where it was, and its incidents in the order they had.
    fn holding(self, held: Option<&HeldParty>, unfolded: &BTreeSet<PartyName>) -> Self {
        let mut parties = self.parties;
        let now = held.and_then(|held| parties.iter().position(|party| party.name == held.name));
        let (Some(now), Some(held)) = (now, held) else { return Self { parties, rows: self.rows } };
        let mut party = parties.remove(now);
        // What is new of it has no place yet: it comes first.
        let place = |incident: &Arc<Incident>| {
            held.order.iter().position(|id| *id == incident.alert.alert_id).map_or(0, |place| place + 1)
        };
        party.incidents.sort_by_key(place);
        parties.insert(held.at.min(parties.len()), party);
        Self::with(parties, unfolded)
    }

    /// The party of a row, to be left where it is.
    #[must_use]
    pub fn hold(&self, row: usize) -> Option<HeldParty> {
        let (FeedRow::Folded(at) | FeedRow::Unfolded(at) | FeedRow::Single(at) | FeedRow::Member(at, _)) =
            *self.rows.get(row)?;
        let party = self.parties.get(at)?;
        let order = party.incidents.iter().map(|incident| incident.alert.alert_id).collect();
        Some(HeldParty { name: party.name.clone(), at, order })
    }

    fn with(parties: Vec<Party>, unfolded: &BTreeSet<PartyName>) -> Self {
        let rows = parties.iter().enumerate().flat_map(|(at, party)| match party.incidents.len() {
            1 => vec![FeedRow::Single(at)],
            _ if !unfolded.contains(&party.name) => vec![FeedRow::Folded(at)],
            members => {
                let members = (0..members).map(|member| FeedRow::Member(at, member));
                std::iter::once(FeedRow::Unfolded(at)).chain(members).collect()
            }
        });
        Self { rows: rows.collect(), parties }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many incidents there are in all rows.
    #[must_use]
    pub fn incidents(&self) -> usize {
        self.parties.iter().map(|party| party.incidents.len()).sum()
    }

    /// The same in words.
    pub fn counted(&self) -> Safe {
        let count = to_u64(self.incidents());
        safe!("{} incident{}", format::count(count), plural(count))
    }

    fn item_of(&self, row: FeedRow) -> Option<FeedItem<'_>> {
        Some(match row {
            FeedRow::Folded(at) => FeedItem::Party { party: self.parties.get(at)?, is_folded: true },
            FeedRow::Unfolded(at) => FeedItem::Party { party: self.parties.get(at)?, is_folded: false },
            FeedRow::Single(at) => {
                FeedItem::Incident { incident: self.parties.get(at)?.incidents.first()?, is_member: false }
            }
            FeedRow::Member(at, member) => {
                FeedItem::Incident { incident: self.parties.get(at)?.incidents.get(member)?, is_member: true }
            }
        })
    }

    #[must_use]
    pub fn item(&self, row: usize) -> Option<FeedItem<'_>> {
        self.rows.get(row).and_then(|row| self.item_of(*row))
    }

    /// The party that a row belongs to.
    #[must_use]
    pub fn party(&self, row: usize) -> Option<&Party> {
        let (FeedRow::Folded(at) | FeedRow::Unfolded(at) | FeedRow::Single(at) | FeedRow::Member(at, _)) =
            *self.rows.get(row)?;
        self.parties.get(at)
    }

    /// Where the chosen row is now; the first one if it is gone. An incident whose party is folded is found
    /// with its party.
    #[must_use]
    pub fn position(&self, chosen: Option<&ChosenRow>) -> usize {
        chosen.and_then(|chosen| self.find(chosen)).unwrap_or(0)
    }

    /// Whether the chosen row is still there.
    #[must_use]
    pub fn has(&self, chosen: &ChosenRow) -> bool {
        self.find(chosen).is_some()
    }

    fn find(&self, chosen: &ChosenRow) -> Option<usize> {
        let is_chosen = |row: &FeedRow| match (self.item_of(*row), chosen) {
            (Some(FeedItem::Party { party, .. }), ChosenRow::Party(name)) => party.name == *name,
            (Some(FeedItem::Party { party, is_folded: true }), ChosenRow::Incident(id)) => {
                party.incidents.iter().any(|incident| incident.alert.alert_id == *id)
            }
            (Some(FeedItem::Incident { incident, .. }), ChosenRow::Incident(id)) => {
                incident.alert.alert_id == *id
            }
            // Of a party one incident was left.
            (Some(FeedItem::Incident { incident, is_member: false }), ChosenRow::Party(name)) => {
                PartyName::of(incident) == *name
            }
            _ => false,
        };
        self.rows.iter().position(is_chosen)
    }

    /// What is to be remembered of a row to find it again.
    #[must_use]
    pub fn chosen(&self, row: usize) -> Option<ChosenRow> {
        Some(match self.item(row)? {
            FeedItem::Party { party, .. } => ChosenRow::Party(party.name.clone()),
            FeedItem::Incident { incident, .. } => ChosenRow::Incident(incident.alert.alert_id),
        })
    }

    /// The row that many rows away. None is the first row, whatever stands there: who goes to the top sees the
    /// worst from then on.
    #[must_use]
    pub fn moved(&self, chosen: Option<&ChosenRow>, rows: isize) -> Option<ChosenRow> {
        match self.position(chosen).saturating_add_signed(rows).min(self.len().saturating_sub(1)) {
            0 => None,
            row => self.chosen(row),
        }
    }

    /// The incidents that stand in these rows: all of a folded party, none of an unfolded one, since they have
    /// rows of their own.
    pub fn standing_in(&self, rows: Range<usize>) -> Vec<&Arc<Incident>> {
        let rows = self.rows.get(rows).unwrap_or_default();
        let incidents = rows.iter().flat_map(|row| match self.item_of(*row) {
            Some(FeedItem::Party { party, is_folded: true }) => party.incidents.iter().collect(),
            Some(FeedItem::Incident { incident, .. }) => vec![incident],
            _ => Vec::new(),
        });
        incidents.collect()
    }

    /// The incidents that an act on this row is about: all of a party, or the one.
    #[must_use]
    pub fn meant(&self, row: usize) -> Vec<Arc<Incident>> {
        match self.item(row) {
            Some(FeedItem::Party { party, .. }) => party.incidents.clone(),
            Some(FeedItem::Incident { incident, .. }) => vec![Arc::clone(incident)],
            None => Vec::new(),
        }
    }
}

/// `203.0.113.9 scanner`, with what the kind of party is where the value alone does not say.
pub fn name(canvas: &Canvas<'_>, name: &PartyName, scene: &Scene<'_>) -> Safe {
    let value = canvas.safe(&name.value).truncate(40, "…");
    match (name.kind, scene.networks.name_of(&name.value)) {
        (PartyKind::Address, Some(known)) => safe!("{} ({})", value, canvas.safe(known).truncate(20, "…")),
        (PartyKind::Dependency, _) => safe!("breaker {}", value),
        (PartyKind::Credential, _) => safe!("key {}", value),
        _ => value,
    }
}

/// `▸ 203.0.113.9  █1 ▅2 ▃4  guessed passwords and is in as bob`: how many, and what the worst of them says.
pub fn party_text(canvas: &Canvas<'_>, party: &Party, is_folded: bool, scene: &Scene<'_>) -> Safe {
    let mark = if is_folded { "▸" } else { "▾" };
    let mut text = safe!("{} {} ", mark, name(canvas, &party.name, scene));
    for severity in Severity::ALERTING {
        let count = count_of(&party.incidents, severity);
        if count > 0 {
            text.push(&safe!(" {}{}", severity.shape(), count));
        }
    }
    if let Some(decided) = decided_of(&party.incidents) {
        text.push(&safe!("  {}", decided));
    }
    text.push(&safe!("  {}", canvas.safe(said_of(party))));
    text
}

/// What the worst incident says, without the name that stands before it anyway.
fn said_of(party: &Party) -> &str {
    party.incidents.first().map_or("", |worst| said_without(&party.name, worst))
}

fn said_without<'i>(name: &PartyName, incident: &'i Incident) -> &'i str {
    let summary = incident.alert.summary.as_str();
    let rest = summary.strip_prefix(name.value.as_str()).unwrap_or(summary);
    rest.trim_start_matches([' ', ':'])
}

fn count_of(incidents: &[Arc<Incident>], severity: Severity) -> usize {
    incidents.iter().filter(|incident| Severity::from(incident.alert.rule.level) == severity).count()
}

/// What an incident says, with what people said of it in front.
pub fn incident_text(canvas: &Canvas<'_>, incident: &Incident, is_member: bool) -> Safe {
    let indent = if is_member { "    " } else { "" };
    let summary = canvas.safe(&incident.alert.summary);
    match standing_word(canvas, incident) {
        Some(word) => safe!("{}[{}] {}", indent, word, summary),
        None => safe!("{}{}", indent, summary),
    }
}

/// `ack kim`, `muted`, `true positive`; nothing while nobody has decided anything.
pub fn standing_word(canvas: &Canvas<'_>, incident: &Incident) -> Option<Safe> {
    let standing = &incident.standing;
    match (&standing.quiet, standing.judgement, &standing.acknowledged) {
        (Some(Quiet::Muted { .. }), ..) => Some(safe!("muted")),
        (Some(Quiet::Snoozed { .. }), ..) => Some(safe!("snoozed")),
        (_, Some(judgement), _) => Some(Safe::literal(judgement.word())),
        (_, None, Some(by)) => Some(safe!("ack {}", canvas.safe(by).truncate(10, "…"))),
        (_, None, None) => None,
    }
}

/// What the keys do to the row of the cursor, and to how many incidents.
pub fn keys(canvas: &Canvas<'_>, feed: &Feed, row: usize) -> Part {
    let [enter, ack, mute] = [canvas.key("Enter"), canvas.key("a"), canvas.key("M")];
    let text = match (feed.item(row), feed.meant(row).len()) {
        (None, _) => Safe::default(),
        (Some(FeedItem::Party { is_folded: true, .. }), all) => {
            safe!("{} lists {} · {} acks all {} · {} mutes", enter, all, ack, all, mute)
        }
        (Some(FeedItem::Party { .. }), all) => {
            safe!("{} folds · {} acks all {} · {} mutes", enter, ack, all, mute)
        }
        (Some(FeedItem::Incident { .. }), _) => safe!("{} opens · {} acks · {} mutes", enter, ack, mute),
    };
    canvas.part(text, Role::Muted)
}

/// `×12`: events that were counted; nothing for a single one.
pub fn times(canvas: &Canvas<'_>, count: u64, approximate: bool) -> Part {
    let about = if approximate { "~" } else { "" };
    match count {
        0 | 1 => canvas.own("", Role::Text),
        count => canvas.part(safe!("×{}{}", about, format::compact(count)), Role::Strong),
    }
}

/// `3 acknowledged · 2 muted · 1 snoozed · 1 false or benign`: what people have taken off the list or are on.
#[must_use]
pub fn decided(snapshot: &Snapshot) -> Option<Safe> {
    decided_of(&snapshot.incidents)
}

/// The same of some of them.
fn decided_of(incidents: &[Arc<Incident>]) -> Option<Safe> {
    let count = |wanted: fn(&Incident) -> bool| {
        incidents.iter().filter(|incident| incident.is_open() && wanted(incident)).count()
    };
    let seen = |it: &Incident| it.standing.quiet.is_none() && it.standing.acknowledged.is_some();
    let judged_true =
        |it: &Incident| it.standing.acknowledged.is_none() && it.standing.judgement == Some(Judgement::True);
    let counted = [
        (count(seen), "acknowledged"),
        (count(judged_true), "true positive"),
        (count(|it| matches!(it.standing.quiet, Some(Quiet::Muted { .. }))), "muted"),
        (count(|it| matches!(it.standing.quiet, Some(Quiet::Snoozed { .. }))), "snoozed"),
        (count(|it| matches!(it.standing.quiet, Some(Quiet::Harmless(_)))), "false or benign"),
    ];
    let mut text = Safe::default();
    for (count, word) in counted.into_iter().filter(|(count, _)| *count > 0) {
        if !text.is_empty() {
            text.push(&safe!(" · "));
        }
        text.push(&safe!("{} {}", count, word));
    }
    (!text.is_empty()).then_some(text)
}

/// What an act is asked about: `6 incidents of 203.0.113.9`, and what the only one says.
#[must_use]
pub fn asked(verb: &'static str, incidents: &[Arc<Incident>]) -> AskedAbout {
    let Some(first) = incidents.first() else { return AskedAbout::default() };
    let count = to_u64(incidents.len());
    let how_many = format!("{count} incident{}", plural(count));
    let name = PartyName::of(first);
    let says = if count == 1 { said_without(&name, first).to_owned() } else { String::new() };
    match name.kind {
        PartyKind::Rule if says.is_empty() => AskedAbout { verb, whom: how_many, what: name.value },
        PartyKind::Rule => AskedAbout { verb, whom: how_many, what: says },
        _ => AskedAbout { verb, whom: format!("{how_many} of {}", name.value), what: says },
    }
}

/// `6 incidents of 203.0.113.9`, or what the only one says: what an act is about.
#[must_use]
pub fn about(incidents: &[Arc<Incident>]) -> String {
    match incidents {
        [only] => only.alert.summary.clone(),
        several => {
            let count = several.len();
            let of = several.first().map(|first| PartyName::of(first).value).unwrap_or_default();
            format!("{count} incident{} of {of}", plural(count as u64))
        }
    }
}
