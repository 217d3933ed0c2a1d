//! Names that others chose as names of files.

use crate::folder::name::{is_plain, numbered, part};
use std::collections::BTreeSet;

#[test]
fn a_harmless_name_stays_as_it_is() {
    for name in ["claude", "claude-4.5", "gpt_5", "Ünïcode", "漢字", "a", "0", "x.y.z", "-dash", &"x".repeat(48)] {
        assert_eq!(part(name), name);
    }
}

#[test]
fn any_other_name_is_made_harmless_and_gets_its_own_mark() {
    let hostile = [
        "",
        ".",
        "..",
        "...",
        ".hidden",
        "../up",
        "a/b",
        "a\\b",
        "a b",
        "a:b",
        "a\0b",
        "a\nb",
        "a*b",
        "a?b",
        "a\"b",
        "a|b",
        "a<b",
        "~",
        "$HOME",
        "`id`",
        "-",
        "--",
        "./-",
        "\u{202e}x",
        "🦀",
        "con:",
        &"x".repeat(49),
        &"é".repeat(25),
    ];
    let mut seen = BTreeSet::new();
    for name in hostile {
        let made = part(name);
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        if made != name {
            assert!(
                made.len() >= 6 && made[made.len() - 6..].bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{name:?}: {made}"
            );
        }
        assert!(made.chars().all(fits) && !made.starts_with('.') && !made.is_empty(), "{name:?}: {made}");
        assert!(made.len() <= 48 && is_plain(&made), "{name:?}: {made}");
        assert!(seen.insert(made), "{name:?} became the name of another");
        assert_eq!(part(name), part(name));
    }
}

#[test]
fn only_one_plain_name_in_a_folder_is_plain() {
    for (name, plain) in [
        ("a.md", true),
        ("..a", true),
        ("a..", true),
        (" ", true),
        ("", false),
        (".", false),
        ("..", false),
        ("a/b", false),
        ("/", false),
        ("a\0", false),
    ] {
        assert_eq!(is_plain(name), plain, "{name:?}");
    }
}

#[test]
fn a_number_stands_before_the_ending_and_the_whole_fits_a_file_name() {
    for (name, number, room, wanted) in [
        ("bad.md", 1, 0, "bad.md"),
        ("bad.md", 2, 0, "bad-2.md"),
        ("bad.md", 10, 0, "bad-10.md"),
        ("a.b.json", 2, 0, "a.b-2.json"),
        ("noending", 2, 0, "noending-2"),
        (".hidden", 2, 0, ".hidden-2"),
        ("a.averyveryverylongending", 2, 0, "a.averyveryverylongending-2"),
        ("ü.md", 3, 7, "ü-3.md"),
    ] {
        assert_eq!(numbered(name, number, room), wanted);
    }
    for (stem, number, room) in [(300, 1, 0), (300, 999, 7), (255, 2, 7), (252, 1, 0)] {
        let name = numbered(&format!("{}.md", "x".repeat(stem)), number, room);
        assert_eq!(name.len(), 255 - room, "{stem} {number} {room}");
        assert!(name.ends_with(".md"));
    }
    let wide = numbered(&format!("{}.md", "é".repeat(200)), 2, 7);
    assert!(wide.len() <= 248 && wide.ends_with("é-2.md"), "cut between characters: {wide}");
}
