//! How people's programs save: each of them gives one new text and no deletion.

use super::*;
use std::io::Write;

/// Nothing went, and the last text of `a` is this one.
fn saved(bench: &mut Bench, text: &str) {
    bench.holds(&[("a", text)]);
    bench.quiet();
    bench.holds(&[("a", text)]);
    assert_eq!(bench.gone(), [""; 0]);
    assert_eq!(bench.found().last(), Some(&("a", text)));
    assert!(bench.found().iter().all(|(name, text)| *name == "a" && !text.is_empty()), "{:?}", bench.found());
}

#[test]
fn truncating_and_writing_in_place_as_vs_code_and_serena_1_do() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    let mut file = fs::File::create(bench.path("a.md")).unwrap();
    // The emptied file is seen, and not believed.
    bench.mirror.shared.files_mut().get_mut(&name("a")).unwrap().stamp = None;
    bench.mirror.look_through(Instant::now());
    bench.step();
    file.write_all(b"new").unwrap();
    drop(file);
    saved(&mut bench, "new");
}

#[test]
fn a_file_that_is_really_emptied_is_found_empty() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    bench.put("a.md", "");
    bench.holds(&[("a", "")]);
}

#[test]
fn a_temporary_file_renamed_over_as_serena_2_and_atomic_savers_do() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    bench.put("a.md.k3j2h1g0.tmp", "new");
    fs::rename(bench.path("a.md.k3j2h1g0.tmp"), bench.path("a.md")).unwrap();
    saved(&mut bench, "new");
}

#[test]
fn the_safe_write_of_jetbrains() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    bench.put("a.md___jb_tmp___", "new");
    fs::rename(bench.path("a.md"), bench.path("a.md___jb_old___")).unwrap();
    bench.step();
    fs::rename(bench.path("a.md___jb_tmp___"), bench.path("a.md")).unwrap();
    fs::remove_file(bench.path("a.md___jb_old___")).unwrap();
    saved(&mut bench, "new");
}

#[test]
fn a_backup_renamed_away_and_a_new_file_as_vim_does() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    bench.put("4913", "");
    fs::remove_file(bench.path("4913")).unwrap();
    fs::rename(bench.path("a.md"), bench.path("a.md~")).unwrap();
    bench.step();
    bench.put("a.md", "new");
    fs::remove_file(bench.path("a.md~")).unwrap();
    saved(&mut bench, "new");
}

#[test]
fn deleting_and_making_anew() {
    let mut bench = Bench::new(&[("a.md", "old")]);
    fs::remove_file(bench.path("a.md")).unwrap();
    bench.step();
    bench.put("a.md", "new");
    saved(&mut bench, "new");
}

#[test]
fn vim_itself_in_each_of_its_ways() {
    for setting in ["set backupcopy=no", "set backupcopy=yes", "set backup backupcopy=no", "set nowritebackup"] {
        let mut bench = Bench::new(&[("a.md", "old\n")]);
        if !bench.run("vim", &["-u", "NONE", "-es", "-c", setting, "-c", "%s/old/new/", "-c", "wq", "a.md"]) {
            return;
        }
        saved(&mut bench, "new\n");
    }
}

#[test]
fn sed_in_place() {
    let mut bench = Bench::new(&[("a.md", "old\r\nlast")]);
    if bench.run("sed", &["-i", "s/old/new/", "a.md"]) {
        saved(&mut bench, "new\r\nlast");
    }
}

#[test]
fn git_checkout_between_two_branches() {
    let mut bench = Bench::new(&[("a.md", "one"), ("only/x.md", "x"), ("same.md", "same")]);
    let git = |bench: &Bench, line: &str| {
        let mut args = vec!["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
        args.extend(line.split(' '));
        bench.run("git", &args)
    };
    if !git(&bench, "init -q") {
        return;
    }
    git(&bench, "add .");
    git(&bench, "commit -q -m one");
    git(&bench, "checkout -q -b two");
    bench.put("a.md", "two");
    bench.put("deep/er/y.md", "y");
    fs::remove_file(bench.path("only/x.md")).unwrap();
    git(&bench, "add -A .");
    git(&bench, "commit -q -m two");
    let two = [("a", "two"), ("deep/er/y", "y"), ("same", "same")];
    bench.holds(&two);
    bench.told.clear();
    for _ in 0..3 {
        git(&bench, "checkout -q main");
        bench.holds(&[("a", "one"), ("only/x", "x"), ("same", "same")]);
        git(&bench, "checkout -q two");
        bench.holds(&two);
    }
    bench.quiet();
    assert!(!bench.gone().contains(&"a") && !bench.gone().contains(&"same"), "{:?}", bench.gone());
    assert_eq!(bench.found().iter().filter(|(name, _)| *name == "same").count(), 0);
}
