//! What the integration tests share: the scripted model server, the real command lines and proxy installed by
//! `tests/run.sh`, and scratch homes for them. Nothing here knows the product; a test wires the two together.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "support that cannot do its work must fail the test that called it, and it starts peers as processes"
)]

pub(crate) mod litellm;
pub(crate) mod model_server;
pub(crate) mod peers;
pub(crate) mod process;
