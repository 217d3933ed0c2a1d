//! Before a call under a budget is made: the most it can cost is set aside, durably, or the call is not made.
//! Whether there is room is the board's to say; waiting for other calls to end is the loop's.

use super::{CallJob, Incoming, failure};
use crate::board::{Ask, Failure, FailureClass, Input, Refusal};
use crate::worker::Call;
use tokio::sync::oneshot;

impl CallJob {
    /// Whether a budget stands over the call. Who works outside is paid by somebody else.
    pub(super) fn is_budgeted(&self, ask: &Ask) -> bool {
        (ask.budgeted || self.day_budget) && self.desk.is_none()
    }

    /// Sets money aside for a call under a budget. One that costs nothing needs none.
    ///
    /// # Errors
    /// Why the call is not to be made.
    pub(super) async fn reserve(&self, ask: &Ask, call: &mut Call) -> Result<(), Failure> {
        let usd = self.caller.hold(&ask.worker, call);
        if usd == Some(0.0) {
            return Ok(());
        }
        let (stored, when_stored) = oneshot::channel();
        let input = Input::Reserve { at: self.clock.now(), key: ask.key.clone(), usd };
        let ended = || failure(FailureClass::Interrupted, "the daemon ended before it was asked".to_owned());
        self.sender.send(Incoming::Input(Box::new(input), Some(stored))).await.map_err(|_| ended())?;
        let time_left = ask.deadline.since(self.clock.now());
        let said = tokio::select! {
            biased;
            said = when_stored => said.map_err(|_| ended())?,
            () = self.stop.cancelled() => return Err(failure(FailureClass::Cancelled, "it was stopped".to_owned())),
            () = tokio::time::sleep(time_left) => Err(Refusal::BudgetInUse),
        };
        match said {
            Ok(()) => {
                // Other calls may have been waited for.
                call.time_left = ask.deadline.since(self.clock.now());
                Ok(())
            }
            Err(Refusal::BudgetInUse) => {
                let what =
                    "not asked: until its time was over, what is left of the budget was set aside for other calls";
                Err(failure(FailureClass::OverBudget, what.to_owned()))
            }
            Err(Refusal::OverBudget { why }) => Err(failure(FailureClass::OverBudget, why)),
            Err(refusal) => Err(failure(FailureClass::Cancelled, refusal.to_string())),
        }
    }
}
