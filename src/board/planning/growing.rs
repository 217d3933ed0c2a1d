//! Steps that a plan gets after its task was accepted: those of a planner's answer, the planner and the reviewer
//! themselves, and the task in one go where no plan could be had. When that happens is `growing`'s business.

use super::ranked;
use super::seats::seats;
use super::suited::{Seeking, Table};
use super::team::{self, Seated};
use super::trees;
use super::written;
use crate::board::growing::free_name;
use crate::board::id::{Role, StepId, WorkerName};
use crate::board::plan::{Shape, Step, StepAim};
use crate::board::rests::{is_awake, is_blocked};
use crate::board::routing::{self, Classified};
use crate::board::spec::{Mode, WorkspaceAccess, WrittenPlan};
use crate::board::standings::Look;
use std::collections::{BTreeMap, BTreeSet};

/// Steps of a plan that takes one failed step's place.
const RECOVERY_STEPS_MAX: usize = 20;

/// The steps that a planner laid out, ready to be added: names that are free, needs that are done or among them, seats
/// filled. Those that take a `failed` step's place say so; where several last steps would leave the result in pieces, a
/// step that makes one whole of them comes at the end. With them what a person should know of who sits there.
///
/// # Errors
/// What is wrong with the plan, in words for the planner that is asked again.
pub(in crate::board) fn laid_out(
    look: Look<'_>,
    plan: &WrittenPlan,
    is_done: &dyn Fn(&StepId) -> bool,
    failed: Option<&StepId>,
) -> Result<(Vec<Step>, Vec<String>), String> {
    let most = look.rules.plans.steps_max;
    let most = if failed.is_some() { most.min(RECOVERY_STEPS_MAX) } else { most };
    if plan.steps.len() > most {
        return Err(format!("the plan has {} steps, and {most} are the limit", plan.steps.len()));
    }
    known_roles(look, plan)?;
    let (plan, outside) = loosened(plan, is_done);
    let classified = in_role(look, None);
    let workers = ranked(look, &classified);
    if workers.is_empty() {
        return Err("no worker is configured that could do the steps".to_owned());
    }
    // The workers that a planner names are a wish: others may take their place.
    let steps = written::steps(&plan, &Table { bound: false, ..table(look, &classified, &workers) });
    let (mut steps, said) = steps.map_err(|refusal| refusal.to_string().replace("`plan`", "the plan"))?;
    for step in &mut steps {
        step.needs.extend(outside.get(&step.id).into_iter().flatten().cloned());
    }
    rename(look, &mut steps);
    let last = last_steps(&steps);
    match failed {
        Some(failed) => {
            // Where a verdict was asked for, what takes its place gives one.
            let judges = look.task.step(failed).is_some_and(|step| step.aim == StepAim::Judge);
            for step in steps.iter_mut().filter(|step| last.contains(&step.id)) {
                step.stands_for = Some(failed.clone());
                step.aim = if judges && step.aim == StepAim::Make { StepAim::Judge } else { step.aim };
            }
        }
        None => steps.extend(whole(look, &steps)),
    }
    trees::fit_foreign(&mut steps, &look.task.spec);
    Ok((steps, said))
}

/// Who may sit in the steps of a task that was accepted before.
fn table<'a>(look: Look<'a>, classified: &'a Classified, ranked: &'a [WorkerName]) -> Table<'a> {
    let Look { state, rules, task, .. } = look;
    let (spec, priority) = (&task.spec, task.route.priority);
    Table { state, rules, task: &task.id, spec, priority, classified, ranked, bound: true }
}

/// Refuses a role that does not exist; the planner is told which there are.
fn known_roles(look: Look<'_>, plan: &WrittenPlan) -> Result<(), String> {
    let catalog = &look.rules.catalog;
    for step in &plan.steps {
        let Some(role) = &step.role else { continue };
        if catalog.role_named(role.as_str()).is_none() {
            let names = catalog.role_names().join(", ");
            return Err(format!(
                "step `{}` names the role `{role}`, which does not exist; there are: {names}",
                step.id
            ));
        }
    }
    Ok(())
}

/// The plan without needs that name finished steps of the task, and those needs by step.
fn loosened(plan: &WrittenPlan, is_done: &dyn Fn(&StepId) -> bool) -> (WrittenPlan, BTreeMap<StepId, Vec<StepId>>) {
    let own: BTreeSet<&StepId> = plan.steps.iter().map(|step| &step.id).collect();
    let mut loose = plan.clone();
    let mut outside: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for step in &mut loose.steps {
        let (done, own) = step.needs.drain(..).partition(|need| !own.contains(need) && is_done(need));
        step.needs = own;
        outside.insert(step.id.clone(), done);
    }
    (loose, outside)
}

/// Gives new names to steps whose name an earlier step of the task has or had.
fn rename(look: Look<'_>, steps: &mut [Step]) {
    let mut names: BTreeMap<StepId, StepId> = BTreeMap::new();
    for step in steps.iter_mut() {
        let name = free_name(look.task, step.id.as_str());
        names.insert(std::mem::replace(&mut step.id, name.clone()), name);
    }
    for need in steps.iter_mut().flat_map(|step| &mut step.needs) {
        if let Some(name) = names.get(need) {
            need.clone_from(name);
        }
    }
}

