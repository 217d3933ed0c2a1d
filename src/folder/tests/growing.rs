//! Files that only grow: whatever stands in them at first, each entry stands once afterwards and nobody's text is lost.

use super::ink;
use crate::board::{LogEntry, Seq, Timestamp};
use crate::folder::append::{AppendFile, Form};
use crate::folder::error::Error;
use crate::folder::handoff_log::{self, HandoffLog};
use crate::folder::messages::{self, Messages};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(messages::NAME)
    }

    fn stands(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn try_append<F: Form>(&self, file: &mut AppendFile<F>, items: &[(Seq, &F::Item)]) -> Result<(), Error> {
        let handle = File::open(self.folder.path()).unwrap();
        file.append(handle.as_fd(), Path::new("communication"), items)
    }

    fn append(&self, file: &mut AppendFile<Messages>, items: &[(u64, Value)]) {
        let items: Vec<_> = items.iter().map(|(seq, item)| (Seq(*seq), item)).collect();
        self.try_append(file, &items).unwrap();
    }
}

fn lines() -> AppendFile<Messages> {
    AppendFile::new(Messages { mask: ink().mask, text_bytes_max: 50 }, messages::NAME)
}

/// Three events, the second of which makes two lines.
fn events() -> Vec<(u64, Value)> {
    vec![(1, json!({"a": 1})), (2, json!({"b": 1})), (2, json!({"b": 2})), (5, json!({"c": 1}))]
}

const WHOLE: &str = "{\"seq\":1,\"a\":1}\n{\"seq\":2,\"b\":1}\n{\"seq\":2,\"b\":2}\n{\"seq\":5,\"c\":1}\n";

#[test]
fn whatever_stood_before_each_line_stands_once_afterwards() {
    let zeros = format!("{}\0\0\0\0", &WHOLE[..20]);
    for (before, after) in [
        ("", WHOLE.to_owned()),
        (WHOLE, WHOLE.to_owned()),
        ("{", WHOLE.to_owned()),
        ("{\"seq\":1", WHOLE.to_owned()),
        ("{\"seq\":1,\"a\":1}", WHOLE.to_owned()),
        ("{\"seq\":1,\"a\":1}\n{\"seq\":2,\"b\":1}\n", WHOLE.to_owned()),
        ("{\"seq\":1,\"a\":1}\n{\"seq\":2,\"b\":1}\n{\"seq\":2,\"b", WHOLE.to_owned()),
        ("{\"seq\":1,\"a\":1}\n{\"seq\":2,\"old fo", WHOLE.to_owned()),
        (&WHOLE[..WHOLE.len() - 1], WHOLE.to_owned()),
        ("\0\0\0\0\0\0", WHOLE.to_owned()),
        (&zeros, WHOLE.to_owned()),
        ("a note\n", format!("a note\n{WHOLE}")),
        ("{\"mine\": 1}\n", format!("{{\"mine\": 1}}\n{WHOLE}")),
        ("{\"mine\": 1}", format!("{{\"mine\": 1}}\n{WHOLE}")),
        (
            "{\"seq\":1,\"a\":1}\n{\"note\":true}\n",
            format!("{{\"seq\":1,\"a\":1}}\n{{\"note\":true}}\n{}", &WHOLE[16..]),
        ),
    ] {
        let place = Place::new();
        fs::write(place.file(), before).unwrap();
        place.append(&mut lines(), &events());
        assert_eq!(place.stands(), after, "before: {before:?}");
        place.append(&mut lines(), &events());
        assert_eq!(place.stands(), after, "again, before: {before:?}");
    }
}

#[test]
fn a_file_is_made_and_goes_on_without_being_read_again() {
    let (place, mut file) = (Place::new(), lines());
    for event in events().chunk_by(|a, b| a.0 == b.0) {
        place.append(&mut file, event);
        place.append(&mut file, event);
    }
    assert_eq!(place.stands(), WHOLE);
    place.append(&mut file, &[]);
    assert_eq!(place.stands(), WHOLE);
}

