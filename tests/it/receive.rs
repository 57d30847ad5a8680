//! What others send to the real binary: over sockets, over HTTP, and from the journal.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::{Running, TestEnv, append, files_below, start, wait_for};

/// `soctop watch --plain` with these arguments.
struct Watch(Running);

impl Watch {
    fn start(env: &TestEnv, args: &[&str]) -> Self {
        Self::spawn(env.command(&[&["watch", "--plain"], args].concat()))
    }

    fn spawn(command: Command) -> Self {
        Self::printing(command, Stdio::null())
    }

    fn printing(mut command: Command, alerts: Stdio) -> Self {
        Self(start(command.stdin(Stdio::null()).stdout(alerts).stderr(Stdio::null())))
    }

    /// As a crash does.
    fn kill(mut self) {
        self.0.crash();
    }
}

/// An address of this machine on which nobody listens.
fn free_address() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("its address").to_string()
}

fn connect(address: &str) -> TcpStream {
    wait_for("somebody to listen", || TcpStream::connect(address).ok())
}

fn message(number: usize) -> String {
    format!("<86>Nov 29 10:00:00 gate app[7]: message number {number:05}")
}

/// The numbers of the messages in the index, sorted.
fn stored(env: &TestEnv) -> Vec<usize> {
    let found = env.run(&["search", "", "--limit", "10000", "--format", "ndjson"]);
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let number = |line: &str| line.split("message number ").nth(1)?.get(..5)?.parse().ok();
    let mut numbers: Vec<usize> = text.lines().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_a_stream_sent_is_stored_once_although_the_receiver_is_killed() {
    let env = TestEnv::new();
    let address = free_address();
    let listen = format!("tcp://{address}");
    let mut sent = 0;
    for round in 0..4 {
        let watch = Watch::start(&env, &["--listen", &listen]);
        let mut stream = connect(&address);
        for _ in 0..200 {
            let text = message(sent);
            // Both ways to mark the end of a message.
            let framed = if sent % 2 == 0 { format!("{} {text}", text.len()) } else { format!("{text}\n") };
            stream.write_all(framed.as_bytes()).expect("a message is sent");
            sent += 1;
        }
        // The sender is told nothing: it is received when it stands in the spool.
        wait_for("the spool to hold it", || spooled(&env, sent - 1).then_some(()));
        if round % 2 == 0 {
            wait_for("some of it to be stored", || (stored(&env).len() > sent - 200).then_some(()));
        }
        watch.kill();
    }
    let _watch = Watch::start(&env, &["--listen", &listen]);
    wait_for("all of it to be stored", || (stored(&env).len() >= sent).then_some(()));
    assert_eq!(stored(&env), (0..sent).collect::<Vec<_>>());
    let found = env.run(&["search", "", "--top", "log.file.path"]);
    assert!(String::from_utf8_lossy(&found.stdout).contains(&listen), "{found:?}");
}

/// Whether a message is in a spool, or already out of it.
fn spooled(env: &TestEnv, number: usize) -> bool {
    let wanted = format!("message number {number:05}\n");
    let spool = env.path(".local/state/soctop/spool");
    let Ok(folders) = std::fs::read_dir(spool) else { return false };
    let files = folders.flatten().filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten();
    files.flatten().any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains(&wanted)))
}

/// Whether any file below the data directory holds the text as it is.
fn lies_in_clear(env: &TestEnv, text: &str) -> bool {
    let files = files_below(&env.path(".local/state/soctop"));
    assert!(!files.is_empty(), "there is a store");
    files.iter().any(|bytes| memchr::memmem::find(bytes, text.as_bytes()).is_some())
}

fn secret_message(secret: &str) -> String {
    format!("<86>Nov 29 10:00:00 gate app[7]: message number 00000 password={secret}")
}

#[test]
fn a_secret_that_was_received_lies_in_no_file_soon_after_it_is_stored() {
    let env = TestEnv::new();
    let address = free_address();
    let listen = format!("tcp://{address}");
    let mut watch = Watch::start(&env, &["--listen", &listen]);
    let mut stream = connect(&address);
    writeln!(stream, "{}", secret_message("hunter2Canary1")).expect("a message is sent");
    wait_for("it to be stored", || (stored(&env) == [0]).then_some(()));
    wait_for("its segment to go", || (!lies_in_clear(&env, "Canary1")).then_some(()));
    // At the end nothing waits for the next start, however short the time was.
    writeln!(stream, "{}", secret_message("hunter2Canary2")).expect("a message is sent");
    wait_for("it to be stored", || (stored(&env) == [0, 0]).then_some(()));
    watch.0.interrupt();
    assert!(!lies_in_clear(&env, "Canary2"));
}

