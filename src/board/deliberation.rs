//! When the workers contradict each other: the steps that are added because of it, and what their workers are asked for.
//! Whether they contradict each other is `consensus`' business, how the steps run is the engine's.
//!
//! First answers are sealed. Only when all of them are in, and only when they contradict each other, is each worker shown
//! what the others said, without names, and asked once more. Before that, a grave fault that only a few claim goes to one
//! worker that is to show or to refute it: what was tried needs no vote. Workers of one family are asked like any others: what they
//! share is how they err, and an argument can still reach one of them that the other found.

use super::attempt::{Attempt, AttemptState, Purpose};
use super::budget;
use super::consensus::{self, Dispute};
use super::event::Event;
use super::growing::free_name;
use super::id::{Role, StepId, WorkerName};
use super::plan::{PlanSource, Seat, Step, StepAim};
use super::planning;
use super::recovery::{attempts_left, spread, time_is_up};
use super::rests::is_blocked;
use super::rules::Rules;
use super::standings::{Look, Standings};
use super::task::Task;
use std::collections::BTreeSet;

/// The step that the answers so far call for before they are decided on; empty when there is none.
pub(in crate::board) fn opened(look: Look<'_>, standings: &Standings<'_>) -> Vec<Event> {
    if !votes_are_in(look, standings) || time_is_up(look.task, look.at) || !may_be_opened(look) {
        return Vec::new();
    }
    let Some(dispute) = dispute(look) else { return Vec::new() };
    if let Some(proof) = proof(look, &dispute) {
        return vec![proof];
    }
    if no_round(look, &dispute).is_some() { Vec::new() } else { vec![round(look, &dispute)] }
}

/// Why a conflict that stands was not met with a further round; `None` where there was one for each that may be.
pub(in crate::board) fn why_no_round(look: Look<'_>) -> Option<String> {
    let dispute = dispute(look)?;
    no_round(look, &dispute).filter(|_| look.task.growth.rounds.is_empty())
}

/// Cheap enough to ask at every look: whether the limits leave anything to open.
fn may_be_opened(look: Look<'_>) -> bool {
    let set = &look.rules.consensus;
    rounds_so_far(look.task) < set.rounds_max || look.task.growth.proofs.len() < set.proofs_max as usize
}

fn rounds_so_far(task: &Task) -> u32 {
    u32::try_from(task.growth.rounds.len()).unwrap_or(u32::MAX).saturating_add(1)
}

fn dispute(look: Look<'_>) -> Option<Dispute> {
    consensus::dispute(look.task, &look.state.globals.tallies, look.rules)
}

/// Whether every step has ended but those that bring the outputs together at the end, and some worker has judged.
fn votes_are_in(look: Look<'_>, standings: &Standings<'_>) -> bool {
    let steps = &look.task.plan.steps;
    let last: BTreeSet<&StepId> = consensus::wholes(look.task).map(|step| &step.id).collect();
    let judged = steps.iter().any(|step| step.aim.judges() && standings.has_ended(&step.id));
    judged && steps.iter().all(|step| standings.has_ended(&step.id) || last.contains(&step.id))
}

/// Why no further round is held over a dispute.
fn no_round(look: Look<'_>, dispute: &Dispute) -> Option<String> {
    let Look { state, rules, task, at } = look;
    let most = rules.consensus.rounds_max;
    let can_be_asked =
        |worker: &WorkerName| !rules.lack(worker) && !is_outside(rules, worker) && !is_blocked(state, worker);
    let (voices, open) =
        (dispute.voices.len(), dispute.voices.iter().filter(|(_, worker)| can_be_asked(worker)).count());
    if rounds_so_far(task) >= most {
        Some(format!("{most} round(s) are the most (consensus.rounds_max)"))
    } else if voices < 2 {
        Some("only one worker judged, so there is nobody whose answer it could be shown".to_owned())
    } else if open == 0 {
        Some("none of those who judged can be asked again".to_owned())
    } else if time_is_up(task, at) {
        Some("the task's time was up".to_owned())
    } else if !attempts_left(rules, task, open - 1) {
        Some(format!("the task has made {} attempts and may not make {open} more", task.attempts.len()))
    } else if budget::is_spent(state, rules, task, at) {
        Some("the budget was spent".to_owned())
    } else {
        None
    }
}

