//! What one call can cost at most, and what holds it to that: a longest answer for models behind an API, a bound of its
//! own for a program that knows one. Setting money aside and settling it is the board's.

use super::Call;
use super::wishes::{Grant, THINKING_FACTOR};
use crate::config::{Effort, Limits, Provider, Transport, Worker, prices};

/// What a call must keep to, so that it costs no more than what was set aside for it. Nothing without a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ceiling {
    /// The most it may cost, in USD, for programs that can be told.
    pub usd: Option<f64>,
    /// Longest answer, in tokens, for models behind an API.
    pub answer_tokens: Option<u32>,
}

/// Tokens that a provider adds to what it is sent: roles, separators, what makes it answer in a form.
const ADDED_TOKENS: u64 = 2000;
/// Tokens that one image can come to with any provider, as far as their price lists say.
const IMAGE_TOKENS: u64 = 50_000;
/// What one call of Claude Code may cost, in USD, where its settings do not say.
const CLAUDE_CODE_USD: f64 = 1.0;

/// What bounds the cost of a worker's calls.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each worker, and it is copied freely")]
pub(super) enum Bound {
    /// A price per token and a longest answer, in tokens; a role may ask for a shorter one.
    Priced { price: prices::ModelPrice, answer_tokens: u32, grant: Grant },
    /// The program keeps to what it is told, in USD.
    Told(f64),
    /// What the settings say, in USD; nothing makes it so.
    Said(f64),
    /// Nothing.
    Nothing,
}

impl Bound {
    /// What bounds this worker's calls.
    pub(super) fn of(worker: &Worker, limits: &Limits) -> Self {
        let said = worker.call_usd_max.map_or(Self::Nothing, Self::Said);
        if worker.provider == Provider::ClaudeCode {
            return Self::Told(worker.call_usd_max.unwrap_or(CLAUDE_CODE_USD));
        }
        // A program asks its model as often as it likes, so the price of one token says nothing of a call.
        if worker.provider.transport() != Transport::Http {
            return said;
        }
        match prices::price(worker) {
            Some(price) => {
                let answer_tokens = answer_tokens(worker, &price, limits);
                Self::Priced { price, answer_tokens, grant: Grant::of(worker) }
            }
            None => said,
        }
    }

    /// The most this call can cost, in USD; `None`: nobody knows. The call is told what it must keep to.
    pub(super) fn hold(self, call: &mut Call) -> Option<f64> {
        match self {
            Self::Priced { price, answer_tokens, grant } => {
                let asked = grant.answer_tokens(call);
                let answer_tokens = asked.map_or(answer_tokens, |asked| asked.min(answer_tokens));
                call.ceiling.answer_tokens = Some(answer_tokens);
                Some(price.worst_case_usd(input_tokens(call), answer_tokens.into()))
            }
            Self::Told(usd) => {
                call.ceiling.usd = Some(usd);
                Some(usd)
            }
            Self::Said(usd) => Some(usd),
            Self::Nothing => None,
        }
    }
}

/// The longest answer of a worker under a budget: its own bound, else the settings', never beyond what the model can give.
fn answer_tokens(worker: &Worker, price: &prices::ModelPrice, limits: &Limits) -> u32 {
    let thinks = matches!(worker.reasoning_effort, Some(Effort::High | Effort::Max));
    let asked = limits.budget_answer_tokens_max.saturating_mul(if thinks { THINKING_FACTOR } else { 1 });
    let most = price.output_tokens_max.map_or(u32::MAX, |most| u32::try_from(most).unwrap_or(u32::MAX));
    worker.max_tokens.unwrap_or(asked.min(most))
}

