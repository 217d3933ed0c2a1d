//! Refused requests leave a line in the log, and a flood of them does not become a flood of lines.

use super::guard::Way;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lines in one period.
const LINES_MAX: u32 = 20;

/// How long a period is.
const PERIOD: Duration = Duration::from_secs(10);

/// Longest reason that is logged, in bytes: reasons may quote what was sent.
const REASON_BYTES_MAX: usize = 300;

/// What was refused lately.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Period>);

/// The current period.
#[derive(Debug, Default)]
struct Period {
    /// When it began; `None`: nothing was refused yet.
    began: Option<Instant>,
    lines: u32,
    unlogged: u64,
}

impl Refusals {
    /// Logs a refusal, unless there were many just now; those are counted, and the next line says how many.
    pub(super) fn note(&self, way: Way, status: u16, why: &str) {
        let Some(unlogged) = self.place() else { return };
        let why = &why[..why.floor_char_boundary(REASON_BYTES_MAX)];
        tracing::warn!(?way, status, ?why, unlogged, "a request was refused");
    }

    /// Whether there is a line for one more, and how many had none since the last.
    fn place(&self) -> Option<u64> {
        let mut period = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if period.began.is_none_or(|began| now.duration_since(began) >= PERIOD) {
            *period = Period { began: Some(now), lines: 0, unlogged: period.unlogged };
        }
        if period.lines >= LINES_MAX {
            period.unlogged += 1;
            return None;
        }
        period.lines += 1;
        Some(std::mem::take(&mut period.unlogged))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_has_few_lines_and_the_next_says_how_many_had_none() {
        let refusals = Refusals::default();
        let lines = (0..1000).filter(|_| refusals.place().is_some()).count();
        assert_eq!(lines, LINES_MAX as usize);
        tokio::time::advance(PERIOD).await;
        assert_eq!(refusals.place().unwrap(), 1000 - u64::from(LINES_MAX));
        assert_eq!(refusals.place().unwrap(), 0);
    }
}
