//! Hosts: ssh, sudo, accounts, services, audit, and what is tried so slowly or from so many places that no
//! short window sees it.

use super::super::Sheet;
use super::{MINUTE, SECOND, Sample, sample};

const HOUR: u64 = 60 * MINUTE;
const GUESSER: &str = "203.0.113.66";

pub(super) fn host() -> Vec<Sample> {
    vec![
        sample(
            "host-ssh-guessed",
            "a password guessed over ssh, the account used, an administrator made",
            guessed_over_ssh,
        ),
        sample(
            "host-reached",
            "what guessed accounts reach: a table, code in a blog, a shell in a container; a breaker that rejects",
            reached_from_guesses,
        ),
        sample("host-ssh.benign", "people who mistype, and administration as it should be", ordinary_host),
        sample(
            "host-failing",
            "a service that crashes, a log emptied, auditing off, detectors that report",
            |tape| {
                for n in 0..3 {
                    tape.host(n * 2 * MINUTE, "systemd", 1, "shop.service: Failed with result 'core-dump'.");
                }
                tape.raw(8 * MINUTE, WINDOWS, CLEARED);
                tape.raw(9 * MINUTE, AUDIT, AUDIT_OFF);
                tape.raw(10 * MINUTE, SURICATA, &suricata("SCAN nmap", 2));
                tape.raw(11 * MINUTE, SURICATA, &suricata("MALWARE beacon", 1));
            },
        ),
        sample(
            "host-mistyped.benign",
            "a password of sudo mistyped twice, a service that crashes once",
            |tape| {
                for n in 0..2 {
                    tape.host(
                    MINUTE + n * 20 * SECOND,
                    "sudo",
                    700,
                    "mona : 1 incorrect password attempt ; TTY=pts/0 ; PWD=/home/mona ; USER=root ; COMMAND=/usr/bin/apt update",
                );
                }
                tape.host(5 * MINUTE, "systemd", 1, "shop.service: Failed with result 'core-dump'.");
            },
        ),
        sample("host-failing.benign", "a service stopped, a log rotated, auditing on", |tape| {
            tape.like("service_crashed", |tape| {
                tape.host(MINUTE, "systemd", 1, "Stopped shop.service - The shop.")
            });
            tape.like("log_cleared", |tape| {
                tape.host(2 * MINUTE, "logrotate", 90, "rotating log /var/log/auth.log");
            });
            tape.like("audit_disabled", |tape| tape.raw(3 * MINUTE, AUDIT, AUDIT_ON));
            tape.like("program_in_container", |tape| {
                tape.raw(3 * MINUTE + SECOND, CLUSTER, &cluster("get", "log", "192.0.2.14"));
            });
            tape.like("threat_reported", |tape| tape.raw(4 * MINUTE, SURICATA, FLOW));
            tape.like("severe_threat_reported", |tape| tape.raw(5 * MINUTE, SURICATA, FLOW));
        }),
    ]
}

