//! The OpenAPI document: valid by the published schema, complete, and true: what routes answer fits what it says.

use super::super::openapi::{build, generator, reply_name};
use super::super::routes::table;
use super::{Served, served};
use crate::api::{
    Error, ErrorKind, LeaseView, MemoryHit, MemoryRow, Notice, Reply, RevisionRow, Role, Seq, StepId, Timestamp, Work,
    WorkerName,
};
use schemars::generate::Contract;
use serde_json::{Value, json};

#[test]
fn the_document_is_valid_by_the_published_schema() {
    let schema: Value = serde_json::from_str(include_str!("openapi-3.1-schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document = build();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert_eq!(faults, [""; 0]);
    let mut broken = document;
    broken["info"] = json!({});
    assert!(!validator.is_valid(&broken), "the schema refuses something");
}

/// Every reference of a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let (true, Some(to)) = (name == "$ref", member.as_str()) {
                    found.push(to.to_owned());
                }
                references(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn it_names_every_route_parameter_and_error_and_nothing_that_is_not_there() {
    let document = build();
    for route in table() {
        let verb = if document["paths"][format!("/api/v1{}", route.path)]["get"]["operationId"] == route.name {
            "get"
        } else {
            "post"
        };
        let operation = &document["paths"][format!("/api/v1{}", route.path)][verb];
        assert_eq!(operation["operationId"], route.name);
        assert!(operation["summary"].as_str().is_some_and(|said| !said.is_empty()), "{}", route.name);
        assert!(operation["responses"]["401"].is_object() && operation["responses"]["503"].is_object());
        assert_eq!(verb == "post", operation["requestBody"].is_object());
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|said| !said.is_empty()), "{parameter}");
        }
    }
    let read = &document["paths"]["/api/v1/memories/text"]["get"]["parameters"];
    assert_eq!(read[0]["name"], "name");
    assert_eq!(read[0]["required"], true);
    assert_eq!(read[1]["schema"]["type"], "integer");
    assert!(document["paths"]["/api/v1/openapi.json"]["get"]["responses"]["401"].is_object(), "it needs the token too");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 300);
    for to in found {
        assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
    }
    let text = document.to_string();
    assert!(!text.contains("\"uint") && !text.contains("$defs"), "readers warn about formats that they do not know");
}

#[test]
fn what_is_both_asked_and_told_has_one_schema() {
    let (mut asked, mut told) = (generator(Contract::Deserialize), generator(Contract::Serialize));
    told.subschema_for::<Reply>();
    for route in table() {
        (route.takes)(&mut asked);
    }
    let told = told.take_definitions(true);
    for (name, schema) in asked.take_definitions(true) {
        assert!(told.get(&name).is_none_or(|other| *other == schema), "{name} has two schemas");
    }
}

fn row() -> MemoryRow {
    MemoryRow {
        name: "design/auth".into(),
        revision: 3,
        hash: "00".into(),
        bytes: 5,
        by: "file".into(),
        at: Timestamp(-1),
        read_only: true,
        lease: Some(lease()),
    }
}

fn lease() -> LeaseView {
    LeaseView { by: "anna".into(), until: Timestamp(5) }
}

/// Replies of many sorts.
fn replies() -> Vec<Reply> {
    let work = Work {
        claim: "c".into(),
        task: super::task("t"),
        step: StepId::new("s"),
        worker: WorkerName::new("w"),
        role: Role::new("critic"),
        prompt: "p".into(),
        lease_until: Timestamp(1),
        deadline: Timestamp(2),
    };
    let notice =
        Notice { seq: Seq(1), at: Timestamp(1), task: None, event: "e".into(), facts: json!([1, { "a": null }]) };
    let revisions = serde_json::from_value::<Vec<RevisionRow>>(json!([
        { "revision": 1, "change": { "did": "written" }, "hash": "0", "bytes": 1, "by": "a", "at": 1 },
        { "revision": 2, "change": { "did": "renamed_to", "name": "b" }, "bytes": 0, "by": "a", "at": 1 },
    ]));
    vec![
        Reply::Done,
        Reply::Memories { memories: vec![row(), MemoryRow { read_only: false, lease: None, ..row() }], next: None },
        Reply::Memory { row: row(), text: "x".into() },
        Reply::MemoryWritten {
            name: "a".into(),
            revision: 1,
            hash: "0".into(),
            created: true,
            replaced: 1,
            lease: None,
        },
        Reply::MemoryRenamed { from: "a".into(), to: "b".into(), revision: 1, rewritten: vec!["c".into()] },
        Reply::MemoryHistory { name: "a".into(), revisions: revisions.unwrap(), next: Some(1) },
        Reply::MemoryHits {
            hits: vec![MemoryHit { name: "a".into(), revision: 1, snippet: "«x»".into(), score: -0.5 }],
            next: Some(u64::MAX),
        },
        Reply::MemoryLeased { name: "a".into(), lease: Some(lease()), granted: false },
        Reply::Work { work: Some(Box::new(work)) },
        Reply::Work { work: None },
        Reply::Notices { notices: vec![notice], upto: Seq(9) },
        Reply::LogVerified { entries: 1, broken: None },
        Reply::Placed {
            task: super::task("x"),
            attempt: 2,
            worker: WorkerName::new("a"),
            files: vec!["a.rs".into()],
            added: 1,
            removed: 0,
            note: Some("left out".into()),
            reverted: false,
        },
    ]
}

fn body(said: &str) -> Value {
    serde_json::from_str(said.split_once("\r\n\r\n").unwrap().1).unwrap()
}

async fn document(served: &Served) -> Value {
    body(&served.get("/api/v1/openapi.json").await)
}

/// Whether a value is what the document says of a schema.
fn fits(document: &Value, name: &str, value: &Value) {
    let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": document["components"] });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, [""; 0], "{name}: {value}");
    assert!(!validator.is_valid(&json!({ "reply": "other" })), "{name} refuses something");
}

#[tokio::test]
async fn what_is_answered_fits_the_document() {
    for reply in replies() {
        let served = served(Ok(reply)).await;
        let told = body(&served.get("/api/v1/status").await);
        fits(&document(&served).await, &reply_name(told["reply"].as_str().unwrap()), &told);
    }
    let fault = crate::api::MemoryFault::Stale { stands: 4 };
    for error in [
        Error::new(ErrorKind::Busy, "x"),
        Error::new(ErrorKind::Invalid, "x").hint("y"),
        Error::new(ErrorKind::Conflict, "x").fault(fault),
    ] {
        let served = served(Err(error)).await;
        fits(&document(&served).await, "Problem", &body(&served.get("/api/v1/status").await));
    }
}
