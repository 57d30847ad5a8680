//! What happens: ordinary work and attacks, each a function of a start and a few names.

use serde_json::json;

use super::Tape;
use super::systems::{MARKET, MEDIA_SESSION, MarketLine, Request, Session, Statement};
use crate::event::number::{to_u32, to_u64, to_usize};

const SECOND: u64 = 1_000;

const SHOP_PATHS: &[&str] = &[
    "/api/v1/products?page=2",
    "/api/v1/products/4711",
    "/api/v1/orders",
    "/api/v1/agents/status",
    "/api/v1/ml/predict",
    "/api/v1/users/update",
    "/api/v1/products?condition=new",
    "/api/v1/search?q=select+a+gift+from+the+list",
    "/health",
];
const MARKET_PATHS: &[&str] = &[
    "/api/v1/packages?limit=50",
    "/api/v1/agents/report-writer/execute",
    "/api/v1/billing/invoice",
    "/api/v1/packages?q=terms+and+conditions",
    "/api/v1/health",
];
const MEDIA_PATHS: &[&str] = &[
    "/api/videos",
    "/api/videos/17",
    "/api/statistics",
    "/api/videos?sort=new&page=3",
    "/assets/app.js",
    "/favicon.ico",
];

/// Ordinary work.
impl Tape {
    /// A person at the shop: a page, sometimes an order, one correlation id a request.
    pub fn shop_visit(&mut self, at: u64, ip: &str) {
        let cid = self.random.uuid();
        let target = self.random.pick(SHOP_PATHS);
        self.shop_request(at, &cid, &Request::get(ip, target, 200));
    }

    pub fn market_visit(&mut self, at: u64, ip: &str) {
        let target = self.random.pick(MARKET_PATHS);
        let request = Request::get(ip, target, 200);
        self.market_request(
            at,
            &request,
            &[("INFO", "core.security_middleware", "Request completed successfully")],
        );
    }

    /// A page of the media pipeline with its statements in the database.
    pub fn media_visit(&mut self, at: u64, ip: &str) {
        let target = self.random.pick(MEDIA_PATHS);
        let request = Request::get(ip, target, if target == "/favicon.ico" { 404 } else { 200 });
        self.media_request(at, &request);
        if target.starts_with("/api/videos") {
            self.pgaudit(at + 2, &MEDIA_SESSION, &Statement::new("MISC", "BEGIN", "BEGIN"));
            let select = Statement {
                rows: 12,
                ..Statement::new(
                    "READ",
                    "SELECT",
                    "SELECT videos.id, videos.title FROM videos WHERE videos.owner_id = $1 LIMIT 20",
                )
            };
            self.pgaudit(at + 3, &MEDIA_SESSION, &select);
            self.pgaudit(at + 4, &MEDIA_SESSION, &Statement::new("MISC", "ROLLBACK", "ROLLBACK"));
        }
    }

    pub fn lattice_visit(&mut self, at: u64, ip: &str) {
        let target = self.random.pick(&["/api/lattices", "/api/lattices/12", "/health"]);
        self.lattice(at, "auth.middleware", "DEBUG", "Tenant isolation enforced");
        self.lattice(at, "auth.middleware", "INFO", "Authentication successful");
        self.lattice_request(at + 1, &Request::get(ip, target, 200));
    }

    pub fn assist_visit(&mut self, at: u64, ip: &str) {
        let id = self.random.uuid();
        let target = self.random.pick(&["/v1/chat", "/v1/documents", "/v1/agents"]);
        self.assist_request(at, &id, &Request::post(ip, target, 200));
    }

    /// One order that three services work on under one correlation id.
    pub fn order_across_services(&mut self, at: u64, ip: &str, user: &str) -> String {
        let cid = self.random.uuid();
        self.shop(at, "INFO", "api.v1.orders", &format!("Order accepted for {user}"), &cid);
        self.assist(
            at + 12,
            "info",
            "recommendation_requested",
            &[("request_id", json!(cid)), ("user_id", json!(user)), ("client_ip", json!("10.30.0.2"))],
        );
        self.assist_request(at + 14, &cid, &Request::post("10.30.0.2", "/v1/recommend", 200));
        self.media_app_request(at + 30, &cid, &Request::get("10.30.0.2", "/api/videos/17/preview", 200));
        self.media_nginx(at + 34, &cid, &Request::get("10.30.0.2", "/api/videos/17/preview", 200));
        self.shop_request(at + 60, &cid, &Request::post(ip, "/api/v1/orders", 201));
        cid
    }
}

