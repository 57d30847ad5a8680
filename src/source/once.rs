//! Reads every input once, one after the other, to its end: replay and ingest.

use std::fs;
use std::path::{Path, PathBuf};

use super::encoding::Encoding;
use super::identity::{Identity, is_evidence, of_content, successor};
use super::input::{Input, is_packed, rotation_bases};
use super::outbox::{Outbox, Sources, Stopped};
use super::paths::{Skip, expand, left_out};
use super::reader::{FileReader, Head, OpenError, Place, Step, continues, open_regular, read_head};
use super::{Addresses, Options, Symlinks};
use crate::event::{Cause, Cursor, Gap, GapCause, GenerationId, SourceId, SourceMessage, Trouble, shown};

/// Standard input has no path; this is shown instead.
pub(crate) const STDIN_NAME: &str = "(stdin)";

pub(crate) fn run(inputs: &[Input], options: &Options, outbox: Outbox) {
    let mut reading =
        OnceReading { options, outbox, sources: Sources::default(), ordinal: options.first_ordinal };
    // To be stopped is not an error: the caller asked for it.
    reading.all(inputs).unwrap_or(());
}

struct OnceReading<'a> {
    options: &'a Options,
    outbox: Outbox,
    sources: Sources,
    /// Number of the file in the input.
    ordinal: u64,
}

