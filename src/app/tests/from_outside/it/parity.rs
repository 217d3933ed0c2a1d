//! Every request there is exists on every face, or stands on a list of exceptions with its reason. The requests come from
//! the type itself, so a new one fails here until somebody has decided where it is to be had.

#![expect(clippy::disallowed_methods, reason = "it asks the binary itself which commands there are")]

use schemars::schema_for;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use synod::api::Request;
use synod::{http, mcp};

/// The command of each request.
const COMMANDS: &[(&str, &[&str])] = &[
    ("submit", &["run"]),
    ("tasks", &["tasks"]),
    ("show", &["show"]),
    ("wait", &["wait"]),
    ("cancel", &["cancel"]),
    ("retry", &["retry"]),
    ("approve", &["approve"]),
    ("answer", &["answer"]),
    ("reject", &["reject"]),
    ("apply", &["apply"]),
    ("why", &["why"]),
    ("replay", &["replay"]),
    ("log", &["log"]),
    ("verify_log", &["log", "verify"]),
    ("route", &["route"]),
    ("workers", &["workers"]),
    ("report", &["report"]),
    ("import_records", &["report", "import"]),
    ("memory_list", &["memory", "list"]),
    ("memory_read", &["memory", "read"]),
    ("memory_write", &["memory", "write"]),
    ("memory_edit", &["memory", "edit"]),
    ("memory_delete", &["memory", "delete"]),
    ("memory_rename", &["memory", "rename"]),
    ("memory_history", &["memory", "history"]),
    ("memory_restore", &["memory", "restore"]),
    ("memory_search", &["memory", "search"]),
    ("memory_lease", &["memory", "lease"]),
    ("status", &["up"]),
    ("shutdown", &["down"]),
];

/// Requests without a command, with the reason.
const NO_COMMAND: &[(&str, &str)] = &[
    ("notices", "`run` and `wait` follow them to show progress; as a list they are read from the message log"),
    ("claim_work", "an outside agent takes steps over MCP or HTTP, where one that goes away is noticed"),
    ("renew_work", "as claim_work"),
    ("submit_work", "as claim_work"),
];

/// Requests without a route, with the reason.
const NO_ROUTE: &[(&str, &str)] = &[];

/// Every request by its name on the wire.
fn requests() -> BTreeSet<String> {
    let schema = schema_for!(Request).to_value();
    let each = schema["oneOf"].as_array().unwrap();
    let names: BTreeSet<String> =
        each.iter().map(|request| request["properties"]["request"]["const"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), each.len());
    names
}

/// Each request is either here or excepted, none is both, and nothing is here that is no request.
fn compare<'a>(face: &str, here: impl Iterator<Item = &'a str>, excepted: &[(&str, &str)]) {
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    let excepted = excepted.iter().map(|(request, why)| {
        assert!(why.len() > 10 || why.starts_with("as "), "{face}: {request} needs a reason");
        *request
    });
    for request in here.collect::<BTreeSet<_>>().into_iter().chain(excepted) {
        *found.entry(request.to_owned()).or_default() += 1;
    }
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), requests(), "{face}");
    assert!(found.values().all(|times| *times == 1), "{face}: {found:?}");
}

#[test]
fn every_request_has_a_route() {
    compare("HTTP", http::covered().iter().map(|(request, _)| *request), NO_ROUTE);
}

#[test]
fn every_request_has_a_tool() {
    compare("MCP", mcp::covered().iter().map(|(request, _)| *request), mcp::NOT_HERE);
}

#[test]
fn every_request_has_a_command() {
    compare("CLI", COMMANDS.iter().map(|(request, _)| *request), NO_COMMAND);
    for (request, command) in COMMANDS {
        let said = Command::new(env!("CARGO_BIN_EXE_synod")).args(*command).arg("--help").output().unwrap();
        assert!(said.status.success(), "{request}: synod {command:?} is no command");
    }
}
