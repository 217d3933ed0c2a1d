//! Spellings of memory names: which lead to which name, and which to none.

use crate::board::memory::{MemoryName, NAME_BYTES_MAX, NameFault, PART_BYTES_MAX, Topic};
use proptest::prelude::*;

fn name(spelling: &str) -> MemoryName {
    MemoryName::parse(spelling).unwrap()
}

#[test]
fn every_spelling_of_a_name_leads_to_it() {
    for (spelling, expected) in [
        ("core", "core"),
        ("mem:prefixed.md", "prefixed"),
        ("foo.md.md", "foo"),
        ("mem:mem:x", "x"),
        ("./dot", "dot"),
        ("a/./b/.", "a/b"),
        ("./mem:a.md", "a"),
        ("./global/x", "global/x"),
        ("a/b/c/d", "a/b/c/d"),
        (".hidden", ".hidden"),
        ("back\\slash", "back\\slash"),
        ("sp ace & ünï.v1.2", "sp ace & ünï.v1.2"),
        ("`mem:auth/login`", "`mem:auth/login`"),
        ("e\u{301}", "é"),
        ("日本/メモ", "日本/メモ"),
        ("..a/b..", "..a/b.."),
        ("a.mdx", "a.mdx"),
        ("Core", "Core"),
    ] {
        assert_eq!(name(spelling).as_str(), expected, "{spelling}");
    }
}

#[test]
fn what_leads_out_of_the_tree_is_no_name() {
    for spelling in ["../evil", "a/../../evil", "a/..", "..", "..\\..\\x/../y", "mem:../x.md", "./../x", "mem:.."] {
        assert!(matches!(MemoryName::parse(spelling), Err(NameFault::Dots(_))), "{spelling}");
    }
    for spelling in ["", "/etc/evil", "trailing/", "a//b", "/", "mem:", ".md", ".", "./.", "mem:/x", "//", "a/.md/"] {
        assert!(matches!(MemoryName::parse(spelling), Err(NameFault::Empty(_))), "{spelling}");
    }
    for spelling in ["global", "mem:global.md", "./global"] {
        assert_eq!(MemoryName::parse(spelling), Err(NameFault::BareGlobal), "{spelling}");
    }
    assert_eq!(MemoryName::parse("nul\0byte"), Err(NameFault::Nul));
    for spelling in ["a\nb", "a\u{7f}", "tab\t", "\u{9b}31m"] {
        assert!(matches!(MemoryName::parse(spelling), Err(NameFault::Control(_))), "{spelling:?}");
    }
}

#[test]
fn what_no_file_system_takes_is_no_name() {
    let longest = "n".repeat(PART_BYTES_MAX);
    assert_eq!(name(&longest).as_str(), longest);
    assert_eq!(MemoryName::parse(&format!("a/{longest}n")), Err(NameFault::PartTooLong { bytes: PART_BYTES_MAX + 1 }));
    let deep = "x/".repeat(NAME_BYTES_MAX / 2);
    assert_eq!(MemoryName::parse(&format!("{deep}x")), Err(NameFault::TooLong { bytes: NAME_BYTES_MAX + 1 }));
    assert!(matches!(MemoryName::parse(&"n".repeat(1 << 20)), Err(NameFault::TooLong { .. })));
}

#[test]
fn faults_say_what_agents_know() {
    let said = |spelling: &str| MemoryName::parse(spelling).unwrap_err().to_string();
    assert_eq!(said("../evil"), "Memory name cannot contain '..' segments. Got: ../evil");
    assert_eq!(said("a//b"), "Memory name cannot be absolute or contain empty path segments. Got: a//b");
    assert_eq!(said(""), "Memory name cannot be absolute or contain empty path segments. Got: ");
    assert_eq!(
        said("global"),
        "Bare \"global\" is not a valid memory name. Use \"global/<name>\" to address a global memory."
    );
    assert_eq!(said("nul\0byte"), "Memory name cannot contain a NUL character (embedded null byte).");
}

#[test]
fn only_a_file_that_its_name_leads_back_to_is_a_memory() {
    assert_eq!(MemoryName::of_file("a/b.md"), Some(name("a/b")));
    assert_eq!(MemoryName::of_file("global/x.md"), Some(name("global/x")));
    for path in ["a.txt", "mem:a.md", "a.md.md", "./a.md", "e\u{301}.md", "global.md", ".md", "/a.md", "a/../b.md"] {
        assert_eq!(MemoryName::of_file(path), None, "{path}");
    }
}

#[test]
fn names_say_where_they_belong() {
    assert!(name("global/x").is_global() && !name("globals/x").is_global());
    for own in
        ["current-task/a/progress", "model-outputs/a/claude", "coordination/a/consensus", "history/2026-11-20-a/x"]
    {
        assert!(name(&format!("orchestration/{own}")).is_own_page(), "{own}");
    }
    assert!(name("orchestration/history/2026-11-20-a/shared-context").is_own_page());
    assert!(name("orchestration/current-task/a/b/shared-context").is_own_page());
    for free in ["orchestration/current-task/a/shared-context", "orchestration/notes", "orchestration/inbox/a", "x"] {
        assert!(!name(free).is_own_page(), "{free}");
    }
    assert_eq!(name("orchestration/inbox/fix it").inbox_name(), Some("fix it"));
    assert_eq!(name("orchestration/inboxes/x").inbox_name(), None);
}

#[test]
fn a_topic_is_a_folder_or_a_name() {
    let below = |memory: &str, topic: &str| name(memory).is_below(&Topic::parse(topic).unwrap());
    assert!(below("auth/login", "auth") && below("auth/login", "auth/") && below("auth/login", "mem:auth"));
    assert!(below("auth", "auth") && below("x", "") && below("x", ".") && below("global/x", "global"));
    assert!(!below("authority", "auth") && !below("a", "auth"));
    for topic in ["..", "../..", "a/../..", "/project", "a//b", "/"] {
        assert!(Topic::parse(topic).is_err(), "{topic}");
    }
}

proptest! {
    #[test]
    fn a_name_is_its_own_spelling(spelling in "(mem:|\\./|\\.md|[a-c.:/é\u{301}]){0,12}") {
        if let Ok(name) = MemoryName::parse(&spelling) {
            prop_assert_eq!(MemoryName::parse(name.as_str()), Ok(name.clone()));
            prop_assert_eq!(MemoryName::of_file(&name.file()), Some(name.clone()));
            prop_assert!(name.as_str().split('/').all(|part| !matches!(part, "" | "." | "..")));
        }
    }
}
