use super::*;

const RULE: &str =
    "title: T\nname: base\nlogsource: {product: app}\ndetection:\n  sel:\n    a: 1\n  condition: sel\n";

fn check_messages(text: &str, expect: &[&str]) {
    let (_, diagnostics) = parse_documents("t.yml", text);
    let messages: Vec<String> =
        diagnostics.iter().map(|d| format!("{}:{}: {}", d.at.line, d.at.column, d.message)).collect();
    assert_eq!(messages, expect, "{text}");
}

#[test]
fn all_mistakes_of_a_file_are_reported_with_their_place() {
    check_messages(
        "title: T\nlevel: hihg\nlogsource: {product: app}\ndetection:\n  sel:\n    a|startwith: x\n    b|re: '('\n    c: {d: 1}\n  condition: sel and sell\n",
        &[
            "2:8: `hihg` is not a level",
            "6:7: unknown modifier `startwith` on `a|startwith`",
            "7:11: not a regular expression that can be run: unclosed group (in `b|re`)",
            "8:8: a map cannot be a value here (in `c`)",
            "9:22: unknown search identifier `sell`",
        ],
    );
}

#[test]
fn a_document_with_an_error_is_left_out_and_the_others_load() {
    let (documents, diagnostics) = parse_documents("t.yml", &format!("{RULE}---\ntitle: X\n---\n{RULE}"));
    assert_eq!(documents.len(), 2);
    assert!(diagnostics.iter().all(|d| d.rule.as_deref() == Some("X")), "{diagnostics:?}");
    assert_eq!(documents[1].header().at.line, 11);
}

#[test]
fn searches_that_mean_nothing_are_refused() {
    let check = |search: &str, expect: &str| {
        let text =
            format!("title: T\nlogsource: {{product: app}}\ndetection:\n  sel: {search}\n  condition: sel\n");
        let (documents, diagnostics) = parse_documents("t.yml", &text);
        assert!(documents.is_empty(), "{search}");
        assert!(diagnostics[0].message.contains(expect), "{search}: {}", diagnostics[0].message);
    };
    check("{}", "is empty");
    check("[]", "is empty");
    check("[[a]]", "list within a list");
    check("{a: [[b]]}", "a list cannot be a value");
    check("{'|contains|all': [], a: 1}", "needs a text");
    check("{'': x}", "field name is empty");
    check("", "has no value");
}

#[test]
fn custom_keys_are_kept_and_typos_are_told() {
    let (documents, diagnostics) =
        parse_documents("t.yml", &format!("{RULE}simulation: x\nlevle: high\nsoctop:\n  schema: 1\n"));
    let Document::Detection(rule) = &documents[0] else { panic!() };
    assert_eq!(rule.header.custom.len(), 2);
    assert!(rule.extension.is_some());
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].hint.as_deref(), Some("did you mean `level`?"));
}

#[test]
fn time_spans() {
    use super::correlation::parse_timespan;
    assert_eq!(parse_timespan("90s"), Ok(90_000_000_000));
    assert_eq!(parse_timespan("1M"), Ok(2_629_746_000_000_000));
    for text in ["", "s", "5", "5x", "0s", "-1s", "1.5h", "400y", "99999999999999999999s"] {
        assert!(parse_timespan(text).is_err(), "{text}");
    }
}

fn correlation(body: &str) -> String {
    format!("{RULE}---\ntitle: C\nname: corr\ncorrelation:\n{body}")
}

#[test]
fn a_correlation_is_read_in_full() {
    let text = correlation(
        "  type: value_avg\n  rules: base\n  group-by: who\n  timespan: 5m\n  generate: true\n  aliases:\n    who: {base: user}\n  condition: {gt: -2.5, lte: 10, field: ms}\n",
    );
    let (documents, diagnostics) = parse_documents("t.yml", &text);
    assert_eq!(diagnostics, []);
    let (set, diagnostics) = assemble(documents, &LoadOptions::default());
    assert_eq!(diagnostics, []);
    let rule = &set.correlations[0];
    assert_eq!(rule.inputs, [crate::sigma::RuleIndex(0)]);
    assert!(rule.correlation.generate);
    assert_eq!(rule.correlation.group_by, ["who"]);
    assert_eq!(rule.correlation.aliases["who"]["base"], "user");
    let crate::sigma::rule::CorrelationCondition::Thresholds { thresholds, .. } = &rule.correlation.condition
    else {
        panic!()
    };
    assert_eq!(thresholds.len(), 2);
}

