//! An ordinary day of one host: web server, ssh, cron, sudo, database, backup, deployment. Nothing above low, few
//! incidents in all, the level LOW from midnight to midnight.
//!
//! One day is composed after what the programs themselves write on a Debian machine; one is recorded (`quiet/README.md`);
//! `SOCTOP_QUIET` names a folder with recordings of one's own days, which are held to the same.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::Value;

use crate::harness::TestEnv;

/// Incidents of one host and day that a person still looks through.
const INCIDENTS: usize = 15;

/// A day as its programs tell it.
struct Day {
    start: DateTime<Utc>,
    auth: Vec<(i64, String)>,
    web: Vec<(i64, String)>,
    database: Vec<(i64, String)>,
}

impl Day {
    fn new() -> Self {
        let start = Utc.with_ymd_and_hms(2026, 11, 25, 0, 0, 0).single().expect("a day");
        Self { start, auth: Vec::new(), web: Vec::new(), database: Vec::new() }
    }

    fn at(&self, second: i64) -> DateTime<Utc> {
        self.start + Duration::seconds(second)
    }

    fn host(&mut self, second: i64, program: &str, message: &str) {
        let time = self.at(second).format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
        self.auth.push((second, format!("{time} web1 {program}: {message}")));
    }

    fn request(&mut self, second: i64, ip: &str, request: &str, status: u16, agent: &str) {
        let time = self.at(second).format("%d/%b/%Y:%H:%M:%S +0000");
        self.web.push((
            second,
            format!("{ip} - - [{time}] \"{request} HTTP/1.1\" {status} 4821 \"-\" \"{agent}\""),
        ));
    }

    fn statement(&mut self, second: i64, level: &str, message: &str) {
        let time = self.at(second).format("%Y-%m-%d %H:%M:%S%.3f UTC");
        self.database.push((second, format!("{time} [4711] shop@shop {level}:  {message}")));
    }

    /// Cron, timers and the rest that nobody asked for.
    fn machine(&mut self) {
        for minute in (0..24 * 60).step_by(5) {
            let second = minute * 60 + 1;
            self.host(
                second,
                "CRON[900]",
                "pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)",
            );
            self.host(
                second,
                "CRON[901]",
                "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
            );
            self.host(second + 1, "CRON[900]", "pam_unix(cron:session): session closed for user root");
        }
        for hour in 0..24 {
            self.statement(hour * 3_600 + 30, "LOG", "checkpoint starting: time");
            self.statement(hour * 3_600 + 57, "LOG", "checkpoint complete: wrote 112 buffers (0.7%)");
        }
        self.host(
            6 * 3_600,
            "systemd[1]",
            "Starting apt-daily-upgrade.service - Daily apt upgrade and clean activities...",
        );
        self.host(
            6 * 3_600 + 40,
            "systemd[1]",
            "Finished apt-daily-upgrade.service - Daily apt upgrade and clean activities.",
        );
        self.host(86_000, "systemd[1]", "logrotate.service: Deactivated successfully.");
    }

    /// Two administrators, one of whom mistypes.
    fn people(&mut self) {
        for (hour, user, ip) in
            [(8, "mona", "192.0.2.14"), (9, "tim", "192.0.2.15"), (13, "mona", "192.0.2.14")]
        {
            let second = hour * 3_600 + 120;
            if hour == 9 {
                self.host(
                    second - 8,
                    "sshd[2210]",
                    &format!("Failed password for {user} from {ip} port 50122 ssh2"),
                );
            }
            self.host(
                second,
                "sshd[2210]",
                &format!("Accepted publickey for {user} from {ip} port 50122 ssh2: ED25519 SHA256:abc"),
            );
            self.host(
                second,
                "sshd[2210]",
                &format!("pam_unix(sshd:session): session opened for user {user}(uid=1000) by {user}(uid=0)"),
            );
            self.host(second + 60, "sudo", &format!("{user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/systemctl status shop"));
            self.host(second + 900, "sshd[2210]", &format!("Disconnected from user {user} {ip} port 50122"));
        }
    }

    /// At three in the morning: keys, a dump of every table.
    fn backup(&mut self) {
        let second = 3 * 3_600;
        self.host(
            second,
            "sshd[3100]",
            "Accepted publickey for backup from 192.0.2.200 port 40100 ssh2: ED25519 SHA256:def",
        );
        for table in ["orders", "users", "payments", "sessions"] {
            self.statement(second + 20, "LOG", &format!("statement: COPY public.{table} TO stdout"));
        }
        self.host(second + 300, "sshd[3100]", "Disconnected from user backup 192.0.2.200 port 40100");
    }

