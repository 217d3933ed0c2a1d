//! The loop taken by hand: a channel that is filled beforehand, so that what falls into one round is no matter of chance.

use super::rig::{REVIEW, Rig, SIMPLE, batches, id, offer};
use super::workers::{PATIENCE, Workers, failed};
use crate::board::{AttemptKey, FailureClass, Input, Refusal, Seq, Source, State, TaskId, Timestamp, Usage};
use crate::daemon::calls::Calls;
use crate::daemon::clock::Clock;
use crate::daemon::ending::End;
use crate::daemon::engine::Engine;
use crate::daemon::incoming::{Incoming, Query, RawOffer};
use crate::daemon::jobs::Jobs;
use crate::daemon::memories::{Bus, Orders};
use crate::daemon::notices::Notices;
use crate::daemon::outage::Outage;
use crate::daemon::publishing::Pages;
use crate::daemon::queries::Waiting;
use crate::daemon::start::CaughtUp;
use crate::daemon::trouble::Troubles;
use crate::store::{Batch, Store};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The loop, its channel, and the runtime of its jobs.
struct Bench {
    engine: Engine,
    sender: mpsc::Sender<Incoming>,
    receiver: mpsc::Receiver<Incoming>,
    runtime: Runtime,
}

impl Bench {
    fn new(rig: &Rig, workers: &Arc<Workers>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (sender, receiver) = mpsc::channel(1024);
        let jobs = Jobs::new(runtime.handle().clone());
        let store: Store = rig.store();
        let blobs = store.blobs().clone();
        let clock = Clock::start(Timestamp::default());
        let caller = Arc::new(Arc::clone(workers));
        let pages = Pages::start(rig.publisher(), blobs.clone(), sender.clone(), &jobs).unwrap();
        let state = State::resume(store.globals().clone(), store.memories().unwrap());
        let mut parts = rig.memory_parts();
        (parts.folders, parts.index) = (None, None);
        let bus = Bus::open(&parts, &store, &state, &sender).unwrap();
        let nothing = (Seq(0), Vec::new());
        let desk = bus.desk(&parts, nothing, &rig.rules, rig.limits.page_items_max, &jobs).unwrap();
        let order_parts = (rig.root().to_owned(), crate::folder::intake::Limits::default());
        let engine = Engine {
            orders: Orders::new(parts.orders, parts.order_limits, &state, order_parts),
            following: bus.following(),
            state,
            rules: rig.rules.clone(),
            published: store.published(),
            handed: store.published(),
            store,
            clock,
            limits: rig.limits.clone(),
            calls: Calls::new(caller, None, rig.places(), blobs, clock, jobs, sender.clone()).with_memories(desk),
            pages,
            notices: Notices::new(1000),
            waiting: Waiting::default(),
            queue: VecDeque::new(),
            held: Default::default(),
            facts: crate::daemon::Facts::default(),
            troubles: Troubles::default(),
            outage: Arc::new(Outage::new()),
            caught_up: CaughtUp { at: Seq(0), bell: CancellationToken::new() },
            appends: 0,
            end: End::default(),
        };
        Self { engine, sender, receiver, runtime }
    }

    fn send(&self, incoming: Incoming) {
        self.sender.try_send(incoming).unwrap();
    }

    fn offer(&self, name: &str, content: &str, source: Option<Source>) -> oneshot::Receiver<Result<TaskId, Refusal>> {
        let offer = offer(name, content, Timestamp(0), source);
        let (reply, replied) = oneshot::channel();
        let raw = RawOffer {
            wanted: offer.id,
            spec: offer.spec,
            words: offer.words,
            source: offer.source,
            needs: offer.needs,
        };
        self.send(Incoming::Offer(Box::new(raw), reply));
        replied
    }

    fn input(&self, input: Input) -> oneshot::Receiver<Result<(), Refusal>> {
        let (reply, replied) = oneshot::channel();
        self.send(Incoming::Input(Box::new(input), Some(reply)));
        replied
    }

    /// Runs what waits, then a hard end.
    fn run(&mut self) -> Result<(), String> {
        self.send(Incoming::Stop { hard: true });
        self.engine.run(Vec::new(), &mut self.receiver, self.runtime.handle())
    }
}

fn dropped(name: &str) -> Option<Source> {
    let content = crate::board::Text::short(SIMPLE);
    Some(Source::File { name: format!("{name}.md"), hash: format!("hash of {name}"), content })
}