/// Authentication.
impl Tape {
    /// Wrong passwords for one account until it is locked, and one try after that.
    pub fn brute_force_until_locked(&mut self, at: u64, user: &str, ip: &str, spacing: u64) -> u64 {
        for attempt in 0..5 {
            self.shop_login(at + attempt * spacing, user, ip, false);
        }
        let locked = at + 4 * spacing + 20;
        self.shop_lockout(locked, user, ip);
        let cid = self.random.uuid();
        let refused = locked + 3 * SECOND;
        self.shop_error(refused, &cid, "AccountLocked", "Account locked", "/api/v1/auth/login");
        self.shop_request(refused + 2, &cid, &Request::post(ip, "/api/v1/auth/login", 423));
        locked
    }

    pub fn lattice_login(&mut self, at: u64, email: &str, ip: &str, success: bool) {
        self.lattice(at, "api.server", "INFO", &format!("Login attempt for email: {email}, tenant: default"));
        if success {
            self.lattice(at + 2, "api.server", "INFO", &format!("Login successful for email: {email}"));
        } else {
            self.lattice(
                at + 2,
                "api.server",
                "WARNING",
                &format!("Login failed for email: {email}, error: 401: Invalid credentials"),
            );
        }
        self.lattice_request(at + 3, &Request::post(ip, "/auth/login", if success { 200 } else { 401 }));
    }
}

/// Tokens and sessions.
impl Tape {
    pub fn revoked_token_used(&mut self, at: u64, user: &str, owner_ip: &str, thief_ip: &str) {
        let cid = self.random.uuid();
        self.shop(at, "INFO", "security.tokens", "🚫 Token blacklisted for security", &cid);
        self.shop_request(at + 1, &cid, &Request::post(owner_ip, "/api/v1/auth/logout", 200));
        for n in 0..3 {
            let at = at + 40 * SECOND + n * 4 * SECOND;
            let cid = self.random.uuid();
            self.shop(at, "WARNING", "security.tokens", &format!("⚠️ Blacklisted token used: {user}"), &cid);
            self.shop(
                at,
                "ERROR",
                "security.tokens",
                "JWT validation error: 401: Token security validation failed",
                &cid,
            );
            self.shop_request(at + 1, &cid, &Request::get(thief_ip, "/api/v1/orders", 401));
        }
    }

    /// A refresh token is used a second time: somebody holds a copy.
    pub fn refresh_token_reused(&mut self, at: u64, user: &str, owner_ip: &str, thief_ip: &str) {
        let family = self.random.uuid();
        let (first, second) = (self.random.uuid(), self.random.uuid());
        self.assist(
            at,
            "info",
            "refresh_token_rotated",
            &[
                ("request_id", json!(first)),
                ("user_id", json!(user)),
                ("client_ip", json!(owner_ip)),
                ("token_family", json!(family)),
            ],
        );
        let later = at + 25 * SECOND;
        self.assist(
            later,
            "warning",
            "refresh_token_reuse_detected",
            &[
                ("request_id", json!(second)),
                ("user_id", json!(user)),
                ("client_ip", json!(thief_ip)),
                ("token_family", json!(family)),
                ("risk_score", json!(85)),
            ],
        );
        self.assist(
            later + 2,
            "warning",
            "token_family_revoked",
            &[("request_id", json!(second)), ("user_id", json!(user)), ("token_family", json!(family))],
        );
        self.assist_request(later + 3, &second, &Request::post(thief_ip, "/v1/auth/refresh", 401));
    }
}

/// Rate limits and abuse.
impl Tape {
    pub fn shop_rate_limited(&mut self, at: u64, ip: &str, times: u64, spacing: u64) {
        for n in 0..times {
            let cid = self.random.uuid();
            let at = at + n * spacing;
            let message =
                format!("⚠️ Rate limit exceeded: {ip} - Rate limit exceeded: 60 requests per minute");
            self.shop(at, "WARNING", "api.security_middleware", &message, &cid);
            self.shop_request(at + 1, &cid, &Request::get(ip, "/api/v1/products", 429));
        }
    }

    pub fn shop_address_blocked(&mut self, at: u64, ip: &str) {
        let cid = self.random.uuid();
        let message = format!("🚨 IP {ip} blocked for 15 minutes due to rate_limit_exceeded");
        self.shop(at, "WARNING", "api.security_middleware", &message, &cid);
        for n in 1..=3 {
            let message =
                format!("⚠️ Rate limit exceeded: {ip} - IP temporarily blocked due to suspicious activity");
            self.shop(at + n * 700, "WARNING", "api.security_middleware", &message, &cid);
        }
    }

    pub fn market_flood(&mut self, at: u64, ip: &str, refused: u64) {
        for n in 0..refused {
            self.market_request(
                at + n * 180,
                &Request::get(ip, "/api/v1/packages", 429),
                &[("WARNING", "core.security_middleware", "DDoS protection triggered")],
            );
        }
    }

