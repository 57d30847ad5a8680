//! Rule files: the bundled ones and those of `--rules`; read once, or again and again while they change.
//!
//! Who edits rules under a running engine makes mistakes, and editors leave files half written. Therefore
//! a rule that is broken by an edit keeps running in its last good text until the file is right
//! again, and what cannot be read at all changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::follow::{ConfigStamp, Followed, Look};
use super::read::read_file;
use super::settings::{Config, Environment, Flags, RuleConfig};
use crate::correlate::Correlator;
use crate::event::number::to_u64;
use crate::sigma::rule::Position;
use crate::sigma::{Diagnostic, Document, LoadOptions, Placeholders, RuleSet, assemble, parse_documents};

/// All of `queries/`, built into the binary: (file name, text).
const BUNDLED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/bundled_queries.rs"));

/// The place of the bundled rules among the paths: behind all others.
const BUNDLED_PLACE: usize = usize::MAX;

/// The bundled rules: (`authentication/login_failed.yml`, text).
pub fn bundled_rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUNDLED.iter().map(|(name, text)| (name.strip_prefix("queries/").unwrap_or(name), *text))
}

/// What loading rules gave: those that work, and everything that is wrong with the others.
pub struct LoadedRules {
    pub rules: RuleSet,
    pub diagnostics: Vec<Diagnostic>,
    pub files: usize,
    /// Changes with the text of any rule or filter and with the values of lists.
    pub fingerprint: String,
}

/// A rule file or folder that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read rules from `{path}`")]
pub struct RuleError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// Loads the rules that are configured. A broken rule is a diagnostic and stops no other.
///
/// # Errors
/// When a path does not exist or cannot be read.
pub fn configured_rules(config: &Config) -> Result<LoadedRules, RuleError> {
    Ok(RuleFiles::open(config)?.1)
}

/// Loads the rules under `paths` alone, or the bundled ones when `paths` is empty; `lists` are what `expand` fills
/// in. A broken rule is a diagnostic and stops no other.
///
/// # Errors
/// When a path does not exist or cannot be read.
pub fn load_rules(paths: &[PathBuf], lists: Placeholders) -> Result<LoadedRules, RuleError> {
    Ok(RuleFiles::read(paths.to_vec(), paths.is_empty(), lists)?.1)
}

/// Loads rules from texts, each with a name for messages. A broken rule is a diagnostic and stops no other.
#[must_use]
pub fn rules_of_texts<'t>(
    texts: impl Iterator<Item = (String, &'t str)>,
    lists: Placeholders,
) -> LoadedRules {
    let mut files = RuleFiles {
        paths: Vec::new(),
        bundled: false,
        lists,
        followed: None,
        files: BTreeMap::new(),
        troubles: Vec::new(),
    };
    for (place, (name, text)) in texts.enumerate() {
        files.files.entry((place, PathBuf::from(&name))).or_default().parse(&name, text);
    }
    files.settle()
}

/// Rule files as they were last read.
pub struct RuleFiles {
    paths: Vec<PathBuf>,
    /// The bundled rules run, too.
    bundled: bool,
    lists: Placeholders,
    /// Where paths and lists come from, if they may change.
    followed: Option<Followed>,
    files: BTreeMap<Key, RuleFile>,
    /// What is wrong with paths and the configuration, and not with a rule.
    troubles: Vec<Trouble>,
}

#[derive(Clone, Debug, PartialEq)]
struct Trouble {
    diagnostic: Diagnostic,
    /// With the configuration, and not with a path.
    of_settings: bool,
}

/// Position of a path in `paths`, and a file: the order of rules never depends on the disk.
type Key = (usize, PathBuf);

#[derive(Default)]
struct RuleFile {
    stamp: Option<ConfigStamp>,
    text_hash: Option<blake3::Hash>,
    /// What the text says.
    documents: Vec<Arc<Document>>,
    diagnostics: Vec<Diagnostic>,
    /// What runs: the documents, and in place of broken ones those of an earlier text.
    running: Vec<Arc<Document>>,
}

impl RuleFiles {
    /// Reads the rules that are configured.
    ///
    /// # Errors
    /// When a path does not exist or cannot be read.
    pub fn open(config: &Config) -> Result<(Self, LoadedRules), RuleError> {
        let RuleConfig { paths, bundled, .. } = &config.rules;
        Self::read(paths.value.clone(), bundled.value, config.lists.placeholders())
    }

