//! How much may wait for the indexing threads.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Bytes that wait for the indexing threads. tantivy bounds its queue by messages, not by size:
/// with batches it would hold hundreds of megabytes.
#[derive(Debug, Default)]
pub struct Queue {
    bytes: Mutex<usize>,
    less: Condvar,
}

const QUEUE_BYTES: usize = 8 << 20;

/// A batch's share of the queue.
#[derive(Debug)]
pub struct Ticket {
    bytes: usize,
    queue: Arc<Queue>,
}

impl Queue {
    /// Waits until there is room for this many bytes; they leave with the last clone of the ticket.
    pub fn enter(queue: &Arc<Self>, bytes: usize) -> Arc<Ticket> {
        let mut waiting = queue.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        while *waiting > 0 && *waiting + bytes > QUEUE_BYTES {
            waiting = queue.less.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        *waiting += bytes;
        drop(waiting);
        Arc::new(Ticket { bytes, queue: Arc::clone(queue) })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        *self.queue.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.queue.less.notify_all();
    }
}
