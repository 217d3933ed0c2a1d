//! Looking at the folder from any thread: one memory's file now, Synod's own pages, lists of them.

use super::change::{Found, Look};
use super::error::MirrorError;
use super::pages::Listed;
use crate::board::MemoryName;

/// Looks at files. Cheap to clone, for any thread.
#[derive(Clone, Debug)]
pub struct Glance {}

impl Glance {
    /// Looks at one memory's file now: one `stat` while it is unchanged; read and hashed when it is not.
    pub fn look(&self, _name: &MemoryName) -> Look {
        Look::Same
    }

    /// Reads one of Synod's own pages; `None`: there is none of this name, or the name is no page's.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read_page(&self, _name: &MemoryName) -> Result<Option<Found>, MirrorError> {
        Ok(None)
    }

    /// The names of Synod's own pages that begin with `below` and come after `after`, in order, at most `limit`; read from the
    /// file system.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn list(&self, _below: &str, _after: Option<&str>, _limit: usize) -> Result<Listed, MirrorError> {
        Ok(Listed::default())
    }

    /// The hash of what a memory's file was last known to hold; `None`: there is no file that is known.
    pub fn known(&self, _name: &MemoryName) -> Option<String> {
        None
    }
}
