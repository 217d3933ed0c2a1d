//! Every request about memories, there and back, and writers that meet.

use super::rig::{REVIEW, Rig, Running, SIMPLE, id};
use super::workers::{PATIENCE, Workers, said};
use crate::api::{EditMode, Error, ErrorKind, MemoryFault, Reply, Request};
use crate::board::memory::{MemoryChange, Patterns};
use std::sync::Arc;
use std::time::Instant;

pub(super) fn write(name: &str, text: &str, if_revision: Option<u64>) -> Request {
    Request::MemoryWrite { name: name.to_owned(), text: text.to_owned(), if_revision, by: "ann".to_owned() }
}

pub(super) fn read(name: &str) -> Request {
    Request::MemoryRead { name: name.to_owned(), revision: None }
}

fn edit(name: &str, needle: &str, replacement: &str, mode: EditMode, all: bool) -> Request {
    let (name, needle, replacement) = (name.to_owned(), needle.to_owned(), replacement.to_owned());
    Request::MemoryEdit { name, needle, replacement, mode, all, if_revision: None, by: "ann".to_owned() }
}

fn list(topic: Option<&str>, after: Option<&str>, limit: Option<usize>) -> Request {
    Request::MemoryList { topic: topic.map(str::to_owned), after: after.map(str::to_owned), limit }
}

fn history(name: &str, before: Option<u64>, limit: Option<usize>) -> Request {
    Request::MemoryHistory { name: name.to_owned(), before, limit }
}

impl Running {
    pub(super) async fn remember(&self, name: &str, text: &str) -> u64 {
        match self.ask(write(name, text, None)).await {
            Ok(Reply::MemoryWritten { revision, .. }) => revision,
            other => panic!("{name} was not written: {other:?}"),
        }
    }

    /// The revision that stands, who wrote it and its text.
    pub(super) async fn recall(&self, name: &str) -> (u64, String, String) {
        match self.ask(read(name)).await {
            Ok(Reply::Memory { row, text }) => (row.revision, row.by, text),
            other => panic!("{name} was not read: {other:?}"),
        }
    }

    pub(super) async fn names_of(&self, request: Request) -> (Vec<String>, Option<String>) {
        match self.ask(request).await {
            Ok(Reply::Memories { memories, next }) => (memories.into_iter().map(|row| row.name).collect(), next),
            other => panic!("no list: {other:?}"),
        }
    }

    /// Every text a memory ever had, the oldest first, with what each revision did.
    pub(super) async fn lived(&self, name: &str) -> Vec<(u64, MemoryChange, Option<String>)> {
        let (mut before, mut all) = (None, Vec::new());
        loop {
            let (revisions, next) = match self.ask(history(name, before, None)).await {
                Ok(Reply::MemoryHistory { revisions, next, .. }) => (revisions, next),
                other => panic!("{name} has no history: {other:?}"),
            };
            for row in revisions {
                let request = Request::MemoryRead { name: name.to_owned(), revision: Some(row.revision) };
                let text = match self.ask(request).await {
                    Ok(Reply::Memory { text, .. }) => Some(text),
                    Err(error) if error.kind == ErrorKind::NotFound => None,
                    other => panic!("revision {} of {name} was not read: {other:?}", row.revision),
                };
                all.push((row.revision, row.change, text));
            }
            if next.is_none() {
                all.reverse();
                return all;
            }
            before = next;
        }
    }