#[test]
fn mistakes_in_correlations() {
    let check = |body: &str, expect: &str| {
        let (documents, mut diagnostics) = parse_documents("t.yml", &correlation(body));
        let (set, more) = assemble(documents, &LoadOptions::default());
        diagnostics.extend(more);
        assert!(set.correlations.is_empty(), "{body}");
        assert!(diagnostics.iter().any(|d| d.message.contains(expect)), "{body}: {diagnostics:?}");
    };
    check(
        "  type: event_counter\n  rules: [base]\n  timespan: 1m\n  condition: {gte: 2}\n",
        "not a correlation type",
    );
    check(
        "  type: event_count\n  rules: [base]\n  timeframe: 1m\n  condition: {gte: 2}\n",
        "`timeframe` is the old name",
    );
    check("  type: event_count\n  rules: [base]\n  timespan: 5x\n  condition: {gte: 2}\n", "not a time span");
    check("  type: event_count\n  rules: [base]\n  timespan: 5m\n  condition: {ge: 2}\n", "unknown key `ge`");
    check("  type: event_count\n  rules: [base]\n  timespan: 5m\n", "needs a `condition`");
    check("  type: event_count\n  rules: [bas]\n  timespan: 5m\n  condition: {gte: 2}\n", "no loaded rule");
    check(
        "  type: event_count\n  rules: [corr]\n  timespan: 5m\n  condition: {gte: 2}\n",
        "refers to itself",
    );
    check("  type: value_count\n  rules: [base]\n  timespan: 5m\n  condition: {gte: 2}\n", "needs a `field`");
    check(
        "  type: temporal\n  rules: [base, b]\n  timespan: 5m\n  condition: base and c\n",
        "`c` is not one of the `rules`",
    );
    check(
        "  type: event_count\n  rules: [base]\n  timespan: 5m\n  groupby: a\n  condition: {gte: 2}\n",
        "unknown key `groupby`",
    );
}

#[test]
fn extended_conditions_name_their_rules_themselves() {
    let text = correlation("  type: temporal\n  timespan: 5m\n  condition: base and not other\n");
    let other = RULE.replace("base", "other");
    let (documents, diagnostics) = parse_documents("t.yml", &format!("{other}---\n{text}"));
    assert_eq!(diagnostics, []);
    let (set, diagnostics) = assemble(documents, &LoadOptions::default());
    assert_eq!(diagnostics, []);
    assert_eq!(set.correlations[0].correlation.rules.len(), 2);
    let rule = &set.correlations[0];
    assert_eq!(rule.inputs, [1, 0].map(crate::sigma::RuleIndex));
    assert!(!rule.correlation.generate);
}

#[test]
fn duplicates_and_missing_placeholders_are_left_out() {
    let expand = RULE.replace("name: base", "name: e").replace("a: 1", "a|expand: '%admins%'");
    let text = format!("{RULE}---\n{RULE}---\n{expand}");
    let (documents, _) = parse_documents("t.yml", &text);
    let (set, diagnostics) = assemble(documents.clone(), &LoadOptions::default());
    assert_eq!(set.detections.len(), 1);
    assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
    let options = LoadOptions { placeholders: [("admins".to_owned(), vec!["root".to_owned()])].into() };
    let (set, _) = assemble(documents, &options);
    assert_eq!(set.detections.len(), 2);
}

#[test]
fn filters_apply_by_id_name_or_logsource() {
    let filter = |rules: &str, product: &str| {
        let text = format!(
            "{RULE}---\ntitle: F\nlogsource: {{product: {product}}}\nfilter:\n  rules: {rules}\n  sel: {{u: x}}\n  condition: not sel\n"
        );
        let (documents, diagnostics) = parse_documents("t.yml", &text);
        assert_eq!(diagnostics, []);
        assemble(documents, &LoadOptions::default()).0.detections[0].filters.len()
    };
    assert_eq!(filter("[base]", "app"), 1);
    assert_eq!(filter("any", "app"), 1);
    assert_eq!(filter("[]", "app"), 1);
    assert_eq!(filter("[other]", "app"), 0);
    assert_eq!(filter("[base]", "other"), 0);
}

#[test]
fn a_collection_does_not_stop_the_whole_rules_beside_it() {
    let text = format!(
        "action: global\ntitle: g\nlogsource: {{product: x}}\n---\ndetection:\n  a: {{b: c}}\n  condition: a\n---\n{RULE}"
    );
    let (documents, diagnostics) = parse_documents("t.yml", &text);
    assert_eq!(documents.len(), 1);
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert!(diagnostics[0].message.contains("`action`"), "{}", diagnostics[0].message);
}

#[test]
fn what_a_later_sigma_means_is_refused_by_name() {
    let refused = |text: &str| {
        let (documents, diagnostics) = parse_documents("t.yml", text);
        assert!(documents.is_empty() && diagnostics.len() == 1, "{diagnostics:?}");
        diagnostics[0].message.clone()
    };
    assert!(refused(&format!("{RULE}sigma-version: 3\n")).contains("newer than what soctop reads"));
    assert!(refused(&format!("{RULE}sigma-version: soon\n")).contains("not a version of Sigma"));
    for version in ["2", "v2.1.0", "1"] {
        let (documents, diagnostics) = parse_documents("t.yml", &format!("{RULE}sigma-version: {version}\n"));
        assert_eq!((documents.len(), diagnostics.len()), (1, 0), "{version}");
    }
    let rule = |field: &str| {
        format!("title: t\nlogsource: {{product: x}}\ndetection:\n  a:\n    '{field}': x\n  condition: a\n")
    };
    for field in ["ips[any]", "ips[0].name", "a.ips[*]|contains"] {
        assert!(refused(&rule(field)).contains("syntax for arrays"), "{field}");
    }
    assert_eq!(parse_documents("t.yml", &rule("a[b]c")).0.len(), 1);
}
