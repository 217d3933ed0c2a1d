//! The last entries of the log, read from its end.

use super::form;
use crate::folder::error::Error;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// One entry as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The journal number of the event that made it.
    pub seq: u64,
    /// Its bytes from the heading to the end of the comment.
    pub text: String,
}

/// The last `n` entries, oldest first. Reads no more of the file's end than they need; a log that is not there has none.
pub fn tail(path: &Path, n: usize) -> Result<Vec<Entry>, Error> {
    let io = |error| Error::io(path, "read", error);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let length = file.metadata().map_err(io)?.len();
    let mut window = 64 << 10;
    loop {
        let from = length.saturating_sub(window);
        file.seek(SeekFrom::Start(from)).map_err(io)?;
        let mut bytes = Vec::new();
        (&mut file).take(length - from).read_to_end(&mut bytes).map_err(io)?;
        let spans = form::entries(&bytes);
        // The first entry of a window may be the rest of one whose true heading stands before it.
        if from == 0 || spans.len() > n {
            let text = |span: &form::Span| String::from_utf8_lossy(&bytes[span.start..span.end]).into_owned();
            let last = spans.iter().skip(spans.len().saturating_sub(n));
            return Ok(last.map(|span| Entry { seq: span.seq, text: text(span) }).collect());
        }
        window *= 4;
    }
}
