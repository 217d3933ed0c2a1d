//! Notices as sentences. It remembers when each call began, so that its end can say how long it took. Facts that are
//! missing (another version's notices) make a shorter sentence, never an error.

use crate::api::{Notice, Timestamp};
use crate::cli::view::{money, seconds};
use serde_json::Value;
use std::collections::BTreeMap;

/// One thing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// About the task as a whole.
    Task(String),
    /// A call began.
    Began {
        /// The attempt's number.
        attempt: u64,
        /// Who was asked.
        worker: String,
        /// What is said of it.
        what: String,
    },
    /// A call ended.
    Ended {
        /// The attempt's number.
        attempt: u64,
        /// Who was asked.
        worker: String,
        /// Whether there is an answer.
        well: bool,
        /// What is said of it.
        what: String,
    },
}

impl Told {
    /// The sentence as a line of its own.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Task(what) => what.clone(),
            Self::Began { worker, what, .. } | Self::Ended { worker, what, .. } => format!("{worker}: {what}"),
        }
    }
}

/// What is remembered from one notice to the next.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// The step that each attempt was planned for.
    steps: BTreeMap<u64, String>,
    /// When each attempt began.
    began: BTreeMap<u64, Timestamp>,
}

impl Story {
    /// The sentence for a notice; `None`: nothing a person needs to see.
    pub(super) fn hear(&mut self, notice: &Notice) -> Option<Told> {
        let facts = &notice.facts;
        match notice.event.as_str() {
            "task_accepted" => Some(Told::Task(accepted(notice))),
            "attempt_planned" => {
                self.steps.insert(number(facts)?, text(facts, "/step").to_owned());
                let rung = facts.get("rung").and_then(Value::as_str).map(|rung| rung.replace('_', " "));
                rung.map(|rung| Told::Task(format!("{}: {rung}: {}", text(facts, "/step"), text(facts, "/why"))))
            }
            "plan_changed" => Some(Told::Task(format!("plan: {}", text(facts, "/why")))),
            "progressed" => Some(Told::Task(text(facts, "/line").to_owned())),
            "attempt_started" => self.began(notice, "working"),
            "attempt_adopted" => self.began(notice, "still working since before the restart"),
            "attempt_answered" => {
                let cost = facts.pointer("/usage/cost_usd").and_then(Value::as_f64);
                let cost = cost.map(|cost| format!(", {}", money(cost))).unwrap_or_default();
                self.ended(notice, true, &format!("answered{}{cost}", self.time(notice)))
            }
            "attempt_failed" => {
                let why = text(facts, "/failure/message");
                self.ended(notice, false, &format!("failed{}: {why}", self.time(notice)))
            }
            "dependency_ended" => {
                let well = facts.get("well").and_then(Value::as_bool) == Some(true);
                let how = if well { "has ended well" } else { "has not ended well" };
                Some(Told::Task(format!("{}, which it waited for, {how}", text(facts, "/on"))))
            }
            "task_decided" => {
                let confidence = facts.get("confidence").and_then(Value::as_f64).unwrap_or_default();
                let advice = text(facts, "/recommendation").replace('_', " ");
                Some(Told::Task(format!("decided: {advice} (confidence {confidence:.2})")))
            }
            "person_answered" => Some(Told::Task(format!("{} has answered", text(facts, "/by")))),
            _ => None,
        }
    }

    fn began(&mut self, notice: &Notice, what: &str) -> Option<Told> {
        let attempt = number(&notice.facts)?;
        self.began.insert(attempt, notice.at);
        let step = self.steps.get(&attempt).map(|step| format!(" on {step}")).unwrap_or_default();
        Some(Told::Began { attempt, worker: worker(notice), what: format!("{what}{step}") })
    }

    fn ended(&self, notice: &Notice, well: bool, what: &str) -> Option<Told> {
        Some(Told::Ended { attempt: number(&notice.facts)?, worker: worker(notice), well, what: what.to_owned() })
    }

    /// How long the call took, where its beginning was seen.
    fn time(&self, notice: &Notice) -> String {
        let began = number(&notice.facts).and_then(|attempt| self.began.get(&attempt));
        began.map(|began| format!(" after {}", seconds(notice.at.since(*began).as_secs_f64()))).unwrap_or_default()
    }
}

fn accepted(notice: &Notice) -> String {
    let facts = &notice.facts;
    let task = notice.task.as_ref().map(ToString::to_string).unwrap_or_default();
    let workers: Vec<&str> =
        facts.get("workers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    format!("{task}: taken as {} ({}), for {}", text(facts, "/kind"), text(facts, "/mode"), workers.join(", "))
}

fn number(facts: &Value) -> Option<u64> {
    facts.get("attempt").and_then(Value::as_u64)
}

fn worker(notice: &Notice) -> String {
    text(&notice.facts, "/worker").to_owned()
}

fn text<'a>(facts: &'a Value, pointer: &str) -> &'a str {
    facts.pointer(pointer).and_then(Value::as_str).unwrap_or("?")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::api::{Seq, TaskId};
    use serde_json::json;

    fn notice(at: i64, event: &str, facts: Value) -> Notice {
        Notice { seq: Seq(1), at: Timestamp(at), task: TaskId::parse("review-auth"), event: event.into(), facts }
    }

    #[test]
    fn a_tasks_course_in_sentences() {
        let mut story = Story::default();
        let mut lines = Vec::new();
        for (at, event, facts) in [
            (0, "task_accepted", json!({"kind": "check", "mode": "complex", "workers": ["claude", "codex"]})),
            (0, "attempt_planned", json!({"attempt": 1, "step": "work", "worker": "claude"})),
            (0, "attempt_started", json!({"attempt": 1, "worker": "claude"})),
            (0, "attempt_started", json!({"attempt": 2, "worker": "codex"})),
            (12_300, "attempt_answered", json!({"attempt": 1, "worker": "claude", "usage": {"cost_usd": 0.0042}})),
            (60_000, "attempt_failed", json!({"attempt": 2, "worker": "codex", "failure": {"message": "timeout"}})),
            (60_001, "task_decided", json!({"recommendation": "proceed_with_caution", "confidence": 0.8712})),
            (60_002, "task_archived", json!({})),
        ] {
            lines.extend(story.hear(&notice(at, event, facts)).map(|told| told.line()));
        }
        assert_eq!(
            lines,
            [
                "review-auth: taken as check (complex), for claude, codex",
                "claude: working on work",
                "codex: working",
                "claude: answered after 12.3 s, $0.0042",
                "codex: failed after 1 min 0 s: timeout",
                "decided: proceed with caution (confidence 0.87)",
            ]
        );
    }

    #[test]
    fn facts_that_are_missing_only_shorten_the_sentence() {
        let mut story = Story::default();
        let told = story.hear(&notice(0, "attempt_answered", json!({"attempt": 3}))).unwrap();
        assert_eq!(told.line(), "?: answered");
        assert_eq!(story.hear(&notice(0, "attempt_started", json!({}))), None);
        assert_eq!(story.hear(&notice(0, "of_a_later_version", json!(null))), None);
    }
}
