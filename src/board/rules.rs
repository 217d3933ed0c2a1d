//! The settings that decisions depend on, as plain values. The composition root makes them from the configuration.

use super::id::{Role, WorkerName};
use super::spec::Priority;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything `decide` and `react` may look up besides the state. `apply` looks at none of it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The configured workers, in their order of preference.
    pub workers: Vec<WorkerRule>,
    /// Limits on calls.
    pub limits: CallLimits,
    /// Limits on plans.
    pub plans: PlanLimits,
    /// Settings of the vote.
    pub consensus: ConsensusRules,
    /// Kinds, categories, roles and modes: words, orders of preference, shapes.
    pub catalog: super::routing::Catalog,
    /// How the cheapest reliable worker is chosen.
    pub selection: SelectionRules,
    /// How long people are waited for.
    pub people: super::people::PeopleRules,
    /// Settings of the memory bus.
    pub memory: super::memory::MemoryRules,
}

impl Rules {
    /// A worker by name.
    pub fn worker(&self, name: &WorkerName) -> Option<&WorkerRule> {
        self.workers.iter().find(|worker| worker.name == *name)
    }

    /// Whether a worker was taken out of the settings. Who may start nothing (a daemon that ends, one that only looks) need
    /// not know the workers, and judges none.
    pub fn lack(&self, name: &WorkerName) -> bool {
        self.limits.concurrent_calls_max > 0 && self.worker(name).is_none()
    }
}

/// What deciding needs to know of a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerRule {
    /// Its name.
    pub name: WorkerName,
    /// The model behind it, for logs.
    pub model: String,
    /// 1 strongest … 5.
    pub tier: u8,
    /// Whose votes are not independent of its own.
    pub family: String,
    /// What its model costs; `None`: nobody knows.
    pub price: Option<Price>,
    /// Roles it is meant for; empty: any.
    pub roles: Vec<Role>,
    /// Words of what it is good at.
    pub strengths: Vec<String>,
    /// Calls at once.
    pub max_concurrent: u32,
    /// Longest call.
    pub timeout: Duration,
    /// Somebody outside plays it and takes his time: its calls take none of the slots in `concurrent_calls_max`.
    pub outside: bool,
    /// A person plays it: the asking is told in the log, and reminded of.
    pub person: bool,
    /// Tokens that a prompt for it may have; `None`: not known, so not limited here.
    pub window_tokens: Option<u64>,
    /// Whether it can be shown images.
    pub vision: bool,
    /// How it goes on with a conversation.
    pub sessions: Sessions,
}

/// How a worker goes on with a conversation of an earlier step of the same task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// Not at all: every call tells it everything.
    #[default]
    None,
    /// It keeps the conversation itself and is told its name. Such a conversation is a line: from one answer, one call goes on.
    Own,
    /// It is told again what was said, from the stored prompts and answers.
    History,
}

/// What a model costs, in USD per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Tokens sent.
    pub input: f64,
    /// Tokens received.
    pub output: f64,
}

/// How the cheapest reliable worker is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelectionRules {
    /// Whether outcomes may change the order of preference at all.
    pub cheapest: bool,
    /// Outcomes of a worker on a kind below which its record says nothing.
    pub trials_min: u32,
    /// Success rate that must be reached, with 95 % certainty, by a worker that is preferred for its price; 0 to 1.
    pub success_min: f64,
    /// Share of tasks on which a cheap worker that is not known well enough is tried first, 0 to 1.
    pub explore: f64,
}

impl Default for SelectionRules {
    fn default() -> Self {
        Self { cheapest: true, trials_min: 20, success_min: 0.8, explore: 0.1 }
    }
}

/// Limits on plans that grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Steps that a plan may have when it is laid out; recoveries and reviews come on top.
    pub steps_max: usize,
    /// How often what is left of one task may be planned anew.
    pub replans_max: u32,
    /// How many recovery plans one task may ask for.
    pub recoveries_max: u32,
}

impl Default for PlanLimits {
    fn default() -> Self {
        Self { steps_max: 200, replans_max: 3, recoveries_max: 10 }
    }
}

/// Limits on calls, and how failures are answered.
#[derive(Clone, Debug, PartialEq)]
pub struct CallLimits {
    /// Calls at once over all workers.
    pub concurrent_calls_max: u32,
    /// Tries of one worker after the first, on transient failures.
    pub retries_max: u32,
    /// First pause before a retry; doubles.
    pub backoff_first: Duration,
    /// Longest pause before a retry.
    pub backoff_max: Duration,
    /// A longer Retry-After parks the worker instead of waiting.
    pub retry_after_max: Duration,
    /// Transient failures in a row after which a worker rests.
    pub failures_before_rest: u32,
    /// First rest; doubles.
    pub rest_first: Duration,
    /// Longest rest.
    pub rest_max: Duration,
    /// Rest after a rate limit that named no time.
    pub rate_limit_rest: Duration,
    /// Longest such rest; it doubles each time.
    pub rate_limit_rest_max: Duration,
    /// What a call may take beyond its deadline before it is given up as lost.
    pub overrun_grace: Duration,
    /// Tasks open at once; more are refused as busy and stay in the drop folder.
    pub open_tasks_max: usize,
    /// Attempts one task may make in all.
    pub attempts_per_task_max: u32,
    /// Small steps of one task that may be asked of one worker in one call; 0 and 1: none together.
    pub batch_steps_max: u32,
    /// What all calls of one day (UTC) may cost, in USD.
    pub budget_usd_per_day: Option<f64>,
}

/// Settings of the vote.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsensusRules {
    /// What the posterior must reach, by priority.
    pub threshold: BTreeMap<Priority, f64>,
    /// How far below the threshold is still `proceed_with_caution`.
    pub caution_margin: f64,
    /// A runner-up with this posterior or more is a conflict.
    pub conflict_runner_up: f64,
    /// Success rate assumed of a tier before any outcome, tier 1 first.
    pub tier_prior: [f64; 5],
    /// How many tasks' worth that assumption is.
    pub prior_strength: f64,
    /// Correlation assumed between workers of one family.
    pub family_correlation: f64,
    /// Priorities that wait for a person.
    pub require_human: Vec<Priority>,
    /// Rounds of asking at most, the first included.
    pub rounds_max: u32,
    /// Claims of one task that a worker is asked to show or to refute, at most.
    pub proofs_max: u32,
    /// Whether calls that can no longer change the outcome of a vote are ended.
    pub early_stop: bool,
}
