//! A plan of sixty steps whose daemon is killed fifty times on the way: it ends with the same result as one that nobody
//! disturbed, and no call that had finished is made again.

use super::crash::Rig;
use crate::support::model_server::{Gate, Outcome, Reply};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const STEPS: usize = 60;
const KILLS: usize = 50;
/// How long one life of the daemon waits for its share of the work before it is killed all the same.
const LIFE_MAX: Duration = Duration::from_secs(4);
const WORKERS: [&str; 3] = ["one", "two", "three"];

/// The numbers of the kills' moments; the same at every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Sixty steps, each waiting for one or two of the five before it, so that several are under way at any time; the last
/// waits for all that nobody else waits for.
fn plan() -> String {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut ends: BTreeSet<String> = BTreeSet::new();
    let mut file = "---\nkind: implementation\nplan:\n  steps:\n".to_owned();
    for number in 0..STEPS {
        let mut needs: Vec<String> = Vec::new();
        for _ in 0..if number == 0 { 0 } else { 1 + chance.below(2) } {
            let back = 1 + chance.below(number.min(5) as u64) as usize;
            needs.push(format!("s{}", number - back));
        }
        if number == STEPS - 1 {
            needs.extend(ends.iter().cloned());
        }
        needs.sort();
        needs.dedup();
        ends.retain(|end| !needs.contains(end));
        ends.insert(format!("s{number}"));
        let worker = WORKERS[number % WORKERS.len()];
        let _ = writeln!(
            file,
            "    - {{ id: s{number}, role: implementer, do: \"Make part-{number}-end of the whole.\", needs: [{}], models: [{worker}] }}",
            needs.join(", ")
        );
    }
    file.push_str("---\nCarry the plan out.\n");
    file
}

/// The part that a prompt asks for.
fn part(prompt: &str) -> usize {
    let asked = prompt.rsplit_once("Make part-").unwrap_or_else(|| panic!("no part in:\n{prompt}")).1;
    asked.split('-').next().unwrap().parse().unwrap()
}

/// Answers that wait at gates, so that the test decides how far the work may be.
fn rig() -> (Rig, Arc<Mutex<VecDeque<Gate>>>) {
    let rig = Rig::new();
    let gates: Arc<Mutex<VecDeque<Gate>>> = Arc::default();
    let held = Arc::clone(&gates);
    rig.server.otherwise(move |seen| {
        let gate = Gate::closed();
        held.lock().unwrap().push_back(gate.clone());
        let text = format!("Piece number {} stands.", part(&seen.prompt));
        Reply::Held(gate, Box::new(Reply::Text(text)))
    });
    (rig, gates)
}

fn answered(rig: &Rig) -> usize {
    rig.server.seen().iter().filter(|call| call.outcome == Outcome::Answered).count()
}

/// Opens gates until so many calls were answered, or there is no gate to open for now.
fn let_through(rig: &Rig, gates: &Mutex<VecDeque<Gate>>, target: usize) {
    while answered(rig) < target {
        let Some(gate) = gates.lock().unwrap().pop_front() else { return };
        gate.open();
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Works until the task is done, letting every call through.
fn finish(rig: &Rig, gates: &Arc<Mutex<VecDeque<Gate>>>) {
    rig.server.otherwise(|seen| Reply::Text(format!("Piece number {} stands.", part(&seen.prompt))));
    gates.lock().unwrap().drain(..).for_each(|gate| gate.open());
    rig.work_until(1);
}

/// What the task came to: what its decision says, but for the numbers of attempts and what took time; and each step's text.
fn result(rig: &Rig) -> (Vec<serde_json::Value>, BTreeMap<String, String>) {
    let decision = rig.workspace.decision("long");
    let keys =
        ["recommendation", "verdict", "overall_confidence", "model_count", "has_conflict", "answer", "answer_by"];
    let said = keys.map(|key| decision[key].clone()).to_vec();
    let mut texts = BTreeMap::new();
    for name in rig.workspace.names("outputs/long") {
        let step = name.split('-').nth(1).unwrap().to_owned();
        let page = rig.workspace.read(&format!("outputs/long/{name}"));
        let text = page.lines().find(|line| line.starts_with("Piece number")).map(str::to_owned);
        assert!(texts.insert(step, text.unwrap_or_else(|| panic!("{name} is not whole:\n{page}"))).is_none());
    }
    (said, texts)
}

/// A command's call that was made is never made again unless it failed; an HTTP call at most once for each start.
fn no_finished_call_is_repeated(rig: &Rig) {
    let lines = rig.messages();
    let planned = lines.iter().filter(|line| line["event"] == "attempt_planned");
    let step_of: BTreeMap<u64, &str> =
        planned.map(|line| (line["attempt"].as_u64().unwrap(), line["step"].as_str().unwrap())).collect();
    let calls = rig.server.seen();
    for number in 0..STEPS {
        let step = format!("s{number}");
        let mine = |line: &&serde_json::Value| {
            line["attempt"].as_u64().is_some_and(|attempt| step_of.get(&attempt) == Some(&step.as_str()))
        };
        let of = |event: &str| lines.iter().filter(mine).filter(|line| line["event"] == event).count();
        assert_eq!(of("attempt_answered"), 1, "{step} is answered once");
        let made: Vec<Outcome> =
            calls.iter().filter(|call| part(&call.prompt) == number).map(|call| call.outcome).collect();
        let worker = WORKERS[number % WORKERS.len()];
        if worker == "three" {
            assert!(made.len() <= of("attempt_started"), "{step}: {made:?}");
        } else {
            assert!(made.len() <= 1 + of("attempt_failed"), "{step}: {made:?} and {} failures", of("attempt_failed"));
            let finished = made.iter().filter(|outcome| **outcome == Outcome::Answered).count();
            assert_eq!(finished, 1, "{step}: paid for once: {made:?}");
        }
    }
}

#[test]
fn a_plan_of_sixty_steps_killed_fifty_times_ends_as_if_nothing_had_been() {
    let (calm, calm_gates) = rig();
    calm.workspace.drop_file("long.md", plan());
    finish(&calm, &calm_gates);
    let expected = result(&calm);
    assert_eq!(expected.1.len(), STEPS);
    assert_eq!(expected.0[5], "Piece number 59 stands.", "the last step is the answer");

    let (rig, gates) = rig();
    rig.workspace.drop_file("long.md", plan());
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    for kill in 1..=KILLS {
        let mut child = rig.start(&[]);
        let start = Instant::now();
        let target = kill * (STEPS - 4) / KILLS;
        // Now and then it dies before it has got anywhere.
        let early = chance.below(5) == 0;
        while !early && answered(&rig) < target && start.elapsed() < LIFE_MAX {
            let_through(&rig, &gates, target);
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(chance.below(if early { 300 } else { 60 })));
        assert!(child.try_wait().unwrap().is_none(), "the daemon ended by itself:\n{}", rig.said());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(rig.done(), 0, "it was done after {kill} kills");
    }
    finish(&rig, &gates);
    assert_eq!(result(&rig), expected);
    no_finished_call_is_repeated(&rig);
}
