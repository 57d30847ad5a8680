//! A number opens its rows, and they are as many as it says: every number of the demo, on every screen.
//!
//! | number | opened by | rows |
//! |---|---|---|
//! | unseen incidents of a level, in the header | `5` | incidents of the level |
//! | `(8)` at the name of a screen, `8 open of 9` | `5`, `s` | incidents |
//! | events of an incident or a party (`×12`) | `v` | events that are stored; how many more were counted is said |
//! | reasons of the level, `and 3 more` | `w`, Enter | the incident, the entity |
//! | events of a level, or of a bar of the graph | Tab, Enter | events |
//! | `↓ 3 below` of a panel | Tab, `j` | rows of the panel |
//! | `1 of 4` breakers, `2 locked` | Tab, Enter | rows of the boards |
//! | entries of a state | Enter on the boards | events that changed it |
//! | risk of an entity | Enter on the entities | parts that add up to it; its events |
//! | lines of a source | Enter on the sources | events |
//! | incidents of a rule | Enter on the rules | incidents |
//! | most frequent values | `F`, Enter | events |
//!
//! Rates, times and shares open nothing.

use std::sync::{Arc, LazyLock};

use soctop::event::{Record, Timestamp};
use soctop::pipeline::Request;
use soctop::query::SearchRequest;
use soctop::sigma::{Board, Level};
use soctop::state::{Filter, Incident, Snapshot};
use soctop::tui::Effect;
use soctop::view::scene::{ChosenRow, IncidentsShown, Panel, RuleOrder, Tab};
use soctop::view::{Feed, FeedItem, board_rows, panel_rows, rule_rows};

use super::fixture::Screen;
use super::options;
use crate::told::Told;

/// The demo at one moment, and all its events so far.
pub struct Moment {
    pub snapshot: Arc<Snapshot>,
    records: Vec<Arc<Record>>,
}

/// In the middle of the story, and at its end.
pub static MOMENTS: LazyLock<Vec<Moment>> = LazyLock::new(|| {
    let mut told = Told::new();
    let moment = |seconds| {
        let snapshot = Arc::new(told.until(seconds));
        Moment { snapshot, records: told.records.clone() }
    };
    [130, 325, 610].map(moment).into()
});

impl Moment {
    fn screen(&self, keys: &str) -> Screen {
        let mut screen = Screen::new(120, 36, &options(), Arc::clone(&self.snapshot));
        screen.press(keys);
        screen
    }

    /// What the index would find.
    fn found(&self, request: &SearchRequest) -> Vec<&Arc<Record>> {
        let filter = Filter::parse(&request.query).expect("a query");
        let is_asked = |record: &&Arc<Record>| {
            request.since.is_none_or(|since| record.time >= since)
                && request.until.is_none_or(|until| record.time < until)
                && filter.matches(record)
        };
        self.records.iter().filter(is_asked).collect()
    }

    /// What the keys asked the index for last, as many events as it has.
    #[track_caller]
    fn events(&self, effects: &[Effect]) -> u64 {
        let asked = effects.iter().rev().find_map(|effect| match effect {
            Effect::Request(Request::Search { request, .. }) => Some(request),
            _ => None,
        });
        self.found(asked.expect("a question")).len() as u64
    }
}

fn each(check: impl Fn(&Moment)) {
    MOMENTS.iter().for_each(check);
}

/// The number before these words.
#[track_caller]
fn number_before(text: &str, words: &str) -> u64 {
    let before = text.split(words).next().filter(|before| before.len() < text.len());
    let before = before.unwrap_or_else(|| panic!("no {words:?} in\n{text}"));
    let digits = before.chars().rev().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',');
    let digits: String = digits.collect::<Vec<_>>().into_iter().rev().collect();
    digits.parse().unwrap_or_else(|_| panic!("no number before {words:?} in\n{text}"))
}

fn unfolded(snapshot: &Snapshot, shown: IncidentsShown) -> Feed {
    let folded = Feed::of(snapshot, shown, &Default::default());
    let parties = (0..folded.len()).filter_map(|row| folded.party(row)).map(|party| party.name.clone());
    Feed::of(snapshot, shown, &parties.collect())
}

fn of_level(snapshot: &Snapshot, level: Level) -> usize {
    snapshot.incidents.iter().filter(|it| it.is_new() && it.alert.rule.level == level).count()
}

