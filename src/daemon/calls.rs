//! The job of one call: load what the prompt needs, make the call, read the verdicts, store the text, report.

mod batching;
mod changing;
mod recalling;
mod reserving;
mod trying;

use super::caller::{Caller, Calling};
use super::clock::Clock;
use super::desk::Desk;
use super::incoming::Incoming;
use super::jobs::Jobs;
use super::memories::Desk as Memories;
use super::preparing::{Sources, Told};
use super::publishing::OnTheWay;
use super::trouble::Where;
use crate::board::prompt;
use crate::board::text::INLINE_BYTES_MAX;
use crate::board::{
    Answer, Ask, AttemptKey, Failure, FailureClass, Input, Purpose, Refusal, Role, Text, Usage, Verdict, WorkerName,
    plan_reader, verdict_reader,
};
use crate::folder::{context, without_keys};
use crate::store::{Answers, Blobs};
use crate::worker::worktree::Trees;
use crate::worker::{Call, Outcome, Reply, Wishes};
use recalling::Recall;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use trying::Trials;

/// Pause between two tries to store an answer while the disk is full.
const STORE_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Where calls find what they need, and within which limits.
#[derive(Clone, Debug)]
pub struct CallPlaces {
    /// The workspace's root.
    pub root: PathBuf,
    /// The coordination folder.
    pub coordination: PathBuf,
    /// The memory tree.
    pub memories: PathBuf,
    /// What each worker can be told; who is not named takes what the settings allow, and sees the folder.
    pub takes: BTreeMap<WorkerName, Takes>,
    /// What each role would have of a model.
    pub wishes: BTreeMap<Role, Wishes>,
    /// The files of the whole workspace that a planner or architect is given, in bytes; 0: none.
    pub code_base_bytes_max: usize,
    /// One image, in bytes.
    pub image_bytes_max: usize,
    /// Images that a call is shown.
    pub images_max: usize,
    /// A role's text in the coordination folder, in bytes.
    pub role_text_bytes_max: usize,
    /// Limits on context files.
    pub context: context::Limits,
    /// Limits on prompts.
    pub prompt: prompt::Limits,
}

/// What a worker can be told in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// Bytes of a prompt, by its window and its program; `None`: not known.
    pub prompt_bytes_max: Option<usize>,
    /// Whether it can read the workspace's files by itself.
    pub reads_files: bool,
    /// Whether it can change files by itself; who cannot says what is to be changed.
    pub changes_files: bool,
    /// How it sees images.
    pub sight: prompt::Sight,
}

impl Default for Takes {
    fn default() -> Self {
        Self { prompt_bytes_max: None, reads_files: true, changes_files: true, sight: prompt::Sight::Blind }
    }
}

/// Starts, stops and counts the calls' jobs.
pub(super) struct Calls {
    caller: Arc<dyn Caller>,
    /// Where outside agents take the calls of the workers they play.
    desk: Option<Arc<Desk>>,
    places: CallPlaces,
    blobs: Blobs,
    clock: Clock,
    jobs: Jobs,
    sender: mpsc::Sender<Incoming>,
    /// Where memories stand a moment before they stand in files.
    memories: Option<Memories>,
    /// Whether the day has a budget, so that every call's worst case is set aside before it is made.
    day_budget: bool,
    /// Kept answers of identical calls.
    answers: Option<Answers>,
    /// Trees of their own for those who change files.
    trees: Option<Trees>,
    /// What is being tried.
    trials: Trials,
    stops: BTreeMap<AttemptKey, CancellationToken>,
    /// Cancelled when the daemon ends: then a stopped call reports nothing and is asked again at the next start.
    ending: CancellationToken,
}

impl Calls {
    pub(super) fn places(&self) -> &CallPlaces {
        &self.places
    }

    pub(super) fn new(
        caller: Arc<dyn Caller>,
        desk: Option<Arc<Desk>>,
        places: CallPlaces,
        blobs: Blobs,
        clock: Clock,
        jobs: Jobs,
        sender: mpsc::Sender<Incoming>,
    ) -> Self {
        let (stops, ending) = (BTreeMap::new(), CancellationToken::new());
        Self {
            caller,
            desk,
            places,
            blobs,
            clock,
            jobs,
            sender,
            memories: None,
            day_budget: false,
            answers: None,
            trees: None,
            trials: Trials::default(),
            stops,
            ending,
        }
    }

