//! soctop: top for your security operations.
//!
//! `ARCHITECTURE.md` draws the path of a log line through these modules, and says where to start reading.
//!
//! The **pure half** compiles without the `app` feature: it opens no file, starts no thread, reads
//! no clock and draws nothing. `cargo test --lib --no-default-features` builds it alone, and
//! `tests/it/architecture.rs` holds the import table.

// What tests and fuzz targets share names the library as they do.
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

#[cfg(feature = "app")]
pub mod cli;
#[cfg(feature = "app")]
pub mod command;
#[cfg(feature = "app")]
pub mod config;
#[cfg(feature = "app")]
pub mod exit;
#[cfg(feature = "app")]
pub mod glob;
#[cfg(feature = "app")]
pub mod index;
#[cfg(feature = "app")]
pub mod pipeline;
#[cfg(feature = "app")]
pub mod receive;
#[cfg(feature = "app")]
pub mod samples;
#[cfg(feature = "app")]
pub mod source;
#[cfg(feature = "app")]
pub mod tui;
#[cfg(feature = "app")]
pub mod view;
#[cfg(feature = "app")]
pub mod whole_file;
