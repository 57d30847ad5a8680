//! From lines to a searchable index, against bare tantivy on the same lines in the same run; then
//! how soon an event is visible, and how long questions take.
//!
//! *bare* is tantivy with two threads and documents prepared beforehand: an untimed pass decodes and normalises, then only
//! indexing is measured. It gets the same fields as ours: a term for each field of the line and each canonical one, the
//! words of the message and of the other texts with positions, time and four columns; the line goes to its own store.
//! *ours* starts from bytes: decode, normalise, redact, index, commit each second. *command* is `soctop ingest` on a file
//! of the lines, without a rule and with the bundled ones. All index into a directory below `SOCTOP_BENCH_DIR` (default:
//! the directory for temporary files).
//!
//! `cargo bench --bench ingest -- [EVENTS] [FILE] [bare|ours|command|visible|ask]...`; without a file of lines they are
//! made up. `ours` and `command` are told beside `bare`.

#![expect(clippy::print_stdout, reason = "a measurement prints its numbers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use soctop::decode::Decoder;
use soctop::event::{Event, GenerationId, Kind, Origin, Paths, Redacted, Timestamp, canonical};
use soctop::index::{Options, Position, Reader, Writer};
use soctop::normalize::{self, Normalizer, Redaction, Redactor};
use soctop::query::SearchRequest;
use soctop::query::name::is_repeated;
use soctop::query::words::is_wordy;
use tantivy::schema::{
    DateOptions, Field, IndexRecordOption, NumericOptions, STORED, Schema, SchemaBuilder, TantivyDocument,
    TextFieldIndexing, TextOptions,
};
use tantivy::{DateTime, Index, IndexWriter};

use clock::cpu_time;

mod clock;

/// The two ends of a store.
fn open_store(path: &Path, options: Options) -> Result<(Writer, Reader), soctop::index::Error> {
    let writer = Writer::open(path, options)?;
    let reader = writer.reader();
    Ok((writer, reader))
}

const HEAP: usize = 64 << 20;
/// While someone watches.
const COMMIT_EVERY: Duration = Duration::from_millis(250);
/// While reading in bulk.
const BULK_COMMIT_EVERY: Duration = Duration::from_secs(1);
/// One id among the others that occurs so often, spread over all lines.
const WIDE_ID: &str = "wide0000-0000-4000-a000-000000000200";
const WIDE_EVENTS: usize = 200;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let events = arguments.iter().find_map(|it| it.parse().ok()).unwrap_or(200_000);
    let wanted = |name: &str| {
        let is_name = |it: &&String| it.parse::<u64>().is_err() && !Path::new(it).is_file();
        let mut named = arguments.iter().filter(is_name).peekable();
        named.peek().is_none() || named.any(|it| it == name)
    };
    let file = env::args().skip(1).map(PathBuf::from).find(|it| it.is_file());
    let mut lines = file.map_or_else(|| Generator(0x5eed).lines(events), |file| lines_of(&file));
    lines.truncate(events);
    let bytes: usize = lines.iter().map(String::len).sum();
    println!("{} events, {:.0} bytes each", lines.len(), bytes as f64 / lines.len() as f64);
    if wanted("bare") {
        compare(&lines, bytes, &wanted);
    }
    if wanted("visible") {
        visible(&lines);
    }
    if wanted("ask") {
        ask(&lines);
    }
}

/// What a run cost.
#[derive(Clone, Copy)]
struct Measured {
    wall: Duration,
    cpu: Duration,
    /// KiB; 0 where the documents of all lines lie in memory.
    peak: u64,
}

impl Measured {
    fn report(&self, name: &str, events: usize, bytes: usize, dir: &Path) {
        println!(
            "{name:24} {:7.1} k events/s  {:6.1} MB/s  {:5.1} us CPU/event  peak {} MB  disk {}",
            events as f64 / self.wall.as_secs_f64() / 1e3,
            bytes as f64 / self.wall.as_secs_f64() / 1e6,
            self.cpu.as_secs_f64() * 1e6 / events as f64,
            self.peak / 1_024,
            disk_report(dir, bytes),
        );
    }

    /// How many times as fast as another, by the clock and by CPU time.
    fn against(&self, other: Self) -> String {
        let ratio = |this: Duration, other: Duration| other.as_secs_f64() / this.as_secs_f64();
        format!(
            "{:.2} by the clock, {:.2} by CPU time",
            ratio(self.wall, other.wall),
            ratio(self.cpu, other.cpu)
        )
    }
}

