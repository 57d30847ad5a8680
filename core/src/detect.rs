//! Stage one: which rules match an event, by itself, without memory.
//!
//! What it says is a [`MatchRecord`] that can be sent to wherever stage two (`correlate`) keeps the
//! state of the record's key.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

pub mod compile;
pub mod explain;
pub mod matcher;
pub mod prefilter;
pub mod record;

pub use matcher::{CompiledRules, Matcher, MatcherOptions, RuleCounter};
pub use record::{Extractor, MatchRecord, View};
