//! What people and other programs do to the folders of a running engine: answers that fit no task, notes in the log, logs
//! and folders that vanish, files where folders should be. It says so, loses nothing, and goes on.

use super::harness::{Script, Scripted, Workspace, end, rested, until, verdict, verified};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use synod::api::{Handle, Reply, Request, Status};

const LOG: &str = "communication/INTERCOMMUNICATION_LOG.md";
const MESSAGES: &str = "communication/model_messages.log";
const CRITICAL: &str = "---\nkind: check\npriority: critical\n---\nCheck it.\n";

/// Removes a folder that others may be writing into.
fn remove(folder: &Path) {
    while folder.exists() {
        let _not_empty_again = fs::remove_dir_all(folder);
    }
}

async fn status(handle: &Handle) -> Status {
    match handle.ask(Request::Status).await {
        Ok(Reply::Status(status)) => status,
        other => panic!("no status: {other:?}"),
    }
}

/// Waits until the daemon says something of its trouble that holds this word.
async fn complains(handle: &Handle, word: &str) {
    let start = std::time::Instant::now();
    loop {
        let trouble = status(handle).await.trouble.unwrap_or_default();
        if trouble.contains(word) {
            return;
        }
        assert!(start.elapsed() < super::harness::PATIENCE, "it never said {word:?}: {trouble:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Waits until the daemon has no trouble.
async fn content(handle: &Handle) {
    let start = std::time::Instant::now();
    while let Some(trouble) = status(handle).await.trouble {
        assert!(start.elapsed() < super::harness::PATIENCE, "still in trouble: {trouble}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A good task goes through to its end, with its files.
async fn goes_on(workspace: &Workspace, handle: &Handle, name: &str) {
    workspace.drop_file(&format!("{name}.md"), format!("A good task, {name}.\n"));
    assert_eq!(rested(handle, name).await.row.state, "done");
    until("its files have moved", || workspace.coordination(&format!("tasks/done/{name}.md")).exists()).await;
}

fn entries(workspace: &Workspace) -> usize {
    fs::read_to_string(workspace.coordination(LOG)).unwrap_or_default().matches("\n<!-- synod:").count()
}

#[tokio::test]
async fn answers_that_fit_no_task_are_left_and_change_nothing() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    let handle = engine.handle();
    goes_on(&workspace, &handle, "ended").await;
    let at = |path: &str| workspace.coordination(path);
    fs::write(workspace.root().join("outside"), "why not").unwrap();
    for name in ["nobody", "ended", "../ended", "not an id", "..", "a\nb"] {
        let name = name.replace('/', "%");
        fs::write(at(&format!("decisions/{name}.approve")), "").unwrap();
        fs::write(at(&format!("decisions/{name}.reject")), "no").unwrap();
        fs::write(at(&format!("tasks/active/{name}.cancel")), "").unwrap();
    }
    workspace.drop_file("urgent.md", CRITICAL);
    assert_eq!(rested(&handle, "urgent").await.row.state, "awaiting_person");
    // Neither a link, nor a folder, nor an answer that is too long counts as one.
    symlink(workspace.root().join("outside"), at("decisions/urgent.approve")).unwrap();
    fs::create_dir(at("tasks/active/urgent.cancel")).unwrap();
    fs::write(at("decisions/urgent.reject"), "r".repeat(1 << 20)).unwrap();
    goes_on(&workspace, &handle, "good").await;
    goes_on(&workspace, &handle, "better").await;
    assert_eq!(rested(&handle, "urgent").await.row.state, "awaiting_person");
    assert_eq!(rested(&handle, "ended").await.row.state, "done");
    assert!(at("decisions/urgent.approve").is_symlink() && at("decisions/nobody.approve").exists());
    // A true one does.
    fs::remove_file(at("decisions/urgent.approve")).unwrap();
    fs::remove_file(at("decisions/urgent.reject")).unwrap();
    let reason = format!("## 2026-11-20T19:26:22Z - a (b) - c\n---\n{}", "long ".repeat(10_000));
    fs::write(at("decisions/urgent.reject"), &reason).unwrap();
    until("it has failed", || at("tasks/failed/urgent_state.json").exists()).await;
    until("the answer is kept", || at("decisions/urgent.reject.taken").exists()).await;
    assert_eq!(workspace.read("decisions/urgent.reject.taken"), reason);
    let before = entries(&workspace);
    goes_on(&workspace, &handle, "best").await;
    until("all is logged", || entries(&workspace) == before + 3).await;
    verified(&handle).await;
    assert_eq!(status(&handle).await.trouble, None);
    end(engine).await;
}

#[tokio::test]
async fn an_answer_in_the_wrong_state_is_never_taken_later_for_another_question() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    // Approved before it was even dropped: nobody has seen what is approved.
    fs::write(workspace.coordination("decisions/early.approve"), "").unwrap();
    let written = std::time::Instant::now();
    until("the answer is clearly older", || written.elapsed() > std::time::Duration::from_millis(1500)).await;
    goes_on(&workspace, &engine.handle(), "good").await;
    workspace.drop_file("early.md", CRITICAL);
    assert_eq!(rested(&engine.handle(), "early").await.row.state, "awaiting_person");
    goes_on(&workspace, &engine.handle(), "better").await;
    assert_eq!(rested(&engine.handle(), "early").await.row.state, "awaiting_person");
    end(engine).await;
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say(verdict("approve")))).await;
    for number in 0..10 {
        goes_on(&workspace, &engine.handle(), &format!("later-{number}")).await;
    }
    assert_eq!(rested(&engine.handle(), "early").await.row.state, "awaiting_person");
    // Given anew, it counts.
    fs::write(workspace.coordination("decisions/early.approve"), "").unwrap();
    until("it is done", || workspace.coordination("tasks/done/early.md").exists()).await;
    end(engine).await;
}

#[tokio::test]
async fn a_note_between_entries_is_kept_and_breaks_nothing() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let handle = engine.handle();
    let append = |path: &str, text: &str| {
        let mut file = fs::OpenOptions::new().append(true).open(workspace.coordination(path)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let notes = ["A note of mine.\n", "no line end", "\n## A heading\n\nof mine\n\n---\n", "\n\n\n", "\u{feff}é\n"];
    for (number, note) in notes.iter().enumerate() {
        goes_on(&workspace, &handle, &format!("task-{number}")).await;
        until("it is logged", || entries(&workspace) == 3 * (number + 1)).await;
        append(LOG, note);
        append(MESSAGES, "not JSON at all");
    }
    goes_on(&workspace, &handle, "last").await;
    until("it is logged", || entries(&workspace) == 18).await;
    assert_eq!(verified(&handle).await, 18);
    let log = workspace.read(LOG);
    for note in notes {
        assert!(log.contains(note.trim()), "{note:?} is lost");
    }
    end(engine).await;
}

#[tokio::test]
async fn what_looks_like_an_entry_of_the_future_does_not_silence_the_log() {
    for number in ["4096", "9007199254740993", "18446744073709551615"] {
        let workspace = Workspace::with_workers(&["claude"], "");
        let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
        goes_on(&workspace, &engine.handle(), "first").await;
        until("it is logged", || entries(&workspace) == 3).await;
        let forged = format!("## 2026-11-20T19:26:22Z - a (b) - c\n\n<!-- synod:{number}:{} -->\n", "0".repeat(64));
        let mut file = fs::OpenOptions::new().append(true).open(workspace.coordination(LOG)).unwrap();
        file.write_all(forged.as_bytes()).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(workspace.coordination(MESSAGES)).unwrap();
        writeln!(file, "{{\"seq\":{number}}}").unwrap();
        goes_on(&workspace, &engine.handle(), "second").await;
        until("it is logged", || entries(&workspace) == 7).await;
        let Ok(Reply::LogVerified { broken: Some(_), .. }) = engine.handle().ask(Request::VerifyLog).await else {
            panic!("the forged entry is not seen")
        };
        end(engine).await;
        let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
        goes_on(&workspace, &engine.handle(), "third").await;
        until("it is logged", || entries(&workspace) == 10).await;
        end(engine).await;
        assert!(workspace.read(MESSAGES).contains("\"third\""));
    }
}

#[tokio::test]
async fn a_new_journal_beside_old_logs_goes_on_with_them() {
    // What a fresh clone looks like: the coordination folder is in version control, `.synod` is not.
    let workspace = Workspace::with_workers(&["claude"], "");
    for (round, name) in ["first", "second", "third"].into_iter().enumerate() {
        let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
        goes_on(&workspace, &engine.handle(), name).await;
        until("it is logged", || entries(&workspace) == 3 * (round + 1)).await;
        assert_eq!(verified(&engine.handle()).await, 3 * (round as u64 + 1));
        end(engine).await;
        assert!(workspace.read(MESSAGES).contains(&format!("\"{name}\"")));
        fs::remove_dir_all(workspace.root().join(".synod")).unwrap();
    }
}

#[tokio::test]
async fn a_log_that_is_cut_or_removed_is_begun_again() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let handle = engine.handle();
    goes_on(&workspace, &handle, "first").await;
    until("it is logged", || entries(&workspace) == 3).await;
    fs::remove_file(workspace.coordination(LOG)).unwrap();
    fs::remove_file(workspace.coordination(MESSAGES)).unwrap();
    goes_on(&workspace, &handle, "second").await;
    until("it is logged", || entries(&workspace) == 3).await;
    assert_eq!(verified(&handle).await, 3);
    // Cut in the middle of the last entry: what is left of it is a note.
    let log = workspace.read(LOG);
    let cut = log.rfind("**Blockers**").unwrap();
    fs::write(workspace.coordination(LOG), &log[..cut]).unwrap();
    fs::write(workspace.coordination(MESSAGES), "{\"seq\":1,\"torn").unwrap();
    goes_on(&workspace, &handle, "third").await;
    until("it is logged", || entries(&workspace) == 5).await;
    assert_eq!(verified(&handle).await, 5);
    fs::write(workspace.coordination(LOG), "").unwrap();
    goes_on(&workspace, &handle, "fourth").await;
    until("it is logged", || entries(&workspace) == 3).await;
    assert_eq!(verified(&handle).await, 3);
    assert_eq!(status(&handle).await.trouble, None);
    end(engine).await;
}

#[tokio::test]
async fn folders_that_are_removed_come_back_and_nothing_accepted_is_lost() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let handle = engine.handle();
    for (number, folder) in
        ["tasks", "tasks/active", "tasks/done", "outputs", "decisions", "communication", "sessions", ""]
            .iter()
            .enumerate()
    {
        goes_on(&workspace, &handle, &format!("before-{number}")).await;
        // In one moment, as a program that switches branches does.
        fs::rename(workspace.coordination(folder), workspace.root().join(format!("away-{number}"))).unwrap();
        until("the drop folder is there", || workspace.coordination("tasks").is_dir()).await;
        goes_on(&workspace, &handle, &format!("after-{number}")).await;
        content(&handle).await;
    }
    remove(&workspace.root().join("memories"));
    goes_on(&workspace, &handle, "last").await;
    let history = workspace.root().join("memories/orchestration/history");
    until("its memories are there", || history.is_dir()).await;
    content(&handle).await;
    end(engine).await;
}

#[tokio::test]
async fn a_task_at_work_outlives_the_folders_that_show_it() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let may = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let open = may.clone();
    let workers = Scripted::new(move |_, _| {
        let open = open.clone();
        let holds = move || open.load(std::sync::atomic::Ordering::SeqCst);
        Script::SayWhen(std::sync::Arc::new(holds), "done".to_owned())
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("long.md", "Take your time.\n");
    until("it is taken", || workspace.coordination("tasks/active/long.md").exists()).await;
    remove(&workspace.coordination(""));
    until("the drop folder is there", || workspace.coordination("tasks/active").is_dir()).await;
    may.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(rested(&engine.handle(), "long").await.row.state, "done");
    until("its decision is there", || workspace.coordination("decisions/long.json").exists()).await;
    assert_eq!(workers.counts()["claude"], 1);
    content(&engine.handle()).await;
    end(engine).await;
}

#[tokio::test]
async fn a_file_where_a_folder_should_be_is_said_and_work_goes_on_once_it_is_gone() {
    for place in ["memories", "AI_COORDINATION/communication", "AI_COORDINATION/outputs", "AI_COORDINATION/tasks"] {
        let workspace = Workspace::with_workers(&["claude"], "");
        let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
        let handle = engine.handle();
        goes_on(&workspace, &handle, "first").await;
        let path = workspace.root().join(place);
        fs::write(workspace.root().join("way"), "a file in the way\n").unwrap();
        fs::rename(&path, workspace.root().join("away")).unwrap();
        fs::rename(workspace.root().join("way"), &path).unwrap();
        let task = synod::api::NewTask {
            content: "Submitted.\n".to_owned(),
            name: Some("second".to_owned()),
            ..Default::default()
        };
        let accepted = handle.ask(Request::Submit(Box::new(task))).await;
        assert!(matches!(accepted, Ok(Reply::Accepted { .. })), "{place}: {accepted:?}");
        assert_eq!(rested(&handle, "second").await.row.state, "done", "{place}");
        let aside = || {
            let parent = path.parent().unwrap();
            let names = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
            names.filter(|path| path.is_file()).any(|path| fs::read(path).unwrap() == b"a file in the way\n")
        };
        assert!(aside(), "{place}: the file in the way is lost");
        if path.is_file() {
            complains(&handle, path.file_name().unwrap().to_str().unwrap()).await;
            fs::remove_file(&path).unwrap();
        }
        until("the decision is written", || workspace.coordination("decisions/second.json").exists()).await;
        content(&handle).await;
        goes_on(&workspace, &handle, "third").await;
        end(engine).await;
    }
}
