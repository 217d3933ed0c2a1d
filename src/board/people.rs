//! People who are asked: how long they are waited for, when they are reminded, what follows when they do not answer. Nothing
//! is polled: the moments stand in the events that begin the waiting, and the state asks to be woken at the next one.

use super::attempt::{Attempt, AttemptState};
use super::event::{Ending, Event};
use super::id::{AttemptKey, TaskId};
use super::input::Refusal;
use super::rules::Rules;
use super::standings::Look;
use super::state::State;
use super::task::{Phase, Task};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How much older than the asking an answer's file may seem: file systems stamp files with a clock of their own.
const ANSWER_SLACK: Duration = Duration::from_secs(1);

/// What the settings say of waiting for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleRules {
    /// A person who has not answered for so long is reminded, once; `None`: never.
    pub remind_after: Option<Duration>,
    /// A decision that nobody has approved or rejected for so long ends undecided; `None`: it waits for ever. How long a step
    /// waits for a person is its worker's time.
    pub deadline: Option<Duration>,
}

/// What begins with asking a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// When the person is reminded; `None`: never, or it has been done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_at: Option<Timestamp>,
    /// When it is given up; `None`: never, or it is the attempt's own deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Waiting {
    /// The moments at which something is to be done.
    pub(in crate::board) fn alarms(self) -> impl Iterator<Item = Timestamp> {
        [self.remind_at, self.until].into_iter().flatten()
    }

    fn is_to_be_reminded(self, at: Timestamp) -> bool {
        self.remind_at.is_some_and(|moment| moment <= at)
    }
}

/// The waiting for an approval that begins now.
pub(in crate::board) fn for_approval(rules: &Rules, at: Timestamp) -> Waiting {
    let PeopleRules { remind_after, deadline } = rules.people;
    let until = deadline.map(|span| at.after(span));
    let remind_at = remind_after.map(|span| at.after(span)).filter(|moment| until.is_none_or(|until| *moment < until));
    Waiting { remind_at, until }
}

/// The waiting for a step's answer that begins now.
pub(in crate::board) fn for_step(rules: &Rules, at: Timestamp, deadline: Timestamp) -> Waiting {
    let remind_at = rules.people.remind_after.map(|span| at.after(span)).filter(|moment| *moment < deadline);
    Waiting { remind_at, until: None }
}

/// What follows of a decision that waits for a person.
pub(in crate::board) fn approval(task: &Task, since: Timestamp, waiting: Waiting, at: Timestamp) -> Vec<Event> {
    if waiting.until.is_some_and(|until| until <= at) {
        let why = format!(
            "nobody approved or rejected the decision within {} h; it stands in decisions/{}.md as it was made",
            (at.since(since).as_secs_f64() / 360.0).round() / 10.0,
            task.id
        );
        return vec![Event::TaskEnded { at, task: task.id.clone(), ending: Ending::Failed { why }, file: None }];
    }
    if waiting.is_to_be_reminded(at) {
        return vec![Event::PersonReminded { at, task: task.id.clone(), attempt: None }];
    }
    Vec::new()
}

/// The people who are to be reminded of a task's steps.
pub(in crate::board) fn reminders(look: Look<'_>) -> Vec<Event> {
    let Look { task, at, .. } = look;
    let due = task.attempts.values().filter(|attempt| {
        matches!(attempt.state, AttemptState::Running { .. })
            && attempt.asked.is_some_and(|waiting| waiting.is_to_be_reminded(at))
    });
    let remind = |attempt: &Attempt| Event::PersonReminded { at, task: task.id.clone(), attempt: Some(attempt.number) };
    due.map(remind).collect()
}

/// The attempt that a person's answer is for. It runs, or has just been ended by this very answer, whose file is seen again
/// after a crash.
///
/// # Errors
/// When no step of the task waits for a person, or the answer is older than the question.
pub(in crate::board) fn handed_in(
    state: &State,
    id: &TaskId,
    which: Option<&str>,
    given: Timestamp,
) -> Result<AttemptKey, Refusal> {
    let task = state.tasks.get(id).ok_or_else(|| Refusal::NoSuchTask { task: id.clone() })?;
    let of_step = |attempt: &&Attempt| {
        which.is_none_or(|which| which == attempt.step.as_str() || which == attempt.worker.as_str())
    };
    let fits = |attempt: &&Attempt| match &attempt.state {
        AttemptState::Running { started, .. } => given.after(ANSWER_SLACK) >= *started,
        AttemptState::Answered { started, ended, .. } => {
            given.after(ANSWER_SLACK) >= *started && given <= ended.after(ANSWER_SLACK)
        }
        AttemptState::Planned { .. } | AttemptState::Failed { .. } => false,
    };
    let asked = task.attempts.values().filter(|attempt| attempt.asked.is_some());
    let attempt = asked.filter(of_step).rfind(fits);
    let attempt = attempt.ok_or_else(|| Refusal::WrongState {
        task: id.clone(),
        state: "has no step that waits for a person's answer".to_owned(),
    })?;
    Ok(AttemptKey { task: id.clone(), number: attempt.number })
}

/// Notes that a person was reminded, so that it happens once.
pub(in crate::board) fn reminded(task: &mut Task, attempt: Option<u32>) {
    match attempt {
        Some(number) => {
            let waiting = task.attempts.get_mut(&number).and_then(|attempt| attempt.asked.as_mut());
            if let Some(waiting) = waiting {
                waiting.remind_at = None;
            }
        }
        None => {
            if let Phase::AwaitingPerson { waiting, .. } = &mut task.phase {
                waiting.remind_at = None;
            }
        }
    }
}
