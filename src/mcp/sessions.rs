//! Sessions of the older HTTP clients, kept as files: such a client names its session in every request and does not begin
//! anew when a restarted daemon knows nothing of it. What is kept is what the client said of itself when it began.

use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Most sessions that are kept; the ones begun longest ago go first.
const SESSIONS_MAX: usize = 1000;

/// Longest session file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// Session files in one folder.
#[derive(Clone, Debug)]
pub(super) struct SessionFiles {
    folder: PathBuf,
}

impl SessionFiles {
    /// Sessions kept in this folder, which is made when it is needed.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The file of a session; `None`: what the client sent is no session's id, and must not become a path.
    fn file(&self, id: &str) -> Option<PathBuf> {
        let is_id = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_id.then(|| self.folder.join(format!("{id}.json")))
    }

    async fn read(&self, file: &Path) -> Result<Option<SessionState>, SessionStoreError> {
        let metadata = match tokio::fs::metadata(file).await {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(named(file, error)),
        };
        if metadata.len() > FILE_BYTES_MAX {
            return Ok(None);
        }
        let bytes = tokio::fs::read(file).await.map_err(|error| named(file, error))?;
        // A file that cannot be read as a session is none: the client begins anew.
        Ok(serde_json::from_slice(&bytes).ok())
    }

    async fn write(&self, file: &Path, state: &SessionState) -> Result<(), SessionStoreError> {
        tokio::fs::create_dir_all(&self.folder).await.map_err(|error| named(&self.folder, error))?;
        let part = file.with_extension("tmp");
        tokio::fs::write(&part, serde_json::to_vec(state)?).await.map_err(|error| named(&part, error))?;
        tokio::fs::rename(&part, file).await.map_err(|error| named(file, error))?;
        self.bound().await
    }

    /// Lets the oldest go when there are too many.
    async fn bound(&self) -> Result<(), SessionStoreError> {
        let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
        let mut entries = tokio::fs::read_dir(&self.folder).await.map_err(|error| named(&self.folder, error))?;
        while let Some(entry) = entries.next_entry().await.map_err(|error| named(&self.folder, error))? {
            if let Ok(metadata) = entry.metadata().await {
                files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(SESSIONS_MAX);
        for (_, file) in files.iter().take(surplus) {
            // Another request may have removed it already.
            let _ = tokio::fs::remove_file(file).await;
        }
        Ok(())
    }
}

fn named(path: &Path, error: io::Error) -> SessionStoreError {
    format!("{}: {error}", path.display()).into()
}

#[async_trait::async_trait]
impl SessionStore for SessionFiles {
    async fn load(&self, session_id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        match self.file(session_id) {
            Some(file) => self.read(&file).await,
            None => Ok(None),
        }
    }

    async fn store(&self, session_id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        match self.file(session_id) {
            Some(file) => self.write(&file, state).await,
            None => Ok(()),
        }
    }

    async fn delete(&self, session_id: &str) -> Result<(), SessionStoreError> {
        let Some(file) = self.file(session_id) else { return Ok(()) };
        match tokio::fs::remove_file(&file).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(&file, error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
