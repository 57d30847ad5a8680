//! A rule in words, its compiled form, and why it matched an event or did not.

use crate::detect::compile::{Node, Program};
use crate::detect::prefilter::Atom;
use crate::event::quantity::span_text;
use crate::event::{Event, Kind, PathId, PathNames, Paths};
use crate::sigma::Board;
use crate::sigma::comparison::Comparison;
use crate::sigma::decimal::Decimal;
use crate::sigma::extension::Extension;
use crate::sigma::matcher::{Affix, FieldRef, Part, Pattern, Test, TimePart};
use crate::sigma::rule::{
    Condition, CorrelationCondition, CorrelationKind, CorrelationRule, Detection, DetectionRule, Item,
    Modifier, RuleIndex, RuleSet, Search,
};
use crate::sigma::scan::{View, keyword_texts, value_text};
use crate::sigma::taxonomy::{FieldResolver, FieldSlot, canonical_of};

/// Most values of an item, and most fields of an event, that are written out.
const MAX_LISTED: usize = 12;

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Nesting, from 0.
    pub depth: usize,
    /// With an event: whether this part holds.
    pub holds: Option<bool>,
    pub text: String,
    /// With an event: what stands in it, or why the part does not hold.
    pub note: Option<String>,
}

/// What a detection rule asks for; with an event also which parts of it hold, and why the others
/// do not.
#[must_use]
pub fn detection(rule: &DetectionRule, event: Option<(&Event, &Paths)>) -> Vec<Line> {
    let mut fields = event.map(|(_, paths)| FieldResolver::new(paths));
    let mut explainer = Explainer {
        view: event.zip(fields.as_mut()).map(|((event, _), fields)| View { event, fields }),
        paths: event.map(|(_, paths)| paths),
        lines: Vec::new(),
    };
    explainer.detection(&rule.detection, "matches when");
    for filter in &rule.filters {
        explainer.detection(&filter.detection, &format!("and by the filter `{}`", filter.header.reference()));
    }
    explainer.lines
}

/// What an event has to do with a rule: which parts of a detection hold; of a correlation, which of the
/// rules whose matches it counts.
#[must_use]
pub fn event(rules: &RuleSet, rule: RuleIndex, event: &Event, paths: &Paths) -> Vec<Line> {
    if let Some(rule) = rules.detections.get(rule.index()) {
        return detection(rule, Some((event, paths)));
    }
    let Some(rule) = rules.correlations.get(rule.index() - rules.detections.len()) else { return Vec::new() };
    let mut lines = Vec::new();
    for (place, input) in rule.inputs.iter().enumerate() {
        if rule.inputs.iter().take(place).any(|before| before == input) {
            continue;
        }
        let name = rules.header(*input).map_or("", |header| header.reference());
        let text = format!("an event for `{name}`");
        // Inputs come before the rules that count them: this ends.
        let parts = self::event(rules, *input, event, paths);
        let mut heads = parts.iter().filter(|line| line.depth == 0);
        let holds = Some(if rules.detections.get(input.index()).is_some() {
            heads.all(|line| line.holds == Some(true))
        } else {
            heads.any(|line| line.holds == Some(true))
        });
        lines.push(Line { depth: 0, holds, text, note: None });
        lines.extend(parts.into_iter().map(|line| Line { depth: line.depth + 1, ..line }));
    }
    lines
}

/// What a correlation rule asks for.
#[must_use]
pub fn correlation(rule: &CorrelationRule, rules: &RuleSet) -> Vec<Line> {
    let line = |depth, text| Line { depth, holds: None, text, note: None };
    let correlation = &rule.correlation;
    let mut lines = vec![line(0, format!("fires when {}", threshold_words(rule)))];
    let group = if correlation.group_by.is_empty() {
        "all events together".to_owned()
    } else {
        correlation.group_by.join(", ")
    };
    lines.push(line(1, format!("within {} for the same {group}", span_text(correlation.timespan))));
    lines.push(line(0, "over the matches of".to_owned()));
    for (reference, input) in correlation.rules.iter().zip(&rule.inputs) {
        let title = rules.header(*input).map_or("", |header| &header.title);
        lines.push(line(1, format!("{} ({title})", reference.value)));
    }
    for (alias, fields) in &correlation.aliases {
        let fields: Vec<String> = fields.iter().map(|(rule, field)| format!("{field} in {rule}")).collect();
        lines.push(line(0, format!("`{alias}` is {}", fields.join(", "))));
    }
    lines.extend(rule.extension.iter().flat_map(extension).map(|text| line(0, text)));
    lines
}

