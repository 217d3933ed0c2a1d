//! The prompts: a few ways of working with the board that a person can start from a client's menu.

use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument, PromptMessage, Role,
};
use serde_json::Value;

/// A prompt as it is written here.
struct Written {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    /// Name, what it is, whether it must be given.
    arguments: &'static [(&'static str, &'static str, bool)],
    /// What the agent is told; `{name}` stands for an argument, and a line with one that is not given is left out.
    text: &'static str,
}

const WRITTEN: [Written; 4] = [
    Written {
        name: "review",
        title: "Review by several models",
        about: "Have several models review something, and tell the person what they agree on and where they differ.",
        arguments: &[
            ("what", "Files, a change, or a text to be reviewed", true),
            ("priority", "low, normal, high or critical", false),
        ],
        text: "\
Have several models review this: {what}

1. Read the memories that matter for it (search_memories, read_memory).
2. Call orchestrate with a task that says exactly what to review and what to look for, and name the files in `context`.
   Use priority {priority}.
3. Tell me the recommendation first; then the issues by severity with file and line, who raised each, and whether you can
   confirm it in the code; then who disagreed and why. Do not soften a dissent.
4. When the decision waits for a person, ask me, and pass my answer on with answer_task.",
    },
    Written {
        name: "second_opinion",
        title: "Second opinion",
        about: "Ask other models about a question or a plan of yours before going on.",
        arguments: &[
            ("question", "What is to be decided, or the plan to be judged", true),
            ("memory", "A memory the others should see", false),
        ],
        text: "\
Get a second opinion on this before we go on: {question}

Say first, in two sentences, what you would do and how sure you are. Then call orchestrate with the question, the facts that
matter and the alternatives, without your own answer in it, so that the others judge for themselves.
Give them the memory {memory} in `memories`.
Compare what they say with what you said. Where they convince you, say so; where they do not, say why. End with what to do.",
    },
    Written {
        name: "hand_off",
        title: "Hand off",
        about: "Write down where the work stands, so that another agent or person can take it up.",
        arguments: &[
            ("subject", "What the work is about; it becomes the memory's name", true),
            ("to", "Who takes it up", false),
        ],
        text: "\
Write a hand-off note about {subject} as the memory `handoff/{subject}` (write_memory; if it exists, read it first and pass
its revision as if_revision).
It is for {to}.
It says: what was asked; what is done, with files and commands; what was tried and did not work, and why; what is open, as a
list in order; what to watch out for. Facts only, nothing that the code already shows. Then tell me its name.",
    },
    Written {
        name: "take_work",
        title: "Take work from the board",
        about: "Be a worker: take steps that wait for an outside agent, do them, hand them in.",
        arguments: &[("worker", "Only steps of this worker", false)],
        text: "\
Be a worker of the board.
Take only steps of the worker {worker}.
1. claim_work with wait_s=50. When there is none, ask again until I tell you to stop.
2. Do exactly what the step's prompt asks, in its role. Call renew_work before lease_until as long as you work.
3. submit_work with the whole answer, ending with the verdict block that the prompt describes; or with `failed` and the
   reason when you cannot do it. Never submit a guess as an answer. Then take the next.",
    },
];

/// The list.
pub(super) fn list() -> ListPromptsResult {
    let prompts = WRITTEN.iter().map(|written| {
        let arguments = written.arguments.iter().map(|(name, about, required)| {
            PromptArgument::new(*name).with_description(*about).with_required(*required)
        });
        Prompt::new(written.name, Some(written.about), Some(arguments.collect())).with_title(written.title)
    });
    ListPromptsResult::with_all_items(prompts.collect())
}

/// One prompt with its arguments filled in.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let named = WRITTEN.iter().find(|written| written.name == request.name);
    let written =
        named.ok_or_else(|| ErrorData::invalid_params(format!("there is no prompt {}", request.name), None))?;
    let given = request.arguments.clone().unwrap_or_default();
    for (name, about, required) in written.arguments {
        if *required && value(&given, name).is_none() {
            return Err(ErrorData::invalid_params(format!("the argument {name} is needed: {about}"), None));
        }
    }
    let message = PromptMessage::new_text(Role::User, filled(written, &given));
    Ok(GetPromptResult::new(vec![message]).with_description(written.about))
}

fn value(given: &JsonObject, name: &str) -> Option<String> {
    let text = given.get(name).and_then(Value::as_str)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn filled(written: &Written, given: &JsonObject) -> String {
    let absent = |line: &str| {
        written.arguments.iter().any(|(name, ..)| line.contains(&format!("{{{name}}}")) && value(given, name).is_none())
    };
    let lines: Vec<&str> = written.text.lines().filter(|line| !absent(line)).collect();
    let mut text = lines.join("\n");
    for (name, ..) in written.arguments {
        if let Some(value) = value(given, name) {
            text = text.replace(&format!("{{{name}}}"), &value);
        }
    }
    text
}

/// The words that an argument may have.
pub(super) fn words(argument: &str) -> &'static [&'static str] {
    match argument {
        "priority" => &["low", "normal", "high", "critical"],
        _ => &[],
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_fill_their_places_and_lines_without_theirs_are_left_out() {
        let mut request = GetPromptRequestParams::new("review");
        request.arguments = json!({ "what": "src/login.rs" }).as_object().cloned();
        let filled = serde_json::to_string(&get(&request).unwrap()).unwrap();
        assert!(filled.contains("review this: src/login.rs") && !filled.contains("priority"), "{filled}");
        request.arguments = json!({ "what": "x", "priority": "critical" }).as_object().cloned();
        assert!(serde_json::to_string(&get(&request).unwrap()).unwrap().contains("Use priority critical."));
    }

    #[test]
    fn a_missing_argument_is_named() {
        let error = get(&GetPromptRequestParams::new("second_opinion")).unwrap_err();
        assert!(error.message.contains("question"), "{error:?}");
    }
}
