//! A small board that answers from memory, so that these tests see only what the face makes of it: memories with revisions,
//! and one task that goes the way a test tells it to.

use crate::api::{
    Answering, Board, Ending, Error, ErrorKind, Handle, Kind, MemoryFault, MemoryRow, Mode, Notice, Priority, Reply,
    Request, Seq, Status, TaskId, TaskRow, TaskView, Timestamp,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// The board, shared between a test and the server.
#[derive(Clone, Default)]
pub(super) struct Scripted(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    memories: BTreeMap<String, (u64, String)>,
    notices: Vec<Notice>,
    tasks: BTreeMap<String, TaskView>,
    asked: Vec<Request>,
}

impl Scripted {
    pub(super) fn handle(&self) -> Handle {
        Handle::new(self.clone())
    }

    /// Everything that was asked for that changes something.
    pub(super) fn asked(&self) -> Vec<Request> {
        self.0.state.lock().unwrap().asked.clone()
    }

    /// Something happens.
    pub(super) fn happens(&self, event: &str, task: Option<&str>, facts: Value) {
        let mut state = self.0.state.lock().unwrap();
        let seq = Seq(state.notices.len() as u64 + 1);
        let task = task.and_then(TaskId::parse);
        state.notices.push(Notice { seq, at: Timestamp(0), task, event: event.to_owned(), facts });
        drop(state);
        self.0.news.notify_waiters();
    }

    /// A task comes to its end, or waits for a person.
    pub(super) fn ends(&self, task: &str, state: &str, ending: Option<Ending>) {
        {
            let mut inner = self.0.state.lock().unwrap();
            let view = inner.tasks.get_mut(task).unwrap();
            view.row.state = state.to_owned();
            view.row.ended = ending.as_ref().map(|_| Timestamp(1));
            view.row.ending = ending;
            view.answer = Some("the answer".to_owned());
        }
        self.happens("task_ended", Some(task), json!({}));
    }

    fn answer(&self, request: Request) -> Result<Reply, Error> {
        let mut state = self.0.state.lock().unwrap();
        match request {
            Request::MemoryWrite { name, text, if_revision, .. } => {
                let stands = state.memories.get(&name).map_or(0, |(revision, _)| *revision);
                if if_revision.is_some_and(|asked| asked != stands) {
                    return Err(Error::new(ErrorKind::Conflict, "stale").fault(MemoryFault::Stale { stands }));
                }
                state.memories.insert(name.clone(), (stands + 1, text));
                drop(state);
                let facts =
                    json!({ "memory": name, "revision": stands + 1, "change": { "did": "written" }, "hash": "aa" });
                self.happens("memory_revised", None, facts);
                let (revision, hash) = (stands + 1, "aa".to_owned());
                Ok(Reply::MemoryWritten { name, revision, hash, created: stands == 0, replaced: 1, lease: None })
            }
            Request::MemoryRead { name, .. } => match state.memories.get(&name) {
                Some((revision, text)) => Ok(Reply::Memory { row: row(&name, *revision), text: text.clone() }),
                None => Err(missing(&name)),
            },
            Request::MemoryDelete { name, .. } => match state.memories.remove(&name) {
                Some((revision, _)) => Ok(Reply::MemoryDeleted { name, revision: revision + 1 }),
                None => Err(missing(&name)),
            },
            Request::MemoryList { topic, .. } => {
                let below = topic.map_or_else(String::new, |topic| format!("{topic}/"));
                let rows = state.memories.iter().filter(|(name, _)| name.starts_with(&below));
                Ok(Reply::Memories {
                    memories: rows.map(|(name, (revision, _))| row(name, *revision)).collect(),
                    next: None,
                })
            }
            Request::Submit(new) => {
                let task = TaskId::slug(new.name.as_deref().unwrap_or(&new.content));
                state.tasks.insert(task.as_str().to_owned(), view(&task));
                Ok(Reply::Accepted { task })
            }
            Request::Show { task } | Request::Wait { task, .. } => match state.tasks.get(task.as_str()) {
                Some(view) => Ok(Reply::Task(Box::new(view.clone()))),
                None => Err(Error::new(ErrorKind::NotFound, format!("no task is called {task}"))),
            },
            Request::Tasks { .. } => {
                Ok(Reply::Tasks { tasks: state.tasks.values().map(|view| view.row.clone()).collect(), next: None })
            }
            Request::Status => Ok(Reply::Status(status(state.notices.len() as u64))),
            Request::Workers => Ok(Reply::Workers { workers: Vec::new() }),
            Request::VerifyLog => Ok(Reply::LogVerified { entries: 3, broken: None }),
            other => {
                state.asked.push(other);
                Ok(Reply::Done)
            }
        }
    }

    async fn notices(&self, after: Seq, task: Option<TaskId>, wait_ms: u64) -> Reply {
        let waiting = async {
            loop {
                let news = self.0.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                let (notices, upto) = {
                    let state = self.0.state.lock().unwrap();
                    let wanted = |notice: &&Notice| {
                        notice.seq > after && (task.is_none() || notice.task.as_ref() == task.as_ref())
                    };
                    let notices: Vec<Notice> = state.notices.iter().filter(wanted).cloned().collect();
                    (notices, Seq(state.notices.len() as u64))
                };
                if !notices.is_empty() {
                    return Reply::Notices { notices, upto };
                }
                news.await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_millis(wait_ms), waiting).await;
        waited.unwrap_or(Reply::Notices { notices: Vec::new(), upto: after })
    }
}

impl Board for Scripted {
    fn ask(&self, request: Request) -> Answering<'_> {
        Box::pin(async move {
            match request {
                Request::Notices { after, task, wait_ms } => Ok(self.notices(after, task, wait_ms).await),
                Request::Wait { task, for_ms } => {
                    let _ = tokio::time::timeout(std::time::Duration::from_millis(for_ms), async {
                        loop {
                            let news = self.0.news.notified();
                            let rests =
                                self.0.state.lock().unwrap().tasks.get(task.as_str()).is_none_or(TaskView::rests);
                            if rests {
                                return;
                            }
                            news.await;
                        }
                    })
                    .await;
                    self.answer(Request::Show { task })
                }
                other => self.answer(other),
            }
        })
    }
}

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no memory called {name}")).fault(MemoryFault::Missing)
}

fn row(name: &str, revision: u64) -> MemoryRow {
    MemoryRow {
        name: name.to_owned(),
        revision,
        hash: "aa".to_owned(),
        bytes: 1,
        by: "somebody".to_owned(),
        at: Timestamp(0),
        read_only: name.starts_with("frozen/"),
        lease: None,
    }
}

fn view(task: &TaskId) -> TaskView {
    TaskView {
        row: TaskRow {
            id: task.clone(),
            title: "a task".to_owned(),
            state: "working".to_owned(),
            kind: Kind::new("check"),
            priority: Priority::Normal,
            accepted: Timestamp(0),
            ended: None,
            ending: None,
            recommendation: None,
            cost_usd: 0.0,
            cost_unknown: Default::default(),
        },
        mode: Mode::Simple,
        why_routed: Vec::new(),
        waits_for: Vec::new(),
        steps: Vec::new(),
        attempts: Vec::new(),
        decision: None,
        answer: None,
    }
}

fn status(seq: u64) -> Status {
    Status {
        pid: 1,
        version: "0".to_owned(),
        workspace: "/home/me/shop".to_owned(),
        open_tasks: 0,
        phases: Default::default(),
        running_calls: 0,
        seq: Seq(seq),
        published: Seq(seq),
        listen: None,
        trouble: None,
    }
}
