//! The only place that starts threads and makes channels, and the only one that reads the clock.
//!
//! ```text
//! source ──chunks──► work ──batches──► index ──► tantivy
//!                     │  ▲               │
//!            snapshot │  └──reports──────┘
//!                     ▼
//!                 dashboard ──requests──► search ──answers──► dashboard
//!
//! rule files ──► rules ──programs──► work
//! ```

mod build;
mod clock;
mod handle;
mod indexer;
mod intake;
mod recordings;
mod reload;
mod replay;
mod searcher;
mod signals;
mod work;
mod worker;

pub use build::{Live, LiveError, LiveOptions, PLAIN_ALERTS, Plain, start};
pub use clock::Clock;
pub use handle::{Handle, Notice, Request};
pub use intake::Intake;
pub use recordings::{Chunks, RecordingError, recordings};
pub use replay::{Recording, replay};
pub use signals::stop_on_signal;
pub use work::{Line, Work, WorkOptions, groups};

pub use crate::index::panic_is_handled;
