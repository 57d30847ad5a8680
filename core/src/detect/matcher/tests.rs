//! The compiled matcher against the plain evaluator, and what routing and counters say.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::event::{Format, Kind, Origin};
use crate::sigma::{LoadOptions, assemble, parse_documents};

#[path = "../../../../tests/oracle/scan.rs"]
mod scan;

use scan::Scan;

/// A member of an event: name, kind, text; canonical ones are not searched by keywords.
type Member = (&'static str, Kind, String, bool);

fn event(paths: &Paths, members: &[Member], source: LogSource, json: bool) -> Event {
    let mut event = Event::default();
    event.reset("a raw line with /cgi-bin/ and Ab1");
    event.meta.format = if json { Format::Json } else { Format::Plain };
    event.meta.logsource = source;
    for (name, kind, text, canonical) in members {
        let origin = if *canonical { Origin::Canonical } else { Origin::Line };
        event.push_text(paths.intern(name), *kind, text, origin);
    }
    event
}

fn load(texts: &[String]) -> RuleSet {
    let documents =
        texts.iter().enumerate().flat_map(|(n, text)| parse_documents(&format!("{n}.yml"), text).0);
    assemble(documents.collect(), &LoadOptions::default()).0
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[aAbB1]{0,3}",
        "[aAbB*?\\\\]{0,4}",
        "[abéÉkK\u{212a}İ./ -]{0,9}",
        "(foo|Bar|/cgi-bin/|power|[ab]){1,4}",
        select(vec![
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "2001:db8::1",
            "500",
            "500.0",
            "5e2",
            "-1",
            "true",
            "TRUE",
            "null"
        ])
        .prop_map(str::to_owned),
    ]
}

fn field() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c.d", "client_ip", "source.ip", "c-ip"])
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => text().prop_map(|text| quoted(&text)),
        1 => select(vec!["null", "true", "false", "500", "1.5", "5e2", "-1", "0"]).prop_map(str::to_owned),
    ]
}

