//! The names a person wrote into a task: each must exist, and a refusal says which one was probably meant.

use crate::board::decide::unacceptable;
use crate::board::input::{Offer, Refusal};
use crate::board::rules::Rules;

/// Refuses an offer that names a worker, a role, a kind or a pipeline that does not exist.
///
/// # Errors
/// `Unacceptable`, with the nearest name that exists.
pub(super) fn check(rules: &Rules, offer: &Offer) -> Result<(), Refusal> {
    let workers: Vec<&str> = rules.workers.iter().map(|worker| worker.name.as_str()).collect();
    let steps = || offer.spec.plan.iter().flat_map(|plan| &plan.steps);
    for model in offer.spec.models.iter().chain(steps().flat_map(|step| &step.models)) {
        known("models", "worker", model.as_str(), &workers)?;
    }
    let roles = rules.catalog.role_names();
    for role in offer.spec.role.iter().chain(steps().filter_map(|step| step.role.as_ref())) {
        known("role", "role", role.as_str(), &roles)?;
    }
    if let Some(kind) = &offer.spec.kind {
        known("kind", "kind", kind.as_str(), &rules.catalog.kind_names())?;
    }
    if let Some(pipeline) = &offer.spec.pipeline {
        return Err(unacceptable(
            format!("`pipeline: {pipeline}` names a pipeline, and no pipelines are configured"),
            "take the key out, or write the steps under `plan`",
        ));
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
    Err(unacceptable(format!("`{key}` names the {what} `{name}`, which does not exist"), mend))
}
