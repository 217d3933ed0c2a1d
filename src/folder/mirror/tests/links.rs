//! Links: folders are followed, once each; files are followed within the tree; nothing leads out of it.

use super::*;
use std::os::unix::fs::symlink;

fn outside() -> tempfile::TempDir {
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("shared")).unwrap();
    fs::write(outside.path().join("shared/s.md"), "shared").unwrap();
    fs::write(outside.path().join("secret.md"), "secret").unwrap();
    outside
}

#[test]
fn a_linked_folder_is_followed_watched_and_written_through() {
    let outside = outside();
    let mut bench = Bench::new(&[]);
    symlink(outside.path().join("shared"), bench.path("team")).unwrap();
    bench.holds(&[("team/s", "shared")]);
    fs::write(outside.path().join("shared/s.md"), "changed").unwrap();
    bench.holds(&[("team/s", "changed")]);
    assert_eq!(bench.mirror.write(&name("team/s"), "ours", Some(&hash("changed"))).unwrap(), Wrote::Done);
    assert_eq!(bench.mirror.write(&name("team/new/n"), "n", None).unwrap(), Wrote::Done);
    assert_eq!(fs::read_to_string(outside.path().join("shared/s.md")).unwrap(), "ours");
    assert_eq!(fs::read_to_string(outside.path().join("shared/new/n.md")).unwrap(), "n");
    assert!(bench.path("team").is_symlink());
    fs::remove_file(bench.path("team")).unwrap();
    bench.texts.insert("team/s".to_owned(), "ours".to_owned());
    bench.texts.insert("team/new/n".to_owned(), "n".to_owned());
    bench.holds(&[]);
    assert!(outside.path().join("shared/s.md").exists());
}

#[test]
fn circles_and_second_names_are_not_followed() {
    let outside = outside();
    symlink(outside.path(), outside.path().join("shared/up")).unwrap();
    symlink(outside.path().join("shared"), outside.path().join("shared/self")).unwrap();
    let mut bench = Bench::new(&[("x/a.md", "1")]);
    symlink("..", bench.path("x/up")).unwrap();
    symlink(".", bench.path("x/self")).unwrap();
    symlink("x", bench.path("alias")).unwrap();
    symlink(bench.folder.path(), bench.path("above")).unwrap();
    symlink(outside.path().join("shared"), bench.path("team")).unwrap();
    symlink(outside.path().join("shared"), bench.path("team2")).unwrap();
    bench.mirror.watch_anew();
    bench.holds(&[("team/s", "shared"), ("team/up/secret", "secret"), ("x/a", "1")]);
    bench.quiet();
    bench.holds(&[("team/s", "shared"), ("team/up/secret", "secret"), ("x/a", "1")]);
    let skipped: Vec<String> = bench.skipped().into_iter().map(|(path, _)| path).collect();
    for path in ["x/up", "x/self", "alias", "above", "team2", "team/self"] {
        assert!(skipped.iter().any(|skipped| skipped == path), "{path}: {skipped:?}");
    }
    assert!(bench.mirror.write(&name("alias/a"), "ours", None).is_err());
    assert!(bench.mirror.write(&name("alias/new/a"), "ours", None).is_err());
    assert_eq!(bench.text("x/a.md"), "1");
}

#[test]
fn a_linked_file_is_followed_within_the_tree_and_written_at_its_target() {
    let outside = outside();
    let mut bench = Bench::new(&[("real/r.md", "1")]);
    symlink(outside.path().join("shared"), bench.path("team")).unwrap();
    bench.until("the folder", |bench| bench.texts.contains_key("team/s"));
    symlink("real/r.md", bench.path("near.md")).unwrap();
    symlink("team/s.md", bench.path("far.md")).unwrap();
    bench.holds(&[("far", "shared"), ("near", "1"), ("real/r", "1"), ("team/s", "shared")]);
    assert_eq!(bench.mirror.write(&name("near"), "2", Some(&hash("1"))).unwrap(), Wrote::Done);
    assert!(bench.path("near.md").is_symlink());
    assert_eq!(bench.text("real/r.md"), "2");
    bench.until("the target", |bench| bench.texts["real/r"] == "2");
    bench.put("real/r.md", "by hand");
    bench.until("both names", |bench| bench.texts["real/r"] == "by hand" && bench.texts["near"] == "by hand");
    bench.put("real/r.md", "2");
    bench.until("both names again", |bench| bench.texts["real/r"] == "2" && bench.texts["near"] == "2");
    assert_eq!(bench.mirror.remove(&name("near"), &hash("2")).unwrap(), Wrote::Done);
    assert!(!bench.path("near.md").is_symlink());
    assert_eq!(bench.text("real/r.md"), "2");
}

#[test]
fn a_linked_file_that_leaves_is_told_and_neither_read_nor_replaced() {
    let outside = outside();
    fs::create_dir(outside.path().join(".synod")).unwrap();
    let mut bench = Bench::new(&[]);
    symlink(outside.path().join("secret.md"), bench.path("out.md")).unwrap();
    symlink("nowhere.md", bench.path("dangling.md")).unwrap();
    symlink("loop.md", bench.path("loop.md")).unwrap();
    bench.quiet();
    let skipped: Vec<String> = bench.skipped().into_iter().map(|(path, _)| path).collect();
    for path in ["out.md", "dangling.md", "loop.md"] {
        assert!(skipped.iter().any(|skipped| skipped == path), "{path}: {skipped:?}");
    }
    assert_eq!(bench.found(), []);
    for it in ["out", "dangling", "loop"] {
        assert!(bench.mirror.write(&name(it), "ours", None).is_err(), "{it}");
        assert!(matches!(bench.glance().look(&name(it)), super::super::Look::Unfit(_)), "{it}");
        assert!(bench.path(&format!("{it}.md")).is_symlink());
    }
    assert_eq!(fs::read_to_string(outside.path().join("secret.md")).unwrap(), "secret");
}

#[test]
fn pipes_are_never_opened() {
    let mut bench = Bench::new(&[]);
    let pipe = bench.path("pipe.md");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    bench.quiet();
    assert_eq!(bench.skipped().len(), 1);
    assert!(bench.mirror.write(&name("pipe"), "ours", None).is_err());
}
