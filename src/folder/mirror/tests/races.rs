//! Others write in the very moment in which we do: between our look and our exchange, or into the file that we replace.

use super::*;
use std::io::Write;

/// Does it once, between the look at the file and its exchange.
fn between(bench: &mut Bench, act: impl FnOnce(&Path) + Send + 'static) {
    let (root, mut act) = (bench.root(), Some(act));
    bench.mirror.between = Some(Box::new(move || {
        if let Some(act) = act.take() {
            act(&root);
        }
    }));
}

fn no_temporary_files(bench: &Bench) {
    let left: Vec<_> =
        fs::read_dir(bench.root()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|file| !file.ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_text_that_slips_in_is_handed_back_and_stands() {
    for in_place in [true, false] {
        let mut bench = Bench::new(&[("a.md", "1")]);
        between(&mut bench, move |root| {
            if in_place {
                fs::write(root.join("a.md"), "slipped").unwrap();
            } else {
                fs::write(root.join("x"), "slipped").unwrap();
                fs::rename(root.join("x"), root.join("a.md")).unwrap();
            }
        });
        let wrote = bench.mirror.write(&name("a"), "ours", Some(&hash("1"))).unwrap();
        assert!(matches!(wrote, Wrote::Found(found) if found.text == "slipped"));
        assert_eq!(bench.text("a.md"), "slipped");
        bench.quiet();
        assert_eq!(bench.told, []);
        no_temporary_files(&bench);
    }
}

#[test]
fn a_file_that_comes_before_a_new_one_is_handed_back() {
    let mut bench = Bench::new(&[]);
    between(&mut bench, |root| fs::write(root.join("a.md"), "slipped").unwrap());
    let wrote = bench.mirror.write(&name("a"), "ours", None).unwrap();
    assert!(matches!(wrote, Wrote::Found(found) if found.text == "slipped"));
    assert_eq!(bench.text("a.md"), "slipped");
    no_temporary_files(&bench);
}

#[test]
fn a_file_that_goes_before_it_is_replaced_stays_away() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    between(&mut bench, |root| fs::remove_file(root.join("a.md")).unwrap());
    assert_eq!(bench.mirror.write(&name("a"), "ours", Some(&hash("1"))).unwrap(), Wrote::Gone);
    bench.holds(&[]);
    no_temporary_files(&bench);
}

#[test]
fn a_text_that_slips_in_before_a_removal_is_handed_back_and_stands() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    between(&mut bench, |root| fs::write(root.join("a.md"), "slipped").unwrap());
    let wrote = bench.mirror.remove(&name("a"), &hash("1")).unwrap();
    assert!(matches!(wrote, Wrote::Found(found) if found.text == "slipped"));
    assert_eq!(bench.text("a.md"), "slipped");
    no_temporary_files(&bench);
}

#[test]
fn what_an_editor_goes_on_writing_into_the_replaced_file_comes_back() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    let mut open = fs::OpenOptions::new().write(true).open(bench.path("a.md")).unwrap();
    assert_eq!(bench.mirror.write(&name("a"), "ours", Some(&hash("1"))).unwrap(), Wrote::Done);
    assert_eq!(bench.text("a.md"), "ours");
    open.set_len(0).unwrap();
    open.write_all(b"late").unwrap();
    drop(open);
    bench.until("the late text", |bench| bench.texts["a"] == "late");
    assert_eq!(bench.text("a.md"), "late");
    bench.quiet();
    no_temporary_files(&bench);
}

#[test]
fn what_is_written_into_a_removed_file_comes_back() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    let mut open = fs::OpenOptions::new().append(true).open(bench.path("a.md")).unwrap();
    assert_eq!(bench.mirror.remove(&name("a"), &hash("1")).unwrap(), Wrote::Done);
    open.write_all(b" and more").unwrap();
    drop(open);
    bench.until("the late text", |bench| bench.texts["a"] == "1 and more");
    no_temporary_files(&bench);
}