fn threshold_words(rule: &CorrelationRule) -> String {
    let kind = rule.correlation.kind;
    match &rule.correlation.condition {
        CorrelationCondition::Thresholds { thresholds, .. } if thresholds.is_empty() => match kind {
            CorrelationKind::TemporalOrdered => "every rule matches, in this order".to_owned(),
            _ => "every rule matches".to_owned(),
        },
        CorrelationCondition::Thresholds { thresholds, fields, percentile } => {
            let bounds = thresholds.iter().map(|(comparison, bound)| bound_words(*comparison, bound));
            let bounds = bounds.collect::<Vec<_>>().join(" and ");
            measured(kind, &fields.join(", "), percentile.as_ref(), &bounds)
        }
        CorrelationCondition::Expression(_) => "its condition over the rules holds".to_owned(),
    }
}

/// `5 or more`.
fn bound_words(comparison: Comparison, bound: &Decimal) -> String {
    match comparison {
        Comparison::Gt => format!("more than {bound}"),
        Comparison::Gte => format!("{bound} or more"),
        Comparison::Lt => format!("fewer than {bound}"),
        Comparison::Lte => format!("{bound} or fewer"),
        Comparison::Eq => format!("exactly {bound}"),
        Comparison::Neq => format!("any number but {bound}"),
    }
}

/// What is compared with the bounds: `5 or more events match`.
fn measured(kind: CorrelationKind, fields: &str, percentile: Option<&Decimal>, bounds: &str) -> String {
    match kind {
        CorrelationKind::EventCount => format!("{bounds} events match"),
        CorrelationKind::ValueCount => format!("{bounds} different values of {fields} match"),
        CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => {
            format!(
                "{bounds} of the rules match{}",
                if kind == CorrelationKind::Temporal { "" } else { " in this order" }
            )
        }
        CorrelationKind::ValuePercentile => {
            format!(
                "{fields} is {bounds} at percentile {}",
                percentile.map_or_else(String::new, Decimal::to_string)
            )
        }
        kind => format!("{} of {fields} is {bounds}", kind.word().trim_start_matches("value_")),
    }
}

/// What the `soctop:` block adds to a correlation.
fn extension(block: &Extension) -> Vec<String> {
    let mut lines = Vec::new();
    if !block.reset_on.is_empty() {
        let rules: Vec<&str> = block.reset_on.iter().map(|rule| rule.value.as_str()).collect();
        lines.push(format!("counts from zero again after {}", rules.join(" or ")));
    }
    if let Some(states) = &block.states {
        lines.push(format!(
            "moves {} between the states {}",
            board_words(states.board),
            states.names.join(", ")
        ));
        let name = |state: usize| states.names.get(state).map_or("", String::as_str);
        for timeout in &states.timeouts {
            let (from, to) = (name(timeout.state), name(timeout.to));
            lines.push(format!("`{from}` becomes `{to}` after {}", span_text(timeout.after)));
        }
    }
    if let Some(quiet) = block.alert.close_after {
        lines.push(format!("its incident closes after {} without a match", span_text(quiet)));
    }
    if let Some(risk) = &block.risk {
        let (entities, half) = (risk.entities.join(" and "), span_text(risk.half_life));
        lines.push(format!("adds {} points of risk to {entities}, halved every {half}", risk.points));
    }
    lines
}

fn board_words(board: Board) -> &'static str {
    match board {
        Board::Lockout => "an account on the board of lockouts",
        Board::Breaker => "a dependency on the board of breakers",
        Board::BlockedAddress => "an address on the board of blocks",
        Board::RateLimited => "a client on the board of limits",
        Board::RevokedToken => "a token on the board of tokens",
        Board::SilentSource => "a source",
        Board::Other => "its group",
    }
}

