//! The loop: the only owner of the state and of the store. It takes what is waiting, decides each, appends all events in
//! one durable batch, then hands the effects to jobs. It never waits for a job.

use super::calls::Calls;
use super::clock::Clock;
use super::held::Held;
use super::incoming::{Acted, Incoming, Query, RawOffer};
use super::memories::{Following, Orders};
use super::notices::{Notices, notice};
use super::outage::Outage;
use super::publishing::{Pace, Pages, calls_first};
use super::queries::Waiting;
use super::start::CaughtUp;
use super::trouble::{Troubles, Where};
use crate::api::TaskRow;
use crate::board::{
    self, AttemptKey, Effect, Event, Input, Offer, Page, Phase, Refusal, Rules, Seq, Source, State, TaskId, Timestamp,
};
use crate::folder;
use crate::store::{Archive, Batch, Store};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Pause between two tries to append while the disk is full.
const APPEND_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Who is told what became of an offer.
pub(super) type OfferReply = oneshot::Sender<Result<TaskId, Refusal>>;

/// Dropped tasks that wait because the board is full. The intake bounds them: it looks at no more files while many wait.
pub(super) type Queue = VecDeque<(Box<RawOffer>, OfferReply)>;

/// How the loop is bounded.
#[derive(Clone, Debug)]
pub struct LoopLimits {
    /// Inputs decided on in one batch.
    pub batch_inputs_max: usize,
    /// Notices kept for those who ask later.
    pub notices_max: usize,
    /// Most rows in one page.
    pub page_items_max: usize,
    /// What running calls may take once the daemon is told to end.
    pub shutdown_grace: Duration,
    /// Kill the process with SIGKILL right after this append (counting from 1): the crash test's tool.
    pub crash_after_append: Option<u64>,
}

/// The loop and everything it owns.
pub(super) struct Engine {
    pub(super) state: State,
    pub(super) rules: Rules,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) limits: LoopLimits,
    pub(super) calls: Calls,
    pub(super) pages: Pages,
    pub(super) notices: Notices,
    pub(super) waiting: Waiting,
    pub(super) queue: Queue,
    /// Calls that wait for money.
    pub(super) held: Held,
    pub(super) facts: super::Facts,
    /// What is wrong outside, by where.
    pub(super) troubles: Troubles,
    /// What stands in the way of every append, for those who ask meanwhile; and how urgently the end was asked for.
    pub(super) outage: Arc<Outage>,
    /// Rings once the pages of the last run stand: only then are dropped files looked at.
    pub(super) caught_up: CaughtUp,
    /// The last event that stands in files.
    pub(super) published: Seq,
    /// The last event whose pages were handed to the writing thread.
    pub(super) handed: Seq,
    pub(super) appends: u64,
    pub(super) end: super::ending::End,
    /// Those who follow what happens to memories.
    pub(super) following: Following,
    /// What wakes a role by itself.
    pub(super) orders: Orders,
}

/// What one round of the loop has decided and not yet stored.
#[derive(Default)]
pub(super) struct Round {
    pub(super) batch: Batch,
    effects: Vec<(Seq, Effect)>,
    pub(super) replies: Vec<Reply>,
    queries: Vec<Query>,
    published: Option<Seq>,
    ended_calls: Vec<AttemptKey>,
}

/// Who is told once the round is stored.
pub(super) enum Reply {
    Memory(oneshot::Sender<Result<Acted, Refusal>>, Result<Acted, Refusal>),
    Input(oneshot::Sender<Result<(), Refusal>>, Result<(), Refusal>),
    Offer(OfferReply, Result<TaskId, Refusal>),
}

impl Round {
    /// Whether a call has ended in it.
    pub(super) fn has_ended_calls(&self) -> bool {
        !self.ended_calls.is_empty()
    }
}

