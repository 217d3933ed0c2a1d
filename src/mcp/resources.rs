//! Memories and tasks as resources: lists in pages, templates, and texts.

use super::address::{self, Address};
use super::answer;
use super::cursor::Cursor;
use super::tools::view_json;
use crate::api::{Error, ErrorKind, Handle, MemoryRow, Reply, Request, TaskRow};
use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};
use serde_json::json;

/// Resources on one page.
const PAGE: usize = 200;

const MARKDOWN: &str = "text/markdown";
const JSON: &str = "application/json";

/// One page of all resources.
pub(super) async fn list(board: &Handle, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
    let at = match cursor {
        None => None,
        Some(text) => {
            Some(Cursor::read(&text).ok_or_else(|| ErrorData::invalid_params("the cursor is not one of ours", None))?)
        }
    };
    let (resources, next) = match at {
        None => memories(board, None).await?,
        Some(Cursor::Memories(after)) => memories(board, Some(after)).await?,
        Some(Cursor::Tasks(before)) => tasks(board, before).await?,
    };
    let mut page = ListResourcesResult::with_all_items(resources).with_ttl_ms(0).with_cache_scope(CacheScope::Private);
    page.next_cursor = next.map(|next| next.written());
    Ok(page)
}

type Page = (Vec<Resource>, Option<Cursor>);

async fn memories(board: &Handle, after: Option<String>) -> Result<Page, ErrorData> {
    let request = Request::MemoryList { topic: None, after, limit: Some(PAGE) };
    let Reply::Memories { memories, next } = asked(board, request).await? else { return Err(unexpected()) };
    let resources = memories.iter().map(of_memory).collect();
    Ok((resources, Some(next.map_or(Cursor::Tasks(None), Cursor::Memories))))
}

async fn tasks(board: &Handle, before: Option<u64>) -> Result<Page, ErrorData> {
    let request = Request::Tasks { state: None, limit: Some(PAGE), before };
    let Reply::Tasks { tasks, next } = asked(board, request).await? else { return Err(unexpected()) };
    Ok((tasks.iter().map(of_task).collect(), next.map(|before| Cursor::Tasks(Some(before)))))
}

fn of_memory(row: &MemoryRow) -> Resource {
    let about = format!("Memory, revision {} by {}", row.revision, row.by);
    Resource::new(address::of_memory(&row.name), &row.name)
        .with_description(about)
        .with_mime_type(MARKDOWN)
        .with_size(row.bytes)
}

fn of_task(row: &TaskRow) -> Resource {
    Resource::new(address::of_task(&row.id), row.id.as_str())
        .with_title(&row.title)
        .with_description(format!("Task, {} ({})", row.state, row.kind))
        .with_mime_type(JSON)
}

/// How addresses are made.
pub(super) fn templates() -> ListResourceTemplatesResult {
    let memory = ResourceTemplate::new(address::MEMORY_TEMPLATE, "memory")
        .with_title("Memory")
        .with_description("A memory of this project, as Markdown.")
        .with_mime_type(MARKDOWN);
    let task = ResourceTemplate::new(address::TASK_TEMPLATE, "task")
        .with_title("Task")
        .with_description("A task: state, plan, attempts and decision, as JSON.")
        .with_mime_type(JSON);
    ListResourceTemplatesResult::with_all_items(vec![memory, task])
}

/// The text of one resource.
pub(super) async fn read(board: &Handle, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let (text, mime) = match Address::parse(uri).ok_or_else(|| not_found(uri))? {
        Address::Memory(name) => match board.ask(Request::MemoryRead { name, revision: None }).await {
            Ok(Reply::Memory { text, .. }) => (text, MARKDOWN),
            Ok(_) => return Err(unexpected()),
            Err(error) => return Err(refused(&error, uri)),
        },
        Address::Task(task) => match board.ask(Request::Show { task }).await {
            Ok(Reply::Task(view)) => (view_json(&view).to_string(), JSON),
            Ok(_) => return Err(unexpected()),
            Err(error) => return Err(refused(&error, uri)),
        },
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(mime);
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(0).with_cache_scope(CacheScope::Private))
}

/// rmcp gives this error the code that the era of the asker has for it.
fn not_found(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("there is no resource {uri}"), Some(json!({ "uri": uri })))
}

/// What cannot be a name, or is hidden, is as absent as what is not there.
fn refused(error: &Error, uri: &str) -> ErrorData {
    match error.kind {
        ErrorKind::NotFound | ErrorKind::Invalid => not_found(uri),
        _ => ErrorData::internal_error(answer::words(error), None),
    }
}

/// Asks; a refusal of a list is the server's trouble, not the client's.
pub(super) async fn asked(board: &Handle, request: Request) -> Result<Reply, ErrorData> {
    board.ask(request).await.map_err(|error| ErrorData::internal_error(answer::words(&error), None))
}

/// The board answered something that was not asked for.
pub(super) fn unexpected() -> ErrorData {
    ErrorData::internal_error(answer::unexpected().what, None)
}
