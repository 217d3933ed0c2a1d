//! What the chair is told where a step says only that outputs are to be brought together: it depends on what they are.

use crate::board::id::StepId;
use crate::board::plan::{Step, StepAim};

const PLAN_AND_IMPLEMENTATION: &str = include_str!("plan_and_implementation.md");
const IMPLEMENTATION_AND_REVIEW: &str = include_str!("implementation_and_review.md");
const PLAN_IMPLEMENTATION_AND_REVIEW: &str = include_str!("plan_implementation_and_review.md");
const SEVERAL: &str = include_str!("several.md");

/// Roles whose outputs say how something is to be made, and roles whose outputs are what was made.
const PLANS: [&str; 2] = ["planner", "architect"];
const MAKES: [&str; 4] = ["implementer", "executor", "optimizer", "tester"];

/// The text for these steps.
pub(super) fn text(needs: &[StepId], before: &[Step]) -> &'static str {
    let needed: Vec<&Step> = before.iter().filter(|step| needs.contains(&step.id)).collect();
    let made_by =
        |roles: &[&str]| needed.iter().any(|step| step.aim == StepAim::Make && roles.contains(&step.role.as_str()));
    let reviewed = needed.iter().any(|step| step.aim == StepAim::Check || step.role.as_str() == "reviewer");
    match (made_by(&PLANS), made_by(&MAKES), reviewed) {
        (true, true, true) => PLAN_IMPLEMENTATION_AND_REVIEW,
        (true, true, false) => PLAN_AND_IMPLEMENTATION,
        (false, true, true) => IMPLEMENTATION_AND_REVIEW,
        _ => SEVERAL,
    }
}
