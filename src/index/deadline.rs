//! When a search has to end.

use std::time::{Duration, Instant};

use super::error::Error;

/// The moment after which a search gives up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<(Instant, Duration)>);

impl Deadline {
    pub(super) fn after(time: Duration) -> Self {
        Self(Some((Instant::now() + time, time)))
    }

    pub(super) fn never() -> Self {
        Self(None)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_some_and(|(end, _)| Instant::now() > end)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match self.0 {
            Some((end, time)) if Instant::now() > end => Err(Error::TooSlow { seconds: time.as_secs() }),
            _ => Ok(()),
        }
    }
}
