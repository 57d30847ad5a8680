//! What the user has configured: flags, environment, one TOML file and defaults, resolved once into a typed
//! [`Config`]; and where things are: folders and rules.
//!
//! Each stage gets the part that it needs; nothing below the composition root asks the environment.

mod benign;
mod bindings;
mod document;
mod effective;
mod follow;
mod key;
mod lists;
mod networks;
mod paths;
mod read;
mod rules;
mod schema;
mod settings;
mod source;
mod vocabulary;

pub use benign::BenignConfig;
pub use bindings::{KeyBinding, KeyBindings};
pub use effective::effective;
pub use follow::Look;
pub use key::{KeyError, redaction_key};
pub use lists::{List, Lists};
pub use networks::{NamedNetwork, NamedNetworks};
pub use paths::{NoHome, data_dir};
pub use read::read_text;
pub use rules::{
    LoadedRules, RuleError, RuleFiles, bundled_rules, configured_rules, load_rules, rules_of_texts,
};
pub use schema::{Key, SECTIONS, Section, template};
pub use settings::{
    Config, ConfigError, Environment, Flags, Origin, RuleConfig, ScreenConfig, Setting, StoreConfig, THEMES,
};
pub use source::{RedactionConfig, SourceConfig, SourcePath};
pub use vocabulary::{VocabularyFiles, load_vocabulary, vocabulary_files};
