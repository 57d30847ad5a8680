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

mod alert;
mod archive;
mod block;
mod codec;
mod convert;
mod cursor_file;
mod deadline;
mod directory;
mod document;
mod error;
mod examine;
mod filter;
mod gap;
mod guard;
mod hunt;
mod inquiry;
mod narrow;
mod near;
mod own;
mod part;
mod partition;
mod payload;
mod places;
mod queue;
mod reader;
mod room;
mod schema;
mod seal;
mod summary;
mod tokenizer;
mod top;
mod values;
mod view;
mod writer;

pub use error::Error;
pub use examine::{Examination, Examined, PartSizes, examine};
pub use guard::panic_is_handled;
pub use hunt::{Hunt, Passed};
pub use inquiry::TRACE_LIMIT;
pub use payload::{Detection, DetectionReference, FileReference, Payload, Position, Retired};
pub use reader::Reader;
pub use room::{DiskRoom, Shortage};
pub use seal::Sealing;
pub use top::{Histogram, Spot};
pub use values::TopValues;
pub use view::Counts;
pub use writer::{Committed, Options, Recovered, Retention, Writer, quarantine, quarantine_sealed};
