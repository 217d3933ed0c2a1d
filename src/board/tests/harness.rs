//! A board with a clock that stands still until it is told, and events told as short lines. No expectations live here.

use crate::board::StepId;
use crate::board::memory::MemoryRules;
use crate::board::routing::Catalog;
use crate::board::rules::{CallLimits, ConsensusRules, PlanLimits, SelectionRules, WorkerRule};
use crate::board::spec::{WrittenPlan, WrittenStep};
use crate::board::verdict::Reading;
use crate::board::{
    self, Answer, AttemptKey, AttemptState, Effect, Ending, Event, Failure, FailureClass, Input, Kind, Mode, Offer,
    PersonAnswer, Priority, Purpose, Refusal, Rest, Rules, Seq, Source, Stance, State, TaskId, TaskSpec, Text,
    Timestamp, Usage, Verdict, WorkerName, WorkspaceAccess,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// When every test begins: 2026-11-20T19:26:22Z.
pub(super) const START: Timestamp = Timestamp(1_795_202_782_000);

const CATALOG: &str = r#"
[kinds.review]
shape = "judging"
role = "reviewer"
[kinds.build]
shape = "making"
role = "implementer"
[kinds.architecture]
shape = "making"
role = "implementer"
[roles.reviewer]
aliases = ["oracle"]
[roles.implementer]
aliases = ["coder"]
[modes.simple]
workers = 1
[modes.medium]
workers = 2
validators = 1
[modes.complex]
workers = 2
validators = 2
[modes.architectural]
workers = "all"
[modes.mega]
workers = 1
"#;

/// A state with the rules it is decided by, a clock, and everything that came of it.
pub(super) struct Board {
    pub(super) state: State,
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    /// Every event so far.
    pub(super) journal: Vec<(Seq, Event)>,
    /// The effects of the last input.
    pub(super) effects: Vec<Effect>,
    told: usize,
}

impl Board {
    /// Workers of one tier, strangers to each other, each with two calls at once.
    pub(super) fn of(workers: &[&str]) -> Self {
        Self {
            state: State::default(),
            rules: rules(workers, &CATALOG.parse().unwrap()),
            now: START,
            journal: Vec::new(),
            effects: Vec::new(),
            told: 0,
        }
    }

    /// The same with a part of the catalog overridden.
    pub(super) fn with_modes(workers: &[&str], modes: &str) -> Self {
        let mut catalog: toml::Table = CATALOG.parse().unwrap();
        for (name, mode) in modes.parse::<toml::Table>().unwrap() {
            catalog["modes"][name.as_str()] = mode;
        }
        Self { rules: rules(workers, &catalog), ..Self::of(workers) }
    }

    pub(super) fn take(&mut self, input: Input) -> Result<(), Refusal> {
        let (mut events, mut effects) = (Vec::new(), Vec::new());
        let taken = board::take(&mut self.state, &self.rules, input, &mut |state, seq, event| {
            effects.extend(board::react(state, &event));
            events.push((seq, event));
        });
        self.effects = effects;
        self.journal.extend(events);
        taken
    }

    pub(super) fn offer(&mut self, id: &str, change: impl FnOnce(&mut TaskSpec)) -> Result<(), Refusal> {
        let offer = self.an_offer(id, change);
        self.take(Input::Offer(Box::new(offer)))
    }

    pub(super) fn an_offer(&self, id: &str, change: impl FnOnce(&mut TaskSpec)) -> Offer {
        let mut spec = TaskSpec::of_text(Text::short(format!("Do {id}")));
        spec.kind = Some(Kind::new("build"));
        spec.mode = Mode::Simple;
        change(&mut spec);
        let source = Source::Face { by: "test".to_owned(), hash: format!("hash of {id}") };
        Offer {
            at: self.now,
            id: task(id),
            spec,
            words: String::new(),
            source,
            ended: BTreeMap::new(),
            needs: board::Needs::default(),
        }
    }

    /// A `build` task in this mode, which must be accepted.
    pub(super) fn build(&mut self, id: &str, mode: Mode) {
        self.offer(id, |spec| spec.mode = mode).unwrap();
    }

    /// A `review` task in this mode, which must be accepted.
    pub(super) fn review(&mut self, id: &str, mode: Mode) {
        self.offer(id, |spec| (spec.kind, spec.mode) = (Some(Kind::new("review")), mode)).unwrap();
    }

    /// The answer that its purpose asks for, approving.
    pub(super) fn answer(&mut self, key: &str) {
        self.answer_with(key, Stance::Approve);
    }

    /// An approving answer with something about it changed.
    pub(super) fn answer_as(&mut self, key: &str, change: impl FnOnce(&mut Answer)) {
        let mut answer = self.an_answer(key, Stance::Approve);
        change(&mut answer);
        self.take(Input::Answered { at: self.now, key: attempt(key), answer: Box::new(answer) }).unwrap();
    }

    pub(super) fn answer_with(&mut self, key: &str, stance: Stance) {
        let answer = self.an_answer(key, stance);
        self.take(Input::Answered { at: self.now, key: attempt(key), answer: Box::new(answer) }).unwrap();
    }

    fn an_answer(&self, key: &str, stance: Stance) -> Answer {
        let key = attempt(key);
        let purpose = self.state.tasks[&key.task].attempts[&key.number].purpose.clone();
        let candidates: Vec<Option<u32>> = match purpose {
            Purpose::Judge => vec![None],
            Purpose::Make
            | Purpose::Plan { .. }
            | Purpose::Review { .. }
            | Purpose::Recover { .. }
            | Purpose::Synthesize
            | Purpose::Prove { .. } => Vec::new(),
            Purpose::Check { candidates } => candidates.into_iter().map(Some).collect(),
            Purpose::Reconsider { first, .. } => match *first {
                Purpose::Check { candidates } => candidates.into_iter().map(Some).collect(),
                _ => vec![None],
            },
        };
        let verdict = |candidate| Verdict {
            candidate,
            stance,
            claims: Vec::new(),
            stated_confidence: Some(0.8),
            would_change_my_mind: String::new(),
            reading: Reading::Strict,
        };
        Answer {
            text: Text::short(format!("what {key} says")),
            verdicts: candidates.into_iter().map(verdict).collect(),
            model: "model-1".to_owned(),
            session: Some(format!("session of {key}")),
            usage: Usage { input_tokens: 100, output_tokens: 10, cached_tokens: 0, cost_usd: Some(0.25) },
            files_modified: Vec::new(),
            not_given: Vec::new(),
            proposal: None,
            patch: None,
            prompt: None,
            resumed: None,
            cached: false,
            call_hash: None,
        }
    }

    pub(super) fn fail(&mut self, key: &str, class: FailureClass) {
        let taken = self.try_fail(key, class);
        taken.unwrap();
    }

    pub(super) fn try_fail(&mut self, key: &str, class: FailureClass) -> Result<(), Refusal> {
        let usage = Usage { input_tokens: 50, output_tokens: 0, cached_tokens: 0, cost_usd: Some(0.125) };
        let failure = Failure { class, message: "it broke".to_owned(), after_s: 1.5, usage };
        self.take(Input::Failed { at: self.now, key: attempt(key), failure })
    }

    pub(super) fn cancel(&mut self, id: &str) -> Result<(), Refusal> {
        self.take(Input::Cancel { at: self.now, task: task(id), by: "anna".to_owned(), file: None })
    }

    pub(super) fn person(&mut self, id: &str, answer: PersonAnswer) -> Result<(), Refusal> {
        let (at, by) = (self.now, "anna".to_owned());
        self.take(Input::Person { at, task: task(id), by, answer, given: at, file: None })
    }

    /// Lets time pass and says so.
    pub(super) fn pass(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.take(Input::Tick { at: self.now }).unwrap();
    }

    /// Lets time pass up to the next alarm, and says how long that was. An alarm in the past rings at once.
    pub(super) fn ring(&mut self) -> Option<Duration> {
        let alarm = self.state.next_alarm(&self.rules)?;
        let span = alarm.since(self.now);
        self.pass(span);
        Some(span)
    }

    /// What has happened since this was last asked, a line each.
    pub(super) fn story(&mut self) -> Vec<String> {
        let new = &self.journal[self.told..];
        self.told = self.journal.len();
        new.iter().map(|(_, event)| line(event)).collect()
    }

    /// The same without acceptances and starts: what was planned and how things ended.
    pub(super) fn plot(&mut self) -> Vec<String> {
        let mut story = self.story();
        story.retain(|line| !line.starts_with("accept ") && !line.starts_with("start "));
        story
    }

    /// The attempts that run, by name.
    pub(super) fn running(&self) -> Vec<String> {
        let attempts = self.state.tasks.values().flat_map(|task| task.attempts.values().map(move |each| (task, each)));
        let running = attempts.filter(|(_, attempt)| matches!(attempt.state, AttemptState::Running { .. }));
        running.map(|(task, attempt)| format!("{}#{} {}", task.id, attempt.number, attempt.worker)).collect()
    }

    pub(super) fn phase(&self, id: &str) -> &'static str {
        self.state.tasks[&task(id)].phase.as_str()
    }

    /// The steps of a task with their seats: `make: a b`.
    pub(super) fn steps(&self, id: &str) -> Vec<String> {
        let step = |step: &board::Step| {
            let workers: Vec<&str> = step.seats.iter().map(|seat| seat.worker.as_str()).collect();
            format!("{}: {}", step.id, workers.join(" "))
        };
        self.state.tasks[&task(id)].plan.steps.iter().map(step).collect()
    }

    pub(super) fn why(&self, id: &str) -> Vec<String> {
        self.state.tasks[&task(id)].route.why.clone()
    }

    /// The state that the journal alone gives.
    pub(super) fn replayed(&self) -> State {
        let mut state = State::default();
        for (seq, event) in &self.journal {
            board::apply(&mut state, *seq, event);
        }
        state
    }
}

