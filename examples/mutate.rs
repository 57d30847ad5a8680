//! Log lines that somebody has broken: every line of the given files again and again, each time changed in another
//! way, the same for the same seed. For runs that are too long for a test:
//!
//! ```text
//! cargo run --release --example mutate -- 1 1073741824 sample-logs/*.log > /tmp/mutated.log
//! soctop replay --format ndjson /tmp/mutated.log | tail -n 1
//! ```
//!
//! Bytes are changed, and structure: ends cut off, members repeated by the hundred, quotes exchanged, words of other
//! languages put in, wrappers put around, objects glued together.

#![expect(clippy::print_stderr, reason = "how to call it")]
#![expect(clippy::ptr_arg, reason = "all mutations are of one type")]

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seed, bytes, files @ ..] = arguments.as_slice() else {
        eprintln!("mutate SEED BYTES FILE...");
        return ExitCode::FAILURE;
    };
    let (Ok(seed), Ok(bytes)) = (seed.parse(), bytes.parse()) else {
        eprintln!("SEED and BYTES are numbers");
        return ExitCode::FAILURE;
    };
    match write_lines(seed, bytes, files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write_lines(seed: u64, bytes: usize, files: &[String]) -> io::Result<()> {
    let mut corpus = Vec::new();
    for file in files {
        let text = std::fs::read(file)?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        corpus.extend(lines.map(<[u8]>::to_vec));
    }
    if corpus.is_empty() {
        return Err(io::Error::other("the files hold no line"));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut mutator = Mutator { random: Random(seed | 1), corpus };
    let mut written = 0;
    while written < bytes {
        let line = mutator.line();
        out.write_all(&line)?;
        out.write_all(b"\n")?;
        written += line.len() + 1;
    }
    out.flush()
}

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() % limit.max(1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Changes a line in one way.
type Mutation = fn(&mut Mutator, &mut Vec<u8>);

const MUTATIONS: [Mutation; 14] = [
    Mutator::flip,
    Mutator::delete,
    Mutator::repeat,
    Mutator::cut,
    Mutator::insert_odd_text,
    Mutator::splice,
    Mutator::exchange_quotes,
    Mutator::exchange_word,
    Mutator::many_members,
    Mutator::deepen,
    Mutator::wrap,
    Mutator::glue,
    Mutator::pad,
    Mutator::escape,
];

const ODD_TEXTS: [&str; 20] = [
    ",",
    "}",
    "{",
    "]",
    "[",
    "\"",
    "\\",
    "\\u00",
    "\\ud800",
    "/*",
    "\u{1b}[31m",
    "\u{202e}",
    "\0",
    "\r",
    "=",
    "'",
    "token=abcd&",
    "1e400",
    "\t",
    "\u{feff}",
];

const WORDS: [(&str, &str); 8] = [
    ("true", "True"),
    ("null", "undefined"),
    ("false", "None"),
    (":0", ":01"),
    (":1", ":+1"),
    ("}", ",}"),
    (",", ",,"),
    (" ", "\u{a0}"),
];

struct Mutator {
    random: Random,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    /// A line of the corpus, changed once to three times.
    fn line(&mut self) -> Vec<u8> {
        let mut line = self.corpus[self.random.below(self.corpus.len())].clone();
        for _ in 0..=self.random.below(3) {
            let mutation = self.random.pick(&MUTATIONS);
            mutation(self, &mut line);
        }
        line.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        line
    }

    /// A stretch of the line.
    fn stretch(&mut self, line: &[u8]) -> std::ops::Range<usize> {
        let start = self.random.below(line.len());
        let longest = 1 << self.random.below(8);
        let length = self.random.below(longest);
        start..(start + length).min(line.len())
    }

    fn flip(&mut self, line: &mut Vec<u8>) {
        let at = self.random.below(line.len());
        if let Some(byte) = line.get_mut(at) {
            *byte ^= 1 << self.random.below(8);
        }
    }

    fn delete(&mut self, line: &mut Vec<u8>) {
        let stretch = self.stretch(line);
        line.drain(stretch);
    }

    fn repeat(&mut self, line: &mut Vec<u8>) {
        let stretch = self.stretch(line);
        let piece = line[stretch.clone()].repeat(1 + self.random.below(8));
        line.splice(stretch.end..stretch.end, piece);
    }

    fn cut(&mut self, line: &mut Vec<u8>) {
        line.truncate(self.random.below(line.len() + 1));
    }

    fn insert_odd_text(&mut self, line: &mut Vec<u8>) {
        let at = self.random.below(line.len() + 1);
        let text = self.random.pick(&ODD_TEXTS);
        line.splice(at..at, text.bytes());
    }

    /// The head of this line and the tail of another.
    fn splice(&mut self, line: &mut Vec<u8>) {
        let other = &self.corpus[self.random.below(self.corpus.len())];
        line.truncate(self.random.below(line.len() + 1));
        line.extend(&other[self.random.below(other.len())..]);
    }

    fn exchange_quotes(&mut self, line: &mut Vec<u8>) {
        line.iter_mut().filter(|byte| **byte == b'"').for_each(|byte| *byte = b'\'');
    }

    fn exchange_word(&mut self, line: &mut Vec<u8>) {
        let (from, to) = self.random.pick(&WORDS);
        *line = String::from_utf8_lossy(line).replace(from, to).into_bytes();
    }

    fn many_members(&mut self, line: &mut Vec<u8>) {
        let name = self.random.pick(&["user", "token", "k", "message", "client_ip", "a.b"]);
        let count = self.random.below(300);
        let members: String = (0..count).map(|n| format!("\"{name}{}\":{n},", n % 7)).collect();
        if let Some(at) = line.iter().position(|byte| *byte == b'{') {
            line.splice(at + 1..at + 1, members.bytes());
        }
    }

    fn deepen(&mut self, line: &mut Vec<u8>) {
        let depth = self.random.below(100);
        let (open, close) = self.random.pick(&[("{\"a\":", "}"), ("[", "]")]);
        let text = String::from_utf8_lossy(line).into_owned();
        *line = format!("{}{text}{}", open.repeat(depth), close.repeat(depth)).into_bytes();
    }

    fn wrap(&mut self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line).into_owned();
        let quoted = serde_json::Value::from(text.as_str());
        *line = match self.random.below(5) {
            0 => format!("{{\"log\":{quoted},\"stream\":\"stdout\",\"time\":\"2026-03-01T09:30:00Z\"}}"),
            1 => format!("2026-03-01T09:30:00.1Z stdout F {text}"),
            2 => format!("<134>1 2026-03-01T09:30:00Z web1 shop 42 - - {text}"),
            3 => format!("{{\"MESSAGE\":{quoted},\"_PID\":\"42\",\"PRIORITY\":\"6\"}}"),
            _ => format!("[{{\"a\":1}},{text}]"),
        }
        .into_bytes();
    }

    fn glue(&mut self, line: &mut Vec<u8>) {
        let other = &self.corpus[self.random.below(self.corpus.len())];
        line.extend(other);
    }

    fn pad(&mut self, line: &mut Vec<u8>) {
        let at = self.random.below(line.len() + 1);
        let padding = vec![self.random.pick(b"A%\"{[ \\="); self.random.below(4_096)];
        line.splice(at..at, padding);
    }

    /// Once more in the quotes of a string.
    fn escape(&mut self, line: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line).into_owned();
        *line = format!("{{\"message\":{}}}", serde_json::Value::from(text)).into_bytes();
    }
}
