//! What the simulated workers do with a question: answer, fail for want of ability, or fall to an injected fault. Knows the
//! jobs, never the engine.

use super::draw::Draw;
use super::jobs::Job;
use super::workers::{MODELS, Model, Sort};
use std::collections::BTreeMap;
use std::time::Duration;
use synod::board::FailureClass;

/// How one call of a run can be hit, and how often of a hundred hits.
const FAULTS: [(Fault, f64); 5] = [
    (Fault::Transient, 35.0),
    (Fault::RateLimit, 20.0),
    (Fault::Timeout, 10.0),
    (Fault::Refusal, 15.0),
    (Fault::Malformed, 20.0),
];

/// An injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A 5xx or a lost connection, somewhere on the way.
    Transient,
    /// Half of them say how long to wait.
    RateLimit,
    /// Nothing comes until the call's time is up.
    Timeout,
    /// The provider refuses this content; another one may take it.
    Refusal,
    /// An empty answer; for one who plans a broken plan, for one who reviews nothing that can be read.
    Malformed,
}

/// What is asked of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The job's plan, or what is left of it.
    Plan,
    /// How the plan goes; whether steps have failed since the last look.
    Review,
    /// A plan for one item that failed.
    Recovery { item: Option<usize> },
    /// A step.
    Step { sort: Sort, item: Option<usize> },
    /// One text out of many.
    Whole,
}

/// What the workers of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crew {
    /// Each as it is stated.
    AsStated,
    /// Every one of them is the strongest, at its price, its pace and with its ability: what it would be to send every
    /// step to the strongest, with as many to fall back to.
    AllStrongest,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    /// How long it took.
    pub(crate) took: Duration,
    pub(crate) tokens: (u64, u64),
    pub(crate) usd: f64,
    pub(crate) said: Result<String, FailureClass>,
}

/// All workers of a run, with what they remember: which items are done.
pub(crate) struct Workers {
    draw: Draw,
    jobs: BTreeMap<u64, Job>,
    seed: u64,
    faults: f64,
    crew: Crew,
    /// Calls so far by job, wanted and worker, so that the same question asked again meets other luck.
    asked: BTreeMap<(u64, String, &'static str), u64>,
    /// Items that are under way or done, which nobody plans again.
    taken: BTreeMap<(u64, usize), bool>,
}

impl Workers {
    /// `faults`: the share of calls that are hit, 0 to 1.
    pub(crate) fn new(seed: u64, faults: f64, crew: Crew) -> Self {
        let (jobs, asked, taken) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { draw: Draw::new(seed).of("call"), jobs, seed, faults, crew, asked, taken }
    }

    /// Forgets a job that is over.
    pub(crate) fn forget(&mut self, job: u64) {
        self.jobs.remove(&job);
        self.asked.retain(|(of, ..), _| *of != job);
        self.taken.retain(|(of, _), _| *of != job);
    }

    /// An item is under way, done, or (`false`) free again.
    pub(crate) fn take(&mut self, job: u64, item: usize, taken: bool) {
        self.taken.insert((job, item), taken);
    }

