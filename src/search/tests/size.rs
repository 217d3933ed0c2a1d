//! What an index of 2,000 memories takes of the process's memory. Run alone, because the whole process is looked at:
//! `cargo test --lib search::tests::size -- --ignored`. Measured: 0.3 MB by opening a file of 16 MB, 3 MB after searches.

use super::{Bench, query};
use crate::board::{MemoryName, Seq};
use crate::search::{Entry, Index};
use std::fs;

/// Resident bytes of this process (proc(5), `statm`, second field, in pages).
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
#[ignore = "looks at the whole process, so it must run alone"]
fn two_thousand_memories_cost_little() {
    let Bench { index, folder } = Bench::of(&[]);
    let text = |n: u64| {
        let word = |k: u64| format!("w{}", (n * 7919 + k * 104_729) % 5000);
        (0..600).map(word).collect::<Vec<_>>().join(" ")
    };
    for n in 0..2000 {
        let name = MemoryName::parse(&format!("topic{}/memory{n}", n % 20)).unwrap();
        index.apply(&[Entry::Put { name: &name, revision: 1, text: &text(n) }], Seq(n)).unwrap();
    }
    drop(index);
    let path = folder.path().join("search.db");
    let before = resident();
    let index = Index::open(&path).unwrap().index;
    let opened = resident() - before;
    for word in ["w17", "w1*", "memory4*", "w3 w4"] {
        index.search(&query(word)).unwrap();
    }
    let searched = resident() - before;
    let file = fs::metadata(&path).unwrap().len();
    assert!(
        opened < 2 << 20 && searched < 6 << 20,
        "a file of {file} bytes: +{opened} by opening, +{searched} after searches"
    );
}
