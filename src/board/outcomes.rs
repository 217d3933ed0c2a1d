//! What came out: which answers turned out right, by evidence that is better than a vote. Counting it is the records' business,
//! weighing votes by it the consensus'.
//!
//! **What can be true.** A candidate (something made) is good or not; a matter (something judged) is acceptable or not. The
//! evidence, the stronger later in this list:
//!
//! 1. *Something was run.* The `validate` command passed or failed on a candidate (a failure counts only where the command
//!    passes without the change), or a grave claim against it was confirmed: then it is not good.
//! 2. *A person's word.* Approving a decision says that it is right: the chosen candidate is good, the matter is what the
//!    verdict says. Rejecting it says the opposite. A person outranks a command, because what the tests do not ask for can
//!    still be missing, and because a person who lets failing tests pass knows why.
//! 3. *Applied.* The candidate's patch was put on the user's files: a person's word that cost an act.
//! 4. *Reverted.* It was taken off again: whatever was thought of it, in use it was not good.
//!
//! Nothing else is an outcome: not that a worker agreed with the majority, not that the task ended, not its own confidence.
//! A vote that made itself true would teach the records nothing.
//!
//! **Who was right.** One outcome for each worker, role and task. A maker is right when its candidate is good. A judge is
//! right when its vote says of the thing what is true of it; abstentions have no outcome. Who raised a claim that was run is
//! right when it was confirmed, wrong when it was refuted, whatever its vote says of the whole: the run was about the claim.
//! Of several pieces of evidence on one worker in one role the strongest counts; of several equally strong ones (a judge of
//! three candidates) the majority; where they balance there is no outcome.
//!
//! **When.** An outcome is counted when the task ends, so no vote of a task is weighed by what became of that task. A patch
//! that is applied or reverted afterwards replaces what was counted. For that the cases of the last [`CASES_MAX`] tasks with
//! patches are kept; what is older stays as it was counted.

use super::attempt::{Attempt, Purpose};
use super::consensus;
use super::decision::{Decision, IssueStatus, Vote};
use super::id::{Kind, Role, TaskId, WorkerName};
use super::tally::{Day, Duel};
use super::task::Task;
use super::verdict::{Severity, Stance};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tasks with patches whose cases are kept.
pub const CASES_MAX: usize = 200;

/// What a truth rests on; a later one replaces an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Something was run.
    Run,
    /// A person's word.
    Person,
    /// Its patch was put on the user's files.
    Applied,
    /// Its patch was taken off them again.
    Reverted,
}

/// What evidence says of a matter or a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The candidate (attempt number); `None`: the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<u32>,
    /// Whether it is good.
    pub good: bool,
    /// How that is known.
    pub by: Evidence,
}

/// What one worker said or did of which the truth may become known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stake {
    /// Who.
    pub worker: WorkerName,
    /// In which role.
    pub role: Role,
    /// What.
    pub what: Staked,
}

/// What was staked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Staked {
    /// A candidate.
    Made {
        /// Its attempt.
        attempt: u32,
    },
    /// A vote.
    Voted {
        /// On which candidate; `None`: on the matter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<u32>,
        /// Whether it finds it good.
        good: bool,
        /// The confidence that the worker stated, 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stated: Option<f64>,
    },
    /// A claim that was run, and whether it was confirmed.
    Claimed {
        /// It was.
        confirmed: bool,
    },
}

/// All that can be said of a task's outcomes, now and when its patch is applied or reverted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The task's kind.
    pub kind: Kind,
    /// The day on which the outcomes were counted last.
    pub day: Day,
    /// What the workers said and did.
    pub stakes: Vec<Stake>,
    /// What is known to be true.
    pub truths: Vec<Truth>,
    /// What the panel says is good, or not; `None` where it says nothing.
    pub panel: Option<(Option<u32>, bool)>,
    /// What the worker with the best record alone says.
    pub single: Option<(Option<u32>, bool)>,
}

/// One worker's outcome in one role on a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Whether it was right.
    pub right: bool,
    /// The square of what its stated confidence missed the outcome by, 0 to 1 (Brier 1950); the mean where it voted on several
    /// things, `None` where it stated none.
    pub missed: Option<f64>,
}

impl Case {
    /// The case of a task that is about to end on a day.
    pub(in crate::board) fn of(task: &Task, day: Day) -> Self {
        let mut case = Self {
            kind: task.route.kind.clone(),
            day,
            stakes: made(task),
            truths: tried(task),
            panel: None,
            single: None,
        };
        if let Some(decision) = task.phase.decision() {
            case.stakes.extend(said(task, decision));
            case.claims(task, decision);
            case.word(task, decision);
            case.panel = panel(decision);
            case.single = decision.best_single.as_ref().map(|single| (single.on, single.good));
        }
        case
    }

