//! The writer: numbered events whose content follows from their number, so that whoever looks later knows what must be there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use synod::board::memory::{Hashed, MemoryChange, MemoryName};
use synod::board::plan::{PlanSource, Shape};
use synod::board::state::Globals;
use synod::board::{
    Answer, AttemptKey, Event, Failure, FailureClass, Kind, Mode, Plan, Route, Seq, Source, TaskId, TaskSpec, Text,
    Timestamp, Usage, WorkerName,
};
use synod::store::{Archive, Batch, Blobs, Error, REVISIONS_MAX, Store};

pub(crate) const FOLDER: &str = "SYNOD_TEST_STORE";
const BATCHES: &str = "SYNOD_TEST_BATCHES";

/// Lanes side by side, and events of each. The last lane is that of the memories, the others are tasks.
const TASKS: u64 = 5;
const EVENTS: u64 = 8;

/// Memories that take turns, and how many of their revisions is a deletion.
const MEMORIES: u64 = 3;
const DELETED_EVERY: u64 = 5;

/// Small repeatable randomness (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// The command that runs the writer for so many batches on the store in `folder`.
pub(crate) fn command(folder: &Path, batches: u64) -> Command {
    let mut command = super::this_binary("writer_process");
    command.env(FOLDER, folder).env(BATCHES, batches.to_string());
    command
}

/// The number that a line of the writer acknowledges.
pub(crate) fn acknowledged(line: &str) -> Option<u64> {
    line.trim().strip_prefix("ack ")?.parse().ok()
}

/// Opens the store and writes on where it ends, saying each number once it is durable.
pub(crate) fn write_on() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let batches: u64 = std::env::var(BATCHES).unwrap().parse().unwrap();
    let folder = Path::new(&folder);
    let mut store = open(folder).unwrap();
    let mut next = store.last_seq().0 + 1;
    for _ in 0..batches {
        let end = next + 1 + Dice(next).below(6);
        let batch = batch(next..end, store.blobs()).unwrap();
        store.append(&batch).unwrap();
        println!("ack {}", end - 1);
        next = end;
    }
}

/// The batch of these numbers. Its long texts are put into the blob store first.
pub(crate) fn batch(numbers: Range<u64>, blobs: &Blobs) -> Result<Batch, Error> {
    let globals = Globals { seq: Seq(numbers.end - 1), ..Globals::default() };
    let published = Some(Seq(numbers.start.saturating_sub(4)));
    let mut batch = Batch { globals: Some(globals), published, ..Batch::default() };
    for number in numbers {
        let mut put = Ok(());
        let event = event(number, |text| {
            blobs.put(&text).unwrap_or_else(|error| {
                put = Err(error);
                Text::short("")
            })
        });
        put?;
        batch.events.push((Seq(number), event));
        if let Some((name, revision)) = memory(number) {
            batch.mirrored.push((name, mark(revision)));
        } else if place(number).1 == EVENTS - 1 {
            batch.archive.push(Archive { task: task(number), summary: summary(number) });
        }
    }
    Ok(batch)
}

/// Whether everything up to `acknowledged` is there, nothing is damaged, and what else is there is the continuation.
pub(crate) fn compare(folder: &Path, acknowledged: u64) -> Result<(), String> {
    let store = open(folder)?;
    let last = store.last_seq().0;
    if last < acknowledged {
        return Err(format!("event {acknowledged} was acknowledged, the store ends at {last}"));
    }
    if store.globals().seq.0 != last {
        return Err(format!("globals of {} beside events up to {last}: a batch is there in part", store.globals().seq));
    }
    let report = store.verify().map_err(|error| error.to_string())?;
    if !report.is_whole() {
        return Err(format!("damaged: {:?}", report.damages));
    }
    compare_memories(&store, last)?;
    for first in (1..=last).filter(|&number| place(number).1 == 0 && memory(number).is_none()) {
        let expected: Vec<u64> = (0..EVENTS).map(|n| first + n * TASKS).filter(|&number| number <= last).collect();
        let history = store.history(&task(first)).map_err(|error| error.to_string())?.unwrap_or_default();
        let found: Vec<u64> = history.iter().map(|(seq, _)| seq.0).collect();
        if found != expected {
            return Err(format!("{} has the events {found:?} instead of {expected:?}", task(first)));
        }
        for (seq, found) in &history {
            if *found != expected_event(seq.0, found, store.blobs())? {
                return Err(format!("event {seq} differs"));
            }
        }
        let over = expected.len() as u64 == EVENTS;
        if store.ended_well(&task(first)).map_err(|error| error.to_string())? != over.then_some(true) {
            return Err(format!("{} has a wrong summary", task(first)));
        }
    }
    Ok(())
}