    pub fn media_rate_limited(&mut self, at: u64, ip: &str, times: u64) {
        for n in 0..times {
            let at = at + n * 1_500;
            let message = format!("ratelimit 5 per 1 minute ({ip}) exceeded at endpoint: /api/auth/login");
            self.media_log(at, "WARNING", "slowapi", &message, &[]);
            self.media_request(at, &Request::post(ip, "/api/auth/login", 429));
        }
    }

    /// One API key from many addresses with changing agents; the marketplace counts it itself.
    pub fn key_shared_by_many(&mut self, at: u64, customer: &str, addresses: u64) {
        let agents = ["curl/8.5.0", "python-requests/2.32.3", "Go-http-client/2.0", "okhttp/4.12.0"];
        for n in 0..addresses {
            let at = at + n * 4_000;
            let ip = format!("203.0.113.{}", 40 + n);
            let agent = agents[to_usize(n % 4)];
            let trace = self.market_request(
                at,
                &Request { agent, ..Request::post(&ip, "/api/v1/agents/report-writer/execute", 200) },
                &[("INFO", "api.v1.marketplace", "API key used: ***Q7ra")],
            );
            if n >= 3 {
                let (score, reasons) = if n >= 5 {
                    (50, json!(["rapid_ip_change", "user_agent_rotation"]))
                } else {
                    (20, json!(["user_agent_rotation"]))
                };
                self.market_with(
                    at + 3,
                    &MarketLine {
                        level: "WARNING",
                        logger: "api.v1.marketplace",
                        message: "Suspicious activity detected",
                        trace: &trace,
                    },
                    &[
                        ("customer_id", json!(customer)),
                        ("ip", json!(ip)),
                        ("suspicious", json!(true)),
                        ("reasons", reasons),
                        ("risk_score", json!(score)),
                    ],
                );
            }
        }
    }

    pub fn path_scan(&mut self, at: u64, ip: &str, count: usize) {
        let agent = "Mozilla/5.00 (Nikto/2.5.0)";
        let words = [
            "wp-login.php",
            "phpmyadmin/",
            "server-status",
            "backup.zip",
            "admin.php",
            "old/",
            "test/",
            "console",
            "api/swagger.json",
            "actuator/env",
        ];
        for n in 0..count {
            let target = format!(
                "/{}{}",
                if n < words.len() { String::new() } else { format!("v{n}/") },
                words[n % words.len()]
            );
            self.media_nginx(at + to_u64(n) * 450, "", &Request { agent, ..Request::get(ip, &target, 404) });
        }
        for (n, target) in ["/.env", "/.git/config"].iter().enumerate() {
            self.media_nginx_error(
                at + 900 + to_u64(n) * 40,
                "error",
                "access forbidden by rule",
                &Request::get(ip, target, 403),
            );
        }
    }
}

/// Injection.
impl Tape {
    /// Refused by the shop's middleware; the payload stands in the access line only.
    pub fn shop_injection(&mut self, at: u64, ip: &str, targets: &[&str], spacing: u64) {
        for (n, target) in targets.iter().enumerate() {
            let at = at + to_u64(n) * spacing;
            let cid = self.random.uuid();
            let message = format!(
                "🚨 Security violation: suspicious_pattern from {ip} - Suspicious pattern detected: (\\b(SELECT|INSERT|UPDATE|DELETE|UNION)\\b)"
            );
            self.shop(at, "WARNING", "api.security_middleware", &message, &cid);
            self.shop_request(at + 1, &cid, &Request::get(ip, target, 403));
        }
    }

    /// Refused by the marketplace; the alert lines name neither address nor payload.
    pub fn market_injection(&mut self, at: u64, ip: &str, target: &str, family: &str) {
        let detected = format!("{family} attempt detected in q");
        self.market_request(
            at,
            &Request::get(ip, target, 400),
            &[
                ("WARNING", "core.security", &detected),
                ("WARNING", "core.security_middleware", "Suspicious query parameter"),
                ("WARNING", "core.security_middleware", "Request completed with client error"),
            ],
        );
    }
}

/// Circuit breakers and availability.
impl Tape {
    pub fn shop_breaker(&mut self, at: u64, name: &str, event: &str) {
        let cid = self.random.uuid();
        let (level, message) = match event {
            "open" => ("WARNING", format!("🚨 Circuit breaker {name} OPENED - service failing")),
            "half_open" => ("INFO", format!("🔄 Circuit breaker {name} transitioning to HALF_OPEN")),
            _ => ("INFO", format!("✅ Circuit breaker {name} CLOSED - service recovered")),
        };
        self.shop(at, level, &format!("circuit_breaker.{name}"), &message, &cid);
    }

