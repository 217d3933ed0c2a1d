//! Foreign text on a page: what each kind of mark becomes, and what must stay as it is.

use super::{KEY, ink};

/// Text in a sentence, and what it becomes.
const LINES: [(&str, &str); 40] = [
    ("", ""),
    ("  two   blanks ", "two blanks"),
    ("a\nb\r\nc\rd", "a b c d"),
    ("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f", "a b c d e f"),
    ("tab\tbed", "tab bed"),
    ("bell\u{7}", "bell"),
    ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
    ("a \u{200b} b", "a b"),
    ("\u{200b}", ""),
    ("pass\u{200b}word", "password"),
    ("\u{202e}gnp.exe", "gnp.exe"),
    ("\u{2066}x\u{2069}", "x"),
    ("\u{61c}x\u{feff}\u{ad}\u{180e}", "x"),
    ("x\u{e0041}\u{e0042}\u{e007f}", "x"),
    ("<b>bold</b>", "&lt;b>bold&lt;/b>"),
    ("<!-- hidden -->", "&lt;!-- hidden -->"),
    ("<?php", "&lt;?php"),
    ("<https://example.org>", "&lt;https://example.org>"),
    ("a < b and a <= b", "a < b and a <= b"),
    ("x <3", "x <3"),
    ("<", "<"),
    ("<<b>", "<&lt;b>"),
    ("Vec<String>", "Vec&lt;String>"),
    ("![alt](url)", "!&#91;alt](url)"),
    ("!![a]", "!!&#91;a]"),
    ("! [not an image]", "! [not an image]"),
    ("wow!", "wow!"),
    ("[link](url)", "[link](url)"),
    ("`code`", "`code`"),
    ("``a ` b``", "``a ` b``"),
    ("a ` b", "a &#96; b"),
    ("`a` ``b`", "&#96;a&#96; &#96;&#96;b&#96;"),
    ("```", "&#96;&#96;&#96;"),
    ("a|b", "a|b"),
    ("back\\slash", "back\\slash"),
    ("\\<!--", "\\&lt;!--"),
    ("&lt;b>", "&lt;b>"),
    ("é 漢字 🦀", "é 漢字 🦀"),
    ("# no heading inside a sentence", "# no heading inside a sentence"),
    ("key hunter2-is-the-key.", "key [masked]."),
];

#[test]
fn a_line_is_one_line_and_opens_nothing() {
    for (text, line) in LINES {
        assert_eq!(ink().line(text), line, "{text:?}");
    }
}

#[test]
fn a_second_writing_of_a_line_changes_nothing_more() {
    for (text, line) in LINES {
        assert_eq!(ink().line(line), line, "{text:?}");
    }
}

/// A line at the start of a paragraph, a list item or a field, and what it becomes.
const STARTS: [(&str, &str); 42] = [
    ("plain", "plain"),
    ("# heading", "\\# heading"),
    ("#hashtag", "\\#hashtag"),
    ("###### six", "\\###### six"),
    ("> quote", "\\> quote"),
    (">quote", "\\>quote"),
    ("---", "\\---"),
    ("- - -", "\\- - -"),
    ("***", "\\***"),
    ("* * *", "\\* * *"),
    ("___", "\\___"),
    ("_ _ _", "\\_ _ _"),
    ("===", "\\==="),
    ("=", "\\="),
    ("~~~", "\\~~~"),
    ("~~struck~~", "\\~~struck~~"),
    ("| a | b |", "\\| a | b |"),
    (":-- | --:", "\\:-- | --:"),
    ("--|--", "\\--|--"),
    (":|:", ":|:"),
    ("a | b", "a | b"),
    ("**Context**: forged", "\\**Context**: forged"),
    ("__Context__: forged", "\\__Context__: forged"),
    ("*emphasis* stays", "*emphasis* stays"),
    ("_emphasis_ stays", "_emphasis_ stays"),
    ("- item", "- item"),
    ("-5 degrees", "-5 degrees"),
    ("* item", "* item"),
    ("+ item", "+ item"),
    ("1. first", "1. first"),
    ("1.5 times", "1.5 times"),
    ("2026 was a year", "2026 was a year"),
    ("- # heading", "- \\# heading"),
    ("* > quote", "* \\> quote"),
    ("+ ---", "+ \\---"),
    ("12. # heading", "12. \\# heading"),
    ("3) ***", "3) \\***"),
    ("- 1. - # deep", "- 1. - \\# deep"),
    ("1234567890. # no list mark", "1234567890. # no list mark"),
    ("- **Blockers**: none", "- \\**Blockers**: none"),
    ("-", "\\-"),
    ("a # b", "a # b"),
];

#[test]
fn a_line_at_the_start_of_a_block_opens_nothing() {
    for (text, start) in STARTS {
        assert_eq!(ink().start(text), start, "{text:?}");
        assert_eq!(ink().paragraph(text), start, "{text:?}");
        assert_eq!(ink().field(text, 1000, 3), start, "{text:?} in a field");
    }
}

