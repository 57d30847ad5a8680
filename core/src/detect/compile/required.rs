//! Required atoms: for each rule, those of which one must hold for the rule to match. The literals of its
//! texts are most of them.
//!
//! From a conjunction the cheapest part is taken, a disjunction must bring all of its parts, a
//! negation brings nothing (but `not field: null` says that the field is there). Cheap means: likely
//! to hold for few events. That is guessed from the length of the text, and from how many rules share
//! the atom: what many rules ask for (`EventID: 1`) is common in the events they are written for, and
//! what half of the rules ask of a field (`event: http_request`) is what half of its values are; and
//! some texts are met every day.

use hashbrown::HashMap;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::Node;
use super::item::{AnyOf, ItemProgram, Shape, Target, shape};
use crate::detect::prefilter::{Atom, MIN_SUBSTRING, Posting, filed_number, is_common};
use crate::event::number::{to_f64, to_u32, to_usize};
use crate::sigma::matcher::{Part, Pattern, RegexTest, Test, fold};
use crate::sigma::taxonomy::FieldSlot;

/// Most alternatives that a regular expression may contribute.
const MAX_REGEX_LITERALS: usize = 16;

/// How much more often a text is met in a whole event than in one field.
const KEYWORD: f64 = 4.0;

/// The least share of events that are guessed to have an common text in a field.
const COMMON: f64 = 0.2;

type Atoms = Vec<(Atom, u32)>;

/// Facts of which one must hold, each with the item it settles; `None`: the rule needs none.
pub type RequiredAtoms = Option<Box<[(Atom, u32)]>>;

/// The required atoms of each rule; `None` where a rule can match without any.
pub(super) fn choose(roots: &[Node], items: &[ItemProgram]) -> Vec<RequiredAtoms> {
    let candidates: Vec<Option<Vec<Atoms>>> =
        items.iter().enumerate().map(|(index, item)| of_item(to_u32(index), item)).collect();
    let mut uses: HashMap<&Atom, u32> = HashMap::new();
    let mut values: HashMap<FieldSlot, u32> = HashMap::new();
    for (candidate, rules) in candidates.iter().zip(item_uses(roots, items.len())) {
        for (atom, _) in candidate.iter().flatten().flatten() {
            *uses.entry(atom).or_default() += rules;
            if let Atom::Is(slot, _) = atom {
                *values.entry(*slot).or_default() += rules;
            }
        }
    }
    let chooser = Chooser { candidates: &candidates, items, uses: &uses, values: &values };
    roots
        .iter()
        .map(|root| {
            chooser.positive(root).map(|chosen| {
                let mut chosen: Vec<(Atom, u32)> = chosen.cloned();
                chosen.sort_unstable_by_key(|(_, item)| *item);
                chosen.into_boxed_slice()
            })
        })
        .collect()
}

/// How often rules ask for each item: rules that say the same share one.
fn item_uses(roots: &[Node], items: usize) -> Vec<u32> {
    fn count(node: &Node, uses: &mut [u32]) {
        match node {
            Node::Item(item) => uses[to_usize(*item)] += 1,
            Node::Not(inner) => count(inner, uses),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| count(node, uses)),
        }
    }
    let mut uses = vec![0; items];
    roots.iter().for_each(|root| count(root, &mut uses));
    uses
}

struct Chooser<'a> {
    candidates: &'a [Option<Vec<Atoms>>],
    items: &'a [ItemProgram],
    uses: &'a HashMap<&'a Atom, u32>,
    /// How often rules ask for a whole value of a field.
    values: &'a HashMap<FieldSlot, u32>,
}

/// A set of required atoms and the share of events it is guessed to hold for.
struct Chosen<'a> {
    parts: Vec<&'a Atoms>,
    own: Atoms,
    cost: f64,
}

impl Chosen<'_> {
    fn cloned(&self) -> Atoms {
        self.parts.iter().flat_map(|part| part.iter().cloned()).chain(self.own.iter().cloned()).collect()
    }
}

