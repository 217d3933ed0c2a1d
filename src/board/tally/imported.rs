//! Records that another system kept, once they are read: added to the sums as if they had been counted here.

use super::{Day, IMPORTS_MAX, Tallies, Tally};
use crate::board::id::{Kind, Role, WorkerName};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an imported file says of one worker in one role on one kind of task, on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// The day.
    pub day: Day,
    /// Who.
    pub worker: WorkerName,
    /// In which role.
    pub role: Role,
    /// On what.
    pub kind: Kind,
    /// What was counted. Each entry of the file was a task of its own.
    pub tally: Tally,
}

impl Tallies {
    pub(super) fn import(&mut self, hash: &str, records: &[Imported]) {
        for Imported { day, worker, role, kind, tally } in records {
            let who = (worker, role, kind);
            self.in_slices(day, |slice| {
                slice.ended.done += tally.done;
                slice.ended.failed += tally.tasks.saturating_sub(tally.done);
                slice.call(who, tally);
            });
            self.in_pair(who, |pair| pair.add(tally));
        }
        let imports = Arc::make_mut(&mut self.imports);
        if imports.len() >= IMPORTS_MAX {
            imports.remove(0);
        }
        imports.push(hash.to_owned());
    }
}
