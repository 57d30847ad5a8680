//! Starts the threads of the engine, makes the channels between them and reads the clock for them.
//!
//! ```text
//! source ──chunks──► engine ──batches──► index ──► tantivy
//!                     │  ▲               │
//!            snapshot │  └──reports──────┘
//!                     ▼
//!                 dashboard ──requests──► search ──answers──► dashboard
//!
//! network, journal ──► receive ──spool──► source
//! engine ──chunks, events in order──► workers ──results──► engine
//! rule files ──► rules ──programs──► engine
//! index ──full partitions──► seal
//! ```

mod backlog;
mod build;
mod case;
mod case_desk;
mod clock;
mod crew;
mod dating;
mod engine;
mod engine_thread;
mod handle;
mod held;
mod hunt;
mod in_order;
mod indexer;
mod ingest;
mod journal;
mod memory;
mod mutes;
mod placing;
mod recordings;
mod reload;
mod reordering;
mod replay;
mod reporter;
mod searcher;
mod signals;
mod stored;
mod worker;

pub use build::{
    Limits, Live, LiveError, LiveOptions, NO_RULES_HINT, PLAIN_ALERTS, PlainOutput, open_case, start,
};
pub use case::{case_records, replay_case};
pub use clock::Clock;
pub use engine::{Engine, EngineOptions, LookBack};
pub use handle::{Handle, ListedEvents, Notice, Request};
pub use hunt::{Hunted, hunt};
pub use ingest::{IngestStage, Line, groups};
pub use journal::{Journal, Journalled};
pub use recordings::{Chunks, RecordingError, WaitingChunks, recordings};
pub use replay::{Next, Recorded, Recording, replay};
pub use reporter::evidence;
pub use signals::stop_on_signal;

pub use crate::index::panic_is_handled;
