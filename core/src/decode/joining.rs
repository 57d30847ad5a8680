//! Lines that are parts of one event: parts of a container's line, objects over several lines, statements and
//! stack traces with their head.
//!
//! Looks at the first bytes of each line. What is joined is bounded in lines and bytes; a group that grows
//! beyond is cut into several. Lines at the end of what has been read may wait for more ([`waiting`]). A line that could stand alone as an object never continues another, so that nobody
//! hides one behind a blank.

use std::ops::Range;

use super::LINE_LIMIT;

/// Lines of one event at most.
const LINES: usize = 1_024;

/// So often the end of a group is looked for in vain in one piece of input.
const LOOKS_IN_VAIN: usize = 64;

/// Lines that are one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Index of the first, and how many there are.
    pub first: usize,
    pub count: usize,
    /// Where the text stands in the bytes.
    pub text: Range<usize>,
}

/// How the lines after one belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// They may continue it.
    Perhaps,
    /// They are inside of its braces, until a line closes them.
    Braces,
    /// The next part of a line that its container runtime has cut, up to the one that ends it.
    Part,
    /// The other fields of a journal's entry, up to a blank line.
    Entry,
    /// They never do.
    Never,
}

/// How many lines belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    count: usize,
    /// Nothing has ended them yet: what comes next may belong to them.
    goes_on: bool,
}

impl Extent {
    fn of(count: usize) -> Self {
        Self { count, goes_on: false }
    }
}

/// Groups `lines` of `bytes`; texts that have to be put together are appended to `bytes`.
pub fn join(bytes: &mut Vec<u8>, lines: &[Range<usize>]) -> Vec<Joined> {
    let mut groups = Vec::with_capacity(lines.len());
    let mut look = LookAhead::default();
    let mut first = 0;
    while let Some(line) = lines.get(first) {
        let (open, extent) = look.extent(bytes, lines, first);
        // What never ended holds nothing, but a list of fields does.
        let count = if extent.goes_on && open.has_an_end() { 1 } else { extent.count };
        let members = lines.get(first..first + count).unwrap_or_default();
        let last = members.last().unwrap_or(line);
        let text = match open {
            Open::Part if count > 1 => put_together(bytes, members),
            Open::Entry => object_of(bytes, line.start..last.end, members),
            _ => line.start..last.end,
        };
        groups.push(Joined { first, count, text });
        first += count;
    }
    groups
}

/// How many of the last lines may go on in what comes next; they are to wait for it, not for ever.
#[must_use]
pub fn waiting(bytes: &[u8], lines: &[Range<usize>]) -> usize {
    let Some(last) = lines.last().map(|line| text_of(bytes, line)) else { return 0 };
    // Most objects stand alone.
    if last.starts_with(b"{\"") && last.ends_with(b"}") && docker_part(last).is_none() {
        return 0;
    }
    let mut look = LookAhead::default();
    let mut first = 0;
    while first < lines.len() {
        let (_, extent) = look.extent(bytes, lines, first);
        if extent.goes_on {
            return lines.len() - first;
        }
        first += extent.count;
    }
    0
}

/// Looking ahead in vain costs time, and whoever writes the lines chooses how often.
#[derive(Default)]
struct LookAhead {
    in_vain: usize,
}

impl LookAhead {
    fn extent(&mut self, bytes: &[u8], lines: &[Range<usize>], first: usize) -> (Open, Extent) {
        let line = lines.get(first).map_or(&[][..], |line| text_of(bytes, line));
        let open = if self.in_vain < LOOKS_IN_VAIN { open(line) } else { Open::Never };
        let extent = match open {
            Open::Never => Extent::of(1),
            Open::Perhaps => following(bytes, lines, first),
            Open::Braces => closing(bytes, lines, first),
            Open::Part => parts(bytes, lines, first),
            Open::Entry => entry(bytes, lines, first),
        };
        self.in_vain += usize::from(open.has_an_end() && (extent.count == 1 || extent.goes_on));
        (open, extent)
    }
}

fn text_of<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

impl Open {
    /// Without its end it is nothing.
    fn has_an_end(self) -> bool {
        matches!(self, Self::Braces | Self::Part)
    }
}

