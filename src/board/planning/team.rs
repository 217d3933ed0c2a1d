//! The team of a mode: how many take part, and the steps in which they make, judge and check.

use super::seats::seats;
use crate::board::id::{Role, StepId, WorkerName};
use crate::board::input::Offer;
use crate::board::plan::{PlanSource, Seat, Shape, Step, StepAim};
use crate::board::routing::{Classified, Team};
use crate::board::rules::Rules;
use crate::board::spec::{Mode, Priority, WorkspaceAccess};

/// How many take part, and why.
pub(super) fn size(
    offer: &Offer,
    rules: &Rules,
    classified: &mut Classified,
    available: usize,
) -> (PlanSource, Seated) {
    let everyone = Seated { makers: available, checkers: 0 };
    let why = &mut classified.why;
    if !offer.spec.models.is_empty() {
        why.push("workers: named in the task, so these and no others".to_owned());
        return (PlanSource::Named, everyone);
    }
    if offer.spec.priority == Priority::Critical {
        why.push(format!("priority critical: every worker takes part ({available})"));
        let mode = || PlanSource::Mode { mode: classified.mode.as_str().to_owned() };
        return (if offer.spec.role.is_some() { PlanSource::Named } else { mode() }, everyone);
    }
    if let Some(role) = &offer.spec.role {
        why.push(format!("role {role}: named in the task, so one worker in that role"));
        return (PlanSource::Named, Seated { makers: 1, checkers: 0 });
    }
    let mode = classified.mode;
    // A mega task for one worker or one role has no plan to be laid out.
    let asked = if mode == Mode::Mega { Mode::Complex } else { mode };
    let wanted = rules.catalog.team(asked);
    let seated = Seated::of(wanted, available);
    why.extend(seated.shortfall(wanted, asked, classified.shape, available));
    (PlanSource::Mode { mode: mode.as_str().to_owned() }, seated)
}

/// How many get a seat.
#[derive(Clone, Copy)]
pub(super) struct Seated {
    /// Those who make or judge.
    makers: usize,
    /// Those who check what was made.
    checkers: usize,
}

impl Seated {
    /// As many of a team as there are workers; those who make or judge come first.
    pub(super) fn of(team: Team, available: usize) -> Self {
        let makers = team.workers.map_or(available, |count| (count as usize).min(available));
        Self { makers, checkers: (team.validators as usize).min(available - makers) }
    }

    /// What becomes of a team that is larger than what there is; `None` when it is not.
    fn shortfall(self, team: Team, mode: Mode, shape: Shape, available: usize) -> Option<String> {
        let workers = team.workers.map_or(available, |count| count as usize);
        let validators = team.validators as usize;
        if self.makers + self.checkers == workers + validators {
            return None;
        }
        let (wanted, instead) = match (shape, self.makers, self.checkers) {
            (Shape::Judging, 1, 0) => (format!("{} workers", workers + validators), "it judges alone".to_owned()),
            (Shape::Judging, ..) => (format!("{} workers", workers + validators), "all of them judge".to_owned()),
            (Shape::Making, 1, 0) => {
                (format!("{workers} and {validators} to check"), "it works alone and nobody checks it".to_owned())
            }
            (Shape::Making, makers, 0) => {
                (format!("{workers} and {validators} to check"), format!("{makers} work and check each other"))
            }
            (Shape::Making, makers, checkers) => {
                (format!("{workers} and {validators} to check"), format!("{makers} work and {checkers} check(s)"))
            }
        };
        Some(format!("mode {} asks for {wanted}; {available} can be asked, so {instead}", mode.as_str()))
    }
}

/// Judging: everyone judges side by side, unseen by the others. Making: the makers make, then validators (or, where there
/// are none, the makers over each other's work) judge.
pub(super) fn steps(classified: &Classified, ranked: &[WorkerName], seated: Seated) -> Vec<Step> {
    let Seated { makers, checkers } = seated;
    let team = makers + checkers;
    let make = StepId::new("make");
    match classified.shape {
        Shape::Judging => vec![step("judge", &classified.role, StepAim::Judge, &[], seats(ranked, 0, team, team))],
        Shape::Making => {
            let mut steps = vec![step("make", &classified.role, StepAim::Make, &[], seats(ranked, 0, makers, team))];
            let (from, count) = if checkers > 0 { (makers, checkers) } else { (0, makers) };
            if team > 1 {
                let seats = seats(ranked, from, count, team);
                steps.push(step("check", &classified.check_role, StepAim::Check, &[make], seats));
            }
            steps
        }
    }
}

fn step(id: &str, role: &Role, aim: StepAim, needs: &[StepId], seats: Vec<Seat>) -> Step {
    Step {
        id: StepId::new(id),
        role: role.clone(),
        instruction: None,
        needs: needs.to_vec(),
        aim,
        seats,
        answer: false,
        stands_for: None,
        workspace: WorkspaceAccess::Read,
        validate: None,
    }
}