impl<'a> Chooser<'a> {
    fn positive(&self, node: &Node) -> Option<Chosen<'a>> {
        match node {
            Node::Item(item) => self.item(*item),
            Node::Not(inner) => self.negative(inner),
            Node::And(nodes) => cheapest(nodes.iter().filter_map(|node| self.positive(node))),
            Node::Or(nodes) => together(nodes.iter().map(|node| self.positive(node))),
        }
    }

    /// What must hold for the node to be false.
    fn negative(&self, node: &Node) -> Option<Chosen<'a>> {
        match node {
            Node::Item(item) => self.not_item(*item),
            Node::Not(inner) => self.positive(inner),
            Node::And(nodes) => together(nodes.iter().map(|node| self.negative(node))),
            Node::Or(nodes) => cheapest(nodes.iter().filter_map(|node| self.negative(node))),
        }
    }

    fn item(&self, item: u32) -> Option<Chosen<'a>> {
        let values = self.candidates.get(to_usize(item))?.as_ref()?;
        cheapest(values.iter().map(|required| {
            let cost = required.iter().map(|(atom, _)| self.cost(atom)).sum();
            Chosen { parts: vec![required], own: Vec::new(), cost }
        }))
    }

    /// An item that is false although absence would make it true: the field is there.
    fn not_item(&self, item: u32) -> Option<Chosen<'a>> {
        let item = self.items.get(to_usize(item))?;
        let Target::Field(slot) = item.target else { return None };
        let holds_without_field = item.values.iter().all(|value| value.null || value.absent);
        holds_without_field.then(|| Chosen {
            parts: Vec::new(),
            own: vec![(Atom::Present(slot), Posting::NO_ITEM)],
            cost: self.cost(&Atom::Present(slot)),
        })
    }

    /// The guessed share of events for which an atom holds; only the order matters.
    fn cost(&self, atom: &Atom) -> f64 {
        let rarity = |length: usize, loss: usize| 0.5_f64.powf(to_f64(length.saturating_sub(loss).min(12)));
        let base = match atom {
            Atom::Present(_) => 0.5,
            Atom::Is(_, text) => 0.2 * rarity(text.len(), 0),
            Atom::StartsWith(_, text) | Atom::EndsWith(_, text) => rarity(text.len(), 1),
            Atom::Contains(_, text) | Atom::Keyword(text) => rarity(text.len(), 1),
            Atom::Compares(..) => 0.1,
            Atom::In(_, cidr) => rarity(usize::from(cidr.prefix) / 4, 0),
        };
        let uses = self.uses.get(atom).copied().unwrap_or(1);
        let share = match atom {
            Atom::Is(slot, _) if uses > 1 => {
                f64::from(uses) / f64::from(self.values.get(slot).copied().unwrap_or(uses))
            }
            _ => 0.0,
        };
        let common = if atom.text().is_some_and(is_common) { COMMON } else { 0.0 };
        let searched = if matches!(atom, Atom::Keyword(_)) { KEYWORD } else { 1.0 };
        searched * (base * f64::from(uses).sqrt()).max(0.5 * share).max(common)
    }
}

fn cheapest<'a>(chosen: impl Iterator<Item = Chosen<'a>>) -> Option<Chosen<'a>> {
    chosen.min_by(|a, b| a.cost.total_cmp(&b.cost))
}

fn together<'a>(chosen: impl Iterator<Item = Option<Chosen<'a>>>) -> Option<Chosen<'a>> {
    let mut all = Chosen { parts: Vec::new(), own: Vec::new(), cost: 0.0 };
    for chosen in chosen {
        let mut chosen = chosen?;
        all.parts.append(&mut chosen.parts);
        all.own.append(&mut chosen.own);
        all.cost += chosen.cost;
    }
    Some(all)
}

