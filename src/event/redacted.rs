//! The door through which events leave memory.
//!
//! Detection sees an event as it was read. Whatever is stored or shown is made of a [`Redacted`], and there is
//! no other way to get one than to hand an event to a [`Redact`].

use std::ops::Deref;

use super::Event;

/// Takes secrets out of events.
pub trait Redact {
    /// Replaces every secret in the text of `event`, and in its names.
    fn redact(&mut self, event: &mut Event);
}

/// An event that has passed redaction: it may be stored and shown.
#[derive(Clone, Debug, Default)]
pub struct Redacted(Event);

impl Redacted {
    /// What `redactor` leaves of `event`.
    #[must_use]
    pub fn by(redactor: &mut impl Redact, mut event: Event) -> Self {
        redactor.redact(&mut event);
        Self(event)
    }

    /// The event, whose buffers may be used again.
    #[must_use]
    pub fn into_inner(self) -> Event {
        self.0
    }
}

impl Deref for Redacted {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.0
    }
}
