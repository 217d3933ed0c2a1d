//! Durations as people write them in settings: `500ms`, `60s`, `5m`, `2h`, `1d`, and sums such as `1m30s`.

use std::time::Duration;

/// Units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a duration of at least one millisecond.
///
/// # Errors
/// A sentence that says how a duration is written.
pub fn parse(text: &str) -> Result<Duration, String> {
    let fault = || "must be a duration such as \"500ms\", \"60s\", \"5m\" or \"2h\", above zero".to_owned();
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(fault());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
        let number: u64 = rest[..digits].parse().map_err(|_| fault())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, length) = UNITS.iter().find(|(name, _)| *name == &rest[..letters]).ok_or_else(fault)?;
        total = number.checked_mul(*length).and_then(|part| total.checked_add(part)).ok_or_else(fault)?;
        rest = rest[letters..].trim_start();
    }
    if total == 0 { Err(fault()) } else { Ok(Duration::from_millis(total)) }
}

/// Writes a duration so that [`parse`] reads it back; parts below a millisecond are dropped.
#[must_use]
pub fn text(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (name, length) in UNITS {
        let count = left / length;
        left %= length;
        if count > 0 {
            out.push_str(&format!("{count}{name}"));
        }
    }
    if out.is_empty() { "0ms".to_owned() } else { out }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_sums_are_read() {
        for (text, millis) in [
            ("500ms", 500),
            ("60s", 60_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("1m30s", 90_000),
            (" 1m 5s ", 65_000),
        ] {
            assert_eq!(parse(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "60",
            "s",
            "0s",
            "-5s",
            "1.5s",
            "5 minutes",
            "5M",
            "99999999999999999999s",
            "18446744073709551615d",
            "5é",
        ] {
            assert!(parse(text).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn text_is_read_back() {
        for millis in [1, 999, 1_000, 61_000, 3_600_000, 90_061_001] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&text(duration)).unwrap(), duration);
        }
        assert_eq!(text(Duration::from_secs(60)), "1m");
    }
}
