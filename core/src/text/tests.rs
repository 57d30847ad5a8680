use proptest::prelude::*;

use super::sanitise::{CLOSE, OPEN, is_base, is_mark};
use super::*;

#[track_caller]
fn check(input: &str, expect: &str) {
    assert_eq!(Safe::new(input).as_str(), expect, "for {input:?}");
}

/// Everything that may fool a reader or a terminal, one text each.
fn hostile_texts() -> Vec<String> {
    let ranges = [
        0x00..=0x1f,
        0x7f..=0x9f,
        0xa0..=0xa0,
        0xad..=0xad,
        0x34f..=0x34f,
        0x61c..=0x61c,
        0x115f..=0x1160,
        0x1680..=0x1680,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x2000..=0x200f,
        0x2028..=0x202f,
        0x205f..=0x206f,
        0x2800..=0x2800,
        0x3000..=0x3000,
        0x3164..=0x3164,
        0xe000..=0xe010,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xffa0..=0xffa0,
        0xfff0..=0xfffb,
        0xfffe..=0xffff,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0x1f1e6..=0x1f1ff,
        0xe0000..=0xe007f,
        0xe0100..=0xe01ef,
        0x10fffe..=0x10ffff,
    ];
    ranges.into_iter().flatten().filter_map(char::from_u32).map(String::from).collect()
}

fn is_allowed(c: char) -> bool {
    is_base(c) || is_mark(c) || c == OPEN || c == CLOSE
}

#[test]
fn harmless_text_stays_as_it_is() {
    for text in ["", "GET /login?x=1 HTTP/1.1", "Grüße, Ωmega, 日本語, naïve", "e\u{301}", "[red] %s ✓ → × …"]
    {
        check(text, text);
    }
}

#[test]
fn controls_are_named() {
    check("\u{1b}[2J", "⟨ESC⟩[2J");
    check("a\tb\r\nc\0\u{7}\u{8}\u{7f}", "a⟨TAB⟩b⟨CR⟩⟨LF⟩c⟨NUL⟩⟨BEL⟩⟨BS⟩⟨DEL⟩");
    check("\u{9b}31m\u{9d}52;c;AAAA\u{9c}", "⟨U+009B⟩31m⟨U+009D⟩52;c;AAAA⟨U+009C⟩");
}

#[test]
fn every_hostile_character_is_shown_alone_and_between_letters() {
    for text in hostile_texts() {
        for (before, after) in [("", ""), ("a", "b"), ("漢", "字"), ("❤", "❤"), ("🙂", "x"), ("1", "")]
        {
            let safe = Safe::new(&format!("{before}{text}{after}"));
            let selector = matches!(text.as_str(), "\u{FE0E}" | "\u{FE0F}" | "\u{200D}");
            let reduced = selector && matches!(before, "❤" | "🙂");
            assert!(reduced || safe.is_altered(), "{text:?} after {before:?}: {safe}");
            assert!(!safe.as_str().contains(&text), "{text:?} after {before:?}: {safe}");
        }
    }
}

#[test]
fn bidi_and_invisible_characters_are_shown_by_number() {
    check("invoice\u{202e}fdp.exe", "invoice⟨U+202E⟩fdp.exe");
    check("ad\u{200b}min", "ad⟨U+200B⟩min");
    check("ad\u{ad}min", "ad⟨U+00AD⟩min");
    check("a\u{a0}b", "a⟨U+00A0⟩b");
    check("x\u{e0041}\u{e0042}", "x⟨U+E0041⟩⟨U+E0042⟩");
    check("\u{3164}", "⟨U+3164⟩");
    check("\u{2800}", "⟨U+2800⟩");
    check("\u{e000}", "⟨U+E000⟩");
    check("\u{378}", "⟨U+0378⟩");
}

#[test]
fn the_notation_cannot_be_forged() {
    check("⟨ESC⟩", "⟨U+27E8⟩ESC⟨U+27E9⟩");
    let once = Safe::new("a\u{1b}b");
    assert_eq!(Safe::new(once.as_str()), "a⟨U+27E8⟩ESC⟨U+27E9⟩b");
}

#[test]
fn runs_of_one_escape_are_counted() {
    check(&"\u{200b}".repeat(500), "⟨U+200B×500⟩");
    check("\0\0x\0", "⟨NUL×2⟩x⟨NUL⟩");
}