    pub(super) async fn not_done(&self, request: Request) -> Error {
        match self.ask(request).await {
            Err(error) => error,
            other => panic!("it was not refused: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_memory_is_written_read_edited_taken_away_and_restored() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    let long = "word ".repeat(1000);
    let written = running.ask(write("mem:design/auth.md", &long, Some(0))).await.unwrap();
    let Reply::MemoryWritten { name, revision, created, replaced, .. } = written else { panic!("{written:?}") };
    assert_eq!((name.as_str(), revision, created, replaced), ("design/auth", 1, true, 1));
    assert_eq!(running.recall("design/auth").await, (1, "ann".to_owned(), long.clone()));

    let edited = running.ask(edit("design/auth", "word ", "w", EditMode::Literal, true)).await.unwrap();
    assert!(matches!(edited, Reply::MemoryWritten { revision: 2, replaced: 1000, created: false, .. }), "{edited:?}");
    assert_eq!(running.recall("design/auth").await.2, "w".repeat(1000));
    let expression = edit("design/auth", "^w{998}(w)", "$!1-", EditMode::Regex, false);
    running.ask(expression).await.unwrap();
    assert_eq!(running.recall("design/auth").await, (3, "ann".to_owned(), "w-w".to_owned()));

    let delete = |if_revision| Request::MemoryDelete { name: "design/auth".into(), if_revision, by: "bob".into() };
    assert_eq!(running.not_done(delete(Some(2))).await.fault, Some(MemoryFault::Stale { stands: 3 }));
    let deleted = running.ask(delete(Some(3))).await.unwrap();
    assert_eq!(deleted, Reply::MemoryDeleted { name: "design/auth".into(), revision: 4 });
    assert_eq!(running.not_done(read("design/auth")).await.kind, ErrorKind::NotFound);

    let restore = |revision| Request::MemoryRestore { name: "design/auth".into(), revision, by: "ann".into() };
    running.ask(restore(2)).await.unwrap();
    assert_eq!(running.recall("design/auth").await.2, "w".repeat(1000));
    assert_eq!(running.not_done(restore(4)).await.kind, ErrorKind::Conflict);
    assert_eq!(running.not_done(restore(9)).await.kind, ErrorKind::NotFound);
    let lived = running.lived("design/auth").await;
    let changes: Vec<&MemoryChange> = lived.iter().map(|(_, change, _)| change).collect();
    let (written, restored) = (&MemoryChange::Written, &MemoryChange::Restored { revision: 2 });
    assert_eq!(changes, [written, written, written, &MemoryChange::Deleted, restored]);
    assert_eq!(lived[0].2, Some(long));
    let paged = running.ask(history("design/auth", Some(4), Some(2))).await.unwrap();
    let Reply::MemoryHistory { revisions, next, .. } = paged else { panic!("{paged:?}") };
    assert_eq!(revisions.iter().map(|row| row.revision).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(next, Some(2));
    running.end().await;
    // And all of it is still so after a restart.
    let running = rig.start(&Workers::played());
    assert_eq!(running.recall("design/auth").await.0, 5);
    assert_eq!(running.lived("design/auth").await.len(), 5);
    running.end().await;
}

#[tokio::test]
async fn each_refusal_says_what_stands_in_the_way() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.memory.read_only = Patterns::new(&["frozen/**"]).unwrap();
    rig.rules.memory.ignored = Patterns::new(&["secret/*"]).unwrap();
    rig.rules.memory.text_bytes_max = 100;
    let running = rig.start(&Workers::played());
    running.remember("a", "one one").await;
    let large = "x".repeat(101);
    let own = "orchestration/coordination/x/consensus";
    let twice = edit("a", "one", "two", EditMode::Literal, false);
    let growing = edit("a", "one", &large, EditMode::Literal, true);
    let broken = edit("a", "(", "", EditMode::Regex, false);
    let rename = |from: &str, to: &str| Request::MemoryRename { from: from.into(), to: to.into(), by: String::new() };
    for (request, fault) in [
        (write("../a", "x", None), MemoryFault::Name),
        (write(&"n".repeat(300), "x", None), MemoryFault::NameTooLong),
        (write("a", &large, None), MemoryFault::TooLarge),
        (write("a", "x", Some(7)), MemoryFault::Stale { stands: 1 }),
        (write("a", "x", Some(0)), MemoryFault::Stale { stands: 1 }),
        (write("b", "x", Some(1)), MemoryFault::Stale { stands: 0 }),
        (write("frozen/a", "x", None), MemoryFault::ReadOnly),
        (write("./frozen/a", "x", None), MemoryFault::ReadOnly),
        (write("secret/a", "x", None), MemoryFault::Ignored),
        (write(own, "x", None), MemoryFault::Own),
        (read("secret/a"), MemoryFault::Ignored),
        (read("b"), MemoryFault::Missing),
        (read(own), MemoryFault::Missing),
        (edit("b", "x", "y", EditMode::Literal, false), MemoryFault::Missing),
        (edit("a", "none", "y", EditMode::Literal, false), MemoryFault::NoMatch),
        (twice, MemoryFault::Occurrences { count: 2 }),
        (growing, MemoryFault::TooLarge),
        (broken, MemoryFault::Expression),
        (rename("b", "c"), MemoryFault::Missing),
        (rename("a", "a"), MemoryFault::Exists),
        (rename("a", "frozen/a"), MemoryFault::ReadOnly),
        (history("b", None, None), MemoryFault::Missing),
        (list(Some(".."), None, None), MemoryFault::Name),
    ] {
        let error = running.not_done(request.clone()).await;
        assert_eq!(error.fault, Some(fault), "{request:?}: {error:?}");
        assert!(!error.hint.is_empty(), "{request:?}: {error:?}");
    }
    assert_eq!(running.recall("a").await, (1, "ann".to_owned(), "one one".to_owned()));
    running.end().await;
}

#[tokio::test]
async fn lists_go_by_pages_and_topics() {
    let mut rig = Rig::new(&["a"]);
    rig.limits.page_items_max = 3;
    let running = rig.start(&Workers::played());
    for name in ["b", "a/x", "a", "a-1", "global/g", "a/y"] {
        running.remember(name, name).await;
    }
    let page = |names: &[&str], next: Option<&str>| {
        (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), next.map(str::to_owned))
    };
    assert_eq!(running.names_of(list(None, None, None)).await, page(&["a", "a-1", "a/x"], Some("a/x")));
    assert_eq!(running.names_of(list(None, Some("a/x"), None)).await, page(&["a/y", "b", "global/g"], None));
    assert_eq!(running.names_of(list(Some("a"), None, Some(2))).await, page(&["a", "a/x"], Some("a/x")));
    assert_eq!(running.names_of(list(Some("a/"), Some("a/x"), None)).await, page(&["a/y"], None));
    assert_eq!(running.names_of(list(Some("none"), None, None)).await, page(&[], None));
    running.end().await;
}

#[tokio::test]
async fn a_rename_takes_references_along() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.memory.read_only = Patterns::new(&["frozen/*"]).unwrap();
    let running = rig.start(&Workers::played());
    running.remember("old", "I am mem:old").await;
    running.remember("other", "see mem:old and mem:older").await;
    running.remember("neither", "see mem:older").await;
    let rename = Request::MemoryRename { from: "old".into(), to: "new/name".into(), by: "ann".into() };
    let renamed = running.ask(rename).await.unwrap();
    let Reply::MemoryRenamed { revision, mut rewritten, .. } = renamed else { panic!("{renamed:?}") };
    rewritten.sort();
    assert_eq!((revision, rewritten), (1, vec!["old".to_owned(), "other".to_owned()]));
    assert_eq!(running.recall("new/name").await.2, "I am mem:new/name");
    assert_eq!(running.recall("other").await.2, "see mem:new/name and mem:older");
    assert_eq!(running.recall("neither").await.0, 1);
    assert_eq!(running.not_done(read("old")).await.kind, ErrorKind::NotFound);
    let last = running.lived("old").await.pop().unwrap();
    assert!(matches!(last.1, MemoryChange::RenamedTo { .. }), "{last:?}");
    running.end().await;
}

#[tokio::test]
async fn leases_are_advisory_and_told_to_writers() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.remember("a", "one").await;
    let lease = |by: &str, for_ms| Request::MemoryLease { name: "a".into(), by: by.into(), for_ms };
    let granted = |reply: Reply| match reply {
        Reply::MemoryLeased { lease, granted, .. } => (lease.map(|lease| lease.by), granted),
        other => panic!("{other:?}"),
    };
    let bob = || Some("bob".to_owned());
    assert_eq!(granted(running.ask(lease("bob", 60_000)).await.unwrap()), (bob(), true));
    assert_eq!(granted(running.ask(lease("eve", 60_000)).await.unwrap()), (bob(), false));
    let written = running.ask(write("a", "two", None)).await.unwrap();
    let Reply::MemoryWritten { lease: Some(told), .. } = written else { panic!("{written:?}") };
    assert_eq!(told.by, "bob");
    let Ok(Reply::Memory { row, .. }) = running.ask(read("a")).await else { panic!("not read") };
    assert_eq!(row.lease.map(|lease| lease.by), bob());
    assert_eq!(granted(running.ask(lease("bob", 0)).await.unwrap()), (None, true));
    assert!(granted(running.ask(lease("eve", 60_000)).await.unwrap()).1);
    assert_eq!(running.not_done(lease(" ", 1)).await.kind, ErrorKind::Invalid);
    running.end().await;
}