fn open(line: &[u8]) -> Open {
    if line.starts_with(ENTRY) {
        return Open::Entry;
    }
    match line.trim_ascii() {
        [] => Open::Never,
        b"{" | b"[" | b"[{" => Open::Braces,
        [b'{', .., b'}'] if docker_part(line).is_some() => Open::Part,
        [b'{' | b'[', .., b'{' | b'[' | b','] => Open::Braces,
        [b'{', ..] => Open::Never,
        _ if cri_part(line).is_some_and(|part| part.goes_on) => Open::Part,
        _ => Open::Perhaps,
    }
}

/// A line and those that continue it.
fn following(bytes: &[u8], lines: &[Range<usize>], first: usize) -> Extent {
    let start = lines.get(first).map_or(0, |line| line.start);
    let mut trace = is_python(lines.get(first).map_or(&[][..], |line| text_of(bytes, line)));
    let mut count = 1;
    for (at, line) in lines.iter().enumerate().skip(first + 1).take(LINES - 1) {
        let text = text_of(bytes, line);
        let indented = is_continuation(text);
        let frames = lines.get(at + 1).is_some_and(|next| text_of(bytes, next).starts_with(b"\tat "));
        let named = is_trace(text) || (frames && is_exception(text));
        // Python: the exception stands below its frames, at the margin.
        let exception = trace && !indented && !named && is_exception(text);
        if !(indented || named || exception) || line.end - start > LINE_LIMIT {
            // Whether it names an error is told by the line after it.
            let perhaps = at + 1 == lines.len() && is_exception(text);
            return Extent { count, goes_on: perhaps };
        }
        trace = (trace || is_python(text)) && !exception;
        count += 1;
    }
    Extent { count, goes_on: first + count == lines.len() && count < LINES }
}

/// A line that cannot stand alone: it begins with white space and holds neither an object nor a time.
fn is_continuation(line: &[u8]) -> bool {
    let visible = line.trim_ascii_start();
    let blank = line.len() - visible.len();
    let alone = matches!(visible.first(), None | Some(b'{' | b'<' | b'['))
        || (visible.get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit))
            && visible.get(4) == Some(&b'-'));
    !alone && (line.first() == Some(&b'\t') || blank >= 2)
}

fn is_trace(line: &[u8]) -> bool {
    const HEADS: [&[u8]; 5] = [
        b"Traceback (most recent call last)",
        b"Caused by: ",
        b"goroutine ",
        b"During handling of the above exception",
        b"The above exception was the direct cause",
    ];
    HEADS.iter().any(|head| line.starts_with(head))
}

/// After the frames the exception stands at the margin.
fn is_python(line: &[u8]) -> bool {
    line.starts_with(b"Traceback (most recent call last)")
}

/// `ValueError: text`, `app.errors.Denied`.
fn is_exception(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    last.first().is_some_and(u8::is_ascii_uppercase) && name.len() <= 128 && name.iter().all(word)
}

/// A line that opens a container, and those up to the one that closes it; alone if none does.
fn closing(bytes: &[u8], lines: &[Range<usize>], first: usize) -> Extent {
    let Some(start) = lines.get(first) else { return Extent::of(1) };
    let mut depth = 0_i64;
    let mut in_text = false;
    for (count, line) in lines.iter().skip(first).take(LINES).enumerate() {
        let text = text_of(bytes, line);
        // A line at the margin that opens anew was never inside.
        if line.end - start.start > LINE_LIMIT || (count > 0 && text.starts_with(b"{\"")) {
            return Extent::of(1);
        }
        depth += depth_of(text, &mut in_text);
        if depth <= 0 {
            return Extent::of(count + 1);
        }
    }
    unended(lines, first)
}

/// A line whose end is not among those after it.
fn unended(lines: &[Range<usize>], first: usize) -> Extent {
    let count = lines.len().saturating_sub(first);
    if count < LINES { Extent { count, goes_on: true } } else { Extent::of(1) }
}

/// Brackets opened less brackets closed, outside of texts.
fn depth_of(line: &[u8], in_text: &mut bool) -> i64 {
    let mut depth = 0;
    let mut escaped = false;
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if *in_text => escaped = true,
            b'"' => *in_text = !*in_text,
            b'{' | b'[' if !*in_text => depth += 1,
            b'}' | b']' if !*in_text => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// A part of a line.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// What stands before and behind the text.
    before: &'a [u8],
    text: &'a [u8],
    after: &'a [u8],
    stream: &'a [u8],
    goes_on: bool,
}

