//! Numbers as people read them.

/// Money in USD: four places below a dollar, because most calls cost parts of a cent.
pub(in crate::cli) fn money(usd: f64) -> String {
    if usd.abs() < 1.0 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

/// What was spent, with `unknown` answers whose cost nobody told: nothing known is not nothing spent.
pub(in crate::cli) fn spent(usd: f64, unknown: u32) -> String {
    match unknown {
        0 => money(usd),
        _ if usd > 0.0 => format!("at least {}", money(usd)),
        _ => "unknown".to_owned(),
    }
}

/// A span of time.
pub(in crate::cli) fn seconds(seconds: f64) -> String {
    if seconds < 60.0 || !seconds.is_finite() {
        return format!("{seconds:.1} s");
    }
    let minutes = (seconds / 60.0).floor();
    format!("{minutes:.0} min {:.0} s", (seconds - minutes * 60.0).floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_places_that_matter() {
        assert_eq!([money(0.0), money(0.00423), money(12.345)], ["$0.0000", "$0.0042", "$12.35"]);
        assert_eq!([spent(0.0, 0), spent(0.0, 2), spent(0.01, 1)], ["$0.0000", "unknown", "at least $0.0100"]);
        assert_eq!([seconds(0.04), seconds(59.94), seconds(125.9)], ["0.0 s", "59.9 s", "2 min 5 s"]);
        assert_eq!(seconds(f64::INFINITY), "inf s");
    }
}
