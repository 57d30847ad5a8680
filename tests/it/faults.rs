//! Failures one after the other: every call of the system that a run makes fails once, or is the last one; and a watch
//! that is killed again and again while its logs are rotated. Afterwards each line is in the index once.
//!
//! `SOCTOP_FAULTS=200` and `SOCTOP_KILLS=200` ask for this many; without them there are a few of each. Calls are made to
//! fail by `strace`; where that is not installed the first test says so and passes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Running, TestEnv, append, start, wait_for};

/// Lines of the log in each case.
const LINES: usize = 40;

/// What happens at a call.
const FAULTS: [(&str, &str); 17] = [
    ("fdatasync", "signal=KILL"),
    ("fsync", "signal=KILL"),
    ("rename", "signal=KILL"),
    ("write", "signal=KILL"),
    ("unlink", "signal=KILL"),
    ("openat", "signal=KILL"),
    ("ftruncate", "signal=KILL"),
    ("fdatasync", "error=EIO"),
    ("fsync", "error=EIO"),
    ("rename", "error=EIO"),
    ("write", "error=ENOSPC"),
    ("rename", "error=ENOSPC"),
    ("openat", "error=EMFILE"),
    ("openat", "error=EIO"),
    ("mmap", "error=ENOMEM"),
    ("unlink", "error=EIO"),
    ("pread64", "error=EIO"),
];

/// At which calls something happens: the first ones, then with growing steps.
const CALLS: [usize; 24] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 21, 25, 30, 36, 43, 52, 63, 76, 91, 110];

/// How many cases are wanted.
fn wanted(name: &str, few: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(few)
}

fn line(number: usize) -> String {
    format!("{{\"timestamp\":\"2026-03-01T09:30:{:02}Z\",\"message\":\"line {number:06}\"}}\n", number % 60)
}

/// The numbers of the lines in the index and how often each is there.
fn stored(env: &TestEnv) -> BTreeMap<usize, usize> {
    let output = env.run(&["search", "", "--limit", "100000", "--format", "ndjson"]);
    let mut numbers = BTreeMap::new();
    for record in String::from_utf8_lossy(&output.stdout).lines() {
        let number = record.split("line ").nth(1).and_then(|rest| rest.get(..6)?.parse().ok());
        *numbers.entry(number.expect("the number of a line")).or_default() += 1;
    }
    numbers
}

fn each_once(count: usize) -> BTreeMap<usize, usize> {
    (0..count).map(|number| (number, 1)).collect()
}

/// One rule, which matches nothing: what is tried here does not depend on rules, and starts sooner with few.
const RULE: &str = "title: One word\nid: 1c8cd3b8-800f-4794-a207-1763c6ad9e60\nlevel: low\nlogsource: {product: app}\n\
    detection: {sel: {message: nobody says this}, condition: sel}\n";

fn with_one_rule() -> TestEnv {
    let env = TestEnv::new();
    std::fs::write(env.path("one.yml"), RULE).expect("the rule can be written");
    env
}

/// An environment whose log has some lines.
fn prepared() -> TestEnv {
    let env = with_one_rule();
    append(&env.log("app.log"), &(0..LINES).map(line).collect::<String>());
    env
}

const INGEST: [&str; 4] = ["ingest", "--only-rules", "one.yml", "logs/app.log"];

/// `command` that runs an ingest in the environment of `env`.
fn ingesting<'c>(env: &TestEnv, command: &'c mut Command) -> &'c mut Command {
    let soctop = env.command(&INGEST);
    command
        .arg(soctop.get_program())
        .args(soctop.get_args())
        .env_clear()
        .envs(soctop.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(env.path(""))
        .stdout(Stdio::null())
}

/// Runs with a fault at the N-th call; whether there was such a call.
fn run_with(env: &TestEnv, (call, fault): (&str, &str), at: usize) -> bool {
    let seen = env.path("calls.txt");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-q", "-o"]).arg(&seen).args([
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={call}:{fault}:when={at}"),
        "--",
    ]);
    ingesting(env, &mut strace).stderr(Stdio::null()).status().expect("strace runs");
    let calls = std::fs::read_to_string(&seen).unwrap_or_default();
    calls.contains("(INJECTED)") || calls.contains("killed by SIGKILL")
}

/// What is wrong after a fault and a second run, if anything; `None`: there was no such call.
fn judge(fault: (&str, &str), at: usize) -> Option<Result<(), String>> {
    let env = prepared();
    if !run_with(&env, fault, at) {
        return None;
    }
    let again = env.run(&INGEST);
    let found = stored(&env);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    let right = again.status.code() == Some(0) && found == each_once(LINES);
    Some(if right { Ok(()) } else { Err(format!("{fault:?} at {at}: {found:?}\n{said}")) })
}

