//! Stage one: which rules match an event, by itself, without memory.
//!
//! What it says is a [`MatchRecord`] that can be sent to wherever stage two (`correlate`) keeps the
//! state of the record's key.

pub mod compile;
pub mod engine;
pub mod explain;
pub mod prefilter;
pub mod record;

pub use engine::{Engine, EngineOptions};
pub use record::{Extractor, MatchRecord, View};
