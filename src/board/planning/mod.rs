//! From an offer to a plan: whatever the person named is checked, the rest is routed, and what says who takes part (a plan
//! written by hand, a pipeline, a team, named workers, a role, the mode) becomes steps with their seats.

mod crew;
mod growing;
mod names;
mod seats;
mod sight;
mod suited;
mod synthesis;
mod team;
mod trees;
mod windows;
mod written;

pub(in crate::board) use growing::{has_another, laid_out, simple, steering};

use super::event::{Route, RoutedStep};
use super::id::{Role, StepId, WorkerName};
use super::input::{Offer, Refusal};
use super::plan::{Plan, PlanSource, Shape, Share, Step, StepAim};
use super::rests::is_blocked;
use super::routing::{self, Classified, Pipeline};
use super::rules::Rules;
use super::selection::{self, Occasion};
use super::spec::{Mode, Priority, TaskSpec, WorkspaceAccess};
use super::standings::Look;
use super::state::State;
use std::collections::BTreeSet;
use suited::{Seeking, Table};

/// What the task is taken for and how it is carried out.
///
/// # Errors
/// `Unacceptable` for a name that does not exist, with the nearest one that does; `NoWorker` when nobody could be asked.
pub(in crate::board) fn plan(state: &State, rules: &Rules, offer: &Offer) -> Result<(Route, Plan), Refusal> {
    names::check(rules, offer)?;
    let priority = priority(rules, offer);
    let mut classified = routing::classify(&offer.words, &offer.spec, &rules.catalog);
    let ranked = available(state, rules, offer, &mut classified)?;
    if priority == Priority::Critical {
        classified.mode = Mode::Architectural;
    }
    let mut said = Vec::new();
    let mut plan = lay_out(state, rules, offer, &mut classified, &ranked, &mut said)?;
    trees::fit(&mut plan.steps, &offer.spec);
    let Classified { kind, category, mode, mut why, .. } = classified;
    why.extend(said);
    let workers = seated(&plan.steps);
    Ok((Route { kind, category, mode, priority, workers, why, needs: offer.needs, steps: Vec::new() }, plan))
}

/// The ranking with the cheapest reliable worker for the task as a whole in front, which is said. Steps that are laid out one
/// by one choose for themselves.
fn chosen(
    state: &State,
    rules: &Rules,
    offer: &Offer,
    classified: &mut Classified,
    ranked: &[WorkerName],
) -> Vec<WorkerName> {
    let mut ranked = ranked.to_vec();
    if offer.spec.models.is_empty() {
        let priority = priority(rules, offer);
        let occasion =
            Occasion { task: &offer.id, step: None, role: &classified.role, kind: &classified.kind, priority };
        let preferred = selection::prefer(&mut ranked, &occasion, rules, state);
        classified.why.extend(preferred);
    }
    ranked
}

/// Who sits in some steps, each once.
fn seated(steps: &[Step]) -> Vec<WorkerName> {
    let mut workers: Vec<WorkerName> = Vec::new();
    for seat in steps.iter().flat_map(|step| &step.seats) {
        if !workers.contains(&seat.worker) {
            workers.push(seat.worker.clone());
        }
    }
    workers
}

/// The priority the task goes by: the person's, or what its team asks for when that is higher.
fn priority(rules: &Rules, offer: &Offer) -> Priority {
    let team = offer.spec.team.as_ref().and_then(|name| rules.catalog.named_team(name));
    team.map_or(offer.spec.priority, |(_, team)| team.priority.max(offer.spec.priority))
}