/// The steps that no other of them builds on.
fn last_steps(steps: &[Step]) -> BTreeSet<StepId> {
    let needed: BTreeSet<&StepId> = steps.iter().flat_map(|step| &step.needs).collect();
    steps.iter().map(|step| &step.id).filter(|id| !needed.contains(id)).cloned().collect()
}

/// A step that makes one whole of what several last making steps give.
fn whole(look: Look<'_>, steps: &[Step]) -> Option<Step> {
    let makes = |step: &&Step| step.aim == StepAim::Make;
    let built_on: BTreeSet<&StepId> = steps.iter().filter(makes).flat_map(|step| &step.needs).collect();
    let parts: Vec<StepId> =
        steps.iter().filter(makes).map(|step| &step.id).filter(|id| !built_on.contains(id)).cloned().collect();
    if parts.len() < 2 || look.task.plan.shape == Shape::Judging {
        return None;
    }
    let id = free_name(look.task, "synthesis");
    let id = if steps.iter().any(|step| step.id == id) { free_name(look.task, "synthesis-of-all") } else { id };
    let instruction =
        "Make one whole of what the last steps gave: the result of the task, complete and ready to be used. \
                       Say plainly what is missing."
            .to_owned();
    let made = steps.iter().filter(|step| parts.contains(&step.id));
    let makers = made.flat_map(|step| &step.seats).map(|seat| seat.worker.clone()).collect();
    Some(seated_apart(look, (id, StepAim::Synthesize), Role::new("chair"), instruction, (parts, makers)))
}

/// A step of one worker in a role of its own: a planner, a reviewer, a chair. Of those who suit it alike, whoever had no
/// part in what it looks at comes first.
pub(in crate::board) fn steering(
    look: Look<'_>,
    named: (StepId, StepAim),
    role: Role,
    instruction: String,
    needs: Vec<StepId>,
) -> Step {
    let had_part = needs.iter().flat_map(|need| look.task.attempts_of(need));
    let apart = had_part.map(|attempt| attempt.worker.clone()).collect();
    seated_apart(look, named, role, instruction, (needs, apart))
}

fn seated_apart(
    look: Look<'_>,
    (id, aim): (StepId, StepAim),
    role: Role,
    instruction: String,
    (needs, apart): (Vec<StepId>, BTreeSet<WorkerName>),
) -> Step {
    let (task, own) = (in_role(look, None), in_role(look, Some(&role)));
    let workers = ranked(look, &own);
    let turn = look.task.plan.steps.iter().filter(|step| step.aim == aim).count();
    let seeking = Seeking { step: id.as_str(), classified: &own, turn, apart: &apart };
    let (workers, _) = table(look, &task, &workers).suited(&seeking);
    let seats = seats(&workers, 0, 1, 1);
    Step {
        id,
        role,
        instruction: Some(instruction),
        needs,
        aim,
        seats,
        stands_for: None,
        answer: false,
        workspace: WorkspaceAccess::Read,
        validate: None,
    }
}

/// Whether there are two who may be asked for a task at least, so that one may plan around what the other failed at, and
/// one of them can be asked now.
pub(in crate::board) fn has_another(look: Look<'_>) -> bool {
    let Look { state, at, .. } = look;
    let able: Vec<WorkerName> =
        ranked(look, &in_role(look, None)).into_iter().filter(|worker| !is_blocked(state, worker)).collect();
    able.len() > 1 && able.iter().any(|worker| is_awake(state, worker, at))
}

/// The task in one go, by the team of a complex task.
pub(in crate::board) fn simple(look: Look<'_>) -> Vec<Step> {
    let classified = in_role(look, None);
    let workers: Vec<WorkerName> = ranked(look, &classified);
    let seated = Seated::of(look.rules.catalog.team(Mode::Complex), workers.len());
    let mut steps = team::steps(&Classified { mode: Mode::Complex, ..classified }, &workers, seated);
    rename(look, &mut steps);
    trees::fit(&mut steps, &look.task.spec);
    steps
}

/// What the task was taken for, as its route tells it, seen from the person's role or its kind's, or from one that steers
/// its plan.
fn in_role(look: Look<'_>, role: Option<&Role>) -> Classified {
    let (task, catalog) = (look.task, &look.rules.catalog);
    let usual = routing::usual_role(&task.route.kind, catalog);
    let named = task.spec.role.as_ref();
    let own = named.map_or(usual, |role| catalog.role_named(role.as_str()).unwrap_or(role.as_str()));
    let as_role = |name: &str| Role::new(catalog.role_named(name).unwrap_or(name));
    Classified {
        kind: task.route.kind.clone(),
        category: task.route.category.clone(),
        shape: task.plan.shape,
        mode: task.route.mode,
        role: role.map_or_else(|| Role::new(own), |role| as_role(role.as_str())),
        role_named: role.is_some() || named.is_some(),
        check_role: routing::check_role(&task.route.kind, catalog),
        why: Vec::new(),
    }
}
