//! What every command asks of its own process, before it does anything.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use landlock::{
    ABI, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, path_beneath_rules,
};
use nix::unistd::{User, initgroups, setgid, setuid};
use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, geteuid, getrlimit, set_dumpable_behavior, setrlimit, umask,
};
use rustix::thread::set_no_new_privs;

use super::print;
use crate::exit::Hinted;
use crate::index::panic_is_handled;

/// Files are for their owner only; as many may be open as the system allows; a limit is an error; a panic that becomes an error
/// message says nothing by itself.
pub fn prepare() {
    umask(Mode::RWXG | Mode::RWXO);
    raise_descriptors();
    keep_to_itself();
    survive_limits();
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

/// A write beyond a limit on the size of files is an error like that of a full disk, and nothing to die of.
fn survive_limits() {
    let noted = Arc::new(AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted) {
        print::talk(&format!("a limit on the size of files would end soctop: {error}"));
    }
}

/// Memory holds what logs hold, secrets included: it is not written to core files, and no program that is started
/// from here has more rights than we have.
fn keep_to_itself() {
    // Each is a further wall where the system has it; without them the rest still holds.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).unwrap_or_default();
    set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap_or_default();
    set_no_new_privs(true).unwrap_or_default();
}

/// Says that root is more than is needed to read logs.
pub fn warn_of_root() {
    if geteuid().is_root() {
        print::talk(
            "warning: running as root, which reading logs does not need: `--user NAME` drops to a user in the group that \
             may read them (often `adm`)",
        );
    }
}

/// Goes on as somebody else, with all groups of theirs and no way back. Call it while there is one thread.
///
/// # Errors
/// When there is nobody of that name, or we are not root.
pub fn become_user(name: &str) -> anyhow::Result<()> {
    let Some(user) = User::from_name(name)? else {
        return Err(Hinted::error(
            format!("there is no user `{name}` on this machine"),
            "`getent passwd` lists them",
        ));
    };
    let refused = || format!("cannot run as `{name}`: only root may switch users");
    let name = CString::new(name)?;
    initgroups(&name, user.gid).with_context(refused)?;
    setgid(user.gid).with_context(refused)?;
    setuid(user.uid).with_context(refused)
}

/// From now on this process and those it starts write below these folders and to devices only, and connect to nobody.
/// Reading is not restricted: which logs there are changes while they are watched.
/// Said where the kernel does not see to it (Landlock, Linux 5.13; connections 6.7).
pub fn confine(writable: &[PathBuf]) {
    if !is_confined(writable) {
        print::talk(
            "warning: this kernel cannot keep soctop from writing outside of its own folder (no Landlock)",
        );
    }
}

fn is_confined(writable: &[PathBuf]) -> bool {
    let devices = PathBuf::from("/dev");
    let folders = writable.iter().chain([&devices]);
    let restricted = || -> Result<RestrictionStatus, RulesetError> {
        let writing = AccessFs::from_write(ABI::V5);
        Ruleset::default()
            .handle_access(writing)?
            .handle_access(AccessNet::ConnectTcp)?
            .create()?
            .add_rules(path_beneath_rules(folders, writing))?
            .restrict_self()
    };
    restricted().is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Only the thread at hand is confined, so that other tests are not.
    #[test]
    fn nothing_is_written_outside_of_the_own_folder() {
        let (own, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = own.path().join("log");
        fs::write(&file, "before").unwrap();
        if !is_confined(&[own.path().to_owned()]) {
            // The kernel of this machine has no Landlock: there is nothing to hold.
            return;
        }
        fs::write(own.path().join("new"), "mine").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "before");
        let refused = fs::write(foreign.path().join("new"), "not mine").unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    }
}
