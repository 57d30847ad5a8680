//! Every file of `sample-logs/` is what its generator writes, and gives the alerts beside it.
//!
//! `UPDATE_EXPECT=1 cargo test --test it sample_logs` writes files, expectations and tables anew; the
//! difference is then for a person to read.

#![expect(clippy::unwrap_used, reason = "a test stops where its files are not what they should be")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::samples::{Sample, samples};
use serde::Serialize;
use soctop::alert::Alert;
use soctop::alert::AlertId;
use soctop::correlate::{Correlator, CorrelatorOptions, Output};
use soctop::event::{Timestamp, Zone};
use soctop::normalize;
use soctop::pipeline::{Engine, EngineOptions, RecordingError, recordings, replay};
use soctop::sigma::{Level, RuleSet};
use soctop::source::Input;

use super::{both_ways, queries};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

/// An incident in its last state, and when it opened.
pub struct Incident {
    pub opened: Timestamp,
    pub alert: Alert,
}

/// All incidents that the recordings raise, in order of opening.
pub fn incidents(rules: &RuleSet, files: &[PathBuf], zone_seconds: i32) -> Vec<Incident> {
    let options = EngineOptions {
        routing: true,
        normalize: normalize::Options { zone: Zone::Fixed(zone_seconds), ..normalize::Options::default() },
        correlate: CorrelatorOptions { replayed: true, ..CorrelatorOptions::default() },
        ..EngineOptions::default()
    };
    let mut engine = Engine::new(rules, &options);
    assert_eq!(Correlator::check(rules), []);
    let inputs: Vec<Input> = files.iter().cloned().map(Input::Path).collect();
    let (recordings, _) = recordings(&inputs).unwrap();
    let mut order: Vec<Incident> = Vec::new();
    let mut places: HashMap<AlertId, usize> = HashMap::new();
    replay(
        recordings,
        &mut engine,
        |_| Ok::<(), RecordingError>(()),
        |outputs, _| {
            for output in outputs {
                let Output::Alert(alert) = output else { continue };
                match places.get(&alert.alert_id) {
                    Some(place) => order[*place].alert = alert,
                    None => {
                        places.insert(alert.alert_id, order.len());
                        order.push(Incident { opened: alert.time, alert });
                    }
                }
            }
            Ok(())
        },
    )
    .unwrap();
    order
}

#[derive(Serialize)]
struct Expected<'a> {
    rule: &'a str,
    level: Level,
    group: &'a BTreeMap<String, String>,
    count: u64,
}

/// The text of an `.expect` file: what is above informational, one incident a line.
fn expectation(incidents: &[Incident]) -> String {
    incidents
        .iter()
        .map(|incident| &incident.alert)
        .filter(|alert| alert.rule.level > Level::Informational)
        .map(|alert| {
            let rule = alert.rule.reference();
            let line = Expected { rule, level: alert.rule.level, group: &alert.group, count: alert.count };
            serde_json::to_string(&line).unwrap() + "\n"
        })
        .collect()
}

/// Every sample and the incidents that it raises, by a soctop that sees nothing else.
pub static FOUND: LazyLock<Vec<(Sample, Vec<Incident>)>> = LazyLock::new(|| {
    let (rules, _) = queries::load();
    let scratch = tempfile::tempdir().unwrap();
    // Incidents name it where a line names no service.
    let logs = scratch.path().join("sample-logs");
    std::fs::create_dir(&logs).unwrap();
    let found = |sample: Sample| {
        let file = logs.join(format!("{}.log", sample.name));
        std::fs::write(&file, &sample.text).unwrap();
        let found = incidents(&rules, &[file], 0);
        (sample, found)
    };
    samples().into_iter().map(found).collect()
});

/// Rules by the samples in which they alert.
fn alerts_by_rule() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sample, incidents) in FOUND.iter() {
        for alert in incidents.iter().map(|incident| &incident.alert) {
            let names = found.entry(alert.rule.reference()).or_default();
            if alert.rule.level > Level::Informational && !names.contains(&sample.name) {
                names.push(sample.name);
            }
        }
    }
    found
}

fn check_file(path: &Path, expect: &str) -> Result<(), String> {
    if updating() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, expect).unwrap();
        return Ok(());
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    if found == expect {
        return Ok(());
    }
    let missing = expect.lines().filter(|line| !found.lines().any(|other| other == *line));
    let extra = found.lines().filter(|line| !expect.lines().any(|other| other == *line));
    let lines: Vec<String> = missing
        .map(|line| format!("    now: {line}"))
        .chain(extra.map(|line| format!("    was: {line}")))
        .collect();
    Err(format!("{}\n{}\n", path.file_name().unwrap().to_string_lossy(), lines.join("\n")))
}

