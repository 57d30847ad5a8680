//! The rules on recordings of real systems, where those are at hand (`SOCTOP_SHARED`, else `../shared`).

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use soctop::alert::Alert;
use soctop::event::Timestamp;
use soctop::sigma::{Level, RuleSet};

use super::queries;
use super::sample_logs::{self, Incident};

/// The folder of shared data, if there is one.
pub fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("SOCTOP_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    named.into_iter().chain([beside]).find(|folder| folder.join("data").is_dir())
}

/// A recording: its folder, its files (one copy of the same facts), the zone of its stamps, and the
/// rules that must speak in each scenario. A scenario with no rules must stay at low.
struct Recording {
    folder: &'static str,
    files: &'static [&'static str],
    /// `None` where no line has a time: each scenario is then replayed by itself, from its lines.
    zone_hours: Option<i32>,
    scenarios: &'static [(&'static str, &'static [&'static str])],
}

const RECORDINGS: &[Recording] = &[
    Recording {
        folder: "devskyy/wired",
        files: &["logs/devskyy.log", "logs/security.log", "logs/error.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("benign_workday_slice", &[]),
            ("lockout_and_expiry", &["account_lockout"]),
            ("password_spraying", &["password_spraying"]),
            ("revoked_token_used", &["revoked_token_used"]),
            ("authorization_denied", &["authorization_denied_burst"]),
            // The login limit is tried with one name until its account locks. Refusals of an address are told as one burst.
            ("rate_tiers_default_and_auth", &["rate_limit_burst", "address_blocked", "account_lockout"]),
            ("injection_everywhere", &["injection_reported", "injection_campaign", "validation_failures"]),
            (
                "breaker_database_full_cycle",
                // The calls that it rejects are told with it.
                &["breaker_database", "database_unreachable"],
            ),
            ("breaker_openai_reopens", &["breaker_ai_provider"]),
            ("retries_vanish", &["provider_errors"]),
            ("suspicious_queries", &["suspicious_query"]),
            ("unhandled_exception", &["unhandled_exception"]),
            ("data_access_gdpr", &["data_exported", "gdpr_request"]),
            ("api_key_validation", &["api_key_validation_broken"]),
        ],
    },
    Recording {
        folder: "devskyy/as-shipped",
        files: &["logs/devskyy.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("benign", &[]),
            ("benign_but_blocked", &[]),
            ("login_success_and_failures", &[]),
            ("bruteforce", &["login_refused_by_address", "unhandled_exception"]),
            ("injection", &["injection_reported", "injection_campaign"]),
            ("scanner_user_agents", &["scanner_agent"]),
            ("excessive_headers", &["oversized_request"]),
        ],
    },
    Recording {
        folder: "devskyy/later-logging-development",
        files: &["logs/devskyy.log", "logs/security.log", "logs/error.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("benign", &[]),
            ("bruteforce_lockout", &["account_lockout"]),
            ("injection_and_violation", &["injection_reported", "sql_injection"]),
            ("errors", &["breaker_external"]),
        ],
    },
    Recording {
        folder: "agent-marketplace/json-production",
        files: &["stdout.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("benign", &[]),
            ("injection_in_query", &["sql_injection", "cross_site_scripting", "injection_campaign"]),
            ("benign_false_positives", &[]),
            ("suspicious_paths", &["injection_reported", "path_traversal", "injection_campaign"]),
            ("oversize", &["oversized_request"]),
            ("ddos", &["flood_protection"]),
            ("admin_whitelist", &["admin_address_refused"]),
            ("csrf_missing", &["csrf_violation"]),
            ("api_keys", &["api_key_created", "api_key_guessing"]),
            ("tier_solo_minute", &["customer_over_limit"]),
            ("abuse_ip_and_ua_rotation", &["abuse_score", "key_from_many_addresses"]),
            ("breaker_database_cycle", &["breaker_database", "database_unreachable"]),
            ("retries", &["retries_exhausted"]),
            ("redis_down_fail_open", &["limiter_fails_open"]),
            ("unhandled_exception", &["unhandled_exception"]),
            ("client_chosen_trace_id", &["correlation_id_on_many_requests"]),
        ],
    },
    Recording {
        folder: "faceless-youtube/as-shipped",
        files: &["api/app.log", "nginx/access.json.log", "nginx/error.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("benign_browsing", &[]),
            ("default_credentials_from_outside", &["login_from_outside"]),
            ("bruteforce_login_rate_limited", &["login_refused_by_address", "rate_limit_burst"]),
            ("password_spray_many_ips", &["login_refused_from_many_addresses"]),
            ("scan_404", &["not_found_scan", "scanner_agent", "hidden_file_probe"]),
            (
                "injection_attempts",
                &[
                    "sql_injection",
                    "cross_site_scripting",
                    "path_traversal",
                    "command_injection",
                    "injection_campaign",
                ],
            ),
            ("oversize_and_long_url", &["malformed_request_refused"]),
            ("host_header_attack", &["host_header_probe"]),
            ("tls_mismatch", &["malformed_request_refused"]),
            ("forged_tokens", &["refused_away_from_login"]),
            ("list_flood", &["rate_limit_burst"]),
        ],
    },
    Recording {
        folder: "faceless-youtube/wired-with-postgres",
        files: &["api/app.log", "nginx/access.json.log", "postgres/postgresql-2025-11-05.json"],
        zone_hours: Some(0),
        scenarios: &[
            ("database_provisioning", &["database_role_change", "superuser_created"]),
            ("benign_with_database", &[]),
            (
                "bruteforce_then_success",
                &["account_lockout", "login_success_after_failures", "mass_deletion_after_failures"],
            ),
            ("user_enumeration_spray", &["user_enumeration", "password_spraying"]),
            ("idor_probing", &["object_id_probing"]),
            ("rate_limits_by_endpoint", &["rate_limit_burst"]),
            ("database_outage", &["database_unreachable"]),
            ("db_password_guessing", &["database_password_guessing"]),
            ("hba_rejection", &["database_host_refused"]),
            ("intern_privilege_probing", &["database_privilege_probing"]),
            (
                "superuser_takeover",
                &[
                    "superuser_created",
                    "audit_switched_off",
                    "database_program_executed",
                    "database_hashes_read",
                    "silent_superuser_session",
                ],
            ),
            ("ops_console_audit", &["role_raised", "api_key_used_elsewhere"]),
        ],
    },
    Recording {
        folder: "faceless-youtube/secrets",
        files: &["app.log"],
        zone_hours: Some(0),
        scenarios: &[("vault_down_fallback", &["vault_unavailable", "secret_missing"])],
    },
    Recording {
        folder: "faceless-youtube/core-logging-variant",
        files: &["app.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("one_at_a_time", &[]),
            ("in_parallel", &[]),
            ("validation_and_unhandled", &["unhandled_exception"]),
        ],
    },
    Recording {
        folder: "aia/credential-audit",
        files: &["credential_audit.log"],
        zone_hours: Some(0),
        scenarios: &[
            ("set_up_and_work", &["admin_credentials_generated"]),
            ("bruteforce", &["account_lockout", "login_success_after_failures"]),
            ("user_enumeration", &["user_enumeration", "password_spraying"]),
        ],
    },
    Recording {
        folder: "lattice/plain-text",
        files: &["stdout.log"],
        zone_hours: Some(-5),
        scenarios: &[
            ("start_without_key_and_benign", &["stored_in_clear", "encryption_key_missing"]),
            ("bruteforce", &["account_lockout"]),
            ("unauthenticated_api_probing", &["credentials_missing_or_forged"]),
            ("admin_denied", &["admin_access_denied"]),
            ("rate_limit", &["rate_limit_exceeded"]),
            // The fault of the first scenario goes on.
            ("clock_change", &["stored_in_clear"]),
        ],
    },
    Recording {
        folder: "agent-marketplace/boot-and-csrf-failure",
        files: &["csrf.stdout.log"],
        zone_hours: Some(0),
        scenarios: &[("csrf_class_as_shipped", &["unhandled_exception"])],
    },
    Recording {
        folder: "agent-marketplace/boot-and-csrf-failure",
        files: &["boot.stdout.log"],
        zone_hours: None,
        scenarios: &[("boot_failure", &["crash_at_start"])],
    },
    Recording {
        folder: "agent-marketplace/bare-as-main",
        files: &["stdout.log"],
        zone_hours: None,
        scenarios: &[
            // From its first request on the limiter has no store.
            ("benign", &["limiter_fails_open"]),
            (
                "attacks_bare",
                &["injection_reported", "path_traversal", "api_key_invalid", "flood_protection"],
            ),
            ("exception_bare", &["unhandled_exception"]),
        ],
    },
    Recording {
        folder: "devskyy/rotation",
        files: &["logs/devskyy.log.1.gz", "logs/devskyy.log.gz", "logs/security.log.gz"],
        zone_hours: Some(0),
        scenarios: &[("rotation", &["login_refused_from_many_addresses", "correlation_id_shared"])],
    },
];

