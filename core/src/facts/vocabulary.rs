//! All vocabulary files together, arranged by who speaks.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::file::{self, Entry, File};
use super::names::Names;
#[cfg(test)]
use super::scan::Hits;
use super::scan::{Scanner, beginning};
use super::sentences::Sentences;
use super::signs::Signs;
use super::template::Template;
use crate::event::Format;
use crate::event::number::{to_u32, to_usize};
use crate::yaml::Diagnostic;

/// All of `vocabulary/`, built into the binary: (file name, text).
pub const BUNDLED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/bundled_vocabulary.rs"));

/// Paths by which products are recognised, at most.
const PATH_LIMIT: usize = 256;

/// Of the text of an entry that holds whoever speaks, this many bytes are looked for: one that is found is tried as a whole.
const SOUGHT_LIMIT: usize = 16;

/// A set of paths that stand in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks([u64; PATH_LIMIT / 64]);

impl Marks {
    fn of(index: usize) -> Self {
        let mut marks = Self::default();
        if let Some(word) = marks.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
        marks
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }

    fn has(&self, all: &Self) -> bool {
        self.0.iter().zip(all.0).all(|(mine, wanted)| mine & wanted == wanted)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The paths that are there, by their numbers.
    fn indices(&self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(at, word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = to_usize(u64::from(rest.trailing_zeros()));
                rest &= rest.checked_sub(1)?;
                Some(at * 64 + bit)
            })
        })
    }
}

/// Files in the order in which they are asked: the user's own first.
#[derive(Debug)]
pub struct Vocabulary {
    files: Vec<File>,
    names: Names,
    sentences: Sentences,
    scanner: Scanner,
    /// Bits of [`Marks`] by the name of a path.
    paths: HashMap<String, usize>,
    /// Products that are recognised by their paths.
    structured: Vec<(Marks, usize)>,
    /// By the number of a path: those of `structured` that name no rarer one.
    by_rarest: HashMap<usize, Vec<usize>, RandomState>,
    programs: Speakers,
    loggers: Speakers,
    formats: Vec<(Format, usize)>,
    /// Asked last.
    last: Vec<usize>,
    /// Heads of lines that no format knows, with what stands in each: (signs, file, head).
    heads: Vec<(Signs, usize, usize)>,
    /// Entries that hold whoever speaks: (file, entry).
    anywhere: Vec<(usize, usize)>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Files by the name of a speaker, or by how it begins.
#[derive(Debug, Default)]
struct Speakers {
    named: HashMap<String, Vec<usize>, RandomState>,
    beginning: Vec<(String, usize)>,
}

impl Speakers {
    fn add(&mut self, name: &str, file: usize) {
        match name.strip_suffix('*') {
            Some(beginning) => self.beginning.push((beginning.to_owned(), file)),
            None => self.named.entry(name.to_owned()).or_default().push(file),
        }
    }

    /// Of nobody where the line names none.
    fn of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + 's {
        let all = (!name.is_empty()).then_some(self);
        all.into_iter().flat_map(move |all| all.of_name(name))
    }

    fn of_name<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + 's {
        let named = self.named.get(name).into_iter().flatten().copied();
        let beginning = self.beginning.iter().filter(|(beginning, _)| name.starts_with(beginning.as_str()));
        named.chain(beginning.map(|(_, file)| *file))
    }
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self::of(Vec::new(), Names::default(), Sentences::default())
    }
}

impl Vocabulary {
    /// The bundled vocabulary, read once in a process.
    #[must_use]
    pub fn bundled() -> Arc<Self> {
        static BUNDLED_ONCE: OnceLock<Arc<Vocabulary>> = OnceLock::new();
        Arc::clone(BUNDLED_ONCE.get_or_init(|| Arc::new(Self::with(&[]))))
    }

    /// The bundled vocabulary behind `own` files, given by name and text.
    #[must_use]
    pub fn with(own: &[(String, String)]) -> Self {
        let own = own.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        // What stands under `tests` is read by whoever runs them.
        let bundled = BUNDLED.iter().map(|(name, text)| (*name, without_tests(text)));
        Self::read(own.chain(bundled))
    }

