//! The pictures in the README are frames of the program over its own demo, so they cannot go stale.
//!
//! `UPDATE_EXPECT=1 cargo test --test it screenshot` draws them anew after a change of the screen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use soctop::correlate::Output;
use soctop::event::{Event, GenerationId, LogLevel, Outcome, Record, SourceId, Timestamp, canonical};
use soctop::pipeline::{Engine, EngineOptions, Line};
use soctop::sigma::Placeholders;
use soctop::state::{Counted, IndexStatus, Snapshot, SourceStatus, State, Update};
use soctop::{config, samples, tui, view};

/// When the picture is taken, after the start of the story.
const MOMENT_SECONDS: i64 = 325;

#[test]
fn the_readme_shows_a_frame_of_the_demo() {
    let snapshot = demo_snapshot();
    let options = tui::Options {
        host: "web-1".to_owned(),
        stream: view::scene::Stream::Demo,
        ..tui::Options::default()
    };
    let model = tui::start(&options, Arc::new(snapshot));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
    view::draw(&mut buffer, &model.scene());
    keep("docs/overview.svg", &crate::svg::render(&buffer));
}

/// Seconds of the story between two frames of the film, and how long each is shown.
const STEP_SECONDS: i64 = 5;
const FRAME_SECONDS: f64 = 1.25;
/// The demo tells its story four times faster than it happened, and begins in the middle of it.
const FILM_FROM_SECONDS: i64 = 150;
const FILM_SECONDS: i64 = 240;

#[test]
fn the_readme_shows_the_first_minute_of_the_demo() {
    let moments = (0..=FILM_SECONDS / STEP_SECONDS).map(|step| FILM_FROM_SECONDS + step * STEP_SECONDS);
    let options = tui::Options {
        host: "web-1".to_owned(),
        stream: view::scene::Stream::Demo,
        ..tui::Options::default()
    };
    let mut model = None;
    let mut frames = Vec::new();
    for snapshot in snapshots(moments) {
        let snapshot = Arc::new(snapshot);
        let model = model.get_or_insert_with(|| tui::start(&options, Arc::clone(&snapshot)));
        tui::update(model, tui::Message::Snapshot(snapshot));
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        let drawn = view::draw(&mut buffer, &model.scene());
        tui::update(model, tui::Message::Drawn(drawn));
        frames.push(buffer);
    }
    let film = crate::film::animate(&frames, FRAME_SECONDS);
    assert!(film.len() < 400 * 1024, "{} bytes are too many for a README", film.len());
    assert!(!film.contains("<script"));
    keep("docs/demo.svg", &film);
}

fn keep(name: &str, drawn: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, drawn).expect("the picture can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == drawn, "{name} is not what the program draws: see the head of this file");
}

/// The state after the first minutes of the story.
fn demo_snapshot() -> Snapshot {
    snapshots([MOMENT_SECONDS]).pop().expect("a snapshot")
}

/// The state at these moments of the story (seconds, ascending), with event time as the clock.
fn snapshots(moments: impl IntoIterator<Item = i64>) -> Vec<Snapshot> {
    let start = Timestamp::parse_rfc3339("2026-03-01T09:30:00Z").expect("a time");
    let rules = config::load_rules(&[], Placeholders::new()).expect("the bundled rules load");
    let mut engine = Engine::new(&rules.rules, &EngineOptions::default());
    let mut state = State::new();
    state.apply(Update::Clock { now: start });
    state.apply(Update::Rules { loaded: rules.rules.len(), problems: Vec::new() });
    let mut streams: BTreeMap<&'static str, (SourceId, SourceStatus)> = BTreeMap::new();
    let story = samples::story(1, start);
    let mut lines = story.iter().peekable();
    let taken = moments.into_iter().map(|moment| {
        while let Some(line) = lines.next_if(|line| line.at_millis < moment as u64 * 1_000) {
            let now = start.plus(line.at_millis as i64 * 1_000_000);
            let next = SourceId(streams.len() as u32);
            let (source, status) = streams.entry(line.stream).or_insert((next, SourceStatus::default()));
            note(status, line, now);
            let path = Arc::clone(&status.path);
            take(&mut engine, &mut state, &at(line, *source, status, &path, now));
        }
        for (_, status) in streams.values() {
            state.apply(Update::Source(status.clone()));
        }
        let indexed = engine.next_seq();
        state.apply(Update::Index(IndexStatus { indexed, disk_bytes: 2 << 20, ..IndexStatus::default() }));
        state.apply(Update::Clock { now: start.plus(moment * 1_000_000_000) });
        state.snapshot()
    });
    taken.collect()
}

fn note(status: &mut SourceStatus, line: &samples::Line, now: Timestamp) {
    status.path = format!("/var/log/{}", line.stream).into();
    status.lines += 1;
    status.read_bytes += line.text.len() as u64 + 1;
    status.size_bytes = status.read_bytes;
    status.last_line_at = Some(now);
    status.last_event_time = Some(now);
}

fn at<'a>(
    line: &'a samples::Line,
    source: SourceId,
    status: &SourceStatus,
    path: &'a Arc<str>,
    now: Timestamp,
) -> Line<'a> {
    Line {
        bytes: line.text.as_bytes(),
        cut: false,
        source,
        path,
        generation: GenerationId(u64::from(source.0) + 1),
        offset: status.read_bytes,
        number: status.lines,
        lines: 1,
        read_at: now,
    }
}

fn take(engine: &mut Engine, state: &mut State, line: &Line<'_>) {
    let mut event = Event::default();
    if engine.line(line, &mut event) == Outcome::Blank {
        return;
    }
    let mut levels = [0; 8];
    levels[LogLevel::parse(event.get(canonical::LOG_LEVEL).unwrap_or_default()) as usize] = 1;
    let by_second = vec![(line.read_at.seconds(), levels)];
    state.apply(Update::Counted(Counted { by_second, ledger: engine.take_ledger(), ..Counted::default() }));
    let event = engine.redact(event, line.path);
    let row = Arc::new(Record::from_event(&event, line.path, &engine.paths().read()));
    state.apply(Update::Events { rows: vec![row], not_shown: 0 });
    for output in engine.take_outputs() {
        match output {
            Output::Alert(alert) => state.apply(Update::Alert(alert)),
            Output::Transition(transition) => state.apply(Update::Transition(transition)),
            Output::Risk(risk) => state.apply(Update::Risk(risk)),
            _ => {}
        }
    }
    state.apply(Update::Clock { now: line.read_at });
}