    /// Failures, the breaker opens, calls are rejected.
    pub fn shop_breaker_opens(&mut self, at: u64, name: &str, error: &str, failures: u64) {
        for n in 0..failures {
            let cid = self.random.uuid();
            self.shop_error(at + n * 900, &cid, "ConnectionRefusedError", error, "/api/v1/products");
            self.shop_request(at + n * 900 + 3, &cid, &Request::get("10.30.0.6", "/api/v1/products", 503));
        }
        let opened = at + failures * 900;
        self.shop_breaker(opened, name, "open");
        for n in 0..2 {
            let cid = self.random.uuid();
            let rejected = format!("Circuit breaker {name} is OPEN");
            self.shop_error(opened + 2_000 + n * 3_000, &cid, "ServiceError", &rejected, "/api/v1/products");
        }
    }

    pub fn market_breaker(&mut self, at: u64, name: &str, state: &str) {
        let trace = self.random.uuid();
        let level = if state == "OPEN" { "ERROR" } else { "INFO" };
        self.market(
            at,
            level,
            "core.circuit_breaker",
            &format!("Circuit breaker '{name}' transitioned to {state}"),
            &trace,
        );
    }

    pub fn media_database_down(&mut self, at: u64, times: u64) {
        let error = "(psycopg2.OperationalError) connection to server at \"10.20.8.3\", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?";
        for n in 0..times {
            let at = at + n * 5 * SECOND;
            let trace = format!(
                "Traceback (most recent call last):\n  File \"/srv/media/api/videos.py\", line 91, in list_videos\n    rows = session.execute(query)\nsqlalchemy.exc.OperationalError: {error}"
            );
            self.media_log(
                at,
                "ERROR",
                "media.api.videos",
                &format!("Failed to list videos: {error}"),
                &[("exc_info", json!(trace))],
            );
            self.media_request(at + 1, &Request::get("10.20.0.14", "/api/videos", 500));
        }
    }

    pub fn market_redis_down(&mut self, at: u64, times: u64) {
        for n in 0..times {
            let ip = "10.40.7.3";
            self.market_request(
                at + n * 1_100,
                &Request::post(ip, "/api/v1/agents/report-writer/execute", 200),
                &[(
                    "ERROR",
                    "core.rate_limiter",
                    "Redis error in rate limiter: Error 111 connecting to 127.0.0.1:6379. Connection refused.",
                )],
            );
        }
    }
}

/// Databases.
impl Tape {
    pub fn postgres_guessing(&mut self, at: u64, host: &str, times: u64) {
        for n in 0..times {
            let session = Session {
                user: "postgres",
                database: "postgres",
                host,
                pid: 6_000 + to_u32(n),
                application: "",
            };
            let message = "password authentication failed for user \"postgres\"";
            self.postgres(at + n * 1_400, &session, "FATAL", "28P01", message);
        }
    }

    pub fn postgres_takeover(&mut self, at: u64, host: &str) {
        let session =
            Session { user: "dba", database: "media_production", host, pid: 7_310, application: "psql" };
        self.postgres(
            at,
            &session,
            "LOG",
            "",
            "connection authorized: user=dba database=media_production application_name=psql",
        );
        self.pgaudit(
            at + 900,
            &session,
            &Statement::new(
                "ROLE",
                "CREATE ROLE",
                "create role svc_backup2 login superuser password <REDACTED>",
            ),
        );
        let hashes = Statement {
            rows: 7,
            ..Statement::new("READ", "SELECT", "select rolname, rolpassword from pg_authid;")
        };
        self.pgaudit(at + 2_000, &session, &hashes);
        self.pgaudit(
            at + 4_000,
            &session,
            &Statement::new("READ", "COPY", "copy (select 1) to program 'id > /tmp/out';"),
        );
        self.pgaudit(
            at + 6_000,
            &session,
            &Statement::new("DDL", "ALTER SYSTEM", "alter system set log_connections=off;"),
        );
        self.postgres(at + 8_000, &session, "LOG", "", "disconnection: session time: 0:00:08.020 user=dba database=media_production host=10.20.66.6 port=47310");
    }
}

/// Audit events of the media pipeline.
impl Tape {}

impl Tape {}

/// What a server prints when it starts.
impl Tape {
    pub fn market_banner(&mut self, at: u64) {
        for text in [
            "INFO:     Started server process [2210]",
            "INFO:     Waiting for application startup.",
            "INFO:     Application startup complete.",
            "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)",
        ] {
            self.push(at, MARKET, text);
        }
    }
}
