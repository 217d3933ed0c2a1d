//! The handoff log's entries: who hands what to whom. At most one for an event, so that an event's number names its entry.

use super::people;
use crate::board::attempt::{Answer, Attempt, AttemptState, Purpose, Rung};
use crate::board::batching::is_asked_alone;
use crate::board::conversations::lost_its_conversation;
use crate::board::decision::Decision;
use crate::board::event::{Ending, Event, Placed, Progress};
use crate::board::evidence::Validation;
use crate::board::id::{AttemptKey, StepId, TaskId, WorkerName};
use crate::board::input::PersonAnswer;
use crate::board::memory::{MemoryChange, MemoryName};
use crate::board::page::LogEntry;
use crate::board::plan::{PlanSource, Step};
use crate::board::spec::Source;
use crate::board::state::State;
use crate::board::task::{Phase, Task};
use crate::board::time::Timestamp;

/// The entry for an event, where the event hands something on.
pub(super) fn entry(state: &State, event: &Event) -> Option<LogEntry> {
    match event {
        Event::TaskAccepted { at, task, .. } => state.tasks.get(task).map(|task| accepted(task, *at)),
        Event::FileRejected { at, name, reason, .. } => Some(LogEntry {
            context: format!("the file {name} was dropped into tasks/"),
            work_done: "it was refused and moved to tasks/rejected/".to_owned(),
            next_steps: reason.mend.clone(),
            blockers: reason.what.clone(),
            ..blank(*at, "synod", "intake", name)
        }),
        Event::OrderHeld { at, number, by, why } => Some(LogEntry {
            context: format!("standing order {number} was woken by {by}"),
            work_done: "it was not carried out".to_owned(),
            next_steps: "if it should have been, hand the task in by hand, or change the order in synod.toml"
                .to_owned(),
            blockers: why.clone(),
            handoff_to: vec!["person".to_owned()],
            ..blank(*at, "synod", "orders", by)
        }),
        Event::AttemptAnswered { at, key, .. } | Event::AttemptFailed { at, key, .. } => attempt_ended(state, key, *at),
        Event::AttemptValidated { at, key, validation } => tried(state, key, *at, validation),
        Event::PatchApplied { at, patch } => {
            Some(placed(*at, patch, "was put on the working tree", "look at it, then commit it"))
        }
        Event::PatchReverted { at, patch } => Some(placed(*at, patch, "was taken off the working tree", "none")),
        Event::PlanChanged { at, task, source, adds, drops, why, .. } => {
            Some(plan_changed(task, *at, source, adds, drops, why))
        }
        Event::Progressed { at, task, progress } => Some(progressed(task, *at, *progress)),
        Event::TaskDecided { at, task, decision, waits_for_person, .. } => {
            Some(decided(task, *at, decision, *waits_for_person))
        }
        Event::AttemptStarted { at, key, asked: Some(_), .. } => people::asked(state, key, *at),
        Event::PersonReminded { at, task, attempt } => people::reminded(state, task, *attempt, *at),
        Event::PersonAnswered { at, task, by, answer, .. } => Some(person(task, *at, by, answer)),
        Event::TaskEnded { at, task, ending, .. } => ended(task, *at, ending),
        Event::MemoryRevised { at, name, revision, change, by, .. } => match change {
            MemoryChange::Conflicted { with } => Some(conflicted(name, *at, by, *revision, *with)),
            MemoryChange::Written
            | MemoryChange::Restored { .. }
            | MemoryChange::Deleted
            | MemoryChange::RenamedFrom { .. }
            | MemoryChange::RenamedTo { .. } => None,
        },
        Event::AttemptPlanned { at, key, step, worker, rung, why, .. } if *rung != Rung::First && !why.is_empty() => {
            Some(recovering(key, *at, step, (worker, *rung), why))
        }
        Event::DaemonStarted { .. }
        | Event::RecordsImported { .. }
        | Event::DependencyEnded { .. }
        | Event::AttemptPlanned { .. }
        | Event::AttemptStarted { .. }
        | Event::PersonHandedIn { .. }
        | Event::CostReserved { .. }
        | Event::AttemptAdopted { .. }
        | Event::MemoryLeased { .. }
        | Event::TaskArchived { .. } => None,
    }
}

