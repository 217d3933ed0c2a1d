//! Standing orders: what happens on the blackboard hands in a task by itself. The task becomes true in the very commit of what
//! woke the order, so that there is neither a task without its reason nor a reason whose task a crash took away. A loop is cut
//! by how many orders may stand in a row, and by how often each may be carried out within an hour.

use crate::board::memory::{MemoryName, Patterns};
use crate::board::state::ORDER_RUNS_FOR;
use crate::board::text::INLINE_BYTES_MAX;
use crate::board::{Ending, Event, Input, Kind, Role, Seq, Source, State, Task, TaskId, Text, Timestamp};
use crate::daemon::engine::{Engine, Round};
use crate::daemon::incoming::RawOffer;
use crate::daemon::local::fingerprint;
use crate::daemon::measuring::at_once;
use crate::folder::intake::{self, format};
use globset::GlobMatcher;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

/// What [`OrderLimits::runs_per_hour_max`] counts over.
const HOUR: Duration = ORDER_RUNS_FOR;

/// Orders that wait for room on the board at most; further ones are not carried out.
const PUT_OFF_MAX: usize = 1000;

/// Below this folder memories belong to tasks; only a pattern that names the folder looks there.
const TASKS_OWN: &str = "orchestration/";

/// Where the shared context of a task lies.
const CURRENT: &str = "orchestration/current-task/";

/// A standing order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its place among the `[[trigger]]` tables, from 1.
    pub number: u32,
    /// What wakes it.
    pub when: Woken,
    /// The role that is woken.
    pub role: Role,
    /// The task's text; `{{name}}`, `{{revision}}` and `{{task}}` stand for what woke it.
    pub task: String,
}

/// What wakes an order.
#[derive(Clone, Debug)]
pub enum Woken {
    /// A memory whose name fits has a new text.
    Memory {
        /// What the name must fit.
        names: Patterns,
        /// The pattern speaks of the folder of tasks' memories.
        tasks_own: bool,
    },
    /// A task of this kind ended well.
    Kind(Kind),
    /// A task with this label ended well.
    Label(String),
    /// A task whose name fits ended well.
    Task(GlobMatcher),
    /// Any task ended well.
    AnyTask,
}

/// How orders are bounded.
#[derive(Clone, Copy, Debug)]
pub struct OrderLimits {
    /// Orders in a row.
    pub chain_max: u32,
    /// Tasks that one order may hand in within an hour.
    pub runs_per_hour_max: u32,
}

/// All standing orders, and how often each was carried out lately.
#[derive(Debug)]
pub(in crate::daemon) struct Orders {
    orders: Vec<Order>,
    limits: OrderLimits,
    /// When each was carried out within the last hour, the oldest first; beside it whether it is being held back.
    recent: Vec<(VecDeque<Timestamp>, bool)>,
    /// Those that were woken while the board was full, in that order.
    put_off: VecDeque<Waking>,
    root: PathBuf,
    intake: intake::Limits,
}

/// An order that was woken.
#[derive(Clone, Debug)]
struct Waking {
    /// Its place in the list.
    index: usize,
    /// The memory or the task.
    name: String,
    /// The memory, with its revision.
    memory: Option<(MemoryName, u64)>,
    /// The event.
    seq: Seq,
    /// Orders in a row behind it.
    depth: u32,
}

impl Orders {
    /// Orders, with what is known of how often they were carried out lately.
    pub(in crate::daemon) fn new(
        orders: Vec<Order>,
        limits: OrderLimits,
        state: &State,
        (root, intake): (PathBuf, intake::Limits),
    ) -> Self {
        let runs = |order: &Order| state.globals.order_runs.get(&order.number).cloned().unwrap_or_default();
        let recent = orders.iter().map(|order| (runs(order), false)).collect();
        Self { orders, limits, recent, root, intake, put_off: VecDeque::new() }
    }

