//! A person as one of the judges: asked in the log, answering by a file or over a face, voting with the others; the daemon
//! ended and started anew while the person thinks.

use super::harness::{Script, Scripted, Workspace, end, rested, until, verdict, verified};
use std::sync::Arc;
use synod::api::Request;
use synod::board::TaskId;

const TASK: &str = "---\nkind: check\nmode: architectural\n---\nCheck the design of the login.\n";

fn workspace(people: &str) -> Workspace {
    let workspace = Workspace::with_workers(&["claude", "gpt"], "");
    let settings = workspace.root().join("synod.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let anna = "[workers.anna]\nprovider = \"human\"\ntier = 1\n";
    std::fs::write(&settings, format!("{text}\n{anna}\n{people}")).unwrap();
    workspace
}

fn approving() -> Arc<Scripted> {
    Scripted::new(|_, _| Script::Say(verdict("approve")))
}

/// Where the file for the person's step is written, once the log has asked for it.
async fn asked(workspace: &Workspace, task: &str) -> String {
    let log = || workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md");
    until("the person is asked in the log", || log().contains("anna was asked")).await;
    let log = log();
    let from = log.find(&format!("decisions/{task}.")).unwrap();
    let path = log[from..].split(|c: char| c == ',' || c.is_whitespace()).next().unwrap();
    path.replace('\\', "")
}

fn write_whole(workspace: &Workspace, path: &str, text: &str) {
    let draft = workspace.coordination(&format!("{path}.tmp"));
    std::fs::write(&draft, text).unwrap();
    std::fs::rename(&draft, workspace.coordination(path)).unwrap();
}

#[tokio::test]
async fn a_dropped_answer_is_the_persons_vote_beside_those_of_two_models_also_after_a_restart() {
    let workspace = workspace("");
    let engine = workspace.engine(approving()).await;
    workspace.drop_file("login.md", TASK);
    let path = asked(&workspace, "login").await;
    end(engine).await;

    let engine = workspace.engine(approving()).await;
    write_whole(&workspace, &path, "Reject\n\n- high src/auth.rs:63: SQL injection\n");
    let view = rested(&engine.handle(), "login").await;
    assert!(["done", "awaiting_person"].contains(&view.row.state.to_string().as_str()), "{:?}", view.row.state);
    until("the file is taken", || !workspace.coordination(&path).exists()).await;
    verified(&engine.handle()).await;
    end(engine).await;

    assert!(workspace.coordination(&format!("{path}.taken")).exists(), "nothing a person wrote is lost");
    let decision = workspace.decision("login");
    let votes = decision["votes"].as_array().unwrap();
    assert_eq!(votes.len(), 3, "{decision:#}");
    let of = |worker: &str| votes.iter().find(|vote| vote["worker"] == worker).unwrap();
    assert_eq!(of("anna")["verdict"], "reject");
    assert!(of("anna")["weight"].as_f64().unwrap() > of("gpt")["weight"].as_f64().unwrap(), "by its tier: {votes:?}");
    let issue = &decision["issues"][0];
    assert_eq!((issue["where"].as_str(), issue["severity"].as_str()), (Some("src/auth.rs:63"), Some("high")));
    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert_eq!(log.matches("anna was asked").count(), 1, "the restart asks nobody again");
}

#[tokio::test]
async fn a_person_answers_over_a_face_and_is_told_when_nobody_asked() {
    let workspace = workspace("");
    let engine = workspace.engine(approving()).await;
    let handle = engine.handle();
    workspace.drop_file("login.md", TASK);
    asked(&workspace, "login").await;
    let answer = |task: &str, step: Option<&str>, text: &str| Request::Answer {
        task: TaskId::slug(task),
        step: step.map(str::to_owned),
        by: "anna".to_owned(),
        text: text.to_owned(),
    };
    let error = handle.ask(answer("other", None, "approve")).await.unwrap_err();
    assert!(error.to_string().contains("no step of other waits"), "{error}");
    let error = handle.ask(answer("login", Some("nothing"), "approve")).await.unwrap_err();
    assert!(error.to_string().contains("no step of login waits"), "{error}");
    let error = handle.ask(answer("login", None, " \n")).await.unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
    handle.ask(answer("login", Some("anna"), "approve, looks right")).await.unwrap();
    rested(&handle, "login").await;
    end(engine).await;
    let votes = workspace.decision("login")["votes"].clone();
    let anna = votes.as_array().unwrap().iter().find(|vote| vote["worker"] == "anna").unwrap();
    assert_eq!(anna["verdict"], "approve");
}

#[tokio::test]
async fn a_silent_person_is_reminded_once_and_then_done_without() {
    let workspace = workspace("[people]\nremind_after = \"200ms\"\ndeadline = \"1500ms\"\n");
    let engine = workspace.engine(approving()).await;
    workspace.drop_file("login.md", TASK);
    let view = rested(&engine.handle(), "login").await;
    end(engine).await;
    let decision = workspace.decision("login");
    assert_eq!(decision["votes"].as_array().unwrap().len(), 2, "{:?}", view.row.state);
    let failed = &decision["failed_workers"][0];
    assert_eq!(
        (failed["worker"].as_str(), failed["error"].as_str()),
        (Some("anna"), Some("timeout: anna did not answer in time"))
    );
    let log = workspace.read("communication/INTERCOMMUNICATION_LOG.md");
    assert_eq!(log.matches("synod (reminder)").count(), 1, "{log}");
}
