//! Reads one file from a place on, and notices when it is no longer the file that was read.
//!
//! `read()` with an explicit offset, never a memory map: a log truncated under a map kills the
//! process. After each read the bytes before the last line are compared with those that were read
//! then (the fingerprint), so a file that was truncated and has grown past the old place is distinguished from
//! one that has only grown. Compared *after* reading, the test covers what was just read.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use memchr::{memchr_iter, memrchr};
use nix::unistd::{Gid, Group};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use xxhash_rust::xxh3::xxh3_64;

use super::encoding::{ByteOrder, Encoding, Growing, Utf16};
use super::identity::{Identity, successor};
use super::lines::{FINGERPRINT_BYTES, HEAD_BYTES, HoldBack, LineLimits, Splitter};
use super::{Symlinks, now};
use crate::event::number::{to_u32, to_u64, to_usize};
use crate::event::{Cadence, Cause, Chunk, Cursor, GenerationId, SourceId, shown};

/// Lines are counted when following starts at the end of a file of up to this size, in bytes.
const COUNT_LINES_UP_TO: u64 = 64 << 20;
/// Decompressed data is refused beyond this size (bytes) and this ratio to the compressed file.
const BOMB_BYTES: u64 = 1 << 30;
const BOMB_RATIO: u64 = 500;

/// Why a path cannot be read as a log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open `{}`: {source}", shown(path))]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is {kind}, not a regular file", shown(path))]
    NotRegular { path: PathBuf, kind: &'static str },
    #[error("`{}` is compressed with {tool}, which is not read", shown(path))]
    Compressed { path: PathBuf, tool: &'static str },
    #[error("`{}` is a symbolic link into another owner's files", shown(path))]
    ForeignLink { path: PathBuf },
}

impl OpenError {
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(crate) fn is_out_of_descriptors(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(Errno::from_io_error(source), Some(Errno::MFILE | Errno::NFILE)))
    }

    /// Which kind of trouble it is.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Cause::Denied,
            Self::Io { .. } if self.is_absent() => Cause::Missing,
            Self::Io { .. } if self.is_out_of_descriptors() => Cause::Descriptors,
            Self::Io { .. } | Self::Compressed { .. } => Cause::Unreadable,
            Self::NotRegular { .. } => Cause::NotAFile,
            Self::ForeignLink { .. } => Cause::ForeignLink,
        }
    }

    /// What the user can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Io { source, path } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some(permission_hint(path))
            }
            Self::Io { .. } if self.is_out_of_descriptors() => {
                Some("raise the limit of open files (`ulimit -n`)".to_owned())
            }
            Self::Compressed { path, tool } => {
                Some(format!("decompress it on the way: `{tool} -dc {} | soctop replay -`", shown(path)))
            }
            Self::Io { .. } | Self::NotRegular { .. } => None,
            Self::ForeignLink { .. } => {
                Some("name the link itself on the command line to follow it".to_owned())
            }
        }
    }
}

/// How to be allowed to read a file. A group that may is the way that lasts: whoever rotates a log makes another file.
fn permission_hint(path: &Path) -> String {
    let readable = std::fs::metadata(path).ok().filter(|file| file.mode() & 0o040 != 0 && file.gid() != 0);
    let group = readable.and_then(|file| Group::from_gid(Gid::from_raw(file.gid())).ok()?);
    match group {
        Some(group) => format!(
            "the group `{0}` may read it: `sudo usermod -aG {0} $USER`, then log in again and restart soctop",
            group.name
        ),
        None => format!(
            "allow this user to read it, for example `setfacl -m u:$USER:r {}`; it is tried again every few seconds",
            shown(path)
        ),
    }
}