#[test]
fn after_any_failing_call_each_line_is_stored_once() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("strace is not installed: no call is made to fail");
        return;
    }
    let wanted = wanted("SOCTOP_FAULTS", FAULTS.len());
    let (mut tried, mut wrong) = (0, Vec::new());
    // Every fault has its turn before one comes again; those whose calls have all failed are left out.
    let mut faults = FAULTS.to_vec();
    for at in CALLS {
        faults.retain(|fault| {
            let judged = (tried < wanted).then(|| judge(*fault, at)).flatten();
            tried += usize::from(judged.is_some());
            let has_more = judged.is_some();
            wrong.extend(judged.and_then(Result::err));
            has_more
        });
    }
    println!("{tried} calls failed or were the last");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried * 2 >= wanted, "only {tried} calls were made to fail");
}

/// The same numbers in every run.
fn scattered(seed: usize) -> usize {
    let mut number = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (number >> 33) as usize
}

fn watch(env: &TestEnv) -> Running {
    env.watch(&["--only-rules", "one.yml", "logs/*.log*"])
}

/// `app.log.2` becomes `app.log.3`, and so on, and the log begins anew: what logrotate does.
fn rotate(folder: &Path, generations: usize) {
    let name = |number: usize| match number {
        0 => folder.join("app.log"),
        _ => folder.join(format!("app.log.{number}")),
    };
    for number in (0..generations).rev() {
        std::fs::rename(name(number), name(number + 1)).expect("a rotation");
    }
}

#[test]
fn through_kills_and_rotations_each_line_is_stored_once() {
    let env = with_one_rule();
    let folder = env.path("logs");
    let (mut written, mut generations) = (0, 0);
    for round in 0..wanted("SOCTOP_KILLS", 8) {
        let mut child = watch(&env);
        let parts = 1 + scattered(round) % 4;
        for part in 0..parts {
            append(&env.log("app.log"), &(written..written + 5).map(line).collect::<String>());
            written += 5;
            if scattered(round * 10 + part).is_multiple_of(5) && generations < 30 {
                generations += 1;
                rotate(&folder, generations);
            }
            // Anywhere between the start, a read, a commit and the next.
            let moment = Duration::from_millis(scattered(round * 100 + part) as u64 % 250);
            std::thread::park_timeout(moment);
        }
        child.kill().expect("watch is killed");
        child.wait().expect("watch is reaped");
    }
    let mut last = watch(&env);
    wait_for("all lines", || (stored(&env).len() >= written).then_some(()));
    last.kill().expect("watch is killed");
    last.wait().expect("watch is reaped");
    let doubled: Vec<_> = stored(&env).into_iter().filter(|(_, times)| *times != 1).collect();
    assert!(doubled.is_empty(), "{} of {written} lines: {doubled:?}", doubled.len());
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let copy = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            std::fs::copy(&path, &copy).expect("a copy");
        }
    }
}

/// The index of yesterday beside the logs of today, and a machine that was set back as a whole.
#[test]
fn d32_a38_a_restored_index_goes_on_from_its_position() {
    let env = prepared();
    let ingest = [&INGEST[..], &["--data-dir", "data"]].concat();
    let stored = |count: usize| {
        let found = env.run(&["search", "", "--count", "--data-dir", "data"]);
        assert_eq!(String::from_utf8_lossy(&found.stdout).trim(), count.to_string());
    };
    env.stdout_of(&ingest, 0);
    copy_folder(&env.path("data"), &env.path("backup"));
    copy_folder(&env.path("logs"), &env.path("logs-backup"));
    append(&env.log("app.log"), &(LINES..2 * LINES).map(line).collect::<String>());
    env.stdout_of(&ingest, 0);
    stored(2 * LINES);
    let set_back = || {
        std::fs::remove_dir_all(env.path("data")).expect("the index goes");
        copy_folder(&env.path("backup"), &env.path("data"));
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(env.path("data"), own).expect("only the owner may write");
    };
    set_back();
    env.stdout_of(&ingest, 0);
    stored(2 * LINES);
    set_back();
    let text = std::fs::read(env.path("logs-backup/app.log")).expect("the log of then");
    std::fs::write(env.log("app.log"), text).expect("the log is as it was");
    env.stdout_of(&ingest, 0);
    stored(LINES);
}