    /// The same, with memories from the shelf.
    pub(super) fn with_memories(mut self, memories: Memories) -> Self {
        self.memories = Some(memories);
        self
    }

    /// The same, under a budget for the day, if there is one.
    pub(super) fn with_budget(mut self, usd_per_day: Option<f64>) -> Self {
        self.day_budget = usd_per_day.is_some();
        self
    }

    /// The same, with kept answers of identical calls.
    pub(super) fn with_answers(mut self, answers: Option<Answers>) -> Self {
        self.answers = answers;
        self
    }

    /// The same, with trees of their own for those who change files.
    pub(super) fn with_trees(mut self, trees: Option<Trees>) -> Self {
        self.trees = trees;
        self
    }

    /// Starts a call.
    pub(super) fn start(&mut self, ask: Ask, on_the_way: OnTheWay) {
        let stop = self.ending.child_token();
        self.run(ask, Begun::Not(on_the_way), stop);
    }

    /// Takes up a call of an earlier daemon, if something of it is left.
    pub(super) fn resume(&mut self, ask: &Ask) -> bool {
        let stop = self.ending.child_token();
        let resumed = match self.desk_of(&ask.worker) {
            Some(desk) => desk.wait(&ask.key, ask.deadline.since(self.clock.now()), stop.clone()),
            None => self.caller.resume(&ask.worker, &ask.key, stop.clone()),
        };
        let Some(calling) = resumed else { return false };
        self.run(ask.clone(), Begun::Earlier(calling), stop);
        true
    }

    /// Ends a call; its report is not waited for.
    pub(super) fn stop(&mut self, key: &AttemptKey) {
        if let Some(stop) = self.stops.remove(key) {
            stop.cancel();
        }
        self.trials.stop(key);
    }

    /// Leaves what waits at the desk as it is, for the next daemon: who works outside is not waited for.
    pub(super) fn leave(&self) {
        if let Some(desk) = &self.desk {
            desk.close();
        }
    }

    /// Ends every call; none of them reports.
    pub(super) fn end(&self) {
        self.leave();
        self.ending.cancel();
    }

    /// Forgets a call whose outcome is in the journal.
    pub(super) fn over(&mut self, key: &AttemptKey) {
        self.stops.remove(key);
    }

    /// Throws away what is left of calls that nobody waits for any more.
    pub(super) fn sweep(&self, wanted: &[Ask]) {
        let unwanted = |key: &AttemptKey| !wanted.iter().any(|ask| ask.key == *key);
        for key in self.caller.kept().iter().filter(|key| unwanted(key)) {
            self.caller.forget(key);
        }
        if let Some(desk) = &self.desk {
            desk.kept().iter().filter(|key| unwanted(key)).for_each(|key| desk.forget(key));
        }
    }

    /// The desk, for a worker that is played from outside.
    fn desk_of(&self, worker: &WorkerName) -> Option<&Arc<Desk>> {
        self.desk.as_ref().filter(|desk| desk.serves(worker))
    }

    fn run(&mut self, ask: Ask, begun: Begun, stop: CancellationToken) {
        self.stops.insert(ask.key.clone(), stop.clone());
        let job = CallJob {
            caller: Arc::clone(&self.caller),
            desk: self.desk_of(&ask.worker).cloned(),
            places: self.places.clone(),
            blobs: self.blobs.clone(),
            clock: self.clock,
            sender: self.sender.clone(),
            ending: self.ending.clone(),
            stop,
            jobs: self.jobs.clone(),
            memories: self.memories.clone(),
            day_budget: self.day_budget,
            recall: Recall::of(self.answers.clone()),
            trees: self.trees.clone(),
            told: OnceLock::new(),
        };
        let (sender, key, clock, jobs) = (self.sender.clone(), ask.key.clone(), self.clock, self.jobs.clone());
        let report_panic = move |said: String| {
            let failure = failure(FailureClass::Transient, format!("the call's job broke: {said}"));
            let input = Input::Failed { at: clock.now(), key, failure };
            // A job of its own, for it may have to wait for a place on the loop's channel.
            let report = async move {
                // A loop that is gone asks anew at the next start.
                let _ = sender.send(Incoming::Input(Box::new(input), None)).await;
                let _ = sender.send(Incoming::CallOver).await;
            };
            jobs.start("report of a broken call", report, drop);
        };
        self.jobs.start(format!("call {}", ask.key), job.run(ask, begun), report_panic);
    }
}

