//! The store: every event and alert, searchable, on disk, with the position that produced them.
//!
//! ```text
//! pipeline ── add_event · add_alert ──► Writer ── commit(Position) ──► tantivy + payload
//!                                          │ after each commit
//!                                          ▼
//!     search · trace · event ◄───────── Reader        (any number, any process)
//! ```
//!
//! What others may rely on:
//! - **One commit point.** Documents and the [`Position`] that produced them become durable in one
//!   step. After a crash at any instant, what is searchable is exactly what lies before the
//!   committed cursors.
//! - **Nothing is lost silently.** A store that was initialised and has lost its index is
//!   [`Error::Lost`], never an empty one; damage is an error with a hint, never a panic.
//! - **Any event can be added.** Sizes, names and values come from logs; none makes adding fail.
//!   What is too large to be a term is cut there and stored whole.

mod codec;
mod convert;
mod deadline;
mod directory;
mod document;
mod error;
mod gap;
mod near;
mod partition;
mod payload;
mod reader;
mod schema;
mod tokenizer;
mod values;
mod writer;

pub use error::Error;
pub use payload::{Detection, DetectionReference, FileReference, Payload, Position};
pub use reader::{Counts, Histogram, Reader, TRACE_LIMIT, panic_is_handled};
pub use values::TopValues;
pub use writer::{Committed, Options, Recovered, Writer, quarantine};
