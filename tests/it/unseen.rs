//! Lines that were written down from the documentation of products before anybody looked how they are read. The sources
//! were split by their names: two thirds were looked at and what failed there was mended by its kind, the rest were not
//! (`held out`), and say how far that carries.
//!
//! A line that is not read right stands with `unread`, and the list of those only gets shorter.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::other_products::{explained, objects, texts};

/// One object a line: `source`, `line`, `set`, `facts` (one of them is stated; null: none; absent: it does not matter),
/// `fields` that must be read, `never` values that must not.
const LINES: &str = include_str!("unseen_products.ndjson");

/// How many of a hundred lines are read right at least, of those looked at and of those held out.
const FLOORS: [(&str, usize); 2] = [("mended", 87), ("held out", 67)];

/// What is wrong with what was read of a case.
fn wrong(case: &Value, read: &Value) -> Option<String> {
    let facts = texts(&read["facts"], "fact");
    let states = |wanted: &Value| wanted.as_str().map_or(facts.is_empty(), |fact| facts.contains(&fact));
    if case["facts"].as_array().is_some_and(|wanted| !wanted.iter().any(states)) {
        return Some(format!("states {facts:?}"));
    }
    let lacks = |(name, value): (&String, &Value)| {
        let have = texts(&read["fields"][name], "");
        let is_read = have.contains(&value.as_str().expect("a text"));
        (!is_read).then(|| format!("{name} is {have:?}"))
    };
    let brings = |(name, values): (&String, &Value)| {
        let have = texts(&read["fields"][name], "");
        let forged = texts(values, "").into_iter().find(|value| have.contains(value));
        forged.map(|value| format!("{name} is {value}"))
    };
    let fields = case["fields"].as_object().into_iter().flatten();
    let never = case["never"].as_object().into_iter().flatten();
    fields.map(lacks).chain(never.map(brings)).flatten().next()
}

#[test]
fn what_nobody_had_tuned_to_is_read_and_what_is_not_is_listed() {
    let cases = objects(LINES);
    let lines: Vec<&str> = cases.iter().map(|case| case["line"].as_str().expect("a line")).collect();
    let read = explained(&lines);
    assert_eq!(read.len(), cases.len());
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (case, read) in cases.iter().zip(&read) {
        let mistake = wrong(case, read);
        let count = counts.entry(case["set"].as_str().expect("a set")).or_default();
        count[0] += 1;
        count[1] += usize::from(mistake.is_none());
        let listed = case["unread"] == true;
        assert!(listed || mistake.is_none(), "{}: {case}", mistake.unwrap_or_default());
        assert!(!listed || mistake.is_some(), "it is read now, take `unread` off: {case}");
    }
    for (set, floor) in FLOORS {
        let [all, right] = counts[set];
        assert!(right * 100 >= floor * all, "{set}: {right} of {all}");
    }
}
