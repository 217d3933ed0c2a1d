//! How a plan stands, told to a worker whose answer may change it: which steps are done, which failed and why, which wait.

use crate::board::attempt::{AttemptState, Purpose};
use crate::board::id::StepId;
use crate::board::plan::Step;
use crate::board::task::Task;
use crate::board::text::cut;
use std::fmt::Write;

/// Longest error and longest instruction shown of one step, in bytes.
const LINE_BYTES_MAX: usize = 400;

/// Longest account, in bytes; of longer plans the last steps are left out, and it is said how many.
const ACCOUNT_BYTES_MAX: usize = 48 * 1024;

/// The account for a purpose; `None` where the answer changes no plan, or there is none yet.
pub(super) fn situation(task: &Task, step: &Step, purpose: &Purpose) -> Option<String> {
    let mut account = match purpose {
        Purpose::Review { .. } => String::new(),
        Purpose::Recover { step: failed, .. } => failure(task, failed),
        Purpose::Plan { .. } if task.growth.replan.as_ref() == Some(&step.id) => String::new(),
        Purpose::Plan { .. }
        | Purpose::Judge
        | Purpose::Make
        | Purpose::Check { .. }
        | Purpose::Synthesize
        | Purpose::Reconsider { .. }
        | Purpose::Prove { .. } => return None,
    };
    account.push_str("The steps of the plan:\n");
    let work: Vec<&Step> = task.plan.steps.iter().filter(|step| step.aim.works()).collect();
    for (told, step) in work.iter().enumerate() {
        if account.len() > ACCOUNT_BYTES_MAX {
            let _ = writeln!(account, "- and {} more steps", work.len() - told);
            break;
        }
        let needs: Vec<&str> = step.needs.iter().map(StepId::as_str).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(", needs {}", needs.join(", ")) };
        let stands_for = step.stands_for.as_ref().map_or_else(String::new, |failed| format!(", in place of {failed}"));
        let _ = writeln!(account, "- {} ({}{needs}{stands_for}): {}", step.id, step.role, standing(task, step));
    }
    Some(account)
}

fn failure(task: &Task, failed: &StepId) -> String {
    let Some(step) = task.step(failed) else { return String::new() };
    let instruction = step.instruction.as_deref().unwrap_or("(what the task says)");
    let mut account = format!("The step {failed} failed. It was to: {}\n\nWhat was tried:\n", cut(instruction, 2000));
    for attempt in task.attempts_of(failed) {
        if let AttemptState::Failed { failure, .. } = &attempt.state {
            let message = cut(&failure.message, LINE_BYTES_MAX);
            let _ = writeln!(
                account,
                "- {} ({}): {}: {message}",
                attempt.worker,
                attempt.rung.as_str(),
                failure.class.as_str()
            );
        }
    }
    account.push('\n');
    account
}

fn standing(task: &Task, step: &Step) -> String {
    let (mut answered, mut runs, mut error) = (false, false, None);
    for attempt in task.attempts_of(&step.id) {
        match &attempt.state {
            AttemptState::Answered { .. } => answered = true,
            AttemptState::Running { .. } => runs = true,
            AttemptState::Failed { failure, .. } => error = Some(cut(&failure.message, LINE_BYTES_MAX)),
            AttemptState::Planned { .. } => {}
        }
    }
    match error {
        _ if answered => "done".to_owned(),
        _ if runs => "under way".to_owned(),
        Some(error) => format!("failed: {error}"),
        None => {
            let instruction = step.instruction.as_deref().unwrap_or_default();
            format!("not begun; it is to: {}", cut(instruction, LINE_BYTES_MAX))
        }
    }
}
