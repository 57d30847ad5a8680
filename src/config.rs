//! Where things are: folders and rules, resolved once from flags, environment and defaults.

mod key;
mod paths;
mod rules;

pub use key::{KeyError, redaction_key};
pub use paths::data_dir;
pub use rules::{LoadedRules, RuleError, load_rules};
