//! Trees of real projects, changed by shell scripts that do what models do.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs the programs that models run")]

use super::{PlaceError, Tree, Trees, TreesParts};
use crate::board::{AttemptKey, TaskId};
use crate::config::{Environment, Limits, Settings};
use crate::worker::ShimProgram;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

struct Project {
    folder: TempDir,
    trees: Trees,
}

fn limits() -> Limits {
    Settings::default().limits
}

fn sh(folder: &Path, script: &str) -> String {
    let mut command = Command::new("/bin/sh");
    command.args(["-ec", script]).current_dir(folder).env_clear().env("PATH", std::env::var("PATH").unwrap());
    command.env("HOME", folder.parent().unwrap()).env("GIT_CONFIG_NOSYSTEM", "1").env("TZ", "UTC");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "me").env(format!("GIT_{who}_EMAIL"), "me@example.invalid");
    }
    // As a call is run: nothing above the trees is looked at.
    if let Some(trees) = folder.ancestors().find(|above| above.ends_with("worktrees")) {
        command.env("GIT_CEILING_DIRECTORIES", trees);
    }
    let out = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{script}: {said}");
    said
}

const FILES: &str = "mkdir -p src/deep .git-not target
printf 'target/\\n*.log\\n' > .gitignore
printf '/only\\n!keep.log\\n' > src/.gitignore
printf 'one\\ntwo\\nthree\\n' > src/a.txt
printf 'x\\n' > src/deep/b.txt
printf '#!/bin/sh\\n' > run.sh; chmod +x run.sh
printf 'caf\\351\\n' > latin.txt
printf '\\000\\001\\002' > data.bin
printf 'built' > target/out
ln -s src/a.txt link";

impl Project {
    fn bare(limits: &Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        fs::create_dir_all(root.join("AI_COORDINATION/outputs")).unwrap();
        fs::write(root.join("AI_COORDINATION/outputs/secret.md"), "what another model said").unwrap();
        sh(&root, FILES);
        let trees = trees(&root, limits);
        Self { folder, trees }
    }

    fn new() -> Self {
        Self::with(&limits())
    }

    fn with(limits: &Limits) -> Self {
        let project = Self::bare(limits);
        sh(
            &project.root(),
            "git init -q -b main; git add .gitignore src run.sh latin.txt data.bin link; git commit -qm first; \
            printf 'hook\\n' > .git/hooks/pre-commit; git branch other; git tag v1; git status >/dev/null",
        );
        project
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn tree(&self, number: u32) -> Tree {
        self.trees.make(&key(number), "claude", &[]).unwrap()
    }

    /// Every byte of the user's repository and files, but for Synod's own.
    fn snapshot(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        snapshot(&self.root(), &[".synod"])
    }

    /// The patch of what a script does in a tree.
    fn patch(&self, number: u32, script: &str) -> String {
        let tree = self.tree(number);
        sh(&tree.work, script);
        self.trees.collect(&tree).unwrap().map(|collected| collected.text).unwrap_or_default()
    }
}

fn trees(root: &Path, limits: &Limits) -> Trees {
    let environment =
        Environment::of([("PATH", std::env::var_os("PATH").unwrap()), ("HOME", root.parent().unwrap().into())]);
    Trees::new(TreesParts {
        root,
        apart: vec![root.join("AI_COORDINATION"), root.join("memories"), root.join(".synod")],
        folder: root.join(".synod/worktrees"),
        environment: &environment,
        limits,
        shim: ShimProgram::of_this_binary(),
    })
}

fn key(number: u32) -> AttemptKey {
    AttemptKey { task: TaskId::parse("fix").unwrap(), number }
}

fn snapshot(root: &Path, but: &[&str]) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::symlink_metadata(&path).unwrap();
            let below = path.strip_prefix(root).unwrap().to_owned();
            if but.iter().any(|but| below.starts_with(but)) {
                continue;
            }
            if data.is_dir() {
                open.push(path);
            } else if data.is_symlink() {
                found.insert(below, (0, fs::read_link(&path).unwrap().as_os_str().as_encoded_bytes().to_vec()));
            } else {
                found.insert(below, (data.mode(), fs::read(&path).unwrap()));
            }
        }
    }
    found
}

const EDIT: &str = "printf 'one\\nTWO\\nthree\\n' > src/a.txt; printf 'new\\n' > src/n.txt";

