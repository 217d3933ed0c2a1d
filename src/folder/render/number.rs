//! Numbers as people read them: money, seconds, counts, probabilities.

/// `$0.0123`; four places, since a call costs fractions of a cent.
pub(crate) fn money(usd: f64) -> String {
    format!("${usd:.4}")
}

/// `41.2 s`, or `2 min 5 s` from a minute and a half on.
pub(crate) fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 90.0 {
        return format!("{:.1} s", if seconds.is_finite() { seconds.max(0.0) } else { 0.0 });
    }
    let whole = seconds.round();
    format!("{} min {} s", (whole / 60.0).floor(), whole % 60.0)
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `0.87`.
pub(crate) fn share(number: f64) -> String {
    format!("{number:.2}")
}

/// `review required` for `review_required`.
pub(crate) fn words(word: &str) -> String {
    word.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            (money(0.0123), seconds(41.24), seconds(125.4)),
            ("$0.0123".into(), "41.2 s".into(), "2 min 5 s".into())
        );
        assert_eq!((count(0), count(999), count(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!((seconds(f64::NAN), share(0.866)), ("0.0 s".into(), "0.87".into()));
    }
}