/// However the loop came to its end, by a failed store or a panic too: calls must not go on for nobody.
impl Drop for Calls {
    fn drop(&mut self) {
        self.end();
    }
}

fn failure(class: FailureClass, message: String) -> Failure {
    Failure { class, message, after_s: 0.0, usage: Usage::default() }
}

/// Whether a call is under way already.
enum Begun {
    /// An earlier daemon has begun it.
    Earlier(Calling),
    /// It is begun now, and the pages of its round wait until it is on its way.
    Not(OnTheWay),
}

struct CallJob {
    caller: Arc<dyn Caller>,
    /// Where the call waits for an outside agent, if it is for one.
    desk: Option<Arc<Desk>>,
    places: CallPlaces,
    blobs: Blobs,
    clock: Clock,
    sender: mpsc::Sender<Incoming>,
    ending: CancellationToken,
    stop: CancellationToken,
    jobs: Jobs,
    memories: Option<Memories>,
    day_budget: bool,
    /// What is known of the kept answers.
    recall: Recall,
    trees: Option<Trees>,
    /// What is noted beside the answer, once that is known.
    told: OnceLock<Told>,
}

impl CallJob {
    async fn run(self, ask: Ask, begun: Begun) {
        let outcome = tokio::select! {
            biased;
            () = self.is_left() => None,
            outcome = self.outcome(&ask, begun) => Some(outcome),
        };
        if let Some(outcome) = outcome {
            let stopped = matches!(&outcome, Err(failure) if failure.class == FailureClass::Cancelled);
            // When the daemon ends, the attempt stays as it is in the journal and is asked again at the next start.
            if (stopped && self.ending.is_cancelled()) || self.report(&ask, outcome).await {
                self.forget(&ask.key);
                self.forget_tree(&ask).await;
            }
        }
        // The loop counts running jobs only while it ends; when it is gone nobody counts.
        let _ = self.sender.send(Incoming::CallOver).await;
    }

    /// Returns when the daemon ends, for a call that an outside agent carries out: it goes on without the daemon, and the
    /// next one waits for it again.
    async fn is_left(&self) {
        match &self.desk {
            Some(desk) => desk.is_closed().await,
            None => std::future::pending().await,
        }
    }

    async fn outcome(&self, ask: &Ask, begun: Begun) -> Outcome {
        let on_the_way = match begun {
            Begun::Earlier(calling) => {
                // An earlier daemon prepared it; only a session that the worker keeps itself can have been gone on with.
                let resumed = ask.resume.as_ref().filter(|resume| resume.session.is_some());
                let resumed = resumed.map(|resume| resume.attempt);
                self.told.set(Told { resumed, ..Told::default() }).ok();
                return calling.await;
            }
            Begun::Not(on_the_way) => on_the_way,
        };
        let mut call = self.prepare(ask).await?;
        if let Some(kept) = self.recall(ask, &call) {
            return Ok(kept);
        }
        // Setting money aside waits for the loop, and the loop's pages must not wait for it.
        let on_the_way = if self.is_budgeted(ask) {
            drop(on_the_way);
            self.reserve(ask, &mut call).await?;
            None
        } else {
            Some(on_the_way)
        };
        self.move_into_tree(ask, &mut call).await?;
        match &self.desk {
            Some(desk) => {
                drop(on_the_way);
                self.at_desk(desk, ask, call).await
            }
            None => {
                let mut calling = self.caller.call(&ask.worker, call, self.stop.clone());
                // Where it first waits for somebody else it is on its way, and the pages of its round may follow.
                let first = futures::poll!(&mut calling);
                drop(on_the_way);
                match first {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => calling.await,
                }
            }
        }
    }

