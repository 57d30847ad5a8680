//! In a real terminal: it is given back on the ways out that need more than a key, raw bytes, a slow line.
//!
//! Some tests run themselves again as a program of their own in the terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::{bounded, unbounded};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use soctop::pipeline::{Handle, Notice};
use soctop::state::Snapshot;
use soctop::tui::{self, Options};
use termlens::Terminal;

use super::{assert_restored, watching};
use crate::harness::{self, DEADLINE, Running, TestEnv, append, start};

const AGAIN: &str = "SOCTOP_TEST_AGAIN";

fn is_again() -> bool {
    std::env::var_os(AGAIN).is_some()
}

/// Runs a shell line in a pseudo-terminal; `$SOCTOP` is the program.
fn shell(env: &TestEnv, line: &str) -> Terminal {
    Terminal::builder()
        .size(100, 30)
        .env_clear()
        .env("HOME", env.path(""))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TZ", "UTC")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .env("SOCTOP", env!("CARGO_BIN_EXE_soctop"))
        .env("TESTS", std::env::current_exe().expect("this program"))
        .env(AGAIN, "1")
        .current_dir(env.path(""))
        .timeout(DEADLINE)
        .args(["-c", line])
        .spawn("/bin/sh")
        .expect("a shell in a pseudo-terminal")
}

/// Runs a test of this file again in a pseudo-terminal.
fn again(env: &TestEnv, test: &str) -> Terminal {
    shell(env, &format!("exec \"$TESTS\" --exact screen::leaving::{test} --nocapture"))
}

#[track_caller]
fn until(terminal: &mut Terminal, text: &str) {
    let shown = terminal.wait_until(|screen| screen.contains(text));
    assert!(shown.is_ok(), "no {text:?} in\n{}", terminal.screen().text());
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told() {
    if is_again() {
        let (_notices, received) = unbounded::<Notice>();
        let mut keep = |_: &tui::LeftOff| panic!("the keeper broke down");
        drop(tui::run(handle(received), Options::default(), &mut keep));
        return;
    }
    let env = TestEnv::new();
    let mut terminal = again(&env, "a_panic_gives_the_terminal_back_and_is_told");
    until(&mut terminal, "[1Ovr]");
    assert!(terminal.screen().alternate_screen());
    terminal.send_str("2").expect("a key");
    terminal.wait_exit().expect("it ends");
    assert_restored(&terminal);
    assert!(terminal.screen().full_text().contains("the keeper broke down"), "{}", terminal.screen().text());
}

fn handle(notices: crossbeam_channel::Receiver<Notice>) -> Handle {
    let (requests, _) = bounded(1);
    Handle { snapshots: Arc::new(ArcSwap::from_pointee(Snapshot::default())), requests, notices }
}

#[test]
fn an_engine_that_ends_with_an_error_says_so_and_the_terminal_is_given_back() {
    if is_again() {
        let (notices, received) = unbounded();
        notices.send(Notice::Stopped(Err("the committer broke down".to_owned()))).expect("a notice");
        tui::run(handle(received), Options::default(), &mut |_| {}).expect("it is left with a key");
        return;
    }
    let env = TestEnv::new();
    let test = "an_engine_that_ends_with_an_error_says_so_and_the_terminal_is_given_back";
    let mut terminal = again(&env, test);
    until(&mut terminal, "the engine stopped: the committer broke down");
    terminal.send_str("q").expect("a key");
    terminal.wait_exit().expect("it ends");
    assert_restored(&terminal);
}

#[test]
fn an_error_at_the_start_leaves_the_terminal_as_it_was() {
    let env = TestEnv::new();
    let mut first = watching(&env, &["--data-dir", "data"]);
    let mut second = env.terminal(100, 30, &["watch", "logs/app.log", "--data-dir", "data"]);
    let status = second.wait_exit().expect("it ends");
    assert!(!status.success());
    assert_restored(&second);
    assert!(second.screen().contains("in use by process"), "{}", second.screen().text());
    first.send_str("q").expect("a key");
    first.wait_exit().expect("it ends");
}

#[test]
fn a_stopped_dashboard_gives_the_terminal_back_and_takes_it_again() {
    type Stop = fn(&mut Terminal, Pid);
    let stops: [Stop; 2] = [
        |_, pid| kill_process(pid, Signal::TSTP).expect("a signal"),
        |terminal, _| terminal.send(termlens::Key::Ctrl('z')).expect("a key"),
    ];
    for stop in stops {
        let env = TestEnv::new();
        let mut terminal = watching(&env, &[]);
        let pid = terminal.pid().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a process");
        stop(&mut terminal, pid);
        terminal.wait_until(|screen| !screen.alternate_screen()).expect("the terminal is given back");
        assert_restored(&terminal);
        harness::wait_for("the process to stop", || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
            stat.contains(") T ").then_some(())
        });
        kill_process(pid, Signal::CONT).expect("a signal");
        terminal
            .wait_until(|screen| screen.alternate_screen() && screen.contains("Threat"))
            .expect("it is drawn anew");
        terminal.send_str("q").expect("a key");
        assert!(terminal.wait_exit().expect("it ends").success());
        assert_restored(&terminal);
    }
}

