//! A disk that is full while a call is prepared: waited out, for nothing is wrong with the call. How often one tries, and when
//! one gives up, is here; what is written is the caller's business.

use super::trouble::Trouble;
use crate::board::FailureClass;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Why something could not be written.
pub(super) enum Unwritten {
    /// There is no space for it now.
    NoSpace(Trouble),
    /// Anything else; waiting does not mend it.
    Failed(Trouble),
}

impl From<Trouble> for Unwritten {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble)
    }
}

impl Unwritten {
    /// What the system said of a write, and the trouble that comes of it.
    pub(super) fn of(error: &std::io::Error, trouble: Trouble) -> Self {
        if is_full(error) { Self::NoSpace(trouble) } else { Self::Failed(trouble) }
    }
}

/// Whether a write failed for want of space.
pub(super) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// Writes, again and again while there is no space, for as long as the call may take.
pub(super) async fn wait_for<T>(
    time_left: Duration,
    stop: &CancellationToken,
    mut write: impl FnMut() -> Result<T, Unwritten>,
) -> Result<T, Trouble> {
    let began = Instant::now();
    let mut told = false;
    loop {
        match write() {
            Ok(written) => return Ok(written),
            Err(Unwritten::Failed(trouble)) => return Err(trouble),
            Err(Unwritten::NoSpace(trouble)) if began.elapsed() >= time_left => return Err(trouble),
            Err(Unwritten::NoSpace(trouble)) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(trouble = trouble.message, "a call waits until there is space for its files");
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return Err(Trouble::new(FailureClass::Cancelled, "it was stopped")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    fn unwritten(kind: ErrorKind) -> Unwritten {
        Unwritten::of(&Error::from(kind), Trouble::transient("no"))
    }

    #[tokio::test]
    async fn a_full_disk_is_waited_out_and_nothing_else() {
        let stop = CancellationToken::new();
        let mut tries = 0;
        let written = wait_for(Duration::from_secs(60), &stop, || {
            tries += 1;
            if tries < 3 { Err(unwritten(ErrorKind::StorageFull)) } else { Ok("done") }
        });
        assert_eq!(written.await, Ok("done"));
        let failed = wait_for(Duration::from_secs(60), &stop, || Err::<(), _>(unwritten(ErrorKind::PermissionDenied)));
        assert_eq!(failed.await, Err(Trouble::transient("no")));
        // Not longer than the call may take, and not once it is stopped.
        let late = wait_for(Duration::ZERO, &stop, || Err::<(), _>(unwritten(ErrorKind::QuotaExceeded)));
        assert_eq!(late.await, Err(Trouble::transient("no")));
        stop.cancel();
        let stopped = wait_for(Duration::from_secs(60), &stop, || Err::<(), _>(unwritten(ErrorKind::StorageFull)));
        assert_eq!(stopped.await.map_err(|trouble| trouble.class), Err(FailureClass::Cancelled));
    }
}