pub(super) fn blank(at: Timestamp, who: &str, model: &str, about: &str) -> LogEntry {
    LogEntry {
        at,
        who: who.to_owned(),
        model: model.to_owned(),
        about: about.to_owned(),
        context: String::new(),
        work_done: String::new(),
        files_modified: Vec::new(),
        next_steps: String::new(),
        blockers: String::new(),
        handoff_to: Vec::new(),
    }
}

fn names(workers: &[WorkerName]) -> Vec<String> {
    workers.iter().map(|worker| worker.as_str().to_owned()).collect()
}

fn accepted(task: &Task, at: Timestamp) -> LogEntry {
    let by = match &task.source {
        Source::File { name, .. } => format!("the file {name} was dropped into tasks/"),
        Source::Face { by, .. } => format!("a task came in by {by}"),
        Source::Order { number, by, .. } => format!("standing order {number} was woken by {by}"),
    };
    let route = &task.route;
    let steps: Vec<&str> = task.plan.steps.iter().map(|step| step.id.as_str()).collect();
    LogEntry {
        context: format!("{by}: {}", task.spec.title()),
        work_done: format!(
            "taken as {} (mode {}, priority {})",
            route.kind,
            route.mode.as_str(),
            task.spec.priority.as_str()
        ),
        next_steps: steps.join(", then "),
        blockers: match &task.phase {
            Phase::Waiting { on } => {
                let on: Vec<&str> = on.iter().map(TaskId::as_str).collect();
                format!("waits for {}", on.join(", "))
            }
            Phase::Working | Phase::AwaitingPerson { .. } | Phase::Decided { .. } | Phase::Ended { .. } => {
                String::new()
            }
        },
        handoff_to: names(&route.workers),
        ..blank(at, "synod", "router", task.id.as_str())
    }
}

fn attempt_ended(state: &State, key: &AttemptKey, at: Timestamp) -> Option<LogEntry> {
    let task = state.tasks.get(&key.task)?;
    let attempt = task.attempts.get(&key.number)?;
    let context = match &attempt.purpose {
        Purpose::Judge => format!("asked as {} to judge: {}", attempt.role, task.spec.title()),
        Purpose::Make => format!("asked as {} to do: {}", attempt.role, task.spec.title()),
        Purpose::Check { candidates } => {
            format!("asked as {} to judge {} candidate(s)", attempt.role, candidates.len())
        }
        Purpose::Plan { .. } => format!("asked as {} to plan: {}", attempt.role, task.spec.title()),
        Purpose::Review { steps } => {
            format!("asked as {} whether the plan is on track after {} step(s)", attempt.role, steps.len())
        }
        Purpose::Recover { step, .. } => format!("asked as {} to plan around the failed step {step}", attempt.role),
        Purpose::Synthesize => format!("asked as {} to make one whole of what there is", attempt.role),
        Purpose::Prove { claim, .. } => {
            format!("asked as {} to show or to refute a claim of others: {}", attempt.role, claim.what)
        }
        Purpose::Reconsider { answers, .. } => format!(
            "asked as {} to judge once more, with {} other answer(s) before it and no names",
            attempt.role,
            answers.len().saturating_sub(1)
        ),
    };
    let context = match attempt.thread.resumes {
        Some(earlier) => format!("{context}\ngoing on with the conversation of attempt {earlier}"),
        None => context,
    };
    let context = match attempt.batch {
        Some(first) => format!("{context}\nstep {}, in one call with others (that of attempt {first})", attempt.step),
        None => context,
    };
    let receivers = handed_to(task, attempt);
    let mut entry =
        LogEntry { context, ..blank(at, attempt.worker.as_str(), attempt.role.as_str(), key.task.as_str()) };
    match &attempt.state {
        AttemptState::Answered { answer, .. } => {
            entry.model.clone_from(&answer.model);
            entry.work_done = said(answer);
            let patch = answer.patch.as_ref().map(|patch| &patch.files);
            entry.files_modified.clone_from(patch.unwrap_or(&answer.files_modified));
            entry.next_steps =
                if receivers.is_empty() { "weigh the answers" } else { "go on with what this one said" }.to_owned();
            entry.handoff_to = if receivers.is_empty() { vec!["synod".to_owned()] } else { receivers };
        }
        AttemptState::Failed { failure, .. } => {
            entry.work_done = "no answer".to_owned();
            entry.next_steps = if lost_its_conversation(attempt) {
                "ask it afresh and tell it everything"
            } else if is_asked_alone(attempt, &failure.class) {
                "ask for this step alone"
            } else {
                "try again, ask another, or go on without it"
            }
            .to_owned();
            entry.blockers = format!("{}: {}", failure.class.as_str(), failure.message);
            entry.handoff_to = vec!["synod".to_owned()];
        }
        AttemptState::Planned { .. } | AttemptState::Running { .. } => return None,
    }
    Some(entry)
}

