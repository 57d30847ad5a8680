//! Who gets in, with what, and from where.

use serde_json::json;

use super::super::Sheet;
use super::{MINUTE, SECOND, Sample, sample};
use soctop::samples::systems::Request;

pub(super) fn authentication() -> Vec<Sample> {
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

pub(super) fn guessing() -> Vec<Sample> {
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
    ]
}

pub(super) fn denied() -> Vec<Sample> {
    vec![
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
    ]
}

pub(super) fn denied_by_origin() -> Vec<Sample> {
    vec![
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
    ]
}

pub(super) fn keys() -> Vec<Sample> {
    vec![
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
    ]
}

pub(super) fn roles() -> Vec<Sample> {
    vec![
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
                tape.lattice(80 * SECOND, "admin.users", "INFO", "jin.park promoted lena to admin");
            },
        ),
        sample(
            "authentication-refused-everywhere",
            "a stolen session tries twelve videos of others, then makes an account",
            |tape| {
                for n in 0..12u64 {
                    tape.media_denied(
                        n * 5 * SECOND,
                        "jin.park",
                        "203.0.113.172",
                        &format!("video:{}", n + 1),
                    );
                }
                let at = 10 * 60 * SECOND;
                tape.media_change(
                    at,
                    "user_created",
                    "jin.park",
                    "user:helpdesk2",
                    json!(null),
                    "203.0.113.172",
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
                tape.like("administrator_appointed", |tape| {
                    tape.lattice(80 * SECOND, "admin.users", "INFO", "jin.park promoted lena to editor");
                });
            },
        ),
    ]
}

pub(super) fn resets() -> Vec<Sample> {
    vec![
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

/// Something that a session of a user does at an address.
fn session(tape: &mut Sheet, at: u64, what: &str, [id, user, address]: [&str; 3]) {
    let fields = [("session_id", json!(id)), ("user_id", json!(user)), ("client_ip", json!(address))];
    tape.assist(at, "info", what, &fields);
}

pub(super) fn tokens() -> Vec<Sample> {
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
    ]
}

pub(super) fn sessions() -> Vec<Sample> {
    vec![
        sample(
            "sessions-and-tokens-travel",
            "one session at four addresses, seven sessions of one user, impossible travel",
            |tape| {
                for (n, ip) in ["10.30.0.9", "198.51.100.23", "203.0.113.9", "192.0.2.77"].iter().enumerate()
                {
                    session(tape, n as u64 * 40 * SECOND, "session_activity", ["s-51d0", "u-1042", ip]);
                }
                for n in 0..7 {
                    let id = format!("s-{n:04}");
                    let at = 3 * MINUTE + n * 20 * SECOND;
                    session(tape, at, "session_created", [&id, "u-2001", "198.51.100.9"]);
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
                    session(tape, n as u64 * MINUTE, "session_activity", ["s-77aa", "u-3", ip]);
                }
                for n in 0..2 {
                    let id = format!("s-78{n:02}");
                    let at = 4 * MINUTE + n * 20 * SECOND;
                    session(tape, at, "session_created", [&id, "u-3", "198.51.100.200"]);
                }
            },
        ),
    ]
}