    /// Puts the call on the desk and waits for what an outside agent makes of it.
    async fn at_desk(&self, desk: &Arc<Desk>, ask: &Ask, call: Call) -> Outcome {
        let whole: Arc<str> = match call.system {
            Some(system) => format!("{system}\n\n{}", call.prompt).into(),
            None => call.prompt.into(),
        };
        let lay = || {
            let (desk, ask, whole) = (Arc::clone(desk), ask.clone(), Arc::clone(&whole));
            let now = self.clock.now();
            async move { self.jobs.blocking(move || desk.lay(&ask, &whole, now)).await?.map_err(|error| error.to_string()) }
        };
        let stopped = || failure(FailureClass::Cancelled, "it was stopped".to_owned());
        tokio::select! {
            laid = self.wait_for_space(lay) => laid.ok_or_else(stopped)?,
            () = self.stop.cancelled() => return Err(stopped()),
        }
        match desk.wait(&ask.key, call.time_left, self.stop.clone()) {
            Some(waiting) => waiting.await,
            None => Err(failure(FailureClass::Interrupted, "what lay on the desk is gone".to_owned())),
        }
    }

    fn forget(&self, key: &AttemptKey) {
        match &self.desk {
            Some(desk) => desk.forget(key),
            None => self.caller.forget(key),
        }
    }

    /// What the call's role would have. A call that asks for several steps needs room for as many answers.
    fn wishes(&self, ask: &Ask) -> Wishes {
        let Wishes { temperature, answer_tokens } = self.places.wishes.get(&ask.role).copied().unwrap_or_default();
        let answers = ask.parts.len().max(1) as u64;
        Wishes { temperature, answer_tokens: answer_tokens.map(|tokens| tokens.saturating_mul(answers)) }
    }

    /// Reads what the prompt needs: on a thread for blocking work where globs may walk large trees, else at once.
    async fn prepare(&self, ask: &Ask) -> Result<Call, Failure> {
        let sources = Sources {
            places: self.places.clone(),
            blobs: self.blobs.clone(),
            memories: self.memories.clone(),
            trees: self.trees.is_some(),
            hands: self.has_hands(ask),
        };
        let prepared = if sources.is_small(ask) {
            sources.prepare(ask)?
        } else {
            let wanted = ask.clone();
            let read = self.jobs.blocking(move || sources.prepare(&wanted)).await;
            let broke =
                |said| failure(FailureClass::Transient, format!("what the prompt needs could not be read: {said}"));
            read.map_err(broke)??
        };
        // A job prepares one call, so it is set once.
        self.told.set(prepared.told).ok();
        Ok(Call {
            key: ask.key.clone(),
            system: prepared.system,
            prompt: prepared.prompt,
            schema: verdict_reader::schema(&ask.purpose).or_else(|| plan_reader::schema(&ask.purpose)),
            time_left: ask.deadline.since(self.clock.now()),
            session: prepared.session,
            history: prepared.history,
            images: prepared.images,
            wishes: self.wishes(ask),
            ceiling: Default::default(),
            own_tree: None,
            folder: self.places.root.clone(),
        })
    }

    /// Reports an outcome and waits until it is stored. `false` when the daemon ended before that.
    async fn report(&self, ask: &Ask, outcome: Outcome) -> bool {
        let mut good = None;
        let input = match outcome {
            Ok(reply) if !ask.parts.is_empty() => {
                let Some(together) = self.parts(ask, reply).await else { return false };
                together
            }
            Ok(reply) => {
                let Some(answer) = self.answer(ask, reply).await else { return false };
                good = self.recall.likeness().map(|_| answer.clone());
                Input::Answered { at: self.clock.now(), key: ask.key.clone(), answer: Box::new(answer) }
            }
            Err(mut failure) => {
                // Programs print what they were started with. Faces tell the message as it stands in the journal.
                failure.message = without_keys(failure.message);
                Input::Failed { at: self.clock.now(), key: ask.key.clone(), failure }
            }
        };
        let (stored, when_stored) = oneshot::channel();
        if self.sender.send(Incoming::Input(Box::new(input), Some(stored))).await.is_err() {
            return false;
        }
        match when_stored.await {
            // When the board no longer waits for it (cancelled, overdue), nothing of it is needed either.
            Ok(Ok(())) => {
                if let Some(answer) = good {
                    self.remember(answer).await;
                }
                true
            }
            Ok(Err(Refusal::NotRunning { .. })) => true,
            Ok(Err(_)) | Err(_) => false,
        }
    }

