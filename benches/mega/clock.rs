//! The engine under a virtual clock: the pure board takes what comes in, simulated workers answer after the time they take,
//! and the clock jumps to whatever is next. One board lives through all jobs of a run, so what it learns of its workers stays.

use super::answers::{Came, Crew, Wanted, Workers};
use super::jobs::{Job, read_words};
use super::measure::{Lived, Totals};
use std::collections::BTreeMap;
use synod::board::{
    self, Answer, Ask, Effect, Failure, Input, Mode, Offer, PersonAnswer, Phase, Purpose, Refusal, Rules, Source,
    State, TaskId, TaskSpec, Text, Timestamp, Usage, plan_reader, verdict_reader,
};

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) jobs: u64,
    /// The share of calls that are hit by a fault, 0 to 1.
    pub(crate) faults: f64,
    pub(crate) crew: Crew,
}

/// Something that is under way and will be reported.
struct Coming {
    ask: Box<Ask>,
    came: Came,
    wanted: Wanted,
}

struct Clock<'a> {
    rules: &'a Rules,
    state: State,
    workers: Workers,
    now: Timestamp,
    coming: BTreeMap<(Timestamp, u64), Coming>,
    drawn: u64,
    /// What the current job has lived through.
    lived: Lived,
    job: u64,
}

/// Lives through a run, one job after the other.
pub(crate) fn live(rules: &Rules, run: Run) -> Totals {
    let mut clock = Clock {
        rules,
        state: State::default(),
        workers: Workers::new(run.seed, run.faults, run.crew),
        now: Timestamp(1_700_000_000_000),
        coming: BTreeMap::new(),
        drawn: 0,
        lived: Lived::default(),
        job: 0,
    };
    let mut totals = Totals::default();
    for number in 0..run.jobs {
        let job = Job::new(run.seed, number);
        clock.job = number;
        clock.carry_out(&job);
        let lived = std::mem::take(&mut clock.lived);
        totals.add(&job, lived, rules.limits.concurrent_calls_max);
        clock.workers.forget(number);
    }
    totals
}

