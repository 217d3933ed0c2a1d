//! Names of things: tasks, steps, workers, attempts, journal sequence numbers. No behaviour beyond making and reading them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A task's name: its file's stem, slugged (`review-auth`, `review-auth-2`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TaskId(String);

/// Longest slug, in bytes, so that `<nn>-<step>-<worker>.patch` and `<worker>_<id>.json` stay below the 255 bytes of a file name.
pub const TASK_ID_BYTES_MAX: usize = 80;

impl TaskId {
    /// Reads an id that was made before (from a path, a command line, a journal). `None` when it is not a slug.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= TASK_ID_BYTES_MAX + 12;
        let clean = text.chars().all(|c| c.is_alphanumeric() || c == '-') && !text.starts_with('-');
        (fits && clean).then(|| Self(text.to_owned()))
    }

    /// Makes the slug of a title or a file's stem: lower case, runs of anything but letters and digits become one `-`.
    /// Text without a single letter or digit becomes `task`.
    pub fn slug(text: &str) -> Self {
        let mut slug = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            if slug.len() + c.len_utf8() > TASK_ID_BYTES_MAX {
                break;
            }
            if c.is_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let slug = slug.trim_end_matches('-');
        Self(if slug.is_empty() { "task".to_owned() } else { slug.to_owned() })
    }

    /// The same name with a counter, for a name that was used before: `review-auth-2`.
    pub fn numbered(&self, number: u32) -> Self {
        Self(format!("{}-{number}", self.0))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! plain_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as the name.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

plain_name! {
    /// A step's name, unique in its plan.
    StepId
}
plain_name! {
    /// A worker's name, as configured (`claude`).
    WorkerName
}
plain_name! {
    /// A kind of task (`security-review`); which kinds there are is catalog data.
    Kind
}
plain_name! {
    /// A role (`reviewer`); which roles there are is catalog data.
    Role
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One attempt of one task. Numbers count from 1 within the task, in the order in which attempts were planned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptKey {
    /// The task.
    pub task: TaskId,
    /// Which attempt of it.
    pub number: u32,
}

impl fmt::Display for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.task, self.number)
    }
}

/// An event's place in the journal. The first event has 1; 0 means "nothing yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The place after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_words_joined_by_hyphens() {
        assert_eq!(TaskId::slug("Review  the Login_code!").as_str(), "review-the-login-code");
        assert_eq!(TaskId::slug("../../etc/passwd").as_str(), "etc-passwd");
        assert_eq!(TaskId::slug("…").as_str(), "task");
        assert!(TaskId::slug(&"x".repeat(500)).as_str().len() <= TASK_ID_BYTES_MAX);
    }

    #[test]
    fn a_path_is_not_an_id() {
        assert_eq!(TaskId::parse("a/b"), None);
        assert_eq!(TaskId::parse(".."), None);
        assert_eq!(TaskId::parse(""), None);
        assert!(TaskId::parse("review-auth-2").is_some());
    }
}
