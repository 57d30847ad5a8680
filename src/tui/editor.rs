//! The editor of whoever looks. It is started directly: no shell reads what `VISUAL` or `EDITOR` hold.

use std::process::Command;

/// The editor, at a line of a file. `VISUAL` counts before `EDITOR`; without both, or with nothing in them, it is `vi`.
pub(super) fn command(file: &str, line: u32) -> Command {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    let mut words =
        named.map(|text| words(&text)).find(|words| !words.is_empty()).unwrap_or_default().into_iter();
    let mut command = Command::new(words.next().unwrap_or_else(|| "vi".to_owned()));
    command.args(words).arg(format!("+{line}")).arg(file);
    command
}

/// The words of a command line, as a shell would split them: at white space, but not within quotes. Between single
/// quotes everything stands for itself; elsewhere a backslash takes the meaning of the character behind it. Nothing is
/// expanded. A quote that is not closed goes to the end.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them_and_nothing_is_expanded() {
        for (text, expect) in [
            ("", &[] as &[&str]),
            ("  ", &[]),
            ("vim", &["vim"]),
            ("code  --wait ", &["code", "--wait"]),
            ("\"/opt/my editor/bin\" -n", &["/opt/my editor/bin", "-n"]),
            ("'a b'c", &["a bc"]),
            (r"a\ b 'c\d' \'", &["a b", r"c\d", "'"]),
            (r#""say \"x\"""#, &["say \"x\""]),
            ("vi '' x", &["vi", "", "x"]),
            ("vi 'open", &["vi", "open"]),
            (
                "vi; rm -rf $HOME `id` $(id) | cat",
                &["vi;", "rm", "-rf", "$HOME", "`id`", "$(id)", "|", "cat"],
            ),
        ] {
            assert_eq!(words(text), expect, "{text}");
        }
    }

    #[test]
    fn the_line_and_the_file_come_last_and_stay_whole() {
        let command = command("/a b/$(x).yml", 7);
        let last: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert!(last.ends_with(&["+7".to_owned(), "/a b/$(x).yml".to_owned()]), "{last:?}");
    }
}
