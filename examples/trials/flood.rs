//! Distinct keys without end: memory stays in its bound, those who attack are found among them, nothing is lost.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::terminal::Outcome;
use super::{BOUND_MB, PlainWatch, expect, soctop, stored, until_stored};

const ATTACKERS: u64 = 20;
/// Failed logins of each attacker.
const TRIES: u64 = 20;
/// One probe in this many users.
const USERS_A_PROBE: u64 = 10;
/// All of it happens in this many milliseconds.
const WINDOW: u64 = 300_000;

pub fn run(program: &Path, users: u64) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let lines = write(&folder.path().join("flood.log"), users)?;
    println!(
        "{lines} lines: {users} users, addresses and ids, {} probes, {ATTACKERS} attackers",
        users / USERS_A_PROBE
    );
    replay(program, folder.path())?;
    watch(program, folder.path(), lines)
}

fn replay(program: &Path, folder: &Path) -> Outcome<()> {
    let began = Instant::now();
    let found = soctop(program, folder, &["replay", "flood.log"]).output()?;
    let told = String::from_utf8_lossy(&found.stdout);
    println!(
        "replay: {:.0} s, {} lines said, {} attackers found",
        began.elapsed().as_secs_f64(),
        told.lines().count(),
        attackers(&told)
    );
    expect(found.status.success(), "replay ends well")?;
    expect(attackers(&told) == ATTACKERS, "replay finds every attacker")
}

fn watch(program: &Path, folder: &Path, lines: u64) -> Outcome<()> {
    let (alerts, remarks) = (folder.join("alerts"), folder.join("remarks"));
    let mut command = soctop(program, folder, &["watch", "--plain", "--data-dir", "data", "flood.log"]);
    command.stdout(File::create(&alerts)?).stderr(File::create(&remarks)?);
    let running = PlainWatch::start(command)?;
    let took = until_stored(program, folder, lines, Duration::from_secs(3_600))?;
    let asked = Instant::now();
    let found = soctop(program, folder, &["search", "user.name:victim3", "--count", "--data-dir", "data"])
        .output()?;
    let answered = asked.elapsed();
    let (peak, mapped) = (running.peaks.own_mb(), running.peaks.mapped_mb());
    running.end()?;
    let told = std::fs::read_to_string(&alerts)?;
    let (said, remarked) = (told.lines().count(), std::fs::read_to_string(&remarks)?.lines().count());
    println!(
        "watch: {:.0} s, {peak} MB at most and {mapped} MB of mapped files, {said} lines and {remarked} remarks said, {} attackers found, a question in {:.0} ms",
        took.as_secs_f64(),
        attackers(&told),
        answered.as_secs_f64() * 1000.0
    );
    expect(stored(program, folder) == lines, "every line is stored once")?;
    expect(String::from_utf8_lossy(&found.stdout).trim() == TRIES.to_string(), "a question is answered")?;
    expect(peak < BOUND_MB, "memory stays in its bound")?;
    expect(remarked > 0, "what is not followed exactly is said")?;
    expect(said < 20_000, "many incidents are few lines")?;
    expect(attackers(&told) == ATTACKERS, "watch finds every attacker")
}

/// How many of them are named in what was said.
fn attackers(told: &str) -> u64 {
    let named = |attacker: &u64| {
        let name = format!("victim{attacker} ");
        told.lines().any(|line| line.contains(&name) && line.contains("would be locked"))
    };
    (0..ATTACKERS).filter(named).count() as u64
}

fn write(path: &Path, users: u64) -> Outcome<u64> {
    let mut log = BufWriter::new(File::create(path)?);
    let between = (users / (ATTACKERS * TRIES)).max(1);
    let mut lines = 0;
    for user in 0..users {
        let time = time(WINDOW * user / users);
        let head = format!("{{\"timestamp\":\"{time}\",\"service\":\"shop\"");
        let login = "\"level\":\"WARNING\",\"message\":\"login failed\"";
        let id = |kind: u32| {
            format!("\"request_id\":\"{:08x}-{kind:04x}-4000-8000-{user:012x}\"", user * 7_919 % (1 << 32))
        };
        writeln!(
            log,
            "{head},{login},\"username\":\"user{user}\",\"client_ip\":\"{}\",{}}}",
            address(user),
            id(0)
        )?;
        lines += 1;
        if user % USERS_A_PROBE == 0 {
            let query = "/search?q=1%27%20UNION%20SELECT%20password%20FROM%20users--";
            let from = address(user + 50_000_000);
            writeln!(
                log,
                "{head},\"message\":\"request\",\"method\":\"GET\",\"path\":\"{query}\",\"status\":400,\"client_ip\":\"{from}\",{}}}",
                id(1)
            )?;
            lines += 1;
        }
        if user % between == 0 && user / between < ATTACKERS * TRIES {
            let attacker = user / between % ATTACKERS;
            let who =
                format!("\"username\":\"victim{attacker}\",\"client_ip\":\"198.51.100.{}\"", attacker + 1);
            writeln!(log, "{head},{login},{who},{}}}", id(2))?;
            lines += 1;
        }
    }
    log.flush()?;
    Ok(lines)
}

fn time(milliseconds: u64) -> String {
    let (minutes, rest) = (30 + milliseconds / 60_000, milliseconds % 60_000);
    format!("2026-03-01T09:{minutes:02}:{:02}.{:03}Z", rest / 1_000, rest % 1_000)
}

fn address(number: u64) -> String {
    let part = |shift: u32| number >> shift & 255;
    format!("{}.{}.{}.{}", 11 + part(24) % 100, part(16), part(8), part(0))
}
