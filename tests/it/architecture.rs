//! The rules of ARCHITECTURE.md, held against the parsed sources. What nothing checks leaks.
//!
//! Where a rule is not kept yet, a list names the exceptions. A list only shrinks: an exception that is none
//! any more fails as well and must leave it.

mod exceptions;
mod planted;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use exceptions::{AMBIGUOUS, CIRCLES, CLOCKS_AND_THREADS, LONG, PARAMETERS, SCATTERED, UNKEYED_HASHES, Uses};
use sources::{Function, Map, ROOTS, Source, circles, sources};

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

/// What the pure half must not touch: files, sockets, threads, environment, output.
const WORLD: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "thread"],
    &["std", "env"],
    &["std", "process"],
    &["TcpStream"],
    &["TcpListener"],
    &["UdpSocket"],
    &["UnixStream"],
    &["UnixListener"],
];

const MOST_PARAMETERS: usize = 6;
const MOST_LINES: usize = 60;

/// Compares what was found with the list of exceptions.
fn hold(rule: &str, found: impl IntoIterator<Item = String>, exceptions: &[&str]) {
    let found: BTreeSet<String> = found.into_iter().collect();
    let listed: BTreeSet<String> = exceptions.iter().map(|name| (*name).to_owned()).collect();
    let mut wrong = String::new();
    for name in found.difference(&listed) {
        writeln!(wrong, "{rule}: {name}").expect("a string");
    }
    for name in listed.difference(&found) {
        writeln!(wrong, "no exception any more, take it off the list: {name}").expect("a string");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What the document says of a module.
struct Row {
    allowed: Allowed,
    pure: bool,
}

enum Allowed {
    These(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

impl Allowed {
    fn allows(&self, module: &str) -> bool {
        match self {
            Allowed::These(names) => names.contains(module),
            Allowed::AllBut(names) => !names.contains(module),
        }
    }
}

/// The tables of ARCHITECTURE.md by module.
fn table() -> BTreeMap<String, Row> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let document = std::fs::read_to_string(document).expect("the document");
    let (_, halves) = document.split_once("## The two halves").expect("the section of the halves");
    let (halves, _) = halves.split_once("\n## ").expect("a section behind it");
    let (pure, app) = halves.split_once("The **app half**").expect("two halves");
    let mut table = BTreeMap::new();
    for (text, pure) in [(pure, true), (app, false)] {
        for row in text.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [modules, _, imports] = cells.as_slice() else { panic!("three cells: {row}") };
            for module in modules.split(", ") {
                let module = module.trim_matches('`').to_owned();
                table.insert(module, Row { allowed: allowed(imports), pure });
            }
        }
    }
    assert!(table.len() > 15, "the tables were not found");
    table
}

fn allowed(text: &str) -> Allowed {
    let names = |text: &str| text.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
    match text {
        "nothing" => Allowed::These(BTreeSet::new()),
        "all" => Allowed::AllBut(BTreeSet::new()),
        _ => match text.strip_prefix("all but ") {
            Some(others) => Allowed::AllBut(names(others)),
            None => Allowed::These(names(text)),
        },
    }
}

#[test]
fn modules_import_only_what_the_table_allows() {
    hold("against the table", forbidden_imports(&sources(), &table()), &[]);
}

fn forbidden_imports(sources: &[Source], table: &BTreeMap<String, Row>) -> BTreeSet<String> {
    let map = Map::new(sources);
    let mut wrong = BTreeSet::new();
    for source in sources {
        let own = &source.module[0];
        let Some(row) = table.get(own) else {
            wrong.insert(format!("{}: `{own}` is not in the table", source.file));
            continue;
        };
        for path in source.paths.iter().chain(source.reexports.values()) {
            let Some(target) = map.absolute(source, path).and_then(|path| path.first().cloned()) else {
                continue;
            };
            if target != *own && table.contains_key(&target) && !row.allowed.allows(&target) {
                wrong.insert(format!("{}: `{own}` imports `{target}`", source.file));
            }
        }
    }
    wrong
}

#[test]
fn external_crates_stay_behind_their_module() {
    hold("an external crate out of its place", stray_crates(&sources()), &[]);
}

fn stray_crates(sources: &[Source]) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for source in sources {
        for (external, allowed) in EXTERNAL {
            let named = source.paths.iter().any(|path| path[0] == *external);
            if named && !allowed.contains(&source.module[0].as_str()) {
                wrong.insert(format!("{}: `{external}`", source.file));
            }
        }
    }
    wrong
}

#[test]
fn the_pure_half_does_not_touch_the_world() {
    hold("the world in the pure half", worldly(&sources(), &table()), &[]);
}

#[test]
fn each_half_is_a_package() {
    let table = table();
    let is_pure = |source: &&Source| table.get(&source.module[0]).is_some_and(|row| row.pure);
    let sources = sources();
    let (pure, app): (Vec<&Source>, Vec<&Source>) = sources.iter().partition(is_pure);
    let strayed = pure.iter().filter(|source| !source.file.starts_with("core/"));
    let strayed = strayed.chain(app.iter().filter(|source| source.file.starts_with("core/")));
    hold("in the package of the other half", strayed.map(|source| source.file.clone()), &[]);
}

fn worldly(sources: &[Source], table: &BTreeMap<String, Row>) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for source in sources.iter().filter(|source| table.get(&source.module[0]).is_some_and(|row| row.pure)) {
        for thing in WORLD.iter().filter(|thing| source.paths.iter().any(|path| names(path, thing))) {
            wrong.insert(format!("{}: {}", source.file, thing.join("::")));
        }
        for printing in ["println", "print", "eprintln", "eprint"] {
            if source.macros.contains(printing) {
                wrong.insert(format!("{}: {printing}!", source.file));
            }
        }
    }
    wrong
}

