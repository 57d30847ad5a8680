//! Lines as the documentation of products shows them, and what must be read out of each: time, wrapper, client, ids,
//! account, level, and secrets that must not be shown.

use std::sync::Arc;

use soctop::event::{Event, GenerationId, Origin, Outcome, Paths, Redacted, SourceId, Timestamp};
use soctop::normalize::{Redaction, Redactor};
use soctop::pipeline::{Engine, EngineOptions, Line};
use soctop::sigma::RuleSet;

mod products;

/// A line and `name=value` of fields that it must have; `-name` of one that it must not have; `!text` must not be shown.
type Case = (&'static str, &'static [&'static str]);

const TIME: &[Case] = &[
    // Kafka's pattern for log4j.
    (
        "[2026-11-28 09:30:00,123] INFO [KafkaServer id=1] started (kafka.server.KafkaServer)",
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    // MySQL's error log.
    (
        "2026-11-28T09:30:00.123456Z 42 [Warning] [MY-010055] [Server] IP address could not be resolved",
        &["time=2026-11-28T09:30:00.123456Z"],
    ),
    // MongoDB's structured log.
    (
        r#"{"t":{"$date":"2026-11-28T10:30:00.123+01:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"listener","msg":"Connection accepted"}"#,
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    // Serilog's compact format, seven digits.
    (r#"{"@t":"2026-11-28T09:30:00.1234567Z","@mt":"x"}"#, &["time=2026-11-28T09:30:00.1234567Z"]),
    // Linux audit.
    (
        r#"type=USER_LOGIN msg=audit(1795858200.123:4242): pid=99 uid=0 auid=1000 ses=3 msg='op=login acct="alice" exe="/usr/sbin/sshd" hostname=? addr=203.0.113.9 terminal=sshd res=failed'"#,
        &["time=2026-11-28T09:30:00.123Z"],
    ),
    // Redis.
    ("1234:M 28 Nov 2026 09:30:00.123 * Ready to accept connections", &["time=2026-11-28T09:30:00.123Z"]),
    // CloudTrail.
    (
        r#"{"eventVersion":"1.08","eventTime":"2026-11-28T09:30:00Z","eventName":"ConsoleLogin"}"#,
        &["time=2026-11-28T09:30:00Z"],
    ),
];

const WRAPPERS: &[Case] = &[
    // Docker's json-file.
    (
        r#"{"log":"203.0.113.9 - - [28/Nov/2026:09:30:00 +0000] \"GET /login HTTP/1.1\" 401 5 \"-\" \"curl/8\"\n","stream":"stdout","time":"2026-11-28T09:30:01Z"}"#,
        &[
            "source.ip=203.0.113.9",
            "url.path=/login",
            "http.response.status_code=401",
            "time=2026-11-28T09:30:00Z",
        ],
    ),
    // A runtime of Kubernetes.
    (
        r#"2026-11-28T09:30:01.1Z stderr F {"time":"2026-11-28T09:30:00Z","level":"ERROR","msg":"no","user":"alice"}"#,
        &["log.level=error", "user.name=alice", "time=2026-11-28T09:30:00Z"],
    ),
    // journald.
    (
        r#"{"MESSAGE":"Failed password for alice from 203.0.113.9 port 4022 ssh2","SYSLOG_IDENTIFIER":"sshd","_PID":"42","PRIORITY":"6","__REALTIME_TIMESTAMP":"1795858200000000","_HOSTNAME":"web1"}"#,
        &["user.name=alice", "source.ip=203.0.113.9", "host.name=web1", "time=2026-11-28T09:30:00Z"],
    ),
    // GELF.
    (
        r#"{"version":"1.1","host":"web1","short_message":"{\"level\":\"warn\",\"user\":\"alice\",\"msg\":\"x\"}","timestamp":1795858200.5,"level":6}"#,
        &["user.name=alice", "log.level=warn", "host.name=web1"],
    ),
    // Fluent Bit.
    (
        r#"{"@timestamp":"2026-11-28T09:30:01Z","log":"level=error msg=\"no\" user=alice","stream":"stderr","kubernetes":{"pod_name":"api-0","namespace_name":"shop"}}"#,
        &["user.name=alice", "log.level=error"],
    ),
    // Filebeat.
    (
        r#"{"@timestamp":"2026-11-28T09:30:01Z","message":"{\"user\":\"alice\",\"level\":\"error\",\"msg\":\"x\"}","agent":{"type":"filebeat"},"log":{"file":{"path":"/var/log/app.log"}}}"#,
        &["user.name=alice", "log.level=error"],
    ),
    // Vector.
    (
        r#"{"file":"/var/log/app.log","host":"web1","message":"level=error msg=no user=alice","source_type":"file","timestamp":"2026-11-28T09:30:01Z"}"#,
        &["user.name=alice", "log.level=error"],
    ),
    // rsyslog with an application that logs JSON.
    (
        r#"<134>1 2026-11-28T09:30:01Z web1 shop 42 - - {"level":"error","user":"alice","msg":"x"}"#,
        &["user.name=alice", "log.level=error", "host.name=web1"],
    ),
    // The collector of Splunk.
    (
        r#"{"time":1795858200,"host":"web1","sourcetype":"shop","event":"{\"level\":\"error\",\"user\":\"alice\",\"msg\":\"x\"}"}"#,
        &["user.name=alice", "log.level=error"],
    ),
    // kubectl logs --prefix.
    (
        r#"[pod/api-5f7d/api] {"level":"error","user":"alice","msg":"x"}"#,
        &["user.name=alice", "kubernetes.pod.name=api-5f7d", "log.level=error"],
    ),
    // docker compose logs.
    (r#"web-1  | level=error msg=no user=alice"#, &["user.name=alice", "container.name=web-1"]),
];

const ADDRESSES: &[Case] = &[
    (
        r#"{"remote_addr":"10.0.0.2","http_x_forwarded_for":"203.0.113.9, 10.0.0.7","request":"GET / HTTP/1.1"}"#,
        &["source.ip=203.0.113.9"],
    ),
    (r#"{"client_ip":"::ffff:203.0.113.9"}"#, &["source.ip=203.0.113.9"]),
    (r#"{"client_ip":"2001:0DB8:0000:0000:0000:0000:0000:0009"}"#, &["source.ip=2001:db8::9"]),
    (r#"{"remote_addr":"[2001:db8::9]:52142"}"#, &["source.ip=2001:db8::9", "source.port=52142"]),
    (r#"{"client_ip":"fe80::9%eth0"}"#, &["source.ip=fe80::9"]),
    // Envoy's default for JSON.
    (
        r#"{"start_time":"2026-11-28T09:30:00.123Z","downstream_remote_address":"203.0.113.9:52142","x_forwarded_for":null,"method":"GET","path":"/"}"#,
        &["source.ip=203.0.113.9"],
    ),
    // What a stranger claims to be is not believed.
    (r#"{"remote_addr":"198.51.100.7","http_x_forwarded_for":"203.0.113.9"}"#, &["source.ip=198.51.100.7"]),
];

const IDS: &[Case] = &[
    (
        r#"{"msg":"x","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}"#,
        &["correlation.id=4bf92f3577b34da6a3ce929d0e0e4736"],
    ),
    (
        r#"{"msg":"x","headers":{"X-Amzn-Trace-Id":"Root=1-67891233-abcdef012345678912345678"}}"#,
        &["correlation.id=67891233abcdef012345678912345678"],
    ),
    (
        "2026-11-28T09:30:00.123Z INFO [shop,65a1b2c3d4e5f60718293a4b5c6d7e8f,0718293a4b5c6d7e] 1 --- [main] a.B : x",
        &["correlation.id=65a1b2c3d4e5f60718293a4b5c6d7e8f"],
    ),
];

const IDENTITY: &[Case] = &[
    (
        "<38>Nov 28 09:30:00 web1 dovecot[42]: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<alice>, method=PLAIN, rip=203.0.113.9, lip=10.0.0.1",
        &["user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        "2026-11-28 09:30:00.123 UTC [42] FATAL:  password authentication failed for user \"alice smith\"",
        &["user.name=alice smith"],
    ),
    (
        "<38>Nov 28 09:30:00 web1 sshd[42]: Failed password for invalid user root from 198.51.100.1 from 203.0.113.9 port 4022 ssh2",
        &["source.ip=203.0.113.9"],
    ),
    (
        r#"{"EventID":4625,"TargetUserName":"alice","TargetDomainName":"CORP","IpAddress":"203.0.113.9","TimeCreated":"2026-11-28T09:30:00Z"}"#,
        &["user.name=alice", "source.ip=203.0.113.9"],
    ),
    (
        r#"{"user":"CORP\\Alice","event":"login_failed"}"#,
        &[r"user.name=CORP\Alice", "user.domain=CORP", "related.user=alice"],
    ),
    (
        r#"{"user":"alice@corp.example","event":"login_failed"}"#,
        &["user.name=alice@corp.example", "user.domain=corp.example", "related.user=alice"],
    ),
];

const SEVERITY: &[Case] = &[
    // bunyan, pino.
    (
        r#"{"name":"shop","hostname":"web1","pid":42,"level":50,"msg":"x","time":"2026-11-28T09:30:00Z","v":0}"#,
        &["log.level=error"],
    ),
    // OpenTelemetry.
    (
        r#"{"severityNumber":17,"body":{"stringValue":"x"},"timeUnixNano":"1795858200000000000"}"#,
        &["log.level=error"],
    ),
    // RFC 5424, local0.err.
    ("<131>1 2026-11-28T09:30:00Z web1 app 42 - - x", &["log.level=error"]),
    // slog with a level of its own.
    (r#"{"time":"2026-11-28T09:30:00Z","level":"WARN","msg":"x"}"#, &["log.level=warn"]),
];

const SECRETS: &[Case] = &[
    ("curl -H 'Authorization: Basic YWxpY2U6Q2FuYXJ5MTIz' https://h.example", &["!YWxpY2U6Q2FuYXJ5MTIz"]),
    ("fatal: could not read from https://bob:Canary123@git.example/x.git", &["!Canary123"]),
    (r#"{"msg":"env","env":["PATH=/bin","DB_PASSWORD=Canary123","HOME=/root"]}"#, &["!Canary123"]),
    (r#"{"rawHeaders":["Host","h.example","Authorization","Bearer Canary123"]}"#, &["!Canary123"]),
    (r#"1795858200.123456 [0 127.0.0.1:60866] "AUTH" "Canary123""#, &["!Canary123"]),
];

/// The event of a line, and what may be shown of it.
fn read(line: &str) -> (Event, String, Paths) {
    let mut engine = Engine::new(&RuleSet::default(), &EngineOptions::default());
    let path: Arc<str> = "app.log".into();
    let line = Line {
        bytes: line.as_bytes(),
        cut: false,
        source: SourceId(1),
        path: &path,
        generation: GenerationId(1),
        offset: 0,
        number: 1,
        lines: 1,
        read_at: Timestamp::from_seconds(1_795_858_210),
    };
    let mut event = Event::default();
    assert_ne!(engine.line(&line, &mut event), Outcome::Blank);
    let shown = Redacted::by(&mut Redactor::new(engine.paths(), Redaction::default()), event.clone())
        .buffer()
        .to_owned();
    (event, shown, engine.paths().clone())
}

/// What of the case does not hold.
fn wrong(case: &Case) -> Vec<String> {
    let (line, expect) = case;
    let (event, shown, paths) = read(line);
    let names = paths.read();
    let values = |name: &str| {
        let named = |index: &usize| event.name(*index, &names) == name;
        let mut fields: Vec<_> =
            (0..event.fields().len()).filter(named).filter_map(|index| event.fields().get(index)).collect();
        // What normalisation says comes before a field that only has the same name.
        fields.sort_by_key(|field| field.origin != Origin::Canonical);
        fields.iter().map(|field| event.text(field.span)).collect::<Vec<_>>()
    };
    let holds = |expected: &str| match expected.split_once('=') {
        _ if expected.starts_with('!') => !shown.contains(expected.get(1..).unwrap_or_default()),
        _ if expected.starts_with('-') => values(expected.get(1..).unwrap_or_default()).is_empty(),
        Some(("time", time)) => event.meta.time == Timestamp::parse_rfc3339(time),
        // Of what has one value, the first counts; of ids, all.
        Some(("correlation.id", id)) => values("correlation.id").contains(&id),
        Some((name, value)) => values(name).first() == Some(&value),
        None => false,
    };
    let wrong = expect.iter().filter(|expected| !holds(expected));
    wrong.map(|expected| format!("{expected} of {line} ({:?})", event.meta.time)).collect()
}

/// The log of a Debian machine on which somebody guesses a password: PAM and sshd tell each attempt, a process each.
#[test]
fn an_account_that_is_guessed_over_ssh_is_locked_out_once_for_each_attempt() {
    let env = crate::harness::TestEnv::new();
    let attempt = |number: u64| {
        let head = |second: u64| {
            format!("2026-11-29T15:04:{:02}.554396+00:00 web1 sshd[{}]:", number * 3 + second, 2703 + number)
        };
        format!(
            "{} pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=alice\n\
             {} Failed password for alice from 203.0.113.9 port 4653{number} ssh2\n\
             {} Connection closed by authenticating user alice 203.0.113.9 port 4653{number} [preauth]\n",
            head(0),
            head(2),
            head(2)
        )
    };
    let replayed = |attempts: u64| {
        crate::harness::append(
            &env.log(&format!("{attempts}.log")),
            &(0..attempts).map(attempt).collect::<String>(),
        );
        env.stdout_of(&["replay", &format!("logs/{attempts}.log")], 0)
    };
    assert!(!replayed(4).contains("alice locked out"), "{}", replayed(4));
    assert!(
        replayed(5).contains("alice would be locked after 5 failed logins (inferred)"),
        "{}",
        replayed(5)
    );
}

#[test]
fn lines_are_read_as_their_writers_document_them() {
    let cases = [TIME, WRAPPERS, ADDRESSES, IDS, IDENTITY, SEVERITY, SECRETS, products::PRODUCTS].concat();
    let wrong: Vec<String> = cases.iter().flat_map(wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
