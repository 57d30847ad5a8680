//! Where an event comes from in Sigma's terms. Rules are routed by it.

use std::sync::Arc;

/// Sigma logsource of an event. `None` means unknown, which agrees with every rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSource {
    pub category: Option<Arc<str>>,
    pub product: Option<Arc<str>>,
    pub service: Option<Arc<str>>,
}
