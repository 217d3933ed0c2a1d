//! Tasks and rules for tests, as small as they can be.

use super::super::attempt::{Answer, Attempt, AttemptState, Failure, FailureClass, Purpose, Rung, Thread, Usage};
use super::super::decision::Decision;
use super::super::event::Route;
use super::super::growth::Growth;
use super::super::id::{Kind, Role, StepId, TaskId, WorkerName};
use super::super::plan::{Plan, PlanSource, Shape, Step, StepAim};
use super::super::routing::Catalog;
use super::super::rules::{CallLimits, ConsensusRules, PlanLimits, Rules, SelectionRules, WorkerRule};
use super::super::spec::{Mode, Priority, Source, TaskSpec, WorkspaceAccess};
use super::super::tally::Tallies;
use super::super::task::{Phase, Task};
use super::super::text::Text;
use super::super::time::Timestamp;
use super::super::verdict::{Claim, Reading, Severity, Stance, Verdict};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

/// Settings with records beside them.
#[derive(Clone)]
pub(super) struct Panel {
    pub(super) rules: Rules,
    pub(super) records: Tallies,
}

impl Deref for Panel {
    type Target = Rules;

    fn deref(&self) -> &Rules {
        &self.rules
    }
}

impl DerefMut for Panel {
    fn deref_mut(&mut self) -> &mut Rules {
        &mut self.rules
    }
}

impl Panel {
    /// Gives the worker at `index` outcomes on a kind.
    pub(super) fn record(&mut self, index: usize, kind: &Kind, right: u64, wrong: u64) {
        let worker = self.rules.workers[index].name.clone();
        let pairs = Arc::make_mut(self.records.pairs.entry(worker).or_default());
        let tally = pairs.0.entry(Role::new("reviewer")).or_default().entry(kind.clone()).or_default();
        (tally.right, tally.wrong) = (tally.right + right, tally.wrong + wrong);
    }
}

/// The product's decision, with a panel's settings and records.
pub(super) fn decide(task: &Task, panel: &Panel, at: Timestamp) -> Decision {
    super::decide(task, &panel.records, &panel.rules, at)
}

/// Workers `(name, tier, family)` without records.
pub(super) fn rules(workers: &[(&str, u8, &str)]) -> Panel {
    Panel { rules: plain_rules(workers), records: Tallies::default() }
}

fn plain_rules(workers: &[(&str, u8, &str)]) -> Rules {
    let second = Duration::from_secs(1);
    Rules {
        workers: workers.iter().map(|(name, tier, family)| worker(name, *tier, family)).collect(),
        limits: CallLimits {
            concurrent_calls_max: 5,
            retries_max: 1,
            backoff_first: second,
            backoff_max: second,
            retry_after_max: second,
            failures_before_rest: 3,
            rest_first: second,
            rest_max: second,
            rate_limit_rest: second,
            rate_limit_rest_max: second,
            overrun_grace: second,
            open_tasks_max: 10,
            attempts_per_task_max: 50,
            batch_steps_max: 1,
            budget_usd_per_day: None,
        },
        consensus: ConsensusRules {
            threshold: BTreeMap::from([
                (Priority::Low, 0.6),
                (Priority::Normal, 0.7),
                (Priority::High, 0.8),
                (Priority::Critical, 0.9),
            ]),
            caution_margin: 0.1,
            conflict_runner_up: 0.2,
            tier_prior: [0.8, 0.75, 0.7, 0.67, 0.65],
            prior_strength: 20.0,
            family_correlation: 0.5,
            require_human: vec![Priority::Critical],
            rounds_max: 2,
            proofs_max: 2,
            early_stop: true,
        },
        catalog: Catalog::default(),
        plans: PlanLimits::default(),
        people: Default::default(),
        selection: SelectionRules::default(),
        memory: crate::board::memory::MemoryRules::default(),
    }
}

fn worker(name: &str, tier: u8, family: &str) -> WorkerRule {
    WorkerRule {
        name: WorkerName::new(name),
        model: format!("{name}-model"),
        tier,
        family: family.to_owned(),
        price: None,
        roles: Vec::new(),
        strengths: Vec::new(),
        max_concurrent: 1,
        timeout: Duration::from_secs(60),
        outside: false,
        person: false,
        window_tokens: None,
        vision: false,
        sessions: crate::board::rules::Sessions::None,
    }
}

/// `count` workers `w0`, `w1`, … of the third tier, each a family of its own.
pub(super) fn strangers(count: usize) -> Panel {
    let names: Vec<String> = (0..count).map(|index| format!("w{index}")).collect();
    let workers: Vec<(&str, u8, &str)> = names.iter().map(|name| (name.as_str(), 3, name.as_str())).collect();
    rules(&workers)
}

/// Gives a worker a record so long that its success rate is as good as known.
pub(super) fn known(panel: &mut Panel, index: usize, rate: f64) {
    let trials = 100_000_000_u32;
    let right = (rate * f64::from(trials)).round() as u64;
    panel.record(index, &kind(), right, u64::from(trials) - right);
}

