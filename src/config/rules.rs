//! Rule files: the bundled ones, or those of `--rules`.

use std::io;
use std::path::{Path, PathBuf};

use crate::detect::{Diagnostic, LoadOptions, Placeholders, RuleIndex, RuleSet, assemble, parse_documents};

/// All of `queries/`, built into the binary: (file name, text).
const BUNDLED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/bundled_queries.rs"));

/// What loading rules gave: those that work, and everything that is wrong with the others.
pub struct LoadedRules {
    pub rules: RuleSet,
    pub diagnostics: Vec<Diagnostic>,
    pub files: usize,
    /// Changes with the text of any rule; saved state of detection belongs to it.
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

/// Loads the rules under `paths`, or the bundled ones when `paths` is empty; `lists` are what `expand` fills
/// in. A broken rule is a diagnostic and stops no other.
///
/// # Errors
/// When a path does not exist or cannot be read.
pub fn load_rules(paths: &[PathBuf], lists: Placeholders) -> Result<LoadedRules, RuleError> {
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    let mut files = 0;
    let mut take = |name: &str, text: &str| {
        let (found, wrong) = parse_documents(name, text);
        documents.extend(found);
        diagnostics.extend(wrong);
        files += 1;
    };
    if paths.is_empty() {
        for (name, text) in BUNDLED {
            take(name, text);
        }
    }
    for file in rule_files(paths)? {
        let bytes = std::fs::read(&file).map_err(|source| RuleError { path: file.clone(), source })?;
        take(&file.to_string_lossy(), &String::from_utf8_lossy(&bytes));
    }
    let (rules, wrong) = assemble(documents, &LoadOptions { placeholders: lists });
    diagnostics.extend(wrong);
    let fingerprint = fingerprint(&rules);
    Ok(LoadedRules { rules, diagnostics, files, fingerprint })
}

fn fingerprint(rules: &RuleSet) -> String {
    let mut hasher = blake3::Hasher::new();
    for index in 0..rules.len() {
        if let Some(header) = rules.header(RuleIndex(index as u32)) {
            hasher.update(&header.content_hash.to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// The rule files under `paths`, sorted, so that the order of rules never depends on the disk.
fn rule_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, RuleError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut below = Vec::new();
            collect(path, &mut below).map_err(|source| RuleError { path: path.clone(), source })?;
            below.sort();
            files.append(&mut below);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