/// The plan, by the first of what can say how the task is carried out.
fn lay_out(
    state: &State,
    rules: &Rules,
    offer: &Offer,
    classified: &mut Classified,
    ranked: &[WorkerName],
    said: &mut Vec<String>,
) -> Result<Plan, Refusal> {
    let catalog = &rules.catalog;
    let spec = &offer.spec;
    let (task, priority) = (&offer.id, priority(rules, offer));
    let table = |classified| Table { state, rules, task, spec, priority, classified, ranked, bound: true };
    if let Some(written) = &spec.plan {
        classified.why.push("plan: written in the task, so its steps say who takes part".to_owned());
        written::has_matter(written)?;
        let table = table(classified);
        let (steps, more) = written::steps(written, &table)?;
        said.extend(more);
        let shape = shape_of(&steps, classified.shape);
        return Ok(Plan { checkpoint_every: written.checkpoint_every, ..Plan::of(PlanSource::Written, shape, steps) });
    }
    if let Some((name, pipeline)) = spec.pipeline.as_ref().and_then(|name| catalog.pipeline(name)) {
        classified.why.push(format!("pipeline {name}: named in the task ({})", pipeline.does));
        let table = table(classified);
        return piped(name, pipeline, spec.priority == Priority::Critical, &table, said);
    }
    if let Some((name, team)) = spec.team.as_ref().and_then(|name| catalog.named_team(name)) {
        classified.why.push(format!("team {name}: named in the task ({}; {})", team.does, team.consensus.said()));
        let chosen = chosen(state, rules, offer, classified, ranked);
        let steps = crew::steps(team, &Table { ranked: &chosen, ..table(classified) }, said);
        return Ok(Plan::of(PlanSource::Team { name: name.to_owned() }, classified.shape, steps));
    }
    if let Some((name, pipeline, words)) =
        catalog.pipeline_opened_by(&offer.words).filter(|_| says_nothing_of_how(spec))
    {
        classified.why.push(format!("pipeline {name}: the text begins with \"{words}\" ({})", pipeline.does));
        let table = table(classified);
        return piped(name, pipeline, spec.priority == Priority::Critical, &table, said);
    }
    if classified.mode == Mode::Mega {
        // One who was named may plan and do; but a plan that nobody asked for is not made for one alone.
        let alone = spec.models.len() == 1 || spec.role.is_some();
        if spec.mode == Mode::Mega || !alone {
            let (role, every) = planner(rules, classified);
            return Ok(planned(&table(classified), role, every, said));
        }
        let who = if spec.role.is_some() { "a role" } else { "one worker" };
        classified.why.push(format!(
            "mode mega: for {who} alone it is done in one go; `mode: mega` in the task would have it planned"
        ));
    }
    let chosen = chosen(state, rules, offer, classified, ranked);
    let (source, seated) = team::size(offer, rules, classified, chosen.len());
    Ok(Plan::of(source, classified.shape, team::steps(classified, &chosen, seated)))
}

/// Whether a task leaves it open who carries it out and how.
fn says_nothing_of_how(spec: &TaskSpec) -> bool {
    spec.mode == Mode::Auto && spec.kind.is_none() && spec.role.is_none() && spec.models.is_empty()
}

/// A pipeline's steps. Where every worker is to be asked, all of them judge and check.
fn piped(
    name: &str,
    pipeline: &Pipeline,
    everyone: bool,
    table: &Table<'_>,
    said: &mut Vec<String>,
) -> Result<Plan, Refusal> {
    let mut written = pipeline.written();
    if everyone {
        let count = u32::try_from(table.ranked.len()).unwrap_or(u32::MAX);
        let votes = |aim: StepAim| matches!(aim, StepAim::Judge | StepAim::Check);
        for step in written.steps.iter_mut().filter(|step| votes(written::aim(step)) && step.models.is_empty()) {
            step.workers = count;
        }
        said.push(format!("priority critical: every worker judges ({count})"));
    }
    let (steps, more) = written::steps(&written, table)?;
    said.extend(more);
    let shape = shape_of(&steps, table.classified.shape);
    let source = PlanSource::Pipeline { name: name.to_owned() };
    Ok(Plan { checkpoint_every: written.checkpoint_every, share: pipeline.share, ..Plan::of(source, shape, steps) })
}

/// In which role a mega task's plan is written, and after how many of its steps there is a review.
fn planner(rules: &Rules, classified: &mut Classified) -> (String, Option<u32>) {
    let every = rules.catalog.checkpoint_every(Mode::Mega);
    let role = rules.catalog.role_named("planner").unwrap_or(classified.role.as_str()).to_owned();
    let reviews = every.map_or_else(String::new, |every| format!(", and a review after every {every}"));
    classified.why.push(format!("mode mega: a {role} writes the steps{reviews}"));
    (role, every)
}

