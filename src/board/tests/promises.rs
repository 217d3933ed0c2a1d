//! What must hold whatever comes in: the journal gives the same state, the indexes say what the tasks say, limits hold,
//! nobody judges their own work, and everything comes to rest.

use super::harness::{Board, attempt, names, secs, task};
use crate::board::state::{Index, Queue};
use crate::board::{
    AttemptState, FailureClass, Input, Kind, Mode, PersonAnswer, Phase, Priority, Purpose, Seq, Stance, State, Text,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Something that happens to the board. Numbers pick among what there is.
#[derive(Clone, Debug)]
enum Act {
    Offer { kind: bool, mode: Mode, priority: Priority, named: Option<u8>, on: Option<u8>, timeout: Option<u16> },
    Answer { which: u8, stance: Stance },
    Fail { which: u8, class: FailureClass },
    Pass(u16),
    Ring,
    Cancel(u8),
    Person(u8, bool),
    Publish(u8),
    Restart,
}

fn class() -> impl Strategy<Value = FailureClass> {
    prop_oneof![
        4 => Just(FailureClass::Transient),
        2 => proptest::option::of(0u64..200).prop_map(|pause| FailureClass::RateLimited { retry_after: pause.map(secs) }),
        2 => Just(FailureClass::Timeout),
        1 => Just(FailureClass::WorkerBlocked),
        2 => Just(FailureClass::RequestRefused),
        1 => Just(FailureClass::Interrupted),
        1 => Just(FailureClass::Cancelled),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let modes = [Mode::Simple, Mode::Medium, Mode::Complex, Mode::Architectural, Mode::Mega];
    let stances = [Stance::Approve, Stance::ApproveWithChanges, Stance::Reject, Stance::Abstain];
    let offer = (
        any::<bool>(),
        proptest::sample::select(modes.to_vec()),
        proptest::sample::select(Priority::ALL.to_vec()),
        proptest::option::weighted(0.2, any::<u8>()),
        proptest::option::weighted(0.3, any::<u8>()),
        proptest::option::weighted(0.2, 0u16..300),
    );
    prop_oneof![
        5 => offer.prop_map(|(kind, mode, priority, named, on, timeout)| Act::Offer { kind, mode, priority, named, on, timeout }),
        8 => (any::<u8>(), proptest::sample::select(stances.to_vec())).prop_map(|(which, stance)| Act::Answer { which, stance }),
        6 => (any::<u8>(), class()).prop_map(|(which, class)| Act::Fail { which, class }),
        2 => (0u16..2_000).prop_map(Act::Pass),
        4 => Just(Act::Ring),
        1 => any::<u8>().prop_map(Act::Cancel),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(which, yes)| Act::Person(which, yes)),
        1 => any::<u8>().prop_map(Act::Publish),
        1 => Just(Act::Restart),
    ]
}

fn do_it(board: &mut Board, act: Act, number: usize) {
    let some_task = |board: &Board, which: u8| {
        let ids: Vec<String> = board.state.tasks.keys().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| ids[usize::from(which) % ids.len()].clone())
    };
    let some_call = |board: &Board, which: u8| {
        let calls = board.running();
        (!calls.is_empty()).then(|| calls[usize::from(which) % calls.len()].split(' ').next().unwrap().to_owned())
    };
    match act {
        Act::Offer { kind, mode, priority, named, on, timeout } => {
            let workers: Vec<String> = board.rules.workers.iter().map(|worker| worker.name.to_string()).collect();
            let _ = board.offer(&format!("t{number}"), |spec| {
                spec.kind = Some(Kind::new(if kind { "build" } else { "review" }));
                (spec.mode, spec.priority) = (mode, priority);
                spec.models = named.map(|at| names(&[&workers[usize::from(at) % workers.len()]])).unwrap_or_default();
                // Older tasks, some of them gone, and younger ones that may come.
                spec.depends_on = on.map(|at| task(&format!("t{}", usize::from(at) % 40))).into_iter().collect();
                spec.timeout = timeout.map(|seconds| secs(seconds.into()));
            });
        }
        Act::Answer { which, stance } => {
            if let Some(key) = some_call(board, which) {
                board.answer_with(&key, stance);
            }
        }
        Act::Fail { which, class } => {
            if let Some(key) = some_call(board, which) {
                board.fail(&key, class);
            }
        }
        Act::Pass(seconds) => board.pass(secs(seconds.into())),
        Act::Ring => drop(board.ring()),
        Act::Cancel(which) => drop(some_task(board, which).map(|id| board.cancel(&id))),
        Act::Person(which, yes) => {
            let no = PersonAnswer::Reject { why: Text::short("no") };
            let answer = if yes { PersonAnswer::Approve } else { no };
            drop(some_task(board, which).map(|id| board.person(&id, answer)));
        }
        Act::Publish(back) => {
            let upto = Seq(board.state.seq.0.saturating_sub(u64::from(back % 8)));
            board.take(Input::Published { at: board.now, upto }).unwrap();
        }
        Act::Restart => {
            board.state = board.replayed();
            board.take(Input::Started { at: board.now }).unwrap();
        }
    }
}

