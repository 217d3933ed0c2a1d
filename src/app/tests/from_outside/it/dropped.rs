//! Whatever is dropped into a running engine: every malformed file is refused with a reason a person can act on and an
//! entry in the log, odd files are left or taken as they are, nothing is lost, and the engine goes on.

use super::harness::{Script, Scripted, Workspace, end, rested, until, verified};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use synod::api::{Reply, Request};
use synod::board::FailureClass;

/// What a malformed file must be refused with.
#[derive(Debug, Deserialize)]
struct Expected {
    line: Option<u32>,
    words: Vec<String>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every malformed file of the table, with its bytes.
fn malformed() -> Vec<(String, Vec<u8>, Expected)> {
    let table = fs::read_to_string(fixtures().join("bad_tasks.toml")).unwrap();
    let table: BTreeMap<String, Expected> = toml::from_str(&table).unwrap();
    assert!(table.len() >= 60);
    let bytes = |name: &str| fs::read(fixtures().join("bad_tasks").join(name)).unwrap();
    table.into_iter().map(|(name, expected)| (name.clone(), bytes(&name), expected)).collect()
}

/// What is wrong with how a file was refused.
fn wrongs(workspace: &Workspace, name: &str, bytes: &[u8], expected: &Expected) -> Vec<String> {
    let mut wrongs = Vec::new();
    match fs::read(workspace.coordination(&format!("tasks/rejected/{name}"))) {
        Ok(kept) if kept == bytes => {}
        Ok(_) => wrongs.push(format!("{name}: its bytes were changed")),
        Err(error) => wrongs.push(format!("{name}: {error}")),
    }
    let Ok(why) = fs::read_to_string(workspace.coordination(&format!("tasks/rejected/{name}.why.md"))) else {
        wrongs.push(format!("{name}: no page says why"));
        return wrongs;
    };
    for word in expected.words.iter().filter(|word| !why.contains(word.as_str())) {
        wrongs.push(format!("{name}: lacks {word:?}:\n{why}"));
    }
    if let Some(line) = expected.line.filter(|line| !why.contains(&format!("line {line}\n"))) {
        wrongs.push(format!("{name}: does not name line {line}:\n{why}"));
    }
    wrongs
}

/// The entries in which the intake says that it refused something.
fn refusals(workspace: &Workspace) -> usize {
    let path = workspace.coordination("communication/INTERCOMMUNICATION_LOG.md");
    let log = fs::read_to_string(path).unwrap_or_default();
    log.lines().filter(|line| line.starts_with("## ") && line.contains(" - synod (intake) - ")).count()
}

/// A good task goes through to its end.
async fn goes_on(workspace: &Workspace, engine: &synod::app::Engine, name: &str) {
    workspace.drop_file(&format!("{name}.md"), format!("A good task, {name}.\n"));
    assert_eq!(rested(&engine.handle(), name).await.row.state, "done");
}

fn refused_pages(workspace: &Workspace) -> usize {
    workspace.names("tasks/rejected").iter().filter(|name| name.ends_with(".why.md")).count()
}

#[tokio::test]
async fn every_malformed_file_dropped_at_once_is_refused_and_the_engine_goes_on() {
    let workspace = Workspace::with_workers(&["claude", "gemini"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    let files = malformed();
    for (name, bytes, _) in &files {
        workspace.drop_file(name, bytes);
    }
    until("every file is refused and logged", || refusals(&workspace) >= files.len()).await;
    goes_on(&workspace, &engine, "good").await;
    verified(&engine.handle()).await;
    end(engine).await;
    let wrongs: Vec<String> =
        files.iter().flat_map(|(name, bytes, expected)| wrongs(&workspace, name, bytes, expected)).collect();
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
    assert_eq!(refusals(&workspace), files.len(), "one entry each");
    assert_eq!(refused_pages(&workspace), files.len());
    let asked = workers.calls.lock().unwrap().iter().filter(|(_, prompt)| !prompt.contains("A good task")).count();
    assert_eq!(asked, 0, "no model was asked about a refused file");
}

#[tokio::test]
async fn every_malformed_file_saved_in_place_is_refused_one_by_one() {
    let workspace = Workspace::with_workers(&["claude", "gemini"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let files = malformed();
    let mut wrong = Vec::new();
    for (number, (name, bytes, expected)) in files.iter().enumerate() {
        fs::write(workspace.coordination(&format!("tasks/{name}")), bytes).unwrap();
        until(&format!("{name} is refused"), || refusals(&workspace) > number).await;
        wrong.extend(wrongs(&workspace, name, bytes, expected));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    goes_on(&workspace, &engine, "good").await;
    assert_eq!(refusals(&workspace), files.len());
    end(engine).await;
}

/// Drops a file that must be refused, and gives the page that says why.
async fn why_not(workspace: &Workspace, name: &str, content: &str) -> String {
    workspace.drop_file(name, content);
    let page = format!("tasks/rejected/{name}.why.md");
    until(&format!("{name} is refused"), || workspace.coordination(&page).exists()).await;
    let log = || workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md");
    until(&format!("the log says so of {name}"), || log().contains(&format!(" - synod (intake) - {name}"))).await;
    workspace.read(&page)
}

fn assert_names(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "lacks {word:?}:\n{page}");
    }
}

#[tokio::test]
async fn names_that_do_not_exist_are_refused_with_the_nearest_that_does() {
    let workspace = Workspace::with_workers(&["claude", "gemini"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let steps = |more: &str| format!("---\nplan:\n  steps:\n    - id: a\n      do: x\n      {more}\n---\nDo it.\n");
    let older =
        "---\nplan:\n  task_type: x\n  steps:\n    - id: 1\n      action: x\n      model: gemeni\n---\nDo it.\n";
    let table: [(&str, String, &[&str]); 9] = [
        (
            "worker.md",
            "---\nmodels: [claude, gemeni]\n---\nDo it.\n".into(),
            &["models", "gemeni", "did you mean `gemini`"],
        ),
        ("worker-far.md", "---\nmodels: [zzz]\n---\nDo it.\n".into(), &["models", "zzz", "claude, gemini"]),
        ("role.md", "---\nrole: reviwer\n---\nDo it.\n".into(), &["role", "reviwer", "did you mean `reviewer`"]),
        ("kind.md", "---\nkind: security-reviw\n---\nDo it.\n".into(), &["kind", "did you mean `security-review`"]),
        ("pipeline.md", "---\npipeline: reviw\n---\nDo it.\n".into(), &["pipeline", "reviw"]),
        ("step-role.md", steps("role: reviwer"), &["role", "reviwer", "did you mean `reviewer`"]),
        ("step-worker.md", steps("models: [gemeni]"), &["step a of the plan", "gemeni", "did you mean `gemini`"]),
        ("older-step-worker.md", older.into(), &["gemeni", "did you mean `gemini`"]),
        ("worker.json", "{\"task\": \"Do it.\", \"models\": [\"claud\"]}".into(), &["models", "did you mean `claude`"]),
    ];
    for (name, content, words) in &table {
        assert_names(&why_not(&workspace, name, content).await, words);
    }
    assert_eq!(refusals(&workspace), table.len());
    goes_on(&workspace, &engine, "good").await;
    verified(&engine.handle()).await;
    end(engine).await;
}

#[tokio::test]
async fn a_step_is_carried_out_by_the_workers_it_names() {
    let workspace = Workspace::with_workers(&["claude", "gemini", "gpt"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file(
        "named.md",
        "---\nplan:\n  steps:\n    - { id: a, do: x, models: [gpt] }\n    - { id: b, do: y, needs: [a], models: [gpt] }\n---\nDo it.\n",
    );
    assert_eq!(rested(&engine.handle(), "named").await.row.state, "done");
    assert_eq!(workers.counts(), BTreeMap::from([("gpt".to_owned(), 2)]));
    end(engine).await;
}

#[tokio::test]
async fn circles_over_several_files_are_refused_where_they_close() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    for (name, on) in [("a", "b"), ("b", "c"), ("x", "y")] {
        workspace.drop_file(&format!("{name}.md"), format!("---\ndepends_on: [{on}]\n---\nDo {name}.\n"));
        let active = workspace.coordination(&format!("tasks/active/{name}.md"));
        until(&format!("{name} waits"), || active.exists()).await;
    }
    let page = why_not(&workspace, "c.md", "---\ndepends_on: [a]\n---\nDo c.\n").await;
    assert_names(&page, &["depends_on", "circle", "a"]);
    let page = why_not(&workspace, "y.md", "---\ndepends_on: [x]\n---\nDo y.\n").await;
    assert_names(&page, &["depends_on", "circle", "x"]);
    // Mended, the last one lets all of them go on.
    workspace.drop_file("c.md", "Do c.\n");
    for name in ["c", "b", "a"] {
        assert_eq!(rested(&engine.handle(), name).await.row.state, "done", "{name}");
    }
    end(engine).await;
}

#[tokio::test]
async fn what_depends_on_a_failed_task_is_refused_or_ends_with_it() {
    let workspace = Workspace::with_workers(&["claude"], "retries = 0");
    let fail = Arc::new(AtomicBool::new(true));
    let (may, failing) = (Arc::new(AtomicBool::new(false)), fail.clone());
    let open = may.clone();
    let workers = Scripted::new(move |_, call| {
        if call.prompt.contains("Lay the ground") && failing.load(Ordering::SeqCst) {
            return Script::Fail(FailureClass::RequestRefused, "refused".to_owned());
        }
        let open = open.clone();
        Script::SayWhen(Arc::new(move || open.load(Ordering::SeqCst)), "done".to_owned())
    });
    let engine = workspace.engine(workers).await;
    workspace.drop_file("before.md", "---\ndepends_on: [ground]\n---\nBuild on it.\n");
    until("it waits", || workspace.coordination("tasks/active/before.md").exists()).await;
    workspace.drop_file("ground.md", "Lay the ground.\n");
    assert_eq!(rested(&engine.handle(), "ground").await.row.state, "failed");
    assert_eq!(rested(&engine.handle(), "before").await.row.state, "failed");
    until("it has failed", || workspace.coordination("tasks/failed/before_state.json").exists()).await;
    assert_names(&workspace.read("tasks/failed/before_state.json"), &["ground"]);
    let page = why_not(&workspace, "after.md", "---\ndepends_on: [ground]\n---\nBuild on it too.\n").await;
    assert_names(&page, &["depends_on", "ground", "without success"]);
    fail.store(false, Ordering::SeqCst);
    may.store(true, Ordering::SeqCst);
    goes_on(&workspace, &engine, "good").await;
    end(engine).await;
}

#[tokio::test]
async fn copies_of_an_unfinished_task_are_refused_whatever_their_name_and_number() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let may = Arc::new(AtomicBool::new(false));
    let open = may.clone();
    let workers = Scripted::new(move |_, _| {
        let open = open.clone();
        Script::SayWhen(Arc::new(move || open.load(Ordering::SeqCst)), "done".to_owned())
    });
    let engine = workspace.engine(workers.clone()).await;
    workspace.drop_file("first.md", "The same.\n");
    until("it is taken", || workspace.coordination("tasks/active/first.md").exists()).await;
    for number in 0..20 {
        workspace.drop_file(&format!("copy-{number}.md"), "The same.\n");
    }
    workspace.drop_file("first.md", "The same.\n");
    until("all are refused", || refusals(&workspace) == 21).await;
    may.store(true, Ordering::SeqCst);
    assert_eq!(rested(&engine.handle(), "first").await.row.state, "done");
    assert_eq!(workers.counts()["claude"], 1);
    verified(&engine.handle()).await;
    end(engine).await;
}

#[tokio::test]
async fn a_large_file_is_refused_with_the_limit_and_the_largest_good_one_is_taken() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    let page = why_not(&workspace, "large.md", &"x".repeat(2 << 20)).await;
    assert_names(&page, &["limits.task_bytes_max", "2097152", "1048576"]);
    let page = why_not(&workspace, "one-over.txt", &"x".repeat((1 << 20) + 1)).await;
    assert_names(&page, &["limits.task_bytes_max"]);
    workspace.drop_file("largest.md", "y".repeat(1 << 20));
    assert_eq!(rested(&engine.handle(), "largest").await.row.state, "done");
    assert!(workers.calls.lock().unwrap().iter().any(|(_, prompt)| prompt.contains(&"y".repeat(1 << 20))));
    end(engine).await;
}

#[tokio::test]
async fn what_is_no_regular_file_is_left_and_never_opened() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    let at = |name: &str| workspace.coordination(&format!("tasks/{name}"));
    fs::write(workspace.root().join("secret.md"), "A secret outside the folder.\n").unwrap();
    std::os::unix::fs::symlink(workspace.root().join("secret.md"), at("link.md")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("dangling.md")).unwrap();
    std::os::unix::fs::symlink("circle.md", at("circle.md")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe.md"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.md")).unwrap();
    fs::create_dir(at("folder.md")).unwrap();
    fs::write(at("folder.md/inner.md"), "Inside.\n").unwrap();
    fs::write(at("words.docx"), "No task file.\n").unwrap();
    for name in ["half.md.tmp", ".hidden.md", "old.md~", "half.md.part"] {
        fs::write(at(name), "Not finished.\n").unwrap();
    }
    goes_on(&workspace, &engine, "good").await;
    // Several rescans later they still stand, and nobody was asked about them.
    goes_on(&workspace, &engine, "better").await;
    let names = [
        "link.md",
        "dangling.md",
        "circle.md",
        "pipe.md",
        "socket.md",
        "folder.md",
        "words.docx",
        "half.md.tmp",
        ".hidden.md",
        "old.md~",
        "half.md.part",
    ];
    let left: Vec<String> = workspace.names("tasks");
    for name in names {
        assert!(left.contains(&name.to_owned()), "{name} was taken away");
    }
    assert_eq!(workers.counts()["claude"], 2);
    assert_eq!(refusals(&workspace), 0, "what is left is not refused");
    end(engine).await;
}

#[tokio::test]
async fn a_file_without_rights_is_read_by_whoever_may_or_left() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let draft = workspace.coordination("tasks/.closed.draft");
    fs::write(&draft, "May this be read?\n").unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o000)).unwrap();
    let may = fs::read(&draft).is_ok();
    let dropped = workspace.coordination("tasks/closed.md");
    fs::rename(&draft, &dropped).unwrap();
    if !may {
        goes_on(&workspace, &engine, "good").await;
        assert!(dropped.exists(), "what cannot be read is left");
        fs::set_permissions(&dropped, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(rested(&engine.handle(), "closed").await.row.state, "done");
    end(engine).await;
}

#[tokio::test]
async fn strange_names_become_plain_ids_and_plain_files() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let long = format!("{}.md", "n".repeat(252));
    let wide = format!("{}.md", "é".repeat(126));
    let names = [
        "two\nlines.md",
        "quotes'\"`.md",
        "登录 审查.md",
        "-rf.md",
        "--help.md",
        "a\\..\\b.md",
        "\u{202e}txt.md",
        "\u{1b}[31mred.md",
        "…….md",
        "state_state.json.md",
        "CON.md",
        "$(touch x);|&.md",
        "%00%2e%2e.md",
        &long,
        &wide,
    ];
    for (number, name) in names.iter().enumerate() {
        fs::write(workspace.coordination(&format!("tasks/{name}")), format!("Task number {number}.\n")).unwrap();
    }
    let states = || workspace.names("tasks/done").into_iter().filter(|name| name.ends_with("_state.json")).count();
    until("all are done", || states() == names.len()).await;
    // The same strange names with malformed content.
    for name in names {
        fs::write(workspace.coordination(&format!("tasks/{name}")), "---\npriorty: high\n---\nx\n").unwrap();
    }
    until("all are refused", || refused_pages(&workspace) == names.len()).await;
    until("all are logged", || refusals(&workspace) == names.len()).await;
    verified(&engine.handle()).await;
    end(engine).await;
    let kept = workspace.names("tasks/rejected");
    assert_eq!(kept.len(), 2 * names.len(), "{kept:?}");
    let done = workspace.names("tasks/done");
    assert_eq!(done.len(), 2 * names.len(), "{done:?}");
    for name in done {
        assert!(!name.contains(['\n', '\'', '"', '\u{1b}', '\\', '$']) && !name.starts_with('-'), "{name:?}");
    }
    let unfit = |c: char| c != '\n' && c.is_control();
    assert!(!workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md").contains(unfit));
    let left: Vec<String> = workspace.names("tasks").into_iter().filter(|name| name.contains('.')).collect();
    assert_eq!(left, ["README.md"; 0], "nothing is left: {left:?}");
}

#[tokio::test]
async fn a_name_that_is_no_text_is_left_and_stops_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    let name = std::ffi::OsStr::from_bytes(b"bad\xff\xfe.md");
    fs::write(workspace.coordination("tasks").join(name), "Do it.\n").unwrap();
    goes_on(&workspace, &engine, "good").await;
    goes_on(&workspace, &engine, "better").await;
    assert!(workspace.coordination("tasks").join(name).exists());
    end(engine).await;
}

#[tokio::test]
async fn a_file_that_grows_slowly_is_taken_once_and_whole() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    let path = workspace.coordination("tasks/slow.md");
    let mut file = fs::File::create(&path).unwrap();
    let mut whole = String::from("---\npriority: high\n---\n");
    file.write_all(whole.as_bytes()).unwrap();
    for piece in 0..10 {
        let text = format!("Piece {piece}.\n");
        file.write_all(text.as_bytes()).unwrap();
        file.flush().unwrap();
        whole.push_str(&text);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    drop(file);
    assert_eq!(rested(&engine.handle(), "slow").await.row.state, "done");
    until("its file has moved", || workspace.coordination("tasks/done/slow.md").exists()).await;
    assert_eq!(workspace.read("tasks/done/slow.md"), whole);
    assert_eq!(workers.counts()["claude"], 1);
    assert_eq!(workspace.names("tasks/rejected"), Vec::<String>::new());
    end(engine).await;
}

#[tokio::test]
async fn a_file_replaced_again_and_again_while_it_is_read_is_never_taken_in_half() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    let at = workspace.coordination("tasks/changing.md");
    for round in 0..60_u32 {
        // Now replaced by rename, now written in place, each whole text of one letter.
        let letter = char::from(b'a' + u8::try_from(round % 26).unwrap());
        let text = format!("round {round} {}\n", letter.to_string().repeat(200_000));
        if round % 2 == 0 {
            workspace.drop_file("changing.md", &text);
        } else {
            fs::write(&at, &text).unwrap();
        }
        tokio::task::yield_now().await;
    }
    goes_on(&workspace, &engine, "good").await;
    until("nothing is open", || workspace.names("tasks/active").is_empty()).await;
    until("nothing is left", || !at.exists()).await;
    verified(&engine.handle()).await;
    let last = "round 59";
    let texts = || -> Vec<String> {
        workspace
            .names("tasks/done")
            .iter()
            .filter(|name| name.starts_with("changing") && name.ends_with(".md"))
            .map(|name| workspace.read(&format!("tasks/done/{name}")))
            .collect()
    };
    until("the last content is done", || texts().iter().any(|text| text.starts_with(last))).await;
    for text in texts() {
        let letters: std::collections::BTreeSet<char> = text.split(' ').nth(2).unwrap().trim().chars().collect();
        assert_eq!((letters.len(), text.split(' ').nth(2).unwrap().trim().len()), (1, 200_000), "{:.40}", text);
    }
    end(engine).await;
}

