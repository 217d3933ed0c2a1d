//! Resources, their subscriptions, prompts and completions.

use super::*;
use rmcp::model::{
    ArgumentInfo, CompleteRequestParams, GetPromptRequestParams, PaginatedRequestParams, ReadResourceRequestParams,
    Reference, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
};
use serde_json::json;

async fn write(client: &Client, name: &str) {
    let written = call(client, "write_memory", json!({ "memory_name": name, "content": "x" })).await;
    assert_eq!(written.is_error, Some(false));
}

#[tokio::test]
async fn memories_and_tasks_are_listed_read_and_not_found_as_each_era_says_it() {
    let rig = Rig::new();
    for (era, code) in [(Era::Legacy, "-32002"), (Era::Modern, "-32602")] {
        let client = rig.connect(era, Ear::default()).await;
        write(&client, "sp ace/ü").await;
        call(&client, "orchestrate", json!({ "task": "look", "wait": false })).await;
        let uris: Vec<String> =
            client.list_all_resources().await.unwrap().into_iter().map(|resource| resource.uri).collect();
        assert_eq!(uris, ["memory://sp%20ace/%C3%BC", "task://look"]);
        for (uri, has) in [("memory://sp%20ace/%C3%BC", "x"), ("task://look", r#""state":"working""#)] {
            let read = client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap();
            let text = serde_json::to_value(&read.contents).unwrap()[0]["text"].as_str().unwrap().to_owned();
            assert!(text.contains(has), "{text}");
        }
        for uri in ["memory://nope", "memory://../x", "task://nope", "file:///etc/passwd"] {
            let error = client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap_err().to_string();
            assert!(error.contains(code), "{era:?} {uri}: {error}");
        }
        let strange = PaginatedRequestParams::default().with_cursor(Some("zz".to_owned()));
        let error = client.list_resources(Some(strange)).await.unwrap_err().to_string();
        assert!(error.contains("-32602"), "{error}");
        assert_eq!(client.list_all_resource_templates().await.unwrap().len(), 2);
    }
}

#[tokio::test]
#[expect(deprecated, reason = "the older era subscribes this way")]
async fn an_older_client_is_told_of_what_it_subscribed_to() {
    let rig = Rig::new();
    let ear = Ear::default();
    let client = rig.connect(Era::Legacy, ear.clone()).await;
    client.subscribe(SubscribeRequestParams::new("memory://a")).await.unwrap();
    client.subscribe(SubscribeRequestParams::new("memory://b")).await.unwrap();
    client.unsubscribe(UnsubscribeRequestParams::new("memory://b")).await.unwrap();
    for name in ["b", "a"] {
        write(&client, name).await;
    }
    ear.until("updated memory://a").await;
    assert!(!ear.heard.lock().unwrap().iter().any(|heard| heard.contains("//b") || heard == "list changed"));
    client.list_all_resources().await.unwrap();
    write(&client, "c").await;
    ear.until("list changed").await;
}

#[tokio::test]
async fn a_stream_of_the_stateless_era_carries_what_was_asked_for() {
    let rig = Rig::new();
    let client = rig.connect(Era::Modern, Ear::default()).await;
    let filter = SubscriptionFilter::builder().resources_list_changed().resource_subscription("task://look").build();
    let mut stream = client.listen(filter).await.unwrap();
    call(&client, "orchestrate", json!({ "task": "look", "wait": false })).await;
    let told = async {
        let (mut list, mut task) = (false, false);
        // Whether the follower reads already cannot be seen from here, so it is given something more until it does.
        let mut more = tokio::time::interval(Duration::from_millis(50));
        while !(list && task) {
            tokio::select! {
                _ = more.tick() => {
                    rig.board.happens("task_accepted", Some("look"), json!({}));
                }
                told = stream.next() => {
                    let told = format!("{told:?}");
                    list |= told.contains("ResourceListChanged");
                    task |= told.contains("task://look");
                }
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, told).await.is_ok());
}

#[tokio::test]
async fn prompts_and_completions_fit_what_is_there() {
    let rig = Rig::new();
    let client = rig.connect(Era::Legacy, Ear::default()).await;
    for prompt in client.list_all_prompts().await.unwrap() {
        let arguments = prompt.arguments.clone().unwrap_or_default();
        let given = arguments.iter().map(|argument| (argument.name.clone(), json!("something")));
        let mut params = GetPromptRequestParams::new(&prompt.name);
        params.arguments = Some(given.collect());
        let got = client.get_prompt(params).await.unwrap();
        let text = serde_json::to_string(&got.messages).unwrap();
        assert!(!text.contains('{') || !text.contains("{what}"), "{text}");
    }
    for name in ["auth/login", "auth/logout", "core"] {
        write(&client, name).await;
    }
    let values = |reference: Reference, argument: &str, typed: &str| {
        let params = CompleteRequestParams::new(reference, ArgumentInfo::new(argument, typed));
        let client = &client;
        async move { client.complete(params).await.unwrap().completion.values }
    };
    assert_eq!(
        values(Reference::for_resource("memory://{+name}"), "name", "auth/lo").await,
        ["auth/login", "auth/logout"]
    );
    assert_eq!(values(Reference::for_prompt("review"), "priority", "c").await, ["critical"]);
    assert_eq!(values(Reference::for_prompt("second_opinion"), "memory", "co").await, ["core"]);
    assert!(values(Reference::for_resource("task://{id}"), "id", "").await.is_empty());
}
