//! Identical calls through the daemon: answered from the store, also after a restart, unless somebody says no.

use super::rig::{Rig, Running, SIMPLE};
use super::workers::{Workers, said};
use crate::api::{NewTask, Overrides, Request};

use std::sync::Arc;
use std::sync::atomic::Ordering;

fn answering() -> Arc<Workers> {
    let workers = Workers::ruled(|_, _| said("Described."));
    workers.kept.store(true, Ordering::Relaxed);
    workers
}

/// Hands in the same words under another name.
async fn again(running: &Running, name: &str, no_cache: bool) {
    let (content, format) = (SIMPLE.to_owned(), Some("md".to_owned()));
    let overrides = Overrides { no_cache, ..Overrides::default() };
    let new = NewTask { name: Some(name.to_owned()), content, format, overrides, by: "test".to_owned() };
    running.ask(Request::Submit(Box::new(new))).await.unwrap();
    assert_eq!(running.rested(name).await.answer.as_deref(), Some("Described."));
}

#[tokio::test]
async fn an_identical_call_is_answered_from_the_store_and_costs_nothing() {
    let rig = Rig::new(&["a"]);
    let workers = answering();
    let running = rig.start(&workers);
    again(&running, "one", false).await;
    super::rig::until("the answer is kept", || rig.root().join(".synod/answers").is_dir()).await;
    super::rig::until("its file is whole", || kept(&rig) == 1).await;
    again(&running, "two", false).await;
    assert_eq!(workers.calls().len(), 1);
    assert!((running.rested("two").await.decision.unwrap().cost_usd).abs() < 1e-12);
    running.archived(2).await;
    let page = rig.read("outputs/two/01-make-a.md");
    assert!(page.contains("From the cache") && page.contains("Described."), "{page}");
    running.end().await;

    let running = rig.start(&workers);
    again(&running, "three", false).await;
    assert_eq!(workers.calls().len(), 1, "it outlives the daemon");
    again(&running, "four", true).await;
    assert_eq!(workers.calls().len(), 2, "asked anew, as was wanted");
    running.end().await;
}

#[tokio::test]
async fn whoever_retries_what_was_decided_gets_another_answer() {
    let rig = Rig::new(&["a"]);
    let workers = answering();
    let running = rig.start(&workers);
    again(&running, "one", false).await;
    super::rig::until("the answer is kept", || rig.root().join(".synod/answers").is_dir()).await;
    super::rig::until("its file is whole", || kept(&rig) == 1).await;
    running.archived(1).await;
    running.ask(Request::Retry { task: crate::api::TaskId::slug("one"), by: "test".to_owned() }).await.unwrap();
    running.rested("one-2").await;
    assert_eq!(workers.calls().len(), 2);
    running.end().await;
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_harms_no_call() {
    let rig = Rig::new(&["a"]);
    let workers = answering();
    let running = rig.start(&workers);
    std::fs::write(rig.root().join(".synod/answers"), "in the way").unwrap();
    again(&running, "one", false).await;
    again(&running, "two", false).await;
    assert_eq!(workers.calls().len(), 2);
    running.end().await;
}

fn kept(rig: &Rig) -> usize {
    let entries = std::fs::read_dir(rig.root().join(".synod/answers")).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "json")).count()
}
