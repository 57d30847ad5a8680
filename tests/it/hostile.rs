//! Lines that are meant to cost time come to their end.
//!
//! Nothing is timed here: work that grows with the square of a line of a megabyte never ends. What a byte
//! costs is measured by `cargo bench --bench hostile`.

pub mod inputs;
pub mod stages;

use soctop::decode::LINE_LIMIT;
use soctop::event::Outcome;

#[test]
fn lines_as_long_as_they_may_be_are_read_matched_and_correlated() {
    let mut stages = stages::Stages::new(&stages::rules());
    for (name, lines) in inputs::KINDS {
        println!("{name}");
        // Room for what stands around the hostile part.
        let lines = lines(LINE_LIMIT - 40_000);
        assert!(lines.iter().all(|line| line.len() <= LINE_LIMIT), "{name}");
        for (number, line) in lines.iter().enumerate() {
            assert_ne!(stages.line(line, number, 5), Outcome::Blank, "{name}");
        }
    }
}
