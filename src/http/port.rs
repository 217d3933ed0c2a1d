//! Taking the TCP port. Only the loopback interface is listened on; the settings refuse anything else, and so does this.

use super::token::{Token, TokenError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// Why the port is not served.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Something else listens there.
    #[error(
        "{address} is taken by another program, perhaps by the daemon of another workspace; give this one a port of its own with `listen` under [http] in synod.toml, or set it to \"off\""
    )]
    Taken {
        /// The address.
        address: SocketAddr,
    },
    /// The address can be reached from other machines.
    #[error("{address} is no loopback address; set `listen` under [http] in synod.toml to one, such as 127.0.0.1:4820")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The system refused.
    #[error(
        "cannot listen on {address}: {source}; set `listen` under [http] in synod.toml to another address, or to \"off\""
    )]
    Io {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// There is no token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// A port that is listened on, with the token that its requests must show.
#[derive(Debug)]
pub struct Port {
    pub(super) listener: TcpListener,
    pub(super) token: Token,
    address: SocketAddr,
}

impl Port {
    /// Takes the port, and the token from its file.
    ///
    /// # Errors
    /// [`PortError`], which says what to do.
    pub async fn listen(address: SocketAddr, token: &Path) -> Result<Self, PortError> {
        if !address.ip().is_loopback() {
            return Err(PortError::NotLoopback { address });
        }
        let token = Token::at(token)?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => PortError::Taken { address },
            _ => PortError::Io { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, token, address })
    }

    /// Where it listens; with port 0 in the settings this is the one that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