    async fn answer(&self, ask: &Ask, reply: Reply) -> Option<Answer> {
        let structured = reply.structured.as_ref();
        let verdicts = verdict_reader::read_beside(&ask.purpose, &reply.text, structured, &self.shown(ask));
        let verdicts = self.spoken(ask, &reply).unwrap_or(verdicts);
        self.recall.structured.set(reply.structured.clone()).ok();
        let told = self.told.get().cloned().unwrap_or_default();
        let patch = match self.change(ask, &reply).await {
            Some(collected) => Some(self.patch(collected).await?),
            None => None,
        };
        let prompt = match &told.prompt {
            // A worker that keeps the session itself is not told again.
            Some(prompt) if reply.session.is_none() => Some(self.keep(prompt).await?),
            Some(_) | None => None,
        };
        Some(Answer {
            proposal: plan_reader::read(&ask.purpose, &reply.text, structured),
            files_modified: patch.as_ref().map_or(reply.files_modified, |patch| patch.files.clone()),
            patch,
            text: self.keep(&reply.text).await?,
            cached: self.recall.is_found(),
            call_hash: self.recall.likeness(),
            verdicts,
            model: reply.model,
            session: reply.session,
            usage: reply.usage,
            not_given: told.not_given,
            prompt,
            resumed: told.resumed,
        })
    }

    /// The verdicts of a person who wrote them as people do. A block, where there is one, was meant to be read.
    fn spoken(&self, ask: &Ask, reply: &Reply) -> Option<Vec<Verdict>> {
        let is_person = self.desk.as_ref().is_some_and(|desk| desk.is_person(&ask.worker));
        let plain = is_person && !reply.text.contains('{');
        plain.then(|| verdict_reader::read_spoken(&ask.purpose, &reply.text)).flatten()
    }

    /// The texts of others that the worker was shown and may quote. One that cannot be loaded is not compared with: the
    /// answer is paid for and counts all the same.
    fn shown(&self, ask: &Ask) -> Vec<String> {
        if ask.purpose == Purpose::Make {
            return Vec::new();
        }
        // Whoever comes round to another's verdict may well give it in the same words.
        let others = if let Purpose::Reconsider { answers, .. } = &ask.purpose { &answers[..] } else { &[] };
        let inputs = ask.inputs.iter().filter(|seen| !others.contains(&seen.number));
        let texts = inputs.map(|seen| &seen.text).chain([&ask.task_text]);
        texts.filter_map(|text| self.blobs.get(text).ok()).collect()
    }

    /// Short texts travel inside events; only long ones go to the disk, on a thread for blocking work.
    async fn put(&self, text: &Arc<str>) -> Result<Text, String> {
        if text.len() <= INLINE_BYTES_MAX {
            return Ok(Text::short(&**text));
        }
        let (blobs, text) = (self.blobs.clone(), Arc::clone(text));
        self.jobs.blocking(move || blobs.put(&text)).await?.map_err(|error| error.to_string())
    }

    async fn trouble(&self, what: Option<String>) {
        // A loop that is gone needs no news.
        let _ = self.sender.send(Incoming::Trouble { at: Where::Answers, what }).await;
    }

    /// Stores a text. The answer is paid for, so a full disk is waited out rather than reported as a failed call.
    async fn keep(&self, text: &str) -> Option<Text> {
        let text: Arc<str> = text.into();
        self.wait_for_space(|| self.put(&text)).await
    }

    /// Does something that writes, again and again until it can be done, telling the trouble meanwhile. `None` when the
    /// daemon ends before that.
    async fn wait_for_space<T, F: Future<Output = Result<T, String>>>(&self, write: impl Fn() -> F) -> Option<T> {
        let mut told = false;
        loop {
            match write().await {
                Ok(done) => {
                    if told {
                        self.trouble(None).await;
                    }
                    return Some(done);
                }
                Err(error) if !told => {
                    told = true;
                    self.trouble(Some(error)).await;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(STORE_RETRY_PAUSE) => {}
                () = self.ending.cancelled() => return None,
            }
        }
    }
}
