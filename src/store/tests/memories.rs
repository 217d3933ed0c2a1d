//! Memories in the store: revisions, what stands, marks, and that nothing else the store does touches them.

use super::*;
use crate::board::memory::{Hashed, MemoryChange, MemoryName};

fn name(spelling: &str) -> MemoryName {
    MemoryName::parse(spelling).unwrap()
}

fn revised(spelling: &str, revision: u64, content: Option<Text>) -> Event {
    let change = if content.is_some() { MemoryChange::Written } else { MemoryChange::Deleted };
    let content = content.map(|text| Hashed { hash: format!("hash {revision}"), text });
    Event::MemoryRevised { at: Timestamp(5), name: name(spelling), revision, change, content, by: "anna".to_owned() }
}

fn leased(spelling: &str, until: Option<i64>) -> Event {
    let until = until.map(Timestamp);
    Event::MemoryLeased { at: Timestamp(5), name: name(spelling), by: "anna".to_owned(), until }
}

fn revisions(store: &Store, spelling: &str, before: Option<u64>, limit: usize) -> Vec<u64> {
    let page = store.memory_history(&name(spelling), before, limit).unwrap();
    page.iter().map(|kept| kept.revision).collect()
}

#[test]
fn revisions_and_what_stands_are_there_after_reopening() {
    let bench = Bench::new();
    let mut store = bench.open();
    let long = store.blobs().put(&"ü".repeat(3000)).unwrap();
    store
        .append(&batch(vec![
            (1, revised("a", 1, Some(Text::short("one")))),
            (2, revised("a", 2, Some(long.clone()))),
            (3, revised("ab", 1, Some(Text::short("other")))),
            (4, leased("a", Some(900))),
            (5, leased("b", Some(900))),
        ]))
        .unwrap();
    store.append(&batch(vec![(6, revised("a", 3, None)), (7, leased("b", None))])).unwrap();
    drop(store);
    let store = bench.open();
    let memories = store.memories().unwrap();
    assert_eq!(
        memories.by_name().keys().cloned().collect::<Vec<_>>(),
        [name("a"), name("ab")],
        "b has nothing to keep"
    );
    let a = memories.get(&name("a")).unwrap();
    assert_eq!((a.revision, &a.standing, a.lease.as_ref().unwrap().until), (3, &None, Timestamp(900)));
    assert_eq!(memories.standing(&name("ab")).unwrap().content.text, Text::short("other"));
    assert_eq!(revisions(&store, "a", None, 9), [3, 2, 1]);
    assert_eq!(revisions(&store, "a", Some(3), 1), [2]);
    assert_eq!(revisions(&store, "a", None, 0), [0; 0]);
    assert_eq!(revisions(&store, "never", None, 9), [0; 0]);
    let second = store.memory_revision(&name("a"), 2).unwrap().unwrap();
    assert_eq!((second.seq, &second.content.unwrap().text), (Seq(2), &long));
    assert_eq!(store.memory_revision(&name("a"), 4).unwrap(), None);
    let report = store.verify().unwrap();
    assert!(report.is_whole(), "{:?}", report.damages);
    assert_eq!((report.memories, report.revisions), (2, 4));
}

#[test]
fn published_events_of_memories_leave_the_journal_and_nothing_else() {
    let bench = Bench::new();
    let mut store = bench.open();
    let long = store.blobs().put(&"x".repeat(5000)).unwrap();
    store.append(&batch(vec![(1, revised("a", 1, Some(long.clone()))), (2, rejected("f"))])).unwrap();
    store
        .append(&Batch { published: Some(Seq(3)), ..batch(vec![(3, revised("a", 2, Some(Text::short("y"))))]) })
        .unwrap();
    assert_eq!(replayed(&store), []);
    drop(store);
    bench.meddle(|_, pairs| {
        let of = |what: u8| pairs.iter().filter(|(key, _)| key[0] == what).count();
        assert_eq!((of(keys::EVENT), of(keys::LOOSE), of(keys::REVISION)), (0, 1, 2));
    });
    let store = bench.open();
    assert_eq!(revisions(&store, "a", None, 9), [2, 1]);
    assert_eq!(store.blobs().get(&long).unwrap().len(), 5000, "its text is kept");
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn a_shorter_text_leaves_nothing_of_a_longer_one() {
    let bench = Bench::new();
    let mut store = bench.open();
    // Control characters take six bytes each in JSON, so this row has several chunks.
    let long = Text::short("\u{1}".repeat(1000));
    store.append(&batch(vec![(1, revised("a", 1, Some(long)))])).unwrap();
    store.append(&batch(vec![(2, revised("a", 2, Some(Text::short("y"))))])).unwrap();
    drop(store);
    bench.meddle(|_, pairs| assert_eq!(pairs.iter().filter(|(key, _)| key[0] == keys::MEMORY).count(), 1));
    assert_eq!(bench.open().memories().unwrap().stands_at(&name("a")), 2);
}

#[test]
fn marks_are_kept_and_taken_off() {
    let bench = Bench::new();
    let mut store = bench.open();
    let marks = |marks: &[(&str, Option<u64>)]| marks.iter().map(|(spelling, mark)| (name(spelling), *mark)).collect();
    let events = vec![(1, revised("a", 1, Some(Text::short("x")))), (2, revised("b", 1, Some(Text::short("x"))))];
    store.append(&Batch { mirrored: marks(&[("a", Some(1)), ("b", Some(1))]), ..batch(events) }).unwrap();
    store.append(&Batch { mirrored: marks(&[("a", None)]), ..Batch::default() }).unwrap();
    drop(store);
    let store = bench.open();
    assert_eq!(store.mirrored().unwrap(), BTreeMap::from([(name("b"), 1)]));
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn a_missing_revision_is_damage_and_so_is_a_lost_text() {
    let bench = Bench::new();
    let mut store = bench.open();
    let long = store.blobs().put(&"x".repeat(5000)).unwrap();
    let mark = vec![(name("a"), Some(9))];
    let events = vec![(1, revised("a", 1, Some(Text::short("x")))), (2, revised("a", 2, Some(long)))];
    store.append(&Batch { published: Some(Seq(2)), mirrored: mark, ..batch(events) }).unwrap();
    drop(store);
    bench.meddle(|ops, _| {
        ops.insert(keys::chunk(&keys::revision("a", 1), 0), None);
    });
    for file in walk(&bench.blobs_dir()) {
        fs::remove_file(file).unwrap();
    }
    let report = bench.open().verify().unwrap();
    let said = format!("{:?}", report.damages);
    assert!(said.contains("revision 1 of the memory a is missing"), "{said}");
    assert!(said.contains("the mark of the file of the memory a names revision 9"), "{said}");
    // What stands and its revision's row both name the text.
    assert_eq!((report.damages_total, report.blobs), (4, 2), "{said}");
}
