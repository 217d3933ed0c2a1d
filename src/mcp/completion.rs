//! Completions: names of memories, ids of tasks, and the words of prompts' arguments.

use super::address::{MEMORY_TEMPLATE, TASK_TEMPLATE};
use super::prompts;
use super::resources::{asked, unexpected};
use crate::api::{Handle, Reply, Request};
use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};

/// What fits what has been typed.
pub(super) async fn complete(board: &Handle, request: &CompleteRequestParams) -> Result<CompleteResult, ErrorData> {
    let (argument, typed) = (request.argument.name.as_str(), request.argument.value.as_str());
    let subject = match &request.r#ref {
        Reference::Resource(template) if template.uri == MEMORY_TEMPLATE => "memory",
        Reference::Resource(template) if template.uri == TASK_TEMPLATE => "task",
        Reference::Prompt(_) => argument,
        _ => "",
    };
    let (values, more) = match subject {
        "memory" => memories(board, typed).await?,
        "task" => tasks(board, typed).await?,
        other => (
            prompts::words(other)
                .iter()
                .filter(|word| word.starts_with(typed))
                .map(|word| (*word).to_owned())
                .collect(),
            false,
        ),
    };
    let mut info = CompletionInfo::new(values).map_err(|says| ErrorData::internal_error(says, None))?;
    info.has_more = Some(more);
    Ok(CompleteResult::new(info))
}

/// Values, and whether there are more.
type Found = Result<(Vec<String>, bool), ErrorData>;

async fn memories(board: &Handle, typed: &str) -> Found {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let request = Request::MemoryList { topic: None, after: after.take(), limit: None };
        let Reply::Memories { memories, next } = asked(board, request).await? else { return Err(unexpected()) };
        found.extend(memories.into_iter().map(|row| row.name).filter(|name| name.starts_with(typed)));
        if found.len() > CompletionInfo::MAX_VALUES || next.is_none() {
            return Ok(cut(found));
        }
        after = next;
    }
}

async fn tasks(board: &Handle, typed: &str) -> Found {
    let request = Request::Tasks { state: None, limit: None, before: None };
    let Reply::Tasks { tasks, next } = asked(board, request).await? else { return Err(unexpected()) };
    let ids = tasks.into_iter().map(|row| row.id.as_str().to_owned());
    let (found, more) = cut(ids.filter(|id| id.starts_with(typed)).collect());
    Ok((found, more || next.is_some()))
}

fn cut(mut found: Vec<String>) -> (Vec<String>, bool) {
    let more = found.len() > CompletionInfo::MAX_VALUES;
    found.truncate(CompletionInfo::MAX_VALUES);
    (found, more)
}
