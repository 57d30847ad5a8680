//! The import table of ARCHITECTURE.md, held against the sources. A module boundary that nothing
//! checks leaks; this one does not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module, and the modules of ours it may import.
const TABLE: &[(&str, &[&str])] = &[
    // Pure half.
    ("text", &[]),
    ("yaml", &[]),
    ("event", &[]),
    ("decode", &["event"]),
    ("facts", &["yaml", "event"]),
    ("normalize", &["event", "facts"]),
    ("sigma", &["yaml", "event"]),
    ("alert", &["event", "sigma"]),
    ("detect", &["event", "sigma"]),
    ("correlate", &["event", "sigma", "alert", "detect"]),
    ("query", &["event", "sigma", "alert"]),
    ("state", &["event", "sigma", "alert", "correlate", "query"]),
    // App half.
    ("config", &["event", "facts", "decode", "normalize", "sigma", "correlate"]),
    ("source", &["event"]),
    ("index", &["event", "query", "sigma", "alert"]),
    (
        "pipeline",
        &[
            "source",
            "decode",
            "facts",
            "normalize",
            "sigma",
            "alert",
            "detect",
            "correlate",
            "index",
            "state",
            "config",
            "event",
            "query",
        ],
    ),
    ("view", &["state", "event", "sigma", "alert", "query", "text"]),
    ("tui", &["state", "view", "query", "pipeline", "config", "event", "sigma", "alert", "text"]),
    ("cli", &["sigma"]),
    ("exit", &["text"]),
    ("samples", &["event"]),
];

/// External crates that only these modules may name.
const EXTERNAL: &[(&str, &[&str])] = &[
    ("ratatui", &["view", "tui"]),
    ("crossterm", &["tui"]),
    ("tantivy", &["index"]),
    ("notify", &["source"]),
    ("crossbeam_channel", &["source", "pipeline", "tui", "command"]),
    ("clap", &["cli", "command", "main"]),
    ("anyhow", &["command", "exit", "main"]),
];

/// Things that the pure half must not touch: files, sockets, threads, clocks, environment.
const WORLD: &[&str] = &[
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "std::thread",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "println!",
    "eprintln!",
];

const PURE: &[&str] = &[
    "text",
    "yaml",
    "event",
    "facts",
    "decode",
    "normalize",
    "sigma",
    "alert",
    "detect",
    "correlate",
    "query",
    "state",
];

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (file, module) in sources() {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == module) else { continue };
        let text = production_code(&file);
        for imported in imported_modules(&text) {
            if imported != module && !allowed.contains(&imported.as_str()) {
                wrong.push(format!("{}: `{module}` imports `{imported}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn external_crates_stay_behind_their_module() {
    let mut wrong = Vec::new();
    for (file, module) in sources() {
        let text = production_code(&file);
        for (external, allowed) in EXTERNAL {
            let named = text.contains(&format!("use {external}")) || text.contains(&format!("{external}::"));
            if named && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{}: `{module}` names `{external}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_half_does_not_touch_the_world() {
    let mut wrong = Vec::new();
    for (file, module) in sources() {
        if !PURE.contains(&module.as_str()) {
            continue;
        }
        let text = production_code(&file);
        for thing in WORLD {
            if text.contains(thing) {
                wrong.push(format!("{}: `{thing}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_pipeline_the_composition_root_and_the_key_reader_start_threads() {
    let mut wrong = Vec::new();
    for (file, module) in sources() {
        if ["pipeline", "command", "tui"].contains(&module.as_str()) {
            continue;
        }
        let text = production_code(&file);
        if text.contains("thread::spawn") || text.contains("thread::Builder") {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "threads are started in {}", wrong.join(", "));
}

/// Every source file and the module it belongs to.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
        .into_iter()
        .filter_map(|file| {
            let first = file.strip_prefix(&root).ok()?.components().next()?;
            let module = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
            (module != "lib").then_some((file, module))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_some_and(|stem| stem != "tests")
        {
            files.push(path);
        }
    }
}

/// The file without its comments and without what follows `#[cfg(test)]`.
fn production_code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("a source file can be read");
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names of our modules that follow `crate::` (also in `use crate::{a, b::c}`).
fn imported_modules(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(group_heads(group));
        } else {
            found.insert(identifier(rest));
        }
    }
    found.retain(|name| TABLE.iter().any(|(module, _)| module == name) || name == "command");
    found
}

fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut heads = vec![identifier(group.trim_start())];
    let mut characters = group.chars();
    while let Some(character) = characters.next() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(identifier(characters.as_str().trim_start())),
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// What is stored or shown is made of `event::Redacted`, and only the redactor can say that it has done its work.
#[test]
fn events_leave_through_one_door() {
    let redactors: Vec<String> = sources()
        .into_iter()
        .filter(|(file, _)| production_code(file).contains("Redact for "))
        .map(|(file, _)| file.display().to_string())
        .collect();
    assert_eq!(redactors.len(), 1, "{redactors:?}");
    assert!(redactors.iter().all(|file| file.ends_with("src/normalize/redact.rs")), "{redactors:?}");
}
