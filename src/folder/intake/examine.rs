//! One look at one file: whether it is whole, what it is, and what is reported about it.

use super::found::AnswerKind;
use super::ledger::{Look, Wait, Why};
use super::pickup::{self, Picked, Stamp};
use super::spot::{Sort, Spot};
use super::{Found, Intake, format};
use crate::board::{Reason, TaskId, Timestamp};
use tokio::time::Instant;

/// Largest answering file, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

impl Intake {
    /// Looks at a file; what is found goes to the batch.
    pub(super) fn examine(&mut self, look: Look, now: Instant) {
        let Look { spot, why } = look;
        let sort = spot.sort();
        let bytes_max = match sort {
            Sort::Task | Sort::Stray => self.limits.task_bytes_max,
            _ => ANSWER_BYTES_MAX,
        };
        match pickup::pick(&spot.below(&self.coordination), bytes_max) {
            Picked::Nothing => self.ledger.vanished(&spot),
            Picked::Changing(stamp) => self.ledger.wait(spot, Wait::Moment, stamp, self.at(now)),
            Picked::Not(what, stamp) => {
                self.leave(&spot, stamp, now, format!("it {what}"), "put the file itself there");
            }
            Picked::Unreadable(error, Some(stamp)) => {
                self.leave(&spot, stamp, now, format!("it cannot be read: {error}"), "make it readable for this user");
            }
            // Its folder cannot be looked into, which is said about the folder.
            Picked::Unreadable(_, None) => self.ledger.vanished(&spot),
            Picked::Large(stamp) if !stands(why, stamp) => self.ledger.wait(spot, Wait::Moment, stamp, self.at(now)),
            Picked::Large(stamp) => self.large(&spot, &sort, stamp, now),
            Picked::Whole(_, stamp) if !stands(why, stamp) => self.ledger.wait(spot, Wait::Moment, stamp, self.at(now)),
            Picked::Whole(bytes, stamp) => {
                let unsaid = sort == Sort::Stray
                    || (bytes.is_empty() && matches!(sort, Sort::Task | Sort::Reject(_) | Sort::Answer(_)));
                if unsaid && !matches!(why, Why::Waited(_, Wait::Quiet)) {
                    return self.ledger.wait(spot, Wait::Quiet, stamp, self.at(now));
                }
                self.whole(spot, sort, bytes, stamp, now);
            }
        }
    }

    /// A file that stays where it is, said once.
    fn leave(&mut self, spot: &Spot, stamp: Stamp, now: Instant, what: String, mend: &str) {
        if self.ledger.leave(spot, stamp, self.at(now)) {
            let what = format!("{} is left where it is: {what}", spot.path());
            self.found
                .push(Found::Left { path: spot.path(), reason: Reason { what, line: None, mend: mend.to_owned() } });
        }
    }

    fn large(&mut self, spot: &Spot, sort: &Sort, stamp: Stamp, now: Instant) {
        if *sort != Sort::Task || stamp.size > pickup::HASHED_BYTES_MAX {
            return self.leave(
                spot,
                stamp,
                now,
                format!("it holds {} bytes", stamp.size),
                "write a short file and name large ones under context",
            );
        }
        match pickup::fingerprint(&spot.below(&self.coordination)) {
            Ok(hash) if self.ledger.report(spot, stamp, &hash, self.at(now)) => {
                let reason = format::too_large(stamp.size, self.limits.task_bytes_max);
                self.found.push(Found::Bad { name: spot.name.clone(), hash, reason });
            }
            Ok(_) => {}
            Err(error) => {
                self.leave(spot, stamp, now, format!("it cannot be read: {error}"), "make it readable for this user")
            }
        }
    }

    fn whole(&mut self, spot: Spot, sort: Sort, bytes: Vec<u8>, stamp: Stamp, now: Instant) {
        if sort == Sort::Stray {
            let mend = format!("name it with one of .{}", format::ENDINGS.join(" ."));
            return self.leave(&spot, stamp, now, "its ending is not one of a task file".to_owned(), &mend);
        }
        let id = match &sort {
            Sort::Approve(id) | Sort::Reject(id) | Sort::Retry(id) | Sort::Cancel(id) => Some(id.clone()),
            Sort::Answer(asked) => Some(asked.as_ref().map(|(id, _)| id.clone())),
            _ => None,
        };
        if id == Some(None) {
            let mend = "name it after the task's id, as in review-auth.approve";
            return self.leave(&spot, stamp, now, "what stands before its ending is no task id".to_owned(), mend);
        }
        let hash = pickup::hash(&bytes);
        if !self.ledger.report(&spot, stamp, &hash, self.at(now)) {
            return;
        }
        let found = match (sort, id.flatten()) {
            (Sort::Approve(_), Some(task)) => answer(&spot, task, hash, stamp.given(), AnswerKind::Approve),
            (Sort::Retry(_), Some(task)) => answer(&spot, task, hash, stamp.given(), AnswerKind::Retry),
            (Sort::Cancel(_), Some(task)) => answer(&spot, task, hash, stamp.given(), AnswerKind::Cancel),
            (Sort::Reject(_), Some(task)) => {
                let why = String::from_utf8_lossy(&bytes).trim().to_owned();
                answer(&spot, task, hash, stamp.given(), AnswerKind::Reject { why })
            }
            (Sort::Answer(asked), Some(task)) => {
                let text = String::from_utf8_lossy(&bytes).trim().to_owned();
                let which = asked.and_then(|(_, which)| which);
                answer(&spot, task, hash, stamp.given(), AnswerKind::Step { which, text })
            }
            _ => self.task(spot.name, hash, bytes),
        };
        self.found.push(found);
    }

    fn task(&self, name: String, hash: String, bytes: Vec<u8>) -> Found {
        let read = format::read(&name, &bytes, &self.root, &self.limits);
        match (read, String::from_utf8(bytes)) {
            (Ok(draft), Ok(content)) => Found::Task { name, hash, content, draft: Box::new(draft) },
            (Err(reason), _) => Found::Bad { name, hash, reason },
            // Reading refuses what is no UTF-8, so this does not come; were it to, the file is refused all the same.
            (Ok(_), Err(error)) => {
                let reason = Reason { what: error.to_string(), line: None, mend: "save it as UTF-8".to_owned() };
                Found::Bad { name, hash, reason }
            }
        }
    }
}

/// Whether the file stood still since it was first seen, or was announced as whole.
fn stands(why: Why, now: Stamp) -> bool {
    match why {
        Why::Whole => true,
        Why::Waited(before, _) => before.same_content(&now),
    }
}

fn answer(spot: &Spot, task: TaskId, hash: String, given: Timestamp, kind: AnswerKind) -> Found {
    Found::Answer { task, path: spot.path(), hash, given, kind }
}
