//! The boards that rules put entities on.

use serde::{Deserialize, Serialize};

/// The boards of the dashboard. A rule names its board in `soctop.states.board`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Board {
    Lockout,
    Breaker,
    BlockedAddress,
    RateLimited,
    RevokedToken,
    SilentSource,
    Other,
}
