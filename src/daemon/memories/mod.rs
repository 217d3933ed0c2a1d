//! The memory bus inside the daemon: the shelf that readers share, what is asked about memories, and the jobs that hold the
//! folder, the index and standing orders together with what the loop has decided. Nothing here decides about a revision.

mod asked;
mod bus;
mod desk;
mod dirty;
mod following;
mod held;
mod mirroring;
mod orders;
mod reading;
mod searching;
mod shelf;
mod writing;

pub(super) use bus::Bus;
pub(super) use desk::{Desk, refused};
pub(super) use following::Following;
pub(super) use orders::Orders;
pub use orders::{Order, OrderLimits, Woken};
