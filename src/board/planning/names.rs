//! The names a person wrote into a task: each must exist, and a refusal says which one was probably meant.

use super::written;
use crate::board::decide::unacceptable;
use crate::board::id::WorkerName;
use crate::board::input::{Offer, Refusal};
use crate::board::plan::StepAim;
use crate::board::routing::matching;
use crate::board::rules::Rules;

/// Refuses an offer that names a worker, a role, a kind, a team or a pipeline that does not exist, or more than one way to
/// carry the task out.
///
/// # Errors
/// `Unacceptable`, with the nearest name that exists.
pub(super) fn check(rules: &Rules, offer: &Offer) -> Result<(), Refusal> {
    let (spec, catalog) = (&offer.spec, &rules.catalog);
    let workers: Vec<&str> = rules.workers.iter().map(|worker| worker.name.as_str()).collect();
    let names: Vec<WorkerName> = rules.workers.iter().map(|worker| worker.name.clone()).collect();
    let steps = || spec.plan.iter().flat_map(|plan| &plan.steps);
    for model in &spec.models {
        known("models", "worker", model.as_str(), &workers)?;
    }
    // In a step a model may be meant as well as a worker.
    let runs = |model: &&WorkerName| matching(model.as_str(), rules, &names).is_empty();
    for step in steps() {
        for model in step.models.iter().filter(runs) {
            known(&format!("step {} of the plan", step.id), "worker or model", model.as_str(), &workers)?;
        }
    }
    let roles = catalog.role_names();
    for role in spec.role.iter().chain(steps().filter_map(|step| step.role.as_ref())) {
        known("role", "role", role.as_str(), &roles)?;
    }
    if let Some(kind) = &spec.kind {
        known("kind", "kind", kind.as_str(), &catalog.kind_names())?;
    }
    if let Some(name) = spec.pipeline.as_ref().filter(|name| catalog.pipeline(name).is_none()) {
        known("pipeline", "pipeline", name, &catalog.pipeline_names())?;
    }
    if let Some(name) = spec.team.as_ref().filter(|name| catalog.named_team(name).is_none()) {
        known("team", "team", name, &catalog.team_names())?;
    }
    if spec.pipeline.is_some() && spec.team.is_some() {
        return Err(unacceptable("both pipeline and team are given", "keep one of them: each says who does what"));
    }
    if let Some(step) =
        steps().find(|step| step.instruction.trim().is_empty() && written::aim(step) != StepAim::Synthesize)
    {
        return Err(unacceptable(format!("step `{}` of the plan has no `do`", step.id), "say what the step is to do"));
    }
    Ok(())
}

/// Refuses a name that is not among `names`, and says which one was probably meant.
fn known(key: &str, what: &str, name: &str, names: &[&str]) -> Result<(), Refusal> {
    if names.contains(&name) {
        return Ok(());
    }
    let nearest = names.iter().map(|other| (strsim::jaro_winkler(name, other), other));
    let nearest = nearest.filter(|(likeness, _)| *likeness > 0.75).max_by(|one, other| one.0.total_cmp(&other.0));
    let mend = match nearest {
        Some((_, other)) => format!("did you mean `{other}`? There are: {}", names.join(", ")),
        None if names.is_empty() => format!("no {what} is configured; take the key out"),
        None => format!("there are: {}", names.join(", ")),
    };
    let key = if key.contains(' ') { key.to_owned() } else { format!("`{key}`") };
    Err(unacceptable(format!("{key} names the {what} `{name}`, which does not exist"), mend))
}
