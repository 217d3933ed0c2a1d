//! The MCP face of a real daemon in front of programs that this project did not write: the official clients, the
//! inspector, the conformance suite, and the agents that people work with.
//!
//! Each test is passed by, with a loud line, where its peer is not installed; `tests/run.sh` installs them.

mod agents;
mod board;
mod clients;
mod conformance;
mod door;
mod programs;