    /// The case of a task that has not ended, of which nothing is known but what becomes of its patch.
    pub(in crate::board) fn open(kind: Kind, day: Day) -> Self {
        Self { kind, day, stakes: Vec::new(), truths: Vec::new(), panel: None, single: None }
    }

    /// A candidate's patch was applied or reverted. It may be put back after it was taken off: the last act stands.
    pub(in crate::board) fn place(&mut self, attempt: u32, good: bool, by: Evidence) {
        self.truths.retain(|truth| truth.on != Some(attempt));
        self.learn(Some(attempt), good, by);
    }

    /// Takes over what is known from `other`.
    pub(in crate::board) fn truths_of(&mut self, other: &Self) {
        other.truths.iter().for_each(|truth| self.learn(truth.on, truth.good, truth.by));
    }

    /// Adds a truth; a stronger one about the same thing stands, an equally strong one is replaced.
    pub fn learn(&mut self, on: Option<u32>, good: bool, by: Evidence) {
        match self.truths.iter_mut().find(|truth| truth.on == on) {
            Some(truth) if truth.by > by => {}
            Some(truth) => *truth = Truth { on, good, by },
            None => self.truths.push(Truth { on, good, by }),
        }
    }

    /// Every worker's outcome in each of its roles, where there is one.
    pub fn outcomes(&self) -> BTreeMap<(&WorkerName, &Role), Outcome> {
        let mut found: BTreeMap<(&WorkerName, &Role), Vec<Seen>> = BTreeMap::new();
        for stake in &self.stakes {
            if let Some(seen) = self.seen(&stake.what) {
                found.entry((&stake.worker, &stake.role)).or_default().push(seen);
            }
        }
        found.into_iter().filter_map(|(who, seen)| Some((who, strongest(&seen)?))).collect()
    }

    /// How the panel and the best single worker did beside each other, where both said something of which the truth is known.
    pub fn duel(&self) -> Option<Duel> {
        let right = |(on, good): (Option<u32>, bool)| Some(self.truth(on)?.good == good);
        Some(Duel::of(right(self.panel?)?, right(self.single?)?))
    }

    fn truth(&self, on: Option<u32>) -> Option<&Truth> {
        self.truths.iter().find(|truth| truth.on == on)
    }

    fn seen(&self, what: &Staked) -> Option<Seen> {
        match what {
            Staked::Made { attempt } => self.truth(Some(*attempt)).map(|truth| Seen {
                rank: (truth.by, false),
                right: truth.good,
                stated: None,
            }),
            Staked::Voted { on, good, stated } => self.truth(*on).map(|truth| Seen {
                rank: (truth.by, false),
                right: truth.good == *good,
                stated: *stated,
            }),
            // The run was about the claim itself, so it goes before what another run says of the vote.
            Staked::Claimed { confirmed } => {
                Some(Seen { rank: (Evidence::Run, true), right: *confirmed, stated: None })
            }
        }
    }

    /// What running the claims showed: of their raisers, and of the thing they were raised against.
    fn claims(&mut self, task: &Task, decision: &Decision) {
        let on = target(task, decision);
        for issue in decision.issues.iter().filter(|issue| issue.status != IssueStatus::Claimed) {
            let confirmed = issue.status == IssueStatus::Confirmed;
            if confirmed && issue.severity() >= Severity::High {
                self.learn(on, false, Evidence::Run);
            }
            for worker in &issue.raised_by {
                let role = decision.votes.iter().find(|vote| vote.worker == *worker && vote.candidate == on);
                if let Some(role) = role.and_then(|vote| role_of(task, vote)) {
                    let what = Staked::Claimed { confirmed };
                    self.stakes.push(Stake { worker: worker.clone(), role: role.clone(), what });
                }
            }
        }
    }

    /// What a person's word on the decision says.
    fn word(&mut self, task: &Task, decision: &Decision) {
        let Some(approved) = task.approved else { return };
        let parts = consensus::parts(task);
        match decision.answer_attempt {
            Some(number) if is_made(task, number) => self.learn(Some(number), approved, Evidence::Person),
            Some(_) => {}
            None => parts.iter().for_each(|(part, _)| self.learn(Some(part.number), approved, Evidence::Person)),
        }
        if decision.votes.iter().any(|vote| vote.candidate.is_none())
            && let Some(acceptable) = side(decision.verdict)
        {
            self.learn(None, acceptable == approved, Evidence::Person);
        }
    }
}

/// A piece of evidence on a worker.
struct Seen {
    /// How strong it is.
    rank: (Evidence, bool),
    right: bool,
    stated: Option<f64>,
}

