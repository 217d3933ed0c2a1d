//! The start, in order: the journal is replayed, what was not written is handed to the writing thread, what was running is
//! taken up or asked again, and only then does anything new come in.

use super::caller::Caller;
use super::calls::{CallPlaces, Calls};
use super::clock::Clock;
use super::desk::{Desk, FrontDesk};
use super::engine::{Engine, LoopLimits, Queue};
use super::held::Held;
use super::incoming::Incoming;
use super::intake::IntakeJob;
use super::jobs::Jobs;
use super::local::LocalBoard;
use super::measuring::Scales;
use super::memories::{Bus, Order, OrderLimits, Orders};
use super::notices::Notices;
use super::outage::Outage;
use super::publishing::{Pace, Pages};
use super::queries::Waiting;
use super::trouble::{Troubles, Where};
use super::{Facts, ending};
use crate::api::Handle;
use crate::board::memory::MemoryName;
use crate::board::{self, Ask, Effect, Event, Failure, FailureClass, Input, Page, Rules, Seq, State, Timestamp, Usage};
use crate::folder::intake::{self, Intake};
use crate::folder::mirror::{self, Roots};
use crate::folder::publish::Publisher;
use crate::store::{Answers, Store};
use crate::worker::worktree::Trees;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// What an adopted call is given at least, so that a finished one can be harvested although its time is up.
const ADOPTED_TIME_MIN: Duration = Duration::from_secs(10);

/// Everything the daemon works with, opened by the composition root.
pub struct Parts {
    /// Where jobs run.
    pub jobs: Jobs,
    /// The journal and the blobs.
    pub store: Store,
    /// The writer of files.
    pub publisher: Publisher,
    /// The watched folders; `None`: nothing is taken in from there.
    pub intake: Option<Intake>,
    /// The workers.
    pub caller: Arc<dyn Caller>,
    /// Where outside agents take the steps of the workers they play; `None`: no worker is played from outside.
    pub desk: Option<Arc<Desk>>,
    /// What decisions depend on.
    pub rules: Rules,
    /// Where calls find what they need.
    pub places: CallPlaces,
    /// How dropped and submitted tasks are read.
    pub intake_limits: intake::Limits,
    /// The handoff log's file.
    pub handoff_log: PathBuf,
    /// Bounds of the loop.
    pub limits: LoopLimits,
    /// Inputs that may wait on the loop's channel.
    pub input_queue_max: usize,
    /// What it says of itself.
    pub facts: Facts,
    /// The memory bus beside the loop.
    pub memories: MemoryParts,
    /// Kept answers of identical calls; `None`: none are kept.
    pub answers: Option<Answers>,
    /// Trees of their own for those who change files; `None`: everybody works in the workspace itself.
    pub trees: Option<Trees>,
    /// Only to ask and to tell: calls that run are neither taken up nor given up, and none is started.
    pub look: bool,
}

/// What the memory bus works with besides the loop.
#[derive(Clone, Debug)]
pub struct MemoryParts {
    /// The folders that hold the memories' files; `None`: there are no files.
    pub folders: Option<(Roots, mirror::Limits)>,
    /// The search index's file; `None`: nothing is searched.
    pub index: Option<PathBuf>,
    /// Long texts kept at hand for reading, all together, in bytes.
    pub cache_bytes_max: usize,
    /// Standing orders.
    pub orders: Vec<Order>,
    /// How they are bounded.
    pub order_limits: OrderLimits,
}

/// Why it did not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal could not be read.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The memories folder cannot be used.
    #[error(transparent)]
    Memories(#[from] mirror::MirrorError),
    /// The system gave no thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
    /// The loop stopped because the store failed, or broke.
    #[error("the daemon stopped: {0}")]
    Stopped(String),
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    handle: Handle,
    pub(super) sender: mpsc::Sender<Incoming>,
    ended: oneshot::Receiver<Result<(), String>>,
    /// How the loop ended, once it has.
    over: Option<Result<(), String>>,
    ending: CancellationToken,
    pub(super) outage: Arc<Outage>,
}

/// Rings a bell once everything up to an event stands in files.
#[derive(Debug)]
pub(super) struct CaughtUp {
    pub(super) at: Seq,
    pub(super) bell: CancellationToken,
}

impl CaughtUp {
    /// Everything up to here stands.
    pub(super) fn tell(&self, published: Seq) {
        if published >= self.at {
            self.bell.cancel();
        }
    }
}

/// The number after which events go on: that of the journal, or of the logs when they are ahead, so that none is used twice.
fn behind_the_logs(parts: &Parts, journal: Seq) -> Seq {
    match parts.publisher.last_number() {
        Ok(log) if log > journal => {
            if !parts.look {
                tell_of_a_gap(journal, log);
            }
            log
        }
        Ok(_) => journal,
        Err(error) => {
            // Writing meets the same obstacle and says so to the person.
            tracing::warn!(%error, "the end of a log could not be read");
            journal
        }
    }
}

