//! `outputs/<id>/<nn>-<step>-<worker>.md` and the memory of an output: every branch, with the exact text.

use super::{KEY, ink, task, worker};
use crate::board::verdict::{Claim, Reading};
use crate::board::{OutputPage, Role, Severity, Stance, StepId, Text, Timestamp, Usage, Verdict};
use crate::folder::render::number::{count, money, seconds, share, words};
use crate::folder::render::output::{limited, memory, page};

fn output() -> OutputPage {
    OutputPage {
        task: task("fix-login"),
        number: 7,
        step: StepId::new("build"),
        worker: worker("gpt"),
        model: "gpt-5".to_owned(),
        role: Role::new("implementer"),
        at: Timestamp(86_400_000),
        seconds: 12.34,
        text: Text::short("unused"),
        verdicts: Vec::new(),
        usage: Usage::default(),
        cached: false,
        patch: None,
        validation: None,
    }
}

fn verdict(stance: Stance) -> Verdict {
    Verdict { stance, reading: Reading::Strict, ..Verdict::unreadable(None) }
}

#[test]
fn without_a_verdict_there_are_the_facts_and_the_text() {
    assert_eq!(
        page(&ink(), &output(), "Done.", ""),
        "# gpt: build of fix-login\n\n- Model: gpt-5, as implementer\n\
         - Attempt: 7, ended 1970-01-02T00:00:00Z after 12.3 s\n- Tokens: 0 in, 0 out\n- Cost: unknown\n\n\
         ## What it said\n\n```markdown\nDone.\n```\n"
    );
}

#[test]
fn tokens_and_cost_are_told_as_far_as_they_are_known() {
    for (input_tokens, cached_tokens, output_tokens, cost_usd, facts) in [
        (10, 0, 5, None, "- Tokens: 10 in, 5 out\n- Cost: unknown\n"),
        (10_000, 9_000, 5, Some(0.0), "- Tokens: 10,000 in (9,000 from the cache), 5 out\n- Cost: $0.0000\n"),
        (1, 1, 0, Some(1.23456), "- Tokens: 1 in (1 from the cache), 0 out\n- Cost: $1.2346\n"),
    ] {
        let usage = Usage { input_tokens, cached_tokens, output_tokens, cost_usd };
        let text = page(&ink(), &OutputPage { usage, ..output() }, "x", "");
        assert!(text.contains(facts), "{text}");
    }
}

#[test]
fn each_part_of_a_verdict_stands_where_it_is_given() {
    let claim = |place: &str, fix: &str| Claim {
        severity: Severity::Critical,
        place: place.to_owned(),
        what: "leak\n# x".to_owned(),
        fix: fix.to_owned(),
    };
    let full = Verdict {
        candidate: Some(3),
        claims: vec![claim("a.rs:1", "mask it"), claim("", ""), claim("b|c`.rs", "")],
        stated_confidence: Some(0.456),
        would_change_my_mind: "a test\n---".to_owned(),
        ..verdict(Stance::ApproveWithChanges)
    };
    let text = page(&ink(), &OutputPage { verdicts: vec![verdict(Stance::Abstain), full], ..output() }, "x", "");
    let section = text.split("\n## Verdict\n\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert_eq!(
        section,
        "- **abstain**\n- **approve with changes** on candidate 3, 0.46 sure of itself\n\
         \x20 - critical, `a.rs:1`: leak # x Fix: mask it\n  - critical: leak # x\n  - critical, `b/c'.rs`: leak # x\n\
         \x20 - Would change its mind: a test ---\n"
    );
}

#[test]
fn names_that_others_chose_open_nothing_on_the_page() {
    let hostile = "x\n## forged <!-- y -->";
    let output = OutputPage {
        worker: worker(hostile),
        step: StepId::new(hostile),
        model: format!("{hostile} {KEY}"),
        role: Role::new(hostile),
        ..output()
    };
    for text in [page(&ink(), &output, "", ""), memory(&ink(), &output, "", "f.md", 9000)] {
        assert!(!text.contains("\n## forged") && !text.contains("<!--") && !text.contains(KEY), "{text}");
        assert!(text.starts_with("# x ## forged &lt;!-- y -->: x ## forged"), "{text}");
    }
}

#[test]
fn the_memory_is_the_text_under_a_line_of_facts() {
    assert_eq!(
        memory(&ink(), &output(), "Done.\n```\n", "07-build-gpt.md", 9000),
        "# gpt: build of fix-login\n\nModel gpt-5, as implementer, attempt 7, 1970-01-02T00:00:00Z. \
         File: `outputs/fix-login/07-build-gpt.md`\n\n````markdown\nDone.\n```\n````\n"
    );
}

#[test]
fn a_limited_text_is_cut_between_characters_and_says_by_how_much() {
    for (text, bytes_max, wanted) in [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc\n[… 1 more bytes]"),
        ("éé", 3, "é\n[… 2 more bytes]"),
        ("abc", 0, "\n[… 3 more bytes]"),
        ("", 0, ""),
        (KEY, 8, "[masked]"),
        (KEY, 7, "[masked\n[… 1 more bytes]"),
    ] {
        assert_eq!(limited(&ink(), text, bytes_max), wanted, "{text:?} {bytes_max}");
    }
}

#[test]
fn numbers_are_told_as_people_read_them() {
    for (usd, text) in [(0.0, "$0.0000"), (0.00004, "$0.0000"), (0.00006, "$0.0001"), (1234.5, "$1234.5000")] {
        assert_eq!(money(usd), text);
    }
    for (time, text) in [
        (0.0, "0.0 s"),
        (-1.0, "0.0 s"),
        (0.04, "0.0 s"),
        (59.96, "60.0 s"),
        (89.9, "89.9 s"),
        (90.0, "1 min 30 s"),
        (119.6, "2 min 0 s"),
        (3600.0, "60 min 0 s"),
        (f64::INFINITY, "0.0 s"),
    ] {
        assert_eq!(seconds(time), text, "{time}");
    }
    for (number, text) in
        [(1, "1"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (u64::MAX, "18,446,744,073,709,551,615")]
    {
        assert_eq!(count(number), text);
    }
    assert_eq!((share(0.0), share(1.0), share(0.994)), ("0.00".to_owned(), "1.00".to_owned(), "0.99".to_owned()));
    assert_eq!((words("a_b_c"), words("plain")), ("a b c".to_owned(), "plain".to_owned()));
}
