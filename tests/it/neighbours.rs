//! Beside the programs of a real machine: `logrotate` takes the logs away, `journald` keeps what others say.
//!
//! Where one of them, or the right to run it so, is missing, a test says so and passes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Running, TestEnv, append, start, wait_for};

/// Whether a program is there and answers.
fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Standard output of a command that must succeed.
fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How often each number after `message number` is in the lines.
fn numbers(lines: &str) -> BTreeMap<usize, usize> {
    let number = |line: &str| line.split("message number ").nth(1)?.get(..5)?.parse().ok();
    let mut found = BTreeMap::new();
    for number in lines.lines().filter_map(number) {
        *found.entry(number).or_default() += 1;
    }
    found
}

/// What is not there once, of this many.
fn not_once(found: &BTreeMap<usize, usize>, count: usize) -> Vec<(usize, usize)> {
    let times = |number| (number, found.get(&number).copied().unwrap_or(0));
    (0..count).map(times).filter(|(_, times)| *times != 1).collect()
}

const SEARCH: [&str; 6] = ["search", "", "--limit", "100000", "--format", "ndjson"];

/// A log for each way to rotate that `logrotate` knows.
const SCHEMES: [(&str, &str); 6] = [
    ("create", "create 0644"),
    ("copytruncate", "copytruncate"),
    ("compress", "create 0644\n compress"),
    ("delayed", "create 0644\n compress\n delaycompress"),
    ("dated", "create 0644\n dateext\n dateformat -%Y%m%d-%s"),
    ("packed-copy", "copytruncate\n compress"),
];

/// A folder of logs of another user, and somebody without rights who watches it.
struct Machine {
    env: TestEnv,
    /// Whom the commands run as, where the test may choose.
    prefix: Vec<&'static str>,
    written: usize,
    /// In which second since 1970 it was rotated last.
    rotated_at: Duration,
}

impl Machine {
    fn new() -> Self {
        let env = TestEnv::new();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(env.path(""), open).expect("a folder of our own");
        let prefix: Vec<&str> = match rustix::process::geteuid().is_root() {
            true => vec!["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"],
            false => vec!["env"],
        };
        std::fs::create_dir(env.path("state")).expect("a folder");
        if prefix.len() > 1 {
            std::os::unix::fs::chown(env.path("state"), Some(65534), Some(65534)).expect("root may");
            let own = env.path("soctop");
            std::fs::copy(env!("CARGO_BIN_EXE_soctop"), own).expect("a copy where anybody may run it");
        } else {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_soctop"), env.path("soctop")).expect("a link");
        }
        let stanza = |(name, how): &(&str, &str)| {
            let log = env.log(&format!("{name}.log"));
            format!("{} {{\n rotate 20\n missingok\n {how}\n}}\n", log.display())
        };
        let all: String = SCHEMES.iter().map(stanza).collect();
        let is_plain = |scheme: &&(&str, &str)| !scheme.1.ends_with(" compress");
        let plain: String = SCHEMES.iter().filter(is_plain).map(stanza).collect();
        std::fs::write(env.path("rotate.conf"), all).expect("a file");
        std::fs::write(env.path("plain.conf"), plain).expect("a file");
        Self { env, prefix, written: 0, rotated_at: Duration::ZERO }
    }

    fn soctop(&self, args: &[&str]) -> Command {
        let inner = self.env.command(args);
        let mut command = Command::new(self.prefix[0]);
        command
            .args(&self.prefix[1..])
            .arg(self.env.path("soctop"))
            .args(args)
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("SOCTOP_DATA_DIR", self.env.path("state/data"))
            .current_dir(self.env.path(""));
        command
    }

    fn watch(&self) -> Running {
        let said = std::fs::File::options().append(true).create(true).open(self.env.path("said.txt"));
        let mut command = self.soctop(&["watch", "--plain", "logs"]);
        command.stdout(Stdio::null()).stderr(said.expect("a file"));
        start(&mut command)
    }

    /// Some lines into each log.
    fn write(&mut self) {
        for (name, _) in SCHEMES {
            let lines: String = (self.written..self.written + 20)
                .map(|number| {
                    format!("{{\"timestamp\":\"2026-03-01T09:30:00Z\",\"message\":\"message number {number:05}\"}}\n")
                })
                .collect();
            append(&self.env.log(&format!("{name}.log")), &lines);
            self.written += 20;
        }
    }

    /// Those that stay uncompressed until the next time, or for ever.
    fn rotate_plain(&mut self) {
        self.rotate_by("plain.conf");
    }

    fn rotate(&mut self) {
        self.rotate_by("rotate.conf");
    }

    fn rotate_by(&mut self, conf: &str) {
        // Names with a date tell no two rotations of one second apart, and the clock that `logrotate` reads is some
        // milliseconds behind the one that is read here.
        let now = || std::time::UNIX_EPOCH.elapsed().expect("a time after 1970");
        let next = self.rotated_at + Duration::from_millis(1100);
        wait_for("the next second", || (now() > next).then_some(()));
        let state = self.env.path("rotate.state");
        let mut command = Command::new("logrotate");
        output_of(command.arg("--force").arg("--state").arg(state).arg(self.env.path(conf)));
        self.rotated_at = Duration::from_secs(now().as_secs());
    }

    fn stored(&self) -> BTreeMap<usize, usize> {
        numbers(&String::from_utf8_lossy(&self.soctop(&SEARCH).output().expect("soctop runs").stdout))
    }

    fn wait_until_stored(&self) {
        wait_for("all lines", || (self.stored().len() >= self.written).then_some(()));
    }
}