/// `time stdout P text`.
fn cri_part(line: &[u8]) -> Option<Part<'_>> {
    let mut spaces = line.iter().take(64).enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    let (time, stream, tag) = (spaces.next()?, spaces.next()?, spaces.next()?);
    let stream = line.get(time + 1..stream)?;
    let goes_on = match line.get(tag - 1..tag)? {
        b"P" => true,
        b"F" => false,
        _ => return None,
    };
    let known = line.get(10) == Some(&b'T') && matches!(stream, b"stdout" | b"stderr");
    known.then_some(())?;
    Some(Part { before: line.get(..=tag)?, text: line.get(tag + 1..)?, after: &[], stream, goes_on })
}

/// `{"log":"text","stream":"stdout","time":"..."}`; a text without a newline at its end goes on.
fn docker_part(line: &[u8]) -> Option<Part<'_>> {
    let start = b"{\"log\":\"".len();
    line.starts_with(b"{\"log\":\"").then_some(())?;
    let end = super::json::skip_string(line, start).ok()?;
    let (text, after) = (line.get(start..end)?, line.get(end..)?);
    let stream = after.strip_prefix(b"\",\"stream\":\"")?.split(|byte| *byte == b'"').next()?;
    let goes_on = !text.ends_with(b"\\n");
    goes_on.then_some(())?;
    Some(Part { before: line.get(..start)?, text, after, stream, goes_on })
}

/// A part of either kind, the last one included.
fn part(line: &[u8]) -> Option<Part<'_>> {
    cri_part(line).or_else(|| docker_part(line)).or_else(|| {
        let start = b"{\"log\":\"".len();
        line.starts_with(b"{\"log\":\"").then_some(())?;
        let end = super::json::skip_string(line, start).ok()?;
        let after = line.get(end..)?;
        let stream = after.strip_prefix(b"\",\"stream\":\"")?.split(|byte| *byte == b'"').next()?;
        Some(Part { before: line.get(..start)?, text: line.get(start..end)?, after, stream, goes_on: false })
    })
}

/// The lines that are parts of the same line; only the first if its end is not among them.
fn parts(bytes: &[u8], lines: &[Range<usize>], first: usize) -> Extent {
    let Some(head) = lines.get(first).and_then(|line| part(text_of(bytes, line))) else {
        return Extent::of(1);
    };
    let mut length = head.text.len();
    for (count, line) in lines.iter().enumerate().skip(first + 1).take(LINES - 1) {
        let Some(next) = part(text_of(bytes, line)).filter(|part| part.stream == head.stream) else {
            return Extent::of(1);
        };
        length += next.text.len();
        if length > LINE_LIMIT {
            return Extent::of(1);
        }
        if !next.goes_on {
            return Extent::of(count - first + 1);
        }
    }
    unended(lines, first)
}

/// The texts of all parts in the wrapper of the first, which then is whole.
fn put_together(bytes: &mut Vec<u8>, lines: &[Range<usize>]) -> Range<usize> {
    let mut whole = Vec::new();
    let mut after: &[u8] = &[];
    for (at, line) in lines.iter().enumerate() {
        let Some(part) = part(text_of(bytes, line)) else { continue };
        if at == 0 {
            whole.extend_from_slice(part.before);
            if part.after.is_empty() {
                // `P ` becomes `F `.
                let tag = whole.len() - 2;
                whole[tag] = b'F';
            }
            after = part.after;
        }
        whole.extend_from_slice(part.text);
    }
    whole.extend_from_slice(after);
    let start = bytes.len();
    bytes.extend_from_slice(&whole);
    start..bytes.len()
}

/// How `journalctl -o export` begins an entry.
const ENTRY: &[u8] = b"__CURSOR=";