/// Percent of the raw bytes, in all and for the largest kinds of file.
fn disk_report(dir: &Path, raw: usize) -> String {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    disk_kinds(dir, &mut kinds);
    let percent = |bytes: u64| bytes as f64 * 100.0 / raw as f64;
    let mut largest: Vec<_> = kinds.iter().filter(|(_, bytes)| percent(**bytes) >= 1.0).collect();
    largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
    let parts: Vec<_> =
        largest.iter().map(|(kind, bytes)| format!("{kind} {:.1}", percent(**bytes))).collect();
    format!("{:.1} % of raw ({})", percent(kinds.values().sum()), parts.join(", "))
}

/// Wall clock and processor time of the whole process.
#[derive(Clone, Copy)]
struct Stopwatch(Instant, Duration);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now(), cpu_time())
    }

    fn read(self) -> (Duration, Duration) {
        (self.0.elapsed(), cpu_time() - self.1)
    }
}

fn lines_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a file of lines");
    text.lines().map(str::to_owned).collect()
}

/// Bare tantivy with two threads and everything else against it, in turn.
fn compare(lines: &[String], bytes: usize, wanted: &dyn Fn(&str) -> bool) {
    let folder = directory();
    let file = folder.path().join("lines.ndjson");
    fs::write(&file, lines.join("\n") + "\n").expect("written");
    let bare = bare(lines, bytes, 2);
    if wanted("ours") {
        println!("ours / bare: {}", ours(lines, bytes, 2).against(bare));
    }
    for with_rules in [false, true] {
        if wanted("command") {
            println!("command / bare: {}", command(&file, lines.len(), bytes, with_rules).against(bare));
        }
    }
}