pub(super) fn kind() -> Kind {
    Kind::new("code-review")
}

/// A task without attempts, accepted at 0.
pub(super) fn task(shape: Shape, priority: Priority) -> Task {
    let step = |id: &str, aim: StepAim, needs: &[&str]| Step {
        id: StepId::new(id),
        role: Role::new("reviewer"),
        instruction: None,
        needs: needs.iter().map(|need| StepId::new(*need)).collect(),
        aim,
        seats: Vec::new(),
        answer: false,
        stands_for: None,
        workspace: WorkspaceAccess::Read,
        validate: None,
    };
    let steps = match shape {
        Shape::Judging => vec![step("judge", StepAim::Judge, &[])],
        Shape::Making => vec![step("make", StepAim::Make, &[]), step("check", StepAim::Check, &["make"])],
    };
    let mut spec = TaskSpec::of_text(Text::short("Review the login code"));
    spec.priority = priority;
    Task {
        id: TaskId::slug("review-auth"),
        spec,
        source: Source::Face { by: "test".to_owned(), hash: String::new() },
        route: Route {
            kind: kind(),
            category: None,
            mode: Mode::Complex,
            priority: Priority::Normal,
            workers: Vec::new(),
            why: Vec::new(),
            needs: crate::board::Needs::default(),
            steps: Vec::new(),
        },
        plan: Plan::of(PlanSource::Named, shape, steps),
        accepted: Timestamp(0),
        attempts: BTreeMap::new(),
        growth: Growth::default(),
        approved: None,
        phase: Phase::Working,
    }
}

pub(super) fn verdict(stance: Stance) -> Verdict {
    Verdict {
        candidate: None,
        stance,
        claims: Vec::new(),
        stated_confidence: Some(0.99),
        would_change_my_mind: String::new(),
        reading: Reading::Strict,
    }
}

pub(super) fn claiming(stance: Stance, severity: Severity, place: &str, what: &str) -> Verdict {
    let claim = Claim { severity, place: place.to_owned(), what: what.to_owned(), fix: String::new() };
    Verdict { claims: vec![claim], ..verdict(stance) }
}

/// A judging task on which `w0`, `w1`, … say what the verdicts say.
pub(super) fn judged(priority: Priority, verdicts: Vec<Verdict>) -> Task {
    let mut task = task(Shape::Judging, priority);
    for (index, verdict) in verdicts.into_iter().enumerate() {
        answer(&mut task, "judge", &format!("w{index}"), Purpose::Judge, vec![verdict]);
    }
    task
}

/// Adds an answered attempt and returns its number. It cost 0.01 USD, 100 tokens in and 10 out.
pub(super) fn answer(task: &mut Task, step: &str, worker: &str, purpose: Purpose, verdicts: Vec<Verdict>) -> u32 {
    let usage = Usage { input_tokens: 100, output_tokens: 10, cached_tokens: 0, cost_usd: Some(0.01) };
    let answer = Answer {
        text: Text::short(format!("what {worker} said")),
        verdicts,
        model: String::new(),
        session: None,
        usage,
        files_modified: Vec::new(),
        not_given: Vec::new(),
        proposal: None,
        patch: None,
        prompt: None,
        resumed: None,
        cached: false,
        call_hash: None,
    };
    let state = AttemptState::Answered { started: Timestamp(0), ended: Timestamp(1000), answer: Box::new(answer) };
    add(task, step, worker, purpose, state)
}

/// Adds a failed attempt.
pub(super) fn fail(task: &mut Task, worker: &str, class: FailureClass) -> u32 {
    let failure = Failure { class, message: "it broke".to_owned(), after_s: 60.0, usage: Usage::default() };
    add(task, "judge", worker, Purpose::Judge, AttemptState::Failed { ended: Timestamp(1000), failure })
}

fn add(task: &mut Task, step: &str, worker: &str, purpose: Purpose, state: AttemptState) -> u32 {
    let number = u32::try_from(task.attempts.len()).map_or(u32::MAX, |count| count + 1);
    let attempt = Attempt {
        number,
        step: StepId::new(step),
        seat: number,
        worker: WorkerName::new(worker),
        role: Role::new("reviewer"),
        purpose,
        tries_before: 0,
        validation: None,
        rung: Rung::First,
        thread: Thread::default(),
        reserved: None,
        batch: None,
        asked: None,
        state,
    };
    task.attempts.insert(number, attempt);
    number
}

/// Adds a check of `candidates` with one stance for each.
pub(super) fn check(task: &mut Task, worker: &str, candidates: &[u32], stances: &[Stance]) {
    let verdicts = candidates
        .iter()
        .zip(stances)
        .map(|(number, stance)| Verdict { candidate: Some(*number), ..verdict(*stance) })
        .collect();
    answer(task, "check", worker, Purpose::Check { candidates: candidates.to_vec() }, verdicts);
}
