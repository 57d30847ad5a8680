//! The pictures in the README are frames of the program over its own demo, so they cannot go stale.
//!
//! `UPDATE_EXPECT=1 cargo test --test it screenshot` draws them anew after a change of the screen.

use std::path::Path;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use soctop::state::Snapshot;
use soctop::{tui, view};

use crate::told::Told;

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

/// What somebody new asks of the first minute of the demo is read without a key, and names are whole.
#[test]
fn who_attacks_who_is_locked_until_when_and_which_breaker_is_open_is_read_without_a_key() {
    let moments = (0..=FILM_SECONDS / STEP_SECONDS).map(|step| FILM_FROM_SECONDS + step * STEP_SECONDS);
    let all = snapshots(moments);
    let options = tui::Options { stream: view::scene::Stream::Demo, ..tui::Options::default() };
    for (width, height) in [(80, 24), (120, 36)] {
        let mut model = None;
        let mut told: Vec<String> = Vec::new();
        for snapshot in &all {
            let snapshot = Arc::new(snapshot.clone());
            let model = model.get_or_insert_with(|| tui::start(&options, Arc::clone(&snapshot)));
            tui::update(model, tui::Message::Snapshot(snapshot));
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            let drawn = view::draw(&mut buffer, &model.scene());
            tui::update(model, tui::Message::Drawn(drawn));
            let rows = buffer.content().chunks(usize::from(width));
            told.extend(rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()));
        }
        for (asked, words) in [
            ("who attacks", &["▸ 203.0.113.91"][..]),
            ("who is locked until when", &["× lena@shop.example", "→"]),
            ("which breaker is open", &["OPEN anthropic_api"]),
        ] {
            let is_told = told.iter().any(|row| words.iter().all(|word| row.contains(word)));
            assert!(is_told, "{asked} at {width}x{height}");
        }
    }
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

/// The state at these moments of the story (seconds, ascending).
fn snapshots(moments: impl IntoIterator<Item = i64>) -> Vec<Snapshot> {
    let mut told = Told::new();
    moments.into_iter().map(|moment| told.until(moment)).collect()
}
