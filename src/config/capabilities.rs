//! What a worker's model can take in: how long a prompt, and whether images. The worker's own settings first, then what the
//! shipped tables know. Who is chosen for that is the board's to decide.

use super::prices;
use super::provider::{Provider, Transport};
use super::worker::{Effort, Worker};

/// Tokens a prompt for the worker may have; none when nobody knows.
#[must_use]
pub fn window_tokens(worker: &Worker) -> Option<u64> {
    worker.context_window.or_else(|| prices::price(worker)?.input_tokens_max)
}

/// Bytes that a token is taken to have when a prompt is fitted into a window. English and code have nearly four; the margin
/// is for other languages and for symbols.
pub const BYTES_PER_TOKEN: u64 = 3;

/// Tokens that a program of its own puts before every prompt (its tools and rules): 31 to 49 KB were seen.
const PROGRAM_TOKENS: u64 = 16_000;

/// Bytes that a prompt for the worker may have, by its window and by what its program takes in; none when nothing is known.
/// The answer and what the program adds are taken off, but never more than half of the window.
#[must_use]
pub fn prompt_bytes_max(worker: &Worker) -> Option<usize> {
    let by_window = window_tokens(worker).map(|window| {
        // What settings name is the whole window; the table's figure is what a prompt may have.
        let answer = match worker.context_window {
            Some(_) => worker.max_tokens.map_or(ANSWER_TOKENS, u64::from),
            None => 0,
        };
        let program = if brings_tools(worker.provider) { PROGRAM_TOKENS } else { 0 };
        let bytes = (window - (answer + program).min(window / 2)).saturating_mul(BYTES_PER_TOKEN);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    });
    [by_window, input_bytes_max(worker.provider)].into_iter().flatten().min()
}

/// The same in tokens: what decides who has room for a task.
#[must_use]
pub fn prompt_tokens_max(worker: &Worker) -> Option<u64> {
    prompt_bytes_max(worker).map(|bytes| bytes as u64 / BYTES_PER_TOKEN)
}

/// Tokens kept free for an answer of unknown length.
const ANSWER_TOKENS: u64 = 8_192;

/// Whether the worker can read the workspace's files by itself.
#[must_use]
pub fn reads_files(worker: &Worker) -> bool {
    worker.provider.transport() != Transport::Http
}

fn brings_tools(provider: Provider) -> bool {
    provider.transport() == Transport::Cli && provider != Provider::Command
}

/// What the programs take in, with room for the marks that keep a prompt from being read as orders to the program.
fn input_bytes_max(provider: Provider) -> Option<usize> {
    match provider {
        Provider::ClaudeCode => Some(9_500_000),
        Provider::GeminiCli => Some(6_500_000),
        Provider::Codex => Some(1_048_576),
        Provider::GrokCli => Some(130_000),
        _ => None,
    }
}

/// Whether the worker can be shown images. A program of which no model is named runs its vendor's newest, which sees.
#[must_use]
pub fn sees_images(worker: &Worker) -> bool {
    worker.vision.unwrap_or_else(|| match (&worker.model, worker.provider) {
        (_, Provider::Command | Provider::GrokCli | Provider::Opencode) => false,
        (_, provider) if provider.transport() == Transport::Other => false,
        (Some(model), _) => sees(model),
        (None, provider) => provider.transport() == Transport::Cli,
    })
}

/// Families of models that are known to see, by how their names begin behind the vendor's prefix.
const SEEING: [&str; 17] = [
    "claude-",
    "sonnet",
    "opus",
    "haiku",
    "gpt-4o",
    "gpt-4.1",
    "gpt-4-turbo",
    "gpt-5",
    "gpt-6",
    "o3",
    "o4",
    "gemini-",
    "grok-4",
    "pixtral",
    "llava",
    "gemma3",
    "llama-4",
];

/// What a model that sees is otherwise called.
const SEEING_WORDS: [&str; 3] = ["vision", "-vl", "vl:"];

fn sees(model: &str) -> bool {
    let name = model.to_ascii_lowercase();
    let bare = name.rsplit('/').next().unwrap_or(&name);
    // Small text models carry the names of their families.
    let blind = bare.starts_with("o3-mini") || bare.starts_with("claude-2") || bare.contains("embedding");
    !blind
        && (SEEING.iter().any(|start| bare.starts_with(start)) || SEEING_WORDS.iter().any(|word| bare.contains(word)))
}

/// Families of models that always think before they answer, by how their names begin behind the vendor's prefix.
const THINKING: [&str; 6] = ["o1", "o3", "o4", "gpt-5", "gpt-6", "codex-mini"];