/// The beginning of what a worker said, without its verdict block, and the verdicts in a few words.
fn said(answer: &Answer) -> String {
    let head = answer.text.head();
    let prose: Vec<&str> = head.lines().take_while(|line| !line.starts_with("```") && !line.starts_with('{')).collect();
    let mut said = prose.join("\n").trim().to_owned();
    let claims: usize = answer.verdicts.iter().map(|verdict| verdict.claims.len()).sum();
    let stances: Vec<&str> = answer.verdicts.iter().map(|verdict| verdict.stance.as_str()).collect();
    if !stances.is_empty() {
        let gap = if said.is_empty() { "" } else { "\n" };
        said.push_str(&format!("{gap}Verdict: {}; {claims} claim(s)", stances.join(", ")));
    }
    said
}

/// The workers of the steps that see this attempt's output.
fn handed_to(task: &Task, attempt: &Attempt) -> Vec<String> {
    let next = task.plan.steps.iter().filter(|step| step.needs.contains(&attempt.step));
    let mut receivers: Vec<String> = Vec::new();
    for seat in next.flat_map(|step| &step.seats) {
        let name = seat.worker.as_str().to_owned();
        if seat.worker != attempt.worker && !receivers.contains(&name) {
            receivers.push(name);
        }
    }
    receivers
}

/// What came of trying what a worker made.
fn tried(state: &State, key: &AttemptKey, at: Timestamp, validation: &Validation) -> Option<LogEntry> {
    let attempt = state.tasks.get(&key.task)?.attempts.get(&key.number)?;
    let Validation { command, passed, exit, seconds, at_base, .. } = validation;
    let how = match (passed, exit) {
        (true, _) => "passed".to_owned(),
        (false, Some(code)) => format!("failed with code {code}"),
        (false, None) => "did not end by itself".to_owned(),
    };
    let base = if *at_base { "passes" } else { "fails" };
    Some(LogEntry {
        context: format!("what {} made in attempt {} was tried: {command}", attempt.worker, key.number),
        work_done: format!("it {how} after {seconds:.1} s (without any change it {base})"),
        next_steps: "weigh it: what was tried outranks opinions".to_owned(),
        handoff_to: vec!["synod".to_owned()],
        ..blank(at, "synod", "validation", key.task.as_str())
    })
}

/// A patch was put on the user's files, or taken off them.
fn placed(at: Timestamp, patch: &Placed, what: &str, next: &str) -> LogEntry {
    LogEntry {
        context: format!("the patch of {} (attempt {} of {})", patch.worker, patch.attempt, patch.task),
        work_done: format!("it {what}"),
        files_modified: patch.files.clone(),
        next_steps: next.to_owned(),
        handoff_to: vec!["person".to_owned()],
        ..blank(at, "person", &patch.by, patch.task.as_str())
    }
}

/// A step up the recovery ladder.
fn recovering(
    key: &AttemptKey,
    at: Timestamp,
    step: &StepId,
    (worker, rung): (&WorkerName, Rung),
    why: &str,
) -> LogEntry {
    LogEntry {
        context: format!("step {step}: {why}"),
        work_done: format!("recovery: {}", rung.as_str()),
        next_steps: format!("{worker} is asked for step {step} (attempt {})", key.number),
        handoff_to: vec![worker.as_str().to_owned()],
        ..blank(at, "synod", "recovery", key.task.as_str())
    }
}

