//! Numbers as people read them.

/// Money in USD: four places below a dollar, because most calls cost parts of a cent.
pub(in crate::cli) fn money(usd: f64) -> String {
    if usd.abs() < 1.0 { format!("${usd:.4}") } else { format!("${usd:.2}") }
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
        assert_eq!([seconds(0.04), seconds(59.94), seconds(125.9)], ["0.0 s", "59.9 s", "2 min 5 s"]);
        assert_eq!(seconds(f64::INFINITY), "inf s");
    }
}
