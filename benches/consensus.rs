//! What deciding costs, and how often the rule is right in simulated worlds: the product's own `decide`, on tasks as it holds
//! them. `--pictures DIR` writes the curves of `docs/consensus.md`. Seeds stand in the generators.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails loudly")]

#[path = "consensus/pictures.rs"]
mod pictures;
#[path = "consensus/staged.rs"]
mod staged;
#[path = "../src/board/consensus/generators.rs"]
#[expect(dead_code, reason = "the tests use all of it, the bench a part")]
mod worlds;

use pictures::{Curve, draw};
use staged::{Stage, total};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;
use worlds::{Draws, SEED, World, majority, twenty};

/// Simulated tasks for each figure, stated before they are run.
const TASKS: usize = 200_000;
/// Records drawn for each point of a learning curve.
const RECORDS: usize = 400;

fn main() {
    let mut args = std::env::args();
    let pictures = args.by_ref().find(|arg| arg == "--pictures").and_then(|_| args.next()).map(PathBuf::from);
    costs();
    known();
    let learned = learning();
    let families = families();
    let hard = hard();
    if let Some(folder) = pictures {
        std::fs::create_dir_all(&folder).unwrap();
        draw(
            &folder.join("learning.svg"),
            "Right decisions by known outcomes of each judge",
            (0.0, 200.0),
            (0.74, 0.92),
            &learned,
        );
        draw(
            &folder.join("families.svg"),
            "Right decisions by how often relatives copy",
            (0.0, 0.9),
            (0.74, 0.92),
            &families,
        );
        draw(
            &folder.join("hard.svg"),
            "Unanimity of five by how often all fail together",
            (0.0, 0.8),
            (0.7, 1.0),
            &hard,
        );
    }
}

/// The median of a few runs, in milliseconds.
fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn costs() {
    let mut stage = Stage::of(7);
    stage.claims(50);
    stage.said(&[Some(true), Some(false), Some(true), Some(true), None, Some(true), Some(false)]);
    println!("deciding over 7 workers with 50 claims each: {:.3} ms (at most 5)", median(|| drop(stage.decide())));
    let stage = Stage::full(1_000_000);
    println!(
        "weights of 64 workers out of 1,000,000 outcomes (in {} sums): {:.3} ms (at most 50)",
        stage.sums(),
        median(|| drop(stage.decide()))
    );
}

/// G0: accuracy with known accuracies against the enumerated optimum, on twenty fixed panels.
fn known() {
    let (mut worst, mut gaps) = (0.0_f64, Vec::new());
    for (seed, panel) in (0_u64..).zip(twenty()) {
        let mut stage = Stage::of(panel.len());
        panel.iter().enumerate().for_each(|(at, p)| stage.rate(at, *p));
        let mut said: BTreeMap<Vec<Option<bool>>, f64> = BTreeMap::new();
        let world = World::Independent(panel.clone());
        let mut draws = Draws(SEED + seed);
        let (mut rule, mut plain) = (0.0, 0.0);
        for number in 0..TASKS {
            let item = world.item(number, &mut draws);
            let total = *said.entry(item.votes.clone()).or_insert_with(|| total(&mut stage, &item.votes));
            rule += score((total.abs() > 1e-9).then_some(total > 0.0), item.truth);
            plain += score(majority(&item.votes), item.truth);
        }
        let (rule, plain, best) = (rule / TASKS as f64, plain / TASKS as f64, optimum(&panel));
        let allowed = 3.0 * (best * (1.0 - best) / TASKS as f64).sqrt();
        assert!((rule - best).abs() <= allowed, "{panel:?}: {rule}, optimum {best}");
        worst = worst.max((rule - best).abs() / allowed);
        if best - plain > 0.005 {
            gaps.push((rule - plain) / (best - plain));
        }
    }
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    println!("G0, N = {TASKS} on 20 panels: farthest from the optimum {worst:.2} of what is allowed (3 sigma)");
    println!("G0, gap to the optimum that is closed where majority leaves one: mean {mean:.3}");
}

fn score(said: Option<bool>, truth: bool) -> f64 {
    said.map_or(0.5, |said| f64::from(u8::from(said == truth)))
}

/// Every vote pattern of a panel with its probability when the truth is `true`.
fn patterns(panel: &[f64]) -> Vec<(Vec<Option<bool>>, f64)> {
    let chance = |code: usize, (at, p): (usize, &f64)| if code >> at & 1 == 1 { *p } else { 1.0 - p };
    (0..1_usize << panel.len())
        .map(|code| {
            let votes = (0..panel.len()).map(|at| Some(code >> at & 1 == 1)).collect();
            (votes, panel.iter().enumerate().map(|one| chance(code, one)).product())
        })
        .collect()
}

fn optimum(panel: &[f64]) -> f64 {
    let sum = |votes: &[Option<bool>]| -> f64 {
        votes
            .iter()
            .zip(panel)
            .map(|(vote, p)| (p / (1.0 - p)).ln() * if *vote == Some(true) { 1.0 } else { -1.0 })
            .sum()
    };
    let right = |votes: &[Option<bool>]| {
        let sum = sum(votes);
        score((sum.abs() > 1e-9).then_some(sum > 0.0), true)
    };
    patterns(panel).iter().map(|(votes, chance)| chance * right(votes)).sum()
}

