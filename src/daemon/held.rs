//! Calls that wait for money: what is left of their budget is set aside for calls that run. They are looked at again
//! whenever a call has ended. There are never more of them than calls that run.

use super::clock::Clock;
use super::engine::{Engine, Reply, Round};
use crate::board::{AttemptKey, Input, Refusal};
use tokio::sync::oneshot;

/// Who waits, the longest first.
#[derive(Default)]
pub(super) struct Held(Vec<Waiting>);

struct Waiting {
    key: AttemptKey,
    usd: Option<f64>,
    reply: oneshot::Sender<Result<(), Refusal>>,
}

impl Held {
    /// Takes everybody who still waits.
    fn take(&mut self) -> Vec<Waiting> {
        let mut waiting = std::mem::take(&mut self.0);
        waiting.retain(|waiting| !waiting.reply.is_closed());
        waiting
    }
}

impl Engine {
    /// Sets money aside for a call, or lets it wait for those that run.
    pub(super) fn reserve(
        &mut self,
        (key, usd): (AttemptKey, Option<f64>),
        reply: oneshot::Sender<Result<(), Refusal>>,
        round: &mut Round,
    ) {
        let at = Clock::now(&self.clock);
        match self.decide(Input::Reserve { at, key: key.clone(), usd }, round) {
            Err(Refusal::BudgetInUse) => self.held.0.push(Waiting { key, usd, reply }),
            decided => round.replies.push(Reply::Input(reply, decided)),
        }
    }

    /// Looks again at everybody who waits, once calls have ended.
    pub(super) fn take_held(&mut self, round: &mut Round) {
        if round.has_ended_calls() {
            for Waiting { key, usd, reply } in self.held.take() {
                self.reserve((key, usd), reply, round);
            }
        }
    }
}
