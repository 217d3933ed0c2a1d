//! The watched folders with real files: how people, editors and programs save, bursts, what was there before, links and
//! pipes, folders that vanish. Every test waits for what must come, never for time to pass.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may stop where it stands")]

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use synod::folder::intake::{AnswerKind, Found, Intake, Limits, Places, fingerprint};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

struct Bench {
    root: tempfile::TempDir,
    intake: Intake,
}

/// Rescans off, so that what is found is found by events, and short waits.
fn eyes_only() -> Limits {
    let millis = Duration::from_millis;
    Limits { rescan: Duration::ZERO, second_look: millis(20), quiet: millis(150), ..Limits::default() }
}

/// Short rescans as well.
fn all_ways() -> Limits {
    Limits { rescan: Duration::from_millis(100), ..eyes_only() }
}

fn places(root: &Path) -> Places {
    Places { root: root.to_owned(), coordination: root.join("AI_COORDINATION") }
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let root = tempfile::tempdir().unwrap();
        let intake = Intake::open(&places(root.path()), limits).unwrap();
        Self { root, intake }
    }

    /// A bench that has done its first listings, so that what is dropped from now on is found by other ways. An empty file is
    /// refused only after they are over.
    async fn warm(limits: Limits) -> Self {
        let mut bench = Self::new(limits);
        fs::write(bench.task("empty.md"), "").unwrap();
        let found = bench.until(some(1)).await;
        assert!(matches!(&found[0], Found::Bad { .. }), "{found:?}");
        fs::remove_file(bench.task("empty.md")).unwrap();
        bench
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join("AI_COORDINATION").join(path)
    }

    fn task(&self, name: &str) -> PathBuf {
        self.at("tasks").join(name)
    }

    /// The next batch.
    async fn next(&mut self) -> Vec<Found> {
        tokio::time::timeout(DEADLINE, self.intake.next()).await.unwrap_or_else(|_| panic!("nothing was found in time"))
    }

    /// Everything found until `enough` says so of it.
    async fn until(&mut self, enough: impl Fn(&[Found]) -> bool) -> Vec<Found> {
        let mut all = Vec::new();
        while !enough(&all) {
            all.extend(self.next().await);
        }
        all
    }

    /// Drops a last file and gives everything that was found up to it and with it, so that what must *not* be found shows.
    async fn up_to_a_last_one(&mut self) -> Vec<Found> {
        fs::write(self.task("last.md"), "the last one").unwrap();
        self.until(|found| contents(found).contains(&"the last one")).await
    }
}

/// The texts of the tasks, in the order found.
fn contents(found: &[Found]) -> Vec<&str> {
    let texts = found.iter().map(|found| match found {
        Found::Task { content, .. } => Some(content.as_str()),
        _ => None,
    });
    texts.flatten().collect()
}

fn some(count: usize) -> impl Fn(&[Found]) -> bool {
    move |found| found.len() >= count
}

#[tokio::test]
async fn a_written_file_is_found_whole_with_its_hash() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::write(bench.task("a.md"), "---\npriority: high\n---\nReview.\n").unwrap();
    let found = bench.until(some(1)).await;
    let Found::Task { name, hash, content, draft } = &found[0] else { panic!("{found:?}") };
    assert_eq!((name.as_str(), content.as_str()), ("a.md", "---\npriority: high\n---\nReview.\n"));
    assert_eq!(draft.text, "Review.");
    assert_eq!(*hash, fingerprint(&bench.task("a.md")).unwrap());
}

#[tokio::test]
async fn a_file_that_is_still_open_is_not_taken() {
    let mut bench = Bench::new(all_ways());
    let mut file = File::create(bench.task("slow.md")).unwrap();
    file.write_all(b"first half, ").unwrap();
    // What is not settled is told again by a listing, so two more reports mean that a whole listing was between them.
    fs::write(bench.task("other.md"), "other").unwrap();
    let before = bench.until(|found| contents(found).len() >= 4).await;
    assert!(contents(&before).iter().all(|content| *content == "other"), "{before:?}");
    file.write_all(b"second half").unwrap();
    drop(file);
    let found = bench.until(|found| contents(found).iter().any(|content| content.contains("half"))).await;
    assert!(contents(&found).contains(&"first half, second half"), "{found:?}");
}