#[test]
fn whatever_a_model_does_with_git_its_patch_is_what_it_changed_and_the_users_repository_stays_as_it_was() {
    let project = Project::new();
    let before = project.snapshot();
    let plain = project.patch(1, EDIT);
    assert!(plain.contains("+TWO") && plain.contains("b/src/n.txt"), "{plain}");
    let acts = [
        "git add -A; git commit -qm mine; git branch b2; git tag t2; git checkout -q b2",
        "git checkout -q --orphan odd; git add -A; git commit -qm all; git gc -q --prune=now",
        "rm -rf .git",
        "rm -rf .git; git init -q; git add -A; git commit -qm again",
        "rm -rf .git; printf 'gitdir: /nowhere\\n' > .git",
        "git add -A; git stash -q; git stash pop -q; git reset -q; git rm -rq --cached .",
        "git config user.name X; git config core.bare true; git config core.worktree /tmp; rm -rf .git/hooks; \
         mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch ../ran\\n' > .git/hooks/post-index-change; chmod +x .git/hooks/*",
        "git config filter.evil.clean 'touch ../ran; cat'; git config diff.evil.textconv 'touch ../ran; cat'; \
         git config core.fsmonitor 'touch ../ran'; printf '* filter=evil diff=evil\\n' > .git/info/attributes",
        "git remote add origin /nowhere; git push -q origin HEAD || true; git update-index --assume-unchanged src/a.txt; \
         git update-index --skip-worktree src/a.txt",
        "rm -rf .git; git commit -qam up || true; git checkout -qf other || true; git reset -q --hard v1 || true",
    ];
    for (number, act) in (2..).zip(acts) {
        assert_eq!(project.patch(number, &format!("{EDIT}; {act}")), plain, "{act}");
        assert!(!project.root().join(".synod/worktrees/ran").exists(), "{act}: something was run");
    }
    assert!(project.snapshot() == before, "the user's repository or files have changed");
}

#[test]
fn a_tree_holds_no_other_refs_and_no_way_back() {
    let project = Project::new();
    let tree = project.tree(1);
    let refs = sh(&tree.work, "git for-each-ref; git remote; git stash list; git reflog || true");
    assert_eq!(refs.lines().count(), 1, "its own branch alone: {refs}");
    assert_eq!(sh(&tree.work, "git status --porcelain"), "", "it begins clean");
    assert_eq!(sh(&tree.work, "git log --format=%s"), "first\n");
    assert!(!tree.work.join("AI_COORDINATION").exists(), "what others said is not in it");
}

#[test]
fn the_bases_rules_say_what_is_ignored_and_leavings_are_no_changes() {
    let project = Project::new();
    let script = "printf '*\\n' > .gitignore; printf '*\\n' > src/deep/.gitignore; mkdir -p target/x __pycache__; \
        printf j > target/x/junk; printf j > __pycache__/m.pyc; printf j > a.log; printf j > src/keep.log; \
        printf j > src/only; printf n > src/deep/new.txt; printf o > src/a.txt.orig; mkdir inner; cd inner; git init -q; \
        printf z > z";
    let tree = project.tree(1);
    sh(&tree.work, script);
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!(collected.files, [".gitignore", "src/deep/.gitignore", "src/deep/new.txt", "src/keep.log"]);
    let note = collected.note.unwrap();
    assert!(note.contains("__pycache__/m.pyc") && note.contains("a.txt.orig") && note.contains("inner/"), "{note}");
}

#[test]
fn a_patch_carries_modes_links_binaries_odd_texts_and_names_and_can_be_taken_off_again() {
    let project = Project::new();
    let before = project.snapshot();
    let script = "chmod -x run.sh; rm link; ln -s run.sh link; printf '\\000\\377new' > data.bin; rm src/deep/b.txt; \
        printf 'caf\\351 cr\\350me\\n' > latin.txt; printf 'x' > 'sp ace \"q\" \u{fc}.txt'; mkdir d; ln -s ../src/a.txt d/l; \
        printf 'no end' >> src/a.txt; : > empty";
    let tree = project.tree(1);
    sh(&tree.work, script);
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!(collected.note, None);
    let made = snapshot(&tree.work, &[".git"]);
    project.trees.place(&collected.text, false, false).unwrap();
    let but = [".git", ".synod", "AI_COORDINATION", "target", ".git-not"];
    assert!(snapshot(&project.root(), &but) == made, "the user's files are the worker's");
    let git = |all: &BTreeMap<PathBuf, (u32, Vec<u8>)>| {
        all.clone().into_iter().filter(|(path, _)| path.starts_with(".git")).collect::<Vec<_>>()
    };
    assert!(
        git(&project.snapshot()) == git(&before),
        "neither the index nor anything else of the repository was touched"
    );
    assert!(matches!(project.trees.place(&collected.text, true, false), Err(PlaceError::Nothing { reverted: false })));
    project.trees.place(&collected.text, false, true).unwrap();
    assert!(project.snapshot() == before, "taken off, everything is as before");
    assert!(matches!(project.trees.place(&collected.text, false, true), Err(PlaceError::Nothing { reverted: true })));
}

