//! Memories and their files: what one side does, the other holds a moment later, live and after having been down.

use super::memories::{read, write};
use super::rig::{Rig, Running, SIMPLE, until, until_async};
use super::workers::{Workers, said};
use crate::api::{ErrorKind, Reply, Request};
use crate::board::memory::MemoryChange;
use std::fs;
use std::path::PathBuf;

impl Rig {
    fn memory_file(&self, name: &str) -> PathBuf {
        self.root().join("memories").join(format!("{name}.md"))
    }

    /// A person writes a file, as an editor that replaces it would.
    fn put_file(&self, name: &str, text: &str) {
        let path = self.memory_file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let draft = path.with_extension("tmp");
        fs::write(&draft, text).unwrap();
        fs::rename(draft, path).unwrap();
    }

    async fn file_holds(&self, name: &str, text: Option<&str>) {
        let path = self.memory_file(name);
        until(&format!("{name} holds {text:?}"), || fs::read_to_string(&path).ok().as_deref() == text).await;
    }
}

impl Running {
    async fn comes_to(&self, name: &str, text: Option<&str>) {
        until_async(&format!("{name} comes to {text:?}"), async || match self.ask(read(name)).await {
            Ok(Reply::Memory { text: stands, .. }) => Some(stands.as_str()) == text,
            Err(error) if error.kind == ErrorKind::NotFound => text.is_none(),
            other => panic!("{other:?}"),
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_written_on_the_bus_stands_in_files() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.remember("design/auth", "one").await;
    running.remember("global/taste", "short names").await;
    rig.file_holds("design/auth", Some("one")).await;
    let global = rig.root().join("global/taste.md");
    until("the user's folder holds it", || fs::read_to_string(&global).ok().as_deref() == Some("short names")).await;
    let rename = Request::MemoryRename { from: "design/auth".into(), to: "auth".into(), by: "ann".into() };
    running.ask(rename).await.unwrap();
    rig.file_holds("design/auth", None).await;
    rig.file_holds("auth", Some("one")).await;
    running.ask(Request::MemoryDelete { name: "auth".into(), if_revision: None, by: "ann".into() }).await.unwrap();
    rig.file_holds("auth", None).await;
    running.remember("last", "words").await;
    // The end waits for the files.
    running.end().await;
    assert_eq!(fs::read_to_string(rig.memory_file("last")).unwrap(), "words");
    let marks = rig.store().mirrored().unwrap();
    assert_eq!(marks.values().copied().collect::<Vec<_>>(), [1, 1], "{marks:?}");
}

#[tokio::test]
async fn what_a_person_does_to_files_is_taken_in_at_once() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    rig.put_file("deep/er/note", "by hand");
    // No waiting: a read looks at the file first.
    assert_eq!(running.recall("deep/er/note").await, (1, "file".to_owned(), "by hand".to_owned()));
    running.remember("deep/er/note", "by the bus").await;
    rig.file_holds("deep/er/note", Some("by the bus")).await;
    rig.put_file("deep/er/note", "by hand again");
    let stale = running.not_done(write("deep/er/note", "late", Some(2))).await;
    assert_eq!(stale.kind, ErrorKind::Conflict, "the edit by hand counts for who compares: {stale:?}");
    assert_eq!(running.recall("deep/er/note").await, (3, "file".to_owned(), "by hand again".to_owned()));
    fs::remove_file(rig.memory_file("deep/er/note")).unwrap();
    running.comes_to("deep/er/note", None).await;
    let lived = running.lived("deep/er/note").await;
    let texts: Vec<Option<&str>> = lived.iter().map(|(_, _, text)| text.as_deref()).collect();
    assert_eq!(texts, [Some("by hand"), Some("by the bus"), Some("by hand again"), None]);
    running.end().await;
}

#[tokio::test]
async fn what_happened_to_files_while_nobody_looked_is_taken_in_at_the_start() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    for name in ["edited", "removed", "kept", "moved"] {
        running.remember(name, &format!("{name} as it was")).await;
    }
    running.end().await;
    rig.put_file("edited", "edited by hand");
    rig.put_file("new", "made by hand");
    fs::remove_file(rig.memory_file("removed")).unwrap();
    fs::rename(rig.memory_file("moved"), rig.memory_file("elsewhere")).unwrap();
    let running = rig.start(&Workers::played());
    running.comes_to("edited", Some("edited by hand")).await;
    running.comes_to("new", Some("made by hand")).await;
    running.comes_to("removed", None).await;
    running.comes_to("moved", None).await;
    running.comes_to("elsewhere", Some("moved as it was")).await;
    assert_eq!(running.recall("kept").await.0, 1, "what nobody touched has no new revision");
    assert_eq!(running.lived("edited").await.len(), 2);
    running.end().await;
}

#[tokio::test]
async fn when_both_sides_changed_both_are_kept_and_the_log_says_so() {
    let mut rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.remember("a", "as it was").await;
    running.end().await;
    // The bus writes without its files, and a person writes the file.
    rig.files = false;
    let running = rig.start(&Workers::played());
    running.remember("a", "by the bus").await;
    running.end().await;
    rig.files = true;
    rig.put_file("a", "by hand");
    let running = rig.start(&Workers::played());
    running.comes_to("a", Some("by hand")).await;
    let lived = running.lived("a").await;
    assert_eq!(lived.len(), 3, "{lived:?}");
    assert_eq!(lived[1].2.as_deref(), Some("by the bus"));
    assert_eq!(lived[2].1, MemoryChange::Conflicted { with: 2 });
    running.end().await;
    assert!(rig.read("communication/model_messages.log").contains("conflicted"));
}

#[tokio::test]
async fn a_file_that_only_lags_behind_is_written_and_not_taken_in() {
    let mut rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.remember("a", "one").await;
    running.end().await;
    rig.files = false;
    let running = rig.start(&Workers::played());
    running.remember("a", "two").await;
    running.remember("a", "three").await;
    running.end().await;
    rig.files = true;
    // The daemon was cut off after it had written this one and before it could say so.
    rig.put_file("a", "two");
    let running = rig.start(&Workers::played());
    rig.file_holds("a", Some("three")).await;
    assert_eq!(running.recall("a").await, (3, "ann".to_owned(), "three".to_owned()));
    assert_eq!(running.lived("a").await.len(), 3);
    running.end().await;
}

#[tokio::test]
async fn a_folder_that_goes_and_comes_back_takes_nothing_along() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.remember("a", "one").await;
    running.remember("b", "two").await;
    rig.file_holds("b", Some("two")).await;
    fs::remove_dir_all(rig.root().join("memories")).unwrap();
    let status = running.until("the trouble is told", |status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().contains("memories"));
    running.remember("a", "three").await;
    assert_eq!(running.recall("b").await.2, "two");
    fs::create_dir(rig.root().join("memories")).unwrap();
    running.until("the trouble is over", |status| status.trouble.is_none()).await;
    rig.file_holds("a", Some("three")).await;
    rig.file_holds("b", Some("two")).await;
    running.end().await;
}

