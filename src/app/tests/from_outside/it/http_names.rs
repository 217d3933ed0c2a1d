//! Names of memories that would lead out of their folder, sent over HTTP to a whole daemon: none does, whatever way it is spelt.

use super::harness::{Script, Scripted, Workspace, end};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use synod::api::{Reply, Request};
use synod::app::{Engage, Engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What must never change.
const KEPT: &str = "not for anybody";

/// A daemon with a port, and its token.
struct Attacked {
    port: String,
    token: String,
}

impl Attacked {
    /// Sends a request as it is; its status and its body.
    async fn send(&self, line: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let head = format!(
            "{line} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n",
            self.port,
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.port).await.unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        let said = String::from_utf8(said).unwrap();
        let status = said.split(' ').nth(1).unwrap().parse().unwrap();
        let body = said.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

/// A text as it stands in a query.
fn in_query(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Spellings of names that lead, or seem to lead, elsewhere.
fn spellings(outside: &Path) -> Vec<String> {
    let outside = outside.display();
    let deep = "../".repeat(40);
    let mut all: Vec<String> =
        ["..", "../kept", "a/../../kept", "./../kept", "mem:../kept", "a/..", "/etc/passwd", "//kept", "a//b", ""]
            .map(str::to_owned)
            .to_vec();
    all.extend([format!("{outside}/kept"), format!("{deep}{outside}/kept"), format!("global/../{deep}kept")]);
    all.extend(["kept\0", "a\u{1}b", "orchestration/history/../../../kept"].map(str::to_owned));
    all.extend([format!("a/{}", "n".repeat(255)), "n/".repeat(600) + "n"]);
    all
}

#[tokio::test]
async fn no_name_of_a_memory_leads_out_of_its_folder() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("kept.md"), KEPT).unwrap();
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let workspace = Workspace::with_workers(&["one"], &format!("[http]\nlisten = \"{free}\"\n"));
    std::fs::write(workspace.root().join("kept.md"), KEPT).unwrap();
    // A link to a file that leads out. One to a folder would be its owner's word: such are followed.
    let memories = workspace.root().join("memories");
    std::os::unix::fs::symlink(outside.path().join("kept.md"), memories.join("link.md")).unwrap();
    let engage =
        Engage { socket: true, port: true, caller: Some(Scripted::new(|_, _| Script::Hang)), ..Engage::default() };
    let engine = Engine::start(&workspace.place(), engage).await.unwrap();
    let Ok(Reply::Status(status)) = engine.handle().ask(Request::Status).await else { panic!("no status") };
    let token = std::fs::read_to_string(workspace.root().join(".synod/token")).unwrap();
    let port = status.listen.unwrap_or_else(|| free.to_string());
    let attacked = Attacked { port, token: token.trim().to_owned() };

    for name in spellings(outside.path()) {
        for (line, body) in [
            ("POST /api/v1/memories/write", json!({ "name": name, "text": "mine" })),
            ("POST /api/v1/memories/edit", json!({ "name": name, "needle": "for", "replacement": "mine" })),
            ("POST /api/v1/memories/delete", json!({ "name": name })),
            ("POST /api/v1/memories/rename", json!({ "from": name, "to": "b" })),
        ] {
            let (status, said) = attacked.send(line, &body).await;
            assert!((400..500).contains(&status), "{line} {name:?}: {status} {said}");
            assert!(!said.to_string().contains(KEPT), "{line} {name:?}: {said}");
        }
        let (status, said) =
            attacked.send(&format!("GET /api/v1/memories/text?name={}", in_query(&name)), &json!({})).await;
        assert!((400..500).contains(&status) && !said.to_string().contains(KEPT), "reading {name:?}: {status} {said}");
    }
    // Nothing is read through the link, and nothing is written behind it.
    let (_, said) = attacked.send("GET /api/v1/memories/text?name=link", &json!({})).await;
    assert!(!said.to_string().contains(KEPT), "{said}");
    attacked.send("POST /api/v1/memories/write", &json!({ "name": "link", "text": "mine" })).await;
    let (status, _) = attacked.send("POST /api/v1/memories/write", &json!({ "name": "a/fine", "text": "mine" })).await;
    assert_eq!(status, 200, "others are served");
    end(engine).await;
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&outside.path().join("kept.md")), KEPT);
    assert_eq!(read(&workspace.root().join("kept.md")), KEPT);
    assert_eq!(read(&memories.join("a/fine.md")), "mine");
}
