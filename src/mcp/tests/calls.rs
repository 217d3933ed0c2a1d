//! The tools as clients see and call them.

use super::*;
use crate::api::Request;
use rmcp::model::{ClientRequest, CustomRequest};
use serde_json::json;

#[tokio::test]
async fn every_tool_describes_itself_whole_and_plainly() {
    let rig = Rig::new();
    for era in ERAS {
        let client = rig.connect(era, Ear::default()).await;
        let tools = client.list_all_tools().await.unwrap();
        assert!(tools.len() >= 29, "{era:?}: {}", tools.len());
        for tool in &tools {
            let name = tool.name.as_ref();
            assert!(name.len() <= 64 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert!(tool.title.is_some() && tool.description.as_ref().is_some_and(|text| text.len() > 20), "{name}");
            let hints = tool.annotations.as_ref().unwrap();
            let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
            assert!(all.iter().all(Option::is_some), "{name} leaves a hint to be guessed");
            for schema in [Some(&tool.input_schema), tool.output_schema.as_ref()].into_iter().flatten() {
                let text = serde_json::to_string(schema).unwrap();
                assert_eq!(schema["type"], "object", "{name}");
                for strange in
                    ["\"format\"", "\"$ref\"", "\"anyOf\"", "\"oneOf\"", "\"const\"", "[\"string\",\"null\"]"]
                {
                    assert!(!text.contains(strange), "{name} has {strange}");
                }
                jsonschema::validator_for(&Value::Object(schema.as_ref().clone())).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn results_are_as_their_schemas_say() {
    let rig = Rig::new();
    let client = rig.connect(Era::Modern, Ear::default()).await;
    let tools = client.list_all_tools().await.unwrap();
    let calls = [
        ("write_memory", json!({ "memory_name": "a", "content": "x" })),
        ("read_memory", json!({ "memory_name": "a" })),
        ("list_memories", json!({})),
        ("delete_memory", json!({ "memory_name": "a" })),
        ("delete_memory", json!({ "memory_name": "a" })),
        ("initial_instructions", json!({})),
        ("onboarding", json!({})),
        ("check_onboarding_performed", json!({})),
        ("activate_project", json!({ "project": "shop" })),
        ("orchestrate", json!({ "task": "look", "wait": false })),
        ("task_status", json!({ "task": "look" })),
        ("list_tasks", json!({})),
        ("cancel_task", json!({ "task": "task://look" })),
        ("answer_task", json!({ "task": "look", "approve": true })),
        ("board_status", json!({})),
        ("list_workers", json!({})),
        ("verify_log", json!({})),
    ];
    for (name, arguments) in calls {
        let result = call(&client, name, arguments).await;
        assert_ne!(result.is_error, Some(true), "{name}: {}", text(&result));
        let schema = tools.iter().find(|tool| tool.name == name).unwrap().output_schema.clone().unwrap();
        let validator = jsonschema::validator_for(&Value::Object(schema.as_ref().clone())).unwrap();
        let structured = result.structured_content.clone().unwrap();
        let wrong: Vec<String> = validator.iter_errors(&structured).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?} in {structured}");
        // The text says the same, for clients that show only text.
        let said = text(&result);
        let same = serde_json::from_str::<Value>(&said).is_ok_and(|said| said == structured);
        assert!(same || structured["result"] == said, "{name}");
    }
}

#[tokio::test]
async fn a_misspelt_argument_is_refused_by_name() {
    let rig = Rig::new();
    let client = rig.connect(Era::Modern, Ear::default()).await;
    let refused = call(&client, "orchestrate", json!({ "task": "look", "workers": ["claude"] })).await;
    assert_eq!(refused.is_error, Some(true));
    let said = text(&refused);
    assert!(said.contains("`workers`") && said.contains("models"), "{said}");
    let listed = text(&call(&client, "list_tasks", json!({})).await);
    assert!(!listed.contains("look"), "nothing was handed in: {listed}");
}

#[tokio::test]
async fn serenas_tools_answer_in_serenas_words() {
    let rig = Rig::new();
    for era in ERAS {
        let client = rig.connect(era, Ear::default()).await;
        let name = format!("auth/{era:?}");
        let written = call(
            &client,
            "write_memory",
            json!({ "memory_name": format!("mem:{name}.md"), "content": "x", "bogus": 1 }),
        )
        .await;
        assert_eq!(text(&written), format!("Memory {name} written."));
        let structured = written.structured_content.unwrap();
        assert_eq!((&structured["revision"], &structured["created"]), (&json!(1), &json!(true)));
        let missing = call(&client, "read_memory", json!({ "memory_name": "nope" })).await;
        assert_eq!(
            text(&missing),
            "Error executing tool read_memory: FileNotFoundError: Memory named 'nope' not found"
        );
        assert_eq!(missing.is_error, Some(true));
        let gone = call(&client, "delete_memory", json!({ "memory_file_name": "nope" })).await;
        assert_eq!((text(&gone).as_str(), gone.is_error), ("Memory nope not found.", Some(false)));
    }
    let client = rig.connect(Era::Legacy, Ear::default()).await;
    call(&client, "write_memory", json!({ "memory_name": "frozen/ü", "content": "x" })).await;
    let listed = text(&call(&client, "list_memories", json!({})).await);
    assert_eq!(
        listed,
        r#"{"memories": ["mem:auth/Legacy.md", "mem:auth/Modern.md"], "read_only_memories": ["frozen/ü"]}"#
    );
    assert_eq!(text(&call(&client, "list_memories", json!({ "topic": "none" })).await), "{}");
    let long = text(&call(&client, "list_memories", json!({ "max_answer_chars": 5 })).await);
    assert!(long.starts_with("The answer is too long (") && long.ends_with("raise the max_answer_chars parameter."));
}

#[tokio::test]
async fn a_revision_that_does_not_stand_is_named() {
    let rig = Rig::new();
    let client = rig.connect(Era::Legacy, Ear::default()).await;
    let write = |if_revision| json!({ "memory_name": "a", "content": "x", "if_revision": if_revision });
    assert_eq!(call(&client, "write_memory", write(0)).await.is_error, Some(false));
    let stale = call(&client, "write_memory", write(0)).await;
    assert_eq!(stale.is_error, Some(true));
    assert_eq!(stale.structured_content.unwrap()["revision"], 1);
}

#[tokio::test]
async fn wrong_arguments_are_told_as_pydantic_tells_them() {
    let rig = Rig::new();
    let client = rig.connect(Era::Legacy, Ear::default()).await;
    let cases = [
        (
            json!({ "memory_name": "noargs" }),
            "1 validation error for applyArguments\ncontent\n  Field required [type=missing, input_value={'memory_name': 'noargs'}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.12/v/missing",
        ),
        (
            json!({ "memory_name": 5, "content": "x" }),
            "1 validation error for applyArguments\nmemory_name\n  Input should be a valid string [type=string_type, input_value=5, input_type=int]\n    For further information visit https://errors.pydantic.dev/2.12/v/string_type",
        ),
    ];
    for (arguments, says) in cases {
        let refused = call(&client, "write_memory", arguments).await;
        assert_eq!(text(&refused), format!("Error executing tool write_memory: {says}"));
    }
    let both = text(&call(&client, "edit_memory", json!({ "memory_name": "a", "repl": "q", "mode": "fuzzy" })).await);
    assert!(both.contains("2 validation errors") && both.contains("Input should be 'literal' or 'regex'"), "{both}");
    let unknown = call(&client, "orchestrate", json!({ "task": "x", "priority": "urgent" })).await;
    assert!(text(&unknown).contains("Input should be 'low', 'normal', 'high' or 'critical'"), "{}", text(&unknown));
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let rig = Rig::new();
    for era in ERAS {
        let client = rig.connect(era, Ear::default()).await;
        let error = client.call_tool(params("no_such_tool", json!({}))).await.unwrap_err().to_string();
        assert!(error.contains("-32602") && error.contains("Unknown tool: no_such_tool"), "{error}");
    }
}

#[tokio::test]
async fn who_asks_is_the_name_a_person_gave_or_the_clients_own() {
    let rig = Rig::new();
    let by = |rig: &Rig| match rig.board.asked().pop() {
        Some(Request::Cancel { by, .. }) => by,
        other => panic!("{other:?}"),
    };
    for era in ERAS {
        let client = rig.connect(era, Ear::default()).await;
        call(&client, "cancel_task", json!({ "task": "x" })).await;
        assert_eq!(by(&rig), "tester");
    }
    // The bridge greets before the first message.
    let (here, there) = tokio::io::duplex(1 << 16);
    let (server, stop) = (rig.server.clone(), rig.stop.clone());
    tokio::spawn(async move {
        let (read, write) = tokio::io::split(there);
        serve_stream(&server, read, write, stop).await;
    });
    let (read, mut write) = tokio::io::split(here);
    tokio::io::AsyncWriteExt::write_all(&mut write, b"synod-client my editor\n").await.unwrap();
    let client = Ear::default().serve_with_lifecycle((read, write), ClientLifecycleMode::Initialize).await.unwrap();
    call(&client, "cancel_task", json!({ "task": "x" })).await;
    assert_eq!(by(&rig), "my editor");
}

#[tokio::test]
async fn a_refusal_needs_its_reason() {
    let rig = Rig::new();
    let client = rig.connect(Era::Legacy, Ear::default()).await;
    let refused = call(&client, "answer_task", json!({ "task": "x", "approve": false })).await;
    assert_eq!(refused.is_error, Some(true));
    assert!(rig.board.asked().is_empty());
    call(&client, "answer_task", json!({ "task": "x", "approve": false, "why": "no" })).await;
    assert!(matches!(rig.board.asked().as_slice(), [Request::Reject { why, .. }] if why == "no"));
}

#[tokio::test]
async fn the_instructions_say_all_that_is_needed_in_what_every_client_keeps() {
    let rig = Rig::new();
    let client = rig.connect(Era::Legacy, Ear::default()).await;
    let instructions = client.peer_info().unwrap().instructions.clone().unwrap();
    let head: String = instructions.chars().take(512).collect();
    for word in ["list_memories", "search_memories", "read_memory", "write_memory", "orchestrate", "memory_history"] {
        assert!(head.contains(word), "{word} is cut off");
    }
}

#[tokio::test]
async fn a_method_that_there_is_not_is_named() {
    let rig = Rig::new();
    for era in ERAS {
        let client = rig.connect(era, Ear::default()).await;
        let request = ClientRequest::CustomRequest(CustomRequest::new("tools/frobnicate", None));
        let said = client.send_request(request).await.unwrap_err().to_string();
        assert!(said.contains("there is no method \"tools/frobnicate\""), "{era:?}: {said}");
    }
}
