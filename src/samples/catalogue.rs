//! The files of `sample-logs/`: one attack or fault each, and its harmless look-alike.

use super::Tape;
use super::systems::Request;
use crate::event::Timestamp;

/// A file of `sample-logs/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `<subject>-<what>` or `<subject>-<what>.benign`, without `.log`.
    pub name: &'static str,
    /// What it shows, one line for the README.
    pub about: &'static str,
    pub text: String,
}

/// All sample files, in the order of the README.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let mut samples = authentication();
    samples.extend(rate_limits());
    samples.extend(abuse());
    samples.extend(injection());
    samples.extend(circuit_breakers());
    samples
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
            tape.media_rate_limited(3 * SECOND, "203.0.113.50", 8);
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
        sample("abuse-shared-key.benign", "two people of one customer, one agent each", |tape| {
            for n in 0..5 {
                tape.market_visit(n * 4 * SECOND, if n % 2 == 0 { "10.40.7.3" } else { "10.40.7.4" });
            }
        }),
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

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const DAY: &str = "2026-03-01T09:00:00Z";

fn sample(name: &'static str, about: &'static str, write: impl FnOnce(&mut Tape)) -> Sample {
    let start = Timestamp::parse_rfc3339(DAY).unwrap_or_default();
    let mut tape = Tape::new(seed_of(name), start);
    write(&mut tape);
    let mut text = String::new();
    for line in tape.into_lines() {
        text.push_str(&line.text);
        text.push('\n');
    }
    Sample { name, about, text }
}

/// Every file has ids of its own and keeps them when others are added.
fn seed_of(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
