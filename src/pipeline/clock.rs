//! The clock of the engine: the only place where the engine reads the wall clock.

use std::time::Instant;

use chrono::Utc;

use crate::event::{Nanos, Timestamp};

/// Where the engine's time comes from.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    #[default]
    Wall,
    /// Stands at `origin` when it is made and runs `speed` times as fast as the wall clock.
    Scaled { origin: Timestamp, since: Instant, speed: f64 },
}

impl Clock {
    /// A clock that stands at `origin` now.
    #[must_use]
    pub fn scaled(origin: Timestamp, speed: f64) -> Self {
        Clock::Scaled { origin, since: Instant::now(), speed }
    }

    /// Now, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Wall => Timestamp(Utc::now().timestamp_nanos_opt().unwrap_or_default()),
            Clock::Scaled { origin, since, speed } => {
                origin.plus((since.elapsed().as_secs_f64() * speed * 1e9) as i64)
            }
        }
    }
}

/// Notices when the wall clock is set, or stood still while the machine slept.
#[derive(Debug)]
pub(super) struct StepWatch {
    last: Option<(Timestamp, Instant)>,
}

/// Less than this is a clock being adjusted, or a thread that had to wait between two looks.
const SMALLEST_STEP: Nanos = 2_000_000_000;

impl StepWatch {
    pub(super) fn new() -> Self {
        Self { last: None }
    }

    /// How far the wall clock moved on its own since the last look, when that is worth a word.
    pub(super) fn look(&mut self, wall: Timestamp, steady: Instant) -> Option<Nanos> {
        let (last_wall, last_steady) = self.last.replace((wall, steady))?;
        let elapsed =
            Nanos::try_from(steady.saturating_duration_since(last_steady).as_nanos()).unwrap_or(Nanos::MAX);
        let step = wall.since(last_wall).saturating_sub(elapsed);
        (step.saturating_abs() > SMALLEST_STEP).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_step_of_the_clock_is_told_from_time_that_passed() {
        let (start, mut watch) = (Instant::now(), StepWatch::new());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let wall = Timestamp::from_seconds;
        assert_eq!(watch.look(wall(1_000), at(0)), None);
        assert_eq!(watch.look(wall(1_100), at(100)), None, "a long pause is no step");
        assert_eq!(watch.look(wall(1_102), at(101)), None, "a second is adjusted away");
        assert_eq!(watch.look(wall(4_703), at(102)), Some(3_600_000_000_000));
        assert_eq!(watch.look(wall(4_704), at(103)), None, "said once");
        assert_eq!(watch.look(wall(1_104), at(103)), Some(-3_600_000_000_000));
    }
}
