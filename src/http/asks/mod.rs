//! What each route takes, as it stands in a query or in a body, and which request it becomes. One type for each route,
//! with its method, path and name, so that the server, the client and the OpenAPI document are made from the same words.

mod daemon;
mod memories;
mod records;
mod tasks;
mod work;

pub(super) use daemon::{Log, Notices, Route, Shutdown, Status, VerifyLog, Workers};
pub(super) use memories::{
    DeleteMemory, EditMemory, LeaseMemory, ListMemories, MemoryHistory, ReadMemory, RenameMemory, RestoreMemory,
    SearchMemories, WriteMemory,
};
pub(super) use records::{ImportRecords, Report};
pub(super) use tasks::{Answer, Apply, Approve, Cancel, ListTasks, Reject, Replay, Retry, Show, Submit, Wait, Why};
pub(super) use work::{ClaimWork, RenewWork, SubmitWork};

use super::extract::Task;
use super::problem::Problem;
use crate::api::{Request, TaskId};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a route is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Reading: what is asked stands in the query.
    Get,
    /// Everything else: what is asked stands in a JSON body.
    Post,
}

/// What a route takes.
pub(super) trait Ask: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// The request it becomes, by its name on the wire.
    const REQUEST: &'static str;
    /// How it is asked.
    const VERB: Verb;
    /// Its path below the prefix; `{id}` stands for a task.
    const PATH: &'static str;
    /// Its name in the OpenAPI document.
    const NAME: &'static str;
    /// The replies there are, by their tags.
    const REPLY: &'static str;
    /// It may wait for something to happen; the end of the face ends the wait.
    const WAITS: bool;
    /// What the path names.
    type Of: Subject;

    /// The request it is.
    ///
    /// # Errors
    /// When a part of it cannot be meant so.
    fn request(self, of: Self::Of) -> Result<Request, Problem>;
}

/// What a path names besides the route.
pub(super) trait Subject: Send + 'static {
    /// Whether there is an id in the path.
    const IS_TASK: bool;
}

/// A path that names nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nothing;

impl Subject for Nothing {
    const IS_TASK: bool = false;
}

impl Subject for Task {
    const IS_TASK: bool = true;
}

/// Says how a type of this room is asked, and which request it becomes.
macro_rules! ask {
    ($ask:ident: $tag:literal as $verb:ident $path:literal, $name:literal, $reply:literal, waits $waits:literal,
     $subject:ident: |$value:pat_param, $of:pat_param| $request:expr) => {
        impl $crate::http::asks::Ask for $ask {
            const REQUEST: &'static str = $tag;
            const VERB: $crate::http::asks::Verb = $crate::http::asks::Verb::$verb;
            const PATH: &'static str = $path;
            const NAME: &'static str = $name;
            const REPLY: &'static str = $reply;
            const WAITS: bool = $waits;
            type Of = $subject;

            fn request(self, $of: $subject) -> Result<Request, $crate::http::problem::Problem> {
                let $value = self;
                Ok($request)
            }
        }
    };
}
use ask;

/// Who asks; a request that does not say came over HTTP.
fn who(by: String) -> String {
    if by.trim().is_empty() { "http".to_owned() } else { by }
}

/// The task of a path as a client writes it.
pub(super) fn path_of(path: &str, task: Option<&TaskId>) -> String {
    match task {
        Some(task) => path.replace("{id}", &super::target::encode(task.as_str())),
        None => path.to_owned(),
    }
}
