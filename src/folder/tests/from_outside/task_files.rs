//! Task files as people drop them: every malformed one is refused with a reason that names the key and the line, every
//! good one becomes the task it says. The files are fixtures, so that a running daemon can be given the same ones.

#![expect(clippy::panic, reason = "a test that cannot go on should end where it stands")]
#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use synod::board::spec::WrittenPlan;
use synod::board::{Mode, Priority, Reason, WorkspaceAccess};
use synod::folder::intake::{Limits, format};

/// What a malformed file must be refused with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    line: Option<u32>,
    words: Vec<String>,
}

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)
}

fn read(path: &Path) -> Result<format::Draft, Reason> {
    let root = tempfile::tempdir().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    format::read(name, &fs::read(path).unwrap(), root.path(), &Limits::default())
}

#[test]
fn every_malformed_file_is_refused_with_its_key_and_line() {
    let table = fs::read_to_string(fixtures("bad_tasks.toml")).unwrap();
    let expected: BTreeMap<String, Expected> = toml::from_str(&table).unwrap();
    let entries = fs::read_dir(fixtures("bad_tasks")).unwrap();
    let names: BTreeSet<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, expected.keys().cloned().collect(), "the files and the table are not the same");
    assert!(names.len() >= 60);
    let mut wrong = Vec::new();
    for (name, expected) in &expected {
        match read(&fixtures("bad_tasks").join(name)) {
            Ok(_) => wrong.push(format!("{name}: was accepted")),
            Err(reason) => {
                let said = format!("{} | {}", reason.what, reason.mend);
                let missing: Vec<_> = expected.words.iter().filter(|word| !said.contains(word.as_str())).collect();
                let line_fits = expected.line.is_none_or(|_| expected.line == reason.line);
                if !missing.is_empty() || !line_fits || reason.mend.is_empty() {
                    let line = reason.line;
                    wrong.push(format!("{name}: line {line:?}, wanted {:?}; lacks {missing:?}; {said}", expected.line));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

#[test]
fn every_good_file_is_a_task() {
    let mut count = 0;
    for entry in fs::read_dir(fixtures("good_tasks")).unwrap() {
        let path = entry.unwrap().path();
        if let Err(reason) = read(&path) {
            panic!("{}: {reason:?}", path.display());
        }
        count += 1;
    }
    assert!(count >= 15);
}

fn good(name: &str) -> format::Draft {
    read(&fixtures("good_tasks").join(name)).unwrap()
}

#[test]
fn every_key_reaches_the_task() {
    let draft = good("every-key.md");
    assert_eq!(draft.text, "Review the authentication code for security issues.");
    let asked = draft.asked();
    assert_eq!(asked.title.as_deref(), Some("Review the login code"));
    assert_eq!(asked.kind.as_ref().unwrap().as_str(), "security-review");
    assert_eq!(asked.priority, Priority::High);
    assert_eq!(asked.mode, Mode::Complex);
    assert_eq!(asked.role.as_ref().unwrap().as_str(), "oracle");
    assert_eq!(asked.models.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["claude", "gemini"]);
    assert_eq!(asked.pipeline.as_deref(), Some("review"));
    assert_eq!(asked.context, ["src/auth/**/*.rs", "{a,b}/*.toml"]);
    assert_eq!(asked.spec.as_deref(), Some("specs/user_auth.md"));
    assert_eq!(asked.memories, ["design/auth"]);
    assert_eq!(asked.depends_on.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["design-auth"]);
    assert_eq!(asked.workspace, WorkspaceAccess::Worktree);
    assert_eq!(asked.validate.as_deref(), Some("cargo test -p auth"));
    assert_eq!(asked.budget_usd, Some(0.5));
    assert_eq!(asked.timeout, Some(Duration::from_secs(600)));
    assert_eq!(asked.labels, ["auth"]);
}

#[test]
fn texts_come_through_whole() {
    assert_eq!(good("mark-and-crlf.md").text, "First line.\nSecond line.");
    assert_eq!(good("mark-and-crlf.md").asked().labels, ["auth"]);
    assert_eq!(good("fences-are-text.txt").text, "---\nnot front matter in a text file");
    assert_eq!(good("tabs-and-escapes.json").text, "Prüfe die \"Anmeldung\" 😀/ok");
    assert_eq!(good("tabs-and-escapes.json").asked().timeout, Some(Duration::from_secs(90)));
    assert!(good("zero-byte.txt").text.contains('\0'));
    assert_eq!(good("words-like-yes.yml").asked().labels, ["yes", "no", "on"]);
    assert_eq!(good("no-last-newline.md").text, "Spaces after the fences.");
}

/// Each step as `id<need,need`, in order.
fn graph(plan: &WrittenPlan) -> Vec<String> {
    let needs = |step: &synod::board::spec::WrittenStep| {
        step.needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    plan.steps.iter().map(|step| format!("{}<{}", step.id, needs(step))).collect()
}

#[test]
fn both_forms_of_a_plan_become_steps_with_needs() {
    let plan = good("plan.yaml").asked().plan.clone().unwrap();
    assert_eq!(graph(&plan), ["design<", "build<design", "check<build,design"]);
    assert_eq!(plan.checkpoint_every, Some(2));
    assert_eq!((plan.steps[1].workers, plan.steps[1].workspace), (2, WorkspaceAccess::Worktree));
    assert!(plan.steps[2].consensus);

    let plan = good("plan.toml").asked().plan.clone().unwrap();
    assert_eq!(graph(&plan), ["a<", "b<a"]);

    let plan = good("planner.json").asked().plan.clone().unwrap();
    assert_eq!(graph(&plan), ["1<", "2<", "3<1,2", "4<3", "5<3"]);
    assert_eq!(plan.steps[3].models[0].as_str(), "gemini");
    assert_eq!(plan.checkpoint_every, Some(2));

    let plan = good("planner-in-a-row.json").asked().plan.clone().unwrap();
    assert_eq!(graph(&plan), ["a<", "b<a"]);
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let limits = Limits { task_bytes_max: 10, ..Limits::default() };
    let reason = format::read("a.md", b"eleven byte", root.path(), &limits).unwrap_err();
    assert!(reason.what.contains("limits.task_bytes_max"), "{reason:?}");
    assert!(format::read("a.md", b"ten bytes.", root.path(), &limits).is_ok());
}

#[test]
fn a_path_that_leaves_through_a_symlink_is_refused() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
    fs::create_dir(root.path().join("in")).unwrap();
    for (front, key) in [("context: [\"out/**\"]", "context[1]"), ("spec: out/spec.md", "spec")] {
        let text = format!("---\n{front}\n---\nReview.");
        let reason = format::read("a.md", text.as_bytes(), root.path(), &Limits::default()).unwrap_err();
        assert!(reason.what.starts_with(key) && reason.what.contains("symlink"), "{reason:?}");
        assert_eq!(reason.line, Some(2));
    }
    let text = "---\ncontext: [\"in/**\"]\nspec: in/not-there-yet.md\n---\nReview.";
    assert!(format::read("a.md", text.as_bytes(), root.path(), &Limits::default()).is_ok());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Whatever the bytes, reading them ends in a task or in a reason.
    #[test]
    fn no_bytes_stop_the_reader(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), ending in 0..6_usize) {
        let name = format!("a.{}", format::ENDINGS[ending]);
        if let Err(reason) = format::read(&name, &bytes, Path::new("/nonexistent"), &Limits::default()) {
            proptest::prop_assert!(!reason.what.is_empty() && !reason.mend.is_empty());
        }
    }

    /// A good file with a piece cut out or doubled is still a task or refused with a reason.
    #[test]
    fn no_mangled_task_stops_the_reader(
        file in proptest::num::usize::ANY,
        from in proptest::num::usize::ANY,
        length in 1..40_usize,
        double in proptest::bool::ANY,
    ) {
        let mut paths: Vec<_> = fs::read_dir(fixtures("good_tasks")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let path = &paths[file % paths.len()];
        let mut bytes = fs::read(path).unwrap();
        let from = from % bytes.len();
        let to = (from + length).min(bytes.len());
        let piece = bytes[from..to].to_vec();
        bytes.splice(from..to, if double { piece.repeat(2) } else { Vec::new() });
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Err(reason) = format::read(name, &bytes, Path::new("/nonexistent"), &Limits::default()) {
            proptest::prop_assert!(!reason.what.is_empty() && !reason.mend.is_empty());
        }
    }
}
