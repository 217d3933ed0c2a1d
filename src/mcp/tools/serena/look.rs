//! The two tools that look at memories.

use super::ANSWER_CHARS_MAX;
use super::fault::{Refused, refused};
use super::name::{check, names_nothing, shown};
use crate::api::{Error, ErrorKind, Handle, MemoryFault, MemoryRow, Reply, Request};
use crate::mcp::answer::{self, enveloped};
use crate::mcp::tools::{Arguments, Call, fields, python, wrong_arguments};
use rmcp::model::{CallToolResponse, CallToolResult};
use serde_json::json;
use std::borrow::Cow;

pub(super) async fn read(call: Call, mut arguments: Arguments) -> CallToolResponse {
    arguments.alias("memory_file_name", "memory_name");
    let (name, revision) = (arguments.text("memory_name"), arguments.count("revision"));
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("read_memory", &mistakes).into();
    }
    read_text(&call, &name, revision).await.unwrap_or_else(|refused| refused.answer("read_memory")).into()
}

async fn read_text(call: &Call, name: &str, revision: Option<u64>) -> Result<CallToolResult, Refused> {
    check(name)?;
    let missing = || Refused::missing(format!("Memory named '{}' not found", shown(name)));
    if names_nothing(name) {
        return Err(missing());
    }
    let request = Request::MemoryRead { name: name.to_owned(), revision };
    match call.ask(request).await {
        Ok(Reply::Memory { row, text }) => {
            let further = fields([("revision", json!(row.revision)), ("hash", json!(row.hash))]);
            Ok(enveloped(unix_lines(text), further))
        }
        Ok(_) => Err(refused(&answer::unexpected(), name)),
        Err(error) if is_missing(&error) => Err(missing()),
        Err(error) => Err(refused(&error, name)),
    }
}

fn is_missing(error: &Error) -> bool {
    match &error.fault {
        Some(fault) => matches!(fault, MemoryFault::Missing | MemoryFault::NameTooLong),
        None => error.kind == ErrorKind::NotFound,
    }
}

/// Line ends as Python's text files are read: whatever they are in the file, `\n` comes back.
fn unix_lines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

pub(super) async fn list(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let topic = arguments.optional_text("topic").unwrap_or_default();
    let max_chars = arguments.whole("max_answer_chars");
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("list_memories", &mistakes).into();
    }
    let Some(topic) = folder(&topic) else {
        let says = format!("Memory name cannot contain '..' segments. Got: {topic}");
        return Refused::value(says).answer("list_memories").into();
    };
    let rows = match rows(&call.board, &topic).await {
        // A folder does not hold the memory that has its name.
        Ok(mut rows) => {
            rows.retain(|row| row.name != topic);
            rows
        }
        // What cannot be the name of a folder holds no memories.
        Err(error) if error.kind == ErrorKind::Invalid || is_missing(&error) => Vec::new(),
        Err(error) => return refused(&error, &topic).answer("list_memories").into(),
    };
    let mut text = names_json(&rows);
    let chars_max = max_chars.and_then(|max| usize::try_from(max).ok()).unwrap_or(ANSWER_CHARS_MAX);
    let chars = text.chars().count();
    if chars > chars_max {
        text = format!(
            "The answer is too long ({chars} characters). You can adjust your query or raise the max_answer_chars parameter."
        );
    }
    enveloped(text, fields([])).into()
}

/// The folder that a topic means: closing slashes and `.` parts left out. `None`: it would leave the tree.
fn folder(topic: &str) -> Option<Cow<'_, str>> {
    if topic.split('/').any(|part| part == "..") {
        return None;
    }
    let trimmed = topic.trim_end_matches('/');
    if !trimmed.split('/').any(|part| part == ".") {
        return Some(Cow::Borrowed(trimmed));
    }
    let parts: Vec<&str> = trimmed.split('/').filter(|part| *part != ".").collect();
    Some(Cow::Owned(parts.join("/")))
}

/// Every memory below a folder; all of them when it is empty.
///
/// # Errors
/// Why the board refused.
pub(super) async fn rows(board: &Handle, topic: &str) -> Result<Vec<MemoryRow>, Error> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let topic = (!topic.is_empty()).then(|| topic.to_owned());
        let request = Request::MemoryList { topic, after: after.take(), limit: None };
        let Reply::Memories { memories, next } = board.ask(request).await? else { return Err(answer::unexpected()) };
        let some = !memories.is_empty();
        rows.extend(memories);
        after = next;
        if after.is_none() || !some {
            return Ok(rows);
        }
    }
}

/// The names as the JSON that Serena gives: two lists, each absent when it is empty.
pub(super) fn names_json(rows: &[MemoryRow]) -> String {
    let named = |read_only: bool| {
        let mut names: Vec<String> =
            rows.iter().filter(|row| row.read_only == read_only).map(|row| row.name.clone()).collect();
        names.sort();
        names
    };
    let lists = [("memories", named(false)), ("read_only_memories", named(true))];
    let lists = lists.iter().filter(|(_, names)| !names.is_empty());
    let lists: Vec<String> = lists.map(|(key, names)| format!("\"{key}\": {}", python::json_list(names))).collect();
    format!("{{{}}}", lists.join(", "))
}
