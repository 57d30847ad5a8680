//! Whether anything is being watched at all. A threat level presupposes sight: without a readable
//! source or a loaded rule there is none to show.

use super::{RuleStatus, SourceHealth, SourceRow};
use crate::event::Nanos;

/// A start may take three seconds before the absence of sources means something.
const GRACE: Nanos = 3_000_000_000;

/// What the picture rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// The first source has not been opened yet.
    #[default]
    Starting,
    /// Every source can be read and at least one rule runs.
    Full,
    /// This many of the sources cannot be read; the others are.
    Partial { unreadable: usize },
    /// No rule is loaded: whatever is read, nothing can be found in it.
    NoRules,
    /// There is no source that can be read.
    NoSource { unreadable: usize },
}

impl Sight {
    /// No level may be shown.
    #[must_use]
    pub fn is_blind(self) -> bool {
        matches!(self, Sight::NoRules | Sight::NoSource { .. })
    }
}

/// `running` is the time since the engine's first clock.
pub(super) fn sight(rules: &RuleStatus, sources: &[SourceRow], running: Option<Nanos>) -> Sight {
    let unreadable = sources.iter().filter(|source| source.health == SourceHealth::Trouble).count();
    let is_early = running.is_none_or(|running| running < GRACE);
    match sources.len() - unreadable {
        _ if is_early && sources.is_empty() => Sight::Starting,
        _ if rules.loaded == 0 && is_early => Sight::Starting,
        _ if rules.loaded == 0 => Sight::NoRules,
        0 => Sight::NoSource { unreadable },
        _ if unreadable > 0 => Sight::Partial { unreadable },
        _ => Sight::Full,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::SourceStatus;

    fn source(health: SourceHealth) -> SourceRow {
        let status = SourceStatus { path: Arc::from("a.log"), ..SourceStatus::default() };
        SourceRow { status, health, lines_per_second: 0.0, silent_for: None, behind_bytes: 0 }
    }

    fn rules(loaded: usize) -> RuleStatus {
        RuleStatus { loaded, ..RuleStatus::default() }
    }

    #[test]
    fn a_level_needs_a_readable_source_and_a_rule() {
        let live = [source(SourceHealth::Live)];
        let broken = [source(SourceHealth::Trouble), source(SourceHealth::Trouble)];
        let late = Some(GRACE);
        assert_eq!(sight(&rules(3), &live, late), Sight::Full);
        assert_eq!(sight(&rules(0), &live, late), Sight::NoRules);
        assert_eq!(sight(&rules(3), &[], late), Sight::NoSource { unreadable: 0 });
        assert_eq!(sight(&rules(3), &broken, late), Sight::NoSource { unreadable: 2 });
        let both = [source(SourceHealth::Live), source(SourceHealth::Trouble)];
        assert_eq!(sight(&rules(3), &both, late), Sight::Partial { unreadable: 1 });
    }

    #[test]
    fn a_start_is_not_called_blind() {
        assert_eq!(sight(&rules(3), &[], None), Sight::Starting);
        assert_eq!(sight(&rules(0), &[source(SourceHealth::Live)], Some(GRACE - 1)), Sight::Starting);
    }
}
