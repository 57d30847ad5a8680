//! Sigma rules: read, compile, match, correlate.
//!
//! Two stages with a serialisable record between them: stateless matching (`Engine`, near the
//! source) and keyed, stateful correlation (`Correlator`, owner of the key). Neither reads a
//! clock: time arrives with the events and with `Correlator::advance`.

pub mod alert;
pub mod extension;
pub mod rule;

pub use alert::{Alert, AlertKind, AlertStatus, Board, Evidence, Level, RiskChange, RuleSummary, Transition};
