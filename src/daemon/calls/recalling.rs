//! The cache of identical calls, from the side of one call: its answer is looked up before it is made, and kept once it is
//! stored. Whatever goes wrong here costs at most the call that would have been saved.

use super::CallJob;
use crate::board::proposal::Proposal;
use crate::board::verdict::Reading;
use crate::board::{Answer, Ask, Usage};
use crate::store::{Answers, KeptAnswer};
use crate::worker::{Call, Reply};
use std::sync::OnceLock;

/// What one call knows of the kept answers.
#[derive(Default)]
pub(super) struct Recall {
    /// The kept answers; `None`: the settings keep none.
    pub(super) answers: Option<Answers>,
    /// By what an identical call is recognised, once that is known.
    likeness: OnceLock<String>,
    /// Set when the answer is a kept one.
    found: OnceLock<()>,
    /// What the worker gave apart from its text.
    pub(super) structured: OnceLock<Option<serde_json::Value>>,
}

impl Recall {
    /// The same answers, for a new call.
    pub(super) fn of(answers: Option<Answers>) -> Self {
        Self { answers, ..Self::default() }
    }

    /// Whether the answer is a kept one.
    pub(super) fn is_found(&self) -> bool {
        self.found.get().is_some()
    }

    /// By what the call is recognised, where that is known.
    pub(super) fn likeness(&self) -> Option<String> {
        self.likeness.get().cloned()
    }
}

impl CallJob {
    /// The kept answer of an identical call, where the task and the worker allow it.
    pub(super) fn recall(&self, ask: &Ask, call: &Call) -> Option<Reply> {
        let answers = self.recall.answers.as_ref().filter(|_| ask.cache && self.desk.is_none())?;
        let likeness = self.caller.likeness(&ask.worker, call)?;
        let kept = answers.get(&likeness, self.clock.now());
        // A call has one likeness, so it is set once.
        self.recall.likeness.set(likeness).ok();
        let kept = kept?;
        let text = self.blobs.get(&kept.text).ok()?;
        self.recall.found.set(()).ok();
        Some(Reply {
            text,
            structured: kept.structured,
            model: kept.model,
            session: None,
            usage: Usage::FREE,
            files_modified: Vec::new(),
        })
    }

    /// Keeps an answer that is stored, for identical calls.
    pub(super) async fn remember(&self, answer: Answer) {
        let Some((answers, likeness)) = self.recall.answers.clone().zip(self.recall.likeness()) else { return };
        if self.recall.is_found() || !is_worth_keeping(&answer) {
            return;
        }
        let kept = KeptAnswer {
            at: self.clock.now(),
            text: answer.text,
            structured: self.recall.structured.get().cloned().flatten(),
            model: answer.model,
        };
        let put = self.jobs.blocking(move || answers.put(&likeness, &kept)).await;
        match put {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "an answer is not kept for identical calls"),
            Err(said) => tracing::debug!(said, "an answer is not kept for identical calls"),
        }
    }
}

/// Whether it could be read, and is all that the call did: otherwise asking the same again should give something better.
fn is_worth_keeping(answer: &Answer) -> bool {
    let readable = answer.verdicts.iter().all(|verdict| verdict.reading != Reading::Unreadable);
    let sound =
        !matches!(&answer.proposal, Some(Proposal::Plan(Err(_)) | Proposal::Review(Err(_)) | Proposal::Proof(Err(_))));
    readable && sound && answer.files_modified.is_empty()
}