#[test]
fn a_burst_of_inputs_is_one_append() {
    let rig = Rig::new(&["a"]);
    let mut bench = Bench::new(&rig, &Workers::played());
    let replies: Vec<_> = (0..100).map(|number| bench.offer(&format!("task {number}"), SIMPLE, None)).collect();
    bench.run().unwrap();
    for (number, mut reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.try_recv().unwrap(), Ok(id(&format!("task {number}"))));
    }
    // One for the hundred; what comes of the calls that were started and stopped may add its own.
    assert!(bench.engine.appends <= 3, "{} appends", bench.engine.appends);
    assert_eq!(bench.engine.store.last_seq(), bench.engine.state.seq);
}

#[test]
fn a_batch_is_bounded() {
    let mut rig = Rig::new(&["a"]);
    rig.limits.batch_inputs_max = 10;
    let mut bench = Bench::new(&rig, &Workers::played());
    for number in 0..100 {
        drop(bench.offer(&format!("task {number}"), SIMPLE, None));
    }
    bench.run().unwrap();
    assert!(bench.engine.appends >= 10, "{} appends", bench.engine.appends);
    assert_eq!(bench.engine.state.open(), 100, "who asked has gone, the tasks are there all the same");
}

#[test]
fn nothing_is_asked_answered_or_written_before_it_is_stored() {
    let rig = Rig::new(&["a"]);
    // A journal that is further than the state makes every append fail.
    rig.lived_through(vec![Input::Offer(Box::new(offer("old", SIMPLE, Timestamp(1), None)))]);
    let workers = Workers::played();
    let mut bench = Bench::new(&rig, &workers);
    let mut reply = bench.offer("job", SIMPLE, None);
    let (query, mut queried) = oneshot::channel();
    bench.send(Incoming::Query(Query::Task(id("job"), query)));
    let error = bench.run().unwrap_err();
    assert!(error.contains("cannot follow"), "{error}");
    drop((bench.receiver, bench.engine));
    assert!(reply.try_recv().is_err(), "nobody is told that it was accepted");
    assert!(queried.try_recv().is_err(), "nobody is shown it");
    assert!(workers.calls().is_empty(), "nobody is asked");
    assert!(rig.names("tasks/active").is_empty(), "nothing is written");
}

#[test]
fn a_question_sees_what_was_handed_in_before_it() {
    let rig = Rig::new(&["a"]);
    let mut bench = Bench::new(&rig, &Workers::played());
    drop(bench.offer("job", SIMPLE, None));
    let (query, mut queried) = oneshot::channel();
    bench.send(Incoming::Query(Query::Task(id("job"), query)));
    bench.run().unwrap();
    let task = queried.try_recv().unwrap().unwrap().unwrap();
    assert_eq!(task.id, id("job"));
}

#[test]
fn a_moment_that_came_while_the_last_round_was_stored_still_rings() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.backoff_first = std::time::Duration::from_millis(100);
    rig.rules.limits.backoff_max = std::time::Duration::from_millis(100);
    let workers = Workers::played();
    let mut bench = Bench::new(&rig, &workers);
    // A retry whose pause ended after the round that planned it was settled and before the loop sleeps.
    let settled = Timestamp(bench.engine.clock.now().0 - 1000);
    let key = AttemptKey { task: id("job"), number: 1 };
    let failure = failed(FailureClass::Transient, "503").unwrap_err();
    let inputs =
        vec![Input::Offer(Box::new(offer("job", SIMPLE, settled, None))), Input::Failed { at: settled, key, failure }];
    batches(&mut bench.engine.state, &rig.rules, inputs);
    assert_eq!(bench.engine.state.running(), 0, "it waits for the end of its pause");
    let next = bench.engine.next(&mut bench.receiver);
    let woken = bench.runtime.block_on(async { tokio::time::timeout(PATIENCE, next).await });
    assert!(matches!(woken, Ok(None)), "the loop sleeps on");
}

#[test]
fn a_loop_without_anything_to_wait_for_sleeps() {
    let rig = Rig::new(&["a"]);
    let mut bench = Bench::new(&rig, &Workers::played());
    let next = bench.engine.next(&mut bench.receiver);
    let asleep = bench.runtime.block_on(async {
        tokio::pin!(next);
        futures::poll!(&mut next).is_pending()
    });
    assert!(asleep);
}

