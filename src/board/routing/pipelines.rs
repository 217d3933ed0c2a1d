//! Pipelines as data: plans with a name, read from the catalog and checked. Making steps of them is planning's business.

use super::super::plan::Share;
use super::super::spec::{WrittenAim, WrittenPlan, WrittenStep};
use super::catalog::Catalog;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Longest name of a step, in bytes, so that it fits into the name of an output.
const STEP_ID_BYTES_MAX: usize = 40;

/// What a request may begin with and says nothing, in this order.
const POLITE: &[&str] = &["please ", "can you ", "could you ", "please "];

/// A plan with a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::board) struct Pipeline {
    /// Other names a task may use.
    #[serde(default)]
    pub(in crate::board) aliases: Vec<String>,
    /// What it is for, in a line.
    #[serde(default)]
    pub(in crate::board) does: String,
    /// Kinds that a task which names it is probably of.
    #[serde(default)]
    pub(in crate::board) kinds: Vec<String>,
    /// Beginnings of a task's text that ask for it without naming it.
    #[serde(default)]
    opens: Vec<String>,
    /// A review after every so many steps.
    #[serde(default)]
    checkpoint_every: Option<u32>,
    /// What a step sees of the others' outputs.
    #[serde(default)]
    pub(in crate::board) share: Share,
    /// Its steps.
    steps: Vec<WrittenStep>,
}

impl Pipeline {
    /// The words of `text` that ask for it without naming it: one of its openings, at the beginning and up to the end of a
    /// word. Politeness and the marks of a heading before it do not count.
    pub(in crate::board) fn opened_by(&self, text: &str) -> Option<&str> {
        let line =
            text.lines().map(|line| line.trim_start_matches(['#', '*', '-', ' '])).find(|line| !line.is_empty())?;
        let line = line.to_lowercase();
        let opens = |opening: &&String| {
            let rest = without_politeness(&line).strip_prefix(without_politeness(&opening.to_lowercase()));
            rest.is_some_and(|rest| rest.starts_with(|c: char| !c.is_alphanumeric()))
        };
        self.opens.iter().find(opens).map(String::as_str)
    }

    /// Its steps, as a person would have written them.
    pub(in crate::board) fn written(&self) -> WrittenPlan {
        WrittenPlan { steps: self.steps.clone(), checkpoint_every: self.checkpoint_every }
    }

    /// What is wrong with it, as the end of `pipelines.NAME…`.
    pub(super) fn fault(&self, catalog: &Catalog) -> Option<String> {
        if self.steps.is_empty() {
            return Some(" has no steps".to_owned());
        }
        if self.checkpoint_every == Some(0) {
            return Some(".checkpoint_every is 0; it is a number of steps".to_owned());
        }
        if let Some(kind) = self.kinds.iter().find(|kind| catalog.kind(kind).is_none()) {
            return Some(format!(".kinds names `{kind}`, which is no kind"));
        }
        let ids: Vec<&str> = self.steps.iter().map(|step| step.id.as_str()).collect();
        let mut seen = BTreeSet::new();
        for step in &self.steps {
            let named = |what: String| Some(format!(".steps: step `{}` {what}", step.id));
            if let Some(what) = fault_of_step(step, &ids, catalog) {
                return named(what);
            }
            if !seen.insert(step.id.as_str()) {
                return named("stands there twice".to_owned());
            }
        }
        circle(&self.steps).map(|ids| format!(".steps wait for each other: {ids}"))
    }
}

fn without_politeness(line: &str) -> &str {
    POLITE.iter().fold(line, |line, polite| line.strip_prefix(polite).unwrap_or(line))
}

fn fault_of_step(step: &WrittenStep, ids: &[&str], catalog: &Catalog) -> Option<String> {
    let id = step.id.as_str();
    let clean = !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if !clean || id.starts_with('-') || id.len() > STEP_ID_BYTES_MAX {
        return Some(format!("has no fit id: letters, digits, - and _, at most {STEP_ID_BYTES_MAX} bytes"));
    }
    if step.instruction.trim().is_empty() && step.aim != Some(WrittenAim::Synthesize) {
        return Some("has no `do`".to_owned());
    }
    if step.workers == 0 {
        return Some("asks for 0 workers".to_owned());
    }
    if step.consensus && matches!(step.aim, Some(WrittenAim::Make | WrittenAim::Synthesize)) {
        return Some("has `consensus`, which asks for verdicts, and an aim that gives none".to_owned());
    }
    if matches!(step.aim, Some(WrittenAim::Check | WrittenAim::Synthesize)) && step.needs.is_empty() {
        return Some("needs no step, so there is nothing for its aim".to_owned());
    }
    if let Some(need) = step.needs.iter().find(|need| !ids.contains(&need.as_str())) {
        return Some(format!("needs `{need}`, which is no step; steps are {}", ids.join(", ")));
    }
    let role = step.role.as_ref().filter(|role| catalog.role(role.as_str()).is_none())?;
    Some(format!("has the role `{role}`, which does not exist"))
}

/// The steps that can never start.
fn circle(steps: &[WrittenStep]) -> Option<String> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    loop {
        let ready = |step: &&WrittenStep| {
            !done.contains(step.id.as_str()) && step.needs.iter().all(|need| done.contains(need.as_str()))
        };
        match steps.iter().find(ready) {
            Some(step) => done.insert(step.id.as_str()),
            None => break,
        };
    }
    let left: Vec<&str> = steps.iter().map(|step| step.id.as_str()).filter(|id| !done.contains(id)).collect();
    (!left.is_empty()).then(|| left.join(", "))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn politeness_counts_on_neither_side() {
        let pipeline: Pipeline = toml::from_str("opens = ['Please ship', 'tidy up']\nsteps = []").unwrap();
        for (text, opened) in [
            ("Please ship it", Some("Please ship")),
            ("## could you please ship: the release", Some("Please ship")),
            ("Tidy up the sources", Some("tidy up")),
            ("shipping it", None),
        ] {
            assert_eq!(pipeline.opened_by(text), opened, "{text}");
        }
    }
}
