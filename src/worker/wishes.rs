//! What a role would have of a model, and what of that is sent to a worker's: its own settings win, and nothing is sent that
//! the model is known to refuse or cannot give.

use super::Call;
use crate::config::{Worker, prices, takes_temperature, thinks};

/// What the role of a call would have. It holds for models behind an API; programs are not told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Sampling temperature, 0 to 2.
    pub temperature: Option<f64>,
    /// Longest answer, in tokens, thinking not counted.
    pub answer_tokens: Option<u64>,
}

/// Models that think need room for it within the longest answer.
pub(super) const THINKING_FACTOR: u32 = 4;

/// The longest answer that is asked of a model whose own limit nobody knows; a role that wants more is not held to anything.
const UNKNOWN_TOKENS_MAX: u64 = 65_536;

/// The highest temperature that Claude takes.
const CLAUDE_TEMPERATURE_MAX: f64 = 1.0;

/// What is granted to the roles in which a worker is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    /// Temperature and longest answer that the worker's own settings say.
    own: (Option<f64>, Option<u32>),
    /// The highest temperature a role may set; `None`: its model takes none.
    temperature_max: Option<f64>,
    /// The longest answer the model gives; `None`: nobody knows.
    tokens_max: Option<u64>,
    thinks: bool,
}

impl Grant {
    pub(super) fn of(worker: &Worker) -> Self {
        let known = prices::price(worker).and_then(|price| price.output_tokens_max);
        // An answer takes its room from the window, of which the prompt wants at least half.
        let by_window = worker.context_window.map(|window| window / 2);
        let is_claude = worker.model.as_deref().is_some_and(|model| model.to_ascii_lowercase().contains("claude"));
        Self {
            own: (worker.temperature, worker.max_tokens),
            temperature_max: takes_temperature(worker).then_some(if is_claude { CLAUDE_TEMPERATURE_MAX } else { 2.0 }),
            tokens_max: [known, by_window].into_iter().flatten().min(),
            thinks: thinks(worker),
        }
    }

    /// The temperature that a call is made with.
    pub(super) fn temperature(&self, call: &Call) -> Option<f64> {
        let wished = || Some(call.wishes.temperature?.min(self.temperature_max?));
        self.own.0.or_else(wished)
    }

    /// The longest answer that a call asks for, where there is no budget that says one.
    pub(super) fn answer_tokens(&self, call: &Call) -> Option<u32> {
        let wished = || {
            let factor = if self.thinks { THINKING_FACTOR } else { 1 };
            let tokens = call.wishes.answer_tokens?.saturating_mul(factor.into());
            let given = match self.tokens_max {
                Some(most) => tokens.min(most),
                None => Some(tokens).filter(|tokens| *tokens <= UNKNOWN_TOKENS_MAX)?,
            };
            Some(u32::try_from(given).unwrap_or(u32::MAX))
        };
        self.own.1.or_else(wished)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cassette::tests::call;
    use super::*;
    use crate::config::{Effort, Provider};

    fn granted(worker: &Worker, temperature: f64, answer_tokens: u64) -> (Option<f64>, Option<u32>) {
        let mut asked = call("t", 1, "x");
        asked.wishes = Wishes { temperature: Some(temperature), answer_tokens: Some(answer_tokens) };
        let grant = Grant::of(worker);
        (grant.temperature(&asked), grant.answer_tokens(&asked))
    }

    fn of(provider: Provider, model: &str) -> Worker {
        Worker::new("w", provider, Some(model))
    }

    #[test]
    fn a_wish_is_cut_to_what_the_model_gives_and_takes() {
        let table = [
            (Provider::Openai, "gpt-4o", 0.3, 32_768, Some(0.3), Some(16_384)),
            (Provider::Openai, "gpt-4o", 0.3, 8_192, Some(0.3), Some(8_192)),
            // They think whenever they are asked, take no temperature, and think within the longest answer.
            (Provider::Openai, "gpt-5", 0.3, 8_192, None, Some(32_768)),
            (Provider::Openai, "o3", 0.7, 2_000_000, None, Some(100_000)),
            (Provider::Openrouter, "openai/o4-mini", 0.7, 8_192, None, Some(32_768)),
            (Provider::Anthropic, "claude-sonnet-4-5", 1.4, 2_000_000, Some(1.0), Some(64_000)),
            (Provider::Openai, "house-model", 0.7, 2_000_000, Some(0.7), None),
            (Provider::Openai, "house-model", 0.7, 8_192, Some(0.7), Some(8_192)),
        ];
        for (provider, model, temperature, tokens, sent, asked) in table {
            assert_eq!(granted(&of(provider, model), temperature, tokens), (sent, asked), "{model} {tokens}");
        }
    }

    #[test]
    fn a_workers_own_settings_win() {
        let mut worker = of(Provider::Openai, "gpt-5");
        (worker.temperature, worker.max_tokens) = (Some(1.0), Some(900));
        assert_eq!(granted(&worker, 0.3, 8_192), (Some(1.0), Some(900)));
        let mut thinking = of(Provider::Anthropic, "claude-sonnet-4-5");
        thinking.reasoning_effort = Some(Effort::Low);
        assert_eq!(granted(&thinking, 0.3, 8_192), (None, Some(32_768)));
        let mut small = of(Provider::Ollama, "house-model");
        small.context_window = Some(8_000);
        assert_eq!(granted(&small, 0.3, 32_768), (Some(0.3), Some(4_000)), "half of the window");
    }
}
