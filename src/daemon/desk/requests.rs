//! What outside agents ask at the desk, checked and answered: claim, renew, submit; and how the desk's work looks in the
//! views of tasks and workers.

use super::slip::Given;
use super::{Desk, DeskError};
use crate::api::{Error, ErrorKind, Reply, TaskView, Work, WorkerRow};
use crate::board::text::cut;
use crate::board::{AttemptKey, Usage, WorkerName};
use crate::daemon::clock::Clock;
use crate::daemon::jobs::Jobs;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest name of an agent or a model, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Longest reason for giving a step up, in bytes.
const REASON_BYTES_MAX: usize = 1000;
/// Longest time that one request waits for work. Who wants to wait longer asks again.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// The desk as askers reach it.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct FrontDesk {
    /// `None`: no worker is played from outside.
    pub(in crate::daemon) desk: Option<Arc<Desk>>,
    pub(in crate::daemon) clock: Clock,
    pub(in crate::daemon) jobs: Jobs,
}

/// What an agent hands in, as it came.
#[derive(Debug)]
pub(in crate::daemon) struct Submission {
    pub(in crate::daemon) claim: String,
    pub(in crate::daemon) text: String,
    pub(in crate::daemon) failed: Option<String>,
    pub(in crate::daemon) model: Option<String>,
    pub(in crate::daemon) input_tokens: Option<u64>,
    pub(in crate::daemon) output_tokens: Option<u64>,
    pub(in crate::daemon) cost_usd: Option<f64>,
}

impl FrontDesk {
    /// Gives the oldest step that waits, or waits for one.
    pub(in crate::daemon) async fn claim(
        &self,
        worker: Option<WorkerName>,
        by: &str,
        wait: Duration,
    ) -> Result<Reply, Error> {
        let by = one_line(by, NAME_BYTES_MAX);
        if by.is_empty() {
            return Err(invalid("a claim must say who takes the step").hint("give a name in `by`"));
        }
        let desk = self.open()?;
        if let Some(worker) = worker.as_ref().filter(|worker| !desk.serves(worker)) {
            let names: Vec<&str> = desk.params.workers.iter().map(WorkerName::as_str).collect();
            let what = format!("no worker called `{worker}` is played by outside agents");
            return Err(Error::new(ErrorKind::NotFound, what).hint(format!("these are: {}", names.join(", "))));
        }
        let until = Instant::now() + wait.min(WAIT_MAX);
        loop {
            // Listens before looking, so that nothing laid down in between is missed.
            let rung = desk.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let now = self.clock.now();
            let (worker, by) = (worker.clone(), by.clone());
            let taken = self.at_desk(&desk, move |desk| desk.claim(worker.as_ref(), &by, now)).await?;
            if taken.is_some() || Instant::now() >= until {
                return Ok(Reply::Work { work: taken.map(Box::new) });
            }
            let lapse = desk.next_lapse(now).map(|left| Instant::now() + left);
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep_until(lapse.map_or(until, |lapse| lapse.min(until))) => {}
                () = desk.is_closed() => return Err(Error::new(ErrorKind::Stopping, "the daemon is ending")),
            }
        }
    }

    /// Prolongs a claim.
    pub(in crate::daemon) async fn renew(&self, claim: String) -> Result<Reply, Error> {
        let (desk, now) = (self.open()?, self.clock.now());
        let work: Work = self.at_desk(&desk, move |desk| desk.renew(&claim, now)).await?;
        Ok(Reply::Work { work: Some(Box::new(work)) })
    }

    /// Takes what came of a step.
    pub(in crate::daemon) async fn submit(&self, submission: Submission) -> Result<Reply, Error> {
        let desk = self.open()?;
        let claim = submission.claim.clone();
        let given = given(submission, desk.params.answer_bytes_max)?;
        self.at_desk(&desk, move |desk| desk.submit(&claim, given)).await?;
        Ok(Reply::Done)
    }

    /// Says of each running attempt on the desk who has it.
    pub(in crate::daemon) fn annotate(&self, view: &mut TaskView) {
        let Some(desk) = &self.desk else { return };
        for attempt in view.attempts.iter_mut().filter(|attempt| attempt.state == "running") {
            let key = AttemptKey { task: view.row.id.clone(), number: attempt.number };
            attempt.note = desk.note(&key, self.clock.now());
        }
    }

    /// Says of each worker that is played from outside what lies on the desk for it.
    pub(in crate::daemon) fn tell_standing(&self, workers: &mut [WorkerRow]) {
        let Some(desk) = &self.desk else { return };
        for row in workers.iter_mut().filter(|row| row.standing.starts_with("ready")) {
            let name = WorkerName::new(row.name.as_str());
            if desk.serves(&name) {
                row.standing = desk.standing(&name, self.clock.now());
            }
        }
    }

    fn open(&self) -> Result<Arc<Desk>, Error> {
        let desk = self.desk.as_ref().filter(|desk| !desk.params.workers.is_empty());
        desk.cloned().ok_or_else(|| {
            Error::new(ErrorKind::NoWorker, "no worker is played by outside agents")
                .hint("add one to synod.toml: [workers.NAME] with provider = \"external\"")
        })
    }

    pub(super) async fn at_desk<T: Send + 'static>(
        &self,
        desk: &Arc<Desk>,
        what: impl FnOnce(&Desk) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, Error> {
        let desk = Arc::clone(desk);
        let done = self.jobs.blocking(move || what(&desk)).await;
        done.map_err(|said| Error::new(ErrorKind::Internal, said))?.map_err(refused)
    }
}

