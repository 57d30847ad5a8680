//! Cuts a stream of bytes into whole lines, whatever the stream does.
//!
//! Bytes are read straight into the buffer that later leaves as [`Chunk::bytes`]: in the usual case
//! a line is copied by the kernel and by nobody else. What is left after the last newline stays
//! here until it is complete. A line beyond the limit is reduced to its two ends while the rest streams
//! past, and runs of NUL (a hole left by truncation under a writer with an old offset) are counted
//! and dropped, so memory is bounded by the line limit plus one read.
//!
//! Invariant, the byte ledger: `end` = sum of `disk_len` of all lines + all `padding_bytes`.

use memchr::memchr;

use crate::event::number::{to_u32, to_u64, to_usize};
use crate::event::{Chunk, LineSpan};

/// How long the fingerprint before a cursor may be, in bytes.
pub(crate) const FINGERPRINT_BYTES: usize = 4096;
/// How much of a file's beginning its head hash covers, in bytes.
pub(crate) const HEAD_BYTES: usize = 1024;
/// A line of 1 byte costs a span of 40: this bounds a chunk of newlines to some 640 KiB of spans.
const LINES_PER_CHUNK: usize = 16 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bounds on lines, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineLimits {
    /// A longer line is cut.
    pub(crate) line: usize,
    /// What is kept of the beginning of a cut line; not above `line`.
    pub(crate) head: usize,
    /// What is kept of its end.
    pub(crate) tail: usize,
}

/// How many of the last of these lines may go on in what is read next: they are parts of one event.
pub(crate) type HoldBack = fn(&[u8], &[LineSpan]) -> usize;

/// Lines that wait are not looked at again for every byte that comes: an eighth of them must be new.
const LOOK_AGAIN_FROM: usize = 64 << 10;

/// Stands between the two ends of a cut line.
const CUT_MARK: &[u8] = "…".as_bytes();

/// The lines cut from what has been read, before they get the address of their source.
pub(crate) struct Splitter {
    limits: LineLimits,
    waiting: HoldBack,
    /// Lines that wait for others, an incomplete line (or its two ends), then bytes not looked at yet.
    buffer: Vec<u8>,
    /// How much of the buffer are lines that wait.
    held: usize,
    /// They wait no longer.
    due: bool,
    /// There is no newline in `buffer[held..scanned]`.
    scanned: usize,
    /// Bytes of the incomplete line that streamed past; not zero means the line is being cut.
    discarded: u64,
    /// Padding between `end` and the incomplete line.
    padding: u64,
    /// That padding begins with a byte order mark.
    marked: bool,
    /// Where the last complete line ended.
    end: u64,
    lines: u64,
    /// First bytes of the stream up to `end`, as far as they were seen in one piece.
    head: Vec<u8>,
    /// Last bytes before `end`, as far as they were seen in one piece.
    fingerprint: Vec<u8>,
    /// Bytes between the previous line and `buffer[0]` were dropped.
    torn: bool,
}

impl Splitter {
    /// Starts at `end`, just after a line, with `lines` before it, after the bytes `head` and `fingerprint`.
    pub(crate) fn new(limits: LineLimits, end: u64, lines: u64, head: Vec<u8>, fingerprint: Vec<u8>) -> Self {
        let line = limits.line.max(1);
        let head_bytes = limits.head.clamp(1, line);
        let tail = limits.tail.min(line.saturating_sub(head_bytes + CUT_MARK.len()));
        let limits = LineLimits { line, head: head_bytes, tail };
        Self {
            limits,
            waiting: |_, _| 0,
            buffer: Vec::new(),
            held: 0,
            due: false,
            scanned: 0,
            discarded: 0,
            padding: 0,
            marked: false,
            end,
            lines,
            head,
            fingerprint,
            torn: false,
        }
    }

    /// Lines that `waiting` names are kept until it names them no more, or [`Splitter::release`].
    pub(crate) fn holding_back(self, waiting: HoldBack) -> Self {
        Self { waiting, ..self }
    }