#[tokio::test]
async fn what_was_dropped_before_the_start_is_found() {
    let root = tempfile::tempdir().unwrap();
    let tasks = root.path().join("AI_COORDINATION/tasks");
    fs::create_dir_all(&tasks).unwrap();
    fs::create_dir_all(root.path().join("AI_COORDINATION/decisions")).unwrap();
    for number in 0..300 {
        fs::write(tasks.join(format!("{number}.md")), format!("task {number}")).unwrap();
    }
    fs::write(root.path().join("AI_COORDINATION/decisions/x.approve"), "").unwrap();
    let intake = Intake::open(&places(root.path()), eyes_only()).unwrap();
    let mut bench = Bench { root, intake };
    let found = bench.until(some(301)).await;
    assert_eq!(contents(&found).into_iter().collect::<BTreeSet<_>>().len(), 300);
    assert!(found.iter().any(|found| matches!(found, Found::Answer { kind: AnswerKind::Approve, .. })));
}

#[tokio::test]
async fn moved_in_renamed_and_hard_linked_files_are_found() {
    let mut bench = Bench::warm(eyes_only()).await;
    let outside = tempfile::tempdir_in(bench.root.path()).unwrap();
    fs::write(outside.path().join("x.md"), "moved in").unwrap();
    fs::write(outside.path().join("z.md"), "hard link").unwrap();
    fs::rename(outside.path().join("x.md"), bench.task("a.md")).unwrap();
    fs::write(bench.task("b.md.tmp"), "renamed").unwrap();
    fs::rename(bench.task("b.md.tmp"), bench.task("b.md")).unwrap();
    fs::hard_link(outside.path().join("z.md"), bench.task("c.md")).unwrap();
    let found = bench.until(some(3)).await;
    assert_eq!(contents(&found), ["moved in", "renamed", "hard link"]);
}

#[tokio::test]
async fn a_save_by_vim_is_one_task() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::write(bench.task("a.md"), "old").unwrap();
    assert_eq!(contents(&bench.until(some(1)).await), ["old"]);
    fs::write(bench.task("4913"), "").unwrap();
    fs::remove_file(bench.task("4913")).unwrap();
    fs::write(bench.task(".a.md.swp"), "swap").unwrap();
    fs::rename(bench.task("a.md"), bench.task("a.md~")).unwrap();
    fs::write(bench.task("a.md"), "new").unwrap();
    fs::remove_file(bench.task("a.md~")).unwrap();
    let found = bench.up_to_a_last_one().await;
    assert_eq!(contents(&found), ["new", "the last one"]);
}

#[tokio::test]
async fn a_save_by_jetbrains_is_one_task() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::write(bench.task("a.md"), "old").unwrap();
    bench.until(some(1)).await;
    fs::write(bench.task("a.md___jb_tmp___"), "new").unwrap();
    fs::rename(bench.task("a.md"), bench.task("a.md___jb_old___")).unwrap();
    fs::rename(bench.task("a.md___jb_tmp___"), bench.task("a.md")).unwrap();
    fs::remove_file(bench.task("a.md___jb_old___")).unwrap();
    let found = bench.up_to_a_last_one().await;
    assert_eq!(contents(&found), ["new", "the last one"]);
}

#[tokio::test]
async fn a_truncating_save_never_shows_the_empty_file() {
    let mut bench = Bench::new(Limits { quiet: DEADLINE, ..eyes_only() });
    for round in 0..20 {
        let path = bench.task(&format!("{round}.md"));
        drop(File::create(&path).unwrap());
        OpenOptions::new().write(true).truncate(true).open(&path).unwrap().write_all(b"text").unwrap();
    }
    let found = bench.until(|found| contents(found).len() >= 20).await;
    assert!(found.iter().all(|found| matches!(found, Found::Task { content, .. } if content == "text")), "{found:?}");
}

#[tokio::test]
async fn an_empty_file_is_refused_when_nothing_more_comes() {
    let mut bench = Bench::new(eyes_only());
    fs::write(bench.task("empty.md"), "").unwrap();
    let found = bench.until(some(1)).await;
    assert!(
        matches!(&found[0], Found::Bad { name, reason, .. } if name == "empty.md" && reason.what.contains("empty")),
        "{found:?}"
    );
}

