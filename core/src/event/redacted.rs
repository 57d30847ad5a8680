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

    /// The same; `raw` becomes the event as it was where anything is replaced, and the answer says whether that is so.
    fn redact_beside(&mut self, event: &mut Event, raw: &mut Event) -> bool;
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

    /// What `redactor` leaves of `event`, with `raw` as the event was where it did not leave all; the answer says that, too.
    #[must_use]
    pub fn beside(redactor: &mut impl Redact, mut event: Event, raw: &mut Event) -> (Self, bool) {
        let hides = redactor.redact_beside(&mut event, raw);
        (Self(event), hides)
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
