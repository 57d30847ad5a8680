//! Limits, objectives, error codes and scores: signals that are counted rather than recognised.

use serde_json::json;

use super::Sheet;
use super::catalogue::{Sample, sample};
use soctop::samples::systems::{BROWSER, MEDIA_ACCESS, MarketLine, Request};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;

pub(super) fn signals() -> Vec<Sample> {
    [tiers(), endpoints(), objectives(), errors(), scores(), plain_http()].concat()
}

/// Path, requests a minute and requests a second of the shop's tiers.
const TIERS: [(&str, u64, u64); 5] = [
    ("/api/v1/auth/login", 10, 2),
    ("/api/v1/ml/predict", 30, 5),
    ("/api/v1/agents/status", 100, 15),
    ("/api/v1/admin/users", 200, 30),
    ("/api/v1/orders", 60, 10),
];

fn tiers() -> Vec<Sample> {
    let over = |tape: &mut Sheet, at: u64, ip: &str, tier: usize| {
        let (path, minute, _) = TIERS[tier];
        for n in 0..=minute {
            tape.shop_access(at + n * 58_000 / minute, ip, path);
        }
    };
    vec![
        sample(
            "rate-limits-tiers",
            "more requests a minute than the tiers for sign-in, models and the rest",
            |tape| {
                over(tape, 0, "203.0.113.101", 0);
                over(tape, 2 * MINUTE, "203.0.113.102", 1);
                over(tape, 4 * MINUTE, "203.0.113.103", 4);
            },
        ),
        sample("rate-limits-tier-agents", "more than a hundred requests a minute to the agents", |tape| {
            over(tape, 0, "203.0.113.104", 2);
        }),
        sample(
            "rate-limits-tier-admin",
            "more than two hundred requests a minute to the administration",
            |tape| {
                over(tape, 0, "203.0.113.105", 3);
            },
        ),
        sample(
            "rate-limits-bursts",
            "more requests within a second than each of the five tiers allows",
            |tape| {
                for (tier, (path, _, second)) in TIERS.into_iter().enumerate() {
                    for n in 0..=second {
                        tape.shop_access(tier as u64 * 20 * SECOND + n * 900 / second, "203.0.113.106", path);
                    }
                }
            },
        ),
        sample(
            "rate-limits-behind-proxy",
            "61 requests in a minute, each logged by the proxy and by the shop",
            |tape| {
                for n in 0..=60 {
                    tape.shop_behind_proxy(n * 950, "203.0.113.107", "/api/v1/orders");
                }
            },
        ),
        sample(
            "rate-limits-behind-proxy.benign",
            "as many requests as are allowed, each logged by the proxy and by the shop",
            |tape| {
                for n in 0..5 {
                    tape.shop_behind_proxy(n * 11 * SECOND, "10.30.0.5", "/api/v1/auth/login");
                }
                for n in 0..10 {
                    tape.shop_behind_proxy(2 * MINUTE + n * 90, "10.30.0.5", "/api/v1/orders");
                }
                for n in 0..50 {
                    tape.shop_behind_proxy(
                        2 * MINUTE + 2 * SECOND + n * SECOND,
                        "10.30.0.5",
                        "/api/v1/orders",
                    );
                }
            },
        ),
        sample("rate-limits-tiers.benign", "as many requests as the tiers allow, and not one more", |tape| {
            for (tier, (path, minute, second)) in TIERS.into_iter().enumerate() {
                let start = tier as u64 * 2 * MINUTE;
                for n in 0..second {
                    tape.shop_access(start + n * 900 / second, "10.30.0.5", path);
                }
                // Of the large tiers the burst is enough to read.
                let rest = if minute < 100 { minute - second } else { 0 };
                for n in 0..rest {
                    tape.shop_access(start + 5 * SECOND + n * 50_000 / minute, "10.30.0.5", path);
                }
            }
        }),
    ]
}

