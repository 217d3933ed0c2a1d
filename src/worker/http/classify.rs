//! What a failed call means: status, headers and body become a kind of fault. Codes are matched before words, because the
//! same words mean different things (Gemini says "exceeded your current quota" for a limit per minute).
//! Which failure class and which sentence a kind becomes is in `fault`.

use super::error_body;
use super::fault::{Fault, Kind};
use super::retry_after;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::SystemTime;

/// Codes that say the money or the allowance is used up, so that waiting does not help.
const QUOTA: [&str; 8] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_error",
    "enforced_spend_limit_reached",
    "insufficient_credits",
];
/// Codes of a key that is wrong or may not do this.
const AUTH: [&str; 5] =
    ["invalid_api_key", "authentication_error", "permission_error", "api_key_invalid", "permission_denied"];
/// Codes of a prompt that does not fit.
const TOO_LONG: [&str; 3] = ["context_length_exceeded", "exceed_context_size_error", "request_too_large"];
/// Codes of content that the provider will not take.
const FILTERED: [&str; 4] =
    ["content_filter", "content_policy_violation", "flagged_input", "responsibleaipolicyviolation"];
/// Codes of a model or an address that does not exist.
const NOT_FOUND: [&str; 2] = ["model_not_found", "not_found_error"];

/// Words, for providers that give no code of their own.
const QUOTA_WORDS: [&str; 2] = ["credit balance is too low", "insufficient credits"];
const AUTH_WORDS: [&str; 4] = ["incorrect api key", "api key not valid", "invalid api key", "no connected db"];
const TOO_LONG_WORDS: [&str; 7] = [
    "prompt is too long",
    "input is too long",
    "exceeds the maximum number of tokens",
    "maximum context length",
    "exceeds the available context size",
    "contextwindowexceeded",
    "context window",
];
const FILTERED_WORDS: [&str; 4] =
    ["content_filter", "content_policy", "input was flagged", "content management policy"];

/// Classifies a failed call. `status` is the HTTP status, or none for an error inside an answer that began well; then the
/// body's own code counts as the status. `now` serves `Retry-After` dates.
pub(super) fn classify(status: Option<u16>, headers: &HeaderMap, body: &Value, now: SystemTime) -> Fault {
    let status = status.filter(|status| *status >= 300).or_else(|| error_body::status(body));
    let names = error_body::names(body);
    let words = error_body::message(body).unwrap_or_default();
    let kind = by_code(&names)
        .or_else(|| by_words(&words.to_lowercase(), status))
        .or_else(|| status.map(|status| by_status(status, &names)))
        .unwrap_or_else(|| by_type(&names));
    let should_retry = headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    Fault {
        kind,
        status,
        should_retry: should_retry.and_then(|value| value.trim().parse().ok()),
        retry_after: retry_after::read(headers, body, now),
        said: Some(words.to_owned()).filter(|words| !words.is_empty()),
    }
}

fn by_code(names: &[String]) -> Option<Kind> {
    let any = |codes: &[&str]| names.iter().any(|name| codes.contains(&name.as_str()));
    let table: [(&[&str], Kind); 5] = [
        (&QUOTA, Kind::Quota),
        (&TOO_LONG, Kind::TooLong),
        (&FILTERED, Kind::Filtered),
        (&NOT_FOUND, Kind::NotFound),
        (&AUTH, Kind::Auth),
    ];
    table.into_iter().find(|(codes, _)| any(codes)).map(|(_, kind)| kind)
}

/// Words are only believed in answers that refuse (4xx), never in a server's own trouble.
fn by_words(words: &str, status: Option<u16>) -> Option<Kind> {
    if status.is_some_and(|status| status >= 500) {
        return None;
    }
    let any = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if any(&QUOTA_WORDS) || (status == Some(429) && says_limit_zero(words)) {
        Some(Kind::Quota)
    } else if any(&AUTH_WORDS) {
        Some(Kind::Auth)
    } else if any(&TOO_LONG_WORDS) {
        Some(Kind::TooLong)
    } else if any(&FILTERED_WORDS) {
        Some(Kind::Filtered)
    } else if status == Some(400) && (words.contains("invalid model name") || words.contains("model not found")) {
        Some(Kind::NotFound)
    } else {
        None
    }
}

/// Gemini: a tier without any allowance for a model says `limit: 0`; waiting does not help there.
fn says_limit_zero(words: &str) -> bool {
    words.split("limit: 0").skip(1).any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}

