//! Incidents, states, risk and the extension block, on small made-up streams.

mod harness;
mod incidents;
mod properties;
mod windows;
