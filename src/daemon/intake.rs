//! The job that takes in what people drop: each found file is offered, and what the board says of it is seen to.

use super::clock::Clock;
use super::desk::{FrontDesk, PersonsAnswer};
use super::incoming::{Incoming, RawOffer};
use super::measuring::Scales;
use super::trouble::Where;
use crate::api::ErrorKind;
use crate::board::{Input, PersonAnswer, Reason, Refusal, Source, TaskId, Text, Timestamp};
use crate::folder::intake::{AnswerKind, Found, Intake};
use crate::store::Blobs;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Pause between two tries to store a dropped text while the disk is full.
const STORE_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What the job works with.
pub(super) struct IntakeJob {
    pub(super) intake: Intake,
    pub(super) blobs: Blobs,
    pub(super) scales: Scales,
    pub(super) clock: Clock,
    pub(super) sender: mpsc::Sender<Incoming>,
    pub(super) ending: CancellationToken,
    /// Rings once the pages of the last run stand. Before that a file that was taken then may still lie in the drop folder.
    pub(super) caught_up: CancellationToken,
    /// Where people's answers to steps go.
    pub(super) desk: FrontDesk,
    /// Name and hash of the files that the loop is deciding on. The folder is looked at meanwhile, and what it still holds
    /// must not be offered twice: the second would be refused as a copy of the first.
    pub(super) waiting: BTreeSet<(String, String)>,
}

/// Offers that may wait for the loop's word before no more task files are looked at. Above a batch of the loop, so that
/// files are read while the batch before is stored.
const OFFERS_WAITING_MAX: usize = 512;

/// What the board said of a file. `Err`: the daemon has ended.
type Said = Result<(String, String, Result<TaskId, Refusal>), oneshot::error::RecvError>;

/// An offer that the loop is deciding on.
type Offered = Pin<Box<dyn Future<Output = Said> + Send>>;

impl IntakeJob {
    /// Runs until the daemon ends.
    pub(super) async fn run(mut self) {
        let ending = self.ending.clone();
        tokio::select! {
            () = self.caught_up.cancelled() => {}
            () = ending.cancelled() => return,
        }
        let mut offered: FuturesUnordered<Offered> = FuturesUnordered::new();
        loop {
            // A board that is full lets the offers wait; answering files go on, for they may be what makes room.
            self.intake.hold_tasks(offered.len() >= OFFERS_WAITING_MAX);
            tokio::select! {
                found = self.intake.next() => {
                    for one in found {
                        match self.offer(one).await {
                            Some(Ok(one)) => offered.push(one),
                            Some(Err(())) => return,
                            None => {}
                        }
                    }
                }
                Some(said) = offered.next(), if !offered.is_empty() => {
                    let Ok((name, hash, taken)) = said else { return };
                    self.settle(name, hash, taken).await;
                }
                () = ending.cancelled() => return,
            }
        }
    }

    /// Sends what was found to the loop. `Some(Err)`: the daemon has ended.
    async fn offer(&mut self, found: Found) -> Option<Result<Offered, ()>> {
        match found {
            Found::Task { name, hash, .. } if self.waiting.contains(&(name.clone(), hash.clone())) => None,
            Found::Task { name, hash, content, draft } => {
                let stem = Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let wanted = TaskId::slug(stem.as_deref().unwrap_or(&name));
                let words = draft.text.clone();
                let Some(content) = self.keep(&content).await else { return Some(Err(())) };
                let Some(text) = self.keep(&draft.text).await else { return Some(Err(())) };
                let source = Source::File { name: name.clone(), hash: hash.clone(), content };
                let spec = draft.into_spec(text);
                let (reply, replied) = oneshot::channel();
                let needs = self.scales.weigh(&words, &spec).await;
                let offer = RawOffer { wanted, spec, words, source, needs };
                self.waiting.insert((name.clone(), hash.clone()));
                let sent = self.sender.send(Incoming::Offer(Box::new(offer), reply)).await;
                let said: Offered = Box::pin(async move { Ok((name, hash, replied.await?)) });
                Some(sent.map(|()| said).map_err(drop))
            }
            Found::Bad { name, hash, reason } => {
                self.refuse(name, hash, reason).await;
                None
            }
            Found::Answer { task, path, hash, given, kind } => {
                self.answer(task, (path, hash), given, kind).await;
                None
            }
            Found::Left { path, reason } => {
                tracing::warn!(path, what = reason.what, mend = reason.mend, "left where it is");
                None
            }
            Found::Trouble(what) => {
                self.trouble(Where::DropFolder, Some(what)).await;
                None
            }
            Found::Mended(what) => {
                tracing::info!(what, "mended");
                self.trouble(Where::DropFolder, None).await;
                None
            }
        }
    }

