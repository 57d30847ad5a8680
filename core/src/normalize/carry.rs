//! Secrets that go on in the next line: whoever redacts sees one event at a time, and so the event says it.

use std::collections::HashMap;

use super::redact::{ends_in_secret, is_open_piece, piece_text};
use crate::event::{Event, SecretBefore, SourceId};

/// Longest private key, in lines, that is expected after its first line.
const KEY_LINES: u32 = 120;
/// Sources of which that is remembered; more are not written at the same time.
const MOST_SOURCES: usize = 4_096;

/// What is open at the end of the last line of a source.
#[derive(Clone, Copy)]
enum Open {
    /// A private key, of which this many lines may still come.
    Key(u32),
    /// A piece of a line that ends within a secret.
    Piece,
}

/// What is open at the end of the last line of each source.
#[derive(Default)]
pub(super) struct Carry {
    open: HashMap<SourceId, Open>,
}

impl Carry {
    /// Marks an event that a secret goes on in, and remembers whether one goes on behind it. Events of a source
    /// come in their order.
    pub(super) fn follow(&mut self, event: &mut Event) {
        let raw = event.raw().as_bytes();
        let begins = is_open_piece(raw) || memchr::memmem::find(raw, BEGIN).is_some();
        if begins || !self.open.is_empty() {
            self.turn(event);
        }
    }

    #[cold]
    fn turn(&mut self, event: &mut Event) {
        let before = self.open.remove(&event.meta.source);
        event.meta.secret_before = match before {
            None => SecretBefore::No,
            Some(Open::Piece) => SecretBefore::Text,
            Some(Open::Key(_)) if is_of_key(event.raw()) => SecretBefore::Line,
            Some(Open::Key(_)) => SecretBefore::No,
        };
        let left = match before {
            Some(Open::Key(left)) if !event.raw().contains("-----END") => left,
            _ => 0,
        };
        let open = match begins_key(event.raw()) {
            true => Some(Open::Key(KEY_LINES)),
            false if is_open_piece(event.raw().as_bytes()) => {
                let text = piece_text(event.raw());
                let whole = event.meta.secret_before == SecretBefore::Text && !text.contains('"');
                (whole || ends_in_secret(&text)).then_some(Open::Piece)
            }
            false => left.checked_sub(1).map(Open::Key),
        };
        if let Some(open) = open.filter(|_| self.open.len() < MOST_SOURCES) {
            self.open.insert(event.meta.source, open);
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN";

/// The first line of a private key that goes on in the next.
fn begins_key(line: &str) -> bool {
    line.contains("-----BEGIN")
        && line.contains("PRIVATE KEY")
        && !line.contains("-----END")
        && !line.trim_start().starts_with('{')
}

fn is_of_key(line: &str) -> bool {
    let line = line.trim();
    let key_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    !line.is_empty() && line.len() <= 80 && line.bytes().all(key_byte)
}
