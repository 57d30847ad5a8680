//! Lines that only sound like what a rule looks for, one sample a subject.

use serde_json::json;

use super::Sheet;
use super::catalogue::{Sample, sample};
use soctop::samples::systems::{AuditEvent, MEDIA_SESSION, Request, SecurityEvent, Statement};

const SECOND: u64 = 1_000;

/// Who says it, and in which shape.
enum Voice {
    /// A JSON line with this message.
    Shop(&'static str),
    Market(&'static str),
    Media(&'static str),
    /// A line of plain text.
    Lattice(&'static str),
    /// An event by its name.
    Assist(&'static str),
    /// A request to this target, as the proxy logs it.
    Proxy(&'static str),
    /// A line of the proxy's error log.
    ProxyError(&'static str),
    /// A line of the database.
    Postgres(&'static str),
    /// Class, command, statement and rows of a statement that the database audits.
    Pgaudit(&'static str, &'static str, &'static str, u64),
}
use Voice::{Assist, Lattice, Market, Media, Pgaudit, Postgres, Proxy, ProxyError, Shop};

/// A rule, and an innocent line that resembles what it looks for.
type Innocent = (&'static str, Voice);

pub(super) fn look_alikes() -> Vec<Sample> {
    vec![
        sample("abuse-words.benign", "words about abuse, and a monitor that says what it is", abuse),
        sample(
            "authentication-words.benign",
            "keys, tokens and addresses that are as they should be",
            authentication,
        ),
        sample("sessions-and-tokens-words.benign", "tokens that are checked and pass", |tape| {
            tape.all_of(SESSIONS_AND_TOKENS);
        }),
        sample("rate-limits-words.benign", "words about limits that nobody reached", |tape| {
            tape.all_of(RATE_LIMITS);
        }),
        sample("availability-words.benign", "starts, caches and breakers that are well", |tape| {
            tape.all_of(AVAILABILITY);
        }),
        sample("configuration-words.benign", "settings that are read, and safe", configuration),
        sample("database-words.benign", "statements and reports of an ordinary day", database),
        sample("injection-words.benign", "what people type and paths are called", |tape| {
            tape.all_of(INJECTION);
        }),
        sample(
            "secrets-and-encryption-words.benign",
            "keys that are there, and secrets that are read",
            |tape| {
                tape.all_of(SECRETS);
            },
        ),
        sample("transport-words.benign", "current protocols and policies that nobody broke", transport),
    ]
}

const ABUSE: &[Innocent] = &[
    ("address_blocked", Shop("Address 10.30.0.7 unblocked by support")),
    (
        "hidden_file_probe",
        ProxyError("\"/srv/media/docs/index.html\" is not found (2: No such file or directory)"),
    ),
    ("oversized_request", Market("Request body of 48 kB accepted, content type application/json")),
    ("suspicious_activity", Shop("Activity report: nothing suspicious")),
];

const AUTHENTICATION: &[Innocent] = &[
    ("admin_address_refused", Market("IP 10.40.0.2 is on the allow list of the administration")),
    ("api_key_bad_signature", Assist("api_key_signature_verified")),
    ("api_key_created", Market("API key used: ***Q7ra")),
    ("api_key_invalid", Market("API key validated: ***Q7ra")),
    ("api_key_validation_broken", Shop("API key validation took 3 ms")),
    ("csrf_violation", Market("CSRF token issued")),
];

const SESSIONS_AND_TOKENS: &[Innocent] = &[
    ("impossible_travel", Assist("travel_checked")),
    ("refresh_token_reused", Assist("refresh_token_rotated")),
    ("revoked_token_used", Shop("🚫 Token blacklisted for security")),
    ("token_forged", Assist("token_signature_verified")),
    ("token_too_old", Assist("token_age_checked")),
];

const RATE_LIMITS: &[Innocent] = &[
    ("customer_over_limit", Market("Rate limit of cust_1001 (tier: solo): 40 of 60 requests used")),
    ("flood_protection", Market("DDoS protection configured: 100 requests a minute")),
    ("limiter_fails_open", Market("Redis connected, rate limiter ready")),
    (
        "limiter_fails_open",
        Lattice(
            "Using in-memory rate limiting for ip:10.70.0.4. Configure Redis for production-grade rate limiting.",
        ),
    ),
    ("rate_limit_exceeded", Market("Reset all rate limits for customer cust_1001")),
];

const AVAILABILITY: &[Innocent] = &[
    ("stray_lines", Lattice("Format of the log changed to plain text")),
    ("crash_at_start", Market("Application startup complete after 2.1 s")),
    ("redis_unavailable", Market("Redis connection established: redis:6379")),
    ("unhandled_exception", Shop("Unhandled exception: Object of type Decimal is not JSON serializable")),
    ("breaker_rejected", Shop("Circuit breaker external_api is healthy")),
    ("breaker_database", Market("Circuit breaker 'database' recorded failure: TimeoutError")),
    ("breaker_ai_provider", Market("Circuit breaker 'anthropic_api' recorded failure: TimeoutError")),
    ("breaker_external", Market("Circuit breaker 'stripe_api' recorded failure: TimeoutError")),
];

const CONFIGURATION: &[Innocent] = &[
    ("cors_wildcard", Assist("cors_configured")),
    ("debug_in_production", Shop("Debug mode is off")),
    ("deployment_check_failed", Assist("deployment_check_passed")),
    ("signing_secret_weak", Assist("signing_secret_loaded")),
];

const DATABASE: &[Innocent] = &[
    ("audit_switched_off", Pgaudit("DDL", "ALTER SYSTEM", "alter system set work_mem='64MB';", 0)),
    ("database_hashes_read", Pgaudit("READ", "SELECT", "select rolname from pg_roles;", 4)),
    (
        "database_host_refused",
        Postgres(
            "connection authenticated: identity=\"media\" method=scram-sha-256 (/etc/postgresql/pg_hba.conf:97)",
        ),
    ),
    ("database_mass_read", Pgaudit("READ", "SELECT", "select id from videos;", 9_999)),
    ("database_program_executed", Pgaudit("WRITE", "COPY", "copy videos(id, title) from stdin;", 40)),
    ("database_role_change", Pgaudit("DDL", "CREATE TABLE", "create table roles(id serial primary key);", 0)),
    ("database_session_timeout", Postgres("duration: 812.401 ms  statement: select count(*) from videos")),
    ("database_table_dropped", Pgaudit("DDL", "DROP INDEX", "drop index videos_title;", 0)),
    ("database_threat_level", Shop("Database threat level lowered to LOW")),
    ("gdpr_request", Shop("GDPR data export is ready for download")),
    (
        "pool_exhausted",
        Media("Pool size: 10  Connections in pool: 7 Current Overflow: 0 Current Checked out connections: 3"),
    ),
    ("suspicious_query", Shop("🚨 Suspicious query detected: delete from sessions where age > 90...")),
];

const INJECTION: &[Innocent] = &[
    ("injection_reported", Market("Query parameters checked: no injection")),
    ("injection_answered_by_error", Proxy("/search?q=why+does+a+select+give+500")),
    ("code_injection", Proxy("/search?q=java+exec+(a+short+course)")),
    ("command_injection", Proxy("/search?q=salt+%26+pepper;+head+and+tail")),
    ("cross_site_scripting", Proxy("/docs/scripts/alert-and-confirm.html?note=a+%3C+b")),
    ("header_injection", Proxy("/notes?text=first+line%0Asecond+line")),
    ("ldap_injection", Proxy("/search?q=uid+(and+cn)")),
    ("nosql_injection", Proxy("/items?price[gte]=10&price[lt]=20")),
    ("path_traversal", Proxy("/files?name=report..final.pdf&at=v1.2/index")),
    ("sensitive_file_request", Proxy("/environment?topic=git")),
    ("server_side_request", Proxy("/go?next=/hosting/localhosting&name=metadata")),
    ("sql_injection", Proxy("/videos?title=union+square+was+a+great+select")),
    ("template_injection", Proxy("/q?range={1}&price=$10")),
    ("xml_injection", Proxy("/feed?format=xml&type=doctype")),
];

const SECRETS: &[Innocent] = &[
    ("admin_credentials_generated", Assist("admin_credentials_checked")),
    ("decryption_failures", Lattice("Decryption self-test passed")),
    ("encryption_key_missing", Lattice("Encryption key loaded from /srv/lattice/keys/field.key")),
    ("key_file_permissions", Lattice("Key file /srv/lattice/keys/field.key has permissions 0600")),
    ("secret_missing", Media("Required secrets found: 4")),
    ("stored_in_clear", Lattice("Database encryption available, storing ciphertext")),
    ("vault_health_failing", Media("Vault health check passed")),
    ("vault_unavailable", Media("Backend available: vault")),
];

const TRANSPORT: &[Innocent] = &[
    ("cors_denied", Assist("cors_allowed")),
    ("csp_violation", Assist("csp_configured")),
    ("host_header_refused", Assist("host_header_accepted")),
    ("security_headers_missing", Shop("Security headers set on 14 routes")),
];

fn abuse(tape: &mut Sheet) {
    tape.all_of(ABUSE);
    let agent = "Nagios-Plugins/2.4 check_http";
    tape.like("scanner_agent", |tape| {
        tape.media_combined(30 * SECOND, &Request { agent, ..Request::get("10.20.0.3", "/health", 200) });
    });
}

fn authentication(tape: &mut Sheet) {
    tape.all_of(AUTHENTICATION);
    tape.like("login_from_outside", |tape| {
        tape.media_nginx(30 * SECOND, "", &Request::post("10.20.0.14", "/api/auth/login", 200));
        tape.media_nginx(40 * SECOND, "", &Request::post("203.0.113.60", "/api/auth/login", 401));
    });
    tape.like("role_raised", |tape| {
        let lesser = json!({ "old": "editor", "new": "viewer" });
        tape.media_change(50 * SECOND, "user_role_changed", "admin", "user:jin.park", lesser, "10.20.0.9");
    });
    tape.like("audit_risk", |tape| {
        let fields =
            [("action", json!("document_read")), ("user", json!("ida.moss")), ("risk_score", json!(30))];
        tape.assist(60 * SECOND, "info", "audit_event", &fields);
    });
}

fn configuration(tape: &mut Sheet) {
    tape.all_of(CONFIGURATION);
    tape.like("settings_changed", |tape| {
        let event = AuditEvent {
            kind: "configuration_access",
            action: "settings_viewed",
            user: "admin",
            success: true,
            resource: "settings:retention_days",
            details: json!(null),
            ip: "10.20.0.9",
        };
        tape.media_audit(30 * SECOND, &event);
    });
    tape.like("error_code_critical", |tape| {
        tape.shop_error_code(40 * SECOND, "SYS_001", "low", "Setting not found, default used");
    });
}

fn database(tape: &mut Sheet) {
    tape.all_of(DATABASE);
    tape.like("data_exported", |tape| {
        let event = SecurityEvent {
            level: "INFO",
            message: "Data access: READ on orders",
            category: "data_access",
            threat: "low",
            user: Some("user_000004"),
            ip: Some("10.30.0.6"),
        };
        let cid = tape.random.uuid();
        tape.shop_security(30 * SECOND, &cid, &event);
    });
}

fn transport(tape: &mut Sheet) {
    tape.all_of(TRANSPORT);
    let request = Request::get("10.20.0.14", "/api/videos", 200);
    tape.like("old_tls_version", |tape| tape.media_nginx_tls(30 * SECOND, "", &request, "TLSv1.2"));
    tape.like("tls_handshake_failed", |tape| {
        let what = "peer closed connection in SSL handshake while SSL handshaking";
        tape.media_nginx_error(35 * SECOND, "info", what, &request);
    });
    tape.like("malformed_request_refused", |tape| {
        tape.media_nginx(40 * SECOND, "", &Request { status: 400, ..request });
        tape.media_nginx_error(
            50 * SECOND,
            "info",
            "client closed connection while waiting for request",
            &request,
        );
    });
    tape.like("plain_http_redirected", |tape| {
        tape.media_nginx(60 * SECOND, "", &Request { status: 301, ..request });
    });
}

impl Sheet {
    /// One of the innocent lines a second.
    fn all_of(&mut self, innocent: &[Innocent]) {
        for (second, (rule, voice)) in innocent.iter().enumerate() {
            self.like(rule, |tape| tape.say(second as u64 * SECOND, voice));
        }
    }

    fn say(&mut self, at: u64, voice: &Voice) {
        match *voice {
            Shop(message) => {
                let cid = self.random.uuid();
                self.shop(at, "INFO", "shop.core", message, &cid);
            }
            Market(message) => self.market(at, "INFO", "core.services", message, ""),
            Media(message) => self.media_log(at, "INFO", "media.core", message, &[]),
            Lattice(message) => self.lattice(at, "lattice.core", "INFO", message),
            Assist(event) => {
                let fields = [("user_id", json!("u-1042")), ("environment", json!("production"))];
                self.assist(at, "info", event, &fields);
            }
            Proxy(target) => self.media_combined(at, &Request::get("10.20.0.14", target, 200)),
            ProxyError(what) => {
                self.media_nginx_error(at, "error", what, &Request::get("10.20.0.14", "/docs/", 404));
            }
            Postgres(message) => self.postgres(at, &MEDIA_SESSION, "LOG", "", message),
            Pgaudit(class, command, text, rows) => {
                self.pgaudit(at, &MEDIA_SESSION, &Statement { rows, ..Statement::new(class, command, text) });
            }
        }
    }
}