fn endpoints() -> Vec<Sample> {
    vec![
        sample(
            "rate-limits-endpoints",
            "tokens renewed six times a minute, and a login that refuses everybody",
            |tape| {
                for n in 0..6 {
                    tape.media_nginx(
                        n * 9 * SECOND,
                        "",
                        &Request::post("203.0.113.110", "/api/auth/refresh", 200),
                    );
                }
                for n in 0..5 {
                    let ip = format!("203.0.113.{}", 111 + n);
                    tape.media_nginx(
                        2 * MINUTE + n * 9 * SECOND,
                        "",
                        &Request::post(&ip, "/api/auth/login", 429),
                    );
                }
            },
        ),
        sample(
            "rate-limits-endpoints.benign",
            "tokens renewed five times a minute, and a login refused once",
            |tape| {
                for n in 0..5 {
                    tape.media_nginx(
                        n * 11 * SECOND,
                        "",
                        &Request::post("10.20.0.14", "/api/auth/refresh", 200),
                    );
                }
                tape.media_nginx(2 * MINUTE, "", &Request::post("10.20.0.15", "/api/auth/login", 429));
            },
        ),
        sample("availability-endpoint-input", "one endpoint refuses the input of everybody", |tape| {
            for n in 0..10 {
                let ip = format!("10.20.0.{}", 20 + n);
                tape.media_nginx(n * 20 * SECOND, "", &Request::post(&ip, "/api/videos", 422));
            }
        }),
        sample("availability-endpoint-input.benign", "four people mistype within five minutes", |tape| {
            for n in 0..4 {
                let ip = format!("10.20.0.{}", 20 + n);
                tape.media_nginx(n * 50 * SECOND, "", &Request::post(&ip, "/api/videos", 422));
            }
        }),
    ]
}

fn objectives() -> Vec<Sample> {
    let timed = |tape: &mut Sheet, at: u64, duration_ms: u64| {
        let fields = [
            ("path", json!("/api/videos")),
            ("status_code", json!(200)),
            ("duration_ms", json!(duration_ms)),
        ];
        tape.media_log(at, "INFO", "media.api.middleware", "Request completed", &fields);
    };
    vec![
        sample("availability-latency", "six of a hundred requests take longer than 100 ms", |tape| {
            for n in 0..100 {
                timed(tape, n * 2 * SECOND, if n % 16 == 15 { 180 } else { 24 });
            }
        }),
        sample("availability-latency.benign", "five of a hundred requests take longer than 100 ms", |tape| {
            for n in 0..100 {
                timed(tape, n * 2 * SECOND, if n % 20 == 19 { 180 } else { 24 });
            }
        }),
        sample("availability-error-budget", "one server error among two hundred answers: 0.5 %", |tape| {
            for n in 0..200 {
                let status = if n == 150 { 500 } else { 200 };
                tape.media_combined(n * 2 * SECOND, &Request::get("10.20.0.14", "/api/videos", status));
            }
        }),
        sample(
            "availability-error-budget.benign",
            "two hundred answers, none of which is an error",
            |tape| {
                for n in 0..200 {
                    tape.media_combined(n * 2 * SECOND, &Request::get("10.20.0.14", "/api/videos", 200));
                }
            },
        ),
        sample("availability-throughput", "sixty requests a second become one every ten seconds", |tape| {
            for n in 0..60 {
                tape.media_combined(n * 15, &Request::get("10.20.0.14", "/api/videos", 200));
            }
            for n in 1..12 {
                tape.media_combined(n * 10 * SECOND, &Request::get("10.20.0.14", "/api/videos", 200));
            }
        }),
        sample("availability-throughput.benign", "a quiet service that was never busy", |tape| {
            for n in 0..40 {
                tape.media_combined(n * 3 * SECOND, &Request::get("10.20.0.14", "/api/videos", 200));
            }
        }),
    ]
}

