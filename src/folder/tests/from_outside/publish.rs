//! The publisher against the disk: whatever part of a batch was written before a crash, publishing it again gives the same
//! tree; hostile and huge texts stay harmless; people's files are never lost.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(unreachable_pub, reason = "the parts of a test are modules of one binary")]

#[path = "publish/pages.rs"]
mod pages;

use pages::{Scene, assert_same, scene};
use std::fs;
use synod::board::{Page, Seq};
use synod::folder::handoff_log::{tail, verify};

#[test]
fn a_whole_life_of_a_task_leaves_the_files_of_the_contract() {
    let scene = Scene::new();
    scene.drop_task();
    scene.publish(&scene::life());
    let tree = scene.tree();
    let expected = [
        "AI_COORDINATION/communication/INTERCOMMUNICATION_LOG.md",
        "AI_COORDINATION/communication/model_messages.log",
        "AI_COORDINATION/decisions/architecture_decisions.md",
        "AI_COORDINATION/decisions/review.approve.taken",
        "AI_COORDINATION/decisions/review.json",
        "AI_COORDINATION/decisions/review.md",
        "AI_COORDINATION/outputs/review/01-work-claude.md",
        "AI_COORDINATION/outputs/review/02-work-claude.md",
        "AI_COORDINATION/sessions/claude_review.json",
        "AI_COORDINATION/tasks/done/review.md",
        "AI_COORDINATION/tasks/done/review_state.json",
        "AI_COORDINATION/tasks/rejected/bad.md",
        "AI_COORDINATION/tasks/rejected/bad.md.why.md",
        "memories/orchestration/history/1970-01-01-review/coordination/conflicts.md",
        "memories/orchestration/history/1970-01-01-review/coordination/consensus.md",
        "memories/orchestration/history/1970-01-01-review/coordination/decisions.md",
        "memories/orchestration/history/1970-01-01-review/model-outputs/claude.md",
        "memories/orchestration/history/1970-01-01-review/progress.md",
        "memories/orchestration/history/1970-01-01-review/shared-context.md",
        "memories/orchestration/history/1970-01-01-review/task-definition.md",
    ];
    assert_eq!(tree.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(tree["AI_COORDINATION/tasks/done/review.md"], scene::DROPPED.as_bytes());
    assert!(String::from_utf8_lossy(&tree["AI_COORDINATION/tasks/done/review_state.json"]).contains("\"done\""));
}

#[test]
fn any_prefix_published_before_and_any_split_into_batches_gives_the_same_tree() {
    let whole = Scene::new();
    whole.drop_task();
    whole.publish(&scene::life());
    let expected = whole.tree();
    let life = scene::life();
    for cut in 0..=life.len() {
        let scene = Scene::new();
        scene.drop_task();
        // A crash after any page; then everything again, event by event, by a new process.
        scene.publish(&life[..cut]);
        let mut publisher = scene.publisher();
        for event in life.chunk_by(|a, b| a.0 == b.0) {
            publisher.publish(event, &scene::loader).unwrap();
        }
        assert_same(&scene.tree(), &expected, &format!("cut after {cut} pages"));
        // And once more, all at once.
        scene.publish(&life);
        assert_same(&scene.tree(), &expected, &format!("again, cut after {cut} pages"));
    }
}

#[test]
fn a_log_cut_at_any_byte_is_completed() {
    let whole = Scene::new();
    whole.drop_task();
    whole.publish(&scene::life());
    let expected = whole.tree();
    for name in [
        "communication/INTERCOMMUNICATION_LOG.md",
        "communication/model_messages.log",
        "decisions/architecture_decisions.md",
    ] {
        let path = whole.coordination().join(name);
        let text = fs::read(&path).unwrap();
        for cut in 0..text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            whole.publish(&scene::life());
            assert_same(&whole.tree(), &expected, &format!("{name} cut at {cut}"));
            // What a power cut may leave: the length is there, the data is not.
            if cut % 17 == 0 {
                let mut zeroed = text[..cut].to_vec();
                zeroed.resize(text.len(), 0);
                fs::write(&path, zeroed).unwrap();
                whole.publish(&scene::life());
                assert_same(&whole.tree(), &expected, &format!("{name} zeroed from {cut}"));
            }
        }
    }
}

#[test]
fn files_emptied_by_a_power_cut_are_made_again() {
    let scene = Scene::new();
    scene.drop_task();
    let open: Vec<_> = scene::life().into_iter().filter(|(_, page)| !matches!(page, Page::Closed { .. })).collect();
    scene.publish(&open);
    let expected = scene.tree();
    for path in expected.keys().filter(|path| !path.contains("/rejected/bad.md") && !path.ends_with(".taken")) {
        fs::write(scene.root.path().join(path), "").unwrap();
    }
    scene.publish(&open);
    assert_same(&scene.tree(), &expected, "emptied");
}

