//! The filter of the live list: a query, put to events in memory.
//!
//! The language is that of `soctop search` (see [`crate::query`]), and so is its meaning. A filter
//! remembers its parts, which all must hold, so that each can be shown and taken away by itself.

mod evaluate;

use evaluate::Program;

use super::Rows;
use crate::event::Record;
use crate::query::{self, QueryError};

/// A parsed filter; the default one accepts everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    chips: Vec<Chip>,
}

/// One part of a filter that can be shown and removed by itself; all parts must hold.
#[derive(Clone, Debug)]
struct Chip {
    text: String,
    program: Program,
}

impl PartialEq for Chip {
    fn eq(&self, other: &Self) -> bool {
        // The program follows from the text.
        self.text == other.text
    }
}

impl Filter {
    /// Reads a filter; empty text accepts everything.
    ///
    /// # Errors
    /// Where the text is no query, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let chip = |(text, expression)| Chip { text, program: Program::of(&expression) };
        Ok(Self { chips: query::parse_parts(text)?.into_iter().map(chip).collect() })
    }

    /// The first name in the filter that no event has, of those that are held.
    #[must_use]
    pub fn unknown_field(&self, rows: &Rows) -> Option<QueryError> {
        let text = self.text();
        let whole = query::parse(&text).ok()?;
        query::unknown_field(&whole, &text, |name| rows.has_field(name), || rows.field_names())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chips.is_empty()
    }

    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        self.chips.iter().all(|chip| chip.program.holds(record))
    }

    /// The texts of the parts, in order.
    pub fn chips(&self) -> impl Iterator<Item = &str> {
        self.chips.iter().map(|chip| chip.text.as_str())
    }

    /// The filter as it can be typed.
    #[must_use]
    pub fn text(&self) -> String {
        self.chips().collect::<Vec<_>>().join(" ")
    }

    /// Removes the last part.
    pub fn pop(&mut self) {
        self.chips.pop();
    }

    /// Takes a value of a field into the filter as a part of its own. An equal part is not repeated, and its opposite is
    /// removed.
    ///
    /// # Errors
    /// When the field cannot have this value: a time that is none.
    pub fn narrow(&mut self, field: &str, value: &str, narrowing: Narrowing) -> Result<(), QueryError> {
        let plain = query::name::term(field, value);
        let negated = format!("-{plain}");
        let (text, opposite) = match narrowing {
            Narrowing::Without => (negated, plain),
            Narrowing::With | Narrowing::Only => (plain, negated),
        };
        let mut parsed = Self::parse(&text)?;
        if narrowing == Narrowing::Only {
            self.chips.clear();
        }
        self.chips.retain(|chip| chip.text != text && chip.text != opposite);
        self.chips.iter_mut().for_each(Chip::close);
        self.chips.append(&mut parsed.chips);
        Ok(())
    }
}

/// What a value does to a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrowing {
    /// Only events that have it, too.
    With,
    /// Only events that have it not, too.
    Without,
    /// Nothing but events that have it.
    Only,
}

