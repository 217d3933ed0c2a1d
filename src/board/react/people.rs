//! The log's entries about people who are asked: what is wanted of whom, until when, and how it is answered.

use super::entries::blank;
use crate::board::attempt::{Attempt, AttemptState, Purpose};
use crate::board::id::{AttemptKey, TaskId};
use crate::board::page::LogEntry;
use crate::board::state::State;
use crate::board::task::{Phase, Task};
use crate::board::text::cut;
use crate::board::time::Timestamp;

/// Longest instruction that is repeated, in bytes.
const INSTRUCTION_BYTES_MAX: usize = 1000;

/// A person is asked for a step.
pub(super) fn asked(state: &State, key: &AttemptKey, at: Timestamp) -> Option<LogEntry> {
    let task = state.tasks.get(&key.task)?;
    let attempt = task.attempts.get(&key.number)?;
    Some(LogEntry {
        context: question(task, attempt),
        work_done: format!("{} was asked, as {}", attempt.worker, attempt.role),
        next_steps: how_to_answer(task, attempt),
        blockers: waits(attempt),
        handoff_to: vec![attempt.worker.as_str().to_owned()],
        ..blank(at, "synod", "desk", key.task.as_str())
    })
}

/// A person was asked long ago.
pub(super) fn reminded(state: &State, id: &TaskId, attempt: Option<u32>, at: Timestamp) -> Option<LogEntry> {
    let task = state.tasks.get(id)?;
    let entry = blank(at, "synod", "reminder", id.as_str());
    let Some(number) = attempt else {
        let Phase::AwaitingPerson { since, waiting, .. } = &task.phase else { return None };
        let until = waiting.until.map_or_else(String::new, |until| format!(", at most until {until}"));
        return Some(LogEntry {
            context: format!("the decision on {id} waits for a person since {since}"),
            work_done: "reminded".to_owned(),
            next_steps: format!("read decisions/{id}.md, then: synod approve {id}, or synod reject {id} --why …"),
            blockers: format!("waits for a person{until}"),
            handoff_to: vec!["person".to_owned()],
            ..entry
        });
    };
    let attempt = task.attempts.get(&number)?;
    Some(LogEntry {
        context: question(task, attempt),
        work_done: "reminded".to_owned(),
        next_steps: how_to_answer(task, attempt),
        blockers: waits(attempt),
        handoff_to: vec![attempt.worker.as_str().to_owned()],
        ..entry
    })
}

/// What is asked, and where all that belongs to it stands.
fn question(task: &Task, attempt: &Attempt) -> String {
    let what = match attempt.purpose {
        Purpose::Judge => "to judge",
        Purpose::Check { .. } => "to judge what others made for",
        Purpose::Reconsider { .. } => "to judge once more, with the others' answers in view",
        Purpose::Prove { .. } => "to show or refute a claim about",
        _ => "to do",
    };
    let mut question = format!("step {}: {} is {what}: {}", attempt.step, attempt.worker, task.spec.title());
    let step = task.step(&attempt.step);
    if let Some(instruction) = step.and_then(|step| step.instruction.as_deref()) {
        question.push_str(&format!("\n{}", cut(instruction, INSTRUCTION_BYTES_MAX)));
    }
    let seen = step.map(|step| task.seen_by(step)).unwrap_or_default();
    let outputs = task.answered().filter(|(other, _)| seen.contains(&other.step));
    let outputs: Vec<String> = outputs
        .map(|(other, _)| format!("outputs/{}/{:02}-{}-{}.md", task.id, other.number, other.step, other.worker))
        .collect();
    if !outputs.is_empty() {
        question.push_str(&format!("\nsee {}", outputs.join(", ")));
    }
    format!("{question}\nthe task: tasks/active/{}.md", task.id)
}

fn how_to_answer(task: &Task, attempt: &Attempt) -> String {
    let first = match attempt.purpose {
        Purpose::Judge | Purpose::Check { .. } | Purpose::Reconsider { .. } => {
            "; its first line says approve, approve with changes, reject or abstain"
        }
        _ => "",
    };
    let (id, step) = (&task.id, &attempt.step);
    format!("answer in the file decisions/{id}.{step}.answer, or: synod answer {id} --step {step} TEXT{first}")
}

fn waits(attempt: &Attempt) -> String {
    match &attempt.state {
        AttemptState::Running { deadline, .. } => format!("waits for {} until {deadline}", attempt.worker),
        AttemptState::Planned { .. } | AttemptState::Answered { .. } | AttemptState::Failed { .. } => String::new(),
    }
}
