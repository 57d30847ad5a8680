//! Runs of bytes in which secrets may begin.

use super::scan::run_end;

/// The runs of bytes that were read last, each by the end it shares with everything that begins inside of
/// it: `sk-sk-sk-...` is read once and not once for every `sk-`.
#[derive(Default)]
pub(super) struct Runs {
    /// Of a token.
    pub(super) token: Run,
    /// Of the rest of an address.
    pub(super) hook: Run,
    /// Where the last private key ends.
    pub(super) key_end: usize,
}

#[derive(Default)]
pub(super) struct Run {
    start: usize,
    end: usize,
    /// How many beginnings were tried in this run.
    tries: u32,
}

impl Run {
    /// This many beginnings in one run are no names; where they are tokens, all of it is one.
    const TRIES: u32 = 16;

    /// Where the run ends that `start` lies in. `accept` must be the same every time.
    pub(super) fn end(&mut self, bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
        if !(self.start..self.end).contains(&start) {
            *self = Self { start, end: run_end(bytes, start, accept), tries: 0 };
        }
        self.tries += 1;
        self.end
    }

    pub(super) fn is_noise(&self) -> bool {
        self.tries > Self::TRIES
    }
}
