//! The end, in order: no new work, running calls get a grace, then they are stopped, the last pages are written.

use super::engine::Engine;
use super::publishing::Pace;
use crate::board::Timestamp;

/// How far the end is.
#[derive(Debug, Default)]
pub(super) struct End {
    phase: Phase,
    /// Calls whose jobs have not ended.
    pub(super) running_jobs: usize,
}

#[derive(Debug, Default)]
enum Phase {
    /// Nobody has asked for it.
    #[default]
    Not,
    /// Running calls may still end by themselves.
    Grace { until: Timestamp },
    /// They were told to stop.
    Stopping { until: Timestamp },
}

impl End {
    /// Whether the daemon has been told to end.
    pub(super) fn is_begun(&self) -> bool {
        !matches!(self.phase, Phase::Not)
    }
}

impl Engine {
    /// Begins the end, or hastens it when it has begun.
    pub(super) fn stop(&mut self, hard: bool) {
        let now = self.clock.now();
        // From here on no attempt starts; those that wait stay in the journal for the next start.
        self.rules.limits.concurrent_calls_max = 0;
        self.calls.leave();
        self.following.hurry();
        if self.published < self.handed {
            // Lines that wait for others wait no longer.
            self.pages.write(Vec::new(), self.handed, Pace::Now);
        }
        if matches!(self.end.phase, Phase::Stopping { .. }) {
            // They were told; to be told again must not put the end off.
        } else if hard || self.end.is_begun() {
            self.stop_calls(now);
        } else {
            self.end.phase = Phase::Grace { until: now.after(self.limits.shutdown_grace) };
        }
    }

    fn stop_calls(&mut self, now: Timestamp) {
        self.calls.end();
        self.end.phase = Phase::Stopping { until: now.after(self.limits.shutdown_grace) };
    }

    /// The moment at which the end must go on by itself.
    pub(super) fn ending_alarm(&self) -> Option<Timestamp> {
        match self.end.phase {
            Phase::Not => None,
            Phase::Grace { until } | Phase::Stopping { until } => Some(until),
        }
    }

    /// Whether everything is settled, or the time for it is over.
    pub(super) fn has_ended(&mut self) -> bool {
        let now = self.clock.now();
        let idle = self.end.running_jobs == 0 && self.published >= self.handed && self.following.is_settled();
        match self.end.phase {
            Phase::Not => false,
            Phase::Grace { .. } if idle => true,
            Phase::Grace { until } => {
                if now >= until {
                    self.stop_calls(now);
                }
                false
            }
            Phase::Stopping { until } => idle || now >= until,
        }
    }
}

/// Ends the process as a power cut would: no destructor, no flush, nothing.
pub(super) fn crash() {
    let me = rustix::process::getpid();
    if rustix::process::kill_process(me, rustix::process::Signal::KILL).is_err() {
        tracing::error!("the process could not kill itself");
    }
}
