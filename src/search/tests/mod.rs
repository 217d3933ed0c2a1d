//! The index as the daemon uses it: what is found, what is not, damage, several threads.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may stop where it stands")]

mod damage;
mod finding;
mod size;

use super::{Entry, Hits, Index, Query};
use crate::board::{MemoryName, Seq};
use tempfile::TempDir;

/// An index in a folder of its own that goes with it.
struct Bench {
    index: Index,
    folder: TempDir,
}

impl Bench {
    /// An index that holds these.
    fn of(memories: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(&folder.path().join("search.db")).unwrap().index;
        let bench = Self { index, folder };
        for (name, text) in memories {
            bench.put(name, 1, text);
        }
        bench
    }

    fn put(&self, name: &str, revision: u64, text: &str) {
        let name = MemoryName::parse(name).unwrap();
        self.index.apply(&[Entry::Put { name: &name, revision, text }], Seq(1)).unwrap();
    }

    fn remove(&self, name: &str) {
        self.index.apply(&[Entry::Remove { name: &MemoryName::parse(name).unwrap() }], Seq(1)).unwrap();
    }

    fn search(&self, text: &str) -> Hits {
        self.index.search(&query(text)).unwrap()
    }

    /// The names found, best first.
    fn names(&self, text: &str) -> Vec<String> {
        names(&self.search(text))
    }
}

fn query(text: &str) -> Query<'_> {
    Query { text, topic: None, offset: 0, limit: 50 }
}

fn names(hits: &Hits) -> Vec<String> {
    hits.hits.iter().map(|hit| hit.name.clone()).collect()
}
