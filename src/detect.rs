//! Sigma rules: read, compile, match, correlate.
//!
//! Two stages with a serialisable record between them: stateless matching (`Engine`, near the
//! source) and keyed, stateful correlation (`Correlator`, owner of the key). Neither reads a
//! clock: time arrives with the events and with `Correlator::advance`.

pub mod alert;
pub mod compile;
pub mod condition;
pub mod correlate;
pub mod diagnostic;
pub mod engine;
pub mod explain;
pub mod extension;
mod incident;
pub mod lint;
pub mod matcher;
pub mod modifier;
pub mod parse;
pub mod prefilter;
pub mod record;
pub mod risk;
pub mod rule;
mod states;
pub mod taxonomy;
pub mod threat;
mod yaml;

pub use alert::{Alert, AlertKind, AlertStatus, Board, Evidence, Level, RiskChange, RuleSummary, Transition};
pub use correlate::{CorrelationCounters, Correlator, CorrelatorOptions, Output, Seeds, Succession};
pub use engine::{Engine, EngineOptions};
pub use modifier::Placeholders;
pub use parse::{LoadOptions, assemble, parse_documents};
pub use record::{Extractor, MatchRecord};
pub use rule::{Diagnostic, Document, RuleIndex, RuleSet, Severity};
pub use taxonomy::{FieldResolver, FieldSlot};
