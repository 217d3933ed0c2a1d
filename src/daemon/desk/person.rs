//! A person's answer at the desk. It needs no claim: who may write into the workspace or ask over a face may answer for the
//! people of the settings. It is on disk before anybody is told that it was taken.

use super::claim::{Fingerprint, Holder, new_claim};
use super::requests::FrontDesk;
use super::slip::{Given, Standing};
use super::{Desk, DeskError as Error};
use crate::api;
use crate::board::{AttemptKey, TaskId, Timestamp, Usage, WorkerName};
use std::time::Duration;

/// How much older than the asking an answer's file may seem: file systems stamp files with a clock of their own.
const ANSWER_SLACK: Duration = Duration::from_secs(1);

/// What a person hands in.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct PersonsAnswer {
    /// For which task.
    pub(in crate::daemon) task: TaskId,
    /// The step or the worker that is meant; `None`: the only one that waits.
    pub(in crate::daemon) which: Option<String>,
    /// Who says so.
    pub(in crate::daemon) by: String,
    /// What.
    pub(in crate::daemon) text: String,
    /// When it was given.
    pub(in crate::daemon) given: Timestamp,
}

impl Desk {
    /// Whether a person plays this worker.
    pub(in crate::daemon) fn is_person(&self, worker: &WorkerName) -> bool {
        self.params.people.contains(worker)
    }

    /// Takes a person's answer. The same thing handed in again is taken for the repetition it is. Blocks for a short write.
    pub(in crate::daemon) fn answer(&self, answer: &PersonsAnswer) -> Result<(), Error> {
        let mut slips = self.lock();
        let meant =
            |step: &str, worker: &str| answer.which.as_deref().is_none_or(|which| which == step || which == worker);
        let asked = slips.lying.values().map(|lying| &lying.slip).filter(|slip| {
            self.is_person(&slip.worker)
                && slip.key.task == answer.task
                && answer.given.after(ANSWER_SLACK) >= slip.laid
                && meant(slip.step.as_str(), slip.worker.as_str())
        });
        let asked: Vec<(AttemptKey, String)> =
            asked.map(|slip| (slip.key.clone(), format!("{} ({})", slip.step, slip.worker))).collect();
        let key = match asked.as_slice() {
            [] => return Err(Error::NobodyAsked { task: answer.task.clone() }),
            [(key, _)] => key.clone(),
            several => return Err(Error::Several { steps: several.iter().map(|(_, name)| name.clone()).collect() }),
        };
        let Some(lying) = slips.lying.get_mut(&key) else { return Err(Error::Unknown) };
        let given = Given::Text { text: answer.text.clone(), model: None, usage: Usage::FREE };
        let mut slip = lying.slip.clone();
        if let Standing::Given { given: before, .. } = &slip.standing {
            return if *before == given { Ok(()) } else { Err(Error::Submitted) };
        }
        let holder = Holder { claim: Fingerprint::of(&new_claim()), by: answer.by.clone() };
        let outcome = given.clone().outcome(&holder.by, 0.0);
        slip.take(holder.clone(), answer.given);
        slip.standing = Standing::Given { holder, given };
        slip.write(&self.params.folder)?;
        lying.slip = slip;
        if let Some(waiter) = lying.waiter.take() {
            drop(waiter.send(outcome));
        }
        tracing::info!(attempt = %key, by = answer.by, "a person answered");
        Ok(())
    }
}

impl FrontDesk {
    /// Takes a person's answer to a step.
    pub(in crate::daemon) async fn answer(&self, mut answer: PersonsAnswer) -> Result<(), api::Error> {
        answer.by = super::requests::name(&answer.by);
        let nobody = || {
            let what = format!("no step of {} waits for a person's answer", answer.task);
            api::Error::new(api::ErrorKind::NotFound, what).hint("no worker of the settings has provider = \"human\"")
        };
        let desk = self.desk.clone().filter(|desk| !desk.params.people.is_empty()).ok_or_else(nobody)?;
        super::requests::checked(&answer.text, desk.params.answer_bytes_max)?;
        self.at_desk(&desk, move |desk| desk.answer(&answer)).await
    }
}
