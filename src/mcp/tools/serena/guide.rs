//! The tools that tell an agent how to begin: instructions, which project this is, and what to write down about a new one.

use super::fault::{Refused, refused};
use super::look;
use crate::api::{Error, MemoryRow, Reply, Request};
use crate::mcp::answer::{self, enveloped};
use crate::mcp::tools::{Arguments, Call, fields, wrong_arguments};
use rmcp::model::CallToolResponse;
use std::path::Path;

/// Most bytes of names that the instructions carry; beyond it they say how many there are and how to search.
const NAMES_BYTES_MAX: usize = 20_000;

/// How to work here.
const MANUAL: &str = "\
# Working with Synod

Synod is a blackboard that several agents and people share. It does two things for you.

## Memories
Short Markdown notes about this project, shared by every agent and kept as files a person can read and edit.
- Look before you start: `list_memories` gives the names, `search_memories` finds words in the texts, `read_memory` reads one.
- Write down what the next agent could not see from the code: decisions and their reasons, conventions, traps, commands. One subject a memory; names are paths (`auth/login`). Refer to another memory as `mem:auth/login`.
- Change a passage with `edit_memory` instead of writing the whole text again. When others may write too, pass the `revision` you read as `if_revision`: nothing is overwritten unseen.
- Nothing is lost: `memory_history` lists the revisions, `restore_memory` brings one back.

## Other models
`orchestrate` hands a task to several models at once and returns one reasoned decision: use it for reviews, audits, choices between designs, or whenever a second opinion is worth the cost. It answers when they have answered; with `wait=false` it returns the task's id for `task_status`. `route_task` says beforehand who would be asked. When a decision waits for a person, say so and pass on their answer with `answer_task`.
Write to the memory `orchestration/current-task/<id>/shared-context` to tell the workers of a running task something.";

/// What to do in a project that has no memories.
const ONBOARDING: &str = "\
This project has no memories yet, or too few. Get to know it, and write down what will save the next agent the same work.

1. Find out, from the files that say so (readme, build files, configuration of checks, a few representative sources): what the project is for; how it is cut into parts; how it is built, run, tested and checked; which conventions its code keeps that a reader would not guess; which traps there are. Ask the person where the files do not say.
2. Write with `write_memory`, one subject a memory, short and in facts:
   - `core`: what the project is for, its parts and where they are, and a line on each other memory (as `mem:name`), so that one reading leads to all;
   - `commands`: the commands to build, run, test, format and check, exactly;
   - `conventions`: how the code is written here;
   - `done`: what must be true before a change counts as finished.
   Leave out what any reader sees at once in the code, and what will be wrong next week.
3. Read `mem:memory_maintenance` first: it says how memories are kept here.";

/// The memory that says how memories are kept.
const MAINTENANCE: &str = "\
# How memories are kept here

- One subject a memory. Names are paths: a folder for each area (`auth/login`, `build/release`).
- Write what cannot be seen from the code: decisions with their reasons, conventions, commands, traps. No diaries, no copies of code.
- Short sentences, facts first. A memory that needs scrolling is two memories.
- Refer to another memory as `mem:name`; a rename rewrites such references.
- Add a memory when you had to work something out that the next agent will need. Change one as soon as it is wrong. Delete one that says nothing any more: its history stays.
- `core` leads to all the others.
";

/// The name it has.
const MAINTENANCE_NAME: &str = "memory_maintenance";

pub(super) async fn instructions(call: Call, _arguments: Arguments) -> CallToolResponse {
    match project(&call).await {
        Ok(project) => enveloped(format!("{MANUAL}\n\n{project}"), fields([])).into(),
        Err(error) => refused(&error, "").answer("initial_instructions").into(),
    }
}

pub(super) async fn activate(call: Call, mut arguments: Arguments) -> CallToolResponse {
    let meant = arguments.text("project");
    if let Err(mistakes) = arguments.checked() {
        return wrong_arguments("activate_project", &mistakes).into();
    }
    let workspace = match workspace(&call).await {
        Ok(workspace) => workspace,
        Err(error) => return refused(&error, "").answer("activate_project").into(),
    };
    if !means(&meant, &workspace) {
        let says = format!(
            "this server serves the project {workspace}, not {meant}. Ask the person to start one there: synod mcp -C {meant}"
        );
        return Refused::value(says).answer("activate_project").into();
    }
    match project(&call).await {
        Ok(project) => enveloped(format!("The project is active.\n\n{project}"), fields([])).into(),
        Err(error) => refused(&error, "").answer("activate_project").into(),
    }
}

pub(super) async fn check(call: Call, _arguments: Arguments) -> CallToolResponse {
    match look::rows(&call.board, "").await {
        Ok(rows) if rows.is_empty() => {
            let says = "There are no memories about this project yet. Call the onboarding tool and do what it says.";
            enveloped(says.to_owned(), fields([])).into()
        }
        Ok(rows) => {
            let says =
                "Onboarding was performed: there are memories. Read those that matter for what you are about to do.";
            enveloped(format!("{says}\n{}", listing(&rows)), fields([])).into()
        }
        Err(error) => refused(&error, "").answer("check_onboarding_performed").into(),
    }
}

pub(super) async fn onboarding(call: Call, _arguments: Arguments) -> CallToolResponse {
    let seed = Request::MemoryWrite {
        name: MAINTENANCE_NAME.to_owned(),
        text: MAINTENANCE.to_owned(),
        if_revision: Some(0),
        by: call.by.clone(),
    };
    match call.ask(seed).await {
        // One that stands already is the project's own, and better.
        Ok(_) => {}
        Err(error) if error.fault.is_some() => {}
        Err(error) => return refused(&error, MAINTENANCE_NAME).answer("onboarding").into(),
    }
    enveloped(ONBOARDING.to_owned(), fields([])).into()
}

/// The block that names the project and its memories.
async fn project(call: &Call) -> Result<String, Error> {
    let workspace = workspace(call).await?;
    let rows = look::rows(&call.board, "").await?;
    Ok(format!("<active-project>\nProject: {workspace}\n{}\n</active-project>", listing(&rows)))
}

fn listing(rows: &[MemoryRow]) -> String {
    let names = look::names_json(rows);
    if names.len() > NAMES_BYTES_MAX {
        let many = rows.len();
        return format!(
            "{many} memories. Find those that matter with search_memories, or list a folder of them with list_memories."
        );
    }
    format!("Memories: {names}\nRead with read_memory those that matter for the task.")
}

async fn workspace(call: &Call) -> Result<String, Error> {
    match call.ask(Request::Status).await? {
        Reply::Status(status) => Ok(status.workspace),
        _ => Err(answer::unexpected()),
    }
}

/// Whether a path or a name means this workspace: the same folder, one inside it, or its last part.
fn means(meant: &str, workspace: &str) -> bool {
    let (meant, workspace) = (Path::new(meant.trim()), Path::new(workspace));
    let same_name = meant.components().count() == 1 && meant.file_name() == workspace.file_name();
    meant.starts_with(workspace) || same_name || meant == Path::new(".") || meant.as_os_str().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_meant_by_its_path_or_its_name() {
        for meant in ["/home/me/shop", "/home/me/shop/", "/home/me/shop/src", "shop", "."] {
            assert!(means(meant, "/home/me/shop"), "{meant}");
        }
        for meant in ["/home/me", "/home/me/shopping", "mop", "me/shop"] {
            assert!(!means(meant, "/home/me/shop"), "{meant}");
        }
    }
}
