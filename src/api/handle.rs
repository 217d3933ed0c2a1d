//! What a face holds to speak to the board, wherever the board is: in this process, or behind a socket.

use super::{Error, Reply, Request};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A reply on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

/// Something that answers requests.
pub trait Board: Send + Sync {
    /// Answers one request. Dropping the future gives the reply up, not the request.
    fn ask(&self, request: Request) -> Answering<'_>;
}

/// A cheap, cloneable way to the board.
#[derive(Clone)]
pub struct Handle(Arc<dyn Board>);

impl Handle {
    /// A handle to this board.
    pub fn new(board: impl Board + 'static) -> Self {
        Self(Arc::new(board))
    }

    /// Asks and waits for the reply.
    ///
    /// # Errors
    /// Why the request was refused, or that nobody answers.
    pub async fn ask(&self, request: Request) -> Result<Reply, Error> {
        self.0.ask(request).await
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}
