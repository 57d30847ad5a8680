use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::alert::{AlertId, Window};
use crate::alert::{AlertKind, AlertStatus, RiskChange, RuleSummary, Transition};
use crate::correlate::risk::RiskScore;
use crate::event::{EventId, Format, Outcome, TimeQuality};
use crate::sigma::Board;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

fn rule(level: Level) -> Arc<RuleSummary> {
    let (id, tags, author) = (format!("rule-{level}"), Vec::new(), String::new());
    Arc::new(RuleSummary { title: id.clone(), name: String::new(), id, level, tags, author })
}

fn alert(id: u128, status: AlertStatus, level: Level, seconds: i64) -> Alert {
    Alert {
        status,
        alert_id: AlertId(id),
        time: at(seconds),
        rule: rule(level),
        kind: AlertKind::Correlation,
        group: Arc::default(),
        count: 1,
        window: Window { start: at(seconds - 5), end: at(seconds) },
        summary: format!("incident {id}"),
        events: Vec::new(),
        events_omitted: 0,
        correlation_ids: Vec::new(),
        source: None,
        approximate: false,
        replayed: false,
    }
}

/// An open incident of a group.
pub(super) fn incident(id: u128, group: &[(&str, &str)]) -> Arc<Incident> {
    let group: BTreeMap<String, String> =
        group.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let alert = Alert { group: group.into(), ..alert(id, AlertStatus::Open, Level::High, 0) };
    Arc::new(Incident::new(alert))
}

fn transition(board: Board, entity: &str, to: &str, resting: bool, seconds: i64) -> Transition {
    Transition {
        board,
        rule: rule(Level::High),
        entity: entity.to_owned(),
        group: BTreeMap::new(),
        from: String::new(),
        to: to.to_owned(),
        resting,
        time: at(seconds),
        until: None,
        until_said: false,
        count: 0,
        inferred: false,
        recent_entries: 1,
        event_id: None,
        correlation_ids: Vec::new(),
    }
}

fn record(seq: u64, level: LogLevel, message: &str) -> Arc<Record> {
    Arc::new(Record {
        event_id: EventId(u128::from(seq)),
        seq,
        time: at(seq as i64),
        time_quality: TimeQuality::Exact,
        ingested: at(seq as i64),
        source: "a.log".into(),
        line: seq,
        outcome: Outcome::Parsed,
        flags: Default::default(),
        format: Format::Json,
        level,
        service: "auth".to_owned(),
        message: message.to_owned(),
        correlation_ids: Vec::new(),
        fields: Vec::new(),
        raw: String::new(),
    })
}

fn state(updates: impl IntoIterator<Item = Update>) -> State {
    let mut state = State::new();
    updates.into_iter().for_each(|update| state.apply(update));
    state
}

fn events(rows: Vec<Arc<Record>>) -> Update {
    Update::Events { rows, not_shown: 0 }
}

fn clock(seconds: i64) -> Update {
    Update::Clock { now: at(seconds) }
}

fn summaries(snapshot: &Snapshot) -> Vec<(&str, bool)> {
    snapshot.incidents.iter().map(|i| (i.alert.summary.as_str(), i.is_open())).collect()
}

#[test]
fn alerts_of_one_id_are_one_incident() {
    use AlertStatus::{Close, Open, Update as Updated};
    let mut second = alert(1, Updated, Level::High, 20);
    second.count = 7;
    let mut state = state([
        Update::Alert(alert(1, Open, Level::High, 10)),
        Update::Alert(second),
        Update::Alert(alert(2, Open, Level::Critical, 5)),
    ]);
    let before = state.snapshot();
    assert_eq!(summaries(&before), [("incident 2", true), ("incident 1", true)]);
    let first = &before.incidents[1];
    assert_eq!((first.opened, first.alert.count, first.updates), (at(5), 7, 1));

    state.apply(Update::Alert(alert(2, Close, Level::Critical, 30)));
    assert_eq!(summaries(&state.snapshot()), [("incident 1", true), ("incident 2", false)]);
    assert_eq!(summaries(&before), [("incident 2", true), ("incident 1", true)], "a snapshot never changes");
}

