//! What looks like a key or a password. Settings name keys and never hold them, so such a value is refused
//! before anything can show it.

/// How keys of known services begin, with the shortest length that is a real one.
const PREFIXES: [(&str, usize); 14] = [
    ("sk-", 20),
    ("sk_live_", 20),
    ("AIza", 30),
    ("xai-", 20),
    ("gsk_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 20),
    ("hf_", 20),
    ("AKIA", 20),
    ("xoxb-", 20),
    ("eyJ", 40),
];

/// Whether a text holds something that looks like a key, or an address with a password.
#[must_use]
pub fn looks_like_key(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';'));
    text.contains("-----BEGIN") || has_bearer(text) || has_password(text) || words.any(begins_like_key)
}

/// Whether one word begins as keys of known services do. Keys hold digits, which tells them from `sk-learn-…`.
fn begins_like_key(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
        && PREFIXES.iter().any(|(prefix, length)| word.len() >= *length && word.starts_with(prefix))
}

/// Whether a text holds the value of an authorization header.
fn has_bearer(text: &str) -> bool {
    let token = text.split_once("Bearer ").and_then(|(_, rest)| rest.split_whitespace().next());
    token.is_some_and(|token| token.len() >= 16)
}

/// Whether an address holds `user:password@`.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| !user.is_empty())
}

/// Whether a value holds such a text anywhere.
pub(super) fn in_value(value: &toml::Value) -> bool {
    match value {
        toml::Value::String(text) => looks_like_key(text),
        toml::Value::Array(items) => items.iter().any(in_value),
        toml::Value::Table(table) => table.iter().any(|(_, value)| in_value(value)),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_seen_also_inside_other_text() {
        // Put together here, so that no scanner takes this file for a leak.
        let tail = "0123456789abcdef".repeat(3);
        for shape in [
            "sk-proj-{}",
            "sk-ant-{}",
            "AIza{}",
            "Authorization: Bearer {}",
            "Bearer {}",
            "--api-key=sk-{}",
            "xai-{}",
            "https://me:{}@example.org/v1",
            "-----BEGIN PRIVATE KEY-----{}",
        ] {
            assert!(looks_like_key(&shape.replace("{}", &tail)), "{shape} was let through");
        }
    }

    #[test]
    fn ordinary_values_are_not_taken_for_keys() {
        for text in [
            "OPENAI_API_KEY",
            "claude-sonnet-4-5",
            "sk-",
            "sk-learn-based-classification-of-errors",
            "Bearer tokens",
            "http://127.0.0.1:9000/v1",
            "https://example.org/a@b",
            "risk-assessment-of-the-login-code",
            "Review the design note {{name}}",
        ] {
            assert!(!looks_like_key(text), "{text} was refused");
        }
    }
}
