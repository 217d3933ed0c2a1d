//! A task as a file and as memories. A file that was written for a task reads as that very task again.

use super::{KEY, ink, task, worker};
use crate::board::spec::{Mode, WrittenPlan, WrittenStep};
use crate::board::{Kind, Priority, Role, Source, StepId, TaskSpec, Text, WorkspaceAccess};
use crate::folder::intake::{Limits, format};
use crate::folder::render::task::{definition, file, shared_context};
use std::time::Duration;

fn bare() -> TaskSpec {
    TaskSpec::of_text(Text::short("Do it."))
}

fn full() -> TaskSpec {
    let step = |id: &str, needs: &[&str]| WrittenStep {
        id: StepId::new(id),
        role: Some(Role::new("architect")),
        instruction: "x: \"y\"\n# z".to_owned(),
        needs: needs.iter().map(|need| StepId::new(*need)).collect(),
        workers: 2,
        models: vec![worker("claude")],
        consensus: true,
        aim: None,
        answer: false,
        workspace: WorkspaceAccess::Worktree,
        validate: Some("cargo test".to_owned()),
    };
    TaskSpec {
        title: Some("Fix: the \"login\" #1".to_owned()),
        kind: Some(Kind::new("quick-fix")),
        priority: Priority::Critical,
        mode: Mode::Complex,
        role: Some(Role::new("oracle")),
        models: vec![worker("claude"), worker("gemini")],
        plan: Some(WrittenPlan { steps: vec![step("a", &[]), step("b", &["a"])], checkpoint_every: Some(3) }),
        context: vec!["src/**/*.rs".to_owned(), "docs/*.md".to_owned()],
        spec: Some("specs/login.md".to_owned()),
        memories: vec!["design/auth".to_owned()],
        depends_on: vec![task("design-auth")],
        workspace: WorkspaceAccess::Worktree,
        validate: Some("cargo test -p auth".to_owned()),
        budget_usd: Some(0.5),
        cache: false,
        timeout: Some(Duration::from_secs(90)),
        labels: vec!["auth".to_owned(), "yes".to_owned(), "1".to_owned(), "null".to_owned()],
        ..bare()
    }
}

fn read_again(page: &str) -> format::Draft {
    let root = tempfile::tempdir().unwrap();
    format::read("again.md", page.as_bytes(), root.path(), &Limits::default()).unwrap()
}

#[test]
fn a_bare_task_is_its_title_its_priority_and_its_text() {
    assert_eq!(file(&ink(), &bare(), "Do it."), "---\ntitle: \"Do it.\"\npriority: normal\n---\nDo it.\n");
    assert_eq!(file(&ink(), &bare(), "Do it.\n"), "---\ntitle: \"Do it.\"\npriority: normal\n---\nDo it.\n");
}

#[test]
fn every_key_stands_in_the_file_in_the_order_of_the_contract() {
    let page = file(&ink(), &full(), "Do it.");
    let keys: Vec<&str> = page.lines().filter_map(|line| line.split_once(": ").map(|(key, _)| key)).collect();
    let wanted = [
        "title",
        "kind",
        "priority",
        "mode",
        "role",
        "models",
        "plan",
        "context",
        "spec",
        "memories",
        "depends_on",
        "workspace",
        "validate",
        "budget_usd",
        "cache",
        "timeout",
        "labels",
    ];
    assert_eq!(keys, wanted);
    assert!(page.contains("timeout: 90s\n") || page.contains("timeout: 1m30s\n"), "{page}");
}

#[test]
fn what_was_written_reads_as_the_same_task() {
    for (spec, text) in
        [(full(), "Do it."), (bare(), "---\nnot: front matter\n---\nx"), (bare(), "- \u{1f980}\n\n  # y")]
    {
        let page = file(&ink(), &spec, text);
        let again = read_again(&page);
        assert_eq!(again.text, text, "{page}");
        let title = Some(spec.title());
        assert_eq!(again.asked(), &TaskSpec { text: again.asked().text.clone(), title, ..spec }, "{page}");
    }
}

#[test]
fn a_pipeline_and_each_mode_are_written_as_words() {
    let spec = TaskSpec { pipeline: Some("review".to_owned()), ..bare() };
    assert!(file(&ink(), &spec, "x").contains("\npipeline: \"review\"\n"));
    for mode in Mode::ALL {
        let page = file(&ink(), &TaskSpec { mode, ..bare() }, "x");
        let wanted = (mode != Mode::Auto).then(|| format!("\nmode: {}\n", mode.as_str()));
        assert_eq!(page.contains("\nmode: "), wanted.is_some(), "{page}");
        assert!(wanted.is_none_or(|line| page.contains(&line)), "{page}");
        assert_eq!(read_again(&page).asked().mode, mode);
    }
}

#[test]
fn no_key_reaches_a_task_file_or_its_definition() {
    let spec = TaskSpec { title: Some(format!("use {KEY}")), validate: Some(KEY.to_owned()), ..bare() };
    let source = Source::Face { by: KEY.to_owned(), hash: String::new() };
    let text = format!("login with {KEY}");
    for page in [file(&ink(), &spec, &text), definition(&ink(), &task("a"), &source, &spec, &text)] {
        assert!(page.contains("[masked]") && !page.contains(KEY), "{page}");
    }
}

#[test]
fn the_definition_names_source_priority_and_kind() {
    let dropped = Source::File { name: "a`b.md".to_owned(), hash: String::new(), content: Text::short("") };
    let face = Source::Face { by: "cli <x>".to_owned(), hash: String::new() };
    let of = |source: &Source, spec: &TaskSpec, text: &str| definition(&ink(), &task("fix-login"), source, spec, text);
    assert_eq!(
        of(&dropped, &full(), "Text.\n"),
        "# Fix: the \"login\" #1\n\nTask `fix-login`, priority critical, kind quick-fix, from the file `a'b.md`.\n\n## What is asked\n\nText.\n"
    );
    assert_eq!(
        of(&face, &bare(), "Text."),
        "# Do it.\n\nTask `fix-login`, priority normal, from cli &lt;x>.\n\n## What is asked\n\nText.\n"
    );
}

#[test]
fn the_shared_context_is_the_same_each_time_and_names_its_task() {
    let text = shared_context(&task("fix-login"));
    assert!(text.starts_with("# Shared context: fix-login\n\n<!-- ") && text.ends_with(" -->\n"), "{text}");
    assert_eq!(text, shared_context(&task("fix-login")));
    assert_ne!(text, shared_context(&task("fix-login-2")));
}
