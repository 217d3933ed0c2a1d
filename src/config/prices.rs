//! What models cost and how much they can take in: the shipped table, and a worker's price with its own settings first.
//! The table is LiteLLM's (MIT, see `catalog/LICENSE-model_prices`). A model that is not in it has no known price,
//! which is never the same as free.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::provider::Provider;
use super::worker::Worker;

/// Price and sizes of one model. Prices are US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelPrice {
    /// Tokens sent.
    pub input: f64,
    /// Tokens answered, thinking included.
    pub output: f64,
    /// Tokens read from the provider's cache; none when the table does not say.
    pub cache_read: Option<f64>,
    /// Tokens written to the provider's cache; none when the table does not say.
    pub cache_write: Option<f64>,
    /// Highest input price that a long prompt can have; none when its length changes nothing.
    pub input_long: Option<f64>,
    /// Highest output price, for long prompts or for thinking; none when it is always the same.
    pub output_long: Option<f64>,
    /// Tokens a prompt may have.
    pub input_tokens_max: Option<u64>,
    /// Tokens an answer may have.
    pub output_tokens_max: Option<u64>,
}

impl ModelPrice {
    /// What a call costs, in US dollars. Cached and written tokens are part of `input_tokens`.
    /// Long-context prices are not applied: [`Self::worst_case_usd`] minds them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
    pub fn usd(&self, input_tokens: u64, cache_read_tokens: u64, cache_write_tokens: u64, output_tokens: u64) -> f64 {
        let plain = input_tokens.saturating_sub(cache_read_tokens).saturating_sub(cache_write_tokens);
        let sum = plain as f64 * self.input
            + cache_read_tokens as f64 * self.cache_read.unwrap_or(self.input)
            + cache_write_tokens as f64 * self.cache_write.unwrap_or(self.input)
            + output_tokens as f64 * self.output;
        sum / 1e6
    }

    /// The most a call can cost, in US dollars: every token at its dearest.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
    pub fn worst_case_usd(&self, input_tokens: u64, output_tokens: u64) -> f64 {
        let dearest = |price: f64, others: [Option<f64>; 2]| others.into_iter().flatten().fold(price, f64::max);
        let input = dearest(self.input, [self.cache_write, self.input_long]);
        let output = dearest(self.output, [self.output_long, None]);
        (input_tokens as f64 * input + output_tokens as f64 * output) / 1e6
    }

    /// A price with no sizes, for settings and for models on this machine.
    fn flat(input: f64, output: f64) -> Self {
        Self {
            input,
            output,
            cache_read: None,
            cache_write: None,
            input_long: None,
            output_long: None,
            input_tokens_max: None,
            output_tokens_max: None,
        }
    }
}

/// The price of a worker's model: its settings first, then the table; none when unknown. A model on this machine
/// costs nothing.
#[must_use]
pub fn price(worker: &Worker) -> Option<ModelPrice> {
    let listed = worker.model.as_deref().and_then(|model| lookup(worker.provider, model));
    if let Some(own) = worker.price {
        let base = listed.unwrap_or(ModelPrice::flat(own.input, own.output));
        // The sizes stay the table's; no listed price outlives the worker's own.
        return Some(ModelPrice {
            input_tokens_max: base.input_tokens_max,
            output_tokens_max: base.output_tokens_max,
            ..ModelPrice::flat(own.input, own.output)
        });
    }
    match worker.provider {
        Provider::Ollama | Provider::Human | Provider::Replay => Some(ModelPrice::flat(0.0, 0.0)),
        _ => listed,
    }
}

/// The shipped price of a model as a provider names it.
#[must_use]
pub fn lookup(provider: Provider, model: &str) -> Option<ModelPrice> {
    candidates(provider, model).into_iter().find_map(|key| TABLE.get(&key).copied())
}

/// The keys of the table that a model could stand under, likeliest first.
fn candidates(provider: Provider, model: &str) -> Vec<String> {
    // OpenRouter's names end in variants such as `:nitro`, which the table does not know.
    let model = if provider == Provider::Openrouter { model.split(':').next().unwrap_or(model) } else { model };
    if let Some((prefix, bare)) = model.split_once('/') {
        let prefix = match prefix {
            "x-ai" => "xai",
            "google" => "gemini",
            "mistralai" => "mistral",
            "moonshotai" => "moonshot",
            "z-ai" => "zai",
            "qwen" => "dashscope",
            other => other,
        };
        // OpenRouter writes `claude-sonnet-4.5` where Anthropic writes `claude-sonnet-4-5`.
        return vec![format!("{prefix}/{bare}"), format!("{prefix}/{}", bare.replace('.', "-"))];
    }
    let own = match provider {
        Provider::ClaudeCode | Provider::Anthropic => "anthropic",
        Provider::Codex | Provider::Openai | Provider::OpenaiResponses => "openai",
        Provider::GeminiCli | Provider::Gemini => "gemini",
        Provider::GrokCli | Provider::Xai => "xai",
        _ => return Vec::new(),
    };
    let mut keys = vec![format!("{own}/{model}")];
    if provider == Provider::Openai {
        // A compatible server may be anybody's: the same name with another vendor is taken where it is plain.
        keys.extend(
            ["deepseek", "mistral", "xai", "gemini", "anthropic", "dashscope", "moonshot", "zai"]
                .map(|vendor| format!("{vendor}/{model}")),
        );
    }
    keys
}

