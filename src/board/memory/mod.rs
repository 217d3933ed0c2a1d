//! The memory bus, pure: which names there are, which revision of each stands, who works on it, and what a write, a find in
//! the folder, a rename or a lease makes of that. Texts travel as [`Text`]; nothing here reads one.

mod input;
mod name;
mod state;

pub use input::{MemoryAct, MemoryRefusal, Rewrite};
pub use name::{MemoryName, NameFault};
pub use state::{Lease, Memories, Memory, Standing};

use super::text::Text;
use serde::{Deserialize, Serialize};

/// What a revision did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum MemoryChange {
    /// A text was written.
    Written,
    /// An earlier text was restored.
    Restored {
        /// Which revision's.
        revision: u64,
    },
    /// A text came in from the folder while the bus held a newer one than the folder had seen: both are in the history.
    Conflicted {
        /// The bus's revision that the folder had not seen.
        with: u64,
    },
    /// The memory was taken away.
    Deleted,
    /// The memory came here from another name, with its text.
    RenamedFrom {
        /// The other name.
        name: MemoryName,
    },
    /// The memory went to another name.
    RenamedTo {
        /// The other name.
        name: MemoryName,
    },
}

/// A text and the SHA-256 of its bytes, lower-case hex. [`Text::Blob`] has one too; a short text has it only here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// The text.
    pub text: Text,
    /// Its hash.
    pub hash: String,
}