#[tokio::test]
async fn what_was_just_written_is_found() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    let search = |query: &str, topic: Option<&str>| Request::MemorySearch {
        query: query.to_owned(),
        topic: topic.map(str::to_owned),
        after: None,
        limit: Some(5),
    };
    let found = |reply: Reply| match reply {
        Reply::MemoryHits { hits, next } => {
            let mut names: Vec<String> = hits.into_iter().map(|hit| hit.name).collect();
            names.sort();
            (names, next)
        }
        other => panic!("{other:?}"),
    };
    for number in 0..20 {
        running.remember(&format!("n/{number}"), &format!("ferret number{number}")).await;
        let hit = running.ask(search(&format!("number{number}"), None)).await.unwrap();
        assert_eq!(found(hit).0, [format!("n/{number}")]);
    }
    let page = running.ask(search("ferret", None)).await.unwrap();
    assert!(matches!(&page, Reply::MemoryHits { hits, next: Some(5) } if hits.len() == 5), "{page:?}");
    running.ask(Request::MemoryDelete { name: "n/3".into(), if_revision: None, by: "ann".into() }).await.unwrap();
    assert_eq!(found(running.ask(search("number3", None)).await.unwrap()).0, Vec::<String>::new());
    assert_eq!(found(running.ask(search("number4", Some("m"))).await.unwrap()).0, Vec::<String>::new());
    assert_eq!(running.not_done(search("\"", None)).await.kind, ErrorKind::Invalid);
    running.end().await;
    // The index is only a projection: without it, and with one that lags, the same is found.
    for name in ["search.db", "search.db-wal", "search.db-shm"] {
        drop(std::fs::remove_file(rig.root().join(".synod").join(name)));
    }
    let running = rig.start(&Workers::played());
    assert_eq!(found(running.ask(search("number4", Some("n"))).await.unwrap()).0, ["n/4"]);
    running.end().await;
}

