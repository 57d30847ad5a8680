//! What lies in a data directory, part by part, and whether it is what was written. Reads every byte when it is
//! asked to; changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::archive::{LINES, LineFile};
use super::directory::{Directory, POSITION, disk_bytes};
use super::error::Error;
use super::filter;
use super::guard::guarded;
use super::part::Part;
use super::partition;
use super::payload::Payload;
use super::places::PLACES;
use super::view::Counts;

/// What was found in a data directory.
#[derive(Debug)]
pub struct Examination {
    /// Oldest first.
    pub partitions: Vec<Examined>,
    /// The newest commit, or the copy of its position where the index cannot be read.
    pub payload: Option<Payload>,
    /// The process that writes, if there is one.
    pub writer: Option<u32>,
    /// Bytes beside the partitions: the state of detection, cursors, what was put aside.
    pub other_bytes: u64,
}

/// One partition.
#[derive(Debug)]
pub struct Examined {
    pub path: PathBuf,
    /// `None` where it cannot be opened.
    pub counts: Option<Counts>,
    /// The least and the greatest event time, nanoseconds.
    pub times: Option<(i64, i64)>,
    pub is_sealed: bool,
    pub sizes: PartSizes,
    /// What is not as it was written, in words.
    pub damage: Vec<String>,
    /// What only makes answers slower, in words.
    pub slower: Vec<String>,
}

/// Bytes by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartSizes {
    /// The lines themselves.
    pub lines: u64,
    /// The dictionary of terms.
    pub terms: u64,
    /// Which events have a term, and where in their texts.
    pub postings: u64,
    /// Times, numbers and levels of all events.
    pub columns: u64,
    pub other: u64,
}

impl PartSizes {
    fn of(partition: &Path) -> Self {
        let mut sizes = Self::default();
        for entry in fs::read_dir(partition).into_iter().flatten().flatten() {
            let bytes = entry.metadata().map_or(0, |file| file.len());
            let path = entry.path();
            let part = match path.extension().and_then(|it| it.to_str()) {
                _ if path.file_name().is_some_and(|name| name == LINES || name == PLACES) => &mut sizes.lines,
                Some("term") => &mut sizes.terms,
                Some("idx" | "pos") => &mut sizes.postings,
                Some("fast" | "fieldnorm") => &mut sizes.columns,
                _ => &mut sizes.other,
            };
            *part += bytes;
        }
        sizes
    }

    #[must_use]
    pub fn all(&self) -> u64 {
        self.lines + self.terms + self.postings + self.columns + self.other
    }

    /// The sum with those of another partition.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            terms: self.terms + other.terms,
            postings: self.postings + other.postings,
            columns: self.columns + other.columns,
            other: self.other + other.other,
        }
    }
}

/// Looks at everything in the store in `path`; with `thorough` it compares every byte with its checksums. Another
/// process may be writing.
///
/// # Errors
/// [`Error::NotAStore`], [`Error::Format`], or when the folder cannot be read. Damage is no error.
pub fn examine(path: &Path, thorough: bool) -> Result<Examination, Error> {
    let directory = Directory::existing(path)?;
    directory.marker()?;
    let found = partition::list_begun(&directory.partitions())?;
    let mut partitions: Vec<Examined> = Vec::with_capacity(found.len());
    let mut payload = None;
    for (at, folder) in found.iter().enumerate() {
        let (examined, position) = partition_at(folder, at + 1 < found.len(), thorough);
        partitions.push(examined);
        payload = position;
    }
    let copy = || Payload::parse(std::str::from_utf8(&directory.read(POSITION).ok()?).ok()).ok();
    let mut payload = payload.or_else(copy);
    if let Some(payload) = &mut payload {
        // Without them, for a commit that has come since has others, all else can be told.
        payload.read_cursors(&directory).unwrap_or_default();
    }
    let inside: u64 = partitions.iter().map(|it| it.sizes.all()).sum();
    let other_bytes = disk_bytes(path).saturating_sub(inside);
    Ok(Examination { partitions, payload, writer: directory.holder(), other_bytes })
}

fn partition_at(folder: &Path, is_sealed: bool, thorough: bool) -> (Examined, Option<Payload>) {
    let mut examined = Examined {
        path: folder.to_owned(),
        counts: None,
        times: None,
        is_sealed,
        sizes: PartSizes::of(folder),
        damage: Vec::new(),
        slower: Vec::new(),
    };
    let opened = guarded(|| {
        let (part, payload) = Part::open(folder)?;
        let view = part.view()?;
        let counts = view.as_ref().map(|view| view.counts()).transpose()?;
        Ok((part, payload, counts, view.and_then(|view| view.times())))
    });
    match opened {
        Err(error) => {
            examined.damage.push(error.to_string());
            (examined, None)
        }
        Ok((part, payload, counts, times)) => {
            (examined.counts, examined.times) = (counts, times);
            if thorough {
                examine_bytes(&part, payload.archive.documents, &mut examined);
            }
            (examined, Some(payload))
        }
    }
}

/// Compares every byte with what was written.
fn examine_bytes(part: &Part, documents: u64, examined: &mut Examined) {
    let damage = &mut examined.damage;
    match part.damaged_files() {
        Ok(files) => damage.extend(files.iter().filter_map(|file| file.file_name()).map(|name| {
            format!("`{}` is not what was written: searches may miss events", name.to_string_lossy())
        })),
        Err(error) => damage.push(error.to_string()),
    }
    match LineFile::of(&part.path).check(documents) {
        Ok(checked) => {
            if checked.damaged + checked.missing > 0 {
                let (damaged, missing) = (checked.damaged, checked.missing);
                damage.push(format!(
                    "`{LINES}`: {damaged} events are not what was written, {missing} are missing"
                ));
            }
            if checked.misplaced {
                let slower = format!("`{PLACES}` does not match the lines: each takes longer to find");
                examined.slower.push(slower);
            }
        }
        Err(error) => damage.push(error.to_string()),
    }
    if filter::is_whole(&part.path) == Some(false) {
        examined.slower.push(format!("`{}` is damaged: traces find nothing here", filter::IDS));
    }
}
