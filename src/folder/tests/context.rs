//! What a prompt is given from the workspace: limits reached exactly, ignored files, links, what is no text, memories.

use crate::folder::context::{Gathered, Limits, gather, memory_name_fault, read_memory};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const LIMITS: Limits = Limits { bytes_max: 100, file_bytes_max: 40, files_max: 4 };

fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    files.iter().for_each(|(path, text)| put(root.path(), path, text.as_bytes()));
    root
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn take(root: &Path, globs: &[&str], spec: Option<&str>, limits: Limits) -> (Vec<String>, Vec<String>) {
    let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
    let Gathered { files, left_out, .. } = gather(root, &globs, spec, limits);
    let notes = left_out.into_iter().map(|(path, why)| format!("{path} {why}")).collect();
    (files.into_iter().map(|(path, _)| path).collect(), notes)
}

#[test]
fn each_limit_is_reached_exactly_before_anything_is_left_out() {
    let root =
        workspace(&[("a", &"x".repeat(40)), ("b", &"x".repeat(40)), ("c", &"x".repeat(20)), ("d", "x"), ("e", "")]);
    for (limits, given, notes) in [
        (LIMITS, vec!["a", "b", "c", "e"], vec!["d does not fit into the 100 bytes of context"]),
        (Limits { bytes_max: 101, ..LIMITS }, vec!["a", "b", "c", "d"], vec!["e is over the limit of 4 files"]),
        (
            Limits { bytes_max: 99, ..LIMITS },
            vec!["a", "b", "d", "e"],
            vec!["c does not fit into the 99 bytes of context"],
        ),
        (
            Limits { file_bytes_max: 39, ..LIMITS },
            vec!["c", "d", "e"],
            vec!["a is over the limit of 39 bytes", "b is over the limit of 39 bytes"],
        ),
        (Limits { bytes_max: 1000, files_max: 5, ..LIMITS }, vec!["a", "b", "c", "d", "e"], vec![]),
        (
            Limits { files_max: 0, ..LIMITS },
            vec![],
            ["a", "b", "c", "d", "e"]
                .map(|name| format!("{name} is over the limit of 0 files"))
                .iter()
                .map(String::as_str)
                .collect(),
        ),
    ] {
        let wanted = (given.into_iter().map(str::to_owned).collect(), notes.into_iter().map(str::to_owned).collect());
        assert_eq!(take(root.path(), &["*"], None, limits), wanted, "{limits:?}");
    }
}

#[test]
fn the_specification_comes_first_and_once() {
    let root = workspace(&[("a.md", "a"), ("z/spec.md", "s")]);
    for spec in ["z/spec.md", "./z/spec.md"] {
        let (given, notes) = take(root.path(), &["**/*.md"], Some(spec), LIMITS);
        assert_eq!((given, notes), (vec!["z/spec.md".to_owned(), "a.md".to_owned()], vec![]), "{spec}");
    }
}

#[test]
fn what_ignore_files_say_holds_at_every_depth() {
    let root = workspace(&[
        (".gitignore", "*.log\n/build\n!keep.log\n"),
        ("a.log", "x"),
        ("keep.log", "x"),
        ("build/out.txt", "x"),
        ("src/build/in.txt", "x"),
        ("src/.gitignore", "in.txt\n"),
        ("src/main.txt", "x"),
        (".hidden/x.txt", "x"),
        (".git/config", "x"),
        ("deep/.synod/token", "x"),
    ]);
    let (given, notes) = take(root.path(), &["**"], None, Limits { files_max: 50, ..LIMITS });
    assert_eq!(given, [".gitignore", ".hidden/x.txt", "keep.log", "src/.gitignore", "src/main.txt"]);
    assert_eq!(notes, Vec::<String>::new());
    for (glob, note) in [
        ("a.log", "a.log is ignored (.gitignore) or is a folder; name files as in folder/**"),
        ("src", "src is ignored (.gitignore) or is a folder; name files as in folder/**"),
        ("none/*.rs", "none/*.rs matches no file"),
        ("[", "[ is no glob: unclosed character class; missing ']'"),
        ("../x", "../x leaves the workspace by .."),
        ("/etc/*", "/etc/* is absolute"),
        (".git/config", ".git/config names a folder that is never given to workers"),
        ("deep/.synod/*", "deep/.synod/* names a folder that is never given to workers"),
    ] {
        assert_eq!(take(root.path(), &[glob], None, LIMITS), (vec![], vec![note.to_owned()]));
    }
}

#[test]
fn a_star_stays_in_its_folder_and_braces_are_alternatives() {
    let root = workspace(&[("a.rs", ""), ("x/b.rs", ""), ("x/y/c.rs", ""), ("x/d.md", "")]);
    for (glob, given) in [
        ("*.rs", vec!["a.rs"]),
        ("*/*.rs", vec!["x/b.rs"]),
        ("**/*.rs", vec!["a.rs", "x/b.rs", "x/y/c.rs"]),
        ("x/**", vec!["x/b.rs", "x/d.md", "x/y/c.rs"]),
        ("x/*.{rs,md}", vec!["x/b.rs", "x/d.md"]),
        ("./x/?.rs", vec!["x/b.rs"]),
        ("x/[a-c].rs", vec!["x/b.rs"]),
    ] {
        assert_eq!(take(root.path(), &[glob], None, LIMITS).0, given, "{glob}");
    }
}