#[test]
fn without_standard_input_keys_still_come_from_the_terminal() {
    for line in [
        "exec \"$SOCTOP\" watch logs/app.log --from start <&-",
        "exec \"$SOCTOP\" watch logs/app.log --from start </dev/null",
        // What is read from it comes to its end.
        "cat logs/app.log | \"$SOCTOP\" watch -",
    ] {
        let env = TestEnv::new();
        append(&env.log("app.log"), "{\"level\":\"info\",\"message\":\"first line\"}\n");
        let mut terminal = shell(&env, line);
        until(&mut terminal, "1 event");
        terminal.send_str("2").expect("a key");
        until(&mut terminal, "first line");
        terminal.send_str("qq").expect("keys");
        terminal.wait_exit().expect("it ends");
        assert_restored(&terminal);
    }
}

#[test]
fn in_ascii_no_byte_is_above_127_and_nothing_of_a_log_is_obeyed() {
    let env = TestEnv::new();
    let hostile = "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{9b}31m\u{202e}漢字 ünï \u{1b}]0;owned\u{7}";
    let line =
        serde_json::json!({ "level": "error", "message": hostile, "service": hostile, "user": hostile });
    append(&env.log("app.log"), &format!("{line}\n"));
    // `script` keeps every byte that the program writes.
    let command = "\\\"$SOCTOP\\\" watch logs/app.log --from start --ascii";
    let mut terminal = shell(&env, &format!("exec script -qefc \"{command}\" written"));
    until(&mut terminal, "1 event");
    for (key, name) in
        [("2", "[2Evt]"), ("3", "[3Sea]"), ("5", "[5Inc"), ("8", "[8Src"), ("?", "Help: Sources")]
    {
        terminal.send_str(key).expect("a key");
        until(&mut terminal, name);
    }
    terminal.send_str("\u{3}").expect("a key");
    terminal.wait_exit().expect("it ends");
    assert!(terminal.screen().clipboard().is_none() && terminal.screen().title() != "owned");
    let written = std::fs::read(env.path("written")).expect("what was written");
    // Between the lines that `script` adds itself.
    let from = written.windows(8).position(|at| at == b"\x1b[?1049h").expect("the alternate screen");
    let to = written.windows(8).rposition(|at| at == b"\x1b[?1049l").expect("its end");
    let above = written[from..to].iter().position(|byte| *byte >= 0x80);
    assert_eq!(above.map(|at| String::from_utf8_lossy(&written[from + at..][..20]).into_owned()), None);
}

/// Bytes a second that the slow line takes.
const SLOW: usize = 5_000;
/// What lies between a program and the far end of the line: the kernel's buffer of a pseudo-terminal (64 KiB), a pipe,
/// and a frame or two that were begun before the key.
const IN_BETWEEN: u64 = 160 * 1024;

