//! The only place that starts threads and makes channels, and the only one that reads the clock.

mod handle;

pub use handle::{Handle, Notice, Request};
