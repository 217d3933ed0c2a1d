//! The memory bus, pure: which names there are, which revision of each stands, who works on it, and what a write, a find in
//! the folder, a rename or a lease makes of that. There texts travel as [`Text`] and are not read. Beside that stand the two
//! things that read texts, for whoever prepares an act: [`edit`](fn@edit) and [`references`].

mod decide;
mod edit;
mod input;
mod name;
mod python_regex;
pub mod references;
mod rules;
mod state;

pub(super) use decide::decide;

pub use edit::{Edit, EditFault, Edited, edit, plain_lines};
pub use input::{MemoryAct, MemoryRefusal, Rewrite};
pub use name::{MemoryName, NAME_BYTES_MAX, NameFault, PART_BYTES_MAX, Topic};
pub use rules::{MemoryRules, PatternFault, Patterns};
pub use state::{Lease, Memories, Memory, Standing};

use super::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a revision did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