    /// Asks a worker; `time_left` is what the call may take.
    pub(crate) fn ask(&mut self, job: u64, wanted: Wanted, worker: &str, time_left: Duration) -> Came {
        let named = Model::named(worker);
        let model = if self.crew == Crew::AllStrongest { &MODELS[0] } else { named };
        let what = format!("{wanted:?}");
        let count = self.asked.entry((job, what.clone(), named.name)).or_default();
        *count += 1;
        // How large the question is does not depend on who is asked, so that two runs compare prices and not luck.
        let question = self.draw.at(job).of(&what);
        let luck = question.of(named.name).at(*count);
        let sort = match wanted {
            Wanted::Step { sort, .. } => sort,
            Wanted::Plan | Wanted::Review | Wanted::Recovery { .. } => Sort::Steer,
            Wanted::Whole => Sort::Write,
        };
        let [range_in, range_out] = sort.tokens();
        let tokens_in = question.of("in").between(range_in.0, range_in.1);
        let tokens_out = question.of("out").between(range_out.0, range_out.1);
        let whole = model.seconds(tokens_out) * luck.of("pace").spread(0.3);
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds).min(time_left);
        let came = |took, share_out: f64, said| Came {
            took,
            tokens: (tokens_in as u64, (tokens_out * share_out) as u64),
            usd: model.usd(tokens_in, tokens_out * share_out),
            said,
        };
        if seconds(whole) >= time_left {
            return came(time_left, 1.0, Err(FailureClass::Timeout));
        }
        let hit = luck.of("fault").chance(self.faults).then(|| luck.of("kind").weighted(&FAULTS));
        let steers = matches!(wanted, Wanted::Plan | Wanted::Review | Wanted::Recovery { .. });
        match hit {
            Some(Fault::Transient) => came(seconds(whole * 0.4), 0.4, Err(FailureClass::Transient)),
            Some(Fault::RateLimit) => {
                let wait = luck.of("wait").between(1.0, 20.0);
                let retry_after = luck.of("says").chance(0.5).then(|| Duration::from_secs_f64(wait));
                let nothing = Err(FailureClass::RateLimited { retry_after });
                Came { took: seconds(0.4), tokens: (0, 0), usd: 0.0, said: nothing }
            }
            Some(Fault::Timeout) => came(time_left, 1.0, Err(FailureClass::Timeout)),
            Some(Fault::Refusal) => came(seconds(model.seconds(20.0)), 0.02, Err(FailureClass::RequestRefused)),
            Some(Fault::Malformed) if steers => came(seconds(whole), 1.0, Ok(self.broken(job, wanted, luck))),
            Some(Fault::Malformed) => came(seconds(whole), 1.0, Err(FailureClass::Transient)),
            None if luck.of("able").chance(sort.ability(model.tier)) => {
                came(seconds(whole), 1.0, Ok(self.words(job, wanted)))
            }
            // It tried and could not: it says so, or nothing of use comes.
            None if steers => came(seconds(whole), 1.0, Ok(self.broken(job, wanted, luck))),
            None if luck.of("says so").chance(0.6) => came(seconds(whole), 1.0, Err(FailureClass::RequestRefused)),
            None => came(seconds(whole), 1.0, Err(FailureClass::Transient)),
        }
    }

    fn job(&mut self, number: u64) -> Job {
        let seed = self.seed;
        self.jobs.entry(number).or_insert_with(|| Job::new(seed, number)).clone()
    }

    fn words(&mut self, number: u64, wanted: Wanted) -> String {
        let job = self.job(number);
        match wanted {
            Wanted::Plan => {
                let taken = |item: usize| self.taken.get(&(number, item)).copied().unwrap_or(false);
                job.plan(&taken)
            }
            Wanted::Recovery { item } => job.recovery(item.unwrap_or(0)),
            Wanted::Review => {
                let review =
                    serde_json::json!({"status": "on_track", "action": "continue", "why": "the steps fit together"});
                format!("```json\n{review}\n```")
            }
            Wanted::Step { sort, item } => format!("The {} of {item:?} is done.", sort.word()),
            Wanted::Whole => "All of it, put together.".to_owned(),
        }
    }

    /// A plan or a review that cannot be used.
    fn broken(&mut self, number: u64, wanted: Wanted, luck: Draw) -> String {
        let whole = self.words(number, wanted);
        match (wanted, luck.of("broken").whole(0, 3)) {
            (Wanted::Plan | Wanted::Recovery { .. }, 0) => whole.chars().take(whole.chars().count() / 2).collect(),
            (Wanted::Plan | Wanted::Recovery { .. }, 1) => {
                let circle = serde_json::json!({"steps": [
                    {"id": "one", "role": "implementer", "do": "the first half", "needs": ["two"]},
                    {"id": "two", "role": "implementer", "do": "the second half", "needs": ["one"]},
                ]});
                format!("```json\n{circle}\n```")
            }
            (Wanted::Plan | Wanted::Recovery { .. }, 2) => "```json\n{\"steps\": []}\n```".to_owned(),
            _ => "I would look at it again tomorrow.".to_owned(),
        }
    }
}
