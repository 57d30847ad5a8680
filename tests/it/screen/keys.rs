//! Every action of the key table, by its keys, in a pseudo-terminal over a real engine.

use std::collections::BTreeSet;

use soctop::tui::keymap;
use soctop::view::scene::Tab;
use termlens::Terminal;

use crate::harness::{self, TestEnv, append};

/// What a key is called in the table, and what it sends.
const NAMED: [(&str, &str); 17] = [
    ("Enter", "\r"),
    ("Esc", "\u{1b}"),
    ("Tab", "\t"),
    ("⇧Tab", "\u{1b}[Z"),
    ("Space", " "),
    ("↑", "\u{1b}[A"),
    ("↓", "\u{1b}[B"),
    ("→", "\u{1b}[C"),
    ("←", "\u{1b}[D"),
    ("^c", "\u{3}"),
    ("^d", "\u{4}"),
    ("^k", "\u{b}"),
    ("^l", "\u{c}"),
    ("^o", "\u{f}"),
    ("^u", "\u{15}"),
    ("^z", "\u{1a}"),
    ("F1", "\u{1b}OP"),
];

/// Names of actions (as the palette has them), the keys that show them, and what is on the screen then. Words between
/// quotes are typed. An empty name only leads on.
const TOUR: &[(&str, &str, &str)] = &[
    ("this help", "?", "Help: Overview"),
    ("close the topmost thing", "Esc", "!Help: Overview"),
    ("every command by name", ":", "Commands"),
    ("", "Esc", "!Commands"),
    ("mouse: soctop or terminal", "m", "the mouse is free"),
    ("", "m", "the mouse selects rows"),
    ("why this threat level", "w", "Why this threat level"),
    ("", "Esc", "!Why this threat level"),
    ("live events", "2", "[2 Events]"),
    ("previous row", "k", "DETACHED"),
    ("first row", "g", "row 1 of 10"),
    ("next row", "j", "row 2 of 10"),
    ("a page on", "^d", "row 10 of 10"),
    ("a page back", "^u", "row 1 of 10"),
    ("next error", "e", "row 2 of 10"),
    ("", "j j", "row 4 of 10"),
    ("previous error", "E", "row 2 of 10"),
    ("last row, follow", "G", "► LIVE"),
    ("pause, resume the list", "Space", "PAUSED"),
    ("", "Space", "► LIVE"),
    ("", "k", "DETACHED"),
    ("follow the newest", "f", "► LIVE"),
    ("clock: UTC, local, age", "T", "+00:00"),
    ("", "T", "│ ago"),
    ("", "T", "│ UTC"),
    ("details", "Enter", "+ with it"),
    ("", "Esc Esc", "!+ with it"),
    ("detail pane", "d", "Tab to choose a field"),
    ("next pane", "Tab", "+ with it"),
    ("with this value", "+", "filter ▸ [service"),
    ("drop the last part", "x", "filter ▸ none"),
    ("pane before", "⇧Tab", "+ with it"),
    ("without this value", "-", "filter ▸ [-service"),
    ("drop all parts", "X", "filter ▸ none"),
    ("nothing but this value", "Tab =", "filter ▸ [service"),
    ("saved hunts", "H n 'auth' Enter", "saved: H lists"),
    ("", "X", "filter ▸ none"),
    ("most frequent values", "F", "Values"),
    ("", "Esc", "!Values"),
    ("choose the columns", "C ^u 'time message' Enter", "columns: @timestamp message"),
    ("", "C ^u Enter", "the usual columns"),
    ("type filter, query or id", "/ 'level:warn' Enter", "[level:warn]"),
    ("", "X", "filter ▸ none"),
    ("export what is listed", "S n", "10 events are in"),
    ("copy a value or the line", "y", "v value"),
    ("", "Esc", "!v value"),
    ("", "G", "► LIVE"),
    ("trace of this id", "o", "trace ▸ c0ffee"),
    ("zoom in on the row", ".", "zoom 2×"),
    ("zoom out", ",", "!zoom 2×"),
    ("screen before", "[", "[2 Events]"),
    ("screen after", "]", "[4 Trace]"),
    ("trace", "1 4", "[4 Trace]"),
    ("search the index", "3", "[3 Search]"),
    ("incidents", "5", "[5 Incidents"),
    ("list its incidents", "→", "▾"),
    ("last row", "G", "► "),
    ("", "g", "row 1 of"),
    ("fold them again", "h", "▸ 203.0.113.9"),
    ("details, evidence", "Enter", "▾"),
    ("", "h", "▸ 203.0.113.9"),
    ("open incidents or all", "s", "[all"),
    ("", "s", "[open"),
    ("acknowledge, with a note", "a 'on it' Enter", "2 acknowledged"),
    ("undo your last decision", "U", "undone: acknowledged"),
    ("verdict: what it was", "V t Enter", "2 true positive"),
    ("", "U", "!2 true positive"),
    ("snooze for a while", "z 1", "2 snoozed"),
    ("", "U", "▸ 203.0.113.9"),
    ("mute its rule for a while", "M 'noise' Enter", "2 muted"),
    ("mutes, and what they hide", "L", "noise; hid"),
    ("", "U", "undone: muted"),
    ("", "Esc", "!U ends the chosen one"),
    ("", "g", "▸ 203.0.113.9"),
    ("report of the incident", "S", "the worst of 2 incidents of 203.0.113.9: soctop-report-"),
    ("hide names and addresses", "P", "MASKED"),
    ("", "P", "203.0.113.9"),
    ("its events in the index", "v", "events ▸ the"),
    ("rules", "6", "[6 Rules"),
    ("another order of rules", "s", "most events looked at first"),
    ("open the rule in $EDITOR", "^o", "this rule is bundled"),
    ("redraw the screen", "^l", "[6 Rules"),
    ("its incidents", "Enter", "only of `"),
    ("entities by risk", "7", "[7 Entities"),
    ("sources", "8", "[8 Sources"),
    ("its events", "Enter", "query ▸ log.file.path"),
    ("boards (locks, breakers)", "9", "[9 Boards"),
    ("overview", "1", "[1 Overview"),
    ("back; quit at the start", "q", "[9 Boards"),
];

