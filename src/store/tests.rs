//! The store against a real folder: what goes in comes out, also after reopening, also when something on disk was changed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod memories;

use super::engine::{Engine, Ops};
use super::*;
use crate::board::page::Reason;
use crate::board::plan::{PlanSource, Shape};
use crate::board::state::{Globals, Health};
use crate::board::tally::{Day, Endings, Slice, Tallies, Tally};
use crate::board::text::INLINE_BYTES_MAX;
use crate::board::{
    Answer, AttemptKey, Event, Failure, FailureClass, Kind, Mode, Plan, Rest, Route, Seq, Source, TaskId, TaskSpec,
    Text, Thread, Timestamp, Usage, Verdict, WorkerName,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A workspace's store.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn store_dir(&self) -> PathBuf {
        self.folder.path().join(".synod/store")
    }

    fn blobs_dir(&self) -> PathBuf {
        self.folder.path().join(".synod/blobs")
    }

    fn open(&self) -> Store {
        self.try_open().unwrap().store
    }

    fn try_open(&self) -> Result<Opened, Error> {
        Store::open(&self.store_dir(), &self.blobs_dir())
    }

    /// Changes the tree behind the store's back.
    fn meddle(&self, change: impl FnOnce(&mut Ops, Vec<(Vec<u8>, Vec<u8>)>)) {
        let (mut engine, _) = Engine::open(&self.store_dir()).unwrap();
        let pairs = engine.page(&[0], &[0xff], engine::Order::Up).unwrap();
        let mut ops = Ops::new();
        change(&mut ops, pairs);
        engine.commit(&ops).unwrap();
    }
}

fn id(name: &str) -> TaskId {
    TaskId::parse(name).unwrap()
}

fn accepted(name: &str, text: &str) -> Event {
    let route = Route {
        kind: Kind::new("check"),
        category: None,
        mode: Mode::Simple,
        priority: crate::board::Priority::Normal,
        workers: vec![WorkerName::new("claude")],
        why: vec!["a test".to_owned()],
        needs: crate::board::Needs::default(),
        steps: Vec::new(),
    };
    let plan = Plan::of(PlanSource::Named, Shape::Judging, Vec::new());
    Event::TaskAccepted {
        at: Timestamp(1),
        task: id(name),
        spec: Box::new(TaskSpec::of_text(Text::Inline { text: text.to_owned() })),
        source: Source::Face { by: "cli".to_owned(), hash: "00".to_owned() },
        route: Box::new(route),
        plan: Box::new(plan),
        waits_for: Vec::new(),
    }
}

fn ended(name: &str) -> Event {
    Event::TaskArchived { at: Timestamp(9), task: id(name) }
}

fn rejected(name: &str) -> Event {
    let reason = Reason { what: "empty".to_owned(), line: Some(1), mend: "write something".to_owned() };
    Event::FileRejected { at: Timestamp(2), name: name.to_owned(), hash: "11".to_owned(), reason }
}

fn batch(events: Vec<(u64, Event)>) -> Batch {
    Batch { events: events.into_iter().map(|(seq, event)| (Seq(seq), event)).collect(), ..Batch::default() }
}

fn archive(name: &str, ending: &str) -> Archive {
    Archive { task: id(name), summary: json!({ "title": name, "ending": { "ending": ending } }) }
}

fn replayed(store: &Store) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    store.replay(|seq, event| events.push((seq.0, event))).unwrap();
    events
}

#[test]
fn what_is_appended_is_there_after_reopening() {
    let bench = Bench::new();
    let mut store = bench.open();
    let health = BTreeMap::from([(WorkerName::new("claude"), Health { failures_in_a_row: 2, ..Health::default() })]);
    let globals = Globals { seq: Seq(2), health, ..Globals::default() };
    let events = vec![(1, accepted("a", "x")), (2, accepted("b", "y"))];
    store.append(&Batch { globals: Some(globals.clone()), published: Some(Seq(1)), ..batch(events.clone()) }).unwrap();
    store.append(&batch(vec![(5, ended("a"))])).unwrap();
    drop(store);
    let Opened { store, recovered } = bench.try_open().unwrap();
    assert_eq!(recovered, Recovered { created: false, removed: Vec::new(), events: 3, open_tasks: 2 });
    assert_eq!(replayed(&store), [events, vec![(5, ended("a"))]].concat());
    assert_eq!((store.globals(), store.published(), store.last_seq()), (&globals, Seq(1), Seq(5)));
}

