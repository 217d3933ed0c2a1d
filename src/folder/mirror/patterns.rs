//! The patterns of memories that a Serena project keeps beside its memories folder: data to be merged into our own rules.

/// Regular expressions of Python's `re`, each to be matched against a memory's whole name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Memories that can be read and not written.
    pub read_only: Vec<String>,
    /// Memories that are not there for anybody.
    pub ignored: Vec<String>,
    /// Files that could not be understood, with the reason, as sentences for a person.
    pub faults: Vec<String>,
}