/// Opens a regular file for reading without ever waiting (a FIFO would block an ordinary open).
pub(crate) fn open_regular(path: &Path, symlinks: Symlinks) -> Result<(File, Metadata), OpenError> {
    let fail = |source: io::Error| OpenError::Io { path: path.to_owned(), source };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let refuse_links = if symlinks == Symlinks::Never { OFlags::NOFOLLOW } else { OFlags::empty() };
    let file = match openat(CWD, path, flags | refuse_links, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::LOOP) if symlinks == Symlinks::Never => {
            return Err(OpenError::ForeignLink { path: path.to_owned() });
        }
        // What open gives for a socket.
        Err(Errno::NXIO) => return Err(OpenError::NotRegular { path: path.to_owned(), kind: "a socket" }),
        Err(errno) => return Err(fail(errno.into())),
    };
    let metadata = file.metadata().map_err(fail)?;
    if !metadata.is_file() {
        return Err(OpenError::NotRegular { path: path.to_owned(), kind: kind_of(&metadata) });
    }
    if symlinks == Symlinks::SameOwner {
        let link = path.symlink_metadata().map_err(fail)?;
        if link.is_symlink() && !may_lead(link.uid(), metadata.uid()) {
            return Err(OpenError::ForeignLink { path: path.to_owned() });
        }
    }
    Ok((file, metadata))
}

/// Whether a link of this owner may lead to a file of that one: links of root and our own may, others only
/// where they could read themselves.
pub(crate) fn may_lead(link: u32, target: u32) -> bool {
    link == 0 || link == target || link == rustix::process::geteuid().as_raw()
}

fn kind_of(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () if kind.is_block_device() || kind.is_char_device() => "a device",
        () => "something special",
    }
}

/// Size and time of the last change; equal stamps mean that nothing happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), changed: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

/// What one attempt to read gave.
#[expect(clippy::large_enum_variant, reason = "one at a time, handed on at once")]
pub(crate) enum Step {
    Lines(Chunk),
    /// Bytes, but no complete line yet.
    More,
    /// Nothing more for now.
    End,
    /// The file is shorter than what was read of it.
    Truncated,
    /// The bytes before the cursor are others than those that were read.
    Rewritten,
}

/// One generation of one file, and how far it has been read.
pub(crate) struct FileReader {
    content: Content,
    splitter: Splitter,
    limits: LineLimits,
    waiting: HoldBack,
    chunk_bytes: usize,
    /// Size when last looked at, in bytes.
    seen_size: u64,
    /// What has ended the reading of a compressed file, once what was unpacked before it is given.
    failure: Option<io::Error>,
    /// Where the file itself is, as far as is known.
    pub(crate) path: PathBuf,
    /// Where an input names it, or named it before it was renamed.
    pub(crate) origin: PathBuf,
    pub(crate) source: SourceId,
    pub(crate) identity: Identity,
    pub(crate) generation: GenerationId,
}

enum Content {
    Plain(File),
    Gzip {
        decoder: Box<dyn Read + Send>,
        compressed_bytes: u64,
    },
    /// UTF-16 that is still being written; offsets are those of the text.
    Wide(Box<Utf16<Growing>>),
    /// Standard input: comes once, ends once. To be read when something is there to read.
    Stream(OwnedFd),
}

/// Where a reader begins.
pub(crate) struct Place {
    /// Where the file is.
    pub(crate) path: PathBuf,
    /// Where an input names it, or named it before it was renamed.
    pub(crate) origin: PathBuf,
    pub(crate) source: SourceId,
    pub(crate) generation: GenerationId,
    /// Just after a line.
    pub(crate) end: u64,
    /// Lines before `end`.
    pub(crate) lines: u64,
}

impl Place {
    /// The start of a file that is where its input names it.
    pub(crate) fn start(path: &Path, source: SourceId, generation: GenerationId) -> Self {
        Self { path: path.to_owned(), origin: path.to_owned(), source, generation, end: 0, lines: 0 }
    }

    /// Where an earlier reader of the same generation stood.
    pub(crate) fn resume(&mut self, cursor: &Cursor) {
        self.origin.clone_from(&cursor.path);
        (self.generation, self.end, self.lines) = (cursor.generation, cursor.end, cursor.lines);
    }
}

/// The sizes a reader works with, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) limits: LineLimits,
    pub(crate) chunk: usize,
    /// Which lines wait for others.
    pub(crate) waiting: HoldBack,
}

