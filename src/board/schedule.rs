//! Which waiting attempt starts next, within the limits on calls, and when the state must be woken.

use super::attempt::Thread;
use super::batching;
use super::conversations;
use super::event::Event;
use super::id::{AttemptKey, WorkerName};
use super::people;
use super::rests::is_awake;
use super::rules::{Rules, WorkerRule};
use super::state::{Resting, State, Turn};
use super::task::Task;
use super::time::Timestamp;
use std::cmp::Reverse;

/// The start of the attempt whose turn it is, or `None` when every slot is taken or nothing waits.
pub(in crate::board) fn next_start(state: &State, rules: &Rules, at: Timestamp) -> Option<Event> {
    let most = rules.limits.concurrent_calls_max;
    // Zero is not a full house but a daemon that starts nothing at all.
    if most == 0 {
        return None;
    }
    let running = |worker: &WorkerRule| state.index.running.get(&worker.name).copied().unwrap_or(0);
    let outside: u32 = rules.workers.iter().filter(|worker| worker.outside).map(running).sum();
    let full = state.index.running_total.saturating_sub(outside) >= most;
    let workers = rules.workers.iter().filter(|worker| worker.outside || !full);
    let turns = workers.filter_map(|worker| first_turn(state, worker, at).map(|turn| (turn, worker)));
    let ((_, _, key), worker) = turns.min_by(|(one, _), (other, _)| one.cmp(other))?;
    let along = batching::company(state, rules, key, worker);
    let calls = u32::try_from(along.len()).unwrap_or(u32::MAX).saturating_add(1);
    // Several answers take longer to write than one.
    let mut deadline = at.after(worker.timeout.saturating_mul(calls));
    let mut thread = Thread::default();
    if let Some(task) = state.tasks.get(&key.task) {
        if let Some(timeout) = task.spec.timeout {
            deadline = deadline.min(task.accepted.after(timeout));
        }
        thread = conversations::thread(rules, task, key.number);
    }
    let asked = worker.person.then(|| people::for_step(rules, at, deadline));
    Some(Event::AttemptStarted { at, key: key.clone(), deadline, thread, along, asked })
}

/// The first attempt in a worker's queue, when the worker may be asked.
fn first_turn<'a>(state: &'a State, worker: &WorkerRule, at: Timestamp) -> Option<&'a Turn> {
    let queue = state.index.waiting.get(&worker.name)?;
    let running = state.index.running.get(&worker.name).copied().unwrap_or(0);
    if running >= slots(state, worker) || !is_awake(state, &worker.name, at) {
        return None;
    }
    queue.ready.iter().find(|(_, _, key)| !is_held(state, key))
}

/// Whether an attempt waits until its task's plan has been made anew.
fn is_held(state: &State, key: &AttemptKey) -> bool {
    let Some(task) = state.tasks.get(&key.task) else { return false };
    let Some(replan) = &task.growth.replan else { return false };
    task.attempts.get(&key.number).is_some_and(|attempt| attempt.step != *replan)
}

/// A worker that has rested is tried with one call before it gets all its slots again.
fn slots(state: &State, worker: &WorkerRule) -> u32 {
    let probing =
        state.globals.health.get(&worker.name).is_some_and(|health| matches!(health.rest, Resting::Until { .. }));
    if probing { 1 } else { worker.max_concurrent }
}

impl State {
    /// The next moment at which something must be decided although nothing comes in: a call is overdue, a pause or a rest
    /// ends, a task's time is up. It may lie in the past: then it has come since the state was last looked at. `None`: the
    /// loop may sleep until an input comes.
    pub fn next_alarm(&self, rules: &Rules) -> Option<Timestamp> {
        let overdue = self.index.deadlines.first().map(|(deadline, _)| deadline.after(rules.limits.overrun_grace));
        let start =
            self.index.waiting.values().filter_map(|queue| queue.paused.first()).map(|(moment, _)| *moment).min();
        let task = self.index.task_alarms.first().map(|(moment, _)| *moment);
        // A rest that had ended when the state was last looked at has had its effect; what waits still waits for a slot.
        let later = |moment: &Timestamp| *moment > self.index.settled;
        let rest = self.index.waiting.keys().filter_map(|worker| self.rest_end(worker)).filter(later).min();
        let lapse = self.memories.next_lapse();
        [overdue, start, task, rest, lapse].into_iter().flatten().min()
    }

    fn rest_end(&self, worker: &WorkerName) -> Option<Timestamp> {
        match self.globals.health.get(worker)?.rest {
            Resting::Until { at } => Some(at),
            Resting::Awake | Resting::Blocked { .. } => None,
        }
    }

    /// Marks the tasks whose time is up, so that settling looks at them. Each alarm rings once.
    pub(in crate::board) fn wake_tasks(&mut self, at: Timestamp) {
        while let Some((moment, task)) = self.index.task_alarms.pop_first() {
            if moment > at {
                self.index.task_alarms.insert((moment, task));
                return;
            }
            self.index.touched.insert(task);
        }
    }

    /// Puts the attempts whose pause is over into the order in which they start.
    pub(in crate::board) fn wake_attempts(&mut self, at: Timestamp) {
        for queue in self.index.waiting.values_mut() {
            while let Some((moment, key)) = queue.paused.pop_first() {
                if moment > at {
                    queue.paused.insert((moment, key));
                    break;
                }
                if let Some(task) = self.tasks.get(&key.task) {
                    queue.ready.insert(turn(task, &key));
                }
            }
        }
    }
}

/// An attempt's place among those that may start.
pub(in crate::board) fn turn(task: &Task, key: &AttemptKey) -> Turn {
    (Reverse(task.spec.priority), task.accepted, key.clone())
}
