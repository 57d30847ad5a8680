//! The language of the rules: Sigma documents, read, checked and explained; nothing here runs them
//! over a stream.
//!
//! [`parse_documents`] turns text into documents with positions, [`assemble`] turns documents into a
//! [`RuleSet`]. [`scan`] says in the plainest way what a rule means; `detect` does the same quickly.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

pub mod board;
pub mod comparison;
pub mod condition;
pub mod decimal;
pub mod extension;
pub mod level;
pub mod lint;
pub mod matcher;
pub mod modifier;
pub mod parse;
pub mod rule;
pub mod scan;
pub mod taxonomy;

pub use crate::yaml::diagnostic;
pub use board::Board;
pub use level::Level;
pub use modifier::Placeholders;
pub use parse::{LoadOptions, assemble, parse_documents};
pub use rule::{Diagnostic, Document, RuleIndex, RuleSet, Severity};
pub use taxonomy::{FieldResolver, FieldSlot};