#[test]
fn piles_of_accents_are_counted_and_accents_alone_are_shown() {
    check("e\u{301}\u{302}\u{303}", "e\u{301}\u{302}\u{303}");
    check("e\u{301}\u{302}\u{303}\u{304}", "e⟨+4 marks⟩");
    check(&format!("z{}!", "\u{301}".repeat(46)), "z⟨+46 marks⟩!");
    check("\u{301}e", "⟨U+0301⟩e");
    check("\u{1b}\u{301}", "⟨ESC⟩⟨U+0301⟩");
    check("a\u{20e3}", "a⟨U+20E3⟩");
    check("a\u{34f}", "a⟨U+034F⟩");
}

#[test]
fn emoji_are_reduced_to_a_base_of_undisputed_width() {
    check("❤\u{fe0f}", "❤");
    check("👍\u{1f3fd}", "👍");
    check("👩\u{200d}💻", "👩");
    check("👨\u{200d}👩\u{200d}👧", "👨");
    check("1\u{fe0f}\u{20e3}", "1⟨U+FE0F⟩⟨U+20E3⟩");
    check("a\u{fe0f}", "a⟨U+FE0F⟩");
    check("🇩🇪", "⟨U+1F1E9⟩⟨U+1F1EA⟩");
    check("\u{1f3fd}", "⟨U+1F3FD⟩");
    check(&format!("🙂{}", "\u{fe0e}".repeat(40)), "🙂⟨U+FE0E×40⟩");
    check("🏴\u{e0067}\u{e007f}", "🏴⟨U+E0067⟩⟨U+E007F⟩");
}

#[test]
fn right_to_left_text_is_marked_once() {
    check("user שלום", "⟨rtl⟩user שלום");
    check("مرحبا", "⟨rtl⟩مرحبا");
    check("لا", "⟨rtl⟩لا");
    assert_eq!(Safe::new("لا").width(), 5 + 2);
}

#[test]
fn bytes_that_are_not_utf8_are_shown() {
    for (bytes, expect) in [
        (b"a\xffb".as_slice(), "a⟨xFF⟩b"),
        (b"\xc0\xaf", "⟨xC0⟩⟨xAF⟩"),
        (b"\xed\xa0\x80", "⟨xED⟩⟨xA0⟩⟨x80⟩"),
        (b"ok\xe2\x82", "ok⟨xE2⟩⟨x82⟩"),
        (b"\xff\xff\xff", "⟨xFF×3⟩"),
    ] {
        assert_eq!(Safe::from_bytes(bytes).as_str(), expect);
    }
}

#[test]
fn long_text_costs_its_limit_and_says_what_is_missing() {
    let safe = Safe::new(&"é".repeat(5_000_000));
    assert_eq!(safe, format!("{}⟨+9995904 bytes⟩", "é".repeat(Safe::LIMIT / 2)).as_str());
    assert_eq!(Safe::with_limit("aéb", 2), "a⟨+3 bytes⟩");
    assert_eq!(Safe::with_limit("abc", 3), "abc");
}

#[test]
fn lines_are_broken_only_by_line_feeds() {
    let lines = Safe::lines("one\r\ntwo\rstill two\u{2028}\n", 4096);
    let lines: Vec<&str> = lines.iter().map(Safe::as_str).collect();
    assert_eq!(lines, ["one", "two⟨CR⟩still two⟨U+2028⟩", ""]);
    assert_eq!(Safe::lines("ab\ncdef", 4), [Safe::new("ab"), Safe("c⟨+3 bytes⟩".to_owned())]);
}

#[test]
fn altered_text_is_known_by_its_brackets() {
    assert!(Safe::new("\u{1b}").is_altered());
    assert!(!Safe::new("plain <b>").is_altered());
}

