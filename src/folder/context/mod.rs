//! Reading what a prompt is given from the workspace: files named by globs, the specification, memories. Nothing here
//! writes, and nothing leaves the tree it was pointed at, also not through symlinks.

mod code_base;
mod gather;
mod images;
mod measure;
mod memory;
mod role_text;
pub(in crate::folder) mod tree;

pub use code_base::{CodeBase, code_base};
pub use gather::{Gathered, Limits, gather};
pub use images::read_image;
pub use measure::{Listing, Size, file_bytes, memory_bytes};
pub use memory::{MemoryError, memory_name_fault, read_memory};
pub use role_text::role_text;
