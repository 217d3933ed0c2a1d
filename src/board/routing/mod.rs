//! What a task is taken for and who carries it out: classification of its words and selection of workers.

mod catalog;

pub use catalog::Catalog;
