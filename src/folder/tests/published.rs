//! Every kind of page on the disk: published first, again by the same and by another publisher, and after a crash that
//! left the disk half done.

use super::{KEY, quiet_decision, task, worker};
use crate::board::page::OutputPage;
use crate::board::{Ending, LogEntry, Page, Reason, Role, Seq, Source, StepId, TaskSpec, Text, Timestamp, Usage};
use crate::folder::error::Error;
use crate::folder::publish::{Limits, Params, Publisher};
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const DROPPED: &str = "Fix the login.\n";

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    /// In memory where the machine has such a place: each batch flushes the file system.
    fn new() -> Self {
        Self { root: tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap() }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn put(&self, below: &str, text: &str) {
        fs::create_dir_all(self.path(below).parent().unwrap()).unwrap();
        fs::write(self.path(below), text).unwrap();
    }

    fn text(&self, below: &str) -> String {
        fs::read_to_string(self.path(below))
            .unwrap_or_else(|error| panic!("{below}: {error}; there are {:?}", self.names()))
    }

    fn publisher(&self) -> Publisher {
        Publisher::open(Params {
            coordination: self.path("c"),
            memories: self.path("m"),
            secrets: vec![SecretString::from(KEY)],
            limits: Limits::default(),
        })
        .unwrap()
    }

    fn publish(&self, pages: Vec<Page>) -> Vec<String> {
        let mut publisher = self.publisher();
        publish(&mut publisher, &pages).unwrap();
        publisher.take_notices()
    }

    /// Every file and link with its text, by its path.
    fn tree(&self) -> BTreeMap<String, String> {
        let (mut files, mut open) = (BTreeMap::new(), vec![self.root.path().to_owned()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.root.path()).unwrap().display().to_string();
                if path.symlink_metadata().unwrap().is_dir() {
                    open.push(path);
                } else {
                    files.insert(name, fs::read_to_string(&path).unwrap_or_default());
                }
            }
        }
        files
    }

    fn names(&self) -> Vec<String> {
        self.tree().into_keys().collect()
    }
}