/// The compiled condition of a rule: its comparisons as numbers, in the order in which they are made.
/// Equal ones are one, also across rules.
#[must_use]
pub fn compiled(program: &Program, rule: usize) -> String {
    let mut items = Vec::new();
    program.rules.get(rule).map_or(String::new(), |rule| formula(&rule.root, false, &mut items))
}

fn formula(node: &Node, inside: bool, items: &mut Vec<u32>) -> String {
    let mut many = |nodes: &[Node], word: &str| {
        let terms: Vec<String> = nodes.iter().map(|node| formula(node, true, items)).collect();
        let joined = terms.join(word);
        if inside && terms.len() > 1 { format!("({joined})") } else { joined }
    };
    match node {
        Node::And(nodes) => many(nodes, " and "),
        Node::Or(nodes) => many(nodes, " or "),
        Node::Not(inner) => format!("not {}", formula(inner, true, items)),
        Node::Item(item) => {
            let known = items.iter().position(|known| known == item);
            let number = known.unwrap_or_else(|| {
                items.push(*item);
                items.len() - 1
            });
            (number + 1).to_string()
        }
    }
}

/// The atoms under which the prefilter files a rule, in words.
#[must_use]
pub fn required_atoms(program: &Program, rule: usize) -> Vec<String> {
    let Some(rule) = program.rules.get(rule) else { return Vec::new() };
    match &rule.required {
        None => vec!["looked at for every event of its logsource".to_owned()],
        Some(atoms) => {
            let name = |slot: &FieldSlot| program.fields.name(*slot).to_owned();
            let mut words: Vec<String> = atoms.iter().map(|(atom, _)| atom_words(atom, name)).collect();
            words.sort();
            words.dedup();
            words
        }
    }
}

fn atom_words(atom: &Atom, name: impl Fn(&FieldSlot) -> String) -> String {
    match atom {
        Atom::Present(slot) => format!("{} is there", name(slot)),
        Atom::Is(slot, text) => format!("{} is `{text}`", name(slot)),
        Atom::StartsWith(slot, text) => format!("{} starts with `{text}`", name(slot)),
        Atom::EndsWith(slot, text) => format!("{} ends with `{text}`", name(slot)),
        Atom::Contains(slot, text) => format!("{} contains `{text}`", name(slot)),
        Atom::In(slot, cidr) => format!("{} is in {}/{}", name(slot), cidr.network, cidr.prefix),
        Atom::Compares(slot, comparison, bound) => {
            format!("{} is {} {}", name(slot), comparison.word(), super::prefilter::filed_number(*bound))
        }
        Atom::Keyword(text) => format!("`{text}` anywhere in the event"),
    }
}

struct Explainer<'a> {
    view: Option<View<'a>>,
    paths: Option<&'a Paths>,
    lines: Vec<Line>,
}

