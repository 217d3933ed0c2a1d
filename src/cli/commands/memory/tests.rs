//! What each command asks of the board, and what it makes of the answers, with a board that answers as told.

use super::*;
use crate::api::{Answering, Board, EditMode, Error, ErrorKind};
use crate::cli::args::{self, Cli};
use clap::Parser;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Answers as told and remembers what it was asked.
#[derive(Clone)]
struct Told {
    replies: Arc<Mutex<Vec<Result<Value, Error>>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Board for Told {
    fn ask(&self, request: Request) -> Answering<'_> {
        self.asked.lock().unwrap().push(serde_json::to_value(&request).unwrap());
        let reply = self.replies.lock().unwrap().remove(0);
        Box::pin(async move { reply.map(|value| serde_json::from_value(value).unwrap()) })
    }
}

/// Runs one command line against these replies; gives how it ended and what was asked.
async fn said(line: &[&str], replies: Vec<Result<Value, Error>>) -> (Result<Exit, Failure>, Vec<Value>) {
    let cli = Cli::try_parse_from([&["synod", "-q", "memory"], line].concat()).unwrap();
    let session = Session::new(&cli.global, false);
    let args::Command::Memory(command) = cli.command else {
        return (Err(Failure::usage("another command")), Vec::new());
    };
    let board = Told { replies: Arc::new(Mutex::new(replies)), asked: Arc::default() };
    let bus = Bus { session: &session, handle: Handle::new(board.clone()), bytes_max: 100 };
    let ended = bus.carry_out(command).await;
    let asked = board.asked.lock().unwrap().clone();
    (ended, asked)
}

fn written() -> Result<Value, Error> {
    Ok(json!({"reply": "memory_written", "name": "a", "revision": 2, "hash": "00", "created": false, "replaced": 1}))
}

#[tokio::test]
async fn each_command_asks_for_what_it_says() {
    let (ended, asked) = said(&["write", "a/b", "- text", "--if-revision", "0"], vec![written()]).await;
    assert_eq!(ended, Ok(Exit::Ok));
    assert_eq!(
        (&asked[0]["request"], &asked[0]["text"], &asked[0]["if_revision"]),
        (&json!("memory_write"), &json!("- text"), &json!(0))
    );
    assert!(!asked[0]["by"].as_str().unwrap().is_empty());

    let line = ["edit", "a", "--needle", "-x", "--replacement", "", "--regex", "--all"];
    let (_, asked) = said(&line, vec![written()]).await;
    let mode = serde_json::to_value(EditMode::Regex).unwrap();
    assert_eq!(
        (&asked[0]["needle"], &asked[0]["replacement"], &asked[0]["mode"], &asked[0]["all"]),
        (&json!("-x"), &json!(""), &mode, &json!(true))
    );

    let hits = Ok(json!({"reply": "memory_hits", "hits": [], "next": null}));
    let (_, asked) = said(&["search", "auth* -jwt", "\"two words\"", "--topic", "design"], vec![hits]).await;
    assert_eq!((&asked[0]["query"], &asked[0]["topic"]), (&json!("auth* -jwt \"two words\""), &json!("design")));

    let (_, asked) = said(&["restore", "a", "3"], vec![written()]).await;
    assert_eq!((&asked[0]["request"], &asked[0]["revision"]), (&json!("memory_restore"), &json!(3)));
}

#[tokio::test]
async fn who_changes_a_memory_may_be_named() {
    let deleted = || Ok(json!({"reply": "memory_deleted", "name": "a", "revision": 2}));
    let renamed = || Ok(json!({"reply": "memory_renamed", "from": "a", "to": "b", "revision": 2, "rewritten": []}));
    for (line, reply) in [
        (&["write", "a", "text"][..], written()),
        (&["edit", "a", "--needle", "x", "--replacement", "y"], written()),
        (&["restore", "a", "1"], written()),
        (&["delete", "a"], deleted()),
        (&["rename", "a", "b"], renamed()),
    ] {
        let (ended, asked) = said(&[line, &["--by", "ann"]].concat(), vec![reply]).await;
        assert_eq!((ended, &asked[0]["by"]), (Ok(Exit::Ok), &json!("ann")), "{line:?}");
    }
}

#[tokio::test]
async fn a_list_is_asked_for_to_its_end() {
    let page = |name: &str, next: Value| {
        let row = json!({"name": name, "revision": 1, "hash": "00", "bytes": 1, "by": "x", "at": 0});
        Ok(json!({"reply": "memories", "memories": [row], "next": next}))
    };
    let (ended, asked) = said(&["list", "t"], vec![page("a", json!("a")), page("b", Value::Null)]).await;
    assert_eq!(ended, Ok(Exit::Ok));
    assert_eq!((asked.len(), &asked[1]["after"], &asked[1]["topic"]), (2, &json!("a"), &json!("t")));
}

#[tokio::test]
async fn a_name_that_there_is_not_is_answered_with_the_nearest() {
    let missing = Err(Error::new(ErrorKind::NotFound, "there is no memory called desing/auth").hint("see the names"));
    let row = json!({"name": "design/auth", "revision": 1, "hash": "00", "bytes": 1, "by": "x", "at": 0});
    let names = Ok(json!({"reply": "memories", "memories": [row], "next": null}));
    let (ended, _) = said(&["read", "desing/auth"], vec![missing, names]).await;
    assert!(format!("{:?}", ended.unwrap_err()).contains("did you mean design/auth?"));
}

#[tokio::test]
async fn a_lease_that_somebody_else_holds_is_a_failure() {
    let reply = |granted: bool| {
        Ok(json!({"reply": "memory_leased", "name": "a", "lease": {"by": "bob", "until": 0}, "granted": granted}))
    };
    let (ended, asked) = said(&["lease", "a", "--for", "30m", "--by", "ann"], vec![reply(false)]).await;
    assert_eq!((ended, &asked[0]["for_ms"], &asked[0]["by"]), (Ok(Exit::Failed), &json!(1_800_000), &json!("ann")));
    assert_eq!(said(&["lease", "a"], vec![reply(true)]).await.0, Ok(Exit::Ok));
    let gone = Ok(json!({"reply": "memory_leased", "name": "a", "lease": null, "granted": true}));
    let (ended, asked) = said(&["lease", "a", "--release"], vec![gone]).await;
    assert_eq!((ended, &asked[0]["for_ms"]), (Ok(Exit::Ok), &json!(0)));
}

#[tokio::test]
async fn a_text_comes_from_a_file_as_it_is_and_within_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.md");
    let file = path.to_str().unwrap();
    std::fs::write(&path, "\u{feff}a\r\n\n").unwrap();
    let (_, asked) = said(&["write", "a", "--file", file], vec![written()]).await;
    assert_eq!(asked[0]["text"], json!("\u{feff}a\r\n\n"));
    std::fs::write(&path, [b'x'; 101]).unwrap();
    let (ended, asked) = said(&["write", "a", "--file", file], Vec::new()).await;
    assert!(format!("{ended:?}").contains("limits.memory_bytes_max") && asked.is_empty(), "{ended:?}");
    std::fs::write(&path, b"ab\xff").unwrap();
    let (ended, _) = said(&["write", "a", "--file", file], Vec::new()).await;
    assert!(format!("{ended:?}").contains("byte 2"), "{ended:?}");
}
