//! The end of a task's work: the decision over what its steps gave, what is missing from it, and who must look at it.

use super::attempt::AttemptState;
use super::budget;
use super::consensus;
use super::decision::{Decision, Recommendation};
use super::deliberation;
use super::event::{Ending, Event};
use super::evidence::owed;
use super::growing::{counts, errors};
use super::people;
use super::plan::Step;
use super::recovery::time_is_up;
use super::rests::blocked_by;
use super::rules::Rules;
use super::standings::{Look, Standings, is_laid_out, no_recovery, recover_step};
use super::state::State;
use super::task::{StepStanding, Task};
use super::text::{Text, cut};
use super::time::Timestamp;
use std::collections::BTreeSet;

/// How much of a part's first line is shown, in bytes.
const PART_BYTES_MAX: usize = 120;

/// Letters of a commit that name it.
const BASE_SHOWN: usize = 12;

/// Every step has ended: weigh the answers, or say that there are none.
pub(in crate::board) fn conclude(look: Look<'_>, standings: &Standings<'_>) -> Vec<Event> {
    let Look { state, rules, task, at } = look;
    if task.answered().next().is_none() {
        let why = no_answer(state, rules, task, at);
        return vec![Event::TaskEnded { at, task: task.id.clone(), ending: Ending::Failed { why }, file: None }];
    }
    let decision = consensus::decide(task, &state.globals.tallies, rules, at);
    let why = if decision.has_conflict { deliberation::why_no_round(look) } else { None };
    let decision = without_round(finish(task, decision, missing(look, standings)), why);
    // The last rung: what there is stands for the whole only if a person says so.
    let waits_for_person = rules.consensus.require_human.contains(&task.spec.priority) || !decision.missing.is_empty();
    let waiting = waits_for_person.then(|| people::for_approval(rules, at));
    vec![Event::TaskDecided { at, task: task.id.clone(), decision: Box::new(decision), waits_for_person, waiting }]
}

/// A decision over a conflict that was met with no further round, and why there was none.
pub(in crate::board) fn without_round(mut decision: Decision, why: Option<String>) -> Decision {
    decision.no_further_round = why.filter(|_| decision.has_conflict);
    if let Some(why) = &decision.no_further_round {
        decision.reasoning.push_str(&format!(" No further round was held: {why}."));
    }
    decision
}

/// The decision with what the vote does not know of: parts, what was not done, what is missing.
pub(in crate::board) fn finish(task: &Task, mut decision: Decision, missing: Vec<String>) -> Decision {
    in_parts(task, &mut decision);
    let unmet = unmet(task);
    decision.needs_human_review |= !unmet.is_empty();
    decision.review_reasons.extend(unmet);
    if !missing.is_empty() {
        decision.needs_human_review = true;
        if matches!(decision.recommendation, Recommendation::Proceed | Recommendation::ProceedWithCaution) {
            decision.recommendation = Recommendation::ReviewRequired;
        }
        decision.reasoning.push_str(" The result is partial: ");
        decision.reasoning.push_str(&missing.join("; "));
        decision.reasoning.push('.');
        decision.review_reasons.splice(0..0, missing.iter().cloned());
    }
    decision.missing = missing;
    decision
}

/// Where nobody judged the parts that a plan ends in, none of them is the answer alone: the answer names them all.
fn in_parts(task: &Task, decision: &mut Decision) {
    let parts = consensus::parts(task);
    if parts.is_empty() || !decision.votes.is_empty() || !is_laid_out(task) {
        return;
    }
    let mut answer = format!("The result is in {} parts, each whole in outputs/{}/:\n", parts.len(), task.id);
    for (attempt, part) in &parts {
        let first = part.text.head().lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let (number, first) = (attempt.number, cut(first.trim(), PART_BYTES_MAX));
        answer.push_str(&format!("- {} ({}, attempt {number}): {first}\n", attempt.step, attempt.worker));
    }
    decision.answer = Text::short(answer);
    (decision.answer_by, decision.answer_attempt) = (None, None);
    decision.reasoning.push_str(" The plan ends in several steps, so the answer names what each of them gave.");
}

