//! Running a task's `validate` command in a tree: below the keeper of live programs, which ends it, with all it started, when
//! its time is over, when it is told to, and when the daemon is gone. What it sees holds no keys.

use super::{Error, Trees};
use crate::worker::process::{Live, Start};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

/// How a command ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its exit code; `None` when it did not end by itself.
    pub exit: Option<i32>,
    /// What it printed: the beginning and the end of a long output.
    pub output: String,
    /// Seconds it took.
    pub seconds: f64,
}

impl Tried {
    /// One that could not be begun.
    pub fn not_begun(why: impl Into<String>) -> Self {
        Self { exit: None, output: why.into(), seconds: 0.0 }
    }
}

impl Trees {
    /// Runs a command in a folder through `sh -c`, for at most the time of the settings and `at_most`. `None`: it was stopped.
    /// As many run at once as model calls may; the others wait, and their waiting does not count.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(
        &self,
        command: &str,
        folder: &Path,
        at_most: Duration,
        stop: &CancellationToken,
    ) -> Result<Option<Tried>, Error> {
        let inner = &self.0;
        let turn = tokio::select! {
            turn = inner.turns.acquire() => turn,
            () = stop.cancelled() => return Ok(None),
        };
        let _turn = turn.map_err(|_| Error::Other("no command is run any more".to_owned()))?;
        let began = Instant::now();
        let number = inner.runs.fetch_add(1, Ordering::Relaxed);
        let place = inner.folder.join(super::OWN).join(format!("run-{}-{number}", std::process::id()));
        let mut env = inner.variables.clone();
        // A tree that was emptied must not lead git to the user's repository above it.
        env.push(("GIT_CEILING_DIRECTORIES".into(), inner.folder.as_os_str().to_owned()));
        let start = Start {
            shim: &inner.shim,
            place: &place,
            program: "/bin/sh".into(),
            args: vec!["-c".to_owned(), format!("exec 2>&1 </dev/null\n{command}")],
            folder: folder.to_owned(),
            env,
            grace: inner.bounds.grace,
            stderr_bytes_max: inner.bounds.stderr_bytes_max,
        };
        let (mut live, mut stdout, _stdin) = Live::start(start).map_err(|error| Error::Other(error.to_string()))?;
        let mut output = Bounded::new(inner.bounds.trial_output_bytes_max);
        let mut piece = vec![0; 16 << 10];
        let time = inner.bounds.validate_timeout.min(at_most);
        let ended = tokio::time::sleep(time);
        tokio::pin!(ended);
        let over = loop {
            tokio::select! {
                read = stdout.read(&mut piece) => match read {
                    Ok(0) | Err(_) => break Over::Exit(live.exit().await),
                    Ok(read) => output.take(piece.get(..read).unwrap_or_default()),
                },
                exit = live.exit() => {
                    // What it said last may still be in the pipe.
                    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(LAST_WORDS, stdout.read(&mut piece)).await {
                        output.take(piece.get(..read).unwrap_or_default());
                    }
                    break Over::Exit(exit);
                }
                () = &mut ended => break Over::Late,
                () = stop.cancelled() => break Over::Stopped,
            }
        };
        let exit = match over {
            Over::Exit(code) => code,
            Over::Late => {
                output.say(&format!("\n(its time was over after {:.0} s, so it was ended)\n", time.as_secs_f64()));
                None
            }
            Over::Stopped => None,
        };
        if exit.is_some_and(|code| code != 0) {
            output.say(&live.complaints());
        }
        let seconds = began.elapsed().as_secs_f64();
        // Whatever it left behind must be gone before its folder is.
        live.end(inner.bounds.grace).await;
        if matches!(over, Over::Stopped) {
            return Ok(None);
        }
        Ok(Some(Tried { exit, output: output.text(), seconds }))
    }
}

/// How the waiting for a command ended.
enum Over {
    Exit(Option<i32>),
    Late,
    Stopped,
}

/// How long the last words may take to arrive.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A long output with its middle left out.
struct Bounded {
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    half: usize,
    left_out: u64,
}

impl Bounded {
    fn new(bytes_max: usize) -> Self {
        Self { head: Vec::new(), tail: std::collections::VecDeque::new(), half: bytes_max / 2, left_out: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = self.half.saturating_sub(self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..excess);
        self.left_out += excess as u64;
    }

    /// Says something of ours, which is always kept.
    fn say(&mut self, text: &str) {
        self.tail.extend(text.as_bytes());
    }

    fn text(mut self) -> String {
        if self.left_out > 0 {
            self.head.extend(format!("\n… {} bytes left out …\n", self.left_out).into_bytes());
        }
        self.head.extend(self.tail);
        String::from_utf8_lossy(&self.head).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_its_beginning_and_its_end() {
        let mut output = Bounded::new(8);
        output.take(b"abcdefgh");
        output.take(b"ijklmnop");
        assert_eq!(output.text(), "abcd\n… 8 bytes left out …\nmnop");
    }
}