impl FileReader {
    pub(crate) fn plain(file: File, identity: Identity, place: Place, sizes: Sizes) -> io::Result<Self> {
        if let Encoding::Utf16(order) = Encoding::of(&file)? {
            return Self::wide(file, order, identity, place, sizes);
        }
        let head = read_before(&file, place.end.min(to_u64(HEAD_BYTES)), HEAD_BYTES)?;
        let fingerprint = read_before(&file, place.end, FINGERPRINT_BYTES)?;
        let splitter = Splitter::new(sizes.limits, place.end, place.lines, head, fingerprint);
        let size = file.metadata()?.len();
        let reader = Self::with(Content::Plain(file), splitter, identity, place, sizes);
        Ok(Self { seen_size: size, ..reader })
    }

    fn wide(
        file: File,
        order: ByteOrder,
        identity: Identity,
        place: Place,
        sizes: Sizes,
    ) -> io::Result<Self> {
        let mut text = Utf16::growing(file, order);
        let (head, fingerprint) = skip(&mut text, place.end)?;
        let splitter = Splitter::new(sizes.limits, place.end, place.lines, head, fingerprint);
        Ok(Self::with(Content::Wide(Box::new(text)), splitter, identity, place, sizes))
    }

    /// A compressed file, or one in another encoding; offsets are those of the text in it. `place.end` bytes are
    /// read and skipped.
    pub(crate) fn decoded(file: File, identity: Identity, place: Place, sizes: Sizes) -> io::Result<Self> {
        let compressed_bytes = file.metadata()?.len();
        let mut decoder = unpacked(file)?;
        let (head, fingerprint) = skip(&mut decoder, place.end)?;
        let splitter = Splitter::new(sizes.limits, place.end, place.lines, head, fingerprint);
        Ok(Self::with(Content::Gzip { decoder, compressed_bytes }, splitter, identity, place, sizes))
    }

    /// Standard input, or anything else that is read once from beginning to end.
    pub(crate) fn stream(descriptor: OwnedFd, place: Place, sizes: Sizes) -> Self {
        let splitter = Splitter::new(sizes.limits, 0, 0, Vec::new(), Vec::new());
        let identity = Identity { device: 0, inode: 0, birth: None };
        Self::with(Content::Stream(descriptor), splitter, identity, place, sizes)
    }

    fn with(content: Content, splitter: Splitter, identity: Identity, place: Place, sizes: Sizes) -> Self {
        let Place { path, origin, source, generation, .. } = place;
        let Sizes { limits, chunk, waiting } = sizes;
        Self {
            content,
            splitter: splitter.holding_back(waiting),
            limits,
            waiting,
            chunk_bytes: chunk.max(1),
            seen_size: 0,
            failure: None,
            path,
            origin,
            source,
            identity,
            generation,
        }
    }