    /// The orders that an event wakes.
    fn woken_by(&self, state: &State, seq: Seq, event: &Event) -> Vec<Waking> {
        match event {
            // What is not there any more is nothing to look at.
            Event::MemoryRevised { name, revision, content: Some(_), by, .. } => {
                let depth = depth_behind(state, by);
                let own = task_of(name).and_then(|task| state.tasks.get(&task)).and_then(order_of);
                let wakes = |order: &Order| match &order.when {
                    Woken::Memory { names, tasks_own } => {
                        names.fitting(name).is_some()
                            && (*tasks_own || !name.as_str().starts_with(TASKS_OWN))
                            && own.is_none_or(|(number, _)| number != order.number)
                    }
                    Woken::Kind(_) | Woken::Label(_) | Woken::Task(_) | Woken::AnyTask => false,
                };
                let depth = own.map_or(depth, |(_, behind)| depth.max(behind));
                let waking = |index| Waking {
                    index,
                    name: name.as_str().to_owned(),
                    memory: Some((name.clone(), *revision)),
                    seq,
                    depth,
                };
                self.positions(wakes).map(waking).collect()
            }
            Event::TaskEnded { task, ending: Ending::Done, .. } => {
                let Some(task) = state.tasks.get(task) else { return Vec::new() };
                let depth = order_of(task).map_or(0, |(_, depth)| depth);
                let wakes = |order: &Order| match &order.when {
                    Woken::Memory { .. } => false,
                    Woken::Kind(kind) => task.route.kind == *kind,
                    Woken::Label(label) => task.spec.labels.contains(label),
                    Woken::Task(glob) => glob.is_match(task.id.as_str()),
                    Woken::AnyTask => true,
                };
                let waking = |index| Waking { index, name: task.id.as_str().to_owned(), memory: None, seq, depth };
                self.positions(wakes).map(waking).collect()
            }
            _ => Vec::new(),
        }
    }

    fn positions(&self, wakes: impl Fn(&Order) -> bool) -> impl Iterator<Item = usize> {
        self.orders.iter().enumerate().filter(move |(_, order)| wakes(order)).map(|(index, _)| index)
    }

    /// Why an order may not be carried out now; `None`: it may.
    fn held(&mut self, waking: &Waking, now: Timestamp) -> Option<String> {
        let OrderLimits { chain_max, runs_per_hour_max } = self.limits;
        if waking.depth >= chain_max {
            return Some(format!(
                "{chain_max} orders stand in a row behind it already, which is limits.trigger_chain_max: orders that wake each other \
                 would never end"
            ));
        }
        let (runs, _) = self.recent.get_mut(waking.index)?;
        while runs.front().is_some_and(|first| first.after(HOUR) <= now) {
            runs.pop_front();
        }
        (runs.len() >= runs_per_hour_max as usize).then(|| {
            format!(
                "it was carried out {runs_per_hour_max} times within an hour, which is limits.trigger_runs_per_hour_max"
            )
        })
    }
}

impl Engine {
    /// Hands in the tasks of the orders that this round's events wake, and of those that their events wake in turn.
    pub(in crate::daemon) fn carry_out_orders(&mut self, round: &mut Round) {
        while let Some(waking) = self.next_put_off() {
            self.carry_out(&waking, round);
        }
        let mut seen = 0;
        while let Some((seq, event)) = round.batch.events.get(seen) {
            seen += 1;
            if self.orders.orders.is_empty() {
                return;
            }
            for waking in self.orders.woken_by(&self.state, *seq, event) {
                self.carry_out(&waking, round);
            }
        }
    }

    /// Whether an order waits for room, and there is some.
    pub(in crate::daemon) fn has_put_off(&self) -> bool {
        !self.orders.put_off.is_empty() && !self.is_full() && !self.end.is_begun()
    }

    fn next_put_off(&mut self) -> Option<Waking> {
        if self.has_put_off() { self.orders.put_off.pop_front() } else { None }
    }

    fn carry_out(&mut self, waking: &Waking, round: &mut Round) {
        let now = self.clock.now();
        let held = self.orders.held(waking, now);
        if held.is_none() && self.is_full() && self.orders.put_off.len() < PUT_OFF_MAX {
            tracing::info!(by = waking.name, "a standing order waits until there is room on the board");
            self.orders.put_off.push_back(waking.clone());
            return;
        }
        let failed = held.or_else(|| self.hand_in(waking, round).err());
        let Some((runs, is_held)) = self.orders.recent.get_mut(waking.index) else { return };
        let Some(why) = failed else {
            runs.push_back(now);
            *is_held = false;
            return;
        };
        // Said once, not for each of the events of a loop.
        if std::mem::replace(is_held, true) {
            return;
        }
        let number = self.orders.orders.get(waking.index).map_or(0, |order| order.number);
        tracing::warn!(order = number, by = waking.name, why, "a standing order is not carried out");
        let told = self.decide(Input::OrderHeld { at: now, number, by: waking.name.clone(), why }, round);
        debug_assert!(told.is_ok(), "what is only told is never refused");
    }