/// Whether a person or an agent outside plays it. Those are asked once: they keep their verdict, and nobody waits for them.
fn is_outside(rules: &Rules, worker: &WorkerName) -> bool {
    rules.worker(worker).is_some_and(|rule| rule.outside)
}

/// Everyone who judged and is not outside, once more.
fn round(look: Look<'_>, dispute: &Dispute) -> Event {
    let task = look.task;
    let number = rounds_so_far(task).saturating_add(1);
    let needs = rests_on(task, dispute);
    let id = free_name(task, &format!("round-{number}"));
    let role = dispute.voices.first().and_then(|(number, _)| task.attempts.get(number)).map(|first| first.role.clone());
    let role = role.unwrap_or_else(|| Role::new("reviewer"));
    let step = planning::steering(look, (id, StepAim::Reconsider), role, String::new(), needs);
    // Nobody else can say whether a worker keeps its verdict.
    let voices = dispute.voices.iter().map(|(_, worker)| worker).filter(|worker| !is_outside(look.rules, worker));
    let seats = voices.map(|worker| Seat { worker: worker.clone(), fallbacks: Vec::new() });
    let step = Step { instruction: None, seats: seats.collect(), ..step };
    Event::PlanChanged {
        at: look.at,
        task: task.id.clone(),
        by: None,
        source: PlanSource::Round { round: number, candidate: dispute.candidate },
        adds: vec![step],
        drops: Vec::new(),
        checkpoint_every: None,
        why: dispute.why.clone(),
    }
}

/// The steps in which those of a dispute judged, what they saw there, and the claims that were tried since.
fn rests_on(task: &Task, dispute: &Dispute) -> Vec<StepId> {
    let answers = dispute.voices.iter().filter_map(|(number, _)| task.attempts.get(number));
    let made = dispute.candidate.and_then(|number| task.attempts.get(&number));
    let mut needs: Vec<StepId> = Vec::new();
    let mut need = |id: &StepId| {
        if !needs.contains(id) {
            needs.push(id.clone());
        }
    };
    for attempt in made.into_iter().chain(answers) {
        let first = first_step(task, attempt).into_iter();
        first.flat_map(|step| step.needs.iter().chain([&step.id])).chain([&attempt.step]).for_each(&mut need);
    }
    let tried = task.growth.proofs.iter().filter(|tried| tried.candidate == dispute.candidate);
    tried.map(|tried| &tried.step).for_each(&mut need);
    needs
}

/// The worst claim of a few that nobody has tried, for the strongest worker that did not raise it.
fn proof(look: Look<'_>, dispute: &Dispute) -> Option<Event> {
    let Look { state, rules, task, at } = look;
    let held = task.growth.proofs.len();
    let limits = held < rules.consensus.proofs_max as usize && attempts_left(rules, task, 0);
    let issue = dispute.claims.first().filter(|_| limits && !budget::is_spent(state, rules, task, at))?;
    let workers = provers(look, dispute, &issue.raised_by);
    let (worker, fallbacks) = workers.split_first()?;
    let id = free_name(task, &format!("proof-{}", held + 1));
    let needs = rests_on(task, dispute);
    let step = planning::steering(look, (id, StepAim::Prove), Role::new("critic"), String::new(), needs);
    let seats = vec![Seat { worker: worker.clone(), fallbacks: fallbacks.to_vec() }];
    let (claim, raised_by, candidate) = (issue.claim.clone(), issue.raised_by.clone(), dispute.candidate);
    let (few, all) = (raised_by.len(), dispute.voices.len());
    let why = format!("{few} of {all} claim a {} fault: {}", claim.severity.as_str(), claim.what);
    Some(Event::PlanChanged {
        at,
        task: task.id.clone(),
        by: None,
        source: PlanSource::Proof { claim, raised_by, candidate },
        adds: vec![Step { instruction: None, seats, ..step }],
        drops: Vec::new(),
        checkpoint_every: None,
        why,
    })
}

