//! The clock of the engine. The wall clock is read here and nowhere else.

use std::time::Instant;

use chrono::Utc;

use crate::event::Timestamp;

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