/// For each value of an item (one, or several with `all`) the atoms of which one must hold. `None`:
/// the item can be true without any; values that bring nothing are left out.
fn of_item(index: u32, item: &ItemProgram) -> Option<Vec<Atoms>> {
    let single = item.values.len() == 1;
    let sets: Vec<Atoms> = item
        .values
        .iter()
        .filter_map(|value| of_any(value, item.target, if single { index } else { Posting::NO_ITEM }))
        .collect();
    (!sets.is_empty()).then_some(sets)
}

fn of_any(any: &AnyOf, target: Target, item: u32) -> Option<Atoms> {
    let mut required = Vec::new();
    for test in &any.tests {
        match target {
            Target::Field(slot) => required.extend(of_test(test, slot, item)?),
            Target::Keywords => required.extend(of_keyword(test)?),
        }
    }
    Some(required)
}

fn of_test(test: &Test, slot: FieldSlot, item: u32) -> Option<Atoms> {
    let present = || (Atom::Present(slot), Posting::NO_ITEM);
    Some(match test {
        Test::Null | Test::Exists(false) => return None,
        Test::Exists(true) => vec![(Atom::Present(slot), item)],
        Test::Number(number) => vec![(Atom::Is(slot, filed_number(*number)), item)],
        Test::Bool(value) => vec![(Atom::Is(slot, value.to_string()), item)],
        Test::Cidr(cidr) => vec![(Atom::In(slot, *cidr), item)],
        Test::Text(pattern) => vec![of_pattern(pattern, slot, item)],
        Test::Regex(regex) => match required_literals(regex) {
            Some(literals) => {
                literals.into_iter().map(|text| (Atom::Contains(slot, text), Posting::NO_ITEM)).collect()
            }
            None => vec![present()],
        },
        Test::Compare(comparison, bound) => vec![(Atom::Compares(slot, *comparison, *bound), item)],
        Test::Time(..) | Test::FieldRef(_) => vec![present()],
    })
}

fn of_pattern(pattern: &Pattern, slot: FieldSlot, item: u32) -> (Atom, u32) {
    match shape(pattern) {
        Shape::Whole(text) => return (Atom::Is(slot, text.to_owned()), item),
        Shape::Start(text) => return (Atom::StartsWith(slot, text.to_owned()), item),
        Shape::End(text) => return (Atom::EndsWith(slot, text.to_owned()), item),
        Shape::Inside(text) if text.len() >= MIN_SUBSTRING => {
            return (Atom::Contains(slot, text.to_owned()), item);
        }
        Shape::Inside(_) => return (Atom::Present(slot), Posting::NO_ITEM),
        Shape::Other => {}
    }
    let last = pattern.parts.len().saturating_sub(1);
    let best = pattern
        .parts
        .iter()
        .enumerate()
        .filter_map(|(at, part)| match part {
            Part::Literal(text) => Some((at, fold(text).into_owned())),
            _ => None,
        })
        .filter(|(at, text)| *at == 0 || *at == last || text.len() >= MIN_SUBSTRING)
        .max_by_key(|(_, text)| text.len());
    let atom = match best {
        Some((0, text)) if last == 0 => Atom::Is(slot, text),
        Some((0, text)) => Atom::StartsWith(slot, text),
        Some((at, text)) if at == last => Atom::EndsWith(slot, text),
        Some((_, text)) => Atom::Contains(slot, text),
        None if pattern.parts.is_empty() => Atom::Is(slot, String::new()),
        None => Atom::Present(slot),
    };
    (atom, Posting::NO_ITEM)
}

fn of_keyword(test: &Test) -> Option<Atoms> {
    let texts = match test {
        Test::Text(pattern) => {
            let literals = pattern.parts.iter().filter_map(|part| match part {
                Part::Literal(text) => Some(fold(text).into_owned()),
                _ => None,
            });
            vec![literals.max_by_key(String::len)?]
        }
        Test::Regex(regex) => required_literals(regex)?,
        _ => return None,
    };
    let long = texts.iter().all(|text| text.len() >= MIN_SUBSTRING);
    long.then(|| texts.into_iter().map(|text| (Atom::Keyword(text), Posting::NO_ITEM)).collect())
}

