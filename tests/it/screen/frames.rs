//! Every screen at every size in every state, as it looks: sixteen files of nine screens each; and what can be opened
//! or lie over them at the least and the greatest size (the two between have a file for each tour).

use std::fmt::Write as _;
use std::sync::Arc;

use soctop::state::Snapshot;
use soctop::view::scene::Tab;

use super::fixture::{self, Screen, TOURS};
use super::{moving, options};

#[test]
fn every_screen_looks_as_it_did_in_every_state_at_every_size() {
    let states: [(&str, Arc<Snapshot>); 4] = [
        ("data", fixture::snapshot()),
        ("empty", Arc::new(fixture::quiet_state().snapshot())),
        ("loading", Arc::default()),
        ("trouble", moving::troubled()),
    ];
    for (state, snapshot) in states {
        for (width, height) in [(60, 15), (80, 24), (120, 36), (200, 60)] {
            let mut frames = String::new();
            for (number, tab) in Tab::ALL.into_iter().enumerate() {
                let mut screen = Screen::new(width, height, &options(), Arc::clone(&snapshot));
                screen.press(&(number + 1).to_string());
                // Without a question these two are empty; what is asked here has the same answer in every state.
                match tab {
                    Tab::Search if state == "data" => screen.press("/ Enter"),
                    Tab::Trace if state == "data" => screen.press("2 G o j 4"),
                    _ => Vec::new(),
                };
                writeln!(frames, "### {}\n{}\n", tab.title(), screen.text()).expect("a string");
            }
            insta::assert_snapshot!(format!("frames_{state}_{width}x{height}"), frames);
        }
    }
}

#[test]
fn what_lies_over_a_screen_or_is_opened_on_it_looks_as_it_did_at_any_size() {
    for (width, height) in [(60, 15), (200, 60)] {
        let mut frames = String::new();
        for (name, keys) in TOURS.iter().filter(|(_, keys)| keys.len() > 1) {
            let mut screen = Screen::new(width, height, &options(), fixture::snapshot());
            screen.press(keys);
            writeln!(frames, "### {name}\n{}\n", screen.text()).expect("a string");
        }
        insta::assert_snapshot!(format!("frames_opened_{width}x{height}"), frames);
    }
}
