//! From the command line to the configuration in force.

use std::path::{Path, PathBuf};

use super::print;
use crate::cli::{KeepArgs, RuleArgs, ScreenArgs, StoreArgs};
use crate::config::{self, Config, ConfigError, Environment, Flags};
use crate::exit::Hinted;
use crate::index::Retention;
use crate::sigma::Diagnostic;
use crate::text::Safe;

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
        Self(Flags { retain: args.retain, max_size: args.max_size, ..self.0 })
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
        Config::resolve(&self.0, &Environment::read()).map_err(|error| match &error {
            ConfigError::Mistakes { diagnostics, .. } => {
                diagnostics.iter().for_each(say);
                Hinted::error(
                    error.to_string(),
                    "`soctop config` prints a file in which every key is explained",
                )
            }
            ConfigError::Unreadable { .. } => error.into(),
        })
    }
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

/// What of the index is kept.
pub fn retention(config: &Config) -> Retention {
    Retention { age: config.retention.age.value, bytes: config.retention.max_size.value }
}