#[test]
fn an_incident_opens_again_when_its_alert_comes_again() {
    use AlertStatus::{Close, Open};
    let mut state = state([
        Update::Alert(alert(1, Open, Level::Low, 0)),
        Update::Alert(alert(1, Close, Level::Low, 1)),
        Update::Alert(alert(1, Open, Level::Low, 2)),
    ]);
    assert_eq!(summaries(&state.snapshot()), [("incident 1", true)]);
}

#[test]
fn an_incident_learns_the_addresses_of_its_events_before_and_after_it() {
    let with_address = |seq: u64, address: &str| {
        let field = crate::event::RecordField {
            name: "source.ip".into(),
            value: address.to_owned(),
            is_string: true,
            derived: true,
            joined: false,
        };
        Arc::new(Record { fields: vec![field], ..(*record(seq, LogLevel::Info, "login failed")).clone() })
    };
    let mut fired = alert(1, AlertStatus::Open, Level::High, 10);
    fired.events = vec![EventId(1), EventId(2)];
    let mut state = state([events(vec![with_address(1, "203.0.113.9")]), Update::Alert(fired)]);
    let addresses = |state: &mut State| state.snapshot().incidents[0].addresses.join(" ");
    assert_eq!(addresses(&mut state), "203.0.113.9");
    state.apply(events(vec![with_address(2, "203.0.113.10")]));
    assert_eq!(addresses(&mut state), "203.0.113.9 203.0.113.10");
    state.apply(events(vec![with_address(3, "203.0.113.11")]));
    assert_eq!(addresses(&mut state), "203.0.113.9 203.0.113.10", "another event is none of its own");
}

#[test]
fn incidents_are_bounded_and_the_worst_stay() {
    let mut state = State::new();
    state.apply(Update::Alert(alert(0, AlertStatus::Open, Level::Critical, 0)));
    for id in 1..=3000 {
        state.apply(Update::Alert(alert(id, AlertStatus::Open, Level::Low, id as i64)));
    }
    let snapshot = state.snapshot();
    assert!(snapshot.incidents.len() <= 2000, "{}", snapshot.incidents.len());
    assert_eq!(snapshot.incidents[0].alert.alert_id, AlertId(0));
    assert_eq!(snapshot.incidents[1].alert.alert_id, AlertId(3000));
}

#[test]
fn a_lockout_leaves_the_board_and_a_closed_breaker_stays_on_it() {
    let mut state = state([
        Update::Transition(transition(Board::Lockout, "alice", "locked", false, 0)),
        Update::Transition(transition(Board::Breaker, "payments", "open", false, 1)),
        Update::Transition(transition(Board::Breaker, "orders", "closed", true, 2)),
    ]);
    let entities = |state: &mut State| {
        let rows = state.snapshot().boards;
        rows.iter().map(|row| (row.transition.entity.clone(), row.transition.to.clone())).collect::<Vec<_>>()
    };
    let own = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(entities(&mut state), own(&[("alice", "locked"), ("payments", "open"), ("orders", "closed")]));
    state.apply(Update::Transition(transition(Board::Lockout, "alice", "unlocked", true, 9)));
    state.apply(Update::Transition(transition(Board::Breaker, "payments", "closed", true, 9)));
    assert_eq!(entities(&mut state), own(&[("payments", "closed"), ("orders", "closed")]));
}

#[test]
fn time_in_a_state_counts_from_its_first_entry() {
    let mut state = state([
        Update::Transition(transition(Board::Breaker, "db", "open", false, 0)),
        Update::Transition(transition(Board::Breaker, "db", "open", false, 50)),
    ]);
    assert_eq!(state.snapshot().boards[0].since, at(0));
    state.apply(Update::Transition(transition(Board::Breaker, "db", "half-open", false, 60)));
    assert_eq!(state.snapshot().boards[0].since, at(60));
}

#[test]
fn a_machine_has_one_row_whoever_says_how_it_stands() {
    let mut state = State::new();
    state.apply(Update::Transition(transition(Board::Breaker, "db", "open", false, 0)));
    let timer = Transition { inferred: true, ..transition(Board::Breaker, "db", "half-open", false, 30) };
    state.apply(Update::Transition(timer));
    state.apply(Update::Transition(transition(Board::Breaker, "db", "closed", true, 40)));
    let rows = state.snapshot().boards;
    let shown: Vec<&str> = rows.iter().map(|row| row.transition.to.as_str()).collect();
    assert_eq!(shown, ["closed"]);
}