#[test]
fn the_header_and_the_name_of_a_screen_count_the_rows_of_the_list() {
    each(|moment| {
        let snapshot = &moment.snapshot;
        let header = moment.screen("").text().lines().next().unwrap_or_default().to_owned();
        for (level, word) in [(Level::Critical, "█ CRIT"), (Level::High, "▅ HIGH"), (Level::Medium, "▃ MED")]
        {
            let count = of_level(snapshot, level);
            assert!(header.contains(&format!("{word} {count}")), "{word} {count}: {header}");
        }
        let feed = unfolded(snapshot, IncidentsShown::Open);
        let members =
            (0..feed.len()).filter(|row| matches!(feed.item(*row), Some(FeedItem::Incident { .. })));
        let open = members.count();
        let text = moment.screen("5").text();
        assert!(open == 0 || text.contains(&format!("[5 Incidents({open})]")), "{open}\n{text}");
        assert!(text.contains(&format!("show ▸ [open {open}]  all {}", snapshot.incidents.len())), "{text}");
        assert_eq!(unfolded(snapshot, IncidentsShown::All).incidents(), snapshot.incidents.len());
    });
}

/// How many different events are stored with the incidents, and how many more were counted.
fn stored(incidents: &[Arc<Incident>]) -> (u64, u64) {
    let mut events: Vec<_> = incidents.iter().flat_map(|it| it.alert.events.iter()).collect();
    events.sort();
    events.dedup();
    (events.len() as u64, incidents.iter().map(|it| it.alert.events_omitted).sum())
}

#[test]
fn a_row_of_incidents_opens_the_events_that_it_stores_and_says_how_many_more_it_counted() {
    each(|moment| {
        let feed = unfolded(&moment.snapshot, IncidentsShown::All);
        for row in 0..feed.len() {
            let (incidents, chosen) = match feed.item(row).expect("a row") {
                FeedItem::Party { party, .. } => {
                    (party.incidents.clone(), ChosenRow::Party(party.name.clone()))
                }
                FeedItem::Incident { incident, .. } => {
                    (vec![Arc::clone(incident)], ChosenRow::Incident(incident.alert.alert_id))
                }
            };
            let mut screen = moment.screen("5 s");
            for row in 0..feed.len() {
                screen.model.screens.unfolded.extend(feed.party(row).map(|party| party.name.clone()));
            }
            screen.model.screens.incidents.selected = Some(chosen);
            let (stored, more) = stored(&incidents);
            let events = moment.events(&screen.press("v"));
            if stored == 0 {
                assert!(screen.text().contains("it stores none of its own"), "{}", screen.text());
                continue;
            }
            assert_eq!(events, stored, "{}", screen.text());
            let said = number_before(&screen.text(), " stored");
            assert_eq!(said, stored, "{}", screen.text());
            if more > 0 {
                assert_eq!(number_before(&screen.text(), " more were counted"), more, "{}", screen.text());
            }
        }
    });
}

#[test]
fn a_reason_of_the_level_opens_its_incident_or_its_entity() {
    each(|moment| {
        let threat = &moment.snapshot.threat;
        let panel = moment.screen("").text();
        if panel.contains(" more: w") {
            let more = number_before(&panel, " more: w") as usize;
            assert!(more < threat.reasons.len(), "{panel}");
        }
        for (row, reason) in threat.reasons.iter().enumerate() {
            let mut screen = moment.screen("w");
            screen.press(&"j ".repeat(row));
            screen.press("Enter");
            match (reason.alert, &reason.entity) {
                (Some(alert), _) => {
                    assert_eq!(screen.model.screens.incidents.selected, Some(ChosenRow::Incident(alert)));
                }
                (None, Some((_, value))) => {
                    assert_eq!(screen.model.tab, Tab::Entities);
                    let selected = &moment.snapshot.entities[screen.model.screens.entities.selected];
                    assert_eq!(*selected.value, **value);
                }
                (None, None) => panic!("{reason:?} leads nowhere"),
            }
        }
    });
}

/// Moves into a panel of the overview.
fn into_panel(screen: &mut Screen, panel: Panel) {
    for _ in Panel::ALL {
        if screen.model.screens.overview.panel == panel {
            return;
        }
        screen.press("Tab");
    }
    assert_eq!(screen.model.screens.overview.panel, panel);
}

