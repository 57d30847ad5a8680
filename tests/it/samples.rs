//! The files of `sample-logs/`, written to order by the five back ends of the demo.
//!
//! A sheet is a tape of [`soctop::samples`] that also remembers which of its lines are near misses, and on
//! which more can be written than the demo tells.

mod catalogue;
mod look_alikes;
mod signals;

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use soctop::event::Timestamp;
use soctop::samples::systems::{AuditEvent, Request, SHOP_ERROR, SecurityEvent, Session, spaced};
use soctop::samples::{Line, Tape};

const MEDIA_COMBINED: &str = "media/access.log";

const ASSIST_AUDIT: &str = "assist/audit.log";

pub use catalogue::{LookAlike, Sample, samples};

const SECOND: u64 = 1_000;

/// A sample being written.
pub struct Sheet {
    tape: Tape,
    look_alikes: Vec<LookAlike>,
}

impl Deref for Sheet {
    type Target = Tape;

    fn deref(&self) -> &Tape {
        &self.tape
    }
}

impl DerefMut for Sheet {
    fn deref_mut(&mut self) -> &mut Tape {
        &mut self.tape
    }
}

impl Sheet {
    fn new(seed: u64, start: Timestamp) -> Self {
        Self { tape: Tape::new(seed, start), look_alikes: Vec::new() }
    }

    /// What `write` writes resembles what the rule looks for, and is none of it.
    fn like(&mut self, rule: &'static str, write: impl FnOnce(&mut Self)) {
        let before = self.tape.lines.len();
        write(self);
        let written = self.tape.lines.iter().skip(before);
        self.look_alikes.extend(written.map(|line| LookAlike { rule, line: line.text.clone() }));
    }

    fn into_parts(self) -> (Vec<Line>, Vec<LookAlike>) {
        (self.tape.into_lines(), self.look_alikes)
    }
}

/// What the systems write beyond the story of the demo.
impl Sheet {
    /// Guesses on an account of a system that never locks, and the right password in the end.
    pub fn guessing_with_success(&mut self, at: u64, user: &str, ip: &str) {
        for attempt in 0..7 {
            self.media_login(at + attempt * 32 * SECOND, user, ip, Some("invalid_password"));
        }
        self.media_login(at + 7 * 32 * SECOND, user, ip, None);
    }

    pub fn password_spraying(&mut self, at: u64, users: &[&str], ips: &[&str]) {
        for (index, user) in users.iter().enumerate() {
            self.shop_login(at + index as u64 * 30 * SECOND, user, ips[index % ips.len()], false);
        }
    }

    pub fn authorization_denied(&mut self, at: u64, user: &str, ip: &str, times: u64) {
        for n in 0..times {
            let at = at + n * 9 * SECOND;
            let cid = self.random.uuid();
            self.shop_security(
                at,
                &cid,
                &SecurityEvent {
                    level: "INFO",
                    message: "Authorization: read on /api/v1/admin/users DENIED",
                    category: "authorization",
                    threat: "medium",
                    user: Some(user),
                    ip: Some(ip),
                },
            );
            self.shop_request(at + 2, &cid, &Request::get(ip, "/api/v1/admin/users", 403));
        }
    }

    pub fn api_key_guessing(&mut self, at: u64, ip: &str, times: u64) {
        for n in 0..times {
            let masked = format!("Invalid API key: ***{:02}zz", n % 100);
            self.market_request(
                at + n * 1_700,
                &Request::post(ip, "/api/v1/agents/audit-agent/execute", 401),
                &[
                    ("WARNING", "api.v1.marketplace", &masked),
                    ("WARNING", "core.security_middleware", "Request completed with client error"),
                ],
            );
        }
    }