    /// Hands in the task of an order. `Err`: why it could not be.
    fn hand_in(&mut self, waking: &Waking, round: &mut Round) -> Result<(), String> {
        let Some(order) = self.orders.orders.get(waking.index) else { return Ok(()) };
        let wanted = TaskId::slug(&format!("order-{}-{}", order.number, waking.seq.0));
        let offer = self.written(order, waking, wanted.clone())?;
        if self.is_behind() {
            return Err("too many ended tasks wait for their pages".to_owned());
        }
        let offer = self.name(offer, self.clock.now()).map_err(|refusal| refusal.to_string())?;
        if offer.id != wanted {
            // The name is made from the event, so it was carried out for this very event before.
            return Ok(());
        }
        self.decide(Input::Offer(Box::new(offer)), round).map_err(|refusal| refusal.to_string())
    }

    /// The task of an order as it is handed in.
    fn written(&self, order: &Order, waking: &Waking, wanted: TaskId) -> Result<RawOffer, String> {
        let revision = waking.memory.as_ref().map_or_else(String::new, |(_, revision)| revision.to_string());
        let task = if waking.memory.is_none() { waking.name.as_str() } else { "" };
        let filled = [("{{name}}", waking.name.as_str()), ("{{revision}}", &revision), ("{{task}}", task)];
        let words = fill(&order.task, &filled);
        let read = format::read("task.txt", words.as_bytes(), &self.orders.root, &self.orders.intake);
        let draft = read.map_err(|reason| format!("its task cannot be read: {}", reason.what))?;
        let text = if words.len() <= INLINE_BYTES_MAX {
            Text::Inline { text: words.clone() }
        } else {
            self.store.blobs().put(&words).map_err(|error| error.to_string())?
        };
        let mut spec = draft.into_spec(text);
        spec.role = Some(order.role.clone());
        spec.memories.extend(waking.memory.iter().map(|(name, _)| name.as_str().to_owned()));
        let by = match &waking.memory {
            Some((name, revision)) => format!("{name}, revision {revision}"),
            None => format!("the end of {}", waking.name),
        };
        let hash = fingerprint(format!("order {} event {}", order.number, waking.seq.0).as_bytes());
        let source = Source::Order { number: order.number, by, depth: waking.depth + 1, hash };
        // The loop waits for no walk through the workspace.
        let needs = at_once(self.calls.places(), &words, &spec);
        Ok(RawOffer { wanted, spec, words, source, needs })
    }
}

/// Fills in what stands for something, in one pass: what is filled in is not looked at again.
fn fill(text: &str, filled: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    loop {
        let next = filled.iter().filter_map(|(mark, value)| rest.find(mark).map(|at| (at, *mark, *value))).min();
        let Some((at, mark, value)) = next else { return out + rest };
        out.push_str(&rest[..at]);
        out.push_str(value);
        rest = &rest[at + mark.len()..];
    }
}

/// The order that a task came from, and how many stand in a row up to it.
fn order_of(task: &Task) -> Option<(u32, u32)> {
    match &task.source {
        Source::Order { number, depth, .. } => Some((*number, *depth)),
        Source::File { .. } | Source::Face { .. } => None,
    }
}

/// The task whose memory this is.
fn task_of(name: &MemoryName) -> Option<TaskId> {
    let (task, _) = name.as_str().strip_prefix(CURRENT)?.split_once('/')?;
    Some(TaskId::slug(task))
}

/// Orders in a row behind what somebody wrote: known where a worker that is asked on behalf of an order writes in its own name.
fn depth_behind(state: &State, by: &str) -> u32 {
    let asked = |task: &Task| {
        task.attempts.values().any(|attempt| {
            attempt.worker.as_str() == by && matches!(attempt.state, crate::board::AttemptState::Running { .. })
        })
    };
    let behind = state.tasks.values().filter_map(|task| order_of(task).filter(|_| asked(task)));
    behind.map(|(_, depth)| depth).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let filled = [("{{name}}", "{{task}}"), ("{{revision}}", "3"), ("{{task}}", "x")];
        assert_eq!(fill("Look at {{name}} ({{revision}}), {{task}}.", &filled), "Look at {{task}} (3), x.");
        assert_eq!(fill("nothing", &filled), "nothing");
    }
}
