//! The report of a call that asked for several steps: its answer is divided, and what came of each step is one input, so that
//! all of it becomes true together or not at all.

use super::{CallJob, failure};
use crate::board::{Answer, Ask, AttemptKey, Failure, FailureClass, Input, Text, Usage, batching};
use crate::worker::Reply;

impl CallJob {
    /// What came of each step. `None` when the daemon ended before the texts were stored.
    pub(super) async fn parts(&self, ask: &Ask, reply: Reply) -> Option<Input> {
        let texts = batching::split(ask, &reply.text);
        let weights: Vec<usize> = texts.iter().map(|text| text.map_or(0, str::len)).collect();
        let usages = batching::shares(&reply.usage, &weights);
        let mut parts = Vec::new();
        for ((part, text), usage) in ask.parts.iter().zip(texts).zip(usages) {
            let key = AttemptKey { task: ask.key.task.clone(), number: part.number };
            let given = match text {
                Some(text) => Ok(Box::new(self.part(&reply, self.keep(text).await?, usage))),
                None => Err(missing(usage)),
            };
            parts.push((key, given));
        }
        Some(Input::AnsweredTogether { at: self.clock.now(), parts })
    }

    /// One step's answer. Which step changed a file is not known, so each says what the call changed; its session holds the
    /// other steps too, so none goes on with it.
    fn part(&self, reply: &Reply, text: Text, usage: Usage) -> Answer {
        Answer {
            text,
            verdicts: Vec::new(),
            proposal: None,
            patch: None,
            model: reply.model.clone(),
            session: None,
            usage,
            files_modified: reply.files_modified.clone(),
            not_given: self.told.get().map(|told| told.not_given.clone()).unwrap_or_default(),
            prompt: None,
            resumed: None,
            cached: false,
            call_hash: None,
        }
    }
}

fn missing(usage: Usage) -> Failure {
    let message = "the answer to several steps had no part for this one, or two; it is asked for alone";
    Failure { usage, ..failure(FailureClass::Transient, message.to_owned()) }
}
