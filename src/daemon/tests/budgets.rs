//! Budgets through the daemon: fifty calls at once on one purse, waiting for each other, and what is stored without one.

use super::rig::{Rig, SIMPLE};
use super::workers::Workers;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_calls_at_once_never_cost_more_than_the_day_may() {
    let mut rig = Rig::new(&["a", "b", "c", "d", "e", "f", "g", "h"]);
    rig.rules.limits.budget_usd_per_day = Some(3.0);
    rig.rules.limits.retries_max = 0;
    let workers = Workers::played();
    *workers.most_usd.lock().unwrap() = Some(0.5);
    let running = rig.start(&workers);
    for number in 0..50 {
        running.submit(&format!("job {number}"), SIMPLE).await;
    }
    // A call costs half of its worst case, so six run at once at first, and twelve or so can be paid in all.
    let (mut made, mut most) = (0u32, 0);
    let mut open = Vec::new();
    loop {
        let more = tokio::time::timeout(Duration::from_millis(500), workers.next()).await;
        match more {
            Ok(call) => {
                open.push(call);
                made += 1;
                most = most.max(open.len());
                assert!(
                    0.25 * f64::from(made) + 0.25 * open.len() as f64 <= 3.0 + 1e-9,
                    "{made} made, {} run",
                    open.len()
                );
            }
            Err(_) if open.is_empty() => break,
            Err(_) => open.remove(0).say("half the price"),
        }
    }
    assert_eq!(most, 6, "as many as the budget holds at their worst case");
    assert_eq!(made, 11, "eleven at 0.25 leave 0.25, which no worst case fits in");
    for number in 0..50 {
        let view = running.rested(&format!("job {number}")).await;
        let over = view
            .attempts
            .iter()
            .any(|attempt| attempt.error.as_deref().is_some_and(|why| why.starts_with("not asked")));
        assert_eq!(view.row.state == "failed", over, "{view:?}");
    }
    running.end().await;
}