    /// Reads once, at most one chunk.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        if self.splitter.has_unseen()
            && let Some(chunk) = self.splitter.split()
        {
            return Ok(Step::Lines(self.address(chunk)));
        }
        match &mut self.content {
            Content::Plain(_) => self.step_plain(),
            Content::Wide(_) => self.step_wide(),
            Content::Gzip { decoder, compressed_bytes } => {
                let limit = BOMB_BYTES.max(compressed_bytes.saturating_mul(BOMB_RATIO));
                if self.splitter.position() > limit {
                    return Err(io::Error::other("expands to far more than it should; not read any further"));
                }
                if let Some(error) = self.failure.take() {
                    return Err(error);
                }
                let want = to_u64(self.chunk_bytes);
                let buffer = self.splitter.room(self.chunk_bytes);
                let held = buffer.len();
                let read = decoder.by_ref().take(want).read_to_end(buffer);
                let nothing = buffer.len() == held;
                // What was unpacked before it went wrong is read; the next step says that it did.
                self.failure = read.err();
                match self.failure.take_if(|_| nothing) {
                    Some(error) => Err(error),
                    None if nothing => Ok(Step::End),
                    None => Ok(self.split()),
                }
            }
            Content::Stream(descriptor) => {
                let buffer = self.splitter.room(self.chunk_bytes);
                let count = loop {
                    match rustix::io::read(&*descriptor, rustix::buffer::spare_capacity(buffer)) {
                        Err(Errno::INTR) => {}
                        result => break result?,
                    }
                };
                if count == 0 { Ok(Step::End) } else { Ok(self.split()) }
            }
        }
    }

    /// What to wait for before reading a stream.
    pub(crate) fn stream_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.content {
            Content::Stream(descriptor) => Some(descriptor.as_fd()),
            Content::Plain(_) | Content::Wide(_) | Content::Gzip { .. } => None,
        }
    }

    fn step_plain(&mut self) -> io::Result<Step> {
        let Content::Plain(file) = &self.content else { return Ok(Step::End) };
        let position = self.splitter.position();
        self.seen_size = file.metadata()?.len();
        let available = self.seen_size.saturating_sub(position);
        if available == 0 {
            return self.at_end();
        }
        let want = usize::try_from(available).unwrap_or(usize::MAX).min(self.chunk_bytes);
        let buffer = self.splitter.room(want);
        let count = loop {
            match rustix::io::pread(file, rustix::buffer::spare_capacity(buffer), position) {
                Err(Errno::INTR) => {}
                result => break result?,
            }
        };
        if count == 0 {
            return self.at_end();
        }
        if position == 0 && self.becomes_wide()? {
            return Ok(Step::More);
        }
        if !self.fingerprint_matches()? {
            self.splitter.withdraw_unseen();
            return Ok(self.last_of_it(Step::Rewritten));
        }
        if !self.partial_holds()? {
            self.splitter.withdraw_unseen();
            return Ok(self.without_the_partial(Step::More));
        }
        Ok(self.split())
    }

    /// The file was empty when it was opened, and its first bytes say that it is UTF-16.
    fn becomes_wide(&mut self) -> io::Result<bool> {
        let Content::Plain(file) = &self.content else { return Ok(false) };
        let Encoding::Utf16(order) = Encoding::of(file)? else { return Ok(false) };
        self.splitter.rewind();
        self.content = Content::Wide(Box::new(Utf16::growing(file.try_clone()?, order)));
        Ok(true)
    }

    fn step_wide(&mut self) -> io::Result<Step> {
        let Content::Wide(text) = &mut self.content else { return Ok(Step::End) };
        let raw = text.raw();
        self.seen_size = raw.file.metadata()?.len();
        if self.seen_size < raw.at {
            return Ok(self.last_of_it(Step::Truncated));
        }
        let want = to_u64(self.chunk_bytes);
        let count = text.by_ref().take(want).read_to_end(self.splitter.room(self.chunk_bytes))?;
        if count == 0 { Ok(Step::End) } else { Ok(self.split()) }
    }

    /// The lines that wait, if there are any: they were read, whatever became of the file. Else what became of it.
    fn last_of_it(&mut self, fate: Step) -> Step {
        self.splitter.release();
        if self.splitter.holds_lines() { self.split() } else { fate }
    }

    /// The same, where only what was not given yet is no longer there.
    fn without_the_partial(&mut self, fate: Step) -> Step {
        if self.splitter.holds_lines() {
            return self.last_of_it(fate);
        }
        self.splitter.rewind();
        fate
    }

    /// Looks again at what was read although the file did not grow; to be called when its time
    /// stamp says that something was written.
    pub(crate) fn step_again(&mut self) -> io::Result<Step> {
        if !self.fingerprint_matches()? {
            return Ok(self.last_of_it(Step::Rewritten));
        }
        if self.splitter.is_at_line_end() || self.partial_holds()? {
            return Ok(Step::End);
        }
        Ok(self.without_the_partial(Step::More))
    }

    fn split(&mut self) -> Step {
        match self.splitter.split() {
            Some(chunk) => Step::Lines(self.address(chunk)),
            None => Step::More,
        }
    }

    /// There is nothing after what was read: is everything that was read still there?
    fn at_end(&mut self) -> io::Result<Step> {
        let size = self.size()?;
        if size >= self.splitter.position() {
            return Ok(Step::End);
        }
        if size < self.splitter.end() {
            return Ok(self.last_of_it(Step::Truncated));
        }
        if !self.fingerprint_matches()? {
            return Ok(self.last_of_it(Step::Rewritten));
        }
        // Only the incomplete line was taken back or shortened.
        let fate = if size > self.splitter.end() { Step::More } else { Step::End };
        Ok(self.without_the_partial(fate))
    }

    /// True while the bytes before the cursor are those that were read.
    pub(crate) fn fingerprint_matches(&self) -> io::Result<bool> {
        let Content::Plain(file) = &self.content else { return Ok(true) };
        let fingerprint = self.splitter.fingerprint();
        Ok(read_before(file, self.splitter.end(), fingerprint.len())? == fingerprint)
    }

    /// True while the incomplete line is what was read of it.
    fn partial_holds(&self) -> io::Result<bool> {
        let Content::Plain(file) = &self.content else { return Ok(true) };
        let (end, partial) = self.splitter.partial_fingerprint();
        Ok(partial.is_empty() || read_before(file, end, partial.len())? == partial)
    }

    /// What is left, the incomplete line at the end too, when the generation will not grow any more.
    pub(crate) fn finish(&mut self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        while let Some(chunk) = self.splitter.split_last() {
            chunks.push(self.address(chunk));
        }
        chunks
    }

    /// Whether complete lines wait for what may belong to them.
    pub(crate) fn holds_lines(&self) -> bool {
        self.splitter.holds_lines()
    }

    /// They have waited long enough: they are given by the next [`FileReader::step`].
    pub(crate) fn release(&mut self) {
        self.splitter.release();
    }

    /// Ends this generation and begins its successor at the start of the same file.
    pub(crate) fn restart(&mut self) -> GenerationId {
        self.generation =
            successor(self.generation, self.splitter.end(), xxh3_64(self.splitter.fingerprint()));
        let splitter = Splitter::new(self.limits, 0, 0, Vec::new(), Vec::new());
        self.splitter = splitter.holding_back(self.waiting);
        // What is written to it from now on may be in another encoding.
        if let Content::Wide(text) = &self.content
            && let Ok(file) = text.raw().file.try_clone()
        {
            self.content = Content::Plain(file);
        }
        self.generation
    }

    /// Size on disk now, in bytes; of compressed files, what has been read.
    pub(crate) fn size(&self) -> io::Result<u64> {
        match &self.content {
            Content::Plain(file) => Ok(file.metadata()?.len()),
            Content::Wide(text) => {
                let (size, read) = (text.raw().file.metadata()?.len(), text.raw().at);
                let held = self.splitter.position() + to_u64(text.waiting());
                Ok(size.checked_sub(read).map_or(size, |unread| held + unread))
            }
            Content::Gzip { .. } | Content::Stream(_) => Ok(self.splitter.position()),
        }
    }

    /// The open file once more, for another look at it.
    pub(crate) fn again(&self) -> Option<File> {
        match &self.content {
            Content::Plain(file) => file.try_clone().ok(),
            _ => None,
        }
    }

    /// True when no name leads to the file any more.
    pub(crate) fn is_deleted(&self) -> bool {
        self.metadata().is_some_and(|metadata| metadata.nlink() == 0)
    }

    /// Of a file that may grow.
    fn metadata(&self) -> Option<Metadata> {
        match &self.content {
            Content::Plain(file) => file.metadata().ok(),
            Content::Wide(text) => text.raw().file.metadata().ok(),
            _ => None,
        }
    }

    /// When the content last changed, in nanoseconds since 1970, and the size in bytes.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.metadata().map(|metadata| Stamp::of(&metadata))
    }

    /// True when what stands before `end` is what the cursor says was read.
    pub(crate) fn fits(&self, cursor: &Cursor) -> bool {
        let (head, fingerprint) = (self.splitter.head(), self.splitter.fingerprint());
        let tail = fingerprint.len().checked_sub(to_usize(cursor.fingerprint_len));
        let is = |bytes: Option<&[u8]>, hash| bytes.is_some_and(|bytes| xxh3_64(bytes) == hash);
        self.splitter.end() == cursor.end
            && is(head.get(..to_usize(cursor.head_len)), cursor.head_hash)
            && is(tail.and_then(|tail| fingerprint.get(tail..)), cursor.fingerprint_hash)
    }

    /// Bytes after the last complete line that are held or were passed over.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.splitter.position() - self.splitter.end()
    }

    /// True when `other` holds nothing but a beginning of this file.
    pub(crate) fn begins_like(&self, other: &File) -> io::Result<bool> {
        let Content::Plain(file) = &self.content else { return Ok(false) };
        let size = other.metadata()?.len();
        if size > file.metadata()?.len() {
            return Ok(false);
        }
        let head = size.min(to_u64(HEAD_BYTES));
        Ok(read_before(file, head, HEAD_BYTES)? == read_before(other, head, HEAD_BYTES)?
            && read_before(file, size, FINGERPRINT_BYTES)? == read_before(other, size, FINGERPRINT_BYTES)?)
    }

    /// Where the last complete line ended.
    pub(crate) fn end(&self) -> u64 {
        self.splitter.end()
    }

    pub(crate) fn cursor(&self, finished: bool) -> Cursor {
        Cursor {
            generation: self.generation,
            path: self.origin.clone(),
            seen_at: (self.path != self.origin).then(|| self.path.clone()),
            device: self.identity.device,
            inode: self.identity.inode,
            birth: self.identity.birth,
            end: self.splitter.end(),
            lines: self.splitter.lines(),
            head_len: to_u32(self.splitter.head().len()),
            head_hash: xxh3_64(self.splitter.head()),
            fingerprint_len: to_u32(self.splitter.fingerprint().len()),
            fingerprint_hash: xxh3_64(self.splitter.fingerprint()),
            size: self.seen_size.max(self.splitter.end()),
            finished,
            cadence: Cadence::default(),
        }
    }

    /// A chunk without lines, for its cursor.
    pub(crate) fn standing(&self) -> Chunk {
        self.address(Chunk { first_line: self.splitter.lines() + 1, ..Chunk::default() })
    }

    fn address(&self, mut chunk: Chunk) -> Chunk {
        // A stream is read with room to spare; a chunk may wait long in a queue.
        if chunk.bytes.capacity() > 4 * chunk.bytes.len() {
            chunk.bytes.shrink_to_fit();
        }
        chunk.source = self.source;
        chunk.generation = self.generation;
        chunk.cursor = self.cursor(false);
        chunk.read_at = now();
        chunk
    }
}

