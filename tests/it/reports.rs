//! `soctop report` and `soctop decisions` from the command line, and `soctop` alone.

use std::path::Path;

use super::harness::{TestEnv, append};

const HOSTILE: &str = "</pre><script>alert(1)</script>";

/// An index with one incident or more, about an address.
fn indexed() -> TestEnv {
    let env = TestEnv::new();
    let line = |second: u32| {
        format!(
            r#"{{"time":"2026-03-01T09:30:{second:02}+00:00","remote_addr":"203.0.113.9","method":"GET","uri":"/.env?x={HOSTILE}","status":404,"request_time":0.001,"user_agent":"Mozilla/5.00 (Nikto/2.5.0)"}}"#
        )
    };
    let lines: Vec<String> = (0..12).map(line).collect();
    append(&env.log("access.log"), &format!("{}\n", lines.join("\n")));
    env.stdout_of(&["ingest", "logs/access.log"], 0);
    env
}

/// The ids of all incidents, from what is said when too many are meant.
fn ids(env: &TestEnv) -> Vec<String> {
    let output = env.run(&["report", ""]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("text");
    let digits = |word: &&str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    said.split(|c: char| !c.is_ascii_alphanumeric()).filter(digits).map(str::to_owned).collect()
}

#[test]
fn an_incident_is_reported_in_every_form_by_the_beginning_of_its_id() {
    let env = indexed();
    let ids = ids(&env);
    assert!(ids.len() > 1, "{ids:?}");
    for id in &ids {
        let page = env.stdout_of(&["report", id.get(..12).unwrap_or(id)], 0);
        assert!(page.contains("# Incident report") && page.contains(id.as_str()), "{page}");
        assert!(page.contains("203.0.113.9") && page.contains("## Completeness"), "{page}");
        let page = env.stdout_of(&["report", id, "--format", "html"], 0);
        assert!(page.starts_with("<!doctype html>") && !page.contains("<script"), "{page}");
        let page = env.stdout_of(&["report", id, "--format", "ocsf"], 0);
        let finding: serde_json::Value = serde_json::from_str(&page).expect("JSON");
        assert_eq!(finding["finding_info"]["uid"], id.as_str());
        let found = finding["evidences"].as_array().map(Vec::len);
        assert_eq!(found.map(|it| it as u64), finding["unmapped"]["events_stored"].as_u64(), "{page}");
    }
    let output = env.run(&["report", "zz"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no incident has an id that begins with"));
}

/// Where the index of the environment is.
fn journal(env: &TestEnv) -> std::path::PathBuf {
    fn find(folder: &Path) -> Option<std::path::PathBuf> {
        let entries: Vec<_> =
            std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|it| it.path()).collect();
        if entries.iter().any(|path| path.ends_with("soctop-store.json")) {
            return Some(folder.join("decisions.ndjson"));
        }
        entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path))
    }
    find(&env.path("")).expect("an index")
}

