//! How the services run, and what makes the picture of them unreliable.

use serde_json::json;

use super::{MINUTE, SECOND, Sample, sample};
use soctop::samples::Tape;
use soctop::samples::systems::{MARKET, MarketLine, Request};

pub(super) fn configuration() -> Vec<Sample> {
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

pub(super) fn availability() -> Vec<Sample> {
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
                "ERROR:    Application startup failed. Exiting.",
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
            tape.market(50 * SECOND, "INFO", "core.cache", "Redis connection restored", "");
        }),
    ]
}

pub(super) fn retries_and_latency() -> Vec<Sample> {
    vec![
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

/// As a shipper does that has room for less.
fn cut_last(tape: &mut Tape) {
    if let Some(line) = tape.lines.last_mut() {
        line.text.truncate(line.text.len() - 12);
    }
}

/// A line that has nothing of the format of those before it.
fn speak_otherwise(tape: &mut Tape) {
    if let Some(line) = tape.lines.last_mut() {
        line.text = "order accepted, and nobody knows whose".to_owned();
    }
}

/// This many lines of a shop, of which the last say it otherwise.
fn shop_that_changes(tape: &mut Tape, otherwise: u64) {
    for n in 0..240 + otherwise {
        tape.shop(n * SECOND, "INFO", "shop.core", "Order accepted", "");
        if n >= 240 {
            speak_otherwise(tape);
        }
    }
}

pub(super) fn correlation_ids() -> Vec<Sample> {
    vec![
        sample("self-format-lost", "a service that stops writing records in the middle of a day", |tape| {
            shop_that_changes(tape, 24);
        }),
        sample("self-format-lost.benign", "a service that says a few words between its records", |tape| {
            shop_that_changes(tape, 8);
        }),
        sample("self-shared-correlation-id", "one correlation id on the requests of many clients", |tape| {
            let cid = "0b891fb5-16be-4485-bc28-6e131043aa17";
            for n in 0..8 {
                let ip = format!("10.30.0.{}", 4 + n % 5);
                tape.shop_request(n * 9 * SECOND, cid, &Request::get(&ip, "/api/v1/products", 200));
            }
        }),
        sample("self-damaged-lines", "a shipper that cuts every line of a service", |tape| {
            for n in 0..24 {
                tape.shop(n * 7 * SECOND, "INFO", "shop.core", "Order accepted", "");
                cut_last(tape);
            }
        }),
        sample("self-damaged-lines.benign", "a few lines that were cut when a disk was full", |tape| {
            for n in 0..40 {
                tape.shop(n * 5 * SECOND, "INFO", "shop.core", "Order accepted", "");
                if n % 3 == 0 {
                    cut_last(tape);
                }
            }
        }),
        sample("self-client-chosen-id", "a client that sends the same trace id with every request", |tape| {
            for n in 0..9 {
                tape.market_with(
                    n * 4 * SECOND,
                    &MarketLine {
                        level: "INFO",
                        logger: "middleware.logging",
                        message: "Request started",
                        trace: "deadbeef-0001",
                    },
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
