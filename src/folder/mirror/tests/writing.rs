//! Writing and removing: what is expected is replaced, everything else is handed back; modes, line ends, folders, echoes.

use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn a_write_makes_its_folders_and_comes_back_as_no_change() {
    let mut bench = Bench::new(&[]);
    assert_eq!(bench.mirror.write(&name("x/y/a"), "1\r\n", None).unwrap(), Wrote::Done);
    assert_eq!(bench.mirror.write(&name("x/y/a"), "2\r\n", Some(&hash("1\r\n"))).unwrap(), Wrote::Done);
    bench.mirror.flush().unwrap();
    assert_eq!(bench.text("x/y/a.md"), "2\r\n");
    bench.quiet();
    assert_eq!(bench.told, []);
    let left: Vec<_> = fs::read_dir(bench.path("x/y")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["a.md"], "what was replaced is removed in the end");
    assert_eq!(bench.mirror.remove(&name("x/y/a"), &hash("2\r\n")).unwrap(), Wrote::Done);
    bench.until("the folders' end", |bench| !bench.path("x").exists());
    bench.quiet();
    assert_eq!(bench.told, []);
    assert!(bench.root().exists());
}

#[test]
fn a_persons_folder_is_left_when_it_is_empty() {
    let mut bench = Bench::new(&[("mine/a.md", "1")]);
    assert_eq!(bench.mirror.write(&name("mine/ours/b"), "2", None).unwrap(), Wrote::Done);
    assert_eq!(bench.mirror.remove(&name("mine/ours/b"), &hash("2")).unwrap(), Wrote::Done);
    assert_eq!(bench.mirror.remove(&name("mine/a"), &hash("1")).unwrap(), Wrote::Done);
    bench.until("the folder's end", |bench| !bench.path("mine/ours").exists());
    bench.quiet();
    assert!(bench.path("mine").exists());
    assert_eq!(fs::read_dir(bench.path("mine")).unwrap().count(), 0);
}

#[test]
fn the_mode_is_kept_and_a_file_that_holds_the_text_is_not_touched() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    fs::set_permissions(bench.path("a.md"), fs::Permissions::from_mode(0o640)).unwrap();
    bench.mirror.write(&name("a"), "2", Some(&hash("1"))).unwrap();
    let meta = fs::metadata(bench.path("a.md")).unwrap();
    assert_eq!(meta.mode() & 0o7777, 0o640);
    assert_eq!(bench.mirror.write(&name("a"), "2", Some(&hash("2"))).unwrap(), Wrote::Done);
    assert_eq!(bench.mirror.write(&name("a"), "2", None).unwrap(), Wrote::Done);
    assert_eq!(fs::metadata(bench.path("a.md")).unwrap().ino(), meta.ino());
}

#[test]
fn what_was_not_expected_is_handed_back_once_and_stays() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    bench.put("a.md", "person's");
    let Wrote::Found(found) = bench.mirror.write(&name("a"), "ours", Some(&hash("1"))).unwrap() else {
        panic!("written")
    };
    assert_eq!((found.text.as_str(), found.hash), ("person's", hash("person's")));
    assert_eq!(bench.text("a.md"), "person's");
    bench.quiet();
    assert_eq!(bench.told, []);
    bench.put("new.md", "person's");
    assert!(matches!(bench.mirror.write(&name("new"), "ours", None).unwrap(), Wrote::Found(_)));
    assert!(matches!(bench.mirror.remove(&name("a"), &hash("1")).unwrap(), Wrote::Found(_)));
    assert_eq!(bench.text("a.md"), "person's");
    assert_eq!(bench.mirror.remove(&name("a"), &hash("person's")).unwrap(), Wrote::Done);
    assert!(!bench.path("a.md").exists());
}

#[test]
fn a_file_that_was_deleted_is_not_written_and_told_as_gone() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    fs::remove_file(bench.path("a.md")).unwrap();
    assert_eq!(bench.mirror.write(&name("a"), "ours", Some(&hash("1"))).unwrap(), Wrote::Gone);
    assert!(!bench.path("a.md").exists());
    bench.holds(&[]);
    assert_eq!(bench.mirror.remove(&name("a"), &hash("1")).unwrap(), Wrote::Done);
    assert_eq!(bench.mirror.write(&name("a"), "ours", None).unwrap(), Wrote::Done);
}

#[test]
fn global_memories_have_a_root_of_their_own_that_is_made_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let roots = Roots { memories: folder.path().join("m"), global: Some(folder.path().join("home/global")) };
    let mut mirror = Mirror::open(roots.clone(), eyes_only(), []).unwrap();
    assert!(!roots.global.as_ref().unwrap().exists());
    fs::create_dir(roots.memories.join("global")).unwrap();
    fs::write(roots.memories.join("global/x.md"), "not here").unwrap();
    assert_eq!(mirror.write(&name("global/x"), "1", None).unwrap(), Wrote::Done);
    assert_eq!(fs::read_to_string(folder.path().join("home/global/x.md")).unwrap(), "1");
    let deadline = Instant::now() + DEADLINE;
    let mut seen = Vec::new();
    while !seen.iter().any(|it| matches!(it, Change::Found(found) if found.text == "2")) {
        assert!(Instant::now() < deadline, "{seen:?}");
        fs::write(folder.path().join("home/global/x.md"), "2").unwrap();
        seen.extend(mirror.next(Some(Duration::from_millis(20))));
    }
    assert!(seen.iter().any(|it| matches!(it, Change::Skipped(skipped) if skipped.path == Path::new("global/x.md"))));
}

#[test]
fn many_writes_are_flushed_at_once() {
    let mut bench = Bench::new(&[]);
    for n in 0..50 {
        bench.mirror.write(&name(&format!("d{n}/a")), "x", None).unwrap();
    }
    bench.mirror.flush().unwrap();
    bench.quiet();
    assert_eq!(bench.told, []);
}