/// Appends lines to one memory, each `from` an author of its own, and waits for all.
async fn append(running: &Arc<Running>, authors: usize, lines: usize, compare: bool) {
    let author = |author: usize| {
        let running = Arc::clone(running);
        async move {
            for line in 0..lines {
                loop {
                    let (revision, _, text) = running.recall("log").await;
                    let if_revision = compare.then_some(revision);
                    let text = format!("{text}{author}:{line}\n");
                    match running.ask(write("log", &text, if_revision)).await {
                        Ok(_) => break,
                        Err(error) => assert!(matches!(error.fault, Some(MemoryFault::Stale { .. })), "{error:?}"),
                    }
                }
            }
        }
    };
    futures::future::join_all((0..authors).map(author)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_compare_lose_nothing_and_others_lose_nothing_from_the_history() {
    let rig = Rig::new(&["a"]);
    let running = Arc::new(rig.start(&Workers::played()));
    running.remember("log", "").await;
    append(&running, 4, 50, true).await;
    let text = running.recall("log").await.2;
    for author in 0..4 {
        let own = format!("{author}:");
        let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(own.as_str())).collect();
        assert_eq!(lines, (0..50).map(|line| line.to_string()).collect::<Vec<_>>());
    }
    assert_eq!(running.recall("log").await.0, 201);
    append(&running, 2, 20, false).await;
    let lived = running.lived("log").await;
    for line in (0..2).flat_map(|author| (0..20).map(move |line| format!("{author}:{line}\n"))) {
        let count = |text: &Option<String>| text.as_ref().map_or(0, |text| text.matches(&line).count());
        assert!(lived.iter().skip(201).any(|(_, _, text)| count(text) >= 1), "{line} is nowhere");
    }
    Arc::into_inner(running).unwrap().end().await;
}

#[tokio::test]
async fn edits_that_meet_are_all_made() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.remember("list", "end").await;
    let one = |number: usize| running.ask(edit("list", "end", &format!("{number};end"), EditMode::Literal, false));
    for done in futures::future::join_all((0..30).map(one)).await {
        done.unwrap();
    }
    let text = running.recall("list").await.2;
    let mut numbers: Vec<usize> = text.split(';').filter_map(|part| part.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    running.end().await;
}

#[tokio::test]
async fn a_memory_in_the_inbox_is_a_task() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("described")));
    let written = running.ask(write("orchestration/inbox/fix-it", SIMPLE, None)).await.unwrap();
    assert!(
        matches!(&written, Reply::MemoryWritten { name, created: true, .. } if name == "orchestration/inbox/fix-it")
    );
    let view = running.rested("fix-it").await;
    assert_eq!(view.row.state, "done", "{view:?}");
    assert_eq!(
        running.not_done(write("orchestration/inbox/bad", "---\nkind: [\n---\n", None)).await.kind,
        ErrorKind::Invalid
    );
    running.end().await;
}

#[tokio::test]
async fn what_is_shared_reaches_attempts_that_start_afterwards() {
    let rig = Rig::new(&["a", "b", "c"]);
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", REVIEW).await;
    let first = workers.next().await;
    running.remember("orchestration/current-task/job/shared-context", "the port is 4820").await;
    // Its retry is an attempt of its own, and starts after the writing.
    let who = first.worker.clone();
    first.fail(crate::board::FailureClass::Transient, "503");
    let start = Instant::now();
    loop {
        let asked = workers.next().await;
        if asked.worker == who {
            assert!(asked.call.prompt.contains("the port is 4820"), "{}", asked.call.prompt);
            break;
        }
        assert!(start.elapsed() < PATIENCE);
    }
    assert_eq!(running.show("job").await.row.id, id("job"));
    running.end_hard().await;
}
