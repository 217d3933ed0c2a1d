//! Which request about memories is answered where.

use super::writing::Passage;
use crate::api::{Error, Reply, Request};
use crate::daemon::local::{LocalBoard, internal};

impl LocalBoard {
    /// Answers a request about memories.
    pub(in crate::daemon) async fn memory(&self, request: Request) -> Result<Reply, Error> {
        self.memories.looked().await;
        match request {
            Request::MemoryList { topic, after, limit } => self.memory_list(topic, after, limit).await,
            Request::MemoryRead { name, revision } => self.memory_read(&name, revision).await,
            Request::MemoryWrite { name, text, if_revision, by } => {
                self.memory_write(&name, text, if_revision, by).await
            }
            Request::MemoryEdit { name, needle, replacement, mode, all, if_revision, by } => {
                let passage = Passage { needle, replacement, mode, all };
                self.memory_edit(&name, passage, if_revision, by).await
            }
            Request::MemoryDelete { name, if_revision, by } => self.memory_delete(&name, if_revision, by).await,
            Request::MemoryRename { from, to, by } => self.memory_rename(&from, &to, by).await,
            Request::MemoryHistory { name, before, limit } => self.memory_history(&name, before, limit).await,
            Request::MemoryRestore { name, revision, by } => self.memory_restore(&name, revision, by).await,
            Request::MemorySearch { query, topic, after, limit } => {
                self.memory_search(query, topic, after.unwrap_or(0), limit).await
            }
            Request::MemoryLease { name, by, for_ms } => self.memory_lease(&name, by, for_ms).await,
            _ => Err(internal("it is no request about memories")),
        }
    }
}