#[tokio::test]
async fn files_deleted_right_after_the_drop_stop_nothing_and_what_was_taken_is_whole() {
    let workspace = Workspace::with_workers(&["claude"], "");
    let engine = workspace.engine(Scripted::new(|_, _| Script::Say("done".to_owned()))).await;
    for number in 0..100 {
        let name = format!("gone-{number}.md");
        let bad = number % 3 == 0;
        let text = if bad { format!("---\npriorty: {number}\n---\nx\n") } else { format!("Gone {number}.\n") };
        workspace.drop_file(&name, text);
        if number % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // It may have been taken by then.
        let _taken = fs::remove_file(workspace.coordination(&format!("tasks/{name}")));
    }
    goes_on(&workspace, &engine, "good").await;
    until("nothing is open", || workspace.names("tasks/active").is_empty()).await;
    verified(&engine.handle()).await;
    end(engine).await;
    for name in workspace.names("tasks/done").iter().filter(|name| name.starts_with("gone") && name.ends_with(".md")) {
        let number = name.trim_start_matches("gone-").trim_end_matches(".md");
        assert_eq!(workspace.read(&format!("tasks/done/{name}")), format!("Gone {number}.\n"));
    }
}

#[tokio::test]
async fn two_thousand_files_at_once_are_each_done_once_and_logged_once() {
    const COUNT: usize = 2000;
    let workspace = Workspace::with_workers(&["claude"], "");
    let workers = Scripted::new(|_, _| Script::Say("done".to_owned()));
    let engine = workspace.engine(workers.clone()).await;
    for number in 0..COUNT {
        workspace.drop_file(&format!("t-{number}.md"), format!("---\nmode: simple\n---\nTask {number}.\n"));
    }
    let done = || workspace.names("tasks/done").len();
    until("all are done", || done() == 2 * COUNT).await;
    let entries = || workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md").matches("\n<!-- synod:").count();
    until("all are logged", || entries() >= 3 * COUNT).await;
    let handle = engine.handle();
    assert_eq!(verified(&handle).await, u64::try_from(COUNT).unwrap() * 3, "accepted, answered, decided");
    let Ok(Reply::Status(status)) = handle.ask(Request::Status).await else { panic!("no status") };
    assert_eq!((status.open_tasks, status.running_calls, status.trouble), (0, 0, None));
    end(engine).await;
    assert_eq!(workers.counts()["claude"], COUNT, "each is asked about once");
    let log = workspace.read_so_far("communication/INTERCOMMUNICATION_LOG.md");
    let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log.lines().filter(|line| line.starts_with("## ") && line.contains(" - synod (router) - ")) {
        *accepted.entry(line.rsplit(" - ").next().unwrap()).or_default() += 1;
    }
    assert_eq!(accepted.len(), COUNT);
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
    assert_eq!(workspace.names("decisions").iter().filter(|name| name.ends_with(".json")).count(), COUNT);
    assert_eq!(workspace.names("tasks/active"), Vec::<String>::new());
    assert_eq!(workspace.names("tasks/rejected"), Vec::<String>::new());
}
