//! The ring of notices: order, filters, who falls behind, who waits and who has gone.

use super::rig::{REVIEW, Rig, SIMPLE, id};
use super::workers::{Workers, said, verdict};
use crate::api::{Notice, Reply, Request};
use crate::board::{Seq, TaskId, Timestamp};
use crate::daemon::incoming::NoticeQuery;
use crate::daemon::notices::Notices;
use tokio::sync::oneshot;

type Told = oneshot::Receiver<(Vec<Notice>, Seq)>;

fn notice(seq: u64, task: Option<&str>) -> Notice {
    let facts = serde_json::json!({ "number": seq });
    Notice { seq: Seq(seq), at: Timestamp(0), task: task.map(id), event: "something".to_owned(), facts }
}

fn ask(notices: &mut Notices, after: u64, task: Option<TaskId>, upto: u64) -> Told {
    let (reply, told) = oneshot::channel();
    notices.ask(NoticeQuery { after: Seq(after), task, waits: true, reply }, Seq(upto));
    told
}

fn seqs(told: &mut Told) -> (Vec<u64>, u64) {
    let (notices, upto) = told.try_recv().unwrap();
    (notices.iter().map(|notice| notice.seq.0).collect(), upto.0)
}

fn ring(kept_max: usize, upto: u64) -> Notices {
    let mut notices = Notices::new(kept_max);
    for seq in 1..=upto {
        notices.push(notice(seq, Some(if seq % 2 == 0 { "even" } else { "odd" })));
    }
    notices
}

#[test]
fn what_came_after_a_point_is_told_at_once_and_in_order() {
    let mut notices = ring(100, 6);
    assert_eq!(seqs(&mut ask(&mut notices, 3, None, 6)), (vec![4, 5, 6], 6));
    assert_eq!(seqs(&mut ask(&mut notices, 0, None, 6)), (vec![1, 2, 3, 4, 5, 6], 6));
}

#[test]
fn only_those_of_the_task_are_told_and_the_point_moves_past_the_others() {
    let mut notices = ring(100, 7);
    assert_eq!(seqs(&mut ask(&mut notices, 0, Some(id("even")), 7)), (vec![2, 4, 6], 7));
}

#[test]
fn who_has_seen_everything_waits_until_there_is_more() {
    let mut notices = ring(100, 3);
    let mut told = ask(&mut notices, 3, None, 3);
    assert!(told.try_recv().is_err());
    notices.tell(Seq(3));
    assert!(told.try_recv().is_err(), "nothing has come");
    notices.push(notice(4, None));
    assert!(told.try_recv().is_err(), "it is not stored yet");
    notices.tell(Seq(4));
    assert_eq!(seqs(&mut told), (vec![4], 4));
}

#[test]
fn who_waits_for_one_task_is_not_woken_by_another() {
    let mut notices = ring(100, 2);
    let mut told = ask(&mut notices, 2, Some(id("odd")), 2);
    notices.push(notice(4, Some("even")));
    notices.tell(Seq(4));
    assert!(told.try_recv().is_err());
    notices.push(notice(5, Some("odd")));
    notices.tell(Seq(5));
    assert_eq!(seqs(&mut told), (vec![5], 5));
}

#[test]
fn who_falls_behind_goes_on_from_the_oldest_that_is_kept() {
    let mut notices = ring(3, 10);
    assert_eq!(seqs(&mut ask(&mut notices, 1, None, 10)), (vec![8, 9, 10], 10));
}

#[test]
fn the_ring_never_grows_beyond_its_bound() {
    for kept_max in [0, 1, 5] {
        let mut notices = ring(kept_max, 50);
        let (kept, _) = seqs(&mut ask(&mut notices, 0, None, 50));
        assert!(kept.len() <= kept_max.max(1), "{kept_max}: {kept:?}");
        assert_eq!(kept.last(), Some(&50));
    }
}

#[test]
fn a_long_reply_is_cut_and_goes_on_where_it_was_cut() {
    let mut notices = ring(2000, 1500);
    let (mut after, mut all) = (0, Vec::new());
    while after < 1500 {
        let (some, upto) = seqs(&mut ask(&mut notices, after, None, 1500));
        assert!(some.len() <= 512 && upto > after);
        all.extend(some);
        after = upto;
    }
    assert_eq!(all, (1..=1500).collect::<Vec<u64>>());
}

#[test]
fn those_who_have_gone_are_not_kept() {
    let mut notices = ring(10, 1);
    for _ in 0..100 {
        drop(ask(&mut notices, 1, None, 1));
    }
    let mut waits = ask(&mut notices, 1, None, 1);
    assert_eq!(format!("{notices:?}").matches("NoticeQuery").count(), 1, "only the one who waits");
    notices.push(notice(2, None));
    notices.tell(Seq(2));
    assert_eq!(seqs(&mut waits), (vec![2], 2));
}

#[tokio::test]
async fn the_events_of_a_task_are_told_in_the_order_of_the_journal() {
    let rig = Rig::new(&["a", "b"]);
    let running = rig.start(&Workers::ruled(|_, _| said(&verdict("approve"))));
    running.submit("review", REVIEW).await;
    running.rested("review").await;
    let ask = Request::Notices { after: Seq(0), task: Some(id("review")), wait_ms: 0 };
    let Ok(Reply::Notices { notices, .. }) = running.ask(ask).await else { panic!("no notices") };
    let seqs: Vec<Seq> = notices.iter().map(|notice| notice.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    let events: Vec<&str> = notices.iter().map(|notice| notice.event.as_str()).collect();
    assert_eq!(events.first(), Some(&"task_accepted"));
    assert_eq!(events.last(), Some(&"task_ended"));
    assert_eq!(events.iter().filter(|event| **event == "attempt_answered").count(), 2, "{events:?}");
    assert!(notices.iter().all(|notice| notice.facts["event"] == notice.event.as_str()));
    running.end().await;
}

#[tokio::test]
async fn who_waits_for_notices_is_woken_by_the_next_event_or_told_that_there_was_none() {
    let rig = Rig::new(&["a"]);
    let running = rig.start(&Workers::played());
    let after = running.status().await.seq;
    let none = running.ask(Request::Notices { after, task: None, wait_ms: 1 }).await.unwrap();
    assert_eq!(none, Reply::Notices { notices: Vec::new(), upto: after });
    let waits = running.ask(Request::Notices { after, task: None, wait_ms: u64::MAX });
    let (told, _) = tokio::join!(waits, running.submit("job", SIMPLE));
    let Ok(Reply::Notices { notices, upto }) = told else { panic!("not told: {told:?}") };
    assert!(!notices.is_empty() && upto > after);
    running.end_hard().await;
}
