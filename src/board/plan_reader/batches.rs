//! The older form of a plan says which steps may run side by side; needs say what waits for what. Turning the one into the
//! other is here, for plans out of files and out of answers alike.

use crate::board::id::StepId;
use crate::board::spec::WrittenStep;
use std::collections::BTreeSet;

/// Steps of one batch run side by side after everything of the group before; a step in no batch is a group of its own, at
/// its place in the list.
pub fn chain(steps: &mut [WrittenStep], batches: &[Vec<StepId>]) {
    let mut before: Vec<StepId> = Vec::new();
    let mut placed: BTreeSet<StepId> = BTreeSet::new();
    let order: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    for id in order {
        if placed.contains(&id) {
            continue;
        }
        let group = batches.iter().find(|batch| batch.contains(&id)).cloned().unwrap_or_else(|| vec![id]);
        for step in steps.iter_mut().filter(|step| group.contains(&step.id)) {
            step.needs.clone_from(&before);
        }
        placed.extend(group.iter().cloned());
        before = group;
    }
}

/// Checkpoints by step count become one distance: the smallest between two of them. `None` when there are none.
pub fn distance(checkpoints: &[u32]) -> Option<u32> {
    let marks: BTreeSet<u32> = checkpoints.iter().copied().filter(|mark| *mark > 0).collect();
    let before = std::iter::once(0).chain(marks.iter().copied());
    marks.iter().zip(before).map(|(mark, before)| mark - before).min()
}