/// Not in the tour: they leave it. Their own tests are in `screen` (`the_terminal_is_given_back_on_every_way_out`) and
/// below.
const LEAVING: [&str; 2] = ["quit", "suspend"];

fn press(terminal: &mut Terminal, keys: &str) {
    let mut typed = false;
    for piece in keys.split('\'') {
        match typed {
            true => terminal.send_str(piece).expect("text"),
            false => piece.split_whitespace().for_each(|key| {
                let sent = NAMED.iter().find(|(name, _)| *name == key).map_or(key, |(_, sent)| sent);
                terminal.send_str(sent).expect("a key");
            }),
        }
        typed = !typed;
    }
}

fn watching(env: &TestEnv) -> Terminal {
    let log = env.log("app.log");
    let now = chrono::Utc::now() - chrono::Duration::seconds(20);
    let line = |number: u32, level: &str, message: &str| {
        let time = now + chrono::Duration::milliseconds(i64::from(number) * 50);
        serde_json::json!({
            "timestamp": time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            "level": level,
            "service": "auth",
            "message": message,
        })
    };
    append(&log, &format!("{}\n", line(0, "info", "started")));
    append(&log, &format!("{}\n", line(1, "error", "disk nearly full")));
    for number in 2..10 {
        let mut failed = line(number, "warn", "login failed: wrong password");
        failed["event"] = "login_failed".into();
        failed["username"] = "alice".into();
        failed["ip_address"] = "203.0.113.9".into();
        failed["status_code"] = 401.into();
        failed["correlation_id"] = format!("c0ffee{number:02}-0000-4000-8000-000000000001").into();
        append(&log, &format!("{failed}\n"));
    }
    let mut terminal = env.terminal(120, 36, &["watch", "logs/app.log", "--from", "start"]);
    terminal
        .wait_until(|screen| screen.contains("10 events") && screen.contains("203.0.113.9"))
        .expect("the engine has read everything");
    terminal
}

#[test]
fn every_action_is_reached_by_its_keys() {
    let env = TestEnv::new();
    let mut terminal = watching(&env);
    for (name, keys, expect) in TOUR {
        press(&mut terminal, keys);
        // What is awaited to go away stands behind a `!`.
        let shown = terminal.wait_until(|screen| match expect.strip_prefix('!') {
            Some(gone) => !screen.contains(gone),
            None => screen.contains(expect),
        });
        assert!(
            shown.is_ok(),
            "{name}: after {keys} there is no {expect:?} in\n{}",
            terminal.screen().text()
        );
    }
    let reached: BTreeSet<&str> = TOUR.iter().map(|(name, ..)| *name).chain(LEAVING).collect();
    let keymap = keymap::Keymap::default();
    let named: BTreeSet<&str> =
        Tab::ALL.into_iter().flat_map(|tab| keymap.commands(tab)).map(|it| it.text).collect();
    let missing: Vec<_> = named.difference(&reached).collect();
    assert!(missing.is_empty(), "no keys for {missing:?}");
    press(&mut terminal, "^c");
    terminal.wait_exit().expect("it ends");
    let reports = std::fs::read_dir(env.path("")).expect("the folder").filter_map(Result::ok);
    let reports: Vec<_> =
        reports.filter(|entry| entry.file_name().to_string_lossy().starts_with("soctop-report-")).collect();
    assert_eq!(reports.len(), 1);
    let page = std::fs::read_to_string(reports[0].path()).expect("the report");
    assert!(page.contains("- version: `"), "the rule has a version in\n{page}");
}