#[derive(serde::Deserialize)]
struct Truth {
    scenarios: Vec<Scenario>,
}

#[derive(serde::Deserialize)]
struct Scenario {
    scenario: String,
    start: String,
    end: String,
    /// First and last line by file, from 1.
    #[serde(default)]
    line_ranges: HashMap<String, (usize, usize)>,
}

impl Scenario {
    /// Whether evidence of `alert` lies within the scenario, give or take a timer that runs out after it.
    fn holds(&self, alert: &Alert) -> bool {
        let start = Timestamp::parse_rfc3339(&self.start).unwrap().plus(-SECOND);
        let end = Timestamp::parse_rfc3339(&self.end).unwrap().plus(2 * SECOND);
        alert.window.start.min(alert.time) <= end && alert.window.end.max(alert.time) >= start
    }
}

impl Scenario {
    fn saw(&self, time: Timestamp) -> bool {
        let start = Timestamp::parse_rfc3339(&self.start).unwrap();
        start <= time && time <= Timestamp::parse_rfc3339(&self.end).unwrap()
    }
}

/// Incidents of medium or more, in all recordings together, at times of which nothing must be told.
const LOUD_OUTSIDE: usize = 1;

const SECOND: i64 = 1_000_000_000;

impl Recording {
    /// All incidents of a scenario, and those that began in it.
    fn observe<'a>(
        &self,
        found: &'a [Incident],
        scenario: &Scenario,
    ) -> (Vec<&'a Incident>, Vec<&'a Incident>) {
        let timed = self.zone_hours.is_some();
        let here: Vec<&Incident> =
            found.iter().filter(|incident| !timed || scenario.holds(&incident.alert)).collect();
        let begun = here.iter().copied().filter(|incident| !timed || scenario.saw(incident.opened));
        let begun = begun.collect();
        (here, begun)
    }

    fn wanted(&self, scenario: &str) -> &'static [&'static str] {
        self.scenarios.iter().find(|(name, _)| *name == scenario).map_or(&[], |(_, wanted)| wanted)
    }

    /// Incidents of the lines of one scenario, or of the whole file where it names none.
    fn lines_of(&self, scenario: &Scenario, folder: &Path, rules: &RuleSet) -> Vec<Incident> {
        let scratch = tempfile::tempdir().unwrap();
        let cut = |file: &&str| {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            let (first, last) = scenario.line_ranges.get(*file).copied().unwrap_or((1, usize::MAX));
            let lines: Vec<&str> = text.lines().skip(first - 1).take(last - first + 1).collect();
            let path = scratch.path().join(file);
            std::fs::write(&path, lines.join("\n")).unwrap();
            path
        };
        let files: Vec<PathBuf> = self.files.iter().map(cut).collect();
        sample_logs::incidents(rules, &files, 0)
    }
}