#[test]
fn truncation_keeps_clusters_and_notation_whole() {
    for (text, cells, expect) in [
        ("hello", 5, "hello"),
        ("hello!", 5, "hell…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ("ab\u{1b}cd", 6, "ab…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ] {
        assert_eq!(Safe::new(text).truncate(cells, "…"), expect, "{text:?} in {cells}");
    }
}

#[test]
fn identifiers_lose_their_middle() {
    let id = Safe::new("7f3e5c1e-0000-4a1d-9f00-a19c");
    assert_eq!(id.shorten_middle(9, "…"), "7f3e…a19c");
    assert_eq!(id.shorten_middle(8, "…"), "7f3e…19c");
    assert_eq!(id.shorten_middle(100, "…"), id.as_str());
    assert_eq!(id.shorten_middle(0, "…"), "");
}

#[test]
fn wrapping_breaks_at_spaces_and_loses_nothing_but_spaces() {
    for (text, cells, expect) in [
        ("the quick brown fox", 10, vec!["the quick", "brown fox"]),
        ("abcdefghij", 4, vec!["abcd", "efgh", "ij"]),
        ("", 4, vec![""]),
        ("日本語 x", 4, vec!["日本", "語 x"]),
    ] {
        let lines = Safe::new(text).wrap(cells);
        assert_eq!(lines.iter().map(Safe::as_str).collect::<Vec<_>>(), expect, "{text:?} in {cells}");
    }
}

#[test]
fn the_ascii_form_is_ascii_and_tells_data_from_notation() {
    for (text, expect) in [
        ("a\u{1b}b", r"a\<ESC>b"),
        (r"a\<ESC>b", r"a\\<ESC>b"),
        ("é×", r"\u{e9}\u{d7}"),
        ("\0\0", r"\<NULx2>"),
    ] {
        assert_eq!(Safe::new(text).to_ascii(), expect);
    }
}

#[test]
fn padding_counts_cells() {
    assert_eq!(format!("{:<5}|", Safe::new("日本")), "日本 |");
    assert_eq!(format!("{:>5}|", Safe::new("ab")), "   ab|");
    assert_eq!(format!("{:^4}|", Safe::new("ab")), " ab |");
    assert_eq!(format!("{:<1}|", Safe::new("ab")), "ab|");
}

#[test]
fn safe_texts_literals_and_numbers_can_be_joined() {
    let user = Safe::new("a\u{1b}");
    assert_eq!(safe!("{} {:>4} {}", user, 12, "times"), "a⟨ESC⟩   12 times");
}

proptest! {
    #[test]
    fn output_holds_only_the_allowed_set(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let safe = Safe::from_bytes(&bytes);
        prop_assert!(safe.as_str().chars().all(is_allowed), "{safe}");
    }

    #[test]
    fn any_characters_give_the_allowed_set_with_balanced_notation(text in ".{0,200}") {
        let safe = Safe::new(&text);
        prop_assert!(safe.as_str().chars().all(is_allowed), "{safe}");
        let opened = safe.as_str().matches(OPEN).count();
        prop_assert_eq!(opened, safe.as_str().matches(CLOSE).count());
        prop_assert!(safe.to_ascii().as_str().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }

    #[test]
    fn hostile_mixtures_stay_bounded(parts in prop::collection::vec(prop::sample::select(hostile_texts()), 0..400)) {
        let text = parts.concat();
        let safe = Safe::new(&text);
        prop_assert!(safe.as_str().chars().all(is_allowed), "{safe}");
        prop_assert!(safe.as_str().len() <= Safe::LIMIT * 10);
    }

    #[test]
    fn safe_text_is_never_read_back_as_altered_by_itself(text in "[a-zé日🙂 ]{0,40}") {
        let safe = Safe::new(&text);
        prop_assert_eq!(safe.as_str(), text.as_str());
    }

    #[test]
    fn width_is_the_sum_of_the_clusters_and_cuts_obey_it(text in ".{0,60}", cells in 0_usize..80) {
        let safe = Safe::new(&text);
        prop_assert_eq!(safe.width(), safe.clusters().map(|(_, width)| width).sum::<usize>());
        prop_assert!(safe.truncate(cells, "…").width() <= cells);
        prop_assert!(safe.shorten_middle(cells, "…").width() <= cells);
        for line in safe.wrap(cells.max(2)) {
            prop_assert!(line.width() <= cells.max(2), "{line:?} in {cells}");
        }
    }

    #[test]
    fn every_kept_cluster_is_one_or_two_cells(text in ".{0,60}") {
        for (cluster, width) in Safe::new(&text).clusters() {
            prop_assert!(width == 1 || width == 2, "{cluster:?} is {width} wide");
        }
    }

    #[test]
    fn joined_safe_texts_are_safe(left in ".{0,20}", right in ".{0,20}") {
        let joined = safe!("{}{}", Safe::new(&left), Safe::new(&right));
        prop_assert!(joined.as_str().chars().all(is_allowed));
    }
}