    /// After lunch: a restart, during which the proxy has nobody behind it.
    fn deployment(&mut self) {
        let second = 14 * 3_600;
        self.host(second, "systemd[1]", "Stopping shop.service - The shop...");
        self.host(second + 2, "systemd[1]", "Stopped shop.service - The shop.");
        for n in 0..4 {
            self.request(second + 3 + n, "198.51.100.30", "GET /cart", 502, BROWSER);
        }
        self.host(second + 8, "systemd[1]", "Started shop.service - The shop.");
    }

    /// Visitors, monitoring, crawlers, and links that lead nowhere.
    fn visitors(&mut self) {
        for second in (0..86_400).step_by(15) {
            self.request(second, "192.0.2.250", "GET /healthz", 200, "kube-probe/1.31");
        }
        for visit in 0..900 {
            let second = 6 * 3_600 + visit * 64;
            let ip = format!("198.51.100.{}", visit % 200);
            let product = visit % 47;
            self.request(second, &ip, "GET /", 200, BROWSER);
            self.request(
                second + 3,
                &ip,
                &format!("GET /search?q=what%27s+new+in+size+{product}"),
                200,
                BROWSER,
            );
            self.request(second + 9, &ip, &format!("GET /products/{product}"), 200, BROWSER);
            if visit % 9 == 0 {
                self.request(second + 20, &ip, "POST /login", 302, BROWSER);
            }
            if visit % 40 == 0 {
                self.request(second + 15, &ip, "POST /login", 401, BROWSER);
            }
            if visit % 25 == 0 {
                self.request(second + 10, &ip, "GET /favicon.ico", 404, BROWSER);
                self.request(second + 11, &ip, "GET /apple-touch-icon.png", 404, BROWSER);
            }
        }
        for page in 0..300 {
            let status = if page % 60 == 0 { 404 } else { 200 };
            self.request(page * 280, "192.0.2.66", &format!("GET /products/{page}"), status, CRAWLER);
        }
    }

    fn write(mut self, env: &TestEnv) {
        for (name, lines) in [
            ("auth.log", &mut self.auth),
            ("access.log", &mut self.web),
            ("postgresql.log", &mut self.database),
        ] {
            lines.sort_by_key(|(second, _)| *second);
            let text = lines.iter().fold(String::new(), |mut text, (_, line)| {
                writeln!(text, "{line}").expect("a text takes everything");
                text
            });
            std::fs::write(env.log(name), text).expect("a log");
        }
    }
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// What a replay says: incidents, informational ones among them, as `level summary`, and the worst level of the day.
fn told(env: &TestEnv, logs: &str) -> (Vec<String>, String) {
    let said = env.stdout_of(&["replay", "--format", "ndjson", logs], 0);
    let records: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let is_open = |record: &&Value| record["kind"] == "alert" && record["status"] == "open";
    let level = |record: &Value| record["rule"]["level"].as_str().unwrap_or_default().to_owned();
    let incidents =
        records.iter().filter(is_open).map(|record| format!("{} {}", level(record), record["summary"]));
    let summary = records.iter().find(|record| record["kind"] == "summary").expect("a summary");
    (incidents.collect(), summary["threat_level"].as_str().unwrap_or_default().to_lowercase())
}

fn is_quiet(env: &TestEnv, logs: &str) {
    let (incidents, level) = told(env, logs);
    let loud: Vec<&String> =
        incidents.iter().filter(|told| !told.starts_with("low ") && !told.starts_with("info")).collect();
    assert!(loud.is_empty(), "{loud:#?}");
    assert!(incidents.len() <= INCIDENTS, "{} incidents: {incidents:#?}", incidents.len());
    assert_eq!(level, "low");
}

#[test]
fn an_ordinary_day_of_a_host_is_quiet() {
    let env = TestEnv::new();
    let mut day = Day::new();
    day.machine();
    day.people();
    day.backup();
    day.deployment();
    day.visitors();
    day.write(&env);
    is_quiet(&env, "logs");
}

/// Each folder is a day of one host.
fn are_quiet(days: &Path) {
    for day in std::fs::read_dir(days).expect("a folder of days") {
        let day = day.expect("a day").path();
        if day.is_dir() {
            is_quiet(&TestEnv::new(), &day.to_string_lossy());
        }
    }
}

#[test]
fn the_recorded_day_of_a_host_is_quiet() {
    are_quiet(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/quiet"));
}

#[test]
fn days_of_ones_own_are_quiet() {
    if let Some(folder) = std::env::var_os("SOCTOP_QUIET") {
        are_quiet(Path::new(&folder));
    }
}
