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
    pub fn start(last: Timestamp) -> Self {
        Self { base: wall().max(last), start: Instant::now() }
    }

    /// A moment that the wall clock gave, such as a file's time, told by this clock: as long ago as the wall says. One that
    /// the wall has yet to reach is taken for now.
    pub fn of_wall(&self, moment: Timestamp) -> Timestamp {
        let age = i64::try_from(wall().since(moment).as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.now().0.saturating_sub(age))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.base.after(Instant::now().duration_since(self.start))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
fn wall() -> Timestamp {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX))
}