/// Servers that refuse, and second factors.
pub(super) fn refusing() -> Vec<Sample> {
    vec![
        sample(
            "host-mail",
            "a mail server that refuses, keys tried over ssh, neighbours who guess, a second factor asked for until it is given, an account locked by hand",
            |tape| {
                for n in 0..12 {
                    tape.relay_refused(n * 20 * SECOND, "203.0.113.80");
                }
                for n in 0..7 {
                    tape.host(10 * MINUTE + n * 10 * SECOND, "sshd", 4_000 + n, &given_up("git", GUESSER));
                }
                for (n, user) in ["ada", "bob", "cleo", "dan", "eve"].into_iter().enumerate() {
                    tape.ssh(20 * MINUTE + n as u64 * 40 * SECOND, user, "203.0.113.81", false);
                }
                for n in 0..4u64 {
                    tape.ssh(25 * MINUTE + n * 50 * SECOND, "ops", &format!("198.51.100.{}", 40 + n), false);
                }
                tape.ssh(29 * MINUTE, "ops", "198.51.100.44", true);
                for n in 0..12 {
                    tape.ssh(30 * MINUTE + n * 5 * SECOND, &format!("user{n}"), "203.0.113.82", false);
                }
                tape.ssh(32 * MINUTE, "deploy", "203.0.113.82", true);
                for n in 0..6 {
                    tape.second_factor(30 * MINUTE + n * 30 * SECOND, "mona", false);
                }
                tape.second_factor(36 * MINUTE, "mona", true);
                tape.account(40 * MINUTE, "account_locked", r#""admin":"helen","target_user":"paul""#);
                tape.account(44 * MINUTE, "account_unlocked", r#""admin":"helen","target_user":"paul""#);
                tape.account(45 * MINUTE, "account_unlocked", r#""user":"mona""#);
                tape.account(46 * MINUTE, "ip_unblocked", r#""ip":"192.0.2.14""#);
            },
        ),
        sample("host-mail.benign", "a letter that is refused, a code mistyped, a session given up", |tape| {
            tape.relay_refused(0, "192.0.2.80");
            tape.host(MINUTE, "sshd", 4_000, &given_up("mona", "192.0.2.14"));
            tape.ssh(2 * MINUTE, "mona", "192.0.2.14", false);
            tape.ssh(2 * MINUTE + 30 * SECOND, "mona", "192.0.2.14", true);
            tape.second_factor(3 * MINUTE, "mona", false);
            tape.second_factor(3 * MINUTE + 20 * SECOND, "mona", false);
            tape.second_factor(3 * MINUTE + 50 * SECOND, "mona", true);
        }),
    ]
}

fn given_up(user: &str, ip: &str) -> String {
    format!("Connection closed by authenticating user {user} {ip} port 50122 [preauth]")
}

pub(super) fn slowly() -> Vec<Sample> {
    vec![
        sample(
            "authentication-slow-guessing",
            "a wrong password every twenty minutes, and one that fits",
            |tape| {
                for n in 0..21 {
                    tape.ssh(n * 20 * MINUTE, "alice", GUESSER, false);
                }
                tape.ssh(8 * HOUR, "alice", GUESSER, true);
            },
        ),
        sample("authentication-slow-guessing.benign", "nine mistyped passwords in a day", |tape| {
            for n in 0..9 {
                tape.ssh(n * 40 * MINUTE, "alice", "192.0.2.14", n % 3 == 2);
            }
        }),
        sample(
            "authentication-spread-guessing",
            "many accounts of one address, many addresses of one account",
            |tape| {
                for n in 0..16 {
                    tape.ssh(n * 30 * MINUTE, &format!("user{n}"), GUESSER, false);
                }
                for n in 0..11 {
                    tape.ssh(8 * HOUR + n * 30 * MINUTE, "backup", &format!("198.51.100.{n}"), false);
                }
            },
        ),
        sample("authentication-spread-guessing.benign", "an office where some mistype", |tape| {
            for n in 0..12 {
                tape.ssh(n * 40 * MINUTE, &format!("user{}", n % 6), "192.0.2.14", n % 2 == 1);
            }
        }),
        sample("authentication-form", "a login form that answers 200 to every wrong password", |tape| {
            for n in 0..32 {
                tape.combined(n * 3 * SECOND, GUESSER, "POST /wp-login.php", 200);
            }
            tape.combined(100 * SECOND, GUESSER, "POST /wp-login.php", 302);
            // Whether these fail, no answer tells.
            for n in 0..32 {
                tape.combined(10 * MINUTE + n * 4 * SECOND, "203.0.113.86", "POST /account/login", 302);
            }
        }),
        sample("authentication-form.benign", "people who log in to a form", |tape| {
            for n in 0..12 {
                tape.combined(n * 9 * SECOND, "192.0.2.14", "POST /wp-login.php", 302);
            }
        }),
        sample("abuse-slow-scan", "a path that is not there every ten minutes", |tape| {
            for n in 0..52 {
                tape.combined(n * 10 * MINUTE, "203.0.113.70", &format!("GET /old/{n}.php"), 404);
            }
        }),
        sample("abuse-slow-scan.benign", "a crawler that remembers an old site", |tape| {
            for n in 0..180 {
                let status = if n % 3 == 0 { 404 } else { 200 };
                tape.combined(n * 4 * MINUTE, "192.0.2.61", &format!("GET /blog/{n}"), status);
            }
        }),
        sample(
            "rate-limits-many-addresses",
            "a flood from many addresses, each a little over its limit",
            |tape| {
                for n in 0..34 {
                    tape.combined(n * SECOND, &format!("203.0.113.{n}"), "GET /", 429);
                }
            },
        ),
        sample("rate-limits-many-addresses.benign", "a busy hour: some clients over their limit", |tape| {
            for n in 0..30 {
                tape.combined(
                    n * SECOND,
                    &format!("192.0.2.{}", n % 8),
                    "GET /",
                    if n % 5 == 0 { 429 } else { 200 },
                );
            }
        }),
        sample(
            "sessions-and-tokens-many-places",
            "the token of one user at five addresses within minutes",
            |tape| {
                for n in 0..5 {
                    tape.user_request(n * 90 * SECOND, "alice", &format!("198.51.100.{n}"));
                }
            },
        ),
        sample("sessions-and-tokens-many-places.benign", "a phone that changes networks", |tape| {
            for n in 0..9 {
                tape.user_request(n * 60 * SECOND, "alice", &format!("198.51.100.{}", n % 2));
            }
        }),
    ]
}

fn guessed_over_ssh(tape: &mut Sheet) {
    for n in 0..12 {
        tape.ssh(n * 4 * SECOND, "deploy", GUESSER, false);
    }
    tape.ssh(MINUTE, "deploy", GUESSER, true);
    for n in 0..3 {
        tape.host(
            2 * MINUTE + n * 20 * SECOND,
            "sudo",
            900,
            "deploy : 1 incorrect password attempt ; TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/bin/bash",
        );
    }
    tape.host(
        4 * MINUTE,
        "sudo",
        901,
        "deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/sbin/useradd backup2",
    );
    tape.host(
        4 * MINUTE + 200,
        "useradd",
        902,
        "new user: name=backup2, UID=1004, GID=1004, home=/home/backup2, shell=/bin/bash, from=/dev/pts/0",
    );
    tape.host(5 * MINUTE, "usermod", 903, "add 'backup2' to group 'sudo'");
}

fn reached_from_guesses(tape: &mut Sheet) {
    for n in 0..6 {
        tape.ssh(n * 50 * SECOND, "ops", "203.0.113.83", false);
    }
    tape.ssh(6 * MINUTE, "ops", "203.0.113.83", true);
    let became = "pam_unix(su-l:session): session opened for user postgres(uid=114) by ops(uid=0)";
    tape.host(7 * MINUTE, "su", 910, became);
    tape.raw(8 * MINUTE, DATABASE, COPIED);
    for n in 0..11 {
        tape.ssh(20 * MINUTE + n * 5 * SECOND, &format!("user{n}"), "203.0.113.84", false);
    }
    tape.ssh(22 * MINUTE, "editor", "203.0.113.84", true);
    tape.combined(24 * MINUTE, "203.0.113.84", "POST /wp-admin/update.php?action=upload-plugin", 200);
    for n in 0..12 {
        tape.relay_refused(30 * MINUTE + n * 20 * SECOND, "203.0.113.85");
    }
    tape.raw(36 * MINUTE, CLUSTER, &cluster("create", "exec", "203.0.113.85"));
    tape.raw(40 * MINUTE, SHOP_LOG, REJECTED);
}

fn ordinary_host(tape: &mut Sheet) {
    tape.ssh(0, "mona", "192.0.2.14", false);
    tape.ssh(5 * SECOND, "mona", "192.0.2.14", true);
    tape.like("privilege_refused", |tape| {
        tape.host(
            2 * MINUTE,
            "sudo",
            701,
            "mona : TTY=pts/0 ; PWD=/home/mona ; USER=root ; COMMAND=/usr/bin/apt update",
        );
    });
    tape.like("administrator_made", |tape| {
        tape.host(3 * MINUTE, "usermod", 702, "add 'mona' to group 'video'")
    });
    tape.like("user_made", |tape| tape.host(4 * MINUTE, "groupadd", 703, "new group: name=media, GID=1005"));
}

const AUDIT: &str = "web1/audit.log";
const WINDOWS: &str = "dc1/winlogbeat.json";
const SURICATA: &str = "gate/eve.json";
const AUDIT_OFF: &str =
    "type=CONFIG_CHANGE msg=audit(1772356140.123:629): op=set audit_enabled=0 old=1 auid=1000 ses=3 res=1";
const AUDIT_ON: &str =
    "type=CONFIG_CHANGE msg=audit(1772356140.123:629): op=set audit_enabled=1 old=0 auid=1000 ses=3 res=1";
const DATABASE: &str = "shopdb/postgresql.log";
const COPIED: &str =
    "2026-03-01 09:08:00.000 UTC [815] postgres@shop LOG:  statement: COPY customers TO '/tmp/c.csv'";
const SHOP_LOG: &str = "shop/app.log";
const REJECTED: &str = r#"{"timestamp":"2026-03-01T09:40:00Z","level":"WARNING","message":"Circuit breaker 'ledger' is OPEN. Rejecting call."}"#;
const CLUSTER: &str = "cluster/audit.log";
const CLEARED: &str = r#"{"@timestamp":"2026-03-01T09:08:00.000Z","winlog":{"event_id":"1102","channel":"Security","event_data":{"SubjectUserName":"mallory"}},"host":{"name":"dc1"},"message":"The audit log was cleared."}"#;
const FLOW: &str = r#"{"timestamp":"2026-03-01T09:04:00.000000+0000","event_type":"flow","src_ip":"203.0.113.9","dest_ip":"192.0.2.5","proto":"TCP"}"#;

/// A request to the interface of a cluster, for a part of a pod.
fn cluster(verb: &str, part: &str, ip: &str) -> String {
    format!(
        r#"{{"kind":"Event","auditID":"a1","verb":"{verb}","user":{{"username":"deployer"}},"sourceIPs":["{ip}"],"objectRef":{{"resource":"pods","name":"api","subresource":"{part}"}},"responseStatus":{{"code":101}},"requestReceivedTimestamp":"2026-03-01T09:36:00Z"}}"#
    )
}

fn suricata(signature: &str, severity: u8) -> String {
    format!(
        r#"{{"timestamp":"2026-03-01T09:10:00.000000+0000","event_type":"alert","src_ip":"203.0.113.9","dest_ip":"192.0.2.5","proto":"TCP","alert":{{"action":"allowed","signature":"{signature}","severity":{severity}}}}}"#
    )
}

/// What hosts and a web server write.
impl Sheet {
    fn raw(&mut self, at: u64, stream: &'static str, line: &str) {
        self.push(at, stream, line);
    }

    fn host(&mut self, at: u64, program: &str, pid: u64, message: &str) {
        let time = self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
        self.push(at, "web1/auth.log", format!("{time} web1 {program}[{pid}]: {message}"));
    }

    fn ssh(&mut self, at: u64, user: &str, ip: &str, success: bool) {
        let word = if success { "Accepted" } else { "Failed" };
        let pid = 3_000 + at / SECOND;
        self.host(at, "sshd", pid, &format!("{word} password for {user} from {ip} port 40122 ssh2"));
    }

    fn relay_refused(&mut self, at: u64, ip: &str) {
        let refused = format!(
            "NOQUEUE: reject: RCPT from unknown[{ip}]: 454 4.7.1 <a@b.example>: Relay access denied; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<pc>"
        );
        self.host(at, "postfix/smtpd", 812, &refused);
    }

    fn account(&mut self, at: u64, event: &str, who: &str) {
        let time = self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%SZ");
        self.push(at, "sso/audit.json", format!(r#"{{"timestamp":"{time}","event":"{event}",{who}}}"#));
    }

    fn second_factor(&mut self, at: u64, user: &str, success: bool) {
        let time = self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%SZ");
        let (level, words) = if success {
            ("debug", "Successful TOTP authentication attempt made by")
        } else {
            ("error", "Unsuccessful TOTP authentication attempt by")
        };
        let line = format!(
            "time=\"{time}\" level={level} msg=\"{words} user '{user}'\" method=POST path=/api/secondfactor/totp remote_ip=203.0.113.82"
        );
        self.push(at, "sso/authelia.log", line);
    }

    fn combined(&mut self, at: u64, ip: &str, request: &str, status: u16) {
        let time = self.time(at).to_datetime().format("%d/%b/%Y:%H:%M:%S +0000");
        let line = format!(r#"{ip} - - [{time}] "{request} HTTP/1.1" {status} 512 "-" "Mozilla/5.0 (X11)""#);
        self.push(at, "blog/access.log", line);
    }

    fn user_request(&mut self, at: u64, user: &str, ip: &str) {
        let time = self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let line = format!(
            r#"{{"timestamp":"{time}","user":"{user}","client_ip":"{ip}","method":"GET","path":"/api/orders","status":200}}"#
        );
        self.push(at, "orders/requests.json", line);
    }
}