#[test]
fn over_a_slow_line_keys_are_answered_frames_get_fewer_and_none_are_heaped_up() {
    let env = TestEnv::new();
    let log = env.log("app.log");
    append(&log, "{\"level\":\"info\",\"message\":\"first line\"}\n");
    let program = "script -qefc \"$SOCTOP watch logs/app.log --from start\" /dev/null";
    let pacer = "\"$TESTS\" --exact screen::leaving::what_comes_goes_on_slowly --nocapture";
    let mut terminal = shell(&env, &format!("{program} | {pacer}"));
    until(&mut terminal, "Threat");
    let writer = Writer::start(log);
    terminal.send_str("2").expect("a key");
    until(&mut terminal, "[2Evt]");
    // The rate goes down once more is written than the line takes.
    until(&mut terminal, "slow link");
    let passed = || std::fs::read_to_string(env.path("passed")).ok()?.parse::<u64>().ok();
    let before = harness::wait_for("bytes", passed);
    terminal.send_str("5").expect("a key");
    until(&mut terminal, "[5Inc");
    let after = harness::wait_for("bytes", passed);
    assert!(after - before < IN_BETWEEN, "{} bytes before the key was answered", after - before);
    drop(writer);
    terminal.send_str("\u{3}").expect("a key");
    terminal.wait_exit().expect("it ends");
    assert_restored(&terminal);
}

/// No test by itself: hands on what it reads, this many bytes a second, and writes down how many they were.
#[test]
fn what_comes_goes_on_slowly() {
    use std::io::{Read, Write};
    if !is_again() {
        return;
    }
    const AT_ONCE: usize = 250;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut buffer, mut passed) = ([0; AT_ONCE], 0);
    while let Ok(count @ 1..) = input.read(&mut buffer) {
        output.write_all(&buffer[..count]).and_then(|()| output.flush()).expect("somebody reads");
        passed += count;
        std::fs::write("passed.new", passed.to_string()).expect("a note");
        std::fs::rename("passed.new", "passed").expect("a note");
        // This is the line: it has a speed.
        std::thread::park_timeout(Duration::from_secs_f64(count as f64 / SLOW as f64));
    }
}

/// Writes lines without end until it is dropped.
struct Writer {
    over: Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    fn start(log: std::path::PathBuf) -> Self {
        use std::sync::atomic::Ordering::Relaxed;
        let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            for number in 0_u64.. {
                if ends.load(Relaxed) {
                    return;
                }
                let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let line = format!(
                    "{{\"level\":\"info\",\"message\":\"{id:x} {id:o} asked\",\"user\":\"{id:x}\"}}\n"
                );
                append(&log, &line.repeat(40));
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        Self { over, thread: Some(thread) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.over.store(true, std::sync::atomic::Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The program on a terminal of its own, which ends with its other side.
fn on_a_terminal(env: &TestEnv, args: &[&str]) -> (File, Running) {
    let other_side =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pseudo-terminal");
    grantpt(&other_side).and_then(|()| unlockpt(&other_side)).expect("its own side");
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&other_side, size).expect("a size");
    let path = ptsname(&other_side, Vec::new()).expect("its name").into_string().expect("a path");
    let side = || File::options().read(true).write(true).open(&path).expect("its own side");
    let mut command = env.command(args);
    command.env("TERM", "xterm-256color").stdin(side()).stdout(side()).stderr(side());
    (File::from(other_side), start(&mut command))
}

/// A connection breaks while keys are on their way: there is nobody left to read them for.
/// Whether it breaks between two of them is chance, so it breaks several times.
#[test]
fn a_connection_that_breaks_among_keys_ends_it() {
    for _ in 0..5 {
        break_among_keys();
    }
}

fn break_among_keys() {
    let env = TestEnv::new();
    append(&env.log("app.log"), "{\"level\":\"info\",\"message\":\"first line\"}\n");
    let log = env.log("app.log").display().to_string();
    let (mut other_side, mut program) = on_a_terminal(&env, &["watch", &log]);
    let (mut seen, mut bytes) = (Vec::new(), [0; 4_096]);
    while !String::from_utf8_lossy(&seen).contains("\u{1b}[?1049h") {
        let read = other_side.read(&mut bytes).expect("the screen");
        seen.extend_from_slice(&bytes[..read]);
    }
    // Screens in turn, so that each reading of keys ends with another frame; the last one is not waited for.
    for keys in ["21", "12"].repeat(10) {
        let read = other_side.read(&mut bytes).expect("a frame");
        assert!(read > 0);
        other_side.write_all(keys.repeat(900).as_bytes()).expect("keys");
    }
    drop(other_side);
    harness::wait_for("the end of it", || program.has_ended().then_some(()));
}