#[test]
fn long_events_are_cut_or_spilled_and_no_value_is_long() {
    let bench = Bench::new();
    let mut store = bench.open();
    let long = |length: usize| "ü".repeat(length / 2);
    let events: Vec<_> =
        [1000, 5000, 30_000, 300_000].map(long).iter().zip(1..).map(|(text, n)| (n, accepted("a", text))).collect();
    store.append(&batch(events.clone())).unwrap();
    drop(store);
    bench.meddle(|_, pairs| {
        assert!(pairs.len() > 10, "the long ones take several values");
        assert!(pairs.iter().all(|(_, value)| value.len() <= record::VALUE_BYTES_MAX));
    });
    let mut store = bench.open();
    assert_eq!(replayed(&store), events);
    let blobs = || walk(&bench.blobs_dir()).len();
    assert_eq!(blobs(), 1);
    store.append(&Batch { archive: vec![archive("a", "done")], ..Batch::default() }).unwrap();
    assert_eq!(blobs(), 0, "the packed history needs no blob, and the event's own is gone");
    assert_eq!(store.history(&id("a")).unwrap().unwrap().len(), 4);
}

#[test]
fn globals_that_shrink_leave_nothing_behind() {
    let bench = Bench::new();
    let mut store = bench.open();
    let globals = |workers: usize| {
        let health = (0..workers).map(|n| (WorkerName::new(format!("worker-{n}")), Health::default())).collect();
        Batch { globals: Some(Globals { seq: Seq(0), health, ..Globals::default() }), ..Batch::default() }
    };
    store.append(&globals(200)).unwrap();
    store.append(&globals(1)).unwrap();
    assert_eq!(store.globals().health.len(), 1);
    drop(store);
    bench.meddle(|_, pairs| assert_eq!(pairs.len(), 2, "the head and one chunk of globals"));
    assert_eq!(bench.open().globals().health.len(), 1);
}

#[test]
fn an_archived_task_leaves_the_journal_for_its_history() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&batch(vec![(1, accepted("a", "x")), (2, accepted("b", "y")), (3, ended("b"))])).unwrap();
    store.append(&Batch { archive: vec![archive("a", "done")], ..batch(vec![(4, ended("a"))]) }).unwrap();
    assert_eq!(replayed(&store), [(2, accepted("b", "y")), (3, ended("b"))]);
    drop(store);
    let opened = bench.try_open().unwrap();
    assert_eq!((opened.recovered.events, opened.recovered.open_tasks), (2, 1));
}

#[test]
fn histories_and_summaries_are_there_after_reopening() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&batch(vec![(1, accepted("a", "x")), (2, accepted("b", "y"))])).unwrap();
    store.append(&Batch { archive: vec![archive("a", "done")], ..batch(vec![(4, ended("a"))]) }).unwrap();
    store.append(&Batch { archive: vec![archive("b", "failed")], ..batch(vec![(5, ended("b"))]) }).unwrap();
    drop(store);
    let store = bench.open();
    assert_eq!(replayed(&store), []);
    assert_eq!(store.last_seq(), Seq(5), "numbers go on where they were");
    let history = store.history(&id("a")).unwrap().unwrap();
    assert_eq!(history, [(Seq(1), accepted("a", "x")), (Seq(4), ended("a"))]);
    assert_eq!(store.summary(&id("b")).unwrap().unwrap()["title"], "b");
    assert_eq!(store.ended_well(&id("a")).unwrap(), Some(true));
    assert_eq!(store.ended_well(&id("b")).unwrap(), Some(false));
    assert_eq!(store.ended_well(&id("c")).unwrap(), None);
    assert_eq!((store.history(&id("c")).unwrap(), store.finished()), (None, 2));
}

