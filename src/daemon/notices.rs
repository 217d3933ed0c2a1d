//! The last notices, and those who wait for the next ones. Bounded: who falls behind goes on from the oldest kept.

use super::incoming::NoticeQuery;
use crate::api::Notice;
use crate::board::{Seq, TaskId};
use std::collections::VecDeque;

/// Most notices in one reply.
const NOTICES_PER_REPLY_MAX: usize = 512;

/// Recent notices and waiting askers.
#[derive(Debug)]
pub(super) struct Notices {
    recent: VecDeque<Notice>,
    kept_max: usize,
    waiting: Vec<NoticeQuery>,
}

impl Notices {
    /// Keeps at most `kept_max` notices.
    pub(super) fn new(kept_max: usize) -> Self {
        Self { recent: VecDeque::new(), kept_max, waiting: Vec::new() }
    }

    /// Takes a notice in. Askers are answered by [`Self::tell`], once the batch is stored.
    pub(super) fn push(&mut self, notice: Notice) {
        if self.recent.len() >= self.kept_max {
            self.recent.pop_front();
        }
        self.recent.push_back(notice);
    }

    /// Answers at once when there is something to tell, else when there is.
    pub(super) fn ask(&mut self, query: NoticeQuery, upto: Seq) {
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        if let Some(query) = self.answer(query, upto) {
            self.waiting.push(query);
        }
    }

    /// Answers those for whom something has come.
    pub(super) fn tell(&mut self, upto: Seq) {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting = waiting.into_iter().filter_map(|query| self.answer(query, upto)).collect();
    }

    fn answer(&self, query: NoticeQuery, upto: Seq) -> Option<NoticeQuery> {
        let from = self.recent.partition_point(|notice| notice.seq <= query.after);
        let wanted = |notice: &&Notice| query.task.is_none() || notice.task.as_ref() == query.task.as_ref();
        let found: Vec<Notice> =
            self.recent.range(from..).filter(wanted).take(NOTICES_PER_REPLY_MAX).cloned().collect();
        if found.is_empty() && query.waits {
            return Some(query);
        }
        let upto = if found.len() == NOTICES_PER_REPLY_MAX { found.last().map_or(upto, |last| last.seq) } else { upto };
        // An asker that has gone away needs no answer.
        let _ = query.reply.send((found, upto));
        None
    }
}

/// The notice of an event, from its message line.
pub(super) fn notice(seq: Seq, task: Option<&TaskId>, event: &crate::board::Event, facts: serde_json::Value) -> Notice {
    Notice { seq, at: event.at(), task: task.cloned(), event: event.name().to_owned(), facts }
}
