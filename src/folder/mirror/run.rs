//! The mirror at work: events, doubts and looks through become changes.

use super::change::{Change, Wrote};
use super::error::MirrorError;
use super::glance::Glance;
use super::limits::Limits;
use super::patterns::Patterns;
use super::roots::Roots;
use crate::board::MemoryName;
use std::time::Duration;

/// Holds the memory folder and what is known of it together. One thread owns it.
#[derive(Debug)]
pub struct Mirror {}

/// Wakes the thread that waits in [`Mirror::next`]. Cheap to clone, for any thread.
#[derive(Clone, Debug)]
pub struct Waker {}

impl Waker {
    /// Makes [`Mirror::next`] return, now or the next time it is called.
    pub fn wake(&self) {}
}

impl Mirror {
    /// Begins to watch. `known`: the hashes (SHA-256, lower-case hex) of what the files are known to hold, from the marks that
    /// were stored after a [`Self::flush`]; files that differ, that are missing and that are not among them are told by the
    /// first calls of [`Self::next`].
    ///
    /// # Errors
    /// The memories folder cannot be made. That it cannot be watched is no error: it is told, and it is looked through now
    /// and then.
    pub fn open(
        _roots: Roots,
        _limits: Limits,
        _known: impl IntoIterator<Item = (MemoryName, String)>,
    ) -> Result<Self, MirrorError> {
        Ok(Self {})
    }

    /// To look at files from other threads.
    pub fn glance(&self) -> Glance {
        Glance {}
    }

    /// To wake the thread that waits here.
    pub fn waker(&self) -> Waker {
        Waker {}
    }

    /// Waits until something changed in the folder and hands it out, a few hundred changes at most; nothing when it was woken
    /// or when `at_most` has passed (`None`: waits for ever). What is handed out is known from then on: it is not handed out
    /// again, unless [`Self::doubt`] is called.
    pub fn next(&mut self, _at_most: Option<Duration>) -> Vec<Change> {
        Vec::new()
    }

    /// What was handed out of this memory could not be taken in: it is handed out again.
    pub fn doubt(&mut self, _name: &MemoryName) {}

    /// Writes a memory's file, if it holds what is expected: the text with this hash, or nothing (`None`). The folders are made,
    /// a file's mode is kept, links to folders are followed, a file that holds the text already is not touched. Not durable
    /// before [`Self::flush`].
    ///
    /// # Errors
    /// What stands there is no memory's file (a folder, a link that leaves, not UTF-8), or the file system said no.
    pub fn write(&mut self, _name: &MemoryName, _text: &str, _expected: Option<&str>) -> Result<Wrote, MirrorError> {
        Ok(Wrote::Done)
    }

    /// Removes a memory's file, if it holds the text with this hash, and the folders that were made for it and are empty now.
    /// One that is not there is [`Wrote::Done`].
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub fn remove(&mut self, _name: &MemoryName, _expected: &str) -> Result<Wrote, MirrorError> {
        Ok(Wrote::Done)
    }

    /// Makes everything durable that was written and removed so far. Marks of it may be stored after that, not before.
    ///
    /// # Errors
    /// The file system said no: nothing of it may be taken for durable.
    pub fn flush(&mut self) -> Result<(), MirrorError> {
        Ok(())
    }

    /// The patterns of the Serena project that the memories folder belongs to (`.serena/memories`); empty for any other folder.
    /// Read anew at each call.
    pub fn patterns(&self) -> Patterns {
        Patterns::default()
    }
}
