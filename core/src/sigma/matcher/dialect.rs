//! Regular expressions as Sigma means them, written anew for the engine that runs them.
//!
//! Sigma's expressions are a subset of PCRE's; the engine is Rust's, whose syntax is close and not the
//! same. Where the two read a text differently and neither complains, a rule would silently mean
//! something else: `[;&&|]` is a list of characters there and an intersection of sets here, `\<` a
//! bracket there and the start of a word here, `$` stands before a last line break there and not here.
//! Everything of that kind is rewritten. What the engine cannot do (look-around, possessive and atomic
//! repetition, recursion) is refused with its reason.

/// Why an expression cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub reason: &'static str,
    pub hint: &'static str,
}

const LOOK_AROUND: Refused = Refused {
    reason: "look-around is not supported",
    hint: "Sigma allows `. ^ $ * + ? {n,m} [] | ()`; say what must not be there with `not`",
};
const BACKREFERENCE: Refused =
    Refused { reason: "backreferences are not supported", hint: "compare two fields with `fieldref`" };
const POSSESSIVE: Refused = Refused {
    reason: "possessive and atomic repetition (`++`, `(?>`) is not supported",
    hint: "write `+` or `(?:`, which match wherever the other form does",
};
const RECURSION: Refused = Refused {
    reason: "recursion, conditions and control verbs are not supported",
    hint: "Sigma allows `. ^ $ * + ? {n,m} [] | ()`",
};
const UNKNOWN_ESCAPE: Refused = Refused {
    reason: "an escape that has no meaning here (`\\K`, `\\G`, `\\C`, `\\X`)",
    hint: "a literal backslash is written `\\\\`",
};
const OPEN_CLASS: Refused = Refused { reason: "unclosed character class", hint: "`[` by itself is `\\[`" };
const OPEN_ESCAPE: Refused =
    Refused { reason: "the expression ends in a backslash", hint: "a literal backslash is written `\\\\`" };

/// Before a last line break, and at the end. It takes the line break with it, which a search does not see.
const END: &str = r"(?:\n?\z)";
const LINE_BREAK: &str = r"(?:\r\n|[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}])";
const VERTICAL: &str = r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}";
const HORIZONTAL: &str = r"\t\x20\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";

/// The expression in the engine's syntax.
///
/// # Errors
/// When it asks for what the engine cannot do. Other mistakes are left for the engine to find.
pub fn translate(text: &str, multi_line: bool) -> Result<String, Refused> {
    let scope = Scope { multi_line, extended: false };
    let mut translator = Translator { rest: text, out: String::new(), scope, outer: Vec::new() };
    while let Some(c) = translator.next() {
        translator.take(c)?;
    }
    Ok(translator.out)
}

/// Flags that change how the text is read; they hold to the end of the group.
#[derive(Clone, Copy)]
struct Scope {
    multi_line: bool,
    extended: bool,
}

struct Translator<'t> {
    rest: &'t str,
    out: String,
    scope: Scope,
    /// Flags of the groups around.
    outer: Vec<Scope>,
}