    async fn trouble(&self, at: Where, what: Option<String>) {
        // A loop that is gone needs no news.
        let _ = self.sender.send(Incoming::Trouble { at, what }).await;
    }

    /// Stores a dropped text; a full disk is waited out. `None`: the daemon has ended.
    async fn keep(&self, text: &str) -> Option<Text> {
        let mut told = false;
        loop {
            match self.blobs.put(text) {
                Ok(text) => {
                    if told {
                        self.trouble(Where::DroppedTexts, None).await;
                    }
                    return Some(text);
                }
                Err(error) if !told => {
                    told = true;
                    self.trouble(Where::DroppedTexts, Some(error.to_string())).await;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(STORE_RETRY_PAUSE) => {}
                () = self.ending.cancelled() => return None,
            }
        }
    }

    /// What becomes of the file once the board has spoken.
    async fn settle(&mut self, name: String, hash: String, taken: Result<TaskId, Refusal>) {
        self.waiting.remove(&(name.clone(), hash.clone()));
        match taken {
            // The publisher moves the file.
            Ok(_) => self.intake.settle(&name, &hash),
            Err(Refusal::Duplicate { of }) => {
                let reason = Reason {
                    what: format!("the same bytes are already being worked on as {of}"),
                    line: None,
                    mend: "wait for its decision, or change the text and drop it again".to_owned(),
                };
                self.refuse(name, hash, reason).await;
            }
            Err(Refusal::Unacceptable(reason)) => self.refuse(name, hash, reason).await,
            Err(refusal) => {
                tracing::warn!(name, %refusal, "a dropped file waits in the folder");
                self.intake.retry_later(&name);
            }
        }
    }

    /// Has the file moved to `rejected/`, by way of the journal so that it happens exactly once.
    async fn refuse(&mut self, name: String, hash: String, reason: Reason) {
        self.intake.settle(&name, &hash);
        let input = Input::BadFile { at: self.clock.now(), name, hash, reason };
        let _ = self.sender.send(Incoming::Input(Box::new(input), None)).await;
    }

    /// Lays a person's answer where the call waits for it. An answer that nobody waits for may be one that was taken before a
    /// crash: the board knows.
    async fn at_desk(
        &self,
        task: &TaskId,
        which: Option<String>,
        text: String,
        given: Timestamp,
    ) -> Result<(), String> {
        match self.desk.answer(PersonsAnswer { task: task.clone(), which, by: "file".to_owned(), text, given }).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn answer(&mut self, task: TaskId, (path, hash): (String, String), given: Timestamp, kind: AnswerKind) {
        let at = self.clock.now();
        let given = self.clock.of_wall(given);
        let (by, file) = ("file".to_owned(), Some(path.clone()));
        let person = |answer| {
            let (task, by, file) = (task.clone(), by.clone(), file.clone());
            Input::Person { at, task, by, answer, given, file }
        };
        let input = match kind {
            AnswerKind::Approve => person(PersonAnswer::Approve),
            AnswerKind::Retry => person(PersonAnswer::Retry),
            AnswerKind::Reject { why } => {
                let Some(why) = self.keep(&why).await else { return };
                person(PersonAnswer::Reject { why })
            }
            AnswerKind::Cancel => Input::Cancel { at, task: task.clone(), by, file },
            AnswerKind::Step { which, text } => match self.at_desk(&task, which.clone(), text, given).await {
                Ok(()) => Input::HandedIn { at, task, which, by, given, file },
                Err(why) => {
                    tracing::warn!(path, why, "an answering file is left where it is");
                    return self.intake.settle(&path, &hash);
                }
            },
        };
        let (reply, replied) = oneshot::channel();
        if self.sender.send(Incoming::Input(Box::new(input), Some(reply))).await.is_err() {
            return;
        }
        match replied.await {
            Ok(Ok(())) => self.intake.settle(&path, &hash),
            Ok(Err(refusal)) => {
                tracing::warn!(path, %refusal, "an answering file is left where it is");
                self.intake.settle(&path, &hash);
            }
            Err(_) => {}
        }
    }
}