/// What is missing from the result of a plan in several steps, a sentence for each step that failed.
fn missing(look: Look<'_>, standings: &Standings<'_>) -> Vec<String> {
    let task = look.task;
    if !is_laid_out(task) {
        return Vec::new();
    }
    let failed = |step: &&Step| counts(task, step) && standings.get(&step.id) == StepStanding::Failed;
    let (mut missing, mut never, mut unpaid) = (Vec::new(), Vec::new(), Vec::new());
    for step in task.plan.steps.iter().filter(failed) {
        if budget::stopped(standings.attempts(&step.id)) {
            unpaid.push(cut(step.id.as_str(), 60));
            continue;
        }
        if standings.attempts(&step.id).is_empty() && !step.needs.is_empty() {
            never.push(step.id.as_str());
            continue;
        }
        let planned_around = recover_step(task, &step.id).is_some();
        let recovery = match no_recovery(look, step, standings.attempts(&step.id)) {
            _ if planned_around => "a recovery plan did not help".to_owned(),
            Some(why) => format!("no recovery plan: {why}"),
            None => "no recovery plan".to_owned(),
        };
        let named = cut(step.id.as_str(), 60);
        missing.push(format!("step {named} gave nothing ({}; {recovery})", cut(&errors(standings, &step.id), 400)));
    }
    if !unpaid.is_empty() {
        let (count, budget) = (unpaid.len(), "raise the budget, or take a cheaper worker, then have them tried again");
        missing.push(format!("for want of money {count} step(s) were not done: {} ({budget})", unpaid.join(", ")));
    }
    if !never.is_empty() {
        missing.push(format!("not done, because a step they need failed: {}", never.join(", ")));
    }
    missing
}

/// What a `validate` that nothing was tried with wants of a person.
fn untried(task: &Task) -> Option<String> {
    let spec = &task.spec;
    let written = || spec.plan.iter().flat_map(|plan| &plan.steps);
    let asked = spec.validate.is_some() || written().any(|step| step.validate.is_some());
    let tried = task.attempts.values().any(|attempt| attempt.validation.is_some());
    let owing = task.attempts.values().any(|attempt| owed(task, attempt).is_some());
    if !asked || tried {
        None
    } else if owing {
        Some("`validate` had not ended when the task's time was up".to_owned())
    } else if task.plan.steps.iter().all(|step| step.workspace.is_read()) {
        Some("`validate` was not run: it tries patches, and those come with `workspace: worktree`".to_owned())
    } else {
        Some("`validate` was not run: no worker changed a file".to_owned())
    }
}

/// What a person should know of the trees that the workers had: what these did not hold, and what was left out of patches.
fn of_trees(task: &Task) -> Vec<String> {
    let patches = || task.answered().filter_map(|(attempt, answer)| Some((attempt, answer.patch.as_ref()?)));
    let mut told = Vec::new();
    let in_trees = task.plan.steps.iter().any(|step| !step.workspace.is_read());
    if !task.spec.workspace.is_read() && !in_trees {
        told.push("`workspace: worktree` gave nobody a tree: the steps of this task make nothing".to_owned());
    }
    let unseen = patches().filter(|(_, patch)| patch.unseen > 0).max_by_key(|(_, patch)| patch.unseen);
    if let Some((_, patch)) = unseen {
        let base = cut(&patch.base, BASE_SHOWN);
        told.push(format!("the workers saw commit {base}, not the uncommitted changes of {} file(s)", patch.unseen));
    }
    let noted = patches().filter_map(|(attempt, patch)| Some((attempt, patch.note.as_ref()?)));
    told.extend(noted.map(|(attempt, note)| format!("{} (attempt {}): {note}", attempt.worker, attempt.number)));
    told
}

/// What the person asked for that was not done. A key that is read and not obeyed must not look obeyed.
fn unmet(task: &Task) -> Vec<String> {
    let mut unmet = Vec::new();
    unmet.extend(untried(task));
    unmet.extend(of_trees(task));
    unmet.extend(task.growth.unplanned().map(str::to_owned));
    unmet.extend(budget::remarks(task));
    let not_given: BTreeSet<&String> = task.answered().flat_map(|(_, answer)| &answer.not_given).collect();
    unmet.extend(not_given.into_iter().map(|what| format!("the workers were not given {what}")));
    unmet
}

fn no_answer(state: &State, rules: &Rules, task: &Task, at: Timestamp) -> String {
    let failed = task.attempts.values().filter_map(|attempt| match &attempt.state {
        AttemptState::Failed { failure, .. } => Some(format!("{}: {}", attempt.worker, failure.message)),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Answered { .. } => None,
    });
    let failed: Vec<String> = failed.collect();
    if !failed.is_empty() {
        return format!("no worker gave an answer ({})", failed.join("; "));
    }
    if time_is_up(task, at) {
        return "its time was up before it began".to_owned();
    }
    let out = task.route.workers.iter().filter_map(|worker| match blocked_by(state, worker) {
        Some(why) => Some(format!("{worker} is blocked: {why}")),
        None if rules.lack(worker) => Some(format!("{worker} is no longer configured")),
        None => None,
    });
    let out: Vec<String> = out.collect();
    if out.is_empty() {
        "no worker could be asked".to_owned()
    } else {
        format!("no worker could be asked ({})", out.join("; "))
    }
}
