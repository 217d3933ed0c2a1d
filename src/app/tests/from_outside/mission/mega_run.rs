//! A few mega tasks at once through dropped files, the whole engine and real calls: 25 to 30 steps each, planned by a planner,
//! with seconds of work scaled to milliseconds and every seventh call or so broken in one of the ways in which calls break.

use super::rig::{Model, Rig};
use crate::support::model_server::{Outcome, Reply, Seen};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TASKS: usize = 5;
/// Calls at once, over all tasks: fewer than the workers by themselves would take.
const AT_ONCE: usize = 4;
/// What a second of work takes here.
const SECOND: Duration = Duration::from_millis(5);
/// Calls of a hundred that break.
const FAULTS: u64 = 15;

const MODELS: &[Model] = &[
    ("o3", 1, "a"),
    ("gpt-5", 2, "b"),
    ("gpt-5-chat", 3, "c"),
    ("claude", 1, "d"),
    ("gemini", 3, "e"),
    ("gpt-5-mini", 4, "f"),
];

/// A number that depends on these words alone (FNV-1a), so that every run meets the same plans and the same faults.
fn chance(words: &str) -> u64 {
    let hash = words
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn steps_of(task: usize) -> usize {
    25 + usize::try_from(chance(&format!("steps of {task}")) % 6).unwrap()
}

/// What each step of a task needs: one or two of the six before it, and the last one everything that nobody else needs.
fn needs_of(task: usize) -> Vec<BTreeSet<usize>> {
    let steps = steps_of(task);
    let mut ends: BTreeSet<usize> = BTreeSet::new();
    let mut all = Vec::new();
    for step in 0..steps {
        let mut needs = BTreeSet::new();
        for turn in 0..if step == 0 { 0 } else { 1 + chance(&format!("how many {task} {step}")) % 2 } {
            let back = 1 + chance(&format!("which {task} {step} {turn}")) % step.min(6) as u64;
            needs.insert(step - usize::try_from(back).unwrap());
        }
        if step == steps - 1 {
            needs.append(&mut ends);
        }
        ends.retain(|end| !needs.contains(end));
        ends.insert(step);
        all.push(needs);
    }
    all
}

fn plan(task: usize) -> String {
    let step = |(number, needs): (usize, BTreeSet<usize>)| {
        let needs: Vec<String> = needs.iter().map(|need| format!("s{need}")).collect();
        json!({"id": format!("s{number}"), "role": "implementer", "do": format!("Make mega-{task}-{number}-end of the whole."), "needs": needs})
    };
    let steps: Vec<Value> = needs_of(task).into_iter().enumerate().map(step).collect();
    format!("```json\n{}\n```\n", json!({"steps": steps, "checkpoint_every": 5}))
}

/// Task and step that a call is for; `None`: a plan or a checkpoint.
fn part(seen: &Seen) -> Option<(usize, usize)> {
    let asked = seen.prompt.rsplit_once("Make mega-")?.1;
    let mut numbers = asked.split('-').map_while(|number| number.parse().ok());
    let part = (numbers.next()?, numbers.next()?);
    (!wants(seen, "steps") && !wants(seen, "status")).then_some(part)
}

fn wants(seen: &Seen, field: &str) -> bool {
    let fields = seen.body.pointer("/response_format/json_schema/schema/properties");
    fields.is_some_and(|fields| fields.get(field).is_some())
}

/// The way in which a step's call breaks at this try, if it does.
fn fault(part: (usize, usize), tries: usize) -> Option<Reply> {
    let drawn = chance(&format!("fault {part:?} {tries}"));
    if drawn % 100 >= FAULTS {
        return None;
    }
    let ways = [
        Reply::status(500),
        Reply::status(503),
        Reply::rate_limited(0),
        Reply::status(400),
        Reply::TruncateMidStream("half of".to_owned()),
        Reply::SseError("half of".to_owned()),
        Reply::EmptyText,
        Reply::Html,
    ];
    let way = usize::try_from(drawn / 100).unwrap() % ways.len();
    Some(ways[way].clone())
}

/// What was asked of the server for steps: by call, the step, how long the answer was held, and whether it was a good one.
type Played = BTreeMap<usize, ((usize, usize), Duration, bool)>;

fn play(rig: &Rig) -> Arc<Mutex<Played>> {
    let played: Arc<Mutex<Played>> = Arc::default();
    let (kept, planned, tried) = (Arc::clone(&played), Mutex::new(0), Mutex::new(BTreeMap::<_, usize>::new()));
    rig.server.otherwise(move |seen| {
        if wants(seen, "steps") {
            let mut planned = planned.lock().unwrap();
            *planned += 1;
            let task = (0..TASKS).find(|task| seen.conversation.contains(&format!("the importer number {task} ")));
            // The very first plan cannot be used, and is asked for once more.
            let text = if *planned == 1 { "I will think about it.".to_owned() } else { plan(task.unwrap()) };
            return Reply::Delay(SECOND * 4, Box::new(Reply::text(text)));
        }
        let Some(part) = part(seen) else {
            return Reply::text(
                "```json\n{\"status\": \"on_track\", \"action\": \"continue\", \"why\": \"as planned\"}\n```",
            );
        };
        let tries = {
            let mut tried = tried.lock().unwrap();
            let tries = tried.entry(part).or_default();
            *tries += 1;
            *tries
        };
        let works = SECOND * u32::try_from(1 + chance(&format!("seconds {part:?}")) % 6).unwrap();
        let broken = fault(part, tries);
        kept.lock().unwrap().insert(seen.number, (part, works, broken.is_none()));
        let good = Reply::text(format!("piece {} of {}", part.1, part.0));
        Reply::Delay(works, Box::new(broken.unwrap_or(good)))
    });
    played
}

/// The most spans that have a moment in common. A span is no longer than what it stands for, so this is no more than was.
fn peak(spans: &[(Instant, Instant)]) -> usize {
    let at_once = |moment: Instant| spans.iter().filter(|(from, to)| *from <= moment && moment < *to).count();
    spans.iter().map(|(from, _)| at_once(*from)).max().unwrap_or(0)
}

#[tokio::test]
async fn mega_tasks_with_faults_end_well_side_by_side_and_repeat_no_finished_call() {
    let limits = "retries = 1\nbackoff_max = \"50ms\"\nbreaker_rest = \"20ms\"\nbreaker_rest_max = \"50ms\"\nrate_limit_rest = \"20ms\"\nrate_limit_rest_max = \"50ms\"\n";
    let rig = Rig::with(MODELS, limits, |workspace| {
        let path = workspace.root().join("synod.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let bound = format!("max_concurrent_calls = {AT_ONCE}");
        std::fs::write(&path, text.replace("max_concurrent_calls = 64", &bound)).unwrap();
    })
    .await;
    let played = play(&rig);
    for task in 0..TASKS {
        let file =
            format!("---\nmode: mega\nkind: implementation\n---\nBuild the importer number {task} to its end.\n");
        rig.workspace.drop_file(&format!("mega-{task}.md"), file);
    }
    for task in 0..TASKS {
        let view = rig.rested(&format!("mega-{task}")).await;
        assert_eq!(view.row.state, "done", "{:?}", view.decision);
        assert_eq!(view.answer, Some(format!("piece {} of {task}", steps_of(task) - 1)), "the last step is the answer");
    }
    let seen = rig.server.seen();
    rig.end().await;
    let played = played.lock().unwrap();
    let spans = |of: &dyn Fn(usize) -> bool| -> Vec<(Instant, Instant)> {
        let mine = seen.iter().filter_map(|call| Some((call, played.get(&call.number)?)));
        mine.filter(|(_, (part, ..))| of(part.0)).map(|(call, (_, works, _))| (call.at, call.at + *works)).collect()
    };
    let most = peak(&spans(&|_| true));
    assert!((2..=AT_ONCE).contains(&most), "{most} at once");
    for task in 0..TASKS {
        let own = peak(&spans(&|other| other == task));
        assert!(own > 1, "the steps of task {task} never overlapped");
        each_step_is_answered_once_and_after_those_it_needs(task, &seen, &played);
    }
    let broken = played.values().filter(|(_, _, good)| !good).count();
    assert!(broken >= 10, "only {broken} of {} calls broke", played.len());
}

fn each_step_is_answered_once_and_after_those_it_needs(task: usize, seen: &[Seen], played: &Played) {
    let good = |step: usize| -> Vec<&Seen> {
        let mine =
            |call: &&Seen| played.get(&call.number).is_some_and(|(part, _, good)| *good && *part == (task, step));
        seen.iter().filter(mine).collect()
    };
    for (step, needs) in needs_of(task).into_iter().enumerate() {
        let calls = good(step);
        let outcomes: Vec<Outcome> = calls.iter().map(|call| call.outcome).collect();
        assert_eq!(outcomes, [Outcome::Answered], "step {step} of task {task} is answered once");
        for need in needs {
            let before = good(need)[0];
            let works = played[&before.number].1;
            assert!(before.at + works <= calls[0].at, "step {step} of task {task} waited for {need}");
        }
    }
}