#[test]
fn a_double_report_is_refused_and_changes_nothing() {
    let rig = Rig::new(&["a"]);
    let mut bench = Bench::new(&rig, &Workers::played());
    drop(bench.offer("job", SIMPLE, None));
    let report = || {
        let failure = failed(FailureClass::RequestRefused, "no such model").unwrap_err();
        Input::Failed { at: Timestamp(5), key: AttemptKey { task: id("job"), number: 1 }, failure }
    };
    let (mut first, mut second) = (bench.input(report()), bench.input(report()));
    bench.run().unwrap();
    assert_eq!(first.try_recv().unwrap(), Ok(()));
    assert!(matches!(second.try_recv().unwrap(), Err(Refusal::NotRunning { .. })));
    let history = bench.engine.store.history(&id("job")).unwrap().unwrap();
    let failures = history.iter().filter(|(_, event)| event.name() == "attempt_failed").count();
    assert_eq!(failures, 1);
}

#[test]
fn dropped_tasks_wait_for_room_and_faces_are_told_at_once() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.open_tasks_max = 2;
    let mut bench = Bench::new(&rig, &Workers::played());
    let mut one = bench.offer("one", SIMPLE, dropped("one"));
    let mut two = bench.offer("two", SIMPLE, dropped("two"));
    let mut three = bench.offer("three", SIMPLE, dropped("three"));
    let mut face = bench.offer("face", SIMPLE, None);
    let cancel = Input::Cancel { at: Timestamp(9), task: id("one"), by: "me".to_owned(), file: None };
    let mut cancelled = bench.input(cancel);
    bench.run().unwrap();
    assert_eq!(one.try_recv().unwrap(), Ok(id("one")));
    assert_eq!(two.try_recv().unwrap(), Ok(id("two")));
    assert_eq!(face.try_recv().unwrap(), Err(Refusal::Busy { open: 2 }));
    assert_eq!(cancelled.try_recv().unwrap(), Ok(()));
    // The end came in the same round, so the one that waited is sent back to its folder rather than left without a word.
    assert!(matches!(three.try_recv().unwrap(), Err(Refusal::Busy { .. })));
}

#[test]
fn a_dropped_task_is_taken_when_another_ends() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.open_tasks_max = 2;
    rig.limits.batch_inputs_max = 5;
    let mut bench = Bench::new(&rig, &Workers::played());
    let mut zero = bench.offer("zero", SIMPLE, dropped("zero"));
    let mut one = bench.offer("one", SIMPLE, dropped("one"));
    let mut two = bench.offer("two", SIMPLE, dropped("two"));
    let mut three = bench.offer("three", SIMPLE, dropped("three"));
    let cancel = |name: &str| Input::Cancel { at: Timestamp(9), task: id(name), by: "me".to_owned(), file: None };
    let first = bench.input(cancel("one"));
    // The next round: `two` has taken the place of `one`, and `three` waits on.
    let mut second = bench.input(cancel("two"));
    bench.run().unwrap();
    drop(first);
    assert_eq!(zero.try_recv().unwrap(), Ok(id("zero")));
    assert_eq!(one.try_recv().unwrap(), Ok(id("one")));
    assert_eq!(two.try_recv().unwrap(), Ok(id("two")));
    assert_eq!(second.try_recv().unwrap(), Ok(()));
    assert!(matches!(three.try_recv().unwrap(), Err(Refusal::Busy { .. })), "the end came first");
}

#[test]
fn where_no_page_can_be_written_no_more_tasks_come_in() {
    let mut rig = Rig::new(&["a"]);
    rig.rules.limits.open_tasks_max = 3;
    let mut bench = Bench::new(&rig, &Workers::played());
    let mut replies = Vec::new();
    for number in 0..5 {
        let name = format!("task {number}");
        replies.push(bench.offer(&name, SIMPLE, None));
        let cancel = Input::Cancel { at: Timestamp(9), task: id(&name), by: "me".to_owned(), file: None };
        drop(bench.input(cancel));
    }
    bench.run().unwrap();
    let taken = replies.into_iter().map(|mut reply| reply.try_recv().unwrap().is_ok()).filter(|taken| *taken).count();
    assert_eq!(taken, 3, "ended tasks whose pages do not stand are bounded like open ones");
}

