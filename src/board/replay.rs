//! A task's decision made again from what was recorded of it: as it was, or as it would have been.

use super::conclusion::{finish, without_round};
use super::consensus::{self, WhatIf};
use super::decision::Decision;
use super::id::WorkerName;
use super::rules::Rules;
use super::tally::Tallies;
use super::task::Task;
use super::time::Timestamp;

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The decision as it was made; `None`: the task is not decided yet.
    pub recorded: Option<Decision>,
    /// The decision made again.
    pub decision: Decision,
}

/// Why nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReplay {
    /// Nobody of that name gave an answer.
    #[error("{worker} gave no answer to {task}; these did: {answered}")]
    NoSuchWorker {
        /// The name.
        worker: WorkerName,
        /// The task.
        task: String,
        /// Those who did, for people.
        answered: String,
    },
    /// There is no answer to weigh.
    #[error("{task} has no answer that could be weighed{}", if *.left_out { " without those left out" } else { "" })]
    NoAnswer {
        /// The task.
        task: String,
        /// Whether somebody was left out.
        left_out: bool,
    },
}

/// Decides a task again: with the answers, the settings and the workers' standing as they were when it was decided, or as
/// they are now where it is not decided yet. Without anything different the result is the recorded decision, to the bit.
///
/// # Errors
/// [`NoReplay`] when somebody is to be left out who gave nothing, or when nobody is left.
pub fn replay(
    task: &Task,
    records: &Tallies,
    rules: &Rules,
    what_if: &WhatIf,
    now: Timestamp,
) -> Result<Replayed, NoReplay> {
    let mut answered: Vec<&str> = task.answered().map(|(attempt, _)| attempt.worker.as_str()).collect();
    answered.sort_unstable();
    answered.dedup();
    if let Some(worker) = what_if.without.iter().find(|worker| !answered.contains(&worker.as_str())) {
        let (worker, answered) = (worker.clone(), answered.join(", "));
        return Err(NoReplay::NoSuchWorker { worker, task: task.id.to_string(), answered });
    }
    let none = |left_out| NoReplay::NoAnswer { task: task.id.to_string(), left_out };
    if answered.is_empty() {
        return Err(none(false));
    }
    let recorded = task.phase.decision();
    let at = recorded.map_or(now, |decision| decided_at(task, decision));
    let base = recorded.cloned().unwrap_or_else(|| consensus::decide(task, records, rules, at));
    let rest = consensus::remaining(task, &base, what_if).ok_or_else(|| none(true))?;
    let decision = consensus::decide_again(&rest, recorded, (records, rules), what_if.rule, at);
    let decision = finish(&rest, decision, base.missing.clone());
    let decision = without_round(decision, base.no_further_round);
    Ok(Replayed { recorded: recorded.cloned(), decision })
}

/// The moment of a decision, from the seconds that it took. Moments are whole milliseconds, so nothing is lost.
fn decided_at(task: &Task, decision: &Decision) -> Timestamp {
    Timestamp(task.accepted.0.saturating_add((decision.duration_s * 1000.0).round() as i64))
}