/// What was handed in, if it can be taken.
fn given(submission: Submission, answer_bytes_max: usize) -> Result<Given, Error> {
    let Submission { text, failed, model, input_tokens, output_tokens, cost_usd, .. } = submission;
    if let Some(reason) = failed {
        if !text.is_empty() {
            return Err(invalid("a submission holds either a text or why there is none, not both")
                .hint("leave `failed` out to hand the text in"));
        }
        let reason = one_line(&reason, REASON_BYTES_MAX);
        let reason = if reason.is_empty() { "it did not say why".to_owned() } else { reason };
        return Ok(Given::Failed { reason });
    }
    if text.trim().is_empty() {
        return Err(invalid("the answer is empty").hint("hand a text in, or say why there is none in `failed`"));
    }
    checked(&text, answer_bytes_max)?;
    if cost_usd.is_some_and(|cost| !cost.is_finite() || cost < 0.0) {
        return Err(invalid("`cost_usd` must be a number from 0"));
    }
    let usage = Usage {
        input_tokens: input_tokens.unwrap_or_default(),
        output_tokens: output_tokens.unwrap_or_default(),
        cached_tokens: 0,
        cost_usd,
    };
    let model = model.map(|model| one_line(&model, NAME_BYTES_MAX)).filter(|model| !model.is_empty());
    Ok(Given::Text { text, model, usage })
}

/// Whether an answer says something, and no more than is taken.
pub(super) fn checked(text: &str, answer_bytes_max: usize) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(invalid("the answer is empty").hint("write what the step asks for"));
    }
    if text.len() > answer_bytes_max {
        let (length, most) = (text.len(), answer_bytes_max);
        return Err(invalid(format!("the answer has {length} bytes; `limits.output_bytes_max` allows {most}"))
            .hint("shorten it, or put the long part into a memory and name that"));
    }
    Ok(())
}

/// A person's or an agent's name as it is kept.
pub(super) fn name(by: &str) -> String {
    let name = one_line(by, NAME_BYTES_MAX);
    if name.is_empty() { "person".to_owned() } else { name }
}

/// A name or reason as one line without control characters, at most so many bytes long.
fn one_line(text: &str, bytes_max: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(plain.trim(), bytes_max).to_owned()
}

fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, what)
}

fn refused(error: DeskError) -> Error {
    let what = error.to_string();
    let (kind, hint) = match error {
        DeskError::Unknown => (ErrorKind::NotFound, "claim a step first"),
        DeskError::Lapsed { .. } => (ErrorKind::Conflict, "claim another; renew before the lease lapses"),
        DeskError::NobodyAsked { .. } => (ErrorKind::NotFound, "see how it stands with: synod show ID"),
        DeskError::Several { .. } => (ErrorKind::Invalid, "say which, by its step or its worker"),
        DeskError::Submitted | DeskError::Done => (ErrorKind::Conflict, "claim another"),
        DeskError::Withdrawn => (ErrorKind::Conflict, "stop working on it and claim another"),
        DeskError::File { .. } if error.is_full() => (ErrorKind::Busy, "try again when there is space on the disk"),
        DeskError::File { .. } => (ErrorKind::Internal, "look at the daemon's folder"),
    };
    Error::new(kind, what).hint(hint)
}