/// Whether every revision up to event `last` is there, and nothing else; and what stands, and the marks, belong to it.
fn compare_memories(store: &Store, last: u64) -> Result<(), String> {
    let mut expected: BTreeMap<MemoryName, Vec<u64>> = BTreeMap::new();
    for number in 1..=last {
        if let Some((name, _)) = memory(number) {
            expected.entry(name).or_default().push(number);
        }
    }
    let standing = store.memories().map_err(|error| error.to_string())?;
    if standing.by_name().keys().ne(expected.keys()) {
        return Err(format!("the memories are {:?}", standing.by_name().keys()));
    }
    for (name, numbers) in &expected {
        let mut kept = store.memory_history(name, None, REVISIONS_MAX).map_err(|error| error.to_string())?;
        kept.reverse();
        let found: Vec<(u64, u64)> = kept.iter().map(|kept| (kept.seq.0, kept.revision)).collect();
        if found != numbers.iter().copied().zip(1..).collect::<Vec<_>>() {
            return Err(format!("{name} has the revisions {found:?} instead of {numbers:?}"));
        }
        for revision in &kept {
            let text = revision.content.as_ref().map(|content| store.blobs().get(&content.text)).transpose();
            if text.map_err(|error| error.to_string())? != note(revision.seq.0, revision.revision) {
                return Err(format!("revision {} of {name} has another text", revision.revision));
            }
        }
        let newest = kept.last().map(|kept| (kept.revision, kept.content.as_ref()));
        let stands = standing
            .get(name)
            .map(|memory| (memory.revision, memory.standing.as_ref().map(|standing| &standing.content)));
        if newest != stands {
            return Err(format!("{name} stands as {stands:?}, its newest revision is {newest:?}"));
        }
    }
    let newest = expected.into_iter().filter_map(|(name, numbers)| Some((name, mark(numbers.len() as u64)?)));
    let (marks, found) = (newest.collect(), store.mirrored().map_err(|error| error.to_string())?);
    if found != marks {
        return Err(format!("the marks are {found:?} instead of {marks:?}"));
    }
    Ok(())
}

/// The memory that an event is about, and its revision; `None`: it is a task's.
fn memory(number: u64) -> Option<(MemoryName, u64)> {
    let (turn, lane) = ((number - 1) / TASKS, (number - 1) % TASKS);
    let name = format!("design/note-{}", turn % MEMORIES);
    (lane == TASKS - 1).then(|| (MemoryName::parse(&name).unwrap(), turn / MEMORIES + 1))
}

/// The text of a revision; `None`: it is a deletion.
fn note(number: u64, revision: u64) -> Option<String> {
    let length = [100, 1000, 1500, 40_000][(number / TASKS % 4) as usize];
    (!revision.is_multiple_of(DELETED_EVERY)).then(|| text(number, length))
}

/// The mark that goes with a revision: every third file lags behind and has none.
fn mark(revision: u64) -> Option<u64> {
    (!revision.is_multiple_of(3)).then_some(revision)
}

pub(crate) fn open(folder: &Path) -> Result<Store, String> {
    let opened = Store::open(&folder.join(".synod/store"), &folder.join(".synod/blobs"));
    opened.map(|opened| opened.store).map_err(|error| error.to_string())
}

