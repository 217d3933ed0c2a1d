//! Answers as models write them, and the changes in them.

use super::{Change, Hunk, read};

fn whole(path: &str, text: &str) -> Change {
    Change::Whole { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn whole_files_are_found_under_their_paths() {
    let answer = "Here:\n\n**src/a.rs**\n```rust\nfn a() {}\n```\n\n```rust:src/b.rs\nfn b() {}\n```\n\nThe file `docs/c.md`:\n````md\n```\nx\n```\n````\n\n```python title=\"d.py\"\npass\n```\nAnd as an example:\n```sh\nls\n```\n";
    let found = read(answer);
    let wanted = [
        whole("src/a.rs", "fn a() {}\n"),
        whole("src/b.rs", "fn b() {}\n"),
        whole("docs/c.md", "```\nx\n```\n"),
        whole("d.py", "pass\n"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn diffs_are_found_with_and_without_a_fence() {
    let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(read(&format!("So:\n```diff\n{diff}```\nDone.")), [Change::Diff(diff.to_owned())]);
    assert_eq!(read(&format!("So:\n\n{diff}")), [Change::Diff(diff.to_owned())]);
    assert_eq!(read("I changed nothing.\n--- a rule ---\nand `x.rs` is fine."), []);
}

#[test]
fn the_form_without_numbers_is_read() {
    let answer = "```\n*** Begin Patch\n*** Update File: src/a.py\n*** Move to: src/b.py\n@@ def f():\n def f():\n-    return 1\n+    return 2\n*** Add File: n.txt\n+one\n+two\n*** Delete File: old.txt\n*** End Patch\n```\n";
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<String>>();
    let hunk = Hunk { old: lines(&["def f():", "    return 1"]), new: lines(&["def f():", "    return 2"]) };
    let edit = Change::Edit { path: "src/a.py".into(), moved: Some("src/b.py".into()), hunks: vec![hunk] };
    assert_eq!(read(answer), [edit, whole("n.txt", "one\ntwo\n"), Change::Delete { path: "old.txt".into() }]);
}

#[test]
fn no_answer_is_too_odd_to_be_read() {
    for odd in [
        "",
        "```",
        "````\n```",
        "*** Begin Patch",
        "*** Begin Patch\n+x\n*** Update File:",
        "diff --git ",
        "é```é\n~~~",
    ] {
        let _ = read(odd);
    }
}