impl Clock<'_> {
    /// Hands a job in and lets time pass until it has ended.
    fn carry_out(&mut self, job: &Job) {
        let id = TaskId::slug(&format!("mega {}", job.number));
        let words = job.text();
        let mut spec = TaskSpec::of_text(Text::short(words.clone()));
        spec.mode = Mode::Mega;
        let source = Source::Face { by: "bench".to_owned(), hash: format!("job {}", job.number) };
        let (ended, needs) = (BTreeMap::new(), board::Needs::default());
        let offer = Offer { at: self.now, id: id.clone(), spec, words, source, ended, needs };
        self.lived.accepted = self.now;
        self.take(Input::Offer(Box::new(offer))).unwrap();
        loop {
            match self.state.task(&id).map(|task| &task.phase) {
                Some(Phase::Ended { .. }) => break,
                Some(Phase::AwaitingPerson { .. }) => {
                    self.lived.asked_person = true;
                    let why = Text::short("nobody is there to look at it");
                    let answer = PersonAnswer::Reject { why };
                    let (at, task, by, given) = (self.now, id.clone(), "bench".to_owned(), self.now);
                    self.take(Input::Person { at, task, by, answer, given, file: None }).unwrap();
                }
                _ => assert!(self.pass_time(), "job {} stands still: {:#?}", job.number, self.state.task(&id)),
            }
        }
        self.lived.ended = self.now;
        self.lived.task = self.state.task(&id).cloned();
        // What still runs belongs to nobody any more.
        self.coming.clear();
        self.take(Input::Published { at: self.now, upto: self.state.seq }).unwrap();
    }

    /// To the next report or alarm. `false` when nothing will ever happen again.
    fn pass_time(&mut self) -> bool {
        let report = self.coming.keys().next().map(|(at, _)| *at);
        let alarm = self.state.next_alarm(self.rules);
        let Some(next) = [report, alarm].into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        match self.coming.first_entry() {
            Some(first) if first.key().0 <= self.now => {
                let coming = first.remove();
                self.report(coming);
            }
            _ => self.take(Input::Tick { at: self.now }).unwrap(),
        }
        true
    }

    fn report(&mut self, coming: Coming) {
        let Coming { ask, came, wanted } = coming;
        let usage = Usage {
            input_tokens: came.tokens.0,
            output_tokens: came.tokens.1,
            cached_tokens: 0,
            cost_usd: Some(came.usd),
        };
        if !board::is_running(&self.state, &ask.key) {
            return;
        }
        if let Wanted::Step { item: Some(item), .. } = wanted {
            self.workers.take(self.job, item, came.said.is_ok());
        }
        self.lived.ran(&ask, wanted, &came);
        let (at, key) = (self.now, ask.key.clone());
        let input = match came.said {
            Ok(text) => Input::Answered { at, key, answer: Box::new(read(&ask, text, usage)) },
            Err(class) => {
                let message = format!("simulated: {}", class.as_str());
                Input::Failed { at, key, failure: Failure { class, message, after_s: came.took.as_secs_f64(), usage } }
            }
        };
        self.take(input).unwrap();
    }

    fn take(&mut self, input: Input) -> Result<(), Refusal> {
        let mut effects = Vec::new();
        let lived = &mut self.lived;
        board::take(&mut self.state, self.rules, input, &mut |state, _, event| {
            effects.extend(board::react(state, &event));
            lived.saw(&event);
        })?;
        for effect in effects {
            match effect {
                Effect::Ask(ask) if board::is_running(&self.state, &ask.key) => self.call(ask),
                Effect::Stop(key) => self.coming.retain(|_, coming| coming.ask.key != key),
                _ => {}
            }
        }
        Ok(())
    }

    fn call(&mut self, ask: Box<Ask>) {
        let wanted = self.wanted(&ask);
        let came = self.workers.ask(self.job, wanted, ask.worker.as_str(), ask.deadline.since(self.now));
        if let Wanted::Step { item: Some(item), .. } = wanted {
            self.workers.take(self.job, item, true);
        }
        self.drawn += 1;
        self.coming.insert((self.now.after(came.took), self.drawn), Coming { ask, came, wanted });
    }

    /// What an ask is about, by its purpose and the words of its step.
    fn wanted(&self, ask: &Ask) -> Wanted {
        let of_step = |words: &Option<String>| words.as_deref().and_then(read_words);
        match &ask.purpose {
            Purpose::Judge | Purpose::Make | Purpose::Check { .. } => match of_step(&ask.instruction) {
                Some((sort, item)) => Wanted::Step { sort, item },
                None => Wanted::Whole,
            },
            Purpose::Plan { .. } => Wanted::Plan,
            Purpose::Review { .. } => Wanted::Review,
            Purpose::Recover { step, .. } => {
                let failed = self.state.task(&ask.key.task).and_then(|task| task.step(step));
                let item = failed.and_then(|failed| of_step(&failed.instruction)).and_then(|(_, item)| item);
                Wanted::Recovery { item }
            }
            Purpose::Synthesize | Purpose::Reconsider { .. } | Purpose::Prove { .. } => Wanted::Whole,
        }
    }
}

/// The answer as the daemon's call makes it: with the verdicts, and what it says of the plan, read out of it.
fn read(ask: &Ask, text: String, usage: Usage) -> Answer {
    Answer {
        verdicts: verdict_reader::read(&ask.purpose, &text, None),
        proposal: plan_reader::read(&ask.purpose, &text, None),
        text: Text::short(text),
        model: ask.worker.as_str().to_owned(),
        session: None,
        usage,
        files_modified: Vec::new(),
        not_given: Vec::new(),
        prompt: None,
        resumed: None,
        cached: false,
        call_hash: None,
        patch: None,
    }
}