    /// Reads files in the order in which they are to be asked. What is wrong costs its entry.
    pub fn read<'t>(files: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        let (mut read, mut diagnostics) = (Vec::new(), Vec::new());
        let (mut names, mut sentences) = (None, None);
        for (name, text) in files {
            match name.rsplit('/').next() {
                Some("names.yml") => names = names.or_else(|| Some(Names::read(name, text))),
                Some("sentences.yml") => sentences = sentences.or_else(|| Some(Sentences::read(name, text))),
                _ => {
                    let (file, mut wrong) = file::read(name, text);
                    read.extend(file);
                    diagnostics.append(&mut wrong);
                }
            }
        }
        let mut vocabulary = Self::of(read, names.unwrap_or_default(), sentences.unwrap_or_default());
        diagnostics.append(&mut vocabulary.names.diagnostics);
        diagnostics.append(&mut vocabulary.sentences.diagnostics);
        vocabulary.diagnostics = diagnostics;
        vocabulary
    }

    fn of(files: Vec<File>, names: Names, sentences: Sentences) -> Self {
        let mut vocabulary = Self {
            names,
            scanner: Scanner::new(&[], &[]),
            sentences,
            paths: HashMap::new(),
            structured: Vec::new(),
            by_rarest: HashMap::default(),
            programs: Speakers::default(),
            loggers: Speakers::default(),
            formats: Vec::new(),
            last: Vec::new(),
            heads: Vec::new(),
            anywhere: Vec::new(),
            diagnostics: Vec::new(),
            files: Vec::new(),
        };
        for (index, file) in files.iter().enumerate() {
            vocabulary.arrange(index, file);
        }
        vocabulary.files = files;
        vocabulary.order_structured();
        let literals = vocabulary.literals();
        vocabulary.scanner = Scanner::new(&literals, &vocabulary.sentences.patterns());
        vocabulary
    }

    fn arrange(&mut self, index: usize, file: &File) {
        if file.last {
            self.last.push(index);
        }
        for when in &file.when {
            if !when.paths.is_empty() && !file.last {
                let marks = self.marks(&when.paths);
                self.structured.push((marks, index));
            }
            when.programs.iter().for_each(|name| self.programs.add(name, index));
            when.loggers.iter().for_each(|name| self.loggers.add(name, index));
            self.formats.extend(when.formats.iter().map(|format| (*format, index)));
        }
        let heads = file.heads.iter().enumerate();
        self.heads.extend(heads.map(|(head, template)| (*template.signs(), index, head)));
        let anywhere = file.entries.iter().enumerate().filter(|(_, entry)| entry.anywhere);
        self.anywhere.extend(anywhere.map(|(entry, _)| (index, entry)));
    }

    /// Lines have many paths that many products name, and seldom one that tells a product.
    fn order_structured(&mut self) {
        let mut uses: HashMap<usize, usize> = HashMap::new();
        let named = self.structured.iter().flat_map(|(marks, _)| marks.indices());
        named.for_each(|path| *uses.entry(path).or_default() += 1);
        for (position, (marks, _)) in self.structured.iter().enumerate() {
            if let Some(rarest) = marks.indices().min_by_key(|path| uses.get(path).copied()) {
                self.by_rarest.entry(rarest).or_default().push(position);
            }
        }
    }

    /// The bits of paths; a path for which there is no room is never there.
    fn marks(&mut self, paths: &[String]) -> Marks {
        let mut all = Marks::default();
        for path in paths {
            let next = self.paths.len();
            let index = *self.paths.entry(path.clone()).or_insert(next);
            all.add(&Marks::of(index));
        }
        all
    }

    fn literals(&self) -> Vec<(u32, String)> {
        let entries = self.anywhere.iter().enumerate();
        let literals = entries.flat_map(|(number, (file, entry))| {
            let entry = self.entry(*file, *entry);
            let templates = entry.map(|entry| entry.say.as_slice()).unwrap_or_default();
            templates
                .iter()
                .map(move |template| (to_u32(number), beginning(template.literal(), SOUGHT_LIMIT).to_owned()))
        });
        literals.collect()
    }

    /// The mark that a path of this name is, if any.
    #[must_use]
    pub fn mark_of(&self, path: &str) -> Marks {
        self.paths.get(path).map(|index| Marks::of(*index)).unwrap_or_default()
    }

    pub(super) fn file(&self, index: usize) -> Option<&File> {
        self.files.get(index)
    }

    pub(super) fn entry(&self, file: usize, entry: usize) -> Option<&Entry> {
        self.files.get(file)?.entries.get(entry)
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub fn sentences(&self) -> &Sentences {
        &self.sentences
    }

    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// What is found in a message.
    #[cfg(test)]
    pub(crate) fn scan(&self, message: &str) -> Hits {
        let mut hits = Hits::default();
        self.scanner.read(message, &mut hits);
        hits
    }

    pub(super) fn last(&self) -> &[usize] {
        &self.last
    }

    /// Heads that may stand before a text with these signs: (file, template).
    pub(super) fn heads<'v>(&'v self, signs: &'v Signs) -> impl Iterator<Item = (usize, &'v Template)> {
        let possible = self.heads.iter().filter(|(wanted, ..)| signs.may_hold(wanted));
        possible.filter_map(|(_, file, head)| Some((*file, self.file(*file)?.heads.get(*head)?)))
    }

    /// The entry that a hit of the scanner stands for: (file, entry).
    pub(super) fn anywhere(&self, number: u32) -> Option<(usize, usize)> {
        self.anywhere.get(to_usize(number)).copied()
    }

    /// Products whose paths are all there.
    pub(super) fn structured(&self, marks: &Marks) -> impl Iterator<Item = usize> {
        let possible = marks.indices().filter_map(|path| self.by_rarest.get(&path)).flatten();
        let products = possible.filter_map(|position| Some((*position, self.structured.get(*position)?)));
        let there = products.filter(|(_, (wanted, _))| marks.has(wanted));
        let mut found: SmallVec<[(usize, usize); 4]> =
            there.map(|(position, (_, file))| (position, *file)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, file)| file)
    }

    pub(super) fn of_program<'v>(&'v self, name: &'v str) -> impl Iterator<Item = usize> + 'v {
        self.programs.of(name)
    }

    pub(super) fn of_logger<'v>(&'v self, name: &'v str) -> impl Iterator<Item = usize> + 'v {
        self.loggers.of(name)
    }

    pub(super) fn of_format(&self, format: Format) -> impl Iterator<Item = usize> + '_ {
        self.formats.iter().filter(move |(of, _)| *of == format).map(|(_, file)| *file)
    }
}

/// A bundled file up to its tests, which stand at its end.
fn without_tests(text: &str) -> &str {
    text.split_once("\ntests:").map_or(text, |(before, _)| before)
}
