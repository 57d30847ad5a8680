//! What a writer of log lines does to keep an attack from being seen: broken ends, padding, fields and secrets without
//! number, wrappers, several lines. Detection tells all of it, in `replay` and in `watch`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use crate::harness::{Running, TestEnv, append, start, wait_for};

const INJECTION: &str = "/items?id=1%27%20UNION%20SELECT%20password%20FROM%20users--%20";

/// Turns the lines of an attack into what is written.
type Evasion = fn(&str) -> String;

/// The member that every line ends with, and what it becomes.
fn last(line: &str, instead: &str) -> String {
    line.replace(",\"end\":1}", instead)
}

fn first(line: &str, more: &str) -> String {
    line.replacen('{', &format!("{{{more},"), 1)
}

fn items(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn docker(line: &str) -> String {
    format!(r#"{{"log":{},"stream":"stdout","time":"{}"}}"#, quoted(&format!("{line}\n")), now())
}

/// Before the assignments that a line of a request begins with.
fn with_secrets(line: &str, count: usize) -> String {
    line.replace("/items?", &format!("/items?{}", "token=abcd&".repeat(count)))
        .replace("\"m\"", &format!("\"{}\"", "token=abcd&".repeat(count)))
}

const EVASIONS: [(&str, Evasion); 38] = [
    ("as it is", str::to_owned),
    ("no last brace", |line| last(line, ",\"end\":1")),
    ("no last quote", |line| last(line, ",\"end\":\"1")),
    ("text behind", |line| format!("{line} and more")),
    ("a second object", |line| format!("{line} {{\"other\":1}}")),
    ("a comma too many", |line| last(line, ",\"end\":1,}")),
    ("a leading zero", |line| last(line, ",\"end\":01}")),
    ("a plus", |line| last(line, ",\"end\":+1}")),
    ("hexadecimal", |line| last(line, ",\"end\":0x1}")),
    ("True", |line| last(line, ",\"end\":True}")),
    ("None", |line| last(line, ",\"end\":None}")),
    ("undefined", |line| last(line, ",\"end\":undefined}")),
    ("a comment", |line| last(line, ",\"end\":1 /* x */}")),
    ("a key in single quotes", |line| last(line, ",'end':1}")),
    ("an escape in front", |line| format!("\x1b[31m{line}")),
    ("bad UTF-8 is text", |line| last(line, ",\"end\":\"\u{fffd}\"}")),
    ("a key twice", |line| first(line, "\"event\":\"page_viewed\",\"uri\":\"/\"")),
    ("padding in the value", |line| {
        line.replace("/items?", &format!("/items?pad={}&", "A".repeat(64 << 10)))
    }),
    ("padding before the payload", |line| line.replace("?id=1", &format!("?id={}", "A".repeat(64 << 10)))),
    ("padding behind the payload", |line| {
        line.replace("users--%20", &format!("users--%20{}", "A".repeat(64 << 10)))
    }),
    ("padding on both sides", |line| {
        let padding = "A".repeat(64 << 10);
        line.replace("?id=1", &format!("?id={padding}"))
            .replace("users--%20", &format!("users--%20{padding}"))
    }),
    ("1,100 parameters with signs", |line| {
        line.replace("/items?", &format!("/items?{}", "x='&".repeat(1_100)))
    }),
    ("padding in front", |line| first(line, &format!("\"pad\":\"{}\"", "A".repeat(200 << 10)))),
    ("1,100 keys", |line| first(line, &items(1_100, |n| format!("\"k{n}\":{n}")))),
    ("1,100 numbers", |line| first(line, &format!("\"ids\":[{}]", items(1_100, |n| n.to_string())))),
    ("1,100 texts", |line| first(line, &format!("\"ids\":[{}]", items(1_100, |n| format!("\"x{n}\""))))),
    ("1,100 objects", |line| {
        first(line, &format!("\"ids\":[{}]", items(1_100, |n| format!("{{\"a\":{n}}}"))))
    }),
    ("200 levels", |line| first(line, &format!("\"deep\":{}1{}", "[".repeat(200), "]".repeat(200)))),
    ("251 secrets", |line| with_secrets(line, 251)),
    ("5,000 secrets", |line| with_secrets(line, 5_000)),
    ("65 fields with secrets", |line| {
        first(line, &items(65, |n| format!("\"password_{n}_token\":\"secret{n}\"")))
    }),
    ("in a container's line", docker),
    ("twice in a container's line", |line| docker(&docker(line))),
    ("in a runtime's line", |line| format!("{} stdout F {line}", now())),
    ("cut by the runtime", |line| {
        let (head, tail) = line.split_at(line.len() / 2);
        format!("{0} stdout P {head}\n{0} stdout F {tail}", now())
    }),
    ("in syslog", |line| format!("<134>1 {} web1 shop 42 - - {line}", now())),
    ("in an array", |line| format!("[{{\"other\":1}},{line}]")),
    ("over several lines", |line| {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object");
        serde_json::to_string_pretty(&value).expect("an object")
    }),
];

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// Guessed passwords of one account, and an injection of one address, written in some way.
fn attack(number: usize, evasion: Evasion) -> String {
    let mut text = String::new();
    for attempt in 0..6 {
        let line = format!(
            r#"{{"timestamp":"{}","level":"WARNING","logger":"auth","service":"shop","event":"login_failed","username":"user{number}","client_ip":"203.0.113.{number}","user_agent":"m","attempt":{attempt},"end":1}}"#,
            now()
        );
        writeln!(text, "{}", evasion(&line)).expect("memory");
    }
    let line = format!(
        r#"{{"timestamp":"{}","service":"shop","remote_addr":"198.51.100.{number}","method":"GET","uri":"{INJECTION}","status":200,"user_agent":"m","end":1}}"#,
        now()
    );
    writeln!(text, "{}", evasion(&line)).expect("memory");
    text
}

/// `rule: whom` of what was told, as far as the attacks are concerned.
fn told(alerts: &str) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for alert in alerts.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
        let name = alert["rule"]["name"].as_str().unwrap_or_default();
        let group = alert["group"].as_object();
        for whom in group.into_iter().flat_map(serde_json::Map::values).filter_map(|value| value.as_str()) {
            told.insert(format!("{name}: {whom}"));
        }
    }
    told
}