#[test]
fn logrotate_takes_logs_away_five_times_and_each_line_is_stored_once() {
    if !is_installed("logrotate") {
        println!("logrotate is not installed: nothing is rotated by it");
        return;
    }
    let mut machine = Machine::new();
    machine.write();
    let mut watch = machine.watch();
    machine.wait_until_stored();
    // While it runs, with everything read.
    machine.rotate();
    machine.write();
    machine.wait_until_stored();
    // While it is down, with lines that nobody has read.
    watch.crash();
    machine.write();
    machine.rotate();
    machine.write();
    watch = machine.watch();
    machine.wait_until_stored();
    // While it runs, before it has read.
    machine.write();
    machine.rotate();
    machine.write();
    machine.wait_until_stored();
    // Twice while it is down. What is written between the two, and compressed by the second, nobody ever sees as a log:
    // of such files it is said that they are left out.
    watch.crash();
    machine.write();
    machine.rotate();
    machine.write();
    machine.rotate_plain();
    watch = machine.watch();
    machine.write();
    machine.wait_until_stored();
    assert_eq!(not_once(&machine.stored(), machine.written), []);
    // What it says of the files is true: none of them was lost, and none keeps it from reading.
    let said = std::fs::read_to_string(machine.env.path("said.txt")).expect("it was said");
    assert!(!said.contains("lost:") && !said.contains("may be lost"), "{said}");
    let status = machine.soctop(&["status"]).output().expect("soctop runs");
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("reading: process"), "{status}");
    assert!(!SCHEMES.iter().any(|(name, _)| status.contains(&format!("{name}.log:"))), "{status}");
    watch.crash();
}

const JOURNALD: &str = "/usr/lib/systemd/systemd-journald";

/// A journal of its own, in a name space of its own; what is said there is heard by nobody else.
const OWN_JOURNAL: &str = "mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal \
    && mount -t tmpfs none /var/log && touch /run/own-journal && exec /usr/lib/systemd/systemd-journald";

struct OwnJournal(Running);

impl OwnJournal {
    /// `None` where it cannot be.
    fn start(env: &TestEnv) -> Option<Self> {
        let needed = ["unshare", "nsenter", "journalctl", "systemd-cat"];
        if !Path::new(JOURNALD).exists() || !needed.into_iter().all(is_installed) {
            return None;
        }
        let said = std::fs::File::create(env.path("journald.txt")).expect("a file");
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "sh", "-c", OWN_JOURNAL]);
        let mut journal = Self(start(unshare.stdout(Stdio::null()).stderr(said)));
        wait_for("the journal, or why there is none", || {
            let ended = journal.0.try_wait().expect("its state is known").is_some();
            // Before it has its own folders it would see those of the machine.
            let ours = ["test", "-e", "/run/own-journal", "-a", "-S", "/run/systemd/journal/stdout"];
            let answers = || journal.inside(&ours).status();
            (ended || answers().is_ok_and(|status| status.success())).then_some(())
        });
        match journal.0.try_wait() {
            Ok(None) => Some(journal),
            _ => None,
        }
    }

    /// A command that sees this journal.
    fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--mount", "--target", &self.0.id().to_string(), "--"])
            .args(words)
            .stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Says messages with these numbers.
    fn say(&self, from: usize, to: usize) {
        self.tell((from..to).map(|number| format!("message number {number:05}\n")).collect());
    }

    /// A journal without the rest of systemd wakes who follows it at the first of many entries, and not at the last.
    fn wake_followers(&self) {
        self.tell("something else\n".to_owned());
    }

    fn tell(&self, lines: String) {
        use std::io::Write;
        let mut said = start(self.inside(&["systemd-cat", "-t", "app"]).stdin(Stdio::piped()));
        let mut input = said.stdin.take().expect("its input");
        input.write_all(lines.as_bytes()).expect("it listens");
        drop(input);
        assert!(said.wait().expect("it ends").success());
    }

    fn watch(&self, env: &TestEnv) -> Running {
        let soctop = env.command(&["watch", "--plain", "--journald"]);
        let mut command = self.inside(&[]);
        command
            .arg(soctop.get_program())
            .args(soctop.get_args())
            .env_clear()
            .envs(soctop.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("PATH", "/usr/bin:/bin")
            .current_dir(env.path(""));
        start(&mut command)
    }
}

#[test]
fn what_stands_in_a_real_journal_is_stored_once_although_the_reader_is_killed() {
    let env = TestEnv::new();
    let Some(journal) = OwnJournal::start(&env) else {
        println!(
            "systemd-journald is not installed or cannot be run here (that needs root): no journal is read"
        );
        return;
    };
    let stored = || numbers(&String::from_utf8_lossy(&env.run(&SEARCH).stdout));
    let mut said = 0;
    for round in 0..4 {
        journal.say(said, said + 100);
        said += 100;
        let mut watch = journal.watch(&env);
        journal.say(said, said + 100);
        said += 100;
        // Killed with everything stored, or in the middle.
        let enough = if round % 2 == 0 { said - 150 } else { said };
        wait_for("entries", || {
            journal.wake_followers();
            (stored().len() >= enough).then_some(())
        });
        watch.crash();
    }
    let mut watch = journal.watch(&env);
    wait_for("all entries", || {
        journal.wake_followers();
        (stored().len() >= said).then_some(())
    });
    assert_eq!(not_once(&stored(), said), []);
    // A segment of the spool that is gone was stored.
    let gaps = env.run(&["search", "kind:gap", "--format", "ndjson"]);
    assert_eq!(String::from_utf8_lossy(&gaps.stdout), "");
    watch.crash();
}
