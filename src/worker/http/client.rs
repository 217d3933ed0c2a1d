//! The HTTP client that the library rides on: no redirects, a name of our own, a bound on connecting, TLS with ring.
//! What is sent and how it is read is not decided here.

use super::Error;
use super::wire::is_local;
use reqwest::{Client, Url, redirect};
use std::time::Duration;

/// Makes ring the process's TLS provider, unless one is installed already. Any number of calls, from any thread.
pub fn install_tls() {
    // The error only says that somebody was first, which is what is wanted.
    let _first_wins = rustls::crypto::ring::default_provider().install_default();
}

/// A client for calls to one address.
///
/// Redirects are not followed, so a key never goes to a host nobody configured. A server on this machine is never reached
/// through a proxy.
pub(in crate::worker) fn build(worker: &str, address: &Url, connect_timeout: Duration) -> Result<Client, Error> {
    install_tls();
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("synod/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
        .tcp_nodelay(true);
    if address.scheme() == "http" {
        // Without TLS the system's certificates are not needed, and a machine without any can still use a local model.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    if is_local(address) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|_| Error::Client { worker: worker.to_owned() })
}
