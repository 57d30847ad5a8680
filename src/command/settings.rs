//! From the command line to the configuration in force.

use std::path::{Path, PathBuf};

use super::print;
use crate::cli::{KeepArgs, RuleArgs, ScreenArgs, StoreArgs};
use crate::config::{self, Config, ConfigError, Environment, Flags, KeyBinding};
use crate::exit::Hinted;
use crate::index::Retention;
use crate::pipeline::Limits;
use crate::sigma::Diagnostic;
use crate::text::Safe;
use crate::tui::keymap::Keymap;

/// What the command line says, group by group.
#[derive(Clone, Debug, Default)]
pub struct CliOverrides(Flags);

impl CliOverrides {
    pub fn new(file: Option<&Path>) -> Self {
        Self(Flags { config: file.map(Path::to_owned), ..Flags::default() })
    }

    pub fn rules(self, args: &RuleArgs) -> Self {
        let routing = args.no_routing.map(|without| !without);
        Self(Flags {
            rules: args.rules.clone(),
            only_rules: args.only_rules.clone(),
            vocabulary: args.vocabulary.clone(),
            routing,
            ..self.0
        })
    }

    pub fn store(self, args: &StoreArgs) -> Self {
        Self(Flags { data_dir: args.data_dir.clone(), ..self.0 })
    }

    pub fn keep(self, args: KeepArgs) -> Self {
        let KeepArgs { retain, max_size, keep_free, memory } = args;
        Self(Flags { retain, max_size, keep_free, memory, ..self.0 })
    }

    pub fn screen(self, args: &ScreenArgs) -> Self {
        Self(Flags { fps: args.fps, ascii: args.ascii, no_motion: args.no_motion, ..self.0 })
    }

    /// All of it, to ask again later.
    pub fn flags(self) -> Flags {
        self.0
    }

    /// Resolves the configuration. Mistakes in the file are said one by one on standard error.
    pub fn resolve(&self) -> anyhow::Result<Config> {
        let config = Config::resolve(&self.0, &Environment::read()).map_err(|error| match &error {
            ConfigError::Mistakes { diagnostics, .. } => {
                diagnostics.iter().for_each(say);
                Hinted::error(
                    error.to_string(),
                    "`soctop config` prints a file in which every key is explained",
                )
            }
            ConfigError::Unreadable { .. } => error.into(),
        })?;
        keymap(&config).map_err(|mistakes| {
            mistakes.iter().for_each(say);
            let message = format!("{} of `[keys]` cannot be followed", mistakes.len());
            Hinted::error(message, "`soctop keys` lists every action with its keys")
        })?;
        Ok(config)
    }
}

/// The keys that are configured.
///
/// # Errors
/// Everything that is wrong with them, each with its place.
pub fn keymap(config: &Config) -> Result<Keymap, Vec<Diagnostic>> {
    let lines: Vec<&KeyBinding> = config.keys.iter().collect();
    let wanted = lines.iter().map(|line| (line.action.as_str(), line.keys.as_slice()));
    Keymap::configured(wanted).map_err(|mistakes| {
        let placed = mistakes.into_iter().filter_map(|mistake| {
            let diagnostic = Diagnostic::error(&lines.get(mistake.line)?.at, mistake.message);
            Some(match mistake.hint {
                Some(hint) => diagnostic.with_hint(hint),
                None => diagnostic,
            })
        });
        placed.collect()
    })
}

/// A mistake with its place, on standard error.
fn say(diagnostic: &Diagnostic) {
    for line in diagnostic.to_string().lines() {
        print::talk(Safe::new(line).as_str());
    }
    print::talk("");
}

/// The folder of the index that the configuration names.
pub fn data_dir(config: &Config) -> anyhow::Result<PathBuf> {
    Ok(config::data_dir(config.store.data_dir.value.as_deref())?)
}

/// What of disk and memory is left to others.
pub fn limits(config: &Config) -> Limits {
    Limits { keep_free: config.retention.keep_free.value, memory: config.store.memory.value }
}

/// What of the index is kept.
pub fn retention(config: &Config) -> Retention {
    Retention { age: config.retention.age.value, bytes: config.retention.max_size.value }
}