impl Explainer<'_> {
    fn push(&mut self, depth: usize, holds: Option<bool>, text: String, note: Option<String>) {
        self.lines.push(Line { depth, holds, text, note });
    }

    fn detection(&mut self, detection: &Detection, title: &str) {
        let holds = self.view.as_mut().map(|view| view.detection(detection));
        self.push(0, holds, format!("{title} {}", one_line(&detection.condition_text)), None);
        let mut named = Vec::new();
        used(&detection.condition, &mut named);
        for (index, identifier) in detection.identifiers.iter().enumerate() {
            let holds = self.view.as_mut().map(|view| view.search(&identifier.search));
            let unused = if named.contains(&index) { "" } else { " (not used by the condition)" };
            self.push(1, holds, format!("{}{unused}", identifier.name.value), None);
            self.search(&identifier.search, 2);
        }
    }

    fn search(&mut self, search: &Search, depth: usize) {
        let (title, inner) = match search {
            Search::Item(item) => return self.item(item, depth),
            Search::All(inner) => ("all of", inner),
            Search::Any(inner) => ("any of", inner),
        };
        let mut depth = depth;
        if inner.len() > 1 {
            let holds = self.view.as_mut().map(|view| view.search(search));
            self.push(depth, holds, title.to_owned(), None);
            depth += 1;
        }
        inner.iter().for_each(|inner| self.search(inner, depth));
    }

    fn item(&mut self, item: &Item, depth: usize) {
        let holds = self.view.as_mut().map(|view| view.item(item));
        let note = self.view.is_some().then(|| self.found(item));
        self.push(depth, holds, item_words(item), note);
    }

    /// What the event has where the item looks.
    fn found(&mut self, item: &Item) -> String {
        let Some(view) = &mut self.view else { return String::new() };
        let Some(field) = &item.field else {
            let count = keyword_texts(view.event).count();
            return format!("searched in {count} values");
        };
        let slot = view.fields.slot(field);
        let fields = view.fields.fields(view.event, slot);
        let texts: Vec<String> = fields
            .iter()
            .take(MAX_LISTED)
            .map(|found| match found.kind {
                Kind::Null => "null".to_owned(),
                _ => value_text(view.event, found).map_or("a list".to_owned(), |text| format!("`{text}`")),
            })
            .collect();
        if texts.is_empty() {
            return self.absent(field);
        }
        let through = fields.first().filter(|found| Some(found.path) == canonical_of(field));
        let through = through.and_then(|found| self.path_name(found.path)).filter(|name| name != field);
        match through {
            Some(name) => format!("{name} is {}", texts.join(", ")),
            None => format!("is {}", texts.join(", ")),
        }
    }

    fn absent(&self, field: &str) -> String {
        let (Some(view), Some(paths)) = (&self.view, self.paths) else { return String::new() };
        let names = paths.read();
        let fields = names_of(view.event, &names);
        // In names of three letters everything is similar.
        let similar = fields.iter().map(String::as_str).filter(|_| field.len() > 3);
        match crate::sigma::diagnostic::nearest(field, similar) {
            Some(similar) => format!("the event has no `{field}`, but `{similar}`"),
            None => format!("the event has no `{field}`"),
        }
    }

    fn path_name(&self, path: PathId) -> Option<String> {
        Some(self.paths?.read().name(path).to_owned())
    }
}