#[test]
fn an_event_that_comes_after_the_end_joins_the_history() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&Batch { archive: vec![archive("a", "done")], ..batch(vec![(1, accepted("a", "x"))]) }).unwrap();
    store.append(&batch(vec![(2, ended("a"))])).unwrap();
    assert_eq!(store.history(&id("a")).unwrap().unwrap().len(), 2);
    store.append(&Batch { archive: vec![archive("a", "failed")], ..Batch::default() }).unwrap();
    drop(store);
    let store = bench.open();
    assert_eq!(store.history(&id("a")).unwrap().unwrap(), [(Seq(1), accepted("a", "x")), (Seq(2), ended("a"))]);
    assert_eq!(store.summaries(None, 10).unwrap().len(), 1);
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn events_without_a_task_are_replayed_until_they_are_published() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&batch(vec![(1, rejected("x")), (2, rejected("y"))])).unwrap();
    store.append(&Batch { published: Some(Seq(1)), ..Batch::default() }).unwrap();
    drop(store);
    let mut store = bench.open();
    assert_eq!(replayed(&store), [(2, rejected("y"))]);
    store.append(&Batch { published: Some(Seq(3)), ..batch(vec![(3, rejected("z"))]) }).unwrap();
    drop(store);
    let store = bench.open();
    assert_eq!((replayed(&store), store.published()), (Vec::new(), Seq(3)));
    assert_eq!(store.verify().unwrap().events, 3, "they are kept");
}

#[test]
fn summaries_come_newest_first_in_pages() {
    let bench = Bench::new();
    let mut store = bench.open();
    for n in 1..=150 {
        let name = format!("task-{n}");
        store
            .append(&Batch { archive: vec![archive(&name, "done")], ..batch(vec![(n, accepted(&name, "x"))]) })
            .unwrap();
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = store.summaries(before, 70).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        seen.extend(page.into_iter().map(|ended| ended.task.to_string()));
    }
    let expected: Vec<_> = (1..=150).rev().map(|n| format!("task-{n}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_name_is_given_out_once() {
    let bench = Bench::new();
    let mut store = bench.open();
    let mut seq = 0;
    let mut take = |store: &mut Store, wanted: &str, over: bool| {
        let name = store.next_id(&id(wanted), |_| false).unwrap();
        seq += 1;
        let archive = if over { vec![archive(name.as_str(), "done")] } else { Vec::new() };
        store.append(&Batch { archive, ..batch(vec![(seq, accepted(name.as_str(), "x"))]) }).unwrap();
        name.to_string()
    };
    assert_eq!(take(&mut store, "a", true), "a");
    assert_eq!(take(&mut store, "a", false), "a-2");
    assert_eq!(take(&mut store, "a-4", true), "a-4", "a person may choose such a name");
    assert_eq!(take(&mut store, "a", true), "a-3");
    drop(store);
    let mut store = bench.open();
    assert_eq!(take(&mut store, "a", true), "a-5");
    assert_eq!(take(&mut store, "a-2", true), "a-2-2");
    assert_eq!(take(&mut store, "chapter-7", true), "chapter-7");
    assert_eq!(take(&mut store, "chapter", true), "chapter");
    assert_eq!(take(&mut store, "chapter", true), "chapter-2");
    let decided = [id("a-6"), id("a-7")];
    assert_eq!(store.next_id(&id("a"), |name| decided.contains(name)).unwrap(), id("a-8"));
    assert_eq!(store.next_id(&id("new"), |name| *name == id("new")).unwrap(), id("new-2"));
}

#[test]
fn numbers_must_go_up() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&batch(vec![(3, rejected("x"))])).unwrap();
    for bad in [vec![(3, rejected("y"))], vec![(5, rejected("y")), (4, rejected("z"))]] {
        assert!(matches!(store.append(&batch(bad)), Err(Error::OutOfOrder { .. })));
    }
    assert_eq!(replayed(&store), [(3, rejected("x"))], "a refused batch stores nothing");
}

