//! What differs between the wires before a call is made: the adapter, the address, the thinking effort, the answer's form.
//! Reading what comes back is the same for all of them and lives in `frames` and `finish`.

use super::Error;
use crate::config::{Effort, Provider};
use genai::adapter::AdapterKind;
use genai::chat::ReasoningEffort;
use reqwest::Url;

/// Endings of a model's name that the library would cut off and send as an effort (`qwen3-max` would become `qwen3`).
const EFFORT_ENDINGS: [&str; 8] = ["none", "zero", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The library's adapter for a provider. Ollama goes over its OpenAI-compatible address, because the adapter of its own
/// drops the JSON schema and the extra body.
pub(super) fn adapter(provider: Provider) -> Option<AdapterKind> {
    match provider {
        Provider::Openai | Provider::Ollama => Some(AdapterKind::OpenAI),
        Provider::OpenaiResponses => Some(AdapterKind::OpenAIResp),
        Provider::Anthropic => Some(AdapterKind::Anthropic),
        Provider::Gemini => Some(AdapterKind::Gemini),
        Provider::Xai => Some(AdapterKind::Xai),
        Provider::Openrouter => Some(AdapterKind::OpenRouter),
        _ => None,
    }
}

/// Reads a base address and makes it joinable: it ends in `/`, and one without any path gets the provider's usual one
/// (`v1/`, `v1beta/`), since that is how people know these addresses.
pub(super) fn address(worker: &str, provider: Provider, text: &str) -> Result<Url, Error> {
    let refuse = |why: &'static str| Error::Address { worker: worker.to_owned(), why };
    let mut url = Url::parse(text).map_err(|_| refuse("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refuse("must begin with http:// or https:// and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("must not hold a user or a password; name the key's variable in `api_key_env`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("must not hold `?` or `#`"));
    }
    if url.path() == "/" {
        let usual = provider.base_url().and_then(|usual| Url::parse(usual).ok());
        url.set_path(usual.as_ref().map_or("/v1/", |usual| usual.path()));
    } else if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether a server of this address runs on this machine, where a model may have to be loaded before the first word.
pub(in crate::worker) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    loopback || host == "localhost" || host.ends_with(".localhost")
}

/// The effort to send. Nothing configured means nothing sent, but saying nothing would let the library read an effort out
/// of the model's name and cut it off; the value chosen here keeps the name whole and adds as little as the wire allows.
pub(super) fn effort(kind: AdapterKind, model: &str, configured: Option<Effort>) -> Option<ReasoningEffort> {
    if let Some(effort) = configured {
        return Some(match effort {
            Effort::None => ReasoningEffort::Zero,
            Effort::Minimal => ReasoningEffort::Minimal,
            Effort::Low => ReasoningEffort::Low,
            Effort::Medium => ReasoningEffort::Medium,
            Effort::High => ReasoningEffort::High,
            Effort::Max => ReasoningEffort::Max,
        });
    }
    let ending = model.rsplit_once('-').map(|(_, ending)| ending)?;
    EFFORT_ENDINGS.contains(&ending).then_some(match kind {
        // On these two a budget of tokens would be sent; `Zero` sends no thinking at all for names of this shape.
        AdapterKind::Anthropic | AdapterKind::Gemini => ReasoningEffort::Zero,
        // A budget has no field on the OpenAI wires, so nothing is sent.
        _ => ReasoningEffort::Budget(0),
    })
}

/// Whether a refused request (HTTP 400 or 422) was refused for the answer's form rather than for what it asks.
/// Servers name the field in their own words, so the fields of all wires are looked for.
pub(super) fn refuses_schema(message: &str) -> bool {
    const FIELDS: [&str; 9] = [
        "response_format",
        "responseformat",
        "output_config",
        "output_format",
        "text.format",
        "schema",
        "structured output",
        "response mime type",
        "grammar",
    ];
    let message = message.to_lowercase();
    FIELDS.iter().any(|field| message.contains(field))
}

/// Whether it was refused for its temperature.
pub(super) fn refuses_temperature(message: &str) -> bool {
    message.to_lowercase().contains("temperature")
}

/// Whether it was refused for the longest answer it asks for, in the words of any wire.
pub(super) fn refuses_length(message: &str) -> bool {
    const FIELDS: [&str; 5] =
        ["max_tokens", "max_completion_tokens", "max_output_tokens", "maxoutputtokens", "max_new_tokens"];
    let message = message.to_lowercase();
    FIELDS.iter().any(|field| message.contains(field)) || message.contains("in the completion")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::*;

    #[test]
    fn addresses_become_joinable_and_get_the_usual_path_when_they_have_none() {
        let of = |provider, text| address("w", provider, text).map(|url| url.to_string());
        assert_eq!(of(Provider::Openai, "http://127.0.0.1:9000/v1").unwrap(), "http://127.0.0.1:9000/v1/");
        assert_eq!(of(Provider::Anthropic, "https://api.anthropic.com").unwrap(), "https://api.anthropic.com/v1/");
        assert_eq!(of(Provider::Gemini, "http://h:1/").unwrap(), "http://h:1/v1beta/");
        assert_eq!(of(Provider::Openrouter, "http://h/api/v1/").unwrap(), "http://h/api/v1/");
    }

    #[test]
    fn addresses_with_secrets_or_of_another_kind_are_refused_without_being_shown() {
        for text in ["ftp://h/v1", "localhost:11434", "http://me:hunter2@h/v1", "http://h/v1?key=hunter2", "no"] {
            let message = address("w", Provider::Openai, text).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        let local = |text| is_local(&Url::parse(text).unwrap());
        assert!(local("http://127.0.0.1:1/") && local("http://localhost/") && local("http://[::1]:5/"));
        assert!(!local("http://10.0.0.1/") && !local("https://localhost.example/"));
    }

    #[test]
    fn names_that_end_like_an_effort_are_protected_on_every_wire() {
        let of = |kind, model| effort(kind, model, None);
        for model in ["qwen3-max", "mistral-medium", "gpt-5.1-codex-max", "deepseek-r1-zero"] {
            assert!(matches!(of(AdapterKind::OpenAI, model), Some(ReasoningEffort::Budget(0))), "{model}");
            assert!(matches!(of(AdapterKind::Gemini, model), Some(ReasoningEffort::Zero)), "{model}");
        }
        assert!(of(AdapterKind::OpenAI, "gpt-5").is_none());
        let given = effort(AdapterKind::OpenAI, "qwen3-max", Some(Effort::High));
        assert!(matches!(given, Some(ReasoningEffort::High)));
    }
}