/// Which task an event belongs to, and which of its events it is.
fn place(number: u64) -> (u64, u64) {
    let (block, rest) = ((number - 1) / (TASKS * EVENTS), (number - 1) % (TASKS * EVENTS));
    (block * TASKS + rest % TASKS, rest / TASKS)
}

fn task(number: u64) -> TaskId {
    TaskId::parse(&format!("task-{}", place(number).0)).unwrap()
}

fn summary(number: u64) -> serde_json::Value {
    serde_json::json!({ "title": text(number, 300), "ending": { "ending": "done" } })
}

/// A text that follows from the number.
fn text(number: u64, length: u64) -> String {
    let mut dice = Dice(number ^ 0x5eed);
    (0..length).map(|_| char::from(b'a' + dice.below(26) as u8)).collect()
}

/// The event that should have this number, given the one that has: a long text has to read as it was put.
fn expected_event(number: u64, found: &Event, blobs: &Blobs) -> Result<Event, String> {
    let kept = match found {
        Event::AttemptAnswered { answer, .. } => {
            Some((&answer.text, blobs.get(&answer.text).map_err(|e| e.to_string())?))
        }
        _ => None,
    };
    // A text that differs is expected as an empty one, which no event has.
    Ok(event(number, |text| match kept {
        Some((name, content)) if content == text => name.clone(),
        _ => Text::short(""),
    }))
}

/// The event that has this number; `put` takes in its long text, where it has one.
fn event(number: u64, put: impl FnOnce(String) -> Text) -> Event {
    let (at, task) = (Timestamp(number as i64), task(number));
    if let Some((name, revision)) = memory(number) {
        let content = note(number, revision).map(|text| Hashed { text: put(text), hash: format!("hash of {number}") });
        let change = if content.is_some() { MemoryChange::Written } else { MemoryChange::Deleted };
        return Event::MemoryRevised { at, name, revision, change, content, by: "anna".to_owned() };
    }
    let key = AttemptKey { task: task.clone(), number: number as u32 };
    match place(number).1 {
        0 => accepted(at, task, &text(number, 800)),
        n if n == EVENTS - 1 => Event::TaskArchived { at, task },
        2 => {
            let text = put(text(number, 2000 + number % 9 * 3000));
            let answer = Answer {
                text,
                verdicts: Vec::new(),
                model: "m".to_owned(),
                session: None,
                usage: Usage::default(),
                files_modified: Vec::new(),
                not_given: Vec::new(),
                proposal: None,
                patch: None,
                prompt: None,
                resumed: None,
                cached: false,
                call_hash: None,
            };
            Event::AttemptAnswered { at, key, answer: Box::new(answer) }
        }
        n => {
            // Short ones, some of several chunks, a few that are spilled.
            let length = [100, 900, 6000, 40_000][if n == 4 { (number % 4) as usize } else { (n % 2) as usize }];
            let failure = Failure {
                class: FailureClass::Transient,
                message: text(number, length),
                after_s: 1.0,
                usage: Usage::default(),
            };
            Event::AttemptFailed { at, key, failure, rest_until: None }
        }
    }
}

fn accepted(at: Timestamp, task: TaskId, text: &str) -> Event {
    let workers = vec![WorkerName::new("claude")];
    let route = Route {
        kind: Kind::new("check"),
        category: None,
        mode: Mode::Simple,
        priority: synod::board::Priority::Normal,
        workers,
        why: Vec::new(),
        needs: synod::board::Needs::default(),
        steps: Vec::new(),
    };
    Event::TaskAccepted {
        at,
        task,
        spec: Box::new(TaskSpec::of_text(Text::short(text))),
        source: Source::Face { by: "cli".to_owned(), hash: "00".to_owned() },
        route: Box::new(route),
        plan: Box::new(Plan::of(PlanSource::Named, Shape::Judging, Vec::new())),
        waits_for: Vec::new(),
    }
}
