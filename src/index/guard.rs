//! The door of every question: a panic inside tantivy becomes an error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::Error;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is about to be turned into an error; a panic hook that restores
/// the terminal or prints should leave it alone.
#[must_use]
pub fn panic_is_handled() -> bool {
    GUARDED.get()
}

/// Runs a question. A panic inside tantivy (damaged files) becomes an error.
pub(super) fn guarded<T>(question: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let outer = GUARDED.replace(true);
    let answer = catch_unwind(AssertUnwindSafe(question));
    GUARDED.set(outer);
    answer.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(Error::Search { reason: format!("the index is damaged ({said})") })
    })
}