    /// Whether complete lines wait for what may belong to them.
    pub(crate) fn holds_lines(&self) -> bool {
        self.held > 0
    }

    /// The lines that wait are given by the next [`Splitter::split`].
    pub(crate) fn release(&mut self) {
        self.due = self.held > 0;
    }

    /// Where the last line that was given ended.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(crate) fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }

    /// Where the next byte of the stream belongs.
    pub(crate) fn position(&self) -> u64 {
        self.end + self.padding + self.discarded + to_u64(self.buffer.len())
    }

    /// The buffer to append the next bytes of the stream to, with room for `bytes`.
    pub(crate) fn room(&mut self, bytes: usize) -> &mut Vec<u8> {
        self.buffer.reserve(bytes);
        &mut self.buffer
    }

    /// True when bytes are waiting that [`Splitter::split`] has not looked at.
    pub(crate) fn has_unseen(&self) -> bool {
        self.scanned < self.buffer.len() || self.due
    }

    /// The end of what was read after the last complete line (padding, then the incomplete line),
    /// at most as long as a fingerprint, and where that ends in the stream.
    pub(crate) fn partial_fingerprint(&self) -> (u64, Vec<u8>) {
        if self.discarded > 0 {
            return (self.end, Vec::new());
        }
        let seen = &self.buffer[..self.scanned];
        let mark = if self.marked { BYTE_ORDER_MARK } else { &[] };
        let nuls = to_usize((self.padding - to_u64(mark.len())).min(to_u64(FINGERPRINT_BYTES)));
        // The mark is only within reach when all NULs are.
        let mark = if nuls < FINGERPRINT_BYTES { mark } else { &[] };
        let mut expected =
            [mark, &vec![0; nuls], &seen[seen.len().saturating_sub(FINGERPRINT_BYTES)..]].concat();
        expected.drain(..expected.len().saturating_sub(FINGERPRINT_BYTES));
        (self.end + self.padding + to_u64(seen.len()), expected)
    }

    /// True when nothing is held that is not a complete line.
    pub(crate) fn is_at_line_end(&self) -> bool {
        self.position() == self.end
    }

    /// Forgets the incomplete line and everything after it; reading goes on at `end`.
    pub(crate) fn rewind(&mut self) {
        self.buffer.clear();
        self.held = 0;
        self.due = false;
        self.scanned = 0;
        self.discarded = 0;
        self.padding = 0;
        self.marked = false;
        self.torn = false;
    }

    /// Forgets the bytes added since the last [`Splitter::split`].
    pub(crate) fn withdraw_unseen(&mut self) {
        self.buffer.truncate(self.scanned);
    }

    /// The complete lines among the bytes read, if there are any. To be called until it gives none.
    pub(crate) fn split(&mut self) -> Option<Chunk> {
        if self.goes_on_waiting() {
            self.scanned = self.buffer.len();
            return None;
        }
        self.cut(false)
    }

    /// The same for a stream that has ended: nothing waits any more, and an incomplete line at the end stays
    /// together with the lines before it, to which it may belong. To be called until it gives none.
    pub(crate) fn split_last(&mut self) -> Option<Chunk> {
        self.release();
        self.cut(true).or_else(|| self.flush())
    }

    fn cut(&mut self, has_ended: bool) -> Option<Chunk> {
        let bytes = std::mem::take(&mut self.buffer);
        let mut cut = Cut { bytes, ..Cut::default() };
        let mut search = if self.held > 0 { 0 } else { self.scanned };
        self.held = 0;
        while cut.lines.len() < LINES_PER_CHUNK {
            let skipped = self.skip_padding(&cut.bytes, cut.start, cut.start == search);
            cut.start += skipped;
            search = search.max(cut.start);
            let Some(newline) = memchr(b'\n', &cut.bytes[search..]).map(|at| at + search) else {
                search = cut.bytes.len();
                if has_ended && !cut.lines.is_empty() && cut.start < search {
                    self.push_line(&mut cut, search, search);
                    search = cut.start;
                }
                break;
            };
            self.take_line(&mut cut, newline);
            search = cut.start;
        }
        if !(std::mem::take(&mut self.due) || has_ended) {
            self.hold_back(&mut cut);
        }
        self.keep_rest(cut, search)
    }

