//! Edits of texts: the recorded ones of the tool that agents know, and what is easily got wrong beside them.

use crate::board::memory::references::{refers, rewritten};
use crate::board::memory::{Edit, EditFault, Edited, MemoryName, edit, plain_lines};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    text: String,
    edits: Vec<RecordedEdit>,
}

#[derive(Deserialize)]
struct RecordedEdit {
    needle: String,
    replacement: String,
    regex: bool,
    all: bool,
    text: Option<String>,
    error: Option<String>,
}

fn edited(text: &str, needle: &str, replacement: &str, regex: bool, all: bool) -> Result<Edited, EditFault> {
    edit(text, &Edit { needle, replacement, regex, all, bytes_max: 1 << 20 })
}

fn by_expression(text: &str, needle: &str, replacement: &str) -> Result<String, String> {
    edited(text, needle, replacement, true, true).map(|edited| edited.text).map_err(|fault| fault.to_string())
}

#[test]
fn recorded_edits_end_as_they_did() {
    let recorded: Recorded = serde_json::from_str(include_str!("data/recorded_edits.json")).unwrap();
    let mut text = recorded.text;
    for RecordedEdit { needle, replacement, regex, all, text: expected, error } in recorded.edits {
        match edited(&text, &needle, &replacement, regex, all) {
            Ok(edited) => {
                assert_eq!(Some(&edited.text), expected.as_ref(), "{needle}");
                text = edited.text;
            }
            Err(fault) => assert_eq!(Some(fault.to_string()), error, "{needle}"),
        }
    }
}

#[test]
fn an_expression_is_read_as_python_reads_it() {
    for (text, needle, replacement, expected) in [
        ("a\nb", "a.b", "x", "x"),
        ("a\nb\n", "^b$", "x", "a\nx\n"),
        ("aa", r"a\Z", "x", "ax"),
        ("ab", "(?P<first>a)(b)", "$!2$!1", "ba"),
        ("ab", "(a)(c)?b", "[$!2$!1$!0]", "[aab]"),
        ("ab", "a", "$1 \\1 $! $!x", "$1 \\1 $! $!xb"),
        ("a[b", "[[]", "x", "axb"),
        ("a&b", "[&&]", "x", "axb"),
        ("a]b", "[]]", "x", "axb"),
        ("a}b{c", "}b{", "x", "axc"),
        ("<a>", r"\<a\>", "x", "x"),
        ("aaa", "a{,2}", "x", "xxx"),
        ("abxd", "x*", "-", "-a-b--d-"),
        ("foobar", "foo(?=bar)", "x", "xbar"),
        ("abab", r"(ab)\1", "x", "x"),
        ("a-z", "[a-c-]", "x", "xxz"),
        ("abab", "(?P<name>ab)(?P=name)", "x", "x"),
        ("a(?b", r"\(\?", "x", "axb"),
        ("ab", "a(?# a comment)b", "x", "x"),
        ("line\r\nnext\rlast", "\\n", "|", "line|next|last"),
        ("ABC", "(?i)b", "x", "AxC"),
        ("abc", "a(?:b|(?:c))", "x", "xc"),
    ] {
        assert_eq!(by_expression(text, needle, replacement).as_deref(), Ok(expected), "{needle}");
    }
}

#[test]
fn a_bad_expression_is_refused_in_pythons_words() {
    for (needle, expected) in [
        ("(", "missing ), unterminated subpattern at position 0"),
        ("a(b(c)", "missing ), unterminated subpattern at position 1"),
        ("(?:a", "missing ), unterminated subpattern at position 0"),
        ("a)", "unbalanced parenthesis at position 1"),
        ("é[a", "unterminated character set at position 1"),
        ("*a", "nothing to repeat at position 0"),
        ("(+a)", "nothing to repeat at position 1"),
        ("a**", "multiple repeat at position 2"),
        ("a\\", "bad escape (end of pattern) at position 1"),
        (r"(a)\2", "invalid group reference 2 at position 4"),
        ("(?P<1>a)", "bad character in group name '1' at position 4"),
        ("a[b-cz-a]", "bad character range z-a at position 5"),
        ("(?P<>a)", "missing group name at position 4"),
        ("(?P<n)", "missing >, unterminated name at position 4"),
        (r"a\q", r"bad escape \q at position 1"),
        ("a\nb(", "missing ), unterminated subpattern at position 3 (line 2, column 2)"),
    ] {
        assert_eq!(by_expression("a", needle, "").unwrap_err(), expected, "{needle}");
    }
    let said = by_expression("a", "(?<", "").unwrap_err();
    assert!(said.contains("unterminated subpattern"), "{said}");
    assert!(by_expression("a", "(a{999}){999}{99}", "").is_err(), "it would compile to gigabytes");
}