    pub fn postgres_denied(&mut self, at: u64, user: &str, host: &str, tables: &[&str]) {
        let session =
            Session { user, database: "media_production", host, pid: 7_520, application: "DBeaver 25.2" };
        for (n, table) in tables.iter().enumerate() {
            self.postgres(
                at + n as u64 * 9_000,
                &session,
                "ERROR",
                "42501",
                &format!("permission denied for table {table}"),
            );
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one line of an audit has that many parts")]
    pub fn media_change(
        &mut self,
        at: u64,
        action: &str,
        user: &str,
        resource: &str,
        details: Value,
        ip: &str,
    ) {
        self.media_audit(
            at,
            &AuditEvent { kind: "configuration_change", action, user, success: true, resource, details, ip },
        );
    }

    pub fn media_denied(&mut self, at: u64, user: &str, ip: &str, resource: &str) {
        let details = json!({ "reason": "not_owner" });
        let event = AuditEvent {
            kind: "authorization",
            action: "unauthorized_access",
            user,
            success: false,
            resource,
            details,
            ip,
        };
        self.media_audit(at, &event);
    }

    /// The access line of a request, alone.
    pub fn shop_access(&mut self, at: u64, ip: &str, target: &str) {
        let cid = self.random.uuid();
        self.shop_access_as(at, &cid, ip, target);
    }

    fn shop_access_as(&mut self, at: u64, cid: &str, ip: &str, target: &str) {
        self.shop(at, "INFO", "uvicorn.access", &format!("{ip}:0 - \"GET {target} HTTP/1.1\" 200"), cid);
    }

    /// A request that the proxy in front of the shop logs too: with an id of its own and that of the shop.
    pub fn shop_behind_proxy(&mut self, at: u64, ip: &str, target: &str) {
        let cid = self.random.uuid();
        self.shop_access_as(at, &cid, ip, target);
        self.media_nginx(at + 4, &cid, &Request::get(ip, target, 200));
    }

    /// An error by its code, with the severity that the shop gives it.
    pub fn shop_error_code(&mut self, at: u64, code: &str, severity: &str, message: &str) {
        let level = if severity == "critical" { "CRITICAL" } else { "ERROR" };
        let line = spaced(&[
            ("timestamp", json!(self.micros(at))),
            ("level", json!(level)),
            ("logger", json!("shop.error")),
            ("message", json!(message)),
            ("correlation_id", json!(self.random.uuid())),
            ("service", json!("shop-api")),
            ("error_code", json!(code)),
            ("severity", json!(severity)),
            ("retryable", json!(severity != "critical")),
        ]);
        self.push(at, SHOP_ERROR, line);
    }

    pub fn media_nginx_host(&mut self, at: u64, host: &str, request: &Request<'_>) {
        self.media_nginx_with(at, "", request, "TLSv1.3", host);
    }

    /// The combined format.
    pub fn media_combined(&mut self, at: u64, request: &Request<'_>) {
        let time = self.time(at).to_datetime().format("%d/%b/%Y:%H:%M:%S +0000");
        let Request { ip, method, target, status, agent } = request;
        let bytes = self.random.between(90, 24_000);
        let line =
            format!("{ip} - - [{time}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\"");
        self.push(at, MEDIA_COMBINED, line);
    }

    pub fn assist_audit(&mut self, at: u64, event: &str, user: Option<&str>, details: Value) {
        let line = spaced(&[
            (
                "timestamp",
                json!(self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()),
            ),
            ("event", json!(event)),
            ("user_id", json!(user)),
            ("details", details),
            ("source_ip", json!("localhost")),
            ("user_agent", json!("assist-admin/2.4")),
        ]);
        self.push(at, ASSIST_AUDIT, line);
    }
}

#[test]
fn every_sample_ends_with_a_line_break() {
    for sample in samples() {
        assert!(sample.text.ends_with('\n'), "{}", sample.name);
    }
}

#[test]
fn sample_names_are_unique_and_small_enough_to_read() {
    let mut names = std::collections::BTreeSet::new();
    for sample in samples() {
        assert!(names.insert(sample.name), "{} twice", sample.name);
        let lines = sample.text.lines().count();
        assert!((3..=300).contains(&lines), "{} has {lines} lines", sample.name);
    }
}
