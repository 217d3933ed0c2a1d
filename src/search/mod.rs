//! Full-text search over the memories that stand, in one SQLite file. The only room that names rusqlite.
//!
//! The file is a projection: it can be thrown away and made again from the journal at any time, and is when it is damaged.
//! It knows no clock and no task; which memories there are, the daemon says.

mod error;
mod index;
mod opening;
mod query;
mod segment;
mod snippet;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use index::{Entry, Hit, Hits, Index, Query};
pub use opening::Opened;
pub use query::{QUERY_BYTES_MAX, QUERY_PARTS_MAX, QueryFault};
