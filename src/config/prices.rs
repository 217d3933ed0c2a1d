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
    /// What a longer prompt costs; none when its length changes nothing.
    pub long: Option<LongPrice>,
    /// Highest input price that a long prompt can have; none when its length changes nothing.
    pub input_long: Option<f64>,
    /// Highest output price, for long prompts or for thinking; none when it is always the same.
    pub output_long: Option<f64>,
    /// Tokens a prompt may have.
    pub input_tokens_max: Option<u64>,
    /// Tokens an answer may have.
    pub output_tokens_max: Option<u64>,
}

/// The prices of prompts up to or above one length, in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tier {
    /// Tokens sent.
    pub input: f64,
    /// Tokens answered, thinking included.
    pub output: f64,
    /// Tokens read from the provider's cache; none when the table does not say.
    pub cache_read: Option<f64>,
    /// Tokens written to the provider's cache; none when the table does not say.
    pub cache_write: Option<f64>,
}

/// What prompts above a length cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LongPrice {
    /// The length, in tokens.
    pub above_tokens: u64,
    /// The prices.
    pub tier: Tier,
}

impl ModelPrice {
    /// What a call costs, in US dollars. Cached and written tokens are part of `input_tokens`; a prompt above the table's
    /// length costs the long prompt's prices, all of it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
    pub fn usd(&self, input_tokens: u64, cache_read_tokens: u64, cache_write_tokens: u64, output_tokens: u64) -> f64 {
        let plain = input_tokens.saturating_sub(cache_read_tokens).saturating_sub(cache_write_tokens);
        let tier = self.tier(input_tokens);
        let sum = plain as f64 * tier.input
            + cache_read_tokens as f64 * tier.cache_read.unwrap_or(tier.input)
            + cache_write_tokens as f64 * tier.cache_write.unwrap_or(tier.input)
            + output_tokens as f64 * tier.output;
        sum / 1e6
    }

    /// The prices of a prompt of so many tokens.
    #[must_use]
    pub fn tier(&self, input_tokens: u64) -> Tier {
        let long = self.long.filter(|long| input_tokens > long.above_tokens);
        long.map_or(
            Tier { input: self.input, output: self.output, cache_read: self.cache_read, cache_write: self.cache_write },
            |long| long.tier,
        )
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
            long: None,
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
        long: long_price(fields, &tiers),
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

/// The first length from which on a prompt costs more, and what it costs then. A row has it in the names of its keys
/// (`…_above_200k_tokens`) or as the second of its tiers. Of several lengths the first is taken.
fn long_price(fields: &serde_json::Map<String, Value>, tiers: &[&serde_json::Map<String, Value>]) -> Option<LongPrice> {
    let million = |fields: &serde_json::Map<String, Value>, key: &str| Some(fields.get(key)?.as_f64()? * 1e6);
    if let Some(second) = tiers.get(1) {
        let above = second.get("range")?.as_array()?.first()?.as_f64()?;
        let price = |key: &str| million(second, key);
        return Some(LongPrice {
            above_tokens: whole(above),
            tier: Tier {
                input: price("input_cost_per_token")?,
                output: price("output_cost_per_token")?,
                cache_read: price("cache_read_input_token_cost"),
                cache_write: price("cache_creation_input_token_cost"),
            },
        });
    }
    let begin = "input_cost_per_token_above_";
    let lengths =
        fields.keys().filter_map(|key| key.strip_prefix(begin)?.strip_suffix("k_tokens")?.parse::<u64>().ok());
    let thousands = lengths.min()?;
    let price = |key: &str| million(fields, &format!("{key}_above_{thousands}k_tokens"));
    let or_base = |key: &str| price(key).or_else(|| million(fields, key));
    Some(LongPrice {
        above_tokens: thousands * 1000,
        tier: Tier {
            input: price("input_cost_per_token")?,
            output: or_base("output_cost_per_token")?,
            cache_read: or_base("cache_read_input_token_cost"),
            cache_write: or_base("cache_creation_input_token_cost"),
        },
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length in tokens is a small whole number"
)]
fn whole(tokens: f64) -> u64 {
    tokens as u64
}

/// Where the shipped table comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSource {
    /// Whose list it is.
    pub list: String,
    /// Which releases of it, the newest first; the later ones fill in models that the first no longer names.
    pub releases: Vec<String>,
    /// Where it is published.
    pub url: String,
    /// The day it was taken, as year, month and day.
    pub taken: String,
    /// How many models have a price in it.
    pub models: usize,
}

/// Where the shipped table comes from, and of which day it is.
#[must_use]
pub fn source() -> TableSource {
    let meta = FILE.as_ref().map(|file| &file.meta);
    let word = |key: &str| meta.and_then(|meta| meta.get(key)?.as_str()).unwrap_or("unknown").to_owned();
    let packages = meta.and_then(|meta| meta.get("packages")?.as_array()).into_iter().flatten();
    let releases = packages.filter_map(|package| Some(format!("litellm {}", package.get("litellm")?.as_str()?)));
    let (list, url, taken) = (word("source"), word("url"), word("taken"));
    TableSource { list, releases: releases.collect(), url, taken, models: TABLE.len() }
}

/// The file's form.
#[derive(Debug, Deserialize)]
struct File {
    /// Source, unit and day, for people.
    #[serde(default, rename = "_meta")]
    meta: serde_json::Map<String, Value>,
    models: BTreeMap<String, serde_json::Map<String, Value>>,
}

static FILE: LazyLock<Option<File>> =
    LazyLock::new(|| serde_json::from_str(include_str!("catalog/model_prices.json")).ok());

/// The table, read at its first use. A row without prices is left out; a test counts them.
static TABLE: LazyLock<BTreeMap<String, ModelPrice>> = LazyLock::new(|| {
    let models = FILE.iter().flat_map(|file| &file.models);
    models.filter_map(|(name, fields)| Some((name.clone(), row(fields)?))).collect()
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
    fn the_table_says_where_it_is_from_and_of_which_day() {
        let source = source();
        assert!(source.list.contains("LiteLLM") && source.url.starts_with("https://"), "{source:?}");
        assert!(source.releases[0].starts_with("litellm 1.") && source.taken.starts_with("20"), "{source:?}");
        assert_eq!((source.taken.len(), source.models), (10, TABLE.len()));
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
    fn a_long_prompt_costs_what_the_table_says_of_long_ones() {
        let gemini = lookup(Provider::Gemini, "gemini-2.5-pro").unwrap();
        assert!(close(gemini.usd(200_000, 0, 0, 1_000_000), 0.2 * 1.25 + 10.0));
        assert!(close(gemini.usd(200_001, 0, 0, 1_000_000), 0.200_001 * 2.5 + 15.0));
        let tiered = lookup(Provider::Openai, "qwen-flash").unwrap();
        assert!(close(tiered.usd(256_000, 0, 0, 0), 0.256 * 0.05) && close(tiered.usd(300_000, 0, 0, 0), 0.3 * 0.25));
        for (name, price) in TABLE.iter() {
            let long = price.tier(u64::MAX);
            assert!(long.input <= price.worst_case_usd(1_000_000, 0) + 1e-9, "{name}: set aside is not enough");
            assert!(long.output <= price.worst_case_usd(0, 1_000_000) + 1e-9, "{name}: set aside is not enough");
        }
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
