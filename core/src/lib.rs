//! The pure half of soctop: from the bytes of a log to alerts, what screens show of them, and the query language.
//!
//! It opens no file, starts no thread, reads no clock and draws nothing, so that everything in it can be driven by a
//! test, a fuzzer or a recording. `tests/it/architecture.rs` holds that, and the import table of `ARCHITECTURE.md`.

// What tests and fuzz targets share names the program's library, which has these modules as its own.
#[cfg(test)]
extern crate self as soctop;

pub mod alert;
pub mod attack;
pub mod correlate;
pub mod decode;
pub mod detect;
pub mod event;
pub mod facts;
pub mod normalize;
pub mod query;
pub mod report;
pub mod sigma;
pub mod state;
pub mod text;
pub mod triage;
pub mod yaml;