#[tokio::test]
async fn bursts_are_found_whole_and_in_bounded_batches() {
    let mut bench = Bench::new(all_ways());
    let tasks = bench.at("tasks");
    let writer = std::thread::spawn(move || {
        for number in 0..2000 {
            fs::write(tasks.join(format!("{number}.md")), format!("task {number}")).unwrap();
        }
    });
    let (mut seen, mut largest) = (BTreeSet::new(), 0);
    while seen.len() < 2000 {
        let batch = bench.next().await;
        largest = largest.max(batch.len());
        for found in batch {
            let Found::Task { name, hash, content, .. } = found else { panic!("{found:?}") };
            bench.intake.settle(&name, &hash);
            assert_eq!(content, format!("task {}", name.trim_end_matches(".md")));
            seen.insert(name);
        }
    }
    writer.join().unwrap();
    assert!(largest <= 256, "{largest}");
}

#[tokio::test]
async fn a_queue_that_is_too_small_loses_nothing() {
    let mut bench = Bench::warm(Limits { queue_max: 4, ..eyes_only() }).await;
    for number in 0..500 {
        fs::write(bench.task(&format!("{number}.md")), format!("task {number}")).unwrap();
    }
    let found = bench.until(|found| contents(found).into_iter().collect::<BTreeSet<_>>().len() == 500).await;
    assert!(found.iter().all(|found| matches!(found, Found::Task { .. })));
}

#[tokio::test]
async fn links_and_pipes_are_left_and_never_opened() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::write(bench.root.path().join("secret"), "secret").unwrap();
    symlink(bench.root.path().join("secret"), bench.task("link.md")).unwrap();
    let pipe = bench.task("pipe.md");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    let found = bench.until(some(2)).await;
    for (found, path) in found.iter().zip(["tasks/link.md", "tasks/pipe.md"]) {
        assert!(matches!(found, Found::Left { path: left, .. } if left == path), "{found:?}");
    }
    assert_eq!(contents(&bench.up_to_a_last_one().await), ["the last one"]);
    assert!(bench.task("link.md").is_symlink() && pipe.exists());
}

#[tokio::test]
async fn a_file_with_a_foreign_ending_is_left_and_said_once() {
    let mut bench = Bench::new(all_ways());
    fs::write(bench.task("a.docx"), "words").unwrap();
    let found = bench.until(some(1)).await;
    assert!(
        matches!(&found[0], Found::Left { path, reason } if path == "tasks/a.docx" && reason.mend.contains(".md")),
        "{found:?}"
    );
    assert_eq!(bench.up_to_a_last_one().await.len(), 1);
}

