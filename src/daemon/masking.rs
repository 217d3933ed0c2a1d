//! Keys are kept out of what faces are told, as they are kept out of files: the journal holds what models said, word for
//! word, and a reply must show no more of it than the page beside it.

use crate::api::{Reply, TaskRow, TaskView};
use crate::board::{Decision, Ending, Text};
use crate::folder::Masker;

/// Puts the masked text in the place of the plain one.
fn mask(masker: &Masker, text: &mut String) {
    if let std::borrow::Cow::Owned(masked) = masker.text(text) {
        *text = masked;
    }
}

/// The reply without keys. What people wrote into memories is theirs and is given as it is.
pub(super) fn masked(masker: &Masker, mut reply: Reply) -> Reply {
    match &mut reply {
        Reply::Task(view) => task(masker, view),
        Reply::Tasks { tasks, .. } => tasks.iter_mut().for_each(|one| row(masker, one)),
        Reply::Why { text, decision: why } => {
            mask(masker, text);
            decision(masker, why);
        }
        Reply::Replayed { text, changes, recorded, decision: again } => {
            mask(masker, text);
            changes.iter_mut().for_each(|change| mask(masker, change));
            recorded.iter_mut().for_each(|recorded| decision(masker, recorded));
            decision(masker, again);
        }
        Reply::Notices { notices, .. } => {
            notices.iter_mut().for_each(|notice| masker.value(&mut notice.facts, usize::MAX));
        }
        // Ids, numbers, what the files hold already, or memories.
        _ => {}
    }
    reply
}

fn row(masker: &Masker, row: &mut TaskRow) {
    mask(masker, &mut row.title);
    if let Some(Ending::Failed { why }) = &mut row.ending {
        mask(masker, why);
    }
}

fn task(masker: &Masker, view: &mut TaskView) {
    row(masker, &mut view.row);
    view.why_routed.iter_mut().for_each(|why| mask(masker, why));
    view.attempts.iter_mut().filter_map(|attempt| attempt.error.as_mut()).for_each(|error| mask(masker, error));
    if let Some(made) = &mut view.decision {
        decision(masker, made);
    }
    if let Some(answer) = &mut view.answer {
        mask(masker, answer);
    }
}

fn decision(masker: &Masker, decision: &mut Decision) {
    if let Text::Inline { text } = &mut decision.answer {
        mask(masker, text);
    }
    mask(masker, &mut decision.reasoning);
    decision.missing.iter_mut().for_each(|missing| mask(masker, missing));
    decision.review_reasons.iter_mut().for_each(|reason| mask(masker, reason));
    decision.failed_workers.iter_mut().for_each(|failed| mask(masker, &mut failed.error));
    for issue in &mut decision.issues {
        for text in [&mut issue.claim.place, &mut issue.claim.what, &mut issue.claim.fix] {
            mask(masker, text);
        }
    }
}
