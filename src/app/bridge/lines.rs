//! Lines of a stream, each bounded. Giving a wait up loses nothing of what was read.

use std::io;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// What comes next on a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line with its end.
    Whole(Vec<u8>),
    /// A line that was longer than the bound; it was dropped.
    TooLong,
    /// Nothing more comes.
    End,
}

/// Reads a stream line by line.
pub(super) struct Lines<R> {
    stream: BufReader<R>,
    begun: Vec<u8>,
    bytes_max: usize,
    /// The rest of a line that was too long is being passed over.
    dropping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most `bytes_max` bytes.
    pub(super) fn new(stream: R, bytes_max: usize) -> Self {
        Self { stream: BufReader::with_capacity(BUFFER_BYTES, stream), begun: Vec::new(), bytes_max, dropping: false }
    }

    /// The next line. A last line without an end is none.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            // Nothing is awaited between taking bytes and keeping them.
            let ready = self.stream.fill_buf().await?;
            if ready.is_empty() {
                return Ok(Line::End);
            }
            let end = ready.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ready.len(), |end| end + 1);
            let fits = self.begun.len() + taken <= self.bytes_max;
            if fits && !self.dropping {
                self.begun.extend_from_slice(&ready[..taken]);
            } else {
                self.begun = Vec::new();
                self.dropping = true;
            }
            self.stream.consume(taken);
            if end.is_none() {
                continue;
            }
            if std::mem::take(&mut self.dropping) {
                return Ok(Line::TooLong);
            }
            return Ok(Line::Whole(std::mem::take(&mut self.begun)));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_long_ones_are_passed_over() {
        let text = b"one\n\nfar too long for this\ntwo\nwithout an end";
        let mut lines = Lines::new(&text[..], 8);
        assert_eq!(lines.next().await.unwrap(), Line::Whole(b"one\n".to_vec()));
        assert_eq!(lines.next().await.unwrap(), Line::Whole(b"\n".to_vec()));
        assert_eq!(lines.next().await.unwrap(), Line::TooLong);
        assert_eq!(lines.next().await.unwrap(), Line::Whole(b"two\n".to_vec()));
        assert_eq!(lines.next().await.unwrap(), Line::End);
    }
}
