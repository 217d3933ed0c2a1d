//! The one clock. It takes the wall's time once and goes on by the monotonic clock, so that a jump of the wall clock
//! neither fires nor delays anything while the daemon runs.

use crate::board::Timestamp;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Timestamp,
    start: Instant,
}

impl Clock {
    /// Starts at the wall's time, or just after `last`, the newest moment in the journal, when the wall has gone back.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn start(last: Timestamp) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let wall = Timestamp(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX));
        Self { base: wall.max(last), start: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.base.after(Instant::now().duration_since(self.start))
    }
}
