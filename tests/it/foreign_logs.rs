//! The rules on logs of systems that they were not written for, where those are at hand (`SOCTOP_SHARED`, else
//! `../shared`): what they say there is said of attacks, and ordinary work is left alone.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use soctop::sigma::Level;

use super::sample_logs::{self, Incident};
use super::{queries, seed_systems};

/// Recordings by their names, each the lines of one recorded case.
type Recordings = BTreeMap<String, Vec<String>>;

/// The cases of a file; `src` is `owner/repository:path#line`.
fn recordings(file: &str) -> Option<Recordings> {
    let text = std::fs::read_to_string(seed_systems::shared()?.join("data/events").join(file)).unwrap();
    let mut recordings = Recordings::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let case = line["src"].as_str().unwrap().rsplit_once('#').unwrap().0;
        let name = Path::new(case).file_name().unwrap().to_string_lossy().into_owned();
        recordings.entry(name).or_default().push(line["event"].to_string());
    }
    Some(recordings)
}

/// `case: rule` of every incident above informational.
fn told(recordings: &Recordings) -> BTreeSet<String> {
    let (rules, _) = queries::load();
    let scratch = tempfile::tempdir().unwrap();
    let mut told = BTreeSet::new();
    for (case, lines) in recordings {
        let file = scratch.path().join(format!("{}.log", case.trim_start_matches('.')));
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        let loud = |found: &Incident| found.alert.rule.level > Level::Informational;
        let incidents = sample_logs::incidents(&rules, &[file], 0);
        told.extend(
            incidents
                .into_iter()
                .filter(loud)
                .map(|found| format!("{case}: {}", found.alert.rule.reference())),
        );
    }
    told
}

fn assert_told(recordings: &Recordings, expected: &[(&str, &[&str])]) {
    let expected: BTreeSet<String> = expected
        .iter()
        .flat_map(|(case, rules)| rules.iter().map(move |rule| format!("{case}: {rule}")))
        .collect();
    let told = told(recordings);
    let extra: Vec<&String> = told.difference(&expected).collect();
    let missing: Vec<&String> = expected.difference(&told).collect();
    assert!(extra.is_empty() && missing.is_empty(), "not expected: {extra:#?}\nno longer told: {missing:#?}");
}

#[test]
fn web_servers_that_are_attacked_and_those_that_are_not() {
    let Some(recordings) = recordings("web-access-hub.ndjson") else { return };
    assert_told(
        &recordings,
        &[
            ("apache2-http-sensitive-files", &["path_traversal", "sensitive_file_request"]),
            ("apache2-logs", &["scanner_agent"]),
            ("apache2-malformed", &["malformed_request_refused"]),
            ("http-dos-random-uri", &["agent_rotation", "not_found_scan", "suspicious_address"]),
            ("http-dos-switching-ua", &["agent_rotation"]),
            ("ipv6-postoverflow", &["scanner_agent"]),
            ("netgear_rce", &["command_injection"]),
            ("nginx-bad-user-agent", &["scanner_agent"]),
            ("nginx-cve-2021-41773", &["path_traversal"]),
            ("nginx-http-generic-bf", &["refused_away_from_login"]),
            ("nginx-http-malformed", &["malformed_request_refused"]),
            ("nginx-http-open-proxy", &["malformed_request_refused"]),
            ("nginx-http-path-traversal", &["injection_attempts", "path_traversal", "suspicious_address"]),
            ("nginx-http-sensitive-files", &["path_traversal", "sensitive_file_request"]),
            ("nginx-http-sqli-probing", &["injection_attempts", "injection_campaign", "sql_injection"]),
            ("nginx-http-xss-probing", &["cross_site_scripting", "injection_attempts", "injection_campaign"]),
            ("nginx-proxy-manager-malformed", &["malformed_request_refused"]),
            ("pulse-secure-sslvpn-cve-2019-11510", &["path_traversal"]),
            ("spring4shell_cve-2022-22965", &["code_injection"]),
            ("traefik_clf", &["scanner_agent"]),
            ("vmware-cve-2022-22954", &["path_traversal", "template_injection"]),
            ("vmware-vcenter-vmsa-2021-0027", &["path_traversal", "server_side_request"]),
        ],
    );
}

#[test]
fn applications_that_log_json_of_their_own() {
    let Some(recordings) = recordings("app-json.ndjson") else { return };
    assert_told(
        &recordings,
        &[
            (
                "authelia-bf",
                &[
                    "account_lockout",
                    "accounts_tried",
                    "guessing_started",
                    "password_spraying",
                    "second_factor_guessed",
                ],
            ),
            ("caddy-basic-auth-bf", &["refused_away_from_login"]),
            ("kasm-bruteforce", &["account_lockout"]),
            ("mongodb-bf", &["account_lockout"]),
            (
                "traefik_base-http-scenario",
                &[
                    "command_injection",
                    "injection_attempts",
                    "injection_campaign",
                    "injection_families",
                    "not_found_scan",
                    "path_traversal",
                    "scanner_agent",
                    "slow_scan",
                    "suspicious_address",
                ],
            ),
            ("traefik_json", &["scanner_agent"]),
        ],
    );
}

/// The test events of another project's rules: whatever is told stands in an event that its author calls suspicious.
#[test]
fn audits_of_services_in_which_most_is_ordinary() {
    let Some(shared) = seed_systems::shared() else { return };
    let text = std::fs::read_to_string(shared.join("data/events/saas-audit.ndjson")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("audit.log");
    let lines: Vec<String> = events.iter().map(|event| event["event"].to_string() + "\n").collect();
    std::fs::write(&file, lines.concat()).unwrap();
    let mut told = Vec::new();
    for Incident { alert, .. } in sample_logs::incidents(&queries::load().0, &[file], 0) {
        // That somebody made a key is worth a low line, whoever it was: its author calls only root's own suspicious.
        // What a detector blocked, and tokens whose reuse is reported in so many words, are worth one too, also in
        // the events that serve a rule on something else as its near miss.
        // One user's requests that were denied within a minute stand far apart here, and are counted all the same.
        let says_so_itself =
            ["api_key_created", "refresh_token_reused", "threat_reported", "authorization_denied_burst"];
        let is_of_everyday = says_so_itself.contains(&alert.rule.reference());
        // A sum of risk stands in no event; what it is the sum of does.
        let Some(source) = alert.source.as_ref() else { continue };
        if alert.rule.level > Level::Informational && !is_of_everyday {
            let event = &events[source.line as usize - 1];
            assert_eq!(event["panther"]["expected"], true, "{}: {event}", alert.summary);
            told.push(alert.rule.reference().to_owned());
        }
    }
    told.sort();
    let payloads = [
        "code_injection",
        "cross_site_scripting",
        "path_traversal",
        "sensitive_file_request",
        "sensitive_file_request",
        "server_side_request",
    ];
    let others = ["audit_disabled", "audit_risk", "audit_risk", "program_in_container", "sql_injection"];
    let others = [&others[..], &["administrator_appointed"; 2]].concat();
    // A change that comes when the lines have gone on to other days is an incident of its own.
    let mut expected = [&payloads[..], &others, &["account_lockout"; 4], &["settings_changed"; 8]].concat();
    expected.sort_unstable();
    assert_eq!(told, expected);
}
