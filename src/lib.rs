//! soctop: top for your security operations.
//!
//! `ARCHITECTURE.md` draws the path of a log line through these modules, and says where to start reading.
//!
//! The modules of the pure half stand in `core/`, a package of its own, and are named here as if they were these.

pub use soctop_core::{
    alert, attack, correlate, decode, detect, event, facts, normalize, query, report, safe, sigma, state,
    text, triage, yaml,
};

pub mod cli;
pub mod command;
pub mod config;
pub mod exit;
pub mod glob;
pub mod index;
pub mod pipeline;
pub mod receive;
pub mod samples;
pub mod source;
pub mod tui;
pub mod view;
pub mod whole_file;