#[test]
fn what_a_crash_left_is_handed_out_and_removed_after_the_next_flush() {
    let bench = Bench::new(&[("a.md", "1"), ("x/b.md", "2")]);
    let left = "x/.b.md.s00000007.tmp";
    let mut bench = bench.restart(|root| fs::write(root.join(left), "half way").unwrap());
    bench.until("the stray", |bench| {
        bench
            .told
            .iter()
            .any(|it| matches!(it, Change::Stray(found) if found.name == name("x/b") && found.text == "half way"))
    });
    assert!(bench.path(left).exists());
    bench.mirror.flush().unwrap();
    assert!(!bench.path(left).exists());
    bench.quiet();
    assert_eq!(bench.told.len(), 1);
}

/// A small generator of numbers, the same in each run.
fn dice(state: &mut u64, sides: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % sides
}

#[test]
fn after_any_turmoil_what_was_told_is_what_is_there() {
    for mut seed in 1..4u64 {
        let mut bench = Bench::new(&[]);
        for turn in 0..400 {
            let file = |n: u64| format!("d{}/{}.md", n % 3, n % 5);
            let one = dice(&mut seed, 15);
            let (path, it) = (bench.path(&file(one)), file(one).trim_end_matches(".md").to_owned());
            match dice(&mut seed, 8) {
                0 | 1 => bench.put(&file(one), &format!("theirs {turn}")),
                2 => {
                    let _none = fs::remove_file(&path);
                }
                3 => {
                    let _none_or_no_folder = fs::rename(&path, bench.path(&file(dice(&mut seed, 15))));
                }
                4 => {
                    let folder = bench.path(&format!("d{}", dice(&mut seed, 3)));
                    let _none_or_not_empty = fs::rename(folder, bench.path(&format!("d{}", dice(&mut seed, 3))));
                }
                5 | 6 => {
                    let known = bench.mirror.glance().known(&name(&it));
                    let ours = format!("ours {turn}");
                    match bench.mirror.write(&name(&it), &ours, known.as_deref()).unwrap() {
                        Wrote::Done => drop(bench.texts.insert(it, ours)),
                        Wrote::Found(found) => drop(bench.texts.insert(it, found.text)),
                        Wrote::Gone => {}
                    }
                }
                _ => bench.step(),
            }
        }
        bench.quiet();
        let mut there = BTreeMap::new();
        for folder in fs::read_dir(bench.root()).unwrap().flatten() {
            for file in fs::read_dir(folder.path()).unwrap().flatten() {
                let it = file.path().strip_prefix(bench.root()).unwrap().with_extension("").display().to_string();
                there.insert(it, fs::read_to_string(file.path()).unwrap());
            }
        }
        assert_eq!(bench.texts, there, "seed {seed}");
    }
}

#[test]
fn two_writers_lose_no_text() {
    let mut bench = Bench::new(&[("a.md", "0")]);
    let root = bench.root();
    let other = std::thread::spawn(move || {
        for n in 0..300 {
            let temporary = root.join("other.tmp");
            fs::write(&temporary, format!("theirs {n}")).unwrap();
            fs::rename(&temporary, root.join("a.md")).unwrap();
        }
    });
    // What they write faster than we read is lost by their own doing; what we replace or hand back never is.
    let (mut standing, mut count) = ("0".to_owned(), 0);
    while !other.is_finished() || count < 300 {
        let ours = format!("ours {count}");
        match bench.mirror.write(&name("a"), &ours, Some(&hash(&standing))) {
            Ok(Wrote::Done) => standing = ours,
            Ok(Wrote::Found(found)) => standing = found.text,
            Ok(Wrote::Gone) => panic!("it was never away"),
            Err(_) => {}
        }
        count += 1;
    }
    other.join().unwrap();
    // The last of theirs is either what stands, or was read before it was replaced.
    bench.texts.insert("a".to_owned(), standing);
    bench.quiet();
    assert_eq!(bench.texts["a"], bench.text("a.md"));
    no_temporary_files(&bench);
}
