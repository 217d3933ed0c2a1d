//! One connection as a stream of bytes: a line is a message, both ways. It is how the bridge of a client without HTTP reaches
//! the daemon. Before its messages a bridge may send one line of its own, [`GREETING`] and the name that a person gave the
//! client; a message cannot be mistaken for it, because messages are JSON objects.

use super::server::Server;
use rmcp::ServiceExt;
use rmcp::transport::async_rw::AsyncRwTransport;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, BufReader};
use tokio_util::sync::CancellationToken;

/// Longest message, in bytes: a memory of the largest size with every byte escaped, and room for the rest.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// What the line before the messages begins with.
pub const GREETING: &str = "synod-client ";

/// Longest such line, in bytes.
const GREETING_BYTES_MAX: u64 = 1024;

/// Serves one connection until its client closes it or `stop`.
pub async fn serve_stream<R, W>(server: &Server, read: R, write: W, stop: CancellationToken)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut read = BufReader::new(read);
    let greeted = tokio::select! {
        greeted = greeting(&mut read) => greeted,
        () = stop.cancelled() => return,
    };
    let client = match greeted {
        Ok(client) => client,
        Err(error) => {
            tracing::debug!(%error, "an MCP connection broke before its first message");
            return;
        }
    };
    let transport = AsyncRwTransport::new(read, write).with_max_line_length(LINE_BYTES_MAX);
    // The library cancels what it is given when the connection ends, so it gets a token of its own.
    match server.connection(client.as_deref()).serve_with_ct(transport, stop.child_token()).await {
        // It returns after the handshake; the connection lives as long as it is waited for.
        Ok(running) => {
            if let Err(error) = running.waiting().await {
                tracing::debug!(%error, "an MCP connection ended badly");
            }
        }
        Err(error) => tracing::debug!(%error, "an MCP connection did not open"),
    }
}

/// The client's name, where the connection begins with one.
async fn greeting<R: AsyncRead + Unpin>(read: &mut BufReader<R>) -> io::Result<Option<String>> {
    if read.fill_buf().await?.first() != GREETING.as_bytes().first() {
        return Ok(None);
    }
    let mut line = String::new();
    read.take(GREETING_BYTES_MAX).read_line(&mut line).await?;
    Ok(line.strip_prefix(GREETING).map(|name| name.trim().to_owned()))
}

/// The process's own standard streams, without a thread between where they are pipes.
pub fn stdio() -> (impl AsyncRead + Send + Unpin, impl AsyncWrite + Send + Unpin) {
    rmcp::transport::io::stdio_pipes()
}
