//! The tools: which there are, how they describe themselves, and who carries each out. The list is made once; a call is
//! found by its name.

mod arguments;
mod board;
mod bus;
mod orchestrate;
mod overrides;
mod python;
mod records;
mod schema;
mod serena;
mod tasks;
mod work;

pub(super) use orchestrate::result_of;
pub(super) use tasks::{decision_of, task_id, view_json};

use super::answer;
use crate::api::{Error, Handle, Reply, Request};
use arguments::Arguments;
use futures::future::BoxFuture;
use rmcp::model::{CallToolResponse, CallToolResult, JsonObject, Tool, ToolAnnotations};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One call on its way: who asks what of which board.
pub(super) struct Call {
    /// The way to the board.
    pub(super) board: Handle,
    /// Who asks, for the log and for revisions.
    pub(super) by: String,
    /// The request as the protocol sees it: cancellation, progress, capabilities.
    pub(super) context: RequestContext<RoleServer>,
}

impl Call {
    /// Asks the board.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, Error> {
        self.board.ask(request).await
    }

    /// Asks the board, and answers with its reply as a structure.
    async fn relay(&self, request: Request) -> CallToolResult {
        match self.ask(request).await {
            Ok(reply) => answer::structured(answer::plain(&reply)),
            Err(error) => answer::refused(&error),
        }
    }
}

/// What carries a call out.
type Run = fn(Call, Arguments) -> BoxFuture<'static, CallToolResponse>;

/// What a tool does to the world, for clients that ask before they call. The protocol's own defaults are the most alarming
/// ones, so all four are always said.
#[derive(Clone, Copy, Debug)]
struct Hints {
    read_only: bool,
    destructive: bool,
    idempotent: bool,
    open_world: bool,
}

/// It only looks.
const LOOKS: Hints = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };
/// It adds something and takes nothing away.
const ADDS: Hints = Hints { read_only: false, destructive: false, idempotent: false, open_world: false };
/// It changes what stands; asked again it changes nothing more.
const SETS: Hints = Hints { read_only: false, destructive: true, idempotent: true, open_world: false };
/// It changes what stands, every time anew.
const CHANGES: Hints = Hints { read_only: false, destructive: true, idempotent: false, open_world: false };
/// It asks models outside, which cost money.
const CALLS_OUT: Hints = Hints { read_only: false, destructive: false, idempotent: false, open_world: true };

/// One tool.
struct Entry {
    tool: Tool,
    run: Run,
    /// The requests of the board it is a way to, by their names on the wire.
    asks: &'static [&'static str],
    /// Whether arguments that it does not know are passed over, as agents that know Serena expect of her tools.
    passes_over: bool,
}

impl Entry {
    fn new(name: &'static str, title: &'static str, description: &'static str, run: Run) -> Self {
        let tool = Tool::new(name, description, schema::nothing()).with_title(title);
        Self { tool, run, asks: &[], passes_over: false }.hints(LOOKS)
    }

    fn takes(mut self, properties: Vec<schema::Property>) -> Self {
        self.tool.input_schema = schema::of(properties);
        self
    }

    fn gives(mut self, properties: Vec<schema::Property>) -> Self {
        self.tool.output_schema = Some(schema::of(properties));
        self
    }

    fn hints(mut self, hints: Hints) -> Self {
        let Hints { read_only, destructive, idempotent, open_world } = hints;
        let title = self.tool.title.clone();
        let annotations =
            ToolAnnotations::from_raw(title, Some(read_only), Some(destructive), Some(idempotent), Some(open_world));
        self.tool.annotations = Some(annotations);
        self
    }

    /// What is wrong with arguments that the tool does not know: one that is passed over in silence (a misspelt `models`) does
    /// something else than was asked.
    fn unknown(&self, given: &JsonObject) -> Option<String> {
        if self.passes_over {
            return None;
        }
        let known = self.tool.input_schema.get("properties").and_then(Value::as_object);
        let names: Vec<&str> = known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect();
        let unknown = given.keys().find(|name| !names.contains(&name.as_str()))?;
        let takes = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Some(format!("there is no argument `{unknown}`; the tool's arguments are: {takes}"))
    }

    fn asks(mut self, requests: &'static [&'static str]) -> Self {
        self.asks = requests;
        self
    }
}

/// Every tool, in the order in which they are listed.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut entries = serena::entries();
    entries.iter_mut().for_each(|entry| entry.passes_over = true);
    entries.extend(bus::entries());
    entries.extend(orchestrate::entries());
    entries.extend(tasks::entries());
    entries.extend(work::entries());
    entries.extend(board::entries());
    entries.extend(records::entries());
    entries
});

/// Where each stands in the list.
static BY_NAME: LazyLock<HashMap<&'static str, usize>> = LazyLock::new(|| {
    let named = ENTRIES.iter().enumerate();
    named
        .filter_map(
            |(at, entry)| if let std::borrow::Cow::Borrowed(name) = entry.tool.name { Some((name, at)) } else { None },
        )
        .collect()
});

/// The list for clients.
static LISTED: LazyLock<Vec<Tool>> = LazyLock::new(|| ENTRIES.iter().map(|entry| entry.tool.clone()).collect());

/// The tools as clients see them.
pub(super) fn listed() -> &'static [Tool] {
    &LISTED
}

/// One tool.
pub(super) fn named(name: &str) -> Option<&'static Tool> {
    BY_NAME.get(name).and_then(|at| ENTRIES.get(*at)).map(|entry| &entry.tool)
}

/// The requests each tool is a way to.
pub(super) fn ways() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENTRIES.iter().flat_map(|entry| entry.asks.iter().map(|request| (*request, entry.tool.name.as_ref())))
}

/// Carries a call out; `None`: there is no such tool.
pub(super) async fn run(name: &str, call: Call, given: Option<JsonObject>) -> Option<CallToolResponse> {
    let entry = ENTRIES.get(*BY_NAME.get(name)?)?;
    if let Some(mistake) = given.as_ref().and_then(|given| entry.unknown(given)) {
        return Some(wrong_arguments(name, &mistake).into());
    }
    Some((entry.run)(call, Arguments::new(given)).await)
}

/// What a call whose arguments are wrong is answered with.
fn wrong_arguments(tool: &str, mistakes: &str) -> CallToolResult {
    answer::mistaken(format!("Error executing tool {tool}: {mistakes}"))
}

/// The fields of an object.
fn fields<const N: usize>(pairs: [(&str, Value); N]) -> JsonObject {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