/// A limit on the size of files is an error like a full disk: nobody dies of it, and nothing is lost once it is gone.
#[test]
fn d23_a_file_that_may_not_grow_is_an_error_and_no_end() {
    use std::os::unix::process::ExitStatusExt;
    let env = prepared();
    let said = env.path("said.txt");
    let stderr = std::fs::File::create(&said).expect("a file");
    let mut child = start(ingesting(&env, Command::new("prlimit").arg("--fsize=2000")).stderr(stderr));
    // It may end with an error, or wait until it can write again.
    let ended = wait_for("a word about it", || {
        let ended = child.try_wait().expect("its state is known");
        let has_spoken = std::fs::metadata(&said).is_ok_and(|said| said.len() > 0);
        (ended.is_some() || has_spoken).then_some(ended)
    });
    assert_eq!(ended.and_then(|status| status.signal()), None);
    child.kill().expect("it can be killed");
    child.wait().expect("it is reaped");
    env.stdout_of(&INGEST, 0);
    assert_eq!(stored(&env), each_once(LINES));
}

const CANNOT_MOUNT: &str = "no file system can be mounted here (that needs root): the disk is not filled";

/// A small file system of its own, until it is dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None` where the test may not mount one.
    fn mounted(at: std::path::PathBuf, options: &str) -> Option<Self> {
        std::fs::create_dir(&at).expect("a folder can be made");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(&at).output();
        match mount.is_ok_and(|output| output.status.success()) {
            true => Some(Self(at)),
            false => None,
        }
    }

    fn free_bytes(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.0).expect("it says how much is free");
        stat.f_bavail * stat.f_frsize
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// A watch whose index lies in `disk/data`, and what it says.
fn watch_on_disk(env: &TestEnv) -> Running {
    let said = std::fs::File::create(env.path("said.txt")).expect("a file");
    let args = ["watch", "--plain", "--only-rules", "one.yml", "--data-dir", "disk/data", "logs/app.log"];
    start(env.command(&args).stdout(Stdio::null()).stderr(said))
}

fn wait_until_said(env: &TestEnv, words: &str) {
    wait_for(words, || {
        let said = std::fs::read_to_string(env.path("said.txt")).unwrap_or_default();
        said.contains(words).then_some(())
    });
}

fn stored_on_disk(env: &TestEnv) -> Option<usize> {
    let output = env.run(&["search", "", "--count", "--data-dir", "disk/data"]);
    String::from_utf8_lossy(&output.stdout).trim().replace(',', "").parse().ok()
}

#[test]
fn d4_writing_pauses_before_the_disk_is_full_and_goes_on_when_there_is_room() {
    const MIB: u64 = 1 << 20;
    let env = with_one_rule();
    let Some(disk) = SmallDisk::mounted(env.path("disk"), "size=64m") else {
        println!("{CANNOT_MOUNT}");
        return;
    };
    let ballast = std::fs::File::create(env.path("disk/ballast")).expect("a file");
    let size = disk.free_bytes() - 10 * MIB;
    rustix::fs::fallocate(&ballast, rustix::fs::FallocateFlags::empty(), 0, size)
        .expect("there is room for it");
    let _watch = watch_on_disk(&env);
    let mut written = 0;
    wait_for("the disk to be nearly full", || {
        if stored_on_disk(&env) == Some(written) {
            append(&env.log("app.log"), &(written..written + 1_000).map(line).collect::<String>());
            written += 1_000;
        }
        let said = std::fs::read_to_string(env.path("said.txt")).unwrap_or_default();
        said.contains("disk nearly full").then_some(())
    });
    let status = env.run(&["status", "--data-dir", "disk/data"]);
    assert_eq!(status.status.code(), Some(1));
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("MB are kept free; reading waits"), "{status}");
    // What others write meanwhile takes what is left but for the reserve. The last commit may still be writing, so that
    // what was free a moment ago is not.
    let rest = std::fs::File::create(env.path("disk/rest")).expect("a file");
    wait_for("the disk to be full", || {
        rustix::fs::fallocate(&rest, rustix::fs::FallocateFlags::empty(), 0, disk.free_bytes()).ok()
    });
    append(&env.log("app.log"), &(written..written + 2_000).map(line).collect::<String>());
    written += 2_000;
    std::fs::remove_file(env.path("disk/ballast")).expect("it can be removed");
    drop(ballast);
    wait_until_said(&env, "there is room on the disk again");
    wait_for("every line", || (stored_on_disk(&env) == Some(written)).then_some(()));
}

#[test]
fn d5_that_no_more_files_can_be_made_is_said() {
    let env = prepared();
    let Some(_disk) = SmallDisk::mounted(env.path("disk"), "size=64m,nr_inodes=120") else {
        println!("{CANNOT_MOUNT}");
        return;
    };
    for number in 0..90 {
        std::fs::write(env.path(&format!("disk/{number}")), "").expect("a file can be made");
    }
    let _watch = watch_on_disk(&env);
    wait_until_said(&env, "more files can be made");
    for number in 0..90 {
        std::fs::remove_file(env.path(&format!("disk/{number}"))).expect("it can be removed");
    }
    wait_for("every line", || (stored_on_disk(&env) == Some(LINES)).then_some(()));
}