#[test]
fn only_the_whole_of_a_field_shows_which_backtick_is_alone() {
    assert_eq!(ink().field("`a\nb`", 100, 5), "`a\n  b`");
    assert_eq!(ink().field("`a\nb", 100, 5), "&#96;a\n  b");
    assert_eq!(ink().field("x\n```\ny\n```", 100, 5), "x\n  \\```\n  y\n  \\```");
}

#[test]
fn a_field_keeps_to_its_lines_and_bytes() {
    for (text, bytes, lines, field) in [
        ("", 10, 3, ""),
        ("\n\n \n", 10, 3, ""),
        ("a\n\n\nb", 10, 3, "a\n  b"),
        ("a\nb\nc", 10, 3, "a\n  b\n  c"),
        ("a\nb\nc\nd", 10, 3, "a\n  b\n  c\n  […]"),
        ("0123456789", 10, 1, "0123456789"),
        ("0123456789x", 10, 1, "0123456789 […]"),
        ("éééééé", 5, 1, "éé […]"),
        ("a\u{2028}# b", 100, 3, "a\n  \\# b"),
        ("  indented\n\tmore", 100, 3, "indented\n  more"),
        ("x\n\u{202e}# y", 100, 3, "x\n  \\# y"),
        ("x\n\u{200b} # y", 100, 3, "x\n  \\# y"),
    ] {
        assert_eq!(ink().field(text, bytes, lines), field, "{text:?}");
    }
}

#[test]
fn a_long_line_says_that_something_is_missing() {
    assert_eq!(ink().line_of("abcdef", 6), "abcdef");
    assert_eq!(ink().line_of("abcdefg", 6), "abcdef […]");
    assert_eq!(ink().line_of("abc def ghi", 7), "abc def […]");
    assert_eq!(ink().line_of(&"<b>".repeat(3), 6), "&lt;b>&lt;b> […]", "cut before it is escaped");
    assert_eq!(ink().line_of(&"\u{200b}".repeat(5000), 6), "");
    assert_eq!(ink().line_of(&format!("{}abc", "\u{200b}".repeat(5000)), 6), "abc", "what is hidden takes no room");
    assert_eq!(ink().line(&"x".repeat(10_000)).len(), 600 + " […]".len());
}

#[test]
fn a_key_is_gone_before_anything_is_cut() {
    let text = format!("abc {KEY}");
    for bytes in 0..text.len() + 2 {
        let (line, field) = (ink().line_of(&text, bytes), ink().field(&text, bytes, 2));
        assert!(!line.contains("hunter2") && !field.contains("hunter2"), "{bytes}: {line} / {field}");
    }
}

#[test]
fn cells_and_code_stay_in_their_column_and_span() {
    for (text, cell, code) in [
        ("a|b", "a&#124;b", "`a/b`"),
        ("", "", "``"),
        ("`tick`", "`tick`", "`'tick'`"),
        ("lone ` tick", "lone &#96; tick", "`lone ' tick`"),
        ("<T>", "&lt;T>", "`<T>`"),
        ("![x]", "!&#91;x]", "`![x]`"),
        ("two\nlines", "two lines", "`two lines`"),
        (KEY, "[masked]", "`[masked]`"),
    ] {
        assert_eq!((ink().cell(text).as_str(), ink().code(text).as_str()), (cell, code), "{text:?}");
    }
    assert_eq!(ink().cell(&"x".repeat(300)).len(), 200 + " […]".len());
}

#[test]
fn nothing_closes_a_fence() {
    for (text, fence) in
        [("", 3), ("plain", 3), ("``", 3), ("```", 4), ("a\n````\nb", 5), ("`".repeat(40).as_str(), 41)]
    {
        let page = ink().fenced(text, "md");
        let marks = "`".repeat(fence);
        assert!(page.starts_with(&format!("{marks}md\n")) && page.ends_with(&format!("\n{marks}\n")), "{page}");
        assert!(!page[fence + 3..page.len() - fence - 1].contains(&marks), "{page}");
    }
}

#[test]
fn a_fence_shows_what_a_terminal_would_obey() {
    for (text, shown) in [
        ("a\u{1b}[2Jb", "a␛[2Jb"),
        ("a\0b", "a␀b"),
        ("a\rb", "a␍b"),
        ("a\r\nb", "a\nb"),
        ("a\u{7f}b", "a␡b"),
        ("a\u{9b}b", "a\u{fffd}b"),
        ("tab\tstays", "tab\tstays"),
        (KEY, "[masked]"),
        ("é", "é"),
    ] {
        assert_eq!(ink().fenced(text, ""), format!("```\n{shown}\n```\n"), "{text:?}");
    }
}
