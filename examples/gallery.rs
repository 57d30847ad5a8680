//! Draws every screen of the dashboard from fixed data into a folder, as text and as SVG, in every theme:
//! `cargo run --example gallery -- FOLDER [WIDTHxHEIGHT]...`. The pictures in the documentation are made this way, so
//! that they show what the program shows. `index.html` in the folder lists them all.

#[path = "../tests/it/screen/fixture.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod fixture;
#[path = "../tests/it/svg.rs"]
mod svg;

use std::path::PathBuf;

use fixture::{Screen, TOURS, snapshot};
use soctop::tui::Options;
use soctop::view::Palette;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    let sizes: Vec<String> = arguments.collect();
    let sizes = if sizes.is_empty() { vec!["120x36".to_owned(), "80x24".to_owned()] } else { sizes };
    std::fs::create_dir_all(&folder)?;
    let mut pictures = Vec::new();
    for size in &sizes {
        let (width, height) = size.split_once('x').ok_or("a size is WIDTHxHEIGHT")?;
        let (width, height) = (width.parse()?, height.parse()?);
        for (name, keys) in TOURS {
            for (suffix, options) in looks() {
                let mut screen = Screen::new(width, height, &options, snapshot());
                screen.press(keys);
                let file = format!("{name}-{size}{suffix}");
                std::fs::write(folder.join(format!("{file}.txt")), screen.text())?;
                std::fs::write(folder.join(format!("{file}.svg")), svg::render(&screen.buffer))?;
                pictures.push(format!(
                    "<figure><img src=\"{file}.svg\"><figcaption>{file}</figcaption></figure>\n"
                ));
            }
        }
    }
    std::fs::write(folder.join("index.html"), pictures.concat())?;
    Ok(())
}

/// The usual look, the plainest, and each theme by its name.
fn looks() -> Vec<(String, Options)> {
    let options = Options { host: "prod-auth-01".to_owned(), ..Options::default() };
    let plainest = Options { ascii: true, color: false, ..options.clone() };
    let mut looks = vec![(String::new(), options.clone()), ("-mono-ascii".to_owned(), plainest)];
    let themes = Palette::NAMED.iter().filter(|(palette, ..)| *palette != Palette::default());
    looks
        .extend(themes.map(|(palette, name, _)| {
            (format!("-{name}"), Options { palette: *palette, ..options.clone() })
        }));
    looks
}
