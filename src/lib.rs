//! Synod, a local daemon that lets several AI models work on one task through a shared blackboard.

pub mod api;
pub mod app;
pub mod board;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod folder;
pub mod http;
pub mod mcp;
pub mod search;
pub mod store;
pub mod worker;
