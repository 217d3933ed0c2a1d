//! A program of the user's own: an argument template, text in on stdin, text out on stdout, code 0 for success.

use super::trouble::{Trouble, complaint};
use super::{Plan, Run, Scene};
use crate::board::Usage;
use crate::worker::Reply;

/// Fills in `{prompt_file}`, `{folder}` (also `{workdir}`) and `{model}`. The first part of the template names
/// the program, which the settings find.
pub(super) fn plan(scene: &Scene<'_>) -> Result<Plan, Trouble> {
    let prompt_file = scene.spool.join("prompt").display().to_string();
    let folder = scene.folder.display().to_string();
    let model = scene.model().unwrap_or_default();
    let known =
        [("{prompt_file}", prompt_file.as_str()), ("{folder}", &folder), ("{workdir}", &folder), ("{model}", model)];
    // Each part is filled once, from left to right, so that what was filled in is never read as a template.
    let fill = |part: &String| {
        let (mut rest, mut filled) = (part.as_str(), String::new());
        while let Some((at, name, value)) =
            known.iter().filter_map(|(name, value)| Some((rest.find(name)?, *name, *value))).min()
        {
            filled.push_str(rest.get(..at).unwrap_or_default());
            filled.push_str(value);
            rest = rest.get(at + name.len()..).unwrap_or_default();
        }
        filled + rest
    };
    Ok(Plan {
        args: scene.config.command.iter().skip(1).map(fill).collect(),
        stdin: scene.prompt.clone(),
        ..Plan::default()
    })
}

pub(super) fn read(run: &Run<'_>) -> Result<Reply, Trouble> {
    if run.code != 0 {
        return Err(Trouble::told(None, &format!("ended with code {}: {}", run.code, complaint(run.stderr))));
    }
    Ok(Reply {
        text: run.stdout.to_owned(),
        structured: None,
        model: run.asked.model.clone().unwrap_or_default(),
        session: None,
        usage: Usage::default(),
        files_modified: Vec::new(),
    })
}