/// High incidents that no scenario contains.
fn false_alarms<'a>(recording: &Recording, truth: &Truth, found: &'a [Incident]) -> Vec<&'a Incident> {
    let contained = |incident: &Incident| {
        truth.scenarios.iter().any(|scenario| {
            recording.wanted(&scenario.scenario).contains(&incident.alert.rule.reference())
                && scenario.holds(&incident.alert)
        })
    };
    let high = found.iter().filter(|incident| incident.alert.rule.level >= Level::High);
    high.filter(|incident| !contained(incident)).collect()
}

/// Incidents of medium or more that came while nothing happened that a rule must tell.
fn loud_outside<'a>(recording: &Recording, truth: &Truth, found: &'a [Incident]) -> Vec<&'a Incident> {
    let is_within = |incident: &Incident| {
        truth.scenarios.iter().any(|scenario| {
            !recording.wanted(&scenario.scenario).is_empty() && scenario.holds(&incident.alert)
        })
    };
    let loud = found.iter().filter(|incident| incident.alert.rule.level >= Level::Medium);
    loud.filter(|incident| !is_within(incident)).collect()
}

/// What came of a scenario: whether it is as it should be, and a word for it.
fn judge(wanted: &[&str], here: &[&Incident], begun: &[&Incident], timed: bool) -> (bool, String) {
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|rule| !here.iter().any(|incident| incident.alert.rule.reference() == *rule))
        .collect();
    let is_loud = |incident: &&&Incident| {
        let rule = &incident.alert.rule;
        let of_others = !timed && rule.level >= Level::High && !wanted.contains(&rule.reference());
        of_others || wanted.is_empty() && rule.level > Level::Low
    };
    let loud: Vec<&str> = begun.iter().filter(is_loud).map(|found| found.alert.summary.as_str()).collect();
    match (missing.is_empty() && loud.is_empty(), wanted.is_empty()) {
        (true, true) => (true, "quiet".to_owned()),
        (true, false) => (true, "found".to_owned()),
        _ => (false, format!("missing {missing:?}, loud {loud:?}")),
    }
}