/// The fields of a journal's entry, up to the blank line behind it.
fn entry(bytes: &[u8], lines: &[Range<usize>], first: usize) -> Extent {
    let start = lines.get(first).map_or(0, |line| line.start);
    let mut at = first + 1;
    while let Some(line) = lines.get(at) {
        let text = text_of(bytes, line);
        let value_end = match field_name(text) {
            Some(_) if text.starts_with(ENTRY) => return Extent::of(at - first),
            Some(name) if name.len() < text.len() => line.end,
            Some(_) => match binary(bytes, line.end) {
                Some(value) => value.end,
                None => break,
            },
            None => return Extent::of(at - first),
        };
        if value_end - start > LINE_LIMIT || at - first >= LINES {
            return Extent::of(at - first);
        }
        at += 1;
        at += lines.get(at..).unwrap_or_default().partition_point(|line| line.start <= value_end);
    }
    Extent { count: at.min(lines.len()) - first, goes_on: true }
}

/// The name of a field, before its `=` or alone on its line.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let name = line.split(|byte| *byte == b'=').next()?;
    let word = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    (!name.is_empty() && name.len() <= 64 && name.iter().all(word)).then_some(name)
}

/// A value behind its length, which is written as eight bytes after the line that ends at `end`.
fn binary(bytes: &[u8], end: usize) -> Option<Range<usize>> {
    let length: [u8; 8] = bytes.get(end + 1..end + 9)?.try_into().ok()?;
    let length = usize::try_from(u64::from_le_bytes(length)).ok().filter(|length| *length <= LINE_LIMIT)?;
    let value = end + 9..end + 9 + length;
    bytes.get(value.clone()).is_some().then_some(value)
}