fn names_of(event: &Event, names: &PathNames) -> Vec<String> {
    (0..event.fields().len()).map(|index| event.name(index, names).to_owned()).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn used(condition: &Condition, indexes: &mut Vec<usize>) {
    match condition {
        Condition::Identifier(index) => indexes.push(*index),
        Condition::Not(inner) => used(inner, indexes),
        Condition::And(terms) | Condition::Or(terms) => terms.iter().for_each(|term| used(term, indexes)),
        Condition::Quantified { identifiers, .. } => indexes.extend(identifiers),
    }
}

/// `user starts with admin, or root`.
fn item_words(item: &Item) -> String {
    let subject = item.field.as_deref().unwrap_or("any value");
    let mut values: Vec<String> = item
        .values
        .iter()
        .take(MAX_LISTED)
        .map(|value| match value.tests.as_slice() {
            [test] => test_words(test, item.field.is_none()),
            [] => "a list from the configuration".to_owned(),
            [first, rest @ ..] => {
                let also =
                    if item.modifiers.contains(&Modifier::Windash) { "other dashes" } else { "other forms" };
                format!("{} ({} {also})", test_words(first, item.field.is_none()), rest.len())
            }
        })
        .collect();
    if item.values.len() > MAX_LISTED {
        values.push(format!("one of {} more", item.values.len() - MAX_LISTED));
    }
    // The verb stands once: `contains a, or b`.
    let joined = values.join(if item.all { ", and " } else { ", or " });
    let cased = if item.modifiers.contains(&Modifier::Cased) { " (case matters)" } else { "" };
    let not = if item.negated { "not: " } else { "" };
    format!("{not}{subject} {joined}{cased}")
}

fn test_words(test: &Test, keyword: bool) -> String {
    match test {
        Test::Text(pattern) => pattern_words(pattern, keyword),
        Test::Number(number) => format!("is the number {}", super::prefilter::filed_number(*number)),
        Test::Bool(value) => format!("is {value}"),
        Test::Null => "is absent or null".to_owned(),
        Test::Exists(true) => "is there".to_owned(),
        Test::Exists(false) => "is not there".to_owned(),
        Test::Regex(regex) => format!("matches /{}/", regex.pattern),
        Test::Cidr(cidr) => format!("is in {}/{}", cidr.network, cidr.prefix),
        Test::Compare(comparison, bound) => {
            format!("is {} {}", comparison.word(), super::prefilter::filed_number(*bound))
        }
        Test::Time(part, comparison, bound) => {
            format!(
                "has a {} {} {}",
                part_word(*part),
                comparison.word(),
                super::prefilter::filed_number(*bound)
            )
        }
        Test::FieldRef(FieldRef { field, how, .. }) => {
            let verb = match how {
                Affix::Whole => "is the same as",
                Affix::Contains => "contains",
                Affix::StartsWith => "starts with",
                Affix::EndsWith => "ends with",
            };
            format!("{verb} the field {field}")
        }
    }
}

fn part_word(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}

fn pattern_words(pattern: &Pattern, keyword: bool) -> String {
    match pattern.parts.as_slice() {
        [] => "is empty".to_owned(),
        [Part::Any] => "is anything".to_owned(),
        [Part::Literal(text)] => format!("is `{text}`"),
        [Part::Literal(text), Part::Any] => format!("starts with `{text}`"),
        [Part::Any, Part::Literal(text)] => format!("ends with `{text}`"),
        [Part::Any, Part::Literal(text), Part::Any] => {
            let verb = if keyword { "has" } else { "contains" };
            format!("{verb} `{text}`")
        }
        parts => {
            let text: String = parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => text.as_str(),
                    Part::Any => "*",
                    Part::One => "?",
                })
                .collect();
            format!("looks like `{text}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Matcher, MatcherOptions};
    use crate::event::{Origin, canonical};
    use crate::sigma::{LoadOptions, assemble, parse_documents};

    const RULES: &str = "title: T\nlogsource: {product: app}\ndetection:\n  sel:\n    event: login_failed\n    client_ip|cidr: 10.0.0.0/8\n    usrname|startswith: [adm, root]\n  out:\n    - {username|re: '^a+$', n|gt: 5}\n    - {m: null}\n  condition: sel and not out\n";

    fn show(lines: &[Line]) -> String {
        let mark = |line: &Line| line.holds.map_or("", |holds| if holds { "+ " } else { "- " });
        let note = |line: &Line| line.note.as_ref().map_or(String::new(), |note| format!("  <{note}>"));
        lines
            .iter()
            .map(|line| format!("{}{}{}{}\n", "  ".repeat(line.depth), mark(line), line.text, note(line)))
            .collect()
    }

    #[test]
    fn a_rule_in_words_and_every_part_of_it_against_an_event() {
        let (documents, _) = parse_documents("t.yml", RULES);
        let (set, _) = assemble(documents, &LoadOptions::default());
        let paths = Paths::new();
        let mut event = Event::default();
        event.reset("");
        event.push_text(paths.intern("event"), Kind::String, "login_failed", Origin::Line);
        event.push_text(canonical::SOURCE_IP, Kind::String, "10.1.1.1", Origin::Canonical);
        event.push_text(paths.intern("username"), Kind::String, "admin", Origin::Line);
        event.push_text(paths.intern("n"), Kind::Number, "7", Origin::Line);
        let lines = detection(&set.detections[0], Some((&event, &paths)));
        insta::assert_snapshot!(show(&lines), @r"
        - matches when sel and not out
          - sel
            - all of
              + event is `login_failed`  <is `login_failed`>
              + client_ip is in 10.0.0.0/8  <source.ip is `10.1.1.1`>
              - usrname starts with `adm`, or starts with `root`  <the event has no `usrname`, but `username`>
          + out
            + any of
              - all of
                - username matches /^a+$/  <is `admin`>
                + n is gt 5  <is `7`>
              + m is absent or null  <the event has no `m`>
        ");
        let matcher = Matcher::compile(&set, &paths, MatcherOptions::default());
        insta::assert_snapshot!(required_atoms(matcher.program(), 0).join("; "), @"event is `login_failed`");
        insta::assert_snapshot!(compiled(matcher.program(), 0), @"1 and 2 and 3 and not ((4 and 5) or 6)");
    }
}
