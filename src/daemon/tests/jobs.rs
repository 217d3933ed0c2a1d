//! Jobs, the clock, the lock, the troubles: the small things the daemon stands on.

use super::workers::PATIENCE;
use crate::board::Timestamp;
use crate::daemon::outage::Outage;
use crate::daemon::trouble::{Troubles, Where};
use crate::daemon::{Clock, Jobs, Lock, LockError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

fn jobs() -> Jobs {
    Jobs::new(tokio::runtime::Handle::current())
}

#[tokio::test]
async fn a_job_that_panics_is_reported_with_what_it_said() {
    let jobs = jobs();
    for words in [true, false] {
        let (sender, said) = oneshot::channel();
        let job = async move {
            if words {
                panic!("number {}", 7);
            }
            std::panic::panic_any(7_u32);
        };
        jobs.start("breaks", job, move |text| drop(sender.send(text)));
        let said = tokio::time::timeout(PATIENCE, said).await.unwrap().unwrap();
        assert_eq!(said, if words { "number 7" } else { "it said nothing" });
    }
    jobs.ended().await;
}

#[tokio::test]
async fn a_job_that_ends_well_reports_no_panic_and_is_waited_for() {
    let jobs = jobs();
    let (go, gone) = oneshot::channel::<()>();
    let (sender, panicked) = oneshot::channel();
    jobs.start("waits", async move { drop(gone.await) }, move |text| drop(sender.send(text)));
    let ended = jobs.ended();
    tokio::pin!(ended);
    assert!(futures::poll!(&mut ended).is_pending(), "it still runs");
    go.send(()).unwrap();
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
    assert!(panicked.await.is_err(), "nobody panicked");
}

#[tokio::test]
async fn blocking_work_gives_its_result_or_says_how_it_broke() {
    let jobs = jobs();
    assert_eq!(jobs.blocking(|| 6 * 7).await, Ok(42));
    let broke: Result<(), String> = jobs.blocking(|| panic!("no luck")).await;
    assert_eq!(broke, Err("no luck".to_owned()));
}

#[tokio::test]
async fn a_thread_bears_its_name() {
    let (sender, name) = oneshot::channel();
    let work = move || drop(sender.send(std::thread::current().name().map(str::to_owned)));
    jobs().thread("synod-test", work).unwrap().join().unwrap();
    assert_eq!(name.await.unwrap().as_deref(), Some("synod-test"));
}

#[test]
fn the_clock_never_goes_back_behind_the_journal() {
    let wall = Clock::start(Timestamp::default()).now();
    let future = Timestamp(wall.0 + 3_600_000);
    let clock = Clock::start(future);
    let (one, two) = (clock.now(), clock.now());
    assert!(one >= future && two >= one, "{one:?} {two:?}");
    assert!(one.since(future) < Duration::from_secs(60), "it goes on from the journal, not from elsewhere");
    assert!(Clock::start(Timestamp(1)).now() >= wall, "an old journal does not hold it back");
}

#[test]
fn only_one_of_many_who_race_for_the_lock_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.lock");
    let (barrier, held) = (Arc::new(std::sync::Barrier::new(8)), Arc::new(std::sync::Barrier::new(8)));
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (path, barrier, held) = (path.clone(), Arc::clone(&barrier), Arc::clone(&held));
            std::thread::spawn(move || {
                barrier.wait();
                let lock = Lock::take(&path);
                // The winner holds it until all have tried.
                held.wait();
                lock.is_ok()
            })
        })
        .collect();
    let won = racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count();
    assert_eq!(won, 1);
    assert!(Lock::take(&path).is_ok(), "it is free once its holder is gone");
}

#[test]
fn a_lock_left_by_a_crash_is_taken_and_its_text_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.lock");
    std::fs::write(&path, "99999999999999999999\nand more").unwrap();
    let _lock = Lock::take(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
}

#[test]
fn a_lock_that_cannot_be_made_names_its_path_and_blames_no_other_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/daemon.lock");
    let error = Lock::take(&path).unwrap_err();
    assert!(matches!(error, LockError::Io { .. }), "{error}");
    assert!(error.to_string().contains("missing/daemon.lock"), "{error}");
    let error = Lock::take(folder.path()).unwrap_err();
    assert!(matches!(error, LockError::Io { .. }), "a folder is no lock: {error}");
}

#[test]
fn a_holder_that_has_not_said_who_it_is_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.lock");
    let _lock = Lock::take(&path).unwrap();
    std::fs::write(&path, " \n").unwrap();
    let error = Lock::take(&path).unwrap_err();
    assert!(error.to_string().contains("process unknown"), "{error}");
    assert!(error.to_string().contains("synod down"), "{error}");
}

#[test]
fn one_trouble_that_is_over_does_not_hide_another() {
    let mut troubles = Troubles::default();
    assert_eq!(troubles.told(), None);
    troubles.set(Where::Pages, Some("decisions/ is gone".to_owned()));
    troubles.set(Where::Journal, Some("no space left".to_owned()));
    assert_eq!(troubles.told().as_deref(), Some("no space left; decisions/ is gone"));
    troubles.set(Where::Journal, None);
    troubles.set(Where::DropFolder, None);
    assert_eq!(troubles.told().as_deref(), Some("decisions/ is gone"));
    troubles.set(Where::Pages, Some("decisions/ cannot be written".to_owned()));
    assert_eq!(troubles.told().as_deref(), Some("decisions/ cannot be written"));
    troubles.set(Where::Pages, None);
    assert_eq!(troubles.told(), None);
}

#[test]
fn who_waits_for_space_is_woken_by_the_wish_to_end() {
    let outage = Arc::new(Outage::new());
    assert!(outage.wait(Duration::from_millis(1)), "nobody wants the end");
    let waits = Arc::clone(&outage);
    let waiter = std::thread::spawn(move || waits.wait(PATIENCE));
    outage.tell_to_end();
    assert!(!waiter.join().unwrap(), "it did not wait out its pause");
    assert!(!outage.wait(PATIENCE), "from here on nobody waits");
}

#[tokio::test]
async fn the_reason_of_an_outage_is_given_while_it_lasts() {
    let outage = Outage::new();
    let reason = outage.reason();
    tokio::pin!(reason);
    assert!(futures::poll!(&mut reason).is_pending());
    outage.begin("no space left".to_owned());
    assert!(futures::FutureExt::now_or_never(outage.reason()).is_some());
    assert_eq!(reason.await, "no space left");
    outage.over();
    assert!(futures::FutureExt::now_or_never(outage.reason()).is_none());
    let reason = outage.reason();
    tokio::pin!(reason);
    assert!(futures::poll!(&mut reason).is_pending(), "it is over");
}
