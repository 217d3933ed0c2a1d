//! The way to the daemon: its socket, turned into a stream of bytes; and a daemon that is started when none answers.

use crate::config::Layout;
use crate::http::STREAM_PROTOCOL;
use crate::mcp::GREETING;
use std::io;
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Longest answer to the request for a stream, in bytes.
const HEAD_BYTES_MAX: u64 = 16 << 10;

/// Lines of the daemon's log that are shown when it did not come up.
const LOG_LINES: usize = 8;

/// An open stream to the daemon.
pub(super) type Link = (BufReader<OwnedReadHalf>, OwnedWriteHalf);

/// Connects, asks for a stream and says who the client is.
///
/// # Errors
/// Nobody answers, or not with a stream.
pub(super) async fn open(layout: &Layout, client: Option<&str>) -> io::Result<Link> {
    let stream = UnixStream::connect(&layout.socket).await?;
    let (read, mut write) = stream.into_split();
    let ask = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: {STREAM_PROTOCOL}\r\n\r\n",
        crate::app::faces::MCP_STREAM_PATH
    );
    write.write_all(ask.as_bytes()).await?;
    let mut read = BufReader::new(read);
    let head = head(&mut read).await?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        let what = format!("the daemon gave no stream ({status}); it may be of another version: synod down, synod up");
        return Err(io::Error::other(what));
    }
    if let Some(client) = client {
        write.write_all(format!("{GREETING}{client}\n").as_bytes()).await?;
    }
    Ok((read, write))
}

/// The answer's lines up to the empty one.
async fn head(read: &mut BufReader<OwnedReadHalf>) -> io::Result<String> {
    let mut head = String::new();
    let mut bounded = read.take(HEAD_BYTES_MAX);
    loop {
        let before = head.len();
        if bounded.read_line(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head[before..].trim_end().is_empty() {
            return Ok(head);
        }
    }
}

/// The end of the daemon's log, for whoever wonders why it did not come up.
pub(super) fn log_end(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("; ")
}
