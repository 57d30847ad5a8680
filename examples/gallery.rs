//! Draws every screen of the dashboard from fixed data into a folder, as text and as SVG:
//! `cargo run --example gallery -- FOLDER [WIDTHxHEIGHT]...`. The pictures in the documentation
//! are made this way, so that they show what the program shows.

#[path = "../tests/it/screen/fixture.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod fixture;
#[path = "../tests/it/svg.rs"]
mod svg;

use std::path::PathBuf;

use fixture::{Screen, TOURS, snapshot};
use soctop::tui::Options;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    let sizes: Vec<String> = arguments.collect();
    let sizes = if sizes.is_empty() { vec!["120x36".to_owned(), "80x24".to_owned()] } else { sizes };
    std::fs::create_dir_all(&folder)?;
    for size in &sizes {
        let (width, height) = size.split_once('x').ok_or("a size is WIDTHxHEIGHT")?;
        let (width, height) = (width.parse()?, height.parse()?);
        for (name, keys) in TOURS {
            for (suffix, options) in looks() {
                let mut screen = Screen::new(width, height, &options, snapshot());
                screen.press(keys);
                let path = folder.join(format!("{name}-{size}{suffix}"));
                std::fs::write(path.with_extension("txt"), screen.text())?;
                std::fs::write(path.with_extension("svg"), svg::render(&screen.buffer))?;
            }
        }
    }
    Ok(())
}

fn looks() -> [(&'static str, Options); 2] {
    let host = "prod-auth-01".to_owned();
    let options = Options { host, ..Options::default() };
    [("", options.clone()), ("-mono-ascii", Options { ascii: true, color: false, ..options })]
}
