//! Folders by the XDG base directory specification.

use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

/// The folder of the index: the one that was configured, else `$XDG_STATE_HOME/soctop`, else its default in
/// the home folder.
///
/// # Errors
/// When no folder was given and there is no home folder to put one in.
pub fn data_dir(given: Option<&Path>) -> Result<PathBuf, NoHome> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let strategy = choose_base_strategy().map_err(|_| NoHome)?;
    let base = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(base.join("soctop"))
}

/// There is no home folder.
#[derive(Debug, thiserror::Error)]
#[error("no home folder to keep the index in")]
pub struct NoHome;
