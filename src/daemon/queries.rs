//! Questions that change nothing, answered from the state and, for tasks that are over, from the store.

use super::engine::Engine;
use super::incoming::{Query, Rows};
use crate::api::{Report, Status, TaskRow, WorkerRow};
use crate::board::state::Resting;
use crate::board::{self, Phase, State, Task, TaskId};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// From here on a place in a list counts open tasks; below it stand the numbers of ended ones. Exact in every JSON reader.
const OPEN_ROWS_FROM: u64 = 1 << 52;

/// Pages of ended tasks that one question may make the loop read; a list that wants few of many goes on with the next question.
const SUMMARY_PAGES_MAX: usize = 50;

/// A task on its way to who asked.
type TaskReply = oneshot::Sender<Result<Option<Box<Task>>, String>>;

/// Those who wait for a task to rest.
#[derive(Debug, Default)]
pub(super) struct Waiting(Vec<(TaskId, TaskReply)>);

impl Engine {
    pub(super) fn query(&mut self, query: Query) {
        // Who no longer listens has given the reply up, so a failed send is nothing to mend.
        match query {
            Query::Task(task, reply) => drop(reply.send(self.task(&task))),
            Query::Rested(task, reply) => self.rested(task, reply),
            Query::Rows { state, limit, before, reply } => drop(reply.send(self.rows(state.as_deref(), limit, before))),
            Query::Route(offer, reply) => {
                let offer = self.name(*offer, self.clock.now());
                let routed = offer.and_then(|offer| board::route(&self.state, &self.rules, &offer));
                drop(reply.send(routed.map(Box::new)));
            }
            Query::Workers(reply) => drop(reply.send(self.workers())),
            Query::Replay(task, what_if, reply) => {
                let again = |task: Box<Task>| {
                    let (records, now) = (&self.state.globals.tallies, self.clock.now());
                    board::replay::replay(&task, records, &self.rules, &what_if, now).map(Box::new)
                };
                drop(reply.send(self.task(&task).map(|found| found.map(again))));
            }
            Query::Report(by, since, reply) => {
                drop(reply.send(Box::new(Report::of(&self.state.globals.tallies, by, since.as_ref()))));
            }
            Query::Notices(query) => self.notices.ask(query, self.state.seq),
            Query::MemoryHistory(name, before, limit, reply) => {
                let found = self.store.memory_history(&name, before, limit);
                drop(reply.send(found.map_err(|error| error.to_string())));
            }
            Query::MemoryRevision(name, revision, reply) => {
                let found = self.store.memory_revision(&name, revision);
                drop(reply.send(found.map_err(|error| error.to_string())));
            }
            Query::Status(reply) => drop(reply.send(self.status())),
        }
    }

    /// An open task from the state; a finished one made again from its history.
    fn task(&self, id: &TaskId) -> Result<Option<Box<Task>>, String> {
        if let Some(task) = self.state.task(id) {
            return Ok(Some(Box::new(task.clone())));
        }
        let history = self.store.history(id).map_err(|error| error.to_string())?;
        let Some(history) = history else { return Ok(None) };
        let mut scratch = State::default();
        for (seq, event) in &history {
            if !matches!(event, board::Event::TaskArchived { .. }) {
                board::apply(&mut scratch, *seq, event);
            }
        }
        Ok(scratch.tasks.remove(id).map(Box::new))
    }

    fn rested(&mut self, id: TaskId, reply: TaskReply) {
        match self.state.task(&id) {
            Some(task) if !rests(task) => {
                self.waiting.0.retain(|(_, waiting)| !waiting.is_closed());
                self.waiting.0.push((id, reply));
            }
            Some(_) | None => drop(reply.send(self.task(&id))),
        }
    }

    /// Answers those whose task has come to rest.
    pub(super) fn tell_rested(&mut self) {
        let waiting = std::mem::take(&mut self.waiting.0);
        for (id, reply) in waiting {
            match self.state.task(&id) {
                Some(task) if !rests(task) => self.waiting.0.push((id, reply)),
                Some(_) | None => drop(reply.send(self.task(&id))),
            }
        }
    }

