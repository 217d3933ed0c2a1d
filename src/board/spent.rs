//! What a task's calls took together: money, tokens, their number. Budgets, which look ahead, are `budget`'s business.

use super::attempt::{AttemptState, Failure, FailureClass, Usage};
use super::decision::Tokens;
use super::task::Task;

/// What the calls of a task took together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Known cost in USD.
    pub cost_usd: f64,
    /// Calls whose cost nobody told.
    pub cost_unknown: u32,
    /// Tokens of all calls.
    pub tokens: Tokens,
    /// Calls that were made, or are being made.
    pub calls: u32,
}

impl Spent {
    /// Adds up a task's attempts as they stand.
    pub fn of(task: &Task) -> Self {
        let mut spent = Self::default();
        for attempt in task.attempts.values() {
            match &attempt.state {
                AttemptState::Planned { .. } => {}
                AttemptState::Running { .. } => spent.calls += 1,
                AttemptState::Answered { answer, .. } => {
                    spent.cost_unknown += u32::from(answer.usage.cost_usd.is_none() && !answer.cached);
                    spent.add(&answer.usage);
                }
                // Neither was anybody asked for money that was not there, nor after a call was no longer wanted.
                AttemptState::Failed { failure: Failure { class: FailureClass::OverBudget, .. }, .. } => {}
                AttemptState::Failed { failure, .. } => {
                    // What was cut off in the middle may well be on the bill.
                    let cut_off = matches!(failure.class, FailureClass::Interrupted | FailureClass::Timeout);
                    spent.cost_unknown += u32::from(cut_off && failure.usage.cost_usd.is_none());
                    spent.add(&failure.usage);
                }
            }
        }
        spent
    }

    fn add(&mut self, usage: &Usage) {
        self.calls += 1;
        self.cost_usd += usage.cost_usd.filter(|cost| cost.is_finite()).unwrap_or(0.0);
        self.tokens.input = self.tokens.input.saturating_add(usage.input_tokens);
        self.tokens.output = self.tokens.output.saturating_add(usage.output_tokens);
    }
}
