//! The community Grok CLI (`grok -p`): the one program that takes its prompt only as an argument and never fails.

use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene, prompt, records, text};
use crate::board::Usage;
use crate::config::Permission;
use crate::worker::Reply;

/// Longest single argument that Linux takes, in bytes, with the NUL at its end (`MAX_ARG_STRLEN`).
const ARGUMENT_BYTES_MAX: usize = 131_072;
/// How it begins when it reports an error as if it were an answer.
const APOLOGY: &str = "Sorry, I encountered an error:";
/// What stands in place of an answer when its model never stopped using tools.
const ENDLESS: &str = "Maximum tool execution rounds reached.";
/// What stands in place of an answer when its model said nothing.
const SPEECHLESS: &str = "I understand, but I don't have a specific response.";

pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    // It approves whatever its model asks for, shell commands too, and has no option to be held back.
    if scene.config.permission != Permission::Full {
        return Err(Trouble::blocked(
            "Grok CLI runs any command its model asks for: set the worker's `permission = \"full\"` to accept that, or use provider `xai`",
        ));
    }
    // The fixed first line also keeps a `-` at the start from being read as an option.
    let prompt = prompt::begun(&scene.prompt);
    if prompt.len() >= ARGUMENT_BYTES_MAX {
        return Err(Trouble::refused("the prompt is longer than the 128 KiB that Grok CLI can take, as an argument"));
    }
    let mut plan = Plan::default();
    plan.args(["-p", &prompt]);
    if let Some(model) = scene.model() {
        plan.args(["--model", model]);
    }
    if let Some(key) = scene.key {
        plan.env("GROK_API_KEY", key);
    }
    if let Some(url) = scene.base_url() {
        plan.env("GROK_BASE_URL", url);
    }
    Ok(plan)
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    let last = records(run.stdout).rfind(|record| text(record, "/role") == Some("assistant"));
    let Some(said) = last.as_ref().and_then(|record| text(record, "/content")) else {
        return Err(Trouble::told(None, complaint(run.stderr)));
    };
    if let Some(error) = said.trim_start().strip_prefix(APOLOGY) {
        return Err(Trouble::told(None, error));
    }
    if said.starts_with(ENDLESS) {
        return Err(Trouble::refused(said));
    }
    if said == SPEECHLESS {
        return Err(Trouble::transient("gave an empty answer"));
    }
    Ok(Reply {
        text: said.to_owned(),
        structured: None,
        model: run.asked.model.clone().unwrap_or_default(),
        session: None,
        usage: Usage::default(),
        files_modified: Vec::new(),
    })
}
