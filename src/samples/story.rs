//! Ten minutes at five small back ends, as `soctop demo` replays them.
//!
//! The plot, in minutes: 0 ordinary work. 1 somebody guesses lena's password until the account is
//! locked. 2 the shop's database goes away, its breaker opens and flaps. 3 an impatient client is
//! rate limited, then blocked. 4 a scanner tries SQL in every parameter. 5 a stolen refresh token is
//! used again. 6 one API key appears at many addresses; the limiter's store is down. 7 a superuser
//! appears in the database. 8 passwords are sprayed. 9 recovery.

use super::{Line, Tape};
use crate::event::Timestamp;
use crate::event::number::to_u64;

/// Length of the story in milliseconds.
pub const STORY_MILLIS: u64 = 600_000;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;

/// The story for `seed`, its lines carrying times from `start` on, sorted by time.
#[must_use]
pub fn story(seed: u64, start: Timestamp) -> Vec<Line> {
    let mut tape = Tape::new(seed, start);
    ordinary_work(&mut tape);
    tape.market_banner(0);
    tape.brute_force_until_locked(MINUTE, "lena@shop.example", "203.0.113.61", 6 * SECOND);
    failing_database(&mut tape, 2 * MINUTE);
    impatient_client(&mut tape, 3 * MINUTE);
    scanner(&mut tape, 4 * MINUTE);
    tape.refresh_token_reused(5 * MINUTE, "u-1042", "10.30.0.9", "198.51.100.23");
    tape.revoked_token_used(5 * MINUTE + 10 * SECOND, "maria@shop.example", "10.30.0.5", "198.51.100.24");
    tape.key_shared_by_many(6 * MINUTE, "cust_1002", 8);
    tape.market_redis_down(6 * MINUTE + 35 * SECOND, 8);
    tape.postgres_guessing(7 * MINUTE - 10 * SECOND, "10.20.66.6", 8);
    tape.postgres_takeover(7 * MINUTE + 8 * SECOND, "10.20.66.6");
    spraying(&mut tape, 8 * MINUTE);
    tape.market_crash(
        8 * MINUTE + 40 * SECOND,
        &super::systems::Request::get("10.40.7.3", "/api/v1/analytics", 500),
        "ZeroDivisionError",
        "division by zero",
    );
    tape.shop_login(9 * MINUTE + 20 * SECOND, "maria@shop.example", "10.30.0.5", true);
    let mut lines = tape.into_lines();
    lines.retain(|line| line.at_millis < STORY_MILLIS);
    lines
}

/// People and health checks, all the time: a busier and a quieter half of every minute.
fn ordinary_work(tape: &mut Tape) {
    let mut at = 50;
    while at < STORY_MILLIS {
        let (shop, market) = (tape.random.between(4, 9), tape.random.between(2, 5));
        let (shop, market) = (format!("10.30.0.{shop}"), format!("10.40.7.{market}"));
        match tape.random.below(10) {
            0..=2 => tape.shop_visit(at, &shop),
            3..=4 => tape.market_visit(at, &market),
            5..=6 => tape.media_visit(at, "10.20.0.14"),
            7 => tape.lattice_visit(at, "10.70.0.4"),
            8 => tape.assist_visit(at, "10.30.0.9"),
            _ => {
                tape.order_across_services(at, &shop, "omar@shop.example");
            }
        }
        let busy = (at / 30_000).is_multiple_of(2);
        at += if busy { tape.random.between(120, 700) } else { tape.random.between(400, 1_400) };
    }
    let users = ["maria@shop.example", "omar@shop.example", "dev.ops@shop.example"];
    for (index, user) in users.iter().enumerate() {
        let ip = format!("10.30.0.{}", 5 + index);
        tape.shop_login((to_u64(index) + 1) * 9 * SECOND, user, &ip, true);
    }
    // Everybody mistypes once; this is no attack.
    tape.shop_login(36 * SECOND, "omar@shop.example", "10.30.0.6", false);
    tape.shop_login(41 * SECOND, "omar@shop.example", "10.30.0.6", true);
    tape.lattice_login(20 * SECOND, "olga@lattice.example", "10.70.0.4", true);
    tape.media_login(25 * SECOND, "jin.park", "10.20.0.14", None);
}

fn failing_database(tape: &mut Tape, at: u64) {
    let error = "connection to server at 'db-primary' (10.30.5.4), port 5432 failed: Connection refused";
    tape.shop_breaker_opens(at, "database", error, 3);
    tape.media_database_down(at + 4 * SECOND, 6);
    tape.shop_breaker(at + 33 * SECOND, "database", "half_open");
    tape.shop_breaker(at + 34 * SECOND, "database", "open");
    tape.shop_breaker(at + 64 * SECOND, "database", "half_open");
    tape.shop_breaker(at + 67 * SECOND, "database", "closed");
    tape.market_breaker(at + 20 * SECOND, "anthropic_api", "OPEN");
    tape.market_breaker(at + 80 * SECOND, "anthropic_api", "HALF_OPEN");
    tape.market_breaker(at + 82 * SECOND, "anthropic_api", "CLOSED");
    tape.shop_breaker(7 * MINUTE + 30 * SECOND, "openai_api", "open");
}

fn impatient_client(tape: &mut Tape, at: u64) {
    tape.shop_rate_limited(at, "198.51.100.77", 14, 900);
    tape.shop_address_blocked(at + 14 * SECOND, "198.51.100.77");
    tape.market_flood(at + 25 * SECOND, "203.0.113.24", 40);
    tape.media_rate_limited(at + 30 * SECOND, "203.0.113.50", 6);
}

fn scanner(tape: &mut Tape, at: u64) {
    let ip = "203.0.113.91";
    tape.shop_injection(
        at,
        ip,
        &[
            "/api/v1/products?q=1+UNION+SELECT+password+FROM+users",
            "/api/v1/products?q=1%27+OR+%271%27%3D%271",
            "/api/v1/products?q=x%27%3B+DROP+TABLE+orders--",
            "/api/v1/products?q=1%27+AND+SLEEP(5)--+-",
            "/api/v1/files?name=../../../../etc/passwd",
            "/api/v1/run?c=%3Bcat+/etc/passwd",
        ],
        4 * SECOND,
    );
    tape.market_injection(
        at + 12 * SECOND,
        ip,
        "/api/v1/packages?q=%3Cscript%3Ealert(document.cookie)%3C%2Fscript%3E",
        "XSS",
    );
    tape.market_injection(
        at + 16 * SECOND,
        ip,
        "/api/v1/packages?q=1+UNION+SELECT+a+FROM+b",
        "SQL injection",
    );
    tape.path_scan(at + 22 * SECOND, ip, 30);
}

fn spraying(tape: &mut Tape, at: u64) {
    let users = ["ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal", "ivy", "joe", "kim", "leo"]
        .map(|name| format!("{name}@shop.example"));
    for (index, user) in users.iter().enumerate() {
        let ip = format!("198.51.100.{}", 70 + index % 3);
        tape.shop_login(at + to_u64(index) * 3 * SECOND, user, &ip, false);
    }
}
