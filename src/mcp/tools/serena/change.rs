//! The four tools that change memories.

use super::ANSWER_CHARS_MAX;
use super::fault::{Refused, refused, refused_edit};
use super::name::{check, check_file, names_nothing, shown};
use crate::api::{EditMode, MemoryFault, Reply, Request};
use crate::mcp::answer::{self, enveloped};
use crate::mcp::tools::{Arguments, Call, fields, wrong_arguments};
use rmcp::model::{CallToolResponse, CallToolResult};
use serde_json::json;

/// How a needle may be read.
pub(super) const EDIT_MODES: [&str; 2] = ["literal", "regex"];

/// What a tool comes to.
type Outcome = Result<CallToolResult, Refused>;

fn settled(tool: &str, outcome: Outcome) -> CallToolResponse {
    outcome.unwrap_or_else(|refused| refused.answer(tool)).into()
}

pub(super) async fn write(call: Call, mut arguments: Arguments) -> CallToolResponse {
    arguments.alias("memory_file_name", "memory_name");
    arguments.alias("max_answer_chars", "max_chars");
    let (name, content) = (arguments.text("memory_name"), arguments.text("content"));
    let (max_chars, if_revision) = (arguments.whole("max_chars"), arguments.count("if_revision"));
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("write_memory", &mistakes).into();
    }
    settled("write_memory", written(&call, name, content, max_chars, if_revision).await)
}

async fn written(
    call: &Call,
    name: String,
    content: String,
    max_chars: Option<i64>,
    if_revision: Option<u64>,
) -> Outcome {
    let chars_max = max_chars.and_then(|max| usize::try_from(max).ok()).unwrap_or(ANSWER_CHARS_MAX);
    // Characters are not counted where the bytes already say that there are few enough.
    if content.len() > chars_max && content.chars().count() > chars_max {
        return Err(Refused::value(format!(
            "Content for {name} is too long. Max length is {chars_max} characters. Please make the content shorter."
        )));
    }
    check(&name)?;
    check_file(&name)?;
    let request = Request::MemoryWrite { name: name.clone(), text: content, if_revision, by: call.by.clone() };
    let reply = call.ask(request).await.map_err(|error| refused(&error, &name))?;
    Ok(enveloped(format!("Memory {} written.", shown(&name)), revision_of(&reply)))
}

pub(super) async fn edit(call: Call, mut arguments: Arguments) -> CallToolResponse {
    arguments.alias("memory_file_name", "memory_name");
    let (name, needle, replacement) = (arguments.text("memory_name"), arguments.text("needle"), arguments.text("repl"));
    let mode = arguments.choice("mode", &EDIT_MODES);
    let (all, if_revision) = (arguments.flag("allow_multiple_occurrences", false), arguments.count("if_revision"));
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("edit_memory", &mistakes).into();
    }
    let edited = async {
        check(&name)?;
        there(&name)?;
        let request = Request::MemoryEdit {
            name: name.clone(),
            needle: needle.clone(),
            replacement,
            mode: if mode == "regex" { EditMode::Regex } else { EditMode::Literal },
            all,
            if_revision,
            by: call.by.clone(),
        };
        let reply = call.ask(request).await.map_err(|error| refused_edit(&error, &name, &needle))?;
        Ok(enveloped(format!("Memory {} edited successfully.", shown(&name)), revision_of(&reply)))
    };
    settled("edit_memory", edited.await)
}

pub(super) async fn rename(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let (from, to) = (arguments.text("old_name"), arguments.text("new_name"));
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("rename_memory", &mistakes).into();
    }
    let renamed = async {
        check(&from)?;
        check(&to)?;
        there(&from)?;
        check_file(&to)?;
        let request = Request::MemoryRename { from: from.clone(), to: to.clone(), by: call.by.clone() };
        let reply = call.ask(request).await.map_err(|error| match error.fault {
            // What is missing is the old name; the rest names the memory it speaks of first, and most of it is in the way
            // of the new name.
            Some(MemoryFault::Missing | MemoryFault::Leased) | None => refused(&error, &from),
            Some(MemoryFault::ReadOnly | MemoryFault::Own | MemoryFault::Ignored)
                if error.what.starts_with(&format!("{} ", shown(&from))) =>
            {
                refused(&error, &from)
            }
            Some(_) => refused(&error, &to),
        })?;
        let Reply::MemoryRenamed { revision, rewritten, .. } = reply else {
            return Err(refused(&answer::unexpected(), &from));
        };
        let further = fields([("revision", json!(revision)), ("rewritten", json!(rewritten))]);
        Ok(enveloped(format!("Memory renamed from {} to {}.", shown(&from), shown(&to)), further))
    };
    settled("rename_memory", renamed.await)
}

pub(super) async fn delete(call: Call, mut arguments: Arguments) -> CallToolResponse {
    arguments.alias("memory_file_name", "memory_name");
    let (name, if_revision) = (arguments.text("memory_name"), arguments.count("if_revision"));
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("delete_memory", &mistakes).into();
    }
    let deleted = async {
        check(&name)?;
        if let Err(refusal) = there(&name) {
            return missing_is_well(refusal, &name);
        }
        let request = Request::MemoryDelete { name: name.clone(), if_revision, by: call.by.clone() };
        match call.ask(request).await {
            Ok(reply) => Ok(enveloped(format!("Memory {} deleted.", shown(&name)), revision_of(&reply))),
            Err(error) => missing_is_well(refused(&error, &name), &name),
        }
    };
    settled("delete_memory", deleted.await)
}

/// Refuses a name that nothing can have.
fn there(spelling: &str) -> Result<(), Refused> {
    if names_nothing(spelling) {
        return Err(Refused::missing(format!("Memory {} not found.", shown(spelling))));
    }
    Ok(())
}

/// To take away what is not there is no mistake for these tools.
fn missing_is_well(refusal: Refused, name: &str) -> Outcome {
    let says = format!("Memory {} not found.", shown(name));
    if refusal == Refused::missing(says.clone()) { Ok(enveloped(says, fields([]))) } else { Err(refusal) }
}

/// The further fields: which revision stands now.
fn revision_of(reply: &Reply) -> rmcp::model::JsonObject {
    match reply {
        Reply::MemoryWritten { revision, hash, created, .. } => {
            fields([("revision", json!(revision)), ("hash", json!(hash)), ("created", json!(created))])
        }
        Reply::MemoryDeleted { revision, .. } => fields([("revision", json!(revision))]),
        _ => fields([]),
    }
}