    /// The same files, with paths and lists as the configuration has them from time to time: what `config`
    /// was resolved from is asked again.
    #[must_use]
    pub fn following(self, flags: Flags, environment: Environment, config: &Config) -> Self {
        Self { followed: Some(Followed::new(flags, environment, config)), ..self }
    }

    fn read(
        paths: Vec<PathBuf>,
        bundled: bool,
        lists: Placeholders,
    ) -> Result<(Self, LoadedRules), RuleError> {
        let mut files =
            Self { paths, bundled, lists, followed: None, files: BTreeMap::new(), troubles: Vec::new() };
        files.take_bundled();
        for place in 0..files.paths.len() {
            files.read_first(place)?;
        }
        let loaded = files.settle();
        Ok((files, loaded))
    }

    /// A file that was named must be readable; one that lies in a folder stops no other.
    fn read_first(&mut self, place: usize) -> Result<(), RuleError> {
        let paths = rule_files(&self.paths[place])?;
        let read = side_by_side(&paths, |path| {
            let mut file = RuleFile::default();
            let outcome = file.read_again(path, Look::Closely);
            (file, outcome)
        });
        for (path, (file, outcome)) in paths.into_iter().zip(read) {
            match outcome {
                Err(source) if path == self.paths[place] => return Err(RuleError { path, source }),
                Err(error) => self.trouble(&path, &error),
                Ok(_) => {}
            }
            self.files.insert((place, path), file);
        }
        Ok(())
    }

    fn take_bundled(&mut self) {
        for (name, text) in BUNDLED.iter().filter(|_| self.bundled) {
            self.files.entry((BUNDLED_PLACE, PathBuf::from(name))).or_default().parse(name, text);
        }
    }

    /// What runs: of a bundled rule whose name or id a rule of the user has, the user's.
    fn without_replaced(&self, documents: &mut [Vec<Arc<Document>>]) {
        let files = self.files.keys().zip(documents.iter());
        let own: HashSet<String> = files
            .filter(|((place, _), _)| *place != BUNDLED_PLACE)
            .flat_map(|(_, documents)| documents.iter().flat_map(|document| names_of(document)))
            .map(str::to_owned)
            .collect();
        for ((place, _), documents) in self.files.keys().zip(documents) {
            if *place == BUNDLED_PLACE && !own.is_empty() {
                documents.retain(|document| !names_of(document).any(|name| own.contains(name)));
            }
        }
    }

    /// Folders and files that rules are read from; none for the bundled ones.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    /// Files of the configuration.
    pub fn settings(&self) -> impl Iterator<Item = &Path> {
        self.followed.iter().flat_map(Followed::files)
    }

    /// Looks at the files again. `None` when nothing has changed since the last time.
    pub fn reload(&mut self, look: Look) -> Option<LoadedRules> {
        let troubles = std::mem::take(&mut self.troubles);
        let mut has_changed = self.look_at_settings(look, &troubles);
        for place in 0..self.paths.len() {
            has_changed |= self.look_at(place, look);
        }
        (has_changed || troubles != self.troubles).then(|| self.settle())
    }

    /// True when paths or lists are others than before. While the configuration has mistakes, the one
    /// before stays in force.
    fn look_at_settings(&mut self, look: Look, troubles: &[Trouble]) -> bool {
        match self.followed.as_mut().and_then(|followed| followed.look(look)) {
            None => {
                // A brief look that finds nothing new finds the same mistakes.
                self.troubles.extend(troubles.iter().filter(|trouble| trouble.of_settings).cloned());
                false
            }
            Some(Err(mistakes)) => {
                for mut diagnostic in mistakes {
                    diagnostic.message.push_str("; the previous configuration stays in force");
                    self.troubles.push(Trouble { diagnostic, of_settings: true });
                }
                false
            }
            Some(Ok(config)) => {
                let lists = config.lists.placeholders();
                let RuleConfig { paths, bundled, .. } = config.rules;
                let is_other =
                    lists != self.lists || paths.value != self.paths || bundled.value != self.bundled;
                self.lists = lists;
                self.move_to(paths.value, bundled.value);
                is_other
            }
        }
    }

    /// Keeps the files of those paths that stay.
    fn move_to(&mut self, paths: Vec<PathBuf>, bundled: bool) {
        if paths == self.paths && bundled == self.bundled {
            return;
        }
        self.bundled = bundled;
        let before = std::mem::replace(&mut self.paths, paths);
        for ((place, path), file) in std::mem::take(&mut self.files) {
            let now = before.get(place).and_then(|root| self.paths.iter().position(|path| path == root));
            if let Some(now) = now {
                self.files.insert((now, path), file);
            }
        }
        self.take_bundled();
    }

