//! The board as faces in this process reach it: requests become questions or inputs on the loop's channel. What can be
//! done beside the loop (parsing, storing texts, reading logs) is done here, in the asker's own time.

use super::clock::Clock;
use super::desk::{FrontDesk, PersonsAnswer, Submission};
use super::incoming::{Incoming, NoticeQuery, Query, RawOffer};
use super::jobs::Jobs;
use super::masking::masked;
use super::measuring::Scales;
use super::memories::{Desk, refused as refused_memory};
use super::outage::Outage;
use super::placing::Placing;
use crate::api::{Answering, Board, Error, ErrorKind, NewTask, Overrides, Reply, Request, TASK_STATES, TaskView};
use crate::board::{Input, Needs, PersonAnswer, Refusal, Source, Task, TaskId, Text, consensus};
use crate::folder::intake::{self, format};
use crate::folder::{Masker, handoff_log};
use crate::store::Blobs;
use crate::worker::worktree::Trees;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a request waits for its place on the loop's channel before the asker is told that the daemon is busy.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Most log entries in one reply.
const LOG_ENTRIES_MAX: usize = 1000;

/// The board in this process.
pub(super) struct LocalBoard {
    pub(super) sender: mpsc::Sender<Incoming>,
    pub(super) blobs: Blobs,
    pub(super) scales: Scales,
    pub(super) clock: Clock,
    pub(super) root: PathBuf,
    pub(super) handoff_log: PathBuf,
    pub(super) intake: intake::Limits,
    pub(super) desk: FrontDesk,
    pub(super) jobs: Jobs,
    pub(super) outage: Arc<Outage>,
    pub(super) memories: Desk,
    /// Keeps keys out of what is told.
    pub(super) masker: Masker,
    /// What puts patches on the user's files.
    pub(super) trees: Option<Trees>,
}

impl Board for LocalBoard {
    fn ask(&self, request: Request) -> Answering<'_> {
        Box::pin(async move {
            let answered = self.answer_or_say_why_not(request).await;
            answered.map(|reply| masked(&self.masker, reply))
        })
    }
}