#[test]
fn files_are_what_their_generator_writes() {
    let wrong: String = samples()
        .iter()
        .filter_map(|sample| check_file(&folder().join(format!("{}.log", sample.name)), &sample.text).err())
        .collect();
    assert!(wrong.is_empty(), "UPDATE_EXPECT=1 writes them anew:\n{wrong}");
    let names: BTreeSet<String> = samples().iter().map(|sample| sample.name.to_owned()).collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".log").or_else(|| name.strip_suffix(".expect"));
        assert!(stem.is_none_or(|stem| names.contains(stem)), "{name} has no generator");
    }
}

#[test]
fn samples_give_the_alerts_beside_them() {
    let mut wrong = String::new();
    for (sample, found) in FOUND.iter() {
        if sample.name.ends_with(".benign") {
            for Incident { alert, .. } in found.iter().filter(|found| found.alert.rule.level > Level::Low) {
                wrong += &format!("{} is harmless, but: {}\n", sample.name, alert.summary);
            }
        }
        let expect = folder().join(format!("{}.expect", sample.name));
        wrong += &check_file(&expect, &expectation(found)).err().unwrap_or_default();
    }
    assert!(wrong.is_empty(), "UPDATE_EXPECT=1 accepts:\n{wrong}");
}

/// What each system must show, and the rules that show it.
const COVERAGE: &[(&str, &str, &[&str])] = &[
    (
        "commerce",
        "failed logins and lockout (5: 15 min)",
        &["account_lockout", "login_refused_by_address", "password_spraying"],
    ),
    ("commerce", "token blacklisted, revoked or over-age", &["revoked_token_used", "token_too_old"]),
    (
        "commerce",
        "input validation blocks",
        &["injection_reported", "sql_injection", "cross_site_scripting", "validation_failures"],
    ),
    ("commerce", "data protection requests, exports", &["gdpr_request", "data_exported"]),
    (
        "commerce",
        "database connection, pool, suspicious query, time-out",
        &[
            "database_unreachable",
            "pool_exhausted",
            "suspicious_query",
            "database_session_timeout",
            "database_threat_level",
        ],
    ),
    (
        "commerce",
        "errors, retries, back-off",
        &["server_error_burst", "error_rate", "retries_exhausted", "provider_errors"],
    ),
    (
        "commerce",
        "breakers database, AI provider, external",
        &["breaker_database", "breaker_ai_provider", "breaker_external", "breaker_rejected"],
    ),
    (
        "commerce",
        "tiered rate limits and bursts",
        &[
            "rate_limit_exceeded",
            "rate_limit_burst",
            "tier_auth_exceeded",
            "tier_auth_burst",
            "tier_ml_exceeded",
            "tier_ml_burst",
            "tier_agents_exceeded",
            "tier_agents_burst",
            "tier_admin_exceeded",
            "tier_admin_burst",
            "tier_default_exceeded",
            "tier_default_burst",
        ],
    ),
    ("commerce", "errors by code and severity", &["error_code_critical", "error_code_burst"]),
    ("commerce", "blocked agents and addresses", &["scanner_agent", "address_blocked"]),
    (
        "marketplace",
        "injection families with level",
        &[
            "sql_injection",
            "cross_site_scripting",
            "path_traversal",
            "command_injection",
            "injection_campaign",
        ],
    ),
    ("marketplace", "flood protection", &["flood_protection", "customer_over_limit", "limiter_fails_open"]),
    ("marketplace", "URL, body, content type", &["oversized_request", "malformed_request_refused"]),
    ("marketplace", "address allow-list, CSRF", &["admin_address_refused", "csrf_violation"]),
    (
        "marketplace",
        "API key created, malformed, guessed, used from many addresses",
        &[
            "api_key_created",
            "api_key_invalid",
            "api_key_guessing",
            "api_key_bad_signature",
            "key_from_many_addresses",
            "api_key_used_elsewhere",
        ],
    ),
    (
        "marketplace",
        "encryption key missing, decryption failed",
        &["encryption_key_missing", "decryption_failures"],
    ),
    (
        "marketplace",
        "abuse score",
        &[
            "abuse_score",
            "suspicious_customer",
            "suspicious_activity",
            "agent_rotation",
            "suspicious_address",
        ],
    ),
    (
        "media pipeline",
        "scans, hidden files, foreign objects",
        &["not_found_scan", "hidden_file_probe", "sensitive_file_request", "object_id_probing"],
    ),
    (
        "media pipeline",
        "TLS failures, old protocols, malformed requests",
        &[
            "old_tls_version",
            "tls_handshake_failures",
            "malformed_request_refused",
            "security_headers_missing",
        ],
    ),
    (
        "media pipeline",
        "DDL, roles, mass reads, auditing off",
        &[
            "database_role_change",
            "superuser_created",
            "database_mass_read",
            "audit_switched_off",
            "database_table_dropped",
            "silent_superuser_session",
        ],
    ),
    (
        "media pipeline",
        "database logins and rights",
        &[
            "database_password_guessing",
            "database_host_refused",
            "database_privilege_probing",
            "database_program_executed",
            "database_hashes_read",
        ],
    ),
    (
        "media pipeline",
        "secrets manager",
        &["secret_missing", "vault_unavailable", "vault_health_failing", "secret_read_by_stranger"],
    ),
    ("media pipeline", "plain HTTP redirected", &["plain_http_redirected"]),
    (
        "media pipeline",
        "limits of single endpoints",
        &["endpoint_limit_exceeded", "endpoint_limit_refused", "login_tier_exceeded"],
    ),
    (
        "media pipeline",
        "p95 over 100 ms, errors over 0.1 %, throughput under 50/s",
        &[
            "latency_objective_missed",
            "error_objective_missed",
            "throughput_low",
            "slow_responses",
            "error_rate",
        ],
    ),
    (
        "lattice",
        "field encryption degraded, key permissions",
        &["stored_in_clear", "decryption_failures", "key_file_permissions"],
    ),
    ("lattice", "limiter and Redis health", &["limiter_fails_open", "redis_unavailable"]),
    ("lattice", "blacklist growth", &["blacklist_growth"]),
    ("lattice", "validation failures of one endpoint", &["endpoint_validation_failures"]),
    (
        "lattice",
        "probing without credentials, denied administration",
        &["credentials_missing_or_forged", "admin_access_denied"],
    ),
    ("lattice", "content security policy reports", &["csp_violation"]),
    (
        "AI back end",
        "signing secret, CORS, debug, deployment checks",
        &["signing_secret_weak", "cors_wildcard", "debug_in_production", "deployment_check_failed"],
    ),
    (
        "AI back end",
        "host header, denied origins",
        &["host_header_refused", "host_header_probe", "cors_denied"],
    ),
    (
        "AI back end",
        "password reset and verification abuse",
        &["password_reset_abuse", "email_verification_abuse"],
    ),
    (
        "AI back end",
        "refresh token reuse, forged tokens",
        &["refresh_token_reused", "token_forged", "token_validation_failures"],
    ),
    ("AI back end", "lockout", &["account_lockout"]),
    ("AI back end", "API key with bad signature", &["api_key_bad_signature"]),
    ("AI back end", "audit events by risk, sums by user", &["audit_risk", "audit_risk_sum"]),
    (
        "AI back end",
        "sessions, address change, travel",
        &["session_address_change", "many_sessions", "impossible_travel"],
    ),
    (
        "AI back end",
        "unknown users, guessed password",
        &["user_enumeration", "login_success_after_failures", "mass_deletion_after_failures"],
    ),
    ("all", "correlation ids that are no key", &["correlation_id_shared", "correlation_id_on_many_requests"]),
];

