//! Who has room for what a task brings along. The measuring is done where files can be read; fitting a prompt into a window
//! when the call is made stays the daemon's.

use crate::board::id::WorkerName;
use crate::board::needs::Needs;
use crate::board::rules::Rules;
use std::cmp::Reverse;

/// Takes those whose window is too small for the task out of its ranking, and says who they are. When nobody has room, the
/// largest windows come first, and that is said. A window that nobody knows is taken to be large enough.
pub(super) fn keep_those_with_room(ranked: &mut Vec<WorkerName>, needs: Needs, rules: &Rules) -> Option<String> {
    let window = |worker: &WorkerName| rules.worker(worker).and_then(|rule| rule.window_tokens);
    let has_room = |worker: &WorkerName| window(worker).is_none_or(|tokens| tokens >= needs.tokens);
    let with_window = |worker: &WorkerName| format!("{worker} ({})", window(worker).unwrap_or_default());
    let small: Vec<String> = ranked.iter().filter(|worker| !has_room(worker)).map(with_window).collect();
    if small.is_empty() {
        return None;
    }
    let tokens = needs.tokens;
    if small.len() == ranked.len() {
        ranked.sort_by_key(|worker| Reverse(window(worker)));
        let largest: Vec<String> = ranked.iter().map(with_window).collect();
        return Some(format!(
            "window: text, files and memories come to about {tokens} tokens, for which no worker has room, so the largest \
             come first and what does not fit is left out: {}",
            largest.join(", ")
        ));
    }
    ranked.retain(has_room);
    Some(format!(
        "window: not asked, because text, files and memories come to about {tokens} tokens and do not fit: {}",
        small.join(", ")
    ))
}