#[test]
fn the_graph_opens_the_events_of_a_level_and_of_a_bar() {
    each(|moment| {
        for (width, height) in [(80, 24), (200, 60)] {
            let mut lanes = Screen::new(width, height, &options(), Arc::clone(&moment.snapshot));
            into_panel(&mut lanes, Panel::Graph);
            for lane in 0..5 {
                let title = |screen: &Screen| {
                    let text = screen.text();
                    text.lines().find(|line| line.contains("─ Threat ")).unwrap_or_default().to_owned()
                };
                let mut screen = Screen::new(width, height, &options(), Arc::clone(&moment.snapshot));
                into_panel(&mut screen, Panel::Graph);
                screen.press(&"j ".repeat(lane));
                let said = graph_number(&title(&screen));
                assert_eq!(moment.events(&screen.press("Enter")), said, "{width}x{height} lane {lane}");
                // The newest bars one by one; a bar may be empty.
                let mut bars = 0;
                for bar in 1..=12 {
                    let mut screen = Screen::new(width, height, &options(), Arc::clone(&moment.snapshot));
                    into_panel(&mut screen, Panel::Graph);
                    screen.press(&"j ".repeat(lane));
                    screen.press(&"← ".repeat(bar));
                    let said = graph_number(&title(&screen));
                    assert_eq!(moment.events(&screen.press("Enter")), said, "{width}x{height} {lane} {bar}");
                    bars += said;
                }
                assert!(lane < 3 || bars > 0, "{width}x{height}");
            }
        }
    });
}

/// `412` of `412 INFO: 09:31:40 to 09:31:50`.
fn graph_number(title: &str) -> u64 {
    let lane = ["CRIT", "ERROR", "WARN", "INFO", "all"].map(|lane| format!(" {lane}: "));
    let lane = lane.iter().find(|lane| title.contains(lane.as_str()));
    number_before(title, lane.unwrap_or_else(|| panic!("no lane in {title}")))
}

#[test]
fn a_panel_says_how_many_rows_are_below_and_all_are_reached() {
    each(|moment| {
        for (width, height) in [(80, 24), (120, 36), (200, 60)] {
            for panel in [Panel::Breakers, Panel::Lockouts, Panel::Sources, Panel::Entities] {
                let all = panel_rows(&moment.snapshot, panel).len();
                if all == 0 {
                    continue;
                }
                let mut screen = Screen::new(width, height, &options(), Arc::clone(&moment.snapshot));
                into_panel(&mut screen, panel);
                screen.press(&"j ".repeat(all + 2));
                assert_eq!(screen.model.screens.overview.row, all - 1);
                assert_eq!(screen.press("k").len(), 0);
                screen.press("j Enter");
                assert_ne!(screen.model.tab, Tab::Overview, "the last row opens");
            }
        }
    });
}

#[test]
fn what_a_panel_counts_is_on_the_boards() {
    each(|moment| {
        let rows = board_rows(&moment.snapshot);
        let is_unusual = |board: Board| {
            rows.iter().filter(|row| row.board == board && !row.transition.resting).count() as u64
        };
        let breakers = rows.iter().filter(|row| row.board == Board::Breaker).count();
        let overview = moment.screen("").text();
        let open = is_unusual(Board::Breaker);
        if open > 0 {
            assert!(overview.contains(&format!(" {open} of {breakers} ")), "{open} {breakers}\n{overview}");
        }
        if is_unusual(Board::Lockout) > 0 {
            let title = overview.lines().find(|line| line.contains("─ Lockouts")).unwrap_or_default();
            let title = title.split("─ Lockouts").nth(1).unwrap_or_default();
            assert_eq!(number_before(title, " locked"), is_unusual(Board::Lockout), "{overview}");
        }
        let boards = moment.screen("9").text();
        for (board, word) in [
            (Board::Lockout, " locked"),
            (Board::BlockedAddress, " blocked"),
            (Board::RateLimited, " limited"),
        ] {
            if is_unusual(board) > 0 {
                let title = boards.lines().find(|line| line.contains("─ Boards ")).unwrap_or_default();
                assert_eq!(number_before(title, word), is_unusual(board), "{boards}");
            }
        }
        let said = format!("{open} of {breakers} breaker");
        assert!(breakers == 0 || boards.contains(&said), "{said}\n{boards}");
    });
}

