//! Calls that can no longer change the outcome of a vote are ended. Whatever those that are still asked may say is tried
//! with the vote itself: when verdict and advice come out the same every time, nobody needs to be waited for.

use super::attempt::{Answer, Attempt, AttemptState, Failure, FailureClass, Purpose, Usage};
use super::consensus;
use super::event::Event;
use super::id::AttemptKey;
use super::plan::{Shape, StepAim};
use super::rules::Rules;
use super::settle::ran_for;
use super::spec::Priority;
use super::standings::Look;
use super::tally::Tallies;
use super::task::Task;
use super::text::Text;
use super::time::Timestamp;
use super::verdict::{Reading, Stance, Verdict};

/// Votes that may be open at most: what each could say is tried in every combination.
const OPEN_MAX: usize = 2;
/// Everything that may be voted. A grave claim could come with any of them and turn an approval into a conflict; were it
/// waited for, no approval would ever be settled. Who asks for early stops gives it up, as the documentation says.
const VOTES: [Stance; 4] = [Stance::Approve, Stance::ApproveWithChanges, Stance::Reject, Stance::Abstain];

/// The ends of the calls of a task whose vote is settled; empty while it is not, or where nobody wants that.
pub(in crate::board) fn stops(Look { state, rules, task, at }: Look<'_>) -> Vec<Event> {
    let judges = |attempt: &&Attempt| is_of_matter(&attempt.purpose);
    let asked = || task.attempts.values().filter(judges).filter(|attempt| is_open(attempt));
    let open = asked().count();
    let only_judging = task.plan.shape == Shape::Judging
        && task.plan.steps.iter().all(|step| matches!(step.aim, StepAim::Judge | StepAim::Reconsider));
    let wanted = rules.consensus.early_stop && task.spec.priority != Priority::Critical && only_judging;
    if !wanted || open == 0 || open > OPEN_MAX || open == task.attempts.len() || !every_seat_is_taken(task) {
        return Vec::new();
    }
    let numbers: Vec<u32> = asked().map(|attempt| attempt.number).collect();
    if !is_settled((rules, &state.globals.tallies), task, &numbers, at) {
        return Vec::new();
    }
    let stop = |attempt: &Attempt| Event::AttemptFailed {
        at,
        key: AttemptKey { task: task.id.clone(), number: attempt.number },
        failure: Failure {
            class: FailureClass::Cancelled,
            message: "not waited for: the vote could no longer change".to_owned(),
            after_s: ran_for(&attempt.state, at),
            usage: Usage::default(),
        },
        rest_until: None,
    };
    asked().map(stop).collect()
}

/// Whether a verdict on the matter is asked for, the first time or once more.
fn is_of_matter(purpose: &Purpose) -> bool {
    match purpose {
        Purpose::Reconsider { first, .. } => is_of_matter(first),
        other => *other == Purpose::Judge,
    }
}

fn is_open(attempt: &Attempt) -> bool {
    matches!(attempt.state, AttemptState::Planned { .. } | AttemptState::Running { .. })
}

/// A seat that waits for its first or its next worker may still bring a vote that nobody here knows of.
fn every_seat_is_taken(task: &Task) -> bool {
    task.plan.steps.iter().all(|step| {
        (0u32..).zip(&step.seats).all(|(seat, _)| {
            let last = task.attempts_of(&step.id).filter(|attempt| attempt.seat == seat).last();
            last.is_some_and(|attempt| is_open(attempt) || matches!(attempt.state, AttemptState::Answered { .. }))
        })
    })
}

/// Whether verdict and advice are the same whatever the open votes are.
fn is_settled(with: (&Rules, &Tallies), task: &Task, open: &[u32], at: Timestamp) -> bool {
    let stands = outcome(with, task, at);
    let mut tried = task.clone();
    let combinations = VOTES.len().pow(u32::try_from(open.len()).unwrap_or(u32::MAX));
    (0..combinations).all(|mut which| {
        for number in open {
            let vote = VOTES[which % VOTES.len()];
            which /= VOTES.len();
            if let Some(attempt) = tried.attempts.get_mut(number) {
                attempt.state = AttemptState::Answered { started: at, ended: at, answer: Box::new(said(vote)) };
            }
        }
        outcome(with, &tried, at) == stands
    })
}

fn outcome(
    (rules, records): (&Rules, &Tallies),
    task: &Task,
    at: Timestamp,
) -> (Stance, super::decision::Recommendation, bool) {
    let decision = consensus::decide(task, records, rules, at);
    (decision.verdict, decision.recommendation, decision.has_conflict)
}

/// An answer with this vote.
fn said(stance: Stance) -> Answer {
    let verdict = Verdict {
        candidate: None,
        stance,
        claims: Vec::new(),
        stated_confidence: None,
        would_change_my_mind: String::new(),
        reading: Reading::Strict,
    };
    Answer {
        text: Text::short(""),
        verdicts: vec![verdict],
        proposal: None,
        patch: None,
        model: String::new(),
        session: None,
        usage: Usage::default(),
        files_modified: Vec::new(),
        not_given: Vec::new(),
        prompt: None,
        resumed: None,
        cached: false,
        call_hash: None,
    }
}
