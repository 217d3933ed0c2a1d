//! Sessions of older HTTP clients over a restart.

use crate::mcp::sessions::SessionFiles;
use rmcp::model::{ClientCapabilities, Implementation, InitializeRequestParams};
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore};

fn state() -> SessionState {
    let who = Implementation::new("tester", "1");
    SessionState::new(InitializeRequestParams::new(ClientCapabilities::default(), who))
}

#[tokio::test]
async fn a_session_is_there_for_the_next_daemon_until_its_client_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = SessionFiles::new(folder.path().join("mcp-sessions"));
    assert!(files.load("a-1").await.unwrap().is_none());
    files.store("a-1", &state()).await.unwrap();
    let next = SessionFiles::new(folder.path().join("mcp-sessions"));
    assert_eq!(next.load("a-1").await.unwrap().unwrap().initialize_params.client_info.name, "tester");
    next.delete("a-1").await.unwrap();
    next.delete("a-1").await.unwrap();
    assert!(files.load("a-1").await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_no_id_never_becomes_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let files = SessionFiles::new(folder.path().join("inside"));
    std::fs::write(folder.path().join("x.json"), serde_json::to_vec(&state()).unwrap()).unwrap();
    for id in ["../x", "", "a/b", ".", "a\0b", &"a".repeat(100)] {
        assert!(files.load(id).await.unwrap().is_none(), "{id}");
        files.store(id, &state()).await.unwrap();
        files.delete(id).await.unwrap();
    }
    assert!(folder.path().join("x.json").is_file());
    assert!(!folder.path().join("inside").exists());
}

#[tokio::test]
async fn a_broken_file_is_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let files = SessionFiles::new(folder.path().to_owned());
    std::fs::write(folder.path().join("a.json"), "{").unwrap();
    assert!(files.load("a").await.unwrap().is_none());
}