/// Files are written from what is stored, so a log that is ahead shows that stored events are gone. The engine below cannot
/// tell a damaged journal from one that a crash cut short.
fn tell_of_a_gap(journal: Seq, log: Seq) {
    tracing::warn!(
        journal = journal.0,
        log = log.0,
        "the logs tell of events that the journal does not hold: what happened in between is known from the files only, and may be \
         done again. It is so when .synod was moved aside, restored or did not come along with a copy; if none of that was done, \
         the store lost its end: look at the disk"
    );
}

/// What replaying the journal brings to light.
struct Replayed {
    state: State,
    pages: Vec<(Seq, Page)>,
    /// Memories that were revised, as far back as the journal still goes.
    revised: Vec<(Seq, MemoryName)>,
    last: Timestamp,
}

impl Daemon {
    /// Starts the loop and its jobs.
    ///
    /// # Errors
    /// When the journal cannot be read or the system gives no thread.
    pub fn start(parts: Parts, runtime: &tokio::runtime::Handle) -> Result<Self, Error> {
        let Replayed { mut state, pages, revised, last } = replay(&parts.store)?;
        let clock = Clock::start(last);
        state.seq = behind_the_logs(&parts, state.seq);
        let blobs = parts.store.blobs().clone();
        let (sender, receiver) = mpsc::channel(parts.input_queue_max);
        let ending = CancellationToken::new();
        let masker = parts.publisher.masker();
        let writer =
            Pages::start(parts.publisher, blobs.clone(), sender.clone(), &parts.jobs).map_err(Error::Thread)?;
        let published = parts.store.published();
        let caught_up = catch_up(&writer, pages, published, state.seq);
        let (handed, bell) = (caught_up.at, caught_up.bell.clone());
        let outage = Arc::new(Outage::new());
        let (pending, untried) = (board::pending(&state), board::untried(&state));
        let jobs = parts.jobs.clone();
        let bus = Bus::open(&parts.memories, &parts.store, &state, &sender)?;
        let shelf =
            bus.desk(&parts.memories, (published, revised), &parts.rules, parts.limits.page_items_max, &jobs)?;
        let (desk, places) = (parts.desk.clone(), parts.places.clone());
        let calls = Calls::new(parts.caller, desk, places, blobs.clone(), clock, jobs.clone(), sender.clone());
        let mut calls = calls
            .with_memories(shelf.clone())
            .with_budget(parts.rules.limits.budget_usd_per_day)
            .with_answers(parts.answers)
            .with_trees(parts.trees.clone());
        let order_parts = (parts.places.root.clone(), parts.intake_limits.clone());
        let orders = Orders::new(parts.memories.orders, parts.memories.order_limits, &state, order_parts);
        let mut end = ending::End::default();
        let mut rules = parts.rules;
        let first = if parts.look {
            look_only(&mut rules);
            Vec::new()
        } else {
            let first = take_up(&mut calls, pending, clock, &mut end);
            untried.into_iter().for_each(|order| calls.try_out(order));
            first
        };
        let coordination = parts.facts.coordination.clone();
        let engine = Engine {
            state,
            rules,
            store: parts.store,
            clock,
            notices: Notices::new(parts.limits.notices_max),
            limits: parts.limits,
            calls,
            pages: writer,
            waiting: Waiting::default(),
            queue: Queue::default(),
            held: Held::default(),
            facts: parts.facts,
            troubles: Troubles::default(),
            outage: Arc::clone(&outage),
            caught_up,
            published,
            handed,
            appends: 0,
            end,
            following: bus.following(),
            orders,
        };
        let scales = Scales::new(parts.places.clone(), jobs.clone());
        let ended = run_loop(engine, first, receiver, runtime, &jobs)?;
        let front = FrontDesk { desk: parts.desk, clock, jobs: jobs.clone() };
        if let Some(intake) = parts.intake {
            let (desk, waiting) = (front.clone(), BTreeSet::new());
            let (blobs, sender, ending, scales) = (blobs.clone(), sender.clone(), ending.clone(), scales.clone());
            watch(IntakeJob { intake, blobs, scales, clock, sender, ending, caught_up: bell, desk, waiting }, &jobs);
        }
        bus.mirror(blobs.clone(), (parts.places.memories.clone(), coordination), &jobs)?;
        let board = LocalBoard {
            sender: sender.clone(),
            blobs,
            scales,
            clock,
            root: parts.places.root,
            handoff_log: parts.handoff_log,
            intake: parts.intake_limits,
            desk: front,
            jobs,
            outage: Arc::clone(&outage),
            memories: shelf,
            masker,
            trees: parts.trees,
        };
        Ok(Self { handle: Handle::new(board), sender, ended, over: None, ending, outage })
    }