/// Memory that decoding of xz may take; its strongest usual setting asks for half of it.
const XZ_MEMORY_KIB: u32 = 128 << 10;

/// The text of a compressed file, or of one in another encoding.
fn unpacked(file: File) -> io::Result<Box<dyn Read + Send>> {
    Ok(match Encoding::of(&file)? {
        Encoding::Utf16(order) => Box::new(Utf16::new(file, order)),
        Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
        Encoding::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(file, true, XZ_MEMORY_KIB)),
        Encoding::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(file)),
        Encoding::Gzip | Encoding::Plain | Encoding::Compressed(_) => Box::new(MultiGzDecoder::new(file)),
    })
}

/// Whether a compressed file holds not a byte.
pub(crate) fn is_empty_inside(file: File) -> bool {
    unpacked(file).and_then(|mut text| text.read(&mut [0])).is_ok_and(|count| count == 0)
}

/// The last `length` bytes before `end`; fewer when the file is shorter.
fn read_before(file: &File, end: u64, length: usize) -> io::Result<Vec<u8>> {
    let length = to_usize(to_u64(length).min(end));
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], end - to_u64(length - filled)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The first bytes of a file, at most 1 KiB.
pub(crate) fn read_head(file: &File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len().min(to_u64(HEAD_BYTES));
    read_before(file, length, HEAD_BYTES)
}