/// A mega task begins with the planner, who writes the steps; everyone else may take his place.
fn planned(table: &Table<'_>, role: String, every: Option<u32>, said: &mut Vec<String>) -> Plan {
    let classified = routing::classify_step("", Some(&role), table.classified, &table.rules.catalog);
    let apart = BTreeSet::new();
    let (ranked, preferred) = table.suited(&Seeking { step: "plan", classified: &classified, turn: 0, apart: &apart });
    said.extend(preferred);
    let step = Step {
        id: StepId::new("plan"),
        role: Role::new(role),
        instruction: None,
        needs: Vec::new(),
        aim: StepAim::Plan,
        seats: seats::seats(&ranked, 0, 1, 1),
        answer: false,
        stands_for: None,
        workspace: WorkspaceAccess::Read,
        validate: None,
    };
    let source = PlanSource::Mode { mode: Mode::Mega.as_str().to_owned() };
    Plan { checkpoint_every: every, share: Share::Needs, ..Plan::of(source, table.classified.shape, vec![step]) }
}

/// Verdicts are the result where every step that counts asks for them; a plan that marks none goes by its kind.
fn shape_of(steps: &[Step], usual: Shape) -> Shape {
    let mut marked = steps.iter().filter(|step| step.answer).peekable();
    if marked.peek().is_none() {
        return usual;
    }
    if marked.all(|step| step.aim == StepAim::Judge) { Shape::Judging } else { Shape::Making }
}

/// What an offer would be taken for, and who would be asked, without taking it. Where there is nobody to ask, the words
/// are still taken for something.
///
/// # Errors
/// As for accepting it, but for `NoWorker`.
pub fn route(state: &State, rules: &Rules, offer: &Offer) -> Result<Route, Refusal> {
    let (mut route, plan) = match plan(state, rules, offer) {
        Ok(planned) => planned,
        Err(Refusal::NoWorker) => return Ok(unseated(rules, offer)),
        Err(refusal) => return Err(refusal),
    };
    let told = |step: Step| RoutedStep {
        workers: step.seats.into_iter().map(|seat| seat.worker).collect(),
        step: step.id,
        role: step.role,
        aim: step.aim.as_str().to_owned(),
        needs: step.needs,
    };
    route.steps = plan.steps.into_iter().map(told).collect();
    Ok(route)
}

/// What an offer would be taken for if there were somebody to ask.
fn unseated(rules: &Rules, offer: &Offer) -> Route {
    let Classified { kind, category, mut mode, mut why, .. } =
        routing::classify(&offer.words, &offer.spec, &rules.catalog);
    let priority = priority(rules, offer);
    if priority == Priority::Critical {
        mode = Mode::Architectural;
    }
    why.push("no worker is configured, so nobody would be asked (synod doctor says how to get one)".to_owned());
    Route { kind, category, mode, priority, workers: Vec::new(), why, needs: offer.needs, steps: Vec::new() }
}

/// The workers that may be asked, best first: those the person named, or all by rank, without the blocked ones.
fn available(
    state: &State,
    rules: &Rules,
    offer: &Offer,
    classified: &mut Classified,
) -> Result<Vec<WorkerName>, Refusal> {
    let mut ranked =
        if offer.spec.models.is_empty() { routing::rank(classified, rules) } else { offer.spec.models.clone() };
    let mut seen = BTreeSet::new();
    ranked.retain(|worker| seen.insert(worker.clone()));
    if ranked.is_empty() {
        return Err(Refusal::NoWorker);
    }
    let said = suited::keep_the_capable(&mut ranked, &offer.spec, (classified, offer.needs), rules);
    classified.why.extend(said);
    // Blocked workers go last instead of out: by the time of the call a person may have mended them.
    ranked.sort_by_key(|worker| is_blocked(state, worker));
    Ok(ranked)
}

/// The workers for a task that was accepted before, best first: those the person named, or all by rank.
fn ranked(look: Look<'_>, classified: &Classified) -> Vec<WorkerName> {
    let named = &look.task.spec.models;
    let mut ranked = if named.is_empty() { routing::rank(classified, look.rules) } else { named.clone() };
    let mut seen = BTreeSet::new();
    ranked.retain(|worker| seen.insert(worker.clone()));
    // It was said when the task was accepted.
    let _ = suited::keep_the_capable(&mut ranked, &look.task.spec, (classified, look.task.route.needs), look.rules);
    ranked.sort_by_key(|worker| is_blocked(look.state, worker));
    ranked
}