    /// Nothing has come that could end the wait of the lines that are held.
    fn goes_on_waiting(&self) -> bool {
        if self.held == 0 || self.due {
            return false;
        }
        let few = self.held >= LOOK_AGAIN_FROM && self.buffer.len() - self.held < self.held / 8;
        few || memchr(b'\n', &self.buffer[self.scanned..]).is_none()
    }

    /// Takes back the lines at the end that may go on.
    fn hold_back(&mut self, cut: &mut Cut) {
        let count = (self.waiting)(&cut.bytes, &cut.lines).min(cut.lines.len());
        let (given, kept) = cut.lines.split_at(cut.lines.len() - count);
        let Some(first) = kept.first().copied() else { return };
        // They have to lie in the buffer as on disk, and in one piece with what is before and behind them.
        let end = |line: &LineSpan| (u64::from(line.start) + line.disk_len, line.offset + line.disk_len);
        let place = |line: &LineSpan| (u64::from(line.start), line.offset);
        let begin = given.last().map_or((0, first.offset), end);
        let is_whole = !kept.iter().any(|line| line.cut)
            && place(&first) == begin
            && kept.windows(2).all(|pair| end(&pair[0]) == place(&pair[1]))
            && self.padding == 0
            && (!given.is_empty() || cut.padding == 0);
        if is_whole {
            self.held = cut.done - to_usize(first.start);
            cut.start = to_usize(first.start);
            cut.done = cut.start;
            self.end = first.offset;
            cut.lines.truncate(cut.lines.len() - count);
        }
    }

    /// The incomplete line at the end of a finished stream, as a line without a newline, or padding
    /// that no line followed.
    fn flush(&mut self) -> Option<Chunk> {
        if self.buffer.is_empty() && self.padding == 0 {
            return None;
        }
        self.held = 0;
        let mut cut = Cut { bytes: std::mem::take(&mut self.buffer), ..Cut::default() };
        if cut.bytes.is_empty() {
            cut.padding = std::mem::take(&mut self.padding);
            self.marked = false;
            self.end += cut.padding;
            self.torn = true;
        } else {
            let length = cut.bytes.len();
            self.push_line(&mut cut, length, length);
        }
        self.scanned = 0;
        Some(self.finish(cut))
    }

    /// Counts NULs and the byte order mark where a line starts; returns how many bytes to step over.
    fn skip_padding(&mut self, bytes: &[u8], start: usize, fresh: bool) -> usize {
        if self.discarded > 0 {
            return 0;
        }
        let mut skipped = 0;
        if self.end + self.padding == 0 && bytes[start..].starts_with(BYTE_ORDER_MARK) {
            skipped = BYTE_ORDER_MARK.len();
            self.marked = true;
        }
        if fresh || skipped > 0 {
            let rest = &bytes[start + skipped..];
            skipped += rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
        }
        self.padding += to_u64(skipped);
        skipped
    }

    fn take_line(&mut self, cut: &mut Cut, newline: usize) {
        self.push_line(cut, newline, newline + 1);
    }

    /// Adds the line from `cut.start` with its text up to `text_end` and its terminator up to `disk_end`.
    fn push_line(&mut self, cut: &mut Cut, mut text_end: usize, mut disk_end: usize) {
        // A carriage return counts towards the limit: it arrives before anyone knows what follows it.
        let is_cut = self.discarded > 0 || text_end - cut.start > self.limits.line;
        let disk_len = to_u64(disk_end - cut.start) + self.discarded;
        if is_cut {
            let dropped = self.drop_middle(&mut cut.bytes, cut.start, text_end);
            text_end -= dropped;
            disk_end -= dropped;
            cut.seam = cut.start + self.limits.head + CUT_MARK.len();
        }
        let mut len = text_end - cut.start;
        if text_end < disk_end && cut.bytes[cut.start..text_end].ends_with(b"\r") {
            len -= 1;
        }
        let offset = self.end + self.padding;
        cut.lines.push(LineSpan {
            start: to_u32(cut.start),
            len: to_u32(len),
            offset,
            disk_len,
            cut: is_cut,
        });
        cut.padding += std::mem::take(&mut self.padding);
        self.marked = false;
        cut.start = disk_end;
        cut.done = disk_end;
        self.discarded = 0;
        self.end = offset + disk_len;
    }