#[test]
fn a_damaged_event_is_named_and_not_skipped() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&batch(vec![(1, accepted("a", "x")), (2, ended("a")), (3, rejected("x"))])).unwrap();
    drop(store);
    bench.meddle(|ops, pairs| {
        let (key, mut value) = pairs.into_iter().find(|(key, _)| key.starts_with(&keys::event(Seq(2)))).unwrap();
        *value.last_mut().unwrap() ^= 1;
        ops.insert(key, Some(value));
    });
    let error = bench.try_open().err().unwrap().to_string();
    assert!(error.starts_with("event 2 in ") && error.contains("synod doctor"), "{error}");
    let report = verify(&bench.store_dir(), &bench.blobs_dir()).unwrap();
    assert_eq!((report.damages_total, report.events), (1, 2));
    assert!(report.damages[0].what.starts_with("event 2 in "));
}

#[test]
fn missing_parts_are_found_by_the_check() {
    let bench = Bench::new();
    let mut store = bench.open();
    let text = store.blobs().put(&"long ".repeat(1000)).unwrap();
    let Event::TaskAccepted { at, task, spec, source, route, plan, waits_for } = accepted("a", "x") else {
        unreachable!()
    };
    let spec = Box::new(TaskSpec { text, ..*spec });
    let event = Event::TaskAccepted { at, task, spec, source, route, plan, waits_for };
    store.append(&Batch { archive: vec![archive("a", "done")], ..batch(vec![(1, event)]) }).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.ended, report.names, report.blobs), (1, 1, 1));
    fs::remove_file(&walk(&bench.blobs_dir())[0]).unwrap();
    assert_eq!(store.verify().unwrap().damages_total, 1, "the blob");
    drop(store);
    bench.meddle(|ops, pairs| {
        let (key, _) = pairs.into_iter().find(|(key, _)| key[0] == keys::HISTORY).unwrap();
        ops.insert(key, None);
    });
    let report = bench.open().verify().unwrap();
    assert!(report.damages[0].what.contains("the history of ended task number 1, which is missing"), "{report:?}");
}

#[test]
fn a_store_in_use_is_refused_by_name() {
    let bench = Bench::new();
    let store = bench.open();
    let error = bench.try_open().err().unwrap();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert!(error.to_string().contains("synod down"));
    drop(store);
    assert!(bench.try_open().is_ok());
}

#[test]
fn what_cannot_be_opened_is_left_alone() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil); 6] = [
        ("missing", |store| fs::remove_file(store.join("db")).unwrap()),
        ("empty", |store| fs::write(store.join("db"), "").unwrap()),
        ("corrupt", |store| fs::write(store.join("db"), vec![0; 600_000]).unwrap()),
        ("", |store| {
            let mut db = fs::read(store.join("db")).unwrap();
            db.iter_mut().skip(20).step_by(97).for_each(|byte| *byte ^= 0x55);
            fs::write(store.join("db"), db).unwrap();
        }),
        ("head entry", |store| {
            let mut db = fs::read(store.join("db")).unwrap();
            db.truncate(40);
            fs::write(store.join("db"), db).unwrap();
            walk(store)
                .iter()
                .filter(|path| path.to_string_lossy().contains("snap."))
                .for_each(|path| fs::remove_file(path).unwrap());
        }),
        ("", |store| {
            fs::write(store.join("conf"), "segment_size: 4096\nuse_compression: false\nversion: 0.34\nabcd").unwrap()
        }),
    ];
    for (number, (said, spoil)) in cases.into_iter().enumerate() {
        let bench = Bench::new();
        let mut store = bench.open();
        store.append(&batch(vec![(1, accepted("a", "x"))])).unwrap();
        drop(store);
        spoil(&bench.store_dir());
        let before = contents(&bench.store_dir());
        let error = bench.try_open().err().unwrap_or_else(|| panic!("case {number} opens")).to_string();
        assert!(error.contains(said) && error.contains("Nothing in it was changed"), "case {number}: {error}");
        assert!(before == contents(&bench.store_dir()), "case {number} changed something: {error}");
    }
}

#[test]
fn a_file_in_the_stores_place_is_left_alone() {
    let bench = Bench::new();
    fs::create_dir_all(bench.store_dir().parent().unwrap()).unwrap();
    fs::write(bench.store_dir(), "mine").unwrap();
    let error = bench.try_open().err().unwrap().to_string();
    assert!(error.contains("a file stands where its folder should be"), "{error}");
    assert_eq!(fs::read_to_string(bench.store_dir()).unwrap(), "mine");
}