#[test]
fn links_that_lead_out_are_refused() {
    let project = Project::new();
    let outside = project.folder.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("b.txt"), "not yours\n").unwrap();
    let script = format!(
        "ln -s /etc/passwd p; ln -s ../../x up; ln -s src/../../../y sly; rm link; ln -s /etc/hosts link; \
         rm -rf src/deep; ln -s {} src/deep; printf n > fine",
        outside.display()
    );
    let tree = project.tree(1);
    sh(&tree.work, &script);
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!(
        collected.files,
        ["fine", "src/deep/b.txt"],
        "the file that was replaced is gone, the links are not there"
    );
    assert!(!collected.text.contains("not yours") && !collected.text.contains("passwd"), "{}", collected.text);
    assert!(collected.note.unwrap().contains("refused: link, p"), "it is told");
}

#[test]
fn a_patch_that_is_too_large_is_told_and_not_kept() {
    let project = Project::with(&Limits { patch_bytes_max: 3000, ..limits() });
    let tree = project.tree(1);
    sh(&tree.work, "head -c 9000 /dev/zero | tr '\\0' 'x' > large; printf n > small");
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!(collected.files, ["small"]);
    assert!(collected.note.unwrap().contains("patch_bytes_max`: large"));
    sh(&tree.work, "for n in 1 2 3 4 5; do seq 1 300 > f$n; done");
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!((collected.text.as_str(), collected.files.len()), ("", 6));
    assert!(collected.note.unwrap().contains("3000 bytes"), "it says how large it may be");
}

#[test]
fn a_patch_goes_on_no_files_with_other_changes_and_never_in_part() {
    let project = Project::new();
    let patch = project.patch(1, EDIT);
    sh(&project.root(), "printf 'mine\\n' >> run.sh");
    let before = project.snapshot();
    let refused = project.trees.place(&patch, false, false).unwrap_err();
    assert!(matches!(&refused, PlaceError::Dirty { count: 1, named } if named == "run.sh"), "{refused}");
    assert!(project.snapshot() == before);
    project.trees.place(&patch, true, false).unwrap();
    project.trees.place(&patch, true, true).unwrap();
    sh(&project.root(), "printf 'one\\nzwei\\nthree\\n' > src/a.txt");
    let before = project.snapshot();
    let refused = project.trees.place(&patch, true, false).unwrap_err();
    assert!(refused.to_string().contains("src/a.txt"), "{refused}");
    assert!(project.snapshot() == before, "nor was the file that fits put there");
    assert_eq!(project.tree(2).ground.unseen, 2, "a worker's tree says what it does not hold");
}

#[test]
fn without_a_repository_the_files_are_copied_and_compared() {
    let project = Project::bare(&limits());
    sh(&project.root(), "ln -s /etc/passwd out");
    let before = project.snapshot();
    let tree = project.tree(1);
    assert!(!tree.work.join("AI_COORDINATION").exists() && !tree.work.join("out").exists());
    assert!(!tree.work.join("target").exists(), "what is ignored is not copied");
    sh(&tree.work, EDIT);
    sh(&tree.work, "git init -q; git add -A; git commit -qm x; printf j > a.log");
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!((collected.base.as_str(), collected.files.len()), ("copy", 2));
    project.trees.place(&collected.text, false, false).unwrap();
    assert_eq!(fs::read_to_string(project.root().join("src/a.txt")).unwrap(), "one\nTWO\nthree\n");
    project.trees.place(&collected.text, false, true).unwrap();
    assert!(project.snapshot() == before);
    let tight = trees(&project.root(), &Limits { tree_copy_bytes_max: 10, ..limits() });
    let refused = tight.make(&key(2), "claude", &[]).unwrap_err();
    assert!(refused.to_string().contains("tree_copy_bytes_max"), "{refused}");
}