#[test]
fn the_coverage_table_is_true() {
    let (rules, _) = queries::load();
    let found = alerts_by_rule();
    let mut table =
        String::from("| system | signal | rule | level | sample | silent in |\n|---|---|---|---|---|---|\n");
    for (system, signal, names) in COVERAGE {
        for name in *names {
            let level = level_of(&rules, name).unwrap_or_else(|| panic!("no rule is called {name}"));
            let samples = found.get(*name).unwrap_or_else(|| panic!("no sample makes {name} alert"));
            let silent = both_ways::silent_in(name);
            let silent = silent.first().unwrap_or_else(|| panic!("{name} is silent at no near miss"));
            table +=
                &format!("| {system} | {signal} | `{name}` | {level} | `{}` | `{silent}` |\n", samples[0]);
        }
    }
    check_section(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md"), "coverage", &table);
    let mut list = String::from("| file | what it shows | rules that alert |\n|---|---|---|\n");
    for (sample, _) in FOUND.iter() {
        let names: Vec<String> = found
            .iter()
            .filter(|(_, samples)| samples.contains(&sample.name))
            .map(|(rule, _)| format!("`{rule}`"))
            .collect();
        list += &format!("| `{}` | {} | {} |\n", sample.name, sample.about, names.join(", "));
    }
    check_section(&folder().join("README.md"), "samples", &list);
}

fn level_of(rules: &RuleSet, name: &str) -> Option<Level> {
    let detections = rules.detections.iter().map(|rule| &rule.header);
    let correlations = rules.correlations.iter().map(|rule| &rule.header);
    detections
        .chain(correlations)
        .find(|header| header.name.as_deref() == Some(name))
        .map(|header| header.level)
}

/// Holds the text between `<!-- name -->` and `<!-- /name -->` against `expect`. A file without the marks
/// is left alone.
pub fn check_section(file: &Path, name: &str, expect: &str) {
    let Ok(text) = std::fs::read_to_string(file) else { return };
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let Some((before, rest)) = text.split_once(&open) else { return };
    let Some((inside, after)) = rest.split_once(&close) else { return };
    if updating() {
        std::fs::write(file, format!("{before}{open}{expect}{close}{after}")).unwrap();
    } else {
        assert!(
            inside == expect,
            "{}: the table `{name}` is old; UPDATE_EXPECT=1 writes it anew",
            file.display()
        );
    }
}
