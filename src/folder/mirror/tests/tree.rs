//! Renames, new and removed folders, strange names and contents, roots that go and come back, lost events.

use super::*;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

fn moves(bench: &Bench) -> Vec<(&str, Option<&str>)> {
    let moved = bench.told.iter().filter_map(|change| match change {
        Change::Found(found) => Some((found.name.as_str(), found.moved_from.as_ref().map(MemoryName::as_str))),
        _ => None,
    });
    moved.collect()
}

#[test]
fn a_file_that_is_renamed_comes_from_its_old_name() {
    let mut bench = Bench::new(&[("a.md", "text")]);
    fs::rename(bench.path("a.md"), bench.path("b.md")).unwrap();
    bench.holds(&[("b", "text")]);
    assert_eq!(moves(&bench), [("b", Some("a"))]);
    assert_eq!(bench.gone(), ["a"]);
}

#[test]
fn a_folder_that_is_renamed_takes_its_files_along_and_is_watched_on() {
    let mut bench = Bench::new(&[("x/a.md", "1"), ("x/y/b.md", "2")]);
    fs::rename(bench.path("x"), bench.path("z")).unwrap();
    bench.holds(&[("z/a", "1"), ("z/y/b", "2")]);
    let mut moved = moves(&bench);
    moved.sort_unstable();
    assert_eq!(moved, [("z/a", Some("x/a")), ("z/y/b", Some("x/y/b"))]);
    bench.put("z/y/b.md", "3");
    bench.holds(&[("z/a", "1"), ("z/y/b", "3")]);
    bench.put("x/a.md", "new");
    bench.holds(&[("x/a", "new"), ("z/a", "1"), ("z/y/b", "3")]);
}

#[test]
fn a_file_renamed_while_nobody_watched_comes_from_its_old_name() {
    let bench = Bench::new(&[("a.md", "text"), ("b.md", "other"), ("c.md", "third")]);
    let mut bench = bench.restart(|root| {
        fs::rename(root.join("a.md"), root.join("new.md")).unwrap();
        fs::remove_file(root.join("b.md")).unwrap();
    });
    bench.holds(&[("c", "third"), ("new", "text")]);
    assert_eq!(moves(&bench), [("new", Some("a"))]);
    let mut gone = bench.gone();
    gone.sort_unstable();
    assert_eq!(gone, ["a", "b"]);
}

#[test]
fn a_copy_beside_a_new_file_is_no_rename() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    fs::rename(bench.path("a.md"), bench.path("a.bak.md")).unwrap();
    bench.put("a.md", "new");
    bench.holds(&[("a", "new"), ("a.bak", "old")]);
    bench.quiet();
    assert!(moves(&bench).iter().all(|(_, from)| from.is_none()), "{:?}", bench.told);
    assert_eq!(bench.gone(), [""; 0]);
}

#[test]
fn files_in_folders_made_a_moment_before_are_found() {
    let mut bench = Bench::new(&[]);
    let names: Vec<String> = (0..200).map(|n| format!("f{}/g{}/h/{n}", n % 7, n % 3)).collect();
    for it in &names {
        bench.put(&format!("{it}.md"), it);
    }
    let wanted: Vec<(&str, &str)> = names.iter().map(|it| (it.as_str(), it.as_str())).collect();
    bench.holds(&wanted);
    fs::remove_dir_all(bench.path("f0")).unwrap();
    let left: Vec<(&str, &str)> = wanted.into_iter().filter(|(it, _)| !it.starts_with("f0/")).collect();
    bench.holds(&left);
}

#[test]
fn a_deleted_file_is_gone() {
    let mut bench = Bench::new(&[("a.md", "1"), ("b.md", "2")]);
    fs::remove_file(bench.path("a.md")).unwrap();
    bench.holds(&[("b", "2")]);
    bench.put("a.md", "1");
    bench.holds(&[("a", "1"), ("b", "2")]);
}

