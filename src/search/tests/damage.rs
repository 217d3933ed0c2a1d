//! Files that are no index, damage under an open one, restarts, and several threads.

use super::{Bench, query};
use crate::board::{MemoryName, Seq};
use crate::search::{Entry, Index};
use std::fs;

#[test]
fn what_was_put_is_there_after_a_restart_with_its_cursor() {
    let Bench { index, folder } = Bench::of(&[]);
    let name = MemoryName::parse("a").unwrap();
    index.apply(&[Entry::Put { name: &name, revision: 3, text: "words" }], Seq(41)).unwrap();
    drop(index);
    assert!(!folder.path().join("search.db-wal").exists(), "closing leaves one file");
    let opened = Index::open(&folder.path().join("search.db")).unwrap();
    assert_eq!((opened.cursor, opened.thrown_away), (Seq(41), None));
    assert_eq!(opened.index.search(&query("words")).unwrap().hits[0].revision, 3);
}

#[test]
fn a_file_that_is_no_index_is_made_anew_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.db");
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let hollow = folder.path().join("hollow.db");
    drop(Index::open(&hollow).unwrap());
    rusqlite::Connection::open(&hollow).unwrap().execute_batch("DROP TABLE words").unwrap();
    let later = folder.path().join("later.db");
    drop(Index::open(&later).unwrap());
    rusqlite::Connection::open(&later).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    for (content, why) in [
        (b"not a database at all, but long enough to be taken for one".repeat(100), "damaged"),
        (fs::read(&foreign).unwrap(), "not Synod's"),
        (fs::read(&hollow).unwrap(), "words"),
        (fs::read(&later).unwrap(), "form 99"),
    ] {
        fs::write(&path, content).unwrap();
        let opened = Index::open(&path).unwrap();
        let said = opened.thrown_away.unwrap();
        assert!(said.contains(why), "{said}");
        assert_eq!(opened.cursor, Seq(0));
        assert!(opened.index.search(&query("x")).unwrap().hits.is_empty());
        drop(opened.index);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn damage_under_an_open_index_is_said_and_mended_by_starting_over() {
    let bench = Bench::of(&[]);
    for n in 0..300 {
        bench.put(&format!("m{n}"), 1, &format!("common word{n} {}", "filler ".repeat(200)));
    }
    let Bench { index, folder } = bench;
    drop(index);
    let path = folder.path().join("search.db");
    let mut bytes = fs::read(&path).unwrap();
    // The first pages hold the header and the schema: what is behind them goes bad unseen.
    bytes[4 * 4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let opened = Index::open(&path).unwrap();
    // Opening looks at little, so that it is quick; the first search that meets the damage says so.
    if opened.thrown_away.is_none() {
        let error = opened.index.search(&query("common")).unwrap_err();
        assert!(error.is_damaged(), "{error}");
        opened.index.start_over().unwrap();
    }
    let name = MemoryName::parse("again").unwrap();
    opened.index.apply(&[Entry::Put { name: &name, revision: 1, text: "common" }], Seq(1)).unwrap();
    assert_eq!(opened.index.search(&query("common")).unwrap().hits.len(), 1);
}

#[test]
fn readers_and_the_writer_do_not_disturb_each_other() {
    let bench = Bench::of(&[("m0", "common")]);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (1..200).for_each(|n| bench.put(&format!("m{n}"), 1, "common")));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0;
                    for _ in 0..50 {
                        let found = bench.index.search(&super::Query { limit: 1000, ..query("common") }).unwrap();
                        assert!(found.hits.len() >= seen, "a batch that was seen does not vanish");
                        seen = found.hits.len();
                    }
                })
            })
            .collect();
        writer.join().unwrap();
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    assert_eq!(bench.search("common").hits.len(), 50);
}