#[test]
fn d8_a_disk_that_takes_its_time_makes_commits_rare_and_loses_nothing() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("strace is not installed: no disk is made slow");
        return;
    }
    let env = prepared();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-q", "-o"]).arg(env.path("calls.txt"));
    strace.args(["-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_exit=50000", "--"]);
    let status = ingesting(&env, &mut strace).stderr(Stdio::null()).status().expect("strace runs");
    assert_eq!(status.code(), Some(0));
    assert_eq!(stored(&env), each_once(LINES));
}

#[test]
fn f15_a_system_that_cannot_confine_is_told_and_watched_all_the_same() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("strace is not installed: no call is made to fail");
        return;
    }
    let env = prepared();
    let soctop = env.command(&[
        "watch",
        "--plain",
        "--only-rules",
        "one.yml",
        "--data-dir",
        "disk/data",
        "logs/app.log",
    ]);
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-qq", "-o"]).arg(env.path("calls.txt"));
    strace.args([
        "-e",
        "trace=landlock_create_ruleset",
        "-e",
        "inject=landlock_create_ruleset:error=ENOSYS",
        "--",
    ]);
    let said = std::fs::File::create(env.path("said.txt")).expect("a file");
    strace.arg(soctop.get_program()).args(soctop.get_args()).current_dir(env.path(""));
    strace.env_clear().envs(soctop.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let _watch = start(strace.stdout(Stdio::null()).stderr(said));
    wait_until_said(&env, "no Landlock");
    wait_for("every line", || (stored_on_disk(&env) == Some(LINES)).then_some(()));
}

/// More happens while a watch stands still than the system remembers for it.
#[test]
fn a27_what_was_never_told_is_found() {
    use rustix::process::{Pid, Signal, kill_process};
    let env = prepared();
    let watch = watch(&env);
    let pid = Pid::from_child(&watch);
    wait_for("the first lines", || (stored(&env).len() == LINES).then_some(()));
    kill_process(pid, Signal::STOP).expect("it stands still");
    let queue = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap_or_default();
    // Two notifications each, one to be made and one to go.
    for number in 0..queue.trim().parse().unwrap_or(16_384) {
        let name = env.log(&format!("{number}.log.new"));
        std::fs::write(&name, "").expect("a file");
        std::fs::remove_file(&name).expect("it goes");
    }
    rotate(&env.path("logs"), 1);
    append(&env.log("app.log"), &(LINES..2 * LINES).map(line).collect::<String>());
    append(&env.log("late.log"), &(2 * LINES..3 * LINES).map(line).collect::<String>());
    kill_process(pid, Signal::CONT).expect("it goes on");
    wait_for("all lines", || (stored(&env).len() >= 3 * LINES).then_some(()));
    assert_eq!(stored(&env), each_once(3 * LINES));
}

#[test]
fn a_compressed_recording_that_ends_too_early_is_told_as_far_as_it_goes() {
    let env = TestEnv::new();
    let line = |n: u32| {
        format!(
            "{{\"timestamp\":\"2026-03-01T10:{:02}:{:02}Z\",\"event\":\"login_failed\",\"user\":\"alice\",\"n\":{}}}\n",
            n / 60,
            n % 60,
            n.wrapping_mul(2_654_435_761)
        )
    };
    let text: String = (0..3_000).map(line).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, text.as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    std::fs::write(env.path("cut.gz"), &packed[..packed.len() * 2 / 3]).expect("written");
    let output = env.run(&["replay", "cut.gz", "--format", "ndjson"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    let summary: serde_json::Value =
        serde_json::from_str(said.lines().last().expect("a summary")).expect("JSON");
    let lines = summary["lines"].as_u64().expect("a number");
    assert!((1_000..3_000).contains(&lines), "{summary}");
    assert!(summary["incomplete"][0].as_str().is_some_and(|it| it.contains("cut.gz")), "{summary}");
    let output = env.run(&["replay", "cut.gz"]);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("Account locked out") && said.contains("incomplete: "), "{said}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read `cut.gz` any further"));
}

#[test]
fn text_of_two_bytes_a_character_is_read_without_a_mark() {
    let env = TestEnv::new();
    let text = "{\"timestamp\":\"2026-03-01T10:00:00Z\",\"user\":\"alice\"}\n".repeat(3);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(env.path("wide.log"), wide).expect("written");
    let said = env.stdout_of(&["replay", "wide.log"], 0);
    assert!(said.contains("3 lines = 3 parsed"), "{said}");
}