#[test]
fn a_persons_note_in_the_log_stays_and_the_chain_holds() {
    let scene = Scene::new();
    let life = scene::life();
    let half = life.iter().position(|(seq, _)| seq.0 >= 4).unwrap();
    let mut publisher = scene.publisher();
    publisher.publish(&life[..half], &scene::loader).unwrap();
    let path = scene.log();
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("A note of mine");
    fs::write(&path, &text).unwrap();
    publisher.publish(&life[half..], &scene::loader).unwrap();
    let now = fs::read_to_string(&path).unwrap();
    assert!(now.starts_with(&text) && now[text.len()..].starts_with("\n\n## "), "{now}");
    let verified = verify(&path).unwrap().unwrap();
    assert_eq!((verified.entries, verified.notes, verified.last_seq), (4, 1, Some(6)));
    assert_eq!(tail(&path, 2).unwrap().iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 6]);
}

#[test]
fn what_people_added_to_memories_goes_to_history() {
    let scene = Scene::new();
    scene.drop_task();
    let life = scene::life();
    let closing = life.iter().position(|(_, page)| matches!(page, Page::Closed { .. })).unwrap();
    scene.publish(&life[..closing]);
    let current = scene.root.path().join("memories/orchestration/current-task/review");
    fs::write(current.join("shared-context.md"), "people's").unwrap();
    fs::write(current.join("extra.md"), "extra").unwrap();
    scene.publish(&life);
    let history = scene.root.path().join("memories/orchestration/history/1970-01-01-review");
    assert_eq!(fs::read_to_string(history.join("shared-context.md")).unwrap(), "people's");
    assert_eq!(fs::read_to_string(history.join("extra.md")).unwrap(), "extra");
    // A replay from the beginning, as after a crash, leaves it so.
    scene.publish(&life[..closing]);
    scene.publish(&life[closing..]);
    assert_eq!(fs::read_to_string(history.join("shared-context.md")).unwrap(), "people's");
    assert!(!current.exists());
}

#[test]
fn no_persons_file_is_overwritten() {
    let scene = Scene::new();
    scene.drop_task();
    let tasks = scene.coordination().join("tasks");
    fs::create_dir_all(tasks.join("rejected")).unwrap();
    fs::create_dir_all(tasks.join("done")).unwrap();
    fs::write(tasks.join("rejected/bad.md"), "an older one").unwrap();
    fs::write(tasks.join("done/review.md"), "of an earlier life").unwrap();
    scene.publish(&scene::life());
    let tree = scene.tree();
    assert_eq!(tree["AI_COORDINATION/tasks/rejected/bad.md"], b"an older one");
    assert_eq!(tree["AI_COORDINATION/tasks/rejected/bad-2.md"], scene::BAD.as_bytes());
    assert!(tree.contains_key("AI_COORDINATION/tasks/rejected/bad-2.md.why.md"));
    assert_eq!(tree["AI_COORDINATION/tasks/done/review.md"], scene::DROPPED.as_bytes());
    assert_eq!(tree["AI_COORDINATION/tasks/done/review.md.aside"], b"of an earlier life");
}

#[test]
fn a_file_changed_since_it_was_read_is_left_alone() {
    let scene = Scene::new();
    scene.drop_task();
    let tasks = scene.coordination().join("tasks");
    fs::write(tasks.join("review.md"), "changed").unwrap();
    fs::write(tasks.join("bad.md"), "mended").unwrap();
    scene.publish(&scene::life());
    let tree = scene.tree();
    assert_eq!(tree["AI_COORDINATION/tasks/review.md"], b"changed");
    assert_eq!(tree["AI_COORDINATION/tasks/bad.md"], b"mended");
    assert_eq!(tree["AI_COORDINATION/tasks/done/review.md"], scene::DROPPED.as_bytes());
    let why = String::from_utf8_lossy(&tree["AI_COORDINATION/tasks/rejected/bad.md.why.md"]).into_owned();
    assert!(why.contains("changed or moved away"), "{why}");
}

