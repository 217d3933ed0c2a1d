//! The tools of Serena, for agents and prompts that know them: the same names, parameters, answers and errors. What Synod can
//! do beyond them stands in optional parameters and in further fields of the structure, never in the text.

mod change;
mod fault;
mod guide;
mod look;
mod name;

use super::{CHANGES, Entry, Hints, LOOKS, SETS, schema};
use schema::{flag, text, whole};

/// Longest memory that is written without `max_chars`, and longest list that is given, in characters.
const ANSWER_CHARS_MAX: usize = 150_000;

/// Setting up for a project adds what is missing and takes nothing away.
const SETS_UP: Hints = Hints { read_only: false, destructive: false, idempotent: true, open_world: false };

const IF_REVISION: &str = "Only when this revision stands (0: only when there is none yet); otherwise nothing is changed and the error names the revision that stands.";
const NAME: &str = "Name of the memory; slashes make folders (auth/login).";

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = changing();
    entries.extend(looking());
    entries
}

fn changing() -> Vec<Entry> {
    vec![
        Entry::new(
            "write_memory",
            "Write Memory",
            "Write a note about this project as Markdown, for this and other agents to read later. Replaces the memory when it exists; earlier texts stay in its history.",
            |call, arguments| Box::pin(change::write(call, arguments)),
        )
        .takes(vec![
            text("memory_name", NAME).required(),
            text("content", "The whole text.").required(),
            whole("max_chars", "Refuse a text longer than this; -1: 150000.").or(-1),
            whole("if_revision", IF_REVISION).at_least(0),
        ])
        .gives(revised())
        .hints(SETS)
        .asks(&["memory_write"]),
        Entry::new(
            "edit_memory",
            "Edit Memory",
            "Replace a passage of a memory, found literally or by a regular expression.",
            |call, arguments| Box::pin(change::edit(call, arguments)),
        )
        .takes(vec![
            text("memory_name", NAME).required(),
            text("needle", "What to look for.").required(),
            text("repl", "What stands there afterwards; with a regular expression, $!1 is the text of group 1.").required(),
            text("mode", "How the needle is read. In a regular expression the dot matches line ends too, and ^ and $ match at lines.")
                .one_of(&change::EDIT_MODES)
                .required(),
            flag("allow_multiple_occurrences", "Replace every occurrence instead of refusing when there are several.").or(false),
            whole("if_revision", IF_REVISION).at_least(0),
        ])
        .gives(revised())
        .hints(CHANGES)
        .asks(&["memory_edit"]),
        Entry::new(
            "rename_memory",
            "Rename Memory",
            "Give a memory another name. References to it (mem:name) in other memories are rewritten.",
            |call, arguments| Box::pin(change::rename(call, arguments)),
        )
        .takes(vec![text("old_name", "The name it has.").required(), text("new_name", "The name it gets; it must be free.").required()])
        .gives(revised())
        .hints(CHANGES)
        .asks(&["memory_rename"]),
        Entry::new(
            "delete_memory",
            "Delete Memory",
            "Take a memory away. Its history stays, and restore_memory brings it back.",
            |call, arguments| Box::pin(change::delete(call, arguments)),
        )
        .takes(vec![text("memory_name", NAME).required(), whole("if_revision", IF_REVISION).at_least(0)])
        .gives(revised())
        .hints(SETS)
        .asks(&["memory_delete"]),
    ]
}

fn looking() -> Vec<Entry> {
    vec![
        Entry::new("read_memory", "Read Memory", "Read a memory, whole.", |call, arguments| {
            Box::pin(look::read(call, arguments))
        })
        .takes(vec![
            text("memory_name", NAME).required(),
            whole("revision", "An earlier revision instead of the one that stands; memory_history lists them.")
                .at_least(1),
        ])
        .gives(revised())
        .asks(&["memory_read"]),
        Entry::new(
            "list_memories",
            "List Memories",
            "The names of the memories, as JSON. With many of them, give a topic or use search_memories.",
            |call, arguments| Box::pin(look::list(call, arguments)),
        )
        .takes(vec![
            text("topic", "Only those below this folder.").or(""),
            whole("max_answer_chars", "Refuse a list longer than this; -1: 150000.").or(-1),
        ])
        .gives(plain())
        .asks(&["memory_list"]),
        Entry::new(
            "initial_instructions",
            "Initial Instructions",
            "How to work with this server, and which memories there are. Call it first.",
            |call, arguments| Box::pin(guide::instructions(call, arguments)),
        )
        .takes(Vec::new())
        .gives(plain()),
        Entry::new(
            "activate_project",
            "Activate Project",
            "Make sure that this server serves the project you mean, and see which memories there are.",
            |call, arguments| Box::pin(guide::activate(call, arguments)),
        )
        .takes(vec![
            text("project", "The project's folder, or its name.").required(),
            text("session", "Taken, and not used."),
        ])
        .gives(plain()),
        Entry::new(
            "check_onboarding_performed",
            "Check Onboarding Performed",
            "Whether there are memories about this project already.",
            |call, arguments| Box::pin(guide::check(call, arguments)),
        )
        .takes(Vec::new())
        .gives(plain()),
        Entry::new(
            "onboarding",
            "Onboarding",
            "What to find out about a project that has no memories yet, and how to write it down.",
            |call, arguments| Box::pin(guide::onboarding(call, arguments)),
        )
        .takes(Vec::new())
        .gives(plain())
        .hints(SETS_UP),
    ]
    .into_iter()
    .map(|entry| if entry.tool.name == "onboarding" { entry } else { entry.hints(LOOKS) })
    .collect()
}

/// The envelope.
fn plain() -> Vec<schema::Property> {
    vec![text("result", "The answer.").required()]
}

/// The envelope of a tool that deals with one revision.
fn revised() -> Vec<schema::Property> {
    vec![
        text("result", "The answer.").required(),
        whole("revision", "The revision that stands."),
        text("hash", "SHA-256 of its text, lower-case hex."),
        flag("created", "There was no such memory before."),
    ]
}
