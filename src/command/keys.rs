//! `soctop keys`: every action with its keys, as configured.

use super::print::Out;
use super::settings::{self, CliOverrides};
use crate::exit::Exit;

pub fn run(overrides: &CliOverrides) -> anyhow::Result<Exit> {
    // What is wrong with the keys was said when the configuration was resolved.
    let keymap = settings::keymap(&overrides.resolve()?).unwrap_or_default();
    let mut out = Out::new();
    for action in keymap.actions() {
        out.line(&format!("{:<16} {:<12} {}", action.name, action.keys, action.text))?;
    }
    out.flush()?;
    Ok(Exit::Fine)
}