#[test]
fn a_workspace_below_the_top_of_its_repository_is_where_the_worker_finds_itself() {
    let project = Project::new();
    let inner = project.root().join("src");
    let trees = trees(&inner, &limits());
    let tree = trees.make(&key(1), "claude", &[]).unwrap();
    assert!(tree.work.ends_with("src") && tree.work.join("a.txt").exists());
    sh(&tree.work, "printf 'changed\\n' > a.txt; git status >/dev/null; printf up > ../run.sh");
    let collected = trees.collect(&tree).unwrap().unwrap();
    assert_eq!(collected.files, ["run.sh", "src/a.txt"]);
    trees.place(&collected.text, false, false).unwrap();
    assert_eq!(fs::read_to_string(inner.join("a.txt")).unwrap(), "changed\n");
}

#[test]
fn what_was_only_said_is_changed_as_far_as_it_fits() {
    let project = Project::new();
    let answer = "First:\n```diff\n--- a/src/a.txt\n+++ b/src/a.txt\n@@ -9,9 +1,2 @@\n one\n-two\n+2\n```\nthen\n```text:src/n.txt\nnew\n```\n\
        and `../out.txt`:\n```\nx\n```\n```text:link/x.txt\ny\n```\n\
        ```\n*** Begin Patch\n*** Update File: src/deep/b.txt\n@@\n-x\n+y\n*** End Patch\n```\n";
    let mut tree = project.tree(1);
    assert_eq!(project.trees.write_down(&mut tree, answer).unwrap(), 3);
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert_eq!(collected.files, ["src/a.txt", "src/deep/b.txt", "src/n.txt"]);
    let note = collected.note.unwrap();
    assert!(note.contains("../out.txt is no path") && note.contains("link/x.txt leads through a link"), "{note}");
    assert!(!project.root().join(".synod/worktrees/out.txt").exists());
}

#[test]
fn a_tree_begins_with_what_earlier_steps_changed_and_its_patch_holds_all_of_it() {
    let project = Project::new();
    let first = project.patch(1, EDIT);
    let misfit = first.replace("-two", "-nothing");
    let tree = project.trees.make(&key(2), "codex", &[(1, first), (7, misfit)]).unwrap();
    assert_eq!(sh(&tree.work, "git status --porcelain"), "", "it finds it committed");
    sh(&tree.work, "printf 'more\\n' >> src/n.txt");
    let collected = project.trees.collect(&tree).unwrap().unwrap();
    assert!(collected.text.contains("+TWO") && collected.text.contains("+more"), "{}", collected.text);
    assert!(collected.note.unwrap().contains("attempt 7 does not fit"));
}

#[test]
fn trees_go_whatever_is_in_them_and_stay_while_they_are_wanted() {
    let project = Project::new();
    let stubborn = project.tree(1);
    sh(&stubborn.work, "mkdir -p ro/x; printf j > ro/x/f; chmod 500 ro/x ro; mkfifo pipe");
    assert!(project.trees.collect(&stubborn).is_ok());
    fs::set_permissions(stubborn.work.join("ro"), fs::Permissions::from_mode(0o500)).unwrap();
    project.trees.forget(&key(1));
    let folder = project.root().join(".synod/worktrees");
    assert!(!stubborn.work.exists() && !folder.join(".own/fix-1").exists());
    let kept = project.tree(2);
    project.tree(3);
    project.trees.sweep(&[key(2)]);
    project.trees.clear();
    assert!(kept.work.exists() && project.trees.existing(&key(2)).is_some());
    assert!(!folder.join("fix-3").exists() && !folder.join(".own/fix-3").exists() && !folder.join(".gone").exists());
    // A worker that removes its own folder has no patch, and does no harm.
    fs::remove_dir_all(&kept.work).unwrap();
    std::os::unix::fs::symlink(project.root(), &kept.work).unwrap();
    assert!(project.trees.collect(&kept).is_err());
    project.trees.forget(&key(2));
    assert!(project.root().join("run.sh").exists(), "the link was removed, not what it leads to");
}