impl Engine {
    /// Runs until the daemon has ended. `Err`: the store failed in a way that waiting does not mend.
    pub(super) fn run(
        &mut self,
        first: Vec<Input>,
        receiver: &mut mpsc::Receiver<Incoming>,
        runtime: &tokio::runtime::Handle,
    ) -> Result<(), String> {
        let mut round = Round::default();
        for input in first {
            if let Err(refusal) = self.decide(input, &mut round) {
                tracing::warn!(%refusal, "a call of the last run could not be taken up");
            }
        }
        self.tick(&mut round);
        self.finish(round)?;
        while !self.has_ended() {
            let first = runtime.block_on(self.next(receiver));
            let mut round = Round::default();
            let woken = first.is_none();
            if let Some(incoming) = first {
                self.take(incoming, &mut round);
            }
            for _ in 1..self.limits.batch_inputs_max {
                let Ok(incoming) = receiver.try_recv() else { break };
                self.take(incoming, &mut round);
            }
            // A channel that never runs empty must not keep moments from coming.
            if woken || self.state.next_alarm(&self.rules).is_some_and(|alarm| alarm <= self.clock.now()) {
                self.tick(&mut round);
            }
            self.take_queued(&mut round);
            self.take_held(&mut round);
            // After the offers, so that a task that leaves the state in this round can still be found by them.
            if let Some(upto) = round.published.take() {
                self.published(upto, &mut round);
            }
            self.finish(round)?;
        }
        self.store_marks()
    }

    fn tick(&mut self, round: &mut Round) {
        let taken = self.decide(Input::Tick { at: self.clock.now() }, round);
        debug_assert!(taken.is_ok(), "a moment is never refused");
    }

    /// The next thing to do, or `None` when the state asked to be woken first.
    pub(super) async fn next(&mut self, receiver: &mut mpsc::Receiver<Incoming>) -> Option<Incoming> {
        // Tasks leave the state at the end of a round, after the queue was seen to: the room they made is used in the next.
        if (!self.queue.is_empty() && !self.is_full()) || self.has_put_off() {
            return None;
        }
        let now = self.clock.now();
        let alarm = self.state.next_alarm(&self.rules);
        let alarm = [alarm, self.ending_alarm()].into_iter().flatten().min();
        match alarm {
            None => receiver.recv().await,
            Some(at) => {
                let pause = at.since(now).max(Duration::from_millis(1));
                tokio::time::timeout(pause, receiver.recv()).await.ok().flatten()
            }
        }
    }

    fn take(&mut self, incoming: Incoming, round: &mut Round) {
        match incoming {
            Incoming::Input(input, reply) => match (*input, reply) {
                (Input::Reserve { key, usd, .. }, Some(reply)) => self.reserve((key, usd), reply, round),
                (input, reply) => {
                    let taken = self.decide(input, round);
                    round.replies.extend(reply.map(|reply| Reply::Input(reply, taken)));
                }
            },
            Incoming::Memory { act, by, reply } => self.memory(*act, by, reply, round),
            Incoming::Mirrored { marks, taking } => self.following.mark(marks, taking),
            Incoming::Offer(offer, reply) if self.must_queue(&offer) => {
                self.queue.push_back((offer, reply));
            }
            Incoming::Offer(offer, reply) => self.take_offer(*offer, reply, round),
            // Answered once the round is stored: nobody is shown what a crash could still take back.
            Incoming::Query(query) => round.queries.push(query),
            Incoming::Published(upto) => round.published = round.published.max(Some(upto)),
            Incoming::Trouble { at, what } => self.troubles.set(at, what),
            Incoming::Stop { hard } => self.stop(hard),
            Incoming::CallOver => self.end.running_jobs = self.end.running_jobs.saturating_sub(1),
        }
    }

    /// Decides on an input and collects what follows. Nothing is stored yet.
    pub(super) fn decide(&mut self, input: Input, round: &mut Round) -> Result<(), Refusal> {
        let (notices, effects) = (&mut self.notices, &mut round.effects);
        let (events, over) = (&mut round.batch.events, &mut round.ended_calls);
        board::take(&mut self.state, &self.rules, input, &mut |state, seq, event| {
            for effect in board::react(state, &event) {
                if let Effect::Publish(Page::Message(line)) = &effect {
                    notices.push(notice(seq, event.task(), &event, line.clone()));
                }
                effects.push((seq, effect));
            }
            if let Event::AttemptAnswered { key, .. } | Event::AttemptFailed { key, .. } = &event {
                over.push(key.clone());
            }
            events.push((seq, event));
        })
    }