#[tokio::test]
async fn synods_own_pages_are_read_and_listed_and_not_written() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    running.submit("job", SIMPLE).await;
    let page = "orchestration/current-task/job/task-definition";
    rig_page(&rig, page).await;
    let Ok(Reply::Memory { row, text }) = running.ask(read(page)).await else { panic!("not read") };
    assert_eq!((row.by.as_str(), row.revision, row.read_only), ("synod", 0, true));
    assert!(text.contains("Describe the design."));
    let all = Request::MemoryList { topic: None, after: None, limit: None };
    assert!(running.names_of(all).await.0.contains(&page.to_owned()));
    assert_eq!(running.not_done(write(page, "mine", None)).await.kind, ErrorKind::Conflict);
    let shared = "orchestration/current-task/job/shared-context";
    let (revision, by, _) = running.recall(shared).await;
    assert_eq!((revision, by.as_str()), (0, "synod"), "nobody has written in it yet");
    running.remember(shared, "the port is 4820").await;
    rig.file_holds(shared, Some("the port is 4820")).await;
    assert_eq!(running.recall(shared).await.0, 1);
    running.end_hard().await;
}

/// Waits until a page stands.
async fn rig_page(rig: &Rig, name: &str) {
    let path = rig.memory_file(name);
    until("the page stands", || path.exists()).await;
}

#[tokio::test]
async fn a_file_in_the_inbox_is_a_dropped_task() {
    let mut rig = Rig::new(&["a"]);
    rig.intake = true;
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    rig.put_file("orchestration/inbox/by-hand", SIMPLE);
    until("it was taken", || !rig.memory_file("orchestration/inbox/by-hand").exists()).await;
    until_async("it is a task", async || running.ask(Request::Show { task: super::rig::id("by-hand") }).await.is_ok())
        .await;
    assert_eq!(running.rested("by-hand").await.row.state, "done");
    running.end().await;
}
