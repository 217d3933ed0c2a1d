//! What a client is told while a task is worked on: one message for each attempt that begins or ends, and a sign of life in
//! between.
//! The numbers only ever rise, as the protocol wants: an ended attempt makes the next whole number, a beginning or a
//! sign of life moves a little towards it.

use super::SILENCE_MAX;
use crate::api::{Error, Notice, Reply, Request, Seq, TaskId, TaskView};
use crate::mcp::answer;
use crate::mcp::tools::Call;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use serde_json::Value;
use std::collections::BTreeSet;

/// Follows one task for one client.
pub(super) struct Progress<'a> {
    call: &'a Call,
    task: &'a TaskId,
    token: ProgressToken,
    count: Count,
}

/// The attempts, counted.
#[derive(Debug, Default)]
pub(super) struct Count {
    planned: u32,
    ended: u32,
    /// Signs of life since the last attempt ended.
    signs: u32,
    running: BTreeSet<String>,
}

/// One thing to tell.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    progress: f64,
    total: f64,
    message: String,
}

impl<'a> Progress<'a> {
    /// For a client that asked for progress.
    pub(super) fn of(call: &'a Call, task: &'a TaskId) -> Option<Self> {
        let token = call.context.meta.get_progress_token()?;
        Some(Self { call, task, token, count: Count::default() })
    }

    /// Tells of everything until the task rests.
    pub(super) async fn follow(mut self) -> Result<TaskView, Error> {
        let mut after = Seq(0);
        let wait_ms = u64::try_from(SILENCE_MAX.as_millis()).unwrap_or(u64::MAX);
        loop {
            let request = Request::Notices { after, task: Some(self.task.clone()), wait_ms };
            let Reply::Notices { notices, upto } = self.call.ask(request).await? else {
                return Err(answer::unexpected());
            };
            after = upto;
            let silent = notices.is_empty();
            let mut decided = silent;
            for notice in &notices {
                decided |= matches!(notice.event.as_str(), "task_decided" | "task_ended");
                if let Some(told) = self.count.take(notice) {
                    self.tell(told).await;
                }
            }
            // Also after a silence: a notice may have been lost to a client that was slow.
            if decided {
                let Reply::Task(view) = self.call.ask(Request::Show { task: self.task.clone() }).await? else {
                    return Err(answer::unexpected());
                };
                if view.rests() {
                    return Ok(*view);
                }
            }
            if silent {
                let told = self.count.sign_of_life();
                self.tell(told).await;
            }
        }
    }

    async fn tell(&self, told: Told) {
        let Told { progress, total, message } = told;
        let param =
            ProgressNotificationParam::new(self.token.clone(), progress).with_total(total).with_message(message);
        // Who cannot be told any more has gone, and the call ends by itself.
        let _ = self.call.context.peer.notify_progress(param).await;
    }
}

impl Count {
    /// Takes a notice in; something to tell when an attempt ended or began.
    pub(super) fn take(&mut self, notice: &Notice) -> Option<Told> {
        let worker = notice.facts.get("worker").and_then(Value::as_str).unwrap_or("a worker").to_owned();
        match notice.event.as_str() {
            "attempt_planned" => {
                self.planned += 1;
                None
            }
            "attempt_started" | "attempt_adopted" => {
                self.running.insert(worker.clone());
                Some(self.sign(&format!("{worker} began")))
            }
            "plan_changed" => self.says(notice, "why"),
            "progressed" => self.says(notice, "line"),
            "attempt_answered" => Some(self.ended(&worker, "answered")),
            "attempt_failed" => Some(self.ended(&worker, "gave no answer")),
            _ => None,
        }
    }

    /// A sentence of the notice itself.
    fn says(&mut self, notice: &Notice, fact: &str) -> Option<Told> {
        let said = notice.facts.get(fact).and_then(Value::as_str)?;
        Some(self.sign(said))
    }

    fn ended(&mut self, worker: &str, how: &str) -> Told {
        self.running.remove(worker);
        self.ended += 1;
        self.signs = 0;
        let of = self.planned.max(self.ended);
        self.told(f64::from(self.ended), format!("{worker} {how} ({} of {of})", self.ended))
    }

    /// Something to tell when nothing happened.
    pub(super) fn sign_of_life(&mut self) -> Told {
        let running: Vec<&str> = self.running.iter().map(String::as_str).collect();
        let waiting =
            if running.is_empty() { "waiting".to_owned() } else { format!("waiting for {}", running.join(", ")) };
        self.sign(&waiting)
    }

    /// A step towards the next whole number.
    fn sign(&mut self, what: &str) -> Told {
        self.signs += 1;
        let share = f64::from(self.signs) / f64::from(self.signs + 1);
        let of = self.planned.max(self.ended);
        self.told(f64::from(self.ended) + share, format!("{what} ({} of {of})", self.ended))
    }

    /// The decision is one more thing to come, so the total is not reached before it.
    fn told(&self, progress: f64, message: String) -> Told {
        Told { progress, total: f64::from(self.planned.max(self.ended) + 1), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Timestamp;
    use serde_json::json;

    fn notice(event: &str, worker: &str) -> Notice {
        Notice {
            seq: Seq(1),
            at: Timestamp(0),
            task: None,
            event: event.to_owned(),
            facts: json!({ "worker": worker }),
        }
    }

    #[test]
    fn the_numbers_only_rise_and_the_total_is_never_reached_early() {
        let mut count = Count::default();
        let mut told = Vec::new();
        for worker in ["claude", "gemini"] {
            assert_eq!(count.take(&notice("attempt_planned", worker)), None);
            told.extend(count.take(&notice("attempt_started", worker)));
        }
        told.push(count.sign_of_life());
        told.push(count.sign_of_life());
        told.extend(count.take(&notice("attempt_answered", "claude")));
        told.push(count.sign_of_life());
        // A fallback is planned later: the total grows.
        assert_eq!(count.take(&notice("attempt_planned", "grok")), None);
        told.extend(count.take(&notice("attempt_failed", "gemini")));
        told.extend(count.take(&notice("attempt_answered", "grok")));
        assert!(told.windows(2).all(|pair| pair[0].progress < pair[1].progress), "{told:?}");
        assert!(told.iter().all(|told| told.progress < told.total), "{told:?}");
        let messages: Vec<&str> = told.iter().map(|told| told.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "claude began (0 of 1)",
                "gemini began (0 of 2)",
                "waiting for claude, gemini (0 of 2)",
                "waiting for claude, gemini (0 of 2)",
                "claude answered (1 of 2)",
                "waiting for gemini (1 of 2)",
                "gemini gave no answer (2 of 3)",
                "grok answered (3 of 3)",
            ]
        );
    }
}