impl Chip {
    /// Puts what would take in the next part (`a OR b`) in parentheses.
    fn close(&mut self) {
        let is_open = query::parse_parts(&format!("{} x", self.text)).map_or(1, |parts| parts.len()) < 2;
        if is_open {
            self.text = format!("({})", self.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{EventId, Format, LogLevel, Outcome, RecordField, TimeQuality, Timestamp};

    fn record() -> Record {
        let field = |name: &str, value: &str| RecordField {
            name: name.into(),
            value: value.to_owned(),
            is_string: true,
            derived: false,
            joined: false,
        };
        Record {
            event_id: EventId(1),
            seq: 1,
            time: Timestamp(0),
            time_quality: TimeQuality::Exact,
            ingested: Timestamp(0),
            source: "/var/log/auth.log".into(),
            line: 1,
            outcome: Outcome::Parsed,
            flags: Default::default(),
            format: Format::Json,
            level: LogLevel::Warn,
            service: "auth".to_owned(),
            message: "Login FAILED for Ärger".to_owned(),
            correlation_ids: vec!["abc-1".to_owned(), "def-2".to_owned()],
            fields: vec![
                field("user.name", "alice"),
                field("http.response.status_code", "401"),
                field("source.ip", "10.0.0.7"),
                field("tag", "one"),
                field("tag", "two"),
                RecordField { derived: true, ..field("service.name", "auth") },
                RecordField { derived: true, ..field("correlation.id", "abc-1") },
                RecordField { derived: true, ..field("correlation.id", "def-2") },
            ],
            raw: r#"{"msg":"Login FAILED","user":"alice"}"#.to_owned(),
        }
    }

    #[track_caller]
    fn check(text: &str, expect: bool) {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&record()), expect, "{text}");
    }

    #[test]
    fn words_and_phrases_are_looked_for_in_all_text() {
        check("", true);
        check("failed", true);
        check("fail", false);
        check("fail*", true);
        check("\"login failed\"", true);
        check("\"failed login\"", false);
        check("ÄRGER", true);
        check("absent", false);
        check("-absent", true);
        check("NOT failed", false);
        check("+failed alice", true);
        check("failed AND alice", true);
        check("absent OR alice", true);
        check("(absent OR alice) failed", true);
        check("-(absent OR alice)", false);
        check("10.0.0.*", true);
        check("def-2", true);
        check("10.0.0.7:443", false);
    }

    #[test]
    fn fields_are_compared_without_letter_case_and_by_short_names() {
        check("user:alice", true);
        check("user.name:ALICE", true);
        check("user:ali", false);
        check("user:ALI*", true);
        check("user:*ice", true);
        check("user:a?ice", true);
        check("user:*", true);
        check("error:*", false);
        check("tag:two", true);
        check("tag:(three OR two)", true);
        check("tag: IN [three four]", false);
        check("user:/A.*E/", true);
        check("service:auth", true);
        check("source:*AUTH.log", true);
        check("corr:DEF-2", true);
        check("id:nothing", false);
        check("-user:bob -user:eve", true);
        check("ip:10.0.0.0/8", true);
        check("message:ärger", true);
        check("soctop.outcome:parsed", true);
        check("event_id:00000000000000000000000000000001", true);
    }

    #[test]
    fn numbers_levels_and_times_are_compared_as_such() {
        check("status:401", true);
        check("status:>=400", true);
        check("status:[400 TO 500}", true);
        check("status:<400", false);
        check("status:>-1", true);
        check("level:warning", true);
        check("level:>=WARN", true);
        check("level:>warn", false);
        check("level:<err", true);
        check("level: IN [error warn]", true);
        check("@timestamp:1970-01-01T00:00:00Z", true);
        check("time:>1970-01-01T00:00:00Z", false);
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, expect) in [
            ("user:", "nothing follows `user:` (column 6)"),
            ("a level:>=wrn", "`wrn` is not a log level (column 3)"),
            ("(a OR b", "the parenthesis is not closed (column 1)"),
            ("a OR", "nothing follows `OR` (column 5)"),
            ("\"open", "the quote is not closed (column 1)"),
            ("a)", "this `)` closes nothing (column 2)"),
            ("a -", "`-` has neither letters nor digits to look for (column 3)"),
            ("AND a", "`AND` is not an operator (column 1)"),
            ("time:noon", "`noon` is not a time (column 1)"),
        ] {
            let error = Filter::parse(text).expect_err(text);
            assert_eq!(error.to_string(), expect, "{text}");
        }
    }

    #[test]
    fn a_name_that_no_event_has_is_an_error_with_a_suggestion() {
        let rows: Rows = [std::sync::Arc::new(record())].into_iter().collect();
        let unknown = |text: &str| {
            let filter = Filter::parse(text).expect(text);
            filter.unknown_field(&rows).map(|error| error.to_string())
        };
        assert_eq!(unknown("user:alice status:>=500 tag:one process.pid:1"), None);
        let error = unknown("failed user.nmae:alice");
        assert_eq!(error.as_deref(), Some("no field user.nmae; did you mean user.name? (column 8)"));
        assert_eq!(unknown("tga:one").as_deref(), Some("no field tga; did you mean tag? (column 1)"));
        assert_eq!(unknown("qqqqqqqqq:one").as_deref(), Some("no field qqqqqqqqq (column 1)"));
    }

    #[test]
    fn parts_are_chips_that_can_be_added_and_removed() {
        let mut filter = Filter::parse("level:>=warn  service:(auth OR pay) -\"a b\"").expect("parses");
        assert_eq!(filter.chips().collect::<Vec<_>>(), ["level:>=warn", "service:(auth OR pay)", "-\"a b\""]);
        filter.pop();
        filter.narrow("user.name", "o\"brien x", Narrowing::With).expect("a value");
        assert_eq!(filter.text(), r#"level:>=warn service:(auth OR pay) user.name:"o\"brien x""#);
        filter.narrow("user.name", "o\"brien x", Narrowing::Without).expect("a value");
        assert_eq!(filter.chips().count(), 3);
        assert_eq!(filter.chips().last(), Some(r#"-user.name:"o\"brien x""#));
        assert_eq!(Filter::parse(&filter.text()), Ok(filter));
        let mut either = Filter::parse("a OR b").expect("parses");
        assert_eq!(either.chips().collect::<Vec<_>>(), ["a OR b"]);
        either.narrow("user.name", "x", Narrowing::With).expect("a value");
        assert_eq!(either.text(), "(a OR b) user.name:x");
        assert_eq!(Filter::parse(&either.text()), Ok(either.clone()));
        either.narrow("user.name", "y", Narrowing::Only).expect("a value");
        assert_eq!(either.text(), "user.name:y");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_without_panic(text in ".{0,60}") {
            if let Err(error) = Filter::parse(&text) {
                prop_assert!(error.column() >= 1);
            }
        }

        #[test]
        fn any_value_can_be_filtered_in_and_out(value in ".{0,30}") {
            let mut hit = record();
            hit.fields[0].value.clone_from(&value);
            let mut filter = Filter::default();
            filter.narrow("user.name", &value, Narrowing::With).expect("a value");
            prop_assert!(filter.matches(&hit), "{:?}", filter.text());
            filter.narrow("user.name", &value, Narrowing::Without).expect("a value");
            prop_assert!(!filter.matches(&hit), "{:?}", filter.text());
        }
    }
}
