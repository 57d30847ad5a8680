//! What must hold for any bytes that come over a socket or stand in a file: checks that need the whole program.

#![allow(clippy::unwrap_used, reason = "a check fails by panicking")]

use std::fs;

use crossbeam_channel::unbounded;
use soctop::event::SourceMessage;
use soctop::receive::{Frames, RequestEncoding, telemetry_line};
use soctop::source::{self, Input, Options, Stop};

/// Panics when something does not hold for an input.
pub type Check = fn(&[u8]);

/// All checks, by the name of their target and of the folder of their seeds.
pub const CHECKS: [(&str, Check); 3] = [("stream", stream), ("telemetry", telemetry), ("log_file", log_file)];

/// Syslog over a stream; the first byte says in what pieces it comes. However it does, the messages are the same, and
/// each is one line.
pub fn stream(data: &[u8]) {
    let Some((size, data)) = data.split_first() else { return };
    let cut = |size: usize| {
        let (mut frames, mut lines) = (Frames::new(64), Vec::new());
        data.chunks(size).for_each(|piece| frames.take(piece, &mut lines));
        frames.finish(&mut lines);
        lines
    };
    let lines = cut(usize::from(*size).max(1));
    assert_eq!(lines, cut(data.len().max(1)));
    assert!(lines.is_empty() || lines.ends_with(b"\n"));
}

/// A request of OpenTelemetry: refused, or one line of JSON.
pub fn telemetry(data: &[u8]) {
    for encoding in [RequestEncoding::Json, RequestEncoding::Protobuf] {
        if let Ok(line) = telemetry_line(encoding, data) {
            let text = line.strip_suffix(b"\n").unwrap();
            assert!(!text.contains(&b'\n'));
            // Deeper than most parsers go: values may hold values.
            serde_json::from_slice::<&serde_json::value::RawValue>(text).unwrap();
        }
    }
}

/// A file, packed in whatever way its first bytes say: it is read to an end, each line lies inside its chunk, and lines
/// and padding are all that the cursor passes.
pub fn log_file(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["app.log", "app.log.gz"] {
        let path = folder.path().join(name);
        fs::write(&path, data).unwrap();
        let (sender, receiver) = unbounded();
        let options =
            Options { follow: false, line_limit_bytes: 256, cut_head_bytes: 128, ..Options::default() };
        source::run(vec![Input::Path(path)], options, sender, Stop::new().unwrap()).unwrap();
        let mut passed = 0;
        for message in receiver {
            let SourceMessage::Lines(chunk) = message else { continue };
            for line in &chunk.lines {
                assert!(chunk.bytes.get(line.start as usize..(line.start + line.len) as usize).is_some());
                passed += line.disk_len;
            }
            passed += chunk.padding_bytes;
            assert_eq!(passed, chunk.cursor.end, "{name}");
        }
    }
}
