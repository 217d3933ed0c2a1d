//! A world around the board: workers that misbehave, people, a clock, a journal that survives crashes.

use super::chance::Chance;
use super::invariants::Watcher;
use super::memory;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;
use synod::board::memory::{Memories, MemoryRules};
use synod::board::people::PeopleRules;
use synod::board::rules::{CallLimits, ConsensusRules, PlanLimits, SelectionRules, WorkerRule};
use synod::board::{
    self, Answer, Ask, AttemptKey, Effect, Event, Failure, FailureClass, Input, Kind, Mode, Offer, PersonAnswer, Phase,
    Priority, Proposal, Purpose, Refusal, Rules, Seq, Source, State, TaskId, TaskSpec, Text, Timestamp, Usage,
    WorkerName, batching, plan_reader, routing, verdict_reader,
};

const WORKERS: [&str; 5] = ["claude", "gpt", "gemini", "grok", "qwen"];
const STEPS: u64 = 60;
/// Read once; reading it is most of what a short life costs.
static CATALOG: LazyLock<routing::Catalog> =
    LazyLock::new(|| routing::Catalog::read(&synod::config::catalog()).unwrap());
const DAY_MS: i64 = 86_400_000;

/// What will happen outside at some moment.
#[derive(Clone)]
enum Coming {
    Answer(Box<Ask>, String),
    Failure(AttemptKey, Failure),
}

/// The board and everything around it.
pub(crate) struct World {
    chance: Chance,
    rules: Rules,
    state: State,
    journal: Vec<(Seq, Event)>,
    /// What left the journal when tasks were archived.
    globals: board::state::Globals,
    /// What stands on the memory bus, stored with every event.
    memories: Memories,
    now: Timestamp,
    coming: BTreeMap<(Timestamp, u64), Coming>,
    drawn: u64,
    names: BTreeSet<TaskId>,
    ended: BTreeMap<TaskId, bool>,
    watcher: Watcher,
    tell: bool,
}

impl World {
    pub(crate) fn new(seed: u64, tell: bool) -> Self {
        let mut chance = Chance::new(seed);
        let rules = rules(&mut chance);
        Self {
            chance,
            rules,
            state: State::default(),
            journal: Vec::new(),
            globals: board::state::Globals::default(),
            memories: Memories::default(),
            now: Timestamp(1_700_000_000_000),
            coming: BTreeMap::new(),
            drawn: 0,
            names: BTreeSet::new(),
            ended: BTreeMap::new(),
            watcher: Watcher::default(),
            tell,
        }
    }

