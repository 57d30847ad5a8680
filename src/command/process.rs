//! What every command asks of its own process, before it does anything.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit, umask};

use super::print;
use crate::index::panic_is_handled;

/// Files are for their owner only; as many may be open as the system allows; a panic that becomes an error
/// message says nothing by itself.
pub fn prepare() {
    umask(Mode::RWXG | Mode::RWXO);
    raise_descriptors();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |report| {
        if !panic_is_handled() {
            previous(report);
        }
    }));
}

/// The soft limit is for programs that cannot deal with more.
fn raise_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it is refused, files take turns.
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap_or_default();
}

/// Says that root is more than is needed to read logs.
pub fn warn_of_root() {
    if geteuid().is_root() {
        print::talk(
            "warning: running as root, which reading logs does not need: a user in the group of the logs \
             can do no harm",
        );
    }
}