/// One row of the table in dollars per million tokens; none when it holds no price.
/// A row has prices per token, further ones from certain prompt lengths on (`…_above_200k_tokens`), or a list of tiers.
fn row(fields: &serde_json::Map<String, Value>) -> Option<ModelPrice> {
    let tiers: Vec<&serde_json::Map<String, Value>> = fields
        .get("tiered_pricing")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    let million = |fields: &serde_json::Map<String, Value>, key: &str| Some(fields.get(key)?.as_f64()? * 1e6);
    let base = |key: &str| million(fields, key).or_else(|| million(tiers.first()?, key));
    let long = |key: &str| {
        let above = format!("{key}_above_");
        let lengths = fields.iter().filter(|(name, _)| name.starts_with(&above) && name.ends_with("k_tokens"));
        let tiers = tiers.iter().skip(1).filter_map(|tier| million(tier, key));
        lengths.filter_map(|(_, price)| Some(price.as_f64()? * 1e6)).chain(tiers).reduce(f64::max)
    };
    Some(ModelPrice {
        input: base("input_cost_per_token")?,
        output: base("output_cost_per_token")?,
        cache_read: base("cache_read_input_token_cost"),
        cache_write: base("cache_creation_input_token_cost"),
        input_long: long("input_cost_per_token"),
        // Some models ask more for thinking than for the answer; it is not known beforehand how much they think.
        output_long: [long("output_cost_per_token"), million(fields, "output_cost_per_reasoning_token")]
            .into_iter()
            .flatten()
            .reduce(f64::max),
        input_tokens_max: fields.get("max_input_tokens").and_then(Value::as_u64),
        output_tokens_max: fields.get("max_output_tokens").and_then(Value::as_u64),
    })
}

/// The file's form.
#[derive(Debug, Deserialize)]
struct File {
    models: BTreeMap<String, serde_json::Map<String, Value>>,
}

/// The table, read at its first use. A row without prices is left out; a test counts them.
static TABLE: LazyLock<BTreeMap<String, ModelPrice>> = LazyLock::new(|| {
    let file: Option<File> = serde_json::from_str(include_str!("catalog/model_prices.json")).ok();
    let models = file.map(|file| file.models).unwrap_or_default();
    models.into_iter().filter_map(|(name, fields)| Some((name, row(&fields)?))).collect()
});

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::config::Price;

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn the_whole_table_is_read() {
        let file: File = serde_json::from_str(include_str!("catalog/model_prices.json")).unwrap();
        let left_out: Vec<&String> = file.models.keys().filter(|name| !TABLE.contains_key(*name)).collect();
        assert_eq!(left_out, Vec::<&String>::new());
        assert!(TABLE.len() > 400, "only {} rows", TABLE.len());
    }

    #[test]
    fn models_are_found_as_each_provider_names_them() {
        for (provider, model) in [
            (Provider::Openai, "gpt-5"),
            (Provider::Codex, "gpt-5-codex"),
            (Provider::ClaudeCode, "claude-sonnet-4-5"),
            (Provider::Openrouter, "anthropic/claude-sonnet-4.5"),
            (Provider::Openrouter, "x-ai/grok-4:nitro"),
            (Provider::Gemini, "gemini-2.5-pro"),
            (Provider::Openai, "deepseek-chat"),
        ] {
            assert!(lookup(provider, model).is_some(), "{} {model}", provider.as_str());
        }
        let gpt = lookup(Provider::Openai, "gpt-5").unwrap();
        assert!(close(gpt.input, 1.25) && close(gpt.output, 10.0));
        assert_eq!(gpt.input_tokens_max, Some(272_000));
    }

    #[test]
    fn unknown_is_not_free_and_local_is() {
        assert_eq!(price(&Worker::new("a", Provider::Openai, Some("never-heard-of"))), None);
        assert_eq!(price(&Worker::new("a", Provider::ClaudeCode, None)), None);
        let local = price(&Worker::new("a", Provider::Ollama, Some("qwen2.5-coder:32b"))).unwrap();
        assert!(close(local.usd(1_000_000, 0, 0, 1_000_000), 0.0));
    }

    #[test]
    fn a_price_of_its_own_wins_and_keeps_the_sizes() {
        let mut worker = Worker::new("a", Provider::Openai, Some("gpt-5"));
        worker.price = Some(Price { input: 2.0, output: 4.0 });
        let price = price(&worker).unwrap();
        assert!(close(price.usd(1_000_000, 500_000, 0, 1_000_000), 6.0));
        assert_eq!(price.input_tokens_max, Some(272_000));
    }

    #[test]
    fn cached_tokens_cost_their_own_price_and_the_worst_case_is_the_dearest() {
        let claude = lookup(Provider::Anthropic, "claude-sonnet-4-5").unwrap();
        assert!(close(claude.usd(1_000_000, 400_000, 100_000, 0), 0.5 * 3.0 + 0.4 * 0.3 + 0.1 * 3.75));
        let gemini = lookup(Provider::Gemini, "gemini-2.5-pro").unwrap();
        assert!(close(gemini.worst_case_usd(1_000_000, 1_000_000), 2.5 + 15.0));
    }

    #[test]
    fn every_model_that_discovery_would_use_has_a_price() {
        let catalog = crate::config::catalog();
        for (name, entry) in catalog["discovery"]["key"].as_table().unwrap() {
            let provider = Provider::parse(entry["provider"].as_str().unwrap()).unwrap();
            let model = entry["model"].as_str().unwrap();
            assert!(provider == Provider::Openrouter || lookup(provider, model).is_some(), "{name}: {model}");
        }
    }
}