/// An entry as the object that `journalctl -o json` writes.
fn object_of(bytes: &mut Vec<u8>, whole: Range<usize>, lines: &[Range<usize>]) -> Range<usize> {
    let mut object = serde_json::Map::new();
    let mut next = whole.start;
    for line in lines {
        let text = text_of(bytes, line);
        let Some(name) = field_name(text).filter(|_| line.start >= next) else { continue };
        let value = match name.len() < text.len() {
            true => line.start + name.len() + 1..line.end,
            false => binary(bytes, line.end).unwrap_or(line.end..line.end),
        };
        next = value.end + 1;
        let value = text_of(bytes, &value);
        let value = std::str::from_utf8(value).map_or_else(|_| value.into(), serde_json::Value::from);
        object.insert(String::from_utf8_lossy(name).into_owned(), value);
    }
    let start = bytes.len();
    bytes.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
    start..bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the groups of a file.
    fn texts(file: &str) -> Vec<String> {
        let mut bytes = file.as_bytes().to_vec();
        let mut lines = Vec::new();
        let mut start = 0;
        for line in file.split('\n') {
            lines.push(start..start + line.len());
            start += line.len() + 1;
        }
        let groups = join(&mut bytes, &lines);
        assert_eq!(groups.iter().map(|group| group.count).sum::<usize>(), lines.len(), "every line once");
        groups
            .iter()
            .map(|group| String::from_utf8_lossy(text_of(&bytes, &group.text)).into_owned())
            .collect()
    }

    #[test]
    fn lines_that_stand_alone_stay_alone() {
        let file = "a\nb\n  {\"x\":1}\n\n 2026-01-01 x\n{\"a\":1}\n  2026-01-01 y\n\t<34>x";
        assert_eq!(texts(file), file.split('\n').collect::<Vec<_>>());
    }

    #[test]
    fn a_trace_belongs_to_its_head() {
        let java = "2026-01-01 10:00:00 ERROR app - failed\njava.lang.X: y\n\tat a.B(C.java:1)\nCaused by: z\n\tat d\n\t... 3 more";
        assert_eq!(texts(&format!("{java}\nnext")), [java, "next"]);
        let python = "ERROR failed\nTraceback (most recent call last):\n  File \"x.py\", line 1, in y\n    z()\nValueError: no";
        assert_eq!(texts(&format!("{python}\nnext line")), [python, "next line"]);
    }

    #[test]
    fn a_statement_goes_on_behind_tabs() {
        let statement = "2026-01-01 10:00:00 UTC [1] LOG:  statement: SELECT *\n\tFROM users\n\tWHERE id = 1";
        assert_eq!(
            texts(&format!("{statement}\n2026-01-01 10:00:01 UTC [1] LOG:  x")),
            [statement, "2026-01-01 10:00:01 UTC [1] LOG:  x"]
        );
    }

    #[test]
    fn an_object_over_several_lines_is_one() {
        let object = "{\n  \"a\": \"}\",\n  \"b\": [\n    1\n  ]\n}";
        assert_eq!(texts(&format!("{object}\n{object}\nx")), [object, object, "x"]);
        assert_eq!(
            texts("{\n{\"a\":1}\nx"),
            ["{", "{\"a\":1}", "x"],
            "a brace without its end holds nothing"
        );
    }

    #[test]
    fn an_entry_of_a_journal_is_one_event() {
        let entry = |length: u8, text: &str| {
            let length = String::from_utf8(vec![length, 0, 0, 0, 0, 0, 0, 0]).expect("ASCII");
            format!("__CURSOR=s=1;i=2\n_PID=7\nMESSAGE\n{length}{text}\n_HOSTNAME=web1\n\n")
        };
        let object = |text: &str| {
            format!(r#"{{"MESSAGE":{text},"_HOSTNAME":"web1","_PID":"7","__CURSOR":"s=1;i=2"}}"#)
        };
        let file = [entry(6, "ab\ncd\n"), entry(10, "\n\nPID=1\n\nx"), entry(3, "xyz")].concat();
        assert_eq!(
            texts(&file),
            [&object(r#""ab\ncd\n""#), "", &object(r#""\n\nPID=1\n\nx""#), "", &object(r#""xyz""#), "", ""]
        );
        assert_eq!(
            texts("__CURSOR=a\nMESSAGE=x=y\n__CURSOR=b"),
            [r#"{"MESSAGE":"x=y","__CURSOR":"a"}"#, r#"{"__CURSOR":"b"}"#]
        );
    }

    /// How many lines of a file wait for more.
    fn waits(file: &str) -> usize {
        let bytes = file.as_bytes();
        let mut start = 0;
        let line = |line: &str| {
            start += line.len() + 1;
            start - line.len() - 1..start - 1
        };
        let lines: Vec<_> = file.lines().map(line).collect();
        waiting(bytes, &lines)
    }

    #[test]
    fn lines_wait_for_what_may_belong_to_them_and_for_nothing_else() {
        for (file, lines) in [
            ("a\n{\"x\":1}", 0),
            ("a\nb", 1),
            ("a\n\tb\n  c", 3),
            ("a\n{\n  \"x\": [\n", 2),
            ("a\n{\n  \"x\": 1\n}", 0),
            ("{\n{\"x\":1}", 0),
            ("2026-11-28T09:30:00.1Z stdout P a\n2026-11-28T09:30:00.1Z stdout P b", 2),
            ("2026-11-28T09:30:00.1Z stdout P a\n2026-11-28T09:30:00.1Z stdout F b", 0),
            ("{\"log\":\"a\",\"stream\":\"stdout\"}", 1),
            ("ERROR x\nValueError: y", 2),
            ("__CURSOR=a\nMESSAGE=x", 2),
            ("__CURSOR=a\nMESSAGE=x\n\n", 0),
            ("__CURSOR=a\nMESSAGE\n\u{9}\0\0\0\0\0\0\0half", 3),
        ] {
            assert_eq!(waits(file), lines, "{file:?}");
        }
        let endless = format!("{{\n{}", "  \"x\": 1,\n".repeat(LINES));
        assert!(waits(&endless) <= 1, "what is too long is waited for no longer");
    }

    #[test]
    fn parts_of_a_line_are_put_together() {
        let cri = "2026-11-28T09:30:00.1Z stdout P {\"a\":\n2026-11-28T09:30:00.1Z stdout P 1\n2026-11-28T09:30:00.1Z stdout F }\nx";
        assert_eq!(texts(cri), ["2026-11-28T09:30:00.1Z stdout F {\"a\":1}", "x"]);
        let docker = "{\"log\":\"{\\\"a\\\":\",\"stream\":\"stdout\",\"time\":\"t\"}\n{\"log\":\"1}\\n\",\"stream\":\"stdout\",\"time\":\"u\"}";
        assert_eq!(texts(docker), ["{\"log\":\"{\\\"a\\\":1}\\n\",\"stream\":\"stdout\",\"time\":\"t\"}"]);
        let alone = "2026-11-28T09:30:00.1Z stdout P half\n2026-11-28T09:30:00.1Z stderr F other";
        assert_eq!(texts(alone).len(), 2);
    }
}
