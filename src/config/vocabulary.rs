//! Vocabulary files of the user: they add to the bundled ones and are asked first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read::read_text;
use super::rules::{RuleError, rule_files};
use crate::facts::Vocabulary;

/// Names and texts of the files at or below `paths`, sorted within each.
///
/// # Errors
/// When a path does not exist or a file cannot be read.
pub fn vocabulary_files(paths: &[PathBuf]) -> Result<Vec<(String, String)>, RuleError> {
    let mut texts = Vec::new();
    for path in paths {
        for file in rule_files(path)? {
            let text = read_text(&file).map_err(|source| RuleError { path: file.clone(), source })?;
            texts.push((name_of(&file), text));
        }
    }
    Ok(texts)
}

/// The vocabulary that is configured: the files at or below `paths` before the bundled ones.
///
/// # Errors
/// When a path does not exist or a file cannot be read.
pub fn load_vocabulary(paths: &[PathBuf]) -> Result<Arc<Vocabulary>, RuleError> {
    if paths.is_empty() {
        return Ok(Vocabulary::bundled());
    }
    Ok(Arc::new(Vocabulary::with(&vocabulary_files(paths)?)))
}

/// The user's vocabulary files as they were last read.
#[derive(Debug, Default)]
pub struct VocabularyFiles {
    paths: Vec<PathBuf>,
    texts: Vec<(String, String)>,
}

impl VocabularyFiles {
    /// # Errors
    /// When a path does not exist or a file cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Self, RuleError> {
        Ok(Self { paths: paths.to_vec(), texts: vocabulary_files(paths)? })
    }

    /// What is read: files and folders.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    /// How many files there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// Reads the files again. `None` when they say what they said.
    ///
    /// # Errors
    /// When a path does not exist any more or a file cannot be read: what was read stays in force.
    pub fn reload(&mut self) -> Result<Option<Arc<Vocabulary>>, RuleError> {
        if self.paths.is_empty() {
            return Ok(None);
        }
        let texts = vocabulary_files(&self.paths)?;
        if texts == self.texts {
            return Ok(None);
        }
        let vocabulary = Vocabulary::with(&texts);
        self.texts = texts;
        Ok(Some(Arc::new(vocabulary)))
    }
}

fn name_of(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}
