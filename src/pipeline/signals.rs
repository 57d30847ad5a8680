//! Asked to end: SIGINT and SIGTERM stop an engine that has no dashboard. (The dashboard sees to its
//! own signals, because it has a terminal to give back.)

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::source::Stop;

/// Stops reading on the first SIGINT or SIGTERM; what was read is then committed as at any stop. The
/// flag tells afterwards whether that happened. The thread waits in the kernel and ends with the
/// process.
///
/// # Errors
/// When signals cannot be watched.
pub fn stop_on_signal(stop: Stop) -> io::Result<Arc<AtomicBool>> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&interrupted);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        told.store(true, Ordering::Relaxed);
        stop.stop();
    })?;
    Ok(interrupted)
}
