//! Lines that a container runtime has cut in pieces.

use serde::Deserialize;

/// What Docker writes around the text of a program.
#[derive(Deserialize)]
struct Docker {
    log: String,
}

/// The text of a piece, without what a runtime has put around it.
pub(in crate::normalize) fn text(line: &str) -> String {
    if let Ok(docker) = serde_json::from_str::<Docker>(line) {
        return docker.log;
    }
    let behind = [" P ", " F "].iter().find_map(|mark| line.split_once(mark));
    behind.map_or(line, |(_, text)| text).to_owned()
}

/// Whether the line is a piece that another follows.
pub(in crate::normalize) fn is_open(line: &[u8]) -> bool {
    let docker = line.starts_with(b"{\"log\"") && memchr::memmem::find(line, b"\\n\"").is_none();
    let head = line.get(..line.len().min(64)).unwrap_or_default();
    let marked = |mark: &&[u8]| memchr::memmem::find(head, mark).is_some();
    docker
        || line.first().is_some_and(u8::is_ascii_digit)
            && [&b" stdout P "[..], b" stderr P "].iter().any(marked)
}
