//! `soctop demo`: the dashboard over a bundled story, written to files as if it happened now.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::live;
use super::print;
use super::settings::CliOverrides;
use crate::cli::DemoArgs;
use crate::config::{self, RedactionConfig};
use crate::event::Timestamp;
use crate::event::number::to_i64;
use crate::exit::Exit;
use crate::facts::Vocabulary;
use crate::pipeline::{Clock, Limits, LiveOptions, PlainOutput};
use crate::receive;
use crate::samples::{self, Line};
use crate::sigma::Placeholders;
use crate::source;
use crate::view::scene::Stream;

/// This much of the story has already happened when the dashboard opens, so that there is
/// something to see at once.
const HISTORY_MILLIS: u64 = 150_000;

/// How often written lines reach the files.
const WRITE_EVERY: Duration = Duration::from_millis(50);

pub fn run(args: &DemoArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    // Of the configuration only the screen counts: the story brings its own logs and rules.
    let config = overrides.screen(&args.screen).resolve()?;
    let folder = tempfile::Builder::new().prefix("soctop-demo-").tempdir();
    let folder = folder.context("cannot make a temporary folder")?;
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).with_context(|| format!("cannot make `{}`", logs.display()))?;
    let clock = Clock::scaled(live::wall_clock(), args.speed);
    let start = clock.now().plus(-(to_i64(HISTORY_MILLIS)) * 1_000_000);
    let story = samples::story(args.seed, start);
    let ends = start.plus(to_i64(story.last().map_or(0, |line| line.at_millis)) * 1_000_000);
    let mut writer = StoryWriter::new(logs.clone(), story, start);
    writer.write_until(clock.now())?;

    let plain = live::is_plain(&args.screen);
    let (lines, printed) = live::plain_lines();
    let running = live::start(watching(logs, folder.path(), clock, plain.then_some(lines))?)?;

    let (leave, left) = crossbeam_channel::bounded::<()>(0);
    let (stop, snapshots) = (running.stopper(), running.handle().snapshots);
    let told = thread::Builder::new().name("story".to_owned()).spawn(move || {
        let written = writer.tell(clock, &left)?;
        // Without a screen the demo is over when everything has been read.
        while plain && snapshots.load().ledger.lines() < written {
            if left.recv_timeout(WRITE_EVERY) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        if plain {
            stop.stop();
        }
        io::Result::Ok(())
    })?;
    let exit = if plain {
        live::print_alerts(running, printed)
    } else {
        live::show(running, &config, Stream::Demo, Some(ends))
    };
    if plain {
        print::talk("the story is over; `soctop demo` tells it again");
    }
    drop(leave);
    told.join().map_err(|_| anyhow::anyhow!("the story ended early"))??;
    exit
}

/// How the logs of the story are watched: by what comes along, with an index that is gone with the demo.
fn watching(
    logs: PathBuf,
    folder: &Path,
    clock: Clock,
    plain: Option<PlainOutput>,
) -> anyhow::Result<LiveOptions> {
    Ok(LiveOptions {
        received: receive::Listeners::default(),
        inputs: vec![source::Input::Directory(logs)],
        from: source::From::Start,
        follow: true,
        routing: true,
        vocabulary: Vocabulary::bundled(),
        benign: std::sync::Arc::default(),
        data_dir: folder.join("state"),
        retention: crate::index::Retention::default(),
        // It is small.
        limits: Limits { keep_free: Some(0), memory: None },
        clock,
        plain,
        sources: Vec::new(),
        redaction: RedactionConfig::default(),
        rules: config::load_rules(&[], Placeholders::new())?,
        reload: None,
        vocabulary_files: config::VocabularyFiles::default(),
    })
}

/// Appends the lines of a story to one file a stream, when their time has come.
struct StoryWriter {
    folder: PathBuf,
    files: HashMap<&'static str, BufWriter<File>>,
    lines: std::iter::Peekable<std::vec::IntoIter<Line>>,
    start: Timestamp,
    written: u64,
}

impl StoryWriter {
    fn new(folder: PathBuf, lines: Vec<Line>, start: Timestamp) -> Self {
        Self { folder, files: HashMap::new(), lines: lines.into_iter().peekable(), start, written: 0 }
    }

    /// Writes the story as time passes, until it is over or the reader has left. Returns the lines
    /// written in all.
    fn tell(&mut self, clock: Clock, left: &Receiver<()>) -> io::Result<u64> {
        while self.lines.peek().is_some() {
            self.write_until(clock.now())?;
            if left.recv_timeout(WRITE_EVERY) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        Ok(self.written)
    }

    fn write_until(&mut self, now: Timestamp) -> io::Result<()> {
        let passed_millis = now.since(self.start) / 1_000_000;
        while let Some(line) = self.lines.next_if(|line| (to_i64(line.at_millis)) <= passed_millis) {
            writeln!(stream(&mut self.files, &self.folder, line.stream)?, "{}", line.text)?;
            self.written += 1;
        }
        self.files.values_mut().try_for_each(Write::flush)
    }
}

fn stream<'a>(
    files: &'a mut HashMap<&'static str, BufWriter<File>>,
    folder: &Path,
    name: &'static str,
) -> io::Result<&'a mut BufWriter<File>> {
    match files.entry(name) {
        std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
        std::collections::hash_map::Entry::Vacant(entry) => {
            let path = folder.join(name);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            let file = File::options().create(true).append(true).open(path)?;
            Ok(entry.insert(BufWriter::new(file)))
        }
    }
}