/// Who may try a claim, strongest first, of equals those who have not judged yet: anyone who neither raised it nor made
/// what it is about. A person or an agent outside is not kept waiting for.
fn provers(look: Look<'_>, dispute: &Dispute, raised_by: &[WorkerName]) -> Vec<WorkerName> {
    let Look { state, rules, task, .. } = look;
    let named = &task.spec.models;
    let maker = dispute.candidate.and_then(|number| task.attempts.get(&number)).map(|attempt| &attempt.worker);
    let judged = |worker: &WorkerName| dispute.voices.iter().any(|(_, voice)| voice == worker);
    let able = rules.workers.iter().filter(|rule| {
        !rule.outside
            && (named.is_empty() || named.contains(&rule.name))
            && !raised_by.contains(&rule.name)
            && maker != Some(&rule.name)
            && !is_blocked(state, &rule.name)
    });
    let mut able: Vec<_> = able.collect();
    able.sort_by_key(|rule| (rule.tier, judged(&rule.name)));
    able.into_iter().map(|rule| rule.name.clone()).collect()
}

/// What a worker is asked for that is to show or to refute a claim.
pub(in crate::board) fn proof_of(task: &Task, step: &Step) -> Purpose {
    match task.growth.proofs.iter().find(|tried| tried.step == step.id) {
        Some(tried) => Purpose::Prove { claim: tried.claim.clone(), candidate: tried.candidate },
        // Only a damaged journal could hold such a step without its claim.
        None => Purpose::Judge,
    }
}

/// The step in which a worker judged first.
fn first_step<'a>(task: &'a Task, attempt: &'a Attempt) -> Option<&'a Step> {
    task.step(&origin(task, attempt).step)
}

/// The attempt in which a worker judged first, however often it has been asked since.
pub(in crate::board) fn origin<'a>(task: &'a Task, attempt: &'a Attempt) -> &'a Attempt {
    let mut origin = attempt;
    while let Purpose::Reconsider { own, .. } = &origin.purpose {
        // Only what came earlier can be asked about again, so this ends.
        match task.attempts.get(own).filter(|earlier| earlier.number < origin.number) {
            Some(earlier) => origin = earlier,
            None => break,
        }
    }
    origin
}

/// What a worker is asked for in a further round, and in which role: its own.
pub(in crate::board) fn reconsidered(task: &Task, step: &Step, worker: &WorkerName) -> Option<(Purpose, Role)> {
    let round = task.growth.rounds.iter().find(|round| round.step == step.id)?;
    let mut answers: Vec<u32> = Vec::new();
    let mut own: Option<&Attempt> = None;
    for seat in &step.seats {
        let Some(latest) = latest(task, step, &seat.worker, round.candidate) else { continue };
        answers.push(latest.number);
        if seat.worker == *worker {
            own = Some(latest);
        }
    }
    let own = own?;
    // The order must tell nobody who is who, and every worker gets another.
    answers.sort_by_key(|number| {
        spread(&[task.id.as_str().as_bytes(), worker.as_str().as_bytes(), &number.to_le_bytes()])
    });
    let first = match round.candidate {
        Some(candidate) => Purpose::Check { candidates: vec![candidate] },
        None => Purpose::Judge,
    };
    let role = origin(task, own).role.clone();
    Some((Purpose::Reconsider { first: Box::new(first), own: own.number, answers }, role))
}

/// What a worker said last of the matter or the candidate before this step: its latest vote, or what there is where it
/// gave none that counts.
fn latest<'a>(task: &'a Task, step: &Step, worker: &WorkerName, candidate: Option<u32>) -> Option<&'a Attempt> {
    let mine = task
        .attempts
        .values()
        .filter(|attempt| attempt.worker == *worker && attempt.step != step.id && step.needs.contains(&attempt.step));
    let said = |attempt: &&Attempt| match &attempt.state {
        AttemptState::Answered { answer, .. } => answer.verdicts.iter().any(|verdict| verdict.candidate == candidate),
        AttemptState::Planned { .. } | AttemptState::Running { .. } | AttemptState::Failed { .. } => false,
    };
    mine.filter(said).max_by_key(|attempt| (consensus::counts(attempt, candidate), attempt.number))
}