/// The hash of the first bytes of a file that has as many as are remembered.
pub(crate) fn hash_of_head(file: &File) -> io::Result<Option<u64>> {
    let head = read_head(file)?;
    Ok((head.len() == HEAD_BYTES).then(|| xxh3_64(&head)))
}

/// How the text in a compressed file begins.
pub(crate) struct Head(Vec<u8>);

impl Head {
    /// Nothing, when the file cannot be read.
    pub(crate) fn new(path: &Path) -> Self {
        let mut head = Vec::new();
        if let Ok((file, _)) = open_regular(path, Symlinks::SameOwner) {
            let read = unpacked(file).and_then(|text| text.take(to_u64(HEAD_BYTES)).read_to_end(&mut head));
            read.unwrap_or_default();
        }
        Self(head)
    }

    /// True when it begins like the file of the cursor.
    pub(crate) fn fits(&self, cursor: &Cursor) -> bool {
        self.0.get(..to_usize(cursor.head_len)).is_some_and(|head| xxh3_64(head) == cursor.head_hash)
    }
}

/// True when a cursor remembers as many first bytes as can be.
pub(crate) fn is_whole_head(cursor: &Cursor) -> bool {
    to_usize(cursor.head_len) == HEAD_BYTES
}

/// True when the file still holds, before `cursor.end`, what was read there.
pub(crate) fn continues(file: &File, cursor: &Cursor) -> io::Result<bool> {
    if file.metadata()?.len() < cursor.end {
        return Ok(false);
    }
    let head = read_before(file, u64::from(cursor.head_len), to_usize(cursor.head_len))?;
    let fingerprint = read_before(file, cursor.end, to_usize(cursor.fingerprint_len))?;
    Ok(xxh3_64(&head) == cursor.head_hash && xxh3_64(&fingerprint) == cursor.fingerprint_hash)
}

