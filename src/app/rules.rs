//! From settings to what the board decides by. Plain translation; the board knows no settings.

use super::error::Error;
use super::place::Place;
use crate::board::memory::{MemoryRules, Patterns};
use crate::board::people::PeopleRules;
use crate::board::rules::{CallLimits, ConsensusRules, PlanLimits, Price, SelectionRules, Sessions, WorkerRule};
use crate::board::{Kind, Priority, Role, Rules, WorkerName, routing};
use crate::config::{self, Provider, Settings, Transport, Trigger, When, Worker};
use crate::daemon::{Order, Woken};
use crate::folder::mirror;
use indexmap::IndexMap;

/// What the board decides by in a workspace: for who drives the board without a daemon (simulations, benches).
///
/// # Errors
/// As for starting an engine there.
pub fn board_rules(place: &Place) -> Result<Rules, Error> {
    rules(place, &place.workers()).map_err(|what| Error::Settings { what })
}

/// The rules for these workers.
///
/// # Errors
/// What is wrong with the catalog, when a person's additions make it unreadable, or with a pattern of memory names.
pub(super) fn rules(place: &Place, workers: &IndexMap<String, Worker>) -> Result<Rules, String> {
    let settings = &place.loaded.settings;
    let catalog = routing::Catalog::read(&settings.catalog).map_err(|what| place.loaded.placed(&what))?;
    let workers = workers.iter().map(|(name, worker)| worker_rule(settings, name, worker));
    Ok(Rules {
        workers: workers.collect(),
        limits: limits(settings),
        people: PeopleRules { remind_after: Some(settings.people.remind_after), deadline: settings.people.deadline },
        plans: PlanLimits {
            steps_max: settings.limits.plan_steps_max,
            replans_max: settings.limits.replans_max,
            recoveries_max: settings.limits.recoveries_max,
        },
        consensus: consensus(settings),
        catalog,
        selection: selection(settings),
        memory: memory(place)?,
    })
}

/// What the settings keep closed, and what Serena's project file beside the memories does: an agent that comes by another
/// door must not find them open.
fn memory(place: &Place) -> Result<MemoryRules, String> {
    let settings = &place.loaded.settings;
    let serena = mirror::Patterns::beside(&place.memory_roots());
    for what in &serena.faults {
        tracing::warn!(what, "patterns of memories cannot be read");
    }
    let patterns = |key: &str, globs: &[String], expressions: &[String]| {
        let mut patterns = Patterns::new(globs).map_err(|fault| format!("memory.{key}: {fault}"))?;
        for expression in expressions {
            if let Err(fault) = patterns.add_expression(expression) {
                tracing::warn!(%fault, "a pattern of Serena's project file is not kept");
            }
        }
        Ok::<_, String>(patterns)
    };
    Ok(MemoryRules {
        read_only: patterns("read_only", &settings.memory.read_only, &serena.read_only)?,
        ignored: patterns("ignored", &settings.memory.ignored, &serena.ignored)?,
        text_bytes_max: settings.limits.memory_bytes_max as u64,
        lease_max: settings.limits.memory_lease_max,
        ..MemoryRules::default()
    })
}

/// The standing orders. Their patterns were checked when the settings were read; one that cannot be read all the same wakes
/// nothing.
pub(super) fn orders(triggers: &[Trigger]) -> Vec<Order> {
    let order = |(number, trigger): (u32, &Trigger)| {
        let when = match &trigger.when {
            When::Memory(glob) => {
                Woken::Memory { names: Patterns::new(&[glob]).ok()?, tasks_own: glob.starts_with("orchestration/") }
            }
            When::TaskDone(filter) => match filter.split_once(':') {
                Some(("kind", kind)) => Woken::Kind(Kind::new(kind)),
                Some(("label", label)) => Woken::Label(label.to_owned()),
                Some(("task", glob)) => Woken::Task(globset::Glob::new(glob).ok()?.compile_matcher()),
                _ => Woken::AnyTask,
            },
        };
        Some(Order { number, when, role: Role::new(&trigger.role), task: trigger.task.clone() })
    };
    (1..).zip(triggers).filter_map(order).collect()
}

fn worker_rule(settings: &Settings, name: &str, worker: &Worker) -> WorkerRule {
    WorkerRule {
        name: WorkerName::new(name),
        model: worker.model.clone().unwrap_or_else(|| worker.provider.as_str().to_owned()),
        tier: worker.tier,
        family: worker.family.clone(),
        price: config::prices::price(worker).map(|price| Price { input: price.input, output: price.output }),
        roles: worker.roles.iter().map(Role::new).collect(),
        strengths: worker.strengths.clone(),
        max_concurrent: bounded(worker.max_concurrent),
        timeout: config::attempt_timeout(settings, worker),
        outside: worker.provider.is_outside(),
        person: worker.provider == Provider::Human,
        window_tokens: config::prompt_tokens_max(worker),
        vision: config::sees_images(worker),
        sessions: sessions(settings, worker),
    }
}

/// How a worker goes on with a conversation, where the settings let it.
fn sessions(settings: &Settings, worker: &Worker) -> Sessions {
    if !worker.sessions.unwrap_or(settings.limits.sessions) {
        return Sessions::None;
    }
    match worker.provider {
        Provider::ClaudeCode | Provider::Codex | Provider::GeminiCli | Provider::CopilotCli | Provider::Opencode => {
            Sessions::Own
        }
        other if other.transport() == Transport::Http => Sessions::History,
        _ => Sessions::None,
    }
}

fn limits(settings: &Settings) -> CallLimits {
    let limits = &settings.limits;
    CallLimits {
        concurrent_calls_max: bounded(limits.max_concurrent_calls),
        retries_max: limits.retries,
        backoff_first: limits.backoff_initial,
        backoff_max: limits.backoff_max,
        retry_after_max: limits.retry_after_max,
        failures_before_rest: limits.breaker_failures,
        rest_first: limits.breaker_rest,
        rest_max: limits.breaker_rest_max,
        rate_limit_rest: limits.rate_limit_rest,
        rate_limit_rest_max: limits.rate_limit_rest_max,
        overrun_grace: limits.overrun_grace,
        open_tasks_max: limits.open_tasks_max,
        attempts_per_task_max: limits.attempts_per_task_max,
        batch_steps_max: limits.batch_steps_max,
        budget_usd_per_day: limits.budget_usd_per_day,
    }
}

fn consensus(settings: &Settings) -> ConsensusRules {
    let consensus = &settings.consensus;
    let of = |priority: &Priority| consensus.threshold.get(priority.as_str()).copied();
    let threshold = Priority::ALL.iter().filter_map(|priority| of(priority).map(|value| (*priority, value)));
    let human = |priority: &&Priority| consensus.require_human.get(priority.as_str()).copied() == Some(true);
    ConsensusRules {
        threshold: threshold.collect(),
        caution_margin: consensus.caution_margin,
        conflict_runner_up: consensus.conflict_runner_up,
        tier_prior: consensus.tier_prior.0,
        prior_strength: consensus.prior_strength,
        family_correlation: consensus.family_correlation,
        require_human: Priority::ALL.iter().filter(human).copied().collect(),
        rounds_max: consensus.rounds_max,
        proofs_max: consensus.proofs_max,
        early_stop: consensus.early_stop,
    }
}

fn selection(settings: &Settings) -> SelectionRules {
    let config::Selection { cheapest, trials_min, success_min, explore } = settings.selection;
    SelectionRules { cheapest, trials_min, success_min, explore }
}

fn bounded(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