#[test]
fn what_is_no_text_is_told_once_and_again_when_it_changes() {
    let mut bench = Bench::new(&[("a.md", "text")]);
    fs::write(bench.path("latin.md"), b"caf\xe9").unwrap();
    fs::write(bench.path("a.md"), b"\xff\xfe").unwrap();
    fs::write(bench.path("large.md"), vec![b'x'; (1 << 20) + 1]).unwrap();
    fs::write(bench.root().join(OsStr::from_bytes(b"n\xe4me.md")), "x").unwrap();
    fs::create_dir(bench.path("dir.md")).unwrap();
    bench.mirror.look_through(Instant::now());
    bench.quiet();
    bench.mirror.look_through(Instant::now());
    bench.quiet();
    let mut skipped = bench.skipped();
    skipped.sort_unstable();
    let skipped: Vec<(&str, &str)> = skipped.iter().map(|(path, why)| (path.as_str(), *why)).collect();
    assert_eq!(
        skipped,
        [
            ("a.md", "is not UTF-8 text"),
            ("dir.md", "is a folder with a file's name; it is not looked into"),
            ("large.md", "is over the limit of 1048576 bytes"),
            ("latin.md", "is not UTF-8 text"),
            ("n\u{fffd}me.md", "has a name that is not UTF-8 text; rename it"),
        ]
    );
    assert_eq!(bench.gone(), [""; 0], "an unreadable file is not a deleted one");
    assert!(bench.mirror.write(&name("a"), "ours", Some(&hash("text"))).is_err());
    assert_eq!(fs::read(bench.path("a.md")).unwrap(), b"\xff\xfe");
    bench.put("latin.md", "café");
    bench.holds(&[("a", "text"), ("latin", "café")]);
}

#[test]
fn of_two_files_for_one_name_the_one_in_form_c_stands() {
    let (composed, split) = ("\u{fc}.md", "u\u{308}.md");
    let mut bench = Bench::new(&[]);
    bench.put(split, "split");
    bench.holds(&[("\u{fc}", "split")]);
    bench.put(split, "split again");
    bench.holds(&[("\u{fc}", "split again")]);
    assert_eq!(bench.mirror.write(&name("\u{fc}"), "ours", Some(&hash("split again"))).unwrap(), Wrote::Done);
    assert_eq!(bench.text(split), "ours");
    bench.put(composed, "composed");
    bench.until("the other one", |bench| bench.texts.get("\u{fc}").is_some_and(|text| text == "composed"));
    assert_eq!(bench.skipped().len(), 1);
    assert_eq!(bench.skipped()[0].0, split);
    bench.put("o\u{308}/a.md", "1");
    bench.until("the folder", |bench| bench.texts.contains_key("\u{f6}/a"));
    assert_eq!(bench.mirror.write(&name("\u{f6}/b"), "2", None).unwrap(), Wrote::Done);
    assert_eq!(bench.text("o\u{308}/b.md"), "2");
    bench.put(split, "unseen");
    bench.quiet();
    assert_eq!(bench.texts["\u{fc}"], "composed");
}

#[test]
fn a_root_that_goes_and_comes_back_deletes_nothing() {
    let mut bench = Bench::new(&[("a.md", "1"), ("x/b.md", "2")]);
    let aside = bench.folder.path().join("aside");
    fs::rename(bench.root(), &aside).unwrap();
    bench.until("that it is missing", |bench| bench.told.iter().any(|it| matches!(it, Change::RootMissing { .. })));
    assert!(bench.mirror.write(&name("n"), "x", None).is_err());
    fs::remove_file(aside.join("a.md")).unwrap();
    fs::rename(&aside, bench.root()).unwrap();
    bench.until("that it is back", |bench| bench.told.iter().any(|it| matches!(it, Change::RootBack { .. })));
    bench.texts.remove("a");
    bench.quiet();
    assert_eq!(bench.gone(), [""; 0]);
    let lacks = bench
        .told
        .iter()
        .find_map(|it| if let Change::RootBack { lacks, .. } = it { Some(lacks.clone()) } else { None });
    assert_eq!(lacks, Some(vec![name("a")]));
    assert_eq!(bench.mirror.write(&name("a"), "1", None).unwrap(), Wrote::Done);
    bench.put("x/b.md", "3");
    bench.until("life", |bench| bench.texts["x/b"] == "3");
}