#[test]
fn leftovers_of_a_crash_are_removed() {
    let bench = Bench::new();
    let mut store = bench.open();
    store.append(&batch(vec![(1, accepted("a", "x"))])).unwrap();
    drop(store);
    let leftover = bench.store_dir().join("snap.00000000000000FF.generating");
    fs::write(&leftover, "half").unwrap();
    let draft = bench.store_dir().with_extension("creating");
    let opened = bench.try_open().unwrap();
    assert_eq!(opened.recovered.removed, [leftover]);
    assert_eq!(replayed(&opened.store).len(), 1);
    drop(opened);
    // A crash while the store was being made.
    fs::rename(bench.store_dir(), &draft).unwrap();
    assert!(bench.try_open().unwrap().recovered.created);
    assert!(!draft.exists());
}

#[test]
fn blobs_come_back_whole_or_as_an_error() {
    let bench = Bench::new();
    let store = bench.open();
    let blobs = store.blobs().clone();
    let short = "x".repeat(INLINE_BYTES_MAX);
    assert_eq!(blobs.put(&short).unwrap(), Text::Inline { text: short.clone() });
    let long = "ü".repeat(INLINE_BYTES_MAX);
    let text = blobs.put(&long).unwrap();
    assert_eq!((text.bytes(), blobs.get(&text).unwrap()), (long.len() as u64, long.clone()));
    let file = walk(&bench.blobs_dir()).remove(0);
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    blobs.put(&long).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "a whole one is not written again");
    fs::write(&file, long.replacen('ü', "u.", 1)).unwrap();
    assert!(matches!(blobs.get(&text), Err(Error::Damaged { .. })));
    blobs.put(&long).unwrap();
    assert_eq!(blobs.get(&text).unwrap(), long, "a damaged one is mended by putting it again");
    fs::remove_file(&file).unwrap();
    assert!(matches!(blobs.get(&text), Err(Error::Damaged { .. })));
    let escape = Text::Blob { hash: "../../etc/passwd".to_owned(), bytes: 1, head: String::new() };
    assert!(matches!(blobs.get(&escape), Err(Error::Damaged { .. })));
}

#[test]
fn the_same_text_may_be_put_by_many_at_once() {
    let bench = Bench::new();
    let blobs = Blobs::open(&bench.blobs_dir()).unwrap();
    let long = "same ".repeat(10_000);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let text = blobs.put(&long).unwrap();
                    assert_eq!(blobs.get(&text).unwrap(), long);
                }
            });
        }
    });
    assert_eq!(walk(&bench.blobs_dir()).len(), 1, "one file, and no drafts left");
}

#[test]
fn a_panic_of_the_engine_is_an_error() {
    let failure = engine::panic_text(|| panic!("boom {}", 7));
    assert_eq!(failure, "the storage engine stopped: boom 7");
}

/// Keys and values as version 1 wrote them, a line each, in hex.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store-v1.txt");

/// What the fixture holds in its journal.
fn fixture_live() -> Vec<(u64, Event)> {
    let key = |number| AttemptKey { task: id("open"), number };
    let usage = Usage { input_tokens: 10, output_tokens: 20, cached_tokens: 0, cost_usd: Some(0.25) };
    let answer = Answer {
        text: Text::Inline { text: "fine".to_owned() },
        verdicts: vec![Verdict::unreadable(None)],
        model: "m-1".to_owned(),
        session: Some("s".to_owned()),
        usage,
        files_modified: vec!["a.rs".to_owned()],
        not_given: Vec::new(),
        proposal: None,
        patch: None,
        prompt: None,
        resumed: None,
        cached: false,
        call_hash: None,
    };
    let failure = Failure { class: FailureClass::Timeout, message: "no answer".repeat(1000), after_s: 60.0, usage };
    vec![
        (3, accepted("open", "long ".repeat(100).as_str())),
        (
            4,
            Event::AttemptStarted {
                at: Timestamp(4),
                key: key(1),
                deadline: Timestamp(64),
                thread: Thread::default(),
                along: Vec::new(),
                asked: None,
            },
        ),
        (5, Event::AttemptAnswered { at: Timestamp(5), key: key(1), answer: Box::new(answer) }),
        (6, Event::AttemptFailed { at: Timestamp(6), key: key(2), failure, rest_until: Some(Rest::Blocked) }),
        (7, rejected("bad.md")),
    ]
}