/// Whether the words stand in the path, next to each other.
fn names(path: &[String], words: &[&str]) -> bool {
    path.windows(words.len()).any(|part| part == words)
}

#[test]
fn clocks_are_read_and_threads_started_only_where_it_is_known() {
    hold(
        "a clock or a thread out of its place, or a place without any",
        out_of_place(&sources(), CLOCKS_AND_THREADS),
        &[],
    );
}

/// What logs choose is hashed with a key (see "two keys for hashes" in ARCHITECTURE.md): whoever writes them could
/// otherwise make two of it the same.
#[test]
fn hashes_without_a_key_are_made_only_where_it_is_known() {
    hold(
        "a hash without a key out of its place, or a place without any",
        out_of_place(&sources(), UNKEYED_HASHES),
        &[],
    );
}

/// Uses of things in other files than those that are listed, and listed files that do not use them.
fn out_of_place(sources: &[Source], known: &[Uses]) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for (thing, allowed) in known {
        let name = thing.join("::");
        let users = sources.iter().filter(|source| source.paths.iter().any(|path| names(path, thing)));
        let users: BTreeSet<String> = users.map(|source| source.module.join("/")).collect();
        let strangers = users.iter().filter(|user| !allowed.contains(&user.as_str()));
        wrong.extend(strangers.map(|user| format!("{user}: {name}")));
        let idle = allowed.iter().filter(|place| !users.contains(**place));
        wrong.extend(idle.map(|place| format!("{name} is not in {place}")));
    }
    wrong
}

#[test]
fn files_need_each_other_in_no_circle() {
    let found = circles(&sources()).into_iter().map(|ring| ring.into_iter().collect::<Vec<_>>().join(" "));
    let listed: Vec<String> = CIRCLES.iter().map(|ring| ring.join(" ")).collect();
    let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
    hold("a circle of files", found, &listed);
}

#[test]
fn a_type_has_its_methods_where_it_is_defined() {
    hold("an `impl` away from its type", scattered(&sources()), SCATTERED);
}

fn scattered(sources: &[Source]) -> Vec<String> {
    let defines = |name: &str| sources.iter().any(|source| source.types.contains(name));
    let scattered = sources.iter().flat_map(|source| {
        let elsewhere = source.inherent.iter().filter(|name| !source.types.contains(*name) && defines(name));
        elsewhere.map(|name| format!("{} in {}", name, source.file))
    });
    scattered.collect()
}

#[test]
fn a_name_means_one_type() {
    hold("a name for several types", ambiguous(&sources()), AMBIGUOUS);
}

fn ambiguous(sources: &[Source]) -> Vec<String> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for name in sources.iter().flat_map(|source| &source.types) {
        *places.entry(name.clone()).or_default() += 1;
    }
    places.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
}

/// Functions of which something holds, as `name in file`.
fn functions(sources: &[Source], wanted: impl Fn(&Function) -> bool) -> Vec<String> {
    let of = |source: &Source| -> Vec<String> {
        let functions = source.functions.iter().filter(|function| wanted(function));
        functions.map(|function| format!("{} in {}", function.name, source.file)).collect()
    };
    sources.iter().flat_map(of).collect()
}