#[test]
fn scenarios_are_found_and_ordinary_work_is_left_alone() {
    let Some(shared) = shared() else { return };
    let (rules, _) = queries::load();
    let mut table = String::from("| recording | scenario | must alert | result |\n|---|---|---|---|\n");
    let (mut wrong, mut outside) = (Vec::new(), Vec::new());
    for recording in RECORDINGS {
        let name = recording.folder;
        let folder = shared.join("data/seed-systems").join(name);
        let files: Vec<PathBuf> = recording.files.iter().map(|file| folder.join(file)).collect();
        let truth: Truth =
            serde_json::from_str(&std::fs::read_to_string(folder.join("scenario.json")).unwrap()).unwrap();
        let zone = recording.zone_hours.map(|hours| hours * 3_600);
        let found = zone.map(|seconds| sample_logs::incidents(&rules, &files, seconds)).unwrap_or_default();
        for incident in false_alarms(recording, &truth, &found) {
            let rule = incident.alert.rule.reference();
            wrong.push(format!("{name} {}: {rule}: {}", incident.opened, incident.alert.summary));
        }
        for incident in loud_outside(recording, &truth, &found) {
            outside.push(format!("{name} {}: {}", incident.opened, incident.alert.summary));
        }
        for (of, wanted) in recording.scenarios {
            let scenario = truth.scenarios.iter().find(|scenario| scenario.scenario == *of).unwrap();
            let cut = zone.is_none().then(|| recording.lines_of(scenario, &folder, &rules));
            let (here, begun) = recording.observe(cut.as_ref().unwrap_or(&found), scenario);
            let (right, result) = judge(wanted, &here, &begun, zone.is_some());
            if !right {
                wrong.push(format!("{name} {of}: {result}"));
            }
            let rules: Vec<String> = wanted.iter().map(|rule| format!("`{rule}`")).collect();
            let rules = if rules.is_empty() { "nothing above low".to_owned() } else { rules.join(", ") };
            table += &format!("| {name} | {of} | {rules} | {result} |\n");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(outside.len() <= LOUD_OUTSIDE, "{}", outside.join("\n"));
    sample_logs::check_section(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/README.md"),
        "seed-systems",
        &table,
    );
}

#[test]
fn every_scenario_of_the_recordings_is_looked_at() {
    let Some(shared) = shared() else { return };
    let listed: BTreeSet<(String, String)> = RECORDINGS
        .iter()
        .flat_map(|recording| {
            recording.scenarios.iter().map(|(name, _)| (recording.folder.into(), (*name).into()))
        })
        .collect();
    let mut there = BTreeSet::new();
    let systems = shared.join("data/seed-systems");
    for system in std::fs::read_dir(&systems).unwrap().map(|entry| entry.unwrap().path()) {
        for folder in std::fs::read_dir(system).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let Ok(text) = std::fs::read_to_string(folder.join("scenario.json")) else { continue };
            let truth: Truth = serde_json::from_str(&text).unwrap();
            let name = folder.strip_prefix(&systems).unwrap().display().to_string();
            there.extend(truth.scenarios.into_iter().map(|scenario| (name.clone(), scenario.scenario)));
        }
    }
    assert_eq!(listed, there);
}

#[test]
fn a_burst_across_a_rotation_is_one_incident() {
    let Some(shared) = shared() else { return };
    let (rules, _) = queries::load();
    let logs = shared.join("data/seed-systems/devskyy/rotation/logs");
    let files = ["devskyy.log.1.gz", "devskyy.log.gz", "security.log.gz"].map(|file| logs.join(file));
    let found = sample_logs::incidents(&rules, &files, 0);
    let about_logins: Vec<(&str, u64)> = found
        .iter()
        .map(|found| (found.alert.rule.reference(), found.alert.count))
        .filter(|(rule, _)| rule.contains("login") || rule.contains("lockout") || rule.contains("spraying"))
        .collect();
    // Each of the twelve stands in three lines: of the middleware, of the server and of the security log.
    assert_eq!(about_logins, [("login_refused_from_many_addresses", 12)]);
}