#[test]
fn a_task_that_is_archived_in_the_round_is_still_known_to_those_who_depend_on_it() {
    let rig = Rig::new(&["a"]);
    let state = rig.lived_through(vec![
        Input::Offer(Box::new(offer("first", SIMPLE, Timestamp(1), None))),
        Input::Answered { at: Timestamp(2), key: AttemptKey { task: id("first"), number: 1 }, answer: answer() },
    ]);
    assert_eq!(state.open(), 0, "it has ended");
    let mut bench = Bench::new(&rig, &Workers::played());
    let upto = state.seq;
    bench.engine.state = state;
    bench.send(Incoming::Published(upto));
    let second = SIMPLE.replace("kind:", "depends_on: [first]\nkind:");
    let mut reply = bench.offer("second", &second, None);
    bench.run().unwrap();
    assert_eq!(reply.try_recv().unwrap(), Ok(id("second")));
    assert!(bench.engine.state.task(&id("first")).is_none(), "it was archived");
    let phase = &bench.engine.state.task(&id("second")).unwrap().phase;
    assert!(matches!(phase, crate::board::Phase::Working), "it waits for nobody: {phase:?}");
}

#[test]
fn archived_tasks_leave_the_state_and_their_history_gives_the_same_task() {
    let rig = Rig::new(&["a"]);
    let state = rig.lived_through(vec![
        Input::Offer(Box::new(offer("job", SIMPLE, Timestamp(1), None))),
        Input::Answered { at: Timestamp(2), key: AttemptKey { task: id("job"), number: 1 }, answer: answer() },
    ]);
    let before = state.task(&id("job")).unwrap().clone();
    let mut bench = Bench::new(&rig, &Workers::played());
    let upto = state.seq;
    bench.engine.state = state;
    bench.send(Incoming::Published(upto));
    let (query, mut queried) = oneshot::channel();
    bench.send(Incoming::Query(Query::Task(id("job"), query)));
    bench.run().unwrap();
    assert_eq!(queried.try_recv().unwrap().unwrap().as_deref(), Some(&before));
    assert!(bench.engine.state.tasks.is_empty());
    assert_eq!((bench.engine.store.finished(), bench.engine.store.published()), (1, upto));
    drop(bench);
    let mut replayed = 0;
    rig.store().replay(|_, _| replayed += 1).unwrap();
    assert_eq!(replayed, 0, "a start has nothing of it to replay");
}

#[test]
fn the_published_mark_alone_is_no_reason_to_store() {
    let rig = Rig::new(&["a"]);
    let mut bench = Bench::new(&rig, &Workers::played());
    bench.send(Incoming::Published(Seq(0)));
    bench.send(Incoming::Published(Seq(0)));
    bench.run().unwrap();
    assert_eq!(bench.engine.appends, 0);
}

#[test]
fn a_name_that_was_used_gets_a_number_also_within_one_round() {
    let rig = Rig::new(&["a"]);
    let mut bench = Bench::new(&rig, &Workers::played());
    let with_hash = |hash: &str| Some(Source::Face { by: "t".to_owned(), hash: hash.to_owned() });
    let mut replies: Vec<_> = ["1", "2", "3"].map(|hash| bench.offer("job", SIMPLE, with_hash(hash))).into();
    let mut same = bench.offer("job", SIMPLE, with_hash("2"));
    bench.run().unwrap();
    let ids: Vec<TaskId> = replies.iter_mut().map(|reply| reply.try_recv().unwrap().unwrap()).collect();
    assert_eq!(ids, [id("job"), id("job-2"), id("job-3")]);
    assert_eq!(same.try_recv().unwrap(), Err(Refusal::Duplicate { of: id("job-2") }));
}

#[test]
fn a_cancel_in_the_same_round_means_that_nobody_is_asked() {
    let rig = Rig::new(&["a", "b", "c"]);
    let workers = Workers::played();
    let mut bench = Bench::new(&rig, &workers);
    drop(bench.offer("job", REVIEW, None));
    drop(bench.input(Input::Cancel { at: Timestamp(9), task: id("job"), by: "me".to_owned(), file: None }));
    bench.run().unwrap();
    assert!(workers.calls().is_empty());
}

#[test]
fn an_empty_batch_is_never_appended() {
    let rig = Rig::new(&["a"]);
    let mut store = rig.store();
    store.append(&Batch::default()).unwrap();
    assert_eq!(store.last_seq(), Seq(0));
}

fn answer() -> Box<crate::board::Answer> {
    Box::new(crate::board::Answer {
        text: crate::board::Text::short("done"),
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
    })
}
