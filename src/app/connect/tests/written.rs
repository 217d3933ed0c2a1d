//! What stands in each program's file.

use super::{Client, Desk, FILES, Scope, What, Wish, text, wish};
use crate::app::connect::{Became, Error};
use serde_json::{Value, json};
use std::fs;

fn entry(client: Client, text: &str) -> Value {
    match client {
        Client::Codex => {
            let all: toml::Table = toml::from_str(text).unwrap();
            serde_json::to_value(&all["mcp_servers"]["synod"]).unwrap()
        }
        Client::VsCode => serde_json::from_str::<Value>(text).unwrap()["servers"]["synod"].clone(),
        _ => serde_json::from_str::<Value>(text).unwrap()["mcpServers"]["synod"].clone(),
    }
}

#[test]
fn each_program_gets_what_it_reads_where_it_reads_it() {
    let desk = Desk::new();
    let root = desk.path("work").display().to_string();
    for (client, scope, path) in FILES {
        let connected = desk.run(&wish(client, scope)).unwrap();
        assert_eq!((connected.became, connected.path), (Became::Made, Some(desk.path(path))));
        let entry = entry(client, &text(&desk.path(path)));
        let (command, args) = match (scope, client) {
            (Scope::User, _) => ("/opt/bin/synod", json!(["mcp", "-C", root])),
            (_, Client::Cursor | Client::VsCode) => ("synod", json!(["mcp", "-C", "${workspaceFolder}"])),
            _ => ("synod", json!(["mcp"])),
        };
        assert_eq!((&entry["command"], &entry["args"]), (&json!(command), &args), "{path}");
        match client {
            Client::Claude | Client::VsCode => assert_eq!(entry["type"], "stdio"),
            Client::Codex => {
                assert_eq!((&entry["tool_timeout_sec"], &entry["startup_timeout_sec"]), (&json!(3600), &json!(30)))
            }
            Client::Gemini => assert_eq!(entry["timeout"], 3_600_000),
            Client::Cursor | Client::JetBrains => assert_eq!(entry.get("type"), None),
        }
        assert_eq!(
            desk.run(&wish(client, scope)).unwrap().became,
            Became::Unchanged,
            "{path}: once more changes nothing"
        );
    }
}

#[test]
fn by_http_the_token_is_named_and_never_written() {
    let desk = Desk::new();
    desk.put("work/.synod/token", "s3cret-token-value");
    for (client, scope, path) in FILES {
        desk.run(&Wish { http: true, ..wish(client, scope) }).unwrap();
        let text = text(&desk.path(path));
        assert!(!text.contains("s3cret"), "{text}");
        let entry = entry(client, &text);
        assert_eq!(entry["url"], "http://127.0.0.1:4820/mcp");
        let header = &entry["headers"]["Authorization"];
        match client {
            Client::Claude | Client::Gemini => assert_eq!(header, "Bearer ${SYNOD_TOKEN}"),
            Client::Cursor => assert_eq!(header, "Bearer ${env:SYNOD_TOKEN}"),
            Client::VsCode => {
                assert_eq!(header, "Bearer ${input:synod-token}");
                let all: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(
                    (&all["inputs"][0]["id"], &all["inputs"][0]["password"]),
                    (&json!("synod-token"), &json!(true))
                );
            }
            Client::Codex | Client::JetBrains => {
                assert_eq!((&entry["bearer_token_env_var"], header), (&json!("SYNOD_TOKEN"), &Value::Null))
            }
        }
        // From one way to the other and back, no key of the other way stays.
        desk.run(&wish(client, scope)).unwrap();
        let entry = super::written::entry(client, &super::text(&desk.path(path)));
        assert!(
            entry.get("url").is_none() && entry.get("headers").is_none() && entry.get("command").is_some(),
            "{entry}"
        );
    }
}

#[test]
fn an_address_that_is_not_there_cannot_be_connected_to() {
    let mut desk = Desk::new();
    let http = Wish { http: true, ..wish(Client::Claude, Scope::User) };
    desk.server.address = Some("127.0.0.1:0".parse().unwrap());
    assert!(matches!(desk.run(&http), Err(Error::NoPort)));
    desk.server.address = None;
    assert!(matches!(desk.run(&http), Err(Error::NoAddress)));
}

#[test]
fn what_a_person_added_to_the_entry_stays() {
    let desk = Desk::new();
    let path = desk.put(
        "work/.mcp.json",
        "{\"mcpServers\": {\"synod\": {\"command\": \"/old/synod\", \"args\": [\"mcp\"], \"env\": {\"A\": \"b\"}, \"disabled\": true}}}",
    );
    desk.run(&wish(Client::Claude, Scope::Project)).unwrap();
    let entry = entry(Client::Claude, &text(&path));
    assert_eq!(
        (&entry["command"], &entry["env"]["A"], &entry["disabled"]),
        (&json!("synod"), &json!("b"), &json!(true))
    );
}

#[test]
fn another_server_of_the_name_is_not_touched() {
    let desk = Desk::new();
    let theirs = "{\"mcpServers\": {\"serena\": {\"command\": \"uvx\", \"args\": [\"serena\", \"start-mcp-server\"]}}}";
    let path = desk.put("work/.mcp.json", theirs);
    for what in [What::Write, What::Remove] {
        let serena = Wish { name: "serena".to_owned(), what, ..wish(Client::Claude, Scope::Project) };
        assert!(matches!(desk.run(&serena), Err(Error::Taken { .. })));
    }
    assert_eq!(text(&path), theirs);
}

#[test]
fn an_entry_of_another_workspace_is_replaced_and_said() {
    let desk = Desk::new();
    let path = desk.put(
        "home/.cursor/mcp.json",
        "{\"mcpServers\":{\"synod\":{\"command\":\"/opt/bin/synod\",\"args\":[\"mcp\",\"-C\",\"/other\"]}}}",
    );
    let connected = desk.run(&wish(Client::Cursor, Scope::User)).unwrap();
    assert!(connected.notes.iter().any(|note| note.contains("/other")), "{:?}", connected.notes);
    assert!(!text(&path).contains("/other"));
}

#[test]
fn printing_and_looking_write_nothing() {
    let desk = Desk::new();
    let path = desk.put("work/.mcp.json", "{ not json");
    let printed = desk.run(&Wish { what: What::Print, ..wish(Client::Claude, Scope::Project) }).unwrap();
    assert_eq!((printed.became, printed.path), (Became::Paste, Some(path.clone())));
    assert_eq!(entry(Client::Claude, &printed.snippet)["command"], "synod");
    fs::write(&path, "{}\n").unwrap();
    let looked = desk.run(&Wish { dry: true, ..wish(Client::Claude, Scope::Project) }).unwrap();
    assert!(looked.became == Became::Changed && looked.difference.contains("+   \"mcpServers\""), "{looked:?}");
    assert_eq!((text(&path).as_str(), fs::read_dir(desk.path("work")).unwrap().count()), ("{}\n", 1));
    let paste = desk.run(&wish(Client::JetBrains, Scope::User)).unwrap();
    assert!(paste.path.is_none() && paste.snippet.contains("/opt/bin/synod") && !paste.notes.is_empty());
}

#[test]
fn names_that_some_program_would_not_take_are_refused() {
    let desk = Desk::new();
    for name in ["", "a b", "a/b", "ä", &"x".repeat(65)] {
        let odd = Wish { name: name.to_owned(), ..wish(Client::Claude, Scope::User) };
        assert!(matches!(desk.run(&odd), Err(Error::Name { .. })), "{name}");
    }
}