pub(super) fn task(id: &str) -> TaskId {
    TaskId::parse(id).unwrap()
}

/// `build#2`.
pub(super) fn attempt(key: &str) -> AttemptKey {
    let (id, number) = key.split_once('#').unwrap();
    AttemptKey { task: task(id), number: number.parse().unwrap() }
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn names(workers: &[&str]) -> Vec<WorkerName> {
    workers.iter().map(|name| WorkerName::new(*name)).collect()
}

/// Steps `(id, needs, workers, consensus)` of a plan written by hand.
pub(super) fn written(steps: &[(&str, &[&str], u32, bool)]) -> WrittenPlan {
    let step = |(id, needs, workers, consensus): &(&str, &[&str], u32, bool)| WrittenStep {
        id: StepId::new(*id),
        role: None,
        instruction: format!("do {id}"),
        needs: needs.iter().map(|need| StepId::new(*need)).collect(),
        workers: *workers,
        models: Vec::new(),
        consensus: *consensus,
        aim: None,
        answer: false,
        workspace: WorkspaceAccess::Read,
        validate: None,
    };
    WrittenPlan { steps: steps.iter().map(step).collect(), checkpoint_every: None }
}

/// An event in one line.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::TaskAccepted { task, waits_for, .. } if waits_for.is_empty() => format!("accept {task}"),
        Event::TaskAccepted { task, waits_for, .. } => {
            let on: Vec<&str> = waits_for.iter().map(TaskId::as_str).collect();
            format!("accept {task}, which waits for {}", on.join(", "))
        }
        Event::FileRejected { name, .. } => format!("reject {name}"),
        Event::DaemonStarted { .. } => "started".to_owned(),
        Event::OrderHeld { number, by, .. } => format!("hold order {number} for {by}"),
        Event::RecordsImported { file, .. } => format!("import {file}"),
        Event::MemoryRevised { name, revision, .. } => format!("revise {name} {revision}"),
        Event::MemoryLeased { name, by, .. } => format!("lease {name} {by}"),
        Event::DependencyEnded { task, on, well, .. } => {
            format!("tell {task}: {on} ended {}", if *well { "well" } else { "badly" })
        }
        Event::AttemptPlanned { at, key, step, seat, worker, tries_before, not_before, .. } => {
            let retry = if *tries_before > 0 { format!(", try {}", tries_before + 1) } else { String::new() };
            let pause = not_before.since(*at);
            let pause = if pause.is_zero() { String::new() } else { format!(", in {:.1} s", pause.as_secs_f64()) };
            format!("plan {key}: {step}/{seat} {worker}{retry}{pause}")
        }
        Event::AttemptStarted { key, .. } => format!("start {key}"),
        Event::CostReserved { key, usd, .. } => format!("reserve {key}: {usd:.2}"),
        Event::AttemptAdopted { key, .. } => format!("adopt {key}"),
        Event::AttemptAnswered { key, .. } => format!("answer {key}"),
        Event::AttemptFailed { at, key, failure, rest_until } => {
            let rest = match rest_until {
                None => String::new(),
                Some(Rest::Blocked) => ", blocked".to_owned(),
                Some(Rest::Until { at: end }) => format!(", rests {} s", end.since(*at).as_secs()),
            };
            format!("fail {key}: {}, {}{rest}", failure.class.as_str(), failure.message)
        }
        Event::AttemptValidated { key, validation, .. } => {
            format!("try {key}: {}", if validation.passed { "passed" } else { "failed" })
        }
        Event::PatchApplied { patch, .. } => format!("{} puts {}/{} in place", patch.by, patch.task, patch.attempt),
        Event::PatchReverted { patch, .. } => format!("{} takes {}/{} back", patch.by, patch.task, patch.attempt),
        Event::PlanChanged { task, source, adds, drops, .. } => {
            let adds: Vec<&str> = adds.iter().map(|step| step.id.as_str()).collect();
            let drops: Vec<&str> = drops.iter().map(StepId::as_str).collect();
            format!("change {task} ({}): +[{}] -[{}]", source.as_str(), adds.join(" "), drops.join(" "))
        }
        Event::Progressed { task, progress, .. } => format!("progress {task}: {}", progress.line()),
        Event::TaskDecided { task, waits_for_person, .. } => {
            format!("decide {task}{}", if *waits_for_person { ", a person must answer" } else { "" })
        }
        Event::PersonReminded { task, attempt: Some(number), .. } => format!("remind of {task}#{number}"),
        Event::PersonReminded { task, .. } => format!("remind of {task}"),
        Event::PersonHandedIn { key, by, .. } => format!("{by} hands in {key}"),
        Event::PersonAnswered { task, by, answer, .. } => match answer {
            PersonAnswer::Approve => format!("{by} approves {task}"),
            PersonAnswer::Retry => format!("{by} has {task} tried again"),
            PersonAnswer::Reject { .. } => format!("{by} rejects {task}"),
        },
        Event::TaskEnded { task, ending, .. } => match ending {
            Ending::Done => format!("end {task}: done"),
            Ending::Failed { why } => format!("end {task}: failed, {why}"),
            Ending::Cancelled { by } => format!("end {task}: cancelled by {by}"),
        },
        Event::TaskArchived { task, .. } => format!("archive {task}"),
    }
}