#[test]
fn what_is_no_text_is_named_for_what_it_is() {
    let root = workspace(&[("bom.txt", "\u{feff}x")]);
    put(root.path(), "nul.txt", b"a\0b");
    put(root.path(), "latin.txt", b"caf\xe9");
    put(root.path(), "cut.txt", &"é".as_bytes()[..1]);
    symlink("nowhere", root.path().join("dangling.txt")).unwrap();
    symlink("loop.txt", root.path().join("loop.txt")).unwrap();
    symlink(".", root.path().join("self.txt")).unwrap();
    let (given, notes) = take(root.path(), &["*.txt"], None, LIMITS);
    assert_eq!(given, ["bom.txt"]);
    assert_eq!(
        notes,
        [
            "cut.txt is not UTF-8 text",
            "dangling.txt leaves the workspace through a symlink",
            "latin.txt is not UTF-8 text",
            "loop.txt leaves the workspace through a symlink",
            "nul.txt is not text",
            "self.txt is not a regular file",
        ]
    );
}

#[test]
fn links_are_followed_only_within_the_workspace() {
    let (root, outside) =
        (workspace(&[("a.txt", "a"), ("in/b.txt", "b"), (".synod/token", "t")]), workspace(&[("s.txt", "s")]));
    symlink("a.txt", root.path().join("near.txt")).unwrap();
    symlink("in", root.path().join("folder")).unwrap();
    symlink(outside.path(), root.path().join("out")).unwrap();
    symlink(outside.path().join("s.txt"), root.path().join("far.txt")).unwrap();
    symlink(".synod", root.path().join("own")).unwrap();
    let leaves = "leaves the workspace through a symlink";
    for (spec, given, note) in [
        ("near.txt", vec!["near.txt"], None),
        ("folder/b.txt", vec!["folder/b.txt"], None),
        ("out/s.txt", vec![], Some(leaves)),
        ("far.txt", vec![], Some(leaves)),
        ("own/token", vec![], Some(leaves)),
        ("none.txt", vec![], Some("does not exist")),
        ("a.txt/below", vec![], Some("does not exist")),
        ("in", vec![], Some("is not a regular file")),
    ] {
        let (files, notes) = take(root.path(), &[], Some(spec), LIMITS);
        assert_eq!(files, given, "{spec}");
        assert_eq!(notes, note.map(|note| format!("{spec} {note}")).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn after_a_hundred_notes_the_rest_is_counted() {
    let files: Vec<(String, String)> = (0..130).map(|number| (format!("f{number:03}"), "x".repeat(50))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (given, notes) = take(workspace(&files).path(), &["*"], None, LIMITS);
    assert_eq!((given.len(), notes.len()), (0, 101));
    assert_eq!(notes[100], "… 30 more files were left out");
    assert_eq!(take(workspace(&files[..100]).path(), &["*"], None, LIMITS).1.len(), 100);
}

#[test]
fn memory_names_are_refused_for_a_reason() {
    for (name, fault) in [
        ("", Some("is empty")),
        (&format!("{}/x", "x".repeat(230)).repeat(5), Some("is longer than 1024 bytes")),
        (&"x".repeat(237), Some("has a part longer than 236 bytes")),
        (&format!("a/{}", "x".repeat(236)), None),
        ("a\tb", Some("holds a control character")),
        ("a\\b", None),
        ("global", Some("is the folder of the global memories")),
        ("/a", Some("is absolute")),
        ("a//b", Some("has an empty part between slashes")),
        ("a/", Some("has an empty part between slashes")),
        ("a/../b", Some("leaves its folder by a dot part")),
        (".a", None),
        ("a/.b", None),
        ("a~b", None),
        ("a.b/c.md", None),
        ("Entwurf/Anmeldung ü", None),
    ] {
        assert_eq!(memory_name_fault(name), fault, "{name:?}");
    }
}

#[test]
fn a_memory_is_given_whole_or_refused_with_its_name() {
    let root = workspace(&[("a.md", "12345"), ("b/c.md", "x"), ("plain", "x"), ("y", "no memory")]);
    put(root.path(), "latin.md", b"caf\xe9");
    fs::create_dir(root.path().join("folder.md")).unwrap();
    for (name, given) in [
        ("a", Ok("12345")),
        ("a.md", Ok("12345")),
        ("b/c", Ok("x")),
        ("mem:b/./c.md.md", Ok("x")),
        ("plain", Err("there is no memory called plain")),
        ("a.md/b", Err("there is no memory called a.md/b")),
        ("none", Err("there is no memory called none")),
        ("latin", Err("memory latin is not UTF-8 text")),
        ("folder", Err("memory folder is not a regular file")),
        ("../a", Err("\"../a\" is no memory name: it leaves its folder by a dot part")),
    ] {
        let read = read_memory(root.path(), name, 5).map_err(|error| error.to_string());
        assert_eq!(read, given.map(str::to_owned).map_err(str::to_owned), "{name}");
    }
    let long = read_memory(root.path(), "a", 4).unwrap_err().to_string();
    assert_eq!(long, "memory a is over the limit of 4 bytes");
}
