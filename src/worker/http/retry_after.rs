//! How long a provider asks to wait, in each of the forms in which providers say it. What is done with it is the board's.

use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Longest wait that is believed; a limit that lasts longer than a week is no rate limit.
const WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// The wait that the headers or the body ask for. The headers are read first, the finest unit first: `retry-after-ms`,
/// `retry-after` (RFC 9110 section 10.2.3: seconds or a date), `llm_provider-retry-after` (LiteLLM passing one on), then
/// Gemini's `retryDelay` in the error's details. `now` is for dates where the answer itself has no `date` header.
pub(super) fn read(headers: &HeaderMap, body: &Value, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let sent = text("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    let milliseconds = text("retry-after-ms").and_then(|ms| seconds(ms, 1e-3));
    let wait = milliseconds
        .or_else(|| text("retry-after").and_then(|value| seconds_or_date(value, sent)))
        .or_else(|| text("llm_provider-retry-after").and_then(|value| seconds_or_date(value, sent)))
        .or_else(|| retry_delay(body))?;
    Some(wait.min(WAIT_MAX))
}

fn seconds_or_date(value: &str, sent: SystemTime) -> Option<Duration> {
    seconds(value, 1.0).or_else(|| {
        let until = httpdate::parse_http_date(value).ok()?;
        // A date that has passed asks for no wait at all.
        Some(until.duration_since(sent).unwrap_or_default())
    })
}

/// A number of some unit as a duration; none for what is negative, endless or no number.
fn seconds(value: &str, unit: f64) -> Option<Duration> {
    let value = value.parse().ok().filter(|value: &f64| value.is_finite())?;
    Duration::try_from_secs_f64((value * unit).min(WAIT_MAX.as_secs_f64())).ok()
}

/// `google.rpc.RetryInfo` among the error's details: a protobuf duration as text (`"46s"`).
fn retry_delay(body: &Value) -> Option<Duration> {
    let details = super::error_body::object(body)?.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    seconds(delay.strip_suffix('s')?, 1.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
    use super::*;
    use serde_json::json;

    fn wait(headers: &[(&'static str, &str)]) -> Option<f64> {
        let headers = headers
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()));
        read(&headers.collect(), &Value::Null, SystemTime::UNIX_EPOCH).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_milliseconds_and_passed_on_headers_are_read() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(wait(&[("retry-after", "2"), ("retry-after-ms", "1250")]), Some(1.25));
        assert_eq!(wait(&[("llm_provider-retry-after", "60")]), Some(60.0));
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_date_is_read_against_the_servers_own_clock() {
        let date = ("date", "Fri, 20 Nov 2026 19:26:22 GMT");
        assert_eq!(wait(&[date, ("retry-after", "Fri, 20 Nov 2026 19:27:52 GMT")]), Some(90.0));
        assert_eq!(wait(&[date, ("retry-after", "Fri, 20 Nov 2026 19:20:00 GMT")]), Some(0.0));
    }

    #[test]
    fn nonsense_is_no_wait_and_long_waits_are_bounded() {
        for nonsense in ["-5", "NaN", "soon", ""] {
            assert_eq!(wait(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(wait(&[("retry-after", "1e300")]), Some(WAIT_MAX.as_secs_f64()));
    }

    #[test]
    fn gemini_says_it_in_the_body() {
        let body = json!({"error": {"details": [{"quotaId": "x"}, {"retryDelay": "46s"}]}});
        assert_eq!(read(&HeaderMap::new(), &body, SystemTime::UNIX_EPOCH), Some(Duration::from_secs(46)));
    }
}