fn directory() -> tempfile::TempDir {
    let parent = env::var_os("SOCTOP_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(parent).expect("a directory for the index")
}

/// What bare tantivy is given of an event.
struct BareFields {
    fields: Field,
    message: Field,
    text: Field,
    time: Field,
    columns: [Field; 4],
    raw: Field,
}

impl BareFields {
    fn of(schema: &mut SchemaBuilder) -> Self {
        let raw_terms = TextFieldIndexing::default().set_tokenizer("raw").set_fieldnorms(false);
        let words = TextFieldIndexing::default()
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(words);
        let mut column = |name| schema.add_u64_field(name, NumericOptions::default().set_fast());
        let columns = ["seq", "event_key", "level", "place"].map(&mut column);
        Self {
            columns,
            fields: schema.add_text_field("fields", TextOptions::default().set_indexing_options(raw_terms)),
            message: schema.add_text_field("message", words.clone()),
            text: schema.add_text_field("text", words),
            time: schema.add_date_field("@timestamp", DateOptions::default().set_fast()),
            raw: schema.add_text_field("raw", STORED),
        }
    }

    /// A term for each field, the words of the message and those of the other texts that are no names, the line.
    fn document(&self, event: &Event, paths: &Paths) -> TantivyDocument {
        let names = paths.read();
        let mut document = TantivyDocument::default();
        let scalars = || event.fields().iter().enumerate().filter(|(_, field)| !field.kind.is_container());
        let message = event.get(canonical::MESSAGE).unwrap_or(event.raw());
        for (index, field) in scalars() {
            let (name, value) = (event.name(index, &names), event.text(field.span));
            if ![canonical::MESSAGE, canonical::TIMESTAMP].contains(&field.path) {
                document.add_text(self.fields, format!("{name}\0{}", value.to_ascii_lowercase()));
            }
            let twins = || scalars().filter(|(_, other)| other.span == field.span);
            let elsewhere = |(index, other): (usize, &soctop::event::Field)| {
                [canonical::TIMESTAMP, canonical::CORRELATION_ID].contains(&other.path)
                    || is_repeated(event.name(index, &names))
            };
            let in_line = matches!(field.origin, Origin::Line | Origin::Quoted);
            if in_line && is_wordy(field.kind == Kind::String, value) && !twins().any(elsewhere) {
                document.add_text(self.text, value);
            }
        }
        document.add_text(self.message, message);
        document.add_text(self.raw, event.raw());
        document.add_date(self.time, DateTime::from_timestamp_nanos(event.meta.time.unwrap_or_default().0));
        for (column, number) in
            self.columns.iter().zip([event.meta.seq, event.meta.offset, 1, event.meta.seq])
        {
            document.add_u64(*column, number);
        }
        document
    }
}

fn bare(lines: &[String], bytes: usize, threads: usize) -> Measured {
    let mut schema = Schema::builder();
    let fields = BareFields::of(&mut schema);
    let dir = directory();
    let index = Index::create_in_dir(dir.path(), schema.build()).expect("an index");
    let mut path = Path1::new();
    let paths = path.paths.clone();
    let documents = lines.iter().map(|line| fields.document(path.take(line), &paths));
    let documents: Vec<TantivyDocument> = documents.collect();
    let watch = Stopwatch::start();
    let mut writer: IndexWriter = index.writer_with_num_threads(threads, HEAP * threads).expect("a writer");
    for document in documents {
        writer.add_document(document).expect("added");
    }
    writer.commit().expect("committed");
    writer.wait_merging_threads().expect("merged");
    let (wall, cpu) = watch.read();
    let measured = Measured { wall, cpu, peak: 0 };
    measured.report(&format!("bare {threads}"), lines.len(), bytes, dir.path());
    measured
}

/// `soctop ingest` on the same lines, as a user runs it.
fn command(lines: &Path, count: usize, bytes: usize, with_rules: bool) -> Measured {
    let dir = directory();
    let (no_rules, data) = (dir.path().join("no-rules"), dir.path().join("data"));
    fs::create_dir(&no_rules).expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_soctop"));
    command.arg("ingest").arg(lines).arg("--data-dir").arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
    if !with_rules {
        command.arg("--only-rules").arg(&no_rules);
    }
    let started = Instant::now();
    let mut child = command.spawn().expect("started");
    let process = child.id().to_string();
    let (mut cpu, mut peak) = (Duration::ZERO, 0);
    while child.try_wait().expect("a state").is_none() {
        cpu = cpu.max(cpu_time_of(&process));
        peak = peak.max(peak_memory(&process));
        thread::sleep(LOOK_EVERY);
    }
    let measured = Measured { wall: started.elapsed(), cpu, peak };
    measured.report(
        if with_rules { "command, bundled rules" } else { "command, no rules" },
        count,
        bytes,
        &data,
    );
    measured
}

/// This much of the end of a command is not seen.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Clock ticks a second, as Linux has told all programs for decades.
const TICKS: u64 = 100;

/// CPU time of a running process, user and system.
fn cpu_time_of(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: u64 = behind.filter_map(|number| number.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS)
}

/// The whole path of a line, as the pipeline walks it.
struct Path1 {
    decoder: Decoder,
    normalizer: Normalizer,
    redactor: Redactor,
    paths: Paths,
    event: Event,
    source: Arc<str>,
    seq: u64,
}

impl Path1 {
    fn new() -> Self {
        let paths = Paths::new();
        Self {
            decoder: Decoder::new(paths.clone()),
            normalizer: Normalizer::new(paths.clone(), normalize::Options::default()),
            redactor: Redactor::new(&paths, Redaction::default()),
            paths,
            event: Event::default(),
            source: "/var/log/app.log".into(),
            seq: 0,
        }
    }

    fn add(&mut self, line: &str, writer: &mut Writer) {
        self.take(line);
        let event = Redacted::by(&mut self.redactor, std::mem::take(&mut self.event));
        writer.add_event(&event, &self.paths.read(), &self.source).expect("added");
        self.event = event.into_inner();
    }

    /// Decodes and normalises.
    fn take(&mut self, line: &str) -> &Event {
        self.decoder.decode(line.as_bytes(), false, &mut self.event);
        let arrival = Timestamp::from_seconds(1_772_400_000 + (self.seq / 1_000) as i64);
        let meta = &mut self.event.meta;
        meta.generation = GenerationId(1);
        meta.offset = self.seq * 500;
        meta.line = self.seq + 1;
        meta.seq = self.seq;
        meta.ingested = arrival;
        self.normalizer.translate(&mut self.event, arrival);
        self.normalizer.join(&mut self.event);
        self.seq += 1;
        &self.event
    }

    fn commit(&self, writer: &mut Writer) {
        writer.commit(Position { seq_next: self.seq, ..Position::default() }).expect("committed");
    }
}

fn options(threads: usize) -> Options {
    Options { threads, heap_bytes: HEAP, ..Options::default() }
}

fn ours(lines: &[String], bytes: usize, threads: usize) -> Measured {
    let dir = directory();
    let (mut writer, _reader) = open_store(dir.path(), options(threads)).expect("a store");
    let mut path = Path1::new();
    let watch = Stopwatch::start();
    let mut committed = Instant::now();
    for (n, line) in lines.iter().enumerate() {
        path.add(line, &mut writer);
        if n % 256 == 0 && committed.elapsed() >= BULK_COMMIT_EVERY {
            path.commit(&mut writer);
            committed = Instant::now();
        }
    }
    path.commit(&mut writer);
    writer.close().expect("merged");
    let (wall, cpu) = watch.read();
    let measured = Measured { wall, cpu, peak: 0 };
    measured.report(&format!("ours {threads}"), lines.len(), bytes, dir.path());
    measured
}

/// Ten thousand events a second, committed each 250 ms: from `add_event` to being found.
fn visible(lines: &[String]) {
    let dir = directory();
    let (mut writer, reader) = open_store(dir.path(), options(1)).expect("a store");
    let mut path = Path1::new();
    let (mut waits, mut commits) = (Vec::new(), Vec::new());
    let started = Instant::now();
    let mut lines = lines.iter();
    while started.elapsed() < Duration::from_secs(8) && lines.len() > 2_500 {
        let tick = Instant::now();
        let first = tick;
        let mut last = tick;
        for line in lines.by_ref().take(2_500) {
            path.add(line, &mut writer);
            last = Instant::now();
        }
        thread::sleep(COMMIT_EVERY.saturating_sub(tick.elapsed()));
        let committing = Instant::now();
        path.commit(&mut writer);
        let newest = reader.search(&newest_one()).expect("an answer").records;
        assert_eq!(newest.first().map(|record| record.seq), Some(path.seq - 1));
        commits.push(committing.elapsed());
        waits.extend([first.elapsed(), last.elapsed()]);
    }
    println!("visible after p50 {:?} p99 {:?}", at(&mut waits, 50), at(&mut waits, 99));
    println!("commit and first answer p50 {:?} p99 {:?}", at(&mut commits, 50), at(&mut commits, 99));
}

fn ask(lines: &[String]) {
    let dir = directory();
    let (mut writer, _) = open_store(dir.path(), options(1)).expect("a store");
    let mut path = Path1::new();
    let mut committed = Instant::now();
    for line in lines {
        path.add(line, &mut writer);
        if path.seq.is_multiple_of(256) && committed.elapsed() >= COMMIT_EVERY {
            path.commit(&mut writer);
            committed = Instant::now();
        }
    }
    path.commit(&mut writer);
    writer.close().expect("merged");
    let opening = Instant::now();
    let reader = Reader::open(dir.path()).expect("a reader");
    println!("open {:?}, {:?}", opening.elapsed(), reader.counts().expect("counts"));
    let first = Instant::now();
    let trace = reader.trace(WIDE_ID).expect("a trace");
    assert_eq!(trace.records.len(), WIDE_EVENTS);
    println!("{:44} {:?}", format!("first trace of {WIDE_EVENTS} spread events"), first.elapsed());
    time("trace of 200 spread events", || reader.trace(WIDE_ID).expect("a trace").records.len());
    let ids: Vec<String> = lines.iter().step_by(lines.len() / 97).filter_map(|line| id_of(line)).collect();
    let mut next = ids.iter().cycle();
    time("trace of about 8 events", || {
        reader.trace(next.next().expect("cycle")).expect("a trace").records.len()
    });
    for query in [
        "",
        "timeout",
        "user.name:user77",
        "log.level:error http.response.status_code:>=500",
        "source.ip:203.0.113.0/24",
        "\"slow response\"",
        "user.name:user7*",
        "duration_ms:>900",
        "NOT log.level:info",
        "url.path:*",
    ] {
        let request = SearchRequest { query: query.into(), limit: 100, ..SearchRequest::default() };
        time(&format!("newest 100 of `{query}`"), || {
            reader.search(&request).expect("an answer").total as usize
        });
    }
    let record = reader.search(&newest_one()).expect("an answer").records.remove(0);
    let by_id = SearchRequest { query: format!("event_id:{}", record.event_id), ..newest_one() };
    time("event by id", || reader.search(&by_id).expect("an answer").records.len());
    time("histogram of everything", || {
        reader.histogram(&SearchRequest::default(), 60).expect("an answer").total as usize
    });
}

fn id_of(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("correlation_id")?.as_str().map(str::to_owned)
}

fn time(name: &str, mut question: impl FnMut() -> usize) {
    let mut times = Vec::new();
    let mut hits = 0;
    let until = Instant::now() + Duration::from_millis(600);
    while times.len() < 5 || (Instant::now() < until && times.len() < 300) {
        let started = Instant::now();
        hits = question();
        times.push(started.elapsed());
    }
    println!("{name:52} {hits:9} hits  p50 {:>10.1?}  p99 {:>10.1?}", at(&mut times, 50), at(&mut times, 99));
}

fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn disk_kinds(path: &Path, kinds: &mut BTreeMap<String, u64>) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            disk_kinds(&entry.path(), kinds);
        } else {
            let kind = entry.path().extension().map(|it| it.to_string_lossy().into_owned());
            *kinds.entry(kind.unwrap_or_default()).or_default() += metadata.len();
        }
    }
}