#[test]
fn boards_are_bounded_and_resting_rows_go_first() {
    let mut state = State::new();
    state.apply(Update::Transition(transition(Board::Breaker, "db", "open", false, 0)));
    for n in 0..8000 {
        state.apply(Update::Transition(transition(Board::Breaker, &format!("b{n}"), "closed", true, n)));
    }
    let boards = state.snapshot().boards;
    assert!(boards.len() <= 5000, "{}", boards.len());
    assert_eq!(boards[0].transition.entity, "db");
}

#[test]
fn errors_are_pinned_for_a_minute_and_equal_ones_are_counted() {
    let mut state = state([
        clock(0),
        events(vec![
            record(1, LogLevel::Info, "fine"),
            record(2, LogLevel::Error, "down"),
            record(3, LogLevel::Critical, "worse"),
            record(4, LogLevel::Error, "down"),
        ]),
        Update::Alert(alert(1, AlertStatus::Open, Level::High, 0)),
        Update::Alert(alert(2, AlertStatus::Open, Level::Medium, 0)),
        Update::Alert(alert(3, AlertStatus::Close, Level::Critical, 0)),
    ]);
    let pinned = |state: &mut State| -> Vec<(String, u64)> {
        let name = |pin: &Pin| match &pin.subject {
            PinSubject::Incident(incident) => incident.alert.summary.clone(),
            PinSubject::Event(record) => record.message.clone(),
        };
        state.snapshot().pins.iter().map(|pin| (name(pin), pin.count)).collect()
    };
    let all = [("incident 1", 1), ("worse", 1), ("down", 2)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!(pinned(&mut state), all);
    state.apply(clock(59));
    assert_eq!(pinned(&mut state), all);
    state.apply(clock(60));
    assert_eq!(pinned(&mut state), []);
}

#[test]
fn pins_are_bounded_and_the_worst_stay() {
    let mut state = State::new();
    state.apply(events(vec![record(0, LogLevel::Critical, "the one")]));
    for n in 1..500 {
        state.apply(events(vec![record(n, LogLevel::Error, &format!("error {n}"))]));
    }
    let pins = state.snapshot().pins;
    assert_eq!(pins.len(), 64);
    assert!(matches!(&pins[0].subject, PinSubject::Event(record) if record.message == "the one"));
}

#[test]
fn rates_fill_holes_and_forget_the_oldest() {
    let mut rates = Rates::default();
    rates.add(100, &[0, 0, 0, 5, 0, 0, 1, 0]);
    rates.add(103, &[0, 0, 0, 2, 0, 0, 0, 0]);
    rates.add(100, &[1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(rates.first_second(), Some(100));
    assert_eq!(rates.count(100..104, |_| true), 9);
    assert_eq!(rates.count(0..i64::from(u16::MAX), |level| level == LogLevel::Error), 1);
    assert_eq!(rates.second(102), [0; 8]);
    assert_eq!(rates.second(99), [0; 8]);

    rates.add(103 + Rates::LIMIT as i64, &[1; 8]);
    assert_eq!(rates.second(103), [0; 8]);
    rates.add(103, &[9; 8]);
    assert_eq!(rates.count(0..i64::MAX, |_| true), 8, "what lies before the window is not counted");
    rates.add(i64::MAX / 2, &[1; 8]);
    assert_eq!(rates.count(i64::MIN..i64::MAX, |_| true), 8);
}

#[test]
fn an_event_of_the_far_future_does_not_wipe_the_graph() {
    let counted = |second| {
        let by_second = vec![(second, [0, 0, 0, 1, 0, 0, 0, 0])];
        Update::Counted(Counted { by_second, ledger: Ledger::default(), ..Counted::default() })
    };
    let now = at(0).seconds();
    let mut state = state([clock(0), counted(now), counted(now + 1_000_000_000), counted(now)]);
    assert_eq!(state.snapshot().rates.second(now), [0, 0, 0, 2, 0, 0, 0, 0]);
}

#[test]
fn requests_that_claim_the_future_push_no_others_out_and_pass_too() {
    let counted = |second| {
        let mut tally = Tally::default();
        tally.requests = 1;
        let traffic = vec![("api".into(), second, tally)];
        Update::Counted(Counted { traffic, ..Counted::default() })
    };
    let now = at(0).seconds();
    let mut state = state([clock(0), counted(now)]);
    for ahead in (1..=60).chain(1_000_000_000..1_000_000_100) {
        state.apply(counted(now + ahead));
    }
    let requests = |state: &mut State| {
        state.snapshot().traffic.first().map(|row| (row.requests_per_second * 60.0).round())
    };
    assert_eq!(requests(&mut state), Some(161.0));
    state.apply(clock(120));
    assert_eq!(requests(&mut state), None, "nothing is of the last minute for ever");
}

#[test]
fn the_rate_is_an_average_over_complete_seconds() {
    let mut rates = Rates::default();
    assert!(rates.per_second(at(0)) < 0.1);
    for second in 0..10 {
        rates.add(at(second).seconds(), &[0, 0, 0, 20, 0, 0, 0, 0]);
    }
    assert!((rates.per_second(at(9)) - 20.0).abs() < 1e-9);
    assert!((rates.per_second(at(2)) - 20.0).abs() < 1e-9, "young streams are not averaged with nothing");
    assert!(rates.per_second(at(60)) < 0.1);
}

#[test]
fn rows_are_a_ring_that_snapshots_share() {
    let mut state = State::new();
    for seq in 0..(Rows::LIMIT as u64 + 500) {
        state.apply(events(vec![record(seq, LogLevel::Info, "")]));
    }
    let before = state.snapshot();
    state.apply(events(vec![record(1_000_000, LogLevel::Info, "later")]));
    let rows = &before.rows;
    assert!(rows.count() <= Rows::LIMIT && rows.count() > Rows::LIMIT - 200, "{}", rows.count());
    assert_eq!(rows.forgotten() + rows.count() as u64, Rows::LIMIT as u64 + 500);
    assert_eq!(rows.iter().count(), rows.count());
    assert_eq!(rows.get(rows.count() - 1).map(|row| row.seq), Some(Rows::LIMIT as u64 + 499));
    assert!(rows.get(rows.count()).is_none());
    assert_eq!(
        rows.after(Rows::LIMIT as u64 + 497).map(|row| row.seq).collect::<Vec<_>>(),
        [Rows::LIMIT as u64 + 498, Rows::LIMIT as u64 + 499]
    );
}

fn source(lines: u64, last_line: i64, behind: u64) -> Update {
    Update::Source(SourceStatus {
        path: "a.log".into(),
        read_bytes: 100,
        size_bytes: 100 + behind,
        lines,
        last_line_at: Some(at(last_line)),
        ..SourceStatus::default()
    })
}

#[test]
fn a_source_is_silent_when_it_pauses_much_longer_than_it_used_to() {
    let mut state = State::new();
    for second in 0..30 {
        state.apply(clock(second));
        state.apply(source(second as u64 * 10, second, 0));
    }
    let row = |state: &mut State| state.snapshot().sources[0].clone();
    assert_eq!(row(&mut state).health, SourceHealth::Live);
    assert!((row(&mut state).lines_per_second - 10.0).abs() < 2.5, "{}", row(&mut state).lines_per_second);
    state.apply(clock(80));
    assert_eq!(row(&mut state).health, SourceHealth::Live);
    state.apply(clock(120));
    assert_eq!(row(&mut state).health, SourceHealth::Silent);
}

#[test]
fn a_source_that_pauses_often_is_not_called_silent() {
    let mut state = State::new();
    for minute in 0..10 {
        state.apply(clock(minute * 60));
        state.apply(source(minute as u64, minute * 60, 0));
    }
    state.apply(clock(9 * 60 + 240));
    assert_eq!(state.snapshot().sources[0].health, SourceHealth::Live);
    state.apply(clock(9 * 60 + 301));
    assert_eq!(state.snapshot().sources[0].health, SourceHealth::Silent);
}

#[test]
fn a_source_that_is_hardly_known_is_given_time() {
    let mut state = state([clock(0), source(100, 0, 0), clock(600)]);
    assert_eq!(state.snapshot().sources[0].health, SourceHealth::Live);
    state.apply(clock(3601));
    assert_eq!(state.snapshot().sources[0].health, SourceHealth::Silent);
}

#[test]
fn health_names_the_most_urgent_fact() {
    let health = |change: &dyn Fn(&mut SourceStatus)| {
        let mut status = SourceStatus { path: "a".into(), ..SourceStatus::default() };
        change(&mut status);
        state([clock(0), Update::Source(status)]).snapshot().sources[0].health
    };
    assert_eq!(health(&|_| {}), SourceHealth::Waiting);
    assert_eq!(health(&|status| status.size_bytes = 10_000_000), SourceHealth::Behind);
    assert_eq!(health(&|status| status.closed = true), SourceHealth::Closed);
    let broken = |status: &mut SourceStatus| {
        status.closed = true;
        status.trouble = Some("permission denied".to_owned());
    };
    assert_eq!(health(&broken), SourceHealth::Trouble);
}

fn risk(entity: &str, points: f64, score: f64, seconds: i64) -> Update {
    Update::Risk(RiskChange {
        entity_field: "source.ip".to_owned(),
        entity: entity.to_owned(),
        rule: rule(Level::Low),
        points,
        score,
        half_life_seconds: 100.0,
        time: at(seconds),
        event_id: None,
    })
}

#[test]
fn risk_decays_by_half_in_its_half_life_and_sinks_out_of_sight() {
    let mut state = state([clock(0), risk("a", 40.0, 40.0, 0), risk("b", 30.0, 30.0, 0), clock(100)]);
    let top = state.snapshot().entities;
    assert_eq!(
        top.iter().map(|e| (&*e.value, e.score.round())).collect::<Vec<_>>(),
        [("a", 20.0), ("b", 15.0)]
    );
    assert!(!top[0].rising);
    state.apply(clock(700));
    assert_eq!(state.snapshot().entities.len(), 0);
}

#[test]
fn contributions_of_one_rule_in_a_row_are_added_up() {
    let mut state = state([clock(0), risk("a", 10.0, 10.0, 0), risk("a", 5.0, 15.0, 1)]);
    let top = state.snapshot().entities;
    assert_eq!(top[0].contributions.len(), 1);
    assert_eq!((top[0].contributions[0].points.round(), top[0].contributions[0].times), (15.0, 2));
    assert!(top[0].rising);
}

#[test]
fn the_parts_of_a_risk_add_up_to_it_at_a_cap_while_it_decays_and_after_a_restart() {
    let sum = |entity: &Entity| entity.contributions.iter().map(|part| part.points).sum::<f64>();
    let mut state = state([clock(0)]);
    for n in 0..60 {
        let Update::Risk(mut change) = risk("a", 30.0, 100.0_f64.min(30.0 * f64::from(n + 1)), i64::from(n))
        else {
            unreachable!()
        };
        change.rule = rule([Level::Low, Level::Medium, Level::High][n as usize % 3]);
        state.apply(Update::Risk(change));
    }
    for seconds in [60, 200, 400] {
        state.apply(clock(seconds));
        let entity = state.snapshot().entities[0].clone();
        assert!((sum(&entity) - entity.score).abs() < 1e-6, "{entity:?}");
        assert_eq!(entity.contributions.len(), 3, "one part a rule, however often it added");
    }
    let parts = vec![(rule(Level::High), 40.0), (rule(Level::Low), 10.0)];
    let (entity_field, entity) = ("source.ip".to_owned(), "b".to_owned());
    let stored = RiskScore { entity_field, entity, score: 50.0, half_life_seconds: 3600.0, parts };
    state.apply(Update::Superseded { void: Vec::new(), risks: vec![stored] });
    let entity = state.snapshot().entities[0].clone();
    assert_eq!((&*entity.value, entity.score, sum(&entity)), ("b", 50.0, 50.0));
}

#[test]
fn the_history_of_a_state_is_kept_beyond_its_end() {
    let mut state = state([
        Update::Transition(transition(Board::Lockout, "alice", "locked", false, 0)),
        Update::Transition(transition(Board::Lockout, "alice", "locked", false, 5)),
        Update::Transition(transition(Board::Lockout, "alice", "normal", true, 10)),
    ]);
    assert!(state.snapshot().boards.is_empty());
    state.apply(Update::Transition(transition(Board::Lockout, "alice", "locked", false, 20)));
    let boards = state.snapshot().boards;
    let told: Vec<(&str, Timestamp)> =
        boards[0].history.iter().map(|change| (change.to.as_str(), change.time)).collect();
    assert_eq!(told, [("locked", at(20)), ("normal", at(10)), ("locked", at(0))]);
}

#[test]
fn what_rules_said_that_are_gone_holds_no_longer() {
    let of = |rule: &Arc<RuleSummary>, points| vec![(Arc::clone(rule), points)];
    let score = |entity: &str, score, parts| RiskScore {
        half_life_seconds: 3600.0,
        entity_field: "source.ip".to_owned(),
        entity: entity.to_owned(),
        score,
        parts,
    };
    let mut state = state([
        clock(0),
        Update::Transition(transition(Board::Lockout, "alice", "locked", false, 0)),
        risk("a", 40.0, 40.0, 0),
        risk("b", 30.0, 30.0, 0),
    ]);
    let (stays, gone) = (rule(Level::Low), vec!["rule-low".to_owned()]);
    state.apply(Update::Superseded { void: gone, risks: vec![score("a", 10.0, of(&stays, 10.0))] });
    let snapshot = state.snapshot();
    assert_eq!(snapshot.boards.len(), 1, "another rule said so");
    let scores: Vec<(&str, f64)> = snapshot.entities.iter().map(|e| (&*e.value, e.score)).collect();
    assert_eq!(scores, [("a", 10.0)]);
    state.apply(Update::Superseded { void: vec!["rule-high".to_owned()], risks: Vec::new() });
    assert_eq!((state.snapshot().boards.len(), state.snapshot().entities.len()), (0, 0));
}

#[test]
fn entities_are_bounded_and_the_riskiest_stay() {
    let mut state = state([clock(0), risk("worst", 99.0, 99.0, 0)]);
    for n in 0..5000_u32 {
        state.apply(risk(&format!("e{n}"), 1.0, 1.0 + f64::from(n) / 1e4, 0));
    }
    assert!(state.risk.len() <= 4000);
    assert_eq!(&*state.snapshot().entities[0].value, "worst");
}

#[test]
fn the_threat_level_rises_at_once_and_falls_slowly_one_step_at_a_time() {
    let mut state = state([clock(0)]);
    assert_eq!(state.snapshot().threat.level, ThreatLevel::Low);
    state.apply(Update::Alert(alert(1, AlertStatus::Open, Level::Critical, 1)));
    state.apply(clock(1));
    let threat = state.snapshot().threat;
    assert_eq!((threat.level, threat.holding), (ThreatLevel::Critical, false));
    assert_eq!(threat.reasons[0].alert, Some(AlertId(1)));

    state.apply(Update::Alert(alert(1, AlertStatus::Close, Level::Critical, 2)));
    let mut levels = Vec::new();
    for second in 2..1000 {
        state.apply(clock(second));
        let threat = state.snapshot().threat;
        if levels.last() != Some(&threat.level) {
            levels.push(threat.level);
        }
    }
    use ThreatLevel::{Critical, High, Low, Medium};
    assert_eq!(levels, [Critical, High, Medium, Low]);
    assert!(state.snapshot().threat.trend.is_some());
}

#[test]
fn a_level_that_is_held_says_by_what_and_falls_when_it_said() {
    let mut state = state([clock(0)]);
    state.apply(Update::Alert(alert(1, AlertStatus::Open, Level::Critical, 1)));
    state.apply(clock(1));
    assert_eq!(state.snapshot().threat.hold, None);
    state.apply(Update::Alert(alert(1, AlertStatus::Close, Level::Critical, 2)));
    state.apply(clock(3));
    let hold = state.snapshot().threat.hold.expect("it holds");
    assert_eq!(hold.ended.map(|incident| incident.alert.alert_id), Some(AlertId(1)));
    let mut second = 3;
    while state.snapshot().now < hold.until {
        assert_eq!(state.snapshot().threat.level, ThreatLevel::Critical, "until it said");
        second += 1;
        state.apply(clock(second));
    }
    assert_eq!(state.snapshot().threat.level, ThreatLevel::High);
}

#[test]
fn what_ended_long_ago_in_logs_read_only_now_does_not_hold_the_level() {
    const DAY: i64 = 24 * 60 * 60;
    let mut state = state([clock(DAY)]);
    state.apply(Update::Alert(alert(1, AlertStatus::Open, Level::Critical, 1)));
    assert_eq!(state.snapshot().threat.level, ThreatLevel::Critical);
    state.apply(Update::Alert(alert(1, AlertStatus::Close, Level::Critical, 2)));
    state.apply(clock(DAY + 1));
    let threat = state.snapshot().threat;
    assert_eq!((threat.level, threat.holding), (ThreatLevel::Low, false));

    // What ended just now holds it.
    state.apply(Update::Alert(alert(2, AlertStatus::Open, Level::High, DAY + 1)));
    assert_eq!(state.snapshot().threat.level, ThreatLevel::High);
    state.apply(Update::Alert(alert(2, AlertStatus::Close, Level::High, DAY + 2)));
    state.apply(clock(DAY + 60));
    assert_eq!(state.snapshot().threat.level, ThreatLevel::High);
    state.apply(clock(DAY + 123));
    assert_eq!(state.snapshot().threat.level, ThreatLevel::Medium);
}

#[test]
fn counts_notices_and_rules_are_kept_within_bounds() {
    let ledger = Ledger { parsed: 3, raw: 1, blank: 2, ..Ledger::default() };
    let mut updates = vec![
        Update::Counted(Counted {
            by_second: vec![(at(0).seconds(), [0, 0, 0, 4, 0, 0, 0, 0])],
            ledger,
            ..Counted::default()
        }),
        Update::Counted(Counted { by_second: Vec::new(), ledger, ..Counted::default() }),
        Update::Rules { loaded: 7, problems: vec!["bad".to_owned(); 500] },
        Update::Events { rows: Vec::new(), not_shown: 5 },
        Update::Finished,
    ];
    updates.extend((0..100).map(|n| Update::Notice { time: at(n), message: n.to_string(), hint: None }));
    let snapshot = state(updates).snapshot();
    assert_eq!((snapshot.ledger.lines(), snapshot.ledger.events()), (12, 8));
    assert_eq!(
        (snapshot.rules.loaded, snapshot.rules.problems.len(), snapshot.rules.problem_count),
        (7, 200, 500)
    );
    assert_eq!((snapshot.notices.len(), snapshot.notices[49].message.as_str()), (50, "99"));
    assert_eq!((snapshot.not_shown, snapshot.finished), (5, true));
}

#[test]
fn rules_stand_by_alerts_then_by_level_then_by_matches() {
    let hit = |level, matches, alerts| RuleHits { rule: rule(level), evaluated: matches, matches, alerts };
    let (low, high) = (Level::Low, Level::High);
    let hits = vec![hit(low, 9, 0), hit(high, 2, 0), hit(high, 3, 0), hit(low, 0, 1), hit(high, 0, 1)];
    let snapshot = state([Update::RuleHits(hits)]).snapshot();
    let order: Vec<_> = snapshot.rules.hits.iter().map(|hit| (hit.rule.level, hit.matches)).collect();
    assert_eq!(order, [(high, 0), (low, 0), (high, 3), (high, 2), (low, 9)]);
}

#[test]
fn the_clock_never_runs_backwards() {
    let snapshot = state([clock(10), clock(3)]).snapshot();
    assert_eq!((snapshot.now, snapshot.started), (at(10), Some(at(10))));
}

proptest! {
    #[test]
    fn rates_agree_with_a_plain_sum(adds in prop::collection::vec((0_i64..3000, 0_u64..50), 1..60)) {
        let mut rates = Rates::default();
        let mut model = BTreeMap::<i64, u64>::new();
        for (second, count) in &adds {
            rates.add(*second, &[*count, 0, 0, 0, 0, 0, 0, 0]);
            *model.entry(*second).or_default() += count;
        }
        for (second, count) in &model {
            prop_assert_eq!(u64::from(rates.second(*second)[0]), *count);
        }
        prop_assert_eq!(rates.count(i64::MIN..i64::MAX, |_| true), model.values().sum::<u64>());
    }

    #[test]
    fn rows_hold_the_newest_in_order(count in 0_u64..700) {
        let rows: Rows = (0..count).map(|seq| record(seq, LogLevel::Info, "")).collect();
        let held: Vec<u64> = rows.iter().map(|row| row.seq).collect();
        prop_assert_eq!(held.clone(), (0..count).collect::<Vec<_>>());
        prop_assert_eq!(rows.count() as u64, count);
        for seq in [0, count / 2, count] {
            let after: Vec<u64> = rows.after(seq).map(|row| row.seq).collect();
            prop_assert_eq!(after, held.iter().copied().filter(|held| *held > seq).collect::<Vec<_>>());
        }
    }
}
