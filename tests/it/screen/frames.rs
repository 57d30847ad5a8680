//! Every screen at every size in every state, as it looks: sixteen files of nine screens each.

use std::fmt::Write as _;
use std::sync::Arc;

use soctop::state::Snapshot;
use soctop::view::scene::Tab;

use super::fixture::{self, Screen};
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
                writeln!(frames, "### {}\n{}\n", tab.title(), screen.text()).expect("a string");
            }
            insta::assert_snapshot!(format!("frames_{state}_{width}x{height}"), frames);
        }
    }
}