/// Most memory that a process had at a time, in KiB.
fn peak_memory(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0)
}

/// xorshift64*: the same lines on every machine.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    /// Requests overlap: each line belongs to one of 400 running ones, which last eight lines on average.
    fn lines(&mut self, count: usize) -> Vec<String> {
        let mut running: Vec<String> = (0..400).map(|_| self.id()).collect();
        let wide_every = count / WIDE_EVENTS;
        (0..count)
            .map(|n| {
                let at = self.below(running.len() as u64) as usize;
                if self.below(8) == 0 {
                    running[at] = self.id();
                }
                let id = running[at].clone();
                let wide = n % wide_every == 0 && n / wide_every < WIDE_EVENTS;
                self.line(n as u64, if wide { WIDE_ID } else { &id })
            })
            .collect()
    }

    fn id(&mut self) -> String {
        let (a, b, c) = (self.next(), self.next(), self.next());
        let (a, c) = (a & 0xffff_ffff, c & 0xffff_ffff_ffff);
        format!("{a:08x}-{:04x}-4{:03x}-a{:03x}-{c:012x}", b & 0xffff, b >> 20 & 0xfff, b >> 32 & 0xfff)
    }

    fn line(&mut self, n: u64, id: &str) -> String {
        let seconds = n / 50;
        let time = format!(
            "2026-08-01T{:02}:{:02}:{:02}.{:03}Z",
            seconds / 3_600 % 24,
            seconds / 60 % 60,
            seconds % 60,
            n * 20 % 1_000
        );
        let service = self.pick(&["auth-api", "orders-api", "payments-api", "catalog-api", "search-api"]);
        let user = format!("user{}", self.below(5_000));
        let ip = format!("203.0.{}.{}", self.below(256), 1 + self.below(254));
        let path =
            format!("/api/v1/{}/{}", self.pick(&["users", "orders", "cart", "pay"]), self.below(20_000));
        let agent = self.pick(&[
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            "python-requests/2.32.3",
            "curl/8.9.1",
            "okhttp/4.12.0",
        ]);
        let duration = self.below(1_000_000) as f64 / 1_000.0;
        let (level, event, status, message) = match self.below(100) {
            0..80 => ("info", "http_request", "200", format!("request handled in {duration} ms")),
            80..88 => {
                ("warning", "slow_response", "200", format!("slow response from {service}: {duration} ms"))
            }
            88..95 => ("warning", "login_failed", "401", format!("login failed for {user} from {ip}")),
            _ => ("error", "upstream_error", "502", format!("timeout while calling {service} for {user}")),
        };
        format!(
            r#"{{"timestamp":"{time}","level":"{level}","service":"{service}","logger":"app.{event}","message":"{message}","event":"{event}","correlation_id":"{id}","user":"{user}","client_ip":"{ip}","method":"GET","path":"{path}","status":{status},"duration_ms":{duration},"user_agent":"{agent}"}}"#
        )
    }
}

/// Asks for the newest event.
fn newest_one() -> SearchRequest {
    SearchRequest { limit: 1, ..SearchRequest::default() }
}
