//! Tokens and money: what the providers' usage objects say in their several dialects, and what it costs.
//! Looking prices up is not done here; rates come in as a value.

use crate::board::Usage;
use crate::config::{Price, prices};
use serde_json::Value;

/// What the tokens of a call cost, by the length of its prompt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// What they usually cost.
    pub usual: TokenRates,
    /// What they cost in calls whose prompt has more tokens than this.
    pub long: Option<(u64, TokenRates)>,
}

impl Rates {
    /// Prices that no length changes.
    fn flat(usual: TokenRates) -> Self {
        Self { usual, long: None }
    }

    fn of(self, input_tokens: u64) -> TokenRates {
        self.long.filter(|(above, _)| input_tokens > *above).map_or(self.usual, |(_, rates)| rates)
    }
}

impl From<&prices::ModelPrice> for Rates {
    fn from(price: &prices::ModelPrice) -> Self {
        let long = price.long.map(|long| (long.above_tokens, TokenRates::from(long.tier)));
        Self { usual: TokenRates::from(price.tier(0)), long }
    }
}

impl From<prices::Tier> for TokenRates {
    fn from(tier: prices::Tier) -> Self {
        let prices::Tier { input, output, cache_read, cache_write } = tier;
        Self { input, cached: cache_read.unwrap_or(input), written: cache_write.unwrap_or(input), output }
    }
}

/// What tokens cost, in US dollars per million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenRates {
    /// Tokens sent that were neither read from nor written to the provider's cache.
    pub input: f64,
    /// Tokens sent that the provider read from its cache.
    pub cached: f64,
    /// Tokens sent that the provider wrote to its cache.
    pub written: f64,
    /// Tokens received, thinking included.
    pub output: f64,
}

impl From<Price> for Rates {
    /// A configured price knows no cache: cached tokens cost what others do, so the sum is never too low for reads.
    fn from(price: Price) -> Self {
        let Price { input, output } = price;
        Self::flat(TokenRates { input, cached: input, written: input, output })
    }
}

/// What the usage objects of one answer said so far. Later objects replace earlier ones field by field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tokens {
    /// Whether any count was given at all.
    pub(super) known: bool,
    input: u64,
    output: u64,
    cached: u64,
    written: u64,
    cost: Option<f64>,
}

impl Tokens {
    /// Reads a `usage` object of the OpenAI, Responses or Anthropic wire.
    pub(super) fn read(&mut self, usage: &Value) {
        let count = |key: &str| usage.get(key).and_then(Value::as_u64);
        let detail = |key: &str, inner: &str| usage.get(key).and_then(|d| d.get(inner)).and_then(Value::as_u64);
        // Anthropic counts cached tokens apart from `input_tokens`; the two others count them within.
        let read_apart = count("cache_read_input_tokens");
        let written_apart = count("cache_creation_input_tokens");
        if let Some(input) = count("prompt_tokens").or_else(|| count("input_tokens")) {
            self.input = input + read_apart.unwrap_or(0) + written_apart.unwrap_or(0);
            self.known = true;
        }
        if let Some(output) = count("completion_tokens").or_else(|| count("output_tokens")) {
            self.output = output;
            self.known = true;
        }
        // xAI leaves the thinking out of `completion_tokens` but not out of the total.
        if let (Some(total), Some(sent)) = (count("total_tokens"), count("prompt_tokens")) {
            self.output = self.output.max(total.saturating_sub(sent));
        }
        let read = read_apart
            .or_else(|| detail("prompt_tokens_details", "cached_tokens"))
            .or_else(|| detail("input_tokens_details", "cached_tokens"));
        self.cached = read.unwrap_or(self.cached);
        self.written = written_apart.unwrap_or(self.written);
        self.cost = usage.get("cost").and_then(Value::as_f64).or(self.cost);
    }

