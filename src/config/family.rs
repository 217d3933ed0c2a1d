//! Whose model it is: workers of one vendor make the same mistakes, so their votes are not independent.

use super::provider::Provider;

/// Beginnings of model names and their vendors. Longer ones stand before those they begin with.
const VENDORS: [(&str, &str); 34] = [
    ("claude", "anthropic"),
    ("sonnet", "anthropic"),
    ("opus", "anthropic"),
    ("haiku", "anthropic"),
    ("gpt-oss", "openai"),
    ("gpt", "openai"),
    ("chatgpt", "openai"),
    ("codex", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("gemini", "google"),
    ("gemma", "google"),
    ("codegemma", "google"),
    ("grok", "xai"),
    ("code-supernova", "xai"),
    ("qwen", "alibaba"),
    ("qwq", "alibaba"),
    ("llama", "meta"),
    ("codellama", "meta"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("codestral", "mistral"),
    ("devstral", "mistral"),
    ("magistral", "mistral"),
    ("ministral", "mistral"),
    ("deepseek", "deepseek"),
    ("phi", "microsoft"),
    ("command-", "cohere"),
    ("kimi", "moonshot"),
    ("moonshot", "moonshot"),
    ("glm", "zai"),
    ("minimax", "minimax"),
    ("granite", "ibm"),
];

/// Prefixes before a slash in model names (`x-ai/grok-4`) that are spelled unlike our vendors.
const PREFIXES: [(&str, &str); 6] = [
    ("x-ai", "xai"),
    ("mistralai", "mistral"),
    ("meta-llama", "meta"),
    ("moonshotai", "moonshot"),
    ("z-ai", "zai"),
    ("qwen", "alibaba"),
];

/// The family of a worker that names none: the provider's vendor, else the model's, else the worker itself.
#[must_use]
pub(super) fn of(name: &str, provider: Provider, model: Option<&str>) -> String {
    if let Some(vendor) = provider.vendor() {
        return vendor.to_owned();
    }
    let model = model.unwrap_or_default().to_ascii_lowercase();
    let (prefix, bare) = model.rsplit_once('/').unwrap_or(("", &model));
    if let Some((_, vendor)) = VENDORS.iter().find(|(start, _)| bare.starts_with(start)) {
        return (*vendor).to_owned();
    }
    if let Some((_, vendor)) = PREFIXES.iter().find(|(start, _)| prefix == *start) {
        return (*vendor).to_owned();
    }
    // OpenAI's own address serves only OpenAI's models, but a compatible server serves anything; an unknown name
    // behind either is safest as a family of its own only where nothing suggests a vendor.
    if matches!(provider, Provider::Openrouter) && !prefix.is_empty() { prefix.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_the_vendor_where_it_can_be_known() {
        for (provider, model, family) in [
            (Provider::ClaudeCode, None, "anthropic"),
            (Provider::Codex, Some("gpt-5-codex"), "openai"),
            (Provider::Openai, Some("gpt-5"), "openai"),
            (Provider::Openai, Some("Qwen/Qwen2.5-Coder-32B"), "alibaba"),
            (Provider::Ollama, Some("qwen2.5-coder:32b"), "alibaba"),
            (Provider::Openrouter, Some("x-ai/grok-4"), "xai"),
            (Provider::Openrouter, Some("somebody/new-thing"), "somebody"),
            (Provider::CopilotCli, Some("gpt-4.1"), "openai"),
            (Provider::CopilotCli, None, "mine"),
            (Provider::Human, None, "mine"),
            (Provider::Openai, Some("local-model"), "mine"),
        ] {
            assert_eq!(of("mine", provider, model), family, "{} {model:?}", provider.as_str());
        }
    }
}
