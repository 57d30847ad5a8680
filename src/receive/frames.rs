//! Where one message ends and the next begins (RFC 6587, 3.4): counted octets, or a line break.

use memchr::memchr;

/// Digits of a count. More is no count that any sender would mean.
const COUNT_DIGITS: usize = 8;

/// Cuts a stream into messages. Holds at most one message and what was read with it.
pub struct Frames {
    held: Vec<u8>,
    /// Longer messages are cut.
    limit_bytes: usize,
    /// What is left to pass over of a message that was cut.
    passing: Passing,
    /// Messages that were cut.
    pub cut: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Passing {
    Nothing,
    Bytes(usize),
    Line,
}

/// What the held bytes begin with.
enum FrameStart {
    Unclear,
    /// A message of this many bytes, after this many of the count itself.
    Counted {
        skip: usize,
        length: usize,
    },
    Line,
}

impl Frames {
    /// Messages of more bytes are cut.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { held: Vec::new(), limit_bytes, passing: Passing::Nothing, cut: 0 }
    }

    /// Takes what was read, and appends each message that is complete as a line.
    pub fn take(&mut self, bytes: &[u8], lines: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let mut from = 0;
        loop {
            let used = self.step(from, lines);
            from += used;
            if used == 0 {
                break;
            }
        }
        self.held.drain(..from);
    }

    /// The sender has gone: what is left was the last message.
    pub fn finish(mut self, lines: &mut Vec<u8>) {
        if self.passing == Passing::Nothing {
            let held = std::mem::take(&mut self.held);
            push_line(&held, lines);
        }
    }

    /// Deals with the next message or a part of it; how many of the held bytes that took.
    fn step(&mut self, from: usize, lines: &mut Vec<u8>) -> usize {
        let rest = self.held.get(from..).unwrap_or_default();
        match self.passing {
            Passing::Bytes(left) => {
                let used = left.min(rest.len());
                self.passing = if used == left { Passing::Nothing } else { Passing::Bytes(left - used) };
                used
            }
            Passing::Line => match memchr(b'\n', rest) {
                Some(at) => {
                    self.passing = Passing::Nothing;
                    at + 1
                }
                None => rest.len(),
            },
            Passing::Nothing => match head(rest) {
                FrameStart::Unclear => 0,
                FrameStart::Counted { skip, length } => self.counted(from, skip, length, lines),
                FrameStart::Line => self.line(from, lines),
            },
        }
    }

    fn counted(&mut self, from: usize, skip: usize, length: usize, lines: &mut Vec<u8>) -> usize {
        let rest = self.held.get(from + skip..).unwrap_or_default();
        let wanted = length.min(self.limit_bytes);
        let Some(message) = rest.get(..wanted) else { return 0 };
        push_line(message, lines);
        if wanted < length {
            self.cut += 1;
            self.passing = Passing::Bytes(length - wanted);
        }
        skip + wanted
    }

    fn line(&mut self, from: usize, lines: &mut Vec<u8>) -> usize {
        let rest = self.held.get(from..).unwrap_or_default();
        let within = rest.get(..self.limit_bytes + 1).unwrap_or(rest);
        if let Some(at) = memchr(b'\n', within) {
            push_line(rest.get(..at).unwrap_or_default(), lines);
            return at + 1;
        }
        match rest.get(..self.limit_bytes) {
            Some(head) if rest.len() > self.limit_bytes => {
                push_line(head, lines);
                self.cut += 1;
                self.passing = Passing::Line;
                self.limit_bytes
            }
            _ => 0,
        }
    }
}

/// A count is followed by the `<` of a priority; other lines may begin with a number as well.
fn head(bytes: &[u8]) -> FrameStart {
    let digits = bytes.iter().take(COUNT_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > COUNT_DIGITS || bytes.first() == Some(&b'0') {
        return if bytes.is_empty() { FrameStart::Unclear } else { FrameStart::Line };
    }
    match bytes.get(digits..) {
        Some([b' ', b'<', ..]) => {
            let count = bytes.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok());
            match count.and_then(|count| count.parse().ok()) {
                Some(length) => FrameStart::Counted { skip: digits + 1, length },
                None => FrameStart::Line,
            }
        }
        Some([] | [b' ']) => FrameStart::Unclear,
        _ => FrameStart::Line,
    }
}

/// Appends a message as one line, if there is anything in it. Line breaks inside are written as rsyslog writes
/// them to files (`#012`); inside an object, where they are mere layout, as blanks.
pub(crate) fn push_line(message: &[u8], lines: &mut Vec<u8>) {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\0');
    let length = message.iter().rposition(|byte| !is_end(byte)).map_or(0, |at| at + 1);
    let message = message.get(..length).unwrap_or_default();
    if message.is_empty() {
        return;
    }
    let line_break: &[u8] = if message.ends_with(b"}") || message.ends_with(b"]") { b" " } else { b"#012" };
    let mut rest = message;
    while let Some(at) = memchr(b'\n', rest) {
        let (head, tail) = rest.split_at(at);
        lines.extend_from_slice(head);
        lines.extend_from_slice(line_break);
        rest = tail.get(1..).unwrap_or_default();
    }
    lines.extend_from_slice(rest);
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(stream: &[u8], chunk: usize, limit: usize) -> (String, u64) {
        let mut frames = Frames::new(limit);
        let mut lines = Vec::new();
        for part in stream.chunks(chunk) {
            frames.take(part, &mut lines);
        }
        let count = frames.cut;
        frames.finish(&mut lines);
        (String::from_utf8(lines).unwrap(), count)
    }

    #[test]
    fn both_kinds_of_framing_are_told_apart_message_by_message() {
        let stream = b"<13>one\n8 <13>t\nwo<13>three\r\n2026 is a year\n\n5 <1>x\n7 <13>end";
        for chunk in [1, 2, 7, 1000] {
            let (lines, _) = cut(stream, chunk, 100);
            assert_eq!(lines, "<13>one\n<13>t#012wo\n<13>three\n2026 is a year\n<1>x\n<13>end\n", "{chunk}");
        }
    }

    #[test]
    fn a_long_message_is_cut_and_the_next_is_whole() {
        for chunk in [1, 3, 1000] {
            let stream = b"<13>0123456789\n<13>ok\n14 <13>0123456789<13>too\n";
            assert_eq!(cut(stream, chunk, 8), ("<13>0123\n<13>ok\n<13>0123\n<13>too\n".to_owned(), 2));
        }
    }

    #[test]
    fn an_object_over_several_lines_stays_an_object() {
        let mut lines = Vec::new();
        push_line(b"<13>{\"a\":1,\n \"b\":2}\n", &mut lines);
        assert_eq!(lines, b"<13>{\"a\":1,  \"b\":2}\n");
    }

    proptest! {
        /// However a stream arrives, the messages are the same; and each is a line of its own.
        #[test]
        fn the_sizes_of_the_pieces_do_not_matter(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'<'), Just(b' '), b'0'..=b'3', Just(b'x')], 0..200),
            chunk in 1usize..50,
        ) {
            prop_assert_eq!(cut(&stream, chunk, 12), cut(&stream, stream.len().max(1), 12));
        }
    }
}