/// Where the last complete line of a file ends, and how many lines there are before it (0 for big
/// files, whose lines are then numbered from there). With no newline near the end, the very end.
pub(crate) fn last_line_end(file: &File, limits: LineLimits) -> io::Result<(u64, u64)> {
    if let Encoding::Utf16(order) = Encoding::of(file)? {
        return last_wide_line_end(&mut Utf16::growing(file.try_clone()?, order));
    }
    let size = file.metadata()?.len();
    let tail = read_before(file, size, limits.line)?;
    let start = size - to_u64(tail.len());
    let end = match memrchr(b'\n', &tail) {
        Some(newline) => start + to_u64(newline) + 1,
        None if start == 0 => 0,
        None => size,
    };
    let lines = if end <= COUNT_LINES_UP_TO { count_lines(file, end)? } else { 0 };
    Ok((end, lines))
}

/// The same for UTF-16, whose offsets are those of its text: all of it is read.
fn last_wide_line_end(text: &mut impl Read) -> io::Result<(u64, u64)> {
    let mut buffer = vec![0; 64 << 10];
    let (mut read, mut end, mut lines) = (0, 0, 0);
    loop {
        let count = text.read(&mut buffer)?;
        let piece = &buffer[..count];
        lines += to_u64(memchr_iter(b'\n', piece).count());
        end = memrchr(b'\n', piece).map_or(end, |at| read + to_u64(at) + 1);
        read += to_u64(count);
        if count == 0 {
            return Ok((end, lines));
        }
    }
}

fn count_lines(file: &File, end: u64) -> io::Result<u64> {
    let mut buffer = vec![0; (256 << 10).min(end as usize)];
    let (mut offset, mut lines) = (0, 0);
    while offset < end {
        let want = buffer.len().min(to_usize(end - offset));
        let count = file.read_at(&mut buffer[..want], offset)?;
        if count == 0 {
            break;
        }
        lines += to_u64(memchr_iter(b'\n', &buffer[..count]).count());
        offset += to_u64(count);
    }
    Ok(lines)
}

/// Reads past `length` bytes; returns the first and the last of them.
fn skip(reader: &mut impl Read, length: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    let mut last = Vec::new();
    let mut left = length;
    while left > 0 {
        let keep = last.len().min(FINGERPRINT_BYTES);
        last.drain(..last.len() - keep);
        let count = reader.by_ref().take(left.min(64 << 10)).read_to_end(&mut last)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head.len() < HEAD_BYTES {
            let fresh = &last[last.len() - count..];
            head.extend_from_slice(&fresh[..fresh.len().min(HEAD_BYTES - head.len())]);
        }
        left -= to_u64(count);
    }
    last.drain(..last.len().saturating_sub(FINGERPRINT_BYTES));
    Ok((head, last))
}
