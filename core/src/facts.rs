//! What a line states, whoever wrote it: a login failed, an account is locked, a breaker opened.
//!
//! Rules ask for facts. How each product says so is data, in `vocabulary/`, tested line by line, and a
//! user adds to it with files of the same form. A [`Vocabulary`] is all files arranged by who speaks; a
//! [`Reader`] asks it what one line states. See `docs/vocabulary.md`.
//!
//! What a client writes must not speak: who speaks is decided by the head of the line and not by its
//! text, templates are anchored at both ends, an address with two readings is left out, and quoted
//! text states nothing.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod breaker;
pub mod echo;
pub mod ends;
pub mod fact;
pub mod file;
pub mod names;
pub mod own;
pub mod phrases;
mod quotes;
mod reader;
mod scan;
mod sentences;
mod signs;
pub mod template;
pub mod unknown;
mod vocabulary;

pub use breaker::{BreakerChange, BreakerSentence, BreakerState, BreakerWords};
pub use fact::{Confidence, Fact};
pub use quotes::{is_inside, is_inside_unclosed, quoted};
pub use reader::{Brought, Reader, Stated, Statement, Value};
pub use scan::{Hits, PhraseHit, head};
pub use vocabulary::{BUNDLED, Marks, Vocabulary};