    /// A way to ask it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Tells it to end: running calls get the grace, or are stopped at once when `hard` or when told a second time.
    pub async fn stop(&self, hard: bool) {
        self.outage.tell_to_end();
        // A loop that is gone has ended already.
        let _ = self.sender.send(Incoming::Stop { hard }).await;
    }

    /// Waits until the loop is over. Its faces may still be served; they are told that it is ending.
    ///
    /// # Errors
    /// When the loop stopped because the store failed.
    pub async fn loop_ended(&mut self) -> Result<(), Error> {
        if self.over.is_none() {
            let broke = || Err("the loop broke; the log says where".to_owned());
            self.over = Some((&mut self.ended).await.unwrap_or_else(|_| broke()));
        }
        self.ending.cancel();
        match &self.over {
            None | Some(Ok(())) => Ok(()),
            Some(Err(why)) => Err(Error::Stopped(why.clone())),
        }
    }
}

/// Hands the pages of the last run to the writing thread. The bell rings once they stand.
fn catch_up(writer: &Pages, pages: Vec<(Seq, Page)>, published: Seq, last: Seq) -> CaughtUp {
    let caught_up = CaughtUp { at: if pages.is_empty() { published } else { last }, bell: CancellationToken::new() };
    if !pages.is_empty() {
        writer.write(pages, last, Pace::Now);
    }
    caught_up.tell(published);
    caught_up
}

/// Gives the loop a thread of its own. What comes back tells how it ended.
fn run_loop(
    mut engine: Engine,
    first: Vec<Input>,
    mut receiver: mpsc::Receiver<Incoming>,
    runtime: &tokio::runtime::Handle,
    jobs: &Jobs,
) -> Result<oneshot::Receiver<Result<(), String>>, Error> {
    let (over, ended) = oneshot::channel();
    let runtime = runtime.clone();
    let run = move || {
        let how = engine.run(first, &mut receiver, &runtime);
        // The store is closed and every asker told before anyone hears that it is over.
        drop((engine, receiver));
        drop(over.send(how));
    };
    jobs.thread("synod-loop", run).map_err(Error::Thread)?;
    Ok(ended)
}

/// Starts the job that takes in what people drop; when it breaks, everyone who asks is told.
fn watch(job: IntakeJob, jobs: &Jobs) {
    let trouble = job.sender.clone();
    jobs.start("intake", job.run(), move |said| {
        let what = format!("the drop folder is no longer watched ({said}); restart the daemon");
        // When the queue is full the log has it all the same.
        let _ = trouble.try_send(Incoming::Trouble { at: Where::DropFolder, what: Some(what) });
    });
}

/// Applies the whole journal, and collects the pages of events that may not stand in files yet.
fn replay(store: &Store) -> Result<Replayed, Error> {
    let mut state = State::resume(store.globals().clone(), store.memories()?);
    let (mut pages, mut revised, mut last) = (Vec::new(), Vec::new(), Timestamp::default());
    let published = store.published();
    store.replay(|seq, event: Event| {
        board::apply(&mut state, seq, &event);
        last = last.max(event.at());
        if let Event::MemoryRevised { name, .. } = &event {
            revised.push((seq, name.clone()));
        }
        if seq > published {
            let effects = board::react(&state, &event).into_iter();
            pages.extend(effects.filter_map(|effect| match effect {
                Effect::Publish(page) => Some((seq, page)),
                Effect::Ask(_) | Effect::Validate(_) | Effect::Stop(_) | Effect::Remember(_) => None,
            }));
        }
    })?;
    state.seq = state.seq.max(store.last_seq());
    Ok(Replayed { state, pages, revised, last })
}

/// The rules of a daemon that only looks: it starts nothing, and what runs elsewhere is never overdue.
fn look_only(rules: &mut Rules) {
    rules.limits.concurrent_calls_max = 0;
    rules.limits.overrun_grace = Duration::MAX;
}

/// What becomes of each call that was running: waited for when something of it is left, else asked anew.
fn take_up(calls: &mut Calls, pending: Vec<Ask>, clock: Clock, end: &mut ending::End) -> Vec<Input> {
    calls.sweep(&pending);
    let at = clock.now();
    let (mut inputs, mut adopted) = (vec![Input::Started { at }], Vec::new());
    for ask in pending {
        let key = ask.key.clone();
        inputs.push(if calls.resume(&ask) {
            end.running_jobs += 1;
            adopted.push(key.clone());
            let deadline = ask.deadline.max(at.after(ADOPTED_TIME_MIN));
            Input::Adopted { at, key, deadline }
        } else {
            let failure = Failure {
                class: FailureClass::Interrupted,
                message: "the daemon ended during the call and nothing of it is left".to_owned(),
                after_s: 0.0,
                usage: Usage::default(),
            };
            Input::Failed { at, key, failure }
        });
    }
    calls.sweep_trees(&adopted);
    inputs
}
