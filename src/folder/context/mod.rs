//! Reading what a prompt is given from the workspace: files named by globs, the specification, memories. Nothing here
//! writes, and nothing leaves the tree it was pointed at, also not through symlinks.

mod gather;
mod memory;
pub(in crate::folder) mod tree;

pub use gather::{Gathered, Limits, gather};
pub use memory::{MemoryError, memory_name_fault, read_memory};