#[test]
fn decisions_are_listed_and_stand_in_the_report() {
    let env = indexed();
    let output = env.run(&["decisions"]);
    assert_eq!(output.status.code(), Some(1));
    let id = ids(&env).remove(0);
    let entries = [
        format!(
            r#"{{"at":"2026-03-01T09:40:00Z","by":"kim","about":"a scan","act":"acknowledge","incidents":["{id}"],"note":"ours"}}"#
        ),
        r#"{"at":"2026-03-01T09:41:00Z","by":"kim","act":"undo","entry":7}"#.to_owned(),
        "half a li".to_owned(),
    ];
    append(&journal(&env), &format!("{}\n", entries.join("\n")));
    let listed = env.stdout_of(&["decisions"], 0);
    assert!(listed.contains("kim") && listed.contains("acknowledged a scan: ours"), "{listed}");
    let output = env.run(&["decisions", "--format", "ndjson"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 line of the journal could not be read"));
    assert!(env.stdout_of(&["report", &id], 0).contains("kim  acknowledged a scan: ours"));
}

#[test]
fn alone_it_offers_what_is_readable_and_enter_starts_watching() {
    let env = TestEnv::new();
    append(&env.path("app.log"), "{\"level\":\"info\",\"message\":\"first line\"}\n");
    let source = format!("[[source]]\npaths = [\"{}\"]\n", env.path("app.log").display());
    append(&env.path(".config/soctop/config.toml"), &source);
    let mut terminal = env.terminal(100, 30, &[]);
    terminal.wait_until(|screen| screen.contains("starts watching")).expect("the welcome");
    assert!(terminal.screen().contains("app.log"));
    terminal.send_str("\r").expect("a key");
    terminal.wait_until(|screen| screen.contains("THREAT")).expect("the dashboard");
    terminal.send_str("q").expect("a key");
    terminal.wait_exit().expect("it ends");
}

#[test]
fn alone_without_a_terminal_it_prints_the_help() {
    let env = TestEnv::new();
    assert!(env.stdout_of(&[], 0).contains("Start here"));
}

#[test]
fn a_case_is_replayed_and_read_without_the_index_it_came_from() {
    let env = indexed();
    let ids = ids(&env);
    for id in &ids {
        let file = format!("{id}.case");
        let said = env.run(&["case", "export", id, &file]);
        assert_eq!(said.status.code(), Some(0), "{said:?}");
        let finds_it = String::from_utf8_lossy(&said.stderr).contains("finds the incident again");
        let alerts = env.stdout_of(&["replay", &file, "--format", "ndjson"], 0);
        assert!(finds_it && alerts.contains(&format!("\"alert_id\":\"{id}\"")), "{said:?} {alerts}");
        let replayed = env.run(&["replay", &file]);
        let said = String::from_utf8_lossy(&replayed.stderr);
        assert!(!said.contains("no rule has"), "the rules that its rules name come along: {said}");
        let page = env.stdout_of(&["case", "open", &file], 0);
        assert_eq!(page.lines().count(), env.stdout_of(&["report", id], 0).lines().count());
        assert!(page.contains(id.as_str()) && page.contains("203.0.113.9"), "{page}");
        let page = env.stdout_of(&["case", "open", &file, "--format", "html"], 0);
        assert!(!page.contains("<script"), "{page}");
        let again = env.run(&["case", "export", id, &file]);
        assert_eq!(again.status.code(), Some(2), "a file that is there is not written over");
    }
}

#[test]
fn a_damaged_case_and_a_case_beside_something_else_are_refused() {
    let env = indexed();
    let id = ids(&env).remove(0);
    env.stdout_of(&["case", "export", &id, "a.case"], 0);
    let said = env.run(&["replay", "a.case", "logs/access.log"]);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("replay a case on its own"));
    let text = std::fs::read_to_string(env.path("a.case")).expect("the case");
    append(&env.path("b.case"), &text.replace("203.0.113.9", "203.0.113.8"));
    append(&env.path("c.case"), text.get(..text.len() / 2).expect("ASCII"));
    for (file, reason) in
        [("b.case", "changed"), ("c.case", "cut off"), ("logs/access.log", "not a case file")]
    {
        for command in [vec!["case", "open", file], vec!["replay", file]] {
            let said = env.run(&command);
            let is_log = file.ends_with(".log") && command[0] == "replay";
            assert_eq!(said.status.code() == Some(0), is_log, "{command:?}");
            assert!(is_log || String::from_utf8_lossy(&said.stderr).contains(reason), "{said:?}");
        }
    }
}

#[test]
fn a_case_is_looked_at_on_the_dashboard() {
    let env = indexed();
    let id = ids(&env).remove(0);
    env.stdout_of(&["case", "export", &id, "a.case"], 0);
    let mut terminal = env.terminal(120, 36, &["case", "open", "a.case"]);
    terminal.wait_until(|screen| screen.contains("A CASE")).expect("the dashboard");
    terminal.send_str("v").expect("a key");
    terminal.wait_until(|screen| screen.contains("Nikto") || screen.contains("/.env")).expect("its events");
    terminal.send_str("q").expect("a key");
    terminal.send_str("a").expect("a key");
    terminal.wait_until(|screen| screen.contains("note")).expect("a prompt");
    terminal.send_str("\r").expect("a key");
    terminal.wait_until(|screen| screen.contains("a case is a copy")).expect("no decision");
    terminal.send_str("\x03").expect("a key");
    terminal.wait_exit().expect("it ends");
}
