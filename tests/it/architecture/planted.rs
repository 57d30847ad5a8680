//! The guards themselves: each fault that was found in the house once, planted again, must be seen.

use std::collections::BTreeMap;

use super::exceptions::{CLOCKS_AND_THREADS, UNKEYED_HASHES};
use super::sources::{circles, written};
use super::{Allowed, Row};
use super::{
    ambiguous, forbidden_imports, functions, is_long, left_behind, missing_files, out_of_place, scattered,
};
use super::{stray_crates, takes_too_much, unexplained, worldly};

fn table() -> BTreeMap<String, Row> {
    let row = |names: &[&str], pure| Row {
        allowed: Allowed::These(names.iter().map(|name| (*name).to_owned()).collect()),
        pure,
    };
    BTreeMap::from([
        ("text".to_owned(), row(&[], true)),
        ("event".to_owned(), row(&["text"], true)),
        ("state".to_owned(), row(&["event", "text"], true)),
        ("source".to_owned(), row(&["event"], false)),
    ])
}

#[test]
fn an_import_against_the_table_is_seen_behind_a_block_of_tests() {
    let sources = written(&[
        ("state", "pub struct Rows;"),
        ("event", "#[cfg(test)] mod tests { use crate::text::Safe; }\npub fn late() { crate::state::Rows; }"),
    ]);
    assert!(forbidden_imports(&sources, &table()).contains("src/event.rs: `event` imports `state`"));
}

#[test]
fn an_import_inside_a_macro_and_one_without_a_room_are_seen() {
    let sources =
        written(&[("text", "fn f() { vec![crate::event::Event::new()]; }"), ("event", ""), ("attic", "")]);
    let found = forbidden_imports(&sources, &table());
    assert!(found.contains("src/text.rs: `text` imports `event`"), "{found:?}");
    assert!(found.contains("src/attic.rs: `attic` is not in the table"), "{found:?}");
}

#[test]
fn what_only_tests_import_is_no_import() {
    let sources = written(&[
        ("text", "#[cfg(test)] mod tests;\n#[cfg(test)] use crate::state::Rows;"),
        ("text/tests", "use crate::state::Rows;"),
        ("state", "pub struct Rows;"),
    ]);
    assert_eq!(forbidden_imports(&sources, &table()).len(), 0);
}

#[test]
fn a_crate_out_of_its_place_is_seen() {
    let sources = written(&[("source", "use tantivy::Index;"), ("index", "use tantivy::Index;")]);
    assert_eq!(Vec::from_iter(stray_crates(&sources)), ["src/source.rs: `tantivy`"]);
}

#[test]
fn a_file_and_a_line_of_output_in_the_pure_half_are_seen() {
    let sources = written(&[("state", "fn f() { std::fs::read(\"x\"); println!(\"x\"); }")]);
    assert_eq!(
        Vec::from_iter(worldly(&sources, &table())),
        ["src/state.rs: println!", "src/state.rs: std::fs"]
    );
}

#[test]
fn a_scoped_thread_is_a_thread_and_the_time_of_day_is_a_clock() {
    let text = "use std::thread;\nfn f() { thread::scope(|_| ()); std::time::SystemTime::now(); }";
    let found = out_of_place(&written(&[("state", text)]), CLOCKS_AND_THREADS);
    for name in ["thread::scope", "SystemTime::now"] {
        assert!(found.contains(&format!("state: {name}")), "{name}: {found:?}");
    }
    // A place that is allowed to and does not, leaves the list.
    let (thing, places) = CLOCKS_AND_THREADS[0];
    assert!(found.contains(&format!("{} is not in {}", thing.join("::"), places[0])));
}

#[test]
fn a_circle_of_files_is_seen_through_a_reexport() {
    let sources = written(&[
        ("sigma", "pub mod level; pub mod rule; pub use level::Level;"),
        ("sigma/level", "use super::rule::Rule; pub struct Level;"),
        ("sigma/rule", "use crate::sigma::Level; pub struct Rule;"),
    ]);
    let rings: Vec<Vec<String>> = circles(&sources).into_iter().map(Vec::from_iter).collect();
    assert_eq!(rings, [["src/sigma/level.rs", "src/sigma/rule.rs"]]);
}

#[test]
fn methods_away_from_their_type_and_a_name_for_two_types_are_seen() {
    let sources = written(&[
        ("correlate", "pub struct Correlator; impl Correlator {}"),
        (
            "correlate/fire",
            "use super::Correlator; impl Correlator {} impl Drop for Correlator {} enum Value {}",
        ),
        ("event/value", "pub enum Value {}"),
    ]);
    assert_eq!(scattered(&sources), ["Correlator in src/correlate/fire.rs"]);
    assert_eq!(ambiguous(&sources), ["Value"]);
}

#[test]
fn seven_parameters_a_tuple_among_two_and_a_long_function_are_seen() {
    let body = "let _ = 1;\n".repeat(60);
    let text = format!(
        "fn seven(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {{}}
         fn packed((rule, key): (u32, u128), out: u8) {{}}
         fn six(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {{}}
         fn long() {{\n{body}}}"
    );
    let sources = written(&[("correlate/fire", &text)]);
    assert_eq!(
        functions(&sources, takes_too_much),
        ["seven in src/correlate/fire.rs", "packed in src/correlate/fire.rs"]
    );
    assert_eq!(functions(&sources, is_long), ["long in src/correlate/fire.rs"]);
}

#[test]
fn a_hash_without_a_key_is_seen() {
    let text = "use xxhash_rust::xxh3::xxh3_64;\nfn f(group: &str) -> u64 { xxh3_64(group.as_bytes()) }";
    let found = out_of_place(&written(&[("correlate/keys", text)]), UNKEYED_HASHES);
    assert!(found.contains("correlate/keys: xxh3::xxh3_64"), "{found:?}");
}

#[test]
fn a_process_that_outlives_its_test_is_seen() {
    let text = format!("let child = env.command(&[\"watch\"]){}.unwrap();", concat!(".spawn", "()"));
    let files = ["tests/it/watch.rs", "tests/it/harness.rs"].map(|file| (file.to_owned(), text.clone()));
    assert_eq!(left_behind(&files), ["tests/it/watch.rs"]);
}

#[test]
fn a_word_that_the_document_does_not_have_is_seen() {
    let text = "//! Crash-only (see `ARCHITECTURE.md`): after any error the writer is dropped.";
    let files = [("src/index/writer.rs".to_owned(), text.to_owned())];
    assert_eq!(unexplained(&files, "# Architecture"), ["Crash-only in src/index/writer.rs"]);
    assert_eq!(unexplained(&files, "- **Crash-only.** After any error"), Vec::<String>::new());
}

#[test]
fn a_document_that_names_a_file_that_has_moved_is_seen() {
    let text = "The words are in `src/samples/catalogue.rs`, the test is `tests/it/watch.rs`.";
    let documents = [("docs/rules.md".to_owned(), text.to_owned())];
    let found = missing_files(&documents, |path| path == "tests/it/watch.rs");
    assert_eq!(found, ["src/samples/catalogue.rs in docs/rules.md"]);
}