#[test]
fn f5_an_alert_opens_exactly_its_events_and_nobody_elses() {
    let env = TestEnv::new();
    let mut terminal = watching(&env);
    press(&mut terminal, "3");
    terminal
        .wait_until(|screen| screen.contains("Search all 10 indexed events"))
        .expect("all is in the index");
    press(&mut terminal, "5 → j v");
    let shown = terminal.wait_until(|screen| screen.contains("events ▸ the") && screen.contains(" hits in "));
    let text = terminal.screen().text();
    assert!(shown.is_ok(), "{text}");
    let number = |lead: &str, behind: &str| {
        let before = text.split(behind).next().unwrap_or_default();
        before.rsplit(lead).next().unwrap_or_default().trim().to_owned()
    };
    let stored = number("events ▸ the ", " stored");
    assert_eq!(number(" ", " hits in "), stored, "{text}");
    let rows =
        text.lines().filter(|line| line.contains("WARN") || line.contains("ERROR") || line.contains("INFO"));
    let own = |line: &&str| line.contains("203.0.113.9");
    let (own, others): (Vec<&str>, Vec<&str>) = rows.partition(own);
    assert_eq!((own.len().to_string(), others.len()), (stored, 0), "{text}");
    press(&mut terminal, "^c");
    terminal.wait_exit().expect("it ends");
}

#[test]
fn a_configured_key_is_the_one_that_is_shown_and_a_conflict_ends_the_start() {
    let env = TestEnv::new();
    let config = env.path(".config/soctop/config.toml");
    append(&config, "[keys]\nfollow = \"ctrl-f\"\ndrop_last = [\"D\"]\nhelp = \"h\"\nfold = \"left\"\n");
    let mut terminal = watching(&env);
    press(&mut terminal, "2 k");
    terminal.wait_until(|screen| screen.contains("^f to follow again")).expect("the key in the sentence");
    assert!(terminal.screen().contains(" h help"), "{}", terminal.screen().text());
    press(&mut terminal, "f");
    terminal.send_str("\u{6}").expect("a key");
    terminal.wait_until(|screen| screen.contains("► LIVE")).expect("it follows");
    press(&mut terminal, "^c");
    terminal.wait_exit().expect("it ends");
    append(&config, "mute = \"D\"\nmutte = \"x\"\n");
    let said = env.run(&["status"]);
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(2), "{told}");
    for expect in ["`D` would be for", "no action is called `mutte`", "config.toml:6:", "soctop keys"] {
        assert!(told.contains(expect), "no {expect} in {told}");
    }
}

#[test]
fn the_dashboard_is_as_it_was_left_and_mutes_lie_on_disk() {
    let env = TestEnv::new();
    let mut terminal = watching(&env);
    press(&mut terminal, "5 M 'noise' Enter");
    terminal.wait_until(|screen| screen.contains("U undoes: muted")).expect("it is muted");
    let file = harness::wait_for("the filter", || {
        let found = find(&env.path(""), "mute-00001.yml")?;
        std::fs::read_to_string(found).ok()
    });
    assert!(file.contains("description: \"noise\"") && file.contains("condition: not muted"), "{file}");
    press(&mut terminal, "2 / 'level:warn' Enter");
    terminal.wait_until(|screen| screen.contains("[level:warn]")).expect("the filter");
    press(&mut terminal, "^c");
    terminal.wait_exit().expect("it ends");
    let mut again = env.terminal(120, 36, &["watch", "logs/app.log"]);
    again
        .wait_until(|screen| screen.contains("[2 Events]") && screen.contains("[level:warn]"))
        .expect("the screen that was left");
    press(&mut again, "^c");
    again.wait_exit().expect("it ends");
}

fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    let entries: Vec<_> =
        std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|it| it.path()).collect();
    let own = entries.iter().find(|path| path.ends_with(name)).cloned();
    own.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path, name)))
}