/// Folded texts of which one stands in every text that the expression matches.
fn required_literals(regex: &RegexTest) -> Option<Vec<String>> {
    let hir = regex.syntax()?;
    let literals = required_texts(&hir)?;
    (literals.iter().all(|text| text.len() >= MIN_SUBSTRING)).then_some(literals)
}

/// As [`required_literals`], also short ones.
fn required_texts(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![fold(std::str::from_utf8(&literal.0).ok()?).into_owned()]),
        HirKind::Class(class) => one_letter(class).map(|letter| vec![letter]),
        HirKind::Capture(capture) => required_texts(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_texts(&repetition.sub),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(required_texts(branch)?);
            }
            (all.len() <= MAX_REGEX_LITERALS).then_some(all)
        }
        HirKind::Concat(parts) => best_of_concat(parts),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// Neighbouring letters are put together (a caseless literal comes as a class per letter); the set
/// whose shortest text is longest wins.
fn best_of_concat(parts: &[Hir]) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut run = String::new();
    let better = |best: &Option<Vec<String>>, new: &[String]| {
        let shortest = |texts: &[String]| texts.iter().map(String::len).min().unwrap_or(0);
        best.as_ref().is_none_or(|best| shortest(new) > shortest(best))
    };
    for part in parts {
        match part.kind() {
            HirKind::Literal(_) | HirKind::Class(_) => match required_texts(part) {
                Some(texts) => run.push_str(&texts.concat()),
                None => {
                    let texts = vec![std::mem::take(&mut run)];
                    if better(&best, &texts) {
                        best = Some(texts);
                    }
                }
            },
            HirKind::Look(_) => {}
            _ => {
                let texts = vec![std::mem::take(&mut run)];
                if better(&best, &texts) {
                    best = Some(texts);
                }
                if let Some(texts) = required_texts(part)
                    && better(&best, &texts)
                {
                    best = Some(texts);
                }
            }
        }
    }
    let texts = vec![run];
    if better(&best, &texts) {
        best = Some(texts);
    }
    best.filter(|texts| texts.iter().all(|text| !text.is_empty()))
}

/// The folded letter when all characters of a class fold to the same.
fn one_letter(class: &Class) -> Option<String> {
    let Class::Unicode(class) = class else { return None };
    let mut letter: Option<String> = None;
    for range in class.iter() {
        if u32::from(range.end()) - u32::from(range.start()) > 1 {
            return None;
        }
        for c in range.start()..=range.end() {
            let folded = fold(&c.to_string()).into_owned();
            if letter.as_ref().is_some_and(|letter| *letter != folded) {
                return None;
            }
            letter = Some(folded);
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::matcher::RegexFlags;

    #[test]
    fn expressions_are_filed_under_what_they_require() {
        let check = |flagged: &str, expression: &str, expect: Option<&[&str]>| {
            let expect = expect.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            let flags = RegexFlags { ignore_case: flagged.starts_with("(?i)"), ..RegexFlags::default() };
            let regex = RegexTest::new(expression, flags).expect("an expression");
            assert_eq!(required_literals(&regex), expect, "{flagged}");
        };
        check("/cgi-bin/.*(;|x)[a-z]+", "/cgi-bin/.*(;|x)[a-z]+", Some(&["/cgi-bin/"]));
        check("(?i)PowerShell", "PowerShell", Some(&["power"]));
        check("(?i)Foo.*bar", "Foo.*bar", Some(&["foo"]));
        check("(abc|defg)+x?", "(abc|defg)+x?", Some(&["abc", "defg"]));
        check("a.c", "a.c", None);
        check("(?:abc)?", "(?:abc)?", None);
        check("^abc$", "^abc$", Some(&["abc"]));
    }
}
