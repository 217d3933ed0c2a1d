//! The pages that show how a task stands: its state file, its sessions, its progress note, its outputs, its message lines.

use crate::board::attempt::{Attempt, AttemptState, Rung};
use crate::board::event::{Ending, Event};
use crate::board::evidence::Validation;
use crate::board::id::{AttemptKey, WorkerName};
use crate::board::page::{OutputPage, Page};
use crate::board::patch::Patch;
use crate::board::state::State;
use crate::board::task::{Phase, Task};
use crate::board::text::cut;
use serde_json::{Value, json};
use std::fmt::Write;

/// `<id>_state.json`.
pub(super) fn state(task: &Task) -> Page {
    let attempts: Vec<Value> = task.attempts.values().map(attempt_json).collect();
    let mut state = json!({
        "schema": 1,
        "task": task.id,
        "title": task.spec.title(),
        "state": task.phase.as_str(),
        "kind": task.route.kind,
        "mode": task.route.mode,
        "priority": task.spec.priority,
        "labels": task.spec.labels,
        "accepted": task.accepted.rfc3339(),
        "steps": task.plan.steps.iter().map(|step| json!({
            "id": step.id,
            "role": step.role,
            "needs": step.needs,
            "workers": step.seats.iter().map(|seat| &seat.worker).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "attempts": attempts,
    });
    match &task.phase {
        Phase::Waiting { on } => state["waits_for"] = json!(on),
        Phase::AwaitingPerson { since, .. } => state["waits_for_a_person_since"] = json!(since.rfc3339()),
        Phase::Ended { at, ending, .. } => {
            state["ended"] = json!(at.rfc3339());
            match ending {
                Ending::Done => {}
                Ending::Failed { why } => state["why"] = json!(why),
                Ending::Cancelled { by } => state["cancelled_by"] = json!(by),
            }
        }
        Phase::Working | Phase::Decided { .. } => {}
    }
    Page::TaskState { task: task.id.clone(), state }
}

fn attempt_json(attempt: &Attempt) -> Value {
    let mut row = json!({
        "number": attempt.number,
        "step": attempt.step,
        "worker": attempt.worker,
        "role": attempt.role,
        "try": attempt.tries_before + 1,
    });
    if let Some(earlier) = attempt.thread.resumes {
        row["goes_on_from"] = json!(earlier);
    }
    if let Some(first) = attempt.batch {
        row["asked_in_the_call_of"] = json!(first);
    }
    match &attempt.state {
        AttemptState::Planned { .. } => row["state"] = json!("planned"),
        AttemptState::Running { started, .. } => {
            row["state"] = json!("running");
            row["started"] = json!(started.rfc3339());
        }
        AttemptState::Answered { started, ended, answer } => {
            row["state"] = json!("answered");
            row["seconds"] = json!(ended.since(*started).as_secs_f64());
            row["cost_usd"] = json!(answer.usage.cost_usd);
            if answer.cached {
                row["cached"] = json!(true);
            }
            if let Some(patch) = &answer.patch {
                row["patch"] = patch_json(patch);
            }
            if let Some(tried) = &attempt.validation {
                row["validation"] = validation_json(tried);
            }
        }
        AttemptState::Failed { failure, .. } => {
            row["state"] = json!("failed");
            row["class"] = json!(failure.class.as_str());
            row["error"] = json!(failure.message);
        }
    }
    row
}

fn patch_json(patch: &Patch) -> Value {
    let Patch { base, files, added, removed, note, unseen, text } = patch;
    json!({ "base": base, "files": files, "added": added, "removed": removed, "note": note, "unseen": unseen,
        "bytes": text.bytes() })
}

fn validation_json(tried: &Validation) -> Value {
    let Validation { command, passed, exit, seconds, at_base, output: _ } = tried;
    json!({ "command": command, "passed": passed, "exit": exit, "seconds": seconds, "passes_without_change": at_base })
}

/// `sessions/<worker>_<id>.json`: what one worker did for one task.
pub(super) fn session(task: &Task, worker: &WorkerName) -> Page {
    let mine: Vec<&Attempt> = task.attempts.values().filter(|attempt| attempt.worker == *worker).collect();
    let (mut cost, mut input, mut output, mut session_id, mut model) = (0.0, 0, 0, None, None);
    for attempt in &mine {
        let usage = match &attempt.state {
            AttemptState::Answered { answer, .. } => {
                session_id = answer.session.clone().or(session_id);
                model = Some(answer.model.clone());
                &answer.usage
            }
            // A call that failed may have cost something all the same.
            AttemptState::Failed { failure, .. } => &failure.usage,
            AttemptState::Planned { .. } | AttemptState::Running { .. } => continue,
        };
        // These are a model's own words: whatever it says, the sum must not break.
        cost += usage.cost_usd.filter(|cost| cost.is_finite()).unwrap_or(0.0);
        input = usage.input_tokens.saturating_add(input);
        output = usage.output_tokens.saturating_add(output);
    }
    let session = json!({
        "schema": 1,
        "task": task.id,
        "worker": worker,
        "model": model,
        "session": session_id,
        "cost_usd": cost,
        "tokens": { "input": input, "output": output },
        "attempts": mine.into_iter().map(attempt_json).collect::<Vec<_>>(),
    });
    Page::Session { task: task.id.clone(), worker: worker.clone(), session }
}

/// The note that other agents read to see how far the task is.
pub(super) fn progress(task: &Task) -> Page {
    let mut text = format!("# {}\n\n{}: {}\n\n", task.spec.title(), task.id, task.phase.as_str());
    for step in &task.plan.steps {
        let _ = writeln!(text, "- {} ({})", step.id, step.role);
        for attempt in task.attempts_of(&step.id) {
            let _ = writeln!(text, "  - {}. {}: {}", attempt.number, attempt.worker, standing(&attempt.state));
        }
    }
    Page::Progress { task: task.id.clone(), text }
}

fn standing(state: &AttemptState) -> String {
    match state {
        AttemptState::Planned { .. } => "waits".to_owned(),
        AttemptState::Running { started, .. } => format!("asked at {started}"),
        AttemptState::Answered { ended, .. } => format!("answered at {ended}"),
        AttemptState::Failed { failure, .. } => format!("failed: {}", cut(&failure.message, 200)),
    }
}

/// What a model said, where it said something.
pub(super) fn output(_state: &State, task: &Task, attempt: &Attempt) -> Option<Page> {
    let AttemptState::Answered { started, ended, answer } = &attempt.state else { return None };
    Some(Page::Output(Box::new(OutputPage {
        task: task.id.clone(),
        number: attempt.number,
        step: attempt.step.clone(),
        worker: attempt.worker.clone(),
        model: answer.model.clone(),
        role: attempt.role.clone(),
        at: *ended,
        seconds: ended.since(*started).as_secs_f64(),
        text: answer.text.clone(),
        verdicts: answer.verdicts.clone(),
        usage: answer.usage,
        cached: answer.cached,
        patch: answer.patch.clone(),
        validation: attempt.validation.clone(),
    })))
}

/// The line of `model_messages.log` for an event.
pub(super) fn message(state: &State, event: &Event) -> Option<Value> {
    let mut line = json!({ "at": event.at().rfc3339(), "event": event.name(), "task": event.task() });
    if let Some(key) = asked(event) {
        line["attempt"] = json!(key.number);
        line["worker"] = json!(worker_of(state, key));
    }
    match event {
        Event::TaskAccepted { route, spec, .. } => {
            line["title"] = json!(spec.title());
            line["kind"] = json!(route.kind);
            line["mode"] = json!(route.mode);
            line["workers"] = json!(route.workers);
        }
        Event::FileRejected { name, reason, .. } => {
            line["file"] = json!(name);
            line["reason"] = json!(reason);
        }
        Event::DaemonStarted { .. } | Event::AttemptAdopted { .. } => {}
        Event::RecordsImported { by, file, records, .. } => {
            line["by"] = json!(by);
            line["file"] = json!(file);
            line["records"] = json!(records.len());
        }
        Event::OrderHeld { number, by, why, .. } => {
            line["order"] = json!(number);
            line["by"] = json!(by);
            line["why"] = json!(why);
        }
        Event::DependencyEnded { on, well, .. } => {
            line["on"] = json!(on);
            line["well"] = json!(well);
        }
        Event::AttemptPlanned { .. }
        | Event::AttemptStarted { .. }
        | Event::PlanChanged { .. }
        | Event::Progressed { .. } => of_plan(&mut line, event),
        Event::CostReserved { usd, .. } => {
            line["usd"] = json!(usd);
        }
        Event::AttemptAnswered { answer, .. } => {
            line["model"] = json!(answer.model);
            line["bytes"] = json!(answer.text.bytes());
            line["usage"] = json!(answer.usage);
            if answer.cached {
                line["cached"] = json!(true);
            }
            if let Some(patch) = &answer.patch {
                line["patch"] = patch_json(patch);
            }
        }
        Event::AttemptValidated { validation, .. } => line["validation"] = validation_json(validation),
        Event::PatchApplied { patch, .. } | Event::PatchReverted { patch, .. } => {
            line["task"] = json!(patch.task);
            line["attempt"] = json!(patch.attempt);
            line["worker"] = json!(patch.worker);
            line["by"] = json!(patch.by);
            line["files"] = json!(patch.files);
        }
        Event::AttemptFailed { failure, .. } => line["failure"] = json!(failure),
        Event::TaskDecided { decision, .. } => {
            line["recommendation"] = json!(decision.recommendation);
            line["confidence"] = json!(decision.overall_confidence);
        }
        Event::PersonReminded { .. } | Event::PersonHandedIn { .. } | Event::PersonAnswered { .. } => {
            of_people(&mut line, event);
        }
        Event::TaskEnded { ending, .. } => line["ending"] = json!(ending),
        Event::MemoryRevised { name, revision, change, content, by, .. } => {
            line["memory"] = json!(name);
            line["revision"] = json!(revision);
            line["change"] = json!(change);
            line["by"] = json!(by);
            line["hash"] = json!(content.as_ref().map(|content| &content.hash));
        }
        Event::MemoryLeased { name, by, until, .. } => {
            line["memory"] = json!(name);
            line["by"] = json!(by);
            line["until"] = json!(until.map(|until| until.rfc3339()));
        }
        Event::TaskArchived { .. } => return None,
    }
    Some(line)
}

/// What an event says of people who are asked or have said something; nothing for any other.
fn of_people(line: &mut Value, event: &Event) {
    match event {
        Event::PersonReminded { attempt, .. } => line["attempt"] = json!(attempt),
        Event::PersonHandedIn { by, file, .. } => {
            line["by"] = json!(by);
            line["file"] = json!(file);
        }
        Event::PersonAnswered { by, answer, .. } => {
            line["by"] = json!(by);
            line["answer"] = json!(answer);
        }
        _ => {}
    }
}

/// What an event says of a plan and of what is to come of it; nothing for any other.
fn of_plan(line: &mut Value, event: &Event) {
    if let Event::AttemptPlanned { key, step, worker, role, rung, why, .. } = event {
        line["attempt"] = json!(key.number);
        line["step"] = json!(step);
        line["worker"] = json!(worker);
        line["role"] = json!(role);
        if *rung != Rung::First {
            line["rung"] = json!(rung);
            line["why"] = json!(why);
        }
    }
    if let Event::AttemptStarted { thread, along, .. } = event {
        if !along.is_empty() {
            line["along"] = json!(along);
        }
        if let Some(earlier) = thread.resumes {
            line["goes_on_from"] = json!(earlier);
        }
    }
    if let Event::PlanChanged { by, source, adds, drops, why, .. } = event {
        line["attempt"] = json!(by);
        line["source"] = json!(source);
        line["adds"] = json!(adds.iter().map(|step| &step.id).collect::<Vec<_>>());
        line["drops"] = json!(drops);
        line["why"] = json!(why);
    }
    if let Event::Progressed { progress, .. } = event {
        line["progress"] = json!(progress);
        line["line"] = json!(progress.line());
    }
}

/// The attempt that an event is about, from its start on.
fn asked(event: &Event) -> Option<&AttemptKey> {
    match event {
        Event::AttemptStarted { key, .. }
        | Event::AttemptAdopted { key, .. }
        | Event::CostReserved { key, .. }
        | Event::AttemptAnswered { key, .. }
        | Event::AttemptValidated { key, .. }
        | Event::AttemptFailed { key, .. }
        | Event::PersonHandedIn { key, .. } => Some(key),
        _ => None,
    }
}

fn worker_of(state: &State, key: &AttemptKey) -> Option<WorkerName> {
    let attempt = state.tasks.get(&key.task)?.attempts.get(&key.number)?;
    Some(attempt.worker.clone())
}