    /// Keeps what follows the last complete line and wraps up the lines before it.
    fn keep_rest(&mut self, mut cut: Cut, search: usize) -> Option<Chunk> {
        if cut.lines.is_empty() {
            if cut.start > 0 {
                cut.bytes.drain(..cut.start);
                self.torn = true;
            }
            self.scanned = search - cut.start;
            self.buffer = cut.bytes;
            self.make_room();
            return None;
        }
        self.buffer = cut.bytes[cut.start..].to_vec();
        self.scanned = search - cut.start;
        let torn = cut.done < cut.start;
        cut.bytes.truncate(cut.done);
        let chunk = self.finish(cut);
        self.torn = torn;
        self.make_room();
        Some(chunk)
    }

    /// Lines do not wait for the end of one that is too long.
    fn make_room(&mut self) {
        if self.held == 0 {
            self.reduce_long_line();
        } else if self.buffer.len() - self.held > self.limits.line {
            self.release();
        }
    }

    /// Drops all but the two ends of an incomplete line that is over the limit.
    fn reduce_long_line(&mut self) {
        let seen_only = self.scanned == self.buffer.len();
        if seen_only && (self.discarded > 0 || self.buffer.len() > self.limits.line) {
            let mut buffer = std::mem::take(&mut self.buffer);
            let end = buffer.len();
            self.discarded += to_u64(self.drop_middle(&mut buffer, 0, end));
            buffer.shrink_to(2 * (self.limits.head + self.limits.tail));
            self.scanned = buffer.len();
            self.buffer = buffer;
        }
    }

    /// Leaves of a long text its beginning, a mark, and its end; returns by how much it is shorter.
    fn drop_middle(&self, bytes: &mut Vec<u8>, start: usize, end: usize) -> usize {
        let before = bytes.len();
        let from = start + self.limits.head;
        let to = end.saturating_sub(self.limits.tail).max(from);
        // What was dropped before has left its mark.
        if self.discarded > 0 {
            bytes.drain(from + CUT_MARK.len()..to.max(from + CUT_MARK.len()));
        } else {
            bytes.splice(from..to, CUT_MARK.iter().copied());
        }
        before - bytes.len()
    }

    fn finish(&mut self, cut: Cut) -> Chunk {
        let first_line = self.lines + 1;
        self.lines += to_u64(cut.lines.len());
        self.remember(&cut);
        Chunk {
            first_line,
            bytes: cut.bytes,
            lines: cut.lines,
            padding_bytes: cut.padding,
            ..Chunk::default()
        }
    }

    /// Extends head and fingerprint by the bytes of the lines just cut.
    fn remember(&mut self, cut: &Cut) {
        let bytes = &cut.bytes[cut.seam.min(cut.bytes.len())..];
        let torn = std::mem::take(&mut self.torn);
        if torn || cut.seam > 0 {
            self.fingerprint.clear();
        }
        let before = self.end - to_u64(cut.bytes.len()).min(self.end);
        if !torn && cut.seam == 0 && self.head.len() < HEAD_BYTES && to_u64(self.head.len()) == before {
            let missing = HEAD_BYTES - self.head.len();
            self.head.extend_from_slice(&bytes[..missing.min(bytes.len())]);
        }
        let keep = &bytes[bytes.len().saturating_sub(FINGERPRINT_BYTES)..];
        let surplus = (self.fingerprint.len() + keep.len()).saturating_sub(FINGERPRINT_BYTES);
        self.fingerprint.drain(..surplus.min(self.fingerprint.len()));
        self.fingerprint.extend_from_slice(keep);
    }
}