impl LocalBoard {
    /// While nothing can be stored the loop answers nobody; who asked is told so instead of being left to wait. Those who wait
    /// for something to happen go on waiting.
    async fn answer_or_say_why_not(&self, request: Request) -> Result<Reply, Error> {
        if matches!(request, Request::Notices { .. } | Request::Wait { .. } | Request::Shutdown { .. }) {
            return self.answer(request).await;
        }
        tokio::select! {
            biased;
            answered = self.answer(request) => answered,
            why = self.outage.reason() => Err(full(why)),
        }
    }

    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        match request {
            Request::Submit(new) => self.submit(*new).await,
            Request::Tasks { state, limit, before } => {
                known_state(state.as_deref())?;
                let limit = limit.unwrap_or(usize::MAX);
                let page = self.query(|reply| Query::Rows { state, limit, before, reply }).await?;
                page.map(|(tasks, next)| Reply::Tasks { tasks, next }).map_err(internal)
            }
            Request::Show { task } => self.show(task).await,
            Request::Wait { task, for_ms } => self.wait(task, Duration::from_millis(for_ms)).await,
            Request::Cancel { task, by } => {
                let cancel = Input::Cancel { at: self.clock.now(), task: task.clone(), by, file: None };
                self.about_open(&task, cancel).await
            }
            Request::Retry { task, by } => self.retry(task, &by).await,
            Request::Approve { task, by } => self.person(task, by, PersonAnswer::Approve).await,
            Request::Reject { task, by, why } => {
                let why = self.keep(&why)?;
                self.person(task, by, PersonAnswer::Reject { why }).await
            }
            Request::Answer { task, step, by, text } => {
                let given = self.clock.now();
                let (which, file) = (step, None);
                let (answer_by, about) = (by.clone(), task.clone());
                let answer = PersonsAnswer { task: about, which: which.clone(), by: answer_by, text, given };
                self.desk.answer(answer).await?;
                // It is taken; whether the log can still tell by whom does not change that.
                let _ = self.input(Input::HandedIn { at: given, task, which, by, given, file }).await;
                Ok(Reply::Done)
            }
            Request::Why { task } => self.why(task).await,
            Request::Replay { task, without, rule } => self.replay(task, consensus::WhatIf { without, rule }).await,
            Request::Apply { task, worker, allow_dirty, revert, by } => {
                self.place(&task, worker, Placing { allow_dirty, revert, by }).await
            }
            Request::Log { entries } => self.log(entries).await,
            Request::VerifyLog => self.verify_log().await,
            Request::Route { text, overrides } => {
                let new = NewTask { content: text, overrides, ..NewTask::default() };
                // Only looked at, so nothing of it is stored.
                let offer = self.weighed(self.offer(new, |text| Ok(Text::short(text)))?).await;
                let route = self.query(|reply| Query::Route(offer, reply)).await?;
                route.map(Reply::Route).map_err(refused)
            }
            Request::Workers => {
                let mut workers = self.query(Query::Workers).await?;
                self.desk.tell_standing(&mut workers);
                Ok(Reply::Workers { workers })
            }
            Request::Report { by, since } => self.report(by, since.as_deref()).await,
            Request::ImportRecords { file, content, by } => self.import_records(file, content, by).await,
            Request::Notices { after, task, wait_ms } => {
                let waits = wait_ms > 0;
                let query = self.query(|reply| Query::Notices(NoticeQuery { after, task, waits, reply }));
                if !waits {
                    return query.await.map(|(notices, upto)| Reply::Notices { notices, upto });
                }
                match tokio::time::timeout(Duration::from_millis(wait_ms), query).await {
                    Ok(answered) => answered.map(|(notices, upto)| Reply::Notices { notices, upto }),
                    Err(_) => Ok(Reply::Notices { notices: Vec::new(), upto: after }),
                }
            }
            memory @ (Request::MemoryList { .. }
            | Request::MemoryRead { .. }
            | Request::MemoryWrite { .. }
            | Request::MemoryEdit { .. }
            | Request::MemoryDelete { .. }
            | Request::MemoryRename { .. }
            | Request::MemoryHistory { .. }
            | Request::MemoryRestore { .. }
            | Request::MemorySearch { .. }
            | Request::MemoryLease { .. }) => self.memory(memory).await,
            Request::ClaimWork { worker, by, wait_ms } => {
                self.desk.claim(worker, &by, Duration::from_millis(wait_ms)).await
            }
            Request::RenewWork { claim } => self.desk.renew(claim).await,
            Request::SubmitWork { claim, text, failed, model, input_tokens, output_tokens, cost_usd } => {
                let given = Submission { claim, text, failed, model, input_tokens, output_tokens, cost_usd };
                self.desk.submit(given).await
            }
            Request::Status => self.query(Query::Status).await.map(Reply::Status),
            Request::Shutdown { hard } => {
                self.outage.tell_to_end();
                self.send(Incoming::Stop { hard }).await?;
                Ok(Reply::Done)
            }
        }
    }

    pub(super) async fn submit(&self, new: NewTask) -> Result<Reply, Error> {
        let offer = self.weighed(self.offer(new, |text| self.keep(text))?).await;
        let (reply, replied) = oneshot::channel();
        self.send(Incoming::Offer(offer, reply)).await?;
        match replied.await.map_err(|_| gone())? {
            Ok(task) => Ok(Reply::Accepted { task }),
            Err(refusal) => Err(refused(refusal)),
        }
    }

    /// Reads what was handed in; `keep` stores its text.
    fn offer(&self, new: NewTask, keep: impl FnOnce(&str) -> Result<Text, Error>) -> Result<RawOffer, Error> {
        let ending = new.format.as_deref().unwrap_or("txt");
        let read = format::read(&format!("task.{ending}"), new.content.as_bytes(), &self.root, &self.intake);
        let draft = read.map_err(|reason| {
            let place = reason.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            Error::new(ErrorKind::Invalid, format!("{place}{}", reason.what)).hint(reason.mend)
        })?;
        self.check(&new.overrides)?;
        let words = draft.text.clone();
        let text = keep(&words)?;
        let mut spec = draft.into_spec(text);
        let over = new.overrides;
        spec.kind = over.kind.or(spec.kind);
        spec.priority = over.priority.unwrap_or(spec.priority);
        spec.mode = over.mode.unwrap_or(spec.mode);
        spec.role = over.role.or(spec.role);
        if over.pipeline.is_some() || over.team.is_some() {
            // What is set beside the text outranks it, and only one of them can say who does what.
            (spec.pipeline, spec.team, spec.plan) = (over.pipeline, over.team, None);
        }
        spec.spec = over.spec.or(spec.spec);
        spec.cache &= !over.no_cache;
        replace(&mut spec.models, over.models);
        replace(&mut spec.context, over.context);
        replace(&mut spec.memories, over.memories);
        replace(&mut spec.depends_on, over.depends_on);
        // The name becomes part of paths, where nothing is masked any more.
        let wanted = TaskId::slug(&self.masker.text(&new.name.unwrap_or_else(|| spec.title())));
        let source = Source::Face { by: new.by, hash: fingerprint(new.content.as_bytes()) };
        Ok(RawOffer { wanted, spec, words, source, needs: Needs::default() })
    }

    /// What is set beside the text must be what a task file could say: no path leaves the workspace, no name is impossible.
    fn check(&self, over: &Overrides) -> Result<(), Error> {
        let mut keys = serde_json::Map::from_iter([("task".to_owned(), json!("-"))]);
        let lists = [
            ("context", json!(over.context)),
            ("memories", json!(over.memories)),
            ("depends_on", json!(over.depends_on)),
            ("models", json!(over.models)),
        ];
        let given = |value: &serde_json::Value| value.as_array().is_some_and(|list| !list.is_empty());
        keys.extend(lists.into_iter().filter(|(_, value)| given(value)).map(|(key, value)| (key.to_owned(), value)));
        keys.extend(over.spec.iter().map(|spec| ("spec".to_owned(), json!(spec))));
        // The name is one that no task can bear, so that none seems to depend on itself.
        let read =
            format::read("_.json", &serde_json::Value::Object(keys).to_string().into_bytes(), &self.root, &self.intake);
        read.map(drop).map_err(|reason| Error::new(ErrorKind::Invalid, reason.what).hint(reason.mend))
    }

    async fn weighed(&self, offer: RawOffer) -> Box<RawOffer> {
        let needs = self.scales.weigh(&offer.words, &offer.spec).await;
        Box::new(RawOffer { needs, ..offer })
    }

    async fn show(&self, task: TaskId) -> Result<Reply, Error> {
        let found = self.task(&task).await?;
        self.view(&found).map(|view| Reply::Task(Box::new(view)))
    }

    async fn wait(&self, task: TaskId, at_most: Duration) -> Result<Reply, Error> {
        let query = self.query(|reply| Query::Rested(task.clone(), reply));
        match tokio::time::timeout(at_most, query).await {
            Ok(answered) => {
                let found = answered?.map_err(internal)?.ok_or_else(|| unknown(&task))?;
                self.view(&found).map(|view| Reply::Task(Box::new(view)))
            }
            Err(_) => self.show(task).await,
        }
    }

    /// An ended task is handed in once more, as a new one.
    async fn retry(&self, task: TaskId, by: &str) -> Result<Reply, Error> {
        let found = self.task(&task).await?;
        if matches!(found.phase, crate::board::Phase::AwaitingPerson { .. }) {
            return self.person(task, by.to_owned(), PersonAnswer::Retry).await;
        }
        if !matches!(found.phase, crate::board::Phase::Ended { .. }) {
            return Err(Error::new(ErrorKind::Conflict, format!("{task} has not ended"))
                .hint(format!("wait for it, or end it with: synod cancel {task}")));
        }
        let words = self.blobs.get(&found.spec.text).map_err(|error| internal(error.to_string()))?;
        let hash = fingerprint(format!("retry {task} {}", self.clock.now()).as_bytes());
        let source = Source::Face { by: format!("{by} (retry of {task})"), hash };
        let mut spec = found.spec.clone();
        // Whoever wants another answer than the one decided on must not be given the same one again.
        spec.cache &= found.phase.decision().is_none();
        let needs = Needs::default();
        let offer = self.weighed(RawOffer { wanted: task, spec, words, source, needs }).await;
        let (reply, replied) = oneshot::channel();
        self.send(Incoming::Offer(offer, reply)).await?;
        let taken = replied.await.map_err(|_| gone())?;
        taken.map(|task| Reply::Accepted { task }).map_err(refused)
    }

    async fn person(&self, task: TaskId, by: String, answer: PersonAnswer) -> Result<Reply, Error> {
        let at = self.clock.now();
        self.about_open(&task.clone(), Input::Person { at, task, by, answer, given: at, file: None }).await
    }

    /// An input about an open task. The board has forgotten ended ones; a person should hear that it is over, not that there is none.
    async fn about_open(&self, task: &TaskId, input: Input) -> Result<Reply, Error> {
        let error = match self.input(input).await {
            Err(error) if error.kind == ErrorKind::NotFound => error,
            other => return other,
        };
        match self.task(task).await {
            Ok(_) => Err(Error::new(ErrorKind::Conflict, format!("{task} has ended already"))
                .hint(format!("see how with: synod show {task}; do it once more with: synod retry {task}"))),
            Err(_) => Err(error),
        }
    }

    async fn why(&self, task: TaskId) -> Result<Reply, Error> {
        let found = self.task(&task).await?;
        let Some(decision) = found.phase.decision() else {
            return Err(Error::new(ErrorKind::Conflict, format!("{task} has no decision"))
                .hint(format!("see how it stands with: synod show {task}")));
        };
        Ok(Reply::Why { text: consensus::explain(decision), decision: Box::new(decision.clone()) })
    }

    async fn log(&self, entries: usize) -> Result<Reply, Error> {
        let path = self.handoff_log.clone();
        let tail = self.jobs.blocking(move || handoff_log::tail(&path, entries.min(LOG_ENTRIES_MAX)));
        let entries = tail.await.map_err(internal)?.map_err(|error| internal(error.to_string()))?;
        Ok(Reply::Log { entries: entries.into_iter().map(|entry| entry.text).collect() })
    }

    async fn verify_log(&self) -> Result<Reply, Error> {
        let path = self.handoff_log.clone();
        let verified = self.jobs.blocking(move || handoff_log::verify(&path)).await.map_err(internal)?;
        Ok(match verified.map_err(|error| internal(error.to_string()))? {
            Ok(whole) => Reply::LogVerified { entries: whole.entries, broken: None },
            Err(broken) => {
                let entry = broken.seq.map(|seq| format!("entry {seq}, ")).unwrap_or_default();
                let what = format!("{entry}line {}: {}", broken.line, broken.why);
                Reply::LogVerified { entries: 0, broken: Some(what) }
            }
        })
    }

    pub(super) async fn task(&self, task: &TaskId) -> Result<Box<Task>, Error> {
        let found = self.query(|reply| Query::Task(task.clone(), reply)).await?;
        found.map_err(internal)?.ok_or_else(|| unknown(task))
    }

    fn view(&self, task: &Task) -> Result<TaskView, Error> {
        let answer = task.phase.decision().map(|decision| self.blobs.get(&decision.answer)).transpose();
        let mut view = TaskView::of(task, answer.map_err(|error| internal(error.to_string()))?);
        self.desk.annotate(&mut view);
        Ok(view)
    }

    fn keep(&self, text: &str) -> Result<Text, Error> {
        self.blobs.put(text).map_err(|error| unstored(&error))
    }

    pub(super) async fn input(&self, input: Input) -> Result<Reply, Error> {
        let (reply, replied) = oneshot::channel();
        self.send(Incoming::Input(Box::new(input), Some(reply))).await?;
        replied.await.map_err(|_| gone())?.map(|()| Reply::Done).map_err(refused)
    }

    pub(super) async fn query<T>(&self, query: impl FnOnce(oneshot::Sender<T>) -> Query) -> Result<T, Error> {
        let (reply, replied) = oneshot::channel();
        self.send(Incoming::Query(query(reply))).await?;
        replied.await.map_err(|_| gone())
    }

    pub(super) async fn send(&self, incoming: Incoming) -> Result<(), Error> {
        match self.sender.send_timeout(incoming, PLACE_WAIT_MAX).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                Err(Error::new(ErrorKind::Busy, "the daemon has more to do than it can take")
                    .hint("try again in a moment; `synod tasks` shows what it is doing"))
            }
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(gone()),
        }
    }
}