fn plan_changed(
    task: &TaskId,
    at: Timestamp,
    source: &PlanSource,
    adds: &[Step],
    drops: &[StepId],
    why: &str,
) -> LogEntry {
    let list = |steps: Vec<&str>| if steps.is_empty() { "none".to_owned() } else { steps.join(", ") };
    let mut workers: Vec<String> = Vec::new();
    for seat in adds.iter().flat_map(|step| &step.seats) {
        if !workers.iter().any(|known| known == seat.worker.as_str()) {
            workers.push(seat.worker.as_str().to_owned());
        }
    }
    LogEntry {
        context: why.to_owned(),
        work_done: format!(
            "the plan has changed ({}): steps added: {}; taken out: {}",
            source.as_str(),
            list(adds.iter().map(|step| step.id.as_str()).collect()),
            list(drops.iter().map(StepId::as_str).collect()),
        ),
        next_steps: "go on with the plan as it stands now".to_owned(),
        handoff_to: workers,
        ..blank(at, "synod", "planner", task.as_str())
    }
}

fn progressed(task: &TaskId, at: Timestamp, progress: Progress) -> LogEntry {
    LogEntry {
        context: format!("the plan of {task}"),
        work_done: progress.line(),
        next_steps: "go on with the plan".to_owned(),
        handoff_to: vec!["synod".to_owned()],
        ..blank(at, "synod", "engine", task.as_str())
    }
}

fn decided(task: &TaskId, at: Timestamp, decision: &Decision, waits_for_person: bool) -> LogEntry {
    let failed: Vec<String> =
        decision.failed_workers.iter().map(|failed| format!("{} ({})", failed.worker, failed.error)).collect();
    LogEntry {
        context: format!("{} answer(s), {} vote(s)", decision.model_count, decision.votes.len()),
        work_done: format!(
            "decided: {} (confidence {:.2}, threshold {:.2})",
            decision.recommendation.as_str(),
            decision.overall_confidence,
            decision.threshold
        ),
        next_steps: if waits_for_person {
            format!("a person approves or rejects: decisions/{task}.approve or decisions/{task}.reject")
        } else {
            format!("read decisions/{task}.md")
        },
        blockers: failed.join("; "),
        handoff_to: vec!["person".to_owned()],
        ..blank(at, "synod", "consensus", task.as_str())
    }
}

fn person(task: &TaskId, at: Timestamp, by: &str, answer: &PersonAnswer) -> LogEntry {
    let work_done = match answer {
        PersonAnswer::Approve => "approved the decision".to_owned(),
        PersonAnswer::Retry => "wants the failed steps tried again".to_owned(),
        PersonAnswer::Reject { why } => format!("rejected the decision: {}", why.head()),
    };
    LogEntry {
        context: format!("the decision on {task}"),
        work_done,
        next_steps: if *answer == PersonAnswer::Retry { "try the failed steps again" } else { "close the task" }
            .to_owned(),
        handoff_to: vec!["synod".to_owned()],
        ..blank(at, "person", by, task.as_str())
    }
}

/// Both sides changed a memory; nobody but a person or a model can say what of the two is meant.
fn conflicted(name: &MemoryName, at: Timestamp, by: &str, revision: u64, with: u64) -> LogEntry {
    LogEntry {
        context: format!("the memory {name} was changed in its file and on the bus at the same time"),
        work_done: format!("both texts are kept; revision {revision} (by {by}) stands, revision {with} does not"),
        next_steps: format!(
            "compare revisions {with} and {revision} (synod memory history {name}), and write what is meant"
        ),
        handoff_to: vec!["person".to_owned()],
        ..blank(at, "synod", "memory", name.as_str())
    }
}

/// A task that ends well has said so in its decision; the other ends get an entry of their own.
fn ended(task: &TaskId, at: Timestamp, ending: &Ending) -> Option<LogEntry> {
    let (work_done, blockers) = match ending {
        Ending::Done => return None,
        Ending::Failed { why } => ("the task failed".to_owned(), why.clone()),
        Ending::Cancelled { by } => (format!("the task was cancelled by {by}"), String::new()),
    };
    Some(LogEntry {
        context: format!("the task {task}"),
        work_done,
        next_steps: format!("mend what is in the way, then: synod retry {task}"),
        blockers,
        handoff_to: vec!["person".to_owned()],
        ..blank(at, "synod", "engine", task.as_str())
    })
}