fn rules(workers: &[&str], catalog: &toml::Table) -> Rules {
    let worker = |name: &&str| WorkerRule {
        name: WorkerName::new(*name),
        model: format!("{name}-model"),
        tier: 3,
        family: (*name).to_owned(),
        price: None,
        roles: Vec::new(),
        strengths: Vec::new(),
        max_concurrent: 2,
        timeout: secs(60),
        outside: false,
        person: false,
        window_tokens: None,
        vision: false,
        sessions: board::rules::Sessions::None,
    };
    Rules {
        workers: workers.iter().map(worker).collect(),
        limits: CallLimits {
            concurrent_calls_max: 10,
            retries_max: 1,
            backoff_first: secs(2),
            backoff_max: secs(30),
            retry_after_max: secs(60),
            failures_before_rest: 3,
            rest_first: secs(30),
            rest_max: secs(600),
            rate_limit_rest: secs(15),
            rate_limit_rest_max: secs(600),
            overrun_grace: secs(10),
            open_tasks_max: 100,
            attempts_per_task_max: 50,
            batch_steps_max: 1,
            budget_usd_per_day: None,
        },
        consensus: ConsensusRules {
            threshold: Priority::ALL.into_iter().zip([0.6, 0.7, 0.8, 0.9]).collect(),
            caution_margin: 0.1,
            conflict_runner_up: 0.2,
            tier_prior: [0.8, 0.775, 0.75, 0.725, 0.7],
            prior_strength: 20.0,
            family_correlation: 0.5,
            require_human: vec![Priority::Critical],
            rounds_max: 1,
            proofs_max: 0,
            early_stop: false,
        },
        catalog: Catalog::read(catalog).unwrap(),
        plans: PlanLimits::default(),
        people: Default::default(),
        selection: SelectionRules::default(),
        memory: MemoryRules::default(),
    }
}