/// The indexes say what the tasks say.
fn indexes_fit(state: &State) {
    let mut expected = Index::default();
    let mut waiting: BTreeMap<_, usize> = BTreeMap::new();
    for (id, task) in &state.tasks {
        let ended = matches!(task.phase, Phase::Ended { .. });
        expected.open += usize::from(!ended);
        assert_eq!(state.index.ended_at.contains_key(id), ended, "{id}");
        if let Phase::Waiting { on } = &task.phase {
            for on in on {
                expected.dependents.entry(on.clone()).or_default().insert(id.clone());
            }
        }
        for attempt in task.attempts.values() {
            let key = attempt_key(id, attempt.number);
            match attempt.state {
                AttemptState::Planned { .. } => *waiting.entry(attempt.worker.clone()).or_default() += 1,
                AttemptState::Running { deadline, .. } => {
                    expected.running_total += 1;
                    expected.deadlines.insert((deadline, key));
                    *expected.running.entry(attempt.worker.clone()).or_default() += 1;
                }
                AttemptState::Answered { .. } | AttemptState::Failed { .. } => {}
            }
            assert!(!ended || !matches!(attempt.state, AttemptState::Planned { .. } | AttemptState::Running { .. }));
        }
    }
    assert_eq!(state.index.open, expected.open);
    assert_eq!(state.index.dependents, expected.dependents);
    assert_eq!(state.index.deadlines, expected.deadlines);
    assert_eq!(state.index.running_total, expected.running_total);
    let running: BTreeMap<_, _> = state.index.running.iter().filter(|(_, count)| **count > 0).collect();
    assert_eq!(running, expected.running.iter().collect());
    let length = |queue: &Queue| queue.ready.len() + queue.paused.len();
    let queues: BTreeMap<_, usize> =
        state.index.waiting.iter().map(|(worker, queue)| (worker.clone(), length(queue))).collect();
    assert_eq!(queues, waiting);
    assert!(state.index.touched.is_empty(), "everything that follows has been drawn");
}

fn attempt_key(id: &crate::board::TaskId, number: u32) -> crate::board::AttemptKey {
    attempt(&format!("{id}#{number}"))
}

fn limits_hold(board: &Board) {
    assert!(board.state.running() <= board.rules.limits.concurrent_calls_max);
    for worker in &board.rules.workers {
        assert!(board.state.running_of(&worker.name) <= worker.max_concurrent, "{}", worker.name);
    }
    for task in board.state.tasks.values() {
        assert!(task.attempts.len() <= board.rules.limits.attempts_per_task_max as usize);
        for attempt in task.attempts.values() {
            if let Purpose::Check { candidates } = &attempt.purpose {
                assert!(!candidates.is_empty(), "{} has nothing to check", attempt.worker);
                assert!(candidates.iter().all(|made| task.attempts[made].worker != attempt.worker));
            }
            // A planner whose plan could not be used has answered, and is asked once more.
            let lays_out = matches!(attempt.purpose, Purpose::Plan { .. } | Purpose::Recover { .. });
            let tries = task.attempts.values().filter(|other| {
                (&other.step, other.seat, &other.worker) == (&attempt.step, attempt.seat, &attempt.worker)
                    && !(lays_out && matches!(other.state, AttemptState::Answered { .. }))
                    && !matches!(&other.state, AttemptState::Failed { failure, .. } if failure.class == FailureClass::Interrupted)
            });
            assert!(tries.count() <= 1 + board.rules.limits.retries_max as usize, "{} tried too often", attempt.worker);
        }
    }
}

fn replay_gives_the_same(board: &Board) {
    let replayed = board.replayed();
    assert_eq!(replayed.tasks, board.state.tasks);
    assert_eq!(replayed.globals, board.state.globals);
    assert_eq!(replayed.index.ended, board.state.index.ended);
    assert_eq!(replayed.index.dependents, board.state.index.dependents);
    assert_eq!(replayed.index.by_hash, board.state.index.by_hash);
}

/// With nothing new coming in, every call is lost sooner or later and every task ends or waits for somebody.
fn comes_to_rest(board: &mut Board) {
    let mut rings = 0;
    while board.ring().is_some() {
        rings += 1;
        assert!(rings < 5_000, "it rings for ever: {:?}", board.state.next_alarm(&board.rules));
    }
    for task in board.state.tasks.values() {
        assert!(!matches!(task.phase, Phase::Working | Phase::Decided { .. }), "{} is stuck", task.id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]
    #[test]
    fn whatever_comes_in_every_promise_holds(
        acts in proptest::collection::vec(act(), 1..50),
        workers in 1usize..5,
        (at_once, each) in (1u32..6, 1u32..4),
        (retries, attempts, rest_after) in (0u32..3, 1u32..14, 1u32..4),
    ) {
        let mut board = Board::of(&["a", "b", "c", "d"][..workers]);
        board.rules.limits.concurrent_calls_max = at_once;
        board.rules.limits.retries_max = retries;
        board.rules.limits.attempts_per_task_max = attempts;
        board.rules.limits.failures_before_rest = rest_after;
        board.rules.limits.open_tasks_max = 12;
        board.rules.workers.iter_mut().for_each(|worker| worker.max_concurrent = each);
        for (number, act) in acts.into_iter().enumerate() {
            do_it(&mut board, act, number);
            indexes_fit(&board.state);
            limits_hold(&board);
        }
        replay_gives_the_same(&board);
        comes_to_rest(&mut board);
        indexes_fit(&board.state);
        replay_gives_the_same(&board);
    }
}