    /// Lives through a number of steps, then lets everything come to rest and looks whether it has.
    pub(crate) fn live(&mut self) {
        for _ in 0..STEPS {
            self.step();
        }
        self.come_to_rest();
        self.watcher.at_rest(&self.state);
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0..25 => self.offer(),
            25..32 => self.cancel(),
            32..38 => self.approve(),
            38..43 => self.crash(),
            43..48 => self.lie(),
            48..53 => self.publish(),
            53..55 => self.jump(),
            55..70 => self.remember(),
            _ => {
                self.pass_time();
            }
        }
    }

    fn offer(&mut self) {
        let number = self.chance.below(12);
        let mut id = TaskId::slug(&format!("task {number}"));
        let mut counter = 2;
        while self.names.contains(&id) {
            id = TaskId::slug(&format!("task {number}")).numbered(counter);
            counter += 1;
        }
        let text = format!("Review thing {}", self.chance.below(30));
        let mut spec = TaskSpec::of_text(Text::short(text.clone()));
        spec.kind =
            Some(Kind::new(*self.chance.of(&["code-review", "implementation", "security-review", "architecture"])));
        spec.mode =
            *self.chance.of(&[Mode::Auto, Mode::Simple, Mode::Medium, Mode::Complex, Mode::Architectural, Mode::Mega]);
        spec.priority = *self.chance.of(&Priority::ALL);
        if self.chance.percent(20) {
            spec.timeout = Some(Duration::from_secs(1 + self.chance.below(200)));
        }
        if self.chance.percent(25) {
            spec.depends_on = vec![TaskId::slug(&format!("task {}", self.chance.below(12)))];
        }
        if self.chance.percent(30) {
            // A plan as a person could have written it; the reader of answers reads it too.
            let plan = plan_reader::read(&Purpose::Plan { error: None }, &self.a_plan(), None);
            spec.plan = match plan {
                Some(Proposal::Plan(plan)) => plan.ok(),
                Some(Proposal::Review(_) | Proposal::Proof(_)) | None => None,
            };
        }
        if self.chance.percent(15) {
            spec.models = vec![WorkerName::new(*self.chance.of(&WORKERS)), WorkerName::new(*self.chance.of(&WORKERS))];
        }
        let hash = format!("{:?}", (&spec.kind, &text));
        let mut ended = BTreeMap::new();
        for on in &spec.depends_on {
            let well = self.ended.get(on).copied().or_else(|| match self.state.task(on).map(|task| &task.phase) {
                Some(Phase::Ended { ending, .. }) => Some(*ending == board::Ending::Done),
                _ => None,
            });
            ended.extend(well.map(|well| (on.clone(), well)));
        }
        let source = Source::Face { by: "sim".to_owned(), hash };
        let offer =
            Offer { at: self.now, id: id.clone(), spec, words: text, source, ended, needs: board::Needs::default() };
        if self.take(Input::Offer(Box::new(offer))).is_ok() {
            self.names.insert(id);
        }
    }

    fn remember(&mut self) {
        let act = memory::act(&mut self.chance, &self.state.memories, self.now);
        let by = (*self.chance.of(&["anna", "claude", "file"])).to_owned();
        let texts = memory::texts(&act);
        if self.take(Input::Memory { at: self.now, by, act: Box::new(act) }).is_ok() {
            self.watcher.taken(texts);
        }
    }

    fn some_task(&mut self) -> Option<TaskId> {
        let ids: Vec<TaskId> = self.state.tasks.keys().cloned().collect();
        (!ids.is_empty()).then(|| self.chance.of(&ids).clone())
    }

    fn cancel(&mut self) {
        if let Some(task) = self.some_task() {
            let _ = self.take(Input::Cancel { at: self.now, task, by: "sim".to_owned(), file: None });
        }
    }

    fn approve(&mut self) {
        let Some(task) = self.some_task() else { return };
        let reject = PersonAnswer::Reject { why: Text::short("no") };
        let answer = if self.chance.percent(60) { PersonAnswer::Approve } else { reject };
        let _ =
            self.take(Input::Person { at: self.now, task, by: "sim".to_owned(), answer, given: self.now, file: None });
    }

    /// A report about an attempt that may not exist, or has ended, or belongs to somebody else.
    fn lie(&mut self) {
        let Some(task) = self.some_task() else { return };
        let key = AttemptKey { task, number: u32::try_from(self.chance.below(9)).unwrap() };
        let failure = failure(FailureClass::Transient);
        let running = board::is_running(&self.state, &key);
        let taken = self.take(Input::Failed { at: self.now, key, failure });
        assert_eq!(taken.is_ok(), running, "a report counts only for an attempt that runs");
    }

    fn publish(&mut self) {
        let upto = Seq(self.state.seq.0.saturating_sub(self.chance.below(6)));
        let _ = self.take(Input::Published { at: self.now, upto });
    }

    /// The wall clock moves while the daemon is down.
    fn jump(&mut self) {
        let hours = i64::try_from(self.chance.below(72)).unwrap() - 24;
        self.crash();
        let last = self.journal.iter().map(|(_, event)| event.at()).max().unwrap_or(self.now);
        self.now = Timestamp(self.now.0 + hours * DAY_MS / 24).max(last);
        let _ = self.take(Input::Tick { at: self.now });
    }

    /// The next thing that comes, or the next alarm, whichever is first.
    fn pass_time(&mut self) -> bool {
        let coming = self.coming.keys().next().map(|(at, _)| *at);
        let alarm = self.state.next_alarm(&self.rules);
        let Some(next) = [coming, alarm].into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        let due: Vec<_> = self.coming.range(..=(self.now, u64::MAX)).map(|(key, _)| *key).collect();
        for key in due {
            let Some(coming) = self.coming.remove(&key) else { continue };
            self.happen(coming);
        }
        let _ = self.take(Input::Tick { at: self.now });
        true
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Answer(ask, text) if !ask.parts.is_empty() => {
                let texts = batching::split(&ask, &text);
                let weights: Vec<usize> = texts.iter().map(|text| text.map_or(0, str::len)).collect();
                let usages = batching::shares(&Usage { cost_usd: Some(0.1), ..Usage::default() }, &weights);
                let parts = ask.parts.iter().zip(texts).zip(usages).map(|((part, text), usage)| {
                    let key = AttemptKey { task: ask.key.task.clone(), number: part.number };
                    let given = text.map(|text| Box::new(Answer { usage, ..answer(Text::short(text)) }));
                    (key, given.ok_or_else(|| failure(FailureClass::Transient)))
                });
                let _ = self.take(Input::AnsweredTogether { at: self.now, parts: parts.collect() });
            }
            Coming::Answer(ask, text) => {
                let verdicts = verdict_reader::read(&ask.purpose, &text, None);
                let rule = self.rules.worker(&ask.worker);
                let own = rule.is_some_and(|rule| rule.sessions == board::rules::Sessions::Own);
                let proposal = plan_reader::read(&ask.purpose, &text, None);
                let answer = Answer {
                    verdicts,
                    session: own.then(|| format!("session of {}", ask.key)),
                    prompt: (ask.keep_prompt && !own).then(|| Text::short(format!("what {} was asked", ask.key))),
                    resumed: ask.resume.as_ref().map(|resume| resume.attempt),
                    proposal,
                    ..answer(Text::short(text))
                };
                let _ = self.take(Input::Answered { at: self.now, key: ask.key, answer: Box::new(answer) });
            }
            Coming::Failure(key, failure) => {
                let _ = self.take(Input::Failed { at: self.now, key, failure });
            }
        }
    }

    /// The process dies: what is left is the journal. Calls under way go on, or are lost with it.
    fn crash(&mut self) {
        let mut replayed = State::resume(self.globals.clone(), self.memories.clone());
        for (seq, event) in &self.journal {
            board::apply(&mut replayed, *seq, event);
        }
        replayed.seq = replayed.seq.max(self.state.seq);
        self.watcher.same(&self.state, &replayed);
        self.state = replayed;
        let pending = board::pending(&self.state);
        let _ = self.take(Input::Started { at: self.now });
        for ask in pending {
            if self.chance.percent(50) {
                let deadline = ask.deadline.max(self.now.after(Duration::from_secs(10)));
                let _ = self.take(Input::Adopted { at: self.now, key: ask.key.clone(), deadline });
            } else {
                self.coming.retain(|_, coming| match coming {
                    Coming::Answer(other, _) => other.key != ask.key,
                    Coming::Failure(key, _) => *key != ask.key,
                });
                let failure = failure(FailureClass::Interrupted);
                let _ = self.take(Input::Failed { at: self.now, key: ask.key, failure });
            }
        }
    }

    /// Nothing new comes in; time passes until nothing more happens.
    fn come_to_rest(&mut self) {
        for _ in 0..5_000 {
            if !self.pass_time() {
                return;
            }
        }
        panic!("the board never comes to rest; next alarm {:?} at {}", self.state.next_alarm(&self.rules), self.now);
    }

    /// Takes an input as the daemon does: decide and apply, store, and only then do the effects.
    fn take(&mut self, input: Input) -> Result<(), Refusal> {
        let archived: Vec<TaskId> = match &input {
            Input::Published { upto, .. } => self.state.ended_upto(*upto).map(|task| task.id.clone()).collect(),
            _ => Vec::new(),
        };
        for id in &archived {
            let well = self.state.task(id).is_some_and(|task| task.phase.as_str() == "done");
            self.ended.insert(id.clone(), well);
        }
        if self.tell {
            println!("{} <- {input:?}", self.now);
        }
        let published = if let Input::Published { upto, .. } = &input { *upto } else { Seq(0) };
        let mut effects = Vec::new();
        let mut events = Vec::new();
        let taken = board::take(&mut self.state, &self.rules, input, &mut |state, seq, event| {
            effects.extend(board::react(state, &event));
            events.push((seq, event));
        });
        if self.tell {
            match &taken {
                Ok(()) => events.iter().for_each(|(seq, event)| println!("    {seq} {event:?}")),
                Err(refusal) => println!("    refused: {refusal}"),
            }
        }
        self.watcher.after(&self.state, &self.rules, &events);
        if events.iter().any(|(_, event)| is_of_memory(event)) {
            self.memories = Memories::new(self.state.memories.by_name().clone());
        }
        self.journal.extend(events);
        if published > Seq(0) {
            self.journal.retain(|(seq, event)| *seq > published || !is_of_memory(event));
        }
        if !archived.is_empty() {
            self.journal.retain(|(_, event)| event.task().is_none_or(|task| !archived.contains(task)));
            self.globals = self.state.globals.clone();
        }
        for effect in effects {
            if let Effect::Ask(ask) = effect
                && board::is_running(&self.state, &ask.key)
            {
                self.watcher.asked(&self.state, &ask);
                self.call(ask);
            }
        }
        taken
    }

    /// What becomes of a call: an answer soon or late, twice, a failure, or nothing at all.
    fn call(&mut self, ask: Box<Ask>) {
        let late = if self.chance.percent(15) { 600 } else { 60 };
        let at = self.now.after(Duration::from_millis(self.chance.below(late * 1000)));
        let key = ask.key.clone();
        let coming = match self.chance.below(100) {
            0..65 => {
                let text = if ask.parts.is_empty() { self.words(&ask.purpose) } else { self.words_in_parts(&ask) };
                if self.chance.percent(10) {
                    let again = at.after(Duration::from_millis(self.chance.below(5_000)));
                    self.put(again, Coming::Answer(ask.clone(), text.clone()));
                }
                Coming::Answer(ask, text)
            }
            65..80 => Coming::Failure(key, failure(FailureClass::Transient)),
            80..85 => {
                let pause = self.chance.percent(50).then(|| Duration::from_secs(self.chance.below(200)));
                Coming::Failure(key, failure(FailureClass::RateLimited { retry_after: pause }))
            }
            85..88 => Coming::Failure(key, failure(FailureClass::Timeout)),
            88..90 => Coming::Failure(key, failure(FailureClass::WorkerBlocked)),
            90..94 => Coming::Failure(key, failure(FailureClass::RequestRefused)),
            // It never comes back.
            _ => return,
        };
        self.put(at, coming);
    }

    fn put(&mut self, at: Timestamp, coming: Coming) {
        self.drawn += 1;
        self.coming.insert((at, self.drawn), coming);
    }

    /// A plan as planners write them: mostly good, at times nonsense, with a role that does not exist, or in a circle.
    fn a_plan(&mut self) -> String {
        if self.chance.percent(15) {
            return "I would do it step by step.".to_owned();
        }
        let role = if self.chance.percent(10) { "wizard" } else { "implementer" };
        let count = 1 + self.chance.below(5);
        let steps = (1..=count).map(|number| {
            let needed = self.chance.below(number);
            let needs = if needed == 0 { String::new() } else { format!("\"p{needed}\"") };
            let needs = if self.chance.percent(3) { "\"p1\",\"p99\"".to_owned() } else { needs };
            format!(r#"{{"id":"p{number}","role":"{role}","do":"part {number}","needs":[{needs}]}}"#)
        });
        let steps: Vec<String> = steps.collect();
        format!(r#"{{"steps":[{}],"checkpoint_every":{}}}"#, steps.join(","), 1 + self.chance.below(4))
    }

    /// Something for each step, at times not for all, or for one twice.
    fn words_in_parts(&mut self, ask: &Ask) -> String {
        let mut text = String::new();
        for part in &ask.parts {
            for _ in 0..*self.chance.of(&[1, 1, 1, 1, 1, 0, 2]) {
                text.push_str(&format!("{}\nsomething made\n", batching::marker(ask, part)));
            }
        }
        text
    }

    fn words(&mut self, purpose: &Purpose) -> String {
        let stance = *self.chance.of(&["approve", "reject", "approve_with_changes", "abstain", "nonsense"]);
        match purpose {
            Purpose::Judge => {
                let claims = if self.chance.percent(30) {
                    format!(
                        r#"{{"severity":"high","where":"a.rs:{}","what":"overflow","fix":""}}"#,
                        self.chance.below(3) * 10
                    )
                } else {
                    String::new()
                };
                format!(r#"{{"verdict":"{stance}","claims":[{claims}],"confidence":0.8,"would_change_my_mind":""}}"#)
            }
            Purpose::Make | Purpose::Synthesize => "something made".to_owned(),
            Purpose::Reconsider { first, .. } => self.words(first),
            Purpose::Prove { .. } => {
                let status = *self.chance.of(&["confirmed", "refuted", "undecided", "perhaps"]);
                format!(
                    r#"{{"claim":"c","status":"{status}","why":"seen","reproduction":{{"command":"","observed":""}}}}"#
                )
            }
            Purpose::Plan { .. } | Purpose::Recover { .. } => self.a_plan(),
            Purpose::Review { .. } => {
                let status = *self.chance.of(&["on_track", "needs_adjustment", "fine"]);
                let action = *self.chance.of(&["continue", "retry", "replan"]);
                format!(r#"{{"status":"{status}","action":"{action}"}}"#)
            }
            Purpose::Check { candidates } => {
                let each: Vec<String> = (0..candidates.len())
                    .map(|at| {
                        let label = char::from(b'A' + u8::try_from(at).unwrap());
                        format!(r#"{{"candidate":"{label}","verdict":"{stance}","claims":[],"confidence":0.8,"would_change_my_mind":""}}"#)
                    })
                    .collect();
                format!(r#"{{"verdicts":[{}]}}"#, each.join(","))
            }
        }
    }
}

fn is_of_memory(event: &Event) -> bool {
    matches!(event, Event::MemoryRevised { .. } | Event::MemoryLeased { .. })
}

fn answer(text: Text) -> Answer {
    Answer {
        text,
        verdicts: Vec::new(),
        model: "sim".to_owned(),
        session: None,
        usage: Usage::default(),
        files_modified: Vec::new(),
        not_given: Vec::new(),
        prompt: None,
        resumed: None,
        proposal: None,
        patch: None,
        cached: false,
        call_hash: None,
    }
}

fn failure(class: FailureClass) -> Failure {
    Failure { class, message: "simulated".to_owned(), after_s: 1.0, usage: Usage::default() }
}

fn rules(chance: &mut Chance) -> Rules {
    let count = 1 + usize::try_from(chance.below(5)).unwrap();
    let workers = WORKERS.iter().take(count).enumerate().map(|(at, name)| WorkerRule {
        name: WorkerName::new(*name),
        model: (*name).to_owned(),
        tier: u8::try_from(at + 1).unwrap(),
        family: format!("family {}", at / 2),
        price: None,
        roles: Vec::new(),
        strengths: Vec::new(),
        max_concurrent: 1 + u32::try_from(chance.below(3)).unwrap(),
        timeout: Duration::from_secs(30 + chance.below(120)),
        outside: false,
        person: at == 3,
        window_tokens: None,
        vision: false,
        sessions: match at % 3 {
            0 => board::rules::Sessions::Own,
            1 => board::rules::Sessions::History,
            _ => board::rules::Sessions::None,
        },
    });
    let workers: Vec<WorkerRule> = workers.collect();
    Rules {
        workers,
        limits: CallLimits {
            concurrent_calls_max: 1 + u32::try_from(chance.below(6)).unwrap(),
            retries_max: u32::try_from(chance.below(3)).unwrap(),
            backoff_first: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
            retry_after_max: Duration::from_secs(60),
            failures_before_rest: 3,
            rest_first: Duration::from_secs(30),
            rest_max: Duration::from_secs(600),
            rate_limit_rest: Duration::from_secs(15),
            rate_limit_rest_max: Duration::from_secs(600),
            overrun_grace: Duration::from_secs(10),
            open_tasks_max: 5 + usize::try_from(chance.below(20)).unwrap(),
            attempts_per_task_max: 20,
            // In a third of the lives, small steps are asked together.
            batch_steps_max: if chance.percent(33) { 2 + u32::try_from(chance.below(3)).unwrap() } else { 1 },
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
            rounds_max: 1 + u32::try_from(chance.below(3)).unwrap(),
            proofs_max: u32::try_from(chance.below(3)).unwrap(),
            early_stop: true,
        },
        catalog: CATALOG.clone(),
        plans: PlanLimits::default(),
        people: PeopleRules {
            remind_after: chance.percent(50).then(|| Duration::from_secs(20 + chance.below(600))),
            deadline: chance.percent(50).then(|| Duration::from_secs(60 + chance.below(3_000))),
        },
        selection: SelectionRules::default(),
        memory: MemoryRules::default(),
    }
}
