//! Standing orders: carried out once for each event, and not without end.

use super::rig::{Rig, Running, SIMPLE, id};
use super::workers::{Workers, said};
use crate::api::{Reply, Request};
use crate::board::memory::Patterns;
use crate::board::{Kind, Role, Seq};
use crate::daemon::{Order, Woken};

fn order(number: u32, when: Woken, task: &str) -> Order {
    Order { number, when, role: Role::new("reviewer"), task: task.to_owned() }
}

fn memory(glob: &str) -> Woken {
    Woken::Memory { names: Patterns::new(&[glob]).unwrap(), tasks_own: glob.starts_with("orchestration/") }
}

impl Running {
    /// The tasks that orders handed in, by name.
    async fn ordered(&self) -> Vec<String> {
        match self.ask(Request::Tasks { state: None, limit: Some(200), before: None }).await {
            Ok(Reply::Tasks { tasks, .. }) => {
                let names = tasks.into_iter().map(|row| row.id.as_str().to_owned());
                let mut names: Vec<String> = names.filter(|name| name.starts_with("order-")).collect();
                names.sort();
                names
            }
            other => panic!("no list: {other:?}"),
        }
    }

    async fn held(&self) -> Vec<serde_json::Value> {
        match self.ask(Request::Notices { after: Seq(0), task: None, wait_ms: 0 }).await {
            Ok(Reply::Notices { notices, .. }) => {
                notices.into_iter().filter(|notice| notice.event == "order_held").map(|notice| notice.facts).collect()
            }
            other => panic!("no notices: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_revised_memory_wakes_an_order_once() {
    let mut rig = Rig::new(&["a"]);
    rig.orders = vec![order(1, memory("design/**"), "Review {{name}} at revision {{revision}}.")];
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.remember("notes/x", "not this one").await;
    running.remember("design/auth", "tokens expire").await;
    let asked = workers.next().await;
    assert!(asked.call.prompt.contains("Review design/auth at revision 1."), "{}", asked.call.prompt);
    assert!(asked.call.prompt.contains("tokens expire"), "the memory is given along");
    // The same text again is no revision, taking it away nothing to look at.
    running.remember("design/auth", "tokens expire").await;
    let gone = Request::MemoryDelete { name: "design/auth".into(), if_revision: None, by: "ann".into() };
    running.ask(gone).await.unwrap();
    let ordered = running.ordered().await;
    assert_eq!(ordered.len(), 1, "{ordered:?}");
    running.end_hard().await;
    // A restart looks at the same events again, and does not hand it in again.
    let running = rig.start(&workers);
    assert_eq!(running.ordered().await, ordered);
    running.end_hard().await;
}

#[tokio::test]
async fn a_task_that_ended_well_wakes_an_order() {
    let mut rig = Rig::new(&["a"]);
    rig.orders = vec![order(1, Woken::Kind(Kind::new("documentation")), "Check what {{task}} came to.")];
    rig.orders[0].role = Role::new("tester");
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    running.submit("job", SIMPLE).await;
    running.rested("job").await;
    let ordered = running.ordered().await;
    assert_eq!(ordered.len(), 1, "{ordered:?}");
    let view = running.rested(&ordered[0]).await;
    assert!(view.row.title.contains("Check what job came to."), "{view:?}");
    running.end().await;
}

#[tokio::test]
async fn orders_that_wake_each_other_are_cut_and_it_is_said_once() {
    let mut rig = Rig::new(&["a"]);
    rig.orders = vec![order(1, Woken::AnyTask, "Go on after {{task}}.")];
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    for name in ["one", "two"] {
        running.submit(name, SIMPLE).await;
        running.rested(name).await;
    }
    super::rig::until_async("all orders are carried out", async || {
        running.ordered().await.len() == 6 && running.status().await.open_tasks == 0
    })
    .await;
    let held = running.held().await;
    assert!(!held.is_empty() && held[0]["why"].as_str().unwrap().contains("trigger_chain_max"), "{held:?}");
    assert_eq!(running.ordered().await.len(), 6, "three in a row for each");
    running.end().await;
    let log = rig.read("communication/INTERCOMMUNICATION_LOG.md");
    assert!(log.contains("it was not carried out"), "{log}");
}

#[tokio::test]
async fn an_order_is_carried_out_so_often_within_an_hour() {
    let mut rig = Rig::new(&["a"]);
    rig.orders = vec![order(1, memory("a"), "Look at {{name}}.")];
    rig.order_limits.runs_per_hour_max = 2;
    let running = rig.start(&Workers::played());
    for number in 0..5 {
        running.remember("a", &number.to_string()).await;
    }
    assert_eq!(running.ordered().await.len(), 2);
    let held = running.held().await;
    assert_eq!(held.len(), 1, "said once: {held:?}");
    assert_eq!(running.show(&running.ordered().await[0]).await.row.id, id(&running.ordered().await[0]));
    running.end_hard().await;
    // What was carried out before the restart still counts.
    let running = rig.start(&Workers::played());
    running.remember("a", "again").await;
    assert_eq!(running.ordered().await.len(), 2);
    running.end_hard().await;
}

#[tokio::test]
async fn tasks_that_ended_count_for_the_hour_after_a_restart() {
    let mut rig = Rig::new(&["a"]);
    rig.orders = vec![order(1, memory("a"), "Look at {{name}}.")];
    rig.order_limits.runs_per_hour_max = 2;
    let running = rig.start(&Workers::ruled(|_, _| said("done")));
    for number in 0..2 {
        running.remember("a", &number.to_string()).await;
    }
    for name in running.ordered().await {
        running.rested(&name).await;
    }
    running.end().await;
    let running = rig.start(&Workers::played());
    running.remember("a", "again").await;
    assert_eq!(running.ordered().await.len(), 2);
    assert!(running.held().await[0]["why"].as_str().unwrap().contains("trigger_runs_per_hour_max"));
    running.end_hard().await;
}

#[tokio::test]
async fn an_order_that_finds_the_board_full_is_carried_out_once_there_is_room() {
    let mut rig = Rig::new(&["a"]);
    rig.orders = vec![order(1, memory("a"), "Look at {{name}}.")];
    rig.rules.limits.open_tasks_max = 1;
    let workers = Workers::played();
    let running = rig.start(&workers);
    running.submit("job", SIMPLE).await;
    let asked = workers.next().await;
    running.remember("a", "text").await;
    assert_eq!(running.ordered().await, Vec::<String>::new());
    asked.say("done");
    let asked = workers.next().await;
    assert!(asked.call.prompt.contains("Look at a."), "{}", asked.call.prompt);
    assert_eq!((running.ordered().await.len(), running.held().await.len()), (1, 0));
    running.end_hard().await;
}
