//! Rules as people name them.

use std::path::Path;

use crate::event::number::to_u32;
use crate::exit::Hinted;
use crate::sigma::rule::Header;
use crate::sigma::{RuleIndex, RuleSet};

/// The rule with this id or name, else the only one whose title has these words.
pub fn find(rules: &RuleSet, wanted: &str) -> anyhow::Result<RuleIndex> {
    if let Some(index) = rules.find(wanted) {
        return Ok(index);
    }
    let lower = wanted.to_lowercase();
    let headers: Vec<&Header> =
        (0..rules.len()).filter_map(|index| rules.header(RuleIndex(to_u32(index)))).collect();
    let titled: Vec<usize> = (0..headers.len())
        .filter(|index| {
            headers.get(*index).is_some_and(|header| header.title.to_lowercase().contains(&lower))
        })
        .collect();
    match titled.as_slice() {
        [index] => Ok(RuleIndex(to_u32(*index))),
        [] => {
            let names = headers.iter().filter_map(|header| header.name.as_deref());
            let is_there = Path::new(wanted).exists();
            let hint = if is_there {
                "name the rule (title, name or id) first, then its files".to_owned()
            } else {
                crate::sigma::diagnostic::did_you_mean(wanted, names)
                    .unwrap_or_else(|| "`soctop rules list` lists all".to_owned())
            };
            let message = match is_path(wanted) && !is_there {
                true => format!("there is no file or folder `{wanted}`"),
                false => format!("no rule is called `{wanted}`"),
            };
            Err(Hinted::error(message, hint))
        }
        several => {
            let names: Vec<&str> = several
                .iter()
                .take(5)
                .filter_map(|index| headers.get(*index))
                .map(|h| h.reference())
                .collect();
            let message = format!("{} rules have `{wanted}` in their title", several.len());
            Err(Hinted::error(message, format!("name one by its id or name: {}", names.join(", "))))
        }
    }
}

/// Written as a file or a folder is: no name of a rule has a slash or the ending of its file.
fn is_path(word: &str) -> bool {
    let ends = |ending: &str| Path::new(word).extension().is_some_and(|it| it.eq_ignore_ascii_case(ending));
    word.contains('/') || ends("yml") || ends("yaml")
}
