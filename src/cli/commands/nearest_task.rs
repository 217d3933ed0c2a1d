//! The task that was most likely meant, when there is none of the id that was written.

use crate::api::{Error, ErrorKind, Handle, Reply, Request, TaskId};
use crate::config;

/// Tasks looked through, open ones first, then ended ones from the newest.
const TASKS_MAX: usize = 1_000;

/// The task that a request names, where it must be there already.
pub(super) fn named(request: &Request) -> Option<TaskId> {
    if let Request::Show { task }
    | Request::Why { task }
    | Request::Replay { task, .. }
    | Request::Cancel { task, .. }
    | Request::Retry { task, .. }
    | Request::Approve { task, .. }
    | Request::Answer { task, .. }
    | Request::Reject { task, .. } = request
    {
        return Some(task.clone());
    }
    None
}

/// The same error; where it says that there is no such task, with the nearest id that there is.
pub(super) async fn with_hint(handle: &Handle, written: &TaskId, error: Error) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let all = Request::Tasks { state: None, limit: Some(TASKS_MAX), before: None };
    // Finding none is no error of its own: another is told already.
    let Ok(Reply::Tasks { tasks, .. }) = handle.ask(all).await else { return error };
    let ids: Vec<&str> = tasks.iter().map(|row| row.id.as_str()).collect();
    match of(written.as_str(), &ids) {
        Some(near) => error.hint(format!("did you mean {near}? see all of them with: synod tasks")),
        None => error,
    }
}

/// The id that begins like the written one, when only one does, or that has a slip in it.
fn of<'a>(written: &str, ids: &[&'a str]) -> Option<&'a str> {
    let mut begun = ids.iter().copied().filter(|id| id.starts_with(written));
    match (begun.next(), begun.next()) {
        (Some(only), None) => Some(only),
        _ => config::nearest(written, ids.iter().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_id_that_was_meant() {
        let ids = ["review-the-login-code", "review-the-cache", "plan"];
        for (written, meant) in [
            ("review-the-l", Some("review-the-login-code")),
            ("review-the", None),
            ("paln", Some("plan")),
            ("reviw-the-cache", Some("review-the-cache")),
            ("other", None),
        ] {
            assert_eq!(of(written, &ids), meant, "{written}");
        }
    }
}