    /// Whether a further task would be refused only because there are too many.
    pub(super) fn is_full(&self) -> bool {
        !self.end.is_begun() && (self.state.open() >= self.rules.limits.open_tasks_max || self.is_behind())
    }

    /// Whether as many ended tasks as may be open wait for their pages. Where no page can be written, no more come in.
    pub(super) fn is_behind(&self) -> bool {
        let unwritten = self.state.tasks.len().saturating_sub(self.state.open());
        unwritten >= self.rules.limits.open_tasks_max
    }

    /// A dropped task can wait for its turn; whoever asks over a face is told at once. One that open tasks wait for does
    /// not queue: they would wait for each other.
    fn must_queue(&self, offer: &RawOffer) -> bool {
        matches!(offer.source, Source::File { .. })
            && (self.is_full() || !self.queue.is_empty())
            && !self.state.is_awaited(&offer.wanted)
    }

    /// Takes up dropped tasks that waited for others to end.
    fn take_queued(&mut self, round: &mut Round) {
        while !self.queue.is_empty() {
            let awaited = |(offer, _): &(Box<RawOffer>, _)| self.state.is_awaited(&offer.wanted);
            let next = if self.is_full() { self.queue.iter().position(awaited) } else { Some(0) };
            let Some((offer, reply)) = next.and_then(|next| self.queue.remove(next)) else { return };
            self.take_offer(*offer, reply, round);
        }
    }

    fn take_offer(&mut self, offer: RawOffer, reply: OfferReply, round: &mut Round) {
        let taken = self.offer(offer, round);
        round.replies.push(Reply::Offer(reply, taken));
    }

    fn offer(&mut self, raw: RawOffer, round: &mut Round) -> Result<TaskId, Refusal> {
        if self.end.is_begun() || self.is_behind() {
            return Err(Refusal::Busy { open: self.state.open() });
        }
        let offer = self.name(raw, self.clock.now())?;
        let id = offer.id.clone();
        self.decide(Input::Offer(Box::new(offer)), round)?;
        Ok(id)
    }

    /// Finds a free name and looks up the tasks it depends on: what the pure core cannot.
    pub(super) fn name(&self, raw: RawOffer, at: Timestamp) -> Result<Offer, Refusal> {
        let store_failed = |error: crate::store::Error| {
            tracing::error!(%error, "the store could not be read");
            Refusal::Busy { open: self.state.open() }
        };
        let coordination = &self.facts.coordination;
        let taken = |id: &TaskId| self.state.task(id).is_some() || folder::taken::is_taken(coordination, id);
        let id = self.store.next_id(&raw.wanted, taken).map_err(store_failed)?;
        let mut ended = std::collections::BTreeMap::new();
        for on in &raw.spec.depends_on {
            let well = match self.state.task(on).map(|task| &task.phase) {
                Some(Phase::Ended { ending, .. }) => Some(*ending == board::Ending::Done),
                Some(_) => None,
                None => self.store.ended_well(on).map_err(store_failed)?,
            };
            ended.extend(well.map(|well| (on.clone(), well)));
        }
        Ok(Offer { at, id, spec: raw.spec, words: raw.words, source: raw.source, ended, needs: raw.needs })
    }

    /// Files stand up to here: tasks that have ended leave the journal for their history.
    fn published(&mut self, upto: Seq, round: &mut Round) {
        self.published = self.published.max(upto);
        self.caught_up.tell(self.published);
        let archived = self.state.ended_upto(upto).map(|task| (task.id.clone(), TaskRow::of(task)));
        for (task, row) in archived {
            let summary = serde_json::to_value(&row).unwrap_or_default();
            round.batch.archive.push(Archive { task, summary });
        }
        // The mark alone is no reason for a commit of its own: it travels with the next one.
        if !round.batch.archive.is_empty() {
            let taken = self.decide(Input::Published { at: self.clock.now(), upto }, round);
            debug_assert!(taken.is_ok(), "a published mark is never refused");
        }
    }