#[tokio::test]
async fn an_unreadable_file_is_left_until_it_can_be_read() {
    let mut bench = Bench::new(all_ways());
    let path = bench.task("a.md");
    fs::write(bench.root.path().join("a.md"), "text").unwrap();
    fs::set_permissions(bench.root.path().join("a.md"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::rename(bench.root.path().join("a.md"), &path).unwrap();
    let found = bench.until(some(1)).await;
    // Whoever may read everything reads it at once.
    if contents(&found) != ["text"] {
        assert!(matches!(&found[0], Found::Left { .. }), "{found:?}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(contents(&bench.until(some(1)).await), ["text"]);
    }
}

#[tokio::test]
async fn too_large_files_and_malformed_ones_are_reported_with_their_fingerprint() {
    let mut bench = Bench::new(Limits { task_bytes_max: 100, ..eyes_only() });
    fs::write(bench.task("large.md"), "x".repeat(101)).unwrap();
    fs::write(bench.task("bad.md"), "---\npriorty: high\n---\nx").unwrap();
    let found = bench.until(some(2)).await;
    for found in &found {
        let Found::Bad { name, hash, reason } = found else { panic!("{found:?}") };
        assert_eq!(*hash, fingerprint(&bench.task(name)).unwrap());
        let word = if name == "bad.md" { "priorty" } else { "limits.task_bytes_max" };
        assert!(reason.what.contains(word), "{reason:?}");
    }
}

#[tokio::test]
async fn answers_are_read() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::write(bench.at("decisions/a.approve"), "").unwrap();
    fs::write(bench.at("decisions/b.reject"), "too risky\n").unwrap();
    fs::write(bench.at("tasks/active/c.cancel"), "").unwrap();
    fs::write(bench.at("decisions/a.json"), "{}").unwrap();
    fs::write(bench.at("decisions/not an id.approve"), "").unwrap();
    let found = bench.until(some(4)).await;
    let answers: Vec<_> = found
        .iter()
        .map(|found| match found {
            Found::Answer { task, path, kind, .. } => (task.as_str(), path.as_str(), Some(kind.clone())),
            Found::Left { path, .. } => ("", path.as_str(), None),
            _ => panic!("{found:?}"),
        })
        .collect();
    let why = "too risky".to_owned();
    assert!(answers.contains(&("a", "decisions/a.approve", Some(AnswerKind::Approve))), "{answers:?}");
    assert!(answers.contains(&("b", "decisions/b.reject", Some(AnswerKind::Reject { why }))), "{answers:?}");
    assert!(answers.contains(&("c", "tasks/active/c.cancel", Some(AnswerKind::Cancel))), "{answers:?}");
    assert!(answers.contains(&("", "decisions/not an id.approve", None)), "{answers:?}");
}

#[tokio::test]
async fn what_is_not_settled_is_told_again_and_what_is_settled_is_not() {
    let mut bench = Bench::new(all_ways());
    fs::write(bench.task("a.md"), "text").unwrap();
    let first = bench.until(some(1)).await;
    assert_eq!(contents(&bench.until(some(1)).await), ["text"]);
    let Found::Task { name, hash, .. } = &first[0] else { panic!("{first:?}") };
    bench.intake.settle(name, hash);
    let found = bench.up_to_a_last_one().await;
    assert_eq!(contents(&found), ["the last one"]);
    fs::write(bench.task("a.md"), "other text").unwrap();
    bench.until(|found| contents(found).contains(&"other text")).await;
}

#[tokio::test]
async fn the_same_bytes_dropped_again_after_the_first_were_moved_are_a_new_report() {
    let mut bench = Bench::new(eyes_only());
    for _ in 0..3 {
        fs::write(bench.task("a.md"), "text").unwrap();
        let found = bench.until(some(1)).await;
        let Found::Task { name, hash, .. } = &found[0] else { panic!("{found:?}") };
        bench.intake.settle(name, hash);
        fs::rename(bench.task("a.md"), bench.at("tasks/active/a.md")).unwrap();
    }
}

#[tokio::test]
async fn what_was_put_off_is_told_again_when_asked() {
    let mut bench = Bench::new(eyes_only());
    fs::write(bench.task("a.md"), "text").unwrap();
    bench.until(some(1)).await;
    bench.intake.retry_later("a.md");
    bench.intake.retry_now();
    assert_eq!(contents(&bench.until(some(1)).await), ["text"]);
}

#[tokio::test]
async fn a_removed_folder_is_said_and_made_again() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::write(bench.task("a.md"), "before").unwrap();
    bench.until(some(1)).await;
    fs::remove_dir_all(bench.at("tasks")).unwrap();
    let said = |found: &[Found]| {
        let trouble = found.iter().any(|found| matches!(found, Found::Trouble(_)));
        trouble && matches!(found.last(), Some(Found::Mended(_)))
    };
    let found = bench.until(said).await;
    assert!(
        found.iter().any(|found| matches!(found, Found::Trouble(text) if text.contains("tasks was removed"))),
        "{found:?}"
    );
    fs::write(bench.task("b.md"), "after").unwrap();
    bench.until(|found| contents(found).contains(&"after")).await;
}

#[tokio::test]
async fn a_folder_that_was_swapped_is_watched_where_it_stands_now() {
    let mut bench = Bench::warm(eyes_only()).await;
    fs::rename(bench.at("tasks"), bench.at("elsewhere")).unwrap();
    fs::create_dir_all(bench.at("tasks/active")).unwrap();
    fs::write(bench.task("a.md"), "here").unwrap();
    bench.until(|found| contents(found).contains(&"here")).await;
    // More than one, since the new folder is listed twice.
    for name in ["b.md", "c.md", "d.md", "e.md"] {
        fs::write(bench.task(name), name).unwrap();
        bench.until(|found| contents(found).contains(&name)).await;
    }
}

#[tokio::test]
async fn dropping_the_future_loses_nothing() {
    let mut bench = Bench::new(eyes_only());
    let mut names = BTreeSet::new();
    for number in 0..200 {
        fs::write(bench.task(&format!("{number}.md")), "text").unwrap();
    }
    while names.len() < 200 {
        // The branch that is always ready wins often, so that the other's future is dropped at many points.
        tokio::select! {
            found = bench.intake.next() => {
                names.extend(found.into_iter().filter_map(|found| match found {
                    Found::Task { name, .. } => Some(name),
                    _ => None,
                }));
            }
            () = tokio::task::yield_now() => {}
        }
    }
}

#[test]
fn a_missing_workspace_is_an_error_that_names_it() {
    let error = Intake::open(&places(Path::new("/nonexistent/workspace")), eyes_only()).err().unwrap();
    assert!(error.to_string().contains("/nonexistent/workspace"), "{error}");
}