#[test]
fn a_function_takes_six_parameters_at_the_most_and_takes_none_apart() {
    hold(
        "more than six parameters, or a tuple among them",
        functions(&sources(), takes_too_much),
        PARAMETERS,
    );
}

fn takes_too_much(function: &Function) -> bool {
    function.parameters > MOST_PARAMETERS || function.tuple_parameter
}

#[test]
fn a_function_fits_on_a_screen() {
    hold("a long function", functions(&sources(), is_long), LONG);
}

fn is_long(function: &Function) -> bool {
    function.lines > MOST_LINES
}

#[test]
fn what_a_reader_is_sent_to_is_there() {
    let document = include_str!("../../ARCHITECTURE.md");
    let section =
        document.split("\n## ").find(|part| part.starts_with("Where to start reading")).expect("a section");
    let place = regex::Regex::new(r"`([a-z_/]+\.rs)`(?: \(((?:`\w+`(?:, )?)+)\))?").expect("an expression");
    let sources = sources();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for found in place.captures_iter(section) {
        seen += 1;
        let file = &found[1];
        let is_it = |source: &&Source| ROOTS.iter().any(|root| source.file == format!("{root}/{file}"));
        let Some(source) = sources.iter().find(is_it) else {
            wrong.push(file.to_owned());
            continue;
        };
        let names =
            found.get(2).map_or("", |names| names.as_str()).split(", ").map(|name| name.trim_matches('`'));
        let missing =
            names.filter(|name| !name.is_empty() && !source.functions.iter().any(|it| it.name == *name));
        wrong.extend(missing.map(|name| format!("{name} in {file}")));
    }
    assert!(seen > 15, "the section has lost its form");
    hold("named in the document and not there", wrong, &[]);
}

/// Files of a kind below a folder of the project, with their text.
fn texts(folder: &str, kind: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == kind) {
                let name = path.strip_prefix(root).expect("it lies below").to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    found
}

#[test]
fn a_process_that_a_test_starts_ends_with_it() {
    hold("a process that nobody ends when its test fails", left_behind(&texts("tests/it", "rs")), &[]);
}

/// Tests that start a process by themselves: `harness.rs` starts those that end with their test.
fn left_behind(tests: &[(String, String)]) -> Vec<String> {
    const STARTS: &str = concat!(".spawn", "()");
    let starting =
        tests.iter().filter(|(file, text)| text.contains(STARTS) && !file.ends_with("/harness.rs"));
    starting.map(|(file, _)| file.clone()).collect()
}

#[test]
fn what_sources_say_of_the_document_stands_in_it() {
    let document = include_str!("../../ARCHITECTURE.md");
    hold(
        "said to stand in ARCHITECTURE.md",
        unexplained(&ROOTS.map(|root| texts(root, "rs")).concat(), document),
        &[],
    );
}

/// Words that sources refer to the document for, `Word (see `ARCHITECTURE.md`)`, and that it does not have.
fn unexplained(sources: &[(String, String)], document: &str) -> Vec<String> {
    let reference = regex::Regex::new(r"([\w-]+) \(see `ARCHITECTURE\.md`\)").expect("an expression");
    let document = document.to_lowercase();
    let words =
        sources.iter().flat_map(|(file, text)| reference.captures_iter(text).map(move |it| (file, it)));
    let missing = words.filter(|(_, it)| !document.contains(&it[1].to_lowercase()));
    missing.map(|(file, it)| format!("{} in {file}", &it[1])).collect()
}

#[test]
fn a_file_that_a_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<(String, String)> =
        ["docs", "sample-logs"].iter().flat_map(|folder| texts(folder, "md")).collect();
    for entry in std::fs::read_dir(root).expect("the project") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|kind| kind == "md") {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            documents.push((name, std::fs::read_to_string(&path).expect("a document")));
        }
    }
    hold(
        "named in a document and not there",
        missing_files(&documents, |path| root.join(path).exists()),
        &[],
    );
}

/// Paths of ours that documents name in backquotes and that do not exist.
fn missing_files(documents: &[(String, String)], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let path =
        regex::Regex::new(r"`((?:src|core|tests|benches|fuzz|examples|docs|sample-logs|\.ci)/[\w./-]+)`");
    let path = path.expect("an expression");
    let named = documents.iter().flat_map(|(file, text)| path.captures_iter(text).map(move |it| (file, it)));
    let missing = named.filter(|(_, it)| !exists(&it[1]));
    missing.map(|(file, it)| format!("{} in {file}", &it[1])).collect()
}