fn publish(publisher: &mut Publisher, pages: &[Page]) -> Result<(), Error> {
    let batch: Vec<_> = pages.iter().map(|page| (Seq(1), page.clone())).collect();
    publisher.publish(&batch, &|_| Err("nothing is stored here".to_owned()))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_file(name: &str, content: &str) -> Page {
    let source = Source::File { name: name.to_owned(), hash: hash(content), content: Text::short(content) };
    Page::TaskFile { task: task("fix"), source, spec: Box::new(TaskSpec::of_text(Text::short("Fix the login."))) }
}

fn from_face() -> Page {
    let source = Source::Face { by: "cli".to_owned(), hash: String::new() };
    Page::TaskFile { task: task("fix"), source, spec: Box::new(TaskSpec::of_text(Text::short("Fix the login."))) }
}

fn state(word: &str) -> Page {
    Page::TaskState { task: task("fix"), state: json!({"state": word, "said": KEY}) }
}

fn output(number: u32, text: &str) -> Page {
    Page::Output(Box::new(OutputPage {
        task: task("fix"),
        number,
        step: StepId::new("work"),
        worker: worker("claude"),
        model: "m".to_owned(),
        role: Role::new("reviewer"),
        at: Timestamp(0),
        seconds: 1.0,
        text: Text::short(text),
        verdicts: Vec::new(),
        usage: Usage::default(),
        cached: false,
        patch: None,
        validation: None,
    }))
}

fn decision() -> Page {
    let mut decision = quiet_decision();
    decision.task = task("fix");
    decision.answer = Text::short("Yes.");
    Page::Decision(Box::new(decision))
}

fn architecture() -> Page {
    let Page::Decision(decision) = decision() else { panic!("it is one") };
    Page::Architecture { at: Timestamp(0), task: task("fix"), title: "Login".to_owned(), decision }
}

fn session(attempts: u32) -> Page {
    Page::Session { task: task("fix"), worker: worker("claude"), session: json!({"attempts": attempts}) }
}

fn progress(text: &str) -> Page {
    Page::Progress { task: task("fix"), text: text.to_owned() }
}

fn rejected(name: &str, content: &str) -> Page {
    let reason = Reason { what: "it is empty".to_owned(), line: None, mend: "write something".to_owned() };
    Page::Rejected { name: name.to_owned(), hash: hash(content), at: Timestamp(0), reason }
}

fn log() -> Page {
    Page::Log(LogEntry {
        at: Timestamp(0),
        who: "claude".into(),
        model: "m".into(),
        about: "fix".into(),
        context: String::new(),
        work_done: "x".into(),
        files_modified: Vec::new(),
        next_steps: String::new(),
        blockers: String::new(),
        handoff_to: Vec::new(),
    })
}

fn closed(ending: Ending) -> Page {
    Page::Closed { task: task("fix"), at: Timestamp(0), ending }
}

fn done() -> Page {
    closed(Ending::Done)
}

fn taken(path: &str) -> Page {
    Page::AnswerTaken { path: path.to_owned() }
}

const CURRENT: [&str; 2] =
    ["m/orchestration/current-task/fix/shared-context.md", "m/orchestration/current-task/fix/task-definition.md"];
const COORDINATION: [&str; 3] = [
    "m/orchestration/coordination/fix/conflicts.md",
    "m/orchestration/coordination/fix/consensus.md",
    "m/orchestration/coordination/fix/decisions.md",
];

/// Each kind of page on its own, and the files it makes.
fn kinds() -> Vec<(&'static str, Vec<Page>, Vec<&'static str>)> {
    let with_current = |files: &[&'static str]| [files, &CURRENT].concat();
    vec![
        ("a task from a face", vec![from_face()], with_current(&["c/tasks/active/fix.md"])),
        ("a task whose file is gone", vec![from_file("fix.md", DROPPED)], with_current(&["c/tasks/active/fix.md"])),
        ("a task of plain text", vec![from_file("fix.txt", DROPPED)], with_current(&["c/tasks/active/fix.md"])),
        (
            "a task of data",
            vec![from_file("fix.json", "{\"task\":\"Fix the login.\"}")],
            with_current(&["c/tasks/active/fix.json", "c/tasks/active/fix.md"]),
        ),
        ("a state", vec![state("working")], vec!["c/tasks/active/fix_state.json"]),
        ("a session", vec![session(1)], vec!["c/sessions/claude_fix.json"]),
        (
            "an output",
            vec![output(1, "x")],
            vec!["c/outputs/fix/01-work-claude.md", "m/orchestration/model-outputs/fix/claude.md"],
        ),
        ("a decision", vec![decision()], [&["c/decisions/fix.json", "c/decisions/fix.md"][..], &COORDINATION].concat()),
        ("an architecture decision", vec![architecture()], vec!["c/decisions/architecture_decisions.md"]),
        ("progress", vec![progress("# 1")], vec!["m/orchestration/current-task/fix/progress.md"]),
        ("a log entry", vec![log()], vec!["c/communication/INTERCOMMUNICATION_LOG.md"]),
        ("a message", vec![Page::Message(json!({"a": 1}))], vec!["c/communication/model_messages.log"]),
        ("a refusal of a file that is gone", vec![rejected("bad.md", "")], vec!["c/tasks/rejected/bad.md.why.md"]),
        ("an answer that is gone", vec![taken("decisions/fix.approve")], vec![]),
        ("an end of nothing", vec![done()], vec![]),
    ]
}

#[test]
fn each_kind_of_page_makes_its_files_once() {
    for (kind, pages, files) in kinds() {
        let place = Place::new();
        let mut publisher = place.publisher();
        publish(&mut publisher, &pages).unwrap();
        let first = place.tree();
        assert_eq!(first.keys().map(String::as_str).collect::<Vec<_>>(), files, "{kind}");
        assert!(first.values().all(|text| !text.contains(KEY) && !text.is_empty()), "{kind}: {first:?}");
        publish(&mut publisher, &pages).unwrap();
        assert_eq!(place.tree(), first, "{kind}, again");
        assert_eq!(publisher.take_notices(), Vec::<String>::new(), "{kind}");
        place.publish(pages);
        assert_eq!(place.tree(), first, "{kind}, by another publisher");
    }
}

#[test]
fn each_file_that_a_crash_emptied_or_lost_is_made_again() {
    for (kind, pages, files) in kinds() {
        let place = Place::new();
        place.publish(pages.clone());
        let whole = place.tree();
        for file in files {
            fs::write(place.path(file), "").unwrap();
            place.publish(pages.clone());
            assert_eq!(place.tree(), whole, "{kind}: {file} was emptied");
            fs::remove_file(place.path(file)).unwrap();
            place.publish(pages.clone());
            assert_eq!(place.tree(), whole, "{kind}: {file} was removed");
        }
    }
}

#[test]
fn what_a_crash_left_under_temporary_names_is_written_over() {
    for (kind, pages, files) in kinds() {
        let (clean, place) = (Place::new(), Place::new());
        clean.publish(pages.clone());
        drop(place.publisher());
        let folders: Vec<PathBuf> = files.iter().map(|file| place.path(file).parent().unwrap().to_owned()).collect();
        for folder in &folders {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(".synod-writing.tmp"), "half").unwrap();
            fs::create_dir_all(folder.parent().unwrap().join(".synod-filling.tmp/inner")).unwrap();
        }
        place.publish(pages);
        let mut tree = place.tree();
        tree.retain(|name, _| !name.ends_with(".tmp"));
        assert_eq!(tree, clean.tree(), "{kind}");
    }
}

#[test]
fn a_dropped_file_is_moved_and_never_copied() {
    for (name, content, stands) in [
        ("fix.md", DROPPED, "c/tasks/active/fix.md"),
        ("Fix Me.TXT", DROPPED, "c/tasks/active/fix.md"),
        ("fix.json", "{\"task\":\"Fix the login.\"}", "c/tasks/active/fix.json"),
        ("FIX.YAML", "task: Fix the login.", "c/tasks/active/fix.yaml"),
        ("fix.yml", "task: Fix the login.", "c/tasks/active/fix.yml"),
        ("fix.toml", "task = 'Fix the login.'", "c/tasks/active/fix.toml"),
    ] {
        let place = Place::new();
        place.put(&format!("c/tasks/{name}"), content);
        place.publish(vec![from_file(name, content)]);
        assert_eq!(place.text(stands), content);
        assert!(!place.path(&format!("c/tasks/{name}")).exists(), "{name}");
        let readable = place.text("c/tasks/active/fix.md");
        assert_eq!(readable == content, stands.ends_with(".md"), "{readable}");
        assert!(readable.contains("Fix the login."), "{readable}");
    }
}

#[test]
fn a_file_dropped_under_the_same_name_since_is_left_alone() {
    let place = Place::new();
    place.put("c/tasks/fix.md", "another task");
    place.publish(vec![from_file("fix.md", DROPPED)]);
    assert_eq!(place.text("c/tasks/fix.md"), "another task");
    assert_eq!(place.text("c/tasks/active/fix.md"), DROPPED);
}

#[test]
fn what_stands_where_a_claimed_file_belongs_is_set_aside_unless_it_is_the_same() {
    for (there, aside) in [("a person's notes", true), (DROPPED, false)] {
        let place = Place::new();
        place.put("c/tasks/fix.md", DROPPED);
        place.put("c/tasks/active/fix.md", there);
        let notices = place.publish(vec![from_file("fix.md", DROPPED)]);
        assert_eq!(place.text("c/tasks/active/fix.md"), DROPPED);
        assert_eq!(place.path("c/tasks/active/fix.md.aside").exists(), aside);
        assert_eq!(notices.len(), usize::from(aside), "{notices:?}");
        assert!(
            notices.iter().all(|notice| notice.ends_with("fix.md stood in the way; it was set aside as fix.md.aside"))
        );
    }
}

#[test]
fn a_task_that_has_ended_since_gets_no_second_file_in_active() {
    for (ending, folder) in [
        (Ending::Done, "done"),
        (Ending::Failed { why: "x".into() }, "failed"),
        (Ending::Cancelled { by: "x".into() }, "failed"),
    ] {
        let place = Place::new();
        place.put("c/tasks/fix.md", DROPPED);
        place.publish(vec![from_file("fix.md", DROPPED), state("working")]);
        place.publish(vec![state("ended"), closed(ending.clone())]);
        let ended = place.tree();
        assert!(ended.contains_key(&format!("c/tasks/{folder}/fix.md")), "{ended:?}");
        assert!(place.text(&format!("c/tasks/{folder}/fix_state.json")).contains("\"ended\""));
        assert!(!ended.keys().any(|name| name.contains("active") || name.contains("current-task")), "{ended:?}");
        // After a restart the first batch may come again, and then the second.
        place.publish(vec![from_file("fix.md", DROPPED), state("working")]);
        place.publish(vec![state("ended"), closed(ending)]);
        assert_eq!(place.tree(), ended);
    }
}

#[test]
fn the_state_goes_where_the_tasks_files_stand() {
    for folder in ["active", "done", "failed"] {
        let place = Place::new();
        place.put(&format!("c/tasks/{folder}/fix.md"), "x");
        place.publish(vec![state("late")]);
        assert!(place.text(&format!("c/tasks/{folder}/fix_state.json")).contains("late"));
    }
}

#[test]
fn at_its_end_all_of_a_task_moves_and_later_pages_follow() {
    let place = Place::new();
    place.publish(vec![from_face(), output(1, "x"), decision(), progress("1"), state("working")]);
    place.put("c/tasks/active/fix.cancel.taken", "");
    place.put("m/orchestration/current-task/fix/notes/mine.md", "a person's");
    place.publish(vec![done(), state("done"), output(2, "y"), progress("2")]);
    let history = "m/orchestration/history/1970-01-01-fix";
    assert_eq!(place.text(&format!("{history}/notes/mine.md")), "a person's");
    assert_eq!(place.text(&format!("{history}/progress.md")), "2");
    assert!(place.text(&format!("{history}/model-outputs/claude.md")).contains("\ny\n"));
    assert!(place.text(&format!("{history}/coordination/consensus.md")).starts_with("# Consensus"));
    assert_eq!(place.text("c/tasks/done/fix.cancel.taken"), "");
    assert!(place.path("c/outputs/fix/02-work-claude.md").exists());
    let left: Vec<_> =
        place.names().into_iter().filter(|name| name.contains("current") || name.contains("active")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn what_people_wrote_into_a_task_that_ends_twice_is_kept_beside() {
    let place = Place::new();
    let shared = "m/orchestration/current-task/fix/shared-context.md";
    place.publish(vec![from_face()]);
    place.put(shared, "first");
    place.publish(vec![done()]);
    for (number, (second, kept)) in
        [("first", None), ("second", Some("shared-context-2.md")), ("third", Some("shared-context-3.md"))]
            .into_iter()
            .enumerate()
    {
        place.put(shared, second);
        place.publish(vec![done()]);
        let history = "m/orchestration/history/1970-01-01-fix";
        assert_eq!(place.text(&format!("{history}/shared-context.md")), "first", "{number}");
        assert!(kept.is_none_or(|kept| place.text(&format!("{history}/{kept}")) == second), "{:?}", place.names());
        assert!(!place.path(shared).exists());
    }
}

#[test]
fn an_answer_is_renamed_to_a_name_that_is_free() {
    let place = Place::new();
    for (number, name) in ["fix.approve.taken", "fix.approve.taken-2", "fix.approve.taken-3"].iter().enumerate() {
        place.put("c/decisions/fix.approve", &number.to_string());
        assert_eq!(place.publish(vec![taken("decisions/fix.approve")]), Vec::<String>::new());
        assert_eq!(place.text(&format!("c/decisions/{name}")), number.to_string());
        assert!(!place.path("c/decisions/fix.approve").exists());
    }
    place.put("c/tasks/active/fix.cancel", "");
    place.publish(vec![taken("tasks/active/fix.cancel")]);
    assert!(place.path("c/tasks/active/fix.cancel.taken").exists());
}

#[test]
fn an_answer_outside_the_folders_for_answers_stays_and_is_said() {
    let place = Place::new();
    for path in ["outputs/x.approve", "../x", "x", "decisions/../x.approve", "decisions/sub/x.approve"] {
        let notices = place.publish(vec![taken(path)]);
        assert_eq!(
            notices,
            [format!("the answering file {path:?} stands in no folder for answers and was left there")]
        );
    }
    assert_eq!(place.publish(vec![taken("decisions/..")]), Vec::<String>::new());
}

#[test]
fn a_refused_file_gets_a_name_of_its_own_beside_others() {
    let place = Place::new();
    for (content, stands) in [("one", "bad.md"), ("two", "bad-2.md"), ("one", "bad.md"), ("three", "bad-3.md")] {
        place.put("c/tasks/bad.md", content);
        place.publish(vec![rejected("bad.md", content)]);
        assert_eq!(place.text(&format!("c/tasks/rejected/{stands}")), content);
        let why = place.text(&format!("c/tasks/rejected/{stands}.why.md"));
        assert!(
            why.starts_with("# Not accepted: `bad.md`") && why.contains(&format!("Mend `{stands}` in this folder")),
            "{why}"
        );
        assert!(!place.path("c/tasks/bad.md").exists());
    }
    assert_eq!(place.names().len(), 6, "{:?}", place.names());
}

#[test]
fn a_persons_page_with_the_name_of_ours_is_not_written_over() {
    let place = Place::new();
    place.put("c/tasks/bad.md", "x");
    place.put("c/tasks/rejected/bad.md.why.md", "my own notes");
    place.publish(vec![rejected("bad.md", "x")]);
    assert_eq!(place.text("c/tasks/rejected/bad.md.why.md"), "my own notes");
    assert_eq!(place.text("c/tasks/rejected/bad-2.md"), "x");
}

#[test]
fn a_refused_name_that_is_no_name_leads_nowhere() {
    for name in ["../x.md", "a/b.md", "..", "", "/etc/x.md"] {
        let place = Place::new();
        place.put("x.md", "");
        place.publish(vec![rejected(name, "")]);
        let names = place.names();
        assert!(
            names.len() == 2 && names[0].starts_with("c/tasks/rejected/") && names[0].ends_with(".why.md"),
            "{name}: {names:?}"
        );
    }
}

#[test]
fn folders_links_and_files_that_stand_in_the_way_are_set_aside() {
    let place = Place::new();
    let outside = tempfile::tempdir().unwrap();
    drop(place.publisher());
    fs::create_dir_all(place.path("c/sessions/claude_fix.json/inner")).unwrap();
    place.put("c/outputs/fix", "a file");
    symlink(outside.path(), place.path("m/orchestration/model-outputs/fix")).unwrap();
    symlink(outside.path().join("x"), place.path("c/tasks/active/fix_state.json")).unwrap();
    let notices = place.publish(vec![session(1), output(1, "x"), state("working")]);
    assert_eq!(notices.len(), 3, "{notices:?}");
    assert!(
        notices
            .iter()
            .any(|notice| notice.ends_with("claude_fix.json was a folder; it was set aside as claude_fix.json.aside"))
    );
    assert_eq!(
        notices.iter().filter(|notice| notice.ends_with("was no folder; it was set aside as fix.aside")).count(),
        2,
        "{notices:?}"
    );
    assert!(place.path("c/sessions/claude_fix.json.aside/inner").is_dir());
    assert_eq!(place.text("c/outputs/fix.aside"), "a file");
    assert!(place.path("c/outputs/fix/01-work-claude.md").is_file());
    assert!(place.path("c/tasks/active/fix_state.json").symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn what_agents_wrote_into_the_shared_context_stays() {
    let place = Place::new();
    place.publish(vec![from_face()]);
    place.put(CURRENT[0], "an agent's");
    place.publish(vec![from_face(), progress("2")]);
    assert_eq!(place.text(CURRENT[0]), "an agent's");
}

#[test]
fn the_last_content_of_a_batch_is_written_and_the_order_of_logs_kept() {
    let place = Place::new();
    place.publish(vec![session(1), state("one"), session(2), log(), state("two"), log(), session(3)]);
    assert_eq!(place.text("c/sessions/claude_fix.json"), "{\n  \"attempts\": 3\n}\n");
    assert_eq!(place.text("c/tasks/active/fix_state.json"), "{\n  \"state\": \"two\",\n  \"said\": \"[masked]\"\n}\n");
    assert_eq!(place.text("c/communication/INTERCOMMUNICATION_LOG.md").matches("<!-- synod:1:").count(), 2);
}

#[test]
fn a_text_that_cannot_be_had_names_the_page_that_needs_it() {
    let blob = Text::Blob { hash: "0".repeat(64), bytes: 9, head: "x".into() };
    let Page::Output(mut page) = output(1, "") else { panic!("it is one") };
    page.text = blob.clone();
    let mut chosen = quiet_decision();
    chosen.answer = blob.clone();
    let source = Source::Face { by: "cli".to_owned(), hash: String::new() };
    let asked = Page::TaskFile { task: task("fix"), source, spec: Box::new(TaskSpec::of_text(blob)) };
    for (page, path) in [
        (Page::Output(page), "outputs/fix/01-work-claude.md"),
        (Page::Decision(Box::new(chosen)), "decisions/fix-login.md"),
        (asked, "fix.md"),
    ] {
        let place = Place::new();
        let error = publish(&mut place.publisher(), &[session(1), page]).unwrap_err();
        assert_eq!(error.to_string(), format!("{path}: its text cannot be loaded: nothing is stored here"));
        assert_eq!(place.names(), Vec::<String>::new(), "nothing of the batch is written");
    }
}

#[test]
fn a_tree_that_was_moved_away_is_made_again_and_not_written_into() {
    let place = Place::new();
    let mut publisher = place.publisher();
    publish(&mut publisher, &[session(1)]).unwrap();
    fs::rename(place.path("c"), place.path("moved")).unwrap();
    publish(&mut publisher, &[session(2)]).unwrap();
    assert!(place.text("moved/sessions/claude_fix.json").contains('1'));
    assert!(place.text("c/sessions/claude_fix.json").contains('2'));
    let notices = publisher.take_notices();
    assert_eq!(notices.len(), 9, "one for each folder that was gone: {notices:?}");
    assert!(notices.iter().all(|notice| notice.ends_with("was gone and was made again")));
    assert_eq!(publisher.take_notices(), Vec::<String>::new());
}

#[test]
fn a_publisher_that_cannot_make_its_folders_names_the_one() {
    let place = Place::new();
    place.put("c", "a file");
    let params = Params {
        coordination: place.path("c"),
        memories: place.path("m"),
        secrets: Vec::new(),
        limits: Limits::default(),
    };
    let error = Publisher::open(params).unwrap_err().to_string();
    assert!(error.contains("c/tasks: cannot create the folder: "), "{error}");
    assert_eq!(fs::read_to_string(Path::new(&place.path("c"))).unwrap(), "a file");
}