#[test]
fn what_was_received_is_stored_although_nobody_listens_any_more() {
    let env = TestEnv::new();
    let address = free_address();
    let watch = Watch::start(&env, &["--listen", &format!("tcp://{address}")]);
    let mut stream = connect(&address);
    wait_for("a connection", || writeln!(stream, "{}", message(1)).ok());
    wait_for("the spool to hold it", || (spooled(&env, 1) || stored(&env) == [1]).then_some(()));
    watch.kill();
    let folder = env.path(".local/state/soctop/spool");
    let segments = std::fs::read_dir(&folder).expect("spools").flatten().next().expect("one").path();
    std::fs::write(segments.join("0000000099.log"), message(2) + "\n").expect("a segment");
    append(&env.log("app.log"), "nothing\n");
    let _watch = Watch::start(&env, &["logs/app.log"]);
    wait_for("both to be stored", || (stored(&env) == [1, 2]).then_some(()));
    wait_for("no segment to be left", || (!lies_in_clear(&env, &message(2))).then_some(()));
}

#[test]
fn guessing_is_seen_in_datagrams_whichever_socket_they_come_through() {
    let env = TestEnv::new();
    let address = free_address();
    let path = env.path("log.sock");
    let unix = format!("unix://{}", path.display());
    let command =
        env.command(&["watch", "--plain", "--listen", &format!("udp://{address}"), "--listen", &unix]);
    let alerts = env.path("alerts");
    let _watch = Watch::printing(command, std::fs::File::create(&alerts).expect("a file").into());
    wait_for("the socket", || path.exists().then_some(()));
    let (udp, unix) =
        (UdpSocket::bind("127.0.0.1:0").expect("a socket"), UnixDatagram::unbound().expect("a socket"));
    for attempt in 0..12 {
        let now = chrono::Utc::now().format("%b %e %H:%M:%S");
        let text = format!(
            "<38>{now} gate sshd[9]: Failed password for root from 203.0.113.9 port {} ssh2",
            4000 + attempt
        );
        match attempt % 2 {
            0 => udp.send_to(text.as_bytes(), &address).expect("a datagram is sent"),
            _ => unix.send_to(text.as_bytes(), &path).expect("a datagram is sent"),
        };
    }
    wait_for("an alert", || {
        let told = std::fs::read_to_string(&alerts).expect("alerts are text");
        (told.contains("root") && told.contains("203.0.113.9")).then_some(())
    });
}

#[test]
fn whoever_is_connected_and_says_nothing_keeps_nobody_out() {
    let env = TestEnv::new();
    let address = free_address();
    let listen = format!("tcp://{address}");
    let mut command = env.command(&["watch", "--plain", "--listen", &listen]);
    let said = env.path("said");
    command.stderr(std::fs::File::create(&said).expect("a file"));
    let _watch = Watch(start(command.stdin(Stdio::null()).stdout(Stdio::null())));
    let mut honest = connect(&address);
    writeln!(honest, "{}", message(0)).expect("a message is sent");
    wait_for("the first message", || spooled(&env, 0).then_some(()));
    let mut idle: Vec<TcpStream> = (0..600).map(|_| connect(&address)).collect();
    // Slow ones hold a seat as little as silent ones.
    for stream in idle.iter_mut().skip(300) {
        drop(stream.write_all(b"<13>"));
    }
    let mut late = connect(&address);
    writeln!(late, "{}", message(1)).expect("a message is sent");
    writeln!(honest, "{}", message(2)).expect("who has spoken is still connected");
    wait_for("messages of those who speak", || (spooled(&env, 1) && spooled(&env, 2)).then_some(()));
    wait_for("words", || {
        let said = std::fs::read_to_string(&said).expect("text");
        said.contains("all 256 connections").then_some(())
    });
    drop(idle);
    wait_for("the end of it", || {
        let said = std::fs::read_to_string(&said).expect("text");
        said.contains("hears all who are connected again").then_some(())
    });
}

struct Reply {
    status: u16,
    text: String,
}