/// The shop's 24 error codes; the severity goes with the code.
fn errors() -> Vec<Sample> {
    const AREAS: [&str; 6] = ["AUTH", "DB", "API", "ML", "AGENT", "SYS"];
    const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];
    vec![
        sample(
            "availability-error-codes",
            "all error codes in all severities, and one of them again and again",
            |tape| {
                for (area, name) in AREAS.into_iter().enumerate() {
                    for (number, severity) in SEVERITIES.into_iter().enumerate() {
                        let at = (area * 4 + number) as u64 * 10 * SECOND;
                        tape.shop_error_code(
                            at,
                            &format!("{name}_{:03}", number + 1),
                            severity,
                            "Operation failed",
                        );
                    }
                }
                for n in 0..10 {
                    tape.shop_error_code(
                        5 * MINUTE + n * 12 * SECOND,
                        "API_003",
                        "high",
                        "Upstream did not answer",
                    );
                }
            },
        ),
        sample("availability-error-codes.benign", "user mistakes, each with its code", |tape| {
            for n in 0..6 {
                tape.shop_error_code(n * MINUTE, "AUTH_001", "low", "Wrong password");
            }
        }),
        sample("sessions-and-tokens-blacklist", "twenty tokens revoked within ten minutes", |tape| {
            for n in 0..20 {
                tape.shop(
                    n * 25 * SECOND,
                    "INFO",
                    "security.tokens",
                    "🚫 Token blacklisted for security",
                    "",
                );
            }
        }),
        sample("sessions-and-tokens-blacklist.benign", "five people log out", |tape| {
            for n in 0..5 {
                tape.shop(n * MINUTE, "INFO", "security.tokens", "🚫 Token blacklisted for security", "");
                let session = json!(format!("s-{n}"));
                tape.assist(n * MINUTE, "info", "token_revoked", &[("session_id", session)]);
            }
        }),
    ]
}

fn scores() -> Vec<Sample> {
    let audit = |tape: &mut Sheet, at: u64, action: &str, score: u64| {
        let fields = [
            ("action", json!(action)),
            ("user", json!("ida.moss")),
            ("risk_score", json!(score)),
            ("client_ip", json!("10.30.0.9")),
        ];
        tape.assist(at, "info", "audit_event", &fields);
    };
    let request = |tape: &mut Sheet, at: u64, ip: String, agent: String| {
        let fields = [
            ("method", json!("GET")),
            ("path", json!("/api/v1/packages")),
            ("status_code", json!(200)),
            ("client_ip", json!(ip)),
            ("user_agent", json!(agent)),
            ("customer_id", json!("cust_1003")),
        ];
        tape.market_with(
            at,
            &MarketLine {
                level: "INFO",
                logger: "middleware.logging",
                message: "Request completed",
                trace: "",
            },
            &fields,
        );
    };
    vec![
        sample(
            "authentication-audit-risk",
            "an audit event of high risk, and small ones that add up",
            |tape| {
                audit(tape, 0, "role_changed", 80);
                for n in 1..=4 {
                    audit(tape, n * 3 * MINUTE, "document_exported", 30);
                }
            },
        ),
        sample("authentication-audit-risk.benign", "a morning of small risks", |tape| {
            for n in 0..6 {
                audit(tape, n * 20 * MINUTE, "document_read", 5);
            }
        }),
        sample(
            "abuse-customer-score",
            "ten requests of one customer from four addresses with ten agents: score 50",
            |tape| {
                for (n, at) in [0, 2, 3, 7, 8, 15, 17, 30, 31, 50].into_iter().enumerate() {
                    request(tape, at * SECOND, format!("203.0.113.{}", 120 + n % 4), format!("agent/{n}.0"));
                }
            },
        ),
        sample(
            "abuse-customer-score.benign",
            "ten requests of one customer, by a browser and by a program",
            |tape| {
                for (n, at) in [0, 2, 3, 7, 8, 15, 17, 30, 31, 50].into_iter().enumerate() {
                    let agent = if n % 2 == 0 { BROWSER } else { "python-requests/2.32.3" };
                    request(tape, at * SECOND, format!("10.40.7.{}", 3 + n % 2), agent.to_owned());
                }
            },
        ),
    ]
}

fn plain_http() -> Vec<Sample> {
    let redirect = |tape: &mut Sheet, at: u64, scheme: &str, target: &str| {
        let time = tape.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        let line = json!({
            "time": time, "remote_addr": "203.0.113.130", "scheme": scheme, "host": "media.example",
            "method": "GET", "uri": target, "status": 301, "body_bytes_sent": 162, "request_time": 0.0,
        });
        tape.push(at, MEDIA_ACCESS, line.to_string());
    };
    vec![
        sample("transport-plain-http", "a client that comes without TLS and is redirected", |tape| {
            for n in 0..4 {
                redirect(tape, n * 5 * SECOND, "http", "/api/videos?token=1");
            }
        }),
        sample("transport-plain-http.benign", "redirects to a new place, with TLS", |tape| {
            for n in 0..4 {
                redirect(tape, n * 5 * SECOND, "https", "/old/videos");
            }
        }),
    ]
}
