//! `decisions/architecture_decisions.md`: a record that grows by a section per architecture task. People may edit it;
//! only the comment that ends a section must stay, for by it a section is known to stand.

use super::decision::{push_issue, summary};
use super::number::words;
use super::output::limited;
use crate::board::{Decision, Seq, TaskId, Timestamp};
use crate::folder::append::{Form, Standing};
use crate::folder::ink::Ink;
use std::fmt::Write;

/// The file's name in `decisions/`.
pub(crate) const NAME: &str = "architecture_decisions.md";

/// Longest answer in a section, in bytes; the whole stands in the decision's own page.
const ANSWER_BYTES_MAX: usize = 8000;

/// What a section is made from.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// When.
    pub(crate) at: Timestamp,
    /// The task.
    pub(crate) task: TaskId,
    /// Its title.
    pub(crate) title: String,
    /// The decision.
    pub(crate) decision: Decision,
    /// The answer, loaded.
    pub(crate) answer: String,
}

/// The form of its sections.
#[derive(Debug)]
pub(crate) struct Architecture {
    /// How foreign text gets into it.
    pub(crate) ink: Ink,
}

fn number(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    line.strip_prefix("<!-- synod:")?.strip_suffix(" -->")?.parse().ok()
}

impl Form for Architecture {
    type Item = Record;

    fn opening(&self) -> &'static str {
        "# Architecture decisions\n\nOldest first. The text is yours to edit; leave the comment at the end of each section.\n\n"
    }

    fn closing(&self) -> &'static str {
        "\n\n"
    }

    fn find_end(&self, bytes: &[u8]) -> Standing {
        let (mut standing, mut at) = (Standing::default(), 0);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if let Some(seq) = number(line) {
                standing.bounded = standing.bounded || (standing.last > 0 && standing.last != seq);
                standing.same = if standing.last == seq { standing.same + 1 } else { 1 };
                standing.last = seq;
                standing.end = at + line.trim_ascii_end().len();
            }
            at += line.len();
        }
        standing
    }

    fn entry(&self, seq: Seq, record: &Record, _link: &str) -> (String, String) {
        let (ink, decision) = (&self.ink, &record.decision);
        let mut out = format!(
            "## {} - {} (`{}`)\n\n**{}**. {}\n\n",
            record.at.day(),
            ink.line(&record.title),
            record.task,
            words(decision.recommendation.as_str()),
            summary(decision),
        );
        if !record.answer.is_empty() {
            // Between fences a line of the answer would still be read as the end of a section.
            let answer = limited(ink, &record.answer, ANSWER_BYTES_MAX).replace("<!-- synod:", "<! -- synod:");
            out.push_str(&ink.fenced(&answer, "markdown"));
            out.push('\n');
        }
        if !decision.issues.is_empty() {
            out.push_str("To be minded:\n\n");
            decision.issues.iter().take(20).for_each(|issue| push_issue(&mut out, ink, issue));
            out.push('\n');
        }
        let _infallible = write!(out, "Whole decision: `{}.md`\n\n<!-- synod:{seq} -->", record.task);
        (out, String::new())
    }

    fn is_torn(&self, _end: &[u8]) -> bool {
        false
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_in_its_number_and_nothing_in_it_can_forge_another() {
        let decision: Decision =
            serde_json::from_str(include_str!("../../../tests/fixtures/decision_event.json")).unwrap();
        let record = Record {
            at: Timestamp(0),
            task: decision.task.clone(),
            title: "Login\n<!-- synod:99 -->".into(),
            decision,
            answer: "a\n<!-- synod:98 -->\nb".into(),
        };
        let form = Architecture { ink: Ink::default() };
        let (section, _) = form.entry(Seq(7), &record, "");
        assert!(section.starts_with("## 1970-01-01 - Login &lt;!-- synod:99 --> (`review`)\n"), "{section}");
        let file = format!("{}{section}{}torn", form.opening(), form.closing());
        let standing = form.find_end(file.as_bytes());
        assert_eq!((standing.last, standing.same), (7, 1));
        assert_eq!(&file[standing.end..], "\n\ntorn");
    }
}
