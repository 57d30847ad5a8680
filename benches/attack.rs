//! What looking for attacks costs: an ordinary request, and values of 8 KiB that were made to cost time.
//!
//! The best of some runs counts, in CPU time of the thread: `cargo bench --bench attack`.

#![expect(clippy::print_stdout, reason = "a report of its own")]

use std::hint::black_box;

use clock::cpu_time;
use soctop::attack::{Place, Scanner};

mod clock;

const RUNS: usize = 7;
const VALUE_BYTES: usize = 8 << 10;

/// Path, query, body and cookies as a shop, an interface and a search form are asked for them.
const REQUESTS: [(&str, &str, &str, &str); 12] = [
    ("/", "", "", ""),
    ("/assets/app.3f9c1b.js", "v=20261128", "", "session=8f1c2a77; theme=dark"),
    ("/search", "q=red+shoes+size+42&sort=price", "", "session=8f1c2a77; theme=dark"),
    ("/search", "q=what%27s+new+in+women%27s+shoes", "", "session=8f1c2a77"),
    ("/api/v1/orders/48213", "expand=items%2Ccustomer", "", ""),
    (
        "/api/v1/orders",
        "",
        r#"{"items": [{"sku": "A-1", "count": 2}], "note": "ring at the back door, please"}"#,
        "",
    ),
    ("/login", "", "user=ann%40shop.example&next=%2Faccount", "csrf=0a9b8c7d6e5f"),
    (
        "/graphql",
        "",
        r#"{"query": "{ order(id: 7) { total } }", "variables": {"first": 20}}"#,
        "session=8f1c2a77",
    ),
    ("/healthz", "", "", ""),
    ("/blog/2026/11/how-we-bake-bread.html", "utm_source=letter&utm_medium=email", "", ""),
    ("/static/../static/logo.png", "", "", ""),
    (
        "/api/comments",
        "",
        r#"{"text": "I'd say it's 5 > 3, isn't it? See https://shop.example/faq#returns"}"#,
        "",
    ),
];

/// Beside every printable character alone.
const PIECES: [&str; 30] = [
    "\n",
    "é",
    "1 or ",
    "<a b='",
    "/**/",
    "' ",
    "%25",
    "select ",
    "../",
    "..\\",
    "${",
    "$(",
    ");(",
    "union ",
    "onload ",
    "'||'",
    "{{",
    "a=b&",
    "; id ",
    "<svg ",
    "0x2e",
    "..%2f",
    "=1 or 1",
    "case when ",
    "http://",
    "x' or ",
    "&#x41;",
    "(&(a=b)",
    "for %a ",
    "\\u0041",
];

fn main() {
    let mut scanner = Scanner::default();
    let ordinary = best(|| {
        for (path, query, body, cookies) in REQUESTS {
            scanner.path(path);
            scanner.parameters(Place::Query, query);
            scanner.body(body);
            scanner.cookies(cookies);
            black_box(scanner.finish());
        }
    });
    println!("ordinary request: {:.2} us", ordinary / REQUESTS.len() as f64);
    let letters = (b' '..=b'~').map(|byte| char::from(byte).to_string());
    let mut costs: Vec<(f64, String)> = letters
        .chain(PIECES.map(str::to_owned))
        .map(|piece| {
            let text = piece.repeat(VALUE_BYTES / piece.len());
            let cost = best(|| {
                scanner.named(Place::Query, "q", &text);
                black_box(scanner.finish());
            });
            (cost, piece)
        })
        .collect();
    costs.sort_by(|one, other| other.0.total_cmp(&one.0));
    println!("a value of 8 KiB: median {:.0} us, dearest:", costs[costs.len() / 2].0);
    for (cost, piece) in costs.iter().take(8) {
        println!("{cost:>8.0} us  {piece:?}");
    }
}

/// Microseconds, the least of some runs.
fn best(mut run: impl FnMut()) -> f64 {
    let mut once = || {
        let start = cpu_time();
        run();
        (cpu_time() - start).as_nanos() as f64 / 1e3
    };
    (0..RUNS).map(|_| once()).fold(f64::MAX, f64::min)
}