    /// A page of tasks: open ones first, then ended ones from the newest. `before` is where the page before ended: above
    /// [`OPEN_ROWS_FROM`] so many open tasks are passed over, below it stands the number of an ended task.
    fn rows(&self, state: Option<&str>, limit: usize, before: Option<u64>) -> Result<Rows, String> {
        let limit = limit.clamp(1, self.limits.page_items_max);
        let wanted = |row: &TaskRow| state.is_none_or(|state| row.state == state);
        let mut rows: Vec<TaskRow> = Vec::new();
        let mut below = before.filter(|number| *number < OPEN_ROWS_FROM);
        if below.is_none() {
            let passed = usize::try_from(before.unwrap_or(OPEN_ROWS_FROM) - OPEN_ROWS_FROM).unwrap_or(usize::MAX);
            let open = self.open_rows(wanted);
            let total = open.len();
            rows.extend(open.into_iter().skip(passed).take(limit));
            if rows.len() == limit {
                let shown = passed.saturating_add(limit);
                let ended = (self.store.finished() > 0).then_some(OPEN_ROWS_FROM - 1);
                return Ok((rows, if shown < total { Some(OPEN_ROWS_FROM + shown as u64) } else { ended }));
            }
        }
        for _ in 0..SUMMARY_PAGES_MAX {
            let ask = if state.is_some() { self.limits.page_items_max } else { limit - rows.len() };
            let page = self.store.summaries(below, ask).map_err(|error| error.to_string())?;
            if page.is_empty() {
                return Ok((rows, None));
            }
            for ended in page {
                below = Some(ended.number);
                rows.extend(serde_json::from_value(ended.summary).ok().filter(wanted));
                if rows.len() == limit {
                    // The first task that ever ended bears the number 1: nothing stands below it.
                    return Ok((rows, below.filter(|number| *number > 1)));
                }
            }
        }
        Ok((rows, below))
    }

    fn open_rows(&self, wanted: impl Fn(&TaskRow) -> bool) -> Vec<TaskRow> {
        let mut rows: Vec<TaskRow> = self.state.tasks.values().map(TaskRow::of).filter(wanted).collect();
        rows.sort_by_key(|row| (Reverse(row.accepted), row.id.clone()));
        rows
    }

    fn workers(&self) -> Vec<WorkerRow> {
        let rows = self.rules.workers.iter().map(|worker| {
            let standing = match self.state.globals.health.get(&worker.name).map(|health| &health.rest) {
                None | Some(Resting::Awake) => "ready".to_owned(),
                Some(Resting::Until { at }) if *at <= self.clock.now() => "ready, on trial".to_owned(),
                Some(Resting::Until { at }) => format!("resting until {at}"),
                Some(Resting::Blocked { why }) => format!("blocked: {why}"),
            };
            WorkerRow {
                name: worker.name.as_str().to_owned(),
                provider: self.facts.providers.get(worker.name.as_str()).cloned().unwrap_or_default(),
                model: worker.model.clone(),
                tier: worker.tier,
                family: worker.family.clone(),
                standing,
                running: self.state.running_of(&worker.name),
            }
        });
        rows.collect()
    }

    /// Open tasks by how they stand.
    fn phases(&self) -> BTreeMap<String, u64> {
        let mut phases = BTreeMap::new();
        for phase in self.state.tasks.values().map(|task| &task.phase) {
            if !matches!(phase, Phase::Ended { .. }) {
                *phases.entry(phase.as_str().to_owned()).or_default() += 1;
            }
        }
        phases
    }

    fn status(&self) -> Status {
        Status {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: self.facts.workspace.clone(),
            listen: self.facts.listen.clone(),
            open_tasks: self.state.open(),
            phases: self.phases(),
            running_calls: self.state.running(),
            seq: self.state.seq,
            published: self.published,
            trouble: self.troubles.told(),
        }
    }
}

fn rests(task: &Task) -> bool {
    matches!(task.phase, Phase::AwaitingPerson { .. } | Phase::Ended { .. })
}
