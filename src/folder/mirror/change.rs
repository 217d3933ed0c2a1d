//! What the mirror hands out: what was found in the folder, and what became of a write.

use super::stamp::Stamp;
use crate::board::MemoryName;
use std::path::PathBuf;

/// Something that happened in the folder. Changes of our own making are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file holds a text that is not the one it was last known to hold.
    Found(Found),
    /// A file that was there is not there any more, and no other one came in its place for a moment.
    Gone {
        /// Which memory.
        name: MemoryName,
        /// SHA-256 of what it was last known to hold, lower-case hex.
        was: String,
    },
    /// A file is left alone. Told once, and again when the file changes.
    Skipped(Skipped),
    /// A text that belongs to a memory and stands in no file: a write was cut off by a crash and left it under a temporary
    /// name, or two people replaced a file while it was being written. It belongs into the history unless it is there already
    /// (its hash tells); it does not stand. A left file is removed at the first [`super::Mirror::flush`] after that.
    Stray(Found),
    /// A root folder is not there any more. Nothing in it is taken for deleted.
    RootMissing {
        /// Which.
        root: PathBuf,
    },
    /// It is there again. The files that it does not hold any more are forgotten, not told as gone: what stands on the bus can
    /// be written again.
    RootBack {
        /// Which.
        root: PathBuf,
        /// The memories whose files it held before and does not hold now.
        lacks: Vec<MemoryName>,
    },
    /// The folders cannot be watched; until that is mended they are only looked through now and then. A sentence for a person.
    Unwatched {
        /// Why, and what to do.
        why: String,
    },
}

/// A text in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The memory.
    pub name: MemoryName,
    /// The text, as it is: line ends are kept.
    pub text: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub hash: String,
    /// The file's stamp when it was read.
    pub stamp: Stamp,
    /// The file was renamed, with its text, from this memory's. A [`Change::Gone`] of that name follows.
    pub moved_from: Option<MemoryName>,
}

/// A file that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Relative to its root; what is no text in it is shown as `�`.
    pub path: PathBuf,
    /// Why, as the end of a sentence (`is not UTF-8 text`).
    pub why: String,
}

/// What one look at one memory's file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// What it was last known to hold (also when there was and is no file).
    Same,
    /// Another text. It must be taken in before the memory is read; looking again gives it again until the mirror's own
    /// thread has come across it, so the same text can come twice.
    Changed(Found),
    /// It was there and is not there now, or has just been emptied. An editor may be about to put it back, so this is no
    /// deletion yet: [`Change::Gone`] (or a find of the empty text) follows if it is one.
    Away,
    /// It is there and cannot be read.
    Unfit(Skipped),
}

/// What became of a write or a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// The file holds the text (or is removed). It is durable after the next [`super::Mirror::flush`].
    Done,
    /// Nothing was written: the file holds this text, which nobody knew of. The mirror does not hand it out a second time.
    Found(Found),
    /// Nothing was written: the file that was expected is not there at this moment. [`Change::Gone`] follows if it stays away,
    /// a find if it comes back with another text.
    Gone,
}
