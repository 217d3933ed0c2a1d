//! One dropped file's bytes become a draft of a task, or a reason that a person can act on. Pure but for looking up
//! whether paths lead out of the workspace. Which workers, roles, kinds and pipelines exist is not known here.

use crate::board::spec::TaskSpec;
use crate::board::text::Text;

/// What a task file asks, its text not yet stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What is to be done, whole.
    pub text: String,
    asked: TaskSpec,
}

impl Draft {
    /// A draft of a text and the keys beside it; the text inside `asked` does not count.
    pub fn new(text: String, asked: TaskSpec) -> Self {
        Self { text, asked }
    }

    /// The finished specification, with the text by value or by hash.
    pub fn into_spec(self, text: Text) -> TaskSpec {
        TaskSpec { text, ..self.asked }
    }

    /// The keys beside the text. Its own `text` holds only the beginning.
    pub fn asked(&self) -> &TaskSpec {
        &self.asked
    }
}