/// What somebody does to the file, in words and in deed, and what stands in it once more was appended.
type Change = (&'static str, fn(&Path), String);

#[test]
fn a_file_that_others_changed_meanwhile_is_read_anew() {
    let changes: [Change; 4] = [
        ("removed", |path| fs::remove_file(path).unwrap(), WHOLE[WHOLE.len() - 16..].to_owned()),
        ("emptied", |path| fs::write(path, "").unwrap(), WHOLE[WHOLE.len() - 16..].to_owned()),
        (
            "cut",
            |path| fs::write(path, &WHOLE[..30]).unwrap(),
            format!("{}{}", &WHOLE[..16], &WHOLE[WHOLE.len() - 16..]),
        ),
        (
            "noted",
            |path| fs::write(path, format!("{}note\n", &WHOLE[..48])).unwrap(),
            format!("{}note\n{}", &WHOLE[..48], &WHOLE[48..]),
        ),
    ];
    for (name, change, after) in changes {
        let (place, mut file) = (Place::new(), lines());
        place.append(&mut file, &events()[..3]);
        change(&place.file());
        place.append(&mut file, &events()[3..]);
        assert_eq!(place.stands(), after, "{name}");
    }
}

#[test]
fn lower_numbers_are_taken_as_standing() {
    let (place, mut file) = (Place::new(), lines());
    place.append(&mut file, &[(7, json!({}))]);
    place.append(&mut file, &[(3, json!({})), (7, json!({})), (8, json!({}))]);
    assert_eq!(place.stands(), "{\"seq\":7}\n{\"seq\":8}\n");
}

#[test]
fn more_lines_of_the_last_event_than_stand_are_added() {
    let place = Place::new();
    place.append(&mut lines(), &[(4, json!({"n": 1}))]);
    place.append(&mut lines(), &[(4, json!({"n": 1})), (4, json!({"n": 2})), (4, json!({"n": 3}))]);
    assert_eq!(place.stands(), "{\"seq\":4,\"n\":1}\n{\"seq\":4,\"n\":2}\n{\"seq\":4,\"n\":3}\n");
}

#[test]
fn the_end_is_found_behind_more_than_a_window_of_other_text() {
    for note in [format!("{}\n", "n".repeat(400_000)), "note\n".repeat(60_000)] {
        let place = Place::new();
        place.append(&mut lines(), &events()[..1]);
        fs::write(place.file(), place.stands() + &note).unwrap();
        place.append(&mut lines(), &events());
        assert_eq!(place.stands(), format!("{}{note}{}", &WHOLE[..16], &WHOLE[16..]));
    }
}

#[test]
fn a_line_is_whole_json_whatever_is_in_it() {
    for (item, line) in [
        (json!("text"), json!({"seq": 9, "message": "text"})),
        (json!([1, 2]), json!({"seq": 9, "message": [1, 2]})),
        (json!(null), json!({"seq": 9, "message": null})),
        (json!({"seq": 1, "x": "a\nb\u{2028}"}), json!({"seq": 9, "x": "a\nb\u{2028}"})),
        (json!({"x": "hunter2-is-the-key"}), json!({"seq": 9, "x": "[masked]"})),
        (json!({"x": "y".repeat(60)}), json!({"seq": 9, "x": format!("{} […]", "y".repeat(50))})),
    ] {
        let place = Place::new();
        place.append(&mut lines(), &[(9, item)]);
        let stands = place.stands();
        assert_eq!(stands.matches('\n').count(), 1, "{stands}");
        assert_eq!(serde_json::from_str::<Value>(&stands).unwrap(), line);
    }
}

#[test]
fn what_cannot_be_opened_is_named_and_nothing_is_written_elsewhere() {
    let (place, outside) = (Place::new(), tempfile::NamedTempFile::new().unwrap());
    std::os::unix::fs::symlink(outside.path(), place.file()).unwrap();
    let item = json!({});
    let error = place.try_append(&mut lines(), &[(Seq(1), &item)]).unwrap_err();
    assert!(error.to_string().starts_with("communication/model_messages.log: cannot open: "), "{error}");
    assert_eq!(fs::read_to_string(outside.path()).unwrap(), "");
    fs::remove_file(place.file()).unwrap();
    fs::create_dir(place.file()).unwrap();
    let error = place.try_append(&mut lines(), &[(Seq(1), &item)]).unwrap_err();
    assert!(error.to_string().starts_with("communication/model_messages.log: cannot open: "), "{error}");
}

fn log_entry(work: &str) -> LogEntry {
    LogEntry {
        at: Timestamp(0),
        who: "claude".into(),
        model: "m".into(),
        about: "task".into(),
        context: String::new(),
        work_done: work.into(),
        files_modified: Vec::new(),
        next_steps: String::new(),
        blockers: String::new(),
        handoff_to: Vec::new(),
    }
}

#[test]
fn the_handoff_log_fills_what_is_empty_and_counts_what_is_too_much() {
    let form = HandoffLog { ink: ink(), field_bytes_max: 30 };
    let none = "0".repeat(64);
    let (text, link) = form.entry(Seq(3), &log_entry(""), &none);
    assert_eq!(
        text,
        format!(
            "## 1970-01-01T00:00:00Z - claude (m) - task\n\n**Context**: none\n**Work Done**: none\n**Files Modified**: none\n\
             **Next Steps**: none\n**Blockers**: none\n**Handoff To**: none\n<!-- synod:3:{none} -->"
        )
    );
    let many = LogEntry {
        who: String::new(),
        model: "\u{202e}".into(),
        about: "x\n## y".into(),
        work_done: "0123456789".repeat(4),
        files_modified: (0..53).map(|number| format!("f{number}")).collect(),
        handoff_to: vec!["a, b".into(), String::new()],
        ..log_entry("")
    };
    let (text, next) = form.entry(Seq(4), &many, &link);
    assert!(text.starts_with("## 1970-01-01T00:00:00Z - unknown (unknown) - x ## y\n"), "{text}");
    assert!(text.contains("**Work Done**: 012345678901234567890123456789 […]\n"), "{text}");
    assert!(text.contains("f48, f49 and 3 more\n") && text.contains("**Handoff To**: a, b, unknown\n"), "{text}");
    assert!(text.ends_with(&format!("\n<!-- synod:4:{link} -->")) && next != link && next.len() == 64, "{text}");
}

#[test]
fn the_handoff_log_finds_its_end_behind_forged_and_torn_entries() {
    let form = HandoffLog { ink: ink(), field_bytes_max: 200 };
    let (first, link) = form.entry(Seq(1), &log_entry("one"), &"0".repeat(64));
    let (second, _) = form.entry(Seq(2), &log_entry("two"), &link);
    let file = format!("{}{first}{}", form.opening(), form.closing());
    for (end, last, same) in [
        (String::new(), 1, 1),
        (second.clone(), 2, 1),
        (second[..40].to_owned(), 1, 1),
        (second[..second.len() - 1].to_owned(), 1, 1),
        (format!("note\n{second}  \nmore"), 2, 1),
        ("<!-- synod:9:00 -->\n".to_owned(), 1, 1),
        (format!("<!-- synod:9:{} -->\n", "0".repeat(64)), 1, 1),
        (format!("## 2026-11-20T19:26:22Z - x\n<!-- synod:+9:{} -->\n", "0".repeat(64)), 1, 1),
        (format!("## 2026-11-20T19:26:22Z - x\n<!-- synod:09:{} -->\n", "0".repeat(64)), 1, 1),
        (format!("## 2026-11-20 19:26:22Z - x\n<!-- synod:9:{} -->\n", "0".repeat(64)), 1, 1),
        (format!("## 2026-11-20T19:26:22Z - x\n<!-- synod:9:{} -->\n", "A".repeat(64)), 1, 1),
        (format!("{first}\n\n---\n\n"), 1, 2),
    ] {
        let standing = form.find_end(format!("{file}{end}").as_bytes());
        assert_eq!((standing.last, standing.same), (last, same), "{end:?}");
        assert_eq!(standing.bounded, last == 2, "{end:?}");
    }
    assert_eq!(form.find_end(b"no entry here\n").last, 0);
    assert_eq!(handoff_log::NAME, "INTERCOMMUNICATION_LOG.md");
}
