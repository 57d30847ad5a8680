//! Frames as a film for documentation: an SVG that moves by its styles alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ratatui::buffer::Buffer;

use super::svg::{document, pieces};

/// Frames one after the other, each for this many seconds, again and again. A run of cells stands there once for as long
/// as it does not change, and comes and goes by a style alone: no script. Whoever wants no motion sees the last frame.
#[must_use]
pub fn animate(frames: &[Buffer], seconds: f64) -> String {
    let Some(area) = frames.first().map(|frame| frame.area) else { return String::new() };
    let mut shown: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for y in area.top()..area.bottom() {
        let rows: Vec<BTreeSet<String>> = frames.iter().map(|frame| pieces(frame, y).collect()).collect();
        for (from, row) in rows.iter().enumerate() {
            let begins = |piece: &&String| from == 0 || !rows[from - 1].contains(*piece);
            for piece in row.iter().filter(begins) {
                let stays = rows[from..].iter().take_while(|later| later.contains(piece)).count();
                shown.entry((from, from + stays)).or_default().push_str(piece);
            }
        }
    }
    let whole = seconds * frames.len() as f64;
    let (mut style, mut body) = (String::new(), String::new());
    for ((from, until), pieces) in &shown {
        if (*from, *until) == (0, frames.len()) {
            body.push_str(pieces);
            continue;
        }
        let last = if *until == frames.len() { " z" } else { "" };
        let share = |frame: usize| 100.0 * frame as f64 / frames.len() as f64;
        let (begins, ends) = (share(*from), share(*until));
        write!(body, "<g class=\"a{from}-{until}{last}\">\n{pieces}</g>\n").expect("a String");
        // What is not said in between holds until the next share of the time.
        writeln!(
            style,
            "@keyframes k{from}-{until}{{0%{{opacity:{}}}{begins:.2}%{{opacity:1}}{ends:.2}%,100%{{opacity:{}}}}}\n\
             .a{from}-{until}{{animation:k{from}-{until} {whole}s step-end infinite}}",
            u8::from(*from == 0),
            u8::from(*until == frames.len()),
        )
        .expect("a String");
    }
    let still =
        "[class]{opacity:0}.z{opacity:1}@media(prefers-reduced-motion:reduce){[class]{animation:none}}\n";
    document(area, &format!("<style>\n{still}{style}</style>\n"), &body)
}
