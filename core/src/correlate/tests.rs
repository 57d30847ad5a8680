//! Incidents, states, risk and the extension block, on small made-up streams; and properties of all rules.

mod dedup;
mod harness;
mod hot_reload;
mod incidents;
mod plain;
mod properties;
mod recompute;
mod said_ends;
mod time;
mod windows;