#[test]
fn a_root_that_is_made_anew_at_once_holds_what_it_holds() {
    let mut bench = Bench::new(&[("a.md", "1"), ("b.md", "2")]);
    fs::remove_dir_all(bench.root()).unwrap();
    bench.put("b.md", "2");
    bench.put("c.md", "3");
    bench.holds(&[("b", "2"), ("c", "3")]);
    assert!(!bench.told.iter().any(|it| matches!(it, Change::RootMissing { .. })));
}

#[test]
fn a_root_that_is_not_there_at_the_start_deletes_nothing() {
    let bench = Bench::new(&[("a.md", "1")]);
    let mut bench = bench.restart(|root| fs::remove_dir_all(root).unwrap());
    bench.until("that it is back", |bench| {
        bench.told.iter().any(|it| matches!(it, Change::RootBack { lacks, .. } if *lacks == [name("a")]))
    });
    bench.texts.clear();
    bench.quiet();
    assert_eq!(bench.gone(), [""; 0]);
}

#[test]
fn lost_events_lose_nothing() {
    let limits = Limits { queue_max: 1, ..eyes_only() };
    let mut bench = Bench::with(limits, &[("gone.md", "x")]);
    let names: Vec<String> = (0..300).map(|n| format!("d{}/{n}", n % 5)).collect();
    for it in &names {
        bench.put(&format!("{it}.md"), it);
    }
    fs::remove_file(bench.path("gone.md")).unwrap();
    let wanted: Vec<(&str, &str)> = names.iter().map(|it| (it.as_str(), it.as_str())).collect();
    bench.holds(&wanted);
}

#[test]
fn a_dead_watcher_is_noticed_and_replaced() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    bench.mirror.watch = None;
    bench.put("a.md", "two");
    bench.mirror.look_through(Instant::now());
    bench.holds(&[("a", "two")]);
    bench.put("a.md", "three");
    bench.holds(&[("a", "three")]);
}

#[test]
fn pages_of_our_own_are_no_memories() {
    let mut bench = Bench::new(&[]);
    for folder in ["current-task/t", "model-outputs/t", "coordination/t", "history/2026-01-01-t"] {
        bench.put(&format!("orchestration/{folder}/page.md"), "page");
    }
    bench.put("orchestration/current-task/t/shared-context.md", "shared");
    bench.put("orchestration/inbox/do.md", "do");
    bench.holds(&[("orchestration/current-task/t/shared-context", "shared"), ("orchestration/inbox/do", "do")]);
    bench.quiet();
    assert_eq!(bench.found().len(), 2);
    assert_eq!(bench.skipped().len(), 0);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_may_not_be_read_is_left_and_not_deleted() {
    let mut bench = Bench::new(&[("a.md", "1"), ("x/b.md", "2")]);
    let close = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    close(&bench.path("a.md"), 0o000);
    if fs::read(bench.path("a.md")).is_ok() {
        eprintln!("SKIPPED: this user may read everything");
        return;
    }
    close(&bench.path("x"), 0o000);
    bench.mirror.watch_anew();
    bench.quiet();
    assert_eq!(bench.gone(), [""; 0]);
    // The file itself is told when it is read again, the folder when it is listed.
    assert!(bench.skipped().contains(&("x".to_owned(), "cannot be listed: Permission denied (os error 13)")));
    close(&bench.path("x"), 0o755);
    close(&bench.path("a.md"), 0o644);
    bench.mirror.watch_anew();
    bench.quiet();
    assert_eq!((bench.gone().len(), bench.found().len()), (0, 0));
}

#[test]
fn a_wake_ends_the_wait() {
    let mut bench = Bench::new(&[]);
    let waker = bench.mirror.waker();
    let thread = std::thread::spawn(move || waker.wake());
    assert_eq!(bench.mirror.next(None), []);
    thread.join().unwrap();
}