/// `field|modifiers: value`, often one that means something.
fn item() -> impl Strategy<Value = String> {
    let modifiers = select(vec![
        "",
        "",
        "|contains",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|all",
        "|cased",
        "|contains|cased",
        "|re",
        "|re|i",
        "|neq",
        "|contains|neq",
        "|contains|all|neq",
        "|windash|contains",
        "|base64offset|contains",
        "|endswith|cased",
    ]);
    let special = prop_oneof![
        (field(), select(vec!["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "2001:db8::/32"]))
            .prop_map(|(field, cidr)| format!("{field}|cidr: {cidr}")),
        (field(), select(vec!["gt", "gte", "lt", "lte"]), select(vec!["0", "500", "-1.5"]))
            .prop_map(|(field, comparison, bound)| format!("{field}|{comparison}: {bound}")),
        (field(), any::<bool>()).prop_map(|(field, value)| format!("{field}|exists: {value}")),
        (field(), select(vec!["", "|contains", "|startswith", "|endswith", "|cased", "|neq"]), field())
            .prop_map(|(left, how, right)| format!("{left}|fieldref{how}: {right}")),
        field().prop_map(|field| format!("{field}: []")),
        (field(), select(vec!["(foo|bar).*b", "/cgi-bin/.*(a|b)", "^A", "b$", "(?i)power"]))
            .prop_map(|(field, regex)| format!("{field}|re: '{regex}'")),
    ];
    prop_oneof![
        4 => (field(), modifiers, vec(value(), 1..4)).prop_map(|(field, modifiers, values)| {
            format!("{}: [{}]", quoted(&format!("{field}{modifiers}")), values.join(", "))
        }),
        1 => special,
        1 => (select(vec!["|all", "|contains|all", "|re"]), vec(text(), 1..3)).prop_map(|(modifiers, texts)| {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            format!("'{modifiers}': [{}]", texts.join(", "))
        }),
    ]
}

fn search() -> impl Strategy<Value = String> {
    let map = || vec(item(), 1..3).prop_map(|items| format!("{{{}}}", items.join(", ")));
    prop_oneof![
        3 => map(),
        1 => vec(map(), 1..3).prop_map(|maps| format!("[{}]", maps.join(", "))),
        1 => vec(text(), 1..3).prop_map(|texts| {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", texts.join(", "))
        }),
    ]
}

fn condition() -> impl Strategy<Value = &'static str> {
    select(vec![
        "s1",
        "s1 and s2",
        "s1 or s2",
        "s1 and not s2",
        "not s1",
        "not (s1 and not s2)",
        "1 of them",
        "all of s*",
        "s1 and not 1 of s2*",
        "not s1 or s2",
        "not (s1 or s2)",
        "s1 and (s2 or not s1)",
    ])
}

fn logsource() -> impl Strategy<Value = &'static str> {
    select(vec!["{product: app}", "{product: app, category: web}", "{service: x}", "{category: db}"])
}

fn rule() -> impl Strategy<Value = String> {
    (search(), search(), condition(), logsource(), prop::option::of(search())).prop_map(
        |(s1, s2, condition, logsource, filter)| {
            let rule = format!(
                "title: T\nlogsource: {logsource}\ndetection:\n  s1: {s1}\n  s2: {s2}\n  condition: {condition}\n"
            );
            match filter {
                Some(filter) => format!(
                    "{rule}---\ntitle: F\nlogsource: {logsource}\nfilter:\n  rules: any\n  f: {filter}\n  condition: not f\n"
                ),
                None => rule,
            }
        },
    )
}

fn member() -> impl Strategy<Value = Member> {
    let kind = prop_oneof![
        6 => Just(Kind::String),
        1 => Just(Kind::Number),
        1 => Just(Kind::Null),
        1 => Just(Kind::Array),
        1 => Just(Kind::Object),
    ];
    let names = select(vec!["a", "b", "c.d", "client_ip", "source.ip", "c-ip", "other"]);
    (names, kind, text(), any::<bool>()).prop_map(|(name, kind, text, canonical)| {
        let text = match kind {
            Kind::Null => "null".to_owned(),
            Kind::Object => format!("{{\"k\": {}}}", quoted(&text)),
            _ => text,
        };
        (name, kind, text, canonical)
    })
}

fn source() -> impl Strategy<Value = LogSource> {
    (select(vec![None, Some("app"), Some("APP"), Some("os")]), select(vec![None, Some("web"), Some("db")]))
        .prop_map(|(product, category)| LogSource {
            product: product.map(Into::into),
            category: category.map(Into::into),
            service: None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_compiled_engine_finds_exactly_what_the_plain_evaluator_finds(
        rules in vec(rule(), 1..8),
        events in vec((vec(member(), 0..6), source(), any::<bool>()), 1..6),
        routing in any::<bool>(),
    ) {
        let set = load(&rules);
        let paths = Paths::new();
        let mut matcher = Matcher::compile(&set, &paths, MatcherOptions { routing });
        let mut scan = Scan::new(&set, &paths, routing);
        let (mut found, mut expect) = (Vec::new(), Vec::new());
        for (members, source, json) in events {
            let event = event(&paths, &members, source, json);
            matcher.matches(&event, &mut found);
            scan.matches(&event, &mut expect);
            prop_assert_eq!(&found, &expect, "{} on {:?}", rules.join("---\n"), members);
        }
    }
}

fn rule_for(logsource: &str, condition: &str) -> String {
    format!("title: T\nlogsource: {logsource}\ndetection:\n  sel: {{a: x}}\n  condition: {condition}\n")
}

fn matches(rules: &[String], source: LogSource, value: &str) -> Vec<u32> {
    let set = load(rules);
    assert_eq!(set.detections.len(), rules.len());
    let paths = Paths::new();
    let mut matcher = Matcher::compile(&set, &paths, MatcherOptions { routing: true });
    let mut found = Vec::new();
    matcher
        .matches(&event(&paths, &[("a", Kind::String, value.to_owned(), false)], source, true), &mut found);
    found.iter().map(|rule| rule.0).collect()
}

fn app(category: Option<&str>) -> LogSource {
    LogSource { product: Some("app".into()), category: category.map(Into::into), service: None }
}

#[test]
fn a_logsource_that_contradicts_the_event_keeps_a_rule_out() {
    let rules = [
        rule_for("{product: app}", "sel"),
        rule_for("{product: APP, category: web}", "sel"),
        rule_for("{product: windows}", "sel"),
        rule_for("{category: db}", "sel"),
    ];
    assert_eq!(matches(&rules, app(None), "x"), [0, 1, 3]);
    assert_eq!(matches(&rules, app(Some("web")), "x"), [0, 1]);
    assert_eq!(matches(&rules, LogSource::default(), "x"), [0, 1, 2, 3]);
}

#[test]
fn a_rule_that_needs_nothing_wants_its_logsource_for_certain() {
    let rules = [rule_for("{product: app, category: web}", "not sel"), rule_for("{product: app}", "not sel")];
    assert_eq!(matches(&rules, app(None), "y"), [1]);
    assert_eq!(matches(&rules, app(Some("web")), "y"), [0, 1]);
    assert_eq!(matches(&rules, LogSource::default(), "y"), [0; 0]);
}

#[test]
fn an_event_that_every_rule_wants_is_answered_in_full() {
    let rules: Vec<String> = (0..300).map(|_| rule_for("{product: app}", "sel")).collect();
    assert_eq!(matches(&rules, app(None), "X").len(), 300);
}

#[test]
fn rules_are_looked_at_only_when_their_required_atom_stands_in_the_event() {
    let set = load(&[rule_for("{product: app}", "sel"), rule_for("{product: app}", "not sel")]);
    let paths = Paths::new();
    let mut matcher = Matcher::compile(&set, &paths, MatcherOptions { routing: false });
    let mut found = Vec::new();
    for value in ["x", "y", "z"] {
        let event = event(&paths, &[("a", Kind::String, value.to_owned(), false)], app(None), true);
        matcher.matches(&event, &mut found);
    }
    assert_eq!(
        matcher.counters(),
        [RuleCounter { evaluated: 1, matched: 1 }, RuleCounter { evaluated: 3, matched: 2 },]
    );
}

/// Anything that looks a little like a rule.
fn rule_like() -> impl Strategy<Value = String> {
    let word = select(vec![
        "title: T\n",
        "logsource: {product: app}\n",
        "detection:\n",
        "  sel:\n",
        "    a|contains: ",
        "    - ",
        "'*'",
        "\"\\",
        "  condition: ",
        "sel",
        " and ",
        " not ",
        "1 of ",
        "them",
        "(",
        ")",
        "|",
        "correlation:\n",
        "  type: temporal\n",
        "  rules: [a]\n",
        "  timespan: 5m\n",
        "filter:\n",
        "---\n",
        "&a ",
        "*a",
        "[",
        "{",
        "]",
        "}",
        "re: '(",
        "%x%",
        "é\n",
        "\t",
        "null",
        "10.0.0.0/8",
        "\n",
    ]);
    vec(prop_oneof![8 => word.prop_map(str::to_owned), 1 => any::<String>()], 0..40)
        .prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_the_reader_panic(text in rule_like()) {
        let (documents, diagnostics) = parse_documents("t.yml", &text);
        let (set, more) = assemble(documents, &LoadOptions::default());
        for diagnostic in diagnostics.iter().chain(&more) {
            prop_assert!(!diagnostic.to_string().is_empty());
        }
        let matcher = Matcher::compile(&set, &Paths::new(), MatcherOptions::default());
        prop_assert_eq!(matcher.counters().len(), set.detections.len());
        drop(crate::sigma::lint::lint(&set));
    }

    #[test]
    fn no_condition_makes_the_parser_panic(text in "(sel|and|or|not|1 of|all of|them|x_\\*|\\(|\\)|[|]|near| |\\PC){0,40}") {
        if let Ok(parsed) = crate::sigma::condition::parse(&text) {
            drop(crate::sigma::condition::resolve(&parsed.syntax, &["sel", "x_1"]));
        }
    }
}

/// Values that hit every part of the prefilter at once, as long as a line may be.
#[test]
fn hostile_values_are_answered_like_any_other() {
    let texts: Vec<String> = [
        "a|contains: [aaaa, aaaaaaaa, aaaaaaab]",
        "a|endswith: [a, aa, aaaaaaaaaa]",
        "a|re: '(a+)+$'",
        "a: '*a*a*a*a*b'",
        "a: '*?a?a?a*b*'",
    ]
    .iter()
    .map(|item| {
        format!("title: T\nlogsource: {{product: app}}\ndetection:\n  sel: {{{item}}}\n  condition: sel\n")
    })
    .collect();
    let set = load(&texts);
    assert_eq!(set.detections.len(), texts.len());
    let paths = Paths::new();
    let mut matcher = Matcher::compile(&set, &paths, MatcherOptions { routing: false });
    let mut scan = Scan::new(&set, &paths, false);
    let members: Vec<Member> = std::iter::once(("a", Kind::String, "a".repeat(200_000), false))
        .chain((0..1_000).map(|_| ("a", Kind::String, "aaaa".to_owned(), false)))
        .collect();
    let event = event(&paths, &members, app(None), true);
    let (mut found, mut expect) = (Vec::new(), Vec::new());
    matcher.matches(&event, &mut found);
    scan.matches(&event, &mut expect);
    assert_eq!(found, expect);
    assert_eq!(found.len(), 3);
}