    /// Stores what the round decided, and only then does what follows from it and answers.
    fn finish(&mut self, mut round: Round) -> Result<(), String> {
        self.carry_out_orders(&mut round);
        let Round { mut batch, effects, replies, queries, published: _, ended_calls } = round;
        if !batch.events.is_empty() {
            batch.published = Some(self.published);
            // Events of no task that count leave the journal once they are published; what they counted must be stored by then.
            let loose = |event: &Event| {
                matches!(
                    event,
                    Event::RecordsImported { .. } | Event::PatchApplied { .. } | Event::PatchReverted { .. }
                )
            };
            if batch.events.iter().any(|(_, event)| loose(event)) || !batch.archive.is_empty() {
                batch.globals = Some(self.state.globals.clone());
            }
            batch.mirrored = self.following.take_marks();
            self.append(&batch)?;
            self.following.follow(&self.state, &batch.events);
        }
        // Stops before the ends are noted: an end that did not come from the call itself must still reach it.
        let patient = batch.events.iter().all(|(_, event)| event.is_of_memory());
        self.dispatch(effects, patient);
        for key in &ended_calls {
            self.calls.over(key);
        }
        for reply in replies {
            // Who no longer listens has given the reply up.
            match reply {
                Reply::Input(reply, taken) => drop(reply.send(taken)),
                Reply::Offer(reply, taken) => drop(reply.send(taken)),
                Reply::Memory(reply, taken) => drop(reply.send(taken)),
            }
        }
        for query in queries {
            self.query(query);
        }
        self.notices.tell(self.state.seq);
        self.tell_rested();
        Ok(())
    }

    /// One durable commit. While the disk is full nothing else is done: what was decided waits, and so does everyone else,
    /// but for those who ask and those who want the end.
    pub(super) fn append(&mut self, batch: &Batch) -> Result<(), String> {
        let mut waited = false;
        while let Err(error) = self.store.append(batch) {
            waited = true;
            if !error.is_full() {
                return Err(error.to_string());
            }
            self.troubles.set(Where::Journal, Some(error.to_string()));
            self.outage.begin(error.to_string());
            if !self.outage.wait(APPEND_RETRY_PAUSE) {
                return Err(format!(
                    "{error}; it was told to end, so what waited to be stored is done at the next start"
                ));
            }
        }
        if waited {
            self.troubles.set(Where::Journal, None);
            self.outage.over();
        }
        self.appends += 1;
        if self.limits.crash_after_append == Some(self.appends) {
            super::ending::crash();
        }
        Ok(())
    }

    /// `patient`: nobody waits for the pages among them.
    fn dispatch(&mut self, effects: Vec<(Seq, Effect)>, patient: bool) {
        let (mut pages, mut asked) = (Vec::new(), false);
        let (on_the_way, calls) = calls_first();
        for (seq, effect) in effects {
            match effect {
                Effect::Ask(ask) if board::is_running(&self.state, &ask.key) => {
                    self.end.running_jobs += 1;
                    self.calls.start(*ask, on_the_way.clone());
                    asked = true;
                }
                // It was overtaken by a cancel in the same round.
                Effect::Ask(_) => {}
                Effect::Validate(order) if board::is_owed(&self.state, &order.key) => self.calls.try_out(*order),
                Effect::Validate(_) => {}
                Effect::Stop(key) => self.calls.stop(&key),
                // Whoever follows memories was told with the events themselves.
                Effect::Remember(_) => {}
                Effect::Publish(page) => pages.push((seq, page)),
            }
        }
        if !pages.is_empty() {
            self.handed = self.state.seq;
            drop(on_the_way);
            let only_lines = || pages.iter().all(|(_, page)| matches!(page, Page::Message(_)));
            let pace = if asked {
                Pace::AfterCalls(calls)
            } else if patient && !self.end.is_begun() && only_lines() {
                Pace::Together
            } else {
                Pace::Now
            };
            self.pages.write(pages, self.state.seq, pace);
        }
    }
}
