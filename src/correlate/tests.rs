//! Incidents, states, risk and the extension block, on small made-up streams; and properties of all rules.

mod harness;
mod incidents;
mod once;
mod plain;
mod properties;
mod recompute;
mod succession;
mod time;
mod windows;