    /// True when a file below the path is new, gone or another than before.
    fn look_at(&mut self, place: usize, look: Look) -> bool {
        let found = match rule_files(&self.paths[place]) {
            Ok(found) => found,
            Err(error) => {
                // Somebody may be about to replace the folder: its rules run on.
                self.trouble(&error.path, &error.source);
                return false;
            }
        };
        let mut has_changed = false;
        let there: HashSet<&PathBuf> = found.iter().collect();
        self.files.retain(|(of, path), _| {
            let stays = *of != place || there.contains(path);
            has_changed |= !stays;
            stays
        });
        for path in found {
            match self.files.entry((place, path.clone())).or_default().read_again(&path, look) {
                Ok(is_other) => has_changed |= is_other,
                Err(error) => self.trouble(&path, &error),
            }
        }
        has_changed
    }

    fn trouble(&mut self, path: &Path, error: &io::Error) {
        let at = Position { file: path.to_string_lossy().into(), line: 1, column: 1 };
        let mut message = format!("cannot be read ({error})");
        if self.files.iter().any(|((_, file), of)| file.starts_with(path) && !of.running.is_empty()) {
            message.push_str("; the previous rules keep running");
        }
        self.troubles.push(Trouble { diagnostic: Diagnostic::error(&at, message), of_settings: false });
    }

    /// Decides what runs, and says what does not.
    fn settle(&mut self) -> LoadedRules {
        let mut refused: RefusedFiles = HashSet::new();
        let mut diagnostics = Vec::new();
        loop {
            let mut documents: Vec<Vec<Arc<Document>>> =
                self.files.values().map(|file| file.candidates(&refused)).collect();
            self.without_replaced(&mut documents);
            let all = documents.iter().flatten().map(|document| Document::clone(document)).collect();
            let options = LoadOptions { placeholders: self.lists.clone() };
            let (rules, mut wrong) = assemble(all, &options);
            wrong.extend(Correlator::check(&rules));
            // What is wrong with a new text may have an old one to fall back to, if anything else is.
            let newly = self.newly_refused(&wrong, &mut refused);
            if !newly.is_empty() {
                diagnostics.extend(newly);
                continue;
            }
            diagnostics.append(&mut wrong);
            for (file, running) in self.files.values_mut().zip(documents) {
                file.running = running;
            }
            return self.loaded(rules, diagnostics);
        }
    }

    /// Adds new documents with an error to `refused` when older ones can run in their place; returns
    /// their errors. Nothing is refused twice, so that this comes to an end.
    fn newly_refused(&self, wrong: &[Diagnostic], refused: &mut RefusedFiles) -> Vec<Diagnostic> {
        let with_documents = self.files.values().filter_map(|file| Some((file.documents.first()?, file)));
        let of_file: HashMap<&str, &RuleFile> =
            with_documents.map(|(document, file)| (&*document.header().at.file, file)).collect();
        let mut newly = Vec::new();
        let mut found = RefusedFiles::new();
        for diagnostic in wrong.iter().filter(|diagnostic| diagnostic.is_error()) {
            let Some(file) = of_file.get(&*diagnostic.at.file) else { continue };
            let Some(reference) = &diagnostic.rule else { continue };
            let key = (Arc::clone(&diagnostic.at.file), reference.clone());
            if file.has_changed(reference) && !file.running.is_empty() && !refused.contains(&key) {
                found.insert(key);
                newly.push(diagnostic.clone());
            }
        }
        refused.extend(found);
        newly
    }