#[test]
fn version_1_loads_for_ever() {
    let bench = Bench::new();
    drop(bench.open());
    let unhex = |hex: &str| -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    };
    bench.meddle(|ops, _| {
        for line in fs::read_to_string(FIXTURE).unwrap().lines() {
            let (key, value) = line.split_once(' ').unwrap();
            ops.insert(unhex(key), Some(unhex(value)));
        }
    });
    let store = bench.open();
    assert_eq!(replayed(&store), fixture_live());
    assert_eq!(
        store.history(&id("done")).unwrap().unwrap(),
        [(Seq(1), accepted("done", "x")), (Seq(2), ended("done"))]
    );
    assert_eq!(store.ended_well(&id("done")).unwrap(), Some(true));
    assert_eq!(store.next_id(&id("done"), |_| false).unwrap(), id("done-2"));
    assert_eq!((store.published(), store.last_seq(), store.globals().health.len()), (Seq(2), Seq(7), 1));
    assert!(store.verify().unwrap().is_whole());
}

/// Made the fixture, once. A new version gets a file of its own; this one is never written again after the first release.
#[test]
#[ignore = "writes the fixture"]
fn write_the_fixture() {
    let bench = Bench::new();
    let mut store = bench.open();
    let health = BTreeMap::from([(WorkerName::new("claude"), Health { failures_in_a_row: 2, ..Health::default() })]);
    let first = batch(vec![(1, accepted("done", "x")), (2, ended("done"))]);
    let globals = Some(Globals { seq: Seq(2), health, ..Globals::default() });
    store.append(&Batch { archive: vec![archive("done", "done")], globals, published: Some(Seq(2)), ..first }).unwrap();
    store.append(&batch(fixture_live())).unwrap();
    drop(store);
    bench.meddle(|_, pairs| {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let lines: String = pairs.iter().map(|(key, value)| format!("{} {}\n", hex(key), hex(value))).collect();
        fs::write(FIXTURE, lines).unwrap();
    });
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    walk(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn records_have_a_row_each_and_only_those_that_changed_are_written_again() {
    let bench = Bench::new();
    let mut store = bench.open();
    let slice = |tasks: u64| Slice { ended: Endings { done: tasks, ..Endings::default() }, ..Slice::default() };
    let day = |text: &str| Day::parse(text).unwrap();
    let mut tallies = Tallies { all: Arc::new(slice(2)), ..Tallies::default() };
    tallies.days.insert(day("2026-11-20"), Arc::new(slice(1)));
    tallies.days.insert(day("2026-11-21"), Arc::new(slice(1)));
    tallies.pairs.insert(WorkerName::new("claude"), Arc::default());
    tallies.imports = Arc::new(vec!["hash".to_owned()]);
    let batch = |tallies: &Tallies| Batch {
        globals: Some(Globals { seq: Seq(1), tallies: tallies.clone(), ..Globals::default() }),
        ..Batch::default()
    };
    store.append(&batch(&tallies)).unwrap();
    drop(store);
    let mut store = bench.open();
    assert_eq!(store.globals().tallies, tallies);
    assert!(store.verify().unwrap().is_whole());

    // The oldest day goes, another grows far beyond a chunk and then beyond all chunks.
    for names in [400, 4_000, 3] {
        let mut tallies = store.globals().tallies.clone();
        tallies.days.remove(&day("2026-11-20"));
        let workers =
            (0..names).map(|n| (WorkerName::new(format!("worker-{n}")), Tally { tasks: n, ..Tally::default() }));
        tallies.days.insert(day("2026-11-21"), Arc::new(Slice { workers: workers.collect(), ..Slice::default() }));
        store.append(&batch(&tallies)).unwrap();
        drop(store);
        store = bench.open();
        assert_eq!(store.globals().tallies, tallies, "{names}");
    }
    drop(store);
    assert_eq!(walk(&bench.blobs_dir()).len(), 0, "no blob is left of the long one");
    bench.meddle(|_, pairs| assert_eq!(pairs.len(), 6, "head, globals, all, imports, a day, a worker"));
}