fn by_status(status: u16, names: &[String]) -> Kind {
    match status {
        300..=399 => Kind::Redirected,
        401 | 403 => Kind::Auth,
        402 => Kind::Quota,
        404 => Kind::NotFound,
        408 | 504 => Kind::Slow,
        413 => Kind::TooLong,
        429 => Kind::RateLimit,
        503 | 529 => Kind::Overloaded,
        409 | 425 => Kind::Server,
        400..=499 => Kind::Refused,
        _ if names.iter().any(|name| name == "overloaded_error") => Kind::Overloaded,
        _ => Kind::Server,
    }
}

/// An error event without any status: the type says what it is, and what nobody knows is the server's trouble.
fn by_type(names: &[String]) -> Kind {
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    if has("overloaded") || has("unavailable") {
        Kind::Overloaded
    } else if has("rate_limit") || has("resource_exhausted") || has("too_many_requests") {
        Kind::RateLimit
    } else if has("invalid_request") || has("invalid_argument") || has("invalid_prompt") {
        Kind::Refused
    } else if has("timeout") || has("deadline") {
        Kind::Slow
    } else {
        Kind::Server
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail")]
    use super::*;
    use reqwest::header::HeaderName;
    use serde_json::json;
    use std::time::Duration;

    fn of(status: Option<u16>, body: &Value) -> Fault {
        classify(status, &HeaderMap::new(), body, SystemTime::UNIX_EPOCH)
    }

    /// The kinds of the case list, which was made apart from this classifier.
    fn kind_named(name: &str) -> Kind {
        match name {
            "RateLimit" => Kind::RateLimit,
            "Quota" => Kind::Quota,
            "Auth" => Kind::Auth,
            "NotFound" => Kind::NotFound,
            "ContextTooLong" => Kind::TooLong,
            "Filtered" => Kind::Filtered,
            "BadRequest" => Kind::Refused,
            "Server" => Kind::Server,
            "Overloaded" => Kind::Overloaded,
            "Timeout" => Kind::Slow,
            other => panic!("unknown kind {other}"),
        }
    }

    #[test]
    fn all_collected_bodies_are_classified_as_written_beside_them() {
        let cases: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/fixtures/provider_error_cases.json")).unwrap();
        assert_eq!(cases.len(), 42);
        for case in cases {
            let headers: HeaderMap = case["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap()))
                .collect();
            let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
            let fault = classify(Some(status), &headers, &case["body"], SystemTime::UNIX_EPOCH);
            assert_eq!(fault.kind, kind_named(case["kind"].as_str().unwrap()), "{case}");
            assert_eq!(fault.may_pass(), case["transient"].as_bool().unwrap(), "{case}");
            let after = case.get("after_s").and_then(Value::as_f64).map(Duration::from_secs_f64);
            assert_eq!(fault.retry_after, after, "{case}");
        }
    }

    #[test]
    fn an_error_without_a_status_is_read_by_its_type() {
        assert_eq!(of(None, &json!({"type": "error", "error": {"type": "overloaded_error"}})).kind, Kind::Overloaded);
        assert_eq!(of(None, &json!({"error": {"code": "rate_limit_exceeded"}})).kind, Kind::RateLimit);
        assert_eq!(of(None, &json!({"error": {"code": "502", "message": "x"}})).status, Some(502));
        assert_eq!(of(None, &json!({"error": {"message": "odd"}})).kind, Kind::Server);
        assert_eq!(of(Some(200), &json!({"error": {"code": 402}})).kind, Kind::Quota);
    }

    #[test]
    fn words_about_keys_in_a_servers_own_trouble_do_not_block_the_worker() {
        let body = json!({"error": {"message": "upstream said: incorrect api key"}});
        assert_eq!(of(Some(500), &body).kind, Kind::Server);
        assert_eq!(of(Some(400), &body).kind, Kind::Auth);
    }

    #[test]
    fn limit_zero_is_not_limit_five_or_a_fraction() {
        assert!(says_limit_zero("limit: 0, model: x") && says_limit_zero("limit: 0"));
        assert!(!says_limit_zero("limit: 05") && !says_limit_zero("limit: 5") && !says_limit_zero("limit: 0.5"));
    }

    #[test]
    fn a_redirect_is_a_fault_of_its_own() {
        assert_eq!(of(Some(302), &Value::Null).kind, Kind::Redirected);
    }
}