/// What of those families does not.
const NOT_THINKING: [&str; 2] = ["gpt-5-chat", "gpt-6-chat"];

fn always_thinks(model: &str) -> bool {
    let name = model.to_ascii_lowercase();
    let bare = name.rsplit('/').next().unwrap_or(&name);
    // `o1` is a family, `o100` another's name.
    let begins = |start: &str| {
        bare.strip_prefix(start).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    THINKING.iter().any(|start| begins(start)) && !NOT_THINKING.iter().any(|start| bare.starts_with(start))
}

/// Whether the worker's model thinks before it answers, so that its longest answer must hold that as well: always, or
/// because its settings ask for it.
#[must_use]
pub fn thinks(worker: &Worker) -> bool {
    let asked = !matches!(worker.reasoning_effort, None | Some(Effort::None));
    asked || worker.model.as_deref().is_some_and(always_thinks)
}

/// Whether the worker's model takes a sampling temperature. Models that always think refuse one, and Claude does while it thinks
/// (providers' documents, 2026-11).
#[must_use]
pub fn takes_temperature(worker: &Worker) -> bool {
    let model = worker.model.as_deref().unwrap_or_default();
    let is_claude = model.to_ascii_lowercase().contains("claude");
    !(always_thinks(model) || is_claude && thinks(worker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_win_over_what_is_known() {
        let mut worker = Worker::new("a", Provider::Openai, Some("gpt-5"));
        assert_eq!((window_tokens(&worker), sees_images(&worker)), (Some(272_000), true));
        worker.context_window = Some(8_000);
        worker.vision = Some(false);
        assert_eq!((window_tokens(&worker), sees_images(&worker)), (Some(8_000), false));
    }

    #[test]
    fn a_prompt_leaves_room_for_the_answer_and_what_a_program_adds() {
        let mut worker = Worker::new("a", Provider::Openai, Some("gpt-5"));
        assert_eq!(prompt_bytes_max(&worker), Some(816_000), "the table names what a prompt may have");
        worker.context_window = Some(32_768);
        assert_eq!(prompt_bytes_max(&worker), Some((32_768 - 8_192) * 3));
        worker.context_window = Some(4_096);
        assert_eq!(prompt_bytes_max(&worker), Some(2_048 * 3), "never more than half is kept free");
        assert_eq!(prompt_bytes_max(&Worker::new("b", Provider::Codex, None)), Some(1_048_576));
        assert_eq!(prompt_bytes_max(&Worker::new("b", Provider::Ollama, Some("house"))), None);
    }

    #[test]
    fn models_that_think_take_no_temperature() {
        let of = |model| Worker::new("a", Provider::Openrouter, Some(model));
        for model in ["o1", "o3-mini", "openai/o4-mini", "gpt-5", "openai/gpt-5.1-codex", "gpt-5-codex", "GPT-6.1"] {
            assert!(thinks(&of(model)) && !takes_temperature(&of(model)), "{model}");
        }
        for model in ["gpt-4o", "gpt-5-chat-latest", "o100", "gpt-50", "anthropic/claude-sonnet-4.5", "qwen2.5-coder"] {
            assert!(!thinks(&of(model)) && takes_temperature(&of(model)), "{model}");
        }
        let mut claude = of("anthropic/claude-sonnet-4.5");
        claude.reasoning_effort = Some(Effort::Medium);
        assert!(thinks(&claude) && !takes_temperature(&claude));
        claude.reasoning_effort = Some(Effort::None);
        assert!(!thinks(&claude) && takes_temperature(&claude));
    }

    #[test]
    fn what_nobody_knows_has_no_window_and_sees_nothing() {
        let local = Worker::new("a", Provider::Ollama, Some("qwen2.5-coder:32b"));
        assert_eq!((window_tokens(&local), sees_images(&local)), (None, false));
        assert!(!sees_images(&Worker::new("a", Provider::Command, None)));
        assert!(!sees_images(&Worker::new("a", Provider::Openai, Some("o3-mini"))));
    }

    #[test]
    fn seeing_models_are_known_however_they_are_reached() {
        for (provider, model) in [
            (Provider::ClaudeCode, None),
            (Provider::Codex, Some("gpt-5-codex")),
            (Provider::Openrouter, Some("anthropic/claude-sonnet-4.5")),
            (Provider::Ollama, Some("qwen2.5vl:7b")),
            (Provider::Gemini, Some("gemini-2.5-pro")),
        ] {
            assert!(sees_images(&Worker::new("a", provider, model)), "{} {model:?}", provider.as_str());
        }
    }
}