#[test]
fn hostile_names_and_texts_stay_in_their_place() {
    let scene = Scene::new();
    let outside = scene.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let mut publisher = scene.publisher();
    std::os::unix::fs::symlink(&outside, scene.coordination().join("outputs/review")).unwrap();
    publisher.publish(&scene::hostile(), &scene::loader).unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing was written through a link");
    assert!(publisher.take_notices().iter().any(|notice| notice.contains("set aside")));
    let tree = scene.tree();
    let output = tree.iter().find(|(path, _)| path.starts_with("AI_COORDINATION/outputs/review/")).unwrap();
    assert!(!output.0["AI_COORDINATION/outputs/review/".len()..].contains('/'), "{}", output.0);
    let text = String::from_utf8_lossy(output.1).into_owned();
    assert!(text.ends_with("``````\n") && !text.contains('\u{1b}'), "{text}");
    for (path, bytes) in &tree {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("hunter2-is-the-key") && !text.contains("sk-ant-api03-"), "{path} holds a key");
    }
    let verified = verify(&scene.log()).unwrap().unwrap();
    assert_eq!((verified.entries, verified.notes), (1, 0));
    let messages = fs::read_to_string(scene.coordination().join("communication/model_messages.log")).unwrap();
    assert_eq!(messages.lines().count(), 1, "{messages}");
}

#[test]
fn a_huge_answer_is_whole_in_outputs_and_bounded_elsewhere() {
    let scene = Scene::new();
    let text = format!("{}END", "0123456789abcde\n".repeat(500_000));
    scene.publish_with(&scene::huge(), &|_| Ok(text.clone()));
    let tree = scene.tree();
    let output = &tree["AI_COORDINATION/outputs/review/01-work-claude.md"];
    assert!(output.len() > text.len() && String::from_utf8_lossy(output).contains("END\n```"));
    let memory = &tree["memories/orchestration/model-outputs/review/claude.md"];
    assert!(memory.len() <= 1 << 20, "{}", memory.len());
    assert!(String::from_utf8_lossy(memory).contains("more bytes]"));
}

#[test]
fn a_folder_removed_while_running_is_made_again_and_said() {
    let scene = Scene::new();
    let mut publisher = scene.publisher();
    let life = scene::life();
    publisher.publish(&life[..3], &scene::loader).unwrap();
    fs::remove_dir_all(scene.coordination()).unwrap();
    publisher.publish(&life[3..], &scene::loader).unwrap();
    assert!(publisher.take_notices().iter().any(|notice| notice.contains("was gone")));
    assert!(scene.coordination().join("decisions/review.json").exists());
    assert!(verify(&scene.log()).unwrap().is_ok());
    // A single folder of a task, too.
    fs::remove_dir_all(scene.coordination().join("outputs/review")).unwrap();
    publisher.publish(&life, &scene::loader).unwrap();
    assert!(scene.coordination().join("outputs/review/01-work-claude.md").exists());
}

#[test]
fn a_text_that_cannot_be_loaded_ends_the_batch_and_the_next_try_goes_on() {
    let scene = Scene::new();
    let mut publisher = scene.publisher();
    let error = publisher.publish(&scene::huge(), &|_| Err("the blob is gone".to_owned())).unwrap_err();
    assert!(!error.is_full() && error.to_string().contains("outputs/review/01-work-claude.md"), "{error}");
    publisher.publish(&scene::huge(), &|_| Ok("here".to_owned())).unwrap();
    assert_eq!(verify(&scene.log()).unwrap().unwrap().entries, 0);
}

#[test]
fn two_entries_of_one_event_stand_once_each() {
    let scene = Scene::new();
    let two = [(Seq(3), Page::Log(scene::entry("one"))), (Seq(3), Page::Log(scene::entry("two")))];
    let mut publisher = scene.publisher();
    publisher.publish(&two[..1], &scene::loader).unwrap();
    for _ in 0..2 {
        scene.publish(&two);
        publisher.publish(&two, &scene::loader).unwrap();
    }
    assert_eq!(verify(&scene.log()).unwrap().unwrap().entries, 2);
}

#[test]
fn what_a_crash_left_of_a_folder_being_filled_goes_away() {
    let scene = Scene::new();
    scene.drop_task();
    let left = [scene.coordination().join("outputs"), scene.root.path().join("memories/orchestration/history")];
    for folder in &left {
        fs::create_dir_all(folder.join(".synod-filling.tmp/inner")).unwrap();
        fs::write(folder.join(".synod-filling.tmp/inner/half.md"), "ha").unwrap();
    }
    let mut publisher = scene.publisher();
    // One that appears while the daemon runs (another crash of another kind) does not stop it either.
    fs::create_dir(left[0].join(".synod-filling.tmp")).unwrap();
    publisher.publish(&scene::life(), &scene::loader).unwrap();
    assert!(scene.tree().keys().all(|path| !path.contains(".tmp")), "{:?}", scene.tree().keys());
    assert!(left.iter().all(|folder| !folder.join(".synod-filling.tmp").exists()));
}