/// A chunk in the making.
#[derive(Default)]
struct Cut {
    bytes: Vec<u8>,
    lines: Vec<LineSpan>,
    /// Where the next line starts in `bytes`.
    start: usize,
    /// Where the last complete line ends in `bytes`.
    done: usize,
    padding: u64,
    /// Bytes of the stream are missing before this place in `bytes`; 0 when none are.
    seam: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: LineLimits = LineLimits { line: 12, head: 5, tail: 4 };

    /// What a line is, said as plainly as possible: (offset, length on disk, text, cut).
    type Line = (u64, u64, Vec<u8>, bool);

    /// The lines of a whole stream, and the padding in it.
    fn reference(stream: &[u8]) -> (Vec<Line>, u64) {
        let (mut lines, mut padding, mut at) = (Vec::new(), 0, 0);
        if stream.starts_with(BYTE_ORDER_MARK) {
            padding += 3;
            at = 3;
        }
        loop {
            while stream.get(at) == Some(&0) {
                padding += 1;
                at += 1;
            }
            let rest = &stream[at..];
            if rest.is_empty() {
                return (lines, padding);
            }
            let (text, disk) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(newline) => (&rest[..newline], newline + 1),
                None => (rest, rest.len()),
            };
            let cut = text.len() > LIMITS.line;
            let ends = [
                &text[..LIMITS.head.min(text.len())],
                CUT_MARK,
                &text[text.len().saturating_sub(LIMITS.tail)..],
            ];
            let kept = if cut { ends.concat() } else { text.to_vec() };
            let kept = match kept.strip_suffix(b"\r") {
                Some(without) if disk > text.len() => without.to_vec(),
                _ => kept,
            };
            lines.push((at as u64, disk as u64, kept, cut));
            at += disk;
        }
    }

    struct Collected {
        lines: Vec<Line>,
        padding: u64,
        /// (end, lines, head, fingerprint) after each chunk.
        places: Vec<(u64, u64, Vec<u8>, Vec<u8>)>,
        partials: Vec<(u64, Vec<u8>)>,
    }

    fn collect(splitter: &mut Splitter, pieces: &[&[u8]]) -> Collected {
        let mut all = Collected { lines: Vec::new(), padding: 0, places: Vec::new(), partials: Vec::new() };
        for piece in pieces {
            splitter.room(piece.len()).extend_from_slice(piece);
            while let Some(chunk) = splitter.split() {
                all.take(splitter, &chunk);
            }
            all.partials.push(splitter.partial_fingerprint());
        }
        while let Some(chunk) = splitter.split_last() {
            all.take(splitter, &chunk);
        }
        all
    }

    impl Collected {
        fn take(&mut self, splitter: &Splitter, chunk: &Chunk) {
            assert_eq!(chunk.first_line, self.lines.len() as u64 + 1);
            self.lines.extend(chunk.lines.iter().map(|line| {
                let text = &chunk.bytes[line.start as usize..(line.start + line.len) as usize];
                (line.offset, line.disk_len, text.to_vec(), line.cut)
            }));
            self.padding += chunk.padding_bytes;
            self.places.push((
                splitter.end(),
                splitter.lines(),
                splitter.head().to_vec(),
                splitter.fingerprint().to_vec(),
            ));
        }
    }

    fn fresh() -> Splitter {
        Splitter::new(LIMITS, 0, 0, Vec::new(), Vec::new())
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => Just(b"\n".to_vec()),
            2 => Just(b"\r\n".to_vec()),
            1 => Just(b"\r".to_vec()),
            1 => Just(BYTE_ORDER_MARK.to_vec()),
            2 => prop::collection::vec(Just(0), 1..20),
            6 => prop::collection::vec(any::<u8>(), 1..8),
            1 => prop::collection::vec(Just(b'x'), 10..40),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_they_arrive(
            stream in stream(),
            cuts in prop::collection::vec(0_usize..400, 0..12),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let all = collect(&mut fresh(), &pieces);
            let (lines, padding) = reference(&stream);
            prop_assert_eq!(&all.lines, &lines);
            prop_assert_eq!(all.padding, padding);
            // The ledger.
            let disk: u64 = lines.iter().map(|line| line.1).sum();
            prop_assert_eq!(disk + padding, stream.len() as u64);
            for (end, partial) in &all.partials {
                prop_assert!(stream[..*end as usize].ends_with(partial), "what is held stands in the stream");
            }
            for (end, count, head, fingerprint) in &all.places {
                let end = *end as usize;
                prop_assert!(stream[..end].ends_with(fingerprint), "the fingerprint stands before the end");
                prop_assert!(stream[..end].starts_with(head), "the head stands at the start");
                // Only padding at the very end of a finished stream leaves nothing to take a fingerprint of.
                prop_assert!(*count == 0 || !fingerprint.is_empty() || end == stream.len());
            }
        }

        #[test]
        fn lines_that_wait_are_the_same_lines(stream in stream(), pieces in proptest::collection::vec(1_usize..9, 0..60)) {
            let all = collect(&mut fresh(), &[&stream]);
            let mut splitter = fresh().holding_back(indented);
            let (mut lines, mut padding, mut rest) = (Vec::new(), 0, &stream[..]);
            let mut take = |chunk: Chunk| {
                lines.extend(chunk.lines.iter().map(|line| (line.offset, line.disk_len, line.cut)));
                padding += chunk.padding_bytes;
            };
            for piece in pieces.into_iter().chain([stream.len()]) {
                let (piece, after) = rest.split_at(piece.min(rest.len()));
                splitter.room(piece.len()).extend_from_slice(piece);
                while let Some(chunk) = splitter.split() {
                    take(chunk);
                }
                prop_assert_eq!(splitter.position(), (stream.len() - after.len()) as u64);
                rest = after;
            }
            while let Some(chunk) = splitter.split_last() {
                take(chunk);
            }
            let expect: Vec<_> = all.lines.iter().map(|line| (line.0, line.1, line.3)).collect();
            prop_assert_eq!((lines, padding), (expect, all.padding));
        }

        #[test]
        fn reading_goes_on_at_any_place_where_it_stood(stream in stream(), at in 0_usize..40) {
            let all = collect(&mut fresh(), &[&stream]);
            let one_by_one: Vec<&[u8]> = stream.chunks(1).collect();
            let places = collect(&mut fresh(), &one_by_one).places;
            let Some((end, lines, head, fingerprint)) = places.get(at).cloned() else { return Ok(()) };
            let mut resumed = Splitter::new(LIMITS, end, lines, head, fingerprint);
            resumed.room(1);
            let mut rest = Vec::new();
            resumed.room(stream.len()).extend_from_slice(&stream[end as usize..]);
            while let Some(chunk) = resumed.split() {
                rest.extend(chunk.lines.iter().map(|line| line.offset));
            }
            rest.extend(resumed.flush().iter().flat_map(|chunk| &chunk.lines).map(|line| line.offset));
            let expect: Vec<u64> = all.lines.iter().map(|line| line.0).skip(lines as usize).collect();
            prop_assert_eq!(rest, expect);
        }
    }

    /// Lines that begin with a blank belong to the one before them.
    fn indented(bytes: &[u8], lines: &[LineSpan]) -> usize {
        let goes_on = |line: &&LineSpan| bytes.get(line.start as usize) == Some(&b' ');
        (lines.iter().rev().take_while(goes_on).count() + 1).min(lines.len())
    }

    #[test]
    fn lines_wait_for_what_may_belong_to_them() {
        let mut splitter = fresh().holding_back(indented);
        let mut given = Vec::new();
        for piece in ["a\n", " b\n", " c", "\nd\n", "\0\0", "e\n"] {
            splitter.room(piece.len()).extend_from_slice(piece.as_bytes());
            let lines = splitter.split().map_or(0, |chunk| chunk.lines.len());
            given.push((lines, splitter.end(), splitter.holds_lines(), splitter.has_unseen()));
        }
        let waits = |lines, end| (lines, end, true, false);
        assert_eq!(
            given,
            [waits(0, 0), waits(0, 0), waits(0, 0), waits(3, 8), waits(0, 8), (2, 14, false, false)]
        );
        splitter.room(2).extend_from_slice(b"f\n");
        assert!(splitter.split().is_none());
        splitter.release();
        assert!(splitter.has_unseen());
        assert_eq!(splitter.split().map(|chunk| (chunk.lines.len(), chunk.first_line)), Some((1, 6)));
        assert!(splitter.is_at_line_end() && !splitter.has_unseen());
    }

    /// The last line of a traceback has no newline when its process dies while writing.
    #[test]
    fn an_incomplete_line_at_the_end_stays_with_the_lines_before_it() {
        let mut splitter = fresh().holding_back(indented);
        splitter.room(9).extend_from_slice(b"a\n b\n c");
        assert!(splitter.split().is_none());
        let chunk = splitter.split_last().unwrap();
        assert_eq!((chunk.lines.len(), splitter.end()), (3, 7));
        assert!(splitter.split_last().is_none());
    }

    #[test]
    fn lines_do_not_wait_for_the_end_of_a_long_one() {
        let mut splitter = fresh().holding_back(indented);
        splitter.room(30).extend_from_slice(b"a\nxxxxxxxxxxxxxxxxxxxx");
        assert!(splitter.split().is_none());
        assert_eq!(splitter.split().map(|chunk| chunk.lines.len()), Some(1), "it is due");
        splitter.room(30).extend_from_slice(b"x\n");
        splitter.release();
        let chunk = splitter.split();
        assert!(
            chunk.is_some_and(|chunk| chunk.lines.iter().all(|line| line.cut)),
            "a cut line waits for nothing"
        );
    }

    #[test]
    fn a_line_far_over_the_limit_is_never_held() {
        let limits = LineLimits { line: 1 << 20, head: 960 << 10, tail: 64 << 10 };
        let mut splitter = Splitter::new(limits, 0, 0, Vec::new(), Vec::new());
        let piece = vec![b'x'; 256 << 10];
        for _ in 0..400 {
            splitter.room(piece.len()).extend_from_slice(&piece);
            assert!(splitter.split().is_none());
            assert!(splitter.room(0).capacity() <= 4 << 20, "{}", splitter.room(0).capacity());
        }
        splitter.room(6).extend_from_slice(b"\nnext\n");
        let chunk = splitter.split().unwrap();
        assert_eq!(chunk.lines.len(), 2);
        assert!(chunk.lines[0].cut && !chunk.lines[1].cut);
        assert_eq!(
            chunk.lines[0].len as usize,
            limits.head + CUT_MARK.len() + limits.tail.min((1 << 20) - limits.head - 3)
        );
        assert_eq!(chunk.lines[0].disk_len, 400 * (256 << 10) + 1);
        assert_eq!(chunk.lines[1].offset, chunk.lines[0].disk_len);
        assert!(chunk.bytes.len() < 2 << 20);
    }

    #[test]
    fn a_hole_of_nuls_is_counted_and_never_held() {
        let mut splitter = Splitter::new(LIMITS, 0, 0, Vec::new(), Vec::new());
        for _ in 0..100 {
            splitter.room(64 << 10).extend(std::iter::repeat_n(0, 64 << 10));
            assert!(splitter.split().is_none());
            assert!(!splitter.has_unseen());
        }
        assert!(splitter.room(0).capacity() <= 256 << 10);
        splitter.room(6).extend_from_slice(b"after\n");
        let chunk = splitter.split().unwrap();
        assert_eq!((chunk.padding_bytes, chunk.lines[0].offset), (100 * (64 << 10), 100 * (64 << 10)));
    }

    #[test]
    fn a_chunk_of_empty_lines_is_bounded() {
        let mut splitter = Splitter::new(LIMITS, 0, 0, Vec::new(), Vec::new());
        let count = 2 * LINES_PER_CHUNK + 7;
        splitter.room(count).extend(std::iter::repeat_n(b'\n', count));
        let sizes: Vec<usize> =
            std::iter::from_fn(|| splitter.split()).map(|chunk| chunk.lines.len()).collect();
        assert_eq!(sizes, [LINES_PER_CHUNK, LINES_PER_CHUNK, 7]);
    }
}