fn strongest(seen: &[Seen]) -> Option<Outcome> {
    let top = seen.iter().map(|seen| seen.rank).max()?;
    let counted: Vec<&Seen> = seen.iter().filter(|seen| seen.rank == top).collect();
    let right = counted.iter().filter(|seen| seen.right).count();
    let wrong = counted.len() - right;
    let missed: Vec<f64> = counted
        .iter()
        .filter_map(|seen| {
            let stated = seen.stated.filter(|stated| stated.is_finite())?.clamp(0.0, 1.0);
            Some((stated - f64::from(u8::from(seen.right))).powi(2))
        })
        .collect();
    let mean = missed.iter().sum::<f64>() / missed.len() as f64;
    let missed = (!missed.is_empty()).then_some(mean);
    (right != wrong).then_some(Outcome { right: right > wrong, missed })
}

/// Who made what.
fn made(task: &Task) -> Vec<Stake> {
    let makers = task.answered().filter(|(attempt, _)| makes(attempt));
    makers
        .map(|(attempt, _)| Stake {
            worker: attempt.worker.clone(),
            role: attempt.role.clone(),
            what: Staked::Made { attempt: attempt.number },
        })
        .collect()
}

fn makes(attempt: &Attempt) -> bool {
    matches!(attempt.purpose, Purpose::Make | Purpose::Synthesize)
}

fn is_made(task: &Task, number: u32) -> bool {
    task.attempts.get(&number).is_some_and(makes)
}

/// What the `validate` commands showed of the candidates.
fn tried(task: &Task) -> Vec<Truth> {
    let tried = task.attempts.values().filter_map(|attempt| {
        let validation = attempt.validation.as_ref().filter(|run| run.passed || run.at_base)?;
        Some(Truth { on: Some(attempt.number), good: validation.passed, by: Evidence::Run })
    });
    tried.collect()
}

/// What the judges said, as it counted.
fn said(task: &Task, decision: &Decision) -> Vec<Stake> {
    let stakes = decision.votes.iter().filter_map(|vote| {
        let good = side(vote.reading.counted(vote.verdict))?;
        let what = Staked::Voted { on: vote.candidate, good, stated: vote.stated_confidence };
        Some(Stake { worker: vote.worker.clone(), role: role_of(task, vote)?.clone(), what })
    });
    stakes.collect()
}

/// The role in which a vote was given.
fn role_of<'a>(task: &'a Task, vote: &Vote) -> Option<&'a Role> {
    let gave = |(attempt, answer): &(&Attempt, &super::attempt::Answer)| {
        attempt.worker == vote.worker && answer.verdicts.iter().any(|verdict| verdict.candidate == vote.candidate)
    };
    task.answered().filter(gave).last().map(|(attempt, _)| &attempt.role)
}

/// What a decision is about: the chosen candidate, or the matter.
fn target(task: &Task, decision: &Decision) -> Option<u32> {
    decision
        .answer_attempt
        .filter(|number| is_made(task, *number) && decision.votes.iter().all(|vote| vote.candidate.is_some()))
}

/// What the panel says.
fn panel(decision: &Decision) -> Option<(Option<u32>, bool)> {
    let chosen = decision.votes.iter().any(|vote| vote.candidate.is_some());
    match (chosen, decision.answer_attempt) {
        // To choose a candidate is to say that it is good, unless those who checked it say that none is.
        (true, Some(number)) => Some((Some(number), decision.verdict != Stance::Reject)),
        (true, None) => None,
        (false, _) if decision.votes.is_empty() => None,
        (false, _) => side(decision.verdict).map(|good| (None, good)),
    }
}

/// What a stance says: good, not good, or nothing.
pub(in crate::board) fn side(stance: Stance) -> Option<bool> {
    match stance {
        Stance::Approve | Stance::ApproveWithChanges => Some(true),
        Stance::Reject => Some(false),
        Stance::Abstain => None,
    }
}

/// The cases that are kept for patches that may yet be applied or reverted, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cases(Vec<(TaskId, Case)>);

impl Cases {
    /// Takes a task's case out.
    pub(in crate::board) fn take(&mut self, task: &TaskId) -> Option<Case> {
        let place = self.0.iter().position(|(known, _)| known == task)?;
        Some(self.0.remove(place).1)
    }

    /// Keeps a case; the oldest goes when there are too many.
    pub(in crate::board) fn keep(&mut self, task: TaskId, case: Case) {
        self.0.push((task, case));
        if self.0.len() > CASES_MAX {
            self.0.remove(0);
        }
    }

    /// Whether a task's case is kept.
    pub(in crate::board) fn holds(&self, task: &TaskId) -> bool {
        self.0.iter().any(|(known, _)| known == task)
    }
}

#[cfg(test)]
mod tests;