/// What a class is made of.
enum Member {
    One(char),
    /// Several characters, in the engine's syntax.
    Many(String),
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    /// Goes past `text` if it comes next.
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self, c: char) -> Result<(), Refused> {
        match c {
            '\\' => self.escape()?,
            '[' => self.class()?,
            '(' => self.group()?,
            ')' => {
                self.scope = self.outer.pop().unwrap_or(self.scope);
                self.out.push(')');
            }
            '$' if !self.scope.multi_line => self.out.push_str(END),
            '*' | '+' | '?' => {
                self.out.push(c);
                self.after_repetition()?;
            }
            '{' => self.braces()?,
            '}' => self.out.push_str(r"\}"),
            '#' if self.scope.extended => while self.next().is_some_and(|c| c != '\n') {},
            _ => self.out.push(c),
        }
        Ok(())
    }

    fn after_repetition(&mut self) -> Result<(), Refused> {
        if self.eat("+") {
            return Err(POSSESSIVE);
        }
        if self.eat("?") {
            self.out.push('?');
        }
        Ok(())
    }

    /// `{3}`, `{3,}` and `{3,5}` repeat; any other brace is one.
    fn braces(&mut self) -> Result<(), Refused> {
        let Some((inner, rest)) = self.rest.split_once('}').filter(|(inner, _)| is_repetition(inner)) else {
            self.out.push_str(r"\{");
            return Ok(());
        };
        self.out.push_str(&format!("{{{inner}}}"));
        self.rest = rest;
        self.after_repetition()
    }

    /// What stands behind a backslash, outside of classes.
    fn escape(&mut self) -> Result<(), Refused> {
        let c = self.next().ok_or(OPEN_ESCAPE)?;
        match c {
            'Q' => self.quoted(),
            'E' => {}
            'Z' => self.out.push_str(END),
            'R' => self.out.push_str(LINE_BREAK),
            'N' => self.out.push_str(r"[^\n]"),
            'b' | 'B' | 'A' | 'z' => self.out.extend(['\\', c]),
            '1'..='9' | 'g' | 'k' => return Err(BACKREFERENCE),
            _ => match self.member(c)? {
                Member::One(c) => self.out.push_str(&literal(c)),
                Member::Many(members) => self.out.push_str(&format!("[{members}]")),
            },
        }
        Ok(())
    }

    /// `\Q...\E`: all of it is meant literally.
    fn quoted(&mut self) {
        let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.out.extend(text.chars().map(literal));
        self.rest = rest;
    }

    /// An escape that means one character or a set of them, in a class or not.
    fn member(&mut self, c: char) -> Result<Member, Refused> {
        let one = match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\x0c',
            'a' => '\x07',
            'e' => '\x1b',
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => return Ok(Member::Many(format!("\\{c}"))),
            'h' => return Ok(Member::Many(HORIZONTAL.to_owned())),
            'v' => return Ok(Member::Many(VERTICAL.to_owned())),
            'H' => return Ok(Member::Many(format!("^{HORIZONTAL}"))),
            'V' => return Ok(Member::Many(format!("^{VERTICAL}"))),
            'p' | 'P' => return Ok(Member::Many(self.property(c))),
            'x' => self.hexadecimal(),
            'u' => self.code(4),
            'c' => self.next().map_or('c', control),
            '0'..='7' => self.octal(c),
            _ if c.is_ascii_alphanumeric() => return Err(UNKNOWN_ESCAPE),
            _ => c,
        };
        Ok(Member::One(one))
    }

    /// `\pL`, `\p{Greek}`, as the engine reads them too.
    fn property(&mut self, c: char) -> String {
        if let Some((name, rest)) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            self.rest = rest;
            return format!("\\{c}{{{name}}}");
        }
        let name = self.next().map(String::from).unwrap_or_default();
        format!("\\{c}{{{name}}}")
    }

    /// `\x41`, `\x{1F600}`; `\x` alone is a zero.
    fn hexadecimal(&mut self) -> char {
        if let Some((digits, rest)) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            self.rest = rest;
            return u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
        }
        self.code(2)
    }

    /// A character by this many hexadecimal digits at most.
    fn code(&mut self, most: usize) -> char {
        let length = self.rest.chars().take(most).take_while(char::is_ascii_hexdigit).count();
        let (digits, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\0')
    }

    fn octal(&mut self, first: char) -> char {
        let mut value = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else { break };
            value = value * 8 + digit;
            self.next();
        }
        char::from_u32(value).unwrap_or('\0')
    }

    /// `(`, and what may stand behind it.
    fn group(&mut self) -> Result<(), Refused> {
        if self.rest.starts_with('*') {
            return Err(RECURSION);
        }
        let outer = self.scope;
        if !self.eat("?") {
            self.out.push('(');
            self.outer.push(outer);
            return Ok(());
        }
        if self.eat("#") {
            self.rest = self.rest.split_once(')').map_or("", |(_, rest)| rest);
            return Ok(());
        }
        if ["=", "!", "<=", "<!"].iter().any(|look| self.rest.starts_with(look)) {
            return Err(LOOK_AROUND);
        }
        if self.rest.starts_with('>') {
            return Err(POSSESSIVE);
        }
        if self.rest.starts_with("P=") {
            return Err(BACKREFERENCE);
        }
        let recursive = ["R", "&", "P>", "(", "C", "+"].iter().any(|start| self.rest.starts_with(start))
            || self.rest.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        if recursive {
            return Err(RECURSION);
        }
        self.out.push_str("(?");
        self.outer.push(outer);
        self.head_of_group();
        Ok(())
    }

    /// A name, flags, or nothing: what stands between `(?` and what the group holds.
    fn head_of_group(&mut self) {
        // Branches of a reset count their groups anew, and nobody counts here.
        if self.eat("|") {
            return self.out.push(':');
        }
        if let Some((name, rest)) = self.rest.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
            self.rest = rest;
            return self.out.push_str(&format!("<{name}>"));
        }
        if self.rest.starts_with(['<', 'P']) {
            let (name, rest) = self.rest.split_once('>').unwrap_or((self.rest, ""));
            self.rest = rest;
            return self.out.push_str(&format!("{name}>"));
        }
        let mut set = true;
        while let Some(c) = self.next() {
            self.out.push(c);
            match c {
                '-' => set = false,
                'm' => self.scope.multi_line = set,
                'x' => self.scope.extended = set,
                // Flags alone hold on within the group around.
                ')' => {
                    self.outer.pop();
                    return;
                }
                ':' => return,
                _ => {}
            }
        }
    }

    /// `[...]`: within, only `\`, `]`, `^` at the start, `-` between two and `[:name:]` are special.
    fn class(&mut self) -> Result<(), Refused> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        if self.eat("]") {
            self.out.push_str(r"\]");
        }
        loop {
            match self.next().ok_or(OPEN_CLASS)? {
                ']' => break,
                c => {
                    let member = self.class_member(c)?;
                    self.range_from(member)?;
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn class_member(&mut self, c: char) -> Result<Member, Refused> {
        match c {
            '[' => Ok(self.posix().map_or(Member::One('['), Member::Many)),
            '\\' => match self.next().ok_or(OPEN_CLASS)? {
                'b' => Ok(Member::One('\x08')),
                'N' | 'R' | 'Q' | 'E' | 'g' | 'k' => Err(UNKNOWN_ESCAPE),
                c @ ('H' | 'V') => {
                    let Member::Many(members) = self.member(c)? else { return Err(UNKNOWN_ESCAPE) };
                    Ok(Member::Many(format!("[{members}]")))
                }
                c => self.member(c),
            },
            c => Ok(Member::One(c)),
        }
    }

    /// `[:alpha:]`, if it comes next.
    fn posix(&mut self) -> Option<String> {
        let (name, rest) = self.rest.strip_prefix(':')?.split_once(":]")?;
        if !name.trim_start_matches('^').chars().all(|c| c.is_ascii_lowercase()) {
            return None;
        }
        self.rest = rest;
        Some(format!("[:{name}:]"))
    }

    /// Writes a member, and where a `-` and another follow, all between them.
    fn range_from(&mut self, from: Member) -> Result<(), Refused> {
        let Member::One(low) = from else {
            if let Member::Many(members) = from {
                self.out.push_str(&members);
            }
            return Ok(());
        };
        let ends_in_dash = self.rest.starts_with("-]");
        if ends_in_dash || !self.eat("-") {
            self.out.push_str(&in_class(low));
            return Ok(());
        }
        let c = self.next().ok_or(OPEN_CLASS)?;
        self.out.push_str(&in_class(low));
        match self.class_member(c)? {
            Member::One(high) => self.out.push_str(&format!("-{}", in_class(high))),
            // A set has no place in a range: the dash is one.
            Member::Many(members) => self.out.push_str(&format!(r"\-{members}")),
        }
        Ok(())
    }
}

fn is_repetition(inner: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
        None => is_number(inner),
    }
}

/// `\cA` is the character of code 1.
fn control(c: char) -> char {
    char::from_u32(u32::from(c.to_ascii_uppercase()) ^ 0x40).unwrap_or('\0')
}

/// One character outside of a class.
fn literal(c: char) -> String {
    // The flag `x` skips white space, escaped or not.
    if c.is_whitespace() || c.is_control() {
        code(c)
    } else {
        regex_syntax::escape(c.encode_utf8(&mut [0; 4]))
    }
}

/// One character of a class, where `&&`, `--` and `~~` would be operators.
fn in_class(c: char) -> String {
    if c.is_ascii_alphanumeric() || !(c.is_ascii() || c.is_whitespace()) {
        return c.to_string();
    }
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') { format!("\\{c}") } else { code(c) }
}

fn code(c: char) -> String {
    format!("\\x{{{:X}}}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(expression: &str, text: &str) -> bool {
        let translated = translate(expression, false).unwrap_or_else(|why| panic!("{expression}: {why:?}"));
        let regex = regex::Regex::new(&translated).unwrap_or_else(|why| panic!("{translated}: {why}"));
        regex.is_match(text)
    }

    #[track_caller]
    fn check(expression: &str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(finds(expression, text), "{expression} on {text:?}");
        }
        for text in no {
            assert!(!finds(expression, text), "{expression} on {text:?}");
        }
    }

    #[test]
    fn classes_hold_plain_characters() {
        check("[;&&|]", &["a;b", "a&b", "a|b"], &["ab"]);
        check("^[+--]$", &["+", ",", "-"], &[".", "*", "a"]);
        check("^[a~~b]$", &["a", "~", "b"], &["c"]);
        check("[[]x[]]", &["[x]"], &["x"]);
        check("^[]a]$", &["]", "a"], &["b"]);
        check("^[^]a]$", &["b"], &["]", "a"]);
        check(r"^[\w-.]+$", &["a-.b"], &["a b"]);
        check(r"^[a\-z]$", &["a", "-", "z"], &["m"]);
        check("^[a-]$", &["a", "-"], &["b"]);
        check("^[[:digit:]x]+$", &["12x"], &["y"]);
        check("^[[:digit]+$", &["[:dig"], &["7"]);
        check(r"^[\x41-\x43\b]$", &["A", "C", "\x08"], &["D"]);
        check("(?x)^[a b]$", &[" ", "a"], &["c"]);
        check(r"^[<>\<\>#]$", &["<", ">", "#"], &["\\"]);
        check(r"^[^\H]+$", &["\t "], &["x"]);
    }

    #[test]
    fn angle_brackets_are_no_word_boundaries() {
        check(r"\<script\>", &["<script>"], &["a script b"]);
        check(r#"\"\'\ \/\-\@"#, &["\"' /-@"], &[]);
    }

    #[test]
    fn the_end_is_also_before_a_last_line_break() {
        check("end$", &["the end", "the end\n"], &["the end\n\n", "the end\nx"]);
        check("^$", &["", "\n"], &["x"]);
        check(r"end\z", &["end"], &["end\n"]);
        check(r"end\Z", &["end\n"], &["end\nx"]);
        check("(?m)end$", &["the end\nx"], &[]);
        check("(?m:a$)\nc$", &["a\nc\n"], &["a\nc\nx"]);
        check("(a$|b)", &["xa\n", "b"], &["a\nx"]);
        assert!(
            regex::Regex::new(&format!("(?m){}", translate("end$", true).unwrap()))
                .unwrap()
                .is_match("end\nx")
        );
    }

    #[test]
    fn braces_that_repeat_nothing_are_braces() {
        check("^a{2}$", &["aa"], &["a"]);
        check("^a{1,}?b{0,1}$", &["aab"], &["b"]);
        check("${jndi:", &[], &["x"]);
        check("{{7*7}}", &["{{77777}}"], &["7"]);
        check("^a{,2}$", &["a{,2}"], &["aa"]);
    }

    #[test]
    fn escapes_of_the_other_dialect_mean_the_same() {
        check(r"^\Qa.b[\E+$", &["a.b[", "a.b[["], &["axb["]);
        check(r"^a\hb$", &["a b", "a\tb"], &["a\nb"]);
        check(r"^a\Rb$", &["a\r\nb", "a\nb"], &["a b"]);
        check(r"^\e\[0m\cA\012$", &["\x1b[0m\x01\n"], &[]);
        check(r"^a\Nb$", &["axb"], &["a\nb"]);
        check("a(?#note)b", &["ab"], &["a"]);
        check("(?|a(b)|c(d))", &["ab", "cd"], &["ad"]);
        check("(?'name'a)(?<other>b)(?P<third>c)", &["abc"], &["ab"]);
        check("(?x) a b # [ ( $ \n c", &["abc"], &["ab"]);
    }

    #[test]
    fn what_the_engine_cannot_do_is_refused_with_its_reason() {
        let reason = |text: &str| translate(text, false).map_err(|refused| refused.reason);
        for (texts, refused) in [
            (&["a(?=b)", "(?<!a)b", "(?!x)", "(?<=y)"][..], LOOK_AROUND),
            (&["a++", "a*+b", "a?+", "a{2}+", "(?>a)"], POSSESSIVE),
            (&[r"(a)\1", r"\k<a>", "(?P=a)", r"\g{1}"], BACKREFERENCE),
            (&["(?R)", "(?1)", "(?&a)", "(?(1)a|b)", "(*SKIP)", "(?-1)"], RECURSION),
            (&[r"a\Kb", r"\G"], UNKNOWN_ESCAPE),
            (&["[a", "[]", "[^]"], OPEN_CLASS),
            (&["a\\"], OPEN_ESCAPE),
        ] {
            for text in texts {
                assert_eq!(reason(text), Err(refused.reason), "{text}");
            }
        }
    }

    proptest::proptest! {
        /// Expressions of the part that both dialects read alike come out with the same meaning.
        #[test]
        fn what_both_dialects_read_alike_stays_as_it_is(
            expression in r"(\^)?([abc]|\.|\[a-c\]|\[\^ab\]|\\d|\(a\|b\)|\(\?:bc\)){1,5}(\*|\+|\?|\{1,2\})?",
            text in "[abcd1]{0,8}",
        ) {
            let plain = regex::Regex::new(&expression).expect("both read it");
            proptest::prop_assert_eq!(plain.is_match(&text), finds(&expression, &text), "{}", expression);
        }

        #[test]
        fn any_text_is_translated_or_refused(text in r"[\\\[\](){}^$|?*+a-c&~<>:=!#\-0-9 QERhHpxZ]{0,24}") {
            if let Ok(translated) = translate(&text, false) {
                // Refused or not, it must not panic.
                drop(regex::Regex::new(&translated));
            }
        }
    }
}