    /// Reads Gemini's `usageMetadata`, which counts thinking apart from the answer.
    pub(super) fn read_gemini(&mut self, usage: &Value) {
        let count = |key: &str| usage.get(key).and_then(Value::as_u64).unwrap_or(0);
        self.input = count("promptTokenCount") + count("toolUsePromptTokenCount");
        self.output = count("candidatesTokenCount") + count("thoughtsTokenCount");
        self.cached = count("cachedContentTokenCount");
        self.known = true;
    }

    /// Tokens received so far.
    pub(super) fn output(&self) -> u64 {
        self.output
    }

    /// The usage with its cost. What the provider says it charged wins over the rates; neither means unknown, never 0.
    pub(super) fn priced(&self, rates: Option<Rates>) -> Usage {
        let by_rates = |rates: Rates| {
            let rates = rates.of(self.input);
            let plain = self.input.saturating_sub(self.cached).saturating_sub(self.written);
            let dollars = |tokens: u64, rate: f64| tokens as f64 * rate / 1e6;
            dollars(plain, rates.input)
                + dollars(self.cached, rates.cached)
                + dollars(self.written, rates.written)
                + dollars(self.output, rates.output)
        };
        let cost_usd = self.cost.or_else(|| rates.filter(|_| self.known).map(by_rates));
        Usage { input_tokens: self.input, output_tokens: self.output, cached_tokens: self.cached, cost_usd }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(usage: &Value) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.read(usage);
        tokens
    }

    #[test]
    fn anthropic_counts_its_cache_apart_and_ends_with_the_output() {
        let mut tokens = read(
            &json!({"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 1}),
        );
        tokens.read(&json!({"output_tokens": 40}));
        let rates = TokenRates { input: 1.0, cached: 0.1, written: 2.0, output: 10.0 };
        let usage = tokens.priced(Some(Rates::flat(rates)));
        assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), (125, 100, 40));
        let expected = (5.0 + 10.0 + 40.0 + 400.0) / 1e6;
        assert!(usage.cost_usd.is_some_and(|cost| (cost - expected).abs() < 1e-12));
    }

    #[test]
    fn the_openai_wires_count_their_cache_within() {
        let chat = read(
            &json!({"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 60}}),
        );
        let responses =
            read(&json!({"input_tokens": 100, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 60}}));
        assert_eq!(chat.priced(None), responses.priced(None));
        assert_eq!((chat.priced(None).input_tokens, chat.priced(None).cached_tokens), (100, 60));
    }

    #[test]
    fn a_long_prompt_is_settled_at_the_prices_of_long_ones() {
        let price = prices::lookup(crate::config::Provider::Gemini, "gemini-2.5-pro").map(|price| Rates::from(&price));
        let cost = |input: u64| {
            let tokens = read(&json!({"prompt_tokens": input, "completion_tokens": 100_000}));
            tokens.priced(price).cost_usd.unwrap_or_default()
        };
        assert!((cost(200_000) - (0.25 + 1.0)).abs() < 1e-9, "{}", cost(200_000));
        assert!((cost(400_000) - (1.0 + 1.5)).abs() < 1e-9, "{}", cost(400_000));
    }

    #[test]
    fn thinking_counts_as_output_on_xai_and_gemini() {
        let xai = read(&json!({"prompt_tokens": 10, "completion_tokens": 35, "total_tokens": 237}));
        assert_eq!(xai.output(), 227);
        let mut gemini = Tokens::default();
        gemini.read_gemini(&json!({"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 30}));
        assert_eq!(gemini.output(), 34);
    }

    #[test]
    fn the_providers_own_cost_wins_and_unknown_is_never_nothing() {
        let rates = Some(Rates::from(Price { input: 1.0, output: 1.0 }));
        let told = read(&json!({"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.25}));
        assert_eq!(told.priced(rates).cost_usd, Some(0.25));
        assert_eq!(read(&json!({"prompt_tokens": 1})).priced(None).cost_usd, None);
        assert_eq!(Tokens::default().priced(rates).cost_usd, None);
    }
}
