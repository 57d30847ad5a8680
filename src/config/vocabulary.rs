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

fn name_of(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}