    fn loaded(&self, rules: RuleSet, later: Vec<Diagnostic>) -> LoadedRules {
        let mut diagnostics: Vec<Diagnostic> =
            self.troubles.iter().map(|trouble| trouble.diagnostic.clone()).collect();
        for file in self.files.values() {
            diagnostics.extend(file.diagnostics.iter().cloned());
        }
        diagnostics.extend(later);
        let runs_on: HashSet<&str> = self
            .files
            .values()
            .flat_map(|file| file.running.iter().filter(|running| !file.says(running)))
            .map(|document| &*document.header().at.file)
            .collect();
        for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.is_error()) {
            if runs_on.contains(&*diagnostic.at.file) {
                diagnostic.message.push_str("; the previous text runs until this is corrected");
            }
        }
        LoadedRules { rules, diagnostics, files: self.files.len(), fingerprint: self.fingerprint() }
    }

    fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for document in self.files.values().flat_map(|file| &file.running) {
            hasher.update(&document.header().content_hash.to_le_bytes());
        }
        for (name, values) in &self.lists {
            for part in std::iter::once(name).chain(values) {
                hasher.update(&to_u64(part.len()).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// What other rules may call a rule by.
fn names_of(document: &Document) -> impl Iterator<Item = &str> {
    let header = document.header();
    header.name.iter().chain(&header.id).map(String::as_str)
}

/// Documents that cannot run as they are: file and the name of the rule.
type RefusedFiles = HashSet<(Arc<str>, String)>;

impl RuleFile {
    fn parse(&mut self, name: &str, text: &str) {
        let (documents, diagnostics) = parse_documents(name, text);
        self.documents = documents.into_iter().map(Arc::new).collect();
        self.diagnostics = diagnostics;
        self.text_hash = Some(blake3::hash(text.as_bytes()));
        if text.trim().is_empty() && !self.running.is_empty() {
            // Truncated and not written yet, as some editors and copies over a network do it.
            let at = Position { file: name.into(), line: 1, column: 1 };
            self.diagnostics.push(Diagnostic::error(&at, "the file is empty"));
        }
    }

    /// True when the text is another than before.
    fn read_again(&mut self, path: &Path, look: Look) -> io::Result<bool> {
        let stamp = ConfigStamp::of(&std::fs::metadata(path)?);
        if look == Look::Briefly && self.stamp == Some(stamp) {
            return Ok(false);
        }
        let bytes = read_file(path)?;
        self.stamp = Some(stamp);
        let text = String::from_utf8_lossy(&bytes);
        if self.text_hash == Some(blake3::hash(text.as_bytes())) {
            return Ok(false);
        }
        self.parse(&path.to_string_lossy(), &text);
        Ok(true)
    }

    /// What is to run of this file: what its text says but for what was refused; where that leaves
    /// something out, also what ran before under other names.
    fn candidates(&self, refused: &RefusedFiles) -> Vec<Arc<Document>> {
        let is_refused = |document: &Document| {
            let header = document.header();
            refused.contains(&(Arc::clone(&header.at.file), header.reference().to_owned()))
        };
        let mut candidates: Vec<_> =
            self.documents.iter().filter(|document| !is_refused(document)).cloned().collect();
        let is_whole =
            candidates.len() == self.documents.len() && !self.diagnostics.iter().any(Diagnostic::is_error);
        if !is_whole {
            for running in &self.running {
                let name = running.header().reference();
                if !candidates.iter().any(|document| document.header().reference() == name) {
                    candidates.push(Arc::clone(running));
                }
            }
        }
        candidates
    }

    /// The text has a rule of this name that does not run in this form.
    fn has_changed(&self, reference: &str) -> bool {
        let mut called = self.documents.iter().filter(|document| document.header().reference() == reference);
        called.any(|document| !self.running.iter().any(|running| is_same(running, document)))
    }

    /// The text has this very document.
    fn says(&self, running: &Arc<Document>) -> bool {
        self.documents.iter().any(|document| Arc::ptr_eq(document, running))
    }
}

fn is_same(a: &Document, b: &Document) -> bool {
    let (a, b) = (a.header(), b.header());
    a.content_hash == b.content_hash && a.reference() == b.reference()
}

/// The rule files at or below a path, sorted. Hidden ones are none: editors keep their own beside a file.
pub(super) fn rule_files(path: &Path) -> Result<Vec<PathBuf>, RuleError> {
    let failed = |source| RuleError { path: path.to_owned(), source };
    let mut files = Vec::new();
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        let mut visited = HashSet::from([identity(&metadata)]);
        collect(path, &mut visited, &mut files).map_err(failed)?;
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    Ok(files)
}

/// `work` on all items in their order, on as many cores as there are: thousands of rules are read before
/// the first event is.
fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    /// Fewer than this are not worth a thread.
    const SHARE: usize = 64;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(cores).max(SHARE);
    let work = &work;
    thread::scope(|scope| {
        let shares = items.chunks(share);
        let workers: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<R>>())).collect();
        let done =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        done.flatten().collect()
    })
}

/// Device and inode: the same by whatever links it is reached.
type Identity = (u64, u64);

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// Links lead in circles: each folder is visited once. In order, so that the disk does not decide by which
/// of several ways.
fn collect(folder: &Path, visited: &mut HashSet<Identity>, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let below = std::fs::metadata(&path).ok().filter(Metadata::is_dir);
        if let Some(below) = below {
            if visited.insert(identity(&below)) {
                collect(&path, visited, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