/// No token is shorter than a byte, so the bytes bound the tokens.
fn input_tokens(call: &Call) -> u64 {
    let schema = call.schema.as_ref().map_or(0, |schema| schema.to_string().len());
    let said: usize = call.history.iter().map(|turn| turn.prompt.len() + turn.answer.len()).sum();
    let bytes = call.system.as_deref().map_or(0, str::len) + call.prompt.len() + schema + said;
    bytes as u64 + ADDED_TOKENS + IMAGE_TOKENS * call.images.len() as u64
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::super::cassette::tests::call;
    use super::*;
    use crate::config::{Price, Settings};

    fn most(worker: &Worker, call: &mut Call) -> Option<f64> {
        Bound::of(worker, &Settings::default().limits).hold(call)
    }

    #[test]
    fn an_api_call_is_bounded_by_its_bytes_and_its_longest_answer() {
        let mut worker = Worker::new("gpt", Provider::Openai, Some("gpt-5"));
        let mut asked = call("t", 1, &"x".repeat(8000));
        let usd = most(&worker, &mut asked).unwrap();
        assert!((usd - (10_000.0 * 1.25 + 16384.0 * 10.0) / 1e6).abs() < 1e-9, "{usd}");
        assert_eq!(asked.ceiling.answer_tokens, Some(16384));
        worker.max_tokens = Some(1000);
        worker.price = Some(Price { input: 2.0, output: 4.0 });
        let usd = most(&worker, &mut asked).unwrap();
        assert!((usd - (10_000.0 * 2.0 + 1000.0 * 4.0) / 1e6).abs() < 1e-9, "{usd}");
    }

    #[test]
    fn a_thinking_model_has_room_to_think_and_no_model_is_asked_for_more_than_it_gives() {
        let mut worker = Worker::new("claude", Provider::Anthropic, Some("claude-sonnet-4-5"));
        worker.reasoning_effort = Some(Effort::High);
        let mut asked = call("t", 1, "x");
        most(&worker, &mut asked).unwrap();
        assert_eq!(asked.ceiling.answer_tokens, Some(64_000), "four times the bound, within the model's 64,000");
    }

    #[test]
    fn what_a_role_asks_for_is_what_is_set_aside_for() {
        let worker = Worker::new("gpt", Provider::Openai, Some("gpt-4o"));
        let mut asked = call("t", 1, "x");
        let plain = most(&worker, &mut asked).unwrap();
        asked.wishes.answer_tokens = Some(8192);
        let less = most(&worker, &mut asked).unwrap();
        assert_eq!(asked.ceiling.answer_tokens, Some(8192));
        let price = prices::price(&worker).unwrap();
        assert!((plain - less - (16_384.0 - 8192.0) * price.output / 1e6).abs() < 1e-9, "{plain} {less}");
        asked.wishes.answer_tokens = Some(2_000_000);
        assert_eq!(most(&worker, &mut asked), Some(plain), "never more than the bound of a budget");
        assert_eq!(asked.ceiling.answer_tokens, Some(16_384));
    }

    #[test]
    fn programs_cost_what_is_said_of_them_and_claude_code_is_told() {
        let mut asked = call("t", 1, "x");
        let mut worker = Worker::new("codex", Provider::Codex, Some("gpt-5-codex"));
        assert_eq!(most(&worker, &mut asked), None, "a price per token bounds no agent");
        worker.call_usd_max = Some(0.5);
        assert_eq!(most(&worker, &mut asked), Some(0.5));
        assert_eq!(asked.ceiling, Ceiling::default(), "nothing could tell it");
        let mut worker = Worker::new("claude", Provider::ClaudeCode, None);
        assert_eq!(most(&worker, &mut asked), Some(CLAUDE_CODE_USD));
        worker.call_usd_max = Some(0.25);
        assert_eq!(most(&worker, &mut asked), Some(0.25));
        assert_eq!(asked.ceiling.usd, Some(0.25));
    }

    #[test]
    fn an_unknown_price_is_no_bound_and_a_model_on_this_machine_costs_nothing() {
        let mut asked = call("t", 1, "x");
        assert_eq!(most(&Worker::new("a", Provider::Openai, Some("never-heard-of")), &mut asked), None);
        assert_eq!(most(&Worker::new("a", Provider::Ollama, Some("qwen2.5-coder:32b")), &mut asked), Some(0.0));
        assert_eq!(most(&Worker::new("a", Provider::Mcp, None), &mut asked), None);
    }
}
