//! Who is connected to a listener: this many at a time, and nobody keeps others out by being there.
//!
//! Where all seats are taken, a connection that comes gets the seat of one that has given nothing for the longest
//! time, of the address that holds most of them; one that has never sent a whole message goes before all others.
//! Whoever is asked to leave is read to the end of what has arrived.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use tokio::sync::Notify;

use super::{Intake, ReceiverReport};
use crate::event::Cause;

/// Connections to a listener at a time.
pub(super) const SEATS: usize = 256;

/// The seats of a listener.
#[derive(Clone)]
pub(super) struct Seats(Rc<RefCell<Table>>);

struct Table {
    taken: HashMap<u64, Sitting>,
    /// The number of the next to come or to be heard.
    next: u64,
    /// That all were taken was said.
    is_crowded: bool,
    intake: Intake,
}

struct Sitting {
    address: IpAddr,
    /// The number of its last whole message among those of all, or that of its coming.
    heard: u64,
    has_spoken: bool,
    /// What it has sent is being kept: it cannot leave now.
    is_busy: bool,
    leave: Rc<Notify>,
}

/// A connection's place among the others; it is free again once this is dropped.
pub(super) struct Seat {
    seats: Seats,
    number: u64,
    leave: Rc<Notify>,
}

impl Seats {
    pub(super) fn of(intake: Intake) -> Self {
        Self(Rc::new(RefCell::new(Table { taken: HashMap::new(), next: 0, is_crowded: false, intake })))
    }

    /// A seat for a connection from there; `None` while all are taken by such as cannot leave now.
    pub(super) fn take(&self, address: IpAddr) -> Option<Seat> {
        let mut table = self.0.borrow_mut();
        if table.taken.len() >= SEATS {
            let number = table.idlest(address)?;
            table.dismiss(number);
        }
        let (number, leave) = (table.count(), Rc::new(Notify::new()));
        let (heard, leaving) = (number, Rc::clone(&leave));
        let sitting = Sitting { address, heard, has_spoken: false, is_busy: false, leave: leaving };
        table.taken.insert(number, sitting);
        Some(Seat { seats: self.clone(), number, leave })
    }
}

impl Table {
    fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Who is to make room for one that comes from `address`.
    fn idlest(&self, address: IpAddr) -> Option<u64> {
        let mut of_address: HashMap<IpAddr, usize> = HashMap::from([(address, 1)]);
        for sitting in self.taken.values() {
            *of_address.entry(sitting.address).or_default() += 1;
        }
        let idle = self.taken.iter().filter(|(_, sitting)| !sitting.is_busy);
        let rank = |sitting: &Sitting| {
            let share = of_address.get(&sitting.address).copied().unwrap_or_default();
            (Reverse(share), sitting.has_spoken, sitting.heard)
        };
        idle.min_by_key(|(_, sitting)| rank(sitting)).map(|(number, _)| *number)
    }

    fn dismiss(&mut self, number: u64) {
        let Some(sitting) = self.taken.remove(&number) else { return };
        sitting.leave.notify_one();
        if !std::mem::replace(&mut self.is_crowded, true) {
            let Intake { name, tell, .. } = &self.intake;
            tell(ReceiverReport::Begins {
                about: name.clone(),
                cause: Cause::Crowded,
                message: format!(
                    "all {SEATS} connections to `{name}` are taken, the last by {}: for each that comes the one that \
                     has been silent for the longest is closed",
                    sitting.address
                ),
                hint: "`ss -tnp` shows who is connected; senders connect again by themselves".to_owned(),
            });
        }
    }

    /// One has left.
    fn free(&mut self, number: u64) {
        self.taken.remove(&number);
        // One less than all would be said again with the next.
        if self.taken.len() < SEATS - SEATS / 4 && std::mem::take(&mut self.is_crowded) {
            let about = self.intake.name.clone();
            (self.intake.tell)(ReceiverReport::Over { about, cause: Cause::Crowded });
        }
    }
}

impl Seat {
    /// Waits until somebody else needs the seat.
    pub(super) async fn wanted(&self) {
        self.leave.notified().await;
    }

    /// A whole message has come.
    pub(super) fn heard(&self) {
        let number = self.seats.0.borrow_mut().count();
        self.change(|sitting| (sitting.heard, sitting.has_spoken) = (number, true));
    }

    /// Nobody is asked to leave between these two.
    pub(super) fn begin_work(&self) {
        self.change(|sitting| sitting.is_busy = true);
    }

    pub(super) fn end_work(&self) {
        self.change(|sitting| sitting.is_busy = false);
    }

    fn change(&self, change: impl FnOnce(&mut Sitting)) {
        if let Some(sitting) = self.seats.0.borrow_mut().taken.get_mut(&self.number) {
            change(sitting);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.0.borrow_mut().free(self.number);
    }
}
