//! `soctop vocabulary new`: a file for a line that nobody understands yet.

use crate::command::print::Out;
use crate::event::address::address;
use crate::exit::{Exit, Hinted};
use crate::facts::Fact;
use crate::yaml::diagnostic::did_you_mean;

pub fn run(product: &str, fact: &str, line: &str) -> anyhow::Result<Exit> {
    if Fact::named(fact).is_none() {
        let hint = did_you_mean(fact, Fact::all().map(Fact::name));
        let known = || Fact::all().map(Fact::name).collect::<Vec<_>>().join(" ");
        return Err(Hinted::error(format!("no fact is called `{fact}`"), hint.unwrap_or_else(known)));
    }
    let mut out = Out::new();
    for text in page(product, fact, line).lines() {
        out.line(crate::text::Safe::new(text).as_str())?;
    }
    out.flush()?;
    Ok(Exit::Fine)
}

fn page(product: &str, fact: &str, line: &str) -> String {
    let said = quoted(&template(line));
    let test = quoted(line);
    format!(
        "# Put this into a folder of yours and name it: soctop watch --vocabulary FOLDER ..
# What is the same in every such line stays text; what differs becomes a capture: see docs/vocabulary.md.
product: {product}
# Who speaks: `program` in syslog, `logger` or `format` elsewhere.
when: {{format: [text, json]}}
facts:
  - fact: {fact}
    say: {said}
tests:
  - {{message: {test}, fact: {fact}}}
  - {{message: 'a line of the same product that states nothing', fact: none}}
"
    )
}

/// A text in single quotes, as YAML has it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The line with its address, its quoted name and what follows `user` as captures.
fn template(line: &str) -> String {
    let mut template = String::new();
    let (mut has_user, mut has_address, mut follows_user) = (false, false, false);
    for (index, word) in line.split(' ').enumerate() {
        template.push_str(if index > 0 { " " } else { "" });
        let core = word.trim_matches(|c: char| "()[]<>,;.:!\"'".contains(c));
        let (before, after) = word.split_once(core).unwrap_or((word, ""));
        let (key, value) = core.split_once('=').map_or(("", core), |(key, value)| (key, value));
        let value = value.trim_matches(['"', '\'']);
        let key = key.to_lowercase();
        let is_user = follows_user || matches!(key.as_str(), "user" | "username" | "login" | "account");
        let field = if !has_address && address(value).is_some() {
            has_address = true;
            Some("{source.ip}")
        } else if !has_user && is_user && !value.is_empty() {
            has_user = true;
            Some("{user.name}")
        } else {
            None
        };
        let changed = field.and_then(|field| Some((core.rsplit_once(value)?, field)));
        match changed {
            Some(((start, end), field)) => {
                template.push_str(&format!(
                    "{}{}{field}{}{}",
                    escaped(before),
                    escaped(start),
                    escaped(end),
                    escaped(after)
                ));
            }
            None => template.push_str(&escaped(word)),
        }
        follows_user = matches!(core.to_lowercase().as_str(), "user" | "username" | "account" | "for");
    }
    template
}

/// Text that means itself in a template.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "[](){}|\\".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::template::Template;

    #[test]
    fn addresses_and_users_become_captures() {
        for (line, expect) in [
            ("user bob could not get in (203.0.113.9)", r"user {user.name} could not get in \({source.ip}\)"),
            ("no entry: user='bob', ip=203.0.113.9.", "no entry: user='{user.name}', ip={source.ip}."),
            ("plain words [x]", r"plain words \[x\]"),
        ] {
            let template = template(line);
            assert_eq!(template, expect);
            assert!(Template::parse(&template).unwrap().find(line).is_some(), "{template}");
        }
    }
}
