//! The adapter to the folders that people and programs share: what is dropped comes in here, what happened goes out as
//! files. The only room that writes below the coordination and memory trees. Nothing here decides anything about a task.

mod append;
pub mod context;
pub mod error;
pub mod handoff_log;
mod ink;
pub mod intake;
mod mask;
mod messages;
pub mod mirror;
mod name;
pub mod publish;
mod render;
pub mod taken;
pub mod task_inbox;
#[cfg(test)]
mod tests;
mod unwatched;
pub mod workspace;

pub use error::Error;
pub(crate) use mask::Masker;
pub use mask::without_keys;
pub(crate) use render::task::shared_context as blank_shared_context;
pub use workspace::init;