impl OnceReading<'_> {
    fn all(&mut self, inputs: &[Input]) -> Result<(), Stopped> {
        let mut seen = std::collections::HashSet::new();
        for input in inputs {
            if matches!(input, Input::Stdin) {
                self.stdin()?;
                continue;
            }
            let expansion = expand(std::slice::from_ref(input), self.options);
            for (directory, error) in expansion.failures {
                let message = directory_in_words(&directory, &error);
                let cause = Cause::Unreadable;
                self.trouble(Trouble { source: None, about: directory, cause, message, hint: None });
            }
            self.note_skipped(&expansion.skipped);
            for (about, message) in expansion.empty {
                self.trouble(Trouble {
                    source: None,
                    about,
                    cause: Cause::NothingNamed,
                    message,
                    hint: None,
                });
            }
            for path in expansion.files {
                if seen.insert(path.clone()) {
                    self.file(&path, matches!(input, Input::Path(_)))?;
                }
            }
        }
        self.outbox.push(SourceMessage::Finished);
        self.outbox.flush()
    }

    fn note_skipped(&mut self, skipped: &[(PathBuf, Skip)]) {
        let (logs, others): (Vec<_>, Vec<_>) =
            skipped.iter().cloned().partition(|(_, reason)| reason.is_of_log());
        for (_, message) in left_out(&others) {
            self.outbox.remark(message, None);
        }
        for (path, reason) in &logs {
            let (about, message) = (path.clone(), skipped_in_words(path, *reason));
            self.trouble(Trouble { source: None, about, cause: Cause::Compressed, message, hint: None });
        }
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.outbox.push(SourceMessage::Trouble(trouble));
    }

    fn file(&mut self, path: &Path, named: bool) -> Result<(), Stopped> {
        let source = self.sources.id(path);
        self.ordinal += 1;
        match self.open(path, source, named) {
            Ok(reader) => {
                let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
                self.outbox.opened(&reader, size, false);
                self.drain(reader)
            }
            Err(error) => {
                let (hint, cause) = (error.hint(), error.cause());
                let about = path.to_owned();
                let message = error.to_string();
                self.trouble(Trouble { source: Some(source), about, cause, message, hint });
                self.outbox.flush()
            }
        }
    }

    fn open(&mut self, path: &Path, source: SourceId, named: bool) -> Result<FileReader, OpenError> {
        let fail = |source| OpenError::Io { path: path.to_owned(), source };
        let symlinks = if named { Symlinks::Follow } else { self.options.symlinks };
        let (file, metadata) = open_regular(path, symlinks)?;
        let identity = Identity::of(&metadata);
        let sizes = self.options.sizes();
        let mut place = Place::start(path, source, identity.generation());
        if self.options.addresses == Addresses::Content {
            place.generation = of_content(self.ordinal, &read_head(&file).map_err(fail)?);
        }
        let mut known = self.options.cursors.iter().filter(|cursor| Identity::of_cursor(cursor) == identity);
        let encoding = Encoding::of(&file).map_err(fail)?;
        if let Encoding::Compressed(tool) = encoding {
            return Err(OpenError::Compressed { path: path.to_owned(), tool });
        }
        if encoding != Encoding::Plain || is_packed(path) {
            if let Some(cursor) = known.next() {
                place.resume(cursor);
                return FileReader::decoded(file, identity, place, sizes).map_err(fail);
            }
            let again = self.compressed_again(path, source, identity);
            let decoded = || FileReader::decoded(file, identity, place, sizes).map_err(fail);
            return again.map_or_else(decoded, Ok);
        }
        let mut lost: Option<&Cursor> = None;
        let mut held: Option<&Cursor> = None;
        for cursor in known {
            match continues(&file, cursor).map_err(fail)? {
                true if held.is_none_or(|held| cursor.end >= held.end) => held = Some(cursor),
                false if !cursor.finished || lost.is_none() => lost = Some(cursor),
                _ => {}
            }
        }
        if let Some(cursor) = held {
            place.resume(cursor);
        } else if let Some(cursor) = lost {
            place.generation = successor(cursor.generation, cursor.end, cursor.fingerprint_hash);
            self.outbox.push(SourceMessage::Gap(source, rewritten(cursor, metadata.len())));
            self.outbox.closed(source, Cursor { finished: true, ..cursor.clone() });
        }
        FileReader::plain(file, identity, place, sizes).map_err(fail)
    }

    /// A log that was read before it was compressed goes on where that ended.
    fn compressed_again(&mut self, path: &Path, source: SourceId, identity: Identity) -> Option<FileReader> {
        let plain = path.with_extension("");
        let bases: Vec<PathBuf> = rotation_bases(&plain).into_iter().chain([plain]).collect();
        let is_named = |own: &PathBuf| bases.iter().any(|base| same_place(base, own));
        let is_of = |cursor: &&Cursor| {
            let lay_at = cursor.seen_at.as_ref().unwrap_or(&cursor.path);
            cursor.fingerprint_len > 0 && (is_evidence(cursor) || is_named(&cursor.path) || is_named(lay_at))
        };
        let mut candidates: Vec<&Cursor> = self.options.cursors.iter().filter(is_of).collect();
        candidates.sort_by_key(|cursor| std::cmp::Reverse(cursor.end));
        let head = Head::new(path);
        let (reader, cursor) = candidates.into_iter().find_map(|cursor| {
            if !head.fits(cursor) {
                return None;
            }
            let (file, _) = open_regular(path, self.options.symlinks).ok()?;
            let mut place = Place::start(path, source, cursor.generation);
            place.resume(cursor);
            let reader = FileReader::decoded(file, identity, place, self.options.sizes()).ok()?;
            reader.fits(cursor).then_some((reader, cursor))
        })?;
        let (own, other) = (shown(path), shown(&cursor.path));
        let message = format!("`{own}` begins with {} bytes that were read as `{other}`", cursor.end);
        self.outbox.remark(message, Some("they are not read again".to_owned()));
        Some(reader)
    }

    fn stdin(&mut self) -> Result<(), Stopped> {
        let source = self.sources.id(Path::new(STDIN_NAME));
        self.ordinal += 1;
        match stdin_reader(source, self.options) {
            Ok(reader) => {
                self.outbox.opened(&reader, 0, false);
                self.drain(reader)
            }
            Err(error) => {
                self.trouble(stdin_trouble(source, &error));
                self.outbox.flush()
            }
        }
    }

    fn drain(&mut self, mut reader: FileReader) -> Result<(), Stopped> {
        let source = reader.source;
        loop {
            self.outbox.flush()?;
            if let Some(descriptor) = reader.stream_fd() {
                super::stop::wait_readable(&self.outbox.stop, descriptor);
            }
            match reader.step() {
                Ok(Step::Lines(chunk)) => self.outbox.push(SourceMessage::Lines(chunk)),
                Ok(Step::More) => {}
                Ok(Step::End) => break,
                Ok(Step::Truncated | Step::Rewritten) => {
                    let gap = rewritten(&reader.cursor(false), reader.size().unwrap_or(0));
                    self.outbox.push(SourceMessage::Gap(source, gap));
                    break;
                }
                Err(error) => {
                    let message = format!("cannot read `{}` any further: {error}", shown(&reader.path));
                    let about = reader.path.clone();
                    let cause = Cause::Unreadable;
                    self.trouble(Trouble { source: Some(source), about, cause, message, hint: None });
                    self.outbox.push(SourceMessage::Gap(source, unreadable(&reader.cursor(false))));
                    break;
                }
            }
        }
        self.outbox.lines(reader.finish());
        let size = reader.size().unwrap_or_else(|_| reader.end());
        self.outbox.push(SourceMessage::CaughtUp { source, size });
        self.outbox.closed(source, reader.cursor(true));
        self.outbox.flush()
    }
}