fn request(address: &str, head: &str, body: &[u8]) -> Reply {
    let mut stream = connect(address);
    let head =
        format!("POST {head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).expect("a request is sent");
    // A body that is too long is refused before all of it was read.
    drop(stream.write_all(body));
    let mut text = Vec::new();
    drop(stream.read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Reply { status, text }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).expect("bytes are packed");
    packer.finish().expect("bytes are packed")
}

fn logs(first: usize, count: usize) -> String {
    let record =
        |number| serde_json::json!({ "body": { "stringValue": format!("message number {number:05}") } });
    let records: Vec<_> = (first..first + count).map(record).collect();
    let scope = serde_json::json!({ "logRecords": records });
    serde_json::to_string_pretty(&serde_json::json!({ "resourceLogs": [{ "scopeLogs": [scope] }] }))
        .expect("a request")
}

#[test]
fn telemetry_is_stored_record_by_record_and_nothing_else_is_taken() {
    let env = TestEnv::new();
    let address = free_address();
    let secret = "a secret of more than sixteen bytes";
    std::fs::write(env.path("secret"), secret).expect("a file with the secret");
    let listen = format!("http://{address}");
    let watch = Watch::start(&env, &["--listen", &listen, "--listen-token-file", "secret"]);
    let json =
        format!("/v1/logs HTTP/1.1\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json");
    let gzip = format!("{json}\r\nContent-Encoding: gzip");

    let reply = request(&address, &json, logs(0, 3).as_bytes());
    assert_eq!((reply.status, reply.text.ends_with("{}")), (200, true), "{}", reply.text);
    assert_eq!(request(&address, &gzip, &packed(logs(3, 3).as_bytes())).status, 200);
    // What was answered is kept, whatever happens now.
    watch.kill();
    let _watch = Watch::start(&env, &["--listen", &listen, "--listen-token-file", "secret"]);
    wait_for("all records", || (stored(&env).len() >= 6).then_some(()));
    assert_eq!(stored(&env), (0..6).collect::<Vec<_>>());

    let zeros = packed(&vec![b' '; 64 << 20]);
    assert_eq!(request(&address, &gzip, &zeros).status, 413, "a bomb");
    assert_eq!(request(&address, &json, &vec![b' '; 9 << 20]).status, 413, "a long body");
    assert_eq!(request(&address, &gzip, b"no gzip").status, 400);
    assert_eq!(request(&address, &json, b"{\"resourceLogs\":").status, 400);
    let stranger = json.replace("a secret", "no secret");
    assert_eq!(request(&address, &stranger, logs(9, 1).as_bytes()).status, 401);
    let elsewhere = json.replace("/v1/logs", "/v1/traces");
    assert_eq!(request(&address, &elsewhere, logs(9, 1).as_bytes()).status, 404);
    assert_eq!(stored(&env).len(), 6);
}

#[test]
fn nothing_is_received_from_the_network_without_a_secret() {
    let env = TestEnv::new();
    for (listen, word) in [
        ("udp://0.0.0.0:5514", "rsyslog"),
        ("tcp://[::]:5514", "rsyslog"),
        ("http://0.0.0.0:4318", "--listen-token-file"),
        ("gopher://127.0.0.1:70", "udp://"),
    ] {
        let refused = env.run(&["watch", "--plain", "--listen", listen]);
        let talk = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && talk.contains(word), "{listen}: {talk}");
    }
}

/// Stands in for `journalctl`: entries from the one after the cursor that is asked for, then it waits.
const JOURNALCTL: &str = r#"#!/bin/sh
first=0
for word in "$@"; do
    case "$word" in --after-cursor=s=*) first=$((${word##*=} + 1)) ;; esac
done
while [ "$first" -lt "$(cat entries)" ]; do
    printf '{"__CURSOR":"s=%d","_COMM":"app","MESSAGE":"message number %05d","PRIORITY":"6"}\n' "$first" "$first"
    first=$((first + 1))
done
exec sleep 600
"#;

#[test]
fn the_journal_is_read_on_after_its_cursor() {
    let env = TestEnv::new();
    let program = env.path("journalctl");
    std::fs::write(&program, JOURNALCTL).expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let path = format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display());
    for entries in [50, 120, 120] {
        std::fs::write(env.path("entries"), entries.to_string()).expect("a number");
        let mut command = env.command(&["watch", "--plain", "--journald"]);
        command.env("PATH", &path);
        let watch = Watch::spawn(command);
        wait_for("all entries", || (stored(&env).len() >= entries).then_some(()));
        watch.kill();
        assert_eq!(stored(&env), (0..entries).collect::<Vec<_>>());
    }
}
