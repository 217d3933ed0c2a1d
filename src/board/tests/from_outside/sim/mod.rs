//! Seeded schedules over the pure board alone: workers that are late, answer twice, lie, fail or never come back; crashes
//! at any moment; clocks that jump; people who cancel and approve;
//! hands that write to the memory bus at once. After each step every invariant is checked.
//!
//! `SYNOD_SIM_SEEDS=N` sets how many seeds are run (default 2,000), `SYNOD_SIM_SEED=S` runs one and tells its story.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should end where it stands, and one that is asked tells its story"
)]

mod chance;
mod invariants;
mod memory;
mod world;

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use world::World;

const SEEDS: u64 = 2_000;

#[test]
fn every_seed_keeps_every_promise() {
    if let Some(seed) = number("SYNOD_SIM_SEED") {
        World::new(seed, true).live();
        return;
    }
    let seeds = number("SYNOD_SIM_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let failed = AtomicU64::new(u64::MAX);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || failed.load(Ordering::Relaxed) != u64::MAX {
                        return;
                    }
                    if catch_unwind(|| World::new(seed, false).live()).is_err() {
                        failed.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert!(
        failed == u64::MAX,
        "seed {failed} breaks a promise; see its story: SYNOD_SIM_SEED={failed} cargo test --test outside sim:: -- --nocapture"
    );
}

#[expect(clippy::disallowed_methods, reason = "the test's own switches; the product's settings are read by config")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