/// Whether two paths are the same, however they were named.
fn same_place(one: &Path, other: &Path) -> bool {
    one == other || std::path::absolute(one).ok() == std::path::absolute(other).ok()
}

/// What an input names at this moment.
#[derive(Debug, Default)]
pub struct Listing {
    /// Sorted by name.
    pub files: Vec<PathBuf>,
    /// What is left out, in words.
    pub notes: Vec<String>,
}

/// Looks up one input without reading it.
///
/// # Errors
/// In words, when a directory or pattern names nothing.
pub fn list(input: &Input, options: &Options) -> Result<Listing, String> {
    let expansion = expand(std::slice::from_ref(input), options);
    let unreadable = expansion.failures.iter().map(|(directory, error)| directory_in_words(directory, error));
    let (logs, others): (Vec<_>, Vec<_>) =
        expansion.skipped.iter().cloned().partition(|(_, reason)| reason.is_of_log());
    let skipped = logs.iter().map(|(path, reason)| skipped_in_words(path, *reason));
    let notes = unreadable.chain(skipped).chain(left_out(&others).map(|(_, message)| message)).collect();
    match expansion.empty.into_iter().next() {
        Some((_, message)) => Err(message),
        None => Ok(Listing { files: expansion.files, notes }),
    }
}

fn directory_in_words(directory: &Path, error: &std::io::Error) -> String {
    format!("cannot read the directory `{}`: {error}", shown(directory))
}

fn skipped_in_words(path: &Path, reason: Skip) -> String {
    let why = match reason {
        Skip::Compressed => Skip::UnknownCompression.in_words(),
        other => other.in_words(),
    };
    format!("`{}` is not read: {why}", shown(path))
}

/// The gap of a file that is no longer what was read of it.
pub(crate) fn rewritten(cursor: &Cursor, size: u64) -> Gap {
    let cause = if size < cursor.end { GapCause::Truncated } else { GapCause::Rewritten };
    Gap { generation: cursor.generation, path: cursor.path.clone(), from: cursor.end, to: None, cause }
}

pub(crate) fn stdin_trouble(source: SourceId, error: &std::io::Error) -> Trouble {
    let message = format!("cannot read standard input: {error}");
    let about = PathBuf::from(STDIN_NAME);
    Trouble { source: Some(source), about, cause: Cause::Unreadable, message, hint: None }
}

pub(crate) fn unreadable(cursor: &Cursor) -> Gap {
    let cause = GapCause::Unreadable;
    Gap { generation: cursor.generation, path: cursor.path.clone(), from: cursor.end, to: None, cause }
}

pub(crate) fn stdin_reader(source: SourceId, options: &Options) -> std::io::Result<FileReader> {
    use std::os::fd::AsFd;
    let descriptor = std::io::stdin().as_fd().try_clone_to_owned()?;
    let generation = match options.addresses {
        Addresses::File => GenerationId(xxhash_rust::xxh3::xxh3_64_with_seed(b"stdin", options.instance)),
        Addresses::Content => of_content(0, b"stdin"),
    };
    let place = Place::start(Path::new(STDIN_NAME), source, generation);
    let sizes = super::Sizes { chunk: options.chunk_bytes.min(64 << 10), ..options.sizes() };
    Ok(FileReader::stream(descriptor, place, sizes))
}
