//! Lists: pages over open and ended tasks, filters, and that nothing is passed over between two pages.

use super::rig::{Rig, Running, SIMPLE, id};
use super::workers::{Workers, said};
use crate::api::{Reply, Request, TaskRow};

/// A page and where the next begins.
async fn page(
    running: &Running,
    state: Option<&str>,
    limit: Option<usize>,
    before: Option<u64>,
) -> (Vec<String>, Option<u64>) {
    let request = Request::Tasks { state: state.map(str::to_owned), limit, before };
    match running.ask(request).await {
        Ok(Reply::Tasks { tasks, next }) => {
            (tasks.into_iter().map(|row: TaskRow| row.id.as_str().to_owned()).collect(), next)
        }
        other => panic!("no list: {other:?}"),
    }
}

/// Every page, one after the other.
async fn all(running: &Running, state: Option<&str>, limit: usize) -> Vec<String> {
    let (mut rows, mut before) = (Vec::new(), None);
    for _ in 0..1000 {
        let (some, next) = page(running, state, Some(limit), before).await;
        assert!(some.len() <= limit, "{} rows for a limit of {limit}", some.len());
        rows.extend(some);
        match next {
            None => return rows,
            Some(next) => {
                assert_ne!(Some(next), before, "a page must get on");
                before = Some(next);
            }
        }
    }
    panic!("the list never ends");
}

/// Ended tasks 0 … `ended`, then open tasks 0 … `open`.
async fn board(rig: &Rig, ended: usize, open: usize) -> Running {
    let workers = Workers::ruled(|_, _| said("done"));
    let running = rig.start(&workers);
    for number in 0..ended {
        let name = format!("ended-{number}");
        running.submit(&name, SIMPLE).await;
        running.rested(&name).await;
    }
    running.archived(ended).await;
    running.end().await;
    let workers = Workers::played();
    let running = rig.start(&workers);
    for number in 0..open {
        running.submit(&format!("open-{number}"), SIMPLE).await;
    }
    running
}

#[tokio::test]
async fn small_pages_show_every_task_once_open_ones_first() {
    let rig = Rig::new(&["a"]);
    let running = board(&rig, 5, 4).await;
    let whole = all(&running, None, 200).await;
    assert_eq!(whole.len(), 9);
    assert!(whole[..4].iter().all(|name| name.starts_with("open-")), "{whole:?}");
    assert_eq!(whole[4..], ["ended-4", "ended-3", "ended-2", "ended-1", "ended-0"]);
    for limit in 1..=10 {
        assert_eq!(all(&running, None, limit).await, whole, "in pages of {limit}");
    }
    running.end_hard().await;
}

#[tokio::test]
async fn a_filter_finds_what_stands_so_and_only_that() {
    let rig = Rig::new(&["a"]);
    let running = board(&rig, 3, 3).await;
    running.ask(Request::Cancel { task: id("open-1"), by: "me".to_owned() }).await.unwrap();
    for limit in [1, 2, 10] {
        let mut working = all(&running, Some("working"), limit).await;
        working.sort();
        assert_eq!(working, ["open-0", "open-2"]);
        assert_eq!(all(&running, Some("done"), limit).await, ["ended-2", "ended-1", "ended-0"]);
        assert_eq!(all(&running, Some("cancelled"), limit).await, ["open-1"]);
        assert!(all(&running, Some("failed"), limit).await.is_empty());
    }
    running.end_hard().await;
}

#[tokio::test]
async fn a_page_is_never_larger_than_the_limit_of_the_daemon_nor_smaller_than_one() {
    let mut rig = Rig::new(&["a"]);
    rig.limits.page_items_max = 2;
    let running = board(&rig, 2, 4).await;
    assert_eq!(page(&running, None, None, None).await.0.len(), 2);
    assert_eq!(page(&running, None, Some(usize::MAX), None).await.0.len(), 2);
    assert_eq!(page(&running, None, Some(0), None).await.0.len(), 1);
    assert_eq!(all(&running, None, 2).await.len(), 6);
    running.end_hard().await;
}

#[tokio::test]
async fn an_empty_board_is_an_empty_list_and_a_strange_place_no_error() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    assert_eq!(page(&running, None, None, None).await, (Vec::new(), None));
    for before in [0, 1, 77, 1 << 52, u64::MAX] {
        assert_eq!(page(&running, None, Some(5), Some(before)).await, (Vec::new(), None), "before {before}");
    }
    running.end().await;
}

#[tokio::test]
async fn a_task_looks_the_same_before_and_after_it_is_archived_but_for_what_has_happened() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    running.submit("job", SIMPLE).await;
    let rested = running.rested("job").await;
    running.archived(1).await;
    assert_eq!(running.show("job").await, rested);
    let Ok(Reply::Why { text, decision }) = running.ask(Request::Why { task: id("job") }).await else {
        panic!("no why")
    };
    assert!(text.contains("a") && Some(*decision) == rested.decision);
    running.end().await;
    let running = rig.start(&Workers::played());
    assert_eq!(running.show("job").await, rested, "also after a restart");
    assert_eq!(running.rested("job").await, rested, "and nobody waits for what is over");
    running.end().await;
}

#[tokio::test]
async fn a_state_that_there_is_not_is_refused_and_the_others_are_named() {
    let rig = Rig::new(&["claude"]);
    let running = board(&rig, 0, 1).await;
    let request = Request::Tasks { state: Some("asleep".to_owned()), limit: None, before: None };
    let error = running.ask(request).await.unwrap_err();
    assert_eq!(error.kind, crate::api::ErrorKind::Invalid);
    assert!(error.what.contains("asleep") && error.hint.contains("awaiting_person"), "{error:?}");
    for state in crate::api::TASK_STATES {
        let request = Request::Tasks { state: Some(state.to_owned()), limit: None, before: None };
        assert!(running.ask(request).await.is_ok(), "{state}");
    }
    running.end().await;
}