/// The same of plain lines, in which a rule has its title.
fn told_plainly(lines: &str) -> BTreeSet<String> {
    let names = [("Account locked out", "account_lockout"), ("SQL injection in a request", "sql_injection")];
    let mut told = BTreeSet::new();
    for line in lines.lines() {
        for (_, name) in names.iter().filter(|(title, _)| line.ends_with(title)) {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '.');
            told.extend(words.map(|word| format!("{name}: {word}")));
        }
    }
    told
}

/// What must be told, with the name of the evasion.
fn expected() -> Vec<(String, &'static str)> {
    let of = |(number, (name, _)): (usize, &(&'static str, Evasion))| {
        let lockout = (format!("account_lockout: user{number}"), *name);
        [lockout, (format!("sql_injection: 198.51.100.{number}"), *name)]
    };
    EVASIONS.iter().enumerate().flat_map(of).collect()
}

fn missing(told: &BTreeSet<String>) -> Vec<(String, &'static str)> {
    expected().into_iter().filter(|(what, _)| !told.contains(what)).collect()
}

fn write_logs(env: &TestEnv) {
    for (number, (_, evasion)) in EVASIONS.iter().enumerate() {
        append(&env.log(&format!("{number}.log")), &attack(number, *evasion));
    }
}

#[test]
fn a_replay_tells_an_attack_however_it_is_written() {
    let env = TestEnv::new();
    write_logs(&env);
    let printed = env.stdout_of(&["replay", "--format", "ndjson", "logs"], 0);
    let missing = missing(&told(&printed));
    assert!(missing.is_empty(), "not told: {missing:#?}");
    let summary: serde_json::Value =
        serde_json::from_str(printed.lines().last().expect("a summary")).expect("an object");
    assert!(summary["repaired"].as_u64() >= Some(12 * 7), "what was broken is counted: {summary}");
}

/// A plain watch over the logs, and the file in which its alerts appear.
fn watching(env: &TestEnv) -> (Running, PathBuf) {
    append(&env.log("quiet.log"), "{\"message\":\"started\"}\n");
    let printed = env.path("alerts.txt");
    let child = start(
        env.command(&["watch", "--plain", "logs"])
            .stdout(std::fs::File::create(&printed).expect("a file"))
            .stderr(Stdio::null()),
    );
    (child, printed)
}

#[test]
fn watching_tells_an_attack_however_it_is_written() {
    let env = TestEnv::new();
    let (mut child, printed) = watching(&env);
    write_logs(&env);
    let left = || missing(&told_plainly(&std::fs::read_to_string(&printed).unwrap_or_default()));
    wait_for("all attacks", || left().is_empty().then_some(()));
    child.kill().expect("watch is killed");
    child.wait().expect("watch is reaped");
}

/// A line of an access log of nginx, as its client would have it.
fn access_line(address: &str, user: &str, request: &str, rest: &str) -> String {
    let time = chrono::Utc::now().format("%d/%b/%Y:%H:%M:%S +0000");
    format!("{address} - {user} [{time}] \"{request}\" 401 10 \"-\" \"m\"{rest}")
}

/// What clients do to their requests, with `user`, `request` and further fields of the log.
fn disguised_requests(target: &str) -> Vec<(String, String, String)> {
    let long = "A".repeat(400);
    let written = format!("POST {target} HTTP/1.1");
    let users = ["-", "[", "x 192.0.2.1", "root from 192.0.2.1", "a | b", "x [", "\\x22", "[x] y", &long];
    let forged = r#"x [29/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"#;
    let mut disguised: Vec<_> = users
        .iter()
        .chain([&forged])
        .map(|user| ((*user).to_owned(), written.clone(), String::new()))
        .collect();
    let agent = format!(" \"a {} \"", access_line("192.0.2.1", "-", "GET / HTTP/1.1", ""));
    disguised.push(("-".to_owned(), written, agent));
    for request in
        ["POST {}", "post {} http/1.1", r"\x0D\x0APOST {} HTTP/1.1", "POST   {}  HTTP/1.1", "POST HTTP://h{}"]
    {
        disguised.push(("-".to_owned(), request.replace("{}", target), String::new()));
    }
    disguised
}

/// Requests of one address each, and the rules that a replay tells of it.
fn told_of_each(lines: impl Iterator<Item = Vec<String>>) -> Vec<BTreeSet<String>> {
    let env = TestEnv::new();
    let mut count = 0;
    for (number, lines) in lines.enumerate() {
        append(
            &env.log(&format!("{number}.log")),
            &(lines.join("\n").replace("{ip}", &address(number)) + "\n"),
        );
        count += 1;
    }
    let told = told(&env.stdout_of(&["replay", "--format", "ndjson", "logs"], 0));
    let of = |number| {
        let whom = format!(": {}", address(number));
        told.iter().filter_map(|told| told.strip_suffix(&whom)).map(str::to_owned).collect()
    };
    (0..count).map(of).collect()
}

fn address(number: usize) -> String {
    format!("198.51.100.{}", number + 1)
}

#[test]
fn no_request_hides_an_injection() {
    let mut requests = disguised_requests(INJECTION);
    let methods = ["FOO", "TRACK", "QUERY", "ACL", "LINK", "M-SEARCH", "VERSION-CONTROL", "foo"];
    requests.extend(
        methods.map(|method| ("-".to_owned(), format!("{method} {INJECTION} HTTP/1.1"), String::new())),
    );
    requests.push(("-".to_owned(), format!("FOO {INJECTION}"), String::new()));
    // No request at all.
    requests.push(("-".to_owned(), format!("\\xFFfoo|{}", INJECTION.replace("%20", " ")), String::new()));
    let payload = "1' UNION SELECT password FROM users-- ";
    for rest in
        [format!(" \"{payload}\""), format!(" \"-\" 0.2 \"{payload}\""), format!(" x=1 y=\"{payload}\"")]
    {
        requests.push(("-".to_owned(), "GET / HTTP/1.1".to_owned(), rest));
    }
    let lines = requests.iter().map(|(user, request, rest)| vec![access_line("{ip}", user, request, rest)]);
    for (told, request) in told_of_each(lines).iter().zip(&requests) {
        assert!(told.contains("sql_injection"), "{request:?}: {told:?}");
    }
}

#[test]
fn no_request_hides_guessed_passwords() {
    let mut requests = disguised_requests("/login");
    for path in [
        "/log%69n",
        "/log%2569n",
        "//login",
        "/./login",
        "/x/../login",
        "/x/..%2flogin",
        "/LOGIN",
        "/login;a=b",
    ] {
        requests.push(("-".to_owned(), format!("POST {path} HTTP/1.1"), String::new()));
    }
    let lines =
        requests.iter().map(|(user, request, rest)| vec![access_line("{ip}", user, request, rest); 60]);
    let told = told_of_each(lines);
    let plain: Vec<_> = told[0].iter().filter(|rule| rule.contains("login")).collect();
    assert!(!plain.is_empty(), "{:?}", told[0]);
    for (told, request) in told.iter().zip(&requests) {
        assert!(plain.iter().all(|rule| told.contains(*rule)), "{request:?}: {told:?}, and not {plain:?}");
    }
}

/// A line of a service in some condition, and the rule that tells of twenty of them.
const CONDITIONS: [(&str, &str, Evasion); 5] = [
    ("cutter", "damaged_lines", |line| first(line, &format!("\"pad\":\"{}\"", "A".repeat(1 << 20)))),
    ("breaker", "damaged_lines", |line| last(line, "")),
    ("doubler", "damaged_lines", |line| first(line, "\"level\":\"debug\"")),
    ("digger", "damaged_lines", |line| {
        first(line, &format!("\"deep\":{}1{}", "[".repeat(80), "]".repeat(80)))
    }),
    ("talker", "stray_lines", |line| format!("{}: something else", line.len())),
];

/// Lines as they should be, then some in a condition, as a container's runtime keeps them.
fn from_bad_to_worse(service: &str, evasion: Evasion) -> String {
    let odd = |number: usize| {
        let line = format!("{{\"level\":\"info\",\"n\":{number},\"end\":1}}");
        if number < 300 { line } else { evasion(&line) }
    };
    let wrapped = (0..325).map(|number| {
        let log = quoted(&format!("{}\n", odd(number)));
        format!(r#"{{"log":{log},"service":"{service}","stream":"stdout","time":"{}"}}"#, now()) + "\n"
    });
    wrapped.collect()
}

#[test]
fn a_jump_of_odd_lines_of_each_kind_is_told() {
    let env = TestEnv::new();
    let (mut child, printed) = watching(&env);
    for (service, _, evasion) in CONDITIONS {
        append(&env.log(&format!("{service}.log")), &from_bad_to_worse(service, evasion));
    }
    let told = told(&env.stdout_of(&["replay", "--format", "ndjson", "logs"], 0));
    for (service, rule, _) in CONDITIONS {
        assert!(told.contains(&format!("{rule}: {service}")), "{rule} of {service} is not in {told:?}");
    }
    let said = || std::fs::read_to_string(&printed).unwrap_or_default();
    let missing = || CONDITIONS.iter().find(|(service, ..)| !said().contains(&format!("lines of {service}")));
    wait_for("all jumps", || missing().is_none().then_some(()));
    child.kill().expect("watch is killed");
    child.wait().expect("watch is reaped");
}