#[test]
fn what_is_not_clear_is_refused() {
    let fault = |text, needle, all| edited(text, needle, "x", true, all).unwrap_err();
    assert_eq!(fault("aa", "a", false), EditFault::Occurrences { count: 2 });
    assert_eq!(fault("aa", "b", true), EditFault::NoMatch);
    assert_eq!(fault("begin\nbegin\nend\n", "begin.*?end", true), EditFault::Ambiguous);
    assert_eq!(edited("begin\na\nend\n", "begin.*?end", "x", true, false).unwrap().text, "x\n");
    assert_eq!(edited("ab", "(a)", "$!2", true, false).unwrap_err(), EditFault::NoGroup { number: 2 });
}

#[test]
fn literally_means_literally() {
    let text = |text, needle, replacement| edited(text, needle, replacement, false, true).unwrap();
    assert_eq!(text("a.b a.b", "a.b", "$!0\\1"), Edited { text: "$!0\\1 $!0\\1".to_owned(), replaced: 2 });
    assert_eq!(text("a\r\nb", "a\nb", "c").text, "c");
    assert_eq!(text("ü", "", "-").text, "-ü-");
    assert_eq!(edited("(", "(", "x", false, false).unwrap().text, "x");
}

#[test]
fn no_edit_takes_all_memory_or_all_time() {
    let long = "a".repeat(100_000);
    let big = edit(&long, &Edit { needle: "", replacement: &long, regex: false, all: true, bytes_max: 1 << 20 });
    assert_eq!(big, Err(EditFault::TooLarge { bytes_max: 1 << 20 }));
    // Look-around keeps the expression from the engine that cannot be slowed down.
    let slow = edited(&"a".repeat(40), "(?=a)(a+a+)+$(?<=b)", "x", true, true);
    assert_eq!(slow, Err(EditFault::TooManySteps));
    // With `a.*b|a` every search looks at all that follows before it settles for one letter. The bound goes by matches times
    // length, so a quick expression shows it as well.
    let quadratic = edited(&"a".repeat(1 << 20), "a", "x", true, true);
    assert_eq!(quadratic, Err(EditFault::TooManySteps));
    assert_eq!(edited(&"a".repeat(5000), "a(?=.)", "x", true, true).unwrap().replaced, 4999, "many easy ones are fine");
}

proptest! {
    #[test]
    fn no_expression_and_no_text_breaks_an_edit(
        text in "[ab(\\n\\ré]{0,20}",
        needle in "([ab.é]|\\(|\\)|\\[|\\]|\\*|\\?|\\+|\\{,?1|\\}|\\||\\^|\\$|\\\\.|\\(\\?[:=!<#P]?){0,8}",
        all: bool,
    ) {
        if let Ok(edited) = edited(&text, &needle, "<$!0>", true, all) {
            prop_assert!(edited.replaced > 0 && !edited.text.contains('\r'));
        }
        let literal = edited(&text, &needle, "x", false, true).map(|edited| edited.text);
        let plain = plain_lines(&text);
        prop_assert_eq!(literal.ok(), plain.contains(&needle).then(|| plain.replace(&needle, "x")));
    }
}

#[test]
fn references_are_whole_names() {
    let name = |spelling| MemoryName::parse(spelling).unwrap();
    let renamed = |text| rewritten(text, &name("auth/login"), &name("auth/signin"));
    let before =
        "see `mem:auth/login`, mem:auth/login2, mem:auth/login/x, xmem:auth/login, mem:auth/login.md and auth/login";
    let after =
        "see `mem:auth/signin`, mem:auth/login2, mem:auth/login/x, xmem:auth/login, mem:auth/signin.md and auth/login";
    assert_eq!(renamed(before).as_deref(), Some(after));
    assert_eq!(renamed("mem:auth/login"), Some("mem:auth/signin".to_owned()));
    assert_eq!(renamed("mem:auth/login-x mem:auth/login_"), None);
    assert_eq!(renamed("mem:auth/loginé"), Some("mem:auth/signiné".to_owned()), "as its tools do it");
    assert!(refers("mem:mem:auth/login", &name("auth/login")));
    assert!(!refers("mem:auth", &name("auth/login")));
}
