//! A few threads for the work that needs no order, see [`super::worker`]. Whoever hands it out keeps what is to come in
//! the order in which it was handed out, and waits for each in turn.

use std::num::NonZero;
use std::sync::Arc;
use std::{io, thread};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::worker::{Lot, Read, Setup, Unread, Worker};

/// More threads than this one does not keep busy that puts everything in order again.
const MOST_WORKERS: usize = 4;

/// This many threads are worth it on this machine; none where one core does everything anyway.
pub(super) fn workers() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    if cores == 1 { 0 } else { cores.min(MOST_WORKERS) }
}

/// Work for one of the threads, and where the result goes.
enum Job {
    Read(Unread, Sender<Read>),
    Judge(Lot, Sender<Lot>),
}

/// The threads. They end when it is dropped.
pub(super) struct Crew {
    jobs: Sender<(Arc<Setup>, Job)>,
    workers: usize,
}

impl Crew {
    /// Starts this many threads by `start`, which takes a name and what is to run.
    pub fn new<E>(
        workers: usize,
        mut start: impl FnMut(&'static str, Box<dyn FnOnce() + Send>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let (jobs, todo) = bounded(Self::most_jobs(workers));
        for _ in 0..workers {
            let todo: Receiver<(Arc<Setup>, Job)> = todo.clone();
            start("worker", Box::new(move || work(&todo)))?;
        }
        Ok(Self { jobs, workers })
    }

    /// Starts threads that nobody watches.
    pub fn unwatched(workers: usize) -> io::Result<Self> {
        Self::new(workers, |name, body| thread::Builder::new().name(name.to_owned()).spawn(body).map(drop))
    }

    /// As many jobs of a kind should be under way that every thread has one and finds the next.
    pub fn depth(&self) -> usize {
        self.workers + 1
    }

    fn most_jobs(workers: usize) -> usize {
        2 * (workers + 1)
    }

    pub fn read(&self, setup: &Arc<Setup>, unread: Unread) -> Receiver<Read> {
        let (done, result) = bounded(1);
        self.hand_out(setup, Job::Read(unread, done));
        result
    }

    pub fn judge(&self, setup: &Arc<Setup>, lot: Lot) -> Receiver<Lot> {
        let (done, result) = bounded(1);
        self.hand_out(setup, Job::Judge(lot, done));
        result
    }

    /// When all threads have broken down the result never comes, and its receiver says so.
    fn hand_out(&self, setup: &Arc<Setup>, job: Job) {
        drop(self.jobs.send((Arc::clone(setup), job)));
    }
}

/// Does what comes until nobody is left who could hand out more.
fn work(jobs: &Receiver<(Arc<Setup>, Job)>) {
    let mut current: Option<(Arc<Setup>, Worker)> = None;
    for (setup, job) in jobs {
        let (_, worker) = match current.take().filter(|(known, _)| Arc::ptr_eq(known, &setup)) {
            Some(known) => current.insert(known),
            None => {
                let worker = Worker::new(&setup);
                current.insert((setup, worker))
            }
        };
        // Whoever wanted it may have left.
        match job {
            Job::Read(unread, done) => drop(done.send(worker.read(unread))),
            Job::Judge(mut lot, done) => {
                worker.judge(&mut lot);
                drop(done.send(lot));
            }
        }
    }
}
