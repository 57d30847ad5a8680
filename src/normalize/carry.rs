//! Secrets that go on in the next line: whoever redacts sees one event at a time, and so the event says it.

use std::collections::HashMap;

use crate::event::{Event, SourceId};

/// Longest private key, in lines, that is expected after its first line.
const KEY_LINES: u32 = 120;
/// Sources whose open keys are remembered; more are not written at the same time.
const MOST_SOURCES: usize = 4_096;

/// What is open at the end of the last line of each source.
#[derive(Default)]
pub(super) struct Carry {
    /// Lines of a private key that may still come.
    keys: HashMap<SourceId, u32>,
}

impl Carry {
    /// Marks an event that a secret goes on in, and remembers whether one goes on behind it. Events of a source
    /// come in their order.
    pub(super) fn follow(&mut self, event: &mut Event) {
        let begins = memchr::memmem::find(event.raw().as_bytes(), BEGIN).is_some();
        if begins {
            self.begin(event);
        } else if !self.keys.is_empty() {
            event.meta.continues_secret = self.goes_on(event);
        }
    }

    #[cold]
    fn begin(&mut self, event: &Event) {
        let raw = event.raw();
        let open = raw.contains("PRIVATE KEY-----")
            && !raw.contains("-----END")
            && !raw.trim_start().starts_with('{');
        if !open || self.keys.len() >= MOST_SOURCES {
            self.keys.remove(&event.meta.source);
        } else {
            self.keys.insert(event.meta.source, KEY_LINES);
        }
    }

    #[cold]
    fn goes_on(&mut self, event: &Event) -> bool {
        let Some(left) = self.keys.get_mut(&event.meta.source) else { return false };
        let line = event.raw().trim();
        if line.contains("-----END") {
            self.keys.remove(&event.meta.source);
            return false;
        }
        let key_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let part_of_key = !line.is_empty() && line.len() <= 80 && line.bytes().all(key_byte) && *left > 0;
        *left -= u32::from(part_of_key);
        part_of_key
    }
}

const BEGIN: &[u8] = b"-----BEGIN";