#[test]
fn a_state_opens_the_events_that_it_counts() {
    each(|moment| {
        for (at, row) in board_rows(&moment.snapshot).iter().enumerate() {
            let mut screen = moment.screen("9");
            screen.press(&"j ".repeat(at));
            let events = moment.events(&screen.press("Enter"));
            assert!(events > 0, "{row:?}\n{}", screen.text());
            let of_row = |it: &&Arc<Incident>| {
                it.alert.rule.id == row.transition.rule.id && *it.alert.group == row.transition.group
            };
            let expected = match moment.snapshot.incidents.iter().find(of_row) {
                Some(incident) => stored(&[Arc::clone(incident)]).0,
                None => row.history.iter().filter(|change| change.event_id.is_some()).count() as u64,
            };
            assert_eq!(events, expected, "{row:?}");
        }
    });
}

#[test]
fn the_risk_of_an_entity_is_the_sum_of_its_parts_and_opens_its_events() {
    each(|moment| {
        for (at, entity) in moment.snapshot.entities.iter().enumerate() {
            let sum: f64 = entity.contributions.iter().map(|part| part.points).sum();
            assert!((sum - entity.score).abs() < 1.0, "{sum} of {}", entity.score);
            let mut screen = moment.screen("7");
            screen.press(&"j ".repeat(at));
            assert_eq!(number_before(&screen.text(), " part"), entity.contributions.len() as u64);
            assert!(moment.events(&screen.press("v")) > 0, "{entity:?}");
        }
        let text = moment.screen("7").text();
        let all = moment.snapshot.entities.len() as u64;
        assert!(all == 0 || number_before(&text, " at risk") == all, "{text}");
    });
}

#[test]
fn the_lines_of_a_source_are_its_events() {
    each(|moment| {
        for (at, source) in moment.snapshot.sources.iter().enumerate() {
            let mut screen = moment.screen("8");
            screen.press(&"j ".repeat(at));
            let is_of_it = |record: &&Arc<Record>| record.source == source.status.path;
            let own = moment.records.iter().filter(is_of_it).count() as u64;
            assert_eq!(moment.events(&screen.press("Enter")), own, "{source:?}");
            assert_eq!(source.status.lines, own, "every line is an event here");
        }
        let ledger = moment.snapshot.ledger;
        assert_eq!(ledger.lines() - ledger.blank, moment.records.len() as u64);
    });
}

#[test]
fn a_rule_opens_as_many_incidents_as_its_row_says() {
    each(|moment| {
        let mut all = 0;
        for (at, row) in rule_rows(&moment.snapshot, RuleOrder::Incidents).iter().enumerate() {
            let mut screen = moment.screen("6");
            screen.press(&"j ".repeat(at));
            screen.press("Enter");
            let alerts = &screen.model.screens.incidents;
            assert_eq!(alerts.rule.as_deref(), Some(row.rule.id.as_str()));
            let feed = Feed::of_rule(
                &moment.snapshot,
                alerts.shown,
                &screen.model.screens.unfolded,
                alerts.rule.as_deref(),
            );
            assert_eq!(feed.incidents(), row.incidents, "{}", row.rule.title);
            all += row.incidents;
            if row.incidents == 0 {
                break;
            }
        }
        assert_eq!(all, moment.snapshot.incidents.len());
    });
}

#[test]
fn the_count_of_a_frequent_value_is_the_events_that_have_it() {
    each(|moment| {
        let screen = moment.screen("2 F");
        let rows: Vec<(String, u64)> = (screen.model.screens.values.rows().iter())
            .map(|row| (soctop::query::name::term(row.field, row.value), row.events))
            .collect();
        assert!(rows.len() > 5, "{}", screen.text());
        for (at, (term, events)) in rows.iter().enumerate() {
            let mut screen = moment.screen("2 F");
            screen.press(&"j ".repeat(at));
            screen.press("Enter");
            assert_eq!(screen.model.screens.events.rows.len() as u64, *events, "{term}");
        }
    });
}

/// Nothing in the story lies outside of the graph.
#[test]
fn the_demo_is_long_enough_to_fill_the_lists() {
    let last = MOMENTS.last().expect("moments");
    assert!(last.snapshot.incidents.len() > 10 && last.snapshot.entities.len() > 3);
    assert!(last.records.iter().all(|record| record.time > Timestamp::from_seconds(1_700_000_000)));
}
