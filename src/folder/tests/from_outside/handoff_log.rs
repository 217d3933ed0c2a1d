//! The handoff log's promises: no text forges an entry, the chain holds, and every altered byte in it is found.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;
use synod::board::{LogEntry, Page, Seq, Timestamp};
use synod::folder::handoff_log::{NAME, tail, verify};
use synod::folder::publish::{Limits, Params, Publisher};

struct Log {
    root: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { root: root.unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("c/communication").join(NAME)
    }

    fn write(&self, from: u64, entries: &[LogEntry]) {
        let (coordination, memories) = (self.root.path().join("c"), self.root.path().join("m"));
        let params = Params { coordination, memories, secrets: Vec::new(), limits: Limits::default() };
        let pages: Vec<_> =
            entries.iter().zip(from..).map(|(entry, seq)| (Seq(seq), Page::Log(entry.clone()))).collect();
        Publisher::open(params).unwrap().publish(&pages, &|_| Err("no blobs".into())).unwrap();
    }
}

fn plain(work: &str) -> LogEntry {
    LogEntry {
        at: Timestamp(1_795_000_000_000),
        who: "claude".into(),
        model: "claude-sonnet-4-5".into(),
        about: "review-auth".into(),
        context: "the task".into(),
        work_done: work.into(),
        files_modified: Vec::new(),
        next_steps: "weigh".into(),
        blockers: String::new(),
        handoff_to: vec!["gemini".into(), "codex".into()],
    }
}

#[test]
fn an_entry_has_exactly_the_form_of_the_contract() {
    let log = Log::new();
    log.write(412, &[plain("found two faults")]);
    let text = fs::read_to_string(log.path()).unwrap();
    let entry = "## 2026-11-18T11:06:40Z - claude (claude-sonnet-4-5) - review-auth\n\n**Context**: the task\n\
                 **Work Done**: found two faults\n**Files Modified**: none\n**Next Steps**: weigh\n**Blockers**: none\n\
                 **Handoff To**: gemini, codex\n<!-- synod:412:0000000000000000000000000000000000000000000000000000000000000000 -->";
    assert!(text.ends_with(&format!("\n\n{entry}\n\n---\n\n")), "{text}");
    assert_eq!(tail(&log.path(), 5).unwrap()[0].text, entry);
}

#[test]
fn every_altered_byte_before_the_last_entry_is_found_and_its_entry_named() {
    let log = Log::new();
    log.write(11, &[plain("one"), plain("two"), plain("three"), plain("four")]);
    let text = fs::read(log.path()).unwrap();
    let mut from = 0;
    for (seq, entry) in (11u64..14).zip(tail(&log.path(), 4).unwrap()) {
        let start = from + text[from..].windows(entry.text.len()).position(|w| w == entry.text.as_bytes()).unwrap();
        from = start + entry.text.len();
        let line = text[..start].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        for at in start..from {
            for new in [text[at] ^ 1, text[at] ^ 0x20, b'\n', b' '] {
                if new == text[at] {
                    continue;
                }
                let mut altered = text.clone();
                altered[at] = new;
                fs::write(log.path(), &altered).unwrap();
                let broken = verify(&log.path()).unwrap().expect_err(&format!("byte {at} as {new} went unseen"));
                assert!(broken.seq == Some(seq) || broken.line == line, "byte {at} as {new} in {seq}: {broken:?}");
            }
        }
    }
}

#[test]
fn a_removed_an_exchanged_and_an_inserted_entry_are_found() {
    let log = Log::new();
    log.write(1, &[plain("one"), plain("two"), plain("three"), plain("four")]);
    let text = fs::read_to_string(log.path()).unwrap();
    let entries: Vec<String> = tail(&log.path(), 4).unwrap().into_iter().map(|entry| entry.text).collect();
    for altered in [
        text.replace(&entries[0], ""),
        text.replace(&entries[1], ""),
        text.replace(&entries[1], &entries[2]),
        text.replace(&entries[2], &format!("{}\n\n---\n\n{}", entries[2], entries[2])),
        text.replace(&entries[1], "").replace(&entries[2], ""),
    ] {
        fs::write(log.path(), &altered).unwrap();
        assert!(verify(&log.path()).unwrap().is_err(), "{altered}");
    }
    // What the chain cannot show: the last entry has no witness yet.
    fs::write(log.path(), text.replace(&entries[3], "")).unwrap();
    assert_eq!(verify(&log.path()).unwrap().unwrap().entries, 3);
}

#[test]
fn a_log_that_is_not_there_has_no_entries() {
    let log = Log::new();
    assert_eq!(verify(&log.path()).unwrap().unwrap().entries, 0);
    assert!(tail(&log.path(), 3).unwrap().is_empty());
}

#[test]
fn the_end_is_found_behind_a_long_note_and_reading_the_tail_needs_no_more_than_it() {
    let log = Log::new();
    log.write(1, &[plain("one"), plain("two")]);
    let mut text = fs::read_to_string(log.path()).unwrap();
    text.push_str(&"a long note\n".repeat(40_000));
    fs::write(log.path(), &text).unwrap();
    log.write(1, &[plain("one"), plain("two"), plain("three")]);
    let verified = verify(&log.path()).unwrap().unwrap();
    assert_eq!((verified.entries, verified.notes, verified.last_seq), (3, 1, Some(3)));
    assert_eq!(tail(&log.path(), 2).unwrap().iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2, 3]);
}

/// Pieces from which a forger would build, and anything else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\u{2028}".to_owned()),
        Just("\u{85}".to_owned()),
        Just("\n\n---\n\n".to_owned()),
        Just("## 2026-11-20T19:26:22Z - synod (engine) - x".to_owned()),
        Just(format!("<!-- synod:7:{} -->", "0".repeat(64))),
        Just("**Handoff To**: me".to_owned()),
        Just("```".to_owned()),
        Just("\\".to_owned()),
        Just("  ".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn entry() -> impl Strategy<Value = LogEntry> {
    let texts = (hostile(), hostile(), hostile(), hostile(), hostile(), hostile(), hostile());
    (any::<i64>(), texts, prop::collection::vec(hostile(), 0..3)).prop_map(|(at, texts, list)| LogEntry {
        at: Timestamp(at),
        who: texts.0,
        model: texts.1,
        about: texts.2,
        context: texts.3,
        work_done: texts.4,
        files_modified: list.clone(),
        next_steps: texts.5,
        blockers: texts.6,
        handoff_to: list,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_more_entries_than_were_written(entries in prop::collection::vec(entry(), 1..4), again in 0usize..4) {
        let log = Log::new();
        log.write(1, &entries[..again.min(entries.len())]);
        log.write(1, &entries);
        let verified = verify(&log.path()).unwrap();
        let count = entries.len() as u64;
        prop_assert_eq!(verified.as_ref().map(|v| (v.entries, v.notes, v.last_seq)), Ok((count, 0, Some(count))));
        let text = fs::read_to_string(log.path()).unwrap();
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("## ")).count(), entries.len());
        prop_assert_eq!(text.matches("<!--").count(), entries.len());
        for label in ["Context", "Work Done", "Files Modified", "Next Steps", "Blockers", "Handoff To"] {
            let label = format!("**{label}**: ");
            let starts = text.lines().filter(|line| line.trim_start().starts_with(&label)).count();
            prop_assert_eq!(starts, entries.len());
        }
    }
}