/// A list of tasks in a state that there is not would be empty, and look like an answer.
fn known_state(state: Option<&str>) -> Result<(), Error> {
    match state.filter(|state| !TASK_STATES.contains(state)) {
        None => Ok(()),
        Some(state) => Err(Error::new(ErrorKind::Invalid, format!("no task's state is called {state}"))
            .hint(format!("it is one of {}", TASK_STATES.join(", ")))),
    }
}

/// SHA-256, lower-case hex.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn replace<T>(old: &mut Vec<T>, new: Vec<T>) {
    if !new.is_empty() {
        *old = new;
    }
}

pub(super) fn gone() -> Error {
    Error::new(ErrorKind::Stopping, "the daemon is ending").hint("start it again with: synod up")
}

pub(super) fn unknown(task: &TaskId) -> Error {
    Error::new(ErrorKind::NotFound, format!("no task is called {task}")).hint("see the tasks with: synod tasks")
}

/// A text could not be stored.
pub(super) fn unstored(error: &crate::store::Error) -> Error {
    let what = error.to_string();
    if error.is_full() { full(what) } else { internal(what) }
}

/// Nothing can be stored for want of space.
fn full(why: String) -> Error {
    Error::new(ErrorKind::Busy, why).hint("what was handed over before the space ran out is taken up by itself")
}

pub(super) fn internal(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, what)
}

pub(super) fn refused(refusal: Refusal) -> Error {
    let what = refusal.to_string();
    match refusal {
        Refusal::Duplicate { of } => {
            Error::new(ErrorKind::Conflict, what).hint(format!("follow that one with: synod wait {of}"))
        }
        Refusal::Unacceptable(reason) => Error::new(ErrorKind::Invalid, what).hint(reason.mend),
        Refusal::NoWorker => Error::new(ErrorKind::NoWorker, what).hint("see what was looked for with: synod doctor"),
        Refusal::Busy { .. } => Error::new(ErrorKind::Busy, what),
        Refusal::NoSuchTask { .. } => Error::new(ErrorKind::NotFound, what).hint("see the tasks with: synod tasks"),
        Refusal::WrongState { task, .. } => {
            Error::new(ErrorKind::Conflict, what).hint(format!("see how it stands with: synod show {task}"))
        }
        Refusal::Memory(refusal) => refused_memory(&refusal),
        Refusal::OverBudget { .. }
        | Refusal::BudgetInUse
        | Refusal::NotRunning { .. }
        | Refusal::ImportedBefore { .. } => Error::new(ErrorKind::Conflict, what),
    }
}