/// G1: accuracy after so many tasks with known outcomes, on the unequal and the equal reference panel.
fn learning() -> Vec<Curve> {
    let mut curves = Vec::new();
    for (name, panel) in [("one .9, four .6", vec![0.9, 0.6, 0.6, 0.6, 0.6]), ("five .7", vec![0.7; 5])] {
        let (mut points, mut random) = (Vec::new(), Draws(SEED));
        let plain: f64 = patterns(&panel).iter().map(|(votes, chance)| chance * score(majority(votes), true)).sum();
        for trials in [0_u64, 5, 10, 20, 35, 50, 75, 100, 150, 200] {
            let mut sum = 0.0;
            for _ in 0..RECORDS {
                let mut stage = Stage::of(panel.len());
                for (at, p) in panel.iter().enumerate() {
                    let right = (0..trials).filter(|_| random.share() < *p).count() as u64;
                    stage.record(at, right, trials - right);
                }
                for (votes, chance) in patterns(&panel) {
                    let total = total(&mut stage, &votes);
                    sum += chance * score((total.abs() > 1e-9).then_some(total > 0.0), true);
                }
            }
            points.push((trials as f64, sum / RECORDS as f64));
        }
        let told: Vec<String> = points.iter().map(|(trials, share)| format!("{trials}: {share:.3}")).collect();
        println!("G1, {name}: {} (majority {plain:.4}, optimum {:.4})", told.join(", "), optimum(&panel));
        curves.push(Curve { name: format!("rule, {name}"), points });
        curves.push(Curve { name: format!("majority, {name}"), points: vec![(0.0, plain), (200.0, plain)] });
    }
    curves
}

/// G3: three relatives that copy, two strangers, all .75.
fn families() -> Vec<Curve> {
    let (mut rule, mut naive, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..=9_u32 {
        let copy = f64::from(step) / 10.0;
        let world = World::Families { accuracies: vec![0.75; 5], families: vec![0, 0, 0, 1, 2], copy };
        let mut draws = Draws(SEED + u64::from(step));
        let (mut related, mut strangers) = (Stage::of(5), Stage::of(5));
        related.families(&["f", "f", "f", "x", "y"]);
        (0..5).for_each(|at| (related.rate(at, 0.75), strangers.rate(at, 0.75)).0);
        let mut known: BTreeMap<Vec<Option<bool>>, (f64, f64)> = BTreeMap::new();
        let mut right = [0.0; 3];
        for number in 0..TASKS {
            let item = world.item(number, &mut draws);
            let votes = item.votes.clone();
            let (aware, blind) = *known
                .entry(votes)
                .or_insert_with_key(|votes| (total(&mut related, votes), total(&mut strangers, votes)));
            right[0] += score((aware.abs() > 1e-9).then_some(aware > 0.0), item.truth);
            right[1] += score((blind.abs() > 1e-9).then_some(blind > 0.0), item.truth);
            right[2] += score(majority(&item.votes), item.truth);
        }
        let shares = right.map(|right| right / TASKS as f64);
        println!(
            "G3, copying {copy:.1}: rule {:.4}, families unknown {:.4}, majority {:.4}",
            shares[0], shares[1], shares[2]
        );
        rule.push((copy, shares[0]));
        naive.push((copy, shares[1]));
        plain.push((copy, shares[2]));
    }
    vec![Curve { name: "rule".to_owned(), points: rule }, Curve { name: "families unknown".to_owned(), points: naive }]
}

/// G4: what a unanimous panel of five claims, and how often it is right.
fn hard() -> Vec<Curve> {
    let (mut claimed, mut right) = (Vec::new(), Vec::new());
    for step in 0..=8_u32 {
        let together = f64::from(step) / 10.0;
        let world = World::Hard { accuracies: vec![0.75; 5], together };
        let mut draws = Draws(SEED + 100 + u64::from(step));
        let mut stage = Stage::of(5);
        (0..5).for_each(|at| stage.rate(at, 0.75));
        let claim = 1.0 / (1.0 + (-total(&mut stage, &[Some(true); 5])).exp());
        let (mut all, mut good) = (0.0, 0.0);
        for number in 0..TASKS {
            let item = world.item(number, &mut draws);
            if item.votes.windows(2).all(|pair| pair[0] == pair[1]) {
                all += 1.0;
                good += score(item.votes[0], item.truth);
            }
        }
        println!("G4, together {together:.1}: a unanimous panel claims {claim:.4} and is right {:.4}", good / all);
        claimed.push((together, claim));
        right.push((together, good / all));
    }
    let (best, rest) = (0.75_f64, 0.75_f64.powi(5));
    let sober = (0.2 * best + 0.8 * rest) / (0.2 * best + 0.8 * rest + 0.2 * 0.25 + 0.8 * 0.25_f64.powi(5));
    vec![
        Curve { name: "claimed".to_owned(), points: claimed },
        Curve { name: "right".to_owned(), points: right },
        Curve { name: "printed beside".to_owned(), points: vec![(0.0, sober), (0.8, sober)] },
    ]
}
