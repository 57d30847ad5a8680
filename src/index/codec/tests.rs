use proptest::prelude::*;

use super::*;
use crate::event::{GenerationId, Paths, Redacted};
use crate::normalize::{Redaction, Redactor};

/// Stores and rebuilds; the result must be the record of the event itself.
#[track_caller]
fn check(event: &Event, paths: &Paths) -> StoredForm {
    let source: Arc<str> = "/var/log/app.log".into();
    let event = &Redacted::by(&mut Redactor::new(paths, Redaction::default()), event.clone());
    let names = paths.read();
    let expect = Record::from_event(event, &source, &names);
    let (mut line, mut form) = (String::new(), StoredForm::default());
    let message = encode_event(event, &names, &source, &mut line, &mut form);
    let found = decode_event(&line, &form.view(), &mut Names::default());
    assert_eq!(found.as_ref(), Ok(&expect));
    let place = message.start as usize..(message.start + message.len) as usize;
    assert_eq!(line.get(place), Some(expect.message.as_str()));
    form
}

fn event(raw: &str) -> Event {
    let mut event = Event::default();
    event.reset(raw);
    event.meta.generation = GenerationId(3);
    event.meta.offset = 4_711;
    event.meta.line = 12;
    event.meta.seq = 99;
    event.meta.time = Some(Timestamp(1_772_355_600_123_456_789));
    event.meta.ingested = Timestamp(1_772_355_601_000_000_000);
    event
}

fn at(raw: &str, value: &str) -> Span {
    Span { start: raw.find(value).expect("value stands in the line") as u32, len: value.len() as u32 }
}

#[test]
fn an_event_comes_back_to_the_letter() {
    let raw = r#"{"level": "error","msg":"caf\u00e9 down","user":"alice","n":12,"deep":{"user":"bob"},"none":null}"#;
    let paths = Paths::new();
    let mut event = event(raw);
    event.meta.outcome = Outcome::Repaired;
    event.meta.time_quality = TimeQuality::Zoneless;
    event.push(paths.intern("level"), Kind::String, at(raw, "error"), Origin::Line);
    event.push_text(paths.intern("msg"), Kind::String, "café down", Origin::Line);
    let message = event.fields()[1].span;
    event.push(paths.intern("user"), Kind::String, at(raw, "alice"), Origin::Line);
    event.push(paths.intern("n"), Kind::Number, at(raw, "12"), Origin::Line);
    event.push(paths.intern("deep"), Kind::Object, at(raw, r#"{"user":"bob"}"#), Origin::Line);
    event.push(paths.intern("deep.user"), Kind::String, at(raw, "bob"), Origin::Line);
    event.push(paths.intern("none"), Kind::Null, at(raw, "null"), Origin::Line);
    event.push(canonical::MESSAGE, Kind::String, message, Origin::Canonical);
    event.push(canonical::LOG_LEVEL, Kind::String, at(raw, "error"), Origin::Canonical);
    event.push_text(canonical::SERVICE_NAME, Kind::String, "auth", Origin::Joined);
    event.push_text(canonical::CORRELATION_ID, Kind::String, "r-1", Origin::Canonical);
    event.push_text(canonical::CORRELATION_ID, Kind::String, "r-2", Origin::Canonical);
    let form = check(&event, &paths);
    assert!(form.view().shape.len() < 110, "{} bytes of shape", form.view().shape.len());
    assert!(form.view().lengths.len() < 16, "{} bytes of lengths", form.view().lengths.len());
}

#[test]
fn a_raw_line_and_an_empty_one_come_back() {
    let paths = Paths::new();
    check(&event("no format at all: \u{1f512}\0\u{1b}[31m"), &paths);
    check(&event(""), &paths);
    let mut timeless = event("x");
    timeless.meta.time = None;
    timeless.meta.time_quality = TimeQuality::Absent;
    check(&timeless, &paths);
}

#[test]
fn fields_beyond_the_table_of_names_keep_their_names() {
    let paths = Paths::new();
    let mut event = event("k=v");
    let span = event.append_text("value");
    event.push_overflow("a name that was not interned", Kind::String, span, Origin::Line);
    check(&event, &paths);
}

#[test]
fn listed_names_are_all_canonical_ones_and_none_twice() {
    assert_eq!(NAME_CODES.len(), NAMES.len());
    let missing: Vec<_> = canonical::NAMES.iter().filter(|name| !NAME_CODES.contains_key(*name)).collect();
    assert!(missing.len() < 20, "canonical names worth listing (at the end): {missing:?}");
}

#[test]
fn a_damaged_record_is_an_error() {
    let paths = Paths::new();
    let raw = r#"{"user":"alice"}"#;
    let mut event = event(raw);
    event.push(paths.intern("user"), Kind::String, at(raw, "alice"), Origin::Line);
    let form = check(&event, &paths);
    let whole = form.view();
    for len in 0..whole.shape.len() {
        let cut = FormView { shape: whole.shape.get(..len).expect("shorter"), ..whole };
        assert!(decode_event(raw, &cut, &mut Names::default()).is_err(), "cut at {len}");
    }
    for len in 0..whole.lengths.len() {
        let cut = FormView { lengths: whole.lengths.get(..len).expect("shorter"), ..whole };
        assert!(decode_event(raw, &cut, &mut Names::default()).is_err(), "lengths cut at {len}");
    }
    assert!(decode_event("", &whole, &mut Names::default()).is_err());
}

proptest! {
    #[test]
    fn any_event_comes_back(
        raw in "\\PC{0,60}",
        fields in prop::collection::vec(("\\PC{0,12}", any::<prop::sample::Index>(), any::<prop::sample::Index>(),
            "\\PC{0,20}", 0_u8..7, 0_u8..3, any::<bool>()), 0..20),
        times in any::<(i64, i64, u64, u64)>(),
    ) {
        let paths = Paths::new();
        let mut event = event(&raw);
        event.meta.time = Some(Timestamp(times.0));
        event.meta.ingested = Timestamp(times.1);
        (event.meta.seq, event.meta.line) = (times.2, times.3);
        for (name, from, to, text, kind, origin, in_raw) in fields {
            let boundaries: Vec<usize> = (0..=raw.len()).filter(|at| raw.is_char_boundary(*at)).collect();
            let (a, b) = (*from.get(&boundaries), *to.get(&boundaries));
            let span = Span { start: a.min(b) as u32, len: a.abs_diff(b) as u32 };
            let span = if in_raw { span } else { event.append_text(&text) };
            let kind = [Kind::Null, Kind::True, Kind::False, Kind::Number, Kind::String, Kind::Object, Kind::Array][usize::from(kind)];
            let origin = [Origin::Line, Origin::Canonical, Origin::Joined][usize::from(origin)];
            event.push(paths.intern(&name), kind, span, origin);
        }
        check(&event, &paths);
    }

    #[test]
    fn any_bytes_decode_or_fail_without_panic(line in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..200), lengths in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut shape = vec![VERSION, 0];
        shape.extend(bytes);
        let form = FormView { numbers: [0; 6], shape: &shape, lengths: &lengths };
        drop(decode_event(&line, &form, &mut Names::default()));
    }
}
